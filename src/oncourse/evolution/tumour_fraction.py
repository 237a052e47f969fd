"""How much of a sample is tumour, where nobody gave it: posterior of the purity (tumour fraction in plasma).

The reads of every variant are weighed at each fraction of a continuous grid, as background, as a subclone of any size
or as a clone of all tumour cells. What the patient's tissue says of the variant - mutated copies, in all cells or in a
part of them - is carried as weights, so that the mutations of all tissue cells anchor the plasma; the shares of what is
absent, subclonal and clonal here are fitted at every fraction, and the spread of the reads is averaged over. A fraction
whose interval reaches the lower end of the grid is not known. Arrays in, arrays out.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution._reads_kernels import fit_shares, levels_along
from oncourse.evolution.background import COHORT_SPREAD
from oncourse.evolution.site_reads import log_beta_binomial, log_noise
from oncourse.evolution.tissue_evidence import (
    DOUBLED,
    ELSEWHERE,
    HERE,
    N_STEP,
    Anchors,
    Evidence,
    Genome,
    TissueReads,
    guessed_copies,
    places_of,
    read_vaf,
    shares_of,
)

if TYPE_CHECKING:
    from oncourse.evolution.presence import Cells, Samples

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Errors of the tissue's purity (log) under which its reads are compared with the two kinds of genome.
PURITY_SHIFTS = (-0.15, 0.0, 0.15)
#: What a fraction may be off by (sd of the log) where copies are not measured: those of many variants are wrong together.
UNMEASURED_SPREAD = 0.07
#: Fractions that are weighed, in plasma (log-uniform beforehand) and in tissue (uniform).
PLASMA_RANGE, TISSUE_RANGE = (2e-4, 1.0), (0.03, 1.0)
#: Variants of a sample that its fraction is estimated from: those that tissue has in all cells first, then the deepest;
#: and of tissue that so few did not tell, of any depth. Of a primary of four regions the deepest 80 of 480 sites were
#: nearly all another region's own, and its errors made .03 of a fraction of .6.
N_VARIANT, N_ASKED_AGAIN = 80, 250
#: Multiples of the told errors that are weighed in tissue: nobody has learned them yet, and errors of 3e-3 look like clones
#: of a fraction of .03.
ERRORS = np.array([1.0, 5.0, 25.0])
#: What is less likely than the likeliest by more than this (log) is not looked at again; nor is a kind of genome that
#: the tissue's reads make less likely by as much and this for each of the variants whose reads could speak for it.
OPEN_STILL, OPEN_PER_VARIANT = 14.0, 1.0
#: Points of the grid, at first and where the weight lies; points handed on; a point below `LEAST_WEIGHT` is left out.
N_COARSE, N_FINE, N_POINT, LEAST_WEIGHT = 49, 33, 12, 1e-2
#: Points of a given fraction that has an interval; half the width of a 95 % interval, in standard deviations.
N_GIVEN, Z_95 = 5, 1.959964
#: Beta-binomial concentrations of variant reads that are averaged over; their weights are learned from samples
#: whose fractions are alike (within this factor), held by `SPREAD_WEIGHT` samples' worth of the even start.
SPREADS, SPREAD_WEIGHT, LIKE_FRACTION = np.array([30.0, 100.0, 300.0, 1000.0, 1e5]), 1.0, 2.5
#: What a variant may be elsewhere (rows: in all tissue cells; seen, not in all; called here alone), and here (columns:
#: absent, subclonal, in all cells): pseudo-variants that hold the shares fitted. A choice.
SHARES = np.array([[0.6, 0.6, 2.8], [1.0, 1.6, 0.4], [0.4, 2.2, 1.4]])
#: Share of variants at any fraction of the reads whatever the tumour's: wrong copies, germline, blood.
STRAY = np.array([0.02, 0.02, 0.1])
#: Mass beside the lower end of the grid (within this factor) from which the fraction is not known.
EDGE, EDGE_MASS = 2.0, 0.025
#: Limits of the interval.
TAIL = 0.025
#: Nodes of a variant's likelihood along its allele fraction, wider apart further out.
_NODES = np.linspace(-1.0, 1.0, 49)
_STRETCH = 3.5


@dataclass(frozen=True)
class Fractions:
    """Tumour cell fraction of each sample.

    Attributes
    ----------
    mean, low, high : shape (n_sample,), posterior mean and 95 % interval; the given ones where known
    is_known : whether the reads bound it from below (given ones are)
    points, weights : shape (n_sample, n_point), what to average over
    rows, row_of : weights without one cell, and the row of each cell that the estimate used (-1: weights of the sample)
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    is_known: BoolArray
    points: FloatArray
    weights: FloatArray
    rows: FloatArray
    row_of: IntArray


