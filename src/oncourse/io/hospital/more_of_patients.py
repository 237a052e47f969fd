"""Sheets of a workbook that are no table of ours and hold a row per patient (转移信息, 病理, 既往史): more columns of the
patients."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.io.clinical.own_headers import in_our_words, our_headers
from oncourse.io.clinical.own_rows import rows_alone
from oncourse.io.hospital.text_sheets import has_each_once
from oncourse.io.reading import Reading
from oncourse.io.tabular.sheet_table import sheet_table
from oncourse.io.tabular.sheets import Sheet
from oncourse.study.schema import Problem


def names_same(first: Sheet, other: Sheet) -> bool:
    """Whether half of the people of a sheet and more are those of another: it holds more of them, else others."""
    mine, theirs = (_ids(s) for s in (first, other))
    return bool(theirs) and 2 * len(mine & theirs) >= len(theirs)


def _ids(sheet: Sheet) -> set[str]:
    named = our_headers([c for c in sheet.header if c], "patients")
    at = next((i for i, c in enumerate(sheet.header) if named.get(c, c) == "patient_id"), None)
    return set() if at is None else {str(row[at]).strip() for row in sheet.rows if at < len(row) and row[at]}


def beside_patients(sheets: Sequence[Sheet], reading: Reading, book: str) -> list[Sheet]:
    """Add the columns of sheets with one row per listed patient to the patients; return the sheets that are no such, or
    hidden.

    A column that the patients have already stays as it is there, and is told.
    """
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return list(sheets)
    left = []
    for sheet in sheets:
        if sheet.is_hidden or not has_each_once(sheet, "patients"):
            left.append(sheet)
            continue
        table, notes = rows_alone(sheet_table(sheet, "patients"), "patients")
        frame = in_our_words(table.frame, "patients", reading)
        ids = pl.col("patient_id").cast(pl.String).str.strip_chars()
        known = set(patients.select(ids).to_series().drop_nulls())
        if "patient_id" not in frame.columns or not known & set(frame.select(ids).to_series()):
            left.append(sheet)
            continue
        reading.problems += table.problems
        reading.notes += notes
        new = [c for c in frame.columns if c not in patients.columns]
        both = [c for c in frame.columns if c in patients.columns and c != "patient_id"]
        mine = frame.select(ids.alias("patient_id"), *new)
        more = mine.filter(~pl.col("patient_id").is_in(list(known)))
        patients = patients.with_columns(ids.alias("patient_id")).join(
            mine, on="patient_id", how="left", maintain_order="left"
        )
        reading.notes.append(f"the sheet {sheet.name} holds more of the patients: {', '.join(new)}")
        reading.ledger.file(f"{book}: {sheet.name}", "patients", "used", n_rows=len(sheet.rows))
        for words, n in (
            (f"{', '.join(both)} stand there twice: those of the patients are used", len(both)),
            (f"{more.height:,} rows are of nobody listed: not read", more.height),
        ):
            if n:
                cure = "Give each patient one row, and each column one sheet."
                problem = Problem(book, None, None, sheet.name, f"the sheet {sheet.name}: {words}.", cure, "warning")
                reading.problems.append(problem)
    reading.tables["patients"] = patients
    return left
