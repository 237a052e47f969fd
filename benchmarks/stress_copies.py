"""Aneuploid tumours whose copy numbers are told or hidden: is the seeding of metastases honest without segments?

    python benchmarks/stress_copies.py [--patients N] [--depths 60 150]

Copies are inherited as clones are: along the tree each clone gains, loses or doubles arms (four of ten trunks their whole
genome), and mutates one copy of what it has at that time. A lesion of two founders mixes two clones of the primary, each
with its own copies. Purity .4-.8, told or not. Written from the claim alone.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.stats.rng import generator
from stress_evolution import BASES, Truth, as_study

N_ARM, ARM_BASES = 44, 50_000_000
DOUBLED = 0.4
"""Share of tumours whose genome doubled in the trunk."""
EVENTS = {"trunk": 9.0, "primary": 2.0, "lesion": 4.0}
"""Mean number of arms that a clone gains (.45), loses (.4) or copies over the other allele (.15)."""
SAMPLES = ("P1", "P2", "M1", "M2")
IntArray = NDArray[np.int64]


class Clone:
    """One clone: copies (arm, allele) and, per mutation, copies that carry it."""

    def __init__(self, copies: IntArray, mutated: IntArray) -> None:
        self.copies, self.mutated = copies.copy(), mutated.copy()

    def change(self, arm: int, kind: str, allele: int, arms: IntArray, alleles: IntArray) -> None:
        """Gain, lose, or replace one copy of an arm's allele, with the mutations on it."""
        has = self.copies[arm, allele]
        on = (arms == arm) & (alleles == allele)
        if kind == "copy" and self.copies[arm, allele] > 0:
            other = (arms == arm) & (alleles != allele)
            self.copies[arm, 1 - allele], self.mutated[other] = 0, 0
        if kind in ("gain", "copy") and has > 0:
            self.copies[arm, allele] += 1
            self.mutated[on] += (self.mutated[on] > 0).astype(int) * (1 if has == 1 else 0)
        elif kind == "loss" and has > 0 and self.copies[arm].sum() > 1:
            self.copies[arm, allele] -= 1
            self.mutated[on] = np.minimum(self.mutated[on], self.copies[arm, allele])


def tumour(random: np.random.Generator, polyclonal: bool) -> tuple[list[Clone], NDArray[np.float64], IntArray]:
    """Return clones, share of exactly each (clone, sample) and the arm of each mutation.

    Clone 0 is the trunk, 1-3 arose in the primary, 4 and 5 are private to the metastases.
    """
    parent = [-1, 0, int(random.choice([0, 1])), int(random.choice([0, 1, 2])), -2, -2]
    share = np.zeros((6, 4))
    for s in (0, 1):
        here = random.dirichlet([1.5] * 4) + 0.03
        share[:4, s] = here / here.sum()
    for m in (2, 3):
        founders = random.choice([1, 2, 3], 2 if polyclonal else 1, replace=False)
        parent[2 + m] = int(founders[0])
        mix = random.dirichlet([4.0] * len(founders)).clip(0.2, 0.8) if polyclonal else np.ones(1)
        mix /= mix.sum()
        share[founders, m] = mix
        private = random.choice([1.0, random.uniform(0.3, 0.9)]) * mix[0]
        share[2 + m, m] += private
        share[founders[0], m] -= private
    size = np.r_[random.integers(50, 90), random.integers(10, 25, 5)]
    born = np.repeat(np.arange(6), size)
    arms, alleles = random.integers(0, N_ARM, len(born)), random.integers(0, 2, len(born))
    clones: list[Clone] = []
    for k in range(6):
        start = clones[parent[k]] if k else Clone(np.ones((N_ARM, 2), int), np.zeros(len(born), int))
        clone = Clone(start.copies, start.mutated)
        kind = "trunk" if k == 0 else "primary" if k < 4 else "lesion"
        steps = [("mutation", v) for v in np.flatnonzero(born == k).tolist()]
        steps += [("event", a) for a in random.integers(0, N_ARM, random.poisson(EVENTS[kind])).tolist()]
        steps += [("double", 0)] if k == 0 and random.random() < DOUBLED else []
        for what, i in [steps[j] for j in random.permutation(len(steps))]:
            if what == "double":
                clone.copies *= 2
                clone.mutated *= 2
            elif what == "event":
                change = str(random.choice(["gain", "loss", "copy"], p=[0.45, 0.4, 0.15]))
                clone.change(i, change, int(random.integers(2)), arms, alleles)
            elif clone.copies[arms[i], alleles[i]] > 0:
                clone.mutated[i] = 1
        clones.append(clone)
    return clones, share, arms


