"""Copy number of a patient's samples from their target bases: depth against the normal, allele balance, joint
segments."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.reads.bam import bare_name
from oncourse.reads.copy_fit import SHARES, Fit, Segments, fit_together
from oncourse.reads.profile import Bases
from oncourse.reads.segmentation import breaks, correlation, noise
from oncourse.study.tables import TABLES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Target bases of a bin; least fragments of the normal for a bin, as a share of its median and in number.
BIN, LEAST_SHARE, LEAST_DEPTH = 250, 0.1, 10.0
#: A place is heterozygous in the normal between these fractions and from this depth.
HETEROZYGOUS, HET_DEPTH = (0.3, 0.7), 15
#: Bins from which depth is corrected for GC, and the bins a running median takes (along the genome, along GC).
GC_FROM, ALONG_GENOME, ALONG_GC = 500, 21, 151
#: Spread of allele fractions beyond the binomial (beta-binomial), share of misread places; the allele balance of a
#: segment is not believed beyond this sd. Choices.
SPREAD, MISREAD, BALANCE_SD = 300.0, 0.01, 0.012
#: Fewest bins for a fit of a genome; mutations that count fully.
LEAST_BINS, FULL_MUTATIONS = 40, 300


SEGMENT_SCHEMA = {**TABLES["segments"].schema, "n_bins": pl.Int64}


@dataclass(frozen=True)
class Tracks:
    """Bins in the order of the genome, with what each sample shows in them.

    chrom, start, end : shape (n,); 0-based half open
    ratio : shape (samples, n), depth over the normal's, mean 1 over autosomes; NaN where not known
    trust : shape (samples, n), fragments behind a ratio (harmonic, of sample and normal)
    het_bin : shape (h,), bin of each heterozygous place; het_pos : its position
    alt, depth : shape (samples, h)
    bias : odds of reading the alternative allele of a heterozygous place in the normal
    """

    chrom: NDArray[np.str_]
    start: Ints
    end: Ints
    ratio: Floats
    trust: Floats
    het_bin: Ints
    het_pos: Ints
    alt: Ints
    depth: Ints
    bias: float


@dataclass(frozen=True)
class Copies:
    """Segments of a patient with the fit of each sample.

    first, end : shape (segments,), bins; log2 : shape (samples, segments); fits : None where too little was covered
    """

    first: Ints
    end: Ints
    log2: Floats
    fits: list[Fit | None]


def is_autosome(chrom: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which contigs are autosomes by their name (``7``, ``chr7``; of slices the part before ``_``)."""
    names = [str(c).removeprefix("chr").split("_")[0] for c in chrom]
    return np.array([n not in ("X", "Y", "M", "MT") for n in names], bool)


def tracks_of(normal: Bases, tumours: list[Bases]) -> Tracks:
    """Return the tracks of samples over the same target bases."""
    edges = _bins(normal)
    size = np.diff(edges)
    means = [np.add.reduceat(b.depth.astype(float), edges[:-1]) / size for b in (normal, *tumours)]
    is_gc = (normal.ref == 1) | (normal.ref == 2)
    gc = np.add.reduceat(is_gc.astype(float), edges[:-1]) / size
    chrom = np.array(normal.contigs)[normal.contig[edges[:-1]]]
    usable = means[0] >= max(LEAST_DEPTH, LEAST_SHARE * float(np.median(means[0])))
    ratio = np.stack([_ratio(m, means[0], gc, chrom, usable) for m in means[1:]])
    reads = [m * size / 200 for m in means]
    trust = np.stack([1 / (1 / np.maximum(m, 0.5) + 1 / np.maximum(reads[0], 0.5)) for m in reads[1:]])
    places, alt, depth, bias = heterozygous(normal, tumours)
    return Tracks(
        chrom,
        normal.pos[edges[:-1]],
        normal.pos[edges[1:] - 1] + 1,
        ratio,
        trust,
        np.searchsorted(edges, places, side="right") - 1,
        normal.pos[places],
        alt,
        depth,
        bias,
    )


def bins_of(tracks: Tracks, contig: pl.Series, pos: pl.Series) -> Ints:
    """Return the bin of places (1-based), the nearest before it; -1 on contigs without bins."""
    out = np.full(len(pos), -1, np.int64)
    names, at = np.array([bare_name(c) for c in contig]), pos.to_numpy() - 1
    own = np.array([bare_name(str(c)) for c in tracks.chrom])
    for name in np.unique(names):
        rows = np.flatnonzero(own == name)
        if len(rows):
            mine = names == name
            out[mine] = rows[np.maximum(np.searchsorted(tracks.start[rows], at[mine], side="right") - 1, 0)]
    return out


