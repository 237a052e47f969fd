"""Exclusivity of genes: error rate on margin-preserving swaps of real cohorts, power beside Fisher's test, speed.

Run: ONCOURSE_TEST_DATA=... python benchmarks/bench_exclusivity.py [--swaps 100]

The null is made by curveball swaps (Strona 2014) of the real matrix of patients and genes, which keep every gene's
total and every patient's number of altered genes and share nothing with the model. Power: a pair of equal totals is
planted that excludes each other in every patient; the same pairs are given to Fisher's test, whose real error rate on
the swaps stands beside it: at equal size its threshold is the 5 % quantile of its own p-values there.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_pairs import burden_model
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.io import load_study
from oncourse.stats.cooccurrence import Counts, Margins, fit_margins, pair_tests
from oncourse.stats.proportions import fisher_exact
from oncourse.stats.rng import generator

GENES = 50


def curveball(rows: list[set[int]], rng: np.random.Generator, trades: int) -> None:
    """Trade genes between two patients at random: both margins stay."""
    for i, j in rng.integers(0, len(rows), (trades, 2)):
        mine, yours = sorted(rows[i] - rows[j]), sorted(rows[j] - rows[i])
        if i != j and mine and yours:
            pool, common = rng.permutation(mine + yours).tolist(), rows[i] & rows[j]
            rows[i], rows[j] = common | set(pool[: len(mine)]), common | set(pool[len(mine) :])


def together(rows: list[set[int]]) -> NDArray[np.int64]:
    """Return how often each pair of the first `GENES` genes is altered together."""
    matrix = np.zeros((len(rows), GENES), np.int64)
    for i, row in enumerate(rows):
        matrix[i, [g for g in row if g < GENES]] = 1
    return (matrix.T @ matrix)[np.triu_indices(GENES, 1)]


def fisher(both: NDArray[np.int64], total: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Two-sided Fisher p-values of the pairs."""
    a, b = np.triu_indices(GENES, 1)
    return fisher_exact(both, total[a] - both, total[b] - both, n - total[a] - total[b] + both).p_value


def error_rates(name: str, path: Path, swaps: int) -> None:
    """Print the share of pairs below 0.05 on the swaps, and the power for planted exclusive pairs."""
    cohort = Cohort(load_study(path))
    model = burden_model(cohort.study, cohort.gene_status, LandscapeParams())
    assert model is not None
    rng = generator(1, f"swaps {name}")
    rows = [set(np.flatnonzero(r).tolist()) for r in model.altered]
    total, n = model.altered[:, :GENES].sum(0), len(rows)
    a, b = np.triu_indices(GENES, 1)
    ours, theirs = [], []
    curveball(rows, rng, 10 * n)
    for _ in range(swaps):
        curveball(rows, rng, 3 * n)
        both = together(rows)
        ours.append(pair_tests(model.margins, a, b, both).p_value)
        theirs.append(fisher(both, total, n))
    found, plain = np.array(ours), np.array(theirs)
    print(
        f"{name}: {n} patients, {GENES} genes, {swaps} swaps; below .05: ours {np.mean(found < 0.05):.3%}, "
        f"Fisher {np.mean(plain < 0.05):.1%}; below .001: ours {np.mean(found < 0.001):.3%}, "
        f"Fisher {np.mean(plain < 0.001):.2%}"
    )
    planted(name, model.altered, model.margins, model.of_class, np.quantile(found, 0.05), np.quantile(plain, 0.05))


def planted(
    name: str,
    altered: NDArray[np.bool_],
    margins: Margins,
    of_class: NDArray[np.int64],
    ours_at: float,
    fisher_at: float,
) -> None:
    """Print the power for two genes of 15 % that no patient below the ninetieth percentile of burden has both of."""
    rng = generator(2, f"planted {name}")
    burden = altered.sum(1)
    weight = np.minimum(burden / np.quantile(burden, 0.5) * 0.15, 0.8)
    won = np.zeros(2)
    trials = 100
    for _ in range(trials):
        one, two = rng.random(len(burden)) < weight, rng.random(len(burden)) < weight
        two &= ~one | (burden > np.quantile(burden, 0.9))
        matrix = np.column_stack([one, two, altered])
        load = matrix.sum(1)
        fitted = fit_margins(matrix.sum(0), np.ones(len(load), int), load, np.ones(matrix.shape, bool))
        both = int((one & two).sum())
        p = fisher_exact(both, int(one.sum()) - both, int(two.sum()) - both, int((~one & ~two).sum())).p_value
        won += [pair_tests(fitted, [0], [1], [both]).p_value[0] <= ours_at, float(np.ravel(p)[0]) <= fisher_at]
    print(
        f"  planted exclusive pair, found at equal size of 5 %: ours {won[0] / trials:.0%}, Fisher "
        f"{won[1] / trials:.0%}"
    )


def altered_genes(n: int, genes: int = 500) -> NDArray[np.bool_]:
    """Simulate which of the genes are altered in `n` patients of unequal burden."""
    rng = generator(3, "speed")
    load = np.clip(rng.gamma(0.7, 1.0, n), 0.02, 6)[:, None] * np.geomspace(0.2, 0.004, genes)
    return rng.random(load.shape) < np.clip(load, 0, 0.9)


def all_pairs(altered: NDArray[np.bool_], genes: int) -> Counts:
    """Fit the margins and test every pair of the first genes."""
    burden, size = np.unique(altered.sum(1), return_counts=True)
    fitted = fit_margins(altered.sum(0), size, burden, np.ones((len(size), altered.shape[1]), bool))
    seen = altered[:, :genes].astype(np.float32)
    both = np.rint(seen.T @ seen).astype(np.int64)
    a, b = np.triu_indices(genes, 1)
    return pair_tests(fitted, a, b, both[a, b])


def speed(n: int = 50_000, genes: int = 200) -> None:
    """Print the CPU seconds of fit and all pairs for `n` patients."""
    altered = altered_genes(n)
    start = time.process_time()
    all_pairs(altered, genes)
    print(f"{genes} genes, {n:,} patients: {time.process_time() - start:.2f} CPU s")


def main() -> None:
    """Run all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=100)
    swaps = parser.parse_args().swaps
    data = Path(os.environ.get("ONCOURSE_TEST_DATA", "../shared/data")) / "tcga_crc_prad_maf"
    for name, file in (("TCGA PRAD", "mc3_PRAD.maf.gz"), ("TCGA COAD", "fh_COAD.maf.gz")):
        error_rates(name, data / file, swaps)
    speed()


if __name__ == "__main__":
    main()
