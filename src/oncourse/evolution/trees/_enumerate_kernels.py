# mypy: disable-error-code="no-untyped-def"
"""Compiled search of all trees of few clones whose quick score is near the best.

The quick score of `_tree_kernels` is a sum over nodes, each of which depends on its children alone. So the score of
every node with every set of children is tabulated once, and so is the best that a node can still reach with the clones
not yet placed: a search that leaves out only what cannot reach the floor. A set of children is a bit mask, bit k - 1
for node k.
"""

from __future__ import annotations

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution.trees._tree_kernels import FAR, eta_log_evidence


@compiled("f8[:,:], f8[:,:], f8, f8")
def node_table(mean, var, spike, root_branch):
    """Return (K + 1, 2^K): quick score of node p with that set of children; -FAR where it would be its own child."""
    n, n_sample = mean.shape
    n_set = 1 << (n - 1)
    out = np.zeros((n, n_set))
    sum_mean, sum_var = np.zeros(n_set), np.zeros(n_set)
    for s in range(n_sample):
        for children in range(1, n_set):
            last, bit = 1, children
            while bit & 1 == 0:
                bit >>= 1
                last += 1
            rest = children & (children - 1)
            sum_mean[children], sum_var[children] = sum_mean[rest], sum_var[rest]
            if var[last, s] > 0.0:
                sum_mean[children] += mean[last, s]
                sum_var[children] += var[last, s]
        for p in range(n):
            if p > 0 and var[p, s] == 0.0:
                continue
            for children in range(n_set):
                if p == 0 or children >> (p - 1) & 1 == 0:
                    m, v = mean[p, s] - sum_mean[children], var[p, s] + sum_var[children]
                    out[p, children] += eta_log_evidence(m, v, spike)
    for children in range(n_set):
        n_child = 0
        for k in range(n - 1):
            n_child += children >> k & 1
        out[0, children] += root_branch * max(0, n_child - 1)
        for p in range(1, n):
            if children >> (p - 1) & 1:
                out[p, children] = -FAR
    return out


@compiled()
def _best_reachable(table, order):
    """Return (K + 1, K + 1, 2^K): the best a node can come to once the first d clones of ``order`` are placed."""
    n, n_set = table.shape
    out = np.empty((n, n, n_set))
    out[n - 1] = table
    for d in range(n - 2, -1, -1):
        bit = 1 << (order[d] - 1)
        for p in range(n):
            for children in range(n_set):
                out[d, p, children] = max(out[d + 1, p, children], out[d + 1, p, children | bit])
    return out


@compiled()
def _closes_cycle(parent, k, q):
    node = q
    while node > 0:
        if node == k:
            return True
        node = parent[node]
    return False


@compiled("f8[:,:], i8[:], f8, i8, i8, b1")
def enumerate_trees(table, order, floor, max_keep, max_visit, only_best):
    """Depth-first over all parent choices in ``order``; keep the trees that score at least ``floor``.

    table : of `node_table`; only_best : keep one tree, of the best score. Returns trees (n, K + 1), quick scores (n,)
    and whether the search was complete.
    """
    n = table.shape[0]
    depth_max = n - 1
    reach = _best_reachable(table, order)
    parent = np.full(n, -1, np.int64)
    children = np.zeros(n, np.int64)
    kept = np.empty((max_keep, n), np.int8)
    score = np.empty(max_keep)
    choice = np.full(depth_max + 1, -1, np.int64)
    n_kept, visits, depth = 0, 0, 0
    while depth >= 0:
        if depth == depth_max:
            total = 0.0
            for p in range(n):
                total += table[p, children[p]]
            if total < floor:  # the bound sums in another order
                depth -= 1
                continue
            if only_best:
                n_kept, floor = 0, total + 1e-12
            if n_kept == max_keep:
                return kept[:n_kept], score[:n_kept], False
            for p in range(n):
                kept[n_kept, p] = parent[p]
            score[n_kept] = total
            n_kept += 1
            depth -= 1
            continue
        k = order[depth]
        bit = 1 << (k - 1)
        if parent[k] >= 0:  # take back the last choice
            children[parent[k]] &= ~bit
            parent[k] = -1
        best_without = 0.0
        for p in range(n):
            best_without += reach[depth + 1, p, children[p]]
        q = choice[depth] + 1
        while q < n:
            if q != k and not _closes_cycle(parent, k, q):
                visits += 1
                if visits > max_visit:
                    return kept[:n_kept], score[:n_kept], False
                here = children[q]
                if best_without - reach[depth + 1, q, here] + reach[depth + 1, q, here | bit] >= floor:
                    break
            q += 1
        if q < n:
            children[q] |= bit
            parent[k] = q
            choice[depth] = q
            depth += 1
            if depth < depth_max:
                choice[depth] = -1
        else:
            choice[depth] = -1
            depth -= 1
    return kept[:n_kept], score[:n_kept], True
