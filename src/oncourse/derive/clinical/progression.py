"""Progression per line of therapy: imaging (PFS, rPFS, TTP), PSA (PSA_PFS, TTPP), duration of response."""

from __future__ import annotations

import polars as pl

from oncourse.derive.clinical.endpoint_base import (
    EndpointParams,
    EndpointTables,
    confirmed_in_time,
    contacts,
    deaths,
    exclude,
    fda_deaths,
    free_of_progression,
    make,
    over_lines,
)
from oncourse.derive.clinical.response import ADEQUATE
from oncourse.derive.clinical.target_lesions import TREATED
from oncourse.derive.clinical.tte import NO_ASSESSMENT, records
from oncourse.facts.endpoints import (
    BONE,
    DEATH,
    END_OF_RESPONSE,
    ON_NEXT_LINE,
    PSA_RISE,
    REPORTED,
    SOFT,
    endpoints_of,
)


def imaging_endpoints(lines: pl.DataFrame, data: EndpointTables, params: EndpointParams) -> list[pl.DataFrame]:
    """Make the endpoints of imaging from the visits; from follow_up.progression_day for patients without any."""
    reported = lines.select(pl.col("progression_day", "progression_free_day").is_not_null().any()).to_numpy().any()
    if data.visits.is_empty() and data.bone.is_empty() and not reported:
        return []
    visits = data.visits.filter(pl.col("overall").is_not_null()).with_columns(
        pl.col("overall").is_in([*ADEQUATE, "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iCPD", "iUPD"]).alias("_ok")
        # what is left of the disease was looked at: no response can be told, and no progression was seen
        | pl.col("resolution").str.starts_with(TREATED).fill_null(False)
    )
    scanned = pl.concat([data.visits.select("patient_id"), data.bone.select("patient_id")]).unique()
    soft = visits.filter("_ok").select(
        "patient_id",
        "line",
        "day",
        (
            pl.col("overall").is_in(["PD", "iCPD"])
            | ((pl.col("overall") == "iUPD") & pl.col("progression_day").is_not_null())
        ).alias("is_pd"),
        pl.coalesce("progression_day", "day").alias("pd_day"),
        pl.lit("progression (RECIST)").alias("reason"),
        "source_table",
        "source_row",
    )
    bone = data.bone.filter(pl.col("bone") != "NE")
    told_late = bone.filter(pl.col("bone") == "PD").join(
        confirmed_in_time(lines, bone.filter(pl.col("bone") == "PD"), params),
        on=["patient_id", "line", "day"],
        how="anti",
    )
    bone = bone.join(
        told_late.select("patient_id", "line", "day", pl.lit(True).alias("_late")),
        on=["patient_id", "line", "day"],
        how="left",
        maintain_order="left",
    ).with_columns(pl.when(pl.col("_late")).then(pl.lit("PDu")).otherwise("bone").alias("bone"))
    bone = bone.select(
        "patient_id",
        "line",
        "day",
        (pl.col("bone") == "PD").alias("is_pd"),
        pl.coalesce("progression_day", "day").alias("pd_day"),
        pl.lit("progression (bone, 2+2)").alias("reason"),
        pl.lit("assessments").alias("source_table"),
        "source_row",
    )
    unseen = lines.join(scanned, on="patient_id", how="anti")
    clinical = lines if params.clinical_progression else unseen
    told = over_lines(
        lines,
        clinical.select("patient_id", "progression_day", "fu_row").unique(["patient_id"]),
        "progression_day",
        params,
    )
    claim = records(
        told,
        day="progression_day",
        reason=REPORTED,
        source_table="follow_up",
        source_row="fu_row",
    )
    no_scans = data.visits.is_empty() and data.bone.is_empty()
    # in a study with scans the last contact of somebody never scanned says nothing; a day known free of progression
    # does
    contact = free_of_progression(unseen)[: None if no_scans else 1]
    why = _nothing_adequate(lines, data)
    looks = {SOFT: soft, BONE: bone}
    tables = []
    for name, endpoint in endpoints_of("imaging").items():
        if no_scans and BONE in endpoint.events:  # what a source records without scans is progression by its own rule
            continue
        seen = {event: over_lines(lines, looks[event], "day", params) for event in endpoint.events if event in looks}
        progression = {
            event: _seen_at(rows.filter("is_pd"), "pd_day", pl.col("reason")) for event, rows in seen.items()
        }
        every = pl.concat(seen.values())
        looked = _seen_at(every, "day", "last adequate assessment")
        ends_it = {**progression, REPORTED: claim, DEATH: fda_deaths(lines, params)}
        table = make(name, lines, ends_it, [looked, *contact], params)
        table = (
            table.join(why, on=["patient_id", "line"], how="left", maintain_order="left")
            .with_columns(
                pl.when(pl.col("event_or_reason") == NO_ASSESSMENT)
                .then(pl.coalesce("_why", "event_or_reason"))
                .otherwise("event_or_reason")
                .alias("event_or_reason")
            )
            .drop("_why")
        )
        table = _brackets(table, every)
        if params.censoring == "fda":
            table = _fda(table, lines, data.visits, params)
        tables.append(table)
    return tables


