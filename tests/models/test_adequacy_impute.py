"""Sample size against pmsampsize; imputation against the truth it hides."""

import json

import numpy as np
import pytest

from oncourse.models.adequacy import expected_shrinkage, max_cox_snell, sample_size, supported_parameters
from oncourse.models.impute import fit_imputer


@pytest.mark.parametrize(
    "name,given",
    [
        ("survival_example", {"parameters": 30, "r2": 0.051, "event_rate": 0.065, "mean_follow_up": 2.07}),
        ("crc_2y", {"parameters": 20, "r2": 0.1, "event_rate": 0.12, "mean_follow_up": 2.5}),
    ],
)
def test_sample_size_equals_pmsampsize(shared_data, name, given):
    """R: pmsampsize(type = "s", ...)$results_table; columns n, shrinkage, parameters, R2, max R2, R2 ratio, EPP."""
    table = json.loads((shared_data("survival-reference") / "reference.json").read_text())
    rows = table[f"pmsampsize.{name}"]["value"]
    ours = sample_size(**given)
    assert (ours.n_shrinkage, ours.n_optimism) == (rows[0][0], rows[1][0])
    assert ours.max_r2 == pytest.approx(rows[0][4], abs=5e-4)
    assert ours.events_per_parameter == pytest.approx(rows[0][6], abs=0.01)
    assert max_cox_snell(given["event_rate"], given["mean_follow_up"]) == pytest.approx(ours.max_r2, abs=1e-3)


def test_parameters_supported_are_the_inverse():
    """Methods notes: n 60, R2 .2: 1 parameter S .93, 3 -> .78, 5 -> .63; n 200, R2 .15, 5 -> .85."""
    assert [round(expected_shrinkage(60, p, 0.2), 2) for p in (1, 3, 5)] == pytest.approx([0.93, 0.78, 0.63], abs=0.011)
    assert expected_shrinkage(200, 5, 0.15) == pytest.approx(0.85, abs=0.01)
    assert supported_parameters(60, 0.2) == 1
    n = sample_size(parameters=7, r2=0.2, event_rate=0.1, mean_follow_up=3).n_shrinkage
    assert supported_parameters(n, 0.2) == 7


def test_imputation_recovers_the_conditional_distribution():
    """x2 = 0.8 x1 + noise, missing more often where x1 is high: mean and slope are recovered, draws keep spread."""
    rng = np.random.default_rng(1)
    n = 4000
    x1 = rng.normal(0, 1, n)
    x2 = 0.8 * x1 + 0.6 * rng.normal(0, 1, n)
    hidden = np.where(rng.random(n) < 1 / (1 + np.exp(-2 * x1)), np.nan, x2)
    imputer = fit_imputer(np.column_stack([x1, hidden]))
    assert abs(imputer.mean[1]) < 0.06
    assert np.nanmean(hidden) < -0.3
    drawn = imputer.fill(np.column_stack([x1, hidden]), rng)
    assert np.var(drawn[:, 1]) == pytest.approx(1.0, abs=0.08)
    assert np.polyfit(x1, drawn[:, 1], 1)[0] == pytest.approx(0.8, abs=0.04)
    fixed = imputer.fill(np.array([[1.0, np.nan]]))
    assert fixed[0, 1] == pytest.approx(0.8, abs=0.05)


def test_the_outcome_helps_training_patients_only():
    """Columns beyond those given are left out of the condition."""
    rng = np.random.default_rng(2)
    y = rng.normal(size=500)
    x = y + 0.1 * rng.normal(size=500)
    imputer = fit_imputer(np.column_stack([x, y]))
    assert imputer.fill(np.array([[np.nan]]))[0, 0] == pytest.approx(imputer.mean[0])
    assert imputer.fill(np.array([[np.nan, 2.0]]))[0, 0] == pytest.approx(2.0, abs=0.1)
