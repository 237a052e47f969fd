"""Sum of likelihoods that are kept as logarithms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def log_sum(logs: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return log(sum(exp(logs))) along an axis; each slice needs one finite value.

    One exponential per value: several times as fast as `numpy.logaddexp.reduce` and `scipy.special.logsumexp`.

    Examples
    --------
    >>> log_sum(np.log([[1.0, 3.0], [0.0, 2.0]], where=[[1, 1], [0, 1]], out=np.full((2, 2), -np.inf)), 1).round(3)
    array([1.386, 0.693])
    """
    most = logs.max(axis=axis, keepdims=True)
    return np.asarray(np.squeeze(most, axis) + np.log(np.exp(logs - most).sum(axis=axis)))
