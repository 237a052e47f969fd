# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""The loops of `log_gamma`, `site_reads`, `tissue_evidence` and `tumour_fraction`: logarithms of over-dispersed counts,
shares by EM. Logarithms are those of `_fast_math`: several sites are worked out at once."""

from __future__ import annotations

import math

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution._fast_math import fast_exp, fast_log

#: Below this a logarithm of a likelihood is as good as that of nothing.
_LEAST_LOG, _TINY = -690.0, 1e-300
#: Reads up to which a rising factorial is worked out as a product.
_FEW_READS = 8


@compiled(error_model="numpy", inline="always")
def _stirling(y, one):
    """Log Gamma(y) without its constant, y >= 4, by Stirling's series (Abramowitz and Stegun 6.1.41) to 1/y^9; `one` is
    1/y."""
    square = one * one
    series = (((square * (1 / 1188) - 1 / 1680) * square + 1 / 1260) * square - 1 / 360) * square + 1 / 12
    return series * one - y + (y - 0.5) * fast_log(y)


@compiled(error_model="numpy", inline="always")
def _four(x):
    """x (x + 1) (x + 2) (x + 3), which is Gamma(x + 4) / Gamma(x)."""
    pair = x * (x + 3.0)
    return pair * (pair + 2.0)


@compiled(error_model="numpy", inline="always")
def _apart(x, k):
    """What Stirling's series says of log(Gamma(x + k) / Gamma(x)), four steps up."""
    far, near = x + k + 4.0, x + 4.0
    both = 1.0 / (far * near)  # divisions are what takes time
    return _stirling(far, both * near) - _stirling(near, both * far)


@compiled(error_model="numpy", inline="always")
def _lifted(x, k):
    """What the four steps took from Gamma(x + k) / Gamma(x)."""
    return _four(x) / _four(x + k)


@compiled(error_model="numpy", inline="always")
def _lifted_both(x, k, y, m):
    """`_lifted` of x by k and of y by m, multiplied."""
    return _four(x) * _four(y) / (_four(x + k) * _four(y + m))


@compiled("f8[:], f8[:], f8[:]", error_model="numpy")
def rising_into(x, k, out):
    """Fill `out` with log(Gamma(x + k) / Gamma(x)); all of shape (n,)."""
    for i in range(x.size):  # more than two logarithms in one loop would not be vectorised
        out[i] = _apart(x[i], k[i])
    for i in range(x.size):
        out[i] += fast_log(_lifted(x[i], k[i]))


@compiled("f8[:], f8[:], f8[:], f8[:], f8[:]", error_model="numpy")
def beta_binomial_into(alt, depth, vaf, s, out):
    """Fill `out` with the two terms of log P(alt | depth) that hold the mean: log rising of `vaf` s by `alt`, and of
    (1 - `vaf`) s by the other reads; all of shape (n,)."""
    for i in range(alt.size):
        out[i] = _apart(vaf[i] * s[i], alt[i])
    for i in range(alt.size):
        out[i] += _apart((1.0 - vaf[i]) * s[i], depth[i] - alt[i])
    for i in range(alt.size):
        out[i] += fast_log(_lifted_both(vaf[i] * s[i], alt[i], (1.0 - vaf[i]) * s[i], depth[i] - alt[i]))


