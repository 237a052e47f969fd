# mypy: disable-error-code="no-untyped-def"
"""Compiled Markov chain over trees: screened by the quick score of `_tree_kernels`, decided by the exact one."""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution.trees._evidence_kernels import (
    IMPOSSIBLE,
    _mixed,
    new_store,
    rows_of_store,
    stored_evidence,
)
from oncourse.evolution.trees._tree_kernels import _child_sums, _node_score, _score_with

PLACES = 1 << 15
"""Quick scores of nodes that are remembered."""


@compiled(_nrt=False)
def _is_below_strict(parent, node, top):
    node = parent[node] if node > 0 else 0
    while node > 0:
        if node == top:
            return True
        node = parent[node]
    return False


@compiled(_nrt=False)
def _remembered_score(p, parent, mean, var, spike, of_node, of_children, scores):
    """Quick score of node p; the last score of every place of a hash of (node, set of its children) is remembered."""
    if len(parent) > 64:  # more than a set of bits holds
        return _score_with(p, parent, mean, var, spike)
    children = np.uint64(0)
    for x in range(1, len(parent)):
        if parent[x] == p:
            children |= np.uint64(1) << np.uint64(x)
    place = np.int64(_mixed(children * np.uint64(64) + np.uint64(p)) & np.uint64(len(scores) - 1))
    if of_node[place] != p or of_children[place] != children:
        of_node[place], of_children[place] = p, children
        scores[place] = _score_with(p, parent, mean, var, spike)
    return scores[place]


@compiled(_nrt=False)
def _propose(parent, trial, u):
    """Write a changed tree to ``trial``: a subtree moved, one node moved (its children stay), or two nodes swapped.

    u : (5,) random numbers. Returns whether there is a change and the log of the ratio of proposal chances.
    """
    n = len(parent)
    kind = u[0]
    k = 1 + int(u[1] * (n - 1))
    for x in range(n):
        trial[x] = parent[x]
    log_hastings = 0.0
    if kind < 0.4:  # move the subtree of k
        q = int(u[2] * n)
        if q == parent[k] or q == k or _is_below_strict(parent, q, k):
            return False, 0.0
        trial[k] = q
    elif kind < 0.75:  # move k alone, with a fair coin for each child it adopts
        old = parent[k]
        q = int(u[2] * n)
        if q == k:
            return False, 0.0
        for x in range(1, n):
            if parent[x] == k:
                trial[x] = old
        back, ahead = 0, 0
        for x in range(1, n):
            if x != k and trial[x] == old:
                back += 1
            if x != k and trial[x] == q:
                ahead += 1
        coin = u[3]
        for x in range(1, n):
            if x != k and trial[x] == q:
                coin *= 2.0
                if coin >= 1.0:
                    coin -= 1.0
                    trial[x] = k
        trial[k] = q
        log_hastings = (ahead - back) * math.log(2.0)
    else:  # swap the labels of k and j
        j = 1 + int(u[2] * (n - 1))
        if j == k:
            return False, 0.0
        pk, pj = parent[k], parent[j]
        for x in range(1, n):
            if x != k and x != j:
                if parent[x] == k:
                    trial[x] = j
                elif parent[x] == j:
                    trial[x] = k
        trial[k] = pj if pj != k else j
        trial[j] = pk if pk != j else k
    return True, log_hastings


@compiled("i8[:], f8[:,:], f8[:,:], f8[:,:,:], i8[:,:], i8[:,:], f8, f8, f8[:,:], f8[:], i8, b1")
def walk(parent, mean, var, like, low, high, spike, root_branch, uniform, temperature, n_keep, is_exact):
    """Walk over trees from ``parent``.

    uniform : (steps, 6) random numbers; temperature : (steps,), > 1 first. At temperature 1 a step that the quick score
    accepts is put to the exact score (``is_exact``), so that the chain visits trees by their exact probability
    (Christen, Fox 2005); the last tree of each of ``n_keep`` equal stretches of that part is kept. Returns the trees,
    their scores (exact ones where ``is_exact``), the tree of best quick score and that score.
    """
    n, n_sample = mean.shape
    steps = len(temperature)
    cold = 0
    for i in range(steps):
        if temperature[i] > 1.0:
            cold = i + 1
    stretch = max(1, (steps - cold) // n_keep)
    kept = np.empty((n_keep, n), np.int8)
    scores = np.empty(n_keep)
    n_kept = 0
    parent = parent.copy()
    sum_mean = np.zeros((n, n_sample))
    sum_var = np.zeros((n, n_sample))
    _child_sums(parent, mean, var, sum_mean, sum_var)
    node = np.empty(n)
    at_root = 0
    for p in range(n):
        node[p] = _node_score(p, mean, var, sum_mean, sum_var, spike)
        if p > 0 and parent[p] == 0:
            at_root += 1
    current = node.sum() + root_branch * max(0, at_root - 1)
    exact = 0.0
    store = new_store(rows_of_store(*like.shape) if is_exact else 1, *like.shape[1:])
    of_node, of_children = np.full(PLACES, -1, np.int64), np.zeros(PLACES, np.uint64)
    node_scores = np.zeros(PLACES)
    best, best_parent = current, parent.copy()
    trial = parent.copy()
    touched = np.zeros(n, np.bool_)
    changed = np.empty(n, np.int64)
    for step in range(steps):
        if is_exact and step == cold:
            exact = _exact(parent, like, low, high, spike, root_branch, current, at_root, store)
        u = uniform[step]
        moves, log_hastings = _propose(parent, trial, u)
        if moves:
            n_changed = 0
            new_root = 0
            for x in range(1, n):
                if trial[x] == 0:
                    new_root += 1
                if trial[x] != parent[x]:
                    for p in (trial[x], parent[x]):
                        if not touched[p]:
                            touched[p] = True
                            changed[n_changed] = p
                            n_changed += 1
            delta = root_branch * (max(0, new_root - 1) - max(0, at_root - 1))
            for i in range(n_changed):
                p = changed[i]
                delta += _remembered_score(p, trial, mean, var, spike, of_node, of_children, node_scores) - node[p]
                touched[p] = False
            accepted = delta / temperature[step] + log_hastings > math.log(u[4] + 1e-300)
            if accepted and is_exact and step >= cold:
                new = _exact(trial, like, low, high, spike, root_branch, current + delta, new_root, store)
                accepted = new - exact - delta > math.log(u[5] + 1e-300)
                if accepted:
                    exact = new
            if accepted:
                for i in range(n_changed):
                    p = changed[i]
                    node[p] = _remembered_score(p, trial, mean, var, spike, of_node, of_children, node_scores)
                parent[:] = trial
                at_root = new_root
                current += delta
                if current > best:
                    best = current
                    best_parent[:] = parent
        if step >= cold and n_kept < n_keep and (step - cold + 1) % stretch == 0:
            for p in range(n):
                kept[n_kept, p] = parent[p]
            scores[n_kept] = exact if is_exact else current
            n_kept += 1
    return kept[:n_kept], scores[:n_kept], best_parent, best


@compiled()
def _exact(parent, like, low, high, spike, root_branch, quick, at_root, store):
    """Exact log score; a tree that nothing fits is far below all others and ranked by its quick score."""
    value = stored_evidence(parent, like, low, high, spike, store)
    if value <= IMPOSSIBLE:
        return IMPOSSIBLE + quick
    return value + root_branch * max(0, at_root - 1)
