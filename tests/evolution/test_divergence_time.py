"""Divergence, distance tree of samples, growth of clones."""

import numpy as np
import pytest

from oncourse.evolution.seeding.divergence import (
    EARLY_PRIOR,
    MISREAD_FROM_ONE_REGION,
    divergence,
    lesion_state,
    neighbour_joining,
    sample_distances,
    sample_tree,
)
from oncourse.evolution.simulate import MetastasisPlan, SamplePlan, TumourPlan, simulate_tumour
from oncourse.evolution.time import growth_rates, sweeps
from oncourse.stats.rng import generator


def sure(*values):
    return np.array(values, float)


def test_early_is_never_called_from_one_region():
    """Al Bakir 2023: 83 % of late cases look early from one region, so the answer stays near the prior."""
    primary, met = (sure(1, 1), sure(0, 0)), (sure(1, 0), sure(0, 1))
    one = divergence(primary, met, np.array([30, 10]), n_primary_regions=1)
    assert one.call == "not_assessable"
    bayes = EARLY_PRIOR / (EARLY_PRIOR + (1 - EARLY_PRIOR) * MISREAD_FROM_ONE_REGION)
    assert one.p_early == pytest.approx(bayes, abs=0.01) and one.n_missing == 10
    assert divergence(primary, met, np.array([30, 10]), n_primary_regions=2).call == "early"
    assert divergence(primary, met, np.array([30, 10]), n_primary_regions=0).call == "not_assessable"


def test_late_needs_every_truncal_variant():
    primary = (sure(1, 1, 0), sure(0, 0, 0))
    there = divergence(primary, (sure(1, 0.2, 0), sure(0, 0.001, 1)), np.array([30, 5, 4]), n_primary_regions=1)
    assert there.call == "late" and there.n_shared_clonal == 30
    doubtful = divergence(primary, (sure(1, 0.2, 0), sure(0, 0.4, 1)), np.array([30, 5, 4]), n_primary_regions=1)
    bayes = EARLY_PRIOR / (EARLY_PRIOR + (1 - EARLY_PRIOR) * MISREAD_FROM_ONE_REGION)
    assert doubtful.call == "not_assessable" and doubtful.p_early == pytest.approx(0.4 * bayes, abs=0.01)


def test_a_cluster_that_may_be_clonal_in_the_primary_and_is_missing_forbids_late():
    """Clonal at 90 %, surely absent from the metastasis: all the sure trunk is there, yet nobody can say late."""
    primary, met = (sure(1, 0.9), sure(0, 0)), (sure(1, 0), sure(0, 1))
    found = divergence(primary, met, np.array([45, 16]), n_primary_regions=3)
    assert found.call == "not_assessable" and found.p_early == pytest.approx(0.9, abs=0.01)


def test_few_variants_cannot_show_that_a_metastasis_left_late():
    """Early at any time of the trunk: it has both of two variants in a third of cases, all of 40 in one of 41."""
    both = (sure(1), sure(0)), (sure(1), sure(0))
    few = divergence(*both, np.array([2]), n_primary_regions=3)
    assert few.call == "not_assessable" and few.p_early == pytest.approx(0.25 / 3 / (0.25 / 3 + 0.75))
    many = divergence(*both, np.array([40]), n_primary_regions=3)
    assert many.call == "late" and many.p_early == pytest.approx(0.25 / 41 / (0.25 / 41 + 0.75))


def test_nothing_clonal_in_the_primary_has_no_probability():
    found = divergence((sure(0.5), sure(0)), (sure(0), sure(1)), np.array([9]), n_primary_regions=2)
    assert found.call == "not_assessable" and found.p_early is None


def test_one_missing_variant_is_not_early():
    """A single variant may have been lost with its chromosome."""
    found = divergence((sure(1, 1), sure(0, 0)), (sure(1, 0), sure(0, 1)), np.array([30, 1]), n_primary_regions=3)
    assert found.call == "not_assessable"


def test_jsi_by_hand():
    """SS / (PC1 + PC2 + SS): 6 shared subclonal, 3 and 1 private clonal."""
    primary = (sure(1, 0, 1, 0), sure(0, 0, 0, 1))
    met = (sure(1, 0, 0, 1), sure(0, 0, 1, 0))
    assert divergence(primary, met, np.array([9, 6, 3, 1]), n_primary_regions=1).jsi == pytest.approx(0.6)


def test_a_cluster_not_looked_at_says_nothing():
    grid = np.linspace(0, 1, 11)
    posterior = np.zeros((2, 1, 11))
    posterior[0, 0, -1] = posterior[1, 0, 0] = 1
    clonal, absent = lesion_state(posterior, grid, np.array([[True], [False]]))
    assert clonal[0] == 1 and np.isnan(clonal[1]) and np.isnan(absent[1])


