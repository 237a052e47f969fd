"""Readers and writers, a room per kind of source; `load_study` is the front door."""

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
    gff: str | Path | None = None,
) -> Study:
    """Read and check a study: native folder, cBioPortal folder, MAF or VCF.

    Parameters
    ----------
    exclude : table of patients or samples to leave out, with reason; their rows are not checked either, so that
        nothing of a withdrawn patient can stop a study
    fasta : reference genome: moves indels left, finds a wrong build, names the variants by place
    gff : gene models of it (GTF, GFF3, genePred); without them those of the package's cancer genes are used

    Raises
    ------
    InputError : with every problem, when one is an error (with `strict`, also when one is a warning)
    """
    from oncourse.errors import InputError

    study, problems = examined(path, exclude=exclude, fasta=fasta, gff=gff)
    if study is None or (strict and problems):
        raise InputError([p for p in problems if strict or p.severity == "error"])
    return study


def examined(
    path: str | Path,
    *,
    exclude: str | Path | None = None,
    fasta: str | Path | None = None,
    gff: str | Path | None = None,
) -> tuple[Study | None, list[Problem]]:
    """Return the study and every problem, sorted; None instead of the study when one is an error (see `load_study`).

    Raises
    ------
    InputError : the source cannot be read at all
    """
    from dataclasses import replace

    from oncourse.io.aside import checked
    from oncourse.io.detect import read_any
    from oncourse.io.lists import read_exclusions
    from oncourse.io.reference import reference_of, with_reference
    from oncourse.study.first_cause import by_cause
    from oncourse.study.model import Study, nobody

    reference = reference_of(Path(path), fasta, gff)
    reading = read_any(Path(path), fasta=reference.fasta if reference else None)
    with_reference(reading, reference)
    withdrawn = nobody()
    if exclude is not None:
        withdrawn = read_exclusions(Path(exclude), reading.tables)
        reading.leave_out(withdrawn)
    tables, found = checked(reading)
    problems = by_cause([*reading.problems, *found, *reading.ledger.problems()])
    if any(p.severity == "error" for p in problems):
        return None, problems
    reading.ledger.with_times(tables, reading.config)
    clocks = reading.config.clocks
    moved = (f"Moved to the study's clock: {', '.join(f'{t} ({c})' for t, c in clocks.items())}.",) if clocks else ()
    study = Study(
        replace(reading.config, clocks={}),  # converted once: what is written anew is on one clock
        tables,
        warnings=tuple(problems),
        notes=(*reading.notes, *moved),
        withdrawn=withdrawn,
        intake=reading.ledger.tables(),
        source=Path(path),
    )
    return study, problems
