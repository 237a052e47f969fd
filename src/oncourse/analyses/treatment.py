"""Which treatment does best, and in whom: comparisons by line of therapy and marker x treatment interactions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from oncourse.analyses._base import Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import endpoint_short, endpoint_words, line_words
from oncourse.analyses._people import counted, ledger, of_lines
from oncourse.analyses._treatment_choice import NO_CHOICE, arm_name, refused_notes
from oncourse.analyses._treatment_words import (
    METHODS,
    answer_text,
    first_pair,
    headline_rows,
    notes_of,
    ordered_pairs,
    pair_name,
    withheld_notes,
)
from oncourse.analyses._unknown_life import refusal
from oncourse.analyses._whole import Whole, leads, whole
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.outcomes.treatment_comparisons import (
    Comparisons,
    PairRules,
    compare_lines,
    line_covariates,
)
from oncourse.derive.outcomes.treatment_pairs import InteractionRules, hypotheses_of, interaction_rows
from oncourse.disease import disease
from oncourse.errors import NotEnoughData
from oncourse.facts.days import landmark_days
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting

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
    "each pair of treatments on each endpoint (and on death of another cause, a negative control), by several methods",
    (
        _ENDPOINT,
        _LINE,
        _ARM,
        _REFERENCE,
        Column(
            "method",
            pl.String,
            "unadjusted, as_treated (censored on crossing over), adjusted, overlap, iptw, rmst, milestone or "
            "doubly_robust",
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
            "n_effective",
            pl.Float64,
            "equally weighted patients of the smaller arm that the weights are worth (Kish); null = no weights",
        ),
        Column(
            "horizon_days",
            pl.Float64,
            "day up to which means are restricted, or of the milestone",
            unit="days",
        ),
        Column(
            "e_value",
            pl.Float64,
            "hidden confounding (risk ratio) that would explain a ratio, or a difference at the milestone, away",
        ),
        Column(
            "e_value_limit",
            pl.Float64,
            "the same for the interval's end nearer to no effect; 1 = it holds none already",
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
            "rmst_interaction",
            pl.Float64,
            "arm less reference of restricted means, in carriers less in others",
            unit="days",
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
        Column(
            "mean_either", pl.Float64, "of the patients who could have had either (overlap weights); null = no weights"
        ),
        Column("smd", pl.Float64, "standardised difference"),
        Column("smd_overlap", pl.Float64, "after overlap weights"),
        Column("smd_iptw", pl.Float64, "after inverse-probability weights"),
        Column("n_known", pl.Int64, "patients with a value"),
    ),
)
TIPPING = OutputTable(
    "treatment/tipping",
    "what something unrecorded would leave of each hazard ratio (Ding & VanderWeele 2016)",
    (
        _ENDPOINT,
        _LINE,
        _ARM,
        _REFERENCE,
        Column("method", pl.String, "overlap, or unadjusted where there is no weighted result"),
        Column("with_treatment", pl.Float64, "risk ratio of the hidden factor with the treatment", unit="ratio"),
        Column("with_outcome", pl.Float64, "and with the outcome", unit="ratio"),
        Column("bias_factor", pl.Float64, "by how much it can at most move the ratio", unit="ratio"),
        Column("estimate", pl.Float64, "the hazard ratio that would be left", unit="ratio"),
        Column("limit", pl.Float64, "the limit nearer to 1 that would be left", unit="ratio"),
        Column("left", pl.String, "an effect is left; the interval holds 1; the effect is gone or turned"),
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
class TreatmentParams:
    """Which treatments are compared, how, and from when."""

    group_by: str = setting("drugs", "what an arm is", choices=("drugs", "class"))
    endpoints: tuple[str, ...] = setting(
        ("OS", "PFS", "rPFS", "PSA_PFS", "DFS", "TTR"), "endpoints compared, where the study has them"
    )
    new_drugs: tuple[str, ...] = setting(
        (),
        "drugs that the dictionary does not have and that are none of its drugs under another name: compared as they "
        "are",
    )
    min_arm: int = setting(10, "fewest patients of an arm in a line", low=3)
    min_events: int = setting(5, "fewest events of both arms together", low=2)
    max_arms: int = setting(6, "most frequent arms of a line that are compared with each other", low=2, high=20)
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
    marker_window_days: int | None = setting(None, "oldest marker value used at a line's start; null: any", low=1)
    min_cell: int = setting(5, "fewest lines per treatment and marker value for an interaction", low=2)


@analysis(
    title="Treatments compared, and in whom",
    question="Which treatment does best in each line, and does a marker change its effect?",
    needs=("treatments", "follow_up"),
    params=TreatmentParams,
    tables=(COMPARISON, INTERACTION, BALANCE, TIPPING, POLICY),
    order=75,
)
def treatment(cohort: Cohort, params: TreatmentParams) -> Result:
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
    control = lines.negative_control(times, table, cohort.study["follow_up"])
    rows = (
        pl.concat([times, control]).join(table.drop("classes", "unknown"), on="unit").sort("endpoint", "line", "unit")
    )
    if rows.is_empty():
        cure = "No line of therapy has an endpoint: needs treatments with a start day and follow_up."
        raise NotEnoughData(f"{why}No endpoint is left." if (why := refusal(cohort)) else cure)
    x = line_covariates(cohort.study, table, params.covariates)
    pairwise = PairRules(
        landmark_days(params.rmst_months),
        landmark_days(params.milestone_months),
        params.landmark_days,
        params.min_arm,
        params.min_events,
        params.max_arms,
        params.new_drugs,
        hypotheses_of(cohort.study.config.design),
    )
    compared = compare_lines(rows, table, _with_indications(cohort, table, x, params), cohort.seed, pairwise)
    rules = InteractionRules(
        landmark_days(params.rmst_months),
        params.marker_window_days,
        params.min_cell,
        params.min_arm,
        params.max_arms,
        params.new_drugs,
        cohort.study.config.design,
    )
    curves: dict[tuple[str, str, str, str], Any] = {}
    asked = rows.filter(pl.col("endpoint") != lines.OTHER_DEATH)
    tested = interaction_rows(asked, table, x, cohort.treatment_markers, rules, curves)
    if not compared.comparison and not any(r["hazard_ratio_ratio"] is not None for r in tested):
        raise NotEnoughData(
            f"No line has two treatments of at least {params.min_arm} patients and {params.min_events} events; "
            "the largest arms: " + "; ".join([_largest(rows), *withheld_notes(compared), *refused_notes(compared)])
        )
    estimates, answer = answer_text(compared, tested)
    headline = first_pair(compared, tested, {e.name: e for e in estimates})
    known = _whole(cohort, compared, rows) if headline.number is None else None
    if known is not None:
        headline, estimates = leads(headline, known), (*estimates, known.estimate)
    return Result(
        answer=answer,
        headline=headline,
        estimates=estimates,
        tables={
            COMPARISON.name: COMPARISON.frame(compared.comparison),
            INTERACTION.name: INTERACTION.frame(tested),
            BALANCE.name: BALANCE.frame(compared.balance),
            TIPPING.name: TIPPING.frame(compared.tipping),
            POLICY.name: POLICY.frame(compared.policy),
        },
        figures=_figures(compared, curves, rows),
        people=_people(cohort, table, rows, left, compared),
        notes=notes_of(compared, tested, params.landmark_days, params.estimand),
        methods=METHODS,
    )


def _whole(cohort: Cohort, compared: Comparisons, rows: pl.DataFrame) -> Whole | None:
    """How many of both treatments together are free of the endpoint, where the two could not be compared."""
    mine, order = ordered_pairs(compared)
    if not order:
        return None
    _, arm, reference = order[0]
    endpoint, line = mine[0]["endpoint"], mine[0]["line"]
    of = pl.col("arm").is_in([arm, reference]) & (pl.col("endpoint") == endpoint) & (pl.col("line") == line)
    either = _compared(compared, rows.filter(of), (endpoint, line, arm, reference))
    time, entry = (either[c].to_numpy().astype(float) for c in ("time_days", "entry_days"))
    return whole(
        endpoint,
        time,
        either["is_event"].to_numpy().astype(bool),
        entry,
        question=pair_name(endpoint, line, arm, reference),
        first_day=cohort.params(EndpointParams).count_first_day,
    )


def _with_indications(cohort: Cohort, table: pl.DataFrame, x: pl.DataFrame, params: TreatmentParams) -> pl.DataFrame:
    """The covariates with the findings by which a treatment is chosen: RAS, side, MSI, AR-V7 ... as known at the
    start."""
    from oncourse.derive.outcomes.treatment_units import indications

    if params.covariates == ("none",):
        return x
    design = cohort.study.config.design
    found = indications(
        table,
        cohort.treatment_markers,
        cohort.statuses,
        cohort.study["patients"].select("patient_id", "primary_site"),
        design=disease(design) if design else None,
        window_days=params.marker_window_days,
        with_side=not any(name.startswith(("primary_site", "side")) for name in x.columns),
        lesions=None if any(name.startswith("visceral") for name in x.columns) else cohort.study["lesions"],
    )
    return x.join(found, on="unit", how="left", maintain_order="left")


def _people(
    cohort: Cohort, table: pl.DataFrame, rows: pl.DataFrame, left: pl.DataFrame, compared: Comparisons
) -> pl.DataFrame:
    """Per endpoint the lines that have it; per comparison of the answer the patients of the line with either
    treatment."""
    everyone, parts = cohort.study["patients"]["patient_id"], []
    for endpoint in rows["endpoint"].unique().sort():
        mine, out = rows.filter(pl.col("endpoint") == endpoint), left.filter(pl.col("endpoint") == endpoint)
        none = f"nothing recorded that tells {endpoint}"
        parts.append(of_lines(f"{endpoint} by line", mine, out, table, everyone, rest=none))
    best = headline_rows(compared.comparison)
    if best:
        endpoint, line = best[0]["endpoint"], best[0]["line"]
        mine = rows.filter((pl.col("endpoint") == endpoint) & (pl.col("line") == line))
        same = [r for r in compared.comparison if (r["endpoint"], r["line"]) == (endpoint, line)]
        for arm, reference in sorted({(r["arm"], r["reference"]) for r in same}):
            either = mine.filter(pl.col("arm").is_in([arm, reference]))
            inside = _compared(compared, either, (endpoint, line, arm, reference))
            out = mine.join(inside, on="unit", how="anti")
            no_choice = pl.col("arm").is_in([arm, reference])
            why = pl.when(no_choice).then(pl.lit(NO_CHOICE)).otherwise(pl.format("another treatment: {}", "arm"))
            other = out.select("patient_id", why.alias("reason"))
            parts.append(
                counted(
                    pair_name(endpoint, line, arm, reference),
                    everyone,
                    inside,
                    other,
                    rest=f"no line {line} with {endpoint}",
                )
            )
    return ledger(parts)


def _compared(compared: Comparisons, rows: pl.DataFrame, key: tuple[str, int, str, str]) -> pl.DataFrame:
    """Those of two arms that are compared: who could have had either."""
    choice = compared.choices.get(key)
    return rows if choice is None else rows.filter(pl.col("unit").is_in(list(choice.units)))


def _figures(
    compared: Comparisons, curves: dict[tuple[str, str, str, str], Any], rows: pl.DataFrame
) -> tuple[Figure, ...]:
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure
    from oncourse.plots.treatment import balance_figure, comparison_figure

    def who(row: dict[str, Any]) -> list[str]:
        either = pl.col("arm").is_in([row["of_arm"], row["of_reference"]])
        mine = rows.filter((pl.col("endpoint") == row["endpoint"]) & (pl.col("line") == row["line"]) & either)
        mine = _compared(compared, mine, (row["endpoint"], row["line"], row["of_arm"], row["of_reference"]))
        return mine["patient_id"].unique().sort().to_list()

    of = [row | {f"of_{side}": row[side] for side in ("arm", "reference")} for row in compared.comparison]
    named = [
        row
        | {side: arm_name(row[side]) for side in ("arm", "reference")}
        | {"head": f"{endpoint_short(row['endpoint'])}, {line_words(row['line'])}"}
        for row in of
    ]
    out = comparison_figure(named, who)
    if out:
        out += balance_figure(headline_rows(of)[0], compared.balance, who)
    order = sorted(curves, key=lambda k: (k[3] != "OS", k))
    for marker, arm, reference, endpoint in order[:MOST_CURVES]:
        lines, treated = curves[marker, arm, reference, endpoint]
        time, entry = (lines[c].to_numpy().astype(float) for c in ("time_days", "entry_days"))
        on, carrier = treated.to_numpy().astype(bool), (lines["value"] == 1).to_numpy()
        groups = {
            f"{name}, {marker} {word}": side & state
            for word, state in (("positive", carrier), ("negative", ~carrier))
            for name, side in ((arm_name(arm), on), (arm_name(reference), ~on))
        }
        event, people = lines["is_event"].to_numpy().astype(bool), lines["patient_id"].to_list()
        drawn, _ = km_groups(time, event, entry if (entry > 0).any() else None, groups, people)
        looks = {label: (k % 2, k > 1) for k, label in enumerate(groups)}  # a treatment's colour; dashed: without it
        drawn = [replace(c, place=looks[c.label][0], is_dashed=looks[c.label][1]) for c in drawn]
        words = str(endpoint_words(endpoint))
        name = re.sub(r"[\W_]+", "_", f"marker_{marker}_{arm}_{reference}_{endpoint}")
        caption = (
            f"Kaplan-Meier of {words} from the line's start by treatment and {marker} as known by then; each line "
            f"counts "
            "once, unadjusted. A marker is predictive where the gap between treatments differs, not where carriers do "
            "worse."
        )
        drawing = partial(
            survival_figure,
            drawn,
            ylabel=str(endpoint_words(endpoint)),
            title=f"{marker}: {arm_name(arm)} v {arm_name(reference)}",
        )
        title = f"{marker}, {arm_name(arm)} v {arm_name(reference)}: {words}"
        out.append((name, title, caption, drawing))
    return tuple(Figure(*parts) for parts in out)


def _largest(rows: pl.DataFrame) -> str:
    counts = (
        rows.unique("unit").group_by("line", "arm").len().sort(["len", "line", "arm"], descending=[True, False, False])
    )
    return "; ".join(f"line {line} {arm} (n = {n})" for line, arm, n in counts.head(4).iter_rows())
