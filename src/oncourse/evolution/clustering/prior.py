"""Priors of the clustering: cell fractions, partitions, artefacts."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from oncourse.evolution.clustering.types import FloatArray

SPIKE_PRIOR = np.array([1.5, 0.5, 3.0, 1.0, 5.0])
"""Pseudo-counts of (cluster, sample) pairs with CCF 0, CCF 1 and between; of clusters that are trunk and not."""
OUTLIER_PRIOR = np.array([0.5, 99.5])
"""Beta prior of the share of outliers: 1 in 200 with the weight of 100 variants."""
SLAB_FLAT = 0.5
CONCENTRATIONS = np.geomspace(0.1, 30.0, 41)
_MASS = np.exp(-0.5 * (np.log(CONCENTRATIONS / 2.0) / math.log(3.0)) ** 2)
CONCENTRATION_LOG_PRIOR = np.log(_MASS / _MASS.sum())
"""Log-normal around 2, a factor of 3 per standard deviation."""


def ccf_grid(n_grid: int) -> FloatArray:
    """Return shape (n_grid,): CCF from 0 to 1, evenly spaced in arcsin(sqrt(ccf / 2)).

    Reads of a diploid site have nearly constant spread on that scale, so that low fractions, which are measured
    most finely, get the closer points.

    Examples
    --------
    >>> ccf_grid(5).round(3).tolist()
    [0.0, 0.076, 0.293, 0.617, 1.0]
    """
    grid = 2 * np.sin(np.linspace(0, math.pi / 4, n_grid)) ** 2
    grid[-1] = 1.0
    return np.asarray(grid)


def ccf_prior(grid: FloatArray, absent: float, clonal: float) -> FloatArray:
    """Return the prior mass of each grid point: `absent` at 0, `clonal` at 1, the rest uniform in the CCF between."""
    slab = _slab(grid)
    return _with_spikes(slab, slab.sum(), absent, clonal)


def _slab(grid: FloatArray) -> FloatArray:
    edges = (grid[1:] + grid[:-1]) / 2
    slab = np.zeros_like(grid)
    slab[1:-1] = SLAB_FLAT * np.diff(edges) / (edges[-1] - edges[0]) + (1 - SLAB_FLAT) / (len(grid) - 2)
    return slab


def _with_spikes(slab: FloatArray, total: float, absent: float, clonal: float) -> FloatArray:
    weight = slab * ((1 - absent - clonal) / total)
    weight[0], weight[-1] = absent, clonal
    return weight


@lru_cache(maxsize=8)
def _slab_of(n_grid: int) -> tuple[FloatArray, float]:
    slab = _slab(ccf_grid(n_grid))
    return slab, float(slab.sum())


@lru_cache(maxsize=64)
def prior_weights(n_grid: int, n_sample: int, absent: float, clonal: float) -> FloatArray:
    """Return shape (n_sample, n_grid): `ccf_prior` for each sample; nobody writes to it."""
    return np.tile(_with_spikes(*_slab_of(n_grid), absent, clonal), (n_sample, 1))


@lru_cache(maxsize=64)
def log_concentration_prior(n_variant: int) -> FloatArray:
    """Return shape (n_variant + 1,): log of the Dirichlet process weight of K clusters, concentration integrated out.

    A partition with cluster sizes n_k has prior ``E[a^K Gamma(a) / Gamma(a + n)] prod Gamma(n_k)``; the expectation is
    over the prior of the concentration a on `CONCENTRATIONS`.
    """
    from scipy.special import gammaln

    log_norm = CONCENTRATION_LOG_PRIOR + gammaln(CONCENTRATIONS) - gammaln(CONCENTRATIONS + n_variant)
    k = np.arange(n_variant + 1)[:, None]
    return np.asarray(np.logaddexp.reduce(k * np.log(CONCENTRATIONS) + log_norm, axis=1))


def concentration_posterior(n_cluster: int, n_variant: int) -> FloatArray:
    """Return shape (n,): posterior mass of each of `CONCENTRATIONS` given the number of clusters."""
    from scipy.special import gammaln

    log_norm = gammaln(CONCENTRATIONS) - gammaln(CONCENTRATIONS + n_variant)
    log_mass = CONCENTRATION_LOG_PRIOR + n_cluster * np.log(CONCENTRATIONS) + log_norm
    mass = np.exp(log_mass - log_mass.max())
    return np.asarray(mass / mass.sum())
