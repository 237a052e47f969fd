"""Shared fraction of two samples corrected for what neither could show, and discordance beyond noise.

Each variant has a latent level (cell fraction, 0 = not there) in either sample. It enters the data only when
called in at least one. The joint distribution of the two levels is estimated by maximum likelihood of the reads
given that the variant entered (EM for a truncated mixture), its shape held by a few pseudo-variants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Real = NDArray[np.floating[Any]]

#: Pseudo-variants that hold the shape of each block (shared, in a only, in b only). Without them the levels that
#: the poorer sample cannot show trade places with absence and the estimate is noisy: chosen on simulated pairs.
SHAPE_VARIANTS = 5.0
#: Pseudo-variants of each block's total: keeps it off zero, where nothing could be learned any more.
BLOCK_VARIANTS = 0.25
#: Twice the log-likelihood lost by "all shared" (or "none shared") up to which that limit is in the interval: 95 %
#: point of the even mixture of 0 and chi-squared with one degree of freedom (Self, Liang. JASA 1987;82:605).
BOUNDARY = 2.705543
#: Log-likelihood lost up to which the other limit reaches there: the likelihood is 1/40 of the best. Where all of n
#: variants were seen and shared it is 1/40 of itself at .025^(1/n), the limit of Clopper and Pearson.
FROM_END = float(np.log(40))
#: Up to as many units, each one's score is corrected for its own leverage.
MAX_LEVERAGE = 200
_SHARED, _ONLY_A, _ONLY_B = 0, 1, 2


@dataclass(frozen=True)
class Latent:
    """The latent shared fraction.

    Attributes
    ----------
    share : P(present in both | present in at least one)
    ci_low, ci_high : 95 % limits over units (patients); NaN where there is one unit only
    theta : shape (n_level + 1, n_level + 1), joint distribution of the levels; [0, 0] is 0
    n_missed : expected number of variants that entered in neither sample
    """

    share: float
    ci_low: float
    ci_high: float
    theta: Floats
    n_missed: float


@dataclass(frozen=True)
class Excess:
    """Discordance of two samples against two identical lesions at the same depths and purities.

    Attributes
    ----------
    observed, expected : share of variants called in one sample only, and what noise alone would give
    excess, ci_low, ci_high : their difference with 95 % limits over units
    p_value : one-sided, H0: the lesions are identical; NaN with fewer than two units
    expected_each : shape (n,), chance of a one-sided call per variant were the lesions identical
    theta : shape (n_level,), distribution of the levels of the variants where they are
    log_likelihood : of the reads, each variant shared at one level or in one sample only
    """

    observed: float
    expected: float
    excess: float
    ci_low: float
    ci_high: float
    p_value: float
    expected_each: Floats
    theta: Floats
    log_likelihood: float


@dataclass(frozen=True)
class _Mixture:
    """Variants against classes: chance of the reads, and of entering in neither sample; shapes (n, n_class)."""

    like: Floats
    unseen: Floats

    def expected(self, theta: Floats) -> Floats:
        """Return the expected number of each class, with those that entered in neither sample."""
        given = 1 / np.maximum(self.like @ theta, 1e-300)
        entered = 1 / np.maximum(1 - self.unseen @ theta, 1e-9)
        return np.asarray(theta * (given @ self.like + entered @ self.unseen))

    def log_likelihood(self, theta: Floats) -> float:
        like, seen = self.like @ theta, 1 - self.unseen @ theta
        return float((np.log(np.maximum(like, 1e-300)) - np.log(np.maximum(seen, 1e-9))).sum())

    def responsibilities(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return P(class | reads) and P(class | entered) of each variant."""
        like, seen = self.like @ theta, np.maximum(1 - self.unseen @ theta, 1e-9)
        return self.like * theta / np.maximum(like, 1e-300)[:, None], (1 - self.unseen) * theta / seen[:, None]


