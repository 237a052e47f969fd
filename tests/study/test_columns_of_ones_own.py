"""A user's own column may have the name of any column of any table: no check takes it for that one."""

from __future__ import annotations

import polars as pl

from oncourse.study.config import StudyConfig
from oncourse.study.tables import TABLES
from oncourse.study.validate import validate

NAMES = sorted({column.name for table in TABLES.values() for column in table.columns})


def told(tables) -> set[tuple[str, str]]:
    """What is told of a study, but for columns that are unknown."""
    problems = validate(tables, StudyConfig())[1]
    return {(p.table, p.message) for p in problems if "unknown column" not in p.message}


def test_no_check_takes_a_column_of_ones_own_for_that_of_another_table(simulated_study):
    tables = dict(simulated_study("crc").tables)
    taken = {name: [n for n in NAMES if n not in TABLES[name].by_name] for name in tables}
    with_own = {name: frame.with_columns(pl.lit("x").alias(n) for n in taken[name]) for name, frame in tables.items()}
    assert told(with_own) == told(tables)


def test_rows_that_differ_in_a_column_of_ones_own_are_not_the_same_row():
    """Two values of one day told apart by the user's own column are two rows, and no "same row" is told."""
    rows = {
        "patient_id": ["A", "A"],
        "lab": ["psa", "psa"],
        "day": ["1", "1"],
        "value": ["4", "4"],
        "unit": ["ng/mL"] * 2,
    }
    people = pl.DataFrame({"patient_id": ["A"]})
    follow_up = pl.DataFrame({"patient_id": ["A"], "last_contact_day": ["90"], "is_dead": ["no"]})
    for own, told in ((["x", "y"], 0), (["x", "x"], 1)):
        labs = pl.DataFrame({**rows, "tube": own})
        _, found = validate({"patients": people, "follow_up": follow_up, "labs": labs}, StudyConfig())
        assert sum("same row" in p.message for p in found) == told
