"""One treatment against another on one endpoint: its arrays, and what every estimate from them asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncourse.models import weighting as w

if TYPE_CHECKING:
    from oncourse.stats.cox import CoxFit

#: Fewest events per coefficient of an adjusted model.
EVENTS_PER_COEFFICIENT = 5
#: Scores outside these mark patients who would hardly ever get the other treatment.
POSITIVITY = (0.05, 0.95)
#: p below which the hazard ratio changes with time; events to ask it.
CHANGING, FEWEST_EVENTS_TO_TEST = 0.05, 10


@dataclass(frozen=True)
class PairData:
    """One comparison: rows are patients on either treatment.

    time, event, entry : (n,), risk set (entry, time]; treated : (n,) bool; x : (n, p) NaN = missing; names : p
    """

    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray
    treated: np.ndarray
    x: np.ndarray
    names: tuple[str, ...]

    @property
    def late(self) -> np.ndarray | None:
        """Entry times, None where nobody entered late."""
        return self.entry if (self.entry > 0).any() else None


def known_until(time: np.ndarray, event: np.ndarray) -> float:
    """Return the time up to which an arm's survival is known: for ever where its curve has reached 0.

    >>> (known_until(np.array([1.0, 3.0]), np.array([True, True])), known_until(np.array([1.0, 3.0]), np.array([True,
    ... False])))
    (inf, 3.0)
    """
    last = float(time.max())
    return float("inf") if event[time == last].all() else last


def p_proportional(fit: CoxFit) -> float:
    """p of the test that the first coefficient is the same at all times; NaN with too few events to ask it."""
    from oncourse.stats.zph import proportional_hazards

    if not np.isfinite(fit.coef[0]) or fit.is_infinite[0] or fit.data.event.sum() < FEWEST_EVENTS_TO_TEST:
        return float("nan")
    return float(proportional_hazards(fit, terms={"first": [0]}).terms["first"].p_value)


def ratio_of(coef: float, std_err: float, infinite: bool) -> w.Effect:
    """Hazard ratio with its Wald interval; not estimable where an arm has no event (the coefficient runs off)."""
    return w.effect(float("nan") if infinite else float(coef), float(std_err), is_log=True)


def pseudo_values_by_arm(data: PairData, horizon: float, *, mean: bool) -> np.ndarray:
    """Pseudo-values within each arm, so that censoring may differ between them."""
    out = np.full(len(data.time), np.nan)
    for arm in (data.treated, ~data.treated):
        late = None if data.late is None else data.entry[arm]
        out[arm] = w.pseudo_values(data.time[arm], data.event[arm], horizon, entry=late, mean=mean)
    return out
