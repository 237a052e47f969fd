"""Is tumour DNA in a plasma sample? A patient's tracked variants together against the background error."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Detection(NamedTuple):
    """Per sample: expected background reads, p-value, reads needed for positivity."""

    background: Floats
    p_value: Floats
    threshold: NDArray[np.int64]


def _null(mean: Floats, spread: Floats) -> Callable[[ArrayLike], Floats]:
    """Return k -> P(at least k background reads): Poisson, or negative binomial with the given extra variance."""
    from scipy.special import betainc, gammainc

    extra = np.maximum(spread, 0.0)
    is_wide = extra > 1e-12 * np.maximum(mean, 1e-300)
    size = np.where(is_wide, mean**2 / np.where(is_wide, extra, 1.0), 1.0)
    share = np.where(size + mean > 0, mean / np.where(size + mean > 0, size + mean, 1.0), 0.0)

    def at_least(k: ArrayLike) -> Floats:
        count = np.asarray(k, float)
        safe = np.maximum(count, 1.0)
        tail = np.where(is_wide, betainc(safe, size, share), gammainc(safe, mean))
        return np.asarray(np.where(count <= 0, 1.0, tail), float)

    return at_least


def positivity(
    alt_total: ArrayLike,
    depth_error: ArrayLike,
    depth_error_square: ArrayLike,
    *,
    alpha: float = 0.01,
    noise_shape: ArrayLike = np.inf,
    uncertainty: ArrayLike = 0.0,
) -> Detection:
    """Test the reads of all tracked variants of each sample against background.

    Parameters
    ----------
    alt_total : shape (n,), variant reads summed over the tracked variants
    depth_error : shape (n,), sum over variants of depth x error rate: the expected background
    depth_error_square : shape (n,), sum over variants of (depth x error rate) squared
    alpha : chance of a false positive per sample
    noise_shape : shape of the gamma spread of error rates between sites; inf: every site errs at the same rate
    uncertainty : variance of the error rate itself relative to its square (`oncourse.evolution.quiet_sites`); 0: known

    Returns
    -------
    background reads expected, P(at least ``alt_total`` background reads), and the least reads that are positive. The
    Poisson tail is above that of the sum of binomials, so that the chance of a false positive is at most ``alpha``.

    Examples
    --------
    16 variants at 5,000 reads and an error of 1e-5: 0.8 reads of background, 4 reads make a sample positive.

    >>> d = positivity([0, 3, 4], [0.8] * 3, [0.04] * 3)
    >>> d.threshold.tolist(), d.p_value.round(4).tolist()
    ([4, 4, 4], [1.0, 0.0474, 0.0091])
    """
    alt = np.asarray(alt_total, float)
    mean = np.broadcast_to(np.asarray(depth_error, float), alt.shape)
    square = np.broadcast_to(np.asarray(depth_error_square, float), alt.shape)
    spread = square / np.asarray(noise_shape, float) + mean**2 * np.asarray(uncertainty, float)
    at_least = _null(mean, np.broadcast_to(spread, alt.shape))
    p_value = at_least(alt)
    return Detection(mean, p_value, _least(at_least, alpha, alt.shape))


def _least(at_least: Callable[[ArrayLike], Floats], alpha: float, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return per sample the least k of 1 or more with P(at least k) <= alpha: by doubling, then by halves."""
    above = np.ones(shape, np.int64)
    while (pending := at_least(above) > alpha).any():
        above[pending] *= 2
    below = above // 2  # 0, or known to be too few
    while (apart := above - below > 1).any():
        middle = (above + below) // 2
        enough = at_least(middle) <= alpha
        above, below = np.where(apart & enough, middle, above), np.where(apart & ~enough, middle, below)
    return above


def single_sites(
    alt_count: ArrayLike, mean: ArrayLike, *, noise_shape: ArrayLike = np.inf, uncertainty: ArrayLike = 0.0
) -> Floats:
    """Return P(at least so many background reads) of each site; mean: depth x error rate.

    One variant far above background shows tumour DNA however many others are tracked beside it.

    >>> single_sites([30, 1], [1.0, 1.0], noise_shape=2.0).round(4).tolist()
    [0.0, 0.5556]
    """
    expected = np.asarray(mean, float)
    spread = expected**2 * (1 / np.asarray(noise_shape, float) + np.asarray(uncertainty, float))
    return _null(expected, np.broadcast_to(spread, expected.shape))(alt_count)


def sensitivity(
    tumour_fraction: ArrayLike, depth_total: ArrayLike, error_rate: ArrayLike, threshold: ArrayLike
) -> Floats:
    """Return the chance that a sample is positive: clonal heterozygous variants of a diploid tumour.

    Reads with a variant are binomial: ``depth_total`` trials at ``(f / 2)(1 - e) + (1 - f / 2) e``, exact where all
    tracked variants have the same allele fraction.

    >>> sensitivity([0.0, 1e-4, 1e-3], 80_000, 1e-5, 4).round(3).tolist()
    [0.009, 0.706, 1.0]
    """
    from scipy.special import betainc

    f, e = np.asarray(tumour_fraction, float) / 2, np.asarray(error_rate, float)
    chance = f * (1 - e) + (1 - f) * e
    k, n = np.asarray(threshold, float), np.asarray(depth_total, float)
    # P(at least k of n) of a binomial is the incomplete beta function at (k, n - k + 1)
    tail = betainc(np.maximum(k, 1e-9), np.maximum(n - k + 1, 1e-9), chance)
    return np.asarray(np.where(k > n, 0.0, np.where(k <= 0, 1.0, tail)), float)


