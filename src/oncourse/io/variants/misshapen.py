"""Rows whose cells are not under their columns: joined, lost, shifted or exchanged. Nothing is read from such a row.

A record of a VCF that lost a cell still has a place, or bases, or reads in some cell: what is read of it is another
variant, or none, and the gene it was of would be wild type. Such a file is refused by its lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from oncourse.io.tabular.table import TextTable
from oncourse.study.schema import Problem

_SHORT = re.compile(r"^has \d+ cells, the header has \d+; the rest is taken as empty\.$")
_CURE = "Repair the line (a tab that became a blank, a cell that was lost), or ask for the file anew."
#: Column -> what its cells never hold (VCF 4.3, 1.6.1), in a pattern, and what that is.
_NEVER = (
    ("REF", r"[\d:;=]", "no bases"),
    ("QUAL", r"(?i)[a-z/:=|]", "no quality"),
    ("FILTER", r"(?:^|;)\w+=|^(GT|AD|DP)(:|$)|^\d[/|]\d", "no filter"),
    ("FORMAT", r"^[\d.][/|]|[,=]|^\d+$", "no list of keys"),
)
#: Words that are numbers where a quality stands.
_NUMBERS = r"(?i)^[+-]?(inf(inity)?|nan|\d+(\.\d*)?e[+-]?\d+)$"


def misshapen(table: TextTable, name: str) -> list[Problem]:
    """Return the problems of a VCF's lines; one that lost cells, or holds what its columns never hold, is an error.

    >>> import polars as pl
    >>> record = {"QUAL": ["PASS", "50", "1e3"], "FILTER": ["DP=10", "DP<=9", "q10"], "FORMAT": ["0/1", "GT:AD", "GT"]}
    >>> [p.message for p in misshapen(TextTable(pl.DataFrame(record), pl.Series([5, 6, 7])), "a")]
    ["'PASS' is no quality: the cells are not under their columns."]
    """
    out = [replace(p, severity="error", cure=_CURE) if _SHORT.match(p.message) else p for p in table.problems]
    told: set[int] = set()
    for column, never, what in _NEVER:
        if column not in table.frame.columns:
            continue
        cells = table.frame[column]
        wrong = cells.unique().drop_nulls()
        wrong = wrong.filter(wrong.str.contains(never) & ~(wrong.str.contains(_NUMBERS) & (column == "QUAL")))
        if wrong.is_empty():
            continue
        for index in cells.is_in(wrong.implode()).fill_null(False).arg_true().head(20).to_list():
            line = int(table.lines[index])
            if line not in told:
                told.add(line)
                message = f"'{cells[index][:40]}' is {what}: the cells are not under their columns."
                out.append(Problem(name, line, column, cells[index][:80], message, _CURE))
    return out


def with_short_rows(problems: Sequence[Problem], short: Sequence[Problem]) -> list[Problem]:
    """Return the problems of a table's rows; a row that has fewer cells than the header (`short`), and of which place,
    alleles or reads cannot be read, is an error: its cells are not under their columns.

    A row may be short because its last cells are empty: that alone is none.
    """
    lines = {p.row for p in short if _SHORT.match(p.message)}
    damaged = {p.row for p in problems if p.row in lines and p.column in _ESSENTIAL}
    return [
        replace(p, severity="error", cure=_CURE) if p.row in damaged and p.column in _ESSENTIAL else p for p in problems
    ]


def moved_cells(frame: pl.DataFrame, lines: pl.Series, short: Sequence[Problem], name: str) -> list[Problem]:
    """Return an error for each row of a report that has fewer cells than the header and no digit where a number stands:
    two of its cells became one, and the others moved.

    `frame` has our names (vaf, depth, alt_count); `short`: the problems of the table's lines.
    """
    at = {p.row for p in short if _SHORT.match(p.message)}
    numbers = [c for c in ("vaf", "depth", "alt_count") if c in frame.columns]
    out = []
    for index in lines.is_in(list(at)).arg_true().to_list() if at else []:
        for column in numbers:
            cell = str(frame[column][index] or "").strip()
            if len(cell) > 1 and not re.search(r"\d", cell) and cell.lower() not in ("na", "nan", "n/a", "none", "--"):
                message = f"'{cell[:40]}' is no number: the cells are not under their columns."
                out.append(Problem(name, int(lines[index]), column, cell[:80], message, _CURE))
                break
    return out


_ESSENTIAL = ("chrom", "pos", "alt", "alt_count", "ref_count", "depth")

#: Words of other columns: a sample of such a name has the cells of another column.
_WORDS = re.compile(
    r"(?i)^(snp|snv|dnp|tnp|onp|indel|substitution|pass|somatic|uncalled|detected|not detected|"
    r"missense([ _](mutation|variant))?|nonsense(_mutation)?|silent|splice_site|"
    r"(frame_shift|in_frame)_(del|ins)|stop_gained|frameshift(_variant)?|grch3[78].*|hg(18|19|38)|"
    r"\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|"
    r"p\.\(?([a-z]{3}|[a-z])\d+([a-z]{3}|[a-z]|\*|=|fs\S*|_\S+)\)?|[cg]\.[-*]?\d+\S*[a-z]|"
    r"\d+([.,]\d+)?\s*%|\d+,\d+|chr(\d+|[xy]|mt?)|true|false|yes|no|阳性|阴性|检出|未检出|体细胞|胚系)$"
)


def words_for_names(ids: Sequence[str], name: str) -> list[Problem]:
    """Return an error for samples that are called by a word of another column: its row's cells are exchanged or shifted.

    Words that people call samples (wt and del of a cell line, 1.5 of a region) are none of these.

    >>> [p.value for p in words_for_names(["S1", "p.G12D", "SNP", "P-1", "CRC-01", "9-Sep", "1.5", "P.T1", "wt"], "a")]
    ['p.G12D', 'SNP', '9-Sep']
    """
    cure = "Are the cells of its row under their columns? Correct the row, or give the sample a name."
    return [
        Problem(name, None, "sample_id", i, f"'{i}' is no name of a sample: a word or number of another column.", cure)
        for i in ids
        if _WORDS.match(i.strip())
    ]
