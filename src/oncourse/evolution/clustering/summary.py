"""From a partition to a `Clustering`: CCF posteriors, intervals, assignment probabilities."""

from __future__ import annotations

import numpy as np

from oncourse.evolution.clustering.partition import log_score
from oncourse.evolution.clustering.prior import CONCENTRATIONS, OUTLIER_PRIOR, concentration_posterior
from oncourse.evolution.clustering.rows import likely_rows
from oncourse.evolution.clustering.state import State, new_log, sample_purity, sums_of
from oncourse.evolution.clustering.types import Clustering, FloatArray, IntArray

PRESENT_FROM = 0.01
"""Least CCF that counts as present: a clone of fewer cells cannot be told from none, by anybody."""


def grid_interval(mass: FloatArray, grid: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the central credible limits of distributions on a grid.

    Parameters: mass (..., n_grid) summing to 1. Returns (low, high), each of shape (...): within the cell of a grid
    point the distribution is taken as linear, so that the limits never meet, and they hold the mean.

    Examples
    --------
    >>> low, high = grid_interval(np.array([[0.0, 0.01, 0.99]]), np.array([0.0, 0.5, 1.0]), 0.95)
    >>> low.round(2).tolist(), high.tolist()
    ([0.75], [1.0])
    """
    total = np.cumsum(mass, axis=-1)
    tail = (1 - level) / 2
    flat, flat_mass = total.reshape(-1, len(grid)), mass.reshape(-1, len(grid))
    low, high = (_quantiles(flat, flat_mass, grid, q).reshape(mass.shape[:-1]) for q in (tail, 1 - tail))
    low = np.where(total[..., 0] >= tail, grid[0], low)
    high = np.where(total[..., -1] - mass[..., -1] < 1 - tail - 1e-12, grid[-1], high)
    mean = mass @ grid
    return np.minimum(low, mean), np.maximum(high, mean)


def _quantiles(total: FloatArray, mass: FloatArray, grid: FloatArray, q: float) -> FloatArray:
    at = np.minimum((total < q - 1e-12).sum(axis=1), len(grid) - 1)
    edges = np.concatenate([[grid[0]], (grid[1:] + grid[:-1]) / 2, [grid[-1]]])
    index = np.arange(len(total))
    share = (q - (total[index, at] - mass[index, at])) / np.maximum(mass[index, at], 1e-300)
    return np.asarray(edges[at] + np.clip(share, 0, 1) * (edges[at + 1] - edges[at]))


def member_posteriors(labels: IntArray, variant_post: FloatArray) -> FloatArray:
    """Return (n_cluster, S, G): mean of the members' CCF posteriors."""
    n_cluster = int(labels.max(initial=-1)) + 1
    out = np.empty((n_cluster, *variant_post.shape[1:]))
    for k in range(n_cluster):
        out[k] = variant_post[labels == k].mean(axis=0)
    return out


def summarise(state: State, level: float, variant_post: FloatArray) -> Clustering:
    """Return the clustering of one fixed partition.

    variant_post : shape (n_variant, S, G), CCF posteriors of the variants; clusters take the mean of their members'
    """
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    sums, sizes = sums_of(state)
    weight, rows, prob = state.weight, state.rows, state.tables["prob"]
    n, n_cluster = state.counts.n_variant, len(sums)
    log_p = np.empty((len(rows.variant), n_cluster))
    fresh = new_log(state) - state.tables["scale_sum"]
    kernels.predictive_table(
        state.tables["table"],
        prob,
        weight,
        state.trunk,
        sums,
        sizes,
        state.labels,
        state.row_of,
        rows.start,
        fresh,
        log_p,
    )
    others = np.maximum(sizes[None, :] - (state.labels[rows.variant][:, None] == np.arange(n_cluster)), 0)
    alone = others == 0
    with np.errstate(divide="ignore"):
        log_p += np.where(alone, np.log(state.alpha), np.log(np.maximum(others, 1)))
    log_p += (rows.log_prior + state.tables["scale_sum"])[:, None]
    n_out = int((state.labels < 0).sum())
    log_in = np.log(n - n_out + OUTLIER_PRIOR[1]) - np.log(state.alpha + max(n - n_out, 1))
    log_out = np.log(n_out + OUTLIER_PRIOR[0]) + state.tables["outlier"]
    log_p += log_in
    top = np.maximum(np.maximum.reduceat(log_p.max(axis=1, initial=-np.inf), rows.start[:-1]), log_out)
    row_mass = np.exp(log_p - top[rows.variant][:, None])
    mass = np.add.reduceat(row_mass, rows.start[:-1])
    out_mass = np.exp(log_out - top)
    total = mass.sum(axis=1) + out_mass
    assignment, p_outlier = mass / total[:, None], out_mass / total
    row_total = row_mass.sum(axis=1)
    own_total = np.add.reduceat(row_total, rows.start[:-1])[rows.variant]
    way = np.where(own_total > 0, row_total / np.maximum(own_total, 1e-300), np.exp(rows.log_prior))
    post = member_posteriors(state.labels, variant_post)
    return build(state, sums, post, state.labels, assignment, p_outlier, variant_post, way, level, log_score(state))


def build(
    state: State,
    sums: FloatArray,
    post: FloatArray,
    labels: IntArray,
    assignment: FloatArray,
    p_outlier: FloatArray,
    variant_post: FloatArray,
    way: FloatArray,
    level: float,
    log_evidence: float,
) -> Clustering:
    """Return the `Clustering` of these posteriors; `way` (n_row,) is the probability of each variant's rows."""
    rows, grid = state.rows, state.grid
    low, high = grid_interval(post, grid, level)
    variant_low, variant_high = grid_interval(variant_post, grid, level)
    likely = likely_rows(way, rows.start, rows.variant)
    return Clustering(
        grid=grid,
        labels=labels,
        assignment=assignment,
        p_outlier=p_outlier,
        log_lik=sums - sums.max(axis=2, keepdims=True),
        posterior=post,
        ccf_mean=post @ grid,
        ccf_low=low,
        ccf_high=high,
        variant_ccf_mean=variant_post @ grid,
        variant_ccf_low=variant_low,
        variant_ccf_high=variant_high,
        variant_p_present=variant_post[:, :, grid >= PRESENT_FROM].sum(axis=2).clip(0, 1),
        multiplicity=np.rint(rows.mutated[likely, :, 0]).astype(np.int64),
        p_lost=np.add.reduceat(way[:, None] * rows.is_lost, rows.start[:-1]),
        overdispersion=state.precision,
        concentration=float(concentration_posterior(len(post), len(labels)) @ CONCENTRATIONS),
        spike_absent=state.absent,
        spike_clonal=state.clonal,
        log_evidence=log_evidence,
        purity=sample_purity(state),
    )