@compiled(
    "f8[:], f8[:], f8[:], f8[:], f8[:], f8[:], f8[:,:], f8[:,:], f8[:], f8[:], f8[:,:,:], f8, f8[:,:], f8[:,:], f8[:,:]",
    error_model="numpy",
)
def tissue_reads(alt, depth, error, s, purity, normal, copies, mutated, nil, steps, share, in_part, every, told, other):
    """Fill log P(alt | depth) of beta-binomial reads of a variant in all cells, and not in all: in a part of them, the
    mean over `steps`, or in none.

    alt, depth, error, s (concentration), purity, normal (copies), nil (log-likelihood in none) : shape (n,)
    copies, mutated : shape (n, n_option), of each place the variant may be at; steps : shares of the cells
    share : shape (n_genome, n, n_option), of the places; in_part : share of `other` that is in a part of the cells
    every : shape (n, n_option), filled; told : shape (n_genome, n), the mean of `every` by `share`; other : same shape
    """
    n_option, n_step, n_genome = copies.shape[1], steps.size, share.shape[0]
    vaf, value = np.empty((n_step + 1) * n_option), np.empty((n_step + 1) * n_option)
    part, whole, none_of = np.empty(n_option), np.empty(n_option), math.log(1.0 - in_part)
    for i in range(alt.size):
        reads, wild, concentration, e, rho = alt[i], depth[i] - alt[i], s[i], error[i], purity[i]
        for o in range(n_option):
            vaf[o] = rho * mutated[i, o] / max(rho * copies[i, o] + (1.0 - rho) * normal[i], 1e-9)
        for j in range(n_step):
            for o in range(n_option):
                vaf[(j + 1) * n_option + o] = vaf[o] * steps[j]
        for j in range(vaf.size):
            v = vaf[j] * (1.0 - e) + (1.0 - vaf[j]) * e
            vaf[j] = min(max(v, 1e-9), 1.0 - 1e-9)
        if reads <= _FEW_READS:  # a product is less work than two logarithms
            for j in range(vaf.size):
                value[j] = _lifted((1.0 - vaf[j]) * concentration, wild)
            for k in range(int(reads)):
                for j in range(vaf.size):
                    value[j] *= vaf[j] * concentration + k
            for j in range(vaf.size):
                value[j] = fast_log(value[j])
        else:
            for j in range(vaf.size):
                value[j] = _apart(vaf[j] * concentration, reads)
            for j in range(vaf.size):
                value[j] += fast_log(_lifted_both(vaf[j] * concentration, reads, (1.0 - vaf[j]) * concentration, wild))
        for j in range(vaf.size):
            value[j] += _apart((1.0 - vaf[j]) * concentration, wild)
        scale = _apart(concentration, depth[i]) + fast_log(_lifted(concentration, depth[i]))
        most, high = value[n_option], value[0]
        for j in range(n_option, vaf.size):
            most = max(most, value[j])
        for o in range(n_option):
            every[i, o] = value[o] - scale
            high = max(high, value[o])
            part[o] = 0.0
        for o in range(n_option):
            whole[o] = fast_exp(max(value[o] - high, _LEAST_LOG))
        for j in range(n_option, vaf.size):
            vaf[j] = fast_exp(max(value[j] - most, _LEAST_LOG))
        for j in range(1, n_step + 1):
            for o in range(n_option):
                part[o] += vaf[j * n_option + o]
        for q in range(n_genome):
            all_cells, some = 0.0, 0.0
            for o in range(n_option):
                all_cells += share[q, i, o] * whole[o]
                some += share[q, i, o] * part[o]
            told[q, i] = high - scale + math.log(all_cells + _TINY)
            here = most - scale + math.log(in_part * some / n_step + _TINY)
            none = nil[i] + none_of
            other[q, i] = max(here, none) + math.log1p(math.exp(-abs(here - none)))


@compiled(error_model="numpy")
def _of_places(i, start, link, alike, every, told, share, trunk):
    """Fill `trunk` with the likelihood of all anchors of a variant at each place, of which it has a `share`, over the
    largest; return the log of that."""
    n_option = trunk.size
    for o in range(n_option):
        trunk[o] = 0.0
    for j in range(start[i], start[i + 1]):
        at = link[j]
        if alike[j]:
            for o in range(n_option):
                trunk[o] += every[at, o]
        else:
            for o in range(n_option):
                trunk[o] += told[at]
    most = -np.inf
    for o in range(n_option):
        if share[i, o] > 0.0:
            most = max(most, trunk[o])
    for o in range(n_option):
        trunk[o] = share[i, o] * fast_exp(max(min(trunk[o] - most, 0.0), _LEAST_LOG))
    return most


