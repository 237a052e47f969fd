"""Which tests run a line, and whether they notice that it was changed: pytest in forked processes.

Every run of pytest is a child of one process that has imported what the house stands on (numpy, scipy, polars,
matplotlib, scikit-learn, pytest) and nothing of the house itself, so that each begins within a second and has modules
of its own: nothing that one test file made is shared with the next, and a line is known to be reached by each file that
needs it, not by the first alone.

A test file runs once under coverage.py, when a mutant first asks for it, which tells the lines of every single test
(`Reach`). A mutant is given to the examples of its module, then to the test files that speak of it (`near`), the nearest
first, and of each to the cheap tests that reach its line, until one fails (`Reach.first`). What is left is asked of
several mutants at once (`mutate_groups.py`).
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import itertools
import json
import math
import os
import py_compile
import re
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

#: Imported once, before the first fork.
STANDS_ON = [
    "numpy",
    "scipy.stats",
    "scipy.optimize",
    "scipy.special",
    "scipy.cluster.hierarchy",
    "polars",
    "matplotlib.pyplot",
    "jinja2",
    "yaml",
    "click",
    "sklearn.linear_model",
    "sklearn.mixture",
    "python_calamine",
    "xlsxwriter",
    "pytest",
    "hypothesis",
    "coverage",
]
#: CPU seconds of the other tests of a file, up to which they are asked too when one reaches the line.
SMALL = 4.0
#: CPU seconds of a near test file at the first look.
GLANCE = 6.0
#: Failed tests of a file after which a run with several mutants ends.
MOST_FAILED = 40
#: Asked last: they go through the whole house.
WHOLE = ("tests/analyses/test_registry.py", "tests/analyses/test_golden.py", "tests/test_contradictions.py")
EXAMPLES = "tests/test_doctests.py"
#: What is kept of a room whole: `tests/ROOM/`.
ROOM_KEPT = "test_numbers.py"
#: Every cut-off and default by its module.
CONSTANTS = "tests/test_constants.py"
#: No test chosen (all are slow, or skipped for want of data) is not a failure.
NO_TESTS = 5


def prepare(house: Path, folder: Path) -> None:
    """Import what is shared, and compile the copy so that a changed file is seen whatever its time and size."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ.setdefault(name, "1")
    for name in STANDS_ON:
        with contextlib.suppress(ImportError):
            __import__(name)
    if any(name.split(".")[0] == "oncourse" for name in sys.modules):
        raise RuntimeError("the house is imported already: its mutants would not be seen")
    for file in (folder / "src").rglob("*.py"):
        py_compile.compile(str(file), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    os.environ["PYTHONPATH"] = f"{folder / 'src'}{os.pathsep}{folder}"
    os.environ.setdefault("ONCOURSE_TEST_DATA", str(house.parent / "shared" / "data"))


def forked(work: Callable[[], int], timeout: float) -> int:
    """Exit code of `work` in a child with a group of processes of its own; 124 where it waited sixty times `timeout`.

    The seconds themselves are of the processor: on a busy machine a slow run is no changed one.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (int(timeout) + 1, int(timeout) + 1))
        _quiet_child(work)
    end = time.monotonic() + 60 * timeout
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _stop(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    _stop(child)
    os.waitpid(child, 0)
    return 124


def _quiet_child(work: Callable[[], int]) -> None:
    os.setpgid(0, 0)  # not a session of its own: that would have the priority of a new one
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    code = 70
    try:
        code = int(work())
    finally:
        os._exit(code)


def _stop(child: int) -> None:
    """End what is left of the child's group: workers of a run whose test was stopped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _pytest(folder: Path, arguments: list[str], plugin: object) -> int:
    import pytest

    os.chdir(folder)
    sys.path[:0] = [str(folder / "src"), str(folder)]
    without = [word for name in ("cacheprovider", "randomly", "xdist") for word in ("-p", f"no:{name}")]
    return int(pytest.main(["-q", "-m", "not slow", *without, *arguments], plugins=[plugin]))


def cpu_seconds() -> float:
    """Seconds of the processor that this process and its ended children took."""
    return sum(os.times()[:4])


class Chosen:
    """Of the collected tests those that are asked for, in that order; the names of those that fail are written."""

    def __init__(self, wanted: list[str], place: Path) -> None:
        self.order = {name: number for number, name in enumerate(wanted)}
        self.place = place

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Called after the house's own (`conftest.py`): plugins given to pytest come last."""
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            with self.place.open("a", encoding="utf-8") as out:
                out.write(report.nodeid.replace("\n", " ") + "\n")


class Watched:
    """Lines and seconds of each test of a run, and which of them pass."""

    def __init__(self, measured: Any) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()
        self.begun = cpu_seconds()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.measured.switch_context(nodeid)
        self.begun = cpu_seconds()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] += cpu_seconds() - self.begun
        self.measured.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.add(report.nodeid)


