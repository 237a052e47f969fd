"""Presence of a variant in a sample: on simulated truth over the grid of purity, depth, error, copies and CCF."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.evolution import presence_kernels as kernels
from oncourse.evolution.presence import (
    NEVER_SURE,
    Cells,
    PriorSettings,
    Samples,
    _Prior,
    _rough_ccf,
    detection_at,
    presence,
)
from oncourse.evolution.vaf import ccf_from_vaf, expected_vaf, min_alt_reads
from oncourse.stats import betabinomial
from oncourse.stats.rng import generator
from oncourse.stats.sharing import expected_discordance


def simulate(seed, *, n_patient=60, n_variant=80, n_sample=4, plasma=None, share=0.5, concentration=200.0):
    """Return cells, samples and truth over purity 0.1-0.9, depth 20-2000, error 1e-5 to 1e-2, CN 1-6, CCF 0.05-1."""
    rng = generator(seed, "presence truth")
    n = n_patient * n_sample
    shape = (n_patient, n_variant, n_sample)
    purity = rng.uniform(0.1, 0.9, n)
    is_plasma = np.zeros(n, bool)
    depth = np.exp(rng.uniform(np.log(20), np.log(2000), n))
    error = np.exp(rng.uniform(np.log(1e-5), np.log(1e-2), n))
    min_vaf = np.full(n, 0.02)
    if plasma is not None:
        is_plasma[n_sample - 1 :: n_sample] = True
        purity[is_plasma] = np.exp(rng.uniform(*np.log(plasma), is_plasma.sum()))
        depth[is_plasma], error[is_plasma], min_vaf[is_plasma] = 3000, 1e-4, 0.001
    sample = np.broadcast_to(np.arange(n).reshape(n_patient, 1, n_sample), shape)
    major = rng.integers(1, 4, shape)
    total = major + np.minimum(rng.integers(0, 4, shape), major)
    present = rng.random(shape) < rng.beta(4 * share, 4 * (1 - share), (n_patient, 1, 1))
    clonal = rng.random((n_patient, n_variant, 1)) < 0.5
    ccf = np.where(clonal, 1.0, rng.uniform(0.05, 1, shape)) * present
    copies = np.where(rng.random((n_patient, n_variant, 1)) < 0.5, major, 1)
    reads = rng.poisson(depth[sample])
    vaf = expected_vaf(purity[sample], total, ccf=ccf, multiplicity=copies)
    vaf = vaf * (1 - error[sample]) + (1 - vaf) * error[sample]
    drawn = rng.beta(np.maximum(vaf * concentration, 1e-9), (1 - vaf) * concentration)
    alt = rng.binomial(reads, np.where(present, drawn, vaf))
    called = alt >= np.maximum(3, np.ceil(reads * min_vaf[sample]))
    kept = np.broadcast_to(called.any(axis=2)[:, :, None], shape)
    variant = np.broadcast_to(np.arange(n_patient * n_variant).reshape(n_patient, n_variant, 1), shape)

    def pick(x):
        return np.ascontiguousarray(np.broadcast_to(x, shape)[kept])

    cells = Cells(
        pick(sample),
        pick(variant),
        pick(alt).astype(float),
        pick(reads).astype(float),
        pick(called),
        pick(total).astype(float),
        pick(major).astype(float),
        np.full(int(kept.sum()), 2.0),
        pick(error[sample]),
    )
    samples = Samples(
        np.where(is_plasma, np.nan, purity),
        is_plasma,
        np.full(n, 200.0),
        np.full(n, 2.0),
        np.full(n, 3),
        min_vaf,
    )
    truth = {
        "present": pick(present),
        "ccf": pick(ccf),
        "purity": purity,
        "patient": pick(np.arange(n_patient)[:, None, None]),
    }
    return cells, samples, truth


def calibration_error(p, truth):
    """Return the expected calibration error over ten equal bands."""
    band = np.minimum((p * 10).astype(int), 9)
    count = np.bincount(band, minlength=10)
    gap = np.abs(np.bincount(band, truth, minlength=10) - np.bincount(band, p, minlength=10))
    return gap.sum() / count.sum()


@pytest.fixture(scope="module")
def grid():
    cells, samples, truth = simulate(11)
    return cells, samples, truth, presence(cells, samples)


def test_probabilities_are_calibrated_over_the_grid(grid):
    _cells, _, truth, found = grid
    assert calibration_error(found.p_present, truth["present"]) <= 0.02
    # each decile with 50 cells or more: the share present within its 99 % band, patients drawn again
    rng, band = generator(1, "bands"), np.minimum((found.p_present * 10).astype(int), 9)
    n_patient = truth["patient"].max() + 1
    draws = rng.multinomial(n_patient, np.full(n_patient, 1 / n_patient), size=500)
    for k in range(10):
        here = band == k
        if here.sum() < 50:
            continue
        n = np.bincount(truth["patient"][here], minlength=n_patient)
        gap = np.bincount(truth["patient"][here], truth["present"][here] - found.p_present[here], minlength=n_patient)
        shifted = (draws @ gap) / np.maximum(draws @ n, 1)
        low, high = np.quantile(shifted, [0.005, 0.995])
        assert low - 0.02 <= 0 <= high + 0.02, f"decile {k}: {shifted.mean():.3f}"


def states(found):
    """Return said absent, said present: the default thresholds of `oncourse.derive.concordance.presence`."""
    unlikely = (found.p_present <= 0.30) & (found.p_sizeable <= 0.05)
    return unlikely & (found.power >= 0.95), found.p_present >= 0.95


@pytest.mark.parametrize(("share", "n_sample"), [(0.2, 4), (0.5, 4), (0.8, 4), (0.8, 2), (0.9, 4)])
def test_false_states_are_rare_and_decisions_are_made(share, n_sample):
    """Mostly shared and mostly private alike: never bought by abstaining."""
    cells, samples, truth = simulate(13, n_patient=100 // n_sample, share=share, n_sample=n_sample)
    found = presence(cells, samples)
    present, clonal = truth["present"], truth["present"] & (truth["ccf"] == 1)
    absent, said_present = states(found)
    assert absent[clonal].mean() <= 0.01
    # what hides in the absent is small subclones, not clones that matter
    assert (present & (truth["ccf"] >= 0.3))[absent].mean() <= 0.01
    assert said_present[~present & (found.power >= 0.8)].mean() <= 0.01
    powered = found.power >= 0.95
    assert (absent | said_present)[~present & powered].mean() >= 0.90
    assert (absent | said_present)[clonal & powered].mean() >= 0.95


@pytest.mark.parametrize(
    ("share", "n_variant", "plasma"),
    [(0.5, 40, (1e-3, 1e-2)), (0.8, 10, (1e-3, 1e-2)), (0.2, 40, (1e-3, 1e-2)), (0.5, 30, (1e-3, 0.5))],
)
def test_plasma_below_one_per_cent_is_calibrated(share, n_variant, plasma):
    """Tumour fraction unknown and estimated; the last case mixes such plasma with plasma full of tumour DNA."""
    cells, samples, truth = simulate(5, n_patient=80, plasma=plasma, n_variant=n_variant, share=share)
    found = presence(cells, samples)
    low = samples.is_plasma[cells.sample] & (truth["purity"][cells.sample] < 0.01)
    assert low.sum() > 500
    assert calibration_error(found.p_present[low], truth["present"][low]) <= 0.04
    assert calibration_error(found.p_present, truth["present"]) <= 0.02


def test_poor_plasma_takes_the_share_of_its_patient():
    """No read in plasma of unknown tumour fraction: what its patient's tissues share is what may be expected there."""
    n_variant = 30
    for share, below, above in ((0.9, 1.0, 0.4), (0.1, 0.4, 0.0)):
        n_shared = round(share * n_variant)
        in_b = np.arange(n_variant) < n_shared
        alt = np.stack([np.full(n_variant, 60.0), 60.0 * in_b, np.zeros(n_variant)], axis=1).ravel()
        n = 3 * n_variant
        cells = Cells(
            np.tile(np.arange(3), n_variant),
            np.repeat(np.arange(n_variant), 3),
            alt,
            np.full(n, 200.0),
            alt > 0,
            np.full(n, 2.0),
            np.ones(n),
            np.full(n, 2.0),
            np.full(n, 1e-3),
        )
        samples = Samples(
            np.array([0.6, 0.6, np.nan]),
            np.array([False, False, True]),
            np.full(3, 200.0),
            np.full(3, 2.0),
            np.full(3, 3),
            np.full(3, 0.02),
        )
        mean = presence(cells, samples).p_present[2::3].mean()
        assert above < mean < below


