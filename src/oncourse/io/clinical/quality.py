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


def failed_samples(samples: pl.DataFrame) -> dict[str, str]:
    """Return sample -> the word by which a table of samples (SAMPLE_ID, columns in any case) says that it failed.

    >>> failed_samples(pl.DataFrame({"SAMPLE_ID": ["A", "B"], "QC": ["pass", "failed"]}))
    {'B': 'failed'}
    """
    found: dict[str, str] = {}
    for column in (c for c in samples.columns if c != "SAMPLE_ID" and QUALITY.search(c.replace("_", " "))):
        words = samples.select("SAMPLE_ID", pl.col(column).cast(pl.String)).drop_nulls()
        found |= {s: w for s, w in words.iter_rows() if is_failed(column.replace("_", " "), w)}
    return found
