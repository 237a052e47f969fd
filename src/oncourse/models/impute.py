"""Imputation of missing covariates from a multivariate normal fitted to the training patients alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Shrinkage of the covariance towards its diagonal, in patients; keeps it invertible in small samples.
PRIOR_PATIENTS = 5.0
MAX_ITER = 100


@dataclass(frozen=True)
class Imputer:
    """Mean (p,) and covariance (p, p) of the covariates, the outcome's columns last where it had any."""

    mean: np.ndarray
    covariance: np.ndarray

    def fill(self, x: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return x (n, q), q <= p first columns, with every NaN replaced.

        By its conditional mean given the values the patient has, or, with `rng`, by a draw around it. Columns
        of the fit beyond q (the outcome) are left out of the condition: a new patient has none.
        """
        x = np.array(x, dtype=np.float64)
        q = x.shape[1]
        mean, covariance = self.mean[:q], self.covariance[:q, :q]
        missing = np.isnan(x)
        for pattern in np.unique(missing[missing.any(axis=1)], axis=0):
            rows = np.flatnonzero((missing == pattern).all(axis=1))
            seen = ~pattern
            slope = _slope(covariance, pattern, seen)
            value = mean[pattern] + (x[np.ix_(rows, seen)] - mean[seen]) @ slope.T
            if rng is not None:
                rest = covariance[np.ix_(pattern, pattern)] - slope @ covariance[np.ix_(seen, pattern)]
                root = np.linalg.eigh((rest + rest.T) / 2)
                spread = root[1] * np.sqrt(np.maximum(root[0], 0.0))
                value = value + rng.standard_normal(value.shape) @ spread.T
            x[np.ix_(rows, np.flatnonzero(pattern))] = value
        return x


def fit_imputer(x: np.ndarray) -> Imputer:
    """Fit mean and covariance to rows with NaN by the EM algorithm (Little & Rubin 2020, section 8.2).

    Give the covariates first and, for training patients, the event and the cumulative hazard last: an imputation
    that leaves the outcome out biases the effects towards none (White & Royston 2009). A column without any value
    gets mean 0 and variance 0. The covariance is shrunk by `PRIOR_PATIENTS` towards its diagonal.
    """
    x = np.asarray(x, dtype=np.float64)
    n, p = x.shape
    missing = np.isnan(x)
    count = (~missing).sum(axis=0)
    filled = np.where(missing, 0.0, x)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    variance = (np.where(missing, 0.0, x - mean) ** 2).sum(axis=0) / np.maximum(count, 1)
    covariance = np.diag(variance)
    patterns, which = np.unique(missing, axis=0, return_inverse=True)
    which = which.reshape(-1)
    for _ in range(MAX_ITER if missing.any() else 1):
        extra = np.zeros((p, p))
        value = filled.copy()
        for k, pattern in enumerate(patterns):
            rows = np.flatnonzero(which == k)
            if not pattern.any():
                continue
            seen = ~pattern
            slope = _slope(covariance, pattern, seen)
            value[np.ix_(rows, np.flatnonzero(pattern))] = (
                mean[pattern] + (x[np.ix_(rows, seen)] - mean[seen]) @ slope.T
            )
            rest = covariance[np.ix_(pattern, pattern)] - slope @ covariance[np.ix_(seen, pattern)]
            at = np.flatnonzero(pattern)
            extra[np.ix_(at, at)] += len(rows) * rest
        new_mean = value.mean(axis=0)
        centred = value - new_mean
        raw = (centred.T @ centred + extra) / n
        new = (n * raw + PRIOR_PATIENTS * np.diag(np.diag(raw))) / (n + PRIOR_PATIENTS)
        scale = np.sqrt(np.maximum(np.diag(new), 1e-12))
        change = np.max(np.abs(new - covariance) / np.outer(scale, scale)) if p else 0.0
        mean, covariance = new_mean, new
        if change < 1e-5:
            break
    return Imputer(mean, covariance)


def _slope(covariance: np.ndarray, pattern: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return the regression of the missing on the seen columns, shape (missing, seen)."""
    inside = covariance[np.ix_(seen, seen)]
    scale = np.trace(inside) / max(len(inside), 1)
    ridge = 1e-9 * max(scale, 1e-12) * np.eye(len(inside))
    return np.linalg.solve(inside + ridge, covariance[np.ix_(seen, pattern)]).T
