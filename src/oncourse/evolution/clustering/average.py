"""Average over partitions: collapsed Gibbs, the partition of highest expected adjusted Rand index, mean CCFs.

On clinical data the most probable partition already has more evidence than the true one; what is gained comes from
averaging over the many that are nearly as good [1]_, and over noise and purity along with them. Two chains start from
different ends, the best partition and every variant on its own, and go on until they agree. The random numbers are
fixed, not taken from the user's seed: the answer is a function of the counts.

References
----------
.. [1] Fritsch, Ickstadt. Improved criteria for clustering based on the posterior similarity matrix. Bayesian Anal
   2009;4:367.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from oncourse.evolution.clustering.noise import ERROR_SPREAD, PRECISION_CENTRE, PRECISION_SPREAD
from oncourse.evolution.clustering.partition import log_score
from oncourse.evolution.clustering.prior import (
    CONCENTRATION_LOG_PRIOR,
    CONCENTRATIONS,
    OUTLIER_PRIOR,
    SPIKE_PRIOR,
)
from oncourse.evolution.clustering.rows import WAY_PRIOR, likely_rows
from oncourse.evolution.clustering.state import (
    State,
    compact,
    fill_tables,
    learn_spikes,
    moved_purity,
    sample_purity,
    sums_of,
)
from oncourse.evolution.clustering.summary import build, member_posteriors
from oncourse.evolution.clustering.types import Clustering, ClusterParams, FloatArray, IntArray
from oncourse.stats.rng import generator

CCF_EVERY = 4
"""Sweeps between two additions to the variants' CCF posteriors (neighbouring sweeps tell little new)."""
NOISE_EVERY = 12
"""Sweeps between two rounds of Metropolis steps of the noise."""
N_TURN = 2
"""Steps of each number of the noise in a round."""
N_SPLIT = 12
"""Split-merge proposals per sweep."""
AGREE = 0.95
"""Correlation of the chains' co-clustering probabilities from which they count as agreeing."""
MANY = 250
"""Variants from which the chains are compared after half a round already. Three tumours of 300 variants had the same
partitions then; of the 40 clinical ones of about 100 the index fell from .880 to .874."""
AROUND = {"n_sweep": 16, "n_split": 6, "noise_every": 6, "n_turn": 1, "every": 1}
"""The short chain around the best partition, where partitions are not averaged."""


@dataclass
class Chain:
    """One chain: where it stands (changed in place by the compiled loop) and what it has visited."""

    arrays: dict[str, Any]
    kept: list[IntArray] = field(default_factory=list)
    trace: list[FloatArray] = field(default_factory=list)


@dataclass
class Visited:
    """What the chains saw: labels (n_sweep, n), probability of rows, CCF posteriors, mean noise, agreement."""

    kept: IntArray
    together: FloatArray
    way: FloatArray
    variant_post: FloatArray
    noise: FloatArray
    absent: float
    clonal: float
    trunk: float
    agreement: float


def average_partitions(state: State, params: ClusterParams) -> Clustering:
    """Return the posterior average that starts from `state`, the most probable partition.

    Labels are the partition of highest posterior expected adjusted Rand index; assignment probabilities count how
    often a variant sat in each of its clusters; variant CCFs are mixtures over the sweeps, cluster CCFs the mean of
    their members'. Likelihoods of clusters are at the posterior mean of the noise.
    """
    from oncourse.evolution.clustering import _average_kernels as kernels

    seen = run_chains(state, params)
    best = log_score(state)
    labels = expected_rand_partition(seen.kept, seen.together, state.labels)
    p_outlier = (seen.kept < 0).mean(axis=0)
    labels = np.where(p_outlier > 0.5, -1, labels)
    chosen = replace(
        state,
        absent=seen.absent,
        clonal=seen.clonal,
        trunk=seen.trunk,
        labels=compact(labels),
        tables={},
        row_of=likely_rows(seen.way, state.rows.start, state.rows.variant),
        precision=np.exp(seen.noise[0]),
        error_factor=np.exp(seen.noise[1]),
        purity_shift=seen.noise[2],
    )
    error = np.minimum(0.3, state.counts.error_rate / state.error_factor * chosen.error_factor)
    chosen.counts = replace(state.counts, error_rate=error, purity=moved_purity(state, seen.noise[2]))
    fill_tables(chosen)
    learn_spikes(chosen)
    sums, _ = sums_of(chosen)
    post = member_posteriors(chosen.labels, seen.variant_post)
    assignment = kernels.match_clusters(seen.kept, chosen.labels, len(sums))
    made = build(
        chosen,
        sums,
        post,
        chosen.labels,
        assignment,
        p_outlier,
        seen.variant_post,
        seen.way,
        params.level,
        best,
    )
    return replace(made, agreement=seen.agreement)


