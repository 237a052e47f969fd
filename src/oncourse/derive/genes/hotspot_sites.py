"""Codons by place, for variants that come without a protein change."""

from __future__ import annotations

import polars as pl

from oncourse.genome.places import locate


def with_codon_by_position(cells: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Fill a missing `codon` of `gene` from the variant's place; 0: in the gene, in none of its codons.

    It stays null (unknown) without a genome build, in a gene whose exons are not known, and where a change reaches
    several codons.
    """
    if build is None or cells["codon"].null_count() == 0:
        return cells
    found = locate(cells["variant_id"].unique(), build).select(
        "variant_id", "region", "codon_first", "codon_last", place_gene="gene"
    )
    one = pl.col("codon_first") == pl.col("codon_last")
    none = pl.col("region").is_in(["splice", "utr", "intron", "upstream", "downstream"])
    here = pl.when(one).then(pl.col("codon_first")).when(none).then(pl.lit(0))
    by_place = pl.when(pl.col("place_gene") == pl.col("gene")).then(here)
    joined = cells.join(found, on="variant_id", how="left", maintain_order="left")
    return joined.with_columns(codon=pl.coalesce("codon", by_place)).drop(
        "region", "codon_first", "codon_last", "place_gene"
    )
