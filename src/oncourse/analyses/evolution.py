"""Clones, their tree and how metastases were seeded, in every patient with several tumour samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, exclusions
from oncourse.analyses._headline import Headline, light_of, part
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.clones import evolution_tables as rows
from oncourse.derive.clones.clusters import (
    ASIDE_COLUMNS,
    CLUSTER_COLUMNS,
    VARIANT_COLUMNS,
    WRONG_COLUMNS,
    aside_frame,
    clusters_frame,
    variants_frame,
    wrong_copies_frame,
)
from oncourse.derive.clones.evolution import EvolutionParams, PatientEvolution
from oncourse.derive.concordance.presence_inputs import borrowed_note
from oncourse.errors import NotEnoughData
from oncourse.evolution.clustering.types import ClusterParams
from oncourse.stats.proportions import clopper_pearson
from oncourse.stats.rng import generator
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_PATIENT = Column("patient_id", pl.String, "the patient")
_SAMPLE = Column("sample_id", pl.String, "the sample")
_CLONE = Column("clone_id", pl.Int64, "the clone: the cluster_id of its variants; 1 = most truncal")


def _columns(given: tuple[tuple[str, Any, str], ...]) -> tuple[Column, ...]:
    return tuple(Column(name, dtype, text) for name, dtype, text in given)


VARIANTS = OutputTable(
    "evolution/variants",
    "cell fraction of each variant in each sample of its patient",
    _columns(VARIANT_COLUMNS),
)
CLUSTERS = OutputTable(
    "evolution/clusters",
    "cell fraction of each cluster of variants in each sample",
    _columns(CLUSTER_COLUMNS),
)
ASIDE = OutputTable(
    "evolution/set_aside",
    "variants of clusters that are no clones: in no tree and no seeding by themselves",
    _columns(ASIDE_COLUMNS),
)
WRONG_COPIES = OutputTable(
    "evolution/wrong_copies", "chromosomes whose variants contradict the told copies", _columns(WRONG_COLUMNS)
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
        Column("clonality", pl.String, "monoclonal / polyclonal / not_assessable: founded by one clone or several"),
        Column("phyleticity", pl.String, "monophyletic / polyphyletic: founders on one line of descent or several"),
        Column("probability", pl.Float64, "probability of clonality over trees, presence of clones and histories"),
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
        Column("jsi", pl.Float64, "shared subclonal / (private clonal of either + shared subclonal) variants"),
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
_TABLES = (
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


@analysis(
    title="Clones, their tree and the seeding of metastases",
    question="Which clones make up the tumour, how do they descend from each other, and which founded the metastases?",
    needs=("calls", "samples"),
    params=EvolutionParams,
    tables=_TABLES,
    order=40,
)
def evolution(cohort: Cohort, params: EvolutionParams) -> Result:
    """Report clones, trees, seeding and growth of every patient with several tumour samples."""
    clusters = cohort.clusters
    if not clusters.patients:
        raise NotEnoughData(
            "no patient has somatic variants with read counts (calls.alt_count and calls.depth) in a sample of known "
            "or "
            "estimable purity: clones need them."
        )
    patients = cohort.evolution
    seeding, aside = SEEDING.frame(rows.collect(patients, rows.seeding_rows)), aside_frame(clusters)
    wrong = wrong_copies_frame(clusters)
    drivers = DRIVERS.frame(rows.collect(patients, rows.driver_rows))
    tables = {
        VARIANTS.name: VARIANTS.frame(variants_frame(clusters)),
        CLUSTERS.name: CLUSTERS.frame(clusters_frame(clusters)),
        ASIDE.name: ASIDE.frame(aside),
        WRONG_COPIES.name: WRONG_COPIES.frame(wrong),
        TREES.name: TREES.frame(rows.collect(patients, rows.tree_rows, params.max_trees)),
        CLONES.name: CLONES.frame(rows.collect(patients, rows.clone_rows)),
        SEEDING.name: seeding,
        MIGRATIONS.name: MIGRATIONS.frame(rows.collect(patients, rows.migration_rows)),
        DRIVERS.name: drivers,
        PROGRESSION.name: PROGRESSION.frame(rows.collect(patients, rows.progression_rows)),
        TIMING.name: TIMING.frame(rows.collect(clusters.patients.values(), rows.timing_rows)),
        GROWTH.name: GROWTH.frame(rows.collect(patients, rows.growth_rows)),
        SWEEPS.name: SWEEPS.frame(rows.collect(patients, rows.sweep_rows)),
        SAMPLE_TREES.name: SAMPLE_TREES.frame(rows.collect(patients, rows.sample_tree_rows)),
        PATIENTS.name: PATIENTS.frame([rows.patient_row(p) for p in patients]),
    }
    estimates = _estimates(cohort, params, patients, seeding, drivers, tables[VARIANTS.name])
    return Result(
        answer=_answer(estimates),
        headline=_headline(estimates),
        estimates=estimates,
        tables=tables,
        figures=tuple(_figures(params, patients, seeding)),
        people=_people(cohort, patients),
        samples_used=exclusions(
            (p.patient_id, s, "in the patient's tree") for p in patients for s in p.samples["sample_id"]
        ),
        notes=(*_notes(patients, seeding), *_aside_notes(aside, wrong), *borrowed_note(cohort.study)),
        methods=_METHODS,
    )


_METHODS = (
    "Clusters: Dirichlet process mixture of cell fractions over all samples of a patient, multiplicities integrated "
    "out, "
    "averaged over partitions. Trees: all trees under the sum rule (a parent's cell fraction is at least the sum of "
    "its "
    "children's; Strino 2013, Jiao 2014), each weighed by the integral over the cells of exactly each clone. A clone "
    "may "
    "have none, with a learned chance. Exact for up to 8 clones, else Markov chains.",
    "Seeding: on trees drawn by their probability and presence of clones drawn from the counts, the histories with "
    "fewest "
    "migrations and unseen clones, then comigrations, then seeding sites (El-Kebir 2018, Nat Genet 50:718). "
    "Polyclonal: "
    "more than one clone founded the lesion; polyphyletic: its founders are not on one line of descent.",
    "Each cluster is weighed against being artefacts (one fraction of the reads in every sample, excess depth, few "
    "chromosomes) and against being another clone's variants on a lost or gained allele, chromosome by chromosome. "
    "What is "
    "more likely no clone leaves the tree. Seeding is averaged over leaving out each clone by the chance that it is "
    "none, "
    "at least 2 %. A cluster of fewer than five variants, of less than 1 % of them, or on one chromosome founds no "
    "lesion "
    "alone.",
    "Divergence: early where the metastasis lacks variants that all cells of two or more primary regions carry (Al "
    "Bakir "
    "2023). From one region 83 % of late cases would be misread as early, so it is not assessable.",
    "Progression of two metastases is linear where migrations lead from one to the other, parallel where neither "
    "holds all "
    "founders of the other; else it cannot be told. A clonal variant on a gained segment is before the gain where it "
    "sits "
    "on all copies of the gained allele (Purdom 2013).",
    "Growth: slope of the logarithm of a clone's share, in plasma times the tumour fraction, over draws of trees and "
    "counts. Intervals of clones and growth are 90 %.",
)


#: Question of the ledger: whose tree there is.
TREE = "tree of several samples"


def _people(cohort: Cohort, patients: Sequence[PatientEvolution]) -> pl.DataFrame:
    """The patients with a tree, with what of their variants does not enter; and their samples."""
    everyone, left = cohort.study["patients"]["patient_id"], cohort.clusters.excluded
    with_tree = {p.patient_id for p in patients}
    single = [
        (p, "one usable tumour sample: clusters, but no tree and no seeding")
        for p in cohort.clusters.patients
        if p not in with_tree
    ]
    whole = left.filter(pl.col("sample_id").is_null()).select("patient_id", "reason")
    used = [(p.patient_id, s) for p in patients for s in p.samples["sample_id"]]
    lone = [(p, s, why) for p, why in single for s in cohort.clusters.patients[p].data.sample_ids]
    out = [*left.drop_nulls("sample_id").iter_rows(), *lone]
    none = "no tumour sample with a somatic variant"
    return ledger(
        [
            counted(TREE, everyone, sorted(with_tree), [*whole.iter_rows(), *single], rest=none),
            counted("samples in a tree", everyone, used, out, rest="no usable sample with variants", unit="sample"),
        ]
    )


def _bootstrap(
    frame: pl.DataFrame, value: pl.Expr, rng: np.random.Generator, n: int = 1000
) -> tuple[float | None, ...]:
    """Mean of a 0/1 column over rows with its interval, patients drawn again; None without rows.

    Where all rows agree drawing again shows nothing: then the limits are Clopper-Pearson's over patients.
    """
    per = frame.group_by("patient_id").agg(value.cast(pl.Float64).sum().alias("k"), pl.len().alias("n")).sort("k", "n")
    if per.is_empty():
        return None, None, None
    k, size = per["k"].to_numpy(), per["n"].to_numpy().astype(float)
    if len(k) < 5:
        return float(k.sum() / size.sum()), None, None
    if k.sum() in (0.0, size.sum()):
        low, high = clopper_pearson(len(k) if k.sum() else 0, len(k))
        return float(k.sum() / size.sum()), float(low), float(high)
    pick = rng.integers(0, len(k), (n, len(k)))
    drawn = k[pick].sum(1) / size[pick].sum(1)
    return float(k.sum() / size.sum()), float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


def _estimates(
    cohort: Cohort,
    params: EvolutionParams,
    patients: Sequence[PatientEvolution],
    seeding: pl.DataFrame,
    drivers: pl.DataFrame,
    variants: pl.DataFrame,
) -> tuple[Estimate, ...]:
    rng = generator(cohort.seed, "evolution")
    method = "patients drawn again"
    n_clones = [p.posterior.n_clone for p in patients]
    out = [
        Estimate("n_patients", len(patients), n=len(patients), unit="count", question=TREE),
        Estimate(
            "clones_per_patient",
            float(np.median(n_clones)) if n_clones else None,
            n=len(patients),
            method="median",
            unit="count",
            question=TREE,
        ),
    ]
    absent = variants.filter((pl.col("basis") != "not_assessable") & (pl.col("p_present") < 0.5))
    by_calls = absent.filter(pl.col("basis") == "assumed").height
    out.append(Estimate("absences_by_calls", by_calls, n=absent.height, unit="count"))
    mets = seeding.filter(pl.col("role") != "primary")
    sure = mets.filter(pl.col("probability") >= params.min_probability)
    value, low, high = _bootstrap(sure, pl.col("clonality") == "polyclonal", rng)
    out.append(Estimate("n_metastases", mets.height, n=mets.height, unit="count"))
    out.append(Estimate("polyclonal_fraction", value, low, high, sure.height, method, "fraction"))
    value, low, high = _bootstrap(
        sure.filter(pl.col("probability_phyleticity") >= params.min_probability),
        pl.col("phyleticity") == "polyphyletic",
        rng,
    )
    out.append(Estimate("polyphyletic_fraction", value, low, high, sure.height, method, "fraction"))
    timed = mets.filter(pl.col("divergence") != "not_assessable")
    value, low, high = _bootstrap(timed, pl.col("divergence") == "early", rng)
    out.append(Estimate("early_divergence_fraction", value, low, high, timed.height, method, "fraction"))
    assessed = drivers.filter(pl.col("n_metastases_assessed") > 0)
    shared = pl.col("n_metastases_present") == pl.col("n_metastases_assessed")
    several = assessed.filter((pl.col("n_metastases_assessed") > 1) & (pl.col("n_metastases_present") > 0))
    value, low, high = _bootstrap(several, shared, rng)
    out.append(Estimate("drivers_in_all_metastases", value, low, high, several.height, method, "fraction"))
    new = assessed.filter(pl.col("in_primary").is_not_null() & (pl.col("n_metastases_present") > 0))
    value, low, high = _bootstrap(new, ~pl.col("in_primary"), rng)
    out.append(Estimate("drivers_new_in_metastasis", value, low, high, new.height, method, "fraction"))
    return tuple(out)


def _headline(estimates: tuple[Estimate, ...]) -> Headline:
    """How metastases were founded; without a clear history, how many clones there are."""
    found = {e.name: e for e in estimates}
    patients, poly = int(found["n_patients"].value or 0), found["polyclonal_fraction"]
    absent = found["absences_by_calls"]
    by_calls = part("headline.evolution.by_calls", int(absent.value or 0), n=absent.n or 0)
    if poly.value is None:
        clones = found["clones_per_patient"]
        text = said("headline.evolution.clones", patients=patients, clones=clones, by_calls=by_calls)
        return Headline(text, "uncertain", said("reason.few_patients", n=patients), "clones_per_patient")
    text = said("headline.evolution.poly", share=poly, patients=patients, by_calls=by_calls)
    return Headline(text, *light_of(poly), poly.name)


def _answer(estimates: tuple[Estimate, ...]) -> str:
    known = {e.name for e in estimates if e.value is not None}
    text = (
        "The clones of {n_patients:value} patients with several tumour samples were found "
        "(median {clones_per_patient:value} per patient)."
    )
    if "polyclonal_fraction" in known:
        text += (
            " Of {n_metastases:value} metastases, those with a clear history were founded by several clones in "
            "{polyclonal_fraction}."
        )
    if "early_divergence_fraction" in known:
        text += " Where it can be told, {early_divergence_fraction} left the primary early."
    if "drivers_new_in_metastasis" in known:
        text += " Of the altered driver genes of metastases {drivers_new_in_metastasis} were not found in the primary."
    if next(e.value for e in estimates if e.name == "absences_by_calls"):
        text += (
            " Of the absences of a variant from a sample that this rests on, {absences_by_calls:value} are by calls "
            "alone: "
            "the reads were not counted there."
        )
    return text


def _notes(patients: Sequence[PatientEvolution], seeding: pl.DataFrame) -> tuple[str, ...]:
    notes = [
        "Seeding and migrations are the shortest history that fits; clones of lesions not sampled cannot appear in it."
    ]
    single = seeding.filter((pl.col("divergence") == "not_assessable") & (pl.col("n_missing_clonal") > 1)).height
    if single:
        notes.append(
            f"In {single} metastases variants clonal in the primary are missing, but the primary was sampled once (or "
            f"not "
            "at all): early divergence cannot be told from the sample's place in the primary."
        )
    without = sum(not p.clones.has_copy_number for p in patients)
    if without:
        notes.append(
            f"In {without} patients copy number is not known: two copies are assumed at every site. A larger error of "
            f"the "
            "cell fractions is used; gains and losses that differ between lesions can still look like clones."
        )
    unsettled = [
        p.patient_id for p in patients if (p.clustering.agreement if p.clustering.agreement is not None else 1) < 0.9
    ]
    if unsettled:
        notes.append(
            "Two sampling chains from different starts did not come to agree on who clusters with whom (column "
            "`agreement` "
            f"of evolution/clusters below 0.9) in: {', '.join(unsettled[:20])}."
        )
    most = ClusterParams().max_average
    large = [p.patient_id for p in patients if len(p.clustering.labels) > most]
    if large:
        notes.append(
            f"More than {most:,} variants are not averaged over partitions; the best one is taken, cell fractions and "
            f"intervals from a short chain around it: {', '.join(large[:20])}."
        )
    rough = [p.patient_id for p in patients if p.posterior.disagreement > 0.2]
    if rough:
        notes.append(
            f"Edges of the tree are uncertain by more than 0.2 from chain to chain in: {', '.join(rough[:20])}."
        )
    open_source = seeding["other_sources"].drop_nulls().len()
    if open_source:
        notes.append(
            f"{open_source} of {seeding.height} lesions may have come from another sampled lesion as well: it holds "
            f"all "
            "their founders (evolution/seeding, other_sources). The source named is that of the history with fewest "
            "sources."
        )
    placeless = [
        p.patient_id
        for p in patients
        if len(p.lesions) < 2 and p.samples.filter(pl.col("lesion_id").is_null(), pl.col("role") != "plasma").height
    ]
    if placeless:
        notes.append(
            "Tissue without a lesion (samples.lesion_id) has no place in a history: no seeding in "
            f"{', '.join(placeless[:20])}."
        )
    none = sum(p.primary is None for p in patients)
    if none:
        notes.append(
            f"{none} patients have no sample of the primary: sources outside the sampled lesions are called unknown."
        )
    return tuple(notes)


def _aside_notes(aside: pl.DataFrame, wrong: pl.DataFrame) -> tuple[str, ...]:
    """Say which clusters were taken as no clones and why, which copies the reads contradict, and what was tried."""
    words = {
        "copies": "sit on copies that the segments do not tell (an allele lost or gained, in all cells or some)",
        "artefact": "show one fraction of the reads in every sample, as mapping artefacts do",
    }
    out = []
    for reason, text in words.items():
        part = aside.filter(pl.col("reason") == reason)
        if part.height:
            people = part["patient_id"].unique().sort().to_list()
            out.append(
                f"{part.height} variants of {len(people)} patients looked like clones but {text}. They found no lesion "
                f"(evolution/set_aside)."
            )
    if wrong.height:
        named = wrong.group_by("sample_id", maintain_order=True).agg("chrom")
        words_of = [f"{s}: {', '.join(c[:8])}" for s, c in named.head(12).iter_rows()]
        out.append(
            f"The reads of {wrong.height} chromosomes of {named.height} samples contradict the copies told or assumed "
            f"(cell "
            f"fractions there may be off; evolution/wrong_copies): {'; '.join(words_of)}"
            f"{' ...' if named.height > 12 else ''}."
        )
    return tuple(out)


def _figures(params: EvolutionParams, patients: Sequence[PatientEvolution], seeding: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.migration import seeding_summary
    from oncourse.plots.theme import drawing

    figures = []
    if not seeding.is_empty():
        counts = {
            name: dict(Counter(seeding[column].to_list()))
            for name, column in (
                ("founders", "clonality"),
                ("lines", "phyleticity"),
                ("divergence", "divergence"),
            )
        }
        with drawing(7.0, 2.6) as canvas:
            seeding_summary(canvas.ax, counts)
        figures.append(
            Figure(
                "seeding",
                "How lesions were seeded",
                f"Most probable call of each of {seeding.height} lesions.",
                canvas.svg,
            )
        )
    chosen = sorted(patients, key=lambda p: (-len(p.lesions), -p.samples.height, p.patient_id))[: params.max_figures]
    for patient in sorted(chosen, key=lambda p: p.patient_id):
        figures += patient_figures(patient)
    return figures


def _how_probable(p: float) -> str:
    if p >= 0.1:
        return f"Most probable tree (probability {p:.2f})"
    return f"One of many trees that fit (probability {'below 0.01' if p < 0.01 else f'{p:.2f}'}): trust sure edges only"


def patient_figures(patient: PatientEvolution) -> list[Figure]:
    """Draw one patient: tree with samples, cell fractions, pairs of samples, migrations, clones over time."""
    from oncourse.plots.clones import ccf_heat_map, ccf_scatter
    from oncourse.plots.fish import fish
    from oncourse.plots.migration import MANY_LESIONS, migration_graph
    from oncourse.plots.theme import drawing
    from oncourse.plots.tree import clone_bars, clone_tree, n_leaves

    name, post = patient.patient_id, patient.posterior
    samples = patient.samples["sample_id"].to_list()
    clones = [f"C{patient.clone_id(k)}" for k in range(post.n_clone)]
    size = [int(patient.clustering.n_variants[k]) for k in patient.clusters]
    tree = [int(p) for p in post.trees[0]]
    support = [float(post.edge_support[p + 1, k]) for k, p in enumerate(tree)]
    height = max(3.2, 0.28 * len(samples) + 1.2)
    out: list[Figure] = []

    def add(key: str, title: str, caption: str, canvas: Any) -> None:
        out.append(Figure(f"{key}_{name}", f"{name}: {title}", caption, canvas.svg))

    width = float(np.clip(1.2 * n_leaves(tree) + 2, 9.5, 15.0))
    height = max(height, 0.85 * (1 + len(set(tree))) if n_leaves(tree) > 5 else 0.0)
    with drawing(width, height, columns=2) as canvas:
        labels = rows.driver_labels(patient)
        clone_bars(canvas.ax[1], post.fraction, clones, samples)  # first: the tree makes room in the place that is left
        clone_tree(canvas.ax[0], tree, clones, n_variants=size, support=support, labels=labels)
    add(
        "tree",
        "tree of clones and what each sample is made of",
        f"{_how_probable(float(post.probability[0]))}; numbers on edges: probability of the edge over all trees. "
        f"Fractions "
        "obey the sum rule.",
        canvas,
    )
    with drawing(min(11.0, 3.4 + 0.55 * len(clones)), max(2.2, 0.9 + 0.3 * len(samples))) as canvas:
        measured = np.where(patient.var > 0, patient.mean.clip(0, 1), np.nan)
        ccf_heat_map(canvas.ax, measured, clones, samples, size)
    add(
        "ccf",
        "cell fraction of each clone and its descendants",
        "Measured cell fractions; hatched: not looked at.",
        canvas,
    )
    if 2 <= len(samples) <= 8:
        side = len(samples) - 1
        with drawing(2.2 + 1.5 * side, 1.6 + 1.5 * side, rows=side, columns=side) as canvas:
            named = dict(zip(patient.clusters, clones, strict=True))
            found = patient.clustering
            ccf = np.where(patient.clones.depth > 0, found.variant_ccf_mean, np.nan)
            ccf_scatter(canvas.ax, ccf, found.labels, samples, named)
        add(
            "pairs",
            "variants in pairs of samples",
            "Cell fraction of each variant, coloured by clone; grey: none.",
            canvas,
        )
    if patient.seeding is not None:
        with drawing(*((7.6, 7.0) if len(patient.lesions) > MANY_LESIONS else (4.6, 4.2))) as canvas:
            migration_graph(canvas.ax, patient.lesions, patient.primary, patient.seeding.p_edge)
        add(
            "migration",
            "migrations between lesions",
            "Arrows: probability of at least one migration on this way.",
            canvas,
        )
    day = patient.samples["day"].to_numpy().astype(float)
    is_plasma = (patient.samples["role"] == "plasma").to_numpy() & ~np.isnan(day)
    if len(set(day[is_plasma])) > 1:
        with drawing(7.0, 3.2) as canvas:
            fish(canvas.ax, day[is_plasma], tree, post.fraction[:, is_plasma], clones)
        add(
            "fish",
            "clones in plasma over time",
            "Shares of the tumour-derived DNA on the most probable tree.",
            canvas,
        )
    return out
