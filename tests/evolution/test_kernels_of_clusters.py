"""Sums of the clustering's loops against numpy, and in which order they are made."""

import numpy as np
import pytest

from oncourse.evolution._likelihood_kernels import IMPOSSIBLE
from oncourse.evolution.clustering import _cluster_kernels as kernels
from oncourse.evolution.clustering.average import correlation
from oncourse.evolution.clustering.doubt import median_of_known
from oncourse.evolution.clustering.rows import likely_rows, sum_of_rows
from oncourse.evolution.clustering.state import compact


@pytest.mark.parametrize("n_grid", [kernels.USUAL, 17])
def test_the_mass_of_a_row_is_its_sum_over_the_grid_in_every_sample(n_grid):
    random = np.random.default_rng(1)
    post, prob = random.random((2, 3, n_grid), np.float32), random.random((2, 3, n_grid), np.float32)
    post /= post.sum(axis=2, keepdims=True)
    slow = np.log((post[1].astype(float) * prob[0]).sum(axis=1)).sum()
    assert kernels.log_mass(post, 1, prob, 0, 0.0) == pytest.approx(slow, rel=1e-5)
    assert kernels.log_mass(post, 1, prob, 0, np.exp(slow - 0.1)) == pytest.approx(slow, rel=1e-5)
    assert kernels.log_mass(post, 1, prob, 0, np.exp(slow + 0.1)) == IMPOSSIBLE


def test_the_deepest_sample_is_asked_first_and_ends_it():
    """Samples stand in the order of their depth: one that rules a cluster out leaves the others unread."""
    post, prob = np.full((1, 3, 4), 0.25, np.float32), np.ones((1, 3, 4), np.float32)
    prob[0, :2] = np.nan
    prob[0, 2] = 1e-9
    assert kernels.log_mass(post, 0, prob, 0, 1e-6) == IMPOSSIBLE
    assert np.isnan(kernels.log_mass(post, 0, prob, 0, 1e-12))


def test_what_lies_far_below_the_best_choice_is_left_alone_and_changes_no_probability():
    assert np.exp(-kernels.FAR) * 1000 < np.finfo(np.float32).eps / 100
    assert kernels._floor(kernels.NEVER - 1) == 0.0
    assert kernels._floor(-3.0) == pytest.approx(np.exp(-3.0))


def test_sums_of_rows_and_medians_are_those_of_numpy():
    random = np.random.default_rng(2)
    start = np.concatenate([[0], np.cumsum(random.integers(1, 5, 40))])
    values = random.random((start[-1], 3, 5), np.float32)
    assert np.allclose(sum_of_rows(values, start), np.add.reduceat(values, start[:-1]), rtol=1e-6, atol=0)
    for n in (1, 2, 9, 10):
        table = random.random((n, 4))
        table[random.random(table.shape) < 0.3] = np.nan
        table[0] = 0.5
        assert np.allclose(median_of_known(table), np.nanmedian(table, axis=0), rtol=1e-15, atol=0)


def test_chains_agree_as_the_pairs_of_variants_correlate():
    """What np.corrcoef says of the pairs above the diagonal; where nothing varies, whether both are the same."""
    random = np.random.default_rng(3)
    a, b = random.random((2, 30, 30))
    a, b = a + a.T, b + b.T + 0.5 * (a + a.T)
    upper = np.triu_indices(30, 1)
    assert correlation(a, b) == pytest.approx(np.corrcoef(a[upper], b[upper])[0, 1], rel=1e-12)
    apart = np.eye(4)
    assert correlation(apart, apart) == 1.0 and correlation(apart, np.ones((4, 4))) == 0.0
    assert correlation(np.ones((1, 1)), np.ones((1, 1))) == 1.0


def test_labels_are_renumbered_and_rows_chosen_as_numpy_would():
    random = np.random.default_rng(5)
    for labels in (random.integers(-1, 9, 60), np.full(3, -1), np.array([-521, 7, -2]), np.array([], np.int64)):
        inside, slow = labels >= 0, np.full_like(labels, -1)
        slow[inside] = np.unique(labels[inside], return_inverse=True)[1]
        assert compact(labels).tolist() == slow.tolist()
    start = np.concatenate([[0], np.cumsum(random.integers(1, 5, 40))])
    variant, values = np.repeat(np.arange(40), np.diff(start)), random.integers(0, 3, start[-1]).astype(float)
    best = [start[i] + int(np.argmax(values[start[i] : start[i + 1]])) for i in range(40)]
    assert likely_rows(values, start, variant).tolist() == best
