"""Agreement of two yes/no assessments of the same units: shares, kappa, AC1, paired tests, cluster bootstrap.

A 2x2 table is given as four counts: ``both`` (a and b positive), ``a_only``, ``b_only``, ``neither``.
Where ``a`` is the comparator, the positive percent agreement of ``b`` is both / (both + a_only), as the FDA's
guidance on diagnostic tests of 2007 asks where there is no reference standard.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A value with its limits; arrays of one shape, NaN where not estimable."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Agreement:
    """Shares of a 2x2 table with exact intervals (Clopper-Pearson)."""

    ppa: Interval
    npa: Interval
    opa: Interval
    ppv: Interval


def _floats(*counts: ArrayLike) -> tuple[Floats, ...]:
    arrays = np.broadcast_arrays(*(np.asarray(c, dtype=float) for c in counts))
    if any(np.any(a < 0) for a in arrays):
        raise ValueError("a count cannot be negative")
    return tuple(arrays)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.asarray(top / np.where(bottom > 0, bottom, np.nan))


def share(count: ArrayLike, total: ArrayLike, level: float = 0.95) -> Interval:
    """Return count / total with its Clopper-Pearson interval; NaN where the total is 0.

    Examples
    --------
    No discordance among 69 still allows 5.2 %:

    >>> float(share(0, 69).high.round(3))
    0.052
    """
    from oncourse.stats.proportions import clopper_pearson

    k, n = _floats(count, total)
    low, high = clopper_pearson(k, n, level)
    return Interval(_ratio(k, n), np.asarray(low), np.asarray(high))


def agreement(
    both: ArrayLike, a_only: ArrayLike, b_only: ArrayLike, neither: ArrayLike, level: float = 0.95
) -> Agreement:
    """Return positive, negative and overall percent agreement of b with a, and b's predictive value."""
    n11, n10, n01, n00 = _floats(both, a_only, b_only, neither)
    return Agreement(
        ppa=share(n11, n11 + n10, level),
        npa=share(n00, n00 + n01, level),
        opa=share(n11 + n00, n11 + n10 + n01 + n00, level),
        ppv=share(n11, n11 + n01, level),
    )


