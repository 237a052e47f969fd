"""The tables of `evolution`: clones, trees, seeding, migrations, growth."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.derive.clones.clusters import ASIDE_COLUMNS, CLUSTER_COLUMNS, VARIANT_COLUMNS, WRONG_COLUMNS
from oncourse.study.schema import Column, columns

_PATIENT = Column("patient_id", pl.String, "the patient")
_SAMPLE = Column("sample_id", pl.String, "the sample")
_CLONE = Column("clone_id", pl.Int64, "the clone: the cluster_id of its variants; 1 = most truncal")


VARIANTS = OutputTable(
    "evolution/variants",
    "cell fraction of each variant in each sample of its patient",
    columns(VARIANT_COLUMNS),
)
CLUSTERS = OutputTable(
    "evolution/clusters",
    "cell fraction of each cluster of variants in each sample",
    columns(CLUSTER_COLUMNS),
)
ASIDE = OutputTable(
    "evolution/set_aside",
    "variants of clusters that are no clones: in no tree and no seeding by themselves",
    columns(ASIDE_COLUMNS),
)
WRONG_COPIES = OutputTable(
    "evolution/wrong_copies", "chromosomes whose variants contradict the told copies", columns(WRONG_COLUMNS)
)
TREES = OutputTable(
    "evolution/trees",
    "edges of the most probable trees",
    (
        _PATIENT,
        Column("tree_rank", pl.Int64, "1 = the most probable tree"),
        Column("probability", pl.Float64, "probability of the tree"),
        Column("parent_cluster", pl.Int64, "cluster_id of the parent; 0 = root, all tumour cells"),
        Column("child_cluster", pl.Int64, "cluster_id of the child"),
        Column("edge_support", pl.Float64, "probability of this edge over all trees"),
    ),
)
CLONES = OutputTable(
    "evolution/clones",
    "cells of exactly one clone (without its descendants) in each sample",
    (
        _PATIENT,
        _CLONE,
        _SAMPLE,
        Column("fraction", pl.Float64, "share of the tumour cells on the most probable tree", unit="fraction"),
        Column("ci_low", pl.Float64, "5 % point over trees and counts", unit="fraction"),
        Column("ci_high", pl.Float64, "95 % point", unit="fraction"),
    ),
)
SEEDING = OutputTable(
    "evolution/seeding",
    "how each lesion was seeded: the most probable call",
    (
        _PATIENT,
        Column("lesion_id", pl.String, "the lesion"),
        Column("source", pl.String, "the lesion it came from; unknown = a site not sampled"),
        Column(
            "clonality",
            pl.String,
            "monoclonal / polyclonal / not_assessable: founded by one clone or several; without copy numbers "
            "not_assessable where fractions and presence alone differ",
        ),
        Column("phyleticity", pl.String, "monophyletic / polyphyletic: founders on one line of descent or several"),
        Column(
            "probability",
            pl.Float64,
            "probability of clonality over trees, presence of clones and histories; null where it is not told",
        ),
        Column("n_private_clonal", pl.Int64, "variants clonal here and absent in the primary (else the other lesion)"),
        Column("n_shared_clonal", pl.Int64, "variants clonal in both"),
        Column("probability_phyleticity", pl.Float64, "probability of phyleticity"),
        Column("p_source", pl.Float64, "probability of the source among the shortest histories"),
        Column(
            "other_sources",
            pl.String,
            "lesions that hold all its founders too: it may have come from there; joined by ;",
        ),
        Column("role", pl.String, "metastasis, local_recurrence, primary"),
        Column("n_samples", pl.Int64, "samples of the lesion"),
        Column("divergence", pl.String, "early / late / not_assessable; early needs two regions of the primary"),
        Column("p_early", pl.Float64, "probability of early divergence; null = nothing can be said"),
        Column("n_missing_clonal", pl.Int64, "variants clonal in the primary and absent here"),
        Column(
            "jsi",
            pl.Float64,
            "shared subclonal / (private clonal of either + shared subclonal) variants, with the primary "
            "(else another lesion)",
        ),
        Column("seeding_clones", pl.String, "clones that founded it with probability above a half"),
    ),
)
MIGRATIONS = OutputTable(
    "evolution/migrations",
    "ways between lesions",
    (
        _PATIENT,
        Column("source", pl.String, "lesion; unknown = a site not sampled"),
        Column("target", pl.String, "lesion"),
        Column("probability", pl.Float64, "probability of at least one migration on this way"),
    ),
)
PROGRESSION = OutputTable(
    "evolution/progression",
    "pairs of metastases: one from the other, or side by side",
    (
        _PATIENT,
        Column("lesion_a", pl.String, "one metastasis"),
        Column("lesion_b", pl.String, "the other"),
        Column(
            "progression",
            pl.String,
            "linear: one descends from the other by migrations; parallel: neither can; "
            "not_assessable: founders of one are in the other too, or not seeded",
        ),
        Column("probability", pl.Float64, "its probability over trees, presence of clones and histories"),
        Column("p_b_from_a", pl.Float64, "probability that cells of a, over any number of steps, founded b"),
        Column("p_a_from_b", pl.Float64, "the same the other way round"),
    ),
)
TIMING = OutputTable(
    "evolution/timing",
    "clonal variants on gained segments: before or after the gain",
    (
        _PATIENT,
        _SAMPLE,
        Column("variant_id", pl.String, "chrom:pos:ref:alt"),
        Column("gene", pl.String, "HGNC symbol"),
        Column("major_cn", pl.Int64, "copies of the gained allele"),
        Column("minor_cn", pl.Int64, "copies of the other"),
        Column(
            "timing",
            pl.String,
            "before / after / after_or_other_allele (one copy, and the other allele has one) / unclear",
        ),
        Column("p_before", pl.Float64, "probability that it arose before the gain; unclear between 0.2 and 0.8"),
    ),
)
DRIVERS = OutputTable(
    "evolution/drivers",
    "altered genes of known role by lesion",
    (
        _PATIENT,
        Column("gene", pl.String, "HGNC symbol"),
        Column("variant_id", pl.String, "chrom:pos:ref:alt"),
        Column("role", pl.String, "suppressor / oncogene"),
        Column("kind", pl.String, "recurrent (a known hotspot) / truncating (of a suppressor) / other"),
        _CLONE,
        Column("in_primary", pl.Boolean, "present in the primary; null = not sampled or not looked at"),
        Column("n_metastases_present", pl.Int64, "metastases with it"),
        Column("n_metastases_assessed", pl.Int64, "metastases where it was looked at and its locus is not lost"),
        Column("n_metastases_lost", pl.Int64, "metastases that lost its allele"),
    ),
)
GROWTH = OutputTable(
    "evolution/growth",
    "growth of clones in serial samples",
    (
        _PATIENT,
        Column("series", pl.String, "plasma, or the lesion"),
        _CLONE,
        Column("n_samples", pl.Int64, "samples of the series"),
        Column("first_day", pl.Int64, "day of the first", unit="days"),
        Column("last_day", pl.Int64, "of the last", unit="days"),
        Column("rate_per_day", pl.Float64, "slope of the logarithm of what `of` says; doubling time is log(2) / rate"),
        Column("ci_low", pl.Float64, "5 % point over trees and counts"),
        Column("ci_high", pl.Float64, "95 % point"),
        Column("p_grows", pl.Float64, "probability that it grows"),
        Column("is_bound", pl.Boolean, "below detection at some time: the rate is at least this"),
        Column("of", pl.String, "what grows"),
    ),
)
SWEEPS = OutputTable(
    "evolution/sweeps",
    "clones that took over a lesion or the plasma between two samples",
    (
        _PATIENT,
        Column("series", pl.String, "plasma, or the lesion"),
        _CLONE,
        Column("from_sample", pl.String, "at most 20 % of the cells"),
        Column("to_sample", pl.String, "at least 80 %"),
        Column("probability", pl.Float64, "probability of both"),
    ),
)
SAMPLE_TREES = OutputTable(
    "evolution/sample_trees",
    "splits of the distance tree of samples (no model of clones)",
    (
        _PATIENT,
        Column("samples", pl.String, "samples of one side, joined by ;"),
        Column("support", pl.Float64, "share of bootstrap trees with the split"),
        Column("length", pl.Float64, "length of the edge, mean difference of CCF"),
    ),
)
PATIENTS = OutputTable(
    "evolution/patients",
    "each patient's clones in numbers",
    (
        _PATIENT,
        Column("n_samples", pl.Int64, "tumour samples used"),
        Column("n_lesions", pl.Int64, "lesions sampled"),
        Column("has_primary", pl.Boolean, "the primary was sampled"),
        Column("n_variants", pl.Int64, "variants clustered"),
        Column("n_outliers", pl.Int64, "artefacts and outliers among them"),
        Column("n_clusters", pl.Int64, "clusters of variants"),
        Column("n_clones", pl.Int64, "of these in the tree"),
        Column("n_trees", pl.Int64, "plausible trees kept"),
        Column("p_best_tree", pl.Float64, "probability of the best"),
        Column("mean_edge_support", pl.Float64, "mean support of its edges"),
        Column("is_exact", pl.Boolean, "every tree was scored; else a Markov chain"),
        Column("chain_disagreement", pl.Float64, "greatest difference of an edge between two chains; null = exact"),
        Column("pattern", pl.String, "migration pattern: m(ono)/p(olyclonal) and PS, S, M, R; null = one lesion"),
        Column("p_pattern", pl.Float64, "its probability"),
        Column("has_copy_number", pl.Boolean, "copy number was known; else two copies everywhere are assumed"),
    ),
)
TABLES = (
    VARIANTS,
    CLUSTERS,
    ASIDE,
    WRONG_COPIES,
    TREES,
    CLONES,
    SEEDING,
    MIGRATIONS,
    PROGRESSION,
    TIMING,
    DRIVERS,
    GROWTH,
    SWEEPS,
    SAMPLE_TREES,
    PATIENTS,
)
