"""Codes that databases write where a day, date or age is not known: 9999, -99, 1900-01-01, 9999-12-31, an age of 999.

A code is no day: it is taken out before anything is counted, and told by column. What may be a real day stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from oncourse.study.schema import WARNING, Problem
from oncourse.study.tables import TABLES, date_name

#: Numbers that SAS, SPSS and REDCap write for "missing", "not known" and "not done", by the number of their digits.
_LONG = tuple(float(d * n) for d in ("7", "8", "9") for n in range(4, 8))
_SHORT = (777.0, 888.0, 999.0)
_NEGATIVE = (-9.0, -77.0, -88.0, -99.0, -777.0, -888.0, -999.0)
#: Nobody is followed for a hundred years (another number so large is an error), and no date of a patient whose tumour was
#: sequenced lies outside these years (own choices).
IMPOSSIBLE_DAYS = 36_525
FIRST_YEAR, LAST_YEAR = 1920, 2049
#: A number of four sevens, eights or nines is a code where it is so much more than every other day of its column.
BEYOND = 1.25
#: ... or so many days after the end of the patient's follow-up: a year for one, a month where two patients share 999.
LATE, LATE_SHARED = 365, 31
#: So many patients, and such a share of a column, never have the very same day 888 or 999 after their own day 0.
SHARED, SHARE = 3, 0.05
#: Dates that are no date in any order of day and month.
_NO_DATE = r"^(99?|00?|31|01)[-/.](99?|00?|12|01)[-/.](9999|1900|0000)$|^(9999|0000|0001|1111|1900)([-/.年].*)?$"
#: Dates that databases write for "none" and "not known", whatever they are of; years of births begin after 1901.
_CODE_DATE = (
    r"^(9999|0000|0001|1111|2099|2999)[-/.年]|^(18|00)\d\d[-/.年]|^190[01][-/.年]0?1[-/.月]0?1(日|[T ].*)?$|"
    r"^(99?|00?|31)[-/.](99?|00?|12)[-/.](9999|0000)$|^0?1[-/.]0?1[-/.]1900$"
)
_SEEN = ("recurrence", "recurrence_free", "progression", "progression_free", "second_primary", "death")
_CURE = "Leave the cell empty where the day is not known; correct it where it is a day."


def without_codes(tables: Mapping[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the tables, as read, without the codes in columns of days, dates and ages, and a warning for each column.

    A row of follow-up whose last contact is a code has the last of its other days for it; without one it is left out, as
    is a row of another table whose day is needed.
    """
    out, problems = dict(tables), []
    ends = _ends(tables)
    is_shifted = _is_shifted(tables.get("patients"))
    for name, frame in tables.items():
        if name not in TABLES or name == "partial_dates" or frame.is_empty():
            continue
        gone = pl.Series([False]).new_from_index(0, frame.height)
        for column in _columns(name, frame):
            is_date = column.endswith("date")
            code = _dates(frame[column], is_shifted) if is_date else _numbers(name, column, frame, ends)
            if code is None or not code.any():
                continue
            problems.append(_told(name, column, frame, code))
            frame = frame.with_columns(pl.when(~pl.lit(code)).then(pl.col(column)).alias(column))
            day = column.removesuffix("date") + "day" if is_date else column
            if day in TABLES[name].by_name and TABLES[name].by_name[day].required:
                gone |= code
        out[name] = _without(name, frame, gone, problems) if gone.any() else frame
    return out, problems


def is_code(date: str | None) -> bool:
    """Whether a date is a code for "none" or "not known".

    >>> [is_code(d) for d in ("1900-01-01", "9999-12-31T00:00:00", "2099/12/31", "31/12/9999", "1919-05-06", None)]
    [True, True, True, True, False, False]
    """
    return date is not None and re.match(_CODE_DATE, date.strip()) is not None


