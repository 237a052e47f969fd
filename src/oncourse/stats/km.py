"""Kaplan-Meier curves with delayed entry: survival, median, follow-up, and what late entry does to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CONF_TYPES = ("log-log", "log", "plain")
_NEAR = 1.5e-8  # times closer than this share of their mean are one time
_TIE = 1e-9  # two heights of a curve closer than this are one


class Quantile(NamedTuple):
    """A time at which the curve falls to a height; NaN where it (or its limit) does not get there."""

    value: float
    ci_low: float
    ci_high: float


class Landmark(NamedTuple):
    """The curve at given times.

    ``ci_low``/``ci_high`` are the curve's own limits; where it is still at 1, or has reached 0, and no limits by its
    variance exist, those of the beta product (see `beta_product`). NaN where the survival is, and for weights that
    are no whole numbers.
    """

    time: Floats
    survival: Floats
    ci_low: Floats
    ci_high: Floats
    std_err: Floats
    n_risk: Floats


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier curve at its distinct exit times.

    ``time`` ascending; ``n_risk`` (weighted) those with entry < time <= exit; ``survival`` just after the time;
    ``std_err`` of the survival; ``ci_low``/``ci_high`` NaN where the survival is 0 or 1, where the variance gives none
    (`at` has limits there).
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    std_err: Floats
    ci_low: Floats
    ci_high: Floats
    n: int
    events: int
    level: float
    conf_type: str
    _entry: Floats = field(repr=False)
    _exit: Floats = field(repr=False)
    _weights: Floats = field(repr=False)

    @property
    def undone(self) -> float:
        """The time from which on the curve tells nothing: the few at risk early have all had the event, and others come
        under observation only then (Tsai, Jewell, Wang. Biometrika 1987;74:883); infinite where there is none.

        >>> kaplan_meier([2.0, 9, 9, 9], [1, 0, 1, 0], entry=[0.0, 5, 5, 5]).undone
        2.0
        """
        gone = np.flatnonzero(self.survival == 0)
        first = float(self.time[gone[0]]) if gone.size else np.inf
        return first if bool((self._entry >= first).any()) else np.inf

    def at(self, times: ArrayLike) -> Landmark:
        """Return the curve at times; NaN past the last exit unless the curve has reached 0, and where it is `undone`."""
        t = np.atleast_1d(np.asarray(times, dtype=float))
        index = np.searchsorted(self.time, t, side="right") - 1
        known = (t <= (self.time[-1] if self.time.size else -np.inf)) | (
            self.survival[-1:] == 0 if self.time.size else np.zeros(1, bool)
        )
        known &= t < self.undone

        def pick(values: Floats, before: float) -> Floats:
            out = np.where(index >= 0, values[np.maximum(index, 0)] if values.size else before, before)
            return np.where(known, out, np.nan)

        n_risk = np.array([self._weights[(self._entry < x) & (self._exit >= x)].sum() for x in t])
        survival, low, high = (
            pick(values, before)
            for values, before in ((self.survival, 1.0), (self.ci_low, np.nan), (self.ci_high, np.nan))
        )
        if bool((self._weights == np.floor(self._weights)).all()):
            for i in np.flatnonzero((survival == 1) | (survival == 0)):
                limits = beta_product(self, float(t[i]))
                low[i], high[i] = (limits[0], 1.0) if survival[i] == 1 else (0.0, limits[1])
        return Landmark(t, survival, low, high, pick(self.std_err, 0.0), n_risk)

    def quantile(self, share: float = 0.5) -> Quantile:
        """Return the time by which `share` have had the event, with the limits read off the limits of the curve.

        NaN where the curve has not come down so far, or not before it is `undone`.

        A curve that falls from 1 to 0 at once has no limits there, and so none of its quantiles: the lower limit is
        then the first time at which the lower limit of the `beta_product` is as low (upper: not reached, NaN).
        """
        height = 1.0 - share
        value, low, high = (_crossing(self.time, c, height) for c in (self.survival, self.ci_low, self.ci_high))
        if np.isfinite(value) and np.isnan(low) and bool((self._weights == np.floor(self._weights)).all()):
            limits = np.array([beta_product(self, float(t))[0] for t in (0.0, *self.time)])
            low = _crossing(np.append(0.0, self.time), limits, height)
        if value >= self.undone:
            return Quantile(np.nan, np.nan, np.nan)
        return Quantile(value, low, high)

    @property
    def median(self) -> Quantile:
        """The time by which half have had the event."""
        return self.quantile(0.5)


def beta_product(curve: Curve, time: float) -> tuple[float, float]:
    """Return limits of the survival at a time that exist without an event, and where the curve has reached 0 [1]_.

    Each event time multiplies the survival by a beta of those at risk; the lower limit adds one more event just
    after `time`, the upper limit one less. Products are read as the beta of the same mean and variance. Without
    censoring they are the limits of Clopper and Pearson.

    References
    ----------
    .. [1] Fay, Brittain, Proschan. Biostatistics 2013;14:723 (the beta product confidence procedure).

    Examples
    --------
    24 patients followed beyond the time, none with an event: .025 ** (1 / 24)

    >>> [round(v, 4) for v in beta_product(kaplan_meier([30.0] * 24, [0] * 24), 12.0)]
    [0.8575, 1.0]
    """
    from scipy.special import betaincinv

    tail = (1 - curve.level) / 2
    past = (curve.time <= time) & (curve.n_event > 0)
    at_risk, gone = curve.n_risk[past], curve.n_event[past]
    seen = curve._weights[(curve._entry < time) & (curve._exit >= time)].sum()
    after = float(seen - curve.n_event[curve.time == time].sum())  # at risk and without the event at the time

    def limit(a: Floats, b: Floats, share: float) -> float:
        mean = np.prod(a / (a + b))
        square = np.prod(a * (a + 1) / ((a + b) * (a + b + 1)))
        known = mean * (1 - mean) / (square - mean**2) - 1
        return float(betaincinv(mean * known, (1 - mean) * known, share))

    left = at_risk - gone + 1
    low = limit(np.append(left, after), np.append(gone, 1.0), tail) if after > 0 else 0.0
    high = limit(left, gone, 1 - tail) if at_risk.size else 1.0
    return low, high


def _crossing(time: Floats, height: Floats, target: float) -> float:
    """First time the curve is at or below target; the middle of a step that lies exactly on it (as in R)."""
    below = np.flatnonzero(height < target + 1e-8)  # NaN compares False
    if below.size == 0:
        return float("nan")
    first = below[0]
    if abs(height[first] - target) < 1e-8:
        lower = below[height[below] < height[first] - _TIE]
        if lower.size:
            return float(0.5 * (time[first] + time[lower[0]]))
    return float(time[first])


def check_survival(
    time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None, weights: ArrayLike | None = None
) -> tuple[Floats, NDArray[np.bool_], Floats, Floats]:
    """Return time, event, entry (-inf where nobody enters late) and weights as arrays, or raise ValueError.

    A row must be at risk for some time: entry < time. Nothing is dropped here; the caller excludes and says whom.
    """
    t = np.ascontiguousarray(time, dtype=float)
    d = np.ascontiguousarray(event)
    if d.dtype != bool:
        if not np.isin(d, (0, 1)).all():
            raise ValueError("event is true/false or 1/0")
        d = d.astype(bool)
    e = np.full(t.size, -np.inf) if entry is None else np.ascontiguousarray(entry, dtype=float)
    w = np.ones(t.size) if weights is None else np.ascontiguousarray(weights, dtype=float)
    if not t.size == d.size == e.size == w.size or t.ndim != 1:
        raise ValueError("time, event, entry and weights have one value per row")
    if np.isnan(t).any() or np.isnan(e).any() or np.isnan(w).any() or (w < 0).any():
        raise ValueError("time, entry and weights must be known, weights 0 or more")
    t, e = _tie(t, e)
    if (e >= t).any():
        raise ValueError(f"{int((e >= t).sum())} rows are never at risk: entry is not before time")
    return t, d, e, w


def _tie(time: Floats, entry: Floats) -> tuple[Floats, Floats]:
    """Make times equal that differ by rounding only (60 + 7/12 v 59 + 19/12): ties and risk sets depend on it."""
    finite = np.isfinite(entry)
    both = np.concatenate([time, entry[finite]])
    if both.size == 0 or (both == np.floor(both)).all():
        return time, entry
    values, which = np.unique(both, return_inverse=True)
    new = np.concatenate([[True], np.diff(values) > _NEAR * max(1.0, float(np.abs(values).mean()))])
    tied = values[np.flatnonzero(new)[np.cumsum(new) - 1]][which]
    out = entry.copy()
    out[finite] = tied[time.size :]
    return tied[: time.size], out


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    conf_type: str = "log-log",
    robust: bool | None = None,
) -> Curve:
    """Return the Kaplan-Meier curve; a row is at risk in (entry, time] [1]_.

    Parameters
    ----------
    time : shape (n,), exit from observation, any unit
    event : shape (n,), whether it ended in the event
    entry : shape (n,), start of observation (delayed entry), same unit; an entry at an event time is not at risk
    weights : shape (n,), 0 or more
    level : coverage of the pointwise interval
    conf_type : log-log (default: stays inside 0-1 and holds its level at small n), log or plain
    robust : variance from each row's influence instead of Greenwood; default where weights are not whole numbers

    References
    ----------
    .. [1] Kaplan, Meier. J Am Stat Assoc 1958;53:457; Tsai, Jewell, Wang. Biometrika 1987;74:883 (delayed entry);
       Borgan, Liestøl. Scand J Stat 1990;17:35 (log-log).

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1])
    >>> curve.survival.tolist(), curve.median.value
    ([0.75, 0.75, 0.375, 0.0], 3.0)
    """
    from scipy.special import ndtri

    if conf_type not in CONF_TYPES:
        raise ValueError(f"conf_type is one of {', '.join(CONF_TYPES)}")
    t, d, e, w = check_survival(time, event, entry, weights)
    times, n_risk, n_event, n_leave = risk_table(t, d, e, w)
    n_censor: Floats = n_leave - n_event
    with np.errstate(divide="ignore", invalid="ignore"):
        left = n_risk - n_event
        left = np.where(left < 1e-9 * n_risk, 0.0, left)  # weighted sums leave dust where all have gone
        factor = np.where(n_event > 0, left / n_risk, 1.0)
        survival: Floats = np.cumprod(factor, dtype=float)
        if robust is None:
            robust = bool(np.any(w != np.floor(w)))
        if robust:
            log_err = _influence_error(t, d, e, w, times, n_risk, n_event)
        else:
            log_err = np.sqrt(np.cumsum(np.where(n_event > 0, n_event / (n_risk * left), 0.0)))
        z = float(ndtri(0.5 + level / 2.0))
        inner = (survival > 0) & (survival < 1)
        s = np.where(inner, survival, np.nan)
        if conf_type == "log-log":
            shift = z * log_err / np.log(s)
            low, high = (
                np.exp(-np.exp(np.log(-np.log(s)) - shift)),
                np.exp(-np.exp(np.log(-np.log(s)) + shift)),
            )
        elif conf_type == "log":
            low, high = s * np.exp(-z * log_err), np.minimum(1.0, s * np.exp(z * log_err))
        else:
            low, high = np.maximum(0.0, s * (1 - z * log_err)), np.minimum(1.0, s * (1 + z * log_err))
        std_err = np.where(survival > 0, survival * log_err, np.nan)
    return Curve(
        times,
        n_risk,
        n_event,
        n_censor,
        survival,
        std_err,
        low,
        high,
        t.size,
        int(d.sum()),
        level,
        conf_type,
        e,
        t,
        w,
    )


def risk_table(
    time: Floats, event: NDArray[np.bool_], entry: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return distinct exit times with the weight at risk, of events, and of all who leave there."""
    times, which = np.unique(time, return_inverse=True)
    n_leave = np.bincount(which, weights=weights, minlength=times.size).astype(float)
    n_event = np.bincount(which, weights=weights * event, minlength=times.size).astype(float)
    exits = np.cumsum(n_leave[::-1])[::-1]
    order = np.argsort(entry, kind="stable")
    entered = np.concatenate([[0.0], np.cumsum(weights[order])])
    not_yet = entered[-1] - entered[np.searchsorted(entry[order], times, side="left")]
    return times, exits - not_yet, n_event, n_leave


