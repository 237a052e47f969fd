# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled loops of the clustering; `oncourse.evolution.cluster` says what they compute and why.

Everywhere: ``prob`` (n_row, n_sample, n_grid) is the likelihood of one row of counts at each CCF divided by its
largest value, so that products stay in range; ``weight`` (n_grid,) is the CCF prior. A row is one variant with one
choice of multiplicities. Numbers that do not change a comparison are left out where that is said.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

jit: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
_TINY = 1e-290
_IMPOSSIBLE = -1e30


@jit
def log_gamma(x):
    """Return log Gamma for x > 0 (Stirling's series after a shift; absolute error below 1e-10)."""
    shift = 1.0
    while x < 8.0:
        shift *= x
        x += 1.0
    y = 1.0 / (x * x)
    series = (
        0.08333333333333333 - y * (0.002777777777777778 - y * (0.0007936507936507937 - y * 0.000595238))
    ) / x
    return (x - 0.5) * math.log(x) - x + 0.9189385332046727 + series - math.log(shift)


@jit
def log_rising(x, k):
    """Return log Gamma(x + k) - log Gamma(x) for a whole k >= 0."""
    if k <= 6:
        product = 1.0
        for j in range(k):
            product *= x + j
        return math.log(product)
    return log_gamma(x + k) - log_gamma(x)


@jit
def log_beta_binomial(k, n, v, s):
    """Return log P(k of n), mean v, precision s (inf: binomial), without the terms in which v does not occur."""
    if math.isinf(s):
        return k * math.log(v) + (n - k) * math.log1p(-v)
    a = v * s
    return log_rising(a, k) + log_rising(s - a, n - k)


@jit
def site_log_lik(k, n, purity, copies, normal, error, s, grid, mutated, ref_is_normal, n_state, out):
    """Fill out[g] with log P(k | n, CCF grid[g]) averaged over the states of one site in one sample."""
    n_grid = grid.shape[0]
    coefficient = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)
    if not math.isinf(s):
        coefficient -= log_rising(s, n)
    for g in range(n_grid):
        phi = grid[g]
        total = 0.0
        top = _IMPOSSIBLE
        for q in range(n_state):
            tumour = copies
            if ref_is_normal[q]:
                tumour = phi * copies + (1.0 - phi) * normal
            depth_share = purity * tumour + (1.0 - purity) * normal
            v = 0.0
            if depth_share > 0.0:
                v = purity * phi * mutated[q] / depth_share
            v = v * (1.0 - error) + (1.0 - v) * error
            value = log_beta_binomial(k, n, v, s)
            if value > top:
                total = total * math.exp(top - value) + 1.0
                top = value
            else:
                total += math.exp(value - top)
        out[g] = coefficient + top + math.log(total / n_state)


@jit
def likelihood_table(
    alt,
    depth,
    purity,
    copies,
    normal,
    error,
    precision,
    grid,
    row_variant,
    mutated,
    ref_is_normal,
    n_state,
    out,
):
    """Fill out (n_row, n_sample, n_grid) with log-likelihoods; 0 where the site was not looked at."""
    for r in range(row_variant.shape[0]):
        i = row_variant[r]
        for d in range(alt.shape[1]):
            if depth[i, d] <= 0 or purity[i, d] <= 0.0:
                out[r, d, :] = 0.0
                continue
            site_log_lik(
                alt[i, d], depth[i, d], purity[i, d], copies[i, d], normal[i, d], error[d], precision[d], grid,
                mutated[r, d], ref_is_normal[r, d], n_state[r, d], out[r, d],
            )  # fmt: skip


@jit
def normalise_table(table, prob, scale):
    """Split log-likelihoods into prob = exp(table - scale), scale = their largest value per row and sample."""
    for r in range(table.shape[0]):
        for d in range(table.shape[1]):
            top = table[r, d, 0]
            for g in range(table.shape[2]):
                top = max(top, table[r, d, g])
            scale[r, d] = top
            for g in range(table.shape[2]):
                prob[r, d, g] = math.exp(table[r, d, g] - top)


@jit
def weighted_dot(a, b, weight):
    total = 0.0
    for g in range(weight.shape[0]):
        total += a[g] * b[g] * weight[g]
    return total


@jit
def dot(a, b):
    total = 0.0
    for g in range(a.shape[0]):
        total += a[g] * b[g]
    return total


