"""Tables of samples x genes as cBioPortal's query page downloads them: protein changes, WT, NS; copy number.

The cells name no position, so a variant is known as ``KRAS:p.G12D``, and only the listed genes were looked at.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from oncourse.genome import effect, protein
from oncourse.io.structural.events import LEVELS, no_calls_of, not_discrete
from oncourse.io.tabular.text import read_table, table_name
from oncourse.study.schema import Problem

_SAMPLE = ("sample_id", "sampleid", "sample id", "tumor_sample_barcode")
_OTHER = {*_SAMPLE, "study_id", "studyid", "patient_id", "patient id", "altered"}
_WILD = ("WT", "NO MUTATION", "NO ALTERATION", "")
_UNSEEN = ("NS", "NA", "NOT PROFILED", "NP")


def is_gene_matrix(path: Path) -> bool:
    """Whether a file has a sample column first and otherwise gene symbols."""
    header = read_table(path, lenient=True).frame.columns
    genes = [c for c in header if c.lower() not in _OTHER]
    symbols = [g for g in genes if re.fullmatch(r"[A-Z][A-Za-z0-9.-]*(: ?[A-Z]+)?", g)]
    return bool(header) and bool(set(map(str.lower, header[:2])) & set(_SAMPLE)) and len(symbols) == len(genes) > 0


def _long(path: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """Return sample_id, gene, text of every cell."""
    table = read_table(path, name=table_name(path), lenient=True)
    frame = table.frame
    sample = next(c for c in frame.columns if c.lower() in _SAMPLE)
    genes = [c for c in frame.columns if c.lower() not in _OTHER]
    long = frame.select(pl.col(sample).alias("sample_id"), *genes).unpivot(
        genes, index="sample_id", variable_name="gene", value_name="text"
    )
    return long.with_columns(pl.col("text").fill_null("").str.strip_chars()), list(table.problems)


def read_mutation_matrix(
    path: Path,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, list[Problem]]:
    """Return calls, variants, and the cells looked at (sample_id, gene) of a matrix of protein changes."""
    long, problems = _long(path)
    upper = pl.col("text").str.to_uppercase()
    looked = long.filter(~upper.is_in(_UNSEEN)).select("sample_id", "gene")
    cells = long.filter(~upper.is_in([*_UNSEEN, *_WILD])).with_columns(
        pl.col("text").str.replace_all(r"[,;]", " ").str.split(" ").alias("change")
    )
    each = cells.explode("change").filter(pl.col("change") != "").select("sample_id", "gene", "change")
    each = each.with_columns(protein.canonicals(each["change"]).alias("hgvs_p")).drop_nulls("hgvs_p")
    each = each.with_columns((pl.col("gene") + ":" + pl.col("hgvs_p")).alias("variant_id"))
    calls = each.select("sample_id", "variant_id").unique().sort("sample_id", "variant_id")
    calls = calls.with_columns(pl.lit(True).alias("is_called"), pl.lit("unknown").alias("origin"))
    variants = each.select("variant_id", "gene", "hgvs_p").unique().sort("variant_id")
    words = [effect.of_protein_change(change) for change in variants["hgvs_p"]]
    return calls, variants.with_columns(pl.Series("consequence", words, pl.String)), looked, problems


def read_copy_number_matrix(path: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """Return sample_id, gene, call of a samples x genes matrix; what is none of the levels -2 to 2 is not profiled."""
    long, problems = _long(path)
    numbers = pl.DataFrame({"text": long["text"], "level": long["text"].cast(pl.Float64, strict=False)}).drop_nulls()
    levels = dict(numbers.unique(maintain_order=True).iter_rows())
    values = {word: level for word, level in levels.items() if level in LEVELS}
    bad = [word for word in levels if word not in values]
    if what := no_calls_of(numbers["text"], bad, values):
        long, problems = long.clear(), [*problems, not_discrete(table_name(path), what)]
    call = pl.col("text").cast(pl.Float64, strict=False)
    out = long.select(
        "sample_id",
        "gene",
        pl.when(call == -1.5).then(-2.0).when(call.is_in([-2.0, -1.0, 0.0, 1.0, 2.0])).then(call).alias("call"),
    )
    return out.drop_nulls("call"), problems


def targets_of(looked: pl.DataFrame, samples: pl.DataFrame) -> dict[str, str]:
    """Return assay -> the genes of the matrix that its samples were looked at in, joined by ';'."""
    joined = looked.join(samples.select("sample_id", "assay_id"), on="sample_id").drop_nulls()
    genes = joined.group_by("assay_id").agg(pl.col("gene").unique().sort().str.join(";"))
    return dict(genes.iter_rows())
