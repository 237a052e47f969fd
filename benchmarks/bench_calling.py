"""Recall, precision and false "private" mutations of a simulated patient, joint against per-sample calling.

    python benchmarks/bench_calling.py [damage] [decoy] [patients]

Normal 112x, primary 224x of purity 0.5, metastasis 224x of purity 0.7, 12 % duplicates; 31 kb of targets, 60 mutations
of the trunk and 20 of each lesion, in 20 to 100 % of the tumour cells. Aligned perfectly; every step after alignment is
run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

PURITY = {"white_cells": 0.0, "primary": 0.5, "metastasis": 0.7}
DEPTH = {"white_cells": 112, "primary": 224, "metastasis": 224}
N_CHANGES = {"germline": 60, "trunk": 60, "primary": 20, "metastasis": 20, "chip": 4}


def main(damage: float = 0.0, decoy: float = 0.0, patients: float = 1) -> None:
    """Run so many patients, each from its own seed, and add up what was called."""
    from oncourse.stats.proportions import clopper_pearson

    runs = [patient(damage, decoy, seed) for seed in range(1, int(patients) + 1)]
    right, called = (sum(counts) for counts in zip(*runs, strict=True))
    low, high = map(float, clopper_pearson(right, called))
    print(f"precision over {len(runs)} patients: {right} of {called} = {right / called:.3f} ({low:.3f}-{high:.3f})")


def patient(damage: float, decoy: float, seed: int) -> tuple[int, int]:
    """Simulate, call and report one patient; return the right somatic calls and all of them."""
    from oncourse.reads import steps
    from oncourse.reads.run import failure
    from oncourse.reads.sheet import read_plan
    from oncourse.reads.simulate_genome import change_table, make_genome
    from oncourse.reads.simulate_patient import draw_patient, vafs_of, write_genome
    from oncourse.reads.simulate_reads import Library, simulate_pairs, write_bam

    start, rng = time.perf_counter(), np.random.default_rng(seed)
    folder = Path(tempfile.mkdtemp(prefix="oncourse-bench-"))
    genome = make_genome(("KRAS", "TP53", "SMAD4", "PIK3R1", "STK11", "BRCA2", "TET2"), rng, n_runs=20)
    write_genome(genome, folder / "reference")
    changes = [
        replace(c, share=float(rng.choice([1.0, 1.0, 0.6, 0.4, 0.2]))) if c.clone not in ("germline", "chip") else c
        for c in draw_patient(genome, rng, N_CHANGES, drivers=True)
    ]
    table, lines = change_table(changes, genome), ["patient\tsample\trole\tbam"]
    for role, purity in PURITY.items():
        stress = {} if role == "white_cells" else {"damage": damage, "decoy": decoy}
        pairs = simulate_pairs(genome, changes, vafs_of(changes, role, purity), Library(DEPTH[role], **stress), rng)
        write_bam(pairs, genome, folder / f"{role}.bam", role)
        lines.append(f"P\t{role}\t{role}\t{role}.bam")
    (folder / "reads.tsv").write_text("\n".join(lines) + "\n")
    (folder / "reads.yaml").write_text("fasta: reference/reference.fa\ntargets: reference/targets.bed\n")
    (folder / "study.yaml").write_text("genome_build: GRCh38\n")
    plan = read_plan(folder)
    file = str(plan.write())
    for step, keys in (
        ("profile", PURITY),
        ("discover", "P"),
        ("genotype", PURITY),
        ("identity", ["study"]),
        ("judge", "P"),
        ("copy", "P"),
        ("annotate", "P"),
        ("collect", ["study"]),
    ):
        for key in keys:
            if steps.main(step, file, key):
                raise failure(plan)
    seen = pl.read_csv(plan.place("tables", "evidence.tsv"), separator="\t", infer_schema_length=None)
    truth = pl.concat(
        table.select("variant_id", "clone", sample_id=pl.lit(role), vaf=pl.Series(vafs_of(changes, role, purity)))
        for role, purity in PURITY.items()
    )
    bases = sum(b - a for g in genome for a, b in g.targets)
    found = report(seen, truth, bases)
    print(f"{bases:,} target bases, damage {damage:g}, decoy {decoy:g}: {time.perf_counter() - start:.0f} s")
    return found


def report(seen: pl.DataFrame, truth: pl.DataFrame, bases: int) -> tuple[int, int]:
    """Print recall, precision, and shared mutations that joint and per-sample calling take for private."""
    both = truth.join(seen, on=["sample_id", "variant_id"], how="left").filter(pl.col("clone") != "germline")
    tumour = both.filter((pl.col("sample_id") != "white_cells") & (pl.col("clone") != "chip"))
    for low, high in ((0.05, 1.0), (0.02, 0.05)):
        rows = tumour.filter((pl.col("vaf") >= low) & (pl.col("vaf") < high))
        print(f"recall, VAF {low:g} to {high:g}: {rows['is_called'].fill_null(False).sum()} of {rows.height}")
    called = seen.filter(pl.col("is_called") & (pl.col("sample_id") != "white_cells") & (pl.col("origin") == "somatic"))
    right = called.join(truth.filter(pl.col("vaf") > 0), on=["sample_id", "variant_id"], how="semi").height
    print(f"precision: {right} of {called.height} somatic calls are mutations")
    chip = both.filter(pl.col("clone") == "chip").join(called.select("variant_id"), on="variant_id", how="semi")
    print(f"blood cell variants called somatic: {chip.height}")
    alpha = min(1e-5, 0.05 / (3 * bases))
    alone = pl.col("is_called") & (pl.col("p_noise") < alpha) & (pl.col("alt_count") >= 3)
    trunk = tumour.filter(pl.col("clone") == "trunk").with_columns(alone=alone)
    for name, column in (("joint", "is_called"), ("per sample", "alone")):
        counts = trunk.group_by("variant_id").agg(pl.col(column).fill_null(False).sum().alias("n"))
        print(
            f"{name} calling: {counts.filter(pl.col('n') == 1).height} of {counts.height} shared mutations look private"
        )
    return right, called.height


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
