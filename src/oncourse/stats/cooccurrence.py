"""Co-occurrence and mutual exclusivity of altered genes, given each sample's own burden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Rounding of the tails: a smaller one is given as this.
SMALLEST_P = 1e-15
#: Pairs worked on at once: bounds the memory at this times the number of classes.
CHUNK = 2_000


@dataclass(frozen=True)
class Margins:
    """Chance that a sample of each class is altered in each gene, matched to both margins.

    ``probability`` has shape (n_class, n_gene), NaN where the class was not looked at for the gene;
    ``size`` is the number of samples of each class.
    """

    probability: Floats
    size: Ints


@dataclass(frozen=True)
class Counts:
    """Counts of samples against what burden and gene totals explain, shape (n,) each.

    ``expected``; ``variance`` with the genes' totals held at what was seen; ``p_value``, two-sided: twice the smaller
    tail, not below `SMALLEST_P`.
    """

    expected: Floats
    variance: Floats
    p_value: Floats


def fit_margins(
    total: ArrayLike, size: ArrayLike, burden: ArrayLike, looked: ArrayLike, iterations: int = 200
) -> Margins:
    """Fit ``logit p = class + gene`` so that expected gene totals and sample burdens equal the seen ones [1]_.

    Parameters
    ----------
    total : shape (n_gene,), altered samples per gene
    size : shape (n_class,), samples per class (samples of one class share burden and panel)
    burden : shape (n_class,), altered genes per sample of the class
    looked : shape (n_class, n_gene), whether the class was looked at for the gene

    Returns
    -------
    Margins; the largest mismatch of a margin is below 1e-4 or `iterations` are spent

    References
    ----------
    .. [1] Canisius S, Martens JWM, Wessels LFA. Genome Biol 2016;17:261 (the idea; fitted here by Newton steps
       on the two margins in turn).
    """
    total, size, burden = (np.asarray(v, float) for v in (total, size, burden))
    seen = np.asarray(looked, bool)
    # genes of one total that the same classes were looked at for have one chance: fitted once
    kinds, of_kind, many = _kinds(total, seen)
    seen_kind, total_kind = seen[:, kinds], total[kinds]
    genes_seen = np.maximum(seen.sum(1), 1)
    row = _logit(np.clip(burden / genes_seen, 1e-9, 1 - 1e-9))
    column = np.zeros(len(kinds))
    for _ in range(iterations):
        p = np.where(seen_kind, _expit(row[:, None] + column), 0.0)
        miss = total_kind - size @ p
        column += np.clip(miss / np.maximum(size @ (p * (1 - p)), 1e-12), -1, 1)
        p = np.where(seen_kind, _expit(row[:, None] + column), 0.0)
        short = burden - p @ many
        row += np.clip(short / np.maximum((p * (1 - p)) @ many, 1e-12), -1, 1)
        if max(np.abs(miss).max(initial=0), np.abs(short).max(initial=0)) < 1e-4:
            break
    p = _expit(row[:, None] + column)
    p = np.where((burden == 0)[:, None], 0.0, p)[:, of_kind]
    return Margins(np.where(seen, p, np.nan), np.asarray(size, np.int64))


def _kinds(total: Floats, seen: NDArray[np.bool_]) -> tuple[Ints, Ints, Floats]:
    """Return one gene of each kind, the kind of each gene, and how many genes are of each kind."""
    _, pattern = np.unique(np.packbits(seen, axis=0), axis=1, return_inverse=True)
    keys = np.stack([total.astype(np.int64), pattern.reshape(-1)])
    _, first, of_kind, many = np.unique(keys, axis=1, return_index=True, return_inverse=True, return_counts=True)
    return first.astype(np.int64), of_kind.reshape(-1).astype(np.int64), many.astype(float)


def pair_tests(margins: Margins, first: ArrayLike, second: ArrayLike, observed: ArrayLike) -> Counts:
    """Test the number of samples altered in both genes of each pair, given gene totals and sample burdens.

    With ``p``, ``q`` the chances of the two genes in a sample: that both are altered given the sample's number of
    altered genes has chance ``p q (1 - (1 - p)(1 - q) / d)``, d = sum of p (1 - p) over its genes (Hajek's joint chance
    [2]_, exact where all genes are alike). The count of such samples is Poisson-binomial. Given the two totals it
    varies less: what the totals explain is projected out, ``both - alpha x - beta y`` with the least-squares alpha and
    beta (in samples that are alike: the hypergeometric variance), and the normal deviate of the Poisson-binomial tail
    grows by the ratio of the two standard deviations.

    Parameters
    ----------
    first, second : shape (n_pair,), columns of the two genes
    observed : shape (n_pair,), samples altered in both

    References
    ----------
    .. [1] Canisius S, Martens JWM, Wessels LFA. Genome Biol 2016;17:261 (the chances).
    .. [2] Hajek J. Ann Math Stat 1964;35:1491-1523.
    """
    chance, crowd = _chances(margins)
    a, b, seen = (np.asarray(v, np.int64) for v in (first, second, observed))
    parts = []
    for at in _chunks(len(a)):
        p, q = chance[a[at]], chance[b[at]]
        both = p * q * np.clip(1 - (1 - p) * (1 - q) * crowd, 0, 1)
        parts.append(_tested(both, margins.size, _given_totals(p, q, margins.size), seen[at]))
    return _joined(parts)


def cover_tests(margins: Margins, groups: list[list[int]], observed: ArrayLike) -> Counts:
    """Test the number of samples altered in at least one gene of each group, as `pair_tests` does for pairs.

    More samples covered than expected: the genes of the group exclude each other; fewer: they occur together.

    Parameters
    ----------
    groups : columns of the genes of each group
    observed : shape (n_group,), samples altered in at least one of them
    """
    chance, crowd = _chances(margins)
    parts = []
    for genes, seen in zip(groups, np.asarray(observed, np.int64), strict=True):
        p = chance[genes]
        total, free, u = p.sum(0), np.prod(1 - p, axis=0), p * (1 - p)
        covered = 1 - free * np.exp(-(total * total - (p * p).sum(0)) / 2 * crowd)
        alpha = (p * free) @ margins.size / np.maximum(u @ margins.size, 1e-300)
        left = (free * (1 - free)) @ margins.size - (alpha * alpha * (u @ margins.size)).sum()
        parts.append(_tested(covered[None], margins.size, np.array([left]), np.array([seen])))
    return _joined(parts)


def _chances(margins: Margins) -> tuple[Floats, Floats]:
    """Return (gene, class) chances, 0 where not looked at; and 1 / d of each class, as in `pair_tests`."""
    chance = np.ascontiguousarray(np.nan_to_num(margins.probability).T)
    genes = (~np.isnan(margins.probability)).sum(1)
    d = (chance * (1 - chance)).sum(0) * (genes - 1) / np.maximum(genes, 1)
    return chance, np.where(d > 0, 1 / np.maximum(d, 1e-12), 0.0)


def _given_totals(p: Floats, q: Floats, size: Ints) -> Floats:
    """Variance of the samples altered in both, given both totals; p, q of shape (n_pair, n_class)."""
    u, v = p * (1 - p), q * (1 - q)
    alpha = ((u * q) @ size / np.maximum(u @ size, 1e-300))[:, None]
    beta = ((v * p) @ size / np.maximum(v @ size, 1e-300))[:, None]
    looked = (p > 0) & (q > 0)  # a sample looked at for one gene only takes no part
    c, d = np.where(looked, q - alpha, 0.0), np.where(looked, p - beta, 0.0)
    variance: Floats = (u * v * looked + c * c * u + d * d * v) @ size
    return variance


def _tested(chance: Floats, size: Ints, variance: Floats, observed: Ints) -> Counts:
    """Tails of the sums of trials of these chances (n, n_class), narrowed to this variance."""
    from scipy.special import ndtr, ndtri

    mean, spread = _moments(chance, size)
    variance = np.clip(variance, 1e-12, np.maximum(spread, 1e-12))
    tail = poisson_binomial_tail(chance, size, observed)
    deviate = ndtri(np.clip(tail, 1e-300, 1 - 1e-16)) * np.sqrt(np.maximum(spread, 1e-12) / variance)
    return Counts(mean, variance, np.clip(2 * ndtr(deviate), SMALLEST_P, 1.0))


def poisson_binomial_tail(chance: Floats, size: Ints, observed: Ints) -> Floats:
    """Return the tail at `observed` that points away from the mean: P(>= observed) above it, P(<= observed) below.

    Exact for none and for at least one; else the saddlepoint approximation of Lugannani and Rice with Daniels'
    continuity correction [1]_: relative error below 10 %, below 0.5 % where many small chances add up to 2 and more.

    Parameters
    ----------
    chance : shape (n, n_class); size : shape (n_class,); observed : shape (n,)

    References
    ----------
    .. [1] Daniels HE. Int Stat Rev 1987;55:37-48.
    """
    mean, _ = _moments(chance, size)
    above = observed > mean
    with np.errstate(divide="ignore"):
        none = np.exp(np.log1p(-np.minimum(chance, 1 - 1e-16)) @ size)
    most = (chance > 0) @ size
    tail = np.where(above, 1 - none, none)
    rest = np.flatnonzero((observed > 1) | ((observed == 1) & ~above))
    if len(rest):
        at = np.clip(observed[rest] + np.where(above[rest], -0.5, 0.5), 0.0, most[rest] - 0.25).astype(float)
        tail[rest] = _saddlepoint(chance[rest], size, at, above[rest])
    return np.clip(tail, 0.0, 1.0)


def _moments(chance: Floats, size: Ints) -> tuple[Floats, Floats]:
    """Mean and variance of each row's sum."""
    mean = chance @ size
    return mean, mean - (chance * chance) @ size


