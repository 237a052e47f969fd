"""How much a packed file from outside may unfold to: a few kilobytes that grow to gigabytes are no data."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

GZIP = b"\x1f\x8b"
_PIECE = 4 << 20
#: Bytes that are read of a file whose beginning says what it is: the headers of the largest VCF at hand take 3 MB.
HEAD_BYTES = 16 << 20
#: Up to here a file may unfold as it likes, in bytes: it cannot fill a memory.
FREE_BYTES = 64 << 20
#: Beyond it, at most so many bytes per packed byte. Published clinical and sequencing tables (the 60 largest at hand)
#: unfold to at most 35 times their size; one short line repeated to 187 (zlib level 1) or 685 times (level 6), zeros to
#: 650.
MAX_RATIO = 100
#: Cells that the sheets of a workbook may span, 30 columns of 100,000 rows: empty ones take memory as well.
MAX_CELLS = 3_000_000
#: Cells of a packed table that are held however small the file was, and bytes of cells per packed byte beyond them: a
#: cell takes 16 bytes in memory and one in the file. A thresholded copy-number matrix of 25,000 genes has 150.
FREE_CELLS, MAX_CELL_RATIO = 3_000_000, 200
#: Bytes that a workbook may unfold to: what is made of its cells takes some four times as many.
MAX_BOOK = 100 << 20
_CELL = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"')
_AS_TEXT = "Save its sheets as text (TSV, CSV)."
#: No more characters are in the mark of a cell.
_CUT = 32


def unfolds_too_far(packed: int, unpacked: int) -> bool:
    """Whether so many packed bytes that became so many are a bomb, not a table.

    >>> unfolds_too_far(1_000_000, 60_000_000), unfolds_too_far(100_000, 100_000_000)
    (False, True)
    """
    return unpacked > FREE_BYTES and unpacked > MAX_RATIO * packed


def holds_too_much(packed: int, n_cells: int) -> bool:
    """Whether so many packed bytes that became so many cells of a table are a bomb: empty cells take memory as well.

    >>> holds_too_much(1_000_000, 11_000_000), holds_too_much(100_000, 60_000_000)
    (False, True)
    """
    return n_cells > FREE_CELLS and 16 * n_cells > MAX_CELL_RATIO * packed


class UnfoldsTooFar(ValueError):
    """A gzip file grows to more than any data does."""

    def __init__(self) -> None:
        super().__init__(f"the gzip file unfolds to more than {MAX_RATIO} times its size: no table of data does.")


def pieces(raw: BinaryIO) -> Iterator[bytes]:
    """Yield what a file holds from its beginning, unpacked where it is gzip.

    Raises
    ------
    UnfoldsTooFar, OSError, EOFError, zlib.error : before the memory is full; a damaged file
    """
    packed = raw.read(2) == GZIP
    raw.seek(0)
    stream = gzip.GzipFile(fileobj=raw) if packed else raw
    total = 0
    while piece := stream.read(_PIECE):
        total += len(piece)
        if packed and unfolds_too_far(raw.tell(), total):
            raise UnfoldsTooFar
        yield piece


def unpacked(path: Path) -> bytes:
    """Return the whole of a file, unpacked where it is gzip; ValueError says why it cannot be."""
    try:
        with path.open("rb") as raw:
            return b"".join(pieces(raw))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"cannot be read ({error})") from None


def head_lines(path: Path, most: int = HEAD_BYTES) -> Iterator[bytes]:
    """Yield the first lines of a file, unpacked where it is gzip, up to `most` bytes in all; the last may be cut."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        while most > 0 and (line := stream.readline(most)):
            most -= len(line)
            yield line


def why_not_unpacked(path: Path) -> tuple[str, str] | None:
    """Return why a zip file (a workbook) is not opened, for it would fill the memory, and the cure; None where it may.

    Judged by what its directory declares and by the places of its cells, before it is unpacked as a whole.
    """
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as book:
            members = book.infolist()
            packed, unpacked = sum(m.compress_size for m in members), sum(m.file_size for m in members)
            if unfolds_too_far(packed, unpacked):
                return f"unfolds from {packed:,} to {unpacked:,} bytes: no workbook of data does.", _AS_TEXT
            if unpacked > MAX_BOOK:
                return f"unfolds to {unpacked:,} bytes, too many for a workbook.", _AS_TEXT
            n_cells = 0
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename):
                    with book.open(member) as sheet:
                        letters, row = _corner(sheet)
                    n_cells += _columns(letters) * row
                    if n_cells > MAX_CELLS:
                        why = f"a sheet reaches to the cell {letters.decode()}{row}."
                        return why, f"Delete the empty rows and columns behind the data. {_AS_TEXT}"
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        return None  # damaged or encrypted: whoever opens it says so
    return None


def _corner(sheet: IO[bytes]) -> tuple[bytes, int]:
    """The letters of the last column and the last row that a cell of a sheet names; what it says of itself may be wrong."""
    letters, last, rest = b"A", 0, b""
    while piece := sheet.read(_PIECE):
        cells = _CELL.findall(rest + piece)
        letters = max({letters, *(c for c, _ in cells)}, key=_columns)
        last = max(last, *(int(r) for _, r in cells), 0)
        rest = piece[-_CUT:]
    return letters, last


def _columns(letters: bytes) -> int:
    """The number of a column by its letters: A is 1, XFD 16,384."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
