"""The schema check: every problem with its row, nothing silently dropped."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.study import schema
from oncourse.study.schema import Problem, check_table, nearest, sorted_problems
from oncourse.study.tables import REQUIRED_TABLES, TABLES

SAMPLES = TABLES["samples"]


def good(**changes: list) -> pl.DataFrame:
    base = {"sample_id": ["S1", "S2"], "patient_id": ["P1", "P2"], "material": ["tissue", "plasma"]}
    return pl.DataFrame({**base, **changes})


def test_good_table_is_typed_and_complete():
    frame, problems = check_table(SAMPLES, good(purity=["0.5", "NA"], day=["12.0", "-3"]))
    assert problems == []
    assert frame["purity"].to_list() == [0.5, None]
    assert frame["day"].to_list() == [12, -3]
    assert set(SAMPLES.schema) <= set(frame.columns)


@pytest.mark.parametrize(
    ("changes", "row", "column", "words"),
    [
        ({"purity": ["1.2", "0.3"]}, 2, "purity", "above 1"),
        ({"purity": ["0.3", "-0.1"]}, 3, "purity", "below 0"),
        ({"purity": ["NaN", "0.3"]}, 2, "purity", "finite number"),
        ({"purity": ["0.3", "inf"]}, 3, "purity", "finite number"),
        ({"purity": ["half", "0.3"]}, 2, "purity", "finite number"),
        ({"day": ["1.5", "3"]}, 2, "day", "whole number"),
        ({"material": ["tisue", "plasma"]}, 2, "material", "not an allowed value"),
        ({"patient_id": ["P1", ""]}, 3, "patient_id", "value is missing"),
        ({"sample_id": ["S1", "S1"]}, 3, "sample_id", "there twice"),
    ],
)
def test_bad_value_names_row_column_and_cure(changes, row, column, words):
    _, problems = check_table(SAMPLES, good(**changes))
    assert [(p.row, p.column, p.severity) for p in problems] == [(row, column, "error")]
    assert words in problems[0].message
    assert problems[0].cure


def test_missing_column_names_the_nearest():
    _, problems = check_table(SAMPLES, good().rename({"material": "materiel"}))
    assert any(p.column == "material" and "Rename materiel" in p.cure for p in problems)


def test_a_column_is_compared_with_the_first_word_of_ours():
    """age was taken for stage."""
    assert nearest("age", ["stage", "age_years", "sex"]) == "age_years"


def test_near_miss_of_an_optional_column_is_an_error_but_a_clinical_column_is_kept():
    frame, problems = check_table(SAMPLES, good(purty=["0.1", "0.2"], smoker=["yes", "no"]))
    errors = [p for p in problems if p.severity == "error"]
    assert [(p.column, p.cure) for p in errors] == [
        ("purty", "Did you mean purity? A column of your own stands under covariates or extra_columns in study.yaml.")
    ]
    assert [p.column for p in problems if p.severity == "warning"] == ["smoker"]  # kept, and told: nobody declared it
    assert frame["smoker"].to_list() == ["yes", "no"]


def test_unknown_column_of_a_closed_table_is_an_error():
    labs = pl.DataFrame({"patient_id": ["P"], "day": ["1"], "analyte": ["PSA"], "value": ["2"], "colour": ["red"]})
    _, problems = check_table(TABLES["labs"], labs)
    assert [p.column for p in problems] == ["colour"]


def test_all_problems_at_once():
    frame = good(purity=["2", "x"], day=["a", "b"], material=["x", "y"])
    _, problems = check_table(SAMPLES, frame)
    assert len(problems) == 6


def test_identical_duplicate_is_a_warning_and_a_different_one_an_error():
    calls = pl.DataFrame(
        {"sample_id": ["S", "S", "T", "T"], "variant_id": ["1:1:A:C"] * 4, "alt_count": ["3", "3", "4", "5"]}
    )
    _, problems = check_table(TABLES["calls"], calls)
    assert sorted((p.row, p.severity) for p in problems) == [(3, "warning"), (5, "error")]


def test_many_bad_rows_are_counted_not_dropped():
    n = 2_000
    frame = pl.DataFrame({"sample_id": [f"S{i}" for i in range(n)], "patient_id": ["P"] * n, "material": ["x"] * n})
    _, problems = check_table(SAMPLES, frame)
    listed = [p for p in problems if p.row is not None]
    rest = next(p for p in problems if p.row is None)
    assert f"{n - len(listed)} more rows" in rest.message


def test_choices_are_matched_without_regard_to_case():
    frame, problems = check_table(SAMPLES, good(material=["Tissue", "PLASMA"]))
    assert problems == [] and frame["material"].to_list() == ["tissue", "plasma"]


def test_problem_reads_where_what_cure():
    problem = Problem("samples", 4, "purity", "2", "2 is above 1.", "Allowed: 0 to 1.", where="P1, S2")
    assert str(problem) == "samples.purity, row 4 (P1, S2): 2 is above 1. Allowed: 0 to 1."


def test_errors_come_before_warnings():
    problems = [Problem("a", 1, None, None, "w", severity="warning"), Problem("b", 9, None, None, "e")]
    assert [p.message for p in sorted_problems(problems)] == ["e", "w"]


def test_nearest():
    assert nearest("PURITY", ["purity", "ploidy"]) == "purity"
    assert nearest("colour", ["purity", "ploidy"]) is None


def test_every_table_and_column_has_words():
    for table in TABLES.values():
        assert table.text
        assert all(column.text for column in table.columns), table.name
        assert set(table.key) <= set(table.by_name)
    assert set(REQUIRED_TABLES) <= set(TABLES)


@pytest.mark.parametrize("word", ["unknown", "not done", "未检测", "pending"])
def test_a_word_for_not_known_is_no_wrong_answer(word):
    """samples.msi_status: unknown refused the study; not known is not assessed."""
    frame, problems = check_table(SAMPLES, good(msi_status=[word, "MSS"]))
    assert problems == [] and frame["msi_status"].to_list() == [None, "MSS"]


def test_a_matrix_in_place_of_a_table_is_one_problem(monkeypatch):
    """60,000 columns were each compared with every known one: minutes, and as many lines."""
    monkeypatch.setattr(schema, "MAX_UNKNOWN", 20)
    frame = pl.DataFrame({"patient_id": ["P1"], **{f"sample_{i}": ["1"] for i in range(30)}})
    _, problems = check_table(TABLES["patients"], frame)
    assert [p.message for p in problems] == [
        "has 30 columns that are not known here (sample_0, sample_1, sample_2 ...)."
    ]