def tumour_fractions(
    cells: Cells,
    samples: Samples,
    counted: BoolArray,
    elsewhere: BoolArray,
    *,
    without_each: bool = True,
    n_thread: int = 2,
) -> Fractions:
    """Return the fraction of every sample: as given, else estimated; tissue first, which then anchors plasma.

    without_each : whether the weights without each of the cells are wanted

    Parameters
    ----------
    counted : shape (n_cell,), reads are known
    elsewhere : shape (n_cell,), another sample of the patient has the variant called
    """
    given = samples.purity
    row_of = np.full(cells.n, -1, np.int64)
    out = _given(samples, row_of)
    rows: list[FloatArray] = []

    def estimate(wanted: BoolArray, most: int = N_VARIANT) -> None:
        if wanted.any():
            of = np.flatnonzero(wanted)
            n_row = sum(map(len, rows)) if without_each else None
            rows.extend(_estimate(out, of, cells, samples, counted, elsewhere, n_row, most, n_thread))

    tissue = np.isnan(given) & ~samples.is_plasma
    estimate(tissue)
    estimate(tissue & ~out.is_known, N_ASKED_AGAIN)
    estimate(np.isnan(given) & samples.is_plasma)
    kept = np.concatenate(rows) if rows else out.rows
    return Fractions(out.mean, out.low, out.high, out.is_known, out.points, out.weights, kept, row_of)


def _given(samples: Samples, row_of: IntArray) -> Fractions:
    """Return the fractions as given; where one has an interval, points of a log-normal with that interval.

    Each side has a spread of its own. The nodes are those of Gauss and Hermite, exact to the ninth moment
    (`numpy.polynomial.hermite_e.hermegauss`).
    """
    given, none = samples.purity, np.full(len(samples.purity), np.nan)
    low, high = (
        np.where(np.isnan(x), given, x)
        for x in (none if end is None else end for end in (samples.purity_low, samples.purity_high))
    )
    low, high = np.minimum(low, given), np.maximum(high, given)
    at = np.where(np.isnan(given), 0.5, given)
    node, weight = np.polynomial.hermite_e.hermegauss(N_GIVEN)
    least = PLASMA_RANGE[0]
    down, up = (np.abs(np.log(np.maximum(end, least) / np.maximum(at, least))) / Z_95 for end in (low, high))
    spread = np.where(node < 0, np.nan_to_num(down)[:, None], np.nan_to_num(up)[:, None])
    points = np.minimum(at[:, None] * np.exp(node * spread), 1.0)
    wide = (high > low)[:, None]
    all_points = np.repeat(at[:, None], N_POINT, axis=1)
    all_points[:, :N_GIVEN] = np.where(wide, points, at[:, None])
    weights = np.zeros_like(all_points)
    weights[:, :N_GIVEN] = np.where(wide, weight / weight.sum(), np.eye(1, N_GIVEN))
    return Fractions(given.copy(), low, high, ~np.isnan(given), all_points, weights, np.zeros((0, N_POINT)), row_of)


