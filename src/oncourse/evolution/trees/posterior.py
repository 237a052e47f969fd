"""All trees of a patient's clones that the sum rule allows, with their probabilities.

A clone's cells include those of its descendants, so in every sample a parent's CCF is at least the sum of its
children's (F = Z eta, eta >= 0, sum eta = 1). The score of a tree is the log of the integral over all such F of their
likelihood, where a clone's own cells eta are zero with chance ``spike`` (a clone is often absent from a sample, or
replaced by a descendant), else uniform: exact by messages from the leaves to the root on a grid of F. ``spike`` is
learned from the patient. Few clones: every tree is scored, screened by a quick score that takes node by node (the own
cells of each have a normal error, as if independent). More: Markov chains (subtree moves, one node with adoption,
swaps) in which the quick score screens and the exact one decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncourse.stats.rng import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MAX_EXACT = 10
"""Up to this many clones every tree is looked at, unless more than `MAX_VISITS` partial trees must be."""
MAX_VISITS = 300_000
MAX_SCORED = 20_000
"""Most trees that are given their exact score; beyond, Markov chains run."""
MIN_SD = 0.002
"""Least standard error of a CCF. Chosen on fresh simulations of the kind of Pairtree's (K 3-30, S 1-10, depth
50-1000)."""
WIDE_SHARE = 0.3
"""Share of the CCFs of clones that are further off than counts say (mixed clusters, a wrong copy number)."""
SPIKES = np.array([0.05, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.87, 0.93])
KEPT_MARGIN = 14.0
"""Trees this much below the best log score (a millionth of its probability) are left out."""


@dataclass(frozen=True)
class TreePosterior:
    """What is known of one patient's tree. Clone k is row k; parent -1 is the root (all tumour cells).

    Attributes
    ----------
    trees : shape (n_tree, K), parent of each clone, the most probable tree first
    probability : shape (n_tree,), sums to 1
    edge_support : shape (K + 1, K), chance that row p - 1 is the parent of clone k; row 0 is the root
    ancestor : shape (K, K), chance that clone i is an ancestor of clone j
    ccf : shape (K, S), CCF fitted on the best tree: obeys the sum rule exactly
    fraction, fraction_low, fraction_high : shape (K, S), cells of exactly this clone: fit on the best tree, and 5 %
        and 95 % points over trees and counts
    drawn : shape (100, K, S), cells of exactly each clone drawn over trees and counts; each draw obeys the sum rule
    spike : learned chance that a clone has no cells of its own in a sample
    is_exact : every tree was scored (else two Markov chains)
    disagreement : greatest difference of an edge's support between two independent chains; 0 when exact
    """

    trees: IntArray
    probability: FloatArray
    edge_support: FloatArray
    ancestor: FloatArray
    ccf: FloatArray
    fraction: FloatArray
    fraction_low: FloatArray
    fraction_high: FloatArray
    drawn: FloatArray
    spike: float
    is_exact: bool
    disagreement: float

    @property
    def n_clone(self) -> int:
        return int(self.trees.shape[1])


def moments_from_counts(alt: FloatArray, depth: FloatArray, read_prob: float = 0.5) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the CCF of clusters from pooled counts; variance 0 where there are none.

    Parameters
    ----------
    alt, depth : shape (K, S), variant and all reads summed over the cluster's variants
    read_prob : chance that a read of a mutated cell shows the variant (0.5: pure, diploid, heterozygous)

    Examples
    --------
    >>> mean, var = moments_from_counts(np.array([[50.0]]), np.array([[100.0]]))
    >>> round(float(mean[0, 0]), 2), round(float(var[0, 0]) ** 0.5, 2)
    (1.0, 0.1)
    """
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    p = (alt + 0.5) / (depth + 1)
    return p / read_prob, np.where(depth > 0, p * (1 - p) / (depth + 2) / read_prob**2, 0.0)


