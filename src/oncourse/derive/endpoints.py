"""Time-to-event endpoints per patient and per line of therapy, each with its reason and source row.

Censoring: EMA guideline on methodological considerations for using PFS or DFS (EMA/CHMP/27994/2008, appendix 1):
treatment policy, an event counts whatever was missed or started before it. FDA guidance on endpoints for cancer
drugs (2018, table A): censored before two or more missed visits and before new anticancer therapy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.derive.psa import PSA_SCHEMA
from oncourse.derive.response import ADEQUATE, BEST_SCHEMA
from oncourse.derive.tte import RECORD, records, time_to_event
from oncourse.study.settings import section, setting

#: Days of a month (365.25 / 12).
MONTH_DAYS = 30.4375
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
EXCLUDED_SCHEMA = {"patient_id": pl.String, "line": pl.Int64, "endpoint": pl.String, "reason": pl.String}
#: What each endpoint is.
ENDPOINTS = {
    "OS": "death of any cause",
    "DFS": "recurrence or death",
    "RFS": "recurrence or death (as DFS: the tables hold no second primaries)",
    "TTR": "recurrence; death without recurrence competes",
    "PFS": "RECIST progression or death",
    "rPFS": "soft-tissue progression, confirmed bone progression or death",
    "TTP": "RECIST progression; death competes",
    "PSA_PFS": "confirmed PSA progression or death",
    "TTPP": "confirmed PSA progression; death competes",
    "TTNT": "start of the next line; death competes",
    "TTNTD": "start of the next line or death",
    "DOR": "progression or death, from the first day of a confirmed response",
}


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
    clinical_progression: bool = setting(
        False,
        "whether follow_up.progression_day counts as PFS event where scans exist (FDA table C)",
        source="FDA Clinical Trial Endpoints 2018, table C",
    )
    count_first_day: bool = setting(
        True, "whether time is end - origin + 1", source="CDISC ADaM time-to-event: AVAL = ADT - STARTDT + 1"
    )
    status_months: float = setting(24.0, "months of the landmark status", low=0)


@dataclass(frozen=True)
class EndpointTables:
    """What the endpoints are made of; every frame may be empty.

    follow_up, procedures, lesions, patients: as in the study; lines, psa, visits, bone, best: derived.
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


