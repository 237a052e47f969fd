"""The names that the dialects of MAF, ANNOVAR, panel reports and count tables give our columns."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oncourse.io.tabular.units import in_percent
from oncourse.io.variants.population import population_column
from oncourse.io.variants.read_names import meant
from oncourse.study.words import words_for

#: Our name -> the names the dialects use (lower case), best first.
ALIASES: dict[str, tuple[str, ...]] = {
    "gene": (
        "hugo_symbol",
        "gene_symbol",
        "symbol",
        "gene_name",
        "genename",
        "gene.refgene",
        "gene.knowngene",
        "gene.ensgene",
        "gene.refgenewithver",
        "gene",
        "gene_affected",
        "entrez_gene_id",
        "entrez_id",
    ),
    "chrom": ("chromosome", "chrom", "chr", "contig"),
    "pos": ("start_position", "start", "position", "pos", "start_pos", "pos_start", "chromosome_start", "from"),
    "end": ("end_position", "end", "end_pos", "pos_end", "chromosome_end"),
    "strand": ("strand", "chromosome_strand"),
    "ref": ("reference_allele", "ref", "ref_allele", "reference", "reference_genome_allele"),
    "alt": (
        "tumor_seq_allele2",
        "alt",
        "var",
        "alt_allele",
        "alternate_allele",
        "variant_allele",
        "tumor_allele",
        "mutated_to_allele",
        "mut",  # dndscv
    ),
    "alt_1": ("tumor_seq_allele1",),
    "sample_id": (
        "tumor_sample_barcode",
        "tumor_sample_id",
        "sample_id",
        "tumor_sample",
        "sampleid",
        "sample",
        "icgc_sample_id",
        "tumor_name",
        "sample_name",
        "depmap_id",
        "model_id",
        "vcf_sample_id",  # PCGR
    ),
    "patient_id": ("patient_id", "patient", "case_id", "donor_id", "icgc_donor_id", "subject_id"),
    "normal_id": ("matched_norm_sample_barcode", "normal_name"),
    "classification": ("variant_classification", "variantclassification", "classification", "effect"),
    "term": (
        "consequence",
        "one_consequence",
        "exonicfunc.refgene",
        "exonicfunc.refgenewithver",
        "exonicfunc.knowngene",
        "exonicfunc.ensgene",
        "consequence_type",
        "exonicfunc",
        "variant_info",
        "function.",
    ),
    "region": (
        "func.refgene",
        "func.refgenewithver",
        "func.knowngene",
        "func.ensgene",
        "func",
        "region",
    ),
    "alt_count": (
        "t_alt_count",
        "alt_allele_depth",
        "t_alt_reads",
        "tumor_alt_count",
        "alt_count",
        "t_var_count",
        "alt_depth",
        "alt_reads",
        "mutant_allele_read_count",
        "var_count",
        "tumor_reads2",
        "tumor_alt",
        "tumor_alt_reads",
        "tumour_alt_count",
        "variant_reads",
        "t_alt_depth",
        "tumor_alt_depth",
        "t_alt_count_fragment",
        "sd_t_alt_count_fragment_simplex_duplex",
        "t_alt_count_standard",
        "variantnum_tumor",  # Genomon
    ),
    "ref_count": (
        "t_ref_count",
        "ref_allele_depth",
        "t_ref_reads",
        "tumor_ref_count",
        "ref_count",
        "ref_depth",
        "ref_reads",
        "tumor_reads1",
        "tumor_ref",
        "tumor_ref_reads",
        "tumour_ref_count",
        "t_ref_depth",
        "tumor_ref_depth",
        "t_ref_count_fragment",
        "sd_t_ref_count_fragment_simplex_duplex",
        "t_ref_count_standard",
    ),
    "depth": (
        "t_depth",
        "tumor_depth",
        "total_depth",
        "t_total_count",
        "depth",
        "dp",
        "total_read_count",
        "tumor_dp",
        "dp_tumor",
        "t_dp",
        "tumour_depth",
        "tumor_total_depth",
        "tumor_coverage",
        "coverage",
        "t_total_count_fragment",
        "t_depth_fragment",
        "sd_t_depth_fragment_simplex_duplex",
        "t_total_count_standard",
        "depth_tumor",
    ),
    "vaf": (
        "t_vaf",
        "tumor_vaf",
        "vaf_tumor",
        "af_tumor",
        "vaf",
        "dna_vaf",
        "t_af",
        "tumor_f",
        "i_tumor_f",
        "i_tumorvaf_wu",
        "allele_frequency",
        "variant_allele_frequency",
        "variant_allele_freq",
        "mutant_allele_frequency",
        "allele_fraction",
        "mutation_abundance",
        "var_freq",
        "freq",
    ),
    "hgvs_p": (
        "hgvsp_short",
        "hgvsp",
        "protein_change",
        "amino_acid_change",
        "aachange",
        "aa_change",
        "hgvs_p",
        "aachange.refgene",
        "aachange.refgenewithver",
        "aachange.knowngene",
        "aachange.ensgene",
        "aa_mutation",
        "protein_variant",
        "hgvsp_3letter",
        "aa",
        "amino_acid",
        "p_dot",
    ),
    "hgvs_c": ("hgvsc", "cdna_change", "hgvs_c", "coding_change", "cds_mutation", "dna_change"),
    "build": ("ncbi_build", "assembly", "genome_build", "assembly_version", "genome_version", "grch", "genome"),
    "filter": ("filter", "filters", "judgement"),
    "filter_also": ("gdc_filter",),  # GDC's own, beside the caller's
    "genotype": ("gt", "genotype", "t_gt", "tumor_gt", "tumor_genotype"),
    "status": (
        *("mutation_status", "somatic_status", "variant_status", "mutation_somatic_status"),
        *("germline_somatic", "somatic_germline", "germline/somatic", "somatic/germline", "germline_or_somatic"),
        *("origin", "variant_origin", "mutation_origin", "allele_origin"),
    ),
    "validation": ("validation_status", "verification_status"),
    "variant_type": ("variant_type",),
    "normal_alt": ("n_alt_count", "normal_alt_count", "n_alt_reads", "normal_reads2", "variantnum_normal"),
    "normal_ref": ("n_ref_count", "normal_ref_count", "n_ref_reads", "normal_reads1"),
    "normal_depth": ("n_depth", "normal_depth", "n_total_count", "dp_control", "depth_normal"),
    "normal_vaf": ("n_vaf", "normal_vaf", "vaf_normal", "af_normal", "n_af", "normal_af"),
    "population_af": (
        "gnomad_af",
        "gnomad_exome_af",
        "gnomad_genome_af",
        "gnomade_af",
        "gnomadg_af",
        "exac_af",
        "gnomad_af_popmax",
        "af_popmax",
        "max_af",
        "gnomad_exome_all",
        "gnomad_genome_all",
        "exac_all",
        "1000g_all",
        "gmaf",
    ),
    "context": (
        "context",
        "ref_context",
        "ref_tri",
        "trinucleotide",
        "trinucleotide_context",
        "tri_nucleotide",
        "flanking_bps",
        "context_11bp",
    ),
    "total_cn": ("ascn.total_copy_number",),
    "minor_cn": ("ascn.minor_copy_number",),
}
#: Numbers of reads keep their Chinese names in a table whose other columns are those of a MAF.
for _name in ("vaf", "depth", "alt_count", "normal_vaf", "normal_depth", "normal_alt"):
    _words = (w for subject in ("column", "panel_column") for w in words_for(subject, _name) if not w.isascii())
    ALIASES[_name] = (*ALIASES[_name], *dict.fromkeys(_words))
#: Alias -> our name.
OURS: dict[str, str] = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
_BARE: dict[str, str] = {}
for _alias in OURS:
    _BARE.setdefault(re.sub(r"[ _]", "", _alias), _alias)


def spelled(columns: Iterable[str], *, of_one: bool = False) -> dict[str, str]:
    """Return the columns that are a name of `ALIASES` but for capitals, blanks and underscores -> that name; `of_one`: the
    reads are of the row's sample, and a column of them is also known by its words (`read_names.meant`).

    One whose name stands in another column as it is, or that an earlier column spells, is left as it is.

    >>> spelled(["HugoSymbol", "Tumor Sample Barcode", "chrom", "t_alt_count", "T Alt Count"])
    {'HugoSymbol': 'hugo_symbol', 'Tumor Sample Barcode': 'tumor_sample_barcode'}
    >>> spelled(["i_t_alt_count", "t_ref_count", "i_t_ref_count"])
    {'i_t_alt_count': 't_alt_count'}
    >>> spelled(["TVarCov", "TTotCov", "Tumor VAF %"], of_one=True), spelled(["t_depth", "TTotCov"], of_one=True)
    ({'TVarCov': 't_alt_count', 'TTotCov': 't_depth', 'Tumor VAF %': 'VAF(%)'}, {})
    >>> spelled(["Normal VAF (%)"], of_one=True), spelled(["Normal VAF"])
    ({'Normal VAF (%)': 'n_vaf(%)'}, {'Normal VAF': 'normal_vaf'})
    """
    columns = list(columns)
    taken = {c.lower() for c in columns}
    out: dict[str, str] = {}
    for column in columns:
        bare = re.sub(r"[ _]", "", column.lower())
        # Oncotator and Firehose write i_ before the columns that a file had before
        alias = _BARE.get(bare) or (_BARE.get(bare[1:]) if column.startswith("i_") else None)
        if column.lower() not in OURS and not in_percent(column) and alias and alias not in taken:
            out[column] = alias
            taken.add(alias)
    if of_one:
        known = {OURS[name] for name in taken if name in OURS}
        known |= {OURS[name] for c in columns if (name := (in_percent(c) or "").lower()) in OURS}
        for column in columns:
            share = in_percent(column)
            meaning = None if column in out or column.lower() in OURS else meant(share or column)
            if share and share.lower() == "af":  # no population frequency is written in percent
                meaning = "t_vaf"
            if meaning and OURS[meaning] not in known:
                out[column] = meaning if not share else "VAF(%)" if meaning == "t_vaf" else f"{meaning}(%)"
                known.add(OURS[meaning])
        if "population_af" not in known and (common := population_column(c for c in columns if c not in out)):
            out[common] = "gnomad_af(%)" if in_percent(common) else "gnomad_af"
        if "sample_id" not in known and (own := [c for c in columns if c.lower() == "tumor_sample_uuid"]):
            out[own[0]] = "tumor_sample_barcode"  # GDC's; beside a barcode it is the same sample's other name
    return out


#: Names of columns that say whose a row is, of which none is known here.
_PERSON = (
    r"(sample|patient|case|subject|individual|donor|specimen|model|person|participant|"
    r"样本|标本|样品|患者|病人|受试者|姓名)"
)
_NUMBER = r"[ _.]?(id|ids|name|no\.?|number|code|barcode|编号|号|名|名称)"
#: ``Sample``, ``Patient code``, and behind a word of a kit or program ``CGI-Sample ID``; the normal's is of no row.
_WHOSE = re.compile(
    rf"(?i)^(?!(?:matched[ _.-]?)?(?:norm|germline|control))"
    rf"(?:(?:tumou?r[ _.]?)?{_PERSON}(?:{_NUMBER})?|[^\s_.-]{{1,12}}[ _.-]{_PERSON}{_NUMBER})$"
)


def names_somebody(columns: Iterable[str]) -> str | None:
    """Return the first column that by its name says whose a row is; null where none does.

    >>> names_somebody(["Gene", "Patient code"]), names_somebody(["sample_depth", "case_freq"])
    ('Patient code', None)
    >>> names_somebody(["CGI-Sample ID"]), names_somebody(["normal_sample", "AF_case"])
    ('CGI-Sample ID', None)
    """
    return next((c for c in columns if _WHOSE.match(c.strip())), None)


_ALT_WORDS = r"nv|ad|(?:alt|var|mut)(?:_?(?:counts?|reads|depth))?|alts"
_DEPTH_WORDS = r"nr|dp|depth|cov|coverage|total(?:_?(?:counts?|reads|depth))?"
_REF_WORDS = r"rd|ref(?:_?(?:counts?|reads|depth))?"
#: Our columns of reads -> the words with which a column per sample ends or begins.
READS = (("alt_count", _ALT_WORDS), ("depth", _DEPTH_WORDS), ("ref_count", _REF_WORDS))


def wide_columns(columns: list[str]) -> dict[str, dict[str, str]]:
    """Return sample -> {alt_count / depth / ref_count -> column} of a wide table; empty where it is not wide.

    >>> wide_columns(["chr", "S1.NV", "S1.DP", "ALT_counts_T", "REF_counts_T"])
    {'S1': {'alt_count': 'S1.NV', 'depth': 'S1.DP'}, 'T': {'alt_count': 'ALT_counts_T', 'ref_count': 'REF_counts_T'}}
    >>> sorted(wide_columns(["chr", "P1N.AD", "P1T.AD"])), wide_columns(["chr", "P1T.AD"])
    (['P1N', 'P1T'], {})
    """
    found: dict[str, dict[str, str]] = {}
    for column in columns:
        if column.lower() in OURS:
            continue
        for kind, words in READS:
            suffix = re.fullmatch(rf"(.+?)[._:-]({words})", column, re.I)
            prefix = re.fullmatch(rf"({words})[._:-](.+)", column, re.I)
            sample = suffix.group(1) if suffix else prefix.group(2) if prefix else None
            if sample:
                found.setdefault(sample, {}).setdefault(kind, column)
                break
    # both alleles' reads of each of several samples in one column (GATK VariantsToTable: ``P1T.AD``)
    pairs = {s for s, kinds in found.items() if kinds.get("alt_count", "").lower().endswith("ad")}
    pairs = pairs if len(pairs) > 1 else set()
    return {s: kinds for s, kinds in found.items() if "alt_count" in kinds and (len(kinds) > 1 or s in pairs)}