def moments_from_grid(log_lik: FloatArray, grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the CCF of clusters from log-likelihoods on a grid (K, S, G).

    The first grid point is taken as CCF 0 and the last as 1. A flat likelihood (no member was looked at) gives
    variance 0, the sign for "not known".
    """
    log_lik, grid = np.asarray(log_lik, float), np.asarray(grid, float)
    top = log_lik.max(-1, keepdims=True)
    width = np.gradient(grid)
    density = np.exp(log_lik - top) * width
    density /= density.sum(-1, keepdims=True)
    mean = density @ grid
    # a spread below the grid's step cannot be seen; half a step is the least that is claimed
    step = (density @ width) / np.sqrt(12)
    var = np.maximum((density * (grid - mean[..., None]) ** 2).sum(-1), step**2)
    flat = (top[..., 0] - log_lik.min(-1)) < 1e-9
    return mean, np.where(flat, 0.0, var)


def with_ccf_error(mean: FloatArray, var: FloatArray, relative: float, least_ccf: float = 0.2) -> FloatArray:
    """Return the variance with an error in proportion to the CCF, as wrong purity or copy number make it.

    Near zero the error is that of ``least_ccf``, so that absence stays sharp; variance 0 (not looked at) stays 0.

    Examples
    --------
    >>> with_ccf_error(np.array([[1.0, 0.0]]), np.array([[1e-4, 0.0]]), 0.1).round(4).tolist()
    [[0.0101, 0.0]]
    """
    return np.where(var > 0, var + (relative * np.maximum(mean, least_ccf)) ** 2, 0.0)


def ancestors(tree: IntArray) -> NDArray[np.bool_]:
    """Return shape (K, K): is i an ancestor of j (a clone is none of itself).

    Examples
    --------
    >>> ancestors(np.array([-1, 0, 1])).astype(int).tolist()
    [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    """
    n = len(tree)
    out = np.zeros((n, n), bool)
    for k in range(n):
        p = int(tree[k])
        while p >= 0:
            out[p, k] = True
            p = int(tree[p])
    return out


def sum_rule_fit(tree: IntArray, mean: FloatArray, var: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (F, eta), shapes (K, S): the weighted least-squares CCFs that obey the sum rule on this tree, and cells
    of exactly each clone. Entries with variance 0 are free.

    Examples
    --------
    >>> ccf, own = sum_rule_fit(np.array([-1, 0, 0]), np.array([[1.0], [0.7], [0.5]]), np.full((3, 1), 0.01))
    >>> ccf.round(2).ravel().tolist(), own.round(2).ravel().tolist()
    ([1.0, 0.6, 0.4], [0.0, 0.6, 0.4])
    """
    from oncourse.evolution.trees._tree_kernels import project

    n, n_sample = mean.shape
    parent = np.concatenate([[-1], np.asarray(tree, np.int64) + 1])
    # a clone that was not looked at costs nothing: it takes what its children need
    full_mean = np.vstack([np.ones((1, n_sample)), np.where(var > 0, mean, 0.0)])
    weight = np.vstack([np.ones((1, n_sample)), 1.0 / np.where(var > 0, np.maximum(var, 1e-10), 1e8)])
    ccf = np.clip(project(parent, full_mean, weight), 0.0, 1.0)
    own = ccf.copy()
    for k in range(1, n + 1):
        own[parent[k]] -= ccf[k]
    return ccf[1:], np.clip(own[1:], 0.0, 1.0)


def fit_trees(
    mean: FloatArray,
    var: FloatArray,
    *,
    wide: FloatArray | None = None,
    counts: tuple[FloatArray, FloatArray] | None = None,
    read_prob: float = 0.5,
    seed: int = 1,
    name: str = "trees",
    min_sd: float = MIN_SD,
    root_branch: float = -3.0,
    steps_per_clone: int = 16000,
    max_trees: int = 400,
) -> TreePosterior:
    """Return the posterior over the trees of K clones seen in S samples.

    Parameters
    ----------
    mean, var : shape (K, S), CCF of each clone and its variance; variance 0 says "not looked at there"
    wide : shape (K, S), variance that holds instead in `WIDE_SHARE` of cases; None: ``var`` always holds
    counts : alt and depth, shape (K, S) each, summed over the clone's variants: the likelihood of a CCF is then
    binomial
        with ``read_prob`` (see `moments_from_counts`, whose mean and variance belong to it); None: normal, which is
        poor for few reads. Not together with ``wide``
    min_sd : error of a CCF that counts do not show (purity, copy number), added in quadrature; not to ``counts``
    root_branch : log prior of each child of the root past the first (a tumour of several origins is rare: -3 is 5 %)
    steps_per_clone : length of each of two Markov chains, per clone
    max_trees : trees kept; where more are plausible, this many are drawn in proportion

    Returns
    -------
    TreePosterior; its numbers do not depend on the order of samples, and clones may be in any order
    """
    mean, var = np.asarray(mean, float), np.asarray(var, float)
    if mean.ndim != 2 or mean.shape != var.shape or mean.shape[0] == 0:
        raise ValueError(f"mean and var must both be clones x samples, not {mean.shape} and {var.shape}")
    if counts is not None and wide is not None:
        raise ValueError("counts say what the error is; wide cannot be given with them")
    # canonical order of clones and samples: relabelled input gives the same numbers
    columns = np.lexsort(mean[np.argsort(-mean.sum(1), kind="stable")][::-1])
    rows = np.lexsort(np.vstack([mean.T[columns][::-1], -mean.mean(1)]))
    known = np.where(var > 0, var + min_sd**2, 0.0)
    ranked_mean = np.vstack([np.ones((1, mean.shape[1])), mean[np.ix_(rows, columns)]])
    ranked_var = np.vstack([np.zeros((1, mean.shape[1])), known[np.ix_(rows, columns)]])
    rng = generator(seed, name)
    grid = likelihood_grid(ranked_mean, ranked_var)
    if wide is not None:
        far = np.where(known > 0, np.asarray(wide, float) + min_sd**2, 0.0)
        ranked_far = np.vstack([np.zeros((1, mean.shape[1])), far[np.ix_(rows, columns)]])
        grid = likelihood_grid(ranked_mean, ranked_var, ranked_far)
        ranked_var = (1 - WIDE_SHARE) * ranked_var + WIDE_SHARE * ranked_far
    if counts is not None:
        alt, depth = (np.asarray(x, float)[np.ix_(rows, columns)] for x in counts)
        grid = binomial_grid(alt, depth, read_prob, grid[0].shape[2])
    start, spike = _start(ranked_mean, ranked_var, grid, root_branch, rng)
    model = (ranked_mean, ranked_var, *grid, spike, root_branch)
    found = None
    if len(rows) <= MAX_EXACT:
        found = _enumerate(model, start)
    is_exact = found is not None
    trees, weight, disagreement = found or _sample(model, start, rng, steps_per_clone)
    position = np.argsort(rows)  # clone -> rank
    back = np.concatenate([[-1], rows])  # node of a rank -> clone, -1 the root
    trees = back[trees[:, 1:][:, position]]
    order = np.lexsort(np.vstack([trees.T[::-1], -weight.round(12)]))
    trees, weight = trees[order], weight[order]
    support, above = _supports(trees, weight)
    trees, weight = _thin(trees, weight, max_trees)
    ccf, own = sum_rule_fit(trees[0], mean, known)
    drawn = _draw(trees, weight, mean, known, generator(seed, f"{name}/fraction"), 100)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    return TreePosterior(
        trees,
        weight,
        support,
        above,
        ccf,
        own,
        np.minimum(low, own),
        np.maximum(high, own),
        drawn,
        spike,
        is_exact,
        disagreement,
    )


Grid = tuple[FloatArray, IntArray, IntArray]


def likelihood_grid(mean: FloatArray, var: FloatArray, wide: FloatArray | None = None) -> Grid:
    """Return the likelihood of every node's CCF on a grid (K + 1, S, G) and the range of points that matter.

    The step of the grid is about the tenth smallest standard error, between 1/32 and 1/256; the likelihood is widened
    by what the step hides. Row 0, the root, is not used. A variance of 0 outside the root: any CCF is as likely.
    With ``wide`` the error is a mixture: that variance in `WIDE_SHARE` of cases.
    """
    known = (var > 0) & (mean > 0.05)
    least = float(np.quantile(np.sqrt(var[known]), 0.1)) if known.any() else 1.0
    n_grid = int(np.clip(np.ceil(1 / least), 32, 256)) + 1
    point = np.linspace(0, 1, n_grid)

    def normal(variance: FloatArray) -> FloatArray:
        spread = (np.where(var > 0, variance, 1.0) + (point[1] / np.sqrt(6)) ** 2)[..., None]
        return np.asarray(np.exp(-0.5 * (mean[..., None] - point) ** 2 / spread) / np.sqrt(spread))

    like = normal(var) if wide is None else (1 - WIDE_SHARE) * normal(var) + WIDE_SHARE * normal(wide)
    top = like.max(-1, keepdims=True)
    return _bounded(np.where((var[..., None] > 0) & (top > 0), like / np.maximum(top, 1e-300), 1.0))


def _bounded(like: FloatArray) -> Grid:
    matters = like > 1e-15
    return like, matters.argmax(-1), like.shape[-1] - 1 - matters[..., ::-1].argmax(-1)


def binomial_grid(alt: FloatArray, depth: FloatArray, read_prob: float, n_grid: int) -> Grid:
    """Return what `likelihood_grid` does for binomial counts (K, S): the mean of the likelihood around each grid point.

    Examples
    --------
    Half of 400 reads: all cells; none of 400: no cells.

    >>> like, low, high = binomial_grid(np.array([[200.0], [0.0]]), np.full((2, 1), 400.0), 0.5, 33)
    >>> like[1:, 0].argmax(-1).tolist(), bool(high[2, 0] < 12)
    ([32, 0], True)
    """
    step = 1 / (n_grid - 1)
    around = np.linspace(0, 1, n_grid)[:, None] + step * ((np.arange(8) + 0.5) / 8 - 0.5)
    p = read_prob * np.clip(around, 1e-9, 1 - 1e-9)
    score = alt[..., None, None] * np.log(p) + (depth - alt)[..., None, None] * np.log1p(-p)
    like = np.exp(score - score.max((-2, -1), keepdims=True)).mean(-1)
    like /= like.max(-1, keepdims=True)
    return _bounded(np.concatenate([np.ones((1, *like.shape[1:])), like]))


def _start(
    mean: FloatArray,
    var: FloatArray,
    grid: Grid,
    root_branch: float,
    rng: np.random.Generator,
    spike: float = 0.3,
) -> tuple[IntArray, float]:
    """A good tree, and the spike of best exact evidence on it.

    The tree of best quick score where all can be searched; else insertion in the order of falling CCF, then annealing.
    The quick score's own spike is learned between three rounds.
    """
    from oncourse.evolution.trees._chain_kernels import walk
    from oncourse.evolution.trees._enumerate_kernels import enumerate_trees, node_table
    from oncourse.evolution.trees._evidence_kernels import log_evidence
    from oncourse.evolution.trees._tree_kernels import greedy, spike_responsibility, tree_score

    n = mean.shape[0]
    tree = greedy(mean, var, spike, root_branch, np.arange(1, n))
    steps = 400 * n
    temperature = np.maximum(1.0, np.linspace(4.0, 0.5, steps))
    for _ in range(3):
        if n <= MAX_EXACT + 1:
            table = node_table(mean, var, spike, root_branch)
            floor = tree_score(tree, mean, var, spike, root_branch) - 1e-9
            best, *_ = enumerate_trees(table, np.arange(1, n), floor, 1, MAX_VISITS, True)
            tree = best[0].astype(np.int64) if len(best) else tree
        else:
            uniform = rng.random((steps, 6))
            tree = walk(tree, mean, var, *grid, spike, root_branch, uniform, temperature, 1, False)[2]
        for _ in range(3):
            spike = float(np.clip(spike_responsibility(tree, mean, var, spike), 0.01, 0.95))
    # Beta(2, 2) keeps the spike of a patient with few clones and samples off the edges
    score = [log_evidence(tree, *grid, s) + np.log(s) + np.log1p(-s) for s in SPIKES]
    return tree, float(SPIKES[int(np.argmax(score))])


Model = tuple[FloatArray, FloatArray, FloatArray, IntArray, IntArray, float, float]
"""Mean, variance, likelihood grid with its two bounds, spike, log prior of a further root child."""


def _enumerate(model: Model, start: IntArray) -> tuple[IntArray, FloatArray, float] | None:
    from oncourse.evolution.trees._enumerate_kernels import enumerate_trees, node_table
    from oncourse.evolution.trees._evidence_kernels import rescore
    from oncourse.evolution.trees._tree_kernels import tree_score

    mean, var, like, low, high, spike, root_branch = model
    floor = tree_score(start, mean, var, spike, root_branch) - KEPT_MARGIN
    table = node_table(mean, var, spike, root_branch)
    trees, quick, complete = enumerate_trees(table, np.arange(1, len(table)), floor, MAX_SCORED, MAX_VISITS, False)
    if not complete or not len(trees):
        return None
    score = rescore(trees, like, low, high, spike, root_branch, quick)
    weight = np.exp(score - score.max())
    keep = weight > 1e-9
    return trees[keep].astype(np.int64), weight[keep] / weight[keep].sum(), 0.0


def _sample(
    model: Model, start: IntArray, rng: np.random.Generator, steps_per_clone: int
) -> tuple[IntArray, FloatArray, float]:
    """Two chains from the start tree, each heated first; weighed by the probability of the trees they found."""
    from oncourse.evolution.trees._chain_kernels import walk

    steps = steps_per_clone * len(start)
    temperature = np.ones(steps)
    heated = steps // 4
    temperature[:heated] = np.linspace(6.0, 1.0 + 1e-6, heated)
    chains, mass = [], []
    for _ in range(2):
        kept, score, _, _ = walk(start, *model, rng.random((steps, 6)), temperature, 1000, True)
        unique, first, count = np.unique(kept, axis=0, return_index=True, return_counts=True)
        chains.append((unique.astype(np.int64), count / count.sum()))
        mass.append(float(np.logaddexp.reduce(score[first])))
    share = np.exp(np.array(mass) - max(mass))
    share /= share.sum()
    supports = [_supports(t[:, 1:] - 1, w)[0] for t, w in chains]
    trees, inverse = np.unique(np.vstack([t for t, _ in chains]), axis=0, return_inverse=True)
    weight = np.bincount(inverse.ravel(), np.concatenate([s * w for s, (_, w) in zip(share, chains, strict=True)]))
    return trees, weight / weight.sum(), float(np.abs(supports[0] - supports[1]).max())


def _supports(trees: IntArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Edge support (K + 1, K) and ancestor probability (K, K)."""
    n = trees.shape[1]
    support = np.zeros((n + 1, n))
    for k in range(n):
        support[:, k] = np.bincount(trees[:, k] + 1, weight, minlength=n + 1)
    above = np.zeros(n * n)
    node = trees.copy()  # every clone's ancestor, one generation higher each round
    for _ in range(n):
        alive = node >= 0
        if not alive.any():
            break
        row, clone = np.nonzero(alive)
        above += np.bincount(node[row, clone] * n + clone, weight[row], minlength=n * n)
        node[row, clone] = trees[row, node[row, clone]]
    return np.minimum(support, 1.0), np.minimum(above, 1.0).reshape(n, n)


def _thin(trees: IntArray, weight: FloatArray, max_trees: int) -> tuple[IntArray, FloatArray]:
    """Keep the best half as they are and draw the rest systematically, so that expectations stay unbiased."""
    if len(trees) <= max_trees:
        return trees, weight
    head = max_trees // 2
    rest = weight[head:]
    points = (np.arange(max_trees - head) + 0.5) / (max_trees - head) * rest.sum()
    pick, count = np.unique(np.searchsorted(np.cumsum(rest), points).clip(0, len(rest) - 1), return_counts=True)
    kept = np.concatenate([weight[:head], count / count.sum() * rest.sum()])
    index = np.concatenate([np.arange(head), head + pick])
    order = np.argsort(-kept, kind="stable")
    # the best tree stays first whatever the weights drawn for the rest
    order = np.concatenate([[0], order[order != 0]])
    return trees[index][order], kept[order] / kept.sum()


def _draw(
    trees: IntArray,
    weight: FloatArray,
    mean: FloatArray,
    var: FloatArray,
    rng: np.random.Generator,
    draws: int,
) -> FloatArray:
    from oncourse.evolution.trees._tree_kernels import draw_own_cells

    points = (np.arange(draws) + 0.5) / draws * weight.sum()
    pick = np.searchsorted(np.cumsum(weight), points).clip(0, len(weight) - 1)
    noise = rng.standard_normal((draws, *mean.shape))
    return np.asarray(draw_own_cells(np.ascontiguousarray(trees, np.int64), pick, noise, mean, var))
