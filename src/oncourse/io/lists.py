"""Small tables a user hands to a command: who is left out, reference frequencies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.tabular.text import read_table
from oncourse.study.model import WITHDRAWN_SCHEMA
from oncourse.study.schema import Column, Problem, Table, check_table, row_problems


def _read(path: Path, table: Table) -> tuple[pl.DataFrame, list[Problem]]:
    text = read_table(path, name=table.name)
    if text.has_errors:
        raise InputError(text.problems)
    frame, problems = check_table(table, text.frame, first_row=text.first_row)
    return frame, [*text.problems, *problems]


def _raise(problems: list[Problem]) -> None:
    if any(p.severity == "error" for p in problems):
        raise InputError([p for p in problems if p.severity == "error"])


def read_exclusions(path: Path, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Read a TSV of patients or samples to leave out: patient_id and/or sample_id, reason.

    Parameters
    ----------
    tables : the study's tables as read, not checked yet

    Returns
    -------
    patient_id, sample_id (null where the whole patient is meant), reason

    Raises
    ------
    InputError : an id the study does not have, a row without id or reason, an unknown column
    """
    columns = (
        Column("patient_id", pl.String, "the patient to leave out"),
        Column("sample_id", pl.String, "the sample to leave out; empty = the whole patient"),
        Column("reason", pl.String, "why: consent withdrawn, failed QC ...", required=True),
    )
    table = Table(path.name, "who is left out", columns)
    frame, problems = _read(path, table)
    for column in ("patient_id", "sample_id"):
        known = _ids(tables, "patients" if column == "patient_id" else "samples", column)
        unknown = frame[column].is_not_null() & ~frame[column].is_in(known[column].implode())
        problems += row_problems(
            table.name,
            frame,
            unknown,
            column,
            "'{value}' is not in this study.",
            "Write the id as it stands in the study.",
        )
    nobody = frame["patient_id"].is_null() & frame["sample_id"].is_null()
    problems += row_problems(
        table.name, frame, nobody, "patient_id", "names nobody.", "Give a patient_id or a sample_id."
    )
    _raise(problems)
    owner = _ids(tables, "samples", "sample_id", "patient_id").rename({"patient_id": "_owner"})
    joined = frame.join(owner.unique("sample_id"), on="sample_id", how="left", maintain_order="left")
    return joined.with_columns(patient_id=pl.coalesce("patient_id", "_owner")).select(*WITHDRAWN_SCHEMA)


def _ids(tables: Mapping[str, pl.DataFrame], name: str, *columns: str) -> pl.DataFrame:
    """Return columns of a table as text; no rows where the table lacks one."""
    if name not in tables or not set(columns) <= set(tables[name].columns):
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return tables[name].select(pl.col(c).cast(pl.String).str.strip_chars() for c in columns)


def read_reference(path: Path) -> pl.DataFrame:
    """Read a TSV of reference gene frequencies: gene, n_altered, n_profiled; InputError lists what is wrong."""
    columns = (
        Column("gene", pl.String, "HGNC symbol", required=True),
        Column("n_altered", pl.Int64, "altered in the reference", required=True, low=0),
        Column("n_profiled", pl.Int64, "looked at in the reference", required=True, low=0),
    )
    table = Table(path.name, "reference frequencies", columns, key=("gene",))
    frame, problems = _read(path, table)
    more = frame["n_altered"] > frame["n_profiled"]
    cure = "Counts of patients: altered of those looked at."
    problems += row_problems(table.name, frame, more, "n_altered", "{value} is more than n_profiled.", cure)
    _raise(problems)
    return frame
