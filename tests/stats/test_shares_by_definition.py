"""Shares, differences and agreement against their definitions written out plainly: levels, edges, single strata."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from oncourse.stats import agreement as ag
from oncourse.stats.cluster_logistic import cluster_logistic
from oncourse.stats.clustered_share import _ratio_limits, clustered_share, paired_share_test
from oncourse.stats.proportions import (
    clopper_pearson,
    cochran_mantel_haenszel,
    fisher_exact,
    mantel_haenszel_difference,
    newcombe,
    wilson,
)

Z90, Z95 = stats.norm.ppf([0.95, 0.975])


@pytest.mark.parametrize("of", [ag.kappa, ag.gwet_ac1])
def test_large_sample_limits_scale_with_the_quantile_of_their_level(of):
    wide, narrow = of(40, 6, 9, 30), of(40, 6, 9, 30, 0.9)
    assert (narrow.high - narrow.value) / (wide.high - wide.value) == pytest.approx(Z90 / Z95)
    assert narrow.value - narrow.low == pytest.approx(narrow.high - narrow.value)


@pytest.mark.parametrize("of", [ag.kappa, ag.gwet_ac1])
def test_limits_of_agreement_end_at_one_and_minus_one(of):
    assert of(0, 3, 2, 0).low == -1.0 and of(8, 1, 0, 3).high == 1.0


def test_agreement_takes_each_share_of_its_own_row_or_column():
    """both 20, a only 5, b only 3, neither 12: 20/25, 12/15, 32/40, 20/23, limits of the level asked for."""
    found = ag.agreement(20, 5, 3, 12, 0.9)
    for name, k, n in (("ppa", 20, 25), ("npa", 12, 15), ("opa", 32, 40), ("ppv", 20, 23)):
        one = getattr(found, name)
        low, high = clopper_pearson(k, n, 0.9)
        assert (one.value, one.low, one.high) == (pytest.approx(k / n), pytest.approx(low), pytest.approx(high))


def test_limits_of_few_units_are_quantiles_of_the_posterior():
    """Dirichlet with 1/2, 1/4, 1/4, 1/2 added to the counts: 200,000 drawings; their error of a 5 % quantile is
    below .004."""
    table = np.array([9.0, 2, 1, 6])
    drawn = np.random.default_rng(1).dirichlet(table + [0.5, 0.25, 0.25, 0.5], 200_000).T
    for found, of in zip(ag.few_units_limits(*table, level=0.9), (ag.kappa, ag.gwet_ac1), strict=True):
        assert (found.low, found.high) == pytest.approx(np.quantile(of(*drawn).value, [0.05, 0.95]), abs=0.01)
        assert found.value == of(*table).value


def test_tango_without_discordant_pairs_and_with_nothing_else():
    """b = c = 0: limits +-z2 / (n + z2), the score interval in closed form; all pairs one way: difference 1."""
    value, low, high = ag.tango_interval(0, 0, 30, 0.9)
    assert (value, low, high) == pytest.approx((0, -(Z90**2) / (30 + Z90**2), Z90**2 / (30 + Z90**2)), abs=1e-8)
    value, low, high = ag.tango_interval(12, 0, 12)
    assert value == high == 1.0 and 0.5 < low < 1
    assert ag.tango_interval(0, 12, 12)[1] == -1.0
    assert np.isnan(ag.tango_interval(0, 0, 0)).all()
    assert ag.tango_noninferiority(3, 2, 100, 1.0) == 0  # all pairs lost is against any pair that was not


def test_a_cluster_bootstrap_draws_as_many_clusters_as_there_are_and_reads_its_quantiles():
    weights = ag.cluster_weights(7, 300, np.random.default_rng(2))
    assert weights.shape == (300, 7) and (weights.sum(1) == 7).all() and weights.min() == 0 < weights.max()
    assert weights.mean(0) == pytest.approx(1, abs=0.2)
    counts = np.column_stack([np.arange(7), np.full(7, 6)])
    found = ag.cluster_bootstrap(counts, lambda s: s[:, 0] / s[:, 1], weights, 0.8)
    shares = np.sort(weights @ counts[:, 0] / 42)
    assert found.value == 0.5 and (found.low, found.high) == pytest.approx(np.quantile(shares, [0.1, 0.9]))
    pair = ag.cluster_weights(2, 99, np.random.default_rng(3))
    two = ag.cluster_bootstrap([[1, 2], [2, 2]], lambda s: s[:, 0] / s[:, 1], pair)
    assert (two.low, two.high) == (0.5, 1.0)
    some = ag.cluster_bootstrap([[1, 0], [1, 2]], lambda s: np.where(s[:, 1] > 0, s[:, 0], np.nan), pair)
    assert some.low == some.high == 2.0  # a replicate that says nothing is left out
    never = ag.cluster_bootstrap([[1, 0], [2, 0]], lambda s: s[:, 0] * np.nan, pair)
    assert np.isnan(never.low) and np.isnan(never.high)


def test_the_posterior_of_a_clustered_share_is_its_double_integral():
    """Beta-binomial likelihood, Jeffreys' prior on the mean, correlation even over 0-1, on a grid of our own."""
    x, n = np.array([3, 8, 5, 9]), np.array([10, 10, 6, 12])
    mean = (np.arange(400) + 0.5) / 400
    rho = 1 / (1 + np.exp(np.linspace(np.log(0.03), np.log(300), 120)))
    width = rho * (1 - rho)
    s = (1 / rho - 1)[None, :]
    a, b = mean[:, None] * s, (1 - mean[:, None]) * s
    like = np.prod([stats.betabinom.pmf(k, m, a, b) for k, m in zip(x, n, strict=True)], axis=0)
    mass = (like * width).sum(1) / np.sqrt(mean * (1 - mean))
    found = clustered_share([*x, 0], [*n, 0], level=0.8)
    below = np.cumsum(mass) / mass.sum()
    assert (found.low, found.high) == pytest.approx(np.interp([0.1, 0.9], below, mean + 1 / 800), abs=0.003)
    assert found.quantile(0.5) == pytest.approx(np.interp(0.5, below, mean + 1 / 800), abs=0.003)
    assert found.value == 25 / 38
    cautious = mass * np.sqrt((1 - mean) / mean)
    at = np.interp(0.5, mean + 1 / 800, np.cumsum(cautious) / cautious.sum())
    assert found.p_below(0.5) == pytest.approx(at, abs=0.003)
    assert found.p_below(found.lower_bound(0.1)) == pytest.approx(0.1)
    assert found.lower_bound() == found.lower_bound(0.025) < found.lower_bound(0.1)
    for found in ([3, 1], [-1, 1]):
        with pytest.raises(ValueError, match="between 0 and total"):
            clustered_share(found, [2, 2])
    nobody = clustered_share([0], [0])
    assert np.isnan([nobody.value, nobody.p_below(0.5), nobody.lower_bound()]).all()


