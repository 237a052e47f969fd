"""Checks of target lesions: diameters, baselines, visits on two days, lesions taken out or irradiated."""

from __future__ import annotations

import polars as pl

from oncourse.study.procedures import REMOVING, kind_of
from oncourse.study.schema import WARNING, Problem, Rule, broken, problems_where

#: RECIST 1.1, section 4.1: what makes a lesion measurable, and how many are followed.
MEASURABLE_MM, NODE_MM, MOST_TARGETS, MOST_PER_ORGAN = 10.0, 15.0, 5, 2
BASELINE_DAYS = 28


def target_checks(
    targets: pl.DataFrame, treated: pl.DataFrame, lesions: pl.DataFrame, assessed: pl.DataFrame
) -> list[Problem]:
    """Return the problems of the diameters of target lesions, and of assessments beside them."""
    return (
        _diameters(targets) + _baseline(targets, treated, lesions) + _split_visits(targets) + _apart(assessed, targets)
    )


def _diameters(rows: pl.DataFrame) -> list[Problem]:
    if rows.is_empty():
        return []
    name, status, size = "target_lesions", pl.col("status"), pl.col("diameter_mm")
    gone = "Write status absent where the lesion is gone, too_small where it is seen but cannot be measured."
    rules = [
        Rule((size == 0) & (status == "measured"), "diameter_mm", "0 mm, but the lesion is said to be measured.", gone),
        Rule((size == 0) & status.is_null(), "diameter_mm", "0 mm without a status: taken as absent.", gone, WARNING),
        Rule(
            (size > 0) & (status == "absent"),
            "diameter_mm",
            "{value} mm, but the lesion is absent.",
            "Correct the diameter or the status.",
        ),
        Rule(
            size.is_not_null() & (status == "not_evaluable"),
            "diameter_mm",
            "{value} mm, but the lesion is not evaluable: the number is not used.",
            "Write status measured where it was measured.",
            WARNING,
        ),
        Rule(
            (size >= MEASURABLE_MM) & (status == "too_small"),
            "diameter_mm",
            "{value} mm is not too small to measure.",
            "Write status measured, or correct the diameter.",
            WARNING,
        ),
    ]
    no_size = size.is_null() & pl.col("diameter").is_null()
    rules += [
        Rule(
            no_size & (status == "measured"),
            "diameter_mm",
            "measured, but there is no diameter: taken as not evaluable.",
            "Give the diameter.",
            WARNING,
        ),
        Rule(
            pl.col("diameter").is_not_null() & pl.col("unit").is_null() & size.is_null(),
            "unit",
            "the diameter has no unit.",
            "Write mm or cm, or use diameter_mm.",
        ),
    ]
    in_mm = pl.col("diameter") * pl.when(pl.col("unit") == "cm").then(10.0).otherwise(1.0)
    rules += [
        Rule((size - in_mm).abs() > 1e-6, "diameter", "{value} disagrees with diameter_mm.", "Keep one of the two.")
    ]
    found = broken(name, rows, rules)
    found += _jumps(rows)
    known = rows.select("patient_id", pl.col("lesion_id").alias("merged_into")).unique()
    merged = rows.join(
        known.with_columns(pl.lit(True).alias("_known")),
        on=["patient_id", "merged_into"],
        how="left",
        maintain_order="left",
    )
    return found + problems_where(
        name,
        merged,
        pl.col("merged_into").is_not_null() & pl.col("_known").is_null(),
        "merged_into",
        "{value} is no target lesion of this patient.",
        "Name the lesion that is measured now.",
    )


def _jumps(rows: pl.DataFrame) -> list[Problem]:
    """A lesion about ten times larger or smaller than on its other visits: cm among mm."""
    positive = pl.when(pl.col("diameter_mm") > 0).then(pl.col("diameter_mm"))
    middle = positive.median().over("patient_id", "lesion_id")
    ratio = pl.col("diameter_mm") / middle
    several = positive.count().over("patient_id", "lesion_id") >= 3
    tenth = several & (pl.col("diameter_mm") > 0) & ratio.is_between(0.07, 0.14) & (pl.col("diameter_mm") < 10)
    return problems_where(
        "target_lesions",
        rows,
        tenth,
        "diameter_mm",
        "{value} is about a tenth of the lesion's other sizes.",
        "Diameters are in mm; was this recorded in cm? Write it in mm, or as diameter with unit cm.",
        WARNING,
    )


