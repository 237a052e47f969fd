"""Days of SDTM scans (TU, TR, RS): VISIT is the unit of an assessment, a month or year the interval it is.

Standard: CDISC SDTM Implementation Guide 3.4: --DTC may be partial (4.4.2), --DY counts from RFSTDTC as day 1 (4.4.4),
VISITNUM is the order of visits and VISITDY the planned day of one (4.4.5, TV).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from oncourse.io.cdisc.sdtm_events import full_date, plain_date
from oncourse.io.clinical.tables import first_of
from oncourse.io.reading import Reading
from oncourse.study.partial_dates import interval
from oncourse.study.schema import LISTED_PER_KIND, Problem

DOMAINS = ("TU", "TR", "RS")
#: Scans of one visit at most this far apart are one assessment; further apart the visit's name was used twice.
VISIT_GAP_DAYS = 14
#: A scan of which less is known than this many days is given no day.
LEAST_KNOWN_DAYS = 62
#: What visits before the first dose are called.
BEFORE = r"(?i)screen|baseline|pre-?\s?(treat|dose|op)|run-?in|筛选|基线|治疗前"
#: What visits after it are called.
AFTER = r"(?i)^(week|wk|cycle|month|visit after|follow|end of|w\d|c\d|m\d)|post|progress|随访|治疗后|第.+[周月]"
_KEYS = ["USUBJID", "VISIT"]


@dataclass
class _Visit:
    """A visit of which only the month or year is known: its place among the others, and what its day may be."""

    number: float | None
    planned: dt.date | None
    low: dt.date
    high: dt.date
    used: dt.date | None = None


def dated(domains: Mapping[str, pl.DataFrame], reading: Reading) -> dict[str, pl.DataFrame]:
    """Add _date (YYYY-MM-DD) and _sure (the first day it may be) to the tumour domains.

    Intervals are kept in ``reading.tables["partial_dates"]`` until `keep_intervals`.

    A partial date is, in this order: the day that --DY counts; the whole date of the same subject and visit; the
    interval of the month (or year) in which the visit may lie - before the first dose where it is called screening or
    baseline or is no later than planned day 1, after it where it is called week 6 or cycle 3, between the whole dates
    of the visits before and after by VISITNUM. Read is the planned day (VISITDY) within the interval, without one its
    first day, so that a baseline stays a baseline. What is not known within `LEAST_KNOWN_DAYS` has no day, and is told.
    """
    domains = {n: _named(f) if n in DOMAINS else f for n, f in domains.items()}
    starts = _starts(domains.get("DM"))
    visits = _visit_dates(domains)
    there = {n: _known(n, frame, starts, visits) for n, frame in domains.items() if n in DOMAINS}
    found = _resolved(there, starts)
    out = {}
    for name, frame in there.items():
        _told(name, frame, found, reading)
        of = found.select("USUBJID", "VISIT", "_known", "_used", "_low").rename({"_known": "_date"})
        frame = frame.join(of, on=[*_KEYS, "_date"], how="left", nulls_equal=True, maintain_order="left")
        whole = pl.col("_date").str.len_chars() == 10
        ends = (pl.when(whole).then("_date").otherwise(c).alias(n) for n, c in (("_date", "_used"), ("_sure", "_low")))
        out[name] = frame.with_columns(ends).drop("_used", "_low")
    reading.tables["partial_dates"] = found.drop_nulls("_used")
    return {**domains, **out}


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with VISIT; one that has none is named by its VISITNUM, the number of a planned visit (whole; an
    unscheduled one has decimals and is its own day)."""
    number = first_of(frame, "VISITNUM").cast(pl.Float64, strict=False)
    whole = pl.when(number == number.floor()).then(pl.format("visit {}", number.cast(pl.Int64)))
    return frame.with_columns(pl.coalesce(first_of(frame, "VISIT"), whole).alias("VISIT"))


