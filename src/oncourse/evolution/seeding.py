"""How each lesion was seeded, with probabilities over trees, presence of clones and equally short histories."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.migration import PER_MIGRATION, Histories, parsimonious_histories
from oncourse.evolution.trees import MIN_SD, TreePosterior, ancestors
from oncourse.stats.rng import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

UNKNOWN = -1
"""Source of a lesion that came from a site not sampled (the primary, when it was not sequenced)."""
MIGRATION_LOG_PRIOR = -2.0
"""Log prior of each further migration: a history with one more is about 7 times less likely."""
MIN_FRACTION = 0.02
"""Cells of a clone below this share of a sample do not count as presence."""


@dataclass(frozen=True)
class LesionSeeding:
    """How one lesion was seeded.

    Attributes
    ----------
    site : index of the lesion
    source : its most probable source, `UNKNOWN` for a site that was not sampled; p_source its probability
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
    p_descends : shape (M, M), probability that migrations lead from site i, over any number of steps, to site j
    p_parallel : shape (M, M), probability that neither descends from the other
    """

    lesions: tuple[LesionSeeding, ...]
    p_edge: dict[tuple[int, int], float]
    patterns: dict[str, float]
    best_tree: int
    best_home: tuple[int, ...]
    best_migrations: tuple[tuple[int, int, int], ...]
    n_history: int
    p_descends: FloatArray
    p_parallel: FloatArray


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
    from scipy.stats import norm

    known = var > 0
    own = np.where(known, mean, 0.0)
    spread = np.where(known, var, 0.0)
    for k, p in enumerate(tree):
        if p >= 0:
            own[p] -= np.where(known[k], mean[k], 0.0)
            spread[p] += var[k]
    sd = np.sqrt(np.maximum(spread, 1e-10))
    at_zero = np.log(spike) + norm.logpdf(own / sd) - np.log(sd)
    above = np.log1p(-spike) + norm.logcdf(own / sd)
    p_any = 1 / (1 + np.exp(np.clip(at_zero - above, -700, 700)))
    enough = np.exp(np.minimum(norm.logcdf((own - min_fraction) / sd) - norm.logcdf(own / sd), 0.0))
    return np.where(known, p_any * enough, 0.0)


def _seen_somewhere(tree: IntArray, present: NDArray[np.bool_], probability: FloatArray) -> NDArray[np.bool_]:
    """A clone without children was seen somewhere, else it would not be known: at least its most probable site.

    So has every site some clone: its most probable one.
    """
    out = present.copy()
    for k in np.setdiff1d(np.arange(len(tree)), tree):
        if not out[k].any():
            out[k, int(np.argmax(probability[k]))] = True
    for m in range(out.shape[1]):
        if not out[:, m].any() and probability[:, m].max() > 0:
            out[int(np.argmax(probability[:, m])), m] = True
    return out


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
) -> SeedingPosterior:
    """Return how every lesion was seeded.

    Parameters
    ----------
    posterior : trees of the patient's clones
    mean, var, min_sd : as given to `trees.fit_trees`
    site_of_sample : shape (S,), lesion of each sample, 0..M-1; -1 for blood, which belongs to no lesion
    root_site : the primary, None when it was not sequenced
    draws : draws over trees and presence; each is weighed by its parsimony

    Raises
    ------
    ValueError : no sample belongs to a lesion
    """
    sites = np.asarray(site_of_sample)
    n_site = int(sites.max()) + 1 if len(sites) else 0
    if n_site < 1:
        raise ValueError("no sample belongs to a lesion")
    tissue = sites >= 0
    n_root = int((sites == root_site).sum()) if root_site is not None else 0
    var = np.where(var > 0, var + min_sd**2, 0.0)
    rng = generator(seed, name)
    pick = np.searchsorted(np.cumsum(posterior.probability), (np.arange(draws) + 0.5) / draws).clip(
        0, len(posterior.trees) - 1
    )
    uniform = rng.random((draws, posterior.n_clone, n_site))
    presence: dict[int, FloatArray] = {}
    found: dict[tuple[int, bytes], tuple[Histories, NDArray[np.bool_]]] = {}
    weight: Counter[tuple[int, bytes]] = Counter()
    for i, t in enumerate(pick):
        t = int(t)
        if t not in presence:
            own = own_presence(posterior.trees[t], mean[:, tissue], var[:, tissue], posterior.spike)
            at = sites[tissue]
            presence[t] = np.stack([1 - np.prod(1 - own[:, at == m], axis=1) for m in range(n_site)], 1)
        present = _seen_somewhere(posterior.trees[t], presence[t] > uniform[i], presence[t])
        key = (t, present.tobytes())
        if key not in found:
            found[key] = (
                parsimonious_histories(
                    posterior.trees[t], present, root_site=root_site, n_root_samples=n_root
                ),
                present,
            )
        weight[key] += 1
    keys = sorted(found)
    log_weight = np.array(
        [np.log(weight[k]) + MIGRATION_LOG_PRIOR * found[k][0].score[0] / PER_MIGRATION for k in keys]
    )
    share = np.exp(log_weight - log_weight.max())
    share /= share.sum()
    return _summary(posterior, [(k[0], found[k][0]) for k in keys], share, n_site)


def _summary(
    posterior: TreePosterior, found: list[tuple[int, Histories]], share: FloatArray, n_site: int
) -> SeedingPosterior:
    p_edge: defaultdict[tuple[int, int], float] = defaultdict(float)
    patterns: defaultdict[str, float] = defaultdict(float)
    sources: list[defaultdict[int, float]] = [defaultdict(float) for _ in range(n_site)]
    seeds: list[defaultdict[int, float]] = [defaultdict(float) for _ in range(n_site)]
    seeded, polyclonal, polyphyletic = np.zeros(n_site), np.zeros(n_site), np.zeros(n_site)
    descends, parallel = np.zeros((n_site, n_site)), np.zeros((n_site, n_site))
    above_of: dict[int, NDArray[np.bool_]] = {}
    for (t, histories), w_tree in zip(found, share, strict=True):
        if t not in above_of:
            above_of[t] = ancestors(posterior.trees[t])
        w = float(w_tree) / len(histories.histories)
        for history in histories.histories:
            patterns[history.pattern] += w
            moves = {(UNKNOWN if s >= n_site else s, m, c) for s, m, c in history.migrations}
            reach = _reach({(s, m) for s, m, _ in moves if s >= 0}, n_site)
            descends += w * reach
            parallel += w * ~(reach | reach.T)
            for edge in {(s, m) for s, m, _ in moves}:
                p_edge[edge] += w
            for m in range(n_site):
                founders = sorted({c for _, target, c in moves if target == m})
                if not founders:
                    continue
                seeded[m] += w
                by_source = Counter(s for s, target, _ in moves if target == m)
                sources[m][min(by_source, key=lambda s: (-by_source[s], s))] += w
                for c in founders:
                    seeds[m][c] += w
                polyclonal[m] += w * (len(founders) > 1)
                polyphyletic[m] += w * (not _on_one_line(founders, above_of[t]))
    best = int(np.argmax(share))
    # of equally short histories the one whose moves are made most often in all of them
    history = max(
        found[best][1].histories,
        key=lambda h: sum(
            seeds[m][c] + p_edge[UNKNOWN if s >= n_site else s, m] for s, m, c in set(h.migrations)
        ),
    )
    lesions = []
    for m in range(n_site):
        source, p_source = max(
            sources[m].items(), key=lambda x: (round(x[1], 9), -x[0]), default=(UNKNOWN, 0.0)
        )
        total = seeded[m] or 1.0
        lesions.append(
            LesionSeeding(
                m, source, min(1.0, float(p_source)), min(1.0, float(seeded[m])),
                min(1.0, float(polyclonal[m] / total)), min(1.0, float(polyphyletic[m] / total)),
                {c: float(p) for c, p in sorted(seeds[m].items())},
            )
        )  # fmt: skip
    return SeedingPosterior(
        lesions=tuple(lesions),
        p_edge={k: min(1.0, float(v)) for k, v in sorted(p_edge.items())},
        patterns={k: min(1.0, float(v)) for k, v in sorted(patterns.items(), key=lambda x: -x[1])},
        best_tree=found[best][0],
        best_home=history.home,
        best_migrations=tuple((UNKNOWN if s >= n_site else s, m, c) for s, m, c in history.migrations),
        n_history=len(found),
        p_descends=descends.clip(0, 1),
        p_parallel=parallel.clip(0, 1),
    )


def _reach(edges: set[tuple[int, int]], n_site: int) -> NDArray[np.bool_]:
    """Return shape (M, M): do migrations lead from i to j over any number of steps?"""
    reach = np.zeros((n_site, n_site), bool)
    for s, m in edges:
        reach[s, m] = True
    for k in range(n_site):
        reach |= reach[:, [k]] & reach[[k], :]
    return reach


def _on_one_line(clones: list[int], above: NDArray[np.bool_]) -> bool:
    """Is of every two clones one the ancestor of the other? -1, the root, is above all."""
    real = [c for c in clones if c >= 0]
    return all(above[a, b] or above[b, a] for i, a in enumerate(real) for b in real[i + 1 :])
