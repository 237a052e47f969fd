"""Simulated read pairs of a sample whose variants are known, as FASTQ or, already in place, as BAM."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oncourse.reads.simulate_genome import Change, Locus

Bytes = NDArray[np.uint8]
#: Base qualities of a run and how often they come (a made-up binned profile).
_QUALITIES, _OFTEN = np.array([37, 32, 25, 14], np.uint8), np.array([0.86, 0.08, 0.04, 0.02])
_WIDE = 60
_LETTERS = np.frombuffer(b"ACGT", np.uint8)
_OTHER = np.zeros((256, 3), np.uint8)
for _i, _b in enumerate(b"ACGT"):
    _OTHER[_b] = [x for x in b"ACGT" if x != _b]
_COMPLEMENT = np.arange(256, dtype=np.uint8)
_COMPLEMENT[np.frombuffer(b"ACGT", np.uint8)] = np.frombuffer(b"TGCA", np.uint8)


@dataclass(frozen=True)
class Library:
    """How a sample was made and read.

    Parameters
    ----------
    depth : mean molecules over a target base
    insert, insert_sd : length of the fragments
    duplicates : share of read pairs that are copies of another
    umi : bases of a molecular identifier at the start of either read, 0 for none; then every molecule is read about
        `copies` times
    damage : chance of a C to be read as T for damage of the first strand (FFPE), G as A for the second
    decoy : share of fragments that come from a copy of the region elsewhere (3 % other bases) which the reference lacks
    factors : copies relative to two, per locus
    """

    depth: float
    insert: float = 180
    insert_sd: float = 30
    duplicates: float = 0.12
    umi: int = 0
    copies: float = 1.0
    damage: float = 0.0
    decoy: float = 0.0
    read_length: int = 100
    factors: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pairs:
    """Read pairs of one locus: where the fragment starts, its length, which strand is read first, bases, qualities,
    UMI."""

    locus: int
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    flipped: NDArray[np.bool_]
    left: Bytes
    right: Bytes
    left_quality: Bytes
    right_quality: Bytes
    umi: list[bytes]
    indels: dict[int, list[tuple[int, int, int]]]


def simulate_pairs(
    genome: list[Locus],
    changes: list[Change],
    vafs: NDArray[np.float64],
    library: Library,
    rng: np.random.Generator,
) -> Iterator[Pairs]:
    """Yield the read pairs of each locus.

    Parameters
    ----------
    vafs : shape (n changes,), chance that a fragment over the place carries the change
    """
    for i, locus in enumerate(genome):
        mine = sorted((n for n, c in enumerate(changes) if c.locus == i), key=lambda n: -changes[n].at)
        start, length = _fragments(locus, library, library.factors.get(i, 1.0), rng)
        wide = int(length.max(initial=0)) + _WIDE
        at = np.minimum(start[:, None] + np.arange(wide), len(locus.bases) - 1)
        bases = locus.bases[at]
        indels: dict[int, list[tuple[int, int, int]]] = {}
        for n in mine:
            _apply(changes[n], vafs[n], start, length, bases, indels, rng)
        if library.decoy:
            from_decoy = np.flatnonzero(rng.random(len(start)) < library.decoy)
            other = _decoy(locus, i)
            for row in from_decoy:
                bases[row] = other[at[row]]
                indels.pop(int(row), None)
        flipped = rng.random(len(start)) < 0.5
        if library.damage:
            hit = rng.random(bases.shape) < library.damage
            bases[hit & (bases == ord("C")) & ~flipped[:, None]] = ord("T")
            bases[hit & (bases == ord("G")) & flipped[:, None]] = ord("A")
        yield _read(i, start, length, flipped, bases, indels, library, rng)


def _fragments(
    locus: Locus, library: Library, factor: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts, lengths = [], []
    covered = min(library.insert, 2 * library.read_length)
    for a, b in locus.targets:
        n = rng.poisson(library.depth * factor * (b - a + library.insert) / covered)
        length = np.clip(rng.normal(library.insert, library.insert_sd, n), library.read_length, 400).astype(np.int64)
        starts.append(rng.integers(int(a - library.insert), b, n))
        lengths.append(length)
    start, length = np.concatenate(starts), np.concatenate(lengths)
    keep = (start >= 0) & (start + length < len(locus.bases))
    return start[keep], length[keep]


def _apply(
    change: Change,
    vaf: float,
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    bases: Bytes,
    indels: dict[int, list[tuple[int, int, int]]],
    rng: np.random.Generator,
) -> None:
    over = np.flatnonzero((start <= change.at) & (start + length > change.at))
    carriers = over[rng.random(len(over)) < vaf]
    ref, alt = len(change.ref), np.frombuffer(change.alt.encode(), np.uint8)
    for row in carriers:
        at = change.at - start[row]
        if ref == len(alt):
            bases[row, at : at + ref] = alt[: bases.shape[1] - at]
        else:
            new = np.concatenate([bases[row, :at], alt, bases[row, at + ref :]])[: bases.shape[1]]
            bases[row, : len(new)] = new
            indels.setdefault(int(row), []).append((int(at), ref, len(alt)))


def _decoy(locus: Locus, i: int) -> Bytes:
    rng = np.random.default_rng([77, i])
    other = locus.bases.copy()
    changed = np.flatnonzero(rng.random(len(other)) < 0.03)
    other[changed] = _OTHER[other[changed], rng.integers(0, 3, len(changed))]
    return other


def _read(
    i: int,
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    flipped: NDArray[np.bool_],
    bases: Bytes,
    indels: dict[int, list[tuple[int, int, int]]],
    library: Library,
    rng: np.random.Generator,
) -> Pairs:
    n = len(start)
    if library.umi:
        copies = 1 + rng.poisson(max(0.0, library.copies - 1), n)
        pick = np.repeat(np.arange(n), copies)
    else:
        extra = rng.integers(0, max(n, 1), int(n * library.duplicates / (1 - library.duplicates)))
        pick = np.concatenate([np.arange(n), extra if n else extra[:0]])
    umis = _LETTERS[rng.integers(0, 4, (n, 2 * library.umi))]
    left_at = np.arange(library.read_length)[None, :]
    left = np.take_along_axis(bases[pick], np.broadcast_to(left_at, (len(pick), library.read_length)), 1)
    shift = (length[pick] - library.read_length)[:, None]
    right = np.take_along_axis(bases[pick], left_at + shift, 1)
    left, left_quality = _with_errors(left, rng)
    right, right_quality = _with_errors(right, rng)
    return Pairs(
        i,
        start[pick],
        length[pick],
        flipped[pick],
        left,
        right,
        left_quality,
        right_quality,
        [umis[j].tobytes() for j in pick] if library.umi else [],
        {row: indels[int(j)] for row, j in enumerate(pick) if int(j) in indels},
    )


def _with_errors(bases: Bytes, rng: np.random.Generator) -> tuple[Bytes, Bytes]:
    quality = _QUALITIES[rng.choice(4, bases.shape, p=_OFTEN)]
    wrong = rng.random(bases.shape) < 10 ** (quality / -10.0)
    out = bases.copy()
    out[wrong] = _OTHER[out[wrong], rng.integers(0, 3, int(wrong.sum()))]
    return out, quality


def write_fastq(pairs: Iterator[Pairs], one: Path, two: Path, name: str, *, umi: int = 0) -> int:
    """Write read pairs to two gzipped FASTQ files and return their number; UMIs go in front of the bases."""
    n = 0
    with gzip.GzipFile(one, "wb", 1, mtime=0) as first, gzip.GzipFile(two, "wb", 1, mtime=0) as second:
        for found in pairs:
            right, right_quality = _COMPLEMENT[found.right[:, ::-1]], found.right_quality[:, ::-1]
            for row in range(len(found.start)):
                texts = [
                    (found.left[row].tobytes(), (found.left_quality[row] + 33).tobytes()),
                    (right[row].tobytes(), (right_quality[row] + 33).tobytes()),
                ]
                if found.flipped[row]:
                    texts.reverse()
                if umi:
                    halves = found.umi[row][:umi], found.umi[row][umi:]
                    order = halves[::-1] if found.flipped[row] else halves
                    texts = [(o + s, b"F" * umi + q) for o, (s, q) in zip(order, texts, strict=True)]
                for mate, out, (sequence, quality) in zip((1, 2), (first, second), texts, strict=True):
                    head = b"@%s:%d %d:N:0:1" % (name.encode(), n, mate)
                    out.write(b"%s\n%s\n+\n%s\n" % (head, sequence, quality))
                n += 1
    return n


def write_bam(pairs: Iterator[Pairs], genome: list[Locus], path: Path, sample: str) -> Path:
    """Write read pairs where they come from as sorted, indexed BAM: what a perfect aligner would give."""
    import pysam

    head = ["@HD\tVN:1.6\tSO:unsorted", *(f"@SQ\tSN:{g.contig}\tLN:{len(g.bases)}" for g in genome)]
    head.append(f"@RG\tID:{sample}\tSM:{sample}")
    text = path.with_suffix(".sam")
    with text.open("w") as out:
        out.writelines(f"{line}\n" for line in head)
        for found in pairs:
            for row in range(len(found.start)):
                out.writelines(_sam(found, row, genome[found.locus], sample))
    pysam.sort("-o", str(path), str(text))
    text.unlink()
    pysam.index(str(path))
    return path


def _sam(found: Pairs, row: int, locus: Locus, sample: str) -> list[str]:
    length, flipped = found.left.shape[1], bool(found.flipped[row])
    start, size = int(found.start[row]), int(found.length[row])
    events = sorted(found.indels.get(row, []))
    shift = size - length
    ends = [_place(events, start, at, length) for at in (0, shift)]
    stop = ends[1][0] + sum(int(n) for n, op in _ops(ends[1][1]) if op in "MD")
    span = stop - ends[0][0]
    umi = f"\tRX:Z:{_umi_text(found.umi[row], flipped)}" if found.umi else ""
    out = []
    for which, (bases, quality) in enumerate(
        ((found.left[row], found.left_quality[row]), (found.right[row], found.right_quality[row]))
    ):
        is_first = (which == 0) != flipped
        flag = 0x3 | (0x40 if is_first else 0x80) | (0x20 if which == 0 else 0x10)
        at, cigar = ends[which]
        wrong = int((bases != locus.bases[at : at + length]).sum()) if not events else len(events)
        text = (
            f"{sample}:{found.locus}:{row}\t{flag}\t{locus.contig}\t{at + 1}\t60\t{cigar}\t=\t{ends[1 - which][0] + 1}\t"
            f"{span if which == 0 else -span}\t{bases.tobytes().decode()}\t{(quality + 33).tobytes().decode()}\tNM:i:{wrong}"
            f"\tRG:Z:{sample}{umi}"
        )
        out.append(f"{text}\n")
    return out


def _umi_text(umi: bytes, flipped: bool) -> str:
    half = len(umi) // 2
    one, two = umi[:half].decode(), umi[half:].decode()
    return f"{two}-{one}" if flipped else f"{one}-{two}"


def _ops(cigar: str) -> list[tuple[str, str]]:
    import re

    return re.findall(r"(\d+)([MIDS])", cigar)


def _place(events: list[tuple[int, int, int]], start: int, first: int, length: int) -> tuple[int, str]:
    """Return position and CIGAR of the bases `first` to `first + length` of a fragment with indels.

    `events` are (place on the fragment without the indels right of it, reference bases, new bases), from left to right.
    """
    if not events:
        return start + first, f"{length}M"
    ops: list[list] = []  # type: ignore[type-arg]
    query, at, origin = 0, start, None

    def put(kind: str, n: int) -> None:
        nonlocal query, at, origin
        for _ in range(n):
            inside = first <= query < first + length
            if kind != "D" and inside:
                if origin is None and kind == "M":
                    origin = at
                label = kind if origin is not None else "S"
            elif kind == "D" and origin is not None and first < query < first + length:
                label = "D"
            else:
                label = ""
            if label:
                if ops and ops[-1][0] == label:
                    ops[-1][1] += 1
                else:
                    ops.append([label, 1])
            query += kind != "D"
            at += kind != "I"

    place = 0
    for where, ref, alt in events:
        put("M", where - place)
        put("D" if ref else "I", ref or alt)
        place = where + ref
    put("M", first + length - query)
    if ops and ops[-1][0] == "I":
        ops[-1][0] = "S"
    return (start if origin is None else origin), "".join(f"{n}{op}" for op, n in ops)
