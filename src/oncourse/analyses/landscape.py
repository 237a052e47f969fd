"""The cohort's genomic characteristics: how often each gene is altered, burden, groups, co-occurrence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, light_of
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_groups import compare_groups, compare_reference
from oncourse.derive.genes.gene_pairs import burden_model, co_occurrence, group_exclusivity
from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams, counted_samples
from oncourse.derive.genes.joint_fusions import joint_fusions, with_joint_fusions
from oncourse.derive.status.alterations import cancer_genes
from oncourse.errors import NotEnoughData
from oncourse.io.lists import read_reference
from oncourse.stats.proportions import clopper_pearson
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

if TYPE_CHECKING:
    from oncourse.derive.genes.gene_pairs import BurdenModel
    from oncourse.plots.oncoprint import Oncoprint

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
        Column("n_amplified", pl.Int64, "with an amplification (counted in every gene)"),
        Column("n_deleted", pl.Int64, "with a deep deletion (counted in every gene)"),
        Column("n_fusion", pl.Int64, "with a fusion"),
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
        Column("kinds", pl.String, "mutation, germline, amplification, deletion, fusion, joined by ;"),
        Column("changes", pl.String, "protein changes (effects where there is none), drivers first, joined by ;"),
        Column("samples", pl.String, "samples in which something was found, joined by ;"),
        Column("n_hits", pl.Int64, "different variants and events"),
        Column("driver", pl.String, "driver, or unknown: no rule says so"),
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

BLOOD = ("normal", "white_cells")
_LABELS = {
    "nonsense": "truncating",
    "frameshift": "truncating",
    "start_lost": "truncating",
    "stop_lost": "truncating",
    "splice_site": "splice",
    "missense": "missense",
    "inframe_deletion": "inframe",
    "inframe_insertion": "inframe",
}


def gene_table(status: GeneStatus, unit: str, hits: pl.DataFrame, alterations: pl.DataFrame) -> pl.DataFrame:
    """Return the genes table: counts by patient (any of its samples) or by sample, with exact intervals.

    The denominator is who was looked at on a mutation panel with the gene; events are counted wherever seen.
    """
    key = "patient_id" if unit == "patient" else "sample_id"
    altered = status.altered
    in_use = set(status.panels.samples["mutation"].drop_nulls())
    listed = {g for a, genes in status.panels.genes.items() if a in in_use and genes is not None for g in genes}
    genes = sorted(listed | set(altered["gene"]))

    def count(flag: str, name: str) -> pl.Expr:
        return pl.col(key).filter(pl.col(flag)).n_unique().cast(pl.Int64).alias(name)

    counts = altered.group_by("gene").agg(
        count("is_mutated", "n_mutated"),
        count("is_amplified", "n_amplified"),
        count("is_deleted", "n_deleted"),
        count("is_fused", "n_fusion"),
    )
    table = status.panels.n_profiled(genes, unit).join(counts, on="gene", how="left")
    table = table.join(
        status.altered_on_panel(key).group_by("gene").agg(pl.len().cast(pl.Int64).alias("n_altered")),
        on="gene",
        how="left",
    ).fill_null(0)
    for name, kind in (("n_profiled_copies", "cna"), ("n_profiled_fusions", "sv")):
        looked = status.panels.n_profiled(genes, unit, kind).rename({"n_profiled": name})
        table = table.join(looked, on="gene", how="left")
    table = table.join(_hit_counts(hits, alterations, key), on="gene", how="left").with_columns(
        pl.when(pl.col("gene").is_in(sorted(cancer_genes()))).then(pl.col(c).fill_null(0)).alias(c)
        for c in ("n_germline", "n_driver", "n_biallelic")
    )
    low, high = clopper_pearson(table["n_altered"].to_numpy(), table["n_profiled"].to_numpy())
    table = table.with_columns(
        frequency=(pl.col("n_altered") / pl.col("n_profiled")).fill_nan(None),
        ci_low=pl.Series(low).fill_nan(None),
        ci_high=pl.Series(high).fill_nan(None),
    )
    return GENES.frame(table.sort(["n_altered", "frequency", "gene"], descending=[True, True, False], nulls_last=True))


def _hit_counts(hits: pl.DataFrame, alterations: pl.DataFrame, key: str) -> pl.DataFrame:
    """gene, n_germline, n_driver, n_biallelic; both alleles are judged by patient, whatever is counted."""
    counts = hits.group_by("gene").agg(
        n_germline=pl.col(key).filter(pl.col("kind") == "germline").n_unique().cast(pl.Int64),
        n_driver=pl.col(key)
        .filter((pl.col("driver") == "driver") & (pl.col("kind") != "germline"))
        .n_unique()
        .cast(pl.Int64),
    )
    both = alterations.filter("is_biallelic").group_by("gene").agg(n_biallelic=pl.len().cast(pl.Int64))
    return counts.join(both, on="gene", how="full", coalesce=True)


def _class_table(calls: pl.DataFrame) -> pl.DataFrame:
    counts = calls.group_by(pl.col("consequence").fill_null("unknown")).len("n_variants")
    total = max(1, calls.height)
    return CLASSES.frame(
        counts.with_columns(fraction=pl.col("n_variants") / total).sort(
            ["n_variants", "consequence"], descending=[True, False]
        )
    )


def _msi(burden: pl.DataFrame, unit: str) -> list[Estimate]:
    key = "patient_id" if unit == "patient" else "sample_id"
    known = burden.drop_nulls("msi_status").filter(pl.col("msi_status") != "indeterminate")
    if known.is_empty():
        return []
    by_unit = known.group_by(key).agg((pl.col("msi_status") == "MSI-H").any().alias("high"))
    k, n = int(by_unit["high"].sum()), by_unit.height
    low, high = clopper_pearson(k, n)
    return [Estimate("msi_high", k / n, float(low), float(high), n, "Clopper-Pearson", "fraction", "MSI status")]


def _people(cohort: Cohort, profiled: pl.DataFrame, burden: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Patients and samples profiled for mutations, with a burden per Mb, and with a status of MSI."""
    everyone, none = cohort.study["patients"]["patient_id"], "no sample"
    samples = cohort.study["samples"]
    why = (
        pl.when(pl.col("material").is_in(BLOOD))
        .then(pl.lit("no tumour sample (normal or white cells)"))
        .otherwise(pl.lit("not profiled for mutations"))
    )
    out = samples.join(profiled, on="sample_id", how="anti").select("patient_id", "sample_id", why.alias("reason"))
    without = out.join(profiled, on="patient_id", how="anti").select("patient_id", "reason")
    sized = burden.drop_nulls("tmb_per_mb")
    unsized = profiled.join(sized, on="sample_id", how="anti").select(
        "patient_id", "sample_id", pl.lit("neither callable megabases nor a gene list known").alias("reason")
    )
    known = burden.drop_nulls("msi_status").filter(pl.col("msi_status") != "indeterminate")
    key = ["patient_id"] if unit == "patient" else ["patient_id", "sample_id"]
    untold = pl.lit("MSI not told, or indeterminate").alias("reason")
    return ledger(
        [
            counted("patients profiled", everyone, profiled, without, rest=none),
            counted("samples profiled", everyone, profiled, out, rest=none, unit="sample"),
            counted("burden per Mb", everyone, sized, pl.concat([out, unsized]), rest=none, unit="sample"),
            counted(
                "MSI status",
                everyone,
                known,
                burden.join(known, on=key, how="anti").select(*key, untold),
                rest="no tumour sample with a status of MSI",
                unit=unit,
            ),
        ]
    )


