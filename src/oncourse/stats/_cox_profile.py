"""Compiled: limits of the profile likelihood of one coefficient of a Cox model, bare, ridge or with Firth's penalty.

Rows come as `oncourse.stats._cox` takes them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled
from oncourse.stats._algebra import factor, others_of, part_of, solve
from oncourse.stats._cox_newton import STEPS, cox_newton, penalised_terms
from oncourse.stats._venzon import step_to_height

Array = np.ndarray[Any, Any]


@compiled("i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:], b1, f8[:], b1, i8, f8, f8")
def cox_profile(
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
    column: int,
    drop: float,
    step: float,
) -> tuple[float, float, float, float]:
    """Return the coefficient of a column at the maximum, its lower and upper limit, and how far the height falls to 0.

    At a limit the height, maximised over the other coefficients, has fallen by `drop`; infinite where it never does.
    x : centred columns; beta : where the maximum is, or nearly; step : first guess of the distance to a limit
    """
    rest = np.ones(beta.size, np.bool_)
    rest[column] = False
    every = np.ones(beta.size, np.bool_)
    top, best, _, matrix, _, _, _, _ = cox_newton(
        by_exit,
        by_entry,
        bounds,
        time,
        entry,
        event,
        x,
        offset,
        weights,
        beta,
        efron,
        ridge,
        firth,
        every,
        STEPS,
        False,
    )
    at = top[column]
    null = _moved(top, matrix, column, 0.0)
    _, height, _, _, _, _, _, _ = cox_newton(
        by_exit, by_entry, bounds, time, entry, event, x, offset, weights, null, efron, ridge, firth, rest, STEPS, True
    )
    limits = np.empty(2)
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        limits[side] = _limit_at_once(
            by_exit,
            by_entry,
            bounds,
            time,
            entry,
            event,
            x,
            offset,
            weights,
            _moved(top, matrix, column, at + sign * step),
            efron,
            ridge,
            firth,
            column,
            at,
            best - drop,
            step,
            sign,
        )
        if math.isnan(limits[side]):
            limits[side] = _limit_by_bracket(
                by_exit,
                by_entry,
                bounds,
                time,
                entry,
                event,
                x,
                offset,
                weights,
                top,
                matrix,
                efron,
                ridge,
                firth,
                column,
                best,
                drop,
                step,
                sign,
            )
    return at, limits[0], limits[1], best - height


@compiled()
def _limit_at_once(
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
    column: int,
    at: float,
    target: float,
    step: float,
    sign: float,
) -> float:
    """Move all coefficients together to where the height is `target` and the others are at their best (Venzon,
    Moolgavkar. Appl Stat 1988;37:87); NaN where that does not settle in a few steps."""
    for _ in range(20):
        height, score, matrix, _ = penalised_terms(
            by_exit, by_entry, bounds, time, entry, event, x, offset, weights, beta, efron, ridge, firth
        )
        move, missing = step_to_height(height, score, matrix, column, target, sign, 2.0 * step)
        if math.isnan(missing) or not 0.0 < sign * (beta[column] + move[column] - at) < 20.0 * max(1.0, step):
            return math.nan
        beta = beta + move
        if missing < 1e-7:  # what is left after this step is far less
            return beta[column]
    return math.nan


@compiled()
def _limit_by_bracket(
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    x: Array,
    offset: Array,
    weights: Array,
    top: Array,
    matrix: Array,
    efron: bool,
    ridge: Array,
    firth: bool,
    column: int,
    best: float,
    drop: float,
    step: float,
    sign: float,
) -> float:
    """Close in on where the height, maximised over the other coefficients at each point, has fallen by `drop`; infinite
    where it has not at 40 steps (40, where a step is less than 1)."""
    rest = np.ones(top.size, np.bool_)
    rest[column] = False
    at = top[column]
    near, far = at, sign * math.inf
    b, now, now_matrix = at + sign * step, top, matrix
    for _ in range(100):
        now, high, score, now_matrix, _, _, _, _ = cox_newton(
            by_exit,
            by_entry,
            bounds,
            time,
            entry,
            event,
            x,
            offset,
            weights,
            _moved(now, now_matrix, column, b),
            efron,
            ridge,
            firth,
            rest,
            STEPS,
            True,
        )
        fallen = best - high
        if abs(fallen - drop) < 1e-9:
            return b
        if fallen > drop:
            far = b
        elif abs(b - at) > 40.0 * max(1.0, step):
            return sign * math.inf
        else:
            near = b
        # the root of twice the fall is nearly a straight line in b; its slope is that of the height
        root, slope = math.sqrt(2.0 * max(fallen, 0.0)), -sign * score[column]
        new = b + sign * (math.sqrt(2.0 * drop) - root) * root / slope if root > 0.0 and slope > 0.0 else math.nan
        if math.isinf(far):
            longest = b + sign * max(step, abs(b - at))
            if not abs(new - at) > abs(near - at) or abs(new - at) > abs(longest - at):
                new = longest
        elif not (min(near, far) < new < max(near, far)):
            new = 0.5 * (near + far)
        if abs(new - b) < 1e-9 * (1.0 + abs(b)) or abs(far - near) < 1e-9 * (1.0 + abs(near)):
            return new
        b = new
    return b


@compiled()
def _moved(beta: Array, matrix: Array, column: int, b: float) -> Array:
    """Return the coefficients with that of a column at b and the others moved along as the Newton matrix tells."""
    out = beta.copy()
    out[column] = b
    others = others_of(beta.size, column)
    if others.size == 0:
        return out
    lower, logdet = factor(part_of(matrix, others, others))
    if logdet > -math.inf:
        right = np.empty(others.size)
        for a in range(others.size):
            right[a] = matrix[others[a], column] * (beta[column] - b)
        move = solve(lower, right)
        for a in range(others.size):
            out[others[a]] += move[a]
    return out
