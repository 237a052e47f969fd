"""Headers of panel reports: which column of ours each is, by the Chinese vocabulary, MAF dialects and their words."""

from __future__ import annotations

import re
import unicodedata

from oncourse.io.tabular.units import in_percent
from oncourse.io.variants.maf_columns import ALIASES, OURS
from oncourse.io.variants.population import population_column
from oncourse.io.variants.read_names import meant
from oncourse.study.words import meaning, our_columns, plain

#: Columns of a panel report, beside those of samples and patients.
PANEL = (
    "sample_id",
    "patient_id",
    "gene",
    "hgvs_p",
    "hgvs_c",
    "vaf",
    "depth",
    "alt_count",
    "ref_count",
    "chrom",
    "pos",
    "ref",
    "alt",
    "consequence",
    "pathogenicity",
    "acmg_class",  # of the five classes, so that a bare number is one
    "origin",
    "title_origin",  # of the whole list, by its title: weaker than the normal's own reads
    "material",
    "assay_id",
    "day",
    "date",
    "value",
    "exon",
    "role",
    "site",
    "copies",
    "tested",
    "remark",
    "zygosity",
    "msi_status",
    "tmb_per_mb",
    "normal_alt",
    "normal_ref",
    "normal_depth",
    "normal_vaf",
    "filter",
    "population_af",
)
#: Names that English headers have for columns of a report that MAF has under none of its names.
_ENGLISH = {
    "material": ("sample_type", "specimen_type", "material", "sample_source"),
    "value": ("result", "results", "test_result", "finding"),
    "gene": ("gene_name", "test", "test_name", "analyte", "target", "biomarker"),
    "sample_id": (
        "specimen_id",
        "specimen",
        "sample_name",
        "accession",
        "accession_number",
        "accession_no",
        "ghrequestid",
        "gh_sample_id",
        "gh_request_id",
        "sample_no",
        "sample_number",
        "specimen_number",
        "specimen_no",
    ),
    "patient_id": (
        *("mrn", "medical_record_number", "patient_no", "patientid", "subjectid", "subject", "subject_no"),
        *("participant_id", "patient_number", "patient_code", "case_no", "case_number"),
    ),
    "hgvs_c": ("mutation_cds", "nucleotide", "nucleotide_change", "coding", "mut_nt", "c.dna", "cdna", "cdna_change"),
    "hgvs_p": (
        "mutation_aa",
        "aa",
        "protein",
        "mutation",
        "mutations",
        "variant",
        "variants",
        "alteration",
        "alterations",
        "amino_acid",
        "p_change",
        "protein_variant",
        "hgvs",
        "mut_aa",
    ),
    "consequence": ("mutation_type", "variant_type", "alteration_type", "mutation_class", "variant_class", "type"),
    "date": ("report_date", "sample_date", "collection_date", "sample_collection_date"),
    "pathogenicity": (
        *("clinical_significance", "significance", "interpretation", "variant_interpretation", "lab_classification"),
        *("clinical_interpretation", "variant_significance", "germline_classification"),
    ),
    "acmg_class": (
        *("pathogenicity", "acmg", "acmg_class", "acmg_classification", "acmg_category", "acmg_amp_classification"),
        "pathogenicity_class",
    ),
    "exon": ("exon", "exons", "exon_number"),
    "copies": ("copies", "cn", "copy_number", "copynumber", "gene_copy_number"),
    "tested": ("genes_tested", "tested_genes", "gene_list", "panel_genes"),
    "vaf": ("allelic_fraction", "variant_allelic_fraction", "variantallelicfraction", "variant_allele_fraction"),
}
#: A column headed in percent that is the share of the reads: ``% cfDNA`` (Guardant), ``Allele Freq %``.
_SHARE = re.compile(
    r"(?i)^((ct|cf)[-_ ]?dna( (or|/) (amplification|copy number)\w*)?|"
    r"(mutant|variant|alt|tumou?r)?[ _]?(allele|allelic)?[ _]?(freq(uency)?|fraction|af|vaf|maf)|"
    r"(var|alt|mut)(iant|ant)?)$"
)


#: A unit of counts behind the name of a column: ``深度(X)``, ``Depth (reads)``, ``丰度(突变/总)``, ``VAF (alt/total)``.
_OF_COUNTS = re.compile(
    r"\s*[(\[（](?:x|×|reads?|条|个|(?:突变|变异|mut(?:ant)?|alt|variant)\s*(?:reads?数?|条数|count)?\s*/\s*"
    r"(?:总|测序|total|all|depth|dp|深度|总深度)\s*(?:reads?数?|条数|count|深度)?)[)\]）]\s*$",
    re.I,
)


#: Where the words of a name meet that are written together.
_GLUED = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


