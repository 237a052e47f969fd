"""Survival, progression and recurrence times, each with its event or censoring reason and source row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import (
    UNDONE,
    Headline,
    cannot,
    endpoint_short,
    endpoint_title,
    endpoint_words,
    light_of,
    line_place,
    line_words,
)
from oncourse.analyses._other_readings import READINGS, UNCERTAIN, other_readings, summary_row
from oncourse.analyses._people import ledger, of_endpoint, of_lines
from oncourse.analyses._unknown_life import bounds
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoints import (
    TTE_SCHEMA,
    EndpointParams,
    endpoint_table,
)
from oncourse.derive.clinical.lines import first_line
from oncourse.derive.clinical.people import VitalStatus, late_by_sample, people, vital_status
from oncourse.derive.clinical.readings import differing
from oncourse.disease import disease
from oncourse.errors import NotEnoughData
from oncourse.facts.days import in_months
from oncourse.facts.endpoints import ENDPOINTS, endpoints_of
from oncourse.knowledge.drugs import treatment_name
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_DAYS = "days from the index date"
_WORDS = {
    "patient_id": ("the patient", ""),
    "line": ("line of therapy; null = endpoint of the study", ""),
    "endpoint": (" ".join(f"{k}: {v.meaning}." for k, v in ENDPOINTS.items()), ""),
    "origin_day": ("day the clock starts", _DAYS),
    "entry_day": ("day the patient came under observation; null = not given", _DAYS),
    "time_days": ("days from origin to end", "days"),
    "is_event": ("whether the endpoint was reached", ""),
    "event_or_reason": ("the event, or why the time is censored", ""),
    "source_table": ("table of the row that decided", ""),
    "source_row": ("its row there (the header is row 1)", ""),
    "end_day": ("day of the event or of censoring", _DAYS),
    "entry_days": ("day of entry counted as time_days, 0 from the origin on: at risk after it", "days"),
    "is_competing": ("whether another event ended the record (death before recurrence)", ""),
    "last_negative_day": ("last day known without the event (imaging, recurrence)", _DAYS),
    "first_positive_day": ("first day known with it", _DAYS),
    "status_24m": ("OS: dead / alive / unknown at 24 months (or endpoints.status_months)", ""),
}
TTE = OutputTable(
    "endpoints/time_to_event",
    "one row per patient, line and endpoint",
    tuple(Column(name, TTE_SCHEMA[name], text, unit=unit) for name, (text, unit) in _WORDS.items()),
)
SENSITIVITY = OutputTable(
    "endpoints/time_to_event_other_censoring",
    "the imaging endpoints under the other censoring preset, where the record differs",
    (
        *TTE.columns[:3],
        Column("censoring", pl.String, "the other preset"),
        Column("time_days", pl.Int64, "days from origin to end", unit="days"),
        Column("is_event", pl.Boolean, "whether the endpoint was reached"),
        Column("event_or_reason", pl.String, "the event, or why the time is censored"),
    ),
)
SUMMARY = OutputTable(
    "endpoints/summary",
    "events, medians and landmark per endpoint and line",
    (
        Column("endpoint", pl.String, "the endpoint"),
        Column("line", pl.Int64, "line of therapy; null = endpoint of the study"),
        Column("n", pl.Int64, "records"),
        Column("n_event", pl.Int64, "events"),
        Column("n_competing", pl.Int64, "records ended by a competing event"),
        Column("n_late_entry", pl.Int64, "records at risk only from a later entry day"),
        Column("median_days", pl.Float64, "Kaplan-Meier median; null = not reached, or undone", unit="days"),
        Column("ci_low", pl.Float64, "lower limit of the median", unit="days"),
        Column("ci_high", pl.Float64, "upper limit; null = not reached", unit="days"),
        Column("landmark_fraction", pl.Float64, "share without the event at 24 months", unit="fraction"),
        Column("landmark_ci_low", pl.Float64, "lower limit", unit="fraction"),
        Column("landmark_ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("median_follow_up_days", pl.Float64, "reverse Kaplan-Meier; null = not reached", unit="days"),
        Column(
            "undone_day",
            pl.Int64,
            "from this day on the curve tells nothing: the few at risk early have all had the event, the others come under "
            "observation only then",
            unit="days from the origin",
        ),
    ),
)
EXCLUDED = OutputTable(
    "endpoints/excluded",
    "who has no record of an endpoint, and why",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("line", pl.Int64, "line of therapy; null = endpoint of the study"),
        Column("endpoint", pl.String, "the endpoint, or all"),
        Column("reason", pl.String, "why"),
    ),
)
#: The endpoints of the answer, in its order; a disease may call them otherwise.
ANSWERED = ("OS", "CSS", "DFS", "PFS", "rPFS", "PSA_PFS")
#: The same where no scan says when: the dates of progression of follow_up.
RECORDED_PFS = "progression-free survival as the source records it"
#: From this share of the records on the answer says how many were never assessed after the start: they are censored there.
UNSEEN_TOLD = 0.1
#: Where more than this share was never assessed no median is told: it is that of the few whose end is known.
UNSEEN_MOST = 0.5
ASSESSED = ("PFS", "rPFS", "TTP", "PSA_PFS", "TTPP")
#: Said where nobody's vital status is known, instead of what death belongs to.
WITHOUT_DEATHS = ("TTP", "TTPP")


@analysis(
    title="Survival, progression and recurrence",
    question="When did patients die, progress or recur, on each line of therapy and from the start of the study?",
    needs=("follow_up|labs|assessments|target_lesions",),
    params=EndpointParams,
    tables=(TTE, SENSITIVITY, READINGS, UNCERTAIN, SUMMARY, EXCLUDED),
    order=42,
    sets_apart=False,
)
def endpoints(cohort: Cohort, params: EndpointParams) -> Result:
    """Time to event per endpoint with medians, landmark status, other censoring, swimmer and Kaplan-Meier."""
    table, left_out = cohort.endpoint_tables
    if table.is_empty():
        status = _status(cohort, params)
        raise NotEnoughData(
            "no patient has follow-up after the origin: no time to event can be told."
            if status.is_told
            else f"no time to event can be told: {status.refusal}.{_untreated(cohort)}"
        )
    summary = pl.DataFrame(
        [
            summary_row(part, str(name), line, params)
            for (name, line), part in table.sort("endpoint", "line", nulls_last=False).group_by(
                "endpoint", "line", maintain_order=True
            )
        ],
        schema=SUMMARY.schema,
    )
    without = WITHOUT_DEATHS if _status(cohort, params).is_of_nobody else ()
    scanned = any(cohort.study.has(name) for name in ("target_lesions", "assessments"))
    words = _words(cohort.study.config.design, table, (*ANSWERED, *without), scanned=scanned)
    estimates, answer = _answer(table, summary, params, words)
    more, told, notes = _life(cohort, table, params)
    estimates, answer = estimates + more, " ".join([*told, answer])
    untold = undone_medians(summary) | {
        e.name.replace("unseen_", "median_")
        for e in estimates
        if e.name.startswith("unseen_") and (e.value or 0) > UNSEEN_MOST * (e.n or 0)
    }
    headline = _headline(
        {e.name: e for e in estimates if e.name not in untold}, first_line(summary, pl.col("line").is_not_null())
    )
    other = _other_censoring(cohort, params, table)
    estimates.append(Estimate("records_changed", other.height, n=table.height, unit="count"))
    estimates.append(Estimate("left_out", left_out.height, unit="count"))
    read = other_readings(cohort, params, table, _called(ANSWERED))
    estimates += read.estimates
    answer = " ".join([*read.told, answer])
    return Result(
        answer=answer,
        headline=headline,
        estimates=tuple(estimates),
        tables={
            TTE.name: TTE.frame(table),
            SENSITIVITY.name: SENSITIVITY.frame(other),
            READINGS.name: READINGS.frame(read.records),
            UNCERTAIN.name: UNCERTAIN.frame(read.uncertain),
            SUMMARY.name: SUMMARY.frame(summary),
            EXCLUDED.name: EXCLUDED.frame(left_out),
        },
        figures=_figures(cohort, table),
        people=_people(cohort, table, left_out),
        notes=(*notes, *read.notes, *_notes(cohort, params, table, other, left_out.height)),
        methods=(
            f"Censoring preset {params.censoring}: "
            + (
                "progression and death count whatever came before them"
                if params.censoring == "ema"
                else "censored at the last adequate assessment before new therapy or missed visits"
            )
            + f"; time = end - origin{' + 1' if params.count_first_day else ''} days; origin of the study endpoints: "
            f"{'index date' if params.origin == 'index' else 'resection of the primary'}; line endpoints start with "
            "the line. Kaplan-Meier with log-log limits, at risk from entry_day where given.",
        ),
    )


def _untreated(cohort: Cohort) -> str:
    """What PSA values or scans of a study without treatments lack: their progression is told from a first day of
    treatment."""
    study = cohort.study
    if study.has("treatments") or not any(study.has(t) for t in ("labs", "assessments", "target_lesions")):
        return ""
    return " Progression counts from a treatment: give the table treatments (patient_id, drugs, start_day)."


def _status(cohort: Cohort, params: EndpointParams) -> VitalStatus:
    study = cohort.study
    return vital_status(people(study["follow_up"]), params.max_unknown_status, study["patients"].height)


def _people(cohort: Cohort, table: pl.DataFrame, left_out: pl.DataFrame) -> pl.DataFrame:
    """Each endpoint of the study, and each of the lines ("PFS by line"): whose record there is."""
    everyone, parts = cohort.study["patients"]["patient_id"], []
    made = table.select("endpoint", pl.col("line").is_not_null().alias("of_lines")).unique()
    for name, of_a_line in made.sort("endpoint", "of_lines").iter_rows():
        rows = table.filter((pl.col("endpoint") == name) & (pl.col("line").is_not_null() == of_a_line))
        if not of_a_line:
            parts.append(of_endpoint(name, rows["patient_id"], left_out, everyone))
            continue
        out = left_out.filter(pl.col("endpoint").is_in([name, "all"]) & pl.col("line").is_not_null())
        none = "no confirmed response" if name == "DOR" else f"nothing recorded that tells {name}"
        parts.append(of_lines(_by_line(name), rows, out, cohort.lines, everyone, rest=none))
    return ledger(parts)


def _by_line(endpoint: str) -> str:
    return f"{endpoint} by line"


def _answer(
    table: pl.DataFrame, summary: pl.DataFrame, params: EndpointParams, words: Mapping[str, str]
) -> tuple[list[Estimate], str]:
    estimates = []
    for row in summary.iter_rows(named=True):
        base = row["endpoint"] + ("" if row["line"] is None else f"_line_{row['line']}")
        mid, low, high = (
            None if row[k] is None else in_months(row[k], first_day=params.count_first_day)
            for k in ("median_days", "ci_low", "ci_high")
        )
        line = row["line"]
        who = row["endpoint"] if line is None else f"{_by_line(row['endpoint'])}, line {line}"
        estimates.append(Estimate(f"median_{base}", mid, low, high, row["n"], "Kaplan-Meier", "months", who))
        at, low, high = (row[f"landmark_{k}"] for k in ("fraction", "ci_low", "ci_high"))
        how = "Kaplan-Meier, log-log"
        estimates.append(Estimate(f"free_at_24m_{base}", at, low, high, row["n"], how, "fraction", who))
        estimates.append(Estimate(f"events_{base}", row["n_event"], n=row["n"], unit="count", question=who))
    status = table.filter((pl.col("endpoint") == "OS") & pl.col("line").is_null())["status_24m"]
    for word in ("dead", "alive", "unknown"):
        estimates.append(Estimate(f"status_24m_{word}", int((status == word).sum()), n=len(status), unit="count"))
    by_name = {e.name: e for e in estimates}
    undone = undone_medians(summary)
    parts = []
    first = first_line(summary, pl.col("line").is_not_null())
    for endpoint, text in words.items():
        for suffix, where in (("", ""), (f"_line_{first}", f", {line_words(first)},")):
            name = f"median_{endpoint}{suffix}"
            if name not in by_name or (endpoint == "OS" and suffix) or (endpoint == "rPFS" and not suffix):
                continue
            if endpoint == "rPFS" and _is_pfs(table):  # no scan of bone: the same numbers under two names
                continue
            unseen = _unseen(table, endpoint, first if suffix else None, params)
            told = f"unseen_{endpoint}{suffix}"
            if unseen and unseen == by_name[name].n:  # nobody was assessed: nothing was "not reached"
                estimates.append(Estimate(told, unseen, n=by_name[name].n, unit="count"))
                continue
            if unseen > UNSEEN_MOST * (by_name[name].n or 0):
                estimates.append(Estimate(told, unseen, n=by_name[name].n, unit="count"))
                parts.append(
                    f"Median {text}{where} is not told: {{{told}:value}} of {by_name[name].n} had no assessment that counts "
                    "after the start."
                )
                continue
            if name in undone:
                parts.append(f"Median {text}{where} {UNDONE}.")
            elif by_name[name].value is None:
                parts.append(f"Median {text}{where} was not reached ({{events_{endpoint}{suffix}}} events).")
            else:
                parts.append(f"Median {text}{where} was {{{name}}}.")
            if unseen and unseen >= UNSEEN_TOLD * (by_name[name].n or 0):
                estimates.append(Estimate(told, unseen, n=by_name[name].n, unit="count"))
                parts.append(
                    f"Of these, {{{told}:value}} had no assessment that counts after the start, and tell nothing."
                )
    return estimates, " ".join(parts) or "No endpoint could be told."


def _is_pfs(table: pl.DataFrame) -> bool:
    """Whether rPFS and PFS are the same records: nobody's bones were scanned."""
    what = ["patient_id", "line", "time_days", "is_event"]
    one, other = (table.filter(pl.col("endpoint") == name).select(what).sort(what) for name in ("PFS", "rPFS"))
    return one.equals(other)


