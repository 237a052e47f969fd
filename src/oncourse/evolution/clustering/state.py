"""The partition being worked on, the likelihood tables that go with it, and what follows from both."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.clustering.prior import SPIKE_PRIOR, ccf_grid, prior_weights
from oncourse.evolution.clustering.rows import Rows
from oncourse.evolution.clustering.types import ClusterParams, Counts, FloatArray, IntArray


@dataclass
class State:
    """The partition being worked on and the tables that go with it."""

    counts: Counts
    rows: Rows
    grid: FloatArray
    precision: FloatArray
    absent: float
    clonal: float
    trunk: float
    labels: IntArray
    row_of: IntArray
    purity_sd: FloatArray = field(default_factory=lambda: np.zeros(1))
    purity_given: FloatArray = field(default_factory=lambda: np.zeros(1))
    purity_shift: FloatArray = field(default_factory=lambda: np.zeros(1))
    error_factor: FloatArray = field(default_factory=lambda: np.ones(1))
    alpha: float = 1.0
    tables: dict[str, Any] = field(default_factory=dict)

    @property
    def weight(self) -> FloatArray:
        """Shape (n_sample, n_grid)."""
        return prior_weights(len(self.grid), self.counts.n_sample, self.absent, self.clonal)

    def rows_like(self, rows: Rows) -> Rows:
        """Return other rows of the same patient with the shares of the ways learned here."""
        choice = np.diff(self.rows.start) > 1
        return rows.weighted(self.rows.way_counts(self.row_of[choice]))

    @property
    def n_cluster(self) -> int:
        return int(self.labels.max(initial=-1)) + 1


def new_state(counts: Counts, rows: Rows, params: ClusterParams, precision: float, purity_sd: FloatArray) -> State:
    """Return the state with every variant on its own and all samples of one precision; its tables are empty."""
    labels = np.arange(counts.n_variant)
    return State(
        counts,
        rows,
        ccf_grid(params.n_grid),
        np.full(counts.n_sample, precision),
        0.3,
        0.1,
        0.1,
        labels,
        rows.start[:-1].copy(),
        purity_sd=purity_sd,
        purity_given=np.median(counts.purity, axis=0),
        purity_shift=np.zeros(counts.n_sample),
        error_factor=np.ones(counts.n_sample),
    )


def fill_tables(state: State, samples: NDArray[np.bool_] | None = None) -> None:
    """Compute the likelihood tables of the state's rows at its precisions; only those of some `samples` (n_sample,)."""
    from oncourse.evolution import _likelihood_kernels as kernels

    c, rows, t = state.counts, state.rows, state.tables
    if samples is None or not t:
        shape = (len(rows.variant), c.n_sample, len(state.grid))
        t = {"table": np.empty(shape), "prob": np.empty(shape, np.float32), "scale": np.empty(shape[:2])}
        samples = np.ones(c.n_sample, bool)
    kernels.fill_samples(
        c.alt_count,
        c.depth,
        c.purity,
        c.major_cn + c.minor_cn,
        c.normal_cn,
        c.error_rate,
        state.precision,
        state.grid,
        rows.variant,
        rows.mutated,
        rows.ref_is_normal,
        rows.n_state,
        samples,
        t["table"],
        t["prob"],
        t["scale"],
    )
    seen = (c.depth > 0) & (c.purity > 0)
    state.tables = {
        **t,
        "scale_sum": t["scale"].sum(axis=1),
        "at_one": np.log(np.maximum(t["prob"][:, :, -1].astype(np.float64), 1e-300)).sum(axis=1),
        # an artefact shows any allele fraction: every count from 0 to depth is as likely
        "outlier": np.where(seen, -np.log(c.depth + 1.0), 0.0).sum(axis=1),
    }


def new_log(state: State) -> FloatArray:
    """Return shape (n_row,): log probability of each row's counts as a cluster of its own."""
    mass = np.einsum("rdg,dg->rd", state.tables["prob"], state.weight)
    free = math.log(1 - state.trunk) + np.log(mass).sum(axis=1)
    return np.asarray(np.logaddexp(free, math.log(state.trunk) + state.tables["at_one"]) + state.tables["scale_sum"])


