"""How often is a claim wrong when the data are wrong in a way the method was not told of?

    python benchmarks/bench_stress.py --all [--jobs 2] > tables.md      every table, at the sizes of `PLAN`
    python benchmarks/bench_stress.py [WHAT ...] [--patients N] [--studies N]

All of them take about 20 CPU minutes: 10-12 minutes on two idle cores. They are of one state of the code, told first.
Each line is a claim under one fault of the data: the share of wrong answers, beside what it must be. The studies are
those of `stress_evolution`; the answers are those of the analyses that a user runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

import stress_copies
import stress_ctdna
import stress_evolution as stress
import stress_few
import stress_lesions
import stress_matrix
import stress_reads
from oncourse.analyses._base import registry
from oncourse.cohort import Cohort


def seeding(n: int, depths: tuple[float, ...] = (60.0, 200.0), seed: int = 1) -> None:
    """Print the share of lesions called polyclonal, of those with a clear call, and the coverage of cell fractions."""
    print(
        "| fault | depth | lesions | called polyclonal | truth | clear calls | mean P(polyclonal) | CCF 90 % covers | "
        "on the fault | s |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for depth in depths:
        for name, fault in stress.FAULTS.items():
            for poly in (False, True) if name == "none" else (False,):
                start = time.process_time()
                made = stress.lesions(n, fault, depth=depth, polyclonal=poly, seed=seed)
                found = registry()["evolution"].run(Cohort(made.study))
                rows = found.tables["evolution/seeding"].filter(pl.col("role") == "metastasis")
                called = rows["clonality"] == "polyclonal"
                p = np.where(called, rows["probability"], 1 - rows["probability"])
                clear = float((rows["probability"].fill_null(0) >= 0.8).mean())  # type: ignore[arg-type]
                cover, on_fault = coverage(found.tables["evolution/variants"], made.ccf)
                print(
                    f"| {name} | {depth:.0f} | {rows.height} | {100 * called.mean():.0f} % | "
                    f"{'polyclonal' if poly else 'monoclonal'} | {100 * clear:.0f} % | {np.nanmean(p):.2f} | "
                    f"{cover:.0f} % | {on_fault:.0f} % | {time.process_time() - start:.0f} |",
                    flush=True,
                )


def coverage(variants: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """Return in how many of 100 cells the 90 % interval, 0.005 wider, holds the true cell fraction: all, on the
    fault."""
    both = variants.join(
        truth.drop_nulls("ccf").filter(pl.col("ccf").is_not_nan()), on=["sample_id", "variant_id"], suffix="_true"
    )
    inside = (both["ccf_low"] - 5e-3 <= both["ccf_true"]) & (both["ccf_true"] <= both["ccf_high"] + 5e-3)
    fault = both["on_fault"]
    return 100 * float(inside.mean()), 100 * float(inside.filter(fault).mean() or np.nan)  # type: ignore[arg-type]


READS = {
    "none": {},
    "errors 10x": {"error": 1e-2},
    "precision 20": {"precision": 20.0},
    "precision 50": {"precision": 50.0},
}


def presence(n: int, depths: tuple[float, ...] = (60.0, 150.0), seed: int = 1) -> None:
    """Print false presence and absence, and the bias of the latent shared fraction."""
    print(
        "| fault | depth | absent called present | CCF .3 called absent | decided | latent share, bias | "
        "samples named noisy |\n|---|---|---|---|---|---|---|"
    )
    for depth in depths:
        for name, how in READS.items():
            study, truth = stress.cells(n, depth=depth, seed=seed, **how)
            cohort = Cohort(study)
            states = cohort.presence.cells.join(truth, on=["sample_id", "variant_id"], suffix="_true")
            absent, sized = states.filter(pl.col("ccf_true") == 0), states.filter(pl.col("ccf_true") == 0.3)
            found = registry()["concordance"].run(cohort)
            summary = found.tables["concordance/summary"].filter(
                pl.col("estimand") == "shared_fraction_latent", pl.col("set") == "all", pl.col("chip") == "without"
            )
            share = summary["estimate"][0]
            bias = "withheld" if share is None else f"{float(share) - 0.7:+.3f}"
            noisy = (
                cohort.presence.samples["noise"].drop_nulls().len() if "noise" in cohort.presence.samples.columns else 0
            )
            print(
                f"| {name} | {depth:.0f} | {100 * (absent['state'] == 'present').mean():.1f} % of {absent.height} | "
                f"{100 * (sized['state'] == 'absent').mean():.1f} % of {sized.height} | "
                f"{100 * (states['state'] != 'not_assessable').mean():.0f} % | {bias} | {noisy} of "
                f"{cohort.presence.samples.height} |",
                flush=True,
            )


def beyond_noise(n_study: int, n: int = 10) -> None:
    """Print in how many studies of identical lesions discordance is said to be beyond noise (p < .05)."""
    for depth in (60.0, 150.0):
        for precision in (200.0, 50.0, 20.0):
            said = []
            for seed in range(n_study):
                study, _ = stress.cells(
                    n, depth=depth, precision=precision, identical=True, n_variant=40, seed=100 + seed
                )
                table = registry()["concordance"].run(Cohort(study)).tables["concordance/summary"]
                p = table.filter(pl.col("estimand") == "excess_discordance_p_value", pl.col("set") == "all")["estimate"]
                said.append(bool(p[0] is not None and p[0] < 0.05))
            print(
                f"identical lesions, {depth:.0f}x, precision {precision:.0f}: differ beyond noise in "
                f"{100 * np.mean(said):.0f} % of {n_study} studies of {n}",
                flush=True,
            )


#: Rows of other claims: name -> function of the number of studies, patients or samples.
OTHERS = {
    "ctdna": stress_ctdna.positivity_rows,
    "spread": stress_ctdna.spread,
    "course": stress_ctdna.constant,
    "varied": stress_ctdna.varied,
    "lead": stress_ctdna.leads,
    "agreement": stress_few.agreement,
    "repeat": stress_few.repeat_tissue,
    "carriers": stress_few.carriers,
    "lost": stress_few.lost_by_score,
    "least": stress_few.least,
    "lesions": stress_lesions.lesions,
    "copies": stress_copies.seeding,
    "reads": stress_reads.table,
    "matrix": stress_matrix.matrix,
    "drugs": stress_matrix.drugs,
}
EVOLUTION = ("seeding", "presence", "noise")
#: Patients (of `EVOLUTION`), or studies, patients or samples (of `OTHERS`; 40 a man of `lesions`), and about how many CPU
#: seconds they take; the longest come first.
PLAN = {
    "lesions": (200, 230),
    "noise": (20, 120),
    "matrix": (200, 120),
    "reads": (4, 110),
    "course": (100, 105),
    "varied": (5, 30),
    "lead": (60, 85),
    "copies": (20, 90),
    "seeding": (25, 65),
    "ctdna": (150, 60),
    "drugs": (200, 60),
    "agreement": (400, 40),
    "lost": (60, 40),
    "presence": (30, 30),
    "repeat": (400, 20),
    "carriers": (200, 20),
    "spread": (400, 20),
    "least": (400, 20),
}


def every_row(jobs: int) -> None:
    """Print every row at the size of `PLAN`, each by a process of its own, with its CPU seconds."""
    state = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    print(f"state {state.strip() or 'unknown'}", flush=True)

    def run(name: str) -> str:
        size = f"--{'patients' if name in EVOLUTION else 'studies'}={PLAN[name][0]}"
        done = subprocess.run([sys.executable, __file__, name, size], capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else f"{name}: failed\n{done.stderr[-2000:]}"

    with ThreadPoolExecutor(jobs) as pool:
        for name, text in zip(PLAN, pool.map(run, PLAN), strict=True):
            print(f"\n## {name} ({PLAN[name][0]})\n{text}", flush=True)
    used = os.times()
    print(f"{used.children_user + used.children_system:.0f} CPU seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[*EVOLUTION, *OTHERS], help="rows of the table; all by default")
    parser.add_argument("--studies", type=int, help="studies, patients or samples per cell of the other rows")
    parser.add_argument("--patients", type=int, help="patients of the rows on lesions; those of PLAN by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="every row at the size of PLAN")
    parser.add_argument("--jobs", type=int, default=2, help="with --all: rows at a time")
    options = parser.parse_args()
    if options.all:
        every_row(options.jobs)
        return
    evolution = {
        "seeding": lambda n: seeding(n, seed=options.seed),
        "presence": lambda n: presence(n, seed=options.seed),
        "noise": beyond_noise,
    }
    for name, row in (evolution | OTHERS).items():
        if name in options.what:
            print(f"\n{name}", flush=True)
            row((options.patients if name in EVOLUTION else options.studies) or PLAN[name][0])


if __name__ == "__main__":
    main()
