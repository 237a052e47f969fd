"""Copy-number state of genes per sample: from calls per gene, else from segments over the gene."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from oncourse.facts.material import is_tumour
from oncourse.genome.gene_models import coding_spans
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.genes import gene_places
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

#: Copy-number states of the calls -2..2.
_CALLS = {2: "amplified", 1: "gain", 0: "neutral", -1: "loss", -2: "homozygous_deletion"}
#: A gene's state is known where segments with a copy number cover this share of it.
MIN_COVERED = 0.9
#: Fewer copies than this are none, fewer of the minor allele than this are a lost allele (half a copy).
NO_COPY = 0.5


@section("copy_number")
@dataclass(frozen=True)
class CopyNumberParams:
    """When segments make a gain, an amplification or a focal event, and which plasma sample can say that there is
    none."""

    max_diploid: float = setting(
        2.7, "mean copies up to which a tumour is near-diploid", low=1.5, high=4, source="COSMIC copy number"
    )
    amplified: float = setting(5.0, "copies of an amplified gene in a near-diploid tumour", low=3)
    amplified_polyploid: float = setting(9.0, "copies of an amplified gene in any other tumour", low=3)
    log2_gain: float = setting(0.2, "log2 ratio of a gain (negative: loss) where no copies are given", low=0.05, high=1)
    log2_amplified: float = setting(
        1.0, "log2 ratio of an amplification (negative: deep deletion) where no copies are given", low=0.3, high=4
    )
    arm_share: float = setting(0.8, "share of an arm that must be gained (lost) for the arm to be", low=0.5, high=1)
    focal_share: float = setting(0.5, "an event shorter than this share of its arm is focal", low=0.05, high=1)
    hrd_high: int = setting(
        42, "scar score from which it is high", low=1, source="Telli 2016, doi 10.1158/1078-0432.CCR-15-2477"
    )
    min_plasma_fraction: float = setting(
        0.10, "least tumour fraction of a plasma sample in which no change of copy number means none", low=0, high=1
    )


#: Columns of the table.
SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "material": pl.String,
    "day": pl.Int64,
    "gene": pl.String,
    "state": pl.String,
    "copies": pl.Float64,
    "is_allele_lost": pl.Boolean,
    "basis": pl.String,
}


def copy_table(study: Study, genes: Collection[str], params: CopyNumberParams = CopyNumberParams()) -> pl.DataFrame:
    """Return one row per tumour sample and gene of known state; a gene without a row was not profiled there.

    Returns
    -------
    `SCHEMA`. state: amplified / gain / neutral / loss / homozygous_deletion. basis ``call``: gene_copy_number, -2
    homozygous deletion ... 2 amplified, fractions to the nearer whole. basis ``segments``, where no call is given:
    segments with a copy number cover nine tenths of the gene's coding part (its exons not known: of the gene);
    homozygous deletion where all of them have no copy, amplified where all reach the threshold, gain and loss one copy
    above or below the tumour's mean (half of it on the X of a man). ``copies`` is the least of them.
    ``is_allele_lost``: no copy of the minor allele; null = not known.
    A plasma sample below ``min_plasma_fraction``, or of unknown fraction, shows changes but never their absence.
    """
    if study["gene_copy_number"].is_empty() and study["segments"].is_empty():
        return pl.DataFrame(schema=SCHEMA)
    samples = study["samples"].filter(is_tumour())
    samples = samples.select("sample_id", "patient_id", "material", "day", "tumor_fraction", "ploidy")
    called = _from_calls(study, genes)
    counted = _from_segments(study, samples, genes, params)
    table = pl.concat([called, counted.join(called, on=["sample_id", "gene"], how="anti")])
    table = table.join(
        counted.select("sample_id", "gene", allele="is_allele_lost"), on=["sample_id", "gene"], how="left"
    ).with_columns(is_allele_lost=pl.coalesce("allele", "is_allele_lost"))
    faint = (pl.col("material") == "plasma") & ~(pl.col("tumor_fraction") >= params.min_plasma_fraction).fill_null(
        False
    )
    return (
        table.join(samples, on="sample_id", how="inner")
        .filter(~(faint & pl.col("state").is_in(["neutral", "gain", "loss"])))
        .select(list(SCHEMA))
        .sort("patient_id", "gene", "day", "sample_id", nulls_last=True)
    )


def extreme_genes(study: Study, params: CopyNumberParams = CopyNumberParams()) -> pl.DataFrame:
    """Return sample_id, gene, state (amplified, homozygous_deletion) by segments, as `copy_table` judges them.

    Only genes that a segment of so many or so few copies touches are looked at: of most samples there are few.
    """
    places = gene_places(study.config.genome_build)
    segments = study["segments"].drop_nulls("total_cn")
    touched = (
        segments.filter((pl.col("total_cn") < NO_COPY) | (pl.col("total_cn") >= params.amplified))
        .select("sample_id", "chrom", "start", "end")
        .join(places, on="chrom", how="inner")
        .filter((pl.col("start") <= pl.col("last")) & (pl.col("end") >= pl.col("first")))
        .select("sample_id", "gene")
        .unique()
    )
    if touched.is_empty():
        return pl.DataFrame(schema={"sample_id": pl.String, "gene": pl.String, "state": pl.String})
    samples = study["samples"].filter(is_tumour()).select("sample_id", "patient_id", "ploidy")
    samples = samples.join(touched, on="sample_id", how="semi")
    states = _from_segments(study, samples, set(touched["gene"]), params)
    extreme = states.filter(pl.col("state").is_in(["amplified", "homozygous_deletion"]))
    return extreme.select("sample_id", "gene", "state").sort("sample_id", "gene")


_PARTS = ["sample_id", "gene", "state", "copies", "is_allele_lost", "basis"]


def _from_calls(study: Study, genes: Collection[str]) -> pl.DataFrame:
    table = study["gene_copy_number"].drop_nulls("call")
    names = {g: current_symbol(g) for g in table["gene"].unique().to_list()}
    wanted = sorted(g for g, name in names.items() if name in genes)
    level = pl.col("call").round(0).cast(pl.Int64).replace_strict(_CALLS, default=None, return_dtype=pl.String)
    # one copy lost is one allele lost; a balanced gene may still have lost one (copy-neutral)
    lost = pl.when(pl.col("state").is_in(["loss", "homozygous_deletion"])).then(pl.lit(True))
    return (
        table.filter(pl.col("gene").is_in(wanted))
        .with_columns(state=level, gene=pl.col("gene").replace(names), copies=pl.lit(None, dtype=pl.Float64))
        .with_columns(is_allele_lost=lost, basis=pl.lit("call"))
        .select(_PARTS)
        .unique(["sample_id", "gene"], keep="first", maintain_order=True)
    )


def _from_segments(
    study: Study, samples: pl.DataFrame, genes: Collection[str], params: CopyNumberParams
) -> pl.DataFrame:
    build = study.config.genome_build
    places = gene_places(build).filter(pl.col("gene").is_in(sorted(genes)))
    # the coding part: a panel's segment of ERBB2 begins at its first target, 12 kb behind the gene's first exon
    places = places.join(coding_spans(build), on="gene", how="left").select(
        "gene", "chrom", first=pl.coalesce("coding_first", "first"), last=pl.coalesce("coding_last", "last")
    )
    segments = study["segments"].drop_nulls("total_cn").join(samples, on="sample_id", how="semi")
    empty = pl.DataFrame(schema={name: SCHEMA[name] for name in _PARTS})
    if segments.is_empty() or places.is_empty():
        return empty
    length = pl.col("end") - pl.col("start") + 1
    mean = segments.group_by("sample_id").agg(((pl.col("total_cn") * length).sum() / length.sum()).alias("mean"))
    low, high = pl.max_horizontal("start", "first"), pl.min_horizontal("end", "last")
    over = (
        segments.select("sample_id", "chrom", "start", "end", "total_cn", "minor_cn")
        .join(places, on="chrom", how="inner")
        .filter((pl.col("start") <= pl.col("last")) & (pl.col("end") >= pl.col("first")))
        .with_columns(bases=high - low + 1)
        .group_by("sample_id", "gene", "chrom")
        .agg(
            (pl.col("bases").sum() / (pl.col("last") - pl.col("first") + 1).first()).alias("covered"),
            pl.col("total_cn").min().alias("least"),
            pl.col("total_cn").max().alias("most"),
            # every segment over the gene must tell of its minor allele
            pl.when(pl.col("minor_cn").is_not_null().all()).then(pl.col("minor_cn").max()).alias("minor"),
        )
        .filter(pl.col("covered") >= MIN_COVERED)
        .join(samples.select("sample_id", "patient_id", "ploidy"), on="sample_id", how="inner")
        .join(mean, on="sample_id", how="left")
        .with_columns(usual=pl.coalesce("ploidy", "mean"))
    )
    men = study["patients"].filter(pl.col("sex").str.to_lowercase().str.starts_with("m").fill_null(False))
    one_x = (pl.col("chrom") == "X") & pl.col("patient_id").is_in(men["patient_id"].implode())
    expected = pl.when(one_x).then(pl.col("usual") / 2).otherwise("usual")
    limit = pl.when(pl.col("usual") <= params.max_diploid).then(params.amplified).otherwise(params.amplified_polyploid)
    state = (
        pl.when(pl.col("most") < NO_COPY)
        .then(pl.lit("homozygous_deletion"))
        .when(pl.col("least") >= limit)
        .then(pl.lit("amplified"))
        .when(pl.col("least").round(0) < expected.round(0))
        .then(pl.lit("loss"))
        .when(pl.col("most").round(0) > expected.round(0))
        .then(pl.lit("gain"))
        .otherwise(pl.lit("neutral"))
    )
    lost = (
        pl.when(one_x)
        .then(None)
        .when(pl.col("minor").is_not_null())
        .then(pl.col("minor") < NO_COPY)
        .when(pl.col("most") < 1 + NO_COPY)
        .then(pl.lit(True))
    )
    return over.select(
        "sample_id",
        "gene",
        state.alias("state"),
        pl.col("least").alias("copies"),
        lost.alias("is_allele_lost"),
        pl.lit("segments").alias("basis"),
    )
