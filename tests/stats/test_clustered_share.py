"""Shares over few patients who differ: bounds, symmetry, and coverage on truth drawn otherwise than the model
assumes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from oncourse.stats import cluster_logistic
from oncourse.stats.agreement import few_units_limits, gwet_ac1, kappa
from oncourse.stats.clustered_share import (
    CLUSTERED,
    EXACT,
    JACKKNIFED,
    MANY_PATIENTS,
    clustered_share,
    paired_share_test,
)
from oncourse.stats.rng import generator

rows = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_limits_hold_the_share_and_mirror(pairs):
    found = np.array([x for x, _ in pairs])
    total = found + np.array([y for _, y in pairs])
    one, other = clustered_share(found, total), clustered_share(total - found, total)
    if total.sum() == 0:
        assert np.isnan(one.value) and np.isnan(one.low)
        return
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert np.allclose([one.low, one.high], [1 - other.high, 1 - other.low], atol=1e-6)
    assert one.p_below(0.0) == 0 and one.p_below(1.0) == 1


def test_like_patients_approach_the_binomial_and_unlike_ones_do_not():
    like = clustered_share([40] * 40, [50] * 40)
    assert (like.low, like.high) == pytest.approx((0.78, 0.82), abs=0.012)
    unlike = clustered_share([50, 50, 50, 50, 0], [50] * 5)
    assert unlike.value == 0.8 and unlike.low < 0.5  # four of five patients: exact binomial .28


def test_no_discordance_among_few_patients_is_no_certainty():
    """Six patients of whom all agree printed a bootstrap interval of [1, 1]."""
    found = clustered_share([5, 3, 8, 2, 6, 4], [5, 3, 8, 2, 6, 4])
    assert found.high == 1 and found.low < 0.9


@pytest.mark.parametrize("patients", [6, 10, 20])
def test_coverage_where_patients_shares_are_logit_normal(patients):
    """The model draws them from a beta; 200 studies each, 99 % band of a coverage of .95 is .910-.990."""
    rng = generator(5, f"logit-normal {patients}")
    logits = rng.normal(1.2, 1.0, 200_000)
    truth = float((1 / (1 + np.exp(-logits))).mean())
    inside = 0
    for _ in range(200):
        n = rng.integers(3, 40, patients)
        x = rng.binomial(n, 1 / (1 + np.exp(-rng.normal(1.2, 1.0, patients))))
        found = clustered_share(x, n)
        inside += found.low <= truth <= found.high
    assert 0.91 <= inside / 200 <= 0.995


@pytest.mark.parametrize("patients, low", [(10, 0.9), (40, 0.9)])
def test_coverage_where_patients_with_many_mutations_share_fewer(patients, low):
    """The share over all mutations is .50, the mean of the patients' shares .60: limits of that mean alone cover .50 in
    87 and 64 % of studies (patients drawn again: 84 and 91 %)."""
    rng = generator(5, f"burden {patients}")

    def study(n_patient):
        share = rng.beta(1.2, 0.8, n_patient)
        n = np.maximum((rng.poisson(np.exp(rng.normal(2.7, 0.7, n_patient))) * (1.8 - 1.3 * share)).astype(int), 2)
        return rng.binomial(n, share), n

    every, of = study(300_000)
    truth = every.sum() / of.sum()
    inside = 0
    for _ in range(300):
        found = clustered_share(*study(patients))
        inside += found.low <= truth <= found.high
    assert inside / 300 > low


def test_a_share_says_how_its_limits_were_found():
    """ "Beta-binomial over patients" stood beside limits of Clopper and Pearson: 2 of 9 patients, exactly .028-.600."""
    exact = clustered_share([1, 1] + [0] * 7, [1] * 9)
    assert exact.method == EXACT and (exact.low, exact.high) == pytest.approx((0.0281, 0.6001), abs=1e-4)
    assert clustered_share([1, 1] + [0] * 7, [2] + [1] * 8).method == CLUSTERED
    assert clustered_share([1, 0] * MANY_PATIENTS, [2] * 2 * MANY_PATIENTS).method == JACKKNIFED


def test_many_patients_have_limits_as_narrow_as_their_number():
    """20,000 patients of one or two samples: the grid of means alone gave limits eight times too far apart."""
    rng = generator(8, "many")
    n = rng.integers(1, 3, 20_000)
    found = clustered_share(rng.binomial(n, 0.3), n)
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.21 / n.sum()), rel=0.1)
    assert found.low < 0.3 < found.high


def test_kappa_and_ac1_of_ten_patients_without_discordance():
    """The large-sample interval is [1, 1], which covers a truth of 2 % discordance in 18 % of studies."""
    for found, plain in zip(few_units_limits(5, 0, 0, 5), (kappa(5, 0, 0, 5), gwet_ac1(5, 0, 0, 5)), strict=True):
        assert float(plain.low) == float(plain.high) == 1.0
        assert float(found.value) == 1.0 and float(found.low) < 0.8 and float(found.high) == 1.0


@settings(max_examples=40, deadline=None)
@given(*[st.integers(0, 25)] * 4)
def test_limits_hold_kappa_and_ac1_and_repeat(both, a_only, b_only, neither):
    one, again = few_units_limits(both, a_only, b_only, neither), few_units_limits(both, a_only, b_only, neither)
    for found, same in zip(one, again, strict=True):
        if np.isnan(found.value):
            assert np.isnan(found.low)
            continue
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert found.low == same.low and found.high == same.high


def test_exact_coverage_at_two_per_cent_discordance():
    """Every table of ten units weighted by its probability: 93-98 % asked for, .99 allowed where tables are few."""
    from scipy.stats import multinomial

    n, p = 10, [0.49, 0.01, 0.01, 0.49]
    tables = [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(3) for c in range(3 - b) if a + b + c <= n]
    weight = np.array([multinomial.pmf(t, n, p) for t in tables])
    found = few_units_limits(*np.array(tables, float).T)
    for interval, statistic in zip(found, (kappa, gwet_ac1), strict=True):
        true = float(statistic(*p).value)
        told = ~np.isnan(interval.value)
        inside = (interval.low <= true) & (true <= interval.high)
        assert 0.93 <= weight[told & inside].sum() / weight[told].sum() <= 0.99


@pytest.mark.parametrize("patients", [6, 20])
def test_non_inferiority_of_variants_keeps_its_size_where_patients_differ(patients):
    """sd .2, at the margin: drawing patients again said 13.6 and 8 % of 6 and 20 patients to be non-inferior."""
    rng = generator(21, f"test/size/{patients}")
    s = 0.7 * 0.3 / 0.04 - 1
    wrong, inside = 0, 0
    for _ in range(200):
        total = 1 + rng.negative_binomial(2, 2 / 11, patients)
        found = clustered_share(rng.binomial(total, rng.beta(0.7 * s, 0.3 * s, patients)), total)
        wrong += found.p_below(0.7) < 0.025
        inside += found.low <= 0.7 <= found.high
        assert (found.p_below(0.7) < 0.025) == (found.lower_bound() > 0.7)
    assert wrong <= 0.025 * 200 + 2 * np.sqrt(0.025 * 0.975 * 200)
    assert inside / 200 >= 0.93 - 0.035


@pytest.mark.parametrize("patients", [6, 20])
def test_repeat_tissue_test_keeps_its_size(patients):
    """Plasma finds .1 fewer than repeat tissue, the margin, in patients who differ."""
    rng = generator(22, f"test/repeat/{patients}")
    wrong = 0
    for _ in range(200):
        total = 1 + rng.negative_binomial(2, 2 / 11, patients)
        share = rng.beta(8, 2, patients)
        found, repeat = rng.binomial(total, np.clip(share * 0.7 / 0.8, 0, 1)), rng.binomial(total, share)
        wrong += paired_share_test(found, repeat, total, 0.1).p_value < 0.025
    assert wrong <= 0.025 * 200 + 2 * np.sqrt(0.025 * 0.975 * 200)


@pytest.mark.parametrize("patients", [10, 40])
def test_repeat_tissue_test_keeps_its_size_where_some_patients_have_many_variants(patients):
    """Numbers of variants log-normal (sd .8), patients logit-normal, alike in both searches: the ratio of sums alone said
    8 and 6 % of 2,000 studies of 10 and 40 patients to be non-inferior at the margin; now 4 and 2 %."""
    rng = generator(23, f"test/uneven/{patients}")
    wrong, studies = 0, 300
    for _ in range(studies):
        total = 1 + rng.lognormal(4.0, 0.8, patients).astype(int)
        easy, own = rng.standard_normal((2, patients))
        # means of .9 and .8 over patients
        repeat, plasma = expit(2.564 + easy), expit(1.650 + 0.8 * easy + 0.6 * own)
        wrong += paired_share_test(rng.binomial(total, plasma), rng.binomial(total, repeat), total, 0.1).p_value < 0.025
    assert wrong <= 0.04 * studies + 2 * np.sqrt(0.04 * 0.96 * studies)


@pytest.mark.parametrize("patients, least", [(20, 0.87), (100, 0.93)])
def test_limits_hold_where_a_few_patients_shed_hardly_anything(patients, least):
    """One patient in six shares .2 of its variants, the others .86: a beta's mean is off, and covered 84 and 82 %."""
    rng = generator(24, f"test/outlying/{patients}")
    inside, studies = 0, 200
    for _ in range(studies):
        total = 1 + rng.lognormal(4.0, 0.8, patients).astype(int)
        found = clustered_share(rng.binomial(total, np.where(rng.random(patients) < 1 / 6, 0.2, 0.86)), total)
        inside += found.low <= 0.75 <= found.high
        assert (found.p_below(0.7) < 0.025) == (found.lower_bound() > 0.7)
    assert inside / studies >= least


