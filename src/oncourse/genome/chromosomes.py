"""Where the chromosomes end in the assemblies of the human genome: which build a length tells, which place is none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import polars as pl

from oncourse.genome.gene_models import BUILDS


@cache
def chromosome_lengths() -> pl.DataFrame:
    """Return chrom (1-22, X, Y, MT) and its bases in each assembly: `BUILDS` first, then those known by length alone."""
    data = resources.files("oncourse.genome").joinpath("data/chromosome_lengths.tsv").read_bytes()
    return pl.read_csv(data, separator="\t", schema_overrides={"chrom": pl.String})


def chromosome_end(assembly: str, chrom: str = "chrom") -> pl.Expr:
    """Return the last base of each row's chromosome in an assembly; null where `chrom` names none."""
    table = chromosome_lengths()
    return pl.col(chrom).replace_strict(table["chrom"], table[assembly], default=None, return_dtype=pl.Int64)


def lies_nowhere(chrom: str = "chrom", pos: str = "pos") -> pl.Expr:
    """Return whether a place lies past the end of its chromosome in every assembly: it is wrong, whatever the build.

    False where `chrom` names no chromosome (a contig), or a part is null.

    >>> places = pl.DataFrame({"chrom": ["17", "17", "17", "GL000220.1"], "pos": [7577120, 83_000_000, 97577120, 10**9]})
    >>> places.select(x=lies_nowhere())["x"].to_list()
    [False, False, True, False]
    """
    assemblies = chromosome_lengths().columns[1:]
    past = pl.all_horizontal(pl.col(pos) > chromosome_end(assembly, chrom) for assembly in assemblies)
    return past.fill_null(False)


def build_of_lengths(lengths: Mapping[str, int]) -> str | None:
    """Return the build whose chromosomes have these lengths (names without chr); None where none is a chromosome of
    one.

    >>> build_of_lengths({"7": 159345973}), build_of_lengths({"7": 60_000})
    ('GRCh38', None)
    """
    known = chromosome_lengths().filter(pl.col("chrom") != "MT")
    for build in BUILDS:
        own = dict(known.select("chrom", build).iter_rows())
        if any(own.get(name) == length for name, length in lengths.items()):
            return build
    return None
