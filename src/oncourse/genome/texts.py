"""Columns of few different texts: a function of a text is asked once for each."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

#: Up to so many values Python goes through them faster than polars is asked for the different ones.
FEW = 200


def distinct(values: pl.Series) -> list[str]:
    """Return the different texts of a column, in no order that means anything.

    >>> sorted(distinct(pl.Series(["b", None, "a", "b"])))
    ['a', 'b']
    """
    told = values.to_list() if len(values) <= FEW else values.unique().to_list()
    return [text for text in dict.fromkeys(told) if text is not None]


def each(values: pl.Series, function: Callable[[str], str | None]) -> pl.Series:
    """Return what a function says of each text of a column, shape (n,), text; null stays null.

    >>> each(pl.Series("word", ["b", None, "a"]), {"a": "A"}.get).to_list()
    [None, None, 'A']
    """
    said = {text: function(text) for text in distinct(values)}
    if len(values) <= FEW:
        return pl.Series(values.name, [said.get(text) for text in values.to_list()], dtype=pl.String)
    words = pl.Series(list(said.values()), dtype=pl.String)
    return values.replace_strict(pl.Series(list(said), dtype=pl.String), words, default=None, return_dtype=pl.String)
