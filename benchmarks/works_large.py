"""Works of a minute and more: those with a target, at the size the target is for (`bench.py` without --quick)."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import peers
from measuring import cpu_of, needed, work
from works import analysis, simulated, survival


def _lifelines() -> float:
    time_, event, x, entry = survival(20_000, 2_000)
    return peers.lifelines(time_, event, x[:, :4], entry) * 500


@work(
    "Cox scan of 20,000 patients, 2,000 features, delayed entry (R's coxph: 167 CPU s, measured 2026-11)",
    target="1.0",
    quick=False,
    peer=("lifelines, 4 of the features x 500", _lifelines),
)
def cox_scan_large() -> Any:
    from oncourse.stats.scan import scan_cox

    time_, event, x, entry = survival(20_000, 2_000)
    return lambda: scan_cox(time_, event, x, entry=entry)


@work("biomarkers of 240 simulated exome patients", target="5", quick=False)
def biomarkers_large() -> Any:
    return analysis("biomarkers", "mcrpc", 240)


def _penalised_data() -> tuple[Any, ...]:
    time_, event, _, entry = survival(1_000, 1)
    x = np.random.default_rng(2).normal(size=(1_000, 499))
    risk = np.exp(x[:, :10] @ np.full(10, 0.2))
    return entry + np.maximum((time_ - entry) / risk, 1.0), event, x, entry


def _coxnet() -> float:
    stays, event, x, entry = _penalised_data()
    return peers.coxnet(stays - entry, event, x)


@work(
    "penalised Cox of 1,000 patients, 499 columns, 100 lambdas, delayed entry",
    target=".35",
    quick=False,
    peer=("scikit-survival, without delayed entry", _coxnet),
)
def penalised_cox() -> Any:
    from oncourse.models.penalised import cox_path

    stays, event, x, entry = _penalised_data()
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


@functools.cache
def _million() -> Path:
    from bench_landscape import replicated

    needed("tcga_crc_prad_maf")
    path = Path(tempfile.mkdtemp(prefix="oncourse-bench-")) / "million.maf"
    replicated(10, path)
    return path


@work(
    "MAF of a million rows (MC3 prostate and rectum ten times): read, check, altered genes, frequencies "
    "(R maftools reads alone in 177 CPU s, measured 2026-11)",
    target="7",
    quick=False,
    peer=("polars reads the file", lambda: peers.polars_reads(_million())),
)
def maf_million() -> Any:
    from oncourse.analyses.landscape import gene_table
    from oncourse.cohort import Cohort
    from oncourse.io import load_study

    path = _million()

    def once() -> Any:
        whole = Cohort(load_study(path))
        return gene_table(whole.gene_status, "patient", whole.hits, whole.alterations)

    return once


@functools.cache
def _registry() -> Path:
    from bench_registry import write_registry

    folder = Path(tempfile.mkdtemp(prefix="oncourse-bench-")) / "registry"
    write_registry(folder, 200_000, 2_000_000)
    return folder


@work(
    "registry of 200,000 samples and 2 million mutations: `oncourse run --only landscape`",
    target="15",
    quick=False,
    peer=("polars reads the mutations", lambda: peers.polars_reads(_registry() / "data_mutations.txt")),
)
def registry_report() -> Any:
    command = [sys.executable, "-m", "oncourse.cli.main", "run", str(_registry()), "--only", "landscape"]
    out = tempfile.mkdtemp(prefix="oncourse-bench-") + "/results"
    return lambda: subprocess.run([*command, "--patients", "none", "--out", out], capture_output=True, check=True)


@work("exclusivity of 200 genes in 50,000 patients", target="2", quick=False)
def exclusivity_large() -> Any:
    from bench_exclusivity import all_pairs, altered_genes

    altered = altered_genes(50_000)
    return lambda: all_pairs(altered, 200)


def _clones_of(n: int, average: bool, store: Any = None) -> float:
    """CPU seconds of the clones, trees and seeding of n clinical patients."""
    from bench_evolution import cohort
    from oncourse.derive.clones.clusters import ClusteringParams, cluster_table
    from oncourse.derive.clones.evolution import EvolutionParams, evolution_table

    table, params = cohort(n), EvolutionParams(average=average)

    def derived() -> Any:
        clusters = cluster_table(table, ClusteringParams(), average=average, store=store)
        return evolution_table(clusters, params, 1, store=store)

    return cpu_of(derived)


@functools.cache
def _kept_500() -> tuple[Any, float]:
    """A store with what 500 patients were derived into, and the CPU seconds that took."""
    from oncourse.disk.store import Store

    store = Store(Path(tempfile.mkdtemp(prefix="oncourse-bench-")))
    return store, _clones_of(500, True, store)


@work(
    "clones, trees and seeding of 500 clinical patients, averaged over partitions, kept in a cache",
    target="60",
    quick=False,
)
def clinical_averaged() -> Any:
    return _kept_500


@work(
    "one patient added to these 500, the others from the cache: share of deriving them all",
    target="3",
    quick=False,
    unit="%",
)
def one_clinical_patient_more() -> Any:
    store, whole = _kept_500()
    return lambda: 100 * _clones_of(501, True, store) / whole


@work("clones, trees and seeding of 500 clinical patients, the best partition alone", target="10", quick=False)
def clinical_plain() -> Any:
    return lambda: _clones_of(500, False)


@work("concordance, heterogeneity and evolution of six patients, 57 exomes (crc_hu2019)", target="20", quick=False)
def six_patients() -> Any:
    from bench_concordance_hu2019 import hu_study
    from oncourse.analyses._base import registry
    from oncourse.cohort import Cohort

    study = hu_study(needed("crc_hu2019_multiregion"))

    def once() -> Any:
        whole = Cohort(study)
        return [registry()[name].run(whole).drawn() for name in ("concordance", "heterogeneity", "evolution")]

    return once


@work("therapy of 10,000 patients: every rule and CIViC", target="5", quick=False)
def therapy_large() -> Any:
    from bench_therapy import many_patients, match_all

    source, data = needed("kb-civic", "civic_2026-04-25_evidence.tsv"), needed("tcga_crc_prad_maf")
    civic = Path(tempfile.mkdtemp(prefix="oncourse-bench-")) / "evidence.tsv"
    command = [sys.executable, "-m", "oncourse.cli.main", "kb", "import", "civic", str(source), "--out", str(civic)]
    subprocess.run(command, capture_output=True, check=True)
    found, patients = many_patients(10_000, civic, [data / f"mc3_{n}.maf.gz" for n in ("PRAD", "READ")])
    return lambda: match_all(found, patients)


@work("one patient added to 500, share of the full run", target="3", quick=False, unit="% of the full run")
def one_patient_of_500() -> Any:
    from oncourse.disk.store import Store
    from oncourse.io import load_study
    from oncourse.report.study import report_study

    folder, place = simulated("crc", 500), Path(tempfile.mkdtemp(prefix="oncourse-bench-"))
    study = load_study(folder)
    first = study.select(patients=study["patients"]["patient_id"].to_list()[:-1])

    def once() -> float:
        store = Store(place / "cache")
        whole = cpu_of(lambda: report_study(first, place / "first", source=folder, store=store))
        return 100 * cpu_of(lambda: report_study(study, place / "results", source=folder, store=store)) / whole

    return once


@work("two processes against one, CRC study of 60 patients, wall clock", target="1.85", quick=False, unit="times")
def two_jobs() -> Any:
    def wall(jobs: int) -> float:
        out = tempfile.mkdtemp(prefix="oncourse-bench-") + "/results"
        start = time.perf_counter()
        command = [sys.executable, "-m", "oncourse.cli.main", "run", str(simulated("crc", 60)), "--no-cache"]
        subprocess.run([*command, "--jobs", str(jobs), "--out", out], capture_output=True, check=True)
        return time.perf_counter() - start

    return lambda: wall(1) / wall(2)


def _own_cpu(jobs: int) -> float:
    """CPU seconds of the first process of a run by `jobs`: those that it starts are not in it."""
    out = tempfile.mkdtemp(prefix="oncourse-bench-") + "/results"
    words = ["oncourse", "run", str(simulated("crc", 60)), "--no-cache", "--jobs", str(jobs), "--out", out]
    code = (
        f"import sys, resource\nfrom oncourse.cli.main import main\nsys.argv = {words!r}\ntry:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\nprint(used.ru_utime + used.ru_stime)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    return float(told.split()[-1])


@work(
    "what the first of two processes does itself, of the CPU seconds of a run by one, CRC study of 60 patients",
    target="4",
    quick=False,
    unit="%",
)
def serial_share() -> Any:
    return lambda: 100 * _own_cpu(2) / _own_cpu(1)


@work("runs killed at a random moment and run again: rounds of 20 that hold", target="20", quick=False, unit="rounds")
def killed() -> Any:
    command = [sys.executable, str(Path(__file__).with_name("bench_kill.py")), "--rounds", "20", "--patients", "3"]
    return lambda: float(subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[-1].split()[0])


@work("environment of `make test` on disk", target="600", quick=False, unit="MB")
def environment() -> Any:
    return lambda: sum(f.stat().st_size for f in Path(sys.prefix).rglob("*") if f.is_file()) / 1e6
