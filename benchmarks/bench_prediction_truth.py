"""The prediction pipeline on simulated studies of known truth.

    python benchmarks/bench_prediction_truth.py SCENARIO STUDIES [FIRST_SEED]

Scenarios: noise (n 300, mutations that do nothing), planted (n 600, mutations worth about .05 in AUC), 120, 300, 1000
(patients; mutations with some effect), and late300, late1000 (the same where three in four patients come under
observation up to 40 months late and 40 % have the event before they could; the truth is that of patients followed from
time zero). Per study the models are made and judged as by the `prediction` analysis
(5 x 5 nested cross-validation); the truth is the saved model's accuracy in 20,000 new patients. Printed: how often the
report says that mutations add, corrected minus true AUC and Brier score, calibration slope of the corrected estimate
and in new patients.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from oncourse.models import fit_report
from oncourse.models.calibration import calibration_slope, log_minus_log
from oncourse.models.fit_report import METRICS, fit_prediction
from oncourse.models.ladder import PredictionData
from oncourse.models.metrics import auc, brier, horizon_weights

HORIZON = 730.5
CLINICAL, GENES, NEW = 5, 60, 20_000
#: (patients, log hazard ratios of the first genes)
LATEST = 1700.0
SOME = (0.4, -0.4, 0.3)
SCENARIOS: dict[str, tuple[int, tuple[float, ...]]] = {
    "noise": (300, ()),
    "planted": (600, (0.54, -0.46, 0.46, 0.38, -0.38)),
    "120": (120, SOME),
    "300": (300, SOME),
    "1000": (1000, SOME),
    "late300": (300, SOME),
    "late1000": (1000, SOME),
}


def simulate(rng: np.random.Generator, n: int, effects: tuple[float, ...]) -> tuple[PredictionData, np.ndarray]:
    """Return a study and its patients' true linear predictors."""
    clinical = rng.normal(size=(n, CLINICAL))
    share = np.concatenate([np.full(len(effects), 0.25), np.linspace(0.05, 0.4, GENES - len(effects))])
    genes = (rng.random((n, GENES)) < share).astype(float)
    beta = np.array([0.5, 0.3, 0.2, 0.0, 0.0])
    lp = clinical @ beta + genes[:, : len(effects)] @ np.array(effects)
    time = rng.exponential(1000 * np.exp(-lp)) + 1e-3
    censored = rng.uniform(400, 2000, n)
    data = PredictionData(
        np.minimum(time, censored), time <= censored, np.zeros(n), clinical, genes, None, np.arange(n)
    )
    return data, lp


def truncate(rng: np.random.Generator, n: int, effects: tuple[float, ...]) -> tuple[PredictionData, float]:
    """Return a study of n patients who lived until they came under observation, and the share who did not."""
    parts, seen, drawn = [], 0, 0
    while seen < n:
        whole, lp = simulate(rng, 2 * n, effects)
        entry = np.where(rng.random(2 * n) < 0.25, 0.0, rng.uniform(0, LATEST, 2 * n))
        death = rng.exponential(1000 * np.exp(-lp)) + 1e-3
        ends = entry + rng.uniform(100, 2000, 2 * n)
        part = replace(whole, time=np.minimum(death, ends), event=death <= ends, entry=entry)
        kept = np.flatnonzero(death > entry)
        parts.append(part.take(kept))
        seen, drawn = seen + len(kept), drawn + 2 * n
    joined = {
        k: np.concatenate([getattr(p, k) for p in parts])[:n]
        for k in ("time", "event", "entry", "clinical", "mutations")
    }
    return PredictionData(**joined, groups=None, patient=np.arange(n)), 1 - seen / drawn


def true_gain(effects: tuple[float, ...]) -> float:
    """Return the true gain in AUC of knowing the mutations beside the clinical covariates."""
    data, lp = simulate(np.random.default_rng(0), 100_000, effects)
    at = horizon_weights(data.time, data.event, HORIZON)
    return auc(lp, at) - auc(data.clinical @ np.array([0.5, 0.3, 0.2, 0, 0]), at)


def main() -> None:
    scenario, studies = sys.argv[1], int(sys.argv[2])
    # Intervals and bands are not looked at here.
    fit_report.INTERVAL_SAMPLES = fit_report.BAND_SAMPLES = 20
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    n, effects = SCENARIOS[scenario]
    print(f"{scenario}: n {n}, true gain in AUC {true_gain(effects):.3f}", flush=True)
    j, s, b = (METRICS.index(m) for m in ("auc", "calibration_slope", "brier"))
    rows, lost = [], []
    for seed in range(first, first + studies):
        rng = np.random.default_rng([seed, n])
        if scenario.startswith("late"):
            data, gone = truncate(rng, n, effects)
            lost.append(gone)
        else:
            data, _ = simulate(rng, n, effects)
        fitted = fit_prediction(
            data,
            horizon=HORIZON,
            months=24,
            alpha=0.5,
            threshold=None,
            repeats=5,
            folds=5,
            bootstraps=0,
            challengers=False,
            seed=seed,
            workers=1,
        )
        new, _ = simulate(rng, NEW, effects)
        at = horizon_weights(new.time, new.event, HORIZON)
        for name in ("clinical", "clinical+mutations"):
            risk = fitted.final[name].risk(new.clinical, new.mutations)
            slope = calibration_slope(log_minus_log(risk), new.time, new.event, horizon=HORIZON)[0]
            found = fitted.corrected[name].value
            apparent = fitted.apparent[name]
            rows.append(
                (
                    name,
                    fitted.mutations_add,
                    found[j] - auc(risk, at),
                    apparent[j] - auc(risk, at),
                    found[s],
                    slope,
                    found[b] - brier(risk, at),
                )
            )
    for name in ("clinical", "clinical+mutations"):
        mine = [r for r in rows if r[0] == name]
        gap = np.array([r[2] for r in mine])
        score = np.array([r[6] for r in mine])
        print(
            f"  {name}: corrected - true AUC {gap.mean():+.4f} (se {gap.std(ddof=1) / np.sqrt(len(gap)):.4f}), "
            f"apparent "
            f"- true {np.mean([r[3] for r in mine]):+.4f}; median slope "
            f"{np.median([r[4] for r in mine]):.3f}, in new patients {np.median([r[5] for r in mine]):.3f}; corrected "
            f"- true Brier {score.mean():+.4f} (se {score.std(ddof=1) / np.sqrt(len(score)):.4f})"
        )
    if lost:
        print(f"  {np.mean(lost):.0%} had the event before they came under observation")
    said = np.mean([bool(r[1]) for r in rows])
    print(f"  says that mutations add in {said:.0%} of {studies} studies", flush=True)


if __name__ == "__main__":
    main()
