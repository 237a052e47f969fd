"""A small made-up genome for simulated reads: real exon places and coding bases, everything between them random.

Coding sequences and exon places are those of the package (`oncourse.genome.gene_models`, GRCh38); introns, flanks and
the microsatellites in them are invented. It is labelled *synthetic* wherever it is written and is no reference for real
reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.errors import InputError
from oncourse.genome.gene_models import Model, coding_bases, models

BUILD = "GRCh38"
#: Genes whose coding bases the package holds, the most telling of each design first; TET2 stands for clonal
#: haematopoiesis.
GENES = {
    "crc": ("KRAS", "TP53", "SMAD4", "PIK3R1", "STK11", "BRCA2", "TET2"),
    "mcrpc": ("BRCA2", "BRCA1", "PALB2", "TP53", "PIK3R1", "VHL", "TET2"),
}
_FLANK, _PAD = 1_500, 30
#: A run of one base of 11 to 15 about every this many intron bases.
_RUN_EVERY = 1_200
_COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


@dataclass(frozen=True)
class Locus:
    """One contig: bases as ASCII, where it lies in GRCh38, target regions and runs of one base (0-based, half open)."""

    contig: str
    gene: str
    chrom: str
    start: int
    bases: NDArray[np.uint8]
    targets: list[tuple[int, int]]
    runs: list[tuple[int, int]] = field(default_factory=list)


def make_genome(genes: tuple[str, ...], rng: np.random.Generator, *, n_runs: int = 120) -> list[Locus]:
    """Return a contig per gene; the first `n_runs` runs of one base are targets too (for microsatellite
    instability)."""
    found = [_locus(models(BUILD)[gene], rng) for gene in genes]
    each = -(-n_runs // max(1, len(found)))
    return [
        Locus(
            x.contig,
            x.gene,
            x.chrom,
            x.start,
            x.bases,
            _merged([*x.targets, *((a - 60, b + 60) for a, b in x.runs[:each])]),
            x.runs[:each],
        )
        for x in found
    ]


def _locus(model: Model, rng: np.random.Generator) -> Locus:
    start = model.exons[0][0] - 1 - _FLANK
    length = model.exons[-1][1] + _FLANK - start
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, length)]
    runs = _plant_runs(bases, [(a - 1 - start, b - start) for a, b in model.exons], rng)
    text = coding_bases()[model.gene].encode()
    if not model.forward:
        text = text.translate(_COMPLEMENT)[::-1]
    at = 0
    for a, b in model.coding:
        bases[a - 1 - start : b - start] = np.frombuffer(text[at : at + b - a + 1], np.uint8)
        at += b - a + 1
    targets = _merged([(a - 1 - start - _PAD, b - start + _PAD) for a, b in model.coding])
    return Locus(f"{model.chrom}_{model.gene}", model.gene, model.chrom, start, bases, targets, runs)


def _plant_runs(
    bases: NDArray[np.uint8], exons: list[tuple[int, int]], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Write runs of one base between the exons, bounded by other bases; return their places."""
    runs = []
    for at in range(200, len(bases) - 200, _RUN_EVERY):
        if any(a - 150 < at < b + 150 for a, b in exons):
            continue
        length = int(rng.integers(11, 16))
        letter = b"AT"[int(rng.integers(2))]
        bases[at : at + length] = letter
        bases[at - 1], bases[at + length] = ord("C"), ord("G")
        runs.append((at, at + length))
    return runs


def _merged(regions: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for a, b in sorted(regions):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


@dataclass(frozen=True)
class Change:
    """A variant put into the simulated tissue: 0-based place on its contig, alleles as trimmed, what it is.

    ``clone`` is germline, chip, trunk, primary or metastasis; ``share`` the share of the cells of that clone (germline:
    1, or 2 for both copies) that carry it.
    """

    locus: int
    at: int
    ref: str
    alt: str
    clone: str
    share: float = 1.0


def change_table(changes: list[Change], genome: list[Locus]) -> pl.DataFrame:
    """Return variant_id (place in GRCh38), contig, pos, ref, alt, gene, clone, share of each change."""
    rows = []
    for c in changes:
        locus = genome[c.locus]
        pos = c.at + 1 if c.ref else c.at  # an insertion is written at the base before it
        ref, alt = c.ref or "-", c.alt or "-"
        rows.append(
            (
                f"{locus.chrom}:{locus.start + pos}:{ref}:{alt}",
                locus.contig,
                pos,
                ref,
                alt,
                locus.gene,
                c.clone,
                c.share,
            )
        )
    names = ("variant_id", "contig", "pos", "ref", "alt", "gene", "clone", "share")
    return pl.DataFrame(rows, schema=names, orient="row")


def draw_changes(
    genome: list[Locus],
    clone: str,
    n: int,
    rng: np.random.Generator,
    *,
    apart: int = 25,
    taken: list[Change] | None = None,
    gene: str | None = None,
) -> list[Change]:
    """Return `n` changes in the targets: 80 % single bases, 4 % two bases, 10 % deletions, 6 % insertions of 1-8 bases.

    Indels are written leftmost; places keep `apart` bases from each other and from `taken`.
    """
    held = [(c.locus, c.at) for c in taken or ()]
    runs = {(i, x) for i, g in enumerate(genome) for a, b in g.runs for x in range(a - 12, b + 12)}
    places = [
        (i, x)
        for i, g in enumerate(genome)
        if gene in (None, g.gene)
        for a, b in g.targets
        for x in range(a + 5, b - 15)
    ]
    out: list[Change] = []
    for _ in range(1_000 * n):
        if len(out) == n:
            return out
        i, at = places[int(rng.integers(len(places)))]
        if (i, at) in runs or any(j == i and abs(x - at) < apart + 8 for j, x in held):
            continue
        change = _draw(genome[i].bases.tobytes(), i, at, clone, rng)
        if change:
            held.append((i, at))
            out.append(change)
    if len(out) < n:
        raise InputError(f"the targets have no room for {n} {clone} changes, {apart} bases apart: simulate more genes.")
    return out


def _draw(bases: bytes, i: int, at: int, clone: str, rng: np.random.Generator) -> Change | None:
    kind, size = rng.random(), int(rng.integers(1, 9))
    if kind < 0.84:
        n = 1 if kind < 0.8 else 2
        ref = bases[at : at + n].decode()
        alt = "".join("ACGT"[("ACGT".index(b) + int(rng.integers(1, 4))) % 4] for b in ref)
        return Change(i, at, ref, alt, clone)
    if kind < 0.94:
        ref, alt = bases[at : at + size].decode(), ""
    else:
        ref, alt = "", "".join(rng.choice(list("ACGT"), size))
    while bases[at - 1 : at].decode() == (ref or alt)[-1]:  # leftmost
        at -= 1
        ref, alt = (text and text[-1] + text[:-1] for text in (ref, alt))
    return Change(i, at, ref, alt, clone)
