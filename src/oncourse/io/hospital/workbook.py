"""A whole study as one workbook (.xlsx, .xls, .ods): one sheet per table, named as the table, in English or Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import ConfigError, InputError
from oncourse.io.assays.not_profiled import mark, mark_failed
from oncourse.io.clinical.own_genes import is_marker
from oncourse.io.clinical.own_headers import columns_of, in_our_words, our_headers
from oncourse.io.clinical.own_ids import ids_of_spreadsheets
from oncourse.io.clinical.own_people import speaks_of_people
from oncourse.io.clinical.own_rows import of_the_row_above, rows_alone
from oncourse.io.clinical.own_tables import as_our_tables
from oncourse.io.clinical.own_timed import under_the_sheets_name
from oncourse.io.clinical.own_treatments import line_of
from oncourse.io.clinical.quality import failed_samples
from oncourse.io.hospital.books import one_delivery
from oncourse.io.hospital.code_book import is_code_book, with_codes, with_labels
from oncourse.io.hospital.maf_sheets import add_mafs, sheet_is_maf
from oncourse.io.hospital.more_of_patients import beside_patients, names_same
from oncourse.io.hospital.more_of_samples import beside_samples
from oncourse.io.hospital.patient_sheets import one_of_each
from oncourse.io.hospital.text_sheets import flat_sheet, folder_sheets, has_each_once, table_of, text_sheet
from oncourse.io.hospital.whose_sheets import by_other_numbers, column_of_people, others_numbering
from oncourse.io.reading import Reading
from oncourse.io.reports.layout import gene_headers
from oncourse.io.reports.mapping import first_report_is_day_0
from oncourse.io.reports.sheets import add_reports, is_form, lists_changes, sheet_is_report
from oncourse.io.tabular import sheets as raw
from oncourse.io.tabular.sheet_table import sheet_table
from oncourse.io.tabular.sheets import NotAWorkbook, Sheet, read_sheets
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.unseen import Unseen, unseen_problems
from oncourse.io.tree import may_hold_data
from oncourse.study.config import StudyConfig, config_from_mapping, yaml_value
from oncourse.study.frames import optional
from oncourse.study.lab_values import analyte_of
from oncourse.study.schema import Problem
from oncourse.study.tables import NORMALS, REQUIRED_TABLES, TABLES, date_name
from oncourse.study.words import meaning, our_columns, plain

__all__ = ["is_workbook", "read_workbook", "table_of"]


def _book(path: Path) -> Path | None:
    """The workbook: the path itself, or the only one of a folder."""
    if path.is_dir():
        books = [p for p in sorted(path.iterdir()) if raw.is_workbook(p) and not p.name.startswith(("~", "."))]
        if (found := one_delivery(path, kind_of)) is not None:
            return path if found.sheets else None
        return books[0] if len(books) == 1 else path if folder_sheets(path) else None
    return path if raw.is_workbook(path) or flat_sheet(path)[0] is not None else None


def is_workbook(path: Path) -> bool:
    """Whether a path is a workbook, a folder with one, or a table of patients and their follow-up."""
    return _book(path) is not None


#: Tables that several sheets may make together: 化疗 and 靶向治疗, PSA and 肿瘤标志物.
_OF_SEVERAL = ("treatments", "labs", "procedures", "assessments", "adverse_events", "markers")


def _add_rows(sheet: Sheet, name: str, reading: Reading) -> None:
    """Add the rows of a further sheet of a table."""
    table, frame = _table(sheet, name, reading)
    both = [f.select(pl.all().cast(pl.String)) for f in (reading.tables[name], frame)]
    reading.tables[name] = pl.concat(both, how="diagonal")
    lines = [series.cast(pl.Int64) for series in (reading.lines[name], table.lines)]
    reading.lines[name] = pl.concat(lines)


def _table(sheet: Sheet, name: str, reading: Reading) -> tuple[TextTable, pl.DataFrame]:
    """Return a sheet as a table without what is no row of it, and its frame under our names."""
    table, notes = rows_alone(sheet_table(sheet, name), name)
    table = of_the_row_above(table, name)
    reading.problems += table.problems
    reading.notes += notes
    frame = under_the_sheets_name(in_our_words(table.frame, name, reading), name, sheet.name)
    if name == "markers" and "analyte" in frame.columns and "marker" not in frame.columns:
        frame = frame.rename({"analyte": "marker"})  # 检测项目
    if name == "treatments" and "line" not in frame.columns and (line := line_of(sheet.name)) is not None:
        frame = frame.with_columns(pl.lit(str(line)).alias("line"))  # 一线治疗
        reading.notes.append(f"the sheet {sheet.name}: treatments of line {line}")
    return table, frame


def kind_of(path: Path, sheet: Sheet) -> str:
    """Return what a sheet is: a table of ours by name, ``study``, ``dictionary``, ``maf``, ``report``, ``form``, or
    ``unknown``."""
    if plain(sheet.name) in ("study", "study.yaml", "研究", "研究信息"):
        return "study"
    if is_code_book(sheet):
        return "dictionary"
    if is_form(sheet):
        return "form"
    name = table_of(sheet.name) or _by_columns(sheet)
    if name == "assays" and (theirs := _by_columns(sheet)) in ("samples", "markers"):
        name = theirs  # 检测 holds the samples that were tested
    if name == "labs" and names_markers(sheet):
        name = "markers"
    if name == "patients" and speaks_of_people(sheet.header) and has_each_once(sheet, name):
        return name
    is_list = name in (None, "calls", "variants") or (name == "fusions" and _names_no_partner(sheet))
    if is_list or (name in ("samples", "markers") and lists_changes(sheet)):
        if sheet_is_maf(sheet):
            return "maf"
        if sheet_is_report(path, sheet):
            return "report"
    return name or "unknown"


def names_markers(sheet: Sheet) -> bool:
    """Whether most cells of the column of analytes are genes or markers that no laboratory value is (KRAS, HER2, MSI)."""
    named = our_headers([c for c in sheet.header if c], "labs")
    at = next((i for i, c in enumerate(sheet.header) if c and named.get(c, c) == "analyte"), None)
    cells = {row[at] for row in sheet.rows if at is not None and at < len(row) and row[at]}
    found = [c for c in cells if c and not analyte_of(c) and (is_marker(c) or gene_headers([c]))]
    return 2 * len(found) > len(cells)


def _names_no_partner(sheet: Sheet) -> bool:
    """Whether a sheet of fusions has no column of a partner: a report's fusions stand in one cell."""
    names = {our_columns([c for c in sheet.header if c]).get(c, c) for c in sheet.header if c}
    return not {"gene_5p", "gene_3p"} & names


