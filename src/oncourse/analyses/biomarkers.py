"""Which findings go with prognosis: every feature against every endpoint, entered when it became known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.analyses._base import OutputTable, Result, analysis
from oncourse.analyses._biomarker_figures import figures_of
from oncourse.analyses._biomarker_words import answer_words, headline_of, notes_of, response_words
from oncourse.analyses._people import counted, ledger, of_endpoint
from oncourse.analyses._unknown_life import refusal
from oncourse.analyses._whole import Whole, leads, whole
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.outcomes.covariates import chosen_covariates
from oncourse.derive.outcomes.features import FeatureTable
from oncourse.derive.outcomes.outcome_scan import (
    Outcome,
    OutcomeScan,
    ScanRules,
    line_of,
    outcome,
    same_patients,
    scan_outcome,
)
from oncourse.derive.outcomes.response_scan import RESPONSES, response_outcome, scan_response
from oncourse.disease import disease
from oncourse.errors import NotEnoughData
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting

_RATIO = "hazard ratio"
SCAN = OutputTable(
    "biomarkers/scan",
    "one row per feature and endpoint: its hazard ratio, alone and adjusted",
    (
        Column("feature", pl.String, "gene symbol (altered v not), or kind:name"),
        Column("endpoint", pl.String, "OS, DFS ...: see endpoints/time_to_event"),
        Column("n", pl.Int64, "patients in whom the feature is known and who were at risk after that"),
        Column("n_event", pl.Int64, "of these, with the event"),
        Column(
            "n_altered",
            pl.Int64,
            "of these patients, altered (positive) in the first sample that could tell; null for numbers",
        ),
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
        Column("sd", pl.Float64, "standard deviation of a number, in steps of the column per; null for yes or no"),
        Column("p_proportional", pl.Float64, "test that the hazard ratio is the same at all times (score test)"),
        Column(
            "rmst_difference", pl.Float64, "restricted mean with the finding less without, where it is not", unit="days"
        ),
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
        Column(
            "n_altered",
            pl.Int64,
            "of these patients, altered (positive) in the first sample that could tell; null for numbers",
        ),
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
class BiomarkerParams:
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
    params=BiomarkerParams,
    tables=(SCAN, RESPONSE),
    order=60,
)
def biomarkers(cohort: Cohort, params: BiomarkerParams) -> Result:
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
    named = _prespecified(params, cohort.study.config.design)
    _mark_same(features, targets, found.rows, responded, named)
    table, responses = _tables(found, responded, params, cohort.study.config.design)
    tested = table.drop_nulls("p_value").filter(pl.col("same_as").is_null())
    if tested.is_empty() and responses.drop_nulls("p_value").is_empty():
        why = f" Endpoints left out: {', '.join(skipped)}." if skipped else ""
        raise NotEnoughData(
            f"{refusal(cohort)}Needs an endpoint with at least {params.min_events} events and a finding in at least "
            f"{params.min_altered} patients.{why}"
        )
    estimates, answer = answer_words(tested, params.alpha)
    more, sentence = response_words(responses, params.alpha)
    headline = headline_of(tested, {e.name: e for e in (*estimates, *more)}, params.alpha)
    known = _whole(cohort, targets) if headline.number in (None, "hits") else None
    if known is not None:
        headline, more = leads(headline, known), (*more, known.estimate)
    return Result(
        answer=f"{answer} {sentence}".strip(),
        headline=headline,
        estimates=estimates + more,
        tables={SCAN.name: table, RESPONSE.name: responses},
        figures=figures_of(features, targets, tested, top=params.top, alpha=params.alpha, curves=params.curves),
        people=_people(cohort, features, targets, judged, found),
        notes=tuple(notes_of(found, features, skipped, covariates, tested)),
        methods=METHODS,
    )


def _whole(cohort: Cohort, targets: dict[str, Outcome]) -> Whole | None:
    """How many of all patients are free of the first endpoint, where no finding could be shown to matter."""
    first = next(iter(targets.values()), None)
    if first is None:
        return None
    rules = cohort.params(EndpointParams)
    name = first.endpoint
    return whole(name, first.time, first.event, first.entry, question=name, first_day=rules.count_first_day)


METHODS = (
    "A finding is that of the patient's first sample that could tell, and counts from its day; the landscape counts "
    "patients with it in any sample, and may have more.",
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
    "Proportional hazards: score test of Grambsch and Therneau (Biometrika 1994;81:515) for every finding, column "
    "p_proportional; below 0.05 the difference of restricted means is told instead of one hazard ratio.",
)


def _responses(
    cohort: Cohort,
    features: FeatureTable,
    covariates: dict[str, str],
    params: BiomarkerParams,
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
    wanted = {
        id(alike): {alike.get(name, name): name for name in reversed(named)} for alike in (*same.values(), everyone)
    }
    for row in (*rows, *responded):
        alike = same.get(row["endpoint"], everyone)
        group = alike.get(row["feature"], row["feature"])
        stands = wanted[id(alike)].get(group, group)
        row["same_as"] = None if stands == row["feature"] else stands
    _mark_covariates(rows)


#: What two tests of the same patients share to the last digit.
_NUMBERS = ("endpoint", "n", "n_event", "n_altered", "n_event_altered", "hazard_ratio", "p_value")


def _mark_covariates(rows: list[dict[str, Any]]) -> None:
    """Say of a covariate that is a finding (a column of mutated RAS) which one: every number of both is the same."""
    findings: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row["kind"] != "covariate" and row.get("p_value") is not None:
            findings.setdefault(tuple(row.get(n) for n in _NUMBERS), row)
    for row in rows:
        twin = findings.get(tuple(row.get(n) for n in _NUMBERS)) if row["kind"] == "covariate" else None
        if twin is not None and row.get("n_altered") is not None:
            row["same_as"] = twin["same_as"] or twin["feature"]


def _tables(
    found: OutcomeScan, responded: list[dict[str, Any]], params: BiomarkerParams, design: str | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The two tables, with q over every exploratory test of both: what was pre-specified is no discovery."""
    from oncourse.stats.fdr import benjamini_hochberg

    named = _prespecified(params, design)
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


def _is_same(a: Outcome, b: Outcome) -> bool:
    return a.patients == b.patients and bool((a.time == b.time).all() and (a.event == b.event).all())


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
            line = line_of(cohort.time_to_event, name)
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


#: What a marker is called where several named findings make one, or one has two tests.
_MARKERS = {("KRAS", "NRAS"): ("RAS",), ("msi:MSI-H",): ("MSI", "MMR"), ("pathway:HRR",): ("HRR",)}


def _prespecified(params: BiomarkerParams, design: str | None) -> tuple[str, ...]:
    """Features named before the data are seen, by the settings or the study's disease.

    A finding that a hospital gives as a marker ("BRAF V600E: positive", RAS, MSI) is the finding that was named.
    """
    named = params.prespecified or (disease(design).prespecified if design else ())
    alone = [f"marker:{name.rpartition(':')[2]}" for name in named]
    joint = [f"marker:{word}" for parts, words in _MARKERS.items() if set(parts) <= set(named) for word in words]
    return tuple(dict.fromkeys((*named, *alone, *joint)))
