"""Read counts of a simulated tumour: copy number, purity, depth, overdispersion, FFPE noise, neutral tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

CHROM_MB = (
    248,
    242,
    198,
    190,
    181,
    170,
    159,
    145,
    138,
    133,
    135,
    133,
    114,
    107,
    101,
    90,
    83,
    80,
    58,
    64,
    46,
    50,
)
"""Lengths of chromosomes 1-22 in megabases (GRCh38, rounded)."""
NUCLEOTIDES = np.array(list("ACGT"))


@dataclass(frozen=True)
class Assay:
    """What a sequencing design does to counts.

    depth : mean; depth_shape : negative-binomial shape of the depth (large = even); error_rate : per base and read;
    precision : beta-binomial s of the allele fraction; on_target : share of the tumour's variants it looks at
    """

    depth: float
    depth_shape: float
    error_rate: float
    precision: float
    on_target: float = 1.0


ASSAYS = {
    "wes": Assay(120.0, 6.0, 1e-3, 300.0),
    "wgs": Assay(60.0, 20.0, 1e-3, 500.0),
    "panel": Assay(800.0, 8.0, 5e-4, 300.0, 0.15),
    "ctdna": Assay(3000.0, 8.0, 5e-5, 1000.0),
    "ctdna_panel": Assay(3000.0, 8.0, 5e-5, 1000.0, 0.08),
}


def subtree_sums(parent: NDArray[np.int64], eta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F = Z eta: each clone with all its descendants. A parent comes before its children; -1 is the root.

    Examples
    --------
    >>> subtree_sums(np.array([-1, 0, 0]), np.array([[.5], [.3], [.2]])).ravel().tolist()
    [1.0, 0.3, 0.2]
    """
    out = np.array(eta, float)
    for k in range(len(parent) - 1, 0, -1):
        if parent[k] >= 0:
            out[parent[k]] += out[k]
    return out


@dataclass(frozen=True)
class Segments:
    """Copy number per lesion and chromosome: total and minor (lesions x 22), when the trunk event happened (22,)."""

    total: NDArray[np.int64]
    minor: NDArray[np.int64]
    event_time: NDArray[np.float64]
    is_lost: NDArray[np.bool_]


def draw_segments(
    rng: np.random.Generator, n_lesions: int, *, p_wgd: float, p_event: float, p_lesion_loss: float
) -> Segments:
    """Draw truncal copy-number events per chromosome, and losses private to a metastasis (lesion 0 = primary)."""
    wgd = rng.random() < p_wgd
    total, minor = np.full(22, 4 if wgd else 2), np.full(22, 2 if wgd else 1)
    menu = ((3, 1), (4, 1), (2, 0), (1, 0)) if not wgd else ((5, 2), (3, 1), (2, 0), (4, 0), (6, 2))
    for c in range(22):
        if rng.random() < p_event:
            total[c], minor[c] = menu[int(rng.integers(len(menu)))]
    event_time = np.full(22, rng.uniform(0.3, 0.9)) if wgd else rng.uniform(0.1, 0.95, 22)
    totals, minors = np.tile(total, (n_lesions, 1)), np.tile(minor, (n_lesions, 1))
    lost = np.zeros((n_lesions, 22), bool)
    for lesion in range(1, n_lesions):
        # only where the trunk is plain diploid, so that what is lost is one of two single copies
        lost[lesion] = (rng.random(22) < p_lesion_loss) & (total == 2) & (minor == 1)
    totals[lost], minors[lost] = 1, 0
    return Segments(totals, minors, event_time, lost)


