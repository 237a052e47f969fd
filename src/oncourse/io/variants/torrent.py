"""Tables of the Ion Torrent programs as a MAF: Ion Reporter's ``full.tsv`` and the variant caller's ``alleles.xls``.

Ion Reporter names a place (``locus``), a genotype (``C/T``) and the reads of each allele (``C=700,T=300``); the variant
caller lists its hotspots whatever was seen, and says of each whether it was called (``Allele Call``: Absent, No Call).
Names of columns from memory of both programs' exports, November 2026.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table
from oncourse.study.frames import optional

#: Columns each program's table is known by, and all that is read of them, under the names of a MAF.
_REPORTER = {"locus", "ref", "genotype"}
_VIEW = {"Locus", "Ref", "Observed Allele"}
_CALLER = {"Chrom", "Position", "Ref", "Variant", "Allele Call"}
_NAMES = {
    "gene": "Hugo_Symbol",
    "protein": "HGVSp",
    "coding": "HGVSc",
    "function": "Consequence",
    "coverage": "t_depth",
    "filter": "FILTER",
    "Gene ID": "Hugo_Symbol",
    "Chrom": "Chromosome",
    "Position": "Start_Position",
    "Ref": "Reference_Allele",
    "Variant": "Tumor_Seq_Allele2",
    "Coverage": "t_depth",
    "Allele Cov": "t_alt_count",
    "Sample Name": "Tumor_Sample_Barcode",
    "Observed Allele": "Tumor_Seq_Allele2",
    "Genes": "Hugo_Symbol",
    "Genes (Exons)": "Hugo_Symbol",
    "Amino Acid Change": "HGVSp",
    "Coding": "HGVSc",
    "Allele Coverage": "t_alt_count",
    "Filter": "FILTER",
}
#: Every column that is read.
COLUMNS = _REPORTER | _VIEW | _CALLER | {*_NAMES, "allele_coverage"}
#: What the caller says of an allele, in the words of Mutation_Status.
_SAID = {"absent": "uncalled", "no call": "uncalled", "heterozygous": "called", "homozygous": "called"}


def as_maf(table: TextTable, path: Path) -> tuple[TextTable, list[str]] | None:
    """Return the table in MAF columns and what to tell; null where it is of neither program."""
    if table.comments and re.match(r"#\s*locus\t", table.comments[-1]):
        table = read_table(path, comment="##", lenient=True)
        table = replace(table, frame=table.frame.rename({c: c.lstrip("# ") for c in table.frame.columns}))
    columns = set(table.frame.columns)
    if columns >= _VIEW and not columns >= _CALLER:
        table, notes = _viewed(table), list[str]()
    elif columns >= _REPORTER:
        table, notes = _alleles(table, path.name)
    elif columns >= _CALLER:
        status = pl.col("Allele Call").str.strip_chars().str.to_lowercase().replace(_SAID)
        table, notes = replace(table, frame=table.frame.with_columns(status.alias("Mutation_Status"))), []
    else:
        return None
    names = {c: n for c, n in _NAMES.items() if c in table.frame.columns}
    own = {"filter": "FILTER"} if "FILTER" in table.frame.columns else {}
    frame = table.frame.rename({c: n for c, n in names.items() if c not in own})
    build = next((m[1] for c in table.comments if (m := re.match(r"(?i)##.*\b(hg19|hg38|grch37|grch38)", c))), None)
    sample = next((m[1] for c in table.comments if (m := re.match(r"(?i)##\s*sample\w*\s*[=:]\s*(\S+)", c))), None)
    said = {"NCBI_Build": build, "Tumor_Sample_Barcode": sample}
    frame = frame.with_columns(pl.lit(v).alias(c) for c, v in said.items() if v and c not in frame.columns)
    return replace(table, frame=frame), notes


def _viewed(table: TextTable) -> TextTable:
    """Part the places (``chr12:25398284``) of a table that Ion Reporter shows, and take the exons off its genes."""
    place = table.frame["Locus"].str.extract_groups(r"^\s*(?<c>[^:]+):(?<p>\d+)").struct.unnest()
    names = {"c": "Chromosome", "p": "Start_Position"}
    frame = table.frame.drop("Locus").hstack(place.rename(names).get_columns())
    genes = [c for c in ("Genes", "Genes (Exons)") if c in frame.columns]
    frame = frame.drop(genes[1:]).with_columns(pl.col(c).str.replace(r"\s*\(.*$", "") for c in genes[:1])
    reads = pl.col("Allele Coverage").str.extract(r"(\d+)\D*$") if "Allele Coverage" in frame.columns else None
    return replace(table, frame=frame if reads is None else frame.with_columns(reads.alias("Allele Coverage")))


def _alleles(table: TextTable, name: str) -> tuple[TextTable, list[str]]:
    """Give each row of Ion Reporter its place, its allele (of two, one row each) and the reads of it.

    A row whose genotype holds no other allele than the reference's was looked at: allele N, 0 reads, not called.
    """
    rows = []
    texts = table.frame.select("locus", "ref", "genotype", optional(table.frame, "allele_coverage")).rows()
    for locus, ref, genotype, reads in texts:
        chrom, _, pos = (locus or "").partition(":")
        counts = dict(re.findall(r"([ACGT-]+)=(\d+)", reads or ""))
        alleles = dict.fromkeys(a for a in re.split(r"[/|]", genotype or "") if a not in (ref, "", "."))
        found = [{"Tumor_Seq_Allele2": a, "t_alt_count": counts.get(a)} for a in alleles]
        rows.append((chrom, pos, ref, found or [{"Tumor_Seq_Allele2": "N", "t_alt_count": "0"}]))
    pair = pl.Struct({"Tumor_Seq_Allele2": pl.String, "t_alt_count": pl.String})
    names = ("Chromosome", "Start_Position", "Reference_Allele")
    schema: dict[str, pl.DataType | type[pl.DataType]] = {**dict.fromkeys(names, pl.String), "_a": pl.List(pair)}
    placed = pl.DataFrame(rows, schema=schema, orient="row")
    frame = table.frame.drop("locus", "ref", "genotype").hstack(placed).with_columns(table.lines.alias("_line"))
    bases = pl.col("Reference_Allele").str.contains("^[ACGT-]+$").fill_null(False)
    small = frame.filter(bases)
    notes = []
    if n := frame.height - small.height:
        notes.append(
            f"{name}: {n:,} rows of copy numbers or fusions are not read: give them with --segments, --fusions"
        )
    out = small.explode("_a").unnest("_a")
    status = pl.when(pl.col("Tumor_Seq_Allele2") == "N").then(pl.lit("uncalled"))
    out = out.with_columns(status.alias("Mutation_Status"))
    return replace(table, frame=out.drop("_line"), lines=out["_line"]), notes
