"""Comparing two treatments that were not drawn by lot: propensity weights, balance, effects, hidden confounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: Weak prior on the standardised slopes (sd 10), so that a covariate that separates the arms gives a finite score.
PRIOR_SD = 10.0
#: Fewest at risk at an event while patients are still entering: with 1 a death takes the whole curve to 0, with 2-4 a
#: test at 5 % rejects in 12 % of null studies, from 10 on in 5-8 % (simulated, docs/explanation/treatment.md).
LEAST_AT_RISK = 10
#: Least share that a regression leaves of a residual when the residual is enlarged by it (Fay & Graubard 2001).
LEAST_FREE = 0.25


@dataclass(frozen=True)
class Effect:
    """An estimate with its standard error on the scale on which it is normal (log for ratios); NaN = not estimable."""

    value: float
    std_err: float
    ci_low: float
    ci_high: float
    p_value: float


def effect(value: float, std_err: float, *, is_log: bool = False, df: float = math.inf) -> Effect:
    """Return value, 95 % interval and two-sided p-value; `is_log`: given as logarithms, returned as ratios.

    By the normal law, or by Student's with `df` degrees of freedom.
    """
    from scipy.special import ndtr, stdtr, stdtrit

    if not (np.isfinite(value) and np.isfinite(std_err) and std_err > 0):
        return Effect(*[float("nan")] * 5)
    wide = 1.959963984540054 if math.isinf(df) else float(stdtrit(df, 0.975))
    low, high = value - wide * std_err, value + wide * std_err
    z = -abs(value) / std_err
    p = float(2 * (ndtr(z) if math.isinf(df) else stdtr(df, z)))
    if is_log:
        value, low, high = math.exp(value), math.exp(low), math.exp(high)
    return Effect(float(value), float(std_err), float(low), float(high), p)


def propensity(x: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Return each patient's chance of the treatment given x (n, p): `propensity_model` at the patients it was fitted
    to."""
    x = np.asarray(x, dtype=np.float64).reshape(len(treated), -1)
    return propensity_model(x, treated)(x)


