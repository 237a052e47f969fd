"""Exons, coding bases and reference codons of the package's cancer genes, in GRCh37 and GRCh38.

One transcript per gene (MANE Select, or Ensembl's canonical one of the same coding sequence), from
``data/gene_models.tsv``; the reference bases of whole coding sequences from ``data/coding_sequences.tsv``, of single
codons from ``data/codons.tsv``. What those tables do not hold is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import polars as pl

BUILDS = ("GRCh37", "GRCh38")


@dataclass(frozen=True)
class Model:
    """Exons and coding parts of one transcript in one build: 1-based, inclusive, by rising position.

    ``lead``: bases of the first codon that lie before the first coding base (0 in a whole transcript).
    """

    gene: str
    chrom: str
    forward: bool
    exons: list[tuple[int, int]]
    coding: list[tuple[int, int]]
    transcript: str = ""
    lead: int = 0


@cache
def model_table() -> pl.DataFrame:
    """Return gene_models.tsv: gene, transcript, chrom, strand, coding bounds and exons (GRCh37), shift to GRCh38."""
    return _data("gene_models.tsv", {"chrom": pl.String, "exons": pl.String, "shift_grch38": pl.String})


@cache
def own_transcripts() -> frozenset[str]:
    """Return the transcripts of the package's own models, without their versions."""
    return frozenset(model_table()["transcript"].drop_nulls())


def _data(name: str, types: dict[str, type[pl.DataType]] | None = None) -> pl.DataFrame:
    data = resources.files("oncourse.genome").joinpath(f"data/{name}").read_bytes()
    return pl.read_csv(data, separator="\t", schema_overrides=types, comment_prefix="#")


@cache
def modelled_genes() -> frozenset[str]:
    """Return the genes whose exons are known."""
    return frozenset(model_table()["gene"])


@cache
def models(build: str) -> dict[str, Model]:
    """Return the model of each gene in one of `BUILDS`."""
    out = {}
    for row in model_table().iter_rows(named=True):
        exons = [(int(a), int(b)) for a, b in (e.split("-") for e in row["exons"].split(";"))]
        shifts = [int(s) for s in row["shift_grch38"].split(";")]
        shifts = shifts * len(exons) if len(shifts) == 1 else shifts
        first, last = row["coding_first"], row["coding_last"]
        coding = [(max(a, first), min(b, last), s) for (a, b), s in zip(exons, shifts, strict=True)]
        new = build == "GRCh38"
        out[row["gene"]] = Model(
            row["gene"],
            row["chrom"],
            row["strand"] == "+",
            [(a + new * s, b + new * s) for (a, b), s in zip(exons, shifts, strict=True)],
            [(a + new * s, b + new * s) for a, b, s in coding if a <= b],
            row["transcript"] or "",
        )
    return out


@cache
def coding_spans(build: str | None) -> pl.DataFrame:
    """Return gene, coding_first, coding_last: the places of the first and last coding base of the genes with exon models;
    empty without build."""
    schema = {"gene": pl.String, "coding_first": pl.Int64, "coding_last": pl.Int64}
    known = models(build) if build in BUILDS else {}
    rows = [(gene, model.coding[0][0], model.coding[-1][1]) for gene, model in sorted(known.items()) if model.coding]
    return pl.DataFrame(rows, schema=schema, orient="row")


@cache
def coding_bases() -> dict[str, str]:
    """Return the known coding sequence of each gene, stop codon included; N where the base is not known here."""
    known = {g: s for g, _, s in _data("coding_sequences.tsv").select("gene", "first_codon", "bases").iter_rows()}
    lengths = {m.gene: sum(b - a + 1 for a, b in m.coding) for m in models("GRCh38").values()}
    partly: dict[str, list[str]] = {}
    for gene, codon, bases in _data("codons.tsv").select("gene", "codon", "bases").iter_rows():
        if gene in lengths and gene not in known:
            text = partly.setdefault(gene, ["N"] * lengths[gene])
            text[3 * codon - 3 : 3 * codon] = bases
    return known | {gene: "".join(text) for gene, text in partly.items()}


@cache
def listed_residues() -> pl.DataFrame:
    """Return gene, codon of codons.tsv: the residues that rules, statuses and watch lists name, and their
    neighbours."""
    return _data("codons.tsv").select("gene", "codon")


@cache
def codon_positions(build: str | None) -> pl.DataFrame:
    """Return gene, codon, base (1-3), chrom, pos of every coding base of the genes with exon models; empty without
    build.

    A codon that two exons share has its bases apart. `pos` is 1-based on the plus strand.
    """
    schema = {"gene": pl.String, "codon": pl.Int64, "base": pl.Int64, "chrom": pl.String, "pos": pl.Int64}
    if build not in BUILDS:
        return pl.DataFrame(schema=schema)
    frames = []
    for gene, model in sorted(models(build).items()):
        pos = np.concatenate([np.arange(a, b + 1) for a, b in model.coding])
        pos = pos if model.forward else pos[::-1]
        number = np.arange(len(pos))
        frames.append(
            pl.DataFrame({"codon": number // 3 + 1, "base": number % 3 + 1, "pos": pos}).select(
                pl.lit(gene).alias("gene"), "codon", "base", pl.lit(model.chrom).alias("chrom"), "pos"
            )
        )
    return pl.concat(frames).cast(schema)  # type: ignore[arg-type]
