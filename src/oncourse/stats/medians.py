"""Medians and shifts of location with limits by order statistics: no law of the values is assumed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: More differences than this have no shift: 32 MB of them.
MOST_PAIRS = 4_000_000


def median_interval(x: Floats, level: float = 0.95) -> tuple[float | None, float | None]:
    """Return the order statistics that cover the median with at least `level`; None where too few (below six at 95 %).

    x : shape (n,), any order, no NaN (Conover. Practical Nonparametric Statistics, 3.2)

    >>> median_interval(np.arange(1.0, 11.0))
    (2.0, 9.0)
    """
    from scipy.stats import binom

    x, n = np.sort(x), len(x)
    k = int(binom.ppf((1 - level) / 2, n, 0.5))
    if binom.cdf(k, n, 0.5) > (1 - level) / 2:
        k -= 1
    return (None, None) if k < 0 else (float(x[k]), float(x[n - 1 - k]))


def shift(a: Floats, b: Floats) -> tuple[float | None, float | None, float | None]:
    """Return by how much the values of `b` are above those of `a`: Hodges and Lehmann's shift and its 95 % interval.

    The median of all differences, and the order statistics of them that the rank-sum test does not reject (normal law;
    Hollander, Wolfe. Nonparametric Statistical Methods, 4.2-4.3).

    >>> shift(np.array([1.0, 2, 3, 4, 5, 6]), np.array([3.0, 4, 5, 6, 7, 8]))
    (2.0, -1.0, 5.0)
    """
    m, n = len(a), len(b)
    if m * n > MOST_PAIRS:
        return None, None, None
    return _order_interval(np.sort((b[None, :] - a[:, None]).ravel()), m * n / 2, m * n * (m + n + 1) / 12)


def paired_shift(a: Floats, b: Floats) -> tuple[float | None, float | None, float | None]:
    """Return the same of pairs: median and order statistics of the means of two differences (Walsh averages)."""
    d, n = b - a, len(a)
    if n * n > MOST_PAIRS:
        return None, None, None
    i, j = np.triu_indices(n)
    return _order_interval(np.sort((d[i] + d[j]) / 2), n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24)


def _order_interval(sorted_: Floats, mean: float, variance: float) -> tuple[float, float | None, float | None]:
    k = int(np.floor(mean - 1.959963984540054 * np.sqrt(variance)))
    limits = (None, None) if k < 1 else (float(sorted_[k - 1]), float(sorted_[len(sorted_) - k]))
    return float(np.median(sorted_)), *limits
