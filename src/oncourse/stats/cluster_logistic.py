"""Logistic regression of rows that come in clusters (variants of a patient), with standard errors that know it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
#: A slope beyond this many log-odds per standard deviation is a fit that has run away: the outcome is separated.
RUNAWAY = 12.0


@dataclass(frozen=True)
class LogisticFit:
    """Coefficients (intercept first), their cluster-robust covariance (n_x + 1, n_x + 1), and G - n_x - 1.

    ``value`` is NaN where the fit has no finite maximum (separation, or columns that say the same);
    ``covariance`` is NaN besides where one cluster alone decides a coefficient.
    """

    value: Floats
    covariance: Floats
    df: int

    def ratio(self, column: int) -> tuple[float, float, float, float]:
        """Return odds ratio, 95 % limits and two-sided p of one column of x (t with ``df``); NaN = not estimable."""
        from scipy.stats import t

        b, variance = self.value[column + 1], self.covariance[column + 1, column + 1]
        if not (np.isfinite(b) and np.isfinite(variance) and variance > 0 and self.df > 0):
            return (float("nan"),) * 4
        se = float(np.sqrt(variance))
        reach = float(t.ppf(0.975, self.df)) * se
        with np.errstate(over="ignore"):
            low, middle, high = (float(np.exp(v)) for v in (b - reach, b, b + reach))
        return middle, low, high, float(2 * t.sf(abs(b) / se, self.df))


def cluster_logistic(x: ArrayLike, y: ArrayLike, cluster: ArrayLike, weight: ArrayLike | None = None) -> LogisticFit:
    """Fit logit P(y = 1) = intercept + x b by maximum likelihood; covariance by clusters, corrected for few [1]_.

    With score U_g and information M_g of cluster g and A their sum, the covariance is
    ``A^-1 (sum_g V_g V_g') A^-1``, where ``V_g = (I - M_g A^-1)^-1 U_g`` undoes what the cluster's own pull on the fit
    has taken from its residuals: (I - H_gg)^-1 of Mancl & DeRouen, carried from rows to columns.

    Parameters
    ----------
    x : shape (n, n_x) or (n,), finite
    y : shape (n,), 0 or 1
    cluster : shape (n,), label of the cluster
    weight : shape (n,), weight of each row in the likelihood; 1 where not given

    References
    ----------
    .. [1] Liang, Zeger. Biometrika 1986;73:13 (working independence); Mancl, DeRouen. Biometrics 2001;57:126.
    """
    y = np.asarray(y, dtype=np.float64)
    raw = np.asarray(x, dtype=np.float64).reshape(len(y), -1)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    label, group = np.unique(np.asarray(cluster), return_inverse=True)
    n_x, n_group = raw.shape[1], len(label)
    size = n_x + 1
    failed = LogisticFit(np.full(size, np.nan), np.full((size, size), np.nan), n_group - size)
    if not len(y) or y.min() == y.max():
        return failed
    centre, sd = raw.mean(axis=0), raw.std(axis=0)
    if n_x and sd.min() <= 0:
        return failed
    z = np.column_stack([np.ones(len(y)), (raw - centre) / sd])
    beta = _newton(z, y, w)
    if beta is None:
        return failed
    p = _expit(z @ beta)
    residual, spread = w * (y - p), w * p * (1 - p)
    score = np.zeros((n_group, size))
    information = np.zeros((n_group, size, size))
    for i in range(size):
        score[:, i] = np.bincount(group, z[:, i] * residual, n_group)
        for j in range(i + 1):
            information[:, i, j] = np.bincount(group, z[:, i] * z[:, j] * spread, n_group)
            information[:, j, i] = information[:, i, j]
    # back to the scale of x: z = (1, x) T
    back = np.eye(size)
    back[0, 1:] = -centre / sd
    back[1:, 1:] = np.diag(1 / sd)
    value = back @ beta
    inverse = np.linalg.inv(information.sum(axis=0))
    left = np.eye(size) - information @ inverse
    # an eigenvalue of 0: without this cluster the coefficients could not be estimated
    if n_group <= size or np.abs(np.linalg.eigvals(left)).min() < 1e-6:
        return LogisticFit(value, failed.covariance, failed.df)
    influence = np.linalg.solve(left, score[:, :, None])[:, :, 0] @ inverse @ back.T
    return LogisticFit(value, influence.T @ influence, failed.df)


def _newton(z: Floats, y: Floats, w: Floats) -> Floats | None:
    """Return the maximum, or None where there is none: Newton's steps, halved until they gain.

    Without that they went to and fro where one column explains a rare outcome well (12 of 20 against 2 of 180).
    """

    def log_likelihood(b: Floats) -> float:
        eta = z @ b
        return float(w @ (y * eta - np.logaddexp(0.0, eta)))

    beta = np.zeros(z.shape[1])
    share = float(np.average(y, weights=w))
    beta[0] = np.log(share / (1 - share))
    for _ in range(60):
        p = _expit(z @ beta)
        hessian = (z * (w * p * (1 - p))[:, None]).T @ z
        if np.linalg.cond(hessian) > 1e10:
            return None
        step = np.linalg.solve(hessian, z.T @ (w * (y - p)))
        least = log_likelihood(beta) - 1e-12 * float(w.sum())
        size = next((s for s in 0.5 ** np.arange(20) if log_likelihood(beta + s * step) >= least), 0.0)
        beta = beta + size * step
        if np.abs(beta[1:]).max(initial=0.0) > RUNAWAY:
            return None
        if np.abs(step).max() < 1e-10:
            return np.asarray(beta, dtype=np.float64)
    return None


def _expit(u: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(u, -50, 50))), dtype=np.float64)
