"""Which column of a hospital's workbook is the patient: hospitals number people more than once.

A sheet may name them by an admission number (住院号), a number of the study (研究编号) and a name. The patient's id is
the column that ties the sheets together; what else numbers people is no id of ours, and is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from oncourse.io.tabular.sheets import Sheet
from oncourse.study.words import meaning, plain


def column_of_people(sheets: Sequence[Sheet]) -> str | None:
    """Return the header that the most sheets share among those the vocabulary calls a patient's id; where it knows none,
    the only one that stands in every sheet (of two or more) with the same people. Null where nothing does.

    >>> def sheet(name, header, *rows):
    ...     return Sheet(name, header, [list(r) for r in rows], list(range(2, 2 + len(rows))))
    >>> people = sheet("患者", ["住院号", "研究编号"], ["77", "C1"], ["78", "C2"])
    >>> column_of_people([people, sheet("随访", ["研究编号", "死亡日期"], ["C1", None])])
    '研究编号'
    >>> column_of_people([sheet("患者", ["代码", "性别"], ["a", "男"], ["b", "女"]), sheet("随访", ["代码"], ["a"])])
    '代码'
    """
    known = Counter(c for sheet in sheets for c in dict.fromkeys(sheet.header) if meaning("column", c) == "patient_id")
    if any(plain(c) == "patient_id" for sheet in sheets for c in sheet.header):
        return None  # ours is there
    if known:
        return max(known, key=lambda c: known[c])
    shared = set.intersection(*({c for c in s.header if c} for s in sheets)) if len(sheets) > 1 else set()
    ties = [c for c in shared if meaning("column", c) is None and _is_id(c, sheets)]
    return ties[0] if len(ties) == 1 else None


def others_numbering(sheets: Sequence[Sheet], chosen: str) -> list[str]:
    """Return the other headers that the vocabulary calls a patient's id."""
    named = (c for sheet in sheets for c in sheet.header if meaning("column", c) == "patient_id" and c != chosen)
    return list(dict.fromkeys(named))


def _values(sheet: Sheet, column: str) -> list[str]:
    at = sheet.header.index(column)
    return [row[at] or "" for row in sheet.rows if at < len(row) and row[at]]


def _is_id(column: str, sheets: Sequence[Sheet]) -> bool:
    """Whether one sheet holds each value once, and the others hold no others."""
    found = [_values(sheet, column) for sheet in sheets]
    whole = next((set(v) for v in found if v and len(set(v)) == len(v)), None)
    return whole is not None and all(set(v) <= whole for v in found) and len(whole) > 1


def by_other_numbers(sheets: Sequence[Sheet], chosen: str, notes: list[str]) -> list[Sheet]:
    """Return the sheets with the chosen number in place of another by which one of them counts people (住院号), where a
    sheet holds both and each goes with one of the other.

    >>> def sheet(name, header, *rows):
    ...     return Sheet(name, header, [list(r) for r in rows], list(range(2, 2 + len(rows))))
    >>> people = sheet("患者", ["门诊号", "住院号"], ["M1", "Z1"], ["M2", "Z2"])
    >>> found = by_other_numbers([people, sheet("随访", ["住院号", "死亡日期"], ["Z2", None])], "门诊号", [])
    >>> found[1].header, found[1].rows
    (['门诊号', '死亡日期'], [['M2', None]])
    """
    pairs: dict[str, dict[str, str]] = {}
    for sheet in (s for s in sheets if chosen in s.header):
        for other in others_numbering([sheet], chosen):
            both = [(row[sheet.header.index(other)], row[sheet.header.index(chosen)]) for row in sheet.rows]
            told = {(a, b) for a, b in both if a and b}
            known = dict(told)
            is_one = len(set(known.values())) == len(known) == len(told)
            if known and is_one:
                pairs.setdefault(other, known)
    out = []
    for sheet in sheets:
        number = next((c for c in sheet.header if c in pairs and chosen not in sheet.header), None)
        if number is None:
            out.append(sheet)
            continue
        at = sheet.header.index(number)
        rows = [[pairs[number].get(c or "", c) if i == at else c for i, c in enumerate(row)] for row in sheet.rows]
        header = [chosen if i == at else c for i, c in enumerate(sheet.header)]
        notes.append(f"{sheet.name} numbers people by {number}: read as their {chosen}, as another sheet says")
        out.append(replace(sheet, header=header, rows=rows))
    return out
