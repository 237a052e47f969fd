"""Dates of which only the year or the month is known: an interval, and the day that is read from it.

Readings: a start is the first day of the interval and a stop its last (a line is not made shorter than it may have
been); of "last known alive" or "free of" the first day (so much is known); of a death the middle, not before the row's
last contact; of a recurrence, progression or second primary the middle, not after it where the patient lives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

#: Unknown parts as SDTM, REDCap and people write them: 2019-11-UN, 2019-UNK-UNK, 2019-11-00, 2019/11.
_UNKNOWN = r"(?i)[-/](un|unk|xx|nk|na|uu|00|\?\?|-).*$"
#: Names of months, in English, by their first three letters.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = rf"({'|'.join(_MONTHS)})[a-z]{{0,6}}"
#: 01-Jun-2021, 1 June 2021, 01JUN2021, UN-JUN-2021, Jun 2021; June 1, 2021: a month by its name is read wherever it stands.
_DAY_FIRST = rf"(?i)^(?:(\d{{1,2}})(?:st|nd|rd|th)?|un|unk|xx|nk|\?\?)?[\s./-]*{_NAMED}[\s.,/-]*((?:19|20)\d\d)$"
#: 5-Mar-21: what a spreadsheet shows of a date. Its window of two digits: 29 is 2029, 30 is 1930 (Excel's own default).
_SHORT_YEAR = rf"(?i)^(\d{{1,2}})[\s./-]+{_NAMED}[\s./-]+(\d\d)$"
_LAST_OF_2000S = 29
_DAY_SECOND = rf"(?i)^{_NAMED}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)$"
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
    >>> plain_dates(pl.Series(["2020年", "2020年3月底", "2020年3月5号"])).to_list()
    ['2020', '2020-03', '2020-03-05']
    >>> plain_dates(pl.Series(["44321", "44321.0", "443210"])).to_list()
    ['2021-05-05', '2021-05-05', '443210']
    >>> plain_dates(pl.Series(["5-Mar-21", "10 Jan 98", "Mar-21"])).to_list()
    ['2021-03-05', '1998-01-10', 'Mar-21']
    >>> plain_dates(pl.Series(["01-Jun-2021", "1JUN2021", "UN-MAR-2021", "June 1, 2021", "Sept 2020", "may be"])).to_list()
    ['2021-06-01', '2021-06-01', '2021-03', '2021-06-01', '2020-09', 'may be']
    """
    text = texts.cast(pl.String).str.strip_chars()
    plain = text.str.contains(r"^\d{4}-\d\d-\d\d$").fill_null(True)
    if plain.all():
        return texts
    odd = text.set(plain, None).str.normalize("NFKC")
    odd = _with_named_months(odd.str.replace(r"[T ]\d{1,2}:\d\d.*$", ""))
    odd = odd.str.replace(r"^((?:19|20)\d\d)(\d\d)(\d\d)$", "${1}-${2}-${3}")
    counted = odd.str.extract(r"^([2-5]\d{4})(?:\.0+)?$").cast(pl.Int64, strict=False)
    told = (pl.lit(_SHEET_ZERO) + pl.duration(days=pl.lit(counted))).dt.to_string("%Y-%m-%d")
    odd = pl.select(pl.coalesce(told, odd)).to_series()
    odd = odd.str.replace(r"^((?:19|20)\d\d)\s*年(份|初|底|末|上半年|下半年)?$", "${1}")
    odd = odd.str.replace(r"月\s*(份|初|底|末|上旬|中旬|下旬)$", "月")
    parts = odd.str.extract_groups(
        r"^((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*[日号]?|\s*月)?$"
    )
    year, month, day = (parts.struct.field(str(n)) for n in (1, 2, 3))
    month, day = month.str.zfill(2), day.str.zfill(2)
    whole = pl.select(pl.coalesce(year + "-" + month + "-" + day, year + "-" + month, odd).alias("d"))["d"]
    return text.zip_with(plain, whole)


def _with_named_months(texts: pl.Series) -> pl.Series:
    """Return dates whose month is named as YYYY-MM-DD, or YYYY-MM without a day; every other text as it is."""
    texts = _with_whole_years(texts)
    first, second = texts.str.extract_groups(_DAY_FIRST), texts.str.extract_groups(_DAY_SECOND)
    day = pl.select(pl.coalesce(first.struct.field("1"), second.struct.field("2")).alias("d"))["d"]
    month = pl.select(pl.coalesce(first.struct.field("2"), second.struct.field("1")).alias("d"))["d"]
    year = pl.select(pl.coalesce(first.struct.field("3"), second.struct.field("3")).alias("d"))["d"]
    numbers = {name: f"{n:02d}" for n, name in enumerate(_MONTHS, 1)}
    month = month.str.to_lowercase().replace_strict(numbers, default=None, return_dtype=pl.String)
    told = year + "-" + month
    whole = told + "-" + day.str.zfill(2)
    return pl.select(pl.coalesce(whole, told, texts).alias("d"))["d"]


def _with_whole_years(texts: pl.Series) -> pl.Series:
    """Return 5-Mar-21 as 5-Mar-2021; every other text as it is."""
    short = texts.str.extract_groups(_SHORT_YEAR)
    year = short.struct.field("3")
    if year.null_count() == len(year):
        return texts
    century = pl.when(year.cast(pl.Int64, strict=False) <= _LAST_OF_2000S).then(pl.lit("20")).otherwise(pl.lit("19"))
    whole = short.struct.field("1") + "-" + short.struct.field("2") + "-"
    return pl.select(pl.coalesce(whole + century + year, texts).alias("d"))["d"]


