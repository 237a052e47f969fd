"""Net benefit at many thresholds over many resamples at once: `metrics.net_benefit` is the definition of each."""

from __future__ import annotations

import numpy as np


def counts_of(draws: list[np.ndarray], n: int) -> np.ndarray:
    """Return how often each of n patients was drawn, shape (n_draw, n), of the rows of every draw."""
    return np.array([np.bincount(rows, minlength=n) for rows in draws]).reshape(len(draws), n)


def net_benefits(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    thresholds: np.ndarray,
    horizon: float,
    *,
    counts: np.ndarray,
    entry: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return the net benefit of treating those with risk above each threshold, in each resample.

    Parameters
    ----------
    risk, time, event, entry : shape (n,), as of `metrics.net_benefit`
    counts : shape (n_draw, n), how often each patient is in each resample (`counts_of`)
    weight : shape (n_draw, n), with `entry`: the weight of each patient at the horizon in each resample, of one copy

    Returns
    -------
    shape (n_threshold, n_draw)
    """
    curve = _Curve(time, event, horizon, entry)
    shares = counts if weight is None else counts * weight
    total = shares.sum(axis=1)
    out = np.zeros((len(thresholds), len(counts)))
    for row, threshold in zip(out, thresholds, strict=True):
        high = np.asarray(risk) > threshold
        some = (counts * high).any(axis=1)
        with np.errstate(invalid="ignore"):
            share = (shares * high).sum(axis=1) / total
        survived = curve.survival(counts * high)
        value = share * ((1.0 - survived) - survived * threshold / (1.0 - threshold))
        row[some] = value[some]
    return out


class _Curve:
    """The product-limit estimator at a horizon for many sets of the same patients."""

    def __init__(self, time: np.ndarray, event: np.ndarray, horizon: float, entry: np.ndarray | None):
        case = np.asarray(event, bool) & (time <= horizon)
        self.at = np.unique(time[case])
        self.exits, self.entry = np.argsort(time, kind="stable"), entry
        self.case = case[self.exits]
        ordered = time[self.exits]
        self.left, self.right = (np.searchsorted(ordered, self.at, side) for side in ("left", "right"))  # type: ignore[call-overload]
        if entry is not None:
            self.entries = np.argsort(entry, kind="stable")
            self.entered = np.searchsorted(entry[self.entries], self.at, side="left")

    def survival(self, counts: np.ndarray) -> np.ndarray:
        """Return the survival at the horizon of each row of `counts`; see `metrics.horizon_weights` for late entry."""
        mine = counts[:, self.exits]
        gone, died = (_before(x) for x in (mine, mine * self.case))
        deaths = died[:, self.right] - died[:, self.left]
        if self.entry is None:
            at_risk = gone[:, -1:] - gone[:, self.left]
            hopeless: np.ndarray = np.zeros(deaths.shape, bool)
        else:
            at_risk = _before(counts[:, self.entries])[:, self.entered] - gone[:, self.left]
            last = np.where(counts > 0, self.entry, -np.inf).max(axis=1, initial=-np.inf)
            hopeless = (deaths >= at_risk) & (self.at < last[:, None])
        return np.asarray(np.where(hopeless, 1.0, 1.0 - deaths / np.maximum(at_risk, 1)).prod(axis=1))


def _before(counts: np.ndarray) -> np.ndarray:
    """Sums of the columns before each column, and of all, shape (n_row, n + 1)."""
    return np.concatenate([np.zeros((len(counts), 1), counts.dtype), np.cumsum(counts, axis=1)], axis=1)
