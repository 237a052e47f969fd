"""Columns of a report that nobody reads and that say of a row that its change was not found (``ND`` under another name)."""

from __future__ import annotations

import re
from collections.abc import Collection

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

#: Names of columns that say what was found, and those of other samples or of lists of known variants, which do not.
_OF_RESULTS = re.compile(
    r"(?i)%|cf_?dna|ctdna|freq|fraction|\b[vm]?af\b|result|status|level|detect|丰度|频率|占比|结果|检出|amplification"
)
_OF_OTHERS = re.compile(
    r"(?i)normal|germline|control|match|white|wbc|pbmc|popul|gnomad|exac|1000|esp|cosmic|dbsnp|clinvar|ihc|stain|drug|"
    r"正常|对照|白细胞|胚系|人群|数据库|免疫|药|家族"
)
_NOT_FOUND = (
    r"(?i)^\s*(n\.?d\.?|not[ -]?detected|undetected|undetectable|"
    r"未检出|未检测到|未检到|阴性|<\s*lo[dbq]|below lo[dbq])\s*$"
)


def denied_elsewhere(
    rows: pl.DataFrame, table: pl.DataFrame, left: Collection[str], name: str, reading: Reading
) -> pl.DataFrame:
    """Return the rows with the word of such a column as their share where they have none, and tell it.

    Parameters
    ----------
    rows : the columns that are read, of the rows of `table`
    left : the columns of `table` that are not
    """
    for column in (c for c in table.columns if c in left and _OF_RESULTS.search(c) and not _OF_OTHERS.search(c)):
        cells = table[column].cast(pl.String)
        denied = cells.str.contains(_NOT_FOUND).fill_null(False)
        if not denied.any():
            continue
        own = rows["vaf"].cast(pl.String) if "vaf" in rows.columns else pl.Series([None] * rows.height, dtype=pl.String)
        rows = rows.with_columns(
            pl.select(pl.when(denied & own.is_null()).then(cells).otherwise(own).alias("vaf"))["vaf"]
        )
        message = f"{column} is not read and says '{cells.filter(denied)[0]}' in {int(denied.sum()):,} rows: no calls."
        cure = "Name the column vaf or result (丰度, 检测结果)."
        reading.problems.append(Problem(name, None, column, cells.filter(denied)[0], message, cure, "warning"))
    return rows
