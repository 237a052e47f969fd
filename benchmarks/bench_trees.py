"""Trees against known truth: error of the relation of clone pairs on simulated instances.

    python benchmarks/bench_trees.py FOLDER     folder of *.ssm and *.truth.json.gz (Pairtree's simulations)
    python benchmarks/bench_trees.py FOLDER     folder of *.ssm and *.hbstruct.params.json (leukaemias, experts' trees)

The true clusters are given; clones are shuffled before each fit, so that nothing can be read from their order.
Error of an instance: mean over pairs of variants of 1 - posterior probability of their true relation (ancestor,
descendant, neither, same clone); ``clones``: over pairs of clones.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np

from oncourse.evolution.trees.posterior import ancestors, fit_trees, moments_from_counts


def read_instance(truth_file: Path):
    """Return alt, depth (clones x samples), true parents (-1 root), variants per clone."""
    with gzip.open(truth_file, "rt") as handle:
        truth = json.load(handle)
    reads = Path(str(truth_file).replace(".truth.json.gz", ".ssm")).read_text().splitlines()
    rows = [line.split("\t") for line in reads[1:]]
    alt = {r[0]: np.array(r[2].split(","), float) for r in rows}
    depth = {r[0]: np.array(r[3].split(","), float) for r in rows}
    clusters = truth["clusters"]
    return (
        np.array([sum(alt[m] for m in c) for c in clusters]),
        np.array([sum(depth[m] for m in c) for c in clusters]),
        np.array(truth["structure"]) - 1,
        np.array([len(c) for c in clusters]),
    )


def relation_error(ancestor: np.ndarray, parent: np.ndarray, size: np.ndarray | None = None) -> float:
    """Mean of 1 - probability of the true relation: over clone pairs, with ``size`` over pairs of variants.

    Pairs of variants have four relations: ancestor, descendant, neither, same clone; the last is right with true
    clusters.
    """
    truth = ancestors(parent)
    first, second = np.triu_indices(len(parent), 1)
    down, up = ancestor[first, second], ancestor[second, first]
    right = np.where(truth[first, second], down, np.where(truth[second, first], up, 1 - down - up))
    if size is None:
        return float(np.mean(1 - right))
    return float(((1 - right) * size[first] * size[second]).sum() / (size.sum() * (size.sum() - 1) / 2))


HIDDEN_SD = 0.01
"""Error of the CCFs of the leukaemias that counts do not show."""


def published(folder: Path) -> None:
    """Compare with the trees that experts built: how many of their edges have more than half of the probability."""
    found, wanted = 0, 0
    for file in sorted(folder.glob("*.hbstruct.params.json")):
        given = json.loads(file.read_text())
        rows = [x.split("\t") for x in (folder / f"{file.name.split('.')[0]}.ssm").read_text().splitlines()[1:]]
        alt, depth, share = ({r[0]: np.array(r[i].split(","), float) for r in rows} for i in (2, 3, 4))
        # reads at a chance of 1/2 to show the variant
        as_half = {v: np.maximum(2 * depth[v] * share[v], alt[v]) for v in alt}
        members = given["clusters"]
        counts = (np.array([sum(x[v] for v in c) for c in members]) for x in (alt, as_half))
        posterior = fit_trees(*moments_from_counts(*counts), min_sd=HIDDEN_SD)
        parent = np.array(given["structures"][0] if "structures" in given else given["structure"]) - 1
        sure = sum(posterior.edge_support[p + 1, k] > 0.5 for k, p in enumerate(parent))
        error = relation_error(posterior.ancestor, parent)
        print(
            f"{file.name.split('.')[0]:22s} {sure:2d} of {len(parent):2d} edges, error over pairs of clones {error:.3f}"
        )
        found, wanted = found + sure, wanted + len(parent)
    print(f"edges of the experts' trees with a support above .5: {found} of {wanted}")


def main(folder: str) -> None:
    rng = np.random.default_rng(0)
    errors, of_clones, cpu, edges = [], [], 0.0, []
    for n in (2, 9):  # compile
        fit_trees(np.linspace(1, 0.5, n)[:, None], np.full((n, 1), 0.01))
    print("instance                       error clones   CPU s exact disagreement")
    for file in sorted(Path(folder).glob("*.truth.json.gz")):
        alt, depth, parent, size = read_instance(file)
        shuffle = rng.permutation(len(parent))
        begin = time.process_time()
        counts = alt[shuffle], depth[shuffle]
        posterior = fit_trees(*moments_from_counts(*counts), counts=counts)
        cpu += (took := time.process_time() - begin)
        back = np.argsort(shuffle)
        above = posterior.ancestor[np.ix_(back, back)]
        errors.append(relation_error(above, parent, size))
        of_clones.append(relation_error(above, parent))
        for k, p in enumerate(parent):
            for q in range(-1, len(parent)):
                support = posterior.edge_support[0 if q < 0 else 1 + back[q], back[k]]
                edges.append((support, q == p))
        print(
            f"{file.name[:28]:30s} {errors[-1]:.3f}  {of_clones[-1]:.3f}  {took:6.2f} {posterior.is_exact!s:5s} "
            f"{posterior.disagreement:.2f}"
        )
    print(f"mean error {np.mean(errors):.4f}, over pairs of clones {np.mean(of_clones):.4f}, {cpu:.2f} CPU s in all")
    table = np.array(edges, float)
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 1.01)):
        inside = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        if len(inside):
            print(f"edges with support {low:.2f}-{high:.2f}: right in {inside[:, 1].mean():.2f} of {len(inside)}")


if __name__ == "__main__":
    if list(Path(sys.argv[1]).glob("*.hbstruct.params.json")):
        published(Path(sys.argv[1]))
    else:
        main(sys.argv[1])
