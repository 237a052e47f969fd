"""Figures and tables as compressed text inside a page: drawn when a reader opens them."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable
from oncourse.report.behind import Places, marks_in_places
from oncourse.study.schema import Column
from oncourse.words.catalogue import catalogue
from oncourse.words.phrases import page_in, translator

#: Rows of a table that the page carries; the rest is in its TSV.
ROWS_SHOWN = 2_000
#: Cells of a table that the page carries.
CELLS_SHOWN = 40_000
#: Columns that may tie a row of counts to the rows of patients behind it.
_TIES = (
    "gene",
    "variant_id",
    "endpoint",
    "line",
    "comparison",
    "status",
    "drug_class",
    "name",
    "marker",
    "response",
    "evidence_id",
    "rule_id",
    "measure",
    "kind",
    "step",
    "site",
)

#: How hard gzip tries: what the page carries is at most a twentieth larger than at 9, in a sixth of the time.
_LEVEL = 4


def packed(text: str) -> str:
    """Return text as gzip in base64; the same text, the same bytes."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), _LEVEL, mtime=0)).decode("ascii")


def unpacked(text: str) -> str:
    """Return what `packed` packed.

    >>> unpacked(packed("a"))
    'a'
    """
    return gzip.decompress(base64.b64decode(text)).decode("utf-8")


@dataclass(frozen=True)
class TableView:
    """What a page holds of one table; ``data`` is its packed JSON (columns, rows, what lies behind a row), ``columns`` the
    heads of its columns for the search."""

    id: str
    name: str
    title: str
    text: str
    n_rows: int
    n_shown: int
    columns: str
    data: str


@dataclass(frozen=True)
class FigureView:
    """What a page holds of one figure: its packed drawing and its shape, so that the page does not jump.

    is_tall : higher than wide; over the whole width of a screen it would not be seen whole
    """

    id: str
    file: str
    title: str
    caption: str
    ratio: str
    is_tall: bool
    data: str


