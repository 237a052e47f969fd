"""One clock: times that count from another day than the index date, or in months, are moved once, on reading.

study.yaml says so per table or column: ``clocks: {follow_up: sequencing, labs.day: "treatment, months"}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from oncourse.days import DAYS_PER_MONTH
from oncourse.errors import ConfigError
from oncourse.study.checks_drugs import is_ordinary
from oncourse.study.schema import Problem, nearest
from oncourse.study.tables import TABLES

#: Days of a unit of time.
UNITS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 12 * DAYS_PER_MONTH}
#: What a clock may start at, beside a day column of patients.
ANCHORS = ("index", "diagnosis", "sequencing", "sample", "resection", "treatment")
#: From this share of the patients on, and so many, what lies after the end of follow-up is another clock, not a slip.
TWO_CLOCKS_SHARE, TWO_CLOCKS_LEAST = 0.1, 3
#: Tables of what is seen and done while a patient lives.
LIVING = ("treatments", "labs", "assessments", "target_lesions", "procedures", "adverse_events")


@dataclass(frozen=True)
class Clock:
    """Where the days of one table (or one column of it) start, and their unit."""

    table: str
    column: str | None
    anchor: str
    unit: str


def parse_clocks(clocks: Mapping[str, object]) -> list[Clock]:
    """Return the clocks of study.yaml; ConfigError names the nearest table, column or unit.

    >>> parse_clocks({"follow_up": "sequencing, months"})
    [Clock(table='follow_up', column=None, anchor='sequencing', unit='months')]
    """
    out, problems = [], []
    for name, value in clocks.items():
        table, _, column = str(name).partition(".")
        if table not in TABLES:
            near = nearest(table, TABLES, cutoff=0.5)
            problems.append(f"clocks: no table '{table}'." + (f" Did you mean {near}?" if near else ""))
            continue
        if column and column not in day_columns(table):
            problems.append(f"clocks: {table} has no day column '{column}'. It has {', '.join(day_columns(table))}.")
            continue
        words = [w.strip() for w in str(value).split(",") if w.strip()]
        units = [w for w in words if w in UNITS]
        anchors = [w for w in words if w not in UNITS]
        if len(units) > 1 or len(anchors) > 1 or not words:
            known = ", ".join(UNITS)
            problems.append(f"clocks.{name}: '{value}' is not 'ANCHOR', 'UNIT' or 'ANCHOR, UNIT' (units: {known}).")
            continue
        out.append(Clock(table, column or None, anchors[0] if anchors else "index", units[0] if units else "days"))
    if problems:
        raise ConfigError(problems)
    return out


def day_columns(table: str) -> list[str]:
    """Return the columns of a table that hold a day."""
    return [c.name for c in TABLES[table].columns if c.name == "day" or c.name.endswith("_day")]


def _columns(clock: Clock, frame: pl.DataFrame) -> list[str]:
    wanted = [clock.column] if clock.column else day_columns(clock.table)
    return [c for c in wanted if c in frame.columns]


def in_days(name: str, frame: pl.DataFrame, clocks: list[Clock]) -> pl.DataFrame:
    """Return a table as read, its times in days: months x 30.4375, rounded; what is no number stays for the checks."""
    for clock in clocks:
        if clock.table != name or clock.unit == "days":
            continue
        for column in _columns(clock, frame):
            number = pl.col(column).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
            days = (number * UNITS[clock.unit]).round().cast(pl.Int64, strict=False).cast(pl.String)
            text = pl.when(days.is_not_null()).then(days).otherwise(pl.col(column).cast(pl.String))
            frame = frame.with_columns(text.alias(column))
    return frame


def on_one_clock(tables: dict[str, pl.DataFrame], clocks: list[Clock]) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Move the days of every table with a clock of its own to that of the study; a patient without the day 0 has
    none."""
    problems: list[Problem] = []
    moved = dict(tables)
    for clock in clocks:
        frame = tables.get(clock.table)
        if clock.anchor in ("index", "diagnosis") or frame is None or frame.is_empty():
            continue
        start = anchor_days(tables, clock.anchor)
        frame = moved[clock.table]
        joined = frame.select("patient_id").join(start, on="patient_id", how="left", maintain_order="left")["_start"]
        columns = _columns(clock, frame)
        dated = frame.select(pl.any_horizontal(pl.col(c).is_not_null() for c in columns)).to_series()
        lost = frame.filter(dated & joined.is_null())["patient_id"].unique().sort()
        if len(lost):
            message = (
                f"counts from {clock.anchor}, of which {len(lost)} patients have no day (first: {lost[0]}); their "
                f"times are "
                "unknown."
            )
            cure = f"Give the day of {clock.anchor} of these patients, or correct clocks in study.yaml."
            problems.append(Problem(clock.table, None, None, None, message, cure, "warning"))
        moved[clock.table] = frame.with_columns((pl.col(c) + joined).alias(c) for c in columns)
    return moved, problems


