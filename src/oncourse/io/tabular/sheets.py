"""Excel and OpenDocument workbooks (.xlsx, .xls, .xlsb, .ods) as tables of text, through python-calamine."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oncourse.disk.unpack import why_not_unpacked
from oncourse.io.tabular.encoding import sniff
from oncourse.io.tabular.header_rows import two_headers
from oncourse.io.tabular.percent_cells import percent_cells
from oncourse.io.tabular.quoted import without_formulas
from oncourse.io.tabular.unseen import Unseen, unseen

SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
#: First bytes of a zip (xlsx, ods) and of an old compound file (xls).
MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class Sheet:
    """One sheet: the header, its rows as text (None = empty), and the row number of each (the first is 1)."""

    name: str
    header: list[str]
    rows: list[list[str | None]]
    lines: list[int]
    title: tuple[str, ...] = ()
    is_hidden: bool = False
    unseen: Unseen = field(default_factory=Unseen)


class NotAWorkbook(ValueError):
    """The file is no workbook that can be read; ``why`` and ``cure`` say it in a sentence each."""

    def __init__(self, why: str, cure: str) -> None:
        super().__init__(f"{why} {cure}")
        self.why, self.cure = why, cure


def is_workbook(path: Path) -> bool:
    """Whether a file begins as a workbook does and is named as one."""
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        return False
    with path.open("rb") as file:
        return file.read(4) in MAGIC


def sheets_of(path: Path) -> list[Sheet]:
    """Return the sheets of a workbook; none where it cannot be read as one."""
    try:
        return read_sheets(path)
    except NotAWorkbook:
        return []


def read_sheets(path: Path) -> list[Sheet]:
    """Return the sheets that hold anything, in the workbook's order; hidden ones too.

    The header is the first row with a text in more than one cell (in its only cell, where the sheet is one column
    wide), of which not each is a name with its value; what stands above it is the title. A header of two rows (一线 over
    方案 and 开始日期) becomes one. Dates become YYYY-MM-DD, whole numbers lose their ``.0``.

    Raises
    ------
    NotAWorkbook : damaged, protected by a password, larger than any data, or another kind of file
    """
    import python_calamine as calamine

    if reason := why_not_unpacked(path):
        raise NotAWorkbook(*reason)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        percent, (beneath, is_1904) = percent_cells(path), unseen(path)
        hidden = {m.name for m in book.sheets_metadata if m.visible != calamine.SheetVisibleEnum.Visible}
        raw = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        read = [(name, _cells(one, percent.get(name, ())), one.merged_cell_ranges or ()) for name, one in raw]
    except calamine.PasswordError:
        raise NotAWorkbook("the workbook is protected by a password.", "Save it again without one.") from None
    except Exception as error:  # calamine's own errors, and what a damaged file makes of them
        cure = "Open it and save it again as .xlsx, or as tab-separated text (UTF-8)."
        raise NotAWorkbook(f"cannot be read as a workbook ({type(error).__name__}).", cure) from None
    found = [sheet for name, cells, merged in read if (sheet := _sheet(name, cells, merged, is_1904)) is not None]
    return [replace(s, is_hidden=s.name in hidden, unseen=beneath.get(s.name, Unseen())) for s in found]


def _cells(sheet: Any, percent: Collection[tuple[int, int]]) -> list[list[Any]]:
    """Return the cells of a sheet; one merged over several rows stands in each of them, one shown in percent says so."""
    cells = sheet.to_python(skip_empty_area=False)
    for row, column in percent:
        if row < len(cells) and column < len(cells[row]) and isinstance(cells[row][column], float):
            cells[row][column] = f"{round(cells[row][column] * 100, 10):g}%"
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, min(bottom + 1, len(cells))):
            if left < len(cells[row]) and cells[row][left] in ("", None):
                cells[row][left] = cells[top][left]
    return cells


def sheet_of_text(path: Path) -> Sheet | None:
    """Return a text file of comma- or semicolon-separated values as a sheet, whose title may stand above the header."""
    data = path.read_bytes()
    encoding, mark = sniff(data)
    if encoding == "binary":
        return None
    text = data[mark:].decode(encoding, errors="replace")
    by = max(",;\t", key=text[:65_536].count)
    text = without_formulas(text.encode()).decode()
    return _sheet(path.stem, list(csv.reader(text.splitlines(keepends=True), delimiter=by)))


#: Numbers that may be days of a spreadsheet: 1927 to 2064, counted from the end of 1899.
_DAYS = range(10_000, 60_000)


#: A cell that holds a name and its value (``样本编号：S1``): a row of such stands above a header.
_PAIR = re.compile(r"^[^:：]{2,14}[:：]\s*\S")


def _sheet(
    name: str,
    cells: Sequence[Sequence[object]],
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = (),
    is_1904: bool = False,
) -> Sheet | None:
    """Return a sheet of cells, where it holds any; `merged` (top, left), (bottom, right) of the merged ones."""
    rows = [[text_of(cell) for cell in row] for row in cells]
    filled = [[at for at, cell in enumerate(row) if cell is not None] for row in rows]
    widest = max((len(f) for f in filled), default=0)
    if not widest:
        return None
    heads = [at for at, f in enumerate(filled) if len(f) >= min(2, widest)]
    start = next((at for at in heads if not all(_PAIR.match(c) for c in rows[at] if c)), heads[0])
    width = max(f[-1] + 1 for f in filled if f)
    header = [(rows[start][at] or "") if at < len(rows[start]) else "" for at in range(width)]
    while (
        header and not header[-1] and all(len(r) < len(header) or r[len(header) - 1] is None for r in rows[start + 1 :])
    ):
        header.pop()
    title = tuple(" ".join(c for c in row if c) for row in rows[:start] if any(row))
    if (two := two_headers(rows, start, len(header), merged)) is not None:
        header, start = two, start + 1
    if is_1904:
        _from_1904(rows, cells, start, header)
    kept = [(at, row) for at, row in enumerate(rows[start + 1 :], start + 2) if any(c is not None for c in row)]
    return Sheet(name, header, [row[: len(header)] for _, row in kept], [at for at, _ in kept], title)


def _from_1904(rows: list[list[str | None]], cells: Sequence[Sequence[object]], start: int, header: list[str]) -> None:
    """Write plain numbers below a header of dates as the dates they are in a workbook that counts from 1904."""
    dated = [at for at, name in enumerate(header) if re.search(r"(?i)日期|时间|date", name)]
    for row, typed in zip(rows[start + 1 :], cells[start + 1 :], strict=True):
        for at in dated:
            if at < len(row) and isinstance(number := typed[at], float) and int(number) + 1462 in _DAYS:
                row[at] = (dt.date(1904, 1, 1) + dt.timedelta(days=int(number))).isoformat()


def text_of(cell: object) -> str | None:
    """Return a cell as text: 5.0 is 5, a date is YYYY-MM-DD, true/false in lower case, empty is None.

    >>> text_of(5.0), text_of(dt.datetime(2019, 1, 2)), text_of(True), text_of("  "), text_of(0.1)
    ('5', '2019-01-02', 'true', None, '0.1')
    """
    if cell is None or isinstance(cell, str):
        text = " ".join((cell or "").split())
        return text or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)
