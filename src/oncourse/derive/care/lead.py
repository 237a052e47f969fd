"""Lead of ctDNA over imaging on treatment: rise of the one, progression of the other, each between two visits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import polars as pl

from oncourse.derive.care.ctdna import LEAD_SCHEMA, CtdnaParams

#: Responses that say the tumour had not progressed.
_FREE = ("CR", "PR", "SD", "NON-CR/NON-PD")


def line_lead_times(
    ctdna: pl.DataFrame, lines: pl.DataFrame, visits: pl.DataFrame, params: CtdnaParams
) -> pl.DataFrame:
    """Return the lead of ctDNA over imaging of each line of therapy as an interval (days; negative: imaging was first).

    Parameters
    ----------
    ctdna : `oncourse.derive.ctdna.ctdna_table`
    lines : patient_id, line, start_day, next_start_day
    visits : patient_id, line, day, overall: RECIST responses per visit

    Returns
    -------
    `LEAD_SCHEMA` with setting ``on_treatment``: lines with two assessable plasma samples (the first at most
    ``baseline_days`` before the start), a visit, and a rise or a progression. ctDNA turned between the sample before
    the rise and the rise: positive after a negative sample, or ``progression_ratio`` times the lowest so far; one that
    never rose turned after its last sample, also where it never was positive. Imaging turned between the last visit free
    of progression (else the start) and the visit with it; one that never did turned after the last visit free of it.
    """
    samples: dict[str, list[tuple[int, float]]] = {}
    level = pl.when(pl.col("state") == "negative").then(pl.lit(0.0)).otherwise("vaf")
    known = ctdna.filter(pl.col("state") != "not_assessable").drop_nulls("day").with_columns(level=level)
    for patient, day, value in (
        known.drop_nulls("level").sort("day", "sample_id").select("patient_id", "day", "level").iter_rows()
    ):
        samples.setdefault(patient, []).append((day, value))
    scans: dict[tuple[str, int], list[tuple[int, str]]] = {}
    seen = visits.drop_nulls(["day", "overall"]).sort("day")
    for patient, line, day, overall in seen.select("patient_id", "line", "day", "overall").iter_rows():
        scans.setdefault((patient, line), []).append((day, overall))
    rows = []
    for row in lines.sort("patient_id", "start_day").iter_rows(named=True):
        patient, start, end = row["patient_id"], row["start_day"], row["next_start_day"]
        mine = [
            s
            for s in samples.get(patient, ())
            if s[0] >= start - params.baseline_days and (end is None or s[0] < end)
        ]
        before = [s for s in mine if s[0] <= start]
        mine = before[-1:] + [s for s in mine if s[0] > start]
        looked = scans.get((patient, row["line"]), [])
        lead = _lead(mine, looked, start, params.progression_ratio)
        if lead is not None:
            rows.append((patient, *lead, "on_treatment", row["line"]))
    return pl.DataFrame(rows, schema=LEAD_SCHEMA, orient="row")


def _lead(
    samples: Sequence[tuple[int, float]], visits: Sequence[tuple[int, str]], start: int, ratio: float
) -> tuple[int, int | None, int, int | None, float, float, str] | None:
    """Return the bounds of both turning points, of the lead, and its kind; None where there is nothing to compare."""
    if len(samples) < 2 or not visits:
        return None
    rise_after, rise_by = _rise(samples, ratio)
    progressed = min((day for day, overall in visits if overall == "PD"), default=None)
    free = [day for day, overall in visits if overall in _FREE and (progressed is None or day < progressed)]
    free_until = max(free, default=start)
    if rise_by is None and progressed is None:
        return None
    low = float("-inf") if rise_by is None else float(free_until - rise_by)
    high = float("inf") if progressed is None else float(progressed - rise_after)
    kind = "ctdna_never" if rise_by is None else "imaging_never" if progressed is None else "both"
    return (rise_after, rise_by, free_until, progressed, low, high, kind) if low < high else None


def _rise(samples: Sequence[tuple[int, float]], ratio: float) -> tuple[int, int | None]:
    """Return (day of the last sample before the rise, day of the rise or None)."""
    lowest = samples[0][1]
    for (earlier, _), (day, level) in itertools.pairwise(samples):
        if level > 0 and level >= ratio * lowest:
            return earlier, day
        lowest = min(lowest, level)
    return samples[-1][0], None
