"""Tables of text that are what the sheets of a workbook are: a folder of them (患者.csv, 随访.csv), or one table of patients
with their follow-up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from oncourse.io.clinical.columns_of_ids import ids_among
from oncourse.io.clinical.own_headers import our_headers
from oncourse.io.clinical.own_people import speaks_of_people
from oncourse.io.tabular import sheets as raw
from oncourse.io.tabular.sheets import Sheet
from oncourse.io.tabular.text import read_table
from oncourse.study.headers import items_alone
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES
from oncourse.study.words import meaning, plain

_ENDS = (".csv", ".tsv", ".txt")
#: More files are no folder of tables; bytes and lines by which a table of patients is told, and the most it has.
_MOST_SHEETS, _HEAD, _TITLES, _MOST = 40, 16_384, 10, 1 << 26
_PATIENTS = re.compile(
    r"(?i)patient|subject|participant|case|record|\bid\b|\bmrn\b|\bhosp|\bpt\b|患者|病人|住院|病案|登记|编号|受试者|病历"
)


_BETWEEN = re.compile(r"[\s_\-.()（）【】]+")
#: Parts of a file's name that say nothing of what is in it.
_SAYS_NOTHING = re.compile(r"\d+|\d+年?\d*月?\d*日?|v\d*|final|export|new|latest|最终|最终版|终版|导出|最新|新|更新")
#: Tables that the readers of calls read, a clinical table beside them.
_OF_CALLS = {"calls", "variants", "segments", "gene_copy_number", "fusions"}


def table_of(name: str) -> str | None:
    """Return the table a sheet or file is named after; None where it is no table of ours.

    A number, a day or a version in the name says nothing, nor does what stands before the table's own word, unless it
    holds a number (a patient) or is a table, too:

    >>> [table_of(n) for n in ("Follow-up", "患者表2", "psa_2020", "patients 2024-05-01 final", "mCRPC_PSA", "P01_PSA")]
    ['follow_up', 'patients', 'labs', 'patients', 'labs', None]
    """
    words = re.sub(r"^\s*\d{1,2}\s*[.、_-]\s*|[\s_-]*(?:表|table|sheet|data)?\s*\d?$", "", plain(name))
    parts = [re.sub(r"^\d{4}年|\d{4,8}年?$", "", p) for p in _BETWEEN.split(plain(name))]
    parts = [p for p in parts if p and not _SAYS_NOTHING.fullmatch(p)]
    for word in (plain(name), words, " ".join(parts)):
        if known := _table(word):
            return known
    if len(parts) == 2 and not any(c.isdigit() for c in parts[0]) and not _table(parts[0]):
        return _table(parts[1])
    return None


def _table(word: str) -> str | None:
    under = re.sub(r"[\s-]+", "_", word)
    return under if under in TABLES else meaning("table", word) or meaning("sheet", word)


def text_sheet(path: Path) -> tuple[Sheet | None, Sequence[Problem]]:
    """Return a table of text as a sheet named after its file, and what is told of it; None where it is no whole table.

    Lines of a title may stand above its header.
    """
    table = read_table(path, lenient=True)
    if not table.has_errors:
        rows = [list(row) for row in table.frame.iter_rows()]
        return Sheet(path.stem, table.frame.columns, rows, table.lines.to_list(), table.comments), table.problems
    if len(table.frame.columns) < 2:  # the first line is a title
        return raw.sheet_of_text(path), ()
    return None, table.problems


def folder_sheets(folder: Path) -> list[Path]:
    """Return the files of a folder of text tables that are named as the sheets of a workbook would be, the patients among
    them; none of any other folder, and of one with calls."""
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith((".", "~", "study.y"))]
    if not files or len(files) > _MOST_SHEETS or any(p.suffix.lower() not in _ENDS for p in files):
        return []
    named = {p: name for p in files if (name := table_of(p.stem))}
    if "patients" not in named.values() or _OF_CALLS & set(named.values()):
        return []
    return list(named) if 1 < len(named) > len(files) / 2 else []


def flat_sheet(path: Path) -> tuple[Sheet | None, Sequence[Problem]]:
    """Return a table of text of patients with their follow-up (it speaks of when they fell ill, were seen or died) as a
    sheet, and what is told of it; None of any other file, and where it names samples."""
    if path.suffix.lower() not in _ENDS or not path.is_file() or path.stat().st_size > _MOST:
        return None, ()
    with path.open("rb") as file:
        lines = file.read(_HEAD).splitlines()[:_TITLES]
    texts = [line.decode(code, errors="ignore") for line in lines for code in ("utf-8", "gb18030", "utf-16")]
    cells = ([c.strip(' "\ufeff') for c in re.split("[,;\t]", text)] for text in texts if _PATIENTS.search(text))
    if not any(map(speaks_of_people, cells)):  # a large file of another kind is not read for it
        return None, ()
    sheet, told = text_sheet(path)
    if sheet is None or not speaks_of_people([c for c in sheet.header if c]) or not has_each_once(sheet, "patients"):
        return None, ()
    named = {*ids_among(sheet.header).values(), *our_headers(sheet.header, "samples").values()}
    if "sample_id" in named:
        return None, ()
    return replace(sheet, name="patients"), told  # whatever the file is called


def has_each_once(sheet: Sheet, name: str) -> bool:
    """Whether the column of the patients' ids holds each of them once."""
    header = items_alone(sheet.header)
    named = our_headers([c for c in header if c], name)
    at = next((i for i, c in enumerate(header) if named.get(c, c) == "patient_id"), None)
    ids = [] if at is None else [row[at] for row in sheet.rows if at < len(row) and row[at]]
    return bool(ids) and len(set(ids)) == len(ids)
