"""The depth that the coverage table tells: of a codon, and of the site of a variant that was not counted there."""

from __future__ import annotations

from functools import cache

import polars as pl

from oncourse.derive.genes.panels import target_regions
from oncourse.genome.gene_models import codon_positions
from oncourse.genome.protein import codon
from oncourse.genome.variant import with_parts
from oncourse.study.model import Study


def covered_codons(study: Study, wanted: pl.DataFrame) -> pl.LazyFrame:
    """Return sample_id, gene, codon, depth: the least the coverage table tells of each codon of `wanted`; at_most: the
    least it tells of a codon of which it holds a part of the bases (its depth is not known, and no more than that).

    By gene and codon, by gene alone (the whole gene), or by regions that hold the codon.
    """
    coverage, asked = study["coverage"].lazy().with_columns(pl.col("min_depth").alias("depth")), wanted.lazy()
    by_codon = coverage.drop_nulls(["gene", "codon"]).join(asked, on=["gene", "codon"], how="semi")
    whole = coverage.filter(pl.col("gene").is_not_null() & pl.col("codon").is_null() & pl.col("start").is_null())
    genes = whole.select("sample_id", "gene", "depth").join(asked, on="gene", how="inner")
    parts = [frame.select("sample_id", "gene", "codon", "depth") for frame in (by_codon, genes)]
    told = pl.concat([*parts, _by_region(study, wanted).lazy()], how="diagonal")
    return told.group_by("sample_id", "gene", "codon").agg(pl.col("depth").min(), pl.col("at_most").min())


def covered_sites(study: Study, cells: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, variant_id, covered_depth: what the coverage table tells of the site of each variant of `cells`
    (variant_id, gene, hgvs_p): of its codon, else of the place itself; one row per sample and variant that it tells of.
    """
    none = pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String, "covered_depth": pl.Int64})
    if study["coverage"].is_empty() or cells.is_empty():
        return none
    named = cells.select("variant_id", "gene", codon("hgvs_p").alias("codon")).unique("variant_id")
    wanted = named.select("gene", "codon").drop_nulls().unique().cast({"codon": pl.Int64})
    of_codon = (
        covered_codons(study, wanted)
        .filter(pl.col("depth").is_not_null())
        .collect(engine="in-memory")
        .join(named.drop_nulls(["gene", "codon"]), on=["gene", "codon"], how="inner")
        .select("sample_id", "variant_id", "depth")
    )
    regions = study["coverage"].drop_nulls(["chrom", "start", "end"])
    regions = regions.select("sample_id", "chrom", "start", "end", depth="min_depth")
    sites = with_parts(named.select("variant_id")).drop_nulls("pos").select("variant_id", "chrom", "pos")
    at_place = regions.join(sites, on="chrom", how="inner").filter(pl.col("pos").is_between("start", "end"))
    both = pl.concat([of_codon, at_place.select("sample_id", "variant_id", "depth")])
    told = both.drop_nulls().group_by("sample_id", "variant_id").agg(covered_depth=pl.col("depth").min().cast(pl.Int64))
    return told.select(list(none.schema))


def codon_places(build: str | None, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return gene, codon, chrom, first, last of the codons of `wanted` that lie in one piece; empty without a build."""
    return _whole_codons(build).join(wanted, on=["gene", "codon"], how="semi").sort("gene", "codon")


@cache
def _whole_codons(build: str | None) -> pl.DataFrame:
    """Return gene, codon, chrom, first, last of every codon that lies in one piece, worked out once."""
    spans = codon_positions(build).group_by("gene", "codon", "chrom")
    found = spans.agg(first=pl.col("pos").min(), last=pl.col("pos").max())
    return found.filter(pl.col("last") - pl.col("first") == 2)


def _by_region(study: Study, wanted: pl.DataFrame) -> pl.DataFrame:
    """Depth of codons whose three bases lie in regions of the coverage table given by position, in one or in several;
    `at_most` of those of which a part does."""
    schema = {"sample_id": pl.String, "gene": pl.String, "codon": pl.Int64, "depth": pl.Int64, "at_most": pl.Int64}
    coverage = study["coverage"].lazy().filter(pl.col("codon").is_null()).drop_nulls(["chrom", "start", "end"])
    regions = coverage.select("sample_id", "chrom", "start", "end", depth="min_depth").collect(engine="in-memory")
    if regions.is_empty():
        return pl.DataFrame(schema=schema)
    touched = regions.join(codon_places(study.config.genome_build, wanted), on="chrom", how="inner").filter(
        (pl.col("start") <= pl.col("last")) & (pl.col("end") >= pl.col("first"))
    )
    bases = [
        pl.col("depth").filter(pl.col("start") <= at, at <= pl.col("end")).min().alias(f"base{i}")
        for i, at in enumerate((pl.col("first"), pl.col("first") + 1, pl.col("last")))
    ]
    names = ["base0", "base1", "base2"]
    found = touched.group_by("sample_id", "gene", "codon").agg(bases)
    least, whole = pl.min_horizontal(names), pl.all_horizontal(pl.col(names).is_not_null())
    return found.select(
        "sample_id",
        "gene",
        "codon",
        pl.when(whole).then(least).alias("depth"),
        pl.when(~whole).then(least).alias("at_most"),
    ).cast(schema)  # type: ignore[arg-type]


#: An assay of which fewer of a gene's coding bases lie in its regions did not look at the gene (own choice; capture
#: designs leave out a few per cent of bases).
MOST_OF_A_GENE = 0.95
OFF_TARGET = "not in the regions of the assay"
PART_OF_GENE = "only part of the gene in the regions of the assay"


def off_target(study: Study, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, gene, codon, off (`OFF_TARGET` or `PART_OF_GENE`) of the codons of `wanted` (0: the whole gene) that
    the regions of a sample's assay do not hold: a hotspot panel that looked at codon 12 says nothing of codon 146.

    A codon is on target with all of its bases, a gene with `MOST_OF_A_GENE` of its coding bases. Nothing is said of genes
    without exon models, or of assays without regions.
    """
    none = pl.DataFrame(schema={"sample_id": pl.String, "gene": pl.String, "codon": pl.Int64, "off": pl.String})
    regions = target_regions(study)
    samples = study["samples"].select("sample_id", "assay_id").drop_nulls()
    assays = sorted(set(regions["assay_id"]) & set(samples["assay_id"]))
    if not assays or wanted.is_empty():
        return none
    bases = codon_positions(study.config.genome_build).join(wanted.select("gene").unique(), on="gene", how="semi")
    parts = []
    for assay in assays:
        own = regions.filter(assay_id=assay).select("chrom", "start", "end").sort("start")
        held = bases.sort("pos").join_asof(
            own, left_on="pos", right_on="start", by="chrom", strategy="backward", check_sortedness=False
        )
        held = held.with_columns(inside=(pl.col("pos") <= pl.col("end")).fill_null(False))
        of_codons = held.group_by("gene", "codon").agg(off=pl.when(~pl.col("inside").all()).then(pl.lit(OFF_TARGET)))
        part = pl.col("inside").mean() < MOST_OF_A_GENE
        whole = held.group_by("gene").agg(off=pl.when(part).then(pl.lit(PART_OF_GENE)))
        both = pl.concat([of_codons, whole.with_columns(codon=pl.lit(0, pl.Int64)).select("gene", "codon", "off")])
        parts.append(both.drop_nulls("off").with_columns(assay_id=pl.lit(assay)))
    found = pl.concat(parts).join(wanted, on=["gene", "codon"], how="semi")
    return samples.join(found, on="assay_id", how="inner").select(list(none.schema))
