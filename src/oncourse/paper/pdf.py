"""The paper as PDF: the text, tables and checklists of the DOCX, with the pages on which they stand."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from oncourse.paper.documents import PAGE_OF, Appendix, PaperTable, Part, in_order, paragraph_mark
from oncourse.report.pdf import pdf_with_places

#: A4 as a manuscript: wide margins, pages numbered, the three lines of a journal's table; a reference to a page is
#: filled in when the pages are made.
_STYLE = """@page{size:A4;margin:22mm 20mm;@bottom-center{content:counter(page);font-size:8pt}}
body{font:10pt/1.4 "DejaVu Serif","Noto Serif CJK SC","Noto Sans CJK SC",serif}
h1{font-size:13pt;margin:1em 0 .3em;break-after:avoid}p{margin:0 0 .5em}
table{border-collapse:collapse;width:100%;font-size:7.5pt;margin:.3em 0;border-top:1pt solid;border-bottom:1pt solid}
th,td{text-align:left;vertical-align:top;padding:1pt 4pt}td{overflow-wrap:anywhere}thead th{border-bottom:1pt solid}
tr{break-inside:avoid}.title{margin:1em 0 0;break-after:avoid}.note{font-size:7.5pt}.appendix{break-before:page}
a{color:inherit;text-decoration:none}a.page::after{content:target-counter(attr(href),page)}"""


def paper_pdf(
    parts: Sequence[Part], tables: Sequence[PaperTable], appendix: Appendix, language: str
) -> tuple[bytes, dict[str, int]]:
    """Return the PDF and the page of each bookmark, counted from 1.

    Raises
    ------
    ToolError : WeasyPrint is not installed
    """
    place = {key: i for i, key in enumerate(in_order(parts), 1)}
    body = [_part(part, place) for part in parts] + [_table(table) for table in tables]
    body += [f'<h1 class="appendix">{escape(appendix[0])}</h1>', *map(_table, appendix[1])]
    return pdf_with_places(f'<html lang="{language}"><style>{_STYLE}</style><body>{"".join(body)}</body></html>')


def _part(part: Part, place: dict[str, int]) -> str:
    told = [f'<h1 id="{part.mark}">{escape(part.heading)}</h1>']
    for i, (paragraph, keys) in enumerate(part.cited(), 1):
        works = f" [{', '.join(str(place[key]) for key in keys)}]" if keys else ""
        told.append(f'<p id="{paragraph_mark(part.mark, i)}">{escape(paragraph)}{works}</p>')
    return "".join(told)


def _table(table: PaperTable) -> str:
    mark = f' id="{table.mark}"' if table.mark else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in table.frame.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in table.frame.iter_rows()
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<p class="title"{mark}><b>{escape(table.number)}.</b> {escape(table.title)}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"
    )


def _cell(value: object) -> str:
    """A cell; a page of a bookmark is filled in when the pages are made."""
    return PAGE_OF.sub(r'<a class="page" href="#\1"></a>', escape("" if value is None else str(value)))
