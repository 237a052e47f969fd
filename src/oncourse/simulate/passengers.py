"""Passenger mutations of the simulated studies: where they lie and what they do, as the package's gene models say.

They fall on the coding bases of the assays' genes in proportion to their length. A gene of known length and unknown
place takes its share somewhere outside the places of all known genes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.evolution.simulate import Tumour
from oncourse.evolution.simulate_reads import CHROM_MB, Sites
from oncourse.genome.gene_models import coding_bases, codon_positions, models
from oncourse.genome.genes import gene_places, protein_lengths
from oncourse.genome.place_effect import opposite
from oncourse.genome.places import locate
from oncourse.genome.stretches import SPLICE_BASES, UPSTREAM_BASES
from oncourse.simulate.drivers import DRIVER_GENES

BUILD = "GRCh38"
_AUTOSOMES = tuple(str(c) for c in range(1, 23))
#: What a coding change does where the sequence is not known here; a deleted base is a frameshift.
_EFFECTS = (("missense", 0.67), ("synonymous", 0.27), ("nonsense", 0.06))
P_DELETION = 0.05
_AMINO = "ACDEFGHIKLMNPQRSTVWY"


@cache
def passenger_pool(genes: frozenset[str]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the genes that passengers fall into and their shares (coding length); never a driver gene."""
    lengths = protein_lengths()
    names = tuple(g for g in sorted(genes - DRIVER_GENES) if g in lengths and _places().get(g, ("1",))[0] in _AUTOSOMES)
    share = np.array([lengths[g] for g in names], float)
    return names, share / share.sum()


@cache
def passenger_sites(genes: frozenset[str], up_to: float = 1.0) -> Sites:
    """Return the stretches of GRCh38 that passengers of these genes fall into, see `Sites`."""
    names, shares = passenger_pool(genes)
    rows: list[tuple[str, int, int, float]] = []
    elsewhere = 0.0
    for gene, share in zip(names, shares, strict=True):
        if gene in models(BUILD):
            model = models(BUILD)[gene]
            size = sum(b - a + 1 for a, b in model.coding)
            rows += [(model.chrom, a, b, share * (b - a + 1) / size) for a, b in _with_splice_sites(model.coding)]
        elif gene in _places():
            rows.append((*_places()[gene], share))
        else:
            elsewhere += share
    if elsewhere:
        free = _outside_genes()
        size = sum(b - a + 1 for _, a, b in free)
        rows += [(chrom, a, b, elsewhere * (b - a + 1) / size) for chrom, a, b in free]
    chrom, first, last, weight = zip(*rows, strict=True)
    return Sites(up_to, np.array(chrom, int), np.array(first), np.array(last), np.array(weight) / sum(weight))


@cache
def _places() -> dict[str, tuple[str, int, int]]:
    """Return chromosome, first and last base of every gene of known place."""
    of_models = {m.gene: (m.chrom, m.exons[0][0], m.exons[-1][1]) for m in models(BUILD).values()}
    return {gene: (chrom, a, b) for gene, chrom, a, b in gene_places(BUILD).iter_rows()} | of_models


