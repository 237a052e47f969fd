"""Seeding where copy numbers are not known: what cell fractions say at their face, and what presence alone says.

Without segments a clone's fraction is told as if each cell had two copies. A variant on one of three copies, or younger
than a doubling of the genome, then shows .4-.7 of the cells though all of them carry it, in the lesions concerned or in
all: what looks like cells without the clone, beside it, looks like a second founder. Two readings are weighed:

* *as told*: each fraction is that of the cells;
* *presence alone*: each clone that is there may be in as many cells as its copies allow. What is absent stays absent, so
  that two clones of which each is somewhere without the other are two founders still.

Whether copies are even is learned from the variants that every sample holds: in a tumour of two copies they stand at one
fraction. A call needs both readings, unless they do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.clustering.types import Clustering
from oncourse.evolution.seeding.lesions import SeedingPosterior
from oncourse.evolution.seeding.robust import SMALL, mixed

FloatArray = NDArray[np.float64]

MOST_COPIES = 3.0
"""A clone is in at most this many times the cells that its reads show on two copies: one copy of four and more is seen as
one of two in a third to half of the cells, by the purity."""
FROM = 0.1
"""From this fraction a cluster is there; below it fractions stay as they are."""
BESIDE = 0.15
"""A cluster this far below 1, in a sample, is not in all of its cells, as two copies would show."""
EVEN = 0.1
"""Copies are even where fewer than this share of the variants that every sample holds are not of all cells. A choice."""
BOTH = 0.8
"""Nothing is called below: of one reading that is sure and another that leaves it open the mean is .75."""
HALF = 0.65
"""A genome that doubled after the trunk shows each later clone in half of the cells, at most: two of four copies are one
of two, and one of four is half of it."""
NO_CELLS = 0.9
"""Chance that a clone has no cells of its own in a sample, of presence alone. A choice: only what is absent tells."""


def p_even(found: Clustering, unknown: NDArray[np.bool_]) -> float:
    """Return the chance that fewer than `EVEN` of the variants that every sample holds are not of all its cells.

    A beta posterior (Jeffreys). Those of clusters in fewer cells than all of one of the samples `unknown` (S,), whose
    copies are not known, are told by it, and variants on other copies than told (`clustering.doubt`). 0 where no later
    clone is in more than `HALF` of any of these samples: the genome may have doubled after all mutations of the trunk.
    """
    from scipy.special import betainc

    mean, n = found.ccf_mean[:, unknown], found.n_variants
    everywhere = (found.ccf_mean >= FROM).all(axis=1)
    beside = everywhere & (mean < 1 - BESIDE).any(axis=1)
    later = ~everywhere & (n >= SMALL)
    if later.any() and mean[later].max() < HALF:
        return 0.0
    moved = 0 if found.set_aside is None else int((found.set_aside == "copies").sum())
    off = float(n[beside].sum()) + moved
    on = max(float(n[everywhere & ~beside].sum()) - moved, 0.0)
    return float(betainc(off + 0.5, on + 0.5, EVEN))


def presence_alone(mean: FloatArray, var: FloatArray, unknown: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance (K, S) of fractions that may be up to `MOST_COPIES` times what is shown.

    Centred on the most that copies allow, so that no cells are left beside a clone but by its absence.

    Examples
    --------
    >>> mean, var = np.array([[1.0, 0.4, 0.0]]), np.full((1, 3), 0.01)
    >>> moved, error = presence_alone(mean, var, np.ones(3, bool))
    >>> moved.round(2).tolist(), np.sqrt(error).round(2).tolist()
    ([[1.0, 1.0, 0.0]], [[0.1, 0.22, 0.1]])
    """
    able = unknown & (mean >= FROM) & (var > 0)
    most = np.where(able, np.maximum(np.minimum(1.0, MOST_COPIES * mean), mean), mean)
    return most, np.where(able, var + ((most - mean) / 3) ** 2, var)


def weighed(
    usual: SeedingPosterior, as_told: SeedingPosterior, by_presence: SeedingPosterior, even: float
) -> SeedingPosterior:
    """Return `usual` with founders, their number and patterns as the mean of both readings.

    even : chance that fractions are as told. Where lesions came from stays as usual: presence alone holds no cells of
    the clones between, and would be too sure of it.
    """
    both = mixed([as_told, by_presence], np.array([(1 + even) / 2, (1 - even) / 2]))
    lesions = tuple(
        replace(x, p_polyclonal=y.p_polyclonal, p_polyphyletic=y.p_polyphyletic, seeds=y.seeds)
        for x, y in zip(usual.lesions, both.lesions, strict=True)
    )
    return replace(usual, lesions=lesions, patterns=both.patterns)
