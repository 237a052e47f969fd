"""Gene, change and place of a variant against each other: what cannot all be true is told, never weighed in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from oncourse.genome import protein
from oncourse.genome.gene_models import BUILDS, listed_residues
from oncourse.genome.genes import gene_places
from oncourse.genome.places import locate
from oncourse.genome.variant import with_parts
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

#: A variant named for a gene may lie so far beside it: promoters, regulatory regions, fusion partners of an annotator.
BESIDE_BASES = 500_000
_SHOWN = 5
#: Fewer copies than this are none (callers write fractions of subclones).
_NO_COPY = 0.5


def place_contradictions(tables: Mapping[str, pl.DataFrame], build: str | None) -> list[Problem]:
    """Return warnings about variants whose gene, residue or build does not fit their place.

    `tables` as `oncourse.study.effects.with_effects` returns them; `build` as the study states it.
    """
    calls, variants = tables.get("calls"), tables.get("variants")
    if calls is None or "variant_id" not in calls.columns:
        return []
    # what names a gene that is not the package's says nothing here: most of a registry
    named = _named(variants)
    ours = named.filter(pl.col("gene").is_in(gene_places(BUILDS[0])["gene"].implode()))
    seen = calls.select(pl.col("variant_id").drop_nulls())
    blank = seen.join(named, on="variant_id", how="anti").unique()
    table = pl.concat([ours.unique("variant_id").join(seen, on="variant_id", how="semi"), blank], how="diagonal").sort(
        "variant_id"
    )
    table = with_parts(table).filter(pl.col("pos").is_not_null())
    if table.is_empty():
        return []
    if build not in BUILDS:
        return list(_without_build(table))
    return [*_elsewhere(table, build), *_residue_elsewhere(table, build), *_of_the_other_build(table, build)]


def no_copy_beside_reads(tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Say which called variants lie where the segments of their sample have no copy left: one of the two is wrong."""
    segments, calls = tables.get("segments"), tables.get("calls")
    if segments is None or calls is None or "total_cn" not in segments.columns or "is_called" not in calls.columns:
        return
    gone = segments.filter(pl.col("total_cn") < _NO_COPY).select("sample_id", "chrom", "start", "end")
    if gone.is_empty():
        return
    called = calls.filter(pl.col("is_called").fill_null(False) & (pl.col("alt_count") > 0).fill_null(False))
    called = called.filter(pl.col("sample_id").is_in(gone["sample_id"].unique().implode()))
    placed = with_parts(called.select("sample_id", "variant_id")).drop_nulls("pos")
    inside = placed.join(gone, on=["sample_id", "chrom"]).filter(pl.col("pos").is_between("start", "end"))
    if inside.height:
        sample, variant = inside.sort("sample_id", "variant_id").select("sample_id", "variant_id").row(0)
        n = inside.unique(["sample_id", "variant_id"]).height
        message = f"{n:,} called variants lie where their sample has no copy left ({sample}, {variant})."
        cure = "Reads of a variant need a copy of it: check the segment, or whose it is."
        yield Problem("segments", None, "total_cn", sample, message, cure, "warning")


def _named(variants: pl.DataFrame | None) -> pl.DataFrame:
    """Return variant_id, gene, hgvs_p of the rows of variants that name a gene."""
    names = ("variant_id", "gene", "hgvs_p")
    frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String)) if variants is None else variants
    return frame.select(optional(frame, c) for c in names).filter(pl.col("gene").is_not_null())


def _warning(column: str, rows: pl.DataFrame, message: str, cure: str) -> Problem:
    shown = [
        " ".join(w for w in row if w) for row in rows.select("variant_id", "gene", "hgvs_p").head(_SHOWN).iter_rows()
    ]
    listed = ", ".join(shown) + (" ..." if rows.height > _SHOWN else "")
    text = message.format(n=f"{rows.height:,}", shown=listed)
    return Problem("variants", None, column, None, text, cure, "warning")


def _without_build(table: pl.DataFrame) -> Iterator[Problem]:
    blank = table.filter(pl.col("gene").is_null())
    if blank.height:
        message = "{n} variants name no gene and the study no genome build ({shown}): none of them is understood."
        yield _warning("gene", blank, message, "Give the build (--build GRCh37 or GRCh38; genome_build in study.yaml).")


def _elsewhere(table: pl.DataFrame, build: str) -> Iterator[Problem]:
    """Variants named for a gene that lies on another chromosome, or far away."""
    places = gene_places(build).rename({"chrom": "_chrom"})
    far = (pl.col("pos") < pl.col("first") - BESIDE_BASES) | (pl.col("pos") > pl.col("last") + BESIDE_BASES)
    named = table.join(places, on="gene", how="inner").filter((pl.col("chrom") != pl.col("_chrom")) | far)
    if named.height:
        message = (
            "{n} variants do not lie where their gene is ({shown}): gene or place is wrong; the gene's name counts."
        )
        yield _warning("gene", named, message, "Check chromosome, position, gene and genome build of these rows.")


def _residue_elsewhere(table: pl.DataFrame, build: str) -> Iterator[Problem]:
    """Changes of a listed residue at a place of the gene that is not coding."""
    table = table.with_columns(protein.codon("hgvs_p").alias("codon"))
    table = table.join(listed_residues(), on=["gene", "codon"], how="semi")
    if table.is_empty():
        return
    at = locate(table["variant_id"], build).select("variant_id", "region", place="gene").unique("variant_id")
    odd = table.join(at, on="variant_id", how="left").filter(
        (pl.col("place") == pl.col("gene")) & pl.col("region").is_in(["intron", "upstream", "utr"])
    )
    if odd.height:
        message = "{n} protein changes stand beside a place that codes for no residue ({shown}): the change counts."
        yield _warning("hgvs_p", odd, message, "Check the position: a spreadsheet rounds 25398284 to 2.54E+07.")


def _of_the_other_build(table: pl.DataFrame, build: str) -> Iterator[Problem]:
    blank = table.filter(pl.col("gene").is_null())
    found = other_build_codons(blank["variant_id"], build) if blank.height else pl.DataFrame()
    if found.height:
        other = next(b for b in BUILDS if b != build)
        rows = found.rename({"by_change": "hgvs_p"})
        message = f"{{n}} variants name no gene, and are at known residues in {other}, not in {build} ({{shown}})."
        cure = (
            "Were several genome builds mixed? Their genes are not assessable; correct genome_build or the positions."
        )
        yield _warning("variant_id", rows, message, cure)


def other_build_codons(variant_ids: pl.Series, build: str) -> pl.DataFrame:
    """Return variant_id, gene, codon, by_change of variants that fit a listed residue of the other build.

    Only where the stated build has no gene of the package at the place, and the reference base is that of the residue
    in the other: among three thousand million places such a match is hardly ever chance.
    """
    schema = {"variant_id": pl.String, "gene": pl.String, "codon": pl.Int64, "by_change": pl.String}
    if build not in BUILDS or not len(variant_ids):
        return pl.DataFrame(schema=schema)
    nothing = pl.col("gene").is_null() | pl.col("region").is_in(["outside", "intron", "gene"])
    here = locate(variant_ids, build).filter(nothing)
    other = next(b for b in BUILDS if b != build)
    there = locate(here["variant_id"], other).filter(pl.col("is_ref_match").fill_null(False))
    return (
        there.select("variant_id", "gene", codon="codon_first", by_change="hgvs_p")
        .join(listed_residues(), on=["gene", "codon"], how="semi")
        .unique()
        .sort("variant_id")
    )
