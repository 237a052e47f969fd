"""How much more (or less) the bases of a gene invite this cohort's mutations than those of other genes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.annotate import Reference
from oncourse.genome.contexts import SBS96
from oncourse.genome.genes import protein_lengths
from oncourse.genome.supply import Supply, of_genome, of_package
from oncourse.stats.rng import generator

Floats = NDArray[np.float64]
#: Classified substitutions below which the cohort's spectrum is not known well enough to weigh genes by it.
MIN_CLASSIFIED = 100
#: Genes, drawn among all of known length, whose bases stand for those of the average gene.
AVERAGE_OF = 600


@dataclass(frozen=True)
class GeneContexts:
    """The cohort's spectrum beside the bases of the genes.

    ``supplies``: gene -> its substitutions; ``drawn``: the genes of these that make the average gene; ``weight``:
    shape (96,), mutations of a class per site that has it; ``average``: shape (3,), weighted silent, altering and
    truncating substitutions per codon of the average gene; ``share``: fraction of the altering changes that are
    classified substitutions; ``source``: whose bases, in words.
    """

    supplies: Mapping[str, Supply]
    drawn: tuple[str, ...]
    weight: Floats
    average: Floats
    share: float
    source: str

    @classmethod
    def of(
        cls, supplies: Mapping[str, Supply], drawn: Sequence[str], seen: Floats, share: float, source: str
    ) -> GeneContexts:
        """Return the contexts of a spectrum: `seen`, shape (96,), its mutations, to each of which a half is added."""
        average = [supplies[g] for g in drawn]
        sites = np.sum([s.counts().sum(0) for s in average], axis=0)
        weight = (seen + 0.5) / np.maximum(sites, 1) * (sites.sum() / (seen + 0.5).sum())
        total = np.sum([_per_codon(s, weight) * s.n_codons for s in average], axis=0)
        return cls(supplies, tuple(drawn), weight, total / sum(s.n_codons for s in average), share, source)

    def ratio(self, gene: str) -> tuple[float, float, float] | None:
        """Return, against the average gene, the silent and the altering changes per codon that the cohort's spectrum
        makes in this gene, and the truncating share of the substitutions; None where its bases are not known."""
        if gene not in self.supplies:
            return None
        silent, altering, truncating = _per_codon(self.supplies[gene], self.weight) / self.average
        return silent, self.share * altering + 1 - self.share, truncating / altering

    def codons(self, gene: str) -> Floats | None:
        """Return each codon's share of the gene's altering substitutions, or None."""
        return self.supplies[gene].of_codons(self.weight) if gene in self.supplies else None


def _per_codon(supply: Supply, weight: Floats) -> Floats:
    """Weighted silent, altering (the truncating among them) and truncating substitutions per codon."""
    silent, plain, truncating = supply.counts() @ weight
    return np.array([silent, plain + truncating, truncating]) / supply.n_codons


def gene_contexts(
    calls: pl.DataFrame, classes: pl.DataFrame, genes: Iterable[str], reference: Reference | None, build: str | None
) -> GeneContexts | None:
    """Return the contexts of `genes`; None where too few substitutions have a class, or no bases are known.

    Parameters
    ----------
    calls : `annotated_calls` of the patients searched; classes : `oncourse.derive.genes.spectra.variant_classes`
    reference : genome, and gene models of it; without it the package's own coding sequences are taken (a few genes)

    """
    coding = calls.filter(pl.col("is_altering") | (pl.col("consequence") == "synonymous"))
    known = classes.filter(pl.col("kind") == "SBS").drop_nulls("class").select("variant_id", "class")
    rows = coding.select("patient_id", "variant_id", "is_altering").unique().join(known, on="variant_id", how="inner")
    if rows.height < MIN_CLASSIFIED:
        return None
    supplies, drawn, source = _supplies(set(genes), reference, build)
    if not drawn:
        return None
    counts = dict(rows["class"].value_counts().iter_rows())
    n_altering = coding.filter("is_altering").select("patient_id", "variant_id").n_unique()
    share = int(rows["is_altering"].sum()) / max(1, n_altering)
    return GeneContexts.of(supplies, drawn, np.array([counts.get(word, 0) for word in SBS96], float), share, source)


def _supplies(
    genes: set[str], reference: Reference | None, build: str | None
) -> tuple[Mapping[str, Supply], list[str], str]:
    """Supplies of `genes` and of those drawn to make the average gene, which these are, and where the bases are
    from."""
    if reference is None:
        own = of_package()
        return own, list(own), "the package's coding sequences"
    annotator = reference.annotator(build)
    modelled = sorted({m.gene for m in annotator.models if m.coding} & set(protein_lengths()))
    some = {modelled[i] for i in generator(1, "average gene").permutation(len(modelled))[:AVERAGE_OF]}
    found = dict(of_genome(annotator, genes | some))
    name = Path(reference.fasta).name
    words = f"{name}, gene models of {reference.gff.name}" if reference.gff else f"{name}, the package's gene models"
    return found, sorted(some & set(found)), words
