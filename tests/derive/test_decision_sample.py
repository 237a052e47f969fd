"""Which sample speaks for a patient: the latest with tumour, tissue before the plasma of the same time."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.status.samples import ONE_TIME_DAYS, decision_samples


def chosen(make_study, *samples, day=None):
    """The sample of one patient, and why; every plasma holds tumour."""
    rows = [
        {"sample_id": name, "patient_id": "P1", "material": name.partition("-")[0], "lesion_id": lesion, "day": at}
        for name, lesion, at in samples
    ]
    lesions = [
        {"lesion_id": "L1", "patient_id": "P1", "role": "primary"},
        {"lesion_id": "L2", "patient_id": "P1", "role": "metastasis"},
    ]
    study = make_study(patients=[{"patient_id": "P1"}], lesions=lesions, samples=rows, calls=[], variants=[])
    plasma = [name for name, _, _ in samples if name.startswith("plasma")]
    tumour = pl.DataFrame(
        {"sample_id": plasma, "has_tumour": [True] * len(plasma)}, schema_overrides={"sample_id": pl.String}
    )
    return decision_samples(study, tumour, day).select("sample_id", "reason").row(0)


def test_a_plasma_two_days_after_the_biopsy_does_not_take_its_word(make_study):
    """Exome of a metastasis on day 0, 2 % tumour in the plasma of day 2: RAS, BRAF and AR were not assessable."""
    found, why = chosen(make_study, ("tissue-m", "L2", 0), ("plasma-1", None, 2))
    assert (found, why) == ("tissue-m", "tissue of day 0; plasma of day 2 is of the same time")


@pytest.mark.parametrize(
    ("gap", "who"), [(0, "tissue-m"), (ONE_TIME_DAYS, "tissue-m"), (ONE_TIME_DAYS + 1, "plasma-1")]
)
def test_a_later_plasma_speaks_beyond_one_time(make_study, gap, who):
    assert chosen(make_study, ("tissue-m", "L2", 100), ("plasma-1", None, 100 + gap))[0] == who


def test_of_tissues_the_latest_speaks_and_of_one_day_the_metastasis(make_study):
    assert chosen(make_study, ("tissue-m", "L2", 90), ("tissue-p", "L1", 100), ("plasma-1", None, 101))[0] == "tissue-p"
    assert (
        chosen(make_study, ("tissue-p", "L1", 100), ("tissue-m", "L2", 100), ("plasma-1", None, 101))[0] == "tissue-m"
    )


def test_what_has_no_day_comes_after_what_has_one_and_a_decision_day_looks_back(make_study):
    assert chosen(make_study, ("tissue-m", "L2", None), ("plasma-1", None, 5))[0] == "plasma-1"
    assert chosen(make_study, ("tissue-m", "L2", 0), ("plasma-1", None, 400), day=300)[0] == "tissue-m"