def _one_of_patients(kinds: list[tuple[str, Sheet]]) -> list[tuple[str, Sheet]]:
    """Return the kinds with one sheet of patients: of several the one called so (else the first); the others hold more of
    them, as their columns say (`beside_patients`)."""
    several = [sheet for kind, sheet in kinds if kind == "patients"]
    named = [s for s in several if table_of(s.name) == "patients"]
    if len(several) < 2 or len(named) > 1:
        return kinds
    first = (named or several)[0]
    same = [s for s in several if s is not first and not s.is_hidden and names_same(first, s)]
    return [("unknown" if any(s is one for one in same) else kind, s) for kind, s in kinds]


def _add_table(path: Path, sheet: Sheet, name: str, reading: Reading) -> None:
    """Add a sheet that is a table of ours; of most tables there is one sheet."""
    place, n = f"{path.name}: {sheet.name}", len(sheet.rows)
    if name in reading.tables and name not in _OF_SEVERAL:
        reading.ledger.file(place, "table", "not read", n_rows=n, why=f"{name} is there twice")
        message, cure = f"the sheet {sheet.name}: {name} is there twice.", "Put the rows of both into one sheet."
        reading.problems.append(Problem(path.name, None, None, sheet.name, message, cure))
        return
    if name in reading.tables:
        _add_rows(sheet, name, reading)
    else:
        table, reading.tables[name] = _table(sheet, name, reading)
        reading.lines[name] = table.lines
    reading.ledger.file(place, name, "used", n_rows=n)
    _columns_to_ledger(place, name, sheet, reading)


