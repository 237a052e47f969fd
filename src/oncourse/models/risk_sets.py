"""Risk sets (entry, exit] of a Cox partial likelihood, as index ranges that linear passes can sum over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oncourse.compiled import compiled

EFRON, BRESLOW = 1, 0


@dataclass(frozen=True)
class RiskSets:
    """Who is at risk at which distinct (stratum, event time).

    Event times are numbered 0 .. k-1, sorted by stratum and then time. Patient i is at risk at the event
    times `start[i] <= j < stop[i]`.

    Attributes
    ----------
    start, stop : (n,) int64
    own : (n,) int64, index of the patient's own event time, -1 for a censored patient
    deaths : (k,) int64, events at each event time
    times : (k,) float64
    opens : (k,) bool, True at the first event time of a stratum
    stratum : (n,) int64, 0-based
    """

    start: np.ndarray
    stop: np.ndarray
    own: np.ndarray
    deaths: np.ndarray
    times: np.ndarray
    opens: np.ndarray
    stratum: np.ndarray


def risk_sets(
    time: np.ndarray,
    event: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> RiskSets:
    """Return the risk sets of right-censored, possibly left-truncated times.

    Parameters
    ----------
    time : (n,) exit times
    event : (n,) bool, True where the exit is the event
    entry : (n,) time from which the patient is under observation; None: all from the start. A patient whose
        entry equals an event time is not at risk at it: the risk set is (entry, exit].
    strata : (n,) labels; risk sets never mix strata

    Raises
    ------
    ValueError : a time or entry is not finite, or an entry is not before its exit
    """
    time = np.asarray(time, dtype=np.float64)
    event = np.asarray(event).astype(bool)
    if not np.isfinite(time).all():
        raise ValueError("every exit time must be finite")
    if entry is not None:
        entry = np.asarray(entry, dtype=np.float64)
        if np.isnan(entry).any() or (entry >= time).any():
            raise ValueError("every entry must lie before its exit: the risk set is (entry, exit]")
    n = len(time)
    labels = np.zeros(n, dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    start, stop, own = (np.empty(n, dtype=np.int64) for _ in range(3))
    times, deaths, opens = [], [], []
    base = 0
    for s in range(int(labels.max()) + 1 if n else 0):
        rows = np.flatnonzero(labels == s)
        at, count = np.unique(time[rows][event[rows]], return_counts=True)
        stop[rows] = base + np.searchsorted(at, time[rows], side="right")
        start[rows] = base if entry is None else base + np.searchsorted(at, entry[rows], side="right")
        own[rows] = np.where(event[rows], stop[rows] - 1, -1)
        first = np.zeros(len(at), dtype=bool)
        first[:1] = True
        times.append(at)
        deaths.append(count)
        opens.append(first)
        base += len(at)
    return RiskSets(
        start,
        stop,
        own,
        np.concatenate(deaths).astype(np.int64) if deaths else np.empty(0, np.int64),
        np.concatenate(times) if times else np.empty(0),
        np.concatenate(opens) if opens else np.empty(0, bool),
        labels.astype(np.int64),
    )


@compiled("f8[:], i8[:], i8[:], i8[:], i8[:], b1[:], i8, f8[:], f8[:]")
def hazard_pass(eta, start, stop, own, deaths, opens, ties, increments, expected):  # type: ignore[no-untyped-def]
    """Return the log partial likelihood; fill `increments` (k,) and `expected` (n,) in place.

    `increments[j]` is the baseline hazard step at event time j (for patients who do not die at it) and
    `expected[i]` the expected number of events of patient i; observed - expected is the gradient of the
    log partial likelihood in eta. Efron's and Breslow's treatment of ties as in Therneau & Grambsch 2000,
    section 3.3.
    """
    n, k = len(eta), len(deaths)
    top = eta.max() if n else 0.0
    gain = np.zeros(k + 1)
    loss = np.zeros(k + 1)
    dying = np.zeros(k)
    loglik = 0.0
    for i in range(n):
        if stop[i] <= start[i]:
            continue
        risk = np.exp(eta[i] - top)
        gain[stop[i] - 1] += risk
        if not opens[start[i]]:  # entered after the first event time of the stratum
            loss[start[i] - 1] += risk
        if own[i] >= 0:
            dying[own[i]] += risk
            loglik += eta[i] - top
    own_increment = np.zeros(k)
    at_risk = 0.0
    for j in range(k - 1, -1, -1):
        if j == k - 1 or opens[j + 1]:
            at_risk = gain[j]
        else:
            at_risk += gain[j] - loss[j]
        d = deaths[j]
        total = max(at_risk, dying[j])
        all_steps = 0.0
        own_steps = 0.0
        for m in range(d):
            share = m / d if ties == 1 else 0.0
            denominator = total - share * dying[j]
            loglik -= np.log(denominator)
            all_steps += 1.0 / denominator
            own_steps += (1.0 - share) / denominator
        increments[j] = all_steps
        own_increment[j] = own_steps
    cumulative = np.zeros(k + 1)
    for j in range(k):
        cumulative[j + 1] = cumulative[j] + increments[j]
    for i in range(n):
        hazard = cumulative[stop[i]] - cumulative[start[i]] if stop[i] > start[i] else 0.0
        if own[i] >= 0:
            hazard += own_increment[own[i]] - increments[own[i]]
        expected[i] = hazard * np.exp(eta[i] - top)
    scale = np.exp(-top)
    for j in range(k):
        increments[j] *= scale
    return loglik


def partial_loglik(eta: np.ndarray, sets: RiskSets, *, ties: str = "efron") -> float:
    """Return the log partial likelihood of the linear predictor eta, shape (n,)."""
    increments, expected = np.empty(len(sets.deaths)), np.empty(len(eta))
    arrays: Any = (np.asarray(eta, float), *_arrays(sets), tie_code(ties), increments, expected)
    return float(hazard_pass(*arrays))


def path_loglik(x: np.ndarray, coef: np.ndarray, sets: RiskSets) -> np.ndarray:
    """Return the log partial likelihood (Efron) of each row of coefficients (l, p) in patients x (n, p), shape (l,)."""
    return np.asarray(_logliks(np.ascontiguousarray(coef @ x.T), *_arrays(sets)))


@compiled("f8[:,:], i8[:], i8[:], i8[:], i8[:], b1[:]")
def _logliks(eta, start, stop, own, deaths, opens):  # type: ignore[no-untyped-def]
    increments, expected = np.empty(len(deaths)), np.empty(eta.shape[1])
    out = np.empty(len(eta))
    for j in range(len(eta)):
        out[j] = hazard_pass(eta[j], start, stop, own, deaths, opens, 1, increments, expected)
    return out


def cumulative_hazard(eta: np.ndarray, sets: RiskSets, at: float, *, ties: str = "efron") -> np.ndarray:
    """Return the baseline cumulative hazard up to and including `at`, one value per stratum.

    Efron's (or Breslow's) estimate for a patient with eta = 0, as survfit() of a coxph fit in R.
    """
    increments, expected = np.empty(len(sets.deaths)), np.empty(len(eta))
    arrays: Any = (np.asarray(eta, float), *_arrays(sets), tie_code(ties), increments, expected)
    hazard_pass(*arrays)
    steps = np.where(sets.times <= at, increments, 0.0)
    which = np.cumsum(sets.opens) - 1
    present = np.unique(sets.stratum[sets.own >= 0])
    out = np.zeros(int(sets.stratum.max()) + 1)
    out[present] = np.bincount(which, weights=steps, minlength=len(present)) if len(steps) else 0.0
    return out


def tie_code(ties: str) -> int:
    """Return the kernel's code of a rule for ties."""
    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties must be efron or breslow, not {ties!r}")
    return EFRON if ties == "efron" else BRESLOW


def _arrays(sets: RiskSets) -> tuple[np.ndarray, ...]:
    return sets.start, sets.stop, sets.own, sets.deaths, sets.opens
