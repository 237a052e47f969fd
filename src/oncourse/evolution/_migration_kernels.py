# mypy: disable-error-code="no-untyped-def"
"""Compiled dynamic programme of `migration`: fewest migrations below every clone for every label it may have."""

from __future__ import annotations

import numba
import numpy as np

MAX_ALL_SUBSETS = 12
"""Sites a clone may have gone to and been replaced in: all sets of up to this many, beyond that sets of up to two."""


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
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
