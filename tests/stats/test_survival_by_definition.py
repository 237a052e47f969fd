"""Curves, tests and Cox models against their definitions written out plainly: edges, levels, influences by nudging."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from oncourse.stats.competing import cumulative_incidence, fine_gray
from oncourse.stats.cox import fit_cox, survival_data
from oncourse.stats.interval import turnbull, weibull_interval
from oncourse.stats.km import follow_up, kaplan_meier
from oncourse.stats.logrank import logrank
from oncourse.stats.profile import profile_interval
from oncourse.stats.rmst import compare_restricted_means, restricted_mean
from oncourse.stats.scan import scan_cox
from oncourse.stats.truncation import conditional_tau, dependent_truncation
from oncourse.stats.zph import proportional_hazards

Z90, Z95 = stats.norm.ppf([0.95, 0.975])


def test_a_curve_at_a_time_counts_who_is_still_there_and_ends_with_follow_up():
    """At risk in (entry, time]; before the first exit 1 without error; past a last exit above 0 not known."""
    curve = kaplan_meier([2, 3, 5, 8], [1, 0, 1, 0], entry=[0, 1, 3, 0])
    at = curve.at([1, 2, 3, 8, 9])
    assert at.survival.tolist()[:4] == [1.0, 2 / 3, 2 / 3, 1 / 3] and np.isnan(at.survival[4])
    assert at.n_risk.tolist() == [2, 3, 2, 1, 0] and at.std_err[0] == 0 and np.isnan(at.std_err[4])
    assert at.ci_low[0] == pytest.approx(0.025**0.5) and at.ci_high[0] == 1  # two at risk, nobody lost yet
    assert kaplan_meier([1, 2], [1, 1]).at([5]).survival[0] == 0  # a curve at 0 stays there
    nobody = kaplan_meier([], []).at([1])
    assert np.isnan(nobody.survival[0]) and nobody.n_risk[0] == 0
    assert curve.n_censor.tolist() == [0, 1, 0, 1] and (curve.n, curve.events) == (4, 2)


def test_quantiles_are_where_the_curve_falls_to_the_share():
    """Ten deaths on days 1-10: 30 % have died on day 3 to 4 (the step lies on .7: its middle), 35 % on day 4."""
    curve = kaplan_meier(np.arange(1, 11), np.ones(10))
    assert curve.quantile(0.3).value == 3.5 and curve.quantile(0.35).value == 4 and curve.median.value == 5.5
    below = curve.ci_low <= 0.65 + 1e-9
    assert curve.quantile(0.35).ci_low == curve.time[below][0]
    assert np.isnan(kaplan_meier([1, 2, 3], [1, 0, 0]).median.value)


@pytest.mark.parametrize("kind", ["log-log", "log", "plain"])
def test_limits_of_a_curve_are_normal_on_their_scale(kind):
    """Greenwood: sum of d / (n (n - d)); 20 patients, three deaths by day 4, one lost."""
    curve = kaplan_meier(np.arange(1, 21), [1, 0, 1, 1] + [0] * 16, level=0.9, conf_type=kind)
    s = 19 / 20 * 17 / 18 * 16 / 17
    error = np.sqrt(1 / (20 * 19) + 1 / (18 * 17) + 1 / (17 * 16))
    at = curve.at([4])
    expected = {
        "log-log": [s ** np.exp(-Z90 * error / np.log(s)), s ** np.exp(Z90 * error / np.log(s))],
        "log": [s * np.exp(-Z90 * error), min(1, s * np.exp(Z90 * error))],
        "plain": [s - Z90 * s * error, min(1, s + Z90 * s * error)],
    }[kind]
    assert [at.survival[0], at.std_err[0]] == pytest.approx([s, s * error])
    assert [at.ci_low[0], at.ci_high[0]] == pytest.approx(expected)
    assert (np.nan_to_num(curve.ci_low) >= 0).all() and (np.nan_to_num(curve.ci_high) <= 1).all()


def test_bad_survival_rows_are_refused():
    for arguments, words in (
        (([1, 2], [1, 2]), "true/false"),
        (([1, 2], [1, 0], [0]), "one value per row"),
        (([1, np.nan], [1, 0]), "must be known"),
        (([1, 2], [1, 0], [0, 2]), "1 rows are never at risk"),
    ):
        with pytest.raises(ValueError, match=words):
            kaplan_meier(*arguments[:2], entry=arguments[2] if len(arguments) > 2 else None)
    with pytest.raises(ValueError, match="weights 0 or more"):
        kaplan_meier([1, 2], [1, 0], weights=[1, -1])
    with pytest.raises(ValueError, match="conf_type"):
        kaplan_meier([1, 2], [1, 0], conf_type="normal")


def test_times_that_differ_by_rounding_are_one():
    """A share of 1.5e-8 of their mean, and of 1 below it: .004 of a million is rounding, .02 of it is not."""
    assert kaplan_meier([1e6, 1e6 + 0.004, 1e6 + 0.5], [1, 1, 1]).time.size == 2
    assert kaplan_meier([1e6, 1e6 + 0.02, 1e6 + 0.5], [1, 1, 1]).time.size == 3
    assert kaplan_meier([0.01, 0.01 + 1e-8, 0.02], [1, 1, 1]).time.size == 2
    with pytest.raises(ValueError, match="one value per row"):
        kaplan_meier([[1.0, 2.0]], [[1, 0]])


def rows(n=24, seed=2):
    """Late entry, ties, two causes, weights that are not whole."""
    random = np.random.default_rng(seed)
    entry = random.integers(0, 3, n).astype(float)
    time = entry + random.integers(1, 9, n)
    return time, random.integers(0, 3, n), entry, random.uniform(0.5, 2, n)


def nudged(of, weights, h=1e-6):
    """Root of the sum of squared (weight x derivative by the weight), row by row."""
    each = []
    for i in range(len(weights)):
        up, down = weights.copy(), weights.copy()
        up[i] += h
        down[i] -= h
        each.append(weights[i] * (of(up) - of(down)) / (2 * h))
    return np.sqrt((np.array(each) ** 2).sum(0))


def test_the_robust_error_of_a_weighted_curve_is_its_infinitesimal_jackknife():
    time, cause, entry, weights = rows()
    curve = kaplan_meier(time, cause > 0, entry=entry, weights=weights)
    inner = curve.survival > 1e-6
    error = nudged(lambda w: kaplan_meier(time, cause > 0, entry=entry, weights=w, robust=False).survival, weights)
    np.testing.assert_allclose(curve.std_err[inner], error[inner], rtol=1e-5)


def test_the_error_of_an_incidence_is_its_infinitesimal_jackknife():
    time, cause, entry, weights = rows()
    curve = cumulative_incidence(time, cause, entry=entry, weights=weights, level=0.9)
    error = nudged(lambda w: cumulative_incidence(time, cause, entry=entry, weights=w).incidence, weights)
    np.testing.assert_allclose(curve.std_err, error, rtol=1e-4, atol=1e-8)
    inner = (curve.incidence[0] > 0) & (curve.incidence[0] < 1)
    f, e = curve.incidence[0, inner], curve.std_err[0, inner]
    reach = Z90 * e / (f * np.log(f))
    np.testing.assert_allclose(curve.ci_low[0, inner], f ** np.exp(-reach), rtol=1e-9)
    np.testing.assert_allclose(curve.ci_high[0, inner], f ** np.exp(reach), rtol=1e-9)


def test_an_incidence_at_a_time_is_known_to_the_end_of_follow_up():
    curve = cumulative_incidence([2, 3, 5], [1, 2, 0])
    value, error, low, high = curve.at([1, 2, 5, 6], 1)
    assert value.tolist()[:3] == [0, pytest.approx(1 / 3), pytest.approx(1 / 3)] and np.isnan(value[3])
    assert (
        error[0] == 0
        and (low[0], high[0]) == (0, pytest.approx(1 - 0.025 ** (1 / 3)))
        and (curve.n, curve.last) == (3, 5)
    )
    ended = cumulative_incidence([2, 3], [1, 2])
    assert ended.at([9], 2)[0][0] == 0.5  # nobody is left: it stays
    none = cumulative_incidence([2, 3], [0, 0])
    assert none.causes == (1,) and none.at([1], 1)[0][0] == 0
    with pytest.raises(ValueError, match="cause is 0"):
        cumulative_incidence([2, 3], [0, -1])


def test_fine_gray_without_competing_events_is_cox_and_checks_its_rows():
    """Then nobody stays at risk after an event: Breslow's Cox model, and its robust variance without censoring."""
    random = np.random.default_rng(4)
    time, x = random.permutation(40) + 1.0, random.normal(size=(40, 2))
    found, cox = fine_gray(time, np.ones(40, int), x), fit_cox(time, np.ones(40), x, robust=True, ties="breslow")
    np.testing.assert_allclose(found.coef, cox.coef, rtol=1e-6)
    np.testing.assert_allclose(found.std_err, cox.std_err, rtol=1e-6)
    np.testing.assert_allclose(found.p_value, 2 * stats.norm.sf(np.abs(found.coef / found.std_err)))
    assert (found.n, found.n_event) == (40, 40)
    with pytest.raises(ValueError, match="one row per time"):
        fine_gray(time, np.ones(40, int), x[1:])
    with pytest.raises(ValueError, match="known in every row"):
        fine_gray([1, 2], [1, 0], [0.0, np.nan])


