"""Break lines of the package on purpose, one at a time, and count what the default tests do not notice.

    python tools/mutate.py --rooms stats knowledge derive --n 200 --seed 1 --out mutants.tsv

A mutant changes the meaning of one place: a comparison, an arithmetic or boolean operator, a number, True or False,
`min` for `max`, `any` for `all`, a `not` or a statement left out. Words for readers (documentation, texts of tables
and settings, messages of errors), annotations, guards and caps on iterations are left alone, and so are how many examples
a message shows, where a drawing puts its words and how large it is, and files of compiled loops: they would have to be
built anew for each. A mutant is given to the near tests that reach it, the nearest first (`mutate_tests.py`), until one
fails; those that are left, a few together, to all others that reach them (`mutate_groups.py`). What each test reaches is
measured once under coverage.py, and kept in `.mutate`: of the near ones when they are asked for, of all with `--map` (ten
CPU minutes), without which far ones are not asked. After `--limit` CPU seconds of far tests a mutant counts as one that
nobody noticed; a test that fails on the unchanged house too has noticed nothing. A survivor may be equal to the original
(`<` for `<=` between reals): read the list, close what matters, and write what is equal, with its reason, to
`equal_mutants.tsv`: set aside there, it is not asked and counts neither way.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutate_groups import Change, apart, noticed
from mutate_tests import Reach, cpu_seconds, prepare

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
#: Calls whose arguments are words for readers, of logs and of the terminal too, or sizes of caches.
WORDS = {
    *("Column", "Table", "TableDoc", "field", "setting", "InputError", "ConfigError", "NotEnoughData", "Problem"),
    *("echo", "debug", "info", "warning", "lru_cache", "cache"),
}

#: What is promised to the type checker or holds anyway (`frozen`, `zip(strict=...)`), and what only a printed object shows.
#: The order that `maintain_order` keeps is lost in large tables alone.
GUARDS = {"frozen", "strict", "repr", "slots", "maintain_order", "check_sortedness"}
#: Calls that say where a drawing puts its words, and how large it is.
LAYOUT = {
    *("text", "annotate", "subplots", "drawing", "legend", "margins", "subplots_adjust", "set_size_inches"),
    *("set_xlim", "set_ylim", "set_title", "set_xlabel", "set_ylabel", "tick_params", "add_axes"),
}
#: Mutants that change nothing anybody could see: file, its line, old, new, why. They are set aside where they survive.
EQUAL = Path(__file__).with_name("equal_mutants.tsv")


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
        self.is_drawing = path.is_relative_to(PACKAGE / "plots") or path == PACKAGE / "report" / "micro.py"
        #: how many messages and lists of examples a place stands in
        self.telling = 0

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
        elif _is_number(node) and (changed := _another(node.value)):
            self.whole(node, changed)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in WORDS or (name in LAYOUT and self.is_drawing):
            return
        if name == "join":
            self.told(node)
            return
        if name in NAMES:
            assert node.func.end_lineno is not None and node.func.end_col_offset is not None
            end = self.at(node.func.end_lineno, node.func.end_col_offset)
            self.add(node, end - len(name), end, NAMES[name])
        self.generic_visit(node)

    def told(self, node: ast.AST) -> None:
        self.telling += 1
        self.generic_visit(node)
        self.telling -= 1

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.told(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        """`names[:5]` in a message: how many examples it shows."""
        if not self.telling:
            self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Of a drawing the numbers given by name are how it looks: widths, sizes, shades."""
        cosmetic = self.is_drawing and isinstance(node.value, ast.Constant)
        if node.arg not in GUARDS and not cosmetic:
            self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        """`for _ in range(60)`: the number of rounds is a cap on an iteration that ends when it has converged."""
        for part in node.body if ast.unparse(node.target) == "_" else [node.iter, *node.body]:
            self.visit(part)

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


