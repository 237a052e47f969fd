"""The likelihood of purity and ploidy, beside the plain definition at the head of `reads.copy_fit`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oncourse.reads.copy_fit import (
    DOUBLED,
    IN_A_PART,
    PLOIDIES,
    PURITIES,
    SHARES,
    STATES,
    SUBCLONAL,
    Fit,
    Segments,
    _agreement,
    _is_twin,
    explain,
    solutions,
    state_price,
)

#: Four segments: two with depth and balance, one whose depth is not known, one that no whole copies explain.
RATIO = np.array([1.0, 1.45, np.nan, 0.75])
RATIO_SD = np.array([0.05, 0.08, 0.05, 0.03])
SIZE = np.array([40.0, 25.0, 10.0, 5.0])
#: segment, variant fragments, depth
MUTATIONS = np.array([[0, 20, 80], [1, 45, 100], [1, 3, 90], [2, 0, 50]])


def _segments():
    """Heterozygous places whose minor shares are best at 0.5, 0.3, 0.4 and 0.1."""
    balance = np.stack([-40.0 * (SHARES - at) ** 2 for at in (0.5, 0.3, 0.4, 0.1)])
    return Segments(RATIO, RATIO_SD, balance, SIZE, MUTATIONS)


def _pmf(alt, depth, p):
    """Binomial chance of these counts."""
    return math.comb(depth, alt) * np.power(p, alt) * np.power(1 - p, depth - alt)


def _of_mutation(alt, depth, purity, major, copies):
    """Whole copies: 0.8 on one of them, the rest on any other; or in a part of the cells, at any fraction up to one
    copy in all of them. Counts of a fraction that is not known are all as likely: 1 / (depth + 1)."""
    one = purity / max(copies, 1e-9)
    weights = [1.0] if major == 1 else [0.8, *[0.2 / (major - 1)] * (major - 1)]
    on = sum(w * _pmf(alt, depth, min(m * one, 0.999)) for m, w in enumerate(weights[:major], 1))
    at = np.linspace(0, min(one, 1.0), 4001)
    part = np.trapezoid(_pmf(alt, depth, at), at) / one
    return math.log(max((1 - IN_A_PART) * on + IN_A_PART * part, 1e-12))


def _by_definition(segments, purity, ploidy):
    """The better of a genome that was doubled and one that was not, its mean copies held against the ploidy."""
    found = []
    for base in (1, 2):
        value, copies, size = -DOUBLED * (base - 1), 0.0, 0.0
        for n in range(len(SIZE)):
            mine = [(alt, depth) for at, alt, depth in MUTATIONS if at == n]
            has = math.isfinite(segments.ratio[n])
            best = -math.inf
            for (major, minor), price in zip(STATES, state_price(base), strict=True):
                total = purity * (major + minor) + 2 * (1 - purity)
                share = (purity * minor + 1 - purity) / total if total > 1e-9 else 0.5
                score = price + segments.balance[n, round(share / 0.5 * 100)]
                score += sum(_of_mutation(alt, depth, purity, major, total) for alt, depth in mine)
                if has:
                    expected = math.log2(max(total, 0.02) / (purity * ploidy + 2 * (1 - purity)))
                    score += -0.5 * ((math.log2(segments.ratio[n]) - expected) / segments.ratio_sd[n]) ** 2
                    score -= math.log(segments.ratio_sd[n]) + math.log(2 * math.pi) / 2
                if score > best:
                    best, whole = score, major + minor
            none = math.log(np.exp(segments.balance[n]).mean()) + math.log(SUBCLONAL)
            none += sum(-math.log(depth + 1) for _, depth in mine) - has * math.log(4)
            value += max(best, none)
            if best >= none and has:
                copies, size = copies + whole * SIZE[n], size + SIZE[n]
        found.append((value, copies / size - ploidy if size else 0.0))
    value, off = max(found)
    return value - 0.5 * (off / 0.15) ** 2


def test_the_surface_is_the_definition():
    """Purities 0.2, 0.6 and 0.9, ploidies 2 to 3.8; the density of a normal is written with 0.92 for log(2 pi) / 2."""
    surface = explain(_segments())
    assert surface.shape == (len(PURITIES), len(PLOIDIES))
    for i, j in ((14, 14), (54, 16), (54, 40), (84, 50)):
        assert surface[i, j] == pytest.approx(_by_definition(_segments(), PURITIES[i], PLOIDIES[j]), abs=0.01)


def test_solutions_are_the_tops_of_the_surface_best_first():
    """Two tops four steps apart in purity are two solutions; of one within three steps of a higher one there is none."""
    surface = np.full((len(PURITIES), len(PLOIDIES)), -100.0) - np.arange(len(PLOIDIES)) * 0.01
    surface[:, 0] -= 1.0 + np.arange(len(PURITIES))
    surface[20, 30], surface[24, 30], surface[27, 30] = -5.0, -4.0, -4.5
    found = [(f.purity, f.value) for f in solutions(_segments(), surface, 2)]
    assert found == [(0.3, -4.0), (0.26, -5.0)]


def _fitted(major, minor, purity=0.8, ploidy=2.0):
    return Fit(purity, 0.7, 0.9, ploidy, np.array(major), np.array(minor), 0.0, True)


def test_half_a_price_for_each_twentieth_of_the_genome_that_differs():
    """10 of 40 places differ: five twentieths; -1 (not whole) in both is the same."""
    one, two = _fitted([1, 2, -1], [1, 1, -1]), _fitted([1, 3, -1], [1, 1, -1])
    assert _agreement(one, two, np.array([20.0, 10.0, 10.0])) == -2.5
    assert _agreement(one, one, np.array([20.0, 10.0, 10.0])) == 0.0


def test_a_doubled_twin_has_twice_the_copies_in_the_purity_of_the_same_depths():
    """Depths are the same at purity p / (2 - p): 2 p c / (2 p c + 2 (1 - p)) of tumour either way; 0.8 -> 0.667."""
    one = _fitted([1], [1], 0.8, 2.0)
    assert _is_twin(one, _fitted([2], [2], 0.667, 4.0)) and _is_twin(one, _fitted([2], [2], 0.6, 4.3))
    assert not _is_twin(one, _fitted([2], [2], 0.8, 4.0)) and not _is_twin(one, _fitted([2], [2], 0.667, 4.5))
    assert not _is_twin(one, _fitted([2], [1], 0.667, 3.5))
