"""Refuse an output that is, holds or lies above an input, that cannot be written, or that is somebody else's file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from oncourse.errors import InputError

#: Free room asked for before the work begins, in bytes: what a report of a few hundred patients takes.
MIN_FREE_BYTES = 64 << 20
#: By these a page or a JSON file that oncourse wrote is known; other kinds of files carry no mark.
MARKS = (b'name="generator" content="oncourse', b'"written_by": "oncourse')
_HEAD_BYTES = 4096


def refuse_over_input(out: Path, inputs: Iterable[Path]) -> None:
    """InputError where `out` is one of the `inputs`, or a folder that holds one; links and mounts are followed."""
    for given in inputs:
        above = [given.resolve(), *given.resolve().parents]
        if out.resolve() in above or (out.exists() and any(_same(out, place) for place in above)):
            relation = "is" if _same(out, given) else "holds"
            raise InputError(
                f"{out}: {relation} the input {given.name}, which writing there could destroy. "
                "Choose another place for the output, e.g. a new folder beside the study."
            )


def refuse_special(source: Path) -> None:
    """InputError where a file that is given, or one below a folder that is, is a device, a pipe or a socket: reading it
    would never end."""
    inside = source.rglob("*") if source.is_dir() else [source]
    found = sorted(p for p in inside if p.exists() and not p.is_file() and not p.is_dir())
    if found:
        raise InputError(
            [f"{p.name} is a device or pipe, not a file. Remove it, or put the file there." for p in found]
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return one.resolve() == other.resolve()


def refuse_unwritable(out: Path) -> None:
    """InputError where the folder that will hold `out` cannot be made or written, or has no room left."""
    if out.is_symlink() and not out.exists():
        raise InputError(f"{out}: is a link that leads nowhere. Remove the link, or choose another place.")
    place = out.resolve().parent
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise InputError(f"{out}: {place.name} is a file, not a folder. Choose another place.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(f"{out}: no right to write in {place}. Choose another place, or ask for the right.")
    free = shutil.disk_usage(place).free
    if free < MIN_FREE_BYTES:
        raise InputError(
            f"{out}: only {free >> 20} MB are free there; at least {MIN_FREE_BYTES >> 20} MB are needed. Make room "
            f"first."
        )


def refuse_foreign_file(out: Path, *, force: bool) -> None:
    """InputError where `out` is a folder, or a file that oncourse did not write and `force` does not allow it."""
    if out.is_dir():
        raise InputError(f"{out}: is a folder. Give the name of a file.")
    if out.exists() and not force and not _is_ours(out):
        raise InputError(
            f"{out}: exists and was not written by oncourse. Choose another name, or --force to replace it."
        )


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return not head or any(mark in head for mark in MARKS)
