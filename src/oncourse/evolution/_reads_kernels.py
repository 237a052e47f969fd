# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""The loops of `log_gamma`, `site_reads` and `tumour_fraction`: logarithms of over-dispersed counts, shares by EM."""

from __future__ import annotations

import math

from oncourse.compiled import compiled


@compiled(error_model="numpy")
def _stirling(y):
    """Log Gamma(y) without its constant, y >= 4, by Stirling's series (Abramowitz and Stegun 6.1.41) to 1/y^9."""
    one = 1.0 / y
    square = one * one
    series = (((square / 1188 - 1 / 1680) * square + 1 / 1260) * square - 1 / 360) * square + 1 / 12
    return series * one - y + (y - 0.5) * math.log(y)


@compiled(error_model="numpy")
def _four(x):
    """x (x + 1) (x + 2) (x + 3), which is Gamma(x + 4) / Gamma(x)."""
    pair = x * (x + 3.0)
    return pair * (pair + 2.0)


@compiled("f8[:], f8[:], f8[:]", error_model="numpy")
def rising_into(x, k, out):
    """Fill `out` with log(Gamma(x + k) / Gamma(x)); all of shape (n,)."""
    for i in range(x.size):
        low = x[i]
        high = low + k[i]
        out[i] = _stirling(high + 4.0) - _stirling(low + 4.0) + math.log(_four(low) / _four(high))


@compiled("f8[:], f8[:], f8[:], f8[:], f8[:]", error_model="numpy")
def beta_binomial_into(alt, depth, vaf, s, out):
    """Fill `out` with the two terms of log P(alt | depth) that hold the mean: log rising of `vaf` s by `alt`, and of
    (1 - `vaf`) s by the other reads; all of shape (n,)."""
    for i in range(alt.size):
        a = vaf[i] * s[i]
        b = (1.0 - vaf[i]) * s[i]
        a_high = a + alt[i]
        b_high = b + (depth[i] - alt[i])
        lifted = (_four(a) / _four(a_high)) * (_four(b) / _four(b_high))
        out[i] = (
            (_stirling(a_high + 4.0) - _stirling(a + 4.0))
            + (_stirling(b_high + 4.0) - _stirling(b + 4.0))
            + math.log(lifted)
        )


@compiled(error_model="numpy")
def _to_shares(found, pi):
    """Fill `pi` with the shares of the levels within each kind."""
    n_kind, n_level, n_spread, n_point = found.shape
    for k in range(n_kind):
        for s in range(n_spread):
            for g in range(n_point):
                mass = 0.0
                for j in range(n_level):
                    mass += found[k, j, s, g]
                for j in range(n_level):
                    pi[k, j, s, g] = found[k, j, s, g] / mass


@compiled("f8[:,:,:,:,:], b1[:,:], f8[:], f8[:,:], f8[:,:], i8, f8[:,:,:,:], f8[:,:,:]", error_model="numpy")
def fit_shares(value, is_kind, own, off, prior, n_step, pi, total):
    """Fit the shares of the levels within each kind by EM, at every spread and point on its own.

    value : shape (n, n_kind, n_level, n_spread, n_point), P(reads, kind | level)
    is_kind : shape (n, n_kind); the value of a kind that a variant cannot be is passed over
    own : shape (n,), what the levels count beside `off` (n, n_spread), the part of a variant whatever its level
    prior : shape (n_kind, n_level), pseudo-variants, from whose shares the fit starts
    pi, total : filled with the shares (n_kind, n_level, n_spread, n_point) and P(reads) at them (n, n_spread, n_point)
    """
    n, n_kind, n_level, n_spread, n_point = value.shape
    found = pi.copy()
    for k in range(n_kind):
        for j in range(n_level):
            found[k, j] = prior[k, j]
    _to_shares(found, pi)
    for step in range(n_step + 1):
        for k in range(n_kind):
            for j in range(n_level):
                found[k, j] = prior[k, j]
        for i in range(n):
            for s in range(n_spread):
                for g in range(n_point):
                    total[i, s, g] = 0.0
                for k in range(n_kind):
                    if is_kind[i, k]:
                        for j in range(n_level):
                            for g in range(n_point):
                                total[i, s, g] += value[i, k, j, s, g] * pi[k, j, s, g]
                for g in range(n_point):
                    total[i, s, g] = own[i] * total[i, s, g] + off[i, s]
                if step == n_step:
                    continue
                for g in range(n_point):
                    total[i, s, g] = own[i] / total[i, s, g]
                for k in range(n_kind):
                    if is_kind[i, k]:
                        for j in range(n_level):
                            for g in range(n_point):
                                found[k, j, s, g] += value[i, k, j, s, g] * pi[k, j, s, g] * total[i, s, g]
        if step < n_step:
            _to_shares(found, pi)
