"""The one definition of recurrence: the first disease after the origin that follow_up or lesions record."""

from __future__ import annotations

import polars as pl

from oncourse.facts.stage import stage_of

#: Settings of treatments and scans that say nothing of disease beyond the primary.
EARLY = ("neoadjuvant", "adjuvant")
#: Settings that are disease beyond the primary by their name.
ADVANCED = ("metastatic", "mCSPC", "mCRPC")
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


def advanced_disease(lines: pl.DataFrame, visits: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """Return what shows that a patient had disease beyond the primary, beside lesions and follow-up.

    Parameters
    ----------
    lines : patient_id, line, start_day, setting; visits : patient_id, line, n_target (target lesions of the line's
    baseline); patients : patient_id, stage

    Returns
    -------
    patient_id, adv_day (first line for advanced disease, or with measured target lesions outside of treatment around
    an operation), adv_word (which of the two), is_stage_iv. Patients without either have no row.
    """
    measured = (
        visits.filter(pl.col("n_target") > 0).select("patient_id", "line", pl.lit(True).alias("_measured")).unique()
        if visits.height
        else pl.DataFrame(schema={"patient_id": pl.String, "line": pl.Int64, "_measured": pl.Boolean})
    )
    rows = lines.join(measured, on=["patient_id", "line"], how="left", maintain_order="left")
    named = pl.col("setting").is_in(ADVANCED).fill_null(False)
    seen = pl.col("_measured").fill_null(False) & ~pl.col("setting").is_in(EARLY).fill_null(False)
    shown = (
        rows.filter(named | seen)
        .sort("start_day", "line")
        .group_by("patient_id", maintain_order=True)
        .agg(
            pl.col("start_day").first().alias("adv_day"),
            pl.when(named)
            .then(pl.lit("treated for metastatic disease"))
            .otherwise(pl.lit("target lesions measured"))
            .first()
            .alias("adv_word"),
        )
    )
    stages = patients["stage"] if "stage" in patients.columns else pl.Series([None] * patients.height, dtype=pl.String)
    four = patients.select("patient_id").filter(
        pl.Series([stage_of(text) == "IV" for text in stages], dtype=pl.Boolean)
    )
    return shown.join(
        four.with_columns(pl.lit(True).alias("is_stage_iv")), on="patient_id", how="full", coalesce=True
    ).with_columns(pl.col("is_stage_iv").fill_null(False))


def never_free() -> pl.Expr:
    """Return why a patient is not known ever to have been free of disease; null where nothing speaks against it.

    Asked of rows with rec_day, recurrence_free_day, origin_day and the columns of `advanced_disease`: whoever has a
    recurrence, or a day free of one, was treated for what there was before it.
    """
    silent = pl.col("rec_day").is_null() & pl.col("recurrence_free_day").is_null()
    before = silent & (pl.col("adv_day") <= pl.col("origin_day")).fill_null(False)
    after = silent & (pl.col("adv_day") > pl.col("origin_day")).fill_null(False)
    return (
        pl.when(before)
        .then(pl.format("{} on day {}, not after the origin: never disease-free", "adv_word", "adv_day"))
        .when(silent & pl.col("is_stage_iv").fill_null(False))
        .then(pl.lit("stage IV, and no day free of disease is recorded"))
        .when(after)
        .then(pl.format("{} on day {}, and no recurrence is recorded: its day is not known", "adv_word", "adv_day"))
    )
