# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled loops of the posterior average over partitions (`oncourse.evolution.clustering.average`)."""

from __future__ import annotations

import math

import numpy as np

from oncourse.evolution._likelihood_kernels import IMPOSSIBLE, TINY, jit, log_gamma, plain
from oncourse.evolution.clustering._cluster_kernels import (
    add_row,
    cluster_sums,
    dot,
    log_at_one,
    log_predictive,
    log_sum,
    posterior_of,
    spike_shares,
    sweep,
)
from oncourse.evolution.clustering._noise_kernels import move_noise, uniform

LOOSE = 0.1
"""Nats that the evidence of a proposed split may be off by the chain rule: nearer ones are worked out in full."""
CERTAIN, IDLE_EVERY = 0.998, 4
"""A variant that burn-in leaves at home with this probability at every visit is then visited every fourth sweep
only."""


@jit()
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


@plain()
def set_prior(base, absent, clonal, weight):
    """Set the CCF prior weight (S, G) from the two spikes and the slab of `base` (n_grid,)."""
    last = base.shape[0] - 1
    slab = 0.0
    for g in range(1, last):
        slab += base[g]
    for d in range(weight.shape[0]):
        for g in range(1, last):
            weight[d, g] = base[g] * (1.0 - absent - clonal) / slab
        weight[d, 0] = absent
        weight[d, last] = clonal


@jit()
def _slab_masses(prob, base, out):
    """Fill out (n_row, S): likelihood of each row in each sample averaged over the slab of the prior `base` (G,)."""
    last = base.shape[0] - 1
    slab = base.astype(np.float32)
    slab[0], slab[last] = 0.0, 0.0
    slab /= slab.sum()
    for r in range(prob.shape[0]):
        for d in range(prob.shape[1]):
            out[r, d] = dot(prob[r, d], slab)


@plain()
def _prior_evidence(prob, scale_sum, at_one, slab, spikes, out):
    """Fill out (n_row,) with the log probability of each row as a cluster of its own; spikes: absent, clonal, trunk."""
    last = prob.shape[2] - 1
    absent, clonal, trunk = spikes[0], spikes[1], spikes[2]
    for r in range(prob.shape[0]):
        total, product = math.log(1.0 - trunk), 1.0
        for d in range(prob.shape[1]):
            product *= absent * prob[r, d, 0] + clonal * prob[r, d, last] + (1.0 - absent - clonal) * slab[r, d]
            if product < 1e-200:
                total += math.log(product)
                product = 1.0
        total += math.log(product)
        out[r] = scale_sum[r] + log_sum(total, max(IMPOSSIBLE, math.log(trunk) + at_one[r]))


@jit()
def _posteriors(sums, weight, trunk, post, p_trunk, n_cluster):
    """Fill post and p_trunk of all clusters and return their log evidence."""
    out = 0.0
    for k in range(n_cluster):
        evidence, p_trunk[k] = posterior_of(sums[k], weight, trunk, post[k])
        out += evidence
    return out


@plain()
def take_in(post, k, p_trunk, prob, r, at_one_r, log_p):
    """Make post[k] that with row r more, whose `log_predictive` is log_p; return the cluster's chance to be the trunk.

    Values that small that single precision does not hold them are nothing, as in `posterior_of`.
    """
    least = np.float32(2 * TINY)
    for d in range(post.shape[1]):
        total = np.float32(0.0)
        for g in range(post.shape[2]):
            value = post[k, d, g] * prob[r, d, g]
            post[k, d, g] = value
            total += value
        inverse = np.float32(1.0) / max(total, np.float32(TINY))
        for g in range(post.shape[2]):
            value = post[k, d, g] * inverse
            post[k, d, g] = value if value > least else np.float32(0.0)
    trunk = p_trunk * math.exp(min(700.0, at_one_r - log_p))
    return trunk / (1.0 + trunk) if p_trunk < 1e-15 else min(1.0, trunk)