@analysis(
    title="Genomic landscape",
    question="Which genes are altered in this cohort, and how often?",
    needs=("samples", "calls|gene_copy_number|fusions"),
    params=LandscapeParams,
    tables=(GENES, ALTERATIONS, SAMPLES, CLASSES, GROUPS, PAIRS, GENE_GROUPS),
    order=10,
)
def landscape(cohort: Cohort, params: LandscapeParams) -> Result:
    """Frequency of altered genes with the right denominators, burden, groups, co-occurrence."""
    counted = counted_samples(cohort.study, cohort.panels, params.per_patient)
    status = cohort.gene_status.of_samples(counted) if params.unit == "patient" else cohort.gene_status
    calls, burden = cohort.annotated_calls, cohort.burden
    profiled = cohort.panels.samples.drop_nulls("mutation")
    if profiled.is_empty():
        raise NotEnoughData("No tumour sample was profiled for mutations.")
    hits = cohort.hits
    if params.unit == "patient" and params.per_patient != "all":
        hits = hits.filter(pl.col("sample_id").is_in(counted.implode()))
    genes = gene_table(status, params.unit, hits, cohort.alterations)
    estimates = [
        Estimate(
            "profiled_patients",
            profiled["patient_id"].n_unique(),
            unit="count",
            method="counted",
            question="patients profiled",
        ),
        Estimate("profiled_samples", profiled.height, unit="count", method="counted", question="samples profiled"),
    ]
    # one fusion of two genes is one line of the answer and the figures; the table holds both genes as they are
    joint = joint_fusions(cohort.study["fusions"], status)
    whole = with_joint_fusions(status, cohort.study["fusions"], joint)
    shown = gene_table(whole, params.unit, hits, cohort.alterations) if joint.height else genes
    top = shown.filter(pl.col("n_altered") > 0).head(params.top_genes)
    estimates += [
        Estimate(
            f"frequency:{r['gene']}",
            r["frequency"],
            r["ci_low"],
            r["ci_high"],
            r["n_profiled"],
            "Clopper-Pearson",
            "fraction",
        )
        for r in top.iter_rows(named=True)
    ]
    answer = "In {profiled_patients} profiled patients ({profiled_samples} samples) "
    named = [(r, e) for r, e in zip(top["gene"], estimates[2:], strict=False)][:3]
    answer += (
        "the genes most often altered were " + "; ".join(f"{_plain(g)}, {e}" for g, e in named) + "."
        if named
        else "no gene was altered."
    )
    sized = burden.drop_nulls("tmb_per_mb")
    if sized.height:
        estimates.append(
            Estimate(
                "median_tmb",
                float(np.median(sized["tmb_per_mb"].to_numpy())),
                n=sized.height,
                unit="per_mb",
                method="median over samples",
                question="burden per Mb",
            )
        )
        answer += " The median burden was {median_tmb}."
    estimates += (msi := _msi(burden, params.unit))
    if msi:
        answer += " MSI-H: {msi_high}."
    model = burden_model(cohort.study, cohort.gene_status.of_samples(counted), params)
    pairs = co_occurrence(model, params)
    tables = {
        GENES.name: genes,
        ALTERATIONS.name: ALTERATIONS.frame(cohort.alterations),
        SAMPLES.name: SAMPLES.frame(burden),
        CLASSES.name: _class_table(calls),
        GROUPS.name: GROUPS.frame(),
        PAIRS.name: PAIRS.frame(pairs),
        GENE_GROUPS.name: GENE_GROUPS.frame(group_exclusivity(model, params)),
    }
    notes = _notes(cohort, burden, params)
    if joint.height:
        notes = (
            f"{', '.join(joint['joint'])}: one fusion is one line of the answer and the figures; "
            "landscape/genes holds both its genes with all that alters them.",
            *notes,
        )
    groups = cohort.sample_groups(params.group_by)
    if groups is not None:
        tables[GROUPS.name] = GROUPS.frame(compare_groups(status, groups, params))
    if params.reference is not None:
        against = compare_reference(genes, read_reference(Path(params.reference)))
        tables[GROUPS.name] = GROUPS.frame(pl.concat([tables[GROUPS.name], GROUPS.frame(against)]))
    hits = tables[GROUPS.name].filter(pl.col("q_value") < 0.05)
    if tables[GROUPS.name].height:
        estimates.append(
            Estimate(
                "genes_that_differ",
                hits.height,
                n=tables[GROUPS.name].height,
                unit="count",
                method="Fisher's exact test, FDR below 5 %",
            )
        )
        answer += " Frequencies differ between the groups in {genes_that_differ} gene comparisons at an FDR of 5 %."
    return Result(
        answer=answer,
        headline=_headline(named, estimates[0]),
        estimates=tuple(estimates),
        tables=tables,
        figures=tuple(_figures(cohort, whole, top, burden, tables, groups, params)),
        people=_people(cohort, profiled, burden, params.unit),
        samples_used=profiled.select(
            "patient_id", "sample_id", pl.lit("every profiled tumour sample counts").alias("reason")
        ),
        notes=notes,
        methods=(
            "Altered: a protein-changing or splice-site (+-2 bp) mutation, a fusion, a deep deletion of a suppressor, "
            "an amplification of an oncogene; genes of unknown role count both (landscape.copy_number = "
            f"{params.copy_number}).",
            "Driver: a truncating or splice-site change of a suppressor, a listed pathogenic change, a hotspot "
            "residue, an "
            "amplified oncogene, a deleted suppressor, a fusion of either (genes.tsv, hotspots.tsv, pathogenic.tsv). "
            "Everything else is not classified, which is not 'passenger'. Both alleles: two losses, or one and "
            "the other lost.",
            "Denominator: patients with a sample on whose panel the gene is; a gene off the panel is not assessed.",
            "Intervals: Clopper-Pearson 1934; burden: Garwood 1936. Groups: Fisher's exact test with the conditional "
            "odds ratio, Benjamini-Hochberg 1995.",
            "Co-occurrence: Poisson-binomial given each patient's burden (Canisius 2016, doi "
            "10.1186/s13059-016-1114-x); plain Fisher tests call burden co-occurrence. " + _strata_words(model, params),
        ),
    )


