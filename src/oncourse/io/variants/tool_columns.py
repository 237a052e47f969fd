"""Columns of tools that write tables of variants, under the names of a MAF: SnpSift, bcftools query, OpenCRAVAT,
Illumina's VariantStudio and TSO 500, Sophia's export, CLC Genomics Workbench, PureCN, pVACtools, Cancer Genome Interpreter.

Names of columns from memory of the tools' manuals. A genotype says of a row what it says in a VCF.
"""

from __future__ import annotations

import re

import polars as pl

#: SnpSift extractFields: the first annotation, the fields of one sample.
_SNPSIFT = {
    "GENE": "Hugo_Symbol",
    "EFFECT": "Consequence",
    "HGVS_C": "HGVSc",
    "HGVS_P": "HGVSp",
    "AD": "AD",
    "DP": "t_depth",
    "AF": "t_vaf",
    "GT": "genotype",
}
_SNPSIFT_COLUMN = re.compile(r"^(?:ANN|EFF|GEN)\[([^\]]*)\]\.(\w+)$")
#: OpenCRAVAT's columns, in small letters, without ``base__`` and with blanks for underscores.
_OPENCRAVAT = {
    "ref base": "Reference_Allele",
    "alt base": "Tumor_Seq_Allele2",
    "hugo": "Hugo_Symbol",
    "sequence ontology": "Consequence",
    "so": "Consequence",
    "samples": "Tumor_Sample_Barcode",
    "alternate reads": "t_alt_count",
    "total reads": "t_depth",
}
#: Columns of CLC and PureCN that say whether a row is the reference's, or one that is not to be trusted.
_IS_REFERENCE, _IS_FLAGGED = "clc_is_reference", "purecn_is_flagged"
#: Columns of the reads of reference and variant in one cell (``70,30``; lower case).
PAIRS = ("ad", "t_ad", "tumor_ad", "allele_depth", "allelic_depth", "allele_depths", "allelic_depths")
#: Columns of exports whose names no other table uses so (lower case); a table is one where it has two of these.
_EXPORTS = {
    "c.dna": "HGVSc",
    "genome_position": "Start_Position",
    "var.percent": "VAF(%)",
    "coordinate": "Start_Position",
    "alt variant freq": "VAF(%)",
    "alt read depth": "t_alt_count",
    "read depth": "t_depth",
    # TSO 500's tables of small variants
    "genomic position": "Start_Position",
    "reference call": "Reference_Allele",
    "alternative call": "Tumor_Seq_Allele2",
    "p-dot notation": "HGVSp",
    "c-dot notation": "HGVSc",
    "consequence(s)": "Consequence",
}
#: Tools known by columns that no other table has together (small letters) -> their columns that are read.
_TOOLS: tuple[tuple[frozenset[str], dict[str, str]], ...] = (
    (
        frozenset({"region", "reference", "allele", "count", "coverage", "zygosity"}),  # CLC Genomics Workbench
        {
            "region": "Start_Position",
            "reference": "Reference_Allele",
            "allele": "Tumor_Seq_Allele2",
            "count": "t_alt_count",
            "coverage": "t_depth",
            "reference allele": _IS_REFERENCE,
        },
    ),
    (
        frozenset({"ml.somatic", "posterior.somatic"}),  # PureCN
        {"gene.symbol": "Hugo_Symbol", "ar": "t_vaf", "ml.somatic": "Mutation_Status", "flagged": _IS_FLAGGED},
    ),
    (
        frozenset({"stop", "reference", "variant", "gene name", "tumor dna vaf"}),  # pVACtools, half-open
        {
            "stop": "End_Position",
            "reference": "Reference_Allele",
            "variant": "Tumor_Seq_Allele2",
            "tumor dna vaf": "t_vaf",
            "tumor dna depth": "t_depth",
            "normal depth": "n_depth",
        },
    ),
    (
        frozenset({"cgi-gene", "cgi-protein change"}),  # Cancer Genome Interpreter
        {"cgi-sample id": "Tumor_Sample_Barcode", "cgi-gene": "Hugo_Symbol", "cgi-protein change": "HGVSp_Short"},
    ),
)
_NO_WORDS = ("wt", "wildtype", "wild type", "wild-type", "hom_ref", "homref", "reference", "ref", "none", "no call")


