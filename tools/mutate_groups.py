"""What many tests are asked of several mutants at once: the dear tests, and those that reach a line from far away.

Most mutants end at the first look (`Reach.first`). For those that are left all tests that reach their lines would cost a
minute each, and nearly all of these tests would pass. So a few mutants stand in the house together, each test that
reaches one of them is asked once, and where it fails, each of them alone: only that counts. Two mutants that undo each
other would both count as unnoticed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutate_tests import Reach


@dataclass(frozen=True)
class Change:
    """A file's bytes from `start` to `end`, on `line`, in place of which `new` stands."""

    path: Path
    line: int
    start: int
    end: int
    new: str


def apart(changes: Sequence[Change], size: int) -> list[list[Change]]:
    """Groups of at most `size`, neighbours together, no two at one place.

    >>> a, b, c = (Change(Path("f.py"), 1, at, at + 2, "x") for at in (0, 1, 5))
    >>> [len(group) for group in apart([a, b, c], 2)]
    [2, 1]
    """
    groups: list[list[Change]] = []
    for one in sorted(changes, key=lambda c: (c.path, c.start)):
        free = (g for g in groups[-2:] if len(g) < size and not any(_meet(one, other) for other in g))
        if (group := next(free, None)) is not None:
            group.append(one)
        else:
            groups.append([one])
    return groups


def _meet(a: Change, b: Change) -> bool:
    return a.path == b.path and a.start < b.end and b.start < a.end


def text_of(changes: Sequence[Change], house: Path) -> dict[Path, str]:
    """The changed files with all of the changes in them."""
    raw = {c.path: (house / c.path).read_bytes() for c in changes}
    for c in sorted(changes, key=lambda c: -c.start):
        raw[c.path] = raw[c.path][: c.start] + c.new.encode() + raw[c.path][c.end :]
    return {path: text.decode() for path, text in raw.items()}


def noticed(group: Sequence[Change], reach: Reach, limit: float) -> tuple[dict[Change, str], bool]:
    """The test that notices each mutant of a group, and whether all tests that reach the others were asked.

    Of the tests those first that are cheap for the number of mutants they reach; `limit` CPU seconds a mutant at most.
    """
    asked: dict[str, dict[Change, list[str]]] = defaultdict(dict)
    for test in reach.measured():
        for one in group:
            if tests := reach.of(test, one.path, one.line):
                asked[test][one] = tests
    found: dict[Change, str] = {}
    spent, all_asked = 0.0, True
    for test in sorted(asked, key=lambda t: reach.price(t, _union(asked[t].values())) / len(asked[t])):
        alive = {one: tests for one, tests in asked[test].items() if one not in found}
        if not alive:
            continue
        tests = _union(alive.values())
        price = reach.price(test, tests)
        if spent + price > limit * len(group):
            all_asked = False
            continue
        spent += price
        if failed := reach.failing(tests, text_of(list(alive), reach.folder), stop=len(alive) == 1):
            for one, its_own in alive.items():
                suspects = [t for t in its_own if t in failed] or (its_own if "(exit" in failed[0] else [])
                alone = (
                    failed
                    if len(alive) == 1
                    else suspects and reach.failing(suspects, text_of([one], reach.folder), True)
                )
                if alone:
                    found[one] = alone[0]
    return found, all_asked


def _union(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(test for tests in lists for test in tests))
