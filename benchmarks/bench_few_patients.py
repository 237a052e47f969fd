"""Coverage of intervals with few patients: shares over patients who differ, kappa and AC1.

    python benchmarks/bench_few_patients.py [REPLICATES]

The share: units per patient 1 + negative binomial (mean 16), patients' shares from a beta distribution around the true
mean. Kappa and AC1: every table of n units, weighted by its probability (exact coverage).
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from oncourse.stats.agreement import cluster_bootstrap, cluster_weights, few_units_limits, gwet_ac1, kappa
from oncourse.stats.clustered_share import clustered_share
from oncourse.stats.proportions import newcombe
from oncourse.stats.rng import generator


def shares(replicates: int) -> None:
    """Print coverage and the rate of lower limits above the truth, beside patients drawn again."""
    print("mean  concentration  patients  coverage  lower limit too high  bootstrap coverage")
    for mean in (0.6, 0.85, 0.95):
        for concentration in (2.0, 10.0, np.inf):
            for patients in (6, 10, 20, 40):
                rng = generator(1, f"few patients {mean} {concentration} {patients}")
                inside = above = drawn = 0
                for _ in range(replicates):
                    n = 1 + rng.negative_binomial(2, 2 / 17, patients)
                    a, b = mean * concentration, (1 - mean) * concentration
                    p = np.full(patients, mean) if np.isinf(concentration) else rng.beta(a, b, patients)
                    x = rng.binomial(n, p)
                    found = clustered_share(x, n)
                    inside += found.low <= mean <= found.high
                    above += found.low > mean
                    again = cluster_bootstrap(
                        np.column_stack([x, n]), lambda s: s[:, 0] / s[:, 1], cluster_weights(patients, 400, rng)
                    )
                    drawn += again.low <= mean <= again.high
                print(
                    f"{mean:4}  {concentration:13}  {patients:8}  {inside / replicates:8.3f}  "
                    f"{above / replicates:20.3f}"
                    f"  {drawn / replicates:18.3f}"
                )


def tables(n: int) -> np.ndarray:
    """Every 2 x 2 table of n units."""
    cells = [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(n + 1 - a) for c in range(n + 1 - a - b)]
    return np.array(cells, float)


def two_by_two() -> None:
    """Print exact coverage of kappa and AC1 beside the large-sample limits."""
    truths = [
        (0.49, 0.01, 0.01, 0.49),
        (0.19, 0.01, 0.01, 0.79),
        (0.45, 0.05, 0.05, 0.45),
        (0.3, 0.1, 0.1, 0.5),
        (0.09, 0.01, 0.01, 0.89),
        (0.4, 0.02, 0.08, 0.5),
    ]
    print("truth (both, a, b, neither)  units  kappa  AC1  large-sample kappa  large-sample AC1")
    for n in (6, 10, 20, 40):
        every = tables(n)
        for truth in truths:
            p = np.exp(gammaln(n + 1) - gammaln(every + 1).sum(1) + (every * np.log(truth)).sum(1))
            likely, weight = every[p > 1e-5].T, p[p > 1e-5]
            row = []
            for found, statistic in zip(
                (*few_units_limits(*likely), kappa(*likely), gwet_ac1(*likely)), (kappa, gwet_ac1) * 2, strict=True
            ):
                true = float(statistic(*truth).value)
                told = ~np.isnan(found.value)
                inside = (found.low <= true) & (true <= found.high)
                row.append(weight[told & inside].sum() / weight[told].sum())
            print(truth, n, " ".join(f"{c:.3f}" for c in row), flush=True)


def differences() -> None:
    """Print the exact coverage of the interval of a difference of two shares over true shares of .02-.98 of either side."""
    print("patients a side  least  99 of 100 true shares above  median")
    for n in (5, 6, 8, 10, 15, 20, 40):
        k, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        found = newcombe(k, np.full(k.shape, n), j, np.full(k.shape, n))
        shares_of = np.arange(0.02, 1, 0.04)
        chance = binom.pmf(np.arange(n + 1)[:, None], n, shares_of)
        covered = np.array(
            [
                [
                    (np.outer(chance[:, a], chance[:, b]) * ((found.ci_low <= p - q) & (p - q <= found.ci_high))).sum()
                    for b, q in enumerate(shares_of)
                ]
                for a, p in enumerate(shares_of)
            ]
        )
        print(
            n, " ".join(f"{x:.3f}" for x in (covered.min(), np.quantile(covered, 0.01), np.median(covered))), flush=True
        )


if __name__ == "__main__":
    shares(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    two_by_two()
    differences()
