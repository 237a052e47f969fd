"""CPU seconds of therapy matching and patient pages.

    python benchmarks/bench_therapy.py --patients 10000 --civic evidence.tsv STUDY [STUDY ...]
    python benchmarks/bench_therapy.py --pages 500

The first takes the findings of real studies (MAF or study folders), repeats the patients up to the number asked for,
and matches them against the rules and the evidence table; the second writes pages of a simulated mCRPC study.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any


def many_patients(n_patients: int, civic: Path | None, studies: list[Path]) -> tuple[Any, list[Any]]:
    """Return what is known (rules, evidence) and the findings of the studies' patients, repeated up to a number."""
    from oncourse.cohort import Cohort
    from oncourse.io import load_study

    settings = {"knowledge": {"evidence": str(civic)}} if civic else {}
    each = [Cohort(load_study(path), settings).findings for path in studies]
    patients = cycle([p for found in each for p in found.patients.values()])
    return each[-1], [replace(p, patient_id=f"{i}") for i, p in enumerate(islice(patients, n_patients))]


def match_all(found: Any, patients: list[Any]) -> int:
    """Match every patient against rules and evidence; return how many have a line that fits."""
    from oncourse.derive.care.therapy_matches import match_patient

    return sum(any(m.status == "matched" for m in match_patient(p, found)[0]) for p in patients)


def matching(n_patients: int, civic: Path | None, studies: list[Path]) -> None:
    started = time.process_time()
    found, many = many_patients(n_patients, civic, studies)
    print(f"load and findings of the studies: {time.process_time() - started:.1f} CPU s")
    started = time.process_time()
    matched = match_all(found, many)
    seconds = time.process_time() - started
    print(f"matched {n_patients:,} patients in {seconds:.1f} CPU s; {matched:,} have at least one line")


def pages(n_pages: int) -> None:
    from oncourse.cohort import Cohort
    from oncourse.report.patient_page import patient_page
    from oncourse.simulate.study import simulate_study
    from oncourse.study.model import Study

    made = simulate_study("mcrpc", n_pages, seed=1)
    cohort = Cohort(Study(made.config, made.tables))
    started = time.process_time()
    _ = cohort.therapy, cohort.ctdna_response, cohort.psa, cohort.best_response
    print(f"derivations of {n_pages} patients: {time.process_time() - started:.1f} CPU s")
    started = time.process_time()
    size = sum(len(patient_page(cohort, p)) for p in made.tables["patients"]["patient_id"])
    seconds = time.process_time() - started
    print(f"{n_pages} pages in {seconds:.1f} CPU s, {size / n_pages / 1e3:.0f} kB each")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", type=Path)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--civic", type=Path)
    parser.add_argument("--pages", type=int, default=0)
    options = parser.parse_args()
    if options.studies:
        matching(options.patients, options.civic, options.studies)
    if options.pages:
        pages(options.pages)
