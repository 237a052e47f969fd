"""What stands in a table and is no row of it: remarks, counts and signatures, a second header in another language."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

_NAMED = re.compile(
    r"(?i)^\W*(备注|注释?|说明|声明|免责|提示|结论|检测[者人]|审核[者人]?|报告[者人]|签[名字]|复核|填表[人者]?|制表|录入[人者]?|"
    r"数据截止|资料来源|remarks?|notes?|comments?|reviewed|signed|disclaimer|abbreviations?)[^:：]{0,8}[:：]|"
    r"^(以下空白|合计|总计|小计|共计|总数|空白|平均|均值|中位|标准差|例数)|"
    r"^((grand |sub-?)?total|sum|mean|median|average)(\W*$|\s*[:：=(（]|\s+(n|age|of|patients?|cases?|number)\b)"
)
#: A line between the rows that names the group of those below it: A组, Arm B.
_GROUP = re.compile(r"(?i)^\S{1,8}(组|臂|队列|中心|医院|病区)$|^(group|arm|cohort|cent(er|re))\s*\S{0,6}$")
#: What an id does not hold: a mark of a footnote, the marks of a sentence, five Chinese characters and more.
_SENTENCE = re.compile(r"^[*※#★†‡]|[。，；！,;!]|\S+ \S+ \S+|(?:[\u4e00-\u9fff][^\u4e00-\u9fff]*){5,}")


def remarks(frame: pl.DataFrame, first: str, sentence: re.Pattern[str] = _SENTENCE) -> pl.Series:
    """Return which rows are no rows of the table by their cell of the column `first` (text).

    A remark is named as one (``备注：``, ``Total``), or is a sentence in a row that holds nothing else (``以下空白``,
    ``共检测520个基因``); a cell that repeats it, or that every row has, is nothing else.

    >>> table = pl.DataFrame({"id": ["P1", "Total", "* after surgery", "P2"], "sex": ["F", "2", None, None]})
    >>> remarks(table, "id").to_list()
    [False, True, True, False]
    >>> remarks(pl.DataFrame({"id": ["合计：2例", "Total n=2", "总_1", "Total_RNA"]}), "id").to_list()
    [True, True, False, False]
    """
    text = pl.col(first).cast(pl.String)
    named, is_line = frame.select(
        named=text.str.contains(_NAMED.pattern).fill_null(False),
        is_line=(text.str.contains(sentence.pattern) | text.str.contains(_GROUP.pattern)).fill_null(False),
    )
    if not is_line.any():
        return named
    others = [c for c in frame.columns if c != first and (frame.height == 1 or not _is_one_word(frame[c]))]
    if not others:
        return named
    cells = [pl.col(c).cast(pl.String).str.strip_chars().replace("", None) for c in others]
    empty = [cell.is_null() | (cell == text).fill_null(False) for cell in cells]
    return named | (frame.select(pl.all_horizontal(empty)).to_series() & is_line)


def _is_one_word(values: pl.Series) -> bool:
    """Whether every row has the same value: it was given to all of them."""
    return values.null_count() == 0 and values.n_unique() == 1


def is_second_header(cells: Sequence[str | None], names: Sequence[str], number: str | None) -> bool:
    """Whether the first row of a table names its columns again, in other words (``基因`` under ``Hugo_Symbol``).

    `names`: which of the cells are names of columns; `number`: the row's cell of a column of numbers.

    >>> is_second_header(["基因", "染色体", "起始位置"], ["基因", "染色体", "起始位置"], "起始位置")
    True
    """
    said = [c for c in cells if c]
    is_number = bool(re.search(r"\d", number or ""))
    return bool(said) and not is_number and len(names) >= 3 and 2 * len(names) >= len(said)
