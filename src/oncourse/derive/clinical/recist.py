"""RECIST 1.1 per visit: target response from lesion diameters, overall response, and the row that decided.

Rules: Eisenhauer et al., Eur J Cancer 2009;45:228; EORTC questions and answers (eortc.be/recist).
"""

from __future__ import annotations

import polars as pl

from oncourse.derive.clinical.response import ImagingParams, clean_response
from oncourse.derive.clinical.target_lesions import (
    late_baselines,
    lesion_sizes,
    one_reader,
    reader,
    target_visits,
)
from oncourse.facts.days import followed_on, on_line
from oncourse.study.frames import with_optional

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
    rows = with_optional(assessments, columns).with_row_index("row", 2)
    rows = one_reader(rows, reader(rows, params.evaluator))
    counted = (pl.col("method").str.to_lowercase() == BONE_SCAN) & pl.col("new_bone_lesions").is_not_null()
    rows = rows.filter(pl.col("day").is_not_null()).with_columns(
        pl.when(counted.fill_null(False)).then(None).otherwise(pl.col("non_target")).alias("non_target"),
        pl.when(counted.fill_null(False)).then(None).otherwise(pl.col("new_lesions")).alias("new_lesions"),
        clean_response().alias("overall"),
    )
    rows = rows.filter(pl.any_horizontal(pl.col("non_target", "new_lesions", "overall").is_not_null()))

    orders = {
        "non_target": ("PD", "NON-CR/NON-PD", "NE", "CR", "NONE"),
        "new_lesions": ("yes", "equivocal", "no"),
        "overall": ("PD", "iCPD", "iUPD", "SD", "NON-CR/NON-PD", "PR", "CR", "NE"),
    }
    # ranked row by row: `sort_by(ranks of the words of a group).first()` reads past the end of a column, polars 2.1
    places = {
        name: pl.when(pl.col(name).is_not_null()).then(
            pl.col(name).replace_strict({w: i for i, w in enumerate(order)}, default=len(order), return_dtype=pl.Int64)
        )
        for name, order in orders.items()
    }
    return (
        rows.with_columns(place.alias(f"_{name}") for name, place in places.items())
        .sort("patient_id", "day", "row")
        .group_by("patient_id", "day", maintain_order=True)
        .agg(
            *(pl.col(name).get(pl.col(f"_{name}").arg_min(), null_on_oob=True) for name in orders),
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
    procedures: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return every visit of every line with its responses (`VISITS_SCHEMA`), sorted by patient, line, day.

    ``basis`` says where ``overall`` comes from: "derived", "derived, new lesions not recorded", or "reported" (only
    the investigator's response exists). ``resolution`` records a pending state that a later visit resolved: an
    equivocal new lesion that became unequivocal makes the *first* sighting PD, and a new lesion stands at later visits
    that do not speak of it. ``progression_day`` is the day a PD of this visit is dated to. Under ``criteria =
    irecist`` the responses carry iRECIST names.

    A line is judged by its own baseline and nadir whatever treatment follows, so that the same scans give the same day
    with a switch and without; shown are the visits up to the first day of the next line, or with ``followed`` all
    later. A target lesion that `procedures` say was taken out or irradiated is not evaluable from then on.
    """
    params = params or ImagingParams()
    own = lines.select("patient_id", "line", "start_day", "next_start_day")
    if own.is_empty() or (target_lesions.is_empty() and assessments.is_empty()):
        return pl.DataFrame(schema=VISITS_SCHEMA)
    spans = followed_on(own)
    keys = ["patient_id", "line", "day"]
    target_lesions, assessments = _one_day_per_visit(target_lesions, assessments, own, params)
    target = target_visits(target_lesions, spans, params, procedures)
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
    visits = _standing_lesions(_resolve_equivocal(_disease_after_cr(visits)))
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
    days = with_optional(target_lesions, {"status": pl.String}).select("patient_id", "day").join(spans, on="patient_id")
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


def _standing_lesions(visits: pl.DataFrame) -> pl.DataFrame:
    """Keep a visit that does not speak of new lesions a progression while one found before on the line is not said to be
    gone: it is there until somebody says otherwise (RECIST 1.1, 4.3.5: a new lesion is progression; silence is no
    "no")."""
    by = ["patient_id", "line"]
    said = pl.col("new_lesions").is_in(["yes", "no"])
    last = pl.when(said).then(pl.col("new_lesions")).forward_fill().over(by)
    since = pl.when(pl.col("new_lesions") == "yes").then(pl.col("day")).forward_fill().over(by)
    better = pl.col("overall").is_in(["CR", "PR", "SD", "NON-CR/NON-PD", "NED"]) & (pl.col("basis") != "reported")
    stands = ((last == "yes") & ~said.fill_null(False) & better).fill_null(False)
    return visits.with_columns(
        pl.when(stands).then(pl.lit("PD")).otherwise("overall").alias("overall"),
        pl.when(stands)
        .then(pl.format("the new lesion of day {} is not said to be gone", since))
        .otherwise("resolution")
        .alias("resolution"),
        pl.when(stands).then("day").otherwise("progression_day").alias("progression_day"),
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
