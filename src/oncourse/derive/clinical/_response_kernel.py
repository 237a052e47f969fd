"""Best overall response of one patient and line as a compiled loop (see `oncourse.derive.clinical.response`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncourse.compiled import compiled

CR, PR, SD, NON, PD, UPD, NE, ND, MISSING = 0, 1, 2, 3, 4, 5, 6, 7, 8
CODES = {"CR": CR, "PR": PR, "SD": SD, "NON-CR/NON-PD": NON, "PD": PD, "iUPD": UPD, "NE": NE, "ND": ND}
NAMES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "iUPD", "NE", "ND", "MISSING")


@compiled()
def _is_confirmed(  # pragma: no cover - compiled
    code: NDArray[np.int64], day: NDArray[np.int64], i: int, stop: int, days: int, max_ne: int, max_sd: int
) -> bool:
    """Whether response i is confirmed by the first one at least `days` later, with only allowed visits between."""
    n_ne, n_sd, seen_cr = 0, 0, False
    for j in range(i + 1, stop):
        far = day[j] - day[i] >= days
        if code[i] == CR:
            if far and code[j] == CR:
                return True
            if code[j] != CR and code[j] != NE:
                return False
        else:
            if far and (code[j] == CR or (code[j] == PR and not seen_cr)):
                return True
            if code[j] == SD:
                n_sd += 1
            elif code[j] == CR:
                seen_cr = True
            elif code[j] == PR:
                if seen_cr:  # a PR after a CR is a contradiction, not a confirmation
                    return False
            elif code[j] != NE:
                return False
            if n_sd > max_sd:
                return False
        if code[j] == NE:
            n_ne += 1
            if n_ne > max_ne:
                return False
    return False


@compiled("i8[:], i8[:], i8[:], i8, i8, i8, i8")
def best(  # pragma: no cover - compiled
    offsets: NDArray[np.int64],
    day: NDArray[np.int64],
    code: NDArray[np.int64],
    min_stable: int,
    confirm_days: int,
    max_ne: int,
    max_sd: int,
) -> NDArray[np.int64]:
    """Return per group: best unconfirmed code and index, best confirmed code and index, first CR/PR index, first
    confirmed CR/PR index, first index of benefit (CR, PR, or SD / NON-CR/NON-PD late enough), first PD index.

    `day` counts from the start of the line; -1 = none; codes as `CODES`, MISSING where there is no visit.
    """
    n = len(offsets) - 1
    out = np.full((n, 8), -1, np.int64)
    for g in range(n):
        start, stop = offsets[g], offsets[g + 1]
        out[g, 0] = out[g, 2] = MISSING
        for i in range(start, stop):
            late = day[i] >= min_stable
            plain = code[i]
            if plain >= SD and plain <= NON and not late:
                plain = NE
            confirmed = plain
            if code[i] == CR or code[i] == PR:
                if out[g, 4] < 0:
                    out[g, 4] = i
                if _is_confirmed(code, day, i, stop, confirm_days, max_ne, max_sd):
                    if out[g, 5] < 0:
                        out[g, 5] = i
                else:
                    confirmed = SD if late else NE
            if plain < out[g, 0]:
                out[g, 0], out[g, 1] = plain, i
            if confirmed < out[g, 2]:
                out[g, 2], out[g, 3] = confirmed, i
            if plain <= NON and out[g, 6] < 0:
                out[g, 6] = i
            if code[i] == PD and out[g, 7] < 0:
                out[g, 7] = i
    return out
