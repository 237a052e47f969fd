"""Latent class of two tests: the identified limits, and coverage when the priors are right."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.stats.latent_class import latent_class
from oncourse.stats.rng import generator

SURE = {
    "sensitivity_a": (9000, 1000),
    "sensitivity_b": (7000, 3000),
    "specificity_a": (9990, 10),
    "specificity_b": (9990, 10),
}


def test_known_tests_give_the_prevalence_by_hand():
    """Se .9 and .7, Sp .999: of 1,000 with prevalence .4 the expected table gives the prevalence back."""
    prevalence, a, b, s = 0.4, 0.9, 0.7, 0.999
    cells = [
        prevalence * x + (1 - prevalence) * y
        for x, y in (
            (a * b, (1 - s) ** 2),
            (a * (1 - b), (1 - s) * s),
            ((1 - a) * b, s * (1 - s)),
            ((1 - a) * (1 - b), s * s),
        )
    ]
    (found,) = latent_class(tuple(1000 * c for c in cells), SURE)
    assert found.mean["prevalence"] == pytest.approx(0.4, abs=0.005)
    assert found.low["prevalence"] < 0.4 < found.high["prevalence"]


def test_the_tests_exchanged_exchange_the_answer():
    turned = {
        "sensitivity_a": SURE["sensitivity_b"],
        "sensitivity_b": SURE["sensitivity_a"],
        "specificity_a": SURE["specificity_b"],
        "specificity_b": SURE["specificity_a"],
    }
    (one,), (other,) = latent_class((50, 20, 8, 100), SURE), latent_class((50, 8, 20, 100), turned)
    assert one.mean["prevalence"] == pytest.approx(other.mean["prevalence"], abs=0.005)
    assert one.mean["sensitivity_b"] == pytest.approx(other.mean["sensitivity_a"], abs=0.005)


def test_dependence_moves_the_estimate_and_contradiction_is_said():
    priors = {
        "sensitivity_a": (19, 1),
        "sensitivity_b": (14, 6),
        "specificity_a": (199, 1),
        "specificity_b": (199, 1),
    }
    free, tied = latent_class((60, 25, 3, 100), priors, dependences=(0.0, 0.5))
    # two tests that miss the same patients have missed more of them than they show
    assert tied.mean["prevalence"] > free.mean["prevalence"]
    (wrong,) = latent_class((0, 900, 900, 0), SURE)
    assert np.isnan(wrong.mean["prevalence"])


@pytest.mark.slow
def test_intervals_hold_the_truth_when_truth_is_drawn_from_the_priors():
    """200 tables of 120 patients: 95 % intervals hold within 91-98.5 % (binomial 99 % band)."""
    rng, held = generator(5, "latent class"), []
    priors = {
        "sensitivity_a": (38, 2),
        "sensitivity_b": (28, 12),
        "specificity_a": (199, 1),
        "specificity_b": (199, 1),
    }
    for _ in range(200):
        a, b, s, t = (
            rng.beta(*priors[k]) for k in ("sensitivity_a", "sensitivity_b", "specificity_a", "specificity_b")
        )
        have = rng.random(120) < rng.random()
        x, y = (np.where(have, rng.random(120) < se, rng.random(120) > sp) for se, sp in ((a, s), (b, t)))
        counts = tuple(float(c.sum()) for c in (x & y, x & ~y, ~x & y, ~x & ~y))
        (found,) = latent_class(counts, priors, n_draw=2**11)
        held.append(found.low["sensitivity_b"] <= b <= found.high["sensitivity_b"])
    assert 0.91 <= np.mean(held) <= 0.985


@pytest.mark.parametrize("dependence", [0.0, 0.5, 1.0])
def test_the_cells_are_chances_of_tests_that_depend_on_each_other(dependence):
    """Margins stay what sensitivity and specificity say; at the largest dependence the better test is
    positive wherever the worse one is."""
    from oncourse.stats.latent_class import _cells

    prevalence, a, b, none = (np.array([v]) for v in (1.0, 0.9, 0.7, 0.0))
    both, a_only, b_only, neither = (
        float(c[0]) for c in _cells(prevalence, a, b, none + 0.95, none + 0.99, dependence)
    )
    assert both + a_only + b_only + neither == pytest.approx(1)
    assert (both + a_only, both + b_only) == (pytest.approx(0.9), pytest.approx(0.7))
    assert both == pytest.approx(0.63 + dependence * 0.07)
    free = _cells(none, a, b, none + 0.95, none + 0.99, dependence)
    both, a_only, b_only, neither = (float(c[0]) for c in free)
    assert both + a_only + b_only + neither == pytest.approx(1)
    assert (both + a_only, both + b_only) == (pytest.approx(0.05), pytest.approx(0.01))
    assert neither == pytest.approx(0.95 * 0.99 + dependence * (0.95 - 0.95 * 0.99))