def mutations_of(tracks: Tracks, calls: pl.DataFrame) -> Ints:
    """Return bin, variant fragments and depth of called single-base mutations (contig, pos, ref, alt, alt_count,
    depth)."""
    single = (pl.col("ref").str.len_bytes() == 1) & (pl.col("alt").str.len_bytes() == 1) & (pl.col("alt") != "-")
    rows = calls.filter(single & (pl.col("ref") != "-") & (pl.col("depth") > 0))
    found = np.stack(
        [
            bins_of(tracks, rows["contig"], rows["pos"]),
            rows["alt_count"].to_numpy(),
            rows["depth"].to_numpy(),
        ],
        1,
    )
    return found[found[:, 0] >= 0].astype(np.int64)


def told(fit: Fit | None) -> dict[str, float | str | None]:
    """Return what the tables say of a fit: purity and ploidy where they are certain, the interval, and why not.

    ``purity_status``: fitted, ambiguous (other purities or copies explain the sample as well), not_covered (too few
    bins)
    """
    if fit is None:
        return {
            "purity": None,
            "ploidy": None,
            "purity_low": None,
            "purity_high": None,
            "purity_status": "not_covered",
        }
    sure = fit.is_certain
    return {
        "purity": fit.purity if sure else None,
        "ploidy": fit.ploidy if sure else None,
        "purity_low": fit.purity_low,
        "purity_high": fit.purity_high,
        "purity_status": "fitted" if sure else "ambiguous",
    }


def total_at(tracks: Tracks, copies: Copies, k: int, sites: pl.DataFrame) -> tuple[Floats, float]:
    """Return total copies of a sample at sites (contig, pos; NaN where they are not known or not whole) and its
    purity."""
    fit = copies.fits[k]
    out = np.full(sites.height, np.nan)
    if fit is None or not fit.is_certain:
        return out, float("nan")
    bins = bins_of(tracks, sites["contig"], sites["pos"])
    segment = np.maximum(np.searchsorted(copies.first, bins, side="right") - 1, 0)
    known = (bins >= 0) & (fit.major[segment] >= 0)
    return np.where(known, fit.major[segment] + fit.minor[segment], np.nan), fit.purity


def _bins(bases: Bases) -> Ints:
    """Return the first row of each bin, and the number of rows: equal parts of each stretch of target bases."""
    new = np.flatnonzero((np.diff(bases.pos) != 1) | (np.diff(bases.contig) != 0)) + 1
    edges = [0]
    for first, end in zip([0, *new], [*new, len(bases.pos)], strict=True):
        parts = max(1, round((end - first) / BIN))
        edges += [int(x) for x in np.linspace(first, end, parts + 1)[1:].round()]
    return np.array(edges, np.int64)


def _ratio(tumour: Floats, normal: Floats, gc: Floats, chrom: NDArray[np.str_], usable: NDArray[np.bool_]) -> Floats:
    ratio = np.where(usable, tumour / np.maximum(normal, 1e-9), np.nan)
    ratio = np.maximum(ratio / np.nanmean(ratio[is_autosome(chrom)]), 0.01)
    if usable.sum() < GC_FROM:
        return ratio
    log = np.log2(ratio)
    wave = np.full(len(log), np.nan)
    wave[usable] = log[usable] - _running(log[usable], ALONG_GENOME)
    order = np.flatnonzero(usable)[np.argsort(gc[usable], kind="stable")]
    curve = np.zeros(len(log))
    curve[order] = _running(wave[order], ALONG_GC)
    ratio = 2.0 ** (log - curve)
    return ratio / np.nanmean(ratio[is_autosome(chrom)])


def _running(values: Floats, width: int) -> Floats:
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(values, size=min(width, len(values)), mode="nearest"))


