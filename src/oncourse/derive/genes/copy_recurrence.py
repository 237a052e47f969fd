"""Which bands are gained or lost, and which focal events recur more often than chance places them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.genes.copy_states import CopyNumberParams
from oncourse.genome.cytobands import AUTOSOMES, UNMEASURED, arms, cytobands
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
    "caution": pl.String,
    "patients": pl.String,
}
_LYMPHOCYTES, _PEOPLE = "receptor genes rearranged in lymphocytes", "copies differ between healthy people"
_BOTH_SEXES = "bases that X shares with Y: a man has two copies"
#: Bands in which focal events are seen without any selection, and why. From general knowledge (2026-11): the loci of
#: immunoglobulins, T-cell receptors and HLA, common copy-number variants and segmental duplications, and the bands of the
#: pseudoautosomal regions and of the transposed piece of X.
VARIABLE = {
    **dict.fromkeys(("2p11.2", "7p14.1", "7q34", "14q11.2", "14q32.33", "22q11.22"), _LYMPHOCYTES),
    **dict.fromkeys(("6p21.32", "6p21.33", "6p22.1"), "HLA: reads of the other alleles map elsewhere"),
    **dict.fromkeys(("1p13.3", "4q13.2", "8p11.22", "8p23.1", "17q21.31", "22q11.23"), _PEOPLE),
    **dict.fromkeys(
        ("1p36.13", "1p36.21", "1q21.1", "1q21.2", "7q22.1", "10q11.22", "15q11.2", "16p11.2", "16p12.2", "17p11.2"),
        "segmental duplications",
    ),
    **dict.fromkeys(("Xp22.33", "Xq21.31", "Xq28"), _BOTH_SEXES),
}
#: Common fragile sites: bands of very large genes that break when replication is late, so that pieces of them are lost
#: without selection (Bignell, Nature 2010;463:893; Beroukhim, Nature 2010;463:899; Glover, Nat Rev Cancer 2017;17:489).
#: Bands that hold a suppressor besides (16p13.3 with RBFOX1 and CREBBP, 5q11.2 with PDE4D and MAP3K1) are not named.
FRAGILE = {
    "1p21.3": "DPYD",
    "1p32.2": "DAB1",
    "2q22.1": "LRP1B",
    "3p14.2": "FHIT",
    "3q13.31": "LSAMP",
    "3q26.31": "NAALADL2",
    "4q22.1": "CCSER1",
    "4q22.2": "GRID2",
    "5q12.1": "PDE4D",
    "6q26": "PRKN",
    "7q11.22": "AUTS2",
    "7q21.11": "MAGI2",
    "7q31.1": "IMMP2L",
    "7q35": "CNTNAP2",
    "8p23.2": "CSMD1",
    "10q21.3": "CTNNA3",
    "11q14.1": "DLG2",
    "16q23.1": "WWOX",
    "20p12.1": "MACROD2",
    "22q12.3": "LARGE1",
    "Xp21.1": "DMD",
}
#: kind of event -> the flag of a segment that makes it. One loss of a man's X leaves no copy: it is no deep deletion,
#: which takes two elsewhere.
EVENTS = {
    "amplification": pl.col("is_amplified"),
    "deep deletion": pl.col("is_deep") & (pl.col("chrom") != "X"),
    "gain": pl.col("state") == "gain",
    "loss": pl.col("state") == "loss",
}


#: Unmeasured bases beyond which two segments are no neighbours (as between the pieces of a transition, Popova 2012).
APART = 3_000_000


#: A band where losses and gains both recur at this false discovery rate, the rarer in at least this share of the
#: patients of the other, is one that is measured badly. Of 227 gliomas (the example of GISTIC 2) 66 lose both copies of
#: CDKN2A and 16 gain the band: a driver whose band is also broken otherwise.
NOISE, ALIKE = 0.05, 1 / 3
_LOSSES, _GAINS = ("loss", "deep deletion"), ("gain", "amplification")


def _over_bands(states: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Segments x bands with the bases they share: columns of both; no band of an arm without a sequence."""
    bands = (
        cytobands(build)
        .filter(~pl.col("arm").is_in(UNMEASURED))
        .select("chrom", "band", "arm", first="start", last="end")
    )
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
    """Test each measured band for focal events: `FOCAL_SCHEMA`, the bands with any.

    Focal: a run of neighbouring segments with the event, shorter than `params.focal_share` of its arm. Under random
    rotation of each patient's events along the autosomes, and X where it has segments (AR lies there), base by base, a
    band is hit as often as its length and that of the events make it (`_hit_chances`), so that the count of patients is
    Poisson-binomial: the permutation distribution itself, not a sample of it.
    """
    auto = states.filter(pl.col("chrom").is_in([*AUTOSOMES, "X"]))
    bands = _measured_bands(auto, build)
    with_x = set(auto.filter(pl.col("chrom") == "X")["patient_id"])
    n_patients = pl.when(pl.col("arm").str.starts_with("X")).then(len(with_x)).otherwise(auto["patient_id"].n_unique())
    parts = []
    for kind, flag in EVENTS.items():
        runs = _focal_runs(auto, flag, build, params.focal_share)
        hits = _over_bands(runs, build).select("patient_id", "band").unique()
        hits = hits.join(bands.select("band"), on="band", how="semi")
        if hits.is_empty():
            continue
        names = pl.col("patient_id").sort().str.join(";")
        counts = hits.group_by("band").agg(n_event=pl.len().cast(pl.Int64), patients=names)
        counts = bands.join(counts, on="band", how="inner").sort("band")
        chance = _hit_chances(runs, counts, bands, params.focal_share, with_x)
        seen, expected = counts["n_event"].to_numpy(), chance.sum(1)
        tail = poisson_binomial_tail(chance, np.ones(chance.shape[1], np.int64), seen)
        p = np.where(seen > expected, tail, 1.0)
        parts.append(
            counts.with_columns(
                kind=pl.lit(kind),
                n=n_patients.cast(pl.Int64),
                expected=pl.Series(expected),
                p_value=pl.Series(p),
                # bands without an event have p = 1: they count among the tests
                q_value=pl.Series(benjamini_hochberg(np.append(p, np.ones(bands.height - len(p))))[: len(p)]),
            )
        )
    if not parts:
        return pl.DataFrame(schema=FOCAL_SCHEMA)
    table = pl.concat(parts).join(_genes_of_bands(build), on="band", how="left")
    return table.with_columns(caution=_caution()).select(list(FOCAL_SCHEMA)).sort("p_value", "kind", "band")