@compiled("i8[:], i8[:], b1[:], f8[:,:], f8[:], f8[:], f8[:,:], f8[:], f8[:]", error_model="numpy")
def anchored(start, link, alike, every, told, other, share, log_trunk, log_other):
    """Fill log P(the anchors' reads) of each variant in all cells, and not in all of them.

    start : shape (n + 1,), where each variant's anchors begin in `link` (n_link), numbers of anchors; alike : shape
    (n_link,), whether the variant is at the same places there; every, told, other : `tissue_reads` of the anchors
    share : shape (n, n_option), of the variant's places
    """
    trunk = np.empty(share.shape[1])
    for i in range(share.shape[0]):
        most = _of_places(i, start, link, alike, every, told, share, trunk)
        total, shares, rest = 0.0, 0.0, 0.0
        for o in range(trunk.size):
            total += trunk[o]
            shares += share[i, o]
        for j in range(start[i], start[i + 1]):
            rest += other[link[j]]
        log_trunk[i] = most + math.log(total)
        log_other[i] = rest + math.log(shares)


@compiled("i8[:], i8[:], i8[:], b1[:], f8[:,:], f8[:], f8[:,:], f8[:,:]", error_model="numpy")
def places_anchored(rows, start, link, alike, every, told, share, place):
    """Fill the share of each place, given that it is in all cells, of the variants `rows`: `place` (n_row, n_option).
    The others are those of `anchored`."""
    trunk = np.empty(share.shape[1])
    for r in range(rows.size):
        _of_places(rows[r], start, link, alike, every, told, share, trunk)
        total = 0.0
        for o in range(trunk.size):
            total += trunk[o]
        for o in range(trunk.size):
            place[r, o] = trunk[o] / total


@compiled(
    "f8[:], f8[:,:], f8[:,:], f8[:], f8[:], f8[:], f8[:,:], f8[:,:,:], f8[:,:,:], f8, f8[:,:,:,:], f8[:,:,:,:,:,:]",
    error_model="numpy",
)
def levels_along(rho, copies, mutated, normal, error, centre, width, log_like, mass, stretch, weights, value):
    """Fill P(reads, kind) of a variant that is a subclone of any size, or in all cells, at each tumour fraction.

    rho : shape (n_point,); copies, mutated : (n, n_option); normal, error : (n,)
    centre, width (n, n_spread), log_like, mass (n, n_spread, n_node) : `oncourse.evolution.tumour_fraction._curves`
    weights : shape (n_genome, n, n_kind, n_option)
    value : shape (n_genome, n, n_kind, 3, n_spread, n_point), zero where a kind has no weight; its first level, of a variant
        that is absent, is the same at every fraction and left to the caller
    """
    n_genome, n, n_kind, n_option = weights.shape
    n_point, n_spread, last = rho.size, width.shape[1], log_like.shape[2] - 1
    size, top, to_node = n_point * n_option, last - 1e-9, last / (2.0 * stretch)
    vaf, logit, place, gap = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    part, every, low = np.empty(size), np.empty(size), np.empty(size, np.int64)
    for i in range(n):
        e = error[i]
        least = min(max(e, 1e-9), 1.0 - 1e-9)
        for o in range(n_option):
            for g in range(n_point):
                below = rho[g] * copies[i, o] + (1.0 - rho[g]) * normal[i]
                v = rho[g] * mutated[i, o] / max(below, 1e-9)
                v = v * (1.0 - e) + (1.0 - v) * e
                vaf[o * n_point + g] = min(max(v, 1e-9), 1.0 - 1e-9)
        for j in range(size):
            logit[j] = fast_log(vaf[j] / (1.0 - vaf[j])) - centre[i]
        for j in range(size):
            gap[j] = 1.0 / max(vaf[j] - least, 1e-12)
        start = math.log(least / (1.0 - least)) - centre[i]
        for s in range(n_spread):
            wide, narrow = width[i, s], 1.0 / width[i, s]
            for j in range(size):
                x = logit[j] * narrow
                y = abs(x)
                z = fast_log(y + math.sqrt(y * y + 1.0))
                z = z if x >= 0.0 else -z
                place[j] = min(max(z * to_node + last / 2.0, 0.0), top)
            first = min(max(math.asinh(start / wide) * to_node + last / 2.0, 0.0), top)
            k = int(first)
            first = mass[i, s, k] + (mass[i, s, k + 1] - mass[i, s, k]) * (first - k)
            for j in range(size):
                low[j] = int(place[j])
                place[j] -= low[j]
            for j in range(size):
                k = low[j]
                like = log_like[i, s, k]
                every[j] = like + (log_like[i, s, k + 1] - like) * place[j]
                inside = mass[i, s, k]
                inside += (mass[i, s, k + 1] - inside) * place[j]
                part[j] = max(inside - first, 0.0) * gap[j]
            for j in range(size):
                every[j] = fast_exp(min(max(every[j], _LEAST_LOG), 0.0))
            for q in range(n_genome):
                for kind in range(n_kind):
                    for o in range(n_option):
                        w = weights[q, i, kind, o]
                        if w > 0.0:
                            for g in range(n_point):
                                value[q, i, kind, 1, s, g] += w * part[o * n_point + g]
                                value[q, i, kind, 2, s, g] += w * every[o * n_point + g]


