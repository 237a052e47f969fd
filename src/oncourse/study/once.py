"""What follows from a Study alone is derived once for it, whoever asks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import polars as pl

from oncourse.study.model import Study

T = TypeVar("T", bound=pl.DataFrame)


def once_per_study(function: Callable[[Study], T]) -> Callable[[Study], T]:
    """Return `function` with its table kept at the Study it was made of: a Study is frozen, and so is what follows.

    Each asker has a frame of its own over the same columns.
    """

    @functools.wraps(function)
    def kept(study: Study) -> T:
        if function not in study.derived:
            study.derived[function] = function(study)
        return study.derived[function].clone()  # type: ignore[return-value]

    return kept
