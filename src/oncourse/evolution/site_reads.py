"""What reads of one site say: kinds of change, likelihoods of errors and of a variant, the fraction that one would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution._reads_kernels import beta_binomial_into
from oncourse.evolution.log_gamma import flat, log_rising

if TYPE_CHECKING:
    from oncourse.evolution.presence import Cells

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Kinds of change whose errors may differ: of the pyrimidine strand, as in mutational spectra; the last is all else.
CHANGES = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G", "other")


def log_noise(alt: FloatArray, depth: FloatArray, rate: FloatArray, shape: float | FloatArray) -> FloatArray:
    """Return log P(alt | depth) of background whose rate differs between sites like a gamma of this shape.

    The binomial coefficient, which every explanation of the same reads shares, is left out.

    Examples
    --------
    >>> float(log_noise(np.array([0.0]), np.array([100.0]), np.array([1e-3]), 1e6)[0].round(3))
    -0.1
    """
    total = shape / np.minimum(rate, 0.5)
    return np.asarray(log_rising(shape, alt) + log_rising(total - shape, depth - alt) - log_rising(total, depth))


def log_beta_binomial(alt: FloatArray, depth: FloatArray, vaf: FloatArray, s: FloatArray) -> FloatArray:
    """Return log P(alt | depth) of reads whose fraction varies like a beta of this mean and concentration `s`.

    The binomial coefficient, which every explanation of the same reads shares, is left out.
    """
    s = np.minimum(s, 1e6)
    shape, rows = flat(alt, depth, np.clip(vaf, 1e-9, 1 - 1e-9), s)
    out = np.empty(rows[0].size)
    beta_binomial_into(*rows, out)
    return out.reshape(shape) - log_rising(s, depth)


def clonal_vaf(cells: Cells, purity: FloatArray, rows: IntArray, copies: FloatArray) -> FloatArray:
    """Return the fraction of a variant of all cells on so many copies, shape (n_row,)."""
    rho = purity[cells.sample[rows]]
    total = rho * cells.total_cn[rows] + (1 - rho) * cells.normal_cn[rows]
    return np.asarray(rho * np.minimum(copies, cells.total_cn[rows]) / np.maximum(total, 1e-9))
