"""Who seeded whom: the histories with the fewest migrations on a clone tree.

Every clone gets one home, the site where it arose; its cells elsewhere, and children whose home is elsewhere, came by
migration. Of all labellings those with the fewest migrations are kept, among them those with the fewest pairs of
sites (comigrations), among them those with the fewest seeding sites: the criteria of El-Kebir, Satas, Raphael, Nat
Genet 2018;50:718, solved here exactly by dynamic programming and enumeration of the optima. A clone that has several
children in a site is taken to have gone there once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_LABELLINGS = 256
"""Co-optimal labellings kept per tree; beyond, the search is cut and says so."""
MAX_VISITS = 20_000
PER_MIGRATION = 10
PER_UNSEEN = 11
PER_UNSEEN_ONE_BIOPSY = 6
"""Price of a clone that lived in a site without being seen there, against 10 of a migration: a further migration is
likelier than an unseen clone. Not so in a primary sampled once, which is large and patchy: there the unseen clone is
likelier than that cells came back. A site not sampled at all is free."""
MAX_SITES = 60
"""More lesions than this are refused. Where a clone's descendants are in more than 12 sites (`MAX_ALL_SUBSETS`) that it
may have passed through unseen, sets of up to two of them are looked at, and the histories are marked incomplete."""


@dataclass(frozen=True)
class History:
    """One most parsimonious history of a tree.

    Attributes
    ----------
    home : shape (K,), site index where each clone arose
    migrations : (source site, target site, clone that went) - one entry per migration
    """

    home: tuple[int, ...]
    migrations: tuple[tuple[int, int, int], ...]

    @property
    def edges(self) -> Counter[tuple[int, int]]:
        """The migration multigraph: (source, target) -> number of clones that took this way."""
        return Counter((s, t) for s, t, _ in set(self.migrations))

    @property
    def pattern(self) -> str:
        """``m`` or ``p`` (one clone per way, or several) and PS, S, M, R; ``none`` without migration.

        PS: everything from one site, S: every site has one source, M: some site has several, R: cells came back to
        a site that had seeded (a circle).
        """
        return pattern_of(self.edges)


@dataclass(frozen=True)
class Histories:
    """All optima of one tree: (migrations, comigrations, seeding sites) and the labellings that reach them."""

    score: tuple[int, int, int]
    histories: tuple[History, ...]
    is_complete: bool


def pattern_of(edges: Counter[tuple[int, int]]) -> str:
    """Name the pattern of a migration multigraph.

    Examples
    --------
    >>> pattern_of(Counter({(0, 1): 1, (0, 2): 2}))
    'pPS'
    >>> pattern_of(Counter({(0, 1): 1, (1, 2): 1}))
    'mS'
    >>> pattern_of(Counter({(0, 1): 1, (0, 2): 1, (1, 2): 1}))
    'mM'
    >>> pattern_of(Counter({(0, 1): 1, (1, 0): 1}))
    'mR'
    """
    if not edges:
        return "none"
    clonality = "p" if max(edges.values()) > 1 else "m"
    sources: dict[int, set[int]] = {}
    for s, t in edges:
        sources.setdefault(t, set()).add(s)
    if _has_circle(sources):
        return clonality + "R"
    if any(len(s) > 1 for s in sources.values()):
        return clonality + "M"
    return clonality + ("PS" if len({s for s, _ in edges}) == 1 else "S")


def _has_circle(sources: dict[int, set[int]]) -> bool:
    """Depth-first search for a site that is its own ancestor."""
    for start in sources:
        seen: set[int] = set()
        stack = list(sources[start])
        while stack:
            site = stack.pop()
            if site == start:
                return True
            if site not in seen:
                seen.add(site)
                stack += sources.get(site, ())
    return False


def parsimonious_histories(
    tree: NDArray[np.int64],
    present: NDArray[np.bool_],
    *,
    root_site: int | None = None,
    n_root_samples: int = 1,
) -> Histories:
    """Return every most parsimonious history of one tree.

    Parameters
    ----------
    tree : shape (K,), parent of each clone, -1 for a founder
    present : shape (K, M), does the site hold cells of exactly this clone; a clone without descendants must be
        present somewhere
    root_site : the primary's index, or None when the primary was not sequenced: then the root lies in an extra
        site, index M, that holds no cells (``unknown``)
    n_root_samples : samples of the primary: how well a clone not seen there is excluded

    Raises
    ------
    ValueError : more than `MAX_SITES` sites, or a leaf that is nowhere

    Examples
    --------
    The founder is in the primary (site 0), its child only in the metastasis (site 1):

    >>> found = parsimonious_histories(np.array([-1, 0]), np.array([[True, False], [False, True]]), root_site=0)
    >>> found.score, found.histories[0].home, found.histories[0].migrations
    ((1, 1, 1), (0, 1), ((0, 1, 0),))
    """
    from oncourse.evolution._migration_kernels import migration_costs

    tree, present = np.asarray(tree, np.int64), np.asarray(present, bool)
    if root_site is None:
        n_root_samples = 0
        root_site = present.shape[1]
        present = np.hstack([present, np.zeros((len(tree), 1), bool)])
    n, m = present.shape
    if m > MAX_SITES:
        raise ValueError(f"{m} lesions, at most {MAX_SITES} can be searched")
    # a founder of the founders: all clones of the root go through it, its home is the primary
    parent = np.concatenate([tree, [-1]])
    parent[:-1][tree < 0] = n
    here = np.vstack([present, np.zeros((1, m), bool)])
    order = _parents_first(parent)
    mask = np.zeros(n + 1, np.int64)
    for u in order[::-1]:
        mask[u] |= int(sum(1 << t for t in np.flatnonzero(here[u])))
        if mask[u] == 0:
            raise ValueError(f"clone {u} and its descendants are in no sample")
        if parent[u] >= 0:
            mask[parent[u]] |= mask[u]
    unseen = np.full(m, PER_UNSEEN)
    unseen[root_site] = (0, PER_UNSEEN_ONE_BIOPSY, PER_UNSEEN)[min(n_root_samples, 2)]
    cost = migration_costs(parent, np.array(order), here, mask, PER_MIGRATION, unseen)
    children: list[list[int]] = [[int(v) for v in np.flatnonzero(parent == u)] for u in range(n + 1)]
    return _optima(order, children, here, cost, mask, unseen, n, root_site)


def _parents_first(parent: NDArray[np.int64]) -> list[int]:
    order = [int(u) for u in np.flatnonzero(parent < 0)]
    for u in order:
        order += [int(v) for v in np.flatnonzero(parent == u)]
    return order


def _local_choices(
    u: int, s: int, children: list[list[int]], here: NDArray[np.bool_], cost: NDArray[np.int64], mask: NDArray[np.int64],
    unseen: NDArray[np.int64],
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:  # fmt: skip
    """Optimal homes of u's children when u's home is s, and the sites u's lineage migrated to (one per migration)."""
    from oncourse.evolution._migration_kernels import best_subsets

    kids = children[u]
    m = here.shape[1]
    seen_at = [int(t) for t in np.flatnonzero(here[u])]
    must = sum(1 << t for t in seen_at)
    pool = int(mask[u]) & ~must & ~(1 << s)
    fixed = PER_MIGRATION * len([t for t in seen_at if t != s])
    if seen_at and s not in seen_at and u < len(children) - 1:
        fixed += int(unseen[s])
    wanted = int(cost[u, s])
    cheapest = {v: int(cost[v].min()) for v in kids}
    chosen = best_subsets(np.array(kids, np.int64), s, must, pool, fixed, wanted, cost, PER_MIGRATION, unseen)
    for extra in (int(x) for x in chosen):
        opened = [t for t in range(m) if extra >> t & 1]
        sites = [t for t in range(m) if (must | extra | 1 << s) >> t & 1]
        total = fixed + sum(PER_MIGRATION + int(unseen[t]) for t in opened)
        options: list[list[tuple[int, bool]]] = []
        for v in kids:
            by_site = min(int(cost[v, t]) for t in sites)
            least = min(by_site, cheapest[v] + PER_MIGRATION)
            total += least
            option = [(t, False) for t in sites if cost[v, t] == least]
            option += [(t, True) for t in range(m) if t not in sites and cost[v, t] + PER_MIGRATION == least]
            options.append(option)
        if total == wanted:
            paid = [t for t in seen_at if t != s] + opened
            for choice in _product(options):
                direct = [t for t, own in choice if own]
                yield tuple(t for t, _ in choice), tuple(sorted(paid + direct))


