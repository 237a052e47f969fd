"""What the columns of a report say beside the change of a row: microsatellites, burden, alleles that carry a variant."""

from __future__ import annotations

import re

import polars as pl

from oncourse.facts.report_words import finding
from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.reading import Reading
from oncourse.io.reports.tested import genes_tested
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

#: A cell of a gene that names none (- 未检出突变).
_NO_GENE = r"^(?i:[-—–−/\\.]+|无|n/?a)$"
_ZYGOSITY = r"(?i)杂合|纯合|半合|hetero|homo|hemi|\bhet\b|\bhom\b"


def tidy_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows without marks of footnotes behind a gene (KRAS*), a dash or a result for a gene as none; a row that
    says how many alleles carry a variant, and no share of reads, is of a report of inherited ones."""
    inherited = pl.col("zygosity").str.contains(_ZYGOSITY) & pl.col("vaf").is_null() & pl.col("origin").is_null()
    gene = pl.col("gene").str.replace(r"\s*[*#†‡§^]+$", "")
    results = [w for w in table["gene"].drop_nulls().unique() if _is_result(w)]  # 阴性 in the column of genes
    is_result = pl.col("gene").is_in(results)
    return table.with_columns(
        pl.when(~gene.str.contains(_NO_GENE) & ~is_result).then(gene).alias("gene"),
        pl.when(is_result & (pl.col("value").is_null())).then("gene").otherwise("value").alias("value"),
        pl.when(inherited.fill_null(False)).then(pl.lit("germline")).otherwise("origin").alias("origin"),
    )


def _is_result(word: str) -> bool:
    """Whether a cell of the column of genes holds a result and names no gene.

    >>> [_is_result(w) for w in ("阴性", "未检出相关突变", "No mutation detected", "KRAS未检出", "KRAS", "RAS wild type")]
    [True, True, True, False, False, False]
    """
    if meaning("panel_result", word):
        return True
    return finding(word).state in ("absent", "untested", "doubt") and not re.search(r"[A-Z][A-Z0-9]{2,}", word)


def none_of_the_tested(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with a row per gene tested in place of one that names no gene and says that nothing was found, where
    the report states what it tested."""
    absent = [w for w in table["value"].drop_nulls().unique() if meaning("panel_result", w) == "absent"]
    is_none = pl.col("gene").is_null() & pl.col("pos").is_null() & pl.col("value").is_in(absent)
    lists = {t: list(genes_tested(t)) for t in table["tested"].drop_nulls().unique()}
    genes = pl.col("tested").replace_strict(lists, default=None, return_dtype=pl.List(pl.String))
    own = pl.concat_list("gene")
    return table.with_columns(
        pl.when((is_none & (genes.list.len() > 0)).fill_null(False)).then(genes).otherwise(own).alias("gene")
    ).explode("gene")


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
