"""Tables and paragraphs as DOCX (three-line tables) and LaTeX (booktabs)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import ToolError

#: A fixed date in the properties of a document: the same results, the same bytes.
_DATE = datetime(2000, 1, 1)
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper: its number and title, its text cells, a note below."""

    number: str
    title: str
    frame: pl.DataFrame
    note: str = ""


@dataclass(frozen=True)
class Part:
    """A heading with its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


def write_docx(path: Path, parts: Sequence[Part], tables: Sequence[PaperTable]) -> None:
    """Write headings, paragraphs and three-line tables into one DOCX.

    Raises
    ------
    ToolError : python-docx is not installed
    """
    try:
        from docx import Document
        from docx.shared import Pt
    except ImportError:
        raise ToolError("a DOCX needs python-docx: pip install 'oncourse[paper]'.") from None
    document = Document()
    document.core_properties.created = document.core_properties.modified = _DATE
    document.core_properties.author = "oncourse"
    document.styles["Normal"].font.size = Pt(10)
    for part in parts:
        document.add_heading(part.heading, level=1)
        for paragraph in part.paragraphs:
            document.add_paragraph(_plain(paragraph))
    for table in tables:
        _docx_table(document, table)
    document.save(str(path))
    _settle(path)


def _docx_table(document: Any, table: PaperTable) -> None:
    from docx.shared import Pt

    title = document.add_paragraph()
    title.add_run(f"{table.number}. ").bold = True
    title.add_run(_plain(table.title))
    made = document.add_table(rows=1, cols=table.frame.width)
    for cell, name in zip(made.rows[0].cells, table.frame.columns, strict=True):
        cell.paragraphs[0].add_run(_plain(name)).bold = True
    for row in table.frame.iter_rows():
        for cell, value in zip(made.add_row().cells, row, strict=True):
            cell.text = _plain("" if value is None else str(value))
    last = len(made.rows) - 1
    for i, row in enumerate(made.rows):
        for cell in row.cells:
            _lines(cell, top=i == 0, bottom=i in (0, last))
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8.5)
    if table.note:
        document.add_paragraph(_plain(table.note)).runs[0].font.size = Pt(8)


def _lines(cell: Any, *, top: bool, bottom: bool) -> None:
    """Lines above and below a cell: the three of a journal's table."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tcBorders")
    for edge, drawn in (("top", top), ("bottom", bottom)):
        if drawn:
            line = OxmlElement(f"w:{edge}")
            line.set(qn("w:val"), "single")
            line.set(qn("w:sz"), "8")
            borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)


def _plain(text: str) -> str:
    """Text that XML can hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)


def _settle(path: Path) -> None:
    """Rewrite the zip with fixed dates, in the order of the names."""
    import zipfile

    with zipfile.ZipFile(path) as given:
        parts = [(name, given.read(name)) for name in sorted(given.namelist())]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in parts:
            entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, data)


def latex(text: str) -> str:
    """Return text with the signs that LaTeX reads written out.

    >>> latex("60 % of KRAS_G12D")
    '60 \\\\% of KRAS\\\\_G12D'
    """
    return "".join(_LATEX.get(c, c) for c in _plain(text))


def latex_table(table: PaperTable) -> str:
    """Return a table in LaTeX with the three lines of booktabs."""
    head = " & ".join(latex(name) for name in table.frame.columns)
    rows = [" & ".join(latex("" if v is None else str(v)) for v in row) + r" \\" for row in table.frame.iter_rows()]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(table.title)}}}",
            r"\footnotesize",
            rf"\begin{{tabular}}{{{'l' * table.frame.width}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *([rf"\par {latex(table.note)}"] if table.note else []),
            r"\end{table}",
            "",
        ]
    )


def latex_parts(parts: Sequence[Part]) -> str:
    """Return headings and paragraphs in LaTeX."""
    texts = (rf"\section*{{{latex(p.heading)}}}" + "\n" + "\n\n".join(map(latex, p.paragraphs)) for p in parts)
    return "\n".join(texts) + "\n"
