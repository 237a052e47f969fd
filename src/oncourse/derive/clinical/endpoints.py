"""Time-to-event endpoints per patient and per line of therapy, each with its reason and source row.

Censoring: EMA guideline on methodological considerations for using PFS or DFS (EMA/CHMP/27994/2008, appendix 1):
treatment policy, an event counts whatever was missed or started before it. FDA guidance on endpoints for cancer
drugs (2018, table A): censored before two or more missed visits and before new anticancer therapy.
"""

from __future__ import annotations

import polars as pl

from oncourse.derive.clinical.endpoint_base import (
    EndpointParams,
    EndpointTables,
    contacts,
    deaths,
    deaths_by_cause,
    exclude,
    free_of_progression,
    make,
)
from oncourse.derive.clinical.people import VitalStatus, died_unseen, vital_status
from oncourse.derive.clinical.people import people as known_people
from oncourse.derive.clinical.progression import (
    imaging_endpoints,
    psa_endpoints,
    response_duration,
    second_progression,
)
from oncourse.derive.clinical.recurrence import advanced_disease, never_free, with_recurrence
from oncourse.derive.clinical.tte import records
from oncourse.facts.days import entry_days, landmark_days
from oncourse.facts.endpoints import (
    BONE,
    DEATH,
    ENDPOINTS,
    NEXT_LINE,
    OF_CANCER,
    OF_OTHERS,
    RECURRENCE,
    REPORTED,
    SECOND_PRIMARY,
    SOFT,
    STOP,
    endpoints_of,
)

TTE_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "endpoint": pl.String,
    "origin_day": pl.Int64,
    "entry_day": pl.Int64,
    "time_days": pl.Int64,
    "is_event": pl.Boolean,
    "event_or_reason": pl.String,
    "source_table": pl.String,
    "source_row": pl.Int64,
    "end_day": pl.Int64,
    "entry_days": pl.Int64,
    "is_competing": pl.Boolean,
    "last_negative_day": pl.Int64,
    "first_positive_day": pl.Int64,
    "status_24m": pl.String,
}
#: Why a death has neither CSS nor, without a recurrence, TTR.
NO_CAUSE = "the cause of death is not known"
#: Why somebody has no endpoint that a death ends or competes with.
UNTOLD_DEATH = pl.col("status_word") + ": whether they died by then is not known"
EXCLUDED_SCHEMA = {"patient_id": pl.String, "line": pl.Int64, "endpoint": pl.String, "reason": pl.String}


