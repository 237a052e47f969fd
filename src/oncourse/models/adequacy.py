"""Is the sample large enough for a prediction model (Riley et al. 2019, Stat Med 38:1276; 2020, BMJ 368:m441)?"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: A first guess when nothing better is known: 15 % of the largest possible R2 (Riley et al. 2019, section 4.4).
DEFAULT_NAGELKERKE = 0.15
TARGET_SHRINKAGE = 0.9
MAX_OPTIMISM = 0.05


@dataclass(frozen=True)
class SampleSize:
    """What Riley's criteria ask for.

    Attributes
    ----------
    n : patients needed: the larger of the criteria
    n_shrinkage : for an expected shrinkage of 0.9 (criterion 1)
    n_optimism : for an optimism in Nagelkerke's R2 of at most 0.05 (criterion 2)
    max_r2 : largest possible Cox-Snell R2
    events_per_parameter : at n
    """

    n: int
    n_shrinkage: int
    n_optimism: int
    max_r2: float
    events_per_parameter: float


def max_cox_snell(event_rate: float, mean_follow_up: float) -> float:
    """Return the largest Cox-Snell R2 of a survival model: events per unit of time and mean time at risk."""
    per_patient = event_rate * mean_follow_up
    if not per_patient > 0:
        return float("nan")
    # Poisson null log likelihood per patient: d log(d) - d, d = events per patient
    return 1.0 - math.exp(2.0 * (per_patient * math.log(per_patient) - per_patient))


def sample_size(
    *,
    parameters: int,
    r2: float,
    event_rate: float,
    mean_follow_up: float,
    shrinkage: float = TARGET_SHRINKAGE,
) -> SampleSize:
    """Return the sample size for a survival model with `parameters` candidate predictor parameters.

    `r2` is the anticipated Cox-Snell R2. Equals the first two criteria of pmsampsize(type = "s").
    """
    # pmsampsize rounds the null events of 10,000 patients up; followed so that its numbers are met.
    null_events = math.ceil(10_000 * mean_follow_up * event_rate - 1e-9)
    top = 1.0 - math.exp(2.0 * (null_events * math.log(null_events / 10_000) - null_events) / 10_000)
    first = math.ceil(parameters / ((shrinkage - 1.0) * math.log(1.0 - r2 / shrinkage)))
    factor = r2 / (r2 + MAX_OPTIMISM * top)
    second = math.ceil(parameters / ((factor - 1.0) * math.log(1.0 - r2 / factor)))
    n = max(first, second)
    return SampleSize(n, first, second, top, n * mean_follow_up * event_rate / parameters)


def supported_parameters(n: int, r2: float, *, shrinkage: float = TARGET_SHRINKAGE) -> int:
    """Return how many parameters n patients support at the target shrinkage, given the Cox-Snell R2."""
    if not 0 < r2 < shrinkage:
        return 0
    return max(0, math.floor(n * (shrinkage - 1.0) * math.log(1.0 - r2 / shrinkage)))


def expected_shrinkage(n: int, parameters: int, apparent_r2: float) -> float:
    """Return the shrinkage to expect of an unpenalised model with this apparent Cox-Snell R2, at least 0.

    1 + p / (n log(1 - R2)), van Houwelingen & le Cessie 1990 (Riley et al. 2019, eq. 6).
    """
    if not 0 < apparent_r2 < 1:
        return 0.0
    return max(0.0, 1.0 + parameters / (n * math.log(1.0 - apparent_r2)))
