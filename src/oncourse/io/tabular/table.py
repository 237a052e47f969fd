"""A table of text with the place of each row, whatever file it stood in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from oncourse.study.schema import Problem


@dataclass(frozen=True)
class TextTable:
    """A file as read: cells as text (null = empty), and where each row stood.

    ``lines`` holds the file's line number of each row (the first is 1); ``comments`` the lines above the header.
    A table that could not be read has no columns and says why in ``problems``.
    """

    frame: pl.DataFrame
    lines: pl.Series
    comments: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def first_row(self) -> int:
        """Line of the first row."""
        return int(self.lines[0]) if len(self.lines) else 2

    @property
    def has_errors(self) -> bool:
        """Whether a problem is an error."""
        return any(p.severity == "error" for p in self.problems)

    def renumber(self, problems: Sequence[Problem], first_row: int = 2) -> list[Problem]:
        """Return the problems with row numbers counted from `first_row` turned into lines of the file."""
        out = []
        for problem in problems:
            if problem.row is not None and 0 <= problem.row - first_row < len(self.lines):
                line = int(self.lines[problem.row - first_row])
                problem = Problem(**{**problem.__dict__, "row": line})
            out.append(problem)
        return out


def column_names(cells: list[str], name: str, line_no: int, problems: list[Problem]) -> list[str]:
    """Return the column names; a missing or repeated one is a problem and gets a name of its own."""
    seen: Counter[str] = Counter()
    header = []
    for number, cell in enumerate(cells, 1):
        if not cell:
            # R and pandas write the numbers of the rows under no name
            is_index = number == 1 and len(cells) > 2
            message, cure = f"column {number} has no name.", "Name it in the header line, or remove it."
            cell = "row_number" if is_index else f"column_{number}"
            if is_index:
                message, cure = f"{message[:-1]}: read as {cell}.", "Write the table without row numbers."
            problems.append(Problem(name, line_no, None, None, message, cure, "warning" if is_index else "error"))
        seen[cell] += 1
        if seen[cell] > 1:
            is_value = bool(re.fullmatch(r"[\d.,+-]+|[ACGT]", cell))
            cure = "Rename one of them, or remove the copy."
            cure = "Is the line with the names of the columns missing? Add it." if is_value else cure
            problems.append(Problem(name, line_no, cell, None, f"the column {cell} is there twice.", cure))
            cell = f"{cell}_{seen[cell]}"
        header.append(cell)
    return header