@jit(
    "f8[:,:,:], f4[:,:,:], f8[:], f8[:], f8[:,:], f8, f8, i8[:], i8[:], f8[:,:,:], i8[:], f4[:,:,:], f8[:], "
    "i8, f8[:,:,:], u8[:]"
)
def split_merge(
    table,
    prob,
    scale_sum,
    at_one,
    weight,
    trunk,
    alpha,
    labels,
    row_of,
    sums,
    counts,
    post,
    p_trunk,
    n_cluster,
    scratch,
    state,
):
    """Propose to split a cluster in two or to merge two, by sequential allocation (Dahl 2005); return clusters in use.

    Two variants are picked at random. Of one cluster: they found two new ones, and the other members join one of the
    two in turn, in random order, in proportion to size x predictive probability. Of two clusters: these are merged, and
    the probability of the reverse split is worked out by the same allocation. scratch (3, S, G) holds sums.
    """
    n = labels.shape[0]
    i = int(uniform(state) * n)
    j = int(uniform(state) * n)
    if i == j or labels[i] < 0 or labels[j] < 0:
        return n_cluster
    a, b = labels[i], labels[j]
    is_split = a == b
    if is_split and n_cluster >= sums.shape[0]:
        return n_cluster
    log_u = math.log(1.0 - uniform(state))
    parts = np.empty((3, post.shape[1], post.shape[2]), dtype=np.float32)
    post_a, post_b, post_whole = parts[0], parts[1], parts[2]
    sums_a, sums_b, whole = scratch[0], scratch[1], scratch[2]
    whole[:] = sums[a]
    if not is_split:
        add_row(scratch, 2, sums, b, 1.0)
    evidence, trunk_whole = posterior_of(whole, weight, trunk, post_whole)
    if not is_split:
        # the proposal can only make a merge less acceptable than it is without: far clusters end here
        n_a, n_b = float(counts[a]), float(counts[b])
        evidence_a, _ = posterior_of(sums[a], weight, trunk, post_a)
        evidence_b, _ = posterior_of(sums[b], weight, trunk, post_b)
        ratio = (
            math.log(alpha)
            + math.lgamma(n_a)
            + math.lgamma(n_b)
            - math.lgamma(n_a + n_b)
            + evidence_a
            + evidence_b
            - evidence
        )
        if log_u >= -ratio:
            return n_cluster
    members = np.empty(labels.shape[0], dtype=np.int64)
    m = 0
    for t in range(n):
        if (labels[t] == a or labels[t] == b) and t != i and t != j:
            members[m] = t
            m += 1
    for t in range(m - 1, 0, -1):
        u = int(uniform(state) * (t + 1))
        members[t], members[u] = members[u], members[t]
    sums_a[:] = table[row_of[i]]
    sums_b[:] = table[row_of[j]]
    evidence_a, trunk_a = posterior_of(sums_a, weight, trunk, post_a)
    evidence_b, trunk_b = posterior_of(sums_b, weight, trunk, post_b)
    n_a, n_b = 1.0, 1.0
    log_q = 0.0
    goes_b = np.zeros(m, dtype=np.bool_)
    for t in range(m):
        v = members[t]
        r = row_of[v]
        p_a = log_predictive(parts, 0, trunk_a, prob, r, at_one[r], 0.0)
        p_b = log_predictive(parts, 1, trunk_b, prob, r, at_one[r], 0.0)
        first = 1.0 / (1.0 + n_b / n_a * math.exp(min(700.0, max(-700.0, p_b - p_a))))
        if is_split:
            goes_b[t] = uniform(state) >= first
        else:
            goes_b[t] = labels[v] == b
        if goes_b[t]:
            log_q += math.log(max(1.0 - first, 1e-300))
            n_b += 1.0
            evidence_b += p_b + scale_sum[r]
            trunk_b = take_in(parts, 1, trunk_b, prob, r, at_one[r], p_b)
        else:
            log_q += math.log(max(first, 1e-300))
            n_a += 1.0
            evidence_a += p_a + scale_sum[r]
            trunk_a = take_in(parts, 0, trunk_a, prob, r, at_one[r], p_a)
    # log of posterior(split) / posterior(merged) / q(split), its evidences by the chain rule of single precision
    size_ratio = math.log(alpha) + math.lgamma(n_a) + math.lgamma(n_b) - math.lgamma(n_a + n_b)
    ratio = size_ratio + evidence_a + evidence_b - evidence - log_q
    if (is_split and log_u >= ratio + LOOSE) or (not is_split and log_u >= LOOSE - ratio):
        return n_cluster
    if is_split:
        for t in range(m):
            if goes_b[t]:
                add_row(scratch, 1, table, row_of[members[t]], 1.0)
            else:
                add_row(scratch, 0, table, row_of[members[t]], 1.0)
    else:
        sums_a[:], sums_b[:] = sums[a], sums[b]
    evidence_a, trunk_a = posterior_of(sums_a, weight, trunk, post_a)
    evidence_b, trunk_b = posterior_of(sums_b, weight, trunk, post_b)
    ratio = size_ratio + evidence_a + evidence_b - evidence - log_q
    if is_split:
        if log_u < ratio:
            new = n_cluster
            for k in range(n_cluster):
                if counts[k] == 0:
                    new = k
                    break
            if new == n_cluster:
                n_cluster += 1
            labels[j] = new
            for t in range(m):
                if goes_b[t]:
                    labels[members[t]] = new
            counts[a], counts[new] = int(n_a), int(n_b)
            sums[a], sums[new] = sums_a, sums_b
            post[a], post[new] = post_a, post_b
            p_trunk[a], p_trunk[new] = trunk_a, trunk_b
    elif log_u < -ratio:
        for t in range(n):
            if labels[t] == b:
                labels[t] = a
        counts[a], counts[b] = int(n_a + n_b), 0
        sums[a] = whole
        post[a] = post_whole
        p_trunk[a] = trunk_whole
    return n_cluster


