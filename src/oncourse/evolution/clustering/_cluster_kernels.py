# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled loops of the clustering; `oncourse.evolution.clustering.cluster` says what they compute and why.

Everywhere: ``prob`` (n_row, n_sample, n_grid), in single precision, is the likelihood of one row of counts at each CCF
divided by its largest value, so that products stay in range; ``weight`` (n_sample, n_grid) is the CCF prior of a
cluster that is not the trunk, ``trunk`` the prior share of clusters that are clonal in every sample. A row is one
variant with one choice of multiplicities. Numbers that do not change a comparison are left out where that is said.
"""

from __future__ import annotations

import math

import numpy as np

from oncourse.evolution._likelihood_kernels import (
    IMPOSSIBLE,
    TINY,
    exp_or_tiny,
    jit,
    plain,
)


@plain()
def dot(a, b):
    total = np.float32(0.0)
    for g in range(a.shape[0]):
        total += a[g] * b[g]
    return total


#: Nats below the best choice at which a choice is not looked at further (1e-13): a thousand of them change the others'
#: probabilities by less than a hundredth of what single precision rounds off.
FAR = 30.0
#: Log of a likelihood that no choice is worth: from there on the exponential is not asked.
NEVER = -200.0
#: Points of the usual grid (`types.ClusterParams`): a loop whose length is known is a tenth faster.
USUAL = 96
#: Chance up to which a cluster is not taken for the trunk at all.
NO_TRUNK = 1e-15
#: Nats by which a choice must be better for a variant to move uphill: single precision leaves ties less far apart.
TIE = 1e-5
#: Posterior up to which a cell fraction is taken for impossible when a row is taken out: what is left of rounding.
NOTHING = np.float32(1e-26)
#: Members from which a cluster's posterior tells that without one of them: of few, a row far from the others may have
#: hidden where these are.
SMALL_REST = 3


@plain()
def log_mass(first, i, second, j, floor):
    """Return sum over samples of log sum over the grid of first[i] x second[j], each (n, S, G), one times the prior.

    No sample adds to it, so that it ends, impossible, once its exponential is below `floor` (0: it never is). The deepest
    samples, which are the last (`cluster.canonical_order`), say most: it starts with them. Rows are named by number: a
    slice for each call costs more than the sum.
    """
    total = 0.0
    product = 1.0
    for d in range(first.shape[1] - 1, -1, -1):
        mass = np.float32(0.0)
        if first.shape[2] == USUAL:
            for g in range(USUAL):
                mass += first[i, d, g] * second[j, d, g]
        else:
            for g in range(first.shape[2]):
                mass += first[i, d, g] * second[j, d, g]
        if mass < TINY:
            return IMPOSSIBLE
        product *= float(mass)
        if product < floor and total == 0.0:
            return IMPOSSIBLE
        if product < 1e-200:
            total += math.log(product)
            product = 1.0
    return total + math.log(product)


@jit()
def log_sum(a, b):
    """Return log(exp(a) + exp(b))."""
    top = max(a, b)
    if top <= IMPOSSIBLE:
        return IMPOSSIBLE
    return top + math.log(1.0 + math.exp(min(a, b) - top))


@plain()
def log_at_one(prob, r):
    """Return the sum over samples of the log of what row r has at CCF 1."""
    last = prob.shape[2] - 1
    total = 0.0
    for d in range(prob.shape[1]):
        if prob[r, d, last] < TINY:
            return IMPOSSIBLE
        total += math.log(prob[r, d, last])
    return total


@jit("f4[:,:,:], f8[:], f8[:,:], f8, f8[:]")
def agglomerate(prob, sizes, weight, trunk, log_k):
    """Merge clusters pair by pair down to one and return the labels at the best point of the whole path.

    Parameters: prob (n, S, G), changed in place; sizes (n,) members of each start cluster; weight (S, G); log_k[K] log
    prior of K clusters. The path is followed to its end: stopping at the first merge that lowers the score leaves
    single-sample data in dozens of clusters.
    """
    n = prob.shape[0]
    n_sample = prob.shape[1]
    n_grid = prob.shape[2]
    prior = weight.astype(np.float32).reshape((1, n_sample, n_grid))
    weighed = np.empty((1, n_sample, n_grid), dtype=np.float32)
    own = np.empty(n)
    at_one = np.empty(n)
    log_trunk, log_other = math.log(trunk), math.log(1.0 - trunk)
    for i in range(n):
        at_one[i] = log_at_one(prob, i)
        own[i] = log_sum(log_other + log_mass(prob, i, prior, 0, 0.0), log_trunk + at_one[i])
    size = sizes.astype(np.int64)
    log_factor = np.zeros(size.sum() + 1)  # log Gamma of each size
    for q in range(2, log_factor.shape[0]):
        log_factor[q] = log_factor[q - 1] + math.log(q - 1.0)
    gain = np.full((n, n), IMPOSSIBLE)
    best_j = np.full(n, -1)
    best = np.full(n, IMPOSSIBLE)
    for i in range(n):
        for d in range(n_sample):
            for g in range(n_grid):
                weighed[0, d, g] = prob[i, d, g] * prior[0, d, g]
        for j in range(i + 1, n):
            joint = log_mass(weighed, 0, prob, j, 0.0)
            if joint > IMPOSSIBLE:
                joint = log_sum(log_other + joint, log_trunk + at_one[i] + at_one[j])
                gain[i, j] = (
                    joint - own[i] - own[j] + log_factor[size[i] + size[j]] - log_factor[size[i]] - log_factor[size[j]]
                )
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
        if i < 0 or best[i] <= IMPOSSIBLE:
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
            top = np.float32(0.0)
            for g in range(n_grid):
                value = prob[i, d, g] * prob[j, d, g]
                prob[i, d, g] = value
                top = max(top, value)
            for g in range(n_grid):
                value = prob[i, d, g] / top
                prob[i, d, g] = value if value > 2 * TINY else np.float32(0.0)
                weighed[0, d, g] = prob[i, d, g] * prior[0, d, g]
        at_one[i] = log_at_one(prob, i)
        own[i] = log_sum(log_other + log_mass(prob, i, prior, 0, 0.0), log_trunk + at_one[i])
        size[i] += size[j]
        alive[j] = False
        for r in range(n):
            if not alive[r] or r == i:
                continue
            joint = log_mass(weighed, 0, prob, r, 0.0)
            value = IMPOSSIBLE
            if joint > IMPOSSIBLE:
                joint = log_sum(log_other + joint, log_trunk + at_one[i] + at_one[r])
                value = (
                    joint - own[i] - own[r] + log_factor[size[i] + size[r]] - log_factor[size[i]] - log_factor[size[r]]
                )
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
                best[r] = IMPOSSIBLE
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


@jit("f8[:,:,:], i8[:], i8[:], i8, f8[:,:,:], i8[:]")
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


@plain()
def add_row(sums, k, table, r, sign):
    """Add sign x table[r] to sums[k]."""
    for d in range(sums.shape[1]):
        for g in range(sums.shape[2]):
            sums[k, d, g] += sign * table[r, d, g]


@plain()
def line_posterior(lines, d, weight, out):
    """Fill out[d] with weight[d] x exp(lines[d]), normalised, in single precision; return the log of the total."""
    top = lines[d, 0]
    for g in range(lines.shape[1]):
        top = max(top, lines[d, g])
    total = 0.0
    for g in range(lines.shape[1]):
        value = weight[d, g] * exp_or_tiny(lines[d, g] - top)
        out[d, g] = value
        total += value
    inverse = np.float32(1.0 / total)
    least = np.float32(2 * TINY)
    for g in range(lines.shape[1]):
        part = out[d, g] * inverse
        out[d, g] = part if part > least else np.float32(0.0)
    return top + math.log(total)


@plain("f8[:,:], f8[:,:], f8, f4[:,:]")
def posterior_of(sums_k, weight, trunk, post_k):
    """Fill post_k (S, G) with the normalised CCF posterior of a cluster taken not to be the trunk.

    Returns the log evidence of the cluster, trunk or not, and the probability that it is the trunk.
    """
    last = sums_k.shape[1] - 1
    evidence = 0.0
    at_one = 0.0
    for d in range(sums_k.shape[0]):
        evidence += line_posterior(sums_k, d, weight, post_k)
        at_one += sums_k[d, last]
    evidence += math.log(1.0 - trunk)
    at_one += math.log(trunk)
    if at_one < evidence:
        odds = math.exp(at_one - evidence)
        return evidence + math.log(1.0 + odds), odds / (1.0 + odds)
    odds = math.exp(evidence - at_one)
    return at_one + math.log(1.0 + odds), 1.0 / (1.0 + odds)


@plain()
def log_predictive(post, k, p_trunk, prob, r, at_one_r, floor):
    """Return log P(row r | cluster k) up to the row's scale; at_one_r is `log_at_one` of the row.

    What is less probable than `floor` counts as impossible (0: nothing is).
    """
    if p_trunk < NO_TRUNK:
        return log_mass(post, k, prob, r, floor)
    is_trunk = max(IMPOSSIBLE, math.log(p_trunk) + at_one_r)
    if 1.0 - p_trunk < 1e-15:
        return is_trunk
    return log_sum(math.log(1.0 - p_trunk) + log_mass(post, k, prob, r, floor / (1.0 - p_trunk)), is_trunk)


@plain()
def without_row(post, k, p_trunk, prob, r, at_one_r, rest):
    """Fill rest[0] (1, S, G) with the posterior of cluster k without row r, from post[k], that with it.

    Returns the probability that the rest is the trunk, and `log_predictive` of the row from the rest: the posterior with
    the row is that without it times the row's likelihood, so that no exponential is needed.
    """
    log_other = 0.0
    for d in range(post.shape[1]):
        total = np.float32(0.0)
        for g in range(post.shape[2]):
            value = post[k, d, g] / max(prob[r, d, g], np.float32(TINY)) if post[k, d, g] > NOTHING else np.float32(0.0)
            rest[0, d, g] = value
            total += value
        inverse = np.float32(1.0) / total
        for g in range(post.shape[2]):
            rest[0, d, g] *= inverse
        log_other -= math.log(total)
    if p_trunk < 1e-15:
        return p_trunk, log_other
    # 1 / P(row | rest) = (1 - p) / P(row | rest, not the trunk) + p / P(row | trunk)
    log_trunk = math.log(p_trunk) - at_one_r
    if 1.0 - p_trunk < 1e-15:
        return p_trunk, at_one_r
    both = log_sum(math.log(1.0 - p_trunk) - log_other, log_trunk)
    return min(1.0, math.exp(log_trunk - both)), -both


@plain()
def _floor(log_p):
    return math.exp(min(log_p, 1.0)) if log_p > NEVER else 0.0


@jit(
    "f8[:,:,:], f4[:,:,:], f8[:], i8[:], f8[:], f8[:], f8[:], f8[:], f8[:,:], f8, f8, f8[:], i8[:], "
    "i8[:], f8[:,:,:], i8[:], f4[:,:,:], f8[:], i8, f8[:], i8[:], f8[:]"
)
def sweep(
    table,
    prob,
    scale_sum,
    row_start,
    row_log_prior,
    new_log,
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
    n_cluster,
    uniforms,
    order,
    stay,
):
    """Visit the variants of `order` and give each a new cluster and row; return (clusters in use, moves made).

    With uniforms (n_variant,) the choice is drawn from its full conditional (collapsed Gibbs, CCFs integrated out
    on the grid); with an empty array the most probable choice is taken (ICM). `new_log` (n_row,) is log P(row) under
    the prior, `outlier_log` (n_variant,) that of the outlier component, both without the row's scale taken off;
    `at_one` (n_row,) is `log_at_one`. p_trunk (n_cluster,) goes with post. Drawing fills stay (n_variant,) with the
    probability that the variant stays where it is.
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
    rest, less = np.empty((1, post.shape[1], post.shape[2]), dtype=np.float32), np.empty_like(sums[0])
    rest_trunk, own = 0.0, 0.0
    log_count = np.zeros(capacity)
    for k in range(n_cluster):
        if counts[k] > 0:
            log_count[k] = math.log(counts[k])
    moves = 0
    for t in range(order.shape[0]):
        i = order[t]
        old_k = labels[i]
        old_r = row_of[i]
        if old_k >= 0:
            counts[old_k] -= 1
            own = IMPOSSIBLE
            if counts[old_k] >= SMALL_REST:
                log_count[old_k] = math.log(counts[old_k])
                rest_trunk, own = without_row(post, old_k, p_trunk[old_k], prob, old_r, at_one[old_r], rest)
            elif counts[old_k] > 0:
                log_count[old_k] = math.log(counts[old_k])
                for d in range(sums.shape[1]):
                    for g in range(sums.shape[2]):
                        less[d, g] = sums[old_k, d, g] - table[old_r, d, g]
                _, rest_trunk = posterior_of(less, weight, trunk, rest[0])
                own = log_predictive(rest, 0, rest_trunk, prob, old_r, at_one[old_r], 0.0)
        else:
            n_out -= 1.0
        n_in = n - 1.0 - n_out
        # Polya urns: outlier or not, then the Chinese restaurant among the others
        log_in = math.log(n_in + outlier_prior[1]) - math.log(alpha + n_in)
        m = 0
        top = IMPOSSIBLE
        if old_k >= 0 and counts[old_k] > 0:  # most stay: what is far below that is left alone
            top = row_log_prior[old_r] + log_in + log_count[old_k] + scale_sum[old_r] + own
        for r in range(row_start[i], row_start[i + 1]):
            base = row_log_prior[r] + log_in
            far = _floor(top - FAR - base - scale_sum[r])
            for k in range(n_cluster):
                if counts[k] > 0:
                    floor = far / counts[k]
                    joins = own
                    if k == old_k:
                        if r != old_r:
                            joins = log_predictive(rest, 0, rest_trunk, prob, r, at_one[r], floor)
                    else:
                        joins = log_predictive(post, k, p_trunk[k], prob, r, at_one[r], floor)
                    value[m] = base + log_count[k] + scale_sum[r] + joins
                    choice_k[m] = k
                    choice_r[m] = r
                    if value[m] > top:
                        top = value[m]
                        far = _floor(top - FAR - base - scale_sum[r])
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
            same = 0.0
            for c in range(m):
                value[c] = exp_or_tiny(value[c] - top)
                total += value[c]
            for c in range(m):
                if choice_r[c] == old_r and (choice_k[c] == old_k or (choice_k[c] == n_cluster and counts[old_k] == 0)):
                    same += value[c]
            stay[i] = same / total
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
                if value[c] > value[pick] + TIE:
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
        if k == old_k and r == old_r:
            if k >= 0:
                counts[k] += 1
                log_count[k] = math.log(counts[k])
            else:
                n_out += 1.0
            continue
        moves += 1
        labels[i] = k
        row_of[i] = r
        if old_k >= 0 and counts[old_k] > 0:
            add_row(sums, old_k, table, old_r, -1.0)
            if k != old_k:
                _, p_trunk[old_k] = posterior_of(sums[old_k], weight, trunk, post[old_k])
        if k < 0:
            n_out += 1.0
            continue
        if counts[k] == 0:
            sums[k] = 0.0
        counts[k] += 1
        log_count[k] = math.log(counts[k])
        add_row(sums, k, table, r, 1.0)
        _, p_trunk[k] = posterior_of(sums[k], weight, trunk, post[k])
    return n_cluster, moves


