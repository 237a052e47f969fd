"""Penalised Cox regression with delayed entry: elastic-net and group paths by coordinate descent.

Minimises  -loglik(beta) / n + lambda * sum_g f_g (alpha ||b_g|| + (1 - alpha) / 2 ||b_g||^2) + sum_j r_j b_j^2 / 2
over standardised columns (scale of Simon et al. 2011, J Stat Softw 39(5), and of glmnet), with Efron's
or Breslow's ties, risk sets (entry, exit] and strata.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from oncourse.models._descent import fit_path
from oncourse.models.risk_sets import risk_sets, tie_code


@dataclass(frozen=True)
class CoxPath:
    """A fitted path.

    Attributes
    ----------
    lambdas : (l,) decreasing
    coef : (l, p) on the scale of the columns as given
    loglik : (l,) log partial likelihood at each lambda
    is_converged : (l,) bool
    null_loglik : log partial likelihood at beta = 0 (with the offset)
    """

    lambdas: np.ndarray
    coef: np.ndarray
    loglik: np.ndarray
    is_converged: np.ndarray
    null_loglik: float

    @property
    def n_selected(self) -> np.ndarray:
        """Return how many coefficients are not zero at each lambda, shape (l,)."""
        return (self.coef != 0).sum(axis=1)


def cox_path(
    x: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    ties: str = "efron",
    alpha: float = 1.0,
    lambdas: np.ndarray | None = None,
    n_lambda: int = 100,
    lambda_min_ratio: float | None = None,
    factor: np.ndarray | None = None,
    ridge: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    standardise: bool = True,
    offset: np.ndarray | None = None,
    tolerance: float = 1e-7,
    max_columns: int | None = None,
) -> CoxPath:
    """Fit a penalised Cox model at each of a decreasing sequence of lambdas.

    Parameters
    ----------
    x : (n, p) finite columns; a constant column gets coefficient 0
    time, event, entry, strata : see `risk_sets`
    alpha : 1 lasso, 0 ridge, between: elastic net
    lambdas : the sequence; None: `n_lambda` values from the smallest that leaves every penalised column out
        down to `lambda_min_ratio` (default 1e-4 where n > p, else 0.01) of it
    factor : (p,) penalty factor of each column, 0 = never penalised; None: 1, and the square root of the
        group's size for a group. The columns of a group share the factor of their first one.
    ridge : (p,) a fixed extra ridge penalty on the standardised columns, not scaled by lambda
    groups : (p,) labels; columns of one label enter or leave together. None: every column alone
    offset : (n,) added to the linear predictor with coefficient 1
    tolerance : an outer step ends the fit when it gains less than this times the number of events
    max_columns : end the path after the first lambda with more columns than this (the path is then shorter)

    Raises
    ------
    ValueError : a value of x is not finite, or there is no event
    """
    walk = PathWalk(
        x,
        time,
        event,
        entry=entry,
        strata=strata,
        ties=ties,
        alpha=alpha,
        factor=factor,
        ridge=ridge,
        groups=groups,
        standardise=standardise,
        offset=offset,
        tolerance=tolerance,
        max_columns=max_columns,
    )
    if lambdas is None:
        ratio = lambda_min_ratio or (1e-4 if walk.n > walk.p else 0.01)
        lambdas = walk.largest_lambda() * np.geomspace(1.0, ratio, n_lambda)
    return walk.further(np.asarray(lambdas, dtype=np.float64))


class PathWalk:
    """A path that is fitted piece by piece; `cox_path` has the meaning of the arguments.

    Each call of `further` starts from the last solution, so that the pieces together are the path fitted at once.
    """

    def __init__(
        self,
        x: np.ndarray,
        time: np.ndarray,
        event: np.ndarray,
        *,
        entry: np.ndarray | None = None,
        strata: np.ndarray | None = None,
        ties: str = "efron",
        alpha: float = 1.0,
        factor: np.ndarray | None = None,
        ridge: np.ndarray | None = None,
        groups: np.ndarray | None = None,
        standardise: bool = True,
        offset: np.ndarray | None = None,
        tolerance: float = 1e-7,
        max_columns: int | None = None,
    ) -> None:
        x = np.asarray(x, dtype=np.float64)
        if not np.isfinite(x).all():
            raise ValueError("every value of x must be finite: impute missing ones first")
        sets = risk_sets(time, event, entry=entry, strata=strata)
        if not len(sets.deaths):
            raise ValueError("a Cox model needs at least one event")
        self.n, self.p = x.shape
        self._columns, bounds = _grouped(groups, self.p)
        rows = np.argsort(sets.stratum, kind="stable")
        lo = np.concatenate([[0], np.cumsum(np.bincount(sets.stratum))]).astype(np.int64)
        mean, spread = x.mean(axis=0), x.std(axis=0)
        usable = spread > 1e-10 * np.maximum(1.0, np.abs(mean))
        self._scale = np.where(usable, spread if standardise else 1.0, 1.0)
        z = np.ascontiguousarray(((x - mean) / self._scale * usable)[np.ix_(rows, self._columns)].T)
        self._factor = (
            np.sqrt(np.diff(bounds)) if factor is None else np.asarray(factor, float)[self._columns][bounds[:-1]]
        )
        self._ridge = np.zeros(self.p) if ridge is None else np.asarray(ridge, float)[self._columns]
        shift = np.zeros(self.n) if offset is None else np.asarray(offset, float)[rows]
        arrays = (sets.start[rows], sets.stop[rows], sets.own[rows], sets.deaths, sets.opens)
        self._fixed = (z, shift, *arrays, tie_code(ties), lo, bounds)
        self._null = _loglik(shift, arrays, ties)
        self._alpha, self._tolerance = float(alpha), float(tolerance)
        self._most = self.p if max_columns is None else max_columns
        self._beta, self._trend = np.zeros(self.p), np.zeros(self.p)
        self._previous: float | None = None
        #: Whether the path went past `max_columns`.
        self.is_ended = False

    def largest_lambda(self) -> float:
        """Return the smallest lambda that leaves every penalised column out."""
        return _largest_lambda(self._fixed, self._alpha, self._factor, self._ridge, self._tolerance)

    def further(self, lambdas: np.ndarray) -> CoxPath:
        """Return the path at these lambdas, put in decreasing order, none above those fitted before."""
        lambdas = np.sort(lambdas)[::-1].copy()
        coef, loglik, converged = fit_path(
            *self._fixed,
            lambdas,
            self._alpha,
            self._factor,
            self._ridge,
            self._tolerance,
            self._most,
            self._beta,
            lambdas[0] if self._previous is None else self._previous,
            self._trend,
        )
        lambdas = lambdas[: len(coef)]
        self._previous = float(lambdas[-1])
        self.is_ended = int(np.count_nonzero(self._beta)) > self._most
        out = np.zeros((len(lambdas), self.p))
        out[:, self._columns] = coef
        return CoxPath(lambdas, out / self._scale, loglik, converged, self._null)


def _grouped(groups: np.ndarray | None, p: int) -> tuple[np.ndarray, np.ndarray]:
    if groups is None:
        return np.arange(p), np.arange(p + 1, dtype=np.int64)
    labels = np.asarray(groups)
    first: dict[object, int] = {}
    for label in labels.tolist():
        first.setdefault(label, len(first))
    rank = np.array([first[label] for label in labels.tolist()])
    columns = np.argsort(rank, kind="stable")
    return columns, np.concatenate([[0], np.cumsum(np.bincount(rank))]).astype(np.int64)


def _loglik(eta: np.ndarray, arrays: tuple[np.ndarray, ...], ties: str) -> float:
    from oncourse.models.risk_sets import hazard_pass

    return float(hazard_pass(eta, *arrays, tie_code(ties), np.empty(len(arrays[3])), np.empty(len(eta))))  # type: ignore[call-arg]


def _largest_lambda(fixed: tuple, alpha: float, factor: np.ndarray, extra: np.ndarray, tolerance: float) -> float:
    """Return the smallest lambda at which every penalised group is zero (alpha below 0.001 taken as 0.001)."""
    from oncourse.models.risk_sets import hazard_pass

    z, shift, *arrays, ties, _, bounds = fixed
    n = z.shape[1]
    # A lambda at which nothing penalised can enter: the unpenalised columns are fitted alone.
    none, start = np.zeros(len(z)), np.zeros(len(z))
    coef, _, _ = fit_path(*fixed, np.array([1e12]), 1.0, factor, extra, tolerance, len(z), start, 1e12, none)  # type: ignore[call-arg]
    eta = shift + coef[0] @ z
    expected = np.empty(n)
    hazard_pass(eta, *arrays, ties, np.empty(len(arrays[3])), expected)  # type: ignore[call-arg]
    residual = (arrays[2] >= 0) - expected
    score = z @ residual
    best = 0.0
    for g, (a, b) in enumerate(pairwise(bounds)):
        if factor[g] > 0:
            best = max(best, float(np.linalg.norm(score[a:b])) / (n * max(alpha, 1e-3) * factor[g]))
    return best if best > 0 else 1e-3
