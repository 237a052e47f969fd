"""Which findings go with prognosis: every feature against every endpoint, entered when it became known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, cannot, endpoint_words, feature_words, light_of
from oncourse.analyses._people import counted, ledger, of_endpoint
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.covariates import chosen_covariates
from oncourse.derive.outcomes.features import FeatureTable
from oncourse.derive.outcomes.outcome_scan import (
    CHANGING,
    STUDY_LEVEL,
    Outcome,
    OutcomeScan,
    ScanRules,
    outcome,
    same_patients,
    scan_outcome,
)
from oncourse.derive.outcomes.response_scan import RESPONSES, response_outcome, scan_response
from oncourse.disease import disease
from oncourse.errors import NotEnoughData
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

_RATIO = "hazard ratio"
SCAN = OutputTable(
    "biomarkers/scan",
    "one row per feature and endpoint: its hazard ratio, alone and adjusted",
    (
        Column("feature", pl.String, "gene symbol (altered v not), or kind:name"),
        Column("endpoint", pl.String, "OS, DFS ...: see endpoints/time_to_event"),
        Column("n", pl.Int64, "patients in whom the feature is known and who were at risk after that"),
        Column("n_event", pl.Int64, "of these, with the event"),
        Column("n_altered", pl.Int64, "of these patients, altered (positive); null for numbers"),
        Column("hazard_ratio", pl.Float64, "hazard of altered over not altered; of numbers per step (column per)"),
        Column("ci_low", pl.Float64, "lower 95 % limit (column ci_method)"),
        Column("ci_high", pl.Float64, "upper limit; infinite where there is none"),
        Column("p_value", pl.Float64, "two-sided (column p_method); null = not tested"),
        Column("q_value", pl.Float64, "Benjamini-Hochberg over the exploratory tests; null: pre-specified or same_as"),
        Column("adjusted_hazard_ratio", pl.Float64, "beside the covariates; null = too few events or no covariates"),
        Column("adjusted_ci_low", pl.Float64, "lower 95 % limit"),
        Column("adjusted_ci_high", pl.Float64, "upper limit"),
        Column("adjusted_p_value", pl.Float64, "two-sided"),
        Column(
            "stability", pl.Float64, "share of bootstrap samples with the same direction and p < .05", unit="fraction"
        ),
        Column(
            "time_rule",
            pl.String,
            "baseline: known from the start; delayed_entry: some enter when it became known; "
            "assumed_baseline: some samples have no day and count from the start",
        ),
        Column("n_event_altered", pl.Int64, "events among the altered"),
        Column("kind", pl.String, "gene, pathway, hotspot, metastasis, new, msi, burden, ctdna, marker, covariate ..."),
        Column("per", pl.String, "what the hazard ratio compares"),
        Column("ci_method", pl.String, "profile likelihood; firth: penalised (no or very few events expected); wald"),
        Column(
            "p_method",
            pl.String,
            "likelihood ratio; permutation or saddlepoint where few events are expected; penalised LR",
        ),
        Column(
            "min_detectable_hr",
            pl.Float64,
            "smallest hazard ratio above 1 this number of events would find (80 %, 5 %)",
        ),
        Column(
            "naive_hazard_ratio", pl.Float64, "as if everybody had been at risk from the start; null where all were"
        ),
        Column("max_t_p_value", pl.Float64, "family-wise by permutation; null unless biomarkers.max_t_permutations"),
        Column("n_delayed_entry", pl.Int64, "patients who enter after the start"),
        Column("n_assumed_baseline", pl.Int64, "patients whose sample has no day"),
        Column("same_as", pl.String, "an earlier feature that says the same of every patient: one test, counted there"),
        Column("sd", pl.Float64, "standard deviation of a number; null for yes or no"),
        Column("p_proportional", pl.Float64, "test that the hazard ratio is the same at all times (score test)"),
        Column("rmst_difference", pl.Float64, "difference of restricted means where it is not", unit="days"),
        Column("rmst_ci_low", pl.Float64, "lower 95 % limit", unit="days"),
        Column("rmst_ci_high", pl.Float64, "upper limit", unit="days"),
        Column("rmst_days", pl.Float64, "day up to which those means are restricted", unit="days"),
        Column(
            "is_prespecified", pl.Boolean, "named by the design or by biomarkers.prespecified; the rest is exploratory"
        ),
    ),
)

RESPONSE = OutputTable(
    "biomarkers/response",
    "one row per feature and kind of response: its odds ratio",
    (
        Column("feature", pl.String, "as in biomarkers/scan"),
        Column("endpoint", pl.String, "PSA50: confirmed fall by half; ORR: confirmed objective response; of one line"),
        Column("n", pl.Int64, "patients whose finding was known by the line's start"),
        Column("n_response", pl.Int64, "of these, responders"),
        Column("n_altered", pl.Int64, "of these patients, altered (positive); null for numbers"),
        Column("n_response_altered", pl.Int64, "responders among the altered"),
        Column(
            "odds_ratio", pl.Float64, "odds of response, altered over not altered; of numbers per step", unit="ratio"
        ),
        Column("ci_low", pl.Float64, "lower 95 % limit, profile of Firth's penalised likelihood"),
        Column("ci_high", pl.Float64, "upper limit; infinite where there is none"),
        Column("p_value", pl.Float64, "two-sided (column p_method)"),
        Column("q_value", pl.Float64, "Benjamini-Hochberg over the exploratory tests; null: pre-specified or same_as"),
        Column("adjusted_odds_ratio", pl.Float64, "beside the covariates as known at the line's start"),
        Column("adjusted_ci_low", pl.Float64, "lower 95 % limit"),
        Column("adjusted_ci_high", pl.Float64, "upper limit"),
        Column("adjusted_p_value", pl.Float64, "two-sided"),
        Column("kind", pl.String, "as in biomarkers/scan"),
        Column("per", pl.String, "what the odds ratio compares"),
        Column("p_method", pl.String, "penalised likelihood ratio; Fisher's exact where a cell expects fewer than 5"),
        Column("n_assumed_baseline", pl.Int64, "patients whose sample has no day: taken as known by the line's start"),
        Column("same_as", pl.String, "as in biomarkers/scan"),
        Column("is_prespecified", pl.Boolean, "named by the design or by biomarkers.prespecified"),
    ),
)

ENDPOINTS = ("OS", "DFS", "PFS", "rPFS", "PSA_PFS")


@section("biomarkers")
@dataclass(frozen=True)
class Params:
    """Settings of the scan."""

    endpoints: tuple[str, ...] = setting(ENDPOINTS, "endpoints; those of a line: the first line")
    covariates: tuple[str, ...] = setting(
        (), "covariates to adjust for; default: those of study.yaml; none: no adjustment"
    )
    responses: tuple[str, ...] = setting(
        RESPONSES, "kinds of response: PSA50 (confirmed), ORR (confirmed); none: no response"
    )
    response_line: int | None = setting(
        None,
        "line of the response; null: each patient's first line in which it could be judged, else the first",
        low=1,
    )
    min_altered: int = setting(3, "a feature needs so many altered and not altered patients to be tested", low=1)
    min_events: int = setting(10, "an endpoint needs so many events", low=1)
    alpha: float = setting(0.05, "false discovery rate at which a finding is named", low=0.0001, high=0.5)
    prespecified: tuple[str, ...] = setting((), "features named before the data were seen (default: by design)")
    n_bootstrap: int = setting(100, "bootstrap samples for the stability; 0: none", low=0, high=5000)
    max_t_permutations: int = setting(0, "permutations of the max-T test; 0: none", low=0, high=100_000)
    top: int = setting(20, "features in the forest plot", low=1, high=60)
    curves: int = setting(4, "most Kaplan-Meier figures", low=0, high=20)


@analysis(
    title="Findings and prognosis",
    question="Which findings go with survival, recurrence and progression?",
    needs=("follow_up",),
    params=Params,
    tables=(SCAN, RESPONSE),
    order=60,
)
def biomarkers(cohort: Cohort, params: Params) -> Result:
    """Scan every feature against every endpoint."""
    features = cohort.features
    covariates = chosen_covariates(cohort.study, params.covariates)
    rules = ScanRules(params.min_altered, params.n_bootstrap, params.max_t_permutations, cohort.seed)
    found = OutcomeScan()
    targets: dict[str, Outcome] = {}
    skipped = []
    for name in params.endpoints:
        target = outcome(cohort.time_to_event, name)
        events = int(target.event.sum())
        if events < params.min_events:
            if target.patients:
                skipped.append(f"{name} ({events} events)")
            continue
        same = next((k for k, other in targets.items() if _is_same(target, other)), None)
        if same is not None:
            skipped.append(f"{name} (the same records as {same})")
            continue
        targets[name] = target
        scan_outcome(cohort.study, features, target, covariates, rules, found)
    judged: dict[str, Outcome] = {}
    responded = _responses(cohort, features, covariates, params, found, skipped, judged)
    named = params.prespecified or _prespecified(cohort.study.config.design)
    _mark_same(features, targets, found.rows, responded, named)
    table, responses = _tables(found, responded, params, cohort.study.config.design)
    tested = table.drop_nulls("p_value").filter(pl.col("same_as").is_null())
    if tested.is_empty() and responses.drop_nulls("p_value").is_empty():
        why = f" Endpoints left out: {', '.join(skipped)}." if skipped else ""
        raise NotEnoughData(
            f"Needs an endpoint with at least {params.min_events} events and a finding in at least "
            f"{params.min_altered} patients.{why}"
        )
    estimates, answer = _words(tested, params)
    more, sentence = _response_words(responses, params)
    return Result(
        answer=f"{answer} {sentence}".strip(),
        headline=_headline(tested, {e.name: e for e in (*estimates, *more)}, params),
        estimates=estimates + more,
        tables={SCAN.name: table, RESPONSE.name: responses},
        figures=_figures(cohort, features, targets, tested, params),
        people=_people(cohort, features, targets, judged, found),
        notes=tuple(_notes(found, features, skipped, covariates, tested)),
        methods=METHODS,
    )


METHODS = (
    "Cox regression with Efron ties. A finding of a sample is unknown before that sample's day: the patient enters the "
    "risk set then, and is compared among sampled, assessable patients only. A 0-to-1 coding in time would carry the "
    "effect of having metastasised and is not offered.",
    "Interval: profile likelihood; Firth's penalty where no event, or fewer than 5, are expected among the altered "
    "(Heinze, Schemper. Biometrics 2001;57:114). P-values: likelihood ratio; where fewer than 20 events are expected "
    "among "
    "the altered, the permutation law of the log-rank score by double saddlepoint (Robinson. Ann Stat 1982;10:1077).",
    "q: Benjamini-Hochberg over the exploratory tests of both tables. Smallest detectable hazard ratio: Schoenfeld. "
    "Biometrics 1983;39:499. Response: logistic regression with Firth's penalty and profile limits (Heinze, Schemper. "
    "Stat Med 2002;21:2409), findings known by the start of the line; Fisher's exact p in small tables. Adjusted "
    "estimates "
    "need 5 events per coefficient (Vittinghoff. Am J Epidemiol 2007;165:710).",
)


def _responses(
    cohort: Cohort,
    features: FeatureTable,
    covariates: dict[str, str],
    params: Params,
    found: OutcomeScan,
    skipped: list[str],
    targets: dict[str, Outcome],
) -> list[dict[str, Any]]:
    """Rows of the response table, for each kind of response with enough responders and non-responders: its targets."""
    rows: list[dict[str, Any]] = []
    for name in params.responses:
        needed = "labs" if name == "PSA50" else "assessments"
        if name == "none" or not (cohort.study.has(needed) or cohort.study.has("target_lesions")):
            continue
        if not cohort.study.has("treatments"):
            continue
        judged, missing_counts = cohort.responses(name)
        target, missing = response_outcome(judged, name, params.response_line, missing_counts=missing_counts)
        rarer = int(min(target.event.sum(), (~target.event).sum()))
        if rarer < params.min_events:
            if target.patients:
                skipped.append(f"{name} ({int(target.event.sum())} of {len(target.patients)} respond)")
            continue
        new, late = scan_response(cohort.study, features, target, covariates, min_altered=params.min_altered)
        rows += new
        found.excluded += late
        targets[name] = target
        if missing:
            found.missing_response[name] = missing
    return rows


def _mark_same(
    features: FeatureTable,
    targets: dict[str, Outcome],
    rows: list[dict[str, Any]],
    responded: list[dict[str, Any]],
    named: tuple[str, ...],
) -> None:
    """Say of each row which other feature is the same patients; a pre-specified one stands for the others."""
    same = {name: same_patients(features, target) for name, target in targets.items()}
    everyone = same_patients(features)
    for row in (*rows, *responded):
        alike = same.get(row["endpoint"], everyone)
        group = alike.get(row["feature"], row["feature"])
        members = [group, *(name for name, first in alike.items() if first == group)]
        stands = next((name for name in named if name in members), group)
        row["same_as"] = None if stands == row["feature"] else stands


def _tables(
    found: OutcomeScan, responded: list[dict[str, Any]], params: Params, design: str | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The two tables, with q over every exploratory test of both: what was pre-specified is no discovery."""
    from oncourse.stats.fdr import benjamini_hochberg

    named = params.prespecified or _prespecified(design)
    order = {name: i for i, name in enumerate((*params.endpoints, *params.responses))}
    frames = []
    for output, found_rows in ((SCAN, found.rows), (RESPONSE, responded)):
        schema = {c.name: c.dtype for c in output.columns}
        rows = [{name: row.get(name) for name in schema} for row in found_rows]
        frames.append(pl.DataFrame(rows, schema=schema))
    counted = ~pl.col("feature").is_in(list(named)) & pl.col("same_as").cast(pl.String).is_null()
    alone = [f.select(pl.when(counted).then(pl.col("p_value").cast(pl.Float64)).alias("p"))["p"] for f in frames]
    p = pl.concat(alone).fill_null(float("nan")).to_numpy()
    q = pl.Series(benjamini_hochberg(p), dtype=pl.Float64).fill_nan(None)
    out, start = [], 0
    for output, frame in zip((SCAN, RESPONSE), frames, strict=True):
        place = pl.col("endpoint").replace_strict(order, default=99, return_dtype=pl.Int64)
        made = frame.with_columns(
            q_value=q.slice(start, frame.height),
            is_prespecified=pl.col("feature").is_in(list(named)),
            _order=place,
        )
        start += frame.height
        out.append(output.frame(made.sort("_order", "p_value", "feature", nulls_last=True)))
    return out[0], out[1]