def _another(number: float) -> str | None:
    """Another number; none for one that stands for nothing, all or the limit of precision (1e-12, 1e-300)."""
    if isinstance(number, int):
        return f"({number} + 1)"
    if number == 0:
        return "1.0"
    return f"({number} * 1.5)" if 1e-6 < abs(number) < 1e6 else None


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def rooms() -> list[str]:
    """Every room of the house, and its files of no room."""
    inside = sorted((HOUSE / PACKAGE).iterdir())
    return [p.stem for p in inside if p.suffix == ".py" or (p.is_dir() and p.name != "__pycache__")]


def mutants_of(room: str) -> Iterator[Mutant]:
    """All mutants of a room."""
    folder, left_out = HOUSE / PACKAGE / room, compiled_files()
    for file in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        if file in left_out:
            continue
        text = file.read_text("utf-8")
        places = Places(file.relative_to(HOUSE), text)
        places.visit(ast.parse(text))
        yield from places.found


def compiled_files() -> set[Path]:
    """The files of loops (`ROOMS` of `compiled.py`): a changed one is refused by every test, not noticed by one."""
    tree = ast.parse((HOUSE / PACKAGE / "compiled.py").read_text("utf-8"))
    (rooms,) = (n.value for n in tree.body if isinstance(n, ast.AnnAssign) and ast.unparse(n.target) == "ROOMS")
    assert rooms is not None
    modules = [name for names in ast.literal_eval(rooms).values() for name in names]
    return {HOUSE / PACKAGE / f"{name.replace('.', '/')}.py" for name in modules}


def is_python(mutant: Mutant) -> bool:
    try:
        ast.parse(changed(mutant))
    except SyntaxError:
        return False
    return True


def changed(mutant: Mutant, house: Path = HOUSE) -> str:
    raw = (house / mutant.path).read_bytes()
    return (raw[: mutant.start] + mutant.new.encode() + raw[mutant.end :]).decode()


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


def key(mutant: Mutant) -> tuple[str, ...]:
    """What a mutant is told by in a list, whatever stands before it in its file."""
    old, new = (" ".join(text.split()) for text in (mutant.old, mutant.new))
    return str(mutant.path), str(mutant.line), old, new


def drawn(every: dict[str, list[Mutant]], n: int, each: bool, seed: int, again: Path | None) -> list[Mutant]:
    """`n` mutants of each room, or of all rooms together; or the survivors of an earlier list."""
    if again is not None:
        rows = [line.split("\t") for line in again.read_text("utf-8").splitlines()]
        wanted = {tuple(row[1:5]) for row in rows if row[5].startswith("SURVIVED")}
        return [m for mutants in every.values() for m in mutants if key(m) in wanted]
    groups = list(every.values()) if each else [[m for mutants in every.values() for m in mutants]]
    shuffled = (random.Random(seed).sample(g, len(g)) for g in groups)
    return [m for g in shuffled for m in itertools.islice(filter(is_python, g), n)]


