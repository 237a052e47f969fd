"""When a row of calls is a call: the caller's word, else the rule of its assay."""

from __future__ import annotations

import polars as pl

#: Calling rule where an assay states none (DESIGN: min_alt_count 3, min_vaf 0.02).
MIN_ALT_COUNT = 3
MIN_VAF = 0.02


def is_called_expr() -> pl.Expr:
    """Return whether a row of calls (joined to its assay) counts as called.

    The caller's word where it is there, else alt_count >= min_alt_count and VAF >= min_vaf of the assay;
    a row with neither is taken as called (a MAF without counts lists calls only).
    """
    by_rule = (pl.col("alt_count") >= pl.col("min_alt_count").fill_null(MIN_ALT_COUNT)) & (
        pl.col("alt_count") >= pl.col("min_vaf").fill_null(MIN_VAF) * pl.col("depth")
    )
    return pl.coalesce(
        "is_called", pl.when(pl.col("alt_count").is_null()).then(True).otherwise(by_rule.fill_null(False))
    )


def is_set_aside_expr() -> pl.Expr:
    """Return whether a row of calls was seen and is set aside by its filter alone, its reads counted by nobody.

    ``<0.1%``, Below LOD, a failed FILTER without counts: neither found nor absent.
    """
    fails = ~pl.col("filter").str.to_lowercase().is_in(["pass", ".", ""])
    return (fails & pl.col("alt_count").is_null() & ~pl.col("is_called")).fill_null(False)
