"""Several workbooks of one delivery (01临床资料/患者.xlsx, 02测序数据/结果.xlsx): their sheets as those of one
workbook, where the patients' ids of one are those of the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from oncourse.io.hospital.whose_sheets import column_of_people
from oncourse.io.tabular.sheets import NotAWorkbook, Sheet, is_workbook, read_sheets
from oncourse.io.tree import look_into
from oncourse.study.tables import TABLES
from oncourse.study.words import plain

#: More workbooks are no delivery of one clinical database and its results (own choice).
_MOST_BOOKS = 6
#: Folders below the one given in which workbooks are looked for.
_LEVELS = 3
#: Tables of which a study has one: where two workbooks hold one each, which counts nobody knows.
_ONE_OF = ("patients", "samples", "follow_up")
#: At least this share of the people of a further workbook must be patients of the first (own choice).
_SHARED = 0.5
#: How a sheet is told to be a table of ours: `oncourse.io.hospital.workbook.kind_of`.
KindOf = Callable[[Path, Sheet], str]


@dataclass
class Books:
    """The sheets of several workbooks as of one, notes of how they were matched, or why they cannot be."""

    sheets: list[Sheet]
    notes: list[str]
    refused: str = ""
    #: Name of a sheet -> the workbook it stands in.
    files: dict[str, Path] = field(default_factory=dict)


def books_below(folder: Path) -> list[Path]:
    """Return the workbooks of a folder and of the folders in it, where there are two or more and no file of calls."""
    if not folder.is_dir():
        return []
    inside = [p for depth in range(1, _LEVELS + 1) for p in sorted(folder.glob("/".join("*" * depth)))]
    books = [p for p in inside if p.is_file() and not p.name.startswith(("~", ".")) and is_workbook(p)]
    return books if 1 < len(books) <= _MOST_BOOKS and not look_into(folder).calls else []


def one_delivery(folder: Path, kind_of: KindOf) -> Books | None:
    """Return the sheets of the workbooks below a folder as of one workbook, or why they are not read together; null where
    there are not several, or none of them holds patients."""
    books = books_below(folder)
    if not books:
        return None
    try:
        read = {path: list(read_sheets(path)) for path in books}
    except NotAWorkbook:
        return None
    kinds = {path: {kind_of(path, s) for s in sheets} for path, sheets in read.items()}
    first = next((p for p in books if "patients" in kinds[p]), None)
    if first is None:
        return None
    for table in _ONE_OF:
        both = [p.name for p in books if table in kinds[p]]
        if len(both) > 1:
            return Books(
                [], [], f"{' and '.join(both)} both hold a table of {table}: which of them counts is not known."
            )
    named = {path: _named(sheets, path, kind_of) for path, sheets in read.items()}
    chosen = {path: column for path, (column, _) in named.items()}
    people = _people(named[first][1], path=first, kind_of=kind_of, only="patients")
    notes = []
    for path in (p for p in books if p != first):
        theirs = _people(named[path][1], path=path, kind_of=kind_of)
        if not theirs or len(theirs & people) < _SHARED * len(theirs):
            there, here = (", ".join(sorted(ids)[:3]) or "none" for ids in (theirs, people))
            return Books([], [], f"the patients of {path.name} ({there}) are not those of {first.name} ({here}).")
        notes.append(f"{first.name} and {path.name} are one delivery: {len(theirs & people):,} patients stand in both")
        if chosen[first] and chosen[path] and chosen[first] != chosen[path]:
            notes.append(f"{chosen[first]} of {first.name} is {chosen[path]} of {path.name}")
    taken: set[str] = set()
    out, files = [], {}
    for path in (first, *(p for p in books if p != first)):
        for sheet in named[path][1]:
            name = sheet.name
            while name in taken:
                name += "2"
            taken.add(name)
            files[name] = path
            out.append(replace(sheet, name=name))
    return Books(out, notes, files=files)


def _named(sheets: Sequence[Sheet], path: Path, kind_of: KindOf) -> tuple[str | None, list[Sheet]]:
    """Return the column that is the patient in the sheets of a workbook, and the sheets with it called patient_id."""
    tables = [s for s in sheets if kind_of(path, s) not in ("dictionary", "study")]
    ours = [s for s in tables if kind_of(path, s) in TABLES]
    if any(plain(c) == "patient_id" for s in sheets for c in s.header if c):
        return "patient_id", list(sheets)
    chosen = column_of_people(ours) or column_of_people(tables)
    return chosen, [
        replace(s, header=["patient_id" if c == chosen and chosen else c for c in s.header]) for s in sheets
    ]


def _people(sheets: Sequence[Sheet], *, path: Path, kind_of: KindOf, only: str | None = None) -> set[str]:
    """Return the patients that the tables of a workbook name."""
    out = set()
    for sheet in sheets:
        kind = kind_of(path, sheet)
        if "patient_id" not in sheet.header or kind not in TABLES or (only and kind != only):
            continue
        at = sheet.header.index("patient_id")
        out |= {str(row[at]).strip() for row in sheet.rows if at < len(row) and row[at] not in (None, "")}
    return out


def refusal(folder: Path, kind_of: KindOf) -> str | None:
    """Return why the workbooks below a folder are not read together and what helps; null where there are not several."""
    books = books_below(folder)
    if not books:
        return None
    found = one_delivery(folder, kind_of)
    why = found.refused if found else "none of them holds a table of patients that is known as one."
    if found and not why:
        return None
    return (
        f"{folder}: holds {len(books)} workbooks ({', '.join(p.name for p in books)}) that are not read together: {why} "
        "Put their sheets into one workbook (a sheet of patients with the index date, of samples, of results), under one "
        "name of the patient's id with the same ids, and import that."
    )
