"""Restricted mean survival time: the mean life up to a horizon, and its difference between two groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from oncourse.stats.km import Curve, kaplan_meier


class Mean(NamedTuple):
    """An estimate in the unit of time (ratios: none); NaN where the curve does not reach the horizon."""

    value: float
    std_err: float
    ci_low: float
    ci_high: float
    p_value: float


class Comparison(NamedTuple):
    """Restricted means of the group (1) and of the reference (0), their difference and their ratio."""

    group: Mean
    reference: Mean
    difference: Mean
    ratio: Mean


def restricted_mean(curve: Curve, horizon: float, *, level: float = 0.95) -> Mean:
    """Return the area under a Kaplan-Meier curve up to the horizon [1]_.

    NaN where follow-up ends before the horizon while the curve is above 0, or the curve is undone before it
    (`oncourse.stats.km.Curve.undone`): the area is then not known.

    References
    ----------
    .. [1] Royston, Parmar. BMC Med Res Methodol 2013;13:152; Uno et al. J Clin Oncol 2014;32:2380 (variance).
    """
    from scipy.special import ndtri

    inside = curve.time <= horizon
    time = curve.time[inside]
    nan = float("nan")
    if curve.time.size == 0 or curve.undone < horizon or (curve.time[-1] < horizon and curve.survival[-1] > 0):
        return Mean(nan, nan, nan, nan, nan)
    edges = np.concatenate([[0.0], time, [horizon]])
    heights = np.concatenate([[1.0], curve.survival[inside]])
    areas = np.diff(edges) * heights
    mean = float(areas.sum())
    rest = np.cumsum(areas[::-1])[::-1][1:]  # area after each time
    left = curve.n_risk[inside] - curve.n_event[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard_variance = np.where(left > 1e-9, curve.n_event[inside] / (curve.n_risk[inside] * left), 0.0)
    error = float(np.sqrt((rest**2 * hazard_variance).sum()))
    z = float(ndtri(0.5 + level / 2.0))
    return Mean(mean, error, mean - z * error, mean + z * error, nan)


def compare_restricted_means(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    horizon: float,
    *,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> Comparison:
    """Return restricted means of two groups (true/1 v false/0), difference and ratio, with p-values."""
    from scipy.special import ndtr, ndtri

    t, d, g = np.asarray(time, float), np.asarray(event), np.asarray(group).astype(bool)
    e = None if entry is None else np.asarray(entry, float)
    one, zero = (
        restricted_mean(kaplan_meier(t[m], d[m], entry=None if e is None else e[m]), horizon, level=level)
        for m in (g, ~g)
    )
    z = float(ndtri(0.5 + level / 2.0))
    gap, error = one.value - zero.value, float(np.hypot(one.std_err, zero.std_err))
    difference = Mean(gap, error, gap - z * error, gap + z * error, _p(gap, error, ndtr))
    with np.errstate(divide="ignore", invalid="ignore"):
        log = float(np.log(one.value) - np.log(zero.value))
        log_error = float(np.hypot(one.std_err / one.value, zero.std_err / zero.value))
    ratio = Mean(
        float(np.exp(log)),
        log_error,
        float(np.exp(log - z * log_error)),
        float(np.exp(log + z * log_error)),
        _p(log, log_error, ndtr),
    )
    return Comparison(one, zero, difference, ratio)


def _p(value: float, error: float, ndtr: object) -> float:
    return float(2.0 * ndtr(-abs(value) / error)) if error > 0 else float("nan")  # type: ignore[operator]
