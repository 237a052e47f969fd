"""Honest accuracy of a ladder of risk models: repeated nested cross-validation and bootstrap optimism."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from oncourse.models import metrics
from oncourse.models.calibration import calibration_intercept, calibration_slope, log_minus_log
from oncourse.models.ladder import (
    BOTH,
    CLINICAL,
    FittedRisk,
    LadderSettings,
    PredictionData,
    fit_ladder,
    inner_folds,
)
from oncourse.stats.rng import generator

#: Metrics at the horizon, in the order of the table; months are put in by the caller.
METRICS = (
    "harrell_c",
    "uno_c",
    "auc",
    "brier",
    "ipa",
    "oe",
    "calibration_slope",
    "calibration_intercept",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "net_benefit",
)
#: What each metric can be at least and at most.
_SHARES = ("harrell_c", "uno_c", "auc", "brier", "sensitivity", "specificity", "ppv", "npv")
LEAST = np.array([0.0 if m in (*_SHARES, "oe") else -np.inf for m in METRICS])
MOST = np.array([1.0 if m in (*_SHARES, "ipa", "net_benefit") else np.inf for m in METRICS])


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for patients that the model had not seen: model -> (repeats, n); fold (repeats, n)."""

    risk: dict[str, np.ndarray]
    score: dict[str, np.ndarray]
    fold: np.ndarray


@dataclass(frozen=True)
class Refits:
    """Bootstrap refits: optimism per model and metric, and every refit model.

    Attributes
    ----------
    optimism : model -> (b, metrics), metric in the bootstrap sample minus in the original patients
    models : the refits, one dict per bootstrap sample
    """

    optimism: dict[str, np.ndarray]
    models: list[dict[str, FittedRisk]]


def all_metrics(
    risk: np.ndarray,
    data: PredictionData,
    horizon: float,
    threshold: float,
    *,
    within: np.ndarray | None = None,
) -> np.ndarray:
    """Return the values of `METRICS`, NaN where one cannot be estimated.

    `within` : (n,) the fold whose model made the risk; patients are then put in order within folds only.
    """
    late = data.late
    at = data.at(horizon)
    state = metrics.at_threshold(risk, at, threshold)
    common = {"horizon": horizon, "entry": late, "within": within}
    return np.array(
        [
            metrics.concordance(risk, data.time, data.event, **common),  # type: ignore[arg-type]
            metrics.concordance(risk, data.time, data.event, uno=True, at=at, **common),  # type: ignore[arg-type]
            metrics.auc(risk, at, within=within),
            metrics.brier(risk, at),
            metrics.scaled_brier(risk, at),
            metrics.observed_expected(risk, at),
            calibration_slope(log_minus_log(risk), data.time, data.event, **common)[0],  # type: ignore[arg-type]
            calibration_intercept(risk, at),
            state["sensitivity"],
            state["specificity"],
            state["ppv"],
            state["npv"],
            metrics.net_benefit(risk, data.time, data.event, threshold, horizon, entry=late, at=at),
        ]
    )


