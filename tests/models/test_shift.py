"""Which features of new patients lie elsewhere than those a model was made from: at both sides of the cut-offs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from oncourse.models.card import SHIFT_SMD, ModelCard


@pytest.mark.parametrize(
    ("mean", "n", "shifted"),
    [
        (SHIFT_SMD, 400, False),  # no further apart than that
        (-1.01 * SHIFT_SMD, 400, True),
        (1.0, 9, False),  # z = 3
        (1.0, 10, True),
        (0.5, 36, False),
        (-0.5, 37, True),
    ],
)
def test_a_mean_is_shifted_past_a_quarter_of_an_sd_and_past_chance(mean, n, shifted):
    """A feature of mean 0 and SD 1; one more patient does not have it told."""
    card = SimpleNamespace(features=[{"feature": "age", "mean": 0.0, "sd": 1.0}], model=SimpleNamespace(coef=[1.0]))
    (row,) = ModelCard.shift(card, np.append(np.full(n, mean), np.nan).reshape(-1, 1))
    assert (row["is_shifted"], row["n_known"], row["n"], row["smd"]) == (shifted, n, n + 1, pytest.approx(mean))


def test_a_feature_that_nobody_new_has_or_without_weight_is_no_shift():
    features = [{"feature": name, "mean": 0.0, "sd": sd} for name, sd in (("a", 1.0), ("b", 1.0), ("c", 0.0))]
    card = SimpleNamespace(features=features, model=SimpleNamespace(coef=[1.0, 0.0, 1.0]))
    rows = ModelCard.shift(card, np.c_[np.full(9, np.nan), np.full(9, 5.0), np.full(9, 5.0)])
    assert [(r["feature"], r["new_mean"], r["smd"], r["is_shifted"]) for r in rows] == [
        ("a", None, None, False),
        ("c", 5.0, None, False),
    ]
