"""How mixed a sample is and how far two samples are apart, at a common depth, with intervals over variants.

Every measure moves with depth: more reads find more small subclones. Reads are therefore thinned at random to one
depth first, and values are means over thinned data; intervals come from drawing variants again with each thinning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MIN_ALT = 3
"""Reads (after thinning) for a variant to count as seen."""
NEUTRAL_LOW, NEUTRAL_HIGH = 0.12, 0.24
"""Range of the allele fraction of the 1/f test (Williams 2016, Nat Genet 48:238), at purity 1."""
NEUTRAL_R2 = 0.98
"""R2 from which Williams 2016 calls a tail neutral."""


@dataclass(frozen=True)
class VariantInterval:
    """A value with its 95 % interval and the variants it rests on; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    n: int


NOTHING = VariantInterval(float("nan"), float("nan"), float("nan"), 0)


def thin(
    alt: IntArray, depth: IntArray, target: int, n_draw: int, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return (n_draw, n) variant reads and (n,) depth after drawing at most `target` reads without replacement."""
    kept = np.minimum(depth, target)
    drawn = random.hypergeometric(alt, depth - alt, kept, size=(n_draw, len(alt)))
    return np.asarray(drawn, np.int64), kept


def math_score(vaf: FloatArray, seen: NDArray[np.bool_] | None = None) -> FloatArray:
    """Return MATH, 100 x 1.4826 x median absolute deviation / median of the allele fractions [1]_; NaN without any.

    Along the last axis, of the variants that are `seen` (None: all).

    References
    ----------
    .. [1] Mroz, Rocco. Oral Oncol 2013;49:211.

    Examples
    --------
    >>> round(float(math_score(np.array([0.1, 0.2, 0.3, 0.4, 0.5]))), 2)
    49.42
    """
    values = vaf if seen is None else np.where(seen, vaf, np.inf)
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)[()]
    with np.errstate(invalid="ignore"):
        middle = _median_of_finite(values)
        return 100 * 1.4826 * _median_of_finite(np.abs(values - middle[..., None])) / middle


def _median_of_finite(values: FloatArray) -> FloatArray:
    """The median along the last axis of what is not infinite; infinite or NaN where nothing is finite."""
    ordered = np.sort(values, axis=-1)
    n = np.maximum(np.isfinite(ordered).sum(axis=-1, keepdims=True), 1)
    low, high = (np.take_along_axis(ordered, k, axis=-1) for k in ((n - 1) // 2, n // 2))
    return np.asarray((low + high)[..., 0] / 2)


def nei_parts(p: FloatArray, q: FloatArray) -> tuple[FloatArray, ...]:
    """Return what each variant adds to the three sums of `nei_of_sums`."""
    return p * q + (1 - p) * (1 - q), p**2 + (1 - p) ** 2, q**2 + (1 - q) ** 2


def nei_of_sums(both: FloatArray, own_p: FloatArray, own_q: FloatArray) -> FloatArray:
    """Return Nei's distance from the sums over variants of `nei_parts`; NaN without variants."""
    with np.errstate(invalid="ignore"):
        return np.asarray(-np.log(both / np.sqrt(own_p * own_q)))[()]


def nei_distance(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return Nei's standard genetic distance of two samples' allele frequencies [1]_; NaN without variants.

    Along the last axis.

    References
    ----------
    .. [1] Nei. Am Nat 1972;106:283.

    Examples
    --------
    >>> p = np.array([0.5, 0.25])
    >>> float(abs(nei_distance(p, p).round(6))), bool(nei_distance(p, np.array([0.0, 0.25])) > 0)
    (0.0, True)
    """
    return nei_of_sums(*(part.sum(axis=-1) for part in nei_parts(p, q)))


def fst_parts(p: FloatArray, q: FloatArray, n: FloatArray, m: FloatArray) -> tuple[FloatArray, ...]:
    """Return what each variant adds to the two sums of `fst_of_sums`."""
    return (p - q) ** 2 - p * (1 - p) / (n - 1) - q * (1 - q) / (m - 1), p * (1 - q) + q * (1 - p)


def fst_of_sums(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return Hudson's Fst from the sums over variants of `fst_parts`; NaN where nothing varies."""
    return np.asarray(above / np.where(below > 0, below, np.nan))[()]


def hudson_fst(p: FloatArray, q: FloatArray, n: FloatArray, m: FloatArray) -> FloatArray:
    """Return Hudson's Fst as a ratio of sums, corrected for the number of reads [1]_; NaN where nothing varies.

    Along the last axis.

    Parameters
    ----------
    p, q : allele frequency in the two samples; n, m : reads behind them (2 or more)

    References
    ----------
    .. [1] Bhatia et al. Genome Res 2013;23:1514, equation 10.

    Examples
    --------
    >>> round(float(hudson_fst(np.array([0.5]), np.array([0.0]), np.array([1e9]), np.array([1e9]))), 3)
    0.5
    """
    return fst_of_sums(*(part.sum(axis=-1) for part in fst_parts(p, q, n, m)))


def jaccard_parts(clonal: FloatArray, present: FloatArray) -> tuple[FloatArray, ...]:
    """Return what each variant adds to the two sums of `jaccard_of_sums`: subclonal in both, private and clonal."""
    subclonal = np.maximum(present - clonal, 0)
    private = clonal[..., 0] * (1 - present[..., 1]) + clonal[..., 1] * (1 - present[..., 0])
    return subclonal[..., 0] * subclonal[..., 1], private


def jaccard_of_sums(shared: FloatArray, private: FloatArray) -> FloatArray:
    """Return the JSI from the sums over variants of `jaccard_parts`; NaN where they are below 0.5 together."""
    return np.asarray(shared / np.where(shared + private >= 0.5, shared + private, np.nan))[()]


def jaccard_similarity(clonal: FloatArray, present: FloatArray) -> FloatArray:
    """Return the JSI of two samples: shared subclonal over shared subclonal + private clonal variants [1]_.

    Parameters
    ----------
    clonal, present : shape (..., n, 2), probability that the variant is clonal / there at all in each sample

    Returns
    -------
    0-1, high where subclones are shared (polyclonal seeding); NaN where the expected count of both kinds is below 0.5

    References
    ----------
    .. [1] Hu et al. Nat Genet 2020;52:701.

    Examples
    --------
    >>> clonal = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    >>> present = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> round(float(jaccard_similarity(clonal, present)), 3)
    0.667
    """
    return jaccard_of_sums(*(part.sum(axis=-1) for part in jaccard_parts(clonal, present)))


def shannon(fraction: FloatArray) -> FloatArray:
    """Return Shannon's index, in nats, of clone fractions along the last axis (normalised to sum 1).

    Examples
    --------
    >>> round(float(shannon(np.array([0.5, 0.5, 0.0]))), 4)
    0.6931
    """
    p = fraction / np.maximum(fraction.sum(axis=-1, keepdims=True), 1e-300)
    return np.asarray(-(p * np.log(np.maximum(p, 1e-300))).sum(axis=-1))


def simpson(fraction: FloatArray) -> FloatArray:
    """Return Simpson's index: the chance that two cells are of different clones.

    Examples
    --------
    >>> float(simpson(np.array([0.5, 0.5])))
    0.5
    """
    p = fraction / np.maximum(fraction.sum(axis=-1, keepdims=True), 1e-300)
    return np.asarray(1 - (p**2).sum(axis=-1))


def neutral_r2(vaf: FloatArray) -> FloatArray:
    """Return R2 of the cumulative count of variants against 1/f - 1/f_max between 0.12 and 0.24 [1]_.

    `vaf` at purity 1 (CCF / 2), along the last axis. NaN with fewer than 5 variants in the range.

    References
    ----------
    .. [1] Williams et al. Nat Genet 2016;48:238.
    """
    inside = (vaf >= NEUTRAL_LOW) & (vaf <= NEUTRAL_HIGH)
    n = inside.sum(axis=-1)
    # the tail from its largest fraction down, padded with zeros
    tail = -np.sort(np.where(inside, -vaf, 0.0), axis=-1)[..., : int(n.max(initial=0))]
    rank = np.arange(1.0, tail.shape[-1] + 1)
    is_tail = rank <= n[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(is_tail, 1 / tail - 1 / NEUTRAL_HIGH, 0.0)
        y = np.where(is_tail, rank, 0.0)
        slope = (x * y).sum(axis=-1) / np.maximum((x * x).sum(axis=-1), 1e-300)
        unexplained = ((y - slope[..., None] * x) ** 2).sum(axis=-1)
        spread = np.where(is_tail, y - y.sum(axis=-1, keepdims=True) / n[..., None], 0.0)
        return np.where(n < 5, np.nan, 1 - unexplained / (spread**2).sum(axis=-1))[()]


def neutral_power(n_tail: int, n_draw: int, random: np.random.Generator) -> float:
    """Return the chance that a neutral tail with this many variants reaches R2 >= 0.98; NaN below 5."""
    if n_tail < 5:
        return float("nan")
    # density 1/f^2: 1/f is uniform
    inverse = random.uniform(1 / NEUTRAL_HIGH, 1 / NEUTRAL_LOW, size=(n_draw, n_tail))
    return float(np.mean(neutral_r2(1 / inverse) >= NEUTRAL_R2))


#: Cells of thinnings x variants that are measured at once: bounds the memory.
_CELLS = 2_000_000


def over_variants(
    statistic: Callable[[IntArray, IntArray], FloatArray], n: int, n_draw: int, random: np.random.Generator
) -> VariantInterval:
    """Return the mean of a statistic over thinnings and its percentile interval over redrawn variants.

    Parameters
    ----------
    statistic : (thinnings, variant indices), shapes (b, 1) and (b, n), -> values, shape (b,)
    """
    everything = np.arange(n)
    blocks = [block[:, None] for block in _blocks(n, n_draw)]
    values = np.concatenate([statistic(b, np.broadcast_to(everything, (len(b), n))) for b in blocks])
    again = np.concatenate([statistic(b, random.integers(0, n, (len(b), n))) for b in blocks])
    return _interval(values, again, n, n_draw)


def over_sums(
    parts: tuple[FloatArray, ...], of_sums: Callable[..., FloatArray], n_draw: int, random: np.random.Generator
) -> VariantInterval:
    """Return what `over_variants` does of a statistic of sums over variants: it needs no variant twice.

    Parameters
    ----------
    parts : shape (n_draw, n), or (n,) where thinning changes nothing: what each variant adds to each sum
    of_sums : the sums, shape (b,) each, -> values, shape (b,)
    """
    n = parts[0].shape[-1]
    values, again = [], []
    for block in _blocks(n, n_draw):
        drawn = random.integers(0, n, (len(block), n)) + n * np.arange(len(block))[:, None]
        times = np.bincount(drawn.ravel(), minlength=len(block) * n).reshape(len(block), n).astype(float)
        here = [part[block] if part.ndim == 2 else np.broadcast_to(part, times.shape) for part in parts]
        values.append(of_sums(*(part.sum(axis=1) for part in here)))
        again.append(of_sums(*(np.einsum("bn,bn->b", times, part) for part in here)))
    return _interval(np.concatenate(values), np.concatenate(again), n, n_draw)


def _blocks(n: int, n_draw: int) -> list[IntArray]:
    """Thinnings that are measured at once."""
    step = max(1, _CELLS // max(n, 1))
    return [np.arange(i, min(i + step, n_draw)) for i in range(0, n_draw, step)]


def _interval(values: FloatArray, again: FloatArray, n: int, n_draw: int) -> VariantInterval:
    values, again = values[np.isfinite(values)], again[np.isfinite(again)]
    if len(values) < n_draw / 2 or len(again) < n_draw / 2:
        return NOTHING
    low, high = np.quantile(again, [0.025, 0.975])
    value = float(values.mean())
    return VariantInterval(value, float(min(low, value)), float(max(high, value)), n)