def endpoint_table(
    data: EndpointTables, params: EndpointParams | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the time-to-event records (`TTE_SCHEMA`) and who has none, with the reason (`EXCLUDED_SCHEMA`).

    ``line`` is null for endpoints of the study (from `endpoints.origin`); the others start with their line. An
    endpoint whose tables are missing is not made at all. ``entry_days`` = entry_day - origin, at least 0: the patient
    is at risk in (entry_days, time_days]; a record that ends before entry is left out and listed. ``last_negative_day``
    and ``first_positive_day`` bracket an imaging event. ``status_24m`` (OS): dead, alive, or unknown where follow-up
    is shorter.
    """
    params = params or EndpointParams()
    people = _people(data.follow_up)
    excluded: list[pl.DataFrame] = []
    parts: list[pl.DataFrame] = []
    study = _study_origins(data, people, params, excluded)
    parts += _survival(study, people, "OS", params, excluded)
    parts += _recurrence(study, people, data.lesions, params, excluded)
    lines = data.lines.join(people, on="patient_id", how="left", maintain_order="left").with_columns(
        pl.col("start_day").alias("origin_day")
    )
    if lines.is_empty():
        parts += _reported_progression(study, people, params)
    else:
        lines = _observed(lines, data, excluded)
        parts += _survival(lines, people, "OS", params, excluded)
        parts += _next_treatment(lines, params)
        parts += _imaging(lines, data, params)
        parts += _psa(lines, data, params, excluded)
        parts += _duration(lines, data, params, excluded)
    table = (
        pl.concat([p.select(pl.col(n).cast(t) for n, t in _columns().items()) for p in parts])
        if parts
        else pl.DataFrame(schema=_columns())
    )
    table = _finish(table, params, excluded)
    left_out = pl.concat(excluded) if excluded else pl.DataFrame(schema=EXCLUDED_SCHEMA)
    return table, left_out.unique().sort("patient_id", "line", "endpoint", "reason", nulls_last=False)


def tables_of(cohort: Any) -> EndpointTables:
    """Return the tables of a Cohort that the endpoints are made of; imaging only where the study has any."""
    study = cohort.study
    imaging = study.has("target_lesions") or study.has("assessments")
    return EndpointTables(
        patients=study["patients"],
        follow_up=study["follow_up"],
        procedures=study["procedures"],
        lesions=study["lesions"],
        lines=cohort.lines,
        psa=cohort.psa if study.has("labs") else pl.DataFrame(schema=PSA_SCHEMA),
        visits=cohort.recist_visits,
        bone=cohort.bone_visits,
        best=cohort.best_response if imaging else pl.DataFrame(schema=BEST_SCHEMA),
    )


def death_days(follow_up: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id and death_day of the dead; the day of last contact where no day of death is given."""
    return _people(follow_up).filter(pl.col("dead_day").is_not_null()).select(
        "patient_id", pl.col("dead_day").alias("death_day")
    )  # fmt: skip


def _columns() -> dict[str, type[pl.DataType]]:
    computed = ("entry_days", "status_24m")
    return {n: t for n, t in TTE_SCHEMA.items() if n not in computed}  # type: ignore[misc]


def _people(follow_up: pl.DataFrame) -> pl.DataFrame:
    """One row per patient: last contact, death (day of last contact where the day of death is not given), source row."""
    # a death day is a death; without one the last contact of a dead patient is the day of death (data dictionary)
    dead = pl.col("is_dead").fill_null(False) | pl.col("death_day").is_not_null()
    columns = {"entry_day": pl.Int64, "recurrence_day": pl.Int64, "recurrence_free_day": pl.Int64,
               "progression_day": pl.Int64, "death_day": pl.Int64, "is_dead": pl.Boolean}  # fmt: skip
    missing = [pl.lit(None, t).alias(n) for n, t in columns.items() if n not in follow_up.columns]
    return (
        follow_up.with_columns(missing)
        .with_row_index("fu_row", 2)
        .unique("patient_id", keep="first", maintain_order=True)
        .select(
            "patient_id", "last_contact_day", "entry_day", "recurrence_day", "recurrence_free_day", "progression_day",
            pl.when(dead).then(pl.coalesce("death_day", "last_contact_day")).alias("dead_day"),
            pl.when(pl.col("death_day").is_null()).then(pl.lit("death (day of last contact)"))
            .otherwise(pl.lit("death")).alias("death_word"),
            pl.when(pl.col("is_dead").is_null()).then(pl.lit("last contact, vital status unknown"))
            .otherwise(pl.lit("alive at last contact")).alias("alive_word"),
            pl.col("fu_row").cast(pl.Int64),
        )
    )  # fmt: skip


def _exclude(excluded: list[pl.DataFrame], frame: pl.DataFrame, endpoint: str, reason: str | pl.Expr) -> None:
    if frame.is_empty():
        return
    text = pl.lit(reason) if isinstance(reason, str) else reason
    line = pl.col("line") if "line" in frame.columns else pl.lit(None, pl.Int64)
    excluded.append(
        frame.select("patient_id", line.cast(pl.Int64).alias("line"), pl.lit(endpoint).alias("endpoint"),
                     text.cast(pl.String).alias("reason"))
    )  # fmt: skip


def _study_origins(
    data: EndpointTables, people: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]
) -> pl.DataFrame:
    everyone = data.patients.select("patient_id")
    _exclude(excluded, everyone.join(people, on="patient_id", how="anti"), "all", "no row in follow_up")
    origins = people.with_columns(
        pl.lit(None, pl.Int64).alias("line"), pl.lit(0, pl.Int64).alias("origin_day")
    )
    if params.origin == "surgery":
        surgery = (
            data.procedures.filter(pl.col("kind").str.to_lowercase() == "primary_resection")
            .group_by("patient_id")
            .agg(pl.col("day").min().alias("origin_day"))
        )
        origins = origins.drop("origin_day").join(surgery, on="patient_id", how="left", maintain_order="left")
        none = origins.filter(pl.col("origin_day").is_null())
        _exclude(excluded, none, "all", "no primary resection in procedures: no origin")
        origins = origins.filter(pl.col("origin_day").is_not_null())
    late = origins.filter(pl.col("last_contact_day") < pl.col("origin_day"))
    _exclude(excluded, late, "all", pl.format("last contact (day {}) before the origin", "last_contact_day"))
    return origins.filter(~(pl.col("last_contact_day") < pl.col("origin_day")).fill_null(False))


