"""What a patient's tissue says of each variant, for the tumour fraction of another sample (`tumour_fraction`).

The copies a variant may be on, and how likely the reads of tissue make it that the variant is in all of its cells or in
a part of them. Arrays in, arrays out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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
    def of(cls, sample: IntArray, share: FloatArray, own: FloatArray, reads: TissueReads) -> Evidence:
        """Weigh the reads of every variant's anchors.

        sample : shape (n,), the variant's own; share, own : `shares_of` the variants, and of the anchors' cells
        """
        log_all = reads.log_all(own, share.shape[1])
        log_part = np.bincount(reads.anchors.row, reads.log_part(own)[reads.anchors.link], len(share))
        with np.errstate(divide="ignore"):
            trunk = log_all.T + np.log(share)
        most = trunk.max(axis=1, keepdims=True)
        place = np.exp(trunk - most)
        all_places = place.sum(axis=1)
        log_trunk, log_other = most[:, 0] + np.log(all_places), log_part + np.log(share.sum(axis=1))
        common = _trunk_share(log_trunk - log_other, sample)
        log_trunk, log_other = log_trunk + np.log(common), log_other + np.log1p(-common)
        return cls(share, place / all_places[:, None], log_trunk, log_other, np.logaddexp(log_trunk, log_other))

    @property
    def trunk(self) -> FloatArray:
        """P(in all tissue cells) of each variant that is called in another sample, shape (n,)."""
        return np.asarray((self.place * np.exp(self.log_trunk - self.log_like)[:, None]).sum(axis=1))

    def of_rows(self, rows: IntArray, elsewhere: BoolArray) -> FloatArray:
        """Return the weights of some variants, (n_row, 3 kinds of `SHARES`, n_option).

        rows : their numbers, shape (n_row,); elsewhere : shape (n,), called in another sample
        """
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


@dataclass(frozen=True)
class Genome:
    """What a patient's tissue says under one kind of genome, of n variants.

    tried : under each purity that was tried; best : shape (n,), the number of that at which the reads fit the kind best
    log_prior : shape (n_sample,), log P(kind, the tissue's reads)
    """

    tried: Sequence[Evidence]
    best: IntArray
    elsewhere: BoolArray
    log_prior: FloatArray

    @property
    def trunk(self) -> FloatArray:
        """P(in all tissue cells), shape (n,); 0 of a variant that is called here alone."""
        return np.where(self.elsewhere, np.choose(self.best, [one.trunk for one in self.tried]), 0.0)

    def weights(self, rows: IntArray) -> FloatArray:
        """Return `Evidence.of_rows` of some variants at their best purities."""
        out = np.zeros((len(rows), 3, self.tried[0].share.shape[1]))
        for number, one in enumerate(self.tried):
            here = self.best[rows] == number
            out[here] = one.of_rows(rows[here], self.elsewhere)
        return out


def _trunk_share(log_odds: FloatArray, sample: IntArray) -> FloatArray:
    """Return per variant the share of its sample's variants that tissue has in all cells, by EM, held by the start."""
    odds = np.exp(np.clip(log_odds, -50, 50))
    share = np.full(len(odds), TRUNK_SHARE)
    n = np.bincount(sample)
    for _ in range(N_STEP):
        found = np.bincount(sample, share * odds / (share * odds + 1 - share), minlength=len(n))
        share = ((found + TRUNK_WEIGHT * TRUNK_SHARE) / (n + TRUNK_WEIGHT))[sample]
    return share


@dataclass(frozen=True)
class _Logs:
    """Logs (n, n_option), of which means are taken with several weights: the largest of each row, and what the others are
    of it."""

    values: FloatArray

    @cached_property
    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        top = self.values.max(axis=1, keepdims=True)
        return top[:, 0], np.exp(self.values - top)

    def mean(self, share: FloatArray) -> FloatArray:
        """Return the log of the mean, shape (n,), weighted by `share` (n, n_option)."""
        top, scaled = self._scaled
        return np.asarray(top + np.log((scaled * share).sum(axis=1) + 1e-300))


@dataclass(frozen=True)
class TissueReads:
    """Log P(reads of each cell that anchors) at one purity, whatever the kind of genome: in all cells, in a part of them
    (n, n_option), in none (n,).

    n_variant : how many variants the anchors speak of; alike : `Anchors.alike`
    """

    anchors: Anchors
    n_variant: int
    alike: BoolArray
    every: _Logs
    part: _Logs
    nil: FloatArray

    @classmethod
    def along(cls, cells: Cells, rows: IntArray, anchors: Anchors, shifts: Sequence[float]) -> list[TissueReads]:
        """Return the reads at the purity of the anchors of `rows`, its log shifted by each of `shifts`."""
        at, alike = anchors.at, anchors.alike(cells, rows)
        copies, mutated = places_of(cells, at)
        alt, depth, error = cells.alt_count[at], cells.depth[at], cells.error_rate[at]
        nil, normal, out = log_noise(alt, depth, error, 2.0), cells.normal_cn[at][:, None], []
        for shift in shifts:
            rho = np.minimum(anchors.purity * np.exp(shift), 1.0)[:, None]
            full = rho * mutated / np.maximum(rho * copies + (1 - rho) * normal, 1e-9)
            every, part = np.empty(full.shape), np.empty(full.shape)
            tissue_reads(alt, depth, error, anchors.concentration, full, (np.arange(8) + 0.5) / 9, every, part)
            out.append(cls(anchors, len(rows), alike, _Logs(every), _Logs(part), nil))
        return out

    def log_all(self, own: FloatArray, n_option: int) -> FloatArray:
        """Return log P(all anchors' reads of each variant | in all cells, at each place), (n_option, n_variant).

        own : `shares_of` the anchors' cells, of which the mean is taken where they are not alike; n_option : places of the
        variants
        """
        if self.alike.any() and self.alike.all():
            return self._summed_alike
        return self._summed(self.every.mean(own)[self.anchors.link], n_option)

    @cached_property
    def _summed_alike(self) -> FloatArray:
        return self._summed(np.zeros(len(self.anchors.link)), self.every.values.shape[1])

    def _summed(self, told: FloatArray, n_option: int) -> FloatArray:
        """told : shape (n_link,), what an anchor says of every place where it is not alike"""
        link, row, every = self.anchors.link, self.anchors.row, np.ascontiguousarray(self.every.values.T)
        out = np.empty((n_option, self.n_variant))
        for option in range(n_option):
            of_place = np.where(self.alike, every[option][link], told) if self.alike.any() else told
            out[option] = np.bincount(row, of_place, self.n_variant)
        return out

    def log_part(self, share: FloatArray) -> FloatArray:
        """Return log P(reads | in a part of the cells, or in none), shape (n,), of options with these shares."""
        part = self.part.mean(share) + np.log(PART_SHARE)
        return np.asarray(np.logaddexp(part, self.nil + np.log(1 - PART_SHARE)))


def read_vaf(vaf: FloatArray, error: FloatArray) -> FloatArray:
    """Return the fraction of reads that show the variant, errors to and from it included; within (0, 1)."""
    return np.clip(vaf * (1 - error) + (1 - vaf) * error, 1e-9, 1 - 1e-9)
