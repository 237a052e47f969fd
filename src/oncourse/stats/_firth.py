"""Compiled inside of Firth's logistic regression: the penalised likelihood, its maximum and its profile.

A model's columns are the rows of `x`, shape (p, n), the intercept first: every loop runs along the patients.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled
from oncourse.stats._algebra import dot, factor, others_of, part_of, products, solve, squares, turned
from oncourse.stats._venzon import step_to_height

Array = np.ndarray[Any, Any]
#: Steps of one Newton fit; of one limit before it is closed in on from both sides.
STEPS, LIMIT_STEPS = 200, 25
#: Farthest from the estimate that a limit is looked for, in standard deviations of the column; infinite beyond.
FARTHEST = 30.0


@compiled()
def _terms(x: Array, y: Array, w: Array, beta: Array) -> tuple[float, Array, Array]:
    """Penalised log likelihood, its gradient, and its curvature with each row's share of the penalty held.

    Half the log determinant of the information is added (Firth 1993): row i, whose hat value is h, then counts as
    h rows more, half of them with the event (Heinze, Schemper 2002). Of a table's cells that curvature is exact.
    """
    p, n = x.shape
    eta, chance, v = np.zeros(n), np.empty(n), np.empty(n)
    for a in range(p):
        for i in range(n):
            eta[i] += beta[a] * x[a, i]
    value = 0.0
    for i in range(n):
        e = math.exp(-min(abs(eta[i]), 700.0))
        larger = 1.0 / (1.0 + e)
        chance[i] = larger if eta[i] > 0.0 else e * larger
        v[i] = e * larger * larger
        value += w[i] * (y[i] * eta[i] - max(eta[i], 0.0) - math.log(1.0 + e))
    lower, log_det = factor(products(x, w * v))
    score = np.zeros(p)
    if log_det == -math.inf:
        return -math.inf, score, np.eye(p)
    hat = squares(turned(lower, x))
    residual = np.empty(n)
    for i in range(n):
        hat[i] *= w[i] * v[i]
        residual[i] = w[i] * (y[i] - chance[i]) + hat[i] * (0.5 - chance[i])
        v[i] *= w[i] + hat[i]
    for a in range(p):
        score[a] = dot(x[a], residual)
    return value + 0.5 * log_det, score, products(x, v)


@compiled()
def _maximise(
    x: Array, y: Array, w: Array, beta: Array, free: Array, enough: float
) -> tuple[Array, float, Array, Array]:
    """Maximise over the free coefficients (their numbers), from `beta` on: coefficients, height, gradient, curvature.

    Ends with the step that moves no coefficient by more than `enough`: height and gradient are those before it, the
    height with what the step gains.
    """
    beta = beta.copy()
    value, score, curvature = _terms(x, y, w, beta)
    step = np.zeros(beta.size)
    for _ in range(STEPS):
        lower, log_det = factor(part_of(curvature, free, free))
        if log_det == -math.inf:
            return beta, value, score, curvature
        right = score[free]
        move = solve(lower, right)
        largest = np.abs(move).max()
        step[free] = move * min(1.0, 5.0 / max(largest, 1e-300))
        if largest < enough:
            return beta + step, value + 0.5 * (move * right).sum(), score, curvature
        for halved in range(20):
            new, new_score, new_curvature = _terms(x, y, w, beta + step)
            if new >= value - 1e-10 or halved == 19:
                break
            step *= 0.5
        beta = beta + step
        value, score, curvature = new, new_score, new_curvature
    return beta, value, score, curvature


@compiled()
def _profile(x: Array, y: Array, w: Array, beta: Array, drop: float) -> tuple[float, float, float, float]:
    """Return coefficient 1 at the maximum, its limits, and how far the height falls where it is 0.

    At a limit the height, maximised over the other coefficients, has fallen by `drop`. beta : where to start, with
    coefficient 1 at 0.
    """
    others = others_of(beta.size, 1)
    beta, height, _, _ = _maximise(x, y, w, beta, others, 1e-5)
    top, best, _, curvature = _maximise(x, y, w, beta, np.arange(beta.size), 1e-8)
    lower, _ = factor(part_of(curvature, others, others))
    along = solve(lower, curvature[1][others])
    step = math.sqrt(2.0 * drop / max(curvature[1, 1] - (along * curvature[1][others]).sum(), 1e-300))
    limits = np.empty(2)
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        start = top.copy()
        start[1] += sign * step
        start[others] -= sign * step * along
        limits[side] = _limit_at_once(x, y, w, start, top[1], best - drop, step, sign)
        if math.isnan(limits[side]):
            limits[side] = _limit_by_halves(x, y, w, top, best - drop, sign)
    return top[1], limits[0], limits[1], best - height


@compiled()
def _limit_at_once(
    x: Array, y: Array, w: Array, beta: Array, at: float, target: float, step: float, sign: float
) -> float:
    """Move all coefficients together to the limit (`step_to_height`); NaN where that does not settle in a few steps."""
    for _ in range(LIMIT_STEPS):
        height, score, curvature = _terms(x, y, w, beta)
        move, missing = step_to_height(height, score, curvature, 1, target, sign, 2.0 * step)
        if math.isnan(missing) or not 0.0 < sign * (beta[1] + move[1] - at) < FARTHEST:
            return math.nan
        beta = beta + move
        if missing < 1e-6:  # what is left after this step is far less
            return beta[1]
    return math.nan


@compiled()
def _limit_by_halves(x: Array, y: Array, w: Array, top: Array, target: float, sign: float) -> float:
    """Close in on the limit from both sides; infinite where the height never falls to `target`."""
    others = others_of(top.size, 1)
    now, near, far, step = top.copy(), top[1], math.inf, 0.5
    for _ in range(100):
        if far < math.inf and abs(far - near) < 1e-8:
            break
        if far == math.inf and step > FARTHEST:
            return sign * math.inf
        now[1] = 0.5 * (near + far) if far < math.inf else top[1] + sign * step
        now, height, _, _ = _maximise(x, y, w, now, others, 1e-5)
        if height < target:
            far = now[1]
        else:
            near, step = now[1], 2.0 * step
    return 0.5 * (near + far)


@compiled()
def _standardised(column: Array) -> tuple[Array, float]:
    """Return a column less its mean, per standard deviation, and that; 0 where it does not vary."""
    mean = column.mean()
    spread = math.sqrt(((column - mean) ** 2).mean())
    if column.min() == column.max() or not spread > 0.0:
        return column - mean, 0.0
    return (column - mean) / spread, spread


@compiled()
def _design(feature: Array, covariates: Array, rows: Array) -> tuple[Array, Array, float]:
    """Return the columns on some rows (intercept, feature, covariates that vary), the numbers of those covariates and
    the feature's standard deviation; 0 where it does not vary or columns cannot be told apart."""
    k = covariates.shape[0]
    x, kept, used = np.ones((2 + k, rows.size)), np.empty(k, np.int64), 0
    for a in range(k):
        column = covariates[a][rows]
        if column.min() < column.max():
            x[2 + used] = column
            kept[used] = a
            used += 1
    x[1], spread = _standardised(feature[rows])
    x = x[: 2 + used].copy()
    _, log_det = factor(products(x, np.ones(rows.size)))
    return x, kept[:used], spread if log_det > -math.inf else 0.0


