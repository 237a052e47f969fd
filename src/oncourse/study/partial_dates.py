"""Dates of which only the year or the month is known: an interval, and the day that is read from it.

Readings: a start is the first day of the interval and a stop its last (a line is not made shorter than it may have
been); of "last known alive" or "free of" the first day (so much is known); of an event the middle, not before the row's
last contact.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

#: Unknown parts as SDTM, REDCap and people write them: 2019-11-UN, 2019-UNK-UNK, 2019-11-00, 2019/11.
_UNKNOWN = r"(?i)[-/](un|unk|xx|nk|na|uu|00|\?\?|-).*$"
_FIRST = ("last_contact_date", "recurrence_free_date", "progression_free_date", "entry_date", "start_date")
_LAST = ("stop_date",)
#: Day 0 of the dates of spreadsheets (1900 system).
_SHEET_ZERO = dt.date(1899, 12, 30)


def plain_dates(texts: pl.Series) -> pl.Series:
    """Return dates that begin with the year as YYYY-MM-DD (or YYYY-MM, YYYY); every other text as it is.

    A day before the year is left alone: 03/04/2023 is March in one country and April in another. A number of five
    digits is the day a spreadsheet counts from the end of 1899 (44321 is 2021-05-05).

    >>> plain_dates(pl.Series(["2023/5/1", "2022.3.4", "2023年5月1日", "20230501", "2021年3月"])).to_list()
    ['2023-05-01', '2022-03-04', '2023-05-01', '2023-05-01', '2021-03']
    >>> plain_dates(pl.Series(["3/4/2023", "2019-11-UN", "soon", "2023-05-01 00:00:00"])).to_list()
    ['3/4/2023', '2019-11-UN', 'soon', '2023-05-01']
    >>> plain_dates(pl.Series(["44321", "44321.0", "443210"])).to_list()
    ['2021-05-05', '2021-05-05', '443210']
    """
    text = texts.cast(pl.String).str.strip_chars()
    plain = text.str.contains(r"^\d{4}-\d\d-\d\d$").fill_null(True)
    if plain.all():
        return texts
    odd = text.set(plain, None).str.normalize("NFKC")
    odd = odd.str.replace(r"[T ]\d{1,2}:\d\d.*$", "").str.replace(r"^((?:19|20)\d\d)(\d\d)(\d\d)$", "${1}-${2}-${3}")
    counted = odd.str.extract(r"^([2-5]\d{4})(?:\.0+)?$").cast(pl.Int64, strict=False)
    told = (pl.lit(_SHEET_ZERO) + pl.duration(days=pl.lit(counted))).dt.to_string("%Y-%m-%d")
    odd = pl.select(pl.coalesce(told, odd)).to_series()
    parts = odd.str.extract_groups(r"^((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?|\s*月)?$")
    year, month, day = (parts.struct.field(str(n)) for n in (1, 2, 3))
    month, day = month.str.zfill(2), day.str.zfill(2)
    whole = pl.select(pl.coalesce(year + "-" + month + "-" + day, year + "-" + month, odd).alias("d"))["d"]
    return text.zip_with(plain, whole)


def known_part(texts: pl.Series) -> pl.Series:
    """Return YYYY-MM or YYYY of partial dates, null for whole dates and other texts.

    >>> known_part(pl.Series(["2019-03", "2019", "2019-11-UN", "2019-11-05", "soon", "2019-13"])).to_list()
    ['2019-03', '2019', '2019-11', None, None, None]
    """
    text = texts.cast(pl.String).str.strip_chars().str.replace(_UNKNOWN, "").str.replace("/", "-", literal=True)
    return text.set(~text.str.contains(r"^(19|20)\d{2}(-(0[1-9]|1[0-2]))?$").fill_null(False), None)


def interval(parts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the first and the last day of months and years (`known_part`), null where null.

    >>> [d.to_list() for d in interval(pl.Series(["2020-02"]))]
    [[datetime.date(2020, 2, 1)], [datetime.date(2020, 2, 29)]]
    """
    is_year = parts.str.len_chars() == 4
    text = pl.select(pl.when(is_year).then(parts + "-01-01").otherwise(parts + "-01").alias("d"))["d"]
    first = text.str.to_date("%Y-%m-%d", strict=False)
    after = pl.when(is_year).then(first.dt.offset_by("1y")).otherwise(first.dt.offset_by("1mo"))
    return first, pl.select(after.dt.offset_by("-1d").alias("d"))["d"]


def read_partial(
    column: str, first: pl.Series, last: pl.Series, floor: pl.Series | None = None
) -> tuple[pl.Series, pl.Series]:
    """Return the day read from an interval, and its first day (not before `floor`, where the interval allows it)."""
    if floor is not None:
        raised = pl.select(pl.when(floor.is_between(first, last)).then(floor).otherwise(first).alias("d"))["d"]
        first = raised
    if column in _FIRST:
        return first, first
    if column in _LAST:
        return last, first
    half = ((last - first).dt.total_days() // 2).fill_null(0)
    return pl.select((first + pl.duration(days=pl.lit(half))).cast(pl.Date).alias("d"))["d"], first
