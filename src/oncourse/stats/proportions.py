"""Shares and 2x2 tables: exact and score intervals, Fisher's test with its conditional odds ratio."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class FisherResult(NamedTuple):
    """Arrays of one shape, an entry per 2x2 table."""

    odds_ratio: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats


class Difference(NamedTuple):
    """A difference of two shares with its interval."""

    difference: Floats
    ci_low: Floats
    ci_high: Floats


class StratifiedTable(NamedTuple):
    """Cochran-Mantel-Haenszel test and the common odds ratio."""

    statistic: float
    p_value: float
    odds_ratio: float
    ci_low: float
    ci_high: float


def _counts(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    k_, n_ = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    if np.any((k_ < 0) | (k_ > n_)):
        raise ValueError("a count must lie between 0 and its total")
    return k_, n_


def clopper_pearson(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact interval of a share (Clopper, Pearson. Biometrika 1934;26:404).

    Parameters
    ----------
    k, n : broadcastable counts, k of n; NaN allowed
    level : coverage, 0-1

    Returns
    -------
    (low, high), fractions 0-1; NaN where n is 0 or a count is NaN

    Examples
    --------
    >>> low, high = clopper_pearson([12, 0, 0], [40, 10, 0])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.1656, 0.0, nan], [0.4653, 0.3085, nan])
    """
    k_, n_ = _counts(k, n)
    half = (1.0 - level) / 2.0
    usable = n_ > 0
    inner_low, inner_high = usable & (k_ > 0), usable & (k_ < n_)
    low = np.where(usable, 0.0, np.nan)
    high = np.where(usable, 1.0, np.nan)
    low[inner_low] = _beta_quantile(k_[inner_low], n_[inner_low] - k_[inner_low] + 1, half)
    high[inner_high] = _beta_quantile(k_[inner_high] + 1, n_[inner_high] - k_[inner_high], 1.0 - half)
    return low, high


def _beta_quantile(a: Floats, b: Floats, q: float) -> Floats:
    """Quantile `q` of beta distributions (shape (n,)); each of the distinct pairs is worked out once."""
    from scipy.special import betaincinv

    pairs, back = np.unique(a + 1j * b, return_inverse=True)
    return np.asarray(betaincinv(pairs.real, pairs.imag, q)[back.reshape(a.shape)])