def anchor_days(tables: Mapping[str, pl.DataFrame], anchor: str) -> pl.DataFrame:
    """Return patient_id, _start: the day of an anchor on the study's clock; ConfigError where there is no such
    anchor."""
    patients = tables.get("patients", TABLES["patients"].empty())
    if anchor in patients.columns:
        return patients.select("patient_id", pl.col(anchor).cast(pl.Int64, strict=False).alias("_start"))
    sources = {
        "sequencing": ("samples", "day", pl.col("material").is_in(["tissue", "plasma"])),
        "sample": ("samples", "day", pl.col("material").is_in(["tissue", "plasma"])),
        "resection": ("procedures", "day", pl.col("kind").str.to_lowercase() == "primary_resection"),
        "treatment": ("treatments", "start_day", ~_ordinary(tables.get("treatments"))),
    }
    if anchor not in sources:
        near = nearest(anchor, [*ANCHORS, *patients.columns], cutoff=0.5)
        cure = f" Did you mean {near}?" if near else f" Known: {', '.join(ANCHORS)}, or a day column of patients."
        raise ConfigError(f"clocks: no day 0 is called '{anchor}'.{cure}")
    table, column, rows = sources[anchor]
    frame = tables.get(table, TABLES[table].empty())
    if column not in frame.columns:
        return pl.DataFrame(schema={"patient_id": pl.String, "_start": pl.Int64})
    return frame.filter(rows).drop_nulls(column).group_by("patient_id").agg(pl.col(column).min().alias("_start"))


def _ordinary(treatments: pl.DataFrame | None) -> pl.Expr:
    """Whether a row of treatments holds steroids and supportive drugs only: such a drug is no first treatment."""
    if treatments is None or "drugs" not in treatments.columns:
        return pl.lit(False)
    texts = [text for text in treatments["drugs"].drop_nulls().unique() if is_ordinary(text)]
    return pl.col("drugs").is_in(texts).fill_null(False)


def two_clocks(tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Return an error where many patients were seen or treated after the end of their follow-up: two days 0 in one
    study.

    Entry, treatments, laboratory values, scans and procedures after the end count, and samples of those who live; a
    sample after death is an autopsy.
    """
    if "follow_up" not in tables or tables["follow_up"].is_empty():
        return []
    follow = TABLES["follow_up"].conform(tables["follow_up"])
    end = (
        follow.unique("patient_id", keep="first")
        .select("patient_id", pl.coalesce("death_day", "last_contact_day").alias("_end"), "is_dead", "entry_day")
        .drop_nulls("_end")
    )
    if end.is_empty():
        return []
    living = end.filter(~pl.col("is_dead").fill_null(True))
    entry = end.select("patient_id", pl.col("entry_day").alias("_day"), pl.lit("entry").alias("_what"))
    seen = (_seen(tables, name, column) for name in LIVING for column in ("start_day", "day"))
    anybody = pl.concat([entry, *(rows for rows in seen if rows is not None)]).join(end, on="patient_id")
    sampled = _seen(tables, "samples", "day")
    told = [anybody] if sampled is None else [anybody, sampled.join(living, on="patient_id")]
    days = pl.concat(rows.select("patient_id", "_end", "_day", "_what") for rows in told).drop_nulls("_day")
    late = days.filter(pl.col("_day") > pl.col("_end"))
    n, m = late["patient_id"].n_unique(), days["patient_id"].n_unique()
    if n < TWO_CLOCKS_LEAST or n < TWO_CLOCKS_SHARE * m:
        return []
    what = ", ".join(late["_what"].unique().sort())
    message = (
        f"two clocks: {n} of {m} patients have {what} after their last contact, as where follow-up counts from "
        f"another day "
        "(sequencing, treatment) than the rest."
    )
    cure = "Say where its days start in study.yaml, for example `clocks: {follow_up: sequencing}`, or correct the days."
    return [Problem("follow_up", None, "last_contact_day", None, message, cure)]


def _seen(tables: Mapping[str, pl.DataFrame], name: str, column: str) -> pl.DataFrame | None:
    """The days of one table's column: patient_id, _day, _what; None where it has none.

    A column that is none of the table's is no day, whatever it is called.
    """
    frame = tables.get(name)
    if frame is None or column not in TABLES[name].by_name or column not in frame.columns or frame.is_empty():
        return None
    return frame.select("patient_id", pl.col(column).cast(pl.Int64).alias("_day"), pl.lit(name).alias("_what"))
