"""CPU seconds of the Cox and log-rank scans, beside lifelines on a few features where it is installed.

Run: python benchmarks/bench_cox_scan.py [--quick]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from oncourse.stats.cox import fit_cox
from oncourse.stats.rng import generator
from oncourse.stats.scan import scan_cox, scan_logrank


def study(n: int, features: int, *, binary: bool, share: float = 0.1) -> tuple[np.ndarray, ...]:
    random = generator(1, f"bench {n} {features}")
    x = (
        (random.random((n, features)) < share).astype(np.int8)
        if binary
        else random.normal(size=(n, features))
    )
    life, loss = random.exponential(700, n), random.uniform(100, 2000, n)
    entry = np.floor(random.uniform(0, 300, n) * (random.random(n) < 0.7))
    days = np.ceil(entry + np.minimum(life, loss))
    return days, life <= loss, x, entry


def clock(label: str, work) -> object:
    work()  # compiled, warm
    wall, cpu = time.perf_counter(), time.process_time()
    out = work()
    print(f"{label:66s} {time.process_time() - cpu:8.2f} CPU s {time.perf_counter() - wall:8.2f} s")
    return out


def main() -> None:
    quick = "--quick" in sys.argv
    for n, features, binary in ((2000, 20000, True), (2000, 20000, False), (100_000, 500, True)):
        features = features // 20 if quick else features
        days, event, x, entry = study(n, features, binary=binary)
        kind = "binary" if binary else "numbers"
        label = f"{features} {kind} x {n} patients"
        plain = clock(f"Cox scan, {label}", lambda d=days, e=event, x=x: scan_cox(d, e, x, min_altered=10))
        late = clock(
            f"Cox scan, delayed entry, {label}",
            lambda d=days, e=event, x=x, t=entry: scan_cox(d, e, x, entry=t, min_altered=10),
        )
        if binary:
            clock(f"log-rank scan, {label}", lambda d=days, e=event, x=x: scan_logrank(d, e, x))
        few = slice(0, 5)
        for result, kwargs in ((plain, {}), (late, {"entry": entry})):
            single = [fit_cox(days, event, x[:, j].astype(float), **kwargs) for j in range(5)]
            gap = np.max(np.abs(result.coef[few] - [f.coef[0] for f in single]))  # type: ignore[attr-defined]
            print(f"    largest difference of a coefficient from a single fit: {gap:.1e}")
        try:
            import pandas as pd
            from lifelines import CoxPHFitter
        except ImportError:
            continue
        cpu = time.process_time()
        for j in range(3):
            frame = pd.DataFrame({"t": days, "e": event, "x": x[:, j].astype(float)})
            CoxPHFitter().fit(frame, "t", "e")
        each = (time.process_time() - cpu) / 3
        print(f"    lifelines: {each:.3f} CPU s a fit, {each * features:.0f} for all {features}")


if __name__ == "__main__":
    main()
