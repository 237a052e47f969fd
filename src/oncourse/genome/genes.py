"""What a gene is to cancer (suppressor or oncogene), and how long its coding sequence is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import polars as pl

#: Mean coding length of the genes of genes.tsv in bases, used for a gene whose length is not there.
MEAN_CODING_BASES = 2_400


@cache
def gene_table() -> pl.DataFrame:
    """Return genes.tsv: gene, role (suppressor / oncogene / unknown), protein_length (amino acids)."""
    data = resources.files("oncourse.genome").joinpath("data/genes.tsv").read_bytes()
    return pl.read_csv(data, separator="\t")


@cache
def protein_lengths() -> dict[str, int]:
    """Return gene -> amino acids: genes.tsv before protein_lengths.tsv.gz."""
    import gzip

    data = resources.files("oncourse.genome").joinpath("data/protein_lengths.tsv.gz").read_bytes()
    all_genes = dict(pl.read_csv(gzip.decompress(data), separator="\t").iter_rows())
    return all_genes | dict(gene_table().select("gene", "protein_length").drop_nulls().iter_rows())


@cache
def genes_of_role(role: str) -> frozenset[str]:
    """Return the genes of one role; a gene in neither list is of unknown role."""
    table = gene_table()
    return frozenset(table.filter(pl.col("role") == role)["gene"])


@cache
def hotspot_codons() -> frozenset[tuple[str, int]]:
    """Return (gene, codon) of hotspots.tsv: residues changed in many tumours."""
    data = resources.files("oncourse.genome").joinpath("data/hotspots.tsv").read_bytes()
    return frozenset(pl.read_csv(data, separator="\t").iter_rows())


def coding_mb(genes: Iterable[str]) -> float:
    """Return the summed coding length of `genes` in megabases.

    A gene without a known length counts `MEAN_CODING_BASES`: the sum is an estimate and is to be labelled so.

    >>> round(coding_mb(["KRAS", "TP53"]), 6)
    0.001752
    """
    known = _listed_lengths()
    bases = [3 * (known[g] + 1) if g in known else MEAN_CODING_BASES for g in set(genes)]
    return sum(bases) / 1e6


@cache
def _listed_lengths() -> dict[str, int]:
    """Return gene -> amino acids of the genes of genes.tsv."""
    return dict(gene_table().select("gene", "protein_length").iter_rows())


@cache
def gene_places(build: str | None) -> pl.DataFrame:
    """Return gene, chrom, first, last (1-based, inclusive) of the genes of gene_places.tsv in one genome build.

    The span on which the Ensembl annotations of both builds agree; empty where the build is not GRCh37 or GRCh38.
    """
    schema = {"gene": pl.String, "chrom": pl.String, "first": pl.Int64, "last": pl.Int64}
    if build not in ("GRCh37", "GRCh38"):
        return pl.DataFrame(schema=schema)
    data = resources.files("oncourse.genome").joinpath("data/gene_places.tsv").read_bytes()
    table = pl.read_csv(data, separator="\t", schema_overrides={"chrom": pl.String})
    key = build.lower()
    return table.select("gene", "chrom", first=f"start_{key}", last=f"end_{key}")
