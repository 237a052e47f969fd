"""The cohort's genomic characteristics: how often each gene is altered, burden, groups, co-occurrence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.analyses._base import Estimate, Result, analysis
from oncourse.analyses._headline import Headline, light_of
from oncourse.analyses._landscape_figures import FEWEST_PAIRS, landscape_figures
from oncourse.analyses._landscape_tables import (
    ALTERATIONS,
    CLASSES,
    GENE_GROUPS,
    GENES,
    GROUPS,
    PAIRS,
    SAMPLES,
)
from oncourse.analyses._people import counted, ledger
from oncourse.analyses._shares import median
from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_groups import compare_groups, compare_reference
from oncourse.derive.genes.gene_pairs import BurdenModel, burden_model, co_occurrence, group_exclusivity
from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams, counted_samples, within_gene_alone
from oncourse.derive.genes.joint_fusions import joint_fusions, with_joint_fusions
from oncourse.derive.genes.kinds_alike import KINDS, alike, counting, in_words, shares_by_group
from oncourse.derive.genes.pairs_apart import FOUND, hypermutated, with_apart
from oncourse.derive.status.alterations import cancer_genes
from oncourse.errors import NotEnoughData
from oncourse.io.lists import read_reference
from oncourse.stats.proportions import clopper_pearson
from oncourse.words.catalogue import braceless, said
from oncourse.words.lists import first_of

if TYPE_CHECKING:
    from oncourse.derive.genes.gene_pairs import BurdenModel

BLOOD = ("normal", "white_cells")
#: Genes that the answer names.
GENES_NAMED = 3
#: What one part of the answer estimates, and its sentence.
Part = tuple[list[Estimate], str]


def gene_table(
    status: GeneStatus,
    unit: str,
    hits: pl.DataFrame,
    alterations: pl.DataFrame,
    blood: Mapping[str, set[str]] | None = None,
) -> pl.DataFrame:
    """Return the genes table: counts by patient (any of its samples) or by sample, with exact intervals.

    The denominator is who was looked at on a mutation panel with the gene; events are counted wherever seen.
    blood : gene -> patients whose mutations of it may all be of a blood clone
    """
    key = "patient_id" if unit == "patient" else "sample_id"
    altered = status.altered
    in_use = set(status.panels.samples["mutation"].drop_nulls())
    listed = {g for a, genes in status.panels.genes.items() if a in in_use and genes is not None for g in genes}
    # of an exome nobody lists the genes: one that is hit in the germline alone has its row too
    inherited = hits.filter(pl.col("kind") == "germline")["gene"].drop_nulls()
    genes = sorted(listed | set(altered["gene"].unique()) | set(inherited))

    table = status.panels.n_profiled(genes, unit)
    events = {
        "n_mutated": pl.col("is_mutated"),
        "n_amplified": pl.col("is_amplified"),
        "n_deleted": pl.col("is_deleted"),
        "n_fusion": pl.col("is_fused"),
        "n_within_gene": within_gene_alone(),
    }
    for name, flag in events.items():
        counts = status.once(altered.filter(flag).select("gene", key), key).group_by("gene").len(name)
        table = table.join(counts.with_columns(pl.col(name).cast(pl.Int64)), on="gene", how="left")
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
    maybe = {gene: len(patients) for gene, patients in (blood or {}).items()}
    table = table.with_columns(
        n_maybe_blood=pl.col("gene").replace_strict(maybe, default=0, return_dtype=pl.Int64) if maybe else pl.lit(0)
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


def _msi(burden: pl.DataFrame, unit: str) -> Part:
    """The share whose tumour is MSI-H, of those that were told."""
    key = "patient_id" if unit == "patient" else "sample_id"
    known = burden.drop_nulls("msi_status").filter(pl.col("msi_status") != "indeterminate")
    if known.is_empty():
        return [], ""
    by_unit = known.group_by(key).agg((pl.col("msi_status") == "MSI-H").any().alias("high"))
    k, n = int(by_unit["high"].sum()), by_unit.height
    low, high = clopper_pearson(k, n)
    share = Estimate("msi_high", k / n, float(low), float(high), n, "Clopper-Pearson", "fraction", "MSI status")
    return [share], " MSI-H: {msi_high}."


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
    blood = _maybe_blood(cohort)
    genes = gene_table(status, params.unit, hits, cohort.alterations, blood)
    # one fusion of two genes is one line of the answer and the figures; the table holds both genes as they are
    joint = joint_fusions(cohort.study["fusions"], status)
    whole = with_joint_fusions(status, cohort.study["fusions"], joint)
    shown = gene_table(whole, params.unit, hits, cohort.alterations, blood) if joint.height else genes
    top = shown.filter(pl.col("n_altered") > 0).head(params.top_genes)
    looked, frequencies = _profiled(profiled), [_frequency(row) for row in top.iter_rows(named=True)]
    named = list(zip(top["gene"], frequencies, strict=True))[:GENES_NAMED]
    told = {gene: patients for gene, patients in blood.items() if gene in {g for g, _ in named}}
    by_patient = cohort.gene_status.of_samples(counted)
    model = burden_model(cohort.study, by_patient, params)
    pairs = co_occurrence(model, params)
    unlike = _hypermutated(cohort, model, pairs)
    pairs = with_apart(pairs, cohort.study, by_patient, params, unlike)
    groups = cohort.sample_groups(params.group_by)
    kinds = None if groups is None else alike(shares_by_group(status, groups))
    compared = _compared(genes, status, groups, kinds, params)
    tables = {
        GENES.name: genes,
        ALTERATIONS.name: ALTERATIONS.frame(cohort.alterations),
        SAMPLES.name: SAMPLES.frame(burden),
        CLASSES.name: _class_table(calls),
        GROUPS.name: compared,
        PAIRS.name: PAIRS.frame(pairs),
        GENE_GROUPS.name: GENE_GROUPS.frame(group_exclusivity(model, params)),
    }
    parts = [
        _burden(burden),
        _msi(burden, params.unit),
        _pairs(pairs, cohort.study.config.genome_build, dict(joint.select("gene_5p", "gene_3p").iter_rows())),
        _pairs_apart(pairs, unlike),
        _differing(compared),
    ]
    return Result(
        answer=_gene_words(named, told) + "".join(words for _, words in parts),
        headline=_headline(named, looked[0]),
        estimates=(*looked, *frequencies, *(e for estimates, _ in parts for e in estimates)),
        tables=tables,
        figures=tuple(landscape_figures(cohort, whole, top, burden, tables, groups, params)),
        people=_people(cohort, profiled, burden, params.unit),
        samples_used=profiled.select(
            "patient_id", "sample_id", pl.lit("every profiled tumour sample counts").alias("reason")
        ),
        notes=(
            *_joint_notes(joint),
            *_few_pairs(pairs),
            *_notes(cohort, burden, params, {gene: who for gene, who in blood.items() if gene not in told}),
            *([] if kinds is None else _uneven_notes(kinds, profiled)),
        ),
        methods=_methods(model, params),
    )


def _profiled(profiled: pl.DataFrame) -> list[Estimate]:
    """How many patients and samples were profiled for mutations."""
    patients = profiled["patient_id"].n_unique()
    return [
        Estimate("profiled_patients", patients, unit="count", method="counted", question="patients profiled"),
        Estimate("profiled_samples", profiled.height, unit="count", method="counted", question="samples profiled"),
    ]


def _frequency(row: Mapping[str, Any]) -> Estimate:
    """How often one gene of the genes table is altered."""
    limits = (row["ci_low"], row["ci_high"])
    name, value, n = f"frequency:{row['gene']}", row["frequency"], row["n_profiled"]
    return Estimate(name, value, *limits, n, "Clopper-Pearson", "fraction")


def _gene_words(named: list[tuple[str, Estimate]], blood: Mapping[str, set[str]]) -> str:
    """Name the genes most often altered, and who of theirs may have a change of a blood clone."""
    genes = "; ".join(f"{braceless(g)}, {e}" for g, e in named)
    most = f"the genes most often altered were {genes}." if named else "no gene was altered."
    told = f" {_blood_words(blood)}" if blood else ""
    return "In {profiled_patients} profiled patients ({profiled_samples} samples) " + most + told


def _burden(burden: pl.DataFrame) -> Part:
    """The median burden of the samples that have one."""
    sized = burden.drop_nulls("tmb_per_mb")
    if sized.is_empty():
        return [], ""
    value = median("median_tmb", sized["tmb_per_mb"], sized["patient_id"], "per_mb", "burden per Mb")
    return [value], " The median burden was {median_tmb}."


def _pairs(pairs: pl.DataFrame, build: str | None, joint: dict[str, str]) -> Part:
    """The pairs of genes that exclude or accompany each other; `joint`: 5' to 3' partner of fusions that are one line."""
    if pairs.is_empty():
        return [], ""
    found = _found_pairs(pairs, build)
    return _pair_estimates(pairs, found), _pair_words(found, joint)


def _hypermutated(cohort: Cohort, model: BurdenModel | None, pairs: pl.DataFrame) -> pl.DataFrame:
    """The patients whose tumours are hypermutated by their mutations: patient_id, kind. None are asked for where no pair
    was found, or MSI is recorded: then it is a stratum."""
    if model is None or "msi_status" in model.strata or not (pairs["q_value"] < FOUND).any():
        return pl.DataFrame(schema={"patient_id": pl.String, "kind": pl.String})
    return hypermutated(cohort.hypermutation)


def _pairs_apart(pairs: pl.DataFrame, kinds: pl.DataFrame) -> Part:
    """How many of the pairs hold when hypermutated tumours are taken apart."""
    found = pairs.filter(pl.col("q_value") < FOUND).drop_nulls("q_apart")
    if found.is_empty():
        return [], ""
    held = int((found["q_apart"] < FOUND).sum())
    estimates = [
        Estimate("gene_pairs_apart", held, n=found.height, unit="count", method="hypermutated tumours fitted apart"),
        Estimate("hypermutated_patients", kinds.height, unit="count", method="MSI or POLE by the mutations"),
    ]
    return estimates, (
        " When the {hypermutated_patients} patients whose tumours are hypermutated by their mutations (MSI, POLE) are "
        "fitted apart, {gene_pairs_apart} pairs remain."
    )


def _compared(
    genes: pl.DataFrame,
    status: GeneStatus,
    groups: pl.DataFrame | None,
    kinds: tuple[str, ...] | None,
    params: LandscapeParams,
) -> pl.DataFrame:
    """Return `GROUPS`: the groups compared by the kinds both were looked at for, and the cohort with a reference."""
    table = GROUPS.frame()
    if groups is not None and kinds is not None:
        table = GROUPS.frame(compare_groups(counting(status, kinds), groups, params))
    if params.reference is not None:
        against = compare_reference(genes, read_reference(Path(params.reference)))
        table = GROUPS.frame(pl.concat([table, GROUPS.frame(against)]))
    return table


def _differing(compared: pl.DataFrame) -> Part:
    """How many gene comparisons between groups differ."""
    if compared.is_empty():
        return [], ""
    n = compared.filter(pl.col("q_value") < 0.05).height
    method = "Fisher's exact test, FDR below 5 %"
    value = Estimate("genes_that_differ", n, n=compared.height, unit="count", method=method)
    return [value], " Frequencies differ between the groups in {genes_that_differ} gene comparisons at an FDR of 5 %."


def _joint_notes(joint: pl.DataFrame) -> list[str]:
    """Say which fusions of two genes are told as one."""
    if joint.is_empty():
        return []
    return [
        f"{', '.join(joint['joint'])}: one fusion is one line of the answer and the figures; "
        "landscape/genes holds both its genes with all that alters them."
    ]


def _uneven_notes(kinds: tuple[str, ...], profiled: pl.DataFrame) -> list[str]:
    """Say for which kinds of alteration the groups were not looked at alike, so that they are left out of the test."""
    uneven = [k for k, c in KINDS.items() if k not in kinds and profiled[c].is_not_null().any()]
    if not uneven:
        return []
    return [
        f"The groups were not looked at alike for {' and '.join(uneven)}: landscape/groups compares them "
        f"by {in_words(kinds)}."
    ]


def _methods(model: BurdenModel | None, params: LandscapeParams) -> tuple[str, ...]:
    """Say what counts as altered, who is counted, and how."""
    return (
        "Altered: a protein-changing or splice-site (+-2 bp) mutation, a fusion, a break within the "
        "gene (both partners the same; of no kind), a deep deletion of a suppressor, "
        "an amplification of an oncogene. Genes of unknown role count both (landscape.copy_number = "
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
    )


def _strata_words(model: BurdenModel | None, params: LandscapeParams) -> str:
    """Say who counted once and in which strata the burden model was fitted."""
    rule = {"all": "all their samples together", "first": "their first sample", "last": "their last sample"}
    within = f"within strata of {' and '.join(model.strata)}" if model and model.strata else "in one stratum"
    return f"Patients with several samples count once, with {rule[params.per_patient]}; the model is fitted {within}."


#: Pairs of genes that the answer names.
PAIRS_NAMED = 3


def _found_pairs(pairs: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """The pairs that exclude or accompany each other, those that hold apart from hypermutated tumours first, then the
    clearest; `is_near`: on one chromosome, whose copies change
    together, null where a place is not known."""
    from oncourse.genome.genes import gene_places

    places = dict(gene_places(build or "GRCh38").select("gene", "chrom").unique("gene", keep="first").iter_rows())
    found = pairs.filter(pl.col("q_value") < FOUND)
    near = [
        places[a] == places[b] if a in places and b in places else None
        for a, b in found.select("gene_a", "gene_b").iter_rows()
    ]
    # of equal p (both below what the machine can hold) the pair that was expected together most often
    holds = (pl.col("q_apart") < FOUND).fill_null(False)
    return found.with_columns(is_near=pl.Series(near, dtype=pl.Boolean)).sort(
        ~holds, "p_value", "expected_both", "gene_a", "gene_b", descending=[False, False, True, False, False]
    )


def _pair_estimates(pairs: pl.DataFrame, found: pl.DataFrame) -> list[Estimate]:
    """How many pairs of genes were tested, and how many exclude or accompany each other."""
    method = "Poisson-binomial given burden, FDR below 5 %"
    near = int(found["is_near"].sum())
    return [
        Estimate("gene_pairs", pairs.height, unit="count", method="genes altered in landscape.min_pair patients"),
        Estimate("gene_pairs_found", found.height, n=pairs.height, unit="count", method=method),
        Estimate("gene_pairs_near", near, n=found.height, unit="count", method="both genes on one chromosome"),
    ]


def _few_pairs(pairs: pl.DataFrame) -> list[str]:
    """What stands in place of the figure of pairs where it would be nearly empty."""
    if pairs.height >= FEWEST_PAIRS:
        return []
    names = ("gene_a", "gene_b", "n_both", "expected_both", "p_value")
    return [
        f"{a} and {b}: {both} {'has' if both == 1 else 'have'} both, {expected:.1f} expected (P {p:.2g}); too few pairs "
        "for a figure."
        for a, b, both, expected, p in pairs.select(names).iter_rows()
    ]


def _pair_words(found: pl.DataFrame, joint: dict[str, str]) -> str:
    text = " Of {gene_pairs} pairs of genes, {gene_pairs_found} exclude or accompany each other beyond what burden explains"
    if found.is_empty():
        return text + "."
    apart = list(found.filter(~pl.col("is_near")).select("gene_a", "gene_b", "direction").iter_rows())
    told = {(frozenset((a, b)), how) for a, b, how in apart}
    # TMPRSS2 and SPOP beside ERG and SPOP are one fusion told twice
    twice = [(frozenset((joint.get(a, a), joint.get(b, b))), how) for a, b, how in apart]
    once = [
        row
        for row, other in zip(apart, twice, strict=True)
        if other == (frozenset(row[:2]), row[2]) or other not in told
    ]
    named = "; ".join(f"{braceless(a)} and {braceless(b)} ({how})" for a, b, how in once[:PAIRS_NAMED])
    near = (
        " These include {gene_pairs_near} pairs on one chromosome, whose copies change together."
        if found["is_near"].any()
        else ""
    )
    return text + (f", most clearly {named}." if named else ".") + near


def _headline(named: list[tuple[str, Estimate]], patients: Estimate) -> Headline:
    """The genes most often altered."""
    n = int(patients.value or 0)
    if not named:
        return Headline(said("headline.landscape.none", n=n), "answered", said("reason.counted"), patients.name)
    genes = [said("headline.landscape.gene", gene=gene, share=e) for gene, e in named]
    return Headline(said("headline.landscape.genes", genes=genes, n=n), *light_of(named[0][1]), named[0][1].name)


def _notes(
    cohort: Cohort, burden: pl.DataFrame, params: LandscapeParams, blood: Mapping[str, set[str]]
) -> tuple[str, ...]:
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
    nameless = unread.filter(unread["gene"].is_null())["sample_id"].n_unique()
    if nameless:
        notes.append(
            f"{nameless:,} samples hold a called change of neither place nor gene, which may be of any: no gene counts as "
            "looked at there unless it is altered."
        )
    unread = unread.drop_nulls("gene")
    if unread.height:
        genes = unread["gene"].unique().sort()
        shown = ", ".join(genes.head(6)) + (" ..." if len(genes) > 6 else "")
        notes.append(
            f"Mutations of unknown effect were called in {unread.height:,} samples and genes ({shown}): neither "
            f"altered nor "
            "wild type, these are in no share of their genes."
        )
    notes += [_blood_words(blood)] if blood else []
    if cohort.panels.samples["cna"].is_null().all():
        notes.append("No gene copy number: amplifications and deep deletions are not assessed.")
    if not cohort.study.has("fusions"):
        notes.append("No fusions table: fusions are not assessed.")
    notes.append("Gene comparisons and co-occurrence are exploratory.")
    return tuple(notes)


def _maybe_blood(cohort: Cohort) -> dict[str, set[str]]:
    """Return gene -> patients all of whose altering mutations of it are, or may be, of a blood clone."""
    maybe = cohort.maybe_blood
    if not maybe:
        return {}
    calls = cohort.annotated_calls.filter("is_altering").select("gene", "patient_id", "variant_id").unique()
    found: dict[tuple[str, str], list[bool]] = {}
    for gene, patient, variant in calls.drop_nulls("gene").iter_rows():
        found.setdefault((gene, patient), []).append((patient, variant) in maybe)
    out: dict[str, set[str]] = {}
    for (gene, patient), each in found.items():
        if all(each):
            out.setdefault(gene, set()).add(patient)
    return out


def _blood_words(found: Mapping[str, set[str]]) -> str:
    most = sorted(found, key=lambda gene: (-len(found[gene]), gene))
    told = first_of([f"{gene} {len(found[gene])}" for gene in most], 6)
    of = "a change that is, or may be, of a blood clone (in white cells, or in plasma only)"
    return f"Patients counted with {of}: {told}."
