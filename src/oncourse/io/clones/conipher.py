"""CONIPHER's input table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.io.clones.counts import counts_rows, table_of, whole


def read_conipher(path: Path, case: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (counts, clusters) of a CONIPHER input table; variant_id is CHR:POS:REF:ALT, purity is ACF.

    case : only the rows of this CASE_ID; None: all
    """
    needed = (
        "SAMPLE",
        "CHR",
        "POS",
        "REF",
        "ALT",
        "REF_COUNT",
        "VAR_COUNT",
        "COPY_NUMBER_A",
        "COPY_NUMBER_B",
        "ACF",
    )
    frame = table_of(path, needed)
    if case is not None:
        frame = frame.filter(pl.col("CASE_ID") == case)
    variant = pl.concat_str(["CHR", "POS", "REF", "ALT"], separator=":")
    a, b = (pl.col(c).cast(pl.Float64) for c in ("COPY_NUMBER_A", "COPY_NUMBER_B"))
    depth = whole("DEPTH") if "DEPTH" in frame.columns else whole("REF_COUNT") + whole("VAR_COUNT")
    counts = counts_rows(
        frame,
        variant_id=variant,
        sample_id=pl.col("SAMPLE"),
        alt_count=whole("VAR_COUNT"),
        depth=depth,
        major_cn=pl.max_horizontal(a, b),
        minor_cn=pl.min_horizontal(a, b),
        normal_cn=pl.lit(2.0),
        purity=pl.col("ACF"),
    )
    none = pl.lit(None, dtype=pl.String)
    ccf = pl.col("CCF_PHYLO") if "CCF_PHYLO" in frame.columns else none
    clusters = frame.select(
        variant_id=variant,
        sample_id="SAMPLE",
        cluster_id=pl.col("CLUSTER") if "CLUSTER" in frame.columns else none,
        ccf=ccf.cast(pl.Float64),
        ccf_sd=pl.lit(None, dtype=pl.Float64),
        p_cluster=pl.lit(None, dtype=pl.Float64),
    )
    return counts, clusters.sort("variant_id", "sample_id")


def write_conipher(counts: pl.DataFrame, case_id: str, path: Path, ploidy: dict[str, float] | None = None) -> list[str]:
    """Write a CONIPHER input table and return the variants left out: ids that are not chrom:pos:ref:alt.

    A sample's ploidy that is not given is the mean of its variants' copies.
    """
    parts = pl.col("variant_id").str.split(":")
    good = counts.filter(parts.list.len() == 4)
    left_out = sorted(set(counts["variant_id"]) - set(good["variant_id"]))
    a, b = pl.col("major_cn").fill_null(1.0), pl.col("minor_cn").fill_null(1.0)
    given = pl.col("sample_id").replace_strict(ploidy or {}, default=None, return_dtype=pl.Float64)
    good.sort("variant_id", "sample_id").select(
        CASE_ID=pl.lit(case_id),
        SAMPLE="sample_id",
        CHR=parts.list.get(0),
        POS=parts.list.get(1),
        REF=parts.list.get(2),
        ALT=parts.list.get(3),
        REF_COUNT=pl.col("depth") - pl.col("alt_count"),
        VAR_COUNT="alt_count",
        DEPTH="depth",
        COPY_NUMBER_A=a,
        COPY_NUMBER_B=b,
        ACF=pl.col("purity").fill_null(1.0),
        PLOIDY=pl.coalesce(given, (a + b).mean().over("sample_id").round(2)),
    ).write_csv(path, separator="\t")
    return left_out
