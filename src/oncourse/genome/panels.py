"""Gene lists of published sequencing panels: which genes a sample was looked at in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib import resources

import polars as pl

from oncourse.genome.gene_names import former_names


@cache
def panel_table() -> pl.DataFrame:
    """Return gene_panels.tsv: panel_id, n_genes, description, genes (symbols joined by ';')."""
    data = resources.files("oncourse.genome").joinpath("data/gene_panels.tsv").read_bytes()
    return pl.read_csv(data, separator="\t", infer_schema=False).with_columns(pl.col("n_genes").cast(pl.Int64))


def panel_genes(panel: str) -> tuple[str, ...] | None:
    """Return the genes of a panel by its cBioPortal name; None where this package does not know it.

    >>> len(panel_genes("IMPACT341")), panel_genes("MSK-IMPACT341") == panel_genes("IMPACT341")
    (341, True)
    >>> panel_genes("a hospital's own panel") is None
    True
    """
    known = {_plain(row[0]): row[3] for row in panel_table().iter_rows()}
    genes = known.get(_plain(panel))
    return tuple(genes.split(";")) if genes else None


def named_as(genes: Iterable[str], used: Collection[str]) -> list[str]:
    """Return a panel's genes under the symbols a study uses: the former one where only that is in `used`.

    >>> named_as(["NSD2", "TP53"], {"WHSC1", "TP53"})
    ['TP53', 'WHSC1']
    """
    today = former_names()
    former: dict[str, set[str]] = {}
    for name in used:
        former.setdefault(today.get(name.upper(), name), set()).add(name)
    out = set()
    for gene in genes:
        gene = today.get(gene.upper(), gene)
        out |= former.get(gene, {gene})
    return sorted(out)


def _plain(name: str) -> str:
    return re.sub(r"^msk", "", re.sub(r"[\s_-]+", "", name.lower()))
