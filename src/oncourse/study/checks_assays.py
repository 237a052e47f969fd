"""What an assay is said to look at, against what was called with it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oncourse.genome.gene_names import gene_name
from oncourse.genome.variant import with_parts
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

_SHOWN = 6


def assay_checks(tables: Mapping[str, pl.DataFrame], first_row: int = 2) -> list[Problem]:
    """Return errors for words of `assays.targets` that are no genes, and a warning for called genes no target names.

    A part of a gene ("KRAS:12,13") is no gene: the words would be two genes that nobody has, and KRAS none of the
    assay's. first_row : line of the file that holds the first row of assays
    """
    assays = tables.get("assays")
    if assays is None or assays.is_empty() or "targets" not in assays.columns:
        return []
    listed = _listed(assays)
    return [*_no_genes(assays, listed, first_row), *_beyond(tables, listed), *_outside(tables)]


def _listed(assays: pl.DataFrame) -> dict[str, list[str]]:
    """assay -> its words, of targets that are a list of genes."""
    given = assays.select("assay_id", "targets").drop_nulls().iter_rows()
    lists = ((a, t) for a, t in given if not t.lower().removesuffix(".gz").endswith((".bed", ".txt", ".tsv")))
    return {a: [w.strip() for w in t.replace(",", ";").split(";") if w.strip()] for a, t in lists}


def _no_genes(assays: pl.DataFrame, listed: Mapping[str, list[str]], first_row: int) -> list[Problem]:
    found = []
    for row, assay in enumerate(assays["assay_id"], first_row):
        wrong = [w for w in listed.get(assay, []) if ":" in w or w.isdigit()]
        if wrong:
            shown = ", ".join(wrong[:_SHOWN])
            text = f"{shown} {'is no gene' if len(wrong) == 1 else 'are no genes'}."
            cure = "List gene symbols joined by ';'; parts of genes are regions: a BED file in the study folder."
            found.append(Problem("assays", row, "targets", None, text, cure))
    return found


def _beyond(tables: Mapping[str, pl.DataFrame], listed: Mapping[str, list[str]]) -> list[Problem]:
    """Genes that are called in samples of an assay whose list does not name them, under any of their names."""
    calls, samples, variants = (tables.get(name) for name in ("calls", "samples", "variants"))
    if calls is None or samples is None or variants is None or not {"assay_id"} & set(samples.columns):
        return []
    if "gene" not in variants.columns or "sample_id" not in calls.columns or "is_called" not in calls.columns:
        return []
    named = {a: {w.upper() for w in ws} | {str(gene_name(w)[0]).upper() for w in ws} for a, ws in listed.items()}
    called = calls.filter(pl.col("is_called").fill_null(True)).select("sample_id", "variant_id")
    if "alt_count" in calls.columns:
        called = calls.filter(pl.col("is_called").fill_null(pl.col("alt_count").fill_null(1) > 0))
    everywhere = set.intersection(*named.values()) if named else set()
    named_here = variants.select("variant_id", "gene").drop_nulls()
    genes = named_here["gene"].unique()
    odd = named_here.filter(pl.col("gene").is_in([g for g in genes if g.upper() not in everywhere]))
    rows = called.join(odd, on="variant_id").join(samples.select("sample_id", "assay_id"), on="sample_id")
    counts = rows.group_by("assay_id", "gene").agg(n=pl.col("sample_id").n_unique()).sort("assay_id", "gene")
    found = []
    for assay in sorted(named):
        mine = [(g, n) for a, g, n in counts.iter_rows() if a == assay and g.upper() not in named[assay]]
        if mine and named[assay]:
            shown = ", ".join(f"{g} ({n})" for g, n in mine[:_SHOWN]) + (" ..." if len(mine) > _SHOWN else "")
            text = f"assay {assay} does not list {len(mine)} genes that are called with it (samples): {shown}."
            cure = (
                "Of a gene that is not listed nobody without it can be told: frequencies leave it out. List it there."
            )
            found.append(Problem("assays", None, "targets", None, text, cure, "warning"))
    return found


def _outside(tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """A warning per assay of called variants that lie outside its regions: of their genes nobody else was looked at."""
    needed = {
        "calls": {"sample_id", "variant_id"},
        "samples": {"sample_id", "assay_id"},
        "target_regions": {"assay_id"},
    }
    if any(t not in tables or not columns <= set(tables[t].columns) for t, columns in needed.items()):
        return []
    regions = tables["target_regions"].drop_nulls(["assay_id", "chrom", "start", "end"]).sort("start")
    if regions.is_empty():
        return []
    calls = tables["calls"].filter(optional(tables["calls"], "is_called", pl.Boolean).fill_null(True))
    samples = tables["samples"].select("sample_id", "assay_id").drop_nulls()
    samples = samples.filter(pl.col("assay_id").is_in(regions["assay_id"].unique().implode()))
    sites = calls.select("sample_id", "variant_id").join(samples, on="sample_id", how="inner")
    sites = with_parts(sites.select("assay_id", "variant_id").unique()).drop_nulls("pos").sort("pos")
    # regions may overlap: the furthest end of those that begin before the site
    reach = regions.with_columns(reach=pl.col("end").cum_max().over("assay_id", "chrom"))
    held = sites.join_asof(
        reach.select("assay_id", "chrom", "start", "reach"),
        left_on="pos",
        right_on="start",
        by=["assay_id", "chrom"],
        strategy="backward",
        check_sortedness=False,
    )
    out = held.filter((pl.col("pos") > pl.col("reach")).fill_null(True)).sort("assay_id", "variant_id")
    found = []
    for assay, group in out.group_by("assay_id", maintain_order=True):
        first = group["variant_id"][0]
        message = f"{group.height:,} called variants lie outside the regions of assay {assay[0]} (first: {first})."
        cure = "Is the BED file that of the assay, and of the build? Their places count as looked at in these samples alone."
        found.append(Problem("assays", None, "targets", str(assay[0]), message, cure, "warning"))
    return found
