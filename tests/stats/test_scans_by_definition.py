"""Scans, co-occurrence and sharing against their definitions: labels, edges, derivatives by nudging."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from oncourse.stats import cooccurrence as co
from oncourse.stats import scan as sc
from oncourse.stats import sharing as sh
from oncourse.stats.cox import fit_cox, survival_data
from oncourse.stats.firth_logistic import firth_logistic
from oncourse.stats.latent_class import _quantiles, latent_class

Z90 = stats.norm.ppf(0.95)


def followed(n=90, seed=1):
    random = np.random.default_rng(seed)
    entry = np.floor(random.uniform(0, 20, n))
    return entry + random.integers(1, 60, n), random.random(n) < 0.7, entry


def test_events_to_expect_decide_how_a_feature_is_fitted_and_tested():
    """Carriers x events / known: below 5 Firth's estimate, below 20 the permutation law; one or two carriers are
    counted through, more are approximated; without any carrier event only the penalised fit has a coefficient."""
    time, event, entry = followed()
    x = np.zeros((90, 5))
    for j, carriers in enumerate((2, 4, 20, 45)):
        x[:carriers, j] = 1
    x[:10, 3] = np.nan
    x[np.flatnonzero(~event)[:6], 4] = 1
    scan = sc.scan_cox(time, event, x, entry=entry, interval="profile", p_value="small")
    known = np.array([~np.isnan(x[:, j]) for j in range(5)])
    assert scan.n.tolist() == known.sum(1).tolist() and scan.n_altered.tolist() == np.nansum(x, 0).tolist()
    assert scan.n_event.tolist() == (known & event).sum(1).tolist()
    assert scan.n_event_altered.tolist() == (np.nan_to_num(x) * event[:, None]).sum(0).tolist()
    assert scan.expected == pytest.approx(scan.n_altered * scan.n_event / scan.n)
    assert scan.method.tolist() == ["firth" if e < 5 else "profile" for e in scan.expected]
    rare = np.minimum(scan.n_altered, scan.n - scan.n_altered)
    small = np.where(rare <= 2, "permutation", "saddlepoint")
    assert scan.p_method.tolist() == np.where(scan.expected < 20, small, "likelihood ratio").tolist()
    assert np.isfinite(scan.coef[4]) and scan.n_event_altered[4] == 0
    lr = sc.scan_cox(time, event, x, entry=entry, interval="profile", p_value="lr")
    assert lr.p_method[4] == "penalised LR" and lr.p_method[2] == "likelihood ratio" and 0 < lr.p_value[4] < 0.2
    assert np.isneginf(sc.scan_cox(time, event, x, entry=entry).coef[4])


def test_exactly_as_many_events_as_the_limit_are_enough():
    """5 expected carrier events: no Firth; 20: no permutation law. Unknown of everybody: nothing expected."""
    time = np.arange(1.0, 81)
    event, x = np.tile([1, 0], 40), np.zeros((80, 3))
    x[:, 0], x[:, 1], x[:, 2] = time % 16 < 2, time % 4 < 2, np.nan
    scan = sc.scan_cox(time, event, x, interval="profile", p_value="small")
    assert scan.expected.tolist()[:2] == [5, 20] and np.isnan(scan.expected[2]) and scan.method[2] == ""
    assert scan.method.tolist()[:2] == ["profile", "profile"] and scan.p_method[1] == "likelihood ratio"
    chi, _, gap = sc.scan_logrank([1, 2, 3], [1, 0, 0], [1, 0, 0])
    assert (gap[0], chi[0]) == pytest.approx((2 / 3, (2 / 3) ** 2 / (2 / 9)))


def test_wald_limits_and_p_of_a_scan_follow_from_coefficient_and_error():
    time, event, entry = followed()
    numbers = np.random.default_rng(3).normal(size=(90, 3))
    numbers[:4, 1] = np.nan
    numbers[:, 2] = 1.0
    carriers = (numbers[:, :2] > 0.3).astype(float)
    for x, label in ((numbers, "wald"), (carriers, "wald")):
        scan = sc.scan_cox(time, event, x, entry=entry, level=0.9)
        told = ~np.isnan(scan.coef)
        np.testing.assert_allclose(scan.ci_low[told], (scan.coef - Z90 * scan.std_err)[told])
        np.testing.assert_allclose(scan.ci_high[told], (scan.coef + Z90 * scan.std_err)[told])
        np.testing.assert_allclose(scan.p_value[told], 2 * stats.norm.sf(np.abs(scan.coef / scan.std_err))[told])
        assert set(scan.method[told]) == set(scan.p_method[told]) == {label} and set(scan.method[~told]) <= {""}
    assert not told.all() or told.size == 2
    scan = sc.scan_cox(time, event, numbers, entry=entry, p_value="lr")
    known = ~np.isnan(numbers[:, 1])
    fit = fit_cox(time[known], event[known], numbers[known, 1], entry=entry[known])
    assert scan.p_value[1] == pytest.approx(fit.lr_test.p_value, rel=1e-6) and scan.p_method[1] == "likelihood ratio"
    assert scan.p_method[2] == scan.method[2] == ""
    one = sc.scan_cox(time, event, numbers[:, 0], entry=entry)
    assert one.coef.shape == (1,) and one.n[0] == 90 and one.n_event[0] == event.sum()


def test_what_a_scan_takes_for_binary():
    assert sc.is_binary([[0, 1], [1, np.nan]]) and sc.is_binary(np.array([True])) and sc.is_binary([[0, -1]])
    assert not sc.is_binary([[0, 2]]) and not sc.is_binary([[0.5]])
    assert (
        sc.is_binary(np.zeros((0, 3), np.int8)) and not sc.is_binary(np.array([[-2, 0]])) and sc.is_binary([[np.nan]])
    )
    for x in ([2, 0, 1], [0.5, 0, 1]):
        with pytest.raises(ValueError, match="a binary feature"):
            sc.permutation_p([1, 2, 3], [1, 1, 1], x)
    for more in ({"interval": "exact"}, {"p_value": "score"}):
        with pytest.raises(ValueError, match="interval is wald or profile"):
            sc.scan_cox([1, 2, 3], [1, 1, 1], [0, 1, 0], **more)
    with pytest.raises(ValueError, match="x has 2 rows, time has 3"):
        sc.scan_cox([1, 2, 3], [1, 1, 1], [0.5, 1.5])


def test_blocks_of_features_side_by_side_give_the_scan_in_one():
    time, event, _ = followed(40, 4)
    x = (np.random.default_rng(5).random((40, 300)) < 0.3).astype(np.int8)
    one, many = (sc.scan_cox(time, event, x, threads=k) for k in (1, 3))
    np.testing.assert_array_equal(one.coef, many.coef)
    np.testing.assert_array_equal(one.logrank, many.logrank)


def test_the_largest_of_each_permutation_is_over_all_features_and_blocks():
    """Ten permutations in blocks of four; the unknown of one feature are not among its patients."""
    time, event, _ = followed(30, 6)
    x = (np.random.default_rng(7).random((30, 3)) < 0.4).astype(int)
    data = survival_data(time, event)
    z, largest = sc.permuted_maxima(data, x, permutations=10, random=np.random.default_rng(8), block=4)
    assert largest.shape == (10,) and (largest > 0).all() and z.shape == (3,)
    martingale = fit_cox(data, None, np.zeros((30, 0)), ties="breslow").martingale_residuals()
    again = []
    random = np.random.default_rng(8)
    for count in (4, 4, 2):
        again.append(random.permuted(np.tile(martingale[:, None], (1, count)), axis=0))
    n, c = 30, x.sum(0)[:, None]
    moved = np.concatenate(again, axis=1)
    variance = c * (n - c) / (n - 1) * martingale.var()
    np.testing.assert_allclose(largest, (np.abs(x.T @ moved - c * martingale.mean()) / np.sqrt(variance)).max(0))
    nothing, none = sc.permuted_maxima(data, 0 * x, permutations=5, random=random)
    assert np.isnan(nothing).all() and none.tolist() == [0] * 5


def test_strata_of_a_scan_are_compared_within():
    """The sum over strata of each one's observed minus expected and variance."""
    time, event, entry = followed(60, 9)
    x, strata = (np.random.default_rng(10).random(60) < 0.4).astype(int), np.arange(60) % 2
    chi, p, gap = sc.scan_logrank(time, event, x, entry=entry, strata=strata)
    parts = [
        sc.scan_logrank(time[strata == s], event[strata == s], x[strata == s], entry=entry[strata == s]) for s in (0, 1)
    ]
    assert gap[0] == pytest.approx(sum(g[0] for *_, g in parts))
    assert sc.scan_cox(time, event, x, entry=entry, strata=strata).logrank[0] == pytest.approx(chi[0])
    variance = sum(g[0] ** 2 / c[0] for c, _, g in parts)
    assert chi[0] == pytest.approx(gap[0] ** 2 / variance) and p[0] == pytest.approx(stats.chi2.sf(chi[0], 1))
    assert np.isnan(sc.scan_logrank([1, 2, 3], [1, 1, 1], [1, 1, 1])[0]).all()


