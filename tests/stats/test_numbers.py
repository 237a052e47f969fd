"""Statistics on small fixed inputs, every number of every answer. Whether they are right is for the references (R, books,
plain definitions) of the other files; here nothing moves unseen: ties, gaps, delayed entry, strata, weights, levels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson as poisson_law
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
    paired_intervals,
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


def test_intervals_that_share_their_ends(kept):
    """Exact values at both ends of intervals, nothing known on either side, leads of either sign; exact times and two
    columns in the Weibull model."""
    left = np.array([2.0, 5, 5, 3, np.nan, 5, 8, 8, 8, 9, 4, 2])
    right = np.array([5.0, 5, 8, 6, 3, 9, 8, np.nan, np.inf, 11, 5, 2])
    signed = interval.turnbull([-20.0, -np.inf, -5, 0, 3, -5, -30], [-5.0, -5, 3, 0, 3, 10, np.inf])
    curve, answer = interval.turnbull(left, right), {"signed": signed}
    for name, one in (("days", curve), ("leads", signed)):
        at = [-6.0, -5, 0, 2, 2.5, 3, 5, 6, 8, 12]
        told = [one.share_above(v) for v in at], [one.quantile(q) for q in (0.05, 0.25, 0.5, 0.8, 1.0)]
        answer[name] = {"curve": one, "at": one.at(at), "told": told}
    answer["stopped"] = [interval.turnbull(left, right, max_iter=k) for k in (1, 2)]
    x = np.c_[np.arange(12) % 2, np.arange(12) % 3 == 0].astype(float)
    fit = interval.weibull_interval(left, right, x)
    answer["weibull"] = {"fit": fit, "ratio": fit.log_hazard_ratio, "error": fit.log_hazard_ratio_std_err}
    kept("visits_tied", answer)


def test_leads(kept):
    """Gaps of two days and of forty, several samples of a day, a second process that never turned or turned first."""
    edges = ([0.0, 20, 60], [5.0, 7, 8], [0.0, 0, 30], [100.0, 140], [40.0, 61, 90])
    weights = ([0.2, 0.8, 0.0], [1.0, 0.2, 0.0], [0.0, 1.0, 0.3], [1.0, 0.0], [0.5, 0.4, 0.1])
    second = ((50.0, 90.0), (40.0, 44.0), (20.0, np.inf), (60.0, 80.0), (61.0, 68.0))
    units = [
        paired_intervals.Turns(np.array(e), np.array(w), a, b)
        for e, w, (a, b) in zip(edges, weights, second, strict=True)
    ]
    ways = ({"reach": 500.0}, {"level": 0.8, "step": 5.0, "reach": 300.0})
    found = [paired_intervals.lead(some, **how) for how in ways for some in (units, units[:1], units[2:4])]
    kept("leads", found)


def test_medians_of_patients_with_several_samples(kept):
    """Thirty patients and one fewer, ties, sizes 1-4, patients far out with one sample or with many, other levels."""
    answer = {}
    for n in (4, 5, 7, 29, 30):
        rng = generator(n, "medians of several")
        whose = np.repeat(np.arange(n), rng.integers(1, 5, n))
        x = np.round(rng.normal(0, 3, n)[whose] + rng.normal(0, 1, len(whose)), 1)
        ways = {"plain": x, "tied": np.round(x / 2), "far": np.where(whose < 3, 40.0, x)}
        answer[f"of {n}"] = {
            name: [medians.clustered_median_interval(v, whose, level) for level in (0.95, 0.8)]
            for name, v in ways.items()
        }
    answer["one"] = [medians.median_interval(np.arange(n), level) for n in (3, 5, 8, 9, 20) for level in (0.9, 0.5)]
    few = np.arange(5.0) ** 2
    answer["shift"] = [medians.shift(few[:2], few[:3]), medians.shift(few, few + 1), medians.paired_shift(few, -few)]
    kept("medians_several", answer)


def test_exposures_among_many_signatures(kept):
    """Sixteen signatures of which two, five or thirteen are there, a clock that is and one that is not, few mutations."""
    rng = generator(11, "many signatures")
    signatures = rng.dirichlet(np.full(48, 0.3), 16)
    signatures[15] = 0.5 * (signatures[0] + signatures[1])
    answer = {}
    for k, n in ((2, 60), (2, 900), (5, 3_000), (13, 60_000)):
        share = np.r_[np.full(k, 1 / k), np.zeros(16 - k)]
        drawn = rng.multinomial(n, share @ signatures).astype(float)
        usual = [(), (1,), (1, 14)]
        answer[f"{k} of {n}"] = [exposures.fit_exposures(drawn, signatures, usual=of) for of in usual]
    answer["near"] = exposures.fit_exposures(np.round(500 * (signatures[0] + signatures[1])), signatures)
    kept("exposures", answer)


def pair(n, n_unit, shared, *, level=3, depth=30.0, seed=0):
    """Reads of n variants in two samples at `level` levels, of which `shared` are in both; as `sharing` takes them."""
    rng = generator(seed, f"pair of {n}")
    at = np.r_[0.0, np.linspace(0.1, 0.5, level)]
    there = rng.integers(1, level + 1, (2, n))
    only = rng.random(n) >= shared
    side = rng.integers(0, 2, n)
    there[side[only], np.flatnonzero(only)] = 0
    reads = rng.poisson(depth * at[there] + 0.02)
    mean = depth * at + 0.02
    like = [poisson_law.pmf(r[:, None], mean).astype(np.float32) for r in reads]
    seen = [np.broadcast_to(1 - np.exp(-mean) * (1 + mean), (n, level + 1)).astype(np.float32) for _ in reads]
    called = reads >= 2
    entered = called.any(0)
    return [part[entered] for part in (*like, *seen, *called)] + [np.arange(n)[entered] % n_unit]


def test_shares_of_two_samples(kept):
    """All shared, none, half; one patient, two, many; few reads; one level; nothing at all."""
    ways = {
        "half": pair(60, 6, 0.5),
        "most": pair(50, 5, 0.97, seed=1),
        "few": pair(50, 5, 0.04, seed=2),
        "shallow": pair(80, 4, 0.8, depth=6.0, seed=3),
        "one level": pair(30, 3, 0.7, level=1, seed=4),
        "one patient": pair(30, 1, 0.6, seed=5),
        "two": pair(24, 2, 0.6, seed=6),
        "many": pair(260, 230, 0.6, seed=7),
        "alike": pair(60, 6, 1.0, depth=60.0, seed=8),
    }
    answer = {}
    for name, (like_a, like_b, seen_a, seen_b, called_a, called_b, unit) in ways.items():
        share = sharing.latent_share(like_a, like_b, seen_a, seen_b, unit, n_step=60)
        excess = sharing.excess_discordance(like_a, like_b, seen_a, seen_b, called_a, called_b, unit, n_step=60)
        answer[name] = {"share": share, "excess": excess}
    nothing = [part[:0] for part in ways["half"]]
    answer["none"] = sharing.excess_discordance(*nothing)
    answer["unlimited"] = sharing.latent_share(*ways["half"][:4], ways["half"][6], n_step=60, limits=False)
    kept("sharing", answer)


def test_incidence_before_the_first_event_and_past_the_last(kept):
    """Times between events, at them and beyond; entries on event days; weights whole and broken; a cause nobody had."""
    time, event, _, entry, _, _, _ = people()
    cause = np.where(event, 1 + (np.arange(40) % 3 == 0), 0)
    first = np.sort(time[cause == 1])[0]
    cause[(time < first + 2) & (cause == 2)] = 0
    at = [0.0, 1, 2, 2.5, first - 0.5, first, first + 0.5, 9, time.max(), time.max() + 1]
    whole = 1.0 + np.arange(40) % 2
    ways = ({}, {"entry": entry}, {"weights": whole, "level": 0.9}, {"weights": whole / 2}, {"weights": whole - 1})
    answer = []
    for how in ways:
        curve = competing.cumulative_incidence(time, cause, **how)
        answer.append([curve.at(at, c) for c in curve.causes])
    ended = competing.cumulative_incidence([1, 2, 2, 3.0], [1, 2, 1, 2])
    answer.append([ended.at([0.5, 1, 2, 3, 9], c) for c in (1, 2)])
    nobody = competing.cumulative_incidence([1.0, 2, 3], [0, 0, 0])
    answer.append([nobody, nobody.at([0.5, 3, 4], 1)])
    x = np.c_[np.arange(40) % 2, np.arange(40) % 2, np.full(40, 3.0), np.cos(np.arange(40))]
    answer.append([competing.fine_gray(time, cause, x, of=k) for k in (1, 2, 3)])
    uncensored = competing.fine_gray(time, np.maximum(cause, 1), np.cos(np.arange(40)))
    kept("incidence", {"of": answer, "uncensored": [uncensored, uncensored.p_value]})


def test_shares_of_few_and_many_patients(kept):
    """19, 20 and a thousand patients; shares that go with the number of units and that do not; all or nothing found."""
    rng = generator(12, "patients")
    answer = {}
    for n in (2, 7, 8, 19, 20, 60):
        total = rng.integers(1, 12, n)
        found = rng.binomial(total, rng.beta(2, 1, n))
        ways = {"drawn": found, "with number": np.where(total > 5, total, total // 3), "all": total, "none": 0 * total}
        for name, k in ways.items():
            one = clustered_share.clustered_share(k, total, 0.9 if n == 19 else 0.95)
            told = [one.p_below(p) for p in (0.0, 0.1, 0.5, 0.9, 1.0)], [one.lower_bound(), one.lower_bound(0.05)]
            limits = [one.value, one.low, one.high, *(one.quantile(p) for p in (0.1, 0.5))]
            answer[f"{name} of {n}"] = {"limits": limits, "told": told, "method": one.method}
        worse = np.maximum(found - (np.arange(n) % 4 == 0) * 3, 0)
        pairs = [(worse, found), (found, worse), (total, total), (found // 2, found)]
        answer[f"paired of {n}"] = [
            clustered_share.paired_share_test(a, b, total, m) for a, b in pairs for m in (0.05, 0.2)
        ]
    for n in (999, 1_000):
        total = 1 + np.arange(n) % 5
        one = clustered_share.clustered_share(np.minimum(total, np.arange(n) % 4), total)
        answer[f"of {n}"] = {"limits": [one.low, one.high], "method": one.method}
    kept("shares_patients", answer)
