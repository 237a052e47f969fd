"""One tumour with known clones, tree, lesions and migrations; its reads are drawn in `simulate_reads`.

The tumour is a set of clones. Each clone is born from its parent on a day, in a lesion, and grows exponentially
there; a metastasis starts from one or several clones of its source lesion. Fractions of clones in a sample are the
relative sizes on the day of sampling, shaken by a Dirichlet draw for the place of the biopsy. Once a lesion is found
it grows at 3 % of its rates (tumours decelerate as they fill their place); under treatment a sensitive clone
shrinks and a resistant one keeps its rate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.evolution.simulate_reads import ASSAYS, Reads, Sites, draw_reads, draw_segments
from oncourse.stats.rng import generator

FOUNDER_CELLS_LOG = float(np.log(1e9))  # cells of a primary at diagnosis, about 1 cm3 of tumour
LATE_GROWTH = 0.03  # rate of a lesion after it was found, relative to before


@dataclass(frozen=True)
class MetastasisPlan:
    """One metastasis to be seeded.

    timing : ``early`` (before the last sweep of the primary, so that primary-truncal variants are missing), ``late``
        or ``random``
    n_seeds : clones that found it; 0 draws 1 with chance 0.7, else 2 or 3
    source : lesion_id it comes from; it must be planned before this one
    """

    lesion_id: str
    site: str = "liver"
    timing: str = "random"
    n_seeds: int = 0
    source: str = "primary"
    found_day: int = 0
    n_private_clones: int = 1


@dataclass(frozen=True)
class SamplePlan:
    """One sample to be taken. ``lesion_id`` empty = plasma, a mixture of all lesions by their size."""

    sample_id: str
    lesion_id: str = ""
    day: int = 0
    assay: str = "wes"
    purity: float | None = None  # None: drawn; for plasma the tumour fraction, None: from the burden
    is_ffpe: bool = False


@dataclass(frozen=True)
class TumourPlan:
    """What the tumour is like; every default is a choice of a plausible clinical case, not an estimate."""

    metastases: tuple[MetastasisPlan, ...] = ()
    samples: tuple[SamplePlan, ...] = (SamplePlan("primary_1", "primary"),)
    n_subclones: int = 3
    mean_trunk_variants: float = 40.0
    mean_clone_variants: float = 10.0
    growth_years: float = 6.0
    spatial_concentration: float = 4.0
    """Dirichlet concentration of a biopsy around its lesion's clone sizes; small = patchy lesion."""
    neutral_tail: float = 6.0
    """Mean number of private variants per tissue sample whose frequency follows 1/f^2."""
    treatments: tuple[tuple[int, int], ...] = ()
    kill_rate_per_day: float = 0.02
    p_resistant: float = 0.35
    primary_resected_day: int | None = None
    """From this day the primary sheds nothing into plasma."""
    half_shedding_cells: float = 1e11
    """Tumour cells at which half of the cell-free DNA is the tumour's (about 1 % at 1 cm3 by default)."""
    reseeding: bool = False
    """A clone of the first metastasis returns to the primary."""
    p_wgd: float = 0.2
    p_segment_event: float = 0.35
    p_lesion_loss: float = 0.05
    """Chance per chromosome that one metastasis lost a copy of it (variants on it are LOST there)."""
    ffpe_artefacts: float = 15.0
    sites: tuple[Sites, ...] = field(default=(), compare=False, repr=False)
    """Where variants may lie; empty: anywhere on the autosomes."""


@dataclass(frozen=True)
class Tumour:
    """The truth and the reads. All frames are sorted.

    clones : clone_id, parent_id (null for the founder), lesion_id (born in), born_day, growth_per_day, is_resistant,
        n_variants
    lesions : lesion_id, role, site, found_day, seeded_day, source, clonality, phyleticity, divergence
    migrations : source, target, clone_id, day
    samples : sample_id, lesion_id (null: plasma), material, day, assay, purity, tumor_fraction, ploidy, mean_depth,
        preservation
    fractions : sample_id, clone_id, fraction (cells of exactly this clone), ccf (with its descendants)
    variants : variant_id, chrom, pos, ref, alt, clone_id (null for tail and artefact), kind (clone, tail, artefact)
    counts : sample_id, variant_id, alt_count, depth, ccf, multiplicity (0 = lost with the chromosome), is_present
    segments : sample_id, chrom, start, end, total_cn, minor_cn
    """

    clones: pl.DataFrame
    lesions: pl.DataFrame
    migrations: pl.DataFrame
    samples: pl.DataFrame
    fractions: pl.DataFrame
    variants: pl.DataFrame
    counts: pl.DataFrame
    segments: pl.DataFrame

    @property
    def parent(self) -> dict[str, str | None]:
        """The tree: clone -> parent."""
        return dict(zip(self.clones["clone_id"], self.clones["parent_id"], strict=True))


