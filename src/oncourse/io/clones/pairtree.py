"""Pairtree's .ssm and params.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.gene_names import symbols
from oncourse.io.clones.counts import check_numbers, counts_rows, table_of, whole
from oncourse.io.tabular.json_document import json_of


def read_pairtree(ssm: Path, params: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (counts, clusters) of a Pairtree .ssm and its params.json.

    Copy number is not in the format: var_read_prob w (the share of a mutated cell's reads that show the variant) comes
    back as purity 2 w of a diploid site, and above 0.5 as 1 / w copies of a pure sample, one of them mutated: the
    reading of its numbers that gives the same expected reads. Garbage
    variants and those in no cluster have a null cluster_id; ccf is not part of the input.
    """
    frame = table_of(ssm, ("id", "name", "var_reads", "total_reads", "var_read_prob"))
    meta = json_of(params)
    if not isinstance(meta, dict) or not isinstance(meta.get("samples"), list):
        raise InputError(f"{params.name}: names no samples; is it Pairtree's params.json?")
    samples = [str(s) for s in meta["samples"]]
    frame = frame.with_columns(_names(frame).alias("variant_id"))
    lists = frame.with_columns(pl.col("var_reads", "total_reads", "var_read_prob").str.split(","))
    widths = lists.select(pl.col("var_reads", "total_reads", "var_read_prob").list.len()).unique()
    if widths.height > 1 or set(widths.row(0)) != {len(samples)}:
        raise InputError(f"{ssm.name}: every variant needs {len(samples)} values, one per sample of {params.name}.")
    long = lists.with_columns(sample_id=pl.lit(samples)).explode(
        "var_reads", "total_reads", "var_read_prob", "sample_id"
    )
    for column in ("var_reads", "total_reads", "var_read_prob"):
        check_numbers(ssm, column, lists[column].explode())
    one, two = pl.lit(1.0), pl.lit(2.0)
    w = pl.col("var_read_prob").cast(pl.Float64)
    counts = counts_rows(
        long,
        variant_id=pl.col("variant_id"),
        sample_id=pl.col("sample_id"),
        alt_count=whole("var_reads"),
        depth=whole("total_reads"),
        major_cn=one,
        minor_cn=(1 / w.clip(0.5, 1) - 1),
        normal_cn=two,
        purity=(w * 2).clip(0, 1),
    )
    where = {v: str(k + 1) for k, members in enumerate(meta.get("clusters", [])) for v in members}
    rows = [{"variant_id": n, "cluster_id": where.get(v)} for n, v in frame.select("variant_id", "id").iter_rows()]
    return counts, pl.DataFrame(rows, schema={"variant_id": pl.String, "cluster_id": pl.String}).sort("variant_id")


def _names(frame: pl.DataFrame) -> pl.Series:
    """Return what each variant is called: its name where that says a gene or a place, else its id.

    A place on X or Y is left aside: var_read_prob holds its copies already, and nobody told the sex.

    >>> _names(pl.DataFrame({"id": ["s0", "s1", "s2"], "name": ["KRAS_G12D", "7:100:A:T", "X:100:A:T"]})).to_list()
    ['KRAS_G12D', '7:100:A:T', 's2']
    """
    text = frame["name"].cast(pl.String)
    if text.null_count() or text.n_unique() < len(text):
        return frame["id"]
    gene = text.str.extract(r"^([A-Za-z][A-Za-z0-9-]*)").str.to_uppercase()
    known = pl.Series([g in symbols() for g in gene], dtype=pl.Boolean)
    placed = text.str.contains(r"^(?:.*[:_])?(?i:chr)?[0-9]{1,2}[:_]\d+[:_]")
    return text.zip_with(known | placed, frame["id"].cast(pl.String))


def write_pairtree(counts: pl.DataFrame, clusters: pl.DataFrame | None, ssm: Path, params: Path) -> None:
    """Write a Pairtree .ssm and params.json.

    var_read_prob is what one mutated copy gives: purity / (purity x total_cn + (1 - purity) x normal_cn), 0.5 at purity
    1 and two copies. A site that was not looked at has 0 of 0 reads. Variants with a null cluster are garbage. Ids are
    s0, s1 ... in the order of the names, as Pairtree asks.
    """
    full = pl.DataFrame({"variant_id": counts["variant_id"].unique().sort()}).join(
        pl.DataFrame({"sample_id": counts["sample_id"].unique().sort()}), how="cross"
    )
    total = (pl.col("major_cn") + pl.col("minor_cn")).fill_null(2.0)
    purity = pl.col("purity").fill_null(1.0)
    copies = purity * total + (1 - purity) * pl.col("normal_cn").fill_null(2.0)
    wide = (
        full.join(counts, on=["variant_id", "sample_id"], how="left")
        .with_columns(w=pl.when(copies > 0).then(purity / copies).otherwise(0.5).round(6))
        .sort("variant_id", "sample_id")
        .group_by("variant_id", maintain_order=True)
        .agg(
            pl.col("alt_count").fill_null(0).cast(pl.String).str.join(",").alias("var_reads"),
            pl.col("depth").fill_null(0).cast(pl.String).str.join(",").alias("total_reads"),
            pl.col("w").cast(pl.String).str.join(",").alias("var_read_prob"),
        )
        .with_columns(id=pl.format("s{}", pl.int_range(pl.len())))
    )
    wide.select("id", pl.col("variant_id").alias("name"), "var_reads", "total_reads", "var_read_prob").write_csv(
        ssm, separator="\t"
    )
    meta: dict[str, Any] = {"samples": counts["sample_id"].unique().sort().to_list()}
    if clusters is not None:
        named = clusters.select("variant_id", "cluster_id").unique()
        ids = wide.select("variant_id", "id").join(named, on="variant_id", how="left", maintain_order="left")
        groups = ids.drop_nulls("cluster_id").group_by("cluster_id", maintain_order=True).agg("id")
        meta["clusters"] = groups["id"].to_list()
        meta["garbage"] = ids.filter(pl.col("cluster_id").is_null())["id"].to_list()
    params.write_text(json.dumps(meta) + "\n")