def undone_medians(summary: pl.DataFrame) -> frozenset[str]:
    """The medians (names of estimates) that nobody can tell because the curve is undone before it comes down to half."""
    rows = summary.filter(pl.col("undone_day").is_not_null() & pl.col("median_days").is_null())
    named = rows.select("endpoint", "line").iter_rows()
    return frozenset(f"median_{name}" + ("" if line is None else f"_line_{line}") for name, line in named)


def _unseen(table: pl.DataFrame, endpoint: str, line: int | None, params: EndpointParams) -> int:
    """How many records of an end point that is assessed (scans, PSA) are censored on the first day: nobody looked."""
    if endpoint not in ASSESSED:
        return 0
    mine = (pl.col("endpoint") == endpoint) & pl.col("line").eq_missing(pl.lit(line, pl.Int64))
    return table.filter(mine & ~pl.col("is_event") & (pl.col("time_days") <= int(params.count_first_day))).height


def _headline(found: dict[str, Estimate], line: int | None) -> Headline:
    """The median of the first endpoint of the answer's order that could be told."""
    for name in (f"{e}{suffix}" for e in (*ANSWERED, *WITHOUT_DEATHS) for suffix in ("", f"_line_{line}")):
        median, events = found.get(f"median_{name}"), found.get(f"events_{name}")
        if median is None or events is None:
            continue
        words = {
            "endpoint": endpoint_words(name.partition("_line_")[0]),
            "n": median.n,
            "events": int(events.value or 0),
        }
        if median.value is None:
            text = said("headline.endpoints.not_reached", **words)
            return Headline(text, "uncertain", said("reason.few_events", n=words["events"]), events.name)
        return Headline(said("headline.endpoints.median", median=median, **words), *light_of(median), median.name)
    return cannot(said("headline.endpoints.none"), said("reason.no_value"))


