"""Quality control that a table says a sample failed: what it does not show is no wild type."""

from __future__ import annotations

import re

import polars as pl

#: A column or cell that says whether a sample was good enough, and the words that say it was not.
QUALITY = re.compile(r"质控|质量(控制|评估|评价)|样[本品]质量|(?<![a-z])qc(?![a-z])|quality", re.I)
FAILED = re.compile(r"不合格|未通过|不通过|失败|\bfail", re.I)


def is_failed(column: str | None, word: str | None) -> bool:
    """Whether a name and its value say that quality control failed.

    >>> is_failed("质控结果", "不合格"), is_failed("QC", "FAIL - low depth"), is_failed("检测结果", "失败")
    (True, True, False)
    """
    return bool(column and word and QUALITY.search(column) and FAILED.search(word))


#: A column of remarks, and the words in it that say that a sample was never sequenced.
_REMARK = re.compile(r"备注|说明|remark|notes?$|comments?$|状态|status", re.I)
_NEVER = re.compile(
    r"未(?:建库|检测|测序|上机|做检测|行检测)|(?:建库|测序|检测|提取)失败|(?:DNA|RNA|核酸|样[本品]|组织)(?:总?量|质量)?(?:不足|不够|太少|降解)|"
    r"not (?:been )?(?:sequenced|tested|profiled)|insufficient (?:dna|material|tissue|sample|quantity)|"
    r"(?:library (?:prep\w* )?|sequencing )fail",
    re.I,
)


def failed_samples(samples: pl.DataFrame, id_column: str = "SAMPLE_ID") -> dict[str, str]:
    """Return sample -> the word by which a table of samples (`id_column`, columns in any case) says that it failed its
    quality control, or in a remark that it was never sequenced.

    >>> rows = {"SAMPLE_ID": ["A", "B", "C"], "QC": ["pass", "failed", None], "备注": [None, None, "DNA量不足，未建库"]}
    >>> failed_samples(pl.DataFrame(rows))
    {'B': 'failed', 'C': 'DNA量不足，未建库'}
    """
    found: dict[str, str] = {}
    for column in (c for c in samples.columns if c != id_column):
        name = column.replace("_", " ")
        if not (QUALITY.search(name) or _REMARK.search(name)):
            continue
        words = samples.select(id_column, pl.col(column).cast(pl.String)).drop_nulls()
        found |= {
            s: w for s, w in words.iter_rows() if is_failed(name, w) or (_REMARK.search(name) and _NEVER.search(w))
        }
    return found
