"""Which test files run a line, and whether they notice that it was changed: pytest in forked processes.

Every run of pytest is a child of one process that has imported what the house stands on (numpy, scipy, polars,
matplotlib, scikit-learn, pytest) and nothing of the house itself, so that each begins within a second and has modules
of its own: nothing that one test file made is shared with the next, and a line is known to be reached by each file that
needs it, not by the first alone.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import py_compile
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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
#: Seconds of tests given to one process, the cheapest first; it ends at the first that fails.
BATCH = 60.0
#: The examples of all modules are one file: only those of the changed module are asked.
EXAMPLES = "tests/test_doctests.py"
#: A test file of the room itself is tried before a dearer or equal one of another.
OWN_ROOM = 0.2


def prepare(house: Path, folder: Path) -> None:
    """Import what is shared, and compile the copy so that a changed file is seen whatever its time and size."""
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
    """Exit code of `work` in a child with a session of its own; 124 where it waited five times `timeout` seconds.

    The seconds themselves are of the processor: on a busy machine a slow run is no changed one.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (int(timeout) + 1, int(timeout) + 1))
        _quiet_child(work)
    end = time.monotonic() + 5 * timeout
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
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    code = 70
    try:
        code = int(work())
    finally:
        os._exit(code)


def _stop(child: int) -> None:
    """End what is left of the child's session: workers of a run whose test was stopped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def tests_in(folder: Path, files: list[str], timeout: float) -> int:
    """Exit code of pytest over these test files of a copy of the house; ends at the first failure."""
    return forked(lambda: _pytest(folder, ["-x", *files]), timeout)


def _pytest(folder: Path, arguments: list[str]) -> int:
    import pytest

    os.chdir(folder)
    sys.path[:0] = [str(folder / "src"), str(folder)]
    return int(pytest.main(["-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]))


#: No test chosen (all are slow, or skipped for want of data) is not a failure.
NO_TESTS = 5


class Reach:
    """What each test file runs, measured once per state of the package and of the test file, kept in `known`."""

    def __init__(self, folder: Path, known: Path) -> None:
        self.folder = folder
        package = sorted((folder / "src").rglob("*.py"))
        self.known = known / _digest(*(f.read_bytes() for f in package))
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[str, set[int]]] = {}

    def measure(self, tests: list[str]) -> None:
        self.known.mkdir(parents=True, exist_ok=True)
        for test in tests:
            raw = (self.folder / test).read_bytes()
            place = self.known / f"{test.replace('/', '+')}.{_digest(raw)}.json"
            if not place.exists():
                self._measure_one(test, place)
            found = json.loads(place.read_text("utf-8"))
            self.seconds[test] = found["seconds"]
            for file, lines in found["lines"].items():
                self.lines.setdefault(file, {})[test] = set(lines)

    def _measure_one(self, test: str, place: Path) -> None:
        """A file that fails before anything was changed would notice everything: it is left out, and named."""
        begun = time.perf_counter()
        code = forked(lambda: self._covered(test, place.with_suffix(".lines")), timeout=1800)
        took = time.perf_counter() - begun
        lines = {}
        if code in (0, NO_TESTS):
            lines = json.loads(place.with_suffix(".lines").read_text("utf-8"))
        place.with_suffix(".lines").unlink(missing_ok=True)
        place.write_text(json.dumps({"seconds": round(took, 2), "lines": lines}), "utf-8")
        said = "" if code in (0, NO_TESTS) else f"\tLEFT OUT: fails before anything was changed (exit {code})"
        print(f"{took:.1f} s\t{test}{said}", file=sys.stderr, flush=True)

    def _covered(self, test: str, place: Path) -> int:
        import coverage

        source = self.folder / "src" / "oncourse"
        measured = coverage.Coverage(data_file=None, config_file=False, source=[str(source)])
        measured.start()
        code = _pytest(self.folder, [test])
        measured.stop()
        data = measured.get_data()
        root = Path(os.path.realpath(self.folder))
        found = {str(Path(os.path.realpath(f)).relative_to(root)): data.lines(f) for f in data.measured_files()}
        place.write_text(json.dumps({f: lines for f, lines in found.items() if lines}), "utf-8")
        return code

    def of(self, file: Path, line: int) -> list[str]:
        """The test files to try for a change of this line, in their order.

        A line of a function: who runs the statement it stands in. A line of a module, a class or of a function's
        defaults is run by who imports it, and says nothing: who runs that function, or any function of the module.
        """
        lines = self.lines.get(str(file), {})
        tree = ast.parse((self.folder / file).read_text("utf-8"))
        wanted = statement_lines(tree, line) or all_of_functions(tree)
        tests = [t for t, ran in lines.items() if ran & wanted] or list(lines)
        room = file.parts[2] if len(file.parts) > 3 else ""
        own = f"tests/{room}/"
        return sorted(tests, key=lambda t: (self.seconds[t] * (OWN_ROOM if t.startswith((own, EXAMPLES)) else 1), t))

    def kill(self, tests: list[str], file: Path) -> str | None:
        """The first of a batch of tests that fails in the copy with this file changed, or None."""
        module = ".".join(file.with_suffix("").parts[1:]).removesuffix(".__init__")
        for batch in batches(tests, self.seconds):
            asked = [f"{t}::test_examples_are_true[{module}]" if t == EXAMPLES else t for t in batch]
            if tests_in(self.folder, asked, 60 + 4 * sum(self.seconds[t] for t in batch)) not in (0, NO_TESTS):
                return batch[0]
        return None


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def batches(tests: list[str], seconds: dict[str, float]) -> Iterator[list[str]]:
    """Test files in their order, in runs of about `BATCH` seconds."""
    batch: list[str] = []
    for test in tests:
        batch.append(test)
        if sum(seconds[t] for t in batch) > BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


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
