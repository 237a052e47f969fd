"""Calibration of predicted risks at a horizon: intercept, slope and a smooth curve, with delayed entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncourse.models.metrics import HorizonWeights
from oncourse.models.risk_sets import cumulative_hazard, risk_sets


@dataclass(frozen=True)
class CalibrationCurve:
    """Observed against predicted risk, and the distances between them.

    Attributes
    ----------
    observed : (n,) smoothed observed risk of each patient
    ici, e50, e90, emax : mean, median, 90th percentile and maximum of |observed - predicted|
        (Austin, Harrell & van Klaveren 2020)
    """

    observed: np.ndarray
    ici: float
    e50: float
    e90: float
    emax: float


def log_minus_log(risk: np.ndarray) -> np.ndarray:
    """Return log(-log(1 - risk)), risks kept within 1e-6 of 0 and 1."""
    return np.log(-np.log1p(-np.clip(risk, 1e-6, 1 - 1e-6)))


def calibration_slope(
    score: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    horizon: float = np.inf,
    entry: np.ndarray | None = None,
    within: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return (slope, standard error): the Cox coefficient of the linear predictor within the horizon.

    Follow-up is cut at the horizon (McLernon et al. 2023). `within` : (n,) labels that become strata, for scores
    of several folds. (NaN, NaN) where the score does not vary or no event
    lies within the horizon.
    """
    from oncourse.stats.cox import fit_cox

    t, d, e = _cut(time, event, horizon, entry)
    keep = np.ones(len(t), bool) if e is None else e < t
    score = np.asarray(score, float)
    strata = None if within is None else within[keep]
    spread = (
        np.ptp(score[keep])
        if strata is None
        else max((np.ptp(score[keep][strata == s]) for s in np.unique(strata)), default=0.0)
    )
    if not d[keep].any() or spread < 1e-10:
        return float("nan"), float("nan")
    late = None if e is None else e[keep]
    fit = fit_cox(t[keep], d[keep], score[keep, None], entry=late, strata=strata)
    return float(fit.coef[0]), float(fit.std_err[0])


def calibration_intercept(risk: np.ndarray, at: HorizonWeights) -> float:
    """Return the shift a on the log(-log) scale for which a + cloglog(risk) predicts the observed risk.

    0 = right on average, above 0 = risks too low. Solves sum w (case - risk(a)) = 0 with the horizon's weights
    (calibration in the large, Crowson, Atkinson & Therneau 2016). NaN without a case or a control.
    """
    from scipy.optimize import brentq

    if at.n_case == 0 or at.n_control == 0 or not np.isfinite(at.survival):
        return float("nan")
    used = at.weight > 0
    base, weight, case = log_minus_log(risk[used]), at.weight[used], at.is_case[used]

    def excess(a: float) -> float:
        return float(weight @ (case - (-np.expm1(-np.exp(a + base)))))

    return float(brentq(excess, -20.0, 20.0))


def calibration_curve(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    horizon: float,
    *,
    entry: np.ndarray | None = None,
    grid: np.ndarray | None = None,
) -> CalibrationCurve:
    """Return the smooth calibration curve at the horizon.

    A Cox model of the log(-log) risk by a restricted cubic spline with knots at its 10th, 50th and 90th
    percentile gives the observed risk (Austin, Harrell & van Klaveren 2020). `grid` : predicted risks at which to
    evaluate the curve instead of the patients' own.

    Raises
    ------
    ValueError : the risks do not vary enough for three knots
    """
    from oncourse.stats.cox import fit_cox

    score = log_minus_log(risk)
    knots = np.quantile(score, [0.1, 0.5, 0.9])
    if len(np.unique(knots)) < 3:
        raise ValueError("the predicted risks take too few values for a calibration curve")
    basis = spline(score, knots)
    centre = basis.mean(axis=0)
    fit = fit_cox(time, event, basis - centre, entry=entry)
    beta = np.nan_to_num(fit.coef)
    base = cumulative_hazard((basis - centre) @ beta, risk_sets(time, event, entry=entry), horizon)[0]
    points = risk if grid is None else grid
    observed = -np.expm1(-base * np.exp((spline(log_minus_log(points), knots) - centre) @ beta))
    gap = np.abs(observed - points)
    return CalibrationCurve(
        observed,
        float(gap.mean()),
        float(np.quantile(gap, 0.5)),
        float(np.quantile(gap, 0.9)),
        float(gap.max()),
    )


def spline(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the restricted cubic spline basis (n, k - 1): x and k - 2 terms linear beyond the outer knots.

    Harrell, Regression Modeling Strategies 2015, eq. 2.25, scaled by the squared range of the knots.
    """
    k = len(knots)
    last, before = knots[-1], knots[-2]
    scale = (last - knots[0]) ** 2

    def cube(u: np.ndarray) -> np.ndarray:
        return np.maximum(u, 0.0) ** 3

    columns = [x]
    for j in range(k - 2):
        columns.append(
            (
                cube(x - knots[j])
                - cube(x - before) * (last - knots[j]) / (last - before)
                + cube(x - last) * (before - knots[j]) / (last - before)
            )
            / scale
        )
    return np.column_stack(columns)


def _cut(
    time: np.ndarray, event: np.ndarray, horizon: float, entry: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    time = np.asarray(time, dtype=np.float64)
    return (
        np.minimum(time, horizon),
        np.asarray(event).astype(bool) & (time <= horizon),
        None if entry is None else np.asarray(entry, dtype=np.float64),
    )
