"""The manifest: every file of a results folder with its size and SHA-256, kept inside provenance.json.

What the manifest names and is unchanged is ours to replace or remove. Everything else in the folder, a changed file
included, belongs to the user.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oncourse.errors import InputError

#: The file that carries the manifest, and its keys there.
CARRIER = "provenance.json"
FILES_KEY, SEAL_KEY, SIGNATURE_KEY = "files", "sha256_of_this", "signature"
#: Stands in a draft as long as it is being written; a folder that has it holds nothing of anybody else.
UNFINISHED = ".oncourse-unfinished"


@dataclass(frozen=True)
class Contents:
    """What stands in a results folder, as paths inside it (links are never followed).

    Attributes
    ----------
    ours : written by oncourse and unchanged
    changed : written by oncourse and changed since
    foreign : not written by oncourse
    """

    ours: tuple[str, ...]
    changed: tuple[str, ...]
    foreign: tuple[str, ...]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def entries(folder: Path) -> list[str]:
    """Return the path of every file, link and special file below `folder`, sorted; folders that are links count as
    one."""
    found = []
    for root, folders, files in os.walk(folder):
        linked = [name for name in folders if (Path(root) / name).is_symlink()]
        folders[:] = [name for name in folders if name not in linked]
        found += [str((Path(root) / name).relative_to(folder)) for name in [*files, *linked]]
    return sorted(path.replace(os.sep, "/") for path in found)


def sealed(folder: Path, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return `provenance` with the manifest of `folder` and a checksum of itself."""
    files = [
        {"path": name, "size": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in entries(folder)
        if name not in (CARRIER, UNFINISHED)
    ]
    body = {**provenance, FILES_KEY: files}
    return {**body, SEAL_KEY: seal(body)}


def text_of(body: Mapping[str, Any]) -> str:
    """Return the text of the file that carries the manifest."""
    return json.dumps(body, indent=1) + "\n"


def seal(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of `body` without its own checksum and signature."""
    plain = {key: value for key, value in body.items() if key not in (SEAL_KEY, SIGNATURE_KEY)}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read(folder: Path) -> dict[str, tuple[int, str]] | None:
    """Return path -> (size, sha256) of the manifest of a results folder; None where it has none that can be read."""
    if not (folder / CARRIER).is_file():  # a device would never end
        return None
    try:
        data = json.loads((folder / CARRIER).read_text("utf-8"))
        return {str(f["path"]): (int(f["size"]), str(f["sha256"])) for f in data[FILES_KEY]}
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def written(folder: Path, *below: str) -> tuple[str, ...]:
    """Return what oncourse wrote at the places `below` (files, or folders with all in them), to be read again.

    Raises
    ------
    InputError : no folder of results, or one where something there was changed since: what is read would not be results
    """
    found = contents(folder)
    if found is None:
        raise InputError(f"{folder}: no results folder of oncourse ({CARRIER} is missing or damaged).")
    inside = tuple(f"{place}/" for place in below)
    changed = [n for n in found.changed if n in (CARRIER, *below) or n.startswith(inside)]
    if changed:
        raise InputError(f"{folder}: changed since oncourse wrote it: {', '.join(changed[:5])}. Run it again.")
    return tuple(n for n in found.ours if n in below or n.startswith(inside))


def foreign(folder: Path) -> list[str]:
    """Return what stands in a results folder and not in its manifest; nothing where it has no manifest."""
    listed = read(folder)
    return [] if listed is None else [name for name in entries(folder) if name != CARRIER and name not in listed]


def contents(folder: Path) -> Contents | None:
    """Return what stands in a results folder, compared with its manifest; None where it has no manifest."""
    listed = read(folder)
    if listed is None:
        return None
    ours: list[str] = []
    changed: list[str] = []
    foreign: list[str] = []
    for name in entries(folder):
        if name == CARRIER:
            (ours if _carrier_unchanged(folder) else changed).append(name)
        elif name not in listed:
            foreign.append(name)
        else:
            (ours if _unchanged(folder / name, *listed[name]) else changed).append(name)
    return Contents(tuple(ours), tuple(changed), tuple(foreign))


def _unchanged(path: Path, size: int, digest: str) -> bool:
    try:
        regular = path.is_file() and not path.is_symlink()
        return regular and path.stat().st_size == size and sha256(path) == digest
    except OSError:
        return False


def _carrier_unchanged(folder: Path) -> bool:
    """Whether the seal fits what the file says, and the file says it in the bytes that oncourse writes."""
    read = (folder / CARRIER).read_bytes()
    data = json.loads(read)
    return bool(data.get(SEAL_KEY) == seal(data)) and read == text_of(data).encode()
