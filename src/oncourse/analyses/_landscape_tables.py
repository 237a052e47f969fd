"""The tables of the landscape: what each column holds."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.study.schema import Column

_GENE = Column("gene", pl.String, "HGNC symbol")
GENES = OutputTable(
    "landscape/genes",
    "how often each gene is altered, by patient (or sample)",
    (
        _GENE,
        Column("n_profiled", pl.Int64, "patients (samples) on whose mutation panel the gene is"),
        Column("n_altered", pl.Int64, "of these, with an alteration that counts"),
        Column("frequency", pl.Float64, "n_altered / n_profiled; null where nobody was looked at", unit="fraction"),
        Column("ci_low", pl.Float64, "lower limit, exact (Clopper-Pearson)", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("n_mutated", pl.Int64, "with a protein-changing or splice-site mutation"),
        Column(
            "n_maybe_blood",
            pl.Int64,
            "of these, patients of whom every mutation of the gene is of a blood clone by white cells, or may be (in plasma "
            "only)",
        ),
        Column("n_amplified", pl.Int64, "with an amplification (counted in every gene)"),
        Column("n_deleted", pl.Int64, "with a deep deletion (counted in every gene)"),
        Column("n_fusion", pl.Int64, "with a fusion"),
        Column("n_within_gene", pl.Int64, "with a rearrangement within the gene (intragenic deletion) alone"),
        Column(
            "n_germline",
            pl.Int64,
            "with a germline loss that is listed or truncates a suppressor; not part of n_altered",
        ),
        Column(
            "n_driver", pl.Int64, "with a hit that a rule calls a driver; null: a gene whose role is not in genes.tsv"
        ),
        Column("n_biallelic", pl.Int64, "with both alleles hit; null: a gene of no known role (landscape/alterations)"),
        Column("n_profiled_copies", pl.Int64, "looked at for copy number; 0: amplification and deletion not assessed"),
        Column("n_profiled_fusions", pl.Int64, "looked at for fusions of the gene"),
    ),
)
ALTERATIONS = OutputTable(
    "landscape/alterations",
    "what hit each cancer gene of each patient: the rows behind every bar",
    (
        Column("patient_id", pl.String, "the patient"),
        _GENE,
        Column(
            "kinds",
            pl.String,
            "mutation, germline, amplification, deletion, fusion, rearrangement (within the gene), joined by ;",
        ),
        Column("changes", pl.String, "protein changes (effects where there is none), drivers first, joined by ;"),
        Column("samples", pl.String, "samples in which something was found, joined by ;"),
        Column("n_hits", pl.Int64, "different variants and events"),
        Column("driver", pl.String, "driver, or unknown: no rule says so"),
        Column("driver_samples", pl.String, "of the samples those with a hit that a rule calls a driver, joined by ;"),
        Column("rule", pl.String, "the rule that decided, with its source"),
        Column("is_biallelic", pl.Boolean, "of suppressors with a driver hit: both alleles hit; null = not assessed"),
        Column("basis", pl.String, "what says so"),
    ),
)
SAMPLES = OutputTable(
    "landscape/samples",
    "mutational burden and microsatellite status of each sample",
    (
        Column("sample_id", pl.String, "the sample"),
        Column("patient_id", pl.String, "the patient"),
        Column("n_nonsynonymous", pl.Int64, "distinct protein-changing or splice-site variants"),
        Column("callable_mb", pl.Float64, "megabases looked at; null = unknown", unit="Mb"),
        Column("callable_basis", pl.String, "stated / estimated (coding length of the gene list) / assumed (exome)"),
        Column(
            "tmb_per_mb", pl.Float64, "n_nonsynonymous / callable_mb; null where the size is unknown", unit="per Mb"
        ),
        Column("ci_low", pl.Float64, "lower limit, exact Poisson", unit="per Mb"),
        Column("ci_high", pl.Float64, "upper limit", unit="per Mb"),
        Column("msi_status", pl.String, "microsatellite status as recorded; null = not assessed"),
    ),
)
CLASSES = OutputTable(
    "landscape/classes",
    "called somatic variants by consequence",
    (
        Column("consequence", pl.String, "effect on the gene"),
        Column("n_variants", pl.Int64, "calls of that effect over all samples"),
        Column("fraction", pl.Float64, "share of all calls", unit="fraction"),
    ),
)
GROUPS = OutputTable(
    "landscape/groups",
    "gene frequencies of two groups compared",
    (
        _GENE,
        Column("group_a", pl.String, "first group"),
        Column("group_b", pl.String, "second group"),
        Column("n_altered_a", pl.Int64, "altered in group a"),
        Column("n_profiled_a", pl.Int64, "looked at in group a"),
        Column("n_altered_b", pl.Int64, "altered in group b"),
        Column("n_profiled_b", pl.Int64, "looked at in group b"),
        Column("odds_ratio", pl.Float64, "odds of alteration, a v b (conditional maximum likelihood)"),
        Column("ci_low", pl.Float64, "lower limit, exact conditional"),
        Column("ci_high", pl.Float64, "upper limit"),
        Column("p_value", pl.Float64, "Fisher's exact test, two-sided"),
        Column("q_value", pl.Float64, "false discovery rate over this table (Benjamini-Hochberg)"),
    ),
)
PAIRS = OutputTable(
    "landscape/pairs",
    "co-occurrence and mutual exclusivity given each patient's burden",
    (
        Column("gene_a", pl.String, "first gene"),
        Column("gene_b", pl.String, "second gene"),
        Column("n_patients", pl.Int64, "patients in whom both were looked at"),
        Column("n_both", pl.Int64, "altered in both"),
        Column("n_a_only", pl.Int64, "altered in the first only, both looked at"),
        Column("n_b_only", pl.Int64, "altered in the second only, both looked at"),
        Column("expected_both", pl.Float64, "altered in both if the genes were independent given burden and stratum"),
        Column("ratio", pl.Float64, "n_both / expected_both", unit="ratio"),
        Column("direction", pl.String, "co-occurrence or exclusivity"),
        Column("p_value", pl.Float64, "Poisson-binomial, two-sided (twice the smaller tail)"),
        Column("q_value", pl.Float64, "false discovery rate over this table"),
        Column(
            "q_apart",
            pl.Float64,
            "q_value where patients whose tumours are hypermutated by their mutations (MSI, POLE) are strata of their own; "
            "null where no pair is found, too few are, or MSI is recorded",
        ),
        Column(
            "power_exclusivity",
            pl.Float64,
            "chance of p < 0.05 if the odds ratio were 1 / landscape.pair_odds: where it is "
            "low a pair that is not found says nothing",
            unit="fraction",
        ),
        Column(
            "power_co_occurrence",
            pl.Float64,
            "chance of p < 0.05 if the odds ratio were landscape.pair_odds",
            unit="fraction",
        ),
    ),
)
GENE_GROUPS = OutputTable(
    "landscape/gene_groups",
    "do the genes of a pathway exclude each other, given burden",
    (
        Column("gene_group", pl.String, "pathway (gene_sets.tsv)"),
        Column("genes", pl.String, "its genes that are altered often enough, joined by ;"),
        Column("n_patients", pl.Int64, "patients in whom at least one of them was looked at"),
        Column("n_covered", pl.Int64, "altered in at least one"),
        Column("expected_covered", pl.Float64, "altered in at least one if independent given burden and stratum"),
        Column("direction", pl.String, "exclusivity (more are covered than expected) or co-occurrence"),
        Column("p_value", pl.Float64, "Poisson-binomial, two-sided (twice the smaller tail)"),
        Column("q_value", pl.Float64, "false discovery rate over this table"),
    ),
)
