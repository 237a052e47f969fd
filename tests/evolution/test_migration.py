"""Migration histories against brute force; seeding calls against simulated truth."""

import itertools
from collections import Counter

import numpy as np
import pytest

from oncourse.evolution.seeding.lesions import UNKNOWN, own_presence, seeding_posterior
from oncourse.evolution.seeding.migration import (
    PER_MIGRATION,
    PER_UNSEEN,
    PER_UNSEEN_ONE_BIOPSY,
    parsimonious_histories,
    pattern_of,
)
from oncourse.evolution.trees.posterior import fit_trees
from oncourse.stats.rng import generator


def cost_by_definition(parent, present, homes, root_site, unseen):
    """Cost of one labelling, node by node; shared migrations of replaced parents are tried in all ways."""
    n = len(parent)
    total = 0
    for u in range(-1, n):
        s = root_site if u < 0 else homes[u]
        kids = [homes[v] for v in range(n) if parent[v] == u]
        seen = set() if u < 0 else set(np.flatnonzero(present[u]).tolist())
        total += PER_MIGRATION * len(seen - {s})
        if seen and s not in seen:
            total += unseen[s]
        for t, times in Counter(kids).items():
            if t != s and t not in seen:
                total += min(times * PER_MIGRATION, PER_MIGRATION + unseen[t])
    return total


@pytest.mark.parametrize("number", range(25))
def test_score_is_the_least_of_all_labellings(number):
    rng = generator(number, "parsimony")
    n, m = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    parent = np.array([-1] + [int(rng.integers(-1, k)) for k in range(1, n)])
    present = rng.random((n, m)) < 0.35
    for k in np.setdiff1d(np.arange(n), parent):
        present[k, int(rng.integers(m))] = True
    n_root = int(rng.integers(1, 4))
    unseen = [PER_UNSEEN_ONE_BIOPSY if n_root == 1 else PER_UNSEEN] + [PER_UNSEEN] * (m - 1)
    found = parsimonious_histories(parent, present, root_site=0, n_root_samples=n_root)
    costs = {
        homes: cost_by_definition(parent, present, homes, 0, unseen) for homes in itertools.product(range(m), repeat=n)
    }
    assert found.score[0] == min(costs.values())
    assert all(costs[h.home] == found.score[0] for h in found.histories)
    pairs = {len(h.edges) for h in found.histories}
    assert pairs == {found.score[1]}


def test_reseeding_is_found():
    """A clone of the metastasis, with its own private child, is seen again in the primary: a circle."""
    tree = np.array([-1, 0, 1, 2])
    present = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], bool)
    history = parsimonious_histories(tree, present, root_site=0, n_root_samples=2).histories[0]
    assert history.home == (0, 1, 1, 0) and history.pattern == "mR"
    # a chain of one: from one biopsy of the primary it is likelier that the clone was there and missed
    short, seen = tree[:3], np.array([[1, 0], [0, 1], [1, 0]], bool)
    assert parsimonious_histories(short, seen, root_site=0, n_root_samples=1).histories[0].pattern == "mPS"
    assert parsimonious_histories(short, seen, root_site=0, n_root_samples=2).histories[0].pattern == "mR"


def test_two_founders_are_polyclonal_and_nested_founders_monophyletic():
    tree = np.array([-1, 0, 0])
    mean = np.array([[1.0, 1.0], [0.5, 0.45], [0.3, 0.55]])
    var = np.full(mean.shape, 4e-4)
    lesion = seeding_posterior(fit_trees(mean, var), mean, var, np.array([0, 1]), root_site=0).lesions[1]
    assert lesion.p_polyclonal > 0.9 and lesion.p_polyphyletic > 0.9 and lesion.source == 0
    mean = np.array([[1.0, 1.0], [0.5, 0.5]])
    var = np.full(mean.shape, 4e-4)
    lesion = seeding_posterior(fit_trees(mean, var), mean, var, np.array([0, 1]), root_site=0).lesions[1]
    assert lesion.p_polyclonal > 0.9 and lesion.p_polyphyletic < 0.1
    assert len(tree) == 3


def test_private_clones_of_a_metastasis_are_one_founder():
    """Founder shared, two private subclones in the metastasis: one seed."""
    mean = np.array([[1.0, 1.0], [0.0, 0.6], [0.0, 0.3], [0.6, 0.0]])
    var = np.full(mean.shape, 4e-4)
    lesion = seeding_posterior(fit_trees(mean, var), mean, var, np.array([0, 1]), root_site=0).lesions[1]
    assert lesion.p_polyclonal < 0.1 and lesion.p_seeded > 0.99


def test_without_a_primary_the_source_is_unknown():
    mean = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    var = np.full(mean.shape, 4e-4)
    found = seeding_posterior(fit_trees(mean, var), mean, var, np.array([0, 1]), root_site=None)
    assert UNKNOWN in {s for s, _ in found.p_edge}
    assert all(x.p_polyclonal < 0.1 for x in found.lesions)


def test_metastasis_seeded_from_a_metastasis():
    """The second metastasis carries variants that only the first one has: linear progression."""
    mean = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])
    var = np.full(mean.shape, 4e-4)
    found = seeding_posterior(fit_trees(mean, var), mean, var, np.arange(3), root_site=0)
    assert found.lesions[2].source == 1 and found.lesions[2].p_source > 0.6
    assert found.lesions[1].source == 0


def test_sites_of_a_pattern():
    assert pattern_of(Counter()) == "none"
    assert pattern_of(Counter({(0, 1): 1, (2, 1): 1, (0, 2): 1})) == "mM"
    assert pattern_of(Counter({(0, 1): 1, (1, 2): 1, (2, 0): 1})) == "mR"


def test_own_presence_against_drawing():
    """P(eta >= 0.02 | measured) by importance sampling from the prior."""
    rng = generator(1, "presence")
    eta = np.where(rng.random(400_000) < 0.4, 0.0, rng.random(400_000))
    for m, sd in ((0.05, 0.03), (0.0, 0.02), (0.12, 0.05)):
        weight = np.exp(-((eta - m) ** 2) / (2 * sd**2))
        wanted = weight[eta >= 0.02].sum() / weight.sum()
        got = own_presence(np.array([-1]), np.array([[m]]), np.array([[sd**2]]), 0.4)[0, 0]
        assert got == pytest.approx(wanted, abs=0.01)


def test_too_many_lesions_and_absent_leaves_are_refused():
    with pytest.raises(ValueError, match="lesions"):
        parsimonious_histories(np.array([-1]), np.ones((1, 61), bool), root_site=0)
    with pytest.raises(ValueError, match="in no sample"):
        parsimonious_histories(np.array([-1, 0]), np.array([[True], [False]]), root_site=0)


def test_twenty_lesions_get_an_answer():
    """Beyond 12 sites below a clone small sets of unseen sites are looked at: here every lesion has a clone of its
    own."""
    tree = np.r_[-1, np.zeros(19, int)]
    present = np.eye(20, dtype=bool)
    found = parsimonious_histories(tree, present, root_site=0)
    assert not found.is_complete
    assert found.score == (19 * PER_MIGRATION, 19, 1)
    assert found.histories[0].pattern == "mPS"


def test_sets_of_sites():
    """All sets of few sites, sets of up to two of many."""
    from oncourse.evolution.seeding._migration_kernels import subsets

    assert sorted(subsets(0b1011)) == [0, 1, 2, 3, 8, 9, 10, 11]
    many = (1 << 14) - 1
    assert len(subsets(many)) == 1 + 14 + 14 * 13 // 2
    assert all(int(x).bit_count() <= 2 and int(x) & ~many == 0 for x in subsets(many))
