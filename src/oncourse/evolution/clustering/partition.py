"""The partition of highest posterior: merge the whole way, move, merge, learn the noise."""

from __future__ import annotations

import numpy as np

from oncourse.evolution.clustering.noise import learn_noise, noise_log_prior
from oncourse.evolution.clustering.prior import (
    CONCENTRATIONS,
    OUTLIER_PRIOR,
    concentration_posterior,
    log_concentration_prior,
)
from oncourse.evolution.clustering.rows import likely_rows, multiplicity_rows, sum_of_rows
from oncourse.evolution.clustering.state import (
    State,
    compact,
    fill_tables,
    learn_spikes,
    new_log,
    new_state,
    sums_of,
)
from oncourse.evolution.clustering.types import ClusterParams, Counts, FloatArray

START_PRECISIONS = (120.0, 1000.0)


def best_partition(counts: Counts, params: ClusterParams, purity_sd: FloatArray) -> State:
    """Return the partition of highest posterior found, with learned noise, purity, spikes and concentration."""
    rows = multiplicity_rows(counts)
    starts = []
    for precision in START_PRECISIONS:
        state = new_state(counts, rows, params, precision, purity_sd)
        fill_tables(state)
        merge_all(state)
        refine(state, params)
        learn_spikes(state)
        starts.append(polish(state, params, n_round=1))
    return polish(max(starts, key=log_score), params)


def polish(state: State, params: ClusterParams, n_round: int = 2, n_sweep: int = 20) -> State:
    """Learn noise and purity per sample and refine the partition until neither changes."""
    for _ in range(n_round):
        before = state.rows.log_prior
        state.rows = state.rows.reweighted(state.row_of)
        changed = learn_noise(state)
        if changed.any():
            fill_tables(state, changed)
        elif np.abs(before - state.rows.log_prior).max() < 0.1:
            break
        refine(state, params, n_sweep)
        learn_spikes(state)
    return state


def merge_all(state: State) -> None:
    """Set the labels to the best point of the whole path of merges from single variants."""
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    rows, prob = state.rows, state.tables["prob"]
    # multiplicities are averaged per sample here; refine() then fixes one way for all samples
    weight = np.exp(rows.log_prior)[:, None] * np.exp(
        state.tables["scale"] - np.maximum.reduceat(state.tables["scale"], rows.start[:-1])[rows.variant]
    ).astype(np.float32)
    merged = sum_of_rows(prob * weight[:, :, None].astype(np.float32), rows.start)
    merged /= merged.max(axis=2, keepdims=True)
    n = len(merged)
    root = kernels.agglomerate(merged, np.ones(n), state.weight, state.trunk, log_concentration_prior(n))
    state.labels = compact(root)
    evidence = new_log(state) + rows.log_prior
    state.row_of = likely_rows(evidence, rows.start, rows.variant)


def best_rows(state: State) -> None:
    """Give every variant the row that its cluster, without it, predicts best."""
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    sums, sizes = sums_of(state)
    rows, t = state.rows, state.tables
    log_p = np.empty((len(rows.variant), len(sums)))
    kernels.predictive_table(
        t["table"],
        t["prob"],
        state.weight,
        state.trunk,
        sums,
        sizes,
        state.labels,
        state.row_of,
        rows.start,
        new_log(state) - t["scale_sum"],
        log_p,
    )
    label = state.labels[rows.variant]
    own = np.where(label >= 0, log_p[np.arange(len(label)), np.maximum(label, 0)], 0.0)
    state.row_of = likely_rows(own + t["scale_sum"] + rows.log_prior, rows.start, rows.variant)


def refine(state: State, params: ClusterParams, n_sweep: int = 20) -> None:
    """Move single variants and merge clusters until the score stops rising (ICM)."""
    for _ in range(4):
        moves = sweep_state(state, params, n_sweep)
        merged = merge_clusters(state)
        if not merged:
            break
        if not moves and not merged:
            break


def sweep_state(state: State, params: ClusterParams, n_sweep: int) -> int:
    """Run ICM sweeps until nothing moves; return the number of moves."""
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    n = state.counts.n_variant
    capacity = min(n, max(params.max_cluster, state.n_cluster + 20)) + 1
    shape = (capacity, state.counts.n_sample, len(state.grid))
    sums, post = np.zeros(shape), np.zeros(shape, np.float32)
    sizes, p_trunk = np.zeros(capacity, np.int64), np.zeros(capacity)
    weight, t = state.weight, state.tables
    fresh = new_log(state)
    total = 0
    for _ in range(n_sweep):
        used = state.n_cluster
        kernels.cluster_sums(t["table"], state.row_of, state.labels, used, sums, sizes)
        for k in range(used):
            _, p_trunk[k] = kernels.posterior_of(sums[k], weight, state.trunk, post[k])
        state.alpha = float(concentration_posterior(used, n) @ CONCENTRATIONS)
        _, moves = kernels.sweep(
            t["table"],
            t["prob"],
            t["scale_sum"],
            state.rows.start,
            state.rows.log_prior,
            fresh,
            t["outlier"],
            t["at_one"],
            weight,
            state.trunk,
            state.alpha,
            OUTLIER_PRIOR,
            state.labels,
            state.row_of,
            sums,
            sizes,
            post,
            p_trunk,
            used,
            np.empty(0),
            np.arange(n),
            np.empty(n),
        )
        state.labels = compact(state.labels)
        total += moves
        if not moves:
            break
    return total


def merge_clusters(state: State) -> bool:
    """Merge whole clusters along their merge path where that raises the score; say whether any were."""
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    if state.n_cluster < 2:
        return False
    sums, sizes = sums_of(state)
    prob = np.exp(np.maximum(sums - sums.max(axis=2, keepdims=True), -69)).astype(np.float32)
    log_k = log_concentration_prior(state.counts.n_variant)
    root = kernels.agglomerate(prob, sizes.astype(float), state.weight, state.trunk, log_k)
    if len(np.unique(root)) == len(root):
        return False
    inside = state.labels >= 0
    state.labels[inside] = root[state.labels[inside]]
    state.labels = compact(state.labels)
    return True


def log_score(state: State) -> float:
    """Return the log of partition prior x multiplicity prior x collapsed likelihood."""
    from scipy.special import betaln, gammaln

    from oncourse.evolution.clustering import _cluster_kernels as kernels

    sums, sizes = sums_of(state)
    post = np.empty(sums.shape, np.float32)
    evidence = sum(kernels.posterior_of(sums[k], state.weight, state.trunk, post[k])[0] for k in range(state.n_cluster))
    inside = state.labels >= 0
    n_in, n_out = int(inside.sum()), int((~inside).sum())
    score = evidence + gammaln(sizes).sum() + log_concentration_prior(n_in)[state.n_cluster]
    score += state.rows.log_prior[state.row_of[inside]].sum() + state.tables["outlier"][~inside].sum()
    score += noise_log_prior(state)
    score += betaln(n_out + OUTLIER_PRIOR[0], n_in + OUTLIER_PRIOR[1]) - betaln(*OUTLIER_PRIOR)
    return float(score)
