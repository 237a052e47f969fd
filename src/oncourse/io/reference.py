"""Which reference genome and gene models name the variants of a study: given on the command line, else in
study.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oncourse.errors import ConfigError, InputError
from oncourse.genome.annotate import Reference
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig, read_config
from oncourse.study.schema import Problem


def with_reference(reading: Reading, reference: Reference | None) -> None:
    """Let the reference name the variants of a reading, and say its build where the source does not.

    A reference of another build than the source's is an error: half of its names would be wrong, silently.
    """
    reading.reference = reference
    build = None if reference is None else reference.build
    if reference is None or build is None:
        return
    given = reading.config.genome_build
    if given is None:
        reading.config = replace(reading.config, genome_build=build)
        reading.notes.append(f"Genome build {build}: the lengths of the chromosomes of {reference.fasta.name}.")
    elif given != build:
        message = f"the study is of {given}, {reference.fasta.name} of {build} (lengths of its chromosomes)."
        cure = "Give the reference the calls were made on, or correct genome_build."
        reading.problems.append(Problem("", None, None, None, message, cure))


def reference_of(source: Path, fasta: Path | str | None = None, gff: Path | str | None = None) -> Reference | None:
    """Return the reference of a source; files of its study.yaml are looked for beside that.

    Raises
    ------
    ConfigError : gene models are given without a genome
    InputError : a file is not there
    """
    own = next((p for p in (source / "study.yaml", source / "study.yml") if p.is_file()), None)
    if own is not None and (fasta is None or gff is None):
        try:
            config = read_config(own)
        except ConfigError:  # told where the study is read
            config = StudyConfig()
        fasta = fasta or (own.parent / config.fasta if config.fasta else None)
        gff = gff or (own.parent / config.gff if config.gff else None)
    if fasta is None:
        if gff is not None:
            raise ConfigError(
                "--gff needs --fasta: gene models name variants with the bases of their reference genome."
            )
        return None
    for path in (fasta, gff):
        if path is not None and not Path(path).is_file():
            raise InputError(f"{path}: there is no such file. Check --fasta and --gff, or fasta and gff in study.yaml.")
    return Reference(Path(fasta), Path(gff) if gff else None)
