"""Columns of text in our words: by the vocabulary, procedures and causes of death by what they say."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.study.causes import cause_of_death
from oncourse.study.procedures import procedure_of
from oncourse.study.words import plain, vocabulary


def translated(values: pl.Series, subject: str, allowed: Sequence[str] = ()) -> pl.Series:
    """Return a text column with every word the vocabulary knows in ours; those in `allowed` and the unknown stay."""
    known = vocabulary().get(subject)
    if not known or values.dtype != pl.String:
        return values
    keep = {a.lower() for a in allowed}
    unique = values.unique().drop_nulls()
    if subject == "kind":  # procedures have more names than a list of words holds
        known = {plain(w): found.kind for w in unique if (found := procedure_of(w)) is not None}
    if subject == "cause_of_death":  # so have causes of death
        known = {plain(w): cause for w in unique if (cause := cause_of_death(w)) is not None}
    pairs = {w: m for w in unique if plain(w) not in keep and (m := known.get(plain(w))) is not None and m != w}
    return values.replace(pairs) if pairs else values
