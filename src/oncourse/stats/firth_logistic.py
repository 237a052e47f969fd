"""Logistic regression with Firth's penalty: finite odds ratios where a group has no event, profile limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
#: The largest coefficient looked at (an odds ratio of e^30 is none).
_LIMIT = 30.0


@dataclass(frozen=True)
class FirthLogistic:
    """Log odds ratio of one column, its profile limits (infinite where there is none) and penalised LR p-value."""

    coef: float
    ci_low: float
    ci_high: float
    p_value: float


def firth_logistic(
    x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> FirthLogistic:
    """Fit a logistic model with intercept and report its first column [1]_, [2]_.

    Parameters
    ----------
    x : shape (n,) or (n, p), finite; the first column is the one reported
    y : shape (n,), 0/1, or the share of events of a row that stands for several patients
    weights : shape (n,), patients a row stands for; None: one

    Returns
    -------
    FirthLogistic; all NaN where the columns cannot be told apart

    References
    ----------
    .. [1] Firth. Biometrika 1993;80:27.
    .. [2] Heinze, Schemper. Stat Med 2002;21:2409 (profile limits, penalised likelihood ratio).

    Examples
    --------
    A 2 x 2 table with an empty cell: each cell gets a half.

    >>> fit = firth_logistic([0, 1], [0.5, 0.0], weights=[20, 5])
    >>> round(fit.coef, 4), round(math.log((0.5 / 5.5) / (10.5 / 10.5)), 4)
    (-2.3979, -2.3979)
    """
    from scipy.special import chdtrc, chdtri

    from oncourse.stats._firth import firth_newton

    columns = np.asarray(x, dtype=float)
    columns = columns[:, None] if columns.ndim == 1 else columns
    scale = columns.std(axis=0)
    nothing = FirthLogistic(*[float("nan")] * 4)
    if not len(columns) or (scale <= 0).any():
        return nothing
    centre = columns.mean(axis=0)
    design = np.column_stack([np.ones(len(columns)), (columns - centre) / scale])
    target = np.asarray(y, dtype=float)
    w = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=float)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return nothing
    begin = np.zeros(design.shape[1])
    share = (w @ target + 0.5) / (w.sum() + 1.0)
    begin[0] = math.log(share / (1 - share))
    beta, top = firth_newton(design, target, w, begin, -1)
    b = float(beta[1])
    drop = 0.5 * float(chdtri(1, 1 - level))

    def fallen(value: float) -> float:
        start = beta.copy()
        start[1] = value
        return float(top - firth_newton(design, target, w, start, 1)[1] - drop)

    low, high = (_limit(fallen, b, sign) for sign in (-1.0, 1.0))
    gap = 2 * (fallen(0.0) + drop)
    return FirthLogistic(
        float(b / scale[0]), float(low / scale[0]), float(high / scale[0]), float(chdtrc(1, max(gap, 0.0)))
    )


def _limit(fallen, best: float, sign: float) -> float:  # type: ignore[no-untyped-def]
    from scipy.optimize import brentq

    step = 0.5
    while step < _LIMIT:
        if fallen(best + sign * step) > 0:
            return float(brentq(fallen, best, best + sign * step, xtol=1e-7))
        step *= 2
    return sign * math.inf
