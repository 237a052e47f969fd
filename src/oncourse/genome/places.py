"""Gene, codon and protein change of a variant from its place alone, in GRCh37 and GRCh38.

A place in a gene whose exons are not known is named as such (region ``gene``); what neither exons nor reference codons
(`oncourse.genome.gene_models`) reach stays null: unknown, never "none".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.gene_models import BUILDS, Model, models
from oncourse.genome.genes import gene_places
from oncourse.genome.place_effect import effects_of
from oncourse.genome.variant import parts

#: What a place is to its gene, the most telling first; a place in several genes is named by the first that fits.
REGIONS = ("coding", "splice", "utr", "intron", "upstream", "gene", "outside")
#: Bases of an intron beside each exon that are its splice site.
SPLICE_BASES = 2
#: Bases before the first exon that count as the gene's promoter (TERT -124 and -146 lie within).
UPSTREAM_BASES = 1_000
_WORKING = ("chrom", "pos", "ref", "alt", "base", "step", "is_whole", "is_splice")
_CODING, _SPLICE, _UTR, _INTRON, _UPSTREAM, _GENE, _OUTSIDE = range(len(REGIONS))


@dataclass(frozen=True)
class _Map:
    """One chromosome cut into stretches of one gene and one region.

    ``start`` rises; stretch i holds the positions ``start[i]`` to ``start[i + 1] - 1``. ``base`` is the number (from 0)
    of the coding base at its start, counted in ``step`` (1 or -1) along the stretch.
    """

    start: NDArray[np.int64]
    gene: NDArray[np.int64]
    region: NDArray[np.int64]
    base: NDArray[np.int64]
    step: NDArray[np.int64]


@cache
def _genes(build: str) -> list[str]:
    return sorted({*models(build), *gene_places(build)["gene"]})


def _stretches(model: Model) -> list[tuple[int, int, int, int, int]]:
    """Return first, last, region, number of the first coding base, step - of one gene, the weakest region first."""
    first, last = model.exons[0][0], model.exons[-1][1]
    before = (first - UPSTREAM_BASES, first - 1) if model.forward else (last + 1, last + UPSTREAM_BASES)
    out = [(*before, _UPSTREAM, -1, 0), (first, last, _INTRON, -1, 0)]
    out += [(a, b, _UTR, -1, 0) for a, b in model.exons]
    for (_, end), (start, _) in zip(model.exons, model.exons[1:], strict=False):
        out += [
            (end + 1, end + SPLICE_BASES, _SPLICE, -1, 0),
            (start - SPLICE_BASES, start - 1, _SPLICE, -1, 0),
        ]
    done, total = 0, sum(b - a + 1 for a, b in model.coding)
    for a, b in model.coding:
        out.append((a, b, _CODING, done if model.forward else total - 1 - done, 1 if model.forward else -1))
        done += b - a + 1
    return out


@cache
def _maps(build: str) -> dict[str, _Map]:
    """Return each chromosome's map; stretches of a stronger region lie over those of a weaker one."""
    index = {gene: i for i, gene in enumerate(_genes(build))}
    pieces: dict[str, list[tuple[int, int, int, int, int, int]]] = {}
    known = models(build)
    for gene, chrom, first, last in gene_places(build).iter_rows():
        if gene not in known:
            pieces.setdefault(chrom, []).append((first, last, _GENE, -1, 0, index[gene]))
    for gene, model in known.items():
        pieces.setdefault(model.chrom, []).extend((*s, index[gene]) for s in _stretches(model))
    return {chrom: _painted(found) for chrom, found in pieces.items()}


def _painted(pieces: list[tuple[int, int, int, int, int, int]]) -> _Map:
    cuts = sorted({1, *(p[0] for p in pieces), *(p[1] + 1 for p in pieces)})
    start = np.array(cuts, np.int64)
    gene, base = np.full(len(start), -1, np.int64), np.full(len(start), -1, np.int64)
    region, step = np.full(len(start), _OUTSIDE, np.int64), np.zeros(len(start), np.int64)
    for first, last, kind, number, direction, which in sorted(pieces, key=lambda p: (-p[2], -p[5], p[0])):
        low, high = np.searchsorted(start, [first, last + 1])
        gene[low:high], region[low:high], step[low:high] = which, kind, direction
        base[low:high] = number + direction * (start[low:high] - first) if kind == _CODING else -1
    return _Map(start, gene, region, base, step)


