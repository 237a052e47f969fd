"""Tumour mutational burden: mutations per callable megabase with an exact interval."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.derive.genes.panels import ASSUMED, Panels, target_regions
from oncourse.facts.markers import msi_of_samples
from oncourse.genome.genes import coding_mb
from oncourse.stats.poisson import poisson_interval
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

#: Variants in so many genes are no panel's: the largest panels have some two thousand.
EXOME_GENES = 5_000


@section("burden")
@dataclass(frozen=True)
class BurdenParams:
    """How the callable size is found where an assay does not state it; what is a high burden; how it is split."""

    exome_mb: float = setting(
        30.0,
        "callable Mb assumed for an exome or genome that states none (coding sequence)",
        low=1,
        source="Chalmers 2017, doi 10.1186/s13073-017-0424-2",
    )
    tmb_high: float = setting(
        10.0,
        "mutations per Mb from which a burden is high",
        low=1,
        source="FDA label of pembrolizumab 2020 (F1CDx: 10/Mb)",
    )
    small_panel_mb: float = setting(
        1.0,
        "assays of fewer callable Mb are named as small: their burden is uncertain",
        low=0,
        source="Buchhalter 2019, doi 10.1002/ijc.31878 (advises 1.5 Mb)",
    )
    group_by: str | None = setting(
        None, "column of patients, samples or lesions that splits the burden (default: that of landscape.group_by)"
    )


def callable_sizes(study: Study, panels: Panels, params: BurdenParams) -> pl.DataFrame:
    """Return per assay: assay_id, callable_mb (null = unknown), callable_basis (stated / estimated / assumed).

    stated: `assays.callable_mb`, or the length of its target regions; estimated: the coding length of its gene list;
    assumed: an exome or genome; samples without an assay too, where the study's variants lie in `EXOME_GENES` genes.
    """
    regions = target_regions(study).group_by("assay_id").agg((pl.col("end") - pl.col("start") + 1).sum() / 1e6)
    of_regions = dict(regions.iter_rows())
    rows = []
    for row in study["assays"].select("assay_id", "kind", "callable_mb").iter_rows(named=True):
        genes = panels.genes.get(row["assay_id"])
        if row["callable_mb"] is not None:
            size, basis = row["callable_mb"], "stated"
        elif row["assay_id"] in of_regions:
            size, basis = of_regions[row["assay_id"]], "stated"
        elif genes:
            size, basis = coding_mb(genes), "estimated"
        elif row["kind"] in ("wes", "wgs"):
            size, basis = params.exome_mb, "assumed"
        else:
            size, basis = None, None
        rows.append((row["assay_id"], size or None, basis))
    exome = study["variants"]["gene"].n_unique() >= EXOME_GENES
    rows.append((ASSUMED, params.exome_mb, "assumed") if exome else (ASSUMED, None, None))
    schema = {"assay_id": pl.String, "callable_mb": pl.Float64, "callable_basis": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def burden_table(
    study: Study, panels: Panels, calls: pl.DataFrame, params: BurdenParams, readings: pl.DataFrame
) -> pl.DataFrame:
    """Return one row per tumour sample profiled for mutations.

    Columns: sample_id, patient_id, n_nonsynonymous (distinct protein-changing or splice-site variants),
    callable_mb, callable_basis, tmb_per_mb, ci_low, ci_high (Garwood 1936; null where the size is unknown),
    msi_status (by `oncourse.facts.markers.msi_of_samples` of the ``readings``; null = not assessed).
    """
    counts = calls.filter(pl.col("is_altering")).group_by("sample_id").len("n")  # a variant has one row in a sample
    table = (
        panels.samples.drop_nulls("mutation")
        .join(msi_of_samples(readings), on="sample_id", how="left", maintain_order="left")
        .join(counts, on="sample_id", how="left", maintain_order="left")
        .join(
            callable_sizes(study, panels, params),
            left_on="mutation",
            right_on="assay_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(n_nonsynonymous=pl.col("n").fill_null(0).cast(pl.Int64))
    )
    low, high = poisson_interval(table["n_nonsynonymous"].to_numpy())
    size = pl.col("callable_mb")
    return table.with_columns(pl.Series("low", low), pl.Series("high", high)).select(
        "sample_id",
        "patient_id",
        "n_nonsynonymous",
        "callable_mb",
        "callable_basis",
        (pl.col("n_nonsynonymous") / size).alias("tmb_per_mb"),
        pl.when(size.is_not_null()).then(pl.col("low") / size).alias("ci_low"),
        pl.when(size.is_not_null()).then(pl.col("high") / size).alias("ci_high"),
        "msi_status",
    )
