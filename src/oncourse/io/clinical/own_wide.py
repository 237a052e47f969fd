"""Tables with a column per visit or per line of therapy, as rows: PSA_1, 日期_1, PSA_2 ...; 一线方案, 一线开始日期 ..."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.io.clinical.own_headers import our_headers
from oncourse.io.clinical.own_treatments import line_of, setting_of
from oncourse.io.reading import Reading
from oncourse.study.checks_drugs import is_understood
from oncourse.study.headers import bare
from oncourse.study.lab_values import analyte_of
from oncourse.study.schema import Problem

#: A number behind or before a name: PSA_1, PSA 1, PSA1, 1_PSA, 第1次PSA, PSA(第2次).
_LAST = re.compile(r"^(.*?\D)[\s_.-]*\(?(?:第|visit|v)?[\s_]*(\d{1,3})(?:次|st|nd|rd|th)?\)?$", re.I)
_FIRST = re.compile(r"^第?(\d{1,3})(?:次|st|nd|rd|th)?[\s_.-]+(.*)$|^第(\d{1,3})次(.*)$", re.I)
_UNIT = re.compile(r"[(（]([^()（）]*/[^()（）]*)[)）]\s*$")


def rows_of_visits(reading: Reading) -> None:
    """Turn numbered columns of laboratory values and their dates into a row per value (the table of labs; of patients
    the analytes known here)."""
    for name in ("labs", "patients"):
        frame = reading.tables.get(name)
        if frame is None or "patient_id" not in frame.columns or {"analyte", "value"} & set(frame.columns):
            continue
        visits = _visits(frame.columns)
        if not visits:
            continue
        long = pl.concat([_visit(frame, columns) for columns in visits.values()], how="diagonal")
        long = long.filter(pl.col("value").is_not_null() | pl.col("date").is_not_null())
        undated = int((long["date"].is_null() & long["value"].is_not_null()).sum())
        used = [c for columns in visits.values() for c in columns.values()]
        left = frame.drop(used)
        if name == "labs":
            del reading.tables["labs"]
            reading.lines.pop("labs", None)
        else:
            reading.tables[name] = left
        add_rows(reading, "labs", long.filter(pl.col("value").is_not_null() & pl.col("date").is_not_null()))
        reading.notes.append(f"{name}: {len(visits)} numbered visits ({', '.join(used[:4])} ...) are a row per value")
        if undated:
            message = f"{undated:,} values have no date beside them and are not read."
            cure = "Fill in the date of each value."
            reading.problems.append(Problem("labs", None, "date", None, message, cure, "warning"))


def _visits(columns: list[str]) -> dict[int, dict[str, str]]:
    """Return number -> what (date, analyte) -> column, where every visit has a date and a value.

    >>> _visits(["patient_id", "PSA_1", "日期_1", "PSA_2", "日期_2", "CA19-9"])
    {1: {'PSA': 'PSA_1', 'date': '日期_1'}, 2: {'PSA': 'PSA_2', 'date': '日期_2'}}
    """
    found: dict[int, dict[str, str]] = {}
    for column in columns:
        text = bare(column)
        without = _UNIT.sub("", text)
        if analyte_of(text) and analyte_of(without) and not re.search(r"[\s_.]\d{1,3}$", without):
            continue  # CA199 has its number in its name
        match, first = _LAST.match(without), _FIRST.match(without)
        if match is None and first is None:
            continue
        stem, number = (match[1], match[2]) if match else (first[2] or first[4], first[1] or first[3])  # type: ignore[index]
        stem = stem.strip(" _.-(第")
        what = "date" if our_headers([stem], "labs").get(stem, stem.lower()) == "date" else _analyte(stem)
        if what:
            found.setdefault(int(number), {}).setdefault(what, column)
    whole = {n: c for n, c in sorted(found.items()) if len(c) > 1 and "date" in c}
    return whole if len(whole) == len(found) else {}


def _analyte(stem: str) -> str | None:
    """Return the analyte of a numbered column: PSA, PSA值, PSA结果."""
    return analyte_of(stem) or analyte_of(
        re.sub(r"[\s_-]*(值|结果|水平|数值|value|result|level)$", "", stem, flags=re.I)
    )


def _visit(frame: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """Return patient_id, date, analyte, value, unit of one visit."""
    date = pl.col(columns["date"]).cast(pl.String).alias("date")
    parts = []
    for analyte, column in columns.items():
        if analyte != "date":
            unit = _UNIT.search(column)
            value = pl.col(column).cast(pl.String).str.strip_chars().replace("", None).alias("value")
            named = pl.lit(analyte).alias("analyte"), pl.lit(unit[1] if unit else None, pl.String).alias("unit")
            parts.append(frame.select(pl.col("patient_id").cast(pl.String), date, *named, value))
    return pl.concat(parts)


#: A line or a setting before what is said of it: 一线方案, 2L start, First-line regimen, 辅助化疗开始日期.
_BEFORE = re.compile(
    r"^(第?[一二三四五六七八九]线|第?[1-9]\s*线|[1-9]\s*L|L[1-9]|line[\s_]*[1-9]|(?:first|second|third|fourth|fifth|1st|2nd|3rd|4th)"
    r"[-_ ]*line|(?:术后)?辅助|新辅助|(?:neo)?-?adjuvant)(?:化疗|治疗|内科治疗|全身治疗|therapy|treatment)?[\s_:：-]*(.*)$",
    re.I,
)
#: What a column of further drugs is called, behind a line of therapy or alone.
MORE_DRUGS = (
    r"(?:联合|合用|加用)?(?:分子)?(?:靶向|免疫|内分泌|生物|抗血管)(?:治疗|药物?|制剂|用药|方案)*(?:名称)?|联合(?:用药|药物|方案)|"
    r"(?:药物)?商品名(?:称)?|(?:targeted|biological|immuno|endocrine)[ _-]?(?:therapy|agents?|drugs?)?|biologics?|"
    r"brand(?:[ _]?name)?|combined[ _]with"
)
_PARTS = {
    "drugs": r"方案|药物|用药|药品|治疗方案|化疗方案|regimen|drugs?|therapy|treatment|agents?",
    "start_date": r"(用药|治疗|化疗)?(开始|起始)(日期|时间|用药日期|治疗日期)?|start(_?date)?|date_?start(ed)?|from|"
    r"日期|时间|date",
    "stop_date": r"(用药|治疗|化疗)?(结束|终止|停药|停止)(日期|时间)?|stop(_?date)?|end(_?date)?|to",
    "stop_reason": r"(停药|终止|结束|停止)原因|stop_?reason|reason(_?stopped)?",
    "more_drugs": MORE_DRUGS,
}


_NUMBERED = re.compile(r"^(.*?\D)[\s_-]*([1-9])$")


def _said(column: str) -> tuple[str, str] | None:
    """Return the line (or setting) and the column of treatments that a header names; null where it names none.

    >>> [_said(c) for c in ("一线方案", "二线治疗开始时间", "1L regimen", "辅助化疗", "一线疗效", "性别")]
    [('一线', 'drugs'), ('二线', 'start_date'), ('1L', 'drugs'), ('辅助', 'drugs'), None, None]
    """
    found = _BEFORE.match(bare(column))
    if found is None and (numbered := _NUMBERED.match(bare(column))):  # 化疗方案1: the first that is listed, of no line
        part = numbered[1].strip(" _-")
        ours = next(
            (o for o, words in _PARTS.items() if re.fullmatch(f"(?:化疗|治疗|用药)?(?:{words})", part, re.I)), None
        )
        return (f"#{numbered[2]}", ours) if ours else None
    if found is None:
        return None
    rest = re.sub(r"\s+", "_", found[2].strip())
    if not rest:
        return (found[1], "drugs")
    return next(((found[1], ours) for ours, words in _PARTS.items() if re.fullmatch(words, rest, re.I)), None)


#: What people write where a line was not given.
NONE_GIVEN = (
    r"(?i)^(?:患者|病人|本人|家属)?(无|否|暂无|没有|未用药?|未(行|做|接受|予|行过)?(任何)?((全身|辅助|内科|抗肿瘤|靶向|内分泌|免疫)?治疗|(辅助)?化疗|放化疗|放疗)?|拒绝((辅助)?化疗|治疗)?|"
    r"none|no|not (given|treated)|untreated|no (drugs?|treatment|therapy|chemotherapy)|n/?a|0|[-—–/\\]+)$"
)


#: A treatment that was planned, advised or refused, and not given: 拟行FOLFOX, FOLFOX（患者拒绝）, planned.
NOT_GIVEN = (
    r"(?i)^(拟|拟定|计划|建议|考虑|推荐|预计|准备)(行|用|予|给予|使用|采用)?|"
    r"[(（\s,，;；](患者|家属|病人)?(已)?(拒绝|未执行|未实施|未用|未行|取消|放弃)[)）]?$|"
    r"^(患者|家属|病人)?拒绝|^(planned|scheduled|proposed|refused|declined|cancel+ed)\b|"
    r"[(\s,;](planned|refused|declined|cancel+ed|not given)[)]?$"
)


def has_lines(header: Sequence[str]) -> bool:
    """Whether a header names the drugs of a line of therapy and when it was begun."""
    said = {found for column in header if (found := _said(column))}
    return any((line, "start_date") in said for line, what in said if what == "drugs")


def rows_of_lines(reading: Reading) -> None:
    """Turn columns of a line each (一线方案, 一线开始日期 ...), beside the patients or alone, into rows of treatments.

    Lines without a date of their start cannot be placed: they are told, and stay with the patients.
    """
    for name in ("patients", "treatments", "follow_up"):
        frame = reading.tables.get(name)
        if frame is None or "patient_id" not in frame.columns:
            continue
        lines: dict[str, dict[str, str]] = {}
        for column in frame.columns:
            if said := _said(column):
                parts = lines.setdefault(said[0], {})
                again = sum(p.startswith("more_drugs") for p in parts) if said[1] == "more_drugs" else 0
                if said[1] != "more_drugs" or all(map(is_understood, _filled(frame[column]))):
                    parts.setdefault(f"{said[1]}_{again}" if again else said[1], column)
        whole = {line: c for line, c in lines.items() if {"drugs", "start_date"} <= set(c)}
        undated = [c["drugs"] for line, c in lines.items() if line not in whole and "drugs" in c]
        if undated:
            message = f"{', '.join(undated)}: no column of the start beside it; not read as treatments."
            cure = "Add a column of the start of each line (一线开始日期, first-line start date)."
            reading.problems.append(Problem(name, None, undated[0], None, message, cure, "warning"))
        if not whole:
            continue
        rows = pl.concat([_line(frame, line, columns) for line, columns in whole.items()], how="diagonal")
        rows = rows.filter(
            ~pl.col("_none") & pl.any_horizontal(pl.col(c).is_not_null() for c in ("drugs", "start_date"))
        )
        rows = rows.drop("_none")
        used = [c for columns in whole.values() for c in columns.values()]
        if name == "treatments":
            del reading.tables[name]
            reading.lines.pop(name, None)
        else:
            reading.tables[name] = frame.drop(used)
        add_rows(reading, "treatments", rows.drop([c for c in rows.columns if rows[c].is_null().all()]))
        reading.notes.append(f"{name}: columns of each line ({', '.join(used[:4])} ...) are rows of treatments")


def _line(frame: pl.DataFrame, line: str, columns: dict[str, str]) -> pl.DataFrame:
    """Return the rows of treatments that the columns of one line hold."""

    def text(what: str) -> pl.Expr:
        value = pl.col(columns[what]).cast(pl.String).str.strip_chars() if what in columns else pl.lit(None, pl.String)
        return pl.when(~value.str.contains(NONE_GIVEN) & (value != "")).then(value).alias(what)

    given = pl.col(columns["drugs"]).cast(pl.String).str.strip_chars()
    more = [text(what) for what in columns if what.startswith("more_drugs")]
    drugs = pl.concat_str([text("drugs"), *more], separator="+", ignore_nulls=True)
    drugs = pl.when(drugs != "").then(drugs).alias("drugs")
    number, setting = line_of(line), setting_of(line)
    return frame.select(
        pl.col("patient_id").cast(pl.String),
        drugs,
        *(text(what) for what in _PARTS if what not in ("drugs", "more_drugs")),
        pl.lit(None if number is None else str(number), pl.String).alias("line"),
        pl.lit(setting, pl.String).alias("setting"),
        (given.str.contains(NONE_GIVEN).fill_null(False) & drugs.is_null()).alias("_none"),
    )


def _filled(cells: pl.Series) -> list[str]:
    """Return the cells that name something that was given."""
    return [c for c in cells.cast(pl.String).drop_nulls() if c.strip() and not re.match(NONE_GIVEN, c.strip())]


_NO_OPERATION = (
    r"(?i)^(未行|未做|未接受|无|没有|拒绝|放弃)(.{0,4}(手术|治疗|放疗|活检|切除))?$|"
    r"^(none|no (surgery|operation|procedure)|not done)$"
)


def no_procedure(reading: Reading) -> None:
    """Leave out rows of procedures that say none was done (未行手术)."""
    frame = reading.tables.get("procedures")
    if frame is None or "kind" not in frame.columns:
        return
    none = frame["kind"].cast(pl.String).str.strip_chars().str.contains(_NO_OPERATION).fill_null(False)
    if n := int(none.sum()):
        reading.tables["procedures"] = frame.filter(~none)
        if "procedures" in reading.lines:
            reading.lines["procedures"] = reading.lines["procedures"].filter(~none)
        reading.notes.append(
            f"procedures: {n:,} rows say that nothing was done ({frame['kind'].filter(none)[0]}): left out"
        )


def no_treatment(reading: Reading) -> None:
    """Leave out rows of treatments that say none was given (无, 未治疗, none)."""
    frame = reading.tables.get("treatments")
    if frame is None or "drugs" not in frame.columns:
        return
    columns = [c for c in ("drugs", "setting", "line") if c in frame.columns]
    text = {str(c): frame[c].cast(pl.String).str.strip_chars() for c in columns}
    said = {c: t.str.contains(NONE_GIVEN).fill_null(False) for c, t in text.items()}
    refused = text["drugs"].str.contains(NOT_GIVEN).fill_null(False)
    _told_not_given(text["drugs"].filter(refused), reading)
    none = said["drugs"] | refused
    for column in said.keys() - {"drugs"}:  # 未化疗 in the column of the setting, beside no drug
        none = none | (said[column] & text["drugs"].is_null() & text[column].str.contains(r"[^\d.]"))
    if n := int(none.sum()):
        reading.tables["treatments"] = frame.filter(~none)
        if "treatments" in reading.lines:
            reading.lines["treatments"] = reading.lines["treatments"].filter(~none)
        reading.notes.append(f"treatments: {n:,} rows say that nothing was given ({_first(text, none)}): left out")


def _first(text: dict[str, pl.Series], none: pl.Series) -> str:
    return next((str(w) for t in text.values() for w in t.filter(none) if w), "")


def _told_not_given(cells: pl.Series, reading: Reading) -> None:
    """Say which treatments were planned or refused by their words: they are left out."""
    if len(cells):
        message = (
            f"{len(cells):,} treatments were planned, advised or refused by their words (first: {cells[0]}): left out."
        )
        cure = "Write the drugs alone, where they were given."
        reading.problems.append(Problem("treatments", None, "drugs", cells[0], message, cure, "warning"))


def long_labs(reading: Reading) -> None:
    """Turn a table of laboratory values with a column per analyte (CEA, 癌胚抗原) into a row per value."""
    labs = reading.tables.get("labs")
    if labs is None or {"analyte", "value"} & set(labs.columns):
        return
    named = {c: re.search(r"[(（]([^()（）]*/[^()（）]*)[)）]\s*$", c) for c in labs.columns if analyte_of(c)}
    if not named:
        return
    kept = [c for c in labs.columns if c not in named]
    units = {c: found[1] for c, found in named.items() if found}
    unit = pl.col("analyte").replace_strict(units, default=None, return_dtype=pl.String)
    lines = reading.lines.get("labs")
    numbered = labs.with_columns(_line=lines if lines is not None else pl.int_range(2, labs.height + 2))
    text = numbered.with_columns(pl.col(list(named)).cast(pl.String))
    long = text.unpivot(list(named), index=[*kept, "_line"], variable_name="analyte", value_name="value")
    long = long.drop_nulls("value").sort("_line", maintain_order=True)
    if units and "unit" not in kept:
        long = long.with_columns(unit.alias("unit"))
    reading.lines["labs"] = long["_line"].cast(pl.Int64)
    reading.tables["labs"] = long.drop("_line")
    reading.notes.append(f"laboratory values in a column each: {', '.join(named)}")


def add_rows(reading: Reading, name: str, rows: pl.DataFrame) -> None:
    """Add rows to a table of text, which may be there already; of laboratory values with a column per analyte its rows."""
    if name == "labs":
        long_labs(reading)
    if name in reading.tables:
        old = reading.tables[name].select(pl.all().cast(pl.String))
        rows = pl.concat([old, rows.select(pl.all().cast(pl.String))], how="diagonal")
        reading.lines.pop(name, None)
    reading.tables[name] = rows