def _estimate(
    out: Fractions,
    wanted: IntArray,
    cells: Cells,
    samples: Samples,
    counted: BoolArray,
    elsewhere: BoolArray,
    n_row: int | None,
    most: int,
    n_thread: int,
) -> list[FloatArray]:
    """Fill `out` for the `wanted` samples, from `most` variants each; return the weights without each of the cells
    used, which are rows from `n_row` on (None: none are wanted)."""
    of_wanted = np.isin(cells.sample, wanted)
    out.row_of[of_wanted] = -1
    rows = np.flatnonzero(of_wanted & counted & (elsewhere | cells.is_called))
    # tissue of estimated fraction does not anchor tissue: an error of the one would be the other's
    anchors = counted & ~samples.is_plasma[cells.sample] & out.is_known[cells.sample]
    anchors &= samples.is_plasma[wanted].all() | ~np.isnan(samples.purity[cells.sample])
    known = _genomes(cells, rows, elsewhere, Anchors.of(cells, samples, out.mean, rows, anchors), len(out.mean))
    trunk = known[0].trunk
    alone = ~elsewhere[rows]  # their own call is why they are looked at: they say least
    key = (cells.sample[rows] * 2 + alone) * 11 - np.rint(trunk * 10).astype(np.int64)
    order = np.lexsort((cells.variant[rows], -cells.depth[rows], key))
    of = cells.sample[rows][order]
    starts, ends = (np.searchsorted(of, wanted, side=side) for side in ("left", "right"))
    mine = [_some(order[a:b], alone[order[a:b]], most) for a, b in zip(starts, ends, strict=True)]

    def weigh(j: int) -> _Weighed:
        d = wanted[j]
        at = rows[mine[j]]
        least = np.maximum(samples.min_alt_count[d], samples.min_vaf[d] * cells.depth[at])
        is_plasma = bool(samples.is_plasma[d])
        told = np.array([one.log_prior[d] for one in known])
        is_open = told >= told.max() - OPEN_STILL - OPEN_PER_VARIANT * len(at)
        weights = np.stack([one.weights(mine[j]) for one, may_be in zip(known, is_open, strict=True) if may_be])
        reads = _Reads.of(cells, at, float(samples.noise_shape[d]), weights, least, ERRORS[:1] if is_plasma else ERRORS)
        return _weigh(reads, told[is_open], is_plasma, len(known) > 1)

    weighed = _map(weigh, len(wanted), n_thread)
    spread = _spread_prior(np.array([w.by_spread for w in weighed]), np.array([w.centre for w in weighed]))
    kept: list[FloatArray] = []
    for j, d in enumerate(wanted):
        found = weighed[j].summary(spread[j], without_each=n_row is not None)
        out.mean[d], out.low[d], out.high[d], out.is_known[d] = found.mean, found.low, found.high, found.is_known
        out.points[d], out.weights[d] = found.points, found.weights
        if n_row is not None:
            out.row_of[rows[mine[j]]] = n_row + np.arange(len(mine[j]))
            n_row += len(mine[j])
            kept.append(found.rows)
    return kept


def _some(rows: IntArray, alone: BoolArray, most: int) -> IntArray:
    """Return the first `N_VARIANT` of a sample's rows; of more, so many of those found elsewhere, evenly over their depth.

    alone : shape (n,), the last rows, found in no other sample
    """
    n_other = len(rows) - int(alone.sum())
    if most <= N_VARIANT or n_other <= most:
        return rows[:most]
    return rows[np.linspace(0, n_other - 1, most).astype(np.int64)]


def _genomes(cells: Cells, rows: IntArray, elsewhere: BoolArray, anchors: Anchors, n_sample: int) -> list[Genome]:
    """Return what tissue says under each kind of genome.

    Where all copies are measured there is one kind. Else each variant's weights are those of the purity (beside the
    known one) at which the tissue's reads fit the kind best.
    """
    sample, is_elsewhere, guessed = cells.sample[rows], elsewhere[rows], guessed_copies(cells, rows).any()
    shifts, kinds = (PURITY_SHIFTS, (1 - DOUBLED, DOUBLED)) if guessed else ((0.0,), (1.0,))
    tissue, out = TissueReads.along(cells, rows, anchors, shifts, len(kinds)), []
    for number, before in enumerate(kinds):
        share = shares_of(cells, rows, number)
        tried = [Evidence.of(sample, share, reads, number) for reads in tissue]
        fit = np.stack([np.bincount(sample, one.log_like, n_sample) for one in tried])
        log_prior = np.logaddexp.reduce(fit, axis=0) + np.log(before)
        out.append(Genome(tried, np.argmax(fit, axis=0)[sample], is_elsewhere, log_prior))
    return out


