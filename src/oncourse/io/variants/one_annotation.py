"""One annotation of a variant that several files (or rows of a report) hold: no empty cell beats one that says something."""

from __future__ import annotations

import polars as pl

from oncourse.genome.gene_names import gene_names
from oncourse.study.frames import with_optional
from oncourse.study.pathogenicity import agreed
from oncourse.study.schema import Problem

#: What an annotation says of a variant.
_SAID = ("gene", "consequence", "hgvs_p", "hgvs_c")


def one_annotation(variants: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Return one row per variant, in the order of the first, and a warning where two rows annotate it otherwise.

    The row with the most of gene, consequence, protein and coding change counts, of as full ones the first; what it leaves
    empty, other rows of its gene (or of none) say. Two genes or two protein changes of one variant are of two transcripts,
    or two variants: told.

    Parameters
    ----------
    variants : variant_id, gene, hgvs_c, hgvs_p, consequence (null or ``unknown``: not said), and others, filled alike

    Examples
    --------
    >>> rows = [("11:1:C:T", None, None), ("11:1:C:T", "FAT3", "p.R358*"), ("11:1:C:T", "FAT3", "p.R300*")]
    >>> both, told = one_annotation(pl.DataFrame(rows, schema=["variant_id", "gene", "hgvs_p"], orient="row"))
    >>> both.select("gene", "hgvs_p").rows(), told[0].message
    ([('FAT3', 'p.R358*')], '1 variants are annotated in two ways (first: 11:1:C:T is FAT3 p.R358* and FAT3 p.R300*).')
    """
    several = variants["variant_id"].is_duplicated()
    if not several.any():
        return variants, []
    rows = with_optional(variants.filter(several), dict.fromkeys(_SAID, pl.String))
    filled = [pl.col(c).is_not_null() & (pl.col(c) != "unknown") for c in _SAID]
    rows = rows.with_columns(pl.sum_horizontal(f.cast(pl.Int8) for f in filled).alias("_n"))
    best = rows.sort("variant_id", pl.col("_n"), descending=[False, True], maintain_order=True)
    best = best.with_columns(gene_names(best["gene"])["gene"].alias("_symbol"))
    problems = _told(best)
    first = pl.col("_symbol").drop_nulls().first().over("variant_id")
    kept = [c for c in variants.columns if c != "variant_id"]
    said = [pl.col(c).filter(pl.col(c) != "unknown") if c == "consequence" else pl.col(c) for c in kept]
    one = (
        best.filter((pl.col("_symbol") == first).fill_null(True))
        .group_by("variant_id", maintain_order=True)
        .agg(pl.coalesce(e.drop_nulls().first(), pl.col(c).first()).alias(c) for e, c in zip(said, kept, strict=True))
    )
    if "pathogenicity" in kept:
        one, apart = _one_class(one, best)
        problems += apart
    order = variants.select("variant_id").unique(maintain_order=True)
    whole = pl.concat([variants.filter(~several), one.select(variants.columns)])
    return order.join(whole, on="variant_id", how="left", maintain_order="left"), problems


def _told(rows: pl.DataFrame) -> list[Problem]:
    """Return the warning of variants with two genes, or two protein changes (a frameshift's length apart)."""
    change = pl.col("hgvs_p").str.replace(r"^(p\.[A-Z]\d+)[A-Z]?fs.*$", "${1}fs")
    names = rows.with_columns(_change=change).unique(["variant_id", "_symbol", "_change"], maintain_order=True)
    two = [pl.col(c).drop_nulls().n_unique().over("variant_id") > 1 for c in ("_symbol", "_change")]
    apart = names.filter(two[0] | two[1])
    if apart.is_empty():
        return []
    first = apart["variant_id"][0]
    words = [" ".join(w for w in row if w) for row in apart.filter(variant_id=first).select("gene", "hgvs_p").rows()]
    n = apart["variant_id"].n_unique()
    message = f"{n:,} variants are annotated in two ways (first: {first} is {words[0]} and {words[1]})."
    cure = "The fuller annotation is used, of equal ones the first: annotate all files on the same transcripts."
    return [Problem("variants", None, "hgvs_p", first, message, cure, "warning")]


def _one_class(one: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Give each variant what all its reports call it together, and tell where they exclude each other."""
    said = rows.drop_nulls("pathogenicity").group_by("variant_id", maintain_order=True).agg("pathogenicity")
    classes = {v: agreed(pl.Series(words)) for v, words in said.iter_rows()}
    named = one["variant_id"].replace_strict(classes, default=None, return_dtype=pl.String)
    apart = [v for v, word in classes.items() if word == "conflicting"]
    told = []
    if apart:
        message = f"{len(apart):,} variants are called pathogenic and not (first: {apart[0]}): conflicting."
        cure = "Which class counts? Write it in every row of the variant."
        told.append(Problem("variants", None, "pathogenicity", apart[0], message, cure, "warning"))
    return one.with_columns(named.alias("pathogenicity")), told
