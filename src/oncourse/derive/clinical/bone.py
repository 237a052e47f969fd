"""Bone scans by the 2+2 rule of the Prostate Cancer Working Group, and soft tissue and bone joined.

Rules: PCWG3 (Scher et al., J Clin Oncol 2016;34:1402), table 4; PCWG2 (2008;26:1148) differs after the first scan,
PCWG4 (2026) lets six or more new lesions stand without confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.derive.clinical.recist import BONE_SCAN
from oncourse.facts.days import on_line
from oncourse.study.frames import with_optional
from oncourse.study.settings import section, setting

BONE_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "day": pl.Int64,
    "new_lesions": pl.Int64,
    "persisting": pl.Int64,
    "bone": pl.String,
    "progression_day": pl.Int64,
    "confirmed_day": pl.Int64,
    "rule": pl.String,
    "source_row": pl.Int64,
}
COMBINED_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "day": pl.Int64,
    "soft_tissue": pl.String,
    "bone": pl.String,
    "bone_day": pl.Int64,
    "overall": pl.String,
}
RULES = {
    1: "2+2: new lesions on the first scan and more on the next",
    2: "new lesions after the first scan, persistent on the next",
    3: "new lesions after the first scan (PCWG2: no confirmation)",
    4: "six or more new lesions on one scan (PCWG4)",
    5: "flare: the next scan did not add two lesions",
    6: "not persistent on the next scan",
    7: "waiting for the confirming scan",
    8: "cannot be told: lesions of the first scan and later ones are counted together",
}


@section("bone")
@dataclass(frozen=True)
class BoneParams:
    """The bone-scan rules; which version applies follows `psa.criteria`."""

    min_new: int = setting(2, "least new lesions", low=1, source="PCWG3 table 4")
    confirmation_days: int = setting(42, "least days to the confirming scan (6 weeks)", low=0, source="PCWG3 table 4")
    immediate_new: int = setting(
        6,
        "PCWG4: as many new lesions on one scan need no confirmation",
        low=1,
        source="PCWG4 2026, secondary sources",
    )
    match_days: int = setting(14, "a bone scan this near a visit belongs to it in the joined response", low=0)
    flare_window_days: int | None = setting(
        84,
        "the first scan may be a flare up to this day of the line (12 weeks), a later first one can show progression; "
        "null: "
        "the first scan is the reference whenever it was",
        low=1,
        source="PCWG3 table 4: first scan at 8 weeks, flare within 12",
    )


def bone_visits(
    assessments: pl.DataFrame,
    lines: pl.DataFrame,
    params: BoneParams | None = None,
    *,
    criteria: str = "pcwg3",
    followed: bool = False,
) -> pl.DataFrame:
    """Return the bone response of every scan of every line (`BONE_SCHEMA`).

    Parameters
    ----------
    assessments : patient_id, day, method, new_bone_lesions (not on any earlier scan; null on a bone scan = not
        evaluable), bone_persisting (earlier post-baseline new lesions still seen; null = not recorded)
    lines : patient_id, line, start_day, next_start_day

    Returns
    -------
    One row per scan after the start: ``bone`` NON-PD, PDu (progression to be confirmed), PD or NE; ``rule`` says why.
    The first scan of a line up to ``flare_window_days`` is its reference whatever it shows. A scan is judged and
    confirmed by the later ones whatever treatment follows; shown are those up to the first day of the next line, or
    with ``followed`` all. ``progression_day`` of a PD is the scan that first
    showed it, ``confirmed_day`` the one that confirmed it.
    """
    from oncourse.derive.clinical import _bone_kernel as kernel

    params = params or BoneParams()
    columns = {"method": pl.String, "new_bone_lesions": pl.Int64, "bone_persisting": pl.Int64}
    is_scan = (pl.col("method").str.to_lowercase() == BONE_SCAN).fill_null(False)
    scans = (
        with_optional(assessments, columns)
        .with_row_index("source_row", 2)
        .filter((pl.col("new_bone_lesions").is_not_null() | is_scan) & pl.col("day").is_not_null())
        .group_by("patient_id", "day")
        .agg(
            pl.col("new_bone_lesions").max(),
            pl.col("bone_persisting").max(),
            pl.col("source_row").min().cast(pl.Int64),
        )
        .join(lines.select("patient_id", "line", "start_day", "next_start_day"), on="patient_id")
        .filter(pl.col("day") > pl.col("start_day"))
        .sort("patient_id", "line", "day")
    )
    scans = scans.filter(pl.col("new_bone_lesions").is_not_null().any().over("patient_id", "line"))
    if scans.is_empty():
        return pl.DataFrame(schema=BONE_SCHEMA)
    known = scans.filter(pl.col("new_bone_lesions").is_not_null())
    group = known.select(pl.struct("patient_id", "line").rle_id()).to_series().to_numpy()
    offsets = np.concatenate([[0], np.cumsum(np.bincount(group))]).astype(np.int64)
    days = known["day"].to_numpy().astype(np.int64)
    flare = np.iinfo(np.int64).max if params.flare_window_days is None else params.flare_window_days
    state, confirmed, rule = kernel.two_plus_two(
        offsets,
        days,
        days - known["start_day"].to_numpy(),
        known["new_bone_lesions"].to_numpy().astype(np.int64),
        known["bone_persisting"].fill_null(-1).to_numpy().astype(np.int64),
        params.min_new,
        params.confirmation_days,
        {"pcwg2": 2, "pcwg3": 3, "pcwg4": 4}[criteria],
        params.immediate_new,
        flare,
    )
    known = known.select("patient_id", "line", "day").with_columns(
        pl.Series("bone", np.array(["NON-PD", "PDu", "PD"])[state]),
        pl.Series("confirmed_day", confirmed).replace(kernel.NO_DAY, None),
        pl.Series("rule", rule).replace_strict(RULES, default=None, return_dtype=pl.String),
    )
    table = scans.join(known, on=["patient_id", "line", "day"], how="left", maintain_order="left").with_columns(
        pl.col("bone").fill_null("NE"),
        pl.when(pl.col("bone") == "PD").then(pl.col("day")).alias("progression_day"),
        pl.col("new_bone_lesions").alias("new_lesions"),
        pl.col("bone_persisting").alias("persisting"),
    )
    shown = table if followed else table.filter(on_line())
    return shown.select(pl.col(n).cast(t) for n, t in BONE_SCHEMA.items())


def bone_summary(visits: pl.DataFrame) -> pl.DataFrame:
    """Return per line the first PD (bone, day), else the last progression still to be confirmed, else NON-PD."""
    rows = visits.filter(pl.col("bone") != "NE").sort("patient_id", "line", "day")
    first_pd = pl.col("day").filter(pl.col("bone") == "PD").first()
    waiting = pl.col("day").filter(pl.col("bone") == "PDu").last()
    return rows.group_by("patient_id", "line", maintain_order=True).agg(
        pl.when(first_pd.is_not_null())
        .then(pl.lit("PD"))
        .when(waiting.is_not_null())
        .then(pl.lit("PDu"))
        .otherwise(pl.lit("NON-PD"))
        .alias("bone"),
        pl.coalesce(first_pd, waiting).alias("day"),
    )


def combined_visits(visits: pl.DataFrame, bone: pl.DataFrame, params: BoneParams | None = None) -> pl.DataFrame:
    """Return the visits of soft tissue joined with bone (PCWG3), for lines with bone scans.

    Parameters
    ----------
    visits : `oncourse.derive.recist.recist_visits`; bone : `bone_visits`

    Returns
    -------
    `COMBINED_SCHEMA`: the bone state of the scan nearest to the visit, at most ``match_days`` away; none is NE.
    """
    params = params or BoneParams()
    by = ["patient_id", "line"]
    soft = visits.filter(pl.col("overall").is_not_null()).join(bone.select(by).unique(), on=by, how="semi")
    if soft.is_empty():
        return pl.DataFrame(schema=COMBINED_SCHEMA)
    scans = bone.select(*by, pl.col("day").alias("bone_day"), "bone").sort("bone_day")
    joined = (
        soft.sort("day")
        .join_asof(
            scans,
            left_on="day",
            right_on="bone_day",
            by=by,
            strategy="nearest",
            tolerance=params.match_days,
            check_sortedness=False,
            coalesce=False,
        )
        .with_columns(pl.col("bone").fill_null("NE"))
    )
    has_target = pl.col("target").is_not_null()
    return (
        joined.with_columns(combined_overall(pl.col("overall"), pl.col("bone"), has_target).alias("combined"))
        .select(
            *by,
            "day",
            pl.col("overall").alias("soft_tissue"),
            "bone",
            "bone_day",
            pl.col("combined").alias("overall"),
        )
        .select(pl.col(n).cast(t) for n, t in COMBINED_SCHEMA.items())
        .sort("patient_id", "line", "day")
    )


def combined_overall(soft: pl.Expr, bone: pl.Expr, has_target: pl.Expr) -> pl.Expr:
    """Return the overall response of a visit from soft tissue (RECIST 1.1) and bone (PCWG3 table 4).

    `soft`: CR, PR, SD, NON-CR/NON-PD, NED, NE, PD; `bone`: NED, NON-PD, PDu, NE, PD.
    """
    return (
        pl.when((soft == "PD") | (bone == "PD"))
        .then(pl.lit("PD"))
        .when(soft == "NE")
        .then(pl.lit("NE"))
        .when((soft == "NED") & (bone == "PDu"))
        .then(pl.lit("PDu"))
        .when((soft == "NED") & (bone == "NON-PD"))
        .then(pl.lit("NON-CR/NON-PD"))
        .when(soft == "NED")
        .then(pl.lit("NE"))
        .when((soft == "CR") & (bone == "NED"))
        .then(pl.lit("CR"))
        .when((soft == "CR") & has_target)
        .then(pl.lit("PR"))
        .when(soft == "CR")
        .then(pl.lit("NON-CR/NON-PD"))
        .otherwise(soft)
    )
