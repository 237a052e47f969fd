"""End points as the source published them, beside those derived here, patient by patient."""

from __future__ import annotations

import polars as pl

#: Published end point -> the derived one that means the same.
SAME_AS = {
    "OS": "OS",
    "OVERALL_SURVIVAL": "OS",
    "DFS": "DFS",
    "DFI": "TTR",
    "RFS": "RFS",
    "PFS": "PFS",
    "PF": "PFS",
    "PFI": "TTP",
    "TTP": "TTP",
}
#: Months with one decimal are exact to a day and a half; a published time within it is the same time.
SAME_DAYS = 2
COMPARED = {
    "patient_id": pl.String,
    "endpoint": pl.String,
    "anchor": pl.String,
    "time_days": pl.Int64,
    "is_event": pl.Boolean,
    "derived_endpoint": pl.String,
    "derived_line": pl.Int64,
    "derived_time_days": pl.Int64,
    "derived_is_event": pl.Boolean,
    "derived_reason": pl.String,
    "agreement": pl.String,
}


def compared(
    published: pl.DataFrame, derived: pl.DataFrame, *, first_day: int, same_days: int = SAME_DAYS
) -> pl.DataFrame:
    """Return `COMPARED`: each published record with the derived record of the same meaning.

    Parameters
    ----------
    published : as in the study
    derived : records of `oncourse.derive.clinical.endpoints.endpoint_table`
    first_day : 1 where derived times count the first day (end - origin + 1), else 0
    same_days : times no further apart are the same

    Notes
    -----
    An end point that starts with the treatment is compared with the patient's first line, the others with the record of
    the study. ``agreement``: same; other time; other event; not derived (no derived end point means it, or the patient
    has no record); not comparable (it counts from another day); status unknown.
    """
    line = pl.col("line").min().over("patient_id", "endpoint")
    by_line = derived.filter(pl.col("line").is_not_null() & (pl.col("line") == line))
    whole = derived.filter(pl.col("line").is_null())
    parts = [
        frame.select(
            "patient_id",
            pl.col("endpoint").alias("derived_endpoint"),
            pl.lit(on_line).alias("_on_line"),
            pl.col("line").cast(pl.Int64).alias("derived_line"),
            (pl.col("time_days") - first_day).alias("derived_time_days"),
            pl.col("is_event").alias("derived_is_event"),
            pl.col("event_or_reason").alias("derived_reason"),
        )
        for frame, on_line in ((whole, False), (by_line, True))
    ]
    ours = pl.concat(parts)
    has_study = set(whole["endpoint"])
    target = pl.col("endpoint").replace_strict(SAME_AS, default=None, return_dtype=pl.String)
    rows = published.with_columns(target.alias("derived_endpoint")).with_columns(
        ((pl.col("anchor") == "treatment").fill_null(False) | ~pl.col("derived_endpoint").is_in(list(has_study)))
        .fill_null(False)
        .alias("_on_line")
    )
    rows = rows.join(ours, on=["patient_id", "derived_endpoint", "_on_line"], how="left", maintain_order="left")
    other_zero = pl.col("anchor").is_in(["index", "diagnosis", "treatment"]).not_() & pl.col("anchor").is_not_null()
    gap = (pl.col("time_days") - pl.col("derived_time_days")).abs()
    agreement = (
        pl.when(pl.col("is_event").is_null())
        .then(pl.lit("status unknown"))
        .when(pl.col("derived_time_days").is_null())
        .then(pl.lit("not derived"))
        .when(other_zero)
        .then(pl.lit("not comparable"))
        .when(pl.col("is_event") != pl.col("derived_is_event"))
        .then(pl.lit("other event"))
        .when(gap > same_days)
        .then(pl.lit("other time"))
        .otherwise(pl.lit("same"))
    )
    return (
        rows.with_columns(agreement.alias("agreement"))
        .select(pl.col(n).cast(t) for n, t in COMPARED.items())
        .sort("endpoint", "patient_id")
    )