class Reach:
    """What each test runs, measured once per state of its file and kept in `known`.

    A file of the package that has changed since is asked as a whole: who ran any line of it.
    """

    def __init__(self, folder: Path, known: Path) -> None:
        self.folder, self.known = folder, known
        self.seconds: dict[str, float] = {}
        #: whether a test that failed once passes alone on the unchanged house
        self.sound: dict[str, bool] = {}
        #: CPU seconds until the first test of a file runs: its imports
        self.before: dict[str, float] = {}
        #: test file -> its tests that pass
        self.tests: dict[str, list[str]] = {}
        #: file of the package -> test -> lines, each set of lines as the bits of a number
        self.lines: dict[str, dict[str, int]] = defaultdict(dict)
        self.now = {str(f.relative_to(folder)): _digest(f) for f in (folder / "src").rglob("*.py")}

    def learn(self, test: str) -> list[str]:
        """The single tests of a file that pass; it is measured where that was not done."""
        if test not in self.tests:
            self.known.mkdir(parents=True, exist_ok=True)
            place = self._place(test)
            if not place.exists():
                self._measure_one(test, place)
            found = json.loads(place.read_text("utf-8"))
            names = self.tests[test] = list(found["seconds"])
            self.before[test] = found["before"]
            self.seconds |= found["seconds"]
            for file, (digest, sets) in found["lines"].items():
                for number, bits in sets.items():
                    self.lines[file][names[int(number)]] = int(bits, 16) if self.now.get(file) == digest else -1
        return self.tests[test]

    def learn_all(self) -> None:
        """Measure every test file that is not."""
        for test in test_files(self.folder):
            self.learn(test)

    def measured(self) -> list[str]:
        """The test files that were measured, those that go through the whole house among them."""
        return [t for t in test_files(self.folder) if t != EXAMPLES and self.is_measured(t)]

    def is_measured(self, test: str) -> bool:
        return test in self.tests or self._place(test).exists()

    def _place(self, test: str) -> Path:
        return self.known / f"{test.replace('/', '+')}.{_digest(self.folder / test)}.json"

    def _measure_one(self, test: str, place: Path) -> None:
        """A test that fails before anything was changed would notice everything: it is left out, and named."""
        draft = place.with_suffix(".draft")
        code = forked(lambda: self._covered(test, draft), timeout=1800)
        if draft.exists():
            draft.replace(place)
        else:
            place.write_text(json.dumps({"before": 0.0, "seconds": {}, "lines": {}}), "utf-8")
        found = json.loads(place.read_text("utf-8"))
        said = "" if code in (0, NO_TESTS) else f"\tLEFT OUT what fails before anything was changed (exit {code})"
        took = found["before"] + sum(found["seconds"].values())
        print(f"{took:.1f} s\t{test}\t{len(found['seconds'])} tests{said}", file=sys.stderr, flush=True)

    def _covered(self, test: str, place: Path) -> int:
        import coverage

        source = self.folder / "src" / "oncourse"
        measured = coverage.Coverage(data_file=None, config_file=False, source=[str(source)])
        watched, begun = Watched(measured), cpu_seconds()
        measured.start()
        code = _pytest(self.folder, [test], watched)
        measured.stop()
        names = [name for name in watched.seconds if name not in watched.failed]
        before = max(cpu_seconds() - begun - sum(watched.seconds.values()), 0.0)
        place.write_text(
            json.dumps(
                {
                    "before": round(before, 2),
                    "seconds": {name: round(watched.seconds[name], 3) for name in names},
                    "lines": self._lines(measured.get_data(), {name: n for n, name in enumerate(names)}),
                }
            ),
            "utf-8",
        )
        return code

    def _lines(self, data: Any, numbers: dict[str, int]) -> dict[str, tuple[str, dict[int, str]]]:
        root, found = Path(os.path.realpath(self.folder)), {}
        for file in sorted(data.measured_files()):
            name = str(Path(os.path.realpath(file)).relative_to(root))
            if name not in self.now:
                continue  # a template of the pages, which coverage.py traces as Jinja compiled it
            sets: dict[int, int] = defaultdict(int)
            for line, contexts in data.contexts_by_lineno(file).items():
                for number in {numbers[c] for c in contexts if c in numbers}:
                    sets[number] |= 1 << line
            if sets:
                found[name] = (self.now[name], {number: f"{bits:x}" for number, bits in sets.items()})
        return found

    def of(self, test: str, file: Path, line: int, rest: float = SMALL) -> list[str]:
        """The tests of a file to try for a change of this line, the cheapest first; none where none reaches it.

        A line of a function: who runs the statement it stands in. A line of a module, a class or of a function's
        defaults is run by who imports it, and says nothing: who runs that function, or any function of the module.
        After them the others of the file, where they take less than `rest` CPU seconds, or than those that reach the
        line: what one test made and the others look at again (a fixture of the session) is counted to the first.
        """
        tests = self.learn(test)
        lines = self.lines.get(str(file), {})
        wanted = self._bits(file, line)
        reached = sorted((t for t in tests if lines.get(t, 0) & wanted), key=lambda t: self.seconds[t])
        others = [t for t in tests if t not in set(reached)]
        if reached and self.cost(others) < max(rest, self.cost(reached)):
            reached += others
        return reached

    @functools.cache  # noqa: B019  (one Reach lives as long as the program)
    def _bits(self, file: Path, line: int) -> int:
        tree = ast.parse((self.folder / file).read_text("utf-8"))
        return sum(1 << n for n in statement_lines(tree, line) or all_of_functions(tree))

    def cost(self, tests: Iterable[str]) -> float:
        """CPU seconds of single tests, as measured under coverage.py."""
        return sum(self.seconds[test] for test in tests)

    def price(self, test: str, tests: Iterable[str]) -> float:
        """CPU seconds of some tests of a file, its imports included."""
        return self.before[test] + self.cost(tests)

    def failing(self, tests: list[str], changed: dict[Path, str], stop: bool) -> list[str]:
        """The tests of one file that fail with these texts in place of the files'; the first alone where `stop`.

        A test that fails alone on the unchanged house too (it needs what another made, or the machine is slow) has noticed
        nothing: it is left out, and the others are asked again.
        """
        while failed := self._failed([t for t in tests if self.sound.get(t, True)], changed, stop):
            for test in failed:
                if test not in self.sound and "(exit" not in test:
                    self.sound[test] = not self._failed([test], {}, stop=True)
            if noticed := [t for t in failed if self.sound.get(t, True)]:
                return noticed
        return []

    def first(self, file: Path, line: int, changed: str) -> str | None:
        """The first of the near tests that fails with this text in place of the file's, or None.

        Of each test file the cheapest tests that reach the line, up to `GLANCE` seconds: most mutants end here. What is
        left is asked of several survivors at once (`mutate_groups.py`). A run of pytest imports the house anew, which
        costs more than most tests: all files are asked in two runs, the examples, the nearest file and the kept answers
        of the room before the others.
        """
        module = ".".join(file.with_suffix("").parts[1:]).removesuffix(".__init__")
        example = f"{EXAMPLES}::test_examples_are_true[{module}]"
        text = (self.folder / file).read_text("utf-8")
        asked = [example] if ">>>" in text else []
        if not statement_lines(ast.parse(text), line) and (self.folder / CONSTANTS).exists():
            asked += self.learn(CONSTANTS)  # a constant or a default: who imports it runs it, and says nothing
        spent, rounds = 0.0, 0
        scores = near(self.folder, file, line)
        known = {test: score for test, score in scores.items() if score >= 2 or self.is_measured(test)}
        for test in (*_kept_first(known, self.folder, file), None):
            if test is not None:
                # of what is kept all: a table that one test made others compare
                most, rest = (3 * GLANCE, math.inf) if test.endswith(ROOM_KEPT) else (GLANCE, 0.5)
                tests = self.of(test, file, line, rest=rest)
                ends = itertools.accumulate(self.seconds[t] for t in tests)
                tests = [t for t, end in zip(tests, ends, strict=True) if end <= most]
                asked += tests
                is_kept = test.endswith(ROOM_KEPT)
                spent += self.price(test, tests) if tests and not is_kept else 0.0
                rounds += bool(tests)
            if asked and (test is None or rounds == 2 or spent > 3 * GLANCE):
                if failed := self.failing(asked, {file: changed}, stop=True):
                    return failed[0]
                asked, rounds = [], 3
            if spent > 3 * GLANCE:
                break
        return None

    def _failed(self, tests: list[str], changed: dict[Path, str], stop: bool) -> list[str]:
        if not tests:
            return []
        place = self.known / f"failed.{os.getpid()}.txt"
        self.known.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        seconds = sum(self.seconds.get(t, 5.0) for t in tests)
        whole = {file: (self.folder / file).read_bytes() for file in changed}
        how = ["-x"] if stop else [f"--maxfail={MOST_FAILED}"]
        try:
            for file, text in changed.items():
                (self.folder / file).write_text(text, "utf-8")
            chosen = Chosen(tests, place)
            files = list(dict.fromkeys(map(_file, tests)))
            code = forked(lambda: _pytest(self.folder, [*how, *files], chosen), 20 + 4 * seconds)
        finally:
            for file, raw in whole.items():
                (self.folder / file).write_bytes(raw)
        if code in (0, NO_TESTS):
            return []
        return place.read_text("utf-8").splitlines() if place.exists() else [f"{_file(tests[0])} (exit {code})"]


