"""Sums of target-lesion diameters per visit and the response they make (RECIST 1.1, Eisenhauer 2009, section 4)."""

from __future__ import annotations

import polars as pl

from oncourse.derive.clinical.exact import PARTS, SCALE, parts, scaled, scaled_expr, unscaled
from oncourse.derive.clinical.local_treatment import treated_lesions, without_treated
from oncourse.derive.clinical.response import ImagingParams
from oncourse.facts.days import on_line
from oncourse.study.frames import with_optional

#: Said of a visit whose target lesions have nothing to be compared with.
NO_BASELINE = "no baseline of the target lesions within imaging.baseline_window_days"
#: Begins what is said of a visit that lacks only lesions taken out or irradiated before it.
TREATED = "treated by itself"
CM = {"mm": 1.0, "cm": 10.0}
#: What `target_visits` returns.
TARGET_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "day": pl.Int64,
    "sum_mm": pl.Float64,
    "baseline_mm": pl.Float64,
    "nadir_mm": pl.Float64,
    "change_from_baseline_fraction": pl.Float64,
    "change_from_nadir_fraction": pl.Float64,
    "target": pl.String,
    "possible_target": pl.String,
    "n_target": pl.Int64,
    "n_missing": pl.Int64,
    "source_row": pl.Int64,
    "baseline_note": pl.String,
}


def reader(frame: pl.DataFrame, evaluator: str | None) -> str | None:
    """Return whose readings stand for the study: the one asked for, the only one, the investigator, the most rows."""
    if "evaluator" not in frame.columns:
        return None
    counts = (
        frame.filter(pl.col("evaluator").is_not_null())
        .group_by("evaluator")
        .len()
        .sort("len", "evaluator", descending=[True, False])
    )
    names = counts["evaluator"].to_list()
    if evaluator is not None:
        return next((n for n in names if n.lower() == evaluator.lower()), evaluator)
    return next((n for n in names if n.lower().startswith("investigator")), names[0] if names else None)


def one_reader(frame: pl.DataFrame, name: str | None) -> pl.DataFrame:
    """Return the rows of one evaluator and those that name none; all where `name` is null or nobody is named."""
    if name is None or "evaluator" not in frame.columns:
        return frame
    return frame.filter(pl.col("evaluator").is_null() | (pl.col("evaluator") == name))


def lesion_sizes(target_lesions: pl.DataFrame, params: ImagingParams | None = None) -> pl.DataFrame:
    """Return one size per patient, day and target lesion.

    Returns
    -------
    patient_id, day, lesion_id, size (scaled mm, null = not evaluable), is_node, merged (into another lesion), row.
    "absent" is 0; "too_small" is its number or ``too_small_mm``; cm become mm; ``diameter`` without a unit is not
    evaluable. Rows of the parts of a split lesion (``T1.1``, ``T1.2``) keep their names here.
    """
    params = params or ImagingParams()
    columns = {
        "diameter_mm": pl.Float64,
        "diameter": pl.Float64,
        "unit": pl.String,
        "is_node": pl.Boolean,
        "status": pl.String,
        "merged_into": pl.String,
    }
    rows = with_optional(target_lesions, columns).with_row_index("row", 2)
    rows = one_reader(rows, reader(rows, params.evaluator))
    factor = pl.col("unit").str.to_lowercase().replace_strict(CM, default=None, return_dtype=pl.Float64)
    given = pl.coalesce(pl.col("diameter_mm"), pl.col("diameter") * factor)
    size = (
        pl.when(pl.col("status") == "absent")
        .then(0.0)
        .when(pl.col("status") == "not_evaluable")
        .then(None)
        .when(pl.col("status") == "too_small")
        .then(given.fill_null(params.too_small_mm))
        .otherwise(pl.when(given >= 0).then(given))
    )
    return (
        rows.filter(pl.col("day").is_not_null() & pl.col("lesion_id").is_not_null())
        .select(
            "patient_id",
            "day",
            "lesion_id",
            scaled_expr(size).alias("size"),
            pl.col("is_node").fill_null(False),
            pl.col("merged_into").is_not_null().alias("merged"),
            pl.col("row").cast(pl.Int64),
        )
        .group_by("patient_id", "day", "lesion_id")
        .agg(pl.col("size").max(), pl.col("is_node").any(), pl.col("merged").any(), pl.col("row").min())
        .sort("patient_id", "day", "lesion_id")
    )