def _observed(lines: pl.DataFrame, data: EndpointTables, excluded: list[pl.DataFrame]) -> pl.DataFrame:
    """Drop lines that nobody can have been observed on: no follow-up row, or last contact before the start."""
    unknown = lines.filter(pl.col("last_contact_day").is_null())
    _exclude(excluded, unknown, "all", "no row in follow_up")
    before = lines.filter((pl.col("last_contact_day") < pl.col("start_day")).fill_null(False))
    _exclude(excluded, before, "all", pl.format("last contact (day {}) before the line", "last_contact_day"))
    return lines.filter(pl.col("last_contact_day") >= pl.col("start_day"))


def _deaths(origins: pl.DataFrame, *, competing: bool = False) -> pl.DataFrame:
    return records(
        origins, day="dead_day", reason=pl.col("death_word"), source_table="follow_up", source_row="fu_row",
        is_competing=competing,
    )  # fmt: skip


def _contacts(origins: pl.DataFrame, word: str | None = None) -> pl.DataFrame:
    reason: str | pl.Expr = pl.col("alive_word") if word is None else word
    return records(
        origins, day="last_contact_day", reason=reason, source_table="follow_up", source_row="fu_row"
    )


def _make(
    endpoint: str, origins: pl.DataFrame, events: list[pl.DataFrame], censors: list[pl.DataFrame],
    params: EndpointParams, no_follow_up: str = "no assessment after the origin",
) -> pl.DataFrame:  # fmt: skip
    table = time_to_event(
        origins.select("patient_id", "line", "origin_day", "entry_day"),
        events, censors,
        count_first_day=params.count_first_day, no_follow_up=no_follow_up,
    )  # fmt: skip
    return table.with_columns(
        pl.lit(endpoint).alias("endpoint"),
        pl.lit(None, pl.Int64).alias("last_negative_day"),
        pl.lit(None, pl.Int64).alias("first_positive_day"),
    )


def _survival(
    origins: pl.DataFrame,
    people: pl.DataFrame,
    endpoint: str,
    params: EndpointParams,
    excluded: list[pl.DataFrame],
) -> list[pl.DataFrame]:
    if origins.is_empty():
        return []
    return [_make(endpoint, origins, [_deaths(origins)], [_contacts(origins)], params)]


