"""Kaplan-Meier curves of groups of patients, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.survival import KMGroup
from oncourse.stats.km import Curve, kaplan_meier


def km_groups(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    entry: NDArray[np.float64] | None,
    groups: Mapping[str, NDArray[np.bool_]],
    people: Sequence[str] | None = None,
) -> tuple[list[KMGroup], dict[str, Curve]]:
    """Return the curves of the named groups of rows (label -> mask), for `oncourse.plots.survival` and as `Curve`.

    people : patient of each row, so that a curve leads to its patients

    A curve that falls to 0 while others come under observation only later (`Curve.undone`) is not among those drawn.
    """
    drawn, curves = [], {}
    for label, mask in groups.items():
        if not mask.any():
            continue
        since: Any = None if entry is None else entry[mask]
        curve = kaplan_meier(time[mask], event[mask], entry=since)
        curves[label] = curve
        if np.isfinite(curve.undone):
            continue
        start = np.zeros(int(mask.sum())) if entry is None else np.maximum(entry[mask], 0.0)
        censored = np.sort(time[mask][~event[mask]])
        who = () if people is None else tuple(dict.fromkeys(np.asarray(people)[mask].tolist()))
        limits = curve.ci_low, curve.ci_high
        drawn.append(KMGroup(label, curve.time, curve.survival, *limits, censored, start, time[mask], who))
    return drawn, curves
