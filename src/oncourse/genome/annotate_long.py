"""Consequence and HGVS of one variant of several bases: deletions, insertions, duplications, replacements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oncourse.genome.fasta import Fasta
from oncourse.genome.place_effect import opposite
from oncourse.genome.protein_change import coding_change
from oncourse.genome.spliced import Numbers, Spliced
from oncourse.genome.stretches import SPLICE_BASES
from oncourse.genome.variant import left_align, right_align

Row = tuple[int, str, str]


@dataclass(frozen=True)
class ToldEffect:
    """What is said of a variant; codons count from 1 (0: none)."""

    consequence: str | None
    hgvs_c: str | None
    hgvs_p: str | None = None
    codon_first: int = 0
    codon_last: int = 0


def told(spliced: Spliced, fasta: Fasta, rows: Sequence[Row]) -> list[ToldEffect]:
    """Return what is said of variants (pos, ref, alt; the empty allele ``""``) whose reference allele is the genome's.

    An insertion or deletion is named and judged where HGVS puts it: as far in reading direction as its bases allow.
    """
    chrom, move = spliced.model.chrom, right_align if spliced.model.forward else left_align
    moved = [move(fasta, chrom, *row) for row in rows]
    first = np.array([pos for pos, _, _ in moved], np.int64)
    width = np.array([len(ref) if ref else 2 for _, ref, _ in moved], np.int64)
    ends = [spliced.numbers(first), spliced.numbers(first + width - 1)]
    if not spliced.model.forward:
        ends.reverse()
    return [_one(spliced, fasta, row, *_at(ends, i)) for i, row in enumerate(moved)]


@dataclass(frozen=True)
class _End:
    base: int
    offset: int
    slot: int
    near: bool


def _at(ends: Sequence[Numbers], i: int) -> list[_End]:
    return [_End(int(n.base[i]), int(n.offset[i]), int(n.slot[i]), bool(n.near[i])) for n in ends]


def _one(spliced: Spliced, fasta: Fasta, row: Row, low: _End, high: _End) -> ToldEffect:
    """`low`, `high`: the changed bases at both ends in reading order, of an insertion the bases beside it."""
    _, ref, alt = row
    name = _hgvs_c(spliced, fasta, row, low, high)
    if not spliced.model.forward:
        ref, alt = opposite(ref), opposite(alt)
    exonic = _exonic(low, high, is_insertion=not ref)
    if exonic is None:
        word = _outside_exons(low, high, len(spliced.model.exons), is_insertion=not ref)
        if word == "utr5" and high.base >= spliced.first:  # from before the gene over its start codon
            return ToldEffect("start_lost", name, "p.M1?", 1, 1)
        if word == "utr3" and low.base <= spliced.last:
            return ToldEffect("stop_lost", name)
        return ToldEffect(word, name)
    start, end = exonic  # first changed base and the one behind the last
    if start > spliced.last or end <= spliced.first:
        word = "utr3" if start > spliced.last else "utr5"
        return ToldEffect("splice_region" if low.near or high.near else word, name)
    lead = spliced.model.lead
    at = start - spliced.first + lead
    if start < spliced.first:  # across the beginning of the coding sequence
        return ToldEffect("start_lost" if not lead else "protein_altering", name, None if lead else "p.M1?", 1, 1)
    shift = 0 if ref else -1  # codons of both bases beside an insertion
    codons = (at + shift) // 3 + 1, (max(end, start + 1) - spliced.first + lead - 1) // 3 + 1
    if spliced.model.chrom == "MT":  # another genetic code
        return ToldEffect(None, name, None, *codons)
    if end > spliced.last + 1:  # across the stop codon's end
        ref = ref[: spliced.last + 1 - start]
        behind = spliced.behind[end - spliced.last - 1 :]
    else:
        behind = spliced.behind
    effect, change = coding_change(spliced.coding, behind, spliced.protein, at, ref, alt)
    if effect == "synonymous" and (low.near or high.near):
        effect = "splice_region"
    return ToldEffect(effect, name, change, max(codons[0], 1), codons[1])


def _exonic(low: _End, high: _End, *, is_insertion: bool) -> tuple[int, int] | None:
    """Return first changed base and the one behind the last where all lies in one exon, else null.

    An insertion between an exon and an intron lengthens the exon: the splice site beside it stays.
    """
    if is_insertion:
        if low.slot % 2 == 0 and low.slot >= 0:
            return low.base + 1, low.base + 1
        return (high.base, high.base) if high.slot % 2 == 0 and high.slot >= 0 else None
    is_one = low.slot == high.slot and low.slot % 2 == 0 and low.slot >= 0
    return (low.base, high.base + 1) if is_one else None


def _outside_exons(low: _End, high: _End, n_exons: int, *, is_insertion: bool) -> str:
    """Return the consequence of what is not within one exon; a change over an exon's end takes its splice site."""
    ends = {low.slot, high.slot}
    if ends <= {-1, 2 * n_exons - 1}:
        return ("upstream" if low.base < 0 else "downstream") if len(ends) == 1 else "protein_altering"
    if len(ends) == 1:
        reach = [abs(e.offset) for e in (low, high)]
        inside = max(reach) <= SPLICE_BASES if is_insertion else min(reach) <= SPLICE_BASES
        # two bases of one intron on both sides of its middle are far from its ends in all but the shortest
        return "splice_site" if inside else "splice_region" if low.near or high.near else "intron"
    if ends & {-1, 2 * n_exons - 1} and ends & {0, 2 * n_exons - 2} and len(ends) == 2:
        return "utr5" if low.base < 0 else "utr3"
    return "splice_site"


def _hgvs_c(spliced: Spliced, fasta: Fasta, row: Row, low: _End, high: _End) -> str | None:
    pos, ref, alt = row
    if not spliced.model.coding:
        return None
    forward = spliced.model.forward
    if not ref and (copied := _copied(spliced, fasta, pos, alt)):
        ends = spliced.numbers(np.array(copied, np.int64))
        low, high = (_at([ends], i)[0] for i in (0, 1))
        bases = alt if forward else opposite(alt)
        return f"c.{_range(spliced, low, high)}dup{bases}"
    ref, alt = (ref, alt) if forward else (opposite(ref), opposite(alt))
    where = _range(spliced, low, high)
    if not ref:
        return f"c.{where}ins{alt}"
    return f"c.{where}del{ref}ins{alt}" if alt else f"c.{where}del{ref}"


def _copied(spliced: Spliced, fasta: Fasta, pos: int, alt: str) -> tuple[int, int] | None:
    """Return first and last position, in reading order, of the bases that an insertion behind `pos` repeats."""
    chrom, n = spliced.model.chrom, len(alt)
    if spliced.model.forward:
        return (pos - n + 1, pos) if fasta.fetch(chrom, pos - n + 1, pos) == alt else None
    return (pos + n, pos + 1) if fasta.fetch(chrom, pos + 1, pos + n) == alt else None


def _range(spliced: Spliced, low: _End, high: _End) -> str:
    first, last = (spliced.name(e.base, e.offset) for e in (low, high))
    return first if first == last else f"{first}_{last}"
