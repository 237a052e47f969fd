"""A transcript as it is read: the numbers HGVS gives its bases, its coding sequence and its protein."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import Model
from oncourse.genome.place_effect import opposite
from oncourse.genome.protein_change import protein_of

#: Bases of an exon and of an intron beside their border that are its splice region, past the splice site (VEP's
#: definition).
REGION_EXON, REGION_INTRON = 3, 8
_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Numbers:
    """Where genomic positions lie in a transcript (shape (n,) each).

    ``base``: number of the nearest base of an exon, from 0 in reading order, going on past both ends; ``offset``: how
    far into the intron (positive: behind the exon, as in c.35+1; negative: before it), 0 in an exon; ``slot``: which
    exon (even) or intron (odd), counted along the genome, -1 before the first and 2n - 1 behind the last exon;
    ``near``: within the splice region.
    """

    base: _Ints
    offset: _Ints
    slot: _Ints
    near: NDArray[np.bool_]


class Spliced:
    """One transcript on a reference genome; its sequence is read when it is first asked for."""

    def __init__(self, model: Model, fasta: Fasta):
        self.model = model
        self._fasta = fasta
        self._start, self._end = (np.array([e[i] for e in model.exons], np.int64) for i in (0, 1))
        lengths = self._end - self._start + 1
        self._done = np.concatenate([[0], np.cumsum(lengths)])
        self.first, self.last = self._coding_ends() if model.coding else (0, -1)

    def _coding_ends(self) -> tuple[int, int]:
        ends = np.array([self.model.coding[0][0], self.model.coding[-1][1]])
        found = sorted(int(b) for b in self.numbers(ends).base)
        return found[0], found[1]

    def numbers(self, pos: _Ints) -> Numbers:
        """Return where positions lie; an intron's middle base counts from the exon before it."""
        start, end, n = self._start, self._end, len(self._start)
        left = np.searchsorted(start, pos, side="right") - 1  # the exon that begins at or before it
        exon = np.clip(left, 0, n - 1)
        inside = (left >= 0) & (pos <= end[exon])
        outside = (left < 0) | (~inside & (left == n - 1))
        behind, before = pos - end[exon], start[np.minimum(exon + 1, n - 1)] - pos
        to_left = behind <= before if self.model.forward else behind < before
        anchor = np.where(to_left, self._done[exon + 1] - 1, self._done[np.minimum(exon + 1, n - 1)])
        base = np.where(inside | outside, self._done[exon] + pos - start[exon], anchor)
        offset = np.where(inside | outside, 0, np.where(to_left, behind, -before))
        slot = np.where(outside, np.where(left < 0, -1, 2 * n - 1), 2 * exon + ~inside)
        beside = ((exon > 0) & (pos - start[exon] < REGION_EXON)) | ((exon < n - 1) & (end[exon] - pos < REGION_EXON))
        near = np.where(inside, beside, (offset != 0) & (np.abs(offset) <= REGION_INTRON))
        if not self.model.forward:
            base, offset = self._done[-1] - 1 - base, -offset
        return Numbers(base, offset, slot, near)

    def name(self, base: int, offset: int) -> str:
        """Return the number of a base as HGVS writes it after ``c.``: 35, -124, *7, 187+1."""
        if base < self.first:
            text = str(base - self.first)
        elif base > self.last:
            text = f"*{base - self.last}"
        else:
            text = str(base - self.first + 1)
        return f"{text}{offset:+d}" if offset else text

    @cached_property
    def bases(self) -> str:
        """The exons in reading order."""
        text = "".join(self._fasta.fetch(self.model.chrom, a, b).ljust(b - a + 1, "N") for a, b in self.model.exons)
        return text if self.model.forward else opposite(text)

    def around(self, first: int, last: int) -> str:
        """The genome's plus strand from the base before `first` to the one after `last`; N past a sequence's ends."""
        text = self._fasta.fetch(self.model.chrom, first - 1, last + 1)
        text = "N" + text if first == 1 else text
        return text.ljust(last - first + 3, "N")

    @cached_property
    def coding(self) -> str:
        """The coding sequence from its first codon on, N where a cut transcript lacks bases of it."""
        return "N" * self.model.lead + self.bases[self.first : self.last + 1]

    @cached_property
    def behind(self) -> str:
        """The bases behind the stop codon."""
        return self.bases[self.last + 1 :]

    @cached_property
    def protein(self) -> str:
        return protein_of(self.coding)

    @cached_property
    def codes(self) -> NDArray[np.uint8]:
        """The letters of ``coding`` as numbers: T, C, A, G are 0-3, 4 is unknown."""
        table = np.full(256, 4, np.uint8)
        table[np.frombuffer(b"TCAG", np.uint8)] = range(4)
        return table[np.frombuffer(self.coding.encode(), np.uint8)]
