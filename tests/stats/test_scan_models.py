"""Adjusted models, Firth's penalty and the test of constant ratios of many features: each by its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from oncourse.stats.cox import fit_cox, survival_data
from oncourse.stats.profile import profile_interval
from oncourse.stats.scan_models import changes_with_time, fit_features_beside
from oncourse.stats.zph import proportional_hazards


def study(n=120, seed=1):
    """Late entry, tied days; numbers and a yes-or-no beside them, some unknown."""
    random = np.random.default_rng(seed)
    entry = np.floor(random.uniform(0, 200, n) * (random.random(n) < 0.6))
    covariates = np.column_stack([random.normal(60, 8, n), random.random(n) < 0.3, random.normal(size=n)])
    life = entry + random.exponential(300 / np.exp(0.04 * (covariates[:, 0] - 60) + 0.5 * covariates[:, 1]))
    loss = entry + random.uniform(50, 900, n)
    days = np.maximum(np.ceil(np.minimum(life, loss) / 20) * 20, entry + 1)
    covariates[random.random(n) < 0.05, 2] = np.nan
    return survival_data(days, life <= loss, entry=entry), covariates


def terms(data, x, beta):
    """Log likelihood (Efron) and information at beta, risk set by risk set."""
    loglik, info = 0.0, np.zeros((x.shape[1], x.shape[1]))
    r = np.exp(x @ beta)
    for t in np.unique(data.time[data.event]):
        risk, dead = (data.entry < t) & (data.time >= t), data.event & (data.time == t)
        loglik += (x[dead] @ beta).sum()
        for k in range(int(dead.sum())):
            w = r * risk - k / dead.sum() * r * dead
            loglik -= np.log(w.sum())
            mean = w @ x / w.sum()
            info += (x - mean).T @ ((x - mean) * w[:, None]) / w.sum()
    return loglik, info


def penalised(data, x, beta):
    loglik, info = terms(data, x, beta)
    return loglik + 0.5 * np.linalg.slogdet(info)[1]


@pytest.mark.parametrize("efron", [True, False])
@pytest.mark.parametrize("firth", [False, True])
def test_height_score_and_information_are_those_of_the_risk_sets(efron, firth):
    """Tied days, late entry, strata, weights (one 0), an offset: term by term; the score is the height's slope."""
    from oncourse.stats._cox import cox_terms

    random = np.random.default_rng(11)
    n = 50
    entry = np.floor(random.uniform(0, 6, n) * (random.random(n) < 0.5))
    time, event = entry + np.ceil(random.exponential(4, n)), random.random(n) < 0.7
    x, offset, weights = random.normal(size=(n, 3)), 0.2 * random.normal(size=n), random.integers(0, 3, n) / 2
    stratum, beta = np.arange(n) % 2, np.array([0.4, -0.3, 0.8])
    data = survival_data(time, event, entry=entry, strata=stratum, weights=weights)

    def kernel(b):
        return cox_terms(*data.kernel, x, offset, weights, b, efron, firth)

    loglik, info, r = 0.0, np.zeros((3, 3)), weights * np.exp(x @ beta + offset)
    for s in (0, 1):
        dies = (stratum == s) & event & (weights > 0)
        for t in np.unique(time[dies]):
            risk, dead = (stratum == s) & (entry < t) & (time >= t), dies & (time == t)
            loglik += weights[dead] @ (x[dead] @ beta + offset[dead])
            d = int(dead.sum())
            for k in range(d):
                w, each = r * risk - (k / d if efron else 0.0) * r * dead, weights[dead].sum() / d
                mean = w @ x / w.sum()
                loglik -= each * np.log(w.sum())
                info += each * (x - mean).T @ ((x - mean) * w[:, None]) / w.sum()
    height, score, matrix, bare = kernel(beta)
    np.testing.assert_allclose(matrix, info, rtol=1e-10)
    assert bare == pytest.approx(loglik, rel=1e-12)
    assert height == pytest.approx(loglik + (0.5 * np.linalg.slogdet(info)[1] if firth else 0.0), rel=1e-12)
    slope = [(kernel(beta + h)[0] - kernel(beta - h)[0]) / 2e-5 for h in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(score, slope, rtol=1e-6, atol=1e-7)


def part(data, rows):
    return survival_data(data.time[rows], data.event[rows], entry=data.entry[rows])


def test_firths_estimate_is_the_maximum_of_the_penalised_likelihood():
    """Firth 1993: half the log determinant of the information is added; tied days, late entry, three columns."""
    data, covariates = study(60)
    rows = ~np.isnan(covariates).any(1)
    here, x = part(data, rows), (covariates[rows] - covariates[rows].mean(0)) / covariates[rows].std(0)
    x[:, 1] = np.arange(rows.sum()) % 17 == 0
    fit = fit_cox(here, None, x, penalty="firth")
    found = optimize.minimize(lambda b: -penalised(here, x, b), np.zeros(3), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(fit.coef, found.x, atol=2e-5)
    np.testing.assert_allclose(fit.variance, np.linalg.inv(terms(here, x, fit.coef)[1]), rtol=1e-7)


def test_a_firth_limit_is_where_the_penalised_profile_has_fallen():
    """Heinze, Schemper 2001: maximised over the other columns, by half of chi-square's 95 % point."""
    data, covariates = study(60)
    rows = ~np.isnan(covariates).any(1)
    here, x = part(data, rows), (covariates[rows] - covariates[rows].mean(0)) / covariates[rows].std(0)
    fit = fit_cox(here, None, x, penalty="firth")
    found = profile_interval(fit, 0)

    def height(b):
        return -optimize.minimize(
            lambda rest: -penalised(here, x, np.concatenate([[b], rest])), fit.coef[1:], method="BFGS"
        ).fun

    top = penalised(here, x, fit.coef)
    for limit in (found.ci_low, found.ci_high):
        assert top - height(limit) == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, abs=1e-5)
    assert found.p_value == pytest.approx(stats.chi2.sf(2 * (top - height(0.0)), 1), rel=1e-4)


@pytest.mark.parametrize("late", [False, True])
def test_features_beside_covariates_equal_single_fits(late):
    """Each on the rows where it and every covariate is known; Firth's with profile limits where asked or needed."""
    data, covariates = study(240, 2)
    data = data if late else survival_data(data.time, data.event)
    random = np.random.default_rng(3)
    x = (random.random((240, 7)) < [0.4, 0.2, 0.1, 0.05, 0.02, 0.3, 0.5]).astype(np.int8)
    x[random.random(x.shape) < 0.1] = -1
    x[:, 4] = (data.time > np.quantile(data.time, 0.9)) & ~data.event  # nobody altered has the event
    x[:, 5] = x[:, 0]
    covariates = np.column_stack([covariates, x[:, 5] == 1])  # the feature again: what is left has no coefficient
    firth = np.array([False, False, True, True, False, False, False])
    found = fit_features_beside(data, x, covariates, firth=firth, events_per_coefficient=5)
    assert found.is_fitted.all() and found.is_firth.tolist() == [False, False, True, True, True, False, False]
    for j in range(7):
        rows = (x[:, j] >= 0) & ~np.isnan(covariates).any(1)
        here, columns = part(data, rows), np.column_stack([x[rows, j], covariates[rows]])
        fit = fit_cox(here, None, columns)
        if not found.is_firth[j]:
            low, high = fit.interval()
            np.testing.assert_allclose(np.exp([found.ci_low[j], found.ci_high[j]]), [low[0], high[0]], rtol=1e-9)
            expected = fit.coef[0], fit.p_value[0]
        else:
            assert firth[j] or fit.is_infinite.any()
            profile = profile_interval(fit_cox(here, None, columns, penalty="firth"), 0)
            np.testing.assert_allclose([found.ci_low[j], found.ci_high[j]], profile[1:3], rtol=1e-7)
            expected = profile.coef, profile.p_value
        np.testing.assert_allclose([found.coef[j], found.p_value[j]], expected, rtol=1e-7)


def test_what_is_the_same_patients_is_fitted_once():
    data, covariates = study(80, 8)
    x = (np.random.default_rng(9).random((80, 3)) < 0.3).astype(np.int8)
    twice = np.column_stack([x, x[:, [1]], 1 - x[:, [1]]])
    found = fit_features_beside(
        data, twice, covariates, firth=np.array([False, False, True, False, False]), events_per_coefficient=1
    )
    np.testing.assert_array_equal(found.coef[3], found.coef[1])
    assert found.coef[4] == pytest.approx(-found.coef[1]) and found.is_firth.tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]
    as_firth = fit_features_beside(
        data, twice, covariates, firth=np.array([False, True, False, False, False]), events_per_coefficient=1
    )
    assert as_firth.is_firth[1] and not as_firth.is_firth[3] and as_firth.coef[1] != as_firth.coef[3]
    changing = changes_with_time(data, twice)
    assert changing[3] == changing[1] == pytest.approx(changing[4])


