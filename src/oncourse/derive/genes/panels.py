"""Which genes each sample's assays looked at: a gene not on the panel is not assessed, never wild type."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from oncourse.facts.material import is_tumour
from oncourse.genome.genes import gene_places
from oncourse.genome.variant import with_parts
from oncourse.study.model import Study

KINDS = ("mutation", "cna", "sv")
#: Assay of samples that name none: all genes are taken as looked at, marked assumed.
ASSUMED = "(assumed: all genes)"


def parse_targets(targets: str | None) -> frozenset[str] | None:
    """Return the genes of an assay's `targets`; None where it is no gene list (nothing given, or a BED file).

    >>> sorted(parse_targets("KRAS;TP53"))
    ['KRAS', 'TP53']
    >>> parse_targets(None) is None, parse_targets("exome.bed") is None
    (True, True)
    """
    if targets is None or targets.lower().removesuffix(".gz").endswith(".bed"):
        return None
    return frozenset(g for g in (part.strip() for part in targets.replace(",", ";").split(";")) if g)


#: Assay of copy number of samples that have segments and no calls per gene: the genes whose place is known.
BY_SEGMENTS = "(segments)"
#: Columns of `Panels.unread`.
UNREAD = {"patient_id": pl.String, "sample_id": pl.String, "gene": pl.String}
#: Columns of `Panels.altered`.
ALTERED = {"patient_id": pl.String, "gene": pl.String}


@dataclass(frozen=True)
class Panels:
    """The panels of a study.

    Attributes
    ----------
    samples : one row per tumour sample: sample_id, patient_id, material, mutation, cna, sv
        (assay per kind of event; `ASSUMED` where the sample names none; null = not profiled for the kind)
    genes : assay -> its genes; None = every gene (neither a list nor regions are known)
    unread : patient_id, sample_id, gene: a mutation was called there whose effect nobody knows, and nothing else alters
        the gene: neither altered nor looked at without a finding; gene null: a change of neither place nor gene was
        called, which may be of any gene
    altered : patient_id, gene that something alters, of the patients of such a change: these genes stay altered
    """

    samples: pl.DataFrame
    genes: dict[str, frozenset[str] | None]
    unread: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNREAD))
    altered: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALTERED))

    def of_patient(self, patient_id: str) -> Panels:
        """Return the panels of one patient's samples."""
        own = pl.col("patient_id") == patient_id
        return Panels(self.samples.filter(own), self.genes, self.unread.filter(own), self.altered.filter(own))

    def of_samples(self, sample_ids: Collection[str]) -> Panels:
        """Return the panels of these samples alone."""
        inside = pl.col("sample_id").is_in(pl.Series(sorted(sample_ids), dtype=pl.String).implode())
        return Panels(self.samples.filter(inside), self.genes, self.unread.filter(inside), self.altered)

    def unread_among(self, genes: Collection[str]) -> pl.DataFrame:
        """Return `unread` with a row for each of `genes` that a change of no gene may be of."""
        nameless = self.unread["gene"].is_null()
        if not nameless.any():
            return self.unread
        each = pl.DataFrame({"gene": sorted(set(genes))}, schema={"gene": pl.String})
        of_any = self.unread.filter(nameless).drop("gene").unique().join(each, how="cross")
        of_any = of_any.join(self.altered, on=["patient_id", "gene"], how="anti")
        return pl.concat([self.unread.filter(~nameless), of_any]).unique(maintain_order=True)

    def on_panel(self, gene: str, kind: str = "mutation") -> pl.Series:
        """Return the samples (sample_id) whose assay of this kind looked at `gene`."""
        return self.samples.filter(pl.col(kind).is_in(self.assays_with(gene)))["sample_id"]

    def assays_with(self, gene: str) -> list[str]:
        """Return the assays that looked at `gene`."""
        return [assay for assay, genes in self.genes.items() if genes is None or gene in genes]

    def pairs(self, genes: Collection[str]) -> pl.DataFrame:
        """Return one row per assay and gene of `genes` that it looked at: assay_id, gene."""
        rows = [
            (assay, gene)
            for assay, listed in sorted(self.genes.items())
            for gene in sorted(genes if listed is None else listed.intersection(genes))
        ]
        return pl.DataFrame(rows, schema={"assay_id": pl.String, "gene": pl.String}, orient="row")

    def profiled(self, genes: Collection[str], kind: str = "mutation") -> pl.DataFrame:
        """Return one row per sample and gene of `genes` its assay looked at: patient_id, sample_id, gene."""
        assays = self.pairs(genes)
        looked = self.samples.join(assays, left_on=kind, right_on="assay_id", how="inner").select(
            "patient_id", "sample_id", "gene"
        )
        if kind != "mutation" or self.unread.is_empty():
            return looked
        return looked.join(self.unread_among(genes), on=["sample_id", "gene"], how="anti")

    def n_profiled(self, genes: Collection[str], unit: str = "patient", kind: str = "mutation") -> pl.DataFrame:
        """Return per gene how many patients (or samples) were looked at: gene, n_profiled.

        Counted by the set of assays a patient was seen with, so that it costs nothing per sample and gene.
        """
        key = "patient_id" if unit == "patient" else "sample_id"
        seen = (
            self.samples.drop_nulls(kind)
            .group_by(key)
            .agg(pl.col(kind).unique().sort().alias("assays"))
            .group_by("assays")
            .len("n")
        )
        pairs = self.pairs(genes)
        per_set = (
            seen.with_row_index("set")
            .explode("assays")
            .join(pairs, left_on="assays", right_on="assay_id", how="inner")
            .unique(["set", "gene"])
        )
        counted = per_set.group_by("gene").agg(pl.col("n").sum().cast(pl.Int64).alias("n_profiled"))
        base = pl.DataFrame({"gene": sorted(genes)}, schema={"gene": pl.String})
        unread = self._n_unread(pairs if kind == "mutation" else pairs.clear(), key)
        return (
            base.join(counted, on="gene", how="left", maintain_order="left")
            .join(unread, on="gene", how="left", maintain_order="left")
            .select("gene", n_profiled=pl.col("n_profiled").fill_null(0) - pl.col("n").fill_null(0))
        )

    def _n_unread(self, pairs: pl.DataFrame, key: str) -> pl.DataFrame:
        """Return per gene how many patients (samples) with it on their panel have a call there that nobody can
        judge."""
        # from the calls to the panels: every sample x gene of a registry would be a hundred million rows
        seen = self.samples.select(key, assay_id="mutation").drop_nulls().unique()
        calls = self.unread_among(pairs["gene"].unique()).select(key, "gene").unique().join(seen, on=key, how="inner")
        whole = calls.join(pairs, on=["assay_id", "gene"], how="semi")
        return whole.group_by("gene").agg(pl.col(key).n_unique().cast(pl.Int64).alias("n"))


