"""A model of the risk by 24 months: how accurate it is, what the mutations add, and when not to use it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, exclusions
from oncourse.analyses._people import counted
from oncourse.analyses._prediction_words import against, answer_of, headline_of, notes_of
from oncourse.analyses._unknown_life import refusal
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.predictors import ORIGINS
from oncourse.errors import NotEnoughData
from oncourse.facts.days import landmark_days
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.outcomes.prediction_data import PredictionFrame
    from oncourse.models.fit_report import FittedPrediction

#: Fewest events by the horizon, and patients beyond it, of a stratum with a baseline hazard of its own.
MIN_STRATUM = 5
_MODEL = Column("model", pl.String, "null, clinical, mutations, clinical+mutations, boosted or forest")
_LOW = Column("ci_low", pl.Float64, "lower end of the 95 % interval")
_HIGH = Column("ci_high", pl.Float64, "upper end of the 95 % interval")
PERFORMANCE = OutputTable(
    "prediction/performance",
    "accuracy (C or concordance index, Brier score, calibration) of each model in its own patients, and corrected for that",
    (
        _MODEL,
        Column(
            "metric",
            pl.String,
            "harrell_c, uno_c, auc_24m, brier_24m, ipa_24m, oe_24m, calibration_slope ...",
        ),
        Column("apparent", pl.Float64, "in the patients the model was fitted to"),
        Column("corrected", pl.Float64, "repeated nested cross-validation: in patients the model had not seen"),
        _LOW,
        _HIGH,
        Column("optimism_corrected", pl.Float64, "apparent less the bootstrap's optimism; null for challengers"),
        Column("n", pl.Int64, "patients"),
        Column("n_event", pl.Int64, "events by the horizon"),
    ),
)
ADDED = OutputTable(
    "prediction/added",
    "what the mutations add to the clinical model, in patients the models had not seen",
    (
        Column("metric", pl.String, "difference of a metric, or likelihood_ratio of the out-of-fold predictors"),
        Column("difference", pl.Float64, "clinical+mutations minus clinical"),
        _LOW,
        _HIGH,
        Column("p_value", pl.Float64, "one-sided; only for likelihood_ratio"),
    ),
)
CALIBRATION = OutputTable(
    "prediction/calibration",
    "observed against predicted risk in patients the model had not seen",
    (
        _MODEL,
        Column("kind", pl.String, "curve (smooth) or group (fifth of the patients)"),
        Column("predicted", pl.Float64, "predicted risk", unit="fraction"),
        Column("observed", pl.Float64, "observed risk", unit="fraction"),
        _LOW,
        _HIGH,
        Column("n", pl.Int64, "patients of the group; null for the curve"),
    ),
)
DECISION = OutputTable(
    "prediction/decision_curve",
    "net benefit of acting on each model",
    (
        Column("model", pl.String, "a model, treat_all or treat_none"),
        Column("threshold", pl.Float64, "risk from which one would act", unit="fraction"),
        Column("net_benefit", pl.Float64, "true positives less weighted false positives, per patient"),
        _LOW,
        _HIGH,
    ),
)
COEFFICIENTS = OutputTable(
    "prediction/coefficients",
    "the equation of each model",
    (
        _MODEL,
        Column("feature", pl.String, "gene, or covariate:name"),
        Column("coefficient", pl.Float64, "log hazard ratio per unit, shrunken"),
        Column("hazard_ratio", pl.Float64, "exp(coefficient)", unit="ratio"),
        Column("stability", pl.Float64, "share of bootstrap refits that kept the feature", unit="fraction"),
        Column("mean", pl.Float64, "mean of the feature"),
        Column("n_known", pl.Int64, "patients with a value"),
    ),
)
PATIENTS = OutputTable(
    "prediction/patients",
    "each patient's risk by the recommended model",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("zero_day", pl.Int64, "time zero", unit="days from the index date"),
        Column("time_days", pl.Int64, "follow-up from time zero", unit="days"),
        Column("entry_days", pl.Int64, "under observation from", unit="days from time zero"),
        Column("is_event", pl.Boolean, "whether it ended in the event"),
        Column("stratum", pl.String, "the patient's stratum (prediction.strata); null without strata"),
        Column("model", pl.String, "the recommended model"),
        Column("risk", pl.Float64, "risk by the saved model", unit="fraction"),
        _LOW,
        _HIGH,
        Column(
            "risk_out_of_fold",
            pl.Float64,
            "mean risk by models that had not seen the patient",
            unit="fraction",
        ),
    ),
)
TABLES = (PERFORMANCE, ADDED, CALIBRATION, DECISION, COEFFICIENTS, PATIENTS)


@section("prediction")
@dataclass(frozen=True)
class PredictionParams:
    """What is predicted, from when, with which predictors, and how it is validated."""

    endpoint: str = setting("OS", "endpoint predicted", choices=("OS", "DFS", "PFS", "rPFS"))
    months: float = setting(24.0, "horizon of the risk, months", low=1)
    origin: str = setting(
        "auto",
        "time zero: auto = the day the last predictor becomes known (first sample, or first sample of a metastasis)",
        choices=ORIGINS,
    )
    line: int = setting(1, "treatment line of origin=line", low=1)
    covariates: tuple[str, ...] = setting(
        (), "clinical predictors; default those of study.yaml, else age, sex, stage, primary site; none = no"
    )
    min_carriers: int = setting(5, "genes altered in fewer patients are no candidates", low=2)
    max_genes: int = setting(200, "most frequent genes that are candidates", low=0)
    alpha: float = setting(
        0.5, "elastic net of the mutations: 1 lasso, 0 ridge", low=0, high=1, source="Zou & Hastie 2005"
    )
    gene_groups: str = setting(
        "none",
        "pathway: the genes of a signalling pathway enter the model together (group penalty); none: each alone",
        choices=("none", "pathway"),
        source="Yuan & Lin 2006; pathways of Sanchez-Vega 2018",
    )
    strata: str | None = setting(
        None,
        "a covariate (category or yes_no) whose values get a baseline hazard each instead of a coefficient",
    )
    stop_at_horizon: bool = setting(
        False,
        "cut follow-up at the horizon before fitting: for hazards that are not proportional later on",
        source="van Houwelingen & Putter 2011, section 2.4",
    )
    threshold: float | None = setting(
        None, "risk called high; null: the overall risk, rounded to 5 %", low=0.01, high=0.99
    )
    repeats: int = setting(5, "repeats of the nested cross-validation", low=1)
    folds: int = setting(5, "outer and inner folds", low=2)
    bootstraps: int = setting(200, "bootstrap refits (fewer from 300 patients on: 60,000 / n, at least 50)", low=0)
    challengers: bool = setting(True, "whether boosted trees and a forest are fitted beside")
    min_events: int = setting(10, "fewest events by the horizon", low=5)


@analysis(
    title="Risk by 24 months",
    question="How well can the risk by 24 months be predicted, and what do the mutations add?",
    needs=("follow_up",),
    params=PredictionParams,
    tables=TABLES,
    order=70,
)
def prediction(cohort: Cohort, params: PredictionParams) -> Result:
    """Fit, validate and describe the ladder of risk models."""
    from oncourse.derive.outcomes.prediction_data import prediction_frame
    from oncourse.models.fit_report import fit_prediction

    frame = prediction_frame(
        cohort.prediction_tables,
        endpoint=params.endpoint,
        origin=params.origin,
        line=params.line,
        covariates=params.covariates,
        min_carriers=params.min_carriers,
        max_genes=params.max_genes,
        strata=params.strata,
    )
    _check(frame, params, refusal(cohort) if params.endpoint == "OS" else "")
    fitted = fit_prediction(
        frame.arrays(by_pathway=params.gene_groups == "pathway"),
        horizon=landmark_days(params.months),
        months=params.months,
        alpha=params.alpha,
        threshold=params.threshold,
        repeats=params.repeats,
        folds=params.folds,
        bootstraps=params.bootstraps,
        challengers=params.challengers,
        seed=cohort.seed,
        stop=params.stop_at_horizon,
    )
    features = frame.features()
    estimates = _estimates(fitted, params)
    return Result(
        answer=answer_of(fitted, frame, estimates, params),
        headline=headline_of(fitted, {e.name: e for e in estimates}, params, frame.zero.since, against(fitted, frame)),
        estimates=estimates,
        tables=_tables(fitted, frame, features),
        figures=_figures(fitted, params, frame.patients["patient_id"].to_list()),
        people=_people(cohort, frame),
        samples_used=exclusions(
            (p, s, "known by time zero") for p, s in frame.zero.samples.sort("patient_id", "sample_id").iter_rows()
        ),
        notes=notes_of(fitted, frame, params),
        methods=METHODS,
        artifacts={"tables/prediction/model.json": _card(fitted, frame, features, params, cohort)},
    )


METHODS = (
    "Clinical columns: Cox ridge regression; mutations: elastic net; both jointly, the clinical model being its "
    "limit; Efron ties, risk set (entry, exit]; penalties by inner cross-validated partial likelihood "
    "(Verweij & van Houwelingen 1993).",
    "Corrected accuracy: repeated nested cross-validation in which imputation, gene filter and tuning are repeated; "
    "order of patients compared within folds; intervals by bootstrap of patients, paired between models.",
    "At the horizon: product-limit weights, equal to inverse-probability-of-censoring weights (Uno 2007, Gerds & "
    "Schumacher 2006) and under delayed entry also undoing the truncation; the estimand is the risk by the horizon "
    "of a patient alive at time zero. Entry and censoring are taken as independent of the outcome given nothing.",
    "What mutations add: Cox regression on the out-of-fold predictor of the joint model beside the clinical one "
    "(one-sided, 2.5 %), with differences in AUC, Brier score and net benefit; never the C index alone.",
    "Sample size: Riley et al. 2019, 15 % of the largest Cox-Snell R2 assumed.",
)


#: Question of the ledger: who is in the model.
MODEL = "model"


def _people(cohort: Cohort, frame: PredictionFrame) -> pl.DataFrame:
    everyone = cohort.study["patients"]["patient_id"]
    out = frame.excluded.select("patient_id", "reason").join(frame.patients, on="patient_id", how="anti")
    return counted(MODEL, everyone, frame.patients, out, rest="no time zero")


def _check(frame: PredictionFrame, params: PredictionParams, refused: str) -> None:
    horizon = landmark_days(params.months)
    who = frame.patients
    events = who.filter(pl.col("is_event") & (pl.col("time_days") <= horizon)).height
    beyond = who.filter(pl.col("time_days") > horizon).height
    if events < params.min_events or beyond < params.min_events:
        raise NotEnoughData(
            f"{refused}{who.height} patients with {params.endpoint} from {frame.zero.words}: {events} events by "
            f"{params.months:g} "
            f"months and {beyond} patients followed beyond; a model needs at least {params.min_events} of each."
        )
    _check_strata(frame, horizon, params)
    if not frame.columns and not frame.genes:
        raise NotEnoughData(
            "No predictor: no clinical covariate with two values (study.yaml, `covariates:`) and no gene altered in "
            f"{params.min_carriers} patients by time zero."
        )


def _check_strata(frame: PredictionFrame, horizon: float, params: PredictionParams) -> None:
    """A baseline hazard rests on its own stratum alone: each needs events by the horizon and patients beyond it."""
    if frame.strata is None or frame.stratum is None:
        return
    time, event = frame.patients["time_days"].to_numpy(), frame.patients["is_event"].to_numpy()
    thin = []
    for k, level in enumerate(frame.strata.levels):
        mine = frame.stratum == k
        events, beyond = int((mine & event & (time <= horizon)).sum()), int((mine & (time > horizon)).sum())
        if min(events, beyond) < MIN_STRATUM:
            thin.append(f"{level} ({events} events, {beyond} patients beyond)")
    if thin or len(frame.strata.levels) < 2:
        raise NotEnoughData(
            f"prediction.strata={params.strata}: each stratum needs {MIN_STRATUM} events by {params.months:g} months "
            f"and "
            f"{MIN_STRATUM} patients followed beyond, and there must be two strata; "
            + (", ".join(thin) or "there is only one")
            + ". Join its values, or leave it a covariate."
        )


def _estimates(fitted: FittedPrediction, params: PredictionParams) -> tuple[Estimate, ...]:
    from oncourse.models.fit_tables import named

    n = fitted.n
    out = [
        Estimate("n_patients", n, unit="count", question=MODEL),
        Estimate("n_events", fitted.n_event, unit="count"),
        Estimate("observed_risk", fitted.observed, *fitted.observed_interval, n, "Kaplan-Meier", "fraction", MODEL),
        Estimate("threshold", fitted.threshold, unit="fraction"),
        Estimate("candidate_parameters", fitted.parameters, unit="count"),
        Estimate("supported_parameters", fitted.supported, unit="count", method="Riley et al. 2019"),
    ]
    for name, found in fitted.corrected.items():
        for j, metric in enumerate(fitted.metrics):
            text = f"{named(metric, params.months)} {name}"
            unit = (
                "fraction"
                if metric in ("sensitivity", "specificity", "ppv", "npv", "ipa")
                else "ratio"
                if metric == "oe"
                else "score"
            )
            out.append(Estimate(text, found.value[j], found.ci_low[j], found.ci_high[j], n, "repeated nested CV", unit))
    for metric, value, low, high in fitted.differences:
        out.append(
            Estimate(
                f"added {named(metric, params.months)}",
                value,
                low,
                high,
                n,
                "paired bootstrap",
                "difference",
            )
        )
    return tuple(out)


def _tables(
    fitted: FittedPrediction, frame: PredictionFrame, features: list[dict[str, Any]]
) -> dict[str, pl.DataFrame]:
    from oncourse.models.fit_tables import added_rows, coefficient_rows, performance_rows

    name = fitted.recommended or "null"
    patients = frame.patients.with_columns(
        pl.Series("stratum", _stratum_names(frame), dtype=pl.String),
        pl.lit(name).alias("model"),
        pl.Series("risk", fitted.risk),
        pl.Series("ci_low", fitted.risk_low).fill_nan(None),
        pl.Series("ci_high", fitted.risk_high).fill_nan(None),
        pl.Series("risk_out_of_fold", fitted.out_of_fold),
    )
    return {
        PERFORMANCE.name: PERFORMANCE.frame(performance_rows(fitted)),
        ADDED.name: ADDED.frame(added_rows(fitted)),
        CALIBRATION.name: CALIBRATION.frame(fitted.calibration),
        DECISION.name: DECISION.frame(fitted.decision),
        COEFFICIENTS.name: COEFFICIENTS.frame(coefficient_rows(fitted, features)),
        PATIENTS.name: PATIENTS.frame(patients),
    }


def _stratum_names(frame: PredictionFrame) -> list[str | None]:
    if frame.strata is None or frame.stratum is None:
        return [None] * frame.patients.height
    return [frame.strata.levels[k] for k in frame.stratum]


#: Predicted risks that differ by less are one risk for everyone: there is nothing to draw by patient.
ONE_RISK = 0.02


def _figures(fitted: FittedPrediction, params: PredictionParams, people: list[str]) -> tuple[Figure, ...]:
    from oncourse.models.fit_report import curves_for_figure, decision_for_figure
    from oncourse.plots.calibration import calibration, risk_instability
    from oncourse.plots.decision import decision_curve

    m = f"{params.months:g}"
    curves, groups = curves_for_figure(fitted)
    thresholds, benefits, everyone = decision_for_figure(fitted)
    drawn = [
        Figure(
            "calibration",
            f"Calibration at {m} months",
            f"Observed (Kaplan-Meier type) against predicted risk at {m} months of n = {fitted.n:,} patients, by "
            f"models "
            "that had not seen them; band: 95 % by bootstrap; bars below: the predictions.",
            partial(
                calibration,
                curves,
                groups,
                title=f"Calibration at {m} months",
                order=tuple(benefits),
                question=MODEL,
            ),
        ),
        Figure(
            "decision_curve",
            "Decision curve",
            f"Net benefit at {m} months of acting on each model's out-of-fold risk, n = {fitted.n:,}.",
            partial(decision_curve, thresholds, benefits, everyone, title=f"Net benefit at {m} months", question=MODEL),
        ),
    ]
    if max(fitted.risk) - min(fitted.risk) >= ONE_RISK:
        drawn.append(
            Figure(
                "stability",
                "Stability of the predicted risks",
                "Each patient's risk by the recommended model (dot) and the range of 95 % of bootstrap refits (line).",
                partial(
                    risk_instability,
                    fitted.risk,
                    fitted.risk_low,
                    fitted.risk_high,
                    people,
                    title="How far the predicted risk depends on the sample",
                ),
            )
        )
    return tuple(drawn)


def _card(
    fitted: FittedPrediction,
    frame: PredictionFrame,
    features: list[dict[str, Any]],
    params: PredictionParams,
    cohort: Cohort,
) -> str:
    from oncourse.models.card import card_text
    from oncourse.models.fit_tables import named
    from oncourse.models.tripod import tripod_items
    from oncourse.words.numbers import finite_float

    name = fitted.recommended or "null"
    found = fitted.corrected[name]
    values = {
        named(metric, params.months): {
            "corrected": finite_float(found.value[j]),
            "ci_low": finite_float(found.ci_low[j]),
            "ci_high": finite_float(found.ci_high[j]),
            "apparent": finite_float(fitted.apparent[name][j]),
        }
        for j, metric in enumerate(fitted.metrics)
    }
    described = {
        "title": f"{params.endpoint} risk by {params.months:g} months: {cohort.study.config.title or 'untitled study'}",
        "outcome": {
            "endpoint": params.endpoint,
            "horizon_months": params.months,
            "horizon_days": landmark_days(params.months),
            "time_zero": frame.zero.words,
            "origin": params.origin,
            "line": params.line,
            "population": f"patients alive on {frame.zero.words}",
        },
        "use": {
            "may_be_used": not against(fitted, frame),
            "reasons_against": list(against(fitted, frame)),
            "intended": "research; a doctor's judgement stays above it; needs external validation first",
        },
        "performance": values,
        "tripod_ai": tripod_items(
            study=cohort.study.config.title or "untitled study",
            outcome=f"{params.endpoint} by {params.months:g} months",
            time_zero=frame.zero.words,
            n=fitted.n,
            n_event=fitted.n_event,
            left_out=frame.excluded["patient_id"].n_unique(),
            candidates=fitted.parameters,
            supported=fitted.supported,
            predictors=f"{len(frame.columns)} clinical columns and {len(frame.genes)} genes, known by time zero",
            missing="multiple imputation by a multivariate normal inside every resample; genes: share altered",
            model=METHODS[0],
            validation=f"nested cross-validation, {params.repeats} x {params.folds} folds; bootstrap optimism",
            threshold=fitted.threshold,
            findings="mutations add" if fitted.mutations_add else "no evidence that mutations add",
            limits="; ".join(against(fitted, frame)) or "no external validation yet",
            settings=asdict(params),
        ),
    }
    return card_text(
        fitted.final[name],
        features,
        len(frame.columns),
        fitted.refits_of(name),
        described,
        None if frame.strata is None else asdict(frame.strata),
    )
