"""Which genes are mutated more often than chance: candidates for drivers, counted by patient."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline
from oncourse.analyses._people import counted
from oncourse.cohort import Cohort
from oncourse.derive.genes.driver_contexts import GeneContexts, gene_contexts
from oncourse.derive.genes.driver_genes import DriverParams, driver_genes, least_found, tested_genes
from oncourse.derive.genes.spectra import SignatureParams, variant_classes
from oncourse.errors import NotEnoughData
from oncourse.genome.annotate import Reference
from oncourse.knowledge.findings import BLOOD_ORIGINS
from oncourse.study.schema import Column
from oncourse.words.catalogue import said
from oncourse.words.lists import first_of

_T, _F, _I = pl.String, pl.Float64, pl.Int64
GENES = OutputTable(
    "drivers/genes",
    "genes tested for more changes than chance makes",
    (
        Column("gene", _T, "HGNC symbol"),
        Column("n_patients", _I, "patients looked at, hypermutated ones left out"),
        Column("n_mutated", _I, "of these, with a protein-changing or splice-site mutation"),
        Column("expected", _F, "by the patients' burden, the gene's length and its silent mutations"),
        Column("ratio", _F, "n_mutated / expected", unit="ratio"),
        Column(
            "context_ratio",
            _F,
            "changes that the cohort's spectrum makes in this gene's bases, against the average gene, in expected; "
            "null: its bases are not known, taken as average",
            unit="ratio",
        ),
        Column("n_changes", _I, "different changes, by patient"),
        Column("n_truncating", _I, "of these truncating or at a splice site"),
        Column("top_codon", _I, "codon hit in most patients (truncating changes left out)"),
        Column("n_top_codon", _I, "patients hit there"),
        Column("p_burden", _F, "more patients than expected"),
        Column("p_truncating", _F, "more truncating changes than genes of no known role have"),
        Column("p_hotspot", _F, "one codon hit again and again"),
        Column("p_value", _F, "the three together (Cauchy combination)"),
        Column("q_value", _F, "false discovery rate over all genes looked at"),
        Column("role", _T, "role in genes.tsv; null: in neither list"),
        Column("caution", _T, "what to check before it is believed"),
        Column("patients", _T, "the patients, joined by ;"),
    ),
)
#: The question of the ledger.
SEARCHED = "patients searched for drivers"
#: Fewer patients than this find only the strongest drivers (Lawrence 2014, doi 10.1038/nature12912: hundreds are
#: needed).
LOW_POWER = 200
#: Genes that the line of page one names; where more are found, the five clearest.
MOST_TOLD = 8


@analysis(
    title="Driver genes",
    question="Which genes are mutated more often than expected by chance?",
    needs=("samples", "calls"),
    params=DriverParams,
    tables=(GENES,),
    order=14,
)
def drivers(cohort: Cohort, params: DriverParams) -> Result:
    """Test genes against burden, length and their silent mutations; by patient."""
    people = _people(cohort, params)
    patients = people.filter("is_in")["patient_id"].unique().sort().to_list()
    if len(patients) < params.min_patients:
        raise NotEnoughData(f"{len(patients)} patients without hypermutation; a search needs {params.min_patients}.")
    calls, of_blood = _of_the_tumour(cohort)
    contexts = _contexts(cohort, calls, patients, params)
    table = driver_genes(calls, cohort.panels, patients, params, contexts)
    sure = table.filter((pl.col("q_value") < 0.05) & pl.col("caution").is_null())
    estimates = (
        Estimate("patients_searched", len(patients), unit="count", method="counted", question=SEARCHED),
        Estimate("genes_found", sure.height, unit="count", method="FDR below 5 %, none to be checked first"),
        Estimate(
            "genes_to_check",
            table.filter((pl.col("q_value") < 0.05) & pl.col("caution").is_not_null()).height,
            unit="count",
            method="FDR below 5 %, but one site again and again in a gene of no known role",
        ),
    )
    names = ", ".join(sure["gene"].head(8))
    return Result(
        answer="In {patients_searched} patients, {genes_found} genes are mutated more often than expected by chance"
        + (f": {names}{' ...' if sure.height > 8 else ''}." if names else ".")
        + _of_no_known_role(sure)
        + (" {genes_to_check} more look like artefacts of calling." if estimates[2].value else ""),
        estimates=estimates,
        tables={GENES.name: GENES.frame(table)},
        figures=tuple(_figures(table)),
        people=people,
        samples_used=cohort.panels.samples.filter(pl.col("patient_id").is_in(patients))
        .select("patient_id", "sample_id", pl.lit("all samples of a patient together").alias("reason"))
        .sort("sample_id"),
        notes=_notes(cohort, calls, patients, contexts, table) + _set_aside(of_blood),
        headline=_headline(estimates, sure),
        methods=(
            "Expected: a patient's changes in all other genes per codon looked at, times its codons (chance of one and "
            "more). The gene's own rate comes from its silent mutations, spread between genes as among genes "
            "of no known role. "
            "Truncating: their share against genes of no known role. Hotspot: the most hit codon, changes fall on the "
            "mutable codons. Joined by the Cauchy combination (Liu 2020); FDR over all genes looked at. No covariates "
            "(expression, replication time): a simple model.",
            "Trinucleotide context: the cohort's mutations of each of 96 classes per site that has it, over the "
            "substitutions of the gene's coding bases (silent, altering, truncating), against the average gene. "
            "A gene whose bases are not known is taken as average (context_ratio is empty).",
        ),
    )


def _of_no_known_role(found: pl.DataFrame) -> str:
    """Which found genes neither list knows: of all that an FDR of 5 % lets through they are most likely by chance."""
    new = found.filter(pl.col("role").is_null())["gene"].to_list()
    return f" Of no known role in cancer, so to be confirmed in other patients: {first_of(new, 8)}." if new else ""


def _of_the_tumour(cohort: Cohort) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The called mutations without those that are, or may be, of a blood clone; and those."""
    blood = [(p, v) for (p, v), kind in cohort.seen_variants.blood.items() if kind in BLOOD_ORIGINS]
    keys = ["patient_id", "variant_id"]
    of_blood = pl.DataFrame(blood, schema=dict.fromkeys(keys, pl.String), orient="row")
    calls = cohort.annotated_calls
    return calls.join(of_blood, on=keys, how="anti"), calls.join(of_blood, on=keys, how="semi")


