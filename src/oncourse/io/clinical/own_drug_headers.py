"""Headers of the day on which a drug was begun or ended: 首次给药日期, date of last dose; with its name, ADT开始日期."""

from __future__ import annotations

import re

from oncourse.study.checks_drugs import is_understood, substances
from oncourse.study.headers import bare
from oncourse.study.words import plain

_WHAT = r"(?:本线|该线|本次|全身|抗肿瘤|靶向|免疫|内分泌)*(?:治疗|化疗|用药|给药|服药|药物|方案|疗程|注射|输注)?"
_START = rf"{_WHAT}(?:开始|起始|始|首次|第一次|首剂|第一剂){_WHAT}"
_STOP = rf"{_WHAT}(?:结束|终止|中止|停止|停用|停|末次|最后一次|最后|完成){_WHAT}药?"
DAY = r"(?:日期|时间|日)"
_THERAPY = r"(?:treatment|therapy|regimen|drug|chemo(?:therapy)?|dosing)"
_DOSE = r"(?:dose|administration|treatment|cycle|infusion)"
_HEADERS = {
    "start_date": re.compile(
        rf"(?:{_START}{DAY}|{_WHAT}(?:开始|起始)|始用{DAY}|c1d1{DAY}?|cycle 1 day 1(?: date)?|"
        rf"(?:date of )?(?:first|initial) {_DOSE}(?: date)?|"
        rf"(?:date of )?(?:{_THERAPY} )?(?:start(?:ed)?|beg(?:an|in)|initiation)(?: of {_THERAPY})?(?: date)?)"
    ),
    "stop_date": re.compile(
        rf"(?:{_STOP}{DAY}|{_WHAT}(?:结束|终止)|(?:date of )?(?:last|final) {_DOSE}(?: date)?|off[- ]treatment date|"
        rf"date of (?:{_THERAPY} )?(?:stop|end|discontinuation|completion)|"
        rf"(?:{_THERAPY} )?(?:stop(?:ped)?|end(?:ed)?|discontinu(?:ed|ation)|completion)(?: of {_THERAPY})? date)"
    ),
}
#: What stands behind (or in English before) the name of a drug: when it was begun, when it ended.
_BESIDE = {
    "start_date": rf"(?:{_START}{DAY}?|start(?:ed)?|beg(?:an|in)|initiation|initiated|first dose)(?: ?date| on)?",
    "stop_date": rf"(?:{_STOP}{DAY}?|stop(?:ped)?|end(?:ed)?|discontinu(?:ed|ation)|last dose)(?: ?date| on)?",
}


def date_of_drugs(header: str) -> str | None:
    """Return start_date or stop_date of a header in a table of treatments; null for any other.

    >>> [date_of_drugs(h) for h in ("首次给药日期", "停止日期", "末次化疗时间", "Date of last dose", "C1D1")]
    ['start_date', 'stop_date', 'stop_date', 'stop_date', 'start_date']
    >>> [date_of_drugs(h) for h in ("停药原因", "末次随访日期", "日期", "first-line", "Last visit date", "剂量")]
    [None, None, None, None, None, None]
    """
    text = words_of(header)
    return next((ours for ours, pattern in _HEADERS.items() if pattern.fullmatch(text)), None)


def words_of(header: str) -> str:
    """Return the words of a header, in lower case and without signs of the form."""
    return re.sub(r"[_\s]+", " ", plain(bare(header))).strip(" :：?")


def dated_drug(header: str) -> tuple[str, str] | None:
    """Return the drug and start_date or stop_date of a header that names both; null for any other.

    >>> [dated_drug(h) for h in ("ADT开始日期", "Docetaxel stop date", "Date of last dose", "随访开始日期")]
    [('adt', 'start_date'), ('docetaxel', 'stop_date'), None, None]
    """
    text = words_of(header)
    for ours, words in _BESIDE.items():
        found = re.fullmatch(rf"(.+?)[ _-]*{words}", text) or re.fullmatch(rf"(?:date )?{words}(?: of)? (.+)", text)
        drug = found[1].strip(" -_的") if found else ""
        if drug and is_understood(drug) and substances(drug):
            return drug, ours
    return None
