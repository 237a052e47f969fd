"""The loops of `oncourse.evolution.presence`: read likelihoods per cell, and the prior they teach."""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution._fast_math import fast_exp, fast_log
from oncourse.evolution._reads_kernels import _apart, _lifted

_TINY = 1e-30
#: Below this a chance is none, and a term of a sum in logarithms nothing.
_LEAST_LOG = -680.0
#: Reads up to which the likelihood is a product beside that of none.
_FEW_READS = 12


@compiled("f8, f8, f8, f8")
def log_beta_binomial(k, n, mean, s):  # type: ignore[no-untyped-def]
    """Return log P(k | n) up to the binomial coefficient, which every alternative shares."""
    if mean <= 0.0:
        return 0.0 if k == 0 else -700.0
    if mean >= 1.0:
        return 0.0 if k == n else -700.0
    if s > 1e7:
        return k * math.log(mean) + (n - k) * math.log1p(-mean)
    a, b = mean * s, (1.0 - mean) * s
    value = math.lgamma(n - k + b) - math.lgamma(b) - math.lgamma(n + s) + math.lgamma(s)
    if k > 0:
        value += math.lgamma(k + a) - math.lgamma(a)
    return value


@compiled("f8, f8, f8, f8")
def beta_binomial_sf(least, n, mean, s):  # type: ignore[no-untyped-def]
    """Return P(count >= least): one minus the recursively summed lower tail."""
    if least <= 0:
        return 1.0
    if least > n or mean <= 0.0:
        return 0.0
    if mean >= 1.0:
        return 1.0
    binomial = s > 1e7
    a, b = mean * s, (1.0 - mean) * s
    if binomial:
        log_p = n * math.log1p(-mean)
    else:
        log_p = math.lgamma(n + b) - math.lgamma(b) - math.lgamma(n + s) + math.lgamma(s)
    if log_p < _LEAST_LOG:  # the first term underflows: sum in logs
        total, top = 0.0, -1e300
        for k in range(int(least)):
            if log_p > top:
                total = total * math.exp(top - log_p) + 1.0
                top = log_p
            else:
                total += math.exp(log_p - top)
            if binomial:
                log_p += math.log((n - k) / (k + 1.0) * mean / (1.0 - mean))
            else:
                log_p += math.log((n - k) / (k + 1.0) * (k + a) / (n - k - 1.0 + b))
        below = math.exp(top) * total if top > -700.0 else 0.0
    else:
        p, below = math.exp(log_p), 0.0
        for k in range(int(least)):
            below += p
            if binomial:
                p *= (n - k) / (k + 1.0) * mean / (1.0 - mean)
            else:
                p *= (n - k) / (k + 1.0) * (k + a) / (n - k - 1.0 + b)
    return min(max(1.0 - below, 0.0), 1.0)


@compiled("f8, f8, f8, f8, f8, f8")
def count_and_tail(k, n, mean, s, least, scale):  # type: ignore[no-untyped-def]
    """Return `log_beta_binomial` of `k` and `beta_binomial_sf` of `least`, sharing what both need.

    ``scale`` is lgamma(n + s) - lgamma(s), the same for every mean.
    """
    if mean <= 0.0 or mean >= 1.0 or s > 1e7:
        return log_beta_binomial(k, n, mean, s), beta_binomial_sf(least, n, mean, s)
    a, b = mean * s, (1.0 - mean) * s
    low = math.lgamma(b)
    log_none = math.lgamma(n + b) - low - scale
    if k <= _FEW_READS:
        ratio = 1.0
        for j in range(int(k)):
            ratio *= (j + a) / (n - j - 1.0 + b)
        log_p = log_none + math.log(ratio)
    else:
        log_p = math.lgamma(n - k + b) - low - scale + math.lgamma(k + a) - math.lgamma(a)
    if least <= 0:
        return log_p, 1.0
    if least > n:
        return log_p, 0.0
    if log_none < _LEAST_LOG:
        return log_p, beta_binomial_sf(least, n, mean, s)
    p, below = math.exp(log_none), 0.0
    for j in range(int(least)):
        below += p
        p *= (n - j) / (j + 1.0) * (j + a) / (n - j - 1.0 + b)
    return log_p, min(max(1.0 - below, 0.0), 1.0)


