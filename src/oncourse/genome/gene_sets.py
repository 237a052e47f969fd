"""Gene sets: RAS by codon, repair genes by purpose, pathways, genes of blood clones - one table, read by everybody."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import polars as pl


@cache
def _sets() -> dict[str, dict[str, tuple[int, ...]]]:
    text = resources.files("oncourse.genome").joinpath("data/gene_sets.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        codons = tuple(int(c) for c in row["codons"].split(",") if c)
        found.setdefault(row["set"], {})[row["gene"]] = codons
    return found


def gene_set(name: str) -> tuple[str, ...]:
    """Return the genes of one set of gene_sets.tsv, in the table's order.

    Raises
    ------
    KeyError : no such set; the table names them all, with source and the reason they differ

    >>> gene_set("RAS"), gene_set("HRR core")
    (('KRAS', 'NRAS'), ('ATM', 'BRCA1', 'BRCA2'))
    """
    return tuple(_sets()[name])


def set_codons(name: str) -> dict[str, tuple[int, ...]]:
    """Return gene -> codons of one set; no codons: the whole gene.

    >>> set_codons("RAS")["NRAS"]
    (12, 13, 59, 61, 117, 146)
    """
    return dict(_sets()[name])


def codon_table(name: str) -> pl.DataFrame:
    """Return gene, codon of one set, one row per codon.

    >>> codon_table("RAS").height
    12
    """
    rows = [(gene, codon) for gene, codons in _sets()[name].items() for codon in codons]
    return pl.DataFrame(rows, schema={"gene": pl.String, "codon": pl.Int64}, orient="row")


def site_text(name: str) -> str:
    """Return a set as therapy rules write it: ``KRAS:12,13; NRAS:12,13``, or ``BRCA1,BRCA2`` without codons.

    >>> site_text("BRCA")
    'BRCA1,BRCA2'
    """
    listed = set_codons(name)
    if not any(listed.values()):
        return ",".join(listed)
    return "; ".join(f"{gene}:{','.join(map(str, codons))}" for gene, codons in listed.items())


@cache
def pathways() -> dict[str, tuple[str, ...]]:
    """Return pathway -> genes, repair among them, in the order in which a gene of several is counted."""
    found = {n.removeprefix("pathway "): tuple(g) for n, g in _sets().items() if n.startswith("pathway ")}
    signalling = {n: g for n, g in found.items() if n != "AR"}
    repair = {"HRR": gene_set("HRR"), "mismatch repair": gene_set("MMR")}
    return {**signalling, **repair, "AR": found["AR"]}
