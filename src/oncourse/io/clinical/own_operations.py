"""Operations that a table of patients holds in columns: 手术日期, 第一次手术日期 with 第一次手术名称, 肝转移切除日期."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from oncourse.io.clinical.own_headers import is_date_of_operation
from oncourse.io.reading import Reading
from oncourse.study.headers import bare
from oncourse.study.procedures import procedure_of
from oncourse.study.schema import Problem
from oncourse.study.words import plain

_OF_METASTASIS = re.compile(
    r"^(转移灶?|肝转移灶?|肺转移灶?|复发灶)(手术|切除)(日期|时间)$|^(date of metastasectomy|metastasectomy date)$", re.I
)
#: One of several operations by its number: 第一次手术日期, 手术2日期, surgery 1 date.
_NUMBERED = re.compile(
    r"^(?:第?(?P<a>[一二三四1-5])次?手术|手术(?P<b>[一二三四1-5])|(?:surgery|operation)[ _]?(?P<c>[1-5]))[ _]?(?P<what>.*)$",
    re.I,
)
_DATE = re.compile(r"^(日期|时间|date)$", re.I)
_NAME = re.compile(r"^(名称|方式|术式|类型|name|type|procedure)$", re.I)


def operations_of_patients(reading: Reading) -> None:
    """Make procedures of the dates of operations beside the patients; the resection of the primary is day 0 where no other
    is given. An operation whose words name none that is known is told, and not read."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    column = next((c for c in patients.columns if is_date_of_operation(c)), None)
    metastasis = [c for c in patients.columns if _OF_METASTASIS.match(plain(bare(c)))]
    numbered = _numbered(patients)
    if "procedures" not in reading.tables:
        rows = [_of_kind(patients, c, "metastasectomy") for c in metastasis]
        rows += [_by_words(patients, date, name, reading) for date, name in numbered]
        if column is not None:
            rows.insert(0, _of_kind(patients, column, "primary_resection"))
        found = pl.concat([pl.DataFrame(schema=dict.fromkeys(("patient_id", "date", "kind"), pl.String)), *rows])
        if found.height:
            reading.tables["procedures"] = found
            _noted(column, metastasis, [d for d, _ in numbered], reading)
    if column is None or "index_date" in patients.columns:
        return
    reading.tables["patients"] = patients.with_columns(pl.col(column).alias("index_date"))
    reading.config = replace(reading.config, index=reading.config.index or "resection of the primary")
    reading.notes.append(f"no date of day 0: it is that of the operation ({column})")


def _numbered(patients: pl.DataFrame) -> list[tuple[str, str]]:
    """Return (column of the date, column of the name) of each numbered operation that has both."""
    found: dict[str, dict[str, str]] = {}
    for column in patients.columns:
        if m := _NUMBERED.match(plain(bare(column))):
            what = m["what"].strip()
            kind = "date" if _DATE.match(what) else "name" if _NAME.match(what) else None
            if kind:
                found.setdefault(m["a"] or m["b"] or m["c"], {})[kind] = column
    return [(of["date"], of["name"]) for of in found.values() if len(of) == 2]


def _of_kind(patients: pl.DataFrame, column: str, kind: str) -> pl.DataFrame:
    date = patients.select(pl.col("patient_id").cast(pl.String), pl.col(column).cast(pl.String).alias("date"))
    return date.drop_nulls("date").with_columns(pl.lit(kind).alias("kind"))


def _by_words(patients: pl.DataFrame, date: str, name: str, reading: Reading) -> pl.DataFrame:
    """Return the operations of a pair of columns whose words are known; the others are told."""
    rows = _of_kind(patients, date, "").drop("kind")
    words = dict(patients.select(pl.col("patient_id", name).cast(pl.String)).drop_nulls().iter_rows())
    said = [words.get(p, "") for p in rows["patient_id"]]
    kinds = pl.Series("kind", [known.kind if (known := procedure_of(w)) else None for w in said], dtype=pl.String)
    odd = [w for w, k in zip(said, kinds, strict=True) if k is None]
    if odd:
        message = f"{len(odd):,} operations are none of the tumour that is known ({odd[0] or 'no name'}): not read."
        cure = "Put them into procedures with their kind, where they are needed."
        reading.problems.append(Problem("patients", None, name, odd[0] or None, message, cure, "warning"))
    return rows.with_columns(kinds).drop_nulls("kind")


def _noted(column: str | None, metastasis: list[str], numbered: list[str], reading: Reading) -> None:
    for name in metastasis:
        reading.notes.append(f"{name} stands in the table of patients: read as the resection of a metastasis")
    if numbered:
        reading.notes.append(f"{', '.join(numbered)} stand in the table of patients: read as operations by their names")
    if column is not None:
        reading.notes.append(f"{column} stands in the table of patients: read as the resection of the primary")
