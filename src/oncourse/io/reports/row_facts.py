"""What the columns of a report say beside the change of a row: microsatellites, burden, alleles that carry a variant."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

#: A cell of a gene that names none (- 未检出突变).
_NO_GENE = r"^(?i:[-—–−/\\.]+|无|n/?a)$"
_ZYGOSITY = r"(?i)杂合|纯合|半合|hetero|homo|hemi|\bhet\b|\bhom\b"


def tidy_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows without marks of footnotes behind a gene (KRAS*), a dash for a gene as none; a row that says how many
    alleles carry a variant, and no share of reads, is of a report of inherited ones."""
    inherited = pl.col("zygosity").str.contains(_ZYGOSITY) & pl.col("vaf").is_null() & pl.col("origin").is_null()
    gene = pl.col("gene").str.replace(r"\s*[*#†‡§^]+$", "")
    return table.with_columns(
        pl.when(~gene.str.contains(_NO_GENE)).then(gene).alias("gene"),
        pl.when(inherited.fill_null(False)).then(pl.lit("germline")).otherwise("origin").alias("origin"),
    )


def facts_of_columns(table: pl.DataFrame, reading: Reading) -> None:
    """Keep microsatellites and burden that stand in columns beside the findings; what is not understood is told."""
    for column, name in (("msi_status", "MSI"), ("tmb_per_mb", "TMB")):
        rows = table.select(pl.coalesce("sample_id", "patient_id").alias("sample_id"), column).drop_nulls().unique()
        for sample, words in rows.sort("sample_id", column).iter_rows():
            found = re.search(r"\d+(?:\.\d+)?", words)
            value = msi_of(words) if column == "msi_status" else found.group() if found else None
            if value:
                reading.facts.setdefault(sample, {}).setdefault(column, value)
            elif not re.fullmatch(r"[-—–/\s]+|(?i:na|n/a|未检测|未测|不适用)", words):
                message = f"{name} of {sample} is not understood: '{words}'."
                cure = f"Put it into samples.{column}."
                reading.problems.append(Problem("samples", None, column, words, message, cure, "warning"))