def test_who_is_lost_before_anything_happens_changes_no_subdistribution_hazard():
    """At risk at no event, and of the censoring curve only a factor that cancels."""
    random = np.random.default_rng(5)
    time, cause, x = random.permutation(40) + 1.0, random.integers(0, 3, 40), random.normal(size=40)
    plain = fine_gray(time, cause, x)
    more = fine_gray([0.5, *time], [0, *cause], [2.0, *x])
    np.testing.assert_allclose([more.coef, more.std_err], [plain.coef, plain.std_err], rtol=1e-8)


def test_a_finite_coefficient_beside_an_infinite_one_is_that_of_the_limit():
    """The four of group 1 die first: held there by a large offset, the other column has this fit alone."""
    time, group = np.arange(1.0, 13), np.repeat([1.0, 0.0], [4, 8])
    x = np.random.default_rng(6).normal(size=12)
    both = fit_cox(time, np.ones(12), np.column_stack([group, x]))
    alone = fit_cox(time, np.ones(12), x, offset=30 * group)
    assert both.is_infinite.tolist() == [True, False]
    np.testing.assert_allclose([both.coef[1], both.std_err[1]], [alone.coef[0], alone.std_err[0]], rtol=1e-5)


def test_a_ridge_penalty_gives_every_column_a_coefficient():
    """Of two columns that say the same each takes half."""
    time, cause, entry, _ = rows(30, 3)
    x = np.random.default_rng(7).normal(size=30)
    fit = fit_cox(time, cause > 0, np.column_stack([x, x, np.ones(30)]), entry=entry, penalty=1.0)
    assert fit.coef[0] == pytest.approx(fit.coef[1]) and fit.coef[0] != 0 and fit.coef[2] == pytest.approx(0)