@jit
def log_mass(prob_i, prob_j, weight):
    """Return sum over samples of log sum over the grid of weight x prob_i x prob_j."""
    total = 0.0
    for d in range(prob_i.shape[0]):
        mass = weighted_dot(prob_i[d], prob_j[d], weight)
        if mass < _TINY:
            return _IMPOSSIBLE
        total += math.log(mass)
    return total


@jit
def agglomerate(prob, sizes, weight, log_k):
    """Merge clusters pair by pair down to one and return the labels at the best point of the whole path.

    Parameters: prob (n, S, G), changed in place; sizes (n,) members of each start cluster; log_k[K] log prior of K
    clusters. The path is followed to its end: stopping at the first merge that lowers the score leaves
    single-sample data in dozens of clusters.
    """
    n = prob.shape[0]
    n_sample = prob.shape[1]
    ones = np.ones_like(prob[0])
    own = np.empty(n)
    for i in range(n):
        own[i] = log_mass(prob[i], ones, weight)
    size = sizes.astype(np.float64)
    gain = np.full((n, n), _IMPOSSIBLE)
    best_j = np.full(n, -1)
    best = np.full(n, _IMPOSSIBLE)
    for i in range(n):
        for j in range(i + 1, n):
            joint = log_mass(prob[i], prob[j], weight)
            if joint > _IMPOSSIBLE:
                gain[i, j] = (
                    joint - own[i] - own[j]
                    + math.lgamma(size[i] + size[j]) - math.lgamma(size[i]) - math.lgamma(size[j])
                )  # fmt: skip
            if gain[i, j] > best[i]:
                best[i] = gain[i, j]
                best_j[i] = j
    alive = np.ones(n, dtype=np.bool_)
    left = np.empty(n, dtype=np.int64)
    right = np.empty(n, dtype=np.int64)
    score = log_k[n]
    top_score = score
    top_step = 0
    steps = 0
    for step in range(n - 1):
        i = -1
        for r in range(n):
            if alive[r] and best_j[r] >= 0 and (i < 0 or best[r] > best[i]):
                i = r
        if i < 0 or best[i] <= _IMPOSSIBLE:
            break
        j = best_j[i]
        clusters = n - step
        score += best[i] + log_k[clusters - 1] - log_k[clusters]
        left[step] = i
        right[step] = j
        steps = step + 1
        if score > top_score + 1e-9:
            top_score = score
            top_step = steps
        for d in range(n_sample):
            top = 0.0
            for g in range(weight.shape[0]):
                value = prob[i, d, g] * prob[j, d, g]
                prob[i, d, g] = value
                top = max(top, value)
            for g in range(weight.shape[0]):
                prob[i, d, g] /= top
        own[i] = log_mass(prob[i], ones, weight)
        size[i] += size[j]
        alive[j] = False
        for r in range(n):
            if not alive[r] or r == i:
                continue
            joint = log_mass(prob[i], prob[r], weight)
            value = _IMPOSSIBLE
            if joint > _IMPOSSIBLE:
                value = (
                    joint - own[i] - own[r]
                    + math.lgamma(size[i] + size[r]) - math.lgamma(size[i]) - math.lgamma(size[r])
                )  # fmt: skip
            a, b = min(i, r), max(i, r)
            gain[a, b] = value
        for r in range(n):
            if not alive[r]:
                continue
            stale = r == i or best_j[r] == i or best_j[r] == j
            if not stale and r < i and gain[r, i] > best[r]:
                best[r] = gain[r, i]
                best_j[r] = i
            if stale:
                best[r] = _IMPOSSIBLE
                best_j[r] = -1
                for c in range(r + 1, n):
                    if alive[c] and gain[r, c] > best[r]:
                        best[r] = gain[r, c]
                        best_j[r] = c
    root = np.arange(n)
    for step in range(top_step):
        for r in range(n):
            if root[r] == right[step]:
                root[r] = left[step]
    return root


@jit
def cluster_sums(table, row_of, labels, n_cluster, sums, counts):
    """Add the log-likelihoods of the members: sums (n_cluster, S, G), counts (n_cluster,); -1 is no cluster."""
    sums[:n_cluster] = 0.0
    counts[:n_cluster] = 0
    for i in range(labels.shape[0]):
        k = labels[i]
        if k >= 0:
            counts[k] += 1
            r = row_of[i]
            for d in range(sums.shape[1]):
                for g in range(sums.shape[2]):
                    sums[k, d, g] += table[r, d, g]


