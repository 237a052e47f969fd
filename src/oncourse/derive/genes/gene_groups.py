"""Gene frequencies of groups: within the cohort by a column, or against a reference table."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams
from oncourse.errors import ConfigError
from oncourse.facts.material import is_tumour
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.stats.proportions import fisher_exact
from oncourse.study.model import Study
from oncourse.study.schema import nearest
from oncourse.study.translated import where_known

#: Groups compared pair by pair when none are named.
MAX_GROUPS = 6


def group_of_samples(study: Study, column: str) -> pl.DataFrame:
    """Return the group of each tumour sample: sample_id, patient_id, group (null = unknown).

    `column` is a column of samples, lesions (role, site) or patients, looked for in this order; or several with ``+``
    between them (``role+stage``), whose words together are the group: unknown where one of them is. A word such as
    Unknown names no group.

    Raises
    ------
    ConfigError : no such column; names the nearest
    """
    samples = study["samples"].filter(is_tumour())
    base = samples.select("sample_id", "patient_id")

    def group(table: pl.DataFrame) -> pl.Series:
        return where_known(table[column].cast(pl.String)).alias("group")

    if "+" in column and column not in (*samples.columns, *study["patients"].columns):
        words = [
            group_of_samples(study, part.strip())["group"].alias(str(k)) for k, part in enumerate(column.split("+"))
        ]
        return base.with_columns(group=pl.DataFrame(words).select(pl.concat_str(pl.all(), separator=", ")).to_series())
    if column in samples.columns and column not in ("sample_id", "patient_id"):
        return base.with_columns(group(samples))
    if column in ("role", "site", "lesion_id"):
        return base.with_columns(
            group(samples.join(study["lesions"], on="lesion_id", how="left", maintain_order="left"))
        )
    patients = study["patients"]
    if column in patients.columns and column != "patient_id":
        groups = patients.select("patient_id", group(patients))
        return base.join(groups, on="patient_id", how="left", maintain_order="left")
    near = nearest(column, [*samples.columns, "role", "site", *patients.columns], cutoff=0.5)
    raise ConfigError(
        [
            f"landscape.group_by: no column '{column}' in patients, samples or lesions."
            + (f" Did you mean {near}?" if near else "")
        ]
    )


def chosen_pairs(groups: pl.DataFrame, params: LandscapeParams) -> list[tuple[str, str]]:
    """Return the pairs of groups to compare: the two of `landscape.groups`, else every pair of the largest.

    Raises
    ------
    ConfigError : `landscape.groups` are not two of the groups there are
    """
    counts = groups.drop_nulls("group").group_by("group").agg(pl.col("patient_id").n_unique().alias("n"))
    names = counts.sort(["n", "group"], descending=[True, False])["group"].to_list()
    if params.groups:
        missing = [g for g in params.groups if g not in names]
        if len(params.groups) != 2 or missing:
            raise ConfigError([f"landscape.groups: give two of {', '.join(names)}; found {', '.join(params.groups)}."])
        return [(params.groups[0], params.groups[1])]
    return list(combinations(sorted(names[:MAX_GROUPS]), 2))


def compare_groups(status: GeneStatus, groups: pl.DataFrame, params: LandscapeParams) -> pl.DataFrame:
    """Compare gene frequencies of each pair of groups (Fisher's exact test, FDR over the whole table).

    A patient counts in a group with those of its samples that are in the group.
    """
    key = "patient_id" if params.unit == "patient" else "sample_id"
    altered = status.altered.filter("is_altered").join(groups.select("sample_id", "group"), on="sample_id", how="inner")
    genes = sorted(set(altered["gene"]))
    counts = altered.drop_nulls("group").group_by("group", "gene").agg(pl.col(key).n_unique().alias("n_altered"))
    parts = []
    profiled: dict[str, pl.DataFrame] = {}
    for name in groups["group"].drop_nulls().unique().to_list():
        ids = groups.filter(pl.col("group") == name)["sample_id"].implode()
        inside = type(status.panels)(status.panels.samples.filter(pl.col("sample_id").is_in(ids)), status.panels.genes)
        found = counts.filter(pl.col("group") == name).select("gene", "n_altered")
        profiled[name] = (
            inside.n_profiled(genes, params.unit)
            .join(found, on="gene", how="left", maintain_order="left")
            .with_columns(pl.col("n_altered").fill_null(0))
            .with_columns(n_profiled=pl.max_horizontal("n_profiled", "n_altered"))
        )
    for a, b in chosen_pairs(groups, params):
        parts.append(
            profiled[a]
            .select(
                "gene",
                pl.lit(a).alias("group_a"),
                pl.lit(b).alias("group_b"),
                pl.col("n_altered").alias("n_altered_a"),
                pl.col("n_profiled").alias("n_profiled_a"),
            )
            .join(
                profiled[b].select(
                    "gene", pl.col("n_altered").alias("n_altered_b"), pl.col("n_profiled").alias("n_profiled_b")
                ),
                on="gene",
            )
        )
    if not parts:
        return tested(pl.DataFrame(schema=_COUNTS))
    table = pl.concat(parts).filter(
        (pl.col("n_altered_a") + pl.col("n_altered_b") >= params.min_altered)
        & (pl.col("n_profiled_a") > 0)
        & (pl.col("n_profiled_b") > 0)
    )
    return tested(table)


_COUNTS = {
    "gene": pl.String,
    "group_a": pl.String,
    "group_b": pl.String,
    "n_altered_a": pl.Int64,
    "n_profiled_a": pl.Int64,
    "n_altered_b": pl.Int64,
    "n_profiled_b": pl.Int64,
}


def tested(table: pl.DataFrame) -> pl.DataFrame:
    """Add Fisher's exact test, the conditional odds ratio with its interval and q values to counts of two groups."""
    a, n_a, b, n_b = (table[c].to_numpy() for c in ("n_altered_a", "n_profiled_a", "n_altered_b", "n_profiled_b"))
    result = fisher_exact(a, n_a - a, b, n_b - b)
    return (
        table.with_columns(
            pl.Series("odds_ratio", result.odds_ratio),
            pl.Series("ci_low", result.ci_low),
            pl.Series("ci_high", result.ci_high),
            pl.Series("p_value", result.p_value),
            pl.Series("q_value", benjamini_hochberg(result.p_value)),
        )
        .fill_nan(None)
        .sort("p_value", "group_a", "group_b", "gene")
    )


def compare_reference(genes: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    """Compare the cohort's gene counts with a reference table (gene, n_altered, n_profiled)."""
    both = genes.join(reference, on="gene", how="inner", suffix="_b").select(
        "gene",
        pl.lit("this cohort").alias("group_a"),
        pl.lit("reference").alias("group_b"),
        pl.col("n_altered").alias("n_altered_a"),
        pl.col("n_profiled").alias("n_profiled_a"),
        "n_altered_b",
        "n_profiled_b",
    )
    return tested(both)