def test_the_restricted_mean_is_the_area_under_the_curve():
    """1, 2, 4 die of four, one lost on day 3: heights 1, 3/4, 1/2, 1/2, 0; to day 3.5: 1 + .75 + .75 = 2.5."""
    curve = kaplan_meier([1, 2, 3, 4], [1, 1, 0, 1])
    found = restricted_mean(curve, 3.5, level=0.9)
    error = np.sqrt(1.5**2 / (4 * 3) + 0.75**2 / (3 * 2))
    assert (found.value, found.std_err) == pytest.approx((2.5, error))
    assert (found.ci_low, found.ci_high) == pytest.approx((2.5 - Z90 * error, 2.5 + Z90 * error))
    assert restricted_mean(curve, 9).value == pytest.approx(1 + 0.75 + 2 * 0.5)  # at 0 the area is complete
    assert restricted_mean(curve, 4).value == pytest.approx(2.75)
    assert np.isnan(restricted_mean(kaplan_meier([1, 2], [1, 0]), 3).value)
    assert restricted_mean(kaplan_meier([1, 2], [1, 0]), 2).value == 1.5  # followed just to the horizon


def test_restricted_means_are_compared_by_difference_and_ratio():
    time, event = np.array([1.0, 2, 3, 4, 2, 3, 5, 6]), np.array([1, 1, 0, 1, 1, 0, 1, 0])
    group, entry = np.repeat([1, 0], 4), np.array([0, 0, 1, 0, 0, 1, 0, 2.0])
    found = compare_restricted_means(time, event, group, 4.0, entry=entry, level=0.9)
    one = restricted_mean(kaplan_meier(time[:4], event[:4], entry=entry[:4]), 4.0, level=0.9)
    zero = restricted_mean(kaplan_meier(time[4:], event[4:], entry=entry[4:]), 4.0, level=0.9)
    assert (found.group[:4], found.reference[:4]) == (one[:4], zero[:4])
    for mean, gap, error, scale in (
        (found.difference, one.value - zero.value, np.hypot(one.std_err, zero.std_err), lambda v: v),
        (
            found.ratio,
            np.log(one.value / zero.value),
            np.hypot(one.std_err / one.value, zero.std_err / zero.value),
            np.exp,
        ),
    ):
        expected = [scale(gap), error, scale(gap - Z90 * error), scale(gap + Z90 * error)]
        assert list(mean[:4]) == pytest.approx(expected)
        assert mean.p_value == pytest.approx(2 * stats.norm.sf(abs(gap) / error))