def _response_words(responses: pl.DataFrame, params: Params) -> tuple[tuple[Estimate, ...], str]:
    tested = responses.drop_nulls("p_value").filter(pl.col("same_as").is_null())
    if tested.is_empty():
        return (), ""
    hits = tested.filter((pl.col("q_value") <= params.alpha) & (pl.col("kind") != "covariate"))
    shown = pl.concat([tested.filter("is_prespecified").head(6), hits.head(3)])
    shown = shown.unique(["feature", "endpoint"], keep="first", maintain_order=True)
    exploratory = tested.filter(~pl.col("is_prespecified")).height
    estimates = [Estimate("response tests", exploratory, n=None, unit="count")]
    texts: dict[bool, list[str]] = {True: [], False: []}
    for row in shown.iter_rows(named=True):
        name = _name(row)
        estimates.append(
            Estimate(name, row["odds_ratio"], row["ci_low"], row["ci_high"], row["n"], "Firth logistic", "ratio")
        )
        words = f"{feature_words(row['feature'])} with {endpoint_words(row['endpoint'])}, odds ratio {{{name}}}"
        texts[row["is_prespecified"]].append(words)
    named = "".join(f"Response, pre-specified: {text}. " for text in texts[True])
    if not exploratory:
        return tuple(estimates), named.strip()
    many = "After correction for {response tests:value} exploratory tests against response to treatment, "
    none = many + "no finding was associated with it."
    return tuple(estimates), named + ("".join(f"{many}{text}." for text in texts[False][:1]) if texts[False] else none)