def _never_sequenced(reading: Reading, *, of_reports: bool) -> None:
    """Take the samples of failed quality, and where the calls are those of reports the samples that no row of them names
    and that have no assay, for not sequenced: what they do not show is no wild type."""
    samples = reading.tables.get("samples")
    if samples is None or "sample_id" not in samples.columns:
        return
    samples = mark_failed(samples, failed_samples(samples, "sample_id"), reading)
    seen = [reading.tables[t]["sample_id"] for t in ("calls", "gene_copy_number", "fusions") if t in reading.tables]
    named = {s for column in seen for s in column.drop_nulls()}
    materials = samples.select(optional(samples, "material").cast(pl.String))["material"]
    normals = [w for w in materials.drop_nulls().unique() if w in NORMALS or meaning("material", w) in NORMALS]
    unnamed = optional(samples, "assay_id").is_null() & ~pl.col("sample_id").is_in(sorted(named))
    silent = samples.filter(unnamed & pl.lit(~materials.is_in(normals).fill_null(False)))
    if of_reports and named and silent.height:
        names = silent["sample_id"].to_list()
        shown = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
        message = f"{len(names):,} samples have no row in the results ({shown}): they count as not sequenced."
        cure = "Where one was sequenced and nothing was found, give it a row that says so (未检出), or its assay."
        reading.problems.append(Problem("samples", None, "assay_id", names[0], message, cure, "warning"))
        samples = mark(samples, names, reading)
    reading.tables["samples"] = samples


def _columns_to_ledger(place: str, name: str, sheet: Sheet, reading: Reading) -> None:
    """Say of every column of a sheet whether it is one of ours, or kept under its own name."""
    theirs = [c for c in sheet.header if c]
    named, known = our_headers(theirs, name), columns_of(name)
    for at, column in enumerate(sheet.header):
        if not column:
            continue
        n = sum(at < len(row) and row[at] not in (None, "") for row in sheet.rows)
        ours = named.get(column, column)
        is_ours = ours in known
        state = "empty" if not n else "used" if is_ours else "kept"
        reading.ledger.column(place, column, state, became=f"{name}.{ours}" if is_ours else "", n=n)


