"""The scans equal single fits, and their exact p-values the permutations they stand for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from oncourse.stats.cox import fit_cox, survival_data
from oncourse.stats.fdr import max_t
from oncourse.stats.logrank import logrank
from oncourse.stats.profile import profile_interval
from oncourse.stats.rng import generator
from oncourse.stats.scan import drawn_again, permutation_p, permuted_maxima, scan_cox, scan_logrank


def study(n=160, features=8, *, seed=1, ties=True):
    """Late entry, tied days, unknown states; the first feature doubles the hazard."""
    random = generator(seed, "scan study")
    x = (random.random((n, features)) < np.linspace(0.4, 0.05, features)).astype(float)
    entry = np.floor(random.uniform(0, 200, n))
    life = entry + random.exponential(400 / (1 + x[:, 0]))
    loss = entry + random.uniform(50, 900, n)
    days = np.minimum(life, loss)
    days = np.ceil(days / 30) * 30 if ties else days
    x[random.random((n, features)) < 0.1] = np.nan
    return days, life <= loss, x, np.minimum(entry, days - 1)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("strata", [False, True])
def test_binary_scan_equals_single_fits(ties, strata):
    """Each feature on the rows where it is known: coefficient, error, profile limits and likelihood ratio."""
    days, event, x, entry = study()
    s = np.arange(days.size) % 3 if strata else None
    wald = scan_cox(days, event, x, entry=entry, strata=s, ties=ties)
    profile = scan_cox(days, event, x, entry=entry, strata=s, ties=ties, interval="profile", p_value="lr")
    for j in range(x.shape[1]):
        known = ~np.isnan(x[:, j])
        fit = fit_cox(
            days[known],
            event[known],
            x[known, j],
            entry=entry[known],
            ties=ties,
            strata=None if s is None else s[known],
            penalty="firth" if profile.method[j] == "firth" else None,
        )
        expected = profile_interval(fit, 0)
        np.testing.assert_allclose(profile.coef[j], fit.coef[0], rtol=1e-6)
        np.testing.assert_allclose([profile.ci_low[j], profile.ci_high[j]], expected[1:3], rtol=1e-5)
        assert (wald.n[j], wald.n_altered[j]) == (known.sum(), x[known, j].sum())
        if profile.method[j] == "profile":
            np.testing.assert_allclose([wald.coef[j], wald.std_err[j]], [fit.coef[0], fit.std_err[0]], rtol=1e-8)
            assert profile.p_value[j] == pytest.approx(expected.p_value, rel=1e-6)
    assert {"profile", "firth"} == set(profile.method)


def test_number_scan_equals_single_fits():
    days, event, _, entry = study()
    x = generator(2, "numbers").normal(3, 40, size=(days.size, 5))
    x[::7, 1] = np.nan
    x[:, 2] = 1.0
    for late in (entry, None):
        scan = scan_cox(days, event, x, entry=late)
        for j in (0, 1, 3, 4):
            known = ~np.isnan(x[:, j])
            fit = fit_cox(days[known], event[known], x[known, j], entry=None if late is None else late[known])
            np.testing.assert_allclose([scan.coef[j], scan.std_err[j]], [fit.coef[0], fit.std_err[0]], rtol=1e-7)
        assert np.isnan(scan.coef[2])


def test_log_rank_scan_equals_log_rank_tests():
    days, event, x, entry = study()
    chi, p, gap = scan_logrank(days, event, x, entry=entry)
    for j in range(x.shape[1]):
        known = ~np.isnan(x[:, j])
        test = logrank(days[known], event[known], x[known, j], entry=entry[known])
        np.testing.assert_allclose(
            [chi[j], p[j], gap[j]],
            [test.statistic, test.p_value, (test.observed - test.expected)[1]],
            rtol=1e-9,
        )


def plain_permutation_p(days, event, carriers):
    """Every choice of as many carriers: twice the smaller tail of the sum of martingale residuals."""
    fit = fit_cox(days, event, np.zeros((days.size, 0)), ties="breslow")
    m = fit.martingale_residuals()
    sums = np.array([m[list(c)].sum() for c in itertools.combinations(range(days.size), int(carriers.sum()))])
    seen = m[carriers == 1].sum()
    return min(1.0, 2 * min((sums >= seen - 1e-9).mean(), (sums <= seen + 1e-9).mean()))


@pytest.mark.parametrize("carriers, tolerance", [(1, 1e-12), (2, 1e-12), (3, 0.15), (5, 0.1), (9, 0.1)])
def test_permutation_p_equals_all_permutations(carriers, tolerance):
    """18 patients: exact for 1 and 2 carriers; the saddlepoint within 15 % (3) and 10 % (5, 9) of p or .01."""
    random = generator(3, f"permutations {carriers}")
    days, event = random.permutation(18) + 1.0, random.random(18) < 0.8
    for _ in range(6):
        x = random.permutation(np.r_[np.ones(carriers), np.zeros(18 - carriers)])
        expected = plain_permutation_p(days, event, x)
        ours = permutation_p(days, event, x[:, None])[0]
        assert ours == pytest.approx(expected, rel=tolerance, abs=1e-12 if carriers < 3 else 0.012)


def test_permutation_p_of_the_extreme_is_one_in_all_choices():
    """The 4 carriers of 10 die first: one of 210 choices is as extreme, so p = 2/210."""
    x = np.r_[np.ones(4), np.zeros(6)]
    assert permutation_p(np.arange(1, 11), np.ones(10), x[:, None])[0] == pytest.approx(2 / 210)


def test_max_t_permutations_hold_the_family():
    """40 equal copies of one null feature are one test: max-T p stays that of one, unlike Bonferroni."""
    random = generator(4, "copies")
    days, event = random.exponential(size=80), random.random(80) < 0.7
    x = np.repeat((random.random((80, 1)) < 0.3).astype(int), 40, axis=1)
    data = survival_data(days, event)
    z, largest = permuted_maxima(data, x, permutations=2000, random=random)
    one = permutation_p(data, None, x[:, :1])[0]
    p = max_t(z, largest)
    assert (p == p[0]).all() and p[0] == pytest.approx(one, abs=0.05)


def test_few_carriers_are_not_fitted_and_codes_are_checked():
    days, event, x, _ = study()
    scan = scan_cox(days, event, x, min_altered=20)
    assert np.isnan(scan.coef[scan.n_altered < 20]).all() and not np.isnan(scan.coef[scan.n_altered >= 20]).any()
    with pytest.raises(ValueError, match="rows, time has"):
        scan_cox(days, event, x[:-1])


@pytest.mark.parametrize("late", [False, True])
def test_size_of_the_scan(late):
    """12,000 null features, 6 to 18 carriers of 120: .05 is kept to .044-.056 and .001 to <= .0015 + 99 % band."""
    random = generator(5, f"size {late}")
    hits, rare, total = 0, 0, 0
    for _ in range(40):
        entry = random.uniform(0, 400, 120) * late
        life = entry + random.exponential(800, 120)
        loss = entry + random.uniform(100, 1500, 120)
        x = (random.random((120, 300)) < random.choice([0.05, 0.15], 300)).astype(np.int8)
        p = scan_cox(
            np.minimum(life, loss),
            life <= loss,
            x,
            entry=entry if late else None,
            p_value="small",
            interval="profile",
        ).p_value
        p = p[~np.isnan(p)]
        hits, rare, total = hits + (p <= 0.05).sum(), rare + (p <= 0.001).sum(), total + p.size
    assert 0.04 <= hits / total <= 0.06
    assert rare / total <= 0.0015 + 2.6 * np.sqrt(0.0015 / total)


def test_a_fit_that_runs_away_has_no_coefficient_and_stops_nothing():
    """Early deaths carry high values, and all but one of them enter late: what subtraction loses was divided by."""
    days = np.arange(1.0, 61.0)
    entry = np.where(days > 30, 30.0, 0.0)
    x = np.column_stack(
        [
            np.where(days == 60, -1e3, np.linspace(-1, 1, 60)),
            np.where(days > 30, 40.0, -40.0) + np.linspace(0, 1e-3, 60)[::-1],
            1 + 1e-13 * np.linspace(0, 1, 60),
        ]
    )
    for sign in (1, -1):
        scan = scan_cox(days, np.ones(60, bool), sign * x, entry=entry)
        assert not np.isinf(scan.coef).any()
        assert np.isnan(scan.coef[2]) and np.isnan(scan.p_value[2])
        for j in range(2):
            fit_cox(days, np.ones(60, bool), sign * x[:, [j]], entry=entry)


def test_the_statistic_of_a_permuted_scan_is_its_score_over_its_exact_permutation_error():
    """|sum of the carriers' residuals - their expectation| / sd over all orders of the patients, enumerated."""
    from itertools import combinations

    from oncourse.stats.cox import survival_data
    from oncourse.stats.scan import permuted_maxima

    data = survival_data(np.array([1.0, 2, 3, 4, 5, 6, 7]), np.array([1, 1, 0, 1, 0, 1, 1]))
    x = np.array([1, 1, 0, 0, 1, 0, 0])
    found, _ = permuted_maxima(data, x, permutations=2, random=np.random.default_rng(1))
    step = [1 / 7, 1 / 6, 0, 1 / 4, 0, 1 / 2, 1]
    residual = np.array([1, 1, 0, 1, 0, 1, 1]) - np.cumsum(step)
    sums = [residual[list(c)].sum() for c in combinations(range(7), 3)]
    np.testing.assert_allclose(found, [abs(residual[[0, 1, 4]].sum() - np.mean(sums)) / np.std(sums)], rtol=1e-9)
    unknown = np.array([1, 1, 0, 0, 1, 0, -1])  # of six patients then; a second feature has no carriers
    found, _ = permuted_maxima(data, np.array([unknown, 0 * x]).T, permutations=2, random=np.random.default_rng(1))
    sums = [residual[list(c)].sum() for c in combinations(range(6), 3)]
    assert found[0] == pytest.approx(abs(residual[[0, 1, 4]].sum() - np.mean(sums)) / np.std(sums))
    assert np.isnan(found[1])


