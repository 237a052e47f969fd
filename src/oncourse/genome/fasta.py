"""Bases of a reference genome by position, from a FASTA file with or without its index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oncourse.disk.unpack import unpacked
from oncourse.errors import InputError


@dataclass(frozen=True)
class _Entry:
    length: int
    offset: int
    bases: int
    width: int


class Fasta:
    """Random access to a FASTA file; chromosome names with or without ``chr``.

    A ``.fai`` beside the file is used; without one the file is scanned once. A gzip file is held in memory
    (fine for a panel's slices; give the plain file for a whole genome).
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        with self.path.open("rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        try:
            self._data = unpacked(self.path) if packed else None
        except ValueError as error:
            raise InputError(f"{self.path.name}: {error}.") from None
        self._handle = None if packed else self.path.open("rb")
        index = Path(f"{self.path}.fai")
        indexed = _read_index(index) if index.exists() and not packed else {}
        #: Whether there is no index, or one of this file (of another one it is not used; other programs would).
        self.index_fits = not index.exists() or packed or self._is_of(indexed)
        self._entries = indexed if indexed and self.index_fits else self._scan()
        if not self._entries:
            raise InputError(f"{self.path.name}: no sequence found; is this a FASTA file?")

    def _is_of(self, entries: dict[str, _Entry]) -> bool:
        """Whether an index is of this file: each sequence begins behind its own name, and the last ends within the
        file."""
        if not entries or self._handle is None:
            return False
        for name, entry in entries.items():
            start = max(0, entry.offset - 2048)
            head = self._bytes(start, entry.offset)
            words = head[head.rfind(b">", 0, -1) + 1 :].split()
            if not head.endswith(b"\n") or not words or words[0].decode("utf-8", "replace") != name:
                return False
        last = max(entries.values(), key=lambda e: e.offset)
        end = last.offset + (last.length - 1) // last.bases * last.width + (last.length - 1) % last.bases
        return end < self.path.stat().st_size

    def __enter__(self) -> Fasta:
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle:
            self._handle.close()

    def __contains__(self, chrom: str) -> bool:
        return self._name(chrom) is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The file's own names of its sequences, in its order."""
        return tuple(self._entries)

    def length(self, chrom: str) -> int:
        """Length of a chromosome, 0 where the file has no such name."""
        name = self._name(chrom)
        return self._entries[name].length if name else 0

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Return bases `start` to `end` (1-based, both inclusive) in capitals; less past the ends."""
        name = self._name(chrom)
        if name is None:
            return ""
        entry = self._entries[name]
        start, end = max(start, 1), min(end, entry.length)
        if end < start:
            return ""
        first = entry.offset + (start - 1) // entry.bases * entry.width + (start - 1) % entry.bases
        last = entry.offset + (end - 1) // entry.bases * entry.width + (end - 1) % entry.bases
        return self._bytes(first, last + 1).replace(b"\n", b"").replace(b"\r", b"").decode().upper()

    def at(self, chrom: str, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the base at each position (1-based; shape (n,)) as the code of its capital letter; N past the ends.

        >>> import tempfile; path = Path(tempfile.mkdtemp()) / "x.fa"; _ = path.write_text(">chr7\\nACg\\nTT\\n")
        >>> Fasta(path).at("7", np.array([1, 3, 4, 9])).tobytes()
        b'AGTN'
        """
        name = self._name(chrom)
        out = np.full(len(positions), ord("N"), np.uint8)
        if name is None:
            return out
        entry = self._entries[name]
        inside = (positions >= 1) & (positions <= entry.length)
        zero = positions[inside] - 1
        out[inside] = self._mapped[entry.offset + zero // entry.bases * entry.width + zero % entry.bases] & 0xDF
        return out

    @cached_property
    def _mapped(self) -> NDArray[np.uint8]:
        if self._data is not None:
            return np.frombuffer(self._data, np.uint8)
        return np.memmap(self.path, np.uint8, mode="r")

    def _bytes(self, start: int, end: int) -> bytes:
        if self._data is not None:
            return self._data[start:end]
        assert self._handle is not None
        self._handle.seek(start)
        return self._handle.read(end - start)

    def _name(self, chrom: str) -> str | None:
        for name in (
            chrom,
            f"chr{chrom}",
            "chrM" if chrom == "MT" else chrom,
            "M" if chrom == "MT" else chrom,
        ):
            if name in self._entries:
                return name
        return self._accessions.get(chrom)

    @cached_property
    def _accessions(self) -> dict[str, str]:
        """RefSeq's names of human chromosomes (NC_000023.11): chromosome -> name in the file."""
        found = {m[1]: name for name in self._entries if (m := re.match(r"NC_(0000\d\d|012920)\.\d+$", name))}
        named = {"000023": "X", "000024": "Y", "012920": "MT"}
        return {named.get(number, number.lstrip("0")): name for number, name in found.items()}

    def _scan(self) -> dict[str, _Entry]:
        if self._data is not None:
            lines = iter(self._data.splitlines(keepends=True))
        else:
            assert self._handle is not None
            self._handle.seek(0)  # an index that is not of this file was looked at
            lines = iter(self._handle)
        entries: dict[str, _Entry] = {}
        name, at, start, length, bases, width = "", 0, 0, 0, 0, 0
        for line in lines:
            at += len(line)
            if line.startswith(b">"):
                if name and bases:
                    entries[name] = _Entry(length, start, bases, width)
                name = (line[1:].split() or [b""])[0].decode()
                start, length, bases = at, 0, 0
            else:
                stripped = len(line.rstrip())
                if not bases:
                    bases, width = stripped, len(line)
                length += stripped
        if name and bases:
            entries[name] = _Entry(length, start, bases, width)
        return entries


def _read_index(path: Path) -> dict[str, _Entry]:
    entries = {}
    for line in path.read_text().splitlines():
        name, length, offset, bases, width = line.split("\t")[:5]
        entries[name] = _Entry(int(length), int(offset), int(bases), int(width))
    return entries