def _recurrence(
    origins: pl.DataFrame, people: pl.DataFrame, lesions: pl.DataFrame, params: EndpointParams,
    excluded: list[pl.DataFrame],
) -> list[pl.DataFrame]:  # fmt: skip
    """DFS, RFS and TTR: recurrence from follow_up, else from the first lesion found after the origin."""
    later = lesions.filter(
        pl.col("role").is_in(["metastasis", "local_recurrence"]) & pl.col("found_day").is_not_null()
    )
    rows = later.with_row_index("lesion_row", 2) if lesions.height == later.height else (
        lesions.with_row_index("lesion_row", 2).join(later.select("lesion_id"), on="lesion_id", how="semi")
    )  # fmt: skip
    rows = rows.sort("found_day", "lesion_id").group_by("patient_id", maintain_order=True).first()
    found = origins.join(
        rows.select("patient_id", "found_day", pl.col("lesion_row").cast(pl.Int64)), on="patient_id", how="left",
        maintain_order="left",
    )  # fmt: skip
    recorded = pl.col("recurrence_day").is_not_null() | pl.col("recurrence_free_day").is_not_null()
    use_lesion = ~recorded & pl.col("found_day").is_not_null()
    has_any = found.select(
        (recorded | (use_lesion & (pl.col("found_day") > pl.col("origin_day")))).any()
    ).item()
    if found.is_empty() or not has_any:
        return []
    found = found.with_columns(
        pl.when(use_lesion).then("found_day").otherwise("recurrence_day").alias("rec_day"),
        pl.when(use_lesion).then(pl.lit("lesions")).otherwise(pl.lit("follow_up")).alias("rec_table"),
        pl.when(use_lesion).then("lesion_row").otherwise("fu_row").alias("rec_row"),
    )
    present = (pl.col("rec_day") <= pl.col("origin_day")).fill_null(False)
    for endpoint in ("DFS", "RFS", "TTR"):
        _exclude(
            excluded, found.filter(present), endpoint,
            pl.format("disease beyond the primary on day {}, not after the origin: never disease-free", "rec_day"),
        )  # fmt: skip
    found = found.filter(~present)
    event = records(
        found, day="rec_day", reason="recurrence", source_table=pl.col("rec_table"), source_row="rec_row"
    )
    free = records(
        found, day="recurrence_free_day", reason="known free of recurrence", source_table="follow_up",
        source_row="fu_row",
    )  # fmt: skip
    unseen = found.filter(pl.col("recurrence_free_day").is_null())
    censors = [free, _contacts(unseen, "last contact, no recurrence recorded")]
    tables = [
        _make(name, found, [event, _deaths(found, competing=name == "TTR")], censors, params)
        for name in ("DFS", "RFS", "TTR")
    ]
    seen = found.select("patient_id", "line", pl.col("recurrence_free_day").alias("_neg"), "rec_day")
    return [
        t.join(seen, on=["patient_id", "line"], how="left", nulls_equal=True, maintain_order="left").with_columns(
            pl.col("_neg").alias("last_negative_day"),
            pl.when((pl.col("event_or_reason") == "recurrence") & pl.col("is_event")).then("rec_day")
            .alias("first_positive_day"),
        )
        for t in tables
    ]  # fmt: skip


def _reported_progression(
    study: pl.DataFrame, people: pl.DataFrame, params: EndpointParams
) -> list[pl.DataFrame]:
    """PFS and TTP of the study from follow_up.progression_day, where no treatments are recorded."""
    if study["progression_day"].is_null().all():
        return []
    study = study.filter(~(pl.col("progression_day") < pl.col("origin_day")).fill_null(False))
    event = records(
        study,
        day="progression_day",
        reason="reported progression",
        source_table="follow_up",
        source_row="fu_row",
    )
    censor = _contacts(study, "last contact, no progression recorded")
    return [
        _make(name, study, [event, _deaths(study, competing=name == "TTP")], [censor], params)
        for name in ("PFS", "TTP")
    ]


def _next_treatment(lines: pl.DataFrame, params: EndpointParams) -> list[pl.DataFrame]:
    starts = lines.select(
        "patient_id", pl.col("start_day").alias("next_start_day"), pl.col("source_row").alias("_row")
    )
    known = lines.drop("source_row").join(
        starts.unique(["patient_id", "next_start_day"], keep="first", maintain_order=True),
        on=["patient_id", "next_start_day"], how="left", maintain_order="left",
    )  # fmt: skip
    event = records(
        known, day="next_start_day", reason="next line", source_table="treatments", source_row="_row"
    )
    return [
        _make(name, lines, [event, _deaths(lines, competing=name == "TTNT")], [_contacts(lines)], params)
        for name in ("TTNT", "TTNTD")
    ]


def _over_lines(lines: pl.DataFrame, rows: pl.DataFrame, day: str, params: EndpointParams) -> pl.DataFrame:
    """Return the rows of a patient that lie after a line's start: all later ones (ema) or its own (fda)."""
    spans = lines.select("patient_id", "line", "start_day", "next_start_day")
    joined = spans.join(rows.drop("line"), on="patient_id").filter(pl.col(day) > pl.col("start_day"))
    if params.censoring == "fda":
        joined = joined.filter(pl.col("next_start_day").is_null() | (pl.col(day) < pl.col("next_start_day")))
    return joined


def _fda_deaths(lines: pl.DataFrame, params: EndpointParams, *, competing: bool) -> pl.DataFrame:
    if params.censoring == "fda":  # a death after new therapy is not an event of this line
        lines = lines.filter(
            pl.col("next_start_day").is_null()
            | (pl.col("dead_day") < pl.col("next_start_day")).fill_null(True)
        )
    return _deaths(lines, competing=competing)


