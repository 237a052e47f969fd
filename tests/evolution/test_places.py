"""Errors of places beside small clones: clones lie on a tree, errors on the sites of both lesions."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.evolution.places import LEAST_PATIENTS, places_with_errors
from oncourse.stats.rng import generator


def _drawn(share: float, clones: float, *, both: bool, seed: int, n: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """Sites and those with few reads: errors at a share of all; a clone in one lesion of some patients, in either of them
    or always in the second."""
    random = generator(seed, "places")
    sites = random.integers(4, 12, (n, 2))
    few = random.binomial(sites, share)
    for i in np.flatnonzero(random.random(n) < clones):
        side = int(random.integers(2)) if both else 1
        few[i, side] = random.binomial(sites[i, side], random.uniform(0.2, 0.9))
    return sites, few


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("clones", [0.0, 0.3, 0.7])
def test_clones_are_no_errors_of_places(clones: float, both: bool) -> None:
    """However many patients have a small clone of one lesion in the other, as long as it is one way."""
    found = [places_with_errors(*_drawn(0.003, clones, both=both, seed=s)).probability for s in range(10)]
    assert sum(x >= 0.5 for x in found) <= 1


@pytest.mark.parametrize("clones", [0.0, 0.3])
def test_errors_in_a_fifth_of_the_places_are_told_beside_clones(clones: float) -> None:
    """Few reads at a fifth of the sites of both lesions: the share is learned."""
    found = [places_with_errors(*_drawn(0.2, clones, both=True, seed=s)) for s in range(10)]
    assert sum(x.probability >= 0.8 for x in found) >= 9
    assert 0.15 < np.median([x.share for x in found]) < 0.25


def test_few_patients_tell_nothing() -> None:
    """Below `LEAST_PATIENTS` with sites of their own nothing is said, nor without any site."""
    sites, few = np.full((LEAST_PATIENTS, 2), 10), np.full((LEAST_PATIENTS, 2), 2)
    assert places_with_errors(sites, few).probability > 0.8
    sites[0], few[0] = 0, 0
    assert places_with_errors(sites, few) == (0.0, 0.0)
    assert places_with_errors(np.zeros((0, 2), int), np.zeros((0, 2), int)) == (0.0, 0.0)