@dataclass
class _Clones:
    """The growing state: one entry per clone; sizes per (lesion, clone)."""

    rng: np.random.Generator
    plan: TumourPlan
    parent: list[int] = field(default_factory=list)
    lesion: list[str] = field(default_factory=list)
    born: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    resistant: list[bool] = field(default_factory=list)
    start: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    """(lesion, clone) -> (day, log cells) at which it appeared there."""
    found: dict[str, float] = field(default_factory=lambda: {"primary": 0.0})
    """lesion -> day from which its growth slows."""

    def add(self, parent: int, lesion: str, day: float, rate: float, log_cells: float = 0.0) -> int:
        clone = len(self.parent)
        inherits = parent >= 0 and self.resistant[parent]
        self.parent.append(parent)
        self.lesion.append(lesion)
        self.born.append(day)
        self.rate.append(rate)
        self.resistant.append(bool(inherits or (parent >= 0 and self.rng.random() < self.plan.p_resistant)))
        self.start[lesion, clone] = (day, log_cells)
        return clone

    def log_size(self, lesion: str, clone: int, day: float) -> float:
        """Log cells of a clone in a lesion on a day; -inf where it is not (yet) there."""
        if (lesion, clone) not in self.start:
            return -np.inf
        begin, log_cells = self.start[lesion, clone]
        if day < begin:
            return -np.inf
        treated = sum(max(0.0, min(day, stop) - max(begin, start)) for start, stop in self.plan.treatments)
        found = self.found[lesion]
        grow = max(0.0, min(day, found) - begin) + LATE_GROWTH * max(0.0, day - max(begin, found))
        if not self.resistant[clone]:
            grow -= LATE_GROWTH * treated
            log_cells -= self.plan.kill_rate_per_day * treated
        return log_cells + self.rate[clone] * grow

    def sizes(self, lesion: str, day: float) -> NDArray[np.float64]:
        """Shape (n clones,): share of each clone among the lesion's cells; zeros where the lesion is empty."""
        logs = np.array([self.log_size(lesion, c, day) for c in range(len(self.parent))])
        if not np.isfinite(logs).any():
            return np.zeros(len(logs))
        share = np.exp(logs - logs.max())
        return share / share.sum()

    def burden(self, lesion: str, day: float) -> float:
        """Cells of a lesion, with a soft ceiling at 1e11."""
        resected = self.plan.primary_resected_day
        if lesion == "primary" and resected is not None and day >= resected:
            return 0.0
        logs = np.array([self.log_size(lesion, c, day) for c in range(len(self.parent))])
        finite = logs[np.isfinite(logs)]
        return float(1 / (np.exp(-np.logaddexp.reduce(finite)) + 1e-11)) if finite.size else 0.0

    def path(self, clone: int) -> list[int]:
        out = []
        while clone >= 0:
            out.append(clone)
            clone = self.parent[clone]
        return out


def _born_to_reach(share: float, parent_log: float, day: float, born: float) -> float:
    """Growth rate of a clone born on ``born`` that has ``share`` of its parent's cells on ``day``."""
    return (parent_log + np.log(share)) / max(day - born, 1.0)


def _grow_primary(clones: _Clones, plan: TumourPlan, *, with_sweep: bool) -> tuple[float, int]:
    """Fill the primary; returns the day of the founder and the clone that swept the primary (the founder if none)."""
    rng = clones.rng
    first = -365.0 * plan.growth_years
    founder = clones.add(-1, "primary", first, FOUNDER_CELLS_LOG / -first)
    top = founder
    if with_sweep:
        # born at 20-35 % of the growth time and 200 times the founder at diagnosis: in the primary it is truncal
        born = first * (1 - rng.uniform(0.2, 0.35))
        top = clones.add(founder, "primary", born, _born_to_reach(200.0, FOUNDER_CELLS_LOG, 0.0, born))
    for _ in range(plan.n_subclones):
        candidates = [c for c in range(len(clones.parent)) if top in clones.path(c)]
        parent = int(rng.choice(candidates))
        earliest = max(clones.born[parent] + 60.0, first * 0.75)
        born = rng.uniform(earliest, max(earliest + 30.0, first * 0.15))
        parent_log = clones.log_size("primary", parent, 0.0)
        rate = _born_to_reach(float(rng.uniform(0.15, 1.8)), parent_log, 0.0, born)
        clones.add(parent, "primary", born, rate)
    return first, top


