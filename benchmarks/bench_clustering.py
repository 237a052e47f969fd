"""Clustering on tumours with known clones: adjusted Rand index, CCF error and coverage, seconds; one setting for all.

    python benchmarks/bench_clustering.py ../shared/data [--no-average] [--only machina,pairtree,...]
        [--pyclone-vi /path/of/an/environment/bin/python]

With --pyclone-vi the program installed in that environment runs on the same tables and stands in the same line
(peer_pyclone_vi.py; binomial where the data are, else beta-binomial; 40 clusters, 10 restarts, seed 1). Its CPU seconds
leave out starting and compiling (about 5 s a call).
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import evolution_truth as truth
import peer_pyclone_vi as peer
from oncourse.evolution.clustering.cluster import cluster_patient
from oncourse.evolution.clustering.types import Clustering, ClusterParams, Counts, FloatArray, IntArray
from oncourse.io.clones import counts_from_frame, read_pyclone_vi


@dataclass(frozen=True)
class Run:
    """What is run: settings and, where given, the python that has PyClone-VI."""

    params: ClusterParams
    peer: Path | None


def score(name: str, tumours: list[truth.Truth], run: Run, density: str = "binomial") -> None:
    """Print one line: means over tumours of the Rand index, clusters, CCF error, coverages; seconds; the peer's."""
    rows, agreement, start = [], [], time.process_time()
    for tumour in tumours:
        found = cluster_patient(tumour.counts, run.params)
        agreement.append(1.0 if found.agreement is None else found.agreement)
        rows.append(
            [
                truth.adjusted_rand(found.labels, tumour.labels),
                found.n_cluster,
                tumour.labels.max() + 1,
                _rmse(found.variant_ccf_mean, tumour.ccf),
                *_coverage(found, tumour),
            ]
        )
    mean, n = np.array(rows).mean(axis=0), len(rows)
    seconds = (time.process_time() - start) / n
    line = (
        f"| {name} | {n} | {mean[0]:.3f} | {mean[1]:.1f} of {mean[2]:.1f} | {mean[3]:.4f} | {100 * mean[4]:.0f} % | "
        f"{100 * mean[5]:.0f} % | {min(agreement):.2f} | {seconds:.2f} |"
    )
    if run.peer is not None:
        theirs = peer.run(run.peer, tumours, density)
        index = np.mean([truth.adjusted_rand(p.labels, t.labels) for p, t in zip(theirs, tumours, strict=True)])
        error = np.mean([_rmse(p.ccf, t.ccf) for p, t in zip(theirs, tumours, strict=True)])
        line += f" {index:.3f} | {error:.4f} | {np.median([p.seconds for p in theirs]):.2f} |"
    print(line, flush=True)


def _rmse(ccf: FloatArray, true: FloatArray) -> float:
    known = ~np.isnan(true) & ~np.isnan(ccf)
    return float(np.sqrt(np.mean((ccf - true)[known] ** 2))) if known.any() else float("nan")


def _coverage(found: Clustering, tumour: truth.Truth) -> tuple[float, float]:
    """Return the share of variants' and of clusters' 90 % intervals, 0.005 wider, that hold the truth.

    The truth of a cluster is the CCF of the true cluster most of its members come from.
    """
    known = ~np.isnan(tumour.ccf)
    if not known.any():
        return float("nan"), float("nan")
    inside = (found.variant_ccf_low - 5e-3 <= tumour.ccf) & (tumour.ccf <= found.variant_ccf_high + 5e-3)
    held = []
    for k in range(found.n_cluster):
        members = np.nonzero(found.labels == k)[0]
        if len(members):
            most = np.bincount(tumour.labels[members]).argmax()
            ccf = tumour.ccf[members[tumour.labels[members] == most][0]]
            held.append((found.ccf_low[k] - 5e-3 <= ccf) & (ccf <= found.ccf_high[k] + 5e-3))
    return float(inside[known].mean()), float(np.concatenate(held).mean())


