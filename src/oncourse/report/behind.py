"""Who is behind the marks of figures and the rows of tables: patients as places in the index of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate
from oncourse.analyses._people import who_counts
from oncourse.plots.theme import bitmap

#: More patients than these are a bit each, not a number each.
LISTED = 3

Places = Mapping[str, int]


def places_of(patients: Iterable[str], place: Places) -> str:
    """Return patients as short text: their places, or ``*`` and a bit for every patient of the index.

    >>> place = {f"P{i}": i for i in range(9)}
    >>> places_of(["P2", "P0"], place), places_of(place, place)
    ('0,2', '*/wE=')
    """
    return _listed({place[p] for p in patients}, len(place))


def _listed(at: set[int], n: int) -> str:
    if len(at) <= LISTED:
        return ",".join(map(str, sorted(at)))
    inside = np.zeros(n, bool)
    inside[np.fromiter(at, np.int64, len(at))] = True
    return f"*{bitmap(inside)}"


def marks_in_places(svg: str, place: Places) -> str:
    """Return a drawing whose marks name patients by their places; a mark with an unknown name keeps its names."""

    def short(match: re.Match[str]) -> str:
        at = set(map(place.get, unescape(match[1]).split(";")))
        return match[0] if None in at else f' data-who="{_listed(at, len(place))}"'  # type: ignore[arg-type]

    return re.sub(r' data-people="([^"]*)"', short, svg)


def questions_of(people: pl.DataFrame, estimates: Iterable[Estimate], place: Places) -> dict[str, str]:
    """Return the questions of an analysis with who counts in each; "" is who counts in any of them.

    estimates : those that rest on a part of a question (``QUESTION, line N``) have theirs too
    """
    if people.is_empty():
        return {"": ""}
    inside = people.filter("is_in").group_by("question").agg(pl.col("patient_id").unique())
    found: dict[str, Any] = {q: [] for q in people["question"].unique(maintain_order=True)} | dict(inside.iter_rows())
    lines = people.filter(pl.col("is_in") & (pl.col("unit") == "line"))
    for question, line in lines.select("question", "line").unique().sort("question", "line").iter_rows():
        found[f"{question}, line {line}"] = who_counts(people, f"{question}, line {line}")
    found |= {e.question: who_counts(people, e.question) for e in estimates if e.question not in ("", *found)}
    found[""] = {p for who in found.values() for p in who}
    return {q: places_of([p for p in who if p in place], place) for q, who in sorted(found.items())}


#: Columns whose value may be the question that a row answers.
_ASKED = ("question", "endpoint", "status", "comparison", "response", "cohort", "kind")


def question_of_rows(frame: pl.DataFrame, questions: Mapping[str, str]) -> list[str]:
    """Return of each row the question it answers: its columns name it, with the line where there is one; "" where none
    does, which is everyone who counts."""
    asked = [frame[c].cast(pl.String).to_list() for c in _ASKED if c in frame.columns]
    line = frame["line"].to_list() if "line" in frame.columns else [None] * frame.height
    out = []
    for i, number in enumerate(line):
        names = [values[i] for values in asked if values[i] is not None]
        names = [f"{a}: {b}" for a, b in pairwise(names)] + names
        forms = (
            ["{}"] if number is None else [f"{{}} by line, line {number}", f"{{}}, line {number}", "{} by line", "{}"]
        )
        out.append(next((q for name in names for form in forms if (q := form.format(name)) in questions), ""))
    return out


def answers(
    analysis: str, frame: pl.DataFrame, tied: Mapping[str, Any] | None, questions: Mapping[str, str], place: Places
) -> dict[str, Any] | None:
    """Return who is behind the rows of a table that names no patient; None where a row is a patient's.

    They are the patients it lists, or those of the rows of another table (`oncourse.report.packed.tie`), or who counts
    in the question that the row answers.
    """
    if "patient_id" in frame.columns:
        return None
    for name in ("patients", "patient_ids"):
        if frame.schema.get(name) == pl.String:
            words = {p for text in frame[name].drop_nulls() for p in text.split(";")}
            if words <= set(place):
                return {"listed": name}
    asked = question_of_rows(frame, questions)
    precise = tied is not None and (not any(asked) or "gene" in tied["on"] or "variant_id" in tied["on"])
    return {"who": f"who-{analysis}", "questions": asked} | (dict(tied) if tied is not None and precise else {})
