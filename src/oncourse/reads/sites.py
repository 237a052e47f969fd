"""Sites as windows of the reference: what a read must span to say anything, and the two texts it may show there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import VARIANT_ID
from oncourse.reads import _site_kernels as k
from oncourse.reads.bam import Header

#: How far an insertion or deletion is followed along a repeat; further, no short read spans it anyway.
_FARTHEST = 120
_FOUR_BITS = np.zeros(256, np.uint8)
for _n, _letter in enumerate("=ACMGRSVTWYHKDBN"):
    _FOUR_BITS[ord(_letter)] = _n
_CODE = {"A": 0, "C": 1, "G": 2, "T": 3}


@dataclass(frozen=True)
class Window:
    """The window of one variant: contig as the variant writes it, 0-based half open, reference and variant text."""

    chrom: str
    first: int
    end: int
    ref: str
    alt: str

    @property
    def kind(self) -> int:
        """Single base, several bases, or a stretch around a change of length."""
        if len(self.ref) != len(self.alt):
            return k.SPAN
        return k.BASE if len(self.ref) == 1 else k.EXACT


def window(chrom: str, pos: int, ref: str, alt: str, fasta: Fasta | None) -> Window:
    """Return the window of a variant as ``variant_id`` writes it (1-based, ``-`` for an empty allele).

    The window of an insertion or deletion is every place it could be written at, and one base more on either side.
    """
    ref, alt = ref.replace("-", ""), alt.replace("-", "")
    if len(ref) == len(alt):
        return Window(chrom, pos - 1, pos - 1 + len(ref), ref, alt)
    if fasta is None:
        raise InputError("insertions and deletions are counted with the reference beside them: give --fasta.")
    first = pos - 1 if ref else pos  # 0-based base before which the alternative text goes in
    before = fasta.fetch(chrom, first - _FARTHEST + 1, first)
    after = fasta.fetch(chrom, first + len(ref) + 1, first + len(ref) + _FARTHEST)
    if not before or not after:
        raise InputError(f"{chrom}:{pos}: the reference has no such place. Is it of the same genome build?")
    left = right = 0
    if not ref or not alt:
        unit = ref or alt
        left, right = _run(unit[::-1], before[::-1]), _run(unit, after)
    left, right = min(left, len(before) - 1), min(right, len(after) - 1)
    one, two = before[len(before) - left - 1 :], after[: right + 1]
    return Window(chrom, first - left - 1, first + len(ref) + right + 1, one + ref + two, one + alt + two)


def _run(unit: str, text: str) -> int:
    """Return how many bases of `text` go on as repeats of `unit` do."""
    n = 0
    while n < len(text) and text[n] == unit[n % len(unit)]:
        n += 1
    return n


@dataclass(frozen=True)
class Sites:
    """Windows as the loops take them, in the order of the file; `order` leads back to the given order."""

    table: NDArray[np.int64]
    texts: NDArray[np.uint8]
    codes: NDArray[np.int64]
    order: NDArray[np.int64]
    regions: list[tuple[str, int, int]]


def sites_of(variants: pl.Series, header: Header, fasta: Fasta | None) -> Sites:
    """Return the windows of variant ids in an alignment file.

    Raises
    ------
    InputError : an id that is no place and two alleles, or a contig that the file does not have
    """
    parts = [_parts(text) for text in variants]
    missing = sorted({chrom for chrom, *_ in parts if header.contig(chrom) is None})
    if missing:
        raise InputError(
            f"{header.path.name}: has no contig {', '.join(missing[:5])} (its own: {', '.join(header.contigs[:5])} "
            f"...). "
            "It was aligned to another genome build; give the reference it was aligned to."
        )
    return pack([window(*part, fasta) for part in parts], header)


def _parts(text: str) -> tuple[str, int, str, str]:
    import re

    found = re.match(VARIANT_ID, text or "")
    if not found:
        raise InputError(f"'{text}' is no variant: chrom:pos:ref:alt is expected.")
    return found[1], int(found[2]), found[3], found[4]


def pack(windows: list[Window], header: Header) -> Sites:
    """Return windows as arrays, sorted by the order of the contigs in the file."""
    names = {chrom: header.contig(chrom) or "" for chrom in {w.chrom for w in windows}}
    number = {chrom: header.number(name) for chrom, name in names.items()}
    n = len(windows)
    contig = np.array([number[w.chrom] for w in windows], np.int64)
    first = np.array([w.first for w in windows], np.int64)
    end = np.array([w.end for w in windows], np.int64)
    order = np.lexsort((end, first, contig))
    table = np.zeros((n, 9), np.int64)
    table[:, k.CONTIG], table[:, k.FIRST], table[:, k.END] = contig[order], first[order], end[order]
    for c in np.unique(contig):
        rows = table[:, k.CONTIG] == c
        table[rows, k.RUNNING_END] = np.maximum.accumulate(table[rows, k.END])
    texts, at = [], 0
    codes = np.zeros((n, 2), np.int64)
    for row, i in enumerate(order):
        w = windows[i]
        table[row, k.KIND] = w.kind
        codes[row] = (_CODE.get(w.ref, 9), _CODE.get(w.alt, 9)) if w.kind == k.BASE else (0, 1)
        for column, text in ((k.REF_AT, w.ref), (k.ALT_AT, w.alt)):
            table[row, column], table[row, column + 1] = at, len(text)
            texts.append(text)
            at += len(text)
    packed = _FOUR_BITS[np.frombuffer("".join(texts).encode(), np.uint8)]
    regions = [(header.contigs[c], int(f), int(e)) for c, f, e in table[:, :3]]
    return Sites(table, packed, codes, order, regions)
