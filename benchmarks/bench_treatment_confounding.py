"""Does the interval hold the truth when confounding is curved? Treatment and hazard hang on the square of a covariate.

    python benchmarks/bench_treatment_confounding.py [STUDIES] [N] [SEED]

True hazard ratio 1. Printed: how often the page gives a weighted result, and of those how often the 95 % interval of each
method holds 1, with the exact interval of that share; and the mean log hazard ratio (bias).
"""

from __future__ import annotations

import sys

import numpy as np

from oncourse.models.compare import PairData, compare
from oncourse.stats.proportions import clopper_pearson

HORIZON = 730.0


def study(rng: np.random.Generator, n: int) -> PairData:
    """Age-like and PSA-like numbers and a yes/no; both tails of the first get the treatment more and die sooner."""
    x = np.column_stack([rng.normal(size=n), rng.normal(size=n), rng.random(n) < 0.4]).astype(float)
    chance = 1 / (1 + np.exp(-(0.8 * x[:, 0] ** 2 - 0.8 + 0.4 * x[:, 1] - 0.3 * x[:, 2])))
    treated = rng.random(n) < chance
    lp = 0.6 * x[:, 0] ** 2 + 0.3 * x[:, 1] + 0.2 * x[:, 2]
    time = rng.exponential(size=n) * np.exp(-lp) * 900.0
    censor = rng.uniform(300, 2000, size=n)
    return PairData(
        np.minimum(time, censor) + 1.0, time <= censor, np.zeros(n), treated, x, ("age", "log PSA", "visceral")
    )


def main() -> None:
    """Print the coverage by method."""
    studies, n, seed = (int(a) for a in (sys.argv[1:] + ["400", "400", "1"][len(sys.argv) - 1 :])[:3])
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    given = 0
    for k in range(studies):
        pair = compare(study(np.random.default_rng([seed, k]), n), horizon=HORIZON, milestone=365.0)
        given += any(r.method == "overlap" for r in pair.rows)
        for r in pair.rows:
            null = 1.0 if r.estimate_name == "hazard_ratio" else 0.0
            value = np.log(r.effect.value) if null else r.effect.value
            held = r.effect.ci_low <= null <= r.effect.ci_high
            found.setdefault((r.method, r.estimate_name), []).append((float(value), bool(held)))
    print(f"studies {studies}, patients {n}; a weighted result in {given}")
    for (method, name), rows in found.items():
        k = sum(held for _, held in rows)
        low, high = clopper_pearson(k, len(rows))
        bias = np.mean([v for v, _ in rows])
        print(f"{method:14s} {name:22s} {k / len(rows):.3f} ({low:.3f}-{high:.3f}) of {len(rows)}; mean {bias:+.3f}")


if __name__ == "__main__":
    main()
