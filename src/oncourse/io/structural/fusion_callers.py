"""Fusions of callers (Arriba, STAR-Fusion, FusionCatcher, LINX, JAFFA, EricScript, fusion-report) -> fusions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.facts.report_genes import pair_named
from oncourse.io.ledger import Ledger
from oncourse.io.structural.events import frames, joined_fusions
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table, table_name
from oncourse.io.whose.sample_names import sample_of_file
from oncourse.study.schema import Problem

#: Our column -> the callers' names (lower case, without #).
_COLUMNS = {
    "gene_5p": (
        "gene1",
        "leftgene",
        "gene_1_symbol(5end_fusion_partner)",
        "gene_5p",
        "5p_gene",
        "gene_a",
        "genestart",
        "genename1",
        "genea",
    ),
    "gene_3p": (
        "gene2",
        "rightgene",
        "gene_2_symbol(3end_fusion_partner)",
        "gene_3p",
        "3p_gene",
        "gene_b",
        "geneend",
        "genename2",
        "geneb",
    ),
    "sample_id": ("sample_id", "sample", "tumor_sample_barcode"),
    "confidence": ("confidence",),
    # Arriba, STAR-Fusion, FusionCatcher, LINX
    "frame": ("reading_frame", "prot_fusion_type", "predicted_effect", "phased", "frame"),
    "reported": ("reported",),
    "filter": ("filter",),  # DRAGEN
}
_WORDS = ("confidence", "frame", "reported", "filter")
#: Columns that hold both genes, 5' first: ``TMPRSS2:ERG`` (JAFFA), ``TMPRSS2--ERG`` (fusion-report).
_BOTH = ("fusion genes", "fusion", "#fusionname", "fusion_name", "fusionname", "fusiongene")
#: Reads across the junction, and pairs around it: their sum is the support.
_READS = (
    "split_reads1",
    "split_reads2",
    "discordant_mates",
    "junctionreadcount",
    "spanningfragcount",
    "spanning_pairs",
    "spanning_unique_reads",
    "spanning reads",
    "spanning pairs",
    "crossingreads",
    "spanningreads",
)
#: Arriba's own advice: low-confidence events are mostly artefacts.
_LEFT_OUT = "low"


def one_sample_of(path: Path) -> str | None:
    """Return the sample of a caller's table of one sample (its file's name), whether it holds fusions or none; None of a
    table with a column of samples, of which those without a fusion have no row."""
    columns = {c.lstrip("#").lower() for c in _table(path, table_name(path)).frame.columns}
    return None if columns & set(_COLUMNS["sample_id"]) else sample_of_file(path)


def read_fusion_calls(path: Path, ledger: Ledger | None = None) -> tuple[pl.DataFrame, list[Problem]]:
    """Return sample_id, gene_5p, gene_3p, support, frame; the sample is the file's name where no column says it.

    An intragenic event (one gene on both sides) and an event of low confidence are left out and told. `ledger`: where
    to say what became of the columns.

    Raises
    ------
    InputError : the table has no columns for two genes
    """
    name = table_name(path)
    table = _table(path, name)
    by = {c.lstrip("#").lower(): c for c in reversed(table.frame.columns)}
    found = {ours: by[a] for ours, names in _COLUMNS.items() for a in reversed(names) if a in by}
    if ledger is not None:
        ledger.columns_of(path.name, table.frame, _became(by, found))
    if not {"gene_5p", "gene_3p"} <= set(found) and (both := next((by[c] for c in _BOTH if c in by), None)):
        pairs = [_partners(text) for text in table.frame[both]]
        genes = [pl.Series(ours, [p[i] for p in pairs], pl.String) for i, ours in enumerate(("gene_5p", "gene_3p"))]
        table = replace(table, frame=table.frame.with_columns(genes))
        found |= {"gene_5p": "gene_5p", "gene_3p": "gene_3p"}
    if not {"gene_5p", "gene_3p"} <= set(found):
        cure = "A table of fusions names two genes (Arriba: gene1, gene2; STAR-Fusion: LeftGene, RightGene)."
        raise InputError([*table.problems, Problem(name, 1, None, None, "no columns with the two genes.", cure)])
    reads = [pl.col(by[c]).cast(pl.Int64, strict=False).fill_null(0) for c in _READS if c in by]
    more = [(pl.col(found[c]) if c in found else pl.lit(None, pl.String)).alias(c) for c in _WORDS]
    sample = pl.col(found["sample_id"]) if "sample_id" in found else pl.lit(sample_of_file(path))
    frame = table.frame.select(
        sample.alias("sample_id"),
        _gene(found["gene_5p"]).alias("gene_5p"),
        _gene(found["gene_3p"]).alias("gene_3p"),
        (pl.sum_horizontal(reads) if reads else pl.lit(None, pl.Int64)).cast(pl.Int64).alias("support"),
        *more,
    )
    frame = frame.with_columns(frames(frame["frame"]))
    problems = [p for p in table.problems if p.severity == "error"]
    same = (pl.col("gene_5p") == pl.col("gene_3p")).fill_null(False)
    nowhere = pl.col("gene_3p").is_null()
    low = (pl.col("confidence").str.to_lowercase() == _LEFT_OUT).fill_null(False)
    aside = (pl.col("reported").str.to_lowercase() == "false").fill_null(False)
    failed = ~pl.col("filter").str.to_lowercase().is_in(["pass", "passed", ".", ""]).fill_null(True)
    for what, mask in (
        ("lie within one gene", same),
        ("are of low confidence", low & ~same),
        ("are not reported by their caller", aside & ~low & ~same),
        ("fail their caller's filter", failed & ~aside & ~low & ~same),
        ("join a gene to no gene", nowhere & ~failed & ~aside & ~low & ~same),
    ):
        n = frame.filter(mask).height
        if n:
            cure = "A fusion is of two genes; add it to fusions.tsv where it was confirmed."
            problems.append(Problem(name, None, "fusions", None, f"{n} events {what}: left out.", cure, "warning"))
    frame = frame.filter(~same & ~low & ~aside & ~failed & ~nowhere)
    if ends := frame.filter(pl.col("gene_5p").is_null())["gene_3p"].unique().sort().to_list():
        message = f"{', '.join(ends)}: the end of the gene is joined to no gene: a fusion with an unknown partner."
        problems.append(Problem(name, None, "fusions", None, message, "Confirm it before it is used.", "warning"))
    return joined_fusions(frame), problems


def _partners(text: str | None) -> tuple[str | None, str | None]:
    """Return both genes of a cell, 5' first: ``TMPRSS2:ERG``, ``EML4::ALK``, ``EML4(13) - ALK(20)``; nulls where it
    names none."""
    if found := re.match(r"^\s*([^:\s]+?)(?:--|::|:)([^:\s]+?)\s*$", text or ""):
        return found[1], found[2]
    return pair_named(text or "") or (None, None)


def _became(by: dict[str, str], found: dict[str, str]) -> dict[str, str]:
    """Return column -> what it becomes: `by`, lower-case name -> column; `found`, our name -> column."""
    out = {c: f"fusions.{ours}" if ours in ("gene_5p", "gene_3p", "frame") else "fusions" for ours, c in found.items()}
    out |= {by[c]: "fusions.support" for c in _READS if c in by}
    if not {"gene_5p", "gene_3p"} <= set(found):
        out |= {by[c]: "fusions.gene_5p, gene_3p" for c in _BOTH if c in by}
    return out


def _table(path: Path, name: str) -> TextTable:
    """Read a table whose header starts with # (a comment to other readers)."""
    return read_table(path, name=name, comment="##", lenient=True)


def _gene(column: str) -> pl.Expr:
    """The symbol of ``TMPRSS2^ENSG00000184012``; null of ``ERG(1234),LINC01(99)``: Arriba's genes beside a place between
    genes, with their distance (suhrig/arriba#61, #163): a breakpoint in neither."""
    text = pl.col(column).str.replace(r"\^.*$", "").str.strip_chars()
    return pl.when(~text.is_in(["", ".", "-", "NA"]) & ~text.str.contains(r"\(\d+\)")).then(
        text.str.replace(r",.*$", "")
    )


def is_fusion_table(header: Sequence[str]) -> bool:
    """Whether a header has two genes of a fusion caller."""
    low = {re.sub("^#", "", c).lower() for c in header}
    return any(c in low for c in _COLUMNS["gene_5p"][:3]) and any(c in low for c in _COLUMNS["gene_3p"][:3])
