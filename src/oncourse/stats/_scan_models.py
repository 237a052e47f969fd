"""Compiled: per feature a Cox model beside covariates, and the test that its hazard ratio is the same at all times.

Rows come as `oncourse.stats._cox` takes them; each feature has the rows where it (and every covariate) is known.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled
from oncourse.stats._cox import cox_steps
from oncourse.stats._cox_newton import centred_columns, cox_fit
from oncourse.stats._cox_profile import cox_profile

Array = np.ndarray[Any, Any]


@compiled()
def _among(is_in: Array, order: Array, bounds: Array) -> tuple[Array, Array]:
    """Return an order of rows reduced to those that are in, numbered anew, and the limits of its strata."""
    place = np.empty(is_in.size, np.int64)
    used = 0
    for i in range(is_in.size):
        place[i] = used
        used += is_in[i]
    out, limits = np.empty(used, np.int64), np.zeros_like(bounds)
    used = 0
    for s in range(bounds.size - 1):
        for i in range(bounds[s], bounds[s + 1]):
            if is_in[order[i]]:
                out[used] = place[order[i]]
                used += 1
        limits[s + 1] = used
    return out, limits


@compiled()
def _varies(cell: Array, is_in: Array) -> bool:
    first = math.nan
    for i in range(cell.size):
        if is_in[i]:
            if first == first and cell[i] != first:
                return True
            first = cell[i]
    return False


@compiled("f8[:,:], f8[:,:], b1[:], i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], i8, f8, f8")
def fit_beside(
    cells: Array,
    covariates: Array,
    firth: Array,
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    least: int,
    drop: float,
    quantile: float,
) -> Array:
    """Fit each row of cells (features, n; NaN unknown) beside the covariates (n, columns).

    Firth's estimate with profile limits where asked for, and where a coefficient of the bare model runs off; else the
    bare one with Wald limits. Rows of the result: coefficient, limits, statistic (chi-square of the penalised
    likelihood ratio, or z), 1 where Firth's, 1 where there were `least` events per coefficient and a feature that
    varies.
    """
    features, n = cells.shape
    k = covariates.shape[1] + 1
    out = np.full((6, features), np.nan)
    complete = np.ones(n, np.bool_)
    for i in range(n):
        for a in range(k - 1):
            complete[i] = complete[i] and covariates[i, a] == covariates[i, a]
    is_in = np.empty(n, np.bool_)
    start, ridge = np.zeros(k), np.zeros(k)
    if k > 1 and complete.any():  # where each begins: the model without any feature
        rows = np.flatnonzero(complete)
        exits, limits = _among(complete, by_exit, bounds)
        entries, _ = _among(complete, by_entry, bounds)
        known, beta, _, ran, _, _, _, _, _ = cox_fit(
            exits,
            entries,
            limits,
            time[rows],
            entry[rows],
            event[rows],
            covariates[rows],
            np.zeros(rows.size),
            np.ones(rows.size),
            start[1:],
            True,
            ridge[1:],
            False,
        )
        if not ran.any():
            start[1 + known] = beta
    for g in range(features):
        events = 0
        for i in range(n):
            is_in[i] = complete[i] and cells[g, i] == cells[g, i]
            events += is_in[i] and event[i]
        out[5, g] = 0.0
        if events < least * k or not _varies(cells[g], is_in):
            continue
        out[5, g] = 1.0
        rows = np.flatnonzero(is_in)
        exits, limits = _among(is_in, by_exit, bounds)
        entries, _ = _among(is_in, by_entry, bounds)
        t, late, d = time[rows], entry[rows], event[rows]
        x = np.empty((rows.size, k))
        for i in range(rows.size):
            x[i, 0] = cells[g, rows[i]]
            for a in range(k - 1):
                x[i, a + 1] = covariates[rows[i], a]
        none, ones = np.zeros(rows.size), np.ones(rows.size)
        penalised = firth[g]
        kept, beta, variance, ran, _, _, _, _, _ = cox_fit(
            exits, entries, limits, t, late, d, x, none, ones, start, True, ridge, penalised
        )
        if not penalised and ran.any():
            penalised = True
            kept, beta, variance, ran, _, _, _, _, _ = cox_fit(
                exits, entries, limits, t, late, d, x, none, ones, start, True, ridge, True
            )
        out[4, g] = 1.0 if penalised else 0.0
        if kept.size == 0 or kept[0] != 0:
            continue
        error = math.sqrt(variance[0, 0])
        if penalised:
            centred, _ = centred_columns(x, kept, ones)
            step = quantile * error if 0.0 < error < 10.0 else 1.0
            _, low, high, fall = cox_profile(
                exits, entries, limits, t, late, d, centred, none, ones, beta, True, ridge[kept], True, 0, drop, step
            )
            out[0, g], out[1, g], out[2, g], out[3, g] = beta[0], low, high, max(0.0, 2.0 * fall)
        else:
            out[0, g], out[3, g] = beta[0], beta[0] / error
            out[1, g], out[2, g] = beta[0] - quantile * error, beta[0] + quantile * error
    return out


@compiled("f8[:,:], f8[:], i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], i8")
def same_at_all_times(
    cells: Array,
    start: Array,
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    least: int,
) -> Array:
    """Return the chi-square of each row of cells (features, n; NaN unknown): does its coefficient change with time?

    start : coefficient that each fit begins from.
    As `oncourse.stats.zph.proportional_hazards` with 1 - Kaplan-Meier as the scale of time; one stratum. NaN with fewer
    events than `least`, where the feature is constant and where its coefficient runs off.
    """
    features, n = cells.shape
    out = np.full(features, np.nan)
    is_in = np.empty(n, np.bool_)
    none = np.zeros(1)
    for g in range(features):
        events = 0
        for i in range(n):
            is_in[i] = cells[g, i] == cells[g, i]
            events += is_in[i] and event[i]
        if events < least or not _varies(cells[g], is_in):
            continue
        rows = np.flatnonzero(is_in)
        exits, limits = _among(is_in, by_exit, bounds)
        entries, _ = _among(is_in, by_entry, bounds)
        t, late, d = time[rows], entry[rows], event[rows]
        x = np.empty((rows.size, 1))
        for i in range(rows.size):
            x[i, 0] = cells[g, rows[i]]
        offset, ones = np.zeros(rows.size), np.ones(rows.size)
        kept, beta, _, ran, _, _, _, _, _ = cox_fit(
            exits, entries, limits, t, late, d, x, offset, ones, start[g : g + 1], True, none, False
        )
        if kept.size == 0 or ran[0] or not math.isfinite(beta[0]):
            continue
        _, times, deaths, _, _, means, variance, _ = cox_steps(
            exits, entries, limits, t, late, d, x, offset, ones, beta, True, True
        )
        m = times.size
        factor, score = np.empty(m), np.zeros(m)
        i = j = 0
        for step in range(m):  # later times first, as the rows
            while i < rows.size and t[exits[i]] >= times[step]:
                if d[exits[i]]:
                    score[step] += x[exits[i], 0]  # all events at this time or after it and before the next step
                i += 1
            while j < rows.size and late[entries[j]] >= times[step]:
                j += 1
            score[step] -= deaths[step] * means[step, 0]
            factor[step] = 1.0 - deaths[step] / (i - j)
        scale = np.empty(m)
        curve, middle = 1.0, 0.0
        for step in range(m - 1, -1, -1):
            scale[step] = 1.0 - curve
            curve *= factor[step]
            middle += scale[step] * deaths[step] / events
        u = i11 = i12 = i22 = 0.0
        for step in range(m):
            w, v = scale[step] - middle, variance[step, 0, 0]
            u += w * score[step]
            i11 += v
            i12 += w * v
            i22 += w * w * v
        rest = i22 - i12 * i12 / i11
        if rest != 0.0:
            out[g] = u * u / rest
    return out
