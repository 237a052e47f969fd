"""A folder of panel reports, a file each: their samples, calls and genes looked at as one study."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.hospital.workbook import kind_of, read_workbook
from oncourse.io.reading import Reading
from oncourse.io.reports.layout import report_table
from oncourse.io.reports.mapping import first_report_is_day_0
from oncourse.io.reports.mapping import is_panel as is_one_panel
from oncourse.io.reports.mapping import read_panel as read_one_panel
from oncourse.io.reports.names import patients_of_all
from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.tabular.sheets import is_workbook, sheets_of
from oncourse.io.variants.one_annotation import one_annotation
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem

_ENDS = (".txt", ".tsv", ".csv", ".xlsx", ".xls", ".ods")
#: A folder with more files is no folder of reports to be looked into one by one.
MOST_FILES = 500
#: Tables whose rows of several reports are one row of a sample or patient.
_KEYS = {"patients": ["patient_id"], "samples": ["sample_id"], "assays": ["assay_id"]}


def is_panel(path: Path) -> bool:
    """Whether a path is a panel report, or a folder of them."""
    return bool(reports_in(path)) if path.is_dir() else is_one_panel(path)


def read_panel(path: Path) -> Reading:
    """Read a panel report, or a folder of them, whose headers are known; below it each patient may have a folder."""
    if not path.is_dir():
        return read_one_panel(path)
    files = reports_in(path)
    if not files:
        raise InputError(
            f"{path.name}: is a folder without two panel reports, or with other files among them. Give the reports alone."
        )
    top = _top(path)
    within = top if any(f.parent != top for f in files) else None
    is_one = partial(is_one_panel, is_somebodys=within is not None)
    tables = [f for f in files if is_one(f) or _is_list_with_places(f)]
    each = [(read_one_panel if f in tables else read_workbook)(f, is_alone=False, within=within) for f in files]
    reading = joined(each, path)
    if within:
        whose = sorted({f.relative_to(within).parts[0] for f in files})
        message = f"the folders are taken for patients, where a report names none ({', '.join(whose[:4])} ...)."
        cure = "Write the patient (患者编号) into each report, if that is not so."
        reading.problems.append(Problem("samples", None, "patient_id", whose[0], message, cure, "warning"))
        for beside in sorted(p for p in top.rglob("*") if p.suffix.lower() in _PAGES):
            reading.ledger.file(beside.relative_to(top).as_posix(), "page", "not read", why="a page beside a report")
    first_report_is_day_0(reading)
    return reading


#: Pages of a report that lie beside its table, and are not read.
_PAGES = (".pdf", ".doc", ".docx", ".jpg", ".jpeg", ".png", ".html")


def _top(folder: Path) -> Path:
    """Return the folder itself, or the one below it, and below that, that lies there alone."""
    inside = _entries(folder)
    return _top(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder


def _entries(folder: Path) -> list[Path]:
    return [
        p for p in sorted(folder.iterdir()) if not p.name.startswith((".", "~", "__MACOSX")) and p.name != "study.yaml"
    ]


def reports_in(folder: Path) -> list[Path]:
    """Return the files of a folder where there are several and every one is a report, or those of the folders of patients
    in it; else none."""
    files = _entries(folder)
    if files and all(p.is_dir() for p in files):
        return _in_folders(_top(folder))
    if not 2 <= len(files) <= MOST_FILES or not all(p.is_file() and p.suffix.lower() in _ENDS for p in files):
        return []
    has_report = False
    for path in sorted(
        files, key=lambda p: p.stat().st_size
    ):  # the least work tells of most folders that they are none
        if is_one_panel(path) or _is_book_of_reports(path):
            has_report = True
        elif not _is_list_with_places(path):  # tissue with places and plasma without are two reports of a laboratory
            return []
    return files if has_report else []


def _is_list_with_places(path: Path) -> bool:
    """Whether a table has columns of samples, genes and places under a report's names, and none of a MAF's own."""
    if is_workbook(path) or path.suffix.lower() not in _ENDS:
        return False
    header = report_table(path).frame.columns
    ours = set(panel_columns(header).values())
    own = {c.strip().lower() for c in header} & {"hugo_symbol", "tumor_sample_barcode"}
    return not own and {"gene", "pos"} <= ours and bool({"sample_id", "patient_id"} & ours)


def _in_folders(top: Path) -> list[Path]:
    """Return the reports in the folders of a folder, where there are several folders and they hold nothing else."""
    if sum(p.is_dir() for p in _entries(top)) < 2 or not all(p.is_dir() for p in _entries(top)):
        return []
    files: list[Path] = []
    for path in top.rglob("*"):
        if path.is_dir() or path.name.startswith((".", "~")) or path.suffix.lower() in _PAGES:
            continue
        if path.suffix.lower() not in _ENDS or len(files) == MOST_FILES:
            return []
        files.append(path)
    good = (is_one_panel(p, is_somebodys=True) or _is_book_of_reports(p) for p in files)
    return sorted(files) if len(files) > 1 and all(good) else []


def _is_book_of_reports(path: Path) -> bool:
    """Whether sheets of a workbook are reports and none is a table of ours."""
    kinds = {kind_of(path, sheet) for sheet in sheets_of(path)} if is_workbook(path) else set()
    return "report" in kinds and kinds <= {"report", "form", "unknown", "dictionary"}


def _with_own_assays(readings: list[Reading]) -> None:
    """Give assays of several reports that share a name and not their genes names of their own: what one report looked at
    another did not."""
    taken: dict[str, tuple[object, ...]] = {}
    for one in readings:
        assays = one.tables.get("assays")
        if assays is None:
            continue
        names: dict[str, str] = {}
        for row in assays.select(pl.all().cast(pl.String)).iter_rows(named=True):
            said, name, n = tuple(sorted((k, v) for k, v in row.items() if k != "assay_id" and v)), row["assay_id"], 1
            while taken.setdefault(name, said) != said:
                n += 1
                name = f"{row['assay_id']}_{n}"
            names[row["assay_id"]] = name
        for table, frame in one.tables.items():
            columns = [c for c in frame.columns if c in ("assay_id", "cna_assay_id", "sv_assay_id")]
            one.tables[table] = frame.with_columns(pl.col(c).cast(pl.String).replace(names) for c in columns)
        one.listed = {sample: names.get(assay, assay) for sample, assay in one.listed.items()}


def joined(readings: list[Reading], folder: Path) -> Reading:
    """Return the readings of several reports as one; a sample in two of them is told as calls of two files are."""
    first = readings[0]
    _with_own_assays(readings)
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
    out.tables, told = patients_of_all(out.tables)
    out.problems += told
    for name, key in _KEYS.items():
        if name in out.tables:
            out.tables[name] = out.tables[name].unique(key, keep="first", maintain_order=True)
    if "variants" in out.tables:
        out.tables["variants"], apart = one_annotation(out.tables["variants"])
        out.problems += apart
    calls = out.tables["calls"]
    out.tables["calls"] = calls.unique(["sample_id", "variant_id"], keep="first", maintain_order=True)
    n = calls.height - out.tables["calls"].height
    out.ledger.left_out(folder.name, n, "the same sample and variant in two reports: joined", became="calls")
    out.descriptions = first.descriptions
    return out


def _one_build(readings: list[Reading]) -> str | None:
    builds = {one.config.genome_build for one in readings} - {None}
    return builds.pop() if len(builds) == 1 else None