def locate(variant_ids: pl.Series, build: str | None) -> pl.DataFrame:
    """Return what the place of each variant says.

    Parameters
    ----------
    variant_ids : shape (n,), ``chrom:pos:ref:alt`` as `oncourse.genome.variant.normalise` writes them
    build : GRCh37 or GRCh38; with any other nothing is known

    Returns
    -------
    One row per id, in its order: ``variant_id``; ``gene`` (null outside the package's genes); ``region`` (one of
    `REGIONS`; ``gene``: within a gene whose exons are not known here; null without a build or place); ``codon_first``,
    ``codon_last``: the codons the changed bases overlap, for an insertion those of the bases on both sides;
    ``consequence``: where the place alone decides it, else null; ``hgvs_p``: where the reference codons are known, else
    null; ``is_ref_match``: whether the reference allele is what the coding sequence has there, null where not known.
    """
    ids = variant_ids.rename("variant_id")
    distinct = pl.DataFrame({"variant_id": ids.unique().drop_nulls().sort()}).with_columns(parts())
    found = _placed(distinct, build)
    found = pl.concat([found, effects_of(found)], how="horizontal").drop(*_WORKING)
    return pl.DataFrame({"variant_id": ids}).join(found, on="variant_id", how="left", maintain_order="left")


def _placed(frame: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Add gene, region, codons, and for `oncourse.genome.place_effect`: base, step, is_whole, is_splice."""
    n = frame.height
    gene, region, low, high, step = np.full((5, n), -1, np.int64)
    found = _Placed(gene, region, low, high, step, np.zeros(n, bool), np.zeros(n, bool))
    names: list[str] = []
    if build in BUILDS:
        names = _genes(build)
        found.region[frame["pos"].is_not_null().to_numpy()] = _OUTSIDE
        pos = frame["pos"].fill_null(0).to_numpy()
        # an insertion lies between two bases: both are looked at
        between = (frame["ref"] == "-").fill_null(False).to_numpy()
        width = pl.when(pl.col("ref") == "-").then(2).otherwise(pl.col("ref").str.len_bytes())
        last = pos + frame.select(width.fill_null(1).cast(pl.Int64)).to_series().to_numpy() - 1
        for chrom, stretches in _maps(build).items():
            rows = (frame["chrom"] == chrom).fill_null(False).to_numpy().nonzero()[0]
            if len(rows):
                found.put(rows, _strongest(stretches, pos[rows], last[rows], between[rows]))
    return frame.with_columns(
        _named("gene", found.gene, names), _named("region", found.region, REGIONS),
        _codon("codon_first", found.low), _codon("codon_last", found.high),
        pl.Series("base", found.low), pl.Series("step", found.step),
        pl.Series("is_whole", found.is_whole), pl.Series("is_splice", found.is_splice),
    )  # fmt: skip


@dataclass(frozen=True)
class _Placed:
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

    def put(self, rows: NDArray[np.int64], part: _Placed) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name)[rows] = getattr(part, name)


def _named(name: str, numbers: NDArray[np.int64], names: Sequence[str]) -> pl.Series:
    table = pl.Series(name, [*names, None], pl.String)
    return table.gather(np.where(numbers < 0, len(names), numbers))


def _codon(name: str, base: NDArray[np.int64]) -> pl.Series:
    return pl.Series(name, np.where(base >= 0, base // 3 + 1, -1)).replace(-1, None)


def _strongest(
    found: _Map, first: NDArray[np.int64], last: NDArray[np.int64], between: NDArray[np.bool_]
) -> _Placed:
    """Return what each span from `first` to `last` is by its strongest stretch; `between`: it lies between the two."""
    left = np.searchsorted(found.start, first, side="right") - 1
    right = np.searchsorted(found.start, last, side="right") - 1
    best, is_splice = left.copy(), found.region[left] == _SPLICE
    for row in (right > left).nonzero()[0]:
        span = np.arange(left[row], right[row] + 1)
        regions = found.region[span]
        # an insertion beside a splice site's outer base is not in it
        choose = np.argmax if between[row] and _CODING not in regions else np.argmin
        best[row] = span[choose(regions)]
        is_splice[row] = (regions == _SPLICE).any()
    region, step, start = found.region[best], found.step[best], found.start[best]
    inside = region == _CODING
    end = np.append(found.start[1:], np.iinfo(np.int64).max)[best] - 1
    ends = [found.base[best] + step * (np.clip(p, start, end) - start) for p in (first, last)]
    low, high = (np.where(inside, f(*ends), -1) for f in (np.minimum, np.maximum))
    return _Placed(found.gene[best], region, low, high, step, inside & (left == right), is_splice)
