"""Lines and settings of treatment in words: 一线, second line, 2L, 术后辅助化疗, 姑息一线."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.words import meaning

_DIGITS = {d: n for n, d in enumerate("一二三四五六七八九", 1)}
_ROMANS = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6}
_ROMAN = re.compile(r"(?:第|line\s*)?(I{1,3}|IV|VI?)\s*(?:线|line)?", re.I)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
#: A line that is said to be late, or one of several: which one it is nobody knows.
_OPEN = re.compile(r"及以上|以上|及其?后|后线|末线|多线|[≥>]|or (?:later|more|above)|beyond|\+\s*$", re.I)
_LINE = re.compile(
    r"第?\s*([一二三四五六七八九\d]+)\s*线|\b(\d)\s*l(?:ine)?\b|\bl(?:ine)?\s*(\d)\b|"
    r"\b(first|second|third|fourth|fifth|1st|2nd|3rd|4th)[- ]?line\b",
    re.I,
)
#: Parts of longer words, the first that is there (a word that is one of ours as a whole comes before).
_SETTINGS = (
    (re.compile(r"新辅助|neo-?adjuvant|术前|pre-?operative", re.I), "neoadjuvant"),
    (re.compile(r"辅助|adjuvant|术后|post-?operative", re.I), "adjuvant"),
    (re.compile(r"激素敏感|mcspc|mhspc|(?:hormone|castration)[- ]sensitive", re.I), "mCSPC"),
    (re.compile(r"去势抵抗|crpc|castration[- ]resistant", re.I), "mCRPC"),
    (re.compile(r"姑息|晚期|转移|解救|转化|palliat|metastatic|advanced|conversion|salvage", re.I), "metastatic"),
)


def line_of(word: str) -> int | None:
    """Return the line of therapy that words name; null where they name none, or none exactly.

    >>> [line_of(w) for w in ("一线", "姑息二线治疗", "2L", "First-line", "第3线", "3")]
    [1, 2, 2, 1, 3, 3]
    >>> [line_of(w) for w in ("I", "Ⅱ线", "IIIA", "VII")]
    [1, 2, None, None]
    >>> [line_of(w) for w in ("辅助", "三线及以上", "后线", "1L+")]
    [None, None, None, None]
    """
    text = word.strip()
    if text.isdigit():
        return int(text)
    if roman := _ROMAN.fullmatch(unicodedata.normalize("NFKC", text)):
        return _ROMANS[roman[1].upper()]
    found = None if _OPEN.search(text) else _LINE.search(text)
    if found is None:
        return None
    said = next(g for g in found.groups() if g).lower()
    return _ORDINALS.get(said) or _DIGITS.get(said) or (int(said) if said.isdigit() else None)


#: A setting denied: 非辅助, 未转移, nmCRPC.
_NO_SETTING = re.compile(r"[非未无不](转移|辅助|新辅助|去势|激素|晚期|姑息)|\b(non|not|no)\b|\bnm", re.I)


def setting_of(word: str) -> str | None:
    """Return the setting that words name, null where they name none.

    >>> [setting_of(w) for w in ("术后辅助化疗", "新辅助放化疗", "姑息一线", "adjuvant", "一线")]
    ['adjuvant', 'neoadjuvant', 'metastatic', 'adjuvant', None]
    >>> [setting_of(w) for w in ("非辅助", "未转移", "非转移性去势抵抗", "转移性去势敏感")]
    [None, None, None, 'mCSPC']
    """
    known = meaning("setting", word)
    if known is None and _NO_SETTING.search(word):
        return None
    return known or next((setting for pattern, setting in _SETTINGS if pattern.search(word)), None)


def lines_in_words(reading: Reading) -> None:
    """Read words of the columns of lines and settings of treatments as both: a hospital's 治疗阶段 holds 辅助 and 一线.

    What is understood of neither stays what it is: an error of that column.
    """
    treatments = reading.tables.get("treatments")
    if treatments is None:
        return
    given = {c: treatments[c].cast(pl.String) for c in ("line", "setting") if c in treatments.columns}
    words = {c: [w for w in v.unique().drop_nulls() if not _is_ours(c, w)] for c, v in given.items()}
    understood = {
        c: {w: (line_of(w), setting_of(w), bool(_OPEN.search(w))) for w in found} for c, found in words.items()
    }
    told = {w: said for found in understood.values() for w, said in found.items() if any(said)}
    if not told:
        return
    n = treatments.height
    line: list[str | None] = given["line"].to_list() if "line" in given else [None] * n
    setting: list[str | None] = given["setting"].to_list() if "setting" in given else [None] * n
    for at, (in_line, in_setting) in enumerate(zip(list(line), list(setting), strict=True)):
        said_line, said_setting = (told.get(w or "") for w in (in_line, in_setting))
        if said_line:
            line[at] = None if said_line[0] is None else str(said_line[0])
            setting[at] = in_setting or said_line[1]
        if said_setting:
            setting[at] = said_setting[1]
            line[at] = line[at] or (None if said_setting[0] is None else str(said_setting[0]))
    new = [pl.Series("line", line, pl.String), pl.Series("setting", setting, pl.String)]
    reading.tables["treatments"] = treatments.with_columns(s for s in new if s.name in given or s.null_count() < n)
    shown = ", ".join(f"{w}: {_words(said)}" for w, said in sorted(told.items())[:8])
    reading.notes.append(f"treatments: lines and settings in words ({shown})")


def _is_ours(column: str, word: str) -> bool:
    return word.strip().isdigit() if column == "line" else meaning("setting", word) is not None


def _words(said: tuple[int | None, str | None, bool]) -> str:
    line, setting, _ = said
    return ", ".join(filter(None, [f"line {line}" if line else "line not said", setting]))
