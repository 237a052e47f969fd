"""Compiled inside of the exact test of 2x2 tables."""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled

_RELATIVE = 1.0 + 1e-7  # tables as likely as the one seen count as "as extreme" (guards the last digit)


@compiled()
def _log_densities(row1: int, row2: int, column1: int, lo: int, hi: int) -> np.ndarray:  # type: ignore[type-arg]
    """Log of the hypergeometric density over its support, by the ratio of neighbours."""
    out = np.zeros(hi - lo + 1)
    for j in range(lo, hi):
        ratio = math.log((row1 - j) * 1.0) + math.log((column1 - j) * 1.0)
        ratio -= math.log(j + 1.0) + math.log(row2 - column1 + j + 1.0)
        out[j - lo + 1] = out[j - lo] + ratio
    top = out.max()
    total = 0.0
    for i in range(out.size):
        total += math.exp(out[i] - top)
    shift = top + math.log(total)
    for i in range(out.size):
        out[i] -= shift
    return out


@compiled()
def _moments(density: np.ndarray, theta: float, at: int) -> tuple[float, float, float]:  # type: ignore[type-arg]
    """Mean of the support index, P(index <= at), P(index >= at) when the log odds ratio is theta."""
    top = -1e308
    for i in range(density.size):
        top = max(top, density[i] + theta * i)
    total = mean = below = above = 0.0
    for i in range(density.size):
        w = math.exp(density[i] + theta * i - top)
        total += w
        mean += w * i
        if i <= at:
            below += w
        if i >= at:
            above += w
    return mean / total, below / total, above / total


@compiled()
def _solve(density: np.ndarray, at: int, which: int, target: float) -> float:  # type: ignore[type-arg]
    """Theta at which mean (0), lower tail (1) or upper tail (2) takes its target; each is monotone in theta."""
    low, high = -1.0, 1.0
    for _ in range(60):
        value = _moments(density, low, at)[which]
        if (value > target) == (which == 1):
            break
        low *= 2.0
    for _ in range(60):
        value = _moments(density, high, at)[which]
        if (value < target) == (which == 1):
            break
        high *= 2.0
    # Illinois false position: a bracket that always closes, faster than halving
    f_low = _moments(density, low, at)[which] - target
    f_high = _moments(density, high, at)[which] - target
    side = 0
    for _ in range(200):
        if high - low < 1e-11 * (1.0 + abs(low)) or f_high == f_low:
            break
        middle = (low * f_high - high * f_low) / (f_high - f_low)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        f = _moments(density, middle, at)[which] - target
        if abs(f) < 1e-14:
            return middle
        if (f > 0) == (f_high > 0):
            high, f_high = middle, f
            if side == 1:
                f_low *= 0.5
            side = 1
        else:
            low, f_low = middle, f
            if side == -1:
                f_high *= 0.5
            side = -1
    return 0.5 * (low + high)


@compiled("i8[:], i8[:], i8[:], i8[:], f8, b1")
def fisher_tables(
    a: np.ndarray,  # type: ignore[type-arg]
    b: np.ndarray,  # type: ignore[type-arg]
    c: np.ndarray,  # type: ignore[type-arg]
    d: np.ndarray,  # type: ignore[type-arg]
    alpha: float,
    with_interval: bool,
) -> np.ndarray:  # type: ignore[type-arg]
    """Rows: odds ratio, low, high, two-sided p of each table."""
    out = np.full((4, a.size), np.nan)
    for t in range(a.size):
        row1, row2, column1 = a[t] + b[t], c[t] + d[t], a[t] + c[t]
        lo, hi = max(0, column1 - row2), min(row1, column1)
        if row1 + row2 == 0:
            continue
        density = _log_densities(row1, row2, column1, lo, hi)
        at = a[t] - lo
        last = hi - lo
        limit = math.exp(density[at]) * _RELATIVE
        p = 0.0
        for i in range(last + 1):
            one = math.exp(density[i])
            if one <= limit:
                p += one
        out[3, t] = min(p, 1.0)
        if not with_interval or last == 0:
            continue  # a margin is empty: the table says nothing about the odds ratio
        if at == 0:
            out[0, t] = 0.0
        elif at == last:
            out[0, t] = np.inf
        else:
            out[0, t] = math.exp(_solve(density, at, 0, float(at)))
        out[1, t] = 0.0 if at == 0 else math.exp(_solve(density, at, 2, alpha / 2.0))
        out[2, t] = np.inf if at == last else math.exp(_solve(density, at, 1, alpha / 2.0))
    return out
