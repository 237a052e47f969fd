"""Dates as hospitals type them: day or month first where the sheets decide it, remarks beside a date."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical.own_headers import is_date_of_operation
from oncourse.io.reading import Reading
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem

_EITHER = re.compile(r"^\s*(\d{1,2})\s*([./-])\s*(\d{1,2})\s*\2\s*((?:19|20)\d\d)\s*$")
#: Months of a year: a greater number is a day.
_MONTHS = 12
_BESIDE = (
    (re.compile(r"^\s*(?:约|大约|大概|about|approx\.?|circa|ca\.?|~|≈)\s*"), ""),
    (re.compile(r"\s*[（(][^（()）]*[)）]\s*$"), ""),
    (re.compile(r"\s*(?:星期|周)[一二三四五六日天]\s*$"), ""),
    (re.compile(r"(?<=\d)[、,，。．](?=\d)"), "-"),
    (re.compile(r"\s*(?:左右|前后|许|around)\s*$"), ""),
)


def dates_of_sheets(reading: Reading) -> None:
    """Write dates whose year stands last as YYYY-MM-DD where the sheets say which part is the day, and take remarks from
    dates; both are told.

    A number above 12 in the first (second) part of any date of a column says that the day (month) stands first there. A
    column without such a number follows the others of the source where these agree; else it stays, and is an error.
    """
    orders = {key: order for key, values in _columns(reading) if (order := order_of(values)) is not None}
    agreed = set(orders.values())
    common = agreed.pop() if len(agreed) == 1 and "both" not in orders.values() else None
    first: dict[str, list[str]] = {}
    for (table, column), values in _columns(reading):
        order = orders.get((table, column), common)
        if order in ("day", "month") and (table, column) in orders and _may_be_swapped(values, order):
            message = (
                "all dates that are text have a day above 12, all that the spreadsheet took for dates one up to 12: "
            )
            message += "it may have read these with day and month exchanged."
            cure = "Compare them with the source; the form 2021-03-05 cannot be misread."
            problem = Problem(table, None, column, None, message, cure, "warning")
            reading.problems.append(problem)
        bare, n, example = _without_remarks(values)
        if n:
            message = f"{n:,} dates have a remark beside them (first: '{example}'): read without it."
            reading.problems.append(Problem(table, None, column, example, message, "Write the date alone.", "warning"))
        if order in ("day", "month"):
            bare = pl.Series(values.name, [_whole(v, order) for v in bare], dtype=pl.String)
            if (bare != values).fill_null(False).any() and any(_EITHER.match(v) for v in values.drop_nulls()):
                first.setdefault(order, []).append(f"{table}.{column}")
        reading.tables[table] = reading.tables[table].with_columns(bare.alias(column))
    for order, columns in first.items():
        message = f"{', '.join(columns[:6])}: the {order} stands first, as dates with a number above 12 show."
        cure = "Write dates as YYYY-MM-DD."
        table, _, column = columns[0].partition(".")
        reading.problems.append(Problem(table, None, column, None, message, cure, "warning"))


def _columns(reading: Reading) -> list[tuple[tuple[str, str], pl.Series]]:
    return [
        ((name, column), frame[column])
        for name, frame in reading.tables.items()
        for column, kind in frame.schema.items()
        if kind == pl.String and (column == "date" or column.endswith("_date") or is_date_of_operation(column))
    ]


def order_of(dates: pl.Series) -> str | None:
    """Return which part the day is by numbers above 12: day (first), month (first), both (a contradiction), or null.

    >>> columns = (["05/03/2021", "25/12/2020"], ["05/25/2020"], ["25/1/2020", "1/25/2020"], ["1/2/2020"])
    >>> [order_of(pl.Series(dates)) for dates in columns]
    ['day', 'month', 'both', None]
    """
    found = [m for d in dates.drop_nulls().unique() if (m := _EITHER.match(d))]
    is_day = any(int(m[1]) > _MONTHS for m in found)
    is_month = any(int(m[3]) > _MONTHS for m in found)
    return "both" if is_day and is_month else "day" if is_day else "month" if is_month else None


#: So many dates of the spreadsheet itself say that their days are below 13 by more than chance.
_SEVERAL = 3


def _may_be_swapped(dates: pl.Series, order: str) -> bool:
    """Whether a spreadsheet may have taken day for month: it made dates of all it could, those with a day up to 12, and left
    the others as text.

    >>> _may_be_swapped(pl.Series(["2021-05-03", "2021-12-11", "2020-01-07", "25/12/2020"]), "day")
    True
    >>> _may_be_swapped(pl.Series(["2021-05-03", "2021-12-11", "2020-01-17", "25/12/2020"]), "day")
    False
    """
    texts = [m for d in dates.drop_nulls() if (m := _EITHER.match(d))]
    days = [int(d[8:10]) for d in dates.drop_nulls() if re.fullmatch(r"\d{4}-\d\d-\d\d", d)]
    first = [int(m[1] if order == "day" else m[3]) for m in texts]
    return len(days) >= _SEVERAL and max(days) <= _MONTHS and min(first) > _MONTHS


def _whole(date: str | None, order: str) -> str | None:
    found = _EITHER.match(date or "")
    if found is None:
        return date
    day, month = (found[1], found[3]) if order == "day" else (found[3], found[1])
    return f"{found[4]}-{int(month):02d}-{int(day):02d}"


def _without_remarks(dates: pl.Series) -> tuple[pl.Series, int, str]:
    """Return dates without what stands beside them, of how many it was taken, and the first of these."""
    out, n, example = [], 0, ""
    known = {d: _bare(d) for d in dates.drop_nulls().unique()}
    for date in dates:
        bare = None if date is None else known[date]
        if date is not None and bare is not None:
            n, example = n + 1, example or date
        out.append(date if bare is None else bare)
    return pl.Series(dates.name, out, dtype=pl.String), n, example


def _bare(date: str) -> str | None:
    """Return a date without its remark, where it is one then and was none before; else null.

    >>> [_bare(d) for d in ("约2020年3月", "2020-03-05（外院）", "2020、3、5", "2020-03-05", "失访（2020）")]
    ['2020-03', '2020-03-05', '2020-03-05', None, None]
    """
    if _is_date(date):
        return None
    text = date
    for pattern, by in _BESIDE:
        text = pattern.sub(by, text)
    return str(plain_dates(pl.Series([text]))[0]) if text != date and _is_date(text) else None


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d\d(-\d\d){0,2}", str(plain_dates(pl.Series([text]))[0])))
