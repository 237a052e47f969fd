"""What a patient's tissue says of each variant, for the tumour fraction of another sample (`tumour_fraction`).

The copies a variant may be on, and how likely the reads of tissue make it that the variant is in all of its cells or in
a part of them. Arrays in, arrays out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution._reads_kernels import tissue_reads
from oncourse.evolution.site_reads import log_noise

if TYPE_CHECKING:
    from oncourse.evolution.presence import Cells, Samples

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Copies and mutated copies a variant may be on where copy number was not measured, and their prior shares: of a genome
#: of two copies (one copy lost; the other doubled; a gain), and of one that was doubled. The shares are a choice; a
#: third of the metastatic tumours are doubled (written from memory).
PLACES = np.array([[2, 1], [1, 1], [2, 2], [3, 1], [3, 2], [4, 1], [4, 2]], float)
GENOMES = np.array([[0.78, 0.08, 0.06, 0.04, 0.04, 0.0, 0.0], [0.04, 0.0, 0.12, 0.08, 0.1, 0.26, 0.4]])
DOUBLED = 0.3
#: Share of the variants seen elsewhere that are in all tissue cells, beforehand, and share of a tissue's variants that
#: are in part of its cells there, or not at all.
#: The first is held by so many variants (`TRUNK_WEIGHT`) and learned.
TRUNK_SHARE, TRUNK_WEIGHT, PART_SHARE = 0.6, 5.0, 0.8
#: What a variant may be elsewhere: in all tissue cells; seen, not in all; called here alone.
TRUNK, ELSEWHERE, HERE = 0, 1, 2
#: Steps of EM.
N_STEP = 8


def guessed_copies(cells: Cells, rows: IntArray) -> BoolArray:
    """Return where copy number was not measured (and a normal cell has two copies)."""
    if cells.is_measured is None:
        return np.zeros(len(rows), bool)
    return np.asarray(~cells.is_measured[rows] & (cells.normal_cn[rows] > 1.5))


def places_of(cells: Cells, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return copies and mutated copies of the places a clonal variant may be at, whatever the kind of genome: shapes
    (n, n_option).

    Measured: one copy, or every major one. Not measured: `PLACES`.
    """
    guessed = guessed_copies(cells, rows)
    copies = np.repeat(cells.total_cn[rows][:, None], len(PLACES) if guessed.any() else 2, axis=1)
    mutated = np.ones(copies.shape)
    mutated[:, 1] = np.maximum(cells.major_cn[rows], 1.0)
    if guessed.any():
        copies[guessed], mutated[guessed] = PLACES.T
    return copies, np.minimum(mutated, copies)


def shares_of(cells: Cells, rows: IntArray, genome: int) -> FloatArray:
    """Return the prior share of each of `places_of` in a kind of genome, (n, n_option)."""
    guessed, several = guessed_copies(cells, rows), cells.major_cn[rows] > 1.5
    share = np.zeros((len(rows), len(PLACES) if guessed.any() else 2))
    share[:, 0], share[:, 1] = np.where(several, 0.5, 1.0), np.where(several, 0.5, 0.0)
    if guessed.any():
        share[guessed] = GENOMES[genome]
    return share


@dataclass(frozen=True)
class Elsewhere:
    """What the patient's tissue says of each variant: weights (n, 3 kinds of `SHARES`, n_option), P(all cells) (n,)."""

    weights: FloatArray
    trunk: FloatArray


@dataclass(frozen=True)
class Evidence:
    """The tissue's reads of each variant under one kind of genome and purity, n variants.

    share : shape (n, n_option), of the places beforehand
    place : shape (n, n_option), share of each place given that the variant is in all tissue cells
    log_trunk, log_other : shape (n,), log P(the tissue's reads, in all cells), log P(them, not in all)
    log_like : shape (n,), log P(the tissue's reads)
    """

    share: FloatArray
    place: FloatArray
    log_trunk: FloatArray
    log_other: FloatArray
    log_like: FloatArray

    @classmethod
    def of(
        cls,
        sample: IntArray,
        share: FloatArray,
        own: FloatArray,
        anchors: Anchors,
        alike: BoolArray,
        reads: TissueReads,
    ) -> Evidence:
        """Weigh the reads of every variant's anchors.

        sample : shape (n,), the variant's own; share, own : `shares_of` the variants, and of the anchors' cells
        alike : `Anchors.alike`
        """
        n, n_option = share.shape
        link, row, every = anchors.link, anchors.row, np.ascontiguousarray(reads.every.T)
        told = np.zeros(len(link)) if alike.all() else _log_mean(reads.every, own)[link]
        log_all = np.zeros((n_option, n))
        for option in range(n_option):
            of_place = np.where(alike, every[option][link], told) if alike.any() else told
            log_all[option] = np.bincount(row, of_place, n)
        log_part = np.bincount(row, reads.log_part(own)[link], n)
        with np.errstate(divide="ignore"):
            trunk = log_all.T + np.log(share)
        most = trunk.max(axis=1, keepdims=True)
        place = np.exp(trunk - most)
        all_places = place.sum(axis=1)
        log_trunk, log_other = most[:, 0] + np.log(all_places), log_part + np.log(share.sum(axis=1))
        common = _trunk_share(log_trunk - log_other, sample)
        log_trunk, log_other = log_trunk + np.log(common), log_other + np.log1p(-common)
        return cls(share, place / all_places[:, None], log_trunk, log_other, np.logaddexp(log_trunk, log_other))

    def of_rows(self, rows: BoolArray, elsewhere: BoolArray) -> FloatArray:
        """Return the weights of some variants (`Elsewhere.weights`); elsewhere : shape (n,), called in another sample."""
        share, alone = self.share[rows], ~elsewhere[rows]
        weights = np.zeros((len(share), 3, share.shape[1]))
        trunk, other = (np.exp(x[rows] - self.log_like[rows]) for x in (self.log_trunk, self.log_other))
        weights[:, TRUNK] = self.place[rows] * trunk[:, None]
        weights[:, ELSEWHERE] = share * (other / share.sum(axis=1))[:, None]
        weights[alone] = 0.0
        weights[alone, HERE] = share[alone]
        return weights


