"""Days of named drugs and procedures beside the patients (ADT开始日期, 放疗日期) as rows of their tables."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.io.clinical.own_drug_headers import DAY, dated_drug, words_of
from oncourse.io.clinical.own_wide import add_rows
from oncourse.io.reading import Reading
from oncourse.study.checks_drugs import substances
from oncourse.study.partial_dates import plain_dates
from oncourse.study.procedures import procedure_of

_PROCEDURE = re.compile(rf"(.+?)(?:开始|起始|手术)?{DAY}|(.+?)[ _-](?:start )?date|date of (.+)")
#: Procedures that stand beside the patients with their day; resections of the primary are read elsewhere.
_KINDS = ("orchiectomy", "radiotherapy", "ablation", "biopsy")


def rows_of_dated_drugs(reading: Reading) -> None:
    """Turn dates of named drugs beside the patients (ADT开始日期, abiraterone stop) into rows of treatments, dates of
    irradiation, castration by surgery, ablation and biopsies into rows of procedures; of a table that is there already the
    drugs that it does not hold. A cell that is no date is told."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    drugs: dict[str, dict[str, str]] = {}
    for column in patients.columns:
        if said := dated_drug(column):
            drugs.setdefault(said[0], {}).setdefault(said[1], column)
    drugs = {drug: columns for drug, columns in drugs.items() if "start_date" in columns}
    used = [c for columns in drugs.values() for c in columns.values()]
    rows = [_rows(patients, {"drugs": drug}, columns) for drug, columns in drugs.items()]
    _add(reading, "treatments", rows, used)
    procedures = {c: kind_ for c in patients.columns if c not in used and (kind_ := _procedure(c))}
    rows = [_rows(patients, {"kind": kind_}, {"date": c}) for c, kind_ in procedures.items()]
    _add(reading, "procedures", rows, list(procedures))


def _procedure(header: str) -> str | None:
    """Return the kind of the procedure whose day a header names.

    >>> [_procedure(h) for h in ("双侧睾丸切除日期", "放疗开始时间", "Date of biopsy", "手术日期", "放疗剂量")]
    ['orchiectomy', 'radiotherapy', 'biopsy', None, None]
    """
    found = _PROCEDURE.fullmatch(words_of(header))
    known = procedure_of(next(g for g in found.groups() if g)) if found else None
    return known.kind if known and known.kind in _KINDS and not re.search(r"结束|终止|end|stop", header, re.I) else None


def _rows(patients: pl.DataFrame, said: dict[str, str], dates: dict[str, str]) -> pl.DataFrame:
    """Return patient, what is `said` of the row, and its dates, of the patients with the first of them."""
    first = next(iter(sorted(dates)))
    cells = {
        ours: pl.Series(ours, [_date(c) for c in patients[column].cast(pl.String)]) for ours, column in dates.items()
    }
    constants = [pl.lit(v).alias(k) for k, v in said.items()]
    frame = patients.select(pl.col("patient_id").cast(pl.String), *constants, *[pl.lit(s) for s in cells.values()])
    return frame.drop_nulls(first)


def _date(cell: str | None) -> str | None:
    """Return a cell that holds a date, of words and empty cells none."""
    text = unicodedata.normalize("NFKC", cell or "").strip()
    plain_text = plain_dates(pl.Series([text], dtype=pl.String))[0]
    return text if plain_text and re.match(r"(19|20)\d\d", str(plain_text)) else None


def _add(reading: Reading, name: str, parts: list[pl.DataFrame], used: list[str]) -> None:
    """Add rows to a table, and say which columns beside the patients they were."""
    rows = pl.concat(parts, how="diagonal") if parts else pl.DataFrame()
    if rows.is_empty():
        return
    before = reading.tables.get(name)
    known: set[tuple[str, str]] = set()
    what = "drugs" if name == "treatments" else "kind"
    if before is not None and {"patient_id", what} <= set(before.columns):
        pairs = before.select(pl.col("patient_id", what).cast(pl.String)).drop_nulls().iter_rows()
        known = {(who.strip(), one) for who, text in pairs for one in _told_by(name, text)}
    new = [
        not {(who, one) for one in _told_by(name, text)} <= known
        for who, text in rows.select("patient_id", what).rows()
    ]
    left = rows.filter(pl.Series(new, dtype=pl.Boolean))
    if left.height:
        add_rows(reading, name, left)
    reading.tables["patients"] = reading.tables["patients"].drop(used)
    twice = f"; {rows.height - left.height} are in that table already" if left.height < rows.height else ""
    reading.notes.append(f"patients: {', '.join(used[:6])}: {left.height} rows of {name}{twice}")


def _told_by(name: str, text: str) -> set[str]:
    if name == "treatments":
        return set(substances(text))
    known = procedure_of(text)
    return {known.kind if known else text}
