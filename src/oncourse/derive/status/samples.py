"""Which sample speaks for the patient."""

from __future__ import annotations

import polars as pl

from oncourse.derive.concordance.presence_inputs import tumour_samples
from oncourse.study.model import Study

#: Samples so many days apart are of one time: a treatment cycle (own choice). A plasma two days after the biopsy of a
#: metastasis must not make its wild type unknown; what plasma found counts in any case.
ONE_TIME_DAYS = 28
#: Without days the metastasis is taken as nearer the decision than the primary.
_ROLE_RANK = {"primary": 0, "tissue": 1, "local_recurrence": 2, "metastasis": 3, "plasma": -1}


def decision_samples(study: Study, plasma: pl.DataFrame, decision_day: int | None) -> pl.DataFrame:
    """Return per patient the sample nearest the decision that can tell about the tumour.

    Tissue, or ctDNA-positive plasma (`plasma`: sample_id, has_tumour); the latest up to ``decision_day``; of one time
    (`ONE_TIME_DAYS`) tissue before plasma; of one day metastasis before primary. Samples without a day come after all
    dated ones, metastasis first.
    """
    informative = plasma.filter("has_tumour")["sample_id"].implode()
    samples = tumour_samples(study).filter((pl.col("material") == "tissue") | pl.col("sample_id").is_in(informative))
    if decision_day is not None:
        samples = samples.filter(pl.col("day").is_null() | (pl.col("day") <= decision_day))
    rank = pl.col("role").replace_strict(_ROLE_RANK, default=0, return_dtype=pl.Int64)
    newest = pl.col("day").max().over("patient_id")
    at_end = (pl.col("day") >= newest - ONE_TIME_DAYS).fill_null(False) & (pl.col("material") == "tissue")
    last = (
        samples.with_columns(rank=rank, is_last_tissue=at_end, newest=newest)
        .sort("patient_id", "is_last_tissue", "day", "rank", "sample_id", nulls_last=False)
        .group_by("patient_id", maintain_order=True)
        .agg(pl.col("sample_id", "material", "role", "day", "newest").last(), pl.len().alias("n"))
    )
    later = pl.format("tissue of day {}; plasma of day {} is of the same time", "day", "newest")
    dated = pl.format("latest of {} tumour samples (day {})", "n", "day")
    reason = (
        pl.when(pl.col("n") == 1)
        .then(pl.lit("the only tumour sample"))
        .when(pl.col("day").is_null())
        .then(pl.format("{} of {} samples without a day", "role", "n"))
        .when(pl.col("day") < pl.col("newest"))
        .then(later)
        .otherwise(dated)
    )
    return last.select("patient_id", "sample_id", "material", "day", reason.alias("reason")).sort("patient_id")
