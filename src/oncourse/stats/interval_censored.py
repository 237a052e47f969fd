"""Distribution of a quantity known only to lie in an interval (Turnbull's estimate)."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Turnbull(NamedTuple):
    """Mass of each innermost interval: ``low`` < value <= ``high`` has probability ``mass``."""

    low: Floats
    high: Floats
    mass: Floats


def turnbull(low: ArrayLike, high: ArrayLike, *, n_step: int = 5000, tolerance: float = 1e-9) -> Turnbull:
    """Return the non-parametric maximum-likelihood distribution (Turnbull. J R Stat Soc B 1976;38:290).

    Parameters
    ----------
    low, high : shape (n,), each value lies in (low, high]; -inf and inf allowed; low = high is an exact value

    Returns
    -------
    shape (m,) each: the innermost intervals (a left end followed by a right end) and their masses, which sum to 1;
    within an interval the distribution is not identified. Empty without values.

    Examples
    --------
    Exact values give each 1/n; a value known only to be above 2 adds its mass above 2.

    >>> t = turnbull([1, 2, 2], [1, 2, np.inf])
    >>> t.high.tolist(), t.mass.round(3).tolist()
    ([1.0, 2.0, inf], [0.333, 0.333, 0.333])
    """
    left, right = np.asarray(low, float), np.asarray(high, float)
    if left.size == 0:
        return Turnbull(left, right, left)
    if np.any(left > right) or np.any(np.isnan(left) | np.isnan(right)):
        raise ValueError("each interval needs low <= high")
    # an exact value x is the closed point [x, x]; (a, b] starts just above a
    starts = np.where(left == right, left, np.nextafter(left, np.inf))
    starts = np.where(np.isneginf(left), -np.inf, starts)
    ends = right
    points = sorted([(s, 0) for s in set(starts.tolist())] + [(e, 1) for e in set(ends.tolist())])
    inner = [(a[0], b[0]) for a, b in itertools.pairwise(points) if a[1] == 0 and b[1] == 1]
    lows, highs = np.array([i[0] for i in inner]), np.array([i[1] for i in inner])
    inside = (starts[:, None] <= lows[None, :]) & (ends[:, None] >= highs[None, :])
    mass = np.full(len(inner), 1 / len(inner))
    for _ in range(n_step):
        weight = inside * mass
        new = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
        change = np.abs(new - mass).max()
        mass = new
        if change < tolerance:
            break
    return Turnbull(lows, highs, mass)


def quantile_bounds(fit: Turnbull, share: float) -> tuple[float, float]:
    """Return the interval in which the quantile lies; (nan, nan) without values.

    >>> quantile_bounds(turnbull([0, 10, 20], [5, 15, np.inf]), 0.5)[1]
    15.0
    """
    if fit.mass.size == 0:
        return float("nan"), float("nan")
    at = min(int(np.searchsorted(np.cumsum(fit.mass), share - 1e-9)), fit.mass.size - 1)
    low = fit.low[at]
    return float(np.round(low, 9)), float(fit.high[at])


def share_above(fit: Turnbull, value: float) -> tuple[float, float]:
    """Return the least and the greatest probability the data allow for "greater than `value`"."""
    surely = fit.mass[fit.low > value].sum()
    possibly = fit.mass[fit.high > value].sum()
    return float(surely), float(possibly)
