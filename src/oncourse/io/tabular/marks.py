"""What people mark in the cells of an .xlsx workbook beside their values: comments, text struck out, colours.

A comment may say more than its cell (2022-03 已死亡 beside 存活), a row struck out was meant to be none, a colour means
what its author knows. None of them is read; where they stand is told (ECMA-376, part 1: comments, font ``strike``, fills).
"""

from __future__ import annotations

import re
import zipfile

_COMMENT = re.compile(r'<(?:comment|threadedComment)\b[^>]*?\bref="([A-Z]+\d+)"')
_RELATED = re.compile(r'Target="([^"]*omments?[^"]*\.xml)"', re.I)
_FONT = re.compile(r"<font\b[^>]*?/>|<font\b[^>]*>.*?</font>", re.S)
_FILL = re.compile(r"<fill\b[^>]*?/>|<fill>.*?</fill>", re.S)
_STRIKE = re.compile(r'<strike(?:\s+val="(?:1|true)")?\s*/>')
_XF = re.compile(r"<xf\b[^>]*>")
_CELL = re.compile(rb'<c\b(?=[^>]*?\br="([A-Z]+)(\d+)")(?=[^>]*?\bs="(\d+)")[^>]*>(?=<[fv i])')
#: A sheet of which more cells are coloured is decorated.
_DECORATED = 1 / 3


def comments_of(book: zipfile.ZipFile, part: str) -> tuple[str, ...]:
    """Return the cells of a sheet (its part of the workbook) that have a comment: D2, E7 ..."""
    folder, _, file = part.rpartition("/")
    try:
        related = book.read(f"{folder}/_rels/{file}.rels").decode("utf-8", errors="replace")
    except KeyError:
        return ()
    names = {name for target in _RELATED.findall(related) if (name := _joined(folder, target)) in book.namelist()}
    found = [m for name in sorted(names) for m in _COMMENT.findall(book.read(name).decode("utf-8", errors="replace"))]
    return tuple(dict.fromkeys(found))


def _joined(folder: str, target: str) -> str:
    """Return the name of a part that a sheet's folder points to (../comments1.xml)."""
    if target.startswith("/"):
        return target.lstrip("/")
    parts = folder.split("/")
    for step in target.split("/"):
        parts = parts[:-1] if step == ".." else [*parts, step]
    return "/".join(parts)


def styles_of(book: zipfile.ZipFile) -> tuple[set[bytes], set[bytes]]:
    """Return the numbers of the cell styles whose text is struck out, and of those with a colour behind it."""
    try:
        text = book.read("xl/styles.xml").decode("utf-8", errors="replace")
    except KeyError:
        return set(), set()
    fonts = _FONT.findall(text.partition("<fonts")[2].partition("</fonts>")[0])
    fills = _FILL.findall(text.partition("<fills")[2].partition("</fills>")[0])
    struck = {str(i) for i, font in enumerate(fonts) if _STRIKE.search(font)}
    filled = {str(i) for i, fill in enumerate(fills) if i > 1 and 'patternType="solid"' in fill and _is_colour(fill)}
    cells = _XF.findall(text.partition("<cellXfs")[2].partition("</cellXfs>")[0])

    def with_any(name: str, wanted: set[str]) -> set[bytes]:
        numbers = (re.search(rf'\b{name}="(\d+)"', xf) for xf in cells)
        return {str(at).encode() for at, m in enumerate(numbers) if m and m[1] in wanted}

    return with_any("fontId", struck), with_any("fillId", filled)


def _is_colour(fill: str) -> bool:
    return "<fgColor" in fill and not re.search(
        r'<fgColor[^>]*(?:rgb="(?:FF|00)?FFFFFF"|indexed="64"|indexed="9")', fill
    )


def marked_cells(text: bytes, struck: set[bytes], filled: set[bytes]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the cells with a value that are struck out, and those that are coloured where few are (not the first row)."""
    if not struck and not filled:
        return (), ()
    out, coloured, n = [], [], 0
    for letters, row, style in _CELL.findall(text):
        n += 1
        place = f"{letters.decode()}{row.decode()}"
        if style in struck:
            out.append(place)
        if style in filled and row != b"1":
            coloured.append(place)
    total = max(n, len(re.findall(rb"<[vi]s?>", text)))
    return tuple(out), tuple(coloured) if len(coloured) <= _DECORATED * total else ()
