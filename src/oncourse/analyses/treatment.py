"""Which treatment does best, and in whom: comparisons by line of therapy and marker x treatment interactions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, cannot, endpoint_words, light_of, line_words
from oncourse.analyses._people import counted, ledger, of_lines
from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.outcomes.treatment_comparisons import (
    Comparisons,
    PairRules,
    compare_lines,
    line_covariates,
)
from oncourse.derive.outcomes.treatment_pairs import InteractionRules, hypotheses_of, interaction_rows
from oncourse.errors import NotEnoughData
from oncourse.facts.days import landmark_days
from oncourse.knowledge.regimen_names import treatment_name
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import Said, said

#: Most pairs of treatments in the answer.
MOST_PAIRS = 3
#: A group of fewer lines is named beside an interaction.
FEW_LINES = 20
#: Standardised difference above which arms are not alike (Austin 2009); p below which a hazard ratio changes with time.
APART, CHANGING = 0.1, 0.05
#: Most Kaplan-Meier figures by marker.
MOST_CURVES = 6
_LINE = Column("line", pl.Int64, "line of therapy")
_ARM = Column(
    "arm",
    pl.String,
    "the treatment: generic names of the line's drugs, ';'-sorted, without castration, steroids and supportive drugs",
)
_REFERENCE = Column("reference", pl.String, "what it is compared with")
_LOW = Column("ci_low", pl.Float64, "lower end of the 95 % interval")
_HIGH = Column("ci_high", pl.Float64, "upper end of the 95 % interval")
_P = Column("p_value", pl.Float64, "two-sided")
_ENDPOINT = Column("endpoint", pl.String, "endpoint from the start of the line")
COMPARISON = OutputTable(
    "treatment/comparison",
    "each pair of treatments on each endpoint, by several methods",
    (
        _ENDPOINT,
        _LINE,
        _ARM,
        _REFERENCE,
        Column(
            "method",
            pl.String,
            "unadjusted, as_treated (censored on crossing over), adjusted, overlap, iptw, rmst, milestone or doubly_robust",
        ),
        Column("n_arm", pl.Int64, "patients on the arm"),
        Column("n_reference", pl.Int64, "patients on the reference"),
        Column("n_event_arm", pl.Int64, "events on the arm"),
        Column("n_event_reference", pl.Int64, "events on the reference"),
        Column(
            "estimate_name",
            pl.String,
            "hazard_ratio, rmst_difference (days) or milestone_difference (fraction)",
        ),
        Column("estimate", pl.Float64, "arm against reference"),
        _LOW,
        _HIGH,
        _P,
        Column(
            "horizon_days",
            pl.Float64,
            "day up to which means are restricted, or of the milestone",
            unit="days",
        ),
        Column(
            "e_value", pl.Float64, "hidden confounding (risk ratio) that would explain a hazard ratio away"
        ),
        Column(
            "e_value_limit", pl.Float64, "the same for the interval's end nearer to 1; 1 = it holds 1 already"
        ),
        Column(
            "p_proportional", pl.Float64, "test that the unadjusted hazard ratio is the same at all times (score test)"
        ),
        Column("later_reference", pl.Int64, "patients of the arm who later got the reference's drugs"),
        Column("later_arm", pl.Int64, "patients of the reference who later got the arm's drugs"),
        Column("warning", pl.String, "what to be careful about; null = nothing found"),
    ),
)
INTERACTION = OutputTable(
    "treatment/interaction",
    "does a marker change the effect of a treatment",
    (
        Column("marker", pl.String, "the marker or gene"),
        _ARM,
        _REFERENCE,
        _ENDPOINT,
        Column("n", pl.Int64, "lines of therapy with a known marker"),
        Column("hazard_ratio_ratio", pl.Float64, "hazard ratio in carriers over that in non-carriers"),
        _LOW,
        _HIGH,
        _P,
        Column("is_prespecified", pl.Boolean, "whether the design names it; others are exploratory"),
        Column("q_value", pl.Float64, "Benjamini-Hochberg over the exploratory ones; null for pre-specified"),
        Column("hazard_ratio_positive", pl.Float64, "arm against reference in carriers", unit="ratio"),
        Column("hazard_ratio_negative", pl.Float64, "arm against reference in non-carriers", unit="ratio"),
        Column(
            "hazard_ratio_marker",
            pl.Float64,
            "carriers against others on the reference (prognostic)",
            unit="ratio",
        ),
        Column(
            "rmst_interaction", pl.Float64, "difference of the differences of restricted means", unit="days"
        ),
        Column("rmst_ci_low", pl.Float64, "lower end of its 95 % interval", unit="days"),
        Column("rmst_ci_high", pl.Float64, "upper end of its 95 % interval", unit="days"),
        Column("n_arm_positive", pl.Int64, "carriers on the arm"),
        Column("n_reference_positive", pl.Int64, "carriers on the reference"),
        Column("n_arm_negative", pl.Int64, "others on the arm"),
        Column("n_reference_negative", pl.Int64, "others on the reference"),
        Column("p_proportional", pl.Float64, "test that the ratio of hazard ratios is the same at all times"),
        Column("n_unknown", pl.Int64, "lines without an assessable value on or before their start"),
        Column("note", pl.String, "adjusted, or why there is no estimate"),
    ),
)
BALANCE = OutputTable(
    "treatment/balance",
    "covariates of both treatments before and after weighting",
    (
        _LINE,
        _ARM,
        _REFERENCE,
        _ENDPOINT,
        Column("covariate", pl.String, "the covariate"),
        Column("mean_arm", pl.Float64, "mean on the arm"),
        Column("mean_reference", pl.Float64, "mean on the reference"),
        Column("smd", pl.Float64, "standardised difference"),
        Column("smd_overlap", pl.Float64, "after overlap weights"),
        Column("smd_iptw", pl.Float64, "after inverse-probability weights"),
        Column("n_known", pl.Int64, "patients with a value"),
    ),
)
POLICY = OutputTable(
    "treatment/policy",
    "is choosing by patient better than one treatment for everyone (exploratory)",
    (
        _LINE,
        _ARM,
        _REFERENCE,
        _ENDPOINT,
        Column("gain_days", pl.Float64, "restricted mean time gained by choosing", unit="days"),
        _LOW,
        _HIGH,
        Column("share_arm", pl.Float64, "share the rule gives the arm", unit="fraction"),
        Column("withheld", pl.String, "why there is none"),
    ),
)


@section("treatment")
@dataclass(frozen=True)
class Params:
    """Which treatments are compared, how, and from when."""

    group_by: str = setting("drugs", "what an arm is", choices=("drugs", "class"))
    endpoints: tuple[str, ...] = setting(
        ("OS", "PFS", "rPFS", "PSA_PFS", "DFS", "TTR"), "endpoints compared, where the study has them"
    )
    new_drugs: tuple[str, ...] = setting(
        (),
        "drugs that the dictionary does not have and that are none of its drugs under another name: compared as they are",
    )
    min_arm: int = setting(10, "fewest patients of an arm in a line", low=3)
    min_events: int = setting(5, "fewest events of both arms together", low=2)
    max_arms: int = setting(
        6, "most frequent arms of a line that are compared with each other", low=2, high=20
    )
    covariates: tuple[str, ...] = setting(
        (), "covariates; default those of study.yaml, else age, sex, stage, primary site; none = no"
    )
    estimand: str = setting(
        "treatment_policy",
        "treatment_policy: followed whatever came later; while_on_line: censored at the next line",
        choices=("treatment_policy", "while_on_line"),
        source="ICH E9(R1)",
    )
    landmark_days: int = setting(0, "days after the start of the line from which time runs", low=0)
    rmst_months: float = setting(24.0, "months up to which means are restricted", low=1)
    milestone_months: float = setting(24.0, "month of the milestone difference", low=1)
    marker_window_days: int | None = setting(
        None, "oldest marker value used at a line's start; null: any", low=1
    )
    min_cell: int = setting(5, "fewest lines per treatment and marker value for an interaction", low=2)


@analysis(
    title="Treatments compared, and in whom",
    question="Which treatment does best in each line, and does a marker change its effect?",
    needs=("treatments", "follow_up"),
    params=Params,
    tables=(COMPARISON, INTERACTION, BALANCE, POLICY),
    order=75,
)
def treatment(cohort: Cohort, params: Params) -> Result:
    """Compare arms within lines, then test marker x treatment over all lines."""
    from oncourse.derive.outcomes import treatment_units as lines

    table = lines.units(cohort.lines, params.group_by)
    times, left = lines.outcomes(
        cohort.time_to_event,
        table,
        endpoints=params.endpoints,
        landmark_days=params.landmark_days,
        estimand=params.estimand,
    )
    rows = times.join(table.drop("classes", "unknown"), on="unit").sort("endpoint", "line", "unit")
    if rows.is_empty():
        raise NotEnoughData(
            "No line of therapy has an endpoint: needs treatments with a start day and follow_up."
        )
    x = line_covariates(cohort.study, table, params.covariates)
    pairwise = PairRules(
        params.rmst_months * DAYS_PER_MONTH,
        landmark_days(params.milestone_months),
        params.landmark_days,
        params.min_arm,
        params.min_events,
        params.max_arms,
        params.new_drugs,
    )
    compared = compare_lines(rows, table, x, cohort.seed, pairwise)
    rules = InteractionRules(
        params.rmst_months * DAYS_PER_MONTH,
        params.marker_window_days,
        params.min_cell,
        params.min_arm,
        params.max_arms,
        params.new_drugs,
        cohort.study.config.design,
    )
    curves: dict[tuple[str, str, str, str], Any] = {}
    tested = interaction_rows(rows, table, x, cohort.treatment_markers, rules, curves)
    if not compared.comparison and not any(r["hazard_ratio_ratio"] is not None for r in tested):
        raise NotEnoughData(
            f"No line has two treatments of at least {params.min_arm} patients and {params.min_events} events; "
            "the largest arms: " + "; ".join([_largest(rows), *_withheld_notes(compared)])
        )
    estimates, answer = _answer(compared, tested, params)
    return Result(
        answer=answer,
        headline=_first_pair(compared, tested, {e.name: e for e in estimates}),
        estimates=estimates,
        tables={
            COMPARISON.name: COMPARISON.frame(compared.comparison),
            INTERACTION.name: INTERACTION.frame(tested),
            BALANCE.name: BALANCE.frame(compared.balance),
            POLICY.name: POLICY.frame(compared.policy),
        },
        figures=_figures(compared, curves),
        people=_people(cohort, table, rows, left, compared),
        notes=_notes(compared, tested, params),
        methods=METHODS,
    )


def _pair_name(endpoint: str, line: int, arm: str, reference: str) -> str:
    """The question of the ledger of one comparison."""
    return f"line {line}, {endpoint}: {arm} v {reference}"


def _people(
    cohort: Cohort, table: pl.DataFrame, rows: pl.DataFrame, left: pl.DataFrame, compared: Comparisons
) -> pl.DataFrame:
    """Per endpoint the lines that have it; per comparison of the answer the patients of the line with either treatment."""
    everyone, parts = cohort.study["patients"]["patient_id"], []
    for endpoint in rows["endpoint"].unique().sort():
        mine, out = rows.filter(pl.col("endpoint") == endpoint), left.filter(pl.col("endpoint") == endpoint)
        none = f"nothing recorded that tells {endpoint}"
        parts.append(of_lines(f"{endpoint} by line", mine, out, table, everyone, rest=none))
    best = _headline(compared.comparison)
    if best:
        endpoint, line = best[0]["endpoint"], best[0]["line"]
        mine = rows.filter((pl.col("endpoint") == endpoint) & (pl.col("line") == line))
        same = [r for r in compared.comparison if (r["endpoint"], r["line"]) == (endpoint, line)]
        for arm, reference in sorted({(r["arm"], r["reference"]) for r in same}):
            inside = mine.filter(pl.col("arm").is_in([arm, reference]))
            other = mine.join(inside, on="unit", how="anti").select(
                "patient_id", pl.format("another treatment: {}", "arm").alias("reason")
            )
            parts.append(counted(_pair_name(endpoint, line, arm, reference), everyone, inside, other,
                                 rest=f"no line {line} with {endpoint}"))  # fmt: skip
    return ledger(parts)


def _trials(compared: Comparisons, params: Params) -> list[str]:
    """The trial that each comparison of the headline's line and endpoint stands for (Hernan & Robins 2016)."""
    best = _headline(compared.comparison)
    if not best:
        return []
    endpoint, line = best[0]["endpoint"], best[0]["line"]
    out = []
    later = f" and {params.landmark_days} days, alive and followed then" if params.landmark_days else ""
    policy = params.estimand.replace("_", " ")
    mine = [r for r in compared.comparison if (r["endpoint"], r["line"]) == (endpoint, line)]
    pairs = sorted({(r["arm"], r["reference"]) for r in mine})
    for arm, reference in pairs[:MOST_PAIRS]:
        known = [
            b["covariate"]
            for b in compared.balance
            if (b["endpoint"], b["line"], b["arm"], b["reference"]) == (endpoint, line, arm, reference)
        ]
        given = f"as if drawn by lot given {', '.join(known)}" if known else "as if drawn by lot: no covariate recorded"
        out.append(
            f"Target trial of {arm} v {reference}: eligible are patients who start line {line} with either; strategies: "
            f"start {arm}, or start {reference}, background treatment as it was; time zero: start of the line{later}; "
            f"outcome {endpoint}; estimand: {policy}; assignment {given}."
        )
    return out