def test_an_unknown_purity_is_found_again():
    cells, samples, truth = simulate(3, n_patient=10)
    found = presence(cells, replace(samples, purity=np.full_like(samples.purity, np.nan)))
    assert np.corrcoef(found.purity, truth["purity"])[0, 1] > 0.95
    assert np.median(np.abs(found.purity - truth["purity"])) < 0.05


def _one_missing(low, high):
    """Clonal elsewhere, 0 of 60 reads here at purity 0.3 with an interval; returns what is said of the absent one."""
    cells = Cells(
        np.array([0, 1]),
        np.array([0, 0]),
        np.array([30.0, 0.0]),
        np.array([100.0, 60.0]),
        np.array([True, False]),
        *(np.full(2, x) for x in (2.0, 1.0, 2.0, 1e-3)),
    )
    samples = Samples(
        np.array([0.6, 0.3]),
        np.zeros(2, bool),
        *(np.full(2, x) for x in (200.0, 2.0, 3, 0.02)),
        purity_low=np.array([np.nan, low]),
        purity_high=np.array([np.nan, high]),
    )
    found = presence(cells, samples)
    return found.power[1], found.excluded_ccf[1], found.purity[1], found.purity_low[1]


def test_power_is_averaged_over_the_interval_of_a_given_purity_and_its_lower_end_excludes():
    """Least 3 reads of 60, spread 200: a plain mean of the beta-binomial tail over draws of the same log-normal."""
    power, excluded, purity, low = _one_missing(0.1, 0.9)
    spread = np.log(3) / 1.959964
    drawn = np.minimum(0.3 * np.exp(generator(1, "purity").normal(0, spread, 4_000)), 1.0)
    tails = [float(betabinomial.sf(3, 60, v * (1 - 1e-3) + (1 - v) * 1e-3, 200.0)) for v in drawn / 2]
    assert power == pytest.approx(np.mean(tails), abs=0.01)
    exact, excluded_exactly, *_ = _one_missing(np.nan, np.nan)
    assert power < exact - 0.03 and (purity, low) == (0.3, 0.1)
    assert excluded == pytest.approx(3 * excluded_exactly)
    assert _one_missing(0.3, 0.3)[:2] == (exact, excluded_exactly)