def compact(labels: IntArray) -> IntArray:
    """Return labels renumbered 0, 1, ... without gaps; -1 stays, and stands for all below it.

    Examples
    --------
    >>> compact(np.array([5, -1, 2, 5])).tolist()
    [1, -1, 0, 1]
    """
    known = np.maximum(labels, -1)
    is_used = np.zeros(int(known.max(initial=-1)) + 2, np.int64)  # the last is that of -1
    is_used[known] = 1
    rank = np.cumsum(is_used) - 1
    rank[-1] = -1
    return np.asarray(rank[known])


def sums_of(state: State, labels: IntArray | None = None) -> tuple[FloatArray, IntArray]:
    """Return the summed log-likelihoods (n_cluster, S, G) and sizes of the state's clusters."""
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    labels = state.labels if labels is None else labels
    n_cluster = int(labels.max(initial=-1)) + 1
    sums = np.zeros((n_cluster, state.counts.n_sample, len(state.grid)))
    sizes = np.zeros(n_cluster, np.int64)
    kernels.cluster_sums(state.tables["table"], state.row_of, labels, n_cluster, sums, sizes)
    return sums, sizes


def trunk_probability(sums: FloatArray, weight: FloatArray, trunk: float) -> FloatArray:
    """Return (n_cluster,): probability that the cluster has CCF 1 in every sample."""
    top = sums.max(axis=2)
    free = (np.log((np.exp(sums - top[:, :, None]) * weight).sum(axis=2)) + top).sum(axis=1)
    log_odds = np.log(trunk) - np.log1p(-trunk) + sums[:, :, -1].sum(axis=1) - free
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))))


def cluster_posteriors(sums: FloatArray, weight: FloatArray, trunk: float) -> FloatArray:
    """Return (n_cluster, S, G): normalised posterior of each cluster's CCF."""
    mass = np.exp(sums - sums.max(axis=2, keepdims=True)) * weight
    p_trunk = trunk_probability(sums, weight, trunk)[:, None]
    mass *= ((1 - p_trunk) / mass.sum(axis=2))[:, :, None]
    mass[:, :, -1] += p_trunk
    return np.asarray(mass)


def informative_pairs(state: State) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return (n_cluster, S): whether any member of the cluster has reads in the sample."""
    seen = (state.counts.depth > 0) & (state.counts.purity > 0)
    member = state.labels == np.arange(state.n_cluster)[:, None]
    return np.asarray(member.astype(np.float32) @ seen.astype(np.float32) > 0)


def join_trunks(state: State) -> None:
    """Make one cluster of all that are more likely than not the trunk: what is in all cells everywhere is one clone."""
    sums, _ = sums_of(state)
    several = np.flatnonzero(trunk_probability(sums, state.weight, state.trunk) > 0.5)
    if len(several) > 1:
        state.labels = compact(np.where(np.isin(state.labels, several), several[0], state.labels))


def learn_spikes(state: State) -> None:
    """Set the shares of the spikes at CCF 0 and 1 and of the trunk by EM over the clusters."""
    from oncourse.evolution.clustering import _cluster_kernels as kernels

    sums, sizes = sums_of(state)
    shares = np.array([state.absent, state.clonal, state.trunk])
    kernels.spike_shares(
        sums, sizes, state.n_cluster, informative_pairs(state), state.weight[0], shares, SPIKE_PRIOR, 5
    )
    state.absent, state.clonal, state.trunk = shares.tolist()


def sample_purity(state: State) -> FloatArray:
    """Return shape (n_sample,): the purity in use."""
    purity = state.counts.purity
    if (purity == purity[0]).all():  # one per sample, as nearly always: nothing is to be sorted
        return purity[0].copy()
    return np.asarray(np.median(purity, axis=0))


def moved_purity(state: State, shift: FloatArray) -> FloatArray:
    """Return shape (n_variant, n_sample): purities `shift` standard errors from the given ones."""
    return np.minimum(1.0, state.counts.purity * purity_factors(state, shift))


def purity_factors(state: State, shift: FloatArray) -> FloatArray:
    """Return what the purities in use are multiplied with to be `shift` standard errors from the given ones."""
    now = sample_purity(state)
    given = state.purity_given
    wanted = np.clip(given + shift * state.purity_sd, np.minimum(0.02, given), np.maximum(1.0, given))
    return np.asarray(np.where(now > 0, wanted / np.maximum(now, 1e-9), 1.0))
