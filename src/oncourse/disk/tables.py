"""Tables -> TSV files that no spreadsheet runs as formulas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = r"^([=@\t\r]|[+-][^\d\s.,])"


def write_tables(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write every table as folder/topic/table.tsv; text that a spreadsheet would run as a formula is quoted
    (`defused`)."""
    for name, frame in tables.items():
        path = folder / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        defused(frame).write_csv(path, separator="\t", null_value="", float_precision=None)


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before text that Excel or LibreOffice would run as a formula (OWASP, CSV injection).

    Numbers, a lone sign (an empty allele is ``-``) and signs before a number or blank stay; a reader takes the
    apostrophe off again (`oncourse.disk.tables.as_written`).

    >>> defused(pl.DataFrame({"a": ["=1+1", "-", "-0.5", "+86", "@x", "KRAS"]}))["a"].to_list()
    ["'=1+1", '-', '-0.5', '+86', "'@x", 'KRAS']
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA)).then("'" + pl.col(name)).otherwise(name).alias(name)
        for name in texts
    )


def as_written(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the apostrophes of `defused` off."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(pl.col(name).str.replace(r"^'([=@\t\r+-])", "${1}") for name in texts)
