"""Names as numbers: what is counted and joined by numbers costs a fifth of what it costs by names."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


def numbers(names: pl.Series) -> NDArray[np.uint32]:
    """Return a number for each name (shape (n,), no null), the same for the same; not in the order of the names.

    >>> a, b, c = numbers(pl.Series(["KRAS", "TP53", "KRAS"]))
    >>> bool(a == c), bool(a == b)
    (True, False)
    """
    return names.cast(pl.Categorical).to_physical().cast(pl.UInt32).to_numpy()