@dataclass(frozen=True)
class Anchors:
    """Cells of tissue of known purity, and the variants that they speak of.

    at : shape (n_cell,), the cells, each once; purity, concentration : same shape
    row, link : shape (n_link,), a sample's own cell, and the anchor (a place in ``at``) that speaks of it
    """

    at: IntArray
    purity: FloatArray
    concentration: FloatArray
    row: IntArray
    link: IntArray

    @classmethod
    def of(cls, cells: Cells, samples: Samples, purity: FloatArray, rows: IntArray, use: BoolArray) -> Anchors:
        anchors = np.flatnonzero(use)
        order = anchors[np.argsort(cells.variant[anchors], kind="stable")]
        first = np.searchsorted(cells.variant[order], cells.variant[rows])
        n = np.searchsorted(cells.variant[order], cells.variant[rows], side="right") - first
        row = np.repeat(np.arange(len(rows)), n)
        cell = order[np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)]
        row, cell = (x[cells.sample[cell] != cells.sample[rows[row]]] for x in (row, cell))
        asked = np.zeros(cells.n, bool)
        asked[cell] = True
        at = np.flatnonzero(asked)
        concentration = np.minimum(samples.concentration[cells.sample[at]], 1e6)
        return cls(at, purity[cells.sample[at]], concentration, row, (np.cumsum(asked) - 1)[cell])

    def alike(self, cells: Cells, rows: IntArray) -> BoolArray:
        """Return whether the variant may be at the same places there and here, one of `rows`: shape (n_link,)."""
        there, here = places_of(cells, self.at)[0], places_of(cells, rows)[0]
        if there.shape[1] != here.shape[1]:
            return np.zeros(len(self.link), bool)
        return np.asarray(np.isclose(there[self.link], here[self.row]).all(axis=1))

    def shifted(self, by: float) -> Anchors:
        return replace(self, purity=np.minimum(self.purity * np.exp(by), 1.0))


def _trunk_share(log_odds: FloatArray, sample: IntArray) -> FloatArray:
    """Return per variant the share of its sample's variants that tissue has in all cells, by EM, held by the start."""
    odds = np.exp(np.clip(log_odds, -50, 50))
    share = np.full(len(odds), TRUNK_SHARE)
    n = np.bincount(sample)
    for _ in range(N_STEP):
        found = np.bincount(sample, share * odds / (share * odds + 1 - share), minlength=len(n))
        share = ((found + TRUNK_WEIGHT * TRUNK_SHARE) / (n + TRUNK_WEIGHT))[sample]
    return share


def _log_mean(values: FloatArray, share: FloatArray) -> FloatArray:
    top = values.max(axis=1, keepdims=True)
    return np.asarray(top[:, 0] + np.log((np.exp(values - top) * share).sum(axis=1) + 1e-300))


@dataclass(frozen=True)
class TissueReads:
    """Log P(reads of each cell that anchors), whatever the kind of genome: in all cells, in a part of them (n, n_option),
    in none (n,)."""

    every: FloatArray
    part: FloatArray
    nil: FloatArray

    @classmethod
    def of(cls, cells: Cells, anchors: Anchors) -> TissueReads:
        at = anchors.at
        copies, mutated = places_of(cells, at)
        rho, error = anchors.purity[:, None], cells.error_rate[at]
        full = rho * mutated / np.maximum(rho * copies + (1 - rho) * cells.normal_cn[at][:, None], 1e-9)
        alt, depth = cells.alt_count[at], cells.depth[at]
        every, part = np.empty(full.shape), np.empty(full.shape)
        tissue_reads(alt, depth, error, anchors.concentration, full, (np.arange(8) + 0.5) / 9, every, part)
        return cls(every, part, log_noise(alt, depth, error, 2.0))

    def log_part(self, share: FloatArray) -> FloatArray:
        """Return log P(reads | in a part of the cells, or in none), shape (n,), of options with these shares."""
        part = _log_mean(self.part, share) + np.log(PART_SHARE)
        return np.asarray(np.logaddexp(part, self.nil + np.log(1 - PART_SHARE)))


def read_vaf(vaf: FloatArray, error: FloatArray) -> FloatArray:
    """Return the fraction of reads that show the variant, errors to and from it included; within (0, 1)."""
    return np.clip(vaf * (1 - error) + (1 - vaf) * error, 1e-9, 1 - 1e-9)
