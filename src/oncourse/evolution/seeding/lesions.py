"""How each lesion was seeded, with probabilities over trees, presence of clones and equally short histories."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.seeding.migration import (
    MAX_LABELLINGS,
    MAX_SITES,
    MAX_VISITS,
    PER_MIGRATION,
    Histories,
    History,
    parsimonious_histories,
    price_of_unseen,
)
from oncourse.evolution.trees.posterior import MIN_SD, TreePosterior
from oncourse.stats.rng import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

UNKNOWN = -1
"""Source of a lesion that came from a site not sampled (the primary, when it was not sequenced)."""
MIGRATION_LOG_PRIOR = -2.0
"""Log prior of each further migration: a history with one more is about 7 times less likely."""
RETURN_LOG_PRIOR = -1.5
"""Log prior of a history in which cells of a metastasis come back to the primary: rare, and easily mistaken for an
ancestor that the samples of the primary happen not to show."""
MIN_FRACTION = 0.02
"""Cells of a clone below this share of a sample do not count as presence."""


@dataclass(frozen=True)
class LesionSeeding:
    """How one lesion was seeded.

    Attributes
    ----------
    site : index of the lesion
    source : its most probable source, `UNKNOWN` for a site that was not sampled; p_source its probability
    sources : every source it may have -> probability; their sum is p_seeded
    p_seeded : probability that it received cells from elsewhere at all (below 1 for the primary)
    p_polyclonal : probability that more than one clone founded it, given that it was seeded
    p_polyphyletic : probability that its founders do not lie on one line of descent, given that it was seeded
    seeds : clone -> probability that it was among the founders
    """

    site: int
    source: int
    p_source: float
    p_seeded: float
    p_polyclonal: float
    p_polyphyletic: float
    seeds: dict[int, float]
    sources: dict[int, float]


@dataclass(frozen=True)
class SeedingPosterior:
    """Seeding of one patient's lesions.

    Attributes
    ----------
    lesions : one per site
    p_edge : (source, target) -> probability of at least one migration; source `UNKNOWN` as above
    patterns : name of the migration pattern (see `migration.pattern_of`) -> probability
    best_tree, best_home, best_migrations : the single most probable history: index into the posterior's trees, home
        of each clone, (source, target, clone) per migration; clone -1 is the root
    n_history : different (tree, presence) pairs looked at
    p_descends : shape (M, M), probability that migrations lead from site i, over any number of steps, to site j, rather
        than that a clone of both lived unseen in the primary
    p_possible : shape (M, M), probability that all founders of site j were also in site i: whatever the shortest
    history
        says, they may have come from there
    p_parallel : shape (M, M), probability that neither descends from the other, nor may have
    p_linear : shape (M, M), probability that one descends from the other; the rest of 1 cannot be told
    """

    lesions: tuple[LesionSeeding, ...]
    p_edge: dict[tuple[int, int], float]
    patterns: dict[str, float]
    best_tree: int
    best_home: tuple[int, ...]
    best_migrations: tuple[tuple[int, int, int], ...]
    n_history: int
    p_descends: FloatArray
    p_possible: FloatArray
    p_parallel: FloatArray
    p_linear: FloatArray


def own_presence(
    tree: IntArray, mean: FloatArray, var: FloatArray, spike: float, min_fraction: float = MIN_FRACTION
) -> FloatArray:
    """Return shape (K, S): probability that cells of exactly this clone make up at least ``min_fraction``.

    The model of `trees`: the clone's own cells are zero with chance ``spike``, else uniform; measured with a normal
    error. Samples where the clone was not looked at (variance 0) give 0.

    Examples
    --------
    A parent at 1.0 whose only child is at 0.5, and one whose child takes it all:

    >>> tree, var = np.array([-1, 0]), np.full((2, 2), 0.0004)
    >>> own_presence(tree, np.array([[1.0, 1.0], [0.5, 1.0]]), var, 0.5).round(2)[0].tolist()
    [1.0, 0.02]
    """
    from oncourse.evolution.seeding._seeding_kernels import own_presence as kernel

    mean, var = np.asarray(mean, float), np.asarray(var, float)
    return np.asarray(kernel(np.asarray(tree, np.int64), mean, var, spike, min_fraction))


def seeding_posterior(
    posterior: TreePosterior,
    mean: FloatArray,
    var: FloatArray,
    site_of_sample: IntArray,
    *,
    root_site: int | None,
    seed: int = 1,
    name: str = "seeding",
    min_sd: float = MIN_SD,
    draws: int = 100,
    with_history: bool = True,
) -> SeedingPosterior:
    """Return how every lesion was seeded.

    Parameters
    ----------
    posterior : trees of the patient's clones
    mean, var, min_sd : as given to `trees.fit_trees`
    site_of_sample : shape (S,), lesion of each sample, 0..M-1; -1 for blood, which belongs to no lesion
    root_site : the primary, None when it was not sequenced
    draws : draws over trees and presence; each is weighed by its parsimony
    with_history : find the single most probable history as well; False leaves it empty

    Raises
    ------
    ValueError : no sample belongs to a lesion
    """
    from oncourse.evolution.seeding._seeding_kernels import draw_presence, least_costs, tally

    sites = np.asarray(site_of_sample, np.int64)
    n_site = int(sites.max()) + 1 if len(sites) else 0
    if n_site < 1:
        raise ValueError("no sample belongs to a lesion")
    n_root = int((sites == root_site).sum()) if root_site is not None else 0
    known = np.where(var > 0, var + min_sd**2, 0.0)
    pick = np.searchsorted(np.cumsum(posterior.probability), (np.arange(draws) + 0.5) / draws).clip(
        0, len(posterior.trees) - 1
    )
    uniform = generator(seed, name).random((draws, posterior.n_clone, n_site))
    trees = np.ascontiguousarray(posterior.trees, np.int64)
    drawn = draw_presence(trees, pick, uniform, np.asarray(mean, float), known, posterior.spike, MIN_FRACTION, sites)
    # the same tree with the same presence counts as often as it was drawn
    first, which = distinct_rows(np.hstack([pick[:, None] >> 8, pick[:, None] & 255, drawn.reshape(draws, -1)]))
    times = np.bincount(which)
    of_tree, present = pick[first], drawn[first]
    price = price_of_unseen(n_site, root_site, n_root)
    if len(price) > MAX_SITES:
        raise ValueError(f"{len(price)} lesions, at most {MAX_SITES} can be searched")
    root = n_site if root_site is None else root_site
    cost = least_costs(trees[of_tree], present, PER_MIGRATION, price, root)
    log_weight = np.log(times) + MIGRATION_LOG_PRIOR * cost / PER_MIGRATION
    share = np.exp(log_weight - log_weight.max())
    share /= share.sum()
    counted = tally(
        trees[of_tree],
        present,
        share,
        n_site,
        PER_MIGRATION,
        price,
        root,
        np.exp(RETURN_LOG_PRIOR),
        MAX_LABELLINGS,
        MAX_VISITS,
    )
    best = int(np.argmax(counted[0]))
    histories = None
    if with_history:
        histories = parsimonious_histories(
            posterior.trees[of_tree[best]], present[best], root_site=root_site, n_root_samples=n_root
        )
    found = _summary(counted, histories, int(of_tree[best]), len(of_tree), n_site)
    # a way between metastases stands against clones that lived unseen in the primary, at its price
    known = 1 / (1 + np.exp(MIGRATION_LOG_PRIOR * price[root] / PER_MIGRATION))
    return replace(found, p_descends=found.p_descends * known, p_linear=found.p_linear * known)


def distinct_rows(rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return the first of each kind of rows (n, m) of numbers 0-255, in their order, and the kind of each row (n,).

    Examples
    --------
    >>> first, which = distinct_rows(np.array([[2, 0], [1, 1], [2, 0]]))
    >>> first.tolist(), which.tolist()
    ([1, 0], [1, 0, 1])
    """
    packed = np.ascontiguousarray(rows, np.uint8)
    keys = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]  # compared byte by byte
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return first, which


