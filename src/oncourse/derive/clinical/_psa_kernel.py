"""The PSA rules of one patient and line as compiled loops (see `oncourse.derive.clinical.psa` for their meaning)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncourse.compiled import compiled
from oncourse.derive.clinical.exact import PARTS

NONE, UNCONFIRMED, CONFIRMED = 0, 1, 2
AFTER_DECLINE, NO_DECLINE, NO_BASELINE = 1, 2, 3


@compiled()
def _meets(value: int, reference: int, rise: int, least: int) -> bool:  # pragma: no cover - compiled
    return (value - reference) * PARTS >= rise * reference and value - reference >= least


@compiled("i8[:], i8[:], i8[:], i8[:], i8, i8, i8, i8, b1, b1")
def progression(  # pragma: no cover - compiled
    offsets: NDArray[np.int64],
    day: NDArray[np.int64],
    value: NDArray[np.int64],
    base: NDArray[np.int64],
    rise: int,
    least: int,
    confirm_days: int,
    early_days: int,
    ignore_all_early: bool,
    confirm_no_decline: bool,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
]:
    """Return status, index of the candidate, branch, nadir at it, index of its confirmation, index of the first
    early rise per group (-1 = none). `day` counts from line start; `base` -1 where there is no baseline."""
    n = len(offsets) - 1
    status = np.zeros(n, np.int64)
    where = np.full(n, -1, np.int64)
    branch = np.zeros(n, np.int64)
    nadir_at = np.full(n, -1, np.int64)
    confirmed_by = np.full(n, -1, np.int64)
    early = np.full(n, -1, np.int64)
    for g in range(n):
        nadir = base[g]
        dropped = False
        for i in range(offsets[g], offsets[g + 1]):
            if nadir < 0:  # no baseline: the first value on the line is the reference
                nadir = value[i]
                continue
            if _meets(value[i], nadir, rise, least):
                is_early = day[i] <= early_days
                if is_early and (ignore_all_early or not dropped):
                    if early[g] < 0:
                        early[g] = i
                else:
                    found, by = 1, -1
                    if not dropped and not confirm_no_decline:
                        found, by = 2, i
                    else:
                        for j in range(i + 1, offsets[g + 1]):
                            if not _meets(value[j], nadir, rise, least):
                                found = 0
                                break
                            if day[j] - day[i] >= confirm_days:
                                found, by = 2, j
                                break
                    if found > status[g]:
                        status[g], where[g], nadir_at[g], confirmed_by[g] = found, i, nadir, by
                        branch[g] = 3 if base[g] < 0 else (1 if dropped else 2)
                    if found == 2:
                        break
            if value[i] < nadir:
                nadir = value[i]
                if base[g] >= 0:
                    dropped = True
    return status, where, branch, nadir_at, confirmed_by, early


@compiled("i8[:], i8[:], i8[:], i8[:], i8, i8, b1")
def decline(  # pragma: no cover - compiled
    offsets: NDArray[np.int64],
    day: NDArray[np.int64],
    value: NDArray[np.int64],
    base: NDArray[np.int64],
    limit: int,
    confirm_days: int,
    sustained: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the index of the first value at or below the limit, and of the first confirmed one (-1 = none)."""
    n = len(offsets) - 1
    first = np.full(n, -1, np.int64)
    first_confirmed = np.full(n, -1, np.int64)
    for g in range(n):
        b = base[g]
        if b <= 0:
            continue
        for i in range(offsets[g], offsets[g + 1]):
            if (b - value[i]) * PARTS < limit * b:
                continue
            if first[g] < 0:
                first[g] = i
            for j in range(i + 1, offsets[g + 1]):
                low = (b - value[j]) * PARTS >= limit * b
                if low and day[j] - day[i] >= confirm_days:
                    first_confirmed[g] = i
                    break
                if sustained and not low:
                    break
            if first_confirmed[g] >= 0:
                break
    return first, first_confirmed
