"""What the functions of a room answered in its tests, in a line per call: kept, compared and accepted.

A test asserts the fact it is about; of the rest of what it made - the other tables, columns, left-out rows - nothing is
said. Here each call of a function of the room by a test of the room has a line: what came out of it by name (rows of a
table, entries of a list) and a checksum of its content, which moves with any cell. A line that moved names the test,
the function and the table; what moved in it is seen by running that test before and after. Words for readers are left
out but for their numbers, so that a sentence can be put better; columns without a value too.

A test that is not kept yet passes: `pytest --accept` keeps it, and what its room's tests answer now. Tests of drawn inputs
(hypothesis), of real studies and slow ones are not kept.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FunctionType
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
import pytest
from tests.golden import ANSWERS, processor

KEPT = ANSWERS / "outcomes"
#: A folder of this run of the tests.
_TEMPORARY = re.compile(r"[^\s'\"]*pytest-\d+/[^/\s'\"]+/?")
_NUMBER = re.compile(r"\d[\d,.]*")
#: Fields whose texts are sentences for readers.
SENTENCES = {"notes", "problems", "message", "words", "descriptions", "ledger"}
#: Rooms whose tests are kept so, with the helpers through which they call. Numbers that are computed are compared on the
#: processor of `tests/answers/processor.txt` alone; what is read is the same everywhere.
ROOMS: dict[str, tuple[str, ...]] = {
    "io": ("tests.io.strangers",),
    "reads": (),
    "genome": (),
    "evolution": (),
    "models": (),
    "planning": (),
}
#: Numbers of an array that are written out; of more their sums.
WHOLE = 12
#: Calls of one test that are kept, and parts of one answer that have a name of their own.
MOST_CALLS, MOST_PARTS = 12, 30


def outcome(answer: Any) -> str:
    """Return the line of an answer: name, size and checksum of each part of it.

    >>> outcome({"calls": pl.DataFrame({"a": [1, 2], "b": [None, None]}), "notes": ["3 rows were left out"], "none": []})
    'calls 2 a6aab13c, notes 1 6dd28e9b'
    """
    parts = [(name, *_sized(value, name)) for name, value in _parts(answer)]
    told = [f"{name} {size} {crc32(text.encode()):08x}" for name, size, text in parts if size]
    return ", ".join(
        [*told[:MOST_PARTS], *([f"more {crc32(''.join(told).encode()):08x}"] if len(told) > MOST_PARTS else [])]
    )


def _parts(answer: Any) -> Iterator[tuple[str, Any]]:
    """The named parts of an answer; tables of a reading stand beside its other fields."""
    if is_dataclass(answer) and not isinstance(answer, type):
        answer = {f.name: getattr(answer, f.name) for f in fields(answer) if not f.name.startswith("_")}
    if isinstance(answer, Mapping):
        for name, value in answer.items():
            if isinstance(value, Mapping) and any(isinstance(v, pl.DataFrame) for v in value.values()):
                yield from sorted(value.items())
            else:
                yield str(name), value
    elif isinstance(answer, tuple) and any(isinstance(v, (pl.DataFrame, Mapping)) or is_dataclass(v) for v in answer):
        for number, value in enumerate(answer):
            yield from ((f"{number}.{name}", part) for name, part in _parts(value))
    else:
        yield "answer", answer


def _sized(value: Any, name: str) -> tuple[int, str]:
    """How many entries a part has, and its content as text."""
    is_number = isinstance(value, np.ndarray) and value.ndim == 0
    size = len(value) if hasattr(value, "__len__") and not is_number else 1
    text = _text(value)
    if name.rsplit(".", 1)[-1] in SENTENCES:
        return size, " ".join(sorted(_NUMBER.findall(_TEMPORARY.sub("", text))))
    return (0 if value is None else size), _TEMPORARY.sub("", text)


def _text(value: Any) -> str:
    """Every value of a part, whatever holds it."""
    if isinstance(value, pl.DataFrame):
        known = {name: value[name] for name in sorted(value.columns) if value[name].null_count() < value.height}
        return "; ".join(f"{name}: {_text(column)}" for name, column in known.items())
    if isinstance(value, pl.Series):
        if value.dtype.is_nested() or value.dtype == pl.Object:
            return _text(value.to_list())
        return repr((value.round_sig_figs(7) if value.dtype.is_float() else value).to_list())
    if is_dataclass(value) and not isinstance(value, type):
        return _text({f.name: getattr(value, f.name) for f in fields(value) if not f.name.startswith("_")})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in value.items() if not callable(v)) + "}"
    if isinstance(value, (set, frozenset)):
        return _text(sorted(value, key=str))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc" and value.size > WHOLE:
        known = np.where(np.isfinite(value), value, -1.0).ravel().astype(float)
        sums = known.sum(), np.abs(known).sum(), (known * np.cos(np.arange(known.size) + 1.0)).sum()
        return f"{value.shape} {np.isfinite(value).sum()} {' '.join(map(_number, sums))}"
    if hasattr(value, "tolist"):
        return _text(value.tolist())
    if isinstance(value, (float, np.floating)):
        return _number(float(value))
    return f"{type(value).__name__}" if callable(value) or " at 0x" in repr(value) else str(value)


def _number(value: float) -> str:
    """A computed number as far as the order of its sums does not decide it.

    >>> _number(1 / 3), _number(3e-17), _number(float("nan"))
    ('0.3333', '0', 'nan')
    """
    return f"{round(value, 9) + 0.0:.4g}"


class Recorder:
    """The calls of one test, in the order made."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose answer or error is written down."""

        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            if len(self.lines) >= MOST_CALLS:
                return function(*args, **named)
            try:
                answer = function(*args, **named)
            except Exception as error:
                self.add(
                    function, f"{type(error).__name__} {' '.join(_NUMBER.findall(_TEMPORARY.sub('', str(error))))}"
                )
                raise
            self.add(function, outcome(answer))
            return answer

        return call

    def add(self, function: Callable[..., Any], line: str) -> None:
        self.lines.append(f"{function.__name__}: {line}")


