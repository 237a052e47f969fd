"""Compiled: one step of all coefficients together to a limit of the profile likelihood.

Venzon, Moolgavkar. Appl Stat 1988;37:87.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled
from oncourse.stats._algebra import factor, others_of, part_of, solve

Array = np.ndarray[Any, Any]


@compiled()
def step_to_height(
    height: float, score: Array, matrix: Array, column: int, target: float, sign: float, longest: float
) -> tuple[Array, float]:
    """Return the step to where the height is `target` and the coefficients but that of the column at their best.

    By the quadratic that height, score (p) and curvature (p, p) make here; sign : the side of the maximum, 1 above;
    longest : step of the column. With it how far the height is from there, or could be raised at this value of the
    column, the larger; NaN where the quadratic does not reach the target.
    """
    move = np.zeros(score.size)
    others = others_of(score.size, column)
    lower, logdet = factor(part_of(matrix, others, others))
    if logdet == -math.inf or not math.isfinite(height):
        return move, math.nan
    right, cross = score[others], matrix[column][others]
    best, along = solve(lower, right), solve(lower, cross)
    gain, slope, curvature = 0.0, score[column], matrix[column, column]
    for a in range(others.size):
        gain += best[a] * right[a]
        slope -= best[a] * cross[a]
        curvature -= along[a] * cross[a]
    inside = slope * slope + 2.0 * curvature * (height + 0.5 * gain - target)
    if not curvature > 0.0 or not inside >= 0.0:
        return move, math.nan
    change = (slope + sign * math.sqrt(inside)) / curvature
    change = max(-longest, min(longest, change))
    move[column] = change
    for a in range(others.size):
        move[others[a]] = best[a] - along[a] * change
    return move, max(abs(height - target), gain)
