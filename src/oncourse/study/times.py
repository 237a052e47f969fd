"""What is known of every time column of a study: where its days start, in which unit they came, and how exact they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from oncourse.days import DAYS_PER_MONTH
from oncourse.study.clocks import Clock, day_columns, parse_clocks
from oncourse.study.config import StudyConfig
from oncourse.study.tables import TABLES

TIMES = {
    "table": pl.String,
    "column": pl.String,
    "anchor": pl.String,
    "unit": pl.String,
    "resolution": pl.String,
    "n": pl.Int64,
    "n_month": pl.Int64,
    "n_year": pl.Int64,
}
#: From so many different days on that all are whole months (or years), they were counted in these.
LEAST_DAYS = 5


def time_columns(tables: Mapping[str, pl.DataFrame], config: StudyConfig) -> pl.DataFrame:
    """Return `TIMES`: a row per day column that holds a value, and per published end point.

    anchor : the day the source counts from (study.yaml's clocks, else its index; of a published end point its own)
    unit : the unit the source counts in
    resolution : day, or month or year where every value is a whole number of these
    n_month, n_year : values that are dates of which only the month or the year is known (`partial_dates`)
    """
    clocks = parse_clocks(config.clocks)
    partial = tables.get("partial_dates", TABLES["partial_dates"].empty())
    counts = {(t, c, r): n for t, c, r, n in partial.group_by("table", "column", "resolution").len().iter_rows()}
    rows = []
    for name, frame in tables.items():
        for column in day_columns(name) if name in TABLES and name != "partial_dates" else ():
            if re.search("_(earliest|latest)_", column):  # the interval of another column
                continue
            if column not in frame.columns or frame[column].null_count() == frame.height:
                continue
            days = frame[column].drop_nulls()
            clock = next((c for c in clocks if c.table == name and c.column in (None, column)), None)
            anchor, unit = _start(clock, config)
            known = [counts.get((name, column, r), 0) for r in ("month", "year")]
            rows.append((name, column, anchor, unit, _resolution(days), len(days), *known))
    rows += _published(tables)
    return pl.DataFrame(rows, schema=TIMES, orient="row").sort("table", "column", "anchor", nulls_last=True)


def is_plain(times: pl.DataFrame) -> bool:
    """Whether every column counts whole days from one day 0: nothing a reader must be told."""
    return bool((times["resolution"] == "day").all() and times["anchor"].n_unique() <= 1) and not (
        (times["n_month"] > 0).any() or (times["n_year"] > 0).any()
    )


def _start(clock: Clock | None, config: StudyConfig) -> tuple[str, str]:
    index = config.index or "index"
    return (index, "days") if clock is None else (index if clock.anchor == "index" else clock.anchor, clock.unit)


def _published(tables: Mapping[str, pl.DataFrame]) -> list[tuple[object, ...]]:
    frame = tables.get("published_endpoints")
    if frame is None or frame.is_empty() or "anchor" not in frame.columns:
        return []
    parts = frame.drop_nulls("time_days").group_by("endpoint", "anchor", maintain_order=True)
    return [
        (
            "published_endpoints",
            str(name),
            None if anchor is None else str(anchor),
            "days",
            _resolution(days),
            len(days),
            0,
            0,
        )
        for (name, anchor), days in ((key, rows["time_days"]) for key, rows in parts)
    ]


def _resolution(days: pl.Series) -> str:
    """Return month or year where all days are whole ones of these (times 30.4375, rounded), else day.

    >>> _resolution(pl.Series([30, 61, 365, 91, 183])), _resolution(pl.Series([30, 61, 365, 91, 184]))
    ('month', 'day')
    """
    if len(days) < LEAST_DAYS:
        return "day"
    distinct = days.filter(days != 0).unique().cast(pl.Float64)
    if len(distinct) < LEAST_DAYS:
        return "day"
    for name, length in (("year", 12 * DAYS_PER_MONTH), ("month", DAYS_PER_MONTH)):
        if ((distinct / length).round() * length).round().eq(distinct).all():
            return name
    return "day"