def _strata_words(model: BurdenModel | None, params: LandscapeParams) -> str:
    """Say who counted once and in which strata the burden model was fitted."""
    rule = {"all": "all their samples together", "first": "their first sample", "last": "their last sample"}
    within = f"within strata of {' and '.join(model.strata)}" if model and model.strata else "in one stratum"
    return f"Patients with several samples count once, with {rule[params.per_patient]}; the model is fitted {within}."


def _headline(named: list[tuple[str, Estimate]], patients: Estimate) -> Headline:
    """The genes most often altered."""
    n = int(patients.value or 0)
    if not named:
        return Headline(said("headline.landscape.none", n=n), "answered", said("reason.counted"), patients.name)
    genes = [said("headline.landscape.gene", gene=gene, share=e) for gene, e in named]
    return Headline(said("headline.landscape.genes", genes=genes, n=n), *light_of(named[0][1]), named[0][1].name)


def _plain(text: str) -> str:
    """Keep the braces of a name out of the sentence template."""
    return text.replace("{", "(").replace("}", ")")


def _notes(cohort: Cohort, burden: pl.DataFrame, params: LandscapeParams) -> tuple[str, ...]:
    notes = []
    for basis, words in (
        ("estimated", "the coding length of their gene list"),
        ("assumed", f"an assumed exome size ({cohort.settings.get('burden', {}).get('exome_mb', 30.0)} Mb)"),
    ):
        n = burden.filter(pl.col("callable_basis") == basis).height
        if n:
            notes.append(f"The burden of {n} samples rests on {words}; assays.callable_mb overrides it.")
    unknown = burden.filter(pl.col("callable_mb").is_null()).height
    if unknown:
        notes.append(f"{unknown} samples have no burden per Mb: neither callable_mb nor a gene list is known.")
    unread = cohort.gene_status.panels.unread
    if unread.height:
        genes = unread["gene"].unique().sort()
        shown = ", ".join(genes.head(6)) + (" ..." if len(genes) > 6 else "")
        notes.append(
            f"Mutations of unknown effect were called in {unread.height:,} samples and genes ({shown}): neither "
            f"altered nor "
            "wild type, these are in no share of their genes."
        )
    if cohort.panels.samples["cna"].is_null().all():
        notes.append("No gene copy number: amplifications and deep deletions are not assessed.")
    if not cohort.study.has("fusions"):
        notes.append("No fusions table: fusions are not assessed.")
    notes.append("Gene comparisons and co-occurrence are exploratory.")
    return tuple(notes)


