"""A score whose terms are chosen on balance; known survival; variance that knows the score was fitted."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.models.compare import compare
from oncourse.models.pair import PairData, known_until
from oncourse.models.score_terms import choose_terms
from oncourse.models.weighting import overlap_weights, standardised_difference


def curved(seed, n=400, effect=0.0):
    """Treatment and hazard hang on the square of a covariate; its mean is the same in both arms."""
    rng = np.random.default_rng([seed, 7])
    x = rng.normal(size=(n, 2))
    treated = rng.random(n) < 1 / (1 + np.exp(-(0.8 * x[:, 0] ** 2 - 0.8)))
    time = rng.exponential(size=n) * np.exp(-0.6 * x[:, 0] ** 2 - effect * treated) * 900
    censor = rng.uniform(300, 2000, size=n)
    return PairData(np.minimum(time, censor) + 1, time <= censor, np.zeros(n), treated, x, ("age", "psa"))


def test_a_square_that_is_unbalanced_enters_the_score_and_leaves_balance():
    data = curved(1)
    found = choose_terms(data.x, data.treated, data.names)
    assert any(name.startswith("age squared") or "age above" in name for name in found.names)
    assert found.unlike == ()


def turned(seed, n=400):
    """A U-shape in age for one half of the patients, its opposite for the other: no effect of the treatment."""
    rng = np.random.default_rng([seed, 8])
    x = np.column_stack([rng.normal(size=(n, 2)), rng.random(n) < 0.4]).astype(float)
    shape = (1.4 * np.abs(x[:, 0]) - 1.1) * np.where(x[:, 2] > 0, 1, -1)
    treated = rng.random(n) < 1 / (1 + np.exp(-(0.8 * shape + 0.4 * x[:, 1] - 0.3 * x[:, 2])))
    time = rng.exponential(size=n) * np.exp(-0.6 * shape - 0.3 * x[:, 1] - 0.2 * x[:, 2]) * 900
    censor = rng.uniform(300, 2000, size=n)
    names = ("age", "psa", "visceral")
    return PairData(np.minimum(time, censor) + 1, time <= censor, np.zeros(n), treated, x, names)


def test_a_curve_that_a_yes_or_no_turns_over_is_balanced_within_its_levels():
    """Means, squares and products were alike and the curves within the levels .34 and .39 apart: nothing was noticed."""
    data = turned(1)
    found = choose_terms(data.x, data.treated, data.names)
    assert any("where visceral is 1" in name for name in found.names)
    assert found.unlike == ()
    weights = overlap_weights(found.score, data.treated)
    for inside in (data.x[:, 2] > 0, data.x[:, 2] == 0):
        curve = np.where(inside, np.abs(data.x[:, 0]), 0.0)[:, None]
        assert abs(standardised_difference(curve, data.treated, weights)[0]) < 0.05
        assert abs(standardised_difference(curve, data.treated)[0]) > 0.2


def test_confounding_that_a_yes_or_no_turns_over_is_covered():
    """18 of 40 intervals held the truth. At a true coverage of 95 % fewer than 24 of 30 happen once in a thousand."""
    rows = [r for seed in range(30) for r in compare(turned(seed), horizon=730, milestone=365).rows]
    ratios = [r.effect for r in rows if (r.method, r.estimate_name) == ("overlap", "hazard_ratio")]
    assert len(ratios) == 30
    assert sum(e.ci_low <= 1 <= e.ci_high for e in ratios) >= 24


@pytest.mark.parametrize("seed", [1, 2])
def test_chance_within_many_levels_refuses_nothing(seed):
    """Five numbers in seven yes/nos: 350 curves, of which chance leaves some .15 apart; the confounding is a line."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(400, 5)), rng.random((400, 7)) < 0.3]).astype(float)
    treated = rng.random(400) < 1 / (1 + np.exp(-0.5 * x[:, 0]))
    assert not any(" where " in name for name in choose_terms(x, treated, tuple("abcdefghijkl")).unlike)


def test_levels_are_found_where_some_values_are_filled_in():
    """A yes/no of which a fifth was missing has many values: still yes and no, the filled ones by the nearer."""
    rng = np.random.default_rng(3)
    n = 400
    yes = (rng.random(n) < 0.5).astype(float)
    filled = np.where(rng.random(n) < 0.2, rng.uniform(0.2, 0.8, n), yes)
    age = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-1.2 * (age**2 - 1) * np.where(yes > 0, 1, -1)))
    found = choose_terms(np.column_stack([age, filled]), treated, ("age", "visceral"))
    assert any("where visceral is 1" in name for name in found.names)
    stage = rng.integers(1, 5, n).astype(float)
    treated = rng.random(n) < 1 / (1 + np.exp(-1.5 * np.where(stage == 2, age, -age)))
    found = choose_terms(np.column_stack([age, stage]), treated, ("age", "stage"))
    assert any("stage is 2 or more" in name for name in found.names)
    assert any("stage is 3 or more" in name for name in found.names)