def _baseline(rows: pl.DataFrame, treated: pl.DataFrame, lesions: pl.DataFrame) -> list[Problem]:
    """RECIST 1.1 section 4.1 at each patient's first scan, and the scans around the start of the first line."""
    if rows.is_empty():
        return []
    name = "target_lesions"
    factor = pl.when(pl.col("unit") == "cm").then(10.0).otherwise(1.0)
    start = treated.group_by("patient_id").agg(pl.col("start_day").min().alias("_start"))
    sites = lesions.select("lesion_id", pl.col("site").str.to_lowercase()).unique("lesion_id", keep="first")
    rows = (
        rows.with_columns(pl.coalesce(pl.col("diameter_mm"), pl.col("diameter") * factor).alias("_mm"))
        .join(start, on="patient_id", how="left", maintain_order="left")
        .join(sites, on="lesion_id", how="left", maintain_order="left")
        .with_columns(pl.when(pl.col("is_node")).then(pl.lit("lymph node")).otherwise("site").alias("site"))
    )
    first_day = pl.col("day").min().over("patient_id")
    baseline_day = pl.coalesce(
        pl.col("day").filter(pl.col("day") <= pl.col("_start")).max().over("patient_id"), first_day
    )
    rows = rows.with_columns((pl.col("day") == baseline_day).alias("_base"), first_day.alias("_first"))
    small = pl.col("_base") & (pl.col("_mm") > 0)
    node = pl.col("is_node").fill_null(False)
    cm = "Diameters are in mm: were they recorded in cm? Otherwise follow the lesion as non-target (RECIST 1.1, 4.1)."
    rules = [
        Rule(
            small & ~node & (pl.col("_mm") < MEASURABLE_MM),
            "diameter_mm",
            f"{{value}} mm at baseline is below {MEASURABLE_MM:g} mm: not measurable.",
            cm,
            WARNING,
        ),
        Rule(
            small & node & (pl.col("_mm") < NODE_MM),
            "diameter_mm",
            f"{{value}} mm at baseline: a target node has a short axis of at least {NODE_MM:g} mm.",
            cm,
            WARNING,
        ),
    ]
    number = pl.col("lesion_id").rank("ordinal").over("patient_id", "evaluator", "day")
    rules += [
        Rule(
            pl.col("_base") & (number > MOST_TARGETS),
            "lesion_id",
            f"more than {MOST_TARGETS} target lesions at baseline.",
            "RECIST 1.1 follows at most 5; all are used here.",
            WARNING,
        )
    ]
    in_organ = pl.col("lesion_id").rank("ordinal").over("patient_id", "evaluator", "day", "site")
    rules += [
        Rule(
            pl.col("_base") & pl.col("site").is_not_null() & (in_organ > MOST_PER_ORGAN),
            "lesion_id",
            f"more than {MOST_PER_ORGAN} target lesions in one organ at baseline.",
            "RECIST 1.1 follows at most 2 per organ; all are used here.",
            WARNING,
        )
    ]
    lesion_first = pl.col("day").min().over("patient_id", "lesion_id")
    part = pl.col("lesion_id").str.contains(r"\.\d+$")
    late = (pl.col("day") == lesion_first) & (pl.col("day") > baseline_day) & ~part
    rules += [
        Rule(
            late,
            "lesion_id",
            "{value} was not measured at the first baseline: it is not in that sum.",
            "A lesion found later is a new lesion: assessments.new_lesions = yes.",
            WARNING,
        )
    ]
    before = pl.col("_start") - pl.col("day")
    early = (before > BASELINE_DAYS) & (pl.col("day") == pl.col("_first"))
    rules += [
        Rule(
            early,
            "day",
            f"measured more than {BASELINE_DAYS} days before the first treatment: not a baseline.",
            "Check the day; a line without a scan in the 28 days before it has no baseline.",
            WARNING,
        )
    ]
    window = before.is_between(0, BASELINE_DAYS)
    days = pl.col("day").filter(window).n_unique().over("patient_id", "lesion_id")
    twice = window & (days > 1) & (pl.col("day") < baseline_day)
    rules += [
        Rule(
            twice,
            "day",
            "two baselines: the lesion was measured again before the first treatment.",
            "The later one is used; remove this one if it is another kind of scan.",
            WARNING,
        )
    ]
    return broken(name, rows, rules)


