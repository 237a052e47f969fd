"""Does the time of entry go with the outcome? Two checks of what delayed entry assumes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from oncourse.stats.km import check_survival


class DependentTruncation(NamedTuple):
    """Entry time against outcome; NaN where it cannot be estimated."""

    log_hazard_ratio: float
    std_err: float
    p_value: float
    tau: float
    pairs: int


def conditional_tau(time: ArrayLike, event: ArrayLike, entry: ArrayLike) -> tuple[float, int]:
    """Return Kendall's tau of entry and event time among comparable pairs, and their number [1]_.

    A pair is comparable when both were under observation together (the later entry is not after the earlier exit)
    and orderable when the earlier exit is an event; pairs of equal exit count as neither order. NaN without a pair.

    References
    ----------
    .. [1] Tsai. Biometrika 1990;77:169; Martin, Betensky. J Am Stat Assoc 2005;100:484.
    """
    t, d, e, _ = check_survival(time, event, entry)
    order = np.argsort(t, kind="stable")
    t, d, e = t[order], d[order], e[order]
    score = pairs = 0
    for i in range(t.size):
        tied = slice(i + 1, int(np.searchsorted(t, t[i], side="right")))
        pairs += int((np.maximum(e[tied], e[i]) <= t[i]).sum())
        if d[i]:
            later = slice(int(np.searchsorted(t, t[i], side="right")), None)
            comparable = np.maximum(e[later], e[i]) <= t[i]
            pairs += int(comparable.sum())
            score += int(np.sign(e[later][comparable] - e[i]).sum())
    return (score / pairs if pairs else float("nan")), pairs


def dependent_truncation(time: ArrayLike, event: ArrayLike, entry: ArrayLike) -> DependentTruncation:
    """Return entry time as a covariate of the delayed-entry Cox model, and the conditional tau.

    A small p-value says that those who enter later fare differently: a delayed-entry estimate is then biased.
    A large one is no proof of independence.
    """
    from oncourse.stats.cox import fit_cox

    e = np.asarray(entry, dtype=float)
    tau, pairs = conditional_tau(time, event, e)
    if np.ptp(e) == 0 or not np.any(event):
        return DependentTruncation(float("nan"), float("nan"), float("nan"), tau, pairs)
    fit = fit_cox(time, event, e[:, None], entry=e)
    return DependentTruncation(float(fit.coef[0]), float(fit.std_err[0]), float(fit.p_value[0]), tau, pairs)