def mean_of_patients(x, y, n, margin):
    """Lower limit and P of the patients' mean difference: DerSimonian-Laird weights, jackknife, Hall's cubic by root."""
    values, k = (x - y) / n, len(n)
    p, q = (x.sum() + 0.5) / (n.sum() + 1), (y.sum() + 0.5) / (n.sum() + 1)
    within = (p * (1 - p) + q * (1 - q)) / n
    fixed = np.average(values, weights=1 / within)
    spread = sum((v - fixed) ** 2 / w for v, w in zip(values, within, strict=True)) - (k - 1)
    between = max(0, spread / ((1 / within).sum() - (1 / within**2).sum() / (1 / within).sum()))
    weight = 1 / (between + within)
    mean = np.average(values, weights=weight)
    moved = mean - np.array([np.average(np.delete(values, i), weights=np.delete(weight, i)) for i in range(k)])
    error = np.sqrt((k - 1) / k * (moved**2).sum())
    skew = (moved**3).sum() / (moved**2).sum() ** 1.5

    def corrected(t):
        return min(t, t + skew / 3 * t**2 + skew**2 / 27 * t**3 + skew / 6) if skew < 0 else t

    asked = optimize.brentq(lambda t: corrected(t) - stats.t.ppf(0.975, k - 1), 0, 1000)
    return mean - asked * error, stats.t.cdf(-corrected((mean + margin) / error), k - 1)