@compiled()
def _vaf(purity, ccf, multiplicity, total_cn, normal_cn, error):  # type: ignore[no-untyped-def]
    copies = purity * total_cn + (1.0 - purity) * normal_cn
    if copies <= 0.0:
        return error
    v = purity * ccf * min(multiplicity, total_cn) / copies
    return min(v * (1.0 - error) + (1.0 - v) * error, 1.0)


@compiled(error_model="numpy")
def _tails_into(vaf, size, n, s, least, none, term, above):  # type: ignore[no-untyped-def]
    """Fill `none` with log P(no read | n) and `above` with P(count >= least) at the first `size` of `vaf`, as
    `count_and_tail`: several at once. `term` is room for as many numbers."""
    scale = math.lgamma(n + s) - math.lgamma(s)
    for j in range(size):
        none[j] = _apart((1.0 - vaf[j]) * s, n)
    for j in range(size):
        none[j] += fast_log(_lifted((1.0 - vaf[j]) * s, n)) - scale
    for j in range(size):
        term[j] = fast_exp(max(none[j], _LEAST_LOG))
        above[j] = 1.0
    for j in range(size):  # the rest of `fast_exp`: a chance of 1e-9 is one minus the sum of these
        term[j] *= 1.0 + (max(none[j], _LEAST_LOG) - fast_log(term[j]))
    if least > n:
        above[:size] = 0.0
        return
    for i in range(int(least)):
        for j in range(size):
            above[j] -= term[j]
            term[j] *= (n - i) * (i + vaf[j] * s) / ((i + 1.0) * (n - i - 1.0 + (1.0 - vaf[j]) * s))
    for j in range(size):
        above[j] = max(above[j], 0.0)
    for j in range(size):
        if none[j] < _LEAST_LOG:
            above[j] = beta_binomial_sf(least, n, vaf[j], s)


@compiled(error_model="numpy")
def _counts_into(vaf, size, k, n, s, none, out):  # type: ignore[no-untyped-def]
    """Fill `out` with `log_beta_binomial` of k among n reads at the first `size` of `vaf`; none : of no read."""
    if k <= _FEW_READS:
        for j in range(size):
            out[j] = 1.0
        for i in range(int(k)):
            for j in range(size):
                out[j] *= (i + vaf[j] * s) / (n - i - 1.0 + (1.0 - vaf[j]) * s)
        for j in range(size):
            out[j] = none[j] + fast_log(out[j])
        return
    scale = math.lgamma(n + s) - math.lgamma(s)
    for j in range(size):
        out[j] = _apart(vaf[j] * s, k)
    for j in range(size):
        out[j] += _apart((1.0 - vaf[j]) * s, n - k)
    for j in range(size):
        out[j] += fast_log(_lifted(vaf[j] * s, k) * _lifted((1.0 - vaf[j]) * s, n - k)) - scale


