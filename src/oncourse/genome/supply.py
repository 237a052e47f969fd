"""What a gene offers to mutation: its coding substitutions by the bases around them and what they do to the protein."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from oncourse.genome.annotate import Annotator
from oncourse.genome.contexts import SBS96
from oncourse.genome.gene_models import coding_bases
from oncourse.genome.place_effect import opposite
from oncourse.genome.protein_change import GENETIC_CODE
from oncourse.genome.spliced import Spliced

_LETTERS = "TCAG"
_NUMBER = np.full(256, 4, np.uint8)
_NUMBER[np.frombuffer(_LETTERS.encode(), np.uint8)] = range(4)
_ACIDS = np.frombuffer("".join(GENETIC_CODE.values()).encode(), np.uint8)
#: What a substitution does, by its number in `Supply.effect`.
EFFECTS = ("silent", "altering", "truncating")
_SILENT, _ALTERING, _TRUNCATING = range(3)


@dataclass(frozen=True)
class Supply:
    """The substitutions of one coding sequence, three at each base.

    ``kind``: shape (n_base, 3), place in `SBS96`, -1 where a base is not known; ``effect``: shape (n_base, 3), place in
    `EFFECTS` (a lost start or stop is altering).
    """

    kind: NDArray[np.int8]
    effect: NDArray[np.int8]

    @property
    def n_codons(self) -> int:
        """Codons, the stop among them."""
        return len(self.kind) // 3

    def counts(self) -> NDArray[np.int64]:
        """Return how many substitutions there are of each effect and class: shape (3, 96)."""
        known = self.kind >= 0
        cell = self.effect[known].astype(np.int64) * len(SBS96) + self.kind[known]
        return np.bincount(cell, minlength=3 * len(SBS96)).reshape(3, -1)

    def of_codons(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each codon's share of the altering substitutions that do not truncate, weighted by class (96,)."""
        each = np.where((self.kind >= 0) & (self.effect == _ALTERING), weight[self.kind], 0.0).sum(1)
        codons = each.reshape(-1, 3).sum(1)
        return codons / max(codons.sum(), 1e-300)


@cache
def _class_numbers() -> NDArray[np.int8]:
    """Place in `SBS96` of (base before, base, base after, new base), numbered as `_LETTERS`; -1 where one is not
    known."""
    table = np.full((5, 5, 5, 5), -1, np.int8)
    for at, word in enumerate(SBS96):
        before, old, new, after = word[0], word[2], word[4], word[6]
        table[tuple(_LETTERS.index(x) for x in (before, old, after, new))] = at
        mirrored = (opposite(after), opposite(old), opposite(before), opposite(new))
        table[tuple(_LETTERS.index(x) for x in mirrored)] = at
    return table


def supply_of(coding: str, before: str, after: str) -> Supply:
    """Return the supply of a coding sequence.

    Parameters
    ----------
    coding : its bases in reading order, a multiple of three (else the last incomplete codon is left out)
    before, after : the base before and after each of them on the genome, on the gene's strand; N: not known

    >>> one = supply_of("ATGTAA", "NATGTA", "TGTAAN")
    >>> one.effect.tolist()[2], int(one.counts()[0].sum())
    ([1, 1, 1], 1)
    """
    n = len(coding) // 3 * 3
    base, left, right = (_NUMBER[np.frombuffer(text[:n].encode(), np.uint8)] for text in (coding, before, after))
    others = np.array([[b for b in range(4) if b != a] for a in range(4)] + [[0, 1, 2]], np.uint8)[base]
    kind = _class_numbers()[left[:, None], base[:, None], right[:, None], others]
    codon = base.reshape(-1, 3).astype(np.int64) @ [16, 4, 1]
    weight = np.tile([16, 4, 1], n // 3)[:, None]
    old = np.repeat(codon, 3)[:, None]
    new = old + weight * (others.astype(np.int64) - base[:, None])
    known = np.repeat((base.reshape(-1, 3) < 4).all(1), 3)[:, None]
    was, now = _ACIDS[np.clip(old, 0, 63)], _ACIDS[np.clip(new, 0, 63)]
    effect = np.where(was == now, _SILENT, np.where(now == ord("*"), _TRUNCATING, _ALTERING)).astype(np.int8)
    effect[:3] = np.where(known[:3], _ALTERING, effect[:3])
    return Supply(np.where(known, kind, -1).astype(np.int8), effect)


def of_spliced(spliced: Spliced) -> Supply:
    """Return the supply of a transcript on its genome: the bases beside an exon's ends are the intron's."""
    model = spliced.model
    texts = [spliced.around(a, b) for a, b in model.coding]
    parts = [("".join(t[i : len(t) - 2 + i] for t in texts)) for i in range(3)]
    if not model.forward:
        parts = [opposite(text) for text in reversed(parts)]
    lead = "N" * model.lead
    return supply_of(lead + parts[1], lead + parts[0], lead + parts[2])


def of_genome(annotator: Annotator, genes: Iterable[str]) -> Iterator[tuple[str, Supply]]:
    """Yield the supply of each of these genes that has a coding model on the genome; of several the longest."""
    wanted = set(genes)
    best: dict[str, tuple[int, int]] = {}
    for at, model in enumerate(annotator.models):
        if model.gene in wanted and model.coding:
            length = sum(b - a + 1 for a, b in model.coding)
            best[model.gene] = max(best.get(model.gene, (0, 0)), (length, -at))
    for gene, (_, at) in sorted(best.items()):
        yield gene, of_spliced(annotator.spliced(-at))


@cache
def of_package() -> Mapping[str, Supply]:
    """Return the supply of the genes whose whole coding sequence is in the package; neighbours are those of the
    transcript."""
    found = {}
    for gene, bases in sorted(coding_bases().items()):
        if "N" not in bases:
            found[gene] = supply_of(bases, "N" + bases[:-1], bases[1:] + "N")
    return found
