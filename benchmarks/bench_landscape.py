"""The landscape of a MAF of a million rows: CPU seconds and memory of each step.

Run: ONCOURSE_TEST_DATA=... python benchmarks/bench_landscape.py [--copies 10] [--genes 200]

TCGA MC3 prostate and rectum (99,961 rows), each copy with new sample names. R maftools 2.22 on a million rows of MC3,
measured on two busy cores in November 2026: 177 CPU s to read, 74 for the interactions of 25 genes (Fisher's tests:
bench_exclusivity.py).
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from oncourse.analyses._landscape_figures import oncoprint_data
from oncourse.analyses.landscape import gene_table
from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_pairs import burden_model, co_occurrence
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.io import load_study


def replicated(copies: int, path: Path) -> int:
    """Write the MAF and return its rows."""
    data = Path(os.environ.get("ONCOURSE_TEST_DATA", "../shared/data")) / "tcga_crc_prad_maf"
    frames = [pl.read_csv(data / f"mc3_{n}.maf.gz", separator="\t", infer_schema=False) for n in ("PRAD", "READ")]
    columns = [c for c in frames[0].columns if c in frames[1].columns]
    whole = pl.concat([f.select(columns) for f in frames])
    name = pl.col("Tumor_Sample_Barcode")
    parts = (
        whole.with_columns(
            pl.concat_str(name.str.slice(0, 12), pl.lit(f"x{k:02d}"), name.str.slice(12)).alias("Tumor_Sample_Barcode")
        )
        for k in range(copies)
    )
    with path.open("wb") as out:
        for k, part in enumerate(parts):
            part.write_csv(out, separator="\t", include_header=k == 0)
    return copies * whole.height


def main() -> None:
    """Time each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--genes", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # by a process of its own: its memory is not that of the reading
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            rows = pool.submit(replicated, options.copies, Path(folder) / "big.maf").result()
        start = last = time.process_time()

        def lap(words: str) -> None:
            nonlocal last
            now, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"  {words:<34} {now - last:6.2f} CPU s   peak {peak:.2f} GB")
            last = now

        print(f"{rows:,} rows")
        cohort = Cohort(load_study(Path(folder) / "big.maf"))
        lap("read and check")
        status = cohort.gene_status
        lap("altered genes")
        genes = gene_table(status, "patient", cohort.hits, cohort.alterations)
        lap("hits, frequencies")
        params = LandscapeParams(pair_genes=options.genes)
        pairs = co_occurrence(burden_model(cohort.study, status, params), params)
        lap(f"exclusivity of {pairs.height:,} pairs")
        oncoprint_data(cohort, status, genes.head(25), cohort.burden, None)
        lap("burden, oncoprint data")
        print(f"  all {time.process_time() - start:.2f} CPU s")


if __name__ == "__main__":
    main()
