"""Did a mutation arise before or after the gain of its segment? From the number of copies that carry it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.clustering.types import Counts, FloatArray
from oncourse.evolution.vaf import expected_vaf, with_errors

CLONAL = 0.75
"""Only a mutation of all cells is timed: the copies of a subclonal one cannot be told from its cell fraction."""


def p_before_gain(counts: Counts, clonal: FloatArray, precision: FloatArray) -> FloatArray:
    """Return the probability that each mutation arose before the gain, shape (N, S); NaN where that cannot be asked.

    Before: it sits on all copies of a gained allele (the major one, or the minor one where that has two or more).
    After: on one copy. Both are as likely beforehand; counts are beta-binomial at CCF 1 (Purdom 2013; Gerstung 2020).
    One copy can also mean an older mutation of the allele that was not gained, where the minor copy number is 1.

    Parameters
    ----------
    counts : reads and copy number; asked where copy number is known, the major allele has two copies or more, and the
        site was looked at
    clonal : shape (N, S), probability that the variant is in all cells of the sample; asked from 0.5
    precision : shape (S,), beta-binomial precision (inf: binomial)

    Examples
    --------
    Pure sample, 2 + 1 copies: 66 of 100 reads sit on two of three copies, 33 on one:

    >>> one = np.ones((2, 1))
    >>> given = Counts(np.array([[66], [33]]), np.full((2, 1), 100), one, 2 * one, one, 2 * one, np.array([1e-3]))
    >>> p_before_gain(given, one, np.array([np.inf])).round(3).ravel().tolist()
    [1.0, 0.0]
    """
    from scipy.stats import betabinom, binom

    major, minor = np.rint(counts.major_cn), np.rint(counts.minor_cn)

    def likelihood(copies: FloatArray) -> FloatArray:
        share = expected_vaf(counts.purity, major + minor, multiplicity=copies, normal_cn=counts.normal_cn)
        share = np.clip(with_errors(np.nan_to_num(share), counts.error_rate), 1e-6, 1 - 1e-6)
        size = np.broadcast_to(np.where(np.isfinite(precision), precision, 1.0), share.shape)
        exact = binom.pmf(counts.alt_count, counts.depth, share)
        spread = betabinom.pmf(counts.alt_count, counts.depth, share * size, (1 - share) * size)
        return np.asarray(np.where(np.isfinite(precision), spread, exact))

    on_major, on_minor, on_one = likelihood(major), likelihood(minor), likelihood(np.ones_like(major))
    before = np.where(minor >= 2, 0.5 * (on_major + on_minor), on_major)
    total = before + on_one
    known = np.ones(major.shape, bool) if counts.cn_known is None else counts.cn_known
    asked = known & (major >= 2) & (counts.depth > 0) & (counts.purity > 0) & (clonal >= 0.5) & (total > 1e-12)
    return np.asarray(np.where(asked, before / np.where(total > 0, total, 1.0), np.nan))


def timing_call(p_before: float, minor_cn: int, sure: float = 0.8) -> str:
    """Name what is known: before / after / after_or_other_allele / unclear.

    Examples
    --------
    >>> timing_call(0.95, 0), timing_call(0.05, 0), timing_call(0.05, 1), timing_call(0.5, 1)
    ('before', 'after', 'after_or_other_allele', 'unclear')
    """
    if p_before >= sure:
        return "before"
    if p_before <= 1 - sure:
        return "after_or_other_allele" if minor_cn == 1 else "after"
    return "unclear"


def clonal_share(posterior: FloatArray, grid: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
    """Return shape (N, S): probability that a variant's cluster is in at least `CLONAL` of the cells; 0 for
    outliers."""
    per_cluster = posterior[..., grid >= CLONAL].sum(-1)
    return np.asarray(np.where((labels >= 0)[:, None], per_cluster[np.maximum(labels, 0)], 0.0))
