"""Readers and writers: one file per format; `load_study` is the front door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncourse.study.model import Study
    from oncourse.study.schema import Problem


def load_study(
    path: str | Path,
    *,
    strict: bool = False,
    exclude: str | Path | None = None,
    fasta: str | Path | None = None,
) -> Study:
    """Read and check a study: native folder, cBioPortal folder, MAF or VCF.

    Parameters
    ----------
    exclude : table of patients or samples to leave out, with reason; their rows are not checked either, so that
        nothing of a withdrawn patient can stop a study
    fasta : reference genome: moves indels left, finds a wrong build

    Raises
    ------
    InputError : with every problem, when one is an error (with `strict`, also when one is a warning)
    """
    from dataclasses import replace

    from oncourse.errors import InputError
    from oncourse.io.aside import checked
    from oncourse.io.detect import read_any
    from oncourse.io.lists import read_exclusions
    from oncourse.study.model import Study, nobody
    from oncourse.study.schema import sorted_problems

    reading = read_any(Path(path), fasta=Path(fasta) if fasta else None)
    withdrawn = nobody()
    if exclude is not None:
        withdrawn = read_exclusions(Path(exclude), reading.tables)
        reading.leave_out(withdrawn)
    tables, found = checked(reading)
    problems = sorted_problems([*reading.problems, *found, *reading.ledger.problems()])
    if any(strict or p.severity == "error" for p in problems):
        raise InputError([p for p in problems if strict or p.severity == "error"])
    clocks = reading.config.clocks
    moved = (f"Moved to the study's clock: {', '.join(f'{t} ({c})' for t, c in clocks.items())}.",) if clocks else ()
    notes = (*reading.notes, *moved)
    return Study(
        replace(reading.config, clocks={}),  # converted once: what is written anew is on one clock
        tables,
        warnings=tuple(problems),
        notes=notes,
        withdrawn=withdrawn,
        intake=reading.ledger.tables(),
        source=Path(path),
    )


def check_study(path: str | Path) -> list[Problem]:
    """Return every problem of a study, without raising."""
    from oncourse.errors import InputError
    from oncourse.io.aside import checked
    from oncourse.io.detect import read_any
    from oncourse.study.schema import Problem

    try:
        reading = read_any(Path(path))
    except InputError as error:
        return [
            p if isinstance(p, Problem) else Problem("study", None, None, None, str(p))
            for p in error.problems
        ]
    _, found = checked(reading)
    return [*reading.problems, *found, *reading.ledger.problems()]
