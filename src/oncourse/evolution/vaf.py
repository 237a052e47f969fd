"""Allele fraction a clone should show, from purity, copy number and the cells that carry it; and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def expected_vaf(
    purity: ArrayLike,
    total_cn: ArrayLike,
    *,
    ccf: ArrayLike = 1.0,
    multiplicity: ArrayLike = 1,
    normal_cn: ArrayLike = 2,
) -> NDArray[np.float64]:
    """Return the variant allele fraction a clone should show at a site [1]_.

    Parameters
    ----------
    purity : shape (n,), tumour cell fraction, 0-1
    total_cn : shape (n,), copies per tumour cell
    ccf : fraction of tumour cells that carry the variant, 0-1
    multiplicity : mutated copies per mutated cell, at most ``total_cn``
    normal_cn : copies per normal cell: 2, or 1 on X and Y of a man

    Returns
    -------
    shape (n,), fraction 0-1; NaN where the sample has no copy of the site

    References
    ----------
    .. [1] Dentro, Wedge, Van Loo. Cold Spring Harb Perspect Med 2017;7:a026625.

    Examples
    --------
    >>> expected_vaf([0.6, 1.0], [2, 0]).tolist()
    [0.3, nan]
    """
    purity, total_cn = np.asarray(purity, float), np.asarray(total_cn, float)
    mutated = purity * np.asarray(ccf, float) * np.minimum(np.asarray(multiplicity, float), total_cn)
    copies = purity * total_cn + (1 - purity) * np.asarray(normal_cn, float)
    return np.asarray(mutated / np.where(copies > 0, copies, np.nan))


def ccf_from_vaf(
    vaf: ArrayLike,
    purity: ArrayLike,
    total_cn: ArrayLike,
    *,
    multiplicity: ArrayLike = 1,
    normal_cn: ArrayLike = 2,
) -> NDArray[np.float64]:
    """Return the fraction of tumour cells that would show `vaf`: `expected_vaf` solved for the CCF.

    Values above 1 are returned as they are (noise, or a wrong purity, copy number or multiplicity);
    NaN where the tumour has no copy of the site or purity is 0.

    Examples
    --------
    >>> ccf_from_vaf([0.15, 0.2], [0.6, 0.0], 2).tolist()
    [0.5, nan]
    """
    purity, total_cn = np.asarray(purity, float), np.asarray(total_cn, float)
    copies = purity * total_cn + (1 - purity) * np.asarray(normal_cn, float)
    mutated = purity * np.minimum(np.asarray(multiplicity, float), total_cn)
    return np.asarray(np.asarray(vaf, float) * copies / np.where(mutated > 0, mutated, np.nan))


def with_errors(vaf: ArrayLike, error_rate: ArrayLike) -> NDArray[np.float64]:
    """Return the fraction of reads that show the variant when wild-type reads show it at `error_rate`.

    Reads of the variant are lost at the same rate: ``v (1 - e) + (1 - v) e`` (Carter 2012, Cibulskis 2013).

    Examples
    --------
    >>> with_errors([0.0, 0.3], 0.01).round(4).tolist()
    [0.01, 0.304]
    """
    vaf, error_rate = np.asarray(vaf, float), np.asarray(error_rate, float)
    return np.asarray(vaf * (1 - error_rate) + (1 - vaf) * error_rate)


def min_alt_reads(depth: ArrayLike, min_alt_count: ArrayLike, min_vaf: ArrayLike) -> NDArray[np.int64]:
    """Return the least variant reads of a call at `depth`: enough reads, and enough of the depth.

    Examples
    --------
    >>> min_alt_reads([50, 200, 1000], 3, 0.02).tolist()
    [3, 4, 20]
    """
    # 1e-9: 0.02 * 150 is 3.0000000000000004 in binary, yet 3 of 150 reads is 2 %
    by_vaf = np.ceil(np.asarray(depth, float) * np.asarray(min_vaf, float) - 1e-9)
    return np.maximum(np.asarray(min_alt_count, float), np.maximum(by_vaf, 1)).astype(np.int64)