def _seed_metastasis(
    clones: _Clones, plan: TumourPlan, met: MetastasisPlan, top: int, first: float, seeded: dict[str, dict]
) -> dict:
    """Found one metastasis; returns its truth."""
    rng = clones.rng
    timing = met.timing if met.timing != "random" else ("early" if rng.random() < 0.25 else "late")
    if met.source not in seeded:
        raise ValueError(f"metastasis {met.lesion_id} comes from {met.source}, which is not seeded before it")
    if timing == "early" and met.source == "primary" and top != 0:
        day = rng.uniform(first * 0.85, clones.born[top])
        seeds = [0]
    else:
        timing = "late" if met.source == "primary" else seeded[met.source]["divergence"]
        begin = seeded[met.source]["seeded_day"] + 60.0 if met.source != "primary" else first * 0.12
        day = rng.uniform(begin, max(begin + 60.0, min(0.0, met.found_day - 120.0)))
        share = clones.sizes(met.source, day)
        if met.source == "primary" and top != 0:
            share[0] = 0.0
        wanted = met.n_seeds or int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
        able = np.flatnonzero(share > 0.03)
        flat = np.sqrt(share[able])
        seeds = sorted(int(c) for c in rng.choice(able, min(wanted, len(able)), replace=False, p=flat / flat.sum()))
    until = float(max(met.found_day, day + 120.0))
    rate = np.log(5e8) / (until - day)
    clones.found[met.lesion_id] = until
    founders: list[int] = []
    for seed in seeds:
        weight = float(np.log(rng.uniform(0.4, 1.6)))
        clones.start[met.lesion_id, seed] = (day, weight + (rate - clones.rate[seed]) * (until - day))
        founders.append(seed)
    for _ in range(met.n_private_clones):
        here = [c for c in range(len(clones.parent)) if (met.lesion_id, c) in clones.start]
        parent = int(rng.choice(here))
        born = max(rng.uniform(day, day + 0.5 * (until - day)), clones.born[parent] + 5.0)
        parent_log = clones.log_size(met.lesion_id, parent, until)
        share_of_parent = float(rng.choice([rng.uniform(0.2, 2.0), 100.0]))  # 100: sweeps, private and clonal
        rate_new = _born_to_reach(share_of_parent, max(parent_log, 10.0), until, born)
        clones.add(parent, met.lesion_id, born, rate_new)
    lines = [set(clones.path(s)) for s in founders]
    nested = all(a <= b or b <= a for i, a in enumerate(lines) for b in lines[i + 1 :])
    return {
        "lesion_id": met.lesion_id,
        "role": "metastasis",
        "site": met.site,
        "found_day": met.found_day,
        "seeded_day": day,
        "source": met.source,
        "clonality": "polyclonal" if len(founders) > 1 else "monoclonal",
        "phyleticity": "monophyletic" if nested else "polyphyletic",
        "divergence": timing,
        "seeds": founders,
    }


def _reseed(clones: _Clones, met: str, day: float) -> tuple[int, float]:
    """A clone born in the metastasis goes back to the primary; returns the clone and the day."""
    own = [c for c in range(len(clones.parent)) if clones.lesion[c] == met]
    clone = own[0] if own else next(c for (les, c) in clones.start if les == met)
    begin = max(clones.start[met, clone][0] + 30.0, day)
    share = float(clones.rng.uniform(0.1, 0.5))
    until = begin + 200.0
    total = float(np.log(max(clones.burden("primary", until), 1.0)))
    # the size on arrival is set so that it reaches its share 200 days later
    clones.start["primary", clone] = (begin, 0.0)
    clones.start["primary", clone] = (begin, total + np.log(share) - clones.log_size("primary", clone, until))
    return clone, begin


def _fractions(clones: _Clones, plan: TumourPlan, lesions: list[dict]) -> tuple[NDArray, NDArray, NDArray]:
    """Return clone fractions (samples x clones), lesion shares (samples x lesions), burden per sample."""
    n = len(clones.parent)
    names = [row["lesion_id"] for row in lesions]
    eta = np.zeros((len(plan.samples), n))
    share = np.zeros((len(plan.samples), len(names)))
    burden = np.zeros(len(plan.samples))
    for s, sample in enumerate(plan.samples):
        if sample.lesion_id:
            size = clones.sizes(sample.lesion_id, float(sample.day))
            if size.sum() == 0:
                raise ValueError(f"{sample.sample_id}: {sample.lesion_id} does not exist on day {sample.day}")
            there = size > 0.004
            draw = clones.rng.gamma(plan.spatial_concentration * size[there] + 1e-3)
            eta[s, there] = draw / draw.sum() if draw.sum() > 0 else size[there] / size[there].sum()
            eta[s] = np.where(eta[s] < 0.005, 0.0, eta[s])
            eta[s] /= eta[s].sum()
            share[s, names.index(sample.lesion_id)] = 1.0
        else:
            cells = np.array([clones.burden(name, float(sample.day)) for name in names])
            burden[s] = cells.sum()
            share[s] = cells / cells.sum() if cells.sum() > 0 else 0.0
            eta[s] = sum(w * clones.sizes(name, float(sample.day)) for w, name in zip(share[s], names, strict=True))
    return eta, share, burden


