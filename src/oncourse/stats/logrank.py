"""The log-rank test and its weighted and stratified forms, with delayed entry."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats.km import check_survival

Floats = NDArray[np.float64]


class LogRank(NamedTuple):
    """Observed and expected events per group (weighted where the test is), chi-square, degrees of freedom, p."""

    groups: tuple[Any, ...]
    n: NDArray[np.int64]
    observed: Floats
    expected: Floats
    variance: Floats
    statistic: float
    df: int
    p_value: float


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
    gamma: float = 0.0,
) -> LogRank:
    """Compare survival between groups [1]_.

    Parameters
    ----------
    time, event, entry : as in `oncourse.stats.km.kaplan_meier`; at risk in (entry, time]
    group : shape (n,), labels (two or more)
    strata : shape (n,), compared within equal labels only
    rho, gamma : weights S(t-)^rho (1 - S(t-))^gamma: 0, 0 log-rank; 1, 0 Peto-Prentice (early events);
        0, 1 late events

    Returns
    -------
    LogRank; statistic and p NaN where no event tells the groups apart

    References
    ----------
    .. [1] Mantel. Cancer Chemother Rep 1966;50:163; Harrington, Fleming. Biometrika 1982;69:553.
    """
    from scipy.special import chdtrc

    t, d, e, _ = check_survival(time, event, entry)
    labels, g = np.unique(np.asarray(group), return_inverse=True)
    k = labels.size
    s = np.zeros(t.size, int) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for stratum in range(int(s.max()) + 1 if s.size else 0):
        rows = s == stratum
        times = np.unique(t[rows & d])
        if times.size == 0:
            continue
        at_risk, deaths = np.zeros((times.size, k)), np.zeros((times.size, k))
        for j in range(k):
            mine = rows & (g == j)
            left = np.searchsorted(np.sort(t[mine]), times, side="left")
            entered = np.searchsorted(np.sort(e[mine]), times, side="left")
            at_risk[:, j] = entered - left
            dead = np.sort(t[mine & d])
            deaths[:, j] = np.searchsorted(dead, times, "right") - np.searchsorted(dead, times, "left")
        n, m = at_risk.sum(1), deaths.sum(1)
        before = np.concatenate([[1.0], np.cumprod(1 - m / n)[:-1]])
        w = before**rho * (1 - before) ** gamma
        share = at_risk / n[:, None]
        observed += w @ deaths
        expected += w @ (m[:, None] * share)
        factor = w**2 * m * np.where(n > 1, (n - m) / np.maximum(n - 1, 1), 0.0)
        variance += np.diag(factor @ share) - (share * factor[:, None]).T @ share
    used = np.flatnonzero(expected > 0)[:-1]
    statistic, df = float("nan"), max(int((expected > 0).sum()) - 1, 0)
    if used.size:
        gap, v = (observed - expected)[used], variance[np.ix_(used, used)]
        if np.linalg.matrix_rank(v) == used.size:
            statistic = float(gap @ np.linalg.solve(v, gap))
    p = float(chdtrc(df, statistic)) if df and statistic == statistic else float("nan")
    counts = np.bincount(g, minlength=k)
    return LogRank(tuple(labels.tolist()), counts, observed, expected, variance, statistic, df, p)
