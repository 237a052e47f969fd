"""How much tumour DNA varies between samples of an unchanged tumour, by the courses of all patients together.

A level that goes up and back is variation, one that stays where it went is a change. How often levels change is
learned along: in patients who all fall and rise again, changes are the rule.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.evolution.course import allele_levels, log_likelihood, transition

Floats = NDArray[np.float64]

#: Coefficients of variation, and chances of a change between two samples, that are weighed.
VARIATIONS, CHANGES = np.array([0.15, 0.2, 0.25, 0.32, 0.4, 0.5, 0.65]), (0.1, 0.3, 0.5, 0.7, 0.9)
#: Standard deviation (log) of the variation around the one that is assumed. A choice.
AROUND = 0.35


def variation_of_courses(courses: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike]], assumed: float) -> float:
    """Return the coefficient of variation, posterior mean of the log.

    Parameters
    ----------
    courses : per patient variant reads, reads over them and expected errors of each sample, as of `course.course`
    assumed : the variation that is likely beforehand

    Notes
    -----
    The evidence of each course by the hidden levels of `course`, for each of `VARIATIONS` and `CHANGES`.

    Examples
    --------
    Twelve patients whose constant levels vary by a coefficient of .5:

    >>> from oncourse.stats.rng import generator
    >>> random = generator(1, "variation")
    >>> reads = random.poisson(500 * random.gamma(4, 0.25, (12, 6)))
    >>> round(variation_of_courses([(x, [1e5] * 6, [1.0] * 6) for x in reads], 0.25), 1)
    0.5
    """
    total = np.zeros((len(VARIATIONS), len(CHANGES)))
    for one in courses:
        total += _evidence(*(np.asarray(v, float) for v in one))
    of_variation = np.logaddexp.reduce(total, axis=1) - 0.5 * (np.log(VARIATIONS / assumed) / AROUND) ** 2
    weight = np.exp(of_variation - of_variation.max())
    return float(np.exp((weight / weight.sum()) @ np.log(VARIATIONS)))


def _evidence(x: Floats, n: Floats, b: Floats) -> Floats:
    """Return the log evidence of one course, shape (variations, changes), up to a constant."""
    levels = allele_levels(x, n, b)
    steps = [transition(levels, change) for change in CHANGES]
    out = np.zeros((len(VARIATIONS), len(steps)))
    for i, cv in enumerate(VARIATIONS):
        log = log_likelihood(x, n, b, levels, float(cv))
        top = log.max(axis=1)
        like = np.exp(log - top[:, None])
        for j, step in enumerate(steps):
            mass, total = like[0] / len(levels), float(top.sum())
            for now in like[1:]:
                total += float(np.log(mass.sum()))
                mass = (step.T @ (mass / mass.sum())) * now
            out[i, j] = total + float(np.log(mass.sum()))
    return out
