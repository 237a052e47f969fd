"""Timing of mutations relative to gains, and linear v parallel progression, against known truth."""

import numpy as np
import pytest
from scipy.stats import binom

from oncourse.evolution.clustering.types import Counts
from oncourse.evolution.seeding.lesions import seeding_posterior
from oncourse.evolution.timing import clonal_share, p_before_gain, timing_call
from oncourse.evolution.trees.posterior import fit_trees
from oncourse.stats.rng import generator


def counts_of(alt, depth, purity, major, minor):
    shape = np.shape(alt)
    full = [np.broadcast_to(np.asarray(x, float), shape).copy() for x in (purity, major, minor, 2.0)]
    return Counts(np.asarray(alt), np.broadcast_to(depth, shape).copy(), *full, np.full(shape[1], 1e-3))


def test_probability_is_bayes_rule_by_hand():
    """Purity 0.6, 3 + 1 copies: three of 2.4 + 0.8 = 3.2 copies against one; the same chance beforehand."""
    got = p_before_gain(counts_of([[30]], 100, 0.6, 3, 1), np.ones((1, 1)), np.array([np.inf]))[0, 0]
    three, one = (0.6 * m / (0.6 * 4 + 0.4 * 2) for m in (3, 1))
    likely = [binom.pmf(30, 100, v * 0.999 + (1 - v) * 0.001) for v in (three, one)]
    assert got == pytest.approx(likely[0] / sum(likely), rel=1e-9)


def test_simulated_timing_is_found_and_calibrated():
    rng = generator(1, "timing")
    n = 3000
    before = rng.random(n) < 0.5
    major, minor = rng.integers(2, 4, n), rng.integers(0, 2, n)
    purity, depth = rng.uniform(0.2, 0.9, n), 60
    share = purity * np.where(before, major, 1) / (purity * (major + minor) + (1 - purity) * 2)
    alt = rng.binomial(depth, share * 0.999 + (1 - share) * 0.001)
    given = Counts(
        alt[:, None],
        np.full((n, 1), depth),
        purity[:, None],
        major[:, None] * 1.0,
        minor[:, None] * 1.0,
        np.full((n, 1), 2.0),
        np.array([1e-3]),
    )
    p = p_before_gain(given, np.ones((n, 1)), np.array([np.inf]))[:, 0]
    for low, high in ((0, 0.1), (0.3, 0.7), (0.9, 1.01)):
        inside = (p >= low) & (p < high)
        assert inside.sum() > 50
        assert before[inside].mean() == pytest.approx(p[inside].mean(), abs=0.1)


def test_what_cannot_be_asked_is_nan():
    alt = [[20], [20], [0], [20]]
    given = counts_of(alt, 60, 0.7, [[1], [2], [2], [2]], 1)
    given.depth[2] = 0
    p = p_before_gain(given, np.array([[1.0], [1.0], [1.0], [0.2]]), np.array([np.inf]))[:, 0]
    assert np.isnan(p).tolist() == [True, False, True, True]
    assert timing_call(0.1, 2) == "after"


def test_clonal_share_is_nil_for_outliers():
    grid = np.array([0.0, 0.5, 1.0])
    share = clonal_share(np.array([[[0.1, 0.2, 0.7]]]), grid, np.array([0, -1]))
    assert share.ravel().tolist() == [0.7, 0.0]


def seed(mean, sites, root):
    mean = np.array(mean, float)
    var = np.full(mean.shape, 1e-4)
    return seeding_posterior(fit_trees(mean, var), mean, var, np.array(sites), root_site=root)


def test_a_chain_of_metastases_is_linear():
    """Primary -> site 1 -> site 2: site 2 has site 1's private clone."""
    found = seed([[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0.5, 1], [0, 0, 0, 0.6]], [0, 0, 1, 2], 0)
    assert found.p_descends[1, 2] > 0.8
    assert found.p_parallel[1, 2] < 0.2
    assert found.p_parallel[1, 2] + max(found.p_descends[1, 2], found.p_descends[2, 1]) <= 1 + 1e-9


def test_two_metastases_of_the_primary_are_parallel():
    """Each has another clone that the primary holds too."""
    found = seed([[1, 1, 1, 1], [0.4, 0.4, 1, 0], [0.3, 0.3, 0, 1]], [0, 0, 1, 2], 0)
    assert found.p_parallel[1, 2] > 0.9
    np.testing.assert_allclose(found.p_parallel, found.p_parallel.T)


def test_metastases_founded_by_one_clone_cannot_be_told_apart():
    """The same clone founded both, each has private clones: both from the primary, or one from the other."""
    found = seed([[1, 1, 1, 1], [0.4, 0.4, 1, 1], [0, 0, 0.6, 0], [0, 0, 0, 0.6]], [0, 0, 1, 2], 0)
    assert found.p_parallel[1, 2] < 0.1 and found.p_descends[1, 2] < 0.1
    assert found.p_possible[1, 2] > 0.9 and found.p_possible[2, 1] > 0.9
    assert found.lesions[1].source == found.lesions[2].source == 0


def test_the_founder_that_a_primary_does_not_show_is_no_return():
    """The trunk's own cells are doubtful in the primary (5 of 100), sure in both metastases: it lived in the
    primary."""
    mean = np.array([[1.0, 1.0, 1.0, 1.0], [0.97, 0.96, 0.6, 0.5]])
    var = np.full(mean.shape, 0.03**2)
    found = seeding_posterior(fit_trees(mean, var), mean, var, np.array([0, 0, 1, 2]), root_site=0)
    assert found.lesions[0].p_seeded < 0.5  # without the prior against a return: 0.8


def test_linear_parallel_and_unknown_share_the_probability():
    """On any data the three cannot be more than 1, and linear is at least either direction."""
    rng = generator(3, "progression")
    for _ in range(5):
        found = seed(np.vstack([np.ones(4), rng.random((5, 4)) * (rng.random((5, 4)) < 0.6)]), [0, 1, 2, 3], 0)
        off = ~np.eye(4, dtype=bool)
        assert ((found.p_linear + found.p_parallel)[off] <= 1 + 1e-9).all()
        assert (found.p_linear >= np.maximum(found.p_descends, found.p_descends.T) - 1e-9)[off].all()
