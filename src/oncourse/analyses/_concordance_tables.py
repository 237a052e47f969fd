"""The tables of `concordance`: presence of every variant, pairs of samples, statuses, shared fractions."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.derive.concordance.concordance_summary import SUMMARY_COLUMNS
from oncourse.derive.concordance.presence import NOISE_COLUMNS, STATE_COLUMNS
from oncourse.derive.concordance.relatedness import RELATEDNESS_COLUMNS
from oncourse.derive.concordance.status_tables import FLIP_COLUMNS, STATUS_COLUMNS
from oncourse.study.schema import Column, columns

_COUNT = "reads; null = not counted"


_PAIR = (
    Column("patient_id", pl.String, "the patient"),
    Column("sample_a", pl.String, "primary, tissue or earlier sample"),
    Column("sample_b", pl.String, "metastasis, plasma or later sample"),
)
STATES = OutputTable(
    "concordance/states",
    "each variant of a patient in each of the patient's tumour samples",
    (
        *columns(STATE_COLUMNS),
        Column("blood", pl.String, "germline / chip / possible_chip; null = tumour as far as known"),
    ),
)
VARIANTS = OutputTable(
    "concordance/variants",
    "each variant of each pair of samples",
    (
        _PAIR[0],
        Column("variant_id", pl.String, "chrom:pos:ref:alt"),
        Column("gene", pl.String, "HGNC symbol"),
        *_PAIR[1:],
        Column("state", pl.String, "shared / private_a / private_b / not_assessable"),
        Column("basis", pl.String, "counted: the deciding reads are known; assumed: they are not"),
        Column("consequence", pl.String, "effect on the gene"),
        Column("related_variant_id", pl.String, "another allele at the position, called in the other sample"),
        Column("alt_a", pl.Int64, _COUNT),
        Column("depth_a", pl.Int64, _COUNT),
        Column("alt_b", pl.Int64, _COUNT),
        Column("depth_b", pl.Int64, _COUNT),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
        Column("is_main", pl.Boolean, "the patient's main pair of this comparison"),
        Column("plain_state", pl.String, "the same by calls alone, as publications count"),
        Column("is_lost", pl.Boolean, "private because the other sample lost the locus"),
        Column("reason_a", pl.String, "why sample a is judged as it is"),
        Column("reason_b", pl.String, "why sample b is judged as it is"),
    ),
)
PAIRS = OutputTable(
    "concordance/pairs",
    "each pair of samples of a patient",
    (
        *_PAIR,
        Column("role_a", pl.String, "primary, metastasis, local_recurrence, tissue (no lesion named), plasma"),
        Column("role_b", pl.String, "the same of sample b"),
        Column(
            "is_main", pl.Boolean, "the pair that summaries use: deepest samples, plasma nearest in time, then first id"
        ),
        Column(
            "expected_private_by_noise",
            pl.Float64,
            "private calls that two identical lesions would show at these depths and purities; null where not computed",
        ),
        Column("n_shared", pl.Int64, "present in both"),
        Column("n_private_a", pl.Int64, "present in a, absent in b (a lost locus apart)"),
        Column("n_private_b", pl.Int64, "present in b, absent in a"),
        Column("n_not_assessable", pl.Int64, "seen in one, not assessable in the other"),
        Column("n_lost", pl.Int64, "gone with the locus in one sample"),
        Column(
            "shared_fraction",
            pl.Float64,
            "(n_shared + n_lost) / assessable variants; null: none, or withheld (see notes)",
            unit="fraction",
        ),
        Column("ci_low", pl.Float64, "lower limit (Wilson)", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
        Column("days_between", pl.Int64, "days from sample a to sample b; null = unknown"),
        Column("n_assumed", pl.Int64, "private variants whose absence was assumed, not counted"),
        Column("n_called_both", pl.Int64, "called in both samples"),
        Column("n_called_one", pl.Int64, "called in one, not called in the other, whatever its depth"),
        Column(
            "n_observed_private",
            pl.Int64,
            "of the variants behind expected_private_by_noise, called in one sample only",
        ),
    ),
)
RELATED = OutputTable(
    "concordance/relatedness",
    "evidence that two samples are of one tumour",
    (
        *columns(RELATEDNESS_COLUMNS),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
    ),
)
GENES = OutputTable(
    "concordance/genes",
    "patients (main pairs) by gene",
    (
        Column("gene", pl.String, "HGNC symbol"),
        Column("n_both", pl.Int64, "mutated in both samples"),
        Column("n_a_only", pl.Int64, "mutated in the first only"),
        Column("n_b_only", pl.Int64, "mutated in the second only"),
        Column("n_not_assessable", pl.Int64, "mutated in one, not assessable in the other"),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
        Column("n_different_variants", pl.Int64, "of n_both, without a variant in common"),
    ),
)
STATUSES = OutputTable("concordance/statuses", "agreement of actionable statuses", columns(STATUS_COLUMNS))
FLIPS = OutputTable("concordance/flips", "patients whose status differs between two samples", columns(FLIP_COLUMNS))
SUMMARY = OutputTable("concordance/summary", "shared fractions over patients", columns(SUMMARY_COLUMNS))
SAMPLES = OutputTable(
    "concordance/samples",
    "purity and what was learned of each tumour sample",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("sample_id", pl.String, "the sample"),
        Column("role", pl.String, "primary, metastasis, local_recurrence, tissue, plasma"),
        Column("purity", pl.Float64, "tumour cell fraction used (tumour fraction in plasma); null: not known"),
        Column("purity_low", pl.Float64, "lower 95 % limit; null: given; 0: the reads set none"),
        Column("purity_high", pl.Float64, "upper 95 % limit; null: given"),
        Column("purity_basis", pl.String, "given / estimated from the sample's variants"),
        Column("depth", pl.Float64, "mean depth given, else of the counted sites; null = unknown"),
        Column("prior", pl.Float64, "learned share present of the variants seen in the patient's other samples"),
        Column("n_present", pl.Int64, "variants present"),
        *columns(NOISE_COLUMNS),
    ),
)
TABLES = (STATES, VARIANTS, PAIRS, RELATED, GENES, STATUSES, FLIPS, SUMMARY, SAMPLES)


def comparison_key(comparison: str) -> str:
    """Return the name of a comparison (``primary v metastasis``) as part of the name of a table or figure."""
    return comparison.replace(" ", "_")
