"""What every endpoint shares: origins and censoring rules, deaths, last contacts, and the making of a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from oncourse.derive.clinical.tte import NO_ASSESSMENT, records, time_to_event
from oncourse.facts.endpoints import ENDPOINTS, OF_CANCER, OF_OTHERS, Endpoint
from oncourse.study.frames import optional
from oncourse.study.settings import section, setting


@section("endpoints")
@dataclass(frozen=True)
class EndpointParams:
    """Origins and censoring rules."""

    origin: str = setting(
        "index",
        "day 0 of OS, DFS, RFS and TTR of the study: its index date or the resection of the primary",
        choices=("index", "surgery"),
    )
    censoring: str = setting(
        "ema",
        "ema: progression and death count whatever came between; fda: censored before new therapy and before missed "
        "visits",
        choices=("ema", "fda"),
        source="EMA/CHMP/27994/2008 appendix 1; FDA Clinical Trial Endpoints 2018, table A",
    )
    scan_interval_days: int | None = setting(
        None,
        "planned days between scans; null: the missed-visit rule is off",
        low=1,
        source="FDA 2018, table A",
    )
    missed_visits: int = setting(
        2,
        "fda: an event after this many missed visits is censored at the last one before",
        low=1,
        source="FDA 2018",
    )
    visit_window_days: int = setting(7, "days a visit may lie off its planned day", low=0)
    confirm_after_switch: bool = setting(
        True,
        "whether a PSA or bone progression may be confirmed by a value or scan after the next line began",
        source="PCWG3 asks for confirmation, not for the treatment under which; protocols differ",
    )
    clinical_progression: bool = setting(
        False,
        "whether follow_up.progression_day counts as PFS event where scans exist (FDA table C)",
        source="FDA Clinical Trial Endpoints 2018, table C",
    )
    count_first_day: bool = setting(
        True, "whether time is end - origin + 1", source="CDISC ADaM time-to-event: AVAL = ADT - STARTDT + 1"
    )
    entry: str = setting(
        "auto",
        "who comes under observation late, for overall survival: auto: on follow_up.entry_day, and where none is "
        "recorded "
        "and every patient is sequenced not before the first tumour sample; recorded: on follow_up.entry_day alone",
        choices=("auto", "recorded"),
        source="Brown et al., JAMA Oncol 2022;8:287: delayed entry of sequenced patients",
    )
    max_unknown_status: float = setting(
        0.1,
        "overall survival is not told where the vital status of more than this share of the patients is unknown; "
        "others "
        "without it are left out, and the best and the worst case shown",
        low=0,
        high=1,
    )
    status_months: float = setting(24.0, "months of the landmark status", low=0)


@dataclass(frozen=True)
class EndpointTables:
    """What the endpoints are made of; every frame may be empty.

    follow_up, procedures, lesions, patients: as in the study;
    samples: patient_id, day of the tumour samples; lines, psa, best: derived; visits, bone and
    psa_followed: derived for every line whatever treatment follows (``followed``).
    """

    patients: pl.DataFrame
    follow_up: pl.DataFrame
    procedures: pl.DataFrame
    lesions: pl.DataFrame
    lines: pl.DataFrame
    psa: pl.DataFrame
    visits: pl.DataFrame
    bone: pl.DataFrame
    best: pl.DataFrame
    samples: pl.DataFrame | None = None
    psa_followed: pl.DataFrame | None = None


def exclude(excluded: list[pl.DataFrame], frame: pl.DataFrame, endpoint: str, reason: str | pl.Expr) -> None:
    """List the patients (and lines) of `frame` as having no record of `endpoint`, with the reason."""
    if frame.is_empty():
        return
    text = pl.lit(reason) if isinstance(reason, str) else reason
    excluded.append(
        frame.select(
            "patient_id",
            optional(frame, "line", pl.Int64).cast(pl.Int64),
            pl.lit(endpoint).alias("endpoint"),
            text.cast(pl.String).alias("reason"),
        )
    )


def deaths(origins: pl.DataFrame) -> pl.DataFrame:
    """Return the deaths of the patients of `origins` as records."""
    return records(origins, day="dead_day", reason=pl.col("death_word"), source_table="follow_up", source_row="fu_row")


def deaths_by_cause(origins: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the deaths of the cancer, and all others (an unknown cause is another: whoever must not count is left
    out before)."""
    of_cancer = (pl.col("cause_of_death") == "cancer").fill_null(False)
    return {OF_CANCER: deaths(origins.filter(of_cancer)), OF_OTHERS: deaths(origins.filter(~of_cancer))}


