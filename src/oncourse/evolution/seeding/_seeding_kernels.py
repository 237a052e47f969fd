# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `seeding`: presence of clones on many trees, and the tally of many histories."""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution.seeding._migration_kernels import (
    migration_costs,
    optimal_histories,
    parents_first,
    sites_below,
)
from oncourse.evolution.trees._tree_kernels import _log_normal_cdf


@compiled("i8[:], f8[:,:], f8[:,:], f8, f8")
def own_presence(tree, mean, var, spike, min_fraction):
    """See `seeding.own_presence`."""
    n, n_sample = mean.shape
    out = np.zeros((n, n_sample))
    for s in range(n_sample):
        for p in range(n):
            if var[p, s] <= 0.0:
                continue
            own, spread = mean[p, s], var[p, s]
            for k in range(n):
                if tree[k] == p and var[k, s] > 0.0:
                    own -= mean[k, s]
                    spread += var[k, s]
            sd = math.sqrt(max(spread, 1e-10))
            z = own / sd
            above_nil = _log_normal_cdf(z)
            at_zero = math.log(spike) - 0.9189385332046727 - 0.5 * z * z - math.log(sd)
            odds = min(700.0, max(-700.0, at_zero - math.log1p(-spike) - above_nil))
            enough = math.exp(min(_log_normal_cdf((own - min_fraction) / sd) - above_nil, 0.0))
            out[p, s] = enough / (1.0 + math.exp(odds))
    return out


@compiled("i8[:,:], i8[:], f8[:,:,:], f8[:,:], f8[:,:], f8, f8, i8[:]")
def draw_presence(trees, pick, uniform, mean, var, spike, min_fraction, sites):
    """Return (draws, K, M): is the clone in the site, drawn on tree ``pick[i]`` with ``uniform`` (draws, K, M).

    sites : (S,), site of each sample, -1 none. A clone without children was seen somewhere, else it would not be known:
    at least in its most probable site. So has every site some clone: its most probable one.
    """
    n_draw, n, n_site = uniform.shape
    out = np.zeros((n_draw, n, n_site), np.bool_)
    known = np.full(len(trees), -1, np.int64)
    chances = np.ones((n_draw, n, n_site))
    n_known = 0
    for i in range(n_draw):
        t = pick[i]
        if known[t] < 0:
            own = own_presence(trees[t], mean, var, spike, min_fraction)
            absent = chances[n_known]
            for s in range(len(sites)):
                if sites[s] >= 0:
                    for k in range(n):
                        absent[k, sites[s]] *= 1.0 - own[k, s]
            for k in range(n):
                for m in range(n_site):
                    absent[k, m] = 1.0 - absent[k, m]
            known[t] = n_known
            n_known += 1
        chance = chances[known[t]]
        has_child = np.zeros(n, np.bool_)
        for k in range(n):
            if trees[t, k] >= 0:
                has_child[trees[t, k]] = True
        for k in range(n):
            found = False
            for m in range(n_site):
                out[i, k, m] = chance[k, m] > uniform[i, k, m]
                found = found or out[i, k, m]
            if not found and not has_child[k]:
                out[i, k, np.argmax(chance[k])] = True
        for m in range(n_site):
            found = False
            best = 0
            for k in range(n):
                found = found or out[i, k, m]
                if chance[k, m] > chance[best, m]:
                    best = k
            if not found and chance[best, m] > 0.0:
                out[i, best, m] = True
    return out


@compiled()
def _with_root(tree, present, n_all):
    """Clones and sites with the root of all as the last clone, and sites that hold no cells up to ``n_all``."""
    n, m = present.shape
    parent = np.empty(n + 1, np.int64)
    here = np.zeros((n + 1, n_all), np.bool_)
    for k in range(n):
        parent[k] = tree[k] if tree[k] >= 0 else n
        for t in range(m):
            here[k, t] = present[k, t]
    parent[n] = -1
    return parent, here


@compiled("i8[:,:], b1[:,:,:], i8, i8[:], i8")
def least_costs(trees, present, per_migration, per_unseen, root_site):
    """Return (n,): cost of the best history of each tree (n, K) with that presence (n, K, M)."""
    n, n_clone, _ = present.shape
    out = np.empty(n, np.int64)
    for i in range(n):
        parent, here = _with_root(trees[i], present[i], len(per_unseen))
        order = parents_first(parent)
        below = sites_below(parent, order, here)
        out[i] = migration_costs(parent, order, here, below, per_migration, per_unseen)[n_clone, root_site]
    return out


@compiled()
def moves_of(parent, home, extra, present):
    """Return (K,): bit mask of the sites that each clone migrated to, its children's own ways included."""
    n, m = present.shape
    out = np.zeros(n, np.int64)
    for u in range(n):
        inside = extra[u] | (1 << home[u])
        for t in range(m):
            if present[u, t]:
                inside |= 1 << t
        out[u] |= inside
        if parent[u] >= 0:
            out[parent[u]] |= 1 << home[u]
    for u in range(n):
        out[u] &= ~(1 << home[u])
    return out


@compiled()
def _reach(edges):
    m = len(edges)
    out = edges > 0
    for k in range(m):
        for i in range(m):
            if out[i, k]:
                for j in range(m):
                    if out[k, j]:
                        out[i, j] = True
    return out


PATTERNS = ("none", "mPS", "mS", "mM", "mR", "pPS", "pS", "pM", "pR")
"""Names of the rows of the patterns that `tally` counts."""