def test_margins_are_met_where_classes_hold_many_and_panels_differ():
    """A class of burden 0 is never altered; classes not looked at for a gene have no chance there."""
    size, burden = np.array([30, 50, 20, 10]), np.array([1.0, 2.0, 3.0, 0.0])
    looked = np.ones((4, 5), bool)
    looked[1, 4] = looked[3, 0] = False
    total = np.array([40, 60, 30, 70, 20])
    burden = burden * total.sum() / (size @ burden)
    fitted = co.fit_margins(total, size, burden, looked)
    p = fitted.probability
    assert np.isnan(p[1, 4]) and np.isnan(p[3, 0]) and (p[3, 1:] == 0).all() and fitted.size.tolist() == size.tolist()
    assert size @ np.nan_to_num(p) == pytest.approx(total, abs=1e-4)
    assert np.nansum(p, axis=1) == pytest.approx(burden, abs=1e-4)
    odds = p / (1 - p)
    assert odds[0, 0] / odds[0, 1] == pytest.approx(odds[2, 0] / odds[2, 1])  # logit = class + gene


def margins():
    chance = np.array([[0.2, 0.3, 0.1, 0.4], [0.5, 0.6, 0.3, 0.2], [0.1, np.nan, 0.2, 0.3]])
    return co.Margins(chance, np.array([20, 10, 30]))


