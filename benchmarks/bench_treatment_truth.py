"""What the treatment estimates answer for: simulated studies against potential outcomes, and the interaction test's
size.

    python benchmarks/bench_treatment_truth.py weights [STUDIES] [N]
    python benchmarks/bench_treatment_truth.py interaction [STUDIES] [RATIO] [EFFECT]

weights: confounded studies; bias and coverage of overlap and inverse-probability weights for the marginal log hazard
ratio and the difference of restricted means of their own target population, whose truth comes from 1,000,000 patients
simulated on both treatments. interaction: share of studies with p < .05 without an interaction (size) and, where a true
ratio of hazard ratios is given, with it (power); of the ratio and of the difference of the restricted means. EFFECT:
log hazard ratio of the treatment, -0.4; with 0 no interaction of the hazards is none of the means either.
"""

from __future__ import annotations

import sys

import numpy as np

from oncourse.models.compare import compare
from oncourse.models.interaction import interaction
from oncourse.models.pair import PairData
from oncourse.stats.cox import fit_cox

HORIZON, MILESTONE = 730.0, 365.0
BETA = np.array([0.5, 0.4, -0.3])
EFFECT = -0.6


def patients(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Covariates (two numbers, one yes/no) and each patient's chance of the treatment."""
    x = np.column_stack([rng.normal(size=n), rng.normal(size=n), rng.random(n) < 0.4])
    chance = 1 / (1 + np.exp(-(x @ np.array([0.6, 0.5, -0.4]))))
    return x, chance


def times(rng: np.random.Generator, x: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Weibull times; the treatment works better in patients with a high first covariate."""
    lp = x @ BETA + treated * (EFFECT - 0.25 * x[:, 0])
    return (rng.exponential(size=len(x)) * np.exp(-lp)) ** (1 / 1.2) * 700.0


def censoring(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(300, 2000, n)


def truth(parts: int = 50, n: int = 20_000) -> dict[tuple[str, str], float]:
    """Log hazard ratio (Cox, under the studies' censoring) and difference of restricted means per target population.

    Mean of `parts` populations of `n` patients, each patient on both treatments.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for part in range(parts):
        rng = np.random.default_rng([7, part])
        x, chance = patients(rng, n)
        life = [times(rng, x, np.full(n, a)) for a in (0, 1)]
        loss = [censoring(rng, n) for _ in (0, 1)]
        arm = np.repeat([0.0, 1.0], n)
        time = np.concatenate([np.minimum(t, c) for t, c in zip(life, loss, strict=True)])
        event = np.concatenate([t <= c for t, c in zip(life, loss, strict=True)])
        for name, weight in (("iptw", np.ones(n)), ("overlap", chance * (1 - chance))):
            fit = fit_cox(time, event, arm[:, None], weights=np.tile(weight / weight.mean(), 2))
            found.setdefault((name, "hazard_ratio"), []).append(float(fit.coef[0]))
            means = [np.average(np.minimum(t, HORIZON), weights=weight) for t in life]
            found.setdefault((name, "rmst_difference"), []).append(float(means[1] - means[0]))
    out = {key: float(np.mean(values)) for key, values in found.items()}
    out["doubly_robust", "rmst_difference"] = out["overlap", "rmst_difference"]
    return out


def weights(studies: int, n: int) -> None:
    true = truth()
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {key: [] for key in true}
    naive = []
    for seed in range(studies):
        rng = np.random.default_rng([11, seed])
        x, chance = patients(rng, n)
        treated = rng.random(n) < chance
        life, loss = times(rng, x, treated), censoring(rng, n)
        data = PairData(np.minimum(life, loss), life <= loss, np.zeros(n), treated, x.astype(float), ("a", "b", "c"))
        for row in compare(data, horizon=HORIZON, milestone=MILESTONE).rows:
            if row.method == "unadjusted":
                naive.append(np.log(row.effect.value))
            key = (row.method, row.estimate_name)
            if key not in true:
                continue
            log = row.estimate_name == "hazard_ratio"
            low, high, value = (
                np.log(v) if log else v for v in (row.effect.ci_low, row.effect.ci_high, row.effect.value)
            )
            found[key].append((float(value), bool(low <= true[key] <= high)))
    print(f"{studies} studies of {n}; unadjusted log hazard ratio {np.mean(naive):+.3f}")
    for (method, name), rows in found.items():
        values = np.array([v for v, _ in rows])
        t = true[method, name]
        print(
            f"{method:14s} {name:16s} truth {t:+8.3f}  mean {values.mean():+8.3f}  bias {values.mean() / t - 1:+.1%} "
            f"(se {values.std(ddof=1) / np.sqrt(len(values)) / abs(t):.1%})  covers {np.mean([c for _, c in rows]):.1%}"
        )


#: name, patients, share of carriers, lines per patient, delayed entry
CELLS = (
    ("300 patients, 30 % carriers", 300, 0.3, 1, False),
    ("120 patients, 30 % carriers", 120, 0.3, 1, False),
    ("600 patients, 10 % carriers", 600, 0.1, 1, False),
    ("300 patients, 30 % carriers, delayed entry", 300, 0.3, 1, True),
    ("300 patients with two lines, frailty", 300, 0.3, 2, False),
    ("100 patients with two lines, frailty", 100, 0.3, 2, False),
)


def interaction_size(studies: int, ratio: float, effect: float) -> None:
    for name, n, share, lines, late in CELLS:
        p: list[tuple[float, float]] = []
        for seed in range(studies):
            rng = np.random.default_rng([13, n, lines, int(late), int(100 * share), seed])
            patient = np.repeat(np.arange(n), lines)
            line = np.tile(np.arange(1, lines + 1), n)
            marker = np.repeat(rng.random(n) < share, lines)
            frailty = np.repeat(rng.gamma(2, 0.5, n), lines) if lines > 1 else np.ones(n)
            arm = rng.random(n * lines) < 0.5
            entry = rng.uniform(0, 0.5, n * lines) if late else np.zeros(n * lines)
            log_hazard = effect * arm + 0.5 * marker + np.log(ratio) * (arm & marker)
            life = entry + rng.exponential(np.exp(-log_hazard) / frailty)
            loss = entry + rng.uniform(0.3, 3, n * lines)
            data = PairData(np.minimum(life, loss), life <= loss, entry, arm, np.zeros((n * lines, 0)), ())
            found = interaction(data, marker.astype(int), patient, line.astype(float), horizon=1.0, min_cell=5)
            p.append((found.ratio.p_value, found.mean_difference.p_value))
        kept = np.array(p)
        kept = kept[np.isfinite(kept[:, 0])]
        size = (kept < 0.05).mean(axis=0)
        band = 2.576 * np.sqrt(size * (1 - size) / len(kept))
        print(
            f"{name:45s} {len(kept)} studies  ratio of hazard ratios {size[0]:.4f} +- {band[0]:.4f}  "
            f"restricted means {size[1]:.4f} +- {band[1]:.4f}",
            flush=True,
        )


def main() -> None:
    if sys.argv[1] == "weights":
        weights(int(sys.argv[2]) if len(sys.argv) > 2 else 600, int(sys.argv[3]) if len(sys.argv) > 3 else 1000)
    else:
        given = sys.argv[2:]
        ratio, effect = (float(given[k]) if len(given) > k else d for k, d in ((1, 1.0), (2, -0.4)))
        interaction_size(int(given[0]) if given else 12_000, ratio, effect)


if __name__ == "__main__":
    main()
