"""Sheets of imaging as hospitals keep them: lesions with a column per scan, 消失 for a diameter, 有（肝） of new lesions."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.words import meaning, plain

_SCAN = re.compile(
    r"^((?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?|(?:19|20)\d\d[01]\d[0-3]\d)(?:\s*[(（]?(mm|cm)[)）]?)?$", re.I
)
_BRACKET = re.compile(r"^(.{1,6}?)\s*(?:[(（,，:：]\s*.+)$")
_SMALL = re.compile(r"^[<≤]\s*\d+(?:\.\d+)?\s*(?:mm)?$|^(?:小于|不足)\s*\d+\s*mm$", re.I)


def imaging_words(reading: Reading) -> None:
    """Read a column per scan as rows, words for a diameter as how the lesion was seen, and brackets behind yes and no."""
    _rows_of_scans(reading)
    _rows_of_lesions(reading)
    _sums_of_targets(reading)
    _bone_scans(reading)
    _methods(reading)
    _sizes(reading)
    _new_lesions(reading)


def _rows_of_scans(reading: Reading) -> None:
    """Turn a table of target lesions whose columns are dates into a row per lesion and scan."""
    frame = reading.tables.get("target_lesions")
    if frame is None or not {"patient_id", "lesion_id"} <= set(frame.columns):
        return
    scans = {c: found for c in frame.columns if (found := _SCAN.match(c.strip()))}
    if not scans or {"diameter", "diameter_mm", "date", "day"} & set(frame.columns):
        return
    dates = {c: str(plain_dates(pl.Series([found[1]]))[0]) for c, found in scans.items()}
    units = {(found[2] or "").lower() for found in scans.values()}
    unit = units.pop() if len(units) == 1 else ""
    rest = [c for c in frame.columns if c not in scans]
    long = frame.with_columns(pl.col(list(scans)).cast(pl.String)).unpivot(
        list(scans), index=rest, variable_name="date", value_name="diameter"
    )
    long = long.drop_nulls("diameter").with_columns(pl.col("date").replace(dates), pl.lit(unit or "mm").alias("unit"))
    reading.tables["target_lesions"] = long
    reading.lines.pop("target_lesions", None)
    reading.notes.append(f"target_lesions: {len(scans)} columns are dates of scans: a row per lesion and scan")
    if not unit:
        message = "the diameters say no unit: taken as mm."
        cure = "Write the unit behind the date, 2021-03-05(mm), or in a column."
        reading.problems.append(Problem("target_lesions", None, "unit", None, message, cure, "warning"))


_LESION = re.compile(
    r"^(?:靶病灶|病灶|目标病灶|target(?: lesion)?|tl|lesion|t)[\s_-]*(\d{1,2})\s*(?:长径|直径|大小|径|diameter|size)?\s*"
    r"(?:[(（\[]\s*(mm|cm)\s*[)）\]])?$",
    re.I,
)


def _rows_of_lesions(reading: Reading) -> None:
    """Turn a table of target lesions with a date and a column per lesion (靶病灶1(mm), T2) into a row for each of both."""
    frame = reading.tables.get("target_lesions")
    if frame is None or {"lesion_id", "diameter", "diameter_mm"} & set(frame.columns):
        return
    lesions = {c: found for c in frame.columns if (found := _LESION.match(c.strip()))}
    if not lesions or not {"date", "day"} & set(frame.columns):
        return
    units = {c: (found[2] or "mm").lower() for c, found in lesions.items()}
    rest = [c for c in frame.columns if c not in lesions]
    long = frame.with_columns(pl.col(list(lesions)).cast(pl.String)).unpivot(
        list(lesions), index=rest, variable_name="lesion_id", value_name="diameter"
    )
    names = {c: f"T{int(found[1])}" for c, found in lesions.items()}
    long = long.drop_nulls("diameter").with_columns(
        pl.col("lesion_id").replace_strict(units, return_dtype=pl.String).alias("unit"),
        pl.col("lesion_id").replace(names),
    )
    reading.tables["target_lesions"] = long
    reading.lines.pop("target_lesions", None)
    reading.notes.append(f"target_lesions: {', '.join(lesions)} are lesions: a row per lesion and scan")
    if any(found[2] is None for found in lesions.values()):
        message = "the diameters say no unit: taken as mm."
        cure = "Write the unit behind the name, 靶病灶1(mm)."
        reading.problems.append(Problem("target_lesions", None, "unit", None, message, cure, "warning"))


_SUM = re.compile(
    r"(?:基线)?(?:可测量)?(?:靶|目标)病灶(?:的)?(?:最?[长大]?[直短]?径线?|大小)?(?:之|总)?(?:总?和|长度)|靶病灶总[长直]?径|(?:最?长|直)径(?:之|总)和|"
    r"(?:sum|total) of (?:the )?(?:longest )?(?:target )?(?:lesions?'? )?(?:longest )?diameters?(?: of target lesions)?|"
    r"(?:target )?(?:lesion )?(?:sld|sod|sumdiam|sum of targets?(?: lesions)?|target sum|sum(?: of)? diameters?)",
    re.I,
)
_SUM_UNIT = re.compile(r"\s*[(（\[]?\s*(mm|cm|毫米|厘米)\s*[)）\]]?\s*$", re.I)
#: The name of the lesion that stands for all target lesions of a patient, where a source gives their sum alone.
SUM = "sum of target lesions"


def _is_sum(header: str) -> re.Match[str] | None:
    """Return what matches where a header names the sum of the diameters of the target lesions.

    >>> [bool(_is_sum(h)) for h in ("靶病灶直径之和(mm)", "SLD (mm)", "Sum of target lesion diameters", "靶病灶")]
    [True, True, True, False]
    """
    return _SUM.fullmatch(plain(_SUM_UNIT.sub("", header)).replace("_", " "))


def _sums_of_targets(reading: Reading) -> None:
    """Read a column of the sums of the target lesions in a table of assessments as one lesion that stands for all: its
    changes are those of the sum. Where the lesions have a table of their own the sums are told as not read."""
    frame = reading.tables.get("assessments")
    column = None if frame is None else next((c for c in frame.columns if _is_sum(c)), None)
    when = None if frame is None else next((c for c in ("date", "day") if c in frame.columns), None)
    if frame is None or column is None or when is None or "patient_id" not in frame.columns:
        return
    reading.tables["assessments"] = frame.drop(column)
    if "target_lesions" in reading.tables:
        reading.notes.append(f"assessments: {column}: not read, as the target lesions have a table of their own")
        return
    found = _SUM_UNIT.search(column)
    unit = "cm" if found and found[1].lower() in ("cm", "厘米") else "mm"
    text = frame[column].cast(pl.String).str.strip_chars().replace("", None)
    rows = frame.select(
        pl.col("patient_id", when).cast(pl.String),
        pl.lit(SUM).alias("lesion_id"),
        pl.lit(text).alias("diameter"),
        pl.lit(unit).alias("unit"),
        *(pl.col(c).cast(pl.String) for c in ("evaluator",) if c in frame.columns),
    ).drop_nulls("diameter")
    if rows.is_empty():
        return
    reading.tables["target_lesions"] = rows
    message = f"{column}: read as one lesion that stands for all target lesions{'' if found else ', in mm'}; whether a"
    message += " complete response left nodes below 10 mm a sum does not tell."
    cure = "Give the lesions one by one (target_lesions), where that matters."
    reading.problems.append(Problem("target_lesions", None, column, None, message, cure, "warning"))


_BONE = re.compile(
    r"(?:全身)?(?:骨扫描|骨显像|骨?ect|bone[ _-]?scans?)[ _-]*(?:检查)?(?:结果|所见|表现|结论|findings?|results?)?",
    re.I,
)
_SOME_NEW = re.compile(
    r"(?:新(?:发|增|出现|见)|new)\D{0,12}?(\d{1,2}|[一二两三四五六七八九十])\s*(?:处|个|枚|lesions?|foci)|"
    r"(\d{1,2}|[一二两三四五六七八九十])\s*(?:处|个|枚)?\s*(?:新(?:发|增|出现)|new\b)"
)
_NONE_NEW = re.compile(
    r"(?:未见|未发现|未出现|无|没有)(?:明[显确])?新|no new|without new|^(?:较前)?(?:相仿|稳定|(?:无|未见)(?:明显)?变化)$"
)
_SEVERAL_NEW = re.compile(r"新(?:发|增|出现)多[处发个]|多[处发个]新(?:发|增)|(?:multiple|several) new")
_DOUBT = re.compile(r"[?？]|可疑|疑似|待排|possible|suspicious|equivocal")
_DIGITS = {w: i for i, w in enumerate("一二三四五六七八九十", 1)} | {"两": 2}


def new_on_bone_scan(words: str) -> int | None:
    """Return how many new lesions the words of a bone scan tell; several are two at least; null where they tell none.

    >>> [new_on_bone_scan(w) for w in ("新发病灶2处", "较前新增三处", "未见新发病灶", "新发多处", "骨转移", "可疑新发1处")]
    [2, 3, 0, 2, None, None]
    >>> [new_on_bone_scan(w) for w in ("3 new lesions", "No new lesions", "new lesion (1 focus)", "稳定")]
    [3, 0, None, 0]
    """
    text = plain(words)
    if _DOUBT.search(text):
        return None
    if _NONE_NEW.search(text):
        return 0
    if found := _SOME_NEW.search(text):
        n = found[1] or found[2]
        return _DIGITS.get(n) or int(n)
    return 2 if _SEVERAL_NEW.search(text) else None


def _bone_scans(reading: Reading) -> None:
    """Read the words of a column of bone scans (骨扫描结果: 新发病灶2处) as the number of new lesions of each scan."""
    frame = reading.tables.get("assessments")
    column = None if frame is None else next((c for c in frame.columns if _BONE.fullmatch(plain(c))), None)
    if frame is None or column is None or "new_bone_lesions" in frame.columns:
        return
    text = frame[column].cast(pl.String).str.strip_chars().replace("", None)
    said = {w: new_on_bone_scan(w) for w in text.drop_nulls().unique().sort()}
    if all(n is None for n in said.values()):
        return
    new = text.replace_strict(said, default=None, return_dtype=pl.Int64).alias("new_bone_lesions")
    is_scan = pl.Series(text.is_not_null())
    method = optional(frame, "method").cast(pl.String)
    frame = frame.with_columns(new, pl.when(is_scan).then(pl.lit("bone_scan")).otherwise(method).alias("method"))
    reading.tables["assessments"] = frame.drop(column)
    told = ", ".join(f"{w}: {'not told' if n is None else n}" for w, n in list(said.items())[:8])
    reading.notes.append(f"assessments: {column}: new lesions of bone scans ({told})")


_BONE_METHOD = re.compile(
    r"(?:全身|同位素|核素|放射性核素|spect|99m-?tc(?:-?mdp)?|tc-?99m|whole[ -]?body)*[\s_-]*"
    r"(?:骨扫描|骨显像|骨?ect|bone[ _-]?(?:scan|scans|scintigraphy|scintigram))(?:检查|显像|\(ect\)|\(spect\))?",
    re.I,
)


def _methods(reading: Reading) -> None:
    """Write bone scans by their everyday names (骨扫描, ECT, bone scintigraphy) as ours: by it new lesions of bone count. A
    row that names no method and tells new lesions of bone alone is of a bone scan; one that tells other lesions too stays,
    and is told: what a bone scan says of soft tissue does not count."""
    frame = reading.tables.get("assessments")
    if frame is None or not {"method", "new_bone_lesions"} & set(frame.columns):
        return
    method = optional(frame, "method").cast(pl.String).str.strip_chars().replace("", None)
    words = frame.select(method.alias("method"))["method"]
    scans = [w for w in words.drop_nulls().unique().sort() if w != "bone_scan" and _BONE_METHOD.fullmatch(plain(w))]
    counted = optional(frame, "new_bone_lesions").cast(pl.String).str.contains(r"\d").fill_null(False)
    others = pl.any_horizontal(optional(frame, c).is_not_null() for c in ("non_target", "new_lesions"))
    is_scan = method.is_in(scans).fill_null(False) | (method.is_null() & counted & ~others)
    if mixed := int(frame.select((method.is_null() & counted & others).sum()).item()):
        message = f"{mixed:,} rows tell new lesions of bone beside others, and no method: those of bone do not count."
        cure = "Give the bone scan a row of its own, with method bone_scan."
        reading.problems.append(Problem("assessments", None, "new_bone_lesions", None, message, cure, "warning"))
    if n := int(frame.select(is_scan.sum()).item()):
        reading.tables["assessments"] = frame.with_columns(
            pl.when(is_scan).then(pl.lit("bone_scan")).otherwise(method).alias("method")
        )
        shown = ", ".join(scans) or "no method, new lesions of bone"
        reading.notes.append(f"assessments.method: {n:,} rows are bone scans ({shown})")


def _sizes(reading: Reading) -> None:
    """Write a word in place of a diameter (消失, <5, 太小) as the status of the lesion at that scan."""
    frame = reading.tables.get("target_lesions")
    column = None if frame is None else next((c for c in ("diameter_mm", "diameter") if c in frame.columns), None)
    if frame is None or column is None:
        return
    text = frame[column].cast(pl.String)
    said = {w: seen for w in text.drop_nulls().unique() if (seen := _seen(w))}
    if not said:
        return
    status = text.replace_strict(said, default=None, return_dtype=pl.String)
    if "status" in frame.columns:
        status = pl.select(pl.coalesce(frame["status"].cast(pl.String), status).alias("status"))["status"]
    left = pl.select(pl.when(~text.is_in(list(said))).then(text).alias(column))[column]
    reading.tables["target_lesions"] = frame.with_columns(left, status.alias("status"))
    shown = ", ".join(f"{w}: {seen}" for w, seen in sorted(said.items())[:6])
    reading.notes.append(f"target_lesions: words in place of a diameter are read as how the lesion was seen ({shown})")


def _seen(word: str) -> str | None:
    """Return how a lesion was seen by a word in place of its diameter; null for a number and other words.

    >>> [_seen(w) for w in ("消失", "<5", "＜5mm", "太小", "12", "未查", "?")]
    ['absent', 'too_small', 'too_small', 'too_small', None, 'not_evaluable', None]
    """
    text = unicodedata.normalize("NFKC", word).strip()
    return "too_small" if _SMALL.match(text) else meaning("status", text)


def _new_lesions(reading: Reading) -> None:
    """Take what stands behind yes and no of new lesions (有（肝）) away, and keep it told."""
    frame = reading.tables.get("assessments")
    if frame is None or "new_lesions" not in frame.columns:
        return
    text = frame["new_lesions"].cast(pl.String)
    told = {}
    for word in text.drop_nulls().unique():
        found = _BRACKET.match(plain(word))
        if meaning("new_lesions", word) is not None:
            continue
        if found and (said := meaning("new_lesions", found[1])):
            told[word] = said
        elif re.match(r"^(新发|新增|新出现|出现新?)[^?？疑可]{1,12}$", plain(word)):  # 新发骨转移
            told[word] = "yes"
        elif re.match(r"^(未见|未发现|无|没有)(明显)?新(发|增|出现)?[^?？疑可]{0,10}$", plain(word)):
            told[word] = "no"
    if told:
        reading.tables["assessments"] = frame.with_columns(text.replace(told).alias("new_lesions"))
        reading.notes.append(f"new lesions: {', '.join(f'{w}: {m}' for w, m in sorted(told.items())[:6])}")