def test_the_expected_number_of_both_uses_hajeks_joint_chance_class_by_class():
    found = co.pair_tests(margins(), [0, 0], [1, 2], [3, 40])
    p = np.nan_to_num(margins().probability)
    for i, (a, b) in enumerate(((0, 1), (0, 2))):
        both, square = 0.0, 0.0
        for k, (n, genes) in enumerate(zip((20, 10, 30), (4, 4, 3), strict=True)):
            d = (p[k] * (1 - p[k])).sum() * (genes - 1) / genes
            joint = p[k, a] * p[k, b] * max(0, 1 - (1 - p[k, a]) * (1 - p[k, b]) / d)
            both, square = both + n * joint, square + n * joint**2
        assert found.expected[i] == pytest.approx(both)
        assert found.variance[i] <= (both - square) * (1 + 1e-9)  # narrowed by the totals, never widened
    # what the totals explain is projected out: the least-squares rest of both on each gene, class by class
    u, v, w = p[:, 0] * (1 - p[:, 0]), p[:, 1] * (1 - p[:, 1]), np.array([20.0, 10, 30])
    alpha, beta = (w * u * p[:, 1]).sum() / (w * u).sum(), (w * v * p[:, 0]).sum() / (w * v).sum()
    rest = u * v + (p[:, 1] - alpha) ** 2 * u + (p[:, 0] - beta) ** 2 * v
    given = co._given_totals(p[:, :1].T, p[:, 1:2].T, margins().size)
    assert given[0] == pytest.approx((w * rest)[:2].sum())
    assert found.p_value[1] < 1e-6 < found.p_value[0] < 1


