"""Which cells of an .xlsx workbook are shown in percent: they hold fractions (12.3% is 0.123), whatever the header says.

The reader of workbooks returns values without their formats; these are in the styles and cells of the file itself
(ECMA-376, part 1: numFmtId 9 and 10 are ``0%`` and ``0.00%``, others name their format).
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

_FORMAT = re.compile(
    r'<numFmt\b[^>]*?numFmtId="(\d+)"[^>]*?formatCode="([^"]*)"|'
    r'<numFmt\b[^>]*?formatCode="([^"]*)"[^>]*?numFmtId="(\d+)"'
)
_XF = re.compile(r"<xf\b[^>]*?numFmtId=\"(\d+)\"")
_SHEET = re.compile(r'<sheet\b[^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"')
_TARGET = re.compile(r"<Relationship\b[^>]*>")
_CELL = re.compile(r'<c\b(?=[^>]*?\br="([A-Z]+)(\d+)")(?=[^>]*?\bs="(\d+)")')
#: numFmtId of the built-in formats in percent.
_BUILT_IN = {"9", "10"}


def percent_cells(path: Path) -> dict[str, set[tuple[int, int]]]:
    """Return sheet -> (row, column), from 0, of its cells in a format of percent; empty for any other kind of file."""
    try:
        with zipfile.ZipFile(path) as book:
            styles = _styles(_text(book, "xl/styles.xml"))
            return _of_sheets(book, styles) if styles else {}
    except (zipfile.BadZipFile, KeyError, OSError):
        return {}


def _text(book: zipfile.ZipFile, name: str) -> str:
    return book.read(name).decode("utf-8", errors="replace")


def _styles(text: str) -> set[str]:
    """Return the numbers of the cell styles whose format is percent."""
    named = {a or d: b or c for a, b, c, d in _FORMAT.findall(text)}
    percent = _BUILT_IN | {i for i, code in named.items() if "%" in re.sub(r'"[^"]*"|\\.', "", code)}
    cells = text.partition("<cellXfs")[2].partition("</cellXfs>")[0]
    return {str(at) for at, number in enumerate(_XF.findall(cells)) if number in percent}


def parts_of_sheets(book: zipfile.ZipFile) -> dict[str, str]:
    """Return name of a sheet -> its part of an .xlsx workbook."""
    places = {}
    for relation in _TARGET.findall(_text(book, "xl/_rels/workbook.xml.rels")):
        found = dict(re.findall(r'\b(Id|Target)="([^"]*)"', relation))
        if {"Id", "Target"} <= set(found):
            places[found["Id"]] = found["Target"].lstrip("/").removeprefix("xl/")
    sheets = _SHEET.findall(_text(book, "xl/workbook.xml"))
    return {_unescaped(name): f"xl/{places[relation]}" for name, relation in sheets if relation in places}


def _of_sheets(book: zipfile.ZipFile, styles: set[str]) -> dict[str, set[tuple[int, int]]]:
    out = {}
    for name, part in parts_of_sheets(book).items():
        cells = _CELL.findall(_text(book, part))
        out[name] = {(int(row) - 1, _column(letters)) for letters, row, s in cells if s in styles}
    return out


def _unescaped(text: str) -> str:
    from html import unescape

    return unescape(text)


def _column(letters: str) -> int:
    """Return the number, from 0, of a column: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
