"""Which drug classes a patient had in an earlier line, by hand."""

import polars as pl
import pytest

from oncourse.derive.outcomes.treatment_units import prior_classes

SCHEMA = {
    "unit": pl.String,
    "patient_id": pl.String,
    "zero_day": pl.Int64,
    "classes": pl.List(pl.String),
    "unknown": pl.String,
}


def units(*rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_a_class_counts_after_the_line_it_was_given_in_and_one_that_nobody_had_has_no_column():
    table = units(
        ("A1", "A", 0, ["taxane"], None),
        ("A2", "A", 90, ["ARPI"], None),
        ("A3", "A", 200, [], None),
        ("B1", "B", 0, ["ARPI"], None),
    )
    told = prior_classes(table)
    assert told.columns == ["unit", "prior:ARPI", "prior:taxane"]
    assert told["prior:taxane"].to_list() == [0, 1, 1, 0]  # not in the line that begins with it
    assert told["prior:ARPI"].to_list() == [0, 0, 1, 0]


@pytest.mark.parametrize("name", ["prior:PARP inhibitor", "prior:platinum"])
def test_behind_a_drug_nobody_knows_any_class_may_hide(name):
    told = prior_classes(units(("A1", "A", 0, [], "XYZ-01"), ("A2", "A", 90, ["ARPI"], None), ("B1", "B", 0, [], None)))
    assert told[name].to_list() == [0, None, 0]
