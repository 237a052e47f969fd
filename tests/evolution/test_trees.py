"""Tree posterior: against brute force, hand-worked cases and simulated truth."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.evolution.trees._chain_kernels import walk
from oncourse.evolution.trees._enumerate_kernels import enumerate_trees, node_table
from oncourse.evolution.trees._evidence_kernels import log_evidence, new_store, stored_evidence
from oncourse.evolution.trees._tree_kernels import eta_log_evidence, tree_score
from oncourse.evolution.trees.posterior import (
    _supports,
    ancestors,
    binomial_grid,
    fit_trees,
    likelihood_grid,
    moments_from_counts,
    moments_from_grid,
    sum_rule_fit,
)
from oncourse.stats.rng import generator


def all_trees(n):
    """Every parent vector (-1 root) of n labelled clones without circles."""
    for parents in itertools.product(range(-1, n), repeat=n):
        seen_root = True
        for k in range(n):
            node, steps = k, 0
            while node >= 0 and steps <= n:
                node, steps = parents[node], steps + 1
            seen_root &= node < 0
        if seen_root:
            yield np.array(parents)


def random_patient(rng, n, n_sample, sd):
    """Clones of a random tree whose CCFs are measured with error sd."""
    parent = np.array([-1] + [int(rng.integers(0, k)) for k in range(1, n)])
    eta = rng.dirichlet(np.full(n, 0.4), n_sample).T
    ccf = eta.copy()
    for k in range(n - 1, 0, -1):
        ccf[parent[k]] += ccf[k]
    return parent, np.clip(ccf + sd * rng.standard_normal(ccf.shape), 0, 1.1), np.full(ccf.shape, sd**2)


def ranked(mean, var):
    """Mean and variance with the root as row 0, as the kernels take them."""
    return np.vstack([np.ones((1, mean.shape[1])), mean]), np.vstack([np.zeros((1, mean.shape[1])), var])


def plain_log_evidence(tree, like, spike):
    """Sum over all cell fractions on the grid, by convolution from the leaves; tree: parents, -1 the root."""
    n_grid = like.shape[2]
    own = np.r_[spike, np.full(n_grid - 1, (1 - spike) / (n_grid - 1))]

    def message(node, s):
        out = own
        for child in np.flatnonzero(tree == node - 1):
            out = np.convolve(out, message(child + 1, s))[:n_grid]
        return out * like[node, s] if node else out

    return sum(np.log(max(message(0, s)[-1], 1e-300)) for s in range(like.shape[1]))


@pytest.mark.parametrize("number", range(6))
def test_enumeration_gives_the_same_posterior_as_scoring_every_tree(number):
    """Cayley: (n + 1)^(n - 1) trees; n = 5 has 1,296."""
    rng = generator(number, "brute")
    n = 3 if number < 3 else 4 if number < 5 else 5
    _, mean, var = random_patient(rng, n, 1 + number % 3, 0.05)
    posterior = fit_trees(mean, var, min_sd=0.0, max_trees=2000)
    trees = list(all_trees(n))
    assert len(trees) == (n + 1) ** (n - 1)
    like, *_ = likelihood_grid(*ranked(mean, var))
    score = np.array([plain_log_evidence(t, like, posterior.spike) - 3.0 * max(0, (t < 0).sum() - 1) for t in trees])
    weight = np.exp(score - score.max())
    support, above = _supports(np.array(trees), weight / weight.sum())
    assert posterior.is_exact
    np.testing.assert_allclose(posterior.edge_support, support, atol=2e-4)
    np.testing.assert_allclose(posterior.ancestor, above, atol=2e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(1, 3), st.floats(0.01, 0.3), st.floats(0.05, 0.95), st.integers(0, 10_000))
def test_messages_are_the_plain_sum(n, n_sample, sd, spike, seed):
    rng = generator(seed, "messages")
    _, mean, var = random_patient(rng, n, n_sample, sd)
    var[rng.random(var.shape) < 0.1] = 0.0  # not looked at
    tree = np.array([-1] + [int(rng.integers(-1, k)) for k in range(1, n)])
    grid = likelihood_grid(*ranked(mean, var))
    found, wanted = log_evidence(np.r_[-1, tree + 1], *grid, spike), plain_log_evidence(tree, grid[0], spike)
    if wanted > -35:  # below, the kernel leaves out the far ends of the likelihoods, or calls the tree impossible
        assert found == pytest.approx(wanted, abs=1e-6)
    else:
        assert found < wanted + 1e-6


def test_a_store_of_messages_changes_no_score():
    """Trees that share subtrees, scored from one small store that is emptied now and then, and each afresh."""
    rng = generator(7, "store")
    _, mean, var = random_patient(rng, 6, 3, 0.05)
    grid = likelihood_grid(*ranked(mean, var))
    store = new_store(30, 3, grid[0].shape[2])
    for _ in range(300):
        tree = np.array([-1] + [int(rng.integers(-1, k)) for k in range(1, 6)])
        node = np.r_[-1, tree + 1]
        assert stored_evidence(node, *grid, 0.3, store) == pytest.approx(log_evidence(node, *grid, 0.3), abs=1e-9)


def test_the_table_of_nodes_gives_the_score_of_every_tree():
    """Sum over nodes of the score with their children; the search with a low floor finds every tree (4^2 of 3
    clones)."""
    rng = generator(8, "table")
    _, mean, var = random_patient(rng, 3, 2, 0.05)
    var[1, 0] = 0.0  # not looked at
    model = ranked(mean, var)
    table = node_table(*model, 0.3, -3.0)
    trees, score, complete = enumerate_trees(table, np.arange(1, 4), -1e9, 100, 10_000, False)
    assert complete and len(trees) == 16 == len({tuple(t) for t in trees})
    wanted = [tree_score(t.astype(np.int64), *model, 0.3, -3.0) for t in trees]
    np.testing.assert_allclose(score, wanted, atol=1e-9)
    best, top, _ = enumerate_trees(table, np.arange(1, 4), -1e9, 1, 10_000, True)
    assert top[0] == max(score) and best[0].tolist() == trees[int(np.argmax(score))].tolist()
    some, *_ = enumerate_trees(table, np.arange(1, 4), np.sort(score)[-5], 100, 10_000, False)
    assert len(some) == 5


def test_binomial_counts_against_sums_by_definition():
    """One clone on the root: spike at 0, uniform on the rest, likelihood Bin(3; 10, x / 2)."""
    like, low, high = binomial_grid(np.array([[3.0]]), np.array([[10.0]]), 0.5, 129)
    x = np.linspace(0, 1, 129)
    wanted = (x / 2) ** 3 * (1 - x / 2) ** 7
    np.testing.assert_allclose(like[1, 0], wanted / wanted.max(), atol=3e-3)  # means over a cell each
    assert low[1, 0] <= 1 and high[1, 0] == 128
    with pytest.raises(ValueError, match="wide"):
        fit_trees(np.ones((1, 1)), np.ones((1, 1)), wide=np.ones((1, 1)), counts=(np.ones((1, 1)),) * 2)


def test_the_sum_on_the_grid_is_the_integral():
    """Two clones in a line: integral over 0 <= b <= a <= 1 with own cells (0.4 delta_0 + 0.6), by fine sums."""
    mean, sd = np.array([[0.7], [0.4]]), 0.01
    grid = likelihood_grid(*ranked(mean, np.full((2, 1), sd**2)))
    found = log_evidence(np.array([-1, 0, 1]), *grid, 0.4)
    x = np.linspace(0, 1, 20_001)
    spread = sd**2 + 1 / (grid[0].shape[2] - 1) ** 2 / 6  # widened by the step
    first, second = (np.exp(-((x - m) ** 2) / (2 * spread)) for m in mean[:, 0])
    leaf = second * 0.6
    leaf_at_zero = second[0] * 0.4
    above = np.cumsum((leaf[1:] + leaf[:-1]) / 2) * (x[1] - x[0])
    middle = first * (0.4 * leaf + 0.6 * (np.r_[0, above] + leaf_at_zero))
    wanted = 0.4 * middle[-1] + 0.6 * np.trapezoid(middle, x)
    # one condition (the root is 1) is a density there and a mass on the grid
    assert found + np.log(grid[0].shape[2] - 1) == pytest.approx(np.log(wanted), abs=0.05)


@pytest.mark.parametrize("number", range(3))
def test_the_chain_agrees_with_the_enumeration(number):
    rng = generator(number, "chain")
    _, mean, var = random_patient(rng, 5, 2, 0.08)
    exact = fit_trees(mean, var, min_sd=0.0)
    model = ranked(mean, var)
    kept, *_ = walk(
        np.r_[-1, np.zeros(5, int)],
        *model,
        *likelihood_grid(*model),
        exact.spike,
        -3.0,
        rng.random((120_000, 6)),
        np.ones(120_000),
        6000,
        True,
    )
    support, _ = _supports(kept[500:, 1:].astype(int) - 1, np.full(len(kept) - 500, 1 / (len(kept) - 500)))
    assert np.abs(support - exact.edge_support).max() < 0.05


def test_local_evidence_is_the_integral_it_says():
    """Integral over eta >= 0 of N(eta; m, v) (0.3 delta_0 + 0.7), by the trapezium rule."""
    grid = np.linspace(0, 3, 200_001)
    for m, sd in ((0.2, 0.05), (-0.03, 0.02), (0.0, 0.1)):
        density = np.exp(-((grid - m) ** 2) / (2 * sd**2)) / np.sqrt(2 * np.pi) / sd
        wanted = 0.3 * density[0] + 0.7 * np.trapezoid(density, grid)
        assert eta_log_evidence(m, sd**2, 0.3) == pytest.approx(np.log(wanted), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(0, 10_000))
def test_sum_rule_fit_is_consistent_and_the_best_in_its_neighbourhood(n, seed):
    """Convex problem: no feasible step from the fit lowers the weighted squared error."""
    rng = generator(seed, "fit")
    parent = np.array([-1] + [int(rng.integers(-1, k)) for k in range(1, n)])
    mean = rng.random((n, 2)) * 1.3 - 0.1
    var = rng.uniform(0.001, 0.05, (n, 2))
    ccf, own = sum_rule_fit(parent, mean, var)
    assert (own >= 0).all() and (ccf <= 1 + 1e-9).all()
    rest = ccf.copy()
    for k, p in enumerate(parent):
        if p >= 0:
            rest[p] -= ccf[k]
    np.testing.assert_allclose(rest, own, atol=1e-8)
    assert (ccf[parent < 0].sum(0) <= 1 + 1e-8).all()
    error = ((ccf - mean) ** 2 / var).sum()
    below = ancestors(parent) | np.eye(n, dtype=bool)
    for _ in range(20):  # feasible points: another split of the cells over the clones
        other = 0.98 * own + 0.02 * rng.dirichlet(np.full(n + 1, 0.3), 2).T[:n]
        assert ((below @ other - mean) ** 2 / var).sum() >= error - 1e-7


def test_hand_worked_trees():
    """0.7 and 0.5 cannot be siblings under 1 (pigeonhole); 0.6/0.2 and 0.2/0.6 cannot be nested (crossing)."""
    sd = np.full((3, 2), 1e-4)
    nested = fit_trees(np.array([[1, 1], [0.7, 0.7], [0.5, 0.5]]), sd)
    assert nested.ancestor[1, 2] > 0.99
    branched = fit_trees(np.array([[1, 1], [0.6, 0.2], [0.2, 0.6]]), sd)
    assert branched.edge_support[1, 1] > 0.99 and branched.edge_support[1, 2] > 0.99
    assert branched.fraction.round(2).tolist() == [[0.2, 0.2], [0.6, 0.2], [0.2, 0.6]]


def test_order_of_samples_and_clones_does_not_matter():
    rng = generator(3, "order")
    _, mean, var = random_patient(rng, 12, 4, 0.04)
    clones, samples = rng.permutation(12), rng.permutation(4)
    first = fit_trees(mean, var)
    again = fit_trees(mean[np.ix_(clones, samples)], var[np.ix_(clones, samples)])
    assert not first.is_exact
    np.testing.assert_allclose(again.ancestor, first.ancestor[np.ix_(clones, clones)], atol=1e-12)
    np.testing.assert_allclose(again.ccf, first.ccf[np.ix_(clones, samples)], atol=1e-9)


def test_a_sample_without_reads_changes_nothing():
    rng = generator(4, "empty")
    _, mean, var = random_patient(rng, 5, 3, 0.04)
    first = fit_trees(mean, var)
    more = fit_trees(np.hstack([mean, np.full((5, 1), 0.5)]), np.hstack([var, np.zeros((5, 1))]))
    # the root alone sees the empty sample, the same for every tree
    np.testing.assert_allclose(more.ancestor, first.ancestor, atol=0.1)
    assert (more.fraction >= 0).all()


def test_a_technical_duplicate_contradicts_no_sure_edge():
    rng = generator(5, "twice")
    for _ in range(5):
        _, mean, var = random_patient(rng, 6, 3, 0.03)
        first = fit_trees(mean, var)
        twice = fit_trees(np.hstack([mean, mean[:, :1]]), np.hstack([var, var[:, :1]]))
        assert (twice.edge_support[first.edge_support > 0.9] > 0.5).all()


def test_edges_of_support_above_nine_tenths_are_mostly_right():
    """Simulated truth, 150 patients of 5 clones and 2 samples: an edge's support is the share of times it is right."""
    rng = generator(6, "calibration")
    table = []
    for _ in range(150):
        parent, mean, var = random_patient(rng, 5, 2, 0.04)
        support = fit_trees(mean, var, min_sd=0.0).edge_support
        table += [(support[p + 1, k], p == q) for k, q in enumerate(parent) for p in range(-1, 5)]
    table = np.array(table, float)
    for low, high in ((0.4, 0.6), (0.6, 0.8), (0.85, 0.95)):
        inside = table[(table[:, 0] > low) & (table[:, 0] < high)]
        assert len(inside) > 25
        tolerance = 3 * np.sqrt(0.25 / len(inside)) if high < 0.8 else 0.13
        assert abs(inside[:, 1].mean() - inside[:, 0].mean()) < tolerance + 0.05


