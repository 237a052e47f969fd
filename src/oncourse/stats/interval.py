"""Values known only to lie in an interval: an event between two visits (imaging, PSA), a lead between two days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Turnbull:
    """The non-parametric curve: mass of each innermost interval (left, right] and survival just after its right end.

    Within an interval the distribution is not identified; left = right is an exact value.
    """

    left: Floats
    right: Floats
    mass: Floats
    survival: Floats
    loglik: float
    iterations: int
    converged: bool

    def at(self, times: ArrayLike) -> Floats:
        """Return survival at times; inside an interval that has mass it is not determined: its upper value is given."""
        t = np.atleast_1d(np.asarray(times, float))
        index = np.searchsorted(self.right, t, side="right") - 1
        values: Floats = np.concatenate([[1.0], self.survival])
        return values[index + 1]

    def share_above(self, value: float) -> tuple[float, float]:
        """Return the least and the greatest probability of more than `value` that the data allow.

        >>> tuple(round(v, 3) for v in turnbull([1, 2, 2], [1, 2, np.inf]).share_above(1.5))
        (0.667, 0.667)
        """
        exact = self.left == self.right
        surely = self.mass[np.where(exact, self.left > value, self.left >= value)].sum()
        return float(surely), float(self.mass[self.right > value].sum())

    def quantile(self, share: float) -> tuple[float, float]:
        """Return the interval in which the quantile lies; (nan, nan) without values.

        >>> turnbull([0, 10, 20], [5, 15, np.inf]).quantile(0.5)
        (10.0, 15.0)
        """
        if self.mass.size == 0:
            return float("nan"), float("nan")
        at = min(int(np.searchsorted(np.cumsum(self.mass), share - 1e-9)), self.mass.size - 1)
        return float(self.left[at]), float(self.right[at])


def _bounds(left: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    low, high = np.asarray(left, float), np.asarray(right, float)
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), np.inf, high)
    if low.shape != high.shape or (low > high).any() or np.isposinf(low).any() or np.isneginf(high).any():
        raise ValueError("each event lies in (left, right] with left <= right")
    return low, high


def turnbull(left: ArrayLike, right: ArrayLike, *, max_iter: int = 20_000, tolerance: float = 1e-10) -> Turnbull:
    """Return the non-parametric maximum likelihood curve of interval-censored values [1]_.

    Parameters
    ----------
    left : shape (n,), last time known without the event; 0 or NaN: none. Values of either sign (a lead in days) may
        be given, and -inf
    right : shape (n,), first time known with it; infinite or NaN: never seen (right censored); equal to left: exact

    Notes
    -----
    Self-consistency (EM) with squared extrapolation steps; stops when no interval outside gains (the Kuhn-Tucker
    condition) or after `max_iter`.

    References
    ----------
    .. [1] Turnbull. J R Stat Soc B 1976;38:290; Varadhan, Roland. Scand J Stat 2008;35:335 (acceleration).
    """
    low, high = _bounds(left, right)
    if low.size == 0:
        return Turnbull(low, high, low, low, 0.0, 0, True)
    exact = low == high
    # an interval starts at a left end and stops at the next right end; exact times are points of their own
    ends = sorted(
        [(v, 1, 0) for v in np.unique(low[~exact])]
        + [(v, 0, 1) for v in np.unique(high[~exact])]
        + [(v, -1, 2) for v in np.unique(low[exact])]
    )
    cells: list[tuple[float, float]] = []
    start: float | None = None
    for value, _, kind in sorted(ends, key=lambda x: (x[0], {1: 0, 2: 1, 0: 2}[x[2]])):
        if kind == 0:
            start = value
        elif kind == 2:
            cells.append((value, value))
        elif start is not None:
            cells.append((start, value))
            start = None
    a, b = np.array([c[0] for c in cells]), np.array([c[1] for c in cells])
    point = a == b
    inside = np.where(
        exact[:, None],
        point[None, :] & (a[None, :] == low[:, None]),
        (a[None, :] >= low[:, None]) & (b[None, :] <= high[:, None]) & ~(point[None, :] & (a[None, :] <= low[:, None])),
    ).astype(float)
    n = low.size

    def step(p: Floats) -> Floats:
        return p * (inside.T @ (1.0 / np.maximum(inside @ p, 1e-300))) / n

    def loglik(p: Floats) -> float:
        return float(np.log(np.maximum(inside @ p, 1e-300)).sum())

    p = np.full(a.size, 1.0 / a.size)
    value = loglik(p)
    converged = False
    iterations = 0
    for iterations in range(1, max_iter + 1):  # noqa: B007
        p1 = step(p)
        p2 = step(p1)
        r, v = p1 - p, (p2 - p1) - (p1 - p)
        size = float(np.linalg.norm(v))
        best = p2
        if size > 1e-14:
            alpha = -float(np.linalg.norm(r)) / size
            trial = np.maximum(p - 2 * alpha * r + alpha**2 * v, 0.0)
            if trial.sum() > 0:
                trial = step(trial / trial.sum())
                if loglik(trial) >= loglik(p2):
                    best = trial
        best = best / best.sum()
        new = loglik(best)
        gain = inside.T @ (1.0 / np.maximum(inside @ best, 1e-300)) / n
        p, value = best, new
        if gain.max() < 1 + tolerance * n:
            converged = True
            break
    keep = p > 1e-9
    p = np.where(keep, p, 0.0)
    p /= p.sum()
    return Turnbull(a, b, p, np.maximum(1.0 - np.cumsum(p), 0.0), value, iterations, converged)


@dataclass(frozen=True)
class WeibullFit:
    """Accelerated failure time model log T = intercept + x coef + scale x (extreme value error).

    A hazard ratio is exp(-coef / scale). ``coef`` holds the intercept first; ``std_err`` that of coef and of log scale.
    """

    coef: Floats
    scale: float
    std_err: Floats
    variance: Floats
    loglik: float
    converged: bool

    @property
    def log_hazard_ratio(self) -> Floats:
        """-coef / scale, without the intercept."""
        return -self.coef[1:] / self.scale

    @property
    def log_hazard_ratio_std_err(self) -> Floats:
        """By the delta method."""
        out = []
        k = self.coef.size
        for j in range(1, k):
            gradient = np.zeros(k + 1)
            gradient[j], gradient[k] = -1 / self.scale, self.coef[j] / self.scale
            out.append(np.sqrt(gradient @ self.variance @ gradient))
        return np.array(out)


def weibull_interval(left: ArrayLike, right: ArrayLike, x: ArrayLike) -> WeibullFit:
    """Fit a Weibull model to interval-censored times (left, right] (as R survreg(type = "interval2")).

    left, right as in `turnbull` (equal: exact); x shape (n, p), without intercept.
    """
    low, high = _bounds(left, right)
    if (low < 0).any():
        raise ValueError("a time is 0 or above")
    z = np.asarray(x, float)
    z = np.column_stack([np.ones(low.size), z])
    exact = low == high
    if (low[exact] <= 0).any():
        raise ValueError("an exact time must be above 0")
    with np.errstate(divide="ignore"):
        log_low, log_high = np.log(low), np.log(high)

    def terms(theta: Floats) -> tuple[float, Floats]:
        """Log likelihood and its gradient in (coef, log scale)."""
        beta, scale = theta[:-1], float(np.exp(theta[-1]))
        eta = z @ beta
        a, b = (log_low - eta) / scale, (log_high - eta) / scale
        ea = np.where(np.isfinite(a), np.exp(np.clip(a, -700, 700)), 0.0)  # cumulative hazards at both ends
        eb = np.where(b == np.inf, np.inf, np.exp(np.clip(b, -700, 700)))
        sa, sb = np.exp(-ea), np.exp(-eb)
        total, du, ds = 0.0, np.zeros(low.size), np.zeros(low.size)
        width = np.maximum(sa - sb, 1e-300)
        fa = np.where(np.isfinite(a), ea * sa, 0.0)
        fb = np.where(np.isfinite(eb), eb, 0.0) * sb
        a0, b0 = np.where(np.isfinite(a), a, 0.0), np.where(np.isfinite(b), b, 0.0)
        part = ~exact
        total += float(np.log(width[part]).sum())
        du[part] = ((fa - fb) / width / scale)[part]
        ds[part] = ((a0 * fa - b0 * fb) / width)[part]
        if exact.any():
            w = a[exact]
            total += float((w - np.exp(w) - np.log(scale) - log_low[exact]).sum())
            du[exact] = (np.exp(w) - 1) / scale
            ds[exact] = w * np.exp(w) - w - 1
        return total, np.append(z.T @ du, ds.sum())

    def information(theta: Floats) -> Floats:
        k = theta.size
        out = np.zeros((k, k))
        for j in range(k):
            h = 1e-5 * max(1.0, abs(theta[j]))
            up, down = theta.copy(), theta.copy()
            up[j] += h
            down[j] -= h
            out[j] = -(terms(up)[1] - terms(down)[1]) / (2 * h)
        return (out + out.T) / 2

    middle = np.where(np.isfinite(high), (low + high) / 2, np.maximum(low, 1e-6))
    theta = np.zeros(z.shape[1] + 1)
    theta[0] = np.log(max(float(middle.mean()), 1e-9))
    value, gradient = terms(theta)
    converged = False
    for _ in range(200):
        info = information(theta)
        eigen = np.linalg.eigvalsh(info)
        if eigen[0] <= 1e-8:
            info = info + (1e-3 - eigen[0]) * np.eye(theta.size)
        move = np.linalg.solve(info, gradient)
        size = 1.0
        while size > 1e-10:
            new = terms(theta + size * move)
            if np.isfinite(new[0]) and new[0] >= value - 1e-12 * abs(value):
                break
            size /= 2
        theta, (value, gradient) = theta + size * move, new
        if float(np.abs(move).max()) < 1e-9:
            converged = True
            break
    variance: Floats = np.asarray(np.linalg.inv(information(theta)), dtype=np.float64)
    return WeibullFit(theta[:-1], float(np.exp(theta[-1])), np.sqrt(np.diag(variance)), variance, value, converged)
