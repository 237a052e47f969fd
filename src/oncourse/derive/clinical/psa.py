"""PSA per line of therapy: response, progression by the rules of the Prostate Cancer Working Group, kinetics.

Rules: Scher et al., J Clin Oncol 2016;34:1402 (PCWG3), doi 10.1200/JCO.2015.64.2702; the PSA part is carried over
from PCWG2 (Scher et al., J Clin Oncol 2008;26:1148).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.clinical.exact import LARGEST, parts, scaled, scaled_expr, unscaled
from oncourse.derive.clinical.psa_kinetics import kinetics
from oncourse.derive.clinical.psa_values import PsaParams, psa_values
from oncourse.facts.days import followed_on, on_line

#: A baseline older than this is flagged (PCWG3, table 1: baseline at start of therapy).
OLD_BASELINE_DAYS = 28
PSA_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "start_day": pl.Int64,
    "n_values": pl.Int64,
    "baseline_ng_ml": pl.Float64,
    "baseline_day": pl.Int64,
    "baseline_is_old": pl.Boolean,
    "nadir_ng_ml": pl.Float64,
    "nadir_day": pl.Int64,
    "days_to_nadir": pl.Int64,
    "best_change_fraction": pl.Float64,
    "change_12wk_fraction": pl.Float64,
    "psa50": pl.Boolean,
    "psa50_day": pl.Int64,
    "psa50_confirmed": pl.Boolean,
    "psa50_confirmed_day": pl.Int64,
    "psa90": pl.Boolean,
    "psa90_day": pl.Int64,
    "psa90_confirmed": pl.Boolean,
    "psa90_confirmed_day": pl.Int64,
    "is_undetectable": pl.Boolean,
    "early_rise_day": pl.Int64,
    "progression_status": pl.String,
    "progression_day": pl.Int64,
    "progression_rule": pl.String,
    "progression_ng_ml": pl.Float64,
    "progression_confirmed_day": pl.Int64,
    "last_psa_day": pl.Int64,
    "last_psa_row": pl.Int64,
    "progression_row": pl.Int64,
    "doubling_time_days": pl.Float64,
    "doubling_time_ci_low": pl.Float64,
    "doubling_time_ci_high": pl.Float64,
    "velocity_ng_ml_per_year": pl.Float64,
    "velocity_ci_low": pl.Float64,
    "velocity_ci_high": pl.Float64,
}
RULES = {
    1: "rise from nadir after decline",
    2: "rise from baseline beyond 12 weeks, no decline",
    3: "rise from nadir beyond 12 weeks, no baseline value",
}


def psa_table(
    labs: pl.DataFrame, lines: pl.DataFrame, params: PsaParams | None = None, *, followed: bool = False
) -> pl.DataFrame:
    """Return the PSA endpoints, one row per patient and line (`PSA_SCHEMA`).

    Parameters
    ----------
    labs : see `psa_values`
    lines : patient_id, line, start_day, next_start_day (`oncourse.derive.lines.lines_table`)

    Returns
    -------
    Sorted by patient and start of the line. Baseline: last value on or before the start. Values after it up to the
    next line's first day belong to the line, with ``followed`` all later ones. Progression is judged by the line's own
    baseline and nadir and may be confirmed after its end.

    ``psa50``/``psa90``: true where any value is at least that far below
    baseline, ``*_confirmed`` where another one at least ``confirmation_days`` later is too; without a later value
    they are false; null without a baseline (the change from it is not known), without any PSA (MISSING), and where a
    value above the measuring range leaves it open. ``nadir_*`` is the lowest of baseline and values.
    ``progression_status``: none / unconfirmed / confirmed, null where the line has no value; ``progression_day`` is
    the day of the *first* rise that meets the rule. Doubling time and velocity: least squares of log PSA and PSA on
    the values from the nadir on, 95 % t interval; null where they are too few or do not rise (doubling time).
    """
    params = params or PsaParams()
    values, _ = psa_values(labs, params)
    return psa_endpoints(values, followed_on(lines) if followed else lines, params)


def psa_endpoints(values: pl.DataFrame, lines: pl.DataFrame, params: PsaParams | None = None) -> pl.DataFrame:
    """Return `psa_table` from clean values (patient_id, day, value_ng_ml, is_below_limit, row; one per day)."""
    from oncourse.derive.clinical import _psa_kernel as kernel

    params = params or PsaParams()
    lines = lines.select("patient_id", "line", "start_day", "next_start_day").sort("patient_id", "start_day", "line")
    if lines.is_empty():
        return pl.DataFrame(schema=PSA_SCHEMA)
    lines = lines.with_row_index("group").with_columns(pl.col("group").cast(pl.Int64))
    if "is_above_limit" not in values.columns:
        values = values.with_columns(pl.lit(False).alias("is_above_limit"))
    values = values.with_columns(scaled_expr("value_ng_ml").alias("_x")).sort("patient_id", "day")
    lines = _with_baseline(lines, values, params)
    on_line = _values_on_line(values, lines)
    n = lines.height
    counts = np.bincount(on_line["group"].to_numpy(), minlength=n)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    t = on_line["t"].to_numpy().astype(np.int64)
    base = lines["_base"].fill_null(-1).to_numpy().astype(np.int64)
    # above the measuring range: no decline can be seen in such a value, nor excluded from such a baseline
    at_most = on_line.select(pl.when("is_above_limit").then(int(scaled(LARGEST))).otherwise("_x"))
    low = at_most.to_series().to_numpy().astype(np.int64)
    least = int(scaled(params.min_rise_ng_ml))
    later = _values_on_line(values, followed_on(lines))
    nadir_base = _reference(lines, later)
    later = _after_first_number(later, lines)
    later_counts = np.bincount(later["group"].to_numpy(), minlength=n)
    later_offsets = np.concatenate([[0], np.cumsum(later_counts)]).astype(np.int64)
    later_t, later_x = later["t"].to_numpy().astype(np.int64), later["_x"].to_numpy().astype(np.int64)
    status, at, branch, _, by, early = kernel.progression(
        later_offsets,
        later_t,
        later_x,
        nadir_base,
        parts(params.rise_fraction),
        least,
        params.confirmation_days,
        params.early_days,
        params.early_scope == "all",
        params.confirm_no_decline,
    )
    falls = {
        name: kernel.decline(offsets, t, low, base, parts(limit), params.confirmation_days, params.sustained)
        for name, limit in (("psa50", 0.5), ("psa90", 0.9))
    }
    day = on_line["day"].to_numpy().astype(np.int64)
    later_day, row = later["day"].to_numpy().astype(np.int64), later["row"].to_numpy().astype(np.int64)
    # a rise after the next line began is none of this line
    until = lines["next_start_day"].fill_null(np.iinfo(np.int64).max).to_numpy()
    status, at, by, early = _until(until, later_day, status, at, by, early)
    open_ = {name: _undecided(on_line, lines, limit) for name, limit in (("psa50", 0.5), ("psa90", 0.9))}
    is_measured = lines["_base"].is_not_null().to_numpy()
    known = lines.with_columns(
        pl.Series("n_values", counts, pl.Int64),
        pl.Series("progression_status", np.array(["none", "unconfirmed", "confirmed"])[status]),
        _at(later_day, at, "progression_day"),
        _at(row, at, "progression_row"),
        _at(later_day, by, "progression_confirmed_day"),
        _at(later_day, early, "early_rise_day"),
        pl.Series("progression_rule", np.where(at >= 0, branch, 0)).replace_strict(
            RULES, default=None, return_dtype=pl.String
        ),
        unscaled(pl.lit(_at(later_x, at, "progression_ng_ml"))).alias("progression_ng_ml"),
        *(
            column
            for name, (first, confirmed) in falls.items()
            for column in (
                _flag(first >= 0, is_measured & ((first >= 0) | ~open_[name]), name),
                _at(day, first, f"{name}_day"),
                _flag(confirmed >= 0, is_measured & ((confirmed >= 0) | ~open_[name]), f"{name}_confirmed"),
                _at(day, confirmed, f"{name}_confirmed_day"),
            )
        ),
    ).with_columns(
        pl.when((pl.col("n_values") > 0) & pl.Series(later_counts > 0)).then(pl.col("progression_status")),
    )
    known = known.join(_summary(on_line, lines, params), on="group", how="left", maintain_order="left")
    known = known.join(kinetics(on_line, known, params), on="group", how="left", maintain_order="left")
    return known.select(pl.col(name).cast(dtype) for name, dtype in PSA_SCHEMA.items())


def _reference(lines: pl.DataFrame, later: pl.DataFrame) -> NDArray[np.int64]:
    """Return the baseline progression is judged by, -1 where there is none: one above the measuring range is known to
    be above a later number below it only, else it is none."""
    lowest = later.filter(~pl.col("is_above_limit")).group_by("group").agg(pl.col("_x").min().alias("_low"))
    rows = lines.join(lowest, on="group", how="left", maintain_order="left")
    known = ~pl.col("_base_above").fill_null(False) | (pl.col("_low") < pl.col("_base")).fill_null(False)
    return rows.select(pl.when(known).then("_base").fill_null(-1)).to_series().to_numpy().astype(np.int64)


def _after_first_number(later: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the values of a line from its first number on, where it has no baseline that is one: what is above the
    measuring range is no nadir."""
    if not (later["is_above_limit"].any() or lines["_base_above"].any()):
        return later
    has_base = lines.filter(pl.col("_base").is_not_null() & ~pl.col("_base_above"))["group"]
    seen = (~pl.col("is_above_limit")).cum_max().over("group")
    return later.filter(pl.col("group").is_in(has_base.to_list()) | seen)


