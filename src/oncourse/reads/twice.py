"""Reads that are given for two samples: known by a fixed small choice of them, so that copied files are told as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from zlib import crc32

from oncourse.errors import OncourseError

#: Reads kept of a sample: those whose names have the smallest hashes, the same in every file that holds them.
N_KEPT = 1_000
#: Share of the smaller sample's reads, and reads, from which two samples hold the same ones. Names of other runs may be
#: alike, and sequences of one gene; both together are not. A choice.
MOST_SHARED, LEAST_READS = 0.02, 10


class Sketch:
    """The bottom of a sample's reads by the hash of their names (Broder 1997), with the hash of their bases.

    >>> one = Sketch()
    >>> for n in range(5_000): one.add(f"r{n}", "ACGT")
    >>> N_KEPT <= len(one.reads) <= 2 * N_KEPT, max(one.reads) < one.limit
    (True, True)
    """

    def __init__(self, limit: int = 1 << 32, reads: Mapping[int, int] | None = None) -> None:
        self.limit, self.reads = limit, dict(reads or {})

    def wants(self, name: str) -> bool:
        """Whether a read of this name would be kept."""
        return crc32(name.encode()) < self.limit

    def add(self, name: str, bases: str) -> None:
        """Keep a read where its name is small enough; from twice as many on the larger half goes."""
        at = crc32(name.encode())
        if at < self.limit:
            self.reads[at] = crc32(bases.encode())
        if len(self.reads) >= 2 * N_KEPT:
            self.limit = sorted(self.reads)[N_KEPT]
            self.reads = {k: v for k, v in self.reads.items() if k < self.limit}

    def save(self, path: Path) -> None:
        """Write it, in place only when it is whole."""
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text(json.dumps([self.limit, sorted(self.reads.items())]) + "\n")
        draft.replace(path)


def load_sketch(path: Path) -> Sketch:
    """Read what `Sketch.save` wrote."""
    limit, reads = json.loads(path.read_text())
    return Sketch(limit, dict(reads))


def shared(one: Sketch, two: Sketch) -> float | None:
    """Return the share of the smaller sample's reads that the other holds too; None where too few were kept to say.

    >>> one, two = Sketch(), Sketch()
    >>> for n in range(100): one.add(f"r{n}", "ACGT"); two.add(f"r{n}", "ACGT" if n < 50 else "TTTT")
    >>> shared(one, two), shared(one, Sketch())
    (0.5, None)
    """
    limit = min(one.limit, two.limit)
    a, b = ({x for x in s.reads.items() if x[0] < limit} for s in (one, two))
    n = min(len(a), len(b))
    return len(a & b) / n if n >= LEAST_READS else None


def check_own_reads(sketches: Mapping[str, Sketch]) -> None:
    """OncourseError where two samples hold the same reads: a file was copied under two names, or a lane given twice."""
    told = [
        f"{a} and {b} hold the same reads ({share:.0%} of those of the smaller): a file was copied under two names, or a "
        "lane is given for both. Each read belongs to one sample; correct reads.tsv."
        for a, b in combinations(sketches, 2)
        if (share := shared(sketches[a], sketches[b])) is not None and share >= MOST_SHARED
    ]
    if told:
        raise OncourseError("\n".join(told))
