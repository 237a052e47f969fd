"""Clustering on tumours with known clones: adjusted Rand index, CCF error and coverage, seconds; one setting for all.

    python benchmarks/bench_clustering.py ../shared/data [--no-average] [--only machina,pairtree,...]

Published figures beside ours (same inputs): PyClone-VI binomial on the MACHINA set .705, MACHINA's own clusters .819,
PhyloWGS .820; PyClone-VI on the Pairtree set K3 and K10 .708 in the mean over 72 instances, K30 S10 .515 (12
instances; the folder holds 3); PyClone-VI on its synthetic example .877-.945 by seed.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import evolution_truth as truth
from oncourse.evolution.cluster import ClusterParams, cluster_patient
from oncourse.evolution.clustering_types import Clustering, Counts
from oncourse.io.clones import counts_from_frame, read_pyclone_vi


def score(name: str, tumours: Iterable[truth.Truth], params: ClusterParams) -> None:
    """Print one line: mean adjusted Rand index, clusters, CCF error, coverage of 90 % intervals, seconds."""
    rows, start = [], time.process_time()
    for tumour in tumours:
        found = cluster_patient(tumour.counts, params)
        rows.append([truth.adjusted_rand(found.labels, tumour.labels), found.n_cluster, tumour.labels.max() + 1,
                     *_ccf(found, tumour)])  # fmt: skip
    mean, n = np.array(rows).mean(axis=0), len(rows)
    seconds = (time.process_time() - start) / n
    print(
        f"| {name} | {n} | {mean[0]:.3f} | {mean[1]:.1f} of {mean[2]:.1f} | {mean[3]:.4f} | {100 * mean[4]:.0f} % | "
        f"{seconds:.2f} |",
        flush=True,
    )


def _ccf(found: Clustering, tumour: truth.Truth) -> tuple[float, float]:
    if np.isnan(tumour.ccf).all():
        return np.nan, np.nan
    error = float(np.sqrt(np.mean((found.variant_ccf_mean - tumour.ccf) ** 2)))
    low, high = found.variant_ccf_low - 5e-3, found.variant_ccf_high + 5e-3
    return error, float(np.mean((low <= tumour.ccf) & (tumour.ccf <= high)))


def cohort(n: int, params: ClusterParams) -> None:
    """Print the time for n clinical patients (about 98 variants, 3.5-4 samples) in two threads."""
    patients = [truth.clinical(i).counts for i in range(n)]
    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda counts: cluster_patient(counts, params), patients))
    sizes = np.mean([(c.n_variant, c.n_sample) for c in patients], axis=0)
    print(
        f"{n} patients ({sizes[0]:.0f} variants x {sizes[1]:.1f} samples), average={params.average}: "
        f"{time.perf_counter() - wall:.1f} s wall, {time.process_time() - cpu:.1f} s CPU, two threads"
    )


def large(n: int, n_sample: int) -> None:
    """Print the time and memory for one patient with many variants."""
    random = np.random.default_rng(0)
    phi = random.random((12, n_sample)) * (random.random((12, n_sample)) < 0.6)
    phi[0] = 1
    labels = random.integers(0, 12, n)
    depth = random.poisson(100, (n, n_sample))
    one = np.ones((n, n_sample))
    alt = random.binomial(depth, 0.35 * phi[labels] + 5e-4)
    counts = Counts(alt, depth, 0.7 * one, one, one, 2 * one, np.full(n_sample, 1e-3))
    start = time.process_time()
    found = cluster_patient(counts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{n} variants x {n_sample} samples: {time.process_time() - start:.1f} s CPU, {memory:.2f} GiB peak, "
        f"{found.n_cluster} clusters of 12, ARI {truth.adjusted_rand(found.labels, labels):.3f}"
    )


def presence(params: ClusterParams) -> None:
    """Print Brier score and calibration error of p_present on clinical patients, beside a rule of 3 reads or more."""
    p, rule, there = [], [], []
    for i in range(40):
        tumour = truth.clinical(i)
        found = cluster_patient(tumour.counts, params)
        p.append(found.variant_p_present.ravel())
        rule.append((tumour.counts.alt_count >= 3).astype(float).ravel())
        # a clone of under 0.1 % of the cells cannot be told from none, by anybody
        there.append((tumour.ccf > 0.001).ravel())
    truly = np.concatenate(there)
    for name, values in (("clusters", np.concatenate(p)), ("3 reads", np.concatenate(rule))):
        bins = np.minimum((values * 10).astype(int), 9)
        ece = sum(
            abs(values[bins == b].mean() - truly[bins == b].mean()) * (bins == b).mean()
            for b in set(bins.tolist())
        )
        print(
            f"presence by {name}: Brier {np.mean((values - truly) ** 2):.4f}, ECE {ece:.4f}, n = {len(truly)}"
        )


def tracerx(folder: Path) -> None:
    """Print clusters and time of PyClone-VI's TRACERx example, as given and with rows and samples shuffled."""
    frame = read_pyclone_vi(folder / "tracerx.tsv")
    answers = []
    for seed in (1, 2):
        counts, variants, _ = counts_from_frame(frame)
        keep = (counts.depth > 0).any(axis=1)
        order = np.random.default_rng(seed).permutation(np.nonzero(keep)[0])
        start = time.process_time()
        tables = (
            counts.alt_count,
            counts.depth,
            counts.purity,
            counts.major_cn,
            counts.minor_cn,
            counts.normal_cn,
        )
        found = cluster_patient(Counts(*(table[order] for table in tables), counts.error_rate))
        seconds = time.process_time() - start
        answers.append(dict(zip([variants[i] for i in order], found.labels.tolist(), strict=True)))
    print(f"tracerx.tsv {len(order)} x 3: {found.n_cluster} clusters, sizes {found.n_variants.tolist()}, "
          f"{int((found.labels < 0).sum())} outliers, {seconds:.1f} s CPU, "
        f"same answer shuffled: {answers[0] == answers[1]}, "
          f"log evidence {found.log_evidence:.1f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--no-average", action="store_true")
    parser.add_argument("--only", default="machina,pairtree,synthetic,clinical,presence,tracerx,large,cohort")
    parser.add_argument("--patients", type=int, default=500)
    options = parser.parse_args()
    params = ClusterParams(average=not options.no_average)
    only = set(options.only.split(","))
    cluster_patient(truth.clinical(1).counts, params)  # compile
    print("| set | n | ARI | clusters found of true | CCF RMSE | 90 % interval covers | CPU s each |")
    print("|---|---|---|---|---|---|---|")
    if "machina" in only:
        score("MACHINA", truth.machina(options.data / "evo-machina-sims"), params)
    if "pairtree" in only:
        tumours = truth.pairtree(options.data / "evo-pairtree-sims")
        for cell in ("K3_S1_", "K3_S3_", "K3_S10", "K10_S1_", "K10_S3_", "K10_S10", "K30_S10"):
            score(f"Pairtree {cell.strip('_')}", [t for t in tumours if t.name.startswith(cell)], params)
    if "synthetic" in only:
        score("PyClone-VI synthetic", truth.pyclone_synthetic(options.data / "evo-pyclonevi"), params)
    if "clinical" in only:
        score("clinical, precision 300", [truth.clinical(i) for i in range(40)], params)
        score("clinical, precision 60", [truth.clinical(i, 60.0) for i in range(20)], params)
    if "presence" in only:
        presence(params)
    if "tracerx" in only:
        tracerx(options.data / "evo-pyclonevi")
    if "large" in only:
        large(20_000, 10)
    if "cohort" in only:
        cohort(options.patients, params)


if __name__ == "__main__":
    main()