def _imaging(lines: pl.DataFrame, data: EndpointTables, params: EndpointParams) -> list[pl.DataFrame]:
    """PFS, rPFS and TTP from the visits; from follow_up.progression_day for patients without any visit."""
    reported = lines["progression_day"].is_not_null().any()
    if data.visits.is_empty() and data.bone.is_empty() and not reported:
        return []
    visits = data.visits.filter(pl.col("overall").is_not_null()).with_columns(
        pl.col("overall")
        .is_in([*ADEQUATE, "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iCPD", "iUPD"])
        .alias("_ok")
    )
    scanned = pl.concat([data.visits.select("patient_id"), data.bone.select("patient_id")]).unique()
    soft = visits.filter("_ok").select(
        "patient_id", "line", "day", pl.col("overall").is_in(["PD", "iCPD"]).alias("is_pd"),
        pl.coalesce("progression_day", "day").alias("pd_day"), pl.lit("progression (RECIST)").alias("reason"),
        "source_table", "source_row",
    )  # fmt: skip
    bone = data.bone.filter(pl.col("bone") != "NE").select(
        "patient_id", "line", "day", (pl.col("bone") == "PD").alias("is_pd"),
        pl.coalesce("progression_day", "day").alias("pd_day"), pl.lit("progression (bone, 2+2)").alias("reason"),
        pl.lit("assessments").alias("source_table"), "source_row",
    )  # fmt: skip
    unseen = lines.join(scanned, on="patient_id", how="anti")
    clinical = lines if params.clinical_progression else unseen
    told = _over_lines(
        lines, clinical.select("patient_id", "line", "progression_day", "fu_row").unique(["patient_id"]),
        "progression_day", params,
    )  # fmt: skip
    claim = records(
        told,
        day="progression_day",
        reason="reported progression",
        source_table="follow_up",
        source_row="fu_row",
    )
    no_scans = data.visits.is_empty() and data.bone.is_empty()
    contact = (
        _contacts(unseen, "last contact, no progression recorded")
        if no_scans
        else pl.DataFrame(schema=RECORD)
    )
    tables = []
    for name, looks in (("PFS", soft), ("TTP", soft), ("rPFS", pl.concat([soft, bone]))):
        seen = _over_lines(lines, looks, "day", params)
        progression = records(
            seen.filter("is_pd"), day="pd_day", reason=pl.col("reason"), source_table=pl.col("source_table"),
            source_row="source_row",
        )  # fmt: skip
        looked = records(
            seen, day="day", reason="last adequate assessment", source_table=pl.col("source_table"),
            source_row="source_row",
        )  # fmt: skip
        deaths = _fda_deaths(lines, params, competing=name == "TTP")
        table = _make(name, lines, [progression, claim, deaths], [looked, contact], params)
        table = _brackets(table, seen)
        if params.censoring == "fda":
            table = _fda(table, lines, data.visits, params)
        tables.append(table)
    return tables


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
    return table.join(negative, on=keys, how="left", maintain_order="left").with_columns(
        pl.coalesce("_negative", "origin_day").alias("last_negative_day"),
        pl.when("is_event").then("end_day").alias("first_positive_day"),
    ).drop("_negative")  # fmt: skip


def _fda(
    table: pl.DataFrame, lines: pl.DataFrame, visits: pl.DataFrame, params: EndpointParams
) -> pl.DataFrame:
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
        pl.when(pl.col("_no_base").fill_null(False)).then(pl.lit("no baseline assessment"))
        .when(missed).then(pl.format("{} missed visits or more before {}", pl.lit(params.missed_visits), "event_or_reason"))
        .when(~pl.col("is_event") & pl.col("next_start_day").is_not_null())
        .then(pl.lit("new anticancer therapy: last adequate assessment before it"))
        .otherwise("event_or_reason")
    )  # fmt: skip
    return table.with_columns(
        word.alias("event_or_reason"),
        pl.when(cut).then(end).otherwise("end_day").alias("end_day"),
        pl.when(cut).then(False).otherwise("is_event").alias("is_event"),
        pl.when(cut).then(False).otherwise("is_competing").alias("is_competing"),
        pl.when(cut).then(None).otherwise("first_positive_day").alias("first_positive_day"),
    ).with_columns(
        (pl.col("end_day") - pl.col("origin_day") + int(params.count_first_day)).alias("time_days")
    ).drop("_no_base", "next_start_day")  # fmt: skip


