"""Who seeded whom: the histories with the fewest migrations on a clone tree.

Every clone gets one home, the site where it arose; its cells elsewhere, and children whose home is elsewhere, came by
migration. Of all labellings those with the fewest migrations are kept, among them those with the fewest pairs of
sites (comigrations), among them those with the fewest seeding sites: the criteria of El-Kebir, Satas, Raphael, Nat
Genet 2018;50:718, solved here exactly by dynamic programming and enumeration of the optima. A clone that has several
children in a site is taken to have gone there once.
"""

from __future__ import annotations

from collections import Counter
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
    """All optima of one tree and the labellings that reach them.

    score : price (`PER_MIGRATION` per migration, and those of clones not seen where they lived), comigrations, seeding
    sites
    """

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
    ((10, 1, 1), (0, 1), ((0, 1, 0),))
    """
    from oncourse.evolution.seeding._migration_kernels import (
        MAX_ALL_SUBSETS,
        migration_costs,
        optimal_histories,
        parents_first,
        sites_below,
    )

    tree, present = np.asarray(tree, np.int64), np.asarray(present, bool)
    unseen = price_of_unseen(present.shape[1], root_site, n_root_samples)
    m = len(unseen)
    if m > MAX_SITES:
        raise ValueError(f"{m} lesions, at most {MAX_SITES} can be searched")
    # a founder of the founders: all clones of the root go through it, its home is the primary
    n = len(tree)
    parent = np.concatenate([np.where(tree < 0, n, tree), [-1]])
    here = np.zeros((n + 1, m), bool)
    here[:n, : present.shape[1]] = present
    order = parents_first(parent)
    below = sites_below(parent, order, here)
    if (below[:n] == 0).any():
        raise ValueError(f"clone {int(np.argmin(below[:n]))} and its descendants are in no sample")
    root = m - 1 if root_site is None else root_site
    cost = migration_costs(parent, order, here, below, PER_MIGRATION, unseen)
    home, extra, pairs, sources, complete = optimal_histories(
        parent, order, here, below, cost, PER_MIGRATION, unseen, root, MAX_LABELLINGS, MAX_VISITS
    )
    wide = any(int(x).bit_count() > MAX_ALL_SUBSETS for x in below[:n])
    found = tuple(_history(parent, h, e, here) for h, e in zip(home, extra, strict=True))
    return Histories((int(cost[n, root]), int(pairs), int(sources)), found, bool(complete) and not wide)


def price_of_unseen(n_site: int, root_site: int | None, n_root_samples: int) -> NDArray[np.int64]:
    """Return the price per site of a clone that lived there without being seen: (M,), with a free site M added when
    the primary was not sequenced."""
    if root_site is None:
        return np.array([PER_UNSEEN] * n_site + [0])
    out = np.full(n_site, PER_UNSEEN)
    out[root_site] = (0, PER_UNSEEN_ONE_BIOPSY, PER_UNSEEN)[min(n_root_samples, 2)]
    return out


def _history(
    parent: NDArray[np.int64], home: NDArray[np.int8], extra: NDArray[np.int64], here: NDArray[np.bool_]
) -> History:
    """One labelling in full: the sites its clones were in, and the children that went by themselves."""
    moves: list[tuple[int, int, int]] = []
    top = len(parent) - 1
    for u in range(top + 1):
        s = int(home[u])
        inside = {int(t) for t in np.flatnonzero(here[u])} | {t for t in range(here.shape[1]) if int(extra[u]) >> t & 1}
        children = [int(home[v]) for v in np.flatnonzero(parent == u)]
        direct = [t for t in children if t not in inside and t != s]
        moves += [(s, t, u if u < top else -1) for t in sorted([*(inside - {s}), *direct])]
    return History(tuple(int(x) for x in home[:top]), tuple(moves))
