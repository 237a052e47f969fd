"""Exact interval of a Poisson count."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def poisson_interval(count: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact interval of the mean behind each count [1]_.

    Parameters
    ----------
    count : shape (n,), whole numbers >= 0
    level : coverage, 0-1

    Returns
    -------
    low, high : shape (n,); low is 0 for a count of 0

    References
    ----------
    .. [1] Garwood F. Biometrika 1936;28:437. R: poisson.test(x)$conf.int

    Examples
    --------
    >>> low, high = poisson_interval([0, 10])
    >>> [round(float(x), 4) for x in (*low, *high)]
    [0.0, 4.7954, 3.6889, 18.3904]
    """
    from scipy.special import gammaincinv

    count = np.atleast_1d(np.asarray(count, float))
    tail = (1 - level) / 2
    low = np.where(count > 0, gammaincinv(np.where(count > 0, count, 1.0), tail), 0.0)
    return low, gammaincinv(count + 1, 1 - tail)
