"""Time of the prediction analysis through the command: 300 patients, 200 features, 5 x 5 nested folds, 200 bootstraps.

Run: python benchmarks/bench_prediction.py [--patients 300] [--genes 190] [--keep DIR] [--late] [--profile]

The study is simulated with 10 clinical columns (a tenth of the values of two of them missing) and the genes, of which
three and two clinical columns act on survival. `oncourse run --only prediction` runs on its folder in a process of its
own, with the default settings; wall and CPU seconds of everything it does (reading, time to event, figures, report) are
printed with the load of the machine. --late lets a third of the patients come under observation late. --profile runs
the fit in this process under cProfile instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.stats.rng import generator

CLINICAL = 10


def write_study(folder: Path, n: int, genes: int, *, late: bool = False, seed: int = 1) -> None:
    """Write the simulated study folder."""
    rng = generator(seed, "prediction benchmark")
    clinical = rng.normal(size=(n, CLINICAL))
    share = np.linspace(0.4, 0.04, genes)
    hit = rng.random((n, genes)) < share
    lp = clinical[:, :2] @ [0.6, 0.3] + hit[:, :3] @ [0.5, -0.5, 0.4]
    survival = rng.exponential(1100 * np.exp(-lp)) + 1
    entry = np.where(rng.random(n) < 1 / 3, rng.uniform(0, 300, n), 0.0) if late else np.zeros(n)
    survival = np.maximum(survival, entry + 1)
    censored = rng.uniform(500, 2000, n)
    ids = [f"P{i:04d}" for i in range(n)]
    samples = [f"S{i:04d}" for i in range(n)]
    columns = {f"c{j}": clinical[:, j].round(4) for j in range(CLINICAL)}
    patients = pl.DataFrame({"patient_id": ids, **columns})
    gaps = pl.Series(rng.random(n) < 0.1)
    patients = patients.with_columns(pl.when(gaps).then(None).otherwise(pl.col(c)).alias(c) for c in ("c2", "c3"))
    last = np.minimum(survival, censored).astype(int) + 1
    variants = [f"{j % 22 + 1}:{1000 + j}:A:T" for j in range(genes)]
    i, j = np.nonzero(hit)
    tables = {
        "patients": patients,
        "follow_up": pl.DataFrame(
            {
                "patient_id": ids,
                "last_contact_day": last,
                "is_dead": survival <= censored,
                "entry_day": entry.astype(int),
            }
        ),
        "samples": pl.DataFrame({"sample_id": samples, "patient_id": ids, "material": ["tissue"] * n, "day": [0] * n}),
        "variants": pl.DataFrame(
            {
                "variant_id": variants,
                "gene": [f"GENE{k}" for k in range(genes)],
                "consequence": ["missense_variant"] * genes,
            }
        ),
        "calls": pl.DataFrame(
            {
                "sample_id": np.array(samples)[i],
                "variant_id": np.array(variants)[j],
                "alt_count": [30] * i.size,
                "depth": [100] * i.size,
                "is_called": [True] * i.size,
            }
        ),
    }
    folder.mkdir(parents=True)
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.tsv", separator="\t")
    listed = "".join(f"  c{k}: number\n" for k in range(CLINICAL))
    (folder / "study.yaml").write_text(
        f"title: simulated\ndisease: any\ngenome_build: GRCh38\nindex: diagnosis\ncovariates:\n{listed}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--genes", type=int, default=190)
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--keep", type=Path, help="keep study and results here")
    args = parser.parse_args()
    scratch = args.keep or Path(tempfile.mkdtemp(prefix="prediction."))
    folder = scratch / "study"
    if not folder.exists():
        write_study(folder, args.patients, args.genes, late=args.late)
    if args.profile:
        _profile(folder)
        return
    oncourse = str(Path(sys.executable).parent / "oncourse")
    command = [
        oncourse,
        "run",
        str(folder),
        "--out",
        str(scratch / "results"),
        "--only",
        "prediction",
        "--patients",
        "none",
    ]
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"}
    load = os.getloadavg()[0]
    start, before = time.monotonic(), os.times()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.monotonic() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    print(
        f"{args.patients} patients, {args.genes} genes + {CLINICAL} clinical columns: {wall:.1f} s wall, {cpu:.1f} s "
        f"CPU "
        f"(load before {load:.1f})"
    )
    if args.keep is None:
        shutil.rmtree(scratch)


def _profile(folder: Path) -> None:
    import cProfile
    import pstats

    from oncourse.analyses.prediction import PredictionParams, prediction
    from oncourse.cohort import Cohort
    from oncourse.io import load_study

    cohort = Cohort(load_study(folder))
    profile = cProfile.Profile()
    profile.enable()
    prediction(cohort, PredictionParams())
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
