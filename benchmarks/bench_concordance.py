"""Time and memory of presence and every agreement table on a simulated study.

python benchmarks/bench_concordance.py            # 1,000 patients x 4 samples x 400 variants
python benchmarks/bench_concordance.py 0.25       # a quarter of the patients
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import polars as pl

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.stats.rng import generator
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def simulate(n_patient: int, n_variant: int = 400, seed: int = 1) -> Study:
    """Return a study of primary, metastasis and two plasma samples per patient with forced counts everywhere."""
    rng = generator(seed, "bench_concordance")
    n_sample, depth = 4, np.array([120, 90, 800, 800])
    purity = np.column_stack(
        [
            rng.uniform(0.3, 0.8, n_patient),
            rng.uniform(0.2, 0.8, n_patient),
            np.exp(rng.uniform(np.log(0.003), np.log(0.3), (n_patient, 2))),
        ]
    )
    shape = (n_patient, n_variant, n_sample)
    clonal = rng.random((n_patient, n_variant, 1)) < 0.6
    there = rng.random(shape) < np.where(clonal, 0.9, 0.3)
    ccf = np.where(clonal, 1.0, rng.uniform(0.1, 1, shape)) * there
    vaf = purity[:, None, :] * ccf / 2
    reads = rng.poisson(depth, shape)
    alt = rng.binomial(reads, vaf * 0.999 + 0.001 * (1 - vaf))
    patient = np.char.add("P", np.char.zfill(np.arange(n_patient).astype(str), 5))
    names = np.array(["primary", "metastasis", "plasma1", "plasma2"])
    sample = np.char.add(np.char.add(patient[:, None], "_"), names[None, :])
    position = rng.integers(1, 50_000_000, (n_patient, n_variant))
    variant = np.char.add(np.char.add("1:", position.astype(str)), ":C:T")
    genes = np.char.add("G", rng.integers(0, 300, (n_patient, n_variant)).astype(str))

    def wide(x: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.broadcast_to(x, shape).ravel()

    calls = pl.DataFrame(
        {
            "sample_id": wide(sample[:, None, :]),
            "variant_id": wide(variant[:, :, None]),
            "alt_count": alt.ravel(),
            "depth": reads.ravel(),
        }
    ).unique(["sample_id", "variant_id"])
    material = np.where(np.arange(n_sample) < 2, "tissue", "plasma")
    lesion = np.where(np.arange(n_sample) < 2, sample, None)
    tables = {
        "patients": pl.DataFrame({"patient_id": patient}),
        "samples": pl.DataFrame(
            {
                "sample_id": sample.ravel(),
                "patient_id": np.repeat(patient, n_sample),
                "material": np.tile(material, n_patient),
                "lesion_id": lesion.ravel().tolist(),
                "purity": np.where(np.arange(n_sample) < 2, purity, np.nan).ravel(),
                "assay_id": np.tile(np.where(np.arange(n_sample) < 2, "wes", "ctdna"), n_patient),
                "day": np.tile([0, 400, 0, 400], n_patient),
            }
        ).with_columns(pl.col("purity").fill_nan(None)),
        "lesions": pl.DataFrame(
            {
                "lesion_id": sample[:, :2].ravel(),
                "patient_id": np.repeat(patient, 2),
                "role": np.tile(["primary", "metastasis"], n_patient),
            }
        ),
        "assays": pl.DataFrame({"assay_id": ["wes", "ctdna"], "min_vaf": [0.02, 0.002], "error_rate": [1e-3, 1e-4]}),
        "variants": pl.DataFrame({"variant_id": variant.ravel(), "gene": genes.ravel()}).unique("variant_id"),
        "calls": calls,
    }
    full = {
        name: frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(spec.dtype).alias(c)
            for c, spec in TABLES[name].by_name.items()
        )
        for name, frame in tables.items()
    }
    return Study(StudyConfig(title="benchmark"), full)


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    warm = Cohort(simulate(3, 20))
    for name in ("concordance", "ras_status", "tissue_blood"):
        registry()[name].run(warm)
    study = simulate(int(1000 * scale))
    before = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{study['calls'].height:,} cells; memory after simulation {before.ru_maxrss / 2**20:.2f} GiB")
    cohort = Cohort(study)
    steps = {"presence": lambda: cohort.presence, "pairs": lambda: cohort.pairs}
    for name in ("concordance", "ras_status", "tissue_blood"):
        steps[name] = lambda name=name: registry()[name].run(cohort)  # type: ignore[misc]
    start, cpu = time.perf_counter(), time.process_time()
    for name, step in steps.items():
        t, c = time.perf_counter(), time.process_time()
        step()
        print(f"{name:13s} {time.perf_counter() - t:7.2f} s, {time.process_time() - c:7.2f} s CPU")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{'all':13s} {time.perf_counter() - start:7.2f} s, {time.process_time() - cpu:7.2f} s CPU, peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
