"""Sample size formulas against R and against simulated studies; the command."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from oncourse.cli.plan import plan
from oncourse.errors import ConfigError
from oncourse.planning.report import survival_numbers
from oncourse.planning.survival import (
    SurvivalDesign,
    event_probability,
    interaction_patients,
    landmark_half_width,
    landmark_patients,
    power_of,
    schoenfeld_events,
    simulate_power,
)


def test_schoenfeld_equals_r(shared_data):
    value = json.loads((shared_data("survival-reference") / "reference.json").read_text())
    assert schoenfeld_events(0.6, 0.5) == value["schoenfeld_events_HR0.6_1to1"]["value"]


def test_events_of_an_exponential_study():
    """No loss, everybody followed 24 months: the event share is 1 - S(24) of each group."""
    design = SurvivalDesign(
        hazard_ratio=2, share_altered=0.5, survival_24m=0.6, accrual_months=0, yearly_loss=0
    )
    assert event_probability(design) == pytest.approx(0.5 * (1 - 0.6) + 0.5 * (1 - 0.6**2), rel=1e-9)
    # with nobody lost the interval is the binomial one: 1.96 sqrt(.6 x .4 / 100)
    assert landmark_half_width(design, 100) == pytest.approx(1.959964 * (0.24 / 100) ** 0.5, rel=1e-4)
    n = landmark_patients(design, 0.05)
    assert landmark_half_width(design, n) <= 0.05 < landmark_half_width(design, n - 1)


@pytest.mark.parametrize("design", [
    SurvivalDesign(),
    SurvivalDesign(hazard_ratio=2.0, sampling_delay_months=12.0),
    SurvivalDesign(hazard_ratio=1.2, share_altered=0.4, interaction_ratio=0.45),
])  # fmt: skip
def test_formula_equals_simulation(design):
    """300 simulated studies: events within 3 %, power within the 99.9 % band (+-8 points) of the formula's."""
    n = survival_numbers(design)["patients_needed"]
    result = simulate_power(design, n, replicates=300, seed=3)
    assert result.mean_events == pytest.approx(n * event_probability(design), rel=0.03)
    assert result.power == pytest.approx(power_of(design, n), abs=0.08)
    assert power_of(design, n) == pytest.approx(0.8, abs=0.02)


def test_null_study_finds_nothing_more_often_than_alpha():
    """A hazard ratio of 1.0001 is none: 400 studies reject in 5 % (99.9 % band 2 to 9)."""
    result = simulate_power(SurvivalDesign(hazard_ratio=1.0001), 150, replicates=400, seed=5)
    assert 0.02 <= result.power <= 0.09


def test_interaction_needs_at_least_four_times_the_main_effect():
    design = SurvivalDesign(hazard_ratio=1.0001, share_altered=0.5, interaction_ratio=0.6)
    main = schoenfeld_events(0.6, 0.5) / event_probability(design)
    assert interaction_patients(design) > 3.9 * main


def test_prediction_criteria_equal_pmsampsize():
    """pmsampsize(type = "s", csrsquared = .1, parameters = 20, ...): criterion 1 asks for 1,699."""
    numbers = survival_numbers(SurvivalDesign(), parameters=20, r2=0.1)
    assert numbers["prediction"]["for_shrinkage"] == 1699


def test_command_speaks_and_writes(tmp_path):
    target = tmp_path / "plan.json"
    result = CliRunner().invoke(
        plan, ["survival", "--precision", "0.05", "--tests", "100", "--simulate", "20", "--json", str(target)]
    )
    assert result.exit_code == 0, result.output
    numbers = json.loads(target.read_text())
    assert numbers["alpha_per_test"] == pytest.approx(0.0005)
    assert f"{numbers['patients_needed']:,}" in result.output and "power by simulation" in result.output
    assert "survival" in CliRunner().invoke(plan, ["--help"]).output


def test_impossible_designs_name_every_problem():
    with pytest.raises(ConfigError) as error:
        SurvivalDesign(hazard_ratio=1, share_altered=1.2, yearly_loss=-1)
    assert len(error.value.problems) == 3
    with pytest.raises(ConfigError, match="followed"):
        landmark_patients(SurvivalDesign(accrual_months=6, follow_up_months=6), 0.1)


def test_simulation_repeats():
    assert simulate_power(SurvivalDesign(), 80, replicates=5) == simulate_power(
        SurvivalDesign(), 80, replicates=5
    )
