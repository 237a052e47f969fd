"""Study -> one workbook (.xlsx), a sheet per table and its settings; `oncourse import workbook` reads it back the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
import yaml

from oncourse.errors import InputError
from oncourse.io.native import writable
from oncourse.study.config import StudyConfig, config_to_yaml
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

#: Rows of a sheet below its header (Excel's limit).
MOST_ROWS = 1_048_575
_BORN = dt.datetime(2026, 1, 1)  # the same study, the same bytes


def export_workbook(study: Study, path: Path) -> dict[str, int]:
    """Write every table that holds a row to a new workbook; return sheet -> rows.

    Texts are written as texts (a gene MARCH1 stays one), numbers with all their digits, an unknown as an empty cell.

    Raises
    ------
    InputError : a table has more rows than a sheet can hold
    """
    import xlsxwriter

    tables = {name: study[name] for name in TABLES if study.has(name)}
    long = {name: frame.height for name, frame in tables.items() if frame.height > MOST_ROWS}
    if long:
        told = ", ".join(f"{name} ({n:,})" for name, n in long.items())
        raise InputError(f"a sheet holds {MOST_ROWS:,} rows at most; there are more in {told}. Export another format.")
    written = {}
    parts = tempfile.TemporaryDirectory(prefix=f"{path.name}-", dir=path.parent)  # cleared with the draft of a dead run
    options = {"constant_memory": True, "nan_inf_to_errors": False, "tmpdir": parts.name}
    with parts, xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": study.config.title or "oncourse study", "created": _BORN})
        sheet = book.add_worksheet("study")
        for row, (key, value) in enumerate(_settings(study.config)):
            sheet.write_string(row, 0, key)
            sheet.write_string(row, 1, value)
        for name, frame in tables.items():
            frame = writable(frame, {c.name for c in TABLES[name].columns if c.required})
            sheet = book.add_worksheet(name)
            for at, column in enumerate(frame.columns):
                sheet.write_string(0, at, column)
            for row, cells in enumerate(_cells(frame).iter_rows(), 1):
                for at, value in enumerate(cells):
                    if value is not None:
                        (sheet.write_string if isinstance(value, str) else sheet.write_number)(row, at, value)
            written[name] = frame.height
    return written


def _cells(frame: pl.DataFrame) -> pl.DataFrame:
    """True and false as words; every other cell as it is."""
    truths = [c for c, t in frame.schema.items() if t == pl.Boolean]
    return frame.with_columns(pl.col(c).cast(pl.String) for c in truths)


def _settings(config: StudyConfig) -> list[tuple[str, str]]:
    """The settings of study.yaml, one a row; lists and tables in YAML's short form."""
    known = {field.name for field in dataclasses.fields(StudyConfig)}
    out = [("setting", "value")]
    for key, value in (yaml.safe_load(config_to_yaml(config)) or {}).items():
        if key in known:
            flow = yaml.safe_dump(value, default_flow_style=True, width=100_000, allow_unicode=True).strip()
            out.append((key, value if isinstance(value, str) else flow.removesuffix("\n...")))
    return out