@dataclass(frozen=True)
class _Classes:
    """Pairs of levels: level in a and in b (0 = not there), and the block each pair is in."""

    g: NDArray[np.int64]
    h: NDArray[np.int64]

    @property
    def block(self) -> NDArray[np.int64]:
        return np.where((self.g > 0) & (self.h > 0), _SHARED, np.where(self.g > 0, _ONLY_A, _ONLY_B))

    def total(self, theta: Floats) -> Floats:
        return np.asarray(np.bincount(self.block, theta, minlength=3), np.float64)

    def centre(self, theta: Floats) -> Floats:
        """Return the shape each block is held to, summing to 1 per block: the levels of all blocks together.

        Of the shared, half have one level in both samples and half have levels that know nothing of each other.
        """
        n_level = int(max(self.g.max(), self.h.max()))
        level = np.bincount(self.g, theta, n_level + 1) + np.bincount(self.h, theta, n_level + 1)
        level[0] = 0.0
        level = 0.9 * level / level.sum() + 0.1 / n_level
        same = 0.5 * np.where(self.g == self.h, level[self.g], 0.0) + 0.5 * level[self.g] * level[self.h]
        return np.where(self.block == _SHARED, same, level[np.maximum(self.g, self.h)])

    def only(self, keep: NDArray[np.bool_]) -> _Classes:
        return _Classes(self.g[keep], self.h[keep])


def expected_discordance(power_a: ArrayLike, power_b: ArrayLike) -> Floats:
    """Return P(called in one only | called in at least one) of a variant that is in both samples.

    Examples
    --------
    >>> float(expected_discordance(1.0, 0.5)), float(expected_discordance(0.5, 0.5).round(4))
    (0.5, 0.6667)
    """
    a, b = np.asarray(power_a, float), np.asarray(power_b, float)
    seen = 1 - (1 - a) * (1 - b)
    return np.asarray((a * (1 - b) + b * (1 - a)) / np.where(seen > 0, seen, np.nan))


def _settle(step: Callable[[Floats], Floats], theta: Floats, n_step: int) -> Floats:
    """Run EM to its fixed point by squared extrapolation (Varadhan, Roland. Scand J Stat 2008;35:335)."""
    for _ in range(n_step):
        one = step(theta)
        two = step(one)
        change, bend = one - theta, two - one - (one - theta)
        size = float((bend * bend).sum())
        if np.abs(change).max() < 1e-7 or size <= 0:
            return two
        # a bounded jump: EM from there pulls back what it overshoots
        length = min(max(np.sqrt(float((change * change).sum()) / size), 1.0), 8.0)
        jump = np.maximum(theta + 2 * length * change + length * length * bend, 1e-12)
        theta = step(jump / jump.sum())
    return theta


def _fit_pairs(data: _Mixture, classes: _Classes, n_step: int, shared: float | None = None) -> Floats:
    """Return the distribution over pairs of levels; blocks that have no class stay out. `shared`: the share is this."""
    block = classes.block
    has = np.bincount(block, minlength=3) > 0
    totals = np.array([0.5, 0.25, 0.25]) * has

    def step(theta: Floats) -> Floats:
        number = data.expected(theta)
        total = np.bincount(block, number, minlength=3) + BLOCK_VARIANTS * has
        if shared is not None:
            total /= np.where(np.arange(3) == _SHARED, total[_SHARED] / shared, total[1:].sum() / (1 - shared))
        shape = number + SHAPE_VARIANTS * classes.centre(theta)
        shape /= np.bincount(block, shape, minlength=3)[block]
        return np.asarray(shape * (total / total.sum())[block])

    even = np.full(len(block), 1 / len(block))
    return _settle(step, classes.centre(even) * (totals / totals.sum())[block], n_step)


def _mixture(like_a: Real, like_b: Real, seen_a: Real, seen_b: Real, classes: _Classes) -> _Mixture:
    return _Mixture(
        np.asarray(like_a[:, classes.g], np.float64) * like_b[:, classes.h],
        (1 - np.asarray(seen_a[:, classes.g], np.float64)) * (1 - seen_b[:, classes.h]),
    )


