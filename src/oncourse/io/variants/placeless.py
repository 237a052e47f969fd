"""Rows that name a gene but no place that can be read: kept as calls by gene and change, never dropped.

A patient whose KRAS row has an unreadable position is not wild type. Calls of this form are comparable with one
another.
"""

from __future__ import annotations

import polars as pl

from oncourse.genome import protein
from oncourse.genome.coding_change import protein_changes
from oncourse.genome.gene_names import NO_GENE, gene_names
from oncourse.io.variants.maf_numbers import at_lines
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

#: Why a row has no place -> column and cure.
CURES = {
    "no chromosome": ("chrom", "Fill in Chromosome (1-22, X, Y, MT)."),
    "no position": ("pos", "Start_Position is a whole number from 1 on."),
    "no allele": ("alt", "Fill in the alleles; an empty one is written '-'."),
    "not a sequence of bases": ("alt", "Alleles hold the letters A, C, G, T, N, or '-'."),
    "no change": ("alt", "Reference and tumour allele are the same; is the variant in another column?"),
}


#: What stands for the gene in the id of a change of which neither place nor gene can be read.
NO_NAME = "unnamed"


def _says_something(frame: pl.DataFrame) -> pl.Expr:
    """Whether a row holds a place, bases or a change, whatever they are."""
    cells = [pl.col(c).cast(pl.String) for c in ("pos", "ref", "alt", "hgvs_p", "hgvs_c") if c in frame.columns]
    return pl.any_horizontal(~c.str.strip_chars().is_in(["", ".", "-", "NA"]).fill_null(True) for c in cells)


def kept_by_gene(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem], list[tuple[str, int, int]]]:
    """Return the usable rows, warnings, and reason, number and first line of the rows in no table.

    `frame` is as `oncourse.genome.variant.normalise` returns it, with ``line``. A row without a place but with a gene
    gets the id ``KRAS:p.G12D``, or ``KRAS:c.35G>A``, or where it says no change ``KRAS:line7``; one that names no gene
    either is kept under `NO_NAME`.
    """
    bad = pl.col("why_not").is_not_null()
    if not frame["why_not"].is_not_null().any():
        return frame, [], []

    def column(key: str) -> pl.Expr:
        text = optional(frame, key).str.strip_chars()
        return pl.when(~text.is_in([".", "-", ""])).then(text)

    written = (
        frame["hgvs_p"] if "hgvs_p" in frame.columns else pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    )
    is_coding = (written.str.contains(r"^\s*c\.") & ~written.str.contains(r"p\.")).fill_null(False)
    if is_coding.any():  # a coding change in the column of the protein change
        own = optional(frame, "hgvs_c")
        frame = frame.with_columns(
            pl.coalesce(own, pl.when(is_coding).then(pl.lit(written).str.strip_chars())).alias("hgvs_c"),
            written.set(is_coding, None).alias("hgvs_p"),
        )
        written = frame["hgvs_p"]
    change = protein.canonicals(written.set(frame["why_not"].is_null(), None))
    if {"gene", "hgvs_c"} <= set(frame.columns):  # a coding change alone says which protein change it is
        no_place = frame["why_not"].is_not_null() & change.is_null()
        of_coding = protein_changes(frame["gene"].set(~no_place, None), frame["hgvs_c"].set(~no_place, None))
        change = pl.select(pl.coalesce(pl.lit(change), pl.lit(of_coding)).alias("hgvs_p"))["hgvs_p"]
        frame = frame.with_columns(pl.when(no_place).then(pl.lit(of_coding)).otherwise(pl.lit(written)).alias("hgvs_p"))
    # one gene in several spellings is one id: K-RAS and KRAS
    written_gene = frame["gene"].set(~frame["why_not"].is_not_null(), None) if "gene" in frame.columns else None
    today = (
        column("gene")
        if written_gene is None
        else pl.coalesce(pl.lit(gene_names(written_gene)["gene"]), column("gene"))
    )
    gene = pl.when(~column("gene").str.to_lowercase().is_in(sorted(NO_GENE))).then(today)
    what = pl.coalesce(pl.lit(change), column("hgvs_c"), pl.format("line{}", "line"))
    # a change of a sample of which neither place nor gene is written may be in any gene: no gene of it is wild type
    spoilt = bad & (pl.col("why_not") != "no change") & _says_something(frame) & gene.is_null()
    written_or_none = pl.coalesce(gene, pl.when(spoilt).then(pl.lit(NO_NAME)))
    by_gene = pl.when(bad).then(written_or_none + ":" + what).otherwise("variant_id")
    out = frame.with_columns(by_gene.alias("variant_id"))
    lost = out["variant_id"].is_null()
    problems = []
    for why, (key, cure) in CURES.items():
        same = frame["why_not"] == why
        problems += at_lines(frame, same & lost, name, key, f"the row is not used: {why}.", cure, severity="warning")
        unnamed = out["variant_id"].str.starts_with(f"{NO_NAME}:").fill_null(False)
        message = f"{why}, and no gene: the row is kept as a change that may be of any gene."
        problems += at_lines(frame, same & unnamed, name, key, message, cure, severity="warning")
        message = f"{why}: the row is kept as a call by gene and change alone."
        problems += at_lines(frame, same & ~lost & ~unnamed, name, key, message, cure, severity="warning")
    left = out.filter(lost).group_by("why_not").agg(pl.len(), pl.col("line").min()).sort("why_not")
    return out.filter(~lost), problems, list(left.iter_rows())
