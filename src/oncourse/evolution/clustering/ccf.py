"""Cancer cell fraction of single variants, multiplicity integrated out; purity from a sample's own variants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from oncourse.evolution.clustering.prior import ccf_grid, ccf_prior
from oncourse.evolution.clustering.rows import multiplicity_rows
from oncourse.evolution.clustering.summary import grid_interval
from oncourse.evolution.clustering.types import Counts, FloatArray, IntArray

ABSENT, CLONAL = 0.3, 0.15
"""Prior shares of CCF 0 and CCF 1 of a variant looked at on its own."""
PURITIES = np.linspace(0.05, 1.0, 96)


@dataclass(frozen=True)
class CcfEstimate:
    """CCF of each variant in each sample, judged site by site.

    Attributes
    ----------
    grid : shape (n_grid,); mass : shape (n_variant, n_sample, n_grid), posterior
    mean, low, high : shape (n_variant, n_sample); NaN where the site was not looked at
    p_clonal : probability of CCF >= 0.9, p_present : of CCF > 0; NaN likewise
    multiplicity : most probable mutated copies per mutated cell, 0 where the allele is lost
    """

    grid: FloatArray
    mass: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    p_clonal: FloatArray
    p_present: FloatArray
    multiplicity: IntArray


def variant_ccf(
    counts: Counts,
    precision: FloatArray,
    *,
    purity_sd: FloatArray | None = None,
    level: float = 0.9,
    n_grid: int = 101,
) -> CcfEstimate:
    """Return the CCF posterior of every variant in every sample on its own [1]_.

    The reads are beta-binomial around the allele fraction expected from purity, copy number, CCF and multiplicity
    (`oncourse.evolution.vaf.expected_vaf`); ways of sitting on the copies are averaged over (`multiplicity_rows`),
    and purity over mean and +-1.2 sd (three points of weight 0.3, 0.4, 0.3) where `purity_sd` is given.

    Parameters
    ----------
    precision : shape (n_sample,), beta-binomial precision; inf for binomial
    purity_sd : shape (n_sample,), standard error of the purity; None: taken as exact

    References
    ----------
    .. [1] Roth et al. Nat Methods 2014;11:396; Dentro, Wedge, Van Loo. Cold Spring Harb Perspect Med 2017;7:a026625.
    """
    from oncourse.evolution import _likelihood_kernels as kernels

    grid = ccf_grid(n_grid)
    weight = ccf_prior(grid, ABSENT, CLONAL)
    rows = multiplicity_rows(counts)
    shape = (len(rows.variant), counts.n_sample, n_grid)
    like, table = np.zeros(shape), np.empty(shape)
    points = ((0.0, 1.0),) if purity_sd is None else ((-1.2, 0.3), (0.0, 0.4), (1.2, 0.3))
    for shift, share in points:
        sd = np.zeros(counts.n_sample) if purity_sd is None else purity_sd
        known = counts.purity > 0
        moved = np.where(known, np.clip(counts.purity + shift * sd, 0.01, 1.0), counts.purity)
        c = replace(counts, purity=moved)
        kernels.likelihood_table(
            c.alt_count,
            c.depth,
            c.purity,
            c.major_cn + c.minor_cn,
            c.normal_cn,
            c.error_rate,
            precision,
            grid,
            rows.variant,
            rows.mutated,
            rows.ref_is_normal,
            rows.n_state,
            table,
        )
        like += share * np.exp(table)
    prior = np.exp(rows.log_prior)[:, None, None]
    mass = np.add.reduceat(prior * like, rows.start[:-1]) * weight
    mass /= mass.sum(axis=2, keepdims=True)
    row_mass = (prior * like * weight).sum(axis=2)
    best = np.zeros((counts.n_variant, counts.n_sample), np.int64)
    for i in range(counts.n_variant):
        best[i] = rows.start[i] + row_mass[rows.start[i] : rows.start[i + 1]].argmax(axis=0)
    low, high = grid_interval(mass, grid, level)
    seen = (counts.depth > 0) & (counts.purity > 0)
    gone = np.where(seen, 0.0, np.nan)
    multiplicity = np.rint(rows.mutated[best, np.arange(counts.n_sample)[None, :], 0]).astype(np.int64)
    return CcfEstimate(
        grid,
        mass,
        mass @ grid + gone,
        low + gone,
        high + gone,
        mass[:, :, grid >= 0.9].sum(axis=2) + gone,
        1 - mass[:, :, 0] + gone,
        multiplicity,
    )


def estimate_purity(counts: Counts, sample: int, precision: float = 200.0) -> tuple[float, float, float]:
    """Return (mean, 5 %, 95 %) of a sample's purity from its own variants; NaN where it has none with reads.

    Of the variants seen in the sample half are taken as clonal and half spread evenly over the CCF; purity has a
    flat prior from 0.05 to 1. A tumour whose variants are all subclonal reads as less pure: the estimate is flagged
    wherever it is used.
    """
    from oncourse.evolution import _likelihood_kernels as kernels

    use = (counts.depth[:, sample] > 0) & (counts.alt_count[:, sample] >= 3)
    if not use.any():
        return (float("nan"),) * 3

    def column(table: Any) -> Any:
        return np.ascontiguousarray(table[use][:, [sample]])

    one = Counts(
        column(counts.alt_count),
        column(counts.depth),
        column(counts.purity),
        column(counts.major_cn),
        column(counts.minor_cn),
        column(counts.normal_cn),
        counts.error_rate[[sample]],
        None if counts.cn_known is None else column(counts.cn_known),
    )
    rows = multiplicity_rows(one)
    grid = ccf_grid(41)
    weight = ccf_prior(grid, 0.0, 0.5)
    table = np.empty((len(rows.variant), 1, len(grid)))
    log_like = np.empty(len(PURITIES))
    for j, purity in enumerate(PURITIES):
        kernels.likelihood_table(
            one.alt_count,
            one.depth,
            np.full(one.alt_count.shape, purity),
            one.major_cn + one.minor_cn,
            one.normal_cn,
            one.error_rate,
            np.array([precision]),
            grid,
            rows.variant,
            rows.mutated,
            rows.ref_is_normal,
            rows.n_state,
            table,
        )
        like = np.exp(rows.log_prior) * (np.exp(table[:, 0]) @ weight)
        log_like[j] = np.log(np.add.reduceat(like, rows.start[:-1]) + 1e-300).sum()
    mass = np.exp(log_like - log_like.max())
    mass /= mass.sum()
    low, high = np.interp([0.05, 0.95], np.cumsum(mass), PURITIES)
    return float(mass @ PURITIES), float(low), float(high)
