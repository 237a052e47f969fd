"""A folder of panel reports, a file each: their samples, calls and genes looked at as one study."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.hospital.workbook import kind_of, read_workbook
from oncourse.io.reading import Reading
from oncourse.io.reports.mapping import first_report_is_day_0
from oncourse.io.reports.mapping import is_panel as is_one_panel
from oncourse.io.reports.mapping import read_panel as read_one_panel
from oncourse.io.tabular.sheets import is_workbook, sheets_of
from oncourse.study.config import StudyConfig

_ENDS = (".txt", ".tsv", ".csv", ".xlsx", ".xls", ".ods")
#: A folder with more files is no folder of reports to be looked into one by one.
MOST_FILES = 500
#: Tables whose rows of several reports are one row of a sample or patient.
_KEYS = {"patients": ["patient_id"], "samples": ["sample_id"], "variants": ["variant_id"], "assays": ["assay_id"]}


def is_panel(path: Path) -> bool:
    """Whether a path is a panel report, or a folder of them."""
    return bool(reports_in(path)) if path.is_dir() else is_one_panel(path)


def read_panel(path: Path) -> Reading:
    """Read a panel report, or a folder of them, whose headers are known."""
    if not path.is_dir():
        return read_one_panel(path)
    files = reports_in(path)
    if not files:
        raise InputError(
            f"{path.name}: is a folder without two panel reports, or with other files among them. Give the reports alone."
        )
    each = [(read_one_panel if is_one_panel(f) else read_workbook)(f, is_alone=False) for f in files]
    reading = joined(each, path)
    first_report_is_day_0(reading)
    return reading


def reports_in(folder: Path) -> list[Path]:
    """Return the files of a folder where there are several and every one is a report; else none."""
    files = [p for p in sorted(folder.iterdir()) if not p.name.startswith((".", "~")) and p.name != "study.yaml"]
    if not 2 <= len(files) <= MOST_FILES or not all(p.is_file() and p.suffix.lower() in _ENDS for p in files):
        return []
    return files if all(is_one_panel(p) or _is_book_of_reports(p) for p in files) else []


def _is_book_of_reports(path: Path) -> bool:
    """Whether sheets of a workbook are reports and none is a table of ours."""
    kinds = {kind_of(path, sheet) for sheet in sheets_of(path)} if is_workbook(path) else set()
    return "report" in kinds and kinds <= {"report", "form", "unknown", "dictionary"}


def joined(readings: list[Reading], folder: Path) -> Reading:
    """Return the readings of several reports as one; a sample in two of them is told as calls of two files are."""
    first = readings[0]
    names = tuple(name for one in readings for name in one.config.sources)
    out = Reading(
        {}, StudyConfig(title=folder.name, sources=names[:20], genome_build=_one_build(readings)), foreign=True
    )
    for one in readings:
        out.notes += [n for n in one.notes if n not in out.notes]
        out.problems += one.problems
        out.ledger.extend(one.ledger)
        out.facts |= one.facts
        out.listed |= one.listed
        for name, frame in one.tables.items():
            text = frame.with_columns(pl.all().cast(pl.String))
            before = out.tables.get(name)
            out.tables[name] = text if before is None else pl.concat([before, text], how="diagonal")
            out.sources.setdefault(name, f"{len(readings)} files")
    for name, key in _KEYS.items():
        if name in out.tables:
            out.tables[name] = out.tables[name].unique(key, keep="first", maintain_order=True)
    calls = out.tables["calls"]
    out.tables["calls"] = calls.unique(["sample_id", "variant_id"], keep="first", maintain_order=True)
    n = calls.height - out.tables["calls"].height
    out.ledger.left_out(folder.name, n, "the same sample and variant in two reports: joined", became="calls")
    out.descriptions = first.descriptions
    return out


def _one_build(readings: list[Reading]) -> str | None:
    builds = {one.config.genome_build for one in readings} - {None}
    return builds.pop() if len(builds) == 1 else None
