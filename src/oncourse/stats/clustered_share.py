"""A share counted in units of few patients who differ from each other: interval from a beta-binomial model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats.proportions import clopper_pearson

Floats = NDArray[np.float64]

_MEANS = 200
#: Fewest patients, and P of the rank correlation, at which a share is taken to go with the number of units.
FROM_PATIENTS, GOES_WITH = 8, 0.3
#: From so many patients on the limits hold whatever the law of the patients' shares (`_over_patients`). A beta is wrong
#: where a few patients shed hardly anything: its mean is off, and at 40 / 100 / 300 patients covered 83 / 82 / 70 %.
ANY_LAW_FROM = 20
#: From so many patients on the limits are those of the ratio alone.
MANY_PATIENTS = 1000
#: Concentrations a + b of the beta distribution of the patients' shares: from nearly 0/1 patients to nearly equal ones.
_CONCENTRATIONS = np.exp(np.linspace(np.log(0.03), np.log(300), 40))


class OverPatients(NamedTuple):
    """Mean of patients' values, each weighted by what it tells; its jackknife error, and the skewness of that sum."""

    mean: float
    error: float
    skew: float
    df: float

    def share_limits(self, level: float) -> tuple[float, float]:
        """Return the limits of a mean share: Student's t on the logit scale."""
        from scipy.special import expit, logit, stdtrit

        half = float(stdtrit(self.df, 0.5 + level / 2)) * self.error / (self.mean * (1 - self.mean))
        return float(expit(logit(self.mean) - half)), float(expit(logit(self.mean) + half))

    def p_of_share(self, limit: float) -> float:
        """Return P of H0: the mean share is at most `limit`."""
        from scipy.special import logit, stdtr

        away = float(logit(self.mean) - logit(limit)) * self.mean * (1 - self.mean)
        return float(stdtr(self.df, -away / self.error))


#: How limits of a share are found: from a model of patients, from one unit per patient, from many patients left out in turn.
CLUSTERED, EXACT, JACKKNIFED = "beta-binomial over patients", "Clopper-Pearson", "jackknife over patients"


@dataclass(frozen=True)
class ClusteredShare:
    """A pooled share with the posterior of the mean share of patients.

    ``value`` is found / total over all units; ``low``, ``high`` the equal-tailed limits, widened to hold the value,
    from `ANY_LAW_FROM` patients on those of the patients' weighted mean and, where the share goes with the number of
    units, those of the ratio; NaN without units. ``method``: how they were found (`CLUSTERED`, `EXACT`, `JACKKNIFED`).
    """

    value: float
    low: float
    high: float
    _mean: Floats
    _cumulated: Floats
    _cautious: Floats
    _any_law: OverPatients | None = None
    method: str = CLUSTERED

    def p_below(self, limit: float) -> float:
        """Return the probability that the mean share lies at or below `limit`, for a one-sided test.

        Under a prior that leans to small shares (the lower limit of Clopper and Pearson, where each patient is all or
        nothing): said too often it would declare non-inferiority where there is none. From `ANY_LAW_FROM` patients on
        at least the P of the patients' weighted mean.
        """
        if np.isnan(self.value):
            return float("nan")
        p = float(np.interp(limit, self._mean, self._cautious, left=0.0, right=1.0))
        return p if self._any_law is None or not 0 < limit < 1 else max(p, self._any_law.p_of_share(limit))

    def lower_bound(self, alpha: float = 0.025) -> float:
        """Return the limit above which `p_below` says the mean share lies; NaN without units."""
        if np.isnan(self.value):
            return float("nan")
        low = float(np.interp(alpha, self._cautious, self._mean))
        return low if self._any_law is None else min(low, self._any_law.share_limits(1 - 2 * alpha)[0])

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
    says nothing of how patients differ: the limits are then nearly as wide as the prior. Where every patient has one
    unit the share is one of patients, and its limits are those of Clopper and Pearson.

    Where patients with many units have other shares than those with few, the share over all units is not the mean of
    the patients' shares. From `FROM_PATIENTS` on, and where the rank correlation of the two has P < `GOES_WITH`, the
    limits are widened to those of the ratio: jackknifed (each patient left out once), Student's t on the logit scale.

    Where one patient in six sheds hardly anything (share .2, the others .86; 55 units each) the limits cover 92-96 %
    from 20 patients on; with fewer nobody knows whether there are such patients, and they cover 77-82 %.

    Examples
    --------
    >>> found = clustered_share([8, 9, 10, 2], [10, 10, 10, 10])
    >>> round(found.value, 3), round(found.low, 2), round(found.high, 2)
    (0.725, 0.37, 0.91)
    >>> found = clustered_share([0] * 19, [1] * 19)
    >>> round(found.low, 2), round(found.high, 3)
    (0.0, 0.176)
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
    if len(n) > 1 and (n == 1).all():
        low, high = (float(limit) for limit in clopper_pearson(x.sum(), n.sum(), level))
        return ClusteredShare(value, low, high, edges, steps, cautious, method=EXACT)
    low, high = (float(np.interp(p, steps, edges)) for p in (0.5 - level / 2, 0.5 + level / 2))
    if len(n) >= MANY_PATIENTS and 0 < value < 1:  # the grid of means is coarser than the limits are apart
        return ClusteredShare(value, *_ratio_limits(x, n, level), edges, steps, cautious, method=JACKKNIFED)
    differ = len(n) >= ANY_LAW_FROM and bool(np.ptp(x / n) > 0)
    any_law = _over_patients(x / n, n, value * (1 - value)) if differ else None
    wider = [(low, high), (value, value)]
    if any_law is not None:
        wider.append(any_law.share_limits(level))
    if _goes_with_number(x, n):
        wider.append(_ratio_limits(x, n, level))
    lows, highs = zip(*wider, strict=True)
    return ClusteredShare(value, min(lows), max(highs), edges, steps, cautious, any_law)