def posteriors_around(state: State, params: ClusterParams) -> FloatArray:
    """Return (n_variant, S, G): CCF posterior of each variant over a short chain that starts at the best partition.

    What follows from that one partition alone, with noise and purity at their best, covers too little; most of what is
    missing are clusters that may as well be two, at another noise. Single moves, other noise and other cuts of the tree
    of merges, each on its own, make up for little of it.
    """
    from oncourse.evolution.clustering import _average_kernels as kernels

    n, n_sample = state.counts.n_variant, state.counts.n_sample
    out = np.zeros((n, n_sample, len(state.grid)))
    n_sweep = AROUND["n_sweep"]
    kernels.chain(
        **_fixed(state),
        **_start(state, params, 0).arrays,
        **AROUND,
        n_burn=0,
        kept_labels=np.empty((n_sweep, n), np.int64),
        way=np.zeros(len(state.rows.variant)),
        variant_post=out,
        noise_sum=np.zeros((3, n_sample)),
        trace=np.empty((n_sweep, 5)),
    )
    return np.asarray(out / out.sum(axis=2, keepdims=True))


def run_chains(state: State, params: ClusterParams) -> Visited:
    """Run the chains, and again up to `params.n_round` times while their co-clustering probabilities differ."""
    from oncourse.evolution.clustering import _average_kernels as kernels

    n, rows = state.counts.n_variant, state.rows
    way = np.zeros(len(rows.variant))
    variant_post = np.zeros((n, state.counts.n_sample, len(state.grid)))
    noise_sum = np.zeros((3, state.counts.n_sample))
    chains = [_start(state, params, index) for index in range(params.n_chain)]
    agreement = 1.0
    similar = [np.zeros((n, n)) for _ in chains]
    parts = 2 if n >= MANY else 1
    n_sweep = params.n_sweep // parts
    for turn in range(parts * params.n_round):
        for chain in chains:
            kept, trace = np.empty((n_sweep, n), np.int64), np.empty((n_sweep, 5))
            kernels.chain(
                **_fixed(state),
                **chain.arrays,
                n_burn=params.n_burn if turn == 0 else 0,
                n_sweep=n_sweep,
                n_split=N_SPLIT,
                noise_every=NOISE_EVERY,
                n_turn=N_TURN,
                every=CCF_EVERY,
                kept_labels=kept,
                way=way,
                variant_post=variant_post,
                noise_sum=noise_sum,
                trace=trace,
            )
            chain.kept.append(kept)
            chain.trace.append(trace)
        similar = [
            mean + (kernels.similarity(chain.kept[-1]) - mean) / (turn + 1)
            for mean, chain in zip(similar, chains, strict=True)
        ]
        agreement = min((correlation(similar[0], other) for other in similar[1:]), default=1.0)
        if agreement >= AGREE:
            break
    trace = np.concatenate([part for chain in chains for part in chain.trace])
    absent, clonal, share = (float(x) for x in trace[:, 2:].mean(axis=0))
    return Visited(
        np.concatenate([part for chain in chains for part in chain.kept]),
        np.mean(similar, axis=0),
        way / len(trace),
        variant_post / variant_post.sum(axis=2, keepdims=True),
        noise_sum / len(trace),
        absent,
        clonal,
        share,
        agreement,
    )