def _withheld_notes(compared: Comparisons) -> tuple[str, ...]:
    """One line per pair of arms that may be one treatment."""
    return tuple(
        f"{arm} and {reference} are not compared: {why}. Correct the name, or list a new drug in treatment.new_drugs"
        for (arm, reference), why in sorted(compared.withheld.items())
    )


METHODS = (
    "Time runs from the start of the line; groups are the drugs started with it, never something that happened later. "
    "Risk set (entry, exit]. Reference = the more frequent treatment.",
    "Adjusted: Cox regression with the covariates known at the start, and earlier drug classes. Overlap: weights 1 - e "
    "and e (Li, Morgan & Zaslavsky 2018), the mean effect in patients who could have had either; iptw: stabilised inverse "
    "probability, everyone's mean effect; robust variance. Doubly robust: augmented overlap-weighted difference of "
    "pseudo-values (Andersen 2003). Missing covariates: conditional means.",
    "Interaction: Cox model with treatment, marker and their product, stratified by line, clustered by patient, the marker "
    "as last assessable on or before the line's start; a prognostic marker alone changes the hazard on both treatments.",
    "E-value: VanderWeele & Ding 2017, for a common outcome. Policy: cross-fitted doubly robust scores.",
)


def _answer(
    compared: Comparisons, tested: list[dict[str, Any]], params: Params
) -> tuple[tuple[Estimate, ...], str]:
    estimates: list[Estimate] = []
    text = _pairs_text(compared, estimates)
    pairs = len({(r["endpoint"], r["line"], r["arm"], r["reference"]) for r in compared.comparison})
    estimates.append(Estimate("n_comparisons", pairs, unit="count"))
    text += " The table holds {n_comparisons} comparisons of two treatments."
    names: dict[tuple[str, str, str, str], str] = {}
    for row in tested:
        if not row["is_prespecified"] or row["hazard_ratio_ratio"] is None or _changes(row):
            continue
        name = f"interaction {row['marker']} {row['arm']} {row['reference']} {row['endpoint']}".replace(
            ";", "+"
        )
        name = "".join(c if c.isalnum() or c in "_.:+- " else "-" for c in name)
        estimates.append(
            Estimate(
                name,
                row["hazard_ratio_ratio"],
                row["ci_low"],
                row["ci_high"],
                row["n"],
                "Cox interaction",
                "ratio",
            )
        )
        names[row["marker"], row["arm"], row["reference"], row["endpoint"]] = name
    named = [r for r in tested if r["is_prespecified"] and _is_class(r)]
    text += _interaction_text([r for r in named if not _changes(r)], names)
    text += _changing_text([r for r in named if _changes(r)])
    if not any(r["is_prespecified"] and r["hazard_ratio_ratio"] is not None for r in tested):
        text += " No interaction that the design names could be estimated; the limits below say why for each."
    return tuple(estimates), text.strip()


