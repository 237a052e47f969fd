"""Laboratory values whose time stands in the header: 术后1月CEA, PSA 3 months, 基线PSA, or a date as a whole (2021-03-05).

A time counts from the operation where the header says so (术后), else from the start of treatment that the row itself
names (治疗开始日期), else from day 0; the header tells the day no nearer than its own unit, and that is said. A time that
counts from anything else (治疗后2周期) is told and not read.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.days import DAYS_PER_MONTH, DAYS_PER_YEAR
from oncourse.io.clinical.own_drug_headers import date_of_drugs, dated_drug
from oncourse.io.clinical.own_headers import is_date_of_operation
from oncourse.io.clinical.own_wide import add_rows
from oncourse.io.reading import Reading
from oncourse.study.headers import bare
from oncourse.study.lab_values import analyte_of
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_NUMERALS = {d: n for n, d in enumerate("一二三四五六七八九十", 1)} | {"半": 0.5, "两": 2}
_UNITS = (
    (re.compile(r"^(天|日|d|days?)$", re.I), 1.0),
    (re.compile(r"^(周|w|wks?|weeks?)$", re.I), 7.0),
    (re.compile(r"^(月|个月|m|mo|mos|mth|months?)$", re.I), DAYS_PER_MONTH),
    (re.compile(r"^(年|y|yrs?|years?)$", re.I), DAYS_PER_YEAR),
)
_SPAN = re.compile(
    r"(?:第)?(\d{1,3}|[一二三四五六七八九十半两])[\s_-]*(个月|月|天|日|周|年|(?:days?|weeks?|wks?|months?|mths?|mos?|years?|yrs?|[dwmy])"
    r"(?![A-Za-z]))",
    re.I,
)
#: The other way round: week 4, W12, M3; not C2D1 (a cycle), nor vitamin D3.
_SPAN_LAST = re.compile(
    r"(?<![A-Za-z0-9])(days?|weeks?|wks?|months?|mths?|mos?|years?|yrs?|[dwmy])[\s_-]*(\d{1,3})(?![A-Za-z0-9.])", re.I
)
_AFTER_SURGERY = re.compile(r"术后|post[-_ ]?op(?:erative(?:ly)?)?|after (?:surgery|operation|resection)", re.I)
_BEFORE_SURGERY = re.compile(r"术前|pre[-_ ]?op(?:erative)?|before (?:surgery|operation|resection)", re.I)
_DIAGNOSIS = re.compile(r"初诊时?|初始|诊断时|确诊时|at diagnosis|initial", re.I)
_BASELINE = re.compile(r"基线|治疗前|用药前|给药前|(?:at )?baseline|pre[-_ ]?treatment|before treatment", re.I)
#: Read where the row names the start of treatment alone: it is what nothing else tells.
_AFTER_START = re.compile(
    r"(?:开始)?(?:治疗|用药|给药|服药)(?:开始)?(?:后|第)?(?!\s*(?:周期|疗程))|"
    r"(?:after|since|from|post|on)[-_ ](?:the )?"
    r"(?:start(?: of (?:treatment|therapy))?|treatment(?: start)?|therapy|first dose)",
    re.I,
)
#: What a time may count from that no table here dates: it is not read.
_ELSEWHERE = re.compile(
    r"周期|疗程|化疗后|放疗后|治疗后|用药后|停药|复发|进展|线|最低|最高|峰|谷|cycle|after|post|nadir|peak|progress|relapse|highest|lowest",
    re.I,
)
_WORDS = re.compile(
    r"(?:检查|复查|检测|化验)?(?:值|结果|水平|数值)?|随访|第|后|时|at|value|result|level|serum|血清|血|[\s_.:：()（）\-—]",
    re.I,
)
_UNIT = re.compile(r"[(（]([^()（）]*/[^()（）]*)[)）]\s*$")
_DATE = re.compile(r"(?:19|20)\d\d[-/.年]\d{1,2}(?:[-/.月]\d{1,2}[日号]?)?|(?:19|20)\d\d[01]\d[0-3]\d")


def timed(header: str) -> tuple[str, str, float] | None:
    """Return analyte, what its time counts from and the days (of a date 0), of a header that names both; null where it
    names none, or a time that cannot be placed (`_ELSEWHERE`).

    A time counts from the start of treatment in the row, else day 0 (``start``), from that start alone (``treatment``),
    from day 0 (``index``: at diagnosis), from the operation, or it is a date.

    >>> timed("PSA 3 months"), timed("术后1月CEA(ng/ml)"), timed("CEA术前"), timed("PSA_6m")
    (('PSA', 'start', 91.0), ('CEA', 'operation', 30.0), ('CEA', 'operation', 0.0), ('PSA', 'start', 183.0))
    >>> timed("基线PSA"), timed("CEA 2021-03-05"), timed("CEA治疗后2周期"), timed("PSA"), timed("PSA_1"), timed("CA19-9")
    (('PSA', 'start', 0.0), ('CEA', 'date', 0.0), None, None, None, None)
    >>> timed("week 4 PSA"), timed("PSA W12"), timed("治疗后1月PSA"), timed("初诊PSA"), timed("PSA C2D1")
    (('PSA', 'start', 28.0), ('PSA', 'start', 84.0), ('PSA', 'treatment', 30.0), ('PSA', 'index', 0.0), None)
    """
    text = _UNIT.sub("", bare(header))
    if analyte_of(text):
        return None
    if date := _DATE.search(text):
        analyte = _analyte(text.replace(date.group(), " "))
        return (analyte, "date", 0.0) if analyte else None
    rest, origin, days = text, "start", None
    for pattern, said in (
        (_AFTER_SURGERY, "operation"),
        (_BEFORE_SURGERY, "operation"),
        (_DIAGNOSIS, "index"),
        (_BASELINE, "start"),
    ):
        if found := pattern.search(rest):
            rest, origin = rest.replace(found.group(), " "), said
            days = None if pattern is _AFTER_SURGERY else 0.0
            break
    if days is None:
        if origin == "start" and (began := _AFTER_START.search(rest)):
            rest, origin = rest.replace(began.group(), " "), "treatment"
        span, last = _SPAN.search(rest), None
        if span is None:
            span = last = _SPAN_LAST.search(rest)
        if span is None or _ELSEWHERE.search(rest):
            return None
        said_number, unit = (span[2], span[1]) if last else (span[1], span[2])
        number = _NUMERALS.get(said_number) or float(said_number)
        length = next(length for pattern, length in _UNITS if pattern.match(unit))
        days, rest = float(round(number * length)), rest.replace(span.group(), " ")
    analyte = _analyte(rest)
    return (analyte, origin, days) if analyte else None


def _analyte(rest: str) -> str | None:
    return analyte_of(rest.strip(" _.-")) or analyte_of(_WORDS.sub("", rest)) or analyte_of(rest.strip(" _.-后时"))


#: The one column of dates of a sheet of values, called after its analyte (PSA检测日期).
_DRAWN = re.compile(r"(.+?)(?:检测|检查|化验|检验|采血|抽血|复查)?(?:日期|时间)")


def under_the_sheets_name(frame: pl.DataFrame, table: str, sheet: str) -> pl.DataFrame:
    """Name columns that are headed by dates alone after the analyte that their sheet is called (PSA监测: 2021-03-05), and
    the one of its dates that is called after an analyte.

    >>> under_the_sheets_name(pl.DataFrame({"patient_id": ["P1"], "2021-03-05": ["4"]}), "labs", "PSA监测").columns
    ['patient_id', 'PSA 2021-03-05']
    >>> under_the_sheets_name(pl.DataFrame({"patient_id": ["P1"], "PSA检测日期": ["2021-03-05"]}), "labs", "PSA").columns
    ['patient_id', 'date']
    """
    if table == "labs" and not {"date", "day"} & set(frame.columns):
        drawn = [c for c in frame.columns if (m := _DRAWN.fullmatch(c.strip())) and analyte_of(m[1])]
        frame = frame.rename({drawn[0]: "date"}) if len(drawn) == 1 else frame
    dates = [c for c in frame.columns if _DATE.fullmatch(c.strip())]
    analyte = (
        _analyte(re.sub(r"监测|随访|记录|动态|变化|化验|复查|series|values?|monitoring", "", sheet)) if dates else None
    )
    return frame.rename({c: f"{analyte} {c}" for c in dates}) if table == "labs" and analyte else frame


def rows_of_times(reading: Reading) -> None:
    """Turn such columns, beside the patients or in a table of values, into a row per value."""
    for name in ("labs", "patients"):
        frame = reading.tables.get(name)
        if frame is None or "patient_id" not in frame.columns or {"analyte", "value"} & set(frame.columns):
            continue
        found = {c: said for c in frame.columns if (said := timed(c))}
        if not found:
            _told(name, [], [], [], 0, reading)
            continue
        start = _start_of(frame)
        rows, placed, lost = _rows(frame, found, start, reading)
        of_start = [c for c in placed if start and found[c][1] in ("start", "treatment")]
        if of_start:
            reading.notes.append(
                f"{name}: {', '.join(of_start[:6])}: day 0 of these columns is the start of treatment in their own row "
                f"({start}); a time is no nearer than its unit"
            )
        _told(name, [c for c in placed if found[c][1] != "date" and c not in of_start], of_start, placed, lost, reading)
        if not placed:
            continue
        left = frame.drop(placed)
        if name == "labs" and not any(analyte_of(c) for c in left.columns):
            del reading.tables["labs"]  # what is left holds no value
            reading.lines.pop("labs", None)
        else:
            reading.tables[name] = left
        if rows.height:
            add_rows(reading, "labs", rows)


#: The line before the date of its start: 一线治疗开始日期, 1L start.
_LINE = re.compile(r"^\s*(?:第?[一二三四1-4]线|(?:first|second|third)[-_ ]line|[1-4]L)[-_ ]*", re.I)


def _start_of(frame: pl.DataFrame) -> str | None:
    """Return the one column in which a row names the start of its treatment; null where there is none, or several.

    >>> _start_of(pl.DataFrame(schema=["patient_id", "用药开始", "PSA_3m"]))
    '用药开始'
    >>> _start_of(pl.DataFrame(schema=["patient_id", "ADT开始日期", "阿比特龙开始日期", "PSA_3m"]))
    """

    def is_start(column: str) -> bool:
        column = _LINE.sub("", column)
        ours = (meaning("column", bare(column)), date_of_drugs(column), (dated_drug(column) or ("", ""))[1])
        return column == "start_date" or "start_date" in ours

    found = [c for c in frame.columns if is_start(c)]
    return found[0] if len(found) == 1 else None


def _rows(
    frame: pl.DataFrame, found: dict[str, tuple[str, str, float]], start: str | None, reading: Reading
) -> tuple[pl.DataFrame, list[str], int]:
    """Return the rows, the columns that could be placed, and how many values lack the date that their time counts from."""
    origins = _origins(frame, reading)
    if start:
        begun = plain_dates(frame[start].cast(pl.String)).str.to_date("%Y-%m-%d", strict=False)
        origins |= {"start": begun, "treatment": begun}
    elif "index" in origins:
        origins["start"] = origins["index"]
    parts, placed, lost = [], [], 0
    for column, (analyte, origin, days) in found.items():
        if origin == "date":
            match = _DATE.search(column)
            date = pl.Series("date", plain_dates(pl.Series([match.group() if match else None])))
            dates = pl.repeat(date[0], frame.height, dtype=pl.String, eager=True)
        elif origin not in origins:
            continue
        else:
            shifted = pl.select((pl.lit(origins[origin]) + pl.duration(days=int(days))).alias("d"))["d"]
            dates = shifted.dt.to_string("%Y-%m-%d")
        unit = _UNIT.search(column)
        rows = frame.select(
            pl.col("patient_id").cast(pl.String),
            dates.alias("date"),
            pl.lit(analyte).alias("analyte"),
            pl.lit(unit[1] if unit else None, pl.String).alias("unit"),
            pl.col(column).cast(pl.String).str.strip_chars().replace("", None).alias("value"),
        ).drop_nulls("value")
        lost += rows["date"].null_count()
        parts.append(rows.drop_nulls("date"))
        placed.append(column)
    return (pl.concat(parts) if parts else pl.DataFrame()), placed, lost


def _origins(frame: pl.DataFrame, reading: Reading) -> dict[str, pl.Series]:
    """Return the dates that times count from, a value for each row of the frame: day 0, and the operation."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return {}
    operation = next((c for c in patients.columns if is_date_of_operation(c)), None)
    columns = {"index": "index_date" if "index_date" in patients.columns else operation, "operation": operation}
    out = {}
    for origin, column in columns.items():
        if column is None:
            continue
        known = patients.select(pl.col("patient_id").cast(pl.String), pl.col(column).cast(pl.String).alias("_d"))
        known = known.unique("patient_id", keep="first", maintain_order=True)
        ids = frame.select(pl.col("patient_id").cast(pl.String))
        dates = ids.join(known, on="patient_id", how="left", maintain_order="left")["_d"]
        out[origin] = plain_dates(dates).str.to_date("%Y-%m-%d", strict=False)
    return out