@dataclass(frozen=True)
class Reads:
    """Counts and truth as arrays: variants x samples."""

    chrom: NDArray[np.int64]
    pos: NDArray[np.int64]
    ref: NDArray[np.str_]
    alt: NDArray[np.str_]
    variant_clone: NDArray[np.int64]  # -1 tail, -2 artefact
    ccf: NDArray[np.float64]
    multiplicity: NDArray[np.int64]
    depth: NDArray[np.int64]
    alt_count: NDArray[np.int64]
    looked_at: NDArray[np.bool_]
    purity: NDArray[np.float64]
    ploidy: NDArray[np.float64]
    sample_total: NDArray[np.int64]
    sample_minor: NDArray[np.int64]

    def ids(self) -> NDArray[np.str_]:
        return np.array(
            [f"{c}:{p}:{r}:{a}" for c, p, r, a in zip(self.chrom, self.pos, self.ref, self.alt, strict=True)]
        )

    def variants(self, clone_ids: list[str]) -> pl.DataFrame:
        kind = np.where(self.variant_clone >= 0, "clone", np.where(self.variant_clone == -1, "tail", "artefact"))
        return pl.DataFrame(
            {
                "variant_id": self.ids(),
                "chrom": self.chrom.astype(str),
                "pos": self.pos,
                "ref": self.ref,
                "alt": self.alt,
                "clone_id": [clone_ids[c] if c >= 0 else None for c in self.variant_clone],
                "kind": kind,
            },
            schema_overrides={"clone_id": pl.String},
        ).sort("variant_id")

    def counts(self, sample_ids: list[str]) -> pl.DataFrame:
        v, s = np.nonzero(self.looked_at)
        present = (self.ccf > 0) & (self.multiplicity > 0)
        return pl.DataFrame(
            {
                "sample_id": np.array(sample_ids)[s],
                "variant_id": self.ids()[v],
                "alt_count": self.alt_count[v, s],
                "depth": self.depth[v, s],
                "ccf": self.ccf[v, s],
                "multiplicity": self.multiplicity[v, s],
                "is_present": present[v, s],
            }
        ).sort("sample_id", "variant_id")

    def segments_frame(self, sample_ids: list[str]) -> pl.DataFrame:
        n = len(sample_ids)
        return pl.DataFrame(
            {
                "sample_id": np.repeat(sample_ids, 22),
                "chrom": [str(c + 1) for c in range(22)] * n,
                "start": [1] * (22 * n),
                "end": [mb * 1_000_000 for mb in CHROM_MB] * n,
                "total_cn": self.sample_total.ravel(),
                "minor_cn": self.sample_minor.ravel(),
            }
        ).sort("sample_id", "chrom")


