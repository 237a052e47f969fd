"""Many tests at once: adjusted p-values that leave the untested out of the count."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def _tested(p_value: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    p = np.asarray(p_value, dtype=float)
    known = ~np.isnan(p)
    if np.any((p[known] < 0) | (p[known] > 1)):
        raise ValueError("p-values lie between 0 and 1")
    return p, known


def benjamini_hochberg(p_value: ArrayLike) -> Floats:
    """Return the q-value of each test: the smallest false discovery rate at which it would be called [1]_.

    Parameters
    ----------
    p_value : any shape; NaN = not tested: stays NaN and is not counted in the family

    References
    ----------
    .. [1] Benjamini, Hochberg. J R Stat Soc B 1995;57:289.

    Examples
    --------
    >>> benjamini_hochberg([0.01, float("nan"), 0.02, 0.5]).round(3).tolist()
    [0.03, nan, 0.03, 0.5]
    """
    p, known = _tested(p_value)
    out = np.full(p.shape, np.nan)
    tested = p[known]
    m = tested.size
    if m:
        order = np.argsort(tested, kind="stable")[::-1]
        scaled = tested[order] * (m / np.arange(m, 0, -1))
        adjusted = np.empty(m)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
        out[known] = adjusted
    return out


def max_t(observed: ArrayLike, permuted: ArrayLike) -> Floats:
    """Return single-step max-T p-values: how often the largest statistic of a permutation reaches each test's [1]_.

    Parameters
    ----------
    observed : shape (tests,), absolute statistics; NaN = not tested
    permuted : shape (permutations, tests), absolute statistics of the same tests under permutation,
        or shape (permutations,), their largest per permutation

    Returns
    -------
    shape (tests,), (1 + number of permutations whose maximum reaches it) / (1 + permutations); NaN not tested

    References
    ----------
    .. [1] Westfall, Young. Resampling-based multiple testing. Wiley 1993, algorithm 2.5.
    """
    seen = np.asarray(observed, dtype=float)
    null = np.asarray(permuted, dtype=float)
    if null.ndim == 2:
        null = np.nanmax(null[:, ~np.isnan(seen)], axis=1) if (~np.isnan(seen)).any() else null[:, :0].sum(1)
    null = np.sort(null)
    reached = null.size - np.searchsorted(null, seen - 1e-12, side="left")
    return np.where(np.isnan(seen), np.nan, (1.0 + reached) / (1.0 + null.size))
