"""How PSA responded and progressed on each line of therapy (PCWG3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, where_counted
from oncourse.analyses._headline import cannot, line_words, rated
from oncourse.analyses._people import ledger, of_lines
from oncourse.cohort import Cohort
from oncourse.derive.clinical.lines import first_line
from oncourse.derive.clinical.psa import OLD_BASELINE_DAYS, PSA_SCHEMA
from oncourse.derive.clinical.psa_values import PsaParams, psa_values
from oncourse.errors import NotEnoughData
from oncourse.stats.medians import median_interval
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

_WORDS = {
    "patient_id": "the patient",
    "line": "line of therapy",
    "baseline_ng_ml": "last PSA on or before the start of the line; null = none",
    "nadir_ng_ml": "lowest of baseline and the values of the line",
    "nadir_day": "day of the nadir",
    "best_change_fraction": "largest fall (or smallest rise) from baseline; null without baseline or later value",
    "change_12wk_fraction": "change from baseline at 12 weeks; null = no value in the window",
    "psa50": "any fall of at least 50 %; false without a later value; null without a baseline, or where a value above "
    "the measuring range leaves it open",
    "psa50_confirmed": "a fall of at least 50 % confirmed at least 21 days later",
    "psa90": "any fall of at least 90 %",
    "psa90_confirmed": "a fall of at least 90 % confirmed at least 21 days later",
    "progression_status": "none / unconfirmed / confirmed; null = no value on the line",
    "progression_day": "day of the first rise that meets the rule",
    "progression_rule": "which rule decided",
    "last_psa_day": "day of the last PSA of the line (of the baseline where there is no later one)",
    "doubling_time_days": "PSA doubling time from the nadir on; null = too few values, or not rising",
    "doubling_time_ci_low": "lower 95 % limit",
    "doubling_time_ci_high": "upper 95 % limit; null = not bounded",
    "start_day": "first day of the line",
    "n_values": "PSA values on the line (one per day)",
    "baseline_day": "day of the baseline",
    "baseline_is_old": f"whether the baseline is older than {OLD_BASELINE_DAYS} days",
    "days_to_nadir": "days from the start to the nadir; null = no value below baseline",
    "psa50_day": "first day with a fall of at least 50 %",
    "psa50_confirmed_day": "first day of the confirmed fall",
    "psa90_day": "first day with a fall of at least 90 %",
    "psa90_confirmed_day": "first day of the confirmed fall",
    "is_undetectable": "whether any value of the line is below 0.2 ng/mL",
    "early_rise_day": "first early rise that met the limits and was not taken as progression",
    "progression_ng_ml": "PSA at progression",
    "progression_confirmed_day": "day of the value that confirmed it",
    "velocity_ng_ml_per_year": "slope of PSA from the nadir on",
    "velocity_ci_low": "lower 95 % limit",
    "velocity_ci_high": "upper 95 % limit",
}
_UNITS = {
    pl.Int64: "",
    "day": "days from the index date",
    "ng_ml": "ng/mL",
    "fraction": "fraction",
    "per_year": "ng/mL per year",
}


def _unit(name: str) -> str:
    if name in ("line", "n_values"):
        return ""
    return next((u for key, u in _UNITS.items() if isinstance(key, str) and key in name), "")


PSA = OutputTable(
    "endpoints/psa",
    "PSA response and progression, one row per patient and line",
    tuple(Column(name, PSA_SCHEMA[name], text, unit=_unit(name)) for name, text in _WORDS.items()),
)
BY_LINE = OutputTable(
    "endpoints/psa_by_line",
    "PSA response rates per line of therapy",
    (
        Column("line", pl.Int64, "line of therapy"),
        Column("measure", pl.String, "psa50 / psa50_confirmed / psa90 / psa90_confirmed"),
        Column("n", pl.Int64, "lines counted"),
        Column("n_response", pl.Int64, "lines with the response"),
        Column("fraction", pl.Float64, "share", unit="fraction"),
        Column("ci_low", pl.Float64, "lower limit (Clopper-Pearson)", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
    ),
)
BY_DRUGS = OutputTable(
    "endpoints/psa_by_drugs",
    "PSA response rates per line of therapy and drugs; not a comparison (analysis treatment)",
    (BY_LINE.columns[0], Column("drugs", pl.String, "what was given"), *BY_LINE.columns[1:]),
)
VALUES_LEFT_OUT = OutputTable(
    "endpoints/psa_values_left_out",
    "PSA rows that could not be used",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("row", pl.Int64, "row of labs (the header is row 1)"),
        Column("reason", pl.String, "why"),
    ),
)
MEASURES = ("psa50", "psa50_confirmed", "psa90", "psa90_confirmed")


@section("psa_response")
@dataclass(frozen=True)
class PsaResponseParams:
    """What is shown; the rules are in the section psa."""

    line: int | None = setting(None, "line of the rates in the answer; null: the first from 1 on with PSA", low=0)
    level: float = setting(0.95, "coverage of the intervals", low=0.5, high=0.999)
    panels: int = setting(12, "patients whose PSA curve is drawn", low=0, high=60)


@analysis(
    title="PSA response and progression",
    question="How did PSA respond to each line of therapy, and when did it progress?",
    needs=("labs", "treatments"),
    params=PsaResponseParams,
    tables=(PSA, BY_LINE, BY_DRUGS, VALUES_LEFT_OUT),
    order=40,
    sets_apart=False,
    tumour="prostate",
)
def psa_response(cohort: Cohort, params: PsaResponseParams) -> Result:
    """PSA endpoints by PCWG3 with response rates, waterfall, spider and patient curves."""
    rules = cohort.params(PsaParams)
    values, left_out = psa_values(cohort.study["labs"], rules)
    if values.is_empty():
        raise NotEnoughData("labs holds no usable PSA value (analyte PSA).")
    table = cohort.psa
    if table.is_empty():
        raise NotEnoughData("treatments holds no line of therapy to which PSA could belong.")
    shown = _lines_of(table, params)
    estimates = _estimates(table, shown, params, rules)
    n_old = int(table["baseline_is_old"].fill_null(False).sum())
    n_early = int(table["early_rise_day"].is_not_null().sum())
    estimates += [
        Estimate("old_baselines", n_old, n=table.height, unit="count"),
        Estimate("early_rises", n_early, n=table.height, unit="count"),
        Estimate("below_limit", int(values["is_below_limit"].sum()), n=values.height, unit="count"),
        Estimate("several_a_day", int((values["n_same_day"] > 1).sum()), n=values.height, unit="count"),
        Estimate("left_out", left_out.height, unit="count"),
        Estimate("without_unit", _without_unit(cohort), unit="count"),
    ]
    what = f"line {shown['line'][0]}"
    words = line_words(shown["line"][0])
    nothing = (pl.col("n_values") == 0) & pl.col("baseline_ng_ml").is_null()
    unseen = shown.filter((pl.col("n_values") == 0) | pl.col("baseline_ng_ml").is_null())
    n_open = shown.filter(~_told()).height - unseen.height
    of = _denominator(rules, unseen.height, unseen.filter(nothing).height)
    fell = (
        f"PSA fell by at least half, confirmed, in {{psa50_confirmed}} and by at least 90 % in {{psa90_confirmed}}, of "
        f"{of}."
        if unseen.height < shown.height
        else f"a fall of PSA cannot be judged: none of {shown.height} lines has a PSA both before and after the start."
    )
    answer = (
        f"{str(words).capitalize()}: {fell} "
        "PSA progressed, confirmed, in {progressed} of the lines with a PSA after the start."
        + _open_words(rules, n_open)
    )
    share = next(e for e in estimates if e.name == "psa50_confirmed")
    told = said(
        "headline.psa_response.rate",
        k=round((share.value or 0) * (share.n or 0)),
        n=share.n or 0,
        share=share,
        line=words,
    )
    count = (
        "lines without any PSA count as non-responders"
        if rules.missing_in_denominator
        else ("lines without any PSA are left out of the rates")
    )
    return Result(
        answer=answer,
        headline=rated(told, share, share.name)
        if unseen.height < shown.height
        else cannot(said("headline.psa_response.none"), said("reason.no_value")),
        estimates=tuple(estimates),
        tables={
            PSA.name: PSA.frame(table.sort("patient_id", "start_day", "line")),
            BY_LINE.name: BY_LINE.frame(_rates(table, ["line"], params, rules)),
            BY_DRUGS.name: BY_DRUGS.frame(_rates(_with_drugs(table, cohort), ["line", "drugs"], params, rules)),
            VALUES_LEFT_OUT.name: VALUES_LEFT_OUT.frame(left_out.sort("patient_id", "row")),
        },
        figures=_figures(cohort, table, shown, values, params, what),
        people=_people(table, cohort, rules),
        notes=(
            "Where a baseline and a later value exist, PSA fell by at least half, confirmed, in "
            "{psa50_confirmed_evaluable}.",
            f"In the rates {count}.",
            *where_counted(estimates, COUNTED),
            "PSA progression alone does not mean that treatment should stop (PCWG3: no longer clinically benefiting).",
        ),
        methods=(
            "Response and progression by PCWG3 (J Clin Oncol 2016;34:1402), limits compared in exact decimals. "
            f"Progression is a rise of at least {100 * rules.rise_fraction:g} % and {rules.min_rise_ng_ml:g} ng/mL "
            f"above the nadir, confirmed at least {rules.confirmation_days} days later, dated to the first rise. "
            f"Without a decline it counts only beyond day {rules.early_days}.",
            "Shares with Clopper-Pearson intervals. Doubling time: least squares of log PSA from the nadir on.",
        ),
    )


#: Notes of what was met, by the estimate that counts it.
COUNTED = {
    "old_baselines": f"Baselines older than {OLD_BASELINE_DAYS} days: {{old_baselines:value}}.",
    "early_rises": "Early rises beyond the limits, which by PCWG3 are recorded and are no progression: {early_rises:value} "
    "lines.",
    "below_limit": "PSA values below detection: {below_limit:value}.",
    "several_a_day": "Days with several PSA values: {several_a_day:value}.",
    "left_out": "Rows of PSA that could not be used: {left_out:value}.",
    "without_unit": "Rows without a unit, taken as ng/mL: {without_unit:value}.",
}


def _told() -> pl.Expr:
    """Whether response can be told: a PSA before and after the start, none of them beyond the measuring range in a way
    that leaves a confirmed fall by half open."""
    return (pl.col("n_values") > 0) & pl.col("baseline_ng_ml").is_not_null() & pl.col("psa50_confirmed").is_not_null()


def _rated() -> pl.Expr:
    """Whether a line counts in the rates where those without any PSA do not: its response is told, or, without a
    baseline, is none that was seen."""
    without_baseline = pl.col("baseline_ng_ml").is_null() & (pl.col("n_values") > 0)
    return pl.col("psa50_confirmed").is_not_null() | without_baseline


def _open_words(rules: PsaParams, n_open: int) -> str:
    """The sentence on lines whose response a value above the measuring range leaves open; empty without any."""
    counted = "counted as no response" if rules.missing_in_denominator else "left out of the rates"
    return f" Response left open by a PSA above the measuring range, {counted}: {n_open}." if n_open else ""


def _denominator(rules: PsaParams, unseen: int, nothing: int) -> str:
    """The lines of the rates in words: who counts without having been seen.

    unseen : lines without a PSA both before and after the start; nothing : of these without any
    """
    if not unseen:
        return "the lines, all with a PSA before and after the start"
    if rules.missing_in_denominator:
        return f"all lines, {unseen} without a PSA before and after the start counted as no response"
    half = (
        f", {unseen - nothing} with one of baseline and later value counted as no response" if unseen > nothing else ""
    )
    return f"the lines with a PSA{half}, {nothing} without any left out"


def _lines_of(table: pl.DataFrame, params: PsaResponseParams) -> pl.DataFrame:
    line = params.line if params.line is not None else first_line(table, pl.col("n_values") > 0)
    rows = table.filter(pl.col("line") == line) if line is not None else table.clear()
    if rows.is_empty():
        what = "no PSA value lies after the start of a line." if line is None else f"no patient has a line {line}."
        raise NotEnoughData(what)
    return rows


def _share(rows: pl.DataFrame, measure: str, level: float, missing_counts: bool) -> tuple[int, int, float, float]:
    from oncourse.stats.proportions import clopper_pearson

    n = rows.height if missing_counts else rows.filter(_rated()).height
    k = int(rows[measure].fill_null(False).sum())
    low, high = clopper_pearson(k, n, level)
    return k, n, float(low), float(high)


def _estimates(table: pl.DataFrame, shown: pl.DataFrame, params: PsaResponseParams, rules: PsaParams) -> list[Estimate]:
    out, at = [], f", line {shown['line'][0]}"
    for measure in MEASURES:
        k, n, low, high = _share(shown, measure, params.level, rules.missing_in_denominator)
        value = k / n if n else None
        out.append(Estimate(measure, value, low, high, n, "Clopper-Pearson", "fraction", RATE + at))
        with_value = shown.filter(_told())
        k, n, low, high = _share(with_value, measure, params.level, True)
        name = f"{measure}_evaluable"
        out.append(Estimate(name, k / n if n else None, low, high, n, "Clopper-Pearson", "fraction", EVALUABLE + at))
    judged = shown.filter(pl.col("progression_status").is_not_null())
    confirmed = judged.with_columns((pl.col("progression_status") == "confirmed").alias("_p"))
    k, n, low, high = _share(confirmed, "_p", params.level, True)
    out.append(
        Estimate("progressed", k / n if n else None, low, high, n, "Clopper-Pearson", "fraction", PROGRESSION + at)
    )
    best = shown["best_change_fraction"].drop_nulls().sort().to_numpy()
    middle = float(np.median(best)) if len(best) else None
    limits = median_interval(best)
    out.append(Estimate("median_best_change", middle, *limits, len(best), "median, order statistics", "fraction"))
    return out


def _rates(table: pl.DataFrame, by: list[str], params: PsaResponseParams, rules: PsaParams) -> list[dict[str, Any]]:
    """Return the rate of each measure in each group of lines."""
    rows = []
    for key, part in table.sort(by).group_by(by, maintain_order=True):
        for measure in MEASURES:
            k, n, low, high = _share(part, measure, params.level, rules.missing_in_denominator)
            limits = (k / n, low, high) if n else (None, None, None)
            told = dict(zip(("fraction", "ci_low", "ci_high"), limits, strict=True))
            rows.append({**dict(zip(by, key, strict=True)), "measure": measure, "n": n, "n_response": k, **told})
    return rows


def _with_drugs(table: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """Add what was given on each line, as regimens are named; null where no drug is recorded."""
    from oncourse.knowledge.drugs import treatment_name

    drugs = cohort.lines.select("patient_id", "line", "drugs").unique(["patient_id", "line"], keep="first")
    names = {d: treatment_name(d) for d in drugs["drugs"].drop_nulls().unique()}
    named = drugs.with_columns(pl.col("drugs").replace_strict(names, default=None, return_dtype=pl.String))
    return table.join(named, on=["patient_id", "line"], how="left", maintain_order="left")


def _without_unit(cohort: Cohort) -> int:
    labs = cohort.study["labs"]
    is_psa = pl.col("analyte").str.to_lowercase().str.strip_chars().str.contains("psa")
    return labs.filter(is_psa & pl.col("unit").is_null()).height


#: Questions of the ledger: the rates of response, the same among lines with both values, and progression.
RATE, EVALUABLE, PROGRESSION = "PSA response", "PSA before and after the start", "PSA progression"


def _people(table: pl.DataFrame, cohort: Cohort, rules: PsaParams) -> pl.DataFrame:
    """Every line in the rates, with why nothing was seen where it counts as no response; those with both values."""
    told = (
        pl.when((pl.col("n_values") == 0) & pl.col("baseline_ng_ml").is_null())
        .then(pl.lit("no PSA at all"))
        .when(pl.col("n_values") == 0)
        .then(pl.lit("no PSA after the start"))
        .when(pl.col("baseline_ng_ml").is_null())
        .then(pl.lit("no baseline PSA (no response can be told)"))
        .when(~_told())
        .then(pl.lit("PSA above the measuring range leaves the response open"))
    )
    lines = table.select(
        "patient_id",
        "line",
        told.alias("reason"),
        *MEASURES,
        pl.col("progression_status").is_not_null().alias("_p"),
        _rated().alias("_rated"),
    )
    unseen, everyone = lines.drop_nulls("reason"), cohort.study["patients"]["patient_id"]
    rated = lines if rules.missing_in_denominator else lines.filter("_rated")
    no = "not evaluable"
    return ledger(
        [
            of_lines(RATE, rated, unseen, cohort.lines, everyone, rest=no),
            of_lines(EVALUABLE, lines.filter(pl.col("reason").is_null()), unseen, cohort.lines, everyone, rest=no),
            of_lines(PROGRESSION, lines.filter("_p"), unseen.filter(~pl.col("_p")), cohort.lines, everyone, rest=no),
        ]
    )


def _figures(
    cohort: Cohort, table: pl.DataFrame, shown: pl.DataFrame, values: pl.DataFrame, params: PsaResponseParams, what: str
) -> tuple[Figure, ...]:
    from oncourse.plots.spider import MOST, panels, spider
    from oncourse.plots.theme import PALETTE
    from oncourse.plots.waterfall import waterfall

    bars = shown.filter(pl.col("best_change_fraction").is_not_null())
    if bars.is_empty():
        return ()
    group = (
        pl.when("psa50_confirmed")
        .then(pl.lit("PSA50 confirmed"))
        .when("psa50")
        .then(pl.lit("PSA50 unconfirmed"))
        .otherwise(pl.lit("no PSA50"))
    )
    colours = {"PSA50 confirmed": PALETTE[2], "PSA50 unconfirmed": PALETTE[4], "no PSA50": PALETTE[1]}
    fall = partial(
        waterfall,
        bars["best_change_fraction"].to_list(),
        bars.select(group).to_series().to_list(),
        colours=colours,
        ylabel="best change of PSA",
        limits={"-50 %": -0.5, "-90 %": -0.9},
        names_of=bars["patient_id"].to_list(),
    )
    figures = [
        Figure(
            "waterfall",
            "Best PSA change",
            f"Best change from baseline on {what}, one bar per patient; "
            f"{shown.height - bars.height} without baseline or later value are not drawn. Rises above 100 % are "
            "cut (arrow).",
            fall,
        )
    ]
    kept = bars["patient_id"].sort().gather_every(-(-bars.height // MOST)).to_list()
    drawn_lines = bars.filter(pl.col("patient_id").is_in(kept))
    keys = drawn_lines.select("patient_id", "line", "start_day", "baseline_ng_ml", "last_psa_day")
    points = (
        values.join(keys, on="patient_id")
        .filter((pl.col("day") > pl.col("start_day")) & (pl.col("day") <= pl.col("last_psa_day")))
        .with_columns(
            (pl.col("day") - pl.col("start_day")).alias("t"),
            (pl.col("value_ng_ml") / pl.col("baseline_ng_ml") - 1).alias("change"),
        )
        .sort("patient_id", "day")
    )
    series = {
        patient: ([0, *part["t"].to_list()], [0.0, *part["change"].to_list()])
        for (patient,), part in points.group_by("patient_id", maintain_order=True)
    }
    paint = {p: colours[g] for p, g in bars.select("patient_id", group.alias("g")).iter_rows()}
    named = {str(k): v for k, v in series.items()}
    web = partial(spider, named, ylabel="change of PSA", colours=paint, limits={"-50 %": -0.5}, total=bars.height)
    figures.append(
        Figure(
            "spider",
            "PSA over time",
            f"Change from baseline on {what}; colours as in the waterfall. Changes above +150 % are cut.",
            web,
        )
    )
    busiest = table.group_by("patient_id").agg(pl.col("n_values").sum()).filter(pl.col("n_values") > 0)
    busiest = busiest.sort(["n_values", "patient_id"], descending=[True, False])
    many = busiest["patient_id"].head(params.panels).sort().to_list()
    if many:
        drawn = [_panel(p, table, values) for p in many]
        caption = (
            f"The {len(many)} patients with most values. Dotted: start of a line; triangle: nadir of the line; "
            "diamond: PSA progression (open: unconfirmed)."
        )
        figures.append(
            Figure("patients", "PSA of single patients", caption, partial(panels, drawn, ylabel="PSA (ng/mL)"))
        )
    return tuple(figures)


def _panel(patient: str, table: pl.DataFrame, values: pl.DataFrame) -> dict[str, object]:
    mine = values.filter(pl.col("patient_id") == patient)
    lines = table.filter(pl.col("patient_id") == patient)
    marks = []
    for row in lines.iter_rows(named=True):
        if row["days_to_nadir"] is not None:
            marks.append((row["nadir_day"], row["nadir_ng_ml"], "nadir"))
        if row["progression_day"] is not None:
            marks.append((row["progression_day"], row["progression_ng_ml"], row["progression_status"]))
    days = mine["day"].to_list()  # a line long before the first PSA would squeeze the curve
    starts = [
        (s, f"line {n}") for s, n in lines.select("start_day", "line").iter_rows() if min(days) - 28 <= s <= max(days)
    ]
    return {
        "title": patient,
        "day": days,
        "value": mine["value_ng_ml"].to_list(),
        "starts": starts,
        "marks": marks,
    }
