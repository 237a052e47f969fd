"""Tables and paragraphs as DOCX (three-line tables) and LaTeX (booktabs)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from oncourse.errors import ToolError

#: A fixed date in the properties of a document: the same results, the same bytes.
_DATE = datetime(2000, 1, 1)
#: The page of a bookmark, in a text of a document: filled in when the pages of the PDF are known.
PAGE = "{{page:{}}}"
PAGE_OF = re.compile(r"\{page:(\w+)\}")
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
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "\u2212": "$-$",
}


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper: its number and title, its text cells, a note below, its bookmark."""

    number: str
    title: str
    frame: pl.DataFrame
    note: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Part:
    """A heading with its paragraphs and its bookmark; the works that each paragraph cites, the analysis it is of."""

    heading: str
    paragraphs: tuple[str, ...]
    mark: str = ""
    cites: tuple[tuple[str, ...], ...] = ()
    of: tuple[str, ...] = ()

    def cited(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return each paragraph with the keys it cites."""
        return list(zip(self.paragraphs, self.cites or ((),) * len(self.paragraphs), strict=True))

    def places(self) -> dict[str, int]:
        """Return the number of the first paragraph of each analysis, counted from 1.

        >>> Part("Results", ("x", "y"), of=("", "survival")).places()
        {'survival': 2}
        """
        numbered = [(name, i) for i, name in enumerate(self.of, 1) if name]
        return dict(reversed(numbered))


#: A heading and the tables below it.
Appendix = tuple[str, Sequence[PaperTable]]


def mark_of(text: str) -> str:
    """Return the bookmark of a heading or a number of a table.

    >>> mark_of("Table 1b")
    'table_1b'
    """
    return re.sub(r"\W+", "_", text.lower())


def paragraph_mark(part: str, number: int) -> str:
    """Return the bookmark of a paragraph of a part, counted from 1."""
    return f"{part}_{number}"


def in_order(parts: Sequence[Part]) -> list[str]:
    """Return the keys that the parts cite, each once, in the order in which they are cited.

    >>> in_order([Part("a", ("x", "y"), cites=(("k2",), ("k1", "k2")))])
    ['k2', 'k1']
    """
    return list(dict.fromkeys(key for part in parts for keys in part.cites for key in keys))


def write_docx(
    path: Path,
    parts: Sequence[Part],
    tables: Sequence[PaperTable],
    appendix: Appendix | None = None,
    pages: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Write headings, paragraphs and three-line tables into one DOCX; the appendix (heading, tables) begins a page.

    pages : of each bookmark that a text names the page of

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
    place = {key: i for i, key in enumerate(in_order(parts), 1)}
    for part in parts:
        _bookmark(document.add_heading(part.heading, level=1), part.mark)
        for i, (paragraph, keys) in enumerate(part.cited(), 1):
            made = document.add_paragraph(_plain(paragraph))
            _bookmark(made, paragraph_mark(part.mark, i) if i in part.places().values() else "")
            if keys:
                made.add_run(f" [{', '.join(str(place[key]) for key in keys)}]")
    for table in tables:
        _docx_table(document, table, pages)
    if appendix is not None:
        document.add_page_break()
        document.add_heading(appendix[0], level=1)
        for table in appendix[1]:
            _docx_table(document, table, pages)
    document.save(str(path))
    _settle(path)


def _docx_table(document: Any, table: PaperTable, pages: Mapping[str, int]) -> None:
    from docx.shared import Pt

    title = document.add_paragraph()
    title.paragraph_format.keep_with_next = True
    title.add_run(f"{table.number}. ").bold = True
    _bookmark(title, table.mark)
    title.add_run(_plain(table.title))
    made = document.add_table(rows=1, cols=table.frame.width)
    for cell, name in zip(made.rows[0].cells, table.frame.columns, strict=True):
        cell.paragraphs[0].add_run(_plain(name)).bold = True
    for row in table.frame.iter_rows():
        for cell, value in zip(made.add_row().cells, row, strict=True):
            text = _plain("" if value is None else str(value))
            cell.paragraphs[0].add_run(PAGE_OF.sub(lambda m: str(pages[m[1]]), text))
    last = len(made.rows) - 1
    for i, row in enumerate(made.rows):
        for cell in row.cells:
            _lines(cell, top=i == 0, bottom=i in (0, last))
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8.5)
    if table.note:
        document.add_paragraph(_plain(table.note)).runs[0].font.size = Pt(8)


def _bookmark(paragraph: Any, name: str) -> None:
    """Mark a paragraph, so that its page can be told."""
    from zlib import crc32

    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    if not name:
        return
    for kind, place in (("bookmarkStart", 1), ("bookmarkEnd", len(paragraph._p) + 1)):
        element = OxmlElement(f"w:{kind}")
        element.set(qn("w:id"), str(crc32(name.encode()) % 10**6))
        if kind == "bookmarkStart":
            element.set(qn("w:name"), name)
        paragraph._p.insert(place, element)


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


#: Letters that fit the width of a page in small type; a wider table breaks its texts over lines.
LETTERS = 95


def latex_table(table: PaperTable) -> str:
    """Return a table in LaTeX with the three lines of booktabs, not wider than the text."""
    head = " & ".join(latex(name) for name in table.frame.columns)
    rows = [_row(row) for row in table.frame.iter_rows()]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\renewcommand{{\thetable}}{{{latex(table.number.split()[-1])}}}",
            rf"\caption{{{latex(table.title)}}}",
            *([rf"\label{{{table.mark}}}"] if table.mark else []),
            r"\footnotesize",
            rf"\begin{{tabular}}{{{_columns(table.frame)}}}",
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


def _row(cells: Sequence[object]) -> str:
    r"""Return a row of a tabular. A `[` or `*` behind a rule, or the `\\` of the row above, is its width or distance."""
    row = " & ".join(latex("" if v is None else str(v)) for v in cells) + r" \\"
    return "{}" + row if row.startswith(("[", "*")) else row


def _columns(frame: pl.DataFrame) -> str:
    """The columns of a tabular: as wide as their text, or shares of the width of the page where that is too little."""
    lengths = [max(len(str(v)) for v in (name, *frame[name].fill_null("").to_list())) for name in frame.columns]
    if sum(lengths) <= LETTERS:
        return "l" * len(lengths)
    fair = [min(n, 45) for n in lengths]
    room = 0.98 - 0.02 * len(fair)
    return "".join(rf"p{{{room * n / sum(fair):.2f}\linewidth}}" for n in fair)


def latex_parts(parts: Sequence[Part]) -> str:
    r"""Return headings and paragraphs in LaTeX, with the works they cite.

    >>> latex_parts([Part("a", ("x",), cites=(("k1", "k2"),))])
    '\\section*{a}\nx~\\cite{k1,k2}\n'
    """
    return "".join(
        rf"\section*{{{latex(p.heading)}}}" + "\n" + "\n\n".join(_cited(*pair) for pair in p.cited()) + "\n"
        for p in parts
    )


def _cited(paragraph: str, keys: Sequence[str]) -> str:
    return latex(paragraph) + (rf"~\cite{{{','.join(keys)}}}" if keys else "")


def latex_document(language: str) -> str:
    """Return the document that holds text, tables and references; Chinese needs XeLaTeX (ctex)."""
    kind = r"\documentclass[a4paper]{article}" if language == "en" else r"\documentclass[a4paper]{ctexart}"
    lines = (
        kind,
        r"\usepackage[margin=2.2cm]{geometry}",
        r"\usepackage{booktabs}",
        r"\usepackage{textcomp}",
        r"\usepackage{url}",
        r"\begin{document}",
        r"\input{text}",
        r"\clearpage",
        r"\input{tables}",
        r"\bibliographystyle{unsrt}",
        r"\bibliography{references}",
        r"\end{document}",
    )
    return "\n".join(lines) + "\n"
