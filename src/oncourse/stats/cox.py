"""Cox regression as R's coxph does it: Efron ties, strata, start-stop and delayed entry, weights, robust variance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats.km import check_survival

Floats = NDArray[np.float64]


class ChiSquare(NamedTuple):
    """A chi-square test; NaN where it cannot be made."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True)
class SurvivalData:
    """Rows of a survival regression, sorted once and shared by every fit on them (see `survival_data`)."""

    time: Floats
    event: NDArray[np.bool_]
    entry: Floats
    weights: Floats
    stratum: NDArray[np.int64]
    by_exit: NDArray[np.int64] = field(repr=False)
    by_entry: NDArray[np.int64] = field(repr=False)
    bounds: NDArray[np.int64] = field(repr=False)

    @property
    def kernel(self) -> Any:
        """The arrays in the order the compiled kernels take them (before x)."""
        return self.by_exit, self.by_entry, self.bounds, self.time, self.entry, self.event


def survival_data(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> SurvivalData:
    """Return the rows sorted for the kernels; at risk in (entry, time], compared within `strata` (any labels)."""
    t, d, e, w = check_survival(time, event, entry, weights)
    if strata is None:
        s = np.zeros(t.size, np.int64)
    else:
        labels = np.asarray(strata)
        if labels.ndim == 2:
            s = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
        else:
            s = np.unique(labels, return_inverse=True)[1].astype(np.int64)
        if s.size != t.size:
            raise ValueError("strata have one label per row")
    by_exit = np.lexsort((-t, s))
    by_entry = np.lexsort((-e, s))
    bounds = np.searchsorted(s[by_exit], np.arange(s.max() + 2 if s.size else 1)).astype(np.int64)
    return SurvivalData(t, d, e, w, s, by_exit, by_entry, bounds)


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox model.

    ``coef`` shape (p,), log hazard ratio per unit; NaN where a column says nothing beyond those before it.
    ``std_err`` robust where a cluster (or ``robust``) was given, else from the information; ``naive_std_err``
    always the latter. ``variance`` (p, p) belongs to ``std_err``. ``is_infinite`` marks coefficients that ran off
    (separation: use penalty="firth"); the others are those of the limit, as in R. ``loglik`` is the partial log
    likelihood (without penalty) at 0 and at the fit.
    """

    coef: Floats
    std_err: Floats
    naive_std_err: Floats
    variance: Floats
    loglik: tuple[float, float]
    score_test: ChiSquare
    n: int
    n_event: int
    iterations: int
    converged: bool
    is_infinite: NDArray[np.bool_]
    names: tuple[str, ...]
    ties: str
    penalty: Any
    data: SurvivalData = field(repr=False)
    x: Floats = field(repr=False)
    offset: Floats = field(repr=False)
    _naive: Floats = field(repr=False)

    @property
    def z(self) -> Floats:
        """Coefficient over its standard error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coef / self.std_err

    @property
    def p_value(self) -> Floats:
        """Two-sided Wald p-value per coefficient."""
        from scipy.special import ndtr

        return 2.0 * ndtr(-np.abs(self.z))

    @property
    def hazard_ratio(self) -> Floats:
        """exp(coef)."""
        return np.exp(self.coef)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the Wald limits of the hazard ratios."""
        from scipy.special import ndtri

        half = float(ndtri(0.5 + level / 2.0)) * self.std_err
        with np.errstate(over="ignore"):  # of a column in a tiny unit the limit is past any number: infinite
            return np.exp(self.coef - half), np.exp(self.coef + half)

    @property
    def wald_test(self) -> ChiSquare:
        """All coefficients are 0, by the Wald statistic (robust where the variance is)."""
        known = ~np.isnan(self.coef)
        b = self.coef[known]
        v = self.variance[np.ix_(known, known)]
        return chi_square(float(b @ np.linalg.solve(v, b)), b.size) if b.size else chi_square(float("nan"), 0)

    @property
    def lr_test(self) -> ChiSquare:
        """All coefficients are 0, by the likelihood ratio (not for weighted or clustered rows)."""
        return chi_square(2.0 * (self.loglik[1] - self.loglik[0]), int((~np.isnan(self.coef)).sum()))

    def linear_predictor(self, x: ArrayLike | None = None) -> Floats:
        """Return x @ coef (+ offset for the rows of the fit); columns without a coefficient count nothing."""
        beta = np.nan_to_num(self.coef)
        if x is None:
            return self.x @ beta + self.offset
        return np.asarray(x, dtype=float) @ beta

    @cached_property
    def _steps(self) -> tuple[Any, ...]:
        from oncourse.stats._cox import cox_steps  # only where a model is fitted

        steps: tuple[Any, ...] = cox_steps(
            *self.data.kernel,
            self.x,
            self.offset,
            self.data.weights,
            np.nan_to_num(self.coef),
            self.ties == "efron",
            True,
        )
        return steps

    def baseline_hazard(self, stratum: int = 0) -> tuple[Floats, Floats]:
        """Return event times and the cumulative baseline hazard there, for x = 0 and offset 0."""
        strata, times, _, hazard, *_ = self._steps
        mine = strata == stratum
        return times[mine][::-1], np.cumsum(hazard[0][mine][::-1])

    def survival(self, x: ArrayLike, times: ArrayLike, *, stratum: int = 0) -> Floats:
        """Return the probability to live past each time, shape (rows of x, times), given alive at time 0."""
        at, cumulative = self.baseline_hazard(stratum)
        index = np.searchsorted(at, np.atleast_1d(np.asarray(times, dtype=float)), side="right")
        h = np.concatenate([[0.0], cumulative])[index]
        return np.exp(-np.exp(self.linear_predictor(np.atleast_2d(x)))[:, None] * h[None, :])

    def _flows(self) -> tuple[Floats, Floats]:
        """Cumulative hazard and cumulative (hazard x mean of x) each row of the fit has met, Efron's share included."""
        strata, times, _, hazard, drift, _, _, _ = self._steps
        p = self.x.shape[1]
        n = self.data.time.size
        h, b = np.zeros(n), np.zeros((n, p))
        for s in range(self.data.bounds.size - 1):
            rows = self.data.by_exit[self.data.bounds[s] : self.data.bounds[s + 1]]
            mine = np.flatnonzero(strata == s)[::-1]
            at = times[mine]
            sum_h = np.concatenate([[0.0], np.cumsum(hazard[0][mine])])
            sum_b = np.concatenate([np.zeros((1, p)), np.cumsum(drift[mine, :p], axis=0)])
            until = np.searchsorted(at, self.data.time[rows], side="right")
            since = np.searchsorted(at, self.data.entry[rows], side="right")
            h[rows] = sum_h[until] - sum_h[since]
            b[rows] = sum_b[until] - sum_b[since]
            dead = self.data.event[rows] & (self.data.weights[rows] > 0)
            own = mine[until[dead] - 1]
            h[rows[dead]] += hazard[1][own] - hazard[0][own]
            b[rows[dead]] += drift[own, p:] - drift[own, :p]
        return h, b

    def martingale_residuals(self) -> Floats:
        """Return event minus expected events of each row."""
        h, _ = self._flows()
        return self.data.event - h * np.exp(self._steps[7])

    def score_residuals(self) -> Floats:
        """Return each row's share in the score, shape (n, p), unweighted."""
        h, b = self._flows()
        r = np.exp(self._steps[7])[:, None]
        out = -r * (self.x * h[:, None] - b)
        rows, residuals = self._at_event()
        out[rows] += residuals
        return out

    def _at_event(self) -> tuple[NDArray[np.int64], Floats]:
        """Rows that have the event, and x minus the mean of x among those at risk then (Schoenfeld)."""
        strata, times, _, _, _, means, _, _ = self._steps
        rows = np.flatnonzero(self.data.event & (self.data.weights > 0))
        key = {(s, t): i for i, (s, t) in enumerate(zip(strata.tolist(), times.tolist(), strict=True))}
        keys = zip(self.data.stratum[rows].tolist(), self.data.time[rows].tolist(), strict=True)
        at = np.array([key[k] for k in keys], dtype=np.int64)
        return rows, self.x[rows] - means[at]

    def schoenfeld_residuals(self) -> tuple[Floats, Floats]:
        """Return the event times and x minus its risk-set mean, shape (events, p), in order of time."""
        rows, residuals = self._at_event()
        order = np.lexsort((rows, self.data.time[rows]))
        return self.data.time[rows][order], residuals[order]

    def dfbeta(self) -> Floats:
        """Return the change of each coefficient when a row is left out, shape (n, p), approximate (weighted)."""
        return (self.data.weights[:, None] * self.score_residuals()) @ np.nan_to_num(self._naive)


def chi_square(statistic: float, df: int) -> ChiSquare:
    """Return the test of a chi-square statistic; p is NaN without a degree of freedom."""
    from scipy.special import chdtrc

    return ChiSquare(statistic, df, float(chdtrc(df, max(statistic, 0.0))) if df else float("nan"))


def fit_cox(
    time: ArrayLike | SurvivalData,
    event: ArrayLike | None,
    x: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    robust: bool | None = None,
    ties: str = "efron",
    offset: ArrayLike | None = None,
    penalty: str | float | ArrayLike | None = None,
    names: tuple[str, ...] | list[str] | None = None,
    start: ArrayLike | None = None,
) -> CoxFit:
    """Fit a Cox proportional hazards model [1]_.

    Parameters
    ----------
    time : shape (n,), exit; or the `SurvivalData` of these rows (then event, entry, strata, weights are in it)
    event : shape (n,), true where the row ends in the event
    x : shape (n, p), covariates, all known (exclude rows first, and say whom)
    entry : shape (n,), start of the row's time at risk: delayed entry or start-stop rows; at risk in (entry, time]
    strata : shape (n,) or (n, k), rows are compared within equal labels only
    weights : shape (n,), 0 or more
    cluster : shape (n,), labels: variance robust to dependence within a label (patient)
    robust : sandwich variance; default true where a cluster or weights other than whole numbers are given
    ties : "efron" or "breslow"
    offset : shape (n,), added to the log hazard
    penalty : None; "firth" (finite under separation, less biased with few events [2]_); or a ridge penalty theta,
        one number or one per column: theta / 2 x coef squared is taken off the log likelihood
    names : names of the columns

    Raises
    ------
    ValueError : unknown values, shapes that differ, rows never at risk

    References
    ----------
    .. [1] Cox. J R Stat Soc B 1972;34:187; Efron. J Am Stat Assoc 1977;72:557; Lin, Wei. J Am Stat Assoc 1989;84:1074.
    .. [2] Firth. Biometrika 1993;80:27; Heinze, Schemper. Biometrics 2001;57:114.
    """
    from oncourse.stats._cox_newton import cox_fit

    if isinstance(time, SurvivalData):
        data = time
    else:
        if event is None:
            raise ValueError("event is needed with time")
        data = survival_data(time, event, entry=entry, strata=strata, weights=weights)
    if ties not in ("efron", "breslow"):
        raise ValueError("ties is efron or breslow")
    n = data.time.size
    z = np.asarray(x, dtype=float)
    z = z[:, None] if z.ndim == 1 else z
    if z.shape[0] != n:
        raise ValueError(f"x has {z.shape[0]} rows, time has {n}")
    z = np.ascontiguousarray(z)
    off = np.zeros(n) if offset is None else np.ascontiguousarray(offset, dtype=float)
    if np.isnan(z).any() or np.isnan(off).any():
        raise ValueError("x and offset must be known in every row")
    p = z.shape[1]
    firth = isinstance(penalty, str)
    if firth and penalty != "firth":
        raise ValueError('penalty is None, "firth" or a ridge penalty')
    ridge = np.zeros(p) if penalty is None or firth else np.broadcast_to(np.asarray(penalty, float), (p,)).copy()
    begin = np.zeros(p) if start is None else np.nan_to_num(np.asarray(start, float))
    kept, beta, inverse, ran, loglik0, loglik, score, iterations, state = cox_fit(
        *data.kernel, z, off, data.weights, begin, ties == "efron", ridge, firth
    )
    coef = np.full(p, np.nan)
    coef[kept] = beta
    naive = np.full((p, p), np.nan)
    naive[np.ix_(kept, kept)] = inverse
    runaway = np.zeros(p, bool)
    runaway[kept] = ran
    fit = CoxFit(
        coef,
        np.sqrt(np.diag(naive)),
        np.sqrt(np.diag(naive)),
        naive,
        (loglik0, loglik),
        chi_square(score, kept.size),
        n,
        int((data.event & (data.weights > 0)).sum()),
        iterations,
        state == 0 and not runaway.any(),
        runaway,
        tuple(names) if names is not None else tuple(f"x{j + 1}" for j in range(p)),
        ties,
        penalty,
        data,
        z,
        off,
        naive,
    )
    if robust is None:
        robust = cluster is not None or bool(np.any(data.weights != np.floor(data.weights)))
    return _with_robust(fit, cluster) if robust and (kept.size == 0 or not np.isnan(inverse).all()) else fit


def _with_robust(fit: CoxFit, cluster: ArrayLike | None) -> CoxFit:
    from dataclasses import replace

    change = fit.dfbeta()
    if cluster is not None:
        labels = np.unique(np.asarray(cluster), return_inverse=True)[1]
        summed = np.zeros((labels.max() + 1, change.shape[1]))
        np.add.at(summed, labels, change)
        change = summed
    variance = change.T @ change
    unknown = np.isnan(np.diag(fit._naive))
    variance[unknown, :] = np.nan
    variance[:, unknown] = np.nan
    return replace(fit, variance=variance, std_err=np.sqrt(np.diag(variance)))
