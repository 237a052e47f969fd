"""Models of evolution on small fixed inputs: every prior, grid and cut-off of theirs shows in the kept answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.evolution.test_background import TOLD, two_samples
from tests.evolution.test_doubt import patient, seeding_of
from tests.evolution.test_tumour_fraction import simulate as plasma
from tests.kept_numbers import check

from oncourse.evolution import course, ctdna, damage, excluded, heterogeneity, quiet_sites, time, timing
from oncourse.evolution.clustering.cluster import cluster_patient
from oncourse.evolution.clustering.doubt import wrong_copies
from oncourse.evolution.clustering.types import ClusterParams
from oncourse.evolution.damage import _Low, _upper
from oncourse.evolution.open_background import chance_of_noise, noise_words
from oncourse.evolution.presence import PriorSettings, presence
from oncourse.evolution.seeding.divergence import divergence, sample_distances, sample_tree
from oncourse.evolution.seeding.lesions import seeding_posterior
from oncourse.evolution.seeding.migration import parsimonious_histories
from oncourse.evolution.simulate import default_plan, simulate_tumour
from oncourse.evolution.trees.posterior import fit_trees
from oncourse.evolution.tumour_fraction import tumour_fractions
from oncourse.stats.rng import generator


@pytest.fixture
def kept(request):
    """Return a function: name, answer -> compared with what is kept."""
    accept = request.config.getoption("--accept")
    return lambda name, answer: check(f"evolution/{name}", answer, accept)


def test_presence_and_background(kept):
    error = np.full(7, 3 * TOLD)
    error[2] *= 6
    cells, samples, _ = two_samples(error, n_patient=4, n_variant=40, depth=80)
    found = presence(cells, samples)
    words = [str(w) for w in noise_words(found.background, 200.0)]
    kept("presence", {"found": found, "noise": chance_of_noise(found.background), "words": words})


def test_presence_of_cells_of_every_kind(kept):
    """Not counted, no reads, called without counts, four copies and one, a purity that is not known, an interval of one,
    what may be germline, errors of many times those told in one kind of change."""
    error = np.full(7, 3 * TOLD)
    error[2] *= 20
    cells, samples, _ = two_samples(error, n_patient=3, n_variant=30, depth=50)
    number = np.arange(cells.n)
    alt, depth = cells.alt_count.copy(), cells.depth.copy()
    alt[number % 17 == 3], depth[number % 34 == 3] = -1, 0
    odd = replace(
        cells,
        alt_count=alt,
        depth=np.where(number % 23 == 5, 0.0, depth),
        total_cn=np.array([2.0, 4, 1, 3])[number % 4],
        major_cn=np.array([1.0, 3, 1, 2])[number % 4],
        normal_cn=np.where(number % 19 == 0, 1.0, 2.0),
        teaches=number % 13 != 1,
        is_measured=number % 4 > 0,
    )
    purity = np.array([0.6, np.nan, 0.3, 0.6, 0.9, np.nan])
    some = replace(
        samples, purity=purity, is_plasma=np.arange(6) % 2 == 1, purity_low=purity - 0.1, purity_high=purity + 0.1
    )
    found = presence(odd, some, PriorSettings(fixed=0.4), n_thread=1)
    shape, learned = odd.error_rate * 2, found.background
    multiple = np.where(np.arange(7) == 2, 9.0, 1.0) * np.ones((6, 1))
    asked = number % 5 > 0
    counted = (odd.alt_count >= 0) & (odd.depth > 0)
    given = np.nan_to_num(purity, nan=0.4)
    kept(
        "presence_odd",
        {
            "found": found,
            "damaged": damage.log_damaged(odd, shape, multiple, np.full(6, 2.0), asked),
            "highest": damage.log_highest(odd, learned, asked),
            "open": damage.open_damage(odd, some, given, number % 3, counted, np.full(6, 1.5)),
            "tail": [excluded.tail(odd, np.full(6, 50.0), counted, given, ccf) for ccf in (1.0, 0.2)],
            "excluded": excluded.excluded_ccf(odd, counted, given - 0.1),
            "feared": excluded.spread_to_fear(learned, np.full(6, 200.0)),
            "scale": found.weighing.log_scale(number, np.full(6, 100.0)),
        },
    )


def test_trees_among_many_and_of_few_reads(kept):
    """More plausible trees than are kept, a clone not looked at in a sample, counts instead of a variance."""
    rng = generator(9, "trees among many")
    mean = np.clip(rng.uniform(0, 1, (5, 2)), 0.02, 1.0)
    mean[0] = 1.0
    var = np.full(mean.shape, 0.05)
    var[3, 1] = 0.0
    few = fit_trees(mean, var, max_trees=6, steps_per_clone=400)
    wide = fit_trees(mean, np.full(mean.shape, 0.01), wide=np.full(mean.shape, 0.2), max_trees=8, steps_per_clone=400)
    depth = np.full(mean.shape, 40.0)
    counted = fit_trees(mean, var, counts=(np.round(mean * 20), depth), max_trees=6, steps_per_clone=400)
    kept("trees", {"few": few, "wide": wide, "counted": counted})


def test_tumour_fraction(kept):
    measured = tumour_fractions(*plasma(4, n_patient=8)[:4])
    unmeasured = tumour_fractions(*plasma(5, n_patient=6, measured=False)[:4])
    kept("tumour_fraction", {"measured": measured, "unmeasured": unmeasured})


def test_damage(kept):
    rng = generator(3, "numbers of damage")
    n = 60
    low = _Low(
        rng.integers(0, 4, n),
        rng.integers(0, 2, n),
        rng.integers(0, 5, n).astype(float),
        rng.random(n),
        rng.random((n, 6)),
        rng.random((n, 4)),
    )
    mine = np.arange(n) % 3 == 0
    few = np.arange(n) < 9
    upper = _upper(np.array([0.0, 3.0, 40.0, 2.0]), np.array([0.5, 1.0, 0.1, 50.0]))
    kept("damage", {"usual": low._usual(~mine), "of": low.damaged(mine, 4), "few": low.damaged(few, 4), "upper": upper})


def test_clusters_trees_and_seeding(kept):
    counts, _, _ = patient(artefacts=4, lost=(3,), told=True, depth=120)
    found = cluster_patient(counts, ClusterParams(average=False))
    answer = {"labels": found.labels, "p_no_clone": found.p_no_clone, "n": found.n_variants, "ccf": found.log_lik}
    kept(
        "clusters",
        answer | {"wrong_copies": wrong_copies(counts, found), "seeding": seeding_of(counts, found)},
    )


def test_histories(kept):
    mean = np.array([[1.0, 1.0, 1.0], [0.05, 0.95, 0.9], [0.0, 0.1, 1.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.05]])
    var = np.full(mean.shape, 3e-3)
    trees = fit_trees(mean, var)
    seeding = {root: seeding_posterior(trees, mean, var, np.array([0, 1, 2]), root_site=root) for root in (0, None)}
    there = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 1], [0, 1, 0]], bool)
    tree = np.array([-1, 0, 1, 0, 1])
    histories = [
        parsimonious_histories(tree, there, root_site=r, n_root_samples=n) for r, n in ((0, 1), (0, 3), (None, 1))
    ]
    kept("histories", {"trees": trees, "seeding": seeding, "histories": histories})


def test_divergence(kept):
    sure = lambda *values: np.array(values, float)  # noqa: E731
    primary, met = (sure(1, 0.6, 0), sure(0, 0.1, 0.05)), (sure(1, 0.9, 0.8), sure(0, 0.02, 0.1))
    found = {n: divergence(primary, met, np.array([30, 5, 4]), n_primary_regions=n) for n in (1, 3)}
    early = divergence((sure(1, 1), sure(0, 0)), (sure(1, 0), sure(0, 1)), np.array([30, 9]), n_primary_regions=2)
    ccf = generator(4, "numbers of divergence").random((12, 4))
    ccf[0, 1] = np.nan
    drawn = sample_tree(ccf, generator(5, "tree"), n_boot=20)
    kept("divergence", {"by_regions": found, "early": early, "distance": sample_distances(ccf), "tree": drawn})


def test_course(kept):
    reads, depth, background = [48, 41, 20, 0, 160, 152], [1e5, 1e5, 5e4, 1e5, 1e5, 2e5], [1.0, 1.0, 0.5, 1.0, 2.0, 2.0]
    answer = {"course": course.course(reads, depth, background)}
    answer |= {"learned": course.course(reads, depth, background, cv=0.1, uneven=0.0, rise=1.5, fall=0.3)}
    answer |= {f"turn_{x:g}": course.turning(reads, depth, background, least=x) for x in (1.0, 1.3)}
    kept("course", answer)


def test_ctdna(kept):
    total, mean, square = np.array([0, 3, 9, 40]), np.array([0.5, 1.0, 2.0, 30.0]), np.array([0.1, 0.3, 1.0, 90.0])
    alike = ctdna.positivity(total, mean, square)
    spread = ctdna.positivity(total, mean, square, alpha=0.05, noise_shape=2.0, uncertainty=0.1)
    site = ctdna.single_sites(total, mean, noise_shape=1.5, uncertainty=0.2)
    depth, error, least = (
        np.array([5_000, 80_000, 200, 80_000]),
        np.array([1e-3, 1e-5, 1e-3, 1e-5]),
        np.array([9, 4, 300, 0]),
    )
    limit = ctdna.detection_limit(depth, error, least), ctdna.detection_limit(depth, error, least, power=0.8)
    exact = ctdna.fraction_interval(np.array([0, 3, 60, 1]), depth, error, 0.9)
    uneven = ctdna.spread_interval([4, 0, 30, 7, 2], [900, 1_000, 800, 1_200, 40], [1e-3] * 5)
    alone = ctdna.spread_interval([4], [900], [1e-3])
    answer = {"alike": alike, "spread": spread, "site": site, "limit": limit, "exact": exact, "uneven": uneven}
    kept("ctdna", answer | {"alone": alone})


def test_quiet_sites(kept):
    rng = generator(6, "numbers of quiet sites")
    n = 400
    sample, kind, expected = rng.integers(0, 5, n), rng.integers(0, 3, n), rng.uniform(0.1, 1.5, n)
    alt = rng.poisson(expected * np.array([1.0, 2.0, 0.5, 1.0, 4.0])[sample] * rng.gamma(2.0, 0.5, n))
    alt[:3] = 40
    found = quiet_sites.learn_background(alt, expected, sample, kind, n_sample=6, n_kind=3)
    few = quiet_sites.learn_background(alt[:60], expected[:60], sample[:60], kind[:60], n_sample=6, n_kind=3)
    kept("quiet_sites", {"learned": found, "few": few})


def test_heterogeneity(kept):
    rng = generator(7, "numbers of heterogeneity")
    p, q, n, m = rng.random(30), rng.random(30), rng.integers(20, 90, 30), rng.integers(20, 90, 30)
    tail = 1 / rng.uniform(1 / 0.26, 1 / 0.1, 60)
    of = lambda b, i: p[i].mean(axis=-1) + 0.01 * b[:, 0]  # noqa: E731
    kept(
        "heterogeneity",
        {
            "measures": [heterogeneity.nei_distance(p, q), heterogeneity.hudson_fst(p, q, n, m)],
            "math": heterogeneity.math_score(np.where(p > 0.2, p, np.nan)),
            "neutral": [heterogeneity.neutral_r2(tail), heterogeneity.neutral_r2(tail[:4])],
            "neutrals": heterogeneity.neutral_r2(np.stack([tail, tail[::-1] * 0.8, np.where(tail > 0.15, tail, 0.0)])),
            "power": [heterogeneity.neutral_power(k, 300, generator(k, "power")) for k in (4, 5, 12, 200)],
            "shares": [heterogeneity.shannon(np.array([0.2, 0.0, 0.8])), heterogeneity.simpson(np.array([0.2, 0.8]))],
            "variants": heterogeneity.over_variants(of, 30, 40, rng),
            "sums": heterogeneity.over_sums((p, q * np.ones((40, 1))), lambda a, b: a / b, 40, rng),
        },
    )


def test_time(kept):
    rng = generator(8, "numbers of time")
    fraction = np.abs(rng.dirichlet([2.0, 3.0, 1.0, 0.01], (9, 4))).transpose(0, 2, 1)
    day = np.array([30.0, 0.0, 200.0, 90.0])
    grown = time.growth_rates(day, fraction), time.growth_rates(day, fraction, burden=np.array([0.1, 0.4, 0.2, 0.05]))
    swept = time.sweeps(day, np.minimum(2.2 * fraction, 1.0), low=0.5, high=0.5, sure=0.1)
    calls = [timing.timing_call(p, minor) for p in (0.1, 0.2, 0.5, 0.8, 0.81, np.nan) for minor in (0, 1)]
    kept("time", {"growth": grown, "sweeps": swept, "calls": calls})


def test_simulated_tumours(kept):
    """Seeded draws: each rate, share and size of the simulation shows in what is drawn."""
    tumours = {}
    for seed, assay in ((1, "wes"), (2, "panel")):
        made = simulate_tumour(seed, "numbers", default_plan(seed, "numbers", assay=assay, n_metastases=3))
        tumours[assay] = {k: v for k, v in vars(made).items() if hasattr(v, "columns")}
    kept("simulated", tumours)
