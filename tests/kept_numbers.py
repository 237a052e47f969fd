"""What functions answer to small fixed inputs, as numbers of seven digits that are kept, compared and accepted.

The answers of the simulated studies (`golden.py`) may move by 2 %, and a prior, a grid or a cut-off of a model moves them
by less. Here every number an answer holds is compared: of an array of more than `WHOLE` numbers its size, its sum, and a
sum in which each place has a weight of its own. `tests/answers/numbers/NAME.txt` is written by `pytest --accept` after a
change that is wanted; its diff says which answer moved, and by how much.

Numbers hold within `RTOL` of the largest of their line: what another processor rounds otherwise is far smaller. Chains
of random draws go elsewhere there: they are compared on the processor of `tests/answers/processor.txt` alone.
"""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
import pytest
from tests.golden import ANSWERS, CHAINS, processor

from oncourse.cohort import Cohort, derived

KEPT = ANSWERS / "numbers"
WHOLE = 12
#: Parts of an answer that are data of the house, with tests of their own.
NOT_OURS = ("knowledge", "rules")
#: Lines from which the objects of a list are told together.
MOST = 300
RTOL, ATOL = 1e-4, 1e-9
SCALARS = (bool, int, float, str, bytes, np.number, np.bool_)
#: No table of a study alone: rules of knowledge have tests of their own, groups are asked for, the others are parts.
OTHERS = ("cleared", "groups", "knowledge", "presence_or_none")
#: Derived tables, each a property of the Cohort, and those (of analyses too) that rest on chains of random draws.
DERIVED = sorted(
    name
    for name, what in inspect.getmembers(Cohort)
    if not name.startswith("_") and isinstance(what, (derived, property)) and name not in OTHERS
)
CHAINED = ("clusters", *CHAINS)


def told(answer: Any) -> list[str]:
    """Return the lines of an answer: place, then its words or numbers. Of an answer of many objects those of one place in
    each are told together.

    >>> told({"a": np.array([0.5, np.nan]), "b": {"c": "yes", "d": [1, 2]}})
    ['a: 0.5 nan', 'b.c: yes', 'b.d: 1 2']
    >>> told([{"a": "x", "b": [k, None]} for k in range(MOST)])[1]
    '[].b: 600 numbers, 300 known, sums 44850 44850 7.481461'
    """
    rows = list(_told(answer, ""))
    if len(rows) >= MOST:
        together: dict[str, list[Any]] = {}
        for place, values in rows:
            together.setdefault(re.sub(r"\[[^]]*\]", "[]", place), []).extend(values)
        rows = list(together.items())
    return [f"{place}: {_row(values)}" for place, values in rows]


def _told(answer: Any, place: str) -> Iterator[tuple[str, list[Any]]]:
    if answer is None or isinstance(answer, SCALARS):
        yield place, [answer]
        return
    if isinstance(answer, pl.DataFrame):
        answer = {name: answer[name] for name in answer.columns}
    elif isinstance(answer, tuple) and hasattr(answer, "_asdict"):
        answer = answer._asdict()
    elif is_dataclass(answer) and not isinstance(answer, type):
        answer = {f.name: getattr(answer, f.name) for f in fields(answer) if not f.name.startswith("_")}
    if isinstance(answer, Mapping):
        items = list(answer.items())
        if any(isinstance(name, tuple) for name in answer):  # filled in the order of a set
            items.sort(key=lambda item: str(item[0]))
        for name, value in items:
            # functions: what another table was derived by, and of what
            if callable(name[0] if isinstance(name, tuple) else name) or name in NOT_OURS:
                continue
            step = f".{name}" if str(name).isidentifier() and not re.search(r"\d", str(name)) else f"[{name}]"
            yield from _told(value, (place + step).removeprefix("."))
        return
    if isinstance(answer, pl.Series):
        answer = answer.to_list()
    if isinstance(answer, (set, frozenset)):
        answer = sorted(answer, key=str)
    if isinstance(answer, (list, tuple, np.ndarray)):
        values = _plain(answer)
        if values is not None:
            yield place, values
            return
        for number, value in enumerate(answer):
            yield from _told(value, f"{place}[{number}]")