def _over_patients(values: Floats, n: Floats, of_unit: float) -> OverPatients:
    """Return the mean of patients' values, weighted by 1 / (variance between patients + `of_unit` / n).

    Shape (k,) both; ``of_unit``: variance of a unit within a patient. The variance between them is that of DerSimonian
    and Laird (Control Clin Trials 1986;7:177), the error jackknifed: it holds whatever the patients' law.
    """
    k = len(values)
    weight = n / of_unit
    mean = weight @ values / weight.sum()
    excess = weight @ (values - mean) ** 2 - (k - 1)
    between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    share = 1 / (between + of_unit / n)
    share /= share.sum()
    mean = float(share @ values)
    without = share * (values - mean) / (1 - share)
    square = float((without**2).sum())
    skew = float((without**3).sum()) / square**1.5 if square > 0 else 0.0
    return OverPatients(mean, float(np.sqrt((k - 1) / k * square)), skew, k - 1.0)


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
    Two means must show it. The ratio of sums, with its jackknife variance over patients and Student's t on
    patients - 1 degrees (Cochran, Sampling techniques, 3rd ed., 6.17), rests on few patients where some have far more
    units than others: alone it said up to 8 % at the margin. The mean of the patients' differences, weighted by what each
    tells (`_over_patients`), is corrected for few patients with large losses (Hall. J R Stat Soc B 1992;54:221).
    Together 0-4 % of studies of 6-40 patients are said at the margin, 2 % on average. Either variance is at least what
    one discordant unit more than seen would make: with few patients who all agree it would be 0.

    Examples
    --------
    >>> paired_share_test([9, 8, 10, 7, 9, 10] * 3, [9, 9, 10, 8, 9, 10] * 3, [10] * 18, 0.1).p_value < 0.025
    True
    >>> paired_share_test([5] * 3, [5] * 3, [5] * 3, 0.1).p_value < 0.025
    False
    """
    x, y, n = (np.asarray(v, float) for v in (found, reference, total))
    x, y, n = x[n > 0], y[n > 0], n[n > 0]
    k, units = len(n), n.sum()
    if k < 2:
        return PairedShareTest(np.nan, np.nan, np.nan)
    difference = float((x - y).sum() / units)
    residual = ((x - y) - difference * n) / (1 - n / units)  # jackknife: a large patient pulls the difference to itself
    over_units = float(np.sqrt((k - 1) / k * (residual**2).sum())) / units
    # units of a patient hang together: one more discordant patient's mean share of units
    least = float(np.sqrt(np.abs(x - y).sum() + units / k)) / units
    shares = (np.array([x.sum(), y.sum()]) + 0.5) / (units + 1)  # a search that found all still varies
    patients = _over_patients((x - y) / n, n, float((shares * (1 - shares)).sum()))
    limits = [
        _lower_limit(mean, max(error, least), skew, k - 1.0, margin)
        for mean, error, skew in ((difference, over_units, 0.0), (patients.mean, patients.error, patients.skew))
    ]
    return PairedShareTest(difference, min(low for low, _ in limits), max(p for _, p in limits))


def _lower_limit(mean: float, error: float, skew: float, df: float, margin: float) -> tuple[float, float]:
    """Return the lower 97.5 % limit of a mean and P of H0: mean <= -`margin`; skewness towards losses taken off.

    Hall's cubic of the statistic t, ((1 + skew t / 3)^3 - 1) / skew + skew / 6, and its inverse.
    """
    from scipy.special import stdtr, stdtrit

    t, asked = (mean + margin) / error, float(stdtrit(df, 0.975))
    if skew < 0:
        t = min(t, ((1 + skew * t / 3) ** 3 - 1) / skew + skew / 6)
        asked = max(asked, 3 / skew * (float(np.cbrt(1 + skew * (asked - skew / 6))) - 1))
    return mean - asked * error, float(stdtr(df, -t))
