"""What the readers of clinical formats share: rows gathered into our tables, what was read told in the ledger."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import InputError
from oncourse.io.clinical.own_vital import undated
from oncourse.io.clinical.words import NO_VALUE
from oncourse.io.reading import Reading
from oncourse.io.tabular.text import read_table
from oncourse.study.codes import is_code
from oncourse.study.config import StudyConfig
from oncourse.study.procedures import procedure_of
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES
from oncourse.study.words import plain

Row = Mapping[str, str]


#: Words of a diagnosis that say it is a metastasis (SNOMED CT, ICD-10); "metastatic cancer of the prostate" is the primary,
#: "non-metastatic" and "no metastases" deny one.
NOT_DENIED = r"(?<!no )(?<!non[- ])(?<!non)(?<!without )"
METASTASIS_WORDS = (
    rf"{NOT_DENIED}metasta(sis|ses)\b|{NOT_DENIED}metastatic\b[^,;]*\bto\b|secondary malignan|"
    r"secondary (neoplasm|cancer|tumou?r)|(?<![无未见])转移(?!性)|继发恶性|继发性恶性"
)
#: Words of a diagnosis that is a cancer.
CANCER_WORDS = (
    r"(?i)cancer|carcinom|neoplas|tumou?r|malignan|sarcoma|lymphoma|leuka?em|melanoma|glioma|癌|瘤|恶性|白血病"
)
#: Tables whose dates say that a patient was seen.
SEEN = ("labs", "treatments", "procedures", "assessments", "target_lesions", "samples", "adverse_events")
_ORGANS = {
    "liver": r"liver|hepat|肝",
    "lung": r"lung|pulmon|肺",
    "bone": r"\bbone|skelet|osse|骨",
    "brain": r"brain|cerebr|脑",
    "peritoneum": r"periton|腹膜|omentum",
    "lymph node": r"lymph|nod(e|al)|淋巴",
}


def organ_of(words: str | None) -> str | None:
    """Return the organ that the words of a metastasis name, else the words.

    >>> organ_of("Secondary malignant neoplasm of liver"), organ_of("肺转移"), organ_of("metastasis to the eye")
    ('liver', 'lung', 'metastasis to the eye')
    """
    low = (words or "").lower()
    return next((organ for organ, pattern in _ORGANS.items() if re.search(pattern, low)), words)


@dataclass
class Source:
    """A table of the source: rows without empty cells, names in lower case; remembers which columns were asked for."""

    name: str
    rows: list[dict[str, str]]
    columns: list[str]
    used: set[str] = field(default_factory=set)
    not_numbers: dict[str, list[str]] = field(default_factory=dict)

    def get(self, row: Row, *names: str) -> str | None:
        """Return the first of several cells that is there."""
        self.used.update(names)
        return next((row[n] for n in names if n in row), None)

    def number(self, row: Row, *names: str) -> float | None:
        """Return the first of several cells as a number; None where it is none, which is counted in `not_numbers`."""
        cell = self.get(row, *names)
        try:
            value = float(cell) if cell is not None else None
        except ValueError:
            value = None
        if cell is not None and (value is None or not isfinite(value)):
            self.not_numbers.setdefault(" or ".join(names), []).append(cell)
            return None
        return value


class Asked(dict[str, Any]):
    """An object of a JSON document that remembers, in a set it shares with others, which of its keys were asked for."""

    def __init__(self, content: Mapping[str, Any], asked: set[str], prefix: str = ""):
        super().__init__(content)
        self.asked, self.prefix = asked, prefix

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(self.prefix + key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(self.prefix + key)
        return super().__getitem__(key)


def deep(value: Any, asked: set[str], prefix: str = "") -> Any:
    """Return a JSON value whose objects, at every depth, are `Asked`; keys are paths (``subject.vitalStatus.status``)."""
    if isinstance(value, list):
        return [deep(item, asked, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    return Asked({key: deep(item, asked, f"{prefix}{key}.") for key, item in value.items()}, asked, prefix)


@dataclass
class Document:
    """A JSON file: how many objects hold each of its fields (``Patient.gender``)."""

    name: str
    n: int = 0
    fields: Counter[str] = field(default_factory=Counter)

    def count(self, content: Mapping[str, Any], prefix: str = "") -> None:
        """Count the fields of one object that are not empty."""
        self.n += 1
        self.fields.update(prefix + key for key, value in content.items() if value not in (None, "", [], {}))

    def count_deep(self, content: Any, prefix: str = "") -> None:
        """Count the values of one object at every depth by their path."""
        for item in content if isinstance(content, list) else [content]:
            for key, value in item.items() if isinstance(item, dict) else ():
                if isinstance(value, dict | list):
                    self.count_deep(value, f"{prefix}{key}.")
                elif value not in (None, ""):
                    self.fields[prefix + key] += 1


@dataclass
class Gather:
    """Rows of our tables as they are read, and the days on which each patient was seen."""

    title: str
    index: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    last_seen: dict[str, str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    lesions: dict[str, int] = field(default_factory=dict)

    def table(self, path: Path) -> Source:
        """Read a file (text of any kind, workbook, SAS transport) and remember it for the ledger."""
        if path.name.lower().endswith(".xpt"):
            from oncourse.io.tabular.xport import read_xport

            frame = read_xport(path).select(pl.all().cast(pl.String).str.strip_chars())
        else:
            read = read_table(path, lenient=True)
            self.problems += read.problems
            frame = read.frame
        names = [c.strip().lower() for c in frame.columns]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise InputError(f"{path.name}: column {', '.join(twice)} is there twice. Keep one.")
        frame.columns = names
        empty = {n.lower() for n in NO_VALUE} | {"'--"}
        rows = [
            {k: v.strip() for k, v in row.items() if v is not None and v.strip().lower() not in empty}
            for row in frame.iter_rows(named=True)
        ]
        source = Source(path.name, rows, frame.columns)
        self.sources.append(source)
        return source

    def add(self, table: str, **cells: Any) -> None:
        """Add a row to a table of ours; its dates say when the patient was seen."""
        self.rows.setdefault(table, []).append(cells)
        if table in SEEN:
            for name, value in cells.items():
                if name.endswith("date") and isinstance(value, str):
                    self.saw(cells.get("patient_id"), value)

    def metastasis(self, patient: str, *, site: str | None, found_date: str) -> None:
        """Add a lesion of a patient: a metastasis that a diagnosis names."""
        self.saw(patient, found_date)
        self.add(
            "lesions",
            lesion_id=self.next_lesion(patient),
            patient_id=patient,
            role="metastasis",
            site=organ_of(site),
            found_date=found_date,
        )

    def next_lesion(self, patient: str, role: str = "metastasis") -> str:
        """Return the id of a patient's next lesion: P_M1, P_M2 ... (P_R1 of a local recurrence)."""
        n = self.lesions[patient] = self.lesions.get(patient, 0) + 1
        return f"{patient}_{'R' if role == 'local_recurrence' else 'M'}{n}"

    def saw(self, patient: str | None, date: str | None) -> None:
        """Remember that a patient was alive on a whole date."""
        if patient and date and len(date) >= 10 and not is_code(date):
            self.last_seen[patient] = max(date[:10], self.last_seen.get(patient, ""))

    def skip(self, file: str, table: str, why: str, who: str | None) -> None:
        """Say that a row is left out, and why."""
        self.left_out.setdefault((file, table, why), []).append(who or "")

    def finish(self) -> Reading:
        """Return the Reading: tables as text, samples and calls empty where the source has none, the ledger filled."""
        reading = Reading({}, StudyConfig(title=self.title, index=self.index), foreign=True)
        self._undated_deaths()
        self._sites_of_operations()
        reading.notes, reading.problems = self.notes, self.problems
        for name, rows in self.rows.items():
            columns = list(dict.fromkeys(key for row in rows for key in row))
            data = {c: [None if row.get(c) is None else str(row[c]) for row in rows] for c in columns}
            reading.tables[name] = pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String)).unique(
                maintain_order=True
            )
        if not reading.tables.get("patients", pl.DataFrame()).height:
            raise InputError(f"{self.title}: no patient was found in it.")
        for name in ("samples", "calls"):
            if name not in reading.tables:
                reading.tables[name] = TABLES[name].empty()
        if not reading.tables["calls"].height:
            reading.notes.append("the source holds no sequencing calls: calls are empty.")
        for source in self.sources:
            for column, cells in source.not_numbers.items():
                message = f"'{cells[0][:40]}' is no number"
                message += f", nor are {len(cells) - 1:,} more" if len(cells) > 1 else ""
                where = Problem(source.name, None, column, cells[0], f"{message}: not read.", severity="warning")
                reading.problems.append(where)
            reading.ledger.file(source.name, self.title, "used" if source.used else "not read", n_rows=len(source.rows))
            for column in source.columns:
                n = sum(column in row for row in source.rows)
                state = "empty" if not n else "used" if column in source.used else "not read"
                reading.ledger.column(source.name, column, state, n=n)
        for document in self.documents:
            reading.ledger.file(document.name, self.title, "used" if document.n else "not read", n_rows=document.n)
            for name, n in sorted(document.fields.items()):
                reading.ledger.column(document.name, name, "used" if name in self.asked else "not read", n=n)
        for (file, table, why), who in self.left_out.items():
            reading.ledger.left_out(file, len(who), why, became=table, first=who[0])
            reading.notes.append(f"{len(who):,} rows of {file} are left out: {why} (first: {who[0]})")
        return reading

    def _sites_of_operations(self) -> None:
        """Put procedures into our words; the operation tells the site of a primary of which nothing else does."""
        told: dict[str, str] = {}
        for row in self.rows.get("procedures", []):
            found = procedure_of(row.get("kind"))
            row["kind"] = found.kind if found else plain(str(row["kind"]))
            if found and found.primary_site:
                told.setdefault(str(row["patient_id"]), found.primary_site)
        filled = [r for r in self.rows.get("patients", []) if not r.get("primary_site") and r["patient_id"] in told]
        for row in filled:
            row["primary_site"] = told[row["patient_id"]]
        if filled:
            first = filled[0]["patient_id"]
            self.notes.append(
                f"the site of the primary of {len(filled):,} patients is that of its operation (first: {first})"
            )

    def _undated_deaths(self) -> None:
        """Say who is dead on no day: the day somebody was last seen is no day of death, it is the first it may have been."""
        on_no_day = [
            row
            for row in self.rows.get("follow_up", [])
            if str(row.get("is_dead")).lower() == "true" and not row.get("death_date") and row.get("death_day") is None
        ]
        for row in on_no_day:
            for unit in ("date", "day"):
                if row.get(f"last_contact_{unit}") is not None:
                    row[f"death_earliest_{unit}"] = row[f"last_contact_{unit}"]
        if on_no_day:
            self.problems.append(undated(str(on_no_day[0]["patient_id"]), len(on_no_day)))


def files_of(path: Path, *ends: str, needs: str = "") -> dict[str, Path]:
    """Return name in lower case without suffix -> file of a folder (or of the file itself).

    InputError where the one that it needs is not among them.
    """
    paths = sorted(path.iterdir()) if path.is_dir() else [path]
    out: dict[str, Path] = {}
    for file in paths:
        name = file.name.lower().removesuffix(".gz")
        suffix = next((e for e in ends if name.endswith(e)), None)
        if suffix and file.is_file():
            out.setdefault(name.removesuffix(suffix), file)
    if needs and needs not in out:
        raise InputError(
            f"{path.name}: holds no file {needs}{ends[0]}, without which nobody of it is known. Add it to the folder."
        )
    return out


def looks_like(path: Path, words: Iterable[str], size: int = 4096) -> bool:
    """Whether the beginning of a text file holds one of these words."""
    with path.open("rb") as file:
        head = file.read(size).decode("utf-8", errors="replace")
    return any(word in head for word in words)


def walk(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object inside a JSON value, outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)
