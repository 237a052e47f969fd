"""Robust variance of a Cox model in small samples: what the fit has absorbed of each patient's score is given back."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats.cox import CoxFit

Floats = NDArray[np.float64]

#: Largest leverage that is corrected in full (Fay & Graubard 2001).
MOST_LEVERAGE = 0.75


def small_sample_variance(fit: CoxFit, cluster: ArrayLike | None = None) -> Floats:
    """Return the sandwich variance with each cluster's score enlarged by its leverage, shape (p, p) [1]_.

    Parameters
    ----------
    fit : an unpenalised fit; rows without weights
    cluster : shape (n,), labels (patients); None: every row is one

    Notes
    -----
    V sum_i d_i U_i U_i' d_i V with V the inverse information, U_i the sum of the score residuals of cluster i and
    d_i = (1 - min(.75, diag(H_i)))^-1/2. The leverage H_i = Omega_i V has the cluster's share in the information,
    Omega_i = sum over its rows and the event times j they are at risk at of exp(x b) dLambda_j (x - xbar_j)(x -
    xbar_j)'. The plain sandwich is too small because the fitted coefficients have followed every patient's score; by
    how much grows with the leverage, which is large where a cell of the design holds few patients. NaN for a
    coefficient without error.

    References
    ----------
    .. [1] Lin, Wei. J Am Stat Assoc 1989;84:1074; Fay, Graubard. Biometrics 2001;57:1198; compared for marginal Cox
    models
       by Wang, Turner, Li. Biom J 2023;65:2200113.
    """
    n, p = fit.x.shape
    labels = np.arange(n) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    size = int(labels.max()) + 1
    bread = np.nan_to_num(fit._naive)
    score, share = np.zeros((size, p)), np.zeros((size, p))
    np.add.at(score, labels, fit.score_residuals())
    np.add.at(share, labels, _leverage(fit, bread))
    moved = (score / np.sqrt(1.0 - np.minimum(MOST_LEVERAGE, share))) @ bread
    variance: Floats = moved.T @ moved
    unknown = np.isnan(np.diag(fit._naive))
    variance[unknown, :] = np.nan
    variance[:, unknown] = np.nan
    return variance


def _leverage(fit: CoxFit, bread: Floats) -> Floats:
    """Diagonal of Omega V per row, shape (n, p)."""
    strata, times, _, hazard, drift, _, _, eta = fit._steps
    data = fit.data
    n, p = fit.x.shape
    out = np.zeros((n, p))
    for s in range(data.bounds.size - 1):
        rows = data.by_exit[data.bounds[s] : data.bounds[s + 1]]
        mine = np.flatnonzero(strata == s)[::-1]  # event times ascending
        step = hazard[0][mine]
        mean = drift[mine, :p] / step[:, None]
        turned = mean @ bread
        # sum_j h_j (x - m_j)_a ((x - m_j) V)_a, opened: cumulated once, read off at entry and exit
        sums = [step[:, None], step[:, None] * mean, step[:, None] * turned, step[:, None] * mean * turned]
        total = np.concatenate([np.zeros((1, 1 + 3 * p)), np.cumsum(np.concatenate(sums, axis=1), axis=0)])
        until = np.searchsorted(times[mine], data.time[rows], side="right")
        since = np.searchsorted(times[mine], data.entry[rows], side="right")
        gone = total[until] - total[since]
        h, hm, ht, hmt = gone[:, :1], gone[:, 1 : p + 1], gone[:, p + 1 : 2 * p + 1], gone[:, 2 * p + 1 :]
        x = fit.x[rows]
        y = x @ bread
        out[rows] = np.exp(eta[rows])[:, None] * (x * y * h - x * ht - y * hm + hmt)
    return out
