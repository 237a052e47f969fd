"""Lead of ctDNA over imaging, after resection and on treatment: each turns between two visits, and counts are noisy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.derive.care.ctdna import CtdnaParams
from oncourse.derive.care.ctdna_response import PlasmaPoint, Variation, course_of, rise_day, series

if TYPE_CHECKING:
    from oncourse.stats.paired_intervals import Lead, Turns

#: Responses that say the tumour had not progressed.
_FREE = ("CR", "PR", "SD", "NON-CR/NON-PD")
#: Chance of a positive sample once ctDNA has turned positive; from memory of MRD assays, not from one source.
SENSITIVITY = 0.9
#: Rises that a turn may mean; a study cannot tell the onset from the crossing, and the limits hold for both.
MEANINGS = (1.0, 1.25)
#: Plasma ends with the progression where none was taken more than so many days after it was seen.
AFTER_PROGRESSION = 7.0

LEAD_SCHEMA = {
    "patient_id": pl.String,
    "ctdna_after_day": pl.Int64,
    "ctdna_by_day": pl.Int64,
    "imaging_after_day": pl.Int64,
    "imaging_by_day": pl.Int64,
    "lead_low_days": pl.Float64,
    "lead_high_days": pl.Float64,
    "kind": pl.String,
    "setting": pl.String,
    "line": pl.Int64,
}


@dataclass(frozen=True)
class Leads:
    """One row per patient or line (`LEAD_SCHEMA`), and what is known of its two turning times, for each meaning of a
    turn.

    ``gap_days``: median days between two plasma samples; no number of patients tells a turn more closely than half
    of it. ``ended``: share of those with a progression whose plasma ends with it: a turn after that is never seen,
    and a step that one last sample shows is known by that sample alone.
    """

    table: pl.DataFrame
    turns: tuple[tuple[Turns, ...], ...]
    gap_days: float
    ended: float = 0.0

    def mean_lead(self) -> Lead | None:
        """Return the mean lead over patients (of several lines the first); the limits hold for every
        meaning of a turn, and are half a gap wider: the course between two samples is not seen; and half a gap more
        where plasma ends with the progression, in the share of those with one (`ended`).
        """
        from oncourse.stats.paired_intervals import lead

        first = self.table.with_row_index("row").unique("patient_id", keep="first", maintain_order=True)["row"]
        fits = [lead([self.turns[row][k] for row in first]) for k in range(len(self.turns[0]))] if self.turns else []
        if not fits:
            return None
        half = self.gap_days / 2 * (1 + self.ended)
        low, high = min(f.low for f in fits) - half, max(f.high for f in fits) + half
        return fits[0]._replace(value=float(np.mean([f.value for f in fits])), low=low, high=high)


def lead_times(ctdna: pl.DataFrame, origin: pl.DataFrame, follow_up: pl.DataFrame, params: CtdnaParams) -> Leads:
    """Return the lead of ctDNA over imaging of each patient as an interval (days; negative: imaging was first).

    Parameters
    ----------
    ctdna : `ctdna_table`
    origin : patient_id, origin_day: the operation after which both are watched
    follow_up : the study's table: recurrence_day, recurrence_free_day, last_contact_day

    Returns
    -------
    setting ``after_resection``: patients with at least one assessable plasma sample after the origin and with a
    recurrence on imaging or ctDNA that turned positive. ctDNA turned in (last negative before the first positive,
    first positive]; one that never did turned after its last sample. Imaging turned in (last day free, day seen];
    one that never did turned after the last day free. The lead lies between the extremes of the difference; kind:
    both, ctdna_never, imaging_never.
    """
    starts = dict(origin.select("patient_id", "origin_day").iter_rows())
    rows, turns = [], []
    by_patient = series(ctdna) if ctdna.height else {}
    columns = ("patient_id", "recurrence_day", "recurrence_free_day", "last_contact_day")
    for patient, seen, free, contact in follow_up.sort("patient_id").select(columns).iter_rows():
        start = starts.get(patient)
        if start is None:
            continue
        samples = [s for s in by_patient.get(patient, ()) if s.day > start]
        free_until = free if free is not None else contact if seen is None else None
        free_until = start if free_until is None else free_until
        if seen is not None:
            free_until = min(free_until, seen - 1)
        positive = next((s.day for s in samples if s.state == "positive"), None)
        if not samples or (positive is None and seen is None):
            continue
        before = max((s.day for s in samples if positive is None or s.day < positive), default=start)
        # a recurrence before the first plasma sample says nothing of which came first
        row = _row(patient, before, positive, free_until, seen, "after_resection", None)
        if row is not None:
            rows.append(row)
            known = _turns(_state_weights(samples, params.alpha), [start, *(s.day for s in samples)], free_until, seen)
            turns.append((known,))
    return _leads(rows, turns)


def _leads(rows: list[tuple[object, ...]], turns: Sequence[tuple[Turns, ...]]) -> Leads:
    gaps = [gap for known in turns for gap in np.diff(known[0].edges)]
    table = pl.DataFrame(rows, schema=LEAD_SCHEMA, orient="row")
    ended = [known[0].edges[-1] <= known[0].by + AFTER_PROGRESSION for known in turns if np.isfinite(known[0].by)]
    gap = float(np.median(gaps)) if gaps else 0.0
    return Leads(table, tuple(turns), gap, float(np.mean(ended)) if ended else 0.0)


def _state_weights(samples: list[PlasmaPoint], alpha: float) -> np.ndarray:
    """Likelihood of a turn to positive before each sample, and after the last: a sample may be falsely positive or "
    "negative."""
    positive = np.array([s.state == "positive" for s in samples])
    before, after = np.where(positive, alpha, 1 - alpha), np.where(positive, SENSITIVITY, 1 - SENSITIVITY)
    return np.array([before[:k].prod() * after[k:].prod() for k in range(len(samples) + 1)])


