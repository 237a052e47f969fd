"""Beta-binomial read counts: binomial sampling around an allele fraction that itself varies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def logpmf(count: ArrayLike, depth: ArrayLike, mean: ArrayLike, concentration: ArrayLike) -> NDArray[np.float64]:
    """Return log P(count | depth) with fractions from Beta(mean * s, (1 - mean) * s).

    Parameters
    ----------
    count, depth : shape (n,), reads
    mean : expected fraction, 0-1; at 0 and 1 the distribution is a point
    concentration : s > 0; ``inf`` is the binomial. The variance is the binomial's times (depth + s) / (1 + s)

    Examples
    --------
    >>> float(np.exp(logpmf(1, 2, 0.5, np.inf)).round(3)), float(np.exp(logpmf(1, 2, 0.5, 2.0)).round(3))
    (0.5, 0.333)
    """
    from scipy.special import betaln, gammaln, xlog1py, xlogy

    k, n, p, s = np.broadcast_arrays(
        np.asarray(count, float),
        np.asarray(depth, float),
        np.asarray(mean, float),
        np.asarray(concentration, float),
    )
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    binomial = choose + xlogy(k, p) + xlog1py(n - k, -p)
    point = ~np.isfinite(s) | (p <= 0) | (p >= 1)
    a, b = np.where(point, 1.0, p * s), np.where(point, 1.0, (1 - p) * s)
    with np.errstate(invalid="ignore"):
        value = np.where(point, binomial, choose + betaln(k + a, n - k + b) - betaln(a, b))
    return np.where((k < 0) | (k > n), -np.inf, value)


def sf(least: ArrayLike, depth: ArrayLike, mean: ArrayLike, concentration: ArrayLike) -> NDArray[np.float64]:
    """Return P(count >= least), the plain sum of `logpmf` (the definition beside the fast kernel).

    Examples
    --------
    >>> float(sf(3, 100, 0.04, np.inf).round(4))
    0.7679
    """
    k, n, p, s = np.broadcast_arrays(
        np.asarray(least, np.int64),
        np.asarray(depth, np.int64),
        np.asarray(mean, float),
        np.asarray(concentration, float),
    )
    below = [
        float(np.exp(logpmf(np.arange(min(kk, nn + 1)), nn, pp, ss)).sum()) if kk > 0 else 0.0
        for kk, nn, pp, ss in zip(k.ravel(), n.ravel(), p.ravel(), s.ravel(), strict=True)
    ]
    return np.clip(1 - np.array(below).reshape(k.shape), 0, 1)


def fit(count: ArrayLike, total: ArrayLike) -> tuple[float, float]:
    """Return mean and concentration of the beta-binomial of greatest likelihood.

    Parameters
    ----------
    count, total : shape (n,), of n units (patients); units with total 0 say nothing

    Returns
    -------
    mean 0-1 and concentration s; ``inf`` where the units differ no more than binomial chance. The standard
    deviation between units is sqrt(mean (1 - mean) / (1 + s)). NaN without any total.

    Examples
    --------
    >>> fit([5, 5, 5, 5], [10, 10, 10, 10])
    (0.5, inf)
    """
    from scipy.optimize import minimize

    k, n = np.asarray(count, float), np.asarray(total, float)
    k, n = k[n > 0], n[n > 0]
    if not len(n):
        return float("nan"), float("nan")
    mean = float(k.sum() / n.sum())
    if mean in (0.0, 1.0):
        return mean, float("inf")

    def loss(x: NDArray[np.float64]) -> float:
        return -float(logpmf(k, n, 1 / (1 + np.exp(-x[0])), np.exp(x[1])).sum())

    start = np.array([np.log(mean / (1 - mean)), np.log(5.0)])
    best = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-6})
    if best.x[1] > 9 or -best.fun <= float(logpmf(k, n, mean, np.inf).sum()) + 1e-6:
        return mean, float("inf")
    return float(1 / (1 + np.exp(-best.x[0]))), float(np.exp(best.x[1]))