def test_pairs_beyond_a_chunk_are_tested_like_the_first(monkeypatch):
    whole = co.pair_tests(margins(), [0, 0, 1], [1, 2, 3], [3, 4, 5])
    power = co.pair_power(margins(), whole, [0, 0, 1], [1, 2, 3], 4.0)
    monkeypatch.setattr(co, "CHUNK", 2)
    again = co.pair_tests(margins(), [0, 0, 1], [1, 2, 3], [3, 4, 5])
    for name in ("expected", "variance", "p_value"):
        np.testing.assert_allclose(getattr(again, name), getattr(whole, name))
    np.testing.assert_allclose(co.pair_power(margins(), whole, [0, 0, 1], [1, 2, 3], 4.0), power)
    assert co.pair_tests(margins(), [], [], []).p_value.size == 0


def test_a_group_covers_what_its_genes_do_not_leave_free():
    """1 - product of (1 - p), narrowed by the crowding of their number; observed far above: exclusive."""
    found = co.cover_tests(margins(), [[0, 2], [0, 2, 3]], [23, 50])
    p = np.nan_to_num(margins().probability)
    w = np.array([20.0, 10, 30])
    genes = np.array([4, 4, 3])
    d = (p * (1 - p)).sum(1) * (genes - 1) / genes
    for i, group in enumerate(([0, 2], [0, 2, 3])):
        q = p[:, group]
        free = (1 - q).prod(1)
        crowd = (q.sum(1) ** 2 - (q**2).sum(1)) / 2 / d
        assert found.expected[i] == pytest.approx((w * (1 - free * np.exp(-crowd))).sum())
        u = q * (1 - q)
        alpha = (w[:, None] * q * free[:, None]).sum(0) / (w[:, None] * u).sum(0)
        assert found.variance[i] == pytest.approx(
            (w * free * (1 - free)).sum() - (alpha**2 * (w[:, None] * u).sum(0)).sum()
        )
    assert found.p_value[1] < 1e-4 < found.p_value[0]


def test_the_moved_binomial_has_its_moments_and_is_the_binomial_where_it_is_one():
    """Mean np and variance np(1 - p) give back the binomial of n and p, at every count."""
    n, p = 20, 0.3
    k = np.arange(-1, 22)
    mean, variance = np.full(k.shape, n * p), np.full(k.shape, n * p * (1 - p))
    np.testing.assert_allclose(co._at_least(mean, variance, k), stats.binom.sf(k - 1, n, p), atol=1e-6)
    np.testing.assert_allclose(co._at_most(mean, variance, k), stats.binom.cdf(k, n, p), atol=1e-6)
    few, many = co._critical(mean[:1], variance[:1], 0.025)
    assert stats.binom.cdf(few[0], n, p) <= 0.025 < stats.binom.cdf(few[0] + 1, n, p)
    assert stats.binom.sf(many[0] - 1, n, p) <= 0.025 < stats.binom.sf(many[0] - 2, n, p)
    assert co._critical(np.array([0.5]), np.array([0.4]), 0.025)[0][0] == -1


def test_placketts_chance_has_the_odds_ratio_and_the_fourfold_variance_its_cells():
    p, q = np.array([0.3]), np.array([0.4])
    for odds in (0.25, 4.0):
        both = co._plackett(p, q, odds)
        cells = np.array([both, p - both, q - both, 1 - p - q + both])[:, 0]
        assert cells[0] * cells[3] / (cells[1] * cells[2]) == pytest.approx(odds) and (cells > 0).all()
        # a class that was not looked at for one of the genes takes no part
        pad = [np.append(v[:, None], [[w]], axis=1) for v, w in ((both, 0.0), (p, 0.0), (q, 0.4))]
        found = co._fourfold(*pad, np.array([50, 30]))
        assert found[0] == pytest.approx(1 / (1 / (50 * cells)).sum())