@jit(
    "i8[:,:], i8[:,:], f8[:,:], f8[:,:], f8[:,:], f8[:], f8[:], f8[:], f8[:], i8[:], i8[:], f8[:,:,:], "
    "b1[:,:,:], i8[:,:], i8[:], f8[:], f8[:], f8[:], f8[:], f8[:], f8[:], f8[:], f8[:], b1[:,:], "
    "f8[:,:,:], f4[:,:,:], f8[:,:], i8[:], i8[:], f8[:], f8[:,:], f8[:], b1[:], u8[:], i8, i8, i8, i8, "
    "i8, i8, i8, i8[:,:], f8[:], f8[:,:,:], f8[:,:], f8[:,:]"
)
def chain(
    alt,
    depth,
    purity,
    copies,
    normal_cn,
    base_error,
    given,
    purity_sd,
    grid,
    variant,
    way_of,
    mutated,
    ref_is_normal,
    n_state,
    row_start,
    outlier_log,
    base,
    way_prior,
    noise_prior,
    outlier_prior,
    concentrations,
    spike_prior,
    concentration_log_prior,
    seen,
    table,
    prob,
    scale,
    labels,
    row_of,
    row_log_prior,
    noise,
    spikes,
    is_busy,
    state,
    capacity,
    n_burn,
    n_sweep,
    n_split,
    noise_every,
    n_turn,
    every,
    kept_labels,
    way,
    variant_post,
    noise_sum,
    trace,
):
    """Run one collapsed Gibbs chain.

    A sweep visits the variants, proposes `n_split` splits and merges and redraws the concentration; spikes and shares
    of the ways follow. Every `noise_every`-th moves the noise, n_turn times. Fills kept_labels (n_sweep, n), adds to
    way (n_row,) each sweep's rows, to noise_sum (3, S) its noise, to variant_post (n, S, G) the CCF posterior of each
    variant's cluster at every `every`-th sweep; trace (n_sweep, 5): clusters, log evidence, absent, clonal, trunk.
    Changes in place, so that it can go on from there: table, prob, scale, labels, row_of, row_log_prior, noise, spikes,
    is_busy, state.
    """
    n = labels.shape[0]
    n_sample = table.shape[1]
    n_grid = table.shape[2]
    sums = np.zeros((capacity, n_sample, n_grid))
    post = np.zeros((capacity, n_sample, n_grid), dtype=np.float32)
    counts = np.zeros(capacity, dtype=np.int64)
    fresh = np.empty(prob.shape[0])
    scale_sum = np.empty(prob.shape[0])
    slab = np.empty(prob.shape[:2])
    weight = np.empty((n_sample, n_grid))
    order = np.arange(n)
    draws = np.empty(n)
    alpha_log = np.empty(concentrations.shape[0])
    informative = np.zeros((capacity, n_sample), dtype=np.bool_)
    scratch = np.empty((3, n_sample, n_grid))
    stay = np.ones(n)
    least_stay = np.ones(n)
    ways = np.empty(way_prior.shape[0])
    used = 0
    p_trunk = np.zeros(capacity)
    at_one = np.empty(prob.shape[0])
    for i in range(n):
        used = max(used, labels[i] + 1)
    for t in range(n_burn + n_sweep):
        used = _renumber(labels, used)
        cluster_sums(table, row_of, labels, used, sums, counts)
        informative[:used] = False
        n_in = 0
        ways[:] = way_prior
        for i in range(n):
            if labels[i] >= 0:
                n_in += 1
                for d in range(n_sample):
                    if seen[i, d]:
                        informative[labels[i], d] = True
            if row_start[i + 1] - row_start[i] > 1:
                ways[way_of[row_of[i]]] += 1.0
        for i in range(n):
            total = 0.0
            for r in range(row_start[i], row_start[i + 1]):
                total += ways[way_of[r]]
            for r in range(row_start[i], row_start[i + 1]):
                row_log_prior[r] = math.log(ways[way_of[r]] / total)
        if used > 0:
            spike_shares(sums, counts, used, informative, base, spikes, spike_prior, 1)
        trunk = spikes[2]
        set_prior(base, spikes[0], spikes[1], weight)
        evidence = _posteriors(sums, weight, trunk, post, p_trunk, used)
        if _join_trunks(labels, p_trunk):
            used = _renumber(labels, used)
            cluster_sums(table, row_of, labels, used, sums, counts)
            evidence = _posteriors(sums, weight, trunk, post, p_trunk, used)
        moves_noise = noise_every > 0 and t % noise_every == noise_every - 1
        if moves_noise:
            move_noise(
                alt,
                depth,
                purity,
                copies,
                normal_cn,
                base_error,
                given,
                purity_sd,
                noise,
                grid,
                variant,
                mutated,
                ref_is_normal,
                n_state,
                table,
                prob,
                scale,
                sums,
                labels,
                row_of,
                used,
                weight,
                p_trunk,
                noise_prior,
                n_turn,
                state,
            )
            evidence = _posteriors(sums, weight, trunk, post, p_trunk, used)
        if t == 0 or moves_noise:
            _slab_masses(prob, base, slab)
            for r in range(prob.shape[0]):
                scale_sum[r] = 0.0
                for d in range(n_sample):
                    scale_sum[r] += scale[r, d]
                at_one[r] = log_at_one(prob, r)
        _prior_evidence(prob, scale_sum, at_one, slab, spikes, fresh)
        top = -1e300
        for q in range(concentrations.shape[0]):
            a = concentrations[q]
            alpha_log[q] = concentration_log_prior[q] + used * math.log(a) + log_gamma(a) - log_gamma(a + n_in)
            top = max(top, alpha_log[q])
        total = 0.0
        for q in range(concentrations.shape[0]):
            alpha_log[q] = math.exp(alpha_log[q] - top)
            total += alpha_log[q]
        target = uniform(state) * total
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
            trace[s, 2:] = spikes
            for p in range(3):
                for d in range(n_sample):
                    noise_sum[p, d] += noise[p, d]
            if s % every == 0:
                for i in range(n):
                    k = labels[i]
                    if k >= 0:
                        for d in range(n_sample):
                            for g in range(n_grid):
                                variant_post[i, d, g] += (1.0 - p_trunk[k]) * post[k, d, g]
                            variant_post[i, d, n_grid - 1] += p_trunk[k]
                    else:
                        # an artefact has no clone: what its own reads say
                        r = row_of[i]
                        for d in range(n_sample):
                            total = 0.0
                            for g in range(n_grid):
                                total += weight[d, g] * prob[r, d, g]
                            for g in range(n_grid):
                                variant_post[i, d, g] += weight[d, g] * prob[r, d, g] / total
        n_order = 0
        for i in range(n):
            if is_busy[i] or (t + i) % IDLE_EVERY == 0:
                order[n_order] = i
                n_order += 1
                draws[i] = uniform(state)
        used, _ = sweep(
            table,
            prob,
            scale_sum,
            row_start,
            row_log_prior,
            fresh,
            outlier_log,
            at_one,
            weight,
            trunk,
            alpha,
            outlier_prior,
            labels,
            row_of,
            sums,
            counts,
            post,
            p_trunk,
            used,
            draws,
            order[:n_order],
            stay,
        )
        if n_burn // 2 <= t < n_burn:
            for i in range(n):
                least_stay[i] = min(least_stay[i], stay[i])
            if t == n_burn - 1:
                for i in range(n):
                    is_busy[i] = least_stay[i] < CERTAIN
        for _ in range(n_split):
            used = split_merge(
                table,
                prob,
                scale_sum,
                at_one,
                weight,
                trunk,
                alpha,
                labels,
                row_of,
                sums,
                counts,
                post,
                p_trunk,
                used,
                scratch,
                state,
            )


@plain()
def _join_trunks(labels, p_trunk):
    """Make one cluster of all that are more likely than not the trunk; returns whether there were several."""
    first, joined = -1, False
    for i in range(labels.shape[0]):
        k = labels[i]
        if k >= 0 and p_trunk[k] > 0.5:
            if first < 0:
                first = k
            joined = joined or k != first
            labels[i] = first
    return joined


@jit("i8[:,:]")
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


@jit("i8[:], f8[:,:]")
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


@jit("i8[:,:], i8[:], i8")
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
