"""Break lines of the package on purpose, one at a time, and count what the default tests do not notice.

    python tools/mutate.py --rooms stats knowledge derive --n 200 --seed 1 --out mutants.tsv

A mutant changes the meaning of one place: a comparison, an arithmetic or boolean operator, a number, True or False,
`min` for `max`, `any` for `all`, a `not` or a statement left out. Words for readers (documentation, texts of tables
and settings, messages of errors) and annotations are left alone, and so are files with `@compiled` loops: they would
have to be built anew for each. First all default tests run once under coverage.py, which says what test files reach
each line; a mutant is given to those files alone, the quickest first, until one fails. A mutant that no test file
reaches survives. A survivor may be equal to the original (`<` for `<=` between reals): read the list before believing
the share.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/oncourse")

SWAPS: dict[type[ast.AST], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.And: "or",
    ast.Or: "and",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
SIGNS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.And: "and",
    ast.Or: "or",
    ast.BitAnd: "&",
    ast.BitOr: "|",
}
PAIRS = [
    ("min", "max"),
    ("any", "all"),
    ("floor", "ceil"),
    ("any_horizontal", "all_horizontal"),
    ("first", "last"),
    ("is_null", "is_not_null"),
    ("head", "tail"),
]
NAMES = dict(PAIRS) | {b: a for a, b in PAIRS}
#: Calls whose arguments are words for readers.
WORDS = {"Column", "Table", "TableDoc", "field", "setting", "InputError", "ConfigError", "NotEnoughData", "Problem"}


@dataclass(frozen=True)
class Mutant:
    """One changed place of a file: bytes `start` to `end` become `new`."""

    path: Path
    line: int
    start: int
    end: int
    old: str
    new: str

    @property
    def room(self) -> str:
        inside = self.path.relative_to(PACKAGE).parts
        return inside[0] if len(inside) > 1 else "(front)"


class Places(ast.NodeVisitor):
    """Collect what can be changed in one file."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.raw = path, text.encode()
        self.starts = [0]
        for row in self.raw.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(row))
        self.found: list[Mutant] = []

    def at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def add(self, node: ast.expr | ast.stmt, start: int, end: int, new: str) -> None:
        old = self.raw[start:end].decode()
        self.found.append(Mutant(self.path, node.lineno, start, end, old, new))

    def whole(self, node: ast.expr | ast.stmt, new: str) -> None:
        assert node.end_lineno is not None and node.end_col_offset is not None
        self.add(node, self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset), new)

    def between(self, left: ast.expr, sign: ast.AST, right: ast.expr) -> None:
        """The operator between two operands: found in the text between them, brackets and comments apart."""
        if type(sign) not in SWAPS:
            return
        assert left.end_lineno is not None and left.end_col_offset is not None
        start, end = self.at(left.end_lineno, left.end_col_offset), self.at(right.lineno, right.col_offset)
        word = SIGNS[type(sign)]
        at = self.raw[start:end].decode().find(word)
        if at >= 0 and "#" not in self.raw[start:end].decode():
            self.add(right, start + at, start + at + len(word), SWAPS[type(sign)])

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, sign, right in zip([node.left, *node.comparators[:-1]], node.ops, node.comparators, strict=True):
            self.between(left, sign, right)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        words = (ast.JoinedStr, ast.Constant)
        if not (isinstance(node.left, words) and not _is_number(node.left)):
            self.between(node.left, node.op, node.right)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between(left, node.op, right)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            operand = ast.get_source_segment(self.raw.decode(), node.operand)
            self.whole(node, f"({operand})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.whole(node, str(not node.value))
        elif _is_number(node):
            self.whole(node, f"({node.value} + 1)" if isinstance(node.value, int) else f"({node.value} * 1.5)")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in WORDS:
            return
        if name in NAMES:
            assert node.func.end_lineno is not None and node.func.end_col_offset is not None
            end = self.at(node.func.end_lineno, node.func.end_col_offset)
            self.add(node, end - len(name), end, NAMES[name])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.whole(node, "pass")
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.visit(default)
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.whole(node, "pass")

    def visit_Assert(self, node: ast.Assert) -> None:
        """What must hold anyway."""

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "__name__ == '__main__'"):
            self.generic_visit(node)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def mutants_of(room: str) -> Iterator[Mutant]:
    """All mutants of a room that are still Python."""
    folder = HOUSE / PACKAGE / room
    for file in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        text = file.read_text("utf-8")
        if "@compiled" in text:
            continue
        places = Places(file.relative_to(HOUSE), text)
        places.visit(ast.parse(text))
        for mutant in places.found:
            try:
                ast.parse(changed(mutant))
            except SyntaxError:
                continue
            yield mutant


def changed(mutant: Mutant) -> str:
    raw = (HOUSE / mutant.path).read_bytes()
    return (raw[: mutant.start] + mutant.new.encode() + raw[mutant.end :]).decode()


PLUGIN = """
import time, coverage, pytest
from pathlib import Path

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    coverage.Coverage.current().switch_context(item.location[0])
    begun = time.perf_counter()
    yield
    with Path("seconds.tsv").open("a") as out:
        out.write(f"{item.location[0]}\\t{time.perf_counter() - begun:.3f}\\n")
"""


