"""What a hospital's tables say of who somebody is: which speak of people, names leave, a date of birth becomes the age at
day 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.days import DAYS_PER_YEAR
from oncourse.io.clinical.own_headers import is_date_of_operation, our_headers
from oncourse.io.clinical.own_wide import has_lines
from oncourse.io.reading import Reading
from oncourse.io.tabular.relatives import are_relatives, by_their_ids, is_relative, relation_column
from oncourse.study.headers import items_alone
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES

#: Columns that say who somebody is.
_NAMES_SOMEBODY = re.compile(
    r"^(姓名|患者姓名|病人姓名|姓名(首字母|缩写|拼音)|initials|身份证号?码?|证件号码?|(联系)?电话(号码)?|手机号?码?|(家庭|联系|现)?住址|(家庭|联系)?地址|家属姓名|联系人|"
    r"(patient_?|first_?|last_?|full_?)?name|surname|phone(_?number)?|address|e-?mail|national_?id)$",
    re.I,
)


def nobodys_name(reading: Reading) -> None:
    """Leave out the columns that name people: no page, table or copy of the study is to hold them."""
    _one_person_twice(reading)
    for name, frame in reading.tables.items():
        named = [c for c in frame.columns if _NAMES_SOMEBODY.match(c.strip())]
        if named and name in TABLES and not set(named) & set(TABLES[name].by_name):
            reading.tables[name] = frame.drop(named)
            reading.notes.append(f"{name}: {', '.join(named)} names people and is not kept")


def without_relatives(reading: Reading) -> None:
    """Leave out the people and samples that a table calls relatives of a patient (关系 = 父亲), or that their ids do (P1父,
    患者母亲), and what is said of them."""
    for name in ("patients", "samples"):
        frame = reading.tables.get(name)
        if frame is None:
            continue
        column = relation_column(frame.columns)
        key = "patient_id" if name == "patients" else "sample_id"
        others = by_their_ids(frame, ("patient_id", "sample_id"))
        first = None
        if others.any():
            column, first = column or key, _first_of_kin(frame, others)
        elif column is not None:
            others = are_relatives(frame[column])
            first = frame[column].filter(others)[0] if others.any() else None
        if first is None:
            continue
        if relation_column(frame.columns):
            others = others | are_relatives(frame[str(relation_column(frame.columns))])
        _leave_out(reading, name, key, others)
        n = int(others.sum())
        message = (
            f"{n:,} rows of {name} are of relatives ({column}: {first}): left out, they are no patients with a tumour."
        )
        cure = "Give the patient's own rows an id, or a relation (本人), that says so."
        reading.problems.append(Problem(name, None, column, first, message, cure, "warning"))


def _leave_out(reading: Reading, name: str, key: str, others: pl.Series) -> None:
    """Take the rows `others` out of a table, and what other tables say of their ids, where no row that stays has them; what
    is read later is left out by ``reading.relatives``."""
    frame = reading.tables[name]
    lines = reading.lines.get(name, pl.int_range(2, frame.height + 2, eager=True))
    reading.tables[name], reading.lines[name] = frame.filter(~others), lines.filter(~others)
    if key not in frame.columns:
        return
    ids = frame[key].cast(pl.String).str.strip_chars()
    gone = ids.filter(others & ~ids.is_in(ids.filter(~others).drop_nulls().implode())).drop_nulls().unique().sort()
    samples = reading.tables.get("samples")
    if name == "patients" and samples is not None and {"sample_id", "patient_id"} <= set(samples.columns):
        whose = samples["patient_id"].cast(pl.String).str.strip_chars()
        theirs = samples.filter(whose.is_in(gone.implode()))["sample_id"].cast(pl.String)
    else:
        theirs = gone.clear() if name == "patients" else gone
    reading.relatives |= set(theirs.drop_nulls())
    columns = {c: pl.Series(c, [None] * len(gone), dtype=pl.String) for c in ("patient_id", "sample_id")}
    reading.leave_out(pl.DataFrame(columns | {key: gone.alias(key)}))


def _first_of_kin(frame: pl.DataFrame, others: pl.Series) -> str:
    """Return the id by which the first of the rows `others` is of a relative."""
    row = frame.filter(others).select(pl.col(pl.String)).row(0, named=True)
    return next(str(row[c]) for c in ("patient_id", "sample_id") if is_relative(row.get(c)))


_PERSON = re.compile(r"^(姓名|患者姓名|病人姓名|身份证号?码?|证件号码?|(patient_?|full_?)?name|national_?id)$", re.I)


def _one_person_twice(reading: Reading) -> None:
    """Say which patients' ids share a name, or a number of identity, and sex and birth where these are given: a new number
    for a second stay in hospital makes one person two patients. Names are not repeated."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    named = [c for c in patients.columns if _PERSON.match(c.strip())]
    beside = [c for c in patients.columns if c == "sex" or _BIRTH.match(c.strip())]
    for column in named:
        told = patients.filter(pl.col(column).cast(pl.String).str.strip_chars().str.len_chars() > 0)
        alike = told.group_by(column, *beside, maintain_order=True).agg(
            pl.col("patient_id").cast(pl.String).unique().sort()
        )
        several = alike.filter(pl.col("patient_id").list.len() > 1)
        if several.height:
            first = ", ".join(several["patient_id"][0][:4])
            by = " and ".join([column, *beside])
            message = (
                f"{several.height:,} people have several ids by {by} (first: {first}): each is counted as a patient."
            )
            cure = "Give one person one id throughout, if these are one."
            reading.problems.append(Problem("patients", None, "patient_id", first, message, cure, "warning"))


