"""Which sample speaks for the patient, and which plasma samples show tumour DNA at all."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oncourse.derive.concordance.presence_inputs import tumour_samples
from oncourse.genome.gene_sets import gene_set
from oncourse.study.model import Study


def plasma_tumour(study: Study, blood: Mapping[tuple[str, str], str]) -> pl.DataFrame:
    """Return patient_id, sample_id, day, has_tumour of plasma samples.

    Tumour DNA is shown by a recorded tumour fraction above zero, or by a called variant that is neither germline
    nor (possible) clonal haematopoiesis.
    """
    from oncourse.derive.genes.calls import annotated_calls

    samples = study["samples"].filter(pl.col("material") == "plasma")
    schema = {"patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "has_tumour": pl.Boolean}
    if samples.is_empty():
        return pl.DataFrame(schema=schema)
    chip = gene_set("blood clone in plasma alone")
    apart = pl.DataFrame(list(blood), schema={"patient_id": pl.String, "variant_id": pl.String}, orient="row")
    calls = annotated_calls(study).join(samples.select("sample_id"), on="sample_id", how="semi")
    calls = calls.join(apart, on=["patient_id", "variant_id"], how="anti").filter(
        ~pl.col("gene").is_in(chip).fill_null(False)
    )
    with_call = calls.select("sample_id", pl.lit(True).alias("called")).unique()
    return (
        samples.join(with_call, on="sample_id", how="left")
        .with_columns(
            has_tumour=(pl.col("tumor_fraction") > 0).fill_null(False) | pl.col("called").fill_null(False)
        )
        .select(list(schema))
        .sort("patient_id", "day", "sample_id", nulls_last=True)
    )


#: Without days the metastasis is taken as nearer the decision than the primary.
_ROLE_RANK = {"primary": 0, "tissue": 1, "local_recurrence": 2, "metastasis": 3, "plasma": -1}


def decision_samples(study: Study, plasma: pl.DataFrame, decision_day: int | None) -> pl.DataFrame:
    """Return per patient the sample nearest the decision that can tell about the tumour.

    Tissue, or plasma in which tumour DNA is shown; the latest up to ``decision_day``; of one day tissue before
    plasma, metastasis before primary. Samples without a day come after all dated ones, metastasis first.
    """
    informative = plasma.filter("has_tumour")["sample_id"].implode()
    samples = tumour_samples(study).filter(
        (pl.col("material") == "tissue") | pl.col("sample_id").is_in(informative)
    )
    if decision_day is not None:
        samples = samples.filter(pl.col("day").is_null() | (pl.col("day") <= decision_day))
    rank = pl.col("role").replace_strict(_ROLE_RANK, default=0, return_dtype=pl.Int64)
    last = (
        samples.with_columns(rank=rank)
        .sort("patient_id", "day", "rank", "sample_id", nulls_last=False)
        .group_by("patient_id", maintain_order=True)
        .agg(pl.col("sample_id", "material", "role", "day").last(), pl.len().alias("n"))
    )
    dated = pl.format("latest of {} tumour samples (day {})", "n", "day")
    reason = (
        pl.when(pl.col("n") == 1).then(pl.lit("the only tumour sample"))
        .when(pl.col("day").is_null()).then(pl.format("{} of {} samples without a day", "role", "n"))
        .otherwise(dated)
    )  # fmt: skip
    return last.select("patient_id", "sample_id", "material", "day", reason.alias("reason")).sort(
        "patient_id"
    )
