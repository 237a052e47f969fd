"""Overall and disease-free survival of the study, with delayed entry and what ignoring it would show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import UNDONE, Headline, cannot, endpoint_title, endpoint_words, light_of
from oncourse.analyses._people import ledger, of_endpoint
from oncourse.analyses._unknown_life import CASES, bounds, curves
from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.people import late_by_sample, people, vital_status
from oncourse.derive.outcomes.arm_covariates import recorded_arms
from oncourse.derive.outcomes.outcome_scan import Outcome, line_of, outcome
from oncourse.errors import NotEnoughData
from oncourse.facts.days import in_months, landmark_days
from oncourse.facts.endpoints import ENDPOINTS
from oncourse.facts.material import is_tumour
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import Said, said

if TYPE_CHECKING:
    from oncourse.stats.km import Curve

CURVES = OutputTable(
    "survival/landmarks",
    "survival at landmarks, with delayed entry and as if nobody entered late",
    (
        Column("endpoint", pl.String, "OS, DFS"),
        Column(
            "method",
            pl.String,
            "kaplan_meier (delayed entry where patients enter late), or naive: late entry ignored; unknown_alive and "
            "unknown_dead: all of unknown vital status live to the end of follow-up, or died on the day of last contact",
        ),
        Column("months", pl.Float64, "months from the origin", unit="months"),
        Column("survival", pl.Float64, "probability; null past the end of follow-up", unit="fraction"),
        Column("ci_low", pl.Float64, "lower 95 % limit, log-log", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("n_risk", pl.Int64, "patients at risk then"),
    ),
)
MEDIANS = OutputTable(
    "survival/medians",
    "median survival and follow-up",
    (
        Column("endpoint", pl.String, "OS, DFS"),
        Column(
            "method",
            pl.String,
            "kaplan_meier, naive, follow_up (reverse Kaplan-Meier), unknown_alive or unknown_dead (see landmarks)",
        ),
        Column("n", pl.Int64, "patients"),
        Column("n_event", pl.Int64, "events"),
        Column("n_late", pl.Int64, "patients who enter after the origin"),
        Column("median_months", pl.Float64, "null = not reached, or not to be told", unit="months"),
        Column("ci_low", pl.Float64, "lower 95 % limit", unit="months"),
        Column("ci_high", pl.Float64, "upper limit; null = not reached", unit="months"),
    ),
)
INTERVALS = OutputTable(
    "survival/visit_intervals",
    "progression as found at a visit, and as lying between two visits",
    (
        Column("endpoint", pl.String, "PFS, rPFS ... of the first line; DFS"),
        Column("method", pl.String, "right_censored (on the day found), midpoint, or interval (Turnbull's curve)"),
        Column("n", pl.Int64, "patients"),
        Column("n_event", pl.Int64, "events"),
        Column("n_interval", pl.Int64, "events that lie between two visits; the others are deaths"),
        Column("width_days", pl.Float64, "median days between these visits", unit="days"),
        Column("median_months", pl.Float64, "null = not reached; of an interval its right end", unit="months"),
        Column(
            "survival_6m", pl.Float64, "free of the event at 6 months; null past the end of follow-up", unit="fraction"
        ),
        Column("survival_12m", pl.Float64, "the same at 12 months", unit="fraction"),
    ),
)
#: Said where entry is taken from the samples.
ENTRY_BY_SAMPLE = (
    "{name}: the entry of {n} patients is the day of their first tumour sample. Sequencing leads into the study "
    "({sampled} of {total} patients have a tumour sample) and no day of entry is recorded, so nobody who had died before "
    "a sample could be in it by that way (endpoints.entry = recorded counts them from time zero)."
)
#: Half an interval of a log hazard ratio beyond which nothing was estimated.
MAX_LOG_WIDTH = 20.0
#: Fewer than this at risk and the curve hangs on a handful of patients.
FEW_AT_RISK = 10


@section("survival")
@dataclass(frozen=True)
class SurvivalParams:
    """Settings of the survival curves."""

    endpoints: tuple[str, ...] = setting(("OS", "DFS"), "endpoints shown")
    months: tuple[float, ...] = setting((12.0, 24.0, 36.0, 60.0), "months at which survival is given")
    min_events: int = setting(5, "an endpoint needs so many events", low=1)
    visit_endpoints: tuple[str, ...] = setting(
        ("PFS", "rPFS", "DFS"),
        "endpoints found at visits, checked against their intervals; none: no check",
    )


@analysis(
    title="Survival",
    question="How long do the patients live, and how long without recurrence?",
    needs=("patients",),
    params=SurvivalParams,
    tables=(CURVES, MEDIANS, INTERVALS),
    order=50,
    sets_apart=False,
)
def survival(cohort: Cohort, params: SurvivalParams) -> Result:
    """Kaplan-Meier per endpoint; under delayed entry beside the naive curve, with the tests of its assumption."""
    landmarks: list[dict[str, object]] = []
    medians: list[dict[str, object]] = []
    estimates: list[Estimate] = []
    figures: list[Figure] = []
    notes: list[str] = []
    words: list[str] = []
    people_of: list[pl.DataFrame] = []
    everyone = cohort.study["patients"]["patient_id"]
    rules = cohort.params(EndpointParams)
    first_day = rules.count_first_day
    for name in params.endpoints:
        target = outcome(cohort.time_to_event, name)
        if int(target.event.sum()) < params.min_events:
            continue
        line = line_of(cohort.time_to_event, name)
        people_of.append(of_endpoint(name, target.patients, cohort.endpoint_tables[1], everyone, line=line))
        _one(target, params, first_day, landmarks, medians, estimates, figures, notes, words)
        notes.extend(_entry_unknown(cohort, name))
        by_sample = late_by_sample(cohort.time_to_event, cohort.study["follow_up"], name)
        if by_sample:
            sampled = cohort.study["samples"].filter(is_tumour())["patient_id"].n_unique()
            notes.append(ENTRY_BY_SAMPLE.format(name=name, n=by_sample, sampled=sampled, total=len(everyone)))
    status = vital_status(people(cohort.study["follow_up"]), rules.max_unknown_status, len(everyone))
    refused = status.sentence if "OS" in params.endpoints else ""
    if not words:
        raise NotEnoughData(refused or f"Needs an endpoint with at least {params.min_events} events.")
    if refused:
        words.insert(0, refused)
    if any(row["endpoint"] == "OS" for row in medians):
        _unknown(cohort, params, landmarks, medians, estimates, words)
    arms = recorded_arms(cohort.study["patients"])
    if arms:
        notes.append(
            f"Patients of every {', '.join(arms)} are in one curve; by {next(iter(arms))}: oncourse run --group "
            f"{next(iter(arms))}."
        )
    checked = _visits(cohort, params, figures, notes)
    return Result(
        answer=" ".join(words),
        headline=_headline({e.name: e for e in estimates}, params),
        estimates=tuple(estimates),
        tables={
            CURVES.name: CURVES.frame(landmarks),
            MEDIANS.name: MEDIANS.frame(medians),
            INTERVALS.name: INTERVALS.frame(checked),
        },
        figures=tuple(figures),
        people=ledger(people_of),
        notes=tuple(notes),
        methods=(
            "Kaplan-Meier with log-log limits; at risk in (entry, exit] (Tsai, Jewell, Wang. Biometrika 1987;74:883). "
            "Follow-up: reverse Kaplan-Meier. Dependence of entry and outcome: entry time as a covariate of the "
            "delayed-entry Cox model, and the conditional Kendall tau (Tsai. Biometrika 1990;77:169).",
            "Endpoints found at visits: non-parametric maximum likelihood of interval-censored times (Turnbull. JRSS "
            "B 1976;38:290), deaths exact; beside it the usual curve, which dates the event to the visit that found "
            "it.",
        ),
    )


def _headline(found: dict[str, Estimate], params: SurvivalParams) -> Headline:
    """The median of the first endpoint that could be told, and the share free of it at two years."""
    name = next(n for n in params.endpoints if f"{n}_kaplan_meier_median" in found)
    two = _two_years(params)
    median, share = found[f"{name}_kaplan_meier_median"], found[f"{name}_kaplan_meier_{two:g}m"]
    told = {"endpoint": endpoint_words(name), "n": median.n, "share": share, "months": float(two)}
    told["state"] = _state(name)
    if median.value is None and share.value is None:
        return cannot(said("headline.endpoints.none"), said("reason.no_value"))
    if median.value is None:
        return Headline(said("headline.survival.not_reached", **told), *light_of(share), share.name)
    if f"{name}_after_few_median" in found:
        text = said("headline.survival.median", median=median, **told)
        return Headline(text, "uncertain", said("reason.few_early"), median.name)
    if share.value is None:
        alone = said("headline.survival.median_alone", median=median, endpoint=told["endpoint"], n=median.n)
        return Headline(alone, *light_of(median), median.name)
    return Headline(said("headline.survival.median", median=median, **told), *light_of(median), median.name)


def _state(endpoint: str) -> Said:
    return said("term.alive" if endpoint == "OS" else "term.event_free")


def _two_years(params: SurvivalParams) -> float:
    """The landmark nearest to two years."""
    return min(params.months, key=lambda m: abs(m - 24))


def _one(
    target: Outcome,
    params: SurvivalParams,
    first_day: bool,
    landmarks: list[dict[str, object]],
    medians: list[dict[str, object]],
    estimates: list[Estimate],
    figures: list[Figure],
    notes: list[str],
    words: list[str],
) -> None:
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure
    from oncourse.stats.km import follow_up, kaplan_meier

    name, time, event = target.endpoint, target.time, target.event
    n_late = int((target.entry > 0).sum())
    entry = target.entry if n_late else None
    curves = {"kaplan_meier": kaplan_meier(time, event, entry=entry)}
    if n_late:
        curves["naive"] = kaplan_meier(time, event)
    found = {method: curve.median for method, curve in curves.items()}
    found["follow_up"] = follow_up(time, event, entry=entry)
    for method, median in found.items():
        value, low, high = (None if np.isnan(v) else in_months(v, first_day=first_day) for v in median)
        medians.append(
            {
                "endpoint": name,
                "method": method,
                "n": time.size,
                "n_event": int(event.sum()),
                "n_late": n_late,
                "median_months": value,
                "ci_low": low,
                "ci_high": high,
            }
        )
        # a limit that is not reached is infinite; a median that is not reached has no value
        upper = float("inf") if high is None and value is not None else high
        estimates.append(Estimate(f"{name}_{method}_median", value, low, upper, time.size, method, "months", name))
    for method, curve in curves.items():
        at = curve.at(np.array([landmark_days(m, first_day=first_day) for m in params.months]))
        for j, months in enumerate(params.months):
            value, low, high = (None if np.isnan(v[j]) else float(v[j]) for v in (at.survival, at.ci_low, at.ci_high))
            landmarks.append(
                {
                    "endpoint": name,
                    "method": method,
                    "months": months,
                    "survival": value,
                    "ci_low": low,
                    "ci_high": high,
                    "n_risk": int(at.n_risk[j]),
                }
            )
            estimates.append(
                Estimate(f"{name}_{method}_{months:g}m", value, low, high, time.size, method, "fraction", name)
            )
    two = _two_years(params)
    plain = str(endpoint_words(name))
    is_reached, is_undone = np.isfinite(found["kaplan_meier"].value), np.isfinite(curves["kaplan_meier"].undone)
    height = f"was {{{name}_kaplan_meier_median}}" if is_reached else UNDONE if is_undone else "was not reached"
    is_told = any(e.name == f"{name}_kaplan_meier_{two:g}m" and e.value is not None for e in estimates)
    share = f"at {two:g} months {{{name}_kaplan_meier_{two:g}m}} were {_state(name)}"
    open_end = "" if is_undone else f"; nobody was followed for {two:g} months"
    words.append(f"Median {plain} {height}{f'; {share}' if is_told else open_end}.")
    everybody = np.ones(time.size, bool)
    label = "with delayed entry" if n_late else "all patients"
    groups, _ = km_groups(time, event, entry, {label: everybody}, target.patients)
    if n_late:
        groups += km_groups(time, event, None, {"naive (late entry ignored)": everybody}, target.patients)[0]
        words.append(f"Ignoring late entry would show {{{name}_naive_median}} and {{{name}_naive_{two:g}m}}.")
        words += _after_few(target, curves["kaplan_meier"], first_day, estimates)
        _late(target, n_late, estimates, notes)
    figures.append(
        Figure(
            f"km_{name}",
            endpoint_title(name),
            "Kaplan-Meier with 95 % limits (log-log), censoring marks, numbers at risk.",
            partial(survival_figure, groups, ylabel=str(endpoint_words(name))),
        )
    )


def _unknown(
    cohort: Cohort,
    params: SurvivalParams,
    landmarks: list[dict[str, object]],
    medians: list[dict[str, object]],
    estimates: list[Estimate],
    words: list[str],
) -> None:
    """Overall survival had those of unknown vital status all lived, or all died: both cases beside the one told."""
    first_day = cohort.params(EndpointParams).count_first_day
    for case, (curve, n, n_event) in zip(CASES, curves(cohort), strict=False):
        value, low, high = (None if np.isnan(v) else in_months(v, first_day=first_day) for v in curve.median)
        row = {"endpoint": "OS", "method": case}
        medians.append(
            row | {"n": n, "n_event": n_event, "n_late": 0, "median_months": value, "ci_low": low, "ci_high": high}
        )
        at = curve.at(np.array([landmark_days(m, first_day=first_day) for m in params.months]))
        shares = zip(params.months, at.survival, at.ci_low, at.ci_high, at.n_risk, strict=True)
        for months, *share, n_risk in shares:
            survival, ci_low, ci_high = (None if np.isnan(v) else float(v) for v in share)
            landmarks.append(
                row
                | {"months": months, "survival": survival, "ci_low": ci_low, "ci_high": ci_high, "n_risk": int(n_risk)}
            )
    found, text = bounds(cohort, _two_years(params))
    estimates += found
    words += [text] if text else []


def _late(target: Outcome, n_late: int, estimates: list[Estimate], notes: list[str]) -> None:
    """What delayed entry rests on: entry must tell nothing of what follows, and early risk sets must not be tiny."""
    from oncourse.stats.km import risk_table
    from oncourse.stats.truncation import dependent_truncation

    name = target.endpoint
    check = dependent_truncation(target.time, target.event, target.entry)
    log_ratio, half = (v * DAYS_PER_MONTH for v in (check.log_hazard_ratio, 1.959964 * check.std_err))
    with np.errstate(over="ignore"):  # a limit beyond any number is not reached
        limits = [float(np.exp(v)) for v in (log_ratio, log_ratio - half, log_ratio + half)]
    # a likelihood that is flat, or has no maximum, gives no ratio
    ratio, lower, upper = limits if half < MAX_LOG_WIDTH else (None, None, None)
    estimates.append(
        Estimate(f"{name}_entry", ratio, lower, upper, target.time.size, "Cox, per month of later entry", "ratio")
    )
    estimates.append(Estimate(f"{name}_entry_p", check.p_value, method="Wald", unit="score"))
    estimates.append(
        Estimate(f"{name}_entry_tau", check.tau, n=check.pairs, method="conditional Kendall tau", unit="score")
    )
    verdict = (
        "Entry time itself predicts the outcome: truncation is dependent, and the delayed-entry estimate is biased too."
        if check.p_value < 0.05
        else "Neither check shows that entry goes with outcome, which does not prove that it does not."
    )
    times, n_risk, n_event, _ = risk_table(target.time, target.event, target.entry, np.ones(target.time.size))
    thin = n_event > 0
    low = int(n_risk[thin].min()) if thin.any() else 0
    early = times[thin][n_risk[thin] < FEW_AT_RISK]
    early = early[early < np.median(target.time)]
    small = (
        f" At {early.size} early event times fewer than {FEW_AT_RISK} are at risk (least {low})." if early.size else ""
    )
    notes.append(
        f"{name}: {n_late} of {target.time.size} patients enter after the origin and are at risk from then. {verdict} "
        f"Hazard ratio per month of later entry {{{name}_entry}}, p {{{name}_entry_p:value}}; conditional tau "
        f"{{{name}_entry_tau:value}}.{small}"
    )


#: What early events that met few at risk may take from the curve before the answer says what it is without them.
FEW_TOOK = 0.1


def _after_few(target: Outcome, curve: Curve, first_day: bool, estimates: list[Estimate]) -> list[str]:
    """The sentence on those who are past the early events that met fewer than `FEW_AT_RISK` before half the patients
    entered: one death of two at risk halves the curve for good, whatever becomes of the hundred who enter later.

    The median of those without the event by then is conditional on it (Tsai, Jewell, Wang. Biometrika 1987;74:883).
    """
    from oncourse.stats.km import kaplan_meier

    few = (curve.n_event > 0) & (curve.n_risk < FEW_AT_RISK) & (curve.time < np.median(target.entry))
    if not few.any():
        return []
    until = float(curve.time[few].max())
    took = 1 - float(np.prod(1 - curve.n_event[few] / curve.n_risk[few]))
    later = target.time > until
    if took < FEW_TOOK or later.sum() < FEW_AT_RISK:
        return []
    name = target.endpoint
    rest = kaplan_meier(target.time[later], target.event[later], entry=np.maximum(target.entry[later], until))
    value, low, high = (None if np.isnan(v) else in_months(v, first_day=first_day) for v in rest.median)
    upper = float("inf") if high is None and value is not None else high
    n = int(later.sum())
    estimates.append(Estimate(f"{name}_after_few_median", value, low, upper, n, "kaplan_meier", "months"))
    told = f"{{{name}_after_few_median}}" if value is not None else "not reached"
    return [
        f"Up to {in_months(until, first_day=first_day):.1f} months {int(curve.n_event[few].sum())} events met fewer than "
        f"{FEW_AT_RISK} at risk; of those past them the median is {told}."
    ]


def _entry_unknown(cohort: Cohort, name: str) -> list[str]:
    """A note where sequenced patients have no day of entry: whether they were followed from time zero is not known."""
    rows = cohort.time_to_event.filter(
        (pl.col("endpoint") == name) & pl.col("line").is_null() & pl.col("entry_days").is_null()
    ).select("patient_id", "origin_day")
    samples = cohort.study["samples"].filter(is_tumour())
    samples = samples.join(rows, on="patient_id", how="inner")
    unknown, total = samples["patient_id"].n_unique(), rows.height
    if unknown == 0:
        return []
    first = samples.group_by("patient_id").agg((pl.col("day") - pl.col("origin_day")).min().alias("after"))
    later = first.filter(pl.col("after") > 0)["after"]
    undated = int(first["after"].is_null().sum())
    if later.is_empty() and not undated:  # everybody was sequenced by time zero
        return []
    unknown = later.len() + undated
    text = (
        f"{name}: {unknown} of {total} patients without a day of entry (follow_up.entry_day) have a sequenced sample "
        f"and "
        "count from time zero. Who was included because of a later sample could not have died before it: survival is "
        "then overstated."
    )
    if later.len():
        days = float(np.median(later.to_numpy()))
        text += f" The first sample of {later.len()} is later than time zero, a median of {days:.0f} days."
    if undated:
        text += f" The samples of {undated} have no day, so by how much cannot be said."
    return [text]


def _visits(cohort: Cohort, params: SurvivalParams, figures: list[Figure], notes: list[str]) -> list[dict[str, object]]:
    """The interval-censored check: rows per endpoint and method, one figure and note per endpoint."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.derive.outcomes.visit_intervals import visit_intervals
    from oncourse.plots.survival import KMGroup, survival_figure
    from oncourse.stats.interval import turnbull
    from oncourse.stats.km import kaplan_meier

    rows: list[dict[str, object]] = []
    first_day = cohort.params(EndpointParams).count_first_day
    drawn_rows: set[bytes] = set()
    for name in params.visit_endpoints:
        if name not in ENDPOINTS or not ENDPOINTS[name].at_visits:
            continue
        found = visit_intervals(cohort.time_to_event, name, line_of(cohort.time_to_event, name))
        if found is None or found.event.sum() < params.min_events:
            continue
        key = found.left.tobytes() + found.right.tobytes()
        if key in drawn_rows:  # rPFS is PFS where there is no bone scan
            continue
        drawn_rows.add(key)
        months = np.array([landmark_days(m, first_day=first_day) for m in (6.0, 12.0)])
        between = turnbull(found.left, found.right)
        last = float(found.time.max())
        shares = {"interval": [v if m <= last else None for m, v in zip(months, between.at(months), strict=True)]}
        below = np.flatnonzero(between.survival <= 0.5)
        middle = float(between.right[below[0]]) if below.size else np.inf
        medians = {"interval": in_months(middle, first_day=first_day) if np.isfinite(middle) else None}
        for method, time in (("right_censored", found.time), ("midpoint", found.middle)):
            curve = kaplan_meier(time, found.event)
            shares[method] = [None if np.isnan(v) else float(v) for v in curve.at(months).survival]
            middle = curve.median[0]
            medians[method] = None if np.isnan(middle) else in_months(middle, first_day=first_day)
        for method in ("right_censored", "midpoint", "interval"):
            rows.append(
                {
                    "endpoint": name,
                    "method": method,
                    "n": found.time.size,
                    "n_event": int(found.event.sum()),
                    "n_interval": found.n_interval,
                    "width_days": found.width,
                    "median_months": medians[method],
                    "survival_6m": shares[method][0],
                    "survival_12m": shares[method][1],
                }
            )
        everybody = np.ones(found.time.size, bool)
        groups, _ = km_groups(found.time, found.event, None, {"on the day it was found": everybody}, found.patients)
        seen = np.isfinite(between.right)
        nothing = np.full(int(seen.sum()), np.nan)
        groups.append(
            KMGroup(
                "between the visits (Turnbull)",
                between.right[seen],
                between.survival[seen],
                nothing,
                nothing,
                np.empty(0),
                np.zeros(found.time.size),
                found.time,
                found.patients,
            )
        )
        figures.append(
            Figure(
                f"visits_{name}",
                f"{endpoint_title(name)}: found at a visit, or between two",
                f"Kaplan-Meier with the event on the day of the visit that found it, and the curve of the intervals, "
                f"which falls at their right ends; half of the intervals are longer than {found.width:.0f} days.",
                partial(survival_figure, groups, ylabel=str(endpoint_words(name))),
            )
        )
        notes.append(
            f"{name}: {found.n_interval} of {int(found.event.sum())} events happened between two visits, a median of "
            f"{found.width:.0f} days apart; table visit_intervals gives survival with the event between them. Arms "
            f"seen at "
            "different intervals must not be compared on the day the event was found."
        )
    return rows
