"""Few patients of a real study who hold everything that is said of its statuses and end points."""

from __future__ import annotations

import polars as pl

from oncourse.cohort import Cohort
from oncourse.study.model import Study

#: What is said of a status and of an end point; numbers in a reason (reads, days) make no new kind.
SAID = {
    "patient_statuses": ("status", "state", "basis", "reason"),
    "statuses": ("status", "state", "basis", "reason"),
    "time_to_event": ("endpoint", "is_event", "event_or_reason"),
}


def kinds_of(study: Study) -> dict[str, set[tuple[str, ...]]]:
    """Patient -> the kinds that the study tells of him: status, state, what it rests on and why; end point, event and
    why."""
    found: dict[str, set[tuple[str, ...]]] = {p: set() for p in study["patients"]["patient_id"].sort().to_list()}
    cohort = Cohort(study)
    for name, columns in SAID.items():
        words = [pl.col(c).cast(pl.String).fill_null("").str.replace_all(r"[0-9.]+", "") for c in columns]
        for patient, *kind in getattr(cohort, name).select("patient_id", *words).unique().iter_rows():
            found[patient].add((name, *kind))
    return found


def covering(kinds: dict[str, set[tuple[str, ...]]]) -> list[str]:
    """Patients who together have every kind, by a greedy choice; the first one where none has any."""
    left, chosen = set().union(*kinds.values()), []
    while left:
        best = max(sorted(kinds), key=lambda p: len(kinds[p] & left))
        chosen.append(best)
        left -= kinds[best]
    return sorted(chosen) or sorted(kinds)[:1]
