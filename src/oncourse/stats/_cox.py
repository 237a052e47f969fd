"""Compiled inside of the Cox model: partial likelihood, score, information; delayed entry, strata, ties.

Rows come sorted: `by_exit` holds row numbers stratum by stratum, latest exit first; `by_entry` the same strata,
latest entry first; `bounds` the limits of the strata. Walking back in time, rows are added at their exit and taken
away again once time falls to their entry, so a row is at risk in (entry, exit].
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled

Array = np.ndarray[Any, Any]
#: Least sum of risks: keeps a fit that runs away from dividing by zero.
TINY = 1e-300


@compiled()
def _add_moments(x: Array, r: float, s1: Array, s2: Array, s3: Array, third: bool) -> None:
    p = x.size
    for a in range(p):
        ra = r * x[a]
        s1[a] += ra
        for b in range(a + 1):
            rab = ra * x[b]
            s2[a, b] += rab
            if third:
                for c in range(b + 1):
                    s3[a, b, c] += rab * x[c]


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1, b1")
def cox_terms(
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
    third: bool,
) -> tuple[float, Array, Array, Array]:
    """Return log partial likelihood, score (p), information (p, p) and its derivative (p, p, p; zeros unless third)."""
    n, p = x.shape
    eta = np.empty(n)
    for i in range(n):
        value = offset[i]
        for a in range(p):
            value += beta[a] * x[i, a]
        eta[i] = value
    loglik = 0.0
    score = np.zeros(p)
    info = np.zeros((p, p))
    q = p if third else 0
    slope = np.zeros((q, q, q))
    s1, d1, mean = np.zeros(p), np.zeros(p), np.zeros(p)
    s2, d2, m2 = np.zeros((p, p)), np.zeros((p, p)), np.zeros((p, p))
    s3, d3 = np.zeros((q, q, q)), np.zeros((q, q, q))
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        if start == stop:
            continue
        top = eta[by_exit[start]]
        for i in range(start, stop):
            top = max(top, eta[by_exit[i]])
        s0 = 0.0
        s1[:] = 0.0
        s2[:] = 0.0
        s3[:] = 0.0
        i = j = start
        while i < stop:
            t = time[by_exit[i]]
            d0 = wd = 0.0
            deaths = 0
            while j < i and entry[by_entry[j]] >= t:
                k = by_entry[j]
                r = weights[k] * math.exp(eta[k] - top)
                s0 -= r
                _add_moments(x[k], -r, s1, s2, s3, third)
                j += 1
            if j == i:  # nobody left at risk: drop the rounding dust of the subtractions
                s0 = 0.0
                s1[:] = 0.0
                s2[:] = 0.0
                s3[:] = 0.0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                r = weights[k] * math.exp(eta[k] - top)
                s0 += r
                _add_moments(x[k], r, s1, s2, s3, third)
                if event[k] and weights[k] > 0:
                    if deaths == 0:
                        d1[:] = 0.0
                        d2[:] = 0.0
                        d3[:] = 0.0
                    deaths += 1
                    wd += weights[k]
                    d0 += r
                    _add_moments(x[k], r, d1, d2, d3, third)
                    loglik += weights[k] * (eta[k] - top)
                    for a in range(p):
                        score[a] += weights[k] * x[k, a]
                i += 1
            if deaths == 0:
                continue
            if s0 < d0:  # those who died are at risk: less is what subtracting the late entries has lost
                s0 = d0
                s1[:] = d1
                s2[:] = d2
                if third:
                    s3[:] = d3
            # one term per tied event with Efron, one with d-fold weight with Breslow; a single event is both
            terms = deaths if efron else 1
            step = wd / terms
            for k in range(terms):
                f = k / deaths if efron else 0.0
                denominator = max(s0, TINY) - f * d0
                loglik -= step * math.log(denominator)
                for a in range(p):
                    mean[a] = (s1[a] - f * d1[a]) / denominator
                    score[a] -= step * mean[a]
                for a in range(p):
                    for b in range(a + 1):
                        m2[a, b] = (s2[a, b] - f * d2[a, b]) / denominator
                        info[a, b] += step * (m2[a, b] - mean[a] * mean[b])
                if third:
                    for a in range(p):
                        for b in range(a + 1):
                            for c in range(b + 1):
                                m3 = (s3[a, b, c] - f * d3[a, b, c]) / denominator
                                slope[a, b, c] += step * (
                                    m3
                                    - mean[a] * m2[b, c]
                                    - mean[b] * m2[a, c]
                                    - mean[c] * m2[a, b]
                                    + 2.0 * mean[a] * mean[b] * mean[c]
                                )
    for a in range(p):
        for b in range(a):
            info[b, a] = info[a, b]
    if third:
        for a in range(p):
            for b in range(a + 1):
                for c in range(b + 1):
                    v = slope[a, b, c]
                    slope[a, c, b] = v
                    slope[b, a, c] = v
                    slope[b, c, a] = v
                    slope[c, a, b] = v
                    slope[c, b, a] = v
    return loglik, score, info, slope


@compiled("f8[:,:]")
def factor(matrix: Array) -> tuple[Array, float]:
    """Return the lower Cholesky factor and the log determinant (-inf where not positive definite)."""
    p = matrix.shape[0]
    lower = np.zeros((p, p))
    logdet = 0.0
    for a in range(p):
        for b in range(a + 1):
            value = matrix[a, b]
            for c in range(b):
                value -= lower[a, c] * lower[b, c]
            if a == b:
                if not value > 1e-13 * abs(matrix[a, a]) or matrix[a, a] <= 0:
                    return lower, -math.inf
                lower[a, a] = math.sqrt(value)
                logdet += math.log(value)
            else:
                lower[a, b] = value / lower[b, b]
    return lower, logdet


@compiled("f8[:,:], f8[:]")
def solve(lower: Array, right: Array) -> Array:
    """Return the solution of (lower lower') v = right."""
    p = right.size
    v = right.copy()
    for a in range(p):
        for b in range(a):
            v[a] -= lower[a, b] * v[b]
        v[a] /= lower[a, a]
    for a in range(p - 1, -1, -1):
        for b in range(a + 1, p):
            v[a] -= lower[b, a] * v[b]
        v[a] /= lower[a, a]
    return v


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
    p = x.shape[1]
    loglik, score, info, slope = cox_terms(
        by_exit, by_entry, bounds, time, entry, event, x, offset, weights, beta, efron, firth
    )
    value = loglik
    matrix = info.copy()
    if firth:  # Firth 1993: half the log determinant of the information is added
        lower, logdet = factor(info)
        if logdet == -math.inf:
            return -math.inf, score, matrix, loglik
        value += 0.5 * logdet
        for c in range(p):
            unit = np.zeros(p)
            for b in range(p):
                unit[:] = slope[:, b, c]
                score[c] += 0.5 * solve(lower, unit)[b]
    for a in range(p):
        value -= 0.5 * ridge[a] * beta[a] ** 2
        score[a] -= ridge[a] * beta[a]
        matrix[a, a] += ridge[a]
    return value, score, matrix, loglik


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1, f8[:], b1, b1[:], i8")
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
) -> tuple[Array, float, Array, Array, Array, float, int, int]:
    """Maximise over the free coefficients by Newton steps, halved until the likelihood rises.

    Returns beta, penalised log likelihood, score, Newton matrix, last step, bare log likelihood, iterations, and
    state: 0 converged, 1 not within max_iter, 2 the matrix is singular.
    """
    p = beta.size
    where = np.flatnonzero(free)
    beta = beta.copy()
    value, score, matrix, loglik = penalised_terms(
        by_exit, by_entry, bounds, time, entry, event, x, offset, weights, beta, efron, ridge, firth
    )
    last = np.zeros(p)
    if where.size == 0:
        return beta, value, score, matrix, last, loglik, 0, 0
    for iteration in range(1, max_iter + 1):
        small = np.empty((where.size, where.size))
        right = np.empty(where.size)
        for a in range(where.size):
            right[a] = score[where[a]]
            for b in range(where.size):
                small[a, b] = matrix[where[a], where[b]]
        lower, logdet = factor(small)
        if logdet == -math.inf:
            return beta, value, score, matrix, last, loglik, iteration, 2
        move = solve(lower, right)
        gain = 0.0
        for a in range(where.size):
            gain += move[a] * right[a]
        last[:] = 0.0
        last[where] = move
        done = gain < 1e-10 and not firth
        if firth:
            done = True
            for a in range(where.size):
                if abs(move[a]) > 1e-8 * (1.0 + abs(beta[where[a]])):
                    done = False
        size = 1.0
        accepted = False
        for _ in range(40):
            trial = beta + size * last
            new, new_score, new_matrix, new_loglik = penalised_terms(
                by_exit, by_entry, bounds, time, entry, event, x, offset, weights, trial, efron, ridge, firth
            )
            if new >= value - 1e-9 * (1.0 + abs(value)) * (1.0 if done else 1e-3):
                accepted = True
                break
            size *= 0.5
        if not accepted:
            return beta, value, score, matrix, last, loglik, iteration, 0 if gain < 1e-6 else 1
        beta, value, score, matrix, loglik = trial, new, new_score, new_matrix, new_loglik
        if done:
            return beta, value, score, matrix, last, loglik, iteration, 0
    return beta, value, score, matrix, last, loglik, max_iter, 1


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1, b1")
def cox_steps(
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
    with_variance: bool,
) -> tuple[Array, Array, Array, Array, Array, Array, Array, Array]:
    """Return, per stratum and event time (later times first): stratum, time, event weight, hazard step, hazard step
    as those who have the event there feel it, both steps times the mean of x, mean of x, variance of x (summed)."""
    n, p = x.shape
    most = 0
    for i in range(n):
        most += event[i]
    stratum = np.zeros(most, np.int64)
    times, wds, hazard, hazard_own = np.zeros(most), np.zeros(most), np.zeros(most), np.zeros(most)
    drift, drift_own, means = np.zeros((most, p)), np.zeros((most, p)), np.zeros((most, p))
    variance = np.zeros((most if with_variance else 0, p, p))
    eta = offset.copy()
    for i in range(n):
        for a in range(p):
            eta[i] += beta[a] * x[i, a]
    s1, d1, mean = np.zeros(p), np.zeros(p), np.zeros(p)
    s2, d2 = np.zeros((p, p)), np.zeros((p, p))
    none = np.zeros((0, 0, 0))
    m = 0
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        if start == stop:
            continue
        top = eta[by_exit[start]]
        for i in range(start, stop):
            top = max(top, eta[by_exit[i]])
        scale = math.exp(-top)  # the hazard is returned on the scale of exp(eta), not exp(eta - top)
        s0 = 0.0
        s1[:] = 0.0
        s2[:] = 0.0
        i = j = start
        while i < stop:
            t = time[by_exit[i]]
            d0 = wd = 0.0
            deaths = 0
            d1[:] = 0.0
            d2[:] = 0.0
            while j < i and entry[by_entry[j]] >= t:
                k = by_entry[j]
                r = weights[k] * math.exp(eta[k] - top)
                s0 -= r
                _add_moments(x[k], -r, s1, s2, none, False)
                j += 1
            if j == i:
                s0 = 0.0
                s1[:] = 0.0
                s2[:] = 0.0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                r = weights[k] * math.exp(eta[k] - top)
                s0 += r
                _add_moments(x[k], r, s1, s2, none, False)
                if event[k] and weights[k] > 0:
                    deaths += 1
                    wd += weights[k]
                    d0 += r
                    _add_moments(x[k], r, d1, d2, none, False)
                i += 1
            if deaths == 0:
                continue
            if s0 < d0:
                s0 = d0
                s1[:] = d1
                s2[:] = d2
            terms = deaths if efron else 1
            for k in range(terms):
                f = k / deaths if efron else 0.0
                denominator = max(s0, TINY) - f * d0
                h = wd / terms / denominator * scale
                hazard[m] += h
                hazard_own[m] += h * (1.0 - f)
                for a in range(p):
                    mean[a] = (s1[a] - f * d1[a]) / denominator
                    means[m, a] += mean[a] / terms
                    drift[m, a] += h * mean[a]
                    drift_own[m, a] += h * (1.0 - f) * mean[a]
                if with_variance:
                    for a in range(p):
                        for b in range(a + 1):
                            v = (s2[a, b] - f * d2[a, b]) / denominator - mean[a] * mean[b]
                            variance[m, a, b] += wd / terms * v
                            if a != b:
                                variance[m, b, a] += wd / terms * v
            stratum[m], times[m], wds[m] = s, t, wd
            m += 1
    return (
        stratum[:m],
        times[:m],
        wds[:m],
        np.stack((hazard[:m], hazard_own[:m])),
        np.concatenate((drift[:m], drift_own[:m]), axis=1),
        means[:m],
        variance[:m],
        eta,
    )