def tool_names(columns: list[str]) -> dict[str, str]:
    """Return column -> name in a MAF, of the tables of these tools.

    >>> tool_names(["CHROM", "ANN[0].GENE", "ANN[*].HGVS_P", "GEN[0].AD", "GEN[1].AD"])
    {'ANN[0].GENE': 'Hugo_Symbol', 'ANN[*].HGVS_P': 'HGVSp'}
    >>> tool_names(["Gene", "Variant", "Chr", "Coordinate", "Alt Variant Freq"])
    {'Coordinate': 'Start_Position', 'Alt Variant Freq': 'VAF(%)'}
    >>> tool_names(["Ref Base", "Alt Base", "Hugo"])["Ref Base"], tool_names(["Ref Base", "Alt Base"])
    ('Reference_Allele', {})
    """
    out: dict[str, str] = {}
    samples = {m[1] for c in columns if c.startswith("GEN") and (m := _SNPSIFT_COLUMN.match(c))}
    for column in columns:
        found = _SNPSIFT_COLUMN.match(column)
        if found and (not column.startswith("GEN") or len(samples) == 1):
            name = _SNPSIFT.get(found[2])
            if name and name not in out.values():
                out[column] = name
    exported = {c: n for c in columns if (n := _EXPORTS.get(c.lower()))}
    out |= exported if len(exported) > 1 else {}
    low = {c.lower(): c for c in reversed(columns)}
    for marks, names in _TOOLS:
        if marks <= set(low):
            # the marks stay, that the table is known again
            out |= {low[c]: names.get(c, low[c]) for c in (*marks, *names) if c in low}
    plain = {c: re.sub(r"^\w+?__", "", c).replace("_", " ").lower() for c in columns}
    if {"ref base", "alt base", "hugo"} <= set(plain.values()):
        for column, name in ((c, _OPENCRAVAT.get(p)) for c, p in plain.items()):
            if name and name not in out.values():
                out[column] = name
    return out


def with_tool_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table with the names of a MAF; reads of both alleles in one cell become two columns.

    >>> frame = with_tool_columns(pl.DataFrame({"AD": ["70,30", "1,2,3", None]}))
    >>> frame.select("t_ref_count", "t_alt_count").rows()
    [('70', '30'), (None, None), (None, None)]
    """
    frame = _of_clc(_of_purecn(frame.rename(tool_names(frame.columns))))
    low = {c.lower(): c for c in frame.columns}
    pair = next((low[p] for p in PAIRS if p in low), None)
    if pair is None or {"t_alt_count", "alt_count"} & set(low):
        return frame
    parts = frame[pair].cast(pl.String).str.extract_groups(r"^\s*(\d+)[,/|](\d+)\s*$").struct.unnest()
    if parts["1"].null_count() == parts.height:
        return frame
    return frame.hstack([parts["1"].alias("t_ref_count"), parts["2"].alias("t_alt_count")])


def _of_clc(frame: pl.DataFrame) -> pl.DataFrame:
    """Read CLC's places: ``7``, ``7..9`` (deleted or replaced), ``7^8`` (put in between); the reference's own rows are
    wild type.

    >>> _of_clc(pl.DataFrame({"Start_Position": ["7", "7..9", "7^8"], _IS_REFERENCE: ["No", "Yes", "No"]})).rows()
    [('7', None), ('7', 'Wildtype'), ('7', None)]
    """
    if _IS_REFERENCE not in frame.columns:
        return frame
    is_reference = pl.col(_IS_REFERENCE).str.to_lowercase() == "yes"
    return frame.with_columns(
        pl.col("Start_Position").str.extract(r"^\s*(\d+)"),
        Mutation_Status=pl.when(is_reference).then(pl.lit("Wildtype")),
    ).drop(_IS_REFERENCE)


def _of_purecn(frame: pl.DataFrame) -> pl.DataFrame:
    """Say of PureCN's rows what it takes them for; of a flagged one nothing."""
    if _IS_FLAGGED not in frame.columns:
        return frame
    flagged = pl.col(_IS_FLAGGED).str.to_uppercase() == "TRUE"
    said = (
        pl.col("Mutation_Status")
        .str.to_uppercase()
        .replace_strict({"TRUE": "Somatic", "FALSE": "Germline"}, default=None)
    )
    return frame.with_columns(pl.when(~flagged).then(said).alias("Mutation_Status")).drop(_IS_FLAGGED)


def carried(genotype: pl.Series, ref: pl.Series, alt: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return whether each genotype holds the variant (null: it does not say), and whether it is one of dots.

    A genotype in numbers (``0/1``), bases (``C/T``) or a word.

    >>> cells = pl.Series(["0/1", "0|0", "./.", "C/T", "C/C", "wt", "het", None])
    >>> bases = pl.Series(["C"] * 8), pl.Series(["T"] * 8)
    >>> [s.to_list() for s in carried(cells, *bases)][0]
    [True, False, None, True, False, False, None, None]
    """
    text = genotype.str.strip_chars()
    is_number = text.str.contains(r"^[\d.]+([/|][\d.]+)*$").fill_null(False)
    dots = text.str.contains(r"^\.([/|]\.)*$").fill_null(False)
    says = pl.DataFrame({"g": text, "n": is_number & ~dots, "r": ref, "a": alt})
    sides = pl.col("g").str.to_uppercase().str.split("/").list
    bases = pl.col("g").str.contains(r"^(?i)[ACGT]+[/|][ACGT]+$")
    held = (
        pl.when("n")
        .then(pl.col("g").str.contains("[1-9]"))
        .when(bases & sides.contains(pl.col("a").str.to_uppercase()))
        .then(True)
        .when(bases & (pl.col("g").str.to_uppercase() == pl.format("{}/{}", "r", "r").str.to_uppercase()))
        .then(False)
        .when(pl.col("g").str.to_lowercase().is_in(_NO_WORDS))
        .then(False)
    )
    return says.select(held.alias("carried"))["carried"], dots
