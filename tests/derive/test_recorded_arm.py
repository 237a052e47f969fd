"""A recorded treatment arm is a covariate of every model of outcome, and is named."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses.biomarkers import BiomarkerParams, biomarkers
from oncourse.analyses.survival import SurvivalParams as Curves
from oncourse.analyses.survival import survival
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.arm_covariates import recorded_arms
from oncourse.derive.outcomes.covariates import chosen_covariates
from oncourse.stats.rng import generator

N = 160


@pytest.fixture(scope="module")
def trial(make_study):
    """Arm A lives three times as long; a marker that does nothing is met in arm A four times as often."""
    random = generator(3, "recorded arm")
    on = random.random(N) < 0.5
    marker = random.random(N) < [0.8 if a else 0.2 for a in on]
    days = [1 + int(v) for v in random.exponential([1500.0 if a else 500.0 for a in on])]
    ids = [f"P{i:03d}" for i in range(N)]
    return make_study(
        patients=[
            {"patient_id": p, "disease": "colorectal cancer", "actual_arm": "A" if a else "B"}
            for p, a in zip(ids, on, strict=True)
        ],
        follow_up=[
            {"patient_id": p, "last_contact_day": d, "is_dead": True, "death_day": d}
            for p, d in zip(ids, days, strict=True)
        ],
        samples=[{"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": 0} for p in ids],
        markers=[
            {"patient_id": p, "marker": "HER2", "value": "positive" if m else "negative", "day": 0}
            for p, m in zip(ids, marker, strict=True)
        ],
        calls=[],
        variants=[],
        config={"title": "trial", "extra_columns": ["actual_arm"]},
    )


def test_the_scan_adjusts_for_a_recorded_arm_and_names_it(trial):
    """The marker's ratio was told without the arm that it stands for."""
    result = biomarkers(Cohort(trial), BiomarkerParams(endpoints=("OS",), n_bootstrap=0, curves=0))
    row = result.tables["biomarkers/scan"].row(by_predicate=pl.col("feature").str.contains("HER2"), named=True)
    assert row["ci_high"] < 1
    assert row["adjusted_ci_low"] < 1 < row["adjusted_ci_high"]
    assert any("Adjusted for" in note and "actual" in note for note in result.notes)


def test_survival_says_that_arms_are_pooled_and_how_they_are_parted(trial):
    assert any("oncourse run --group actual_arm" in note for note in survival(Cohort(trial), Curves()).notes)


def test_an_arm_is_a_covariate_until_others_are_named(trial):
    assert chosen_covariates(trial) == {"actual_arm": "category"}
    assert chosen_covariates(trial, ("none",)) == {}
    assert recorded_arms(trial["patients"].rename({"actual_arm": "TREAT"})) == {"TREAT": "category"}
    assert recorded_arms(trial["patients"].with_columns(actual_arm=pl.lit("A"))) == {}
