"""What was understood of the source -> intake.html, read before anything is analysed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.report.packed import table_view
from oncourse.report.page import environment
from oncourse.study.schema import Column
from oncourse.words.phrases import page_in

_FILE = Column("file", pl.String, "file of the source")
_STATE = Column(
    "state", pl.String, "used, kept under its own name, not understood, not read, empty; of rows: taken or left out"
)
_WHY = Column("why", pl.String, "why it is so")
_BECAME = Column("became", pl.String, "table and column it is in")

INTAKE_TABLES = (
    OutputTable(
        "intake/files",
        "every file and what it was taken for",
        (
            _FILE,
            Column("kind", pl.String, "what it was taken for"),
            _STATE,
            Column("n_rows", pl.Int64, "rows or records"),
            _WHY,
        ),
    ),
    OutputTable(
        "intake/columns",
        "every column, sample column, INFO and FORMAT key, and what it became",
        (
            _FILE,
            Column("column", pl.String, "column, or INFO/KEY, FORMAT/KEY"),
            _STATE,
            _BECAME,
            Column("n_values", pl.Int64, "values in it; null = not counted"),
            _WHY,
        ),
    ),
    OutputTable(
        "intake/rows",
        "how many rows are in which table, and which are in none",
        (
            _FILE,
            _BECAME,
            _STATE,
            Column("n", pl.Int64, "rows or records"),
            Column("first_line", pl.Int64, "line of the first"),
            Column("first", pl.String, "what the first is"),
            _WHY,
        ),
    ),
    OutputTable(
        "intake/times",
        "every column of days: where the source counts from, in which unit, and how exact",
        (
            Column("table", pl.String, "table"),
            Column("column", pl.String, "day column, or published end point"),
            Column("anchor", pl.String, "day the source counts from; null = not said"),
            Column("unit", pl.String, "unit the source counts in"),
            Column("resolution", pl.String, "day; month or year where every value is a whole number of these"),
            Column("n", pl.Int64, "values"),
            Column("n_month", pl.Int64, "dates of which only the month is known"),
            Column("n_year", pl.Int64, "dates of which only the year is known"),
        ),
    ),
)
#: States that a reader must see before anything else.
OPEN = ("not understood", "not read", "left out")


def intake_page(tables: Mapping[str, pl.DataFrame], title: str, notes: Sequence[str], language: str = "en") -> str:
    """Return intake.html: what was not read first, then everything, then the notes of the reading."""
    views = [
        table_view(declared, tables[declared.name], language=language)
        for declared in INTAKE_TABLES
        if declared.name in tables
    ]
    counts = [
        (state, declared.name.removeprefix("intake/"), int((tables[declared.name]["state"] == state).sum()))
        for state in OPEN
        for declared in INTAKE_TABLES
        if declared.name in tables and "state" in tables[declared.name].columns
    ]
    open_rows = [
        (row["file"], row.get("column") or row.get("became") or "", row["state"], row.get("n"), row["why"])
        for name in ("intake/files", "intake/rows")
        if name in tables
        for row in tables[name].filter(pl.col("state").is_in(OPEN)).iter_rows(named=True)
    ]
    page = environment().get_template("intake.html")
    shown = [c for c in counts if c[2]]
    made = page.render(
        title=title, language=language, views=views, counts=shown, open_rows=open_rows, notes=list(notes)
    )
    return page_in(str(made), language)
