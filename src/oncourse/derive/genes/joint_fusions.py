"""One fusion of two genes is one alteration: TMPRSS2 and ERG of the same event are not two genes altered."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from oncourse.derive.genes.gene_status import GeneStatus
from oncourse.facts.fusions import PROMOTER_DRIVEN, is_within_gene

#: Two genes are shown as one where their common fusion is this share of the altered samples of each.
MIN_SHARE = 0.5
#: Samples in which a fusion must be seen to be shown as one.
MIN_SAMPLES = 2


def joint_fusions(fusions: pl.DataFrame, status: GeneStatus) -> pl.DataFrame:
    """Return the fusions that make up most of both their genes: joint, gene_5p, gene_3p, n_samples.

    Returns
    -------
    joint : ``TMPRSS2::ERG`` (HGNC's writing), in the direction that is recorded more often; the commoner fusion first,
        each gene in one of them
    """
    columns = {"joint": pl.String, "gene_5p": pl.String, "gene_3p": pl.String, "n_samples": pl.Int64}
    seen = fusions.filter(~is_within_gene()).drop_nulls(["gene_5p", "gene_3p"])
    if seen.is_empty():
        return pl.DataFrame(schema=columns)
    ordered = [f("gene_5p", "gene_3p").alias(n) for f, n in ((pl.min_horizontal, "one"), (pl.max_horizontal, "two"))]
    ways = seen.with_columns(ordered).group_by("one", "two", "gene_5p", "gene_3p").len("way")
    # of two ways told equally often, the one that turns on an ETS gene
    ways = ways.with_columns(on=pl.col("gene_3p").is_in(PROMOTER_DRIVEN)).sort(
        "way", "on", "gene_5p", descending=[True, True, False]
    )
    ways = ways.unique(["one", "two"], keep="first", maintain_order=True)
    pairs = (
        seen.with_columns(ordered)
        .join(status.panels.samples.select("sample_id"), on="sample_id", how="semi")
        .group_by("one", "two")
        .agg(n_samples=pl.col("sample_id").n_unique().cast(pl.Int64))
        .join(ways.drop("way", "on"), on=["one", "two"], how="inner")
    )
    altered = status.altered.filter("is_altered").group_by("gene").agg(n=pl.col("sample_id").n_unique())
    for gene in ("one", "two"):
        pairs = pairs.join(altered.rename({"n": f"n_{gene}"}), left_on=gene, right_on="gene", how="inner")
    most = pl.col("n_samples") >= MIN_SHARE * pl.max_horizontal("n_one", "n_two")
    pairs = pairs.filter(most & (pl.col("n_samples") >= MIN_SAMPLES)).sort("n_samples", "one", descending=[True, False])
    taken: set[str] = set()
    kept = []
    for row in pairs.iter_rows(named=True):
        if not taken & {row["one"], row["two"]}:
            taken |= {row["one"], row["two"]}
            kept.append((f"{row['gene_5p']}::{row['gene_3p']}", row["gene_5p"], row["gene_3p"], row["n_samples"]))
    return pl.DataFrame(kept, schema=columns, orient="row")


def with_joint_fusions(status: GeneStatus, fusions: pl.DataFrame, joint: pl.DataFrame) -> GeneStatus:
    """Return the status in which each fusion of `joint` (see `joint_fusions`) is a gene of its own.

    A sample with the fusion counts for one of its genes only where something else alters that gene. The fusion is
    looked at by the assays that look at both genes.
    """
    if joint.is_empty():
        return status
    partners = joint.unpivot(on=["gene_5p", "gene_3p"], index="joint", value_name="gene").drop("variable")
    pair = pl.concat_list("gene_5p", "gene_3p").list.sort()
    carriers = (
        fusions.filter(~is_within_gene())
        .with_columns(pair=pair)
        .join(joint.select("joint", pair=pair), on="pair", how="inner")
        .select("sample_id", "joint")
        .unique()
    )
    altered = status.altered.join(partners, on="gene", how="left").join(
        carriers.with_columns(is_joint=pl.lit(True)), on=["sample_id", "joint"], how="left"
    )
    hit = pl.col("is_joint").fill_null(False)
    other = pl.col("is_mutated") | pl.col("is_amplified") | pl.col("is_deleted")
    rest = altered.with_columns(
        is_fused=pl.col("is_fused") & ~hit, is_altered=pl.col("is_altered") & (~hit | other)
    ).select(status.altered.columns)
    own = (
        altered.filter(hit)
        .unique(["sample_id", "joint"], keep="first", maintain_order=True)
        .with_columns(
            *(pl.lit(False).alias(c) for c in ("is_mutated", "is_amplified", "is_deleted")),
            gene=pl.col("joint"),
            is_fused=pl.lit(True),
            is_altered=pl.lit(True),
            effect=pl.lit(None, pl.String),
        )
        .select(status.altered.columns)
    )
    rows = joint.select("joint", "gene_5p", "gene_3p").rows()
    listed = {
        assay: genes if genes is None else genes | {name for name, *both in rows if genes.issuperset(both)}
        for assay, genes in status.panels.genes.items()
    }
    return GeneStatus(pl.concat([rest, own]).sort("sample_id", "gene"), replace(status.panels, genes=listed))
