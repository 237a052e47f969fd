"""A share counted in units of few patients who differ from each other: interval from a beta-binomial model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_MEANS = 200
#: Fewest patients, and P of the rank correlation, at which a share is taken to go with the number of units.
FROM_PATIENTS, GOES_WITH = 8, 0.3
#: From so many patients on the limits are those of the ratio alone.
MANY_PATIENTS = 1000
#: Concentrations a + b of the beta distribution of the patients' shares: from nearly 0/1 patients to nearly equal ones.
_CONCENTRATIONS = np.exp(np.linspace(np.log(0.03), np.log(300), 40))


@dataclass(frozen=True)
class ClusteredShare:
    """A pooled share with the posterior of the mean share of patients.

    ``value`` is found / total over all units; ``low``, ``high`` the equal-tailed limits, widened to hold the value and,
    where the share goes with the number of units, those of the ratio; NaN without units.
    """

    value: float
    low: float
    high: float
    _mean: Floats
    _cumulated: Floats
    _cautious: Floats

    def p_below(self, limit: float) -> float:
        """Return the probability that the mean share lies at or below `limit`, for a one-sided test.

        Under a prior that leans to small shares (the lower limit of Clopper and Pearson, where each patient is all or
        nothing): said too often it would declare non-inferiority where there is none.
        """
        if np.isnan(self.value):
            return float("nan")
        return float(np.interp(limit, self._mean, self._cautious, left=0.0, right=1.0))

    def lower_bound(self, alpha: float = 0.025) -> float:
        """Return the limit above which `p_below` says the mean share lies; NaN without units."""
        return float("nan") if np.isnan(self.value) else float(np.interp(alpha, self._cautious, self._mean))

    def quantile(self, p: float) -> float:
        """Return the value below which the mean share lies with probability `p`."""
        return float(np.interp(p, self._cumulated, self._mean))


@cache
def _grid() -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Means, a, b, log B(a, b) and the prior weight of each (mean, concentration)."""
    from scipy.special import betaln

    # the angular scale is even under Jeffreys' prior and reaches close to 0 and 1
    mean = np.sin((np.arange(_MEANS) + 0.5) / _MEANS * np.pi / 2) ** 2
    a, b = mean[:, None] * _CONCENTRATIONS, (1 - mean[:, None]) * _CONCENTRATIONS
    # correlation within patients 1 / (1 + a + b) even over 0-1, on the log grid of concentrations
    weight = _CONCENTRATIONS / (1 + _CONCENTRATIONS) ** 2
    return mean, a, b, betaln(a, b), np.broadcast_to(weight, a.shape)


@lru_cache(maxsize=256)
def _log_gamma(count: float, side: int) -> Floats:
    """log gamma of a count and a (side 0) or b (side 1) on the grid; 64 kB each."""
    from scipy.special import gammaln

    return np.asarray(gammaln(count + _grid()[1 + side]))


def clustered_share(found: ArrayLike, total: ArrayLike, level: float = 0.95) -> ClusteredShare:
    """Return the share of units found, from counts per patient whose own shares may differ.

    Parameters
    ----------
    found, total : shape (n_patient,), units found and units of each patient; patients without units do not count

    Notes
    -----
    Each patient's share is drawn from a beta distribution; Jeffreys' prior on its mean, a uniform prior on the
    correlation within patients. At 6 patients these limits cover 93-100 % where patients drawn again (the bootstrap)
    cover 61-89 % (means .6-.95, concentrations 2, 10 and infinite; ``benchmarks/bench_few_patients.py``). One patient
    says nothing of how patients differ: the limits are then nearly as wide as the prior.

    Where patients with many units have other shares than those with few, the share over all units is not the mean of
    the patients' shares. From `FROM_PATIENTS` on, and where the rank correlation of the two has P < `GOES_WITH`, the
    limits are widened to those of the ratio: jackknifed (each patient left out once), Student's t on the logit scale.

    Examples
    --------
    >>> found = clustered_share([8, 9, 10, 2], [10, 10, 10, 10])
    >>> round(found.value, 3), round(found.low, 2), round(found.high, 2)
    (0.725, 0.37, 0.91)
    """
    from scipy.special import gammaln

    x, n = np.asarray(found, float), np.asarray(total, float)
    if np.any(x < 0) or np.any(x > n):
        raise ValueError("found must lie between 0 and total")
    x, n = x[n > 0], n[n > 0]
    x, n = (part[np.lexsort((n, x))] for part in (x, n))  # by what they hold: the names of patients move no limit
    mean, _, _, log_beta, prior = _grid()
    if len(n) == 0:
        none = np.full(len(mean), np.nan)
        return ClusteredShare(np.nan, np.nan, np.nan, mean, none, none)
    log = -len(n) * log_beta
    # log B(x + a, n - x + b) in its three parts: patients share many counts, and a + b is the concentration alone
    for counts, side in ((x, 0), (n - x, 1)):
        for count, times in zip(*np.unique(counts, return_counts=True), strict=True):
            log += times * _log_gamma(float(count), side)
    count, times = np.unique(n, return_counts=True)
    log -= times @ gammaln(count[:, None] + _CONCENTRATIONS)
    mass = (np.exp(log - log.max()) * prior).sum(axis=1)
    edges = np.concatenate([[0.0], mean, [1.0]])
    steps, cautious = _cumulated(mass), _cumulated(mass * np.sqrt((1 - mean) / mean))
    value = float(x.sum() / n.sum())
    low, high = (float(np.interp(p, steps, edges)) for p in (0.5 - level / 2, 0.5 + level / 2))
    if len(n) >= MANY_PATIENTS and 0 < value < 1:  # the grid of means is coarser than the limits are apart
        return ClusteredShare(value, *_ratio_limits(x, n, level), edges, steps, cautious)
    wider = _ratio_limits(x, n, level) if _goes_with_number(x, n) else (value, value)
    return ClusteredShare(value, min(low, value, wider[0]), max(high, value, wider[1]), edges, steps, cautious)


