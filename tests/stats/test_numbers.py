"""Statistics on small fixed inputs, every number of every answer. Whether they are right is for the references (R, books,
plain definitions) of the other files; here nothing moves unseen: ties, gaps, delayed entry, strata, weights, levels."""

from __future__ import annotations

import numpy as np
import pytest
from tests.kept_numbers import check

from oncourse.stats import (
    agreement,
    betabinomial,
    cluster_logistic,
    clustered_share,
    competing,
    cooccurrence,
    cox,
    driver_tests,
    exposures,
    fdr,
    firth_logistic,
    interval,
    km,
    latent_class,
    logrank,
    medians,
    poisson,
    profile,
    proportions,
    rmst,
    scan,
    sharing,
    truncation,
    zph,
)
from oncourse.stats.rng import generator
from oncourse.stats.sandwich import small_sample_variance


@pytest.fixture
def kept(request):
    """Return a function: name, answer -> compared with what is kept."""
    accept = request.config.getoption("--accept")
    return lambda name, answer: check(f"stats/{name}", answer, accept)


def people(n=40):
    """Times with ties, events, late entries, three columns, two strata, weights, units of up to three rows."""
    rng = generator(1, "numbers of stats")
    x = np.c_[rng.random(n) < 0.4, rng.normal(size=n), rng.random(n) < 0.2].astype(float)
    time = np.ceil(rng.exponential(8 * np.exp(-0.5 * x[:, 0]), n)) + 1
    entry = np.where(np.arange(n) % 3 == 0, np.floor(time / 3), 0.0)
    event = rng.random(n) < 0.7
    return time, event, x, entry, np.arange(n) % 2, rng.uniform(0.5, 2.0, n), np.arange(n) // 3


def test_survival(kept):
    time, event, x, entry, strata, weights, _ = people()
    ways = {"plain": {}, "late": {"entry": entry}, "weighted": {"weights": weights, "level": 0.9}}
    curves = {name: km.kaplan_meier(time, event, **how) for name, how in ways.items()}
    answer = {"curves": curves, "beta": [km.beta_product(curves["late"], t) for t in (3.0, 9.0)]}
    answer |= {"log": km.kaplan_meier(time, event, conf_type="log"), "followed": km.follow_up(time, event, entry=entry)}
    answer |= {"mean": [rmst.restricted_mean(curves[name], 10.0) for name in curves]}
    answer |= {"compared": rmst.compare_restricted_means(time, event, x[:, 0], 10.0, entry=entry)}
    tests = ({}, {"entry": entry}, {"strata": strata}, {"rho": 1.0}, {"gamma": 1.0})
    answer |= {"logrank": [logrank.logrank(time, event, x[:, 0] + x[:, 2], **how) for how in tests]}
    tau = truncation.conditional_tau(time, event, entry), truncation.dependent_truncation(time, event, entry)
    kept("survival", answer | {"truncation": tau})


def test_cox(kept):
    time, event, x, entry, strata, weights, unit = people()
    ways = {
        "plain": {},
        "late": {"entry": entry, "strata": strata},
        "weighted": {"weights": weights, "cluster": unit},
    }
    fits = {name: cox.fit_cox(time, event, x, **how) for name, how in ways.items()}
    late = fits["late"]
    answer = {"fits": fits, "profile": [profile.profile_interval(late, k) for k in range(3)]}
    answer |= {"sandwich": [small_sample_variance(late, unit), small_sample_variance(fits["plain"])]}
    answer |= {"zph": [zph.proportional_hazards(late, transform=t) for t in ("km", "identity", "rank", "log")]}
    kept("cox", answer)


def test_scans(kept):
    time, event, x, entry, strata, _, _ = people()
    x = np.c_[x, np.where(np.arange(40) % 9 == 0, np.nan, x[:, 0]), np.arange(40) == 3]
    ways = ({}, {"entry": entry}, {"strata": strata, "interval": "profile"}, {"min_altered": 9, "level": 0.9})
    answer = {"cox": [scan.scan_cox(time, event, x, **how) for how in ways]}
    answer |= {"logrank": [scan.scan_logrank(time, event, x[:, [0, 2, 3, 4]], **how) for how in ways[:2]]}
    data = cox.survival_data(time, event, entry=entry)
    drawn = scan.permuted_maxima(data, x[:, [0, 2]], permutations=30, random=generator(2, "permuted"))
    again = scan.drawn_again(data, x[:, [0, 2]], generator(3, "drawn").integers(0, 40, (12, 40)))
    kept("scans", answer | {"maxima": drawn, "again": again, "exact": scan.permutation_p(time, event, x[:, [0, 2]])})


