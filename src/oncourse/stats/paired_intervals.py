"""By how much one process is ahead of another, when both are seen only at visits: one likelihood of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Turns:
    """What is known of one unit's two turning times.

    Attributes
    ----------
    edges : shape (k,), days between which the first process may have turned, ascending
    weights : shape (k,), likelihood of a turn in (edges[i], edges[i + 1]]; the last: after the last edge, or never
    after, by : the second process turned in (after, by]; by infinite: it had not by `after`
    """

    edges: Floats
    weights: Floats
    after: float
    by: float


class Lead(NamedTuple):
    """Mean lead of the first process over the second, its limits (infinite where the data set none), sd between "
    "units."""

    value: float
    low: float
    high: float
    sd: float
    n: int


def lead(units: Sequence[Turns], *, level: float = 0.95, step: float = 7.0, reach: float = 1500.0) -> Lead:
    """Return the mean lead (second minus first turning time) over units, interval-censored in both processes.

    Leads are normal between units; both turning times are flat in what is known of them. The limits are those of the
    profile likelihood, at the quantile of Student's t: a side on which the data say nothing is not bounded.

    Parameters
    ----------
    units : those who tell something: one of the two processes turned
    step : days of the grid of leads; reach : largest lead in days, either way

    Examples
    --------
    Each first turned 100 days before the second, known to 20 days; and a first process that never turned:

    >>> found = lead([Turns(np.array([t, t + 20.0]), np.array([1.0, 0.0]), t + 100, t + 120) for t in range(12)])
    >>> round(found.value), found.low > 80, found.high < 120
    (100, True, True)
    >>> late = lead([Turns(np.array([0.0, 100.0 + t]), np.array([0.0, 1.0]), t, t + 60) for t in range(12)])
    >>> late.low, late.high < 30
    (-inf, True)
    """
    from scipy.special import stdtrit

    if not units:
        return Lead(np.nan, np.nan, np.nan, np.nan, 0)
    grid = np.arange(-reach, reach + step, step)
    chances = np.array([_of_unit(unit, grid, step) for unit in units])
    sds = np.exp(np.linspace(np.log(step), np.log(reach / 5), 16))
    log = np.zeros((len(grid), len(sds)))
    for column, sd in enumerate(sds):
        kernel = np.exp(-0.5 * ((grid[:, None] - grid[None, :]) / sd) ** 2)
        kernel /= kernel.sum(axis=1, keepdims=True)
        log[:, column] = np.log(kernel @ chances.T + 1e-300).sum(axis=1)
    profile = log.max(axis=1)
    drop = stdtrit(max(len(units) - 1, 1), 0.5 + level / 2) ** 2 / 2
    inside = np.flatnonzero(profile >= profile.max() - drop)
    best = np.flatnonzero(profile >= profile.max() - 1e-6)
    value = float(grid[best[0]] + grid[best[-1]]) / 2
    low = -np.inf if inside[0] == 0 else float(grid[inside[0]])
    high = np.inf if inside[-1] == len(grid) - 1 else float(grid[inside[-1]])
    return Lead(value, low, high, float(sds[log[best[0]].argmax()]), len(units))


def _of_unit(unit: Turns, grid: Floats, step: float) -> Floats:
    """Likelihood of each lead: turning times of the first on a fine grid, the second in its interval.

    Neighbouring days have a point of the first between them, and the second's interval is as wide as the grid of leads
    is coarse: else what is known best would lie between the points and say nothing.
    """
    last = unit.edges[-1] if np.isinf(unit.by) else unit.by - grid[0]
    gaps = np.diff(unit.edges)
    fine = float(gaps[gaps > 0].min(initial=step))
    first = np.arange(unit.edges[0] + fine / 2, max(last, unit.edges[0] + fine), fine)
    place = np.searchsorted(unit.edges, first, side="left") - 1
    weight = unit.weights[np.clip(place, 0, len(unit.weights) - 1)]
    second, slack = grid[:, None] + first[None, :], max(step - (unit.by - unit.after), 0.0) / 2
    found = ((second > unit.after - slack) & (second <= unit.by + slack)) @ weight
    return np.asarray(found / max(found.max(), 1e-300), float)
