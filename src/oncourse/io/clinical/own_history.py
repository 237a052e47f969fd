"""A history of treatment in one cell (2019.3 FOLFOX×8；2020.1 FOLFIRI+贝伐 PD) as rows of treatments.

A cell is read whole or not at all: where one of its parts is not understood, lines would be numbered wrong. A part that
begins with a time and names known drugs is a treatment; one of an operation, a finding or a remark is none, and is told.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

import polars as pl

from oncourse.io.clinical.own_wide import add_rows
from oncourse.io.reading import Reading
from oncourse.study.checks_drugs import is_understood
from oncourse.study.headers import bare
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.words import plain

_HISTORY = re.compile(
    r"^(既往)?(抗肿瘤)?(治疗|化疗|用药|内科治疗|系统治疗)(史|经过|过程|情况|历程|经历|记录|详情)$|"
    r"^(prior |previous |past )?(systemic )?(treatment|therapy|chemotherapy|drug) (history|course|details)$|"
    r"^prior (treatments?|therap(?:y|ies))$",
    re.I,
)
_MONTH, _DAY = r"(?:1[0-2]|0?[1-9])(?!\d)", r"(?:[12]\d|3[01]|0?[1-9])(?!\d)"
_BY = "|".join(rf"\s*{mark}\s*{_MONTH}(?:\s*{mark}\s*{_DAY})?" for mark in ("-", r"\.", "/"))
_WHEN = rf"(?:19|20)\d\d(?:{_BY}|\s*年(?:\s*{_MONTH}\s*月?(?:\s*{_DAY}[日号])?)?)?"
_UNTIL = r"\s*(?:-{1,2}|–|—|~|至|到|to|until)\s*"
_OPEN = r"(?:今|至今|now|present|ongoing|目前)"
#: The time of a part: 2019.3, 2019.3-2019.9, 2018-2020, 2020年1月起, since 2020-05, 2019-03 to now.
_TIME = re.compile(
    rf"(?:自|于|从|since|from|in)?\s*(?P<start>{_WHEN})(?:{_UNTIL}(?P<stop>{_WHEN}|{_OPEN}|\d{{1,2}}(?:月|(?=\D|$))))?\s*(?:起|开始|始)?",
    re.I,
)
_SENTENCES = re.compile(r"\s*[;；。\n]\s*|(?:^|\s+)\d{1,2}\s*[.、)）]\s+(?=\D|(?:19|20)\d\d)")
_COMMAS = re.compile(r"\s*[,，]\s*")
#: A comma before a time begins a part; where each piece between commas has a time, each is one.
_NEXT = re.compile(r"\s*[,，、]\s*(?=(?:自|于|从|since|from)?\s*(?:19|20)\d\d)")
_STOPPED = re.compile(rf"^(?P<when>{_WHEN})\s*(?:停药|停止|结束|stopped|end(?:ed)?)$", re.I)
#: What a part says that is no treatment by drugs.
_EVENT = re.compile(
    r"进展|复查|复发|转移|评[价估]|行.{0,12}术|切除|造瘘|检查|PET|CT|MRI|\bPD\b|progress|surgery|resect|scan", re.I
)
#: Words beside drugs: cycles, doses by cycle, results, verbs.
_BESIDE = re.compile(
    r"第?[一二三四五六]线\s*[:：]?|(?:(?<![A-Za-z])x|[×*])\s*\d+\s*(?:个?(?:周期|疗程|程|次)|cycles?)?|(?:共|行|予|给予|口服|接受|应用|使用)*\d+\s*个?(?:周期|疗程|程|次)|\d+\s*cycles?|"
    r"方案|(?:辅助|新辅助|姑息|一线|二线|三线|四线|维持|靶向|免疫|内分泌|系统)?(?:化疗|治疗)|改(?:为|用)|换(?:为|用)|更换(?:为)?|予以?|给予|继续|行|口服|"
    r"(?:最佳)?(?:疗效|评[价估])[:：]?|\b(?:CR|PR|SD|PD|NE)\b|进展|疾病|停药|后|不耐受|完成|\(\s*\)|treatment|chemotherapy|regimen",
    re.I,
)
_SETTING = re.compile(r"新辅助|辅助|一线|二线|三线|四线|neo-?adjuvant|adjuvant", re.I)
_PROGRESSED = re.compile(r"进展|\bPD\b|progress", re.I)


@dataclass(frozen=True)
class Past:
    """One treatment of a history: drugs as written, start and stop as dates or parts of them, PD as its reason."""

    drugs: str
    start: str
    stop: str | None
    stop_reason: str | None


def treatments_of(text: str) -> tuple[list[Past], list[str]] | None:
    """Return the treatments of a history in its order, and the parts that are none; null where a part is not understood.

    >>> found, _ = treatments_of("2019.3 FOLFOX×8；2020.1 FOLFIRI+贝伐 PD")
    >>> [(p.drugs, p.start, p.stop, p.stop_reason) for p in found]
    [('FOLFOX', '2019-03', None, None), ('FOLFIRI+贝伐', '2020-01', None, 'progression')]
    >>> [(p.drugs, p.start, p.stop) for p in treatments_of("ADT 2018-2020, abiraterone since 2020-05")[0]]
    [('ADT', '2018', '2020'), ('abiraterone', '2020-05', None)]
    >>> [(p.drugs, p.start, p.stop) for p in treatments_of("2019.3-9月 XELOX 8周期，2020年1月至今 瑞戈非尼")[0]]
    [('XELOX', '2019-03', '2019-09'), ('瑞戈非尼', '2020-01', None)]
    >>> treatments_of("2019年3月行右半结肠切除术；2019年4月XELOX")[1], treatments_of("2019.3 某新药；2020.1 FOLFIRI")
    (['2019年3月行右半结肠切除术'], None)
    """
    plain_text = unicodedata.normalize("NFKC", text).strip()
    found: list[Past] = []
    others: list[str] = []
    for part in _parts(plain_text):
        if (stopped := _STOPPED.match(part)) and found and found[-1].stop is None:
            found[-1] = replace(found[-1], stop=plain_dates(pl.Series([_tidy(stopped["when"])]))[0])
            continue
        times = list(_TIME.finditer(part))
        words = _TIME.sub(" ", part)
        drugs = " ".join(_BESIDE.sub(" ", words).split()).strip(" ,，、:：-+()")
        drugs = re.sub(r"\s*\b(?:until|to)$|[至到]$", "", drugs, flags=re.I)
        known = bool(drugs) and is_understood(drugs)
        if not known:
            if _EVENT.search(part):
                others.append(part)
                continue
            return None
        last = times[-1]
        if (
            len(times) == 2
            and times[0]["stop"] is None
            and re.search(r"(?:until|to|至|到)\s*$", part[: last.start()], re.I)
        ):
            said = last["start"]
        elif len(times) == 1:
            said = times[0]["stop"]
        else:
            return None
        start, stop = (plain_dates(pl.Series([_tidy(d)]))[0] for d in (times[0]["start"], said))
        stop = _until(start, said, stop)
        found.append(Past(drugs, start, stop, "progression" if _PROGRESSED.search(words) else None))
    return (found, others) if found else None


def _parts(text: str) -> list[str]:
    out = []
    for sentence in _SENTENCES.split(text):
        pieces = _COMMAS.split(sentence)
        each = all(re.search(_WHEN, piece) for piece in pieces)
        out += pieces if each else _NEXT.split(sentence)
    return [p for p in (part.strip(" ,，、") for part in out) if p]


def _tidy(date: str | None) -> str | None:
    return None if date is None else re.sub(r"\s+", "", date).strip("-./")


def _until(start: str, said: str | None, stop: str | None) -> str | None:
    """Return the date of the end: none where it goes on, of the year of the start where a month alone is said."""
    if said is None or re.fullmatch(_OPEN, said, re.I):
        return None
    month = re.fullmatch(r"(\d{1,2})月?", said.strip())
    return f"{start[:4]}-{int(month[1]):02d}" if month else stop


_PERIOD = re.compile(
    r"^(用药|治疗|化疗|起止|用药起止|治疗起止)?(时间|日期|起止时间|起止日期|时间段|周期时间)$|^(treatment )?(period|dates)$",
    re.I,
)


def periods(reading: Reading) -> None:
    """Part a column of periods of treatments (2021.3.20-2021.9.1, 2021年4月至今) into start and stop, where none stands
    alone and each cell is one, or a date."""
    frame = reading.tables.get("treatments")
    if frame is None or {"start_date", "start_day"} & set(frame.columns):
        return
    column = next((c for c in frame.columns if c == "date" or _PERIOD.match(plain(bare(c)))), None)
    if column is None:
        return
    text = frame[column].cast(pl.String)
    found = [None if t is None else _TIME.fullmatch(unicodedata.normalize("NFKC", t).strip(" -~至")) for t in text]
    if not any(found) or any(t is not None and m is None for t, m in zip(text, found, strict=True)):
        return
    starts = [None if m is None else plain_dates(pl.Series([_tidy(m["start"])]))[0] for m in found]
    stops = [
        None if m is None else _until(str(start), m["stop"], plain_dates(pl.Series([_tidy(m["stop"])]))[0])
        for m, start in zip(found, starts, strict=True)
    ]
    made = [pl.Series("start_date", starts, pl.String)]
    made += [] if "stop_date" in frame.columns else [pl.Series("stop_date", stops, pl.String)]
    reading.tables["treatments"] = frame.drop(column).with_columns(made)
    reading.notes.append(f"treatments: {column} holds periods: start and end of each")


def rows_of_histories(reading: Reading) -> None:
    """Turn a column of histories beside the patients into rows of treatments, where the study has no such table; what is
    not understood is told, and stays a column."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    for column in [c for c in patients.columns if _HISTORY.match(plain(bare(c)))]:
        cells = patients.select("patient_id", pl.col(column).cast(pl.String)).drop_nulls()
        rows, odd, others = [], [], []
        for patient, text in cells.iter_rows():
            if re.fullmatch(r"\s*(无|否|未治疗|none|no|初治|-+|/)\s*", text, re.I):
                continue
            read = treatments_of(text)
            if read is None:
                odd.append(patient)
                continue
            rows += [(patient, p.drugs, p.start, p.stop, p.stop_reason) for p in read[0]]
            others += read[1]
        if odd:
            message = (
                f"{column} of {len(odd):,} patients (first: {odd[0]}) is not understood as a whole: none of it is read."
            )
            cure = "Write a row of the sheet of treatments for each: drugs, start, end."
            reading.problems.append(Problem("patients", None, column, odd[0], message, cure, "warning"))
        if not rows:
            continue
        if "treatments" in reading.tables:
            message = f"{column}: not read, as there is a table of treatments."
            cure = "Add what is missing to the table of treatments."
            reading.problems.append(Problem("patients", None, column, None, message, cure, "warning"))
            continue
        schema = dict.fromkeys(("patient_id", "drugs", "start_date", "stop_date", "stop_reason"), pl.String)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        add_rows(reading, "treatments", frame.drop([c for c in frame.columns if frame[c].is_null().all()]))
        more = f"; {len(others)} parts are operations, findings or remarks, not read ({others[0]})" if others else ""
        message = f"{column}: {len(rows):,} treatments are read from text{more}. Their dates may be months or years."
        cure = "Look at them in the table of treatments; a sheet with a row for each is safer."
        reading.problems.append(Problem("treatments", None, column, None, message, cure, "warning"))