def endings(endpoint: Endpoint, told: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Return the records that end an endpoint by its definition: its events in their order, then what competes."""
    return [told[event] for event in endpoint.events] + [
        told[event].with_columns(pl.lit(True).alias("is_competing")) for event in endpoint.competing
    ]


def contacts(origins: pl.DataFrame, word: str | None = None) -> pl.DataFrame:
    """Return the last contacts of the patients of `origins` as censoring records."""
    reason: str | pl.Expr = pl.col("alive_word") if word is None else word
    return records(origins, day="last_contact_day", reason=reason, source_table="follow_up", source_row="fu_row")


def free_of_progression(origins: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the censoring records of reported progression: the last day known free of it, else the last contact.

    A patient without a scan whose source says "no progression until day 240" is censored there, not when last seen.
    """
    free = records(
        origins,
        day="progression_free_day",
        reason="known free of progression",
        source_table="follow_up",
        source_row="fu_row",
    )
    unseen = origins.filter(pl.col("progression_free_day").is_null())
    return [free, contacts(unseen, "last contact, no progression recorded")]


def make(
    endpoint: str,
    origins: pl.DataFrame,
    told: Mapping[str, pl.DataFrame],
    censors: list[pl.DataFrame],
    params: EndpointParams,
    no_follow_up: str = NO_ASSESSMENT,
) -> pl.DataFrame:
    """Return the records of one endpoint (`oncourse.derive.clinical.tte.time_to_event`) with its name.

    `told` are the records of each event that its definition in `oncourse.facts.endpoints` names.
    """
    table = time_to_event(
        origins.select("patient_id", "line", "origin_day", "entry_day"),
        endings(ENDPOINTS[endpoint], told),
        censors,
        count_first_day=params.count_first_day,
        no_follow_up=no_follow_up,
    )
    return table.with_columns(
        pl.lit(endpoint).alias("endpoint"),
        pl.lit(None, pl.Int64).alias("last_negative_day"),
        pl.lit(None, pl.Int64).alias("first_positive_day"),
    )


def over_lines(lines: pl.DataFrame, rows: pl.DataFrame, day: str, params: EndpointParams) -> pl.DataFrame:
    """Return the rows that lie after a line's start: all later ones (ema), or up to the next line's first day (fda).

    Rows with a ``line`` were judged for it; others are the patient's and count for each of the lines.
    """
    spans = lines.select("patient_id", "line", "start_day", "next_start_day")
    by = ["patient_id", "line"] if "line" in rows.columns else ["patient_id"]
    joined = spans.join(rows, on=by).filter(pl.col(day) > pl.col("start_day"))
    if params.censoring == "fda":
        joined = joined.filter(pl.col("next_start_day").is_null() | (pl.col(day) <= pl.col("next_start_day")))
    return joined


def confirmed_in_time(lines: pl.DataFrame, rows: pl.DataFrame, params: EndpointParams) -> pl.DataFrame:
    """Return the rows whose ``confirmed_day`` counts: any, or with ``confirm_after_switch`` off none of a later
    line."""
    if params.confirm_after_switch:
        return rows
    spans = lines.select("patient_id", "line", pl.col("next_start_day").alias("_next"))
    late = (pl.col("confirmed_day") > pl.col("_next")).fill_null(False)
    return rows.join(spans, on=["patient_id", "line"], how="left", maintain_order="left").filter(~late).drop("_next")


def fda_deaths(lines: pl.DataFrame, params: EndpointParams) -> pl.DataFrame:
    """Return the deaths; under fda only those before the next line."""
    if params.censoring == "fda":  # a death after new therapy is not an event of this line
        lines = lines.filter(
            pl.col("next_start_day").is_null() | (pl.col("dead_day") < pl.col("next_start_day")).fill_null(True)
        )
    return deaths(lines)
