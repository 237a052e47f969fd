"""Competing events: cumulative incidence (Aalen-Johansen) and Fine-Gray regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats._cox_newton import RUNAWAY_STEP
from oncourse.stats.km import check_survival

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Incidence:
    """Probability of having had each cause's event, at the distinct event times.

    ``incidence``, ``std_err``, ``ci_low``, ``ci_high``: shape (causes, times); limits NaN where the incidence is 0.
    """

    causes: tuple[int, ...]
    time: Floats
    incidence: Floats
    std_err: Floats
    ci_low: Floats
    ci_high: Floats
    event_free: Floats
    n: int
    last: float
    level: float
    _rows: tuple[Floats, Floats, NDArray[np.int64], Floats]

    def at(self, times: ArrayLike, cause: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return incidence, standard error and limits of a cause at times; NaN past the end of follow-up.

        Before the first event of the cause the upper limit is Clopper and Pearson's of 0 among those whose state at
        the time is known: at risk still, or ended by another cause (NaN for weights that are no whole numbers).
        """
        t = np.atleast_1d(np.asarray(times, float))
        row = self.causes.index(cause)
        index = np.searchsorted(self.time, t, side="right") - 1
        known = (t <= self.last) | bool(self.event_free.size and self.event_free[-1] <= 0)

        def pick(values: Floats, before: float) -> Floats:
            out = np.where(index >= 0, values[row][np.maximum(index, 0)] if values.size else before, before)
            return np.where(known, out, np.nan)

        found, low, high = pick(self.incidence, 0.0), pick(self.ci_low, np.nan), pick(self.ci_high, np.nan)
        entry, exit_, cause_of, weights = self._rows
        if bool((weights == np.floor(weights)).all()):
            for i in np.flatnonzero(found == 0):
                told = ((entry < t[i]) & (exit_ >= t[i])) | ((cause_of > 0) & (cause_of != cause) & (exit_ < t[i]))
                low[i], high[i] = 0.0, 1.0 - ((1.0 - self.level) / 2) ** (1.0 / max(weights[told].sum(), 1.0))
        return found, pick(self.std_err, 0.0), low, high


