"""Regions an assay covers, from the BED files that assays.targets names."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.io.reading import Reading
from oncourse.io.tabular.text import read_lines
from oncourse.study.schema import Problem

_COLUMNS = ("assay_id", "chrom", "start", "end")


def is_bed(targets: object) -> bool:
    """Return whether an entry of assays.targets is the name of a BED file."""
    return str(targets).lower().removesuffix(".gz").endswith(".bed")


def add_target_regions(folder: Path, reading: Reading) -> None:
    """Read the BED files of the assays into the table target_regions (1-based, both ends inclusive)."""
    assays = reading.tables.get("assays")
    if assays is None or not {"assay_id", "targets"} <= set(assays.columns):
        return
    parts = [reading.tables["target_regions"]] if "target_regions" in reading.tables else []
    for assay, targets in assays.select("assay_id", "targets").drop_nulls().iter_rows():
        if not is_bed(targets):
            continue
        path = folder / str(targets)
        regions = read_bed(path) if path.is_file() else None
        if regions is None:
            what = "is no BED file (chrom, start, end)" if path.is_file() else "is not in the study folder"
            cure = "Put the BED file there, or list the genes joined by ';'."
            reading.problems.append(Problem("assays", None, "targets", targets, f"'{targets}' {what}.", cure))
            continue
        parts.append(regions.with_columns(assay_id=pl.lit(assay)))
        reading.notes.append(f"{targets}: {regions.height:,} regions of assay {assay}.")
    if parts:
        texts = [p.select(pl.col(*_COLUMNS).cast(pl.String)) for p in parts if set(_COLUMNS) <= set(p.columns)]
        reading.tables["target_regions"] = pl.concat(texts).unique(maintain_order=True)


def read_bed(path: Path) -> pl.DataFrame | None:
    """Return chrom (without chr), start, end (1-based, inclusive) of a BED file; None where it is none."""
    try:
        text = read_lines(path).decode()
    except ValueError:  # damaged, unfolding without end, or no text
        return None
    rows = []
    for line in text.splitlines():
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        fields = line.split("\t") if "\t" in line else line.split()
        if len(fields) < 3 or not (fields[1].isdigit() and fields[2].strip().isdigit()):
            return None
        chrom = fields[0].removeprefix("chr")
        if int(fields[2]) > int(fields[1]):
            rows.append(("MT" if chrom == "M" else chrom, int(fields[1]) + 1, int(fields[2])))
    return pl.DataFrame(rows, schema={"chrom": pl.String, "start": pl.Int64, "end": pl.Int64}, orient="row")
