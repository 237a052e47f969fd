"""Page one: what a study says of itself, and what it is not asked."""

from __future__ import annotations

import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.report.execute import AnalysisRun
from oncourse.report.front import missing_lines, primary_endpoint
from oncourse.report.objectives import unasked
from oncourse.study.config import StudyConfig, config_from_mapping


@pytest.mark.parametrize(
    ("stated", "shown"),
    [("OS", "OS (overall survival)"), ("pathological response", "pathological response"), ("", "")],
)
def test_the_primary_end_point_is_what_the_study_states(stated, shown):
    """Nobody who read the report could tell whether the study had named one."""
    config = config_from_mapping({"primary_endpoint": stated} if stated else {})
    assert primary_endpoint(config, "en") == shown


def test_a_study_with_follow_up_that_states_no_primary_end_point_says_so(make_study):
    def lines(**config):
        study = make_study(
            patients=[{"patient_id": "P1"}],
            samples=[{"sample_id": "S1", "patient_id": "P1", "material": "tissue"}],
            variants=[],
            calls=[],
            follow_up=[{"patient_id": "P1", "last_contact_day": 100, "is_dead": False}],
            config=config,
        )
        return missing_lines(Cohort(study), "en")

    said = "The study does not say which end point is its primary one; none is taken for it."
    assert said in lines() and said not in lines(primary_endpoint="OS")


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"design": "crc"}, ["treatment"]),
        ({"disease": "rectal adenocarcinoma"}, ["treatment"]),
        ({"disease": "prostate cancer"}, ["psa_response", "treatment"]),
        ({}, ["psa_response", "treatment"]),
    ],
)
def test_a_colorectal_study_is_not_asked_for_psa(config, names):
    """ "PSA response: not answered, needs labs" stood on the page of colorectal studies; of an unknown tumour it stays."""
    others = [
        AnalysisRun(registry()[name], "skipped", message="needs the table labs")
        for name in ("psa_response", "treatment")
    ]
    assert [o.analysis.name for o in unasked(others, StudyConfig(**config))] == names
