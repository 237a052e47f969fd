"""What an absence rests on, defined once: on reads or copies that were looked at, or on nobody having called."""

from __future__ import annotations

import polars as pl

#: Said wherever a difference between samples rests on calls, without reads at the site.
BY_CALLS = "by calls alone"


def absent_by_calls() -> pl.Expr:
    """Whether a state is absent only because nobody called the variant: neither reads nor copies were looked at there.

    Of rows with state, basis and reason (`oncourse.derive.concordance.presence.STATE_COLUMNS`). Such an absence is
    assumed: whatever says absent, lost, new or in one sample only says so with it.
    """
    return (pl.col("state") == "absent") & (pl.col("basis") == "assumed") & (pl.col("reason") != "lost_locus")


def difference_by_calls() -> pl.Expr:
    """Whether a variant is in one of two samples only, and its absence from the other is `absent_by_calls`.

    Of rows with state, basis and is_lost (`oncourse.derive.concordance.pairs`).
    """
    return pl.col("state").is_in(["private_a", "private_b"]) & (pl.col("basis") == "assumed") & ~pl.col("is_lost")
