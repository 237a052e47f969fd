"""Words of the kind of a treatment where its setting is asked for: 手术, 介入, 放疗, 维持, 中医药."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.io.clinical.own_treatments import setting_of
from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.procedures import procedure_of
from oncourse.study.schema import Problem

_LOCAL = re.compile(
    r"(?i)手术|介入|局部|消融|射频|微波|放疗|放射|栓塞|TACE|粒子|^(surg|radio|radiation|local|intervention|ablat|embol)\w*"
)
_MAINTENANCE = re.compile(r"(?i)维持|巩固|^(maintenance|consolidation)")
#: Kinds of drugs: they say nothing of the setting.
_OF_DRUGS = re.compile(
    r"(?i)内分泌|激素治疗|化疗|靶向|免疫(?:治疗)?$|去势(?:治疗)?$|抗血管|生物治疗|综合治疗|系统治疗|"
    r"^(adt|endocrine|hormon\w*|chemo\w*|targeted|immuno\w*|systemic)\b"
)
_BESIDE = re.compile(r"(?i)中医|中药|中成药|对症|支持|止痛|营养|^(best )?supportive|^bsc$|^tcm$|^herbal")
_TIMES = (("start_day", "day"), ("start_date", "date"))


def kinds_of_treatment(reading: Reading) -> None:
    """Take the rows of a table of treatments whose setting is the kind of what was done as what they are, told: an
    operation, radiotherapy or ablation as a procedure; maintenance as of the line before it; traditional or supportive
    medicine, a kind of drugs (内分泌治疗), and drugs given by intervention, as of no setting."""
    table = reading.tables.get("treatments")
    if table is None or not {"patient_id", "setting", "drugs"} <= set(table.columns):
        return
    rows = table.select(pl.all().cast(pl.String)).to_dicts()
    moved: list[dict[str, str | None]] = []
    kept: list[dict[str, str | None]] = []
    told: dict[str, list[str]] = {}
    order = sorted(range(len(rows)), key=lambda n: (rows[n]["patient_id"] or "", _start(rows[n]) or "9", n))
    before = {n: order[i - 1] if i else None for i, n in enumerate(order)}
    for n, row in enumerate(rows):
        word = row["setting"] or ""
        done = next((t for t in (row["drugs"], word) if t and procedure_of(t)), None)
        if _LOCAL.search(word) and done and _start(row):
            moved.append({"patient_id": row["patient_id"], "kind": done, **{o: row.get(t) for t, o in _TIMES}})
            told.setdefault("a procedure", []).append(word)
            continue
        if _MAINTENANCE.search(word):
            _as_before(row, rows, before[n])
            told.setdefault("of the line before it", []).append(word)
        elif any(pattern.search(word) for pattern in (_BESIDE, _LOCAL, _OF_DRUGS)) and setting_of(word) is None:
            row["setting"] = None
            told.setdefault("of no setting", []).append(word)
        kept.append(row)
    if told:
        columns = {**dict.fromkeys(table.columns, pl.String), **({"line": pl.String} if "line" in rows[0] else {})}
        reading.tables["treatments"] = pl.DataFrame(kept, schema=columns)
        reading.lines.pop("treatments", None)
        _add_procedures(moved, table.columns, reading)
        _tell(told, reading)


def _start(row: dict[str, str | None]) -> str | None:
    return row.get("start_date") or row.get("start_day")


def _as_before(row: dict[str, str | None], rows: Sequence[dict[str, str | None]], at: int | None) -> None:
    """Give a row of maintenance the line and setting of the patient's row before it, where that says them."""
    before = rows[at] if at is not None and rows[at]["patient_id"] == row["patient_id"] else {}
    setting = before.get("setting")
    row["setting"] = None if setting and (_MAINTENANCE.search(setting) or _LOCAL.search(setting)) else setting
    if "line" in row and not row["line"]:
        row["line"] = before.get("line")


def _add_procedures(moved: list[dict[str, str | None]], columns: Sequence[str], reading: Reading) -> None:
    if not moved:
        return
    times = [ours for theirs, ours in _TIMES if theirs in columns]
    new = pl.DataFrame(moved, schema=dict.fromkeys(("patient_id", "kind", "day", "date"), pl.String))
    new = new.select("patient_id", "kind", *times)
    own = reading.tables.get("procedures")
    if own is None:
        reading.tables["procedures"] = new
        return
    known = ("patient_id", "kind", *times)  # an operation that stands in both sheets is one
    more = new.join(
        own.select(optional(own, c).cast(pl.String).alias(c) for c in known), on=["patient_id", *times], how="anti"
    )
    reading.tables["procedures"] = pl.concat([own.select(pl.all().cast(pl.String)), more], how="diagonal")
    reading.lines.pop("procedures", None)


def _tell(told: dict[str, list[str]], reading: Reading) -> None:
    for what, words in told.items():
        shown = ", ".join(dict.fromkeys(words))
        message = f"the setting of {len(words):,} treatments is a kind of treatment ({shown}): taken as {what}."
        cure = "Write neoadjuvant, adjuvant or metastatic (新辅助, 辅助, 晚期), or leave the cell empty."
        reading.problems.append(Problem("treatments", None, "setting", words[0], message, cure, "warning"))