def _called(names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(endpoint_words(name)) for name in names}


def _words(design: str | None, table: pl.DataFrame, names: tuple[str, ...], *, scanned: bool) -> dict[str, str]:
    """What the endpoints are called: where no scan is recorded, progression is the source's own, by whatever rule."""
    words = _called(names) | dict(disease(design).endpoint_words if design else {})
    records = table.filter(pl.col("endpoint") == "PFS")
    unseen = not scanned and records.height > 0 and (records["source_table"] == "follow_up").all()
    return words | ({"PFS": RECORDED_PFS} if unseen else {})


def _life(cohort: Cohort, table: pl.DataFrame, params: EndpointParams) -> tuple[list[Estimate], list[str], list[str]]:
    """What is not known of life and entry: estimates, sentences before the answer, and notes."""
    follow_up = cohort.study["follow_up"]
    status = _status(cohort, params)
    estimates, told, notes = [], [], []
    if not status.is_told:
        told.append(status.sentence)
    late = late_by_sample(table, follow_up, "OS")
    if late:
        estimates.append(Estimate("late_by_sample", late, n=status.n, unit="count"))
        told.append(
            "Overall survival counts {late_by_sample:value} patients only from their first tumour sample on, before "
            "which "
            "they could not have died (delayed entry)."
        )
    found, text = bounds(cohort, params.status_months)
    estimates += found
    notes += [text] if text else []
    return estimates, told, notes


