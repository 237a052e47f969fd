"""What becomes of rows of mutations that have no usable place, each kind once, whole."""

from __future__ import annotations

import polars as pl

from oncourse.io.variants.placeless import kept_by_gene


def test_rows_without_a_place_are_kept_by_gene_or_as_a_change_of_any_gene():
    """(gene, protein change, position as written, why it has no place) -> the id; none: the row is left out."""
    why, other = "no chromosome", "no position"
    rows = [
        ("KRAS", "p.G12D", "5", None, "1:5:A>C"),  # has its place
        ("K-RAS", "p.Gly12Asp", "x", why, "KRAS:p.G12D"),
        ("KRAS", "c.35G>A", "x", why, "KRAS:p.G12D"),  # a coding change in the column of the protein change
        ("TP53", None, "x", other, "TP53:line6"),
        (None, None, "x", why, "unnamed:line7"),  # something is written, nobody knows of what gene
        (".", "p.R175H", None, other, "unnamed:p.R175H"),
        (None, None, None, why, None),  # an empty row is no change
        ("", "-", " . ", why, None),
        (None, None, "x", "no change", None),
    ]
    frame = pl.DataFrame(
        {
            "gene": [r[0] for r in rows],
            "hgvs_p": [r[1] for r in rows],
            "pos": [r[2] for r in rows],
            "why_not": [r[3] for r in rows],
            "variant_id": ["1:5:A>C"] + [None] * 8,
            "line": pl.Series(range(3, 12), dtype=pl.UInt32),
        },
        schema_overrides={"variant_id": pl.String},
    )
    kept, problems, left = kept_by_gene(frame, "calls")
    got = dict(zip(kept["line"].to_list(), kept["variant_id"].to_list(), strict=True))
    assert got == {n: r[4] for n, r in enumerate(rows, 3) if r[4]}
    said = [(p.row, p.column, p.value, p.message) for p in problems]
    any_gene = "{}, and no gene: the row is kept as a change that may be of any gene."
    by_gene = "{}: the row is kept as a call by gene and change alone."
    assert said == [
        (9, "chrom", None, f"the row is not used: {why}."),
        (10, "chrom", None, f"the row is not used: {why}."),
        (7, "chrom", None, any_gene.format(why)),
        (4, "chrom", None, by_gene.format(why)),
        (5, "chrom", None, by_gene.format(why)),
        (8, "pos", None, any_gene.format(other)),
        (6, "pos", "x", by_gene.format(other)),
        (11, "alt", None, "the row is not used: no change."),
    ]
    assert left == [("no change", 1, 11), (why, 2, 9)]  # why, how many, the first line


def test_a_table_without_protein_changes_tells_them_by_the_coding_change():
    """KRAS c.35G>A is p.G12D (codon 12, GGT to GAT); of a gene that is not known the coding change stays."""
    frame = pl.DataFrame(
        {
            "gene": ["KRAS", "LOC1"],
            "hgvs_c": ["c.35G>A", "c.2del"],
            "why_not": ["no position"] * 2,
            "line": pl.Series([2, 3], dtype=pl.UInt32),
        }
    ).with_columns(variant_id=pl.lit(None, pl.String), pos=pl.lit(None, pl.String))
    kept, _, left = kept_by_gene(frame, "calls")
    assert (kept["variant_id"].to_list(), left) == (["KRAS:p.G12D", "LOC1:c.2del"], [])