#: What was counted in the normal of a patient, whatever it is called; blood may be plasma, and gDNA the tumour's.
_NORMAL = re.compile(
    r"(?i)^(?:matched|paired|匹配|配对)?[ _-]*"
    r"(?:normal|germ[ _-]?line|white blood cells?|wbcs?|leu[kc]ocytes?|lymphocytes?|pbmcs?|pbl|"
    r"buffy[ _-]?coat|saliva|buccal(?: swab)?|"
    r"controls?|正常(?:组织|对照)?|癌旁(?:组织)?|对照|(?:外周血)?白细胞|血细胞|胚系|唾液|口腔拭子)"
    r"[ _-]*(?:sample|cells?|dna|样本|样品|组织|细胞)?[ _-]*"
    r"(?:(?P<normal_vaf>(?:突变|变异)?(?:丰度|频率|比例|占比)|vaf|af|maf|(?:(?:variant )?allele )?(?:frequency|fraction))|"
    r"(?P<normal_depth>(?:测序|总)?深度|depth|dp|coverage|total reads?)|"
    r"(?P<normal_alt>(?:突变|变异)(?:reads?数?|读数|深度)|(?:alt|variant|mutant) (?:reads?|counts?)))$"
)


def panel_columns(columns: list[str]) -> dict[str, str]:
    """Return header -> column of `PANEL` by the Chinese vocabulary and the names of MAF dialects; percent headers too.

    >>> panel_columns(["Sample ID", "Gene", "Protein Change", "变异频率（%）"])
    {'变异频率（%）': 'vaf', 'Sample ID': 'sample_id', 'Gene': 'gene', 'Protein Change': 'hgvs_p'}
    >>> panel_columns(["样本编号", "ＶＡＦ（％）", "深度 (X)"])
    {'样本编号': 'sample_id', '深度 (X)': 'depth', 'ＶＡＦ（％）': 'vaf'}
    >>> panel_columns(["Buffy coat VAF (%)", "White blood cell depth", "Blood VAF", "Saliva"])
    {'Buffy coat VAF (%)': 'normal_vaf', 'White blood cell depth': 'normal_depth'}
    >>> panel_columns(["丰度(突变/总)"]), panel_columns(["VAF (alt/total reads)"]), panel_columns(["VAF (normal/tumour)"])
    ({'丰度(突变/总)': 'vaf'}, {'VAF (alt/total reads)': 'vaf'}, {})
    """
    written = {_OF_COUNTS.sub("", unicodedata.normalize("NFKC", c)).strip(): c for c in reversed(columns)}
    return {written[bare]: ours for bare, ours in _panel_columns(list(reversed(written))).items()}


def _panel_columns(columns: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for c in columns:  # a report's own words before those of clinical tables (检测项目: a gene, no laboratory value)
        ours = meaning("panel_column", c)
        if ours and plain(c) != ours and ours not in (*out.values(), *columns):
            out[c] = ours
    out |= {c: o for c, o in our_columns(columns).items() if o in PANEL and c not in out and o not in out.values()}
    for c in columns:
        bare = in_percent(c)
        if (
            c not in out
            and "vaf" not in out.values()
            and bare
            and (meaning("column", bare) == "vaf" or _SHARE.search(bare))
        ):
            out[c] = "vaf"
    ours_of = {"classification": "consequence", "term": "consequence", "status": "origin"}
    names = {a: ours_of.get(k, k) for k, aliases in ALIASES.items() for a in aliases if ours_of.get(k, k) in PANEL}
    names |= {a: k for k, aliases in _ENGLISH.items() for a in aliases if a not in names}
    for c in columns:
        bare = re.sub(r"[^a-z0-9.]+", "_", (in_percent(c) or c).strip().lower()).strip("_")
        parted = _GLUED.sub("_", c.strip()).lower()  # GHSampleID, PatientID
        free = (*out.values(), *(p for p in columns if p != c))
        if c not in out and (ours := names.get(bare) or names.get(parted)) and ours not in free:
            out[c] = ours
    for c in columns:  # by its words: TVarCov, Normal VAF
        name = None if c in out else meant(in_percent(c) or c)
        if name and OURS[name] in PANEL and OURS[name] not in (*out.values(), *columns):
            out[c] = OURS[name]
    for c in columns:
        found = None if c in out else _NORMAL.match((in_percent(c) or c).strip())
        if found and found.lastgroup and found.lastgroup not in (*out.values(), *columns):
            out[c] = found.lastgroup
    common = population_column(c for c in columns if c not in out)
    if common and "population_af" not in out.values():
        out[common] = "population_af"
    if {"sample_id", "patient_id"} & set(out.values()) and "material" not in out.values():
        out |= {c: "material" for c in columns if c not in out and c.strip().lower() in ("specimen", "tissue")}
    return out
