"""Few patients, and a score that decides who is lost: coverage and size, from data made by the claims' words."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, ndtr

from oncourse.models.interaction import interaction
from oncourse.models.metrics import auc, horizon_weights
from oncourse.models.pair import PairData
from oncourse.stats.clustered_share import clustered_share, paired_share_test
from oncourse.stats.rng import generator


def agreement(n_study: int, seed: int = 1) -> None:
    """PPA over variants: patients differ (beta, sd of their shares), 95 % interval and the 2.5 % test at the margin."""
    print(
        "| mean share | sd between patients | patients | 95 % interval covers | 2.5 % test at the margin |\n"
        "|---|---|---|---|---|"
    )
    for mean in (0.7, 0.85):
        for sd in (0.1, 0.2, 0.3):
            s = mean * (1 - mean) / sd**2 - 1
            for patients in (6, 10, 20, 40):
                rng = generator(seed, f"few {mean} {sd} {patients}")
                inside = wrong = 0
                for _ in range(n_study):
                    total = 1 + rng.negative_binomial(2, 2 / 11, patients)
                    found = clustered_share(rng.binomial(total, rng.beta(mean * s, (1 - mean) * s, patients)), total)
                    inside += found.low <= mean <= found.high
                    wrong += found.p_below(mean) < 0.025
                print(
                    f"| {mean} | {sd} | {patients} | {100 * inside / n_study:.1f} % | {100 * wrong / n_study:.1f} % |",
                    flush=True,
                )


def repeat_tissue(n_study: int, margin: float = 0.1, seed: int = 1) -> None:
    """Plasma worse than repeat tissue by exactly the margin: how often non-inferior at 2.5 %; and power at no loss."""
    print(
        "| repeat finds | sd between patients | patients | said at the margin | said without a loss "
        "|\n|---|---|---|---|---|"
    )
    for mean in (0.8, 0.9):
        for sd in (0.05, 0.15):
            for patients in (6, 10, 20, 40):
                rng = generator(seed, f"repeat {mean} {sd} {patients}")
                said = []
                for loss in (margin, 0.0):
                    s, t = (m * (1 - m) / sd**2 - 1 for m in (mean, mean - loss))
                    wrong = 0
                    for _ in range(n_study):
                        total = 1 + rng.negative_binomial(2, 2 / 11, patients)
                        # a patient easy for tissue is mostly easy for plasma (correlation .6)
                        z = rng.standard_normal(patients)
                        other = 0.6 * z + 0.8 * rng.standard_normal(patients)
                        a, b = (
                            betaincinv(mean * s, (1 - mean) * s, ndtr(z)),
                            betaincinv((mean - loss) * t, (1 - mean + loss) * t, ndtr(other)),
                        )
                        repeat, plasma = rng.binomial(total, a), rng.binomial(total, b)
                        wrong += paired_share_test(plasma, repeat, total, margin).p_value < 0.025
                    said.append(f"{100 * wrong / n_study:.1f} %")
                print(f"| {mean} | {sd} | {patients} | {said[0]} | {said[1]} |", flush=True)


def carriers(n_study: int, seed: int = 1) -> None:
    """Interaction ratio with 12 or 15 carriers of 80: planted 2.5, .35 and 1."""
    print(
        "| carriers of 80 | planted ratio | 95 % interval covers | given | median half-width of the log |\n"
        "|---|---|---|---|---|"
    )
    for n_carrier in (12, 15):
        for ratio in (0.35, 1.0, 2.5):
            rng = generator(seed, f"carriers {n_carrier} {ratio}")
            inside, given, width = 0, 0, []
            for _ in range(n_study):
                marker = np.zeros(80, int)
                marker[rng.choice(80, n_carrier, replace=False)] = 1
                arm = rng.random(80) < 0.5
                life = rng.exponential(
                    500 / np.where(arm & (marker == 1), ratio, 1.0) / np.where(marker == 1, 1.3, 1.0)
                )
                loss = rng.uniform(300, 1500, 80)
                data = PairData(np.minimum(life, loss), life <= loss, np.zeros(80), arm, np.zeros((80, 0)), ())
                found = interaction(data, marker, np.arange(80), np.ones(80), horizon=730.0, min_cell=5).ratio
                if found is None or not np.isfinite(found.ci_low + found.ci_high):
                    continue
                given += 1
                inside += found.ci_low <= ratio <= found.ci_high
                width.append(np.log(found.ci_high / found.ci_low) / 2)
            print(
                f"| {n_carrier} | {ratio} | {100 * inside / max(given, 1):.1f} % | {given} of {n_study} | "
                f"{np.median(width):.2f} |",
                flush=True,
            )


def lost_by_score(n_study: int, n: int = 400, seed: int = 1) -> None:
    """IPCW AUC at 24 months where the chance to be lost hangs on the score: how far off, and whether the bounds hold
    it: of these patients, and of all like them."""
    from oncourse.models.auc_bounds import auc_bounds

    print(
        "| loss hangs on the score by | AUC off by | bounds hold the truth | width of the bounds | bounds of all like "
        "these hold theirs | width |\n|---|---|---|---|---|---|"
    )
    everybody = generator(seed, "lost, all")
    scores = everybody.standard_normal(200_000)
    at = horizon_weights(everybody.exponential(30 / np.exp(scores)), np.ones(200_000, bool), 24.0)
    of_all = auc(scores, at)
    for strength in (0.0, 1.0, 2.0):
        rng = generator(seed, f"lost {strength}")
        off, inside, width = [], np.zeros(2, int), []
        for _ in range(n_study):
            score = rng.standard_normal(n)
            life, lost = rng.exponential(30 / np.exp(score)), rng.exponential(40 / np.exp(strength * score))
            true = auc(score, horizon_weights(life, np.ones(n, bool), 24.0))
            seen, event = np.minimum(life, lost), life <= lost
            off.append(auc(score, horizon_weights(seen, event, 24.0)) - true)
            low, high = auc_bounds(score, seen, event, 24.0)
            least, most = auc_bounds(score, seen, event, 24.0, of_others=True)
            inside += low <= true <= high, least <= of_all <= most
            width.append((high - low, most - least))
        own, others = 100 * inside / n_study
        narrow, wide = np.mean(width, axis=0)
        print(
            f"| {strength} | {np.mean(off):+.3f} | {own:.0f} % | {narrow:.2f} | {others:.0f} % | {wide:.2f} |",
            flush=True,
        )


def least(n_study: int, seed: int = 1) -> None:
    """The smallest study in which the intervals of survival hold: Kaplan-Meier, its median, cumulative incidence,
    Cox."""
    from oncourse.stats.competing import cumulative_incidence
    from oncourse.stats.cox import fit_cox
    from oncourse.stats.km import kaplan_meier
    from oncourse.stats.profile import profile_interval

    print(
        "| patients | survival at 24 months | median | cumulative incidence | hazard ratio 2, 40 % carriers |\n"
        "|---|---|---|---|---|"
    )
    for n in (10, 15, 20, 30, 40):
        rng = generator(seed, f"least {n}")
        kept = np.zeros(4)
        given = np.zeros(4)
        for _ in range(n_study):
            life, other, end = rng.exponential(30, n), rng.exponential(60, n), rng.uniform(20, 60, n)
            curve = kaplan_meier(np.minimum(life, end), life <= end)
            at = curve.at([24.0])
            add(kept, given, 0, at.ci_low[0], np.exp(-24 / 30), at.ci_high[0])
            add(kept, given, 1, curve.median.ci_low, 30 * np.log(2), curve.median.ci_high)
            first = np.minimum(np.minimum(life, other), end)
            state = np.where(first == life, 1, np.where(first == other, 2, 0))
            curve = cumulative_incidence(first, state)
            _, _, low, high = curve.at([24.0], 1) if 1 in curve.causes else np.full((4, 1), np.nan)
            true = (1 / 30) / (1 / 30 + 1 / 60) * (1 - np.exp(-24 * (1 / 30 + 1 / 60)))
            add(kept, given, 2, low[0], true, high[0])
            x = rng.random(n) < 0.4
            faster = rng.exponential(30 / np.where(x, 2.0, 1.0))
            if x.sum() in (0, n):
                continue
            fit = fit_cox(np.minimum(faster, end), faster <= end, x.astype(float)[:, None])
            limits = profile_interval(fit, 0)
            add(kept, given, 3, limits.ci_low, np.log(2), limits.ci_high)
        print(
            f"| {n} | "
            + " | ".join(f"{100 * k / g:.1f} % of {g:.0f}" for k, g in zip(kept, given, strict=True))
            + " |",
            flush=True,
        )


def add(kept: np.ndarray, given: np.ndarray, at: int, low: float, true: float, high: float) -> None:
    """Count an interval; one without a limit on a side holds everything there."""
    if np.isnan(low) and np.isnan(high):
        return
    given[at] += 1
    kept[at] += (np.isnan(low) or low <= true) and (np.isnan(high) or true <= high)
