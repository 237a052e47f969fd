"""The only source of random numbers."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one named use.

    The same (seed, name) gives the same numbers whatever else has run, so that an analysis gives the
    same answer alone and beside others.
    """
    return np.random.default_rng([seed, crc32(name.encode())])
