"""What a patient's tissue says of each variant, for the tumour fraction of another sample (`tumour_fraction`).

The copies a variant may be on, and how likely the reads of tissue make it that the variant is in all of its cells or in
a part of them. Arrays in, arrays out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution._reads_kernels import anchored, places_anchored, tissue_reads
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
    reads, genome : what is said at that purity, and the number of the kind
    log_trunk, log_other : shape (n,), log P(the tissue's reads, in all cells), log P(them, not in all)
    log_like : shape (n,), log P(the tissue's reads)
    """

    share: FloatArray
    reads: TissueReads
    genome: int
    log_trunk: FloatArray
    log_other: FloatArray
    log_like: FloatArray

    @classmethod
    def of(cls, sample: IntArray, share: FloatArray, reads: TissueReads, genome: int) -> Evidence:
        """Weigh the reads of every variant's anchors.

        sample : shape (n,), the variant's own; share : `shares_of` the variants; genome : number of the kind in `reads`
        """
        log_trunk, log_other = np.empty(len(share)), np.empty(len(share))
        links = reads.anchors.start, reads.anchors.link, reads.alike
        anchored(*links, reads.every, reads.told[genome], reads.other[genome], share, log_trunk, log_other)
        common = _trunk_share(log_trunk - log_other, sample)
        log_trunk, log_other = log_trunk + np.log(common), log_other + np.log1p(-common)
        return cls(share, reads, genome, log_trunk, log_other, np.logaddexp(log_trunk, log_other))

    @property
    def trunk(self) -> FloatArray:
        """P(in all tissue cells) of each variant that is called in another sample, shape (n,)."""
        return np.asarray(np.exp(self.log_trunk - self.log_like))

    def place(self, rows: IntArray) -> FloatArray:
        """Return the share of each place given that the variant is in all tissue cells, (n_row, n_option)."""
        reads, out = self.reads, np.empty((len(rows), self.share.shape[1]))
        links = reads.anchors.start, reads.anchors.link, reads.alike
        places_anchored(np.ascontiguousarray(rows), *links, reads.every, reads.told[self.genome], self.share, out)
        return out

    def of_rows(self, rows: IntArray, elsewhere: BoolArray) -> FloatArray:
        """Return the weights of some variants, (n_row, 3 kinds of `SHARES`, n_option).

        rows : their numbers, shape (n_row,); elsewhere : shape (n,), called in another sample
        """
        share, alone = self.share[rows], ~elsewhere[rows]
        weights = np.zeros((len(share), 3, share.shape[1]))
        trunk, other = (np.exp(x[rows] - self.log_like[rows]) for x in (self.log_trunk, self.log_other))
        weights[:, TRUNK] = self.place(rows) * trunk[:, None]
        weights[:, ELSEWHERE] = share * (other / share.sum(axis=1))[:, None]
        weights[alone] = 0.0
        weights[alone, HERE] = share[alone]
        return weights


@dataclass(frozen=True)
class Anchors:
    """Cells of tissue of known purity, and the variants that they speak of.

    at : shape (n_cell,), the cells, each once; purity, concentration : same shape
    start, link : shape (n + 1,), (n_link,), where those of each variant begin, and the anchors (places in ``at``)
    """

    at: IntArray
    purity: FloatArray
    concentration: FloatArray
    start: IntArray
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
        start = np.r_[0, np.cumsum(np.bincount(row, minlength=len(rows)))].astype(np.int64)
        return cls(at, purity[cells.sample[at]], concentration, start, (np.cumsum(asked) - 1)[cell])

    def alike(self, cells: Cells, rows: IntArray) -> BoolArray:
        """Return whether the variant may be at the same places there and here, one of `rows`: shape (n_link,)."""
        there, here = guessed_copies(cells, self.at), guessed_copies(cells, rows)
        if there.any() != here.any():
            return np.zeros(len(self.link), bool)
        row = np.repeat(np.arange(len(rows)), np.diff(self.start))
        same = np.isclose(cells.total_cn[self.at][self.link], cells.total_cn[rows][row])
        both = there[self.link]
        return np.asarray((both == here[row]) & (both | same))


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
class TissueReads:
    """Log P(reads of each cell that anchors) at one purity: in all cells at each place (n, n_option), and under each kind
    of genome (n_genome, n) in all cells at any place, and not in all: in a part of them, or in none.

    alike : `Anchors.alike`
    """

    anchors: Anchors
    alike: BoolArray
    every: FloatArray
    told: FloatArray
    other: FloatArray

    @classmethod
    def along(
        cls, cells: Cells, rows: IntArray, anchors: Anchors, shifts: Sequence[float], n_genome: int
    ) -> list[TissueReads]:
        """Return the reads at the purity of the anchors of `rows`, its log shifted by each of `shifts`."""
        at, alike = anchors.at, anchors.alike(cells, rows)
        copies, mutated = places_of(cells, at)
        alt, depth, error, normal = cells.alt_count[at], cells.depth[at], cells.error_rate[at], cells.normal_cn[at]
        share = np.stack([shares_of(cells, at, number) for number in range(n_genome)])
        nil, steps, out = log_noise(alt, depth, error, 2.0), (np.arange(8) + 0.5) / 9, []
        for shift in shifts:
            rho = np.minimum(anchors.purity * np.exp(shift), 1.0)
            every, told, other = np.empty(copies.shape), np.empty((n_genome, len(at))), np.empty((n_genome, len(at)))
            reads = alt, depth, error, anchors.concentration, rho, normal, copies, mutated, nil
            tissue_reads(*reads, steps, share, PART_SHARE, every, told, other)
            out.append(cls(anchors, alike, every, told, other))
        return out


def read_vaf(vaf: FloatArray, error: FloatArray) -> FloatArray:
    """Return the fraction of reads that show the variant, errors to and from it included; within (0, 1)."""
    return np.clip(vaf * (1 - error) + (1 - vaf) * error, 1e-9, 1 - 1e-9)
