"""Depth base by base, or by blocks of a genome VCF, as the table coverage: regions with the least depth in each.

A genome VCF (GATK ``<NON_REF>``, bcftools ``<*>``, Pisces and TSO 500 with ``.``) says of every place without a variant
how deep it was read: what makes a wild type measured (VCF 4.3, 5.5: END, MIN_DP; DP is the mean of a block without it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import polars as pl

from oncourse.genome.variant import chromosome
from oncourse.io.calling import passes

#: Neighbouring places are one region while their depth stays in one of these steps: its least depth stands for it.
STEPS = (1, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000)
#: Alternatives of a record that shows no variant.
NO_VARIANT = (".", "", "<NON_REF>", "<*>", "<NONREF>", "<X>")
#: Words of a FILTER that a record fails for its depth (Pisces, TSO 500, Strelka, GATK): its reads are as many as it says.
_FOR_DEPTH = re.compile(
    r"(?i)^(?:low_?(?:dp|depth|gqx|gq|coverage|cov|qd)|(?:min_?)?depth|dp|noreads?|no_?call|q\d+|lowqual)$"
)


def runs(places: pl.DataFrame) -> pl.DataFrame:
    """Return regions of neighbouring places whose depths lie in one of `STEPS`, with the least depth of each.

    `places`: sample_id, chrom, start, end (1-based, inclusive), min_depth; any order, none null.

    >>> rows = [("S", "1", 1, 1, 60), ("S", "1", 2, 4, 70), ("S", "1", 5, 5, 9), ("S", "1", 9, 9, 8)]
    >>> frame = pl.DataFrame(rows, schema=["sample_id", "chrom", "start", "end", "min_depth"], orient="row")
    >>> runs(frame).select("start", "end", "min_depth").rows()
    [(1, 4, 60), (5, 5, 9), (9, 9, 8)]
    """
    where = ("sample_id", "chrom")
    rows = places.sort(*where, "start", "end")
    rows = rows.with_columns(pl.Series("_step", np.searchsorted(STEPS, rows["min_depth"].to_numpy(), side="right")))
    same = [pl.col(c) == pl.col(c).shift(1) for c in (*where, "_step")]
    goes_on = pl.all_horizontal(*same, pl.col("start") <= pl.col("end").shift(1) + 1).fill_null(False)
    joined = rows.with_columns((~goes_on).cum_sum().alias("_run")).group_by("_run", maintain_order=True)
    out = joined.agg(
        *[pl.col(c).first() for c in where], pl.col("start").min(), pl.col("end").max(), pl.min("min_depth")
    )
    return out.drop("_run")


def covered(records: pl.DataFrame, named: Mapping[str, str]) -> pl.DataFrame | None:
    """Return the table coverage of the records of a genome VCF that show no variant; null where it has none.

    `records`: columns of a VCF (text); `named`: sample column -> sample. A record that passes and whose depth is not given
    says nothing. One that fails its filter shows that its places were not called: of those that fail for their depth it
    says the depth, of all others no read that counts.
    """
    needed = {"#CHROM", "POS", "REF", "ALT", "FILTER", "FORMAT"}
    if not needed <= set(records.columns):
        return None
    plain = records.filter(pl.col("ALT").fill_null(".").is_in(NO_VARIANT))
    if plain.is_empty():
        return None
    good = plain.select(passes("FILTER").alias("x"))["x"]
    for_depth = {
        word
        for word in plain.filter(~good)["FILTER"].unique()
        if all(map(_FOR_DEPTH.match, re.split(r"[;,|\s]+", word)))
    }
    is_shallow = pl.col("FILTER").is_in(sorted(for_depth))
    start = pl.col("POS").cast(pl.Int64, strict=False)
    info = pl.col("INFO").fill_null("") if "INFO" in plain.columns else pl.lit("")
    end = pl.coalesce(info.str.extract(r"(?:^|;)END=(\d+)").cast(pl.Int64), start + pl.col("REF").str.len_chars() - 1)
    keys = pl.col("FORMAT").str.split(":")
    found = []
    for column, sample in named.items():
        cells = pl.col(column).str.split(":")
        depth = [_cell(keys, cells, key) for key in ("MIN_DP", "DP")]
        alone = [info.str.extract(r"(?:^|;)DP=(\d+)")] if len(named) == 1 else []
        told = pl.coalesce(*depth, *alone).cast(pl.Int64, strict=False)
        least = pl.when(good).then(told).when(is_shallow).then(told.fill_null(0)).otherwise(0)
        place = [pl.lit(sample).alias("sample_id"), chromosome("#CHROM").alias("chrom")]
        found.append(plain.select(*place, start.alias("start"), end.alias("end"), least.alias("min_depth")))
    return runs(pl.concat(found).drop_nulls())


def _cell(keys: pl.Expr, cells: pl.Expr, key: str) -> pl.Expr:
    """Return the cell of a key of FORMAT; null where it is not there."""
    at = keys.list.eval(pl.element() == key).list.arg_max()
    there = keys.list.contains(key)
    return pl.when(there).then(cells.list.get(at, null_on_oob=True))
