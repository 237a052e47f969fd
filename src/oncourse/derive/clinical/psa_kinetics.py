"""How fast PSA rises: doubling time and velocity, by least squares with 95 % t intervals."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from oncourse.days import DAYS_PER_YEAR
from oncourse.derive.clinical.psa_values import PsaParams


def kinetics(on_line: pl.DataFrame, known: pl.DataFrame, params: PsaParams) -> pl.DataFrame:
    """Doubling time and velocity of the values from the nadir on."""
    nadir = known.select("group", "nadir_day", "baseline_day", "baseline_ng_ml", "_base_above")
    columns = ["group", "day", "value_ng_ml", "is_below_limit", "is_above_limit"]
    at_base = nadir.filter(pl.col("baseline_day") == pl.col("nadir_day")).select(
        "group",
        pl.col("baseline_day").alias("day"),
        pl.col("baseline_ng_ml").alias("value_ng_ml"),
        pl.lit(False).alias("is_below_limit"),
        pl.col("_base_above").fill_null(False).alias("is_above_limit"),
    )
    rising = (
        pl.concat([on_line.select(columns), at_base.select(columns)])
        .join(nadir, on="group")
        .filter(pl.col("day") >= pl.col("nadir_day"))
        .sort("group", "day")
    )
    logs = rising.filter((pl.col("value_ng_ml") > 0) & ~pl.col("is_below_limit") & ~pl.col("is_above_limit"))
    slope = _slopes(logs, pl.col("value_ng_ml").log(), params)
    plain = _slopes(rising, pl.col("value_ng_ml"), params)
    ln2, year = float(np.log(2)), DAYS_PER_YEAR

    def doubling(name: str) -> pl.Expr:  # a slope at or below zero does not double
        return pl.when(pl.col(name) > 0).then(ln2 / pl.col(name))

    log = slope.select(
        "group",
        doubling("slope").alias("doubling_time_days"),
        pl.when(pl.col("slope") > 0).then(doubling("high")).alias("doubling_time_ci_low"),
        pl.when(pl.col("slope") > 0).then(doubling("low")).alias("doubling_time_ci_high"),
    )
    velocity = plain.select(
        "group",
        (pl.col("slope") * year).alias("velocity_ng_ml_per_year"),
        (pl.col("low") * year).alias("velocity_ci_low"),
        (pl.col("high") * year).alias("velocity_ci_high"),
    )
    return velocity.join(log, on="group", how="full", coalesce=True)


def _slopes(rows: pl.DataFrame, y: pl.Expr, params: PsaParams) -> pl.DataFrame:
    """Least-squares slope per group with its 95 % t interval; groups with too few values are absent."""
    from scipy.special import stdtrit

    sums = (
        rows.with_columns(y.alias("_y"), pl.col("day").cast(pl.Float64).alias("_d"))
        .with_columns(
            (pl.col("_d") - pl.col("_d").mean().over("group")).alias("_d"),
            (pl.col("_y") - pl.col("_y").mean().over("group")).alias("_y"),
            (pl.col("day").max() - pl.col("day").min()).over("group").alias("_span"),
        )
        .group_by("group", maintain_order=True)
        .agg(
            pl.len().alias("n"),
            pl.col("_span").first(),
            (pl.col("_d") ** 2).sum().alias("sxx"),
            (pl.col("_d") * pl.col("_y")).sum().alias("sxy"),
            (pl.col("_y") ** 2).sum().alias("syy"),
        )
        .filter((pl.col("n") >= params.doubling_min_values) & (pl.col("_span") >= params.doubling_min_days))
    )
    n = sums["n"].to_numpy().astype(float)
    slope = sums["sxy"].to_numpy() / sums["sxx"].to_numpy()
    rest = np.maximum(sums["syy"].to_numpy() - slope * sums["sxy"].to_numpy(), 0.0)
    half = stdtrit(n - 2, 0.975) * np.sqrt(rest / (n - 2) / sums["sxx"].to_numpy())
    return sums.select("group").with_columns(
        pl.Series("slope", slope), pl.Series("low", slope - half), pl.Series("high", slope + half)
    )


def doubling_time(day: ArrayLike, value: ArrayLike) -> tuple[float, float, float]:
    """Return the doubling time of one series in days with its 95 % interval; NaN where it does not rise.

    Least squares of ln(value) on day; at least three positive values. The upper limit is infinite where the slope's
    interval reaches zero.

    >>> doubling_time([0, 30, 60], [1, 2, 4])[0]
    30.0
    """
    from scipy.special import stdtrit

    d, v = np.asarray(day, float), np.asarray(value, float)
    keep = v > 0
    d, y = d[keep], np.log(v[keep])
    if len(d) < 3 or np.ptp(d) == 0:
        return float("nan"), float("nan"), float("nan")
    d = d - d.mean()
    slope = float(d @ y / (d @ d))
    rest = max(float(((y - y.mean() - slope * d) ** 2).sum()), 0.0)
    half = float(stdtrit(len(d) - 2, 0.975)) * (rest / (len(d) - 2) / float(d @ d)) ** 0.5
    if slope <= 0:
        return float("nan"), float("nan"), float("nan")
    ln2 = float(np.log(2))
    high = ln2 / (slope - half) if slope > half else float("inf")
    return round(ln2 / slope, 10), round(ln2 / (slope + half), 10), round(high, 10)
