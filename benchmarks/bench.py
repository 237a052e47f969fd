"""CPU seconds of the works that a user waits for, beside a fixed loop measured at the same time.

Run: python benchmarks/bench.py [--quick] [--write | --check] [--only NAME ...]
--quick: the works of a few seconds each, below three minutes in all.
--write: record the ratios in benchmarks/results.tsv (and the page docs/explanation/speed.md).
--check: exit code 1 where a work costs more than 1.3 times its recorded ratio, in the best of three trials.

A ratio is CPU seconds of the work over CPU seconds of the loop just before and after it: a slow or busy machine slows
both. Peers are measured in the same run where they are installed (polars reads the tables alone).
"""

from __future__ import annotations

import argparse
import functools
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.tsv", HERE.parent / "docs" / "explanation" / "speed.md"
#: Loss against the recorded ratio that fails `--check`, and trials of a work before it does.
LOSS, TRIALS = 1.3, 3
#: name -> (what it is, the target of the plan or "", takes seconds only, work)
WORKS: dict[str, tuple[str, str, bool, Callable[[], Any]]] = {}


def work(what: str, *, target: str = "", quick: bool = True) -> Callable[[Callable[[], Any]], Any]:
    """Register a work: called once to prepare it, returns what is timed."""

    def register(prepare: Callable[[], Any]) -> Callable[[], Any]:
        WORKS[prepare.__name__] = (what, target, quick, prepare)
        return prepare

    return register


