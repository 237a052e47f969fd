"""The calls that count as called somatic mutations, with gene and effect."""

from __future__ import annotations

import polars as pl

from oncourse.facts.called import is_called_expr
from oncourse.facts.inborn import GERMLINE_VAF, KEY, inborn
from oncourse.facts.material import is_tumour
from oncourse.genome.effect import PROTEIN_CHANGING, consequences
from oncourse.study.model import Study

#: Numbers of sample and variant in `numbered_calls`, in the order of their names.
NUMBERS = ("sample", "variant")


def annotated_calls(study: Study, germline_vaf: float = GERMLINE_VAF) -> pl.DataFrame:
    """Return `numbered_calls` without the numbers."""
    return numbered_calls(study, germline_vaf).drop(NUMBERS)


def numbered_calls(study: Study, germline_vaf: float = GERMLINE_VAF) -> pl.DataFrame:
    """Return one row per called somatic variant and tumour sample, sorted by them.

    Columns: patient_id, sample_id, variant_id, gene (null where intergenic), hgvs_p, consequence (the
    vocabulary of `oncourse.genome.effect`), is_altering (protein-changing or splice site +-2 bp),
    alt_count, depth (null = not counted), vaf (the source's own where it gives no depth). Clonal haematopoiesis is left
    out, and what the patient was born with (`oncourse.facts.inborn`), whatever the tumour's own row calls it.
    ``sample`` and ``variant`` number both (variant: null where variants does not have it): what is counted by them costs
    a fifth of what it costs by names.
    """
    samples = study["samples"].filter(is_tumour())
    assays = study["assays"].select("assay_id", "min_alt_count", "min_vaf")
    samples = samples.select("sample_id", "patient_id", "assay_id").join(assays, on="assay_id", how="left")
    samples = samples.sort("sample_id").with_row_index("sample")
    somatic = pl.col("origin").is_null() | pl.col("origin").is_in(["somatic", "unknown"])
    needed = ("sample_id", "variant_id", "alt_count", "depth", "vaf", "is_called")
    calls = study["calls"].filter(somatic).select(needed).join(samples, on="sample_id", how="inner")
    calls, born = calls.filter(is_called_expr()), inborn(study, germline_vaf)
    calls = calls if born.is_empty() else calls.join(born, on=KEY, how="anti", maintain_order="left")
    variants = study["variants"].select("variant_id", "gene", "hgvs_p", "consequence")
    effect = consequences(variants["consequence"]) if variants.height else variants["consequence"]
    variants = variants.with_columns(
        consequence=effect, is_altering=effect.is_in([*PROTEIN_CHANGING, "splice_site"]).fill_null(False)
    )
    rows = calls.join(variants.sort("variant_id").with_row_index("variant"), on="variant_id", how="left")
    # by number, which is the order of the names; a call without its variant has none
    order: list[str | pl.Expr] = ["sample", "variant_id"]
    if not rows["variant"].null_count():
        order = [pl.col("sample").cast(pl.UInt64) * max(variants.height, 1) + pl.col("variant")]
    return rows.sort(order).select(
        "patient_id",
        "sample_id",
        "variant_id",
        "gene",
        "hgvs_p",
        "consequence",
        pl.col("is_altering").fill_null(False),
        "alt_count",
        "depth",
        pl.coalesce((pl.col("alt_count") / pl.col("depth")).fill_nan(None), "vaf").alias("vaf"),
        *NUMBERS,
    )