def _is_same(a: Outcome, b: Outcome) -> bool:
    return a.patients == b.patients and bool((a.time == b.time).all() and (a.event == b.event).all())


def _name(row: dict[str, object]) -> str:
    """The name of an estimate: letters, digits and a few signs only."""
    return re.sub(r"[^a-zA-Z0-9_.:+\- ]", " ", f"{row['feature']} {row['endpoint']}")


def _words(tested: pl.DataFrame, params: Params) -> tuple[tuple[Estimate, ...], str]:
    """Pre-specified findings first, each with its own estimate; then what is exploratory, at its false discovery
    rate."""
    named = tested.filter("is_prespecified").head(12)
    rest = tested.filter(~pl.col("is_prespecified"))
    hits = rest.filter(pl.col("q_value") <= params.alpha)
    groups = {
        "Exploratory": hits.filter(pl.col("kind") != "covariate").head(3),
        "Clinical": hits.filter(pl.col("kind") == "covariate").head(3),
    }
    estimates = [
        Estimate("tests", rest.height, n=None, unit="count"),
        Estimate("hits", hits.height, n=None, unit="count"),
    ]
    parts: list[str] = []
    first = _effects(named, estimates)
    if first:
        parts.extend(f"Pre-specified: {text}." for text in first)
    share = f"(false discovery rate {100 * params.alpha:g} %)"
    if hits.height:
        parts.append(f"After correction for {{tests:value}} exploratory tests {share}, {{hits:value}} go with outcome.")
    elif rest.height:
        parts.append(
            f"After correction for {{tests:value}} exploratory tests {share}, no finding was associated with outcome. "
            "An effect may still exist: the smallest hazard ratio that could have been seen stands beside each finding."
        )
    for words, group in groups.items():
        texts = _effects(group, estimates)
        if texts:
            parts.extend(f"{words}: {text}." for text in texts)
    return tuple(estimates), " ".join(parts)