@compiled(
    "i8, i8, i8[:], f8[:], f8[:], b1[:], b1[:], f8[:], f8[:], f8[:], f8[:], f8[:], f8[:], i8[:], f8[:], "
    "f8[:,:], f8[:,:], f8[:,:], i8[:], f8[:], f8[:], f4[:,:], f4[:,:], f8[:]"
)
def cell_likelihoods(  # type: ignore[no-untyped-def]
    begin,
    end,
    sample,
    alt,
    depth,
    counted,
    is_called,
    total_cn,
    multiplicity,
    normal_cn,
    error,
    s,
    noise_shape,
    min_alt,
    min_vaf,
    purities,
    purity_weight,
    row_weight,
    row_of,
    depth_spread,
    ccfs,
    like,
    power,
    pure,
):
    """Fill per cell the likelihood of its reads and the chance of a call, at CCF 0 and at each of `ccfs`.

    ``like`` and ``power`` have shape (n, 1 + n_ccf); ``pure`` is the chance of a call of a clonal variant in a
    sample of tumour cells only. Where the reads were not counted, depth is spread over quantiles around the
    expected depth and the likelihood is that of being called, or of not being called.
    """
    n_ccf = ccfs.shape[0]
    n_rho = purities.shape[1]
    logs = np.empty(n_ccf + 1)
    rho, weight = np.empty(n_rho), np.empty(2 * n_rho)  # of a way after the other
    vaf, none, term, above, count = (
        np.empty(2 * n_rho * n_ccf),
        np.empty(2 * n_rho * n_ccf),
        np.empty(2 * n_rho * n_ccf),
        np.empty(2 * n_rho * n_ccf),
        np.empty(2 * n_rho * n_ccf),
    )
    for i in range(begin, end):
        c = sample[i]
        e = error[i]
        noise_s = noise_shape[c] / e
        for g in range(n_ccf + 1):
            like[i, g] = 1.0
            power[i, g] = 0.0
        pure[i] = 0.0
        if depth[i] <= 0.0:
            continue
        n_depth = 1 if counted[i] else depth_spread.shape[0]
        n_way = 2 if multiplicity[i] > 1.0 else 1
        used = 0
        for r in range(n_rho):
            w = purity_weight[c, r] if row_of[i] < 0 else row_weight[row_of[i], r]
            if w > 0.0:
                rho[used], weight[used] = purities[c, r], w / n_way
                used += 1
        each = used * n_way
        size, plain = each * n_ccf, s[c] <= 1e7
        for way in range(n_way):
            m = 1.0 if way == 0 else multiplicity[i]
            for r in range(used):
                weight[way * used + r] = weight[r]
                for g in range(n_ccf):
                    v = _vaf(rho[r], ccfs[g], m, total_cn[i], normal_cn[i], e)
                    vaf[g * each + way * used + r] = v
                    plain = plain and 0.0 < v < 1.0
        for d in range(n_depth):
            n = depth[i] if counted[i] else math.floor(depth[i] * depth_spread[d])
            least = max(float(min_alt[c]), math.ceil(n * min_vaf[c] - 1e-9), 1.0)
            power[i, 0] += beta_binomial_sf(least, n, e, noise_s) / n_depth
            for way in range(n_way):
                m = 1.0 if way == 0 else multiplicity[i]
                pure[i] += beta_binomial_sf(least, n, _vaf(1.0, 1.0, m, total_cn[i], normal_cn[i], e), s[c]) / (
                    n_way * n_depth
                )
            if counted[i]:
                continue
            if plain:
                _tails_into(vaf, size, n, s[c], least, none, term, above)
            else:
                for j in range(size):
                    above[j] = beta_binomial_sf(least, n, vaf[j], s[c])
            for g in range(n_ccf):
                for r in range(each):
                    power[i, g + 1] += weight[r] * above[g * each + r] / n_depth
        if counted[i]:
            k, n = alt[i], depth[i]
            least = max(float(min_alt[c]), math.ceil(n * min_vaf[c] - 1e-9), 1.0)
            if plain:
                _tails_into(vaf, size, n, s[c], least, none, term, above)
                _counts_into(vaf, size, k, n, s[c], none, count)
            else:
                scale = math.lgamma(n + s[c]) - math.lgamma(s[c]) if s[c] <= 1e7 else 0.0
                for j in range(size):
                    count[j], above[j] = count_and_tail(k, n, vaf[j], s[c], least, scale)
            logs[0] = log_beta_binomial(k, n, e, noise_s)
            top = logs[0]
            for g in range(n_ccf):
                total, high, tail = 0.0, -1e300, 0.0
                for r in range(each):
                    tail += weight[r] * above[g * each + r]
                    high = max(high, count[g * each + r])
                for r in range(each):
                    term[r] = fast_exp(max(count[g * each + r] - high, _LEAST_LOG))
                for r in range(each):
                    total += weight[r] * term[r]
                power[i, g + 1] = tail
                logs[g + 1] = high + math.log(max(total, _TINY))
                top = max(top, logs[g + 1])
            for g in range(n_ccf + 1):
                like[i, g] = max(math.exp(logs[g] - top), _TINY)
        else:
            for g in range(n_ccf + 1):
                p = power[i, g] if is_called[i] else 1.0 - power[i, g]
                like[i, g] = max(p, _TINY)


@compiled("f4[:,:], f4[:,:], i8[:], b1[:], f8[:,:], f4[:,:], f8[:,:]")
def posterior_step(like, power, group, own_call, theta, responsibility, total):  # type: ignore[no-untyped-def]
    """Fill ``responsibility`` (posterior over CCF 0 and the grid) and add it up per group into ``total``.

    A cell that is in the union because of its own call is conditioned on that call.
    """
    n_grid = like.shape[1]
    total[:] = 0.0
    for i in range(like.shape[0]):
        g0 = group[i]
        norm = 0.0
        for g in range(n_grid):
            x = theta[g0, g] * like[i, g]
            if own_call[i]:
                x /= max(power[i, g], 1e-9)
            responsibility[i, g] = x
            norm += x
        for g in range(n_grid):
            responsibility[i, g] /= norm
            total[g0, g] += responsibility[i, g]
