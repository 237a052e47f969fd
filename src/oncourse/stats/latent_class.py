"""Two tests and no truth: prevalence and sensitivities from stated priors, and how far dependence would move them.

A 2x2 table has three free cells, two tests and a prevalence five unknowns: without priors nothing is identified
(Pepe, Janes. Biostatistics 2007;8:474). The priors must come from elsewhere, here from the power of the assays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Parameters in the order of the draws.
PARAMETERS = ("prevalence", "sensitivity_a", "sensitivity_b", "specificity_a", "specificity_b")
#: Fewer effective draws than this describe no posterior: data and priors contradict each other.
MIN_EFFECTIVE = 50.0
#: Points of the prevalence.
N_PREVALENCE = 120


@dataclass(frozen=True)
class LatentClass:
    """Posterior mean and 95 % interval of each parameter; NaN where data and priors contradict each other."""

    mean: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    n_effective: float


def latent_class(
    counts: tuple[float, float, float, float],
    priors: Mapping[str, tuple[float, float]],
    *,
    dependences: Sequence[float] = (0.0,),
    n_draw: int = 2**12,
) -> tuple[LatentClass, ...]:
    """Estimate prevalence, sensitivity and specificity of two tests, once for each of `dependences`.

    Parameters
    ----------
    counts : positive by both, by a only, by b only, by neither
    priors : Beta parameters of the four test characteristics (`PARAMETERS`); prevalence is uniform unless given
    dependences : covariance of the two tests given the truth, as a share of its largest possible value, 0-1
        (Vacek. Biometrics 1985;41:959); 0 = conditionally independent
    n_draw : points of the low-discrepancy sequence (Sobol) over the priors, a power of two

    Examples
    --------
    Test a misses nothing, b misses a third: 40 of 100 have it, 27 are found by both.

    >>> sure = {"sensitivity_a": (990, 1), "specificity_a": (990, 1), "sensitivity_b": (20, 10), "specificity_b": (990,
    ... 1)}
    >>> (found,) = latent_class((27, 13, 0, 60), sure)
    >>> round(found.mean["prevalence"], 2), round(found.mean["sensitivity_b"], 2)
    (0.4, 0.67)
    """
    from scipy.stats import beta, qmc

    names = PARAMETERS[1:]
    unit = qmc.Sobol(len(names), scramble=True, rng=1).random(n_draw)
    value = {name: beta.ppf(unit[:, j], *priors.get(name, (1.0, 1.0))) for j, name in enumerate(names)}
    return tuple(_posterior(counts, value, priors.get("prevalence", (1.0, 1.0)), x) for x in dependences)


def _posterior(
    counts: tuple[float, float, float, float],
    value: Mapping[str, Floats],
    prevalence: tuple[float, float],
    dependence: float,
) -> LatentClass:
    """Weigh the draws of the priors, and a grid of prevalences for each, by the likelihood of the table."""
    from scipy.special import xlog1py, xlogy

    grid = (np.arange(N_PREVALENCE) + 0.5) / N_PREVALENCE
    se_a, se_b, sp_a, sp_b = (value[name][:, None] for name in PARAMETERS[1:])
    cells = _cells(grid, se_a, se_b, sp_a, sp_b, dependence)
    log_weight = xlogy(prevalence[0] - 1, grid) + xlog1py(prevalence[1] - 1, -grid)
    log_weight = log_weight + sum(n * np.log(np.maximum(p, 1e-300)) for n, p in zip(counts, cells, strict=True))
    weight = np.exp(log_weight - np.max(log_weight))
    weight /= weight.sum()
    by_draw = weight.sum(axis=1)
    effective = float(1 / (by_draw**2).sum())
    if effective < MIN_EFFECTIVE:
        nothing = dict.fromkeys(PARAMETERS, float("nan"))
        return LatentClass(nothing, nothing, nothing, effective)
    weighed = {"prevalence": (grid, weight.sum(axis=0)), **{name: (x, by_draw) for name, x in value.items()}}
    mean = {name: float(w @ x) for name, (x, w) in weighed.items()}
    limits = {name: _quantiles(x, w) for name, (x, w) in weighed.items()}
    return LatentClass(mean, {k: v[0] for k, v in limits.items()}, {k: v[1] for k, v in limits.items()}, effective)


def _cells(
    prevalence: Floats, se_a: Floats, se_b: Floats, sp_a: Floats, sp_b: Floats, dependence: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the chance of each cell of the 2x2 table."""
    joint = dependence * (np.minimum(se_a, se_b) - se_a * se_b)
    joint_absent = dependence * (np.minimum(sp_a, sp_b) - sp_a * sp_b)
    have, have_not = prevalence, 1 - prevalence
    return (
        have * (se_a * se_b + joint) + have_not * ((1 - sp_a) * (1 - sp_b) + joint_absent),
        have * (se_a * (1 - se_b) - joint) + have_not * ((1 - sp_a) * sp_b - joint_absent),
        have * ((1 - se_a) * se_b - joint) + have_not * (sp_a * (1 - sp_b) - joint_absent),
        have * ((1 - se_a) * (1 - se_b) + joint) + have_not * (sp_a * sp_b + joint_absent),
    )


def _quantiles(x: Floats, weight: Floats) -> tuple[float, float]:
    order = np.argsort(x)
    reached = np.cumsum(weight[order])
    low, high = x[order][np.minimum(np.searchsorted(reached, [0.025, 0.975]), len(x) - 1)]
    return float(low), float(high)
