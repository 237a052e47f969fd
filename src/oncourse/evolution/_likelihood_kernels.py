# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled likelihoods of read counts over a grid of CCFs; `clustering.cluster` says what they are for."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution._fast_math import fast_exp, fast_log

jit = partial(compiled, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "nnan"})
TINY = 1e-30
_NIL = -69.0
"""exp(-69) = 1e-30: less than that is taken as nothing, so that single precision never underflows."""
IMPOSSIBLE = -1e30
ALL_CELLS_FROM = 0.85
"""A cell fraction from here on may be that of all cells: purity and copies are not exact."""
BEFORE_GAIN_SUBCLONAL = math.log(0.02)
"""Log chance that a variant on several copies is in a part of the cells. The gain is told to be in all and came after
the variant: so is the variant, or its clone is not there. A choice; what is left is for gains that were not in all
cells."""


@jit()
def log_gamma(x):
    """Return log Gamma for x > 0 (Stirling's series after a shift; absolute error below 1e-10)."""
    shift = 1.0
    while x < 8.0:
        shift *= x
        x += 1.0
    y = 1.0 / (x * x)
    series = (0.08333333333333333 - y * (0.002777777777777778 - y * (0.0007936507936507937 - y * 0.000595238))) / x
    return (x - 0.5) * math.log(x) - x + 0.9189385332046727 + series - math.log(shift)


@jit()
def _stirling(x):
    """Return log Gamma(x) without its constant, x >= 8."""
    y = 1.0 / x
    z = y * y
    series = y * (0.08333333333333333 - z * (0.002777777777777778 - z * 0.0007936507936507937))
    return (x - 0.5) * fast_log(x) - x + series


@jit()
def add_log_rising(x, k, out, product):
    """Add log Gamma(x + k) - log Gamma(x) to out, element by element, for a whole k >= 0 and 0 < x < 1e30."""
    if k == 0:
        return
    if k <= 8:
        for g in range(x.shape[0]):
            product[g] = x[g]
        for j in range(1, k):
            for g in range(x.shape[0]):
                product[g] *= x[g] + j
        for g in range(x.shape[0]):
            out[g] += fast_log(product[g])
        return
    for g in range(x.shape[0]):
        y = x[g]
        first = y * (y + 1.0) * (y + 2.0) * (y + 3.0) * (y + 4.0) * (y + 5.0) * (y + 6.0) * (y + 7.0)
        out[g] += fast_log(first) + _stirling(y + k) - _stirling(y + 8.0)


@jit()
def site_log_lik(k, n, purity, copies, normal, error, s, grid, mutated, ref_is_normal, n_state, out, work):
    """Fill out[g] with log P(k | n, CCF grid[g]) averaged over the states of one site in one sample.

    The reads are beta-binomial with precision s (inf: binomial); work (3, n_grid) is scratch. Several mutated copies in
    cells whose fellows have the same copies say that the variant came before the gain (`BEFORE_GAIN_SUBCLONAL`).
    """
    n_grid = grid.shape[0]
    coefficient = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0) - math.log(n_state)
    if not math.isinf(s):
        coefficient -= log_gamma(s + n) - log_gamma(s)
    share, value, product = work[0], work[1], work[2]
    for q in range(n_state):
        here = copies - normal
        with_grid = 0.0
        if ref_is_normal[q]:
            with_grid, here = here, 0.0
        base = purity * here + normal
        for g in range(n_grid):
            phi = grid[g]
            depth_share = base + purity * with_grid * phi
            v = purity * phi * mutated[q] / max(depth_share, 1e-12)
            v = v * (1.0 - error) + (1.0 - v) * error
            share[g] = min(max(v, 1e-12), 1.0 - 1e-12)
        if math.isinf(s):
            for g in range(n_grid):
                value[g] = k * fast_log(share[g]) + (n - k) * fast_log(1.0 - share[g])
        else:
            for g in range(n_grid):
                share[g] *= s
                value[g] = 0.0
            add_log_rising(share, k, value, product)
            for g in range(n_grid):
                share[g] = s - share[g]
            add_log_rising(share, n - k, value, product)
        if mutated[q] > 1.5 and not ref_is_normal[q]:
            for g in range(n_grid):
                if 0.0 < grid[g] < ALL_CELLS_FROM:
                    value[g] += BEFORE_GAIN_SUBCLONAL
        if q == 0:
            for g in range(n_grid):
                out[g] = value[g]
        else:
            for g in range(n_grid):
                top = max(out[g], value[g])
                out[g] = top + fast_log(1.0 + fast_exp(max(min(out[g], value[g]) - top, -700.0)))
    for g in range(n_grid):
        out[g] += coefficient


