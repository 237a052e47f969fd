"""LICHeE's table of allele fractions."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.clones.counts import check_numbers


def read_lichee(path: Path) -> pl.DataFrame:
    """Return variant_id, name, sample_id, vaf of a LICHeE table; the normal column is one of the samples.

    LICHeE holds allele fractions, not reads: without depth there is no count to cluster by.
    """
    header, *lines = [line.rstrip("\n").split("\t") for line in path.read_text().splitlines() if line.strip()]
    if len(header) < 5 or not header[0].lower().startswith("#chr"):
        raise InputError(f"{path.name}: a LICHeE table starts with #chr, pos, description and the normal sample.")
    rows = []
    for number, line in enumerate(lines, 2):
        if len(line) < len(header):
            raise InputError(f"{path.name}, line {number}: {len(line)} columns, the header has {len(header)}.")
        rows += [
            (f"{line[0].removeprefix('chr')}:{line[1]}", line[2], sample, value)
            for sample, value in zip(header[3:], line[3:], strict=False)
        ]
    schema = dict.fromkeys(("variant_id", "name", "sample_id", "vaf"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    check_numbers(path, "vaf", frame["vaf"])
    return frame.with_columns(pl.col("vaf").cast(pl.Float64))


def write_lichee(counts: pl.DataFrame, path: Path) -> list[str]:
    """Write a LICHeE table of allele fractions corrected to purity 1 and two copies; return the variants left out.

    LICHeE reads fractions of 0-0.5 and knows neither purity nor copies: what is written is half the cell fraction of a
    single mutated copy. It needs a value everywhere, so variants with a site that was not looked at are left out. The
    normal sample is 0.
    """
    samples = counts["sample_id"].unique().sort().to_list()
    total = (pl.col("major_cn") + pl.col("minor_cn")).fill_null(2.0)
    purity = pl.col("purity").fill_null(1.0)
    copies = purity * total + (1 - purity) * pl.col("normal_cn").fill_null(2.0)
    half = (pl.col("alt_count") / pl.col("depth") * copies / purity / 2).clip(0, 0.5).round(6)
    wide = (
        counts.with_columns(vaf=half)
        .pivot(on="sample_id", index="variant_id", values="vaf", sort_columns=True)
        .sort("variant_id")
    )
    whole = wide.drop_nulls(samples)
    left_out = sorted(set(wide["variant_id"]) - set(whole["variant_id"]))
    parts = pl.col("variant_id").str.split(":")
    whole.select(
        parts.list.get(0).alias("#chr"),
        parts.list.get(1, null_on_oob=True).fill_null("0").alias("pos"),
        pl.col("variant_id").alias("description"),
        pl.lit(0.0).alias("Normal"),
        *samples,
    ).write_csv(path, separator="\t")
    return left_out
