"""Choosing the treatment by patient: what a rule learned on other patients gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncourse.models import weighting as w
from oncourse.models.impute import fit_imputer
from oncourse.models.pair import POSITIVITY, PairData, known_until, pseudo_values_by_arm

#: Fewest patients and events for a policy; parts of the cross-fit.
POLICY_PATIENTS, POLICY_EVENTS, POLICY_FOLDS = 200, 60, 5


@dataclass(frozen=True)
class Policy:
    """Gain of choosing the treatment by patient over giving everyone the better one; `withheld` says why there is
    none."""

    gain: w.Effect
    share_treated: float
    withheld: str = ""


def policy(data: PairData, *, horizon: float, rng: np.random.Generator) -> Policy:
    """Return the honest gain in restricted mean time of a policy learned on other patients (cross-fitted).

    Doubly robust scores of each patient's gain (Robins & Rotnitzky 1995; Athey & Wager 2021), a ridge regression of the
    score on the covariates in four fifths of the patients, its sign as the rule for the last fifth. The scores of
    a fold come from models of the other folds. Withheld with fewer than `POLICY_PATIENTS` patients or
    `POLICY_EVENTS` events.
    """
    none = w.effect(float("nan"), float("nan"))
    n, events = len(data.time), int(data.event.sum())
    if data.x.shape[1] == 0:
        return Policy(none, float("nan"), "no covariates to choose by")
    if n < POLICY_PATIENTS or events < POLICY_EVENTS:
        return Policy(
            none,
            float("nan"),
            f"{n} patients and {events} events are too few (at least {POLICY_PATIENTS} and {POLICY_EVENTS})",
        )
    x = fit_imputer(data.x).fill(data.x)
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    score = w.propensity(x, data.treated)
    if np.mean((score < POSITIVITY[0]) | (score > POSITIVITY[1])) > 0.05:
        return Policy(none, float("nan"), "positivity fails: no like patients on the other treatment")
    arms = data.treated, ~data.treated
    tau = min([horizon, *(known_until(data.time[arm], data.event[arm]) for arm in arms)])
    values = pseudo_values_by_arm(data, tau, mean=True)
    if np.isnan(values).any():
        return Policy(none, float("nan"), "patients enter late: too few at risk at the early events")
    fold = np.empty(n, dtype=np.int64)
    for arm in (data.treated, ~data.treated):
        fold[arm] = rng.permutation(np.arange(arm.sum()) % POLICY_FOLDS)
    scores = np.empty(n)
    for k in range(POLICY_FOLDS):
        train, test = fold != k, fold == k
        scores[test] = _robust_scores(values, data.treated, x, train, test)
    gain, chosen = np.empty(n), np.zeros(n, dtype=bool)
    design = np.column_stack([np.ones(n), x])
    for k in range(POLICY_FOLDS):
        train, test = fold != k, fold == k
        a = design[train]
        ridge = np.eye(design.shape[1]) * 0.1 * train.sum()
        ridge[0, 0] = 0.0
        beta = np.linalg.solve(a.T @ a + ridge, a.T @ scores[train])
        chosen[test] = design[test] @ beta > 0
        everyone = scores[train].mean() > 0
        gain[test] = scores[test] * (chosen[test].astype(float) - float(everyone))
    return Policy(w.effect(float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(n))), float(chosen.mean()))


def _robust_scores(
    values: np.ndarray, treated: np.ndarray, x: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    from oncourse.models.weighting import propensity_model

    predict = propensity_model(x[train], treated[train])
    e = np.clip(predict(x[test]), *POSITIVITY)
    design = np.column_stack([np.ones(len(x)), x])
    m = []
    for arm in (~treated, treated):
        rows = train & arm
        beta = np.linalg.lstsq(design[rows], values[rows], rcond=None)[0]
        m.append(design[test] @ beta)
    t, v = treated[test], values[test]
    return m[1] - m[0] + np.where(t, (v - m[1]) / e, -(v - m[0]) / (1 - e))
