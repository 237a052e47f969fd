"""Is the hazard ratio constant? The score test of a coefficient that changes with time (R's cox.zph since 3.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oncourse.stats.cox import ChiSquare, CoxFit, chi_square
from oncourse.stats.km import kaplan_meier

Floats = NDArray[np.float64]
TRANSFORMS = ("km", "identity", "log", "rank")


class ProportionalHazards(NamedTuple):
    """One test per term and one for all together."""

    terms: dict[str, ChiSquare]
    overall: ChiSquare


def proportional_hazards(
    fit: CoxFit, *, transform: str = "km", terms: Mapping[str, Sequence[int]] | None = None
) -> ProportionalHazards:
    """Test whether coefficients change with g(time) [1]_.

    Parameters
    ----------
    fit : a fitted model; columns without a coefficient are left out
    transform : g: "km" (1 - Kaplan-Meier just before the time), "identity", "log" or "rank"
    terms : name -> columns tested together (a factor); by default each column for itself

    Notes
    -----
    The score test of adding x g(t): its information is the sum over event times of the variance of x among those at
    risk, times g and g squared. The older approximation, which took that variance as constant, differs.

    References
    ----------
    .. [1] Grambsch, Therneau. Biometrika 1994;81:515.
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"transform is one of {', '.join(TRANSFORMS)}")
    known = np.flatnonzero(~np.isnan(fit.coef))
    _, times, _, _, _, _, variance, _ = fit._steps
    data = fit.data
    g_of = _transform(fit, transform)
    g = np.array([g_of[t] for t in times])
    rows, residuals = fit._at_event()
    g_rows = np.array([g_of[t] for t in data.time[rows]])
    middle = g_rows.mean() if g_rows.size else 0.0  # the test does not depend on it; the numbers stay small
    u = ((g_rows - middle) * data.weights[rows]) @ residuals[:, known]
    v = variance[:, known][:, :, known]
    g = g - middle
    i11, i12, i22 = v.sum(0), np.tensordot(g, v, 1), np.tensordot(g**2, v, 1)
    position = {int(c): i for i, c in enumerate(known)}
    chosen = terms if terms is not None else {name: [j] for j, name in enumerate(fit.names)}
    out = {}
    for name, columns in chosen.items():
        index = np.array([position[c] for c in columns if c in position], dtype=int)
        out[name] = _score(u[index], i11, i12[:, index], i22[np.ix_(index, index)])
    return ProportionalHazards(out, _score(u, i11, i12, i22))


def _score(u: Floats, i11: Floats, i12: Floats, i22: Floats) -> ChiSquare:
    if u.size == 0:
        return chi_square(float("nan"), 0)
    rest = i22 - i12.T @ np.linalg.solve(i11, i12)
    if np.linalg.matrix_rank(rest) < u.size:
        return chi_square(float("nan"), u.size)
    return chi_square(float(u @ np.linalg.solve(rest, u)), u.size)


def _transform(fit: CoxFit, transform: str) -> dict[float, float]:
    times = np.unique(fit.data.time[fit.data.event])
    if transform == "km":
        curve = kaplan_meier(fit.data.time, fit.data.event, entry=fit.data.entry)
        before = np.concatenate([[1.0], curve.survival])[np.searchsorted(curve.time, times)]
        return dict(zip(times.tolist(), (1.0 - before).tolist(), strict=True))
    if transform == "rank":
        events = np.sort(fit.data.time[fit.data.event])
        ranks = (np.searchsorted(events, times, "left") + np.searchsorted(events, times, "right") + 1) / 2
        return dict(zip(times.tolist(), ranks.tolist(), strict=True))
    values = np.log(times) if transform == "log" else times
    return dict(zip(times.tolist(), values.tolist(), strict=True))
