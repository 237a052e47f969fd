# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Compiled likelihoods of read counts over a grid of CCFs; `clustering.cluster` says what they are for."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from oncourse.compiled import compiled
from oncourse.evolution._fast_math import fast_exp, fast_log

jit = partial(compiled, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "nnan"})
plain = partial(jit, _nrt=False)
"""Of a loop that makes no array: the references to those it is given are not counted, which costs more than a line."""
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


MOST_KINDS = 32
"""Kinds of sites that are kept at once: more than that are worked out again."""


@jit()
def new_kinds(n_grid):
    """Return an empty store of what sites of one kind share in one sample: keys, parts, lines, n (1,) kinds known.

    A kind is a purity, copies of tumour and normal cells, mutated copies, and whether unmutated cells have normal
    copies: keys (M, 6), the last whether the second part is known. Its parts (M, 3, G): of beta-binomial reads the first
    parameter, log Gamma of it and of the second one; of binomial reads nothing, log of the allele fraction and of its
    rest. lines (M, G): room for the log-likelihoods of a site of each kind.
    """
    parts, lines = np.empty((MOST_KINDS, 3, n_grid)), np.empty((MOST_KINDS, n_grid))
    return np.zeros((MOST_KINDS, 6)), parts, lines, np.zeros(1, dtype=np.int64)


@plain()
def kind_of(purity, copies, normal, mutated, ref_is_normal, error, s, grid, keys, parts, n):
    """Return the number of a kind of sites, worked out where it is new; error rate, precision s, grid: of the store."""
    beside = 1.0 if ref_is_normal else 0.0
    for c in range(n[0]):
        if (
            keys[c, 0] == purity
            and keys[c, 1] == copies
            and keys[c, 2] == normal
            and keys[c, 3] == mutated
            and keys[c, 4] == beside
        ):
            return c
    c = n[0]
    n[0] += 1
    keys[c, 0], keys[c, 1], keys[c, 2], keys[c, 3], keys[c, 4] = purity, copies, normal, mutated, beside
    keys[c, 5] = 0.0
    here = copies - normal
    with_grid = 0.0
    if ref_is_normal:
        with_grid, here = here, 0.0
    base = purity * here + normal
    most = 0.0
    for g in range(grid.shape[0]):
        v = purity * grid[g] * mutated / max(base + purity * with_grid * grid[g], 1e-12)
        v = v * (1.0 - error) + (1.0 - v) * error
        v = min(max(v, 1e-12), 1.0 - 1e-12)
        most = max(most, v)
        parts[c, 0, g] = v
    if math.isinf(s):
        for g in range(grid.shape[0]):
            parts[c, 1, g] = fast_log(parts[c, 0, g])
            parts[c, 2, g] = fast_log(1.0 - parts[c, 0, g])
        return c
    for g in range(grid.shape[0]):
        parts[c, 0, g] *= s
    if s * (1.0 - most) >= 8.0:
        for g in range(grid.shape[0]):
            parts[c, 2, g] = _stirling(s - parts[c, 0, g])
    else:
        for g in range(grid.shape[0]):
            parts[c, 2, g] = _log_gamma_of_small(s - parts[c, 0, g])
    return c


@jit()
def _log_gamma_of_small(x):
    """Return log Gamma(x) without its constant, 0 < x < 1e30."""
    first = x * (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0) * (x + 5.0) * (x + 6.0) * (x + 7.0)
    return _stirling(x + 8.0) - fast_log(first)