def _plain(answer: Any) -> list[Any] | None:
    """The numbers or words of a list or array, null where it holds more than that."""
    values = answer.ravel().tolist() if isinstance(answer, np.ndarray) else list(answer)
    return values if all(isinstance(v, (bool, int, float, np.number, str, type(None))) for v in values) else None


def _row(values: list[Any]) -> str:
    if any(isinstance(v, str) for v in values):
        words = [str(v).replace("\n", " / ") for v in values]
        if len(words) <= WHOLE:
            return " | ".join(words)
        by_word = sorted(Counter(words).items())
        few = " | ".join(f"{n} x {w}" for w, n in by_word[:WHOLE]) + (" ..." if len(by_word) > WHOLE else "")
        return f"{len(words)} words, {len(by_word)} different ({crc32(' '.join(words).encode())}): {few}"
    if len(values) <= WHOLE:
        return " ".join("-" if v is None else f"{float(v):.7g}" for v in values)
    numbers = np.array([np.nan if v is None else v for v in values], float)
    known = numbers[np.isfinite(numbers)]
    place = np.flatnonzero(np.isfinite(numbers))
    sums = (known.sum(), np.abs(known).sum(), (known * np.cos(place + 1.0)).sum())
    return f"{len(numbers)} numbers, {len(known)} known, sums " + " ".join(f"{v:.7g}" for v in sums)


def moved(kept: str, now: list[str]) -> list[str]:
    """Return the lines that say something else than is kept; numbers within `RTOL` of the largest of their line.

    >>> moved("a: 1 2\\nb: yes", ["a: 1.0001 2", "b: no"])
    ['kept b: yes', 'now  b: no']
    >>> moved("iterations: 28", ["iterations: 27"]), moved("iterations: 28", ["iterations: 20"])
    ([], ['kept iterations: 28', 'now  iterations: 20'])
    """
    before = kept.splitlines()
    if [line.split(": ")[0] for line in before] != [line.split(": ")[0] for line in now]:
        places = {line.split(": ")[0] for line in before} ^ {line.split(": ")[0] for line in now}
        return [f"other places than were kept: {', '.join(sorted(places)) or 'another order'}"]
    pairs = zip(before, now, strict=True)
    return [text for a, b in pairs if not _same(a, b) for text in (f"kept {a}", f"now  {b}")]


def _same(a: str, b: str) -> bool:
    left, right = a.split(), b.split()
    if len(left) != len(right):
        return False
    pairs = [(_number(x), _number(y), x, y) for x, y in zip(left, right, strict=True)]
    finite = [abs(x) for x, *_ in pairs if x is not None and math.isfinite(x)]
    room = ATOL + RTOL * max(finite, default=0.0)
    if left[0].endswith("iterations:"):  # steps until nothing moves: 27 or 28 by the processor's last digits
        room = 1 + 0.05 * max(finite, default=0.0)
    return all(
        x == y or (p is not None and q is not None and (abs(p - q) <= room or (math.isnan(p) and math.isnan(q))))
        for p, q, x, y in pairs
    )


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def check(name: str, answer: Any, accept: bool, *, is_chain: bool = False) -> None:
    """Compare an answer with what is kept under `name`; write it where it is accepted."""
    compare(name, told(answer), accept, is_chain=is_chain)


def compare(name: str, lines: list[str], accept: bool, *, is_chain: bool = False) -> None:
    """As `check`, of an answer that is told already."""
    file = KEPT / f"{name}.txt"
    assert len(lines) > 0
    if accept:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", "utf-8")
        return
    if is_chain and (ANSWERS / "processor.txt").read_text("utf-8") != processor():
        pytest.skip("the kept chains were drawn on another processor or with another numpy")
    found = moved(file.read_text("utf-8"), lines)
    assert not found, "\n".join([f"{name}: `pytest --accept` if this is wanted", *found[:20]])