def simulate_tumour(seed: int, name: str, plan: TumourPlan) -> Tumour:
    """Grow one tumour and sequence it.

    Parameters
    ----------
    seed, name : the stream of random numbers (`stats.rng.generator`); the same pair and plan give the same tumour
    plan : what to grow and which samples to take, `default_plan` draws one

    Raises
    ------
    ValueError : a sample is planned of a lesion that does not exist, or before it does
    """
    rng = generator(seed, f"tumour/{name}")
    clones = _Clones(rng, plan)
    early = any(m.timing != "late" for m in plan.metastases)
    first, top = _grow_primary(clones, plan, with_sweep=early)
    rows: dict[str, dict] = {
        "primary": {
            "lesion_id": "primary",
            "role": "primary",
            "site": "primary",
            "found_day": 0,
            "seeded_day": first,
            "source": None,
            "clonality": None,
            "phyleticity": None,
            "divergence": None,
            "seeds": [0],
        }
    }
    migrations = []
    for met in plan.metastases:
        rows[met.lesion_id] = truth = _seed_metastasis(clones, plan, met, top, first, rows)
        migrations += [(met.source, met.lesion_id, c, truth["seeded_day"]) for c in truth["seeds"]]
    if plan.reseeding and plan.metastases:
        source = plan.metastases[0].lesion_id
        clone, day = _reseed(clones, source, -250.0)
        migrations.append((source, "primary", clone, day))
    lesions = list(rows.values())
    eta, share, burden = _fractions(clones, plan, lesions)
    parent = np.array(clones.parent)
    reads = _sequence(rng, plan, clones, lesions, eta, share, burden)
    return _frames(clones, plan, lesions, migrations, eta, parent, reads)


def _sequence(
    rng: np.random.Generator,
    plan: TumourPlan,
    clones: _Clones,
    lesions: list[dict],
    eta: NDArray,
    share: NDArray,
    burden: NDArray,
) -> Reads:
    purity = np.empty(len(plan.samples))
    for s, sample in enumerate(plan.samples):
        if sample.purity is not None:
            purity[s] = sample.purity
        elif sample.lesion_id:
            purity[s] = np.clip(rng.beta(5.0, 4.0), 0.15, 0.95)
        else:
            # shedding in proportion to burden, saturating: 1 % tumour fraction at 1e9 cells (about 1 cm3) by default
            shed = burden[s] / (burden[s] + plan.half_shedding_cells)
            purity[s] = np.clip(shed * rng.lognormal(0, 0.5), 1e-4, 0.7)
    names = [row["lesion_id"] for row in lesions]
    segments = draw_segments(
        rng, len(names), p_wgd=plan.p_wgd, p_event=plan.p_segment_event, p_lesion_loss=plan.p_lesion_loss
    )
    n_variants = [
        1 + int(rng.poisson(plan.mean_trunk_variants if c == 0 else plan.mean_clone_variants))
        for c in range(len(clones.parent))
    ]
    return draw_reads(
        rng,
        parent=np.array(clones.parent),
        n_variants=np.array(n_variants),
        eta=eta,
        lesion_share=share,
        lesion_of_sample=np.array([names.index(s.lesion_id) if s.lesion_id else -1 for s in plan.samples]),
        clone_lesion=np.array([names.index(x) for x in clones.lesion]),
        purity=purity,
        segments=segments,
        assays=[ASSAYS[s.assay] for s in plan.samples],
        ffpe=np.array([s.is_ffpe for s in plan.samples]),
        neutral_tail=plan.neutral_tail,
        ffpe_artefacts=plan.ffpe_artefacts,
        sites=plan.sites,
    )


