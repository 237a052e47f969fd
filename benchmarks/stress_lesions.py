"""Men with four to eight lesions each, seeded by one clone or two: written from the claims' words, not from the method.

Clones grow in a primary (sampled in seven of ten men), lesions are founded by clones of the primary or of another
lesion and carry mutations of their own; half of them hold a later clone. A share of the tumours doubled its genome,
three of ten trunk mutations after it. A fifth of a lesion's arms may lose an allele on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.evolution.seeding.lesions import seeding_posterior
from oncourse.evolution.trees.posterior import fit_trees
from oncourse.stats.rng import generator
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study
from oncourse.study.validate import validate

N_ARM, ARM_BASES, CHANGES = 44, 70_000_000, ("C:T", "G:A", "C:A", "T:C", "A:G")
ERROR, CONCENTRATION, LEAST = 1e-3, 200.0, 5


class Fault(NamedTuple):
    """doubled : share of tumours with a doubled genome; lost : cells that lost an arm (None: none does), told : as lost
    in all cells, else nobody told; artefacts : share of variants at one fraction in every sample, depth x 1.5"""

    doubled: float = 0.3
    lost: tuple[float, float] | None = None
    told: bool = False
    artefacts: float = 0.0


FAULTS = {
    "none": Fault(),
    "doubled genomes": Fault(doubled=1.0),
    "5 % artefacts": Fault(artefacts=0.05),
    "arms lost in all cells, told": Fault(lost=(1.0, 1.0), told=True),
    "arms lost in .3-.7 of the cells, told as in all": Fault(lost=(0.3, 0.7), told=True),
    "arms lost in all cells, missed": Fault(lost=(1.0, 1.0)),
    "arms lost in .3-.7 of the cells, missed": Fault(lost=(0.3, 0.7)),
}


@dataclass
class Tumour:
    """Clones (parent of each), what each lesion is made of (clone -> share of cells), its founders."""

    parent: list[int] = field(default_factory=lambda: [-1])
    weight: list[float] = field(default_factory=lambda: [0.5])
    cells: list[dict[int, float]] = field(default_factory=list)
    founders: list[list[int]] = field(default_factory=list)

    def born(self, parent: int, weight: float) -> int:
        self.parent.append(parent)
        self.weight.append(weight)
        return len(self.parent) - 1

    def fractions(self, cells: dict[int, float]) -> np.ndarray:
        """Return the cell fraction of each clone: its own cells and those of its descendants."""
        out = np.zeros(len(self.parent))
        for clone, share in cells.items():
            while clone >= 0:
                out[clone] += share
                clone = self.parent[clone]
        return out


def grow(rng: np.random.Generator, n_lesion: int, polyclonal: float, primary: bool) -> Tumour:
    """Return a tumour of n_lesion sampled lesions, a share of the metastases founded by two clones."""
    t = Tumour()
    pool = [0]
    for _ in range(rng.integers(2, 5)):
        pool.append(t.born(int(rng.choice(pool)), rng.uniform(0.03, 0.12)))
    pools = [pool]
    if primary:
        t.cells.append(dict(zip(pool, rng.dirichlet(np.ones(len(pool))).tolist(), strict=True)))
        t.founders.append([0])
    while len(t.cells) < n_lesion:
        source = pools[int(rng.integers(len(pools)))]
        several = rng.random() < polyclonal and len(source) > 1
        founders = [int(c) for c in rng.choice(source, 2 if several else 1, replace=False)]
        share = rng.uniform(0.25, 0.75)
        cells: dict[int, float] = {}
        for founder, part in zip(founders, (share, 1 - share) if several else (1.0,), strict=True):
            here = t.born(founder, rng.uniform(0.02, 0.1)) if not several or rng.random() < 0.3 else founder
            later = rng.uniform(0.3, 0.7) if rng.random() < 0.5 else 0.0
            cells[here] = cells.get(here, 0.0) + part * (1 - later)
            if later:
                cells[t.born(here, rng.uniform(0.02, 0.08))] = part * later
        t.cells.append(cells)
        t.founders.append(founders)
        pools.append(sorted(cells))
    return t


@dataclass
class Rows:
    """Rows of the tables of a study, and of its truth: cell fractions and number of variants of every clone by
    lesion."""

    tables: dict[str, list[dict[str, Any]]]
    truth: list[tuple[str, Tumour, np.ndarray, bool]] = field(default_factory=list)


def add_man(
    rows: Rows, name: str, rng: np.random.Generator, t: Tumour, primary: bool, fault: Fault, depth: float, n: int
) -> None:
    """Add one man's tables: reads of n mutations in every lesion."""
    p = np.array(t.weight) / sum(t.weight)
    clone, arm, allele = rng.choice(len(p), n, p=p), rng.integers(0, N_ARM, n), rng.integers(0, 2, n)
    doubled = rng.random() < fault.doubled
    base = np.full((N_ARM, 2), 2 if doubled else 1)
    for a in np.flatnonzero(rng.random(N_ARM) < 0.2):
        base[a, rng.integers(2)] += rng.choice([-1, 1])
    own = base[arm, allele]
    early = (clone == 0) & (rng.random(n) < (0.7 if doubled else 1.0))
    copies = np.where(early, own, np.minimum(own, 1))
    odd, level = rng.random(n) < fault.artefacts, rng.uniform(0.08, 0.45, n)
    ids = [
        f"{a // 2 + 1}:{a % 2 * ARM_BASES + int(x) + 1}:{c}"
        for a, x, c in zip(arm, rng.integers(0, ARM_BASES, n), rng.choice(CHANGES, n), strict=True)
    ]
    reads = []
    for i, cells in enumerate(t.cells):
        purity = rng.uniform(0.3, 0.85)
        lost = (rng.random(N_ARM) < 0.2) & (base.min(axis=1) >= 1) if fault.lost else np.zeros(N_ARM, bool)
        which, share = rng.integers(0, 2, N_ARM), rng.uniform(*(fault.lost or (0, 0)), N_ARM) * lost
        told = base.copy()
        told[np.arange(N_ARM), which] *= np.where(lost & fault.told, 0, 1)
        total = base[arm].sum(axis=1) - share[arm] * base[arm, which[arm]]
        mutated = copies * t.fractions(cells)[clone] * np.where(allele == which[arm], 1 - share[arm], 1.0)
        vaf = np.where(odd, level, purity * mutated / (purity * total + 2 * (1 - purity)))
        vaf = vaf * (1 - ERROR) + (1 - vaf) * ERROR
        seen = rng.negative_binomial(12, 12 / (12 + depth * np.where(odd, 1.5, 1.0))) + 1
        reads.append((rng.binomial(seen, rng.beta(vaf * CONCENTRATION, (1 - vaf) * CONCENTRATION)), seen))
        _add_lesion(rows, name, i, purity, told, primary)
    called = np.any([(k >= 3) & (k >= 0.04 * d) for k, d in reads], axis=0) & ((copies > 0) | odd)
    for i, (k, d) in enumerate(reads):
        rows.tables["calls"] += [
            {
                "sample_id": f"{name}-{i}",
                "variant_id": ids[v],
                "alt_count": int(k[v]),
                "depth": int(d[v]),
                "is_called": bool(k[v] >= 3 and k[v] >= 0.04 * d[v]),
            }
            for v in np.flatnonzero(called)
        ]
    number = np.bincount(clone[called], minlength=len(p))
    rows.truth.append((name, t, number, primary))