def _other_censoring(cohort: Cohort, params: EndpointParams, table: pl.DataFrame) -> pl.DataFrame:
    name = "fda" if params.censoring == "ema" else "ema"
    names = list(endpoints_of("imaging", "PSA"))
    if not table["endpoint"].is_in(names).any():
        return pl.DataFrame(schema=SENSITIVITY.schema)
    other, _ = endpoint_table(cohort.endpoint_inputs, dataclasses.replace(params, censoring=name))
    imaging = other.filter(pl.col("endpoint").is_in(names))
    return differing(table, imaging).with_columns(pl.lit(name).alias("censoring"))


def _notes(
    cohort: Cohort, params: EndpointParams, table: pl.DataFrame, other: pl.DataFrame, left_out: int
) -> tuple[str, ...]:
    notes = (
        []
        if table.filter(pl.col("endpoint") == "OS").is_empty()
        else [
            "24-month status: {status_24m_dead:value} dead, {status_24m_alive:value} alive, {status_24m_unknown:value} "
            "unknown (followed for less); unknown is never counted as alive.",
        ]
    )
    if left_out:
        notes.append("{left_out:value} records could not be made and are listed in endpoints/excluded.")
    if params.scan_interval_days is None and table["endpoint"].is_in(["PFS"]).any():
        notes.append("The missed-visit rule is off, because no planned interval between scans is set.")
    if other.height:
        preset = "fda" if params.censoring == "ema" else "ema"
        notes.append(
            f"Under {preset} censoring {{records_changed:value}} imaging and PSA records differ "
            "(endpoints/time_to_event_other_censoring)."
        )
    if table["endpoint"].is_in(["PFS2"]).any() and not _is_pfs(table):
        notes.append(
            "PFS2 counts progression of bone on the next line, as rPFS does and PFS does not: it is read beside rPFS, "
            "and may be shorter than PFS."
        )
    if table["is_competing"].any():
        notes.append(
            "Medians of endpoints with competing deaths treat those as censored; use cumulative incidence "
            "where they are many."
        )
    if (table["entry_days"].fill_null(0) > 0).any():
        notes.append("Patients count from the day they came under observation (delayed entry).")
    counted = table["endpoint"].is_in(list(endpoints_of("recurrence"))).any()
    if params.origin == "index" and counted and (cohort.recurrence.patients["origin_day"] != 0).any():
        notes.append(
            "DFS, RFS and TTR count from the index date; the analysis of recurrence from the resection of the primary, "
            "on another day. With endpoints.origin = surgery both count from there."
        )
    if not cohort.study.has("treatments"):
        notes.append("No treatments are recorded: there are no endpoints per line.")
    return tuple(notes)


