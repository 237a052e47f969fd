"""Errors and spread learned from the reads: against simulated truth, told wrongly."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from oncourse.derive.concordance.presence import MIN_LEAST
from oncourse.evolution import background
from oncourse.evolution.log_gamma import log_rising
from oncourse.evolution.open_background import chance_of_noise, noise_words, readings
from oncourse.evolution.presence import Cells, Samples, _with_learned, presence
from oncourse.evolution.site_reads import CHANGES, log_noise
from oncourse.stats.rng import generator

TOLD, C_T = 1e-3, CHANGES.index("C>T")


def two_samples(error, concentration=200.0, n_patient=12, n_variant=60, depth=60, seed=5):
    """Pairs of samples of purity .6: half of the variants clonal in both, the rest in one of them.

    error : rate per kind of change, shape (7,); the assay states `TOLD`
    """
    rng = generator(seed, "background")
    n = 2 * n_patient
    sample = np.tile(np.arange(n).reshape(n_patient, 1, 2), (1, n_variant, 1))
    variant = np.repeat(np.arange(n_patient * n_variant).reshape(n_patient, n_variant, 1), 2, axis=2)
    change = np.broadcast_to(rng.integers(0, 7, (n_patient, n_variant, 1)), sample.shape)
    here = np.ones(sample.shape, bool)
    only = rng.integers(0, 4, (n_patient, n_variant))
    here[only == 0, 0], here[only == 1, 1] = False, False
    reads = rng.poisson(depth, sample.shape)
    vaf = np.where(here, 0.3, 0.0) + np.asarray(error)[change]
    drawn = np.where(here, rng.beta(vaf * concentration, (1 - vaf) * concentration), vaf)
    alt = rng.binomial(reads, drawn)
    cells = Cells(
        sample.ravel(),
        variant.ravel(),
        alt.ravel().astype(float),
        reads.ravel().astype(float),
        (alt >= 3).ravel() & here.ravel(),
        np.full(alt.size, 2.0),
        np.ones(alt.size),
        np.full(alt.size, 2.0),
        np.full(alt.size, TOLD),
        change=change.ravel().astype(np.int64),
    )
    samples = Samples(
        np.full(n, 0.6), np.zeros(n, bool), np.full(n, 200.0), np.full(n, 2.0), np.full(n, 3), np.full(n, 0.02)
    )
    return cells, samples, here.ravel()


def test_errors_ten_times_those_told_are_learned_and_make_nothing_present():
    """Before: 23 to 38 % of the sites without the variant were called present (issue of the wrong model)."""
    cells, samples, here = two_samples(np.full(7, 1e-2))
    found = presence(cells, samples)
    assert np.median(found.background.factor) == pytest.approx(10, rel=0.3)
    assert (found.p_present[~here] >= 0.95).mean() <= 0.05
    assert (found.p_present[here] >= 0.95).mean() >= 0.95
    words = noise_words(found.background, 200.0)
    assert all(w is not None and w.startswith("errors ") for w in words)


def test_errors_as_told_stay_and_name_nobody():
    cells, samples, _ = two_samples(np.full(7, TOLD))
    found = presence(cells, samples).background
    assert np.median(found.factor) == pytest.approx(1, rel=0.35)
    assert set(noise_words(found, 200.0)) == {None}


def test_lesions_that_share_everything_teach_no_errors_and_say_so():
    """Few sites without the variant may as well be small clones; a third of them teach errors in full."""
    cells, samples, here = two_samples(np.full(7, 1e-2), n_patient=4)
    assert presence(cells, samples).background.told_apart == 1
    shared = replace(cells, alt_count=np.where(here, cells.alt_count, 18.0), is_called=np.ones(cells.n, bool))
    assert presence(shared, samples).background.told_apart == 0
    bare = replace(cells, alt_count=np.full(cells.n, -1.0))
    assert np.isnan(presence(bare, samples).background.told_apart)


def test_alleles_lost_that_nobody_told_of_teach_no_errors():
    """Purity .85, a third of the variants on the last allele: .74 of the reads where two copies would give .43. Before:
    20 times the told errors, in every sample of a study without segments."""
    rng = generator(8, "lost alleles")
    cells, samples, _ = two_samples(np.full(7, TOLD), depth=150)
    told = np.full_like(samples.purity, 0.85)
    lost = rng.random(int(cells.variant.max()) + 1)[cells.variant] < 0.33
    vaf = np.where(lost, 0.85 / 1.15, 0.85 / 2)
    there = cells.alt_count >= 10
    alt = np.where(there, rng.binomial(cells.depth.astype(int), rng.beta(vaf * 200, (1 - vaf) * 200)), cells.alt_count)
    cells = replace(cells, alt_count=alt.astype(float), is_measured=np.zeros(cells.n, bool))
    found = presence(cells, replace(samples, purity=told))
    assert np.median(found.background.factor) < 1.5


def test_formalin_shows_in_its_kind_of_change_only():
    """C>T at 20 times the told rate, all else as told."""
    error = np.full(7, TOLD)
    error[C_T] *= 20
    cells, samples, here = two_samples(error, n_variant=120)
    found = presence(cells, samples)
    by_kind = np.median(found.background.by_kind, axis=0)
    assert by_kind[C_T] > 6 and np.delete(by_kind, C_T).max() < 3
    assert (found.p_present[~here & (cells.change == C_T)] >= 0.95).mean() <= 0.05
    assert sum("C>T" in (w or "") for w in noise_words(found.background, 200.0)) >= 20


def test_formalin_in_some_samples_is_told_by_the_cohort():
    """C>T at 20 times the told rate in every second sample, two or three such sites in each: one sample alone teaches
    nothing (a third of the sites without the variant was called present, and no sample was named)."""
    error = np.full(7, TOLD)
    error[C_T] *= 20
    cells, samples, here = two_samples(error, depth=120)
    plain, _, _ = two_samples(np.full(7, TOLD), depth=120)
    old = cells.sample % 2 == 0
    cells = replace(
        cells,
        alt_count=np.where(old, plain.alt_count, cells.alt_count),
        is_called=np.where(old, plain.is_called, cells.is_called),
        depth=np.where(old, plain.depth, cells.depth),
    )
    found = presence(cells, samples)
    absent = ~here & (cells.change == C_T) & ~old
    assert (found.p_present[absent] >= 0.95).mean() <= 0.08
    named = np.array(["C>T" in (w or "") for w in noise_words(found.background, 200.0)])
    # an undamaged sample that shows reads at such a site may be damaged, too: named as possible
    assert named[1::2].mean() > 0.6 and named[::2].mean() < 0.2


def test_damage_that_small_clones_would_explain_is_left_open():
    """C>T at exponential rates around 40 times those told in half of the samples: few reads that a clone would explain,
    at sites of one kind. One in eight of them was called present."""
    cells, samples, here = two_samples(np.full(7, TOLD), depth=100)
    cells = replace(cells, change=np.where(cells.change >= 4, C_T, cells.change))
    rng = generator(3, "damage")
    hit = ~here & (cells.change == C_T) & (cells.sample % 2 == 1)
    rate = np.minimum(TOLD * 40 * rng.exponential(1.0, cells.n), 0.5)
    alt = np.where(hit, rng.binomial(cells.depth.astype(int), rate), cells.alt_count)
    found = presence(replace(cells, alt_count=alt, is_called=alt >= 3), samples)
    likely = (found.p_present >= 0.95) & (found.p_least >= 0.9)
    few = hit & (alt > 0) & (alt < 0.1 * cells.depth)
    assert few.sum() > 50 and likely[few].mean() <= 0.02 and (found.p_present[few] >= 0.95).mean() > 0.1
    named = np.array([w is not None for w in noise_words(found.background, 200.0)])
    assert named[np.unique(cells.sample[few])].mean() > 0.9
    assert likely[here & (cells.change == C_T)].mean() > 0.95


def test_clones_that_are_small_in_one_kind_as_in_another_are_no_damage():
    cells, samples, _ = two_samples(np.full(7, TOLD))
    assert presence(cells, samples).background.damage.max() == 1.0


def test_damage_is_told_by_the_samples_it_is_in_and_not_by_chance_alone():
    """A kind with some more small clones than the others, in every sample alike, was damage "up to 50 times" in 59 of 60
    samples of a study with errors as told (a difference of two shares, 2.1 standard errors); damage 20 times the told
    errors, of four samples in ten, was none in two studies of four."""
    named = {}
    for damaged, depth in ((False, 60), (True, 60), (True, 150)):
        cells, samples, here = two_samples(np.full(7, TOLD), n_patient=20, depth=depth, seed=12)
        cells = replace(cells, change=np.where(cells.change >= 4, C_T, cells.change))
        rng = generator(4, "small clones")
        n_variant = int(cells.variant.max()) + 1
        # small clones at a third of the sites of C>T, at a fifth of the others
        small = ~here & (rng.random(n_variant)[cells.variant] < np.where(cells.change == C_T, 0.33, 0.2))
        vaf = np.where(small, 0.3 * rng.uniform(0.1, 0.6, n_variant)[cells.variant], 0.0) + TOLD
        hit = damaged & (cells.change == C_T) & (cells.sample % 5 < 2)
        vaf = np.where(hit & ~small, TOLD * 20 * rng.exponential(1.0, cells.n), vaf)
        alt = np.where(here, cells.alt_count, rng.binomial(cells.depth.astype(int), np.minimum(vaf, 0.5)))
        learned = presence(replace(cells, alt_count=alt.astype(float), is_called=alt >= 3), samples).background
        named[damaged, depth] = learned.damage[:, C_T] > 5
        assert np.delete(learned.damage, C_T, axis=1).max() == 1.0
    assert not named[False, 60].any()
    in_it = np.arange(40) % 5 < 2
    for depth in (60, 150):
        assert named[True, depth][in_it].mean() > 0.8


def test_the_same_bytes_on_one_thread_and_on_two():
    """Sums of matrix products came in another order with more threads, and turned cells at a limit round."""
    code = (
        "import sys, hashlib, numpy as np; sys.path.insert(0, sys.argv[1]);"
        "from tests.evolution.test_background import two_samples; from oncourse.evolution.presence import presence;"
        "found = presence(*two_samples(np.full(7, 3e-3), n_patient=60, n_variant=30)[:2]);"
        "print(hashlib.md5(found.p_present.tobytes() + found.ccf.tobytes()"
        " + found.background.by_kind.tobytes()).hexdigest())"
    )
    root = str(Path(__file__).parents[2])
    said = [
        subprocess.run(
            [sys.executable, "-c", code, root],
            env=os.environ | {"OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n, "MKL_NUM_THREADS": n},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "2")
    ]
    assert said[0] == said[1] and len(said[0]) > 30


def test_spread_of_reads_is_learned():
    """Concentration 20 where 200 is assumed; as assumed where it is so. The assumed one is worth something: 12 patients
    end between."""
    cells, samples, _ = two_samples(np.full(7, TOLD), concentration=20.0)
    assert 12 < np.median(presence(cells, samples).background.concentration) < 45
    cells, samples, _ = two_samples(np.full(7, TOLD))
    assert np.median(presence(cells, samples).background.concentration) > 120


def test_little_teaches_little():
    """One patient with six variants: what is told stands within a factor of two."""
    cells, samples, _ = two_samples(np.full(7, TOLD), n_patient=1, n_variant=6)
    found = presence(cells, samples).background
    assert (found.factor > 0.5).all() and (found.factor < 2).all()
    assert (found.concentration == 200).all()


@pytest.mark.parametrize("is_given", [True, False])
def test_errors_thirty_times_those_told_make_nothing_present(is_given):
    """As many reads as a clone of a tenth of the cells shows: the share present that was learned drifted to .95, and 26 %
    of the sites without one read were "present" (purity given: 22 %, not given: 45 % of the absent sites)."""
    cells, samples, here = two_samples(np.full(7, 30 * TOLD))
    cells = replace(cells, is_called=cells.alt_count >= 3)
    if not is_given:
        samples = replace(samples, purity=np.full(len(samples.purity), np.nan))
    found = presence(cells, samples, n_thread=1)
    said = (found.p_present >= 0.95) & (found.p_least >= MIN_LEAST)
    assert said[~here].mean() < 0.05 and not said[cells.alt_count == 0].any()
    assert said[here].mean() > 0.9 and (found.background.factor > 10).all()


@pytest.mark.parametrize("is_known", [True, False])
def test_a_sample_whose_tumour_cells_are_not_known_teaches_no_errors(is_known):
    """Six colorectal cancers without purities (Hu 2019): at a fraction of .03 that nobody could tell from others all
    reads of 17 samples were errors of 40 to 50 times those told, and KRAS Q61H in 19 of 56 reads was not assessable."""
    cells, samples, here = two_samples(np.full(7, TOLD))
    unknown = np.arange(len(samples.purity)) % 2 == 0
    samples = replace(samples, purity=np.where(unknown, np.nan, samples.purity))
    fraction = SimpleNamespace(mean=np.where(unknown, 0.03, 0.6), is_known=~unknown | is_known)
    counted, elsewhere = np.ones(cells.n, bool), here[np.arange(cells.n) ^ 1]
    _, _, learned = _with_learned(cells, samples, counted, elsewhere, fraction)
    if is_known:  # what would be learned of reads of .3 where a clone shows .015
        assert learned.factor[unknown].min() > 10
    else:
        assert learned.factor[unknown].max() < 2 and (learned.n_site[unknown] == 0).all()
        assert (learned.concentration[unknown] == samples.concentration[unknown]).all()
        assert learned.factor[~unknown].max() < 2


def test_log_noise_is_the_gamma_mixture_of_binomials():
    """Numerical integral over the beta density that the gamma is taken as (rate 1 %, shape 2)."""
    from scipy.integrate import quad
    from scipy.stats import beta

    dist = beta(2.0, 2.0 / 0.01 - 2.0)
    by_hand = quad(lambda e: dist.pdf(e) * e**3 * (1 - e) ** 97, 0, 1, epsabs=0)[0]
    assert log_noise(np.array([3.0]), np.array([100.0]), np.array([0.01]), 2.0)[0] == pytest.approx(np.log(by_hand))


def test_uneven_errors_and_small_clones_are_both_weighed():
    """Five times the told errors, differing between sites like a gamma of shape .5: few reads of a site of many errors
    look like a small clone. What the reads leave open is averaged over, and neither answer is given (of the sites
    without the variant 6.7 % were called present)."""
    cells, samples, here = two_samples(np.full(7, TOLD))
    rng = generator(9, "uneven")
    alt = np.where(
        here, cells.alt_count, rng.binomial(cells.depth.astype(int), 5 * TOLD * rng.gamma(0.5, 2.0, cells.n))
    )
    found = presence(replace(cells, alt_count=alt.astype(float)), samples)
    doubts = found.background.doubts
    assert sum(w for w, *_ in doubts) == pytest.approx(1, abs=0.05) and len(doubts) > 3
    assert (found.p_present[~here] >= 0.95).mean() <= 0.03
    assert (found.p_present[here] >= 0.95).mean() >= 0.95
    assert chance_of_noise(found.background).mean() >= 0.5 and None not in noise_words(found.background, 200.0)
    # present holds under the highest errors that explain the reads about as well as any, and these say something
    highest = np.median(found.background.highest[1] * found.background.factor)
    assert 3 < highest < 16 and (found.p_least[~here] >= 0.9).mean() <= (found.p_present[~here] >= 0.9).mean() / 2
    assert (found.p_least[here] >= 0.9).mean() >= 0.95
    told = presence(*two_samples(np.full(7, TOLD))[:2]).background
    assert chance_of_noise(told).max() < 0.25 and np.median(told.highest[1] * told.factor) < 3
    assert sum(w for w, _, multiple in told.doubts if np.median(multiple * told.factor) > 3) < 0.05


def test_a_chance_of_more_errors_names_nobody_where_the_highest_are_twice_those_told():
    """In two of sixteen studies of 12 patients as told (60x) every sample was named for a chance of .31-.36, where errors
    above twice those told explained the reads worse; with errors 3 to 10 times those told the highest were 3.3-16."""
    learned = presence(*two_samples(np.full(7, TOLD))[:2]).background
    n = len(learned.factor)
    chance = replace(learned, factor=np.ones(n), doubts=((1.0, 2.0, np.full(n, 1.6)),))
    assert chance_of_noise(chance) == pytest.approx(0.41, abs=0.01)  # Phi(log(1.6 / 1.75) / .4)
    assert set(noise_words(replace(chance, highest=(2.0, np.full(n, 2.0))), 200.0)) == {None}
    named = noise_words(replace(chance, highest=(2.0, np.full(n, 3.0))), 200.0)
    assert all(w and "chance 41 %" in w for w in named)
    likely = replace(chance, doubts=((1.0, 2.0, np.full(n, 1.75)),), highest=(2.0, np.full(n, 2.0)))
    assert None not in noise_words(likely, 200.0)
    sure = replace(learned, factor=np.ones(n), highest=(2.0, np.full(n, 4.0)))
    assert chance_of_noise(sure).max() < 0.3 and all("up to 4 times" in w for w in noise_words(sure, 200.0) if w)
    assert None not in noise_words(sure, 200.0)


def test_each_explanation_of_the_errors_has_cell_fractions_of_its_own():
    """Few reads are small clones where errors are low, and the usual share of small clones that these teach made few
    reads clones in noisy samples as well: with errors ten times those told 8.6 % of the sites without the variant were
    called present by an independent simulator, 1.7 % since."""
    cells, samples, here = two_samples(np.full(7, 10 * TOLD), seed=6)
    found = presence(cells, samples)
    apart = readings(found.background)
    assert sum(r.weight for r in apart) == pytest.approx(1) and len(apart) <= 4
    assert sorted(len(r.parts) for r in apart) and sum(len(r.parts) for r in apart) == len(found.background.doubts)
    assert (found.p_present[~here] >= 0.95).mean() <= 0.02


def test_a_small_clone_of_a_deep_sample_is_no_error():
    """A primary at 800x holds the founder of its metastasis in 5 % of its cells: 8 sites show 1-2 % of the reads. They
    were taken for errors twenty times those told, and called absent."""
    cells, samples, here = two_samples(np.full(7, TOLD), depth=800, n_patient=6, n_variant=24)
    rng, first = generator(8, "faint"), np.flatnonzero((cells.sample == 0) & ~here)
    alt = cells.alt_count.copy()
    alt[first] = rng.binomial(cells.depth[first].astype(int), 0.3 * 0.05)
    found = presence(replace(cells, alt_count=alt), samples)
    assert len(first) >= 5 and found.background.factor[0] < 3 and noise_words(found.background, 200.0)[0] is None
    assert (found.p_present[first] > 0.5).all()


def test_plasma_teaches_no_errors_at_sites_of_its_own_tumour():
    """Plasma holds cells of lesions that nobody sampled: few reads at a site are a small share of its DNA."""
    cells, samples, here = two_samples(np.full(7, TOLD), depth=120)
    rng, plasma = generator(9, "shed"), np.arange(len(samples.purity)) % 2 == 1
    few = np.flatnonzero(plasma[cells.sample] & ~here)
    alt = cells.alt_count.copy()
    alt[few] = rng.binomial(cells.depth[few].astype(int), 0.02)
    shed = presence(replace(cells, alt_count=alt), replace(samples, is_plasma=plasma))
    assert noise_words(shed.background, 200.0) == [None] * len(plasma) and shed.background.factor.max() < 2


def test_log_rising_is_the_difference_of_two_log_gammas():
    """scipy.special.gammaln, from 1e-8 to 1e7, of counts up to 1e5; as exact as the larger of the two logarithms."""
    from scipy.special import gammaln

    x, k = np.geomspace(1e-8, 1e7, 200)[:, None], np.r_[0.0, 1.0, 2.5, np.geomspace(3, 1e5, 20).round()]
    assert log_rising(x, k) == pytest.approx(gammaln(x + k) - gammaln(x), abs=2e-6)
    small = x[:, 0] < 1e3
    assert log_rising(x[small], k[:8]) == pytest.approx(gammaln(x[small] + k[:8]) - gammaln(x[small]), abs=1e-9)


def test_damaged_kinds_are_the_mixture_written_out():
    """Plain slow definition beside the one that works with the sums of the parts."""
    rng = generator(3, "damaged kinds")
    table, mean, grid = rng.normal(size=(9, 7, 14)) * 3, rng.normal(size=9), np.log(background.FACTORS)
    like = np.exp(table - table.max(axis=2, keepdims=True))

    def joint(shift):
        prior = np.exp(-0.5 * ((grid - mean[:, None] - shift) / background.KIND_SPREAD) ** 2)
        return like * (prior / prior.sum(axis=1, keepdims=True))[:, None]

    mixed, before = [joint(0.0)], [background.UNDAMAGED]
    for shift in background.DAMAGE:
        for share in background.DAMAGED_SHARES:
            mixed.append((1 - share) * joint(0.0) + share * joint(shift))
            before.append((1 - background.UNDAMAGED) / 30)
    logs = np.array([np.log(m.sum(axis=2)).sum(axis=0) + np.log(p) for m, p in zip(mixed, before, strict=True)])
    weight = np.exp(logs - np.logaddexp.reduce(logs, axis=0))
    mass = sum(w[:, None] * m / m.sum(axis=2, keepdims=True) for w, m in zip(weight, mixed, strict=True))
    found, low = background._kinds(table, mean)
    np.testing.assert_allclose(found, np.exp((mass * grid).sum(axis=2) / mass.sum(axis=2)), rtol=1e-9)
    assert (low == background.FACTORS[np.argmax(np.cumsum(mass, axis=2) >= 0.05, axis=2)]).all()
