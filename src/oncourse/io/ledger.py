"""What was understood of a source: per file and column how it was read, per left-out row why.

Every reader fills one `Ledger` (`Reading.ledger`). It decides nothing and is never empty by silence: a file or column
that is in no row of it was not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem
from oncourse.study.times import TIMES, is_plain, time_columns

#: What can become of a file or column: its values are in our tables under our name; kept under its own name; there,
#: but in no word or form known here; known and not read; nothing in it.
STATES = ("used", "kept", "not understood", "not read", "empty")
FILES = {"file": pl.String, "kind": pl.String, "state": pl.String, "n_rows": pl.Int64, "why": pl.String}
COLUMNS = {
    "file": pl.String,
    "column": pl.String,
    "state": pl.String,
    "became": pl.String,
    "n_values": pl.Int64,
    "why": pl.String,
}
ROWS = {
    "file": pl.String,
    "became": pl.String,
    "state": pl.String,
    "n": pl.Int64,
    "first_line": pl.Int64,
    "first": pl.String,
    "why": pl.String,
}


@dataclass
class Ledger:
    """Rows of three tables: files (`FILES`), columns (`COLUMNS`), and rows taken or left out (`ROWS`).

    ``times``: what is known of every time column (`oncourse.study.times`); None where that is not asked yet.
    """

    files: list[tuple[object, ...]] = field(default_factory=list)
    columns: list[tuple[object, ...]] = field(default_factory=list)
    rows: list[tuple[object, ...]] = field(default_factory=list)
    times: pl.DataFrame | None = None

    def with_times(self, tables: Mapping[str, pl.DataFrame], config: StudyConfig) -> None:
        """Record anchor, unit and resolution of every time column, where there is more to say than whole days."""
        if self.times is None:
            found = time_columns(tables, config)
            told = bool(self.files) or not is_plain(found)
            self.times = found if told and found.height else None

    def file(self, name: str, kind: str, state: str, *, n_rows: int | None = None, why: str = "") -> None:
        """Say what a file was taken for (`kind`, in words) and what became of it."""
        self.files.append((name, kind, _known(state), n_rows, why))

    def column(
        self, file: str, column: str, state: str, *, became: str = "", n: int | None = None, why: str = ""
    ) -> None:
        """Say what became of a column, INFO or FORMAT key: ``became`` is table.column where it is in a table."""
        self.columns.append((file, column, _known(state), became, n, why))

    def columns_of(self, file: str, frame: pl.DataFrame, became: Mapping[str, str]) -> None:
        """Say of every column of a table whether it is used: ``became``, column -> what it is or is worked out into."""
        for column in frame.columns:
            n = len(frame) - frame[column].null_count()
            state = "not read" if column not in became else "used" if n else "empty"
            why = "" if column in became else "no column of its kind that is used"
            self.column(file, column, state, became=became.get(column, ""), n=n, why=why)

    def taken(self, file: str, became: str, n: int) -> None:
        """Say that `n` rows of a file are in the table `became`."""
        self.rows.append((file, became, "taken", n, None, "", ""))

    def left_out(
        self, file: str, n: int, why: str, *, became: str = "", line: int | None = None, first: str = ""
    ) -> None:
        """Say that `n` rows (or records) are in no table, why, and which is the first (line, identifier)."""
        if n:
            self.rows.append((file, became, "left out", n, line, first, why))

    def doubted(
        self, file: str, n: int, why: str, *, became: str = "", line: int | None = None, first: str = ""
    ) -> None:
        """Say that `n` of the rows that are taken hold what is not understood, why, and which is the first."""
        if n:
            self.rows.append((file, became, "not understood", n, line, first, why))

    def unread(self, file: str, names: Iterable[str], *, why: str = "no table holds it") -> None:
        """Say of several columns that they are known and not read."""
        for name in names:
            self.column(file, name, "not read", why=why)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return ``intake/files``, ``intake/columns``, ``intake/rows`` and, where known, ``intake/times``, each sorted."""
        parts = {
            "intake/files": (self.files, FILES),
            "intake/columns": (self.columns, COLUMNS),
            "intake/rows": (self.rows, ROWS),
        }
        out = {
            name: pl.DataFrame(rows, schema=schema, orient="row").unique().sort(list(schema), nulls_last=True)
            if rows
            else pl.DataFrame(schema=schema)
            for name, (rows, schema) in parts.items()
        }
        return out if self.times is None else {**out, "intake/times": self.times}

    def problems(self) -> list[Problem]:
        """Return warnings about files that are not read and unknown, and columns that are not understood."""
        out = []
        for file, kind, state, _, why in self.files:
            if state == "not understood" or (state == "not read" and kind == "unknown"):
                cure = "Give it in a format that is read (`oncourse import --help`), or leave it out of the folder."
                out.append(Problem(str(file), None, None, None, f"the file is not read: {why}.", cure, "warning"))
        for file, column, state, _, n, why in self.columns:
            if state == "not understood":
                cure = "Correct the words, or leave the column out."
                said = f"the column is not understood ({why})" + (f": {n:,} values." if n else ".")
                out.append(Problem(str(file), None, str(column), None, said, cure, "warning"))
        return list(dict.fromkeys(out))

    def lost(self) -> list[str]:
        """Return file, number and reason of rows that are in no table, in words; rows that only repeat others are not
        lost."""
        return [
            f"{file}: {n:,} rows ({why}" + (f"; first: {first})" if first else ")")
            for file, _, state, n, _, first, why in self.rows
            if state == "left out" and not re.search(r"joined|repeats|remark|stained|NON_REF", str(why))
        ]

    def extend(self, other: Ledger) -> None:
        """Add the rows of another ledger."""
        self.files += other.files
        self.columns += other.columns
        self.rows += other.rows
        self.times = other.times if self.times is None else self.times


def write_ledger(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write ``tables/intake/*.tsv`` into a folder that is there."""
    for name, frame in tables.items():
        path = folder / "tables" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = [pl.col(c).str.replace_all(r"[\t\r\n]+", " ") for c, t in frame.schema.items() if t == pl.String]
        frame.with_columns(texts).write_csv(path, separator="\t", quote_style="never", null_value="")


def read_ledger(folder: Path) -> Ledger:
    """Read what `write_ledger` wrote; an empty ledger where there is none."""
    out = Ledger()
    for name, schema, rows in (
        ("files", FILES, out.files),
        ("columns", COLUMNS, out.columns),
        ("rows", ROWS, out.rows),
    ):
        path = folder / f"{name}.tsv"
        if path.is_file():
            frame = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
            if set(schema) <= set(frame.columns):
                typed = frame.select(
                    pl.col(c).fill_null("") if t == pl.String else pl.col(c).cast(t, strict=False)
                    for c, t in schema.items()
                )
                rows.extend(typed.iter_rows())
    if (path := folder / "times.tsv").is_file():
        frame = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
        if set(TIMES) <= set(frame.columns):
            out.times = frame.select(pl.col(c).cast(t, strict=False) for c, t in TIMES.items())
    return out


def _known(state: str) -> str:
    if state not in STATES:
        raise ValueError(f"{state}: not a state of the ledger ({', '.join(STATES)})")
    return state
