"""The house: what lint-imports does not say of its files."""

from __future__ import annotations

import ast
import gc
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

HOUSE = Path(__file__).resolve().parents[1]
#: What a compiled loop calls stands in its file, so that it is compiled with it; cases of `verify` are told in words by
#: their mark.
APART = ("_kernel", "/_", "verify/")
#: Lines past which a file tells its parts.
LONGEST = 600


@pytest.fixture(scope="module")
def trees():
    """Every file of the package, parsed."""
    files = sorted((HOUSE / "src" / "oncourse").rglob("*.py"))
    gc.disable()  # a million nodes that are kept need not be walked again and again
    try:
        return {str(f.relative_to(HOUSE / "src")): ast.parse(f.read_text("utf-8")) for f in files}
    finally:
        gc.enable()


@pytest.fixture(scope="module")
def nodes(trees):
    """Every node of every file that says something: whether a name is read or set is no node of its own here."""
    return {file: list(_walked(tree)) for file, tree in trees.items()}


def _walked(tree):
    """`ast.walk` without the contexts of names, in half of its time."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        for name in node._fields:
            below = getattr(node, name, None)
            if type(below) is list:
                left += [n for n in below if isinstance(n, ast.AST)]
            elif isinstance(below, ast.AST) and not isinstance(below, ast.expr_context):
                left.append(below)


def test_no_files_import_each_other_in_a_circle():
    """Imports inside functions count, those for annotations alone do not; a circle is a CycleError that names it."""
    graph = grimp.build_graph("oncourse", exclude_type_checking_imports=True, cache_dir=None)
    TopologicalSorter({m: graph.find_modules_directly_imported_by(m) for m in graph.modules}).prepare()
    assert len(graph.modules) > 600


def test_no_file_is_past_six_hundred_lines():
    files = [f for room in ("src", "tests", "tools", "benchmarks") for f in (HOUSE / room).rglob("*.py")]
    lengths = {str(f.relative_to(HOUSE)): f.read_text("utf-8").count("\n") for f in files}
    assert len(lengths) > 1_000 and {f: n for f, n in lengths.items() if n > LONGEST} == {}


def test_what_is_public_says_what_it_is(trees):
    silent = [
        f"{file}: {node.name}"
        for file, tree in trees.items()
        if not any(part in file for part in APART)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_file_takes_what_another_keeps_to_itself(nodes):
    """A name that begins with a line is of its file alone; modules of that spelling are of their room."""
    modules = {file.removesuffix(".py").rsplit("/", 1)[-1] for file in nodes}
    taken = [
        f"{file}: {name.name} of {node.module}"
        for file, found in nodes.items()
        if "_kernel" not in file
        for node in found
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oncourse")
        for name in node.names
        if name.name.startswith("_") and not name.name.startswith("__") and name.name not in modules
    ]
    assert taken == []


def test_no_two_files_have_the_same_function(trees):
    """Of more than a line: a second home of one thing drifts from the first."""
    homes = defaultdict(set)
    for file, tree in trees.items():
        if any(part in file for part in APART[:2]):
            continue
        lines = (HOUSE / "src" / file).read_text("utf-8").splitlines()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                told = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
                text = "\n".join(lines[node.body[told].lineno - 1 : node.end_lineno]) if node.body[told:] else ""
                if len(text) > 60:
                    homes[text].add(f"{file}: {node.name}")
    assert [sorted(same) for same in homes.values() if len({h.split(":")[0] for h in same}) > 1] == []


def _is_null(node):
    """Whether an expression is `pl.lit(None ...)`, whatever is done with it."""
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) == "pl.lit"]
    return any(call.args and ast.unparse(call.args[0]) == "None" for call in calls)


def _of_columns(node):
    """Whether an expression ends with the columns of something."""
    while isinstance(node, ast.BoolOp | ast.Compare | ast.UnaryOp):
        node = (
            node.values[-1]
            if isinstance(node, ast.BoolOp)
            else node.comparators[-1]
            if isinstance(node, ast.Compare)
            else node.operand
        )
    return isinstance(node, ast.Attribute) and node.attr == "columns"


def test_a_column_that_may_be_lacking_is_read_by_one_helper(nodes):
    """`study.frames`: `optional` for one column, `with_optional` for several."""
    own = [
        f"{file}:{node.lineno}"
        for file, found in nodes.items()
        if not file.endswith("study/frames.py")
        for node in found
        if (isinstance(node, ast.IfExp) and _of_columns(node.test) and _is_null(node.orelse))
        or (
            isinstance(node, ast.GeneratorExp | ast.ListComp)
            and any(_of_columns(test) for part in node.generators for test in part.ifs)
            and _is_null(node.elt)
        )
    ]
    assert own == []


def test_no_function_is_past_a_hundred_lines(nodes):
    """Its docstring apart. A compiled loop is one function, so that it is compiled as one."""
    longest = {}
    for file, found in nodes.items():
        for node in found:
            if not isinstance(node, ast.FunctionDef):
                continue
            compiled = "_kernel" in file or "compiled" in "".join(map(ast.unparse, node.decorator_list))
            if not compiled:
                told = node.body[0] if ast.get_docstring(node) else None
                docstring = told.end_lineno - told.lineno + 1 if told else 0
                longest[f"{file}: {node.name}"] = node.end_lineno - node.lineno + 1 - docstring
    assert len(longest) > 3_000 and {f: n for f, n in longest.items() if n > 100} == {}