@compiled()
def _first_guess(covariates: Array, y: Array, w: Array, rows: Array) -> Array:
    """Return intercept and coefficients (0 where constant) of the model without any feature."""
    total, with_event = w[rows].sum(), (w[rows] * y[rows]).sum()
    guess = np.zeros(1 + covariates.shape[0])
    guess[0] = math.log((with_event + 0.5) / (total - with_event + 0.5))
    x, kept, _ = _design(y, covariates, rows)
    if kept.size > 0:
        x[1] = 0.0
        beta = np.zeros(x.shape[0])
        beta[0] = guess[0]
        beta, _, _, _ = _maximise(x, y[rows], w[rows], beta, others_of(beta.size, 1), 1e-3)
        guess[0], guess[1 + kept] = beta[0], beta[2:]
    return guess


@compiled("f8[:,:], f8[:,:], f8[:], f8[:], f8, f8")
def fit_features(cells: Array, covariates: Array, y: Array, w: Array, least: float, drop: float) -> Array:
    """Fit each row of cells (features, n; NaN unknown) beside the covariates (columns, n; NaN unknown).

    Each on the rows where all is known, without the covariates that are constant there. y : share of events of a row,
    w : patients it stands for. Rows of the result: coefficient, profile limits, chi-square of the penalised likelihood
    ratio; NaN with fewer than `least` of the rarer outcome per coefficient, where of covariates asked for none is left,
    and where columns cannot be told apart.
    """
    features, n = cells.shape
    k = covariates.shape[0]
    out = np.full((4, features), np.nan)
    complete, is_in = np.ones(n, np.bool_), np.empty(n, np.bool_)
    for a in range(k):
        for i in range(n):
            complete[i] = complete[i] and covariates[a, i] == covariates[a, i]
    everybody, beside = np.flatnonzero(complete), np.zeros((k, n))
    if everybody.size == 0:
        return out
    for a in range(k):
        beside[a][everybody], _ = _standardised(covariates[a][everybody])
    guess = _first_guess(beside, y, w, everybody)
    for g in range(features):
        for i in range(n):
            is_in[i] = complete[i] and cells[g, i] == cells[g, i]
        rows = np.flatnonzero(is_in)
        if rows.size == 0:
            continue
        target, weight = y[rows], w[rows]
        total, with_event = weight.sum(), (weight * target).sum()
        x, kept, spread = _design(cells[g], beside, rows)
        if spread == 0.0 or (k > 0 and kept.size == 0):
            continue
        if min(with_event, total - with_event) < least * (1 + kept.size):
            continue
        beta = np.zeros(x.shape[0])
        beta[0], beta[2:] = guess[0], guess[1 + kept]
        coef, low, high, fall = _profile(x, target, weight, beta, drop)
        out[0, g], out[1, g], out[2, g], out[3, g] = coef / spread, low / spread, high / spread, max(0.0, 2.0 * fall)
    return out