def test_conditional_tau_counts_the_pairs_that_were_there_together():
    time, cause, entry, _ = rows(14)
    event, score, pairs = cause > 0, 0, 0
    for i in range(14):
        for j in range(i + 1, 14):
            first, other = (i, j) if time[i] <= time[j] else (j, i)
            if max(entry[i], entry[j]) > time[first]:
                continue
            if time[i] == time[j]:
                pairs += 1
            elif event[first]:
                pairs += 1
                score += np.sign(entry[other] - entry[first])
    assert conditional_tau(time, event, entry) == (pytest.approx(score / pairs), pairs)
    assert np.isnan(conditional_tau([3], [1], [0])[0])
    for entered, died in (([1, 1, 1], [1, 0, 1]), ([0, 1, 2], [0, 0, 0])):
        assert np.isnan(dependent_truncation([3, 4, 5], died, entered).log_hazard_ratio)


def test_a_weighted_log_rank_test_is_written_out():
    """Weight S(t-)^rho (1 - S(t-))^gamma on observed minus expected and, squared, on the hypergeometric variance."""
    time, cause, entry, _ = rows(30, 6)
    event, group = cause > 0, np.arange(30) % 2
    seen = usual = variance = 0.0
    s = 1.0
    for t in np.unique(time[event]):
        risk = (entry < t) & (time >= t)
        n, n1 = risk.sum(), (risk & (group == 1)).sum()
        d, d1 = (event & (time == t)).sum(), (event & (time == t) & (group == 1)).sum()
        w = s**0.5 * (1 - s) ** 2
        seen, usual = seen + w * d1, usual + w * d * n1 / n
        variance += w**2 * d * n1 / n * (1 - n1 / n) * (n - d) / max(n - 1, 1)
        s *= 1 - d / n
    found = logrank(time, event, group, entry=entry, rho=0.5, gamma=2.0)
    assert (found.observed[1], found.expected[1]) == pytest.approx((seen, usual))
    assert found.statistic == pytest.approx((seen - usual) ** 2 / variance) and found.df == 1
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))
    assert found.groups == (0, 1) and found.n.tolist() == [15, 15]
    third = logrank([0.5, *time], [0, *event], [2, *group], entry=[0, *entry], rho=0.5, gamma=2.0)
    assert (third.df, third.statistic) == (1, pytest.approx(found.statistic))  # a group never at risk at an event
    nothing = logrank([1, 2], [0, 0], [0, 1])
    assert np.isnan(nothing.statistic) and np.isnan(nothing.p_value) and nothing.df == 0