def _seen_at(rows: pl.DataFrame, day: str, reason: str | pl.Expr) -> pl.DataFrame:
    return records(rows, day=day, reason=reason, source_table=pl.col("source_table"), source_row="source_row")


def _nothing_adequate(lines: pl.DataFrame, data: EndpointTables) -> pl.DataFrame:
    """Return patient_id, line, _why: what was wrong with the visits of a line of which none is adequate."""
    none = pl.col("resolution").str.starts_with("no baseline").any()
    why = (
        pl.when(none)
        .then(pl.lit("no baseline of the target lesions"))
        .otherwise(pl.lit("no evaluable assessment after the origin"))
    )
    later = data.visits.join(lines.select("patient_id", "line", "start_day"), on=["patient_id", "line"])
    return later.filter(pl.col("day") > pl.col("start_day")).group_by("patient_id", "line").agg(why.alias("_why"))


def second_progression(lines: pl.DataFrame, imaging: list[pl.DataFrame], params: EndpointParams) -> list[pl.DataFrame]:
    """PFS2, from the start of this line.

    Progression on the next line is that of its rPFS (bone counts too; without any scan in the study of its PFS, as the
    source records it); a next line without it censors there, and without a next line nobody can have had it: censored
    at last contact.
    """
    tables = {t["endpoint"][0]: t for t in imaging if t.height}
    progressions = tables.get("rPFS", tables.get("PFS"))
    if progressions is None or lines["next_start_day"].is_null().all():
        return []
    starts = lines.select("patient_id", pl.col("line").alias("_next"), pl.col("start_day").alias("next_start_day"))
    ends = progressions.select(
        "patient_id",
        pl.col("line").alias("_next"),
        "end_day",
        "is_event",
        "event_or_reason",
        "source_table",
        pl.col("source_row").alias("_row"),
    )
    here = lines.join(starts, on=["patient_id", "next_start_day"], how="left", maintain_order="left")
    here = here.join(ends, on=["patient_id", "_next"], how="left", maintain_order="left")
    told = {"day": "end_day", "source_table": pl.col("source_table"), "source_row": "_row"}
    happened = records(here.filter("is_event"), reason=pl.format("next line: {}", "event_or_reason"), **told)  # type: ignore[arg-type]
    open_ = here.filter(pl.col("is_event").is_not_null() & ~pl.col("is_event"))
    free = records(open_, reason=pl.format("next line: {}", "event_or_reason"), **told)  # type: ignore[arg-type]
    alone = here.filter(pl.col("_next").is_null())
    ends_told = {ON_NEXT_LINE: happened, DEATH: deaths(alone)}
    censors = [free, contacts(alone, "no next line by last contact")]
    return [make(name, lines, ends_told, censors, params) for name in endpoints_of("next line")]