@compiled()
def _pattern(edges, reach):
    """Index into `PATTERNS`; edges : (M, M) clones on each way."""
    m = len(edges)
    most, sources, several, circle = 0, 0, False, False
    for s in range(m):
        way_out = False
        into = 0
        for t in range(m):
            most = max(most, edges[s, t])
            way_out = way_out or edges[s, t] > 0
            into += edges[t, s] > 0
        sources += way_out
        several = several or into > 1
        circle = circle or reach[s, s]
    if most == 0:
        return 0
    kind = 4 if circle else 3 if several else 1 if sources == 1 else 2
    return kind + (4 if most > 1 else 0)


@compiled()
def _may_have_come(home, gone, present, n_site):
    """Return (M, M): site a holds, or its clones passed through, every founder of site b, which has some."""
    out = np.zeros((n_site, n_site), np.bool_)
    for b in range(n_site):
        for a in range(n_site):
            n_founder, all_there = 0, a != b
            for u in range(len(home)):
                if gone[u] >> b & 1:
                    n_founder += 1
                    all_there = all_there and (present[u, a] or home[u] == a or gone[u] >> a & 1 == 1)
            out[a, b] = all_there and n_founder > 0
    return out


@compiled("i8[:,:], b1[:,:,:], f8[:], i8, i8, i8[:], i8, f8, i8, i8")
def tally(trees, present, share, n_site, per_migration, per_unseen, root_site, of_return, max_keep, max_visit):
    """Sum over trees (n, K) with presence (n, K, M) and their optimal histories, each tree weighing ``share``.

    A history in which cells come back to the ``root_site`` weighs ``of_return`` times as much. Returns the weight of
    each tree (n,), which sum to one; ways (M', M') with M' = M or M + 1 (the last a site not sampled); founders (M, K +
    1; the last the root); sources (M, M' + 1; first a site not sampled, then site 0...); seeded, polyclonal,
    polyphyletic (M,); descends, possible, parallel, linear (M, M); patterns (9,). possible[a, b]: site a holds or held
    all founders of b, so that they may have come from there; parallel: neither descends from the other, nor may;
    linear: one of them does.
    """
    n, n_clone, _ = present.shape
    n_all = len(per_unseen)
    ways, founders = np.zeros((n_all, n_all)), np.zeros((n_site, n_clone + 1))
    sources = np.zeros((n_site, n_site + 1))
    seeded, polyclonal, polyphyletic = np.zeros(n_site), np.zeros(n_site), np.zeros(n_site)
    descends, possible = np.zeros((n_site, n_site)), np.zeros((n_site, n_site))
    parallel, linear = np.zeros((n_site, n_site)), np.zeros((n_site, n_site))
    patterns = np.zeros(9)
    above = np.zeros((n_clone, n_clone), np.bool_)
    weight = np.zeros(n)
    for i in range(n):
        if share[i] < 1e-12:
            continue
        parent, here = _with_root(trees[i], present[i], n_all)
        order = parents_first(parent)
        below = sites_below(parent, order, here)
        cost = migration_costs(parent, order, here, below, per_migration, per_unseen)
        home, extra, _pairs, _sources, _complete = optimal_histories(
            parent, order, here, below, cost, per_migration, per_unseen, root_site, max_keep, max_visit
        )
        above[:] = False
        for k in range(n_clone):
            p = parent[k]
            while p < n_clone:
                above[p, k] = True
                p = parent[p]
        for h in range(len(home)):
            w = share[i] / len(home)
            gone = moves_of(parent, home[h], extra[h], here)
            edges = np.zeros((n_all, n_all), np.int64)
            for u in range(n_clone + 1):
                for t in range(n_all):
                    if gone[u] >> t & 1:
                        edges[home[h, u], t] += 1
            for s in range(n_all):
                if edges[s, root_site] > 0:
                    w = share[i] / len(home) * of_return
            weight[i] += w
            patterns[_pattern(edges, _reach(edges))] += w
            sampled = _reach(edges[:n_site, :n_site])
            may = _may_have_come(home[h], gone, here, n_site)
            for a in range(n_site):
                for b in range(n_site):
                    possible[a, b] += w * may[a, b]
                    if sampled[a, b]:
                        descends[a, b] += w
                    if sampled[a, b] or sampled[b, a]:
                        linear[a, b] += w
                    elif not may[a, b] and not may[b, a]:
                        parallel[a, b] += w
            for s in range(n_all):
                for t in range(n_all):
                    if edges[s, t] > 0:
                        ways[s, t] += w
            for t in range(n_site):
                best, most = -1, 0
                for j in range(-1, n_site):
                    s = n_site if j < 0 else j
                    if s < n_all and edges[s, t] > most:
                        best, most = j, edges[s, t]
                if most == 0:
                    continue
                seeded[t] += w
                sources[t, best + 1] += w
                n_founder, one_line = 0, True
                for u in range(n_clone + 1):
                    if not gone[u] >> t & 1:
                        continue
                    founders[t, u] += w
                    n_founder += 1
                    if u == n_clone:
                        continue
                    for v in range(u):
                        if gone[v] >> t & 1 and not above[u, v] and not above[v, u]:
                            one_line = False
                polyclonal[t] += w * (n_founder > 1)
                polyphyletic[t] += w * (not one_line)
    all_in_all = weight.sum()
    for sums in (ways, founders, sources, descends, possible, parallel, linear):
        sums /= all_in_all
    for sums in (seeded, polyclonal, polyphyletic, patterns):
        sums /= all_in_all
    weight /= all_in_all
    return (
        weight,
        ways,
        founders,
        sources,
        seeded,
        polyclonal,
        polyphyletic,
        descends,
        possible,
        parallel,
        linear,
        patterns,
    )
