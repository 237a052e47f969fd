"""What a sample's reads are like: error rate, overdispersion, purity; learned with the clusters held fixed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.clustering.state import (
    State,
    moved_purity,
    purity_factors,
    sums_of,
    trunk_probability,
)
from oncourse.evolution.clustering.types import FloatArray, IntArray

PRECISIONS = np.array([30.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 4000.0, math.inf])
"""Beta-binomial precisions tried per sample (inf: binomial)."""
PRECISION_CENTRE, PRECISION_SPREAD = 1000.0, math.log(3)
"""Log-normal prior, a factor of 3 per standard deviation: without a prior, clones of nearly the same CCF read as one
clone with noisy counts. A precision of 30 costs 5 nats, which 20 truly noisy variants at 500x outweigh."""
PRECISION_LOG_PRIOR = -0.5 * (np.log(np.minimum(PRECISIONS, 16000.0) / PRECISION_CENTRE) / PRECISION_SPREAD) ** 2
ERROR_FACTORS = np.array([0.1, 0.3, 1.0, 3.0, 10.0])
"""Multiples of the given error rate tried per sample: 1 % is what a bad FFPE library shows, 0.01 % what UMIs leave."""
ERROR_SPREAD = math.log(3)
ERROR_LOG_PRIOR = -0.5 * (np.log(ERROR_FACTORS) / ERROR_SPREAD) ** 2
NIL = 40.0
"""Nats below the best at which a CCF is given up; a precision ten times lower would still leave it ten below."""
PURITY_SHIFTS = np.array([-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])
"""Purities tried, in standard errors from the given one; normal prior."""


@dataclass(frozen=True)
class _Ground:
    """Where a climb starts: the clusters' sums, which of them is the trunk, and each sample's log evidence by now."""

    sums: FloatArray
    is_trunk: NDArray[np.bool_]
    now: FloatArray


def learn_noise(state: State) -> NDArray[np.bool_]:
    """Set each sample's error rate, purity and precision, in turn, to a more probable one; shape (n_sample,): any
    changed.

    The error rate comes first: too high a rate punishes the zeros of absent clones, which would look like
    overdispersion; so would a purity that puts the trunk at a CCF above 1. The partition is held fixed; each number
    climbs from where it is to the next maximum.
    """
    from oncourse.evolution.clustering import _noise_kernels as kernels

    before = np.stack([state.error_factor, state.purity_shift, state.precision])
    sums, _ = sums_of(state)
    is_trunk = trunk_probability(sums, state.weight, state.trunk) > 0.5
    ground = _Ground(sums, is_trunk, kernels.evidence_by_sample(sums, state.weight, is_trunk, state.n_cluster))
    every = np.ones(len(state.precision), bool)
    assay = state.counts.error_rate / state.error_factor
    errors = assay * ERROR_FACTORS[:, None]
    at = _climb(state, ground, 0, errors, ERROR_LOG_PRIOR, _nearest(ERROR_FACTORS, state.error_factor), every)
    state.error_factor = ERROR_FACTORS[at]
    state.counts = replace(state.counts, error_rate=assay * state.error_factor)
    unsure = state.purity_sd > 0
    if unsure.any():
        factors, at = (
            purity_factors(state, PURITY_SHIFTS[:, None]),
            _nearest(PURITY_SHIFTS, state.purity_shift),
        )
        at = _climb(state, ground, 2, factors, -0.5 * PURITY_SHIFTS**2, at, unsure)
        shift = np.where(unsure, PURITY_SHIFTS[at], 0.0)
        state.counts = replace(state.counts, purity=moved_purity(state, shift))
        state.purity_shift = shift
    precisions = np.repeat(PRECISIONS[:, None], len(assay), axis=1)
    # binomial differs from the largest precision by little: it is judged as the last of the ladder
    at = _nearest(np.log(PRECISIONS[:-1]), np.log(state.precision))
    at = _climb(state, ground, 1, precisions, PRECISION_LOG_PRIOR, at, every)
    state.precision = PRECISIONS[at]
    return np.asarray((before != np.stack([state.error_factor, state.purity_shift, state.precision])).any(axis=0))


def _nearest(ladder: FloatArray, values: FloatArray) -> IntArray:
    """Return shape (n,): the step of the ladder nearest to each value; one past the end for an infinite one."""
    at = np.abs(ladder[:, None] - np.minimum(values, 1e300)).argmin(axis=0)
    return np.asarray(np.where(np.isinf(values), len(ladder), at), dtype=np.int64)


def noise_log_prior(state: State) -> float:
    """Return the log prior of the state's error rates, purities and precisions."""
    precision = np.log(np.minimum(state.precision, 16000.0) / PRECISION_CENTRE) / PRECISION_SPREAD
    error = np.log(state.error_factor) / ERROR_SPREAD
    return float(-0.5 * (precision**2 + error**2 + state.purity_shift**2).sum())


def _climb(
    state: State,
    ground: _Ground,
    what: int,
    values: FloatArray,
    log_prior: FloatArray,
    at: IntArray,
    only: NDArray[np.bool_],
) -> IntArray:
    """Return shape (n_sample,): the index into `values` (n_try, n_sample) that each sample climbs to from `at`."""
    from oncourse.evolution.clustering import _noise_kernels as kernels

    c, rows = state.counts, state.rows
    kernels.climb_noise(
        c.alt_count,
        c.depth,
        c.purity,
        c.major_cn + c.minor_cn,
        c.normal_cn,
        state.grid,
        state.weight,
        ground.is_trunk,
        rows.mutated,
        rows.ref_is_normal,
        rows.n_state,
        ground.sums,
        state.labels,
        state.row_of,
        state.n_cluster,
        NIL,
        what,
        np.ascontiguousarray(values),
        log_prior,
        at,
        c.error_rate,
        state.precision,
        np.ones(len(at)),
        only,
        ground.now,
    )
    return at
