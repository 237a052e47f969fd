"""Limits of a median by order statistics: Conover, Practical Nonparametric Statistics, table of the binomial."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.stats.medians import median_interval
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
