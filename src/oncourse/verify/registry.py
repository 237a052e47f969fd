"""A reference case: a requirement, where its answer comes from, and the function that computes ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: What a case yields: what is compared, the expected and the obtained value.
Comparison = tuple[str, Any, Any]


@dataclass(frozen=True)
class Case:
    """One reference case.

    Attributes
    ----------
    requirement : what must hold, as a user would say it
    method : what is computed
    source : where the expected values come from
    tolerance : numbers may differ by this, relative to 1 or the number, whichever is more; 0 = equal. A pair (low,
    high)
        as expected value is a band that must hold the number
    tests : test files (of the source, not installed) that check the same requirement further
    """

    name: str
    requirement: str
    method: str
    source: str
    tolerance: float
    run: Callable[[], Iterable[Comparison]]
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What became of a case: comparisons made, those that failed in words, the largest deviation, or the fault met."""

    case: Case
    n: int
    failures: tuple[str, ...]
    largest_deviation: float

    @property
    def passed(self) -> bool:
        """Whether something was compared and all of it agreed."""
        return self.n > 0 and not self.failures


CASES: dict[str, Case] = {}


def case(
    *, requirement: str, method: str, source: str, tolerance: float = 0.0, tests: tuple[str, ...] = ()
) -> Callable[[Callable[[], Iterable[Comparison]]], Callable[[], Iterable[Comparison]]]:
    """Register a function that yields (what, expected, obtained); its name is the case's name."""

    def register(function: Callable[[], Iterable[Comparison]]) -> Callable[[], Iterable[Comparison]]:
        CASES[function.__name__] = Case(function.__name__, requirement, method, source, tolerance, function, tests)
        return function

    return register


def judge(one: Case) -> Verdict:
    """Run a case and compare; an exception is a failure of the case, not of the run."""
    failures: list[str] = []
    n, largest = 0, 0.0
    try:
        for what, expected, obtained in one.run():
            n += 1
            gap = deviation(expected, obtained)
            largest = max(largest, gap)
            if gap > one.tolerance:
                failures.append(f"{what}: expected {expected}, obtained {obtained}")
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")
    return Verdict(one, n, tuple(failures), largest)


def deviation(expected: Any, obtained: Any) -> float:
    """Return how far `obtained` is off: 0 = equal or in the band, infinity = another kind of value.

    >>> deviation(2.0, 2.5), deviation((0.9, 1.0), 0.95), deviation("PR", "SD"), deviation(None, float("nan"))
    (0.25, 0.0, inf, 0.0)
    """
    if isinstance(expected, tuple):
        return 0.0 if expected[0] <= obtained <= expected[1] else math.inf
    missing = [v is None or (isinstance(v, float) and math.isnan(v)) for v in (expected, obtained)]
    if any(missing):
        return 0.0 if all(missing) else math.inf
    if isinstance(expected, (int, float)) and isinstance(obtained, (int, float)):
        if math.isinf(expected) or math.isinf(obtained):
            return 0.0 if expected == obtained else math.inf
        return abs(float(obtained) - float(expected)) / max(1.0, abs(float(expected)))
    return 0.0 if expected == obtained else math.inf
