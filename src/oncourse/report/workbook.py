"""Tables -> one xlsx workbook, a sheet each; a word is spelled once a column, and rows go to the file in parts.

Office Open XML (ECMA-376 part 1, 18.3): texts stand in their cells (`inlineStr`), so that nothing is kept of a sheet
that is written.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import polars as pl

#: Rows of one sheet: Excel's limit less the header; its columns, and characters of a cell.
SHEET_ROWS, SHEET_COLUMNS, CELL_CHARACTERS = 1_048_575, 16_384, 32_767
#: Cells of a table beyond which its sheet would take longer than the rest of the report; the TSV has all rows.
SHEET_CELLS = 600_000
#: Rows that are spelled at a time.
PART = 20_000
#: Date of every part of the file: the same results, the same bytes.
_BORN = (2000, 1, 1, 0, 0, 0)
#: What XML cannot hold, and what looks like the escape of it (ECMA-376 part 1, 22.9.2.19, `_xHHHH_`).
_NOT_XML, _LIKE_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]"), re.compile("_(x[0-9a-fA-F]{4}_)")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
#: Cell formats: 0 plain, 1 bold (of a header).
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>'
)


def write_workbook(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    """Write every table into one xlsx workbook, a sheet each, with a first sheet that lists them.

    A table above `SHEET_CELLS` keeps its first rows there; the contents sheet says how many of how many. An unknown is
    an empty cell, a number that is none an error (#NUM!, #DIV/0!), and text stays text (=1+1, MARCH1).
    """
    rows = {
        name: min(frame.height, SHEET_ROWS, max(1, SHEET_CELLS // max(1, frame.width)))
        for name, frame in tables.items()
    }
    labels = [f"{i} {name.split('/')[-1]}"[:31] for i, name in enumerate(tables, 1)]
    contents = pl.DataFrame(
        {
            "sheet": labels,
            "table": [f"{name}.tsv" for name in tables],
            "rows": [frame.height for frame in tables.values()],
            "rows in this workbook": list(rows.values()),
        },
        schema={"sheet": pl.String, "table": pl.String, "rows": pl.Int64, "rows in this workbook": pl.Int64},
    )
    wide = '<cols><col min="1" max="2" width="34" customWidth="1"/></cols>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as book:
        for part, text in _frame_of_book(["contents", *labels]).items():
            book.writestr(_part(part), text, zipfile.ZIP_DEFLATED)
        _write_sheet(book, 1, contents, wide)
        for number, (name, frame) in enumerate(tables.items(), 2):
            _write_sheet(book, number, frame[:, :SHEET_COLUMNS].head(rows[name]))


def _part(name: str) -> zipfile.ZipInfo:
    """Return the entry of a part of the file."""
    info = zipfile.ZipInfo(name, _BORN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def _frame_of_book(sheets: list[str]) -> dict[str, str]:
    """Return the parts of the file that are no sheets."""
    numbers = range(1, len(sheets) + 1)
    of_sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for i in numbers
    )
    listed = "".join(f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, 1))
    where = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in numbers
    )
    return {
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{of_sheets}</Types>'
        ),
        "_rels/.rels": (
            f'{_HEAD}<Relationships xmlns="{_RELATIONS}">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{_HEAD}<Relationships xmlns="{_RELATIONS}">{where}'
            f'<Relationship Id="rId{len(sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": _STYLES,
    }


def _write_sheet(book: zipfile.ZipFile, number: int, frame: pl.DataFrame, columns: str = "") -> None:
    """Write one sheet, its header bold and held in place."""
    with book.open(_part(f"xl/worksheets/sheet{number}.xml"), "w") as file:
        file.write(
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
            f'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>{columns}'
            "<sheetData>".encode()
        )
        header = [[_text(name)] for name in frame.columns]
        file.write(_rows([_cells(cell, i, 1, ' s="1" t="inlineStr"') for i, cell in enumerate(header)], 1))
        for start in range(0, frame.height, PART):
            part = frame.slice(start, PART).iter_columns()
            file.write(_rows([_column(series, i, start + 2) for i, series in enumerate(part)], start + 2))
        file.write(b"</sheetData></worksheet>")


def _rows(columns: list[list[str]], first: int) -> bytes:
    """Return rows as XML from the cells of each column; first : number of the first row."""
    rows = (f'<row r="{i}">{"".join(cells)}</row>' for i, cells in enumerate(zip(*columns, strict=True), first))
    return "".join(rows).encode()


def column_letters(index: int) -> str:
    """Return the name of a column, the first being 0.

    >>> [column_letters(i) for i in (0, 25, 26, 701, 702, 16383)]
    ['A', 'Z', 'AA', 'ZZ', 'AAA', 'XFD']
    """
    out = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        out = chr(65 + letter) + out
    return out


def _column(series: pl.Series, index: int, first: int) -> list[str]:
    """Return the cells of a column as XML, "" where unknown; first : number of its first row."""
    values = series.to_list()
    if series.dtype == pl.Boolean:
        return _cells([None if v is None else f"<v>{v:d}</v>" for v in values], index, first, ' t="b"')
    if series.dtype.is_float() and not series.is_finite().all():
        return [
            cell
            for row, v in enumerate(values, first)
            for cell in _cells([_number(v)], index, row, "" if v is None or math.isfinite(v) else ' t="e"')
        ]
    if series.dtype.is_numeric():
        return _cells([None if v is None else f"<v>{v}</v>" for v in values], index, first, "")
    if series.dtype != pl.String:  # a day, a list
        values = [None if v is None else str(v) for v in values]
    spelled = {v: _text(v) for v in set(values)}  # few words are many cells
    return _cells([spelled[v] for v in values], index, first, ' t="inlineStr"')


def _cells(inside: list[str | None], index: int, first: int, kind: str) -> list[str]:
    letters = column_letters(index)
    return ["" if text is None else f'<c r="{letters}{row}"{kind}>{text}</c>' for row, text in enumerate(inside, first)]


def _number(value: float | None) -> str | None:
    """Return a number as XML, as an error where it is none."""
    if value is None:
        return None
    return f"<v>{value if math.isfinite(value) else '#NUM!' if math.isnan(value) else '#DIV/0!'}</v>"


def _text(word: str | None) -> str | None:
    """Return a text as XML, None where it has no character.

    >>> _text("p<.05"), _text(" a"), _text("x\\x07_x0041_"), _text("")
    ('<is><t>p&lt;.05</t></is>', '<is><t xml:space="preserve"> a</t></is>', '<is><t>x_x0007__x005F_x0041_</t></is>', None)
    """
    if not word:
        return None
    word = _LIKE_ESCAPE.sub(r"_x005F_\1", word[:CELL_CHARACTERS])
    word = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", word)
    kept = ' xml:space="preserve"' if word != word.strip() else ""
    return f"<is><t{kept}>{escape(word)}</t></is>"
