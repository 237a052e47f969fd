"""Read a table of unknown manners: every cell as text, every fault with its line number.

A file is taken as people send it: gzip or plain, any encoding of `tabular.encoding`, Unix, Windows or old-Mac line
ends, comment lines above the header, tabs, commas or semicolons between the cells, quoted cells, or a sheet of a
workbook. What cannot be read is a `Problem`, never a traceback.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.disk.unpack import HEAD_BYTES, UnfoldsTooFar, holds_too_much, pieces
from oncourse.io.tabular.encoding import first_bad_byte, sniff
from oncourse.io.tabular.quoted import Refused, cells_of_line, quoted_rows, without_formulas
from oncourse.io.tabular.sheet_table import from_workbook
from oncourse.io.tabular.sheets import SUFFIXES, is_workbook
from oncourse.io.tabular.table import TextTable, column_names
from oncourse.study.schema import LISTED_PER_KIND, Problem

#: A longer line is refused: no table of ours has one, and a file without line ends would fill the memory.
MAX_LINE_BYTES = 32 << 20
_CHUNK = 4 << 20
#: Bytes looked at in one go: what is worked out of them stays in the processor's own memory.
_PIECE = 1 << 18
#: A larger body is parsed block by block.
_BLOCK = 128 << 20
#: More columns are refused; matrices of genes by samples have as many as a centre has samples, tens of thousands.
MAX_COLUMNS = 200_000

_ARCHIVE = "Unpack it, and give the folder or the file in it."
_MAGIC = (
    (
        b"PK\x03\x04",
        "is a zip file or Excel workbook.",
        "Name a workbook .xlsx, or save it as tab-separated text (UTF-8); unpack a zip file that holds others.",
    ),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook.", "Name it .xls, or save it as tab-separated text (UTF-8)."),
    (b"BZh", "is compressed with bzip2.", "Decompress it (bunzip2), or compress it with gzip."),
    (b"\xfd7zXZ", "is compressed with xz.", "Decompress it (unxz), or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd.", "Decompress it (unzstd), or compress it with gzip."),
    (b"version https://git-lfs", "is a Git LFS pointer: the data was not downloaded.", "Run `git lfs pull`."),
    (b"<!doctype html", "is a web page, not a table.", "Download the file itself (the `raw` link)."),
    (b"<html", "is a web page, not a table.", "Download the file itself (the `raw` link)."),
)


#: Hospital systems write web pages that a spreadsheet program opens.
_SAVE_AGAIN = "Open it in a spreadsheet program and save it as .xlsx."


def table_name(path: Path) -> str:
    """Return the file's name without .gz and extension: what messages call the table."""
    name = re.sub(r"(?i)\.b?gz$", "", path.name)
    ends = (".tsv", ".txt", ".csv", ".maf", ".vcf", ".seg", *SUFFIXES)
    return name.rsplit(".", 1)[0] if name.lower().endswith(ends) else name