def _map(work: Callable[[int], _Weighed], n: int, n_thread: int) -> list[_Weighed]:
    if n_thread < 2 or n < 4:
        return [work(j) for j in range(n)]
    with ThreadPoolExecutor(n_thread) as pool:
        return list(pool.map(work, range(n)))


@dataclass(frozen=True)
class _Reads:
    """The variants of one sample: shapes (n,), options (n, n_option); the tables of `_curves`.

    weights : shape (n_genome, n, 3, n_option); the kinds of genome have the same options, with other weights
    errors : shape (n_error,), multiples of `error` that are weighed; nil : (n_error, n), P(reads | background)
    """

    alt: FloatArray
    depth: FloatArray
    error: FloatArray
    normal: FloatArray
    least: FloatArray
    copies: FloatArray
    mutated: FloatArray
    weights: FloatArray
    errors: FloatArray
    nil: FloatArray
    centre: FloatArray
    width: FloatArray
    log_like: FloatArray
    mass: FloatArray

    @classmethod
    def of(
        cls,
        cells: Cells,
        at: IntArray,
        noise_shape: float,
        weights: FloatArray,
        least: FloatArray,
        errors: FloatArray,
    ) -> _Reads:
        alt, depth, error = cells.alt_count[at], cells.depth[at], cells.error_rate[at]
        copies, mutated = places_of(cells, at)
        if copies.shape[1] < weights.shape[3]:
            copies, mutated = (np.pad(x, ((0, 0), (0, weights.shape[3] - 2)), mode="edge") for x in (copies, mutated))
        some = (weights > 0).any(axis=(0, 1, 2))  # a place that no variant may be at is not worked out
        copies, mutated, weights = (np.ascontiguousarray(x[..., some]) for x in (copies, mutated, weights))
        noise = log_noise(alt, depth, np.minimum(error * errors[:, None], 0.3), noise_shape)
        centre, width, log_like, mass, best = _curves(alt, depth, noise.max(axis=0))
        return cls(
            alt=alt,
            depth=depth,
            error=error,
            normal=cells.normal_cn[at],
            least=np.ceil(np.maximum(least, 1)),
            copies=copies,
            mutated=mutated,
            weights=weights,
            errors=errors,
            nil=np.exp(noise - best),
            centre=centre,
            width=width,
            log_like=log_like,
            mass=mass,
        )

    def levels(self, fraction: FloatArray) -> FloatArray:
        """Return P(reads, kind) absent (0: not at any fraction, see `_posterior`), subclonal, clonal at each fraction:
        (n_genome, n, 3, 3, n_spread, n_fraction)."""
        n_genome, n, n_kind, _ = self.weights.shape
        value = np.zeros((n_genome, n, n_kind, SHARES.shape[1], len(SPREADS), len(fraction)))
        variants = self.copies, self.mutated, self.normal, self.error
        curves = self.centre, self.width, self.log_like, self.mass
        levels_along(fraction, *variants, *curves, _STRETCH, self.weights, value)
        return value