@jit()
def sample_table(
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
    d,
    out,
    work,
):
    """Fill out[:, d] (n_row, n_sample, n_grid) with log-likelihoods; 0 where the site was not looked at."""
    for r in range(row_variant.shape[0]):
        i = row_variant[r]
        if depth[i, d] <= 0 or purity[i, d] <= 0.0:
            out[r, d, :] = 0.0
            continue
        site_log_lik(
            alt[i, d],
            depth[i, d],
            purity[i, d],
            copies[i, d],
            normal[i, d],
            error,
            precision,
            grid,
            mutated[r, d],
            ref_is_normal[r, d],
            n_state[r, d],
            out[r, d],
            work,
        )


@jit(
    "i8[:,:], i8[:,:], f8[:,:], f8[:,:], f8[:,:], f8[:], f8[:], f8[:], i8[:], f8[:,:,:], b1[:,:,:], i8[:,:], f8[:,:,:]"
)
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
    work = np.empty((3, grid.shape[0]))
    for d in range(alt.shape[1]):
        sample_table(
            alt,
            depth,
            purity,
            copies,
            normal,
            error[d],
            precision[d],
            grid,
            row_variant,
            mutated,
            ref_is_normal,
            n_state,
            d,
            out,
            work,
        )


@jit()
def exp_or_tiny(x):
    """Return exp(x) where x > -69; the least value is 1e-30, which counts as nothing."""
    return fast_exp(max(x, _NIL))


@jit()
def normalise_sample(table, d, prob, scale):
    """Split table[:, d] into prob = exp(table - scale), scale = the largest value per row."""
    for r in range(table.shape[0]):
        top = table[r, d, 0]
        for g in range(table.shape[2]):
            top = max(top, table[r, d, g])
        scale[r, d] = top
        for g in range(table.shape[2]):
            value = exp_or_tiny(table[r, d, g] - top)
            prob[r, d, g] = value if value > 2 * TINY else 0.0


@jit(
    "i8[:,:], i8[:,:], f8[:,:], f8[:,:], f8[:,:], f8[:], f8[:], f8[:], i8[:], f8[:,:,:], b1[:,:,:], "
    "i8[:,:], b1[:], f8[:,:,:], f4[:,:,:], f8[:,:]"
)
def fill_samples(
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
    samples,
    table,
    prob,
    scale,
):
    """Fill table (n_row, n_sample, n_grid) of the samples marked in `samples` (n_sample,) with log-likelihoods.

    prob = exp(table - scale), scale (n_row, n_sample) = their largest value per row and sample.
    """
    work = np.empty((3, grid.shape[0]))
    for d in range(alt.shape[1]):
        if samples[d]:
            sample_table(
                alt,
                depth,
                purity,
                copies,
                normal,
                error[d],
                precision[d],
                grid,
                row_variant,
                mutated,
                ref_is_normal,
                n_state,
                d,
                table,
                work,
            )
            normalise_sample(table, d, prob, scale)


@jit()
def highest(line):
    top = line[0]
    for g in range(line.shape[0]):
        top = max(top, line[g])
    return top


@jit()
def line_evidence(line, weight):
    """Return log sum over the grid of weight x exp(line)."""
    top = highest(line)
    total = 0.0
    for g in range(line.shape[0]):
        total += weight[g] * exp_or_tiny(line[g] - top)
    return top + math.log(total)
