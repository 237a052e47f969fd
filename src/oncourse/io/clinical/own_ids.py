"""Ids that a spreadsheet has changed: 001 became 1, eighteen digits became 1.10101E+17."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
#: A name of two to four Chinese characters; where so many ids are such, they are names.
_NAME, _MOST = r"^[\u4e00-\u9fff]{2,4}$", 0.8
_IDS = {"patient_id": "patients", "sample_id": "samples"}


def ids_of_spreadsheets(reading: Reading) -> None:
    """Give ids of numbers the zeros back that another table has before them, where that is one id; say both, and that a
    number in the notation of powers is no id."""
    people = reading.tables.get("patients")
    if people is not None and "patient_id" in people.columns:
        ids = people["patient_id"].cast(pl.String).str.strip_chars().drop_nulls()
        names = ids.filter(ids.str.contains(_NAME))
        if len(names) >= max(2, _MOST * len(ids)):
            message = f"{len(names):,} patients' ids look like names: they stand on every page and table."
            reading.problems.append(
                Problem("patients", None, "patient_id", None, message, "Number the patients.", "warning")
            )
    for column, home in _IDS.items():
        listed = reading.tables.get(home)
        if listed is None or column not in listed.columns:
            continue
        known = listed[column].cast(pl.String).str.strip_chars().drop_nulls().unique().sort().to_list()
        if lost := [i for i in known if _SCIENTIFIC.fullmatch(i)]:
            message = f"{len(lost):,} ids are numbers whose digits the spreadsheet cut off (first: {lost[0]})."
            cure = "Format the column as text, and enter or export the ids again."
            reading.problems.append(Problem(home, None, column, lost[0], message, cure))
        for name, frame in reading.tables.items():
            if name == home or column not in frame.columns:
                continue
            pairs = same_but_zeros(frame[column].cast(pl.String).drop_nulls().unique(), known)
            if not pairs:
                continue
            reading.tables[name] = frame.with_columns(pl.col(column).cast(pl.String).str.strip_chars().replace(pairs))
            first, own = next(iter(pairs.items()))
            message = (
                f"{len(pairs):,} ids differ from those of {home} by zeros alone (first: {first} is read as {own})."
            )
            cure = "Format the column of ids as text, so that the zeros stay."
            reading.problems.append(Problem(name, None, column, first, message, cure, "warning"))


def same_but_zeros(ids: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return id -> the one known id that differs from it by zeros before the number.

    >>> same_but_zeros(["1", "2", "003"], ["001", "002", "3"]), same_but_zeros(["1"], ["01", "001"])
    ({'003': '3', '1': '001', '2': '002'}, {})
    """
    known = [*known]
    bare: dict[str, list[str]] = {}
    for one in known:
        if one.isdigit():
            bare.setdefault(one.lstrip("0") or "0", []).append(one)
    out = {}
    for raw in sorted(i.strip() for i in ids):
        same = bare.get(raw.lstrip("0") or "0", []) if raw.isdigit() and raw not in known else []
        if len(same) == 1:
            out[raw] = same[0]
    return out