def _add_lesion(rows: Rows, name: str, i: int, purity: float, told: np.ndarray, primary: bool) -> None:
    lesion, role = f"{name}-{i}", "primary" if primary and i == 0 else "metastasis"
    rows.tables["lesions"].append({"lesion_id": lesion, "patient_id": name, "role": role})
    rows.tables["samples"].append(
        {
            "sample_id": lesion,
            "patient_id": name,
            "material": "tissue",
            "lesion_id": lesion,
            "assay_id": "wgs",
            "purity": round(purity, 3),
        }
    )
    rows.tables["segments"] += [
        {
            "sample_id": lesion,
            "chrom": str(a // 2 + 1),
            "start": a % 2 * ARM_BASES + 1,
            "end": (a % 2 + 1) * ARM_BASES,
            "total_cn": int(told[a].sum()),
            "minor_cn": int(told[a].min()),
        }
        for a in range(N_ARM)
    ]


def men(
    n: int, fault: Fault, *, depth: float = 60.0, polyclonal: float = 0.0, n_variant: int = 400, seed: int = 1
) -> Rows:
    """Return the tables and the truth of n men."""
    rng = generator(seed, f"men {fault} {depth} {polyclonal}")
    rows = Rows({name: [] for name in ("patients", "lesions", "samples", "segments", "calls")})
    rows.tables["assays"] = [
        {
            "assay_id": "wgs",
            "kind": "wgs",
            "callable_mb": 2800.0,
            "error_rate": ERROR,
            "min_alt_count": 3,
            "min_vaf": 0.04,
        }
    ]
    for i in range(n):
        name, primary = f"M{i:02d}", bool(rng.random() < 0.7)
        rows.tables["patients"].append({"patient_id": name})
        tumour = grow(rng, int(rng.integers(4, 9)), polyclonal, primary)
        add_man(rows, name, rng, tumour, primary, fault, depth, n_variant)
    return rows


def told_by_truth(rows: Rows) -> dict[str, float]:
    """Return lesion -> P(polyclonal) when clones and their fractions are known exactly: what can be told at
    sampling."""
    out = {}
    for name, t, number, primary in rows.truth:
        kept = np.flatnonzero(number >= LEAST)
        mean = np.array([t.fractions(cells) for cells in t.cells]).T[kept]
        sure = np.full(mean.shape, 4e-4)
        root, sites = 0 if primary else None, np.arange(len(t.cells))
        found = seeding_posterior(fit_trees(mean, sure), mean, sure, sites, root_site=root)
        out |= {f"{name}-{i}": lesion.p_polyclonal for i, lesion in enumerate(found.lesions)}
    return out


def lesions(n: int, only: Sequence[str] = ()) -> None:
    """Print the share of monoclonal lesions called polyclonal, and of polyclonal ones that can be told those found."""
    print(
        "| fault | depth | monoclonal lesions | called polyclonal | polyclonal ones that can be told | found |\n"
        "|---|---|---|---|---|---|"
    )
    for depth in (60.0, 200.0):
        for name, fault in FAULTS.items():
            if only and name not in only:
                continue
            for share in (0.0, 0.5) if name in ("none", "doubled genomes") else (0.0,):
                rows = men(max(n // 40, 5), fault, depth=depth, polyclonal=share)
                config = config_from_mapping({"title": "men", "genome_build": "GRCh38"})
                typed, _ = validate(
                    {k: pl.DataFrame(v, infer_schema_length=None) for k, v in rows.tables.items()}, config
                )
                found = registry()["evolution"].run(Cohort(Study(config, typed))).tables["evolution/seeding"]
                founders = {f"{m}-{i}": len(f) for m, t, _, _ in rows.truth for i, f in enumerate(t.founders)}
                can = told_by_truth(rows) if share else {}
                called = dict(found.filter(pl.col("role") == "metastasis").select("lesion_id", "clonality").iter_rows())
                one = [c == "polyclonal" for lesion, c in called.items() if founders[lesion] == 1]
                two = [c == "polyclonal" for lesion, c in called.items() if can.get(lesion, 0.0) >= 0.9]
                print(f"| {name} | {depth:.0f} | {len(one)} | {sum(one)} | {len(two)} | {sum(two)} |", flush=True)