@plain()
def line_of(k, n, c, s, grid, low, high, keys, parts, lines, work):
    """Fill lines[c, low:high] with log P(k | n, CCF grid[g]) of a site of kind c, without `log_choose` and `log_over`.

    The reads are beta-binomial with precision s (inf: binomial). Several mutated copies in cells whose fellows have the
    same copies say that the variant came before the gain (`BEFORE_GAIN_SUBCLONAL`). work (G,) is scratch.
    """
    # slices from 0 on: a loop over low to high is not done on several numbers at once
    other, share, out, scratch = n - k, parts[c, 0, low:high], lines[c, low:high], work[low:high]
    first, second, m = parts[c, 1, low:high], parts[c, 2, low:high], high - low
    if math.isinf(s):
        for g in range(m):
            out[g] = k * first[g] + other * second[g]
    else:
        # log Gamma(x + k) - log Gamma(x): of few reads the log of a product
        if k > 8:
            if keys[c, 5] == 0.0:
                keys[c, 5] = 1.0
                for g in range(grid.shape[0]):
                    parts[c, 1, g] = _log_gamma_of_small(parts[c, 0, g])
            for g in range(m):
                out[g] = _stirling(share[g] + k) - first[g]
        elif k > 0:
            for g in range(m):
                scratch[g] = share[g]
            for j in range(1, k):
                for g in range(m):
                    scratch[g] *= share[g] + j
            for g in range(m):
                out[g] = fast_log(scratch[g])
        else:
            for g in range(m):
                out[g] = 0.0
        if other > 8:
            for g in range(m):
                out[g] += _stirling(s - share[g] + other) - second[g]
        elif other > 0:
            for g in range(m):
                scratch[g] = s - share[g]
            for j in range(1, other):
                for g in range(m):
                    scratch[g] *= s - share[g] + j
            for g in range(m):
                out[g] += fast_log(scratch[g])
    if keys[c, 3] > 1.5 and keys[c, 4] == 0.0:
        near = grid[low:high]
        for g in range(m):
            if 0.0 < near[g] < ALL_CELLS_FROM:
                out[g] += BEFORE_GAIN_SUBCLONAL


@jit()
def log_choose(k, n):
    """Return the log of the binomial coefficient."""
    return log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)


@jit()
def log_over(n, s):
    """Return log Gamma(s) - log Gamma(s + n); 0 for s = inf."""
    if math.isinf(s):
        return 0.0
    if s < 8.0:
        return log_gamma(s) - log_gamma(s + n)
    return _stirling(s) - _stirling(s + n)


@plain()
def add_mean_of_states(lines, chosen, n_state, low, high, out, r, work):
    """Add to out[r, low:high] the log of the mean likelihood of the lines (M, G) `chosen`; work (2, G)."""
    total, m = out[r, low:high], high - low
    one = lines[chosen[0], low:high]
    if n_state == 1:
        for g in range(m):
            total[g] += one[g]
        return
    top, mean = work[0, :m], work[1, :m]
    for g in range(m):
        top[g] = one[g]
        mean[g] = 0.0
    for q in range(1, n_state):
        one = lines[chosen[q], low:high]
        for g in range(m):
            top[g] = max(top[g], one[g])
    for q in range(n_state):
        one = lines[chosen[q], low:high]
        for g in range(m):
            mean[g] += fast_exp(max(one[g] - top[g], -700.0))
    for g in range(m):
        total[g] += top[g] + fast_log(mean[g] / n_state)