class Kept:
    """The list that is written: a row per verdict, as it is found; of a mutant the last row counts.

    A run that was ended goes on where the list ends.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.verdicts = file, dict[tuple[str, ...], str]()
        if file.exists():
            rows = (line.split("\t") for line in file.read_text("utf-8").splitlines()[1:])
            self.verdicts = {tuple(row[1:5]): row[5] for row in rows}
        else:
            file.write_text("room\tfile\tline\told\tnew\tnoticed by\n", "utf-8")

    def of(self, mutant: Mutant) -> str | None:
        return self.verdicts.get(key(mutant))

    def add(self, mutant: Mutant, by: str) -> None:
        self.verdicts[key(mutant)] = by
        row = "\t".join([mutant.room, *key(mutant), by])
        with self.file.open("a", encoding="utf-8") as out:
            out.write(row + "\n")
        print(f"{cpu_seconds():.0f} s\t{row[:300]}", file=sys.stderr, flush=True)


#: Not noticed at the first look; the far tests were not asked yet.
LEFT = "left"


def judge(mutants: list[Mutant], reach: Reach, kept: Kept, limit: float, size: int) -> None:
    """Say of each mutant which test noticed it: first the near tests of each, then all others of a few at once.

    All is read from the copy: the house itself may be worked on meanwhile.
    """
    equal = set_aside()
    for mutant in mutants:
        if kept.of(mutant) is None:
            text = changed(mutant, reach.folder)
            by = equal.get(told(mutant, reach.folder)) or reach.first(mutant.path, mutant.line, text)
            kept.add(mutant, by or LEFT)
    left = {Change(m.path, m.line, m.start, m.end, m.new): m for m in mutants if kept.of(m) == LEFT}
    for group in apart(list(left), size):
        found, all_asked = noticed(group, reach, limit)
        for change in group:
            kept.add(left[change], found.get(change, "SURVIVED" if all_asked else "SURVIVED the tests of its limit"))


def told(mutant: Mutant, house: Path) -> tuple[str, ...]:
    """A mutant by the text of its line, which stays where lines are put in before it."""
    line = (house / mutant.path).read_text("utf-8").splitlines()[mutant.line - 1].strip()
    return (str(mutant.path), line, *key(mutant)[2:])


def set_aside() -> dict[tuple[str, ...], str]:
    rows = [line.split("\t") for line in EQUAL.read_text("utf-8").splitlines()[1:]]
    return {tuple(row[:4]): f"EQUAL: {row[4]}" for row in rows}


def exact_limits(k: int, n: int) -> tuple[float, float]:
    """95 % limits of a share after Clopper and Pearson (1934): of 0 of 0 none.

    >>> [round(x, 3) for x in exact_limits(170, 200)]  # R 4.2: binom.test(170, 200)
    [0.793, 0.896]
    """
    from scipy.stats import beta

    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    return low, float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--rooms", nargs="+", default=rooms(), help="default: the whole house")
    ask.add_argument("--n", type=int, default=200, help="mutants over all rooms, drawn at random")
    ask.add_argument("--each", action="store_true", help="as many of each room")
    ask.add_argument("--again", type=Path, help="the survivors of an earlier list, instead of new ones")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument(
        "--limit", type=float, default=60.0, help="CPU seconds of far tests of one mutant; then it survives"
    )
    ask.add_argument("--size", type=int, default=6, help="mutants that are given to the far tests together")
    ask.add_argument("--map", action="store_true", help="measure first what every test file reaches")
    ask.add_argument("--known", type=Path, default=HOUSE / ".mutate", help="folder of what each test file reaches")
    ask.add_argument("--out", type=Path, default=Path("mutants.tsv"))
    given = ask.parse_args()
    every = {room: list(mutants_of(room)) for room in given.rooms}
    mutants = drawn(every, given.n, given.each, given.seed, given.again)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_of_house(folder)
        prepare(HOUSE, folder)
        reach = Reach(folder, given.known.resolve())
        if given.map:
            reach.learn_all()
        kept = Kept(given.out)
        judge(mutants, reach, kept, given.limit, given.size)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for mutant in mutants:
        for room in (mutant.room, "all"):
            counts[room][0] += 1
            counts[room][1] += kept.verdicts[key(mutant)].startswith("SURVIVED")
            counts[room][2] += kept.verdicts[key(mutant)].startswith("EQUAL")
    for room, (n, alive, equal) in sorted(counts.items()):
        judged_ones = n - equal
        low, high = exact_limits(judged_ones - alive, judged_ones)
        share = 100 * (judged_ones - alive) / max(judged_ones, 1)
        limits = f"95 % limits {100 * low:.0f}-{100 * high:.0f} %"
        print(f"{room}\t{n} mutants\t{equal} set aside\t{alive} survived\t{share:.0f} % noticed\t{limits}")


if __name__ == "__main__":
    main()
