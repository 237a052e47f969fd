"""Codons of RAS, BRAF and PIK3CA hotspots by position, for variants that come without a protein change."""

from __future__ import annotations

import polars as pl

from oncourse.genome.variant import parts

#: gene -> (chromosome, codon -> first position of the codon's three bases on GRCh37, GRCh38 minus GRCh37).
#: From the coding sequences of NM_004985, NM_002524, NM_004333 and NM_006218.
SITES: dict[str, tuple[str, dict[int, int], int]] = {
    "KRAS": ("12", {12: 25398283, 13: 25398280, 59: 25380281, 61: 25380275, 117: 25378647, 146: 25378560}, -152934),
    "NRAS": ("1", {12: 115258746, 13: 115258743, 59: 115256534, 61: 115256528, 117: 115252289, 146: 115252202}, -542621),
    "BRAF": ("7", {600: 140453135}, 300200),
    "PIK3CA": ("3", {88: 178916875, 345: 178921551, 420: 178927980, 453: 178928079, 542: 178936082, 545: 178936091,
                     546: 178936094, 1043: 178952072, 1044: 178952075, 1047: 178952084, 1049: 178952090}, 282212),
}  # fmt: skip


def with_codon_by_position(cells: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Fill a missing `codon` from the position where the variant lies at a hotspot; 0: in the gene, at none.

    Needs the genome build; without it, or in another gene, a missing codon stays null (unknown).
    """
    if build is None or cells["codon"].null_count() == 0:
        return cells
    rows = [
        (gene, chrom, first + base + (shift if build == "GRCh38" else 0), codon)
        for gene, (chrom, codons, shift) in SITES.items()
        for codon, first in codons.items()
        for base in range(3)
    ]
    table = pl.DataFrame(rows, schema=["gene", "site_chrom", "site_pos", "site_codon"], orient="row")
    located = cells.select("variant_id").unique().with_columns(parts()).select(
        "variant_id", site_chrom="chrom", site_pos="pos"
    )  # fmt: skip
    joined = cells.join(located, on="variant_id", how="left", maintain_order="left").join(
        table, on=["gene", "site_chrom", "site_pos"], how="left", maintain_order="left"
    )
    # a substitution away from every listed codon is none of them; a longer change may reach one and stays unknown
    is_short = pl.col("variant_id").str.contains(r":[ACGT]:[ACGT]$")
    listed = pl.col("gene").is_in(list(SITES)) & pl.col("site_pos").is_not_null() & is_short
    by_site = pl.coalesce("site_codon", pl.when(listed).then(pl.lit(0)))
    return joined.with_columns(codon=pl.coalesce("codon", by_site)).drop(
        "site_chrom", "site_pos", "site_codon"
    )
