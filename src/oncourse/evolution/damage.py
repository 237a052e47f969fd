"""Damage of one kind of change: what few reads of a clone do not explain, as clones do not choose their kind of change.

Formalin (C>T) and oxidation (C>A) raise one kind of change in some samples. A few sites a sample cannot tell damage
from small clones; all sites of a study can: where those of one kind, found in another lesion of the patient, show few
reads more often than those of the other kinds do, each sample with such a site may be damaged as far as its own allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.site_reads import CHANGES, clonal_vaf, log_noise

if TYPE_CHECKING:
    from oncourse.evolution.background import Background
    from oncourse.evolution.presence import Cells

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Sites with less than this share of the reads of a clone of all cells are looked at, at least so many of a kind; a site
#: shows reads where the sample's errors would give as many at fewer than this share of the sites.
LOW, LEAST_SITES, UNUSUAL = 0.5, 10, 0.2
#: Normal deviates from which a kind shows reads more often than the others: the known kinds of damage (one study in 50
#: by chance), and any other (one in 200).
KNOWN, OTHER = 2.05, 2.58
KNOWN_KINDS = ("C>A", "C>T")
#: Largest multiple of the told errors, the chance that a sample's own sites leave it, and the shape of its spread.
MOST, CHANCE, SHAPE = 50.0, 0.05, 1.0
#: More variant reads than this are no damage.
MOST_READS = 30


def open_damage(cells: Cells, purity: FloatArray, kind: IntArray, usable: BoolArray, factor: FloatArray) -> FloatArray:
    """Return how many times the told errors each kind of change may have in each sample, (n_sample, 7); 1: no sign.

    Parameters
    ----------
    kind : shape (n_cell,), what the other samples say (`presence.ONLY_HERE` and so on); sites of `ONLY_HERE` are there
        by their own call and teach nothing
    usable : shape (n_cell,), counted, of a sample of known purity
    factor : shape (n_sample,), multiple of the told errors, learned over all kinds
    """
    from scipy.special import gammainc

    out = np.ones((len(purity), len(CHANGES)))
    rows = np.flatnonzero(usable & (kind > 0) & (cells.depth > 0))
    if cells.change is None or not len(rows):
        return out
    clonal = cells.depth[rows] * clonal_vaf(cells, purity, rows, np.ones(len(rows)))
    rows = rows[cells.alt_count[rows] < LOW * clonal]
    change, sample, alt = cells.change[rows], cells.sample[rows], cells.alt_count[rows]
    usual = cells.depth[rows] * cells.error_rate[rows]
    shows = (alt > 0) & (gammainc(np.maximum(alt, 1.0), usual * factor[sample]) < UNUSUAL)
    clonal_elsewhere = kind[rows] == 2
    for c, name in enumerate(CHANGES[:-1]):
        mine = change == c
        if _deviate(shows[mine], shows[~mine]) > (KNOWN if name in KNOWN_KINDS else OTHER):
            told, own = mine & clonal_elsewhere, np.bincount(sample[mine & shows], minlength=len(purity)) > 0
            found, expected = (np.bincount(sample[told], x[told], len(purity)).astype(float) for x in (alt, usual))
            out[:, c] = np.where(own, _upper(found, expected), 1.0)
    return out


def _deviate(mine: BoolArray, others: BoolArray) -> float:
    """Return by how many standard errors the first share is above the second.

    >>> round(_deviate(np.arange(20) < 10, np.arange(100) < 20), 1)
    2.5
    """
    if min(len(mine), len(others)) < LEAST_SITES:
        return 0.0
    error = np.sqrt(mine.var() / len(mine) + others.var() / len(others))
    return float((mine.mean() - others.mean()) / max(error, 1e-9))


def _upper(found: FloatArray, told: FloatArray) -> FloatArray:
    """Return the multiple of the told errors at which so few reads are left `CHANCE`, 1 to `MOST`."""
    from scipy.special import gammaincinv

    return np.clip(gammaincinv(found + 1, 1 - CHANCE) / np.maximum(told, 1e-9), 1.0, MOST)


def log_damaged(
    cells: Cells, told: FloatArray, damage: FloatArray, shape: FloatArray, asked: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Return the cells whose few reads may be damage, and the log-likelihood of background in them were it as bad as
    ``damage`` (`open_damage`) allows, without the binomial coefficient.

    told : shape (n_cell,), errors as told; shape : of the spread between sites otherwise; asked : shape (n_cell,)
    """
    if cells.change is None:
        return np.zeros(0, np.int64), np.zeros(0)
    multiple = damage[cells.sample, cells.change]
    rows = np.flatnonzero(asked & (multiple > 1) & (cells.alt_count > 0) & (cells.alt_count <= MOST_READS))
    reads = cells.alt_count[rows], cells.depth[rows]
    usual = log_noise(*reads, cells.error_rate[rows], shape[cells.sample[rows]])
    return rows, np.maximum(log_noise(*reads, np.minimum(told[rows] * multiple[rows], 0.3), SHAPE), usual)


def log_highest(cells: Cells, background: Background, asked: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return the cells with few reads, and the log-likelihood of background in them at `Background.highest`."""
    shape, multiple = background.highest
    rows = np.flatnonzero(
        asked & (multiple[cells.sample] > 1) & (cells.alt_count > 0) & (cells.alt_count <= MOST_READS)
    )
    rate = np.minimum(cells.error_rate[rows] * multiple[cells.sample[rows]], 0.3)
    return rows, log_noise(cells.alt_count[rows], cells.depth[rows], rate, shape)
