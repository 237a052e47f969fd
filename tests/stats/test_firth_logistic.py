"""Firth's logistic regression: the 2 x 2 table in closed form, its profile by brute force, and its level."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.optimize import minimize_scalar

from oncourse.stats.firth_logistic import firth_logistic, fit_features


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


def patients(n=90, seed=4):
    """Age, a yes or no with some unknown, a number that nobody differs in; findings of few and of many; the response."""
    random = np.random.default_rng(seed)
    age, yes = random.normal(60, 8, n), (random.random(n) < 0.3).astype(float)
    y = random.random(n) < 1 / (1 + np.exp(-(0.05 * (age - 60) + 0.8 * yes - 0.5)))
    x = (random.random((n, 6)) < [0.4, 0.1, 0.04, 0.5, 0.3, 0.3]).astype(float)
    x[:, 2] = y & (random.random(n) < 0.1)  # no carrier without the response
    x[:, 3] = np.exp(random.normal(size=n))
    x[random.random(n) < 0.2, 0] = np.nan
    x[:, 5] = x[:, 4]
    covariates = np.column_stack([age, yes, np.ones(n)])
    covariates[random.random(n) < 0.1, 1] = np.nan
    return x, y, covariates


def test_features_beside_covariates_are_where_the_penalised_profile_has_fallen():
    """Firth 1993, Heinze and Schemper 2002, written out: half the log determinant of the information is added."""
    x, y, covariates = patients()
    found = fit_features(x, y, covariates)
    for j in range(5):
        rows = ~np.isnan(x[:, j]) & ~np.isnan(covariates).any(axis=1)
        design = np.column_stack([np.ones(rows.sum()), x[rows, j], (covariates[rows, 0] - 60) / 8, covariates[rows, 1]])

        def height(beta, design=design, target=y[rows]):
            chance = 1 / (1 + np.exp(-design @ beta))
            info = (design * (chance * (1 - chance))[:, None]).T @ design
            likely = np.log(np.where(target, chance, 1 - chance)).sum()
            return float(likely + 0.5 * np.linalg.slogdet(info)[1])

        def profile(b, height=height):
            def lost(rest):
                return -height(np.array([rest[0], b, *rest[1:]]))

            return -optimize.minimize(lost, np.zeros(3), method="BFGS", options={"gtol": 1e-6}).fun

        top = profile(found.coef[j])
        step = 0.02 * (found.ci_high[j] - found.ci_low[j])
        assert top > max(profile(found.coef[j] + d) for d in (-step, step))
        for limit in (found.ci_low[j], found.ci_high[j]):
            assert top - profile(limit) == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, abs=2e-4)
        assert found.p_value[j] == pytest.approx(stats.chi2.sf(2 * (top - profile(0.0)), 1), rel=2e-3)
    assert [values[5] for values in found] == [values[4] for values in found]


def test_each_feature_is_fitted_as_it_is_alone():
    """With others it begins from the same model without any feature, so that no order of features shows."""
    x, y, covariates = patients()
    together = np.array(fit_features(x, y, covariates))
    apart = np.column_stack([np.array(fit_features(x[:, [j]], y, covariates)) for j in range(x.shape[1])])
    np.testing.assert_array_equal(together, apart)


def test_an_estimate_needs_events_for_its_coefficients_and_columns_that_differ():
    x, y, covariates = patients()
    known = ~np.isnan(covariates).any(axis=1)
    rarer = min(y[known].sum(), (~y[known]).sum())  # intercept apart there are three: the constant counts for nothing
    assert np.isfinite(fit_features(x[:, 4:5], y, covariates, events_per_coefficient=rarer / 3).coef).all()
    assert np.isnan(fit_features(x[:, 4:5], y, covariates, events_per_coefficient=rarer / 3 + 0.01).coef).all()
    assert np.isnan(fit_features(x[:, 4:5], y, covariates[:, 2:]).coef).all()  # nothing to stand beside
    assert np.isnan(fit_features(x[:, 4:5], y, x[:, [4, 4]]).coef).all()
    assert np.isnan(fit_features(np.ones((90, 1)), y, covariates).coef).all()
    assert np.isnan(fit_features(np.full((90, 1), np.nan), y, covariates).coef).all()


def test_a_column_that_parts_the_outcomes_altogether_has_a_finite_estimate():
    """Complete separation: the likelihood rises for ever, the penalised one does not (Heinze, Schemper 2002)."""
    _, y, covariates = patients()
    found = fit_features(np.column_stack([y.astype(float)]), y, covariates[:, :1])
    assert 0 < found.ci_low[0] < found.coef[0] < found.ci_high[0] < 50 and found.p_value[0] < 1e-9


def test_nobody_and_a_column_that_is_the_same_everywhere_give_nothing():
    for x, y in ((np.zeros((0, 1)), []), ([1.0, 1, 1], [0, 1, 1]), (np.c_[[0.0, 1, 0], [2.0, 2, 2]], [0, 1, 1])):
        assert np.isnan(firth_logistic(x, y).coef)
