"""Does the interval hold the truth when confounding is curved? Treatment and hazard hang on the same shape of
covariates.

    python benchmarks/bench_treatment_confounding.py [STUDIES] [N] [SEED] [SHAPE ...]

Shapes: quadratic, ushape (with a corner), cubic, interaction, threshold, wave, stepproduct (a step in a product), turned
(a U-shape that the yes/no turns over), heavy (a covariate of heavy tails); the true hazard ratio is 1.
mixed: linear confounding and a treatment that helps some and harms others; the truth of each method is its own mean
over those who could have had either (drawn from a million patients). Printed: how often there is a weighted result, and
of those how often the 95 % interval of each method holds the truth, with the exact interval of that share; and the mean
error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from oncourse.models.compare import compare
from oncourse.models.pair import PairData
from oncourse.stats.proportions import clopper_pearson

HORIZON, MILESTONE = 730.0, 365.0
NAMES = ("age", "log PSA", "visceral")
Floats = np.ndarray
#: Shape of what treatment and hazard share, of two standardised numbers and a yes/no.
SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "quadratic": lambda x: x[:, 0] ** 2 - 1,
    "ushape": lambda x: 1.4 * np.abs(x[:, 0]) - 1.1,
    "cubic": lambda x: 0.5 * x[:, 0] ** 3 - 0.8 * x[:, 0],
    "interaction": lambda x: 1.2 * x[:, 0] * x[:, 1],
    "threshold": lambda x: 1.6 * (x[:, 0] > 0.8) - 0.5,
    "wave": lambda x: 1.2 * np.sin(2.5 * x[:, 0]),
    "stepproduct": lambda x: 1.6 * (x[:, 0] * x[:, 1] > 0.5) - 0.4,
    "turned": lambda x: (1.4 * np.abs(x[:, 0]) - 1.1) * np.where(x[:, 2] > 0, 1, -1),
    "heavy": lambda x: np.sign(x[:, 0]) * np.minimum(np.abs(x[:, 0]), 4.0) ** 1.5 / 2,
}


def covariates(rng: np.random.Generator, n: int, shape: str) -> Floats:
    """Two numbers and a yes/no."""
    first = rng.standard_t(3, size=n) if shape == "heavy" else rng.normal(size=n)
    return np.column_stack([first, rng.normal(size=n), rng.random(n) < 0.4]).astype(float)


def chance_and_risk(x: Floats, shape: str) -> tuple[Floats, Floats]:
    """The chance of the treatment and the log hazard without it."""
    curve = 0.6 * x[:, 0] if shape == "mixed" else SHAPES[shape](x)
    chance = 1 / (1 + np.exp(-(0.8 * curve + 0.4 * x[:, 1] - 0.3 * x[:, 2])))
    return chance, 0.6 * curve + 0.3 * x[:, 1] + 0.2 * x[:, 2]


def effect(x: Floats, shape: str) -> Floats:
    """Log hazard ratio of the treatment in each patient."""
    return 0.8 * x[:, 1] if shape == "mixed" else np.zeros(len(x))


def study(rng: np.random.Generator, n: int, shape: str) -> PairData:
    """One study of n patients, followed 300 to 2,000 days."""
    x = covariates(rng, n, shape)
    chance, risk = chance_and_risk(x, shape)
    treated = rng.random(n) < chance
    time = rng.exponential(size=n) * np.exp(-risk - treated * effect(x, shape)) * 900.0
    censor = rng.uniform(300, 2000, size=n)
    return PairData(np.minimum(time, censor) + 1.0, time <= censor, np.zeros(n), treated, x, NAMES)


def truths(shape: str, n: int = 1_000_000) -> dict[str, float]:
    """Differences in restricted mean and milestone over those who could have had either; the log ratio where it is
    one."""
    rng = np.random.default_rng(99)
    x = covariates(rng, n, shape)
    chance, risk = chance_and_risk(x, shape)
    weight = chance * (1 - chance)
    rates = [np.exp(risk + on * effect(x, shape)) / 900.0 for on in (1, 0)]
    means = [(1 - np.exp(-r * HORIZON)) / r for r in rates]
    alive = [np.exp(-r * MILESTONE) for r in rates]
    out = {
        "rmst_difference": float(np.average(means[0] - means[1], weights=weight)),
        "milestone_difference": float(np.average(alive[0] - alive[1], weights=weight)),
    }
    return out if shape == "mixed" else out | {"hazard_ratio": 0.0}


def measure(shape: str, studies: int, n: int, seed: int) -> None:
    """Print the coverage by method."""
    truth = truths(shape)
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    given = 0
    for k in range(studies):
        pair = compare(study(np.random.default_rng([seed, k]), n, shape), horizon=HORIZON, milestone=MILESTONE)
        given += any(r.method == "overlap" for r in pair.rows)
        for r in pair.rows:
            if r.estimate_name not in truth:
                continue
            e, log = r.effect, np.log if r.estimate_name == "hazard_ratio" else float
            low, value, high = (float(log(v)) for v in (e.ci_low, e.value, e.ci_high))
            aim = truth[r.estimate_name]
            found.setdefault((r.method, r.estimate_name), []).append((value - aim, low <= aim <= high))
    print(f"{shape}: studies {studies}, patients {n}; a weighted result in {given}")
    for (method, name), rows in found.items():
        k = sum(held for _, held in rows)
        low, high = clopper_pearson(k, len(rows))
        error = np.mean([v for v, _ in rows])
        share = f"{k / len(rows):.3f} ({low:.3f}-{high:.3f}) of {len(rows)}"
        print(f"  {method:14s} {name:22s} {share}; mean error {error:+.3f}")


def main() -> None:
    """Measure the shapes named, or all."""
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    studies, n, seed = (numbers + [400, 400, 1][len(numbers) :])[:3]
    for shape in [a for a in sys.argv[1:] if not a.isdigit()] or [*SHAPES, "mixed"]:
        measure(shape, studies, n, seed)


if __name__ == "__main__":
    main()
