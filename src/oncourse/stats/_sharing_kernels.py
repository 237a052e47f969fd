"""Loops of `oncourse.stats.sharing` (numba)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True}
_TINY = 1e-300


@njit(**_OPTIONS)
def em_step(like_a, like_b, seen_a, seen_b, pair_g, pair_h, theta, weight, out):  # type: ignore[no-untyped-def]
    """One EM step of the truncated mixture; return the log-likelihood at ``theta``, fill ``out``.

    Class z has level g in sample a and h in sample b. A variant enters only when called in either; the expected
    number of its kind that entered in neither is added to each class.
    """
    n_class = theta.shape[0]
    out[:] = 0.0
    total = 0.0
    f = np.empty(n_class)
    c = np.empty(n_class)
    for i in range(like_a.shape[0]):
        like, seen = 0.0, 0.0
        for z in range(n_class):
            g, h = pair_g[z], pair_h[z]
            f[z] = theta[z] * like_a[i, g] * like_b[i, h]
            c[z] = 1.0 - (1.0 - seen_a[i, g]) * (1.0 - seen_b[i, h])
            like += f[z]
            seen += theta[z] * c[z]
        if like <= _TINY or seen <= 1e-12:
            continue
        total += weight[i] * (np.log(like) - np.log(seen))
        for z in range(n_class):
            out[z] += weight[i] * (f[z] / like + theta[z] * (1.0 - c[z]) / seen)
    return total


@njit(**_OPTIONS)
def scores(like_a, like_b, seen_a, seen_b, pair_g, pair_h, theta, unit, weight, score, information):  # type: ignore[no-untyped-def]
    """Add up the score of each unit (shape (n_unit, n_class)) and the observed information (n_class, n_class)."""
    n_class = theta.shape[0]
    u = np.empty(n_class)
    c = np.empty(n_class)
    for i in range(like_a.shape[0]):
        like, seen = 0.0, 0.0
        for z in range(n_class):
            g, h = pair_g[z], pair_h[z]
            u[z] = like_a[i, g] * like_b[i, h]
            c[z] = 1.0 - (1.0 - seen_a[i, g]) * (1.0 - seen_b[i, h])
            like += theta[z] * u[z]
            seen += theta[z] * c[z]
        if like <= _TINY or seen <= 1e-12:
            continue
        for z in range(n_class):
            u[z] /= like
            c[z] /= seen
        for z in range(n_class):
            score[unit[i], z] += weight[i] * (u[z] - c[z])
            for y in range(n_class):
                information[z, y] += weight[i] * (u[z] * u[y] - c[z] * c[y])