def heterozygous(normal: Bases, tumours: list[Bases]) -> tuple[Ints, Ints, Ints, float]:
    """Return rows of heterozygous places of the normal, variant fragments and depth of the tumours there, and the
    bias."""
    counts = normal.bases
    rows = np.arange(len(counts))
    ref = np.minimum(normal.ref, 3)
    other = counts.copy()
    other[rows, ref] = -1
    alt = other.argmax(1)
    both = counts[rows, ref] + counts[rows, alt]
    share = counts[rows, alt] / np.maximum(both, 1)
    clean = both >= 0.95 * normal.depth
    places = np.flatnonzero(
        (normal.ref < 4) & (both >= HET_DEPTH) & clean & (share >= HETEROZYGOUS[0]) & (share <= HETEROZYGOUS[1])
    )
    found = [b.bases[places] for b in tumours]
    at = np.arange(len(places))
    seen = np.stack([f[at, alt[places]] for f in found]).astype(np.int64)
    of = seen + np.stack([f[at, ref[places]] for f in found])
    n_alt, n_ref = counts[places, alt[places]].sum(), counts[places, ref[places]].sum()
    return places, seen, of, float((n_alt + 50) / (n_ref + 50))


def fit_copies(tracks: Tracks, mutations: list[Ints]) -> Copies:
    """Return segments and the fit of each sample.

    Parameters
    ----------
    mutations : per sample bin, variant fragments and depth of its somatic mutations, shape (m, 3)
    """
    edges = _segment(tracks)
    first, end = edges[:-1], edges[1:]
    log2 = np.log2(np.maximum(tracks.ratio, 1e-3))
    summaries = [_summary(tracks, k, log2[k], first, end) for k in range(len(log2))]
    auto = is_autosome(tracks.chrom[first])
    fits: list[Fit | None] = [None] * len(log2)
    ready = [k for k in range(len(log2)) if int(np.isfinite(log2[k]).sum()) >= LEAST_BINS and auto.any()]
    number = np.cumsum(auto) - 1
    inputs = [_input(tracks, k, summaries[k], first, end, auto, number, mutations[k]) for k in ready]
    for k, found in zip(ready, fit_together(inputs), strict=True):
        major, minor = np.full(len(first), -2), np.full(len(first), -2)
        major[auto], minor[auto] = found.major, found.minor
        fits[k] = Fit(**{**vars(found), "major": major, "minor": minor})
    return Copies(first, end, np.stack([s[0] for s in summaries]), fits)


def _segment(tracks: Tracks) -> Ints:
    """Return the first bin of every segment of the patient, and the number of bins."""
    values, weights = [], []
    for k in range(len(tracks.ratio)):
        known = np.isfinite(tracks.ratio[k])
        values.append(np.where(known, np.log2(np.maximum(np.nan_to_num(tracks.ratio[k], nan=1.0), 1e-3)), 0.0))
        weights.append(np.where(known, tracks.trust[k], 0.0))
        folded, trust = _folded(tracks, k)
        values.append(folded)
        weights.append(trust)
    value, weight = np.stack(values), np.stack(weights)
    weight = weight / noise(value, weight)[:, None]
    alike = correlation(value, weight)
    n = len(tracks.chrom)
    new = [0, *(np.flatnonzero(tracks.chrom[1:] != tracks.chrom[:-1]) + 1), n]
    edges = []
    for a, b in pairwise(new):
        edges += [
            int(a),
            *(int(a) + x for x in breaks(value[:, a:b], weight[:, a:b], n_genome=n, alike=alike)),
        ]
    return np.array([*edges, n], np.int64)


def _folded(tracks: Tracks, k: int) -> tuple[Floats, Floats]:
    """Return, per bin, how far allele fractions are from balance beyond chance, and the weight of it."""
    depth = np.maximum(tracks.depth[k], 1)
    far = np.abs(tracks.alt[k] / depth - tracks.bias / (1 + tracks.bias)) - 0.5 * np.sqrt(2 / np.pi / depth)
    weight = np.where(tracks.depth[k] >= 8, depth / 0.25, 0.0)
    n = len(tracks.chrom)
    total = np.bincount(tracks.het_bin, weight, n)
    mean = np.bincount(tracks.het_bin, weight * far, n) / np.maximum(total, 1e-9)
    return mean.astype(float), total.astype(float)


def _summary(tracks: Tracks, k: int, log2: Floats, first: Ints, end: Ints) -> tuple[Floats, Floats]:
    """Return the weighted mean log2 ratio of each segment and its sd; NaN without a known bin."""
    from oncourse.reads.copy_fit import LEAST_SD

    known = np.isfinite(log2)
    weight = np.where(known, tracks.trust[k], 0.0)
    total = np.add.reduceat(weight, first)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(np.where(known, log2, 0.0) * weight, first) / total
    spread = noise(np.where(known, log2, 0.0)[None], weight[None])[0]
    return mean, np.sqrt(spread / np.maximum(total, 1e-9) + LEAST_SD**2)


