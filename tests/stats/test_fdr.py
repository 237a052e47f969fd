"""Adjusted p-values against R's p.adjust and their definitions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from oncourse.stats.fdr import benjamini_hochberg, max_t
from oncourse.stats.rng import generator


def test_equal_r_p_adjust(shared_data):
    value = json.loads((shared_data("survival-reference") / "reference.json").read_text())["p_adjust"]["value"]
    np.testing.assert_allclose(benjamini_hochberg(value["p"]), value["BH"], rtol=1e-10)


def test_the_untested_neither_count_nor_change():
    method = benjamini_hochberg
    p = np.array([0.04, np.nan, 0.001, 0.2, np.nan])
    out = method(p)
    assert np.isnan(out[[1, 4]]).all()
    np.testing.assert_array_equal(out[[0, 2, 3]], method(p[[0, 2, 3]]))
    assert np.isnan(method([np.nan])).all() and method([]).size == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        method([0.5, 1.2])


def test_benjamini_hochberg_equals_its_definition():
    """q_i = min over j with p_j >= p_i of m p_j / rank_j."""
    p = generator(3, "bh").uniform(size=60)
    ranks = np.array([(p <= x).sum() for x in p])
    plain = np.array([min(60 * p[j] / ranks[j] for j in range(60) if p[j] >= x) for x in p])
    np.testing.assert_allclose(benjamini_hochberg(p), np.minimum(plain, 1), rtol=1e-12)


def test_max_t_counts_the_largest_of_each_permutation():
    """Maxima 1, 2, 3, 4 (NaN test left out): 3.5 is reached once -> (1+1)/5; 0.5 always -> 1."""
    permuted = np.array([[1, 0.2, 9], [2, 0.1, 9], [0.3, 3, 9], [4, 1, 9]])
    np.testing.assert_allclose(max_t([3.5, 0.5, np.nan], permuted), [0.4, 1.0, np.nan])


def test_of_tests_that_were_all_left_out_nothing_is_said():
    assert np.isnan(max_t([np.nan, np.nan], np.ones((3, 2)))).all()