def copy_of_house(target: Path) -> None:
    parts = (
        "src",
        "tests",
        "benchmarks",
        "docs",
        "tools",
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "constraints.txt",
        "build_loops.py",
        "setup.py",
    )
    for part in parts:
        one = HOUSE / part
        if one.is_dir():
            shutil.copytree(one, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif one.exists():
            shutil.copy2(one, target / part)


def pytest_in(folder: Path, *arguments: str, under: tuple[str, ...] = (), timeout: float | None = None) -> int:
    """Exit code of pytest in a copy of the house; 124 where it took too long."""
    environment = os.environ | {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("ONCOURSE_TEST_DATA", str(HOUSE.parent / "shared" / "data"))
    command = [sys.executable, *under, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    try:
        return subprocess.run(command, cwd=folder, env=environment, timeout=timeout, capture_output=True).returncode
    except subprocess.TimeoutExpired:
        return 124


def reached(folder: Path, known: Path, tests: list[str]) -> tuple[dict[tuple[str, int], set[str]], dict[str, float]]:
    """(file, line) -> the test files that run it, and the seconds of each test file; measured once, kept in `known`."""
    import coverage

    if not (known / ".coverage").exists():
        (folder / "mutate_plugin.py").write_text(PLUGIN, "utf-8")
        (folder / ".coveragerc").write_text("[run]\nsource = src/oncourse\nrelative_files = true\n", "utf-8")
        code = pytest_in(folder, "-q", "-m", "not slow", "-p", "mutate_plugin", *tests, under=("-m", "coverage", "run"))
        if code:
            sys.exit(f"the default tests fail before anything was changed (exit {code})")
        known.mkdir(parents=True, exist_ok=True)
        for name in (".coverage", "seconds.tsv"):
            shutil.copy2(folder / name, known / name)
    data = coverage.CoverageData(basename=str(known / ".coverage"))
    data.read()
    seconds: dict[str, float] = defaultdict(float)
    for row in (known / "seconds.tsv").read_text("utf-8").splitlines():
        name, took = row.split("\t")
        seconds[name] += float(took)
    lines: dict[tuple[str, int], set[str]] = {}
    for file in data.measured_files():
        for line, contexts in data.contexts_by_lineno(file).items():
            lines[file, line] = {c for c in contexts if c}
    return lines, seconds


def kill(folder: Path, mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> str | None:
    """The test file that notices the mutant, or None."""
    file = folder / mutant.path
    whole = file.read_bytes()
    try:
        file.write_text(changed(mutant), "utf-8")
        for batch in batches(tests, seconds):
            limit = 60 + 4 * sum(seconds[t] for t in batch)
            if pytest_in(folder, "-q", "-x", "-m", "not slow", *batch, timeout=limit):
                return batch[0]
    finally:
        file.write_bytes(whole)
    return None


def batches(tests: list[str], seconds: dict[str, float]) -> Iterator[list[str]]:
    """Test files in runs of about ten seconds, the quickest first: most mutants die in the first."""
    batch: list[str] = []
    for test in sorted(tests, key=lambda t: seconds[t]):
        batch.append(test)
        if sum(seconds[t] for t in batch) > 10:
            yield batch
            batch = []
    if batch:
        yield batch


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument(
        "--rooms", nargs="+", default=["stats", "knowledge", "derive", "facts", "models", "analyses", "study"]
    )
    ask.add_argument("--n", type=int, default=200, help="mutants over all rooms, drawn at random")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--tests", nargs="*", default=[], help="only these tests, for a quick look (default: all)")
    ask.add_argument("--known", type=Path, default=HOUSE / ".mutate", help="folder of the one run under coverage.py")
    ask.add_argument("--out", type=Path, default=Path("mutants.tsv"))
    given = ask.parse_args()
    every = [m for room in given.rooms for m in mutants_of(room)]
    drawn = random.Random(given.seed).sample(every, min(given.n, len(every)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_of_house(folder)
        lines, seconds = reached(folder, given.known, given.tests)
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        with given.out.open("w", encoding="utf-8") as out:
            out.write("room\tfile\tline\told\tnew\tkilled_by\tseconds\n")
            for mutant in drawn:
                begun = time.perf_counter()
                by = kill(folder, mutant, sorted(lines.get((str(mutant.path), mutant.line), ())), seconds)
                counts[mutant.room][0] += 1
                counts[mutant.room][1] += by is None
                took = time.perf_counter() - begun
                old, new = (" ".join(text.split()) for text in (mutant.old, mutant.new))
                row = [mutant.room, str(mutant.path), str(mutant.line), old, new, by or "SURVIVED", f"{took:.0f}"]
                out.write("\t".join(row) + "\n")
                out.flush()
    for room, (n, alive) in sorted(counts.items()):
        print(f"{room}\t{n} mutants\t{alive} survived\t{100 * (n - alive) / n:.0f} % killed")


if __name__ == "__main__":
    main()
