"""Medians and shifts of location with limits by order statistics: no law of the values is assumed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
#: More differences than this have no shift: 32 MB of them.
MOST_PAIRS = 4_000_000
#: Fewer patients than this: their own medians bound the median over their samples too.
FEW = 30


def median_interval(x: Floats, level: float = 0.95) -> tuple[float | None, float | None]:
    """Return the order statistics that cover the median with at least `level`; None where too few (below six at 95 %).

    x : shape (n,), any order, no NaN (Conover. Practical Nonparametric Statistics, 3.2)

    >>> median_interval(np.arange(1.0, 11.0))
    (2.0, 9.0)
    """
    x, n = np.sort(x), len(x)
    k = _outside(n, level)
    return (None, None) if k < 0 else (float(x[k]), float(x[n - 1 - k]))


@lru_cache(maxsize=4096)
def _outside(n: int, level: float) -> int:
    """The most values k beyond a limit that n coins show so rarely: P(Binomial(n, 1/2) <= k) <= (1 - level) / 2; -1
    where not even none does.

    >>> [_outside(n, 0.95) for n in (0, 5, 6, 10)]
    [-1, -1, 0, 1]
    """
    from scipy.special import bdtr

    return int(np.searchsorted(bdtr(np.arange(n // 2 + 1), n, 0.5), (1 - level) / 2, side="right")) - 1


def clustered_median_interval(x: Floats, cluster: ArrayLike, level: float = 0.95) -> tuple[float | None, float | None]:
    """Return limits of the median over units (samples) of which a cluster (patient) may have several.

    The values m at which one half is a share that `clustered_share` allows for the units at or below m (lower limit)
    and below m (upper limit): the sign test turned round, patients as clusters. None beyond the values. Of fewer than
    `FEW` clusters they hold the limits of `median_interval` over the clusters' own medians, and with one unit in each
    cluster are these.

    Parameters
    ----------
    x : shape (n,), any order, no NaN
    cluster : shape (n,), whose unit each is

    Examples
    --------
    Ten patients with one sample each, and with the same sample twice:

    >>> x = np.arange(1.0, 11.0)
    >>> clustered_median_interval(x, range(10))
    (2.0, 9.0)
    >>> clustered_median_interval(np.repeat(x, 2), np.repeat(range(10), 2))
    (2.0, 9.0)
    """
    from oncourse.stats.clustered_share import clustered_share

    x = np.asarray(x, dtype=float)
    whose, sizes = np.unique(np.asarray(cluster), return_inverse=True, return_counts=True)[1:]
    if (sizes == 1).all():
        return median_interval(x, level)
    values = np.unique(x)

    def half(out: NDArray[np.bool_]) -> bool:
        """Whether so many units may be half of all."""
        return clustered_share(np.bincount(whose, out, len(sizes)), sizes, level).high >= 0.5

    def first(side: int) -> float:
        """The outermost value of a side whose units that far out may be half; by bisection, they grow inwards."""
        inwards = values if side == 0 else values[::-1]
        low, high = -1, len(inwards) - 1
        while high - low > 1:
            middle = (low + high) // 2
            is_half = half(x <= inwards[middle] if side == 0 else x >= inwards[middle])
            low, high = (low, middle) if is_half else (middle, high)
        return float(inwards[high])

    low, high = (None, None) if half(np.zeros(len(x), bool)) else (first(0), first(1))
    if len(sizes) >= FEW:
        return low, high
    ordered, start = x[np.lexsort((x, whose))], np.cumsum(sizes) - sizes
    own = (ordered[start + (sizes - 1) // 2] + ordered[start + sizes // 2]) / 2
    inner = median_interval(own, level)
    return (
        low if low is None or inner[0] is None else min(low, inner[0]),
        high if high is None or inner[1] is None else max(high, inner[1]),
    )


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
