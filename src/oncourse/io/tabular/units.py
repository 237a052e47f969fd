"""Numbers that carry their unit: `35%`, `VAF(%)`, a column of fractions or of percent."""

from __future__ import annotations

import re

import polars as pl

_PERCENT_NAME = re.compile(
    r"[ _.]*([(（\[](in |as )?(%|percent)[)）\]]|%|_pct|_perc|_percent|percent|in_percent)$", re.I
)


#: Headers that are nothing but the unit: in a table of variants the share of the reads (Guardant's ``Percentage``).
_ALONE = ("percentage", "percent", "百分比")


def in_percent(column: str) -> str | None:
    """Return the name of a column without the percent sign in its header; null where it has none.

    >>> in_percent("VAF(%)"), in_percent("t_vaf_pct"), in_percent("VAF")
    ('VAF', 't_vaf', None)
    >>> in_percent("Percentage")
    'vaf'
    """
    text = column.strip()
    if text.lower() in _ALONE:
        return "vaf"
    if text.startswith("%"):
        return text[1:].strip("_ .")
    bare = _PERCENT_NAME.sub("", text)
    return bare if bare and bare != text else None


def with_percent(values: pl.Expr) -> pl.Expr:
    """Write the unit of a column headed in percent into its cells."""
    text = values.cast(pl.String).str.strip_chars()
    return pl.when(text.str.contains(r"^[<~]?[0-9.,eE+-]*[0-9][0-9.,eE+-]*$")).then(text + "%").otherwise(text)


def fractions(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return cells as fractions, and which cells with a number say % of themselves.

    A cell that says % is percent; the others are in the column's unit, which the caller judges: they are returned as
    they stand. ``约40%`` and ``~40%`` are 40 %.
    """
    text = values.cast(pl.String).str.strip_chars().str.replace("％", "%", literal=True)
    text = text.str.replace(r"^(?:[~～≈约]|大约|approx\.?|about|ca\.)\s*(\d)", "${1}")
    says = text.str.ends_with("%").fill_null(False)
    bare = text.str.strip_suffix("%").str.strip_chars()
    # a comma in a fraction or percent can only be the decimal one
    bare = bare.str.replace(r"^(\d*),(\d+)$", "${1}.${2}")
    number = bare.cast(pl.Float64, strict=False)
    return pl.DataFrame({"n": number, "p": says}).select(
        pl.when("p").then((pl.col("n") / 100).round(12)).otherwise("n").alias("n")
    )["n"], says
