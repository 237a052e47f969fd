"""Columns that a table may lack: read as nulls, which is unknown and never "no"."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl


def optional(frame: pl.DataFrame, name: str, dtype: Any = pl.String) -> pl.Expr:
    """Return the column as it is; nulls of its name and `dtype` where the frame lacks it.

    Examples
    --------
    >>> frame = pl.DataFrame({"sample_id": ["T1"], "purity": [0.4]})
    >>> frame.select(optional(frame, "purity", pl.Float64), optional(frame, "ploidy", pl.Float64)).row(0)
    (0.4, None)
    """
    return pl.col(name) if name in frame.columns else _unknown(name, dtype)


def with_optional(frame: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """Return the frame with columns of nulls for those of `columns` (name -> type) that it lacks.

    Examples
    --------
    >>> with_optional(pl.DataFrame({"sample_id": ["T1"]}), {"sample_id": pl.String, "ploidy": pl.Float64}).row(0)
    ('T1', None)
    """
    there = set(frame.columns)
    missing = [_unknown(name, dtype) for name, dtype in columns.items() if name not in there]
    return frame.with_columns(missing) if missing else frame


@cache
def _unknown(name: str, dtype: Any) -> pl.Expr:
    """A column of nulls; kept, since to make the expression takes three times as long as to add the column."""
    return pl.lit(None, dtype).alias(name)


def nulls(name: str, dtype: Any, n: int) -> pl.Series:
    """Return a column of n nulls, shape (n,).

    Examples
    --------
    >>> nulls("ploidy", pl.Float64, 2).to_list()
    [None, None]
    """
    return _null(name, dtype).new_from_index(0, n)


@cache
def _null(name: str, dtype: Any) -> pl.Series:
    return pl.Series(name, [None], dtype)