def _set_aside(of_blood: pl.DataFrame) -> tuple[str, ...]:
    """What was left out as of the blood, in words."""
    altering = of_blood.filter(pl.col("is_altering"))
    if altering.is_empty():
        return ()
    genes = altering["gene"].drop_nulls().unique().sort().to_list()
    n = altering.select("patient_id", "variant_id").n_unique()
    return (f"{n} mutations that are, or may be, of a blood clone are left out: {first_of(genes, 6)}.",)


def _contexts(cohort: Cohort, called: pl.DataFrame, patients: list[str], params: DriverParams) -> GeneContexts | None:
    """The cohort's spectrum beside the bases of the tested genes, where the bases around the mutations are known."""
    fasta = cohort.params(SignatureParams).fasta
    if fasta is None and cohort.study["variants"]["context"].null_count() == cohort.study["variants"].height:
        return None
    calls = called.filter(pl.col("patient_id").is_in(patients))
    reference = Reference(Path(fasta), Path(params.gff) if params.gff else None) if fasta else None
    genes = tested_genes(calls, patients, params)
    classes = variant_classes(cohort.study, fasta)
    return gene_contexts(calls, classes, genes, reference, cohort.study.config.genome_build)


def _people(cohort: Cohort, params: DriverParams) -> pl.DataFrame:
    """Patients profiled for mutations; out: hypermutated ones."""
    rows = cohort.hypermutation
    high = (
        (pl.col("p_msi_high") + pl.col("p_hypermutated") > 0.5) | (pl.col("tmb_per_mb") > params.max_per_mb)
    ).fill_null(False)
    by = rows.group_by("patient_id").agg(is_high=(high | (pl.col("msi_recorded") == "MSI-H").fill_null(False)).any())
    out = by.filter("is_high").select("patient_id", pl.lit("hypermutated: a spectrum of its own").alias("reason"))
    return counted(
        SEARCHED,
        cohort.study["patients"]["patient_id"],
        by.filter(~pl.col("is_high")),
        out,
        rest="no tumour sample profiled for mutations",
    )


def _notes(
    cohort: Cohort, calls: pl.DataFrame, patients: list[str], contexts: GeneContexts | None, table: pl.DataFrame
) -> tuple[str, ...]:
    notes = _power(cohort, calls, patients)
    kinds = set(cohort.study["assays"]["kind"].drop_nulls())
    if "panel" in kinds:
        notes.append("Panels hold drivers by choice: the expected number rests on them, and the search is too strict.")
    if not (calls["consequence"] == "synonymous").any():
        notes.append("No silent mutations are reported: a gene's own rate is not known, only how rates vary.")
    if contexts is None:
        notes.append("The bases around the mutations are not used: run with --fasta and --gff (gene models).")
    else:
        known = table["context_ratio"].is_not_null().sum()
        notes.append(f"The bases of {known} of {table.height} tested genes are known ({contexts.source}).")
    notes.append("Long, late-replicating genes (CSMD3, LRP1B) are not corrected for beyond their silent mutations.")
    return tuple(notes)


def _power(cohort: Cohort, calls: pl.DataFrame, patients: list[str]) -> list[str]:
    """What a search of this size can find, in words."""
    n = len(patients)
    low = [f"{n} patients have low power: a gene that is not found may well be a driver."] if n < LOW_POWER else []
    least = least_found(calls, cohort.panels, patients)
    if least is None:
        return [*low, "No number of changed patients would find a gene of median length by its burden alone."]
    k, share = least
    many = f"A gene of median length is found by its burden alone once it is mutated in {k} patients."
    return [*low, f"{many} A gene mutated in {100 * share:.2g} % of patients would be found with a chance of 80 %."]


def _headline(estimates: tuple[Estimate, ...], sure: pl.DataFrame) -> Headline:
    n, found = estimates[0], estimates[1]
    if sure.is_empty():
        words = said("headline.drivers.none", n=int(n.value or 0))
        return Headline(words, "uncertain", said("reason.nothing_found"), n.name)
    genes = [str(g) for g in sure["gene"].head(MOST_TOLD if sure.height <= MOST_TOLD else 5)]
    key = "headline.drivers.found" + ("_first" if sure.height > len(genes) else "")
    words = said(key, k=int(found.value or 0), genes=genes, n=int(n.value or 0))
    return Headline(words, "answered", said("reason.corrected"), found.name)


def _figures(table: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.drivers import drivers_svg

    if table.is_empty():
        return []
    shown = table.head(400)
    sure, check = (shown["q_value"] < 0.05).to_numpy(), shown["caution"].is_not_null().to_numpy()
    return [
        Figure(
            "genes",
            "Mutated more often than expected by chance",
            "Each gene by the patients expected and seen; orange: FDR "
            "below 5 %, grey ring: to be checked for an artefact first. Table drivers/genes.",
            partial(
                drivers_svg,
                shown["gene"].to_list(),
                shown["expected"].to_numpy(),
                shown["n_mutated"].to_numpy(),
                sure,
                check,
                shown["patients"].to_list(),
            ),
        )
    ]
