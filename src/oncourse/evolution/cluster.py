"""Clusters of variants that share one cell fraction in every sample of a patient.

The counts of a cluster S have the evidence ``prod_d sum_g w_g prod_{n in S} p(x_nd | ccf_g)``: a grid over the CCF
with a spike at 0 (the clone is not in the sample), one at 1 (it is clonal there) and a slab between; or the cluster is the
trunk, at 1 in every sample. Partitions have the Dirichlet process prior. Nothing is sampled to get the best partition:
variants are merged pair by pair along the whole path, then moved one by one. Beta-binomial precision (per sample),
concentration and the shares of spikes and trunk are learned. Posterior averaging over partitions (`cluster_average`) then
gives the point estimate and its uncertainty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from oncourse.evolution.cluster_rows import Rows, multiplicity_rows
from oncourse.evolution.clustering_types import Clustering, Counts, FloatArray, IntArray

START_PRECISIONS = (120.0, 1000.0)
SPIKE_PRIOR = np.array([1.5, 0.5, 3.0, 1.0, 5.0])
"""Pseudo-counts of (cluster, sample) pairs with CCF 0, CCF 1 and between; of clusters that are trunk and not."""
OUTLIER_PRIOR = np.array([0.5, 99.5])
"""Beta prior of the share of outliers: 1 in 200 with the weight of 100 variants."""
SLAB_FLAT = 0.5
PRESENT_FROM = 0.01
"""Least CCF that counts as present: a clone of fewer cells cannot be told from none, by anybody."""
CONCENTRATIONS = np.geomspace(0.1, 30.0, 41)
_MASS = np.exp(-0.5 * (np.log(CONCENTRATIONS / 2.0) / math.log(3.0)) ** 2)
CONCENTRATION_LOG_PRIOR = np.log(_MASS / _MASS.sum())
"""Log-normal around 2, a factor of 3 per standard deviation."""


@dataclass(frozen=True)
class ClusterParams:
    """Settings of the clustering; the defaults are used for every kind of data.

    n_grid : points of the CCF grid; average : whether to average over partitions; n_sweep, n_burn : Gibbs sweeps kept
    and thrown away, per chain and round; n_chain : chains; n_round : most rounds, while chains disagree; max_merge :
    variants up to which all pairs are compared; max_average : variants up to which partitions are averaged; level : of
    the credible intervals
    """

    n_grid: int = 96
    average: bool = True
    n_sweep: int = 120
    n_burn: int = 20
    n_chain: int = 2
    n_round: int = 3
    max_merge: int = 800
    max_average: int = 1500
    max_cluster: int = 200
    level: float = 0.9


@dataclass
class State:
    """The partition being worked on and the tables that go with it (internal)."""

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
        return _weights(len(self.grid), self.counts.n_sample, self.absent, self.clonal)

    def rows_like(self, rows: Rows) -> Rows:
        """Return other rows of the same patient with the shares of the ways learned here."""
        choice = np.diff(self.rows.start) > 1
        return rows.weighted(self.rows.way_counts(self.row_of[choice]))

    @property
    def n_cluster(self) -> int:
        return int(self.labels.max(initial=-1)) + 1


def ccf_grid(n_grid: int) -> FloatArray:
    """Return shape (n_grid,): CCF from 0 to 1, evenly spaced in arcsin(sqrt(ccf / 2)).

    Reads of a diploid site have nearly constant spread on that scale, so that low fractions, which are measured
    most finely, get the closer points.

    Examples
    --------
    >>> ccf_grid(5).round(3).tolist()
    [0.0, 0.076, 0.293, 0.617, 1.0]
    """
    grid = 2 * np.sin(np.linspace(0, math.pi / 4, n_grid)) ** 2
    grid[-1] = 1.0
    return np.asarray(grid)


def ccf_prior(grid: FloatArray, absent: float, clonal: float) -> FloatArray:
    """Return the prior mass of each grid point: `absent` at 0, `clonal` at 1, the rest uniform in the CCF between."""
    edges = (grid[1:] + grid[:-1]) / 2
    weight = np.zeros_like(grid)
    weight[1:-1] = SLAB_FLAT * np.diff(edges) / (edges[-1] - edges[0]) + (1 - SLAB_FLAT) / (len(grid) - 2)
    weight *= (1 - absent - clonal) / weight.sum()
    weight[0], weight[-1] = absent, clonal
    return weight


@lru_cache(maxsize=64)
def _weights(n_grid: int, n_sample: int, absent: float, clonal: float) -> FloatArray:
    return np.tile(ccf_prior(ccf_grid(n_grid), absent, clonal), (n_sample, 1))


@lru_cache(maxsize=64)
def log_concentration_prior(n_variant: int) -> FloatArray:
    """Return shape (n_variant + 1,): log of the Dirichlet process weight of K clusters, concentration integrated out.

    A partition with cluster sizes n_k has prior ``E[a^K Gamma(a) / Gamma(a + n)] prod Gamma(n_k)``; the expectation is
    over the prior of the concentration a on `CONCENTRATIONS`.
    """
    from scipy.special import gammaln

    log_norm = CONCENTRATION_LOG_PRIOR + gammaln(CONCENTRATIONS) - gammaln(CONCENTRATIONS + n_variant)
    k = np.arange(n_variant + 1)[:, None]
    return np.asarray(np.logaddexp.reduce(k * np.log(CONCENTRATIONS) + log_norm, axis=1))


def concentration_posterior(n_cluster: int, n_variant: int) -> FloatArray:
    """Return shape (n,): posterior mass of each of `CONCENTRATIONS` given the number of clusters."""
    from scipy.special import gammaln

    log_norm = gammaln(CONCENTRATIONS) - gammaln(CONCENTRATIONS + n_variant)
    log_mass = CONCENTRATION_LOG_PRIOR + n_cluster * np.log(CONCENTRATIONS) + log_norm
    mass = np.exp(log_mass - log_mass.max())
    return np.asarray(mass / mass.sum())


def cluster_patient(
    counts: Counts, params: ClusterParams | None = None, *, purity_sd: FloatArray | None = None
) -> Clustering:
    """Cluster the variants of one patient.

    Parameters
    ----------
    counts : reads and copy number; every variant needs reads in at least one sample of known purity
    purity_sd : shape (n_sample,), standard error of the purity, which is then learned along (a truncal cluster
        should have CCF 1); None: purities are exact

    Returns
    -------
    Clustering, in the order of the input. The order of variants and samples does not change it, nor does a sample
    without reads or of purity 0.

    Raises
    ------
    ValueError : a variant has no reads in any sample with purity above 0, or there is no variant

    References
    ----------
    .. [1] Gillis, Roth. BMC Bioinformatics 2020;21:571. .. [2] Fritsch, Ickstadt. Bayesian Anal 2009;4:367.
    """
    params = params or ClusterParams()
    informative = (counts.depth > 0) & (counts.purity > 0)
    if counts.n_variant == 0 or not informative.any(axis=1).all():
        raise ValueError("every variant needs reads in at least one sample with purity above 0")
    samples, variants = canonical_order(counts)
    sd = np.zeros(counts.n_sample) if purity_sd is None else np.asarray(purity_sd, np.float64)
    state = best_partition(_take(counts, variants, samples), params, sd[samples])
    if params.average and 1 < counts.n_variant <= params.max_average:
        from oncourse.evolution.cluster_average import average_partitions

        result = average_partitions(state, params)
    else:
        from oncourse.evolution.cluster_summary import summarise

        result = summarise(state, params.level)
    return _restore(result, variants, samples, counts)


def canonical_order(counts: Counts) -> tuple[IntArray, IntArray]:
    """Return (samples that say something, variants), both in an order set by the counts alone."""
    alt, depth = counts.alt_count.astype(np.int64), counts.depth.astype(np.int64)
    used = np.nonzero(((depth > 0) & (counts.purity > 0)).any(axis=0))[0]
    keys = [
        (depth[:, d].sum(), alt[:, d].sum(), (alt[:, d] ** 2).sum(), (alt[:, d] * depth[:, d]).sum(), d)
        for d in used
    ]
    samples = np.array([key[-1] for key in sorted(keys)], dtype=np.int64)
    known = np.ones(depth.shape, bool) if counts.cn_known is None else counts.cn_known
    columns = [
        table[:, d]
        for d in samples
        for table in (alt, depth, counts.purity, counts.major_cn, counts.minor_cn, counts.normal_cn, known)
    ]
    return samples, np.lexsort(columns)


def _take(counts: Counts, variants: IntArray, samples: IntArray) -> Counts:
    at = np.ix_(variants, samples)
    return Counts(
        np.ascontiguousarray(counts.alt_count[at], dtype=np.int64),
        np.ascontiguousarray(counts.depth[at], dtype=np.int64),
        np.ascontiguousarray(counts.purity[at], dtype=np.float64),
        np.ascontiguousarray(counts.major_cn[at], dtype=np.float64),
        np.ascontiguousarray(counts.minor_cn[at], dtype=np.float64),
        np.ascontiguousarray(counts.normal_cn[at], dtype=np.float64),
        np.asarray(counts.error_rate[samples], dtype=np.float64),
        None if counts.cn_known is None else counts.cn_known[at],
    )


def best_partition(counts: Counts, params: ClusterParams, purity_sd: FloatArray) -> State:
    """Return the partition of highest posterior found, with learned noise, purity, spikes and concentration."""
    rows = multiplicity_rows(counts)
    if counts.n_variant > params.max_merge:
        from oncourse.evolution.cluster_large import large_partition

        return large_partition(counts, rows, params, purity_sd)
    starts = []
    for precision in START_PRECISIONS:
        state = new_state(counts, rows, params, precision, purity_sd)
        fill_tables(state)
        merge_all(state)
        refine(state, params)
        learn_spikes(state)
        starts.append(polish(state, params, n_round=1))
    return polish(max(starts, key=log_score), params)


def new_state(
    counts: Counts, rows: Rows, params: ClusterParams, precision: float, purity_sd: FloatArray
) -> State:
    """Return the state with every variant on its own and all samples of one precision; its tables are empty."""
    labels = np.arange(counts.n_variant)
    return State(
        counts, rows, ccf_grid(params.n_grid), np.full(counts.n_sample, precision), 0.3, 0.1, 0.1, labels,
        rows.start[:-1].copy(), purity_sd=purity_sd, purity_given=np.median(counts.purity, axis=0),
        purity_shift=np.zeros(counts.n_sample), error_factor=np.ones(counts.n_sample),
    )  # fmt: skip


def polish(state: State, params: ClusterParams, n_round: int = 2, n_sweep: int = 20) -> State:
    """Learn noise and purity per sample and refine the partition until neither changes."""
    from oncourse.evolution.cluster_noise import learn_noise

    for _ in range(n_round):
        before = state.rows.log_prior
        state.rows = state.rows.reweighted(state.row_of)
        if learn_noise(state):
            fill_tables(state)
        elif np.abs(before - state.rows.log_prior).max() < 0.1:
            break
        refine(state, params, n_sweep)
        learn_spikes(state)
    return state


def fill_tables(state: State) -> None:
    """Compute the likelihood tables of the state's rows at its precisions."""
    from oncourse.evolution import _likelihood_kernels as kernels

    c, rows = state.counts, state.rows
    shape = (len(rows.variant), c.n_sample, len(state.grid))
    table, prob, scale = np.empty(shape), np.empty(shape, np.float32), np.empty(shape[:2])
    kernels.likelihood_table(
        c.alt_count, c.depth, c.purity, c.major_cn + c.minor_cn, c.normal_cn, c.error_rate, state.precision, state.grid,
        rows.variant, rows.mutated, rows.ref_is_normal, rows.n_state, table,
    )  # fmt: skip
    kernels.normalise_table(table, prob, scale)
    seen = (c.depth > 0) & (c.purity > 0)
    state.tables = {
        "table": table,
        "prob": prob,
        "scale": scale,
        "scale_sum": scale.sum(axis=1),
        # an artefact shows any allele fraction: every count from 0 to depth is as likely
        "at_one": np.log(np.maximum(prob[:, :, -1].astype(np.float64), 1e-300)).sum(axis=1),
        "outlier": np.where(seen, -np.log(c.depth + 1.0), 0.0).sum(axis=1),
    }