def keep_intervals(reading: Reading) -> None:
    """Make the partial_dates of the study of what `dated` found: a row per table that holds a scan of that day."""
    found = reading.tables.pop("partial_dates")
    rows = []
    for name in ("target_lesions", "assessments"):
        if name in reading.tables and found.height:
            days = reading.tables[name].select("patient_id", "date").unique()
            of = found.join(days, left_on=["USUBJID", "_used"], right_on=["patient_id", "date"], how="semi")
            rows.append(
                of.select(
                    pl.col("USUBJID").alias("patient_id"),
                    pl.lit(name).alias("table"),
                    pl.lit("day").alias("column"),
                    pl.when(pl.col("_known").str.len_chars() == 4)
                    .then(pl.lit("year"))
                    .otherwise(pl.lit("month"))
                    .alias("resolution"),
                    pl.col("_used").alias("date"),
                    pl.col("_low").alias("earliest_date"),
                    pl.col("_high").alias("latest_date"),
                ).unique(maintain_order=True)
            )
    if rows:
        reading.tables["partial_dates"] = pl.concat(rows)


def one_day_per_visit(domains: dict[str, pl.DataFrame], reading: Reading) -> dict[str, pl.DataFrame]:
    """Date every row of the tumour domains to the first day of its VISIT; SDTM's VISIT is the unit of an assessment."""
    there = {n: f for n, f in domains.items() if n in DOMAINS and {"VISIT", "_date"} <= set(f.columns)}
    if not there:
        return domains
    every = pl.concat([f.select("USUBJID", "VISIT", "_date") for f in there.values()]).drop_nulls().unique()
    day = pl.col("_date").str.to_date("%Y-%m-%d", strict=False)
    every = every.sort(*_KEYS, "_date").with_columns(
        ((day - day.shift(1).over(_KEYS)).dt.total_days() > VISIT_GAP_DAYS).fill_null(True).alias("_new")
    )
    every = every.with_columns(pl.col("_new").cum_sum().over(_KEYS).alias("_scan"))
    first = every.with_columns(pl.col("_date").min().over(*_KEYS, "_scan").alias("_visit_date")).drop("_new", "_scan")
    moved = first.filter(pl.col("_date") != pl.col("_visit_date"))
    if moved.height:
        who = moved.sort("USUBJID", "_date")["USUBJID"][0]
        reading.notes.append(
            f"{moved.height:,} scan days of visits on several days are dated to the visit's first day (first: {who})"
        )
    out = dict(domains)
    for name, frame in there.items():
        days = frame.join(first, on=[*_KEYS, "_date"], how="left", maintain_order="left")
        out[name] = days.with_columns(pl.coalesce("_visit_date", "_date").alias("_date")).drop("_visit_date")
    return out


def _starts(dm: pl.DataFrame | None) -> pl.DataFrame:
    """USUBJID, _start: the date of the first dose (day 1 of --DY)."""
    if dm is None:
        return pl.DataFrame(schema={"USUBJID": pl.String, "_start": pl.Date})
    start = full_date(dm, "RFSTDTC", "RFXSTDTC").str.to_date("%Y-%m-%d", strict=False)
    return dm.select("USUBJID", start.alias("_start")).unique("USUBJID", keep="first", maintain_order=True)