@jit("f8[:,:,:], f4[:,:,:], f8[:,:], f8, f8[:,:,:], i8[:], i8[:], i8[:], i8[:], f8[:], f8[:,:]")
def predictive_table(table, prob, weight, trunk, sums, sizes, labels, row_of, row_start, fresh, out):
    """Fill out (n_row, n_cluster) with log P(row | cluster) up to the row's scale, the variant itself left out.

    `fresh` (n_row,) is the log probability under the prior, on the same scale: that of a cluster without other members.
    """
    post = np.empty(sums.shape, dtype=np.float32)
    own = np.empty((1, post.shape[1], post.shape[2]), dtype=np.float32)
    rest = np.empty_like(sums[0])
    p_trunk = np.empty(sums.shape[0])
    own_trunk = 0.0
    for k in range(sums.shape[0]):
        _, p_trunk[k] = posterior_of(sums[k], weight, trunk, post[k])
    for i in range(labels.shape[0]):
        mine = labels[i]
        if mine >= 0 and sizes[mine] > 1:
            for d in range(sums.shape[1]):
                for g in range(sums.shape[2]):
                    rest[d, g] = sums[mine, d, g] - table[row_of[i], d, g]
            _, own_trunk = posterior_of(rest, weight, trunk, own[0])
        for r in range(row_start[i], row_start[i + 1]):
            at_one = log_at_one(prob, r)
            for k in range(sums.shape[0]):
                if k != mine:
                    out[r, k] = log_predictive(post, k, p_trunk[k], prob, r, at_one, 0.0)
                elif sizes[k] > 1:
                    out[r, k] = log_predictive(own, 0, own_trunk, prob, r, at_one, 0.0)
                else:
                    out[r, k] = fresh[r]


