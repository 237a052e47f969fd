"""What every reader returns: tables as they stand in the source, before they are checked."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem


@dataclass
class Reading:
    """The tables of one source, named as in `oncourse.study.tables`.

    ``tables`` hold text or typed columns; ``first_row`` is the line of the file that holds a table's first
    row (2 where it is not named); ``notes`` say what the reader did that a reader of the report must know.
    """

    tables: dict[str, pl.DataFrame]
    config: StudyConfig
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    first_row: dict[str, int] = field(default_factory=dict)
