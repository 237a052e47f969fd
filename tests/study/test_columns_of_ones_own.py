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
