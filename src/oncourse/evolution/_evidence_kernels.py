# mypy: disable-error-code="no-untyped-def"
"""Compiled exact score of a tree: messages from the leaves to the root on a grid of cell fractions.

Nodes are 0..K as in `_tree_kernels`. ``like`` has shape (K + 1, S, G): likelihood of a node's cell fraction at the grid
points 0, 1/(G-1), ..., 1, each row scaled to a maximum of 1; ``low`` and ``high`` (K + 1, S) bound the points that
matter. The message of a node at x is its likelihood at x times the chance that its own cells and its children's fill x.
"""

from __future__ import annotations

import math

import numba
import numpy as np

IMPOSSIBLE = -1e6
CUT = 1e-15


@numba.njit(cache=True, nogil=True)
def _message(p, s, parent, like, low, high, spike, messages, m_low, m_high, scale, sums, extra):
    """Write the message of node p in sample s from its children's; returns its log scale, IMPOSSIBLE when it is nil."""
    n_grid = like.shape[2]
    top = n_grid - 1 if p == 0 else high[p, s]
    uniform = (1.0 - spike) / (n_grid - 1)
    lo, hi = 0, 0  # support of the sum over the children
    sums[0] = 1.0
    log = 0.0
    for c in range(1, len(parent)):
        if parent[c] != p:
            continue
        log += scale[c, s]
        c_lo, c_hi = m_low[c, s], m_high[c, s]
        if c_lo > c_hi or lo + c_lo > top:
            return IMPOSSIBLE
        if lo == 0 and hi == 0:
            lo, hi = c_lo, min(c_hi, top)
            first = sums[0]
            for x in range(lo, hi + 1):
                sums[x] = first * messages[c, s, x]
            continue
        new_lo, new_hi = lo + c_lo, min(hi + c_hi, top)
        for x in range(new_lo, new_hi + 1):
            extra[x] = 0.0
        for a in range(lo, hi + 1):
            value = sums[a]
            for x in range(a + c_lo, min(a + c_hi, top) + 1):
                extra[x] += value * messages[c, s, x - a]
        lo, hi = new_lo, new_hi
        for x in range(lo, hi + 1):
            sums[x] = extra[x]
    # own cells: none with chance spike, else uniform
    if p == 0:
        total = 0.0
        for x in range(lo, hi + 1):
            total += sums[x]
        at_top = sums[top] if hi == top else 0.0
        value = spike * at_top + uniform * (total - at_top)
        return log + math.log(value) if value > 0.0 else IMPOSSIBLE
    begin = max(lo, low[p, s])
    below = 0.0
    for x in range(lo, min(begin, hi + 1)):
        below += sums[x]
    best = 0.0
    for x in range(begin, top + 1):
        here = sums[x] if x <= hi else 0.0
        value = like[p, s, x] * (spike * here + uniform * below)
        below += here
        messages[p, s, x] = value
        if value > best:
            best = value
    if best <= 0.0:
        m_low[p, s], m_high[p, s] = 1, 0
        return IMPOSSIBLE
    first, last = top, begin
    for x in range(begin, top + 1):
        value = messages[p, s, x] / best
        messages[p, s, x] = value
        if value > CUT:
            if x < first:
                first = x
            last = x
    m_low[p, s], m_high[p, s] = first, last
    return log + math.log(best)


@numba.njit(cache=True, nogil=True)
def _parents_first(parent, order):
    head, tail = 0, 1
    order[0] = 0
    while head < tail:
        for k in range(1, len(parent)):
            if parent[k] == order[head]:
                order[tail] = k
                tail += 1
        head += 1


@numba.njit(cache=True, nogil=True)
def log_evidence(parent, like, low, high, spike):
    """Log of the integral over all cell fractions that the tree allows; `IMPOSSIBLE` or less where there are none."""
    n, n_sample, n_grid = like.shape
    messages = np.empty((n, n_sample, n_grid))
    m_low, m_high = np.zeros((n, n_sample), np.int64), np.zeros((n, n_sample), np.int64)
    scale = np.zeros((n, n_sample))
    sums, extra = np.empty(n_grid), np.empty(n_grid)
    order = np.empty(n, np.int64)
    _parents_first(parent, order)
    total = 0.0
    for s in range(n_sample):
        for i in range(n - 1, -1, -1):
            p = order[i]
            log = _message(p, s, parent, like, low, high, spike, messages, m_low, m_high, scale, sums, extra)
            if log <= IMPOSSIBLE:
                return IMPOSSIBLE
            scale[p, s] = log
        total += scale[0, s]
    return total


@numba.njit(cache=True, nogil=True)
def rescore(trees, like, low, high, spike, root_branch, fallback):
    """Log scores of many trees (n, K + 1); those that nothing fits keep ``fallback`` (n,) far below all others."""
    out = np.empty(len(trees))
    parent = np.empty(trees.shape[1], np.int64)
    for i in range(len(trees)):
        at_root = 0
        for k in range(trees.shape[1]):
            parent[k] = trees[i, k]
            if parent[k] == 0:
                at_root += 1
        value = log_evidence(parent, like, low, high, spike)
        if value <= IMPOSSIBLE:
            value = IMPOSSIBLE + fallback[i]
        out[i] = value + root_branch * max(0, at_root - 1)
    return out
