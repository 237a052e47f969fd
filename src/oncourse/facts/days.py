"""Days: how time is counted, when a month is over, and which of two days on one date comes first.

A time is end - origin in whole days, with the first day counted one more (CDISC ADaM: AVAL = ADT - STARTDT + 1). Entry
and exit are counted alike, so that whoever enters on the day of exit is not at risk. A landmark belongs to the interval
that ends at it: an event on the day of the landmark has happened by it, whatever is counted, and months of a source
(24 -> day 730) and months of a landmark become days by the same rounding.
"""

from __future__ import annotations

import polars as pl

from oncourse.days import DAYS_PER_MONTH


def month_end(months: float) -> int:
    """Return the whole day after the origin on which so many months are over (half days to the even one, as on import).

    >>> [month_end(m) for m in (12, 24, 36, 60)]
    [365, 730, 1096, 1826]
    """
    return round(months * DAYS_PER_MONTH)


def landmark_days(months: float, *, first_day: bool = True) -> float:
    """Return the landmark on the scale of times that count the first day (or do not); an event at it has happened.

    >>> landmark_days(24), landmark_days(24, first_day=False)
    (731.0, 730.0)
    """
    return float(month_end(months) + int(first_day))


def in_months(days: float, *, first_day: bool = True) -> float:
    """Return a time in months elapsed: a first day that was counted is no part of a month (a limit at the start: 0).

    >>> round(in_months(731), 2), round(in_months(730, first_day=False), 2)
    (23.98, 23.98)
    """
    return max(days - int(first_day), 0.0) / DAYS_PER_MONTH


def time_days(end: str, origin: str, *, first_day: bool = True) -> pl.Expr:
    """Return the time from one day column to another."""
    return pl.col(end) - pl.col(origin) + int(first_day)


def entry_days(entry: str, origin: str, *, first_day: bool = True) -> pl.Expr:
    """Return the time at which a patient comes under observation: 0 from the origin on, else counted as `time_days`.

    Null where the day of entry is not known. At risk is (entry, exit]: on the day of entry itself nobody is counted.
    """
    late = pl.col(entry) > pl.col(origin)
    return pl.when(late).then(time_days(entry, origin, first_day=first_day)).when(late.is_not_null()).then(0)


def on_line(day: str = "day", *, start: str = "start_day", following: str = "next_start_day") -> pl.Expr:
    """Return whether an observation belongs to a line of therapy: after its first day, up to the first day of the next.

    What is seen on the day a new line starts was seen before its first dose: it closes the old line and is the baseline
    of the new one.
    """
    return (pl.col(day) > pl.col(start)) & (pl.col(following).is_null() | (pl.col(day) <= pl.col(following)))


def followed_on(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines as if none followed: what comes later is judged by the line's own baseline and nadir too."""
    return lines.with_columns(pl.lit(None, pl.Int64).alias("next_start_day"))