def _psa(
    lines: pl.DataFrame, data: EndpointTables, params: EndpointParams, excluded: list[pl.DataFrame]
) -> list[pl.DataFrame]:
    """PSA_PFS and TTPP: confirmed PSA progression, censored at the last PSA."""
    if data.psa.is_empty():
        return []
    measured = data.psa.filter(pl.col("last_psa_day").is_not_null()).select("patient_id", "line")
    known = lines.join(measured, on=["patient_id", "line"], how="semi")
    for name in ("PSA_PFS", "TTPP"):
        _exclude(excluded, lines.join(measured, on=["patient_id", "line"], how="anti"), name, "no PSA value")
    if known.is_empty():
        return []
    rises = data.psa.filter(pl.col("progression_status") == "confirmed").select(
        "patient_id", "line", "progression_day", "progression_row"
    )
    event = records(
        _over_lines(known, rises, "progression_day", params), day="progression_day", reason="PSA progression",
        source_table="labs", source_row="progression_row",
    )  # fmt: skip
    values = data.psa.select("patient_id", "line", "last_psa_day", "last_psa_row").drop_nulls("last_psa_day")
    censor = records(
        _over_lines(known, values, "last_psa_day", params), day="last_psa_day", reason="last PSA",
        source_table="labs", source_row="last_psa_row",
    )  # fmt: skip
    return [
        _make(name, known, [event, _fda_deaths(known, params, competing=name == "TTPP")], [censor], params,
              "no PSA after the start")
        for name in ("PSA_PFS", "TTPP")
    ]  # fmt: skip


def _duration(
    lines: pl.DataFrame, data: EndpointTables, params: EndpointParams, excluded: list[pl.DataFrame]
) -> list[pl.DataFrame]:
    """DOR of the confirmed responders, from `oncourse.derive.response.best_response`."""
    best = data.best.filter(pl.col("response_day").is_not_null())
    known = lines.drop("source_row", "origin_day", "progression_day").join(
        best.select("patient_id", "line", "response_day", "duration_days", "duration_censored", "duration_end"),
        on=["patient_id", "line"],
    )  # fmt: skip
    after = (pl.col("response_day") > pl.col("dead_day")).fill_null(False)
    text = pl.format("response on day {} after death on day {}", "response_day", "dead_day")
    _exclude(excluded, known.filter(after), "DOR", text)
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
    return [_make("DOR", known, [events], [censors], params)]


def _finish(table: pl.DataFrame, params: EndpointParams, excluded: list[pl.DataFrame]) -> pl.DataFrame:
    """Add entry and landmark status; leave out (and list) records that end before the patient was observed."""
    before = (pl.col("end_day") < pl.col("entry_day")).fill_null(False)
    gone = table.filter(before)
    if gone.height:
        text = pl.format(
            "ended on day {}, before entry on day {}: never observed at risk", "end_day", "entry_day"
        )
        excluded.append(gone.select("patient_id", "line", "endpoint", text.alias("reason")))
    landmark = params.status_months * MONTH_DAYS
    status = (
        pl.when(pl.col("endpoint") != "OS").then(None)
        .when(pl.col("is_event") & (pl.col("time_days") <= landmark)).then(pl.lit("dead"))
        .when(pl.col("time_days") >= landmark).then(pl.lit("alive"))
        .otherwise(pl.lit("unknown"))
    )  # fmt: skip
    entry = pl.max_horizontal(pl.col("entry_day") - pl.col("origin_day"), pl.lit(0))
    return (
        table.filter(~before)
        .with_columns(
            status.alias("status_24m"),
            pl.when(pl.col("entry_day").is_not_null()).then(entry).alias("entry_days"),
        )
        .select(pl.col(n).cast(t) for n, t in TTE_SCHEMA.items())
        .sort("patient_id", "line", "endpoint")
    )
