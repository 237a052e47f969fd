"""Co-occurrence given burden: margins are met, the tail is the enumerated one, the null is not rejected."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.stats.cooccurrence import (
    Margins,
    cover_tests,
    fit_margins,
    pair_power,
    pair_tests,
    poisson_binomial_tail,
)
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


@pytest.mark.parametrize("chances", [(0.3, 0.5, 0.05), (0.02, 0.001, 0.2), (0.95, 0.01, 0.03), (0.7, 0.6, 0.9)])
def test_tail_is_near_the_enumerated_one(chances):
    """Within 10 % of the one convolved trial by trial, which moves no conclusion; (0.95, ...): one hypermutated
    sample."""
    size = np.array([4, 30, 60])
    pmf = np.ones(1)
    for p, n in zip(chances, size, strict=True):
        for _ in range(n):
            pmf = np.convolve(pmf, [1 - p, p])
    counts = np.arange(len(pmf))
    mean = counts @ pmf
    tail = poisson_binomial_tail(np.tile(chances, (len(pmf), 1)), size, counts)
    for k in counts:
        exact = pmf[k:].sum() if k > mean else pmf[: k + 1].sum()
        if exact > 1e-10:
            assert tail[k] == pytest.approx(exact, rel=0.1), k


def alike(n: int, a: int, b: int) -> Margins:
    """`n` samples that are alike, two genes altered in a and b of them, 1,998 others."""
    chance = np.full((1, 2000), 0.05)
    chance[0, :2] = a / n, b / n
    return Margins(chance, np.array([n]))


@pytest.mark.parametrize(("n", "a", "b"), [(367, 168, 96), (500, 50, 60), (100, 40, 70)])
def test_samples_that_are_alike_give_fishers_test(n, a, b):
    """Without differences in burden the count is hypergeometric: p-values agree to a fifth where it matters."""
    from scipy.stats import hypergeom

    counts = np.arange(max(0, a + b - n), min(a, b) + 1)
    found = pair_tests(alike(n, a, b), 0 * counts, 0 * counts + 1, counts)
    law = hypergeom(n, a, b)
    exact = np.minimum(1, 2 * np.minimum(law.sf(counts - 1), law.cdf(counts)))
    matters = (exact > 0.01) & (exact < 0.3)
    assert found.p_value[matters] == pytest.approx(exact[matters], rel=0.2)
    assert found.variance[0] == pytest.approx(law.var() * (n - 1) / n, rel=1e-6)


def test_two_genes_in_samples_of_one_alteration_each_are_never_together():
    """Each sample has one altered gene: both together cannot be, none is expected, none seen is no exclusivity."""
    fitted = fit_margins([25] * 4, [100], [1], np.ones((1, 4), bool))
    found = pair_tests(fitted, [0], [1], [0])
    assert found.expected[0] == pytest.approx(0.0, abs=1e-9) and found.p_value[0] == 1.0


def test_power_says_what_a_silent_pair_is_worth():
    """168 and 96 of 367 show an odds ratio of 1/4; 6 and 5 of 367 could not show exclusivity whatever the truth is."""
    for (a, b), sure in (((168, 96), True), ((6, 5), False)):
        null = pair_tests(alike(367, a, b), [0], [1], [0])
        apart, _ = pair_power(alike(367, a, b), null, [0], [1], 4.0)
        assert (apart[0] > 0.99) if sure else (apart[0] == 0.0)


def test_genes_of_a_group_that_exclude_each_other_cover_more():
    """Three genes of 100 in 400 samples, never two in one: 300 covered, 400 (1 - (3/4)^3) = 231 expected."""
    chance = np.full((1, 1000), 0.05)
    chance[0, :3] = 0.25
    found = cover_tests(Margins(chance, np.array([400])), [[0, 1, 2]], [300])
    assert found.expected[0] == pytest.approx(231, abs=2) and found.p_value[0] < 1e-12


def curveball(rows: list[set[int]], rng: np.random.Generator, trades: int) -> None:
    """Trade genes between two samples at random: both margins stay (Strona 2014, doi 10.1038/ncomms5114)."""
    for i, j in rng.integers(0, len(rows), (trades, 2)):
        mine, yours = sorted(rows[i] - rows[j]), sorted(rows[j] - rows[i])
        if i != j and mine and yours:
            pool, common = rng.permutation(mine + yours).tolist(), rows[i] & rows[j]
            rows[i], rows[j] = common | set(pool[: len(mine)]), common | set(pool[len(mine) :])


def test_burden_alone_makes_no_co_occurrence():
    """Samples differ tenfold in burden, genes are independent given it: most pairs are seen together more than 1.5
    times as often as their totals alone would say; this test stays at its level (of 300 pairs at most 6 % below
    .05)."""
    rng = generator(2, "cooccurrence null")
    chance = np.clip(rng.gamma(0.5, 0.25, 400), 0.005, 0.9)[:, None] * np.linspace(0.3, 1.0, 25)
    altered = rng.random(chance.shape) < chance
    fitted = fit_margins(altered.sum(0), np.ones(400, int), altered.sum(1), np.ones(altered.shape, bool))
    a, b = np.triu_indices(25, 1)
    both = (altered.T.astype(int) @ altered.astype(int))[a, b]
    found = pair_tests(fitted, a, b, both)
    total = altered.sum(0)
    assert np.mean(found.p_value < 0.05) <= 0.06
    assert np.mean(both > total[a] * total[b] / 400 * 1.5) > 0.8


def test_type_one_error_on_margin_preserving_swaps():
    """The null is made by curveball swaps, not by the model: at most 6 % below .05 (counts are few, so fewer)."""
    rng = generator(3, "swaps")
    chance = np.clip(rng.gamma(0.5, 0.3, 150), 0.01, 0.9)[:, None] * np.linspace(0.2, 1.0, 40)
    rows = [set(np.flatnonzero(r).tolist()) for r in rng.random(chance.shape) < chance]
    start = np.array([[g in r for g in range(40)] for r in rows])
    fitted = fit_margins(start.sum(0), np.ones(150, int), start.sum(1), np.ones(start.shape, bool))
    a, b = np.triu_indices(40, 1)
    curveball(rows, rng, 2_000)
    below = []
    for _ in range(12):
        curveball(rows, rng, 500)
        now = np.array([[g in r for g in range(40)] for r in rows], int)
        below.append(pair_tests(fitted, a, b, (now.T @ now)[a, b]).p_value < 0.05)
    assert 0.004 <= np.mean(below) <= 0.06
