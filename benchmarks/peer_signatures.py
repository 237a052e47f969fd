"""Refit of mutational signatures beside SigProfilerAssignment, on the same simulated spectra.

Run: python benchmarks/peer_signatures.py MATRIX [--peer PYTHON] [--samples 40]

MATRIX is a COSMIC table (Type, SBS1, ...), for example of the SigProfilerAssignment package; PYTHON an interpreter in
which that package is installed (an environment of its own; it is no dependency). Each spectrum has the ageing
signatures SBS1 and SBS5 and up to three others of colorectal and prostate cancer, shares drawn from a Dirichlet
distribution, 50 to 5,000 mutations. Printed per number of mutations: error (half the sum of differences of the shares),
signatures that are not there (number, and share of mutations given to them), signatures of 5 % and more that were
missed, CPU seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.signatures import read_signatures
from oncourse.stats.exposures import fit_exposures
from oncourse.stats.rng import generator

Floats = NDArray[np.float64]
ALWAYS = ("SBS1", "SBS5")
OTHERS = (
    "SBS2",
    "SBS13",
    "SBS3",
    "SBS6",
    "SBS15",
    "SBS10a",
    "SBS10b",
    "SBS17b",
    "SBS18",
    "SBS88",
    "SBS44",
    "SBS31",
    "SBS35",
    "SBS40a",
    "SBS37",
    "SBS41",
    "SBS11",
)
PEER = """
import sys
from SigProfilerAssignment import Analyzer
Analyzer.cosmic_fit(samples=sys.argv[1], output=sys.argv[2], input_type="matrix", context_type="96",
                    genome_build="GRCh37", cosmic_version=3.4, exome=sys.argv[3] == "exome", make_plots=False,
                    signature_database=sys.argv[4], export_probabilities=False, verbose=False)
"""


def simulate(names: list[str], matrix: Floats, n: int, samples: int) -> tuple[Floats, Floats]:
    """Return true shares (sample, signature) and counts (sample, class)."""
    rng = generator(n, "signatures")
    shares = np.zeros((samples, len(names)))
    for row in shares:
        others = rng.choice(OTHERS, rng.integers(0, 4), replace=False)
        inside = [names.index(s) for s in (*ALWAYS, *others)]
        row[inside] = rng.dirichlet(np.full(len(inside), 1.5))
    mean = shares @ matrix
    return shares, np.array([rng.multinomial(n, row / row.sum()) for row in mean], float)


def peer(python: str, counts: Floats, classes: list[str], database: Path) -> tuple[Floats, list[str], float]:
    """Return the peer's shares, its signature names, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        table = pl.DataFrame({"Type": classes} | {f"S{i}": row.astype(int) for i, row in enumerate(counts)})
        table.write_csv(f"{folder}/matrix.txt", separator="\t")
        start = time.time()
        command = [python, "-c", PEER, f"{folder}/matrix.txt", f"{folder}/out", "genome", str(database)]
        subprocess.run(command, check=True, capture_output=True)
        spent = time.time() - start
        found = next(Path(folder).rglob("Assignment_Solution_Activities.txt"))
        activities = pl.read_csv(found, separator="\t")
    names = activities.columns[1:]
    values = activities.select(names).to_numpy().astype(float)
    return values / np.maximum(values.sum(1, keepdims=True), 1), names, spent


def report(label: str, found: Floats, true: Floats, spent: float) -> None:
    """Print one line."""
    absent, present = true == 0, true >= 0.05
    false, missed = (found > 0) & absent, (found == 0) & present
    error, given = np.abs(found - true).sum(1).mean() / 2, np.where(absent, found, 0).sum(1).mean()
    print(
        f"  {label:<22} error {error:.3f}  false {false.sum(1).mean():.2f} (share {given:.3f})  "
        f"missed {missed.sum(1).mean():.2f}  {spent:.1f} s"
    )


def main() -> None:
    """Run all sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("matrix", type=Path)
    parser.add_argument("--peer")
    parser.add_argument("--samples", type=int, default=40)
    options = parser.parse_args()
    given = read_signatures(options.matrix)
    names, matrix = list(given.names), given.matrix
    for n in (50, 200, 1000, 5000):
        true, counts = simulate(names, matrix, n, options.samples)
        print(f"{n} mutations, {options.samples} spectra")
        start = time.process_time()
        usual = tuple(names.index(s) for s in ALWAYS)  # the peer has them in every spectrum too
        ours = np.array([fit_exposures(row, matrix, usual=usual).counts / n for row in counts])
        report("oncourse", ours, true, time.process_time() - start)
        if options.peer:
            theirs, known, spent = peer(options.peer, counts, list(given.classes), options.matrix)
            aligned = np.zeros_like(true)
            for i, name in enumerate(known):
                if name in names:
                    aligned[:, names.index(name)] = theirs[:, i]
            report("SigProfilerAssignment", aligned, true, spent)


if __name__ == "__main__":
    main()