def read_panels(study: Study) -> Panels:
    """Derive the panels of a study from its samples and assays.

    A sample without assay_id is taken as looked at in all genes (assumed), unless the study has no calls at all: then
    nobody looked, and what a laboratory's markers say stands alone. A panel with target regions looked at the
    genes that lie in them; an exome with such regions at all genes, its sites are judged one by one. An assay that
    looked at no gene profiled nobody. The copy number and fusion assays are the sample's own, else its assay where the
    study has that table; segments with copies show the genes of known place. Where the table of gene copies holds
    unchanged genes too, a sample without a row in it was not looked at.
    """
    samples = study["samples"].filter(is_tumour())
    assay = pl.col("assay_id").fill_null(ASSUMED)

    def kind(column: str, table: str) -> pl.Expr:
        return pl.coalesce(pl.col(column), assay if study.has(table) else pl.lit(None, dtype=pl.String))

    segmented = study["segments"].drop_nulls("total_cn")["sample_id"].unique()
    cut = pl.when(pl.col("sample_id").is_in(segmented.implode())).then(pl.lit(BY_SEGMENTS))
    table = samples.select(
        "sample_id",
        "patient_id",
        "material",
        (assay if study.has("calls") else pl.col("assay_id")).alias("mutation"),
        pl.coalesce(_copies_looked_at(study, kind("cna_assay_id", "gene_copy_number")), cut).alias("cna"),
        kind("sv_assay_id", "fusions").alias("sv"),
    )
    genes = {row["assay_id"]: parse_targets(row["targets"]) for row in study["assays"].iter_rows(named=True)}
    within = genes_within(study, target_regions(study))
    panel = study["assays"].filter(pl.col("kind") == "panel")["assay_id"].to_list()
    genes |= {assay: within[assay] for assay in panel if assay in within and genes[assay] is None}
    genes[ASSUMED] = None
    if (table["cna"] == BY_SEGMENTS).any():
        genes[BY_SEGMENTS] = frozenset(gene_places(study.config.genome_build)["gene"])
    nothing = [assay for assay, listed in genes.items() if listed is not None and not listed]
    looked = [pl.when(~pl.col(k).is_in(nothing)).then(pl.col(k)).alias(k) for k in KINDS]
    return Panels(table.with_columns(looked).sort("sample_id"), genes)


def _copies_looked_at(study: Study, assay: pl.Expr) -> pl.Expr:
    """The assay of the copies, null for a sample that a table with unchanged genes does not hold."""
    told = study["gene_copy_number"].drop_nulls("call")
    if told.filter(pl.col("call").abs() < 2).is_empty():  # the events alone: nothing says who had none
        return assay
    held = pl.col("cna_assay_id").is_not_null() | pl.col("sample_id").is_in(told["sample_id"].unique().implode())
    return pl.when(held).then(assay)


def target_regions(study: Study) -> pl.DataFrame:
    """Return the regions of each assay that has some: assay_id, chrom, start, end, sorted, overlapping ones joined."""
    regions = study["target_regions"].drop_nulls(["chrom", "start", "end"])
    regions = regions.sort("assay_id", "chrom", "start", "end")
    reach = pl.col("end").cum_max().over("assay_id", "chrom")
    regions = regions.with_columns(reach=reach).with_columns(
        new=(pl.col("start") > pl.col("reach").shift(1).over("assay_id", "chrom")).fill_null(True).cum_sum()
    )
    joined = regions.group_by("assay_id", "chrom", "new").agg(pl.col("start").min(), pl.col("end").max())
    return joined.drop("new").sort("assay_id", "chrom", "start")


def genes_within(study: Study, regions: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Return assay -> genes of which a part, or a variant of the study, lies in the assay's regions.

    A gene whose place is not known (`oncourse.genome.genes.gene_places`) and of which the study has no variant there
    is taken as not looked at.
    """
    if regions.is_empty():
        return {}
    places = gene_places(study.config.genome_build)
    seen = with_parts(study["variants"].select("variant_id", "gene").drop_nulls()).drop_nulls("pos")
    spans = pl.concat([places, seen.select("gene", "chrom", first="pos", last="pos")]).unique()
    out = {}
    for (assay,), own in regions.partition_by("assay_id", as_dict=True).items():
        # regions do not overlap: the last that starts before the span's end is the one that may reach it
        nearest = spans.sort("last").join_asof(
            own.drop("assay_id").sort("start"),
            left_on="last",
            right_on="start",
            by="chrom",
            check_sortedness=False,
        )
        out[str(assay)] = frozenset(nearest.filter(pl.col("end") >= pl.col("first"))["gene"])
    return out
