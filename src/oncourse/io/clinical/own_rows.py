"""What stands among the rows of a hospital's sheet and is none: units, totals, remarks, the names again, a second table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from oncourse.io.clinical.own_headers import columns_of, our_headers
from oncourse.io.tabular.remarks import remarks
from oncourse.io.tabular.table import TextTable
from oncourse.study.headers import bare
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES

#: A cell that is a unit, a kind of value or a format, in brackets or bare: (岁), ng/ml, 10^9/L, YYYY-MM-DD, 1=男.
_UNIT = re.compile(
    r"[(（\[]?\s*(?:岁|周岁|年|月|天|日|周|分|次|例|个|kg|cm|mm|m2|m²|years?|months?|days?|weeks?|yrs?|text|number|date|数值|文本|日期|"
    r"%|％|yyyy[-/.]?mm[-/.]?dd|[a-zμµ]{1,4}\s*/\s*[a-z0-9.]{1,8}|10\s*\^?\s*\d+\s*/\s*[a-zμµ]{1,2}|cm\^?2)\s*[)）\]]?",
    re.I,
)
#: So many names of columns in a row make it a header.
_NAMES = 2


def rows_alone(table: TextTable, name: str) -> tuple[TextTable, list[str]]:
    """Return a sheet's table without the rows that are none, upright where it lies on its side, and what was done.

    The units below a header go to the names of its columns. A second table below the first is an error: which rows
    belong together is not known.
    """
    notes: list[str] = []
    table = _upright(table, name, notes)
    if table.frame.is_empty():
        return table, notes
    table = _without_names(_without_units(table, name, notes), name, notes)
    if table.frame.is_empty():
        return table, notes
    table = _first_alone(table, name, notes)
    if table.frame.is_empty():
        return table, notes
    key = _key(table.frame.columns, name)
    out = remarks(table.frame, key)
    for column in (c for c in table.frame.columns if c != key):  # 序号 holds 合计, a merged cell the remark
        nobody = table.frame[key].is_null() if column != table.frame.columns[0] else pl.Series([True] * len(out))
        out |= remarks(table.frame, column) & nobody & ~_is_number(table.frame[column])
    if out.any():
        first = int(table.lines.filter(out)[0])
        notes.append(f"{name}: {int(out.sum())} lines are remarks or totals (line {first}): left out")
        table = _kept(table, ~out)
    return table, notes


#: Tables of several rows of a patient, who may be named in the first of them.
_BLOCKS = ("treatments", "labs", "assessments", "target_lesions", "procedures", "adverse_events")


def of_the_row_above(table: TextTable, name: str) -> TextTable:
    """Return a table with the patient of the row above where a row names nobody and holds two cells or more: a block of one
    patient who is named once. It is told. Where somebody is named in two rows an empty cell is a slip, and an error."""
    if name not in _BLOCKS or table.frame.is_empty():
        return table
    named = our_headers(table.frame.columns, name)
    column = next((c for c in table.frame.columns if named.get(c, c) == "patient_id"), None)
    if column is None:
        return table
    others = [pl.col(c).is_not_null() for c in table.frame.columns if c != column]
    bare = table.frame.select(
        pl.col(column).is_null() & (pl.sum_horizontal(others) > 1) & pl.col(column).forward_fill().is_not_null()
    ).to_series()
    if not bare.any() or table.frame[column].drop_nulls().is_duplicated().any():
        return table
    line = int(table.lines.filter(bare)[0])
    message = f"{int(bare.sum()):,} rows name nobody (line {line}): taken for the patient of the row above."
    problem = Problem(name, line, None, None, message, "Write the patient's id in every row.", "warning")
    filled = pl.when(pl.lit(bare)).then(pl.col(column).forward_fill()).otherwise(pl.col(column)).alias(column)
    return replace(table, frame=table.frame.with_columns(filled), problems=(*table.problems, problem))


def _is_number(cells: pl.Series) -> pl.Series:
    return cells.cast(pl.String).str.contains(r"^\s*[\d.]+\s*$").fill_null(False)


def _kept(table: TextTable, rows: pl.Series) -> TextTable:
    return replace(table, frame=table.frame.filter(rows), lines=table.lines.filter(rows))


def _key(columns: Sequence[str], name: str) -> str:
    """Return the column of the patient's (else the sample's) id, else the first."""
    named = our_headers(columns, name)
    ours = {named.get(c, c): c for c in reversed(columns)}
    return next((ours[c] for c in ("patient_id", "sample_id") if c in ours), columns[0])


def _names(cells: Sequence[str | None], name: str) -> list[str]:
    """Return the cells that name columns of the table."""
    said = [c for c in cells if c]
    named, known = our_headers(said, name), columns_of(name)
    return [c for c in said if c in named or c in known]


def _bared(cells: Sequence[str], name: str) -> list[str]:
    """Return names of columns under ours, others bare, to be compared."""
    named = our_headers(cells, name)
    return [named.get(c, bare(c)) for c in cells]


def _upright(table: TextTable, name: str, notes: list[str]) -> TextTable:
    """Turn a table whose first column holds the names of columns, and whose header the ids of people."""
    columns = table.frame.columns
    if len(columns) < 2 or table.frame.is_empty() or len(_names(columns[1:], name)) > 0:
        return table
    below = table.frame[columns[0]].cast(pl.String).to_list()
    named = _names(below, name)
    if len(named) < _NAMES or 2 * len(named) < len(below) or len(set(below)) < len(below) or None in below:
        return table
    frame = pl.DataFrame(
        {
            columns[0]: list(columns[1:]),
            **{str(n): list(row[1:]) for n, row in zip(below, table.frame.rows(), strict=True)},
        },
        schema=dict.fromkeys([columns[0], *map(str, below)], pl.String),
    )
    notes.append(f"{name}: the names of the columns stand below each other: the table was turned")
    return replace(table, frame=frame, lines=pl.Series("line", [table.first_row] * frame.height, pl.UInt32))


def _without_units(table: TextTable, name: str, notes: list[str]) -> TextTable:
    """Take a first row of units away, and write them behind the names of their columns."""
    columns = table.frame.columns
    cells = dict(zip(columns, table.frame.row(0), strict=True))
    said = {c: cell for c, cell in cells.items() if cell}
    if not said or _key(columns, name) in said or not all(_UNIT.fullmatch(cell.strip()) for cell in said.values()):
        return table
    named = {
        c: f"{c}({cell.strip(' ()（）[]')})" for c, cell in said.items() if bare(c) == c and not c.endswith((")", "）"))
    }
    notes.append(f"{name}: the first line holds units ({', '.join(said.values())})")
    table = _kept(table, pl.int_range(table.frame.height, eager=True) > 0)
    return replace(table, frame=table.frame.rename(named))


_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{1,31}")
_OF_IDS = re.compile(r"(?i)(id|no|num|code|key|subj\w*)$")


def _without_names(table: TextTable, name: str, notes: list[str]) -> TextTable:
    """Take a first row of the names of variables away (患者编号 over SUBJID, 性别 over SEX): each cell is one, all differ,
    and that of the ids says so."""
    columns = table.frame.columns
    cells = dict(zip(columns, table.frame.row(0), strict=True))
    said = [c.strip() for c in cells.values() if c]
    key = (cells.get(_key(columns, name)) or "").strip()
    if (
        len(said) < 3
        or len(set(said)) < len(said)
        or not all(map(_VARIABLE.fullmatch, said))
        or not _OF_IDS.search(key)
        or key in table.frame[_key(columns, name)].to_list()[1:]
        or any(re.search(r"\d", c) for c in said[:1])
    ):
        return table
    notes.append(f"{name}: the first line holds names of variables ({', '.join(said[:6])})")
    return _kept(table, pl.int_range(table.frame.height, eager=True) > 0)


def _first_alone(table: TextTable, name: str, notes: list[str]) -> TextTable:
    """Leave out lines that repeat the header; of a second table below say where it begins, and leave its rows out."""
    header = _bared(table.frame.columns, name)
    known = [n for n in TABLES if n != name]
    again, second = [], None
    for at, cells in enumerate(table.frame.iter_rows()):
        said = [c for c in cells if c]
        if len(said) < _NAMES or any(re.search(r"\d", c) for c in said[:2]):
            continue
        if _bared(said, name) == [h for h, c in zip(header, cells, strict=True) if c]:
            again.append(at)
        elif any(len(_names(said, n)) >= max(_NAMES, 0.6 * len(said)) for n in (name, *known)):
            second = at
            break
    if second is not None:
        line = int(table.lines[second])
        shown = ", ".join(c for c in table.frame.row(second)[:4] if c)
        message = f"a second table begins in line {line} ({shown}): its rows are not read."
        problem = Problem(name, line, None, None, message, "Give each table a sheet of its own.")
        table = replace(table, problems=(*table.problems, problem))
    if again:
        notes.append(f"{name}: {len(again)} lines repeat the header: left out")
    place = pl.int_range(table.frame.height, eager=True)
    stays = ~place.is_in(again)
    return _kept(table, stays & (place < second) if second is not None else stays)