#: Patients in the swimmer plot.
LANES = 40


#: Lines drawn as curves of their own.
CURVES = 4


def _curves(table: pl.DataFrame) -> list[Figure]:
    """Kaplan-Meier curves of each endpoint: of the study, and by line; a line without an event is named, not drawn."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure

    usable = table.filter(pl.col("time_days") > pl.col("entry_days").fill_null(0))
    figures = []
    for endpoint, words in ((name, one.meaning) for name, one in ENDPOINTS.items()):
        for each_line in (False, True):
            part = usable.filter(
                (pl.col("endpoint") == endpoint)
                & (pl.col("line").is_not_null() if each_line else pl.col("line").is_null())
            )
            if part.is_empty() or endpoint in ("RFS", "TTNTD"):  # those are drawn as DFS and TTNT
                continue
            numbers = part["line"].unique().sort().to_list()[:CURVES]
            names = {n: "all patients" if n is None else str(line_words(n)) for n in numbers}
            groups = {
                name: part.select(pl.col("line").eq_missing(n)).to_series().to_numpy() for n, name in names.items()
            }
            places = {names[n]: line_place(n) for n in numbers if n is not None}
            entry = part["entry_days"].fill_null(0).to_numpy().astype(float)
            drawn, _ = km_groups(
                part["time_days"].to_numpy().astype(float),
                part["is_event"].to_numpy(),
                entry if entry.any() else None,
                groups,
                part["patient_id"].to_list(),
            )
            if not drawn:
                continue
            drawn = [dataclasses.replace(curve, place=places.get(curve.label)) for curve in drawn]
            undone = [label for label in groups if label not in {curve.label for curve in drawn}]
            flat = [curve.label for curve in drawn if not (curve.survival < 1).any()]
            if len(flat) == len(drawn):
                continue  # nobody had the event: the answer and the table say so
            drawn = [curve for curve in drawn if curve.label not in flat]
            competing = int(part["is_competing"].sum())
            caption = f"{endpoint_short(endpoint)}: {words}. Kaplan-Meier with 95 % intervals; marks: censored." + (
                f" {competing:,} competing deaths are drawn as censored." if competing else ""
            )
            if undone:
                caption += f" Not drawn: {', '.join(undone)} (the few at risk early had the event, others came later)."
            if flat:
                caption += f" Without an event, not drawn: {', '.join(flat)}."
            name = f"km_{endpoint}" + ("_by_line" if each_line else "")
            title = f"{endpoint_title(endpoint)}{' by line' if each_line else ''}"
            ylabel = f"{endpoint_short(endpoint)}, event-free"
            figures.append(Figure(name, title, caption, partial(survival_figure, drawn, ylabel=ylabel)))
    return figures


def _figures(cohort: Cohort, table: pl.DataFrame) -> tuple[Figure, ...]:
    figures = _curves(table)
    if cohort.lines.height:
        lanes = _lanes(cohort, table)
        if lanes:
            from oncourse.plots.swimmer import swimmer

            everyone = cohort.lines["patient_id"].n_unique()
            caption = (
                f"{len(lanes)} of {everyone} treated patients, longest followed first. Bars: treatments; arrow: alive "
                "at last contact."
            )
            figures.append(Figure("swimmer", "Course of single patients", caption, partial(swimmer, lanes)))
    return tuple(figures)


def _lanes(cohort: Cohort, table: pl.DataFrame) -> list[dict[str, Any]]:
    ends = table.filter((pl.col("endpoint") == "OS") & pl.col("line").is_null()).select(
        "patient_id", "end_day", "is_event"
    )
    chosen = (
        ends.join(cohort.lines, on="patient_id", how="semi")
        .sort(["end_day", "patient_id"], descending=[True, False])
        .head(LANES)
    )
    events = {
        "progression": ("PFS", "progression"),
        "psa_progression": ("PSA_PFS", "PSA progression"),
        "recurrence": ("DFS", "recurrence"),
    }
    responses = cohort.best_response.filter(pl.col("first_response_day").is_not_null())
    lanes = []
    for patient, end, dead in chosen.iter_rows():
        mine = cohort.lines.filter(pl.col("patient_id") == patient).sort("start_day")
        bars = []
        for start, stop, following, drugs in mine.select(
            "start_day", "stop_day", "next_start_day", "drugs"
        ).iter_rows():
            until = min(x for x in (stop, following, end) if x is not None)
            bars.append((start, max(until, start), treatment_name(drugs)))
        rows = table.filter((pl.col("patient_id") == patient) & pl.col("is_event"))
        marks = [
            (day, kind)
            for kind, (endpoint, word) in events.items()
            for day in sorted(
                set(
                    rows.filter((pl.col("endpoint") == endpoint) & pl.col("event_or_reason").str.contains(word))[
                        "end_day"
                    ]
                )
            )
        ]
        marks += [(d, "response") for d in responses.filter(pl.col("patient_id") == patient)["first_response_day"]]
        if dead:
            marks.append((end, "death"))
        start = min([0, *mine["start_day"].to_list()])
        lanes.append(
            {
                "label": patient,
                "start": start,
                "end": end,
                "bars": bars,
                "marks": marks,
                "is_ongoing": not dead,
            }
        )
    return lanes