def _visit_dates(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Whole dates per subject and visit over the tumour domains: what a partial date of the visit stands for."""
    parts = [
        frame.select("USUBJID", "VISIT", pl.col(f"{name}DTC").str.slice(0, 10).alias("_full"))
        for name, frame in domains.items()
        if name in DOMAINS and {"VISIT", f"{name}DTC"} <= set(frame.columns)
    ]
    if not parts:
        return pl.DataFrame(schema={"USUBJID": pl.String, "VISIT": pl.String, "_full": pl.String})
    full = pl.concat(parts).filter(pl.col("_full").str.len_chars() == 10)
    return full.group_by(_KEYS).agg(pl.col("_full").min())


def _known(name: str, frame: pl.DataFrame, starts: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Add _date as far as it is known of itself, by --DY and by the other scans of the visit; VISIT is there, maybe null."""
    text = first_of(frame, f"{name}DTC")
    frame = frame.with_columns(plain_date(text).alias("_date"))
    partial = pl.col("_date").is_null() | (pl.col("_date").str.len_chars() < 10)
    if not frame.select(partial.any()).item():
        return frame
    study_day = first_of(frame, f"{name}DY").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    frame = frame.join(starts, on="USUBJID", how="left", maintain_order="left")
    frame = frame.join(visits, on=_KEYS, how="left", maintain_order="left")
    by_day = (pl.col("_start") + pl.duration(days=study_day - (study_day > 0).cast(pl.Int64))).dt.to_string("%Y-%m-%d")
    return frame.with_columns(
        pl.when(~partial)
        .then("_date")
        .when(by_day.str.starts_with(pl.col("_date")))
        .then(by_day)
        .when(pl.col("_date").is_null() | _near("_full", "_date"))
        .then("_full")
        .otherwise("_date")
        .alias("_date")
    ).drop("_start", "_full")


def _near(full: str, partial: str) -> pl.Expr:
    """Whether a whole date lies in a month (or year), or no more than `VISIT_GAP_DAYS` from it."""
    date = pl.col(full).str.to_date("%Y-%m-%d", strict=False)
    around = [(date + pl.duration(days=d)).dt.to_string("%Y-%m-%d") for d in (-VISIT_GAP_DAYS, 0, VISIT_GAP_DAYS)]
    return pl.any_horizontal(d.str.starts_with(pl.col(partial)) for d in around)


def _resolved(there: Mapping[str, pl.DataFrame], starts: pl.DataFrame) -> pl.DataFrame:
    """Return USUBJID, VISIT, _known, _low, _high, _used of every visit of which only the month or year is known.

    _used is null where the visit is known to no less than `LEAST_KNOWN_DAYS`.
    """
    every = [_places(frame) for frame in there.values()]
    schema = {
        "USUBJID": pl.String,
        "VISIT": pl.String,
        **dict.fromkeys(("_known", "_low", "_high", "_used"), pl.String),
    }
    if not every:
        return pl.DataFrame(schema=schema)
    visits = pl.concat(every).unique().sort("USUBJID", "_number", "_date", "VISIT", nulls_last=True)
    partial = visits.filter(pl.col("_date").str.len_chars() < 10)
    if partial.is_empty():
        return pl.DataFrame(schema=schema)
    whole = visits.filter(pl.col("_date").str.len_chars() == 10)
    begun = dict(starts.iter_rows())
    rows: list[tuple[str | None, ...]] = []
    for (who,), mine in partial.group_by("USUBJID", maintain_order=True):
        mine = mine.unique(["VISIT", "_date"], keep="first", maintain_order=True)
        others = _in_order(whole.filter(pl.col("USUBJID") == who))
        found = _of_one(mine, others, begun.get(str(who)))
        names = mine.select("USUBJID", "VISIT", "_date").iter_rows()
        rows += [
            (*name, v.low.isoformat(), v.high.isoformat(), v.used.isoformat() if v.used else None)
            for name, v in zip(names, found, strict=True)
        ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _places(frame: pl.DataFrame) -> pl.DataFrame:
    """The visits of a domain: USUBJID, VISIT, _number (VISITNUM), _planned (VISITDY), _date as far as it is known."""
    return frame.filter(pl.col("_date").is_not_null()).select(
        "USUBJID",
        "VISIT",
        first_of(frame, "VISITNUM").cast(pl.Float64, strict=False).alias("_number"),
        first_of(frame, "VISITDY").cast(pl.Float64, strict=False).alias("_planned"),
        "_date",
    )


def _in_order(whole: pl.DataFrame) -> list[tuple[float, dt.date]]:
    """The numbers and days of visits with whole dates; none where the days are not in the order of the numbers."""
    rows = whole.drop_nulls("_number").select("_number", pl.col("_date").str.to_date("%Y-%m-%d", strict=False))
    rows = rows.drop_nulls().sort("_number", "_date")
    per = rows.group_by("_number", maintain_order=True).agg(
        pl.col("_date").min().alias("a"), pl.col("_date").max().alias("b")
    )
    ordered = per.select((pl.col("a") > pl.col("b").shift(1)).fill_null(True).all()).item()
    return list(rows.iter_rows()) if ordered else []


def _of_one(mine: pl.DataFrame, others: Sequence[tuple[float, dt.date]], start: dt.date | None) -> list[_Visit]:
    """Return the visits of one subject (sorted by number) with the days they may lie on and the day read."""
    first, last = interval(mine["_date"])
    out = []
    for name, number, planned, low, high in zip(
        mine["VISIT"], mine["_number"], mine["_planned"], first, last, strict=True
    ):
        day = None if start is None or planned is None else start + dt.timedelta(int(planned) - (planned > 0))
        visit = _Visit(number, day, low, high)
        if start is not None:
            _narrow(visit, *_around_start(name, planned, start))
        if number is not None:
            _narrow(
                visit,
                max((d for n, d in others if n < number), default=None),
                min((d for n, d in others if n > number), default=None),
            )
        out.append(visit)
    _apart(out)
    for visit in out:
        if (visit.high - visit.low).days < LEAST_KNOWN_DAYS:
            visit.used = min(max(visit.planned or visit.low, visit.low), visit.high)
    _apart_as_read(out)
    return out


def _around_start(name: str | None, planned: float | None, start: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The days between which (both excluded) a visit lies by its name and planned day, null where open."""
    word = pl.Series([name or ""])
    if word.str.contains(BEFORE)[0] or (planned is not None and planned <= 1):
        return None, start + dt.timedelta(1)
    if word.str.contains(AFTER)[0] or planned is not None:
        return start, None
    return None, None


def _narrow(visit: _Visit, after: dt.date | None, before: dt.date | None) -> None:
    """Narrow what a visit's day may be to the days between two others; what leaves no day is not believed."""
    low = visit.low if after is None else max(visit.low, after + dt.timedelta(1))
    high = visit.high if before is None else min(visit.high, before - dt.timedelta(1))
    if low <= high:
        visit.low, visit.high = low, high


def _apart(visits: Sequence[_Visit]) -> None:
    """Keep the order of visits of one month, of which neither has a day: a later one is at least a day later."""
    numbered = [v for v in visits if v.number is not None]
    for one, other in pairwise(numbered):
        _narrow(other, one.low, None)
    for one, other in reversed(list(pairwise(numbered))):
        _narrow(one, None, other.high)


def _apart_as_read(visits: Sequence[_Visit]) -> None:
    """Read no visit on or before the day of the one before it, where its interval allows."""
    numbered = [v for v in visits if v.number is not None and v.used is not None]
    for one, other in pairwise(numbered):
        if one.used and other.used and other.used <= one.used < other.high:
            other.used = one.used + dt.timedelta(1)


def _told(name: str, frame: pl.DataFrame, found: pl.DataFrame, reading: Reading) -> None:
    """Name the rows of which only the month or year is known, and what was read."""
    rows = frame.filter(pl.col("_date").str.len_chars() < 10).join(
        found,
        left_on=[*_KEYS, "_date"],
        right_on=[*_KEYS, "_known"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    column = f"{name}DTC" if f"{name}DTC" in frame.columns else "_date"
    for row, who, text, low, high, used in (
        rows.select("_row", "USUBJID", column, "_low", "_high", "_used").head(LISTED_PER_KIND).iter_rows()
    ):
        what = f"{low} to {high}, taken as {used}" if used else f"{low} to {high}, not used"
        message = f"'{text}' is not a full date: {what}."
        cure = "Give the day; a response is dated to it."
        reading.problems.append(Problem(name, row, column, text, message, cure, "warning", who))
    if rows.height > LISTED_PER_KIND:
        more = f"and {rows.height - LISTED_PER_KIND} more rows with the same problem."
        reading.problems.append(Problem(name, None, column, None, more, "", "warning"))