def test_the_paired_test_leaves_each_patient_out_once():
    """Variance (k - 1) / k sum (difference without i - difference)^2; t on k - 1; a patient without units is none."""
    x, y, n = (np.array(v, float) for v in ([5, 9, 2, 7, 3], [6, 6, 5, 7, 9], [8, 10, 6, 9, 10]))
    whole = (x - y).sum() / n.sum()
    without = np.array([np.delete(x - y, i).sum() / np.delete(n, i).sum() for i in range(5)])
    error = np.sqrt(0.8 * ((without - whole) ** 2).sum())
    found = paired_share_test([*x, 0], [*y, 0], [*n, 0], 0.1)
    assert found.difference == pytest.approx(whole)
    over_units = (whole - stats.t.ppf(0.975, 4) * error, stats.t.cdf(-(whole + 0.1) / error, 4))
    over_patients = mean_of_patients(x, y, n, 0.1)
    assert over_patients[1] > over_units[1]  # a small patient lost most: the mean over units hides it
    assert found.lower == pytest.approx(min(over_units[0], over_patients[0]))
    assert found.p_value == pytest.approx(over_patients[1])
    same = paired_share_test([4, 4], [4, 4], [8, 8], 0.1)  # all agree: one discordant patient's mean of 8 units
    assert same.lower == pytest.approx(-stats.t.ppf(0.975, 1) * np.sqrt(8) / 16)
    assert np.isnan(paired_share_test([4], [4], [8], 0.1)).all()


def test_odds_ratios_of_a_clustered_model_are_those_of_student_on_clusters_less_coefficients():
    random = np.random.default_rng(5)
    x, cluster = random.normal(1, 2, (60, 2)), np.arange(60) // 4
    y = (random.random(60) < 1 / (1 + np.exp(-(x[:, 1] - 1)))).astype(float)
    fit = cluster_logistic(x, y, cluster)
    for j in (0, 1):
        b, se = fit.value[j + 1], np.sqrt(fit.covariance[j + 1, j + 1])
        reach = stats.t.ppf(0.975, 12) * se
        expected = [np.exp(b), np.exp(b - reach), np.exp(b + reach), 2 * stats.t.sf(abs(b) / se, 12)]
        assert fit.ratio(j) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1.0, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 1, 1, 1, 1]),
        ([1.0, 1, 1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1]),
        ([1.0, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 1, 1, 1, 1]),
    ],
    ids=["one outcome only", "a column that is the same everywhere", "separated"],
)
def test_a_clustered_model_without_a_maximum_has_no_coefficients(x, y):
    fit = cluster_logistic(x, y, [0, 0, 1, 1, 2, 2, 3, 3])
    assert np.isnan(fit.value).all() and np.isnan(fit.covariance).all() and fit.df == 2


def test_as_many_clusters_as_coefficients_leave_the_value_and_no_limits():
    fit = cluster_logistic([1.0, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 1])
    assert np.isfinite(fit.value).all() and np.isnan(fit.covariance).all() and np.isnan(fit.ratio(0)).all()


def test_what_one_cluster_alone_tells_has_a_value_and_no_limits():
    """x differs in the first of six clusters only: left out, it could not be estimated."""
    x, y = np.zeros(24), np.tile([0.0, 1, 1, 0], 6)
    x[:2] = 1
    fit = cluster_logistic(x, y, np.arange(24) // 4)
    assert np.isfinite(fit.value).all() and np.isnan(fit.ratio(0)).all() and fit.df == 4


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
def test_counts_beyond_their_total_are_refused_and_the_borders_are_not(method):
    for k, n in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="between 0 and its total"):
            method(k, n)
    assert method(0, 5)[0] == 0 and method(5, 5)[1] == 1


