"""Bands and arms of the chromosomes in both builds."""

from __future__ import annotations

from functools import cache
from importlib import resources

import polars as pl

AUTOSOMES = tuple(str(i) for i in range(1, 23))
#: Order of the chromosomes on every page.
CHROMOSOMES = (*AUTOSOMES, "X", "Y")
#: Short arms of which neither build of the genome holds a sequence (satellites and ribosomal repeats): what a table of
#: segments says of them was drawn on from the long arm.
UNMEASURED = ("13p", "14p", "15p", "21p", "22p")


@cache
def cytobands(build: str | None) -> pl.DataFrame:
    """Return chrom, start, end (1-based, inclusive), band (1p36.33), arm (1p), is_centromere, in order;
    empty in another build."""
    data = resources.files("oncourse.genome").joinpath("data/cytobands.tsv").read_bytes()
    table = pl.read_csv(data, separator="\t", schema_overrides={"chrom": pl.String})
    table = table.filter(pl.col("build") == (build or "")).sort(_order(), "start")
    return table.select(
        "chrom",
        "start",
        "end",
        band=pl.concat_str("chrom", "band"),
        arm=pl.concat_str("chrom", pl.col("band").str.slice(0, 1)),
        is_centromere=pl.col("kind").eq("centromere").fill_null(False),
    )


@cache
def arms(build: str | None) -> pl.DataFrame:
    """Return chrom, arm, start, end of each arm, in the order of `CHROMOSOMES`."""
    table = cytobands(build).group_by("chrom", "arm").agg(pl.col("start").min(), pl.col("end").max())
    return table.sort(_order(), "arm")


def _order() -> pl.Expr:
    return pl.col("chrom").replace_strict({c: i for i, c in enumerate(CHROMOSOMES)}, return_dtype=pl.Int64)
