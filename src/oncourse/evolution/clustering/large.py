"""Clustering of thousands of variants: merge a spread of them, then place the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oncourse.evolution.clustering.partition import best_partition, polish, refine
from oncourse.evolution.clustering.prior import CONCENTRATIONS, concentration_posterior
from oncourse.evolution.clustering.rows import multiplicity_rows
from oncourse.evolution.clustering.state import (
    State,
    cluster_posteriors,
    compact,
    fill_tables,
    learn_spikes,
    new_log,
    sample_purity,
    sums_of,
)
from oncourse.evolution.clustering.types import ClusterParams, Counts, FloatArray, IntArray

N_ROUND = 4
"""Rounds of placing all variants and looking for clusters among those that fit none."""


def large_partition(counts: Counts, params: ClusterParams, purity_sd: FloatArray) -> State:
    """Return a partition of more variants than are compared pair by pair.

    `params.max_merge` variants, spread evenly over the sorted counts, are clustered in full, which also gives a first
    idea of precision, error rates and spikes. All variants are then placed in the cluster that predicts them best,
    those that fit no cluster are clustered among themselves, and the whole is refined by single moves, merges and
    noise.
    """
    n, rows = counts.n_variant, multiplicity_rows(counts)
    spread = np.unique(np.linspace(0, n - 1, params.max_merge).astype(np.int64))
    small = best_partition(take_variants(counts, spread), params, purity_sd)
    given = np.median(counts.purity, axis=0)
    moved = np.where(given > 0, sample_purity(small) / np.maximum(given, 1e-9), 1.0)
    learned = replace(counts, error_rate=small.counts.error_rate, purity=np.minimum(1.0, counts.purity * moved))
    state = replace(
        small,
        counts=learned,
        rows=small.rows_like(rows),
        labels=np.full(n, -1),
        row_of=rows.start[:-1].copy(),
    )
    fill_tables(state)
    state.labels[spread] = small.labels
    state.row_of[spread] = rows.start[spread] + (small.row_of - small.rows.start[:-1])
    for _ in range(N_ROUND):
        for _ in range(3):
            place(state)
        homeless = np.nonzero(state.labels < 0)[0]
        if len(homeless) < max(3, n // 1000):
            break
        chosen = homeless[np.unique(np.linspace(0, len(homeless) - 1, params.max_merge).astype(np.int64))]
        extra = best_partition(take_variants(state.counts, chosen), params, 0 * purity_sd)
        inside = extra.labels >= 0
        state.labels[chosen[inside]] = extra.labels[inside] + state.n_cluster
    state.labels = compact(state.labels)
    refine(state, params, n_sweep=4)
    learn_spikes(state)
    return polish(state, params, n_sweep=4)


def take_variants(counts: Counts, variants: IntArray) -> Counts:
    """Return the counts of some variants."""
    return Counts(
        counts.alt_count[variants],
        counts.depth[variants],
        counts.purity[variants],
        counts.major_cn[variants],
        counts.minor_cn[variants],
        counts.normal_cn[variants],
        counts.error_rate,
        None if counts.cn_known is None else counts.cn_known[variants],
    )


def place(state: State) -> None:
    """Give every variant the cluster and row that predict it best; -1 where a cluster of its own does better."""
    sums, sizes = sums_of(state)
    post = cluster_posteriors(sums, state.weight, state.trunk)
    rows, prob = state.rows, state.tables["prob"]
    log_p = np.zeros((len(rows.variant), len(sums)))
    with np.errstate(divide="ignore"):
        for d in range(prob.shape[1]):
            log_p += np.log(prob[:, d] @ post[:, d].T)
        log_p += np.log(sizes)
    base = rows.log_prior + state.tables["scale_sum"]
    best_k = log_p.argmax(axis=1)
    best = log_p[np.arange(len(best_k)), best_k] + base
    alpha = float(concentration_posterior(len(sums), len(state.labels)) @ CONCENTRATIONS)
    alone = new_log(state) + rows.log_prior + np.log(alpha)
    top = np.maximum.reduceat(best, rows.start[:-1])
    first = np.full(len(state.labels), len(best))
    np.minimum.at(first, rows.variant, np.where(best == top[rows.variant], np.arange(len(best)), len(best)))
    state.row_of = first
    state.labels = compact(np.where(top >= np.maximum.reduceat(alone, rows.start[:-1]), best_k[first], -1))