@compiled(error_model="numpy")
def _to_shares(found, pi):
    """Fill `pi` with the shares of the levels within each kind."""
    n_kind, n_level, n_point = found.shape
    for k in range(n_kind):
        for g in range(n_point):
            mass = 0.0
            for j in range(n_level):
                mass += found[k, j, g]
            for j in range(n_level):
                pi[k, j, g] = found[k, j, g] / mass


@compiled("f8[:,:,:,:,:], b1[:,:], f8[:], f8[:,:], f8[:,:], i8, f8[:,:,:,:], f8[:,:,:]", error_model="numpy")
def fit_shares(value, is_kind, own, off, prior, n_step, pi, total):
    """Fit the shares of the levels within each kind by EM, at every spread and point on its own.

    value : shape (n, n_kind, 3 levels, n_spread, n_point), P(reads, kind | level)
    is_kind : shape (n, n_kind); the value of a kind that a variant cannot be is passed over
    own : shape (n,), what the levels count beside `off` (n, n_spread), the part of a variant whatever its level
    prior : shape (n_kind, n_level), pseudo-variants, from whose shares the fit starts
    pi, total : filled with the shares (n_kind, n_level, n_spread, n_point) and P(reads) at them (n, n_spread, n_point)
    """
    n, n_kind, n_level, n_spread, n_point = value.shape
    found, weight = np.empty((n_kind, n_level, n_point)), np.empty((n_kind, n_level, n_point))
    here = np.empty(n_point)
    for s in range(n_spread):  # one spread after the other: its values stay in the processor's cache
        for k in range(n_kind):
            for j in range(n_level):
                found[k, j] = prior[k, j]
        _to_shares(found, weight)
        for step in range(n_step + 1):
            for k in range(n_kind):
                for j in range(n_level):
                    found[k, j] = prior[k, j]
            for i in range(n):
                here[:] = 0.0
                for k in range(n_kind):
                    if is_kind[i, k]:
                        for g in range(n_point):  # the three levels at once: half the way to memory
                            here[g] += (
                                value[i, k, 0, s, g] * weight[k, 0, g]
                                + value[i, k, 1, s, g] * weight[k, 1, g]
                                + value[i, k, 2, s, g] * weight[k, 2, g]
                            )
                if step == n_step:
                    for g in range(n_point):
                        total[i, s, g] = own[i] * here[g] + off[i, s]
                    continue
                for g in range(n_point):
                    here[g] = own[i] / (own[i] * here[g] + off[i, s])
                for k in range(n_kind):
                    if is_kind[i, k]:
                        for j in range(n_level):
                            for g in range(n_point):
                                found[k, j, g] += value[i, k, j, s, g] * weight[k, j, g] * here[g]
            if step < n_step:
                _to_shares(found, weight)
        pi[:, :, s] = weight
