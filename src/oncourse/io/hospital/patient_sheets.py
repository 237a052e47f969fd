"""Workbooks with a sheet per patient, named after the patient: the same table in each, or the same form of names and
values. They are one table with a column of the sheets' names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oncourse.io.clinical.own_headers import our_headers
from oncourse.io.tabular.sheets import Sheet
from oncourse.study.headers import bare
from oncourse.study.words import meaning

#: So many names of a form must be names of columns known here.
_KNOWN = 3


def one_of_each(sheets: Sequence[Sheet]) -> tuple[list[Sheet], str | None]:
    """Return the sheets with those of one patient each joined into one, and what was done; as they are where none are.

    >>> def sheet(name, *rows):
    ...     return Sheet(name, list(rows[0]), [list(r) for r in rows[1:]], list(range(2, len(rows) + 1)))
    >>> first, second = (sheet(n, ("检查日期", "PSA(ng/ml)"), ("2021-03-05", "4.5")) for n in ("P1", "P2"))
    >>> joined, said = one_of_each([first, second])
    >>> joined[0].header, joined[0].rows
    (['patient_id', '检查日期', 'PSA(ng/ml)'], [['P1', '2021-03-05', '4.5'], ['P2', '2021-03-05', '4.5']])
    """
    own = [
        s for s in sheets if not s.is_hidden and not (meaning("table", s.name) or meaning("sheet", s.name)) and s.rows
    ]
    if len(own) < 2:
        return list(sheets), None
    forms = [(s, _form(s)) for s in own]
    if all(form for _, form in forms):
        keys = [*dict.fromkeys(k for _, form in forms for k in form)]
        named = our_headers(keys, "patients")
        rows: list[list[str | None]] = [
            [*(() if "patient_id" in named.values() else (s.name,)), *(f.get(k) for k in keys)] for s, f in forms
        ]
        header = keys if "patient_id" in named.values() else ["patient_id", *keys]
        joined = Sheet("patients", header, rows, [1] * len(rows), unseen=own[0].unseen)
        return _instead(sheets, own, joined), f"{len(own)} sheets are a form of one patient each ({own[0].name} ...)"
    headers = {tuple(bare(h) for h in s.header) for s in own}
    names = our_headers([h for h in own[0].header if h], "labs")
    if len(headers) > 1 or "patient_id" in names.values() or not {"date"} & set(names.values()):
        return list(sheets), None
    rows = [[s.name, *row] for s in own for row in s.rows]
    lines = [line for s in own for line in s.lines]
    table = "labs" if _is_labs(own[0].header) else own[0].name
    joined = replace(own[0], name=table, header=["patient_id", *own[0].header], rows=rows, lines=lines)
    return _instead(sheets, own, joined), f"{len(own)} sheets are a table of one patient each ({own[0].name} ...)"


def _instead(sheets: Sequence[Sheet], own: Sequence[Sheet], joined: Sheet) -> list[Sheet]:
    gone = {id(s) for s in own}
    return [joined, *(s for s in sheets if id(s) not in gone)]


def _is_labs(header: Sequence[str]) -> bool:
    from oncourse.study.lab_values import analyte_of

    return any(analyte_of(h) for h in header if h) or any(
        our_headers([h], "labs").get(h) == "value" for h in header if h
    )


def _form(sheet: Sheet) -> dict[str, str | None]:
    """Return name -> value of a sheet of two columns that holds a patient's own data; empty of any other."""
    rows: list[Sequence[str | None]] = [sheet.header, *sheet.rows]
    pairs = [(row[0] if row else None, row[1] if len(row) > 1 else None) for row in rows]
    if len([h for h in sheet.header if h]) > 2:
        return {}
    told = {bare(str(k)): v for k, v in pairs if k}
    named = our_headers(list(told), "patients")
    return told if len(named) >= _KNOWN and len(told) == len(pairs) else {}