def has_sam_header(path: Path) -> bool:
    """Whether a table stands below the header of a SAM file (GATK's tables): its lines begin with @."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            return bool(re.match(rb"@(HD|SQ|RG|PG|CO)\t", stream.read(4)))
    except (OSError, EOFError, zlib.error):
        return False


def read_table(
    path: Path | str,
    *,
    name: str | None = None,
    columns: Callable[[list[str]], list[str]] | None = None,
    comment: str = "#",
    separator: str = "\t",
    lenient: bool = False,
    max_line_bytes: int = MAX_LINE_BYTES,
    sheet: str | None = None,
    skip: int = 0,
) -> TextTable:
    """Read a delimited text file, or a sheet of a workbook; all its cells as text.

    Parameters
    ----------
    path : plain or gzip (known by its content, not its name)
    name : what messages call the table; the file's name by default
    columns : header -> the columns to keep (the others are not materialised); all by default
    comment : lines that start with this above the header are comments
    separator : between the cells; where the header has none of it, commas or semicolons are taken
    lenient : read a file that is neither UTF-8, UTF-16 nor GB18030 as Windows-1252 with a warning (exports of others);
        otherwise it is an error
    sheet : of a workbook; the one named as the table by default, else the only one, else the first
    skip : lines above the header that belong to no table (a report's title): kept as comments
    max_line_bytes : a longer line is refused with its number, before it is held in memory (at least 4 MB)

    Returns
    -------
    The cells, the line of each row, and every problem found. Blank lines are skipped; a row with fewer cells
    than the header ends in nulls (warning); a row with more is an error unless the further cells are empty.
    """
    path = Path(path)
    name = name or table_name(path)
    problems: list[Problem] = []
    if is_workbook(path):
        return from_workbook(path, name, sheet, columns)
    try:
        data = _load(path, max_line_bytes)
        data = _as_utf8(data, name, problems, lenient)
        header_at, line_no, comments = _skip_comments(data, comment.encode(), skip)
        if header_at >= len(data):
            raise Refused("the file is empty.", "Give at least a header line with the column names.")
        data = _tabbed(without_formulas(data), header_at, separator, line_no)
        header, body_at = _header(data, header_at, separator, name, line_no, problems)
    except Refused as refused:
        problems.append(Problem(name, refused.row, None, None, refused.message, refused.cure))
        return TextTable(pl.DataFrame(), pl.Series("line", [], pl.UInt32), (), tuple(problems))
    keep = set(columns(header) if columns else header)
    packed = path.stat().st_size
    if packed < len(data):
        n_cells = len(keep.intersection(header)) * data.count(b"\n", body_at)
        if holds_too_much(packed, n_cells):
            message = f"the gzip file of {packed:,} bytes unfolds to {n_cells:,} cells: no table of data does."
            problems.append(Problem(name, None, None, None, message, "If it is one, decompress it first (gunzip)."))
            return TextTable(pl.DataFrame(), pl.Series("line", [], pl.UInt32), (), tuple(problems))
    data, body_at, lines = _regular(data, body_at, separator.encode(), line_no + 1, name, problems, header)
    held = [data]
    del data  # handed over
    frame = _parse(held.pop(), body_at, header, keep, separator)
    frame, lines = _without_headers(frame, lines, name, problems)
    return TextTable(frame, lines, comments, tuple(problems))


def _without_headers(
    frame: pl.DataFrame, lines: pl.Series, name: str, problems: list[Problem]
) -> tuple[pl.DataFrame, pl.Series]:
    """Leave out rows that repeat the header (files put one behind the other), and say so."""
    if frame.width < 2:
        return frame, lines
    again = frame.to_series(0) == frame.columns[0]
    if not again.any():
        return frame, lines
    again = again.fill_null(False)
    rest = pl.all_horizontal((pl.col(c) == c).fill_null(True) for c in frame.columns)
    again = again & frame.select(rest.alias("x"))["x"]
    for line in lines.filter(again).head(LISTED_PER_KIND).to_list():
        cure = "Files were put one behind the other; remove the line."
        problems.append(Problem(name, int(line), None, None, "the line repeats the header: left out.", cure, "warning"))
    return frame.filter(~again), lines.filter(~again)


def read_lines(path: Path | str, max_line_bytes: int = MAX_LINE_BYTES) -> bytes:
    """Return the whole file, decompressed, line ends as ``\\n``; ValueError with the cure where it cannot."""
    try:
        return _load(Path(path), max_line_bytes)
    except Refused as refused:
        place = f"line {refused.row}: " if refused.row else ""
        raise ValueError(f"{place}{refused.message} {refused.cure}") from None


def _is_tar(path: Path, head: bytes) -> bool:
    """Whether a file is a tar archive, packed or not."""
    if not re.search(r"(?i)\.(tar(\.\w+)?|tgz|tbz2?|txz)$", path.name):
        return False
    return head[:2] == b"\x1f\x8b" or b"\0" in head or head[:3] in (b"BZh", b"\xfd7z")


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as raw:
            head = raw.read(64)
            raw.seek(0)
            if not head:
                raise Refused("the file is empty.", "Give at least a header line with the column names.")
            if _is_tar(path, head):
                raise Refused("is an archive (tar) of several files.", _ARCHIVE)
            for magic, message, cure in _MAGIC:
                if head.lower().startswith(magic.lower()):
                    is_sheet = message.startswith("is a web page") and path.suffix.lower() in SUFFIXES
                    raise Refused(message, _SAVE_AGAIN if is_sheet else cure)
            yield from pieces(raw)
    except UnfoldsTooFar as error:
        raise Refused(str(error), "If it is one, decompress it first (gunzip).") from None
    except FileNotFoundError:
        raise Refused("the file does not exist.", f"Looked for {path.name}.") from None
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise Refused("the gzip file is damaged.", "Copy or download it again (`gzip -t` tells).") from None
        raise Refused(f"cannot be read: {error.strerror or error}.", "Check the file and its permissions.") from None


def _load(path: Path, max_line_bytes: int) -> bytes:
    """Return the file's bytes with ``\\n`` line ends; refuse a line above the limit while reading."""
    read = io.BytesIO()  # its bytes are not copied once more when they are taken out
    carry, newline = 0, b""
    wide = False
    try:
        for chunk in _chunks(path):
            if not read.tell():
                wide = chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            if not newline and not wide:
                newline = b"\n" if b"\n" in chunk else (b"\r" if b"\r" in chunk else b"")
            mark = newline or b"\n"
            first = chunk.find(mark)
            if carry + (len(chunk) if first < 0 else first) > max_line_bytes:
                line = read.getvalue().count(mark) + 1
                raise Refused(
                    f"line {line} is longer than {max_line_bytes >> 20} MB.",
                    "A table has one row per line: check the line ends, or whether this is a table at all.",
                    line,
                )
            carry = carry + len(chunk) if first < 0 else len(chunk) - chunk.rfind(mark) - 1
            read.write(chunk)
    except (EOFError, zlib.error):
        line = read.getvalue().count(newline or b"\n") + 1
        raise Refused(
            f"the compressed file is cut off or damaged after line {line}.",
            "Copy or download it again (`gzip -t` tells).",
            line,
        ) from None
    data = read.getvalue()
    if wide:
        return data
    if newline == b"\r":
        return data.replace(b"\r", b"\n")
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def _as_utf8(data: bytes, name: str, problems: list[Problem], lenient: bool) -> bytes:
    encoding, mark = sniff(data)
    if encoding == "utf-8":
        if mark and (bad := first_bad_byte(data)) is not None:
            line = data.count(b"\n", 0, bad) + 1
            raise Refused("is marked as UTF-8 and is not, from here on: it is damaged.", "Save it anew as UTF-8.", line)
        return data[mark:]
    if encoding == "binary":
        line = data.count(b"\n", 0, data.find(b"\0")) + 1
        raise Refused(
            "holds zero bytes: it is not a text file.", "Save it as tab-separated text (UTF-8) or .xlsx.", line
        )
    at = first_bad_byte(data)
    line = data.count(b"\n", 0, at or 0) + 1
    if encoding == "cp1252" and not lenient:
        cure = "Save the file as UTF-8 (for example `iconv -f WINDOWS-1252 -t UTF-8`)."
        raise Refused("is not UTF-8 text.", cure, line)
    if not encoding.startswith("utf-16"):
        words = {"gb18030": "GB18030 (Chinese)", "cp1252": "Windows-1252"}[encoding]
        message, cure = f"is not UTF-8 text; read as {words}.", "Save it as UTF-8 to be sure of every character."
        problems.append(Problem(name, line, None, None, message, cure, "warning"))
    text = data[mark:].decode(encoding, errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").encode()


def _tabbed(data: bytes, at: int, separator: str, line_no: int) -> bytes:
    """Return a table of commas or semicolons with tabs; as it is where its header has the separator, or neither.

    A tab or line end inside a quoted cell becomes a space; line numbers stay.
    """
    end = data.find(b"\n", at)
    line = data[at : end if end >= 0 else len(data)].decode()
    if separator != "\t" or separator in line:
        return data
    bare = re.sub(r'"[^"]*"', "", line)
    mark = ";" if bare.count(";") >= max(1, bare.count(",")) else ","
    if mark not in bare:
        return _of_blanks(data, at, line, line_no)
    if b'"' not in data and b"\t" not in data:
        return data[:at] + data[at:].replace(mark.encode(), b"\t")
    out = []
    for row, n_lines in quoted_rows(data, at, mark, line_no):
        out += [""] * (n_lines - 1)  # the lines a quoted cell runs over
        out.append("\t".join(" ".join(cell.replace('"', "'").split()) for cell in row))
    return data[:at] + ("\n".join(out) + "\n").encode()


def _of_blanks(data: bytes, at: int, header: str, line_no: int) -> bytes:
    """Return a table that R's write.table wrote as it does by itself (cells in quotation marks, parted by blanks, maybe
    with the names of rows before them) with tabs; any other as it is."""
    if len(re.findall(r'"[^"]*"', header)) < 2 or not re.fullmatch(r'"[^"]*"( "[^"]*")+\s*', header):
        return data
    rows = [row for row, _ in quoted_rows(data, at, " ", line_no)]
    width = len(rows[0])
    more = all(len(row) == width + 1 for row in rows[1:] if row)  # names of rows, and none above them
    lines = ["\t".join(row[1:] if more and i else row) for i, row in enumerate(rows)]
    return data[:at] + ("\n".join(lines) + "\n").encode()


def _skip_comments(data: bytes, comment: bytes, skip: int = 0) -> tuple[int, int, tuple[str, ...]]:
    """Return where the header starts, its line number, and the comment lines above it."""
    at, number, n_wide = 0, 1, 0
    comments: list[str] = []
    held: tuple[int, int] | None = None  # a lone remark of several cells: the header, maybe (#Hugo_Symbol)
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        quoted = line.lstrip(b'"')
        is_remark = bool(comment) and quoted.startswith(comment) and not _NUMBERED.match(line)
        is_remark = is_remark or (number == 1 and bool(_EXCEL_SEPARATOR.match(line)))
        if number > skip and line.strip() and not is_remark and _is_title(line, data[end + 1 : end + 20_000]):
            is_remark = True
        if number > skip and line.strip() and not is_remark:
            if held is not None and n_wide == 1 and _is_header_of(data[held[0] : at], line):
                at, number = held[0] + 1, held[1]
                comments.pop()
            break
        if line.strip():
            is_wide = _n_cells(line) >= 3
            n_wide += is_wide
            held = (at, number) if is_wide and line.startswith(b"#") else None
        if line.strip():
            comments.append(line.decode())
        at, number = end + 1, number + 1
        if at > HEAD_BYTES:
            message = f"more than {HEAD_BYTES >> 20} MB of remarks stand above the header."
            raise Refused(message, "Is this the file that was meant? Leave out the remarks.", number)
    return at, number, tuple(comments)


#: The header of `bcftools query -H`: ``# [1]CHROM``.
_NUMBERED = re.compile(rb"#\s*\[1\]")


#: The first line that Excel takes for the separator of a text: ``sep=;``.
_EXCEL_SEPARATOR = re.compile(rb'^"?sep=.?"?\s*$')


def _n_cells(line: bytes) -> int:
    return max(line.count(mark) for mark in (b"\t", b",", b";")) + 1


def _is_title(line: bytes, rest: bytes) -> bool:
    """Whether a line is the title of the table below: one cell, above lines of three and more.

    >>> _is_title(b"Table S1. Patients,,", b"id,sex,age\\n"), _is_title(b"id", b"P1\\nP2\\n")
    (True, False)
    """
    below = next((row for row in rest.split(b"\n") if row.strip(b"\t,; ")), b"")

    def filled(row: bytes, mark: bytes) -> int:
        return sum(bool(c.strip(b'" ')) for c in row.split(mark))

    marks = (b"\t", b";", b",")
    return all(filled(line, m) == 1 for m in marks) and any(filled(below, m) >= 3 for m in marks)


def _is_header_of(remark: bytes, row: bytes) -> bool:
    """Whether a remark is the header of the row below it: as many cells, and a number in the row where it has a word.

    >>> _is_header_of(b"#gene\\tpos\\tref\\n", b"KRAS\\t25\\tC"), _is_header_of(b"#a\\tb\\tc\\n", b"A\\tB\\tC")
    (True, False)
    """
    mark = b"\t" if b"\t" in row else b";" if row.count(b";") > row.count(b",") else b","
    heads, cells = remark.strip(b"#\n").split(mark), row.split(mark)
    number = re.compile(rb'^"?[\d.,]+"?$')
    numbers = [bool(number.match(c)) and not number.match(h) for h, c in zip(heads, cells, strict=False)]
    return len(heads) == len(cells) and any(numbers) and not any(number.match(h) for h in heads)


def _unquote(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _header(
    data: bytes, at: int, separator: str, name: str, line_no: int, problems: list[Problem]
) -> tuple[list[str], int]:
    end = data.find(b"\n", at)
    end = len(data) if end < 0 else end
    if (n := data.count(separator.encode(), at, end) + 1) > MAX_COLUMNS:
        message = f"the header has {n:,} columns; at most {MAX_COLUMNS:,} are read."
        raise Refused(message, "Check the line ends, or turn the table on its side.", line_no)
    line = data[at:end].decode()
    cells = [_unquote(c.strip()).strip() for c in line.split(separator)]
    if _NUMBERED.match(line.encode()):
        cells = [re.sub(r"^(#\s*)?\[\d+\]", "", c) for c in cells]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return column_names(cells, name, line_no, problems), min(end + 1, len(data))


def _regular(
    data: bytes,
    at: int,
    sep: bytes,
    first_line: int,
    name: str,
    problems: list[Problem],
    header: list[str],
) -> tuple[bytes, int, pl.Series]:
    """Return the table's bytes with as many unquoted cells in every line as the header has, where they begin, and the
    line number of each.

    `data` from `at` on is the table; it is copied only where something in it must be mended.
    """
    width = len(header)
    if data.find(b'"', at) >= 0:
        data, at = _without_quotes(data[at:], width, sep, first_line, name, problems), 0
    if len(data) > at and not data.endswith(b"\n"):
        data += b"\n"
    has_blank = width == 1 and (data.startswith(b"\n", at) or data.find(b"\n\n", at) >= 0)
    n = None if has_blank else _even_lines(data, at, sep, width)
    if n is not None:
        return data, at, pl.Series("line", np.arange(first_line, first_line + n, dtype=np.uint32))
    body = data[at:] if at else data
    mended, lines = _mend(body, _cells_per_line(body, sep), width, sep, first_line, name, problems, header)
    return mended, 0, lines


def _even_lines(data: bytes, at: int, sep: bytes, width: int) -> int | None:
    """Return the number of lines from `at` on where each has exactly `width` cells; null where one has not.

    Each `width`-th of all separators and line ends is a line end, and no other.

    >>> _even_lines(b"a\\tb\\nc\\td\\n", 0, b"\\t", 2), _even_lines(b"a\\nb\\tc\\td\\n", 0, b"\\t", 2)
    (2, None)
    """
    n = 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + _PIECE) + 1
        if end <= at:
            end = data.find(b"\n", at) + 1
        block = np.frombuffer(data, np.uint8, end - at, at)
        marks = np.flatnonzero((block == sep[0]) | (block == 10))
        rows, rest = divmod(len(marks), width)
        is_end = block[marks[width - 1 :: width]] == 10
        if rest or not is_end.all() or np.count_nonzero(block == 10) != rows:
            return None
        n, at = n + rows, end
    return n


def _cells_per_line(body: bytes, sep: bytes) -> np.ndarray:
    """Number of cells of each line, block by block so that memory stays small."""
    counts, at = [], 0
    while at < len(body):
        end = body.rfind(b"\n", at, at + _CHUNK) + 1
        if end <= at:
            end = body.find(b"\n", at) + 1
        block = np.frombuffer(body, np.uint8, end - at, at)
        tabs, ends = np.flatnonzero(block == sep[0]), np.flatnonzero(block == 10)
        counts.append(np.diff(np.searchsorted(tabs, ends), prepend=0) + 1)
        at = end
    return np.concatenate(counts) if counts else np.zeros(0, int)


#: Names of the rows in Battenberg's ``rho_and_psi.txt``.
_SOLUTIONS = {b"ASCAT", b"FRAC_GENOME", b"REF_SEG"}


def _are_row_names(cells: list[bytes]) -> bool:
    """Whether the first cells are names of rows that R wrote beside a header without one: 1, 2, 3 ..., or known names."""
    bare = [c.strip(b'" ') for c in cells]
    return bare == [b"%d" % n for n in range(1, len(bare) + 1)] or set(bare) <= _SOLUTIONS


def _mend(
    body: bytes,
    counts: np.ndarray,
    width: int,
    sep: bytes,
    first_line: int,
    name: str,
    problems: list[Problem],
    header: list[str],
) -> tuple[bytes, pl.Series]:
    """Pad, cut or drop the lines whose number of cells is not the header's, and say so."""
    out, kept, n_short, n_long = [], [], 0, 0
    texts = body.split(b"\n")[: len(counts)]
    row_names = bool(len(counts)) and bool((counts == width + 1).all())
    if row_names and _are_row_names([line.partition(sep)[0] for line in texts]):
        message = "every row has one cell more than the header: its first is read past, as R writes the names of rows."
        cure = "Nothing is to be done, if that is right; else give every column a name."
        problems.append(Problem(name, 1, None, None, message, cure, "warning"))
        texts, counts = [line.partition(sep)[2] for line in texts], counts - 1
    for index, (line, n) in enumerate(zip(texts, counts.tolist(), strict=True)):
        if not line.strip(b"\t ,;\r"):
            continue
        number = first_line + index
        if n == 1 and width > 1 and line.startswith(b"#"):
            cure = "Files were put one behind the other; remove the line."
            said = "a remark between the rows: left out."
            problems.append(Problem(name, number, None, line.decode()[:80], said, cure, "warning"))
            continue
        if n < width:
            missing = header[n]
            is_last = index == len(texts) - 1
            message = f"has {n} cells, the header has {width}; the rest is taken as empty."
            cure = "Is the file cut off here?" if is_last else f"Give every column a cell, from {missing} on."
            if n_short < LISTED_PER_KIND:
                problems.append(Problem(name, number, missing, None, message, cure, "warning"))
            n_short += 1
            line += sep * (width - n)
        elif n > width:
            cells = line.split(sep)
            if any(c.strip() for c in cells[width:]) and n_long < LISTED_PER_KIND:
                cure = "Was it written with row names? Write it without them (R: row.names = FALSE)."
                if not row_names:
                    cure = "Is there a tab inside a cell, or a column without a name?"
                message = f"has {n} cells, the header has {width}."
                value = cells[width].decode()[:80]
                problems.append(Problem(name, number, header[-1], value, message, cure))
                n_long += 1
            line = sep.join(cells[:width])
        out.append(line)
        kept.append(number)
    return b"\n".join(out) + (b"\n" if out else b""), pl.Series("line", kept, pl.UInt32)


def _without_quotes(body: bytes, width: int, sep: bytes, first_line: int, name: str, problems: list[Problem]) -> bytes:
    """Strip quotes around cells; a separator inside quotes becomes a space. Other quotes stay as they are."""
    out = body.split(b"\n")
    separator = sep.decode()
    for index, raw in enumerate(out):
        if b'"' not in raw:
            continue
        line = raw.decode()
        cells = line.split(separator)
        if len(cells) > width:
            parsed = cells_of_line(line, separator)
            if len(parsed) == width and any(separator in cell for cell in parsed):
                message = "a separator inside quotes was read as a space."
                cure = "Write the cell without tabs."
                problems.append(Problem(name, first_line + index, None, None, message, cure, "warning"))
                cells = [cell.replace(separator, " ") for cell in parsed]
        for cell in cells:
            if cell.startswith('"') and cell.count('"') == 1 and len(cell) > 1:
                message = "a quote opens and does not close in this line."
                cure = "A cell holds no line break: put it on one line, or remove the quote."
                problems.append(Problem(name, first_line + index, None, cell[:80], message, cure))
                break
        out[index] = separator.join(_unquote(cell) for cell in cells).encode()
    return b"\n".join(out)


def _blocks(data: bytes, at: int) -> list[tuple[bytes, int]]:
    """Cut a large table after whole lines, into blocks of `_BLOCK` bytes and more: each with how many of its first lines
    are none of the table."""
    blocks, above = [], data.count(b"\n", 0, at)
    while len(data) - at > 2 * _BLOCK:
        end = data.find(b"\n", at + _BLOCK) + 1
        if not end:
            break
        blocks.append((data[at:end], 0))
        at, above = end, 0
    whole = not blocks
    return [*blocks, (data, above) if whole else (data[at:], 0)]


_FEW = 8_000  # bytes that Python cuts into cells in a third of the time in which polars plans to


def _few_rows(data: bytes, header: list[str], wanted: list[int], separator: str) -> pl.DataFrame | None:
    """Return the wanted columns of a small table, an empty cell as null; None where a line has more or fewer cells."""
    rows = [line.split(separator) for line in data.decode().removesuffix("\n").split("\n")]
    if any(len(row) != len(header) for row in rows) or len(header) < 2:
        return None
    return pl.DataFrame([pl.Series(header[n], [row[n] or None for row in rows], dtype=pl.String) for n in wanted])


def _parse(data: bytes, at: int, header: list[str], keep: set[str], separator: str) -> pl.DataFrame:
    wanted = [number for number, name in enumerate(header) if name in keep]
    if len(data) <= at or not wanted:
        return pl.DataFrame(schema=dict.fromkeys([header[number] for number in wanted], pl.String))
    if len(data) - at <= _FEW and (frame := _few_rows(data[at:], header, wanted, separator)) is not None:
        return frame
    blocks = _blocks(data, at)
    del data  # what is parsed leaves the memory block by block
    parts = []
    while blocks:
        block, above = blocks.pop(0)
        parts.append(
            pl.read_csv(
                io.BytesIO(block),
                skip_lines=above,
                separator=separator,
                has_header=False,
                quote_char=None,
                raise_if_empty=False,
                infer_schema=False,
                columns=wanted if len(wanted) < len(header) else None,
            )
        )
        del block
    frame = pl.concat(parts)
    parts.clear()
    for number in range(frame.width):  # one piece each: later steps would copy the whole table for it
        frame.replace_column(number, frame.to_series(number).rechunk())
    # the names polars invents differ between its versions; the order is the file's
    frame.columns = [header[number] for number in wanted]
    return frame
