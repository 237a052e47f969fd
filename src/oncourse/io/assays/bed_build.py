"""The genome build of the regions of an assay: by the genes they name, else by the coding exons they hold."""

from __future__ import annotations

import re

import polars as pl

from oncourse.genome.gene_models import BUILDS, models
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.genes import gene_places
from oncourse.study.schema import Problem

#: Of this share of the regions that tell, another build is told; and at most this share of them fit the study's.
_MOST, _FEW = 0.8, 0.5
#: Bases beside a gene that a region of it may lie at: its promoter and flanks.
_BESIDE = 20_000
#: So many exons of known genes must tell, where no gene is named.
_EXONS = 3


def tell_other_build(regions: pl.DataFrame, name: str, build: str | None) -> list[Problem]:
    """Return an error where regions (chrom, start, end, name) fit another build than the study's; a warning where some
    do not lie in the gene they name."""
    if build not in BUILDS or regions.is_empty():
        return []
    other = next(b for b in BUILDS if b != build)
    named = _of_genes(regions)
    if not named.is_empty():
        here, there = (_in_genes(named, b) for b in (build, other))
        n, what = named.height, "regions that name a gene lie in it"
    else:
        n, here, there = _in_exons(regions, build, other)
        what = "exons of known genes that the regions reach are where they lie"
        if n < _EXONS:
            return []
    if there >= _MOST * n and here <= _FEW * n and there > here:
        message = f"{there:,} of {n:,} {what} in {other}, {here:,} in {build}, the study's build."
        cure = f"Give the regions in {build} (liftOver), or correct genome_build: a site outside them is not looked at."
        return [Problem(name, None, "chrom", None, message, cure)]
    if not named.is_empty() and here < n:
        first = _elsewhere(named, build).row(0, named=True)
        shown = f"{first['gene']} at {first['chrom']}:{first['start']}"
        message = f"{n - here:,} of {n:,} regions that name a gene do not lie in it in {build} (first: {shown})."
        cure = "Correct the name or the place: what was looked at is judged by the place."
        return [Problem(name, None, "name", first["name"], message, cure, "warning")]
    return []


def _of_genes(regions: pl.DataFrame) -> pl.DataFrame:
    """Return the regions whose name holds a gene of known place: KRAS, KRAS_exon2, NM_004985|KRAS, with ``gene``."""
    names = regions["name"].drop_nulls().unique()
    places = set(gene_places("GRCh38")["gene"])
    genes = {n: g for n in names if (g := _gene(n, places))}
    if not genes:
        return regions.clear().with_columns(gene=pl.lit(None, pl.String))
    gene = pl.col("name").replace_strict(genes, default=None, return_dtype=pl.String)
    return regions.with_columns(gene=gene).drop_nulls("gene")


def _gene(name: str, known: set[str]) -> str | None:
    for word in (name, *re.split(r"[^A-Za-z0-9-]+", name)):
        if (symbol := current_symbol(word)) in known:
            return symbol
    return None


def _elsewhere(named: pl.DataFrame, build: str) -> pl.DataFrame:
    """Return the regions that do not lie in the gene they name, or within `_BESIDE` of it."""
    at = named.join(gene_places(build).rename({"chrom": "_chrom"}), on="gene", how="left", maintain_order="left")
    reach = (pl.col("start") <= pl.col("last") + _BESIDE) & (pl.col("end") >= pl.col("first") - _BESIDE)
    return at.filter(~((pl.col("chrom") == pl.col("_chrom")) & reach).fill_null(True))


def _in_genes(named: pl.DataFrame, build: str) -> int:
    return named.height - _elsewhere(named, build).height


def _in_exons(regions: pl.DataFrame, build: str, other: str) -> tuple[int, int, int]:
    """Return how many coding exons of known genes some region reaches in either build, in `build` and in `other`."""
    reached = [_reached(regions, b) for b in (build, other)]
    return len(reached[0] | reached[1]), len(reached[0]), len(reached[1])


def _reached(regions: pl.DataFrame, build: str) -> set[tuple[str, int]]:
    rows = [
        (gene, number, model.chrom, first, last)
        for gene, model in models(build).items()
        for number, (first, last) in enumerate(model.coding)
    ]
    exons = pl.DataFrame(rows, schema=["gene", "number", "exon_chrom", "first", "last"], orient="row")
    meets = (
        (pl.col("exon_chrom") == pl.col("chrom"))
        & (pl.col("first") <= pl.col("end"))
        & (pl.col("last") >= pl.col("start"))
    )
    found = exons.lazy().join_where(regions.lazy().select("chrom", "start", "end"), meets)
    return set(found.select("gene", "number").unique().collect().iter_rows())