def _turns(weights: np.ndarray, days: list[int], after: int, by: int | None) -> Turns:
    from oncourse.stats.paired_intervals import Turns

    return Turns(
        np.array(days, float), weights / weights.max(), float(after), float("inf") if by is None else float(by)
    )


def _row(
    patient: str, ctdna_after: int, ctdna_by: int | None, free: int, seen: int | None, setting: str, line: int | None
) -> tuple[object, ...] | None:
    """Return a row of `LEAD_SCHEMA`; None where the two intervals say nothing."""
    low = float("-inf") if ctdna_by is None else float(free - ctdna_by)
    high = float("inf") if seen is None else float(seen - ctdna_after)
    kind = "ctdna_never" if ctdna_by is None else "imaging_never" if seen is None else "both"
    if not low < high:
        return None
    return patient, ctdna_after, ctdna_by, free, seen, low, high, kind, setting, line


def line_lead_times(
    ctdna: pl.DataFrame,
    lines: pl.DataFrame,
    visits: pl.DataFrame,
    params: CtdnaParams,
    variation: Variation | None = None,
) -> Leads:
    """Return the lead of ctDNA over imaging of each line of therapy as an interval (days; negative: imaging was first).

    Parameters
    ----------
    ctdna : `oncourse.derive.care.ctdna.ctdna_table`
    lines : patient_id, line, start_day, next_start_day
    visits : patient_id, line, day, overall: RECIST responses per visit
    variation : biological, of `biological_cv`; null: the prior

    Returns
    -------
    Setting ``on_treatment``: lines with two assessable plasma samples with reads (the first at most
    ``baseline_days`` before the start), a visit, and a rise or a progression. ctDNA rose by the first sample at
    which that is probable (`oncourse.derive.care.ctdna_response`), and after the day before which it is improbable
    (2.5 %); one that never rose turned after that day. Imaging turned between the last visit free of progression
    (else the start) and the visit with it; one that never did turned after the last visit free of it.
    """
    known = variation or Variation(params.biological_cv, 0)
    scans: dict[tuple[str, int], list[tuple[int, str]]] = {}
    seen = visits.drop_nulls(["day", "overall"]).sort("day")
    for patient, line, day, overall in seen.select("patient_id", "line", "day", "overall").iter_rows():
        scans.setdefault((patient, line), []).append((day, overall))
    by_patient = series(ctdna) if ctdna.height else {}
    rows, turns = [], []
    for line in lines.sort("patient_id", "start_day").iter_rows(named=True) if lines.height else ():
        patient, start, end = line["patient_id"], line["start_day"], line["next_start_day"]
        mine = [s for s in by_patient.get(patient, ()) if s.has_reads and (end is None or s.day < end)]
        mine = [s for s in mine if start - params.baseline_days <= s.day]
        mine = [s for s in mine if s.day <= start][-1:] + [s for s in mine if s.day > start]
        looked = scans.get((patient, line["line"]), [])
        found = _line_lead(patient, line["line"], mine, looked, start, params, known)
        if found is not None:
            rows.append(found[0])
            turns.append(found[1])
    return _leads(rows, turns)


def _line_lead(
    patient: str,
    line: int,
    samples: list[PlasmaPoint],
    visits: list[tuple[int, str]],
    start: int,
    params: CtdnaParams,
    variation: Variation,
) -> tuple[tuple[object, ...], tuple[Turns, ...]] | None:
    from oncourse.evolution.course import turning

    if len(samples) < 2 or not visits:
        return None
    rise_by, _ = rise_day(samples, course_of(samples, params, variation), params.min_probability)
    progressed = min((day for day, overall in visits if overall == "PD"), default=None)
    free = [day for day, overall in visits if overall in _FREE and (progressed is None or day < progressed)]
    free_until = max(free, default=start)
    if rise_by is None and progressed is None:
        return None
    counts = zip(*((s.reads, s.depth, s.background) for s in samples), strict=True)
    reads, depth, background = (np.array(c, float) for c in counts)
    weights = [turning(reads, depth, background, cv=variation.cv, least=least) for least in MEANINGS]
    days = [s.day for s in samples]
    row = _row(patient, _not_before(weights[0], days, rise_by), rise_by, free_until, progressed, "on_treatment", line)
    if row is None:
        return None
    return row, tuple(_turns(w, days, free_until, progressed) for w in weights)


def _not_before(weights: np.ndarray, days: list[int], by: int | None) -> int:
    """Return the sample up to which a turn is improbable: 2.5 % of the likelihood lies before it."""
    length = np.diff(days)
    mass = np.concatenate([weights[:-1] * length, [weights[-1] * np.median(length)]])
    at = int(np.searchsorted(np.cumsum(mass) / mass.sum(), 0.025))
    after = days[min(at, len(days) - 1)]
    return after if by is None else min(after, max(d for d in days if d < by))
