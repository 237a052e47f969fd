"""The latent shared fraction and discordance beyond noise, on simulated pairs of lesions of unequal depth and purity."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.evolution.presence import Cells, Samples, presence
from oncourse.stats.rng import generator
from oncourse.stats.sharing import excess_discordance, expected_discordance, latent_share

LEVELS = (0.1, 0.3, 0.6, 1.0)


def pairs(
    seed,
    *,
    share=0.6,
    sd_between=0.11,
    n_patient=40,
    n_variant=60,
    depth=(120, 40),
    purity=(0.6, 0.3),
    same_ccf=False,
):
    """Return presence kernel output and calls of two samples per patient; `share` of the variants is in both."""
    rng = generator(seed, "sharing")
    shape = (n_patient, n_variant, 2)
    s = share * (1 - share) / sd_between**2 - 1 if 0 < share < 1 and sd_between else None
    q = rng.beta(share * s, (1 - share) * s, n_patient) if s else np.full(n_patient, share)
    both, side = rng.random((n_patient, n_variant)) < q[:, None], rng.integers(0, 2, (n_patient, n_variant))
    there = np.stack([both | (side == 0), both | (side == 1)], axis=2)
    clonal = rng.random((n_patient, n_variant, 1)) < 0.6
    subclone = rng.uniform(0.1, 1, (n_patient, n_variant, 1 if same_ccf else 2))
    ccf = np.where(clonal, 1.0, subclone) * there
    rho = np.clip(np.array(purity) * rng.uniform(0.8, 1.2, (n_patient, 2)), 0.05, 1)
    reads = rng.poisson(
        np.broadcast_to((np.array(depth) * rng.uniform(0.7, 1.3, (n_patient, 2)))[:, None, :], shape)
    )
    vaf = rho[:, None, :] * ccf / 2 * 0.998 + 1e-3
    alt = rng.binomial(reads, np.where(there, rng.beta(vaf * 200, (1 - vaf) * 200), 1e-3))
    called = alt >= np.maximum(3, np.ceil(0.02 * reads))
    kept = np.broadcast_to(called.any(axis=2)[:, :, None], shape)
    sample = np.broadcast_to(np.arange(2 * n_patient).reshape(n_patient, 1, 2), shape)[kept]
    variant = np.broadcast_to(np.arange(n_patient * n_variant).reshape(n_patient, n_variant, 1), shape)[kept]
    one = np.ones(len(sample))
    cells = Cells(
        sample,
        variant,
        alt[kept].astype(float),
        reads[kept].astype(float),
        called[kept],
        2 * one,
        one,
        2 * one,
        1e-3 * one,
    )
    n = 2 * n_patient
    found = presence(
        cells,
        Samples(
            rho.ravel(),
            np.zeros(n, bool),
            np.full(n, 200.0),
            np.full(n, 2.0),
            np.full(n, 3),
            np.full(n, 0.02),
        ),
    )
    plain = called.all(axis=2).sum() / called.any(axis=2).sum()
    return found, called[kept], (sample // 2)[::2], plain


def estimate(found, unit, *, limits=True):
    level = np.array([0, *(1 + int(np.argmin(np.abs(found.ccfs - x))) for x in LEVELS)])
    a, b = slice(0, None, 2), slice(1, None, 2)
    like, seen = found.likelihood, found.detection
    return latent_share(
        like[a][:, level], like[b][:, level], seen[a][:, level], seen[b][:, level], unit, limits=limits
    )


def excess(found, called, unit):
    a, b = slice(0, None, 2), slice(1, None, 2)
    like, seen = found.likelihood, found.detection
    return excess_discordance(like[a], like[b], seen[a], seen[b], called[a], called[b], unit)


def test_a_third_of_the_depth_and_half_the_purity_bias_the_plain_count_but_not_the_latent_one():
    """12 studies of 40 patients: the standard error of the mean estimate is 0.026 / sqrt(12) = 0.008."""
    made = [pairs(seed) for seed in range(12)]
    plain = np.mean([m[3] for m in made])
    latent = np.mean([estimate(m[0], m[2], limits=False).share for m in made])
    assert 0.6 - plain > 0.05
    assert abs(latent - 0.6) <= 0.02


def test_the_interval_holds_the_truth():
    found, _, unit, _ = pairs(3, n_patient=20, n_variant=30)
    one = estimate(found, unit)
    assert 0 < one.ci_low < one.share < one.ci_high < 1 and one.ci_low <= 0.6 <= one.ci_high


def test_identical_lesions_show_no_excess_and_ten_per_cent_private_do():
    none = [
        excess(*pairs(seed, share=1.0, same_ccf=True, n_patient=30, n_variant=40)[:3]) for seed in range(12)
    ]
    some = [
        excess(*pairs(seed, share=0.9, same_ccf=True, n_patient=30, n_variant=40)[:3]) for seed in range(8)
    ]
    assert sum(e.p_value < 0.05 for e in none) <= 3
    assert sum(e.p_value < 0.05 for e in some) >= 7
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


@pytest.mark.slow
def test_coverage_of_the_latent_share_and_size_of_the_excess_test():
    """100 studies: 95 % coverage lies within 89-99 %, type I error of 5 % within 1-11 % (binomial 99 % bands)."""
    held, rejected = [], []
    for seed in range(100):
        found, _, unit, _ = pairs(seed, n_patient=30, n_variant=40)
        one = estimate(found, unit)
        held.append(one.ci_low <= 0.6 <= one.ci_high)
        rejected.append(
            excess(*pairs(seed + 1000, share=1.0, same_ccf=True, n_patient=30, n_variant=40)[:3]).p_value
            < 0.05
        )
    assert 0.89 <= np.mean(held) <= 0.995
    assert 0.01 <= np.mean(rejected) <= 0.11