def _frames(
    clones: _Clones,
    plan: TumourPlan,
    lesions: list[dict],
    migrations: list[tuple],
    eta: NDArray,
    parent: NDArray,
    reads: Reads,
) -> Tumour:
    from oncourse.evolution.simulate_reads import subtree_sums

    ids = [f"C{c}" for c in range(len(parent))]
    ccf = subtree_sums(parent, eta.T).T
    sample_ids = [s.sample_id for s in plan.samples]
    clone_frame = pl.DataFrame(
        {
            "clone_id": ids,
            "parent_id": [None if p < 0 else ids[p] for p in parent],
            "lesion_id": clones.lesion,
            "born_day": [round(b) for b in clones.born],
            "growth_per_day": clones.rate,
            "is_resistant": clones.resistant,
            "n_variants": np.bincount(reads.variant_clone[reads.variant_clone >= 0], minlength=len(ids)),
        },
        schema_overrides={"parent_id": pl.String},
    )
    lesion_frame = pl.DataFrame(
        [{k: (round(v) if k == "seeded_day" else v) for k, v in row.items() if k != "seeds"} for row in lesions],
        schema_overrides=dict.fromkeys(("source", "clonality", "phyleticity", "divergence"), pl.String),
    ).sort("lesion_id")
    migration_frame = pl.DataFrame(
        [(s, t, ids[c], round(d)) for s, t, c, d in migrations],
        schema={"source": pl.String, "target": pl.String, "clone_id": pl.String, "day": pl.Int64},
        orient="row",
    ).sort("source", "target", "clone_id")
    plasma = np.array([not s.lesion_id for s in plan.samples])
    sample_frame = pl.DataFrame(
        {
            "sample_id": sample_ids,
            "lesion_id": [s.lesion_id or None for s in plan.samples],
            "material": ["plasma" if p else "tissue" for p in plasma],
            "day": [s.day for s in plan.samples],
            "assay": [s.assay for s in plan.samples],
            "purity": [None if p else float(x) for p, x in zip(plasma, reads.purity, strict=True)],
            "tumor_fraction": [float(x) if p else None for p, x in zip(plasma, reads.purity, strict=True)],
            "ploidy": reads.ploidy,
            "mean_depth": [ASSAYS[s.assay].depth for s in plan.samples],
            "preservation": ["ffpe" if s.is_ffpe else "fresh_frozen" for s in plan.samples],
        },
        schema_overrides={"lesion_id": pl.String, "purity": pl.Float64, "tumor_fraction": pl.Float64},
    ).sort("sample_id")
    fraction_frame = pl.DataFrame(
        {
            "sample_id": np.repeat(sample_ids, len(ids)),
            "clone_id": ids * len(sample_ids),
            "fraction": eta.ravel(),
            "ccf": np.minimum(ccf.ravel(), 1.0),
        }
    ).sort("sample_id", "clone_id")
    return Tumour(
        clones=clone_frame,
        lesions=lesion_frame,
        migrations=migration_frame,
        samples=sample_frame,
        fractions=fraction_frame,
        variants=reads.variants(ids),
        counts=reads.counts(sample_ids),
        segments=reads.segments_frame(sample_ids),
    )


def default_plan(seed: int, name: str, *, assay: str = "wes", n_metastases: int = 2, n_plasma: int = 2) -> TumourPlan:
    """Draw a plan: one or two primary regions, metastases found 0-3 years later, serial plasma under one treatment."""
    rng = generator(seed, f"plan/{name}")
    sites = ["liver", "lung", "bone", "lymph_node", "peritoneum", "brain"]
    mets: list[MetastasisPlan] = []
    for m in range(n_metastases):
        source = "primary" if not mets or rng.random() < 0.75 else mets[int(rng.integers(len(mets)))].lesion_id
        found = max([x.found_day for x in mets if x.lesion_id == source] + [0]) + int(rng.integers(0, 700))
        n_private = int(rng.integers(0, 3))
        mets.append(MetastasisPlan(f"met_{m + 1}", sites[m % len(sites)], "random", 0, source, found, n_private))
    samples = [SamplePlan(f"primary_{r + 1}", "primary", 0, assay) for r in range(int(rng.integers(1, 4)))]
    samples += [SamplePlan(f"{m.lesion_id}_1", m.lesion_id, m.found_day, assay) for m in mets]
    last = max([m.found_day for m in mets] + [0])
    treatment = ((last + 20, last + 220),) if n_plasma else ()
    samples += [SamplePlan(f"plasma_{p + 1}", "", last + 10 + 100 * p, "ctdna") for p in range(n_plasma)]
    return TumourPlan(
        tuple(mets),
        tuple(samples),
        n_subclones=int(rng.integers(1, 5)),
        treatments=treatment,
        primary_resected_day=30 if rng.random() < 0.7 else None,
    )
