"""CPU seconds of the Cox and log-rank scans, beside lifelines and R on a few features where they are installed.

Run: python benchmarks/bench_cox_scan.py [--quick] [--r]
--r: R's survival::coxph in a loop over 20 features (needs Rscript), coefficients compared.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


R_LOOP = """
library(survival)
d <- as.matrix(read.csv(commandArgs(TRUE)[1])); y <- Surv(d[, 2], d[, 3]); late <- Surv(d[, 1], d[, 2], d[, 3])
x <- d[, -(1:3)]
for (s in list(y, late)) {
  t <- proc.time(); b <- apply(x, 2, function(v) coef(coxph(s ~ v))); u <- proc.time() - t
  cat(u[["user.self"]] + u[["sys.self"]], sprintf("%.12f", b), "\\n")
}
"""


def r_loop(days, event, x, entry, features: int, results) -> None:
    """R's coxph for 20 features: seconds a fit, and the largest difference of a coefficient (right-censored; delayed)."""
    few = 20
    with tempfile.TemporaryDirectory() as name:
        table, script = Path(name) / "d.csv", Path(name) / "loop.R"
        rows = np.column_stack([entry, days, event, x[:, :few]])
        header = "entry,time,event," + ",".join(f"x{j}" for j in range(few))
        np.savetxt(table, rows, delimiter=",", header=header, comments="", fmt="%.17g")
        script.write_text(R_LOOP)
        done = subprocess.run(
            ["Rscript", str(script), str(table)], check=True, capture_output=True, text=True
        )
    for line, result, label in zip(done.stdout.splitlines(), results, ("", ", delayed entry"), strict=True):
        seconds, *coef = (float(v) for v in line.split())
        gap = np.max(np.abs(np.array(coef) - result.coef[:few]))
        print(
            f"    R coxph{label}: {seconds / few:.4f} CPU s a fit, {seconds / few * features:.0f} for all {features}; "
            f"largest difference of a coefficient {gap:.1e}",
            flush=True,
        )


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
        if "--r" in sys.argv:
            r_loop(days, event, x, entry, features, (plain, late))
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