_BIRTH = re.compile(
    r"^(出生(日期|年月日?|时间|年份?)|生日|year_?of_?birth|birth_?year|yob|"
    r"(date_?of_?)?birth_?(date|day)?|dob)$",
    re.I,
)


def age_of_birth(reading: Reading) -> None:
    """Turn a date of birth into the age at day 0 where no age is given; the date itself is not kept.

    Without a day 0 no age is known of it; a month or a year of birth is read as its first day, an age at most a year
    too high.
    """
    patients = reading.tables.get("patients")
    column = None if patients is None else next((c for c in patients.columns if _BIRTH.match(c.strip())), None)
    if patients is None or column is None:
        return
    said = "is not kept"
    if "age_years" not in patients.columns and "index_date" in patients.columns:
        born, zero = (_day(patients[c]) for c in (column, "index_date"))
        age = ((zero - born).dt.total_days() / DAYS_PER_YEAR).round(1)
        patients = patients.with_columns(age.cast(pl.String).alias("age_years"))
        said = f"is the age at day 0 of {len(age.drop_nulls()):,} patients, and is not kept"
    reading.tables["patients"] = patients.drop(column)
    reading.notes.append(f"patients: {column} {said}")


def _day(dates: pl.Series) -> pl.Series:
    """Return the first day that a date, a month or a year may be; null where it is none of them."""
    text = plain_dates(dates.cast(pl.String))
    whole = pl.when(text.str.len_chars() == 4).then(text + "-01-01").when(text.str.len_chars() == 7).then(text + "-01")
    return pl.select(whole.otherwise(text).str.slice(0, 10).str.to_date(strict=False)).to_series()


#: Columns that only a table of patients has: two of them, and a report of genes is none.
_OF_PEOPLE = {
    "index_date",
    "last_contact_date",
    "death_date",
    "is_dead",
    "is_alive",
    "recurrence_date",
    "progression_date",
}
_OF_PEOPLE |= {"os_months", "os_days", "os_status", "pfs_months", "pfs_days"}


def speaks_of_people(header: Sequence[str]) -> bool:
    """Whether a header names a patient and, two times or more, when he fell ill, was seen, or died, or a line of therapy and
    when it was begun.

    >>> speaks_of_people(["住院号", "KRAS", "诊断日期", "生存状态"]), speaks_of_people(["住院号", "KRAS", "报告日期"])
    (True, False)
    >>> speaks_of_people(["Patient ID", "Date of surgery", "Status", "Last follow-up"])
    True
    >>> speaks_of_people(["住院号", "一线方案", "一线开始日期"])
    True
    """
    header = [c for c in items_alone(header) if c]
    named = our_headers(header, "patients")
    names = {"index_date" if is_date_of_operation(c) else named.get(c, c) for c in header}
    return "patient_id" in names and (len(names & _OF_PEOPLE) > 1 or has_lines(header))


#: Columns of tables that say the day of each row: beside the patients nothing says when it was.
_DATED_ELSEWHERE = {
    "assessments": ("overall", "non_target", "new_lesions"),
    "treatments": ("drugs", "line", "setting", "stop_reason", "start_date", "stop_date"),
    "adverse_events": ("grade", "term", "serious"),
}


def told_without_a_day(reading: Reading) -> None:
    """Say which columns beside the patients are those of a table with a day for each row (最佳疗效, 不良反应分级): they stay
    covariates of the patients, and no response, treatment or event is read of them."""
    patients = reading.tables.get("patients")
    for table, columns in _DATED_ELSEWHERE.items():
        there = [
            c
            for c in columns
            if patients is not None and c in patients.columns and patients[c].null_count() < len(patients)
        ]
        if there:
            message = (
                f"{', '.join(there)} stand with the patients and say no day: kept as covariates, not read as {table}."
            )
            cure = f"Give a sheet of {table} with a row and a date for each."
            reading.problems.append(Problem("patients", None, there[0], None, message, cure, "warning"))