def wilson(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the score interval of a share (Wilson. J Am Stat Assoc 1927;22:209); NaN where n is 0 or unknown.

    Examples
    --------
    >>> low, high = wilson(12, 40)
    >>> round(float(low), 4), round(float(high), 4)
    (0.1807, 0.4543)
    """
    from scipy.special import ndtri

    k_, n_ = _counts(k, n)
    z2 = float(ndtri(0.5 + level / 2.0)) ** 2
    total = np.where(n_ > 0, n_, np.nan)
    share = k_ / total
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = np.sqrt(z2) / (1 + z2 / total) * np.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return np.where(k_ == 0, 0.0 * middle, middle - half), np.where(k_ == n_, 1.0 + 0.0 * middle, middle + half)


def newcombe(k1: ArrayLike, n1: ArrayLike, k2: ArrayLike, n2: ArrayLike, level: float = 0.95) -> Difference:
    """Return k1/n1 - k2/n2 with the hybrid score interval (Newcombe. Stat Med 1998;17:873, method 10).

    NaN where a total is 0.
    """
    (k1_, n1_), (k2_, n2_) = _counts(k1, n1), _counts(k2, n2)
    p1, p2 = k1_ / np.where(n1_ > 0, n1_, np.nan), k2_ / np.where(n2_ > 0, n2_, np.nan)
    (low1, high1), (low2, high2) = wilson(k1_, n1_, level), wilson(k2_, n2_, level)
    difference = p1 - p2
    return Difference(
        difference,
        difference - np.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        difference + np.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
    )


def fisher_exact(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, *, level: float = 0.95, interval: bool = True
) -> FisherResult:
    """Return Fisher's exact test of many tables [[a, b], [c, d]] at once [1]_.

    Parameters
    ----------
    a, b, c, d : broadcastable whole counts
    level : coverage of the conditional interval
    interval : False skips odds ratio and interval (they come back NaN), several times faster

    Returns
    -------
    odds_ratio : conditional maximum likelihood estimate (0 or infinite where a cell is empty), not ad/bc
    ci_low, ci_high : interval from the non-central hypergeometric law, each tail (1 - level) / 2
    p_value : two-sided, the sum of the tables no likelier than the one seen
    All NaN where the table is empty; odds ratio and interval NaN (and p 1) where a margin is 0.

    References
    ----------
    .. [1] Fisher. J R Stat Soc 1935;98:39; Cornfield. Proc 3rd Berkeley Symp 1956;4:135.

    Examples
    --------
    >>> result = fisher_exact(3, 1, 1, 3)
    >>> round(float(result.odds_ratio), 4), round(float(result.p_value), 4)
    (6.4083, 0.4857)
    """
    from oncourse.stats._fisher import fisher_tables

    cells = np.broadcast_arrays(*(np.asarray(cell) for cell in (a, b, c, d)))
    if any(np.any(cell < 0) or np.any(cell != np.floor(cell)) for cell in cells):
        raise ValueError("the cells of a 2x2 table are whole counts, 0 or more")
    shape = cells[0].shape
    a_, b_, c_, d_ = (np.ascontiguousarray(cell, dtype=np.int64).ravel() for cell in cells)
    out = fisher_tables(a_, b_, c_, d_, 1.0 - level, interval)
    return FisherResult(*(row.reshape(shape) for row in out))


def cochran_mantel_haenszel(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, *, correct: bool = True, level: float = 0.95
) -> StratifiedTable:
    """Return the stratified test of tables [[a, b], [c, d]] and the Mantel-Haenszel common odds ratio.

    Parameters
    ----------
    a, b, c, d : shape (strata,), counts; strata of fewer than two patients are left out
    correct : continuity correction of 1/2, as customary

    References
    ----------
    Mantel, Haenszel. J Natl Cancer Inst 1959;22:719; variance of Robins, Breslow, Greenland. Biometrics 1986;42:311.
    """
    from scipy.special import chdtrc, ndtri

    a_, b_, c_, d_ = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (a, b, c, d))
    n = a_ + b_ + c_ + d_
    keep = n >= 2
    a_, b_, c_, d_, n = a_[keep], b_[keep], c_[keep], d_[keep], n[keep]
    row1, row2, column1, column2 = a_ + b_, c_ + d_, a_ + c_, b_ + d_
    variance = float((row1 * row2 * column1 * column2 / (n**2 * (n - 1))).sum())
    gap = abs(float((a_ - row1 * column1 / n).sum()))
    statistic = (gap - min(0.5, gap) * correct) ** 2 / variance if variance > 0 else float("nan")
    r, s = a_ * d_ / n, b_ * c_ / n
    big_r, big_s = float(r.sum()), float(s.sum())
    if big_r > 0 and big_s > 0:
        p, q = (a_ + d_) / n, (b_ + c_) / n
        log_variance = float(
            (p * r).sum() / (2 * big_r**2)
            + (p * s + q * r).sum() / (2 * big_r * big_s)
            + (q * s).sum() / (2 * big_s**2)
        )
        half = float(ndtri(0.5 + level / 2)) * log_variance**0.5
        ratio = big_r / big_s
        low, high = ratio * np.exp(-half), ratio * np.exp(half)
    else:
        ratio, low, high = (big_r / big_s if big_s else float("nan")), float("nan"), float("nan")
    return StratifiedTable(statistic, float(chdtrc(1, statistic)), ratio, float(low), float(high))


def mantel_haenszel_difference(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the common difference of the proportions a / (a + b) and c / (c + d), and its limits; NaN without a
    stratum that has both rows.

    Parameters
    ----------
    a, b, c, d : shape (strata,), counts of [[a, b], [c, d]]

    References
    ----------
    Greenland, Robins. Biometrics 1985;41:55 (estimate); Sato. Biometrics 1989;45:1323 (variance, which holds for few
    large and for many sparse strata; written from memory, its coverage is tested).

    Examples
    --------
    >>> [round(x, 3) for x in mantel_haenszel_difference([30], [70], [10], [90])]
    [0.2, 0.093, 0.307]
    """
    from scipy.special import ndtri

    a_, b_, c_, d_ = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (a, b, c, d))
    one, two = a_ + b_, c_ + d_
    keep = (one > 0) & (two > 0)
    if not keep.any():
        return float("nan"), float("nan"), float("nan")
    a_, b_, c_, d_, one, two = (x[keep] for x in (a_, b_, c_, d_, one, two))
    n, weight = one + two, float((one * two / (one + two)).sum())
    value = float(((a_ * two - c_ * one) / n).sum()) / weight
    p = (one**2 * c_ - two**2 * a_ + one * two * (two - one) / 2) / n**2
    q = (a_ * d_ + c_ * b_) / (2 * n)
    half = float(ndtri(0.5 + level / 2)) * max(0.0, value * float(p.sum()) + float(q.sum())) ** 0.5 / weight
    return value, max(-1.0, value - half), min(1.0, value + half)