def _headline(tested: pl.DataFrame, found: dict[str, Estimate], params: Params) -> Headline:
    """The first finding that holds after correction; without one, that only large effects could be seen."""
    rest = tested.filter(~pl.col("is_prespecified"))
    hits = rest.filter((pl.col("q_value") <= params.alpha) & (pl.col("kind") != "covariate"))
    n = max(tested["n"].to_list(), default=0)
    for row in hits.iter_rows(named=True):
        told = {"tests": rest.height, "hits": hits.height, "what": feature_words(row["feature"])}
        told["endpoint"] = endpoint_words(row["endpoint"])
        ratio = found.get(_name(row))
        if ratio is not None and ratio.unit == "ratio":
            return Headline(
                said("headline.biomarkers.hits", **told, ratio=ratio),
                "uncertain",
                said("reason.one_by_one"),
                ratio.name,
            )
        return Headline(said("headline.biomarkers.hits_plain", **told), "uncertain", said("reason.one_by_one"), "hits")
    named = _named_first(tested, found)
    if rest.height and named is not None:
        told = {
            "tests": rest.height,
            "what": feature_words(named[0]["feature"]),
            "n": named[2],
            "k": named[1],
            "endpoint": endpoint_words(named[0]["endpoint"]),
        }
        effect = found[_name(named[0])]
        words = (
            said("headline.biomarkers.named_first", **told, ratio=effect)
            if effect.unit == "ratio"
            else said("headline.biomarkers.named_days", **told, days=effect)
        )
        return Headline(words, "uncertain", said("reason.named"), effect.name)
    if rest.height:
        text = said("headline.biomarkers.none", tests=rest.height, patients=n)
        return Headline(text, "uncertain", said("reason.nothing_found"), "hits")
    for row in tested.iter_rows(named=True):
        ratio = found.get(_name(row))
        if ratio is not None and ratio.unit == "ratio":
            text = said(
                "headline.biomarkers.named",
                what=feature_words(row["feature"]),
                endpoint=endpoint_words(row["endpoint"]),
                ratio=ratio,
                patients=ratio.n,
            )
            return Headline(text, *light_of(ratio), ratio.name)
    return cannot(said("headline.too_few"), said("reason.too_few"))


