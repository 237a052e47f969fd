"""Every mark of a figure leads to the patients that it counts (issue 19, part 3)."""

from __future__ import annotations

import re

import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort


def marks(figure) -> list[tuple[str, list[str]]]:
    """Words and patients of the marks of a figure that name patients."""
    found = re.findall(r'data-people="([^"]*)"[^>]*>\s*<title>([^<]*)', figure.svg)
    return [(words, people.split(";")) for people, words in found]


@pytest.fixture(scope="module")
def cohort(simulated_study):
    return Cohort(simulated_study("crc"))


def test_agreement_leads_to_as_many_patients_as_it_says(cohort):
    figure = registry()["ras_status"].run(cohort).figures[0]
    found = marks(figure)
    assert len(found) > 10
    for words, people in found:
        assert len(people) == int(words.rpartition("/")[2]), words


def test_a_survival_curve_leads_to_its_patients(cohort):
    figure = next(f for f in registry()["survival"].run(cohort).figures if f.name == "km_OS")
    ((words, people),) = marks(figure)
    assert len(set(people)) == int(re.search(r"n = (\d+)", words)[1])
    assert set(people) <= set(cohort.study["patients"]["patient_id"])
