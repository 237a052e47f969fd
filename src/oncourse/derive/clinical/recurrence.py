"""The one definition of recurrence: the first disease after the origin that follow_up or lesions record."""

from __future__ import annotations

import polars as pl

#: Roles of lesions that are a recurrence.
ROLES = ("metastasis", "local_recurrence")


def with_recurrence(origins: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Add the first recurrence of each patient to `origins`: rec_day, rec_table, rec_row (null: none seen).

    A metastasis found before follow_up.recurrence_day, or after recurrence_free_day, contradicts it: the day it was
    found stands, for what was seen outweighs what was not; the record names its table and row, and `check` says so. A
    lesion found on or before the origin is disease that was there already; where follow_up says when the patient
    recurred or was free, it was treated, and is no recurrence.

    Parameters
    ----------
    origins : patient_id, origin_day, recurrence_day, recurrence_free_day, fu_row
    lesions : lesion_id, patient_id, role, found_day, in the order of the table
    """
    recorded = pl.col("recurrence_day").is_not_null() | pl.col("recurrence_free_day").is_not_null()
    rows = (
        lesions.with_row_index("lesion_row", 2)
        .filter(pl.col("role").is_in(ROLES) & pl.col("found_day").is_not_null())
        .join(origins.select("patient_id", "origin_day", recorded.alias("_recorded")), on="patient_id")
        .filter((pl.col("found_day") > pl.col("origin_day")) | ~pl.col("_recorded"))
        .sort("found_day", "lesion_id")
        .group_by("patient_id", maintain_order=True)
        .first()
    )
    found = origins.join(
        rows.select("patient_id", "found_day", pl.col("lesion_row").cast(pl.Int64)),
        on="patient_id",
        how="left",
        maintain_order="left",
    )
    earlier = pl.col("recurrence_day").is_null() | (pl.col("found_day") < pl.col("recurrence_day"))
    use_lesion = (pl.col("found_day").is_not_null() & earlier).fill_null(False)
    return found.with_columns(
        pl.when(use_lesion).then("found_day").otherwise("recurrence_day").alias("rec_day"),
        pl.when(use_lesion).then(pl.lit("lesions")).otherwise(pl.lit("follow_up")).alias("rec_table"),
        pl.when(use_lesion).then("lesion_row").otherwise("fu_row").alias("rec_row"),
    ).drop("found_day", "lesion_row")
