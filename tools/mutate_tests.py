"""Which tests run a line, and whether they notice that it was changed: pytest in forked processes.

Every run of pytest is a child of one process that has imported what the house stands on (numpy, scipy, polars,
matplotlib, scikit-learn, pytest) and nothing of the house itself, so that each begins within a second and has modules
of its own: nothing that one test file made is shared with the next, and a line is known to be reached by each file that
needs it, not by the first alone.

A test file runs once under coverage.py, when a mutant first asks for it, which tells the lines of every single test
(`Reach`). A mutant is given to the examples of its module, then to the test files that speak of it (`near`), the nearest
first, then to those that were measured and reach its line without speaking of it (`far`), and of each to the tests that
reach its line; it ends at the first that fails, or after so many CPU seconds that it counts as one nobody noticed.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import itertools
import json
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
#: Of a test file of fewer CPU seconds all tests are asked, when one reaches the line: what one made, and the next looked
#: at again, is counted to the first.
SMALL = 4.0
#: Asked last: they go through the whole house.
WHOLE = ("tests/analyses/test_registry.py", "tests/analyses/test_golden.py", "tests/test_contradictions.py")
EXAMPLES = "tests/test_doctests.py"
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
    """Of the collected tests those that are asked for, in that order; the name of the first that fails is written."""

    def __init__(self, wanted: list[str], place: Path) -> None:
        self.order = {name: number for number, name in enumerate(wanted)}
        self.place = place

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Called after the house's own (`conftest.py`): plugins given to pytest come last."""
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.place.exists():
            self.place.write_text(report.nodeid, "utf-8")


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

    def __init__(self, folder: Path, known: Path, limit: float, whole: bool = True) -> None:
        self.folder, self.known, self.limit = folder, known, limit
        self.last = WHOLE if whole else ()
        self.seconds: dict[str, float] = {}
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

    def far(self, file: Path, line: int, near: Iterable[str]) -> list[str]:
        """The measured test files that reach a line beside those of `near` and `last`, the cheapest first."""
        left = [t for t in test_files(self.folder) if t not in {*near, *WHOLE, EXAMPLES} and self._place(t).exists()]
        reached = {test: names for test in left if (names := self.of(test, file, line))}
        return sorted(reached, key=lambda test: self.before[test] + sum(self.seconds[t] for t in reached[test]))

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

    def of(self, test: str, file: Path, line: int) -> list[str]:
        """The tests of a file to try for a change of this line, the cheapest first; none where none reaches it.

        A line of a function: who runs the statement it stands in. A line of a module, a class or of a function's
        defaults is run by who imports it, and says nothing: who runs that function, or any function of the module.
        """
        tests = self.learn(test)
        lines = self.lines.get(str(file), {})
        tree = ast.parse((self.folder / file).read_text("utf-8"))
        wanted = sum(1 << n for n in statement_lines(tree, line) or all_of_functions(tree))
        reached = sorted((t for t in tests if lines.get(t, 0) & wanted), key=lambda t: self.seconds[t])
        if reached and sum(self.seconds[t] for t in tests) < SMALL:
            reached += [t for t in tests if t not in reached]
        return reached

    def kill(self, file: Path, line: int, changed: str) -> tuple[str | None, bool]:
        """The first test that fails with this text in place of the file's, or None; and whether all were asked."""
        spent = 0.0
        module = ".".join(file.with_suffix("").parts[1:]).removesuffix(".__init__")
        whole = (self.folder / file).read_text("utf-8")
        if ">>>" in whole and (
            by := self._failing([f"{EXAMPLES}::test_examples_are_true[{module}]"], 5.0, file, changed)
        ):
            return by, True
        nearest = near(self.folder, file, line)
        for test in itertools.chain(nearest, self.far(file, line, nearest) if self.last else (), self.last):
            if spent > self.limit:
                return None, False
            if tests := self.of(test, file, line):
                planned = self.before[test] + sum(self.seconds[t] for t in tests)
                if by := self._failing(tests, planned, file, changed):
                    return by, True
                spent += planned
        return None, True

    def _failing(self, tests: list[str], seconds: float, file: Path, changed: str) -> str | None:
        place = self.known / "failed.txt"
        self.known.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        whole = (self.folder / file).read_bytes()
        try:
            (self.folder / file).write_text(changed, "utf-8")
            chosen = Chosen(tests, place)
            code = forked(lambda: _pytest(self.folder, ["-x", _file(tests[0])], chosen), 20 + 4 * seconds)
        finally:
            (self.folder / file).write_bytes(whole)
        if code in (0, NO_TESTS):
            return None
        return place.read_text("utf-8") if place.exists() else f"{_file(tests[0])} (exit {code})"


def test_files(folder: Path) -> list[str]:
    """Every test file, by its place in the house."""
    return sorted(str(t.relative_to(folder)) for t in (folder / "tests").rglob("test_*.py"))


def near(folder: Path, file: Path, line: int) -> list[str]:
    """The test files that may reach a line: those that name its module, its function or what imports it, nearest first.

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
    scores: dict[str, tuple[float, int]] = {}
    for place in test_files(folder):
        text, test = (folder / place).read_text("utf-8"), Path(place)
        score = 8.0 * bool(imported.search(text)) + 4.0 * any(re.search(rf"\b{name}\b", text) for name in names)
        score += 3.0 * (stem.strip("_") in test.stem) + 1.0 * place.startswith(f"tests/{room}/")
        score += 1.5 * any(word in test.stem for word in words)
        score += 2.0 * any(re.search(rf"\bfrom {re.escape(user)} import", text) for user in called)
        if score >= 1 and place not in (*WHOLE, EXAMPLES):
            scores[place] = (-score, len(text))
    return sorted(scores, key=lambda t: scores[t])


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
