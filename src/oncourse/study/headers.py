"""What the header of a hospital's column says beside its name: a number, a star, a unit, the words its codes stand for.

``1.性别*（1=男，2=女）`` is 性别, whose 1 is 男 and whose 2 is 女.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import polars as pl

_NUMBERED = re.compile(r"^\s*\d{1,3}\s*[.、)]\s*(?=\D)")
_MARKS = re.compile(
    r"[*＊※★]+|\((?:如适用|如有|若有|如无则空|if (?:applicable|any|known|dead|died))\)|"
    r"\((?:必填|选填|必填项|required|optional)\)|\[(?:必填|选填|required|optional)\]",
    re.I,
)
_HAN = r"[\u3400-\u9fff]"
_BETWEEN_HAN = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")
#: 1=男, 1:男, 1男, 1-男 ... up to the next code or sign.
_CODE_FIRST = re.compile(
    r"(?<![\d.])(\d{1,2})\s*(?:[=:.]|-{1,2}|–|—|为|代表|表示)?\s*([A-Za-z\u3400-\u9fff][^\d=:,;、/|]*)"
)
_WORD_FIRST = re.compile(
    r"([A-Za-z\u3400-\u9fff][^\d=:,;、/|]*?)\s*(?:[=:]|为|-|(?<=[\u3400-\u9fff]))\s*(\d{1,2})(?![\d.])"
)
#: The last bracket of a header, or what stands behind a sign or a blank and begins with a code.
_LEGEND = re.compile(r"[(\[]([^()\[\]]+)[)\]]\s*$|[:,;\s]\s*(\d{1,2}\s*[=:]?\s*[A-Za-z\u3400-\u9fff].*)$")
#: What the other of 0 and 1 means where a header explains one (1=dead).
_OTHER = {"dead": "alive", "death": "alive", "died": "alive", "deceased": "alive", "死亡": "存活", "死": "存活"}
_OTHER |= {
    "alive": "dead",
    "living": "dead",
    "存活": "死亡",
    "生存": "死亡",
    "yes": "no",
    "no": "yes",
    "是": "否",
    "否": "是",
}
_OTHER |= {
    "有": "无",
    "无": "有",
    "mutated": "wild type",
    "突变": "野生型",
    "突变型": "野生型",
    "male": "female",
    "female": "male",
}
_OTHER |= {"男": "女", "女": "男"}
_ONE = re.compile(r"\s*([01])\s*[=:]\s*([^\d=:,;、/|]+?)\s*|\s*([^\d=:,;、/|]+?)\s*[=:]\s*([01])\s*")
#: A bracket that lists what a column holds: (是/否), (Y/N), (M/F).
_CHOICES = re.compile(
    r"\s*[(\[]\s*(?:是|否|有|无|男|女|死亡|存活|y|n|yes|no|m|f|male|female|alive|dead|0|1)"
    r"(?:\s*[/|,、]\s*(?:是|否|有|无|不详|未知|男|女|死亡|存活|失访|y|n|yes|no|m|f|male|female|alive|dead|unknown|na|0|1))+\s*[)\]]\s*$",
    re.I,
)
#: Units that a column of ours has anyway.
_UNIT = re.compile(
    r"\s*[(\[](?:岁|周岁|年龄|years?|yrs?|y|yyyy[-/.]?mm[-/.]?dd|年月日|年-月-日|年/月/日|日期)[)\]]\s*$", re.I
)


#: The event and the form of an item, behind its name (OpenClinica: SEX_E1_C1).
_OID = re.compile(r"_E\d{1,3}_C\d{1,3}$")


def items_alone(header: Sequence[str]) -> list[str]:
    """Return a header without the event and form behind the names of items (SEX_E1_C1), where an item is of one event.

    >>> items_alone(["Study Subject ID", "Sex_E1_C1", "PSA_E1_C2", "PSA_E2_C2"])
    ['Study Subject ID', 'Sex', 'PSA_E1_C2', 'PSA_E2_C2']
    """
    names = [_OID.sub("", c or "") for c in header]
    return [n if n and names.count(n) == 1 else c for n, c in zip(names, header, strict=True)]


def _tidy(header: str) -> str:
    text = " ".join(unicodedata.normalize("NFKC", header).split())
    text = _NUMBERED.sub("", _MARKS.sub("", text)).strip()
    return _BETWEEN_HAN.sub("", text).strip()


def codes(header: str) -> dict[str, str]:
    """Return code -> word of a header that explains its codes; empty where it does not explain two or more.

    >>> codes("性别（1=男，2=女）"), codes("生存状态(1死亡 0存活)"), codes("Sex (M=1, F=2)")
    ({'1': '男', '2': '女'}, {'1': '死亡', '0': '存活'}, {'1': 'M', '2': 'F'})
    >>> codes("Status (1=dead)"), codes("生存状态：1死亡，2存活"), codes("生存状态(死亡1/存活0)"), codes("Response (1=PR)")
    ({'1': 'dead', '0': 'alive'}, {'1': '死亡', '2': '存活'}, {'1': '死亡', '0': '存活'}, {})
    >>> codes("OS(月)"), codes("CA19-9(U/ml)"), codes("KRAS (exon 2, 3, 4)"), codes("PSA (0-4 ng/ml)")
    ({}, {}, {}, {})
    """
    found = _LEGEND.search(_tidy(header))
    text = (found[1] or found[2]) if found else ""
    if not text:
        return {}
    if one := _ONE.fullmatch(text):
        code, word = (one[1], one[2]) if one[1] else (one[4], one[3])
        other = _OTHER.get(word.strip().lower())
        return {code: word.strip(), "01"[code == "0"]: other} if other else {}
    starts = re.match(r"\s*\d", text)
    pairs = _CODE_FIRST.findall(text) if starts else [(code, word) for word, code in _WORD_FIRST.findall(text)]
    told = {code: word.strip(" .") for code, word in pairs if word.strip(" .")}
    whole = len(told) >= 2 and len(told) == len(pairs) == len(set(re.findall(r"\d+", text)))
    return told if whole and len(set(told.values())) == len(told) else {}


def bare(header: str) -> str:
    """Return a header without number, star, legend and the unit that goes without saying.

    >>> [bare(h) for h in ("1.患者编号*", "性 别（必填）", "性别（1=男，2=女）", "年龄（岁）", "OS(月)", "日期(YYYY-MM-DD)")]
    ['患者编号', '性别', '性别', '年龄', 'OS(月)', '日期']
    >>> bare("是否死亡（是/否）"), bare("Sex (M/F)"), bare("CA19-9(U/ml)"), bare("TNM(T1/N2)")
    ('是否死亡', 'Sex', 'CA19-9(U/ml)', 'TNM(T1/N2)')
    """
    text = _tidy(header)
    if codes(header):
        text = _LEGEND.sub("", text).strip(" :,;")
    return _UNIT.sub("", _CHOICES.sub("", text)).strip()


def with_words(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return a table of text with the codes that its headers explain as words, and a sentence on each such column.

    A cell that is none of the codes stays as it is.

    >>> told, notes = with_words(pl.DataFrame({"性别(1男2女)": ["1", "2.0", "女", None]}))
    >>> told["性别(1男2女)"].to_list(), notes
    (['男', '女', '女', None], ['性别(1男2女): 1 is 男, 2 is 女, as the header says'])
    """
    notes = []
    for column in frame.columns:
        if not any(c.isdigit() for c in column) or not (said := codes(column)):
            continue
        text = frame[column].cast(pl.String)
        cells = {w: w.strip().removesuffix(".0") for w in text.unique().drop_nulls()}
        words = {w: said[code] for w, code in cells.items() if code in said}
        if words:
            frame = frame.with_columns(text.replace(words).alias(column))
            notes.append(f"{column}: {', '.join(f'{c} is {w}' for c, w in said.items())}, as the header says")
    return frame, notes