def test_arms_that_no_weight_makes_alike_give_no_weighted_result():
    data = curved(2, 120)
    apart = PairData(data.time, data.event, data.entry, data.x[:, 0] > 0, data.x, data.names)
    pair = compare(apart, horizon=730, milestone=365)
    assert not any(r.method in ("overlap", "iptw", "doubly_robust") for r in pair.rows)
    assert any("no weighted result" in text for text in pair.warnings)


def test_curved_confounding_with_a_true_ratio_of_1_is_covered():
    """Coverage was 20-26 % with a linear score; 1,000 studies of benchmarks/bench_treatment_confounding.py give 94.9 %.

    Here 60 studies: at a true coverage of 95 % fewer than 51 covered happen once in a thousand.
    """
    held = plain = 0
    for seed in range(60):
        rows = {
            r.method: r.effect
            for r in compare(curved(seed), horizon=730, milestone=365).rows
            if r.estimate_name == "hazard_ratio"
        }
        held += rows["overlap"].ci_low <= 1 <= rows["overlap"].ci_high
        plain += rows["unadjusted"].ci_low <= 1 <= rows["unadjusted"].ci_high
    assert held >= 51 and plain < 30


def test_a_dozen_covariates_that_confound_plainly_are_answered():
    """Of hundreds of squares and products some are a tenth apart by chance: five of eight such studies were refused.

    Six covariates move treatment and hazard linearly, the true ratio is 1. Of 100 such studies all had a weighted
    result, of which 97 held 1 (docs/explanation/treatment.md): of 8, fewer than 6 are held once in 5,000.
    """
    weights = np.array([0.5, -0.3, 0.3, 0, 0.25, 0, 0, -0.2, 0.4, 0, -0.3, 0])
    held = apart = 0
    for seed in range(8):
        rng = np.random.default_rng([seed, 12])
        x = rng.normal(size=(400, 12))
        x[:, 8:] = x[:, 8:] > 0.2
        treated = rng.random(400) < 1 / (1 + np.exp(-(x @ weights - 0.2)))
        time, censor = rng.exponential(size=400) * np.exp(-0.8 * x @ weights) * 900, rng.uniform(300, 2000, 400)
        names = tuple(f"x{j}" for j in range(12))
        data = PairData(np.minimum(time, censor) + 1, time <= censor, np.zeros(400), treated, x, names)
        pair = compare(data, horizon=730, milestone=365)
        rows = {r.method: r.effect for r in pair.rows if r.estimate_name == "hazard_ratio"}
        assert "overlap" in rows, pair.warnings
        held += rows["overlap"].ci_low <= 1 <= rows["overlap"].ci_high
        apart += not rows["unadjusted"].ci_low <= 1 <= rows["unadjusted"].ci_high
    assert held >= 6 and apart >= 4


def test_an_arm_whose_curve_has_reached_0_is_known_to_the_horizon():
    """survminer #842: a milestone is known once the curve is 0. Hand: means 10 to day 20 v 20; shares 0 v 1."""
    assert known_until(np.array([5.0, 15.0]), np.array([True, True])) == float("inf")
    time = np.array([5.0, 15.0] * 10 + [20.0] * 20)
    event = np.array([True] * 20 + [False] * 20)
    treated = np.array([False] * 20 + [True] * 20)
    data = PairData(time, event, np.zeros(40), treated, np.zeros((40, 0)), ())
    rows = {r.estimate_name: r for r in compare(data, horizon=20, milestone=20).rows}
    assert rows["rmst_difference"].effect.value == pytest.approx(10.0)
    assert rows["milestone_difference"].effect.value == pytest.approx(1.0)


def test_crossing_hazards_are_named():
    rng = np.random.default_rng(3)
    arm = rng.exponential(100, 150)
    time = np.concatenate([np.where(rng.random(150) < 0.5, arm, arm + 600), rng.normal(300, 20, 150)])
    treated = np.arange(300) < 150
    pair = compare(
        PairData(time, np.ones(300, bool), np.zeros(300), treated, np.zeros((300, 0)), ()), horizon=730, milestone=365
    )
    assert pair.p_proportional < 0.001
    assert any("changes with time" in text for text in pair.warnings)
