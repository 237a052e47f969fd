"""Rows of a delimited file of knowledge; a cell without end is an error in words."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from oncourse.errors import InputError


class Rows:
    """The rows of a file, each column -> cell, as `csv.DictReader` gives them; `columns` of its header.

    InputError with file and row where a cell has more characters than Python reads (131,072): most often a quotation
    mark that is not closed. Row 1 is the header; lines of remarks that were left out before are not counted.

    >>> list(Rows(["gene\\tlevel", "KRAS\\tA"], "evidence.tsv", "\\t"))
    [{'gene': 'KRAS', 'level': 'A'}]
    """

    def __init__(self, lines: Iterable[str], name: str, delimiter: str = "\t", *, quoted: bool = False):
        self._name = name
        self._reader: csv.DictReader[str] = csv.DictReader(
            lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )
        try:
            self.columns: Sequence[str] = self._reader.fieldnames or ()
        except csv.Error as error:
            raise self._told(error) from None

    def __iter__(self) -> Iterator[dict[str, str]]:
        try:
            yield from self._reader
        except csv.Error as error:
            raise self._told(error) from None

    def _told(self, error: csv.Error) -> InputError:
        row = self._reader.reader.line_num
        if "field larger" not in str(error):
            return InputError(f"{self._name}, row {row}: cannot be read ({error}).")
        most = csv.field_size_limit()
        return InputError(
            f"{self._name}, row {row}: a cell has more than {most:,} characters. Is a quotation mark not closed?"
        )
