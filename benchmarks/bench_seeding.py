"""Seeding of metastases against known truth: pattern, seeding clones, migration multigraph.

    python benchmarks/bench_seeding.py FOLDER [--clusters true|own]   MACHINA's simulations (sims/m5 inside FOLDER)
    python benchmarks/bench_seeding.py simulated [--patients N] [--metastases M]    oncourse.evolution.simulate, exomes

pattern: mono- or polyclonal and S (also PS), M or R, all right. seeding clones: F1 of the sets of mutations of the
clones that migrated. multigraph: F1 of the (source, target) edges with their number; all of the one most probable
history. With ``own`` the variants are clustered by oncourse first.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np

from oncourse.evolution.seeding.lesions import seeding_posterior
from oncourse.evolution.seeding.migration import pattern_of
from oncourse.evolution.trees.posterior import (
    fit_trees,
    moments_from_counts,
    moments_from_grid,
    with_ccf_error,
)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def read_tumour(folder: Path, seed: str):
    """Return sites, alt and depth (mutations x samples), mutation names, true clusters, edges, seeding clones."""
    tree = [line.split() for line in lines(folder / f"T_seed{seed}.tree")]
    home = dict(line.split() for line in lines(folder / f"T_seed{seed}.vertex.labeling"))
    edges = Counter(tuple(line.split()) for line in lines(folder / f"G_seed{seed}.tree"))
    clusters = [line.split(";") for line in lines(folder / f"clustering_observed_seed{seed}.txt")]
    rows = [line.split("\t") for line in lines(folder / f"reads_seed{seed}.tsv")][4:]
    samples = sorted({(int(r[0]), r[3]) for r in rows})
    names = sorted({r[5] for r in rows}, key=int)
    index = {m: i for i, m in enumerate(names)}
    alt, depth = np.zeros((2, len(names), len(samples)), int)
    for r in rows:
        alt[index[r[5]], int(r[0])] = int(r[7])
        depth[index[r[5]], int(r[0])] = int(r[6]) + int(r[7])
    clusters = [[index[m] for m in c if m in index] for c in clusters]
    parent = {v: u for u, v in tree}

    def mutations(vertex: str | None) -> frozenset[int]:
        out: set[int] = set()
        while vertex is not None:
            out |= {index[m] for m in re.split("[_;]", vertex) if m in index}
            vertex = parent.get(vertex)
        return frozenset(out)

    seeding = {mutations(u) for u, v in tree if home[u] != home[v]}
    return [s for _, s in samples], alt, depth, [c for c in clusters if c], edges, seeding


def f1(a: set, b: set) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def as_set(edges: Counter) -> set:
    return {(edge, i) for edge, n in edges.items() for i in range(n)}


def own_clusters(alt: np.ndarray, depth: np.ndarray):
    """Cluster by oncourse: members, mean and variance of the CCFs."""
    from oncourse.evolution.clustering.cluster import cluster_patient
    from oncourse.evolution.clustering.types import Counts

    shape = alt.shape
    found = cluster_patient(
        Counts(
            alt,
            depth,
            np.ones(shape),
            np.ones(shape),
            np.ones(shape),
            np.full(shape, 2.0),
            np.full(shape[1], 1e-3),
        )
    )
    members = [list(np.flatnonzero(found.labels == k)) for k in range(found.n_cluster)]
    return members, *moments_from_grid(found.log_lik, found.grid)


def main(folder: str, clusters: str) -> None:
    scores, cpu, calls = [], Counter(), []
    for graph in sorted(Path(folder).glob("sims/m5/*/G_seed*.tree")):
        seed = graph.stem.removeprefix("G_seed")
        sites, alt, depth, members, edges, seeding = read_tumour(graph.parent, seed)
        begin = time.process_time()
        if clusters == "true":
            mean, var = moments_from_counts(*(np.array([x[c].sum(0) for c in members]) for x in (alt, depth)))
        else:
            members, mean, var = own_clusters(alt, depth)
        cpu["clusters"] += (now := time.process_time()) - begin
        posterior = fit_trees(mean, var)
        cpu["trees"] += time.process_time() - now
        names = sorted(set(sites), key=lambda s: (s != "P", s))
        begin = time.process_time()
        found = seeding_posterior(posterior, mean, var, np.array([names.index(s) for s in sites]), root_site=0)
        cpu["seeding"] += time.process_time() - begin
        truth = Counter({(names.index(a), names.index(b)): n for (a, b), n in edges.items()})
        tree = posterior.trees[found.best_tree]

        def path(clone: int, tree=tree, members=members) -> frozenset[int]:
            out: set[int] = set()
            while clone >= 0:
                out |= set(members[clone])
                clone = tree[clone]
            return frozenset(out)

        moves = set(found.best_migrations)
        guess = Counter((s, t) for s, t, _ in moves)
        pattern, wanted = pattern_of(guess).replace("PS", "S"), pattern_of(truth).replace("PS", "S")
        scores.append((pattern == wanted, f1({path(c) for *_, c in moves}, seeding), f1(as_set(guess), as_set(truth))))
        for lesion in found.lesions[1:]:
            poly = sum(n for (_, t), n in truth.items() if t == lesion.site) > 1
            calls.append((lesion.p_polyclonal, poly))
        print(
            f"{graph.parent.name:3s} {seed:>5s} true {wanted} found {pattern}  "
            + "  ".join(f"{x:.2f}" for x in scores[-1])
        )
    mean_scores = np.mean(np.array(scores, float), 0)
    print("exact pattern {:.3f}  seeding clones F1 {:.3f}  multigraph F1 {:.3f}".format(*mean_scores))
    print("CPU s: " + ", ".join(f"{k} {v:.1f}" for k, v in cpu.items()))
    calls = np.array(calls, float)
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        inside = calls[(calls[:, 0] >= low) & (calls[:, 0] < high)]
        if len(inside):
            print(f"P(polyclonal) {low:.1f}-{high:.1f}: {inside[:, 1].mean():.2f} of {len(inside)} lesions are")


CCF_ERROR, FAR = (
    0.05,
    0.25,
)  # defaults of evolution.ccf_error and ccf_error_far: purity and copy number are not exact


def lines_of(truth: dict, lesion: str) -> set[str]:
    """Lesions that this one came from, over any number of steps."""
    out, source = set(), truth[lesion]["source"]
    while source is not None:
        out.add(source)
        source = truth[source]["source"]
    return out


def simulated(n_patient: int, depth: str, tag: str, n_metastases: int) -> None:
    """Clinical tumours with copy number, purity 0.15-0.95, neutral tails: from reads to calls."""
    from oncourse.evolution.clustering.cluster import cluster_patient
    from oncourse.evolution.clustering.types import Counts
    from oncourse.evolution.simulate import default_plan, simulate_tumour

    poly, phyl, source, edges, cpu = [], [], [], [], Counter()
    progression, sources, returns = [], [], []
    for i in range(n_patient):
        name = f"{tag}{i}"
        tumour = simulate_tumour(1, name, default_plan(1, name, assay=depth, n_metastases=n_metastases, n_plasma=0))
        samples = tumour.samples["sample_id"].to_list()
        chrom = tumour.counts["variant_id"].str.split(":").list.first().alias("chrom")
        rows = tumour.counts.with_columns(chrom).join(tumour.segments, on=["sample_id", "chrom"], maintain_order="left")
        rows = rows.sort("variant_id", "sample_id")
        shape = (rows["variant_id"].n_unique(), len(samples))
        wide = {c: rows[c].to_numpy().reshape(shape) for c in ("alt_count", "depth", "total_cn", "minor_cn")}
        # as a caller would: at least 3 reads and 2 % somewhere
        seen = ((wide["alt_count"] >= 3) & (wide["alt_count"] >= 0.02 * wide["depth"])).any(1)
        wide = {k: v[seen] for k, v in wide.items()}
        purity = np.broadcast_to(tumour.samples["purity"].to_numpy(), wide["depth"].shape).copy()
        major = (wide["total_cn"] - wide["minor_cn"]).astype(float)
        begin = time.process_time()
        found = cluster_patient(
            Counts(
                wide["alt_count"],
                wide["depth"],
                purity,
                major,
                wide["minor_cn"].astype(float),
                np.full(purity.shape, 2.0),
                np.full(shape[1], 1e-3),
            )
        )
        cpu["clusters"] += (now := time.process_time()) - begin
        able = [k for k in range(found.n_cluster) if found.n_variants[k] > 1]
        mean, var = moments_from_grid(found.log_lik[able], found.grid)
        var, far = with_ccf_error(mean, var, CCF_ERROR), with_ccf_error(mean, var, FAR)
        posterior = fit_trees(mean, var, wide=far)
        cpu["trees"] += time.process_time() - now
        lesions = ["primary", *sorted(set(tumour.samples["lesion_id"].drop_nulls()) - {"primary"})]
        begin = time.process_time()
        site = np.array([lesions.index(x) for x in tumour.samples["lesion_id"]])
        calls = seeding_posterior(posterior, mean, var, site, root_site=0)
        cpu["seeding"] += time.process_time() - begin
        truth = {r["lesion_id"]: r for r in tumour.lesions.iter_rows(named=True)}
        for lesion in calls.lesions[1:]:
            row = truth[lesions[lesion.site]]
            poly.append((lesion.p_polyclonal, row["clonality"] == "polyclonal"))
            phyl.append((lesion.p_polyphyletic, row["phyleticity"] == "polyphyletic"))
            right = lesion.source >= 0 and lesions[lesion.source] == row["source"]
            source.append((lesion.p_source, right))
            others = np.flatnonzero(calls.p_possible[:, lesion.site] > 0.5 * lesion.p_seeded)
            sources.append((bool(np.setdiff1d(others, lesion.source).size), right))
            for other in calls.lesions[lesion.site + 1 :]:
                a, b = lesions[lesion.site], lesions[other.site]
                linear = a in lines_of(truth, b) or b in lines_of(truth, a)
                p = calls.p_parallel[lesion.site, other.site], calls.p_linear[lesion.site, other.site]
                call = "parallel" if p[0] > 0.5 else "linear" if p[1] > 0.5 else "cannot be told"
                progression.append((call, linear))
        returns.append(calls.lesions[0].p_seeded > 0.5)
        # a cluster stands for the true clone of most of its variants
        names = np.array(rows["variant_id"].unique(maintain_order=True))[seen]
        clone_of = dict(tumour.variants.select("variant_id", "clone_id").iter_rows())
        stands = []
        for k in able:
            members = Counter(clone_of[v] for v in names[found.labels == k])
            stands.append(members.most_common(1)[0][0])
        for k, child in enumerate(stands):
            if child is None or stands.count(child) > 1:
                continue
            parent = tumour.parent[child]
            while parent is not None and parent not in stands:
                parent = tumour.parent[parent]
            for q in range(-1, len(able)):
                edges.append((posterior.edge_support[q + 1, k], (stands[q] if q >= 0 else None) == parent))
    print(f"{n_patient} tumours; CPU s: " + ", ".join(f"{k} {v:.1f}" for k, v in cpu.items()))
    for call in ("parallel", "linear", "cannot be told"):
        linear = [x for name, x in progression if name == call]
        print(f"progression {call}: {sum(linear)} of {len(linear)} pairs are linear")
    for several in (False, True):
        right = [x for other, x in sources if other == several]
        print(f"source {'with' if several else 'without'} other sources: {sum(right)} of {len(right)} right")
    print(f"return to the primary called in {sum(returns)} of {n_patient}, where there is none")
    for title, table in (("polyclonal", poly), ("polyphyletic", phyl), ("source", source), ("edge", edges)):
        array = np.array(table, float)
        parts = []
        for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 0.85), (0.85, 0.95), (0.95, 1.01)):
            inside = array[(array[:, 0] >= low) & (array[:, 0] < high)]
            if len(inside):
                parts.append(f"{low:.2f}-{min(high, 1):.2f}: {inside[:, 1].mean():.2f} of {len(inside)}")
        print(f"P({title}) right in  " + ";  ".join(parts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--clusters", choices=("true", "own"), default="true")
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--assay", default="wes")
    parser.add_argument("--metastases", type=int, default=2)
    parser.add_argument("--tag", default="bench", help="another word gives other simulated patients")
    args = parser.parse_args()
    if args.folder == "simulated":
        simulated(args.patients, args.assay, args.tag, args.metastases)
    else:
        main(args.folder, args.clusters)