def _caution() -> pl.Expr:
    """Why the events of a band may be no selection: the place (`VARIABLE`; of losses `FRAGILE`), or gains and losses that
    recur alike."""
    band = pl.col("band")
    known = band.replace_strict(VARIABLE, default=None, return_dtype=pl.String)
    broken = band.replace_strict(FRAGILE, default=None, return_dtype=pl.String)
    fragile = pl.when(pl.col("kind").is_in(_LOSSES)).then(
        pl.format("common fragile site ({}): lost without selection", broken)
    )
    sure = pl.col("q_value") < NOISE
    lost, gained = (
        pl.col("n_event").filter(sure & pl.col("kind").is_in(kinds)).max().fill_null(0).over("band")
        for kinds in (_LOSSES, _GAINS)
    )
    both = (lost > 0) & (gained > 0)
    alike = both & (pl.min_horizontal(lost, gained) >= ALIKE * pl.max_horizontal(lost, gained))
    return pl.coalesce(
        known, fragile, pl.when(alike).then(pl.lit("gains and losses recur alike: noise of the segments"))
    )


def _measured_bands(states: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """band, arm, size and length of the arm (bases) of the bands of autosomes and X that segments of anybody
    reach."""
    length = arms(build).select("arm", length=pl.col("end") - pl.col("start") + 1)
    bands = cytobands(build).filter(pl.col("chrom").is_in([*AUTOSOMES, "X"])).join(length, on="arm", how="left")
    reached = _over_bands(states.group_by("chrom", "start", "end").agg(), build).select("band").unique()
    bands = bands.join(reached, on="band", how="semi", maintain_order="left")
    return bands.select("band", "arm", "length", size=pl.col("end") - pl.col("start") + 1)


def _hit_chances(
    runs: pl.DataFrame, tested: pl.DataFrame, bands: pl.DataFrame, most: float, with_x: Collection[str]
) -> NDArray[np.float64]:
    """Chance that a band is hit when each patient's events turn together along the genome: (band, patient with events).

    An event of ``l`` bases hits a band of ``b`` from ``l + b`` places, less what the event behind it hits as well. It
    can only lie on arms where it is focal: that is where it is looked for, and the genome along which it turns. X is
    part of it for the patients `with_x`.
    """
    size, limit = tested["size"].to_numpy(), most * tested["length"].to_numpy()
    on_x = pl.col("arm").str.starts_with("X")
    is_x = tested.select(on_x)["arm"].to_numpy()
    rooms = {True: _room(bands, most), False: _room(bands.filter(~on_x), most)}
    starts = _starts_of_chromosomes()
    columns = []
    for (patient,), own in runs.sort("patient_id").group_by(["patient_id"], maintain_order=True):
        longest, rest = rooms[patient in with_x]
        first, last, single = _united(own, starts)
        gap = np.append(first[1:] - last[:-1] - 1, size.max())
        genome = rest[np.minimum(np.searchsorted(longest, single, side="right"), len(rest) - 1)]
        places = (last - first + 1) + np.minimum(gap, size[:, None])
        hit = np.where(single < limit[:, None], places / genome, 0.0).sum(1).clip(0.0, 1 - 1e-9)
        columns.append(np.where(is_x & (patient not in with_x), 0.0, hit))
    return np.column_stack(columns)


def _room(bands: pl.DataFrame, most: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Longest focal event of each length of arm, ascending, and the bases of the arms that hold one as long."""
    room = bands.group_by("length").agg(pl.col("size").sum()).sort("length")
    return most * room["length"].to_numpy(), room["size"].to_numpy()[::-1].cumsum()[::-1]


def _united(runs: pl.DataFrame, starts: dict[str, int]) -> tuple[NDArray[np.int64], ...]:
    """First and last base along the genome of the events of all samples together, and the longest single one in
    each."""
    at = np.array([starts[c] for c in runs["chrom"]])
    order = np.argsort(at + runs["start"].to_numpy(), kind="stable")
    first, last = (at + runs["start"].to_numpy())[order], (at + runs["end"].to_numpy())[order]
    reach = np.maximum.accumulate(last)
    new = np.flatnonzero(np.append(True, first[1:] > reach[:-1]))
    return first[new], np.maximum.reduceat(last, new), np.maximum.reduceat(last - first + 1, new)


@cache
def _starts_of_chromosomes() -> dict[str, int]:
    """Chromosome -> bases before it; the longer of both builds, so that chromosomes never overlap."""
    ends = pl.concat([cytobands(b) for b in ("GRCh37", "GRCh38")]).group_by("chrom").agg(pl.col("end").max())
    size = dict(ends.iter_rows())
    starts, total = {}, 0
    for chrom in (*AUTOSOMES, "X"):
        starts[chrom] = total
        total += size[chrom]
    return starts


def _focal_runs(rows: pl.DataFrame, flag: pl.Expr, build: str | None, most: float) -> pl.DataFrame:
    """Runs of neighbouring segments with the flag, shorter than `most` of the arm they begin in.

    Segments with more than `APART` unmeasured between them are no neighbours: a table may hold the events alone.
    """
    keys = ["sample_id", "patient_id", "chrom"]
    marked = rows.sort("sample_id", "chrom", "start").with_columns(on=flag.fill_null(False))
    apart = pl.col("start") - pl.col("end").shift(1) > APART
    turn = ((pl.col("on") != pl.col("on").shift(1)) | apart).fill_null(True).over("sample_id", "chrom")
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