@pytest.mark.parametrize("number", range(20))
def test_neighbour_joining_recovers_additive_trees(number):
    """Saitou, Nei 1987: distances that come from a tree give back its splits."""
    rng = generator(number, "nj")
    n = int(rng.integers(4, 9))
    groups = [frozenset([i]) for i in range(n)]
    splits = {}
    distance = np.zeros((n, n))

    def add(group, length):
        inside = np.isin(np.arange(n), list(group))
        distance[np.ix_(inside, ~inside)] += length
        distance[np.ix_(~inside, inside)] += length

    for g in groups:
        add(g, rng.uniform(0.2, 1))
    while len(groups) > 3:
        i, j = sorted(rng.choice(len(groups), 2, replace=False))
        new = groups[i] | groups[j]
        length = rng.uniform(0.2, 1)
        add(new, length)
        side = frozenset(range(n)) - new if n - 1 in new else new
        splits[side] = length
        groups = [g for x, g in enumerate(groups) if x not in (i, j)] + [new]
    found = neighbour_joining(distance)
    assert set(found) == set(splits)
    for split, length in splits.items():
        assert found[split] == pytest.approx(length)


def test_distance_leaves_out_what_was_not_looked_at():
    ccf = np.array([[1.0, 1.0], [0.0, 0.5], [np.nan, 1.0]])
    assert sample_distances(ccf)[0, 1] == pytest.approx(0.25)


def test_bootstrap_supports_a_clear_split():
    rng = generator(2, "split")
    ccf = np.vstack([np.tile([1, 1, 0, 0], (30, 1)), np.tile([0, 0, 1, 1], (30, 1)), rng.random((10, 4))])
    tree = sample_tree(ccf.astype(float), generator(1, "boot"))
    assert tree.splits == (frozenset({0, 1}),) and tree.support[0] > 0.99
    assert sample_tree(ccf[:, :3].astype(float), generator(1, "boot")).splits == ()


def test_growth_rate_covers_the_simulated_one():
    """Share of a clone that gains r per day over the rest, measured with noise: 90 % intervals cover most times."""
    rng = generator(3, "growth")
    day = np.array([0.0, 60.0, 120.0, 180.0])
    covered = 0
    for _ in range(60):
        rate = rng.uniform(-0.01, 0.01)
        share = 0.2 * np.exp(rate * day)
        measured = share * np.exp(0.15 * rng.standard_normal(4))
        draws = (measured * np.exp(0.15 * rng.standard_normal((200, 4))))[:, None, :]
        grown = growth_rates(day, draws)
        covered += grown.low[0] <= rate <= grown.high[0]
    assert covered >= 48  # binomial(60, 0.9): 48 is its 1 % point


def test_burden_turns_a_stable_share_into_growth():
    draws = np.full((10, 1, 2), 0.5)
    grown = growth_rates(np.array([0.0, 100.0]), draws, burden=np.array([0.01, 0.1]))
    assert grown.rate[0] == pytest.approx(np.log(10) / 100)
    assert growth_rates(np.array([0.0, 100.0]), draws).rate[0] == pytest.approx(0)


def test_absent_clones_have_no_rate_and_emerging_ones_a_bound():
    draws = np.array([[[0.0, 0.0], [0.0, 0.4]]] * 5)
    grown = growth_rates(np.array([0.0, 50.0]), draws)
    assert np.isnan(grown.rate[0]) and grown.rate[1] > 0 and grown.is_bound.tolist() == [False, True]
    with pytest.raises(ValueError, match="different days"):
        growth_rates(np.array([5.0, 5.0]), draws)


def test_sweeps_need_both_ends():
    draws = np.array([[[0.1, 0.9], [0.9, 0.95], [0.1, 0.6]]] * 10)
    assert [s.clone for s in sweeps(np.array([0, 30]), draws)] == [0]


def test_sensitive_clones_decline_in_simulated_plasma():
    """Under treatment a sensitive clone loses share wherever a resistant one is there to gain it."""
    samples = tuple(SamplePlan(f"t{d}", "", d, "ctdna", 0.3) for d in (10, 110, 210))
    plan = TumourPlan((MetastasisPlan("m", found_day=0),), samples, treatments=((10, 210),), p_resistant=0.5)
    right = total = 0
    for seed in range(10):
        tumour = simulate_tumour(seed, "growth", plan)
        wide = tumour.fractions.pivot(on="sample_id", index="clone_id", values="fraction")
        grown = growth_rates(np.array([10.0, 110, 210]), wide.select("t10", "t110", "t210").to_numpy()[None])
        resistant = tumour.clones["is_resistant"].to_numpy()
        if resistant.any():
            known = ~np.isnan(grown.rate) & ~resistant
            right += int((grown.rate[known] < 0).sum())
            total += int(known.sum())
    assert total > 15 and right / total > 0.95
