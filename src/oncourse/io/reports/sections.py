"""A report of several tables one below the other (somatic, germline, copy numbers, fusions), each under a header of its own,
or of one table with facts of the sample (MSI, TMB) above or below it.

Their rows become one table; what the line above a header says of them (胚系变异, Fusions) stands in each row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.tabular.table import TextTable
from oncourse.io.variants.maf_columns import ALIASES
from oncourse.study.schema import Problem
from oncourse.study.words import plain, words_for

#: A longer file is one table.
MOST_LINES = 5_000
_GENE = {*words_for("column", "gene"), *words_for("panel_column", "gene"), *ALIASES["gene"]}
#: What a title says of the rows below it: column of `PANEL`, the word put there.
_TITLES = (
    (re.compile(r"(?i)胚系|生殖系|遗传性?|germ-?line|hereditary"), "origin", "germline"),
    (re.compile(r"(?i)体细胞|体系|somatic"), "title_origin", "somatic"),
    (re.compile(r"(?i)融合|重排|fusions?|rearrangements?"), "consequence", "fusion"),
)
#: A line of one cell that is a fact of the sample.
_FACT = re.compile(
    r"(?i)^\W*(?P<name>msi|tmb|[dp]?mmr|微卫星\w*|肿瘤突变负荷|错配修复\w*)[^:：]{0,6}[:：]\s*(?P<value>\S.*)$"
)


def sections(
    cells: Sequence[list[str]], lines: Sequence[int], name: str, above: Sequence[list[str]] = ()
) -> TextTable | None:
    """Return the rows of all tables of a report as one, facts of the sample (``MSI：MSS``) above or below them among them;
    null where it holds but one header and no such fact.

    `cells` begin with the first header, `above` are those before it: the last of them may be its title.

    >>> table = sections([["基因", "氨基酸变化"], ["KRAS", "p.G12D"], ["胚系变异"], ["基因", "氨基酸变化"],
    ...     ["BRCA2", "p.S1982fs"], ["MSI：MSS"]], range(1, 7), "report")
    >>> table.frame.rows()
    [('KRAS', 'p.G12D', None), ('BRCA2', 'p.S1982fs', 'germline'), ('MSI', 'MSS', None)]
    """
    if len(cells) > MOST_LINES:
        return None
    heads = [i for i, row in enumerate(cells) if _heads(row)]
    before = [fact for row in above for cell in row if (fact := _FACT.match(cell))]
    below = any(len(filled := [c for c in row if c]) == 1 and _FACT.match(filled[0]) for row in cells)
    if len(heads) < 2 and not (heads and (before or below)):
        return None
    names: dict[str, str] = {}  # our column -> what the first table that has it calls it
    rows: list[dict[str, str]] = []
    at: list[int] = []
    told: list[str] = []
    last = [c for c in above[-1] if c] if above else []
    header: list[str] = []
    said: dict[str, str] = {}
    title = last[0] if len(last) == 1 else None
    for i, (row, line) in enumerate(zip(cells, lines, strict=True)):
        filled = [c for c in row if c]
        if i in heads:
            header, said = _named(row, names), said_by_title(title)
            said = {names.get(ours, ours): word for ours, word in said.items()}
            title = None
        elif len(filled) == 1:
            fact = _FACT.match(filled[0])
            if fact:
                gene, change = names["gene"], names.get("hgvs_p", "value")
                rows.append({gene: fact["name"], change: fact["value"]})
                at.append(line)
            elif i + 1 in heads:
                title = filled[0]
            else:
                told.append(f"{line} ({filled[0][:20]})")
        elif filled and header:
            one = {h: c for h, c in zip(header, row, strict=False) if h and c}
            rows.append({**one, **{c: w for c, w in said.items() if c not in one}})
            at.append(line)
    for fact in before:
        rows.append({names["gene"]: fact["name"], names.get("hgvs_p", "value"): fact["value"]})
        at.append(lines[0])
    columns = list(dict.fromkeys(c for row in rows for c in row))
    frame = pl.DataFrame(
        [[row.get(c) for c in columns] for row in rows], dict.fromkeys(columns, pl.String), orient="row"
    )
    problems = _told(told, name)
    return TextTable(frame, pl.Series("line", at, dtype=pl.UInt32), problems=problems)


def _heads(row: Sequence[str]) -> bool:
    """Whether a line is the header of a table: a cell names the column of genes, and no other is a gene's finding."""
    return sum(bool(c) for c in row) > 1 and any(plain(c) in _GENE for c in row if c)


def _named(row: Sequence[str], names: dict[str, str]) -> list[str]:
    """Return the header with the names that the tables above gave the same columns."""
    ours = panel_columns([c for c in row if c])
    for theirs, column in ours.items():
        names.setdefault(column, theirs)
    return [names.get(ours.get(c, ""), c) for c in row]


def said_by_title(title: str | None) -> dict[str, str]:
    """Return what a title says of the rows below it: column of a report -> word.

    >>> said_by_title("胚系变异"), said_by_title("SNV")
    ({'origin': 'germline'}, {})
    """
    return {column: word for pattern, column, word in reversed(_TITLES) if title and pattern.search(title)}


def _told(told: Sequence[str], name: str) -> tuple[Problem, ...]:
    if not told:
        return ()
    message = f"{len(told)} lines between the tables of the report are not read: {', '.join(told[:5])}."
    cure = "Give what is needed of them a row or a column of its own."
    return (Problem(name, None, None, None, message, cure, "warning"),)
