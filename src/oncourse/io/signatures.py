"""Tables of tools known by their header: how to hand over what is no MAF, VCF or study."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

#: Columns a tool's table has (lower case), what it is, and what to do with it. Written from the tools' manuals.
SIGNATURES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("total_number_of_sites", "number_of_somatic_sites"),
        "an MSIsensor result",
        "Give it with --coverage beside the calls, or put its last column (percent) into samples.msi_score.",
    ),
    (
        ("total_number_of_sites", "number_of_unstable_sites"),
        "an MSIsensor-pro result",
        "Give it with --coverage beside the calls, or put its last column (percent) into samples.msi_score.",
    ),
    (
        ("chrom", "start", "end", "region", "mean"),
        "mosdepth's depth by region",
        "Its depths are means: give mosdepth's .thresholds.bed with --coverage, or the least depths in coverage.tsv.",
    ),
    (
        ("chrom", "length", "bases", "mean", "min", "max"),
        "mosdepth's summary",
        "Put the mean depth of the total into samples.mean_depth.",
    ),
    (
        ("target", "mean_coverage", "normalized_coverage"),
        "Picard's coverage per target",
        "Give it with --coverage beside the calls, or put chrom, start, end and min_coverage into coverage.tsv.",
    ),
    (
        ("#chr", "pos", "count_a", "count_c", "count_g", "count_t"),
        "an alleleCounter table",
        "It names no reference base: give it as `oncourse import counts` with --fasta.",
    ),
    (
        ("contig", "position", "ref_count", "alt_count", "ref_nucleotide", "alt_nucleotide"),
        "GATK's CollectAllelicCounts",
        "Give it as `oncourse import counts`.",
    ),
    (
        ("#uploaded_variation", "location", "allele", "consequence"),
        "VEP's own output, without read counts",
        "Run VEP with --vcf on the caller's file, and give that VCF.",
    ),
    (
        ("id", "gene", "a", "d", "mu_r", "mu_v"),
        "PhyloWGS' ssm_data",
        "It names no sample: give the calls it was made from (VCF, MAF), or the mutations as a table of PyClone-VI.",
    ),
    (
        ("mutation_id", "sample_id", "cluster_id", "cellular_prevalence"),
        "PyClone-VI's result, without reads",
        "Give its input (ref_counts, alt_counts, major_cn ...) as `oncourse import pyclone`; clones are found anew.",
    ),
    (
        ("contig", "start", "end", "count"),
        "GATK's CollectReadCounts",
        "Reads per bin are neither copies nor a depth of bases: give the segments made of them (.called.seg, "
        ".modelFinal.seg) with --segments.",
    ),
    (
        ("chromstart", "chromend", "readcount", "meancoverage"),
        "sambamba's depth of regions",
        "Give it with --coverage beside the calls.",
    ),
    (("ref", "pos", "cov", "sample"), "sambamba's depth of bases", "Give it with --coverage beside the calls."),
    (
        ("chrom1", "start1", "end1", "chrom2", "start2", "end2"),
        "a BEDPE file of structural variants",
        "Give it with --fusions beside the calls.",
    ),
    (
        ("mutation_id", "ref_counts", "alt_counts", "major_cn", "minor_cn"),
        "PyClone-VI's input",
        "Give it as `oncourse import pyclone` (a folder of them holds a patient each).",
    ),
    (
        ("mutation_id", "ref_counts", "var_counts", "major_cn", "minor_cn"),
        "PyClone's input of one sample",
        "Give the folder with the tables of all samples of the patient as `oncourse import pyclone`.",
    ),
    (
        ("id", "name", "var_reads", "total_reads", "var_read_prob"),
        "Pairtree's variants",
        "Give it as `oncourse import pairtree`, its .params.json beside it.",
    ),
    (
        ("case_id", "sample", "ref_count", "var_count", "copy_number_a", "copy_number_b"),
        "CONIPHER's input",
        "Give it as `oncourse import conipher`.",
    ),
    (
        ("sample_id", "maf_fn", "seg_fn"),
        "PhylogicNDT's list of samples",
        "Give it as `oncourse import phylogicndt`, the files it names beside it.",
    ),
    (("purity", "ploidy", "diploidproportion"), "PURPLE's purity table", "Give it with --segments beside the calls."),
    (
        ("chromosome", "start", "end", "copynumber", "minorallelecopynumber"),
        "PURPLE's segments",
        "Give it with --segments beside the calls.",
    ),
    (
        ("#fusionname", "junctionreadcount", "leftgene", "rightgene"),
        "STAR-Fusion's predictions",
        "Give it with --fusions beside the calls, or put LeftGene and RightGene into fusions.tsv (gene_5p, gene_3p).",
    ),
    (
        ("#gene1", "gene2", "strand1(gene/fusion)"),
        "Arriba's fusions",
        "Give it with --fusions beside the calls, or put gene1 and gene2 into fusions.tsv (gene_5p, gene_3p).",
    ),
)


_VENDOR = "Give it as `oncourse import vendor`."
_PANEL = (
    "Its variants are not read: put sample, gene, protein change, position, alleles and reads into a table and give "
    "that as `oncourse import panel`, or ask the laboratory for the VCF."
)
#: Text near the beginning of a report that is no table, what it is, and what to do with it.
DOCUMENTS: tuple[tuple[bytes, str, str], ...] = (
    (b"foundationmedicine.com", "a Foundation Medicine report (XML)", _VENDOR),
    (b"<variant-report", "a Foundation Medicine report (XML)", _VENDOR),
    (b"[Analysis Details]", "TSO 500's CombinedVariantOutput", _VENDOR),
    (b"somaticPotentiallyActionable", "a Tempus report (JSON)", _VENDOR),
    (b'"resourceType"', "a FHIR document", "Give it as `oncourse import fhir`."),
    (b"BCF\x02", "a BCF file", "Turn it into a VCF: bcftools view FILE.bcf -Oz -o FILE.vcf.gz."),
    (b"BAM\x01", "a BAM file", "Reads are not read here; give the calls made from it (VCF or MAF)."),
    (b"%PDF-", "a PDF", _PANEL),
)
_HEAD_BYTES = 65_536
_WITH_LABELS = "as .csv or .xlsx, with the labels of the values, not their codes"
#: Ends of names of files that programs keep tables in and that are not read here: what it is, and how to get a table of it.
PROGRAMS: tuple[tuple[str, str, str], ...] = (
    ("sav zsav por", "an SPSS data file", f"Save it in SPSS {_WITH_LABELS}."),
    ("dta", "a Stata data file", "Write it in Stata as .xlsx (export excel): the labels of the values come along."),
    ("sas7bdat", "a SAS data set", f"Export it in SAS {_WITH_LABELS}, or as transport file (.xpt)."),
    ("rds rdata rda", "an R data file", "Write its tables in R with write.csv(x, FILE, row.names = FALSE)."),
    ("numbers", "an Apple Numbers document", "Export it as Excel (.xlsx)."),
    ("et ett", "a WPS spreadsheet", "Save it as .xlsx."),
    ("doc docx wps odt rtf ppt pptx", "a document of text", "Copy its tables into a workbook (.xlsx)."),
    ("mdb accdb", "an Access database", "Export its tables as .xlsx."),
    ("db sqlite sqlite3", "a database", "Export its tables as .csv."),
    (
        "parquet feather arrow h5 hdf5 h5ad pkl pickle npz mat",
        "a file of a program",
        "Write its table as .tsv or .csv.",
    ),
    ("jpg jpeg png tif tiff bmp gif heic", "a picture", "Type what it shows into a table (.xlsx)."),
    ("zip rar 7z tar tgz", "an archive", "Unpack it and give the folder."),
)


def of_program(path: Path) -> str | None:
    """Return what a file is by the end of its name and how to get a table of it; null where nobody knows it.

    >>> of_program(Path("x.SAV"))
    'this is an SPSS data file. Save it in SPSS as .csv or .xlsx, with the labels of the values, not their codes.'
    """
    end = path.suffix.lower().removeprefix(".")
    return next((f"this is {what}. {cure}" for ends, what, cure in PROGRAMS if end and end in ends.split()), None)


def document(path: Path) -> str | None:
    """Return what a file that is no table is and what to do with it, in one sentence; None where nobody knows it."""
    import gzip
    import zlib

    if said := of_program(path):
        return said

    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return None  # whoever reads the file says so
    for mark, what, cure in DOCUMENTS:
        if mark in head[:4096] if mark.startswith((b"BCF", b"BAM", b"%PDF", b"[")) else mark in head:
            return f"this is {what}. {cure}"
    return None


#: Imports of tables for clones.
_OF_CLONES = re.compile(r"import (pyclone|pairtree|conipher|phylogicndt)")


def is_of_clones(header: Sequence[str]) -> bool:
    """Whether a header is that of a table for clones, which `oncourse import` reads under its own name.

    >>> is_of_clones(["mutation_id", "sample_id", "ref_counts", "alt_counts", "major_cn", "minor_cn", "normal_cn"])
    True
    """
    low = {c.strip().strip('"').lower() for c in header}
    return any(low >= set(columns) for columns, _, cure in SIGNATURES if _OF_CLONES.search(cure))


def named(header: Sequence[str]) -> str | None:
    """Return what a table is and what to do with it, in one sentence; null where nobody knows it.

    >>> named(["Total_Number_of_Sites", "Number_of_Somatic_Sites", "%"])[:26]
    'this is an MSIsensor resul'
    """
    low = {c.strip().strip('"').lower() for c in header}
    bare = {c.lstrip("#").strip() for c in low}
    for columns, what, cure in SIGNATURES:
        if low >= set(columns) or bare >= set(columns):
            return f"this is {what}. {cure}"
    if len(header) > 5 and header[4].startswith("=:"):  # bam-readcount has no header: its first row stands for one
        return "this is bam-readcount's output. Give it as `oncourse import counts`."
    return None
