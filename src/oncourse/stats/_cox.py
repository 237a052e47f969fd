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
def _add_moments(x: Array, r: float, s1: Array, s2: Array) -> None:
    p = x.size
    for a in range(p):
        ra = r * x[a]
        s1[a] += ra
        for b in range(a + 1):
            s2[a, b] += ra * x[b]


@compiled()
def _risks(by_exit: Array, bounds: Array, x: Array, offset: Array, weights: Array, beta: Array) -> tuple[Array, Array]:
    """Return log hazard less the largest of the stratum, and weight times hazard on that scale, of each row."""
    n, p = x.shape
    eta, risk = np.empty(n), np.zeros(n)
    for i in range(n):
        value = offset[i]
        for a in range(p):
            value += beta[a] * x[i, a]
        eta[i] = value
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        if start == stop:
            continue
        top = eta[by_exit[start]]
        for i in range(start, stop):
            top = max(top, eta[by_exit[i]])
        for i in range(start, stop):
            k = by_exit[i]
            eta[k] -= top
            risk[k] = weights[k] * math.exp(eta[k])
    return eta, risk


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1")
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
) -> tuple[float, Array, Array]:
    """Return log partial likelihood, score (p) and information (p, p)."""
    p = x.shape[1]
    eta, risk = _risks(by_exit, bounds, x, offset, weights, beta)
    loglik = 0.0
    score = np.zeros(p)
    info = np.zeros((p, p))
    s1, d1, mean = np.zeros(p), np.zeros(p), np.zeros(p)
    s2, d2 = np.zeros((p, p)), np.zeros((p, p))
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        s0 = 0.0
        s1[:] = 0.0
        s2[:] = 0.0
        i = j = start
        while i < stop:
            t = time[by_exit[i]]
            d0 = wd = 0.0
            deaths = 0
            while j < i and entry[by_entry[j]] >= t:
                k = by_entry[j]
                s0 -= risk[k]
                _add_moments(x[k], -risk[k], s1, s2)
                j += 1
            if j == i:  # nobody left at risk: drop the rounding dust of the subtractions
                s0 = 0.0
                s1[:] = 0.0
                s2[:] = 0.0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                s0 += risk[k]
                _add_moments(x[k], risk[k], s1, s2)
                if event[k] and weights[k] > 0:
                    if deaths == 0:
                        d1[:] = 0.0
                        d2[:] = 0.0
                    deaths += 1
                    wd += weights[k]
                    d0 += risk[k]
                    _add_moments(x[k], risk[k], d1, d2)
                    loglik += weights[k] * eta[k]
                    for a in range(p):
                        score[a] += weights[k] * x[k, a]
                i += 1
            if deaths == 0:
                continue
            if s0 < d0:  # those who died are at risk: less is what subtracting the late entries has lost
                s0 = d0
                s1[:] = d1
                s2[:] = d2
            # one term per tied event with Efron, one with d-fold weight with Breslow; a single event is both
            terms = deaths if efron else 1
            step = wd / terms
            for k in range(terms):
                f = k / deaths if efron else 0.0
                denominator = max(s0, TINY) - f * d0
                loglik -= step * math.log(denominator)
                share = 1.0 / denominator
                for a in range(p):
                    mean[a] = (s1[a] - f * d1[a]) * share
                    score[a] -= step * mean[a]
                for a in range(p):
                    for b in range(a + 1):
                        info[a, b] += step * ((s2[a, b] - f * d2[a, b]) * share - mean[a] * mean[b])
    for a in range(p):
        for b in range(a):
            info[b, a] = info[a, b]
    return loglik, score, info


@compiled()
def firth_score(
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
    lower: Array,
) -> Array:
    """Return what Firth's penalty adds to the score: half the trace of information^-1 times its derivative in each
    coefficient.

    lower : Cholesky factor of the information. The third moments of a risk set enter only through
        q = x' information^-1 x of each row: sums of risk x q and risk x q x x are all that is kept of them.
    """
    n, p = x.shape
    _, risk = _risks(by_exit, bounds, x, offset, weights, beta)
    q = np.zeros(n)
    part = np.empty(p)
    for i in range(n):
        for a in range(p):
            part[a] = x[i, a]
            for b in range(a):
                part[a] -= lower[a, b] * part[b]
            part[a] /= lower[a, a]
            q[i] += part[a] * part[a]
    out = np.zeros(p)
    s1, d1, mean, s3, d3 = np.zeros(p), np.zeros(p), np.zeros(p), np.zeros(p), np.zeros(p)
    s2, d2 = np.zeros((p, p)), np.zeros((p, p))
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        s0 = sq = 0.0
        s1[:] = 0.0
        s2[:] = 0.0
        s3[:] = 0.0
        i = j = start
        while i < stop:
            t = time[by_exit[i]]
            d0 = dq = wd = 0.0
            deaths = 0
            while j < i and entry[by_entry[j]] >= t:
                k = by_entry[j]
                s0 -= risk[k]
                sq -= risk[k] * q[k]
                _add_moments(x[k], -risk[k], s1, s2)
                for a in range(p):
                    s3[a] -= risk[k] * q[k] * x[k, a]
                j += 1
            if j == i:
                s0 = sq = 0.0
                s1[:] = 0.0
                s2[:] = 0.0
                s3[:] = 0.0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                s0 += risk[k]
                sq += risk[k] * q[k]
                _add_moments(x[k], risk[k], s1, s2)
                for a in range(p):
                    s3[a] += risk[k] * q[k] * x[k, a]
                if event[k] and weights[k] > 0:
                    if deaths == 0:
                        d1[:] = 0.0
                        d2[:] = 0.0
                        d3[:] = 0.0
                    deaths += 1
                    wd += weights[k]
                    d0 += risk[k]
                    dq += risk[k] * q[k]
                    _add_moments(x[k], risk[k], d1, d2)
                    for a in range(p):
                        d3[a] += risk[k] * q[k] * x[k, a]
                i += 1
            if deaths == 0:
                continue
            if s0 < d0:
                s0, sq = d0, dq
                s1[:] = d1
                s2[:] = d2
                s3[:] = d3
            terms = deaths if efron else 1
            step = wd / terms
            for k in range(terms):
                f = k / deaths if efron else 0.0
                share = 1.0 / (max(s0, TINY) - f * d0)
                for a in range(p):
                    mean[a] = (s1[a] - f * d1[a]) * share
                turned = solve(lower, mean)  # information^-1 times the mean
                square = 0.0
                for a in range(p):
                    square += mean[a] * turned[a]
                trace = (sq - f * dq) * share
                for c in range(p):
                    third = (s3[c] - f * d3[c]) * share - mean[c] * (trace - 2.0 * square)
                    for b in range(p):
                        m2 = s2[b, c] - f * d2[b, c] if b >= c else s2[c, b] - f * d2[c, b]
                        third -= 2.0 * turned[b] * m2 * share
                    out[c] += 0.5 * step * third
    return out


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
                _add_moments(x[k], -r, s1, s2)
                j += 1
            if j == i:
                s0 = 0.0
                s1[:] = 0.0
                s2[:] = 0.0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                r = weights[k] * math.exp(eta[k] - top)
                s0 += r
                _add_moments(x[k], r, s1, s2)
                if event[k] and weights[k] > 0:
                    deaths += 1
                    wd += weights[k]
                    d0 += r
                    _add_moments(x[k], r, d1, d2)
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