def _influence_error(
    time: Floats,
    event: NDArray[np.bool_],
    entry: Floats,
    weights: Floats,
    times: Floats,
    n_risk: Floats,
    n_event: Floats,
) -> Floats:
    """Standard error of log S by the infinitesimal jackknife: one influence per row, at every time."""
    with np.errstate(divide="ignore", invalid="ignore"):
        left = n_risk - n_event
        jump = np.where(n_event > 0, 1.0 / left, 0.0)  # an event's own pull
        drift = np.cumsum(np.where(n_event > 0, n_event / (n_risk * left), 0.0))
    at_exit = np.searchsorted(times, time)
    before = np.searchsorted(times, entry, side="right") - 1
    base = np.where(before >= 0, drift[np.maximum(before, 0)], 0.0)
    total = np.zeros(times.size)
    for i in range(time.size):  # rows are streamed: n x times would not fit for a large cohort
        if weights[i] == 0:
            continue
        k = at_exit[i]
        start = before[i] + 1
        flow = drift[start : k + 1] - base[i]
        total[start:k] += (weights[i] * flow[:-1]) ** 2
        end = weights[i] * (flow[-1] - event[i] * jump[k])
        total[k:] += end**2
    return np.sqrt(total)


def follow_up(time: ArrayLike, event: ArrayLike, *, entry: ArrayLike | None = None, level: float = 0.95) -> Quantile:
    """Return the median follow-up, reverse Kaplan-Meier (Schemper, Smith. Control Clin Trials 1996;17:343)."""
    _, d, _, _ = check_survival(time, event, entry)
    return kaplan_meier(time, ~d, entry=entry, level=level).median
