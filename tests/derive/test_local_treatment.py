"""A lesion that was taken out or irradiated is followed no further: EORTC, questions and answers on RECIST, "Surgery/
radiotherapy and RECIST": such lesions are no longer part of the assessment, and missing where they were measured."""

from __future__ import annotations

import pytest
from tests.studies import study

from oncourse.cohort import Cohort


def course(procedures, sizes=((-7, 50.0), (56, 45.0), (150, 0.0), (240, 0.0)), new=(), second=()):
    """Target lesion T1 (and T2) under one line from day 0; liver metastasis T1 is known as a lesion."""
    targets = [(d, "T1", s) for d, s in sizes] + [(d, "T2", s) for d, s in second]
    days = sorted({d for d, _, _ in targets if d > 0})
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": "P"}],
        samples=[],
        calls=[],
        lesions=[{"lesion_id": "T1", "patient_id": "P", "role": "metastasis", "site": "liver", "found_day": -7}],
        follow_up=[{"patient_id": "P", "last_contact_day": 700, "is_dead": False}],
        treatments=[{"patient_id": "P", "drugs": "FOLFOX", "start_day": 0, "line": 1, "setting": "metastatic"}],
        procedures=[{"patient_id": "P", **p} for p in procedures],
        target_lesions=[
            {
                "patient_id": "P",
                "day": d,
                "lesion_id": n,
                "diameter_mm": s,
                "status": "measured" if s else "absent",
            }
            for d, n, s in targets
        ],
        assessments=[{"patient_id": "P", "day": d, "new_lesions": "yes" if d in new else "no"} for d in days],
    )
    return Cohort(made)


def responses(cohort):
    return cohort.recist_visits["overall"].to_list()


def progression_free(cohort):
    (row,) = (r for r in cohort.time_to_event.iter_rows(named=True) if (r["endpoint"], r["line"]) == ("PFS", 1))
    return row["end_day"], row["is_event"]


@pytest.mark.parametrize(
    ("what", "procedure", "sizes", "expected", "best"),
    [
        ("nothing was done", None, {}, ["SD", "CR", "CR"], "CR"),
        ("taken out", {"day": 100, "kind": "metastasectomy", "lesion_id": "T1"}, {}, ["SD", "NE", "NE"], "SD"),
        ("taken out, which lesion is not told", {"day": 100, "kind": "肝切除"}, {}, ["SD", "NE", "NE"], "SD"),
        ("a biopsy takes nothing out", {"day": 100, "kind": "biopsy", "lesion_id": "T1"}, {}, ["SD", "CR", "CR"], "CR"),
        (
            "taken out before the line",
            {"day": -90, "kind": "ablation", "lesion_id": "T1"},
            {},
            ["SD", "CR", "CR"],
            "CR",
        ),
        (
            "irradiated, smaller",
            {"day": 100, "kind": "radiotherapy", "lesion_id": "T1"},
            {150: 20.0, 240: 20.0},
            ["SD", "NE", "NE"],
            "SD",
        ),
        (
            "irradiated, and grown in spite of it",
            {"day": 100, "kind": "radiotherapy", "lesion_id": "T1"},
            {150: 30.0, 240: 60.0},
            ["SD", "NE", "PD"],
            "SD",
        ),
        ("irradiated elsewhere", {"day": 100, "kind": "radiotherapy"}, {}, ["SD", "CR", "CR"], "CR"),
    ],
)
def test_what_became_of_a_lesion_treated_by_itself_is_no_response(what, procedure, sizes, expected, best):
    """Liver resection under FOLFOX was "CR, confirmed": 100 % shrinkage by the surgeon."""
    seen = {-7: 50.0, 56: 45.0, 150: 0.0, 240: 0.0} | sizes
    cohort = course([procedure] if procedure else [], tuple(seen.items()))
    assert responses(cohort) == expected, what
    assert cohort.best_response["best_confirmed"].to_list() == [best]


def test_progression_is_looked_for_in_what_is_left():
    """After the resection of all targets a scan without new lesions is a day free of progression; a new lesion ends
    it."""
    taken = [{"day": 100, "kind": "metastasectomy", "lesion_id": "T1"}]
    free = course(taken)
    assert progression_free(free) == (240, False)
    assert (
        free.recist_visits["resolution"][1] == "treated by itself, not evaluable since: T1: metastasectomy on day 100"
    )
    assert progression_free(course(taken, new=(240,))) == (240, True)


def test_a_second_lesion_still_progresses_and_one_not_measured_leaves_the_visit_open():
    taken = [{"day": 100, "kind": "metastasectomy", "lesion_id": "T1"}]
    grown = course(taken, second=((-7, 30.0), (56, 30.0), (150, 30.0), (240, 95.0)))
    assert responses(grown) == ["SD", "NE", "PD"]
    missed = course(taken, second=((-7, 30.0), (56, 30.0), (240, 30.0)))
    assert responses(missed) == ["SD", "NE", "NE"]
    assert missed.recist_visits["resolution"].to_list()[1] is None
