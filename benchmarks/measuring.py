"""How a work is measured: CPU seconds beside a fixed loop, or a figure of its own; beside a peer where there is one."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

#: Real studies that some works read; absent, those works are not measured.
DATA = Path(os.environ.get("ONCOURSE_TEST_DATA", "../shared/data"))


class NotHere(Exception):
    """What a work needs (data, a peer) is not on this machine."""


@dataclass(frozen=True)
class Work:
    """One row of the bench.

    prepare : called once, returns what is timed; with a `unit` of its own, returns what gives the figure itself
    target : of the plan, in the unit; "" = none; peer : returns the CPU seconds of the peer `peer_name` on the same
    """

    what: str
    prepare: Callable[[], Callable[[], Any]]
    target: str = ""
    quick: bool = True
    unit: str = "CPU s"
    peer_name: str = ""
    peer: Callable[[], float] | None = None


WORKS: dict[str, Work] = {}


def work(
    what: str,
    *,
    target: str = "",
    quick: bool = True,
    unit: str = "CPU s",
    peer: tuple[str, Callable[[], float]] | None = None,
) -> Callable[[Callable[[], Any]], Any]:
    """Register a work."""
    name, beside = peer or ("", None)

    def register(prepare: Callable[[], Any]) -> Callable[[], Any]:
        WORKS[prepare.__name__] = Work(what, prepare, target, quick, unit, name, beside)
        return prepare

    return register


def needed(*parts: str) -> Path:
    """Return a path below `DATA`; NotHere where it is absent."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        raise NotHere(f"{path.name} is not in {DATA} (ONCOURSE_TEST_DATA)")
    return path


def cpu() -> float:
    """CPU seconds of this process, its threads and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def cpu_of(timed: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = cpu()
    timed()
    return cpu() - start


def reference() -> float:
    """CPU seconds of the fixed loop: half interpreter, half arrays, about half a second."""
    start = cpu()
    total, table = 0, {}
    for i in range(1_200_000):
        total = (total * 31 + i) % 1_000_003
        table[i & 1023] = total
    x = np.linspace(0.0, 1.0, 200_000)
    for _ in range(40):
        x = np.sort(np.sin(x) * 1.7 + 0.1)[::-1].copy()
    return cpu() - start


def measured(timed: Callable[[], Any], trials: int, enough: float) -> tuple[float, float]:
    """Return CPU seconds and ratio of the best trial; no further trial once the ratio is `enough` or less."""
    best = (float("inf"), float("inf"))
    for _ in range(trials):
        before = reference()
        used = cpu_of(timed)
        best = min(best, (used / (0.5 * (before + reference())), used))
        if best[0] <= enough:
            break
    return best[1], best[0]
