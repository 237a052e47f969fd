"""The same end points read otherwise: a confirmation after a switch of therapy, days known to the month or year only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, OutputTable
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoints import TTE_SCHEMA, EndpointParams
from oncourse.derive.clinical.readings import FIRST, LAST, SWITCH, differing, flipped
from oncourse.facts.days import in_months, landmark_days
from oncourse.facts.endpoints import ENDPOINTS
from oncourse.study.partial_dates import on_their_ends
from oncourse.study.schema import Column

_KEYS = (
    Column("patient_id", pl.String, "the patient"),
    Column("line", pl.Int64, "line of therapy; null = endpoint of the study"),
    Column("endpoint", pl.String, " ".join(f"{k}: {v.meaning}." for k, v in ENDPOINTS.items())),
)
READINGS = OutputTable(
    "endpoints/time_to_event_other_readings",
    "records that differ where confirmation after a switch is judged the other way, or days known to the month or "
    "year are on their ends",
    (
        *_KEYS,
        Column("reading", pl.String, "; ".join((SWITCH, FIRST, LAST))),
        Column("time_days", pl.Int64, "days from origin to end", unit="days"),
        Column("is_event", pl.Boolean, "whether the endpoint was reached"),
        Column("event_or_reason", pl.String, "the event, or why the time is censored"),
    ),
)
UNCERTAIN = OutputTable(
    "endpoints/uncertain_days",
    "what days that are known to the month or year only may move: per endpoint and line the median at both ends",
    (
        Column("endpoint", pl.String, "the endpoint"),
        Column("line", pl.Int64, "line of therapy; null = endpoint of the study"),
        Column("n", pl.Int64, "records"),
        Column("n_moved", pl.Int64, "records whose time or event differs at either end"),
        Column("n_event_moved", pl.Int64, "of these, records whose event differs"),
        Column("median_days", pl.Float64, "Kaplan-Meier median as read; null = not reached", unit="days"),
        Column("median_days_if_first", pl.Float64, "the same with every such day as early as it may be", unit="days"),
        Column("median_days_if_last", pl.Float64, "the same with every such day as late as it may be", unit="days"),
    ),
)
#: A median that such days may move by more than this is said before the answer, not only in a note.
TOLD_MONTHS = 1.0


@dataclass(frozen=True)
class Readings:
    """What the other readings change: records, one row per end point, estimates, sentences before the answer, notes."""

    records: pl.DataFrame
    uncertain: pl.DataFrame
    estimates: list[Estimate]
    told: list[str]
    notes: list[str]


def summary_row(part: pl.DataFrame, name: str, line: Any, params: EndpointParams) -> dict[str, Any]:
    """Return one row of endpoints/summary of the records of one end point and line."""
    from oncourse.stats.km import follow_up, kaplan_meier

    entry = part["entry_days"].fill_null(0)
    row: dict[str, Any] = {
        "endpoint": name,
        "line": line,
        "n": part.height,
        "n_event": int(part["is_event"].sum()),
        "n_competing": int(part["is_competing"].sum()),
        "n_late_entry": int((entry > 0).sum()),
    }
    usable = part.filter(pl.col("time_days") > pl.col("entry_days").fill_null(0))
    if usable.is_empty():
        return row
    start = usable["entry_days"].fill_null(0).to_numpy().astype(float)
    at = start if start.any() else None
    time, event = usable["time_days"].to_numpy().astype(float), usable["is_event"].to_numpy()
    curve = kaplan_meier(time, event, entry=at)
    mark = curve.at(landmark_days(params.status_months, first_day=params.count_first_day))
    # a death that competes ends no follow-up: who died would have been followed on (Schemper and Smith 1996)
    followed = follow_up(time, (usable["is_event"] | usable["is_competing"]).to_numpy(), entry=at)

    def number(value: float) -> float | None:
        return None if value != value else float(value)

    row |= {
        "median_days": number(curve.median.value),
        "ci_low": number(curve.median.ci_low),
        "ci_high": number(curve.median.ci_high),
        "landmark_fraction": number(float(mark.survival[0])),
        "landmark_ci_low": number(float(mark.ci_low[0])),
        "landmark_ci_high": number(float(mark.ci_high[0])),
        "undone_day": int(curve.undone) if curve.undone < float("inf") else None,
        "median_follow_up_days": number(followed.value),
    }
    return row


def other_readings(cohort: Cohort, params: EndpointParams, table: pl.DataFrame, words: Mapping[str, str]) -> Readings:
    """Return what differs under each other reading that the data leave open.

    Parameters
    ----------
    table : the records as read (`oncourse.derive.clinical.endpoints.TTE_SCHEMA`)
    words : end point -> what the answer calls it; the medians of these are told
    """
    out = Readings(pl.DataFrame(schema=READINGS.schema), pl.DataFrame(schema=UNCERTAIN.schema), [], [], [])
    parts = []
    switched = flipped(cohort.endpoint_inputs, params)
    if switched is not None:
        differ = differing(table, switched)
        parts.append(READINGS.frame(differ.with_columns(pl.lit(SWITCH).alias("reading"))))
        _told_switch(differ, table, params, out)
    ends = _ends(cohort, params)
    for name, other in ends.items():
        parts.append(READINGS.frame(differing(table, other).with_columns(pl.lit(name).alias("reading"))))
    if not parts:
        return out
    out = replace(out, records=pl.concat(parts))
    return replace(out, uncertain=_told_ends(cohort, params, table, ends, words, out)) if ends else out


def _told_switch(differ: pl.DataFrame, table: pl.DataFrame, params: EndpointParams, out: Readings) -> None:
    late = differ.filter(pl.col("endpoint").is_in(["rPFS", "PSA_PFS"])).select("patient_id", "line", "endpoint")
    if late.height:
        out.estimates.append(Estimate("confirmed_after_switch", late.height, n=table.height, unit="count"))
        how = "counted" if params.confirm_after_switch else "not counted"
        out.notes.append(
            f"Progressions by PSA or bone that only a value or scan after the next line began confirms: "
            f"{{confirmed_after_switch:value}}, {how} (endpoints.confirm_after_switch)."
        )


def _ends(cohort: Cohort, params: EndpointParams) -> dict[str, pl.DataFrame]:
    """Return reading -> records with every uncertain day on its first, and on its last day; empty without such days."""
    from oncourse.derive.clinical.endpoints import endpoint_table

    study = cohort.study
    deaths = study["follow_up"]["death_earliest_day"].is_not_null().any()
    if not deaths and not study.has("partial_dates"):
        return {}
    tables = {}
    for name, latest in ((FIRST, False), (LAST, True)):
        moved = replace(study, tables=on_their_ends(dict(study.tables.items()), latest=latest))
        other = Cohort(moved, cohort.settings, cohort.seed)
        tables[name] = endpoint_table(other.endpoint_inputs, params)[0].select(list(TTE_SCHEMA))
    return tables


def _told_ends(
    cohort: Cohort,
    params: EndpointParams,
    table: pl.DataFrame,
    ends: Mapping[str, pl.DataFrame],
    words: Mapping[str, str],
    out: Readings,
) -> pl.DataFrame:
    """Return `UNCERTAIN`; say how many days are uncertain, and what the medians would be at both ends."""
    # lesions and responses of one scan are one day
    what = ("patient_id", "column", "resolution", "day", "earliest_day", "latest_day")
    n_dates, n_deaths = cohort.study["partial_dates"].select(what).unique().height, _n_deaths(cohort)
    out.estimates.append(Estimate("partial_days", n_dates + n_deaths, unit="count"))
    notes = ["Days of which only the month or year (or an interval) is known: {partial_days:value}."]
    rows = []
    made = table.select("endpoint", "line").unique().sort("endpoint", "line", nulls_last=False)
    for endpoint, line in made.iter_rows():
        row = _one_end(endpoint, line, table, ends, params)
        if not row["n_moved"]:
            continue
        rows.append(row)
        if endpoint not in words or (line is not None and line > 1):
            continue
        key = endpoint if line is None else f"{endpoint}_line_{line}"
        values = {
            end: None if row[c] is None else in_months(row[c], first_day=params.count_first_day)
            for end, c in (("read", "median_days"), ("first", "median_days_if_first"), ("last", "median_days_if_last"))
        }
        for end in ("first", "last"):
            name = f"{key}_months_if_{end}_day"
            out.estimates.append(Estimate(name, values[end], n=row["n"], method="Kaplan-Meier", unit="months"))
        where = "" if line is None else f", line {line},"
        text = (
            f"with each as early as it may be median {words[endpoint]}{where} is "
            f"{{{key}_months_if_first_day}}, as late as it may be {{{key}_months_if_last_day}}."
        )
        notes.append(text[:1].upper() + text[1:])
        if _is_far(values):
            out.told.append(
                f"Of the days, {{partial_days:value}} are known only to the month or year or as an interval: {text}"
            )
    out.notes.append(" ".join(notes))
    return pl.DataFrame(rows, schema=UNCERTAIN.schema)


def _n_deaths(cohort: Cohort) -> int:
    """Deaths given as an interval that are in no row of partial_dates."""
    told = cohort.study["partial_dates"].filter(pl.col("column") == "death_day")["patient_id"]
    follow = cohort.study["follow_up"].filter(pl.col("death_earliest_day").is_not_null())
    return follow.filter(~pl.col("patient_id").is_in(told.implode())).height


def _is_far(values: Mapping[str, float | None]) -> bool:
    """Whether the ends are more than `TOLD_MONTHS` apart, or only one of the medians is reached."""
    known = [v for v in values.values() if v is not None]
    return len(known) in (1, 2) or bool(known and max(known) - min(known) > TOLD_MONTHS)


def _one_end(
    endpoint: str, line: int | None, table: pl.DataFrame, ends: Mapping[str, pl.DataFrame], params: EndpointParams
) -> dict[str, Any]:
    """Return the row of `UNCERTAIN` of one end point and line."""
    mine = (pl.col("endpoint") == endpoint) & pl.col("line").eq_missing(pl.lit(line, pl.Int64))
    read, first, last = (t.filter(mine) for t in (table, ends[FIRST], ends[LAST]))
    moved = pl.concat([differing(read, first), differing(read, last)])
    was = read.select("patient_id", pl.col("is_event").alias("_was"))
    changed = moved.join(was, on="patient_id", how="left").filter(pl.col("is_event").ne_missing(pl.col("_was")))
    row: dict[str, Any] = {
        "endpoint": endpoint,
        "line": line,
        "n": read.height,
        "n_moved": moved["patient_id"].n_unique(),
        "n_event_moved": changed["patient_id"].n_unique(),
    }
    named = (("median_days", read), ("median_days_if_first", first), ("median_days_if_last", last))
    return row | {c: summary_row(part, endpoint, line, params).get("median_days") for c, part in named}
