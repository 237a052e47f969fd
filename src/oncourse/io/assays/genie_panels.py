"""GENIE's ``genomic_information.txt``: the regions of every panel, and the genes they lie in (GENIE data guide)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.io.tabular.text import read_table

_COLUMNS = ("chromosome", "start_position", "end_position", "hugo_symbol", "seq_assay_id")

#: The regions of a folder that lists none.
NO_REGIONS = pl.DataFrame(
    schema={"assay_id": pl.String, "gene": pl.String, "chrom": pl.String, "start": pl.Int64, "end": pl.Int64}
)


def panel_regions(path: Path) -> pl.DataFrame:
    """Return assay_id, gene, chrom, start, end of what the panels hold; without rows where the columns are others.

    A row whose ``includeInPanel`` is not true, or whose feature is an intron or between genes, was not looked at for
    mutations (introns are tiled for fusions). Starts are those of a BED file: one before the first base.
    """
    frame = read_table(path, lenient=True).frame
    frame = frame.rename({c: c.strip().lower() for c in frame.columns})
    if not set(_COLUMNS) <= set(frame.columns):
        return NO_REGIONS
    held = pl.lit(True)
    if "includeinpanel" in frame.columns:
        held &= pl.col("includeinpanel").str.to_lowercase().is_in(["true", "1", "yes"])
    if "feature_type" in frame.columns:
        held &= ~pl.col("feature_type").str.to_lowercase().is_in(["intron", "intergenic"]).fill_null(False)
    chrom = pl.col("chromosome").str.strip_prefix("chr").replace({"23": "X", "24": "Y", "M": "MT"})
    return (
        frame.filter(held.fill_null(False))
        .select(
            pl.col("seq_assay_id").alias("assay_id"),
            pl.col("hugo_symbol").alias("gene"),
            chrom.alias("chrom"),
            pl.col("start_position").cast(pl.Int64, strict=False).alias("start") + 1,
            pl.col("end_position").cast(pl.Int64, strict=False).alias("end"),
        )
        .drop_nulls(["assay_id", "gene"])
        .unique(maintain_order=True)
    )


def genes_of(regions: pl.DataFrame) -> dict[str, list[str]]:
    """Return panel -> its genes."""
    listed = regions.group_by("assay_id").agg(pl.col("gene").unique().sort()).sort("assay_id")
    return dict(listed.iter_rows())


def as_target_regions(regions: pl.DataFrame, assays: pl.Series) -> pl.DataFrame:
    """Return the table target_regions of the panels that the study's samples were looked at with."""
    kept = regions.filter(pl.col("assay_id").is_in(assays.implode()) & (pl.col("start") <= pl.col("end")))
    return kept.select("assay_id", "chrom", "start", "end").unique(maintain_order=True).drop_nulls()