def test_files(folder: Path) -> list[str]:
    """Every test file, by its place in the house."""
    return sorted(str(t.relative_to(folder)) for t in (folder / "tests").rglob("test_*.py"))


def near(folder: Path, file: Path, line: int) -> dict[str, float]:
    """The test files that may reach a line and how near each is, nearest first: those that name its module, its function
    or what imports it (2 and more), then those of its room.

    What a module makes of a cohort is asked by tests that name none of it: those of its room come last, before them those
    whose name has a word of the module's. Of equals the shorter comes first; files that go through the whole house
    (`WHOLE`) are left to the caller.
    """
    module = ".".join(file.with_suffix("").parts[1:]).removesuffix(".__init__")
    parent, _, stem = module.rpartition(".")
    room = module.split(".")[1] if module.count(".") else ""
    imported = re.compile(rf"\bfrom {re.escape(module)} import|\bfrom {re.escape(parent)} import [^\n]*\b{stem}\b")
    users = [u for u in (folder / "src").rglob("*.py") if imported.search(u.read_text("utf-8"))]
    called = {".".join(u.relative_to(folder / "src").with_suffix("").parts) for u in users}
    names = _functions_at(ast.parse((folder / file).read_text("utf-8")), line)
    words = {word.rstrip("s") for word in stem.split("_") if len(word) > 4}
    scores: dict[str, float] = {}
    length: dict[str, int] = {}
    for place in test_files(folder):
        text, test = (folder / place).read_text("utf-8"), Path(place)
        score = 8.0 * bool(imported.search(text)) + 4.0 * any(re.search(rf"\b{name}\b", text) for name in names)
        score += 3.0 * (stem.strip("_") in test.stem) + 1.0 * place.startswith(f"tests/{room}/")
        score += 1.5 * any(word in test.stem for word in words)
        score += 2.0 * any(re.search(rf"\bfrom {re.escape(user)} import", text) for user in called)
        if score >= 1 and place not in (*WHOLE, EXAMPLES):
            scores[place], length[place] = score, len(text)
    return dict(sorted(scores.items(), key=lambda t: (-t[1], length[t[0]])))