def test_competing(kept):
    time, event, x, entry, _, weights, _ = people()
    cause = np.where(event, 1 + (np.arange(40) % 3 == 0), 0)
    ways = ({}, {"entry": entry}, {"weights": weights, "level": 0.9})
    answer = {"incidence": [competing.cumulative_incidence(time, cause, **how) for how in ways]}
    kept("competing", answer | {"gray": [competing.fine_gray(time, cause, x, of=k) for k in (1, 2)]})


def test_shares(kept):
    found, total = np.array([3, 0, 5, 9, 1, 2, 7, 4, 0, 6]), np.array([5, 4, 5, 20, 1, 9, 7, 9, 3, 8])
    many, all_of = np.tile(found, 3), np.tile(total, 3)
    cases = {"few": (found, total), "many": (many, all_of), "single": (found[:5] > 2, np.ones(5)), "none": ([], [])}
    answer = {}
    for name, (k, n) in cases.items():
        one = clustered_share.clustered_share(np.array(k, float), np.array(n, float))
        told = [[one.p_below(p), one.quantile(p)] for p in (0.2, 0.6)] if len(k) else []
        bound = [one.lower_bound(), one.lower_bound(0.1)] if len(k) else []
        answer[name] = {"share": one, "told": told, "bound": bound}
    pairs = [(f, n, m) for f, n in (cases["few"], cases["many"]) for m in (0.0, 0.1)]
    answer["paired"] = [clustered_share.paired_share_test(np.minimum(f + 1, n), f, n, m) for f, n, m in pairs]
    a, b, c, d = found, total - np.minimum(found, total) + 1, found[::-1], total[::-1]
    answer["intervals"] = [proportions.clopper_pearson(found, total + 4), proportions.wilson(found, total + 4, 0.9)]
    answer["newcombe"] = proportions.newcombe(found, total + 4, found[::-1], total[::-1] + 9)
    answer["fisher"] = proportions.fisher_exact(a, b, c, d)
    answer["strata"] = [proportions.cochran_mantel_haenszel(a, b, c, d, correct=x) for x in (True, False)]
    answer["difference"] = proportions.mantel_haenszel_difference(a, b, c, d)
    answer["poisson"] = poisson.poisson_interval(found, 0.9)
    kept("shares", answer)


def test_agreement(kept):
    table = np.array([[30, 5, 3, 40], [4, 0, 0, 4], [0, 0, 0, 9], [10, 1, 9, 2]]).T
    answer = {"every": agreement.agreement(*table), "kappa": agreement.kappa(*table), "ac1": agreement.gwet_ac1(*table)}
    answer["few"] = agreement.few_units_limits(*table[:, :1])
    answer["mcnemar"] = agreement.mcnemar_exact(np.array([5, 0, 1, 9]), np.array([3, 0, 9, 1]))
    answer["tango"] = [agreement.tango_interval(a, b, n) for a, b, n in ((5, 3, 78), (0, 0, 9), (1, 9, 22))]
    answer["noninferior"] = [
        agreement.tango_noninferiority(w, b, n, 0.1) for w, b, n in ((5, 3, 78), (0, 0, 30), (9, 1, 40))
    ]
    weights = agreement.cluster_weights(4, 60, generator(4, "weights"))
    answer["bootstrap"] = agreement.cluster_bootstrap(table.T.astype(float), lambda s: s[..., 0] / s.sum(-1), weights)
    answer["share"] = agreement.share(np.array([3, 0, 9]), np.array([5, 4, 9]), 0.9)
    kept("agreement", answer)


