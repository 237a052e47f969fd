"""Purity, ploidy and allele-specific copies that explain depth, allele balance and mutations of a sample together.

A segment with ``major`` and ``minor`` copies in a share ``purity`` of cells, the rest with two, has the depth
``purity * (major + minor) + 2 * (1 - purity)`` over the mean of the genome, the minor allele's share
``(purity * minor + 1 - purity)`` of those copies [1]_, and mutations on ``m`` of its copies the fraction
``purity * m`` of them. Every purity and ploidy of a grid is tried; each segment takes its best whole copies, at a price
for rare ones, or is told as not whole (subclonal).

References
----------
.. [1] Van Loo P et al. Allele-specific copy number analysis of tumors. PNAS 2010;107:16910-16915.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Purities and mean copies that are tried; most copies of a segment that are told apart.
PURITIES = np.round(np.arange(0.06, 1.001, 0.01), 2)
PLOIDIES = np.round(np.arange(1.3, 5.51, 0.05), 2)
MOST_COPIES = 8
#: (major, minor) of every state.
STATES = np.array([(t - m, m) for t in range(MOST_COPIES + 1) for m in range(t // 2 + 1)])
#: Minor shares at which the allele balance of a segment is evaluated.
SHARES = np.linspace(0.0, 0.5, 101)
#: Chance that a segment is not of whole copies in all tumour cells; that a mutation is in a part of them. Choices.
SUBCLONAL, IN_A_PART = 0.03, 0.3
#: Depth of a segment is not known better than this (waves of GC and capture that remain). A choice.
LEAST_SD = 0.03
#: Two solutions this close in log-likelihood are not told apart; an interval of purity wider than this says nothing.
CLOSE, WIDEST = 3.0, 0.35
#: Below this purity copies are not told apart; the grid begins lower so that such a sample shows.
LEAST_PURITY = 0.1


@dataclass(frozen=True)
class Segments:
    """What a sample shows in the segments of its patient, autosomes only.

    ratio, ratio_sd : shape (n,), depth over the normal's, mean 1 over the genome, and the sd of its log2; NaN not known
    balance : shape (n, len(SHARES)), log-likelihood of the heterozygous places for each minor share, best 0
    size : shape (n,), places (bins) of each segment
    mutations : segment, variant fragments, depth of somatic mutations, shape (m, 3)
    """

    ratio: Floats
    ratio_sd: Floats
    balance: Floats
    size: Floats
    mutations: Ints


@dataclass(frozen=True)
class Fit:
    """Purity and ploidy with their 95 % intervals, copies of each segment (-1: not whole), log-likelihood over the
    best."""

    purity: float
    purity_low: float
    purity_high: float
    ploidy: float
    major: Ints
    minor: Ints
    value: float
    is_certain: bool


def state_price(base: int = 1) -> Floats:
    """Return the log-prior of each state: `base` copies of both alleles, then one gained or lost, then the rest; a
    choice.

    >>> [int(STATES[state_price(base).argmax()].sum()) for base in (1, 2)]
    [2, 4]
    """
    price = -0.9 * np.abs(STATES - base).sum(1)
    price[STATES.sum(1) == 0] -= 2.0
    return np.asarray(price - np.log(np.exp(price).sum()))


#: Log-likelihood by which a doubled genome must explain more; about a third of tumours are doubled, and a doubled
#: genome without odd copies looks like one that was not.
DOUBLED = 3.0


def explain(segments: Segments) -> Floats:
    """Return the log-likelihood of each purity and ploidy: shape (len(PURITIES), len(PLOIDIES))."""
    return np.stack([_values(segments, _fixed(segments, float(p)), float(p), PLOIDIES)[0] for p in PURITIES])


def _fixed(segments: Segments, purity: float) -> tuple[Floats, Floats]:
    """Return what does not depend on the ploidy: allele balance and mutations of each segment in each state, or in
    none."""
    total = STATES.sum(1)
    copies = purity * total + 2 * (1 - purity)
    share = np.where(copies > 1e-9, (purity * STATES[:, 1] + 1 - purity) / np.maximum(copies, 1e-9), 0.5)
    at = np.clip(np.rint(share / 0.5 * (len(SHARES) - 1)).astype(int), 0, len(SHARES) - 1)
    known = segments.balance[:, at]
    free = np.log(np.exp(segments.balance).mean(1)) + np.log(SUBCLONAL)
    per_state, per_free = _mutations(segments.mutations, purity, copies)
    np.add.at(known, segments.mutations[:, 0], per_state)
    np.add.at(free, segments.mutations[:, 0], per_free)
    return known, free


def _mutations(mutations: Ints, purity: float, copies: Floats) -> tuple[Floats, Floats]:
    """Return log-likelihoods of each mutation in each state (any multiplicity, or in a part of the cells), and in
    none."""
    from scipy.special import betainc

    alt, depth = mutations[:, 1].astype(float), mutations[:, 2].astype(float)
    per = np.zeros((len(mutations), len(STATES)))
    # in a part of the cells: any fraction up to one copy in all of them; relative to the flat likelihood over [0, 1]
    for s, (major, _) in enumerate(STATES):
        one = purity / max(copies[s], 1e-9)
        part = betainc(alt + 1, depth - alt + 1, min(one, 1.0)) / np.maximum(one, 1e-9) / (depth + 1)
        whole = np.zeros(len(mutations))
        for m in range(1, major + 1):
            weight = 0.8 if m == 1 else 0.2 / max(1, major - 1)
            whole += weight / (1.0 if major > 1 else 0.8) * _binomial(alt, depth, min(m * one, 0.999))
        per[:, s] = np.log(np.maximum((1 - IN_A_PART) * whole + IN_A_PART * part, 1e-12))
    return per, -np.log(depth + 1)


def _binomial(alt: Floats, depth: Floats, p: float) -> Floats:
    from scipy.special import gammaln

    log = gammaln(depth + 1) - gammaln(alt + 1) - gammaln(depth - alt + 1)
    return np.asarray(np.exp(log + alt * np.log(p) + (depth - alt) * np.log1p(-p)))


def _values(segments: Segments, fixed: tuple[Floats, Floats], purity: float, ploidies: Floats) -> tuple[Floats, Ints]:
    """Return the log-likelihood of one purity with each ploidy, and the state of each segment (-1: none) with each."""
    known, free = fixed
    copies = np.maximum(purity * STATES.sum(1) + 2 * (1 - purity), 0.02)
    expected = np.log2(copies) - np.log2(purity * ploidies + 2 * (1 - purity))[:, None]
    seen, sd = np.log2(np.maximum(segments.ratio, 1e-3)), segments.ratio_sd
    has = np.isfinite(seen) & np.isfinite(sd)
    scale = np.where(has, sd, 1.0)[:, None]
    z = (np.where(has, seen, 0.0)[:, None] - expected[:, None, :]) / scale
    depth = np.where(has[:, None], -0.5 * z**2 - np.log(scale) - 0.92, 0.0)
    none = free - np.where(has, np.log(4.0), 0.0)
    options = [_states(known + depth + state_price(base), none) for base in (1, 2)]
    worth = np.stack([value.sum(1) - DOUBLED * base for base, (value, _) in enumerate(options)])
    state = np.where((worth[1] > worth[0])[:, None], options[1][1], options[0][1])
    # the mean of the copies is the ploidy that the depth was divided by, or the solution contradicts itself
    weight = segments.size * (state >= 0) * has
    total = weight.sum(1)
    mean = (STATES.sum(1)[np.maximum(state, 0)] * weight).sum(1) / np.maximum(total, 1e-9)
    off = np.where(total > 0, mean - ploidies, 0.0) / 0.15
    return worth.max(0) - 0.5 * off**2, state


def _states(score: Floats, none: Floats) -> tuple[Floats, Ints]:
    """Return worth and state of each segment (last axis of `score`: states); -1 where it is better told as not
    whole."""
    best = score.argmax(-1)
    value = np.take_along_axis(score, best[..., None], -1)[..., 0]
    return np.maximum(value, none), np.where(value >= none, best, -1)


def solutions(segments: Segments, surface: Floats, n: int = 5) -> list[Fit]:
    """Return the best solutions, each a top of the surface, from the most to the least likely."""
    tops = [
        (surface[i, j], i, j)
        for i in range(surface.shape[0])
        for j in range(surface.shape[1])
        if surface[i, j] >= surface[max(0, i - 3) : i + 4, max(0, j - 3) : j + 4].max()
    ]
    return [_fit(segments, surface, i, j) for _, i, j in sorted(tops, key=lambda t: (-t[0], t[1], t[2]))[:n]]


def _fit(segments: Segments, surface: Floats, i: int, j: int) -> Fit:
    purity, ploidy = float(PURITIES[i]), float(PLOIDIES[j])
    state = _values(segments, _fixed(segments, purity), purity, PLOIDIES[j : j + 1])[1][0]
    whole = state >= 0
    copies = STATES.sum(1)[np.maximum(state, 0)]
    weight = segments.size * whole
    own = float((copies * weight).sum() / weight.sum()) if weight.sum() else ploidy
    profile = surface.max(1)
    likely = PURITIES[profile >= surface[i, j] - CLOSE]
    low, high = float(likely.min()), float(likely.max())
    is_certain = high - low <= WIDEST and purity > LEAST_PURITY
    return Fit(
        purity,
        low,
        high,
        round(own, 3),
        np.where(whole, STATES[np.maximum(state, 0), 0], -1),
        np.where(whole, STATES[np.maximum(state, 0), 1], -1),
        float(surface[i, j]),
        is_certain,
    )


def fit_together(samples: list[Segments]) -> list[Fit]:
    """Return the solution of each sample of a patient, the most likely together.

    Lesions of a patient share most of their history: of two solutions of one sample, that with the copies of the others
    is the more likely. A solution is not certain where another of other copies is about as likely, the other samples
    given their best with it. The doubled twin of a solution (twice all copies, in half as many cells for each other) is
    not counted as such: nothing but odd copies, which would make it more likely, could tell it.
    """
    options = [solutions(s, explain(s)) for s in samples]
    sizes = [s.size for s in samples]
    chosen = _climb(options, sizes, {})
    best = _worth(options, sizes, chosen)
    out = []
    for k, i in enumerate(chosen):
        fit = options[k][i]
        rivals = (j for j, f in enumerate(options[k]) if abs(f.ploidy - fit.ploidy) > 0.5 and not _is_twin(fit, f))
        is_close = any(_worth(options, sizes, _climb(options, sizes, {k: j}, chosen)) > best - CLOSE for j in rivals)
        out.append(replace(fit, is_certain=fit.is_certain and not is_close))
    return out


def _is_twin(one: Fit, two: Fit) -> bool:
    """Whether the second solution is the first with all copies doubled."""
    share = one.purity / (2 - one.purity)
    return abs(two.ploidy - 2 * one.ploidy) < 0.2 * one.ploidy and abs(two.purity - share) < 0.1


def _climb(
    options: list[list[Fit]], sizes: list[Floats], fixed: dict[int, int], start: list[int] | None = None
) -> list[int]:
    """Return the choice of each sample, changed one sample at a time until none is better."""
    chosen = [fixed.get(k, i) for k, i in enumerate(start or [0] * len(options))]
    for _ in range(10):
        before = list(chosen)
        for k in range(len(options)):
            if k not in fixed:
                tried = [[*chosen[:k], i, *chosen[k + 1 :]] for i in range(len(options[k]))]
                chosen = max(tried, key=lambda c: _worth(options, sizes, c))
        if chosen == before:
            break
    return chosen


def _worth(options: list[list[Fit]], sizes: list[Floats], chosen: list[int]) -> float:
    fits = [options[k][i] for k, i in enumerate(chosen)]
    pairs = sum(_agreement(a, b, sizes[n]) for n, a in enumerate(fits) for b in fits[n + 1 :])
    return sum(f.value for f in fits) + pairs


def _agreement(one: Fit, two: Fit, size: Floats) -> float:
    """Return the log-prior of two samples' copies: half a segment's price for each twentieth of the genome that
    differs."""
    same = (one.major == two.major) & (one.minor == two.minor)
    return -10.0 * float((size * ~same).sum() / max(size.sum(), 1.0))
