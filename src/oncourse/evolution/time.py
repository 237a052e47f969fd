"""Clones through time: growth or decline per day with interval, and sweeps, from serial tissue or plasma."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FLOOR = 0.003
"""A clone below this fraction is not told from absent; slopes use this value and are marked as bounds."""


@dataclass(frozen=True)
class Growth:
    """Growth of each clone over one series of samples (shapes (K,)).

    Attributes
    ----------
    rate, low, high : per day, slope of log(clone cells) on time with its 5 % and 95 % points over the draws: of the
        clone's share of the tumour times the burden where that is given, else of its share alone. NaN where the clone
        is below `FLOOR` at all times
    is_bound : the clone was below `FLOOR` at some time, so that the rate is at least (in size) this
    p_grows : share of draws with a positive slope
    """

    rate: FloatArray
    low: FloatArray
    high: FloatArray
    is_bound: NDArray[np.bool_]
    p_grows: FloatArray


def growth_rates(
    day: FloatArray, fraction: FloatArray, *, burden: FloatArray | None = None, floor: float = FLOOR
) -> Growth:
    """Return growth rates of clones from draws of their fractions.

    Parameters
    ----------
    day : shape (T,), at least two different days
    fraction : shape (draws, K, T), clone fractions 0-1, for instance `trees.posterior.TreePosterior.drawn`
    burden : shape (T,), tumour burden in any unit (tumour fraction of plasma, times cell-free DNA per ml where it is
        known); positive. None: rates are of the share of the tumour, whatever its size

    Raises
    ------
    ValueError : fewer than two days

    Examples
    --------
    Share from 10 % to 40 % in 100 days at constant burden: log(4) / 100

    >>> grown = growth_rates(np.array([0.0, 100.0]), np.array([[[0.1, 0.4], [0.9, 0.6]]] * 3))
    >>> grown.rate.round(4).tolist()
    [0.0139, -0.0041]
    """
    day = np.asarray(day, float)
    if len(np.unique(day)) < 2:
        raise ValueError("a growth rate needs two different days")
    fraction = np.asarray(fraction, float)
    middle = np.median(fraction, 0)
    size = np.log(np.maximum(fraction, floor))
    if burden is not None:
        size = size + np.log(np.asarray(burden, float))
    centred = day - day.mean()
    slope = (size * centred).sum(-1) / (centred**2).sum()
    low, high = np.quantile(slope, [0.05, 0.95], axis=0)
    never = (middle < floor).all(1)
    rate = np.median(slope, 0)
    for values in (rate, low, high):
        values[never] = np.nan
    return Growth(rate, low, high, np.asarray((middle < floor).any(1) & ~never), (slope > 0).mean(0))


@dataclass(frozen=True)
class Sweep:
    """A clone that took over: its CCF (with descendants) was at most 0.2 on one day and at least 0.8 later."""

    clone: int
    from_index: int
    to_index: int
    probability: float


def sweeps(day: FloatArray, ccf: FloatArray, *, low: float = 0.2, high: float = 0.8, sure: float = 0.9) -> list[Sweep]:
    """Return the sweeps between consecutive days, from draws of CCF (draws, K, T).

    Examples
    --------
    >>> sweeps(np.array([0, 90]), np.array([[[0.05, 0.95]]] * 10))
    [Sweep(clone=0, from_index=0, to_index=1, probability=1.0)]
    """
    order = np.argsort(day, kind="stable")
    out = []
    for a, b in pairwise(order):
        if day[a] == day[b]:
            continue
        p = ((ccf[..., a] <= low) & (ccf[..., b] >= high)).mean(0)
        out += [Sweep(int(k), int(a), int(b), float(p[k])) for k in np.flatnonzero(p >= sure)]
    return out