def test_power_equals_its_definition():
    """Power is the beta-binomial upper tail at the expected fraction, whatever the kernel's recursion."""
    for k, n, mean, s in [
        (3, 40, 0.15, 200.0),
        (20, 1000, 0.02, 50.0),
        (3, 2000, 0.3, np.inf),
        (40, 2000, 0.45, np.inf),
        (1, 5, 0.9, 200.0),
    ]:
        assert kernels.beta_binomial_sf(float(k), float(n), mean, min(s, 1e9)) == pytest.approx(
            float(betabinomial.sf(k, n, mean, s)), abs=1e-9
        )


def test_count_and_tail_equal_their_parts():
    for k, n, mean, s, least in [
        (0, 100, 0.1, 200.0, 3),
        (7, 100, 0.1, 200.0, 3),
        (40, 90, 0.3, 50.0, 5),
        (2, 2, 0.9, 10.0, 3),
        (30, 9000, 0.01, 200.0, 18),
        (5, 5000, 0.45, 200.0, 3),
        (4, 50, 0.2, 1e9, 3),
    ]:
        scale = math.lgamma(n + s) - math.lgamma(s)
        log_p, tail = kernels.count_and_tail(float(k), float(n), mean, s, float(least), scale)
        assert log_p == pytest.approx(kernels.log_beta_binomial(float(k), float(n), mean, s), abs=1e-9)
        assert tail == pytest.approx(kernels.beta_binomial_sf(float(least), float(n), mean, s), abs=1e-9)


