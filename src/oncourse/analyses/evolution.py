"""Clones, their tree and how metastases were seeded, in every patient with several tumour samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Result, analysis, exclusions
from oncourse.analyses._evolution_figures import evolution_figures
from oncourse.analyses._evolution_tables import (
    ASIDE,
    CLONES,
    CLUSTERS,
    DRIVERS,
    GROWTH,
    MIGRATIONS,
    PATIENTS,
    PROGRESSION,
    SAMPLE_TREES,
    SEEDING,
    SWEEPS,
    TABLES,
    TIMING,
    TREES,
    VARIANTS,
    WRONG_COPIES,
)
from oncourse.analyses._headline import Headline, light_of, part, unless_assumed
from oncourse.analyses._people import counted, ledger
from oncourse.analyses._shares import share
from oncourse.cohort import Cohort
from oncourse.derive.clones import evolution_tables as rows
from oncourse.derive.clones.clusters import (
    aside_frame,
    clusters_frame,
    variants_frame,
    wrong_copies_frame,
)
from oncourse.derive.clones.evolution import EvolutionParams, PatientEvolution
from oncourse.derive.concordance.presence_inputs import borrowed_note
from oncourse.errors import NotEnoughData
from oncourse.evolution.clustering.types import ClusterParams
from oncourse.stats.medians import median_interval
from oncourse.words.catalogue import said
from oncourse.words.lists import first_of


@analysis(
    title="Clones, their tree and the seeding of metastases",
    question="Which clones make up the tumour, how do they descend from each other, and which founded the metastases?",
    needs=("calls", "samples"),
    params=EvolutionParams,
    tables=TABLES,
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
    sure = clear_histories(seeding, params.min_probability)
    uncopied = [p.patient_id for p in patients if not p.clones.has_copy_number]
    estimates = _estimates(cohort, params, patients, seeding, drivers, tables[VARIANTS.name])
    return Result(
        answer=_answer(estimates),
        headline=_headline(estimates, without_copies=sure["patient_id"].is_in(uncopied).any()),
        estimates=estimates,
        tables=tables,
        figures=tuple(evolution_figures(params, patients, seeding)),
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


def _share(name: str, frame: pl.DataFrame, is_so: pl.Expr) -> Estimate:
    """Share of rows, patients as clusters (`_shares.share`)."""
    return share(name, frame.select(is_so.alias("is_so"))["is_so"], frame["patient_id"])


def _estimates(
    cohort: Cohort,
    params: EvolutionParams,
    patients: Sequence[PatientEvolution],
    seeding: pl.DataFrame,
    drivers: pl.DataFrame,
    variants: pl.DataFrame,
) -> tuple[Estimate, ...]:
    n_clones = np.sort([float(p.posterior.n_clone) for p in patients])
    out = [
        Estimate("n_patients", len(patients), n=len(patients), unit="count", question=TREE),
        Estimate(
            "clones_per_patient",
            float(np.median(n_clones)) if len(n_clones) else None,
            *median_interval(n_clones),
            n=len(patients),
            method="median, order statistics",
            unit="count",
            question=TREE,
        ),
    ]
    absent = variants.filter((pl.col("basis") != "not_assessable") & (pl.col("p_present") < 0.5))
    by_calls = absent.filter(pl.col("basis") == "assumed").height
    out.append(Estimate("absences_by_calls", by_calls, n=absent.height, unit="count"))
    mets = seeding.filter(pl.col("role") != "primary")
    sure = clear_histories(seeding, params.min_probability)
    out.append(Estimate("n_metastases", mets.height, n=mets.height, unit="count"))
    out.append(_share("polyclonal_fraction", sure, pl.col("clonality") == "polyclonal"))
    clear = sure.filter(pl.col("probability_phyleticity") >= params.min_probability)
    out.append(_share("polyphyletic_fraction", clear, pl.col("phyleticity") == "polyphyletic"))
    timed = mets.filter(pl.col("divergence") != "not_assessable")
    out.append(_share("early_divergence_fraction", timed, pl.col("divergence") == "early"))
    shared = pl.col("n_metastases_present") == pl.col("n_metastases_assessed")
    present = pl.col("n_metastases_present") > 0
    several = drivers.filter((pl.col("n_metastases_assessed") > 1) & present)
    out.append(_share("drivers_in_all_metastases", several, shared))
    new = drivers.filter(pl.col("in_primary").is_not_null() & present)
    out.append(_share("drivers_new_in_metastasis", new, ~pl.col("in_primary")))
    return tuple(out)


def clear_histories(seeding: pl.DataFrame, min_probability: float) -> pl.DataFrame:
    """Return the metastases of which it is clear whether one clone or several founded them."""
    return seeding.filter((pl.col("role") != "primary") & (pl.col("probability") >= min_probability))


def _headline(estimates: tuple[Estimate, ...], *, without_copies: bool = False) -> Headline:
    """How metastases were founded; without a clear history, how many clones there are.

    without_copies : the history of a metastasis counts whose patient's copy numbers are not known: an allele that one
        lesion lost looks like a clone there (of crc_hu2019 three metastases of three were of several clones without
        segments, one of six with them)
    """
    found = {e.name: e for e in estimates}
    patients, poly = int(found["n_patients"].value or 0), found["polyclonal_fraction"]
    absent = found["absences_by_calls"]
    by_calls = part("headline.evolution.by_calls", int(absent.value or 0), n=absent.n or 0)
    if poly.value is None:
        clones = found["clones_per_patient"]
        text = said("headline.evolution.clones", patients=patients, clones=clones, by_calls=by_calls)
        return Headline(text, "uncertain", said("reason.few_patients", n=patients), "clones_per_patient")
    n = int(poly.n or 0)
    k = round(poly.value * n)
    if n == 1:
        text = said(f"headline.evolution.one_{'poly' if k else 'mono'}", by_calls=by_calls)
    elif k:
        text = said("headline.evolution.poly", k=k, n=n, share=poly, by_calls=by_calls)
    else:
        text = said("headline.evolution.mono", n=n, share=poly, by_calls=by_calls)
    if without_copies:
        return Headline(text, "uncertain", said("reason.copies"), poly.name)
    return unless_assumed(Headline(text, *light_of(poly), poly.name), absent.value, absent.n)


def _answer(estimates: tuple[Estimate, ...]) -> str:
    known = {e.name for e in estimates if e.value is not None}
    text = (
        "The clones of {n_patients:value} patients with several tumour samples were found "
        "(median {clones_per_patient:value} per patient)."
    )
    if "polyclonal_fraction" in known:
        text += (
            " Of {n_metastases:value} metastases, {polyclonal_fraction} of those with a clear history were founded by "
            "several clones."
        )
    if "early_divergence_fraction" in known:
        text += " Where it can be told, {early_divergence_fraction} of them left the primary early."
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
            "the cell fractions is used; gains and losses that differ between lesions can still look like clones. Of one "
            "clone or several is told only where fractions as they stand and presence alone both say so."
        )
    unsettled = [
        p.patient_id for p in patients if (p.clustering.agreement if p.clustering.agreement is not None else 1) < 0.9
    ]
    if unsettled:
        notes.append(
            "Two sampling chains from different starts did not come to agree on who clusters with whom (column "
            "`agreement` "
            f"of evolution/clusters below 0.9) in: {first_of(unsettled, 20)}."
        )
    most = ClusterParams().max_average
    large = [p.patient_id for p in patients if len(p.clustering.labels) > most]
    if large:
        notes.append(
            f"More than {most:,} variants are not averaged over partitions; the best one is taken, cell fractions and "
            f"intervals from a short chain around it: {first_of(large, 20)}."
        )
    rough = [p.patient_id for p in patients if p.posterior.disagreement > 0.2]
    if rough:
        notes.append(f"Edges of the tree are uncertain by more than 0.2 from chain to chain in: {first_of(rough, 20)}.")
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
            f"{first_of(placeless, 20)}."
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
            f"{f' ... ({named.height})' if named.height > 12 else ''}."
        )
    return tuple(out)