def test_power_is_the_tail_beyond_the_critical_counts_of_the_shifted_law():
    """30 and 40 of 100, alike: with an odds ratio of 3 the chance to cross, by its own moved binomial; of 24 samples
    none together is the only count that crosses below."""
    chance = np.full((1, 500), 0.1)
    chance[0, :2] = 0.3, 0.4
    for n, sure in ((200, 0.8), (24, 0.0)):
        alike = co.Margins(chance, np.array([n]))
        null = co.pair_tests(alike, [0], [1], [0])
        few, many = co._critical(null.expected, null.variance, 0.025)
        assert (few[0] == 0) == (n == 24)
        apart, together = co.pair_power(alike, null, [0], [1], 3.0, 0.05)
        for strength, found in ((1 / 3, apart), (3.0, together)):
            joint = co._plackett(np.array([0.3]), np.array([0.4]), strength)
            mean = null.expected * joint / 0.12
            cells = np.array([joint, 0.3 - joint, 0.4 - joint, 0.3 + joint])[:, 0]
            plain = np.array([0.12, 0.18, 0.28, 0.42])
            variance = null.variance * (1 / (1 / cells).sum()) / (1 / (1 / plain).sum())
            law = co._at_most(mean, variance, few) if found is apart else co._at_least(mean, variance, many)
            assert found == pytest.approx(law) and found[0] > sure


def test_tails_at_the_ends_are_exact():
    """None: product of (1 - p); at least one: its complement; all of three: half a count from the end."""
    chance, size = np.array([[0.2, 0.3]] * 3), np.array([1, 2])
    none = 0.8 * 0.7**2
    tail = co.poisson_binomial_tail(chance[:2], size, np.array([0, 1]))
    assert tail == pytest.approx([none, 1 - none])
    assert co.poisson_binomial_tail(chance[:1], size, np.array([3]))[0] == pytest.approx(0.2 * 0.09, rel=0.1)


def mixture(seed=11, n=30, levels=3):
    random = np.random.default_rng(seed)
    like = random.uniform(0.05, 1, (2, n, levels))
    seen = random.uniform(0.1, 0.9, (2, n, levels))
    seen[:, :, 0] = 0.01
    return like[0], like[1], seen[0], seen[1], np.arange(n) % 6


def pieces():
    a, b, u, v, unit = mixture()
    classes = sh._Classes(*np.divmod(np.arange(1, 9), 3))
    data = sh._mixture(a, b, u, v, classes)
    theta = np.random.default_rng(12).dirichlet(np.full(8, 3.0))
    return data, classes, theta, unit


def test_classes_are_pairs_of_levels_and_their_mixture_the_product():
    a, b, u, v, _ = mixture()
    data, classes, theta, _ = pieces()
    for c, (g, h) in enumerate(zip(classes.g, classes.h, strict=True)):
        np.testing.assert_allclose(data.like[:, c], a[:, g] * b[:, h])
        np.testing.assert_allclose(data.unseen[:, c], (1 - u[:, g]) * (1 - v[:, h]))
        assert classes.block[c] == (0 if g and h else 1 if g else 2)
    like, seen = data.like @ theta, 1 - data.unseen @ theta
    assert data.log_likelihood(theta) == pytest.approx(np.log(like).sum() - np.log(seen).sum())
    shape = classes.centre(theta)
    np.testing.assert_allclose(np.bincount(classes.block, shape), [1, 1, 1], rtol=1e-6)


def in_log(of, theta, h=1e-5):
    """Derivative by each log theta."""
    out = []
    for j in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[j], down[j] = theta[j] * np.exp(h), theta[j] * np.exp(-h)
        out.append((of(up) - of(down)) / (2 * h))
    return np.array(out)


