"""The last look before an answer leaves: no share above 100 %, no number that is none, no sentence without words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from oncourse.errors import OncourseError

if TYPE_CHECKING:
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