def test_too_few_events_for_the_covariates_give_no_estimate():
    data, covariates = study(40)
    x = np.random.default_rng(4).normal(size=(40, 2))
    x[:, 1] = 1.0
    events = int((data.event & ~np.isnan(covariates).any(1)).sum())
    for least, told in ((events // 4, True), (events // 4 + 1, False)):
        found = fit_features_beside(data, x, covariates, firth=np.zeros(2, bool), events_per_coefficient=least)
        assert found.is_fitted.tolist() == [told, False] and np.isnan(found.coef).tolist() == [not told, True]


@pytest.mark.parametrize("late", [False, True])
def test_changes_with_time_equal_the_test_of_single_fits(late):
    """R's cox.zph on its own scale, 1 - Kaplan-Meier (checked there in `test_zph`)."""
    data, covariates = study(200, 5)
    data = data if late else survival_data(data.time, data.event)
    random = np.random.default_rng(6)
    x = np.column_stack([random.random(200) < 0.3, covariates[:, 2], covariates[:, 0], np.ones(200)]).astype(float)
    x[random.random(200) < 0.2, 0] = np.nan
    found = changes_with_time(data, x, min_events=10)
    for j in range(3):
        rows = ~np.isnan(x[:, j])
        here = part(data, rows)
        single = proportional_hazards(fit_cox(here, None, x[rows, j])).overall.p_value
        assert found[j] == pytest.approx(single, rel=1e-8)
    assert np.isnan(found[3]) and np.isnan(changes_with_time(data, x, min_events=1000)).all()
    with pytest.raises(ValueError, match="one stratum"):
        changes_with_time(survival_data(data.time, data.event, strata=np.arange(200) % 2), x)