def _undecided(on_line: pl.DataFrame, lines: pl.DataFrame, fall: float) -> NDArray[np.bool_]:
    """Whether a fall that was not seen may have been: a baseline above the measuring range, or such a value whose limit
    is below what the fall asks for."""
    base = lines.select("group", "_base", "_base_above")
    far = pl.col("is_above_limit") & (pl.col("_x") < pl.col("_base") * (1 - fall))
    joined = on_line.join(base, on="group", maintain_order="left").filter(far | pl.col("_base_above"))
    return lines["group"].is_in(joined["group"].unique().to_list()).to_numpy()


def _until(
    until: NDArray[np.int64],
    day: NDArray[np.int64],
    status: NDArray[np.int64],
    at: NDArray[np.int64],
    by: NDArray[np.int64],
    early: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return status, candidate, its confirmation and early rise with those after the last day of each line taken
    out."""
    if not len(day):
        return status, at, by, early
    off = (at >= 0) & (day[np.maximum(at, 0)] > until)
    late = (early >= 0) & (day[np.maximum(early, 0)] > until)
    return np.where(off, 0, status), np.where(off, -1, at), np.where(off, -1, by), np.where(late, -1, early)


def _at(values: NDArray[np.int64], index: NDArray[np.int64], name: str) -> pl.Series:
    """Return values[index] with null where the index is -1."""
    if not len(values):
        return pl.Series(name, [None] * len(index), pl.Int64)
    return pl.Series(name, values[np.maximum(index, 0)], pl.Int64).set(pl.Series(index < 0), None)


def _flag(is_true: NDArray[np.bool_], is_known: NDArray[np.bool_], name: str) -> pl.Series:
    return pl.Series(name, is_true, pl.Boolean).set(pl.Series(~is_known), None)


def _with_baseline(lines: pl.DataFrame, values: pl.DataFrame, params: PsaParams) -> pl.DataFrame:
    before = values.select(
        "patient_id",
        "day",
        pl.col("day").alias("baseline_day"),
        pl.col("_x").alias("_base"),
        pl.col("value_ng_ml").alias("baseline_ng_ml"),
        pl.col("row").alias("_base_row"),
        pl.col("is_above_limit").alias("_base_above"),
    )
    joined = lines.sort("start_day").join_asof(
        before.sort("day"),
        left_on="start_day",
        right_on="day",
        by="patient_id",
        strategy="backward",
        check_sortedness=False,
    )
    age = pl.col("start_day") - pl.col("baseline_day")
    if params.baseline_max_age_days is not None:
        columns = ["baseline_day", "_base", "baseline_ng_ml", "_base_row", "_base_above"]
        joined = joined.with_columns(pl.when(age <= params.baseline_max_age_days).then(pl.col(columns)).name.keep())
    return joined.with_columns((age > OLD_BASELINE_DAYS).alias("baseline_is_old")).sort("group")


def _values_on_line(values: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the values after a line's start up to the next one's, with their line (group) and day of it (t)."""
    spans = lines.select("patient_id", "group", "start_day", "next_start_day")
    several = spans.filter(pl.col("next_start_day").is_null())["patient_id"].is_duplicated().any()
    same_start = spans.select(pl.struct("patient_id", "start_day").is_duplicated().any()).item()
    if same_start or several:  # lines of one day, or lines that are followed on: each gets the values
        joined = values.join(spans, on="patient_id").filter(pl.col("day") > pl.col("start_day"))
    else:
        joined = (
            values.sort("day")
            .join_asof(
                spans.sort("start_day"),
                left_on="day",
                right_on="start_day",
                by="patient_id",
                strategy="backward",
                allow_exact_matches=False,
                check_sortedness=False,
            )
            .filter(pl.col("group").is_not_null())
        )
    return (
        joined.filter(on_line())
        .with_columns((pl.col("day") - pl.col("start_day")).alias("t"))
        .sort("group", "day")
        .select("group", "patient_id", "day", "t", "value_ng_ml", "_x", "is_below_limit", "is_above_limit", "row")
    )


def _summary(on_line: pl.DataFrame, lines: pl.DataFrame, params: PsaParams) -> pl.DataFrame:
    """Nadir, best change, change at 12 weeks, last value of each line."""
    base = lines.select("group", "start_day", "_base", "baseline_day", "baseline_ng_ml", "_base_row", "_base_above")
    joined = on_line.join(base, on="group", maintain_order="left")
    change = (pl.col("_x") - pl.col("_base")) / pl.when(pl.col("_base") > 0).then(pl.col("_base"))
    off_12 = (pl.col("t") - params.week12_day).abs()
    told = ~pl.col("is_above_limit") & ~(pl.col("_base_above") & (pl.col("_x") >= pl.col("_base")))
    in_window = (off_12 <= params.week12_window_days) & told
    last = joined.group_by("group", maintain_order=True).agg(
        pl.col("day").last().alias("_last_day"),
        pl.col("row").last().alias("_last_row"),
        pl.col("_x").min().alias("_low"),
        pl.col("day").get(pl.col("_x").arg_min()).alias("_low_day"),
        change.filter(told).min().alias("best_change_fraction"),
        change.filter(in_window).sort_by(off_12.filter(in_window)).first().alias("change_12wk_fraction"),
        (pl.col("value_ng_ml") < params.undetectable_ng_ml).any().alias("is_undetectable"),
    )
    every = base.join(last, on="group", how="left", maintain_order="left")
    from_line = pl.col("_low").is_not_null() & (pl.col("_base").is_null() | (pl.col("_low") < pl.col("_base")))
    return every.select(
        "group",
        unscaled(pl.when(from_line).then(pl.col("_low")).otherwise(pl.col("_base"))).alias("nadir_ng_ml"),
        pl.when(from_line).then(pl.col("_low_day")).otherwise(pl.col("baseline_day")).alias("nadir_day"),
        pl.when(from_line).then(pl.col("_low_day") - pl.col("start_day")).alias("days_to_nadir"),
        "best_change_fraction",
        "change_12wk_fraction",
        "is_undetectable",
        pl.coalesce("_last_day", "baseline_day").alias("last_psa_day"),
        pl.coalesce("_last_row", "_base_row").alias("last_psa_row"),
    )