def _curves(
    alt: FloatArray, depth: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return each variant's log-likelihood along its allele fraction, and its integral from 0, (n, n_spread, n_node).

    Nodes lie around the observed fraction (first two values: centre, width) on the logit scale, in units of the reads'
    own standard deviation. Logs are relative to the likeliest explanation (last value), background (`noise`) included.
    """
    v = (alt + 0.5) / (depth + 1.0)
    centre = np.log(v / (1 - v))
    n = depth / (1 + (depth - 1) / (SPREADS[:, None] + 1))
    width = (1 / np.sqrt(np.maximum(n * v * (1 - v), 0.05))).T
    logit = centre[:, None, None] + width[:, :, None] * np.sinh(_STRETCH * _NODES)
    at = np.clip(1 / (1 + np.exp(-np.clip(logit, -30, 30))), 1e-12, 1 - 1e-12)
    log_like = log_beta_binomial(alt[:, None, None], depth[:, None, None], at, SPREADS[:, None])
    best = np.maximum(noise, log_like.max(axis=(1, 2), initial=-np.inf))
    log_like -= best[:, None, None]
    like = np.exp(log_like)
    step = np.diff(at, axis=2) * (like[:, :, 1:] + like[:, :, :-1]) / 2
    first = like[:, :, :1] * at[:, :, :1]
    return centre, width, log_like, np.concatenate([first, first + np.cumsum(step, axis=2)], axis=2), best


@dataclass(frozen=True)
class _Weighed:
    """Log posterior over kind of genome x errors x spread, and fraction (., n_fraction), and each variant's part
    (n, ., .)."""

    fraction: FloatArray
    width: FloatArray
    log_post: FloatArray
    log_each: FloatArray
    is_plasma: bool
    is_guessed: bool

    @property
    def by_spread(self) -> FloatArray:
        """Log-likelihood of each spread."""
        logs = self.log_post + np.log(self.width)
        return np.asarray(np.logaddexp.reduce(logs.reshape(-1, len(SPREADS), len(self.width)), axis=(0, 2)))

    @property
    def centre(self) -> float:
        """The likeliest fraction."""
        return float(self.fraction[np.argmax(np.logaddexp.reduce(self.log_post, axis=0))])

    def summary(self, spread: FloatArray, *, without_each: bool = True) -> Fractions:
        """Return the fraction at these weights of the spreads; arrays without the axis of the sample.

        without_each : whether the weights without each of the variants are wanted
        """
        logs = self.log_post + np.log(self.width) + np.log(np.tile(spread, len(self.log_post) // len(spread)))[:, None]
        joint = np.exp(logs - logs.max())
        joint /= joint.sum()
        mass = joint.sum(axis=0)
        log_each = self.log_each if without_each else self.log_each[:0]
        without = (joint[None] * np.exp(-np.clip(log_each - log_each.max(axis=(1, 2), keepdims=True), -60, 0))).sum(
            axis=1
        )
        without /= without.sum(axis=1, keepdims=True)
        grid = self.fraction
        if self.is_guessed:
            grid, to = _blurred(grid, UNMEASURED_SPREAD)
            mass, without = (np.einsum("...k,kj->...j", x, to) for x in (mass, without))
        low, high = (_quantile(grid, mass, q) for q in (TAIL, 1 - TAIL))
        edge = (PLASMA_RANGE if self.is_plasma else TISSUE_RANGE)[0] * EDGE
        is_known = bool(mass[grid <= edge].sum() <= EDGE_MASS)
        if not is_known:
            # how far down the grid goes must not decide the upper limit: Jeffreys' prior of a Poisson mean there
            even = mass * (np.sqrt(grid) if self.is_plasma else 1.0)
            low, high = 0.0, _quantile(grid, even / even.sum(), 1 - TAIL)
        points, to = _points(grid, mass)
        weights, rows = (_dropped(np.einsum("ik,kj->ij", x, to)) for x in (mass[None], without))
        mean = float((grid * mass).sum())
        known = np.array(is_known)
        return Fractions(mean, low, high, known, points, weights[0], rows, np.zeros(0, np.int64))  # type: ignore[arg-type]


def _dropped(weights: FloatArray) -> FloatArray:
    kept = np.where(weights < LEAST_WEIGHT * weights.max(axis=1, keepdims=True), 0.0, weights)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def _quantile(grid: FloatArray, mass: FloatArray, q: float) -> float:
    """Return the q-quantile of masses around the points of a grid, even within a cell."""
    middle = (grid[1:] + grid[:-1]) / 2
    edges = np.concatenate([grid[:1], middle, grid[-1:]])
    return float(np.interp(q, np.concatenate([[0.0], np.cumsum(mass)]), edges))


def _blurred(grid: FloatArray, sd: float) -> tuple[FloatArray, FloatArray]:
    """Return a wider grid, and the matrix that spreads the masses of `grid` over it by this sd of the log."""
    wide = np.geomspace(grid[0] * np.exp(-3 * sd), min(grid[-1] * np.exp(3 * sd), 1.0), 2 * len(grid))
    to = np.exp(-0.5 * ((np.log(wide)[None] - np.log(grid)[:, None]) / sd) ** 2)
    return wide, to / np.maximum(to.sum(axis=1, keepdims=True), 1e-300)


def _points(grid: FloatArray, mass: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return points over where the mass lies, and the matrix (n_grid, n_point) that moves masses there."""
    first, last = _quantile(grid, mass, 5e-4), _quantile(grid, mass, 1 - 5e-4)
    points = np.exp(np.linspace(np.log(first), np.log(max(last, first * 1.0001)), N_POINT))
    place = np.clip(np.interp(np.log(grid), np.log(points), np.arange(N_POINT)), 0, N_POINT - 1 - 1e-9)
    k = place.astype(np.int64)
    to = np.zeros((len(grid), N_POINT))
    row = np.arange(len(grid))
    to[row, k] = 1 - (place - k)
    to[row, k + 1] += place - k
    return points, to


def _spread_prior(by_spread: FloatArray, centre: FloatArray) -> FloatArray:
    """Return the weights of the spreads (n_sample, n_spread), learned by EM from samples at a like fraction.

    Wrong copies look like spread where fractions are high, and would lend it to those where only chance spreads reads.
    """
    like = np.exp(by_spread - by_spread.max(axis=1, keepdims=True))
    band = np.round(np.log(centre) / np.log(LIKE_FRACTION)).astype(np.int64)
    near = np.exp(-0.5 * (band[:, None] - np.unique(band)[None]) ** 2.0)
    own = np.unique(band, return_inverse=True)[1]
    weight = np.full((near.shape[1], len(SPREADS)), 1 / len(SPREADS))
    for _ in range(20):
        found = like * weight[own]
        found /= found.sum(axis=1, keepdims=True)
        weight = np.einsum("ij,ik->jk", near, found) + SPREAD_WEIGHT / len(SPREADS)
        weight /= weight.sum(axis=1, keepdims=True)
    return np.asarray(weight[own])


def _weigh(reads: _Reads, log_prior: FloatArray, is_plasma: bool, is_guessed: bool) -> _Weighed:
    """Weigh a grid over the whole range, then finer ones where the weight lies; over every kind of genome, and the errors
    that the first leaves open.

    is_guessed : whether copies are not measured
    """

    def posterior(grid: FloatArray) -> tuple[FloatArray, FloatArray]:
        told = (log_prior - log_prior.max())[:, None] + _log_errors(reads)
        found = _posterior(reads, grid)
        logs = [post + before for (post, _), before in zip(found, told.ravel(), strict=True)]
        return np.concatenate(logs), np.concatenate([each for _, each in found], axis=1)

    make = np.geomspace if is_plasma else np.linspace
    grid = make(*(PLASMA_RANGE if is_plasma else TISSUE_RANGE), N_COARSE)
    log_post, each = posterior(grid)
    by_error = log_post.reshape(len(log_prior), len(reads.errors), -1).max(axis=(0, 2))
    open_still = by_error > by_error.max() - OPEN_STILL
    reads = replace(reads, errors=reads.errors[open_still], nil=reads.nil[open_still])
    for _ in range(4):
        best = np.logaddexp.reduce(log_post, axis=0)
        near = np.flatnonzero(best > best.max() - OPEN_STILL)
        first, last = max(near[0] - 1, 0), min(near[-1] + 1, len(grid) - 1)
        if last - first + 1 >= N_COARSE - 2 or (len(grid) == N_FINE and len(near) > N_FINE / 2):
            break
        grid = make(grid[first], grid[last], N_FINE)
        log_post, each = posterior(grid)
    at = np.log(grid) if is_plasma else grid
    return _Weighed(grid, np.gradient(at), log_post, each, is_plasma, is_guessed)


def _log_errors(reads: _Reads) -> FloatArray:
    """Return the log odds of the multiples of the told errors beforehand."""
    return np.asarray(-0.5 * (np.log(reads.errors) / COHORT_SPREAD) ** 2)


def _posterior(reads: _Reads, grid: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return per kind of genome and errors the log posterior (n_spread, n_fraction), shares fitted at every point, and
    the variants' parts."""
    if not len(reads.alt):
        none = np.zeros((len(SPREADS), len(grid)))
        return [(none, np.zeros((0, *none.shape)))] * (len(reads.weights) * len(reads.errors))
    value, kinds = reads.levels(grid), reads.weights.sum(axis=3)
    here = reads.weights[0, :, HERE].sum(axis=1) > 0.5
    nil = _given_a_call(reads, grid, here, value) if here.any() else reads.nil
    stray = STRAY[np.where(here, HERE, ELSEWHERE)]
    off = stray[:, None] * reads.mass[:, :, -1]
    found = []
    for of_genome, kind in zip(value, kinds, strict=True):
        for one in nil:
            of_genome[:, :, 0] = (kind * one[:, None])[:, :, None, None]
            found.append(_fitted(of_genome, kind, 1 - stray, off))
    return found


def _fitted(value: FloatArray, kinds: FloatArray, own: FloatArray, off: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit the shares of what is absent, subclonal and clonal at every spread and fraction of one kind of genome.

    value : `_Reads.levels` of it; kinds : shape (n, 3); own : shape (n,), share of a variant's reads that is the tumour's
    off : shape (n, n_spread), the part of a variant at any fraction whatever the tumour's
    """
    pi, total = np.empty(value.shape[1:]), np.empty((len(value), *value.shape[3:]))
    fit_shares(value, kinds > 0, own, off, SHARES, N_STEP, pi, total)
    each = np.log(np.maximum(total, 1e-300))
    penalty = (SHARES[:, :, None, None] * np.log(pi))[kinds.max(axis=0) > 1e-6].sum(axis=(0, 1))
    return each.sum(axis=0) + penalty, each


def _given_a_call(reads: _Reads, grid: FloatArray, here: BoolArray, value: FloatArray) -> FloatArray:
    """Condition the variants that are here alone on their call, which is why they are looked at: subclonal and clonal in
    `value` (`_Reads.levels`), and return `_Reads.nil` of them."""
    from scipy.special import betainc

    least, depth, error = reads.least[here], reads.depth[here], reads.error[here]
    rho = grid[None, None, :]
    copies, mutated, normal = (
        x[:, None, None] for x in (reads.copies[here, 0], reads.mutated[here, 0], reads.normal[here])
    )
    vaf = rho * mutated / np.maximum(rho * copies + (1 - rho) * normal, 1e-9)
    n = depth[:, None] / (1 + (depth[:, None] - 1) / (SPREADS + 1))

    def chance(v: FloatArray) -> FloatArray:
        """P(a call), the share of variant reads taken as a beta of their mean and variance."""
        v = read_vaf(v, error[:, None, None])
        at = np.clip((least - 0.5) / depth, 0.0, 1.0)[:, None, None]
        return np.asarray(np.maximum(1 - betainc(v * n[:, :, None], (1 - v) * n[:, :, None], at), 1e-12))

    for level, call in ((1, chance(0.5 * vaf)), (2, chance(vaf))):
        value[:, here, HERE, level] /= call
    nil, rate = reads.nil.copy(), np.minimum(2 * error * reads.errors[:, None], 1.0)
    nil[:, here] /= np.maximum(betainc(least, np.maximum(depth - least + 1, 1e-9), rate), 1e-12)
    return nil