def _figures(
    cohort: Cohort,
    status: GeneStatus,
    top: pl.DataFrame,
    burden: pl.DataFrame,
    tables: dict[str, pl.DataFrame],
    groups: pl.DataFrame | None,
    params: LandscapeParams,
) -> list[Figure]:
    from oncourse.plots.bars import count_bars, grouped_points, interval_bars
    from oncourse.plots.oncoprint import oncoprint_svg

    if top.is_empty():
        return []
    figures = [
        Figure(
            "oncoprint",
            "Oncoprint",
            "Genes by frequency, samples sorted; grey where the gene was not on the "
            "sample's panel; the foot of a cell: both "
            "alleles hit, or a germline hit.",
            oncoprint_svg(oncoprint_data(cohort, status, top, burden, groups)),
        ),
        Figure(
            "gene_frequency",
            "Frequency of altered genes",
            f"Share of {params.unit}s in whom the gene was looked at, with the exact 95 % interval and counts.",
            interval_bars(
                top["gene"].to_list(),
                top["frequency"].to_list(),
                top["ci_low"].to_list(),
                top["ci_high"].to_list(),
                [f"{a}/{n}" for a, n in top.select("n_altered", "n_profiled").iter_rows()],
                xlabel=f"{params.unit}s with an alteration",
            ),
        ),
    ]
    if (pairs := tables[PAIRS.name]).height:
        from oncourse.plots.exclusivity import exclusivity_svg

        figures.append(
            Figure(
                "exclusivity",
                "Genes that exclude or accompany each other",
                "Each cell a pair of genes, over "
                "what burden and stratum explain: blue together less often, orange more. A ring: FDR below 5 %. A "
                "dot: the "
                f"power for an odds ratio of {params.pair_odds:g} (or its inverse) is below 20 %, so nothing found "
                f"says "
                "nothing. Table landscape/pairs.",
                exclusivity_svg(pairs, params.top_genes),
            )
        )
    sized = burden.drop_nulls("tmb_per_mb")
    if sized.height:
        if groups is not None:
            joined = sized.join(groups, on="sample_id", how="inner").drop_nulls("group")
        else:
            joined = sized.with_columns(group=pl.col("msi_status").fill_null("MSI not assessed"))
        parts = {str(k[0]): g["tmb_per_mb"].to_list() for k, g in sorted(joined.group_by(["group"]))}
        parts = dict(sorted(parts.items(), key=lambda item: -len(item[1]))[:8])
        if parts:
            figures.append(
                Figure(
                    "burden",
                    "Mutational burden",
                    "Mutations per megabase of each sample, sorted; the line is the median.",
                    grouped_points(parts, ylabel="mutations per Mb"),
                )
            )
    classes = tables[CLASSES.name]
    if classes.height:
        counts = dict(classes.select("consequence", "n_variants").head(12).iter_rows())
        figures.append(
            Figure(
                "classes",
                "Variant classes",
                "Called somatic variants by effect, all samples.",
                count_bars(counts, xlabel="called variants"),
            )
        )
    return figures


