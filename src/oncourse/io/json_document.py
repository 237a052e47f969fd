"""JSON documents of a known format, with every part that has another shape than the format's taken out and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from oncourse.errors import InputError
from oncourse.io.gather import json_of
from oncourse.study.schema import Problem

#: What the value of a key is: an object, a list of objects, or a text, number or truth.
OBJECT, OBJECTS, VALUE = "an object", "a list of objects", "one value"
_NOT = object()


def read_document(path: Path, shapes: Mapping[str, str], content: Any = None) -> tuple[Any, list[Problem]]:
    """Return a document whose keys have the shapes of the format, and one warning per key that had another.

    ``shapes`` maps a key, or ``PARENT/key`` where its shape depends on what it is part of, to `OBJECT`, `OBJECTS` or
    `VALUE`; other keys are left as they are. A single object stands for a list of one, and the other way round. A part
    of another shape is left out: what is not there is unknown, never "no". ``content`` is the document where the caller
    has read it already.
    """
    content = json_of(path) if content is None else content
    if not isinstance(content, dict | list):
        raise InputError(f"{path.name}: holds one value, no document. Check that the file is whole.")
    found: Counter[tuple[str, str]] = Counter()
    fitted = _fitted(content, shapes, lambda key, shape: found.update([(key, shape)]))
    problems = [
        Problem(
            "",
            None,
            None,
            None,
            f"{path.name}: `{key}` is not {shape} in {n:,} places: not read there.",
            severity="warning",
        )
        for (key, shape), n in sorted(found.items())
    ]
    return fitted, problems


def _fitted(value: Any, shapes: Mapping[str, str], told: Callable[[str, str], None], parent: str = "") -> Any:
    if isinstance(value, list):
        return [_fitted(one, shapes, told, parent) for one in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, inner in value.items():
        shape = shapes.get(f"{parent}/{key}", shapes.get(key))
        kept = inner if shape is None or inner is None else _as(inner, shape)
        if kept is _NOT:
            told(key, str(shape))
        else:
            out[key] = _fitted(kept, shapes, told, key)
    return out


def _as(value: Any, shape: str) -> Any:
    """The value in its shape, or `_NOT`."""
    if shape == VALUE:
        return _NOT if isinstance(value, dict | list) else value
    many = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in many):
        return _NOT
    if shape == OBJECTS:
        return many
    return many[0] if len(many) == 1 else _NOT
