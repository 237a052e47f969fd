"""JSON from outside: read within bounds, with every part that has another shape than its format's taken out and named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from oncourse.disk.unpack import unpacked
from oncourse.errors import InputError
from oncourse.study.schema import Problem

#: What the value of a key is: an object, a list of objects, or a text, number or truth.
OBJECT, OBJECTS, VALUE = "an object", "a list of objects", "one value"
_NOT = object()
#: Characters of a larger document are not parsed: its objects would take ten times as many bytes.
MAX_CHARACTERS = 256 << 20


def json_text(path: Path) -> str:
    """Return the text of a JSON file, packed with gzip or plain; InputError where it cannot be read as one."""
    if not path.is_file():
        raise InputError(f"{path.name}: is a folder, a device or a link that leads nowhere, not a file.")
    try:
        text = unpacked(path).decode("utf-8-sig")
    except ValueError as error:
        raise InputError(f"{path.name}: is no JSON file ({error}).") from None
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{path.name}: larger than {MAX_CHARACTERS >> 20} MB. Give it in several files.")
    return text


def json_value(text: str, name: str) -> Any:
    """Return what a JSON text says; InputError where it is none, or so deep that it cannot be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no JSON file ({error}).") from None


def json_of(path: Path) -> Any:
    """Return the content of a JSON file; InputError where it is none."""
    return json_value(json_text(path), path.name)


def json_lines(path: Path) -> list[Any]:
    """Return the documents of a file that holds one a line (NDJSON); InputError where one is none."""
    return [json_value(line, path.name) for line in json_text(path).splitlines() if line.strip()]


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
