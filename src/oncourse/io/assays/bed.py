"""Regions an assay covers, from the BED files that assays.targets names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oncourse.genome.chromosomes import chromosome_lengths
from oncourse.genome.variant import chromosome
from oncourse.io.assays.bed_build import tell_other_build
from oncourse.io.reading import Reading
from oncourse.io.tabular.text import read_lines
from oncourse.study.schema import Problem

_COLUMNS = ("assay_id", "chrom", "start", "end")
_WHOLE = re.compile(r"\d+")


@dataclass
class Bed:
    """The regions of a BED file: chrom (without chr), start, end (1-based, inclusive), name (columns 4 and 5; null:
    none); and the lines without a base (its end is not past its start)."""

    regions: pl.DataFrame
    no_base: list[int] = field(default_factory=list)


def is_bed(targets: object) -> bool:
    """Return whether an entry of assays.targets is the name of a BED file."""
    return str(targets).lower().removesuffix(".gz").endswith(".bed")


def add_target_regions(folder: Path, reading: Reading) -> None:
    """Read the BED files of the assays into the table target_regions (1-based, both ends inclusive)."""
    assays = reading.tables.get("assays")
    if assays is None or not {"assay_id", "targets"} <= set(assays.columns):
        return
    parts = [reading.tables["target_regions"]] if "target_regions" in reading.tables else []
    read: dict[str, Bed | None] = {}
    for assay, targets in assays.select("assay_id", "targets").drop_nulls().iter_rows():
        if not is_bed(targets):
            continue
        path = folder / str(targets)
        if targets not in read:
            read[targets] = parse_bed(path) if path.is_file() else None
            if found := read[targets]:
                reading.problems += _told(found, str(targets), reading.config.genome_build)
        bed = read[targets]
        if bed is None:
            what = "is no BED file (chrom, start, end)" if path.is_file() else "is not in the study folder"
            cure = "Put the BED file there, or list the genes joined by ';'."
            reading.problems.append(Problem("assays", None, "targets", targets, f"'{targets}' {what}.", cure))
            continue
        parts.append(bed.regions.drop("name").with_columns(assay_id=pl.lit(assay)))
        reading.notes.append(f"{targets}: {bed.regions.height:,} regions of assay {assay}.")
    if parts:
        texts = [p.select(pl.col(*_COLUMNS).cast(pl.String)) for p in parts if set(_COLUMNS) <= set(p.columns)]
        reading.tables["target_regions"] = pl.concat(texts).unique(maintain_order=True)


def _told(bed: Bed, name: str, build: str | None) -> list[Problem]:
    """Return what a BED file does not say as BED: regions without a base, chromosomes nobody has, another build."""
    problems = []
    if n := len(bed.no_base):
        message = f"{n:,} of {n + bed.regions.height:,} regions end where they start, or before: left out."
        cure = (
            "BED counts from 0 and its end is not inside: base 100 alone is 99 to 100. Subtract 1 from every start if "
            "the file counts from 1."
        )
        problems.append(Problem(name, bed.no_base[0], "end", None, message, cure, "warning"))
    known = chromosome_lengths()["chrom"].implode()
    odd = bed.regions.filter(~pl.col("chrom").is_in(known))["chrom"].unique(maintain_order=True)
    if not bed.regions.is_empty() and len(odd) and bed.regions["chrom"].is_in(odd.implode()).all():
        message = f"no region lies on a chromosome known here ({', '.join(odd[:5])}): nothing counts as looked at."
        cure = "Name the chromosomes chr1 or 1 to 22, X, Y, M."
        problems.append(Problem(name, None, "chrom", odd[0], message, cure))
    return problems + tell_other_build(bed.regions, name, build)


def parse_bed(path: Path) -> Bed | None:
    """Return a BED file, also several behind each other with a header each; None where it is none.

    A list of intervals of Picard (its header lines begin with @) counts from 1.
    """
    try:
        text = read_lines(path).decode()
    except ValueError:  # damaged, unfolding without end, or no text
        return None
    rows: list[tuple[str, int, int, str | None]] = []
    no_base, has_header, from_one = [], False, text.startswith("@")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "track", "browser", "@")):
            continue
        fields = [f.strip() for f in (line.split("\t") if "\t" in line else line.split())]
        if len(fields) >= 3 and not any(map(_WHOLE.search, fields[1:3])):  # chrom, start, end in words
            has_header = True
            continue
        if len(fields) < 3 or not all(map(_WHOLE.fullmatch, fields[1:3])):
            return None
        start, end = int(fields[1]) - from_one, int(fields[2])
        if end > start:
            rows.append((fields[0], start + 1, end, " ".join(fields[3:5]) or None))
        else:
            no_base.append(number)
    if not rows and not no_base and has_header:
        return None
    schema = {"chrom": pl.String, "start": pl.Int64, "end": pl.Int64, "name": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(chromosome().alias("chrom"))
    return Bed(frame.drop_nulls("chrom"), no_base)


def read_bed(path: Path) -> pl.DataFrame | None:
    """Return chrom (without chr), start, end (1-based, inclusive) of a BED file; None where it is none."""
    found = parse_bed(path)
    return None if found is None else found.regions.drop("name")
