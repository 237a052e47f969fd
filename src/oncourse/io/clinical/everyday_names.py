"""Survival in a clinical table beside the calls, as people name it: Death, OS event, Alive, 生存状态, dates of last contact.

The names become those of clinical exports that `oncourse.io.clinical.survival` reads; a column that may be read in two
ways (1 = censored or 1 = event, "survival status: yes") is told and not read.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical import survival
from oncourse.io.clinical.own_vital import (
    days_of_last_contact_or_death,
    dead_if_not,
    decided,
    has_day,
    without_undecided,
)
from oncourse.io.reading import Reading
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.words import meaning, plain

#: Columns of survival that a header may mean.
_TIMES = tuple(f"{e}_{unit}" for e in ("os", "pfs", "dfs") for unit in ("months", "days"))
_STATUSES = ("os_status", "pfs_status", "dfs_status")
_DATES = ("index_date", "last_contact_date", "death_date")
_CENSORED = re.compile(r"(?i)^((OS|PFS|DFS|RFS)_)?CENS(OR(ED|ING)?)?(_STATUS)?$|^CNSR$|删失")


def with_survival_names(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return a clinical table (names in capitals) whose columns of survival have the names of clinical exports."""
    frame = _named(frame, (*_TIMES, *_DATES))
    timed = [t.split("_")[0] for t in _TIMES if t.upper() in frame.columns]
    frame = _named(frame, tuple(s for s in _STATUSES if s.split("_")[0] in timed))
    frame = _vital(frame, reading)
    status = next((c for c in ("OS_STATUS", "VITAL_STATUS") if c in frame.columns), "VITAL_STATUS")
    frame = days_of_last_contact_or_death(frame, status)
    for column in frame.columns:
        if _CENSORED.search(column) and frame[column].drop_nulls().len():
            message = f"{column}: whether 1 is censored or an event is not said; not read."
            cure = "Give OS_STATUS (PFS_STATUS ...): 1 or DECEASED where the event happened, 0 or LIVING where not."
            reading.problems.append(Problem("follow_up", None, None, column, message, cure, "warning"))
    _told_without_unit(frame, reading)
    return _days_of_dates(frame, reading)


#: Names of a time of survival that do not say whether it is in days or months.
_NO_UNIT = re.compile(r"(OS|PFS|DFS|RFS|EFS|TTP|DSS|SURVIVAL|OVERALL_SURVIVAL|PROGRESSION_FREE_SURVIVAL)(_?TIME)?|TIME")


def _told_without_unit(frame: pl.DataFrame, reading: Reading) -> None:
    """Say which columns of numbers seem to be times of survival without a unit: they are not read."""
    timed = {
        n.removesuffix(end) for n in frame.columns for end in ("_MONTHS", "_DAYS", "_TIME", ".TIME") if n.endswith(end)
    }
    for column in frame.columns:
        bare = column.removesuffix("_TIME")
        if not _NO_UNIT.fullmatch(column) or bare in timed or ("OS" in timed and column == "TIME"):
            continue
        number = frame[column].cast(pl.String).drop_nulls().cast(pl.Float64, strict=False)
        if len(number) and number.is_not_null().all() and not number.is_in([0.0, 1.0]).all():
            message = f"{column}: a time without a unit; not read."
            cure = "Name it OS_MONTHS or OS_DAYS (PFS_MONTHS ...), its status OS_STATUS."
            reading.problems.append(Problem("follow_up", None, None, column, message, cure, "warning"))


def _meaning(column: str) -> str | None:
    """Return what a header in capitals means: by the words of headers, in English or Chinese."""
    words = re.sub(r" (y n|yes no)$", "", plain(column).replace("_", " "))
    return meaning("header", words) or meaning("column", column)


def _named(frame: pl.DataFrame, wanted: tuple[str, ...]) -> pl.DataFrame:
    """Rename the first column that means each of the wanted ones, where none has its name."""
    names: dict[str, str] = {}
    for column in frame.columns:
        ours = _meaning(column)
        if ours in wanted and ours.upper() not in (*frame.columns, *names.values()):
            names[column] = ours.upper()
    return frame.rename(names)