def _named_first(tested: pl.DataFrame, found: dict[str, Estimate]) -> tuple[dict[str, Any], int, int] | None:
    """The pre-specified finding with the smallest p whose interval leaves out no effect, how many do so, of how many.

    The interval is that of the estimate that is told: of restricted means where the hazard ratio changes with time.
    They are no part of the exploratory tests, so that "no finding" must not be said over their heads.
    """
    named = tested.filter(pl.col("is_prespecified") & pl.col("hazard_ratio").is_not_null())
    rows = named.sort("p_value", "feature", "endpoint").iter_rows(named=True)
    apart = [row for row in rows if (e := found.get(_name(row))) is not None and _leaves_out_no_effect(e)]
    return (apart[0], len(apart), named.height) if apart else None


def _leaves_out_no_effect(effect: Estimate) -> bool:
    """Whether the interval of a ratio leaves out 1, that of a difference 0."""
    none = 1.0 if effect.unit == "ratio" else 0.0
    return (effect.ci_low is not None and effect.ci_low > none) or (
        effect.ci_high is not None and effect.ci_high < none
    )


def _effects(rows: pl.DataFrame, estimates: list[Estimate]) -> list[str]:
    """One phrase per row: a ratio, of numbers per standard deviation; restricted means where it changes with time."""
    out = []
    for row in rows.drop_nulls("hazard_ratio").iter_rows(named=True):
        who = f"{feature_words(row['feature'])} with {endpoint_words(row['endpoint'])}"
        name, n = _name(row), row["n"]
        changes = row["p_proportional"] is not None and row["p_proportional"] < CHANGING
        if changes and row["rmst_difference"] is not None:
            limits = row["rmst_ci_low"], row["rmst_ci_high"]
            estimates.append(Estimate(name, row["rmst_difference"], *limits, n, "restricted means", "days"))
            out.append(
                f"{who}, no single hazard ratio (it changes with time), restricted mean difference to day "
                f"{row['rmst_days']:.0f} {{{name}}}"
            )
            continue
        # per unit is a scale that nobody knows; the other steps are named in the column per
        step = row["sd"] if row["per"] == "per unit" and row["sd"] else 1.0
        value, low, high = (
            None if v is None else v**step for v in (row["hazard_ratio"], row["ci_low"], row["ci_high"])
        )
        estimates.append(Estimate(name, value, low, high, n, f"Cox, {row['ci_method']}", "ratio"))
        per = f" per standard deviation ({step:.3g})" if step != 1.0 else ""
        per = per or (f" {row['per']}" if row["sd"] else "")
        doubt = ", which changes with time" if changes else ""
        out.append(f"{who}, hazard ratio {{{name}}}{per}{doubt}")
    return out