def without_code_dates(
    name: str, frame: pl.DataFrame, named: str = r"(^date|_date)$"
) -> tuple[pl.DataFrame, list[Problem]]:
    """Return a table, whatever it is called, without dates that are codes, and a warning for each column (`named`)."""
    problems = []
    for column in (c for c, t in frame.schema.items() if t == pl.String and re.search(named, c)):
        code = frame[column].str.strip_chars().str.contains(_CODE_DATE).fill_null(False)
        if code.any():
            problems.append(_told(name, column, frame, code))
            frame = frame.with_columns(pl.when(~pl.lit(code)).then(pl.col(column)).alias(column))
    return frame, problems


def _columns(name: str, frame: pl.DataFrame) -> list[str]:
    days = [c.name for c in TABLES[name].columns if c.name == "day" or c.name.endswith("_day")]
    more = {"patients": ["index_date", "age_years"], "published_endpoints": ["time_days"]}.get(name, [])
    return [c for c in dict.fromkeys([*more, *days, *map(date_name, days)]) if c in frame.columns]


def _number(values: pl.Series) -> pl.Series:
    return values.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)


def _ends(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return patient_id, _end: the last contact or death of each patient that is no code."""
    schema = {"patient_id": pl.String, "_end": pl.Float64}
    follow = tables.get("follow_up")
    there = [c for c in ("last_contact_day", "death_day") if follow is not None and c in follow.columns]
    if follow is None or not there or "patient_id" not in follow.columns:
        return pl.DataFrame(schema=schema)
    days = pl.DataFrame({c: _number(follow[c]) for c in there})
    known = [
        pl.when((pl.col(c).abs() < IMPOSSIBLE_DAYS) & ~pl.col(c).is_in([*_LONG, *_SHORT])).then(pl.col(c))
        for c in there
    ]
    frame = pl.DataFrame({"patient_id": follow["patient_id"].cast(pl.String)}).with_columns(
        days.select(pl.max_horizontal(known).alias("_end"))["_end"]
    )
    return frame.drop_nulls().group_by("patient_id").agg(pl.col("_end").max())


def _numbers(name: str, column: str, frame: pl.DataFrame, ends: pl.DataFrame) -> pl.Series | None:
    """Return which values of a column of days or ages are codes; null where none looks like one."""
    number = _number(frame[column])
    if column == "age_years":
        return number.is_in([*_LONG, *_SHORT, *_NEGATIVE, *(-n for n in _LONG)]).fill_null(False)
    looks = number.is_in([*_LONG, *_SHORT, *_NEGATIVE, *(-n for n in _LONG)])
    if not looks.fill_null(False).any():
        return None
    rows = pl.DataFrame({"v": number, "looks": looks.fill_null(False)})
    who = frame["patient_id"].cast(pl.String) if "patient_id" in frame.columns else pl.Series([None] * len(rows))
    rows = rows.with_columns(who.cast(pl.String).alias("patient_id"))
    rows = rows.join(ends, on="patient_id", how="left", maintain_order="left")
    others = [*rows.filter(~pl.col("looks"))["v"].drop_nulls(), *ends["_end"]]
    most = max(others, default=0.0)
    v, end = (
        pl.col("v"),
        pl.col("_end") if column not in ("last_contact_day", "death_day") else pl.lit(None, pl.Float64),
    )
    if column == "death_day":
        end = pl.col("_end")
    n_alike = pl.col("patient_id").n_unique().over("v")
    shared = (n_alike >= SHARED) & (n_alike >= SHARE * len(number.drop_nulls()))
    follow = name == "follow_up"
    codes = (
        (v.is_in(_LONG) & (v >= IMPOSSIBLE_DAYS))
        | v.is_in([-n for n in _LONG])
        | (v.is_in(_LONG) & ((v > BEYOND * most) | (v > end + LATE).fill_null(False)))
        | (v.is_in(_SHORT) & (n_alike > 1) & (v > end + LATE_SHARED).fill_null(False))
        | (v.is_in([888.0, 999.0]) & shared & pl.lit(follow))
        | (v.is_in(_NEGATIVE) & pl.lit(follow and column != "entry_day"))
        | ((v <= -777) & v.is_in(_NEGATIVE) & (n_alike > 1))
    )
    return rows.select(codes.fill_null(False).alias("c"))["c"]


def _is_shifted(patients: pl.DataFrame | None) -> bool:
    """Whether most days 0 lie outside the years of patients: the dates of the study were moved to hide them (MIMIC)."""
    if patients is None or "index_date" not in patients.columns:
        return False
    year = _year(patients["index_date"]).drop_nulls()
    return len(year) > 0 and int(year.is_between(FIRST_YEAR, LAST_YEAR).sum()) * 2 < len(year)


def _year(dates: pl.Series) -> pl.Series:
    return dates.cast(pl.String).str.extract(r"^\s*(\d{4})[-/.年]").cast(pl.Int64, strict=False)


def _dates(dates: pl.Series, is_shifted: bool) -> pl.Series:
    text = dates.cast(pl.String).str.strip_chars()
    never = text.str.contains(_NO_DATE).fill_null(False)
    if is_shifted:
        return never & text.str.contains("9999").fill_null(False)
    return never | (~_year(text).is_between(FIRST_YEAR, LAST_YEAR)).fill_null(False)


def _told(name: str, column: str, frame: pl.DataFrame, code: pl.Series) -> Problem:
    whose = str(frame["patient_id"].filter(code)[0]) if "patient_id" in frame.columns else ""
    return told_code(name, column, frame[column].cast(pl.String).filter(code).to_list(), whose)


def told_code(name: str, column: str, values: Sequence[str], whose: str = "") -> Problem:
    """Return the warning of the codes of one column."""
    shown = ", ".join(list(dict.fromkeys(values))[:4])
    what = "an age" if column == "age_years" else "a day"
    message = f"{len(values):,} values are codes where {what} is not known ({shown}): taken as unknown."
    return Problem(name, None, column, values[0], message, _CURE, WARNING, whose)


def _without(name: str, frame: pl.DataFrame, gone: pl.Series, problems: list[Problem]) -> pl.DataFrame:
    """Leave out the rows `gone`, whose day is needed; a last contact is taken from the other days of its row."""
    if name == "follow_up":
        for unit in ("day", "date"):
            last = f"last_contact_{unit}"
            there = [f"{event}_{unit}" for event in _SEEN if f"{event}_{unit}" in frame.columns]
            if last not in frame.columns or not there:
                continue
            if unit == "day":
                days = pl.DataFrame([_number(frame[c]) for c in there]).select(pl.max_horizontal(pl.all()).alias("_d"))
                latest = days["_d"].cast(pl.Int64).cast(frame.schema[last])
            else:
                text = pl.DataFrame([frame[c].cast(pl.String).str.strip_chars() for c in there])
                whole = text.select(pl.when(pl.all().str.contains(r"^\d{4}-\d\d-\d\d$")).then(pl.all()))
                latest = whole.select(pl.max_horizontal(pl.all()).alias("_d"))["_d"]
            filled = pl.when(pl.lit(gone) & pl.col(last).is_null()).then(pl.lit(latest)).otherwise(pl.col(last))
            frame = frame.with_columns(filled.alias(last))
        known = [pl.col(c).is_not_null() for c in ("last_contact_day", "last_contact_date") if c in frame.columns]
        gone &= ~frame.select(pl.any_horizontal(known)).to_series()
        if not gone.any():
            return frame
    first = str(frame["patient_id"].filter(gone)[0]) if "patient_id" in frame.columns else ""
    message = f"{int(gone.sum()):,} rows have a code for their day (first: {first}) and are left out."
    problems.append(Problem(name, None, None, None, message, _CURE, WARNING, first))
    return frame.filter(~gone)