def _told(name: str, by_span: list[str], of_start: list[str], placed: list[str], lost: int, reading: Reading) -> None:
    """Say which columns are read at what their headers say (`by_span`: a time after something, no date), and which not."""
    elsewhere = [c for c in reading.tables[name].columns if c not in placed and (timed(c) or _is_elsewhere(c))]
    if dated := [c for c in placed if c not in (*by_span, *of_start)]:
        reading.notes.append(f"{name}: {', '.join(dated[:6])}: values of the date in their header")
    if by_span:
        message = f"{', '.join(by_span[:6])}: read at the time that the header says, from day 0 or the operation, "
        message += "no nearer than its unit."
        cure = "Give the dates of the blood draws, where a week matters."
        reading.problems.append(Problem("labs", None, by_span[0], None, message, cure, "warning"))
    if elsewhere:
        message = f"{', '.join(elsewhere[:6])}: values whose time cannot be placed; not read."
        cure = "Give each value the date of its blood draw."
        reading.problems.append(Problem(name, None, elsewhere[0], None, message, cure, "warning"))
    if lost:
        since = "the start of treatment" if of_start else "day 0"
        message = f"{lost:,} values have no date of {since} or of the operation to count from: not read."
        reading.problems.append(Problem(name, None, "date", None, message, "Fill in that date.", "warning"))


def _is_elsewhere(header: str) -> bool:
    """Whether a header names an analyte and a time that counts from elsewhere: CEA治疗后2周期."""
    text = _UNIT.sub("", bare(header))
    if analyte_of(text) or not _ELSEWHERE.search(text):
        return False
    words = re.split(r"[\s_]+|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z])", text)
    return any(analyte_of(w) for w in words if w)
