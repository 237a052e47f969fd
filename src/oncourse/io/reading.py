"""What every reader returns: tables as they stand in the source, before they are checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import polars as pl

from oncourse.genome.annotate import Reference
from oncourse.io.ledger import Ledger
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem


@dataclass
class Reading:
    """The tables of one source, named as in `oncourse.study.tables`.

    ``tables`` hold text or typed columns; ``first_row`` is the line of the file that holds a table's first
    row (2 where it is not named); ``notes`` say what the reader did that a reader of the report must know.
    ``lines`` holds, where rows are not simply one after the other, the line of each row; ``sources`` the file a
    table was made from, where its name is another. ``ledger`` says of each file, column and left-out row what became
    of it; ``foreign`` whether it is in another format than ours, whose bad rows are set aside (`oncourse.io.aside`);
    ``listed`` sample -> assay where a report lists the genes that were looked at; ``facts`` sample -> column of samples
    -> value, where the rows of a report hold them;
    ``other_build``: the genome build that the source says where it is none of those known here (hg18, T2T);
    ``relatives``: samples of a patient's relatives, which are left out;
    ``reference``: the genome and gene models that name the variants, where the user gives them;
    ``descriptions`` how the source's own header describes a column (name in capitals).
    """

    tables: dict[str, pl.DataFrame]
    config: StudyConfig
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    first_row: dict[str, int] = field(default_factory=dict)
    lines: dict[str, pl.Series] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    descriptions: dict[str, str] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    foreign: bool = False
    other_build: str | None = None
    relatives: set[str] = field(default_factory=set)
    reference: Reference | None = None

    def leave_out(self, withdrawn: pl.DataFrame) -> None:
        """Drop every row of the patients and samples listed (patient_id, sample_id, reason)."""
        whole = pl.col("sample_id").is_null()
        patients = withdrawn.filter(whole)["patient_id"].drop_nulls()
        samples = withdrawn["sample_id"].drop_nulls()
        if "samples" in self.tables and {"patient_id", "sample_id"} <= set(self.tables["samples"].columns):
            owned = self.tables["samples"].filter(_text("patient_id").is_in(patients.implode()))
            samples = pl.concat([samples, owned.select(_text("sample_id"))["sample_id"].drop_nulls()])
        gone = {"patient_id": patients, "sample_id": samples}
        for name, frame in self.tables.items():
            hits = [_text(c).is_in(ids.implode()).fill_null(False) for c, ids in gone.items() if c in frame.columns]
            if not hits:
                continue
            stays = frame.select(~pl.any_horizontal(hits)).to_series()
            lines = self.lines.get(name)
            if lines is not None and len(lines) != frame.height:  # rows were added that stand in no line
                self.tables[name] = frame.filter(stays)
                del self.lines[name]
                continue
            if lines is None:
                first = self.first_row.get(name, 2)
                lines = pl.int_range(first, first + frame.height, eager=True)
            self.tables[name], self.lines[name] = frame.filter(stays), lines.filter(stays)

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return the problems of the checked tables with rows as lines of the source files, and their names."""
        out = []
        for problem in problems:
            lines, index = self.lines.get(problem.table), None
            if problem.row is not None:
                index = problem.row - self.first_row.get(problem.table, 2)
            if lines is not None and index is not None and 0 <= index < len(lines):
                problem = replace(problem, row=int(lines[index]))
            if source := self.sources.get(problem.table):
                where = f"{source}, {problem.where}" if problem.where else source
                if lines is None and problem.row is not None:  # a row of ours, in no file: the ids say which
                    problem = replace(problem, row=None)
                problem = replace(problem, where=where)
            out.append(problem)
        return out


def _text(column: str) -> pl.Expr:
    """Return a column of ids as they are compared: text without blanks around it."""
    return pl.col(column).cast(pl.String).str.strip_chars()
