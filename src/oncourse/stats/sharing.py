"""Shared fraction of two samples corrected for what neither could show, and discordance beyond noise.

Each variant has a latent level (cell fraction, 0 = not there) in either sample. It enters the data only when
called in at least one. The joint distribution of the two levels is estimated without assuming its shape, by
maximum likelihood of the reads given that the variant entered (EM for a truncated mixture).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Real = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Latent:
    """The latent shared fraction.

    Attributes
    ----------
    share : P(present in both | present in at least one)
    ci_low, ci_high : 95 % limits, jackknife over groups of units (patients), t quantiles on the logit scale; NaN
        where there is one unit only
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
    p_value : one-sided, H0: no excess; NaN with fewer than two units
    expected_each : shape (n,), chance of a one-sided call per variant under identical lesions
    theta : shape (n_level,), distribution of the levels under identical lesions
    """

    observed: float
    expected: float
    excess: float
    ci_low: float
    ci_high: float
    p_value: float
    expected_each: Floats
    theta: Floats


def _doubles(a: Real, b: Real, c: Real, d: Real) -> tuple[Floats, Floats, Floats, Floats]:
    one, two, three, four = (np.ascontiguousarray(x, np.float64) for x in (a, b, c, d))
    return one, two, three, four


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


def _fit(
    like_a: Floats, like_b: Floats, seen_a: Floats, seen_b: Floats, g: NDArray[np.int64], h: NDArray[np.int64],
    start: Floats, n_step: int, n_prior: float,
) -> Floats:  # fmt: skip
    """Run EM with squared extrapolation (Varadhan, Roland 2008) from `start`; `n_prior` variants keep its shape."""
    from oncourse.stats._sharing_kernels import em_step

    weight = np.ones(len(like_a))

    def step(theta: Floats) -> tuple[Floats, float]:
        out = np.empty_like(theta)
        value = em_step(like_a, like_b, seen_a, seen_b, g, h, theta, weight, out)
        out += n_prior * start
        return out / out.sum(), float(value) + n_prior * float(
            (start * np.log(np.maximum(theta, 1e-300))).sum()
        )

    theta, best = start.copy(), -np.inf
    for _ in range(n_step):
        one, value = step(theta)
        two, _ = step(one)
        r, v = one - theta, two - one - (one - theta)
        size = float((v * v).sum())
        if np.abs(r).max() < 1e-6 or size <= 0:
            theta = two
            break
        alpha = min(-np.sqrt(float((r * r).sum()) / size), -1.0)
        jump = np.maximum(theta - 2 * alpha * r + alpha * alpha * v, 1e-12)
        new, reached = step(jump / jump.sum())
        # a jump that loses likelihood is not taken
        theta, best = (new, reached) if reached >= best - 1e-9 and reached >= value else (two, value)
    return theta


def _influence(
    like_a: Floats, like_b: Floats, seen_a: Floats, seen_b: Floats, g: NDArray[np.int64], h: NDArray[np.int64],
    theta: Floats, unit: NDArray[np.int64], n_unit: int,
) -> tuple[NDArray[np.int64], Floats, Floats]:  # fmt: skip
    """Return the classes in use, the inverse information over them, and each unit's score."""
    from oncourse.stats._sharing_kernels import scores

    used = np.flatnonzero(theta > 1e-4).astype(np.int64)
    score, information = np.zeros((n_unit, len(used))), np.zeros((len(used), len(used)))
    scores(
        like_a,
        like_b,
        seen_a,
        seen_b,
        g[used],
        h[used],
        theta[used],
        unit,
        np.ones(len(like_a)),
        score,
        information,
    )
    inverse: Floats = np.asarray(np.linalg.pinv(information, rcond=1e-7, hermitian=True), np.float64)
    return used, inverse, score


def latent_share(
    like_a: Real,
    like_b: Real,
    seen_a: Real,
    seen_b: Real,
    unit: NDArray[np.int64],
    *,
    n_step: int = 150,
    limits: bool = True,
) -> Latent:
    """Estimate the latent shared fraction.

    Parameters
    ----------
    like_a, like_b : shape (n, 1 + n_level), likelihood of the variant's data at level 0 (absent) and each level
    seen_a, seen_b : shape (n, 1 + n_level), chance of a call at each level
    unit : shape (n,), number of the patient, 0..n_unit - 1
    limits : False skips the jackknife, and leaves the limits NaN
    """
    n_level = like_a.shape[1]
    g, h = np.divmod(np.arange(1, n_level * n_level), n_level)
    # start: half shared; of the shared, equal levels are as likely as all unequal ones
    both = (g > 0) & (h > 0)
    start = np.where(
        both, np.where(g == h, 0.25 / (n_level - 1), 0.25 / max((n_level - 1) * (n_level - 2), 1)), 0.0
    )
    start = start + np.where(~both, 0.25 / (n_level - 1), 0.0)
    start = start / start.sum()
    arrays = _doubles(like_a, like_b, seen_a, seen_b)
    theta = _fit(*arrays, g, h, start, n_step, 0.5)
    share = float(theta[both].sum())
    full = np.zeros((n_level, n_level))
    full[g, h] = theta
    n_unit = int(unit.max(initial=-1)) + 1
    seen = 1 - (1 - arrays[2][:, g]) * (1 - arrays[3][:, h])
    in_data = seen @ theta
    missed = float((1 / np.maximum(in_data, 1e-9) - 1).sum())
    low = high = np.nan
    if limits and n_unit > 1:
        low, high = _jackknife(arrays, g, h, both, theta, share, unit, n_step)
    return Latent(share, low, high, full, missed)