def target_visits(
    target_lesions: pl.DataFrame,
    lines: pl.DataFrame,
    params: ImagingParams | None = None,
    procedures: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the target response of every visit after the start of a line.

    Parameters
    ----------
    target_lesions : patient_id, day, lesion_id, diameter_mm (or diameter + unit), is_node, status, merged_into
    lines : patient_id, line, start_day, next_start_day
    procedures : patient_id, day, kind, lesion_id; a lesion taken out or irradiated under way is missing from then on

    Returns
    -------
    patient_id, line, day, sum_mm (of the lesions measured, null: none was), baseline_mm, nadir_mm (smallest complete
    sum before the visit, baseline included), change fractions (null where a lesion is missing), target, possible_target
    (responses still possible whatever the size of the missing lesions), n_target, n_missing, source_row.

    Notes
    -----
    Baseline of a lesion: its last size above 0 within ``baseline_window_days`` up to the start. In order: all
    non-nodal lesions 0 and all nodes below 10 mm = CR; sum at least 5 mm and 20 % above the nadir = PD (also of an
    incomplete sum); a lesion missing = NE; at least 30 % below baseline = PR; else SD. Without a baseline NE.
    """
    if target_lesions.is_empty():
        return pl.DataFrame(schema=TARGET_SCHEMA)
    params = params or ImagingParams()
    sizes = lesion_sizes(target_lesions, params)
    spans = lines.select("patient_id", "line", "start_day", "next_start_day")
    joined = sizes.join(spans, on="patient_id")
    days_before = pl.col("start_day") - pl.col("day")
    until = late_baselines(sizes, spans, params)
    joined = joined.join(until, on=["patient_id", "line"], how="left")
    is_baseline = days_before.is_between(0, params.baseline_window_days) | (
        pl.col("day") == pl.col("base_until")
    ).fill_null(False)
    after_it = pl.col("day") > pl.coalesce("base_until", "start_day")
    baseline = (
        joined.filter(is_baseline & (pl.col("size") > 0) & ~pl.col("merged"))
        .sort("day")
        .group_by("patient_id", "line", "lesion_id")
        .agg(pl.col("size").last().alias("base"), pl.col("is_node").last(), pl.col("day").last().alias("base_day"))
    )
    later = _join_parts(joined.filter(on_line() & after_it), baseline)
    visits = later.group_by("patient_id", "line", "day").agg(pl.col("row").min().alias("source_row"))
    grid = (
        visits.join(baseline, on=["patient_id", "line"], how="left")
        .join(later.drop("is_node", "row"), on=["patient_id", "line", "day", "lesion_id"], how="left")
        .sort("patient_id", "line", "lesion_id", "day", nulls_last=True)
        .with_columns(pl.col("merged").forward_fill().over("patient_id", "line", "lesion_id").fill_null(False))
        .with_columns(pl.when("merged").then(0).otherwise(pl.col("size")).alias("size"))
    )
    grid = without_treated(grid, treated_lesions(sizes, procedures))
    node = round(params.node_mm * SCALE)
    gone = pl.when("is_node").then(pl.col("size") < node).otherwise(pl.col("size") == 0)
    known = pl.col("lesion_id").is_not_null()
    table = (
        grid.group_by("patient_id", "line", "day")
        .agg(
            pl.col("source_row").first(),
            known.sum().cast(pl.Int64).alias("n_target"),
            (known & pl.col("size").is_null()).sum().cast(pl.Int64).alias("n_missing"),
            pl.col("size").sum().alias("sum"),
            pl.col("base").sum().alias("base"),
            gone.fill_null(True).all().alias("rest_gone"),
            pl.col("local").drop_nulls().sort().str.join("; ").alias("local"),
            pl.col("local").is_not_null().sum().alias("n_local"),
        )
        .join(until, on=["patient_id", "line"], how="left")
        .join(spans.select("patient_id", "line", "start_day"), on=["patient_id", "line"], how="left")
        .sort("patient_id", "line", "day")
        .with_columns((pl.col("n_missing") == 0).alias("complete"))
    )
    return _target_response(table, params)


def late_baselines(sizes: pl.DataFrame, spans: pl.DataFrame, params: ImagingParams) -> pl.DataFrame:
    """Return patient_id, line, base_until: the first scan shortly after the start, where no baseline was made before
    it."""
    days_before = pl.col("start_day") - pl.col("day")
    joined = sizes.join(spans, on="patient_id").filter((pl.col("size") > 0) & ~pl.col("merged"))
    made = joined.filter(days_before.is_between(0, params.baseline_window_days)).select("patient_id", "line")
    near = joined.filter(days_before.is_between(-params.baseline_after_days, -1) & on_line())
    return (
        near.join(made.unique(), on=["patient_id", "line"], how="anti")
        .group_by("patient_id", "line")
        .agg(pl.col("day").min().alias("base_until"))
    )


def _join_parts(rows: pl.DataFrame, baseline: pl.DataFrame) -> pl.DataFrame:
    """Sum the parts of a split lesion (T1.1 + T1.2 -> T1) where the lesion itself has no row that day."""
    keys = ["patient_id", "line", "day", "lesion_id"]
    if not rows["lesion_id"].str.contains(r"\.\d+$").any():
        return rows
    known = baseline.select("patient_id", "line", "lesion_id", pl.lit(True).alias("_known"))
    rows = rows.join(known, on=["patient_id", "line", "lesion_id"], how="left")
    stem = pl.col("lesion_id").str.replace(r"\.\d+$", "")
    rows = rows.with_columns(pl.when(pl.col("_known").is_null()).then(stem).otherwise("lesion_id").alias("_stem"))
    whole = pl.col("_stem") == pl.col("lesion_id")
    rows = rows.filter(whole | ~whole.any().over("patient_id", "line", "day", "_stem"))
    return (
        rows.drop("lesion_id", "_known")
        .rename({"_stem": "lesion_id"})
        .group_by(keys)
        .agg(
            pl.when(pl.col("size").is_null().any()).then(None).otherwise(pl.col("size").sum()).alias("size"),
            pl.col("is_node").any(),
            pl.col("merged").all(),
            pl.col("row").min(),
        )
    )


def _target_response(table: pl.DataFrame, params: ImagingParams) -> pl.DataFrame:
    by = ["patient_id", "line"]
    before = pl.when("complete").then(pl.col("sum")).cum_min().forward_fill().shift(1).over(by)
    table = table.with_columns(pl.min_horizontal(before, "base").alias("nadir"))
    pd_parts, pr_parts = parts(params.progression_fraction), parts(params.response_fraction)
    pd_least = int(scaled(params.progression_mm))
    has = pl.col("n_target") > 0
    growth = pl.col("sum") - pl.col("nadir")
    is_cr = pl.col("complete") & pl.col("rest_gone")
    is_pd = (growth >= pd_least) & (growth * PARTS >= pd_parts * pl.col("nadir"))
    is_pr = (pl.col("base") - pl.col("sum")) * PARTS >= pr_parts * pl.col("base")
    target = (
        pl.when(~has)
        .then(pl.lit("NE"))
        .when(is_cr)
        .then(pl.lit("CR"))
        .when(is_pd)
        .then(pl.lit("PD"))
        .when(~pl.col("complete"))
        .then(pl.lit("NE"))
        .when(is_pr)
        .then(pl.lit("PR"))
        .otherwise(pl.lit("SD"))
    )
    # a missing lesion may have any size: which responses the sum can still reach
    pd_from = pl.max_horizontal(pl.col("nadir") * PARTS + pd_least * PARTS, pl.col("nadir") * (PARTS + pd_parts))
    pr_to = pl.col("base") * (PARTS - pr_parts)
    low = pl.col("sum") * PARTS
    options = (
        pl.concat_list(
            pl.when(pl.col("rest_gone")).then(pl.lit("CR")),
            pl.when((low <= pr_to) & (low < pd_from)).then(pl.lit("PR")),
            pl.when((low < pd_from) & (pd_from > pr_to)).then(pl.lit("SD")),
            pl.lit("PD"),
        )
        .list.drop_nulls()
        .list.join("|")
    )
    change_base = (pl.col("sum") - pl.col("base")) / pl.when(pl.col("base") > 0).then(pl.col("base"))
    change_nadir = (pl.col("sum") - pl.col("nadir")) / pl.when(pl.col("nadir") > 0).then(pl.col("nadir"))
    whole = has & pl.col("complete")
    return table.with_columns(target.alias("target")).select(
        "patient_id",
        "line",
        "day",
        unscaled(pl.when(has & (pl.col("n_missing") < pl.col("n_target"))).then(pl.col("sum"))).alias("sum_mm"),
        unscaled(pl.when(has).then(pl.col("base"))).alias("baseline_mm"),
        unscaled(pl.when(has).then(pl.col("nadir"))).alias("nadir_mm"),
        pl.when(whole).then(change_base).alias("change_from_baseline_fraction"),
        pl.when(whole).then(change_nadir).alias("change_from_nadir_fraction"),
        "target",
        pl.when(has & ~pl.col("complete") & (pl.col("target") == "NE")).then(options).alias("possible_target"),
        "n_target",
        "n_missing",
        "source_row",
        pl.when(pl.col("base_until").is_not_null())
        .then(pl.format("baseline on day {} of the line", pl.col("base_until") - pl.col("start_day")))
        .when(~has)
        .then(pl.lit(NO_BASELINE))
        .when((pl.col("n_local") > 0) & (pl.col("n_local") == pl.col("n_missing")))
        .then(pl.format(TREATED + ", not evaluable since: {}", "local"))
        .alias("baseline_note"),
    )