def test_worked_powers_of_the_literature_rule():
    """Clonal heterozygous, purity 0.2, error 1e-3: 5 of 100 reads needed -> 0.98 binomial by hand
    (scipy.stats.binom)."""
    from scipy.stats import binom

    vaf = float(expected_vaf(0.2, 2))
    assert float(betabinomial.sf(5, 100, vaf, np.inf)) == pytest.approx(binom.sf(4, 100, 0.1), abs=1e-12)
    # noise alone at CCF 0.4, 100x, purity 0.6 v 0.2, four reads: 43 % expected discordance
    a, b = (betabinomial.sf(4, 100, expected_vaf(rho, 2, ccf=0.4), np.inf) for rho in (0.6, 0.2))
    assert float(expected_discordance(a, b)) == pytest.approx(0.43, abs=0.01)
    a, b = (betabinomial.sf(4, 100, expected_vaf(rho, 2, ccf=0.4), np.inf) for rho in (0.6, 0.3))
    assert float(expected_discordance(a, b)) == pytest.approx(0.14, abs=0.01)
    a, b = (betabinomial.sf(4, 100, expected_vaf(rho, 2, ccf=0.4), np.inf) for rho in (0.6, 0.1))
    assert float(expected_discordance(a, b)) == pytest.approx(0.86, abs=0.01)


def _permuted(cells, order):
    return Cells(**{name: value[order] for name, value in vars(cells).items() if value is not None})


def test_order_of_cells_changes_nothing():
    cells, samples, _ = simulate(2, n_patient=6, n_variant=30)
    order = generator(1, "order").permutation(cells.n)
    one, other = presence(cells, samples), presence(_permuted(cells, order), samples)
    assert np.allclose(one.p_present[order], other.p_present, atol=1e-5)
    assert np.allclose(one.power[order], other.power)


def test_samples_renamed_change_nothing():
    cells, samples, _ = simulate(2, n_patient=6, n_variant=30)
    samples = replace(samples, purity_low=0.8 * samples.purity, purity_high=1.1 * samples.purity)
    new = generator(2, "names").permutation(len(samples.purity))
    back = np.argsort(new)
    moved = replace(cells, sample=new[cells.sample])
    renamed = Samples(**{name: getattr(samples, name)[back] for name in Samples.__dataclass_fields__})
    one, other = presence(cells, samples), presence(moved, renamed)
    assert np.allclose(one.p_present, other.p_present, atol=1e-4) and np.allclose(one.power, other.power)


def test_without_counts_depth_is_a_guess_and_power_falls_short_of_certainty():
    """Purity 0.3 at 60x: counted power is above 0.95; over an uncertain depth it is lower."""
    _cells, _samples, _ = simulate(2, n_patient=2, n_variant=10)
    two = np.array([0, 1])
    one = np.ones(2)
    known = Cells(
        two,
        np.zeros(2, int),
        np.array([9.0, 0.0]),
        60 * one,
        np.array([True, False]),
        2 * one,
        one,
        2 * one,
        1e-3 * one,
    )
    guessed = replace(known, alt_count=np.array([9.0, -1.0]))
    pair = Samples(
        np.full(2, 0.3),
        np.zeros(2, bool),
        np.full(2, 200.0),
        np.full(2, 2.0),
        np.full(2, 3),
        np.full(2, 0.02),
    )
    a, b = presence(known, pair), presence(guessed, pair)
    assert a.power[1] > 0.95 and b.power[1] < a.power[1]
    assert np.isnan(b.excluded_ccf[1]) and a.excluded_ccf[1] == pytest.approx(
        (1 - 0.05 ** (1 / 61)) * 2 / 0.3, rel=0.02
    )