def nested_cross_validation(
    data: PredictionData,
    settings: LadderSettings,
    *,
    models: Sequence[str],
    repeats: int,
    folds: int,
    seed: int,
    workers: int = 2,
) -> OutOfFold:
    """Return out-of-fold predictions of every model; each fold repeats imputation, filter and tuning."""
    n = len(data.time)
    splits = []
    label = np.zeros((repeats, n), dtype=np.int64)
    for r in range(repeats):
        fold = label[r] = inner_folds(data, folds, generator(seed, f"prediction split {r}"))
        splits += [(r, k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]

    def one(split: tuple[int, int, np.ndarray, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        r, k, train, test = split
        fitted = fit_ladder(data.take(train), settings, generator(seed, f"prediction fold {r} {k}"), models=models)
        held = data.take(test)
        return {
            name: (model.risk_of(held), model.score(held.clinical, held.mutations, held.strata))
            for name, model in fitted.items()
        }

    results = _parallel(one, splits, workers)
    names = list(results[0])
    risk = {name: np.full((repeats, n), np.nan) for name in names}
    score = {name: np.full((repeats, n), np.nan) for name in names}
    for (r, _, _, test), result in zip(splits, results, strict=True):
        for name in names:
            risk[name][r, test], score[name][r, test] = result[name]
    return OutOfFold(risk, score, label)


def bootstrap_optimism(
    data: PredictionData,
    settings: LadderSettings,
    *,
    models: Sequence[str],
    samples: int,
    threshold: float,
    seed: int,
    workers: int = 2,
) -> Refits:
    """Refit the ladder on bootstrap samples of patients (Harrell's optimism); tuning is repeated in each.

    Copies of one patient stay in one inner fold, otherwise the tuning would see its own test patients.
    """
    n = len(data.time)
    draws = []
    for b in range(samples):
        rng = generator(seed, f"prediction bootstrap {b}")
        draws.append((b, np.sort(rng.integers(0, n, n))))

    def one(draw: tuple[int, np.ndarray]) -> tuple[dict[str, FittedRisk], dict[str, np.ndarray]]:
        b, rows = draw
        train = data.take(rows)
        fitted = fit_ladder(train, settings, generator(seed, f"prediction bootstrap fit {b}"), models=models)
        gap = {}
        for name, model in fitted.items():
            values = []
            for part in (train, data):
                risk = model.risk_of(part)
                values.append(all_metrics(risk, part, settings.horizon, threshold))
            gap[name] = values[0] - values[1]
        return fitted, gap

    usable = [d for d in draws if data.event[d[1]].sum() >= 2]
    results = _parallel(one, usable, workers)
    names = list(results[0][0]) if results else []
    return Refits({name: np.array([gap[name] for _, gap in results]) for name in names}, [f for f, _ in results])


@dataclass(frozen=True)
class Corrected:
    """Cross-validated metrics (m,) with percentile intervals over patients, and paired differences to a base."""

    value: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    draws: np.ndarray


def corrected_metrics(
    out: OutOfFold, data: PredictionData, *, horizon: float, threshold: float, samples: int, seed: int
) -> dict[str, Corrected]:
    """Return each model's metrics over the out-of-fold predictions, averaged over the repeats.

    The interval is the spread over bootstrap samples of patients of the metric of each patient's mean
    out-of-fold risk, moved to the averaged value; the same samples serve every model, so that the
    differences of their `draws` are paired.
    """
    n = len(data.time)
    draws = [np.sort(generator(seed, f"prediction interval {b}").integers(0, n, n)) for b in range(samples)]
    parts = [data.take(rows) for rows in draws]
    result = {}
    for name, risks in out.risk.items():
        each = np.array(
            [all_metrics(r, data, horizon, threshold, within=f) for r, f in zip(risks, out.fold, strict=True)]
        )
        value = _mean(each)
        mean_risk = risks.mean(axis=0)
        centre = all_metrics(mean_risk, data, horizon, threshold)
        spread = np.array(
            [all_metrics(mean_risk[rows], part, horizon, threshold) for rows, part in zip(draws, parts, strict=True)]
        ).reshape(len(draws), len(METRICS))
        shifted = spread - centre + value
        # moved to the averaged value, a limit may leave what a share or an AUC can be
        low, high = (np.clip(_quantiles(shifted, q), LEAST, MOST) for q in (0.025, 0.975))
        result[name] = Corrected(value, low, high, shifted)
    return result


@dataclass(frozen=True)
class Added:
    """What the mutations add to the clinical model.

    Attributes
    ----------
    log_hazard_ratio, std_err : of the difference of the out-of-fold linear predictors beside the clinical one
    p_value : one-sided, that the difference predicts in its own direction; NaN where it does not vary
    likelihood_ratio : 2 x gain in log partial likelihood of out-of-fold predictors (1 df)
    """

    log_hazard_ratio: float
    std_err: float
    p_value: float
    likelihood_ratio: float


def added_value(out: OutOfFold, data: PredictionData, *, base: str = CLINICAL, full: str = BOTH) -> Added:
    """Test, on predictions for unseen patients, whether the full model's score adds to the base model's."""
    from scipy.stats import norm

    from oncourse.stats.cox import fit_cox

    clinical, joint = out.score[base].mean(axis=0), out.score[full].mean(axis=0)
    extra = joint - clinical
    nothing = Added(float("nan"), float("nan"), float("nan"), 0.0)
    if np.ptp(extra) < 1e-6 or data.event.sum() < 2:
        return nothing
    varies = np.ptp(clinical) > 1e-8
    x = np.column_stack([extra, clinical]) if varies else extra[:, None]
    fit = fit_cox(data.time, data.event, x, entry=data.late, strata=data.strata)
    if not np.isfinite(fit.coef[0]) or not fit.std_err[0] > 0:
        return nothing
    if varies:
        alone = fit_cox(data.time, data.event, clinical[:, None], entry=data.late, strata=data.strata).loglik[1]
    else:
        alone = fit.loglik[0]
    ratio = 2 * (fit.loglik[1] - alone)
    z = fit.coef[0] / fit.std_err[0]
    return Added(float(fit.coef[0]), float(fit.std_err[0]), float(norm.sf(z)), float(ratio))


def _parallel(one: Callable, jobs: Sequence, workers: int) -> list:  # type: ignore[type-arg]
    if workers <= 1 or len(jobs) < 2:
        return [one(job) for job in jobs]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, jobs))


def _mean(values: np.ndarray) -> np.ndarray:
    """Column means without NaN; NaN for a column without any value."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _quantiles(values: np.ndarray, q: float) -> np.ndarray:
    out = np.full(values.shape[1], np.nan)
    for j in range(values.shape[1]):
        finite = values[np.isfinite(values[:, j]), j]
        if len(finite) >= 20:
            out[j] = np.quantile(finite, q)
    return out