def oncoprint_data(
    cohort: Cohort, status: GeneStatus, top: pl.DataFrame, burden: pl.DataFrame, groups: pl.DataFrame | None
) -> Oncoprint:
    """Arrange the oncoprint's numbers: see `oncourse.plots.oncoprint.Oncoprint`."""
    from oncourse.plots.oncoprint import COPY_KINDS, MUTATION_KINDS, Oncoprint

    samples = _by_role(cohort, status.panels.samples.drop_nulls("mutation"))
    genes, ids = top["gene"].to_list(), samples["sample_id"].to_list()
    column = {s: i for i, s in enumerate(ids)}
    row = {g: i for i, g in enumerate(genes)}
    looked = np.zeros((len(genes), len(ids)), bool)
    mutation, copy = np.zeros(looked.shape, np.int8), np.zeros(looked.shape, np.int8)
    assays = samples["mutation"].to_numpy()
    for gene, i in row.items():
        looked[i] = np.isin(assays, status.panels.assays_with(gene))
    events = status.altered.filter(pl.col("gene").is_in(genes) & pl.col("is_altered") & pl.col("sample_id").is_in(ids))
    for event in events.iter_rows(named=True):
        i, j = row[event["gene"]], column[event["sample_id"]]
        if event["is_mutated"]:
            mutation[i, j] = 1 + MUTATION_KINDS.index(_LABELS.get(event["effect"] or "", "other"))
        for flag, kind in (
            ("is_fused", "fusion"),
            ("is_deleted", "deletion"),
            ("is_amplified", "amplification"),
        ):
            if event[flag]:
                copy[i, j] = 1 + COPY_KINDS.index(kind)
    facts = (
        samples.select("sample_id")
        .join(
            cohort.study["samples"].select("sample_id", "material", "lesion_id"),
            on="sample_id",
            how="left",
            maintain_order="left",
        )
        .join(burden.select("sample_id", "msi_status"), on="sample_id", how="left", maintain_order="left")
    )
    roles = cohort.study["lesions"].select("lesion_id", "role")
    facts = facts.join(roles, on="lesion_id", how="left", maintain_order="left")
    tracks: dict[str, list[str | None]] = {}
    for name, label in (("material", "material"), ("role", "lesion"), ("msi_status", "MSI")):
        if facts[name].n_unique() > 1:
            tracks[label] = facts[name].to_list()
    if groups is not None:
        tracks["group"] = facts.join(groups, on="sample_id", how="left", maintain_order="left")["group"].to_list()
    tmb = samples.join(burden.select("sample_id", "tmb_per_mb"), on="sample_id", how="left", maintain_order="left")
    values = tmb["tmb_per_mb"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return Oncoprint(
        genes,
        looked,
        mutation,
        copy,
        top["frequency"].to_list(),
        tracks,
        values if np.isfinite(values).any() else None,
        _marks(cohort, row, samples),
        ids,
        samples["patient_id"].to_list(),
    )


def _by_role(cohort: Cohort, samples: pl.DataFrame) -> pl.DataFrame:
    """Sort the samples of each patient: primary, local recurrence, metastasis, then without a lesion (blood); by
    day."""
    facts = (
        cohort.study["samples"]
        .select("sample_id", "lesion_id", "day")
        .join(cohort.study["lesions"].select("lesion_id", "role"), on="lesion_id", how="left")
    )
    rank = pl.col("role").replace_strict(
        {"primary": 0, "local_recurrence": 1, "metastasis": 2}, default=3, return_dtype=pl.Int8
    )
    return (
        samples.join(facts, on="sample_id", how="left")
        .sort("patient_id", rank, "day", "sample_id", nulls_last=True)
        .select(samples.columns)
    )


def _marks(cohort: Cohort, row: dict[str, int], samples: pl.DataFrame) -> np.ndarray:  # type: ignore[type-arg]
    """Return (gene, sample): 1 where both alleles of the patient's gene are hit and the sample shows a hit, 2:
    germline."""
    column = {s: i for i, s in enumerate(samples["sample_id"])}
    own = dict(samples.group_by("patient_id").agg("sample_id").iter_rows())
    marks = np.zeros((len(row), len(column)), np.int8)
    germline = cohort.hits.filter((pl.col("kind") == "germline") & pl.col("gene").is_in(list(row)))
    for patient, gene in germline.select("patient_id", "gene").unique().iter_rows():
        marks[row[gene], [column[s] for s in own.get(patient, ())]] = 2
    both = cohort.alterations.filter("is_biallelic").filter(pl.col("gene").is_in(list(row)))
    for gene, ids in both.select("gene", "samples").iter_rows():
        marks[row[gene], [column[s] for s in ids.split(";") if s in column]] = 1
    return marks