def new_log(state: State) -> FloatArray:
    """Return shape (n_row,): log probability of each row's counts as a cluster of its own."""
    mass = np.einsum("rdg,dg->rd", state.tables["prob"], state.weight)
    free = math.log(1 - state.trunk) + np.log(mass).sum(axis=1)
    return np.asarray(
        np.logaddexp(free, math.log(state.trunk) + state.tables["at_one"]) + state.tables["scale_sum"]
    )


def merge_all(state: State) -> None:
    """Set the labels to the best point of the whole path of merges from single variants."""
    from oncourse.evolution import _cluster_kernels as kernels
    from oncourse.evolution.cluster_summary import likely_rows

    rows, prob = state.rows, state.tables["prob"]
    # multiplicities are averaged per sample here; refine() then fixes one way for all samples
    weight = np.exp(rows.log_prior)[:, None] * np.exp(
        state.tables["scale"] - np.maximum.reduceat(state.tables["scale"], rows.start[:-1])[rows.variant]
    ).astype(np.float32)
    merged = np.add.reduceat(prob * weight[:, :, None].astype(np.float32), rows.start[:-1])
    merged /= merged.max(axis=2, keepdims=True)
    n = len(merged)
    root = kernels.agglomerate(merged, np.ones(n), state.weight, state.trunk, log_concentration_prior(n))
    state.labels = np.unique(root, return_inverse=True)[1].astype(np.int64)
    evidence = new_log(state) + rows.log_prior
    state.row_of = likely_rows(evidence, rows.start, rows.variant)


