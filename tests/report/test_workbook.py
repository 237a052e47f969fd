"""The workbook of all tables, as readers of others read it."""

from __future__ import annotations

import datetime as dt
import math
import zipfile
from xml.etree import ElementTree

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from oncourse.report import workbook
from oncourse.report.workbook import write_workbook

SCHEMA = {"text": pl.String, "n": pl.Int64, "share": pl.Float64, "is": pl.Boolean, "day": pl.Date}
FRAME = pl.DataFrame(
    [
        ("=1+1", 3, 0.1 + 0.2, True, dt.date(2024, 2, 29)),
        (" MARCH1 & <R>\n'\"", None, 1e-300, False, None),
        (None, -(2**60), math.nan, None, None),
        ("", 0, math.inf, True, None),
        ("a\x07b_x0041_\r突变", 7, None, None, None),
    ],
    schema=SCHEMA,
    orient="row",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "b.xlsx"
    empty = FRAME.clear()
    write_workbook({"a/every": FRAME, "b/a name of a table that is far too long for Excel": empty}, path)
    return path


def test_every_kind_of_cell_is_read_back(book):
    """Text stays text (no formula, no day, blanks kept), an unknown is an empty cell, all digits of a number are there."""
    read = CalamineWorkbook.from_path(str(book))
    names = ["contents", "1 every", "2 a name of a table that is far"]
    assert read.sheet_names == names and max(map(len, names)) == 31
    rows = read.get_sheet_by_name("1 every").to_python()
    assert rows[0] == FRAME.columns
    assert rows[1] == ["=1+1", 3.0, 0.1 + 0.2, True, "2024-02-29"]
    assert rows[2] == [" MARCH1 & <R>\n'\"", "", 1e-300, False, ""]
    assert rows[3][:2] == ["", -(2.0**60)] and rows[4][:2] == ["", 0.0]
    assert rows[5][1:] == [7.0, "", "", ""]
    assert read.get_sheet_by_name(names[2]).to_python() == [FRAME.columns]


def test_what_a_cell_cannot_hold_is_escaped_or_an_error(book):
    """ECMA-376 part 1, 22.9.2.19: _xHHHH_; text that looks like that is escaped itself. 18.18.11: errors are of type e."""
    with zipfile.ZipFile(book) as parts:
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet2.xml"))
    assert {c.get("r"): c[0].text for c in sheet.iter() if c.get("t") == "e"} == {"C4": "#NUM!", "C5": "#DIV/0!"}
    assert "a_x0007_b_x005F_x0041__x000D_突变" in [t.text for t in sheet.iter() if t.tag.endswith("}t")]


def test_a_table_above_the_limit_keeps_its_first_rows_and_says_so(tmp_path, monkeypatch):
    """Three parts of two rows: the rows are numbered on."""
    monkeypatch.setattr(workbook, "SHEET_CELLS", 5 * FRAME.width)
    monkeypatch.setattr(workbook, "PART", 2)
    path = tmp_path / "b.xlsx"
    write_workbook({"a/every": pl.concat([FRAME, FRAME])}, path)
    read = CalamineWorkbook.from_path(str(path))
    assert read.get_sheet_by_index(0).to_python()[1] == ["1 every", "a/every.tsv", 10.0, 5.0]
    assert [row[1] for row in read.get_sheet_by_index(1).to_python()[1:]] == [3.0, "", -(2.0**60), 0.0, 7.0]


def test_the_same_tables_are_the_same_bytes(book, tmp_path):
    write_workbook(
        {"a/every": FRAME, "b/a name of a table that is far too long for Excel": FRAME.clear()}, tmp_path / "b"
    )
    assert (tmp_path / "b").read_bytes() == book.read_bytes()
