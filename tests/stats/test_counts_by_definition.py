"""Counts against scipy's laws and plain sums: beta-binomial, driver tests, exposures, leads between visits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from oncourse.stats import betabinomial as bb
from oncourse.stats.driver_tests import (
    LARGEST_P,
    MUTABLE,
    SMALLEST_P,
    burden_p,
    cauchy_combination,
    codon_p,
    hotspot_p,
    mutable_share,
    rate_spread,
    truncating_p,
)
from oncourse.stats.exposures import MIN_GAIN, bootstrap_exposures, cosine, fit_exposures, price
from oncourse.stats.fdr import benjamini_hochberg, max_t
from oncourse.stats.paired_intervals import Turns, lead
from oncourse.stats.poisson import poisson_interval
from oncourse.stats.rng import generator


def test_the_beta_binomial_is_scipys():
    k = np.arange(8)
    np.testing.assert_allclose(bb.logpmf(k, 7, 0.3, 5.0), stats.betabinom.logpmf(k, 7, 1.5, 3.5), rtol=1e-10)
    np.testing.assert_allclose(bb.logpmf(k, 7, 0.3, np.inf), stats.binom.logpmf(k, 7, 0.3), rtol=1e-10)
    np.testing.assert_allclose(bb.sf(k, 7, 0.3, 5.0), stats.betabinom.sf(k - 1, 7, 1.5, 3.5), atol=1e-12)
    assert bb.sf(7, 7, 1.0, 5.0) == 1 and bb.sf(0, 7, 0.3, 5.0) == 1
    assert bb.sf(9, 7, 0.3, 5.0) == pytest.approx(0, abs=1e-12)
    assert np.isneginf(bb.logpmf([-1, 8], 7, 0.3, 5.0)).all()
    # at 0 and 1 the law is a point, whatever the concentration
    assert bb.logpmf([0, 7], 7, [0.0, 1.0], 5.0).tolist() == [0, 0]
    assert np.isneginf(bb.logpmf([1, 6], 7, [0.0, 1.0], 5.0)).all()


def test_the_fitted_beta_binomial_has_the_greatest_likelihood_of_a_grid():
    k, n = np.array([1, 9, 4, 0, 10, 7]), np.array([10, 10, 9, 8, 12, 10])
    mean, s = bb.fit([*k, 0], [*n, 0])
    top = bb.logpmf(k, n, mean, s).sum()
    for m, c in ((mean + 0.01, s), (mean - 0.01, s), (mean, s * 1.05), (mean, s / 1.05)):
        assert bb.logpmf(k, n, m, c).sum() < top
    assert bb.fit([0, 0], [5, 9]) == (0.0, np.inf) and bb.fit([5, 9], [5, 9]) == (1.0, np.inf)
    assert np.isnan(bb.fit([0], [0])).all()
    assert bb.fit([5, 5, 1, 1, 1], [10, 10, 1, 1, 1]) == (pytest.approx(13 / 23), np.inf)  # units of one count too


def test_a_gene_as_mutable_as_its_length_says_is_counted_by_poisson():
    """All genes alike (shape 1,000) and no silent mutations: the sum of 1 - exp(-x) over patients."""
    chance = np.array([[0.1, 0.4, 0.05], [0.2, 0.2, 0.3]])
    mean, p = burden_p([2, 0], chance, [0, 0], [0, 0], 1000.0)
    expected = (1 - np.exp(-chance)).sum(1)
    np.testing.assert_allclose(mean, expected, rtol=1e-3)
    np.testing.assert_allclose(p, [stats.poisson.sf(1, expected[0]), 1.0], rtol=5e-3)


def test_silent_mutations_sharpen_a_genes_own_rate():
    """Gamma(shape + seen, shape + expected), integrated; 24 points of its quantiles are near to 2 %."""
    chance, shape, seen, usual = np.array([[0.3, 0.5, 0.2]]), 2.0, 4.0, 1.5
    law = stats.gamma(shape + seen, scale=1 / (shape + usual))

    def over(f):
        return integrate.quad(lambda r: f((1 - np.exp(-r * chance)).sum()) * law.pdf(r), 0, 12)[0]

    mean, p = burden_p([3], chance, [seen], [usual], shape)
    assert mean[0] == pytest.approx(over(lambda e: e), rel=0.01)
    assert p[0] == pytest.approx(over(lambda e: stats.poisson.sf(2, e)), rel=0.02)


def test_the_spread_of_rates_is_the_moment_estimate():
    """sum of squared means over the excess of the squared errors over Poisson's; none in excess: all alike."""
    seen, expected = np.array([9.0, 0, 5, 1]), np.array([3.0, 4, 2, 3])
    excess = (36 - 9) + (16 - 0) + (9 - 5) + (4 - 1)
    assert rate_spread(seen, expected) == pytest.approx((9 + 16 + 4 + 9) / excess)
    assert rate_spread([2], [0.5]) == pytest.approx(0.25 / (1.5**2 - 2))
    assert rate_spread([3, 4], [3, 4]) == 1e3 and rate_spread([30, 0], [3, 0.1]) == 0.3


