"""An empty study as one workbook: a sheet per table, drop-downs, date cells, the dictionary; read back as it stands.

Days are asked as dates (``start_date`` for ``start_day``): with ``patients.index_date`` they become days when the book
is read. Only what a person fills in by hand has a sheet; calls and segments come from files.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import yaml

from oncourse.disease import disease
from oncourse.study.schema import Column, Table
from oncourse.study.tables import TABLES, date_name
from oncourse.study.template import dictionary
from oncourse.study.words import words_for

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

#: Sheets in the order a hospital fills them in.
SHEETS = (
    "patients",
    "follow_up",
    "lesions",
    "samples",
    "assays",
    "treatments",
    "procedures",
    "labs",
    "markers",
    "assessments",
    "target_lesions",
    "adverse_events",
    "fusions",
    "gene_copy_number",
    "calls",
    "variants",
)
#: Rows with drop-downs and date cells.
LAST_ROW = 2_000
_BORN = dt.datetime(2026, 1, 1)  # the same input, the same bytes


def sheet_columns(table: Table) -> list[tuple[str, Column]]:
    """Return header and column of a sheet; a day is asked as a date.

    >>> from oncourse.study.tables import TABLES
    >>> [name for name, _ in sheet_columns(TABLES["procedures"])][:3]
    ['patient_id', 'date', 'kind']
    """
    out = []
    for column in table.columns:
        is_day = column.name == "day" or column.name.endswith("_day")
        out.append((date_name(column.name) if is_day else column.name, column))
    return out


def write_workbook(path: Path, design: str) -> None:
    """Write the empty workbook of a design to a path where nothing stands (the caller sees to that)."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"title": f"oncourse study, design {design}", "created": _BORN})
        _settings(book, design)
        for name in SHEETS:
            _sheet(book, TABLES[name])
        _dictionary(book)


def _settings(book: Workbook, design: str) -> None:
    """The sheet ``study``: the settings of study.yaml, one a row; lists and tables in YAML's short form."""
    sheet = book.add_worksheet("study")
    sheet.write_row(0, 0, ("setting", "value", "meaning"), book.add_format({"bold": True}))
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 60)
    for row, (key, value) in enumerate(yaml.safe_load(disease(design).study_yaml).items(), 1):
        text = value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True, width=1_000).strip()
        sheet.write_row(row, 0, (key, text))


def _sheet(book: Workbook, table: Table) -> None:
    sheet = book.add_worksheet(table.name)
    required = book.add_format({"bold": True, "bg_color": "#D9E8F5", "bottom": 1})
    optional = book.add_format({"bg_color": "#F2F2F2", "bottom": 1})
    date, text = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "@"})
    for at, (name, column) in enumerate(sheet_columns(table)):
        is_date = name == "date" or name.endswith("_date")
        cell = date if is_date else text if column.dtype == pl.String else None
        sheet.set_column(at, at, max(12, len(name) + 2), cell)
        sheet.write_string(0, at, name, required if column.required else optional)
        sheet.write_comment(0, at, _note(name, column), {"x_scale": 2.5})
        _allowed(sheet, at, column, is_date)
    sheet.freeze_panes(1, 1)


def _note(name: str, column: Column) -> str:
    """What a column means, its unit, what is allowed, and its Chinese names."""
    parts = [
        column.text,
        f"unit: {column.unit}" if column.unit and not name.endswith("date") else "",
        f"allowed: {column.range_text}" if column.range_text and not name.endswith("date") else "",
        f"refers to {column.references}" if column.references else "",
        "required" if column.required else "",
        "; ".join(w for w in words_for("column", name) if not w.isascii()),
    ]
    return "\n".join(p for p in parts if p)


def _allowed(sheet: Worksheet, at: int, column: Column, is_date: bool) -> None:
    """Drop-downs for words and references, dates for dates, the range of numbers; a warning, not a wall."""
    rule: dict[str, object] = {}
    target, _, key = column.references.partition(".")
    if is_date:
        # what is known of a date may be a month: text is let through
        rule = {"validate": "date", "criteria": ">", "value": dt.date(1900, 1, 1)}
    elif column.choices:
        rule = {"validate": "list", "source": list(column.choices)}
    elif column.dtype == pl.Boolean:
        rule = {"validate": "list", "source": ["true", "false"]}
    elif target in SHEETS:
        there = [n for n, _ in sheet_columns(TABLES[target])].index(key)
        letter = chr(ord("A") + there)
        rule = {"validate": "list", "source": f"={target}!${letter}$2:${letter}${LAST_ROW}"}
    elif column.dtype in (pl.Int64, pl.Float64) and (column.low is not None or column.high is not None):
        low, high = column.low if column.low is not None else -1e9, column.high if column.high is not None else 1e9
        rule = {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high}
    if rule:
        told = {"error_type": "warning", "error_message": (column.range_text or "see the note of the header")[:250]}
        sheet.data_validation(1, at, LAST_ROW - 1, at, {**rule, **told})


def _dictionary(book: Workbook) -> None:
    sheet = book.add_worksheet("data_dictionary")
    table = dictionary()
    sheet.write_row(0, 0, table.columns, book.add_format({"bold": True}))
    for at, row in enumerate(table.iter_rows(), 1):
        sheet.write_row(at, 0, ["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in row])
    sheet.set_column(0, table.width - 1, 18)
    sheet.freeze_panes(1, 0)