def _product(options: list[list[tuple[int, bool]]]) -> Iterator[tuple[tuple[int, bool], ...]]:
    if not options:
        yield ()
        return
    for first in options[0]:
        for rest in _product(options[1:]):
            yield (first, *rest)


def _optima(
    order: list[int], children: list[list[int]], here: NDArray[np.bool_], cost: NDArray[np.int64], mask: NDArray[np.int64],
    unseen: NDArray[np.int64], top: int, root_site: int,
) -> Histories:  # fmt: skip
    """Depth-first over the local optima of every clone; prunes on the number of site pairs used."""
    from oncourse.evolution._migration_kernels import MAX_ALL_SUBSETS

    home = np.full(top + 1, -1)
    home[top] = root_site
    best: list[tuple[int, int]] = [(10**6, 10**6)]
    found: list[History] = []
    visits = 0
    cut = False
    choices_of: dict[tuple[int, int], list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}

    def descend(
        depth: int, pairs: frozenset[tuple[int, int]], moves: tuple[tuple[int, int, int], ...]
    ) -> None:
        nonlocal visits, cut
        visits += 1
        if cut or visits > MAX_VISITS:
            cut = True
            return
        if len(pairs) > best[0][0]:
            return
        if depth == len(order):
            key = (len(pairs), len({s for s, _ in pairs}))
            if key < best[0]:
                best[0] = key
                found.clear()
            if key == best[0] and len(found) < MAX_LABELLINGS:
                found.append(History(tuple(int(x) for x in home[:top]), moves))
            return
        u = order[depth]
        s = int(home[u])
        if (u, s) not in choices_of:
            choices_of[u, s] = list(_local_choices(u, s, children, here, cost, mask, unseen))
        for homes, gone in choices_of[u, s]:
            for v, t in zip(children[u], homes, strict=True):
                home[v] = t
            descend(
                depth + 1,
                pairs | {(s, t) for t in gone},
                moves + tuple((s, t, u if u < top else -1) for t in gone),
            )

    descend(0, frozenset(), ())
    score = (int(cost[top, root_site]), *best[0])
    wide = any(int(x).bit_count() > MAX_ALL_SUBSETS for x in mask[:-1])
    return Histories(score, tuple(found), not cut and not wide)
