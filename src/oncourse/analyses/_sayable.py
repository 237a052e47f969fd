"""The last look before an answer leaves: no share above 100 %, no number that is none, no sentence without words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from oncourse.errors import OncourseError

if TYPE_CHECKING:
    import polars as pl

    from oncourse.analyses._base import Estimate

#: Text that no reader should meet -> what is wrong with it.
_WRONG = (
    (re.compile(r"\b(?:nan|NaN)\b|(?<![\w-])inf\b|\bNone(?=[%)])"), "a number that is none"),
    (re.compile(r"\{\w+\}"), "a name without its number"),
    (
        re.compile(r"(?<![.\d])\.\s*\.(?!\.)|:\s*\.(?!\.)|\(\s*\)|,\s*\.(?!\.)|;\s*\.(?!\.)"),
        "an empty part of a sentence",
    ),
)
_ROUNDING = 1e-9
#: A change or difference is no share: PSA may rise by 150 %.
_CHANGE = re.compile("change|difference")


#: Why an estimate has no interval although it was asked for.
NO_LIMITS = "no interval: every draw gave this value"


def without_met_limits(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose limits are null where low and high meet: of a value that is given, or where nothing varied.

    >>> import polars as pl
    >>> without_met_limits(pl.DataFrame({"x": [1.0, 2.0], "x_low": [1.0, 1.5], "x_high": [1.0, 3.0]})).rows()
    [(1.0, None, None), (2.0, 1.5, 3.0)]
    """
    import polars as pl

    floats = {c for c, dtype in frame.schema.items() if dtype == pl.Float64}
    pairs = [(c, f"{c.removesuffix('_low')}_high") for c in sorted(floats) if c.endswith("_low")]
    return frame.with_columns(
        # a limit alone (the other was not reached) stays
        pl.when(pl.col(low).ne_missing(pl.col(high))).then(name).alias(name)
        for low, high in pairs
        if high in floats
        for name in (low, high)
    )


def check(name: str, answer: str, notes: Sequence[str], estimates: Iterable[Estimate]) -> None:
    """Raise `OncourseError` where an analysis says what cannot be."""
    problems = unsayable(answer, notes, estimates)
    if problems:
        raise OncourseError(f"{name}: says what cannot be: {'; '.join(problems)}")


def unsayable(answer: str, notes: Sequence[str], estimates: Iterable[Estimate]) -> list[str]:
    """Return what is wrong in the words and estimates of an answer.

    >>> unsayable("Median nan months.", (), ())
    ['a number that is none in "Median nan months."']
    >>> unsayable("Two groups: .", (), ()), unsayable("All well (clones:...) so far.", (), ())
    (['an empty part of a sentence in "Two groups: ."'], [])
    """
    problems = [] if answer.strip() else ["an answer without words"]
    for text in (answer, *notes):
        problems += [f'{what} in "{text[:120]}"' for pattern, what in _WRONG if pattern.search(text)]
    for e in estimates:
        numbers = [v for v in (e.value, e.ci_low, e.ci_high) if v is not None]
        is_share = e.unit == "fraction" and not _CHANGE.search(e.name)
        if is_share and any(not math.isnan(v) and v > 1 + _ROUNDING for v in numbers):
            problems.append(f"{e.name} is a share above 100 % ({', '.join(f'{v:.4g}' for v in numbers)})")
    return problems
