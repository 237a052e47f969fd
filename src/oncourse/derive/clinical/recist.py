"""RECIST 1.1 per visit: target response from lesion diameters, overall response, and the row that decided.

Rules: Eisenhauer et al., Eur J Cancer 2009;45:228; EORTC questions and answers (eortc.be/recist).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from oncourse.derive.clinical.exact import PARTS, SCALE, parts, scaled, scaled_expr, unscaled
from oncourse.derive.clinical.response import ImagingParams, clean_response
from oncourse.facts.days import followed_on, on_line

VISITS_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "day": pl.Int64,
    "sum_mm": pl.Float64,
    "change_from_baseline_fraction": pl.Float64,
    "change_from_nadir_fraction": pl.Float64,
    "target": pl.String,
    "non_target": pl.String,
    "new_lesions": pl.String,
    "overall": pl.String,
    "basis": pl.String,
    "reported_overall": pl.String,
    "possible_target": pl.String,
    "resolution": pl.String,
    "progression_day": pl.Int64,
    "baseline_mm": pl.Float64,
    "nadir_mm": pl.Float64,
    "n_target": pl.Int64,
    "n_missing": pl.Int64,
    "source_table": pl.String,
    "source_row": pl.Int64,
}
BONE_SCAN = "bone_scan"
#: Said of a visit whose target lesions have nothing to be compared with.
NO_BASELINE = "no baseline of the target lesions within imaging.baseline_window_days"
CM = {"mm": 1.0, "cm": 10.0}


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


def _one_reader(frame: pl.DataFrame, name: str | None) -> pl.DataFrame:
    if name is None or "evaluator" not in frame.columns:
        return frame
    return frame.filter(pl.col("evaluator").is_null() | (pl.col("evaluator") == name))


def _with_columns(frame: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    missing = [pl.lit(None, t).alias(n) for n, t in columns.items() if n not in frame.columns]
    return frame.with_columns(missing) if missing else frame


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
    rows = _with_columns(target_lesions, columns).with_row_index("row", 2)
    rows = _one_reader(rows, reader(rows, params.evaluator))
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
    target_lesions: pl.DataFrame, lines: pl.DataFrame, params: ImagingParams | None = None
) -> pl.DataFrame:
    """Return the target response of every visit after the start of a line.

    Parameters
    ----------
    target_lesions : patient_id, day, lesion_id, diameter_mm (or diameter + unit), is_node, status, merged_into
    lines : patient_id, line, start_day, next_start_day

    Returns
    -------
    patient_id, line, day, sum_mm (of the lesions measured), baseline_mm, nadir_mm (smallest complete sum before the
    visit, baseline included), change fractions (null where a lesion is missing), target, possible_target (responses
    still possible whatever the size of the missing lesions), n_target, n_missing, source_row.

    Notes
    -----
    Baseline of a lesion: its last size above 0 within ``baseline_window_days`` up to the start. In order: all
    non-nodal lesions 0 and all nodes below 10 mm = CR; sum at least 5 mm and 20 % above the nadir = PD (also of an
    incomplete sum); a lesion missing = NE; at least 30 % below baseline = PR; else SD. Without a baseline NE.
    """
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
        .agg(pl.col("size").last().alias("base"), pl.col("is_node").last())
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
        unscaled(pl.when(has).then(pl.col("sum"))).alias("sum_mm"),
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
        .alias("baseline_note"),
    )


def soft_tissue(assessments: pl.DataFrame, params: ImagingParams | None = None) -> pl.DataFrame:
    """Return one row per patient and day of the non-target, new-lesion and reported overall assessment.

    Several methods of one day are joined: any PD is PD, then NON-CR/NON-PD, NE, CR, NONE; any new lesion is yes, then
    equivocal. A bone scan whose new lesions are *counted* is judged by the bone rule (`oncourse.derive.clinical.bone`),
    not here.
    """
    params = params or ImagingParams()
    columns = {
        "method": pl.String,
        "non_target": pl.String,
        "new_lesions": pl.String,
        "overall": pl.String,
        "new_bone_lesions": pl.Int64,
        "bone_persisting": pl.Int64,
        "evaluator": pl.String,
    }
    rows = _with_columns(assessments, columns).with_row_index("row", 2)
    rows = _one_reader(rows, reader(rows, params.evaluator))
    counted = (pl.col("method").str.to_lowercase() == BONE_SCAN) & pl.col("new_bone_lesions").is_not_null()
    rows = rows.filter(pl.col("day").is_not_null()).with_columns(
        pl.when(counted.fill_null(False)).then(None).otherwise(pl.col("non_target")).alias("non_target"),
        pl.when(counted.fill_null(False)).then(None).otherwise(pl.col("new_lesions")).alias("new_lesions"),
        clean_response().alias("overall"),
    )
    rows = rows.filter(pl.any_horizontal(pl.col("non_target", "new_lesions", "overall").is_not_null()))

    def worst(column: str, order: tuple[str, ...]) -> pl.Expr:
        rank = {word: i for i, word in enumerate(order)}
        known = pl.col(column).drop_nulls()
        return (
            known.sort_by(known.replace_strict(rank, default=len(order), return_dtype=pl.Int64)).first().alias(column)
        )

    return (
        rows.sort("patient_id", "day", "row")
        .group_by("patient_id", "day", maintain_order=True)
        .agg(
            worst("non_target", ("PD", "NON-CR/NON-PD", "NE", "CR", "NONE")),
            worst("new_lesions", ("yes", "equivocal", "no")),
            worst("overall", ("PD", "iCPD", "iUPD", "SD", "NON-CR/NON-PD", "PR", "CR", "NE")),
            pl.col("row").min().cast(pl.Int64).alias("assessment_row"),
        )
    )


def overall_response(target: pl.Expr, non_target: pl.Expr, new_lesions: pl.Expr) -> pl.Expr:
    """Return the overall response of a visit (RECIST 1.1 tables 1 and 2); null `target` = no target lesions,
    null `non_target` = no non-target lesions, `new_lesions` true only where unequivocal."""
    return (
        pl.when(new_lesions | (target == "PD").fill_null(False) | (non_target == "PD").fill_null(False))
        .then(pl.lit("PD"))
        .when(target == "NE")
        .then(pl.lit("NE"))
        .when((target == "CR") & (non_target.is_null() | (non_target == "CR")))
        .then(pl.lit("CR"))
        .when(target == "CR")
        .then(pl.lit("PR"))
        .when(target.is_not_null())
        .then(target)
        .when(non_target.is_not_null())
        .then(non_target)
        .otherwise(pl.lit("NED"))
    )


def recist_visits(
    target_lesions: pl.DataFrame,
    assessments: pl.DataFrame,
    lines: pl.DataFrame,
    params: ImagingParams | None = None,
    *,
    followed: bool = False,
) -> pl.DataFrame:
    """Return every visit of every line with its responses (`VISITS_SCHEMA`), sorted by patient, line, day.

    ``basis`` says where ``overall`` comes from: "derived", "derived, new lesions not recorded", or "reported" (only
    the investigator's response exists). ``resolution`` records a pending state that a later visit resolved: an
    equivocal new lesion that became unequivocal makes the *first* sighting PD. ``progression_day`` is the day a PD
    of this visit is dated to. Under ``criteria = irecist`` the responses carry iRECIST names.

    A line is judged by its own baseline and nadir whatever treatment follows, so that the same scans give the same day
    with a switch and without; shown are the visits up to the first day of the next line, or with ``followed`` all
    later.
    """
    params = params or ImagingParams()
    own = lines.select("patient_id", "line", "start_day", "next_start_day")
    if own.is_empty():
        return pl.DataFrame(schema=VISITS_SCHEMA)
    spans = followed_on(own)
    keys = ["patient_id", "line", "day"]
    target_lesions, assessments = _one_day_per_visit(target_lesions, assessments, own, params)
    target = target_visits(target_lesions, spans, params)
    soft = soft_tissue(assessments, params).join(spans, on="patient_id")
    inside = on_line() | _on_first_day(target_lesions, spans)
    late = late_baselines(lesion_sizes(target_lesions, params), spans, params)
    has_target = pl.concat(
        [
            _baseline_targets(target_lesions, spans, params),
            late.select("patient_id", "line", pl.lit(True).alias("_has_target")),
        ]
    ).unique()
    soft = soft.join(late, on=["patient_id", "line"], how="left")
    inside = inside & (pl.col("base_until").is_null() | (pl.col("day") > pl.col("base_until")))
    baseline = (
        soft.filter((pl.col("start_day") - pl.col("day")).is_between(0, params.baseline_window_days))
        .sort("day")
        .group_by("patient_id", "line")
        .agg(pl.col("non_target").drop_nulls().last().alias("_base_nt"))
    )
    visits = (
        target.join(
            soft.filter(inside).drop("start_day", "next_start_day", "base_until"),
            on=keys,
            how="full",
            coalesce=True,
        )
        .join(baseline, on=["patient_id", "line"], how="left")
        .join(has_target, on=["patient_id", "line"], how="left")
        .sort(keys)
        .rename({"non_target": "_nt", "overall": "reported_overall"})
    )
    by = ["patient_id", "line"]
    seen_nt = ((pl.col("_nt") != "NONE").fill_null(False) | (pl.col("_base_nt") != "NONE").fill_null(False)).cast(
        pl.Int64
    ).cum_max().over(by) > 0
    has_rows = pl.col("n_target").is_not_null()
    visits = visits.with_columns(
        pl.when((pl.col("_nt") == "NONE").fill_null(False))
        .then(None)
        .when(pl.col("_nt").is_not_null())
        .then(pl.col("_nt"))
        .when(seen_nt)
        .then(pl.lit("NE"))
        .alias("non_target"),
        pl.when(has_rows).then(pl.col("target")).when(pl.col("_has_target")).then(pl.lit("NE")).alias("target"),
        (pl.col("new_lesions") == "yes").fill_null(False).alias("_new"),
    )
    measured = has_rows & (pl.col("n_target") > 0)
    evident = measured | (pl.col("_nt").is_not_null() & (pl.col("_nt") != "NONE")) | pl.col("_new")
    reported = {
        "auto": ~evident & pl.col("reported_overall").is_not_null(),
        "reported": pl.lit(True),
        "derived": pl.lit(False),
    }[params.response_basis]
    derived = overall_response(pl.col("target"), pl.col("non_target"), pl.col("_new"))
    visits = visits.with_columns(
        pl.when(reported).then(pl.col("reported_overall")).otherwise(derived).alias("overall"),
        pl.when(reported)
        .then(pl.lit("reported"))
        .when(pl.col("new_lesions").is_null())
        .then(pl.lit("derived, new lesions not recorded"))
        .otherwise(pl.lit("derived"))
        .alias("basis"),
        pl.when(pl.col("source_row").is_not_null())
        .then(pl.lit("target_lesions"))
        .otherwise(pl.lit("assessments"))
        .alias("source_table"),
        pl.coalesce("source_row", "assessment_row").alias("source_row"),
    )
    visits = _resolve_equivocal(_disease_after_cr(visits))
    if params.criteria == "irecist":
        from oncourse.derive.clinical.irecist import irecist_visits

        visits = irecist_visits(visits, params)
    if not followed:
        here = on_line() | (pl.col("day") == pl.col("start_day"))
        visits = visits.join(own, on=["patient_id", "line"], how="left", maintain_order="left").filter(here)
    return visits.select(pl.col(n).cast(t) for n, t in VISITS_SCHEMA.items())


def _one_day_per_visit(
    target_lesions: pl.DataFrame, assessments: pl.DataFrame, spans: pl.DataFrame, params: ImagingParams
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Date the scans of one visit (within ``visit_window_days`` of its first) to the first; never across lines."""
    if params.visit_window_days == 0:
        return target_lesions, assessments
    scanned = [frame.select("patient_id", "day") for frame in (target_lesions, soft_tissue(assessments, params))]
    days = pl.concat(scanned).unique().join(spans, on="patient_id").filter(on_line())
    first: list[int] = []
    key = None
    for who, line, day in days.sort("patient_id", "line", "day").select("patient_id", "line", "day").iter_rows():
        if key != (who, line) or day - first[-1] > params.visit_window_days:
            first.append(day)
        else:
            first.append(first[-1])
        key = (who, line)
    table = (
        days.sort("patient_id", "line", "day")
        .select("patient_id", "day")
        .with_columns(pl.Series("_visit", first, pl.Int64))
        .unique(["patient_id", "day"], keep="first", maintain_order=True)
    )

    def dated(frame: pl.DataFrame) -> pl.DataFrame:
        joined = frame.join(table, on=["patient_id", "day"], how="left", maintain_order="left")
        return joined.with_columns(pl.coalesce("_visit", "day").alias("day")).drop("_visit")

    return dated(target_lesions), dated(assessments)


def _on_first_day(target_lesions: pl.DataFrame, spans: pl.DataFrame) -> pl.Expr:
    """A response reported on the first day of a patient's first line belongs to it; a PD cannot have arisen there.

    On the first day of a later line, or where lesions were measured that day, the scan is the line's baseline.
    """
    first = pl.col("start_day") == pl.col("start_day").min().over("patient_id")
    measured = target_lesions.select(pl.struct("patient_id", "day").unique()).to_series().implode()
    only_reported = pl.col("non_target").is_null() & pl.col("new_lesions").is_null()
    return (
        (pl.col("day") == pl.col("start_day"))
        & first
        & only_reported
        & ~pl.col("overall").is_in(["PD", "iUPD", "iCPD"])
        & ~pl.struct("patient_id", "day").is_in(measured)
    )


def _baseline_targets(target_lesions: pl.DataFrame, spans: pl.DataFrame, params: ImagingParams) -> pl.DataFrame:
    days = _with_columns(target_lesions, {"status": pl.String}).select("patient_id", "day").join(spans, on="patient_id")
    near = (pl.col("start_day") - pl.col("day")).is_between(0, params.baseline_window_days)
    return days.filter(near).select("patient_id", "line", pl.lit(True).alias("_has_target")).unique()


def _disease_after_cr(visits: pl.DataFrame) -> pl.DataFrame:
    """Make any disease seen after a derived complete response progression (RECIST 1.1, table 3, footnote).

    Disease is a target lesion that is not gone or a non-target lesion that is there; what was not evaluated is not
    seen.
    """
    by = ["patient_id", "line"]
    derived = pl.col("basis") != "reported"
    is_cr = (derived & (pl.col("overall") == "CR")).fill_null(False)
    after = is_cr.cast(pl.Int64).cum_sum().over(by) > 0
    seen = pl.col("target").is_in(["PR", "SD"]).fill_null(False) | (pl.col("non_target") == "NON-CR/NON-PD").fill_null(
        False
    )
    again = after & derived & seen & (pl.col("overall") != "PD").fill_null(False)
    return visits.with_columns(
        pl.when(again).then(pl.lit("PD")).otherwise("overall").alias("overall"),
        pl.when(again)
        .then(pl.lit("disease seen after a complete response"))
        .otherwise("baseline_note")
        .alias("resolution"),
    )


def _resolve_equivocal(visits: pl.DataFrame) -> pl.DataFrame:
    """Date a progression by a new lesion to the first visit that saw it, however doubtfully (RECIST 1.1, 4.3.5)."""
    by = ["patient_id", "line"]
    decided = pl.col("new_lesions").is_in(["yes", "no"])
    visits = visits.with_columns(
        pl.when(decided).then(pl.col("new_lesions")).backward_fill().over(by).alias("_next"),
        pl.when(decided).then(pl.col("day")).backward_fill().over(by).alias("_next_day"),
    )
    confirmed = (pl.col("new_lesions") == "equivocal") & (pl.col("_next") == "yes")
    note = pl.format("equivocal new lesion confirmed on day {}", "_next_day")
    return visits.with_columns(
        pl.when(confirmed.fill_null(False)).then(note).otherwise("resolution").alias("resolution"),
        pl.when(confirmed.fill_null(False)).then(pl.lit("PD")).otherwise(pl.col("overall")).alias("overall"),
    ).with_columns(pl.when(pl.col("overall") == "PD").then(pl.col("day")).alias("progression_day"))


def progression_dates(visits: pl.DataFrame, lines: pl.DataFrame, follow_up: pl.DataFrame) -> pl.DataFrame:
    """Return the first derived and the first reported progression of each line where both could be told.

    Reported is the investigator's first PD, else follow_up.progression_day within the line. Columns patient_id, line,
    derived_day, reported_day, difference_days (derived - reported; null where only one of them saw a progression).
    """
    by = ["patient_id", "line"]
    derived = visits.filter(pl.col("overall").is_not_null() & (pl.col("basis") != "reported"))
    found = derived.group_by(by).agg(pl.col("progression_day").min().alias("derived_day"))
    claimed = (
        visits.filter(pl.col("reported_overall").is_not_null())
        .group_by(by)
        .agg(
            pl.col("day").filter(pl.col("reported_overall").is_in(["PD", "iCPD"])).min().alias("_claimed"),
            pl.lit(True).alias("_asked"),
        )
    )
    told = lines.select(*by, "start_day", "next_start_day").join(
        follow_up.select("patient_id", "progression_day").unique("patient_id", keep="first"),
        on="patient_id",
        how="left",
    )
    within = (pl.col("progression_day") > pl.col("start_day")) & (
        pl.col("next_start_day").is_null() | (pl.col("progression_day") <= pl.col("next_start_day"))
    )
    told = told.select(*by, pl.when(within).then("progression_day").alias("_told"))
    joined = (
        found.join(claimed, on=by, how="left")
        .join(told, on=by, how="left")
        .filter(pl.col("_asked").is_not_null() | pl.col("_told").is_not_null())
    )
    return (
        joined.with_columns(pl.coalesce("_claimed", "_told").alias("reported_day"))
        .select(
            *by,
            "derived_day",
            "reported_day",
            (pl.col("derived_day") - pl.col("reported_day")).alias("difference_days"),
        )
        .filter(pl.col("derived_day").is_not_null() | pl.col("reported_day").is_not_null())
        .sort(by)
    )


def disagreements(visits: pl.DataFrame) -> pl.DataFrame:
    """Return the visits where derived and reported overall response both exist and differ."""
    both = pl.col("reported_overall").is_not_null() & pl.col("overall").is_not_null() & (pl.col("basis") != "reported")
    return visits.filter(both & (pl.col("overall") != pl.col("reported_overall"))).select(
        "patient_id", "line", "day", "overall", "reported_overall", "target", "non_target", "new_lesions"
    )
