"""Plain data as rows of a table and back: numbers, text, arrays, frames, tuples, dicts, and dataclasses of oncourse."""

from __future__ import annotations

import dataclasses
import importlib
import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

#: One value: what it is, its shape (or how many values follow that belong to it), its bytes.
Row = tuple[str, list[int], bytes]
#: What is kept of a value; in the name of every entry, so that those of another are not read.
LAYOUT = 2
SCHEMA: dict[str, Any] = {"kind": pl.String, "shape": pl.List(pl.Int64), "data": pl.Binary}


def pack(value: Any) -> Iterator[Row]:
    """Yield the rows of a value, its parts after it; TypeError for what is no plain data.

    Examples
    --------
    >>> unpack(iter(list(pack({"a": (1, 2.5, None), "b": np.arange(3)}))))
    {'a': (1, 2.5, None), 'b': array([0, 1, 2])}
    """
    if value is None:
        yield "none", [], b""
    elif isinstance(value, np.generic):
        yield f"scalar {value.dtype.str}", [], value.tobytes()
    elif isinstance(value, bool | int):
        yield type(value).__name__, [], str(int(value)).encode()
    elif isinstance(value, float):
        yield "float", [], struct.pack("<d", value)
    elif isinstance(value, str):
        yield "str", [], value.encode()
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        axes = _axes(value)
        kind = f"array {value.dtype.str} {','.join(map(str, axes))}".rstrip()
        yield kind, list(value.shape), np.ascontiguousarray(value.transpose(axes) if axes else value).tobytes()
    elif isinstance(value, pl.DataFrame):
        yield "frame", list(value.shape), _frame_bytes(value)
    elif isinstance(value, tuple | list):
        yield type(value).__name__ if type(value) in (tuple, list) else "tuple", [len(value)], b""
        for part in value:
            yield from pack(part)
    elif isinstance(value, frozenset):
        yield "frozenset", [len(value)], b""
        for part in sorted(value):
            yield from pack(part)
    elif isinstance(value, dict):
        yield "dict", [len(value)], b""
        for key, part in value.items():
            yield from pack(key)
            yield from pack(part)
    elif dataclasses.is_dataclass(value) and type(value).__module__.startswith("oncourse."):
        parts = [getattr(value, f.name) for f in dataclasses.fields(value)]
        yield "dataclass", [len(parts)], f"{type(value).__module__}:{type(value).__qualname__}".encode()
        for part in parts:
            yield from pack(part)
    else:
        raise TypeError(f"{type(value).__name__} is no plain data")


def _axes(value: np.ndarray) -> list[int]:
    """Axes from the farthest to the nearest in memory; none where that is their order.

    It is kept: a sum over an array that lies otherwise adds in another order, and its last digit is another.
    """
    if value.flags.c_contiguous:
        return []
    axes = np.argsort([-abs(step) for step in value.strides], kind="stable").tolist()
    return [] if axes == sorted(axes) else list(axes)


def unpack(rows: Iterator[Row]) -> Any:
    """Return the value of the next rows, as `pack` made them; ValueError where they are not."""
    kind, shape, data = next(rows)
    word, _, dtype = kind.partition(" ")
    if word == "array":
        dtype, _, text = dtype.partition(" ")
        axes = [int(a) for a in text.split(",") if a]
        lying = np.frombuffer(data, np.dtype(dtype)).reshape([shape[a] for a in axes] if axes else shape).copy()
        return lying.transpose(np.argsort(axes)) if axes else lying
    if word == "scalar":
        return np.frombuffer(data, np.dtype(dtype))[0]
    if word in _SIMPLE:
        return _SIMPLE[word](data)
    if word in _MANY:
        return _MANY[word](unpack(rows) for _ in range(shape[0]))
    if word == "dict":
        return {unpack(rows): unpack(rows) for _ in range(shape[0])}
    if word == "dataclass":
        return _class(data.decode())(*[unpack(rows) for _ in range(shape[0])])
    raise ValueError(f"unknown kind of data {kind!r}")


_MANY: dict[str, Any] = {"tuple": tuple, "list": list, "frozenset": frozenset}
_SIMPLE: dict[str, Any] = {
    "none": lambda data: None,
    "bool": lambda data: data == b"1",
    "int": int,
    "float": lambda data: struct.unpack("<d", data)[0],
    "str": lambda data: data.decode(),
    "frame": lambda data: pl.read_ipc(io.BytesIO(data)),
}


def _class(name: str) -> Any:
    module, _, qualified = name.partition(":")
    found = getattr(importlib.import_module(module), qualified) if module.startswith("oncourse.") else None
    if not dataclasses.is_dataclass(found):
        raise ValueError(f"{name} is no dataclass of oncourse")
    return found


def _frame_bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.rechunk().write_ipc(buffer)
    return buffer.getvalue()
