"""Progression of bone scans is on the patient's page as it is in the end points."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.patients.course import course_rows
from oncourse.patients.timeline import patient_timeline

BASE = {"day": -3, "method": "bone_scan", "new_bone_lesions": 0}
#: Name, scans (PCWG3, 2+2), what the course says, day of the mark.
SCANS = [
    ("two and two more", [(56, 2, None), (112, 2, 2)], "bone PD day 56", 56),
    ("a flare", [(56, 2, None), (112, 0, None)], "", None),
    ("first seen after week 12, and persisting", [(100, 2, None), (150, 0, 2)], "bone PD day 100", 100),
    ("waiting for the next scan", [(100, 2, None)], "bone PD day 100, unconfirmed", None),
    ("one lesion only", [(100, 1, None), (150, 0, 1)], "", None),
]


def _cohort(assessments: list[dict[str, object]]) -> Cohort:
    return Cohort(
        study(
            {"title": "t", "design": "mcrpc"},
            patients=[{"patient_id": "A", "disease": "prostate adenocarcinoma"}],
            treatments=[{"patient_id": "A", "drugs": "enzalutamide", "start_day": 0, "setting": "mCRPC"}],
            follow_up=[{"patient_id": "A", "last_contact_day": 700, "is_dead": False}],
            samples=[{"sample_id": "A-T", "patient_id": "A", "material": "tissue"}],
            variants=[{"variant_id": "17:7578406:C:T", "gene": "TP53", "consequence": "missense"}],
            calls=[{"sample_id": "A-T", "variant_id": "17:7578406:C:T"}],
            assessments=[{"patient_id": "A", **row} for row in assessments],
        )
    )


@pytest.mark.parametrize(("name", "scans", "said", "day"), SCANS, ids=[s[0] for s in SCANS])
def test_bone_scans_of_the_course_and_the_timeline(name, scans, said, day):
    """A man whose bone scans had progressed had no progression on his page."""
    rows = [{"day": d, "method": "bone_scan", "new_bone_lesions": new, "bone_persisting": old} for d, new, old in scans]
    cohort = _cohort([BASE, *rows])
    assert [r["imaging"] for r in course_rows(cohort, "A")] == [said]
    assert [m.day for m in patient_timeline(cohort, "A").events if m.label == "progression in bone"] == [day] * (
        day is not None
    )
    seen = cohort.time_to_event.filter((pl.col("endpoint") == "rPFS") & pl.col("is_event"))
    assert seen["end_day"].to_list() == [day] * (day is not None)


def test_a_progression_without_target_lesions_is_a_mark_of_the_timeline():
    scan = {"method": "ct_mri", "non_target": "NON-CR/NON-PD"}
    cohort = _cohort([{"day": -3, "new_lesions": "no", **scan}, {"day": 56, "new_lesions": "yes", **scan}])
    marks = [(m.day, m.label) for m in patient_timeline(cohort, "A").events]
    assert (56, "progression on imaging") in marks


def test_a_sum_without_a_lesion_stands_apart_on_the_timeline():
    """Two of two lesions, then one of them: 20 mm of 50 was drawn as a fall to 20 mm."""
    sizes = [(0, 30, 20), (60, 28, 20), (120, None, 20)]
    cohort = Cohort(
        study(
            {"design": "crc"},
            patients=[{"patient_id": "P"}],
            samples=[],
            calls=[],
            treatments=[{"patient_id": "P", "drugs": "FOLFOX", "start_day": 1}],
            target_lesions=[
                {"patient_id": "P", "day": day, "lesion_id": name, "diameter": size, "unit": "mm"}
                | ({} if size else {"status": "not_evaluable"})
                for day, *two in sizes
                for name, size in zip(("a", "b"), two, strict=True)
            ],
        )
    )
    track = next(t for t in patient_timeline(cohort, "P").tracks if t.title == "RECIST 1.1")
    drawn = {line.name: [(p.day, p.value) for p in line.points] for line in track.lines}
    assert drawn == {"sum of target lesions": [(1, 50.0), (60, 48.0)], "sum of those measured alone": [(120, 20.0)]}