def propensity_model(x: np.ndarray, treated: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a logistic regression with intercept; return the function x -> chance of the treatment.

    Maximum likelihood up to a normal prior of sd `PRIOR_SD` on the standardised slopes.
    """
    y = np.asarray(treated, dtype=np.float64)
    mean, sd = x.mean(axis=0), x.std(axis=0)
    sd = np.where(sd > 0, sd, 1.0)
    z = np.column_stack([np.ones(len(y)), (x - mean) / sd])
    ridge = np.full(z.shape[1], PRIOR_SD**-2)
    ridge[0] = 0.0
    beta = np.zeros(z.shape[1])
    beta[0] = math.log(y.mean() / (1 - y.mean()))
    for _ in range(100):
        p = _expit(z @ beta)
        gradient = z.T @ (y - p) - ridge * beta
        hessian = (z * (p * (1 - p))[:, None]).T @ z + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, 4.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-10:
            break

    def chance(new: np.ndarray) -> np.ndarray:
        return np.clip(_expit(beta[0] + (new - mean) / sd @ beta[1:]), 1e-8, 1 - 1e-8)

    return chance


def overlap_weights(score: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Return 1 - e for the treated and e for the others: the patients who could have had either (Li et al. 2018).

    With a score of maximum likelihood every covariate of the score has the same weighted mean in both arms.
    """
    return np.where(treated, 1.0 - score, score)


def inverse_weights(score: np.ndarray, treated: np.ndarray, *, stabilised: bool = True) -> np.ndarray:
    """Return inverse-probability-of-treatment weights: everyone's mean effect; stabilised by the arm's share."""
    share = float(np.mean(treated)) if stabilised else 1.0
    other = 1.0 - share if stabilised else 1.0
    return np.where(treated, share / score, other / (1.0 - score))


def standardised_difference(x: np.ndarray, treated: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return (weighted mean treated - others) / pooled unweighted sd per column, NaN where the sd is 0 (Austin
    2009)."""
    x = np.asarray(x, dtype=np.float64)
    treated = np.asarray(treated, dtype=bool)
    w = np.ones(len(x)) if weights is None else weights
    gap = np.average(x[treated], axis=0, weights=w[treated]) - np.average(x[~treated], axis=0, weights=w[~treated])
    pooled = np.sqrt((x[treated].var(axis=0, ddof=1) + x[~treated].var(axis=0, ddof=1)) / 2)
    return np.where(pooled > 0, gap / np.where(pooled > 0, pooled, 1.0), np.nan)


def effective_size(weights: np.ndarray) -> float:
    """Return the number of equally weighted patients with the same precision: (sum w)^2 / sum w^2 (Kish 1965)."""
    total = float(np.sum(weights))
    return total**2 / float(np.sum(np.square(weights))) if total > 0 else 0.0


def pseudo_values(
    time: np.ndarray, event: np.ndarray, horizon: float, *, entry: np.ndarray | None = None, mean: bool = True
) -> np.ndarray:
    """Return one pseudo-value per patient of the restricted mean (or of S(horizon)), shape (n,).

    The estimate plus the patient's influence on it (infinitesimal jackknife; Andersen, Klein & Rosthoj 2003); their
    mean is the product-limit estimate and their spread its variance. Risk set (entry, time]. NaN everywhere where
    nobody is at risk at the horizon and the curve has not reached 0, and where an event meets fewer than
    `LEAST_AT_RISK` at risk before the risk set has filled (delayed entry only): the curve from time 0 then rests on a
    handful.
    """
    time = np.asarray(time, dtype=np.float64)
    event = np.asarray(event).astype(bool)
    n = len(time)
    late = np.full(n, -np.inf) if entry is None else np.asarray(entry, dtype=np.float64)
    at, deaths = np.unique(time[event & (time <= horizon)], return_counts=True)
    ever = late < time
    at_risk = np.searchsorted(np.sort(late[ever]), at) - np.searchsorted(np.sort(time[ever]), at).astype(np.float64)
    if len(at) and (late > 0).any() and at_risk[: int(at_risk.argmax()) + 1].min() < LEAST_AT_RISK:
        return np.full(n, np.nan)
    curve = np.cumprod(1.0 - deaths / at_risk) if len(at) else np.empty(0)
    end = curve[-1] if len(at) else 1.0
    if time.max() < horizon and end > 0:
        return np.full(n, np.nan)
    steps = np.concatenate([[1.0], curve])
    bounds = np.concatenate([[0.0], at, [horizon]])
    area = steps * np.diff(bounds)
    total = float(area.sum()) if mean else float(end)
    # What survival beyond each event time contributes: the rest of the area, or the survival at the horizon.
    rest = (np.cumsum(area[::-1])[::-1])[1:] if mean else np.full(len(at), end)
    # d = n at risk: 1 - d/Y = 0 there, and so is all that follows.
    alive = at_risk - deaths
    factor = np.where(alive > 0, rest / np.where(alive > 0, alive, 1.0), 0.0)
    own = np.zeros(n)
    index = np.searchsorted(at, time)
    dies = event & (time <= horizon)
    own[dies] = factor[index[dies]]
    cumulative = np.concatenate([[0.0], np.cumsum(factor * deaths / at_risk)])
    met = (
        cumulative[np.searchsorted(at, np.minimum(time, horizon), side="right")]
        - cumulative[np.searchsorted(at, late, side="right")]
    )
    return total - n * (own - met)


def weighted_contrast(
    values: np.ndarray, treated: np.ndarray, weights: np.ndarray, *, cluster: np.ndarray | None = None
) -> Effect:
    """Return the difference of weighted means of pseudo-values, robust variance (weights taken as given)."""
    treated = np.asarray(treated, dtype=bool)
    gap, influence = 0.0, np.zeros(len(values))
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        w = weights[arm] / weights[arm].sum()
        mean = float(w @ values[arm])
        gap += sign * mean
        influence[arm] = sign * w * (values[arm] - mean)
    return effect(gap, math.sqrt(_sum_of_squares(influence, cluster)))


def doubly_robust(
    values: np.ndarray,
    treated: np.ndarray,
    x: np.ndarray,
    score: np.ndarray,
    *,
    target: str = "overlap",
    cluster: np.ndarray | None = None,
) -> Effect:
    """Return the augmented weighted difference of pseudo-values in the target population.

    Mean of h (m1 - m0) over the mean of h plus the weighted residuals, h = e (1 - e) (overlap) or 1 (everyone), m a
    linear regression of the pseudo-values in each arm: right where either the score or the regressions are (Robins &
    Rotnitzky 1995; Li, Morgan & Zaslavsky 2018; Wang 2021 for pseudo-values). In the variance each residual is
    enlarged by what the regression took of it (MacKinnon & White 1985, HC2).
    """
    treated = np.asarray(treated, dtype=bool)
    h = score * (1 - score) if target == "overlap" else np.ones(len(score))
    weights = np.where(treated, h / score, h / (1 - score))
    design = np.column_stack([np.ones(len(x)), x])
    fitted = np.empty((2, len(x)))
    free = np.ones(len(x))
    for k, arm in enumerate((~treated, treated)):
        root = np.sqrt(weights[arm])[:, None]
        free[arm] = _left_free(design[arm] * root)
        beta = np.linalg.lstsq(design[arm] * root, values[arm] * root[:, 0], rcond=None)[0]
        fitted[k] = design @ beta
    contrast = float(h @ (fitted[1] - fitted[0]) / h.sum())
    residual = values - np.where(treated, fitted[1], fitted[0])
    sums = weights[treated].sum(), weights[~treated].sum()
    part = np.where(treated, weights * residual / sums[0], -weights * residual / sums[1])
    value = contrast + float(part.sum())
    influence = h / h.sum() * (fitted[1] - fitted[0] - contrast) + part / np.sqrt(free)
    return effect(value, math.sqrt(_sum_of_squares(influence, cluster)))


def weighted_hazard_ratio(
    time: np.ndarray,
    event: np.ndarray,
    treated: np.ndarray,
    weights: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    score_x: np.ndarray | None = None,
    score: np.ndarray | None = None,
) -> Effect:
    """Return the marginal hazard ratio of a weighted Cox model with robust variance (Lin & Wei 1989).

    With `score_x`, the columns of the propensity `score` the weights came from, the variance knows that the score was
    fitted: what a patient's influence shares with the score's own equations is taken out (Lunceford & Davidian 2004;
    Shu et al., Stat Biosci 2021). Taking the weights as known makes the interval too wide.
    """
    from oncourse.stats.cox import fit_cox

    keep = weights > 0
    fit = fit_cox(
        time[keep],
        event[keep],
        np.asarray(treated, float)[keep, None],
        entry=None if entry is None else entry[keep],
        weights=weights[keep] / weights[keep].mean(),
        cluster=None if cluster is None else np.asarray(cluster)[keep],
        robust=True,
    )
    if fit.is_infinite.any():
        return effect(float("nan"), float("nan"))
    spread = float(fit.std_err[0])
    if score_x is not None and score is not None and cluster is None:
        own = fit.dfbeta().reshape(int(keep.sum()), -1)[:, 0]
        spread = _known_score(own, score_x[keep], np.asarray(treated, bool)[keep], score[keep])
    return effect(float(fit.coef[0]), spread, is_log=True)


def _known_score(influence: np.ndarray, x: np.ndarray, treated: np.ndarray, score: np.ndarray) -> float:
    """Standard error of the sum of influences less their regression on the equations of the logistic score, each
    residual enlarged by the patient's leverage (HC3: with many terms and few patients the plain one is too small)."""
    equations = np.column_stack([np.ones(len(x)), x]) * (treated - score)[:, None]
    left = influence - equations @ np.linalg.lstsq(equations, influence, rcond=None)[0]
    return float(np.linalg.norm(left / _left_free(equations)))


def _left_free(design: np.ndarray) -> np.ndarray:
    """Share of each row's residual that a regression on `design` leaves: 1 - leverage, at least `LEAST_FREE`."""
    directions, size, _ = np.linalg.svd(design, full_matrices=False)
    leverage = np.square(directions[:, size > 1e-9 * size[0]]).sum(axis=1)
    return np.maximum(1.0 - leverage, LEAST_FREE)


def e_value(hazard_ratio: float, *, common: bool = True) -> float:
    """Return the E-value: how strong hidden confounding must be, on the risk-ratio scale, to explain the ratio away.

    VanderWeele & Ding 2017; a hazard ratio of a `common` outcome (above 15 %) is first turned into a risk ratio. 1
    where the ratio is 1; NaN stays NaN.
    """
    if not hazard_ratio > 0:
        return float("nan")
    ratio = hazard_ratio
    if common:
        ratio = (1 - 0.5 ** math.sqrt(ratio)) / (1 - 0.5 ** math.sqrt(1 / ratio))
    ratio = max(ratio, 1 / ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_of_shares(reference: float, difference: float) -> float:
    """Return the E-value of a difference of shares without the event: of the ratio of the risks of the event.

    NaN where a share is not known or a risk is 0: no ratio then.

    >>> round(e_value_of_shares(0.75, -0.5), 2), e_value_of_shares(1.0, -0.2), e_value_of_shares(0.5, 0.0)
    (5.45, nan, 1.0)
    """
    risk, other = 1 - reference, 1 - min(max(reference + difference, 0.0), 1.0)
    return e_value(other / risk, common=False) if 0 < risk <= 1 and other > 0 else float("nan")


def bias_factor(with_treatment: float, with_outcome: float) -> float:
    """Return by how much a hidden factor of these two risk ratios can at most move a ratio (Ding & VanderWeele 2016).

    >>> bias_factor(2.0, 2.0)
    1.3333333333333333
    """
    return with_treatment * with_outcome / (with_treatment + with_outcome - 1)


def _expit(u: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(u, -700, 700)))


def _sum_of_squares(influence: np.ndarray, cluster: np.ndarray | None) -> float:
    if cluster is None:
        return float(influence @ influence)
    _, which = np.unique(cluster, return_inverse=True)
    sums = np.bincount(which, weights=influence)
    return float(sums @ sums)
