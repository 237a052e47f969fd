"""Testosterone that says another thing than the line of therapy: castration-resistant disease needs a castrate level."""

from __future__ import annotations

import polars as pl

from oncourse.study.analytes import lab_values
from oncourse.study.schema import Problem

#: Castrate testosterone is below 50 ng/dL, 1.73 nmol/L (PCWG3: Scher 2016, J Clin Oncol 34:1402).
CASTRATE_NG_DL = 50.0
#: A value so many days before or after the start of a line tells of it (own choice: six weeks).
NEAR_DAYS = 42
#: The setting that asks for it.
RESISTANT = "mCRPC"


def not_castrate(labs: pl.DataFrame, treatments: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, start_day, day, value (ng/dL): lines recorded as castration-resistant whose nearest testosterone
    within `NEAR_DAYS` of their start is not castrate; of two as near the earlier counts."""
    lines = treatments.filter((pl.col("setting") == RESISTANT) & pl.col("start_day").is_not_null())
    lines = lines.select("patient_id", "start_day").unique(maintain_order=True)
    levels = lab_values(labs, "testosterone").filter(pl.col("day").is_not_null())
    near = lines.join(levels, on="patient_id", how="inner", maintain_order="left").with_columns(
        _away=(pl.col("day") - pl.col("start_day")).abs()
    )
    near = near.filter(pl.col("_away") <= NEAR_DAYS).sort("patient_id", "start_day", "_away", "day")
    nearest = near.unique(["patient_id", "start_day"], keep="first", maintain_order=True)
    high = (pl.col("value") >= CASTRATE_NG_DL) & (pl.col("bound") != "<").fill_null(True)
    return nearest.filter(high).select("patient_id", "start_day", "day", "value")


def castration_checks(labs: pl.DataFrame, treatments: pl.DataFrame) -> list[Problem]:
    """Return a warning for each line recorded as castration-resistant at whose start testosterone is not castrate."""
    if labs.is_empty() or treatments.is_empty():
        return []
    cure = (
        "Check the value, its unit and the setting: without castration it is no castration-resistant disease (PCWG3)."
    )
    return [
        Problem(
            "labs",
            None,
            "value",
            f"{value:g}",
            f"{patient}: testosterone of day {day} is {value:.0f} ng/dL, not castrate (below {CASTRATE_NG_DL:.0f} ng/dL), "
            f"and the line of day {start} is recorded as {RESISTANT}.",
            cure,
            "warning",
        )
        for patient, start, day, value in not_castrate(labs, treatments).iter_rows()
    ]
