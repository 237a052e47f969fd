"""Seeding that survives leaving out any clone: a cluster may be none, and a lesion must not be founded by it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.seeding.lesions import SeedingPosterior, distinct_rows, seeding_posterior
from oncourse.evolution.trees.posterior import TreePosterior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SMALL, SMALL_SHARE = 5, 0.01
"""A clone of fewer variants, or of a smaller share of all, founds no lesion alone; nor one on a single chromosome."""
P_SMALL, P_TINY, TINY = 0.7, 0.8, 3
"""Chance that such a cluster (one of fewer than `TINY` variants) is no clone. A choice: one decides nothing, two
may."""
P_ANY = 0.02
"""The same of every other cluster: no call is certain."""
P_UNSEEN = 0.01
"""Least chance of either answer: a founder that no cluster shows, or that is none. A choice."""
LEFT_OUT_TOGETHER = 0.3
"""Clusters with this chance or more are left out together, too."""


def doubt_of_clones(
    p_no_clone: FloatArray, n_variants: IntArray, n_all: int, n_elsewhere: IntArray | None = None
) -> FloatArray:
    """Return shape (K,): the chance that each cluster is no clone.

    Parameters
    ----------
    p_no_clone : shape (K,), from what its variants show (`clustering.doubt`)
    n_variants : shape (K,); n_all : variants of the patient
    n_elsewhere : shape (K,), variants outside the chromosome that holds most of them; None: places are not known

    Examples
    --------
    >>> doubt_of_clones(np.zeros(3), np.array([40, 4, 8]), 80, np.array([36, 3, 0])).round(2).tolist()
    [0.02, 0.7, 0.7]
    """
    small = (n_variants < SMALL) | (n_variants < SMALL_SHARE * n_all)
    if n_elsewhere is not None:
        small |= n_elsewhere < 2
    own = np.where(small, np.where(n_variants < TINY, P_TINY, P_SMALL), P_ANY)
    return np.asarray(1 - (1 - p_no_clone) * (1 - own))


def places_elsewhere(chrom: IntArray | None, labels: IntArray, clusters: IntArray) -> IntArray | None:
    """Return shape (K,): variants of each cluster outside the chromosome that holds most of them; None: not known."""
    if chrom is None:
        return None
    counts = [np.bincount(chrom[labels == k], minlength=1) for k in clusters]
    return np.array([c.sum() - c.max() for c in counts], np.int64)


def without_clones(posterior: TreePosterior, gone: IntArray) -> TreePosterior:
    """Return the trees without some clones: children go to the nearest ancestor that stays; equal trees become one.

    Only what histories need is right in it: trees, probability, spike.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> parts = TreePosterior(np.array([[-1, 0, 1]]), np.ones(1), *[np.zeros((1, 1))] * 7, 0.5, True, 0.0)
    >>> without_clones(parts, np.array([1])).trees.tolist()
    [[-1, 0]]
    """
    n = posterior.n_clone
    kept = np.delete(np.arange(n), gone)
    is_out = np.zeros(n + 1, np.bool_)  # the last is that of -1, the root
    is_out[gone] = True
    rank = np.full(n + 1, -1)
    rank[kept] = np.arange(len(kept))
    trees = np.asarray(posterior.trees, np.int64).copy()
    for _ in range(len(gone)):
        row = np.arange(len(trees))[:, None]
        trees = np.where(is_out[trees], trees[row, trees], trees)
    short = rank[trees[:, kept]]
    first, which = distinct_rows(short + 1)
    probability = np.bincount(which, posterior.probability, len(first)).astype(np.float64)
    order = np.argsort(-probability, kind="stable")
    return replace(posterior, trees=short[first[order]], probability=probability[order])


def robust_seeding(
    posterior: TreePosterior,
    mean: FloatArray,
    var: FloatArray,
    site_of_sample: IntArray,
    doubt: FloatArray,
    *,
    root_site: int | None,
    fit: Callable[[IntArray], TreePosterior] | None = None,
    seed: int = 1,
    name: str = "seeding",
) -> SeedingPosterior:
    """Return `seeding_posterior` averaged over which clusters are clones.

    Each clone is left out in turn, and all that are in doubt together; the histories of each set weigh as probable as
    it is that just these are none.

    Parameters
    ----------
    doubt : shape (K,), chance that each is no clone (`doubt_of_clones`); else as there
    fit : the trees of some clones alone, fitted without all that are in doubt together: those of all clones were bent
        to hold what is none; None: these are cut from them
    """
    n = posterior.n_clone
    whole = seeding_posterior(posterior, mean, var, site_of_sample, root_site=root_site, seed=seed, name=name)
    if n < 2:
        return mixed([whole], np.ones(1))
    alive = np.prod(1 - doubt)
    sets = [(np.array([k]), float(doubt[k] / max(1 - doubt[k], 1e-9) * alive)) for k in range(n) if doubt[k] < 1]
    together = np.flatnonzero(doubt >= LEFT_OUT_TOGETHER)
    rest = max(0.0, 1 - float(alive) - sum(w for _, w in sets))
    if 1 < len(together) < n:
        sets.append((together, rest))
    parts, weights = [whole], [float(alive)]
    for gone, weight in sets:
        if weight < MIN_WEIGHT:
            continue
        kept = np.delete(np.arange(n), gone)
        found = seeding_posterior(
            without_clones(posterior, gone) if fit is None or len(gone) < 2 else fit(kept),
            mean[kept],
            var[kept],
            site_of_sample,
            root_site=root_site,
            seed=seed,
            name=name,
            with_history=False,
        )
        parts.append(_renamed(found, kept))
        weights.append(weight)
    return mixed(parts, np.array(weights) / sum(weights))


MIN_WEIGHT = 0.003
"""Sets less probable than this are not looked at."""


def _renamed(found: SeedingPosterior, kept: IntArray) -> SeedingPosterior:
    """Give the clones their numbers among all."""
    lesions = tuple(
        replace(x, seeds={int(kept[c]) if c >= 0 else c: p for c, p in x.seeds.items()}) for x in found.lesions
    )
    return replace(found, lesions=lesions)


def _doubted(probability: float) -> float:
    """Return a probability that stays `P_UNSEEN` away from certainty."""
    return float(np.clip(probability, P_UNSEEN, 1 - P_UNSEEN))


def mixed(parts: list[SeedingPosterior], weights: FloatArray) -> SeedingPosterior:
    """Average the probabilities, none of them certain; the single best history is that of all clones."""
    first = parts[0]

    def named(tables: list[dict]) -> dict:  # type: ignore[type-arg]
        keys = sorted({k for t in tables for k in t})
        return {k: float(weights @ [t.get(k, 0.0) for t in tables]) for k in keys}

    lesions = []
    for i, lesion in enumerate(first.lesions):
        same = [p.lesions[i] for p in parts]
        sources = named([x.sources for x in same])
        source = max(sources, key=lambda s: (round(sources[s], 9), s == lesion.source), default=lesion.source)
        lesions.append(
            replace(
                lesion,
                source=source,
                p_source=min(sources.get(source, 0.0), 1 - P_UNSEEN),
                p_polyclonal=_doubted(float(weights @ [x.p_polyclonal for x in same])),
                p_polyphyletic=_doubted(float(weights @ [x.p_polyphyletic for x in same])),
                seeds=named([x.seeds for x in same]),
                sources=sources,
            )
        )
    patterns = named([p.patterns for p in parts])
    return replace(
        first,
        lesions=tuple(lesions),
        p_edge={k: min(p, 1 - P_UNSEEN) for k, p in named([p.p_edge for p in parts]).items()},
        patterns={k: min(p, 1 - P_UNSEEN) for k, p in sorted(patterns.items(), key=lambda kv: -kv[1])},
        p_descends=np.tensordot(weights, [p.p_descends for p in parts], 1).clip(0, 1 - P_UNSEEN),
        p_possible=np.tensordot(weights, [p.p_possible for p in parts], 1),
        p_parallel=np.tensordot(weights, [p.p_parallel for p in parts], 1).clip(0, 1 - P_UNSEEN),
        p_linear=np.tensordot(weights, [p.p_linear for p in parts], 1).clip(0, 1 - P_UNSEEN),
    )
