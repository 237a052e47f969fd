"""Rows of text whose cells may stand in quotation marks, with line ends and marks inside."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator


class Refused(Exception):
    """A file is not read as a table: why, the cure, and the line where it begins (null: the file as a whole)."""

    def __init__(self, message: str, cure: str, row: int | None = None):
        super().__init__(message)
        self.message, self.cure, self.row = message, cure, row


def quoted_rows(data: bytes, at: int, mark: str, line_no: int) -> Iterator[tuple[list[str], int]]:
    """Yield the cells of each row from `at` on, where line `line_no` begins, and the number of lines it runs over.

    Raises
    ------
    Refused : a quotation mark that is not closed makes one cell of all that follows
    """
    n_quotes = 0

    def lines() -> Iterator[str]:
        nonlocal n_quotes
        for line in io.StringIO(data[at:].decode(), newline=""):
            n_quotes += line.count('"')
            yield line

    rows, last = csv.reader(lines(), delimiter=mark), 0
    cure = "Close or remove it."
    while True:
        before = n_quotes
        try:
            row = next(rows, None)
        except csv.Error:  # a cell of more than 131,072 characters
            message = "a cell in quotation marks that begins here has no end, or is longer than any cell of data."
            raise Refused(message, cure, line_no + last) from None
        if row is None:
            return
        n_lines = rows.line_num - last
        if n_lines > 1 and (n_quotes - before) % 2:
            end = line_no + rows.line_num - 1
            message = f"a quotation mark opens here and does not close: the lines to {end} are one cell."
            raise Refused(message, cure, line_no + last)
        yield row, n_lines
        last = rows.line_num


_FORMULA = re.compile(rb'(^|[,;\t])="((?:[^"\n]|"")*)"(?=[,;\t\r\n]|$)', re.M)


def without_formulas(data: bytes) -> bytes:
    """Return a table with cells that a program wrote as formulas of a text, so that a spreadsheet keeps zeros (="001"), as
    this text.

    >>> without_formulas(b'id,sex\\n="001",M\\nINFO,<D="x">\\n')
    b'id,sex\\n"001",M\\nINFO,<D="x">\\n'
    """
    return _FORMULA.sub(rb'\1"\2"', data) if b'="' in data else data


def cells_of_line(line: str, mark: str) -> list[str]:
    """Return the cells of one line, those in quotation marks without them.

    >>> cells_of_line('a,"b, c"', ","), cells_of_line('"' + "x" * 200_000 + '",b', ",")[1]
    (['a', 'b, c'], 'b')
    """
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:  # a cell of more than 131,072 characters
        return line.split(mark)
