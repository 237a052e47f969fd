# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `trees`: score of a tree, projection onto the sum rule, a first tree.

Nodes are 0..K: node 0 is the root (all tumour cells, CCF 1), node k + 1 is cluster k. ``mean`` and ``var`` have shape
(K + 1, S); a variance of 0 outside the root says that the cluster was not looked at in that sample.
"""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled

FAR = 1e300


@compiled(inline="always")
def _log_normal_cdf(z: float) -> float:
    if z > -25.0:
        return math.log(0.5 * math.erfc(-z / math.sqrt(2.0)))
    return -0.5 * z * z - math.log(-z) - 0.9189385332046727


@compiled("f8, f8, f8")
def eta_log_evidence(m: float, v: float, spike: float) -> float:
    """Log of: integral over eta >= 0 of Normal(eta; m, v) times (spike at 0, else uniform on 0-1)."""
    if v < 1e-10:
        v = 1e-10
    sd = math.sqrt(v)
    z = m / sd
    if spike <= 0.0:
        return _log_normal_cdf(z)
    at_zero = math.log(spike) - 0.9189385332046727 - math.log(sd) - 0.5 * z * z
    above = math.log(1.0 - spike) + _log_normal_cdf(z)
    if at_zero > above:
        return at_zero + math.log1p(math.exp(above - at_zero))
    return above + math.log1p(math.exp(at_zero - above))


@compiled(_nrt=False)
def _node_score(p, mean, var, sum_mean, sum_var, spike):
    """Score of one node given the sums over its children."""
    total = 0.0
    for s in range(mean.shape[1]):
        if p > 0 and var[p, s] == 0.0:
            continue
        total += eta_log_evidence(mean[p, s] - sum_mean[p, s], var[p, s] + sum_var[p, s], spike)
    return total


@compiled()
def _child_sums(parent, mean, var, sum_mean, sum_var):
    sum_mean[:] = 0.0
    sum_var[:] = 0.0
    for k in range(1, len(parent)):
        for s in range(mean.shape[1]):
            if var[k, s] > 0.0:
                sum_mean[parent[k], s] += mean[k, s]
                sum_var[parent[k], s] += var[k, s]


@compiled("i8[:], f8[:,:], f8[:,:], f8, f8")
def tree_score(parent, mean, var, spike, root_branch):
    """Log score of a tree: sum over nodes and samples of `eta_log_evidence`, and the prior of extra root children."""
    sum_mean = np.zeros_like(mean)
    sum_var = np.zeros_like(var)
    _child_sums(parent, mean, var, sum_mean, sum_var)
    total = 0.0
    at_root = 0
    for p in range(len(parent)):
        total += _node_score(p, mean, var, sum_mean, sum_var, spike)
        if p > 0 and parent[p] == 0:
            at_root += 1
    return total + root_branch * max(0, at_root - 1)


@compiled("i8[:], f8[:,:], f8[:,:], f8")
def spike_responsibility(parent, mean, var, spike):
    """Mean over nodes and samples of the probability that the clone has no cells of its own there."""
    sum_mean = np.zeros_like(mean)
    sum_var = np.zeros_like(var)
    _child_sums(parent, mean, var, sum_mean, sum_var)
    total, n = 1.0, 2.0
    for p in range(len(parent)):
        for s in range(mean.shape[1]):
            if p > 0 and var[p, s] == 0.0:
                continue
            m, v = mean[p, s] - sum_mean[p, s], max(var[p, s] + sum_var[p, s], 1e-10)
            at_zero = math.log(spike) - 0.9189385332046727 - 0.5 * math.log(v) - 0.5 * m * m / v
            total += math.exp(at_zero - eta_log_evidence(m, v, spike))
            n += 1.0
    return total / n


@compiled("i8[:], f8[:,:], f8[:,:]")
def project(parent, mean, weight):
    """Return F (K + 1, S): the weighted least-squares fit to ``mean`` that obeys the sum rule, with F[0] = 1.

    Exact. Let x_v(l) be the value of v that is best when every unit of it costs l; it falls piecewise linearly in l.
    A node's children share its value t at the price mu with sum x_c(mu) = t, so that in terms of mu the node's own
    price is l = mu - 2 w (D(mu) - m), D the children's demand: the break points of the children are, moved, those of
    the parent. One sweep up builds them, one sweep down reads the values off.
    """
    n, n_sample = mean.shape
    order = np.empty(n, np.int64)  # parents before children
    head, tail = 0, 1
    order[0] = 0
    while head < tail:
        for k in range(1, n):
            if parent[k] == order[head]:
                order[tail] = k
                tail += 1
        head += 1
    first = np.zeros(n + 1, np.int64)
    n_child = np.zeros(n, np.int64)
    for k in range(1, n):
        n_child[parent[k]] += 1
    for p in range(n):
        first[p + 1] = first[p] + n_child[p]
    child = np.empty(max(n - 1, 1), np.int64)
    fill = first[:-1].copy()
    for i in range(1, n):
        k = order[i]
        child[fill[parent[k]]] = k
        fill[parent[k]] += 1

    out = np.zeros((n, n_sample))
    # demand of a node's own value: break points (price, value), price rising from 0, value falling to 0
    size = 2 * n + 4
    price = np.empty((n, size))
    value = np.empty((n, size))
    count = np.zeros(n, np.int64)
    d_price = np.empty((n, size))
    d_value = np.empty((n, size))
    d_count = np.zeros(n, np.int64)
    buffer = np.empty(n * size)
    for s in range(n_sample):
        for i in range(n - 1, -1, -1):
            p = order[i]
            _demand_of_children(p, child, first, price, value, count, d_price, d_value, d_count, buffer)
            if p > 0:
                _own_demand(p, mean[p, s], max(weight[p, s], 1e-9), d_price, d_value, d_count, price, value, count)
        out[0, s] = 1.0
        for i in range(n):
            p = order[i]
            if first[p] == first[p + 1]:
                continue
            mu = _price_at(d_price[p], d_value[p], d_count[p], out[p, s])
            for j in range(first[p], first[p + 1]):
                c = child[j]
                out[c, s] = _value_at(price[c], value[c], count[c], mu)
    return out


@compiled(inline="always")
def _value_at(price, value, count, at):
    if at <= price[0]:
        return value[0]
    for i in range(1, count):
        if at <= price[i]:
            width = price[i] - price[i - 1]
            if width <= 0.0:
                return value[i]
            return value[i - 1] + (value[i] - value[i - 1]) * (at - price[i - 1]) / width
    return 0.0


@compiled(inline="always")
def _price_at(price, value, count, wanted):
    """Least price >= 0 at which the demand is at most ``wanted``."""
    if count == 0 or value[0] <= wanted:
        return 0.0
    for i in range(1, count):
        if value[i] <= wanted:
            drop = value[i - 1] - value[i]
            if drop <= 0.0:
                return price[i]
            return price[i - 1] + (price[i] - price[i - 1]) * (value[i - 1] - wanted) / drop
    return price[count - 1]


@compiled()
def _demand_of_children(p, child, first, price, value, count, d_price, d_value, d_count, buffer):
    m = 0
    for j in range(first[p], first[p + 1]):
        c = child[j]
        for i in range(count[c]):
            buffer[m] = price[c, i]
            m += 1
    if m == 0:
        d_count[p] = 0
        return
    points = np.sort(buffer[:m])
    n = 0
    for i in range(m):
        if n > 0 and points[i] <= d_price[p, n - 1]:
            continue
        total = 0.0
        for j in range(first[p], first[p + 1]):
            c = child[j]
            total += _value_at(price[c], value[c], count[c], points[i])
        d_price[p, n] = points[i]
        d_value[p, n] = total
        n += 1
    d_count[p] = n


@compiled()
def _own_demand(p, mean, weight, d_price, d_value, d_count, price, value, count):
    """Break points of the node's own demand from those of its children."""
    w2 = 2.0 * weight
    n = 0
    start = d_value[p, 0] if d_count[p] > 0 else 0.0
    # free part: the children are content, the value is mean - l / 2w while that is at least their demand
    free = max(mean, start) if mean > start else start
    l_start = w2 * (mean - start)  # price at which the free line reaches the children's demand
    if l_start > 0.0:
        price[p, 0], value[p, 0] = 0.0, free
        price[p, 1], value[p, 1] = l_start, start
        n = 2
    last_l, last_v = l_start, start
    if n == 0:
        price[p, 0], value[p, 0] = l_start, start
        n = 1
    for i in range(1, d_count[p]):
        here_v = d_value[p, i]
        here_l = d_price[p, i] - w2 * (here_v - mean)
        price[p, n], value[p, n] = here_l, here_v
        last_l, last_v = here_l, here_v
        n += 1
    if d_count[p] > 0 and last_v > 0.0:  # cannot happen: demand ends at 0
        price[p, n], value[p, n] = last_l + 1.0, 0.0
        n += 1
    # keep the part at prices >= 0
    if price[p, 0] < 0.0:
        at_zero = _value_at(price[p], value[p], n, 0.0)
        keep = 1
        price[p, 0] = 0.0
        for i in range(1, n):
            if price[p, i] > 0.0:
                price[p, keep], value[p, keep] = price[p, i], value[p, i]
                keep += 1
        value[p, 0] = at_zero
        n = keep
    count[p] = n


