"""The 2+2 rule of one patient and line as a compiled loop (see `oncourse.derive.clinical.bone`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncourse.compiled import compiled

NO_DAY = -(2**60)
NON_PD, PDU, PD = 0, 1, 2


@compiled("i8[:], i8[:], i8[:], i8[:], i8[:], i8, i8, i8, i8, i8")
def two_plus_two(  # pragma: no cover - compiled
    offsets: NDArray[np.int64],
    day: NDArray[np.int64],
    on_line: NDArray[np.int64],
    new: NDArray[np.int64],
    persisting: NDArray[np.int64],
    least: int,
    gap: int,
    version: int,
    immediate: int,
    flare_until: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return state, confirming day (NO_DAY = none) and rule of every scan; persisting -1 = not recorded."""
    n = len(day)
    state = np.zeros(n, np.int64)
    confirmed = np.full(n, -(2**60), np.int64)
    rule = np.zeros(n, np.int64)
    for g in range(len(offsets) - 1):
        start, stop = offsets[g], offsets[g + 1]
        is_reference = on_line[start] <= flare_until
        left = new[start] if is_reference else 0  # lesions of the reference that may still be seen
        since = 0  # new lesions since the reference still counted
        for i in range(start, stop):
            before = since
            if i > start or not is_reference:
                if persisting[i] >= 0:
                    since = min(since, persisting[i])
                    left = min(left, persisting[i])
                since += new[i]
            if version == 4 and new[i] >= immediate:
                state[i], rule[i], confirmed[i] = 2, 4, day[i]
                continue
            if i == start and is_reference:
                if new[i] < least:
                    continue
                state[i], rule[i] = 1, 7
                more = 0
                for j in range(i + 1, stop):
                    more += new[j]
                    if day[j] - day[i] >= gap:
                        if more >= least:
                            state[i], rule[i], confirmed[i] = 2, 1, day[j]
                        else:
                            state[i], rule[i] = 0, 5
                        break
                continue
            if since < least or before >= least:
                continue
            if version == 2:
                state[i], rule[i], confirmed[i] = 2, 3, day[i]
                continue
            state[i], rule[i] = 1, 7
            more = 0
            for j in range(i + 1, stop):
                more += new[j]
                if day[j] - day[i] < gap:
                    continue
                if persisting[j] >= 0:
                    # lesions of the reference scan are counted with the later ones: bounds of the later ones
                    low = max(0, persisting[j] - left) + new[j]
                    high = min(since + more - new[j], persisting[j]) + new[j]
                else:
                    low = more
                    high = since + more
                if low >= least:
                    state[i], rule[i], confirmed[i] = 2, 2, day[j]
                elif high < least:
                    state[i], rule[i] = 0, 6
                else:
                    state[i], rule[i] = 1, 8
                break
    return state, confirmed, rule