def test_truncating_and_clustered_changes_are_binomial():
    np.testing.assert_allclose(truncating_p([3, 0], [5, 5], 0.2), [stats.binom.sf(2, 5, 0.2), 1.0])
    assert truncating_p(200, 200, 0.01) == SMALLEST_P
    # 100 codons of which a tenth are mutable: 10 codons, each hit with chance 1/10; Bonferroni over the ten
    assert hotspot_p(1, 1, 100, 0.1) == 1 == hotspot_p(3, 3, 5, 0.1)  # never less than one codon
    assert hotspot_p(4, 6, 100) == hotspot_p(4, 6, 100, 0.1)
    assert hotspot_p(4, 6, 100, 0.1) == pytest.approx(10 * stats.binom.sf(3, 6, 0.1))
    assert codon_p(3, 6, np.array([0.5, 0.25, 0.25])) == pytest.approx(
        stats.binom.sf(2, 6, 0.5) + 2 * stats.binom.sf(2, 6, 0.25)
    )
    assert codon_p(2, 2, np.array([0.5, 0.5])) == pytest.approx(0.5) and codon_p(1, 1, np.ones(1)) == 1.0


def test_the_mutable_share_is_the_largest_at_which_few_passengers_have_a_hotspot():
    assert mutable_share([], [], []) == MUTABLE[0] == mutable_share([1, 1], [3, 4], [300, 400])
    hot = ([4] * 10, [6] * 10, [400] * 10)
    share = mutable_share(*hot)
    assert (hotspot_p(*hot, share) < 0.05).mean() <= 0.05
    assert (hotspot_p(*hot, MUTABLE[MUTABLE.index(share) - 1]) < 0.05).mean() > 0.05
    assert mutable_share([200], [200], [5000]) == MUTABLE[-1] == 0.005  # one codon of two hundred


def test_cauchy_combination_takes_the_tested_and_no_veto_of_a_certain_one():
    """Mean of tan((1/2 - p) pi) over those tested, p above .99 taken as .99."""
    tan = np.tan((0.5 - np.array([0.03, 0.4])) * np.pi)
    found = cauchy_combination(np.array([[0.03, 0.4, np.nan], [0.03, 1.0, np.nan]]))
    assert found[0] == pytest.approx(0.5 - np.arctan(tan.mean()) / np.pi)
    assert found[1] == pytest.approx(0.5 - np.arctan((tan[0] + np.tan((0.5 - LARGEST_P) * np.pi)) / 2) / np.pi)
    for p in (2e-8, 1e-12):  # of equal ones it is theirs
        assert cauchy_combination(np.array([[p, p]]))[0] == pytest.approx(p)


SIGNATURES = np.array([[8, 1, 1, 0, 0, 0], [0, 0, 1, 8, 1, 0], [1, 1, 1, 1, 1, 5], [2, 2, 2, 2, 1, 1]]) / 10.0


def test_exposures_of_a_spectrum_that_two_signatures_made_are_these():
    """Expected counts 300 and 100 of two of four: the others, of which none is needed, take nothing."""
    found = fit_exposures(300 * SIGNATURES[0] + 100 * SIGNATURES[2], SIGNATURES)
    assert found.counts == pytest.approx([300, 0, 100, 0], rel=0.02, abs=1e-9) and found.counts.sum() == 400
    assert found.cosine > 0.9999
    mean = 300 * SIGNATURES[0] + 100 * SIGNATURES[2]
    most = (mean[mean > 0] * np.log(mean[mean > 0])).sum() - 400
    assert found.log_likelihood == pytest.approx(most, abs=0.05)


def test_a_signature_stays_where_it_gains_enough_or_is_usual():
    three = 0.8 * SIGNATURES[:3] + 0.2 / 6
    counts = 300 * three[0] + 24 * three[1] + 10 * three[2]
    for gain, taken in ((7.0, [True, True, False]), (0.1, [True, True, True]), (200.0, [True, False, False])):
        assert (fit_exposures(counts, three, min_gain=gain).counts > 0).tolist() == taken
    kept = fit_exposures(counts, three, min_gain=200.0, usual=(2,))
    assert kept.counts[2] > 0 and kept.counts.sum() == pytest.approx(counts.sum())