def kappa(both: ArrayLike, a_only: ArrayLike, b_only: ArrayLike, neither: ArrayLike, level: float = 0.95) -> Interval:
    """Return Cohen's kappa with the large-sample interval of Fleiss, Cohen, Everitt (Psychol Bull 1969;72:323).

    NaN where the table is empty or chance alone gives full agreement (one category never used).

    Examples
    --------
    >>> k = kappa(22, 2, 4, 11)
    >>> [round(float(x), 3) for x in (k.value, k.low, k.high)]
    [0.667, 0.424, 0.909]
    """
    from scipy.special import ndtri

    n11, n10, n01, n00 = _floats(both, a_only, b_only, neither)
    n = n11 + n10 + n01 + n00
    p11, p10, p01, p00 = (_ratio(x, n) for x in (n11, n10, n01, n00))
    row, column = p11 + p10, p11 + p01
    observed, chance = p11 + p00, row * column + (1 - row) * (1 - column)
    value = _ratio(observed - chance, 1 - chance)
    with np.errstate(invalid="ignore", divide="ignore"):
        diagonal = p11 * (1 - (row + column) * (1 - value)) ** 2
        diagonal = diagonal + p00 * (1 - (2 - row - column) * (1 - value)) ** 2
        # off-diagonal cell (i, j) weighs (p.i + pj.)^2
        other = (1 - value) ** 2 * (p10 * (column + 1 - row) ** 2 + p01 * (1 - column + row) ** 2)
        variance = (diagonal + other - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
        half = ndtri(0.5 + level / 2) * np.sqrt(np.maximum(variance, 0))
    return Interval(value, np.maximum(value - half, -1.0), np.minimum(value + half, 1.0))


def gwet_ac1(
    both: ArrayLike, a_only: ArrayLike, b_only: ArrayLike, neither: ArrayLike, level: float = 0.95
) -> Interval:
    """Return Gwet's AC1 and its interval (Gwet. Br J Math Stat Psychol 2008;61:29), units drawn at random.

    Unlike kappa it does not collapse where nearly all units are of one kind.

    Examples
    --------
    >>> float(gwet_ac1(118, 5, 2, 0).value.round(3))
    0.941
    """
    from scipy.special import ndtri

    n11, n10, n01, n00 = _floats(both, a_only, b_only, neither)
    n = n11 + n10 + n01 + n00
    positive = _ratio(2 * n11 + n10 + n01, 2 * n)
    observed, chance = _ratio(n11 + n00, n), 2 * positive * (1 - positive)
    value = _ratio(observed - chance, 1 - chance)

    def linear(agree: float, chance_of_unit: Floats) -> Floats:
        return np.asarray((agree - chance) / (1 - chance) - 2 * (1 - value) * (chance_of_unit - chance) / (1 - chance))

    spread = n11 * (linear(1, 1 - positive) - value) ** 2 + n00 * (linear(1, positive) - value) ** 2
    spread = spread + (n10 + n01) * (linear(0, np.full_like(positive, 0.5)) - value) ** 2
    half = ndtri(0.5 + level / 2) * np.sqrt(_ratio(spread, n * np.maximum(n - 1, 0)))
    return Interval(value, np.maximum(value - half, -1.0), np.minimum(value + half, 1.0))


#: Prior counts of both, a only, b only, neither: half a unit each on agreement, a quarter on each kind of disagreement.
_PRIOR_COUNTS = (0.5, 0.25, 0.25, 0.5)
_DRAWS = 2048


@cache
def _uniforms() -> Floats:
    """Fixed, evenly spread points of the unit cube of four cells (Sobol), so that limits repeat to the byte."""
    from scipy.stats import qmc

    return np.clip(qmc.Sobol(4, scramble=True, seed=1).random(_DRAWS), 1e-9, 1 - 1e-9)


def few_units_limits(
    both: ArrayLike, a_only: ArrayLike, b_only: ArrayLike, neither: ArrayLike, level: float = 0.95
) -> tuple[Interval, Interval]:
    """Return kappa and AC1 with limits that hold in small tables and where nobody is discordant.

    The value is that of `kappa` and `gwet_ac1`; the limits are equal-tailed posterior limits under a Dirichlet prior
    (`_PRIOR_COUNTS`), widened to hold the value. At a discordance of 2 % the large-sample limits cover 18 / 34 / 55 %
    at 10 / 20 / 40 units (no discordance prints [1, 1]), these 94-99 %; over six tables of truth 94-99 % from 10 units
    on, 90-99 % at 6 (``benchmarks/bench_few_patients.py``).

    Examples
    --------
    >>> k, _ = few_units_limits(5, 0, 0, 5)
    >>> [round(float(x), 2) for x in (k.value, k.low, k.high)]
    [1.0, 0.57, 1.0]
    """
    counts = np.stack([c.ravel() for c in _floats(both, a_only, b_only, neither)])
    shape = np.shape(np.broadcast_arrays(both, a_only, b_only, neither)[0])
    statistics = (kappa, gwet_ac1)
    values = [np.atleast_1d(np.asarray(statistic(*counts).value, float)) for statistic in statistics]
    limits = [(value.copy(), value.copy()) for value in values]
    for column, table in enumerate(counts.T):
        if all(np.isnan(value[column]) for value in values):
            continue
        cells = [_gammas(k, float(n)) for k, n in enumerate(table)]
        shares = cells / np.sum(cells, axis=0)
        for statistic, value, (low, high) in zip(statistics, values, limits, strict=True):
            if not np.isnan(value[column]):
                drawn = np.asarray(statistic(*shares).value)
                ends = np.nanquantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
                low[column], high[column] = min(ends[0], value[column]), max(ends[1], value[column])
    first, second = (
        Interval(value.reshape(shape), low.reshape(shape), high.reshape(shape))
        for value, (low, high) in zip(values, limits, strict=True)
    )
    return first, second


@lru_cache(maxsize=512)
def _gammas(cell: int, count: float) -> Floats:
    """The gamma variates of a cell of the table with so many units, at the points of `_uniforms`.

    Kept, because the counts of a study's tables are few: the inverse of the gamma is most of what the limits cost.
    """
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(count + _PRIOR_COUNTS[cell], _uniforms()[:, cell]))


def mcnemar_exact(a_only: ArrayLike, b_only: ArrayLike) -> Floats:
    """Return the two-sided exact p-value that the discordant pairs fall either way alike; 1 without any.

    Examples
    --------
    >>> float(mcnemar_exact(1, 9).round(5))
    0.02148
    """
    from scipy.stats import binom

    b, c = _floats(a_only, b_only)
    p = 2 * binom.cdf(np.minimum(b, c), b + c, 0.5)
    return np.asarray(np.where(b + c > 0, np.minimum(p, 1.0), 1.0))