def known_part(texts: pl.Series) -> pl.Series:
    """Return YYYY-MM or YYYY of partial dates, null for whole dates and other texts.

    >>> known_part(pl.Series(["2019-03", "2019", "2019-11-UN", "2019-11-05", "soon", "2019-13"])).to_list()
    ['2019-03', '2019', '2019-11', None, None, None]
    """
    text = texts.cast(pl.String).str.strip_chars().str.replace(_UNKNOWN, "").str.replace("/", "-", literal=True)
    return text.set(~text.str.contains(r"^(19|20)\d{2}(-(0[1-9]|1[0-2]))?$").fill_null(False), None)


def interval(parts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the first and the last day of months and years (`known_part`), null where null, or of a year that no calendar
    has (0000).

    >>> [d.to_list() for d in interval(pl.Series(["2020-02", "0000-02"]))]
    [[datetime.date(2020, 2, 1), None], [datetime.date(2020, 2, 29), None]]
    """
    parts = parts.set(~parts.str.contains(r"^[1-9]").fill_null(True), None)
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


def kept_interval(
    table: str,
    column: str,
    frame: pl.DataFrame,
    parts: pl.Series,
    day: pl.Series,
    low: pl.Series,
    high: pl.Series,
) -> pl.DataFrame:
    """Return the rows of `oncourse.study.tables.PARTIAL_DATES` of one column: what is known and what was read.

    Parameters
    ----------
    frame : holds patient_id, a row per value
    parts : YYYY-MM or YYYY where only that is known, else null
    day, low, high : the day read, and the first and last it may be, from the index date
    """
    is_year = parts.str.len_chars() == 4
    rows = pl.DataFrame(
        {
            "patient_id": frame["patient_id"].cast(pl.String),
            "table": [table] * frame.height,
            "column": [column] * frame.height,
            "resolution": ["year" if year else "month" for year in is_year],
            "day": day.cast(pl.Int64),
            "earliest_day": low.cast(pl.Int64),
            "latest_day": high.cast(pl.Int64),
        }
    )
    return rows.filter(parts.is_not_null()).drop_nulls("earliest_day")


def on_their_ends(tables: Mapping[str, pl.DataFrame], *, latest: bool) -> dict[str, pl.DataFrame]:
    """Return the tables with every uncertain day on the first or the last day of its interval.

    Days of death that are intervals (follow_up.death_earliest_day, death_latest_day) and the rows of `partial_dates`. An
    uncertain day 0 moves every other day of the patient the other way. Nothing but the death itself is moved past the
    patient's last contact: there the patient was not seen.
    """
    out = dict(tables)
    partial = tables.get("partial_dates")
    end = "latest_day" if latest else "earliest_day"
    follow = out.get("follow_up")
    if follow is not None and "death_earliest_day" in follow.columns:
        moved = pl.coalesce(f"death_{end}", "death_day")
        last = pl.max_horizontal("last_contact_day", moved) if latest else pl.col("last_contact_day")
        shown = pl.when(pl.col("death_earliest_day").is_not_null()).then(last).otherwise("last_contact_day")
        out["follow_up"] = follow.with_columns(moved.alias("death_day"), shown.alias("last_contact_day"))
    if partial is None or partial.is_empty():
        return out
    contact = None if follow is None else dict(follow.select("patient_id", "last_contact_day").iter_rows())
    for (name, column), rows in partial.group_by("table", "column", maintain_order=True):
        frame = out.get(str(name))
        if name == "patients" or column == "death_day" or frame is None or column not in frame.columns:
            continue
        out[str(name)] = _moved(frame, str(column), rows, end, contact if latest else None)
    shifts = partial.filter((pl.col("table") == "patients") & (pl.col("column") == "index_date"))
    return _shifted(out, shifts) if latest and shifts.height else out


def _moved(
    frame: pl.DataFrame, column: str, rows: pl.DataFrame, end: str, contact: Mapping[str, int | None] | None
) -> pl.DataFrame:
    """Put the days of a column that were read from an interval on its end, not past the last contact."""
    to = rows.select("patient_id", pl.col("day").alias(column), pl.col(end).alias("_to")).drop_nulls()
    to = to.unique(["patient_id", column], keep="first", maintain_order=True)
    joined = frame.join(to, on=["patient_id", column], how="left", maintain_order="left")
    target = pl.col("_to")
    if contact is not None:
        last = pl.col("patient_id").replace_strict(contact, default=None, return_dtype=pl.Int64)
        target = pl.max_horizontal(pl.min_horizontal(target, last), column)
    return joined.with_columns(pl.when(pl.col("_to").is_not_null()).then(target).otherwise(column).alias(column)).drop(
        "_to"
    )


def _shifted(tables: dict[str, pl.DataFrame], shifts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Move every day of the patients whose day 0 was later than it was read."""
    by = dict(shifts.select("patient_id", "latest_day").iter_rows())
    out = dict(tables)
    for name, frame in tables.items():
        days = [c for c, t in frame.schema.items() if t == pl.Int64 and (c == "day" or c.endswith("_day"))]
        if "patient_id" in frame.columns and days and name != "partial_dates":
            shift = pl.col("patient_id").replace_strict(by, default=0, return_dtype=pl.Int64)
            out[name] = frame.with_columns((pl.col(c) - shift).alias(c) for c in days)
    return out
