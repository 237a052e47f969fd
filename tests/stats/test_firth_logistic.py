"""Firth's logistic regression: the 2 x 2 table in closed form, its profile by brute force, and its level."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from oncourse.stats.firth_logistic import firth_logistic


def test_a_table_is_the_log_odds_ratio_with_a_half_in_each_cell():
    """Jeffreys' prior on a saturated binomial model adds 1/2 to every cell (Firth 1993)."""
    x = np.repeat([1.0, 0.0], [12, 30])
    y = np.concatenate([np.repeat([1, 0], [9, 3]), np.repeat([1, 0], [8, 22])])
    fit = firth_logistic(x, y)
    assert fit.coef == pytest.approx(np.log(9.5 / 3.5) - np.log(8.5 / 22.5), abs=1e-7)
    short = firth_logistic([0.0, 1.0], [8 / 30, 9 / 12], weights=[30, 12])
    assert short.coef == pytest.approx(fit.coef, abs=1e-7)
    assert (short.ci_low, short.ci_high) == pytest.approx((fit.ci_low, fit.ci_high), abs=1e-5)


def test_limits_are_those_of_the_penalised_profile():
    def penalised(b, a):
        n, s = np.array([5.0, 20.0]), np.array([0.0, 10.0])
        p = 1 / (1 + np.exp(-np.array([a + b, a])))
        v = n * p * (1 - p)
        return float((s * np.log(p) + (n - s) * np.log1p(-p)).sum() + 0.5 * np.log(v.prod()))

    def profile(b):
        return -minimize_scalar(lambda a: -penalised(b, a), bounds=(-15, 15), method="bounded").fun

    fit = firth_logistic([1.0, 0.0], [0.0, 0.5], weights=[5, 20])
    top = profile(fit.coef)
    assert top >= max(profile(fit.coef + d) for d in (-0.05, 0.05))
    for limit in (fit.ci_low, fit.ci_high):
        assert top - profile(limit) == pytest.approx(3.841458821 / 2, abs=1e-4)


def test_columns_that_cannot_be_told_apart_give_nothing():
    assert np.isnan(firth_logistic(np.ones(5), [0, 1, 0, 1, 1]).coef)
    two = np.column_stack([np.arange(6.0), 2 * np.arange(6.0)])
    assert np.isnan(firth_logistic(two, [0, 1, 0, 1, 1, 0]).coef)


def test_level_and_coverage():
    """600 tables of 12 v 48 with a response of 30 %: size and coverage within the 99 % Monte Carlo band."""
    rng = np.random.default_rng(3)
    p, held = [], []
    for _ in range(600):
        low, high = rng.binomial(48, 0.3), rng.binomial(12, 0.3)
        fit = firth_logistic([0.0, 1.0], [low / 48, high / 12], weights=[48, 12])
        p.append(fit.p_value)
        held.append(fit.ci_low <= 0 <= fit.ci_high)
    assert np.mean(np.array(p) < 0.05) <= 0.073
    assert np.mean(held) >= 0.927
