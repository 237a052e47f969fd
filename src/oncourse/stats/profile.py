"""Profile likelihood of one Cox coefficient: its interval and its test, also under Firth's penalty."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from oncourse.stats.cox import CoxFit


class Profile(NamedTuple):
    """Log hazard ratio with profile limits (infinite where the likelihood never falls) and likelihood-ratio p."""

    coef: float
    ci_low: float
    ci_high: float
    p_value: float


def profile_interval(fit: CoxFit, column: int, *, level: float = 0.95) -> Profile:
    """Return limits at which twice the (penalised) log likelihood, maximised over the rest, has fallen by chi-square.

    With ``fit`` from ``penalty="firth"`` it is the penalised profile [1]_, finite also under separation.
    NaN where the column has no coefficient.

    References
    ----------
    .. [1] Heinze, Schemper. Biometrics 2001;57:114; the steps: Venzon, Moolgavkar. Appl Stat 1988;37:87.
    """
    from scipy.special import chdtrc, chdtri

    from oncourse.stats._cox_profile import cox_profile

    nan = float("nan")
    if math.isnan(fit.coef[column]):
        return Profile(nan, nan, nan, nan)
    kept = ~np.isnan(fit.coef)
    index = int(kept[:column].sum())
    x = np.ascontiguousarray(fit.x[:, kept] - fit.x[:, kept].mean(0))
    firth = isinstance(fit.penalty, str)
    ridge = np.zeros(int(kept.sum()))
    if fit.penalty is not None and not firth:
        ridge = np.broadcast_to(np.asarray(fit.penalty, float), fit.coef.shape)[kept].copy()
    error = float(fit.naive_std_err[column])
    at, low, high, fall = cox_profile(
        *fit.data.kernel,
        x,
        fit.offset,
        fit.data.weights,
        fit.coef[kept],
        fit.ties == "efron",
        ridge,
        firth,
        index,
        0.5 * float(chdtri(1, 1.0 - level)),
        1.96 * error if math.isfinite(error) and 0 < error < 10 else 1.0,
    )
    return Profile(at, low, high, float(chdtrc(1, max(0.0, 2.0 * fall))))