@jit()
def fill_sample(
    alt,
    depth,
    purity,
    copies,
    normal,
    error,
    s,
    factor,
    grid,
    row_variant,
    mutated,
    ref_is_normal,
    n_state,
    d,
    table,
    prob,
    scale,
):
    """Fill table[:, d] (n_row, n_sample, n_grid) with log-likelihoods; 0 where the site was not looked at.

    prob = exp(table - scale), scale (n_row, n_sample) = the largest value. `factor` multiplies the purity. Rows of a
    variant that say the same of the sample are worked out once.
    """
    n_grid = grid.shape[0]
    keys, parts, lines, n_kind = new_kinds(n_grid)
    of_variant, of_row = np.full(MOST_KINDS, -1), np.full(MOST_KINDS, -1)
    chosen = np.empty(mutated.shape[2], dtype=np.int64)
    line, work, scratch = np.empty((1, n_grid)), np.empty((2, n_grid)), np.empty(n_grid)
    coefficient, last = 0.0, -1
    for r in range(row_variant.shape[0]):
        i = row_variant[r]
        if depth[i, d] <= 0 or purity[i, d] <= 0.0:
            table[r, d, :] = 0.0
            prob[r, d, :] = 1.0
            scale[r, d] = 0.0
            continue
        if i != last:
            coefficient, last = log_choose(alt[i, d], depth[i, d]) + log_over(depth[i, d], s), i
        n = n_state[r, d]
        if n_kind[0] + n > MOST_KINDS:
            n_kind[0] = 0
        for q in range(n):
            before = n_kind[0]
            c = kind_of(
                min(1.0, purity[i, d] * factor),
                copies[i, d],
                normal[i, d],
                mutated[r, d, q],
                ref_is_normal[r, d, q],
                error,
                s,
                grid,
                keys,
                parts,
                n_kind,
            )
            if c == before or of_variant[c] != i:
                line_of(alt[i, d], depth[i, d], c, s, grid, 0, n_grid, keys, parts, lines, scratch)
                of_variant[c], of_row[c] = i, -1
            chosen[q] = c
        same = of_row[chosen[0]] if n == 1 else -1
        if same >= 0:
            for g in range(n_grid):
                table[r, d, g] = table[same, d, g]
                prob[r, d, g] = prob[same, d, g]
            scale[r, d] = scale[same, d]
            continue
        if n == 1:
            of_row[chosen[0]] = r
        for g in range(n_grid):
            line[0, g] = coefficient
        add_mean_of_states(lines, chosen, n, 0, n_grid, line, 0, work)
        top = line[0, 0]
        for g in range(n_grid):
            table[r, d, g] = line[0, g]
            top = max(top, line[0, g])
        for g in range(n_grid):
            value = exp_or_tiny(line[0, g] - top)
            prob[r, d, g] = value if value > 2 * TINY else 0.0
        scale[r, d] = top


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
    prob = np.empty(out.shape, dtype=np.float32)
    scale = np.empty(out.shape[:2])
    for d in range(alt.shape[1]):
        fill_sample(
            alt,
            depth,
            purity,
            copies,
            normal,
            error[d],
            precision[d],
            1.0,
            grid,
            row_variant,
            mutated,
            ref_is_normal,
            n_state,
            d,
            out,
            prob,
            scale,
        )


@jit("i8[:], i8[:], f8[:,:], f8")
def reads_at(alt, depth, vaf, s):
    """Return (n, G): beta-binomial log-likelihood of n sites' reads at each of their fractions, without log_choose."""
    n, n_point = vaf.shape
    out = np.empty((n, n_point))
    share, first, second = np.empty(n_point), np.empty(n_point), np.empty(n_point)
    for i in range(n):
        is_same = i > 0
        for g in range(n_point):
            is_same = is_same and vaf[i, g] == vaf[i - 1, g]
        if not is_same:
            for g in range(n_point):
                share[g] = min(max(vaf[i, g], 1e-6), 1.0 - 1e-6) * s
                first[g] = _log_gamma_of_small(share[g])
                second[g] = _log_gamma_of_small(s - share[g])
        k, other, over = alt[i], depth[i] - alt[i], log_over(depth[i], s)
        for g in range(n_point):
            out[i, g] = over
        if k > 0:
            for g in range(n_point):
                out[i, g] += _log_gamma_from(share[g], k) - first[g]
        if other > 0:
            for g in range(n_point):
                out[i, g] += _log_gamma_from(s - share[g], other) - second[g]
    return out


@jit()
def _log_gamma_from(x, k):
    """Return log Gamma(x + k) without its constant, 0 < x < 1e30."""
    return _stirling(x + k) if k > 7 else _log_gamma_of_small(x + k)


@jit()
def exp_or_tiny(x):
    """Return exp(x) where x > -69; the least value is 1e-30, which counts as nothing."""
    return fast_exp(max(x, _NIL))


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
    for d in range(alt.shape[1]):
        if samples[d]:
            fill_sample(
                alt,
                depth,
                purity,
                copies,
                normal,
                error[d],
                precision[d],
                1.0,
                grid,
                row_variant,
                mutated,
                ref_is_normal,
                n_state,
                d,
                table,
                prob,
                scale,
            )


@plain()
def highest(line):
    top = line[0]
    for g in range(line.shape[0]):
        top = max(top, line[g])
    return top


@plain()
def line_evidence(line, weight):
    """Return log sum over the grid of weight x exp(line)."""
    top = highest(line)
    total = 0.0
    for g in range(line.shape[0]):
        total += weight[g] * exp_or_tiny(line[g] - top)
    return top + math.log(total)