@compiled()
def _is_below(parent, node, top):
    while node > 0:
        if node == top:
            return True
        node = parent[node]
    return top == 0


@compiled("f8[:,:], f8[:,:], f8, f8, i8[:]")
def greedy(mean, var, spike, root_branch, order):
    """Insert nodes in ``order`` where the score is best, adopting one child of the new parent or none or all."""
    n = mean.shape[0]
    parent = np.full(n, -1, np.int64)
    placed = np.zeros(n, np.bool_)
    placed[0] = True
    sub_mean, sub_var = mean.copy(), var.copy()
    for i in range(len(order)):
        k = order[i]
        best, best_q, best_c = -FAR, 0, 0
        for q in range(n):
            if not placed[q]:
                continue
            for c in range(-1, n):  # -1 all children, 0 none, else one
                if c > 0 and (not placed[c] or parent[c] != q):
                    continue
                trial = parent.copy()
                trial[k] = q
                moved = 0
                for x in range(1, n):
                    if placed[x] and parent[x] == q and (c == -1 or x == c):
                        trial[x] = k
                        moved += 1
                if c == -1 and moved < 2:
                    continue
                score = _partial_score(trial, placed, k, sub_mean, sub_var, spike, root_branch)
                if score > best:
                    best, best_q, best_c = score, q, c
        for x in range(1, n):
            if placed[x] and parent[x] == best_q and (best_c == -1 or x == best_c):
                parent[x] = k
        parent[k] = best_q
        placed[k] = True
    return parent