def test_quantities_of_a_cox_model_follow_from_its_coefficients():
    time, cause, entry, _ = rows(60, 7)
    x = np.random.default_rng(8).normal(size=(60, 2))
    fit = fit_cox(time, cause > 0, x, entry=entry)
    b, v = fit.coef, fit.variance
    assert fit.wald_test.statistic == pytest.approx(b @ np.linalg.inv(v) @ b) and fit.wald_test.df == 2
    assert fit.lr_test.statistic == pytest.approx(2 * (fit.loglik[1] - fit.loglik[0]))
    assert fit.lr_test.p_value == pytest.approx(stats.chi2.sf(fit.lr_test.statistic, 2))
    for test in (fit.score_test, fit.wald_test):
        assert test.statistic == pytest.approx(fit.lr_test.statistic, rel=0.3) and test.df == 2
    low, high = fit.interval(0.9)
    np.testing.assert_allclose([low, high], [np.exp(b - Z90 * fit.std_err), np.exp(b + Z90 * fit.std_err)])
    np.testing.assert_allclose(fit.hazard_ratio, np.exp(b))
    np.testing.assert_allclose(fit.p_value, 2 * stats.norm.sf(np.abs(b / fit.std_err)))
    np.testing.assert_allclose(fit.linear_predictor(), x @ b)
    np.testing.assert_allclose(fit.linear_predictor([[1.0, 2.0]]), [b[0] + 2 * b[1]])
    assert (fit.n, fit.n_event, fit.converged, fit.names) == (60, (cause > 0).sum(), True, ("x1", "x2"))


def test_each_stratum_has_its_own_baseline():
    """A coefficient held at 0: Nelson and Aalen's sum of each stratum alone."""
    fit = fit_cox([1, 2, 3, 1, 2], [1, 1, 0, 0, 1], [0.0, 1, 0, 1, 0], strata=list("aaabb"), penalty=1e9)
    for stratum, times, hazard in ((0, [1, 2], [1 / 3, 1 / 3 + 1 / 2]), (1, [2], [1.0])):
        at, cumulative = fit.baseline_hazard(stratum)
        assert at.tolist() == times and cumulative == pytest.approx(hazard, rel=1e-6)
    both = survival_data([1, 2, 3, 4], [1, 1, 1, 1], strata=[["a", "x"], ["a", "y"], ["b", "x"], ["a", "x"]])
    assert both.stratum.tolist() == [0, 1, 2, 0] and both.bounds.tolist() == [0, 2, 3, 4]
    with pytest.raises(ValueError, match="one label per row"):
        survival_data([1, 2, 3], [1, 1, 1], strata=[1, 2])


def test_what_a_cox_model_cannot_take_is_said():
    time, event, x = [1.0, 2, 3], [1, 1, 0], [0.0, 1.0, 0.0]
    for words, more in (
        ("efron or breslow", {"ties": "exact"}),
        ('"firth"', {"penalty": "ridge"}),
        ("known in every row", {"offset": [0.0, np.nan, 0]}),
    ):
        with pytest.raises(ValueError, match=words):
            fit_cox(time, event, x, **more)
    with pytest.raises(ValueError, match="2 rows, time has 3"):
        fit_cox(time, event, x[:2])
    with pytest.raises(ValueError, match="event is needed"):
        fit_cox(time, None, x)


