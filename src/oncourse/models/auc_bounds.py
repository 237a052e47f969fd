"""AUC at a horizon where losing patients hangs on the score: how far off it may be."""

from __future__ import annotations

import numpy as np

#: Odds of an event by the horizon of those lost, over that of others of like score, that `auc_bounds` allows either
#: way.
LOST_ODDS = 2.0
#: Patients per part of the score that has a factor of its own, events that hold it, and steps in which they settle.
PER_PART, HELD_BY, N_STEP = 25, 5.0, 5
#: Room for the luck of those lost, in standard deviations: with the odds beside, 95 % or more of the bounds hold.
LUCK = 1.3


def auc_bounds(
    score: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    horizon: float,
    *,
    odds: float = LOST_ODDS,
    of_others: bool = False,
) -> tuple[float, float]:
    """Return the least and greatest AUC at the horizon where the chance to be lost may hang on the score.

    Inverse-probability weights take those lost for like the others at risk; where losing them hangs on the score the
    AUC is off by several points. Here each patient lost before the horizon counts as a case with the chance that
    patients of like score have from its last day on (`_chance_of_event`), its odds times `odds` in the upper half and
    divided by it in the lower (greatest AUC), and the other way round (least); either end leaves room for the luck of
    those lost. NaN without a case or a control.

    These are bounds of the AUC that these very patients would show. ``of_others``: of the one in all patients like them,
    with the chance of who was studied (`_of_sample`, 95 %) in either end.

    Examples
    --------
    >>> low, high = auc_bounds(np.arange(8.0), np.array([9, 9, 9, 2, 1, 9, 3, 2.0]), np.array([0, 0, 0, 0, 1, 0, 1, 1]),
    ... 5.0)
    >>> bool(low < high <= 1)
    True
    """
    from scipy.special import ndtri

    score, time = np.asarray(score, float), np.asarray(time, float)
    event = np.asarray(event).astype(bool)
    case = np.where(event & (time <= horizon), 1.0, 0.0)
    lost = ~event & (time < horizon)
    chance = _chance_of_event(score, np.minimum(time, horizon), case > 0)
    case[lost] = chance[lost]
    upper = score > np.median(score)
    bounds = []
    for favour in (1 / odds, odds):
        o = np.clip(case, 1e-9, 1 - 1e-9) / (1 - np.clip(case, 1e-9, 1 - 1e-9)) * np.where(upper, favour, 1 / favour)
        p = np.where(lost, o / (1 + o), case)
        studied = float(ndtri(0.975)) * _of_sample(score, p) if of_others else 0.0
        bounds.append((_fractional_auc(score, p), np.hypot(LUCK * _luck(score, p), studied)))
    (low, under), (high, over) = bounds
    return max(float(low - under), 0.0), min(float(high + over), 1.0)


def _chance_of_event(score: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Return each patient's chance of an event after `time`, up to the longest one.

    One course of the hazard for all (Breslow) times a rate that goes with the rank of the score, and a factor of each
    part of the score, held by `HELD_BY` events: where the high scores are lost early no curve of their own reaches the
    horizon, a constant rate is too low where the hazard rises, and few events pull a part to the middle of all.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    from oncourse.stats.cox import fit_cox

    z = ndtri((rankdata(score) - 0.5) / len(score))
    slope = float(fit_cox(time, event, z[:, None]).coef[0]) if event.sum() >= 2 else 0.0
    base = np.exp(np.clip(slope if np.isfinite(slope) else 0.0, -3, 3) * z)
    parts = int(np.clip(len(score) // PER_PART, 2, 10))
    part = np.searchsorted(np.quantile(score, np.arange(1, parts) / parts), score, side="right")
    at, deaths = np.unique(time[event], return_counts=True)
    order, passed = np.argsort(time, kind="stable"), np.searchsorted(at, time, side="right")
    first = np.searchsorted(time[order], at, side="left")  # at risk: those whose time is not before it
    factor, rate, hazard = np.ones(parts), base, np.zeros(len(at) + 1)
    for _ in range(N_STEP):
        rate = base * factor[part]
        hazard[1:] = np.cumsum(deaths / np.cumsum(rate[order][::-1])[::-1][first])
        expected = np.bincount(part, base * hazard[passed], parts)
        factor = (np.bincount(part, event, parts) + HELD_BY) / (expected + HELD_BY)
    return np.asarray(1 - np.exp(-rate * (hazard[-1] - hazard[passed])))


def _shares(score: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Share of the controls below each patient, of the cases above it (ties one half), and the AUC of both.

    A patient is a case with chance `p`.
    """
    values, place = np.unique(score, return_inverse=True)
    case = np.bincount(place, p, len(values)) / p.sum()
    control = np.bincount(place, 1 - p, len(values)) / (1 - p).sum()
    below, above = np.cumsum(control) - control / 2, 1 - np.cumsum(case) + case / 2
    return below[place], above[place], float((case * below).sum())


def _luck(score: np.ndarray, p: np.ndarray) -> float:
    """Standard deviation of the AUC over who of those with a chance `p` between 0 and 1 is a case."""
    below, above, whole = _shares(score, p)
    effect = (below - whole) / p.sum() - (above - whole) / (1 - p).sum()
    return float(np.sqrt((p * (1 - p) * effect**2).sum()))


def _of_sample(score: np.ndarray, p: np.ndarray) -> float:
    """Standard error of the AUC over which patients were studied (DeLong et al. Biometrics 1988;44:837)."""
    below, above, whole = _shares(score, p)
    effect = p * (below - whole) / p.sum() + (1 - p) * (above - whole) / (1 - p).sum()
    return float(np.sqrt(len(p) / (len(p) - 1) * (effect**2).sum()))


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