def test_patients_who_all_agree_show_nothing_with_few():
    assert paired_share_test([4] * 4, [4] * 4, [4] * 4, 0.1).p_value > 0.025


def test_the_intercept_of_a_clustered_model_is_that_of_x_as_given():
    """Fitted on standardised columns: the intercept comes back for x = 0, so fitted shares average to the observed."""
    from oncourse.stats.cluster_logistic import cluster_logistic

    random = np.random.default_rng(4)
    x = random.normal(5, 2, 300)
    y = (random.random(300) < 1 / (1 + np.exp(-(x - 5)))).astype(float)
    beta = cluster_logistic(x, y, np.arange(300) // 5).value
    assert abs((1 / (1 + np.exp(-(beta[0] + beta[1] * x)))).mean() - y.mean()) < 1e-8


def test_the_covariance_by_clusters_is_its_definition():
    """A^-1 (sum V V') A^-1 with V = (I - M A^-1)^-1 U (Mancl, DeRouen 2001), on x as given, cluster by cluster."""
    from oncourse.stats.cluster_logistic import cluster_logistic

    random = np.random.default_rng(5)
    x, cluster, weight = random.normal(1, 2, (60, 2)), np.arange(60) // 4, random.uniform(0.5, 2, 60)
    y = (random.random(60) < 1 / (1 + np.exp(-(x[:, 0] - 1)))).astype(float)
    fit = cluster_logistic(x, y, cluster, weight)
    z = np.column_stack([np.ones(60), x])
    p = 1 / (1 + np.exp(-z @ fit.value))
    np.testing.assert_allclose(z.T @ (weight * (y - p)), 0, atol=1e-6)
    inverse = np.linalg.inv(np.einsum("ni,nj,n->ij", z, z, weight * p * (1 - p)))
    total = np.zeros((3, 3))
    for name in np.unique(cluster):
        rows = cluster == name
        information = np.einsum("ni,nj,n->ij", z[rows], z[rows], (weight * p * (1 - p))[rows])
        score = z[rows].T @ (weight * (y - p))[rows]
        pulled = np.linalg.solve(np.eye(3) - information @ inverse, score)
        total += np.outer(pulled, pulled)
    np.testing.assert_allclose(fit.covariance, inverse @ total @ inverse, rtol=1e-6)
    assert fit.df == 15 - 3
    ratio, low, high, p_value = fit.ratio(0)
    assert low < ratio < high and p_value < 0.05
    assert ratio == pytest.approx(np.exp(fit.value[1])) and low * high == pytest.approx(ratio**2)


def test_a_coefficient_that_one_cluster_decides_has_neither_limits_nor_p():
    from oncourse.stats.cluster_logistic import cluster_logistic

    assert len(cluster_logistic([1.0, 1.0], [0, 1], [0, 1]).ratio(0)) == 4
    assert np.isnan(cluster_logistic([1.0, 1.0], [0, 1], [0, 1]).ratio(0)).all()


def test_whether_shares_go_with_numbers_is_spearmans_test():
    """scipy's spearmanr: ties have their mean rank, P by Student's t; alike shares or numbers go with nothing."""
    from scipy.stats import spearmanr

    from oncourse.stats.clustered_share import GOES_WITH, _goes_with_number, _ranks

    random = np.random.default_rng(14)
    answers = set()
    for size in (8, 9, 12, 40):
        for _ in range(25):
            n = random.integers(1, 6, size).astype(float)
            x = random.binomial(n.astype(int), 0.4).astype(float)
            expected = spearmanr(n, x / n)
            assert np.corrcoef(_ranks(n), _ranks(x / n))[0, 1] == pytest.approx(expected.statistic)
            assert _goes_with_number(x, n) == (expected.pvalue < GOES_WITH)
            answers.add(_goes_with_number(x, n))
    assert answers == {True, False}
    up = np.arange(1.0, 11.0)
    assert _goes_with_number(up**2 / 20, up) and not _goes_with_number(up[:7] ** 2 / 20, up[:7])
    assert not _goes_with_number(up / 2, up) and not _goes_with_number(up / 10, np.full(10, 2.0))


def test_steps_go_on_until_every_coefficient_stands():
    """Three of four against one of four: the intercept is 0 from the first step on, the slope, log 3 (the first step alone
    says 1), is not."""
    z = np.column_stack([np.ones(8), np.repeat([1.0, -1.0], 4)])
    y = np.array([1, 1, 1, 0, 1, 0, 0, 0.0])
    found = cluster_logistic._newton(z, y, np.ones(8))
    assert found == pytest.approx([0.0, np.log(3)], abs=1e-9)