def _with_splice_sites(coding: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the coding stretches with the bases of the introns beside them that splicing needs."""
    last = len(coding) - 1
    return [(a - SPLICE_BASES * (i > 0), b + SPLICE_BASES * (i < last)) for i, (a, b) in enumerate(coding)]


@cache
def _outside_genes() -> list[tuple[str, int, int]]:
    """Return chromosome, first and last base of what lies outside every gene of known place, on the autosomes."""
    out = []
    for chrom, mb in zip(_AUTOSOMES, CHROM_MB, strict=True):
        at = 10_000
        for first, last in sorted((first, last) for where, first, last in _places().values() if where == chrom):
            if first - UPSTREAM_BASES - 1 > at:
                out.append((chrom, at, first - UPSTREAM_BASES - 1))
            at = max(at, last + UPSTREAM_BASES + 1)
        out.append((chrom, at, mb * 1_000_000 - 10_000))
    return [(chrom, first, last) for chrom, first, last in out if first <= last]


@cache
def _coding(gene: str) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return position and base on the plus strand (N: not known here) of the gene's codons, first and last left out."""
    at = _positions()[gene]
    model = models(BUILD)[gene]
    known = coding_bases().get(gene, "N" * len(at))
    bases = np.array(list(known if model.forward else opposite(known)[::-1]))
    return at[3:-3], bases[3:-3]


@cache
def _positions() -> dict[str, NDArray[np.int64]]:
    return {str(g): f["pos"].to_numpy() for (g,), f in codon_positions(BUILD).group_by("gene", maintain_order=True)}


def _grounded(gene: str, pos: int, ref: str, used: set[tuple[str, int]], chrom: str) -> int:
    """Return the nearest coding position of the gene whose base can be `ref` and that holds no other variant."""
    at, bases = _coding(gene)
    fits = (bases == ref) | (bases == "N")
    free = at[fits]
    for near in free[np.argsort(np.abs(free - pos), kind="stable")]:
        if (chrom, int(near)) not in used:
            return int(near)
    raise AssertionError(f"{gene}: more passengers than coding bases.")


def on_genes(tumour: Tumour, rng: np.random.Generator) -> Tumour:
    """Return the tumour with variants whose reference base is the gene's, a share of them deletions of one base.

    A variant stays in its gene and on its chromosome, so that its copies and reads remain true.
    """
    found = locate(tumour.variants["variant_id"], BUILD)
    table = tumour.variants.with_columns(found.select("gene", "region"))
    used: set[tuple[str, int]] = set()
    renamed = {}
    for row in table.iter_rows(named=True):
        chrom, pos, ref, alt = row["chrom"], row["pos"], row["ref"], row["alt"]
        if row["kind"] != "artefact" and row["region"] != "splice" and rng.random() < P_DELETION:
            alt = "-"
        if row["region"] == "coding":
            pos = _grounded(row["gene"], pos, ref, used, chrom)
        while (chrom, pos) in used:
            pos += 1
        used.add((chrom, pos))
        renamed[row["variant_id"]] = (pos, alt, f"{chrom}:{pos}:{ref}:{alt}")
    new = [renamed[v] for v in tumour.variants["variant_id"]]
    variants = tumour.variants.with_columns(
        pl.Series("pos", [n[0] for n in new], pl.Int64),
        pl.Series("alt", [n[1] for n in new]),
        pl.Series("variant_id", [n[2] for n in new]),
    ).sort("variant_id")
    ids = {old: name for old, (_, _, name) in renamed.items()}
    counts = tumour.counts.with_columns(pl.col("variant_id").replace_strict(ids)).sort("sample_id", "variant_id")
    return replace(tumour, variants=variants, counts=counts)


def effects(rng: np.random.Generator, variant_ids: pl.Series, genes: frozenset[str]) -> pl.DataFrame:
    """Return variant_id, gene, hgvs_p, consequence of passengers: by their place where it tells, else drawn.

    genes : those of the assay; one without a known place is drawn for a variant outside all known genes.
    """
    names, shares = passenger_pool(genes - set(_places()) or genes)
    upper = shares.cumsum()
    rows = []
    for row in locate(variant_ids, BUILD).iter_rows(named=True):
        gene, change, effect = row["gene"], row["hgvs_p"], row["consequence"]
        if gene is None:
            gene = names[min(int(upper.searchsorted(rng.random(), side="right")), len(names) - 1)]
        if effect is None or (change is None and effect == "frameshift"):
            change, effect = _drawn(rng, row["codon_first"], gene, row["variant_id"].endswith(":-"))
        rows.append((row["variant_id"], gene, change, effect))
    return pl.DataFrame(rows, schema=["variant_id", "gene", "hgvs_p", "consequence"], orient="row")


def _drawn(rng: np.random.Generator, codon: int | None, gene: str, is_deletion: bool) -> tuple[str, str]:
    """Draw protein change and consequence of a coding change whose reference codon is not known here."""
    at = codon or int(rng.integers(2, max(3, protein_lengths().get(gene, 3))))
    old = _AMINO[int(rng.integers(20))]
    if is_deletion:
        return f"p.{old}{at}fs", "frameshift"
    effect = _EFFECTS[int(rng.choice(len(_EFFECTS), p=[w for _, w in _EFFECTS]))][0]
    new = _AMINO[int(rng.integers(20))]
    change = {"missense": new if new != old else _AMINO[_AMINO.index(old) - 1], "synonymous": "=", "nonsense": "*"}
    return f"p.{old}{at}{change[effect]}", effect