def test_a_fixed_prior_replaces_the_learned_one():
    cells, samples, _ = simulate(2, n_patient=4, n_variant=20)
    low, high = (presence(cells, samples, PriorSettings(fixed=share)) for share in (0.05, 0.95))
    elsewhere = low.kind > 0  # a call made here alone keeps the share of real calls
    low, high = low.p_present[elsewhere], high.p_present[elsewhere]
    assert (high >= low - 1e-6).all() and (high > low + 0.05).any()


@given(st.floats(0.05, 1), st.integers(1, 6), st.floats(0.05, 1))
@settings(max_examples=50)
def test_vaf_and_ccf_invert_each_other(purity, total, ccf):
    vaf = expected_vaf(purity, total, ccf=ccf)
    assert 0 <= vaf <= 1
    assert float(ccf_from_vaf(vaf, purity, total)) == pytest.approx(ccf)


def test_no_copies_no_fraction_and_the_calling_rule():
    assert np.isnan(expected_vaf(1.0, 0)) and np.isnan(ccf_from_vaf(0.1, 0.0, 2))
    assert min_alt_reads([10, 150, 151], 3, 0.02).tolist() == [3, 3, 4]


def test_detection_between_grid_points_is_linear():
    detection = np.array([[0.0, 0.2, 1.0]], np.float32)
    assert detection_at(detection, np.array([0.5, 1.0]), np.array([0.75])) == pytest.approx([0.6])
    assert np.isnan(detection_at(detection, np.array([0.5, 1.0]), np.array([np.nan])))


def test_no_reads_make_presence_certain():
    """300 of 600 reads, and none of 600: nobody knows that the site was mapped right or the tube not mistaken."""
    two = np.ones(2)
    cells = Cells(
        np.array([0, 1]),
        np.zeros(2, np.int64),
        np.array([300.0, 0.0]),
        600 * two,
        np.array([True, False]),
        2 * two,
        two,
        2 * two,
        1e-4 * two,
    )
    samples = Samples(0.9 * two, two < 0, 200 * two, 2 * two, np.full(2, 3), 0.02 * two)
    assert presence(cells, samples).p_present.tolist() == [1 - NEVER_SURE, NEVER_SURE]


def test_the_share_of_calls_made_in_one_sample_alone_is_never_learned_from_it():
    """Kinds of each sample: not elsewhere, elsewhere in a part of the cells, elsewhere in all; a given share holds for
    all three."""
    patient, plasma = np.array([0, 0, 1]), np.array([False, True, False])
    learned = _Prior(patient, plasma, 10, PriorSettings(call_ppv=0.9))
    assert learned.held.reshape(3, 3).tolist() == [[True, False, False]] * 3 and learned.share[0] == 0.9
    assert learned.shape.sum() == pytest.approx(1.0) and learned.shape[-1] == pytest.approx(0.55)
    given = _Prior(patient, plasma, 10, PriorSettings(fixed=0.3))
    assert given.held.all() and given.share.tolist() == [0.95, 0.3, 0.3]


