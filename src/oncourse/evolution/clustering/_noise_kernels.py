# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled steps of the noise of each sample: error rate, overdispersion, purity; uphill or as part of a chain."""

from __future__ import annotations

import math

import numpy as np

from oncourse.evolution._likelihood_kernels import (
    IMPOSSIBLE,
    MOST_KINDS,
    add_mean_of_states,
    exp_or_tiny,
    fill_sample,
    highest,
    jit,
    kind_of,
    line_evidence,
    line_of,
    log_choose,
    log_over,
    new_kinds,
    plain,
)

STEPS = (0.7, 0.7, 0.8)
"""Standard deviations of the steps of log precision, log error factor, purity shift."""
NIL = 150.0
"""Nats below the best at which a CCF is given up when noise is moved."""
PRECISION_LOW, PRECISION_HIGH = math.log(15.0), math.log(100_000.0)


@plain()
def range_within(sums, is_trunk, n_cluster, d, nats, low, high):
    """Per cluster find the grid points from the first to the last within `nats` of its best in sample d.

    Fills low, high (n_cluster,), a half-open range; empty for the trunk, is_trunk (n_cluster,), which has CCF 1 alone.
    """
    n_grid = sums.shape[2]
    for k in range(n_cluster):
        low[k], high[k] = n_grid, n_grid
        if is_trunk[k]:
            continue
        least = highest(sums[k, d]) - nats
        low[k] = 0
        while sums[k, d, low[k]] < least:
            low[k] += 1
        while sums[k, d, high[k] - 1] < least:
            high[k] -= 1


@plain()
def coefficients(alt, depth, purity, labels, d, out):
    """Fill out (n,) with what of the log-likelihood of each variant's reads in sample d no noise changes."""
    for i in range(out.shape[0]):
        out[i] = 0.0
        if labels[i] >= 0 and depth[i, d] > 0 and purity[i, d] > 0.0:
            out[i] = log_choose(alt[i, d], depth[i, d])


@jit()
def sample_evidence(
    alt,
    depth,
    purity,
    copies,
    normal,
    error,
    precision,
    factor,
    grid,
    weight,
    mutated,
    ref_is_normal,
    n_state,
    labels,
    row_of,
    n_cluster,
    d,
    coefficient,
    low,
    high,
    sums,
    keys,
    parts,
    lines,
    n_kind,
):
    """Return the log evidence of sample d with clusters and rows held fixed.

    Of each cluster the CCFs of `range_within` and both ends of the grid are looked at; coefficient (n,): of
    `coefficients`; sums (n_cluster, n_grid) and the last four, of `new_kinds`, are filled.
    """
    n_grid = grid.shape[0]
    n_kind[0] = 0
    sums[:n_cluster] = 0.0
    chosen = np.empty(mutated.shape[2], dtype=np.int64)
    work, scratch = np.empty((2, n_grid)), np.empty(n_grid)
    first, last = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    out = 0.0
    for i in range(alt.shape[0]):
        k = labels[i]
        if k < 0 or depth[i, d] <= 0 or purity[i, d] <= 0.0:
            continue
        out += coefficient[i] + log_over(depth[i, d], precision)
        r = row_of[i]
        n = n_state[r, d]
        if n_kind[0] + n > MOST_KINDS:
            n_kind[0] = 0
        for q in range(n):
            chosen[q] = kind_of(
                min(1.0, purity[i, d] * factor),
                copies[i, d],
                normal[i, d],
                mutated[r, d, q],
                ref_is_normal[r, d, q],
                error,
                precision,
                grid,
                keys,
                parts,
                n_kind,
            )
        # the range, the lower end of the grid where a range does not hold it, the upper end
        first[0], last[0] = low[k], high[k]
        first[1], last[1] = 0, 1 if 0 < low[k] < n_grid else 0
        first[2], last[2] = n_grid - 1 if high[k] < n_grid or low[k] == n_grid else n_grid, n_grid
        for part in range(3):
            if first[part] >= last[part]:
                continue
            for q in range(n):
                line_of(
                    alt[i, d],
                    depth[i, d],
                    chosen[q],
                    precision,
                    grid,
                    first[part],
                    last[part],
                    keys,
                    parts,
                    lines,
                    scratch,
                )
            add_mean_of_states(lines, chosen, n, first[part], last[part], sums, k, work)
    for k in range(n_cluster):
        if low[k] == n_grid:
            out += sums[k, n_grid - 1]
        else:
            out += range_evidence(sums, k, weight, low[k], high[k])
    return out