def detection_limit(
    depth_total: ArrayLike, error_rate: ArrayLike, threshold: ArrayLike, *, power: float = 0.95
) -> Floats:
    """Return the least tumour fraction a sample would show with chance `power`; NaN where even 1 would not.

    >>> detection_limit([80_000], [1e-5], [4]).round(5).tolist()
    [0.00017]
    """
    depth, e = np.asarray(depth_total, np.int64), np.asarray(error_rate, float)
    k = np.broadcast_to(np.asarray(threshold), depth.shape)
    low, high = np.zeros(depth.shape), np.ones(depth.shape)
    for _ in range(60):
        middle = (low + high) / 2
        enough = sensitivity(middle, depth, e, k) >= power
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.where(sensitivity(np.ones(depth.shape), depth, e, k) >= power, high, np.nan)


def fraction_interval(
    alt_total: ArrayLike, depth_total: ArrayLike, error_rate: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return mean allele fraction above background with its exact (Clopper-Pearson) interval, at least 0.

    Fewer reads than background give no interval without width: the upper limit is the fraction at which so few reads
    are `level` / 2 as likely as they are from background alone (CLs: Read. J Phys G 2002;28:2693); without
    background that is Clopper-Pearson's.

    >>> [x.round(4).tolist() for x in fraction_interval([50], [10_000], [0.0])]
    [[0.005], [0.0037], [0.0066]]
    >>> [x.round(5).tolist() for x in fraction_interval([0], [5_000], [0.001])]
    [[0.0], [0.0], [0.00074]]
    """
    from scipy.special import betainc, betaincinv

    k, n = np.asarray(alt_total, float), np.asarray(depth_total, float)
    e = np.asarray(error_rate, float)
    n = np.where(n > 0, n, np.nan)
    tail = (1 - level) / 2
    low = np.where(k > 0, betaincinv(np.maximum(k, 1e-9), n - k + 1, tail), 0.0)
    so_few = betainc(np.maximum(n - k, 1e-9), k + 1, 1 - e)  # chance of at most k reads from background
    high = np.where(k < n, 1 - betaincinv(np.maximum(n - k, 1e-9), k + 1, tail * so_few), 1.0)

    def above(v: Floats) -> Floats:
        return np.asarray(np.clip((v - e) / (1 - 2 * e), 0.0, 1.0), float)

    return above(k / n), above(low), above(high)


#: Squared spread of the fractions of tracked variants (relative to their mean) that few variants are shrunk to, and
#: how many variants that assumption weighs; measured to cover (see `spread_interval`).
_PRIOR_SPREAD, _PRIOR_VARIANTS = 0.6, 1.5


def spread_interval(
    alt_count: ArrayLike, depth: ArrayLike, error_rate: ArrayLike, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean allele fraction above background of variants that have fractions of their own, with its interval.

    Parameters
    ----------
    alt_count, depth, error_rate : shape (m,), each tracked variant of a sample

    Notes
    -----
    Tracked variants are a draw from the tumour's: clonal, subclonal, gained. Their spread makes the reads of a
    sample count for less; the exact interval is taken at the effective counts (Rao, Scott. J Am Stat Assoc
    1981;76:221), the spread by moments, shrunk where variants are few. With log-normal fractions of sd .7 it covers
    94-98 % at 4 to 50 variants and 16 to 8,000 reads, where the exact interval of all reads covers 48 % (16
    variants, 200 reads); variants of one fraction: 95-100 % (``benchmarks/bench_stress.py``). One variant tells of
    itself: the exact interval.

    Examples
    --------
    >>> [round(v, 4) for v in spread_interval([50, 50, 50], [10_000] * 3, [0.0] * 3)]
    [0.005, 0.0016, 0.0116]
    """
    x, n, e = (np.asarray(v, float) for v in (alt_count, depth, error_rate))
    m, reads, error = len(x), float(x.sum()), float((n * e).sum())
    theta = max(reads - error, 0.0) / n.sum()
    inflate = 1.0
    if m > 1 and theta > 0:
        mean = theta * n
        weight = float((mean**2).sum())
        found = max(float(((x - mean - n * e) ** 2 - mean - n * e).sum()) * m / (m - 1) / weight, 0.0)
        known = (m - 1) * (1 + 2 / m)
        spread = (found * known + _PRIOR_SPREAD * _PRIOR_VARIANTS) / (m - 1 + _PRIOR_VARIANTS)
        inflate = 1 + _t_ratio(m - 1 + _PRIOR_VARIANTS, level) ** 2 * spread * weight / (reads or 1.0)
    value, low, high = fraction_interval([reads / inflate], [n.sum() / inflate], [error / n.sum()], level)
    return float(value[0]), float(low[0]), float(high[0])


def _t_ratio(df: float, level: float) -> float:
    """Quantile of Student's t over that of the normal distribution."""
    from scipy.special import ndtri, stdtrit

    p = 0.5 + level / 2
    return float(stdtrit(df, p) / ndtri(p))
