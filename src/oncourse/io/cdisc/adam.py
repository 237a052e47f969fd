"""CDISC ADaM (ADSL, ADTTE, ADRS; CSV or SAS transport) -> patients, follow_up, treatments, assessments, end points.

Standard: ADaM Implementation Guide 1.3; ADaM Basic Data Structure for Time-to-Event Analyses 1.0 (CNSR 0 is an event).
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from oncourse.errors import InputError
from oncourse.io.cdisc.adam_tumours import adverse_events, laboratory, lesions, responses
from oncourse.io.clinical.gather import Gather, Row, Source, files_of
from oncourse.io.reading import Reading
from oncourse.study.codes import is_code
from oncourse.study.schema import Problem
from oncourse.study.whose_cancer import cause_or_words

SETS = ("adsl", "adtte", "adrs", "adtr", "adlb", "adpsa", "adae")
_ENDS = (".csv", ".tsv", ".txt", ".xpt")
#: Days of a unit of AVALU.
UNIT_DAYS = {"days": 1.0, "day": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}


def _unit_in(param: str | None) -> str:
    """Return the unit that the words of a parameter name, days where they name none.

    >>> _unit_in("Overall Survival (months)"), _unit_in("Time to progression"), _unit_in("PFS [Weeks]")
    ('months', 'days', 'weeks')
    """
    found = re.search(r"[(\[,]\s*(day|week|month|year)s?\s*[)\]]?\s*$", param or "", re.I)
    return f"{found[1].lower()}s" if found else "days"


#: SAS counts days from here where a transport file holds a date as a number.
_SAS_ZERO = dt.date(1960, 1, 1)


def _sets(path: Path) -> dict[str, Path]:
    found = files_of(path, *_ENDS) if path.is_dir() else {}
    return {s: f for s in SETS for n, f in reversed(found.items()) if n == s or n.startswith(f"{s}_")}


def is_adam(path: Path) -> bool:
    """Whether a folder holds a subject-level data set (ADSL)."""
    return "adsl" in _sets(path)


def read_adam(path: Path) -> Reading:
    """Read a folder of ADaM data sets.

    A date that the source imputed (DTHDTF, TRTSDTF, ADTF ...) is the month or year that is known of it. Day 0 is
    STARTDT of overall survival, else the randomisation (RANDDT), else the first treatment (TRTSDT). Times of
    ADTTE are ADT - STARTDT where both are there (AVAL counts the first day), and are kept as published end points;
    progression and recurrence enter follow_up where the event is said not to be a death. Where ADSL has neither death
    nor last contact, they are those of overall survival.
    """
    found = _sets(path)
    out = Gather("ADaM study", "STARTDT of overall survival, else RANDDT, else TRTSDT")
    times = out.table(found["adtte"]) if "adtte" in found else Source("", [], [])
    starts = {
        times.get(r, "usubjid"): _date(times.get(r, "startdt")) for r in times.rows if times.get(r, "paramcd") == "OS"
    }
    if "adsl" not in found:
        raise InputError(f"{path.name}: holds no ADSL, the data set of the subjects. Add it.")
    subjects = out.table(found["adsl"])
    follow: dict[str, dict[str, str | None]] = {}
    for row in subjects.rows:
        _subject(row, subjects, starts, out, follow)
    apart: list[tuple[str, str]] = []
    against: list[str] = []
    for row in times.rows:
        _time(row, times, out, follow, apart, against)
    if against:
        message = f"CNSR of OS contradicts the death of {len(against):,} subjects (first: {against[0]}): not known."
        cure = "CNSR is 0 where the event happened; is it the other way round here?"
        out.problems.append(Problem(times.name, None, "CNSR", against[0], message, cure, "warning"))
    if apart:
        patient, code = apart[0]
        message = (
            f"AVAL contradicts ADT - STARTDT in {len(apart):,} records (first: {patient}, {code}): the dates are used."
        )
        cure = "Correct the time, its unit (AVALU) or one of the dates."
        out.problems.append(Problem(times.name, None, "aval", None, message, cure, "warning"))
    for file in files_of(path, *_ENDS).values():
        if file not in found.values():
            out.notes.append(f"{file.name} has no table here: not read")
    readers = (
        ("adrs", responses),
        ("adtr", lesions),
        ("adlb", laboratory),
        ("adpsa", laboratory),
        ("adae", adverse_events),
    )
    for name, read in readers:
        if name in found:
            read(out.table(found[name]), out, follow, _date)
    for patient, cells in follow.items():
        cells.pop("_timed", None)
        cells.pop("_index", None)
        cells["last_contact_date"] = cells["last_contact_date"] or out.last_seen.get(patient)
        if cells["last_contact_date"]:
            out.add("follow_up", patient_id=patient, **cells)
    return out.finish()


def _date(text: str | None) -> str | None:
    """A date as written: ISO, 02JAN2019, or a SAS day number."""
    if text is None:
        return None
    try:
        if re.fullmatch(r"-?\d+(\.0+)?", text):
            return (_SAS_ZERO + dt.timedelta(days=int(float(text)))).isoformat()
        if found := re.match(r"(\d{2})([A-Za-z]{3})(\d{4})", text):
            return dt.datetime.strptime("".join(found.groups()).title(), "%d%b%Y").date().isoformat()
    except (ValueError, OverflowError):
        return text[:10]  # no date: said where the table is checked
    return text[:10]


def _as_known(date: str | None, flag: str | None) -> str | None:
    """A date without what the source imputed: the day (flag D), the month too (M), all of it (Y).

    >>> _as_known("2019-03-15", "D"), _as_known("2019-07-02", "M"), _as_known("2019-07-02", None)
    ('2019-03', '2019', '2019-07-02')
    """
    if date is None or flag is None:
        return date
    return {"D": date[:7], "M": date[:4], "Y": None}.get(flag.strip().upper(), date)


def _known(row: Row, source: Source, name: str) -> str | None:
    """A date of ADSL as far as it is known: its imputation flag (DTHDTF of DTHDT) undone."""
    return _as_known(_date(source.get(row, name)), source.get(row, f"{name}f"))


def _days_between(start: str | None, end: str | None) -> int | None:
    """Days between two whole dates; None where one of them is none."""
    try:
        return (dt.date.fromisoformat(end or "") - dt.date.fromisoformat(start or "")).days
    except ValueError:
        return None


def _subject(
    row: Row,
    source: Source,
    starts: dict[str | None, str | None],
    out: Gather,
    follow: dict[str, dict[str, str | None]],
) -> None:
    get = source.get
    patient = get(row, "usubjid")
    randomised, treated = (_known(row, source, name) for name in ("randdt", "trtsdt"))
    arm = get(row, "trt01p", "arm")
    if patient is None:
        out.skip(source.name, "patients", "no USUBJID", None)
        return
    failed = "screen" in f"{get(row, 'arm')} {get(row, 'armcd')}".lower() or get(row, "ittfl") == "N"
    if failed and not treated and get(row, "ittfl") != "Y":
        out.skip(source.name, "patients", "screen failure or not randomised (ITTFL = N)", patient)
        return
    index = starts.get(patient) or randomised or treated
    sex = {"F": "female", "M": "male"}.get(get(row, "sex") or "")
    out.add(
        "patients",
        patient_id=patient,
        sex=sex,
        age_years=get(row, "age"),
        index_date=index,
        arm=arm,
        treated="yes" if treated else "no",
    )
    death = _known(row, source, "dthdt") or _date(get(row, "dthdtc"))
    last = _known(row, source, "lstalvdt") or _date(get(row, "eosdt")) or _date(get(row, "rfpendtc"))
    cause = get(row, "dthcgr1", "dthcaus") if death else None
    dead = (bool(death) and not is_code(death)) or get(row, "dthfl") == "Y"
    told = bool({"dthfl", "dthdt", "dthdtc"} & set(source.columns))  # without any of them nobody is said to live
    whole = death if death and len(death) == 10 and not is_code(death) else None
    follow[patient] = {
        "last_contact_date": whole or last,
        "is_dead": str(dead).lower() if told else None,
        "death_date": death,
        "cause_of_death": cause_or_words(cause),
        "_index": index,
    }
    if treated:
        drug = get(row, "trt01a", "trt01p", "actarm", "arm")
        out.add(
            "treatments",
            patient_id=patient,
            drugs=(drug or "study treatment").lower(),
            start_date=treated,
            stop_date=_known(row, source, "trtedt"),
        )


def _time(
    row: Row,
    source: Source,
    out: Gather,
    follow: dict[str, dict[str, str | None]],
    apart: list[tuple[str, str]],
    against: list[str],
) -> None:
    get = source.get
    patient, code = get(row, "usubjid"), get(row, "paramcd")
    start, end = _date(get(row, "startdt")), _date(get(row, "adt"))
    value, unit = source.number(row, "aval"), (get(row, "avalu") or _unit_in(get(row, "param"))).lower()
    if patient is None or code is None or (end is None and value is None):
        out.skip(source.name, "published_endpoints", "no subject, parameter or time", patient)
        return
    if patient not in follow:
        out.skip(source.name, "published_endpoints", "the subject is not in ADSL, or left out there", patient)
        return
    between = _days_between(start, end)
    if between is None and (value is None or unit not in UNIT_DAYS):
        out.skip(source.name, "published_endpoints", "neither two whole dates nor a time in a known unit", patient)
        return
    days = round((value or 0.0) * UNIT_DAYS[unit]) if between is None else between
    if between is not None and value is not None and _apart(value, unit, between):
        apart.append((patient, code))
    event = {"0": "true", "0.0": "true"}.get(get(row, "cnsr") or "", "false" if get(row, "cnsr") else None)
    words = get(row, "evntdesc", "cnsdtdsc") or ""
    if code == "OS" and event and _is_against(event, words, follow[patient]["is_dead"]):
        against.append(patient)
        event = None
    out.add(
        "published_endpoints",
        patient_id=patient,
        endpoint=code,
        time_days=days,
        is_event=event,
        status=words or None,
        definition=get(row, "param"),
        anchor="index" if start else None,
        source=source.name,
    )
    if code == "OS":
        _life(follow[patient], start, end, days, event)
    kind = "progression" if code in ("PFS", "TTP") else "recurrence" if code in ("DFS", "RFS", "TTR") else None
    if kind is None or end is None:
        return
    end = _as_known(end, get(row, "adtf")) or end
    if kind == "progression":
        follow[patient]["_timed"] = "yes"
    died = re.search(r"death|died|dead", words, re.I) or (not words and end == follow[patient]["death_date"])
    if event == "false" or not died:
        follow[patient].setdefault(f"{kind}{'' if event == 'true' else '_free'}_date", end)


def _life(cells: dict[str, str | None], start: str | None, end: str | None, days: int, event: str | None) -> None:
    """Take the last contact, or the death, from the record of overall survival where ADSL gives neither."""
    if cells["last_contact_date"] or cells["death_date"]:
        return
    try:
        zero = dt.date.fromisoformat(start or cells["_index"] or "")
    except ValueError:
        return
    last = end or (zero + dt.timedelta(days=days)).isoformat()
    cells["last_contact_date"] = last
    if event == "true":
        cells |= {"death_date": last, "is_dead": "true"}
    elif event == "false" and cells["is_dead"] is None:
        cells["is_dead"] = "false"


def _is_against(event: str, words: str, is_dead: str | None) -> bool:
    """Whether a record of overall survival contradicts its own words or ADSL: censored by a death, or an event of who
    lives (CNSR is 0 where the event happened, ADaM BDS for time to event).

    >>> _is_against("false", "DEATH", None), _is_against("true", "", "false"), _is_against("false", "Last contact", "true")
    (True, True, False)
    """
    censored_by_death = event == "false" and re.fullmatch(r"(?i)death|died|dead|death from any cause", words.strip())
    return bool(censored_by_death) or (event == "true" and is_dead == "false")


def _apart(value: float, unit: str, between: int) -> bool:
    """Whether AVAL contradicts ADT - STARTDT by more than rounding and the ways to count the first day and a month.

    >>> _apart(251, "days", 250), _apart(15, "months", 450), _apart(90, "days", 150)
    (False, False, True)
    """
    if unit not in UNIT_DAYS:
        return False
    rounding = UNIT_DAYS[unit] * (0.5 if value == round(value) and unit not in ("day", "days") else 0.1)
    return abs(value * UNIT_DAYS[unit] - between) > 1.5 + rounding + 0.02 * abs(between)