def test_one_of_eighty_signatures_that_are_not_there_is_taken_in_less_than_two_of_a_thousand():
    """Half a chi-square of one degree each: a gain of 8.4 is rare enough, 7.9 is not."""
    assert 40 * stats.chi2.sf(2 * MIN_GAIN, 1) < 0.002 < 40 * stats.chi2.sf(2 * MIN_GAIN - 1, 1)
    three = 0.8 * SIGNATURES[:3] + 0.2 / 6
    taken = [(fit_exposures(300 * three[0] + n * three[1], three).counts[1] > 0) for n in (19, 30)]
    assert taken == [False, True]


def test_a_clock_that_is_not_there_is_let_go_and_one_that_is_stays():
    """Of 1,000 mutations a usual signature must gain 1.3 (half of log 1,000 less log 9): noise kept it before. Of 50 it
    stays for anything."""
    three = 0.8 * SIGNATURES[:3] + 0.2 / 6
    rng = np.random.default_rng(3)
    alone = [rng.multinomial(1000, three[0]).astype(float) for _ in range(20)]
    assert sum(fit_exposures(row, three, usual=(0, 2)).counts[2] > 0 for row in alone) <= 3
    both = [rng.multinomial(1000, 0.85 * three[0] + 0.15 * three[2]).astype(float) for _ in range(20)]
    assert all(fit_exposures(row, three, usual=(0, 2)).counts[2] > 0 for row in both)
    # one half chi-square of one degree: half of the fits have it above zero
    few = [rng.multinomial(50, three[0]).astype(float) for _ in range(20)]
    assert sum(fit_exposures(row, three, usual=(0, 2)).counts[2] > 0 for row in few) >= 5


def test_a_signature_costs_less_where_mutations_are_few():
    """A gain of 6.84 by the likelihood of two classes: enough with 60 mutations (5.6), too little with 1,200 (8.6)."""
    pair = np.array([[0.98, 0.02], [0.5, 0.5]])
    for n, changed, taken in ((60, 7, True), (1200, 44, False)):
        counts = np.array([n - changed, changed], float)
        at = counts / n
        gain = float(counts @ np.log(at / pair[0]))
        assert (price(n) < gain) == taken and gain == pytest.approx(6.84, abs=0.01)
        assert (fit_exposures(counts, pair).counts[1] > 0) == taken


def test_one_that_stood_for_two_is_exchanged():
    """The third is nearly the mean of the others, and the best alone; with the first beside it the second gains nothing
    more, and it would lose little: 600 and 400 mutations of the first two are those two."""
    first, second = np.array([0.6, 0.3, 0.05, 0.05]), np.array([0.05, 0.05, 0.3, 0.6])
    three = np.array([first, second, 0.5 * (first + second) + [0.004, -0.004, -0.004, 0.004]])
    counts = (600 * first + 400 * second).round()
    best = [float(counts @ np.log(1000 * row) - 1000) for row in three]
    assert int(np.argmax(best)) == 2
    found = fit_exposures(counts, three)
    assert (found.counts > 0).tolist() == [True, True, False]
    assert found.counts == pytest.approx([600, 400, 0], abs=10)


def test_an_empty_spectrum_has_no_exposures_and_no_cosine():
    none = fit_exposures(np.zeros(6), SIGNATURES)
    assert none.counts.tolist() == [0] * 4 and np.isnan(none.cosine) and none.log_likelihood == 0
    assert np.isnan(cosine(np.zeros(6), SIGNATURES[0]))
    assert cosine(np.array([0.3, 0]), np.array([0.3, 0.4])) == pytest.approx(0.6)


def test_resampled_spectra_hold_as_many_mutations():
    counts = np.round(60 * SIGNATURES[0] + 40 * SIGNATURES[1])
    drawn = bootstrap_exposures(counts, SIGNATURES, 12, generator(1, "exposures"))
    assert drawn.shape == (12, 4) and drawn.sum(1) == pytest.approx(counts.sum())
    assert drawn[:, 0].mean() == pytest.approx(60, abs=6) and drawn[:, 0].std() > 1


