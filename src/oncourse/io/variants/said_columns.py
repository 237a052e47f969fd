"""Columns that say whether a row is a call and where it comes from, under names that no dialect has: by their words.

``is_germline`` = TRUE, ``Called`` = no, ``Call`` = NO_CALL, 来源 = 胚系. A column is one of these only where every value of
it is a word of the kind; VEP's SOMATIC (``0&1``: of known variants there) is none.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.facts.report_words import finding
from oncourse.io.variants.maf_columns import OURS

_GERMLINE = (
    "germline",
    "germ line",
    "germ-line",
    "inherited",
    "hereditary",
    "constitutional",
    "胚系",
    "种系",
    "遗传性",
)
_SOMATIC = ("somatic", "体细胞", "体系")
_YES = ("true", "yes", "y", "t", "是")
_NO = ("false", "no", "n", "f", "否")
_CALLED = ("call", "called", "keep", "kept", "pass", "passed", "accept", "accepted", "1", *_YES)
_NOT_CALLED = (
    "no_call",
    "nocall",
    "no call",
    "no-call",
    "not called",
    "uncalled",
    "reject",
    "rejected",
    "fail",
    "failed",
)
_NOTHING = ("", ".", "-", "na", "n/a", "nan", "unknown", "未知")
_NAMES = (
    ("of_germline", r"(is|in)?_?germline(_?(flag|variant|call|mutation))?"),
    ("of_somatic", r"(is)?_?somatic(_?(flag|variant|call|mutation))?"),
    (
        "origin",
        r".*(germline.*somatic|somatic.*germline).*|(variant|mutation|call|sample)_?(type|source|class|origin)|source|origin",
    ),
    ("origin", r"(变异|突变|样本)?来源|(变异|突变)类别"),
    (
        "called",
        r"(is|variant)?_?(called|keep|kept)|(variant_?)?call(_?status)?|status|是否检出|(test_?)?results?|(检测)?结果",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.I)) for kind, pattern in _NAMES)


def may_say(column: str) -> str | None:
    """Return what a column may say by its name (of_germline, of_somatic, origin, called); null: it is none of these.

    >>> [may_say(c) for c in ("is_germline", "GermlineOrSomatic", "Called", "Mutation_Status", "callers", "变异来源")]
    ['of_germline', 'origin', 'called', None, None, 'origin']
    """
    name = column.strip().lower().replace(" ", "_")
    return None if name in OURS else next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(name)), None)


def _meanings(kind: str) -> dict[str, str | None]:
    """Return the words a column of a kind may hold (small letters) and the status each is; null: it says nothing."""
    nothing: dict[str, str | None] = dict.fromkeys(_NOTHING)
    if kind == "called":
        return nothing | dict.fromkeys(_CALLED) | dict.fromkeys((*_NOT_CALLED, "0", *_NO), "UNCALLED")
    if kind == "origin":
        named = {**dict.fromkeys((*_GERMLINE, "g"), "Germline"), **dict.fromkeys((*_SOMATIC, "s"), "Somatic")}
        return nothing | named
    if kind == "of_germline":
        return nothing | dict.fromkeys((*_YES, "1"), "Germline") | dict.fromkeys((*_NO, "0"))
    return nothing | dict.fromkeys(_YES, "Somatic") | dict.fromkeys(_NO, "Germline")


def _said_of_call(word: str) -> tuple[str | None, ...]:
    """Return the status that a laboratory's word of a result is (UNCALLED; null: a call); nothing where it is no such word.

    >>> [_said_of_call(w) for w in ("detected", "below lod", "not detected", "qns", "missense")]
    [(None,), ('UNCALLED',), ('UNCALLED',), ('UNCALLED',), ()]
    """
    state = finding(word).state
    return () if state is None else (None if state == "present" else "UNCALLED",)


def with_said(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return a table (text) whose Mutation_Status says what such columns say, and these columns.

    That a row is no call counts before an origin, an origin that the table states under its own name before another.

    >>> table = pl.DataFrame({"is_germline": ["TRUE", "FALSE"], "Called": ["yes", "no"], "type": ["a", "b"]})
    >>> frame, used = with_said(table)
    >>> frame["Mutation_Status"].to_list(), used
    (['Germline', 'UNCALLED'], ['is_germline', 'Called'])
    """
    said: dict[str, pl.Series] = {}
    for column in frame.columns:
        if (kind := may_say(column)) is None:
            continue
        words = frame[column].cast(pl.String).str.strip_chars().str.to_lowercase()
        meanings = _meanings(kind)
        distinct = words.drop_nulls().unique().to_list()
        if kind == "called":  # as a laboratory writes them: Detected, Below LOD, 未检出
            meanings |= {w: said_of for w in distinct if w not in meanings for said_of in _said_of_call(w)}
        if all(w in meanings for w in distinct) and any(meanings[w] for w in distinct):
            said[column] = words.replace_strict(meanings, default=None, return_dtype=pl.String)
    if not said:
        return frame, []
    own = next((c for c in frame.columns if c.lower() == "mutation_status"), "Mutation_Status")
    given = frame[own] if own in frame.columns else pl.Series(own, [None] * frame.height, dtype=pl.String)
    parts = [pl.when(pl.lit(s) == "UNCALLED").then(pl.lit(s)) for s in said.values()]
    blank = pl.when(~pl.lit(given).str.strip_chars().str.to_lowercase().is_in(_NOTHING)).then(pl.lit(given))
    status = pl.select(pl.coalesce(*parts, blank, *(pl.lit(s) for s in said.values())).alias(own))
    return frame.with_columns(status[own]), list(said)
