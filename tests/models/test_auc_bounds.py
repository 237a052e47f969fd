"""AUC where losing patients hangs on the score: the bounds hold the AUC that full follow-up gives."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.models.auc_bounds import _chance_of_event, _of_sample, auc_bounds
from oncourse.models.metrics import auc, horizon_weights
from oncourse.stats.rng import generator


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_bounds_hold_the_auc_of_full_follow_up(strength):
    rng = generator(3, f"test/lost/{strength}")
    inside = 0
    for _ in range(20):
        score = rng.standard_normal(400)
        life, lost = rng.exponential(30 / np.exp(score)), rng.exponential(40 / np.exp(strength * score))
        true = auc(score, horizon_weights(life, np.ones(400, bool), 24.0))
        low, high = auc_bounds(score, np.minimum(life, lost), life <= lost, 24.0)
        inside += low <= true <= high
        assert high - low < 0.15
    assert inside >= 17


def test_bounds_hold_where_the_hazard_rises_and_the_high_scores_are_lost_early():
    """A constant rate per part of the score was too low there: of 60 simulated studies 7 bounds held (Weibull 1.5)."""
    rng, inside = generator(4, "test/lost/rising"), 0
    for _ in range(20):
        score = rng.standard_normal(300)
        life, lost = 30 * rng.weibull(1.5, 300) / np.exp(0.8 * score), rng.exponential(45 / np.exp(2 * score))
        true = auc(score, horizon_weights(life, np.ones(300, bool), 24.0))
        low, high = auc_bounds(score, np.minimum(life, lost), life <= lost, 24.0)
        inside += low <= true <= high
        assert high - low < 0.15
    assert inside >= 18


def test_bounds_of_others_hold_the_auc_of_all_patients_like_these():
    """Log-normal lives, 200 patients, those of high scores lost: the bounds of these patients hold it in 74-92 % of
    studies, those of others in 94-100 % (80 studies)."""
    rng, both = generator(6, "test/lost/others"), np.zeros(2)
    every = rng.standard_normal(100_000)
    lives = np.exp(3.2 - 0.7 * every + 0.9 * rng.standard_normal(100_000))
    true = auc(every, horizon_weights(lives, np.ones(100_000, bool), 24.0))
    for _ in range(40):
        score = rng.standard_normal(200)
        life = np.exp(3.2 - 0.7 * score + 0.9 * rng.standard_normal(200))
        lost = rng.exponential(45 * np.exp(-1.2 * score))
        seen, event = np.minimum(life, lost), life <= lost
        low, high = auc_bounds(score, seen, event, 24.0)
        least, most = auc_bounds(score, seen, event, 24.0, of_others=True)
        assert least < low < high < most
        both += low <= true <= high, least <= true <= most
    assert both[1] >= 36 and both[0] < both[1]


def test_the_error_of_the_auc_is_that_of_patients_drawn_again():
    rng = generator(7, "test/of sample")
    score, case = rng.standard_normal(80), rng.random(80) < 0.4
    again = [auc_of(score[k], case[k]) for k in rng.integers(0, 80, (2000, 80))]
    assert _of_sample(score, case.astype(float)) == pytest.approx(np.std(again), rel=0.1)


def auc_of(score, case):
    """Share of pairs of a case and a control in which the case scores higher."""
    return float((np.sign(score[case][:, None] - score[~case][None, :]).mean() + 1) / 2)


def test_without_anybody_lost_the_bounds_are_the_auc():
    score = np.array([1.0, 2, 3, 4, 5, 6, 2, 5])
    time, event = np.array([9.0, 1, 9, 2, 9, 1, 9, 3]), np.array([0, 1, 0, 1, 0, 1, 0, 1], bool)
    both = auc_bounds(score, time, event, 5.0)
    assert both == pytest.approx([auc(score, horizon_weights(time, event, 5.0))] * 2)


@pytest.mark.parametrize("strength", [0.5, 12.0])
def test_a_score_turned_around_tells_the_same_chances(strength):
    """High or low for a bad course is a matter of writing, also of a score that orders nearly all deaths (its slope is
    held then, on both sides alike)."""
    rng = generator(6, f"test/turned/{strength}")
    score = rng.standard_normal(60)
    life, lost = rng.exponential(30 / np.exp(strength * score)), rng.exponential(60, 60)
    time, event = np.minimum(life, lost), life <= lost
    np.testing.assert_allclose(_chance_of_event(score, time, event), _chance_of_event(-score, time, event), atol=1e-6)
