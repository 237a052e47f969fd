"""Steps of the models of clones, each asked alone and worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from oncourse.evolution import presence
from oncourse.evolution.clustering import prior
from oncourse.evolution.seeding.divergence import divergence, early_all_shared, lesion_state


def told(*clusters, regions=2, n=(30, 4)):
    """Each cluster: clonal and absent in the primary, clonal and absent in the metastasis."""
    p_clonal, p_absent, m_clonal, m_absent = np.array(clusters, float).T
    counts = np.array(n[: len(clusters)])
    found = divergence((p_clonal, p_absent), (m_clonal, m_absent), counts, n_primary_regions=regions)
    numbers = found.n_missing, found.n_private_clonal, found.n_shared_clonal, found.n_shared_subclonal
    return found.call, found.p_early, *numbers


TRUNK, MISSING, NEW, SMALL = (1, 0, 1, 0), (1, 0, 0, 1), (0, 1, 1, 0), (0.3, 0.2, 0.1, 0.4)


def test_what_two_lesions_have_of_each_other_is_counted_by_variants():
    assert told(TRUNK, MISSING) == ("early", pytest.approx(1.0), 4, 0, 30, 0)
    assert told(TRUNK, MISSING, regions=1)[0] == "not_assessable"
    assert told(TRUNK, MISSING, n=(30, 1))[0] == "not_assessable"  # one is lost with its chromosome
    assert told(TRUNK, MISSING, n=(30, 2))[0] == "early"
    assert told(TRUNK, NEW)[2:] == (0, 4, 30, 0) and told(TRUNK, SMALL)[2:] == (0, 0, 30, 4)
    half = (0.5, 0.5, 0.5, 0.5)  # half is not more than half: neither clonal nor absent in either
    assert told(TRUNK, half)[2:] == (0, 0, 30, 4)
    assert told((0.51, 0, 0.51, 0), (0.51, 0, 0, 0.51))[2:] == (4, 0, 30, 0)
    assert told(TRUNK, (math.nan, 0, 1, 0))[2:] == told(TRUNK, (1, 0, math.nan, 1))[2:] == (0, 0, 30, 0)
    sure = (0.95, 0, 0, 0.96)
    assert told(TRUNK, sure)[0] == told(TRUNK, (0.96, 0, 0, 0.95))[0] == "not_assessable"
    assert told(TRUNK, (0.96, 0, 0, 0.96))[0] == "early"


def test_early_is_weighed_by_what_may_be_missing_and_by_the_length_of_the_trunk():
    """A cluster of 4 is clonal with 0.5 and missing with 0.4: 0.2. Trust in one region 0.25 / (0.25 + 0.75 x 0.83)."""
    trust, chance = 0.25 / (0.25 + 0.75 * 0.83), 0.25 / 31 / (0.25 / 31 + 0.75)
    assert early_all_shared(30) == pytest.approx(chance)
    doubt = (0.5, 0, 0.1, 0.4)
    assert told(TRUNK, doubt)[1] == pytest.approx(1 - (1 - 0.2) * (1 - chance * 0.8))
    assert told(TRUNK, doubt, regions=1)[1] == pytest.approx(1 - (1 - 0.2 * trust) * (1 - chance * 0.8))
    assert told(TRUNK, doubt, n=(30, 1))[1] == pytest.approx(chance * 0.8)  # of one variant alone nothing is early
    assert told(TRUNK)[:2] == ("late", pytest.approx(chance)) and told(TRUNK, n=(4,))[0] == "not_assessable"
    assert told((0.9, 0, 1, 0))[:2] == ("not_assessable", None)  # no trunk is sure


def test_a_cluster_is_clonal_in_the_mean_and_absent_in_all_samples():
    grid = np.array([0.0, 0.04, 0.05, 0.5, 0.75, 1.0])
    one, two = [0.1, 0.2, 0.3, 0.1, 0.1, 0.2], [0.4, 0.1, 0.0, 0.0, 0.25, 0.25]
    posterior = np.array([[one, two], [one, two], [one, two]])
    clonal, absent = lesion_state(posterior, grid, np.array([[True, True], [True, False], [False, False]]))
    assert clonal.tolist() == pytest.approx([math.sqrt(0.3 * 0.5), 0.3, math.nan], nan_ok=True)
    assert absent.tolist() == pytest.approx([0.3 * 0.5, 0.3, math.nan], nan_ok=True)


def test_the_chance_of_a_call_lies_on_the_line_between_grid_points():
    detection = np.array([[0.0, 0.4, 1.0]] * 6, np.float32)
    ccf = np.array([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])
    at = presence.detection_at(detection, np.array([0.5, 1.0]), ccf)
    assert at.tolist() == pytest.approx([0.0, 0.2, 0.4, 0.7, 1.0, math.nan], nan_ok=True)
    outside = presence.detection_at(detection[:2], np.array([0.5, 0.8]), np.array([-1.0, 1.4]))
    assert outside.tolist() == pytest.approx([0.0, 1 / 3 * -2 * 0.4 + 5 / 3 * 1.0], abs=1e-6)


def test_presence_where_what_is_usual_says_nothing():
    """Weights 0.6 and 0.4 at a usual share absent of 0.8 are 3 to 0.5 before: at even odds 6/7."""
    held = presence._held(np.array([0.6, 0.6, 0.0]), np.array([0.4, 0.4, 0.0]), np.array([0.8, 0.8, 0.5]), 0.5)
    assert held.tolist() == pytest.approx([6 / 7, 6 / 7, 0.0])
    less = presence._held(np.array([0.6]), np.array([0.4]), np.array([0.8]), 0.25)
    assert less.tolist() == pytest.approx([0.75 / (0.75 + 0.375)])


def test_cell_fractions_by_moments_and_calls_elsewhere():
    """Purity 0.5: 2 copies make 0.5 of a fraction 0.25; from 1.5 mutated copies on the major allele's count."""
    rows = [
        # sample, total, major, alt, depth, called, counted -> fraction
        (0, 2, 1, 25, 100, 1, True, 1.0),
        (0, 2, 1, 10, 100, 1, True, 0.4),
        (0, 4, 3, 25, 100, 1, True, 1.0),  # 0.25 x 3 / 0.5: exactly 1.5 is one copy, 1 at most
        (0, 4, 3, 30, 100, 1, True, 0.3 * 3 / 1.5),
        (0, 4, 0, 30, 100, 1, True, 1.0),  # of no major allele: one copy
        (1, 2, 1, 25, 100, 1, True, 0.5),
        (0, 2, 1, 25, 100, 0, True, 0.0),
        (0, 2, 1, 0, 0, 1, False, 1.0),
        (0, 2, 1, 0, 0, 1, True, 0.0),
    ]
    sample, total, major, alt, depth, called, counted, expected = (np.array(c) for c in zip(*rows, strict=True))
    cells = SimpleNamespace(
        sample=sample, total_cn=total, normal_cn=2.0, major_cn=major, alt_count=alt, depth=depth, is_called=called
    )
    assert presence._rough_ccf(cells, np.array([0.5, 1.0]), counted).tolist() == pytest.approx(expected.tolist())
    of = SimpleNamespace(variant=np.array([0, 0, 1, 1, 2]), is_called=np.array([True, False, True, True, True]))
    assert presence._called_elsewhere(of).tolist() == [False, True, True, True, False]
    none = SimpleNamespace(variant=np.zeros(0, int), is_called=np.zeros(0, bool))
    assert presence._called_elsewhere(none).tolist() == []


def test_the_prior_of_a_cell_fraction_is_half_flat_in_it_and_half_on_the_grid():
    """Points 0, 0.2, 0.6 and 1: edges 0.1, 0.4 and 0.8. Widths 0.3 and 0.4 of 0.7, half; a half of each, half."""
    grid = np.array([0.0, 0.2, 0.6, 1.0])
    slab = [0.0, 0.5 * 3 / 7 + 0.25, 0.5 * 4 / 7 + 0.25, 0.0]
    assert prior._slab(grid).tolist() == pytest.approx(slab)
    expected = [0.3, 0.6 * slab[1], 0.6 * slab[2], 0.1]
    assert prior.ccf_prior(grid, 0.3, 0.1).tolist() == pytest.approx(expected)
    both = prior.prior_weights(7, 2, 0.3, 0.1)
    assert both.shape == (2, 7) and both[1].tolist() == pytest.approx(prior.ccf_prior(prior.ccf_grid(7), 0.3, 0.1))
