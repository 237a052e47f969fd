"""Runs an installed PyClone-VI on the same tumours, through its command line's own entry point, for comparison.

It is not a dependency: give the path of a python in whose environment it is installed. One process runs all tumours
of a set, so that its compilation is paid once and can be told from the work itself.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from evolution_truth import Truth
from oncourse.evolution.clustering.types import Counts, FloatArray, IntArray

_DRIVER = """
import json, sys, time
from importlib.metadata import entry_points
command = entry_points(group="console_scripts")["pyclone-vi"].load()
seconds = []
for fit, write in json.load(open(sys.argv[1])):
    start = time.process_time()
    command(fit, standalone_mode=False)
    command(write, standalone_mode=False)
    seconds.append(time.process_time() - start)
json.dump(seconds, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class PeerResult:
    """Labels (-1: left out by the peer), CCF (NaN likewise) and CPU seconds of one tumour."""

    labels: IntArray
    ccf: FloatArray
    seconds: float


def write_input(counts: Counts, path: Path) -> None:
    """Write the table PyClone-VI reads; a site without reads has ref and alt 0."""
    n, s = counts.alt_count.shape

    def flat(table: FloatArray | IntArray) -> list[float]:
        return table.ravel().tolist()

    pl.DataFrame(
        {
            "mutation_id": np.repeat([f"m{i}" for i in range(n)], s),
            "sample_id": [f"s{d}" for d in range(s)] * n,
            "ref_counts": flat(counts.depth - counts.alt_count),
            "alt_counts": flat(counts.alt_count),
            "major_cn": flat(counts.major_cn.astype(int)),
            "minor_cn": flat(counts.minor_cn.astype(int)),
            "normal_cn": flat(counts.normal_cn.astype(int)),
            "tumour_content": flat(counts.purity),
            "error_rate": np.tile(counts.error_rate, n),
        }
    ).write_csv(path, separator="\t")


def run(
    python: Path, tumours: list[Truth], density: str, *, restarts: int = 10, clusters: int = 40, seed: int = 1
) -> list[PeerResult]:
    """Run PyClone-VI with its README's settings on every tumour."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = []
        for i, tumour in enumerate(tumours):
            write_input(tumour.counts, folder / f"{i}.tsv")
            fit = [
                "fit",
                "-i",
                f"{folder}/{i}.tsv",
                "-o",
                f"{folder}/{i}.h5",
                "-c",
                str(clusters),
                "-d",
                density,
                "-r",
                str(restarts),
                "--seed",
                str(seed),
                "-t",
                "1",
            ]
            jobs.append((fit, ["write-results-file", "-i", f"{folder}/{i}.h5", "-o", f"{folder}/{i}.out"]))
        (folder / "jobs.json").write_text(json.dumps(jobs))
        subprocess.run(
            [str(python), "-c", _DRIVER, str(folder / "jobs.json"), str(folder / "seconds.json")],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = json.loads((folder / "seconds.json").read_text())
        return [_read(folder / f"{i}.out", t.counts, s) for i, (t, s) in enumerate(zip(tumours, seconds, strict=True))]


def _read(path: Path, counts: Counts, seconds: float) -> PeerResult:
    table = pl.read_csv(path, separator="\t")
    labels = np.full(counts.n_variant, -1, np.int64)
    ccf = np.full((counts.n_variant, counts.n_sample), np.nan)
    columns = table.select("mutation_id", "sample_id", "cluster_id", "cellular_prevalence")
    for mutation, sample, cluster, value in columns.iter_rows():
        i = int(mutation[1:])
        labels[i] = cluster
        ccf[i, int(sample[1:])] = value
    return PeerResult(labels, ccf, seconds)
