# mypy: disable-error-code="no-untyped-def"
"""Compiled exact score of a tree: messages from the leaves to the root on a grid of cell fractions.

Nodes are 0..K as in `_tree_kernels`. ``like`` has shape (K + 1, S, G): likelihood of a node's cell fraction at the grid
points 0, 1/(G-1), ..., 1, each row scaled to a maximum of 1; ``low`` and ``high`` (K + 1, S) bound the points that
matter. The message of a node at x is its likelihood at x times the chance that its own cells and its children's fill x.
It depends on the tree below the node alone, so that trees that share a subtree share its message, and the convolution
of the messages of siblings: a store keeps both.
"""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled

IMPOSSIBLE = -1e6
CUT = 1e-15
STORE = 2_000_000
"""Numbers that a store of messages may hold (16 MB)."""


@compiled(_nrt=False)
def _add_sibling(s, row, first, second, n_grid, messages, m_low, m_high, scale):
    """Write the convolution of rows ``first`` and ``second`` to ``row``; returns its log scale."""
    lo, hi = m_low[first, s] + m_low[second, s], min(m_high[first, s] + m_high[second, s], n_grid - 1)
    if lo > n_grid - 1:
        return IMPOSSIBLE
    for x in range(lo, hi + 1):
        messages[row, s, x] = 0.0
    begin = m_low[second, s]
    for a in range(m_low[first, s], m_high[first, s] + 1):
        value, end = messages[first, s, a], min(m_high[second, s], n_grid - 1 - a) + 1
        # slices from 0 on: a loop over begin to end is not done on several numbers at once
        right, out = messages[second, s, begin:end], messages[row, s, a + begin : a + end]
        for x in range(right.shape[0]):
            out[x] += value * right[x]
    m_low[row, s], m_high[row, s] = lo, hi
    return scale[first, s] + scale[second, s]


@compiled(_nrt=False)
def _message(s, p, row, children, like, low, high, spike, messages, m_low, m_high, scale):
    """Write the message of node p in sample s to ``row``, from the row of all its ``children`` (-1: none).

    Returns its log scale, `IMPOSSIBLE` when it is nil. The root has no message: its scale is the log evidence.
    """
    n_grid = like.shape[2]
    uniform = (1.0 - spike) / (n_grid - 1)
    lo, hi, log = 0, 0, 0.0
    if children >= 0:
        lo, hi, log = m_low[children, s], m_high[children, s], scale[children, s]
    # own cells: none with chance spike, else uniform
    if p == 0:
        total, at_top = 1.0, 0.0
        if children >= 0:
            total = 0.0
            for x in range(lo, hi + 1):
                total += messages[children, s, x]
            at_top = messages[children, s, n_grid - 1] if hi == n_grid - 1 else 0.0
        value = spike * at_top + uniform * (total - at_top)
        return log + math.log(value) if value > 0.0 else IMPOSSIBLE
    begin, top = max(lo, low[p, s]), high[p, s]
    below = 0.0
    for x in range(lo, min(begin, hi + 1)):
        below += messages[children, s, x] if children >= 0 else 1.0
    best = 0.0
    for x in range(begin, top + 1):
        here = 0.0
        if x <= hi:
            here = messages[children, s, x] if children >= 0 else 1.0
        value = like[p, s, x] * (spike * here + uniform * below)
        below += here
        messages[row, s, x] = value
        if value > best:
            best = value
    if best <= 0.0:
        return IMPOSSIBLE
    first, last = top, begin
    for x in range(begin, top + 1):
        value = messages[row, s, x] / best
        messages[row, s, x] = value
        if value > CUT:
            if x < first:
                first = x
            last = x
    m_low[row, s], m_high[row, s] = first, last
    return log + math.log(best)