def _notes(
    found: OutcomeScan,
    features: FeatureTable,
    skipped: list[str],
    covariates: dict[str, str],
    tested: pl.DataFrame,
) -> list[str]:
    notes = ["Findings that were not pre-specified are exploratory; association is not cause."]
    if found.late:
        notes.append(
            f"{len(found.late)} patients enter after the start, on the day their sample was taken: the naive estimate "
            "(column naive_hazard_ratio) counts the time before, which only survivors have."
        )
    if found.enrolled_late:
        notes.append(
            f"{len(found.enrolled_late)} patients came under observation after the start (follow_up.entry_day) and "
            f"are at "
            "risk from that day on; the naive estimate (column naive_hazard_ratio) counts the time before, which only "
            "survivors have."
        )
    for name, n in found.missing_response.items():
        what = "any PSA" if name == "PSA50" else "an evaluable visit"
        section = "psa" if name == "PSA50" else "imaging"
        notes.append(
            f"{name}: {n} patients have no line with {what} and count as non-responders, as in the rates of response "
            f"({section}.missing_in_denominator=no leaves them out)."
        )
    if found.assumed:
        notes.append(
            f"For {len(found.assumed)} patients the sample has no day; their findings count from the start "
            "(time_rule assumed_baseline), which flatters findings of late samples."
        )
    if skipped:
        notes.append(f"Endpoints left out: {', '.join(skipped)}.")
    if features.left_out:
        parts = ", ".join(f"{n} of kind {kind}" for kind, n in sorted(features.left_out.items()))
        notes.append(f"Altered in too few patients to be made a feature: {parts}.")
    if any("clones" in block.kinds for block in features.blocks):
        notes.append(
            "Clone features (clones:...) rest on clusters and trees of every patient, which is what takes long in a "
            "study "
            "of exomes: --set features.clones=no --set features.seeding=no leaves them out."
        )
    same = sorted({(row["feature"], row["same_as"]) for row in found.rows if row["same_as"]})
    if same:
        listed = ", ".join(f"{feature} = {other}" for feature, other in same[:6])
        notes.append(f"The same patients, so one test: {listed}{' and more' if len(same) > 6 else ''}.")
    adjusted = tested["adjusted_hazard_ratio"].drop_nulls().len()
    if covariates and adjusted:
        named = ", ".join(map(feature_words, sorted(found.used)))
        notes.append(f"Adjusted for {named}, on patients who have all of them ({adjusted} tests).")
        unused = sorted(set(covariates) - found.used)
        if unused:
            notes.append(f"Not adjusted for {', '.join(unused)}: not recorded, or the same in all patients.")
    elif covariates:
        notes.append(
            f"No test could be adjusted for {', '.join(sorted(covariates))}: too few patients have all of them."
        )
    if found.incomplete:
        notes.append(f"{found.incomplete} patients lack a covariate and are left out of the adjusted estimates only.")
    if found.unadjusted:
        notes.append(f"{found.unadjusted} tests have too few events to be adjusted (5 per coefficient).")
    exact = tested.filter(pl.col("p_method").is_in(["permutation", "saddlepoint"])).height
    if exact:
        notes.append(f"{exact} p-values come from the permutation law, as few events were expected.")
    return notes


