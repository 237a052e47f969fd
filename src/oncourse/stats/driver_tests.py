"""Is a gene changed in more patients, more often truncated, or at one codon more often than chance makes it?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
#: Points at which the belief about a gene's own rate is taken.
_POINTS = 24
#: Share of the codons that hold the mutable bases (CpG ...), largest first: a tenth means ten times the mean rate
#: there.
MUTABLE = (0.1, 0.05, 0.03, 0.02, 0.01, 0.005)
SMALLEST_P = 1e-30
#: A test of a count that cannot say anything has p = 1, whose Cauchy deviate is minus infinity and would veto what the
#: others found: larger p-values are taken as this one (the truncated Cauchy combination of Fang 2023, from memory).
LARGEST_P = 0.99


def rate_spread(seen: ArrayLike, expected: ArrayLike) -> float:
    """Return the shape of the Gamma spread of rates between genes, by moments; large: all alike.

    Parameters
    ----------
    seen, expected : shape (n_gene,), patients changed in genes that are no drivers
    """
    n, mean = np.asarray(seen, float), np.asarray(expected, float)
    excess = float(((n - mean) ** 2 - n).sum())
    square = float((mean**2).sum())
    return float(np.clip(square / excess, 0.3, 1e3)) if excess > 0 and square > 0 else 1e3


def burden_p(
    n_mutated: ArrayLike, chance: Floats, silent: ArrayLike, silent_expected: ArrayLike, shape: float
) -> tuple[Floats, Floats]:
    """Return the expected number of changed patients and P(as many or more).

    A gene's rate is relative to what burden and length give: Gamma(shape, shape), sharpened by its silent mutations.
    The count of patients given the rate is taken as Poisson of the sum of their chances ``1 - exp(-rate x)``.

    Parameters
    ----------
    n_mutated : shape (n_gene,), patients changed
    chance : shape (n_gene, n_patient), expected changes x of each patient at the mean rate
    silent, silent_expected : shape (n_gene,), silent mutations, seen and expected (both 0: not reported)
    shape : `rate_spread`
    """
    from scipy.special import gammainc, gammaincinv

    n, s, e = (np.asarray(v, float) for v in (n_mutated, silent, silent_expected))
    at = (np.arange(_POINTS) + 0.5) / _POINTS
    rate = gammaincinv((shape + s)[:, None], at[None]) / (shape + e)[:, None]
    tail, mean = np.zeros(len(n)), np.zeros(len(n))
    for k in range(_POINTS):
        expected = -np.expm1(-rate[:, k, None] * chance).sum(1)
        tail += np.where(n > 0, gammainc(np.maximum(n, 1e-9), expected), 1.0) / _POINTS
        mean += expected / _POINTS
    return mean, np.clip(tail, SMALLEST_P, 1.0)


def truncating_p(truncating: ArrayLike, total: ArrayLike, share: ArrayLike) -> Floats:
    """Return P(as many or more truncating among `total`), where `share` of all changes are (one number, or one per
    gene)."""
    from scipy.stats import binom

    k, n = np.asarray(truncating, float), np.asarray(total, float)
    return np.clip(binom.sf(k - 1, n, share), SMALLEST_P, 1.0)


def mutable_share(most: ArrayLike, total: ArrayLike, length: ArrayLike) -> float:
    """Return the largest share of `MUTABLE` with which at most 5 % of these genes, no drivers, have a hotspot at
    0.05."""
    if not np.size(most):
        return MUTABLE[0]
    for share in MUTABLE:
        if np.mean(hotspot_p(most, total, length, share) < 0.05) <= 0.05:
            return share
    return MUTABLE[-1]


def hotspot_p(most: ArrayLike, total: ArrayLike, length: ArrayLike, share: float = MUTABLE[0]) -> Floats:
    """Return the chance that some codon is hit `most` times by `total` changes of a protein of this length
    (Bonferroni).

    All changes are taken to fall on this share of the codons: the context makes some sites mutable, and which ones is
    not known without the sequence; the share is learned from genes that are no drivers (`mutable_share`).
    """
    from scipy.stats import binom

    k, n = np.asarray(most, float), np.asarray(total, float)
    sites = np.maximum(1.0, share * np.asarray(length, float))
    return np.where(k >= 2, np.clip(sites * binom.sf(k - 1, n, 1 / sites), SMALLEST_P, 1.0), 1.0)


def codon_p(most: int, total: int, shares: Floats) -> float:
    """Return the chance that some codon is hit `most` times by `total` changes that fall on codons by these shares
    (Bonferroni).

    shares : shape (n_codon,), summing to one: what the bases of each codon invite (`oncourse.genome.supply`)

    >>> round(codon_p(2, 2, np.full(10, 0.1)), 9), codon_p(1, 9, np.full(10, 0.1))
    (0.1, 1.0)
    """
    from scipy.stats import binom

    if most < 2:
        return 1.0
    distinct, many = np.unique(shares, return_counts=True)
    return float(np.clip((binom.sf(most - 1, total, distinct) * many).sum(), SMALLEST_P, 1.0))


def cauchy_combination(p_values: Floats) -> Floats:
    """Return one p-value per row of several, whatever their dependence [1]_; NaN: not tested.

    References
    ----------
    .. [1] Liu Y, Xie J. J Am Stat Assoc 2020;115:393.

    >>> cauchy_combination(np.array([[0.5, 0.5], [1e-8, 0.9], [1e-8, 1.0]])).round(9).tolist()
    [0.5, 2e-08, 2e-08]
    """
    p = np.clip(np.asarray(p_values, float), 1e-300, LARGEST_P)
    tan = np.where(p < 1e-8, 1 / (p * np.pi), np.tan((0.5 - p) * np.pi))
    mean = np.nanmean(tan, axis=1)
    return np.asarray(np.arctan2(1.0, mean) / np.pi)  # the upper tail, exact where it is small