def latent_share(
    like_a: Real,
    like_b: Real,
    seen_a: Real,
    seen_b: Real,
    unit: NDArray[np.int64],
    *,
    n_step: int = 400,
    limits: bool = True,
) -> Latent:
    """Estimate the latent shared fraction.

    Limits: Wald on the logit scale with the sandwich variance over units (each unit's score through the inverse
    information of the whole, corrected for its leverage), t quantiles. A limit is 0 or 1 where the data do not
    speak against "none shared" or "all shared" (likelihood ratio); patients who all agree then say nothing of how they
    differ, and the other limit is at least as far as the share at which the likelihood is 1/40 of the best.

    Parameters
    ----------
    like_a, like_b : shape (n, 1 + n_level), likelihood of the variant's data at level 0 (absent) and each level
    seen_a, seen_b : shape (n, 1 + n_level), chance of a call at each level
    unit : shape (n,), number of the patient, 0..n_unit - 1
    limits : False leaves the limits NaN
    """
    n_level = like_a.shape[1]
    classes = _Classes(*np.divmod(np.arange(1, n_level * n_level), n_level))
    data = _mixture(like_a, like_b, seen_a, seen_b, classes)
    theta = _fit_pairs(data, classes, n_step)
    share = float(classes.total(theta)[_SHARED])
    full = np.zeros((n_level, n_level))
    full[classes.g, classes.h] = theta
    missed = float((1 / np.maximum(1 - data.unseen @ theta, 1e-9) - 1).sum())
    n_unit = int(unit.max(initial=-1)) + 1
    low = high = np.nan
    if limits and n_unit > 1:
        low, high = _limits(data, classes, theta, unit, n_unit, n_step)
    return Latent(share, low, high, full, missed)


def _limits(
    data: _Mixture, classes: _Classes, theta: Floats, unit: NDArray[np.int64], n_unit: int, n_step: int
) -> tuple[float, float]:
    """Return the 95 % limits of the shared fraction."""
    from scipy.stats import t

    shared = classes.block == _SHARED
    share = float(theta[shared].sum())
    slope = theta * (shared - share)
    given, entered = data.responsibilities(theta)
    whole = _information(given, entered) + _prior_information(classes, theta)
    whole += np.full_like(whole, len(given) / len(theta) ** 2)  # the scale of theta is free: hold it
    score = _scores(data, theta, unit, n_unit)
    root = _inverse_root(whole)
    each = (score @ root) @ (root @ slope)
    if n_unit <= MAX_LEVERAGE:
        order = np.argsort(unit, kind="stable")
        edges = np.searchsorted(unit[order], np.arange(n_unit + 1))
        for u in range(n_unit):
            rows = order[edges[u] : edges[u + 1]]
            value, turn = np.linalg.eigh(root @ _information(given[rows], entered[rows]) @ root)
            # the observed information of one unit need not be positive: only what it does determine is taken off
            shrink = 1 - np.clip(value, 0.0, 0.5)
            each[u] = (slope @ root @ turn) @ ((turn.T @ root @ score[u]) / shrink)
    spread = _spread(each)
    middle = min(max(share, 1e-9), 1 - 1e-9)
    centre, half = np.log(middle / (1 - middle)), t.ppf(0.975, n_unit - 1) * spread / (middle * (1 - middle))
    low, high = (float(1 / (1 + np.exp(-np.clip(x, -500, 500)))) for x in (centre - half, centre + half))
    reached = data.log_likelihood(theta)
    for keep, end in ((shared, 1.0), (~shared, 0.0)):
        at_end = _log_likelihood_of(data, classes, keep, n_step)
        if 2 * (reached - at_end) < BOUNDARY:
            other = _other_limit(data, classes, share, end, n_step, max(reached, at_end) - FROM_END)
            low, high = (min(low, other), 1.0) if end == 1.0 else (0.0, max(high, other))
    return low, high