def _people(
    cohort: Cohort, features: FeatureTable, targets: dict[str, Outcome], judged: dict[str, Outcome], found: OutcomeScan
) -> pl.DataFrame:
    """Per endpoint and response who has one, and which of their samples tell of findings in time."""
    everyone, left = cohort.study["patients"]["patient_id"], cohort.endpoint_tables[1]
    where = {p: i for i, p in enumerate(features.patients)}
    parts = []
    for name, target in (targets | judged).items():
        if name in judged:
            parts.append(counted(name, everyone, target.patients, rest="no line in which it could be judged"))
        else:
            line = None if name in STUDY_LEVEL else 1
            parts.append(of_endpoint(name, target.patients, left, everyone, line=line))
        late = [(p, s, why.removeprefix(f"{name}: ")) for p, s, why in found.excluded if why.startswith(f"{name}: ")]
        gone = {(p, s) for p, s, _ in late}
        pairs = {(p, block.sample_id[where[p]]) for block in features.blocks for p in target.patients}
        told = sorted((p, s) for p, s in pairs if s is not None and (p, s) not in gone)
        parts.append(
            counted(
                f"{name}: samples with findings",
                everyone,
                told,
                [row for row in late if row[1]],
                rest=f"no sample, or no {name}",
                unit="sample",
            )
        )
        marked = {p: why for p, s, why in late if s is None}
        if marked:
            in_time = [p for p in target.patients if p not in marked]
            parts.append(counted(f"{name}: no marker too late", everyone, in_time, marked.items(), rest=f"no {name}"))
    return ledger(parts)


