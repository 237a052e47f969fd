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
from oncourse.stats._algebra import dot, factor, products, squares, turned

Array = np.ndarray[Any, Any]
#: Least sum of risks: keeps a fit that runs away from dividing by zero.
TINY = 1e-300


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


@compiled()
def _event_terms(
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    x: Array,
    weights: Array,
    risk: Array,
    efron: bool,
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Number the terms of the partial likelihood, later times first: of each row and of each term what enters.

    One term per tied event with Efron, one with d-fold weight with Breslow; a single event is both. A stratum ends with
    an empty term. Returns, per row, the terms it is at risk in, from one up to another; and, per term, its weight, the
    risk set's sum of risks, the share of their own risk that those who die there no longer add (0: the first term of a
    time), 1 at the end of a stratum, 2 where only those who die are at risk, and the mean of x (p, terms).
    """
    n, p = x.shape
    most = bounds.size - 1
    for i in range(n):
        most += event[i]
    begins, ends = np.zeros(n, np.int64), np.zeros(n, np.int64)
    weight, total, gone = np.zeros(most), np.ones(most), np.zeros(most)
    kind, mean = np.zeros(most, np.int8), np.zeros((p, most))
    s1, d1 = np.zeros(p), np.zeros(p)
    m = 0
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        s0 = 0.0
        s1[:] = 0.0
        i = j = start
        while i < stop:
            t = time[by_exit[i]]
            d0 = wd = 0.0
            deaths = 0
            while j < i and entry[by_entry[j]] >= t:
                k = by_entry[j]
                s0 -= risk[k]
                for a in range(p):
                    s1[a] -= risk[k] * x[k, a]
                ends[k] = m
                j += 1
            if j == i:  # nobody left at risk: drop the rounding dust of the subtractions
                s0 = 0.0
                s1[:] = 0.0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                begins[k] = m
                s0 += risk[k]
                for a in range(p):
                    s1[a] += risk[k] * x[k, a]
                if event[k] and weights[k] > 0:
                    if deaths == 0:
                        d1[:] = 0.0
                    deaths += 1
                    wd += weights[k]
                    d0 += risk[k]
                    for a in range(p):
                        d1[a] += risk[k] * x[k, a]
                i += 1
            if deaths == 0:
                continue
            alone = s0 < d0  # those who died are at risk: less is what subtracting the late entries has lost
            if alone:
                s0 = d0
                s1[:] = d1
            terms = deaths if efron else 1
            for k in range(terms):
                gone[m] = k / deaths if efron else 0.0
                weight[m] = wd / terms
                total[m] = max(s0, TINY) - gone[m] * d0
                kind[m] = 2 if alone else 0
                for a in range(p):
                    mean[a, m] = (s1[a] - gone[m] * d1[a]) / total[m]
                m += 1
        while j < stop:
            ends[by_entry[j]] = m
            j += 1
        kind[m] = 1
        m += 1
    return begins, ends, weight[:m], total[:m], gone[:m], kind[:m], mean[:, :m].copy()


@compiled()
def _felt(value: Array, gone: Array, kind: Array, begins: Array, ends: Array, dies: Array) -> Array:
    """Return of each row the sum of a value per term over those it is at risk in, less what it no longer adds there."""
    m, n = value.size, begins.size
    since, own, out = np.empty(m), np.zeros(m), np.empty(n)
    run = part = 0.0
    for k in range(m - 1, -1, -1):
        if kind[k] == 1:
            run = 0.0
        run += value[k]
        part += gone[k] * value[k]
        since[k] = run
        if gone[k] == 0.0:
            own[k] = part
            part = 0.0
    for i in range(n):
        out[i] = since[begins[i]] - since[ends[i]]
        if dies[i]:
            out[i] -= own[begins[i]]
    return out


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
    firth: bool,
) -> tuple[float, Array, Array, float]:
    """Return height, score (p), information (p, p) and log partial likelihood.

    With r the risk of a row, H the hazard it has lived through and m, V the mean and variance of x in a risk set:
    the score is the sum of x (event - r H), the information that of r H x x' less m m' of every event. Firth (1993)
    adds half the log determinant of the information to the height: x then also counts r times half the sum over the
    row's risk sets of hazard times how far its (x - m)' information^-1 (x - m) is above their mean.
    """
    n, p = x.shape
    eta, risk = _risks(by_exit, bounds, x, offset, weights, beta)
    begins, ends, weight, total, gone, kind, mean = _event_terms(
        by_exit, by_entry, bounds, time, entry, event, x, weights, risk, efron
    )
    step, dies, loglik = weight / total, np.empty(n, np.bool_), 0.0
    for k in range(weight.size):
        loglik -= weight[k] * math.log(total[k])
    for i in range(n):
        dies[i] = event[i] and weights[i] > 0.0
    hazard = _felt(step, gone, kind, begins, ends, dies)
    columns, lived, residual = x.T.copy(), risk * hazard, np.empty(n)
    for i in range(n):
        residual[i] = -lived[i]
        if dies[i]:
            loglik += weights[i] * eta[i]
            residual[i] += weights[i]
    info = products(columns, lived) - products(mean, weight)
    height = loglik
    if firth:
        lower, logdet = factor(info)
        height += 0.5 * logdet
        if logdet > -math.inf:
            z, middle = turned(lower, columns), turned(lower, mean)
            square, middle_square = squares(z), squares(middle)
            typical = _mean_square(risk * square, begins, ends, dies, total, gone, kind)
            # half of (z - middle)^2 less its mean, added up term by term: z^2, 2 z middle and the rest apart
            rest = _felt(step * (2.0 * middle_square - typical), gone, kind, begins, ends, dies)
            pull = 0.5 * (square * hazard + rest)
            for a in range(p):
                along = _felt(step * middle[a], gone, kind, begins, ends, dies)
                for i in range(n):
                    pull[i] -= z[a, i] * along[i]
            residual += risk * pull
    score = np.empty(p)
    for a in range(p):
        score[a] = dot(columns[a], residual)
    return height, score, info, loglik


@compiled()
def _mean_square(
    summed: Array, begins: Array, ends: Array, dies: Array, total: Array, gone: Array, kind: Array
) -> Array:
    """Return per term the mean over the risk set of what `summed`, (n,), holds of each row times its risk."""
    m = total.size
    comes, dying, out = np.zeros(m), np.zeros(m), np.empty(m)
    for i in range(summed.size):
        comes[begins[i]] += summed[i]
        comes[ends[i]] -= summed[i]
        if dies[i]:
            dying[begins[i]] += summed[i]
    run = own = 0.0
    for k in range(m):
        run += comes[k]
        if gone[k] == 0.0:
            own = dying[k]
        out[k] = ((own if kind[k] == 2 else run) - gone[k] * own) / total[k]
        if kind[k] == 1:
            run = 0.0
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