def _input(
    tracks: Tracks,
    k: int,
    summary: tuple[Floats, Floats],
    first: Ints,
    end: Ints,
    auto: NDArray[np.bool_],
    number: Ints,
    mutations: Ints,
) -> Segments:
    mean, sd = summary[0][auto], summary[1][auto]
    size = (end - first)[auto].astype(float)
    known = np.isfinite(mean)
    ratio = 2.0**mean
    ratio = ratio / ((ratio * size)[known].sum() / size[known].sum())
    of = np.searchsorted(first, mutations[:, 0], side="right") - 1
    kept = mutations[auto[of]].copy() if len(mutations) else mutations
    kept[:, 0] = number[of[auto[of]]] if len(mutations) else kept[:, 0]
    return Segments(ratio, sd, _balance(tracks, k, first)[auto], size, kept[:: max(1, len(kept) // FULL_MUTATIONS)])


def _balance(tracks: Tracks, k: int, first: Ints) -> Floats:
    """Return the log-likelihood of each minor share in each segment, whichever allele is the minor one at a place."""
    out = np.zeros((len(first), len(SHARES)))
    use = tracks.depth[k] >= 8
    if not use.any():
        return out
    alt, depth = tracks.alt[k][use].astype(float), tracks.depth[k][use].astype(float)
    segment = np.searchsorted(first, tracks.het_bin[use], side="right") - 1
    for i, share in enumerate(SHARES):
        two = [_chance(alt, depth, s, tracks.bias) for s in (share, 1 - share)]
        chance = (1 - MISREAD) * (two[0] + two[1]) / 2 + MISREAD / (depth + 1)
        out[:, i] = np.bincount(segment, np.log(chance), len(first))
    information = 4 * np.bincount(segment, depth, len(first))
    out *= np.minimum(1.0, 1 / BALANCE_SD**2 / np.maximum(information, 1.0))[:, None]
    return out - out.max(1, keepdims=True)


def _chance(alt: Floats, depth: Floats, share: float, bias: float) -> Floats:
    from scipy.special import betaln, gammaln

    share = min(max(share, 0.005), 0.995)
    p = share * bias / (share * bias + 1 - share)
    a, b = p * SPREAD, (1 - p) * SPREAD
    choose = gammaln(depth + 1) - gammaln(alt + 1) - gammaln(depth - alt + 1)
    return np.asarray(np.exp(choose + betaln(alt + a, depth - alt + b) - betaln(a, b)))


def segment_rows(tracks: Tracks, copies: Copies, samples: list[str], sexes: list[str | None]) -> pl.DataFrame:
    """Return sample_id, chrom, start (1-based), end, total_cn, minor_cn, log2_ratio, n_bins of each segment and sample.

    ``total_cn`` and ``minor_cn`` are null where purity and ploidy are not certain; a segment that is not of whole
    copies in all cells has the mean as ``total_cn`` and no ``minor_cn``. On X and Y of a man the normal has one copy.
    """
    rows = []
    chroms = tracks.chrom[copies.first]
    auto = is_autosome(chroms)
    for k, (sample, sex) in enumerate(zip(samples, sexes, strict=True)):
        fit = copies.fits[k]
        for j, (a, b) in enumerate(zip(copies.first, copies.end, strict=True)):
            log2 = float(copies.log2[k, j])
            if not np.isfinite(log2):
                continue
            normal = 2.0 if auto[j] else {"male": 1.0, "female": 2.0}.get(sex or "")
            total, minor = _copies(fit, j, log2, normal)
            rows.append(
                (
                    sample,
                    str(chroms[j]),
                    int(tracks.start[a]) + 1,
                    int(tracks.end[b - 1]),
                    total,
                    minor,
                    round(log2, 4),
                    int(b - a),
                )
            )
    return pl.DataFrame(rows, schema=SEGMENT_SCHEMA, orient="row")


def _copies(fit: Fit | None, j: int, log2: float, normal: float | None) -> tuple[float | None, float | None]:
    if fit is None or not fit.is_certain or normal is None:
        return None, None
    if fit.major[j] >= 0:
        return float(fit.major[j] + fit.minor[j]), float(fit.minor[j])
    mean = (fit.purity * fit.ploidy + 2 * (1 - fit.purity)) / 2
    copies = (normal * 2.0**log2 * mean - normal * (1 - fit.purity)) / fit.purity
    return round(max(copies, 0.0), 2 if fit.major[j] == -1 else 0), None
