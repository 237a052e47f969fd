"""What a hospital hands over: the files of its laboratory, and its workbook of clinical sheets in the same folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.io.carried import FOLDER as CARRIED
from oncourse.io.clinical.columns_of_ids import ids_among
from oncourse.io.clinical.found_below import sheet_of_samples
from oncourse.io.clinical.own_headers import our_headers
from oncourse.io.clinical.own_people import speaks_of_people
from oncourse.io.files import files_in, read_files
from oncourse.io.hospital.sample_table import sheets_of_samples
from oncourse.io.hospital.text_sheets import flat_sheet, table_of, text_sheet
from oncourse.io.hospital.workbook import kind_of, read_workbook
from oncourse.io.reading import Reading
from oncourse.io.reports.mapping import first_report_is_day_0
from oncourse.io.tabular.sheets import is_workbook, sheets_of
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES

#: Tables that the files beside the workbook give.
_OF_FILES = ("calls", "variants")
_OF_CALLERS = ("segments", "gene_copy_number", "fusions", "coverage", "target_regions")


def is_clinical_workbook(path: Path) -> bool:
    """Whether a file is a workbook of which two sheets or more are tables of ours, or one table of patients (a sheet, or
    text) that speaks of their follow-up and names no samples, or a table of text of samples with their days."""
    if not is_workbook(path):
        return flat_sheet(path)[0] is not None or bool(sheets_of_samples(path)[0])
    sheets = sheets_of(path)
    if len(sheets) == 1 and speaks_of_people(sheets[0].header):
        header = sheets[0].header
        return "sample_id" not in {*ids_among(header).values(), *our_headers(header, "samples").values()}
    return sum(kind_of(path, sheet) in TABLES for sheet in sheets) > 1


def read_delivery(paths: Sequence[Path], *, clinical: Sequence[Path] = (), **options: Any) -> Reading:
    """Read MAF or VCF files as `oncourse.io.files.read_files`; a workbook of clinical sheets among `clinical`, or in a
    folder of the files where no clinical file is named, gives the clinical part of the study; so do tables of text in that
    folder that are called as its sheets would be (patients.csv, treatments.csv)."""
    books = [path for path in clinical or _below(paths) if is_clinical_workbook(path)]
    if not clinical and not books and (tables := _tables_beside(paths)):
        return read_files(paths, beside=_read_tables(tables), **options)
    plain = [path for path in clinical if path not in books]
    if not clinical and not books and (sheet := sheet_of_samples(paths, files_in_all(paths, options.get("kind")))):
        reading = read_files(paths, clinical=[sheet], **options)
        reading.notes.append(f"{sheet.name} is read as the table of the samples: it names each once, and its patient")
        return reading
    return read_files(paths, clinical=plain, beside=_read(books) if books else None, **options)


def files_in_all(paths: Sequence[Path], kind: str | None) -> list[Path]:
    """Return the files of calls of several paths."""
    return [file for path in paths for file in files_in(path, kind)]


def _tables_beside(paths: Sequence[Path]) -> list[Path]:
    """The tables of text that lie in a folder of the files under the names of ours: two or more, patients or samples among
    them."""
    for folder in (p for p in paths if p.is_dir()):
        texts = [p for p in sorted(folder.iterdir()) if p.is_file() and p.suffix.lower() in (".csv", ".tsv", ".txt")]
        named = {
            p: name for p in texts if (name := table_of(p.stem)) in TABLES and name not in (*_OF_FILES, *_OF_CALLERS)
        }
        if len(named) > 1 and {"patients", "samples"} & set(named.values()):
            return list(named)
        if not texts:  # the tables lie in a folder of their own beside that of the calls
            below = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "~")))
            below = [p for p in below if p.name != CARRIED]
            tables = _tables_beside(below)
            return tables if any(table_of(p.stem) == "patients" for p in tables) else []
    return []


def _read_tables(files: Sequence[Path]) -> Reading:
    """Return the tables of text of a folder as sheets of one workbook."""
    found = [(p, *text_sheet(p)) for p in files]
    sheets = [sheet for _, sheet, _ in found if sheet is not None]
    book = read_workbook(files[0].parent, sheets=sheets)
    book.problems = [*(p for _, _, told in found for p in told), *book.problems]
    files_of: dict[str, list[str]] = {}
    for path, sheet, _ in found:
        name = table_of(path.stem)
        if sheet is not None and name:
            files_of.setdefault(name, []).append(path.name)
            book.ledger.file(path.name, f"table of {name}", "used", n_rows=len(sheet.rows))
    for name in _OF_FILES:
        book.tables.pop(name, None)
    reading = _joined([(", ".join(p.name for p in files), book)])
    reading.sources |= {name: ", ".join(names) for name, names in files_of.items()}
    return reading


def _below(paths: Sequence[Path]) -> list[Path]:
    """The workbooks in folders of the files."""
    inside = (p for folder in paths if folder.is_dir() for p in sorted(folder.rglob("*")))
    return [p for p in inside if is_workbook(p) and not p.name.startswith(("~", "."))]


def _read(books: Sequence[Path]) -> Reading:
    """Return the tables of workbooks, and of tables of text of samples, as text."""
    read, told = [], []
    for path in books:
        sheets, problems = ([], []) if is_workbook(path) else sheets_of_samples(path)
        told += problems
        read.append((path.name, read_workbook(path, sheets=sheets)))
    reading = _joined(read)
    reading.problems = [*told, *reading.problems]
    return reading


def _joined(books: Sequence[tuple[str, Reading]]) -> Reading:
    """Return the clinical tables of named workbooks as text; a table of two workbooks is joined row by row."""
    reading = Reading({}, StudyConfig())
    tables = reading.tables
    for source, book in books:
        reading.notes += [n for n in book.notes if n.split()[:3] != ["no", "sheet", "of"]]
        reading.problems += book.problems
        reading.ledger.extend(book.ledger)
        reading.notes.append(f"the clinical tables are those of {source}")
        if n := sum(book.tables[name].height for name in _OF_FILES[:1] if name in book.tables):
            message = f"{n:,} calls of the workbook are not read: those of the files beside it are."
            cure = "Import the workbook alone for its calls, or remove their sheet."
            reading.problems.append(Problem(source, None, "calls", None, message, cure, "warning"))
            reading.ledger.left_out(source, n, "the files beside it hold the calls", became="calls")
        reading.config = replace(reading.config, index=reading.config.index or book.config.index or _day_0(book.tables))
        for name, frame in book.tables.items():
            if name in _OF_FILES or frame.is_empty():
                continue
            before = tables.get(name)
            text = frame.with_columns(pl.all().cast(pl.String))
            tables[name] = text if before is None else pl.concat([before, text], how="diagonal")
            reading.sources.setdefault(name, source)
            if before is None and name in book.lines:
                reading.lines[name] = book.lines[name]
            elif before is not None:
                reading.lines.pop(name, None)
    if "samples" in tables and not _has_day_0(tables):
        first_report_is_day_0(reading)
    return reading


def _has_day_0(tables: dict[str, pl.DataFrame]) -> bool:
    """Whether some patient has a date of day 0, or another table than that of samples has dates, which need one."""
    patients = tables.get("patients", pl.DataFrame())
    if "index_date" in patients.columns and patients["index_date"].len() > patients["index_date"].null_count():
        return True
    others = (c for name, frame in tables.items() if name != "samples" for c in frame.columns)
    return any(c == "date" or c.endswith("_date") for c in others)


def _day_0(tables: dict[str, pl.DataFrame]) -> str:
    return "index_date of the workbook" if "index_date" in tables.get("patients", pl.DataFrame()).columns else ""
