"""Works of a few seconds that a user waits for (`bench.py --quick`), and the studies they are measured on."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from measuring import work
from peers import polars_reads


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


def _polars() -> float:
    return polars_reads(*sorted(simulated("mcrpc", 60).glob("*.tsv")))


@work("read and check a study folder of 60 simulated exome patients", peer=("polars reads the tables", _polars))
def read_study() -> Any:
    from oncourse.io import load_study

    folder = simulated("mcrpc", 60)
    return lambda: load_study(folder)


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


def analysis(name: str, design: str, n: int) -> Any:
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
    _prepare = functools.partial(analysis, _name, "crc", _n)
    _prepare.__name__ = _name  # type: ignore[attr-defined]
    work(f"analysis {_name} of {_n} simulated patients, its figures included", quick=_quick)(_prepare)