@pytest.mark.parametrize("late", [False, True])
def test_bootstrap_counts_equal_log_rank_tests_of_the_samples(late):
    days, event, x, entry = study(90, 5)
    x[:, 1] = 1.0 - x[:, 0]  # its carriers do better
    data = survival_data(days, event, entry=entry if late else None)
    drawn = generator(2, "drawn").integers(0, 90, (40, 90))
    worse, better = drawn_again(data, x, np.stack([np.bincount(rows, minlength=90) for rows in drawn]))
    expected = np.zeros((2, 5))
    for rows in drawn:
        boot = survival_data(days[rows], event[rows], entry=entry[rows] if late else None)
        _, p, gap = scan_logrank(boot, None, x[rows])
        expected += [(p < 0.05) & (gap > 0), (p < 0.05) & (gap < 0)]
    assert np.array_equal([worse, better], expected) and (expected.sum(axis=1) > 0).all()


@pytest.mark.parametrize("late", [False, True])
def test_numbers_in_samples_drawn_again_equal_the_scan_of_each_sample(late):
    """Ties, unknown values; the first number doubles the hazard, the second is its opposite."""
    days, event, x, entry = study(90, 4)
    x = np.where(np.isnan(x), np.nan, x + np.linspace(0, 0.4, 90)[:, None])
    x[:, 1] = -x[:, 0]
    data = survival_data(days, event, entry=entry if late else None)
    drawn = generator(5, "drawn").integers(0, 90, (40, 90))
    worse, better = drawn_again(data, x, np.stack([np.bincount(rows, minlength=90) for rows in drawn]))
    expected = np.zeros((2, 4))
    for rows in drawn:
        scan = scan_cox(days[rows], event[rows], x[rows], entry=entry[rows] if late else None)
        expected += [(scan.p_value < 0.05) & (scan.coef > 0), (scan.p_value < 0.05) & (scan.coef < 0)]
    assert np.array_equal([worse, better], expected) and (expected.sum(axis=1) > 0).all()
