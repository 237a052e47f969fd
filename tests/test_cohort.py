"""The Cohort as the one door: settings inside it, nothing changed under way."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from oncourse.api import _cohort
from oncourse.cohort import Cohort
from oncourse.derive.clinical.psa_values import PsaParams
from oncourse.errors import ConfigError
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study


def made(**config):
    return Study(StudyConfig(**config), {"patients": pl.DataFrame({"patient_id": ["A"]})})


def test_settings_of_study_yaml_hold_however_the_cohort_is_made():
    """`Cohort(study)`, as export and predict made it, took the defaults where run took study.yaml's."""
    study = made(settings={"psa": {"confirmation_days": 40}}, objectives={"psa_response": {}})
    assert Cohort(study).params(PsaParams).confirmation_days == 40
    assert Cohort(study, {"psa": {"confirmation_days": 30}}).params(PsaParams).confirmation_days == 30


def test_every_wrong_setting_is_told_when_the_cohort_is_made():
    with pytest.raises(ConfigError) as caught:
        Cohort(made(settings={"psaa": {"x": 1}, "psa": {"criteria": "pcwg9"}}))
    assert len(caught.value.problems) == 2 and "psaa" in caught.value.problems[0]


def test_a_study_is_read_only_all_the_way_down():
    given = {"psa": {"criteria": "pcwg3"}}
    study = made(settings=given)
    given["psa"]["criteria"] = "pcwg2"
    assert study.config.settings["psa"]["criteria"] == "pcwg3"
    with pytest.raises(TypeError):
        study.tables["patients"] = pl.DataFrame()
    with pytest.raises(TypeError):
        study.config.settings["psa"]["criteria"] = "pcwg2"
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.config = StudyConfig()


def test_reprs_are_one_short_line():
    study = made(title="T")
    assert repr(study) == "<Study: T; patients 1>"
    assert repr(Cohort(study)) == "<Cohort: T, 1 patients, 0 tables derived>"


def test_settings_beside_a_cohort_are_laid_over_its_own():
    """What the front door is given may be a study, its cohort, or its cohort with other settings."""
    cohort = Cohort(made(settings={"psa": {"confirmation_days": 40}}))
    assert _cohort(cohort, {}, 5) is cohort
    other = _cohort(cohort, {"psa": {"criteria": "pcwg2"}}, 5)
    params = other.params(PsaParams)
    assert (params.confirmation_days, params.criteria, cohort.params(PsaParams).criteria) == (40, "pcwg2", "pcwg3")
    assert other.seed == cohort.seed and _cohort(cohort.study, {}, 5).seed == 5