@jit
def posterior_of(sums_k, weight, post_k):
    """Fill post_k (S, G) with the normalised CCF posterior and return the log evidence of the cluster."""
    evidence = 0.0
    for d in range(sums_k.shape[0]):
        top = sums_k[d, 0]
        for g in range(weight.shape[0]):
            top = max(top, sums_k[d, g])
        total = 0.0
        for g in range(weight.shape[0]):
            value = weight[g] * math.exp(sums_k[d, g] - top)
            post_k[d, g] = value
            total += value
        for g in range(weight.shape[0]):
            post_k[d, g] /= total
        evidence += top + math.log(total)
    return evidence


@jit
def log_predictive(post_k, prob_r):
    """Return log P(row | cluster) up to the row's scale."""
    total = 0.0
    product = 1.0
    for d in range(prob_r.shape[0]):
        product *= dot(post_k[d], prob_r[d])
        if product < 1e-200:
            if product < _TINY:
                return _IMPOSSIBLE
            total += math.log(product)
            product = 1.0
    return total + math.log(product)


@jit
def sweep(
    table, prob, scale_sum, row_start, row_log_prior, new_log, outlier_log, weight, alpha, outlier_prior,
    labels, row_of, sums, counts, post, n_cluster, uniforms, order,
):  # fmt: skip
    """Visit every variant once and give it a new cluster and row; return (clusters in use, moves made).

    With uniforms (n_variant,) the choice is drawn from its full conditional (collapsed Gibbs, CCFs integrated out
    on the grid); with an empty array the most probable choice is taken (ICM). `new_log` (n_row,) is log P(row) under
    the prior, `outlier_log` (n_variant,) that of the outlier component, both without the row's scale taken off.
    """
    n = labels.shape[0]
    draw = uniforms.shape[0] > 0
    capacity = sums.shape[0]
    n_out = 0.0
    for i in range(n):
        if labels[i] < 0:
            n_out += 1.0
    most_rows = 0
    for i in range(n):
        most_rows = max(most_rows, row_start[i + 1] - row_start[i])
    value = np.empty(most_rows * (capacity + 1) + 1)
    choice_k = np.empty(value.shape[0], dtype=np.int64)
    choice_r = np.empty(value.shape[0], dtype=np.int64)
    kept = np.empty_like(sums[0])
    moves = 0
    for t in range(n):
        i = order[t]
        old_k = labels[i]
        old_r = row_of[i]
        if old_k >= 0:
            counts[old_k] -= 1
            kept[:] = post[old_k]
            for d in range(sums.shape[1]):
                for g in range(sums.shape[2]):
                    sums[old_k, d, g] -= table[old_r, d, g]
            if counts[old_k] > 0:
                posterior_of(sums[old_k], weight, post[old_k])
        else:
            n_out -= 1.0
        n_in = n - 1.0 - n_out
        # Polya urns: outlier or not, then the Chinese restaurant among the others
        log_in = math.log(n_in + outlier_prior[1]) - math.log(alpha + n_in)
        m = 0
        top = _IMPOSSIBLE
        for r in range(row_start[i], row_start[i + 1]):
            base = row_log_prior[r] + log_in
            for k in range(n_cluster):
                if counts[k] > 0:
                    value[m] = base + math.log(counts[k]) + scale_sum[r] + log_predictive(post[k], prob[r])
                    choice_k[m] = k
                    choice_r[m] = r
                    top = max(top, value[m])
                    m += 1
            value[m] = base + math.log(alpha) + new_log[r]
            choice_k[m] = n_cluster
            choice_r[m] = r
            top = max(top, value[m])
            m += 1
        value[m] = math.log(n_out + outlier_prior[0]) + outlier_log[i]
        choice_k[m] = -1
        choice_r[m] = old_r
        top = max(top, value[m])
        m += 1
        pick = 0
        if draw:
            total = 0.0
            for c in range(m):
                value[c] = math.exp(value[c] - top)
                total += value[c]
            target = uniforms[i] * total
            pick = m - 1
            for c in range(m):
                target -= value[c]
                if target <= 0.0:
                    pick = c
                    break
        else:
            for c in range(1, m):
                # the margin keeps ties (identical clusters) where they are
                if value[c] > value[pick] + 1e-9:
                    pick = c
        k = choice_k[pick]
        r = choice_r[pick]
        if k == n_cluster:
            if old_k >= 0 and counts[old_k] == 0:
                k = old_k
            else:
                k = -2
                for c in range(n_cluster):
                    if counts[c] == 0:
                        k = c
                        break
                if k == -2:
                    if n_cluster < capacity:
                        k = n_cluster
                        n_cluster += 1
                        counts[k] = 0
                    else:
                        k = old_k
                        r = old_r
            if k >= 0 and counts[k] == 0:
                sums[k] = 0.0
        if k != old_k or r != old_r:
            moves += 1
        labels[i] = k
        row_of[i] = r
        if k >= 0:
            counts[k] += 1
            for d in range(sums.shape[1]):
                for g in range(sums.shape[2]):
                    sums[k, d, g] += table[r, d, g]
            if k == old_k and r == old_r:
                post[k] = kept
            else:
                posterior_of(sums[k], weight, post[k])
        else:
            n_out += 1.0
    return n_cluster, moves


