"""Variation between samples of an unchanged tumour, told from true changes by the courses of all patients."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.evolution.variation import variation_of_courses
from oncourse.stats.rng import generator

SHAPES = {
    "constant": [1, 1, 1, 1, 1, 1],
    "a tenth that stays": [1, 0.1, 0.1, 0.1, 0.1, 0.1],
    "falls and rises": [1, 0.2, 0.2, 0.5, 1.2, 3],
    "grows": [1, 1.3, 1.7, 2.2, 2.9, 3.7],
}


def _learned(shape: str, cv: float, n: int = 16, reads: float = 600) -> float:
    random = generator(2, f"variation {shape} {cv}")
    level = reads * np.array(SHAPES[shape]) * random.gamma(1 / cv**2, cv**2, (n, 6))
    return variation_of_courses([(x, [1e5] * 6, [1.0] * 6) for x in random.poisson(level + 1)], 0.25)


@pytest.mark.parametrize("shape", SHAPES)
def test_true_changes_are_no_variation(shape: str) -> None:
    """Also where every patient's level falls and rises."""
    assert 0.15 <= _learned(shape, 0.25) <= 0.3


def test_a_larger_variation_is_learned() -> None:
    """Of constant levels and of such as fall once."""
    assert 0.32 < _learned("constant", 0.4) < 0.5
    assert _learned("a tenth that stays", 0.5) > 0.33


def test_without_courses_what_is_assumed_stays() -> None:
    """The prior's middle."""
    assert abs(variation_of_courses([], 0.25) - 0.25) < 0.04
