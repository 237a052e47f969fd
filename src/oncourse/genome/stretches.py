"""A chromosome cut into stretches, each of one gene and one region, and the strongest of them that a variant
touches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.gene_models import Model

#: What a place is to its gene, the most telling first; a place in several genes is named by the first that fits.
REGIONS = ("coding", "splice", "utr", "intron", "upstream", "downstream", "gene", "outside")
#: Bases of an intron beside each exon that are its splice site.
SPLICE_BASES = 2
#: Bases before the first exon that count as the gene's promoter (TERT -124 and -146 lie within), and as many behind it.
UPSTREAM_BASES = 1_000
CODING, SPLICE, UTR, INTRON, UPSTREAM, DOWNSTREAM, GENE, OUTSIDE = range(len(REGIONS))

#: First and last position, region, number of the first coding base (-1: none), step along it, number of the gene.
Piece = tuple[int, int, int, int, int, int]


@dataclass(frozen=True)
class Stretches:
    """One chromosome: ``start`` rises; stretch i holds the positions ``start[i]`` to ``start[i + 1] - 1``.

    ``base`` is the number (from 0) of the coding base at its start, counted in ``step`` (1 or -1) along the stretch.
    """

    start: NDArray[np.int64]
    gene: NDArray[np.int64]
    region: NDArray[np.int64]
    base: NDArray[np.int64]
    step: NDArray[np.int64]


@dataclass(frozen=True)
class Placed:
    """Per variant: gene and region by number, lowest and highest coding base (-1: none), reading direction.

    ``is_whole``: all of it lies in one coding stretch; ``is_splice``: some of it lies in a splice site.
    """

    gene: NDArray[np.int64]
    region: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    step: NDArray[np.int64]
    is_whole: NDArray[np.bool_]
    is_splice: NDArray[np.bool_]

    @classmethod
    def nowhere(cls, n: int) -> Placed:
        gene, region, low, high, step = np.full((5, n), -1, np.int64)
        return cls(gene, region, low, high, step, np.zeros(n, bool), np.zeros(n, bool))

    def put(self, rows: NDArray[np.int64], part: Placed) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name)[rows] = getattr(part, name)


def pieces(model: Model, gene: int) -> list[Piece]:
    """Return the pieces of one gene, the weakest region first; one without coding bases is one piece."""
    first, last = model.exons[0][0], model.exons[-1][1]
    if not model.coding:
        return [(first, last, GENE, -1, 0, gene)]
    low, high = (first - UPSTREAM_BASES, first - 1), (last + 1, last + UPSTREAM_BASES)
    before, behind = (low, high) if model.forward else (high, low)
    out = [(*behind, DOWNSTREAM, -1, 0, gene), (*before, UPSTREAM, -1, 0, gene), (first, last, INTRON, -1, 0, gene)]
    out += [(a, b, UTR, -1, 0, gene) for a, b in model.exons]
    for (_, end), (start, _) in zip(model.exons, model.exons[1:], strict=False):
        out += [
            (end + 1, end + SPLICE_BASES, SPLICE, -1, 0, gene),
            (start - SPLICE_BASES, start - 1, SPLICE, -1, 0, gene),
        ]
    done, total = 0, sum(b - a + 1 for a, b in model.coding)
    for a, b in model.coding:
        out.append((a, b, CODING, done if model.forward else total - 1 - done, 1 if model.forward else -1, gene))
        done += b - a + 1
    return out


def painted(found: Iterable[Piece]) -> Stretches:
    """Return the stretches of one chromosome; pieces of a stronger region, then of a lower gene number, lie on top."""
    found = sorted(found, key=lambda p: (-p[2], -p[5], p[0]))
    start = np.array(sorted({1, *(p[0] for p in found), *(p[1] + 1 for p in found)}), np.int64)
    gene, base = np.full(len(start), -1, np.int64), np.full(len(start), -1, np.int64)
    region, step = np.full(len(start), OUTSIDE, np.int64), np.zeros(len(start), np.int64)
    for first, last, kind, number, direction, which in found:
        low, high = np.searchsorted(start, [first, last + 1])
        gene[low:high], region[low:high], step[low:high] = which, kind, direction
        base[low:high] = number + direction * (start[low:high] - first) if kind == CODING else -1
    return Stretches(start, gene, region, base, step)


def strongest(
    found: Stretches, first: NDArray[np.int64], last: NDArray[np.int64], between: NDArray[np.bool_]
) -> Placed:
    """Return what each span from `first` to `last` is by its strongest stretch; `between`: it lies between the two."""
    left = np.searchsorted(found.start, first, side="right") - 1
    right = np.searchsorted(found.start, last, side="right") - 1
    best, is_splice = left.copy(), found.region[left] == SPLICE
    for row in (right > left).nonzero()[0]:
        span = np.arange(left[row], right[row] + 1)
        regions = found.region[span]
        # an insertion beside a splice site's outer base is not in it
        choose = np.argmax if between[row] and CODING not in regions else np.argmin
        best[row] = span[choose(regions)]
        is_splice[row] = (regions == SPLICE).any()
    region, step, start = found.region[best], found.step[best], found.start[best]
    inside = region == CODING
    end = np.append(found.start[1:], np.iinfo(np.int64).max)[best] - 1
    ends = [found.base[best] + step * (np.clip(p, start, end) - start) for p in (first, last)]
    low, high = (np.where(inside, f(*ends), -1) for f in (np.minimum, np.maximum))
    return Placed(found.gene[best], region, low, high, step, inside & (left == right), is_splice)


def place(
    maps: dict[str, Stretches],
    chrom: pl.Series,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    between: NDArray[np.bool_],
) -> Placed:
    """Return `strongest` of each span on its chromosome; gene and region -1 on chromosomes without a map."""
    out = Placed.nowhere(len(first))
    where = pl.DataFrame({"chrom": chrom}).with_row_index("row").drop_nulls().group_by("chrom").agg("row")
    for name, row in zip(where["chrom"], where["row"], strict=True):
        if (stretches := maps.get(name)) is not None:
            rows = row.to_numpy()
            out.put(rows, strongest(stretches, first[rows], last[rows], between[rows]))
    return out
