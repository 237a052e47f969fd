"""Laboratory values that stand in a sheet of visits or of imaging, beside what it is about, or all in one cell with their
dates (PSA变化: 2021-03-05: 120；2021-04-05: 30)."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical.own_wide import add_rows
from oncourse.io.reading import Reading
from oncourse.study.headers import bare
from oncourse.study.lab_values import analyte_of
from oncourse.study.schema import Problem

_UNIT = re.compile(r"[(（]([^()（）]*/[^()（）]*)[)）]\s*$")


_NUMBER = re.compile(r"^(.*?)(?:第)?(\d{1,2})(?:次|st|nd|rd|th)?(.*)$")


def rows_of_follow_up(reading: Reading) -> None:
    """Turn numbered columns of follow-up (随访1日期, 随访1状态, FU2 date, FU2 status) into a row per visit."""
    for name in ("follow_up", "patients"):
        frame = reading.tables.get(name)
        if frame is None or "patient_id" not in frame.columns or "last_contact_date" in frame.columns:
            continue
        visits: dict[int, dict[str, str]] = {}
        for column in frame.columns:
            found = _NUMBER.match(bare(column))
            stem = re.sub(r"[\s_.-]+", " ", f"{found[1].strip(' _-')} {found[3].strip(' _-')}").strip() if found else ""
            what = next((w for w, pattern in _OF_VISIT.items() if pattern.fullmatch(stem.replace(" ", ""))), None)
            if found and what:
                visits.setdefault(int(found[2]), {}).setdefault(what, column)
        whole = [columns for columns in visits.values() if "date" in columns]
        if len(whole) < 2 or len(whole) < len(visits):
            continue
        rows = pl.concat([_visit_of(frame, columns) for columns in whole], how="diagonal")
        used = [c for columns in whole for c in columns.values()]
        reading.tables[name] = frame.drop(used)
        if name == "follow_up":
            rest = frame.drop(used)
            rows = rows.join(rest, on="patient_id", how="left", maintain_order="left")
            reading.lines.pop(name, None)
        reading.tables["follow_up"] = rows
        reading.notes.append(
            f"{name}: {len(whole)} numbered visits of follow-up are a row each ({', '.join(used[:4])} ...)"
        )


_OF_VISIT = {
    "date": re.compile(
        r"随访(?:日期|时间)|(?:日期|时间)随访|(?:fu|follow-?up|visit)date|date(?:of)?(?:fu|follow-?up|visit)", re.I
    ),
    "status": re.compile(
        r"(?:随访)?(?:状态|结果|情况|结局|转归)|生存(?:状态|情况|结局)|(?:fu|follow-?up|vital)status|status(?:at)?(?:fu|follow-?up)?",
        re.I,
    ),
}


def _visit_of(frame: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """Return patient_id, last_contact_date and, where it is there, the status of one visit."""
    date = pl.col(columns["date"]).cast(pl.String).str.strip_chars().replace("", None).alias("last_contact_date")
    status = [pl.col(columns["status"]).cast(pl.String).alias("随访状态")] if "status" in columns else []
    return frame.select("patient_id", date, *status).drop_nulls("last_contact_date")


def labs_of_visits(reading: Reading) -> None:
    """Make rows of labs of the columns of analytes (PSA, CEA) in a table of assessments or follow-up with dates."""
    for name, date in (("assessments", "date"), ("follow_up", "last_contact_date")):
        frame = reading.tables.get(name)
        if frame is None or not {"patient_id", date} <= set(frame.columns):
            continue
        columns = {c: analyte for c in frame.columns if (analyte := analyte_of(c))}
        if not columns:
            continue
        parts = [
            frame.select(
                pl.col("patient_id").cast(pl.String),
                pl.col(date).cast(pl.String).alias("date"),
                pl.lit(analyte).alias("analyte"),
                pl.lit(unit[1] if (unit := _UNIT.search(column)) else None, pl.String).alias("unit"),
                pl.col(column).cast(pl.String).str.strip_chars().replace("", None).alias("value"),
            ).drop_nulls(["value", "date"])
            for column, analyte in columns.items()
        ]
        rows = pl.concat(parts)
        reading.tables[name] = frame.drop(list(columns))
        if rows.height:
            add_rows(reading, "labs", rows)
        reading.notes.append(
            f"{name}: {', '.join(columns)} are laboratory values of their day ({rows.height:,} rows of labs)"
        )


_SERIES = re.compile(
    r"^(?:历次|动态)?(.+?)\s*(?:变化|动态|动态变化|随访|趋势|监测|历次|系列|结果|series|values|trend|history)$", re.I
)
_PAIR = re.compile(
    r"^((?:19|20)\d\d[-/.年]\d{1,2}(?:[-/.月]\d{1,2}[日号]?|月)?)\s*[:：=，, ]?\s*"
    r"([<>＜＞]?\s*\d+(?:\.\d+)?)\s*(?:([a-zμµ]+/[a-zA-Z]+))?$",
    re.I,
)


def labs_of_series(reading: Reading) -> None:
    """Make rows of labs of a column beside the patients whose cells hold dates and values of one analyte; a cell without
    dates (120→30→0.5) is told."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    for column in patients.columns:
        found = _SERIES.match(bare(column))
        analyte = analyte_of(found[1].strip(" _-")) if found else None
        if analyte is None:
            continue
        cells = patients.select("patient_id", pl.col(column).cast(pl.String)).drop_nulls()
        rows, odd = [], []
        for patient, text in cells.iter_rows():
            pairs = pairs_of(text)
            rows += [(patient, date, analyte, unit, value) for date, value, unit in pairs]
            odd += [] if pairs else [patient]
        if odd:
            message = f"{column} of {len(odd):,} patients (first: {odd[0]}) holds no dates with values: not read."
            cure = "Write a row of the sheet of laboratory values for each: date, analyte, value."
            reading.problems.append(Problem("patients", None, column, odd[0], message, cure, "warning"))
        if rows:
            schema = dict.fromkeys(("patient_id", "date", "analyte", "unit", "value"), pl.String)
            add_rows(reading, "labs", pl.DataFrame(rows, schema=schema, orient="row"))
            reading.tables["patients"] = (
                reading.tables["patients"].drop(column) if not odd else reading.tables["patients"]
            )
            reading.notes.append(f"{column}: {len(rows):,} dated values in its cells are laboratory values")


def pairs_of(text: str) -> list[tuple[str, str, str | None]]:
    """Return date, value and unit of each part of a cell; none where a part is no such pair.

    >>> pairs_of("2021-03-05: 120; 2021-04-05: 30ng/ml；2021.6 <0.01"), pairs_of("120→30"), pairs_of("2021-03-05: 120; 升高")
    ([('2021-03-05', '120', None), ('2021-04-05', '30', 'ng/ml'), ('2021.6', '<0.01', None)], [], [])
    """
    parts = [p.strip() for p in re.split(r"[;；\n]+|[,，、](?=\s*(?:19|20)\d\d[-/.年])", text) if p.strip()]
    found = [_PAIR.match(p) for p in parts]
    return [(m[1], m[2].replace(" ", ""), m[3]) for m in found if m] if all(found) else []
