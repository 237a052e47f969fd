"""Tables of PyClone 0.13 and PyClone-VI."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.io.clones.counts import COUNTS_SCHEMA, counts_rows, table_of, whole
from oncourse.study.frames import optional


def read_pyclone_vi(path: Path) -> pl.DataFrame:
    """Return the counts of a PyClone-VI input table (all samples in one file)."""
    needed = ("mutation_id", "sample_id", "ref_counts", "alt_counts", "major_cn", "minor_cn", "normal_cn")
    frame = table_of(path, needed)
    return counts_rows(
        frame,
        variant_id=pl.col("mutation_id"),
        sample_id=pl.col("sample_id"),
        alt_count=whole("alt_counts"),
        depth=whole("ref_counts") + whole("alt_counts"),
        major_cn=pl.col("major_cn"),
        minor_cn=pl.col("minor_cn"),
        normal_cn=pl.col("normal_cn"),
        purity=optional(frame, "tumour_content", pl.Float64),
    )


def write_pyclone_vi(counts: pl.DataFrame, path: Path, *, whole_variants_only: bool = True) -> list[str]:
    """Write a PyClone-VI input table and return the variants left out.

    PyClone-VI drops a variant that is missing in any sample; with `whole_variants_only` that is done here, and said.
    """
    n_sample = counts["sample_id"].n_unique()
    partial = counts.group_by("variant_id").len().filter(pl.col("len") < n_sample)["variant_id"].sort().to_list()
    left_out = partial if whole_variants_only else []
    whole = [
        pl.col(c).fill_null(d).round().cast(pl.Int64) for c, d in (("major_cn", 1), ("minor_cn", 1), ("normal_cn", 2))
    ]
    counts.filter(~pl.col("variant_id").is_in(left_out)).sort("variant_id", "sample_id").select(
        mutation_id="variant_id",
        sample_id="sample_id",
        ref_counts=pl.col("depth") - pl.col("alt_count"),
        alt_counts="alt_count",
        major_cn=whole[0],
        minor_cn=whole[1],
        normal_cn=whole[2],
        tumour_content=pl.col("purity").fill_null(1.0),
    ).write_csv(path, separator="\t")
    return left_out


def read_pyclone(paths: dict[str, Path], purity: dict[str, float] | None = None) -> pl.DataFrame:
    """Return the counts of PyClone 0.13 tables, one file per sample; purity stands in its yaml, so it is given here."""
    frames = []
    for sample, path in sorted(paths.items()):
        frame = table_of(path, ("mutation_id", "ref_counts", "var_counts", "normal_cn", "minor_cn", "major_cn"))
        frames.append(
            counts_rows(
                frame,
                variant_id=pl.col("mutation_id"),
                sample_id=pl.lit(sample),
                alt_count=whole("var_counts"),
                depth=whole("ref_counts") + whole("var_counts"),
                major_cn=pl.col("major_cn"),
                minor_cn=pl.col("minor_cn"),
                normal_cn=pl.col("normal_cn"),
                purity=pl.lit((purity or {}).get(sample)),
            )
        )
    return pl.concat([pl.DataFrame(schema=COUNTS_SCHEMA), *frames]).sort("variant_id", "sample_id")


def write_pyclone(counts: pl.DataFrame, folder: Path) -> list[Path]:
    """Write one PyClone 0.13 table per sample, <sample_id>.tsv, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for (sample,), frame in sorted(
        counts.partition_by("sample_id", as_dict=True).items(), key=lambda item: str(item[0])
    ):
        path = folder / f"{sample}.tsv"
        frame.sort("variant_id").select(
            mutation_id="variant_id",
            ref_counts=pl.col("depth") - pl.col("alt_count"),
            var_counts="alt_count",
            normal_cn=pl.col("normal_cn").fill_null(2).cast(pl.Int64),
            minor_cn=pl.col("minor_cn").fill_null(1).cast(pl.Int64),
            major_cn=pl.col("major_cn").fill_null(1).cast(pl.Int64),
        ).write_csv(path, separator="\t")
        out.append(path)
    return out


_PYCLONE_RESULT = {
    "cellular_prevalence": "ccf",
    "cellular_prevalence_std": "ccf_sd",
    "cluster_assignment_prob": "p_cluster",
}


def read_pyclone_clusters(path: Path) -> pl.DataFrame:
    """Return the clusters of a PyClone-VI result or of PyClone's loci table."""
    frame = table_of(path, ("mutation_id", "sample_id", "cluster_id", "cellular_prevalence"))
    return frame.select(
        variant_id="mutation_id",
        sample_id="sample_id",
        cluster_id="cluster_id",
        **{new: optional(frame, old, pl.Float64).cast(pl.Float64) for old, new in _PYCLONE_RESULT.items()},
    ).sort("variant_id", "sample_id")


def write_pyclone_clusters(clusters: pl.DataFrame, path: Path) -> None:
    """Write a PyClone-VI result table; variants without a cluster (artefacts) have no row there."""
    clusters.drop_nulls("cluster_id").sort("variant_id", "sample_id").select(
        mutation_id="variant_id",
        sample_id="sample_id",
        cluster_id="cluster_id",
        cellular_prevalence="ccf",
        cellular_prevalence_std="ccf_sd",
        cluster_assignment_prob="p_cluster",
    ).write_csv(path, separator="\t")
