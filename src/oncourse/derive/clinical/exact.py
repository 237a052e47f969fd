"""Exact decimals for clinical thresholds: reported digits as scaled integers, so that -30.0 % is -30.0 %.

Percent limits in double arithmetic miss exact boundaries (37.03 -> 3.703 is a 90 % decline, but
``(3.703 - 37.03) / 37.03 * 100`` is -89.99...). Values are therefore integers of 1e-6 units, limits integers of
1e-4; products stay below 2**63 for values up to `LARGEST`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import polars as pl  # the loops that use `PARTS` are compiled where there is numpy alone

#: Units per 1: values keep six decimals.
SCALE = 1_000_000
#: Parts per 1 of a limit given as a fraction (0.25 -> 2500).
PARTS = 10_000
#: Largest value that can be compared without overflow.
LARGEST = 1e8


def scaled(values: ArrayLike) -> NDArray[np.int64]:
    """Return values as integers of 1e-6 units; NaN becomes -1.

    >>> scaled([3.703, 37.03, float("nan")]).tolist()
    [3703000, 37030000, -1]
    """
    x = np.asarray(values, dtype=np.float64)
    known = np.isfinite(x)
    if (np.abs(x[known]) > LARGEST).any():
        raise ValueError(f"a value is above {LARGEST:g}")
    return np.where(known, np.rint(np.where(known, x, 0.0) * SCALE), -1).astype(np.int64)


def scaled_expr(column: str | pl.Expr) -> pl.Expr:
    """Return the polars form of `scaled`; null stays null."""
    import polars as pl

    expr = pl.col(column) if isinstance(column, str) else column
    return (expr * SCALE).round(0).cast(pl.Int64)


def unscaled(expr: pl.Expr) -> pl.Expr:
    """Return scaled integers as numbers again.

    Rounded: polars divides long columns by a constant through its reciprocal, and 100000 would be 0.0999...
    """
    return (expr / SCALE).round(6)


def parts(fraction: float) -> int:
    """Return a limit given as a fraction in parts of 1e-4; ValueError where it has more digits.

    >>> parts(0.3)
    3000
    """
    number = round(fraction * PARTS)
    if abs(number - fraction * PARTS) > 1e-6:
        raise ValueError(f"a limit of {fraction} has more than four decimals")
    return number


def declined(base: Any, value: Any, limit: int) -> Any:
    """Return whether `value` is at least `limit` parts below `base` (scaled integers; base must be above 0)."""
    return (base > 0) & ((base - value) * PARTS >= limit * base)


def risen(reference: Any, value: Any, limit: int, least: int) -> Any:
    """Return whether `value` is at least `limit` parts *and* at least `least` above `reference` (scaled)."""
    return ((value - reference) * PARTS >= limit * reference) & (value - reference >= least)
