"""FASTQ files before anything is aligned: whole, not empty, and the two files of a lane of the same reads."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import IO

import numpy as np

from oncourse.errors import InputError

#: Reads of a lane whose names are compared; mixed files differ at the first.
_NAMES = 1_000
#: What follows a fragment shorter than the first, and than the second read: Illumina TruSeq behind the bases that both
#: share (Illumina Adapter Sequences, 1000000002694), MGI (DNBSEQ). Files of one read kind hold one of each pair.
ADAPTERS = (
    (b"AGATCGGAAGAGCACACGTC", b"AGATCGGAAGAGCGTCGTGT"),
    (b"AAGTCGGAGGCCAAGCGGTC", b"AAGTCGGATCGTAGCCATGT"),
)
#: Reads of each file looked through for them; those of one kind that tell, and how many times the other's. A choice.
_LOOKED_AT, _TELLING, _TIMES = 50_000, 20, 10
#: Which read of the pair it is: `@name 2:N:0:ACGT` (Illumina) or `@name/2`.
_END = re.compile(rb"^\S+(?:/([12])(?:\s|$)|\s+([12]):[YN]:)")


def check_lane(one: Path, two: Path | None) -> int:
    """Return the reads of a lane; InputError where its files cannot be used: each by itself, both as first and second
    reads."""
    n = check_fastq(one)
    if two is None:
        return n
    m = check_fastq(two)
    check_mates(one, two)
    if n != m:
        raise InputError(
            f"{one.name} holds {n:,} reads and {two.name} {m:,}: the mates of some are missing. Copy both again."
        )
    return n + m


def check_fastq(path: Path) -> int:
    """Return the reads of a FASTQ file; InputError where it is none, cut short, damaged or empty. The whole file is
    read once: a program that reads it stops at a damaged record, without a word."""
    lines, left = 0, b""
    try:
        with _open(path) as file:
            while piece := file.read(1 << 22):
                if not lines and not left and not piece.startswith(b"@"):
                    raise InputError(f"{path.name}: is no FASTQ file (a record begins with '@').")
                n, left = _check_records(path, left + piece, lines)
                lines += n
            if left:
                n, left = _check_records(path, left if left.endswith(b"\n") else left + b"\n", lines)
                lines += n + left.count(b"\n")
    except (EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name}: the compressed file is cut short or damaged ({error}). Copy it again; compare its md5 sum."
        ) from None
    except gzip.BadGzipFile:
        raise InputError(f"{path.name}: ends in .gz and is not compressed. Rename it, or copy it again.") from None
    if lines == 0:
        raise InputError(f"{path.name}: holds no reads.")
    if lines % 4:
        raise InputError(
            f"{path.name}: {lines:,} lines are not four for each read: the file is cut short. Copy it again."
        )
    return lines // 4


def _check_records(path: Path, text: bytes, before: int) -> tuple[int, bytes]:
    """Return the lines of the whole records of a text, and what follows them; InputError at a damaged record.

    A record is ``@name``, bases, ``+``, as many qualities as bases (Cock 2010, Nucleic Acids Res 38:1767), four lines.
    """
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    ends = ends[: len(ends) // 4 * 4]
    if not len(ends):
        return 0, text
    starts = np.concatenate([[0], ends[:-1] + 1])
    length = (ends - starts).reshape(-1, 4)
    first = data[starts].reshape(-1, 4)
    bad = (first[:, 0] != ord("@")) | (first[:, 2] != ord("+")) | (length[:, 1] != length[:, 3])
    if bad.any():
        raise InputError(
            f"{path.name}, line {before + 4 * int(bad.argmax()) + 1:,}: is no record of '@name', bases, '+' and as many "
            "qualities as bases, one line each: the file is damaged. Copy it again; compare its md5 sum."
        )
    return len(ends), text[int(ends[-1]) + 1 :]


def check_mates(one: Path, two: Path) -> None:
    """InputError where two files are not the first and the second reads of the same fragments, in one order."""
    heads = [_heads(path) for path in (one, two)]
    for n, (a, b) in enumerate(zip_longest(*heads), 1):
        if a is not None and b is not None and _name(a) != _name(b):
            raise InputError(
                f"{one.name} and {two.name}: are not of the same fragments: read {n:,} is {_name(a)} in the first and "
                f"{_name(b)} in the second. Files of two lanes or samples were mixed, or one was sorted; pair them as "
                "the sequencer wrote them."
            )
    ends = [{_end(head) for head in found} - {b""} for found in heads]
    if ends == [{b"2"}, {b"1"}] or (not any(ends) and _are_exchanged(one, two)):
        raise InputError(
            f"{one.name} holds the second reads and {two.name} the first. Exchange fastq_1 and fastq_2: which strand "
            f"was "
            "read first tells damage of the tissue from mutations."
        )
    if ends[0] == ends[1] and len(ends[0]) == 1:
        which = "first" if ends[0] == {b"1"} else "second"
        raise InputError(f"{one.name} and {two.name}: both hold {which} reads. Give the file of the others.")


def alike_named(lanes: Sequence[Path]) -> bool:
    """Whether files of several lanes name their reads alike (r0, r1 ... in each): a name would not be a fragment's own."""
    names = [{_name(head) for head in _heads(path)} for path in lanes]
    return sum(map(len, names)) > len(set[str]().union(*names))


def _are_exchanged(one: Path, two: Path) -> bool:
    """Whether the adapters behind short fragments say that the first file holds the second reads and the other the first.

    Without a number in their names nothing else does: the two reads of a fragment face each other either way.
    """

    def count(path: Path) -> tuple[int, int]:
        with _open(path) as file:
            reads = list(islice(file, 1, 4 * _LOOKED_AT, 4))
        first, second = (sum(any(pair[k] in read for pair in ADAPTERS) for read in reads) for k in (0, 1))
        return first, second

    (a1, a2), (b1, b2) = count(one), count(two)
    return a2 >= _TELLING and b1 >= _TELLING and a2 >= _TIMES * a1 and b1 >= _TIMES * b2


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _heads(path: Path) -> list[bytes]:
    """Return the first line of the first records."""
    with _open(path) as file:
        return list(islice(file, 0, 4 * _NAMES, 4))


def _name(head: bytes) -> str:
    """Return the name of a fragment: up to the first blank, without /1 or /2 and @.

    >>> _name(b"@M01:7:1 2:N:0:1"), _name(b"@V350/2"), _name(b"@SRR1.2.1")
    ('M01:7:1', 'V350', 'SRR1.2.1')
    """
    word = (head.split() or [b""])[0].removeprefix(b"@")
    return re.sub(rb"/[12]$", b"", word).decode(errors="replace")


def _end(head: bytes) -> bytes:
    found = _END.match(head)
    return (found[1] or found[2]) if found else b""
