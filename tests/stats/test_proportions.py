"""Intervals of shares and exact tests against R and a plain definition."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

from oncourse.stats.proportions import (
    clopper_pearson,
    cochran_mantel_haenszel,
    fisher_exact,
    newcombe,
    wilson,
)


@pytest.fixture(scope="module")
def reference(shared_data):
    return json.loads((shared_data("survival-reference") / "reference.json").read_text())


def test_clopper_pearson_equals_r_binom_test(reference):
    rows = np.array(reference["binom.clopper_pearson"]["value"])
    low, high = clopper_pearson(rows[:, 0], rows[:, 1])
    np.testing.assert_allclose(low, rows[:, 2], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(high, rows[:, 3], rtol=1e-10)


def test_shares_of_nobody_are_unknown():
    for method in (clopper_pearson, wilson):
        low, high = method([0, 3], [0, 5])
        assert math.isnan(low[0]) and math.isnan(high[0]) and low[1] < 0.6 < high[1]
    assert math.isnan(newcombe(0, 0, 1, 2).difference)


def test_wilson_closes_at_the_borders():
    low, high = wilson([0, 10], [10, 10])
    assert low[0] == 0 and high[1] == 1


def test_newcombe_equals_the_paper():
    """Newcombe 1998, Table II, example (a): 56/70 v 48/80, method 10 without correction: 0.0524 to 0.3339."""
    result = newcombe(56, 70, 48, 80)
    np.testing.assert_allclose([result.ci_low, result.ci_high], [0.0524, 0.3339], atol=5e-5)


def test_fisher_equals_r(reference):
    value = reference["binom.two_prop_fisher_12of40_vs_5of38"]["value"]
    ours = fisher_exact(12, 28, 5, 33)
    assert float(ours.p_value) == pytest.approx(value["p"], rel=1e-10)
    # R finds estimate and limits with uniroot at its default tolerance of 1.2e-4
    assert float(ours.odds_ratio) == pytest.approx(value["or"], rel=2e-4)
    assert [float(ours.ci_low), float(ours.ci_high)] == pytest.approx(value["ci"], rel=2e-4)


def test_fisher_solves_its_own_definition():
    """At the estimate the mean of the conditional law is the count seen; at each limit a tail holds 2.5 %."""
    for a, b, c, d in [(3, 7, 9, 2), (1, 30, 12, 400), (45, 3, 60, 11)]:
        result = fisher_exact(a, b, c, d)
        row1, row2, col = a + b, c + d, a + c
        support = np.arange(max(0, col - row2), min(row1, col) + 1)
        base = np.array([math.comb(row1, x) * math.comb(row2, col - x) for x in support], dtype=float)

        def law(odds, base=base, support=support):
            w = base / base.max() * odds ** (support - support[0]).astype(float)
            return w / w.sum()

        assert (law(float(result.odds_ratio)) * support).sum() == pytest.approx(a, rel=1e-9)
        assert law(float(result.ci_low))[support >= a].sum() == pytest.approx(0.025, rel=1e-8)
        assert law(float(result.ci_high))[support <= a].sum() == pytest.approx(0.025, rel=1e-8)


def test_fisher_p_equals_scipy_on_every_small_table():
    from scipy.stats import fisher_exact as plain

    tables = np.array(list(itertools.product(range(5), repeat=4)))
    ours = fisher_exact(*tables.T, interval=False).p_value
    for table, p in zip(tables, ours, strict=True):
        if table.sum():
            assert p == pytest.approx(plain(table.reshape(2, 2))[1], rel=1e-9)
        else:
            assert math.isnan(p)


def test_fisher_edges():
    result = fisher_exact([0, 5, 0], [5, 0, 0], [5, 0, 4], [0, 5, 6])
    assert result.odds_ratio[0] == 0 and result.ci_low[0] == 0 and 0 < result.ci_high[0] < 1
    assert np.isinf(result.odds_ratio[1]) and np.isinf(result.ci_high[1])
    assert math.isnan(result.odds_ratio[2]) and result.p_value[2] == 1
    with pytest.raises(ValueError, match="whole counts"):
        fisher_exact(1.5, 2, 3, 4)


def test_cochran_mantel_haenszel_equals_r(reference):
    value = reference["mantelhaen.colon_2y_death_rx_by_node4"]["value"]
    t = np.array(value["table"]).reshape(2, 2, 2).T  # R fills columns first: [row, event, stratum]
    ours = cochran_mantel_haenszel(t[0, 0], t[0, 1], t[1, 0], t[1, 1], correct=False)
    assert ours.p_value == pytest.approx(value["p"], rel=1e-9)
    assert ours.odds_ratio == pytest.approx(value["or"], rel=1e-9)
    assert [ours.ci_low, ours.ci_high] == pytest.approx(value["ci"], rel=1e-9)


def test_the_adjusted_difference_is_covered_in_few_and_in_sparse_strata():
    """Differences of 0.15 in three strata of 60 and in 60 strata of four, proportions 0.1 to 0.6: 95 % of the limits
    hold it (2,000 drawings each; 93.5-96.5 %)."""
    from oncourse.stats.proportions import mantel_haenszel_difference
    from oncourse.stats.rng import generator

    rng = generator(3, "difference")
    for sizes in (np.full((3, 2), 30), np.full((60, 2), 2)):
        low_share = np.linspace(0.1, 0.6, len(sizes))
        held = []
        for _ in range(2000):
            a, c = rng.binomial(sizes[:, 0], low_share + 0.15), rng.binomial(sizes[:, 1], low_share)
            _, low, high = mantel_haenszel_difference(a, sizes[:, 0] - a, c, sizes[:, 1] - c)
            held.append(low <= 0.15 <= high)
        assert 0.935 <= np.mean(held) <= 0.965


def test_exact_limits_of_many_shares_are_those_of_each():
    """Pairs that repeat are worked out once; the limits of 12 of 40 stand in the example of the function."""
    k, n = np.array([12, 0, 12, 3, 40, 0, 12.0]), np.array([40, 10, 40, np.nan, 40, 0, 41.0])
    low, high = clopper_pearson(k, n)
    each = [clopper_pearson([a], [b]) for a, b in zip(k, n, strict=True)]
    np.testing.assert_array_equal(low, [one[0][0] for one in each])
    np.testing.assert_array_equal(high, [one[1][0] for one in each])