def test_a_number_per_stratum_has_no_coefficient():
    """It differs between rows, but never among those at risk together."""
    time, strata = np.arange(1.0, 13), np.arange(12) % 3
    x = np.column_stack([strata * 2.5, np.arange(12) % 5])
    fit = fit_cox(time, np.ones(12), x, strata=strata)
    assert np.isnan(fit.coef).tolist() == [True, False] and fit.lr_test.df == 1


def efron(b, time, event, x, entry, theta=0.0):
    total = -theta / 2 * b**2
    for t in np.unique(time[event]):
        risk, dead = (entry < t) & (time >= t), event & (time == t)
        r, d = np.exp(x * b), int(dead.sum())
        total += b * x[dead].sum() - sum(np.log(r[risk].sum() - k / d * r[dead].sum()) for k in range(d))
    return total


@pytest.mark.parametrize("theta", [None, 4.0])
def test_profile_limits_are_where_the_likelihood_has_fallen(theta):
    """Half of chi-square's 90 % point below the top; the p-value from the fall to 0; ridge penalty included."""
    time, cause, entry, _ = rows(40, 9)
    event, x = cause > 0, np.random.default_rng(10).normal(size=40)
    constant = np.ones(40)
    found = profile_interval(
        fit_cox(
            time, event, np.column_stack([constant, x]), entry=entry, penalty=None if theta is None else [0, theta]
        ),
        1,
        level=0.9,
    )

    def f(b):
        return efron(b, time, event, x, entry, theta or 0.0)

    top = f(found.coef)
    assert top >= max(f(found.coef + 1e-3), f(found.coef - 1e-3))
    for limit in (found.ci_low, found.ci_high):
        assert top - f(limit) == pytest.approx(stats.chi2.ppf(0.9, 1) / 2, abs=1e-5)
    assert found.ci_low < found.coef < found.ci_high
    assert found.p_value == pytest.approx(stats.chi2.sf(2 * (top - f(0.0)), 1), rel=1e-5)


def test_a_profile_that_never_falls_has_no_limit_on_that_side():
    """The four of group 1 die first: the hazard ratio has no upper limit, under Firth's penalty it has."""
    time, x = np.arange(1.0, 9), np.array([1.0, 1, 1, 1, 0, 0, 0, 0])
    bare = profile_interval(fit_cox(time, np.ones(8), x), 0)
    firth = profile_interval(fit_cox(time, np.ones(8), x, penalty="firth"), 0)
    assert bare.ci_high == np.inf and np.isfinite(bare.ci_low) and bare.ci_low > 0
    assert np.isfinite([firth.ci_low, firth.coef]).all() and 0 < firth.ci_low < firth.coef < firth.ci_high
    none = profile_interval(fit_cox(time, np.ones(8), np.column_stack([x, np.ones(8)])), 1)
    assert np.isnan(none).all()


def test_terms_of_several_columns_are_tested_together():
    time, cause, entry, _ = rows(60, 11)
    x = np.random.default_rng(12).normal(size=(60, 3))
    fit = fit_cox(time, cause > 0, x, entry=entry)
    found = proportional_hazards(fit, transform="rank", terms={"both": [0, 2]})
    assert found.terms["both"].df == 2 and found.overall.df == 3
    single = proportional_hazards(fit, transform="rank").terms
    assert found.terms["both"].statistic >= max(single["x1"].statistic, single["x3"].statistic) - 1e-9
    every = proportional_hazards(fit, transform="rank", terms={"all": [0, 1, 2]})
    assert every.terms["all"].statistic == pytest.approx(found.overall.statistic)
    none = proportional_hazards(fit, terms={"none": []}).terms["none"]
    assert none.df == 0 and np.isnan(none.statistic)
    with pytest.raises(ValueError, match="transform"):
        proportional_hazards(fit, transform="sqrt")