def _goes_with_number(x: Floats, n: Floats) -> bool:
    """Whether patients with many units seem to have other shares than those with few (Spearman)."""
    from scipy.special import stdtr

    share = x / n
    if len(n) < FROM_PATIENTS or (n == n[0]).all() or (share == share[0]).all():
        return False
    rho = min(1.0, abs(float(np.corrcoef(_ranks(n), _ranks(share))[0, 1])))
    if rho == 1.0:
        return True
    return bool(2 * stdtr(len(n) - 2, -rho * np.sqrt((len(n) - 2) / (1 - rho**2))) < GOES_WITH)


def _ranks(values: Floats) -> Floats:
    """Return ranks from 1 on, ties with their mean.

    >>> _ranks(np.array([0.3, 0.1, 0.3, 0.9])).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks


def _ratio_limits(x: Floats, n: Floats, level: float) -> tuple[float, float]:
    """Limits of sum(x) / sum(n) as a ratio of two sums over patients: their logit and its jackknife error."""
    from scipy.special import expit, logit, stdtrit

    m, total = len(n), n.sum()
    value = x.sum() / total
    left_out = (x - value * n) / (1 - n / total)
    error = np.sqrt((m - 1) / m * (left_out**2).sum()) / total / (value * (1 - value))
    half = stdtrit(m - 1, 0.5 + level / 2) * error
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))


def _cumulated(mass: Floats) -> Floats:
    return np.concatenate([[0.0], (np.cumsum(mass) - mass / 2) / mass.sum(), [1.0]])


class PairedShareTest(NamedTuple):
    """Difference of two shares of the same units, its lower 97.5 % limit, and P of H0: difference <= -margin."""

    difference: float
    lower: float
    p_value: float


def paired_share_test(found: ArrayLike, reference: ArrayLike, total: ArrayLike, margin: float) -> PairedShareTest:
    """Test whether one search finds at most `margin` fewer of the units than another, patients as clusters.

    Parameters
    ----------
    found, reference, total : shape (n_patient,), units found by the one, by the other, and of each patient

    Notes
    -----
    Ratio of sums with its jackknife variance over patients and Student's t on patients - 1 degrees (Cochran, Sampling
    techniques, 3rd ed., 6.17). The variance is at least what one discordant unit more than seen would make: with few
    patients who all agree it would be 0.

    Examples
    --------
    >>> paired_share_test([9, 8, 10, 7, 9, 10] * 3, [9, 9, 10, 8, 9, 10] * 3, [10] * 18, 0.1).p_value < 0.025
    True
    >>> paired_share_test([5] * 3, [5] * 3, [5] * 3, 0.1).p_value < 0.025
    False
    """
    from scipy.special import stdtr, stdtrit

    x, y, n = (np.asarray(v, float) for v in (found, reference, total))
    x, y, n = x[n > 0], y[n > 0], n[n > 0]
    k, units = len(n), n.sum()
    if k < 2:
        return PairedShareTest(np.nan, np.nan, np.nan)
    difference = float((x - y).sum() / units)
    residual = ((x - y) - difference * n) / (1 - n / units)  # jackknife: a large patient pulls the difference to itself
    between = (k - 1) / k * float((residual**2).sum()) / units**2
    # units of a patient hang together: one more discordant patient's mean share of units
    least = (float(np.abs(x - y).sum()) + units / k) / units**2
    error = float(np.sqrt(max(between, least)))
    df = float(k - 1)
    return PairedShareTest(
        difference, difference - float(stdtrit(df, 0.975)) * error, float(stdtr(df, -(difference + margin) / error))
    )
