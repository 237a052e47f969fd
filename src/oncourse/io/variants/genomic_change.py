"""A place written in one cell: ``12:g.25245350C>T``, ``NC_000012.12:g.25245350C>T``, ``chr12-25245350-C-T``, ``C>T``."""

from __future__ import annotations

import polars as pl

#: Columns that hold place and bases (lower case), and those of the bases beside a place.
COLUMNS = ("hgvsg", "genomic_change", "genomic change", "variant_key", "genomic_location", "variant_id", "locus")
BASES = ("change", "base_change", "nucleotide_change", "ref>alt", "ref/alt", "variant")
_CHROM = r"(?:chr)?(?P<c>NC_0000\d\d\.\d+|[0-9]{1,2}|[XYM]|MT)"
_PLACE = rf"^(?:g\.)?{_CHROM}[:_-](?:g\.)?(?P<p>\d+)[:_-]?(?P<r>[ACGT]+)[>:_/-](?P<a>[ACGT]+)$"
#: Illumina's VariantStudio writes reference and genotype: ``C>C/T``.
_CHANGE = r"^(?P<r>[ACGT]+|-)\s*[>/]\s*(?:(?P<x>[ACGT]+|-)/)?(?P<a>[ACGT]+|-)$"
_NAMES = {"c": "chromosome", "p": "start_position", "r": "reference_allele", "a": "tumor_seq_allele2"}


def with_places(frame: pl.DataFrame, lacking: list[str]) -> pl.DataFrame:
    """Add the columns of a place that a table `lacking` them (chrom, pos, ref, alt) has in one cell.

    Only a column of which half the cells and more are of a known form is read; another cell of it has no place.

    >>> with_places(pl.DataFrame({"HGVSg": ["12:g.25245350C>T"]}), ["chrom", "pos", "ref", "alt"]).row(0)
    ('12:g.25245350C>T', '12', '25245350', 'C', 'T')
    >>> with_places(pl.DataFrame({"GENOMIC_CHANGE": ["g.12:25245350:C>T"]}), ["chrom", "pos", "ref", "alt"]).row(0)[1:]
    ('12', '25245350', 'C', 'T')
    >>> with_places(pl.DataFrame({"Variant": ["C>C/T"]}), ["ref", "alt"]).row(0)
    ('C>C/T', 'C', 'T')
    """
    whole = {"ref", "alt"} <= set(lacking) and ({"chrom", "pos"} <= set(lacking))
    for names, pattern in ((COLUMNS, _PLACE), (BASES, _CHANGE)):
        if (names is COLUMNS) != whole or not {"ref", "alt"} <= set(lacking):
            continue
        for column in (c for c in frame.columns if c.lower() in names):
            parts = frame[column].str.strip_chars().str.extract_groups(pattern).struct.unnest()
            if "x" in parts.columns:  # the other allele of the genotype: the reference, or this one again
                other = ((pl.col("x") != pl.col("r")) & (pl.col("x") != pl.col("a"))).fill_null(False)
                parts = parts.select(pl.when(~other).then(pl.col(c)).alias(c) for c in ("r", "a"))
            if 2 * (parts.height - parts["r"].null_count()) >= max(parts.height, 1):
                return frame.hstack(parts.rename({c: _NAMES[c] for c in parts.columns}))
    return frame