def _brackets(table: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Add the last adequate visit without progression before the end, and the first with it."""
    keys = ["patient_id", "line"]
    negative = (
        seen.filter(~pl.col("is_pd"))
        .join(table.select(*keys, "end_day"), on=keys)
        .filter(pl.col("day") <= pl.col("end_day"))
        .group_by(keys)
        .agg(pl.col("day").max().alias("_negative"))
    )
    return (
        table.join(negative, on=keys, how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("_negative", "origin_day").alias("last_negative_day"),
            pl.when("is_event").then("end_day").alias("first_positive_day"),
        )
        .drop("_negative")
    )


def _fda(table: pl.DataFrame, lines: pl.DataFrame, visits: pl.DataFrame, params: EndpointParams) -> pl.DataFrame:
    """Censor before missed visits, and on day 1 without a baseline (FDA 2018, table A)."""
    keys = ["patient_id", "line"]
    no_base = (
        visits.filter(pl.col("basis") != "reported")
        .group_by(keys)
        .agg(
            (pl.col("n_target") == 0).all().fill_null(False).alias("_no_base"),
            pl.col("n_target").max().alias("_n"),
        )
        .filter(pl.col("_no_base") & pl.col("_n").is_not_null())
        .select(*keys, "_no_base")
    )
    new_line = lines.select(*keys, "next_start_day")
    table = table.join(no_base, on=keys, how="left", maintain_order="left").join(
        new_line, on=keys, how="left", maintain_order="left"
    )
    last = pl.col("last_negative_day")
    gap = pl.col("end_day") - last
    missed = pl.lit(False)
    if params.scan_interval_days is not None:
        allowed = params.missed_visits * params.scan_interval_days + 2 * params.visit_window_days
        missed = (pl.col("is_event") | pl.col("is_competing")) & (gap > allowed)
    cut = pl.col("_no_base").fill_null(False) | missed
    end = pl.when(pl.col("_no_base").fill_null(False)).then("origin_day").otherwise(last)
    word = (
        pl.when(pl.col("_no_base").fill_null(False))
        .then(pl.lit("no baseline assessment"))
        .when(missed)
        .then(pl.format("{} missed visits or more before {}", pl.lit(params.missed_visits), "event_or_reason"))
        .when(~pl.col("is_event") & pl.col("next_start_day").is_not_null())
        .then(pl.lit("new anticancer therapy: last adequate assessment before it"))
        .otherwise("event_or_reason")
    )
    return (
        table.with_columns(
            word.alias("event_or_reason"),
            pl.when(cut).then(end).otherwise("end_day").alias("end_day"),
            pl.when(cut).then(False).otherwise("is_event").alias("is_event"),
            pl.when(cut).then(False).otherwise("is_competing").alias("is_competing"),
            pl.when(cut).then(None).otherwise("first_positive_day").alias("first_positive_day"),
        )
        .with_columns((pl.col("end_day") - pl.col("origin_day") + int(params.count_first_day)).alias("time_days"))
        .drop("_no_base", "next_start_day")
    )


def psa_endpoints(
    lines: pl.DataFrame, data: EndpointTables, params: EndpointParams, excluded: list[pl.DataFrame]
) -> list[pl.DataFrame]:
    """Make the endpoints of confirmed PSA progression, censored at the last PSA."""
    if data.psa.is_empty():
        return []
    measured = data.psa.filter(pl.col("last_psa_day").is_not_null()).select("patient_id", "line")
    if measured.is_empty():  # a study without PSA has no such endpoint, and nobody is left out of it
        return []
    known = lines.join(measured, on=["patient_id", "line"], how="semi")
    for name in endpoints_of("PSA"):
        exclude(excluded, lines.join(measured, on=["patient_id", "line"], how="anti"), name, "no PSA value")
    if known.is_empty():
        return []
    # ema: what the line's values show whatever treatment followed; fda: what they showed up to it
    judged = data.psa if params.censoring == "fda" or data.psa_followed is None else data.psa_followed
    rises = judged.filter(pl.col("progression_status") == "confirmed").select(
        "patient_id",
        "line",
        "progression_day",
        "progression_row",
        pl.col("progression_confirmed_day").alias("confirmed_day"),
    )
    rises = confirmed_in_time(lines, rises, params)
    event = records(
        over_lines(known, rises, "progression_day", params),
        day="progression_day",
        reason=PSA_RISE,
        source_table="labs",
        source_row="progression_row",
    )
    values = judged.select("patient_id", "line", "last_psa_day", "last_psa_row").drop_nulls("last_psa_day")
    censor = records(
        over_lines(known, values, "last_psa_day", params),
        day="last_psa_day",
        reason="last PSA",
        source_table="labs",
        source_row="last_psa_row",
    )
    told = {PSA_RISE: event, DEATH: fda_deaths(known, params)}
    return [make(name, known, told, [censor], params, "no PSA after the start") for name in endpoints_of("PSA")]


def response_duration(
    lines: pl.DataFrame, data: EndpointTables, params: EndpointParams, excluded: list[pl.DataFrame]
) -> list[pl.DataFrame]:
    """DOR of the confirmed responders, from `oncourse.derive.response.best_response`."""
    best = data.best.filter(pl.col("response_day").is_not_null())
    known = lines.drop("source_row", "origin_day", "progression_day", "progression_free_day").join(
        best.select("patient_id", "line", "response_day", "duration_days", "duration_censored", "duration_end"),
        on=["patient_id", "line"],
    )
    after = (pl.col("response_day") > pl.col("dead_day")).fill_null(False)
    text = pl.format("response on day {} after death on day {}", "response_day", "dead_day")
    exclude(excluded, known.filter(after), "DOR", text)
    known = known.filter(~after)
    if known.is_empty():
        return []
    known = known.with_columns(
        pl.col("response_day").alias("origin_day"),
        (pl.col("response_day") + pl.col("duration_days") - 1).alias("_end"),
    )
    is_death = pl.col("duration_end") == "death"
    table = pl.when(is_death).then(pl.lit("follow_up")).otherwise(pl.lit("assessments"))
    row = pl.when(is_death).then("fu_row")
    done = known.filter(~pl.col("duration_censored"))
    open_ = known.filter("duration_censored")
    events = records(done, day="_end", reason=pl.col("duration_end"), source_table=table, source_row=row)
    censors = records(open_, day="_end", reason=pl.col("duration_end"), source_table=table, source_row=row)
    return [make(name, known, {END_OF_RESPONSE: events}, [censors], params) for name in endpoints_of("response")]


def progressed_on_last_line(
    lines: pl.DataFrame, psa: pl.DataFrame, best: pl.DataFrame, bone: pl.DataFrame
) -> frozenset[str]:
    """Return the patients with a progression on the last line they began: of PSA, confirmed, of soft tissue, or of bone.

    Parameters
    ----------
    psa, best, bone : `oncourse.derive.clinical.psa.psa_table`, `response.best_response`, `bone.bone_visits`
    """
    last = lines.sort("patient_id", "start_day", "line").group_by("patient_id").agg(pl.col("line").last())
    confirmed = psa.filter(pl.col("progression_status") == "confirmed")
    seen = [confirmed, *(t.filter(pl.col("progression_day").is_not_null()) for t in (best, bone))]
    found = pl.concat([t.select("patient_id", pl.col("line").cast(pl.Int64)) for t in seen])
    return frozenset(last.join(found, on=["patient_id", "line"], how="semi")["patient_id"])