#: Columns that say on which day somebody died.
_DEATHS = ("DEATH_DATE", "DAYS_TO_DEATH", "CDR_DEATH_DAYS_TO", "DEATH_DAYS_TO")


def _vital(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Name the column that says who is dead OS_STATUS beside a time of overall survival, else VITAL_STATUS."""
    name = "OS_STATUS" if {"OS_MONTHS", "OS_DAYS"} & set(frame.columns) else "VITAL_STATUS"
    not_known = pl.lit(None, pl.String).alias("VITAL_STATUS")  # last contacts are, all the same
    died = pl.Series([False] * frame.height)
    for column in (c for c in _DEATHS if c in frame.columns):
        died |= has_day(frame[column])
    for column in ("VITAL_STATUS", "PATIENT_VITAL_STATUS"):
        if column in frame.columns:
            read = _decided(frame, column, died, reading)
            frame = frame.rename({column: f"{column}_NOT_READ"}).with_columns(not_known) if read is None else read
    if "VITAL_STATUS" in frame.columns and name == "OS_STATUS" and name not in frame.columns:
        return frame.with_columns(pl.col("VITAL_STATUS").alias(name))
    if survival.VITAL & set(frame.columns):
        return frame
    for column in frame.columns:
        ours = _meaning(column)
        if ours not in ("is_dead", "is_alive") or not frame[column].drop_nulls().len():
            continue
        if ours == "is_alive":
            said = pl.Series(column, [dead_if_not(w) for w in frame[column].cast(pl.String)], pl.String)
            said = said.replace({"true": "DECEASED", "false": "LIVING"})
            return frame.with_columns(said).rename({column: name})
        read = _decided(frame, column, died, reading)
        if read is not None:
            return read.rename({column: name})
        frame = frame.with_columns(not_known)
    return frame


def _decided(frame: pl.DataFrame, column: str, died: pl.Series, reading: Reading) -> pl.DataFrame | None:
    """Return the table with a status whose yes, no, 0 or 1 is understood; None, and told, where it may mean either."""
    said = decided(column, frame[column], died)
    if said is None:
        said = without_undecided(column, frame[column], died, reading)
    return None if said is None else frame.with_columns(said)


def _days_of_dates(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Turn dates of last contact and death into days from the date of diagnosis (or another day 0), where it is given."""
    there = [c for c in ("LAST_CONTACT_DATE", "DEATH_DATE") if c in frame.columns]
    if not there or "INDEX_DATE" not in frame.columns:
        return frame
    targets = {"LAST_CONTACT_DATE": "DAYS_TO_LAST_FOLLOWUP", "DEATH_DATE": "DAYS_TO_DEATH"}
    zero = _date(frame["INDEX_DATE"])
    for column in there:
        days = (_date(frame[column]) - zero).dt.total_days()
        lost = frame[column].drop_nulls().len() - days.drop_nulls().len()
        frame = frame.with_columns(days.cast(pl.String).alias(targets[column]))
        if lost:
            message = f"{column}: {lost:,} dates are not whole, or have no day 0 beside them: not read."
            cure = "Write YYYY-MM-DD; give such dates in a workbook of tables (`oncourse import workbook`)."
            reading.problems.append(Problem("follow_up", None, column.lower(), None, message, cure, "warning"))
    if not survival.VITAL & set(frame.columns) and "DEATH_DATE" in there:
        dead = pl.when(pl.col("DAYS_TO_DEATH").is_not_null()).then(pl.lit("DECEASED"))
        frame = frame.with_columns(dead.alias("VITAL_STATUS"))
    reading.notes.append(f"{', '.join(there)} are days from the date of diagnosis (day 0)")
    return frame


def _date(values: pl.Series) -> pl.Series:
    return plain_dates(values.cast(pl.String)).str.to_date("%Y-%m-%d", strict=False)
