"""Times of survival as hospitals type them: 36+ of who is alive, times without a status, times of recurrence alone."""

from __future__ import annotations

import re

import polars as pl

from oncourse.days import DAYS_PER_YEAR
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

DAYS_PER_WEEK = 7
_PLUS = r"^\s*(\d+(?:\.\d+)?)\s*\+\s*$"
#: Times that are no end point of ours: to the recurrence or progression of those who had one.
_TO_EVENT = re.compile(
    r"^(至|到)?(复发|进展|转移|首次复发|疾病进展|肿瘤进展)时间?\s*[(（](月|天|日|周|年)[)）]$|"
    r"^time to (recurrence|progression|relapse)\b",
    re.I,
)


def times_with_plus(patients: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return times of survival without the plus that says "and counting", and the status that it says: no event so far.

    Of a time without a plus nothing is known beside, where no column holds the status: it is told.
    """
    for end in ("os", "pfs", "dfs"):
        column = next((c for c in (f"{end}_months", f"{end}_days") if c in patients.columns), None)
        if column is None:
            continue
        text = patients[column].cast(pl.String)
        plus = text.str.contains(_PLUS).fill_null(False)
        if not plus.any():
            continue
        patients = patients.with_columns(text.str.replace(_PLUS, "${1}").alias(column))
        status = f"{end}_status"
        message = f"{column}: {int(plus.sum()):,} times end in a plus: read as no event up to then"
        if status in patients.columns:
            message += f", as {status} has to say too."
        else:
            said = pl.when(pl.lit(plus)).then(pl.lit("0:CENSORED")).otherwise(pl.lit(None, pl.String)).alias(status)
            patients = patients.with_columns(said)
            n = int((~plus & text.is_not_null()).sum())
            message += f"; of the others ({n:,}) no status is known, and they are not read."
        cure = f"Add a column {end.upper()}状态 ({status}): event or censored."
        reading.problems.append(Problem("patients", None, column, text.filter(plus)[0], message, cure, "warning"))
    return patients


_YEARS = re.compile(
    r"^(?:(os|总生存期?|总生存时间|生存时间|生存期|overall survival)|(pfs|无进展生存期?|progression[- ]free survival)|"
    r"(dfs|无病生存期?|disease[- ]free survival))[\s_.]*[(（,]?\s*(?:(年|years?|yrs?|y)|(周|weeks?|wks?))\s*[)）]?$",
    re.I,
)


def years_as_days(patients: pl.DataFrame) -> pl.DataFrame:
    """Return times of survival in years or weeks (OS(年), OS weeks) as days, where no column holds them in another unit.

    >>> years_as_days(pl.DataFrame({"OS(年)": ["2.5", "3+", "?"]}))["os_days"].to_list()
    ['913', '1096+', '?']
    """
    for column in patients.columns:
        found = _YEARS.match(column.strip())
        end = (
            next((e for e, g in zip(("os", "pfs", "dfs"), found.groups()[:3], strict=True) if g), None)
            if found
            else None
        )
        if end is None or {f"{end}_months", f"{end}_days"} & set(patients.columns):
            continue
        text = patients[column].cast(pl.String)
        length = DAYS_PER_YEAR if found and found[4] else DAYS_PER_WEEK
        number = text.str.extract(r"^\s*(\d+(?:\.\d+)?)\s*\+?\s*$").cast(pl.Float64, strict=False)
        days = (number * length).round(0).cast(pl.Int64).cast(pl.String)
        plus = text.str.contains(r"\+\s*$")
        told = pl.select(
            pl.when(pl.lit(days).is_null())
            .then(pl.lit(text))
            .when(pl.lit(plus))
            .then(pl.lit(days) + "+")
            .otherwise(pl.lit(days))
        ).to_series()
        patients = patients.with_columns(told.alias(f"{end}_days"))
    return patients


def told_unread_times(patients: pl.DataFrame, reading: Reading) -> None:
    """Say which times of survival have no status beside them, and which times run to an event alone: they are not read."""
    for end in ("os", "pfs", "dfs"):
        column = next((c for c in (f"{end}_months", f"{end}_days") if c in patients.columns), None)
        if column and f"{end}_status" not in patients.columns and patients[column].drop_nulls().len():
            message = f"{column}: times without a status (event or censored): not read."
            cure = f"Add a column {end.upper()}状态 ({end}_status)."
            reading.problems.append(Problem("patients", None, column, None, message, cure, "warning"))
    for column in patients.columns:
        if _TO_EVENT.match(column.strip()) and patients[column].drop_nulls().len():
            message = f"{column}: times to an event without those of the others; not read."
            cure = "Give the dates (复发日期, 进展日期), or an end point with its status (DFS, PFS)."
            reading.problems.append(Problem("patients", None, column, None, message, cure, "warning"))
