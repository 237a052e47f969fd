"""What was derived once is read, not derived again: a cache folder of Parquet files named by what went in.

The name of an entry is the SHA-256 of everything its value follows from: the rows, what was learned from other
patients, the settings, the seed, and the sources of the code. Each entry is written aside and put in place in one step,
with a checksum inside: two runs may share a folder, a killed one loses the entry it was making, and a damaged entry is
made again, with a note.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from oncourse.disk.endings import cleaned_up

T = TypeVar("T")
_ENTRY = re.compile(r"[0-9a-f]{64}\.parquet")


@dataclass
class Store:
    """A cache folder; `folder` None: nothing is kept. `notes` says what went wrong with it, once each."""

    folder: Path | None = None
    notes: list[str] = field(default_factory=list)
    n_read: int = 0
    n_made: int = 0

    def remember(self, kind: str, inputs: Any, rooms: tuple[str, ...], make: Callable[[], T]) -> T:
        """Return what `make` makes of `inputs`, read from the folder where an equal run has made it.

        Parameters
        ----------
        kind : name of the derivation
        inputs : plain data (`oncourse.disk.pack`), all that the value follows from
        rooms : packages of oncourse (``"evolution"``) whose sources decide the value
        """
        if self.folder is None:
            return make()
        file = self.folder / kind / f"{_key(kind, inputs, rooms)}.parquet"
        found = self._read(file)
        if found is not None:
            self.n_read += 1
            return found[0]  # type: ignore[no-any-return]
        made = make()
        self.n_made += 1
        self._write(file, made)
        return made

    def _read(self, file: Path) -> tuple[Any] | None:
        import polars as pl

        from oncourse.disk.pack import SCHEMA, unpack

        try:
            if not file.is_file():
                return None
            frame = pl.read_parquet(file.read_bytes())
            rows = list(frame.select(*SCHEMA).iter_rows())
            if rows.pop()[2] != _checksum(rows):
                raise ValueError("its checksum is another")
            value = unpack(iter(rows))
            os.utime(file)
            return (value,)
        except Exception as error:  # whatever is wrong with an entry, it is made again
            reason = str(error).splitlines()[0][:80]
            self._note(f"cache: entry {file.parent.name}/{file.stem[:12]} was damaged and is made again ({reason}).")
            return None

    def _write(self, file: Path, value: Any) -> None:
        import polars as pl

        from oncourse.disk.pack import SCHEMA, pack

        rows = list(pack(value))
        rows.append(("sha256", [], _checksum(rows)))
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            number, name = tempfile.mkstemp(prefix=".draft-", dir=file.parent)
            os.close(number)
            draft = Path(name)
            with cleaned_up(lambda: draft.unlink(missing_ok=True)):
                pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(draft)
                draft.replace(file)
        except OSError as error:
            self._note(f"cache: nothing more is kept in {self.folder} ({error.strerror or error}).")
            self.folder = None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _key(kind: str, inputs: Any, rooms: tuple[str, ...]) -> str:
    from oncourse.disk.pack import LAYOUT, pack

    total = hashlib.sha256(f"{kind}\0{LAYOUT}\0{code_version(rooms)}".encode())
    for name, shape, data in pack(inputs):
        total.update(f"\0{name}\0{shape}\0{len(data)}\0".encode() + data)
    return total.hexdigest()


def _checksum(rows: list[Any]) -> bytes:
    total = hashlib.sha256()
    for kind, shape, data in rows:
        total.update(f"\0{kind}\0{list(shape)}\0{len(data)}\0".encode() + data)
    return total.digest()


@functools.cache
def code_version(rooms: tuple[str, ...]) -> str:
    """Return the SHA-256 of the sources of some packages of oncourse, of what they are compiled to, and of the
    numerics."""
    import numpy as np

    from oncourse.compiled import uncompiled

    package = Path(__file__).parents[1]
    total = hashlib.sha256()
    for file in sorted(f for room in rooms for f in (package / room).rglob("*.py")):
        total.update(f"\0{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes())
    python = ".".join(map(str, sys.version_info[:2]))
    total.update(f"{np.__version__} {python} {sys.platform} {platform.machine()} {uncompiled()}".encode())
    return total.hexdigest()


def default_folder() -> Path:
    """Return the user's cache folder for oncourse; the variable ONCOURSE_CACHE names another."""
    if given := os.environ.get("ONCOURSE_CACHE"):
        return Path(given)
    home = Path.home()
    place = {"darwin": home / "Library" / "Caches", "win32": home / "AppData" / "Local"}.get(sys.platform)
    return (place or Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")) / "oncourse"


def entries(folder: Path) -> Iterator[Path]:
    """Yield the files of a cache folder that a `Store` has written, and drafts of runs that were killed."""
    for kind in sorted(folder.iterdir()) if folder.is_dir() else ():
        if kind.is_dir() and not kind.is_symlink():
            yield from sorted(f for f in kind.iterdir() if _ENTRY.fullmatch(f.name) or f.name.startswith(".draft-"))
