"""Whether the primary is out: what a study records of it, and when an index date says that it is an operation."""

from __future__ import annotations

import re

import polars as pl

from oncourse.study.model import Study

DONE = "done"
_WORDS = re.compile(r"resection|surgery|operation|手术|切除", re.IGNORECASE)


def is_operation(words: str) -> bool:
    """Whether words for a day say that it is an operation.

    >>> is_operation("resection of the primary"), is_operation("手术日期"), is_operation("diagnosis of metastasis")
    (True, True, False)
    """
    return bool(_WORDS.search(words))


def operated(study: Study) -> frozenset[str]:
    """Return the patients whose primary was resected: by a procedure, adjuvant treatment, or the study's index date.

    Whoever is not among them may have been operated on: nothing recorded is not "no".
    """
    patients = study["patients"]["patient_id"]
    if is_operation(study.config.index or ""):
        return frozenset(patients)
    resected = study["procedures"].filter(pl.col("kind").str.to_lowercase() == "primary_resection")
    adjuvant = study["treatments"].filter(pl.col("setting") == "adjuvant")
    return frozenset(resected["patient_id"]) | frozenset(adjuvant["patient_id"])


def surgery_days(study: Study) -> dict[str, int]:
    """Return patient -> day the primary was resected: the last such procedure, else day 0 where that is an operation."""
    resected = study["procedures"].filter(pl.col("kind").str.to_lowercase() == "primary_resection").drop_nulls("day")
    days = dict.fromkeys(study["patients"]["patient_id"], 0) if is_operation(study.config.index or "") else {}
    days.update(resected.group_by("patient_id").agg(pl.col("day").max()).iter_rows())
    return days
