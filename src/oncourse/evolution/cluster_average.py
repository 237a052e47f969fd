"""Average over partitions: collapsed Gibbs, the partition of highest expected adjusted Rand index, mean CCFs.

On clinical data the most probable partition already has more evidence than the true one; what is gained comes from
averaging over the many that are nearly as good [1]_. The random numbers are fixed, not taken from the user's seed:
the answer is a function of the counts.

References
----------
.. [1] Fritsch, Ickstadt. Improved criteria for clustering based on the posterior similarity matrix. Bayesian Anal
   2009;4:367.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oncourse.evolution.cluster import (
    CONCENTRATIONS,
    OUTLIER_PRIOR,
    SPIKE_PRIOR,
    ClusterParams,
    State,
    compact,
    learn_spikes,
    log_score,
    sums_of,
)
from oncourse.evolution.cluster_summary import build, cluster_posteriors
from oncourse.evolution.clustering_types import Clustering, FloatArray, IntArray
from oncourse.stats.rng import generator

CCF_EVERY = 4
"""Sweeps between two additions to the variants' CCF posteriors (neighbouring sweeps tell little new)."""


def average_partitions(state: State, params: ClusterParams) -> Clustering:
    """Return the posterior average that starts from `state`, the most probable partition.

    Labels are the partition of highest posterior expected adjusted Rand index; assignment probabilities count how
    often a variant sat in each of its clusters; variant CCFs are mixtures over the sweeps; cluster CCFs are those of
    the chosen clusters.
    """
    kept, way, variant_post, trace = run_chains(state, params)
    best = log_score(state)
    labels = expected_rand_partition(kept, state.labels)
    p_outlier = (kept < 0).mean(axis=0)
    labels = np.where(p_outlier > 0.5, -1, labels)
    chosen = replace(
        state, absent=float(trace[:, 2].mean()), clonal=float(trace[:, 3].mean()), labels=compact(labels),
        row_of=_likely_rows(way, state),
    )  # fmt: skip
    learn_spikes(chosen)
    sums, _ = sums_of(chosen)
    post = cluster_posteriors(sums, chosen.weight)
    from oncourse.evolution import _average_kernels as kernels

    assignment = kernels.match_clusters(kept, chosen.labels, len(sums))
    return build(
        chosen, sums, post, chosen.labels, assignment, p_outlier, variant_post, way, params.level, best
    )


def run_chains(state: State, params: ClusterParams) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Return (labels per kept sweep, probability of each row, variant CCF posteriors, trace) of all chains."""
    from oncourse.evolution import _average_kernels as kernels

    n, t, rows = state.counts.n_variant, state.tables, state.rows
    seen = (state.counts.depth > 0) & (state.counts.purity > 0)
    way = np.zeros(len(rows.variant))
    variant_post = np.zeros((n, state.counts.n_sample, len(state.grid)))
    averaged, all_labels, all_trace = 0, [], []
    for index in range(params.n_chain):
        random = generator(index, "evolution.cluster")
        kept = np.empty((params.n_sweep, n), np.int64)
        trace = np.empty((params.n_sweep, 4))
        capacity = min(n, max(params.max_cluster, state.n_cluster + 20)) + 1
        averaged += kernels.chain(
            t["table"], t["prob"], t["scale_sum"], rows.start, rows.log_prior, t["outlier"], state.weight.copy(),
            OUTLIER_PRIOR, CONCENTRATIONS, seen, SPIKE_PRIOR, state.labels.copy(), state.row_of.copy(), capacity,
            params.n_burn, random.random((params.n_burn + params.n_sweep, n)),
            random.random(params.n_burn + params.n_sweep), CCF_EVERY, kept, way, variant_post, trace,
        )  # fmt: skip
        all_labels.append(kept)
        all_trace.append(trace)
    way /= params.n_chain * params.n_sweep
    return np.concatenate(all_labels), way, variant_post / averaged, np.concatenate(all_trace)


def expected_rand_partition(kept: IntArray, start: IntArray) -> IntArray:
    """Return the labels of highest expected adjusted Rand index among `start`, some visited and all cuts of a tree."""
    from scipy.cluster.hierarchy import cut_tree, linkage
    from scipy.spatial.distance import squareform

    from oncourse.evolution import _average_kernels as kernels

    together = kernels.similarity(kept)
    n = len(together)
    candidates = [start] + [kept[i] for i in range(0, len(kept), max(1, len(kept) // 20))]
    tree = linkage(squareform(1 - together, checks=False), method="average")
    most = min(n, int(kept.max()) + 10)
    cuts = cut_tree(tree, n_clusters=np.arange(1, most + 1))
    candidates += [cuts[:, c].astype(np.int64) for c in range(most)]
    best, best_value = start, -np.inf
    for labels in candidates:
        apart = np.where(labels < 0, labels.max() + 1 + np.arange(n), labels)
        value = kernels.expected_rand(apart, together)
        if value > best_value + 1e-9:
            best, best_value = apart, value
    return best


def _likely_rows(way: FloatArray, state: State) -> IntArray:
    start = state.rows.start
    return np.array([start[i] + np.argmax(way[start[i] : start[i + 1]]) for i in range(len(start) - 1)])