def test_scores_and_information_are_derivatives_of_the_likelihood():
    """By log theta, theta not held to sum 1: each variant counts its missed companions at that scale."""
    data, _, theta, unit = pieces()

    def loglik(t):
        like = np.log(data.like @ t)
        # entered: (sum of theta - unseen) over the same classes, of which the scale is free
        return like - np.log((1 - data.unseen) @ t)

    score = sh._scores(data, theta, unit, 6)
    for k in range(6):
        np.testing.assert_allclose(score[k], in_log(lambda t, k=k: loglik(t)[unit == k].sum(), theta), atol=1e-6)
    information = sh._information(*data.responsibilities(theta))
    np.testing.assert_allclose(information, -in_log(lambda t: in_log(lambda s: loglik(s).sum(), t), theta), atol=1e-3)


def test_pseudo_variants_hold_totals_and_shapes():
    """Information of w log theta pseudo-counts on a share is w (diag - outer); total and shape of each block."""
    _, classes, theta, _ = pieces()
    found = sh._prior_information(classes, theta)
    total = np.bincount(classes.block, theta)
    out = 3 * sh.BLOCK_VARIANTS * (np.diag(theta) - np.outer(theta, theta))
    for b in range(3):
        part = np.where(classes.block == b, theta / total[b], 0)
        out += (sh.SHAPE_VARIANTS - sh.BLOCK_VARIANTS) * (np.diag(part) - np.outer(part, part))
    np.testing.assert_allclose(found, out)


def test_noise_has_its_derivative_and_is_summed_by_unit():
    random = np.random.default_rng(13)
    one, seen = random.uniform(0, 0.4, (12, 3)), random.uniform(0.5, 1, (12, 3))
    noise = sh._Noise(one, seen, (random.random(12) < 0.3).astype(float))
    levels, unit = np.array([0.2, 0.3, 0.5]), np.arange(12) % 4
    np.testing.assert_allclose(noise.expected(levels), (one @ levels) / (seen @ levels))
    slope = in_log(lambda t: noise.expected(t).sum(), levels) / levels
    np.testing.assert_allclose(noise.slope(levels), slope, rtol=1e-6)
    by = [(noise.observed - noise.expected(levels))[unit == k].sum() for k in range(4)]
    np.testing.assert_allclose(noise.by_unit(levels, unit, 4), by)
    assert sh._spread(np.array([1.0, 2, 4, 9])) == pytest.approx(np.sqrt(4) * np.std([1, 2, 4, 9], ddof=1))


def test_settled_means_a_fixed_point():
    found = sh._settle(lambda t: 0.5 * t + 0.5 * np.array([0.2, 0.8]), np.array([0.5, 0.5]), 50)
    assert found == pytest.approx([0.2, 0.8], abs=1e-6)


def test_no_variants_have_no_excess():
    empty = np.zeros((0, 3))
    none = sh.excess_discordance(empty, empty, empty, empty, np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, int))
    assert np.isnan([none.observed, none.expected, none.excess, none.p_value]).all() and none.log_likelihood == 0


def test_missed_variants_are_the_odds_of_not_entering():
    a, b, u, v, unit = mixture()
    found = sh.latent_share(a, b, u, v, unit, limits=False)
    classes = sh._Classes(*np.divmod(np.arange(1, 9), 3))
    missing = sh._mixture(a, b, u, v, classes).unseen @ found.theta.ravel()[1:]
    assert found.n_missed == pytest.approx((missing / (1 - missing)).sum()) and found.theta[0, 0] == 0
    assert found.share == pytest.approx(found.theta[1:, 1:].sum()) and np.isnan(found.ci_low)
    assert found.theta.sum() == pytest.approx(1)


