"""What the processes of one run share: a folder in which each value is put by the process that made it, once.

Tables lie there as Arrow files that every process maps into its memory instead of copying; the rest is pickled. The
folder is of one run and one machine, and is removed with it, or, where all processes of the run were killed at once, by
the next run: what stays from run to run is the store (`oncourse.disk.store`).
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from oncourse.disk.endings import cleaned_up

T = TypeVar("T")
#: Smaller tables are pickled with the rest: a file of their own costs more than it saves.
MAPPED_BYTES = 1 << 16
#: Name of the folder of a run, and of the file in it that its run holds locked as long as it lives.
PREFIX, ALIVE = "oncourse-run-", "alive.lock"
#: Seconds after which a folder without that file belongs to nobody: a run makes it at once.
FORGOTTEN = 86_400


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """Give the folder of a run, gone with the block; those of killed runs of this user are removed first."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with cleaned_up(lambda: shutil.rmtree(folder, ignore_errors=True)), _held(folder / ALIVE):
        yield folder


def sweep() -> None:
    """Remove the folders that runs of this user have left behind when they were killed."""
    for left in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):  # another run sweeps too
            if not left.is_symlink() and left.is_dir() and left.stat().st_uid == os.getuid() and _is_left(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    """Whether no living run holds the folder."""
    import fcntl

    try:
        with (folder / ALIVE).open("r+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > FORGOTTEN


class Shared:
    """A folder of values by name, for the processes of one run."""

    def __init__(self, folder: Path):
        self.folder = folder

    def within(self, name: str) -> Shared:
        """Return a folder of values inside this one, for names of its own."""
        inside = self.folder / f"in-{name}"
        inside.mkdir(exist_ok=True)
        return Shared(inside)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return the value of that name; the first process to ask makes it while the others wait.

        What `make` raises is not kept: the next to ask meets the same. `make` may ask for other names, in no circle.
        """
        file = self.folder / f"{name}.pickle"
        if not file.exists():
            with _held(self.folder / f"{name}.lock"):
                if not file.exists():
                    made = make()
                    self.put(name, made)
                    return made
        return self.get(name)  # type: ignore[no-any-return]

    def put(self, name: str, value: Any) -> None:
        """Keep a value under a name, whole or not at all."""
        buffer = io.BytesIO()
        _Pickler(buffer, self.folder).dump(value)
        number, draft = tempfile.mkstemp(prefix=".draft-", dir=self.folder)
        with os.fdopen(number, "wb") as stream:
            stream.write(buffer.getbuffer())
        os.replace(draft, self.folder / f"{name}.pickle")

    def get(self, name: str) -> Any:
        """Return what was kept under a name; its large tables are mapped, not read."""
        return pickle.loads((self.folder / f"{name}.pickle").read_bytes())


class _Pickler(pickle.Pickler):
    """Pickles; a large table becomes an Arrow file in the folder and, in the pickle, the name of that file."""

    def __init__(self, stream: io.BytesIO, folder: Path):
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self.folder = folder

    def reducer_override(self, value: Any) -> Any:
        import polars as pl

        if type(value) is MappingProxyType:
            return _proxy, (dict(value),)
        if type(value) is not pl.DataFrame or value.estimated_size() < MAPPED_BYTES:
            return NotImplemented
        number, name = tempfile.mkstemp(prefix="table-", suffix=".arrow", dir=self.folder)
        os.close(number)
        try:
            value.write_ipc(name, compression="uncompressed")
        except pl.exceptions.PolarsError:  # columns of Python objects are not Arrow
            return NotImplemented
        return _mapped, (name,)


def _proxy(values: dict[Any, Any]) -> Any:
    return MappingProxyType(values)


def _mapped(name: str) -> Any:
    import polars as pl

    return pl.read_ipc(name)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a lock between processes; it is let go by the system when its process ends, however."""
    import fcntl

    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