def wrong_purity(params: ClusterParams, n: int = 30) -> None:
    """Print coverage and CCF error where the given purity is off by a standard error of .05, told and not told."""
    random = np.random.default_rng(5)
    told: dict[bool, list[list[float]]] = {True: [], False: []}
    for i in range(4000, 4000 + n):
        tumour = truth.clinical(i)
        purity = tumour.counts.purity[0]
        sd = 0.05 * np.minimum(1, purity / 0.2)
        given = np.tile(np.clip(random.normal(purity, sd), 0.02, 1), (tumour.counts.n_variant, 1))
        for is_told, rows in told.items():
            found = cluster_patient(replace(tumour.counts, purity=given), params, purity_sd=sd if is_told else None)
            rows.append([*_coverage(found, tumour), _rmse(found.variant_ccf_mean, tumour.ccf)])
    for is_told, rows in told.items():
        variants, clusters, error = np.mean(rows, axis=0)
        how = "its error given" if is_told else "taken as exact"
        print(
            f"purity off by .05, {how}: 90 % intervals cover "
            f"{100 * variants:.1f} % (variants), {100 * clusters:.1f} % (clusters), CCF RMSE {error:.4f}",
            flush=True,
        )


def _many(n: int, n_sample: int, n_cluster: int) -> tuple[Counts, IntArray]:
    random = np.random.default_rng(0)
    phi = random.random((n_cluster, n_sample)) * (random.random((n_cluster, n_sample)) < 0.6)
    phi[0] = 1
    labels = random.integers(0, n_cluster, n)
    depth = random.poisson(100, (n, n_sample))
    one = np.ones((n, n_sample))
    alt = random.binomial(depth, 0.35 * phi[labels] + 5e-4)
    return Counts(alt, depth, 0.7 * one, one, one, 2 * one, np.full(n_sample, 1e-3)), labels


def cost() -> None:
    """Print CPU seconds by variants, samples and clusters, with and without averaging."""
    print("| variants | samples | true clusters | best partition, s | averaged, s |\n|---|---|---|---|---|")
    for n, s, k in (
        (20, 2, 3),
        (100, 1, 6),
        (100, 4, 6),
        (100, 10, 6),
        (100, 4, 12),
        (400, 4, 12),
        (1500, 4, 12),
        (1500, 10, 24),
        (5000, 4, 12),
    ):
        counts, _ = _many(n, s, k)
        seconds = []
        for average in (False, True):
            start = time.process_time()
            cluster_patient(counts, ClusterParams(average=average))
            seconds.append(time.process_time() - start)
        last = f"{seconds[1]:.2f}" if n <= ClusterParams().max_average else "not averaged"
        print(f"| {n} | {s} | {k} | {seconds[0]:.2f} | {last} |", flush=True)


def large(n: int, n_sample: int) -> None:
    """Print the time and memory for one patient with many variants."""
    counts, labels = _many(n, n_sample, 12)
    start = time.process_time()
    found = cluster_patient(counts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{n} variants x {n_sample} samples: {time.process_time() - start:.1f} s CPU, {memory:.2f} GiB peak, "
        f"{found.n_cluster} clusters of 12, ARI {truth.adjusted_rand(found.labels, labels):.3f}"
    )


