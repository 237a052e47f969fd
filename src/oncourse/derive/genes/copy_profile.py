"""Copy number of whole genomes: state of every segment, and what it adds up to in a sample."""

from __future__ import annotations

import polars as pl

from oncourse.derive.genes.copy_states import NO_COPY, CopyNumberParams
from oncourse.derive.genes.hrd_scar import scar_table
from oncourse.facts.material import is_tumour
from oncourse.genome.cytobands import AUTOSOMES, UNMEASURED, arms
from oncourse.study.model import Study

#: Columns of `segment_states`.
STATE_SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "chrom": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "total": pl.Float64,
    "minor": pl.Float64,
    "log2_ratio": pl.Float64,
    "state": pl.String,
    "is_amplified": pl.Boolean,
    "is_deep": pl.Boolean,
    "is_loh": pl.Boolean,
}
PROFILE_SCHEMA = {
    "sample_id": pl.String,
    "patient_id": pl.String,
    "measured_mb": pl.Float64,
    "basis": pl.String,
    "fga": pl.Float64,
    "ploidy": pl.Float64,
    "is_doubled": pl.Boolean,
    "loh_share": pl.Float64,
    "n_segments": pl.Int64,
    "hrd_loh": pl.Int64,
    "hrd_tai": pl.Int64,
    "hrd_lst": pl.Int64,
    "hrd_score": pl.Int64,
}
ARM_SCHEMA = {
    "sample_id": pl.String,
    "patient_id": pl.String,
    "arm": pl.String,
    "call": pl.String,
    "measured": pl.Float64,
    "gain_share": pl.Float64,
    "loss_share": pl.Float64,
    "loh_share": pl.Float64,
}
#: Share of the autosomes with two and more copies of the major allele from which the genome was doubled (Bielski 2018,
#: as facets-suite counts it). No ploidy is asked for: one allele twice over most of a genome of two copies is a
#: doubling of what losses left, also by the line of PCAWG (ploidy >= 2.9 - 2 x LOH; Gerstung 2020).
DOUBLED = 0.5
#: An arm is judged where segments cover this share of it; alleles count where they are known over `ALLELES` of a
#: genome.
MIN_ARM, ALLELES = 0.5, 0.9


def segment_states(study: Study, params: CopyNumberParams) -> pl.DataFrame:
    """Return `STATE_SCHEMA` of every segment of a tumour sample on the autosomes and X.

    state: gain, loss or neutral against the sample's ploidy (recorded, else the mean of its autosomes), in whole
    copies, on X of a man against half of it (X of unknown sex: null); from the log2 ratio where no copies are given
    (`params.log2_gain`).
    is_amplified and is_deep: `params.amplified` ... and no copy left; is_loh: no minor allele left; null = not known.
    """
    samples = study["samples"].filter(is_tumour()).select("sample_id", "patient_id", "ploidy")
    sex = study["patients"].select("patient_id", sex=pl.col("sex").str.to_lowercase().str.slice(0, 1))
    rows = study["segments"].filter(pl.col("chrom").is_in([*AUTOSOMES, "X"]))
    rows = rows.join(samples, on="sample_id", how="inner").join(sex, on="patient_id", how="left")
    length = pl.col("end") - pl.col("start") + 1
    own = pl.col("total_cn").is_not_null() & (pl.col("chrom") != "X")
    mean = rows.filter(own).group_by("sample_id").agg(mean=(pl.col("total_cn") * length).sum() / length.sum())
    rows = rows.join(mean, on="sample_id", how="left").with_columns(usual=pl.coalesce("ploidy", "mean"))
    of_x = pl.when(pl.col("sex") == "m").then(pl.col("usual") / 2).when(pl.col("sex") == "f").then(pl.col("usual"))
    expected = pl.when(pl.col("chrom") == "X").then(of_x).otherwise("usual").round(0)
    total, ratio = pl.col("total_cn"), pl.col("log2_ratio")
    limit = pl.when(pl.col("usual") <= params.max_diploid).then(params.amplified).otherwise(params.amplified_polyploid)
    state = (
        pl.when(total.is_not_null() & expected.is_not_null())
        .then(_word(total.round(0) > expected, total.round(0) < expected))
        .when(total.is_null() & (pl.col("chrom") != "X"))
        .then(_word(ratio > params.log2_gain, ratio < -params.log2_gain))
    )
    return rows.select(
        "patient_id",
        "sample_id",
        "chrom",
        "start",
        "end",
        total="total_cn",
        minor="minor_cn",
        log2_ratio="log2_ratio",
        state=state,
        is_amplified=pl.when(total.is_not_null()).then(total >= limit).otherwise(ratio >= params.log2_amplified),
        is_deep=pl.when(total.is_not_null()).then(total < NO_COPY).otherwise(ratio <= -params.log2_amplified),
        is_loh=pl.when(pl.col("chrom") != "X").then((pl.col("minor_cn") < NO_COPY) & (total >= NO_COPY)),
    ).sort("sample_id", "chrom", "start")


def _word(gain: pl.Expr, loss: pl.Expr) -> pl.Expr:
    known = gain.is_not_null()
    return (
        pl.when(known & gain)
        .then(pl.lit("gain"))
        .when(known & loss)
        .then(pl.lit("loss"))
        .when(known)
        .then(pl.lit("neutral"))
    )


