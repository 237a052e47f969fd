"""The ways a variant can sit on its copies, shared by all samples of a patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.clustering.types import Counts, FloatArray, IntArray

WAY_PRIOR = np.array([4.0, 4.0, 1.0, 1.0, 0.5])
"""Pseudo-counts of variants that are late, major, minor, free, hidden; the shares are learned for each patient."""
_MOST_STATES = 5


@dataclass(frozen=True)
class Rows:
    """One row per variant and way of sitting on its copies.

    A variant has up to five ways, and keeps one of them in all samples:

    * *late*: one mutated copy per mutated cell (after any gain, or no gain);
    * *major*: on every copy of the major allele (before its gain);
    * *minor*: on every copy of the minor allele; where that allele is lost, so is the variant, and the sample
      says nothing of the cell fraction (LOST is not absent);
    * *free*: independent in each sample, including gains younger than the mutation whose unmutated cells have
      normal copy number [1]_: for samples whose copies changed on their own;
    * *hidden*: on both of two copies, where copy number was not measured in any sample.

    Attributes
    ----------
    variant : shape (n_row,), rows of one variant are adjacent
    start : shape (n_variant + 1,), first row of each variant
    way : shape (n_row,), 0 late, 1 major, 2 minor, 3 free, 4 hidden
    log_prior : shape (n_row,)
    mutated : shape (n_row, n_sample, n_state), mutated copies per mutated cell
    ref_is_normal : same shape, whether tumour cells without the variant have normal copy number
    n_state : shape (n_row, n_sample), states averaged over
    is_lost : shape (n_row, n_sample), whether the sample lost the variant's allele

    References
    ----------
    .. [1] Roth et al. Nat Methods 2014;11:396 (genotype prior of PyClone).
    """

    variant: IntArray
    start: IntArray
    way: IntArray
    log_prior: FloatArray
    mutated: FloatArray
    ref_is_normal: NDArray[np.bool_]
    n_state: IntArray
    is_lost: NDArray[np.bool_]

    def reweighted(self, row_of: IntArray) -> Rows:
        """Return the same rows with prior shares of the ways learned from the rows the variants sit in.

        Only variants that have a choice count: at a diploid site all ways are the same.
        """
        return self.weighted(self.way_counts(row_of[np.diff(self.start) > 1]))

    def way_counts(self, row_of: IntArray) -> IntArray:
        """Return shape (5,): how many of these rows are of each way."""
        return np.bincount(self.way[row_of], minlength=len(WAY_PRIOR))

    def weighted(self, used: IntArray) -> Rows:
        """Return the same rows with prior shares `WAY_PRIOR` + `used`."""
        weights = (WAY_PRIOR + used)[self.way]
        return replace(self, log_prior=np.log(weights / np.add.reduceat(weights, self.start[:-1])[self.variant]))


def multiplicity_rows(counts: Counts) -> Rows:
    """Return the distinct ways each variant can sit on its copies, with their prior.

    Sites that were not looked at decide nothing. The minor allele counts as lost only where a normal cell has
    two copies: on X and Y of a man there never was one.
    """
    major, minor, seen = counts.major_cn, counts.minor_cn, counts.depth > 0
    has_copies = major + minor > 0
    one = np.where(has_copies, np.minimum(1.0, np.maximum(major, minor)), 0.0)
    lost = seen & ((minor == 0) & (counts.normal_cn >= 2) | ~has_copies)
    late = np.where(has_copies, one, 0.0)
    on_minor = np.where((minor == 0) & (counts.normal_cn < 2), one, minor)
    differs_major = (seen & (major != late)).any(axis=1)
    differs_minor = (seen & (on_minor != late)).any(axis=1) & ~(lost | ~seen).all(axis=1)
    is_free = (seen & has_copies & ((major != 1) | (minor != 1)) & (counts.normal_cn >= 2)).any(axis=1)
    unknown = np.zeros(seen.shape, bool) if counts.cn_known is None else ~counts.cn_known
    two = (major == 1) & (minor == 1) & (counts.normal_cn >= 2)
    is_hidden = (unknown & two | ~seen).all(axis=1) & seen.any(axis=1)
    ways = [np.ones(counts.n_variant, bool), differs_major, differs_minor, is_free, is_hidden]
    use = np.stack(ways, axis=1)
    prior = use * WAY_PRIOR
    prior /= prior.sum(axis=1, keepdims=True)
    variant, way = np.nonzero(use)
    n_row, n_sample = len(variant), counts.n_sample
    mutated = np.zeros((n_row, n_sample, _MOST_STATES))
    ref_is_normal = np.zeros((n_row, n_sample, _MOST_STATES), bool)
    n_state = np.ones((n_row, n_sample), np.int64)
    for index, values in ((0, late), (1, major), (2, on_minor), (4, np.full(major.shape, 2.0))):
        mutated[way == index, :, 0] = values[variant[way == index]]
    ref_is_normal[way == 4] = True  # the other cells keep both alleles: nobody told a change of all cells
    _free_states(way == 3, variant, counts, mutated, ref_is_normal, n_state)
    is_lost = np.zeros((n_row, n_sample), bool)
    is_lost[way == 2] = lost[variant[way == 2]]
    is_lost |= (seen & ~has_copies)[variant]
    start = np.concatenate([[0], np.cumsum(use.sum(axis=1))])
    return Rows(variant, start, way, np.log(prior[variant, way]), mutated, ref_is_normal, n_state, is_lost)


def _free_states(
    rows: NDArray[np.bool_],
    variant: IntArray,
    counts: Counts,
    mutated: FloatArray,
    ref_is_normal: NDArray[np.bool_],
    n_state: IntArray,
) -> None:
    """Fill the states of the *free* rows: {1, major, minor} copies in all cells' karyotype, {1, major} beside
    normal."""
    index = np.nonzero(rows)[0]
    if len(index) == 0:
        return
    site = np.stack([table[variant[index]] for table in (counts.major_cn, counts.minor_cn, counts.normal_cn)], axis=-1)
    kinds, which = np.unique(site.reshape(-1, 3), axis=0, return_inverse=True)
    which = which.reshape(site.shape[:2])
    for kind, (big, small, normal) in enumerate(kinds):
        states = [(min(1.0, big), False)]
        if big + small > 0:
            extra = {big, small} - {0.0, states[0][0]}
            states += [(value, False) for value in sorted(extra)]
            if (big, small) != (1.0, 1.0) and normal >= 2:
                states += [(value, True) for value in sorted({min(1.0, big), big})]
        at, d = np.nonzero(which == kind)
        n_state[index[at], d] = len(states)
        for q, (value, beside_normal) in enumerate(states):
            mutated[index[at], d, q] = value
            ref_is_normal[index[at], d, q] = beside_normal


def sum_of_rows(values: Any, start: IntArray) -> Any:
    """Return shape (n_variant, ...): the sum over the rows of each variant, of `values` (n_row, ...).

    What `np.add.reduceat` gives, seven times as fast where rows are lines of a table and variants have few.

    Examples
    --------
    >>> sum_of_rows(np.array([[1, 2], [3, 4], [5, 6]]), np.array([0, 1, 3])).tolist()
    [[1, 2], [8, 10]]
    """
    out, n_row = values[start[:-1]], np.diff(start)
    for turn in range(1, int(n_row.max(initial=0))):
        more = np.flatnonzero(n_row > turn)
        out[more] += values[start[more] + turn]
    return out


def likely_rows(values: FloatArray, start: IntArray, variant: IntArray) -> IntArray:
    """Return shape (n_variant,): the first row of each variant with its highest value."""
    is_top = np.nonzero(values == np.maximum.reduceat(values, start[:-1])[variant])[0]
    of = variant[is_top]
    return np.asarray(is_top[np.append(True, of[1:] != of[:-1])[: len(of)]])