def test_firths_limits_keep_to_their_level_and_its_p_to_the_penalised_ratio():
    """A 2 x 2 table 9/12 v 8/30: the penalised profile over the intercept on a fine grid."""

    def profile(b):
        a = np.linspace(-4, 3, 7001)[:, None]
        n, s = np.array([12.0, 30.0]), np.array([9.0, 8.0])
        p = 1 / (1 + np.exp(-np.concatenate([a + b, a], axis=1)))
        v = n * p * (1 - p)
        return ((s * np.log(p) + (n - s) * np.log1p(-p)).sum(1) + 0.5 * np.log(v.prod(1))).max()

    fit = firth_logistic([1.0, 0.0], [9 / 12, 8 / 30], weights=[12, 30], level=0.9)
    top = profile(fit.coef)
    for limit in (fit.ci_low, fit.ci_high):
        assert top - profile(limit) == pytest.approx(stats.chi2.ppf(0.9, 1) / 2, abs=1e-3)
    assert fit.p_value == pytest.approx(stats.chi2.sf(2 * (top - profile(0.0)), 1), rel=1e-3)
    wide = firth_logistic([10.0, 0.0], [9 / 12, 8 / 30], weights=[12, 30], level=0.9)
    assert (wide.coef, wide.ci_low) == pytest.approx((fit.coef / 10, fit.ci_low / 10), rel=1e-5)
    two = firth_logistic(np.array([[1.0, 1], [0, 1], [1, 0], [0, 0]]), [0.8, 0.3, 0.7, 0.2], weights=[10] * 4)
    assert 0 < two.ci_low < two.coef < two.ci_high and two.p_value < 0.05


def test_a_latent_class_reads_quantiles_of_its_weights_and_takes_a_prior_of_the_prevalence():
    low, high = _quantiles(np.array([3.0, 1, 2, 4]), np.array([0.93, 0.03, 0.005, 0.035]))
    assert (low, high) == (1.0, 4.0)
    sure = dict.fromkeys(("sensitivity_a", "sensitivity_b", "specificity_a", "specificity_b"), (900, 100))
    (flat,) = latent_class((8, 1, 1, 10), sure, n_draw=256)
    (told,) = latent_class((8, 1, 1, 10), sure | {"prevalence": (30, 70)}, n_draw=256)
    assert told.mean["prevalence"] == pytest.approx(0.31, abs=0.03)
    assert told.mean["prevalence"] < flat.mean["prevalence"]
    assert told.high["prevalence"] - told.low["prevalence"] < flat.high["prevalence"] - flat.low["prevalence"]
    assert flat.mean["sensitivity_a"] == pytest.approx(0.9, abs=0.01) and flat.n_effective > 100


def test_a_pair_is_the_same_in_either_order():
    found = co.pair_tests(margins(), *np.array(list(itertools.permutations(range(3), 2))).T, np.full(6, 3))
    assert found.p_value[0] == pytest.approx(found.p_value[2]) and found.variance[0] == pytest.approx(found.variance[2])


def test_the_limits_of_a_shared_fraction_count_as_many_units_as_there_are(monkeypatch):
    """Units 0..5 are six; one unit has no limits, two have."""
    a, b, u, v, unit = mixture()
    asked = []
    monkeypatch.setattr(
        sh, "_limits", lambda data, classes, theta, unit, n_unit, n_step: (asked.append(n_unit) or 0.4, 0.6)
    )
    for units in (unit, unit % 2, unit * 0):
        sh.latent_share(a, b, u, v, units)
    assert asked == [6, 2]


def test_a_class_looked_at_for_one_gene_has_no_chances_to_correct():
    """d = sum p (1 - p) x (genes - 1) / genes: of one gene 0, whose inverse is taken as 0; of none as well."""
    chance = np.array([[0.5, np.nan, np.nan], [0.5, 0.2, np.nan], [np.nan, np.nan, np.nan]])
    p, inverse = co._chances(co.Margins(chance, np.array([4, 5, 6])))
    assert inverse.tolist() == pytest.approx([0, 1 / ((0.25 + 0.16) / 2), 0])
    assert p.tolist() == [[0.5, 0.5, 0], [0, 0.2, 0], [0, 0, 0]]
