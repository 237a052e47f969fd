"""A table of samples with their days, and with what is known of their patients: the two sheets it would be in a workbook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from oncourse.io.clinical.columns_of_ids import ids_among
from oncourse.io.clinical.own_headers import our_headers
from oncourse.io.hospital.text_sheets import text_sheet
from oncourse.io.tabular.sheets import Sheet
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES, date_name
from oncourse.study.words import plain

_ENDS, _MOST = (".csv", ".tsv", ".txt"), 1 << 24
#: Columns of ours that say when: without one the table is read as a clinical table of samples (SAMPLE_ID, SAMPLE_TYPE ...).
_OF_SAMPLES = ("day", "date")
_OF_PEOPLE = ("index_date", "last_contact_date", "death_date", "recurrence_date", "last_contact_day", "death_day")


#: What TCGA's clinical tables write where nothing is known; their columns are read by `oncourse.io.clinical.tables`.
_OF_TCGA = re.compile(r"\[(?:Not (?:Available|Applicable|Evaluated)|Unknown|Discrepancy|Completed)\]")
#: Rows in which such a cell is looked for.
_LOOK = 50


def sheets_of_samples(path: Path) -> tuple[list[Sheet], list[Problem]]:
    """Return a table of text of samples as sheets ``patients`` and ``samples``, and what is told of it; none of a table
    without samples and their patients, that says nothing of days, that begins as cBioPortal's do, or that writes what is
    not known as TCGA does.

    A column that is in neither table of ours is the samples' where it differs between those of a patient. What two rows
    say differently of a patient is not known, and told.
    """
    if path.suffix.lower() not in _ENDS or not path.is_file() or path.stat().st_size > _MOST:
        return [], []
    with path.open("rb") as file:
        if file.read(1) == b"#":
            return [], []
    sheet, told = text_sheet(path)
    if sheet is None or any(_OF_TCGA.fullmatch(c) for row in sheet.rows[:_LOOK] for c in row if isinstance(c, str)):
        return [], []
    ours = _ours(sheet.header)
    at = {name: n for n, name in enumerate(ours) if name}
    if not {"sample_id", "patient_id"} <= set(at) or not {*_OF_SAMPLES, *_OF_PEOPLE} & set(at):
        return [], []
    ids = [_cell(row, at["sample_id"]) for row in sheet.rows]
    if None in ids or len(set(ids)) < len(ids):
        return [], []
    people: dict[str, list[int]] = {}
    for n, row in enumerate(sheet.rows):
        if patient := _cell(row, at["patient_id"]):
            people.setdefault(patient, []).append(n)
    of_people = [n for n in range(len(sheet.header)) if _is_of_people(n, ours, sheet, people)]
    patients, problems = _patients(path, sheet, at["patient_id"], of_people, people)
    kept = [n for n in range(len(sheet.header)) if n not in of_people]
    rows = [[_cell(row, n) for n in kept] for row in sheet.rows]
    samples = Sheet("samples", [ours[n] or sheet.header[n] for n in kept], rows, sheet.lines)
    return [patients, samples], [*told, *problems]


def _ours(header: Sequence[str]) -> list[str | None]:
    """Return our name of each column: of patients and their follow-up, else of samples; null where it is in neither."""
    known = {t: {*TABLES[t].by_name, *(date_name(c) for c in TABLES[t].by_name)} for t in TABLES}
    people, samples = known["patients"] | known["follow_up"], known["samples"] | {"date", "role", "site"}
    named = our_headers([c for c in header if c], "samples") | {
        c: o for c, o in our_headers([c for c in header if c], "patients").items() if o in people and o != "patient_id"
    }
    ids = {c: n for c, n in ids_among(header).items() if n not in {*named.values(), *map(plain, header)}}
    named = ids | named
    out: list[str | None] = []
    for column in header:
        name = named.get(column, plain(column).replace(" ", "_"))
        out.append(name if name in people | samples and name not in out else None)
    return out


def _is_of_people(n: int, ours: Sequence[str | None], sheet: Sheet, people: Mapping[str, list[int]]) -> bool:
    name = ours[n]
    if name is not None:
        of = TABLES["patients"].by_name.keys() | TABLES["follow_up"].by_name.keys()
        return name not in ("patient_id", "sample_id") and (name in of or name in {date_name(c) for c in of})
    several = [{_cell(sheet.rows[r], n) for r in rows} for rows in people.values() if len(rows) > 1]
    return bool(several) and all(len(words) == 1 for words in several)


def _cell(row: Sequence[str | None], n: int) -> str | None:
    return (row[n] or "").strip() or None if n < len(row) else None


def _patients(
    path: Path, sheet: Sheet, owner: int, columns: Sequence[int], people: Mapping[str, list[int]]
) -> tuple[Sheet, list[Problem]]:
    rows: list[list[str | None]] = []
    apart: dict[int, list[str]] = {}
    for patient, at in people.items():
        said = [list(dict.fromkeys(w for r in at if (w := _cell(sheet.rows[r], n)))) for n in columns]
        for n, words in zip(columns, said, strict=True):
            if len(words) > 1:
                apart.setdefault(n, []).append(patient)
        rows.append([patient, *(words[0] if len(words) == 1 else None for words in said)])
    problems = []
    for n, patients in apart.items():
        message = (
            f"{len(patients):,} patients have several values of {sheet.header[n]} (first: {patients[0]}): not known."
        )
        cure = "Write the same in every row of a patient, or in a table of patients."
        problems.append(Problem(path.name, None, sheet.header[n], patients[0], message, cure, "warning"))
    lines = [sheet.lines[at[0]] for at in people.values()]
    return Sheet("patients", [sheet.header[owner], *(sheet.header[n] for n in columns)], rows, lines), problems
