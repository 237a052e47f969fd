# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled loops of the posterior average over partitions (`oncourse.evolution.cluster_average`)."""

from __future__ import annotations

import math

import numpy as np

from oncourse.evolution._cluster_kernels import (
    cluster_sums,
    jit,
    log_gamma,
    posterior_of,
    spike_shares,
    sweep,
)


@jit
def _renumber(labels, n_cluster):
    """Close the gaps of the labels in place and return the number of clusters."""
    new = np.full(n_cluster, -1)
    used = 0
    for i in range(labels.shape[0]):
        k = labels[i]
        if k >= 0:
            if new[k] < 0:
                new[k] = used
                used += 1
            labels[i] = new[k]
    return used


@jit
def _set_prior(weight, absent, clonal):
    last = weight.shape[0] - 1
    slab = 0.0
    for g in range(1, last):
        slab += weight[g]
    for g in range(1, last):
        weight[g] *= (1.0 - absent - clonal) / slab
    weight[0] = absent
    weight[last] = clonal


@jit
def _prior_evidence(prob, scale_sum, weight, out):
    for r in range(prob.shape[0]):
        total = scale_sum[r]
        for d in range(prob.shape[1]):
            mass = 0.0
            for g in range(weight.shape[0]):
                mass += weight[g] * prob[r, d, g]
            total += math.log(mass)
        out[r] = total


@jit
def chain(
    table, prob, scale_sum, row_start, row_log_prior, outlier_log, weight, outlier_prior, concentrations, seen,
    spike_prior, labels, row_of, capacity, n_burn, uniforms, alpha_uniforms, every,
    kept_labels, way, variant_post, trace,
):  # fmt: skip
    """Run one collapsed Gibbs chain; returns how many sweeps entered `variant_post`.

    Fills kept_labels (n_sweep, n), adds to way (n_row,) each sweep's rows, to variant_post (n, S, G) the CCF posterior
    of each variant's cluster at every `every`-th sweep; trace (n_sweep, 4): clusters, log evidence, absent, clonal.
    """
    n = labels.shape[0]
    n_sample = table.shape[1]
    n_grid = table.shape[2]
    n_total = uniforms.shape[0]
    sums = np.zeros((capacity, n_sample, n_grid))
    post = np.zeros((capacity, n_sample, n_grid))
    counts = np.zeros(capacity, dtype=np.int64)
    fresh = np.empty(prob.shape[0])
    order = np.arange(n)
    alpha_log = np.empty(concentrations.shape[0])
    informative = np.zeros((capacity, n_sample), dtype=np.bool_)
    absent, clonal = weight[0], weight[n_grid - 1]
    averaged = 0
    used = 0
    for i in range(n):
        used = max(used, labels[i] + 1)
    for t in range(n_total):
        used = _renumber(labels, used)
        cluster_sums(table, row_of, labels, used, sums, counts)
        informative[:used] = False
        n_in = 0
        for i in range(n):
            if labels[i] >= 0:
                n_in += 1
                for d in range(n_sample):
                    if seen[i, d]:
                        informative[labels[i], d] = True
        if used > 0:
            absent, clonal = spike_shares(
                sums, counts, used, informative, weight, absent, clonal, spike_prior, 1
            )
        _set_prior(weight, absent, clonal)
        _prior_evidence(prob, scale_sum, weight, fresh)
        evidence = 0.0
        for k in range(used):
            evidence += posterior_of(sums[k], weight, post[k])
        top = -1e300
        for q in range(concentrations.shape[0]):
            a = concentrations[q]
            alpha_log[q] = used * math.log(a) + log_gamma(a) - log_gamma(a + n_in)
            top = max(top, alpha_log[q])
        total = 0.0
        for q in range(concentrations.shape[0]):
            alpha_log[q] = math.exp(alpha_log[q] - top)
            total += alpha_log[q]
        target = alpha_uniforms[t] * total
        alpha = concentrations[concentrations.shape[0] - 1]
        for q in range(concentrations.shape[0]):
            target -= alpha_log[q]
            if target <= 0.0:
                alpha = concentrations[q]
                break
        if t >= n_burn:
            s = t - n_burn
            for i in range(n):
                kept_labels[s, i] = labels[i]
                way[row_of[i]] += 1.0
            trace[s, 0] = used
            trace[s, 1] = evidence
            trace[s, 2] = absent
            trace[s, 3] = clonal
            if s % every == 0:
                averaged += 1
                for i in range(n):
                    k = labels[i]
                    if k >= 0:
                        for d in range(n_sample):
                            for g in range(n_grid):
                                variant_post[i, d, g] += post[k, d, g]
                    else:
                        # an artefact has no clone: what its own reads say
                        r = row_of[i]
                        for d in range(n_sample):
                            total = 0.0
                            for g in range(n_grid):
                                total += weight[g] * prob[r, d, g]
                            for g in range(n_grid):
                                variant_post[i, d, g] += weight[g] * prob[r, d, g] / total
        used, _ = sweep(
            table, prob, scale_sum, row_start, row_log_prior, fresh, outlier_log, weight, alpha, outlier_prior,
            labels, row_of, sums, counts, post, used, uniforms[t], order,
        )  # fmt: skip
    return averaged


@jit
def similarity(kept_labels):
    """Return (n, n): share of partitions that put two variants together; an outlier is with nobody."""
    n_sweep, n = kept_labels.shape
    out = np.zeros((n, n))
    for i in range(n):
        out[i, i] = 1.0
        for j in range(i):
            together = 0
            for t in range(n_sweep):
                if kept_labels[t, i] == kept_labels[t, j] and kept_labels[t, i] >= 0:
                    together += 1
            out[i, j] = together / n_sweep
            out[j, i] = out[i, j]
    return out


@jit
def expected_rand(labels, together):
    """Return the posterior expected adjusted Rand index of a partition (Fritsch and Ickstadt 2009, eq. 14)."""
    n = labels.shape[0]
    both = 0.0
    own = 0.0
    other = 0.0
    for i in range(n):
        for j in range(i):
            other += together[i, j]
            if labels[i] == labels[j]:
                own += 1.0
                both += together[i, j]
    chance = own * other / (0.5 * n * (n - 1.0))
    bottom = 0.5 * (own + other) - chance
    if bottom <= 1e-12:
        return 1.0 if own == 0.0 or own == 0.5 * n * (n - 1.0) else 0.0
    return (both - chance) / bottom


@jit
def match_clusters(kept_labels, labels, n_cluster):
    """Return (n, n_cluster): share of partitions in which the variant sits in the cluster that best overlaps k.

    In each partition every cluster is mapped to the cluster of `labels` with which it shares most members.
    """
    n_sweep, n = kept_labels.shape
    out = np.zeros((n, n_cluster))
    for t in range(n_sweep):
        most = 0
        for i in range(n):
            most = max(most, kept_labels[t, i] + 1)
        shared = np.zeros((most, n_cluster), dtype=np.int64)
        for i in range(n):
            if kept_labels[t, i] >= 0 and labels[i] >= 0:
                shared[kept_labels[t, i], labels[i]] += 1
        for i in range(n):
            k = kept_labels[t, i]
            if k >= 0:
                best = 0
                for c in range(1, n_cluster):
                    if shared[k, c] > shared[k, best]:
                        best = c
                out[i, best] += 1.0 / n_sweep
    return out
