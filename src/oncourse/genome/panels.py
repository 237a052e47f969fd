"""Gene lists of published sequencing panels: which genes a sample was looked at in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib import resources

import polars as pl

#: Former symbol -> HGNC symbol, of the genes of these panels (HGNC "previous symbol").
FORMER_NAMES = {
    "C11orf30": "EMSY", "EIF2C1": "AGO1", "EIF2C2": "AGO2", "FAM123B": "AMER1", "FAM175A": "ABRAXAS1",
    "FAM46C": "TENT5C", "FAM58A": "CCNQ", "FTSJD1": "CMTR2", "GPR124": "ADGRA2", "H3F3A": "H3-3A",
    "H3F3B": "H3-3B", "H3F3C": "H3-5", "HIST1H1C": "H1-2", "HIST1H2BD": "H2BC5", "HIST1H3A": "H3C1",
    "HIST1H3B": "H3C2", "HIST1H3C": "H3C3", "HIST1H3D": "H3C4", "HIST1H3E": "H3C6", "HIST1H3F": "H3C7",
    "HIST1H3G": "H3C8", "HIST1H3H": "H3C10", "HIST1H3I": "H3C11", "HIST1H3J": "H3C12", "HIST2H3C": "H3C14",
    "HIST2H3D": "H3C13", "HIST3H3": "H3-4", "MLL": "KMT2A", "MLL2": "KMT2D", "MLL3": "KMT2C", "MLL4": "KMT2B",
    "MRE11A": "MRE11", "MYCL1": "MYCL", "PAK7": "PAK5", "PARK2": "PRKN", "RFWD2": "COP1", "SETD8": "KMT5A",
    "TCEB1": "ELOC", "WHSC1": "NSD2", "WHSC1L1": "NSD3",
}  # fmt: skip


@cache
def panel_table() -> pl.DataFrame:
    """Return gene_panels.tsv: panel_id, n_genes, description, genes (symbols joined by ';')."""
    data = resources.files("oncourse.genome").joinpath("data/gene_panels.tsv").read_bytes()
    return pl.read_csv(data, separator="\t", infer_schema=False).with_columns(
        pl.col("n_genes").cast(pl.Int64)
    )


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
    former = {new: old for old, new in FORMER_NAMES.items()}
    out = set()
    for gene in genes:
        names = {gene, former.get(gene, gene), FORMER_NAMES.get(gene, gene)}
        out |= names & set(used) or {gene}
    return sorted(out)


def _plain(name: str) -> str:
    return re.sub(r"^msk", "", re.sub(r"[\s_-]+", "", name.lower()))
