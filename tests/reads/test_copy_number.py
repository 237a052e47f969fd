"""Copy number, purity and ploidy: simulated bins with known copies, the real stomach exome of FACETS."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from oncourse.reads.copy_fit import STATES, fit_together
from oncourse.reads.copy_number import (
    Tracks,
    bins_of,
    fit_copies,
    is_autosome,
    segment_rows,
    told,
    tracks_of,
)
from oncourse.reads.profile import Bases
from oncourse.reads.segmentation import breaks, correlation, noise

CHROMS, PER = 22, 60


def _copies(rng, events, *, doubled=False):
    """Return major and minor copies of every bin: gains and losses of arms and chromosomes, doubled half way."""
    both = np.ones((2, CHROMS, PER), int)
    for n in range(events):
        if doubled and n == events // 2:
            both *= 2
        part = [slice(0, PER), slice(0, PER // 2), slice(PER // 2, PER)][rng.integers(3)]
        where = (rng.integers(2), rng.integers(CHROMS), part)
        both[where] = np.where(both[where] > 0, np.maximum(both[where] + rng.choice([-1, 1]), 0), 0)
    return both.max(0).ravel(), both.min(0).ravel()


def _patient(rng, purities, major, minor, *, depth=120, sd=0.15, n_mutations=40, bias=1 / 1.06):
    """Return tracks and mutations of samples with these copies; 40 % of bins hold a heterozygous place."""
    n, total = len(major), major + minor
    het = np.flatnonzero(rng.random(n) < 0.4)
    ratio, alt, of, mutations = [], [], [], []
    for purity in purities:
        copies = purity * total + 2 * (1 - purity)
        seen = 2.0 ** rng.normal(np.log2(np.maximum(copies / copies.mean(), 1e-3)), sd)
        ratio.append(seen / seen.mean())
        share = (purity * minor + 1 - purity)[het] / copies[het]
        share = np.where(rng.random(len(het)) < 0.5, share, 1 - share)
        of.append(rng.poisson(depth * (copies / copies.mean())[het]))
        alt.append(rng.binomial(of[-1], share * bias / (share * bias + 1 - share)))
        at = rng.integers(0, n, n_mutations)
        on = np.where(rng.random(n_mutations) < 0.7, 1, np.maximum(major[at], 1))
        part = np.where(rng.random(n_mutations) < 0.3, rng.uniform(0.1, 0.8, n_mutations), 1.0)
        d = np.maximum(rng.poisson(depth, n_mutations), 1)
        a = rng.binomial(d, np.where(total[at] > 0, purity * on * part / copies[at], 0))
        mutations.append(np.stack([at, a, d], 1)[a >= 3])
    place = np.arange(n) * 1000
    tracks = Tracks(
        np.repeat([str(c + 1) for c in range(CHROMS)], PER),
        place,
        place + 250,
        np.stack(ratio),
        np.full((len(purities), n), 50.0),
        het,
        place[het],
        np.stack(alt),
        np.stack(of),
        bias,
    )
    return tracks, mutations


@pytest.mark.parametrize(
    "seed, purities, events, doubled",
    [(1, (0.2, 0.9), 14, False), (2, (0.4, 0.7), 16, True), (3, (0.3, 0.55), 7, False)],
)
def test_purity_within_7_points_ploidy_within_three_tenths_and_copies_of_nearly_all_bins(
    seed, purities, events, doubled
):
    """Purity 0.2-0.9, genomes doubled or not; the bounds are those of the acceptance of this stage."""
    rng = np.random.default_rng(seed)
    major, minor = _copies(rng, events, doubled=doubled)
    tracks, mutations = _patient(rng, purities, major, minor)
    found = fit_copies(tracks, mutations)
    segment = np.repeat(np.arange(len(found.first)), found.end - found.first)
    for fit, purity in zip(found.fits, purities, strict=True):
        assert fit.is_certain and abs(fit.purity - purity) <= 0.07
        assert abs(fit.ploidy - (major + minor).mean()) <= 0.3
        assert np.mean((fit.major[segment] == major) & (fit.minor[segment] == minor)) >= 0.95


def test_a_genome_without_changes_has_its_purity_from_its_mutations_or_none():
    """No copy tells purity where none is changed: 40 mutations do, none do not."""
    rng = np.random.default_rng(5)
    ones = np.ones(CHROMS * PER, int)
    tracks, mutations = _patient(rng, (0.5,), ones, ones)
    (fit,) = fit_copies(tracks, mutations).fits
    assert fit.is_certain and abs(fit.purity - 0.5) <= 0.07 and fit.ploidy == 2
    silent = fit_copies(tracks, [np.zeros((0, 3), np.int64)])
    assert not silent.fits[0].is_certain
    said = told(silent.fits[0])
    assert said["purity"] is None and said["purity_status"] == "ambiguous"
    rows = segment_rows(tracks, silent, ["S"], ["male"])
    assert rows["total_cn"].null_count() == rows.height and rows["log2_ratio"].null_count() == 0


def test_the_few_bins_of_a_small_panel_are_told_as_not_covered():
    rng = np.random.default_rng(6)
    tracks, _ = _patient(rng, (0.5,), np.ones(CHROMS * PER, int), np.ones(CHROMS * PER, int))
    few = replace(
        tracks,
        chrom=tracks.chrom[:20],
        start=tracks.start[:20],
        end=tracks.end[:20],
        ratio=tracks.ratio[:, :20],
        trust=tracks.trust[:, :20],
        het_bin=np.zeros(0, int),
        het_pos=np.zeros(0, int),
        alt=np.zeros((1, 0), int),
        depth=np.zeros((1, 0), int),
    )
    assert told(fit_copies(few, [np.zeros((0, 3), np.int64)]).fits[0])["purity_status"] == "not_covered"


def test_breaks_are_found_where_levels_change_and_not_in_noise():
    """Two tracks, a segment of 12 places within 200; 30 draws of noise alone have at most one false break (0.01
    each)."""
    rng = np.random.default_rng(7)
    false = 0
    for _ in range(30):
        values = rng.normal(0, 0.2, (2, 200))
        false += len(breaks(values, np.full((2, 200), 25.0), n_genome=200))
    assert false <= 1
    values = rng.normal(0, 0.2, (2, 200))
    values[:, 90:102] += 0.5
    found = breaks(values, np.full((2, 200), 25.0), n_genome=200)
    assert len(found) == 2 and abs(found[0] - 90) <= 2 and abs(found[1] - 102) <= 2


def test_the_noise_of_a_shared_normal_is_not_evidence_of_each_sample():
    """Three tracks over one normal: taken as independent, its noise is breaks; with the correlation it is not."""
    rng = np.random.default_rng(8)
    counts = [0, 0]
    for _ in range(20):
        values = rng.normal(0, 0.2, 150) + rng.normal(0, 0.05, (3, 150))
        weights = np.full((3, 150), 1.0)
        weights = weights / noise(values, weights)[:, None]
        counts[0] += len(breaks(values, weights, n_genome=150))
        counts[1] += len(breaks(values, weights, n_genome=150, alike=correlation(values, weights)))
    assert counts[1] <= 2 < counts[0]


def _bases(depth, alt):
    """Target bases of two contigs, a place in ten heterozygous (C beside A)."""
    n = len(depth)
    counts = np.zeros((n, 12), np.int32)
    counts[:, 0], counts[:, 1] = depth - alt, alt
    half = n // 2
    contig, pos = np.repeat([0, 1], half), np.tile(np.arange(half) + 500, 2)
    return Bases(("chr1", "chrX"), contig, pos, np.zeros(n, np.int8), counts)


def test_tracks_are_depth_over_the_normal_and_fractions_at_its_heterozygous_places():
    """By hand: half the depth on the second contig is log2 -1; places of 40 % in the normal count, those of 90 % do
    not."""
    n = 4_000
    depth = np.full(n, 100)
    alt = np.where(np.arange(n) % 100 == 0, 40, np.where(np.arange(n) % 100 == 50, 90, 0))
    tumour = np.where(np.arange(n) < n // 2, 100, 50)
    tracks = tracks_of(_bases(depth, alt), [_bases(tumour, np.minimum(alt, tumour))])
    assert len(tracks.chrom) == 16 and tracks.chrom[0] == "chr1" and is_autosome(tracks.chrom).sum() == 8
    assert np.allclose(tracks.ratio[0, :8], 1) and np.allclose(tracks.ratio[0, 8:], 0.5)
    assert len(tracks.het_bin) == 40 and (tracks.depth[0][:20] == 100).all()
    at = bins_of(tracks, pl.Series(["1", "X", "7"]), pl.Series([501, 501 + 1_999, 9]))
    assert at.tolist() == [0, 15, -1]


def test_the_copies_of_x_of_a_man_are_over_one_copy_of_the_normal():
    """Purity 0.5, ploidy 2: half as much again on X is two copies in a man's tumour, four in a woman's."""
    rng = np.random.default_rng(9)
    tracks, mutations = _patient(rng, (0.5,), np.ones(CHROMS * PER, int), np.ones(CHROMS * PER, int))
    is_x = tracks.chrom == "22"
    chrom = np.where(is_x, "X", tracks.chrom)
    tracks = replace(tracks, chrom=chrom, ratio=np.where(is_x, tracks.ratio * 1.5, tracks.ratio))
    kept = tracks.het_bin < (CHROMS - 1) * PER
    tracks = replace(
        tracks,
        het_bin=tracks.het_bin[kept],
        het_pos=tracks.het_pos[kept],
        alt=tracks.alt[:, kept],
        depth=tracks.depth[:, kept],
    )
    found = fit_copies(tracks, mutations)
    for sex, copies in (("male", 2.0), ("female", 4.0), (None, None)):
        assert segment_rows(tracks, found, ["S"], [sex]).filter(chrom="X")["total_cn"].to_list() == [copies]


def test_states_are_listed_once_each_with_the_larger_allele_first():
    """Up to eight copies: 25 states; no samples, no solutions."""
    assert len(STATES) == 25 and (STATES[:, 0] >= STATES[:, 1]).all() and STATES.sum(1).max() == 8
    assert fit_together([]) == []


@pytest.mark.slow
def test_of_many_patients_nearly_all_are_fitted_and_hardly_one_is_wrong_and_certain():
    """24 patients with two samples, purity 0.2-0.9, a third doubled, 4-24 events, 0-200 mutations."""
    good = wrong = 0
    for seed in range(24):
        rng = np.random.default_rng(1000 + seed)
        purities = tuple(rng.choice([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 2))
        major, minor = _copies(rng, int(rng.integers(4, 25)), doubled=bool(rng.random() < 0.35))
        tracks, mutations = _patient(rng, purities, major, minor, n_mutations=int(rng.choice([0, 15, 60, 200])))
        for fit, purity in zip(fit_copies(tracks, mutations).fits, purities, strict=True):
            is_near = abs(fit.purity - purity) <= 0.07 and abs(fit.ploidy - (major + minor).mean()) <= 0.3
            good += is_near and fit.is_certain
            wrong += not is_near and fit.is_certain
    assert good >= 46 and wrong == 0


def test_a_tenth_of_another_persons_dna_leaves_the_purity_of_the_tube_within_seven_points():
    """Foreign DNA: two copies everywhere, at heterozygous places 0, 1 or 2 of the allele (Hardy-Weinberg, 0.5). Measured
    in 16 fits: 16 certain and within 0.035; at a fifth 13 of 16 are called certain, one of them wrong by more than 0.07,
    so copies are withheld from a tenth on."""
    seed, purities = 1, (0.3, 0.7)
    rng = np.random.default_rng(seed)
    major, minor = _copies(rng, 14, doubled=False)
    tracks, mutations = _patient(rng, purities, major, minor)
    genotype = rng.binomial(2, 0.5, tracks.alt.shape[1]) / 2
    foreign = rng.binomial(tracks.depth, 0.1)
    own = rng.binomial(tracks.depth - foreign, tracks.alt / np.maximum(tracks.depth, 1))
    ratio = 0.9 * tracks.ratio + 0.1
    mixed = replace(tracks, alt=own + rng.binomial(foreign, genotype), ratio=ratio / ratio.mean(axis=1, keepdims=True))
    fewer = [np.stack([m[:, 0], rng.binomial(m[:, 1], 0.9), m[:, 2]], 1) for m in mutations]
    for fit, purity in zip(fit_copies(mixed, fewer).fits, purities, strict=True):
        assert fit.is_certain and abs(fit.purity - 0.9 * purity) <= 0.07
        assert abs(fit.ploidy - (major + minor).mean()) <= 0.3


def test_copies_of_a_sample_with_a_tenth_of_foreign_dna_are_withheld(tmp_path):
    from oncourse.reads.quality import add_copies
    from oncourse.reads.sheet import Plan, ReadsSample

    plan = Plan(str(tmp_path), (ReadsSample("A", "P", "primary"), ReadsSample("B", "P", "metastasis")), "ref.fa")
    plan.place("patient").mkdir(parents=True)
    fit = {"purity": 0.6, "ploidy": 2.1, "purity_low": 0.5, "purity_high": 0.7, "purity_status": "fitted"}
    plan.place("patient", "P.copies.json").write_text(json.dumps({"A": fit, "B": fit}))
    rows = "".join(f"{s}\t7\t1\t9\t3\t1\t0.4\t5\n" for s in "AB")
    head = "sample_id\tchrom\tstart\tend\ttotal_cn\tminor_cn\tlog2_ratio\tn_bins\n"
    plan.place("patient", "P.segments.tsv").write_text(head + rows)
    quality = {"A": {"contamination": 0.12}, "B": {"contamination": 0.09}}
    segments = add_copies(plan, quality, {})
    assert segments["total_cn"].to_list() == [None, 3.0] and segments["log2_ratio"].to_list() == [0.4, 0.4]
    assert quality["A"]["purity"] is None and quality["A"]["purity_status"] == "contaminated"
    assert quality["B"]["purity"] == 0.6


@pytest.mark.slow
def test_the_real_stomach_exome_of_facets(shared_data):
    """mskcc/facets inst/extdata/stomach.csv.gz (GPL), tumour and normal counts at 299,847 places.

    The fit of its vignette (FACETS 0.5, procSample cval 150, emcncf): purity 0.891936, ploidy 2.070151.
    """
    rows = _facets(shared_data("reads-facets-stomach") / "stomach.csv.gz")
    (fit,) = fit_copies(rows, [np.zeros((0, 3), np.int64)]).fits
    assert fit.is_certain
    assert fit.purity == pytest.approx(0.892, abs=0.07) and fit.ploidy == pytest.approx(2.070, abs=0.15)


def _facets(path):
    names = ("Position", "File1R", "File1A", "File2R", "File2A")
    frame = pl.read_csv(path, infer_schema_length=0).with_columns(
        pl.col(c).cast(pl.Float64).cast(pl.Int64) for c in names
    )
    n, t = pl.col("File1R") + pl.col("File1A"), pl.col("File2R") + pl.col("File2A")
    frame = frame.with_columns(n=n, t=t).filter((pl.col("n") >= 25) & (pl.col("n") < 1000))
    frame = frame.with_columns(bin=pl.struct("Chromosome", pl.col("Position") // 250).rle_id().cast(pl.Int64))
    bins = frame.group_by("bin", maintain_order=True).agg(
        pl.col("Chromosome").first(),
        start=pl.col("Position").min(),
        end=pl.col("Position").max() + 1,
        n=pl.col("n").mean(),
        t=pl.col("t").mean(),
    )
    chrom, ratio = bins["Chromosome"].to_numpy().astype(str), (bins["t"] / bins["n"]).to_numpy()
    ratio = ratio / ratio[is_autosome(chrom)].mean()
    share = pl.col("File1A") / pl.col("n")
    het = frame.filter((share >= 0.3) & (share <= 0.7))
    trust = 1 / (1 / bins["n"].to_numpy() + 1 / np.maximum(bins["t"].to_numpy(), 1))
    return Tracks(
        chrom,
        bins["start"].to_numpy(),
        bins["end"].to_numpy(),
        ratio[None],
        trust[None],
        het["bin"].to_numpy(),
        het["Position"].to_numpy(),
        het["File2A"].to_numpy()[None],
        het["t"].to_numpy()[None],
        float(het["File1A"].sum() / het["File1R"].sum()),
    )
