"""Numbered fields of a REDCap export (psa_1, psa_date_1, psa_2 ...): each number becomes a row of its own.

A project without repeating instruments keeps what repeats in numbered fields of one row per record.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from oncourse.io.clinical.gather import Source

_NUMBERED = re.compile(r"^(?P<stem>.*[^\W_])_(?P<n>\d{1,2})(?P<rest>(?:_[^\W\d]\w*)?)$")


def one_row_each(source: Source, role: Callable[[str, str], str | None], book: dict) -> None:  # type: ignore[type-arg]
    """Turn numbered fields into rows of the record, in place.

    Parameters
    ----------
    role : what a field is, by its name and label (None: nothing that is read)
    book : field -> its label and choices; the field without its number takes those of its first

    Fields of one number and one first word (psa_date_2 and psa_2, drug_2 and drug_start_2) are one row, so that a value
    keeps the date beside it; turned are the words of which something is read and that have several numbers.
    """
    words: dict[str, dict[str, tuple[str, int]]] = {}
    for column in source.columns[1:]:
        if (hit := _NUMBERED.match(column)) and "___" not in column:
            field = hit["stem"] + hit["rest"]
            words.setdefault(field.split("_")[0], {})[column] = (field, int(hit["n"]))
    turned: dict[str, tuple[str, int]] = {}
    for columns in words.values():
        fields = {field for field, _ in columns.values()}
        is_read = any(role(field, book.get(column, ("", {}))[0]) for column, (field, _) in columns.items())
        if is_read and len({n for _, n in columns.values()}) > 1 and not fields & set(source.columns):
            turned |= columns
    for column, (field, _) in turned.items():
        if column in book:
            book.setdefault(field, book[column])
    if not turned:
        return
    record, rows = source.columns[0], []
    for row in source.rows:
        rows.append({c: v for c, v in row.items() if c not in turned})
        apart: dict[tuple[str, int], dict[str, str]] = {}
        for column, (field, n) in turned.items():
            if column in row and record in row:
                apart.setdefault((field.split("_")[0], n), {record: row[record]})[field] = row[column]
        rows += [apart[key] for key in sorted(apart)]
    kept = [c for c in source.columns if c not in turned]
    source.columns[:] = [*kept, *dict.fromkeys(field for field, _ in turned.values())]
    source.rows[:] = rows
