"""Wall time of a cohort's clones and trees: clusters, tree posterior, seeding and divergence of every patient.

    python benchmarks/bench_evolution.py [PATIENTS]      # default 500

Patients are those of `evolution_truth.clinical` (about 98 variants and 3.5 samples each); run on an idle machine.
"""

from __future__ import annotations

import resource
import sys
import time
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import polars as pl

import evolution_truth as truth
from oncourse.derive.clones import evolution
from oncourse.derive.clones.ccf import WHO, CountsTable, PatientCounts
from oncourse.derive.clones.clusters import ClusteringParams, ClusterTable, cluster_table
from oncourse.derive.clones.evolution import EvolutionParams
from oncourse.evolution.seeding import divergence
from oncourse.evolution.seeding import lesions as seeding
from oncourse.evolution.trees import posterior as trees


def cohort(n: int) -> CountsTable:
    """Return the counts of `n` patients: the first sample the primary, the last of two plasma, the rest metastases."""
    patients, rows = {}, []
    for index in range(n):
        counts, patient = truth.clinical(index).counts, f"P{index:04d}"
        n_variant, n_sample = counts.alt_count.shape
        ids = tuple(f"{patient}-{d}" for d in range(n_sample))
        names = tuple(f"{i % 22 + 1}:{1000 + i}:A:T" for i in range(n_variant))
        variants = pl.DataFrame({"variant_id": names}).with_columns(
            pl.lit(None, pl.String).alias(c) for c in ("gene", "consequence", "hgvs_p")
        )
        purity = counts.purity[0]
        shape = (n_variant, n_sample)
        patients[patient] = PatientCounts(
            patient,
            names,
            ids,
            variants,
            counts,
            np.ones(shape, bool),
            np.ones(shape, bool),
            np.full(n_sample, 0.05),
        )
        for d, sample in enumerate(ids):
            role = "primary" if d == 0 else "metastasis" if d < max(2, n_sample - 2) else "plasma"
            lesion = None if role == "plasma" else f"{sample}-lesion"
            rows.append((patient, sample, role, lesion, None, 100 * d, float(purity[d]), "given"))
    schema = {
        "patient_id": pl.String,
        "sample_id": pl.String,
        "role": pl.String,
        "lesion_id": pl.String,
        "site": pl.String,
        "day": pl.Int64,
        "purity": pl.Float64,
        "purity_basis": pl.String,
    }
    return CountsTable(patients, pl.DataFrame(rows, schema=schema, orient="row"), pl.DataFrame(schema=WHO))


PARTS = (
    ("trees", trees, "fit_trees"),
    ("seeding", seeding, "seeding_posterior"),
    ("divergence", divergence, "sample_tree"),
)


def cpu_of_parts(clusters: ClusterTable, params: EvolutionParams) -> dict[str, float]:
    """CPU seconds of the parts, one patient after the other."""
    spent = dict.fromkeys([name for name, *_ in PARTS], 0.0)

    def timed(name: str, function):
        def call(*args, **kwargs):
            start = time.process_time()
            out = function(*args, **kwargs)
            spent[name] += time.process_time() - start
            return out

        return call

    with ExitStack() as stack:
        for name, module, function in PARTS:
            stack.enter_context(patch.object(module, function, timed(name, getattr(module, function))))
        stack.enter_context(patch.object(evolution, "N_THREAD", 1))
        start = time.process_time()
        evolution.evolution_table(clusters, params, 1)
        spent["rest"] = time.process_time() - start - sum(spent.values())
    return spent


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    table, small = cohort(n), cohort(4)
    for average in (True, False):
        params = EvolutionParams(average=average)
        evolution.evolution_table(cluster_table(small, ClusteringParams(), average=average), params, 1)  # compile
        start, cpu = time.perf_counter(), time.process_time()
        clusters = cluster_table(table, ClusteringParams(), average=average)
        middle, cpu_middle = time.perf_counter(), time.process_time()
        found = evolution.evolution_table(clusters, params, 1)
        end, cpu_end = time.perf_counter(), time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        parts = cpu_of_parts(clusters, params)
        print(
            f"{n} patients, average={average}: clusters {middle - start:.1f} s ({cpu_middle - cpu:.1f} CPU), trees, "
            f"seeding and divergence of {len(found)} {end - middle:.1f} s ({cpu_end - cpu_middle:.1f} CPU: "
            + ", ".join(f"{name} {spent:.1f}" for name, spent in parts.items())
            + f"), all {end - start:.1f} s ({cpu_end - cpu:.1f} CPU); {peak:.2f} GiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