def _tail_ccf(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Frequencies with density 1/f^2 on 0.02-0.4 (Williams et al., Nat Genet 2016;48:238)."""
    low, high = 0.02, 0.4
    return 1 / (1 / low - rng.random(n) * (1 / low - 1 / high))


def _multiplicity(
    rng: np.random.Generator, clone: NDArray[np.int64], chrom: NDArray[np.int64], segments: Segments
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Copies per mutated cell in the primary lineage, and whether the variant sits on the copy a lesion may lose."""
    total, minor, when = (x[chrom - 1] for x in (segments.total[0], segments.minor[0], segments.event_time))
    major = total - minor
    before = (clone == 0) & (rng.random(len(clone)) < when)
    # of the copies that exist before the event, the major allele is one of two when the minor one is kept
    on_major = np.where(minor > 0, rng.random(len(clone)) < 0.5, True)
    copies = np.where(before, np.where(on_major, major, np.maximum(minor, 1)), 1)
    return np.minimum(copies, total), rng.random(len(clone)) < 0.5


@dataclass(frozen=True)
class Sites:
    """Stretches of the autosomes that variants fall into.

    up_to : assays whose share on target is at least this look at all of them; sites of a smaller share come first
    chrom (1-22), first, last : shape (n,), 1-based, inclusive; weight : shape (n,), the chance of each stretch, sum 1
    """

    up_to: float
    chrom: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    weight: NDArray[np.float64]


def _placed(
    rng: np.random.Generator, sites: tuple[Sites, ...], on_panel: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw chromosome and position of each variant; `on_panel` (0-1) says which of the sites it belongs to."""
    chrom, pos = np.zeros(len(on_panel), np.int64), np.zeros(len(on_panel), np.int64)
    left = np.ones(len(on_panel), bool)
    for part in sites:
        mine = np.flatnonzero(left & (on_panel < part.up_to))
        which = rng.choice(len(part.chrom), len(mine), p=part.weight)
        width = (part.last - part.first + 1)[which]
        chrom[mine], pos[mine] = part.chrom[which], part.first[which] + (rng.random(len(mine)) * width).astype(int)
        left[mine] = False
    return chrom, pos


def draw_reads(
    rng: np.random.Generator,
    *,
    parent: NDArray[np.int64],
    n_variants: NDArray[np.int64],
    eta: NDArray[np.float64],
    lesion_share: NDArray[np.float64],
    lesion_of_sample: NDArray[np.int64],
    clone_lesion: NDArray[np.int64],
    purity: NDArray[np.float64],
    segments: Segments,
    assays: list[Assay],
    ffpe: NDArray[np.bool_],
    neutral_tail: float,
    ffpe_artefacts: float,
    sites: tuple[Sites, ...] = (),
) -> Reads:
    """Draw variants and their counts.

    Parameters
    ----------
    parent : (K,), parents first, -1 the founder; n_variants : (K,) variants per clone
    eta : (S, K) clone fractions; lesion_share : (S, L) whose cells the sample holds; lesion_of_sample : (S,), -1 plasma
    clone_lesion : (K,) lesion a clone was born in; purity : (S,) tumour cell fraction (plasma: tumour fraction)
    sites : where variants may lie; empty: anywhere on the autosomes
    """
    n_samples = len(purity)
    tissue = np.flatnonzero(lesion_of_sample >= 0)
    clone = np.repeat(np.arange(len(parent)), n_variants)
    tails = [(int(s), int(rng.poisson(neutral_tail))) for s in tissue]
    artefacts = [(int(s), int(rng.poisson(ffpe_artefacts))) for s in tissue if ffpe[s]]
    n_tail, n_artefact = sum(n for _, n in tails), sum(n for _, n in artefacts)
    clone = np.concatenate([clone, np.full(n_tail, -1), np.full(n_artefact, -2)])
    n = len(clone)

    if sites:
        on_panel = rng.random(n)
        chrom, pos = _placed(rng, sites, on_panel)
    else:
        chrom = rng.choice(np.arange(1, 23), n, p=np.array(CHROM_MB) / sum(CHROM_MB))
        pos = (rng.random(n) * (np.array(CHROM_MB)[chrom - 1] * 1e6 - 2e4)).astype(int) + 10_000
    order = rng.integers(0, 4, n)
    ref, alt = NUCLEOTIDES[order], NUCLEOTIDES[(order + rng.integers(1, 4, n)) % 4]
    forward = rng.random(n) < 0.5
    ref = np.where(clone == -2, np.where(forward, "C", "G"), ref)  # FFPE: deamination, C>T on either strand
    alt = np.where(clone == -2, np.where(forward, "T", "A"), alt)

    ccf = np.zeros((n, n_samples))
    of_clone = clone >= 0
    ccf[of_clone] = np.minimum(subtree_sums(parent, eta.T), 1.0)[clone[of_clone]]
    copies, on_lost = _multiplicity(rng, clone, chrom, segments)
    artefact_vaf = np.zeros((n, n_samples))
    at = int(of_clone.sum())
    for s, k in tails:
        ccf[at : at + k, s] = _tail_ccf(rng, k)
        at += k
    for s, k in artefacts:
        artefact_vaf[at : at + k, s] = rng.uniform(0.01, 0.08, k)
        at += k

    # copies per lesion: a variant older than the metastasis disappears with the copy the metastasis lost
    n_lesions = segments.total.shape[0]
    per_lesion = np.tile(copies[:, None], (1, n_lesions))
    for lesion in range(1, n_lesions):
        foreign = of_clone & (clone_lesion[np.maximum(clone, 0)] != lesion)
        gone = foreign & on_lost & segments.is_lost[lesion][chrom - 1]
        per_lesion[gone, lesion] = 0
    mutated = per_lesion @ lesion_share.T  # mean copies; exact for tissue, for plasma a burden-weighted mean
    total = segments.total[:, chrom - 1].T @ lesion_share.T
    p = purity[None, :]
    vaf = p * ccf * mutated / np.maximum(p * total + (1 - p) * 2, 1e-9) + artefact_vaf

    depth = np.zeros((n, n_samples), int)
    count = np.zeros((n, n_samples), int)
    looked = np.zeros((n, n_samples), bool)
    on_panel = on_panel if sites else rng.random(n)
    for column, assay in enumerate(assays):
        mean = assay.depth * rng.gamma(assay.depth_shape, 1 / assay.depth_shape, n)
        depth[:, column] = rng.poisson(mean)
        v = vaf[:, column] * (1 - assay.error_rate) + (1 - vaf[:, column]) * assay.error_rate / 3
        v = np.clip(v, 1e-9, 1 - 1e-9)
        count[:, column] = rng.binomial(depth[:, column], rng.beta(v * assay.precision, (1 - v) * assay.precision))
        looked[:, column] = on_panel < assay.on_target
    sample_total = np.rint(lesion_share @ segments.total).astype(int)
    sample_minor = np.rint(lesion_share @ segments.minor).astype(int)
    whole = np.rint(mutated).astype(int)
    size = np.array(CHROM_MB)
    return Reads(
        chrom,
        pos,
        ref,
        alt,
        clone,
        ccf,
        whole,
        depth,
        count,
        looked,
        purity,
        (lesion_share @ segments.total) @ size / size.sum(),
        sample_total,
        sample_minor,
    )
