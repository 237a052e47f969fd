"""Compiled inside of Firth's logistic regression: the penalised likelihood and its Newton steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled
from oncourse.stats._cox import factor, solve

Array = np.ndarray[Any, Any]
#: Steps of one Newton fit.
STEPS = 60


@compiled()
def _terms(x: Array, y: Array, w: Array, beta: Array) -> tuple[float, Array, Array]:
    """Penalised log likelihood, its gradient, and the information of the bare likelihood."""
    n, p = x.shape
    info, score = np.zeros((p, p)), np.zeros(p)
    v, residual, half = np.empty(n), np.empty(n), np.empty(n)
    value = 0.0
    for i in range(n):
        eta = 0.0
        for a in range(p):
            eta += x[i, a] * beta[a]
        chance = 1.0 / (1.0 + math.exp(-min(max(eta, -500.0), 500.0)))
        v[i], residual[i], half[i] = w[i] * chance * (1.0 - chance), w[i] * (y[i] - chance), 0.5 - chance
        value += w[i] * (y[i] * eta - max(eta, 0.0) - math.log1p(math.exp(-abs(eta))))
        for a in range(p):
            for b in range(a + 1):
                info[a, b] += v[i] * x[i, a] * x[i, b]
    for a in range(p):
        for b in range(a):
            info[b, a] = info[a, b]
    lower, log_det = factor(info)
    if log_det == -math.inf:
        return -math.inf, score, np.eye(p)
    part = np.empty(p)
    for i in range(n):
        hat = 0.0  # the share of row i: v times the squared length of lower^-1 x
        for a in range(p):
            part[a] = x[i, a]
            for b in range(a):
                part[a] -= lower[a, b] * part[b]
            part[a] /= lower[a, a]
            hat += part[a] * part[a]
        for a in range(p):
            score[a] += x[i, a] * (residual[i] + v[i] * hat * half[i])
    return value + 0.5 * log_det, score, info


@compiled("f8[:,:], f8[:], f8[:], f8[:], i8")
def firth_newton(x: Array, y: Array, w: Array, beta: Array, held: int) -> tuple[Array, float]:
    """Return the coefficients that maximise the penalised likelihood, from `beta` on, and its height.

    held : number of a coefficient that stays as it is; -1: none
    """
    p = beta.size
    free = np.array([a for a in range(p) if a != held])
    beta = beta.copy()
    value, score, info = _terms(x, y, w, beta)
    for _ in range(STEPS):
        small, right = np.empty((free.size, free.size)), np.empty(free.size)
        for a in range(free.size):
            right[a] = score[free[a]]
            for b in range(free.size):
                small[a, b] = info[free[a], free[b]]
        lower, log_det = factor(small)
        if log_det == -math.inf:
            return beta, value
        move = solve(lower, right)
        largest = np.abs(move).max()
        step = np.zeros(p)
        step[free] = move * min(1.0, 5.0 / max(largest, 1e-300))
        new, new_score, new_info = _terms(x, y, w, beta + step)
        for _ in range(19):
            if new >= value - 1e-10:
                break
            step *= 0.5
            new, new_score, new_info = _terms(x, y, w, beta + step)
        beta = beta + step
        value, score, info = new, new_score, new_info
        if np.abs(step).max() < 1e-9:
            break
    return beta, value
