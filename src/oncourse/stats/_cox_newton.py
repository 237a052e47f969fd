"""Compiled: the Cox model's maximum by Newton steps, bare, ridge or with Firth's penalty.

Rows come as `oncourse.stats._cox` takes them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled
from oncourse.stats._algebra import factor, part_of, solve
from oncourse.stats._cox import cox_terms

Array = np.ndarray[Any, Any]
#: Steps of one Newton fit.
STEPS = 60
#: A coefficient whose last Newton step is longer than this, or whose error is (both per standard deviation of its
#: column), ran off to infinity (separation). A finite one has an error far below: one event in a risk set of two gives
#: 2.
RUNAWAY_STEP, RUNAWAY_ERROR = 0.01, 100.0


@compiled()
def penalised_terms(
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    x: Array,
    offset: Array,
    weights: Array,
    beta: Array,
    efron: bool,
    ridge: Array,
    firth: bool,
) -> tuple[float, Array, Array, float]:
    """Return penalised log likelihood, its score, the Newton matrix and the bare log likelihood."""
    value, score, matrix, loglik = cox_terms(
        by_exit, by_entry, bounds, time, entry, event, x, offset, weights, beta, efron, firth
    )
    if value == -math.inf:
        return value, score, matrix, loglik
    for a in range(x.shape[1]):
        value -= 0.5 * ridge[a] * beta[a] ** 2
        score[a] -= ridge[a] * beta[a]
        matrix[a, a] += ridge[a]
    return value, score, matrix, loglik


@compiled()
def _carried_on(move: Array, before: Array, step: Array, matrix: Array, where: Array) -> Array:
    """Return a move of the free coefficients, carried on by what the moves before and after a step say of their course.

    Under Firth's penalty the matrix is that of the bare likelihood, so that each move leaves a share of the way (Anderson.
    J ACM 1965;12:547, with one step kept).
    """
    along = size = 0.0
    for a in range(where.size):
        gap = move[a] - before[a]
        along += matrix[where[a], where[a]] * move[a] * gap
        size += matrix[where[a], where[a]] * gap * gap
    out = move.copy()
    if size > 0.0 and abs(along) < 2.0 * size:
        for a in range(where.size):
            out[a] -= along / size * (step[where[a]] + move[a] - before[a])
    return out


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1, f8[:], b1, b1[:], i8, b1")
def cox_newton(
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    x: Array,
    offset: Array,
    weights: Array,
    beta: Array,
    efron: bool,
    ridge: Array,
    firth: bool,
    free: Array,
    max_iter: int,
    for_height: bool,
) -> tuple[Array, float, Array, Array, Array, float, int, int]:
    """Maximise over the free coefficients by Newton steps, halved until the likelihood rises.

    for_height : end once the height is known to 1e-9, also with Firth's penalty, whose coefficients are then not yet
        known to 1e-7

    Returns beta, penalised log likelihood, score, Newton matrix, last step, bare log likelihood, iterations, and
    state: 0 converged, 1 not within max_iter, 2 the matrix is singular.
    """
    p = beta.size
    where = np.flatnonzero(free)
    beta = beta.copy()
    value, score, matrix, loglik = penalised_terms(
        by_exit, by_entry, bounds, time, entry, event, x, offset, weights, beta, efron, ridge, firth
    )
    last, taken, before = np.zeros(p), np.zeros(p), np.zeros(where.size)
    if where.size == 0:
        return beta, value, score, matrix, last, loglik, 0, 0
    for iteration in range(1, max_iter + 1):
        right = score[where]
        lower, logdet = factor(part_of(matrix, where, where))
        if logdet == -math.inf:
            return beta, value, score, matrix, last, loglik, iteration, 2
        move = solve(lower, right)
        gain = 0.0
        for a in range(where.size):
            gain += move[a] * right[a]
        done = gain < (1e-8 if firth and for_height else 1e-10)
        if firth and not for_height:
            done = True
            for a in range(where.size):
                if abs(move[a]) > 1e-7 * (1.0 + abs(beta[where[a]])):
                    done = False
        if firth and done:  # a step too short to look again after it
            last[:] = 0.0
            last[where] = move
            return beta + last, value + 0.5 * gain, score, matrix, last, loglik, iteration, 0
        ahead = _carried_on(move, before, taken, matrix, where) if firth and iteration > 1 else move
        last[:] = 0.0
        last[where] = ahead
        before = move
        size = 1.0
        accepted = False
        trial = beta
        new, new_score, new_matrix, new_loglik = value, score, matrix, loglik
        for _ in range(40):
            trial = beta + size * last
            new, new_score, new_matrix, new_loglik = penalised_terms(
                by_exit, by_entry, bounds, time, entry, event, x, offset, weights, trial, efron, ridge, firth
            )
            if new >= value - 1e-9 * (1.0 + abs(value)) * (1.0 if done else 1e-3):
                accepted = True
                break
            if firth and not np.array_equal(ahead, move):  # too far ahead: the plain step first
                ahead = move
                last[where] = move
            else:
                size *= 0.5
        if not accepted:
            return beta, value, score, matrix, last, loglik, iteration, 0 if gain < 1e-6 else 1
        beta, value, score, matrix, loglik = trial, new, new_score, new_matrix, new_loglik
        taken = size * last
        if done:
            return beta, value, score, matrix, last, loglik, iteration, 0
    return beta, value, score, matrix, last, loglik, max_iter, 1


@compiled()
def _independent(x: Array, weights: Array) -> Array:
    """Mark the columns that are no linear combination of earlier ones (R's NA coefficients)."""
    n, p = x.shape
    out = np.zeros(p, np.bool_)
    kept = np.empty((p, n))
    used = 0
    total = weights.sum()
    if n == 0 or not total > 0.0:
        return out
    v = np.empty(n)
    for j in range(p):
        mean = largest = 0.0
        for i in range(n):
            mean += weights[i] * x[i, j]
            largest = max(largest, abs(x[i, j]))
        mean /= total
        square = 0.0
        for i in range(n):
            v[i] = (x[i, j] - mean) * math.sqrt(weights[i])
            square += v[i] * v[i]
        size = math.sqrt(square)
        for a in range(used):
            along = 0.0
            for i in range(n):
                along += kept[a, i] * v[i]
            for i in range(n):
                v[i] -= kept[a, i] * along
        square = 0.0
        for i in range(n):
            square += v[i] * v[i]
        rest = math.sqrt(square)
        if rest > 1e-9 * size and size > 1e-12 * math.sqrt(n) * max(1.0, largest):
            for i in range(n):
                kept[used, i] = v[i] / rest
            used += 1
            out[j] = True
    return out


@compiled()
def _informative(information: Array, spread: Array, events: float) -> Array:
    """Mark the columns that differ within risk sets, given those before them: the information at 0 has a pivot
    there."""
    p = spread.size
    rest = information.copy()
    out = np.zeros(p, np.bool_)
    for j in range(p):
        if rest[j, j] > 1e-9 * events * spread[j] * spread[j]:
            out[j] = True
            row = rest[j].copy()
            for a in range(p):
                for b in range(p):
                    rest[a, b] -= row[a] * row[b] / row[j]
    return out


@compiled()
def centred_columns(x: Array, kept: Array, weights: Array) -> tuple[Array, Array]:
    """Return the kept columns less their weighted means, and their standard deviations (unweighted)."""
    n = x.shape[0]
    out = np.empty((n, kept.size))
    spread = np.zeros(kept.size)
    total = weights.sum()
    for a in range(kept.size):
        mean = middle = 0.0
        for i in range(n):
            mean += weights[i] * x[i, kept[a]]
            middle += x[i, kept[a]]
        mean /= total
        middle /= n
        for i in range(n):
            out[i, a] = x[i, kept[a]] - mean
            spread[a] += (x[i, kept[a]] - middle) ** 2
        spread[a] = math.sqrt(spread[a] / n)
    return out, spread


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1, f8[:], b1")
def cox_fit(
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    x: Array,
    offset: Array,
    weights: Array,
    start: Array,
    efron: bool,
    ridge: Array,
    firth: bool,
) -> tuple[Array, Array, Array, Array, float, float, float, int, int]:
    """Fit the model: the columns that say something, and of these the coefficients.

    Returns the numbers of the columns kept, and of these coefficients, covariance (NaN where singular or held), which
    ran off; bare log likelihood at 0 and at the fit, score statistic, iterations, state (`cox_newton`).
    """
    told = _independent(x, weights)
    deaths = 0
    events = 0.0
    for i in range(event.size):
        if event[i]:
            deaths += 1
            events += weights[i]
    for a in range(x.shape[1]):
        told[a] = (told[a] or ridge[a] > 0.0) and deaths > 0
    kept = np.flatnonzero(told)
    centred, spread = centred_columns(x, kept, weights)
    none = np.zeros(kept.size)
    loglik0, u0, i0, _ = cox_terms(
        by_exit, by_entry, bounds, time, entry, event, centred, offset, weights, none, efron, False
    )
    inside = _informative(i0, spread, events)
    for a in range(kept.size):
        inside[a] = inside[a] or ridge[kept[a]] > 0.0
    if not inside.all():  # constant among those at risk at every event, as a number per stratum is
        index = np.flatnonzero(inside)
        kept = kept[index]
        u0, i0 = u0[index], part_of(i0, index, index)
        centred, spread = centred_columns(x, kept, weights)
    k = kept.size
    theta = ridge[kept]
    beta, _, _, matrix, last, loglik, iterations, state = cox_newton(
        by_exit,
        by_entry,
        bounds,
        time,
        entry,
        event,
        centred,
        offset,
        weights,
        start[kept],
        efron,
        theta,
        firth,
        np.ones(k, np.bool_),
        STEPS,
        False,
    )
    ran = np.zeros(k, np.bool_)
    for a in range(k):
        ran[a] = abs(last[a]) * max(spread[a], 1e-300) > RUNAWAY_STEP
    stays = np.ones(k, np.bool_)
    if state == 2 and ran.any() and not ran.all():  # hold those that run off where they are and finish the others
        beta, _, _, matrix, last, loglik, more, state = cox_newton(
            by_exit,
            by_entry,
            bounds,
            time,
            entry,
            event,
            centred,
            offset,
            weights,
            beta,
            efron,
            theta,
            firth,
            ~ran,
            STEPS,
            False,
        )
        iterations += more
        for a in range(k):
            ran[a] = ran[a] or abs(last[a]) * max(spread[a], 1e-300) > RUNAWAY_STEP
        stays = ~ran
    variance = np.full((k, k), np.nan)
    where = np.flatnonzero(stays)
    lower, logdet = factor(part_of(matrix, where, where))
    if logdet > -math.inf and state != 2 and k > 0:
        unit = np.empty(where.size)
        for b in range(where.size):
            unit[:] = 0.0
            unit[b] = 1.0
            column = solve(lower, unit)
            for a in range(where.size):
                variance[where[a], where[b]] = column[a]
            error = math.sqrt(max(column[b], 0.0))
            ran[where[b]] = ran[where[b]] or error * max(spread[where[b]], 1e-300) > RUNAWAY_ERROR
    else:
        ran[:] = True
    lower, logdet = factor(i0)
    score = math.nan
    if logdet > -math.inf and k > 0:
        score = 0.0
        turned = solve(lower, u0)
        for a in range(k):
            score += u0[a] * turned[a]
    return kept, beta, variance, ran, loglik0, loglik, score, iterations, state