def _other_limit(data: _Mixture, classes: _Classes, share: float, end: float, n_step: int, least: float) -> float:
    """Return the share away from `end` (0 or 1) down to which the profile log-likelihood is `least`: by bisection."""
    from scipy.special import expit, logit

    def away(x: float) -> float:
        """The share at the distance expit(x) from the end."""
        return float(expit(x)) if end == 0.0 else float(expit(-x))

    def reached(x: float) -> float:
        return data.log_likelihood(_fit_pairs(data, classes, n_step, away(x)))

    near, far = float(logit(min(max(abs(end - share), 1e-6), 1 - 1e-6))), 14.0
    while far - near > 0.01:
        middle = (near + far) / 2
        near, far = (middle, far) if reached(middle) > least else (near, middle)
    return away(near)


def _log_likelihood_of(data: _Mixture, classes: _Classes, keep: NDArray[np.bool_], n_step: int) -> float:
    """Return the log-likelihood of the best fit with some classes only."""
    part = _Mixture(np.ascontiguousarray(data.like[:, keep]), np.ascontiguousarray(data.unseen[:, keep]))
    return part.log_likelihood(_fit_pairs(part, classes.only(keep), n_step))


def _information(given: Floats, entered: Floats) -> Floats:
    """Return the observed information about log theta: shape (n_class, n_class)."""
    diagonal = np.diag((entered - given).sum(axis=0))
    return np.asarray(given.T @ given - entered.T @ entered + diagonal)


def _prior_information(classes: _Classes, theta: Floats) -> Floats:
    """Return the information of the pseudo-variants about log theta."""
    block, total = classes.block, classes.total(theta)
    out = 3 * BLOCK_VARIANTS * (np.diag(theta) - np.outer(theta, theta))
    for b in range(3):
        part = np.where(block == b, theta / max(total[b], 1e-12), 0.0)
        out += (SHAPE_VARIANTS - BLOCK_VARIANTS) * (np.diag(part) - np.outer(part, part))
    return np.asarray(out)


def _inverse_root(matrix: Floats) -> Floats:
    """Return the inverse square root of a symmetric matrix, directions it does not determine left small."""
    value, turn = np.linalg.eigh(matrix)
    return np.asarray((turn / np.sqrt(np.maximum(value, 1e-9 * value[-1]))) @ turn.T)


def excess_discordance(
    like_a: Real,
    like_b: Real,
    seen_a: Real,
    seen_b: Real,
    called_a: NDArray[np.bool_],
    called_b: NDArray[np.bool_],
    unit: NDArray[np.int64],
    *,
    n_step: int = 200,
) -> Excess:
    """Compare one-sided calls with what two identical lesions would show.

    What noise would do is worked out at the levels that the variants have where they are, private ones included
    (each variant shared at one level, or in one sample only): the levels fitted to identical lesions alone would
    sink until private variants look like unlucky ones. The test is of the fit to identical lesions. Limits and test
    allow for the estimation of the levels (influence of each unit on both parts).

    Parameters
    ----------
    as in `latent_share`; called_a, called_b : shape (n,), whether the variant was called
    """
    from scipy.stats import t

    n_level = like_a.shape[1]
    level = np.arange(1, n_level)
    none = np.zeros(n_level - 1, np.int64)
    classes = _Classes(np.concatenate([level, level, none]), np.concatenate([level, none, level]))
    data = _mixture(like_a, like_b, seen_a, seen_b, classes)
    a, b = np.asarray(seen_a[:, 1:], np.float64), np.asarray(seen_b[:, 1:], np.float64)
    noise = _Noise(a * (1 - b) + b * (1 - a), 1 - (1 - a) * (1 - b), (called_a != called_b).astype(float))
    n_unit = int(unit.max(initial=-1)) + 1
    if not len(a):
        nothing = np.zeros(0)
        return Excess(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, nothing, np.full(n_level - 1, np.nan), 0.0)
    theta = _fit_pairs(data, classes, n_step)
    levels = theta.reshape(3, -1).sum(axis=0)
    expected = noise.expected(levels)
    excess = float((noise.observed - expected).mean())
    low = high = p_value = np.nan
    if n_unit > 1:
        information = _information(*data.responsibilities(theta)) + _prior_information(classes, theta)
        information += np.full_like(information, len(a) / len(theta) ** 2)
        slope = np.tile(noise.slope(levels), 3) * theta
        each = noise.by_unit(levels, unit, n_unit) - _scores(data, theta, unit, n_unit) @ np.linalg.solve(
            information, slope
        )
        half = float(t.ppf(0.975, n_unit - 1)) * _spread(each) / len(a)
        low, high = max(excess - half, -1.0), min(excess + half, 1.0)
        p_value = _identical(data, classes, noise, unit, n_unit, n_step)
    return Excess(
        float(noise.observed.mean()),
        float(expected.mean()),
        excess,
        low,
        high,
        p_value,
        expected,
        levels,
        data.log_likelihood(theta),
    )


