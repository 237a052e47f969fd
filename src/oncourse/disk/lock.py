"""One run at a time writes to a place: a lock file beside it names host and process."""

from __future__ import annotations

import glob
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oncourse.disk.endings import cleaned_up
from oncourse.errors import InputError


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of `out`; InputError names the run that holds it. The lock of a dead run is taken over."""
    path = out.parent / f".{out.name}.oncourse-lock"
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "born": _born(os.getpid())}
    text = json.dumps(mine)
    while not _create(path, text):
        holder = _holder(path)
        if holder is None:
            continue  # gone or just being written: look again
        if not _is_dead(holder):
            raise InputError(
                f"{out}: process {holder['pid']} on {holder['host']} is writing there now. Wait for it, or choose "
                f"another place; if it no longer runs, delete {path.name} in {out.parent}."
            )
        _take_away(path, holder)

    def release() -> None:
        if _holder(path) == mine:
            path.unlink(missing_ok=True)

    with cleaned_up(release):
        for left in path.parent.glob(f"{glob.escape(path.name)}-*"):  # of runs killed while they asked for the lock
            left.unlink(missing_ok=True)
        yield


def _create(path: Path, text: str) -> bool:
    """Make the lock file whole and at once: written aside, then linked into place, which fails where one is there."""
    aside = path.with_name(f"{path.name}-{os.getpid()}")
    aside.write_text(text, "utf-8")
    try:
        os.link(aside, path)
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        return _create_exclusively(path, text)
    finally:
        aside.unlink(missing_ok=True)


def _create_exclusively(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
        return True
    except FileExistsError:
        return False


def _holder(path: Path) -> dict[str, object] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
        return {"host": data["host"], "pid": int(data["pid"]), "born": data.get("born")}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return {"host": "an unknown host", "pid": 0, "born": None}


def _is_dead(holder: dict[str, object]) -> bool:
    if holder["host"] != socket.gethostname():
        return False
    pid = int(str(holder["pid"]))
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # no process has a number of thirty digits
        return True
    except PermissionError:
        return False
    return holder["born"] is not None and _born(pid) != holder["born"]


def _born(pid: int) -> str | None:
    """Start time of a process in clock ticks: tells a process from a later one with the same number; None if
    unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        return stat.rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def _take_away(path: Path, holder: dict[str, object]) -> None:
    """Remove a dead run's lock, unless another run was faster and its own lock stands there now."""
    aside = path.with_name(f"{path.name}-stale-{os.getpid()}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    if _holder(aside) != holder:
        _create(path, aside.read_text("utf-8"))
    aside.unlink(missing_ok=True)
