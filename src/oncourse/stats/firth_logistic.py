"""Logistic regression with Firth's penalty: finite odds ratios where a group has no event, profile limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FirthLogistic:
    """Log odds ratio of one column, its profile limits (infinite where there is none) and penalised LR p-value."""

    coef: float
    ci_low: float
    ci_high: float
    p_value: float


class FirthFeatures(NamedTuple):
    """The same of many features, one entry each: shape (features,), NaN where there is no estimate."""

    coef: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats


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
    >>> round(fit.coef, 4), round(float(np.log((0.5 / 5.5) / (10.5 / 10.5))), 4)
    (-2.3979, -2.3979)
    """
    columns = np.asarray(x, dtype=float)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if not len(columns) or (np.ptp(columns, axis=0) <= 0).any():
        return FirthLogistic(*[float("nan")] * 4)
    found = fit_features(columns[:, :1], y, columns[:, 1:], weights=weights, level=level)
    return FirthLogistic(*(float(values[0]) for values in found))


def fit_features(
    x: ArrayLike,
    y: ArrayLike,
    covariates: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    events_per_coefficient: float = 0,
    level: float = 0.95,
) -> FirthFeatures:
    """Fit a model of each column of x beside the covariates, on the rows where all are known, as `firth_logistic`.

    Parameters
    ----------
    x : shape (n, features), NaN for unknown
    y, weights : as of `firth_logistic`
    covariates : shape (n, columns), NaN for unknown; those that are constant on the rows of a feature are left out
        there, and where covariates are given and all are, there is no estimate
    events_per_coefficient : with fewer of the rarer outcome than this there is no estimate
    """
    from scipy.special import chdtrc, chdtri

    from oncourse.stats import _firth
    from oncourse.stats.scan_models import distinct

    target = np.asarray(y, dtype=float)
    cells = np.ascontiguousarray(np.asarray(x, dtype=float).T)
    first, number = distinct(cells)
    coef, low, high, chi = _firth.fit_features(
        cells[first],
        np.ascontiguousarray(np.asarray(covariates, dtype=float).T),
        target,
        np.ones(target.size) if weights is None else np.asarray(weights, dtype=float),
        float(events_per_coefficient),
        0.5 * float(chdtri(1, 1 - level)),
    )[:, number]
    return FirthFeatures(coef, low, high, chdtrc(1, chi))
