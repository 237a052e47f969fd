"""Progression lies between two visits: the same endpoint as right-censored, at the middle, and as an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.facts.endpoints import DEATH

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VisitIntervals:
    """Times in days from the origin, over patients; ``left`` < event <= ``right`` (equal: exact; infinite: not seen).

    ``time``, ``event``: as usually analysed, on the day it was found; ``width``: median days between the visits of an
    event; ``patients``: whose times they are.
    """

    endpoint: str
    time: Floats
    event: NDArray[np.bool_]
    left: Floats
    right: Floats
    width: float
    patients: tuple[str, ...] = ()

    @property
    def n_interval(self) -> int:
        """Events that lie in an interval."""
        return int((self.event & (self.left < self.right)).sum())

    @property
    def middle(self) -> Floats:
        """Time with each event in the middle of its interval."""
        return np.where(self.event, (self.left + self.right) / 2, self.time)


def visit_intervals(records: pl.DataFrame, endpoint: str, line: int | None) -> VisitIntervals | None:
    """Return the intervals of an endpoint, or None where no event lies between two visits or somebody enters late.

    None too where no event has a visit without it on record: the day it was found is then all that is known.

    A death is exact. A progression lies after the last visit without it (``last_negative_day``) and by the visit that
    found it; a censored time after the last visit without it. Time counts the first day, as in ``time_days``.
    """
    mine = pl.col("line").is_null() if line is None else pl.col("line") == line
    rows = records.filter((pl.col("endpoint") == endpoint) & mine & (pl.col("time_days") > 0))
    rows = rows.unique("patient_id", keep="first", maintain_order=True).sort("patient_id")
    if rows.is_empty() or (rows["entry_days"].fill_null(0) > 0).any():
        return None
    time = rows["time_days"].cast(pl.Float64).to_numpy()
    event = rows["is_event"].fill_null(False).to_numpy().astype(bool)
    since = rows["last_negative_day"] - rows["origin_day"] + 1
    seen = since.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    # the day before the first is day 0: nothing is known to have been looked at since the origin
    left = np.clip(np.where(np.isnan(seen), 0.0, np.where(seen <= 1, 0.0, seen)), 0.0, time)
    died = rows["event_or_reason"].str.starts_with(DEATH).fill_null(False).to_numpy()
    exact = event & died
    left = np.where(exact, time, left)
    if not np.isfinite(seen[event & ~died]).any():
        return None
    right = np.where(event, time, np.inf)
    between = event & (left < right)
    if not between.any():
        return None
    width = float(np.median((right - left)[between]))
    return VisitIntervals(endpoint, time, event, left, right, width, tuple(rows["patient_id"]))
