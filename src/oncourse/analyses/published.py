"""The source's own end points, analysed as published and compared with the derived ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.published import COMPARED, SAME_DAYS, compared
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

_WORDS = {
    "patient_id": "the patient",
    "endpoint": "the source's name of the end point",
    "anchor": "day 0 the source counts from; null = not said",
    "time_days": "published time in days",
    "is_event": "whether it happened, as published; null = not known",
    "derived_endpoint": "the derived end point that means the same; null = none does",
    "derived_line": "line of therapy of the derived record; null = of the study",
    "derived_time_days": "derived time in days (first day not counted)",
    "derived_is_event": "whether it happened, as derived",
    "derived_reason": "the derived event, or why the time is censored",
    "agreement": "same (within published.same_days), other time, other event, not derived, not comparable, status "
    "unknown",
}
RECORDS = OutputTable(
    "published/records",
    "one row per patient and published end point, with the derived record beside it",
    tuple(Column(name, COMPARED[name], text) for name, text in _WORDS.items()),
)
SUMMARY = OutputTable(
    "published/summary",
    "events, median and agreement per published end point",
    (
        Column("endpoint", pl.String, "the source's name of the end point"),
        Column("n", pl.Int64, "patients with a published time and a known status"),
        Column("n_event", pl.Int64, "events as published"),
        Column(
            "median_days", pl.Float64, "Kaplan-Meier median of the published times; null = not reached", unit="days"
        ),
        Column("ci_low", pl.Float64, "lower limit of the median", unit="days"),
        Column("ci_high", pl.Float64, "upper limit; null = not reached", unit="days"),
        Column("n_same", pl.Int64, "derived record the same"),
        Column("n_differs", pl.Int64, "other time or other event"),
        Column("n_not_compared", pl.Int64, "no derived record, another day 0, or status unknown"),
    ),
)


@section("published")
@dataclass(frozen=True)
class PublishedParams:
    """What counts as the same time."""

    same_days: int = setting(SAME_DAYS, "days a published and a derived time may differ and still be the same", low=0)


@analysis(
    title="End points as published",
    question="What do the source's own end points say, and where do the derived ones differ?",
    needs=("published_endpoints",),
    params=PublishedParams,
    tables=(RECORDS, SUMMARY),
    order=43,
    sets_apart=False,
)
def published(cohort: Cohort, params: PublishedParams) -> Result:
    """Kaplan-Meier of each published end point, and the patients whose derived record differs."""
    derived, _ = cohort.endpoint_tables
    first_day = int(cohort.params(EndpointParams).count_first_day)
    rows = compared(cohort.study["published_endpoints"], derived, first_day=first_day, same_days=params.same_days)
    summary = pl.DataFrame(
        [_summary(str(name), part) for (name,), part in rows.group_by("endpoint", maintain_order=True)],
        schema=SUMMARY.schema,
    )
    differs = int(summary["n_differs"].sum())
    known = rows.filter(pl.col("agreement").is_in(["same", "other time", "other event"])).height
    estimates = [
        Estimate("endpoints", summary.height, unit="count"),
        Estimate("differs", differs, n=known, unit="count"),
        Estimate("not_compared", rows.height - known, n=rows.height, unit="count"),
    ]
    for row in summary.iter_rows(named=True):
        mid, low, high = (
            None if row[k] is None else row[k] / DAYS_PER_MONTH for k in ("median_days", "ci_low", "ci_high")
        )
        estimates.append(
            Estimate(f"median_{row['endpoint']}", mid, low, high, row["n"], "Kaplan-Meier", "months", row["endpoint"])
        )
    return Result(
        answer="The source publishes {endpoints} end points; {differs} of its records differ from the derived ones.",
        headline=Headline(
            said("headline.published.differs_one", n=known)
            if differs == 1
            else said("headline.published.differs", k=differs, n=known),
            "answered",
            said("reason.counted"),
            "differs",
        ),
        estimates=tuple(estimates),
        tables={RECORDS.name: RECORDS.frame(rows), SUMMARY.name: SUMMARY.frame(summary)},
        people=_people(cohort, rows),
        notes=(
            "{not_compared:value} published records have no derived record of the same meaning and day 0.",
            "Published times are used as they stand; their definitions are the source's "
            "(published_endpoints.definition).",
        ),
        methods=(
            f"A published and a derived record are the same when the event agrees and the times lie within "
            f"{params.same_days} days. Kaplan-Meier with log-log limits from the source's own day 0.",
        ),
    )


def _usable() -> pl.Expr:
    return (pl.col("is_event").is_not_null() & (pl.col("time_days") > 0)).fill_null(False)


def _people(cohort: Cohort, rows: pl.DataFrame) -> pl.DataFrame:
    """Per published end point the patients with a time and a known status."""
    everyone, parts = cohort.study["patients"]["patient_id"], []
    why = (
        pl.when(pl.col("is_event").is_null())
        .then(pl.lit("published without a status"))
        .otherwise(pl.lit("no published time after day 0"))
    )
    for (name,), mine in rows.group_by("endpoint", maintain_order=True):
        out = mine.filter(~_usable()).select("patient_id", why.alias("reason"))
        inside = mine.filter(_usable())
        parts.append(counted(str(name), everyone, inside, out, rest="not published"))
    return ledger(parts)


def _summary(name: str, part: pl.DataFrame) -> dict[str, Any]:
    from oncourse.stats.km import kaplan_meier

    usable = part.filter(_usable())
    state = part["agreement"]
    row: dict[str, Any] = {
        "endpoint": name,
        "n": usable.height,
        "n_event": int(usable["is_event"].sum()),
        "n_same": int((state == "same").sum()),
        "n_differs": int(state.is_in(["other time", "other event"]).sum()),
        "n_not_compared": int(state.is_in(["not derived", "not comparable", "status unknown"]).sum()),
    }
    if usable.height:
        curve = kaplan_meier(usable["time_days"].to_numpy().astype(float), usable["is_event"].to_numpy())
        for key, value in zip(
            ("median_days", "ci_low", "ci_high"),
            (curve.median.value, curve.median.ci_low, curve.median.ci_high),
            strict=True,
        ):
            row[key] = None if value != value else float(value)
    return row
