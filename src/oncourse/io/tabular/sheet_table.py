"""One sheet of a workbook as a table of text, like a file of text (`oncourse.io.tabular.text.read_table`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from oncourse.io.tabular.sheets import NotAWorkbook, Sheet, read_sheets
from oncourse.io.tabular.table import TextTable, column_names
from oncourse.io.tabular.unseen import unseen_problems
from oncourse.study.schema import Problem
from oncourse.words.lists import first_of


def from_workbook(
    path: Path, name: str, sheet: str | None, columns: Callable[[list[str]], list[str]] | None
) -> TextTable:
    """Return one sheet as a table; the sheets that are not read are named in a warning."""
    try:
        sheets = read_sheets(path)
    except NotAWorkbook as error:
        return _nothing(Problem(name, None, None, None, error.why, error.cure))
    found = _chosen(sheets, name, sheet)
    if found is None:
        there = ", ".join(s.name for s in sheets)
        message = f"has no sheet {sheet} (it has: {there})." if sheet else "the workbook is empty."
        return _nothing(Problem(name, None, None, sheet, message, "Name a sheet with a header and rows."))
    others = [s.name for s in sheets if s is not found]
    problems: list[Problem] = unseen_problems(name, found.name, found.unseen)
    if others and not sheet:
        message = f"only the sheet {found.name} is read, not {first_of(others, 6)}."
        cure = "Keep one table per workbook, or import each sheet of its own."
        problems.append(Problem(name, None, None, None, message, cure, "warning"))
    return sheet_table(found, name, columns, problems)


def _chosen(sheets: Sequence[Sheet], name: str, sheet: str | None) -> Sheet | None:
    """The sheet asked for; else the one named as the table, else the first."""
    wanted = (sheet or name).strip().lower()
    named = next((s for s in sheets if s.name.strip().lower() == wanted), None)
    return named or (sheets[0] if sheets and not sheet else None)


def sheet_table(
    sheet: Sheet, name: str, columns: Callable[[list[str]], list[str]] | None = None, problems: Sequence[Problem] = ()
) -> TextTable:
    """Return a sheet as a `TextTable`; `columns` chooses from the header."""
    told = list(problems)
    start = sheet.lines[0] - 1 if sheet.lines else 1
    header = column_names(sheet.header, name, start, told)
    keep = set(columns(header) if columns else header)
    cells = {h: [row[at] if at < len(row) else None for row in sheet.rows] for at, h in enumerate(header) if h in keep}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    return TextTable(frame, pl.Series("line", sheet.lines, pl.UInt32), sheet.title, tuple(told))


def _nothing(problem: Problem) -> TextTable:
    return TextTable(pl.DataFrame(), pl.Series("line", [], pl.UInt32), (), (problem,))
