"""Drugs of one treatment in several columns: 化疗方案 beside 靶向药物 and 免疫治疗, a brand beside its regimen."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical.own_wide import MORE_DRUGS, NONE_GIVEN
from oncourse.io.reading import Reading
from oncourse.study.checks_drugs import is_understood, names_no_more
from oncourse.study.schema import Problem

_HEADER = re.compile(rf"(?i)^(?:{MORE_DRUGS})$")


#: The day on which such a drug was begun.
_OWN_START = re.compile(r"(?:联合)?(?:靶向|免疫|内分泌|生物)(?:治疗|药物?|用药)*(?:开始|起始|用药)*(?:日期|时间)")


def drugs_of_columns(reading: Reading) -> None:
    """Add the drugs of further columns of treatments to those of their row, where every filled cell names a known drug; a
    column of other words (是, a note) is told as not read."""
    frame = reading.tables.get("treatments")
    if frame is None:
        return
    columns = [c for c in frame.columns if _HEADER.match(c.strip()) and names_drugs(frame[c])]
    if columns and any(_OWN_START.match(c.strip()) for c in frame.columns):
        return  # they were begun on days of their own: told as not read
    if not columns:
        return
    base = frame["drugs"].cast(pl.String).to_list() if "drugs" in frame.columns else [None] * frame.height
    joined = list(base)
    for column in columns:
        joined = [together(a, b) for a, b in zip(joined, frame[column].cast(pl.String), strict=True)]
    reading.tables["treatments"] = frame.with_columns(pl.Series("drugs", joined, dtype=pl.String)).drop(columns)
    n = sum(a != b for a, b in zip(base, joined, strict=True))
    message = f"{', '.join(columns)}: drugs of {n:,} treatments, read as given together with those of their row."
    cure = "Write a drug that was begun on another day into a row of its own."
    reading.problems.append(Problem("treatments", None, columns[0], None, message, cure, "warning"))


def names_drugs(cells: pl.Series) -> bool:
    """Whether a column names drugs, and no cell that says something names none.

    >>> [names_drugs(pl.Series(c)) for c in (["西妥昔单抗", "无", None], ["是", "贝伐"], ["无"])]
    [True, False, False]
    """
    said = [c for c in cells.cast(pl.String).drop_nulls() if c.strip() and not re.match(NONE_GIVEN, c.strip())]
    return bool(said) and all(is_understood(c) for c in said)


def together(first: str | None, second: str | None) -> str | None:
    """Return the drugs of two cells as one text; a second that names no other drug (安可坦 of 恩杂鲁胺) adds nothing.

    >>> together("FOLFOX", "爱必妥"), together("恩杂鲁胺", "安可坦"), together(None, "帕博利珠单抗"), together("XELOX", "无")
    ('FOLFOX+爱必妥', '恩杂鲁胺', '帕博利珠单抗', 'XELOX')
    """
    empty = [c is None or not c.strip() or re.match(NONE_GIVEN, c.strip()) is not None for c in (first, second)]
    if empty[1]:
        return first
    if empty[0]:
        return second
    return first if names_no_more(str(second), str(first)) else f"{first}+{second}"
