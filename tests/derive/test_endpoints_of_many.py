"""What holds of the end points of every patient, whatever was seen on whichever day: asked of a study of many."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.derive.test_endpoint_rules import DEAD, table

from oncourse.derive.clinical.bone import BONE_SCHEMA
from oncourse.derive.clinical.endpoints import EndpointParams, EndpointTables, endpoint_table
from oncourse.derive.clinical.lines import lines_table
from oncourse.derive.clinical.recist import recist_visits
from oncourse.derive.clinical.response import best_response

word = st.sampled_from(["CR", "PR", "SD", "PD", "NE"])
visit_list = st.lists(st.tuples(st.integers(1, 390), word), max_size=6, unique_by=lambda v: v[0])


#: Patients of one study: so many at once cost little more than one does.
N = 12
courses = st.lists(visit_list, min_size=N, max_size=N)


def endpoints_of_all(follow_up, course, treatments=((0, "a"),), **settings):
    """Records of as many patients as there are courses, by patient, endpoint and line; visits are (day, overall)."""
    people = [f"P{i:02}" for i in range(len(course))]
    treated = table(
        "treatments", *({"patient_id": p, "start_day": s, "drugs": d} for p in people for s, d in treatments)
    )
    rows = (
        {"patient_id": p, "day": d, "overall": r} for p, of_one in zip(people, course, strict=True) for d, r in of_one
    )
    lines, assessed = lines_table(treated), table("assessments", *rows)
    own = recist_visits(table("target_lesions"), assessed, lines)
    data = EndpointTables(
        patients=table("patients", *({"patient_id": p} for p in people)),
        follow_up=table("follow_up", *({"patient_id": p, **follow_up} for p in people)),
        procedures=table("procedures"),
        lesions=table("lesions"),
        lines=lines,
        psa=pl.DataFrame(),
        visits=recist_visits(table("target_lesions"), assessed, lines, followed=True),
        bone=pl.DataFrame(schema=BONE_SCHEMA),
        best=best_response(own, lines, deaths=None),
        psa_followed=None,
    )
    found, _ = endpoint_table(data, EndpointParams(**settings))
    return {(r["patient_id"], r["endpoint"], r["line"]): r for r in found.rows(named=True)}


@settings(max_examples=3, deadline=None)
@given(courses, st.integers(-200, 200))
def test_shifting_all_days_shifts_all_dates(course, by):
    here = endpoints_of_all(DEAD, course)
    dead = {k: v + by if k.endswith("_day") else v for k, v in DEAD.items()}
    there = endpoints_of_all(dead, [[(d + by, r) for d, r in visits] for visits in course], ((by, "a"),))
    assert {patient for patient, _, _ in here} == {f"P{i:02}" for i in range(N)}
    for key, record in here.items():
        if key[2] is not None:  # endpoints of the study start on day 0
            assert there[key]["time_days"] == record["time_days"]
            assert there[key]["end_day"] == record["end_day"] + by


@settings(max_examples=3, deadline=None)
@given(courses)
def test_fda_never_has_an_event_ema_has_not(course):
    lines = ((0, "a"), (200, "b"))
    ema = endpoints_of_all(DEAD, course, lines)
    fda = endpoints_of_all(DEAD, course, lines, censoring="fda", scan_interval_days=56)
    for key in (key for key in fda if key[1] in ("PFS", "TTP", "rPFS")):
        assert not fda[key]["is_event"] or ema[key]["is_event"]
        assert fda[key]["time_days"] <= ema[key]["time_days"]