def endpoint_table(data: EndpointTables, params: EndpointParams | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the time-to-event records (`TTE_SCHEMA`) and who has none, with the reason (`EXCLUDED_SCHEMA`).

    ``line`` is null for endpoints of the study (from `endpoints.origin`); the others start with their line. An
    endpoint whose tables are missing is not made at all. ``entry_days`` is counted as time_days, 0 from the origin on:
    the patient is at risk in (entry_days, time_days]; a record that ends by entry is left out and listed.
    ``last_negative_day`` and ``first_positive_day`` bracket an imaging event. ``status_24m`` (OS): dead, alive, or
    unknown where follow-up is shorter.
    """
    params = params or EndpointParams()
    people = known_people(data.follow_up, data.samples if params.entry == "auto" else None)
    excluded: list[pl.DataFrame] = []
    parts: list[pl.DataFrame] = []
    study = _study_origins(data, people, params, excluded)
    parts += _survival(study, people, "OS", params, excluded)
    parts += _cancer_survival(study, people, params, excluded)
    parts += _recurrence(study, people, data, params, excluded)
    lines = data.lines.join(people, on="patient_id", how="left", maintain_order="left").with_columns(
        pl.col("start_day").alias("origin_day")
    )
    if lines.is_empty():
        parts += _reported_progression(study, people, params, excluded)
    else:
        lines, followed = _observed(lines, excluded)
        parts += _survival(followed, people, "OS", params, excluded)
        parts += _next_treatment(followed, params)
        parts += _on_treatment(followed, params)
        imaging = imaging_endpoints(lines, data, params)
        parts += imaging + second_progression(lines, imaging, params)
        parts += psa_endpoints(lines, data, params, excluded)
        parts += response_duration(lines, data, params, excluded)
        parts = _without_deaths(parts, vital_status(people, params.max_unknown_status, data.patients.height), excluded)
    table = (
        pl.concat([p.select(pl.col(n).cast(t) for n, t in _columns().items()) for p in parts])
        if parts
        else pl.DataFrame(schema=_columns())
    )
    table = _finish(table, params, excluded)
    left_out = pl.concat(excluded) if excluded else pl.DataFrame(schema=EXCLUDED_SCHEMA)
    return table, left_out.unique().sort("patient_id", "line", "endpoint", "reason", nulls_last=False)


def _columns() -> dict[str, type[pl.DataType]]:
    computed = ("entry_days", "status_24m")
    return {n: t for n, t in TTE_SCHEMA.items() if n not in computed}  # type: ignore[misc]


def _study_origins(
    data: EndpointTables, people: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]
) -> pl.DataFrame:
    everyone = data.patients.select("patient_id")
    exclude(excluded, everyone.join(people, on="patient_id", how="anti"), "all", "no row in follow_up")
    origins = people.with_columns(pl.lit(None, pl.Int64).alias("line"), pl.lit(0, pl.Int64).alias("origin_day"))
    if params.origin == "surgery":
        surgery = (
            data.procedures.filter(pl.col("kind").str.to_lowercase() == "primary_resection")
            .group_by("patient_id")
            .agg(pl.col("day").min().alias("origin_day"))
        )
        origins = origins.drop("origin_day").join(surgery, on="patient_id", how="left", maintain_order="left")
        none = origins.filter(pl.col("origin_day").is_null())
        exclude(excluded, none, "all", "no primary resection in procedures: no origin")
        origins = origins.filter(pl.col("origin_day").is_not_null())
    late = origins.filter(pl.col("last_contact_day") < pl.col("origin_day"))
    exclude(excluded, late, "all", pl.format("last contact (day {}) before the origin", "last_contact_day"))
    return origins.filter(~(pl.col("last_contact_day") < pl.col("origin_day")).fill_null(False))


def _observed(lines: pl.DataFrame, excluded: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines somebody can have been observed on, and those of them with a day of last contact.

    Without that day PSA and scans still tell their own progression, censored at the last of them; nothing that ends at
    the last contact can be told.
    """
    unknown = lines.filter(pl.col("last_contact_day").is_null())
    for endpoint in ("OS", "TTNT", "TTNTD", "TOT"):
        exclude(excluded, unknown, endpoint, "no day of last contact in follow_up")
    before = (pl.col("last_contact_day") < pl.col("start_day")).fill_null(False)
    exclude(
        excluded, lines.filter(before), "all", pl.format("last contact (day {}) before the line", "last_contact_day")
    )
    observed = lines.filter(~before)
    return observed, observed.filter(pl.col("last_contact_day").is_not_null())


def _without_deaths(parts: list[pl.DataFrame], status: VitalStatus, excluded: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Drop the end points of lines that death is an event of, where nobody's vital status is known.

    TTP and TTPP stay, for death is no event of theirs.
    """
    if not status.is_of_nobody:
        return parts
    kept = []
    for part in parts:
        of_death = [name for name, endpoint in ENDPOINTS.items() if endpoint.needs_deaths and endpoint.level == "line"]
        is_of_death = part["endpoint"].is_in(of_death) & part["line"].is_not_null()
        for (endpoint,), rows in part.filter(is_of_death).group_by("endpoint", maintain_order=True):
            exclude(excluded, rows, str(endpoint), f"death is an event of it, and {status.refusal}")
        kept.append(part.filter(~is_of_death))
    return kept


def _survival(
    origins: pl.DataFrame,
    people: pl.DataFrame,
    endpoint: str,
    params: EndpointParams,
    excluded: list[pl.DataFrame],
) -> list[pl.DataFrame]:
    """Overall survival of those whose vital status is known; of nobody where it is unknown for too many."""
    if origins.is_empty():
        return []
    status = vital_status(people, params.max_unknown_status)
    told = pl.lit(status.is_told)
    known = pl.col("is_status_known") & told
    reason = (
        pl.when(told)
        .then(pl.col("status_word") + ": no overall survival")
        .otherwise(pl.lit(f"no overall survival: {status.refusal}"))
    )
    exclude(excluded, origins.filter(~known), endpoint, reason)
    # whoever had died before the sample that leads into the study could not be in it
    late = pl.when(pl.col("sampled_day") > pl.col("origin_day")).then("sampled_day")
    origins = origins.filter(known).with_columns(pl.coalesce("entry_day", late).alias("entry_day"))
    if origins.is_empty():
        return []
    ends_it = {DEATH: deaths(origins), **deaths_by_cause(origins)}
    return [make(endpoint, origins, ends_it, [contacts(origins)], params)]


def _cancer_survival(
    study: pl.DataFrame, people: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]
) -> list[pl.DataFrame]:
    """Cancer-specific survival (DATECAN: death of the same cancer), where a cause of death is recorded at all."""
    if study.filter(pl.col("dead_day").is_not_null() & pl.col("cause_of_death").is_in(["cancer", "other"])).is_empty():
        return []
    unknown = _of_unknown_cause(study).filter("is_status_known")
    exclude(excluded, unknown, "CSS", NO_CAUSE)
    known = study.join(unknown.select("patient_id"), on="patient_id", how="anti")
    return [
        table.with_columns(
            pl.when("is_competing").then(pl.lit(OF_OTHERS)).otherwise("event_or_reason").alias("event_or_reason")
        )
        for table in _survival(known, people, "CSS", params, excluded)
    ]


def survival_bounds(data: EndpointTables, params: EndpointParams) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Return overall survival of the study in the best and the worst case of the patients of unknown status.

    Best: they live to the end of everybody's follow-up; worst: they die on the day of last contact (without one, on day
    0). Whatever became of them lies between. None where nobody's status is unknown, or where it is of too many (then
    overall survival is not told at all).
    """
    people = known_people(data.follow_up, data.samples if params.entry == "auto" else None)
    status = vital_status(people, params.max_unknown_status)
    if status.n_unknown == 0 or not status.is_told:
        return None
    unknown, seen = ~pl.col("is_status_known"), pl.col("last_contact_day")
    end = people.select(pl.max_horizontal(seen.max(), pl.col("dead_day").max())).item()
    ends = {  # last contact and death of the unknown
        "best": (pl.lit(end), pl.lit(None, pl.Int64)),
        "worst": (seen.fill_null(0), seen.fill_null(0)),
    }
    tables = []
    for last, death in ends.values():
        case = people.with_columns(
            pl.when(unknown).then(last).otherwise("last_contact_day").alias("last_contact_day"),
            pl.when(unknown).then(death).otherwise("dead_day").alias("dead_day"),
            pl.lit(True).alias("is_status_known"),
        )
        ignored: list[pl.DataFrame] = []
        origins = _study_origins(data, case, params, ignored)
        parts = [
            p.select(pl.col(n).cast(t) for n, t in _columns().items())
            for p in _survival(origins, case, "OS", params, ignored)
        ]
        tables.append(_finish(pl.concat(parts), params, ignored))
    return tables[0], tables[1]


def recurrence_endpoints(data: EndpointTables, params: EndpointParams) -> pl.DataFrame:
    """Return the records of the endpoints of recurrence alone, as of `endpoint_table`, from the origin of `params`."""
    people = known_people(data.follow_up, data.samples if params.entry == "auto" else None)
    ignored: list[pl.DataFrame] = []
    origins = _study_origins(data, people, params, ignored)
    parts = _recurrence(origins, people, data, params, ignored)
    if not parts:
        return pl.DataFrame(schema=TTE_SCHEMA)
    return _finish(
        pl.concat([p.select(pl.col(n).cast(t) for n, t in _columns().items()) for p in parts]), params, ignored
    )


def _recurrence(
    origins: pl.DataFrame,
    people: pl.DataFrame,
    data: EndpointTables,
    params: EndpointParams,
    excluded: list[pl.DataFrame],
) -> list[pl.DataFrame]:
    """Make the endpoints of recurrence; what that is: `oncourse.derive.clinical.recurrence`."""
    recorded = pl.col("recurrence_day").is_not_null() | pl.col("recurrence_free_day").is_not_null()
    found = with_recurrence(origins, data.lesions)
    has_any = found.select((recorded | (pl.col("rec_day") > pl.col("origin_day"))).any()).item()
    if found.is_empty() or not has_any:
        return []
    present = (pl.col("rec_day") <= pl.col("origin_day")).fill_null(False)
    for endpoint in endpoints_of("recurrence"):
        exclude(
            excluded,
            found.filter(present),
            endpoint,
            pl.format("disease beyond the primary on day {}, not after the origin: never disease-free", "rec_day"),
        )
    found = _ever_free(found.filter(~present), data, excluded)
    unknown = _untold_deaths(found, people, params, excluded)
    event = records(found, day="rec_day", reason="recurrence", source_table=pl.col("rec_table"), source_row="rec_row")
    second = records(
        found.filter((pl.col("second_primary") == "same") & (pl.col("second_primary_day") > pl.col("origin_day"))),
        day="second_primary_day",
        reason="second primary of the same organ",
        source_table="follow_up",
        source_row="fu_row",
    )
    free = records(
        found,
        day="recurrence_free_day",
        reason="known free of recurrence",
        source_table="follow_up",
        source_row="fu_row",
    )
    unseen = found.filter(pl.col("recurrence_free_day").is_null())
    censors = [free, contacts(unseen, "last contact, no recurrence recorded")]
    told = {RECURRENCE: event, SECOND_PRIMARY: second, DEATH: deaths(found), **deaths_by_cause(found)}
    dying = found.join(unknown, on="patient_id", how="anti")
    causeless = _causeless(found, event, excluded)
    those = {True: dying, False: found.join(causeless, on="patient_id", how="anti")}
    of_no_organ = _second_of_no_organ(found, excluded)
    tables = []
    for name, asked in endpoints_of("recurrence").items():
        rows = those[asked.needs_deaths]
        if SECOND_PRIMARY in asked.events:
            rows = rows.join(of_no_organ, on="patient_id", how="anti")
        if rows.height:
            tables.append(make(name, rows, told, censors, params))
    free_until = pl.when(~(pl.col("recurrence_free_day") > pl.col("rec_day")).fill_null(False)).then(
        "recurrence_free_day"
    )
    seen = found.select("patient_id", "line", free_until.alias("_neg"), "rec_day")
    return [
        t.join(seen, on=["patient_id", "line"], how="left", nulls_equal=True, maintain_order="left").with_columns(
            pl.col("_neg").alias("last_negative_day"),
            pl.when((pl.col("event_or_reason") == "recurrence") & pl.col("is_event"))
            .then("rec_day")
            .alias("first_positive_day"),
        )
        for t in tables
    ]


def _causeless(found: pl.DataFrame, event: pl.DataFrame, excluded: list[pl.DataFrame]) -> pl.DataFrame:
    """Return (and list) the patients without TTR: whose death without a recurrence may be of the cancer or not, where
    causes of death are recorded at all, as of CSS; and who died without one on a day that is not known, for each death
    ends it, or competes."""
    recurred = event.select("patient_id").unique()
    unknown = _of_unknown_cause(found).join(recurred, on="patient_id", how="anti")
    undated = found.filter(died_unseen("rec_day"))
    for name, endpoint in endpoints_of("recurrence").items():
        if OF_CANCER in endpoint.events:
            exclude(excluded, unknown, name, NO_CAUSE)
            exclude(excluded, undated, name, UNTOLD_DEATH)
    return pl.concat([unknown.select("patient_id"), undated.select("patient_id")])


def _of_unknown_cause(people: pl.DataFrame) -> pl.DataFrame:
    """Return the dead whose cause of death is not known; nobody where no cause is recorded of anybody."""
    dead, cause = pl.col("dead_day").is_not_null(), pl.col("cause_of_death")
    is_told = people.select((dead & cause.is_in(["cancer", "other"])).any()).item()
    return people.filter(dead & (cause.is_null() | (cause == "unknown")) & pl.lit(bool(is_told)))


def _ever_free(found: pl.DataFrame, data: EndpointTables, excluded: list[pl.DataFrame]) -> pl.DataFrame:
    """Leave out (and list) patients of whom no recurrence and no day free of one is recorded, while their treatment,
    target lesions or stage say that there was disease beyond the primary: free of it they are not known to be."""
    shown = advanced_disease(data.lines, data.visits, data.patients)
    rows = found.join(shown, on="patient_id", how="left", maintain_order="left")
    rows = rows.with_columns(never_free().alias("_why"))
    for endpoint in endpoints_of("recurrence"):
        exclude(excluded, rows.filter(pl.col("_why").is_not_null()), endpoint, pl.col("_why"))
    return rows.filter(pl.col("_why").is_null()).drop("adv_day", "adv_word", "is_stage_iv", "_why")


def _second_of_no_organ(found: pl.DataFrame, excluded: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the patients without the endpoints that a second primary of the same organ is an event of: theirs, before
    any recurrence, is of an organ that is not told."""
    day = pl.col("second_primary_day")
    first = (day > pl.col("origin_day")) & ((pl.col("rec_day") > day) | pl.col("rec_day").is_null())
    out = found.filter(pl.col("second_primary").is_null() & first)
    reason = pl.format(
        "a second primary on day {} of an organ that is not told: whether it is an event is not known", day
    )
    for name, endpoint in endpoints_of("recurrence").items():
        if SECOND_PRIMARY in endpoint.events:
            exclude(excluded, out, name, reason)
    return out.select("patient_id")


def _untold_deaths(
    found: pl.DataFrame, people: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]
) -> pl.DataFrame:
    """Return the patients without the endpoints that death is an event of: whether they died by last contact is not
    known.

    A recurrence or a day known free of it needs no vital status. Where these are more than
    `endpoints.max_unknown_status`, only events would be left: nobody has the end points.
    """
    second = (pl.col("second_primary") == "same").fill_null(False) & pl.col("second_primary_day").is_not_null()
    dated = pl.any_horizontal(pl.col("rec_day", "recurrence_free_day").is_not_null()) | second
    untold = found.filter(~pl.col("is_status_known") & ~dated)
    out, reason = untold, UNTOLD_DEATH
    if untold.height > params.max_unknown_status * found.height:
        out = found
        reason = pl.lit(
            f"vital status is unknown in {untold.height} of {found.height} patients without recurrence, more "
            f"than the {100 * params.max_unknown_status:g} % of endpoints.max_unknown_status"
        )
    for name, endpoint in endpoints_of("recurrence").items():
        if endpoint.needs_deaths:
            exclude(excluded, out, name, reason)
    return out.select("patient_id")


def _reported_progression(
    study: pl.DataFrame, people: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]
) -> list[pl.DataFrame]:
    """PFS and TTP of the study from follow_up.progression_day and progression_free_day, where no treatments are."""
    if study["progression_day"].is_null().all() and study["progression_free_day"].is_null().all():
        return []
    early = (pl.col("progression_day") < pl.col("origin_day")).fill_null(False)
    names = [name for name, endpoint in endpoints_of("imaging").items() if BONE not in endpoint.events]
    for name in names:
        exclude(
            excluded, study.filter(early), name, pl.format("progression on day {} before the origin", "progression_day")
        )
    study = study.filter(~early)
    event = records(study, day="progression_day", reason=REPORTED, source_table="follow_up", source_row="fu_row")
    told = {SOFT: event.clear(), REPORTED: event, DEATH: deaths(study)}
    return [make(name, study, told, free_of_progression(study), params) for name in names]


def _next_treatment(lines: pl.DataFrame, params: EndpointParams) -> list[pl.DataFrame]:
    starts = lines.select("patient_id", pl.col("start_day").alias("next_start_day"), pl.col("source_row").alias("_row"))
    known = lines.drop("source_row").join(
        starts.unique(["patient_id", "next_start_day"], keep="first", maintain_order=True),
        on=["patient_id", "next_start_day"],
        how="left",
        maintain_order="left",
    )
    event = records(known, day="next_start_day", reason=NEXT_LINE, source_table="treatments", source_row="_row")
    told = {NEXT_LINE: event, DEATH: deaths(lines)}
    return [make(name, lines, told, [contacts(lines)], params) for name in endpoints_of("next treatment")]


def _on_treatment(lines: pl.DataFrame, params: EndpointParams) -> list[pl.DataFrame]:
    """TOT: time on the line's treatment, where any line says when it stopped."""
    if lines["stop_day"].is_null().all():
        return []
    until = pl.min_horizontal("stop_day", "next_start_day")
    stopped = pl.col("stop_day").is_not_null() & (pl.col("stop_day") == until)
    word = pl.when(stopped).then(pl.lit("treatment stopped")).otherwise(pl.lit("next line"))
    ended = lines.with_columns(until.alias("_until"), word.alias("_word")).filter(
        pl.col("_until") >= pl.col("origin_day")
    )
    event = records(ended, day="_until", reason=pl.col("_word"), source_table="treatments", source_row="source_row")
    told, last = {STOP: event, DEATH: deaths(lines)}, contacts(lines, "still on treatment at last contact")
    return [make(name, lines, told, [last], params) for name in endpoints_of("treatment")]


def _finish(table: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]) -> pl.DataFrame:
    """Add entry and landmark status; leave out (and list) records that end before the patient was observed."""
    late = pl.col("entry_day") > pl.col("origin_day")
    before = (late & (pl.col("end_day") <= pl.col("entry_day"))).fill_null(False)
    gone = table.filter(before)
    if gone.height:
        text = pl.format("ended on day {}, not after entry on day {}: never observed at risk", "end_day", "entry_day")
        excluded.append(gone.select("patient_id", "line", "endpoint", text.alias("reason")))
    landmark = landmark_days(params.status_months, first_day=params.count_first_day)
    status = (
        pl.when(pl.col("endpoint") != "OS")
        .then(None)
        .when(pl.col("is_event") & (pl.col("time_days") <= landmark))
        .then(pl.lit("dead"))
        .when(pl.col("time_days") >= landmark)
        .then(pl.lit("alive"))
        .otherwise(pl.lit("unknown"))
    )
    return (
        table.filter(~before)
        .with_columns(
            status.alias("status_24m"),
            entry_days("entry_day", "origin_day", first_day=params.count_first_day).alias("entry_days"),
        )
        .select(pl.col(n).cast(t) for n, t in TTE_SCHEMA.items())
        .sort("patient_id", "line", "endpoint")
    )