def best_rows(state: State) -> None:
    """Give every variant the row that its cluster, without it, predicts best."""
    from oncourse.evolution import _cluster_kernels as kernels
    from oncourse.evolution.cluster_summary import likely_rows

    sums, sizes = sums_of(state)
    rows, t = state.rows, state.tables
    log_p = np.empty((len(rows.variant), len(sums)))
    kernels.predictive_table(
        t["table"], t["prob"], state.weight, state.trunk, sums, sizes, state.labels, state.row_of, rows.start,
        new_log(state) - t["scale_sum"], log_p,
    )  # fmt: skip
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
    from oncourse.evolution import _cluster_kernels as kernels

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
            t["table"], t["prob"], t["scale_sum"], state.rows.start, state.rows.log_prior, fresh, t["outlier"],
            t["at_one"], weight, state.trunk, state.alpha, OUTLIER_PRIOR, state.labels, state.row_of, sums, sizes, post,
            p_trunk, used, np.empty(0), np.arange(n), np.empty(n),
        )  # fmt: skip
        state.labels = compact(state.labels)
        total += moves
        if not moves:
            break
    return total


def compact(labels: IntArray) -> IntArray:
    """Return labels renumbered 0, 1, ... without gaps; -1 stays."""
    inside = labels >= 0
    out = np.full_like(labels, -1)
    out[inside] = np.unique(labels[inside], return_inverse=True)[1]
    return out