def table_view(
    declared: OutputTable, frame: pl.DataFrame, behind: dict[str, Any] | None = None, language: str = "en"
) -> TableView:
    """Return the first rows of a table with short numbers, for the page.

    behind : who is behind a row: `tie`, or `oncourse.report.behind.answers`
    """
    floats = [c for c, t in frame.schema.items() if t.is_float()]
    most = min(ROWS_SHOWN, max(50, CELLS_SHOWN // max(frame.width, 1)))
    shown = frame.head(most).with_columns(
        pl.when(pl.col(c).is_finite()).then(pl.col(c).round_sig_figs(4)).otherwise(pl.col(c)).alias(c) for c in floats
    )
    data: dict[str, Any] = {
        "name": declared.name,
        "columns": [[c.name, c.text + (f" ({c.unit})" if c.unit else ""), plain(c.name)] for c in declared.columns],
        "rows": [list(row) for row in shown.rows()],
    }
    _without_infinity(data["rows"], [i for i, c in enumerate(shown.columns) if c in floats])
    if language != "en":
        data = _translated(data, [t == pl.String and c not in _NAMES for c, t in shown.schema.items()], language)
    if behind:
        data["behind"] = behind
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
    return TableView(
        id="t-" + declared.name.replace("/", "-"),
        name=declared.name,
        title=table_title(declared.name, language),
        text=declared.text,
        n_rows=frame.height,
        n_shown=shown.height,
        columns="; ".join(head for _, _, head in data["columns"]),
        data=packed(text),
    )


def _without_infinity(rows: list[list[Any]], at: list[int]) -> None:
    """Write what no number of JSON is as the files do: ``inf`` is without limit, nothing is not known."""
    for i in at:
        for row in rows:
            value = row[i]
            if value is not None and not isfinite(value):
                row[i] = None if value != value else str(value)


#: Columns that hold names and citations, whatever they look like.
_NAMES = (
    "estimate",
    "patient_id",
    "sample_id",
    "gene",
    "variant_id",
    "protein_change",
    "hgvs_c",
    "chrom",
    "rule_id",
    "trial",
    "effect_size",
    "source",
    "sources",
    "certainty",
    "citation",
    "column",
)


def _translated(data: dict[str, Any], is_text: list[bool], language: str) -> dict[str, Any]:
    """A table in a language: the head of each column beside its name, which files keep, and the cells that are
    words."""
    said = translator(language)
    heads = catalogue(language)
    columns = [[name, said(text), heads.get(f"head.{name}", head)] for name, text, head in data["columns"]]
    at = [i for i, words in enumerate(is_text) if words]
    rows = [list(row) for row in data["rows"]]
    for row in rows:
        for i in at:
            row[i] = said(row[i]) if isinstance(row[i], str) else row[i]
    return data | {"columns": columns, "rows": rows}


#: Parts of names that are written otherwise in words.
_SPELT = {
    "ctdna": "ctDNA",
    **{
        w: w.upper() for w in ("psa", "ras", "tcga", "msi", "hrd", "vaf", "ccf", "tmb", "ci", "hr", "loh", "dna", "rna")
    },
}


def plain(name: str) -> str:
    """Return the words of a name of a table or column.

    >>> plain("ctdna_rise"), plain("vaf_ci_low"), plain("p_value")
    ('ctDNA rise', 'VAF CI low', 'p value')
    """
    return " ".join(_SPELT.get(part, part) for part in name.split("_"))


#: Titles of tables whose last name says too little by itself.
_TITLES = {
    "overview/apart": "Samples set apart",
    "overview/assays": "Assays and their genes",
    "overview/drugs": "Drugs as they were understood",
    "overview/recorded": "What is recorded, and how much",
    "overview/baseline": "Patients at the start",
    "overview/excluded": "Who was left out of which analysis",
    "overview/file_names": "Files whose name is not the id",
    "overview/given": "What was given in each line",
    "overview/identity": "Whose each sample is",
    "overview/missing": "Values that are missing",
    "overview/samples_used": "Which sample stood for whom",
}


def table_title(name: str, language: str) -> str:
    """Return the words above a table, by its name (``overview/flow``)."""
    if language == "en" and name in _TITLES:
        return _TITLES[name]
    last = name.split("/")[-1]
    words = plain(last)
    first, _, rest = words.partition(" ")
    spelt = first if first in _SPELT.values() else first[:1].upper() + first[1:]
    return catalogue(language).get(f"table.{last}", " ".join(filter(None, (spelt, rest))))


ESTIMATES = (
    Column("estimate", pl.String, "name in results.json"),
    Column("value", pl.String, "value in its unit"),
    Column("ci_95", pl.String, "95 % interval"),
    Column("n", pl.Int64, "what it rests on"),
    Column("method", pl.String, "how the interval was made"),
)


def estimates_view(analysis: str, estimates: Sequence[Estimate], language: str = "en") -> TableView | None:
    """Return every number of an analysis as a table, None without any."""
    answer = {"who": f"who-{analysis}", "questions": [e.question for e in estimates]}
    rows = [
        {
            "estimate": e.name,
            "value": e.number(e.value),
            "n": e.n,
            "method": e.method,
            "ci_95": "" if e.ci_low is None and e.ci_high is None else f"{e.number(e.ci_low)} to {e.number(e.ci_high)}",
        }
        for e in estimates
    ]
    declared = OutputTable(f"{analysis}/estimates", "every estimate, as in results.json", ESTIMATES)
    return table_view(declared, declared.frame(rows), answer, language) if rows else None


def tie(columns: Collection[Column], others: dict[str, pl.DataFrame]) -> dict[str, Any] | None:
    """Return which table names the patients behind a row of these columns, and the columns that tie them.

    None where the row names its patient itself, or no table of patients shares a column.
    """
    mine = [c.name for c in columns]
    if "patient_id" in mine:
        return None
    best: tuple[int, str, list[str]] | None = None
    for name, frame in others.items():
        shared = [c for c in mine if c in _TIES and c in frame.columns]
        if "patient_id" in frame.columns and 0 < frame.height <= ROWS_SHOWN and shared:
            best = max(best or (0, "", []), (len(shared), name, shared))
    if best is None or not best[0]:
        return None
    return {"table": "t-" + best[1].replace("/", "-"), "on": best[2]}


def figure_view(analysis: str, figure: Figure, place: Places, language: str = "en") -> FigureView:
    """Return a figure packed for the page; place : of each patient in the page's index."""
    said = translator(language)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', figure.svg)
    width, height = (float(box[1]), float(box[2])) if box else (7.0, 4.0)
    return FigureView(
        id=f"f-{analysis}-{figure.name}",
        file=f"{analysis}-{figure.name}",
        title=said(figure.title),
        caption=said(figure.caption),
        ratio=f"{width:.0f} / {height:.0f}",
        is_tall=height > width,
        data=packed(page_in(marks_in_places(figure.svg, place), language)),
    )