def _split_visits(rows: pl.DataFrame) -> list[Problem]:
    """Two scans within a week that measure different lesions: one visit on two days."""
    if rows.height < 2:
        return []
    groups = ["patient_id", "evaluator"]
    days = rows.group_by(*groups, "day").agg(pl.col("lesion_id").unique()).sort(*groups, "day")
    before, lesions = pl.col("day").shift(1).over(groups), pl.col("lesion_id").shift(1).over(groups)
    near = days.with_columns(
        (pl.col("day") - before).alias("_gap"),
        pl.col("lesion_id").list.set_intersection(lesions).list.len().alias("_n"),
    ).filter((pl.col("_gap") <= 7) & (pl.col("_n") == 0))
    marked = rows.join(
        near.select(*groups, "day", pl.lit(True).alias("_split")),
        on=[*groups, "day"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    first = marked.select(pl.struct(*groups, "day").is_first_distinct()).to_series()
    return problems_where(
        "target_lesions",
        marked.with_columns(first.alias("_first")),
        pl.col("_split") & pl.col("_first"),
        "day",
        "other lesions were measured within a week before: each day is a visit, and both are incomplete.",
        "Set imaging.visit_window_days = 7 to join them, or write them on one day.",
        WARNING,
    )


def _apart(assessed: pl.DataFrame, targets: pl.DataFrame) -> list[Problem]:
    """An assessment of soft tissue a few days from the scan that measured the target lesions."""
    if assessed.is_empty() or targets.is_empty():
        return []
    scans = (
        targets.select("patient_id", "day")
        .unique()
        .join(assessed.select("patient_id", "day"), on=["patient_id", "day"], how="anti")  # has its own assessment
        .rename({"day": "_scan"})
        .sort("_scan")
    )
    rows = (
        assessed.with_row_index("_at")
        .sort("day")
        .join_asof(scans, left_on="day", right_on="_scan", by="patient_id", strategy="nearest", check_sortedness=False)
        .sort("_at")
    )
    gap = (pl.col("day") - pl.col("_scan")).abs()
    soft = pl.any_horizontal(pl.col("non_target", "new_lesions").is_not_null()) & (
        pl.col("method").str.to_lowercase() != "bone_scan"
    ).fill_null(True)
    return problems_where(
        "assessments",
        rows,
        soft & gap.is_between(1, 7),
        "day",
        "the target lesions were measured a few days apart: each day is a visit, and both are incomplete.",
        "Set imaging.visit_window_days = 7 to join them, or write them on one day.",
        WARNING,
    )


def local_treatments(procedures: pl.DataFrame, targets: pl.DataFrame) -> list[Problem]:
    """Return the operations that name no target lesion after which one of the patient's is gone for the first time.

    A lesion that was taken out is no response (`oncourse.derive.clinical.local_treatment`).
    """
    if procedures.is_empty() or targets.is_empty():
        return []
    rows = procedures.with_row_index("_at")
    kind = pl.Series([kind_of(text) for text in procedures["kind"]], dtype=pl.String)
    known = targets.select("patient_id", "lesion_id").unique()
    unnamed = rows.filter(kind.is_in(REMOVING)).join(known, on=["patient_id", "lesion_id"], how="anti")
    gone = (pl.col("status") == "absent").fill_null(False) | (pl.col("diameter_mm") == 0).fill_null(False)
    sizes = targets.select("patient_id", pl.col("lesion_id").alias("_target"), pl.col("day").alias("_day"), gone=gone)
    after = unnamed.join(sizes, on="patient_id").sort("_at", "_target", "_day")
    by = ["_at", "_target"]
    told = after.group_by(by, maintain_order=True).agg(
        pl.col("gone").filter(pl.col("_day") <= pl.col("day")).last().alias("_before"),
        pl.col("_day").filter((pl.col("_day") > pl.col("day")) & pl.col("gone")).first().alias("_gone"),
    )
    lost = told.filter(~pl.col("_before") & pl.col("_gone").is_not_null()).group_by("_at", maintain_order=True).first()
    marked = rows.join(lost.select("_at", "_gone", "_target"), on="_at", how="left", maintain_order="left")
    return problems_where(
        "procedures",
        marked.drop("_at"),
        pl.col("_gone").is_not_null(),
        "lesion_id",
        "no target lesion is named, and one is gone for the first time after it: whether it was taken out is not known, "
        "and it is no response.",
        "Name the lesion that was taken out as target_lesions does (and lesions).",
        WARNING,
    )
