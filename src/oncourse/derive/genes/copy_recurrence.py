"""Which bands are gained or lost, and which focal events recur more often than chance places them."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.derive.genes.copy_states import CopyNumberParams
from oncourse.genome.cytobands import AUTOSOMES, arms, cytobands
from oncourse.genome.genes import gene_places
from oncourse.stats.cooccurrence import poisson_binomial_tail
from oncourse.stats.fdr import benjamini_hochberg

BAND_SCHEMA = {
    "band": pl.String,
    "chrom": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "n": pl.Int64,
    "n_gain": pl.Int64,
    "n_loss": pl.Int64,
    "n_loh": pl.Int64,
    "gain_share": pl.Float64,
    "loss_share": pl.Float64,
}
FOCAL_SCHEMA = {
    "kind": pl.String,
    "band": pl.String,
    "n": pl.Int64,
    "n_event": pl.Int64,
    "expected": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "genes": pl.String,
    "patients": pl.String,
}
#: kind of event -> the flag of a segment that makes it.
EVENTS = {
    "amplification": pl.col("is_amplified"),
    "deep deletion": pl.col("is_deep"),
    "gain": pl.col("state") == "gain",
    "loss": pl.col("state") == "loss",
}


def _over_bands(states: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Segments x bands with the bases they share: columns of both."""
    bands = cytobands(build).select("chrom", "band", "arm", first="start", last="end")
    rows = states.join(bands, on="chrom", how="inner")
    over = pl.min_horizontal("end", "last") - pl.max_horizontal("start", "first") + 1
    return rows.with_columns(bases=over).filter(pl.col("bases") > 0)


def band_states(states: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Return sample_id, patient_id, band, state (of most of its measured bases), is_loh; bands measured by half."""
    rows = _over_bands(states.filter(pl.col("state").is_not_null()), build)
    keys = ["sample_id", "patient_id", "band"]
    bases = pl.col("bases")
    table = rows.group_by(keys).agg(
        covered=bases.sum() / (pl.col("last") - pl.col("first") + 1).first(),
        gain=bases.filter(pl.col("state") == "gain").sum() / bases.sum(),
        loss=bases.filter(pl.col("state") == "loss").sum() / bases.sum(),
        is_loh=bases.filter(pl.col("is_loh").fill_null(False)).sum() / bases.sum() > 0.5,
    )
    word = pl.when(pl.col("gain") > 0.5).then(pl.lit("gain")).when(pl.col("loss") > 0.5).then(pl.lit("loss"))
    return (
        table.filter(pl.col("covered") >= 0.5)
        .select(*keys, "is_loh", state=word.otherwise(pl.lit("neutral")))
        .sort(keys)
    )


def band_frequencies(of_samples: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Return `BAND_SCHEMA`: patients assessed and changed per band (any of their samples), in the order of the
    genome."""
    people = of_samples.group_by("patient_id", "band").agg(
        gain=(pl.col("state") == "gain").any(), loss=(pl.col("state") == "loss").any(), loh=pl.col("is_loh").any()
    )
    counts = people.group_by("band").agg(
        n=pl.len(), n_gain=pl.col("gain").sum(), n_loss=pl.col("loss").sum(), n_loh=pl.col("loh").sum()
    )
    table = (
        cytobands(build)
        .join(counts, on="band", how="inner", maintain_order="left")
        .with_columns(gain_share=pl.col("n_gain") / pl.col("n"), loss_share=pl.col("n_loss") / pl.col("n"))
    )
    return table.select(pl.col(c).cast(t) for c, t in BAND_SCHEMA.items())


def focal_events(states: pl.DataFrame, build: str | None, params: CopyNumberParams) -> pl.DataFrame:
    """Test each band for focal events: `FOCAL_SCHEMA`, the bands with any.

    Focal: a run of neighbouring segments with the event, shorter than `params.focal_share` of its arm. Under random
    rotation of each patient's events along the autosomes a band is hit with the share of bands the patient's events
    hit, so that the count of patients is Poisson-binomial: the permutation distribution itself, not a sample of it.
    """
    bands = cytobands(build).filter(pl.col("chrom").is_in(list(AUTOSOMES)))
    auto = states.filter(pl.col("chrom").is_in(list(AUTOSOMES)))
    people = auto["patient_id"].unique().sort()
    genes = _genes_of_bands(build)
    parts = []
    for kind, flag in EVENTS.items():
        hits = _over_bands(_focal_runs(auto, flag, build, params.focal_share), build)
        hits = hits.select("patient_id", "band").unique()
        if hits.is_empty():
            continue
        shares = hits.group_by("patient_id").len("n").sort("patient_id")["n"].to_numpy() / bands.height
        names = pl.col("patient_id").sort().str.join(";")
        counts = hits.group_by("band").agg(n_event=pl.len().cast(pl.Int64), patients=names).sort("band")
        seen = counts["n_event"].to_numpy()
        values, of_value = np.unique(seen, return_inverse=True)
        chance = np.tile(shares, (len(values), 1))
        tail = poisson_binomial_tail(chance, np.ones(len(shares), np.int64), values)
        p = np.where(values > shares.sum(), tail, 1.0)[of_value]
        parts.append(
            counts.with_columns(
                kind=pl.lit(kind),
                n=pl.lit(len(people), pl.Int64),
                expected=pl.lit(float(shares.sum())),
                p_value=pl.Series(p),
                # bands without an event have p = 1: they count among the tests
                q_value=pl.Series(benjamini_hochberg(np.append(p, np.ones(bands.height - len(p))))[: len(p)]),
            )
        )
    if not parts:
        return pl.DataFrame(schema=FOCAL_SCHEMA)
    table = pl.concat(parts).join(genes, on="band", how="left").select(list(FOCAL_SCHEMA))
    return table.sort("p_value", "kind", "band")


def _focal_runs(rows: pl.DataFrame, flag: pl.Expr, build: str | None, most: float) -> pl.DataFrame:
    """Runs of neighbouring segments with the flag, shorter than `most` of the arm they begin in."""
    keys = ["sample_id", "patient_id", "chrom"]
    marked = rows.sort("sample_id", "chrom", "start").with_columns(on=flag.fill_null(False))
    turn = (pl.col("on") != pl.col("on").shift(1)).fill_null(True).over("sample_id", "chrom")
    runs = marked.with_columns(run=turn.cum_sum().over("sample_id", "chrom")).filter("on")
    runs = runs.group_by(*keys, "run").agg(pl.col("start").min(), pl.col("end").max())
    places = arms(build).select("chrom", "arm", first="start", last="end")
    inside = runs.join(places, on="chrom", how="inner").filter(
        pl.col("start").is_between(pl.col("first"), pl.col("last"))
    )
    short = (pl.col("end") - pl.col("start") + 1) < most * (pl.col("last") - pl.col("first") + 1)
    return inside.filter(short).select(*keys, "start", "end")


def _genes_of_bands(build: str | None) -> pl.DataFrame:
    """band, genes: cancer genes of known place that begin in the band."""
    bands = cytobands(build).select("chrom", "band", first_band="start", last_band="end")
    rows = gene_places(build).join(bands, on="chrom", how="inner")
    rows = rows.filter(pl.col("first").is_between(pl.col("first_band"), pl.col("last_band")))
    return rows.group_by("band").agg(genes=pl.col("gene").unique().sort().str.join(";"))