def _tango_z(b: float, c: float, n: float, difference: float) -> float:
    """Return the score statistic of H0: P(a only) - P(b only) = `difference` (Tango. Stat Med 1998;17:891)."""
    top = b - c - n * difference
    second = -b - c + (2 * n - b + c) * difference
    third = -c * difference * (1 - difference)
    p_b_only = (np.sqrt(max(second**2 - 8 * n * third, 0.0)) - second) / (4 * n)
    variance = n * (2 * p_b_only + difference * (1 - difference))
    if variance <= 1e-14:
        return 0.0 if abs(top) < 1e-12 else float(np.sign(top) * np.inf)
    return float(top / np.sqrt(variance))


def tango_interval(a_only: int, b_only: int, n: int, level: float = 0.95) -> tuple[float, float, float]:
    """Return P(a positive) - P(b positive) of pairs with Tango's score interval (Stat Med 1998;17:891).

    Parameters
    ----------
    a_only, b_only : discordant pairs
    n : all pairs

    Examples
    --------
    >>> [round(x, 4) for x in tango_interval(12, 2, 44)]
    [0.2273, 0.0692, 0.386]
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if n <= 0:
        return (np.nan, np.nan, np.nan)
    z, estimate, edge = float(ndtri(0.5 + level / 2)), (a_only - b_only) / n, 1 - 1e-9

    def limit(sign: int) -> float:
        def f(d: float) -> float:
            return _tango_z(a_only, b_only, n, d) - sign * z

        ends = (-edge, estimate) if sign > 0 else (estimate, edge)
        if f(ends[0]) * f(ends[1]) > 0:
            return -1.0 if sign > 0 else 1.0
        return float(brentq(f, *ends, xtol=1e-10))

    return estimate, limit(1), limit(-1)


def tango_noninferiority(worse: int, better: int, n: int, margin: float) -> float:
    """Return the one-sided p-value of H0: the new test finds fewer of the `n` positives by `margin` or more.

    Parameters
    ----------
    worse : units only the comparator found
    better : units only the new test found
    margin : largest loss that is still accepted, 0-1

    Examples
    --------
    >>> round(tango_noninferiority(3, 2, 100, 0.1), 5)
    0.00347
    """
    from scipy.stats import norm

    if n <= 0:
        return float("nan")
    # difference comparator - new = (worse - better) / n; H0: >= margin
    return float(norm.cdf(_tango_z(worse, better, n, margin)))


@dataclass(frozen=True)
class Bootstrap:
    """An estimate with the percentile limits of a cluster bootstrap, and its replicates."""

    value: Floats
    low: Floats
    high: Floats
    replicates: Floats


def cluster_weights(n_cluster: int, n_replicate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return shape (n_replicate, n_cluster), how often each cluster was drawn in each replicate."""
    drawn = rng.integers(0, n_cluster, (n_replicate, n_cluster), dtype=np.int64)
    drawn += np.arange(n_replicate)[:, None] * n_cluster
    counts = np.bincount(drawn.ravel(), minlength=n_replicate * n_cluster)
    return counts.reshape(n_replicate, n_cluster).astype(np.float32)


def cluster_bootstrap(
    counts: ArrayLike,
    statistic: Callable[[Floats], Floats],
    weights: NDArray[np.float32],
    level: float = 0.95,
) -> Bootstrap:
    """Return a statistic of summed counts, with limits from whole clusters (patients) drawn again.

    Parameters
    ----------
    counts : shape (n_cluster, m), what is added up over clusters
    statistic : sums of shape (k, m) -> values of shape (k,) or (k, j)
    weights : of `cluster_weights`; one matrix product does all replicates
    level : coverage of the percentile limits

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = cluster_bootstrap([[8, 10], [2, 10]], lambda s: s[:, 0] / s[:, 1], cluster_weights(2, 500, rng))
    >>> float(found.value), float(found.low), float(found.high)
    (0.5, 0.2, 0.8)
    """
    table = np.asarray(counts, dtype=float)
    table = table[np.lexsort(table.T)]  # by what they hold: the names of patients move no limit
    value = np.asarray(statistic(table.sum(axis=0, keepdims=True)))[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        replicates = np.asarray(statistic(weights @ table), dtype=float)
    tail = (1 - level) / 2
    if table.shape[0] < 2 or np.isnan(replicates).all():
        missing = np.full(np.shape(value), np.nan)
        return Bootstrap(np.asarray(value), missing, missing, replicates)
    with warnings.catch_warnings():
        # a statistic that no replicate could work out has no limits: NaN, as documented
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        low, high = np.nanquantile(replicates, [tail, 1 - tail], axis=0)
    return Bootstrap(np.asarray(value), np.asarray(low), np.asarray(high), replicates)
