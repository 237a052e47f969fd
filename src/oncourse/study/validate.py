"""All checks of a study in one call: columns and values, then what only several tables together show."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl

from oncourse.study.config import StudyConfig
from oncourse.study.lab_values import tidy_labs
from oncourse.study.schema import Problem, check_table, row_problems
from oncourse.study.tables import REQUIRED_TABLES, TABLES, date_name


def validate(
    tables: Mapping[str, pl.DataFrame], config: StudyConfig, first_row: Mapping[str, int] | None = None
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the typed tables (identical duplicate rows dropped; genes and effects decided) and every problem.

    Parameters
    ----------
    tables : text or typed frames by table name
    first_row : line of the file that holds a table's first row (default 2)
    """
    from oncourse.study.checks import cross_checks
    from oncourse.study.checks_drugs import drug_checks
    from oncourse.study.checks_endpoints import endpoint_checks
    from oncourse.study.effects import with_effects, with_gene_names

    problems: list[Problem] = []
    for name in REQUIRED_TABLES:
        if name not in tables:
            cure = (
                f"Add {name}.tsv ({TABLES[name].text}), or a MAF or VCF."
                if name == "calls"
                else f"Add {name}.tsv."
            )
            problems.append(Problem(name, None, None, None, "required table is missing.", cure))
    declared = [*config.covariates, *config.extra_columns]
    typed: dict[str, pl.DataFrame] = {}
    for name, frame in tables.items():
        first = (first_row or {}).get(name, 2)
        frame = tidy_labs(frame) if name == "labs" else frame
        frame, found = days_from_dates(name, frame, tables.get("patients"), first)
        problems += found
        typed[name], found = check_table(TABLES[name], frame, declared=declared, first_row=first)
        problems += found
    for decide in (partial(with_gene_names, first_row=first_row), partial(with_effects, build=config.genome_build)):
        typed, found = decide(typed)
        problems += found
    problems += cross_checks(typed, config)
    problems += endpoint_checks(typed)
    problems += drug_checks(typed)
    return {name: _distinct(name, frame, problems) for name, frame in typed.items()}, problems


def _distinct(name: str, frame: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    """Drop identical rows; a table whose key is whole and of which no row was told twice has none."""
    key = [column for column in TABLES[name].key if column in frame.columns]
    whole = bool(key) and all(frame[column].null_count() == 0 for column in key)
    told = any(p.table == name and p.message.startswith(("the same row", "the key", "and ")) for p in problems)
    return frame if whole and not told else frame.unique(maintain_order=True)


def days_from_dates(
    name: str, frame: pl.DataFrame, patients: pl.DataFrame | None, first_row: int
) -> tuple[pl.DataFrame, list[Problem]]:
    """Turn ISO dates in ``*_date`` columns into days from the patient's index date.

    A table may give start_date in place of start_day when patients has index_date.
    """
    table = TABLES[name]
    pairs = [(date_name(c.name), c.name) for c in table.columns if c.name == "day" or c.name.endswith("_day")]
    pairs = [(date, day) for date, day in pairs if date in frame.columns and date not in table.by_name]
    if not pairs:
        return frame, []
    problems: list[Problem] = []
    index = None
    if patients is not None and "index_date" in patients.columns and "patient_id" in patients.columns:
        index = patients.select(
            pl.col("patient_id").cast(pl.String),
            pl.col("index_date").cast(pl.String).str.to_date("%Y-%m-%d", strict=False).alias("_index"),
        ).unique("patient_id", keep="first")
    for date, day in pairs:
        if index is None or "patient_id" not in frame.columns:
            message = f"dates need patients.index_date to become days ({day})."
            cure = f"Add index_date to patients.tsv, or give {day} as whole days."
            problems.append(Problem(name, None, date, None, message, cure))
            frame = frame.drop(date)
            continue
        joined = frame.join(index, on="patient_id", how="left", maintain_order="left")
        text = frame[date].cast(pl.String).str.strip_chars()
        text = text.set((text == "").fill_null(False), None)
        parsed = text.str.to_date("%Y-%m-%d", strict=False)
        bad = text.is_not_null() & parsed.is_null()
        problems += row_problems(
            name, frame, bad, date, "'{value}' is not a date.", "Write YYYY-MM-DD.", first_row=first_row
        )
        lost = parsed.is_not_null() & joined["_index"].is_null()
        problems += row_problems(name, frame, lost, date, "the patient has no index_date, so {value} has no day.",
                                 "Fill in patients.index_date.", first_row=first_row)  # fmt: skip
        days = (parsed - joined["_index"]).dt.total_days()
        if day in frame.columns:
            both = frame[day].is_not_null() & (frame[day].cast(pl.String) != "") & parsed.is_not_null()
            differs = both & (frame[day].cast(pl.Int64, strict=False) != days)
            problems += row_problems(name, frame, differs, day, f"{{value}} disagrees with {date}.",
                                     f"Keep one of {day} and {date}.", first_row=first_row)  # fmt: skip
            days = frame[day].cast(pl.String).fill_null(days.cast(pl.String))
        frame = frame.drop(date).with_columns(days.alias(day))
    return frame, problems