@jit("f8[:,:,:], i8[:], i8, b1[:,:], f8[:], f8[:], f8[:], i8")
def spike_shares(sums, counts, n_cluster, informative, weight, shares, prior, n_round):
    """Move shares (absent, clonal, trunk) in place by EM with pseudo-counts `prior` (absent, clonal, slab, trunk, not).

    `weight` is the prior in use; its two ends are the spikes, the rest the slab. `informative` (n_cluster, S) says
    whether a cluster has any reads in a sample.
    """
    n_sample = sums.shape[1]
    last = weight.shape[0] - 1
    slab_mass = 0.0
    for g in range(1, last):
        slab_mass += weight[g]
    part = np.empty((n_sample, 3))
    for _ in range(n_round):
        absent, clonal, trunk = shares[0], shares[1], shares[2]
        n0, n1, n2 = prior[0], prior[1], prior[2]
        n_trunk, n_other = prior[3], prior[4]
        for k in range(n_cluster):
            if counts[k] == 0:
                continue
            log_odds = math.log(trunk) - math.log(1.0 - trunk)
            for d in range(n_sample):
                top = sums[k, d, 0]
                for g in range(last + 1):
                    top = max(top, sums[k, d, g])
                slab = 0.0
                for g in range(1, last):
                    slab += weight[g] * exp_or_tiny(sums[k, d, g] - top)
                part[d, 0] = absent * math.exp(sums[k, d, 0] - top)
                part[d, 1] = clonal * math.exp(sums[k, d, last] - top)
                part[d, 2] = (1.0 - absent - clonal) * slab / slab_mass
                log_odds += sums[k, d, last] - top - math.log(part[d, 0] + part[d, 1] + part[d, 2])
            p_trunk = 1.0 / (1.0 + math.exp(-min(700.0, max(-700.0, log_odds))))
            n_trunk += p_trunk
            n_other += 1.0 - p_trunk
            for d in range(n_sample):
                if informative[k, d]:
                    share = (1.0 - p_trunk) / (part[d, 0] + part[d, 1] + part[d, 2])
                    n0 += part[d, 0] * share
                    n1 += part[d, 1] * share
                    n2 += part[d, 2] * share
        shares[0] = n0 / (n0 + n1 + n2)
        shares[1] = n1 / (n0 + n1 + n2)
        shares[2] = n_trunk / (n_trunk + n_other)