def test_a_turnbull_curve_tells_what_the_intervals_leave_open():
    """(0, 5], (10, 15], (20, never]: a third each; between 5 and 10 two thirds live."""
    curve = turnbull([0, 10, 20], [5, 15, np.inf])
    assert curve.mass == pytest.approx([1 / 3] * 3) and curve.loglik == pytest.approx(3 * np.log(1 / 3))
    assert curve.at([0, 5, 7, 15]).tolist() == pytest.approx([1, 2 / 3, 2 / 3, 1 / 3])
    assert curve.share_above(10) == pytest.approx((2 / 3, 2 / 3))
    assert curve.share_above(12) == pytest.approx((1 / 3, 2 / 3))
    assert curve.quantile(1 / 3) == (0, 5) and curve.quantile(0.34) == (10, 15) and curve.quantile(1.0) == (20, np.inf)
    exact = turnbull([4, 4, 6], [4, 8, 6])
    held = exact.mass > 1e-6  # the mass of (4, 8] is that of 6: it begins after 4
    assert exact.left[held].tolist() == [4, 6] and exact.mass[held] == pytest.approx([1 / 3, 2 / 3])
    assert exact.share_above(4) == pytest.approx((2 / 3, 2 / 3)) and exact.share_above(3.9) == pytest.approx((1, 1))
    none = turnbull([], [])
    assert np.isnan(none.quantile(0.5)).all() and none.converged
    assert turnbull([np.nan], [np.nan]).quantile(0.5) == (0, np.inf)
    for left, right in (([np.inf], [np.inf]), ([-np.inf], [-np.inf])):
        with pytest.raises(ValueError, match="left"):
            turnbull(left, right)


def test_the_turnbull_curve_is_a_maximum():
    """Mass moved from any interval to another never gains."""
    random = np.random.default_rng(13)
    low = np.floor(random.uniform(0, 12, 40))
    high = np.where(random.random(40) < 0.3, np.inf, low + random.integers(1, 6, 40))
    curve = turnbull(low, high)
    inside = (curve.left >= low[:, None]) & (curve.right <= high[:, None])

    def loglik(p):
        return np.log(inside @ p).sum()

    assert curve.loglik == pytest.approx(loglik(curve.mass))
    for i in np.flatnonzero(curve.mass > 0.01):
        for j in range(len(curve.mass)):
            moved = curve.mass.copy()
            moved[i], moved[j] = moved[i] - 1e-3, moved[j] + 1e-3
            assert i == j or loglik(moved) <= curve.loglik + 1e-7


def test_a_weibull_fit_is_a_maximum_and_its_errors_are_the_curvature():
    random = np.random.default_rng(14)
    x = random.integers(0, 2, 50).astype(float)
    life = np.exp(1.5 + 0.4 * x) * random.weibull(1.5, 50)
    left = np.where(np.arange(50) % 5 == 0, life, np.floor(life))
    right = np.where(np.arange(50) % 5 == 0, life, np.where(np.arange(50) % 7 == 0, np.inf, np.floor(life) + 1))
    fit = weibull_interval(left, right, x)

    def loglik(b0, b1, log_scale):
        law = stats.weibull_min(np.exp(-log_scale), scale=np.exp(b0 + b1 * x))
        exact = left == right
        each = np.where(exact, law.pdf(left), law.sf(left) - law.sf(right))
        return np.log(each).sum()

    best = np.array([*fit.coef, np.log(fit.scale)])
    assert fit.loglik == pytest.approx(loglik(*best)) and fit.converged
    h, eye = 1e-3, np.eye(3)
    curvature = np.array(
        [
            [
                sum(s * q * loglik(*(best + h * (s * eye[i] + q * eye[j]))) for s in (1, -1) for q in (1, -1))
                for j in range(3)
            ]
            for i in range(3)
        ]
    ) / (4 * h * h)
    np.testing.assert_allclose(fit.variance, np.linalg.inv(-curvature), rtol=1e-3)
    np.testing.assert_allclose(fit.std_err, np.sqrt(np.diag(fit.variance)))
    slope = np.array([0, -1 / fit.scale, fit.coef[1] / fit.scale])
    assert fit.log_hazard_ratio[0] == pytest.approx(-fit.coef[1] / fit.scale)
    assert fit.log_hazard_ratio_std_err[0] == pytest.approx(np.sqrt(slope @ fit.variance @ slope))
    for low, high, words in (([-1.0], [2.0], "0 or above"), ([0.0], [0.0], "above 0")):
        with pytest.raises(ValueError, match=words):
            weibull_interval(low, high, [1.0])