def _fixed(state: State) -> dict[str, Any]:
    """Return what no chain changes."""
    c, rows = state.counts, state.rows
    now = sample_purity(state)
    back = np.where(now > 0, state.purity_given / np.maximum(now, 1e-9), 1.0)
    return {
        "alt": c.alt_count,
        "depth": c.depth,
        "purity": c.purity * back,
        "copies": c.major_cn + c.minor_cn,
        "normal_cn": c.normal_cn,
        "base_error": c.error_rate / state.error_factor,
        "given": state.purity_given,
        "purity_sd": state.purity_sd,
        "grid": state.grid,
        "variant": rows.variant,
        "way_of": rows.way,
        "mutated": rows.mutated,
        "ref_is_normal": rows.ref_is_normal,
        "n_state": rows.n_state,
        "row_start": rows.start,
        "outlier_log": state.tables["outlier"],
        "base": state.weight[0],
        "way_prior": WAY_PRIOR,
        "noise_prior": np.array([math.log(PRECISION_CENTRE), PRECISION_SPREAD, ERROR_SPREAD]),
        "outlier_prior": OUTLIER_PRIOR,
        "concentrations": CONCENTRATIONS,
        "spike_prior": SPIKE_PRIOR,
        "concentration_log_prior": CONCENTRATION_LOG_PRIOR,
        "seen": (c.depth > 0) & (c.purity > 0),
    }


def _start(state: State, params: ClusterParams, index: int) -> Chain:
    """Even chains start at the best partition, odd ones with every variant on its own (or clusters cut in many)."""
    n, t = state.counts.n_variant, state.tables
    most = max(params.max_cluster, state.n_cluster + 20)
    labels = state.labels.copy()
    if index % 2:
        labels = (
            np.arange(n)
            if n <= most
            else compact(state.labels * n + np.arange(n) % max(1, most // (state.n_cluster + 1)))
        )
    noise = [np.log(np.minimum(state.precision, 30_000.0)), np.log(state.error_factor), state.purity_shift]
    seed = generator(index, "evolution.cluster").integers(0, 2**63, 1).astype(np.uint64)
    return Chain(
        {
            "table": t["table"].copy(),
            "prob": t["prob"].copy(),
            "scale": t["scale"].copy(),
            "labels": labels,
            "row_of": state.row_of.copy(),
            "row_log_prior": state.rows.log_prior.copy(),
            "noise": np.stack(noise),
            "spikes": np.array([state.absent, state.clonal, state.trunk]),
            "is_busy": np.ones(n, bool),
            "state": seed,
            "capacity": min(n, most) + 1,
        }
    )


def correlation(a: FloatArray, b: FloatArray) -> float:
    """Return the correlation of two similarity matrices over the pairs of variants; 1 where neither varies."""
    n, n_pair = len(a), len(a) * (len(a) - 1)
    if n < 2:
        return 1.0
    # both are symmetric: every pair is there twice, and the diagonal is taken off
    own_a, own_b = np.diagonal(a), np.diagonal(b)
    mean_a, mean_b = (a.sum() - own_a.sum()) / n_pair, (b.sum() - own_b.sum()) / n_pair
    x, y = a - mean_a, b - mean_b
    np.fill_diagonal(x, 0.0)
    np.fill_diagonal(y, 0.0)
    spread_a, spread_b = np.vdot(x, x) / n_pair, np.vdot(y, y) / n_pair
    if min(spread_a, spread_b) < 1e-18:
        return float(np.abs(a - b).max(initial=0.0) < 0.2)
    return float(np.vdot(x, y) / n_pair / math.sqrt(spread_a * spread_b))


def expected_rand_partition(kept: IntArray, together: FloatArray, start: IntArray) -> IntArray:
    """Return the labels of highest expected adjusted Rand index among `start`, some visited and all cuts of a tree.

    Of one cluster the index with another partition is 1 where that is one cluster too, else 0: its expectation is how
    often one cluster was visited. The formula for the others would give it 0 and split every tumour of a single clone.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    from oncourse.evolution.clustering import _average_kernels as kernels

    n = len(together)
    candidates = [start] + [kept[i] for i in range(0, len(kept), max(1, len(kept) // 20))]
    tree = linkage(squareform(1 - together, checks=False), method="average")
    most = min(n, int(kept.max()) + 10)
    labels, name = np.arange(n), np.arange(2 * n - 1)
    for step, (left, right) in enumerate(tree[:, :2].astype(np.int64)):
        labels[labels == name[right]] = name[left]
        name[n + step] = name[left]
        if n - step - 1 <= most:
            candidates.append(labels.copy())
    one = float((kept.max(axis=1) == 0).mean())
    best, best_value = start, -np.inf
    for labels in candidates:
        apart = np.where(labels < 0, labels.max() + 1 + np.arange(n), labels)
        value = kernels.expected_rand(apart, together) if len(set(apart.tolist())) > 1 else one
        if value > best_value + 1e-9:
            best, best_value = apart, value
    return best
