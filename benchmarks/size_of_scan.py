"""How often the scan's p-values reject without an effect, and its intervals cover, by expected carrier events.

Run: python benchmarks/size_of_scan.py [--replicates 60] [--used-only]
With --used-only the p-value of the `biomarkers` analysis alone is made, for enough replicates to judge .001: 1.5 times
nominal is outside the 99 % Monte Carlo band of the nominal level from about 27,000 tests a row.
Each row: patients, share altered, entry (none; late; late and later in carriers), expected carrier events, tests, and
per kind of p-value the share at or below .05 and .001; then the share of profile/Firth intervals that hold 1.
"""

from __future__ import annotations

import argparse

import numpy as np

from oncourse.stats.cox import survival_data
from oncourse.stats.rng import generator
from oncourse.stats.scan import scan_cox

BINS = ((0, 2), (2, 5), (5, 10), (10, 20), (20, np.inf))


def draw(random: np.random.Generator, n: int, share: float, entry: str, features: int) -> tuple[np.ndarray, ...]:
    start = np.floor(random.uniform(0, 600, n)) if entry != "none" else np.zeros(n)
    life = start + random.exponential(1000, n)  # memoryless: alive at entry
    loss = start + random.uniform(100, 2000, n)
    time, event = np.ceil(np.minimum(life, loss)), life <= loss
    chance = np.clip(2 * share * start / 600, 0, 1)[:, None] if entry == "dependent" else share
    return np.maximum(time, start + 1), event, start, (random.random((n, features)) < chance).astype(np.int8)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=60)
    parser.add_argument("--used-only", action="store_true")
    given = parser.parse_args()
    replicates, kinds = given.replicates, ("small",) if given.used_only else ("wald", "lr", "small")
    worst = [0.0, 0.0]
    for n, share in ((120, 0.05), (120, 0.15), (300, 0.03), (300, 0.07), (1000, 0.015)):
        for entry in ("none", "late", "dependent"):
            random = generator(1, f"size {n} {share} {entry}")
            found: dict[str, list[np.ndarray]] = {kind: [] for kind in kinds}
            expected, holds = [], []
            for _ in range(replicates):
                time, event, start, x = draw(random, n, share, entry, 500)
                data = survival_data(time, event, entry=None if entry == "none" else start)
                for kind, values in found.items():
                    interval = "wald" if given.used_only else "profile"
                    scan = scan_cox(data, None, x, p_value=kind, interval=interval)
                    values.append(scan.p_value)
                expected.append(scan.expected)
                holds.append((scan.ci_low <= 0) & (scan.ci_high >= 0))
            e, held = np.concatenate(expected), np.concatenate(holds)
            for low, high in BINS:
                rows = (e >= low) & (e < high) & ~np.isnan(np.concatenate(found["small"]))
                if rows.sum() < (27_000 if given.used_only else 3000):
                    continue
                text = [
                    f"n {n:5d} altered {share:5.3f} entry {entry:9s} expected [{low}, {high})".ljust(62),
                    f"{rows.sum():6d}",
                ]
                for kind, values in found.items():
                    p = np.concatenate(values)[rows]
                    text.append(f"{kind} {np.nanmean(p <= 0.05):.4f} {np.nanmean(p <= 0.001):.5f}")
                covers = "" if given.used_only else f" covers {held[rows].mean():.4f}"
                print("  ".join(text) + covers, flush=True)
                p = np.concatenate(found["small"])[rows]
                worst = [max(worst[0], np.mean(p <= 0.05)), max(worst[1], np.mean(p <= 0.001))]
    print(f"largest size: {worst[0]:.4f} at .05, {worst[1]:.5f} at .001")


if __name__ == "__main__":
    main()
