"""Which reference genome and gene models name the variants of a study: given on the command line, else in study.yaml."""

from __future__ import annotations

from pathlib import Path

from oncourse.errors import ConfigError, InputError
from oncourse.genome.annotate import Reference
from oncourse.study.config import StudyConfig, read_config


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
            raise ConfigError("--gff needs --fasta: gene models name variants with the bases of their reference genome.")
        return None
    for path in (fasta, gff):
        if path is not None and not Path(path).is_file():
            raise InputError(f"{path}: there is no such file. Check --fasta and --gff, or fasta and gff in study.yaml.")
    return Reference(Path(fasta), Path(gff) if gff else None)
