"""Profile likelihood of one Cox coefficient: its interval and its test, also under Firth's penalty."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oncourse.stats.cox import CoxFit, _kernels

Floats = NDArray[np.float64]


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
    .. [1] Heinze, Schemper. Biometrics 2001;57:114.
    """
    from scipy.special import chdtrc, chdtri

    kernels: Any = _kernels()
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
    free = np.ones(int(kept.sum()), bool)
    free[index] = False
    every = np.ones_like(free)
    state: Floats = fit.coef[kept].copy()

    def value(b: float, begin: Floats, mask: NDArray[np.bool_]) -> tuple[float, Floats]:
        begin = begin.copy()
        begin[index] = b
        beta, height, *_ = kernels.cox_newton(
            *fit.data.kernel,
            x,
            fit.offset,
            fit.data.weights,
            begin,
            fit.ties == "efron",
            ridge,
            firth,
            mask,
            60,
        )
        return float(height), beta

    best, state = value(float(state[index]), state, every)
    at = float(state[index])
    null, _ = value(0.0, state, free)
    drop = 0.5 * float(chdtri(1, 1.0 - level))
    error = float(fit.naive_std_err[column])
    step = 1.96 * error if math.isfinite(error) and 0 < error < 10 else 1.0

    def limit(sign: float) -> float:
        near, begin = at, state
        width = step
        for _ in range(40):
            far = near + sign * width
            height, begin = value(far, begin, free)
            if best - height > drop:
                break
            near = far
            width *= 1.5
            if abs(far - at) > 40 * max(1.0, step):
                return sign * math.inf
        low, high = near, far
        f_low, f_high = drop - (best - value(low, begin, free)[0]), drop - (best - height)
        side = 0
        for _ in range(80):
            if abs(high - low) < 1e-7 * (1 + abs(low)):
                break
            middle = (low * f_high - high * f_low) / (f_high - f_low)
            height, begin = value(middle, begin, free)
            f = drop - (best - height)
            if abs(f) < 1e-9:
                return middle
            if f < 0:
                high, f_high = middle, f
                f_low = f_low / 2 if side == 1 else f_low
                side = 1
            else:
                low, f_low = middle, f
                f_high = f_high / 2 if side == -1 else f_high
                side = -1
        return 0.5 * (low + high)

    return Profile(at, limit(-1.0), limit(1.0), float(chdtrc(1, max(0.0, 2.0 * (best - null)))))