def read_workbook(
    path: Path, *, is_alone: bool = True, within: Path | None = None, sheets: Sequence[Sheet] = ()
) -> Reading:
    """Read a workbook as a study (`is_alone`), or as one of several reports, whose days count from the first of all, and
    that may lie in folders called after patients (`within` is the folder of these). `sheets`: what stands for the
    sheets of a table of text (`oncourse.io.hospital.sample_table`).

    Sheets are tables by their names; a sheet of another name is the table whose columns it has, where there is only
    one. A sheet ``study`` with two columns gives the settings of study.yaml. Without a sheet of patients they are those
    the other sheets name; without samples or calls these are empty. Sheets that are no table are named.

    Raises
    ------
    InputError : no workbook, or no sheet of it is a table
    """
    folder, path, given = path, _book(path) or path, bool(sheets)
    texts = folder_sheets(path) if path.is_dir() and not given else []
    texts += _reports_beside(path, texts)
    files = {p.stem: p for p in texts}
    try:
        books = one_delivery(path, kind_of) if path.is_dir() and not texts and not given else None
        if books is not None:
            sheets, files = books.sheets, books.files
        sheets, told = (list(sheets), []) if sheets else _sheets(path, texts)
    except NotAWorkbook as error:
        raise InputError(f"{path.name}: {error}") from None
    reading = Reading({}, StudyConfig(title=path.stem, sources=(path.name,)), problems=told)
    reading.notes += books.notes if books else []
    if not given:
        _told_beside(folder, texts or [path], reading)
    sheets, said = one_of_each(sheets)
    reading.notes += [said] if said else []
    sheets, told_names = with_labels(sheets)
    reading.notes += (
        [f"columns are called as the sheet that explains them says: {', '.join(told_names[:12])}"] if told_names else []
    )
    sheets = _with_people(sheets, reading)
    sheets, told_codes = with_codes(sheets)
    reading.notes += [f"codes are those of the sheet that explains them: {', '.join(told_codes)}"] if told_codes else []
    kinds = _one_of_patients([(kind_of(files.get(sheet.name, path), sheet), sheet) for sheet in sheets])
    _told_hidden(path, [s.name for kind, s in kinds if s.is_hidden and kind not in ("dictionary", "unknown")], reading)
    reading.problems += [
        p
        for kind, s in kinds
        if kind not in ("dictionary", "unknown")
        for p in unseen_problems(path.name, s.name, _without_our_comments(kind, s))
    ]
    for kind, sheet in kinds:
        if kind == "study":
            reading.config = _config(sheet, path, reading)
        elif kind in TABLES:
            _add_table(path, sheet, kind, reading)
    mafs, reports, forms, unknown = ([s for k, s in kinds if k == w] for w in ("maf", "report", "form", "unknown"))
    for sheet in (s for k, s in kinds if k == "dictionary"):
        reading.ledger.file(f"{path.name}: {sheet.name}", "dictionary", "not read", why="explains the other sheets")
    unknown = beside_patients(unknown, reading, path.name)
    unknown = beside_samples(unknown, reading, path.name)
    _told_unknown(path, [*unknown, *([] if reports else forms)], reading)
    ids_of_spreadsheets(reading)
    alone = not reading.tables
    for found, add in (
        (mafs, add_mafs),
        (reports, partial(add_reports, others=[*forms, *unknown], within=within, files={} if books else files)),
    ):
        if found and "calls" in reading.tables:
            _told_twice(path, found, reading)
        elif found:
            add(books.files[found[0].name] if books else path, found, reading=reading)
    as_our_tables(reading)
    _never_sequenced(reading, of_reports=bool(mafs or reports))
    if samples := sorted(reading.relatives):  # whom the sheets of people left out
        reading.leave_out(pl.DataFrame({"sample_id": samples}).with_columns(patient_id=pl.lit(None, pl.String)))
    for name in [n for n, f in reading.tables.items() if f.is_empty() and n not in REQUIRED_TABLES]:
        del reading.tables[name]  # a sheet that nobody filled in
    if not reading.tables:
        there = ", ".join(s.name for s in sheets) or "none"
        raise InputError(
            f"{path.name}: no sheet is a table of a study (sheets: {there}). Name the sheets "
            f"{', '.join(REQUIRED_TABLES)} ... (患者, 样本, 突变 ...), "
            "or import one table with `oncourse import table FILE DIR --mapping map.yaml`."
        )
    _complete(reading)
    if is_alone and alone and reports:
        first_report_is_day_0(reading)
    return reading


def _reports_beside(folder: Path, tables: Sequence[Path]) -> list[Path]:
    """Return the reports of a laboratory (基因检测.csv) that lie beside the tables of a folder, as a sheet of them would."""
    if not tables:
        return []
    beside = [
        p for p in sorted(folder.iterdir()) if p.is_file() and p not in tables and not p.name.startswith((".", "~"))
    ]
    beside = [p for p in beside if p.suffix.lower() in (".csv", ".tsv", ".txt")]
    sheets = [(p, sheet) for p in beside if (sheet := text_sheet(p)[0]) is not None]
    return [p for p, sheet in sheets if kind_of(p, sheet) == "report"]


def _without_our_comments(kind: str, sheet: Sheet) -> Unseen:
    """Return what a sheet does not show, without comments on the names of our columns: the template explains them so."""
    known = columns_of(kind) if kind in TABLES else set()
    ours = {f"{_letters(at)}1" for at, name in enumerate(sheet.header) if name in known}
    return replace(sheet.unseen, comments=tuple(c for c in sheet.unseen.comments if c not in ours))


