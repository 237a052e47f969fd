"""Scars of homologous recombination deficiency: LOH, telomeric allelic imbalance, large-scale transitions [1]_ [2]_
[3]_.

References
----------
.. [1] LOH: Abkevich 2012, doi 10.1038/bjc.2012.451: regions above 15 Mb, not whole chromosomes.
.. [2] TAI: Birkbak 2012, doi 10.1158/2159-8290.CD-11-0206: imbalance that reaches a telomere and not the centromere.
.. [3] LST: Popova 2012, doi 10.1158/0008-5472.CAN-12-1470: breaks between regions of 10 Mb and more; pieces below 3 Mb
   are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise

import polars as pl

from oncourse.derive.genes.copy_states import NO_COPY

LOH_BASES, LST_BASES, SMALL_BASES = 15_000_000, 10_000_000, 3_000_000
#: A region reaches the telomere where it is the chromosome's first or last; those below this are left out before.
TAI_BASES = 1_000_000
SCHEMA = {"sample_id": pl.String, "hrd_loh": pl.Int64, "hrd_tai": pl.Int64, "hrd_lst": pl.Int64, "hrd_score": pl.Int64}


@dataclass(frozen=True)
class Run:
    """Neighbouring segments of one kind."""

    start: int
    end: int
    kind: object

    @property
    def bases(self) -> int:
        """Its length."""
        return self.end - self.start + 1


def scar_table(rows: pl.DataFrame, arms: pl.DataFrame) -> pl.DataFrame:
    """Return `SCHEMA`, one row per sample of `rows` (segments with total and minor copies, autosomes).

    hrd_tai, hrd_lst and hrd_score are null where the centromeres are not known (`arms` is empty: no genome build).
    """
    first_q = {c: s for c, a, s in arms.select("chrom", "arm", "start").iter_rows() if str(a).endswith("q")}
    found: dict[str, list[int]] = {}
    known = rows.drop_nulls(["total", "minor"]).sort("sample_id", "chrom", "start")
    each = known.select("sample_id", "chrom", "start", "end", "total", "minor").iter_rows()
    for (sample, chrom), part in groupby(each, key=lambda row: row[:2]):
        segments = [row[2:] for row in part]
        counts = found.setdefault(str(sample), [0, 0, 0])
        centromere = first_q.get(str(chrom))
        counts[0] += _loh(segments)
        if centromere is not None:
            counts[1] += _tai(segments, centromere)
            counts[2] += _lst(segments, centromere)
    listed = [(sample, *counts, sum(counts)) for sample, counts in sorted(found.items())]
    table = pl.DataFrame(listed, schema=SCHEMA, orient="row")
    by_centromere = ("hrd_tai", "hrd_lst", "hrd_score")
    return table if first_q else table.with_columns(pl.lit(None, SCHEMA[c]).alias(c) for c in by_centromere)


Segment = tuple[int, int, float, float]


def _runs(pieces: Iterable[tuple[int, int, object]]) -> list[Run]:
    """Join neighbours of one kind, whatever lies unmeasured between them."""
    out: list[Run] = []
    for start, end, kind in pieces:
        if out and out[-1].kind == kind:
            out[-1] = Run(out[-1].start, end, kind)
        else:
            out.append(Run(start, end, kind))
    return out


def _loh(segments: list[Segment]) -> int:
    runs = _runs([(s, e, minor < NO_COPY <= total) for s, e, total, minor in segments])
    if len(runs) == 1:  # the whole chromosome, lost in one step
        return 0
    return sum(1 for run in runs if run.kind and run.bases > LOH_BASES)


def _tai(segments: list[Segment], centromere: int) -> int:
    """Regions are of equal allele copies, as in the code of Birkbak's group (scarHRD): next to the one at the telomere
    another imbalance may cross the centromere. One region alone is a whole chromosome, also where only its long arm is
    measured."""
    runs = _without_small(_runs([(s, e, _copies(total, minor)) for s, e, total, minor in segments]), TAI_BASES)
    if len(runs) < 2:
        return 0
    first, last = runs[0], runs[-1]
    return int(_is_unequal(first) and first.end < centromere) + int(_is_unequal(last) and last.start >= centromere)


def _copies(total: float, minor: float) -> tuple[int, int]:
    """Whole copies of the major and of the minor allele."""
    return round(total) - round(minor), round(minor)


def _is_unequal(run: Run) -> bool:
    return isinstance(run.kind, tuple) and run.kind[0] != run.kind[1]


def _lst(segments: list[Segment], centromere: int) -> int:
    pieces = [(s, e, _copies(total, minor)) for s, e, total, minor in segments]
    left = [(s, min(e, centromere - 1), k) for s, e, k in pieces if s < centromere]
    right = [(max(s, centromere), e, k) for s, e, k in pieces if e >= centromere]
    return _breaks(_without_small(_runs(left))) + _breaks(_without_small(_runs(right)))


def _without_small(runs: list[Run], least: int = SMALL_BASES) -> list[Run]:
    """Leave out the smallest piece below so many bases, join its neighbours where they are alike, and again."""
    while small := [r for r in runs if r.bases < least]:
        gone = min(small, key=lambda r: (r.bases, r.start))
        runs = _runs([(r.start, r.end, r.kind) for r in runs if r is not gone])
    return runs


def _breaks(runs: list[Run]) -> int:
    return sum(
        a.bases >= LST_BASES and b.bases >= LST_BASES and b.start - a.end < SMALL_BASES for a, b in pairwise(runs)
    )