def test_follow_up_counts_the_lost_and_takes_late_entry_and_level():
    time, cause, entry, _ = rows(30, 15)
    reverse = kaplan_meier(time, cause == 0, entry=entry, level=0.8)
    np.testing.assert_equal(tuple(follow_up(time, cause > 0, entry=entry, level=0.8)), tuple(reverse.median))


def test_a_restricted_mean_ends_where_the_curve_does():
    """One death at day 5: 3 days of the first 3, 5 of the first 9; a last row that is censored leaves the rest unknown."""
    assert restricted_mean(kaplan_meier([5.0], [1]), 3.0).value == 3.0
    assert restricted_mean(kaplan_meier([5.0], [1]), 9.0).value == 5.0
    assert np.isnan(restricted_mean(kaplan_meier([1.0, 2.0], [1, 0]), 5.0).value)
    assert np.isnan(restricted_mean(kaplan_meier([], []), 5.0).value)
    alike = compare_restricted_means([1, 1, 2, 2], [1, 1, 1, 1], [0, 0, 1, 1], 3.0)
    assert alike.difference.value == 1 and np.isnan(alike.difference.p_value)  # no spread, no test


def test_a_person_without_weight_is_as_if_not_there():
    """Also one who is the last at risk: an event of nobody has no share, and follow-up ends with those who count."""
    time, cause, weight = [1.0, 2, 3, 4, 9], [1, 2, 0, 1, 2], [1.0, 1, 1, 1, 0]
    with_him = cumulative_incidence(time, cause, weights=weight)
    without = cumulative_incidence(time[:4], cause[:4])
    at = [0.5, 1, 2, 3, 4, 8, 9]
    for c in (1, 2):
        for one, other in zip(with_him.at(at, c), without.at(at, c), strict=True):
            np.testing.assert_allclose(one, other)


def test_who_is_there_from_the_start_entered_at_no_time_or_at_zero():
    """Entries of minus infinity among later ones are entries before the first event."""
    rng = np.random.default_rng(4)
    time, event, x = np.ceil(rng.exponential(9, 40)) + 1, rng.random(40) < 0.7, rng.normal(size=(40, 2))
    late = np.where(np.arange(40) % 3 == 0, np.floor(time / 2), 0.0)
    never = np.where(late > 0, late, -np.inf)
    for columns in (x, x > 0.5):
        one, other = (scan_cox(time, event, columns, entry=entry) for entry in (late, never))
        np.testing.assert_allclose(one.coef, other.coef)
        np.testing.assert_allclose(one.p_value, other.p_value)
    assert abs(one.coef - scan_cox(time, event, columns).coef).max() > 1e-3  # entry matters


def test_a_curve_that_ends_at_nobody_or_at_everybody_has_no_limits_there():
    """Neither the survival of 0, weighted or not, nor an incidence of 1: there is no spread to speak of."""
    for weights in (None, [0.5, 1.5, 1.0]):
        curve = kaplan_meier([1.0, 2, 3], [1, 1, 1], weights=weights)
        assert curve.survival[-1] == 0 and np.isnan([curve.std_err[-1], curve.ci_low[-1], curve.ci_high[-1]]).all()
        assert np.isfinite(curve.std_err[:2]).all()
    found = cumulative_incidence([1, 2], [1, 1])
    assert found.incidence[0, 1] == 1 and np.isnan([found.ci_low[0, 1], found.ci_high[0, 1]]).all()
    assert 0 < found.ci_low[0, 0] < 0.5 < found.ci_high[0, 0] < 1