def test_intervals_of_shares_at_ninety_per_cent():
    """Each tail of Clopper and Pearson holds 5 %; Wilson's limits solve (p - limit)^2 = z2 limit (1 - limit) / n."""
    low, high = (float(v) for v in clopper_pearson(7, 20, 0.9))
    assert (stats.binom.sf(6, 20, low), stats.binom.cdf(7, 20, high)) == pytest.approx((0.05, 0.05))
    for limit in wilson(7, 20, 0.9):
        assert (0.35 - limit) ** 2 == pytest.approx(Z90**2 * limit * (1 - limit) / 20)
    result = fisher_exact(3, 7, 9, 2, level=0.9)
    law = stats.nchypergeom_fisher
    assert law(21, 12, 10, float(result.ci_low)).sf(2) == pytest.approx(0.05, rel=1e-6)
    assert law(21, 12, 10, float(result.ci_high)).cdf(3) == pytest.approx(0.05, rel=1e-6)
    found, (l1, u1), (l2, u2) = newcombe(7, 20, 12, 18, 0.9), wilson(7, 20, 0.9), wilson(12, 18, 0.9)
    d = 7 / 20 - 12 / 18
    assert found.ci_low == pytest.approx(d - np.hypot(0.35 - l1, u2 - 2 / 3))
    assert found.ci_high == pytest.approx(d + np.hypot(u1 - 0.35, 2 / 3 - l2))
    for totals in ((5, 0), (0, 5)):
        assert np.isnan(newcombe(0, totals[0], 0, totals[1]).difference)


def test_fisher_refuses_negative_and_broken_counts():
    for cells in ((-1, 2, 3, 4), (1, 2, 3, 4.5), ([1, -1], 2, 3, 4), (1, [2, 2.5], 3, 4)):
        with pytest.raises(ValueError, match="whole counts"):
            fisher_exact(*cells)


def test_one_stratum_of_mantel_haenszel_is_its_table():
    """(|a - row column / n| - 1/2)^2 over the hypergeometric variance; log odds ratio with variance sum of 1/cell
    (Robins, Breslow, Greenland reduce to Woolf); a stratum of one patient says nothing."""
    a, b, c, d = 12, 28, 5, 33
    n = a + b + c + d
    gap = a - (a + b) * (a + c) / n
    variance = stats.hypergeom(n, a + b, a + c).var()
    for correct, less in ((True, 0.5), (False, 0.0)):
        found = cochran_mantel_haenszel([a, 1], [b, 0], [c, 0], [d, 0], correct=correct, level=0.9)
        assert found.statistic == pytest.approx((gap - less) ** 2 / variance)
        assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))
        half = Z90 * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        ratio = a * d / (b * c)
        expected = (ratio, ratio * np.exp(-half), ratio * np.exp(half))
        assert (found.odds_ratio, found.ci_low, found.ci_high) == pytest.approx(expected)
    even = cochran_mantel_haenszel([5], [5], [5], [5])
    assert even.statistic == 0 and even.p_value == 1  # the correction takes off no more than the gap
    pair = cochran_mantel_haenszel([1], [0], [0], [1], correct=False)
    assert pair.statistic == pytest.approx(1) and np.isnan(pair.odds_ratio)  # n = 2 counts; no b and no c
    empty = cochran_mantel_haenszel([3], [4], [0], [0])
    assert np.isnan(empty.statistic) and np.isnan(empty.odds_ratio)
    none = cochran_mantel_haenszel([0], [4], [3], [5])
    assert none.odds_ratio == 0 and np.isnan(none.ci_low)