@jit
def spike_shares(sums, counts, n_cluster, informative, weight, absent, clonal, prior, n_round):
    """Return (absent, clonal) shares of CCF spikes by EM with Dirichlet pseudo-counts `prior` (absent, clonal, slab).

    `weight` is the prior in use; its two ends are the spikes, the rest the slab. `informative` (n_cluster, S) says
    whether a cluster has any reads in a sample.
    """
    last = weight.shape[0] - 1
    slab_mass = 0.0
    for g in range(1, last):
        slab_mass += weight[g]
    for _ in range(n_round):
        n0, n1, n2 = prior[0], prior[1], prior[2]
        for k in range(n_cluster):
            if counts[k] == 0:
                continue
            for d in range(sums.shape[1]):
                if not informative[k, d]:
                    continue
                top = sums[k, d, 0]
                for g in range(last + 1):
                    top = max(top, sums[k, d, g])
                slab = 0.0
                for g in range(1, last):
                    slab += weight[g] * math.exp(sums[k, d, g] - top)
                p0 = absent * math.exp(sums[k, d, 0] - top)
                p1 = clonal * math.exp(sums[k, d, last] - top)
                p2 = (1.0 - absent - clonal) * slab / slab_mass
                total = p0 + p1 + p2
                n0 += p0 / total
                n1 += p1 / total
                n2 += p2 / total
        absent = n0 / (n0 + n1 + n2)
        clonal = n1 / (n0 + n1 + n2)
    return absent, clonal


@jit
def noise_evidence(
    alt, depth, purity, copies, normal, errors, precisions, factors, grid, weight, mutated, ref_is_normal, n_state,
    labels, row_of, n_cluster, first, last,
):  # fmt: skip
    """Return (n_try, S): log evidence of each sample at errors[q, d], precisions[q, d] and purity x factors[q, d].

    Partition and rows are held fixed. Of cluster k in sample d only the grid points first[k, d] to last[k, d] - 1 and
    both ends are looked at: elsewhere its likelihood is nil.
    """
    n_sample = alt.shape[1]
    n_try = precisions.shape[0]
    top_g = grid.shape[0] - 1
    out = np.zeros((n_try, n_sample))
    sums = np.empty((n_cluster, grid.shape[0]))
    line = np.empty(grid.shape[0])
    for d in range(n_sample):
        for q in range(n_try):
            sums[:] = 0.0
            for i in range(alt.shape[0]):
                k = labels[i]
                if k < 0 or depth[i, d] <= 0 or purity[i, d] <= 0.0:
                    continue
                r = row_of[i]
                for part in range(3):
                    low, high = first[k, d], last[k, d]
                    if part == 0:
                        low, high = 0, min(1, first[k, d])
                    elif part == 2:
                        low, high = max(top_g, last[k, d]), top_g + 1
                    if low >= high:
                        continue
                    site_log_lik(
                        alt[i, d], depth[i, d], min(1.0, purity[i, d] * factors[q, d]), copies[i, d], normal[i, d],
                        errors[q, d], precisions[q, d], grid[low:high], mutated[r, d], ref_is_normal[r, d],
                        n_state[r, d], line[low:high],
                    )  # fmt: skip
                    for g in range(low, high):
                        sums[k, g] += line[g]
            for k in range(n_cluster):
                top = _IMPOSSIBLE
                for g in range(top_g + 1):
                    if g == 0 or g == top_g or first[k, d] <= g < last[k, d]:
                        top = max(top, sums[k, g])
                total = 0.0
                for g in range(top_g + 1):
                    if g == 0 or g == top_g or first[k, d] <= g < last[k, d]:
                        total += weight[g] * math.exp(sums[k, g] - top)
                out[q, d] += top + math.log(total)
    return out
