"""Few patients of a real study who hold everything that is said of its statuses and end points."""

from __future__ import annotations

import re

import polars as pl

from oncourse.cohort import Cohort
from oncourse.study.model import Study

#: What is said of a status and of an end point. A reason is what it says, part by part: which number (reads, days), change
#: or number of genes it names makes no new kind.
SAID = {
    "patient_statuses": ("status", "state", "basis", "reason"),
    "statuses": ("status", "state", "basis", "reason"),
    "time_to_event": ("endpoint", "is_event", "event_or_reason"),
}


#: A change that a reason names (ATM p.R337C, CHEK2 1100del), a list of genes or codons, the variants behind a reason.
_CHANGE = re.compile(r"\b[A-Z][A-Z0-9]+ (p\.)?[A-Z*]?[a-z]*\d+\S*(?=: )")
_LIST = re.compile(r"\b([A-Z][A-Z0-9]+|[\d.]+)(,? ([A-Z][A-Z0-9]+|[\d.]+))*\b")
_NAMED = re.compile(r"(?<=called there and not understood): .*")


def parts_of(reason: str) -> set[str]:
    """The kinds of reason that stand in one, without the changes, genes and numbers that they name."""
    return {_LIST.sub("#", _CHANGE.sub("a change", _NAMED.sub("", part))) for part in reason.split("; ")}


def kinds_of(study: Study) -> dict[str, set[tuple[str, ...]]]:
    """Patient -> the kinds that the study tells of him: status, state, what it rests on and why; end point, event and
    why."""
    found: dict[str, set[tuple[str, ...]]] = {p: set() for p in study["patients"]["patient_id"].sort().to_list()}
    cohort = Cohort(study)
    for name, columns in SAID.items():
        words = [pl.col(c).cast(pl.String).fill_null("") for c in columns]
        for patient, *kind, reason in getattr(cohort, name).select("patient_id", *words).unique().iter_rows():
            found[patient] |= {(name, *kind, part) for part in parts_of(reason)}
    return found


def covering(kinds: dict[str, set[tuple[str, ...]]]) -> list[str]:
    """Patients who together have every kind, by a greedy choice; the first one where none has any."""
    left, chosen = set().union(*kinds.values()), []
    while left:
        best = max(sorted(kinds), key=lambda p: len(kinds[p] & left))
        chosen.append(best)
        left -= kinds[best]
    return sorted(chosen) or sorted(kinds)[:1]