def _saddlepoint(chance: Floats, size: Ints, at: Floats, above: NDArray[np.bool_]) -> Floats:
    """P(sum > at) where `above`, else P(sum < at); `at` lies between two whole numbers. Newton on the tilt."""
    from scipy.special import ndtr

    tilt = np.zeros(len(at))
    for _ in range(60):
        weight = np.exp(tilt)[:, None] * chance
        mean, spread = _moments(weight / (1 - chance + weight), size)
        step = np.clip((at - mean) / np.maximum(spread, 1e-300), -1, 1)
        tilt += step
        if np.abs(step).max() < 1e-6:
            break
    log_mean = np.log1p(chance * np.expm1(tilt)[:, None]) @ size
    root = np.sign(tilt) * np.sqrt(np.maximum(2 * (tilt * at - log_mean), 0.0))
    lattice = 2 * np.sinh(tilt / 2) * np.sqrt(spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.exp(-root * root / 2) / np.sqrt(2 * np.pi) * (1 / lattice - 1 / root)
    sign = np.where(above, 1.0, -1.0)
    tail = ndtr(-sign * root) + sign * bend
    # at the mean both terms of the bend grow without bound and cancel: half
    return np.where((np.abs(root) < 1e-3) | ~np.isfinite(tail), 0.5, tail)


def pair_power(
    margins: Margins, null: Counts, first: ArrayLike, second: ArrayLike, odds: float, alpha: float = 0.05
) -> tuple[Floats, Floats]:
    """Return the chance to find, at two-sided `alpha`, an exclusivity and a co-occurrence of this strength.

    `odds` is the odds ratio of the two genes within each class (its inverse for exclusivity), which gives Plackett's
    joint chance [1]_; the variance changes as that of a fourfold table with these totals. Counts are taken as moved
    binomial.

    Returns
    -------
    power_exclusivity, power_co_occurrence: shape (n_pair,), fraction; 0 where no count could reach `alpha`

    References
    ----------
    .. [1] Plackett RL. J Am Stat Assoc 1965;60:516.
    """
    chance, _ = _chances(margins)
    a, b = np.asarray(first, np.int64), np.asarray(second, np.int64)
    few, many = _critical(null.expected, null.variance, alpha / 2)
    moved = []
    for strength in (1 / odds, odds):
        mean, spread = np.zeros(len(a)), np.zeros(len(a))
        for at in _chunks(len(a)):
            p, q = chance[a[at]], chance[b[at]]
            alone, joint = p * q, _plackett(p, q, strength)
            mean[at] = null.expected[at] * (joint @ margins.size) / np.maximum(alone @ margins.size, 1e-12)
            spread[at] = _fourfold(joint, p, q, margins.size) / _fourfold(alone, p, q, margins.size)
        moved.append((mean, null.variance * spread))
    apart = np.where(few < 0, 0.0, _at_most(*moved[0], np.maximum(few, 0)))
    return apart, _at_least(*moved[1], many)


def _moved(mean: Floats, variance: Floats, observed: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Chance and trials of the moved binomial of these moments, and the count within it; trials and move are any real
    numbers."""
    mean, spread = np.maximum(mean, 1e-12), np.maximum(variance, 1e-12)
    p = np.clip(1 - spread / mean, 1e-9, 0.5)
    trials = spread / (p * (1 - p))
    return p, trials, np.asarray(observed, float) - (mean - trials * p)


def _at_least(mean: Floats, variance: Floats, observed: Ints) -> Floats:
    """P(>= observed) of the moved binomial."""
    from scipy.special import betainc

    p, trials, k = _moved(mean, variance, observed)
    inside = np.clip(k, -1 + 1e-9, trials)
    tail = np.where(k <= 0, 1.0, betainc(np.maximum(inside, 1e-9), np.maximum(trials - inside + 1, 1e-9), p))
    return np.where(k > trials + 1, 0.0, tail)


def _at_most(mean: Floats, variance: Floats, observed: Ints) -> Floats:
    """P(<= observed) of the moved binomial."""
    from scipy.special import betainc

    p, trials, k = _moved(mean, variance, observed)
    inside = np.clip(k, -1 + 1e-9, trials)
    tail = betainc(np.maximum(trials - inside, 1e-9), inside + 1, 1 - p)
    return np.where(k <= -1, 0.0, np.where(k >= trials, 1.0, tail))


def _critical(mean: Floats, variance: Floats, level: float) -> tuple[Ints, Ints]:
    """Return the largest count with P(<= count) <= level (-1: none), the smallest with P(>= count) <= level."""
    far = np.ceil(mean + 12 * np.sqrt(variance) + 20).astype(np.int64)
    few = _bisect(far, lambda k: _at_most(mean, variance, k) > level) - 1
    return few, _bisect(far, lambda k: _at_least(mean, variance, k) <= level)


def _fourfold(both: Floats, p: Floats, q: Floats, size: Ints) -> Floats:
    """Variance of the corner of a fourfold table with these expected counts: 1 / sum of 1 / count."""
    looked = (p > 0) & (q > 0)
    cells = (both, p - both, q - both, 1 - p - q + both)
    inverse = np.sum([1 / np.maximum((cell * looked) @ size, 1e-9) for cell in cells], axis=0)
    return np.asarray(1 / inverse, float)


def _bisect(far: Ints, holds: Callable[[Ints], NDArray[np.bool_]]) -> Ints:
    """Smallest count of 0 .. far at which `holds`, which is false before it and true after it."""
    low, high = np.zeros_like(far), far.copy()
    while (low < high).any():
        middle = (low + high) // 2
        true = holds(middle)
        high, low = np.where(true, middle, high), np.where(true, low, np.minimum(middle + 1, high))
    return low


def _plackett(p: Floats, q: Floats, odds: float) -> Floats:
    """Chance of both where each has its own chance and their odds ratio is `odds`."""
    s = 1 + (p + q) * (odds - 1)
    joint: Floats = (s - np.sqrt(s * s - 4 * odds * (odds - 1) * p * q)) / (2 * (odds - 1))
    return joint


def _chunks(n: int) -> list[slice]:
    return [slice(i, min(n, i + CHUNK)) for i in range(0, n, CHUNK)]


def _joined(parts: list[Counts]) -> Counts:
    columns = ([getattr(part, name) for part in parts] for name in ("expected", "variance", "p_value"))
    return Counts(*(np.concatenate([np.zeros(0), *column]) for column in columns))


def _expit(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -50, 50)))


def _logit(p: Floats) -> Floats:
    return np.log(p) - np.log1p(-p)