def cumulative_incidence(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Incidence:
    """Return the Aalen-Johansen estimate of each cause's cumulative incidence [1]_.

    Parameters
    ----------
    time : shape (n,), exit; at risk in (entry, time]
    cause : shape (n,), 0 = censored, 1, 2 ... the event that ended the row
    entry, weights : as in `oncourse.stats.km.kaplan_meier`
    level : coverage; limits on the log-log scale of the incidence

    Notes
    -----
    Standard errors by the infinitesimal jackknife (each row's influence), as R survfit gives them: without censoring
    they are the binomial ones.

    References
    ----------
    .. [1] Aalen, Johansen. Scand J Stat 1978;5:141.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], [1, 2, 0, 1])
    >>> curve.at([4], 1)[0].tolist(), curve.at([4], 2)[0].tolist()
    ([0.75], [0.25])
    """
    from scipy.special import ndtri

    k = np.asarray(cause, dtype=np.int64)
    if (k < 0).any():
        raise ValueError("cause is 0 (censored), 1, 2 ...")
    t, d, e, w = check_survival(time, k > 0, entry, weights)
    causes = tuple(int(c) for c in np.unique(k[k > 0])) or (1,)
    times = np.unique(t[d & (w > 0)])  # an event of nobody is none
    m = times.size
    risk = np.zeros(m)
    for j, at in enumerate(times):
        risk[j] = w[(e < at) & (t >= at)].sum()
    jumps = np.array([[w[(t == at) & (k == c)].sum() for at in times] for c in causes]).reshape(len(causes), m)
    hazard = jumps / np.where(risk > 0, risk, 1.0)
    total = hazard.sum(0)
    after = np.cumprod(1.0 - np.minimum(total, 1.0))
    before = np.concatenate([[1.0], after[:-1]]) if m else after
    incidence = np.cumsum(before * hazard, axis=1)
    std_err = _influence(t, k, e, w, times, risk, hazard, total, before, causes)
    z = float(ndtri(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.where((incidence > 0) & (incidence < 1), incidence, np.nan)
        shift = z * std_err / (f * np.log(f))
        low, high = np.exp(-np.exp(np.log(-np.log(f)) - shift)), np.exp(-np.exp(np.log(-np.log(f)) + shift))
    low, high = np.fmin(low, high), np.fmax(low, high)
    last = float(t[w > 0].max(initial=0.0))
    return Incidence(causes, times, incidence, std_err, low, high, after, t.size, last, level, (e, t, k, w))


def _influence(
    t: Floats,
    k: NDArray[np.int64],
    e: Floats,
    w: Floats,
    times: Floats,
    risk: Floats,
    hazard: Floats,
    total: Floats,
    before: Floats,
    causes: tuple[int, ...],
) -> Floats:
    """Square root of the summed squared influences of the rows on each incidence."""
    m = times.size
    sums = np.zeros((len(causes), m))
    if m == 0:
        return sums
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(total < 1, 1.0 / (1.0 - total), 0.0)
    for i in range(t.size):
        if w[i] == 0:
            continue
        at_risk = (e[i] < times) & (times <= t[i])
        own = (times == t[i]) if k[i] > 0 else np.zeros(m, bool)
        # change of the total hazard step at each time, and through it of the survival just before later times
        change = (own.astype(float) - at_risk * total) / risk
        log_s = -np.cumsum(change * left)
        before_i = before * np.concatenate([[0.0], log_s[:-1]])
        for c, name in enumerate(causes):
            mine = (own & (k[i] == name)).astype(float)
            step = before_i * hazard[c] + before * (mine - at_risk * hazard[c]) / risk
            sums[c] += (w[i] * np.cumsum(step)) ** 2
    return np.sqrt(sums)


@dataclass(frozen=True)
class FineGray:
    """Log subdistribution hazard ratios with robust standard errors; NaN for a redundant column.

    ``converged`` is false, and there are no standard errors, where the likelihood has no maximum (separation).
    """

    coef: Floats
    std_err: Floats
    variance: Floats
    loglik: float
    n: int
    n_event: int
    converged: bool

    @property
    def p_value(self) -> Floats:
        """Two-sided Wald p-values."""
        from scipy.special import ndtr

        with np.errstate(invalid="ignore"):
            return 2.0 * ndtr(-np.abs(self.coef / self.std_err))


def fine_gray(time: ArrayLike, cause: ArrayLike, x: ArrayLike, *, of: int = 1) -> FineGray:
    """Regress the subdistribution hazard of one cause on covariates [1]_ (right censoring; Breslow ties).

    Parameters
    ----------
    time : shape (n,), end of observation
    cause : shape (n,), 0 censored, 1, 2 ... the event
    x : shape (n, p), known covariates
    of : the cause modelled; rows with another event stay at risk with the weight of not being censored since

    Notes
    -----
    Weights G(t-) / G(T-) with G the Kaplan-Meier curve of censoring; the variance counts that G is estimated.

    References
    ----------
    .. [1] Fine, Gray. J Am Stat Assoc 1999;94:496.
    """
    k = np.asarray(cause, dtype=np.int64)
    t, _, _, _ = check_survival(time, k > 0)
    z = np.asarray(x, float)
    z = z[:, None] if z.ndim == 1 else z
    if np.isnan(z).any() or z.shape[0] != t.size:
        raise ValueError("x must be known in every row, one row per time")
    kept = _independent(z, np.ones(t.size)) & bool((k == of).any())
    order = np.argsort(t, kind="stable")
    full = z.shape[1]
    t, k, z = t[order], k[order], (z - z.mean(0))[order][:, kept]
    n, p = z.shape
    times = np.unique(t[k == of])
    g_times, g_before = _censoring(t, k)
    g_row = g_before[np.searchsorted(g_times, t)]  # G just before each row's end
    g_at = g_before[np.searchsorted(g_times, times)]
    other = (k > 0) & (k != of)
    start = np.searchsorted(t, times, side="left")  # rows from here on are at risk for themselves
    d = np.bincount(np.searchsorted(times, t[k == of]), minlength=times.size).astype(float)
    dx = np.zeros((times.size, p))
    np.add.at(dx, np.searchsorted(times, t[k == of]), z[k == of])

    def sums(beta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        r = np.exp(z @ beta)
        inverse = np.where(other, r / g_row, 0.0)

        def tail(v: Floats) -> Floats:
            out: Floats = np.concatenate([np.cumsum(v[::-1], axis=0)[::-1], np.zeros((1, *v.shape[1:]))])
            return out[start]

        def head(v: Floats) -> Floats:
            out: Floats = np.concatenate([np.zeros((1, *v.shape[1:])), np.cumsum(v, axis=0)])
            return out[start]

        zz = z[:, :, None] * z[:, None, :]
        s0 = tail(r) + g_at * head(inverse)
        s1 = tail(r[:, None] * z) + g_at[:, None] * head(inverse[:, None] * z)
        s2 = tail(r[:, None, None] * zz) + g_at[:, None, None] * head(inverse[:, None, None] * zz)
        return r, s0, s1, s2

    def evaluate(beta: Floats) -> tuple[float, Floats, Floats]:
        _, s0, s1, s2 = sums(beta)
        mean = s1 / s0[:, None]
        loglik = float((dx @ beta).sum() - (d * np.log(s0)).sum())
        score = (dx - d[:, None] * mean).sum(0)
        info = (d[:, None, None] * (s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :])).sum(0)
        return loglik, score, info

    beta = np.zeros(p)
    loglik, score, info = evaluate(beta)
    converged = p == 0
    move = np.zeros(p)
    for _ in range(50):
        if p == 0:
            break
        try:
            move = np.linalg.solve(info, score)
        except np.linalg.LinAlgError:  # those at risk at the events do not differ, or the likelihood has no maximum
            break
        small = float(move @ score) < 1e-12
        size = 1.0
        while True:
            new = evaluate(beta + size * move)
            if new[0] >= loglik - 1e-9 * abs(loglik) or size < 1e-6:
                break
            size /= 2
        beta, (loglik, score, info) = beta + size * move, new
        if small:
            converged = bool((np.abs(move) * z.std(axis=0) < RUNAWAY_STEP).all())
            break
    variance = np.full((p, p), np.nan)
    if converged and p:
        variance = _fine_gray_variance(t, k, z, beta, of, times, d, g_row, g_at, g_times, sums, info)
    coef, spread = np.full(full, np.nan), np.full((full, full), np.nan)
    coef[kept] = beta
    spread[np.ix_(kept, kept)] = variance
    return FineGray(coef, np.sqrt(np.diag(spread)), spread, loglik, n, int((k == of).sum()), converged)


def _censoring(t: Floats, k: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return distinct times and the Kaplan-Meier curve of censoring just before each."""
    times, counts = np.unique(t, return_counts=True)
    lost = np.bincount(np.searchsorted(times, t[k == 0]), minlength=times.size)
    at_risk = np.cumsum(counts[::-1])[::-1]
    # an event and a censoring of one day: the event came first, so it is not at risk of censoring
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(lost > 0, 1.0 - lost / at_risk, 1.0)
    return times, np.concatenate([[1.0], np.cumprod(steps)[:-1]])


def _fine_gray_variance(
    t: Floats,
    k: NDArray[np.int64],
    z: Floats,
    beta: Floats,
    of: int,
    times: Floats,
    d: Floats,
    g_row: Floats,
    g_at: Floats,
    g_times: Floats,
    sums: Any,
    info: Floats,
) -> Floats:
    """Sandwich of Fine and Gray (1999, section 3.3): score residuals plus what estimating G adds."""
    r, s0, s1, _ = sums(beta)
    mean = s1 / s0[:, None]
    step = d / s0
    n, p = z.shape
    other = (k > 0) & (k != of)
    # own part up to the row's end
    cum = np.concatenate([[0.0], np.cumsum(step)])
    cum_mean = np.vstack([np.zeros(p), np.cumsum(step[:, None] * mean, axis=0)])
    upto = np.searchsorted(times, t, side="right")
    eta = -r[:, None] * (z * cum[upto][:, None] - cum_mean[upto])
    dead = k == of
    eta[dead] += z[dead] - mean[np.searchsorted(times, t[dead])]
    # after another event: at risk with weight G(t-)/G(T-)
    cum_g = np.concatenate([[0.0], np.cumsum(step * g_at)])
    cum_g_mean = np.vstack([np.zeros(p), np.cumsum((step * g_at)[:, None] * mean, axis=0)])
    late = other
    share = (r / g_row)[:, None]
    eta[late] -= (share * (z * (cum_g[-1] - cum_g[upto])[:, None] - (cum_g_mean[-1] - cum_g_mean[upto])))[late]
    # psi: at each censoring time u, q(u) = sum over rows with another event before u of their later terms
    lost = np.unique(t[k == 0])
    if lost.size == 0:
        return np.linalg.inv(info) @ (eta.T @ eta) @ np.linalg.inv(info)
    q = np.zeros((lost.size, p))
    rest = cum_g[-1] - cum_g
    rest_mean = cum_g_mean[-1] - cum_g_mean
    weight = np.where(other, r / g_row, 0.0)
    sum_w = np.concatenate([[0.0], np.cumsum(weight)])
    sum_wz = np.vstack([np.zeros(p), np.cumsum(weight[:, None] * z, axis=0)])
    before = np.searchsorted(t, lost, side="left")
    from_u = np.searchsorted(times, lost, side="left")  # event times at or after u
    q = sum_wz[before] * rest[from_u][:, None] - sum_w[before][:, None] * rest_mean[from_u]
    pi = n - np.searchsorted(t, lost, side="left")
    count = np.bincount(np.searchsorted(lost, t[k == 0]), minlength=lost.size)
    pull = q / pi[:, None]
    drift = np.vstack([np.zeros(p), np.cumsum(pull * (count / pi)[:, None], axis=0)])
    psi = -drift[np.searchsorted(lost, t, side="right")]
    censored = k == 0
    psi[censored] += pull[np.searchsorted(lost, t[censored])]
    total = eta + psi
    bread = np.linalg.inv(info)
    return bread @ (total.T @ total) @ bread


def _independent(x: Floats, weights: Floats) -> NDArray[np.bool_]:
    """Mark the columns that are no linear combination of earlier ones, as `oncourse.stats._cox_newton` does row by row."""
    kept: list[Floats] = []
    out = np.zeros(x.shape[1], dtype=bool)
    root = np.sqrt(weights)[:, None]
    z = (x - (weights @ x) / weights.sum()) * root
    for j in range(x.shape[1]):
        v = z[:, j].copy()
        size = float(np.linalg.norm(v))
        for q in kept:
            v -= q * (q @ v)
        rest = float(np.linalg.norm(v))
        floor = 1e-12 * np.sqrt(x.shape[0]) * max(1.0, float(np.abs(x[:, j]).max(initial=0.0)))
        if rest > 1e-9 * size and size > floor:
            kept.append(v / rest)
            out[j] = True
    return out