def recorded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write down what a test calls of its room by the names of its module, and of the room's helpers; compare at its
    end."""
    room, function = request.path.parent.name, getattr(request, "function", None)
    drawn = hasattr(function, "hypothesis") or "shared_data" in request.fixturenames
    if room not in ROOMS or drawn or request.node.get_closest_marker("slow"):
        yield
        return
    monkeypatch = request.getfixturevalue("monkeypatch")
    also = [importlib.import_module(name) for name in ROOMS[room]]
    recorder = Recorder()
    for module in (request.module, *also):
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__.startswith(f"oncourse.{room}"):
                monkeypatch.setattr(module, name, recorder.wrapped(value))
    yield
    if not recorder.lines:
        return
    test, file = request.node.nodeid.split("::", 1)[1], KEPT / room / f"{Path(request.module.__file__).stem}.txt"
    now = [f"{test} {number} {line}" for number, line in enumerate(recorder.lines)]
    if request.config.getoption("--accept"):
        request.config.stash.setdefault(ACCEPTED, {}).setdefault(file, {})[test] = now
        return
    kept = _kept(file).get(test)
    if kept is not None and kept != now and (room == "io" or here()):
        moved = [line for pair in zip(kept, now, strict=False) if pair[0] != pair[1] for line in pair][:8]
        pytest.fail(
            "\n".join(["`pytest --accept` if this is wanted: kept, now", *moved, f"{len(kept)} and {len(now)} calls"])
        )


ACCEPTED = pytest.StashKey[dict[Path, dict[str, list[str]]]]()


@functools.cache
def here() -> bool:
    """Whether numbers were kept on a processor as this one is."""
    return (ANSWERS / "processor.txt").read_text("utf-8") == processor()


@functools.cache
def _kept(file: Path) -> dict[str, list[str]]:
    """Test -> its lines."""
    found: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines() if file.exists() else []:
        test = re.split(r" \d+ [a-z_0-9]+: ", line, maxsplit=1)[0]
        found.setdefault(test, []).append(line)
    return found


def write_accepted(config: pytest.Config) -> None:
    """Write what was accepted; of tests that did not run what was kept stays."""
    for file, tests in config.stash.get(ACCEPTED, {}).items():
        whole = dict(sorted((_kept(file) | tests).items()))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for lines in whole.values() for line in lines), "utf-8")
