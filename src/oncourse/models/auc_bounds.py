"""AUC at a horizon where losing patients hangs on the score: how far off it may be."""

from __future__ import annotations

import numpy as np

#: Odds of an event by the horizon of those lost, over that of others of like score, that `auc_bounds` allows either
#: way.
LOST_ODDS = 2.0
#: Patients per part of the score in which the chance of an event is read.
PER_PART = 25


def auc_bounds(
    score: np.ndarray, time: np.ndarray, event: np.ndarray, horizon: float, *, odds: float = LOST_ODDS
) -> tuple[float, float]:
    """Return the least and greatest AUC at the horizon where the chance to be lost may hang on the score.

    Inverse-probability weights take those lost for like the others at risk; where losing them hangs on the score the
    AUC is off by several points. Here each patient lost before the horizon counts as a case with the chance that the
    rate of patients of like score gives from its last day on, its odds times `odds` in the upper half and divided by it
    in the lower (greatest AUC), and the other way round (least). NaN without a case or a control.

    Examples
    --------
    >>> low, high = auc_bounds(np.arange(8.0), np.array([9, 9, 9, 2, 1, 9, 3, 2.0]), np.array([0, 0, 0, 0, 1, 0, 1, 1]),
    ... 5.0)
    >>> bool(low < high <= 1)
    True
    """
    score, time = np.asarray(score, float), np.asarray(time, float)
    event = np.asarray(event).astype(bool)
    case = np.where(event & (time <= horizon), 1.0, 0.0)
    lost = ~event & (time < horizon)
    parts = int(np.clip(len(score) // PER_PART, 2, 10))
    part = np.searchsorted(np.quantile(score, np.arange(1, parts) / parts), score, side="right")
    for k in range(parts):
        here = part == k
        # a constant rate: where the high scores are lost early, no product-limit curve reaches the horizon
        until = np.minimum(time[here], horizon)
        rate = (case[here].sum() + 0.5) / max(until.sum(), 1e-9)
        case[here & lost] = 1 - np.exp(-rate * (horizon - time[here & lost]))
    upper = score > np.median(score)
    bounds = []
    for favour in (1 / odds, odds):
        o = np.clip(case, 1e-9, 1 - 1e-9) / (1 - np.clip(case, 1e-9, 1 - 1e-9)) * np.where(upper, favour, 1 / favour)
        p = np.where(lost, o / (1 + o), case)
        bounds.append(_fractional_auc(score, p))
    return bounds[0], bounds[1]


def _fractional_auc(score: np.ndarray, p: np.ndarray) -> float:
    """AUC where each patient is a case with chance `p`: pairs of two patients, ties one half."""
    order = np.argsort(score, kind="stable")
    values, first = np.unique(score[order], return_index=True)
    case, control = np.add.reduceat(p[order], first), np.add.reduceat(1 - p[order], first)
    below = np.cumsum(control) - control
    own = np.add.reduceat(p[order] * (1 - p[order]), first)  # a patient is no pair with itself
    pairs = p.sum() * (1 - p).sum() - (p * (1 - p)).sum()
    won = (case * below).sum() + 0.5 * (case * control - own).sum()
    return float(won / pairs) if len(values) and pairs > 0 else float("nan")
