"""Limits of a median by order statistics: Conover, Practical Nonparametric Statistics, table of the binomial."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from oncourse.stats.medians import clustered_median_interval, median_interval
from oncourse.stats.rng import generator


def test_below_six_values_no_order_statistics_cover():
    """1 - 2 / 2 ** 5 = 93.75 %, 1 - 2 / 2 ** 6 = 96.9 %."""
    assert median_interval(np.array([5.0, 1, 4, 2, 3])) == (None, None)
    assert median_interval(np.array([5.0, 1, 4, 2, 3, 9])) == (1.0, 9.0)
    assert median_interval(np.array([])) == (None, None)


@pytest.mark.parametrize("n", [6, 11, 30])
def test_the_limits_cover_the_median_of_a_skew_law(n):
    drawn = generator(4, f"median/{n}").exponential(1 / np.log(2), (3000, n))
    held = [low <= 1 <= high for low, high in map(median_interval, drawn)]
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 3000)


@pytest.mark.parametrize("patients", [6, 20])
def test_several_samples_of_a_patient_are_one_witness(patients):
    """1-4 samples of patients who differ (sd 1 to 3 of the samples' own): 82-93 % of the plain limits held the median."""
    rng = generator(9, f"clustered {patients}")
    held = []
    for _ in range(150):
        whose = np.repeat(np.arange(patients), rng.integers(1, 5, patients))
        x = rng.normal(0, 3, patients)[whose] + rng.normal(0, 1, len(whose))
        low, high = clustered_median_interval(x, whose)
        held.append((low is None or low <= 0) and (high is None or high >= 0))
    assert np.mean(held) > 0.90


def test_with_one_sample_each_the_limits_are_the_plain_ones():
    x = generator(3, "one each").normal(size=17)
    assert clustered_median_interval(x, np.arange(17)) == median_interval(x)
    assert clustered_median_interval(np.array([1.0, 2.0, 2.5]), ["a", "a", "b"]) == (None, None)


@pytest.mark.parametrize(("n", "level"), [(8, 0.9), (100, 0.5), (400, 0.9), (37, 0.95), (6, 0.95)])
def test_the_limits_are_the_innermost_order_statistics_that_cover(n, level):
    """Each tail of the binomial law of one half below the limit holds at most (1 - level) / 2, one step further more."""
    low, high = median_interval(np.arange(float(n)), level)
    k = int(low)
    assert high == n - 1 - k and binom.cdf(k, n, 0.5) <= (1 - level) / 2 < binom.cdf(k + 1, n, 0.5)


def test_where_nearly_all_are_one_value_the_limits_are_this_value():
    """A first value that few hold is no limit, though it is one of two values only; nor is the last."""
    x, whose = np.ones(60), np.arange(60) // 3
    assert clustered_median_interval(np.r_[0.0, x[1:]], whose) == (1.0, 1.0)
    assert clustered_median_interval(np.r_[2.0, x[1:]], whose) == (1.0, 1.0)


@pytest.mark.parametrize("n", [4, 5])
def test_patients_too_few_for_limits_of_their_own_have_those_of_their_samples(n):
    """Below six patients no order statistics of theirs cover; the sign test turned round may still."""
    low, high = clustered_median_interval(np.arange(4.0 * n), np.arange(4 * n) // 4)
    assert low is None or 0 <= low < 2 * n
    assert (low is None) == (high is None) and (low is None or high == 4 * n - 1 - low)
