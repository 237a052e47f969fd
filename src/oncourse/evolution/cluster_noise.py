"""What a sample's reads are like: error rate, overdispersion, purity; learned with the clusters held fixed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from oncourse.evolution.clustering_types import FloatArray, IntArray

if TYPE_CHECKING:
    from oncourse.evolution.cluster import State

PRECISIONS = np.array([30.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 4000.0, math.inf])
"""Beta-binomial precisions tried per sample (inf: binomial)."""
PRECISION_LOG_PRIOR = -0.5 * (np.log(np.minimum(PRECISIONS, 16000.0) / 4000) / math.log(3)) ** 2
"""Log-normal around 4,000, a factor of 3 per standard deviation: without a prior, clones of nearly the same CCF read as
one clone with noisy counts. A precision of 30 costs 10 nats, which 30 truly noisy variants at 500x outweigh."""
ERROR_FACTORS = np.array([0.1, 0.3, 1.0, 3.0, 10.0])
"""Multiples of the given error rate tried per sample: 1 % is what a bad FFPE library shows, 0.01 % what UMIs leave."""
ERROR_LOG_PRIOR = -0.5 * (np.log(ERROR_FACTORS) / math.log(3)) ** 2
NIL = 100.0
"""Nats below the best at which a CCF is given up; a precision ten times lower would still leave it ten below."""
PURITY_SHIFTS = np.array([-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])
"""Purities tried, in standard errors from the given one; normal prior."""


def learn_noise(state: State) -> bool:
    """Set each sample's error rate, purity and precision, in turn, to the most probable; say whether any changed.

    The error rate comes first: too high a rate punishes the zeros of absent clones, which would look like
    overdispersion; so would a purity that puts the trunk at a CCF above 1. The partition is held fixed.
    """
    n_sample = len(state.precision)
    reach = _reach(state)
    before = (state.error_factor, state.purity_shift, state.precision)

    def best(values: FloatArray, log_prior: FloatArray, **at: FloatArray) -> FloatArray:
        picked: FloatArray = values[
            np.argmax(_evidence(state, reach, len(values), **at) + log_prior[:, None], axis=0)
        ]
        return picked

    error = state.counts.error_rate / state.error_factor
    factor = best(ERROR_FACTORS, ERROR_LOG_PRIOR, errors=error * ERROR_FACTORS[:, None])
    state.error_factor, state.counts = factor, replace(state.counts, error_rate=error * factor)
    if (state.purity_sd > 0).any():
        shift = best(
            PURITY_SHIFTS, -0.5 * PURITY_SHIFTS**2, factors=_purity_factors(state, PURITY_SHIFTS[:, None])
        )
        moved = _purity_factors(state, shift)
        state.counts = replace(state.counts, purity=np.minimum(1.0, state.counts.purity * moved))
        state.purity_shift = shift
    precisions = np.repeat(PRECISIONS[:, None], n_sample, axis=1)
    state.precision = best(PRECISIONS, PRECISION_LOG_PRIOR, precisions=precisions)
    after = (state.error_factor, state.purity_shift, state.precision)
    return not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def sample_purity(state: State) -> FloatArray:
    """Return shape (n_sample,): the purity in use."""
    return np.asarray(np.median(state.counts.purity, axis=0))


def _purity_factors(state: State, shift: FloatArray) -> FloatArray:
    """Return what the purities in use are multiplied with to be `shift` standard errors from the given ones."""
    now = sample_purity(state)
    given = state.purity_given
    wanted = np.clip(given + shift * state.purity_sd, np.minimum(0.02, given), np.maximum(1.0, given))
    return np.asarray(np.where(now > 0, wanted / np.maximum(now, 1e-9), 1.0))


def noise_log_prior(state: State) -> float:
    """Return the log prior of the state's error rates, purities and precisions."""
    return float(
        PRECISION_LOG_PRIOR[np.searchsorted(PRECISIONS, state.precision)].sum()
        + ERROR_LOG_PRIOR[np.searchsorted(ERROR_FACTORS, state.error_factor)].sum()
        - 0.5 * (state.purity_shift**2).sum()
    )


def _reach(state: State) -> tuple[IntArray, IntArray]:
    """Return (first, last + 1), each (n_cluster, n_sample): grid points within `NIL` of a cluster's best log-likelihood."""
    from oncourse.evolution.cluster import sums_of

    sums, _ = sums_of(state)
    near = sums >= sums.max(axis=2, keepdims=True) - NIL
    return near.argmax(axis=2), near.shape[2] - near[:, :, ::-1].argmax(axis=2)


def _evidence(
    state: State,
    reach: tuple[IntArray, IntArray],
    n_try: int,
    errors: FloatArray | None = None,
    precisions: FloatArray | None = None,
    factors: FloatArray | None = None,
) -> FloatArray:
    """Return (n_try, n_sample) log evidence; what is not given stays as it is."""
    from oncourse.evolution import _cluster_kernels as kernels

    c, rows, shape = state.counts, state.rows, (n_try, len(state.precision))

    def full(values: FloatArray | None, now: FloatArray) -> FloatArray:
        return np.ascontiguousarray(np.broadcast_to(now if values is None else values, shape))

    out: FloatArray = kernels.noise_evidence(
        c.alt_count, c.depth, c.purity, c.major_cn + c.minor_cn, c.normal_cn, full(errors, c.error_rate),
        full(precisions, state.precision), full(factors, np.ones(shape[1])), state.grid, state.weight, rows.mutated,
        rows.ref_is_normal, rows.n_state, state.labels, state.row_of, state.n_cluster, *reach,
    )  # fmt: skip
    return out
