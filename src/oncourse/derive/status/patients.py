"""One state per patient and status: what a page says, from the statuses of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from oncourse.derive.status.columns import NEGATIVE, PATIENT_SCHEMA, POSITIVE, UNKNOWN
from oncourse.facts.statuses import Status

_WORD = {
    (POSITIVE, None): "positive",
    (NEGATIVE, "measured"): "negative, measured",
    (NEGATIVE, "assumed"): "negative, assumed",
    (NEGATIVE, "recorded"): "recorded negative",
    (POSITIVE, "recorded"): "recorded positive",
}


def patient_statuses(
    table: pl.DataFrame, patients: pl.Series, decision: pl.DataFrame, statuses: Sequence[Status]
) -> pl.DataFrame:
    """Return every patient x status of `table` (`oncourse.derive.status.table.status_table`): `PATIENT_SCHEMA`.

    Parameters
    ----------
    patients : the patients of the study: one without a row is not assessable ("no tumour sample")
    decision : patient_id, sample_id: the sample nearest the decision

    Positive where any sample is. Else, where some sample shows what may be the status, not assessable. Else the sample
    nearest the decision speaks; where it cannot tell, records do, and for a status without codons (MSI, loss) the
    latest sample that can. ``others`` names every sample that says something else.
    """
    chosen = dict(decision.select("patient_id", "sample_id").iter_rows())
    by_key: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in table.iter_rows(named=True):
        by_key.setdefault((row["patient_id"], row["status"]), []).append(row)
    rules = {s.name: s for s in statuses}
    rows = []
    for status in table["status"].unique().sort().to_list():
        for patient in patients.sort().to_list():
            found = by_key.get((patient, status), [])
            rows.append((patient, status, *_one(found, chosen.get(patient), rules[status])))
    return pl.DataFrame(rows, schema=PATIENT_SCHEMA, orient="row")


def _one(rows: list[dict[str, Any]], decision: str | None, status: Status) -> tuple[Any, ...]:
    if not rows:
        return UNKNOWN, None, None, None, "no tumour sample", None
    speaker = _speaker(rows, decision, status)
    state, basis, reason = speaker["state"], speaker["basis"], speaker["reason"]
    if state == POSITIVE:
        hits = sorted({v for r in rows if r["state"] == POSITIVE and r["variants"] for v in r["variants"].split(", ")})
        return (state, basis, speaker["sample_id"], ", ".join(hits) or None, reason, _others(rows, speaker))
    records = [r for r in rows if r["sample_id"] is None and r["state"] != UNKNOWN]
    if status.genes and state == NEGATIVE and any(r["state"] == POSITIVE for r in records):
        state, basis, reason = UNKNOWN, None, "another test found it"
    return state, basis, speaker["sample_id"], speaker["variants"], reason, _others(rows, speaker)


def _speaker(rows: list[dict[str, Any]], decision: str | None, status: Status) -> dict[str, Any]:
    """Return the row that speaks for the patient."""
    told = [r for r in rows if r["state"] != UNKNOWN]
    if status.changes_with_time and told:
        return told[-1]
    read = [r for r in rows if r["sample_id"] is not None or not status.genes]
    at = [r for r in read if r["sample_id"] == decision]
    for group in (at, read):  # any positive sample, that of the decision first
        for row in reversed(group):
            if row["state"] == POSITIVE:
                return row
    for row in reversed(read):
        if row["is_doubtful"]:
            return row
    if at and at[0]["state"] != UNKNOWN:
        return at[0]
    # a later sample may have gained a mutation or lost it: an earlier one does not speak for it
    recorded = [r for r in told if r["basis"] == "recorded" or not status.codons]
    positive = [r for r in recorded if r["state"] == POSITIVE]
    # what was recorded and not understood is said before that the sample has no record
    words = [r for r in read if r["sample_id"] is None] if not status.genes else []
    for group in (positive, recorded, words, at, read):
        if group:
            return group[-1]
    return rows[-1]


def _others(rows: list[dict[str, Any]], speaker: dict[str, Any]) -> str | None:
    said = []
    for row in rows:
        if row is speaker:
            continue
        if row["state"] == UNKNOWN and row["sample_id"] is None and speaker["state"] == POSITIVE and row["variants"]:
            when = "" if row["day"] is None else f" (day {row['day']})"
            said.append(f"record{when}: {row['variants']}")
        if row["state"] == UNKNOWN and not row["is_doubtful"]:
            continue
        if row["state"] == speaker["state"] and row["basis"] == speaker["basis"]:
            continue
        word = _WORD.get((row["state"], row["basis"])) or row["state"].replace("_", " ")
        of = row["sample_id"] or "record"
        when = "" if row["day"] is None else f" (day {row['day']})"
        said.append(f"{of}{when}: {word}")
    return "; ".join(said) or None


def recorded_sites(table: pl.DataFrame, statuses: Sequence[Status]) -> dict[str, list[tuple[str, int]]]:
    """Return patient -> sites (gene, codon; 0 = the whole gene) of mutations that a record says are there."""
    sites = {s.name: [(site.gene, c) for site in s.sites for c in site.named_codons or (0,)] for s in statuses}
    rows = table.filter((pl.col("basis") == "recorded") & (pl.col("state") == POSITIVE)).unique(
        ["patient_id", "status"]
    )
    found: dict[str, list[tuple[str, int]]] = {}
    for patient, status in rows.sort("patient_id", "status").select("patient_id", "status").iter_rows():
        found.setdefault(patient, []).extend(sites[status])
    return found
