"""Of every feature at once: its Cox model beside covariates, and the test that its hazard ratio stays the same.

Each is what `fit_cox`, `profile_interval` and `proportional_hazards` give for one feature, in one compiled pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats.cox import SurvivalData

Floats = NDArray[np.float64]


class Beside(NamedTuple):
    """One entry per feature; NaN where there is no estimate.

    ``coef`` log hazard ratio with its limits and two-sided p; ``is_firth`` penalised, limits and p of the profile (else
    Wald); ``is_fitted`` there were events enough for every coefficient, and the feature varies.
    """

    coef: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats
    is_firth: NDArray[np.bool_]
    is_fitted: NDArray[np.bool_]


def distinct(rows: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the rows that differ, first seen, and of each row which of these it is.

    Many findings are the same patients: they are fitted once.

    >>> first, number = distinct(np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]))
    >>> first.tolist(), number.tolist()
    ([0, 1], [0, 1, 0])
    """
    seen: dict[bytes, int] = {}
    number = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows], dtype=np.int64)
    return np.unique(number, return_index=True)[1], number


def _cells(x: ArrayLike, rows: int) -> Floats:
    """Return (features, n) numbers with NaN of an (n, features) matrix; -1 is unknown in whole-number types."""
    a = np.asarray(x)
    a = a[:, None] if a.ndim == 1 else a
    if a.shape[0] != rows:
        raise ValueError(f"x has {a.shape[0]} rows, time has {rows}")
    return np.ascontiguousarray((np.where(a < 0, np.nan, a) if a.dtype.kind == "i" else a).T, dtype=np.float64)


def fit_features_beside(
    data: SurvivalData,
    x: ArrayLike,
    covariates: Floats,
    *,
    firth: NDArray[np.bool_],
    events_per_coefficient: int,
    level: float = 0.95,
) -> Beside:
    """Fit a Cox model (Efron ties) of each column of x beside the covariates, on the rows where all are known.

    Parameters
    ----------
    x : shape (n, features), NaN (or -1 in whole-number types) for unknown
    covariates : shape (n, columns), NaN for unknown
    firth : per feature, whether Firth's penalised estimate is wanted; it is taken as well where a coefficient runs off
    events_per_coefficient : fewer events than this and there is no estimate
    """
    from scipy.special import chdtrc, chdtri, ndtr, ndtri

    from oncourse.stats._scan_models import fit_beside

    cells, wanted = _cells(x, data.time.size), np.asarray(firth, bool)
    first, number = distinct(np.column_stack([cells, wanted]))
    coef, low, high, statistic, penalised, fitted = fit_beside(
        cells[first],
        np.ascontiguousarray(covariates, dtype=np.float64),
        wanted[first],
        *data.kernel,
        events_per_coefficient,
        0.5 * float(chdtri(1, 1.0 - level)),
        float(ndtri(0.5 + level / 2.0)),
    )[:, number]
    is_firth = penalised == 1.0
    p = np.where(is_firth, chdtrc(1, np.where(is_firth, statistic, np.nan)), 2.0 * ndtr(-np.abs(statistic)))
    return Beside(coef, low, high, p, is_firth, fitted == 1.0)


def changes_with_time(
    data: SurvivalData, x: ArrayLike, *, min_events: int = 1, coef: ArrayLike | None = None
) -> Floats:
    """Return per column of x the p-value of the score test that its hazard ratio is the same at all times.

    As `oncourse.stats.zph.proportional_hazards` of its own Cox model (Efron ties), on the rows where it is known. NaN
    with fewer events than `min_events`, where it is constant or its coefficient runs off.
    """
    from scipy.special import chdtrc

    from oncourse.stats._scan_models import same_at_all_times

    if data.bounds.size != 2 or (data.weights != 1).any():
        raise ValueError("rows of one stratum, none weighted")
    cells = _cells(x, data.time.size)
    first, number = distinct(cells)
    start = np.zeros(len(cells)) if coef is None else np.nan_to_num(np.asarray(coef, float), posinf=0.0, neginf=0.0)
    found: Floats = chdtrc(1, same_at_all_times(cells[first], start[first], *data.kernel, min_events)[number])
    return found
