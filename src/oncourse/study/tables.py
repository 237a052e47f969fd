"""The tables of a study folder as data: validator, blank templates, data dictionary and docs page in one."""

from __future__ import annotations

import polars as pl

from oncourse.study.pathogenicity import PATHOGENICITY
from oncourse.study.schema import Column, Table

TEXT, INT, NUM, BOOL = pl.String, pl.Int64, pl.Float64, pl.Boolean
#: Materials of the patient's own cells, which hold no tumour.
NORMALS = ("normal", "white_cells")

_PATIENT = Column("patient_id", TEXT, "the patient", required=True, references="patients.patient_id")
_SAMPLE = Column("sample_id", TEXT, "the sample", required=True, references="samples.sample_id")


def _day(name: str, text: str, *, required: bool = False) -> Column:
    return Column(name, INT, text, unit="days from the index date", low=-40_000, high=40_000, required=required)


PATIENTS = Table(
    "patients",
    "one row per patient; further columns are covariates named in study.yaml",
    (
        Column("patient_id", TEXT, "the patient", required=True),
        Column("disease", TEXT, "diagnosis, free text"),
        Column("sex", TEXT, "sex at birth; decides copies of X and Y", choices=("female", "male")),
        Column("age_years", NUM, "age at the index date", unit="years", low=0, high=120),
        Column("stage", TEXT, "stage at diagnosis"),
        Column("primary_site", TEXT, "site of the primary: right colon, left colon, rectum, prostate ..."),
        Column("index_date", TEXT, "calendar date of day 0 (ISO); only needed where tables give dates"),
    ),
    key=("patient_id",),
    open=True,
)
FOLLOW_UP = Table(
    "follow_up",
    "last contact, death, recurrence: one row per patient",
    (
        _PATIENT,
        _day(
            "last_contact_day",
            "last day the patient was known to be alive, or the day of death; at least that of a recorded event",
            required=True,
        ),
        Column("is_dead", BOOL, "whether the patient has died; null = unknown"),
        _day("death_day", "day of death"),
        _day("death_earliest_day", "first day the death may have been, where only its month or year is known"),
        _day("death_latest_day", "last day the death may have been, where only its month or year is known"),
        Column("cause_of_death", TEXT, "cause of death", choices=("cancer", "other", "unknown")),
        _day("recurrence_day", "first day a recurrence was seen"),
        _day("recurrence_free_day", "last day the patient was known to be free of recurrence"),
        _day("second_primary_day", "first day a second primary cancer was found: neither recurrence nor metastasis"),
        Column(
            "second_primary",
            TEXT,
            "of the same organ (a second colorectal cancer), or of another",
            choices=("same", "other"),
        ),
        _day("progression_day", "first day progression was recorded"),
        _day(
            "progression_free_day",
            "last day the patient was known to be free of progression: a patient without progression is censored there",
        ),
        _day("entry_day", "day the patient came under observation, e.g. sequencing: delayed entry"),
    ),
    key=("patient_id",),
)
PUBLISHED_ENDPOINTS = Table(
    "published_endpoints",
    "time to event as the source itself gives it, one row per patient and end point; compared with the derived ones",
    (
        _PATIENT,
        Column("endpoint", TEXT, "the source's name of the end point: OS, PFS, EFS, TTP, DSS, MFS ...", required=True),
        Column(
            "time_days",
            INT,
            "time from the end point's own day 0; months x 30.4375",
            unit="days",
            low=-40_000,
            high=40_000,
            required=True,
        ),
        Column("is_event", BOOL, "whether it happened; null = the status is not known"),
        Column("status", TEXT, "the source's own word"),
        Column("definition", TEXT, "how the source describes the end point"),
        Column("anchor", TEXT, "day 0: index, diagnosis, sequencing, sample, treatment, surgery; null = not said"),
        Column("source", TEXT, "columns or record it was read from"),
    ),
    key=("patient_id", "endpoint"),
)
LESIONS = Table(
    "lesions",
    "tumour lesions",
    (
        Column("lesion_id", TEXT, "the lesion", required=True),
        _PATIENT,
        Column(
            "role", TEXT, "what the lesion is", required=True, choices=("primary", "metastasis", "local_recurrence")
        ),
        Column("site", TEXT, "organ: liver, bone, lung ..."),
        _day("found_day", "day the lesion was found"),
    ),
    key=("lesion_id",),
)
SAMPLES = Table(
    "samples",
    "sequenced samples; further clinical columns are kept",
    (
        Column("sample_id", TEXT, "the sample", required=True),
        _PATIENT,
        Column("material", TEXT, "what was sequenced", required=True, choices=("tissue", "plasma", *NORMALS)),
        Column("lesion_id", TEXT, "lesion the tissue is from; null for blood", references="lesions.lesion_id"),
        Column(
            "assay_id", TEXT, "assay; null: all genes taken as looked at, marked assumed", references="assays.assay_id"
        ),
        Column("cna_assay_id", TEXT, "assay of the copy number, where another", references="assays.assay_id"),
        Column("sv_assay_id", TEXT, "assay of the fusions, where another", references="assays.assay_id"),
        _day("day", "day the sample was taken"),
        Column("purity", NUM, "tumour cell fraction", unit="fraction", low=0, high=1),
        Column("purity_ci_low", NUM, "lower end of the 95 % interval of purity", unit="fraction", low=0, high=1),
        Column("purity_ci_high", NUM, "upper end of the 95 % interval of purity", unit="fraction", low=0, high=1),
        Column("ploidy", NUM, "mean copies per tumour cell", unit="copies", low=0.5, high=12),
        Column("tumor_fraction", NUM, "tumour fraction of the cell-free DNA", unit="fraction", low=0, high=1),
        Column("tumor_fraction_ci_low", NUM, "lower end of its 95 % interval", unit="fraction", low=0, high=1),
        Column("tumor_fraction_ci_high", NUM, "upper end of its 95 % interval", unit="fraction", low=0, high=1),
        Column("cfdna_ng_ml", NUM, "cell-free DNA per ml of plasma", unit="ng/ml", low=0),
        Column("mean_depth", NUM, "mean depth on target", unit="reads", low=0),
        Column("msi_score", NUM, "microsatellite instability score of the assay", low=0),
        Column("msi_status", TEXT, "microsatellite status", choices=("MSI-H", "MSI-L", "MSS", "indeterminate")),
        Column("tmb_per_mb", NUM, "tumour mutational burden as the source reports it", unit="per Mb", low=0),
        Column("preservation", TEXT, "FFPE, frozen ..."),
        Column("duplicate_share", NUM, "share of reads that are copies of another", unit="fraction", low=0, high=1),
        Column("insert_median", NUM, "median length of the sequenced fragments", unit="bases", low=0),
        Column("share_100x", NUM, "share of target bases with at least 100 fragments", unit="fraction", low=0, high=1),
        Column(
            "contamination",
            NUM,
            "share of DNA of another person; null = not assessable",
            unit="fraction",
            low=0,
            high=1,
        ),
        Column(
            "tumor_in_normal",
            NUM,
            "share of a normal's DNA that is the patient's tumour",
            unit="fraction",
            low=0,
            high=1,
        ),
        Column(
            "detection_limit",
            NUM,
            "smallest allele fraction found with chance 0.95 at a base of median depth",
            unit="fraction",
            low=0,
            high=1,
        ),
    ),
    key=("sample_id",),
    open=True,
)
ASSAYS = Table(
    "assays",
    "sequencing assays",
    (
        Column("assay_id", TEXT, "the assay", required=True),
        Column("kind", TEXT, "kind of assay", choices=("wes", "wgs", "panel")),
        Column("targets", TEXT, "a BED file or gene list in the study folder, or gene symbols joined by ';'"),
        Column("callable_mb", NUM, "megabases in which a variant could be called; 0: not known", unit="Mb", low=0),
        Column("min_depth", INT, "least depth at which a site counts as looked at", unit="reads", low=0),
        Column("error_rate", NUM, "background error per read and base", unit="fraction", low=0, high=0.2),
        Column("min_alt_count", INT, "least variant reads of a call (default 3)", unit="reads", low=1),
        Column(
            "min_vaf", NUM, "least variant allele fraction of a call (default 0.02)", unit="fraction", low=0, high=1
        ),
        Column("has_umi", BOOL, "whether reads carry molecular identifiers"),
    ),
    key=("assay_id",),
)
ERROR_RATES = Table(
    "error_rates",
    "background error of an assay by kind of change or at one variant, where it is known better than assays.error_rate",
    (
        Column("assay_id", TEXT, "the assay", required=True, references="assays.assay_id"),
        Column("substitution", TEXT, "kind of change as read: C>T, ... or indel; empty where variant_id is given"),
        Column("variant_id", TEXT, "chrom:pos:ref:alt; goes before the kind of change"),
        Column(
            "error_rate",
            NUM,
            "background error per read and base",
            unit="fraction",
            low=0,
            high=0.2,
            required=True,
        ),
    ),
    key=("assay_id", "substitution", "variant_id"),
)
TARGET_REGIONS = Table(
    "target_regions",
    "regions an assay covers; read from the BED file that assays.targets names, where there is one",
    (
        Column("assay_id", TEXT, "the assay", required=True, references="assays.assay_id"),
        Column("chrom", TEXT, "chromosome without chr", required=True),
        Column("start", INT, "first base, 1-based", low=1, required=True),
        Column("end", INT, "last base, inclusive", low=1, required=True),
    ),
)
VARIANTS = Table(
    "variants",
    "what is known of each variant; further columns are annotations",
    (
        Column("variant_id", TEXT, "chrom:pos:ref:alt, normalised", required=True),
        Column("gene", TEXT, "HGNC symbol; empty where intergenic"),
        Column("hgvs_c", TEXT, "coding change"),
        Column("hgvs_p", TEXT, "protein change, p.G12D"),
        Column("consequence", TEXT, "effect on the gene"),
        Column(
            "pathogenicity",
            TEXT,
            "what the laboratory calls it (five classes of ACMG/AMP 2015); conflicting: called in two ways; null: not said",
            choices=PATHOGENICITY,
        ),
        Column("transcript", TEXT, "transcript of hgvs_c and hgvs_p; filled where a reference names the variant"),
        Column(
            "context", TEXT, "reference bases around a substitution, the changed one in the middle (ACG, or longer)"
        ),
    ),
    key=("variant_id",),
    open=True,
)
CALLS = Table(
    "calls",
    "variant x sample: what was counted and called; a site looked at and not called stays here with its depth",
    (
        _SAMPLE,
        Column("variant_id", TEXT, "chrom:pos:ref:alt", required=True),
        Column("alt_count", INT, "reads with the variant; null = not counted", unit="reads", low=0),
        Column("depth", INT, "reads at the site; null = not counted", unit="reads", low=0),
        Column(
            "vaf",
            NUM,
            "share of the reads with the variant, where the source gives it without a depth",
            unit="fraction",
            low=0,
            high=1,
        ),
        Column("is_called", BOOL, "whether the caller called it; null: by the assay's min_alt_count and min_vaf"),
        Column("filter", TEXT, "filter of the caller"),
        Column("origin", TEXT, "origin", choices=("somatic", "germline", "chip", "unknown")),
    ),
    key=("sample_id", "variant_id"),
)
COVERAGE = Table(
    "coverage",
    "depth of regions or codons: what makes a wild type measured",
    (
        _SAMPLE,
        Column("chrom", TEXT, "chromosome without chr"),
        Column("start", INT, "first base, 1-based", low=1),
        Column("end", INT, "last base, inclusive", low=1),
        Column("min_depth", INT, "least depth in the region", unit="reads", low=0, required=True),
        Column("gene", TEXT, "HGNC symbol"),
        Column("codon", INT, "codon number", low=1),
    ),
)
SEGMENTS = Table(
    "segments",
    "copy-number segments",
    (
        _SAMPLE,
        Column("chrom", TEXT, "chromosome without chr", required=True),
        Column("start", INT, "first base, 1-based", low=0, required=True),
        Column("end", INT, "last base, inclusive", low=1, required=True),
        Column("total_cn", NUM, "copies per tumour cell; null = not known", unit="copies", low=0),
        Column("minor_cn", NUM, "copies of the minor allele", unit="copies", low=0),
        Column("log2_ratio", NUM, "log2 of tumour over normal depth"),
    ),
)
GENE_COPY_NUMBER = Table(
    "gene_copy_number",
    "copy-number call per gene",
    (
        _SAMPLE,
        Column("gene", TEXT, "HGNC symbol", required=True),
        Column("call", NUM, "-2 deep deletion ... 2 amplification; null = not profiled", low=-2, high=2),
    ),
    key=("sample_id", "gene"),
)
MARKERS = Table(
    "markers",
    "markers other than sequencing: AR-V7, MMR IHC, HER2, DPYD ...",
    (
        _PATIENT,
        Column("marker", TEXT, "name of the marker", required=True),
        Column("value", TEXT, "positive, negative, a number with unit, a genotype", required=True),
        Column("sample_id", TEXT, "sample it was measured in", references="samples.sample_id"),
        _day("day", "day of the measurement"),
        Column("unit", TEXT, "unit of a number"),
    ),
)
FUSIONS = Table(
    "fusions",
    "gene fusions",
    (
        _SAMPLE,
        Column("gene_5p", TEXT, "5' partner"),
        Column("gene_3p", TEXT, "3' partner"),
        Column("support", INT, "supporting reads", unit="reads", low=0),
        Column(
            "frame",
            TEXT,
            "whether the 3' gene is read on in frame; null = not said",
            choices=("in_frame", "out_of_frame"),
        ),
    ),
)
PROCEDURES = Table(
    "procedures",
    "surgery, biopsy, ablation, radiotherapy",
    (
        _PATIENT,
        _day("day", "day of the procedure", required=True),
        Column(
            "kind",
            TEXT,
            "primary_resection, metastasectomy, ablation, radiotherapy, biopsy, orchiectomy ...",
            required=True,
        ),
        Column(
            "lesion_id",
            TEXT,
            "lesion it was on; a target lesion that was treated by itself is evaluable for response no longer",
            references="lesions.lesion_id",
        ),
        Column("intent", TEXT, "curative, palliative, diagnostic ..."),
    ),
)
TREATMENTS = Table(
    "treatments",
    "systemic treatments",
    (
        _PATIENT,
        Column("drugs", TEXT, "drug names joined by ';'", required=True),
        _day("start_day", "first day", required=True),
        Column("line", INT, "line of therapy; derived where null", low=0, high=30),
        _day("stop_day", "last day; null = ongoing or unknown"),
        Column("stop_reason", TEXT, "progression, toxicity, completed ..."),
        Column("setting", TEXT, "setting", choices=("neoadjuvant", "adjuvant", "metastatic", "mCSPC", "mCRPC")),
    ),
)
LABS = Table(
    "labs",
    "laboratory values",
    (
        _PATIENT,
        _day("day", "day of the blood draw", required=True),
        Column("analyte", TEXT, "PSA, CEA ...", required=True),
        Column("value", TEXT, "a number, `<number` below detection, `>number` above the range; null = not measured"),
        Column("unit", TEXT, "unit of the value"),
    ),
)
TARGET_LESIONS = Table(
    "target_lesions",
    "diameters of target lesions per visit (RECIST 1.1)",
    (
        _PATIENT,
        _day("day", "day of the scan", required=True),
        Column("lesion_id", TEXT, "the lesion", required=True),
        Column("diameter_mm", NUM, "longest diameter, short axis for a node", unit="mm", low=0, high=300),
        Column("diameter", NUM, "diameter in `unit`, where not in mm", low=0),
        Column("unit", TEXT, "unit of `diameter`", choices=("mm", "cm")),
        Column("is_node", BOOL, "whether it is a lymph node"),
        Column("status", TEXT, "how it was seen", choices=("measured", "too_small", "absent", "not_evaluable")),
        Column("merged_into", TEXT, "lesion this one has merged into"),
        Column("evaluator", TEXT, "who read the scan"),
    ),
    key=("patient_id", "day", "lesion_id", "evaluator"),
)
ASSESSMENTS = Table(
    "assessments",
    "response assessments beside the target lesions",
    (
        _PATIENT,
        _day("day", "day of the assessment", required=True),
        Column("method", TEXT, "ct_mri, bone_scan, pet ..."),
        Column("non_target", TEXT, "non-target response", choices=("CR", "NON-CR/NON-PD", "PD", "NE", "NONE")),
        Column("new_lesions", TEXT, "new lesions", choices=("no", "equivocal", "yes")),
        Column("new_bone_lesions", INT, "bone lesions not on any earlier scan", low=0),
        Column("bone_persisting", INT, "earlier post-baseline new bone lesions still seen", low=0),
        Column("overall", TEXT, "the investigator's overall response"),
        Column("evaluator", TEXT, "who assessed"),
    ),
    key=("patient_id", "day", "method", "evaluator"),
)
ADVERSE_EVENTS = Table(
    "adverse_events",
    "side effects and other adverse events",
    (
        _PATIENT,
        _day("start_day", "first day", required=True),
        Column("term", TEXT, "what it was: neutropenia, hand-foot syndrome ...", required=True),
        Column("grade", INT, "grade (CTCAE)", low=0, high=5),
        _day("stop_day", "last day; null = ongoing or unknown"),
        Column("serious", BOOL, "whether it was serious"),
        Column("drugs", TEXT, "drugs it is ascribed to, joined by ';'; null = not said"),
    ),
)
PARTIAL_DATES = Table(
    "partial_dates",
    "dates of which only the month or year is known: what was read, and the interval; written on reading",
    (
        _PATIENT,
        Column("table", TEXT, "table of the date", required=True),
        Column("column", TEXT, "its day column; index_date: day 0 itself", required=True),
        Column("resolution", TEXT, "what is known", required=True, choices=("month", "year")),
        _day("day", "day that was read"),
        _day("earliest_day", "first day it may have been", required=True),
        _day("latest_day", "last day it may have been", required=True),
    ),
)

#: Every table, in the order of the study folder.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        PATIENTS,
        FOLLOW_UP,
        PUBLISHED_ENDPOINTS,
        LESIONS,
        SAMPLES,
        ASSAYS,
        ERROR_RATES,
        TARGET_REGIONS,
        VARIANTS,
        CALLS,
        COVERAGE,
        SEGMENTS,
        GENE_COPY_NUMBER,
        MARKERS,
        FUSIONS,
        PROCEDURES,
        TREATMENTS,
        LABS,
        TARGET_LESIONS,
        ASSESSMENTS,
        ADVERSE_EVENTS,
        PARTIAL_DATES,
    )
}

#: Without these there is no study.
REQUIRED_TABLES = ("patients", "samples", "calls")


def date_name(day_column: str) -> str:
    """Return the name of the column that may give ISO dates in place of a day column (start_day -> start_date)."""
    return day_column.removesuffix("day") + "date"
