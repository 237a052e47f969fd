"""Where the times of a foreign source start: the day its end points count from, on the clock of its timelines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from oncourse.errors import InputError

#: Day 0 of an end point -> words of a column's description that name it (after since, from, after).
ANCHORS = {
    "sequencing": r"sequenc|genomic (test|report|profil)|molecular profil",
    "sample": r"biops|specimen|sample|collection|blood draw",
    "surgery": r"surg|resection|prostatectomy|colectomy|operation",
    "treatment": r"treatment|therap|first dose|study drug|randomi[sz]|enrol|chemo",
    "diagnosis": r"diagnos|\bdx\b",
    "index": r"index date|day 0|time zero|baseline",
}
_SINCE = re.compile(
    r"\b(?:since|starting (?:at|from))\b(.*)"
    r"|\b(?:time|months?|days?|survival|interval|duration)\b[^.;]{0,40}?"
    r"(?<!derived )(?<!determined )(?<!calculated )(?<!obtained )(?<!taken )\b(?:from|after|between)\b(.*)",
    re.I,
)
#: Days that no timeline of the standard has.
_ELSEWHERE = re.compile(r"metasta|recurr|castrat|crpc|progress|relapse|remission|resistan|birth", re.I)


def anchor_of(description: str) -> str | None:
    """Return the day 0 a description names; ``unknown: words`` where it names another; None where it names none.

    Words after "since", "from" and the like that are none of `ANCHORS` name another: an unknown day 0 is not the index
    date.

    >>> anchor_of("Overall survival in months since sequencing of the sample"), anchor_of("Overall Survival (Months)")
    ('sequencing', None)
    >>> anchor_of("Months from castration resistance to death"), anchor_of("Survival status derived from charts")
    ('unknown: castration resistance', None)
    >>> anchor_of("Overall survival, months since onset of CRPC"), anchor_of("Months since first clinic visit")
    ('unknown: onset of CRPC', 'unknown: first clinic visit')
    """
    found = _SINCE.search(description or "")
    if not found:
        return None
    rest = found.group(1) or found.group(2) or ""
    words = re.split(r"\b(?:to|until|till|through|and)\b|[.;,(]", rest, maxsplit=1)[0].strip()
    if _ELSEWHERE.search(words):
        return f"unknown: {words}"
    hit = [(m.start(), name) for name, pattern in ANCHORS.items() if (m := re.search(pattern, words, re.I))]
    return min(hit)[1] if hit else f"unknown: {words}" if words else None


@dataclass(frozen=True)
class Anchors:
    """The chosen anchors (end point -> anchor, from `--anchor`), and the day of each anchor per patient.

    ``days`` : anchor -> patient_id, day on the clock of the source's timelines; empty where it has no timeline.
    ``has_clock`` : whether anything else of the source has a day, so that another day 0 matters.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)
    days: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    has_clock: bool = False

    def shift(self, patients: pl.Series, anchor: str | None) -> pl.Series:
        """Return the day of an anchor per patient: 0 for the source's own day 0, null where it is not known."""
        zero = pl.Series([0] * len(patients), dtype=pl.Int64)
        if anchor in (None, "index") or not self.has_clock or (anchor == "diagnosis" and anchor not in self.days):
            return zero
        found = self.days.get(str(anchor))
        if found is None:
            return zero.set(pl.repeat(True, len(patients), eager=True), None)
        first = found.group_by("patient_id").agg(pl.col("day").min())
        days = patients.to_frame("patient_id").join(first, on="patient_id", how="left", maintain_order="left")["day"]
        return days.fill_null(0) if anchor == "diagnosis" else days  # the usual day 0 of a timeline


def parse_anchors(texts: Sequence[str]) -> dict[str, str]:
    """Return end point -> anchor of ``OS=sequencing`` and the like.

    Raises
    ------
    InputError : not of this form, or an anchor nobody knows
    """
    out = {}
    for text in texts:
        endpoint, equal, anchor = text.partition("=")
        if not equal or anchor.strip().lower() not in ANCHORS:
            raise InputError(f"--anchor {text}: write END_POINT=ANCHOR, the anchor one of {', '.join(ANCHORS)}.")
        out[endpoint.strip().upper()] = anchor.strip().lower()
    return out