def _ordered(compared: Comparisons) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """The rows of the headline's line and endpoint, and its pairs of treatments, largest first."""
    best = _headline(compared.comparison)
    if not best:
        return [], []
    mine = [r for r in compared.comparison if (r["endpoint"], r["line"]) == (best[0]["endpoint"], best[0]["line"])]
    return mine, sorted({(r["n_arm"] + r["n_reference"], r["arm"], r["reference"]) for r in mine}, reverse=True)


def _balance_of(compared: Comparisons, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the balance table of one comparison."""
    keys = ("endpoint", "line", "arm", "reference")
    return [b for b in compared.balance if all(b[k] == row[k] for k in keys)]


def _first_pair(
    compared: Comparisons, tested: list[dict[str, Any]], found: dict[str, Estimate]
) -> Headline:
    """The largest comparison in one sentence: its weighted ratio, days gained, or why there is neither."""
    mine, order = _ordered(compared)
    if not order:
        markers = [r["marker"] for r in tested if r["hazard_ratio_ratio"] is not None]
        return cannot(said("headline.treatment.marker", marker=markers[0]), said("reason.too_few"))
    n, arm, reference = order[0]
    rows = [r for r in mine if (r["arm"], r["reference"]) == (arm, reference)]
    told = {"arm": treatment_name(arm), "reference": treatment_name(reference), "line": line_words(rows[0]["line"])}
    weighted = any(r["method"] == "overlap" for r in rows)
    differ = _differ(_balance_of(compared, rows[0]))
    if differ and not weighted:
        covariates = [_plain(c) for c in differ[:2]]
        return cannot(said("headline.treatment.apart", **told, covariates=covariates), said("reason.not_comparable"))
    told |= {"endpoint": endpoint_words(rows[0]["endpoint"]), "n": n}
    for name in ("hazard ratio overlap", "hazard ratio unadjusted", "rmst doubly_robust", "rmst rmst"):
        if name in found:
            key, part = ("difference", "days") if name.startswith("rmst") else ("ratio", "ratio")
            text = said(f"headline.treatment.{key}", **told, **{part: found[name]})
            return Headline(text, *_sure(found[name], weighted), name)
    told = {k: told[k] for k in ("arm", "reference", "line")}
    return cannot(said("headline.treatment.no_estimate", **told), said("reason.no_value"))


def _sure(found: Estimate, weighted: bool) -> tuple[str, Said]:
    """Light of an effect: a difference is told apart from 0; an unadjusted one answers nothing."""
    low, high = found.ci_low, found.ci_high
    if not weighted:
        return "uncertain", said("reason.not_comparable")
    if found.unit == "ratio" or low is None or high is None:
        return light_of(found)
    return ("answered", said("reason.apart")) if low > 0 or high < 0 else ("uncertain", said("reason.no_effect"))


def _differ(balance: list[dict[str, Any]]) -> list[str]:
    """Covariates in which the arms are not alike."""
    return [b["covariate"] for b in balance if b["smd"] is not None and abs(b["smd"]) > APART]


def _pairs_text(compared: Comparisons, estimates: list[Estimate]) -> str:
    """The pairs of the headline's line and endpoint, largest first; their estimates are added to `estimates`."""
    mine, order = _ordered(compared)
    parts = []
    for place, (n, arm, reference) in enumerate(order[:MOST_PAIRS]):
        rows = [r for r in mine if (r["arm"], r["reference"]) == (arm, reference)]
        suffix = f" {arm} {reference}".replace(";", "+") if place else ""
        who = f"{treatment_name(arm)} v {treatment_name(reference)}, {line_words(rows[0]['line'])}"
        people = n, _pair_name(rows[0]["endpoint"], rows[0]["line"], arm, reference)
        text = _pair_text(rows, _balance_of(compared, rows[0]), people, suffix, estimates)
        parts.append(f"{_plain(who)}, {endpoint_words(rows[0]['endpoint'])}: {text}.")
    rest = len(order) - MOST_PAIRS
    return " ".join(parts) + (f" The table has {rest} more comparisons of this line." if rest > 0 else "")


def _pair_text(
    rows: list[dict[str, Any]], apart: list[dict[str, Any]], people: tuple[int, str], suffix: str, estimates: list[Estimate]
) -> str:
    """What one pair may say: weighted where the arms differ, restricted means where the hazard ratio changes with time."""

    def shown(method: str, kind: str, label: str, unit: str) -> str:
        row = next((r for r in rows if (r["method"], r["estimate_name"]) == (method, kind)), None)
        if row is None:
            return ""
        name = "".join(c if c.isalnum() or c in "_.:+- " else "-" for c in f"{label} {method}{suffix}")
        estimates.append(Estimate(name, row["estimate"], row["ci_low"], row["ci_high"], people[0], method, unit, people[1]))
        return f"{{{name}}}"

    differ = _differ(apart)
    weighted = any(r["method"] == "overlap" for r in rows)
    if differ and not weighted:
        return (
            f"not answered. The arms differ in {_plain(', '.join(differ[:3]))}{' and more' if len(differ) > 3 else ''} "
            "and cannot be made alike; unadjusted figures stand in the table only"
        )
    who = f" in patients who could have had either (overlap weights, {len(apart)} covariates)" if weighted else ""
    alone = "" if weighted else (" (unadjusted)" if apart else " (unadjusted: no covariate recorded)")
    changes = rows[0]["p_proportional"]
    if changes is not None and changes < CHANGING:
        first = "doubly_robust" if weighted else "rmst"
        mean = shown(first, "rmst_difference", "rmst", "days")
        share = shown("doubly_robust" if weighted else "milestone", "milestone_difference", "milestone", "fraction")
        at = next((r["horizon_days"] for r in rows if r["estimate_name"] == "rmst_difference"), None)
        text = f"no single hazard ratio (it changes with time, p {changes:.2g})"
        text += f". The mean difference to day {at:.0f} is {mean}{who}{alone}" if mean and at else ""
        return text + (f". The difference in survival at the milestone is {share}" if share else "")
    ratio = shown("overlap" if weighted else "unadjusted", "hazard_ratio", "hazard ratio", "ratio")
    if not ratio:
        return "no estimate, because an arm has no event"
    plain = "" if differ or not weighted else shown("unadjusted", "hazard_ratio", "hazard ratio", "ratio")
    row = next(r for r in rows if r["method"] == ("overlap" if weighted else "unadjusted"))
    # an interval that holds 1 needs nothing hidden to be explained
    hidden = "" if row["e_value"] is None or row["e_value_limit"] in (None, 1.0) else (
        f". To explain this away, something unrecorded would need a risk ratio of {row['e_value']:.1f} with both treatment "
        f"and outcome ({row['e_value_limit']:.1f} for the end of the interval)"
    )  # fmt: skip
    return f"hazard ratio {ratio}{who}{alone}" + (f". Unadjusted it is {plain}" if plain else "") + hidden


def _interaction_text(rows: list[dict[str, Any]], names: dict[tuple[str, str, str, str], str]) -> str:
    """One sentence per pre-specified contrast of classes: OS first, then on which of the other endpoints it shows."""
    text = ""
    for contrast in dict.fromkeys((r["marker"], r["arm"], r["reference"]) for r in rows):
        mine = [r for r in rows if (r["marker"], r["arm"], r["reference"]) == contrast]
        mine = [r for r in mine if r["hazard_ratio_ratio"] is not None]
        if not mine:
            continue
        mine.sort(key=lambda r: (r["endpoint"] != "OS", r["endpoint"]))

        def ratio(row: dict[str, Any], key: tuple[str, str, str] = contrast) -> str:
            return f"{row['endpoint']} {{{names[(*key, row['endpoint'])]}}}"

        marker, arm, reference = contrast
        shown = [r for r in mine if r["p_value"] < 0.05]
        silent = [r for r in mine if r["p_value"] >= 0.05]
        few = _smallest_group(mine, arm, reference)
        words = []
        if shown:
            verb = "may change" if few else "changes"
            start = f"{verb} the effect of the treatment ({'' if few else 'predictive, '}p < .05) on "
            words.append(start + ", ".join(map(ratio, shown)))
        if silent:
            start = "not shown for " if shown else "is not shown to change the effect of the treatment on "
            first, *others = silent
            rest = "".join(f", {r['endpoint']}" for r in others)
            words.append(
                start + (first["endpoint"] if shown and first["endpoint"] != "OS" else ratio(first)) + rest
            )
        text += (
            f" {marker} {'; '.join(words)}. Shown is the ratio of hazard ratios of {arm} v {reference}, carriers to others"
        )
        text += f"; above 1, carriers gain less from {arm}." if shown else "."
        text += few if shown else ""
    return text


def _changes(row: dict[str, Any]) -> bool:
    return row["p_proportional"] is not None and row["p_proportional"] < CHANGING


def _changing_text(rows: list[dict[str, Any]]) -> str:
    """Interactions whose ratio of hazard ratios changes with time: the difference in restricted means instead."""
    text = ""
    for r in rows:
        if r["hazard_ratio_ratio"] is None:
            continue
        text += f" {r['marker']} and {r['arm']} v {r['reference']}, {r['endpoint']}: no single ratio (it changes with time)"
        if r["rmst_interaction"] is not None:
            text += (
                f"; restricted mean gain of carriers less that of others {r['rmst_interaction']:.0f} days "
                f"({r['rmst_ci_low']:.0f} to {r['rmst_ci_high']:.0f})"
            )
        text += "."
    return text


def _smallest_group(rows: list[dict[str, Any]], arm: str, reference: str) -> str:
    """A sentence where a difference rests on a handful: who is treated against the marker is seldom like the rest."""
    names = {
        "n_arm_positive": f"carriers on {arm}",
        "n_arm_negative": f"non-carriers on {arm}",
        "n_reference_positive": f"carriers on {reference}",
        "n_reference_negative": f"non-carriers on {reference}",
    }
    few, who = min((row[key], words) for row in rows for key, words in names.items())
    return f" It rests on {few} lines of {who}: read with care." if few < FEW_LINES else ""


def _is_class(row: dict[str, Any]) -> bool:
    return any(
        row["arm"] == arm.lower() and row["reference"] == (reference or "other").lower()
        for _, arm, reference in hypotheses_of(None)
    )


def _headline(comparison: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the comparison with the most patients, OS before other endpoints."""
    if not comparison:
        return []
    best = max(
        comparison, key=lambda r: (r["endpoint"] == "OS", r["n_arm"] + r["n_reference"], -r["line"], r["arm"])
    )
    keys = ("endpoint", "line", "arm", "reference")
    return [r for r in comparison if all(r[k] == best[k] for k in keys)]


def _notes(compared: Comparisons, tested: list[dict[str, Any]], params: Params) -> tuple[str, ...]:
    notes = [
        "Unless the treatment was drawn by lot, weights and adjustment remove only what the covariates record; the E-value "
        "says how strong something unrecorded would have to be.",
        f"Estimand: {params.estimand.replace('_', ' ')}; columns later_arm and later_reference count who crossed over. "
        "as_treated censors them on that day, which assumes that who crosses over is like who does not: no replacement.",
    ]
    notes += [_plain(f"{text}.") for text in _withheld_notes(compared)]
    notes += [_plain(text) for text in _trials(compared, params)]
    for warning in sorted({r["warning"] for r in compared.comparison if r["warning"]}):
        where = sorted(
            {
                f"{r['arm']} v {r['reference']}, {r['endpoint']} line {r['line']}"
                for r in compared.comparison
                if r["warning"] == warning
            }
        )
        notes.append(
            _plain(f"{warning} ({where[0]}{f' and {len(where) - 1} more' if len(where) > 1 else ''}).")
        )
    few: dict[tuple[str, str, str, str], list[str]] = {}
    for r in tested:
        if r["is_prespecified"] and r["hazard_ratio_ratio"] is None and _is_class(r):
            few.setdefault((r["marker"], r["arm"], r["reference"], r["note"]), []).append(r["endpoint"])
    for (marker, arm, reference, why), endpoints in few.items():
        notes.append(_plain(f"{marker} x {arm} v {reference}, {', '.join(endpoints)}: no estimate; {why}."))
    for word, empty, other in (("with", "positive", "non-carriers"), ("without", "negative", "carriers")):
        mixed = {
            (r["marker"], r["arm"], r["reference"])
            for r in tested
            if r["is_prespecified"]
            and _is_class(r)
            and r[f"n_arm_{empty}"] == 0
            and r[f"n_reference_{empty}"]
        }
        for marker, arm, reference in sorted(mixed):
            notes.append(
                _plain(
                    f"Nobody {word} {marker} had {arm}, while patients on {reference} were both: a comparison of "
                    f"treatments with {arm} on one side mixes {marker} into the effect of the drug; read the hazard "
                    f"ratio among {other} alone."
                )
            )
    if compared.policy:
        shown = [p for p in compared.policy if p["withheld"] is None]
        if not shown:
            notes.append(
                "Which treatment for whom: withheld for every comparison ("
                + compared.policy[0]["withheld"]
                + " ...)."
            )
        else:
            good = [p for p in shown if p["ci_low"] is not None and p["ci_low"] > 0]
            notes.append(
                "Which treatment for whom (exploratory): "
                + (
                    f"choosing by patient gains time in {len(good)} of {len(shown)} comparisons (by chance alone 1 in 40), "
                    "see the table policy."
                    if good
                    else "no comparison shows that choosing by patient gains time over one treatment for everyone."
                )
            )
    if any(not r["is_prespecified"] for r in tested):
        notes.append("Interactions that the design does not name are exploratory: read the q value.")
    return tuple(notes)


def _plain(text: str) -> str:
    """Text whose braces are not read as the name of an estimate."""
    return text.replace("{", "(").replace("}", ")")


def _figures(compared: Comparisons, curves: dict[tuple[str, str, str, str], Any]) -> tuple[Figure, ...]:
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure
    from oncourse.plots.treatment import balance_figure, comparison_figure

    out = comparison_figure(compared.comparison)
    if out:
        out += balance_figure(_headline(compared.comparison)[0], compared.balance)
    order = sorted(curves, key=lambda k: (k[3] != "OS", k))
    for marker, arm, reference, endpoint in order[:MOST_CURVES]:
        lines, treated = curves[marker, arm, reference, endpoint]
        time, entry = (lines[c].to_numpy().astype(float) for c in ("time_days", "entry_days"))
        on, carrier = treated.to_numpy().astype(bool), (lines["value"] == 1).to_numpy()
        groups = {
            f"{name}, {marker} {word}": side & state
            for word, state in (("positive", carrier), ("negative", ~carrier))
            for name, side in ((arm, on), (reference, ~on))
        }
        drawn, _ = km_groups(
            time, lines["is_event"].to_numpy().astype(bool), entry if (entry > 0).any() else None, groups
        )
        name = re.sub(r"[^a-zA-Z0-9]+", "_", f"marker_{marker}_{arm}_{reference}_{endpoint}")
        caption = (
            f"Kaplan-Meier of {endpoint} from the line's start by treatment and {marker} as known by then; each line counts "
            "once, unadjusted. A marker is predictive where the gap between treatments differs, not where carriers do worse."
        )
        svg = survival_figure(drawn, ylabel=endpoint, title=f"{marker}: {arm} v {reference}")
        out.append((name, f"{marker}, {arm} v {reference}: {endpoint}", caption, svg))
    return tuple(Figure(*parts) for parts in out)


def _largest(rows: pl.DataFrame) -> str:
    counts = (
        rows.unique("unit")
        .group_by("line", "arm")
        .len()
        .sort(["len", "line", "arm"], descending=[True, False, False])
    )
    return "; ".join(f"line {line} {arm} (n = {n})" for line, arm, n in counts.head(4).iter_rows())
