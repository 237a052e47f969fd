"""Shares, medians and means of units of which a patient may have several (samples, lines): patients are the clusters."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate


def share(name: str, is_so: pl.Series, patient: pl.Series, question: str = "") -> Estimate:
    """Return the share of units for which something holds.

    Limits are Clopper and Pearson's where each patient has one unit, else those of `clustered_share`: two samples of
    one tumour are not two witnesses.

    is_so : shape (n,), no null; patient : shape (n,)
    """
    from oncourse.stats.clustered_share import EXACT, clustered_share
    from oncourse.stats.proportions import clopper_pearson

    n = len(is_so)
    if n == 0:
        return Estimate(name, None, n=0, method=EXACT, unit="fraction", question=question)
    units = pl.DataFrame({"patient": patient, "is_so": is_so})
    per = units.group_by("patient").agg(pl.col("is_so").sum().alias("k"), pl.len().alias("n")).sort("patient")
    k = int(per["k"].sum())
    if per.height == n:
        low, high = clopper_pearson(k, n)
        return Estimate(name, k / n, float(low), float(high), n, EXACT, "fraction", question)
    found = clustered_share(per["k"], per["n"])
    return Estimate(name, found.value, found.low, found.high, n, found.method, "fraction", question)


def median(name: str, x: pl.Series, patient: pl.Series, unit: str, question: str = "") -> Estimate:
    """Return the median over units with limits by order statistics, patients as clusters; no limits where too few.

    x : shape (n,), no null, at least one; patient : shape (n,)
    """
    from oncourse.stats.medians import clustered_median_interval

    values = x.to_numpy()
    low, high = clustered_median_interval(values, patient.to_numpy())
    return Estimate(name, float(np.median(values)), low, high, len(values), "order statistics", unit, question)


def mean(name: str, x: pl.Series, patient: pl.Series, unit: str, question: str = "") -> Estimate:
    """Return the mean over units with its t interval, patients as clusters; no limits of one patient.

    x : shape (n,), no null, at least one; patient : shape (n,)
    """
    from oncourse.derive.genes.sample_groups import mean_interval

    values = x.to_numpy()
    low, high = mean_interval(values, patient.to_numpy())
    return Estimate(name, float(values.mean()), low, high, len(values), "mean, t interval", unit, question)