def test_the_rough_cell_fraction_is_that_of_the_copies_at_the_purity():
    """VAF x (purity x copies + (1 - purity) x normal copies) / (purity x mutated copies), purity 0.8, by hand.

    The larger allele is the mutated one where more than 1.5 copies per tumour cell are (1.44 / 0.8 = 1.8).
    """
    rows = [  # reads, called, total, major, normal copies: cell fraction
        (20, True, 2, 1, 2, 0.5),  # 0.2 x 2 / 0.8
        (90, True, 2, 1, 2, 1.0),  # 2.25, capped
        (40, True, 4, 2, 2, 0.9),  # 0.4 x 3.6 / 1.6
        (30, True, 4, 2, 2, 1.0),  # 1.08 of at most 1.2: one copy; 1.35, capped
        (20, True, 4, 2, 2, 0.9),  # 0.72 / 0.8
        (40, True, 1, 1, 1, 0.5),  # X of a man: 0.4 x 1 / 0.8
        (-1, True, 2, 1, 2, 1.0),  # called, not counted
        (20, False, 2, 1, 2, 0.0),
    ]
    alt, called, total, major, normal, expected = (np.array(part) for part in zip(*rows, strict=True))
    n = len(rows)
    copies = (part.astype(float) for part in (total, major, normal))
    cells = Cells(
        np.zeros(n, int), np.arange(n), alt.astype(float), np.full(n, 100.0), called, *copies, np.full(n, 1e-3)
    )
    assert _rough_ccf(cells, np.array([0.8]), alt >= 0) == pytest.approx(expected)


@pytest.mark.parametrize("concentration", [200.0, 1e9])
def test_likelihoods_of_many_fractions_at_once_are_those_of_one_after_the_other(concentration):
    """`count_and_tail` is the definition; few reads and many, deep sites whose chance of none is nil, a chance of a call
    of 1e-8, reads not counted, two ways to be mutated, a binomial."""
    alt = np.array([0.0, 2.0, 40.0, 900.0, -1.0, 3.0, 7.0])
    depth = np.array([60.0, 800.0, 90.0, 3000.0, 120.0, 2e4, 30.0])
    ways, n, ccfs = np.array([1.0, 1, 2, 1, 1, 1, 3]), len(alt), np.array([0.05, 0.3, 1.0])
    rho, weight, error, least, min_vaf = np.array([[0.02, 0.7]]), np.array([[0.25, 0.75]]), 1e-4, 3, 0.02
    like, power, pure = np.empty((n, 4), np.float32), np.empty((n, 4), np.float32), np.empty(n)
    one, none = np.ones(n), np.zeros(n, np.int64)
    spread, whole = np.array([0.8, 1.2]), ways + 1
    sample = none, alt, depth, alt >= 0, alt > 2, whole, ways, 2 * one, error * one
    rule = np.array([concentration]), np.array([2.0]), np.array([least]), np.array([min_vaf])
    fractions = rho, weight, np.zeros((0, 2)), none - 1, spread, ccfs
    kernels.cell_likelihoods(0, n, *sample, *rule, *fractions, like, power, pure)
    for i in range(n):
        depths = [depth[i]] if alt[i] >= 0 else np.floor(depth[i] * spread)
        logs, calls = np.zeros(3), np.zeros(3)
        for g, ccf in enumerate(ccfs):
            parts = []
            for p, w in zip(rho[0], weight[0], strict=True):
                for m in sorted({1.0, ways[i]}):
                    v = p * ccf * m / (p * whole[i] + (1 - p) * 2)
                    v = v * (1 - error) + (1 - v) * error
                    for d in depths:
                        enough = max(least, np.ceil(d * min_vaf - 1e-9))
                        scale = math.lgamma(d + concentration) - math.lgamma(concentration)
                        x, above = kernels.count_and_tail(max(alt[i], 0.0), d, v, concentration, enough, scale)
                        parts.append((x, above, w / len({1.0, ways[i]}) / len(depths)))
            calls[g] = sum(above * w for _, above, w in parts)
            logs[g] = np.logaddexp.reduce([x + np.log(w) for x, _, w in parts])
        np.testing.assert_allclose(power[i, 1:], calls, rtol=1e-5, atol=1e-10)
        expected = np.exp(logs - logs.max()) if alt[i] >= 0 else (calls if alt[i] > 2 else 1 - calls)
        np.testing.assert_allclose(like[i, 1:] / like[i, 1:].max(), expected / expected.max(), rtol=1e-5, atol=1e-27)
