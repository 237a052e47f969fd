"""Speed of all endpoints: 20,000 patients x 60 PSA values, 12 visits x 5 lesions, two lines of therapy.

OMP_NUM_THREADS=1 POLARS_MAX_THREADS=2 python benchmarks/bench_endpoints.py [patients]
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import polars as pl

from oncourse.cohort import Cohort
from oncourse.stats.rng import generator
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

N_PSA, N_VISITS, N_LESIONS = 60, 12, 5


def study(n: int) -> Study:
    """Return a study of `n` patients with drifting PSA and lesion sizes."""
    rng = generator(1, "bench_endpoints")
    ids = np.array([f"P{i:06d}" for i in range(n)])
    last = rng.integers(700, 1500, n)
    dead = rng.random(n) < 0.5
    tables = {
        "patients": {"patient_id": ids},
        "follow_up": {
            "patient_id": ids,
            "last_contact_day": last,
            "is_dead": dead,
            "death_day": [int(d) if x else None for d, x in zip(last, dead, strict=True)],
        },
        "treatments": {
            "patient_id": np.tile(ids, 2),
            "drugs": ["abiraterone"] * n + ["docetaxel"] * n,
            "start_day": [0] * n + [350] * n,
            "line": [1] * n + [2] * n,
        },
        "labs": {
            "patient_id": np.repeat(ids, N_PSA),
            "day": np.tile(np.arange(N_PSA) * 14, n),
            "analyte": ["PSA"] * (n * N_PSA),
            "value": np.round(30 * np.exp(np.cumsum(rng.normal(-0.02, 0.3, (n, N_PSA)), 1)), 2).ravel().astype(str),
            "unit": ["ng/mL"] * (n * N_PSA),
        },
        "target_lesions": {
            "patient_id": np.repeat(ids, N_VISITS * N_LESIONS),
            "day": np.tile(np.repeat(np.arange(N_VISITS) * 56, N_LESIONS), n),
            "lesion_id": np.tile([f"T{k}" for k in range(N_LESIONS)], n * N_VISITS),
            "diameter_mm": np.round(
                30 * np.exp(np.cumsum(rng.normal(-0.03, 0.15, (n, N_VISITS, N_LESIONS)), 1)), 1
            ).ravel(),
        },
        "assessments": {
            "patient_id": np.repeat(ids, N_VISITS),
            "day": np.tile(np.arange(N_VISITS) * 56, n),
            "method": ["ct_mri"] * (n * N_VISITS),
            "non_target": rng.choice(["NON-CR/NON-PD", "PD"], n * N_VISITS, p=[0.95, 0.05]),
            "new_lesions": rng.choice(["no", "yes"], n * N_VISITS, p=[0.95, 0.05]),
        },
    }
    frames = {
        name: TABLES[name].conform(pl.DataFrame(data).cast({k: TABLES[name].schema[k] for k in data}))
        for name, data in tables.items()
    }
    return Study(StudyConfig(), frames)


def main() -> None:
    """Print CPU and wall seconds of each table, and the memory of the whole."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    made = study(n)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cohort = Cohort(made)
    cpu, wall = time.process_time(), time.perf_counter()
    print(f"{n:,} patients, {made['labs'].height:,} PSA values, {made['target_lesions'].height:,} diameters")
    for name in ("lines", "psa", "recist_visits", "bone_visits", "best_response", "time_to_event"):
        c, w = time.process_time(), time.perf_counter()
        rows = getattr(cohort, name).height
        print(f"{name:15s} {rows:9,} rows {time.process_time() - c:6.2f} CPU s {time.perf_counter() - w:6.2f} s")
    print(f"{'all':15s} {'':14s} {time.process_time() - cpu:6.2f} CPU s {time.perf_counter() - wall:6.2f} s")
    print(
        f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB (the tables alone: {base:.2f})"
    )


if __name__ == "__main__":
    main()
