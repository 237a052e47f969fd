"""A lesion that was taken out or irradiated is followed no further: EORTC, questions and answers on RECIST, "Surgery/
radiotherapy and RECIST": such lesions are no longer part of the assessment, and missing where they were measured."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.derive.clinical.local_treatment import treated_lesions
from oncourse.study.procedures import kind_of


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


def test_an_operation_of_no_named_lesion_is_on_those_gone_for_the_first_time_after_it():
    """Operated on days 10 and 30. a is gone on day 20 and grows back; b is there on day 20; c was gone on day 5 before
    the first and seen on day 12 before the second; d is not measured at first after; e was seen after it alone."""
    seen = {
        "a": [(0, 9.0), (20, 0.0), (40, 8.0)],
        "b": [(0, 9.0), (20, 7.0), (40, 0.0)],
        "c": [(0, 9.0), (5, 0.0), (12, 4.0), (40, 0.0)],
        "d": [(10, 9.0), (20, None), (25, 0.0)],
        "e": [(20, 0.0)],
    }
    sizes = [("P", day, name, size) for name, visits in seen.items() for day, size in visits]
    sizes = pl.DataFrame(sizes, schema=["patient_id", "day", "lesion_id", "size"], orient="row")
    done = [
        ("P", None, 10, "metastasectomy"),
        ("P", "x", 30, "ablation"),
        ("P", "b", 5, "radiotherapy"),
        ("Q", None, 9, "ablation"),
    ]
    done += [("P", "a", None, "ablation"), ("P", None, 10, "biopsy"), ("P", None, 10, "radiotherapy")]
    done = pl.DataFrame(done, schema=["patient_id", "lesion_id", "day", "kind"], orient="row")
    kinds = {text: kind_of(text) for text in ("metastasectomy", "ablation", "radiotherapy")}
    assert treated_lesions(sizes, done).rows() == [
        ("P", "a", 10, kinds["metastasectomy"]),
        ("P", "b", 5, kinds["radiotherapy"]),
        ("P", "b", 30, kinds["ablation"]),
        ("P", "c", 30, kinds["ablation"]),
        ("P", "d", 10, kinds["metastasectomy"]),
    ]
    assert treated_lesions(sizes, None).is_empty() and treated_lesions(sizes.clear(), done).is_empty()
