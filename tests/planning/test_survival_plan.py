"""Sample size formulas against R and against simulated studies; the command."""

from __future__ import annotations

import json
import math

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
    mean_time_at_risk,
    power_of,
    schoenfeld_events,
    simulate_landmark,
    simulate_power,
)


def test_schoenfeld_equals_r(shared_data):
    value = json.loads((shared_data("survival-reference") / "reference.json").read_text())
    assert schoenfeld_events(0.6, 0.5) == value["schoenfeld_events_HR0.6_1to1"]["value"]


def test_events_of_an_exponential_study():
    """No loss, everybody followed 24 months: the event share is 1 - S(24) of each group."""
    design = SurvivalDesign(hazard_ratio=2, share_altered=0.5, survival_24m=0.6, accrual_months=0, yearly_loss=0)
    assert event_probability(design) == pytest.approx(0.5 * (1 - 0.6) + 0.5 * (1 - 0.6**2), rel=1e-9)
    # with nobody lost the interval is the binomial one: 1.96 sqrt(.6 x .4 / 100)
    assert landmark_half_width(design, 100) == pytest.approx(1.959964 * (0.24 / 100) ** 0.5, rel=1e-4)
    n = landmark_patients(design, 0.05)
    assert landmark_half_width(design, n) <= 0.05 < landmark_half_width(design, n - 1)


@pytest.mark.parametrize(
    "design",
    [
        SurvivalDesign(),
        SurvivalDesign(hazard_ratio=2.0, sampling_delay_months=12.0),
        SurvivalDesign(hazard_ratio=1.2, share_altered=0.4, interaction_ratio=0.45),
    ],
)
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


def test_published_examples():
    """Schoenfeld 1983 and Peterson & George 1993 by hand; pmsampsize's own example of a survival model.

    help(pmsampsize): type "s", csrsquared .051, 30 parameters, rate .065, mean follow-up 2.07 years: 5,143 patients
    (criterion 1), 1,039 (criterion 2), maximum R2 .555, 23.07 events per parameter.
    """
    from oncourse.models.adequacy import sample_size

    # (1.959964 + .841621)^2 / (p q log^2): 4 x 7.8489 / log(.5)^2 = 65.3; 90 % power at .75: 4 x 10.5074 / .08276 =
    # 507.8
    assert schoenfeld_events(0.5, 0.5) == 66
    assert schoenfeld_events(0.75, 0.5, power=0.9) == 508
    assert schoenfeld_events(2.0, 0.2) == 103  # 7.8489 / (.16 x .48045) = 102.1
    found = sample_size(parameters=30, r2=0.051, event_rate=0.065, mean_follow_up=2.07)
    assert (found.n, found.n_optimism) == (5143, 1039)
    assert found.max_r2 == pytest.approx(0.555, abs=5e-4)
    assert found.events_per_parameter == pytest.approx(23.07, abs=5e-3)
    # 2 x 2, halves, equal event shares: four times the events of the same ratio between two halves
    even = SurvivalDesign(hazard_ratio=1.0001, share_altered=0.5, interaction_ratio=0.999, accrual_months=0)
    events = interaction_patients(even) * event_probability(even)
    assert events == pytest.approx(4 * schoenfeld_events(0.999, 0.5), rel=1e-3)


def test_time_at_risk_ends_at_the_event():
    """One half dies at rate h, the other at 2 h, all followed 24 months: (1 - exp(-24 h)) / h and its like."""
    design = SurvivalDesign(hazard_ratio=2, share_altered=0.5, survival_24m=0.6, accrual_months=0, yearly_loss=0)
    h = design.hazard
    assert mean_time_at_risk(design) == pytest.approx(0.5 * 0.4 / h + 0.5 * (1 - 0.36) / (2 * h))
    numbers = survival_numbers(design, parameters=20)["prediction"]
    assert numbers["events"] <= numbers["patients"]
    # Poisson interval of the rate with so many patients: the 2-year risk is known to 5 points, with one fewer it is not
    rate, years = event_probability(design) / mean_time_at_risk(design) * 12, mean_time_at_risk(design) / 12

    def margin(n):
        return math.exp(-2 * rate) - math.exp(-2 * (rate + 1.959964 * math.sqrt(rate / (n * years))))

    assert margin(numbers["for_precision"]) <= 0.05 < margin(numbers["for_precision"] - 1)


def test_simulated_landmark_equals_the_formula():
    design = SurvivalDesign()
    result = simulate_landmark(design, 382, replicates=300)
    assert result.half_width == pytest.approx(landmark_half_width(design, 382), rel=0.03)
    assert 0.91 <= result.coverage <= 0.99 and result.known == 300


def test_late_entry_has_no_formula_for_the_landmark():
    late = SurvivalDesign(sampling_delay_months=6.0)
    numbers = survival_numbers(late, patients=300, simulate=40)
    assert numbers["half_width_24m"] is None
    # thin early risk sets: wider than without late entry
    assert numbers["simulated_24m"]["half_width"] > landmark_half_width(SurvivalDesign(), 300)
    with pytest.raises(ConfigError, match="start the clock at the sample"):
        landmark_patients(late, 0.05)


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
    assert simulate_power(SurvivalDesign(), 80, replicates=5) == simulate_power(SurvivalDesign(), 80, replicates=5)