@dataclass(frozen=True)
class _Noise:
    """Chance of a one-sided call and of any call by level, (n, n_level), and whether the call was one-sided."""

    one_sided: Floats
    seen: Floats
    observed: Floats

    def expected(self, levels: Floats) -> Floats:
        return np.asarray(self.one_sided @ levels / np.maximum(self.seen @ levels, 1e-12))

    def slope(self, levels: Floats) -> Floats:
        """Return the derivative of the summed expectation by each level's share."""
        gap = self.one_sided - self.expected(levels)[:, None] * self.seen
        return np.asarray((gap / np.maximum(self.seen @ levels, 1e-12)[:, None]).sum(axis=0))

    def by_unit(self, levels: Floats, unit: NDArray[np.int64], n_unit: int) -> Floats:
        return np.asarray(np.bincount(unit, self.observed - self.expected(levels), minlength=n_unit))


def _scores(data: _Mixture, theta: Floats, unit: NDArray[np.int64], n_unit: int) -> Floats:
    """Return each unit's score about log theta."""
    given, entered = data.responsibilities(theta)
    score = np.zeros((n_unit, len(theta)))
    np.add.at(score, unit, given - entered)
    return score


def _spread(each: Floats) -> float:
    """Return the standard error of a sum over units from their influences."""
    n = len(each)
    return float(np.sqrt(((each - each.mean()) ** 2).sum() * n / (n - 1)))


def _identical(
    data: _Mixture, classes: _Classes, noise: _Noise, unit: NDArray[np.int64], n_unit: int, n_step: int
) -> float:
    """Return the one-sided p-value of H0: every variant has one level in both samples."""
    from scipy.stats import t

    keep = classes.block == _SHARED
    part = _Mixture(np.ascontiguousarray(data.like[:, keep]), np.ascontiguousarray(data.unseen[:, keep]))
    start = np.full(int(keep.sum()), 0.5 / keep.sum())
    start[-1] += 0.5

    def step(theta: Floats) -> Floats:
        number = part.expected(theta) + 0.5 * start
        return np.asarray(number / number.sum())

    theta = _settle(step, start, n_step)
    given, entered = part.responsibilities(theta)
    used = theta > 1e-4  # a level that is not there cannot move
    information = _information(given[:, used], entered[:, used])
    slope = (noise.slope(theta) * theta)[used]
    score = _scores(part, theta, unit, n_unit)[:, used]
    residual = noise.by_unit(theta, unit, n_unit)
    each = residual - score @ np.linalg.pinv(information, rcond=1e-7, hermitian=True) @ slope
    spread = _spread(each)
    return float(t.sf(residual.sum() / spread, n_unit - 1)) if spread > 0 else float("nan")