@plain()
def range_evidence(lines, k, weight, low, high):
    """Return log of the sum of weight x exp(lines[k]) over low to high and both ends of the grid."""
    last, m = lines.shape[1] - 1, high - low
    within, prior = lines[k, low:high], weight[low:high]
    top = max(lines[k, 0], lines[k, last])
    for g in range(m):
        top = max(top, within[g])
    total = 0.0
    for g in range(m):
        total += prior[g] * exp_or_tiny(within[g] - top)
    if low > 0:
        total += weight[0] * exp_or_tiny(lines[k, 0] - top)
    if high <= last:
        total += weight[last] * exp_or_tiny(lines[k, last] - top)
    return top + math.log(total)


@jit("f8[:,:,:], f8[:,:], b1[:], i8")
def evidence_by_sample(sums, weight, is_trunk, n_cluster):
    """Return (S,): log evidence of each sample from the sums of the clusters' log-likelihoods."""
    out = np.zeros(sums.shape[1])
    last = sums.shape[2] - 1
    for k in range(n_cluster):
        for d in range(sums.shape[1]):
            out[d] += sums[k, d, last] if is_trunk[k] else line_evidence(sums[k, d], weight[d])
    return out


@jit(
    "i8[:,:], i8[:,:], f8[:,:], f8[:,:], f8[:,:], f8[:], f8[:,:], b1[:], f8[:,:,:], b1[:,:,:], i8[:,:], "
    "f8[:,:,:], i8[:], i8[:], i8, f8, i8, f8[:,:], f8[:], i8[:], f8[:], f8[:], f8[:], b1[:], f8[:]"
)
def climb_noise(
    alt,
    depth,
    purity,
    copies,
    normal,
    grid,
    weight,
    is_trunk,
    mutated,
    ref_is_normal,
    n_state,
    table_sums,
    labels,
    row_of,
    n_cluster,
    nats,
    what,
    values,
    log_prior,
    at,
    errors,
    precisions,
    factors,
    only,
    now,
):
    """Move at[d], an index into values[:, d], uphill to the nearest maximum of evidence x prior, sample by sample.

    now (S,) is the log evidence of each sample where it stands, and follows it.

    `values` (n_try, S) are errors (what = 0), precisions (1) or purity factors (2); the other two stay as given (S,).
    Of each cluster only CCFs within `nats` of its best are looked at. Samples where `only` is False stay.
    """
    n_try, n_sample = values.shape
    n_grid = grid.shape[0]
    low, high = np.empty(n_cluster, dtype=np.int64), np.empty(n_cluster, dtype=np.int64)
    sums = np.empty((n_cluster, n_grid))
    keys, parts, lines, n_kind = new_kinds(n_grid)
    coefficient = np.empty(labels.shape[0])
    known = np.empty(n_try)
    for d in range(n_sample):
        if not only[d]:
            continue
        range_within(table_sums, is_trunk, n_cluster, d, nats, low, high)
        coefficients(alt, depth, purity, labels, d, coefficient)
        here = now[d] + log_prior[at[d]]
        known[:] = IMPOSSIBLE
        known[at[d]] = here
        step = 1
        while True:
            ahead = at[d] + step
            if 0 <= ahead < n_try:
                q = ahead
                if known[q] == IMPOSSIBLE:
                    known[q] = log_prior[q] + sample_evidence(
                        alt,
                        depth,
                        purity,
                        copies,
                        normal,
                        values[q, d] if what == 0 else errors[d],
                        values[q, d] if what == 1 else precisions[d],
                        values[q, d] if what == 2 else factors[d],
                        grid,
                        weight[d],
                        mutated,
                        ref_is_normal,
                        n_state,
                        labels,
                        row_of,
                        n_cluster,
                        d,
                        coefficient,
                        low,
                        high,
                        sums,
                        keys,
                        parts,
                        lines,
                        n_kind,
                    )
            if 0 <= ahead < n_try and known[ahead] > here:
                at[d] = ahead
                here = known[ahead]
            elif step == 1:
                step = -1
            else:
                break
        now[d] = here - log_prior[at[d]]


