"""How tumours responded on imaging: RECIST 1.1 per visit, best response, duration, bone scans."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, where_counted
from oncourse.analyses._headline import cannot, line_words, rated
from oncourse.analyses._people import ledger, of_lines
from oncourse.cohort import Cohort
from oncourse.derive.clinical.bone import BONE_SCHEMA, BoneParams, combined_visits
from oncourse.derive.clinical.lines import first_line
from oncourse.derive.clinical.recist import VISITS_SCHEMA, disagreements, progression_dates
from oncourse.derive.clinical.response import BEST_SCHEMA, ImagingParams, contradictions
from oncourse.derive.clinical.target_lesions import TREATED, reader
from oncourse.errors import NotEnoughData
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_VISITS = {
    "patient_id": "the patient",
    "line": "line of therapy",
    "day": "day of the visit",
    "sum_mm": "sum of the diameters of the target lesions measured",
    "change_from_baseline_fraction": "change of the sum; null where a lesion is missing",
    "change_from_nadir_fraction": "change from the smallest complete sum before; null where a lesion is missing",
    "target": "response of the target lesions; null = none at baseline",
    "non_target": "response of the non-target lesions; null = none",
    "new_lesions": "no / equivocal / yes; null = not recorded",
    "overall": "overall response",
    "basis": "derived, derived with new lesions not recorded, or reported (only that exists)",
    "reported_overall": "response as the investigator reported it",
    "possible_target": "responses still possible whatever the size of the missing lesions",
    "resolution": "pending state that a later visit resolved",
    "progression_day": "day a progression of this visit is dated to",
    "baseline_mm": "sum at baseline",
    "nadir_mm": "smallest complete sum before the visit",
    "n_target": "target lesions at baseline",
    "n_missing": "target lesions without a size at this visit",
    "source_table": "table the visit comes from",
    "source_row": "its first row there (the header is row 1)",
}
_BEST = {
    "patient_id": "the patient",
    "line": "line of therapy",
    "best_confirmed": "best response, CR and PR confirmed",
    "best_unconfirmed": "best response without confirmation",
    "response_day": "first day of the confirmed response",
    "duration_days": "days from it to progression or death, both included",
    "duration_censored": "whether the response was ongoing at the last adequate visit",
    "duration_end": "what ended it",
    "best_confirmed_day": "day of the visit that gave best_confirmed",
    "best_unconfirmed_day": "day of the visit that gave best_unconfirmed",
    "first_response_day": "first CR or PR, confirmed or not",
    "is_response": "any CR or PR",
    "is_confirmed_response": "a confirmed CR or PR",
    "is_clinical_benefit": "CR, PR, or stable for long enough",
    "benefit_day": "first day of the benefit",
    "progression_day": "first progression",
    "last_adequate_day": "last evaluable visit",
    "best_change_fraction": "largest fall (or smallest rise) of the sum from baseline",
    "n_visits": "visits of the line",
    "basis": "where the overall responses come from",
}
_BONE = {
    "patient_id": "the patient",
    "line": "line of therapy",
    "day": "day of the scan",
    "new_lesions": "lesions not on any earlier scan; null = not evaluable",
    "persisting": "earlier post-baseline new lesions still seen; null = not recorded",
    "bone": "NON-PD, PDu (to be confirmed), PD or NE",
    "progression_day": "day a progression is dated to",
    "confirmed_day": "scan that confirmed it",
    "rule": "which part of the rule decided",
    "source_row": "row of assessments (the header is row 1)",
}


def _columns(words: dict[str, str], schema: Mapping[str, Any]) -> tuple[Column, ...]:
    units = {"fraction": "fraction", "_mm": "mm"}
    day = "days from the index date"

    def unit(name: str) -> str:
        return day if name.endswith("day") else next((u for k, u in units.items() if name.endswith(k)), "")

    return tuple(Column(name, schema[name], text, unit=unit(name)) for name, text in words.items())


VISITS = OutputTable("endpoints/recist_visits", "response of every visit", _columns(_VISITS, VISITS_SCHEMA))
BEST = OutputTable("endpoints/best_response", "best response per patient and line", _columns(_BEST, BEST_SCHEMA))
BONE = OutputTable("endpoints/bone_visits", "bone scans by the 2+2 rule", _columns(_BONE, BONE_SCHEMA))
COUNTS = OutputTable(
    "endpoints/response_counts",
    "best responses per line of therapy",
    (
        Column("line", pl.Int64, "line of therapy"),
        Column("confirmation", pl.Boolean, "whether CR and PR are confirmed"),
        Column("response", pl.String, "best response"),
        Column("n", pl.Int64, "patients"),
        Column("fraction", pl.Float64, "share of the patients of the line", unit="fraction"),
    ),
)
DISAGREE = OutputTable(
    "endpoints/response_disagreements",
    "visits where the derived and the reported response differ",
    tuple(
        Column(name, VISITS_SCHEMA[name], _VISITS[name])
        for name in (
            "patient_id",
            "line",
            "day",
            "overall",
            "reported_overall",
            "target",
            "non_target",
            "new_lesions",
        )
    ),
)
DATES = OutputTable(
    "endpoints/progression_dates",
    "first derived and first reported progression of each line",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("line", pl.Int64, "line of therapy"),
        Column("derived_day", pl.Int64, "first derived progression; null = none", unit="days from the index date"),
        Column(
            "reported_day",
            pl.Int64,
            "first reported progression; null = none",
            unit="days from the index date",
        ),
        Column("difference_days", pl.Int64, "derived - reported; null = only one saw a progression", unit="days"),
    ),
)
COMBINED = OutputTable(
    "endpoints/combined_visits",
    "soft tissue and bone joined by PCWG3, for lines with bone scans",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("line", pl.Int64, "line of therapy"),
        Column("day", pl.Int64, "day of the visit", unit="days from the index date"),
        Column("soft_tissue", pl.String, "overall response of soft tissue (RECIST 1.1)"),
        Column("bone", pl.String, "bone response of the nearest scan; NE = none near"),
        Column("bone_day", pl.Int64, "day of that scan", unit="days from the index date"),
        Column("overall", pl.String, "joined response"),
    ),
)
QUERIES = OutputTable(
    "endpoints/response_queries",
    "visits that contradict an earlier one: a PR after a CR of the same line",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("line", pl.Int64, "line of therapy"),
        Column("day", pl.Int64, "day of the visit", unit="days from the index date"),
        Column("overall", pl.String, "response of the visit"),
    ),
)


@analysis(
    title="Response on imaging",
    question="How did tumours respond on imaging on each line of therapy (RECIST 1.1; bone: 2+2)?",
    needs=("target_lesions|assessments", "treatments"),
    params=ImagingParams,
    tables=(VISITS, BEST, BONE, COMBINED, COUNTS, DISAGREE, DATES, QUERIES),
    order=41,
    sets_apart=False,
)
def imaging(cohort: Cohort, params: ImagingParams) -> Result:
    """Best response with exact intervals, duration, waterfall and spider, derived v reported."""
    visits, best, bone = cohort.recist_visits, cohort.best_response, cohort.bone_visits
    if best.is_empty():
        raise NotEnoughData("treatments holds no line of therapy to which a visit could belong.")
    if visits.is_empty() and bone.is_empty():
        raise NotEnoughData("no visit lies after the start of a line of therapy.")
    seen = pl.concat([visits.select("patient_id", "line"), bone.select("patient_id", "line")])
    line = params.line if params.line is not None else first_line(seen, pl.lit(True))
    starts = cohort.lines.select("patient_id", "line", "start_day")
    first = best.filter(pl.col("line") == line).join(starts, on=["patient_id", "line"], maintain_order="left")
    if first.is_empty():
        raise NotEnoughData(f"no patient has a line {line}.")
    estimates = _rates(first, params, line) + _duration(first, line) + _agreement(visits, cohort.seed)
    bone_pd = bone.filter(pl.col("bone") == "PD").select("patient_id", "line").n_unique() if bone.height else 0
    queries = contradictions(visits)
    dates = progression_dates(visits, cohort.lines, cohort.study["follow_up"])
    differ = int((dates["difference_days"].fill_null(1) != 0).sum())
    estimates += [
        Estimate("bone_progressions", bone_pd, n=bone.select("patient_id", "line").n_unique(), unit="count"),
        Estimate("queries", queries.height, n=visits.height, unit="count"),
        Estimate("progression_dates_differ", differ, n=dates.height, unit="count"),
        Estimate("progression_dates", dates.height, unit="count"),
    ]
    names = {e.name for e in estimates if e.value is not None}
    words = line_words(line)
    answer = (
        f"{str(words).capitalize()}: a confirmed response was seen in {{objective_response}} of "
        f"{_denominator(first, params)}; a response, confirmed or not, in {{unconfirmed_response}}. Disease was "
        "controlled in {disease_control}."
    )
    share = next(e for e in estimates if e.name == "objective_response")
    told = said(
        "headline.imaging.rate", k=round((share.value or 0) * (share.n or 0)), n=share.n or 0, share=share, line=words
    )
    unseen = int(first["best_unconfirmed"].is_in(UNSEEN).sum()) == first.height
    if unseen:  # bone scans alone, or no scan that counts: a rate of 0 would say that nobody responded
        answer = (
            f"{str(words).capitalize()}: response cannot be told: none of {{not_evaluable:value}} patients had a visit at "
            "which one could be judged."
        )
    if "median_duration" in names:
        answer += " Confirmed responses lasted a median of {median_duration}."
    return Result(
        answer=answer,
        headline=cannot(said("headline.imaging.none"), said("reason.no_value"))
        if unseen
        else rated(told, share, share.name),
        estimates=tuple(estimates),
        tables={
            VISITS.name: VISITS.frame(visits),
            BEST.name: BEST.frame(best),
            BONE.name: BONE.frame(bone),
            COMBINED.name: COMBINED.frame(combined_visits(visits, bone, cohort.params(BoneParams))),
            COUNTS.name: _counts(best),
            DATES.name: DATES.frame(dates),
            DISAGREE.name: DISAGREE.frame(disagreements(visits)),
            QUERIES.name: QUERIES.frame(queries),
        },
        figures=_figures(first, visits),
        people=_people(cohort, best, visits, params),
        notes=_notes(cohort, params, estimates, visits, dates),
        methods=(
            "RECIST 1.1 (Eur J Cancer 2009;45:228) from lesion diameters, limits compared in exact decimals; "
            f"confirmation at least {params.confirmation_days} days later, stable disease from day "
            f"{params.min_stable_days} of the line. Bone scans by the 2+2 rule (PCWG3).",
            "Rates with Clopper-Pearson intervals; duration by Kaplan-Meier.",
        ),
    )


def _rates(first: pl.DataFrame, params: ImagingParams, line: int | None) -> list[Estimate]:
    from oncourse.stats.proportions import clopper_pearson

    never = int(first["best_unconfirmed"].is_in(UNSEEN).sum())
    nobody = never == first.height  # a rate of those in whom nothing could be judged is none
    counted = first if params.missing_in_denominator else first.filter(~pl.col("best_unconfirmed").is_in(UNSEEN))
    control = pl.col("best_confirmed").is_in(
        ["CR", "PR", "SD", "NON-CR/NON-PD", "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD"]
    )
    flags = {
        "objective_response": pl.col("is_confirmed_response"),
        "unconfirmed_response": pl.col("is_response"),
        "disease_control": control,
        "complete_response": pl.col("best_confirmed").is_in(["CR", "iCR"]),
    }
    out = []
    for name, flag in flags.items():
        k, n = int(counted.select(flag.sum()).item() or 0), counted.height
        low, high = clopper_pearson(k, n)
        out.append(
            Estimate(
                name,
                k / n if n and not nobody else None,
                None if nobody else float(low),
                None if nobody else float(high),
                n,
                "Clopper-Pearson",
                "fraction",
                f"{RATE}, line {line}",
            )
        )
    return [*out, Estimate("not_evaluable", never, n=first.height, unit="count")]


def _duration(first: pl.DataFrame, line: int | None) -> list[Estimate]:
    from oncourse.stats.km import kaplan_meier

    known = first.filter(pl.col("duration_days").is_not_null())
    if known.is_empty():
        return []
    curve = kaplan_meier(known["duration_days"].to_numpy(), (~known["duration_censored"]).to_numpy())
    median = curve.median
    return [
        Estimate(
            "median_duration",
            median.value,
            median.ci_low,
            median.ci_high,
            known.height,
            "Kaplan-Meier",
            "days",
            f"{DURATION}, line {line}",
        )
    ]


def _agreement(visits: pl.DataFrame, seed: int) -> list[Estimate]:
    """Share of visits and kappa of derived against reported response; interval by bootstrap over patients."""
    import numpy as np

    from oncourse.stats.agreement import cluster_weights
    from oncourse.stats.clustered_share import clustered_share
    from oncourse.stats.rng import generator

    both = visits.filter(
        pl.col("reported_overall").is_not_null() & pl.col("overall").is_not_null() & (pl.col("basis") != "reported")
    )
    if both.is_empty():
        return []
    words = sorted(set(both["overall"]) | set(both["reported_overall"]))
    code = {w: i for i, w in enumerate(words)}
    patient = both.select(pl.col("patient_id").rank("dense") - 1).to_series().to_numpy().astype(int)
    a = both["overall"].replace_strict(code, return_dtype=pl.Int64).to_numpy()
    b = both["reported_overall"].replace_strict(code, return_dtype=pl.Int64).to_numpy()
    tables = np.zeros((patient.max() + 1, len(words), len(words)))
    np.add.at(tables, (patient, a, b), 1.0)

    def kappa(table: np.ndarray) -> float:  # type: ignore[type-arg]
        p = table / table.sum()
        chance = float(p.sum(0) @ p.sum(1))
        return (float(np.trace(p)) - chance) / (1 - chance) if chance < 1 else float("nan")

    rng = generator(seed, "imaging.agreement")
    weights = cluster_weights(len(tables), 400, rng) if len(tables) > 1 else None
    low_k = high_k = None
    if weights is not None:
        drawn = np.tensordot(np.asarray(weights, float), tables, axes=1)
        kappas = np.array([kappa(t) for t in drawn])
        if np.isfinite(kappas).any() and np.nanmin(kappas) < np.nanmax(kappas):  # all alike: drawing shows nothing
            low_k, high_k = (float(v) for v in np.nanquantile(kappas, [0.025, 0.975]))
    share = clustered_share(np.trace(tables, axis1=1, axis2=2), tables.sum((1, 2)))
    of = (share.value, share.low, share.high, both.height, share.method, "fraction")
    return [
        Estimate("agreement", *of),
        Estimate("kappa", kappa(tables.sum(0)), low_k, high_k, both.height, "bootstrap over patients", "score"),
    ]


def _counts(best: pl.DataFrame) -> pl.DataFrame:
    parts = []
    for name, confirmed in (("best_confirmed", True), ("best_unconfirmed", False)):
        part = (
            best.group_by("line", pl.col(name).alias("response"))
            .len("n")
            .with_columns(
                pl.lit(confirmed).alias("confirmation"),
                (pl.col("n") / pl.col("n").sum().over("line")).alias("fraction"),
            )
        )
        parts.append(part)
    return COUNTS.frame(pl.concat(parts).sort("line", "confirmation", "response"))


#: Questions of the ledger: the rates of response, and how long confirmed responses lasted.
RATE, DURATION = "response", "duration of response"
#: Best responses of lines in which nothing could be judged.
UNSEEN = ("MISSING", "NE", "ND")


def _denominator(first: pl.DataFrame, params: ImagingParams) -> str:
    """The lines of the rates in words: who counts without having been seen."""
    unseen = int(first["best_unconfirmed"].is_in(UNSEEN).sum())
    if not unseen:
        return "the patients, all with an evaluable visit"
    if params.missing_in_denominator:
        return f"all patients, {unseen} without an evaluable visit counted as no response"
    return f"the patients with an evaluable visit, {unseen} without left out"


def _people(cohort: Cohort, best: pl.DataFrame, visits: pl.DataFrame, params: ImagingParams) -> pl.DataFrame:
    """The lines in the rates, with what was not seen of those that count as no response; those with a duration."""
    everyone, keys = cohort.study["patients"]["patient_id"], ["patient_id", "line"]
    why = pl.when(pl.col("best_unconfirmed") == "MISSING").then(pl.lit("no visit")).otherwise(pl.lit("not evaluable"))
    unseen = best.filter(pl.col("best_unconfirmed").is_in(UNSEEN)).select(*keys, why.alias("reason"))
    bare = f"no target lesion measured within {params.baseline_window_days} days before the start (no baseline)"
    none = visits.filter((pl.col("n_target") == 0).fill_null(False)) if visits.height else best.clear()
    told = pl.concat([unseen, none.select(*keys).unique().with_columns(reason=pl.lit(bare))])
    rated = best if params.missing_in_denominator else best.join(unseen, on=keys, how="anti")
    lasted = best.filter(pl.col("duration_days").is_not_null())
    return ledger(
        [
            of_lines(RATE, rated, told, cohort.lines, everyone, rest="not evaluable"),
            of_lines(DURATION, lasted, told.clear(), cohort.lines, everyone, rest="no confirmed response"),
        ]
    )


def _notes(
    cohort: Cohort, params: ImagingParams, estimates: list[Estimate], visits: pl.DataFrame, dates: pl.DataFrame
) -> tuple[str, ...]:
    how = "count as non-responders" if params.missing_in_denominator else "are left out of the rates"
    notes = list(
        where_counted(
            estimates,
            {
                "not_evaluable": f"Patients without an evaluable visit {how}: {{not_evaluable:value}}.",
                "bone_progressions": "Lines that progressed in bone by the 2+2 rule: {bone_progressions:value}.",
                "queries": "Visits with a PR after a CR, to be checked at the source: {queries:value}.",
            },
        )
    )
    n_reported = int((visits["basis"] == "reported").sum()) if visits.height else 0
    if n_reported:
        notes.append(
            f"The overall response of {n_reported:,} of {visits.height:,} visits is the reported one: nothing "
            "else is recorded there."
        )
    treated = visits.filter(pl.col("resolution").str.starts_with(TREATED)) if visits.height else visits
    if treated.height:
        notes.append(
            f"Target lesions of {treated['patient_id'].n_unique():,} patients were taken out or irradiated while they "
            "were followed. What became of them is no response: they are not evaluable from then on."
        )
    if any(e.name == "agreement" and e.value is not None for e in estimates):
        notes.append("Derived and reported responses agree in {agreement} of visits where both exist, kappa {kappa}.")
    if not dates.is_empty():
        notes.append(
            "Derived and reported day of progression differ, or only one of them exists, in "
            "{progression_dates_differ:value} of {progression_dates:value} lines."
        )
    for table in ("target_lesions", "assessments"):
        frame = cohort.study[table]
        used = reader(frame, params.evaluator)
        others = sorted(set(frame["evaluator"].drop_nulls()) - {used}) if "evaluator" in frame.columns else []
        if others:
            notes.append(f"{table}: the readings of {used} are used, not those of {', '.join(others)}.")
    return tuple(notes)


def _figures(first: pl.DataFrame, visits: pl.DataFrame) -> tuple[Figure, ...]:
    from oncourse.plots.spider import MOST, spider
    from oncourse.plots.theme import COLOURS, PALETTE
    from oncourse.plots.waterfall import waterfall

    bars = first.filter(pl.col("best_change_fraction").is_not_null())
    if bars.is_empty():
        return ()
    colours = {
        "CR": COLOURS["CR"],
        "PR": COLOURS["PR"],
        "SD": COLOURS["SD"],
        "NON-CR/NON-PD": PALETTE[7],
        "PD": COLOURS["PD"],
        "NE": COLOURS["NE"],
        "MISSING": COLOURS["NE"],
    }
    colours |= {
        "iCR": colours["CR"],
        "iPR": colours["PR"],
        "iSD": colours["SD"],
        "iCPD": colours["PD"],
        "iUPD": PALETTE[3],
        "NON-iCR/NON-iUPD": PALETTE[7],
        "ND": COLOURS["NE"],
    }
    limits = {"+20 %": 0.2, "-30 %": -0.3}
    fall = partial(
        waterfall,
        bars["best_change_fraction"].to_list(),
        bars["best_confirmed"].to_list(),
        colours=colours,
        ylabel="best change of the sum of diameters",
        limits=limits,
        names_of=bars["patient_id"].to_list(),
    )
    kept = bars["patient_id"].sort().gather_every(-(-bars.height // MOST)).to_list()
    keys = bars.filter(pl.col("patient_id").is_in(kept)).select("patient_id", "line", "start_day", "best_confirmed")
    points = (
        visits.join(keys, on=["patient_id", "line"])
        .filter(pl.col("change_from_baseline_fraction").is_not_null())
        .sort("patient_id", "day")
    )
    series = {
        str(patient): (
            [0, *(part["day"] - part["start_day"]).to_list()],
            [0.0, *part["change_from_baseline_fraction"].to_list()],
        )
        for (patient,), part in points.group_by("patient_id", maintain_order=True)
    }
    paint = {p: colours.get(w, PALETTE[0]) for p, w in keys.select("patient_id", "best_confirmed").iter_rows()}
    web = partial(
        spider, series, ylabel="change of the sum of diameters", colours=paint, limits=limits, total=bars.height
    )
    caption = (
        f"Best change of the sum of diameters on this line, coloured by best confirmed response; "
        f"{first.height - bars.height} patients without two complete sums are not drawn. New lesions and non-target "
        "progression make some shrinking tumours PD."
    )
    return (
        Figure("waterfall", "Best change of tumour size", caption, fall),
        Figure(
            "spider",
            "Tumour size over time",
            "Sum of diameters against baseline, complete sums only; colours as in the waterfall.",
            web,
        ),
    )
