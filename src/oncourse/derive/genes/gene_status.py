"""Altered / not altered / not assessed per sample and gene."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import polars as pl

from oncourse.derive.genes.copy_states import CopyNumberParams, extreme_genes
from oncourse.derive.genes.panels import ALTERED, UNREAD, Panels
from oncourse.derive.genes.unread import of_any_gene
from oncourse.facts.fusions import is_within_gene
from oncourse.genome.genes import genes_of_role
from oncourse.genome.promoters import is_promoter_mutation
from oncourse.study.model import Study
from oncourse.study.numbered import numbers
from oncourse.study.settings import section, setting

#: Copy-number calls that count: deep deletion and high-level amplification (GISTIC levels).
DEEP_DELETION, AMPLIFICATION = -2.0, 2.0


@section("landscape")
@dataclass(frozen=True)
class LandscapeParams:
    """What counts as altered, in which unit, and how the cohort is split."""

    copy_number: str = setting(
        "directional",
        "directional: a deep deletion counts in suppressors, an amplification in oncogenes, both in genes of "
        "unknown role; any: both count in every gene",
        choices=("directional", "any"),
    )
    unit: str = setting("patient", "what is counted", choices=("patient", "sample"))
    group_by: str | None = setting(
        None, "column of patients, samples or lesions that splits the cohort in groups; several: role+stage"
    )
    groups: tuple[str, ...] = setting((), "the two groups to compare (default: the two largest)")
    reference: str | None = setting(None, "TSV with gene, n_altered, n_profiled of a reference cohort")
    min_altered: int = setting(1, "genes altered in fewer patients are left out of the groups table", low=0)
    top_genes: int = setting(25, "genes in the oncoprint", low=1, high=200)
    split_by: tuple[str, ...] = setting(
        (),
        "columns of patients, samples or lesions (or msi) by which the oncoprint is sorted and parted, in this order",
    )
    hotspots: str | None = setting(
        None, "TSV of further hotspot residues (gene, codon, or the columns of cancerhotspots.org) beside hotspots.tsv"
    )
    per_patient: str = setting(
        "all",
        "which samples of a patient with several count, once and together: all (altered in any), the first or the "
        "last by day (ties by sample_id)",
        choices=("all", "first", "last"),
    )
    min_pair: int = setting(5, "a gene enters co-occurrence when altered in at least so many patients", low=2)
    pair_genes: int = setting(50, "most genes in the co-occurrence analysis", low=2, high=1000)
    pair_odds: float = setting(4.0, "odds ratio (or its inverse) whose power is given for each pair", low=1.1, high=100)


def within_gene_alone() -> pl.Expr:
    """Whether a row of `GeneStatus.altered` is altered by a rearrangement within the gene (an intragenic deletion) and by
    nothing else."""
    others = ("is_mutated", "is_amplified", "is_deleted", "is_fused")
    return pl.col("is_altered") & ~pl.any_horizontal(others)


@dataclass(frozen=True)
class GeneStatus:
    """Gene status, kept sparse: rows only where something was found, the panels for the rest.

    ``altered`` has one row per sample and gene with an event: patient_id, sample_id, gene, is_mutated,
    is_amplified, is_deleted, is_fused (all events), is_altered (those that count), effect (worst mutation).
    """

    altered: pl.DataFrame
    panels: Panels
    _on_panel: dict[str, pl.DataFrame] = field(init=False, default_factory=dict, repr=False, compare=False)

    def of_samples(self, sample_ids: Collection[str]) -> GeneStatus:
        """Return the status of these samples alone; itself where they are all there are."""
        if self.panels.samples["sample_id"].is_in(pl.Series(list(sample_ids), dtype=pl.String).implode()).all():
            return self
        inside = pl.col("sample_id").is_in(pl.Series(sorted(sample_ids), dtype=pl.String).implode())
        return GeneStatus(self.altered.filter(inside), self.panels.of_samples(sample_ids))

    def altered_on_panel(self, key: str) -> pl.DataFrame:
        """Return the altered genes of each patient (sample) among those on its mutation panels: gene, `key`.

        A fusion partner off the panel is an incidental finding: it has no denominator.
        """
        if key not in self._on_panel:
            self._on_panel[key] = self._altered_on_panel(key)
        return self._on_panel[key]

    def once(self, found: pl.DataFrame, key: str) -> pl.DataFrame:
        """Return rows of `altered` (gene, `key`) each once: they are where no patient has several samples."""
        samples = self.panels.samples
        return found if key == "sample_id" or samples[key].n_unique() == samples.height else found.unique()

    def _altered_on_panel(self, key: str) -> pl.DataFrame:
        found = self.altered.filter("is_altered").select("gene", key)
        # joined to the altered rows alone: every sample x gene of a registry would be a hundred million rows
        assays = self.panels.samples.select(key, "mutation").drop_nulls().unique()
        if all(self.panels.genes[a] is None for a in assays["mutation"].unique()):  # every gene is on every panel
            return self.once(found, key).join(assays, on=key, how="semi")
        pairs = self.panels.pairs(set(found["gene"].unique()))
        owners = numbers(pl.concat([found[key], assays[key]]))
        found = found.with_columns(_owner=pl.Series(owners[: found.height]))
        assays = assays.select("mutation", _owner=pl.Series(owners[found.height :]))
        on_panel = found.join(assays, on="_owner", how="inner")
        on_panel = on_panel.join(pairs, left_on=["mutation", "gene"], right_on=["assay_id", "gene"], how="semi")
        return on_panel.unique(["gene", "_owner"]).select("gene", key)

    def dense(self, genes: Collection[str]) -> pl.DataFrame:
        """Return every tumour sample x gene of `genes`: patient_id, sample_id, gene, state, effect.

        state: altered / not_altered / not_assessed (not on the sample's mutation panel and nothing found).
        """
        samples = self.panels.samples.select("patient_id", "sample_id")
        wanted = pl.DataFrame({"gene": sorted(set(genes))}, schema={"gene": pl.String})
        looked = self.panels.profiled(genes).select("sample_id", "gene", pl.lit(True).alias("looked"))
        found = self.altered.select("sample_id", "gene", "is_altered", "effect")
        return (
            samples.join(wanted, how="cross")
            .join(looked, on=["sample_id", "gene"], how="left")
            .join(found, on=["sample_id", "gene"], how="left")
            .select(
                "patient_id",
                "sample_id",
                "gene",
                pl.when(pl.col("is_altered"))
                .then(pl.lit("altered"))
                .when(pl.col("looked"))
                .then(pl.lit("not_altered"))
                .otherwise(pl.lit("not_assessed"))
                .alias("state"),
                "effect",
            )
            .sort("sample_id", "gene")
        )

    def by_patient(self, genes: Collection[str]) -> pl.DataFrame:
        """Return every patient x gene: patient_id, gene, state (altered if any sample is; see `dense`)."""
        rank = pl.col("state").replace_strict({"altered": 2, "not_altered": 1, "not_assessed": 0}, return_dtype=pl.Int8)
        return (
            self.dense(genes)
            .group_by("patient_id", "gene")
            .agg(rank.max().alias("rank"))
            .select(
                "patient_id",
                "gene",
                pl.col("rank")
                .replace_strict({2: "altered", 1: "not_altered", 0: "not_assessed"}, return_dtype=pl.String)
                .alias("state"),
            )
            .sort("patient_id", "gene")
        )


def counted_samples(study: Study, panels: Panels, rule: str) -> pl.Series:
    """Return the tumour samples that stand for their patients under `LandscapeParams.per_patient`."""
    samples = panels.samples.join(study["samples"].select("sample_id", "day"), on="sample_id", how="left")
    if rule == "all":
        return samples["sample_id"]
    profiled = samples.drop_nulls("mutation").sort(
        "patient_id", "day", "sample_id", descending=[False, rule == "last", False], nulls_last=True
    )
    return profiled.unique("patient_id", keep="first", maintain_order=True)["sample_id"]


#: Worst effect of several mutations of one gene, for drawing.
EFFECT_ORDER = (
    "nonsense",
    "frameshift",
    "splice_site",
    "start_lost",
    "stop_lost",
    "missense",
    "inframe_deletion",
    "inframe_insertion",
    "protein_altering",
    "upstream",
)


def gene_status(
    study: Study,
    panels: Panels,
    calls: pl.DataFrame,
    params: LandscapeParams,
    copies: CopyNumberParams | None = None,
) -> GeneStatus:
    """Derive gene status of every tumour sample.

    *Altered* = a protein-changing, splice-site or TERT promoter mutation, a fusion, a deep deletion of a suppressor, an
    amplification of an oncogene; a gene of unknown role counts both (`LandscapeParams.copy_number`). Copies are those
    of gene_copy_number; in samples that it does not hold, those of the segments. A mutation whose
    effect nobody knows is neither: the gene counts as not looked at in that sample (`Panels.unread`); one that names
    neither place nor gene may be of any gene.
    """
    order = {name: i for i, name in enumerate(EFFECT_ORDER)}
    mutated = (
        calls.filter((pl.col("is_altering") | is_promoter_mutation()) & pl.col("gene").is_not_null())
        .with_columns(pl.col("consequence").replace_strict(order, default=99, return_dtype=pl.Int16).alias("_rank"))
        .group_by("sample_id", "gene")
        .agg(pl.col("_rank").min())
        .with_columns(
            effect=pl.col("_rank").replace_strict(dict(enumerate(EFFECT_ORDER)), default=None, return_dtype=pl.String)
        )
        .select("sample_id", "gene", pl.lit("is_mutated").alias("event"), "effect")
    )
    fused = (
        study["fusions"]
        .with_columns(pl.when(is_within_gene()).then(pl.lit("is_broken")).otherwise(pl.lit("is_fused")).alias("event"))
        .unpivot(on=["gene_5p", "gene_3p"], index=["sample_id", "event"], value_name="gene")
        .drop_nulls("gene")
        .select("sample_id", "gene", "event", pl.lit(None, dtype=pl.String).alias("effect"))
    )
    found = _with_flags(mutated, pl.concat([_copy_events(study, copies or CopyNumberParams()), fused]))
    if params.copy_number == "any":
        copy_counts = pl.col("is_amplified") | pl.col("is_deleted")
    else:
        suppressor = pl.col("gene").is_in(list(genes_of_role("suppressor")))
        oncogene = pl.col("gene").is_in(list(genes_of_role("oncogene")))
        copy_counts = (pl.col("is_amplified") & ~suppressor) | (pl.col("is_deleted") & ~oncogene)
    # sorted by the numbers of sorted names
    numbered = panels.samples.select("sample_id", "patient_id").sort("sample_id").with_row_index("_sample")
    genes = found.select("gene").unique().sort("gene").with_row_index("_gene")
    altered = (
        found.with_columns(is_altered=pl.col("is_mutated") | pl.col("is_fused") | pl.col("is_broken") | copy_counts)
        .join(numbered, on="sample_id", how="inner")
        .join(genes, on="gene")
        .sort(pl.col("_sample").cast(pl.UInt64) * max(genes.height, 1) + pl.col("_gene"))
        .select(
            "patient_id",
            "sample_id",
            "gene",
            "is_mutated",
            "is_amplified",
            "is_deleted",
            "is_fused",
            "is_altered",
            "effect",
        )
    )
    unread = _unread(calls, altered)
    nameless = unread.filter(pl.col("gene").is_null())["patient_id"].unique().implode()
    beside = altered.filter(pl.col("is_altered") & pl.col("patient_id").is_in(nameless)).select(list(ALTERED)).unique()
    return GeneStatus(altered, replace(panels, unread=unread, altered=beside))


def _with_flags(mutated: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return one row per sample and gene with a column per event; both tables have sample_id, gene, event, effect, and
    the first has one row per sample and gene."""
    names, key = ("is_mutated", "is_amplified", "is_deleted", "is_fused", "is_broken"), ["sample_id", "gene"]
    keys = others.select(key).unique()
    alone, beside = (mutated.join(keys, on=key, how=how) for how in ("anti", "semi"))
    flags = [(pl.col("event") == name).any().alias(name) for name in names]
    several = pl.concat([beside, others]).group_by(key).agg(*flags, pl.col("effect").drop_nulls().first())
    one = alone.select(*key, *(pl.lit(name == "is_mutated").alias(name) for name in names), "effect")
    return pl.concat([one, several])


def _copy_events(study: Study, params: CopyNumberParams) -> pl.DataFrame:
    """Return the deep deletions and amplifications: sample_id, gene, event, effect (null)."""
    calls = study["gene_copy_number"]
    by_call = calls.filter((pl.col("call") <= DEEP_DELETION) | (pl.col("call") >= AMPLIFICATION))
    by_call = by_call.select("sample_id", "gene", gained=pl.col("call") >= AMPLIFICATION)
    by_segment = extreme_genes(study, params).join(calls, on="sample_id", how="anti")
    by_segment = by_segment.select("sample_id", "gene", gained=pl.col("state") == "amplified")
    return pl.concat([by_call, by_segment]).select(
        "sample_id",
        "gene",
        pl.when("gained").then(pl.lit("is_amplified")).otherwise(pl.lit("is_deleted")).alias("event"),
        pl.lit(None, dtype=pl.String).alias("effect"),
    )


def _unread(calls: pl.DataFrame, altered: pl.DataFrame) -> pl.DataFrame:
    """Return the samples and genes with a called mutation of unknown effect, in patients whose gene nothing else
    alters; gene is null where the mutation may be of any."""
    unknown = pl.col("consequence").is_null() | (pl.col("consequence") == "unknown")
    of_any = calls.filter(of_any_gene()).select(list(UNREAD)).unique()
    found = calls.filter(unknown & pl.col("gene").is_not_null()).select(list(UNREAD)).unique()
    known = altered.filter(altered["is_altered"] & altered["gene"].is_in(found["gene"].implode()))
    found = found.join(known, on=["patient_id", "gene"], how="anti")
    return pl.concat([of_any, found]).sort("sample_id", "gene")