def test_the_adjusted_difference_written_out_stratum_by_stratum():
    """Greenland and Robins' weights; Sato's variance; a stratum with one row only is left out."""
    a, b, c, d = (np.array(v, float) for v in ([8, 3, 2], [4, 9, 3], [3, 2, 0], [12, 5, 0]))
    value = weight = p = q = 0.0
    for i in (0, 1):
        one, two = a[i] + b[i], c[i] + d[i]
        n = one + two
        weight += one * two / n
        value += (a[i] * two - c[i] * one) / n
        p += (one**2 * c[i] - two**2 * a[i] + one * two * (two - one) / 2) / n**2
        q += (a[i] * d[i] + c[i] * b[i]) / (2 * n)
    value /= weight
    half = Z90 * np.sqrt(value * p + q) / weight
    assert mantel_haenszel_difference(a, b, c, d, level=0.9) == pytest.approx((value, value - half, value + half))
    assert np.isnan(mantel_haenszel_difference([1], [2], [0], [0])).all()
    assert mantel_haenszel_difference([2], [0], [1], [3])[2] == 1.0
    assert mantel_haenszel_difference([1], [3], [2], [0])[1] == -1.0


def test_tangos_statistic_of_no_discordant_pair():
    """b = c = 0: the restricted share is 0, z = -n d / sqrt(n d (1 - d)), however small d."""
    for d in (0.0004, 0.01, 0.2):
        assert ag._tango_z(0, 0, 25, d) == pytest.approx(-np.sqrt(25 * d / (1 - d)))


def test_wilson_of_a_single_unit_and_of_none():
    """1 of 1: from 1 / (1 + z2) to 1; 0 of 1 mirrored; of nothing no limits."""
    low, high = wilson([1, 0, 0], [1, 1, 0])
    assert low[:2].tolist() == pytest.approx([1 / (1 + Z95**2), 0]) and high[:2].tolist() == pytest.approx(
        [1, Z95**2 / (1 + Z95**2)]
    )
    assert np.isnan(low[2]) and np.isnan(high[2])


def test_limits_of_a_ratio_leave_each_patient_out_once():
    """Jackknife of sum x / sum n, first order: d_i = (x_i - value n_i) / (1 - n_i / total); Student's t on the logit."""
    x, n = np.array([3.0, 8, 2, 9, 4]), np.array([5.0, 20, 4, 12, 10])
    for level in (0.95, 0.9):
        low, high = _ratio_limits(x, n, level)
        value = x.sum() / n.sum()
        d = (x - value * n) / (n.sum() - n)
        error = np.sqrt(4 / 5 * (d**2).sum()) / (value * (1 - value))
        half = stats.t.ppf(0.5 + level / 2, 4) * error
        middle = np.log(value / (1 - value))
        assert [np.log(p / (1 - p)) for p in (low, high)] == pytest.approx([middle - half, middle + half])


def test_a_single_patient_in_a_row_is_a_row():
    """[[1, 0], [2, 3]]: 1 - 2/5; weights of one stratum leave the plain difference."""
    assert mantel_haenszel_difference([1], [0], [2], [3])[0] == pytest.approx(0.6)
    assert mantel_haenszel_difference([2], [3], [1], [0])[0] == pytest.approx(-0.6)


def test_a_rare_outcome_that_one_column_explains_is_its_log_odds_ratio():
    """12 of 20 against 2 of 180: log(12 x 178 / (8 x 2)). Newton's steps went to and fro past it for ever, and the
    outcome counted as separated. Of patients with one row each the variance is near to Woolf's."""
    x = np.r_[np.ones(20), np.zeros(180)]
    y = np.r_[np.ones(12), np.zeros(8), np.ones(2), np.zeros(178)]
    fit = cluster_logistic(x, y, np.arange(200))
    assert fit.value == pytest.approx([np.log(2 / 178), np.log(12 * 178 / 16)])
    assert fit.covariance[1, 1] == pytest.approx(1 / 12 + 1 / 8 + 1 / 2 + 1 / 178, rel=0.2)