@compiled()
def _partial_score(parent, placed, new, mean, var, spike, root_branch):
    n, n_sample = mean.shape
    sum_mean = np.zeros((n, n_sample))
    sum_var = np.zeros((n, n_sample))
    at_root = 0
    for k in range(1, n):
        if placed[k] or k == new:
            if parent[k] == 0:
                at_root += 1
            for s in range(n_sample):
                if var[k, s] > 0.0:
                    sum_mean[parent[k], s] += mean[k, s]
                    sum_var[parent[k], s] += var[k, s]
    total = root_branch * max(0, at_root - 1)
    for p in range(n):
        if placed[p] or p == new:
            total += _node_score(p, mean, var, sum_mean, sum_var, spike)
    return total


@compiled(_nrt=False)
def _score_with(p, parent, mean, var, spike):
    total = 0.0
    n, n_sample = mean.shape
    for s in range(n_sample):
        if p > 0 and var[p, s] == 0.0:
            continue
        m, v = mean[p, s], var[p, s]
        for k in range(1, n):
            if parent[k] == p:
                m -= mean[k, s] if var[k, s] > 0.0 else 0.0
                v += var[k, s]
        total += eta_log_evidence(m, v, spike)
    return total


@compiled("i8[:,:], i8[:], f8[:,:,:], f8[:,:], f8[:,:]")
def draw_own_cells(trees, pick, noise, mean, var):
    """Return (draws, K, S): cells of exactly each clone on tree ``pick[i]``, fitted to the CCFs moved by ``noise`` sd.

    trees : (n_tree, K), parents of clones, -1 the root; mean, var : (K, S) of clones; variance 0 leaves a CCF free
    """
    n_draw, n_clone, n_sample = noise.shape
    out = np.empty((n_draw, n_clone, n_sample))
    parent = np.empty(n_clone + 1, np.int64)
    moved = np.ones((n_clone + 1, n_sample))
    weight = np.ones((n_clone + 1, n_sample))
    for k in range(n_clone):
        for s in range(n_sample):
            weight[k + 1, s] = 1.0 / max(var[k, s], 1e-10) if var[k, s] > 0.0 else 1e-8
    parent[0] = -1
    for i in range(n_draw):
        for k in range(n_clone):
            parent[k + 1] = trees[pick[i], k] + 1
            for s in range(n_sample):
                known = var[k, s] > 0.0
                moved[k + 1, s] = mean[k, s] + noise[i, k, s] * math.sqrt(var[k, s]) if known else 0.0
        ccf = project(parent, moved, weight)
        for k in range(n_clone + 1):
            for s in range(n_sample):
                ccf[k, s] = min(1.0, max(0.0, ccf[k, s]))
        for k in range(n_clone):
            for s in range(n_sample):
                own = ccf[k + 1, s]
                for x in range(1, n_clone + 1):
                    if parent[x] == k + 1:
                        own -= ccf[x, s]
                out[i, k, s] = min(1.0, max(0.0, own))
    return out
