"""Everything a report on a ladder of risk models needs, from arrays: fits, corrected accuracy, curves, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oncourse.models import metrics
from oncourse.models.adequacy import DEFAULT_NAGELKERKE, max_cox_snell, supported_parameters
from oncourse.models.calibration import calibration_curve
from oncourse.models.decision import counts_of, net_benefits
from oncourse.models.ladder import (
    BOOSTED,
    BOTH,
    CLINICAL,
    FOREST,
    MUTATIONS,
    NULL,
    FittedRisk,
    LadderSettings,
    PredictionData,
    fit_final,
)
from oncourse.models.validation import (
    METRICS,
    Added,
    Corrected,
    OutOfFold,
    Refits,
    added_value,
    all_metrics,
    bootstrap_optimism,
    corrected_metrics,
    nested_cross_validation,
)
from oncourse.stats.rng import generator

#: One-sided level at which mutations are said to add.
ADDED_LEVEL = 0.025
#: A slope outside these says that the risks are too extreme or too tame to act on.
SLOPE_LIMITS = (0.7, 1.3)
#: Median width of the bootstrap range of one patient's risk above which the model is not for single patients.
WIDEST_RANGE = 0.4
THRESHOLDS = np.round(np.arange(0.05, 0.81, 0.05), 2)
BAND_SAMPLES = 60
INTERVAL_SAMPLES = 200


@dataclass(frozen=True)
class FittedPrediction:
    """The fitted and validated ladder; see `fit_prediction`. Rows of `calibration` and `decision` are mappings."""

    n: int
    n_event: int
    months: float
    threshold: float
    observed: float
    observed_interval: tuple[float, float]
    parameters: int
    supported: int
    metrics: tuple[str, ...]
    final: dict[str, FittedRisk]
    apparent: dict[str, np.ndarray]
    corrected: dict[str, Corrected]
    optimism_corrected: dict[str, np.ndarray]
    stability: dict[str, np.ndarray]
    out: OutOfFold
    bootstrap: Refits
    recommended: str | None
    base: str
    added: Added | None
    mutations_add: bool | None
    differences: list[tuple[str, float, float, float]]
    risk: np.ndarray
    risk_low: np.ndarray
    risk_high: np.ndarray
    out_of_fold: np.ndarray
    calibration: list[dict[str, Any]]
    decision: list[dict[str, Any]]
    warnings: tuple[str, ...]
    truncation: tuple[int, float] | None
    unstable: str
    proportional: float | None

    def refits_of(self, name: str) -> list[FittedRisk]:
        """Return the bootstrap refits of one model."""
        return [m[name] for m in self.bootstrap.models if name in m]


def fit_prediction(
    data: PredictionData,
    *,
    horizon: float,
    months: float,
    alpha: float,
    threshold: float | None,
    repeats: int,
    folds: int,
    bootstraps: int,
    challengers: bool,
    seed: int,
    stop: bool = False,
    workers: int = 2,
) -> FittedPrediction:
    """Fit every model the columns allow, validate it and choose the one to recommend.

    The joint model is recommended where the mutations add (one-sided p below `ADDED_LEVEL` on predictions for unseen
    patients, with a better AUC and Brier score), the clinical model otherwise, the mutations where there is nothing
    else and they beat no model at all.
    """
    from oncourse.stats.km import kaplan_meier

    n, c, m = len(data.time), data.clinical.shape[1], data.mutations.shape[1]
    settings = LadderSettings(horizon, alpha=alpha, inner_folds=folds, stop=stop)
    ladder = [NULL] + [CLINICAL] * (c > 0) + [MUTATIONS] * (m > 0) + [BOTH] * (c > 0 and m > 0)
    models = ladder + ([BOOSTED, FOREST] if challengers else [])
    at = kaplan_meier(data.time, data.event, entry=data.late).at([horizon])
    observed = 1 - float(at.survival[0])
    interval = (1 - float(at.ci_high[0]), 1 - float(at.ci_low[0]))
    if threshold is None:
        threshold = float(np.clip(np.round(observed * 20) / 20, 0.05, 0.95))
    final = fit_final(data, settings, seed, models=models)
    apparent = {name: all_metrics(model.risk_of(data), data, horizon, threshold) for name, model in final.items()}
    out = nested_cross_validation(
        data, settings, models=models, repeats=repeats, folds=folds, seed=seed, workers=workers
    )
    samples = min(bootstraps, max(50, 60_000 // max(n, 1)))
    boot = bootstrap_optimism(
        data, settings, models=ladder, samples=samples, threshold=threshold, seed=seed, workers=workers
    )
    corrected = corrected_metrics(out, data, horizon=horizon, threshold=threshold, samples=INTERVAL_SAMPLES, seed=seed)
    base, full = (CLINICAL, BOTH) if c else (NULL, MUTATIONS)
    added, adds, differences = None, None, []
    if m:
        added = added_value(out, data, base=base, full=full)
        differences = _differences(corrected[full], corrected[base])
        gain = {d[0]: d[1] for d in differences}
        better = gain["auc"] > 0 and gain["brier"] < 0
        adds = bool(added.p_value < ADDED_LEVEL and better)
    recommended = (full if adds else CLINICAL if c else None) if m else CLINICAL
    shown = recommended or NULL
    risks = np.array([b[shown].risk_of(data) for b in boot.models if shown in b])
    low, high = np.quantile(risks, [0.025, 0.975], axis=0) if len(risks) >= 20 else np.full((2, n), np.nan)
    stability = {
        name: np.mean([b[name].coef != 0 for b in boot.models], axis=0)
        for name in ladder
        if boot.models and name != NULL
    }
    failed = [name for name in ladder if not final[name].is_converged]
    return FittedPrediction(
        n=n,
        n_event=int((data.event & (data.time <= horizon)).sum()),
        months=months,
        threshold=threshold,
        observed=observed,
        observed_interval=interval,
        parameters=c + m,
        supported=_supported(data),
        metrics=METRICS,
        final=final,
        apparent=apparent,
        corrected=corrected,
        optimism_corrected={
            name: apparent[name] - _mean_optimism(gap) for name, gap in boot.optimism.items() if len(gap)
        },
        stability=stability,
        out=out,
        bootstrap=boot,
        recommended=recommended,
        base=base,
        added=added,
        mutations_add=adds,
        differences=differences,
        risk=final[shown].risk_of(data),
        risk_low=low,
        risk_high=high,
        out_of_fold=out.risk[shown].mean(axis=0),
        calibration=_calibration(data, out, horizon, [x for x in models if x != NULL], shown, seed),
        decision=_decision(data, out, horizon, [x for x in models if x != NULL], seed),
        warnings=_verdict(recommended, corrected, _supported(data), high - low),
        truncation=_truncation(data),
        unstable=", ".join(failed),
        proportional=None if stop or shown == NULL else _proportional(final[shown], data),
    )


def _supported(data: PredictionData) -> int:
    at_risk = data.time - data.entry
    follow_up = float(at_risk.mean())
    rate = float(data.event.sum() / at_risk.sum())
    top = max_cox_snell(rate, follow_up)
    return supported_parameters(len(data.time), DEFAULT_NAGELKERKE * top)


def _differences(full: Corrected, base: Corrected) -> list[tuple[str, float, float, float]]:
    """Paired differences of the metrics that say what predictors add, with percentile intervals."""
    rows = []
    for metric in ("harrell_c", "auc", "brier", "ipa", "net_benefit"):
        j = METRICS.index(metric)
        draws = full.draws[:, j] - base.draws[:, j]
        draws = draws[np.isfinite(draws)]
        low, high = np.quantile(draws, [0.025, 0.975]) if len(draws) >= 20 else (np.nan, np.nan)
        rows.append((metric, float(full.value[j] - base.value[j]), float(low), float(high)))
    return rows


def _verdict(
    recommended: str | None, corrected: dict[str, Corrected], supported: int, width: np.ndarray
) -> tuple[str, ...]:
    if recommended is None:
        return ("no model predicts better than the same risk for everyone",)
    found = corrected[recommended]
    reasons = []
    if not found.ci_low[METRICS.index("ipa")] > 0:
        reasons.append("its gain over the same risk for everyone is not shown (interval of the IPA reaches 0)")
    slope = found.value[METRICS.index("calibration_slope")]
    if not SLOPE_LIMITS[0] <= slope <= SLOPE_LIMITS[1]:
        limits = f"calibration slope outside {SLOPE_LIMITS[0]}-{SLOPE_LIMITS[1]}"
        wrong = (
            "are too alike" if slope > 1 else "are too extreme" if slope > 0 else "rank patients no better than chance"
        )
        reasons.append(f"its risks {wrong} ({limits})")
    if supported < 1:
        reasons.append("the events do not support a single parameter")
    if np.isfinite(width).any() and np.nanmedian(width) > WIDEST_RANGE:
        reasons.append("refits disagree on single patients (median range of the risk above 40 percentage points)")
    return tuple(reasons)


def _truncation(data: PredictionData) -> tuple[int, float] | None:
    if data.late is None:
        return None
    from oncourse.stats.truncation import dependent_truncation

    test = dependent_truncation(data.time, data.event, data.entry)
    return int((data.entry > 0).sum()), float(test.p_value)


def _proportional(model: FittedRisk, data: PredictionData) -> float | None:
    """Return the p-value of the test that the linear predictor acts alike at all times; None where it does not vary."""
    from oncourse.stats.cox import fit_cox
    from oncourse.stats.zph import proportional_hazards

    score = model.score(data.clinical, data.mutations, data.strata)
    if np.ptp(score) < 1e-8:
        return None
    fit = fit_cox(data.time, data.event, score[:, None], entry=data.late, strata=data.strata)
    p = float(proportional_hazards(fit).overall.p_value) if np.isfinite(fit.coef).all() else float("nan")
    return p if np.isfinite(p) else None


def _calibration(
    data: PredictionData, out: OutOfFold, horizon: float, models: list[str], shown: str, seed: int
) -> list[dict[str, Any]]:
    from oncourse.stats.km import kaplan_meier

    n = len(data.time)
    draws = [generator(seed, f"prediction band {b}").integers(0, n, n) for b in range(BAND_SAMPLES)]
    rows: list[dict[str, Any]] = []
    for name in models:
        risk = out.risk[name].mean(axis=0)
        least, most = np.quantile(risk, [0.02, 0.98])
        grid = np.linspace(float(least), float(most), 30)
        try:
            curve = calibration_curve(risk, data.time, data.event, horizon, entry=data.late, grid=grid)
        except ValueError:  # the risks hardly vary: nothing to draw
            continue
        band = []
        for at in draws:
            part = data.take(at)
            try:
                again = calibration_curve(risk[at], part.time, part.event, horizon, entry=part.late, grid=grid)
            except ValueError:
                continue
            band.append(again.observed)
        enough = len(band) >= 20
        low, high = np.quantile(band, [0.025, 0.975], axis=0) if enough else np.full((2, len(grid)), np.nan)
        for p, o, a, b in zip(grid, curve.observed, low, high, strict=True):
            rows.append(_row(name, "curve", p, o, a, b, None))
    if shown in out.risk and shown != NULL:
        risk = out.risk[shown].mean(axis=0)
        fifth = np.searchsorted(np.quantile(risk, [0.2, 0.4, 0.6, 0.8]), risk, side="right")
        for g in np.unique(fifth):
            inside = fifth == g
            late = None if data.late is None else data.late[inside]
            at_horizon = kaplan_meier(data.time[inside], data.event[inside], entry=late).at([horizon])
            rows.append(
                _row(
                    shown,
                    "group",
                    float(risk[inside].mean()),
                    1 - at_horizon.survival[0],
                    1 - at_horizon.ci_high[0],
                    1 - at_horizon.ci_low[0],
                    int(inside.sum()),
                )
            )
    return rows


def _row(
    model: str, kind: str, predicted: float, observed: float, low: float, high: float, n: int | None
) -> dict[str, Any]:
    def plain(x: float) -> float | None:
        return float(x) if np.isfinite(x) else None

    return {
        "model": model,
        "kind": kind,
        "predicted": float(predicted),
        "observed": plain(observed),
        "ci_low": plain(low),
        "ci_high": plain(high),
        "n": n,
    }


def _decision(
    data: PredictionData, out: OutOfFold, horizon: float, models: list[str], seed: int
) -> list[dict[str, Any]]:
    n = len(data.time)
    draws = [generator(seed, f"prediction benefit {b}").integers(0, n, n) for b in range(BAND_SAMPLES)]
    counts, weight = counts_of(draws, n), None
    if data.late is not None:
        weight = np.array([_of_one_copy(at, data.take(at).at(horizon).weight, n) for at in draws])
    rows: list[dict[str, Any]] = []
    risks = {name: out.risk[name].mean(axis=0) for name in models} | {"treat_all": np.ones(n)}
    for name, risk in risks.items():
        told = (risk, data.time, data.event)
        drawn = net_benefits(*told, THRESHOLDS, horizon, counts=counts, entry=data.late, weight=weight)
        for t, each in zip(THRESHOLDS, drawn, strict=True):
            value = metrics.net_benefit(*told, t, horizon, entry=data.late)
            low, high = np.nanquantile(each, [0.025, 0.975])
            rows.append(_benefit(name, t, value, low, high))
    rows += [_benefit("treat_none", t, 0.0, 0.0, 0.0) for t in THRESHOLDS]
    return rows


def _of_one_copy(rows: np.ndarray, weight: np.ndarray, n: int) -> np.ndarray:
    """The weight of each of n patients in a resample; copies of one have the same."""
    out = np.zeros(n)
    out[rows] = weight
    return out


def _benefit(model: str, threshold: float, value: float, low: float, high: float) -> dict[str, Any]:
    return {
        "model": model,
        "threshold": float(threshold),
        "net_benefit": float(value),
        "ci_low": float(low),
        "ci_high": float(high),
    }


def curves_for_figure(
    fitted: FittedPrediction,
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Return the curves and groups that `oncourse.plots.calibration` draws: the recommended model and its base."""
    names = list(dict.fromkeys(x for x in (fitted.recommended, fitted.base) if x and x != NULL))
    keys = ("predicted", "observed", "ci_low", "ci_high")

    def column(rows: list[dict[str, Any]], key: str) -> np.ndarray:
        return np.array([np.nan if r[key] is None else r[key] for r in rows], dtype=float)

    curves = {}
    for name in names:
        rows = [r for r in fitted.calibration if r["model"] == name and r["kind"] == "curve"]
        if rows:
            curves[name] = {k: column(rows, k) for k in keys} | {"all": fitted.out.risk[name].mean(axis=0)}
    groups = [r for r in fitted.calibration if r["kind"] == "group"]
    return curves, {k: column(groups, k) for k in keys}


def decision_for_figure(
    fitted: FittedPrediction,
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return (thresholds, model -> net benefit, net benefit of treating all)."""
    by: dict[str, list[float]] = {}
    for row in fitted.decision:
        by.setdefault(row["model"], []).append(row["net_benefit"])
    everyone = np.array(by.pop("treat_all"))
    by.pop("treat_none", None)
    return THRESHOLDS, {name: np.array(v) for name, v in by.items()}, everyone


def _mean_optimism(values: np.ndarray) -> np.ndarray:
    """Column means without NaN; the median for the slope, which runs off where a refit is next to the null model."""
    out = np.full(values.shape[1], np.nan)
    for j, metric in enumerate(METRICS):
        finite = values[np.isfinite(values[:, j]), j]
        if len(finite):
            out[j] = np.median(finite) if metric == "calibration_slope" else finite.mean()
    return out
