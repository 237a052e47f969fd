"""Every cut-off, prior, grid and default of the house, by module and name: none changes without being seen.

`tests/answers/constants/ROOM.txt` is the list; `pytest tests/test_constants.py --accept` writes it after a change that is
wanted, and its diff is what a reviewer holds against the source named beside the constant.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import FunctionType

import numpy as np
import polars as pl
import pytest
from tests.golden import ANSWERS
from tests.kept_numbers import moved

import oncourse

KEPT = ANSWERS / "constants"
#: Numbers of one constant that are written out; of more their number, sum and a sum weighted by place.
WHOLE = 24
#: Names of constants; what is filled as analyses are imported is none.
CONSTANT, FILLED = re.compile(r"_?[A-Z][A-Z0-9_]*$"), {"_REGISTRY"}
SOURCE = Path(oncourse.__file__).parent
FILES = {  # module -> its file; the machine code of loops has none
    ".".join(("oncourse", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in sorted(SOURCE.rglob("*.py"))
    if (file.name != "__main__.py" and file.parent != SOURCE) or file.name not in ("__init__.py", "__main__.py")
}
MODULES = [name for name, file in FILES.items() if file.read_text("utf-8").strip()]
ROOMS = sorted({name.split(".")[1] for name in MODULES})


def numbers_of(value, depth=0) -> list[float]:
    """Every number and yes or no in a value of plain data, in order; of words, functions and tables none."""
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return [float(value)]
    if isinstance(value, np.ndarray):
        return value.ravel().astype(float).tolist() if value.dtype.kind in "biuf" else []
    if depth > 6 or isinstance(value, (str, bytes, pl.DataFrame, pl.Series)):
        return []
    if isinstance(value, Mapping):
        return [x for k, v in value.items() for part in (k, v) for x in numbers_of(part, depth + 1)]
    if isinstance(value, (set, frozenset)):
        return [x for part in sorted(value, key=str) for x in numbers_of(part, depth + 1)]
    if isinstance(value, (tuple, list)):
        return [x for part in value for x in numbers_of(part, depth + 1)]
    if is_dataclass(value) and not isinstance(value, type):
        return [x for f in fields(value) for x in numbers_of(getattr(value, f.name), depth + 1)]
    return []


def defaults_of(function) -> list[float]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [x for p in parameters if p.default is not p.empty for x in numbers_of(p.default)]


def constants_of(module) -> Iterator[tuple[str, list[float]]]:
    """Name -> numbers of what a module itself defines: constants, defaults of functions and of the fields of classes."""
    tree = ast.parse(FILES[module.__name__].read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                if CONSTANT.match(name) and name not in FILLED and not isinstance(getattr(module, name, None), type):
                    yield name, numbers_of(getattr(module, name, None))
        elif isinstance(node, ast.FunctionDef):
            yield f"{node.name}()", defaults_of(getattr(module, node.name, None))
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(getattr(module, node.name))


def _of_class(cls) -> Iterator[tuple[str, list[float]]]:
    if is_dataclass(cls):
        defaults = {f.name: f.default for f in fields(cls) if f.default is not MISSING}
    else:
        defaults = dict(getattr(cls, "_field_defaults", {}))
        defaults |= {k: v for k, v in vars(cls).items() if not k.startswith("_")}
    for name, value in defaults.items():
        if not isinstance(value, FunctionType):
            yield f"{cls.__name__}.{name}", numbers_of(value)
    for name, value in vars(cls).items():
        if (
            isinstance(value, FunctionType)
            and (name == "__init__" or not name.startswith("__"))
            and not is_dataclass(cls)
        ):
            yield f"{cls.__name__}.{name}()", defaults_of(value)


def _row(values: list[float]) -> str:
    if len(values) <= WHOLE:
        return " ".join(f"{v:.7g}" for v in values)
    finite = [v if math.isfinite(v) else -1.0 for v in values]
    sums = sum(finite), sum(v * math.cos(i + 1.0) for i, v in enumerate(finite))
    return f"{len(values)} numbers, sums " + " ".join(f"{v:.7g}" for v in sums)


@pytest.mark.parametrize("room", ROOMS)
def test_no_constant_of_a_room_changes_unseen(room, request):
    lines = []
    for name in MODULES:
        if name.split(".")[1] == room:
            found = constants_of(importlib.import_module(name))
            lines += [f"{name.removeprefix('oncourse.')} {what}: {_row(v)}" for what, v in found if v]
    file = KEPT / f"{room}.txt"
    if request.config.getoption("--accept"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        if lines:
            file.write_text("\n".join(lines) + "\n", "utf-8")
        return
    different = moved(file.read_text("utf-8") if file.exists() else "", lines)
    assert not different, "`pytest --accept` if this is wanted:\n" + "\n".join(different[:20])
