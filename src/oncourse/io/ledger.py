"""What was understood of a source: per file and column how it was read, per left-out row why.

Every reader fills one `Ledger` (`Reading.ledger`). It decides nothing and is never empty by silence: a file or column
that is in no row of it was not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

#: What can become of a file or column: its values are in our tables under our name; kept under its own name; there,
#: but in no word or form known here; known and not read; nothing in it.
STATES = ("used", "kept", "not understood", "not read", "empty")
FILES = {"file": pl.String, "kind": pl.String, "state": pl.String, "n_rows": pl.Int64, "why": pl.String}
COLUMNS = {
    "file": pl.String, "column": pl.String, "state": pl.String, "became": pl.String, "n_values": pl.Int64,
    "why": pl.String,
}  # fmt: skip
ROWS = {
    "file": pl.String, "became": pl.String, "state": pl.String, "n": pl.Int64, "first_line": pl.Int64,
    "first": pl.String, "why": pl.String,
}  # fmt: skip


@dataclass
class Ledger:
    """Rows of three tables: files (`FILES`), columns (`COLUMNS`), and rows taken or left out (`ROWS`)."""

    files: list[tuple[object, ...]] = field(default_factory=list)
    columns: list[tuple[object, ...]] = field(default_factory=list)
    rows: list[tuple[object, ...]] = field(default_factory=list)

    def file(self, name: str, kind: str, state: str, *, n_rows: int | None = None, why: str = "") -> None:
        """Say what a file was taken for (`kind`, in words) and what became of it."""
        self.files.append((name, kind, _known(state), n_rows, why))

    def column(
        self, file: str, column: str, state: str, *, became: str = "", n: int | None = None, why: str = ""
    ) -> None:
        """Say what became of a column, INFO or FORMAT key: ``became`` is table.column where it is in a table."""
        self.columns.append((file, column, _known(state), became, n, why))

    def taken(self, file: str, became: str, n: int) -> None:
        """Say that `n` rows of a file are in the table `became`."""
        self.rows.append((file, became, "taken", n, None, "", ""))

    def left_out(
        self, file: str, n: int, why: str, *, became: str = "", line: int | None = None, first: str = ""
    ) -> None:
        """Say that `n` rows (or records) are in no table, why, and which is the first (line, identifier)."""
        if n:
            self.rows.append((file, became, "left out", n, line, first, why))

    def unread(self, file: str, names: Iterable[str], *, why: str = "no table holds it") -> None:
        """Say of several columns that they are known and not read."""
        for name in names:
            self.column(file, name, "not read", why=why)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return ``intake/files``, ``intake/columns`` and ``intake/rows``, each sorted."""
        parts = {"intake/files": (self.files, FILES), "intake/columns": (self.columns, COLUMNS),
                 "intake/rows": (self.rows, ROWS)}  # fmt: skip
        return {
            name: pl.DataFrame(rows, schema=schema, orient="row").unique().sort(list(schema), nulls_last=True)
            for name, (rows, schema) in parts.items()
        }

    def extend(self, other: Ledger) -> None:
        """Add the rows of another ledger."""
        self.files += other.files
        self.columns += other.columns
        self.rows += other.rows


def _known(state: str) -> str:
    if state not in STATES:
        raise ValueError(f"{state}: not a state of the ledger ({', '.join(STATES)})")
    return state
