"""Which PSA values count: one a patient and day in ng/mL, and what was left out; the settings of all PSA rules."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.derive.clinical.exact import LARGEST
from oncourse.study.analytes import analytes, lab_factor, lab_number
from oncourse.study.frames import optional
from oncourse.study.settings import section, setting
from oncourse.study.words import words_for

PCWG_SOURCE = "PCWG3, J Clin Oncol 2016;34:1402"


@section("psa")
@dataclass(frozen=True)
class PsaParams:
    """The PSA rules of PCWG3 and their options."""

    criteria: str = setting(
        "pcwg3",
        "version of the working group's rules; the PSA rules are the same in all, the bone rules differ",
        choices=("pcwg2", "pcwg3", "pcwg4"),
        source=PCWG_SOURCE,
    )
    rise_fraction: float = setting(0.25, "least rise above the nadir, as a fraction of it", low=0, source=PCWG_SOURCE)
    min_rise_ng_ml: float = setting(2.0, "least absolute rise above the nadir in ng/mL", low=0, source=PCWG_SOURCE)
    confirmation_days: int = setting(
        21, "least days to the value that confirms a rise or a decline", low=0, source=PCWG_SOURCE
    )
    early_days: int = setting(84, "rises up to this day of the line are early (12 weeks)", low=0, source=PCWG_SOURCE)
    early_scope: str = setting(
        "no_decline",
        "which early rises are not progression: those without a prior decline, or all",
        choices=("no_decline", "all"),
        source="PCWG3 ignores early rises of patients without a decline; some protocols ignore all",
    )
    confirm_no_decline: bool = setting(
        True,
        "whether a rise without any decline from baseline needs confirmation too; false is the literal text",
        source=PCWG_SOURCE,
    )
    sustained: bool = setting(False, "whether every value up to the confirming one must stay below the decline limit")
    week12_day: int = setting(84, "day of the 12-week value", low=1, source=PCWG_SOURCE)
    week12_window_days: int = setting(14, "the 12-week value lies within this many days of it", low=0)
    baseline_max_age_days: int | None = setting(
        None, "a baseline older than this is not used; null: any age, flagged above 28 days", low=0
    )
    same_day: str = setting(
        "highest", "which of several values of one day counts", choices=("highest", "lowest", "mean")
    )
    below_limit: str = setting(
        "limit", "what `<x` stands for: the limit x, half of it, or zero", choices=("limit", "half", "zero")
    )
    doubling_min_values: int = setting(
        3, "least values for a doubling time", low=3, source="Arlen et al., J Urol 2008;179:2181"
    )
    doubling_min_days: int = setting(28, "least days they must span", low=1, source="Arlen et al. 2008")
    undetectable_ng_ml: float = setting(0.2, "a PSA below this is undetectable", low=0)
    missing_in_denominator: bool = setting(
        True, "whether patients without any PSA count as non-responders in rates (intention to treat)"
    )


VALUES_SCHEMA = {
    "patient_id": pl.String,
    "day": pl.Int64,
    "value_ng_ml": pl.Float64,
    "is_below_limit": pl.Boolean,
    "is_above_limit": pl.Boolean,
    "n_same_day": pl.Int64,
    "row": pl.Int64,
}


def psa_values(labs: pl.DataFrame, params: PsaParams | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the usable PSA values in ng/mL, one per patient and day, and the rows left out with their reason.

    Parameters
    ----------
    labs : patient_id, day, analyte, value (number, or text such as "<0.1"), unit (null is taken as ng/mL)

    Returns
    -------
    values : `VALUES_SCHEMA`, sorted; ``row`` is the line of the labs table (header = 1) that was used
    left_out : patient_id, row, reason
    """
    params = params or PsaParams()
    unit = optional(labs, "unit")
    text = pl.col("value").cast(pl.String).str.strip_chars()
    factor = {"limit": 1.0, "half": 0.5, "zero": 0.0}[params.below_limit]
    rows = (
        labs.with_row_index("row", 2)
        .filter(pl.col("analyte").str.to_lowercase().str.strip_chars().is_in(words_for("analyte", "PSA")))
        .with_columns(
            text.str.starts_with("<").fill_null(False).alias("is_below_limit"),
            text.str.starts_with(">").fill_null(False).alias("is_above_limit"),
            lab_number(pl.col("value")).alias("_number"),  # >1000 is at least 1000
            lab_factor(analytes()["psa"], unit).alias("_factor"),
        )
        .with_columns(
            pl.when(pl.col("day").is_null())
            .then(pl.lit("no day"))
            .when(pl.col("value").is_null())
            .then(pl.lit("no value"))
            .when(pl.col("_number").is_null())
            .then(pl.lit("not a number"))
            .when(pl.col("_number") < 0)
            .then(pl.lit("negative value"))
            .when(pl.col("_factor").is_null())
            .then(pl.lit("unknown unit"))
            .when(pl.col("_number") * pl.col("_factor") > LARGEST)
            .then(pl.lit("impossibly high"))
            .alias("reason"),
            (pl.col("_number") * pl.col("_factor") * pl.when("is_below_limit").then(factor).otherwise(1.0)).alias(
                "value_ng_ml"
            ),
        )
    )
    left_out = rows.filter(pl.col("reason").is_not_null()).select("patient_id", pl.col("row").cast(pl.Int64), "reason")
    pick = {
        "highest": pl.col("value_ng_ml").max(),
        "lowest": pl.col("value_ng_ml").min(),
        "mean": pl.col("value_ng_ml").mean(),
    }
    values = (
        rows.filter(pl.col("reason").is_null())
        .sort("patient_id", "day", "value_ng_ml", "row")
        .group_by("patient_id", "day", maintain_order=True)
        .agg(
            pick[params.same_day].alias("value_ng_ml"),
            pl.col("is_below_limit").all(),
            pl.col("is_above_limit").any(),
            pl.col("value_ng_ml").n_unique().alias("n_same_day"),
            (pl.col("row").first() if params.same_day == "lowest" else pl.col("row").last()).alias("row"),
        )
    )
    return values.select(pl.col(n).cast(t) for n, t in VALUES_SCHEMA.items()), left_out