def _figures(
    cohort: Cohort, features: FeatureTable, targets: dict[str, Outcome], tested: pl.DataFrame, params: Params
) -> tuple[Figure, ...]:
    from oncourse.plots.forest import ForestRow, forest_figure, volcano_figure

    out = []
    for endpoint in targets:
        mine = tested.filter((pl.col("endpoint") == endpoint) & pl.col("hazard_ratio").is_not_null())
        if mine.is_empty():
            continue
        rows = []
        for row in mine.head(params.top).iter_rows(named=True):
            low = 0.0 if row["ci_low"] is None else row["ci_low"]
            high = float("inf") if row["ci_high"] is None else row["ci_high"]
            counts = f"n {row['n']}" if row["n_altered"] is None else f"{row['n_altered']}/{row['n']}"
            least = "" if row["min_detectable_hr"] is None else f"{row['min_detectable_hr']:.1f}"
            cells = (
                f"{row['hazard_ratio']:.2f} ({low:.2f}-{high:.2f})",
                counts,
                "named" if row["q_value"] is None else f"{row['q_value']:.2g}",
                least,
            )
            rows.append(ForestRow(row["feature"], row["hazard_ratio"], low, high, cells=cells))
        out.append(
            Figure(
                f"forest_{endpoint}",
                f"{endpoint}: smallest p-values",
                f"Hazard ratios for {endpoint} with 95 % intervals, unadjusted; beside: altered of known patients, q, "
                f"and the "
                "smallest hazard ratio above 1 that so many events would find (80 %, 5 %).",
                forest_figure(
                    rows,
                    xlabel=_RATIO,
                    better=f"longer {endpoint}",
                    worse=f"shorter {endpoint}",
                    columns=("ratio (95 % CI)", "altered", "q", "detectable"),
                ),
            )
        )
        if mine.height >= 10:
            binary = mine.filter(pl.col("n_altered").is_not_null())
            hit = (binary["q_value"] <= params.alpha).fill_null(False).to_numpy()
            if binary.height:
                out.append(
                    Figure(
                        f"volcano_{endpoint}",
                        f"{endpoint}: effect and evidence",
                        f"Every feature tested with {endpoint}; coloured at a false discovery rate of "
                        f"{params.alpha:g}.",
                        volcano_figure(
                            binary["hazard_ratio"],
                            binary["p_value"],
                            binary["feature"].to_list(),
                            hit,
                            xlabel=f"{_RATIO} (altered v not)",
                        ),
                    )
                )
    return tuple(out + _curves(features, targets, tested, params))


def _curves(features: FeatureTable, targets: dict[str, Outcome], tested: pl.DataFrame, params: Params) -> list[Figure]:
    """Kaplan-Meier curves of the smallest q-values and of pre-specified features, entered when known."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure

    binary = tested.filter(pl.col("n_altered").is_not_null() & (pl.col("kind") != "covariate"))
    hits = binary.filter(pl.col("q_value") <= params.alpha)
    chosen = pl.concat([hits.filter("is_prespecified"), hits, binary.filter("is_prespecified")])
    chosen = chosen.unique(["feature", "endpoint"], keep="first", maintain_order=True).head(params.curves)
    out = []
    for row in chosen.iter_rows(named=True):
        place = features.column(row["feature"])
        if place is None:
            continue
        block, j = place
        target = targets[row["endpoint"]]
        where = {p: i for i, p in enumerate(features.patients)}
        index = np.array([where[p] for p in target.patients])
        value, day = block.values[index, j], block.day[index]
        since = np.where(np.isfinite(day), np.maximum(day - target.origin, 0.0), 0.0)
        entry = np.maximum(target.entry, since)
        kept = (value >= 0) & (entry < target.time)
        late = bool((entry[kept] > 0).any())
        drawn, _ = km_groups(
            target.time[kept],
            target.event[kept],
            entry[kept] if late else None,
            {"altered": value[kept] == 1, "not altered": value[kept] == 0},
        )
        text = "Patients enter on the day their sample was taken. " if late else ""
        name = re.sub(r"[^a-zA-Z0-9]+", "_", f"km_{row['feature']}_{row['endpoint']}")
        out.append(
            Figure(
                name,
                f"{row['feature']} and {row['endpoint']}",
                f"{text}Kaplan-Meier with 95 % intervals (log-log), censoring marks and numbers at risk.",
                survival_figure(drawn, ylabel=row["endpoint"], title=row["feature"]),
            )
        )
    return out


def _prespecified(design: str | None) -> tuple[str, ...]:
    """Features the study's disease names before the data are seen."""
    return disease(design).prespecified if design else ()
