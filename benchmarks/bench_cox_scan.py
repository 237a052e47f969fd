"""CPU seconds of the Cox and log-rank scans, beside lifelines and R on some of the features, coefficients compared.

Run: python benchmarks/bench_cox_scan.py [--quick] [--r] [--lifelines PYTHON]
--r: R's survival::coxph in a loop over 20 features (needs Rscript).
--lifelines: lifelines' CoxPHFitter in a loop over 50 features (5 of 100,000 patients), run by that interpreter.
"""

from __future__ import annotations

import os
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
    x = (random.random((n, features)) < share).astype(np.int8) if binary else random.normal(size=(n, features))
    life, loss = random.exponential(700, n), random.uniform(100, 2000, n)
    entry = np.floor(random.uniform(0, 300, n) * (random.random(n) < 0.7))
    days = np.ceil(entry + np.minimum(life, loss))
    return days, life <= loss, x, entry


def clock(label: str, work) -> tuple[float, object]:
    """Run twice; print and return the second run's CPU seconds, and the result."""
    work()  # compiled, warm
    wall, cpu = time.perf_counter(), time.process_time()
    out = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{label:66s} {cpu:8.2f} CPU s {wall:8.2f} s", flush=True)
    return cpu, out


R_LOOP = """
library(survival)
d <- as.matrix(read.csv(commandArgs(TRUE)[1])); y <- Surv(d[, 2], d[, 3]); late <- Surv(d[, 1], d[, 2], d[, 3])
x <- d[, -(1:3)]
for (s in list(y, late)) {
  t <- proc.time(); b <- apply(x, 2, function(v) coef(coxph(s ~ v))); u <- proc.time() - t
  cat(u[["user.self"]] + u[["sys.self"]], sprintf("%.12f", b), "\\n")
}
"""


LIFELINES_LOOP = """
import sys, time
import pandas as pd
from lifelines import CoxPHFitter
d = pd.read_csv(sys.argv[1])
CoxPHFitter().fit(d[["time", "event", "x0"]], "time", "event")  # loaded, warm
for late in ({}, {"entry_col": "entry"}):
    cpu, coef = time.process_time(), []
    for j in range(d.shape[1] - 3):
        columns = ["time", "event", f"x{j}", *late.values()]
        coef.append(CoxPHFitter().fit(d[columns], "time", "event", **late).params_.iloc[0])
    print(time.process_time() - cpu, *("%.12f" % v for v in coef))
"""


def loop(program: str, command: str, script: str, few: int, days, event, x, entry, features: int, results) -> None:
    """Print another program's CPU seconds for `few` features, its ratio to ours, the largest difference of a
    coefficient.

    results : (our seconds, our scan) right-censored and with delayed entry, in the order of the script's lines
    """
    with tempfile.TemporaryDirectory() as name:
        table, code = Path(name) / "d.csv", Path(name) / "loop"
        rows = np.column_stack([entry, days, event, x[:, :few]])
        header = "entry,time,event," + ",".join(f"x{j}" for j in range(few))
        np.savetxt(table, rows, delimiter=",", header=header, comments="", fmt="%.17g")
        code.write_text(script)
        done = subprocess.run(
            [command, str(code), str(table)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    for line, (ours, result), label in zip(done.stdout.splitlines(), results, ("", ", delayed entry"), strict=True):
        seconds, *coef = (float(v) for v in line.split())
        gap = np.max(np.abs(np.array(coef) - result.coef[:few]))
        total = seconds / few * features
        print(
            f"    {program}{label}: {seconds / few:.4f} CPU s a fit, {total:.0f} for all {features}, "
            f"{total / ours:.0f} x ours; largest difference of a coefficient {gap:.1e}",
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
        for (_, result), kwargs in ((plain, {}), (late, {"entry": entry})):
            single = [fit_cox(days, event, x[:, j].astype(float), **kwargs) for j in range(5)]
            gap = np.max(np.abs(result.coef[few] - [f.coef[0] for f in single]))  # type: ignore[attr-defined]
            print(f"    largest difference of a coefficient from a single fit: {gap:.1e}")
        rest = (days, event, x, entry, features, (plain, late))
        if "--r" in sys.argv:
            loop("R coxph", "Rscript", R_LOOP, 20, *rest)
        if "--lifelines" in sys.argv:
            python = sys.argv[sys.argv.index("--lifelines") + 1]
            loop("lifelines", python, LIFELINES_LOOP, 50 if n < 10_000 else 5, *rest)


if __name__ == "__main__":
    main()