def test_moments_from_grid_and_counts_agree():
    grid = np.linspace(0, 1, 201)
    alt, depth = np.array([[30.0, 0.0]]), np.array([[100.0, 80.0]])
    log_lik = alt[..., None] * np.log(np.maximum(grid / 2, 1e-300)) + (depth - alt)[..., None] * np.log1p(-grid / 2)
    mean, var = moments_from_grid(np.where(np.isfinite(log_lik), log_lik, -1e5), grid)
    wanted, wanted_var = moments_from_counts(alt, depth)
    np.testing.assert_allclose(mean, wanted, atol=0.02)
    np.testing.assert_allclose(np.sqrt(var), np.sqrt(wanted_var), rtol=0.45)  # flat v Jeffreys prior at 0 of 80
    assert moments_from_grid(np.zeros((1, 1, 201)), grid)[1][0, 0] == 0


def test_relation_error_on_published_simulations(shared_data):
    """Wintersinger 2022 simulations; figures of benchmarks/bench_trees.py, one instance per size."""
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    from bench_trees import read_instance, relation_error

    folder = shared_data("evo-pairtree-sims")
    for name, most in (
        ("K3_S10_T50_M30_G0_run1", 0.01),
        ("K10_S10_T200_M100_G0_run1", 0.01),
        ("K30_S10_T50_M300_G0_run1", 0.025),
    ):
        alt, depth, parent, size = read_instance(folder / f"{name}.truth.json.gz")
        found = fit_trees(*moments_from_counts(alt, depth), counts=(alt, depth))
        assert relation_error(found.ancestor, parent, size) <= most
