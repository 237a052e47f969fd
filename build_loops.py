"""Compile the loops of one room to an object file: `python build_loops.py ROOM FILE.o`.

numba's ahead-of-time compiler makes machine code that needs numpy alone; numba itself is a build requirement and is
gone once oncourse is installed. `setup.py` calls this once per room, in a process of its own.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
import warnings
from pathlib import Path

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

SOURCE = Path(__file__).parent / "src"
_SCALARS = {
    "i1": types.int8,
    "u1": types.uint8,
    "i4": types.int32,
    "i8": types.int64,
    "u8": types.uint64,
    "f4": types.float32,
    "f8": types.float64,
    "b1": types.boolean,
}


def type_of(kind):
    """Return numba's type of an argument as a door names it."""
    if kind.startswith("("):
        return types.Tuple([type_of(part) for part in kinds_of(kind[1:-1])])
    if kind.endswith("]"):
        name, axes = kind.rstrip("]").split("[")
        return types.Array(_SCALARS[name], axes.count(":"), "C")
    return _SCALARS[kind]


def kinds_of(door):
    from oncourse.compiled import types_of

    return types_of(door)


@intrinsic
def _to_bits(_context, value):
    def build(_context, builder, _signature, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), build


@intrinsic
def _from_bits(_context, value):
    def build(_context, builder, _signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), build


_BITS = {"to": _to_bits, "from": _from_bits}


def doors_of(room):
    """Import the modules of a room as compilable functions; return symbol, function and argument types of each door."""
    from oncourse import compiled

    doors = []

    def build(function, door, options):
        options = dict(options)
        if "bits" in options:
            return _BITS[options["bits"]]
        loop = numba.njit(nogil=True, **options)(function)
        if door is not None and function.__module__.removeprefix("oncourse.") in compiled.ROOMS[room]:
            kinds = compiled.types_of(door)
            doors.append((compiled.symbol(function), _entry(loop, len(kinds)), tuple(map(type_of, kinds))))
        return loop

    compiled.builder = build
    for module in compiled.ROOMS[room]:
        importlib.import_module(f"oncourse.{module}")
    return doors


def _entry(loop, n):
    """A function that calls the loop: exported, it leaves the loop its own options."""
    names = ", ".join(f"a{i}" for i in range(n))
    space = {"loop": loop}
    exec(f"def entry({names}):\n    return loop({names})", space)
    return space["entry"]


def compiler_of(room):
    """Return numba's ahead-of-time compiler with the doors of a room."""
    warnings.filterwarnings("ignore", category=numba.core.errors.NumbaPendingDeprecationWarning)
    warnings.filterwarnings("ignore", category=numba.core.errors.NumbaPerformanceWarning)
    from numba.pycc import CC, compiler

    from oncourse.compiled import VECTOR_CPU, VECTORS

    plain = compiler.Flags

    def without_lock():
        flags = plain()
        flags.release_gil = True
        return flags

    compiler.Flags = without_lock
    cc = CC(f"_loops_{room}", source_module=sys.modules[__name__])
    if room in VECTORS and platform.machine() in ("x86_64", "AMD64"):
        cc.target_cpu = VECTOR_CPU
    for name, entry, signature in doors_of(room):
        cc.export(name, signature)(entry)
    return cc


def sources_of(room):
    """Return C sources, macros and include folders that go into the extension module beside the object file."""
    from numba.pycc import CC

    cc = CC(f"_loops_{room}", source_module=sys.modules[__name__])
    return cc._get_mixin_sources(), cc._get_mixin_defines(), cc._toolchain.get_python_include_dirs()


def main(room, target):
    sys.path.insert(0, str(SOURCE))
    cc = compiler_of(room)
    folder = Path(target).parent
    (found,), _ = cc._compile_object_files(str(folder))
    Path(found).replace(target)


if __name__ == "__main__":
    if not re.fullmatch(r"[a-z]+", sys.argv[1]):
        sys.exit(__doc__)
    main(*sys.argv[1:])