#: Groups of patients left out in turn for the limits (all of them where there are fewer).
N_GROUP = 20


def _jackknife(
    arrays: tuple[Floats, Floats, Floats, Floats], g: NDArray[np.int64], h: NDArray[np.int64],
    both: NDArray[np.bool_], theta: Floats,
    share: float, unit: NDArray[np.int64], n_step: int,
) -> tuple[float, float]:  # fmt: skip
    """Return limits of the share from leaving out groups of units in turn, on the logit scale, t quantiles."""
    n_group = min(int(unit.max()) + 1, N_GROUP)
    group = unit % n_group

    def without(k: int) -> float:
        kept = group != k
        a, b, c, d = arrays
        left = _doubles(a[kept], b[kept], c[kept], d[kept])
        return float(_fit(*left, g, h, theta, n_step, 0.5)[both].sum())

    with ThreadPoolExecutor(2) as pool:
        shares = np.array(list(pool.map(without, range(n_group))))
    edge = 1e-4
    logit = np.log(np.clip(shares, edge, 1 - edge) / np.clip(1 - shares, edge, 1 - edge))
    spread = np.sqrt((n_group - 1) / n_group * ((logit - logit.mean()) ** 2).sum())
    middle = min(max(share, edge), 1 - edge)
    return _logit_limits(middle, float(spread) * middle * (1 - middle), n_group - 1)


def _logit_limits(share: float, spread: float, freedom: int) -> tuple[float, float]:
    from scipy.stats import t

    centre, half = np.log(share / (1 - share)), t.ppf(0.975, freedom) * spread / (share * (1 - share))
    return float(1 / (1 + np.exp(-(centre - half)))), float(1 / (1 + np.exp(-(centre + half))))


def excess_discordance(
    like_a: Real, like_b: Real, seen_a: Real, seen_b: Real, called_a: NDArray[np.bool_],
    called_b: NDArray[np.bool_], unit: NDArray[np.int64], *, n_step: int = 60,
) -> Excess:  # fmt: skip
    """Compare one-sided calls with what two identical lesions would show.

    Under H0 every variant has one level in both samples; the distribution of levels is estimated under H0 from the
    same data, and the limits and the test allow for that (influence of each unit on both parts).

    Parameters
    ----------
    as in `latent_share`; called_a, called_b : shape (n,), whether the variant was called
    """
    from scipy.stats import t

    n_level = like_a.shape[1]
    g = np.arange(1, n_level)
    arrays = _doubles(like_a, like_b, seen_a, seen_b)
    start = np.full(len(g), 0.5 / len(g))
    start[-1] += 0.5
    theta = _fit(*arrays, g, g, start, n_step, 0.5)
    a, b = arrays[2][:, 1:], arrays[3][:, 1:]
    one_sided, seen = (a * (1 - b) + b * (1 - a)) @ theta, (1 - (1 - a) * (1 - b)) @ theta
    expected = one_sided / np.maximum(seen, 1e-12)
    observed = (called_a != called_b).astype(float)
    n, n_unit = len(observed), int(unit.max(initial=-1)) + 1
    excess = float((observed - expected).mean()) if n else np.nan
    low = high = p_value = np.nan
    if n_unit > 1:
        used, inverse, score = _influence(*arrays, g, g, theta, unit, n_unit)
        one, all_ = (a * (1 - b) + b * (1 - a))[:, used], (1 - (1 - a) * (1 - b))[:, used]
        slope = ((one - expected[:, None] * all_) / np.maximum(seen, 1e-12)[:, None]).sum(axis=0)
        each = np.bincount(unit, observed - expected, minlength=n_unit) - score @ inverse @ slope
        spread = float(np.sqrt((each**2).sum() * n_unit / (n_unit - 1)) / n)
        half = float(t.ppf(0.975, n_unit - 1)) * spread
        low, high = excess - half, excess + half
        p_value = float(t.sf(excess / spread, n_unit - 1)) if spread > 0 else np.nan
    return Excess(float(observed.mean()) if n else np.nan, float(expected.mean()) if n else np.nan, excess, low, high,
                  p_value, expected, theta)  # fmt: skip
