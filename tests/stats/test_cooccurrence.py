"""Co-occurrence given burden: margins are met, the tail is the enumerated one, the null is not rejected."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.stats.cooccurrence import fit_margins, pair_test
from oncourse.stats.rng import generator


def test_fitted_margins_equal_the_seen_ones():
    rng = generator(1, "cooccurrence")
    altered = rng.random((60, 12)) < np.linspace(0.05, 0.6, 12)
    burden = altered.sum(1)
    fitted = fit_margins(altered.sum(0), np.ones(60, int), burden, np.ones((60, 12), bool))
    p = np.nan_to_num(fitted.probability)
    assert p.sum(0) == pytest.approx(altered.sum(0), abs=1e-4)
    assert p.sum(1) == pytest.approx(burden, abs=1e-4)


def test_gene_off_the_panel_has_no_chance():
    looked = np.ones((4, 3), bool)
    looked[0, 2] = False
    fitted = fit_margins([2, 2, 1], np.ones(4, int), [1, 2, 1, 1], looked)
    assert np.isnan(fitted.probability[0, 2])


def test_tail_equals_enumeration():
    """Three classes; the distribution of the number altered in both is convolved one trial at a time."""
    from oncourse.stats.cooccurrence import Margins

    margins = Margins(np.array([[0.3, 0.5], [0.9, 0.8], [0.05, 0.2]]), np.array([4, 3, 6]))
    pmf = np.ones(1)
    for (a, b), n in zip(margins.probability, margins.size, strict=True):
        for _ in range(n):
            pmf = np.convolve(pmf, [1 - a * b, a * b])
    for observed in range(5):
        expected, more, fewer = pair_test(margins, 0, 1, observed)
        assert expected == pytest.approx(float(np.arange(14) @ pmf))
        assert more == pytest.approx(pmf[observed:].sum(), abs=1e-12)
        assert fewer == pytest.approx(pmf[: observed + 1].sum(), abs=1e-12)


def test_burden_alone_makes_no_co_occurrence():
    """Samples differ tenfold in burden, genes are independent given it: most pairs are seen together more than 1.5 times
    as often as their totals alone would say; this test stays at its level (of 300 pairs at most 6 % below .05)."""
    rng = generator(2, "cooccurrence null")
    chance = np.clip(rng.gamma(0.5, 0.25, 400), 0.005, 0.9)[:, None] * np.linspace(0.3, 1.0, 25)
    altered = rng.random(chance.shape) < chance
    fitted = fit_margins(altered.sum(0), np.ones(400, int), altered.sum(1), np.ones(altered.shape, bool))
    both = altered.T.astype(int) @ altered.astype(int)
    p_values, in_excess = [], []
    for i in range(25):
        for j in range(i):
            _, more, fewer = pair_test(fitted, i, j, int(both[i, j]))
            p_values.append(min(1.0, 2 * min(more, fewer)))
            in_excess.append(both[i, j] > altered[:, i].sum() * altered[:, j].sum() / 400 * 1.5)
    assert np.mean(np.array(p_values) < 0.05) <= 0.06
    assert np.mean(in_excess) > 0.8
