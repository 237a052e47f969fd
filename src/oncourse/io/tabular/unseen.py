"""What an .xlsx workbook holds that the values of its cells do not show: formulas nobody computed, hidden rows and
columns, the year from which it counts its days.

A program that writes a formula without its result (openpyxl, pandas, many export tools) leaves an empty cell until
a spreadsheet program opens the file and saves it (ECMA-376, part 1: ``c`` holds ``f`` and ``v``; a workbook of which
``fullCalcOnLoad`` is set has results that may be placeholders; ``date1904`` moves day 0 to 1904-01-01).
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from oncourse.io.tabular.marks import comments_of, marked_cells, styles_of
from oncourse.io.tabular.percent_cells import parts_of_sheets
from oncourse.study.schema import Problem

_FORMULA = re.compile(
    rb"<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>([^<]*)</v>)?\s*</c>",
)
_PLACE = re.compile(rb'\br="([A-Z]+\d+)"')
_HIDDEN_ROW = re.compile(rb'<row\b[^>]*\bhidden="(?:1|true)"')
_HIDDEN_COLUMN = re.compile(rb'<col\b[^>]*\bhidden="(?:1|true)"[^>]*>')
_SPAN = re.compile(rb'\b(min|max)="(\d+)"')


@dataclass(frozen=True)
class Unseen:
    """Of one sheet: cells whose formula has no result (A1, B2 ...), those whose result may be a placeholder, how many rows
    and columns are hidden, and the cells with a comment, text struck out, a colour (`oncourse.io.tabular.marks`)."""

    uncomputed: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    hidden_rows: int = 0
    hidden_columns: int = 0
    comments: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    coloured: tuple[str, ...] = ()


def unseen(path: Path) -> tuple[dict[str, Unseen], bool]:
    """Return sheet -> what its values do not show, and whether the workbook counts days from 1904; nothing for any
    other kind of file."""
    try:
        with zipfile.ZipFile(path) as book:
            settings = book.read("xl/workbook.xml")
            is_new = re.search(rb'\bfullCalcOnLoad="(?:1|true)"', settings) is not None
            is_1904 = re.search(rb'\bdate1904="(?:1|true)"', settings) is not None
            styles = styles_of(book)
            return {name: _of_part(book, part, is_new, styles) for name, part in parts_of_sheets(book).items()}, is_1904
    except (zipfile.BadZipFile, KeyError, OSError):
        return {}, False


def _of_part(book: zipfile.ZipFile, part: str, is_new: bool, styles: tuple[set[bytes], set[bytes]]) -> Unseen:
    text = book.read(part)
    struck, coloured = marked_cells(text, *styles)
    return replace(_of(text, is_new), comments=comments_of(book, part), struck=struck, coloured=coloured)


def _of(text: bytes, is_new: bool) -> Unseen:
    uncomputed, placeholders = [], []
    for cell, value in _FORMULA.findall(text) if b"<f" in text else ():
        if not value and b't="str"' not in cell:  # of a text the empty one is a result
            uncomputed.append(_place(cell))
        elif is_new and value in (b"", b"0"):
            placeholders.append(_place(cell))
    rows = len(_HIDDEN_ROW.findall(text)) if b"hidden=" in text else 0
    columns = 0
    for column in _HIDDEN_COLUMN.findall(text) if b"hidden=" in text else ():
        span = {k: int(n) for k, n in _SPAN.findall(column)}
        last = min(span.get(b"max", 0), 500)  # a hidden rest of the sheet reaches to its last column
        columns += max(last - span.get(b"min", 1) + 1, 0)
    return Unseen(tuple(uncomputed), tuple(placeholders), rows, columns)


def _place(cell: bytes) -> str:
    found = _PLACE.search(cell)
    return found[1].decode() if found else "?"


def unseen_problems(name: str, sheet: str, found: Unseen) -> list[Problem]:
    """Return what a sheet that is read does not show: an error where results are missing, else a warning.

    `name`: of the workbook; `sheet`: of the sheet.
    """
    cure = "Open the workbook in a spreadsheet program, save it, and import it again."
    out = []

    def told(cells: tuple[str, ...], message: str, cure: str, severity: str) -> None:
        out.append(
            Problem(name, None, None, cells[0] if cells else None, f"the sheet {sheet}: {message}", cure, severity)
        )

    if found.uncomputed:
        first = ", ".join(found.uncomputed[:3])
        told(
            found.uncomputed,
            f"{len(found.uncomputed):,} cells hold a formula without its result ({first}).",
            cure,
            "error",
        )
    if found.placeholders:
        first = ", ".join(found.placeholders[:3])
        message = f"{len(found.placeholders):,} formulas give 0 or nothing ({first}), which may be a placeholder."
        told(found.placeholders, message, cure, "warning")
    if found.hidden_rows or found.hidden_columns:
        message = (
            f"{found.hidden_rows:,} rows and {found.hidden_columns:,} columns are hidden, and read as the others are."
        )
        told((), message, "Remove what is not meant.", "warning")
    for cells, what, cure in (
        (found.comments, "have a comment, which is not read", "Write what a comment says into a column of its own."),
        (found.struck, "are struck out, and read as the others are", "Remove what is not meant."),
        (
            found.coloured,
            "are coloured, and a colour is not read",
            "Write what a colour means into a column of its own.",
        ),
    ):
        if cells:
            more = ", ..." if len(cells) > 6 else ""
            told(cells, f"{len(cells):,} cells {what} ({', '.join(cells[:6])}{more}).", cure, "warning")
    return out