def test_medians(kept):
    rng = generator(5, "medians")
    a, b = np.round(rng.normal(5, 2, 14), 1), np.round(rng.normal(6, 2, 11), 1)
    answer = {"interval": [medians.median_interval(x) for x in (a, b[:4], b[:6])], "shift": medians.shift(a, b)}
    answer["paired"] = medians.paired_shift(a[:11], b)
    kept("medians", answer | {"clustered": medians.clustered_median_interval(a, np.arange(14) // 2)})


def test_logistic(kept):
    _, event, x, _, _, weights, unit = people()
    some = np.where(np.arange(40) % 9 == 0, np.nan, x[:, 0])
    answer = {
        "firth": firth_logistic.firth_logistic(x, event),
        "level": firth_logistic.firth_logistic(x, event, level=0.9),
    }
    answer["weighted"] = firth_logistic.firth_logistic(x, event, weights=weights)
    answer["features"] = firth_logistic.fit_features(np.c_[some, x[:, 2]], event, x[:, [1]], events_per_coefficient=5)
    design = np.c_[np.ones(40), x[:, :2]]
    answer["clustered"] = [cluster_logistic.cluster_logistic(design, event, unit, w) for w in (None, weights)]
    kept("logistic", answer)


def test_counts_and_drivers(kept):
    rng = generator(6, "drivers")
    seen, expected = rng.poisson(3, 30), rng.uniform(1, 5, 30)
    chance = rng.uniform(0.01, 0.2, (5, 12))
    answer = {"spread": driver_tests.rate_spread(seen, expected)}
    answer["burden"] = driver_tests.burden_p(np.array([0, 1, 3, 5, 9]), chance, seen[:5], expected[:5], 4.0)
    answer["truncating"] = driver_tests.truncating_p(
        np.array([0, 3, 9]), np.array([4, 9, 9]), np.array([0.1, 0.1, 0.2])
    )
    most, total, length = np.array([1, 4, 9, 2]), np.array([5, 9, 12, 2]), np.array([400, 900, 189, 50])
    answer["mutable"] = driver_tests.mutable_share(most, total, length)
    answer["hotspot"] = [driver_tests.hotspot_p(most, total, length), driver_tests.hotspot_p(most, total, length, 0.3)]
    answer["codon"] = [driver_tests.codon_p(k, 9, np.array([0.5, 0.3, 0.2])) for k in (4, 7, 9)]
    answer["cauchy"] = driver_tests.cauchy_combination(
        np.array([[0.01, 0.5], [0.2, 1e-12], [0.99, 0.3], [1.0, np.nan]])
    )
    p = np.array([0.001, 0.04, 0.03, np.nan, 0.5, 0.03])
    answer["fdr"] = [fdr.benjamini_hochberg(p), fdr.max_t(np.array([2.5, 0.3, np.nan]), rng.normal(size=(50, 3)))]
    answer["betabinomial"] = [
        betabinomial.logpmf(np.array([0, 3, 9]), 20, 0.2, 30.0),
        betabinomial.sf(np.array([0, 3, 9]), 20, 0.2, 30.0),
        betabinomial.fit(seen, seen + 9),
    ]
    signatures = rng.dirichlet(np.full(12, 0.4), 4)
    counts = np.round(200 * (0.6 * signatures[0] + 0.4 * signatures[2]))
    fitted = exposures.fit_exposures(counts, signatures), exposures.fit_exposures(counts / 20, signatures, usual=(1,))
    drawn = exposures.bootstrap_exposures(counts, signatures, 6, generator(7, "exposures"))
    answer["exposures"] = [*fitted, drawn, exposures.price(100.0), exposures.usual_price(100.0)]
    kept("drivers", answer | {"cosine": exposures.cosine(counts, signatures[0])})


def test_cooccurrence(kept):
    rng = generator(8, "pairs")
    altered = rng.random((25, 6)) < np.linspace(0.1, 0.6, 6)
    looked = rng.random((25, 6)) < 0.9
    altered &= looked
    margins = cooccurrence.fit_margins(altered.sum(0), np.ones(25, int), altered.sum(1), looked)
    first, second = np.triu_indices(6, 1)
    both = (altered[:, first] & altered[:, second]).sum(0)
    tests = cooccurrence.pair_tests(margins, first, second, both)
    covers = cooccurrence.cover_tests(margins, [[0, 1, 2], [3, 5]], np.array([9, 14]))
    power = cooccurrence.pair_power(margins, tests, first, second, 3.0)
    kept("cooccurrence", {"margins": margins, "pairs": tests, "covers": covers, "power": power})


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")  # steps of the optimiser far from its end
def test_intervals_between_visits(kept):
    left = np.array([0.0, 2, 4, 4, 6, 1, 8, 3, 5, 0])
    right = np.array([2.0, 4, np.inf, 8, np.inf, 3, np.inf, 6, 9, 1])
    x = np.c_[np.arange(10) % 2].astype(float)
    kept("visits", {"turnbull": interval.turnbull(left, right), "weibull": interval.weibull_interval(left, right, x)})


def test_latent(kept):
    rng = generator(10, "latent")
    like, other = (np.c_[rng.random(30) + 0.05, rng.random(30)].astype(np.float32) for _ in range(2))
    seen = [np.c_[np.zeros(30), rng.uniform(0.5, 1, 30)].astype(np.float32) for _ in range(2)]
    called = rng.random((2, 30)) < 0.6
    unit = np.arange(30) % 5
    priors = {"sensitivity_a": (19, 1), "sensitivity_b": (14, 6), "specificity_a": (199, 1), "specificity_b": (199, 1)}
    answer = {"share": sharing.latent_share(like, other, *seen, unit)}
    answer["excess"] = sharing.excess_discordance(like, other, *seen, *called, unit)
    answer["expected"] = sharing.expected_discordance(seen[0][:, 1], seen[1][:, 1])
    classes = latent_class.latent_class((30.0, 6.0, 4.0, 40.0), priors, dependences=(0.0, 0.3), n_draw=256)
    kept("latent", answer | {"classes": classes})
