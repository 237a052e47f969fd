"""The mark of a loop that is compiled when oncourse is built; nothing is compiled at run time.

A marked function is plain Python and says what is computed. `python setup.py build_ext --inplace` (or `pip install`)
makes machine code of it, one extension module per room (`ROOMS`). A loop that is called from outside of the loops is a
door: its mark names the types of its arguments. At run time a door leads to the machine code; where that was not built,
to the Python function itself, slower by a factor of a hundred, with one warning.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
import importlib.util
import json
import platform
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

#: Room -> modules with loops, by their name inside the package. Built into `oncourse._loops_<room>`.
ROOMS: dict[str, tuple[str, ...]] = {
    "clinical": (
        "derive.clinical._bone_kernel",
        "derive.clinical._psa_kernel",
        "derive.clinical._response_kernel",
    ),
    "stats": (
        "stats._algebra",
        "stats._cox",
        "stats._cox_newton",
        "stats._cox_profile",
        "stats._firth",
        "stats._fisher",
        "stats._scan",
        "stats._scan_models",
        "stats._venzon",
    ),
    "models": ("models._descent", "models.metrics", "models.risk_sets"),
    "presence": ("evolution._reads_kernels", "evolution.presence_kernels"),
    "clusters": (
        "evolution._fast_math",
        "evolution._likelihood_kernels",
        "evolution.clustering._average_kernels",
        "evolution.clustering._cluster_kernels",
        "evolution.clustering._noise_kernels",
    ),
    "reads": ("reads._site_kernels",),
    "trees": (
        "evolution.seeding._migration_kernels",
        "evolution.seeding._sample_tree_kernels",
        "evolution.seeding._seeding_kernels",
        "evolution.trees._chain_kernels",
        "evolution.trees._enumerate_kernels",
        "evolution.trees._evidence_kernels",
        "evolution.trees._tree_kernels",
    ),
}
#: Rooms whose machine code on x86-64 is for processors with AVX2 and FMA (x86-64-v3, since 2013), twice as fast; the
#: others' is for any. polars as it is installed asks for the same, so that nobody is left out.
VECTORS = ("presence", "clusters")
VECTOR_CPU = "x86-64-v3"
#: Loops of another room that those of `VECTORS` call.
SHARED = ("evolution._fast_math",)
_ROOM_OF = {module: room for room, modules in ROOMS.items() for module in modules}
_HERE = Path(__file__).parent
Mark = Callable[[Callable[..., Any]], Any]
#: Set while oncourse is built: takes a function, the types of its arguments (None: no door) and the options.
builder: Callable[[Callable[..., Any], str | None, dict[str, Any]], Any] | None = None


def compiled(door: str | None = None, **options: Any) -> Mark:
    """Mark a loop.

    Parameters
    ----------
    door : types of the arguments of a loop that is called from outside: ``i8``, ``f8``, ``b1`` (integer, float, truth),
        ``f8[:,:]`` a C-contiguous array, ``(i8, f8[:])`` a tuple
    options : how the machine code may differ from the Python one: ``error_model="numpy"`` (a division by zero is
        infinite), ``fastmath`` (the order of sums), ``inline``; ``_nrt=False`` of a loop that makes no array: references
        to those it is given are not counted, which costs more than many a sum
    """

    def mark(function: Callable[..., Any]) -> Any:
        if builder is not None:
            return builder(function, door, options)
        return function if door is None else _door(function, door)

    return mark


def symbol(function: Callable[..., Any]) -> str:
    """Return the name of a door in the extension module of its room."""
    module = function.__module__.removeprefix("oncourse.")
    return f"{module.replace('.', '__')}__{function.__name__}"


def modules_of(room: str) -> list[str]:
    """Return the modules whose sources make the machine code of a room: its own, and the `SHARED` ones that it calls."""
    return [*ROOMS[room], *(m for m in SHARED if room in VECTORS and m not in ROOMS[room])]


def digest(room: str) -> str:
    """Return the SHA-256 of the sources of a room, and of the processors it is compiled for where these are not any;
    `_loops.json` holds that of those that were compiled."""
    files = [_HERE / f"{module.replace('.', '/')}.py" for module in modules_of(room)]
    processors = VECTOR_CPU.encode() if room in VECTORS else b""
    return hashlib.sha256(b"".join([*(file.read_bytes() for file in files), processors])).hexdigest()


@functools.cache
def folder_of(room: str) -> Path | None:
    """Return where the machine code of these very sources is: here, or in an installed oncourse on the path; else
    None."""
    wanted = digest(room)
    for folder in (_HERE, *(Path(entry) / "oncourse" for entry in sys.path)):
        known = folder / "_loops.json"
        if known.is_file() and json.loads(known.read_text()).get(room) == wanted:
            return folder
    return None


def uncompiled() -> list[str]:
    """Return the rooms that were not compiled, whose sources have changed since, or that this processor cannot run."""
    return [room for room in ROOMS if folder_of(room) is None or (room in VECTORS and not has_vectors())]


def types_of(door: str) -> list[str]:
    """Return the type of each argument.

    >>> types_of("i8, f8[:,:], (i8, b1[:])")
    ['i8', 'f8[:,:]', '(i8, b1[:])']
    """
    return re.findall(r"\([^)]*\)|\w+(?:\[[^\]]*\])?", door)


def _door(function: Callable[..., Any], door: str) -> Callable[..., Any]:
    fast = getattr(_extension(_ROOM_OF[function.__module__.removeprefix("oncourse.")]), symbol(function), None)
    if fast is None:
        return function
    kinds, names = types_of(door), function.__code__.co_varnames[: function.__code__.co_argcount]
    arrays = [(i, *_array_type(kind)) for i, kind in enumerate(kinds) if kind.endswith("]")]

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        if named:
            args += tuple(named[name] for name in names[len(args) :])
        if len(args) != len(kinds):
            raise TypeError(f"{function.__name__} takes {len(kinds)} arguments, not {len(args)}")
        ready, changed = list(args), []
        for i, dtype, n_axis in arrays:
            given = args[i]
            if given.ndim != n_axis:
                raise TypeError(f"argument {i + 1} of {function.__name__} has {given.ndim} axes, not {n_axis}")
            if given.dtype != dtype or not given.flags.c_contiguous:
                ready[i] = given.astype(dtype, order="C", casting="safe")
                changed.append(i)
        out = fast(*ready)
        for i in changed:  # a loop may write to its arguments
            if args[i].flags.writeable:
                args[i][...] = ready[i]
        return out

    return call


def _array_type(kind: str) -> tuple[Any, int]:
    import numpy as np

    name, axes = kind.rstrip("]").split("[")
    return np.dtype(name), axes.count(":")


@functools.cache
def _extension(room: str) -> ModuleType | None:
    folder = folder_of(room) if has_vectors() or room not in VECTORS else None
    for suffix in importlib.machinery.EXTENSION_SUFFIXES if folder else ():
        file = Path(folder or "") / f"_loops_{room}{suffix}"
        if file.is_file():
            spec = importlib.util.spec_from_file_location(f"oncourse._loops_{room}", file)
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    _warn_once()
    return None


@functools.cache
def has_vectors() -> bool:
    """Whether this machine runs the code of `VECTORS`: another architecture does (its code is for any), as do x86-64
    processors with AVX2 and FMA."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    known = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    return bool(known["AVX2"] and known["FMA3"])


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "oncourse runs uncompiled and slowly: its loops were not built, or changed since. Run `make build` "
        "(python setup.py build_ext --inplace), or install a wheel; on x86-64 clones need a processor with AVX2 and FMA",
        RuntimeWarning,
        stacklevel=2,
    )