def _summary(
    counted: tuple[FloatArray, ...], histories: Histories | None, best_tree: int, n_history: int, n_site: int
) -> SeedingPosterior:
    """Put the sums of `_seeding_kernels.tally` into words; histories: those of the most probable tree and presence."""
    from oncourse.evolution.seeding._seeding_kernels import PATTERNS

    (
        _,
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
    ) = counted
    n_clone = founders.shape[1] - 1
    # of equally short histories the one whose moves are made most often in all of them
    history = History((), ())
    if histories is not None:
        history = max(
            histories.histories, key=lambda h: sum(founders[m, c] + ways[s, m] for s, m, c in set(h.migrations))
        )
    lesions = []
    for m in range(n_site):
        place = int(np.argmax(sources[m].round(9)))  # 0: not sampled, of equals the first
        total = seeded[m] or 1.0
        seeds = {(c if c < n_clone else -1): float(founders[m, c]) for c in np.flatnonzero(founders[m]).tolist()}
        lesions.append(
            LesionSeeding(
                m,
                place - 1,
                min(1.0, float(sources[m, place])),
                min(1.0, float(seeded[m])),
                min(1.0, float(polyclonal[m] / total)),
                min(1.0, float(polyphyletic[m] / total)),
                dict(sorted(seeds.items())),
                {i - 1: float(sources[m, i]) for i in np.flatnonzero(sources[m]).tolist()},
            )
        )
    edges = {(UNKNOWN if s >= n_site else s, t): min(1.0, float(ways[s, t])) for s, t in np.argwhere(ways > 0).tolist()}
    order = sorted((i for i in range(len(PATTERNS)) if patterns[i] > 0), key=lambda i: -patterns[i])
    return SeedingPosterior(
        lesions=tuple(lesions),
        p_edge=dict(sorted(edges.items())),
        patterns={PATTERNS[i]: min(1.0, float(patterns[i])) for i in order},
        best_tree=best_tree,
        best_home=history.home,
        best_migrations=tuple((UNKNOWN if s >= n_site else s, m, c) for s, m, c in history.migrations),
        n_history=n_history,
        p_descends=descends.clip(0, 1),
        p_possible=possible.clip(0, 1),
        p_parallel=parallel.clip(0, 1),
        p_linear=linear.clip(0, 1),
    )
