"""Founders of lesions whose copy numbers nobody told: what fractions show, and what presence alone shows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from oncourse.evolution.seeding.copies import NO_CELLS, p_even, presence_alone, weighed
from oncourse.evolution.seeding.robust import robust_seeding
from oncourse.evolution.trees.posterior import fit_trees, with_ccf_error

UNKNOWN = np.ones(4, bool)
#: Two samples of the primary, one of each of two metastases.
SITES = np.array([0, 0, 1, 2])


def readings(ccf, n):
    """P(polyclonal) of both metastases as told, by presence alone, and as said, for clusters of n variants."""
    mean, doubt = np.array(ccf), np.full(len(ccf), 0.02)
    usual, far = (with_ccf_error(mean, np.full(mean.shape, 4e-4), e) for e in (0.05, 0.25))

    def read(mean, usual, far, least_spike):
        trees = fit_trees(mean, usual, wide=far)
        trees = replace(trees, spike=max(trees.spike, least_spike))
        return robust_seeding(trees, mean, usual, SITES, doubt, root_site=0)

    told = read(mean, usual, far, 0.0)
    (most, usual), (_, far) = (presence_alone(mean, v, UNKNOWN) for v in (usual, far))
    alone = read(most, usual, far, NO_CELLS)
    found = SimpleNamespace(ccf_mean=mean, n_variants=np.array(n), set_aside=None)
    said = weighed(told, told, alone, p_even(found, UNKNOWN))
    return [[x.p_polyclonal for x in r.lesions[1:]] for r in (told, alone, said)]


def test_a_second_fraction_everywhere_is_no_second_founder_without_copies():
    """A trunk of two kinds of copies (all, and half of them) looks like two clones in every lesion: cannot be told."""
    told, alone, said = readings([[1.0] * 4, [0.5] * 4, [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]], [40, 30, 15, 15])
    assert min(told) > 0.9 and max(alone) < 0.1
    assert all(0.2 < p < 0.8 for p in said)


def test_clones_of_which_each_is_somewhere_without_the_other_are_two_founders():
    """Absence is no matter of fractions: each region of the primary holds one of two clones, the second metastasis both,
    on any copies: here as many as if the trunk had half of its own."""
    ccf = [[1.0] * 4, [0.5] * 4, [0.9, 0.0, 0.0, 0.3], [0.0, 0.9, 0.9, 0.5], [0.0, 0.0, 0.0, 0.2]]
    told, alone, said = readings(ccf, [40, 30, 20, 20, 20])
    assert min(told[1], alone[1], said[1]) > 0.9
    assert told[0] > 0.9 and alone[0] < 0.1 and 0.2 < said[0] < 0.8  # the trunk's two fractions tell nothing


def test_even_copies_leave_fractions_as_told():
    """All 60 variants of every sample at one fraction: what is said is what fractions tell."""
    ccf = [[1.0] * 4, [0.6, 0.5, 0.0, 0.4], [0.3, 0.4, 0.0, 0.55], [0.0, 0.0, 1.0, 0.0]]
    told, _, said = readings(ccf, [60, 20, 20, 20])
    assert said == pytest.approx(told, abs=0.02)


@pytest.mark.parametrize(
    ("ccf", "n", "low", "high"),
    [
        ([[1.0, 1.0, 1.0]], [60], 0.99, 1.0),
        ([[1.0, 1.0, 1.0], [0.5, 0.5, 0.5]], [40, 30], 0.0, 1e-6),
        ([[0.6, 1.0, 1.0]], [60], 0.0, 1e-6),  # the purity told makes all of them too few: one copy of four
        ([[1.0, 1.0, 1.0], [0.5, 0.0, 0.8]], [60, 30], 0.99, 1.0),  # a clone that one sample lacks tells nothing
        (
            [[1.0, 1.0, 1.0], [0.5, 0.0, 0.5]],
            [60, 30],
            0.0,
            0.0,
        ),  # later clones in half of the cells: doubled after all
        ([[1.0, 1.0, 1.0], [0.5, 0.0, 0.5], [0.0, 0.0, 0.9]], [60, 30, 4], 0.0, 0.0),  # a small cluster is no witness
        ([[1.0, 1.0, 1.0]], [1], 0.2, 0.7),
    ],
)
def test_whether_copies_are_even_is_learned_from_what_every_sample_holds(ccf, n, low, high):
    found = SimpleNamespace(ccf_mean=np.array(ccf), n_variants=np.array(n), set_aside=None)
    assert low <= p_even(found, np.ones(3, bool)) <= high


def test_samples_with_copies_and_absences_stay_as_they_are():
    mean, var = np.array([[1.0, 0.4, 0.05], [0.4, 0.4, 0.2]]), np.full((2, 3), 0.01)
    moved, error = presence_alone(mean, var, np.array([False, True, True]))
    assert moved == pytest.approx(np.array([[1.0, 1.0, 0.05], [0.4, 1.0, 0.6]]))
    assert (error[:, 0] == 0.01).all() and error[0, 2] == 0.01 and (error[1, 1:] > 0.01).all()


def test_sources_stay_those_of_the_usual_reading():
    trees = fit_trees(np.array([[1.0, 1.0]]), np.full((1, 2), 1e-3))
    made = robust_seeding(trees, np.array([[1.0, 1.0]]), np.full((1, 2), 1e-3), np.arange(2), np.zeros(1), root_site=0)
    other = replace(made, lesions=tuple(replace(x, p_source=0.3, p_polyclonal=0.9) for x in made.lesions))
    both = weighed(made, made, other, 0.0)
    assert both.lesions[1].p_source == made.lesions[1].p_source
    assert both.lesions[1].p_polyclonal == pytest.approx((made.lesions[1].p_polyclonal + 0.9) / 2, abs=0.01)