def sums_of(state: State, labels: IntArray | None = None) -> tuple[FloatArray, IntArray]:
    """Return the summed log-likelihoods (n_cluster, S, G) and sizes of the state's clusters."""
    from oncourse.evolution import _cluster_kernels as kernels

    labels = state.labels if labels is None else labels
    n_cluster = int(labels.max(initial=-1)) + 1
    sums = np.zeros((n_cluster, state.counts.n_sample, len(state.grid)))
    sizes = np.zeros(n_cluster, np.int64)
    kernels.cluster_sums(state.tables["table"], state.row_of, labels, n_cluster, sums, sizes)
    return sums, sizes


def merge_clusters(state: State) -> bool:
    """Merge whole clusters along their merge path where that raises the score; say whether any were."""
    from oncourse.evolution import _cluster_kernels as kernels

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


def informative_pairs(state: State) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return (n_cluster, S): whether any member of the cluster has reads in the sample."""
    seen = (state.counts.depth > 0) & (state.counts.purity > 0)
    out = np.zeros((state.n_cluster, state.counts.n_sample), bool)
    for k in range(state.n_cluster):
        out[k] = seen[state.labels == k].any(axis=0)
    return out


def learn_spikes(state: State) -> None:
    """Set the shares of the spikes at CCF 0 and 1 and of the trunk by EM over the clusters."""
    from oncourse.evolution import _cluster_kernels as kernels

    sums, sizes = sums_of(state)
    shares = np.array([state.absent, state.clonal, state.trunk])
    kernels.spike_shares(
        sums, sizes, state.n_cluster, informative_pairs(state), state.weight[0], shares, SPIKE_PRIOR, 5
    )
    state.absent, state.clonal, state.trunk = shares.tolist()


def log_score(state: State) -> float:
    """Return the log of partition prior x multiplicity prior x collapsed likelihood."""
    from scipy.special import betaln, gammaln

    from oncourse.evolution import _cluster_kernels as kernels
    from oncourse.evolution.cluster_noise import noise_log_prior

    sums, sizes = sums_of(state)
    post = np.empty(sums.shape, np.float32)
    evidence = sum(
        kernels.posterior_of(sums[k], state.weight, state.trunk, post[k])[0] for k in range(state.n_cluster)
    )
    inside = state.labels >= 0
    n_in, n_out = int(inside.sum()), int((~inside).sum())
    score = evidence + gammaln(sizes).sum() + log_concentration_prior(n_in)[state.n_cluster]
    score += state.rows.log_prior[state.row_of[inside]].sum() + state.tables["outlier"][~inside].sum()
    score += noise_log_prior(state)
    score += betaln(n_out + OUTLIER_PRIOR[0], n_in + OUTLIER_PRIOR[1]) - betaln(*OUTLIER_PRIOR)
    return float(score)


def _restore(result: Clustering, variants: IntArray, samples: IntArray, counts: Counts) -> Clustering:
    """Return the result in the order of the input, clusters by falling mean CCF, empty samples at the prior."""
    n_sample = counts.n_sample
    order = np.lexsort((-result.n_variants, -result.ccf_mean.mean(axis=1).round(9)))
    rank = np.argsort(order)
    back = np.argsort(variants)
    weight = ccf_prior(result.grid, result.spike_absent, result.spike_clonal)
    mean = float(weight @ result.grid)
    from oncourse.evolution.cluster_summary import grid_interval

    low, high = grid_interval(weight[None, :], result.grid, 0.9)

    def spread(values: Any, fill: Any) -> Any:
        out = np.empty((values.shape[0], n_sample, *values.shape[2:]), values.dtype)
        out[:] = fill
        out[:, samples] = values
        return out

    labels = np.full(
        len(result.labels), -1, np.int64
    )  # -1 stays: every variant may be an outlier, with no cluster
    inside = result.labels >= 0
    labels[inside] = rank[result.labels[inside]]
    purity = np.median(counts.purity, axis=0)
    purity[samples] = result.purity
    overdispersion = np.full(n_sample, math.inf)
    overdispersion[samples] = result.overdispersion
    return replace(
        result,
        labels=labels[back],
        assignment=result.assignment[back][:, order],
        p_outlier=result.p_outlier[back],
        log_lik=spread(result.log_lik[order], 0.0),
        posterior=spread(result.posterior[order], weight),
        ccf_mean=spread(result.ccf_mean[order], mean),
        ccf_low=spread(result.ccf_low[order], low[0]),
        ccf_high=spread(result.ccf_high[order], high[0]),
        variant_ccf_mean=spread(result.variant_ccf_mean[back], mean),
        variant_ccf_low=spread(result.variant_ccf_low[back], low[0]),
        variant_ccf_high=spread(result.variant_ccf_high[back], high[0]),
        variant_p_present=spread(result.variant_p_present[back], weight[result.grid >= PRESENT_FROM].sum()),
        multiplicity=spread(result.multiplicity[back], 1),
        p_lost=spread(result.p_lost[back], 0.0),
        overdispersion=overdispersion,
        purity=purity,
    )
