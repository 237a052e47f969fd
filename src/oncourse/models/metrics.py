"""How well predicted risks fit what happened by a horizon: AUC, Brier, concordance, thresholds, net benefit.

Every metric rests on weights that make the patients whose state at the horizon is known stand for all who were
alive at the origin. A case at t weighs S(t-) / Y(t), the step of the product-limit estimator, and a patient still
at risk after the horizon S(horizon) / Y(horizon+), with Y the number at risk in (entry, exit]. Without delayed
entry S(t-) G(t-) = Y(t) / n, so these are the inverse-probability-of-censoring weights of Uno et al. 2007 and
Gerds & Schumacher 2006 divided by n; with it they also undo the left truncation, where entry and censoring are
independent of time and predictors (Tsai, Jewell & Wang 1987 for the estimator).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncourse.compiled import compiled


@dataclass(frozen=True)
class HorizonWeights:
    """Who counts as what at the horizon, and for how much.

    Attributes
    ----------
    weight : (n,) 0 for a patient whose state at the horizon is unknown; they sum to 1
    is_case : (n,) bool, the event came at or before the horizon
    survival : product-limit S(horizon); NaN where nobody is at risk after the horizon
    n_case, n_control, n_unknown : patients
    is_truncated : some patient entered after the origin
    """

    weight: np.ndarray
    is_case: np.ndarray
    survival: float
    n_case: int
    n_control: int
    n_unknown: int
    is_truncated: bool


def horizon_weights(
    time: np.ndarray, event: np.ndarray, horizon: float, *, entry: np.ndarray | None = None
) -> HorizonWeights:
    """Return the weights of the module's first lines.

    An event time at which all at risk die although others enter later would make the estimator 0 for ever; it
    is passed over (weight 0), as the risk set is then too small to say anything.
    """
    time = np.asarray(time, dtype=np.float64)
    event = np.asarray(event).astype(bool)
    late = np.zeros(len(time)) if entry is None else np.asarray(entry, dtype=np.float64)
    case = event & (time <= horizon)
    at, where, deaths = np.unique(time[case], return_inverse=True, return_counts=True)
    exits, entries = np.sort(time), np.sort(late)
    # (entry, exit]: entered before t and not yet out before t
    if entry is None:
        at_risk = len(time) - np.searchsorted(exits, at, side="left")
    else:
        at_risk = np.searchsorted(entries, at, side="left") - np.searchsorted(exits, at, side="left")
    hopeless = (deaths >= at_risk) & (at < entries[-1] if len(entries) else False)
    factor = np.where(hopeless, 1.0, 1.0 - deaths / np.maximum(at_risk, 1))
    before = np.concatenate([[1.0], np.cumprod(factor)[:-1]]) if len(at) else np.empty(0)
    survival = float(np.prod(factor))
    weight = np.zeros(len(time))
    weight[case] = np.where(hopeless, 0.0, before / np.maximum(at_risk, 1))[where]
    control = (time > horizon) & (late <= horizon)
    if control.any():
        weight[control] = survival / control.sum()
    elif survival > 0:
        survival = float("nan")
    known = int(case.sum() + control.sum())
    truncated = entry is not None and bool((late > 0).any())
    return HorizonWeights(weight, case, survival, int(case.sum()), int(control.sum()), len(time) - known, truncated)


def auc(score: np.ndarray, at: HorizonWeights, *, within: np.ndarray | None = None) -> float:
    """Return the cumulative-case / dynamic-control AUC at the horizon, NaN without a case or a control.

    Blanche, Dartigues & Jacqmin-Gadda 2013 (timeROC, marginal weights); tied scores count one half.
    `within` : (n,) labels; only pairs of one label are compared (the fold whose model made the score: scores
    of different folds differ by a constant that runs against the outcome).
    """
    score = np.asarray(score, float)
    if within is None:
        return float(_auc(score, at.weight, at.is_case)[0])
    parts = [_auc(score[g], at.weight[g], at.is_case[g]) for g in _members(within)]
    pairs = sum(p[1] for p in parts)
    return float(sum(p[0] * p[1] for p in parts if p[1] > 0) / pairs) if pairs > 0 else float("nan")


def _members(labels: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(labels == value) for value in np.unique(labels)]


@compiled("f8[:], f8[:], b1[:]")
def _auc(score, weight, case):  # type: ignore[no-untyped-def]
    order = np.argsort(score)
    cases = controls = won = 0.0
    i, n = 0, len(score)
    while i < n:
        j = i
        tied_cases = tied_controls = 0.0
        while j < n and score[order[j]] == score[order[i]]:
            row = order[j]
            if case[row]:
                tied_cases += weight[row]
            else:
                tied_controls += weight[row]
            j += 1
        won += tied_cases * (controls + 0.5 * tied_controls)
        cases += tied_cases
        controls += tied_controls
        i = j
    pairs = cases * controls
    return (won / pairs if pairs > 0.0 else np.nan), pairs


def brier(risk: np.ndarray, at: HorizonWeights) -> float:
    """Return the weighted mean of (event by the horizon - risk)^2."""
    total = at.weight.sum()
    return float(at.weight @ (at.is_case - risk) ** 2 / total) if total > 0 else float("nan")


def scaled_brier(risk: np.ndarray, at: HorizonWeights) -> float:
    """Return 1 - Brier / Brier of the Kaplan-Meier risk (IPA, Kattan & Gerds 2018)."""
    worst = at.survival * (1.0 - at.survival)
    return 1.0 - brier(risk, at) / worst if worst > 0 else float("nan")


def observed_expected(risk: np.ndarray, at: HorizonWeights) -> float:
    """Return observed (product-limit) over expected (mean predicted) risk at the horizon.

    Under delayed entry the predicted risks are averaged with the horizon's weights, because those who died
    before they could enter had higher ones.
    """
    expected = float(at.weight @ risk / at.weight.sum()) if at.is_truncated else float(np.mean(risk))
    return (1.0 - at.survival) / expected if expected > 0 else float("nan")


def at_threshold(risk: np.ndarray, at: HorizonWeights, threshold: float) -> dict[str, float]:
    """Return sensitivity, specificity, ppv, npv and the share called high when risk >= threshold is high.

    NaN where the denominator is empty.
    """
    high = np.asarray(risk) >= threshold
    case, weight = at.is_case, at.weight

    def share(top: np.ndarray, bottom: np.ndarray) -> float:
        total = weight[bottom].sum()
        return float(weight[top & bottom].sum() / total) if total > 0 else float("nan")

    return {
        "sensitivity": share(high, case),
        "specificity": share(~high, ~case),
        "ppv": share(case, high),
        "npv": share(~case, ~high),
        "high": share(high, np.ones(len(high), bool)),
    }


def net_benefit(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    threshold: float,
    horizon: float,
    *,
    entry: np.ndarray | None = None,
    at: HorizonWeights | None = None,
) -> float:
    """Return the net benefit of treating those with risk above `threshold` (Vickers & Elkin 2006).

    Share called high x (F - (1 - F) odds of the threshold), F their product-limit risk by the horizon.
    """
    high = np.asarray(risk) > threshold
    if not high.any():
        return 0.0
    if entry is None:
        share = float(high.mean())
    else:
        weight = (horizon_weights(time, event, horizon, entry=entry) if at is None else at).weight
        share = float(weight[high].sum() / weight.sum()) if weight.sum() > 0 else float("nan")
    inside = horizon_weights(time[high], event[high], horizon, entry=None if entry is None else entry[high])
    # Where nobody called high is followed past the horizon, the curve's last value stands for it.
    survived = inside.survival if np.isfinite(inside.survival) else 1.0 - inside.weight[inside.is_case].sum()
    return share * ((1.0 - survived) - survived * threshold / (1.0 - threshold))


def concordance(
    score: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    horizon: float = np.inf,
    entry: np.ndarray | None = None,
    uno: bool = False,
    within: np.ndarray | None = None,
    at: HorizonWeights | None = None,
) -> float:
    """Return Harrell's C, or Uno's, over the pairs whose earlier event lies at or before the horizon.

    A pair is usable when the other patient is at risk at the event and survives it; tied scores count half.
    Uno's C weighs each event by 1 / G(t-)^2 (Uno et al. 2011); under delayed entry Harrell's C compares only
    pairs observed together and Uno's weighs by (n S(t-) / Y(t))^2, which also undoes the truncation. Higher
    score = earlier event. `within`: see `auc`. `at`: the weights at the horizon, where they are known already.
    """
    time = np.asarray(time, dtype=np.float64)
    event = np.asarray(event).astype(bool)
    late = np.full(len(time), -np.inf) if entry is None else np.asarray(entry, dtype=np.float64)
    weight = np.ones(len(time))
    if uno:
        last = min(horizon, float(time.max()))
        known = at if at is not None and last == horizon else horizon_weights(time, event, last, entry=entry)
        weight = (known.weight * len(time)) ** 2
    label = np.zeros(len(time), np.int64) if within is None else np.asarray(within, dtype=np.int64)
    return float(_concordance(np.asarray(score, float), time, event, late, weight, float(horizon), label))


@compiled("f8[:], f8[:], b1[:], f8[:], f8[:], f8, i8[:]")
def _concordance(score, time, event, entry, weight, horizon, label):  # type: ignore[no-untyped-def]
    good = total = 0.0
    n = len(time)
    for i in range(n):
        if not event[i] or time[i] > horizon or weight[i] == 0.0:
            continue
        wins = pairs = 0.0
        for j in range(n):
            if (
                label[j] == label[i]
                and entry[j] < time[i]
                and (time[j] > time[i] or (time[j] == time[i] and not event[j]))
            ):
                pairs += 1.0
                if score[i] > score[j]:
                    wins += 1.0
                elif score[i] == score[j]:
                    wins += 0.5
        good += weight[i] * wins
        total += weight[i] * pairs
    return good / total if total > 0.0 else np.nan
