"""Times of survival as hospitals type them: 36+ of who is alive, times without a status, times of recurrence alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

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


#: Names of times of survival with their unit, where it is not months: OS(年), OS_YEARS, PFS [weeks], RFS in days.
_UNITS = re.compile(
    r"^(?:(os|总生存期?|总生存时间|生存时间|生存期|overall survival)|(pfs|无进展生存期?|progression[- ]free survival)|"
    r"(dfs|无病生存期?|disease[- ]free survival)|(rfs|无复发生存期?|(?:recurrence|relapse)[- ]free survival)|"
    r"(efs|无事件生存期?|event[- ]free survival)|(dss|disease[- ]specific survival))"
    r"(?:[\s_.]time)?[\s_.]*(?:in\s+)?[(（\[,/]?\s*"
    r"(?:(年|years?|yrs?|y)|(周|weeks?|wks?|wk|w)|(天|日|days?|d)|(个?月|months?|mos?|mo|m))\s*[)）\]]?$",
    re.I,
)
_ENDS = ("os", "pfs", "dfs", "rfs", "efs", "dss")
_LENGTHS = (DAYS_PER_YEAR, DAYS_PER_WEEK, 1)


def units_of_times(columns: Sequence[str]) -> dict[str, tuple[str, float | None]]:
    """Return which columns are times of survival with a unit in their name: end point and days of the unit, null for months;
    of one end point the first, and none where a column holds it under our own name.

    >>> units_of_times(["OS (years)", "PFS_WEEKS", "RFS in days", "OS(月)", "OS_STATUS"])
    {'OS (years)': ('os', 365.25), 'PFS_WEEKS': ('pfs', 7), 'RFS in days': ('rfs', 1)}
    >>> units_of_times(["OS [months]", "OS_YEARS"])
    {'OS [months]': ('os', None)}
    """
    own = {c.strip().lower() for c in columns}
    out: dict[str, tuple[str, float | None]] = {}
    for column in columns:
        found = _UNITS.match(column.strip().replace("_", " "))
        if found is None:
            continue
        end = next(e for e, said in zip(_ENDS, found.groups()[:6], strict=True) if said)
        if {f"{end}_months", f"{end}_days"} & own or end in {e for e, _ in out.values()}:
            continue
        length = next((n for n, said in zip(_LENGTHS, found.groups()[6:9], strict=True) if said), None)
        out[column] = (end, length)
    return out


def days_of_times(values: pl.Series, length: float) -> pl.Series:
    """Return times of so many days each as days, a plus behind them kept; every other text as it is."""
    text = values.cast(pl.String)
    number = text.str.extract(r"^\s*(\d+(?:\.\d+)?)\s*\+?\s*$").cast(pl.Float64, strict=False)
    days = pl.lit((number * length).round(0).cast(pl.Int64).cast(pl.String))
    plus = pl.lit(text.str.contains(r"\+\s*$"))
    return pl.select(pl.when(days.is_null()).then(pl.lit(text)).when(plus).then(days + "+").otherwise(days)).to_series()


def years_as_days(patients: pl.DataFrame) -> pl.DataFrame:
    """Return times of survival in years or weeks (OS(年), OS weeks) as days, where no column holds them in another unit.

    >>> years_as_days(pl.DataFrame({"OS(年)": ["2.5", "3+", "?"]}))["os_days"].to_list()
    ['913', '1096+', '?']
    """
    for column, (end, length) in units_of_times(patients.columns).items():
        if length is not None:
            patients = patients.with_columns(days_of_times(patients[column], length).alias(f"{end}_days"))
    return patients


def named_by_unit(clinical: pl.DataFrame) -> pl.DataFrame:
    """Return a clinical table whose times of survival in years, weeks, days or months have the names of exports
    (OS_DAYS, OS_MONTHS) in place of their own."""
    for column, (end, length) in units_of_times(clinical.columns).items():
        name = f"{end}_months" if length is None else f"{end}_days"
        told = clinical[column] if length is None else days_of_times(clinical[column], length)
        clinical = clinical.with_columns(told.alias(column)).rename({column: name.upper()})
    return clinical


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