@compiled()
def _mixed(x):
    """Spread the bits of a 64-bit number (the finaliser of Vigna's splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled("i8, i8, i8")
def new_store(n_row, n_sample, n_grid):
    """Return an empty store of messages: keys, rows by hash, messages, their bounds and scales, rows in use.

    A key is a 64-bit hash of the subtree: with some thousand subtrees two share one with a chance of 1e-12.
    """
    size = 1
    while size < 2 * n_row:
        size *= 2
    return (
        np.zeros(n_row, np.uint64),
        np.full(size, -1, np.int32),
        np.empty((n_row, n_sample, n_grid)),
        np.zeros((n_row, n_sample), np.int64),
        np.zeros((n_row, n_sample), np.int64),
        np.zeros((n_row, n_sample)),
        np.zeros(1, np.int64),
    )


@compiled()
def rows_of_store(n, n_sample, n_grid):
    """Return how many messages a store for many trees of n nodes holds."""
    return min(20_000, max(8 * n, STORE // (n_sample * n_grid)))


@compiled(_nrt=False)
def _row_of(key, keys, table, used):
    """Return the row of a key, and whether it is new."""
    mask = len(table) - 1
    slot = np.int64(key & np.uint64(mask))
    while table[slot] >= 0:
        if keys[table[slot]] == key:
            return np.int64(table[slot]), False
        slot = (slot + 1) & mask
    row = used[0]
    used[0] += 1
    table[slot], keys[row] = row, key
    return row, True


@compiled("i8[:], f8[:,:,:], i8[:,:], i8[:,:], f8, (u8[:], i4[:], f8[:,:,:], i8[:,:], i8[:,:], f8[:,:], i8[:])")
def stored_evidence(parent, like, low, high, spike, store):
    """Log of the integral over all cell fractions that the tree allows; `IMPOSSIBLE` or less where there are none.

    ``store`` of `new_store` belongs to one patient and one ``spike``; a full one is emptied.
    """
    keys, table, messages, m_low, m_high, scale, used = store
    n, n_sample, n_grid = like.shape
    order = np.empty(n, np.int64)  # parents before children, children of a node side by side
    first = np.empty(n + 1, np.int64)
    head, tail = 0, 1
    order[0] = 0
    while head < tail:
        first[head] = tail
        for k in range(1, n):
            if parent[k] == order[head]:
                order[tail] = k
                tail += 1
        head += 1
    first[n] = n
    if used[0] + 2 * n > len(keys):
        table[:] = -1
        used[0] = 0
    at = np.empty(n, np.int64)
    code = np.empty(n, np.uint64)
    for i in range(n - 1, -1, -1):
        p = order[i]
        # the children together: leaves first, which many trees share
        children, together = -1, np.uint64(0)
        for inner in range(2):
            for j in range(first[i], first[i + 1]):
                c = order[j]
                if (first[j] < first[j + 1]) != (inner == 1):
                    continue
                together += _mixed(code[c])
                if children < 0:
                    children = at[c]
                    continue
                row, is_new = _row_of(_mixed(together), keys, table, used)
                if is_new:
                    for s in range(n_sample):
                        scale[row, s] = _add_sibling(s, row, children, at[c], n_grid, messages, m_low, m_high, scale)
                        if scale[row, s] <= IMPOSSIBLE:
                            scale[row, 0] = IMPOSSIBLE
                            break
                if scale[row, 0] <= IMPOSSIBLE:
                    return IMPOSSIBLE
                children = row
        code[p] = _mixed(together + np.uint64(p + 1) * np.uint64(0x9E3779B97F4A7C15))
        row, is_new = _row_of(code[p], keys, table, used)
        if is_new:
            for s in range(n_sample):
                scale[row, s] = _message(s, p, row, children, like, low, high, spike, messages, m_low, m_high, scale)
                if scale[row, s] <= IMPOSSIBLE:
                    scale[row, 0] = IMPOSSIBLE
                    break
        if scale[row, 0] <= IMPOSSIBLE:
            return IMPOSSIBLE
        at[p] = row
    return scale[at[0]].sum()


@compiled("i8[:], f8[:,:,:], i8[:,:], i8[:,:], f8")
def log_evidence(parent, like, low, high, spike):
    """`stored_evidence` of one tree alone."""
    return stored_evidence(parent, like, low, high, spike, new_store(2 * len(like), *like.shape[1:]))


@compiled("i1[:,:], f8[:,:,:], i8[:,:], i8[:,:], f8, f8, f8[:]")
def rescore(trees, like, low, high, spike, root_branch, fallback):
    """Log scores of many trees (n, K + 1); those that nothing fits keep ``fallback`` (n,) far below all others."""
    out = np.empty(len(trees))
    parent = np.empty(trees.shape[1], np.int64)
    store = new_store(rows_of_store(*like.shape), *like.shape[1:])
    for i in range(len(trees)):
        at_root = 0
        for k in range(trees.shape[1]):
            parent[k] = trees[i, k]
            if parent[k] == 0:
                at_root += 1
        value = stored_evidence(parent, like, low, high, spike, store)
        if value <= IMPOSSIBLE:
            value = IMPOSSIBLE + fallback[i]
        out[i] = value + root_branch * max(0, at_root - 1)
    return out
