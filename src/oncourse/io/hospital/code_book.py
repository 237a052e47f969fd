"""Codes that another sheet of a workbook explains (数据字典: 生存状态 | 1=存活，0=死亡): they are written into the headers,
where `oncourse.study.headers` reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from oncourse.io.tabular.sheets import Sheet
from oncourse.study.headers import bare, codes, items_alone
from oncourse.study.words import meaning, plain

#: Sheets that explain the others.
_NAMES = (
    *(
        "data_dictionary",
        "dictionary",
        "readme",
        "codebook",
        "code_book",
        "legend",
        "variables",
        "variable_list",
        "codes",
        "metadata",
        "data_definition",
        "items",
        "item_metadata",
    ),
    *(
        "数据字典",
        "字典",
        "说明",
        "填写说明",
        "编码",
        "编码表",
        "编码说明",
        "变量说明",
        "字段说明",
        "变量表",
        "变量编码",
        "数据说明",
        "字段表",
        "元数据",
    ),
)
_PAIRS = re.compile(r"\d\s*[=:：]\s*\D|\D\s*[=:：]\s*\d")
_CODE = re.compile(r"^\d{1,2}$")


def is_code_book(sheet: Sheet) -> bool:
    """Whether a sheet explains the others, by its name."""
    return plain(sheet.name).replace(" ", "_") in _NAMES


def explained(sheets: Sequence[Sheet]) -> list[str]:
    """Return the headers with their codes (生存状态(1=存活,0=死亡)) that the sheets of explanations give."""
    told: dict[str, str] = {}
    for sheet in filter(is_code_book, sheets):
        rows: list[Sequence[str | None]] = [sheet.header, *sheet.rows]
        for row in rows:
            cells = [c for c in row if c]
            legend = next((c for c in cells[1:] if _PAIRS.search(c)), None)
            if legend and codes(header := f"{bare(cells[0])}({_one_line(legend)})"):
                told.setdefault(plain(bare(cells[0])), header)
        for name, pairs in _by_rows(rows).items():
            header = f"{name}({','.join(f'{code}={word}' for code, word in pairs.items())})"
            if codes(header):
                told.setdefault(plain(name), header)
    return list(told.values())


def _one_line(legend: str) -> str:
    return re.sub(r"[()（）]", " ", re.sub(r"\s*[;；\n]\s*", ",", legend)).strip()


def _by_rows(rows: Sequence[Sequence[str | None]]) -> dict[str, dict[str, str]]:
    """Return variable -> code -> word of rows that hold one code each (性别 | 1 | 男), the variable once or in each row."""
    out: dict[str, dict[str, str]] = {}
    name = None
    for row in rows:
        cells = [(c or "").strip() for c in row]
        at = next((i for i, c in enumerate(cells) if _CODE.match(c) and i), None)
        if at is None or at + 1 >= len(cells) or not cells[at + 1] or _CODE.match(cells[at + 1]):
            name = None
            continue
        name = next((c for c in cells[:at] if c and not _CODE.match(c)), name)
        if name:
            out.setdefault(bare(name), {})[cells[at]] = cells[at + 1]
    return out


_NAME = re.compile(
    r"(?i)^(?:item[ _]?(?:oid|id|name)|oid|variable(?:[ _]?name)?|field(?:[ _]?name)?|column(?:[ _]?name)?|"
    r"变量名?称?|字段名?称?|列名|"
    r"variable / field name)$"
)
_LABEL = re.compile(
    r"(?i)^(?:(?:item|field|variable|column)?[ _]?(?:label|question(?:[ _]?text)?|description)|"
    r"标签|中文名称?|含义|名称|变量标签|变量含义|"
    r"字段含义|(?:变量|字段)?(?:说明|描述))$"
)


def with_labels(sheets: Sequence[Sheet]) -> tuple[list[Sheet], list[str]]:
    """Return the sheets with the labels of their columns for headers that are names of variables, where a sheet of
    explanations has both (ItemOID | Label), and which were renamed. A label that stands twice names nothing.

    >>> book = Sheet("metadata", ["ItemOID", "Label"], [["I_SEX", "Sex"], ["I_DX", "Date of diagnosis"]], [2, 3])
    >>> with_labels([Sheet("data", ["SUBJ", "I_SEX"], [["P1", "M"]], [2]), book])[1]
    ['I_SEX: Sex']
    """
    labels: dict[str, str] = {}
    for sheet in filter(is_code_book, sheets):
        names = [i for i, c in enumerate(sheet.header) if c and _NAME.match(c.strip())]
        said = next((i for i, c in enumerate(sheet.header) if c and _LABEL.match(c.strip())), None)
        for row in sheet.rows if said is not None else ():
            label = row[said] if said is not None and said < len(row) else None
            for at in names:
                if at < len(row) and row[at] and label:
                    labels.setdefault(plain(str(row[at])), label.strip())
    out, used = [], []
    for sheet in sheets:
        header = items_alone(sheet.header)
        if not is_code_book(sheet):
            new = [labels.get(plain(c), c) if c and meaning("column", bare(c)) is None else c for c in header]
            header = [n if n and new.count(n) == 1 else c for n, c in zip(new, header, strict=True)]
            used += [f"{c}: {n}" for c, n in zip(sheet.header, header, strict=True) if c and n != c]
        out.append(replace(sheet, header=header))
    return out, used


def with_codes(sheets: Sequence[Sheet]) -> tuple[list[Sheet], list[str]]:
    """Return the sheets with the codes of their columns in the headers that explain none themselves, and these headers.

    >>> book = Sheet("数据字典", ["变量", "编码"], [["生存状态", "1=存活，0=死亡"]], [2])
    >>> data = Sheet("患者", ["患者编号", "生存状态"], [["P1", "1"]], [2])
    >>> with_codes([data, book])[1]
    ['生存状态(1=存活，0=死亡)']
    """
    known = {plain(bare(header)): header for header in explained(sheets)}
    out, used = [], []
    for sheet in sheets:
        if is_code_book(sheet):
            out.append(sheet)
            continue
        header = [known.get(plain(bare(c)), c) if c and not codes(c) else c for c in sheet.header]
        used += [h for h, c in zip(header, sheet.header, strict=True) if h != c]
        out.append(replace(sheet, header=header))
    return out, list(dict.fromkeys(used))
