"""Readers and writers: one file per format; `load_study` is the front door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from oncourse.study.model import Study
    from oncourse.study.schema import Problem


def load_study(path: str | Path, *, strict: bool = False) -> Study:
    """Read and check a study: native folder, cBioPortal folder, MAF or VCF.

    Raises
    ------
    InputError : with every problem, when one is an error (with `strict`, also when one is a warning)
    """
    from oncourse.errors import InputError
    from oncourse.io.detect import read_any
    from oncourse.study.model import Study
    from oncourse.study.schema import sorted_problems
    from oncourse.study.validate import validate

    reading = read_any(Path(path))
    tables, found = validate(reading.tables, reading.config, reading.first_row)
    problems = sorted_problems([*reading.problems, *found])
    if any(strict or p.severity == "error" for p in problems):
        raise InputError([p for p in problems if strict or p.severity == "error"])
    return Study(reading.config, tables, warnings=tuple(problems), notes=tuple(reading.notes))


def check_study(path: str | Path) -> list[Problem]:
    """Return every problem of a study, without raising."""
    from oncourse.errors import InputError
    from oncourse.io.detect import read_any
    from oncourse.study.schema import Problem
    from oncourse.study.validate import validate

    try:
        reading = read_any(Path(path))
    except InputError as error:
        return [
            p if isinstance(p, Problem) else Problem("study", None, None, None, str(p))
            for p in error.problems
        ]
    _, found = validate(reading.tables, reading.config, reading.first_row)
    return [*reading.problems, *found]


def read_exclusions(path: Path, study: Study) -> pl.DataFrame:
    """Read a TSV of patients or samples to leave out: patient_id and/or sample_id, reason.

    Raises
    ------
    InputError : an id the study does not have, a row without id or reason, an unknown column
    """
    import polars as pl

    from oncourse.errors import InputError
    from oncourse.io.text import read_table
    from oncourse.study.model import WITHDRAWN_SCHEMA
    from oncourse.study.schema import Column, Table, check_table, row_problems

    table = Table(path.name, "who is left out", (
        Column("patient_id", pl.String, "the patient to leave out"),
        Column("sample_id", pl.String, "the sample to leave out; empty = the whole patient"),
        Column("reason", pl.String, "why: consent withdrawn, failed QC ...", required=True)))  # fmt: skip
    raw, problems = read_table(path, table.name)
    frame, found = check_table(table, raw)
    problems = [*problems, *found]
    for column in ("patient_id", "sample_id"):
        source = study["patients" if column == "patient_id" else "samples"][column].implode()
        unknown = frame[column].is_not_null() & ~frame[column].is_in(source)
        problems += row_problems(table.name, frame, unknown, column, "'{value}' is not in this study.",
                                 "Write the id as it stands in the study.")  # fmt: skip
    nobody = frame["patient_id"].is_null() & frame["sample_id"].is_null()
    problems += row_problems(
        table.name, frame, nobody, "patient_id", "names nobody.", "Give a patient_id or a sample_id."
    )
    if any(p.severity == "error" for p in problems):
        raise InputError(problems)
    owner = study["samples"].select("sample_id", pl.col("patient_id").alias("_owner"))
    return (
        frame.join(owner, on="sample_id", how="left", maintain_order="left")
        .with_columns(patient_id=pl.coalesce("patient_id", "_owner"))
        .select(*WITHDRAWN_SCHEMA)
    )