def profile_table(states: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Return `PROFILE_SCHEMA`, one row per sample with segments; autosomes alone.

    fga: share of the measured bases that are gained or lost. is_doubled: two and more copies of the major allele over
    half of the bases whose alleles are known; it and hrd_* (`oncourse.derive.genes.hrd_scar`) are null where the
    alleles of less than nine tenths are known. Every number is the same however a segment is cut into pieces of equal
    copies.
    """
    rows = states.filter(pl.col("chrom").is_in(list(AUTOSOMES))).with_columns(
        bases=pl.col("end") - pl.col("start") + 1, major=pl.col("total") - pl.col("minor")
    )
    bases, judged = pl.col("bases"), pl.col("state").is_not_null()
    alleles = pl.col("major").is_not_null()
    enough = bases.filter(alleles).sum() >= ALLELES * bases.sum()

    def share(flag: pl.Expr, of: pl.Expr) -> pl.Expr:
        return bases.filter(flag & of).sum() / bases.filter(of).sum()

    counted = pl.col("total").is_not_null()
    table = rows.group_by("sample_id", "patient_id").agg(
        measured_mb=bases.sum() / 1e6,
        basis=pl.when(counted.any()).then(pl.lit("copies")).otherwise(pl.lit("log2 ratio")),
        fga=share(pl.col("state") != "neutral", judged),
        ploidy=(pl.col("total") * bases).filter(counted).sum() / bases.filter(counted).sum(),
        is_doubled=pl.when(enough).then(share(pl.col("major").round(0) >= 2, alleles) > DOUBLED),
        loh_share=pl.when(enough).then(share(pl.col("is_loh"), alleles)),
    )
    runs = rows.select("sample_id", "chrom", key=_key()).filter(
        (pl.col("key") != pl.col("key").shift(1)).fill_null(True)
        | (pl.col("chrom") != pl.col("chrom").shift(1)).fill_null(True)
        | (pl.col("sample_id") != pl.col("sample_id").shift(1)).fill_null(True)
    )
    table = table.join(runs.group_by("sample_id").agg(n_segments=pl.len()), on="sample_id", how="left")
    known = table.filter(pl.col("is_doubled").is_not_null())["sample_id"].implode()
    scars = scar_table(rows.filter(pl.col("sample_id").is_in(known)), arms(build))
    table = table.join(scars, on="sample_id", how="left").with_columns(
        pl.col("fga", "ploidy", "loh_share").fill_nan(None)
    )
    return table.select(pl.col(c).cast(t) for c, t in PROFILE_SCHEMA.items()).sort("sample_id")


def _key() -> pl.Expr:
    """What makes two neighbouring segments one: their whole copies, else their state."""
    copies = pl.format("{}/{}", pl.col("total").round(0), pl.col("minor").round(0).fill_null(-1))
    return pl.when(pl.col("total").is_not_null()).then(copies).otherwise("state").fill_null("unknown")


def arm_table(states: pl.DataFrame, build: str | None, params: CopyNumberParams) -> pl.DataFrame:
    """Return `ARM_SCHEMA`: every arm of a sample that segments cover by half; what is not listed was not assessed.

    The short arms of which the genome holds no sequence (`UNMEASURED`) are never listed, whatever the segments say.

    call: gain or loss where `params.arm_share` of the measured arm is so, neutral where so much of it is neutral, else
    partial.
    """
    places = (
        arms(build)
        .filter(~pl.col("arm").is_in(UNMEASURED))
        .rename({"start": "first", "end": "last"})
        .with_columns(pl.col("chrom").cast(pl.String))
    )
    rows = states.filter(pl.col("state").is_not_null()).join(places, on="chrom", how="inner")
    over = pl.min_horizontal("end", "last") - pl.max_horizontal("start", "first") + 1
    rows = rows.with_columns(bases=over).filter(pl.col("bases") > 0)

    def share(flag: pl.Expr) -> pl.Expr:
        return pl.col("bases").filter(flag.fill_null(False)).sum() / pl.col("bases").sum()

    table = rows.group_by("sample_id", "patient_id", "arm").agg(
        measured=pl.col("bases").sum() / (pl.col("last") - pl.col("first") + 1).first(),
        gain_share=share(pl.col("state") == "gain"),
        loss_share=share(pl.col("state") == "loss"),
        neutral_share=share(pl.col("state") == "neutral"),
        loh_share=pl.when(pl.col("is_loh").is_not_null().all()).then(share(pl.col("is_loh"))),
    )
    word = (
        pl.when(pl.col("gain_share") >= params.arm_share)
        .then(pl.lit("gain"))
        .when(pl.col("loss_share") >= params.arm_share)
        .then(pl.lit("loss"))
        .when(pl.col("neutral_share") >= params.arm_share)
        .then(pl.lit("neutral"))
        .otherwise(pl.lit("partial"))
    )
    table = table.filter(pl.col("measured") >= MIN_ARM).with_columns(call=word)
    return table.select(list(ARM_SCHEMA)).sort("sample_id", "arm")
