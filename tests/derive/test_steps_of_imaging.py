"""Steps between scans and endpoints, each asked alone and worked by hand: sums at the limits of RECIST 1.1, what is seen
after a complete response, local treatment, the duration of a response, recurrence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.derive.clinical.exact import SCALE
from oncourse.derive.clinical.local_treatment import treated_lesions, without_treated
from oncourse.derive.clinical.psa import _until
from oncourse.derive.clinical.recist import _disease_after_cr, _standing_lesions
from oncourse.derive.clinical.recurrence import advanced_disease, never_free, with_recurrence
from oncourse.derive.clinical.response import ImagingParams, _duration
from oncourse.derive.clinical.target_lesions import _join_parts, _target_response, late_baselines

#: (baseline, visits: sum in mm, lesions missing of two, whether all others are gone; the last visit's target and what a
#: missing lesion leaves possible)
SUMS = [
    (100, [(100, 0, 0)], "SD", None),
    (100, [(70, 0, 0)], "PR", None),
    (100, [(70.1, 0, 0)], "SD", None),
    (100, [(119.9, 0, 0)], "SD", None),
    (100, [(120, 0, 0)], "PD", None),
    (100, [(20, 0, 0), (24.9, 0, 0)], "PR", None),  # 24.5 %, but 4.9 mm
    (100, [(20, 0, 0), (25, 0, 0)], "PD", None),
    (100, [(50, 0, 0), (59.9, 0, 0)], "PR", None),  # 9.9 mm, but 19.8 %
    (100, [(50, 0, 0), (60, 0, 0)], "PD", None),
    (100, [(50, 0, 0), (90, 0, 0), (59.9, 0, 0)], "PR", None),  # against the smallest sum, not the last
    (100, [(50, 1, 0), (60, 0, 0)], "PR", None),  # a sum without one of its lesions is no nadir
    (100, [(0, 0, 1)], "CR", None),
    (100, [(0, 0, 1), (9, 0, 1)], "CR", None),  # nodes below 10 mm
    (100, [(9, 0, 0)], "PR", None),
    (100, [(0, 1, 1)], "NE", "CR|PR|SD|PD"),
    (100, [(60, 1, 0)], "NE", "PR|SD|PD"),
    (100, [(70, 1, 0)], "NE", "PR|SD|PD"),
    (100, [(70.1, 1, 0)], "NE", "SD|PD"),
    (100, [(120, 1, 0)], "PD", None),
    (100, [(50, 0, 0), (55, 1, 0)], "NE", "PR|PD"),  # from 60 mm on a progression, up to 70 a response
    (120, [(70, 0, 0), (69, 1, 0)], "NE", "PR|PD"),  # both limits are 84 mm
    (119, [(70, 0, 0), (69, 1, 0)], "NE", "PR|SD|PD"),  # stable between 83.3 and 84 mm
    (100, [(10, 0, 0), (9, 1, 0)], "NE", "PR|PD"),
]


def test_sums_at_the_limits_of_response_and_progression():
    rows = [
        {
            "patient_id": "P",
            "line": case,
            "day": 10 * visit,
            "source_row": visit,
            "n_target": 2,
            "n_missing": missing,
            "sum": round(size * SCALE),
            "base": round(base * SCALE),
            "rest_gone": bool(gone),
            "complete": not missing,
            "local": None,
            "n_local": 0,
            "base_until": None,
            "start_day": 0,
        }
        for case, (base, visits, *_) in enumerate(SUMS)
        for visit, (size, missing, gone) in enumerate(visits)
    ]
    typed = pl.DataFrame(rows, schema_overrides={"local": pl.String, "base_until": pl.Int64})
    found = _target_response(typed, ImagingParams())
    last = found.group_by("line", maintain_order=True).last()
    assert last.select("target", "possible_target").rows() == [(target, left) for *_, target, left in SUMS]
    by_case = {r["line"]: r for r in last.iter_rows(named=True)}
    numbers = ("sum_mm", "baseline_mm", "nadir_mm", "change_from_baseline_fraction", "change_from_nadir_fraction")
    assert [by_case[9][c] for c in numbers] == pytest.approx([59.9, 100, 50, -0.401, 0.198])
    assert [by_case[12][c] for c in numbers] == [9, 100, 0, -0.91, None]  # no share of a nadir of nothing
    assert [by_case[15][c] for c in numbers] == [60, 100, 100, None, None]


def test_a_visit_says_which_baseline_it_is_measured_against():
    """All lesions missing: no sum. None at baseline: neither sum nor target. What was treated is told by name."""
    row = {"patient_id": "P", "day": 9, "source_row": 1, "sum": 0, "rest_gone": True, "complete": False}
    text = pl.DataFrame(
        [
            row | {"line": 1, "n_target": 2, "n_missing": 2, "base": 50 * SCALE, "n_local": 1, "local": "T1: x"},
            row | {"line": 2, "n_target": 2, "n_missing": 1, "base": 50 * SCALE, "n_local": 1, "local": "T1: x"},
            row | {"line": 3, "n_target": 0, "n_missing": 0, "base": 0, "n_local": 0, "local": ""},
            row | {"line": 4, "n_target": 1, "n_missing": 0, "base": 50 * SCALE, "n_local": 0, "local": ""},
        ]
    ).with_columns(base_until=pl.Series([None, None, None, 31], dtype=pl.Int64), start_day=pl.lit(30))
    found = _target_response(text, ImagingParams()).select("sum_mm", "baseline_mm", "target", "baseline_note").rows()
    assert [row[:3] for row in found] == [(None, 50, "NE"), (0, 50, "NE"), (None, None, "NE"), (0, 50, "NE")]
    notes = [row[3] for row in found]
    assert notes[0] is None
    assert notes[1].endswith("not evaluable since: T1: x")
    assert notes[2] is not None
    assert notes[3] == "baseline on day 1 of the line"


def test_parts_of_a_split_lesion_are_summed_where_it_has_no_row_itself():
    """T1.1 and T1.2 of 7 and 8 mm are T1 of 15; beside a row of T1 they say nothing; one not measured, no sum. A lesion
    that was called N.1 from the start is itself."""
    rows = [
        (1, "T1.1", 7, False, False, 4),
        (1, "T1.2", 8, True, True, 3),
        (2, "T1", 20, False, False, 5),
        (2, "T1.1", 9, False, False, 6),
        (3, "T1.1", None, False, True, 8),
        (3, "T1.2", 8, False, True, 7),
        (3, "N.1", 5, True, False, 9),
    ]
    frame = pl.DataFrame(rows, schema=["day", "lesion_id", "size", "is_node", "merged", "row"], orient="row")
    frame = frame.with_columns(patient_id=pl.lit("P"), line=pl.lit(1))
    baseline = pl.DataFrame({"patient_id": "P", "line": 1, "lesion_id": ["T1", "N.1"]})
    found = _join_parts(frame, baseline).sort("day", "lesion_id")
    assert found.select("day", "lesion_id", "size", "is_node", "merged", "row").rows() == [
        (1, "T1", 15, True, False, 3),
        (2, "T1", 20, False, False, 5),
        (3, "N.1", 5, True, False, 9),
        (3, "T1", None, False, True, 7),
    ]


def test_a_first_scan_shortly_after_the_start_is_the_baseline_of_who_has_none():
    params = ImagingParams()
    before, after = params.baseline_window_days, params.baseline_after_days
    days = {"A": [-before], "B": [-before - 1, after], "C": [after + 1], "D": [1, 2], "E": [0], "F": [1], "G": [1]}
    rows = [(p, 100 + d, 0 if p == "F" else 5, p == "G") for p, ds in days.items() for d in ds]
    sizes = pl.DataFrame(rows, schema=["patient_id", "day", "size", "merged"], orient="row")
    spans = pl.DataFrame({"patient_id": list(days), "line": 1, "start_day": 100}).with_columns(
        next_start_day=pl.lit(None, pl.Int64)
    )
    found = late_baselines(sizes, spans, params).sort("patient_id")
    assert found.rows() == [("B", 1, 100 + after), ("D", 1, 101)]


def test_disease_seen_after_a_complete_response_is_progression():
    rows = [
        # line, overall, basis, target, non-target -> progression
        (1, "CR", "derived", "CR", "CR", False),
        (1, "PR", "derived", "PR", "CR", True),
        (1, "NON-CR/NON-PD", "derived", "NE", "NON-CR/NON-PD", True),
        (1, "NE", "derived", "NE", None, False),
        (1, "PD", "derived", "PD", "CR", False),
        (1, "SD", "reported", "SD", "CR", False),
        (2, "CR", "reported", None, None, False),
        (2, "SD", "derived", "SD", None, False),
        (3, "SD", "derived", "SD", "NON-CR/NON-PD", False),
        (3, "CR", "derived", "CR", "CR", False),
        (3, "SD", "derived", "SD", None, True),
        (3, None, "derived", "SD", None, False),
    ]
    names = ["line", "overall", "basis", "target", "non_target", "again"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        patient_id=pl.lit("P"), baseline_note=pl.lit("n")
    )
    found = _disease_after_cr(frame)
    said = "disease seen after a complete response"
    assert found.select("overall", "resolution").rows() == [("PD", said) if r[5] else (r[1], "n") for r in rows]


def test_a_new_lesion_stands_until_somebody_says_it_is_gone():
    rows = [
        # line, day, new lesions, overall, basis -> day since which it stands
        (1, 10, "yes", "PD", "derived", None),
        (1, 20, None, "PR", "derived", 10),
        (1, 30, "equivocal", "SD", "derived", 10),
        (1, 40, None, "PR", "reported", None),
        (1, 50, None, "NE", "derived", None),
        (1, 60, "no", "PR", "derived", None),
        (1, 70, None, "PR", "derived", None),
        (2, 10, None, "PR", "derived", None),
        (2, 20, "yes", "PD", "derived", None),
        (2, 30, "yes", "PD", "derived", None),
        (2, 40, None, "CR", "derived", 30),
    ]
    names = ["line", "day", "new_lesions", "overall", "basis", "since"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        patient_id=pl.lit("P"), resolution=pl.lit("r"), progression_day=pl.lit(99)
    )
    found = _standing_lesions(frame).select("overall", "resolution", "progression_day").rows()
    told = "the new lesion of day {} is not said to be gone"
    assert found == [("PD", told.format(r[5]), r[1]) if r[5] else (r[3], "r", 99) for r in rows]


@pytest.mark.parametrize("with_deaths", [True, False])
def test_a_response_lasts_to_progression_or_death_on_its_own_line(with_deaths):
    rows = [
        # response, progression, next line, last adequate scan, death -> days, censored, end
        (100, 200, None, 250, None, 101, False, "progression"),
        (100, 100, None, 250, None, 1, False, "progression"),
        (100, 99, None, 150, None, 51, True, "last adequate assessment"),
        (100, None, None, 90, None, 1, True, "last adequate assessment"),
        (100, None, None, 150, 180, 81, False, "death"),
        (100, 180, None, 150, 180, 81, False, "progression"),
        (100, 181, None, 150, 180, 81, False, "death"),
        (100, None, 150, 140, 150, 41, True, "last adequate assessment"),
        (100, None, 150, 140, 149, 50, False, "death"),
        (None, 200, None, 250, 300, None, None, None),
    ]
    names = ["response_day", "progression_day", "next_start_day", "last_adequate_day", "death_day"]
    frame = pl.DataFrame([r[:5] for r in rows], schema=dict.fromkeys(names, pl.Int64), orient="row")
    frame = frame.with_columns(patient_id=pl.Series([f"P{k}" for k in range(len(rows))]))
    found = _duration(frame.drop("death_day"), frame.select("patient_id", "death_day") if with_deaths else None)
    found = found.select("duration_days", "duration_censored", "duration_end").rows()
    chosen = [k for k, r in enumerate(rows) if with_deaths or r[4] is None]
    assert [found[k] for k in chosen] == [rows[k][5:] for k in chosen]


def test_an_operation_on_no_named_lesion_took_what_is_gone_after_it():
    """T1 gone after day 50, T2 smaller, T3 gone before, T4 first seen after: of them T1. A biopsy takes nothing, and
    radiotherapy only what it names."""
    sizes = pl.DataFrame(
        [("T1", 50, 9), ("T1", 60, 0), ("T2", 40, 9), ("T2", 60, 4), ("T3", 40, 0), ("T3", 60, 0), ("T4", 60, 0)]
        + [("T5", 40, None), ("T5", 45, 8), ("T5", 51, None), ("T5", 52, 0)],
        schema=["lesion_id", "day", "size"],
        orient="row",
    ).with_columns(patient_id=pl.lit("P"))
    procedures = pl.DataFrame(
        [(50, "metastasectomy", None), (50, "biopsy", "T2"), (55, "radiotherapy", "T2"), (50, "radiotherapy", None)]
        + [(None, "metastasectomy", "T2")],
        schema=["day", "kind", "lesion_id"],
        orient="row",
    ).with_columns(patient_id=pl.lit("P"))
    found = treated_lesions(sizes, procedures)
    assert found.drop("treatment").rows() == [("P", "T1", 50), ("P", "T2", 55), ("P", "T5", 50)]
    assert treated_lesions(sizes, None).is_empty()
    assert treated_lesions(sizes.clear(), procedures).schema == found.schema


def test_a_treated_lesion_is_not_measured_unless_it_outgrew_its_last_size():
    treated = pl.DataFrame(
        [("P", "T1", 50, "radiotherapy"), ("P", "T1", 70, "ablation"), ("P", "T2", 10, "surgery_of_lesion")],
        schema=["patient_id", "lesion_id", "treated_day", "treatment"],
        orient="row",
    )
    rows = [
        # lesion, day, size, day of the baseline -> size, treatment
        ("T1", 50, 20, 10, 20, None),
        ("T1", 51, 20, 10, None, "T1: radiotherapy on day 50"),
        ("T1", 71, 21, 10, 21, None),
        ("T1", 80, None, 10, None, "T1: radiotherapy on day 50"),
        ("T2", 20, 5, 10, 5, None),  # chosen on the day of the operation: it was left
        ("T3", 60, 5, 10, 5, None),
    ]
    frame = pl.DataFrame([r[:4] for r in rows], schema=["lesion_id", "day", "size", "base_day"], orient="row")
    frame = frame.with_columns(patient_id=pl.lit("P"), line=pl.lit(1), base=pl.lit(30))
    found = without_treated(frame, treated)
    assert found.select("size", "local").rows() == [r[4:] for r in rows]
    never_measured = without_treated(frame.filter(pl.col("day") > 50), treated)  # then against its baseline of 30
    assert never_measured.filter(pl.col("lesion_id") == "T1")["size"].to_list() == [None, None, None]
    assert without_treated(frame, treated.clear())["local"].null_count() == len(rows)


def test_a_course_of_psa_ends_with_its_last_day():
    """Values on days 5, 10 and 15; the line is followed until day 10: what is found on day 15 is taken out."""
    until, day = np.full(4, 10), np.array([5, 10, 15])
    status, at, by = np.array([1, 2, 2, 0]), np.array([0, 1, 2, -1]), np.array([1, 2, 2, -1])
    early = np.array([2, 1, -1, 0])
    found = [x.tolist() for x in _until(until, day, status, at, by, early)]
    assert found == [[1, 2, 0, 0], [0, 1, -1, -1], [1, 2, -1, -1], [-1, 1, -1, 0]]
    nothing = _until(until, day[:0], status, at, by, early)
    assert [x.tolist() for x in nothing] == [x.tolist() for x in (status, at, by, early)]


def test_the_first_recurrence_is_a_lesion_or_the_recorded_day():
    lesions = pl.DataFrame(
        [("A", "metastasis", 100), ("B", "metastasis", 100), ("C", "metastasis", 0), ("D", "metastasis", 0)]
        + [("A", "local_recurrence", 90), ("A", "primary", 50), ("E", "metastasis", None), ("F", "metastasis", 80)],
        schema=["patient_id", "role", "found_day"],
        orient="row",
    ).with_columns(lesion_id=pl.Series([f"L{k}" for k in range(8)]))
    origins = pl.DataFrame(
        [("A", 200, None), ("B", 100, None), ("C", 50, None), ("D", None, None), ("E", None, None), ("F", None, 99)],
        schema={"patient_id": pl.String, "recurrence_day": pl.Int64, "recurrence_free_day": pl.Int64},
        orient="row",
    ).with_columns(origin_day=pl.lit(0), fu_row=pl.Series(range(2, 8)))
    found = with_recurrence(origins, lesions).select("patient_id", "rec_day", "rec_table", "rec_row")
    assert found.rows() == [
        ("A", 90, "lesions", 6),  # before the recorded day 200
        ("B", 100, "follow_up", 3),  # both on one day: as recorded
        ("C", 50, "follow_up", 4),  # on the day of the origin, and a recurrence is recorded: it was treated
        ("D", 0, "lesions", 2 + 3),  # nothing is recorded: it was there already
        ("E", None, "follow_up", 6),
        ("F", 80, "lesions", 9),
    ]


def test_why_a_patient_was_never_free_of_disease():
    rows = [
        (None, None, 0, True, "x on day 0, not after the origin: never disease-free"),
        (None, None, 1, True, "stage IV, and no day free of disease is recorded"),
        (None, None, 1, None, "x on day 1, and no recurrence is recorded: its day is not known"),
        (None, None, None, False, None),
        (9, None, 0, True, None),
        (None, 9, 0, True, None),
    ]
    names = ["rec_day", "recurrence_free_day", "adv_day", "is_stage_iv", "why"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(origin_day=pl.lit(0), adv_word=pl.lit("x"))
    assert frame.select(never_free()).to_series().to_list() == [r[4] for r in rows]


def test_disease_beyond_the_primary_is_a_line_for_it_or_a_measured_lesion():
    lines = pl.DataFrame(
        [("A", 1, 0, "adjuvant"), ("A", 2, 90, "metastatic"), ("B", 1, 5, None), ("C", 1, 5, "neoadjuvant")]
        + [("D", 1, 5, None), ("E", 1, 50, "mCRPC"), ("E", 2, 40, None)],
        schema=["patient_id", "line", "start_day", "setting"],
        orient="row",
    )
    visits = pl.DataFrame(
        [("A", 1, 2), ("B", 1, 1), ("B", 1, 2), ("C", 1, 3), ("D", 1, 0), ("E", 2, 1)],
        schema=["patient_id", "line", "n_target"],
        orient="row",
    )
    patients = pl.DataFrame({"patient_id": list("ABCDE"), "stage": ["III", "IVA", "IV", None, "II"]})
    found = advanced_disease(lines, visits, patients).sort("patient_id").rows()
    assert found == [
        ("A", 90, "treated for metastatic disease", False),
        ("B", 5, "target lesions measured", True),
        ("C", None, None, True),
        ("E", 40, "target lesions measured", False),
    ]
    alone = advanced_disease(lines, visits.clear(), patients.drop("stage")).sort("patient_id").rows()
    assert alone == [
        ("A", 90, "treated for metastatic disease", False),
        ("E", 50, "treated for metastatic disease", False),
    ]