@jit("u8[:]")
def uniform(state):
    """Return the next number of [0, 1) of a splitmix64 stream; state (1,) of unsigned 64-bit."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit("u8[:]")
def normal(state):
    """Return a standard normal number (Box and Muller 1958)."""
    u = 1.0 - uniform(state)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * uniform(state))


@jit()
def _noise_log_prior(log_precision, log_error, shift, prior):
    """prior: (mean, sd) of the log precision, sd of the log error factor."""
    a = (log_precision - prior[0]) / prior[1]
    b = log_error / prior[2]
    return -0.5 * (a * a + b * b + shift * shift)


@jit()
def _factor(given, shift, sd):
    """Return (wanted purity) / (given purity) of a purity `shift` standard errors from the given one."""
    wanted = given + shift * sd
    wanted = min(max(wanted, min(0.02, given)), max(1.0, given))
    return wanted / given


@jit()
def move_noise(
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
    n_cluster,
    weight,
    p_trunk,
    prior,
    n_turn,
    state,
):
    """Metropolis steps of log precision, log error factor, purity shift (noise: 3, S) of every sample, n_turn times
    each.

    Clusters and rows are held fixed, and which cluster is the trunk, drawn from p_trunk (n_cluster,) first; CCFs are
    integrated out. `purity` (n, S) is the given one. Tables follow what is accepted.
    """
    n, n_sample = labels.shape[0], alt.shape[1]
    n_grid = grid.shape[0]
    is_trunk = np.empty(n_cluster, dtype=np.bool_)
    for k in range(n_cluster):
        is_trunk[k] = uniform(state) < p_trunk[k]
    low, high = np.empty(n_cluster, dtype=np.int64), np.empty(n_cluster, dtype=np.int64)
    trial = np.empty((n_cluster, n_grid))
    keys, parts, lines, n_kind = new_kinds(n_grid)
    coefficient = np.empty(n)
    for d in range(n_sample):
        now = 0.0
        for k in range(n_cluster):
            now += sums[k, d, n_grid - 1] if is_trunk[k] else line_evidence(sums[k, d], weight[d])
        range_within(sums, is_trunk, n_cluster, d, NIL, low, high)
        coefficients(alt, depth, purity, labels, d, coefficient)
        moved = False
        for turn in range(3 * n_turn):
            p = turn % 3
            if p == 2 and not purity_sd[d] > 0.0:
                continue
            old = noise[p, d]
            before = _noise_log_prior(noise[0, d], noise[1, d], noise[2, d], prior)
            noise[p, d] = old + STEPS[p] * normal(state)
            after = _noise_log_prior(noise[0, d], noise[1, d], noise[2, d], prior)
            if noise[0, d] < PRECISION_LOW or noise[0, d] > PRECISION_HIGH:
                noise[p, d] = old
                continue
            threshold = math.log(1.0 - uniform(state)) + before - after + now
            precision = math.exp(noise[0, d])
            error = min(0.3, base_error[d] * math.exp(noise[1, d]))
            factor = _factor(given[d], noise[2, d], purity_sd[d])
            proposed = sample_evidence(
                alt,
                depth,
                purity,
                copies,
                normal_cn,
                error,
                precision,
                factor,
                grid,
                weight[d],
                mutated,
                ref_is_normal,
                n_state,
                labels,
                row_of,
                n_cluster,
                d,
                coefficient,
                low,
                high,
                trial,
                keys,
                parts,
                lines,
                n_kind,
            )
            if proposed < threshold:
                noise[p, d] = old
                continue
            now = proposed
            moved = True
        if not moved:
            continue
        precision = math.exp(noise[0, d])
        error = min(0.3, base_error[d] * math.exp(noise[1, d]))
        factor = _factor(given[d], noise[2, d], purity_sd[d])
        fill_sample(
            alt,
            depth,
            purity,
            copies,
            normal_cn,
            error,
            precision,
            factor,
            grid,
            variant,
            mutated,
            ref_is_normal,
            n_state,
            d,
            table,
            prob,
            scale,
        )
        for k in range(n_cluster):
            sums[k, d] = 0.0
        for i in range(n):
            if labels[i] >= 0:
                for g in range(n_grid):
                    sums[labels[i], d, g] += table[row_of[i], d, g]