def lesions(n: int, *, depth: float, polyclonal: bool, told: bool, purity: bool, seed: int = 1) -> Truth:
    """Return n patients; told : segments say each sample's mean copies, rounded; purity : told within 4 %."""
    rows: dict[str, list[Any]] = {k: [] for k in ("patients", "samples", "lesions", "calls", "segments")}
    truth = {}
    for i in range(n):
        random, name = generator(seed, f"stress.copies.{i}"), f"P{i:03d}"
        clones, share, arms = tumour(random, polyclonal)
        place = np.sort(random.choice(ARM_BASES - 1, len(arms), replace=False)) + 1 + ARM_BASES * (arms % 2)
        base = random.integers(0, 4, len(arms))
        ids = [
            f"{arms[v] // 2 + 1}:{place[v]}:{BASES[base[v]]}:{BASES[(base[v] + random.integers(1, 4)) % 4]}"
            for v in range(len(arms))
        ]
        copies = np.stack([c.copies for c in clones]).astype(float)
        mutated = np.stack([c.mutated for c in clones]).astype(float)
        for s, what in enumerate(SAMPLES):
            rho = random.uniform(0.4, 0.8)
            total = np.tensordot(share[:, s], copies, 1)
            vaf = rho * (share[:, s] @ mutated) / (rho * total[arms].sum(axis=1) + 2 * (1 - rho))
            vaf = vaf + 1e-3 * (1 - vaf)
            reads = random.negative_binomial(8, 8 / (8 + depth), len(arms))
            alt = random.binomial(reads, random.beta(vaf * 200, (1 - vaf) * 200))
            lesion = f"{name}_{what[0] if what[0] == 'P' else what}"
            sample = {"sample_id": f"{name}_{what}", "patient_id": name, "material": "tissue", "lesion_id": lesion}
            rows["samples"].append(sample | ({"purity": round(rho * random.normal(1, 0.04), 3)} if purity else {}))
            rows["calls"] += [
                {"sample_id": f"{name}_{what}", "variant_id": v, "alt_count": int(a), "depth": int(d)}
                for v, a, d in zip(ids, alt, reads, strict=True)
                if d
            ]
            for arm in range(N_ARM) if told else ():
                both = np.sort(np.rint(total[arm]))
                begin = 1 + ARM_BASES * (arm % 2)
                where = {"sample_id": f"{name}_{what}", "chrom": str(arm // 2 + 1), "start": begin}
                told_copies = {"end": begin + ARM_BASES - 1, "total_cn": float(both.sum()), "minor_cn": float(both[0])}
                rows["segments"].append(where | told_copies)
        rows["patients"].append({"patient_id": name, "sex": "female"})
        rows["lesions"] += [
            {"lesion_id": f"{name}_{x}", "patient_id": name, "role": "primary" if x == "P" else "metastasis"}
            for x in ("P", "M1", "M2")
        ]
        truth |= {f"{name}_M{m}": "polyclonal" if polyclonal else "monoclonal" for m in (1, 2)}
    ids = sorted({r["variant_id"] for r in rows["calls"]})
    tables = {k: v for k, v in rows.items() if v}
    return Truth(as_study(variants=[{"variant_id": v} for v in ids], **tables), truth, pl.DataFrame())


def seeding(n: int, depths: tuple[float, ...] = (60.0, 150.0), seed: int = 1) -> None:
    """Print what is said of lesions of one founder and of two, copies hidden or told."""
    print("| copies | purity | depth | truth | lesions | polyclonal | of .8 and more | monoclonal, .8 | not told | s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for depth in depths:
        for told, purity in ((False, True), (False, False), (True, True)):
            for poly in (False, True):
                start = time.process_time()
                made = lesions(n, depth=depth, polyclonal=poly, told=told, purity=purity, seed=seed)
                found = registry()["evolution"].run(Cohort(made.study)).tables["evolution/seeding"]
                rows = found.filter(pl.col("role") == "metastasis")
                sure = rows["probability"].fill_null(0) >= 0.8
                is_poly, is_mono = rows["clonality"] == "polyclonal", rows["clonality"] == "monoclonal"
                unsaid = 2 * n - int((is_poly | is_mono).sum())
                print(
                    f"| {'told' if told else 'hidden'} | {'told' if purity else 'hidden'} | {depth:.0f} | "
                    f"{'poly' if poly else 'mono'}clonal | {2 * n} | {int(is_poly.sum())} | {int((is_poly & sure).sum())} | "
                    f"{int((is_mono & sure).sum())} | {unsaid} | {time.process_time() - start:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--depths", type=float, nargs="+", default=[60.0, 150.0])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seeding(options.patients, tuple(options.depths), options.seed)
