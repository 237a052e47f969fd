# mypy: disable-error-code="no-untyped-def"
"""Compiled dynamic programme of `migration`: fewest migrations below every clone for every label it may have."""

from __future__ import annotations

import numpy as np

from oncourse.compiled import compiled

MAX_ALL_SUBSETS = 12
"""Sites a clone may have gone to and been replaced in: all sets of up to this many, beyond that sets of up to two."""


@compiled("i8")
def subsets(pool):
    """Return the sets of sites (bit masks) within ``pool`` that are looked at: all, or those of up to two sites."""
    bits = np.empty(64, np.int64)
    n = 0
    for t in range(63):
        if pool >> t & 1:
            bits[n] = 1 << t
            n += 1
    if n <= MAX_ALL_SUBSETS:
        out = np.empty(1 << n, np.int64)
        extra = pool
        i = 0
        while True:
            out[i] = extra
            i += 1
            if extra == 0:
                return out
            extra = (extra - 1) & pool
    out = np.empty(1 + n + n * (n - 1) // 2, np.int64)
    out[0] = 0
    i = 1
    for a in range(n):
        out[i] = bits[a]
        i += 1
        for b in range(a):
            out[i] = bits[a] | bits[b]
            i += 1
    return out


@compiled("i8[:], i8[:], b1[:,:], i8[:], i8, i8[:]")
def migration_costs(parent, order, present, candidates, per_migration, per_unseen):
    """Return cost (K, M): least cost at and below clone u when its own home is site s.

    parent : (K,), -1 the founder; order : parents first; present : (K, M) sites with cells of exactly this clone;
    candidates : (K,) bit mask of sites that hold cells of the clone or a descendant.
    A clone's cells in a site other than its home came by one migration. A child may live in its parent's home, in
    another site where the parent has cells, or go elsewhere at the price of a migration of its own; several children
    may share one migration of their parent at ``per_unseen`` (M,) more (the parent went there and was replaced).
    A home without a trace of the clone's own cells costs ``per_unseen`` too, unless the clone has none anywhere.
    """
    n, m = present.shape
    cost = np.zeros((n, m), np.int64)
    least_of = np.zeros(n, np.int64)
    for i in range(n - 1, -1, -1):
        u = order[i]
        must, n_must = 0, 0
        for t in range(m):
            if present[u, t]:
                must |= 1 << t
                n_must += 1
        free = candidates[u] & ~must
        for s in range(m):
            best = 1 << 40
            fixed = per_migration * n_must
            if present[u, s]:
                fixed -= per_migration
            elif n_must > 0 and parent[u] >= 0:
                fixed += per_unseen[s]
            pool = free & ~(1 << s)
            for extra in subsets(pool):  # sites the clone may have gone to and been replaced in
                open_mask = must | extra | (1 << s)
                total = fixed
                for t in range(m):
                    if extra >> t & 1:
                        total += per_migration + per_unseen[t]
                if total < best:
                    for v in range(n):
                        if parent[v] == u:
                            least = least_of[v] + per_migration
                            for t in range(m):
                                if open_mask >> t & 1 and cost[v, t] < least:
                                    least = cost[v, t]
                            total += least
                            if total >= best:
                                break
                    if total < best:
                        best = total
            cost[u, s] = best
        least_of[u] = cost[u].min()
    return cost


@compiled()
def best_subsets(kids, s, must, pool, fixed, wanted, cost, per_migration, per_unseen):
    """Return the sets of `subsets` (pool) with which a clone at home in s costs ``wanted``; kids: its children."""
    m = cost.shape[1]
    all_sets = subsets(pool)
    out = np.empty(len(all_sets), np.int64)
    n = 0
    for extra in all_sets:
        total = fixed
        for t in range(m):
            if extra >> t & 1:
                total += per_migration + per_unseen[t]
        open_mask = must | extra | (1 << s)
        for v in kids:
            if total > wanted:
                break
            least = cost[v].min() + per_migration
            for t in range(m):
                if open_mask >> t & 1 and cost[v, t] < least:
                    least = cost[v, t]
            total += least
        if total == wanted:
            out[n] = extra
            n += 1
    return out[:n]


@compiled("i8[:], i8[:], b1[:,:]")
def sites_below(parent, order, present):
    """Return (K,): bit mask of the sites with cells of the clone or of a descendant; 0 where there are none."""
    out = np.zeros(len(parent), np.int64)
    for i in range(len(order) - 1, -1, -1):
        u = order[i]
        for t in range(present.shape[1]):
            if present[u, t]:
                out[u] |= 1 << t
        if parent[u] >= 0:
            out[parent[u]] |= out[u]
    return out


@compiled("i8[:]")
def parents_first(parent):
    """Return the clones, a parent before its children."""
    n = len(parent)
    order = np.empty(n, np.int64)
    tail = 0
    for u in range(n):
        if parent[u] < 0:
            order[tail] = u
            tail += 1
    for head in range(n):
        for v in range(n):
            if parent[v] == order[head]:
                order[tail] = v
                tail += 1
    return order


@compiled()
def _next_home(option, cost, opened, per_migration):
    """Return the next cheapest home of a child after ``option``, -1 where there is none; cost : (M,) of the child.

    Options 0..M-1 are the sites its parent's lineage is in (``opened``), M..2M-1 those that it went to by itself.
    """
    m = len(cost)
    least = cost.min() + per_migration
    for t in range(m):
        if opened >> t & 1 and cost[t] < least:
            least = cost[t]
    for o in range(option + 1, 2 * m):
        t = o % m
        inside = opened >> t & 1
        if o < m and inside and cost[t] == least:
            return o
        if o >= m and not inside and cost[t] + per_migration == least:
            return o
    return -1


@compiled()
def _went(u, s, extra, parent, present, home):
    """Return the bit mask of sites that clone u, at home in s, migrated to."""
    inside = extra | (1 << s)
    for t in range(present.shape[1]):
        if present[u, t]:
            inside |= 1 << t
    gone = inside
    for v in range(len(parent)):
        if parent[v] == u:
            gone |= 1 << home[v]
    return gone & ~(1 << s)


@compiled("i8[:], i8[:], b1[:,:], i8[:], i8[:,:], i8, i8[:], i8, i8, i8")
def optimal_histories(parent, order, present, below, cost, per_migration, per_unseen, root_site, max_keep, max_visit):
    """Return all labellings of least cost with the fewest pairs of sites, among them with the fewest sources.

    The last clone is the root of all, at home in ``root_site``. Depth first over the choices of each clone: the sites
    it passed through unseen, then the home of each child. Returns home (n, K), sites passed through unseen (n, K; bit
    masks), pairs, sources, and whether the search was complete.
    """
    n, m = present.shape
    kept_home, kept_extra = np.empty((max_keep, n), np.int8), np.empty((max_keep, n), np.int64)
    n_kept, visits = 0, 1
    best_pairs, best_sources = 1 << 30, 1 << 30
    home = np.full(n, -1, np.int64)
    home[n - 1] = root_site
    extra = np.zeros(n, np.int64)
    option = np.zeros(n, np.int64)  # of each child
    used = np.zeros((m, m), np.int64)  # clones that took the way
    ways = np.zeros(m, np.int64)  # targets of each site
    n_pairs, n_sources = 0, 0
    must = np.zeros(n, np.int64)
    for u in range(n):
        for t in range(m):
            if present[u, t]:
                must[u] |= 1 << t
    first, last = np.full((n, m), -1, np.int64), np.zeros((n, m), np.int64)
    sets, n_set = np.empty(64, np.int64), 0
    at = np.zeros(n, np.int64)
    applied = np.zeros(n, np.int64)  # sites gone to in the choice now made
    begun = np.zeros(n + 1, np.bool_)
    kids = np.empty(n, np.int64)
    depth = 0
    while depth >= 0:
        if depth == n:
            if n_pairs < best_pairs or (n_pairs == best_pairs and n_sources < best_sources):
                best_pairs, best_sources, n_kept = n_pairs, n_sources, 0
            if n_pairs == best_pairs and n_sources == best_sources and n_kept < max_keep:
                for u in range(n):
                    kept_home[n_kept, u], kept_extra[n_kept, u] = home[u], extra[u]
                n_kept += 1
            depth -= 1
            continue
        u = order[depth]
        s = home[u]
        n_kid = 0
        for v in range(n):
            if parent[v] == u:
                kids[n_kid] = v
                n_kid += 1
        if first[u, s] < 0:
            fixed = 0
            for t in range(m):
                if t != s and must[u] >> t & 1:
                    fixed += per_migration
            if must[u] != 0 and not must[u] >> s & 1 and u < n - 1:
                fixed += per_unseen[s]
            pool = below[u] & ~must[u] & ~(1 << s)
            chosen = best_subsets(kids[:n_kid], s, must[u], pool, fixed, cost[u, s], cost, per_migration, per_unseen)
            while n_set + len(chosen) > len(sets):
                sets = np.concatenate((sets, np.empty(len(sets), np.int64)))
            sets[n_set : n_set + len(chosen)] = chosen
            first[u, s], last[u, s] = n_set, n_set + len(chosen)
            n_set += len(chosen)
        moved = False
        if not begun[depth]:
            at[u] = first[u, s]
            start_kids = True
        else:  # take back the last choice, turn to the next
            for t in range(m):
                if applied[u] >> t & 1:
                    used[s, t] -= 1
                    if used[s, t] == 0:
                        n_pairs -= 1
                        ways[s] -= 1
                        if ways[s] == 0:
                            n_sources -= 1
            start_kids = False
            opened = must[u] | sets[at[u]] | (1 << s)
            for i in range(n_kid - 1, -1, -1):
                v = kids[i]
                following = _next_home(option[v], cost[v], opened, per_migration)
                if following >= 0:
                    option[v] = following
                    moved = True
                    break
                option[v] = _next_home(-1, cost[v], opened, per_migration)
            if not moved:
                at[u] += 1
                start_kids = True
        if start_kids and at[u] < last[u, s]:
            opened = must[u] | sets[at[u]] | (1 << s)
            for i in range(n_kid):
                option[kids[i]] = _next_home(-1, cost[kids[i]], opened, per_migration)
            moved = True
        if not moved:
            begun[depth] = False
            depth -= 1
            continue
        begun[depth] = True
        extra[u] = sets[at[u]]
        for i in range(n_kid):
            home[kids[i]] = option[kids[i]] % m
        applied[u] = _went(u, s, extra[u], parent, present, home)
        for t in range(m):
            if applied[u] >> t & 1:
                used[s, t] += 1
                if used[s, t] == 1:
                    n_pairs += 1
                    ways[s] += 1
                    if ways[s] == 1:
                        n_sources += 1
        visits += 1
        if visits > max_visit:
            return kept_home[:n_kept], kept_extra[:n_kept], best_pairs, best_sources, False
        if n_pairs <= best_pairs:
            depth += 1
            begun[depth] = False
    return kept_home[:n_kept], kept_extra[:n_kept], best_pairs, best_sources, True
