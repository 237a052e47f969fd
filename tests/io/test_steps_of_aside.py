"""What is set aside of a foreign source, row by row and cell by cell, and what is told of it."""

from __future__ import annotations

import polars as pl

from oncourse.io.aside import _set_aside, checked
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem


def read_of(**changes):
    """Three patients of lines 2 to 4, and three treatments that stand in lines 7, 9 and 11 of drugs.csv."""
    patients = pl.DataFrame({"patient_id": ["A", "B", "C"], "sex": ["F", "M", "F"]})
    treatments = pl.DataFrame({"patient_id": ["A", "B", "C"], "start_day": [1, 2, 3]})
    tables = {"patients": patients, "treatments": treatments}
    lines = {"treatments": pl.Series([7, 9, 11])}
    usual = {"first_row": {"treatments": 5}, "lines": lines, "sources": {"treatments": "drugs.csv"}, "foreign": True}
    return Reading(tables, StudyConfig(), **(usual | changes))


def test_a_cell_of_a_patient_and_a_row_of_any_other_table_are_set_aside():
    draft = read_of()
    bad = [
        Problem("patients", 3, "sex", "M", "sex is odd.", "Correct it.", where="B"),
        Problem("treatments", 5, "start_day", "1", "too early.", "", where="A"),
        Problem("treatments", 7, "start_day", "3", "too late.", "Ask.", where="C"),
        Problem("treatments", 7, "stop_day", "3", "of the same row.", where="C"),
    ]
    told = _set_aside(draft, bad)
    assert draft.tables["patients"].rows() == [("A", "F"), ("B", None), ("C", "F")]
    assert draft.tables["treatments"].rows() == [("B", 2)]
    assert draft.lines["treatments"].to_list() == [9]
    assert [(p.row, p.where, p.cure) for p in told] == [
        (3, "B", "Correct it. Until then the value is set aside."),
        (7, "drugs.csv, A", "Until then the row is set aside."),
        (11, "drugs.csv, C", "Ask. Until then the row is set aside."),
        (11, "drugs.csv, C", "Until then the row is set aside."),
    ]
    assert {p.severity for p in told} == {"warning"}


def test_a_patient_without_an_identifier_goes_with_the_row_and_a_missing_column_takes_it_too():
    """What must be there is no cell that could be left empty; a column that is not there has no cell."""
    draft = read_of(lines={})
    bad = [Problem("patients", 2, "patient_id", "A", "twice."), Problem("patients", 4, "stage", "V", "unknown.")]
    told = _set_aside(draft, bad)
    assert draft.tables["patients"].rows() == [("B", "M")]
    assert draft.lines == {}
    assert [p.cure for p in told] == ["Until then the row is set aside.", "Until then the value is set aside."]


def source(n_people, n_bad, *, foreign=True):
    """Patients of whom the first have a treatment that stops before it starts, each other one that does not."""
    ids = [f"P{i:02d}" for i in range(n_people)]
    treatments = pl.DataFrame({"patient_id": ids, "drugs": "cetuximab", "start_day": "10"})
    stop = pl.when(pl.int_range(pl.len()) < n_bad).then(pl.lit("5")).otherwise(pl.lit("20"))
    tables = {"patients": pl.DataFrame({"patient_id": ids}), "treatments": treatments.with_columns(stop_day=stop)}
    return Reading(tables, StudyConfig(), foreign=foreign, sources={"treatments": "drugs.csv"})


def test_a_few_peoples_errors_are_set_aside_and_those_of_many_are_a_source_misread():
    """Two people are few in any study; of eleven a fifth is 2.2, of fifteen just three."""
    answers = []
    for n_people, n_bad in ((3, 0), (3, 1), (3, 2), (3, 3), (11, 3), (15, 3), (15, 4)):
        reading = source(n_people, n_bad)
        tables, found = checked(reading)
        errors = sum(p.severity == "error" for p in found)
        left_out = [row for row in reading.ledger.rows if row[2] == "left out"]
        answers.append((tables["treatments"].height, errors, len(left_out)))
        assert tables["patients"].height == n_people
        if left_out:
            assert [(r[0], r[1], r[3], r[6]) for r in left_out] == [
                ("drugs.csv", "treatments", 1, p.message) for p in found if "set aside" in p.cure
            ]
    assert answers == [(3, 0, 0), (2, 0, 1), (1, 0, 2), (3, 3, 0), (11, 3, 0), (12, 0, 3), (15, 4, 0)]


def test_a_native_folders_errors_stay_errors():
    reading = source(3, 1, foreign=False)
    tables, found = checked(reading)
    assert tables["treatments"].height == 3
    assert [(p.severity, p.where) for p in found if p.severity == "error"] == [("error", "drugs.csv, P00")]
    assert reading.ledger.rows == []
