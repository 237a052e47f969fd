"""The latent shared fraction and discordance beyond noise, on simulated pairs of lesions of unequal depth and
purity."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from oncourse.stats.rng import generator
from oncourse.stats.sharing import expected_discordance, latent_share


def _benchmark():
    path = Path(__file__).parents[2] / "benchmarks" / "bench_concordance_intervals.py"
    spec = importlib.util.spec_from_file_location("bench_concordance_intervals", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BENCH = _benchmark()
estimate, excess = BENCH.estimate, BENCH.excess
#: Several tests look at the same simulated studies.
pairs = cache(BENCH.pairs)


def test_a_third_of_the_depth_and_half_the_purity_bias_the_plain_count_but_not_the_latent_one():
    """4 studies of 40 patients: the standard error of the mean estimate is 0.026 / sqrt(4) = 0.013."""
    made = [pairs(seed) for seed in range(4)]
    plain = np.mean([m[3] for m in made])
    latent = np.mean([estimate(m[0], m[2], limits=False).share for m in made])
    assert 0.6 - plain > 0.05
    assert abs(latent - 0.6) <= 0.02


def test_the_interval_holds_the_truth():
    found, _, unit, _ = pairs(3, n_patient=20, n_variant=30)
    one = estimate(found, unit)
    assert 0 < one.ci_low < one.share < one.ci_high < 1 and one.ci_low <= 0.6 <= one.ci_high


def test_identical_lesions_show_no_excess_and_ten_per_cent_private_do():
    none = [excess(*pairs(seed, share=1.0, same_ccf=True, n_patient=30, n_variant=40)[:3]) for seed in range(5)]
    some = [excess(*pairs(seed, share=0.9, same_ccf=True, n_patient=30, n_variant=40)[:3]) for seed in range(4)]
    assert sum(e.p_value < 0.05 for e in none) <= 1
    assert sum(e.p_value < 0.05 for e in some) == 4
    # noise alone: a fifth of the calls are one-sided although every mutation is shared
    assert np.mean([e.expected for e in none]) > 0.15
    assert abs(np.mean([e.excess for e in none])) < 0.02


def test_expected_discordance_is_symmetric_and_bounded():
    a, b = np.meshgrid(np.linspace(0.01, 1, 20), np.linspace(0.01, 1, 20))
    found = expected_discordance(a, b)
    assert np.allclose(found, found.T) and (found >= 0).all() and (found <= 1).all()
    assert np.isnan(expected_discordance(0.0, 0.0)) and expected_discordance(1, 1) == 0


def test_one_patient_has_an_estimate_and_no_interval():
    found, called, unit, _ = pairs(1, n_patient=1, n_variant=200)
    one = estimate(found, unit)
    assert 0 < one.share < 1 and np.isnan(one.ci_low) and np.isnan(excess(found, called, unit).p_value)


def test_all_shared_is_in_the_interval_and_none_shared_too():
    """Identical lesions: noise must not take the whole truth out of the interval; unrelated ones likewise."""
    for seed in range(3):
        found, _, unit, _ = pairs(seed, share=1.0, n_patient=20, n_variant=40)
        assert estimate(found, unit).ci_high == 1.0
        found, _, unit, _ = pairs(seed, share=0.0, n_patient=20, n_variant=40)
        none = estimate(found, unit)
        assert none.ci_low == 0.0 and none.share < 0.02
    some, _, unit, _ = pairs(1, share=0.9, n_patient=20, n_variant=40)
    assert estimate(some, unit).ci_high < 1.0


def test_seen_without_error_the_share_is_the_plain_one():
    """Every variant certain in both samples: 30 shared, 10 private; pseudo-variants move it by less than 0.01."""
    like = np.tile([1e-9, 1.0], (40, 1)).astype(np.float32)
    other = like.copy()
    other[30:] = [1.0, 1e-9]
    seen = np.tile([0.0, 1.0], (40, 1)).astype(np.float32)
    unit = np.arange(40) % 10
    one = latent_share(like, other, seen, seen, unit)
    assert one.share == pytest.approx(0.75, abs=0.01) and one.n_missed == pytest.approx(0, abs=1e-6)
    mirrored = latent_share(other, like, seen, seen, unit)
    assert (mirrored.share, mirrored.ci_low, mirrored.ci_high) == pytest.approx((one.share, one.ci_low, one.ci_high))


@pytest.mark.parametrize("n_shared", [40, 0])
def test_where_no_variant_differs_the_far_limit_is_that_of_clopper_and_pearson(n_shared):
    """40 of 40 seen in both: .025^(1/40) = .912; patients who all agree had said .99 to 1, 76-84 of 100 times rightly."""
    like = np.tile([1e-9, 1.0], (40, 1)).astype(np.float32)
    other = like.copy()
    other[n_shared:] = [1.0, 1e-9]
    seen = np.tile([0.0, 1.0], (40, 1)).astype(np.float32)
    found = latent_share(like, other, seen, seen, np.arange(40) % 10)
    limit = 0.025 ** (1 / 40)
    expected = (limit, 1.0) if n_shared else (0.0, 1 - limit)
    assert (found.ci_low, found.ci_high) == pytest.approx(expected, abs=0.002)


def test_order_and_names_of_patients_change_nothing():
    found, _, unit, _ = pairs(4, n_patient=12, n_variant=30)
    level = np.array([0, *(1 + int(np.argmin(np.abs(found.ccfs - x))) for x in BENCH.LEVELS)])
    like, seen = found.likelihood[:, level], found.detection[:, level]
    unit = np.unique(unit, return_inverse=True)[1]
    arrays = (like[::2], like[1::2], seen[::2], seen[1::2])
    one = latent_share(*arrays, unit)
    order = generator(1, "order").permutation(len(unit))
    other = latent_share(*(a[order] for a in arrays), (unit.max() - unit)[order])
    assert (other.share, other.ci_low, other.ci_high) == pytest.approx((one.share, one.ci_low, one.ci_high), abs=1e-6)


def test_what_noise_would_do_does_not_depend_on_how_much_is_private():
    """The same lesions with 100 %, 60 % and 30 % shared: 23 % one-sided calls from noise each time; the rest is
    excess."""
    expected = []
    for share in (1.0, 0.6, 0.3):
        found = [excess(*pairs(seed, share=share, same_ccf=True, n_patient=30, n_variant=40)[:3]) for seed in range(2)]
        expected.append(np.mean([e.expected for e in found]))
        assert all(e.ci_low <= e.excess <= e.ci_high for e in found)
    assert np.ptp(expected) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["30 patients", "one CCF in both lesions"])
def test_the_interval_holds_the_truth_95_times_in_100(kind):
    """200 studies: binomial 99 % band of 95 % is 91-98.5 %; standard error of the bias 0.002."""
    found = BENCH.coverage(kind, 200)
    assert 0.91 <= found["covered"] <= 0.985
    assert abs(found["bias"]) <= 0.01
    assert found["plain"] < 0.55


@pytest.mark.slow
def test_the_excess_test_keeps_its_size_and_finds_ten_per_cent_private():
    """200 studies: binomial 99 % band of 5 % is 1.5-9.5 %, and of 80 % at 100 studies from 69 %."""
    assert 0.015 <= BENCH.rejected(1.0, 200) <= 0.095
    assert BENCH.rejected(0.9, 100) >= 0.75