def plain_lead(units, step, reach):
    """Profile over the sd of a normal law of leads on the grid, as the definition reads."""
    grid = np.arange(-reach, reach + step, step)
    chances = []
    for unit in units:
        last = unit.edges[-1] if np.isinf(unit.by) else unit.by + reach
        found = np.zeros(len(grid))
        for first in np.arange(unit.edges[0] + step / 2, last, step):
            inside = [i for i in range(len(unit.edges) - 1) if unit.edges[i] < first <= unit.edges[i + 1]]
            weight = unit.weights[inside[0] if inside else -1]
            found += weight * ((grid + first > unit.after) & (grid + first <= unit.by))
        chances.append(found / found.max())
    profile = np.full(len(grid), -np.inf)
    for sd in np.exp(np.linspace(np.log(step), np.log(reach / 5), 16)):
        for i, mean in enumerate(grid):
            law = np.exp(-((grid - mean) ** 2) / 2 / sd**2)
            profile[i] = max(profile[i], sum(np.log(law @ c / law.sum() + 1e-300) for c in chances))
    return grid, profile


def test_a_lead_and_its_limits_are_those_of_the_plain_profile():
    days = ((0, 20, 60), (5, 50, 90), (10, 20, 40), (0, 35, 80))
    units = [Turns(np.array([a, a + 15.0, a + 30.0]), np.array([0.7, 0.3, 0.0]), b, c) for a, b, c in days]
    grid, profile = plain_lead(units, 5.0, 150.0)
    found = lead(units, level=0.9, step=5.0, reach=150.0)
    inside = grid[profile >= profile.max() - stats.t.ppf(0.95, 3) ** 2 / 2]
    best = grid[profile >= profile.max() - 1e-6]
    assert (found.low, found.high) == (inside[0], inside[-1])
    assert found.value == (best[0] + best[-1]) / 2 and found.n == 4 and found.sd >= 5.0
    none = lead([])
    assert none.n == 0 and np.isnan([none.value, none.low, none.high, none.sd]).all()


def test_a_second_process_that_never_turned_sets_no_upper_limit():
    units = [Turns(np.array([a, a + 15.0]), np.array([1.0, 0.0]), a + 40.0, np.inf) for a in range(5)]
    found = lead(units, step=5.0, reach=150.0)
    assert np.isinf(found.high) and found.high > 0 and np.isfinite(found.low)


def test_a_turn_known_to_less_than_half_a_step_is_not_lost():
    """Blood and scans of neighbouring days, two samples of one day: no point of the grid of weeks lay between them, and
    such a patient told nothing of the lead."""
    units = [Turns(np.array([a, a, a + 2.0]), np.array([0.0, 1.0, 0.0]), a + 40.0, a + 45.0) for a in range(5)]
    found = lead(units, step=7.0, reach=150.0)
    assert 30 <= found.low <= found.value <= found.high <= 55


def test_the_exact_poisson_interval_leaves_equal_tails():
    (low,), (high,) = poisson_interval(4, 0.9)
    assert (stats.poisson.sf(3, low), stats.poisson.cdf(4, high)) == pytest.approx((0.05, 0.05))
    (low,), (high,) = poisson_interval(1, 0.9)
    assert (stats.poisson.sf(0, low), stats.poisson.cdf(1, high)) == pytest.approx((0.05, 0.05))


def test_p_values_below_nothing_are_refused_and_q_values_stay_below_one():
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([-0.1])
    assert benjamini_hochberg([0.0, 1.0, 0.9]).tolist() == [0.0, 1.0, 1.0]
    # ties are reached: 2 of maxima 2, 2, 3 reach 2 with the third
    np.testing.assert_allclose(max_t([2.0, 2.5], np.array([2.0, 2.0, 3.0])), [1.0, 0.5])


def test_genes_that_vary_no_more_than_by_chance_are_all_alike():
    """By moments the shape is sum(mean^2) / sum((n - mean)^2 - n): without excess, or with nothing expected, no spread."""
    assert rate_spread([4.0], [2.0]) == 1e3  # (4 - 2)^2 - 4 = 0
    assert rate_spread([2.0], [0.0]) == 1e3  # nothing expected: an excess of 2 over no square
    assert rate_spread([10.0], [2.0]) == pytest.approx(0.3)  # 4 / 54 is below the limit
    assert rate_spread([9.0, 3.0], [5.0, 3.0]) == pytest.approx(34 / 4)  # 16 - 9 - 3 = 4


def test_no_more_than_twelve_signatures_are_taken():
    """Fourteen of sixteen classes, a signature each, 1,000 mutations in each."""
    found = fit_exposures(np.r_[np.full(14, 1000.0), 0, 0], np.eye(16) * 0.9 + 0.1 / 16)
    assert (found.counts > 0).sum() == 12
