"""Studies whose data are wrong in a known way, for the claims on lesions: written from the claims, not from the models.

`lesions` grows a primary and metastases, each founded by one or two clones, and reads them with one fault: mapping
artefacts, lost alleles told or missed, a wrong segment, purities off. `cells` makes pairs of samples with one fault of
the reads: more errors than told, more spread than assumed. Every study comes with its truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.stats.rng import generator
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

FloatArray = NDArray[np.float64]
CHROMOSOMES = np.arange(1, 23)
SHARE = np.linspace(2.0, 0.6, 22) / np.linspace(2.0, 0.6, 22).sum()
"""Chromosome 1 holds three times as many variants as chromosome 22."""
LENGTH = 100_000_000
BASES = "ACGT"


@dataclass(frozen=True)
class Fault:
    """What is wrong with the data.

    artefacts : share of variants that are mapping artefacts: one fraction in every sample, ``artefact_depth`` x the
    depth loss : share of each metastasis' chromosomes that lost one allele; in ``loss_cells`` of the cells (None: drawn
        .3-.7); ``told``: the segments say 1 + 0, else 1 + 1
    purity_off : standard deviation of the error of the told purity
    wrong_segments : chromosomes per sample whose told copies are wrong (truth 2 + 1 or 1 + 0, told 1 + 1)
    precision : beta-binomial precision of all reads
    """

    artefacts: float = 0.0
    artefact_depth: float = 1.5
    loss: float = 0.0
    loss_cells: float | None = 1.0
    told: bool = True
    purity_off: float = 0.0
    wrong_segments: int = 0
    precision: float = 300.0


FAULTS = {
    "none": Fault(),
    "artefacts 5 %": Fault(artefacts=0.05),
    "loss, clonal, told": Fault(loss=0.15),
    "loss, subclonal, told as clonal": Fault(loss=0.15, loss_cells=None),
    "loss, clonal, missed": Fault(loss=0.15, told=False),
    "loss, subclonal, missed": Fault(loss=0.15, loss_cells=None, told=False),
    "one wrong segment": Fault(wrong_segments=1),
    "purity off by .1": Fault(purity_off=0.1),
}


@dataclass(frozen=True)
class Truth:
    """The study; clonality of each metastasis (lesion_id -> mono / polyclonal); ccf (sample_id, variant_id, ccf,
    on_fault: sits on a lost or wrong segment of the sample, or is an artefact)."""

    study: Study
    clonality: dict[str, str]
    ccf: pl.DataFrame


def as_study(**tables: Any) -> Study:
    """Return a Study of frames or lists of rows, missing columns null."""
    full = {}
    for name, rows in tables.items():
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
        full[name] = frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(spec.dtype).alias(c)
            for c, spec in TABLES[name].by_name.items()
        )
    return Study(StudyConfig(title="stress", genome_build="GRCh38"), full)


def lesions(n_patient: int, fault: Fault, *, depth: float = 60.0, polyclonal: bool = False, seed: int = 1) -> Truth:
    """Return patients with two samples of the primary and one of each of two metastases, all founded by one clone, or
    all by two."""
    rows: dict[str, list[Any]] = {n: [] for n in ("patients", "samples", "lesions", "calls", "segments", "ccf")}
    clonality = {}
    for i in range(n_patient):
        random = generator(seed, f"stress.lesions.{i}")
        _patient(random, f"P{i:03d}", fault, depth, polyclonal, rows)
        clonality |= {f"P{i:03d}_M{m}": "polyclonal" if polyclonal else "monoclonal" for m in (1, 2)}
    ids = sorted({r["variant_id"] for r in rows["calls"]})
    study = as_study(
        patients=rows["patients"],
        samples=rows["samples"],
        lesions=rows["lesions"],
        calls=rows["calls"],
        segments=rows["segments"],
        variants=[{"variant_id": v} for v in ids],
    )
    return Truth(study, clonality, pl.DataFrame(rows["ccf"]))


def _clones(random: np.random.Generator, polyclonal: bool) -> tuple[list[int], FloatArray, list[int]]:
    """Return parents, share of exactly each clone (clone, sample P1 P2 M1 M2), variants per clone.

    Clone 0 is the founder; 1-3 arose in the primary; 4 and 5 are private to the metastases.
    """
    parent = [-1, 0, int(random.choice([0, 1])), int(random.choice([0, 1, 2])), -2, -2]
    share = np.zeros((6, 4))
    for s in (0, 1):
        here = random.dirichlet([2.0, 2.0, 2.0, 2.0]) + 0.05
        share[:4, s] = here / here.sum()
    for m in (2, 3):
        founders = random.choice([1, 2, 3], 2 if polyclonal else 1, replace=False)
        parent[2 + m] = int(founders[0])
        mix = random.dirichlet([4.0] * len(founders)) if polyclonal else np.ones(1)
        share[founders, m] = np.clip(mix, 0.2, 0.8) if polyclonal else mix
        private = random.uniform(0.3, 0.9) * share[founders[0], m]
        share[2 + m, m] = private
        share[founders[0], m] -= private
        share[:, m] /= share[:, m].sum()
    return parent, share, [60, *random.integers(10, 22, 5).tolist()]


def _patient(
    random: np.random.Generator, name: str, fault: Fault, depth: float, polyclonal: bool, rows: dict[str, list[Any]]
) -> None:
    parent, share, size = _clones(random, polyclonal)
    cells = share.copy()
    for k in (5, 4, 3, 2, 1):
        cells[parent[k]] += cells[k]
    clone = np.repeat(np.arange(6), size)
    n_real = len(clone)
    n = n_real + round(fault.artefacts * n_real)
    chrom = random.choice(22, n, p=SHARE)
    pos = np.sort(random.choice(LENGTH - 1, n, replace=False)) + 1
    base = random.integers(0, 4, n)
    ids = [f"{chrom[v] + 1}:{pos[v]}:{BASES[base[v]]}:{BASES[(base[v] + random.integers(1, 4)) % 4]}" for v in range(n)]
    allele = random.integers(0, 2, n)
    purity = random.uniform(0.4, 0.85, 4)
    told_purity = np.clip(purity + random.normal(0, 1, 4) * fault.purity_off, 0.1, 1.0)
    # copies of the two alleles per tumour cell: true (with the share of cells that have them), and told
    true, cells_with, told = np.ones((22, 4, 2)), np.ones((22, 4)), np.ones((22, 4, 2))
    gained = random.random(22) < 0.15
    true[gained, :, 0] = told[gained, :, 0] = 2
    touched = np.zeros((22, 4), bool)
    lost_in = random.random((22, 2)) < fault.loss
    for c, m in zip(*np.nonzero(lost_in & ~gained[:, None]), strict=True):
        cells_with[c, 2 + m] = random.uniform(0.3, 0.7) if fault.loss_cells is None else fault.loss_cells
        true[c, 2 + m, 0], touched[c, 2 + m] = 0, True
        told[c, 2 + m, 0] = 0 if fault.told else 1
    for s in range(4):
        for c in random.choice(np.flatnonzero(~gained), fault.wrong_segments, replace=False):
            true[c, s, 0], touched[c, s] = (2, 0)[int(random.random() < 0.5)], True
    artefact = np.r_[np.zeros(n_real, bool), np.ones(n - n_real, bool)]
    one_fraction = random.uniform(0.08, 0.4, n)
    early = (np.r_[clone, np.zeros(n - n_real, int)] == 0) & (random.random(n) < 0.5)
    for s in range(4):
        f = cells_with[chrom, s]
        total = f * true[chrom, s].sum(axis=1) + (1 - f) * 2
        own = true[chrom, s, allele]
        mutated = np.where(gained[chrom] & ~early & (allele == 0), 1.0, own)
        ccf = np.r_[cells[clone, s], np.zeros(n - n_real)]
        # the loss is spread evenly over the clones of the lesion
        vaf = purity[s] * ccf * (f * mutated + (1 - f)) / (purity[s] * total + 2 * (1 - purity[s]))
        vaf = np.where(artefact, one_fraction, np.clip(vaf + 1e-3 * (1 - vaf), 0, 1))
        mean = depth * np.where(artefact, fault.artefact_depth, 1.0)
        reads = random.negative_binomial(8, 8 / (8 + mean))
        p = random.beta(vaf * fault.precision + 1e-9, (1 - vaf) * fault.precision + 1e-9)
        alt = random.binomial(reads, p)
        sample = f"{name}_{('P1', 'P2', 'M1', 'M2')[s]}"
        lesion = f"{name}_{('P', 'P', 'M1', 'M2')[s]}"
        rows["samples"].append(
            {
                "sample_id": sample,
                "patient_id": name,
                "material": "tissue",
                "lesion_id": lesion,
                "purity": float(told_purity[s]),
            }
        )
        rows["calls"] += [
            {"sample_id": sample, "variant_id": v, "alt_count": int(a), "depth": int(d)}
            for v, a, d in zip(ids, alt, reads, strict=True)
            if d
        ]
        rows["segments"] += [
            {
                "sample_id": sample,
                "chrom": str(c + 1),
                "start": 1,
                "end": LENGTH,
                "total_cn": float(told[c, s].sum()),
                "minor_cn": float(told[c, s].min()),
            }
            for c in range(22)
        ]
        kept = np.where(artefact, np.nan, np.where(mutated > 0, ccf, np.nan) if not touched[:, s].any() else ccf)
        rows["ccf"] += [
            {"sample_id": sample, "variant_id": v, "ccf": float(x), "on_fault": bool(w)}
            for v, x, w in zip(ids, kept, touched[chrom, s] | artefact, strict=True)
        ]
    rows["patients"].append({"patient_id": name, "sex": "female"})
    rows["lesions"] += [
        {"lesion_id": f"{name}_{x}", "patient_id": name, "role": "primary" if x == "P" else "metastasis"}
        for x in ("P", "M1", "M2")
    ]


def cells(
    n_patient: int,
    *,
    depth: float = 60.0,
    error: float = 1e-3,
    precision: float = 200.0,
    identical: bool = False,
    n_variant: int = 80,
    seed: int = 1,
) -> tuple[Study, pl.DataFrame]:
    """Return patients with a primary and a metastasis, and their truth: sample_id, variant_id, ccf.

    The assay states errors of 1e-3 per read; ``error`` is the truth, ``precision`` that of the beta-binomial reads.
    Of the variants .4 are shared and clonal, .2 shared and subclonal, .1 clonal in the primary and at CCF .3 in the
    metastasis, .3 in one sample only, of which a half subclonal. With ``identical`` both samples have the same cell
    fractions.
    """
    tables: dict[str, list[Any]] = {n: [] for n in ("patients", "samples", "lesions", "calls")}
    truth, ids = [], set()
    for i in range(n_patient):
        random, name = generator(seed, f"stress.cells.{i}"), f"P{i:03d}"
        kind = random.choice(5, n_variant, p=[0.4, 0.2, 0.15, 0.15, 0.1])
        ccf = np.ones((n_variant, 2))
        ccf[kind == 1] = random.uniform(0.1, 0.8, (int((kind == 1).sum()), 2))
        small = np.where(random.random(n_variant) < 0.5, 1.0, random.uniform(0.2, 0.8, n_variant))
        for s in (0, 1):
            ccf[kind == 2 + s] = 0.0
            ccf[kind == 2 + s, s] = small[kind == 2 + s]
        ccf[kind == 4, 1] = 0.3
        if identical:
            ccf = np.repeat(np.where(kind == 0, 1.0, random.uniform(0.1, 0.9, n_variant))[:, None], 2, axis=1)
        purity = random.uniform(0.4, 0.8, 2)
        names = [
            f"{int(c) + 1}:{i * 10_000 + k}:{'CCTAG'[k % 5]}:{'TACGT'[k % 5]}"
            for k, c in enumerate(random.choice(22, n_variant, p=SHARE))
        ]
        ids |= set(names)
        for s, role in enumerate(("primary", "metastasis")):
            vaf = purity[s] * ccf[:, s] / 2
            # errors differ from site to site
            wrong = error * random.gamma(2.0, 0.5, n_variant)
            vaf = vaf + (1 - vaf) * wrong
            reads = random.negative_binomial(8, 8 / (8 + depth), n_variant)
            p = random.beta(vaf * precision, (1 - vaf) * precision)
            p = np.where(ccf[:, s] == 0, vaf, p)
            alt = random.binomial(reads, p)
            sample = f"{name}_{role}"
            tables["samples"].append(
                {
                    "sample_id": sample,
                    "patient_id": name,
                    "material": "tissue",
                    "lesion_id": sample,
                    "purity": float(purity[s]),
                    "assay_id": "wes",
                }
            )
            tables["lesions"].append({"lesion_id": sample, "patient_id": name, "role": role})
            tables["calls"] += [
                {"sample_id": sample, "variant_id": v, "alt_count": int(a), "depth": int(d)}
                for v, a, d in zip(names, alt, reads, strict=True)
                if d
            ]
            truth += [
                {"sample_id": sample, "variant_id": v, "ccf": float(x)} for v, x in zip(names, ccf[:, s], strict=True)
            ]
        tables["patients"].append({"patient_id": name, "sex": "female"})
    study = as_study(
        **tables,
        variants=[{"variant_id": v, "gene": f"G{k}"} for k, v in enumerate(sorted(ids))],
        assays=[{"assay_id": "wes", "error_rate": 1e-3, "min_alt_count": 3, "min_vaf": 0.02}],
    )
    return study, pl.DataFrame(truth)