def _print_presence(name: str, p: list[FloatArray], rule: list[FloatArray], there: list[FloatArray]) -> None:
    truly = np.concatenate(there)
    for what, parts in (("clusters", p), ("3 reads", rule)):
        values = np.concatenate(parts)
        bins = np.minimum((values * 10).astype(int), 9)
        ece = sum(
            abs(values[bins == b].mean() - truly[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())
        )
        print(
            f"presence, {name}, by {what}: Brier {np.mean((values - truly) ** 2):.4f}, ECE {ece:.4f}, "
            f"n = {len(truly)}, {100 * truly.mean():.0f} % present",
            flush=True,
        )


def presence(params: ClusterParams, n: int = 40) -> None:
    """Print Brier score and calibration error of p_present, beside a rule of 3 reads, on grown tumours."""
    p, rule, there = [], [], []
    for i in range(n):
        tumour = truth.grown(i)
        found = cluster_patient(tumour.counts, params, purity_sd=np.full(tumour.counts.n_sample, 0.05))
        use = (tumour.counts.depth >= 10) & ~np.isnan(tumour.ccf)
        p.append(found.variant_p_present[use])
        rule.append((tumour.counts.alt_count >= 3).astype(float)[use])
        there.append((tumour.ccf >= 0.01).astype(float)[use])
    _print_presence(f"{n} grown tumours", p, rule, there)


def resequenced(folder: Path, params: ClusterParams) -> None:
    """Print the same on six colorectal cancers: one half of every site's reads is clustered, the other half is the
    truth.

    Present: 4 reads or more and 2 % of the other half; absent: none of enough to see CCF 0.2 with 99 %; the rest is
    left out.
    """
    from bench_concordance_hu2019 import hu_study
    from oncourse.cohort import Cohort
    from oncourse.derive.clones.ccf import CcfParams, counts_table

    study = hu_study(folder)
    cohort_ = Cohort(study)
    table = counts_table(study, cohort_.panels, cohort_.presence, CcfParams())
    p, rule, there = [], [], []
    random = np.random.default_rng(1)
    for data in table.patients.values():
        c = data.counts
        depth = random.binomial(c.depth, 0.5)
        alt = random.hypergeometric(c.alt_count, c.depth - c.alt_count, depth)
        other_alt, other_depth = c.alt_count - alt, c.depth - depth
        seen = (depth > 0).any(axis=1)
        half = Counts(
            alt[seen],
            depth[seen],
            c.purity[seen],
            c.major_cn[seen],
            c.minor_cn[seen],
            c.normal_cn[seen],
            c.error_rate,
            data.cn_known[seen],
        )
        found = cluster_patient(half, params, purity_sd=data.purity_sd)
        vaf = 0.2 * c.purity / (c.purity * (c.major_cn + c.minor_cn) + (1 - c.purity) * c.normal_cn)
        is_there = (other_alt >= 4) & (other_alt >= 0.02 * other_depth)
        is_not = (other_alt == 0) & ((1 - vaf) ** other_depth < 0.01)
        use = ((is_there | is_not) & (depth >= 10))[seen]
        p.append((found.variant_p_present * (1 - found.p_lost))[use])
        rule.append((alt[seen] >= 3).astype(float)[use])
        there.append(is_there[seen][use].astype(float))
    _print_presence("six cancers, other half of the reads", p, rule, there)


def tracerx(folder: Path, run: Run) -> None:
    """Print clusters and time of PyClone-VI's TRACERx example, shuffled too; log evidence of both partitions."""
    counts, variants, _ = counts_from_frame(read_pyclone_vi(folder / "tracerx.tsv"))
    answers, runs = [], []
    keep = np.nonzero((counts.depth > 0).all(axis=1))[0]  # PyClone-VI leaves the others out
    for seed in (1, 2):
        order = np.random.default_rng(seed).permutation(keep)
        tables = (
            counts.alt_count,
            counts.depth,
            counts.purity,
            counts.major_cn,
            counts.minor_cn,
            counts.normal_cn,
        )
        shuffled = Counts(*(table[order] for table in tables), counts.error_rate)
        start = time.process_time()
        found = cluster_patient(shuffled, run.params)
        runs.append((shuffled, found, time.process_time() - start))
        answers.append(dict(zip([variants[i] for i in order], found.labels.tolist(), strict=True)))
    shuffled, found, seconds = runs[0]
    print(
        f"tracerx.tsv {len(keep)} x 3: {found.n_cluster} clusters, sizes {found.n_variants.tolist()}, "
        f"{int((found.labels < 0).sum())} outliers, {seconds:.1f} s CPU, "
        f"same answer shuffled: {answers[0] == answers[1]}, "
        f"log evidence {evidence_of(shuffled, found.labels):.1f}",
        flush=True,
    )
    if run.peer is None:
        return
    for seed in (1, 2):
        tumour = truth.Truth("tracerx", shuffled, found.labels, np.full(shuffled.depth.shape, np.nan))
        (theirs,) = peer.run(run.peer, [tumour], "beta-binomial", seed=seed)
        print(
            f"  PyClone-VI, best of 10 restarts, seed {seed}: {len(set(theirs.labels.tolist()))} clusters, "
            f"{theirs.seconds:.1f} s CPU, log evidence of its partition {evidence_of(shuffled, theirs.labels):.1f}, "
            f"ARI with ours {truth.adjusted_rand(theirs.labels, found.labels):.3f}",
            flush=True,
        )


def evidence_of(counts: Counts, labels: IntArray, n_round: int = 6) -> float:
    """Return the log evidence of a partition, multiplicities, noise and spikes at their best for it."""
    from oncourse.evolution.clustering import partition as cluster_partition
    from oncourse.evolution.clustering import state as cluster_state
    from oncourse.evolution.clustering.noise import learn_noise
    from oncourse.evolution.clustering.rows import multiplicity_rows

    rows, n_sample = multiplicity_rows(counts), counts.n_sample
    best = -np.inf
    for precision in cluster_partition.START_PRECISIONS:
        state = cluster_state.new_state(counts, rows, ClusterParams(), precision, np.zeros(n_sample))
        state.labels = cluster_state.compact(np.asarray(labels, np.int64))
        cluster_state.fill_tables(state)
        for _ in range(n_round):
            cluster_partition.best_rows(state)
            cluster_state.learn_spikes(state)
            state.rows = state.rows.reweighted(state.row_of)
            if learn_noise(state).any():
                cluster_state.fill_tables(state)
        best = max(best, cluster_partition.log_score(state))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--no-average", action="store_true")
    parser.add_argument(
        "--only",
        default="machina,pairtree,synthetic,clinical,purity,presence,resequenced,tracerx,cost,large",
    )
    parser.add_argument("--pyclone-vi", type=Path, help="python of an environment that has PyClone-VI")
    options = parser.parse_args()
    run = Run(ClusterParams(average=not options.no_average), options.pyclone_vi)
    only = set(options.only.split(","))
    cluster_patient(truth.clinical(1).counts, run.params)  # compile
    theirs = " PyClone-VI ARI | its CCF RMSE | its CPU s |" if run.peer else ""
    print(
        "| set | n | ARI | clusters found of true | CCF RMSE | 90 % interval covers: variants | clusters | least "
        "agreement of chains | CPU s each |" + theirs
    )
    print("|---" * (9 + (3 if run.peer else 0)) + "|")
    if "machina" in only:
        score("MACHINA", truth.machina(options.data / "evo-machina-sims"), run)
    if "pairtree" in only:
        tumours = truth.pairtree(options.data / "evo-pairtree-sims")
        for cell in ("K3_S1_", "K3_S3_", "K3_S10", "K10_S1_", "K10_S3_", "K10_S10", "K30_S10"):
            score(f"Pairtree {cell.strip('_')}", [t for t in tumours if t.name.startswith(cell)], run)
    if "synthetic" in only:
        example = truth.pyclone_synthetic(options.data / "evo-pyclonevi")
        score("PyClone-VI synthetic", example, run, "beta-binomial")
    if "clinical" in only:
        score("clinical, precision 300", [truth.clinical(i) for i in range(40)], run, "beta-binomial")
        score("clinical, precision 60", [truth.clinical(i, 60.0) for i in range(20)], run, "beta-binomial")
    if "purity" in only:
        wrong_purity(run.params)
    if "presence" in only:
        presence(run.params)
    if "resequenced" in only:
        resequenced(options.data / "crc_hu2019_multiregion", run.params)
    if "tracerx" in only:
        tracerx(options.data / "evo-pyclonevi", run)
    if "cost" in only:
        cost()
    if "large" in only:
        large(20_000, 10)


if __name__ == "__main__":
    main()