def _kept_first(scores: Iterable[str], folder: Path, file: Path) -> list[str]:
    """The nearest test file, what is kept of the room whole (`tests/kept_numbers.py`), and the others, nearest first."""
    room = f"tests/{file.parts[2]}/{ROOM_KEPT}"
    others = [test for test in scores if test != room]
    return [*others[:1], *([room] if (folder / room).exists() else []), *others[1:]]


def _functions_at(tree: ast.Module, line: int) -> list[str]:
    """Names of the functions and classes that a line stands in."""
    kinds = (*Function.__args__, ast.ClassDef)
    return [n.name for n in ast.walk(tree) if isinstance(n, kinds) and n.lineno <= line <= (n.end_lineno or n.lineno)]


def _file(test: str) -> str:
    return test.split("::", 1)[0]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _body(node: Function) -> set[int]:
    last = node.body[-1].end_lineno or node.lineno
    return set(range(node.body[0].lineno, last + 1))


def all_of_functions(tree: ast.Module) -> set[int]:
    """The lines inside the functions of a module; none where it is data alone."""
    return {line for node in ast.walk(tree) if isinstance(node, Function) for line in _body(node)}


def statement_lines(tree: ast.Module, line: int) -> set[int]:
    """The lines of the statement that `line` stands in (the head of a compound one); none outside functions.

    Defaults and decorators stand in the head of a function: its body then.
    """
    inside, found = None, set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, Function):
            inside = node
            found = _body(node)
        elif inside is not None and not isinstance(node, ast.ClassDef):
            below = [n.lineno for n in getattr(node, "body", []) if isinstance(n, ast.stmt)]
            last = min(below, default=(node.end_lineno or node.lineno) + 1) - 1
            if line <= last:
                found = set(range(node.lineno, max(last, node.lineno) + 1))
    return found