def _letters(at: int) -> str:
    """Return the letters of a column by its number, from 0: A, Z, AA."""
    return (_letters(at // 26 - 1) if at > 25 else "") + chr(65 + at % 26)


def _sheets(path: Path, texts: list[Path]) -> tuple[list[Sheet], list[Problem]]:
    """Return the sheets of a workbook, of the text tables of a folder, or the one table of patients, and what is told."""
    if not texts and raw.is_workbook(path):
        return read_sheets(path), []
    each = [text_sheet(p) for p in texts] or [flat_sheet(path)]
    told = [problem for _, problems in each for problem in problems]
    if any(sheet is None for sheet, _ in each):
        raise InputError([p for p in told if p.severity == "error"] or f"{path.name}: is no workbook.")
    return [sheet for sheet, _ in each if sheet is not None], told


def _with_people(sheets: list[Sheet], reading: Reading) -> list[Sheet]:
    """Call the column that ties the sheets together patient_id, where hospitals number people more than once or by a
    name nobody knows."""
    tables = [s for s in sheets if table_of(s.name)]
    chosen = column_of_people(tables) if tables else None
    if chosen is None:
        return sheets
    sheets = by_other_numbers(sheets, chosen, reading.notes)
    tables = [s for s in sheets if table_of(s.name)]
    others = others_numbering(tables, chosen)
    if others or meaning("column", chosen) is None:
        more = f"; {', '.join(others)} number people too and are not kept" if others else ""
        reading.notes.append(f"{chosen} is the patient's id: it ties the sheets together{more}")
    out = []
    for sheet in sheets:
        gone = [c for c in others if c in sheet.header] if chosen in sheet.header else []
        kept = [at for at, c in enumerate(sheet.header) if c not in gone]
        header = ["patient_id" if sheet.header[at] == chosen else sheet.header[at] for at in kept]
        rows = [[row[at] if at < len(row) else None for at in kept] for row in sheet.rows]
        out.append(replace(sheet, header=header, rows=rows))
    return out


def _told_beside(folder: Path, books: list[Path], reading: Reading) -> None:
    """Say which files lie in the folder beside the workbook, or the tables, that are read: they are not."""
    if not folder.is_dir():
        return
    files = [p.name for p in sorted(folder.iterdir()) if p.is_file() and p not in books and may_hold_data(p)]
    for name in files:
        reading.ledger.file(name, "unknown", "not read", why="it lies beside the workbook that is read")
    if files:
        message = f"{len(files)} files lie beside the workbook and are not read ({', '.join(files[:5])})."
        cure = "Import them without it (`oncourse import auto`), or give it beside them (--clinical)."
        reading.problems.append(Problem(books[0].name, None, None, files[0], message, cure, "warning"))


def _told_hidden(path: Path, names: list[str], reading: Reading) -> None:
    """Say which hidden sheets are read: an older state of another, maybe."""
    if names:
        message = f"{', '.join(names)}: hidden in the workbook, and read as the others are."
        cure = "Remove a hidden sheet that holds an older state."
        reading.problems.append(Problem(path.name, None, None, names[0], message, cure, "warning"))


def _told_unknown(path: Path, sheets: list[Sheet], reading: Reading) -> None:
    """Name the sheets that are not read, together: they are neither table nor report."""
    for sheet in sheets:
        why = "names no table, and is no report"
        reading.ledger.file(f"{path.name}: {sheet.name}", "other", "not read", n_rows=len(sheet.rows), why=why)
    if sheets:
        names = ", ".join(s.name for s in sheets[:12])
        message = f"{len(sheets):,} sheets are not read ({names}): they name no table, and are no report."
        cure = f"Name a sheet that should be read after its table: {', '.join(TABLES)}."
        reading.problems.append(Problem(path.name, None, None, sheets[0].name, message, cure, "warning"))


def _told_twice(path: Path, reports: list[Sheet], reading: Reading) -> None:
    """Say that reports stand beside a sheet of calls."""
    for sheet in reports:
        place = f"{path.name}: {sheet.name}"
        reading.ledger.file(place, "panel report", "not read", n_rows=len(sheet.rows), why="calls are there twice")
        cure = "Keep the sheet of calls or the reports."
        message = f"the sheet {sheet.name}: calls are there twice."
        reading.problems.append(Problem(path.name, None, None, sheet.name, message, cure))


#: So many columns beside the patient's id that are known make a sheet of any name a table.
_ENOUGH = 2


def _by_columns(sheet: Sheet) -> str | None:
    """The table whose columns a sheet of another name has: all that are required, and the most of all that are known.

    A table of patients has each of them once.
    """
    header = [c for c in sheet.header if c]
    found: dict[str, int] = {}
    if _is_labs(header):
        return "labs"
    if _is_markers(header):
        return "markers"
    for name, table in TABLES.items():
        named, known = our_headers(header, name), columns_of(name)
        names = {named.get(c, c) for c in header} & known
        needed = {c.name for c in table.columns if c.required}
        if all(c in names or date_name(c) in names for c in needed) and len(names) > _ENOUGH:
            found[name] = len(names)
    if "patients" in found and not has_each_once(sheet, "patients"):
        del found["patients"]
    most = [name for name, n in found.items() if n == max(found.values())]
    if "patients" in found and found["patients"] >= max(found.values()) - 1:
        return "patients"  # follow-up may stand beside them
    return most[0] if len(most) == 1 else None


def _is_labs(header: Sequence[str]) -> bool:
    """Whether a header is that of laboratory values: a patient, a date, and otherwise analytes."""
    named = our_headers(header, "labs")
    whose = {named.get(c, c) for c in header} & {"patient_id", "date", "day", "unit"}
    rest = [c for c in header if named.get(c, c) not in whose and plain(c) not in ("序号", "no", "no.")]
    return {"patient_id"} < whose and bool(rest) and all(analyte_of(c) for c in rest)


def _is_markers(header: Sequence[str]) -> bool:
    """Whether a header names somebody, the day of a test and a marker of its own (AR-V7结果, MLH1), and no gene or value."""
    named = our_headers(header, "markers")
    names = {named.get(c, c) for c in header}
    whose = bool({"patient_id", "sample_id"} & names) and bool({"date", "day"} & names)
    return whose and any(map(is_marker, header)) and not {"marker", "value", "gene"} & names


def _config(sheet: Sheet, path: Path, reading: Reading) -> StudyConfig:
    rows: list[list[str | None]] = [list(sheet.header), *sheet.rows]
    pairs: dict[str, Any] = {str(r[0]): r[1] for r in rows if len(r) > 1 and r[0] and r[1]}
    pairs = {k: v for k, v in pairs.items() if plain(k) not in ("setting", "key", "项目")}
    try:
        truth = {"true": True, "false": False, "是": True, "否": False}
        place = f"{path.name}, sheet {sheet.name}"
        pairs = {
            k: yaml_value(v, f"{place}, {k}") if v[:1] in "[{" else truth.get(plain(v), v) for k, v in pairs.items()
        }
        return config_from_mapping(pairs, place)
    except ConfigError as error:
        reading.problems += [Problem(path.name, None, None, None, str(text)) for text in error.problems]
        return reading.config


def _complete(reading: Reading) -> None:
    """Patients are those the sheets name; samples and calls are empty where no sheet holds them."""
    if "patients" not in reading.tables:
        ids = [f["patient_id"] for f in reading.tables.values() if "patient_id" in f.columns]
        if ids:
            people = pl.concat(ids).drop_nulls().unique().sort()
            reading.tables["patients"] = people.to_frame("patient_id")
            reading.notes.append(f"no sheet of patients: the {len(people):,} patients the other sheets name are taken")
    for name in ("samples", "calls"):
        if name not in reading.tables and "patients" in reading.tables:
            reading.tables[name] = TABLES[name].empty()
            reading.notes.append(f"no sheet of {name}: the study holds none")