def cpu() -> float:
    """CPU seconds of this process, its threads and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def reference() -> float:
    """CPU seconds of the fixed loop: half interpreter, half arrays, about half a second."""
    start = cpu()
    total, table = 0, {}
    for i in range(1_200_000):
        total = (total * 31 + i) % 1_000_003
        table[i & 1023] = total
    x = np.linspace(0.0, 1.0, 200_000)
    for _ in range(40):
        x = np.sort(np.sin(x) * 1.7 + 0.1)[::-1].copy()
    return cpu() - start


@functools.cache
def simulated(design: str, n: int) -> Path:
    from oncourse.io.native import write_study
    from oncourse.simulate.study import simulate_study

    made = simulate_study(design, n, 1)
    folder = Path(tempfile.mkdtemp(prefix="oncourse-bench-")) / "study"
    write_study(folder, made.tables, made.config)
    return folder


@functools.cache
def cohort(design: str, n: int) -> Any:
    from oncourse.cohort import Cohort
    from oncourse.io import load_study

    return Cohort(load_study(simulated(design, n)), {}, 1)


def survival(n: int, features: int) -> tuple[Any, ...]:
    random = np.random.default_rng(1)
    x = (random.random((n, features)) < 0.1).astype(np.int8)
    entry = np.floor(random.uniform(0, 300, n) * (random.random(n) < 0.7))
    life, loss = random.exponential(700, n), random.uniform(100, 2000, n)
    return np.ceil(entry + np.minimum(life, loss)) + 1, life <= loss, x, entry


@work("start the command line: `oncourse --help`, five times")
def start_up() -> Any:
    code = "from oncourse.cli.main import cli; cli(['--help'])"
    return lambda: [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(5)]


@work("read and check a study folder of 60 simulated exome patients")
def read_study() -> Any:
    from oncourse.io import load_study

    folder = simulated("mcrpc", 60)
    return lambda: load_study(folder)


@work("polars reads the same tables alone (peer of read_study)")
def read_polars() -> Any:
    files = sorted(simulated("mcrpc", 60).glob("*.tsv"))
    return lambda: [pl.read_csv(f, separator="\t", infer_schema_length=None) for f in files]


@work("clones of ten simulated exome patients, averaged over partitions")
def clones() -> Any:
    from oncourse.derive.clones.ccf import CountsTable
    from oncourse.derive.clones.clusters import ClusteringParams, cluster_table

    counts = cohort("mcrpc", 60).clone_counts
    ten = CountsTable(dict(list(counts.patients.items())[:10]), counts.samples, counts.excluded)
    return lambda: cluster_table(ten, ClusteringParams())


@work("the same clones read from the store, ten times", target="one patient more costs one patient")
def clones_again() -> Any:
    from oncourse.derive.clones.ccf import CountsTable
    from oncourse.derive.clones.clusters import ClusteringParams, cluster_table
    from oncourse.disk.store import Store

    counts = cohort("mcrpc", 60).clone_counts
    ten = CountsTable(dict(list(counts.patients.items())[:10]), counts.samples, counts.excluded)
    store = Store(Path(tempfile.mkdtemp(prefix="oncourse-bench-")))
    cluster_table(ten, ClusteringParams(), store=store)
    return lambda: [cluster_table(ten, ClusteringParams(), store=store) for _ in range(10)]


@work("heterogeneity of twelve simulated patients of a panel design")
def heterogeneity() -> Any:
    from oncourse.derive.clones.heterogeneity import HeterogeneityParams, heterogeneity_table

    study = cohort("crc", 12)
    clusters, segments = study.clusters, study.study["segments"]
    return lambda: heterogeneity_table(clusters, segments, HeterogeneityParams(), 1)


@work("300 Firth logistic models of 100 patients and three columns, with profile limits")
def firth() -> Any:
    from oncourse.stats.firth_logistic import firth_logistic

    random = np.random.default_rng(2)
    data = [(random.normal(size=(100, 3)), random.random(100) < 0.3) for _ in range(300)]
    return lambda: [firth_logistic(x, y) for x, y in data]


@work("Cox scan of 2,000 patients, 400 features, delayed entry, ten times")
def cox_scan() -> Any:
    from oncourse.stats.scan import scan_cox

    time_, event, x, entry = survival(2000, 400)
    return lambda: [scan_cox(time_, event, x, entry=entry) for _ in range(10)]


@work(
    "Cox scan of 20,000 patients, 2,000 features, delayed entry (R 167, lifelines 11,092 CPU s)",
    target="1.0",
    quick=False,
)
def cox_scan_large() -> Any:
    from oncourse.stats.scan import scan_cox

    time_, event, x, entry = survival(20_000, 2_000)
    return lambda: scan_cox(time_, event, x, entry=entry)


def _analysis(name: str, design: str, n: int) -> Any:
    from oncourse.analyses._base import registry

    study, entry = cohort(design, n), registry()[name]
    entry.run(study)  # what other analyses share is derived
    return lambda: entry.run(study).drawn()


for _name, _n, _quick in (
    ("biomarkers", 30, True),
    ("concordance", 30, True),
    ("endpoints", 30, True),
    ("landscape", 30, True),
    ("tissue_blood", 30, True),
    ("prediction", 60, False),
):
    _prepare = functools.partial(_analysis, _name, "crc", _n)
    _prepare.__name__ = _name  # type: ignore[attr-defined]
    work(f"analysis {_name} of {_n} simulated patients, its figures included", quick=_quick)(_prepare)


@work("biomarkers of 240 simulated exome patients", target="5", quick=False)
def biomarkers_large() -> Any:
    return _analysis("biomarkers", "mcrpc", 240)


@work(
    "penalised Cox of 1,000 patients, 499 columns, 100 lambdas, delayed entry (scikit-survival .37-.46 without)",
    target=".35",
    quick=False,
)
def penalised_cox() -> Any:
    from oncourse.models.penalised import cox_path

    time_, event, _, entry = survival(1_000, 1)
    x = np.random.default_rng(2).normal(size=(1_000, 499))
    risk = np.exp(x[:, :10] @ np.full(10, 0.2))
    stays = entry + np.maximum((time_ - entry) / risk, 1.0)
    return lambda: cox_path(x, stays, event, entry=entry)


@work(
    "presence, concordance, RAS status, tissue and blood of 1,000 patients, 1.6 million cells", target="8", quick=False
)
def concordance_large() -> Any:
    from bench_concordance import simulate
    from oncourse.analyses._base import registry
    from oncourse.cohort import Cohort

    names, study = ("concordance", "ras_status", "tissue_blood"), simulate(1000)
    for name in names:
        registry()[name].run(Cohort(simulate(3, 20)))

    def once() -> Any:
        whole = Cohort(study)
        return [registry()[name].run(whole).drawn() for name in names]

    return once


@work("one patient more than 59 of the CRC study, clones of the others from the store", quick=False)
def one_patient_more() -> Any:
    from oncourse.disk.store import Store
    from oncourse.io import load_study
    from oncourse.report.study import report_study

    folder = simulated("crc", 60)
    place, study = Path(tempfile.mkdtemp(prefix="oncourse-bench-")), load_study(folder)
    store = Store(place / "cache")
    first = study.select(patients=study["patients"]["patient_id"].to_list()[:-1])
    report_study(first, place / "first", source=folder, store=store)
    return lambda: report_study(study, place / "results", source=folder, store=store)


def _run(design: str, n: int, *, warm: bool) -> Any:
    from oncourse.disk.store import Store
    from oncourse.io import load_study
    from oncourse.report.study import report_study

    folder = simulated(design, n)
    place = Path(tempfile.mkdtemp(prefix="oncourse-bench-"))
    store = Store(place / "cache" if warm else None)

    def once() -> Any:
        return report_study(load_study(folder), place / "results", source=folder, store=store)

    if warm:
        once()
    return once


@work("run of the simulated CRC study, 60 patients, all analyses", target="29", quick=False)
def demo_crc() -> Any:
    return _run("crc", 60, warm=False)


@work("the same run a second time, clones from the store", target="25", quick=False)
def demo_crc_again() -> Any:
    return _run("crc", 60, warm=True)


@work("run of the simulated mCRPC study, 60 patients, all analyses", quick=False)
def demo_mcrpc() -> Any:
    return _run("mcrpc", 60, warm=False)


def measured(prepare: Callable[[], Any], trials: int, enough: float) -> tuple[float, float]:
    """Return CPU seconds and ratio of the best trial; no further trial once the ratio is `enough` or less."""
    timed = prepare()
    best = (float("inf"), float("inf"))
    for _ in range(trials):
        before = reference()
        start = cpu()
        timed()
        used = cpu() - start
        best = min(best, (used / (0.5 * (before + reference())), used))
        if best[0] <= enough:
            break
    return best[1], best[0]


def recorded() -> dict[str, float]:
    """Return name -> recorded ratio."""
    if not RESULTS.is_file():
        return {}
    return dict(pl.read_csv(RESULTS, separator="\t").select("work", "ratio").iter_rows())


def write(rows: list[dict[str, Any]]) -> None:
    """Record the rows in the table, older rows of works not measured now stay; and write the page from it."""
    new = pl.DataFrame(rows)
    if RESULTS.is_file():
        old = pl.read_csv(RESULTS, separator="\t", schema_overrides=new.schema)
        new = pl.concat([new, old.filter(~pl.col("work").is_in(new["work"].implode()))])
    order = {name: i for i, name in enumerate(WORKS)}
    new = new.sort(pl.col("work").replace_strict(order, default=len(order)))
    new.write_csv(RESULTS, separator="\t")
    lines = [
        "<!-- written by benchmarks/bench.py --write -->",
        "",
        "# How fast it is",
        "",
        "CPU seconds on one machine, and their ratio to a fixed loop of Python and numpy measured at the same time, by",
        "which machines are compared. `make bench` measures all and writes this page; `make bench-quick` fails where "
        "a work",
        "costs more than 1.3 times its recorded ratio. Targets are those of the plan, in CPU seconds of its machine.",
        "",
        "| work | CPU s | ratio | target | measured |",
        "|---|---|---|---|---|",
        *(
            f"| {r['what']} | {r['cpu_seconds']:.2f} | {r['ratio']:.2f} | {r['target'] or ''} | {r['measured']} |"
            for r in new.iter_rows(named=True)
        ),
    ]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--quick", "--write", "--check"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--only", nargs="+", default=[])
    asked = parser.parse_args()
    known, rows, lost = recorded(), [], []
    for name, (what, target, quick, prepare) in WORKS.items():
        if (asked.quick and not quick) or (asked.only and name not in asked.only):
            continue
        limit = known.get(name, float("inf")) * LOSS if asked.check else 0.0
        used, ratio = measured(prepare, TRIALS if asked.check else 2, limit)
        beside = f"recorded {known[name]:.2f}" if name in known else "not recorded"
        print(f"{name:18s} {used:8.2f} CPU s  ratio {ratio:8.2f}  {beside}", flush=True)
        if asked.check and ratio > limit:
            lost.append(f"{name}: ratio {ratio:.2f}, recorded {known[name]:.2f}")
        rows.append(
            {
                "work": name,
                "cpu_seconds": round(used, 3),
                "ratio": round(ratio, 3),
                "target": target,
                "what": what,
                "measured": f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}",
            }
        )
        if asked.write:  # at once: a bench that is stopped has recorded what it measured
            write(rows)
    if lost:
        sys.exit("slower than recorded by more than 30 %:\n  " + "\n  ".join(lost))
    print(f"{sum(r['cpu_seconds'] for r in rows):.0f} CPU s in all, {time.process_time():.0f} with preparation")


if __name__ == "__main__":
    main()
