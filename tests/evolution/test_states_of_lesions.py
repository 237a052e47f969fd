"""Clusters between two lesions are counted by where they are clonal and missing, each at one half; by hand."""

import numpy as np

from oncourse.evolution.presence import detection_at
from oncourse.evolution.seeding.divergence import divergence

#: P(clonal), P(absent) in the primary, then in the metastasis; variants; what the cluster counts as.
CLUSTERS = (
    ((1.0, 0.0, 1.0, 0.0), 30, "shared"),
    ((0.51, 0.0, 0.51, 0.0), 1, "shared"),
    ((0.5, 0.5, 0.5, 0.5), 7, "subclonal"),
    ((0.51, 0.0, 0.0, 0.51), 4, "missing"),
    ((0.0, 0.51, 0.51, 0.0), 3, "private"),
    # at one half a cluster is neither clonal nor missing
    ((0.5, 0.0, 0.0, 1.0), 2, None),
    ((0.0, 0.5, 1.0, 0.0), 11, None),
    ((1.0, 0.0, 0.5, 0.5), 13, None),
    ((0.6, 0.2, 0.2, 0.2), 17, None),
    ((0.2, 0.6, 0.2, 0.2), 19, None),
    ((0.2, 0.2, 0.6, 0.2), 23, None),
    ((0.2, 0.2, 0.2, 0.6), 29, None),
    # not looked at
    ((np.nan, np.nan, 1.0, 0.0), 31, None),
)


def test_a_cluster_counts_where_it_is_more_likely_than_not():
    states = np.array([state for state, *_ in CLUSTERS])
    n = np.array([n for _, n, _ in CLUSTERS])
    found = divergence((states[:, 0], states[:, 1]), (states[:, 2], states[:, 3]), n, n_primary_regions=2)
    counted = {
        kind: sum(m for _, m, k in CLUSTERS if k == kind) for kind in ("shared", "subclonal", "missing", "private")
    }
    assert (found.n_shared_clonal, found.n_shared_subclonal) == (counted["shared"], counted["subclonal"])
    assert (found.n_missing, found.n_private_clonal) == (counted["missing"], counted["private"])
    assert found.jsi == 7 / (3 + 4 + 7)


def test_the_chance_of_a_call_is_linear_between_the_cell_fractions_and_from_none_on():
    """Chances at 0, 0.5 and 1 of the cells; a fraction past 1 is 1, one that is not known stays that."""
    chance = np.tile(np.array([0.1, 0.5, 0.9], np.float32), (5, 1))
    chance[4] = [0.0, 0.2, 1.0]
    found = detection_at(chance, np.array([0.5, 1.0]), np.array([0.0, 0.25, 1.2, np.nan, 0.75]))
    np.testing.assert_allclose(found, [0.1, 0.3, 0.9, np.nan, 0.6], rtol=1e-6)
