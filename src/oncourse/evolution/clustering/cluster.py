"""Clusters of variants that share one cell fraction in every sample of a patient.

The counts of a cluster S have the evidence ``prod_d sum_g w_g prod_{n in S} p(x_nd | ccf_g)``: a grid over the CCF
with a spike at 0 (the clone is not in the sample), one at 1 (it is clonal there) and a slab between; or the cluster is
the trunk, at 1 in every sample. Partitions have the Dirichlet process prior. Nothing is sampled to get the best
partition: variants are merged pair by pair along the whole path, then moved one by one. Beta-binomial precision (per
sample), concentration and the shares of spikes and trunk are learned. Posterior averaging over partitions (`average`)
then gives the point estimate and its uncertainty.

The parts, each of which imports only those before it: `types` (in and out), `prior`, `rows`
(ways to sit on copies), `state` (a partition and its tables), `noise`, `partition` (the best one),
`large`, `summary` (posteriors and intervals), `average`, `doubt` (what is no clone); this file is the door.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from oncourse.evolution.clustering.average import average_partitions, posteriors_around
from oncourse.evolution.clustering.doubt import set_aside
from oncourse.evolution.clustering.large import large_partition
from oncourse.evolution.clustering.partition import best_partition
from oncourse.evolution.clustering.prior import ccf_prior
from oncourse.evolution.clustering.state import join_trunks
from oncourse.evolution.clustering.summary import PRESENT_FROM, grid_interval, summarise
from oncourse.evolution.clustering.types import Clustering, ClusterParams, Counts, FloatArray, IntArray


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
    find = best_partition if counts.n_variant <= params.max_merge else large_partition
    state = find(_take(counts, variants, samples), params, sd[samples])
    join_trunks(state)
    if params.average and 1 < counts.n_variant <= params.max_average:
        result = average_partitions(state, params)
    else:
        result = summarise(state, params.level, posteriors_around(state, params))
    return set_aside(counts, _restore(result, variants, samples, counts))


def canonical_order(counts: Counts) -> tuple[IntArray, IntArray]:
    """Return (samples that say something, variants), both in an order set by the counts alone."""
    alt, depth = counts.alt_count.astype(np.int64), counts.depth.astype(np.int64)
    used = np.nonzero(((depth > 0) & (counts.purity > 0)).any(axis=0))[0]
    keys = [
        (depth[:, d].sum(), alt[:, d].sum(), (alt[:, d] ** 2).sum(), (alt[:, d] * depth[:, d]).sum(), d) for d in used
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


def _restore(result: Clustering, variants: IntArray, samples: IntArray, counts: Counts) -> Clustering:
    """Return the result in the order of the input, clusters by falling mean CCF, empty samples at the prior."""
    n_sample = counts.n_sample
    order = np.lexsort((-result.n_variants, -result.ccf_mean.mean(axis=1).round(9)))
    rank = np.argsort(order)
    back = np.argsort(variants)
    weight = ccf_prior(result.grid, result.spike_absent, result.spike_clonal)
    mean = float(weight @ result.grid)
    low, high = grid_interval(weight[None, :], result.grid, 0.9)

    def spread(values: Any, fill: Any) -> Any:
        out = np.empty((values.shape[0], n_sample, *values.shape[2:]), values.dtype)
        out[:] = fill
        out[:, samples] = values
        return out

    labels = np.full(len(result.labels), -1, np.int64)  # -1 stays: every variant may be an outlier, with no cluster
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
