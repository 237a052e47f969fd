"""Microsatellite instability: whether runs of one base have other lengths in a tumour than in the same patient's
normal.

The share of unstable runs is the score; from 0.20 on it is MSI-H, up to 0.10 MSS (the bounds of MSIsensor-type scores
from general knowledge), between them indeterminate; below twenty runs that both samples cover it is not assessable.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
#: Lengths from 0 to this are counted; more is counted here.
LONGEST = 60
#: Fewest fragments of a run in either sample, fewest runs of a score, false discovery rate of a run, bounds of the
#: status.
MIN_FRAGMENTS, MIN_RUNS, FDR, HIGH, STABLE = 20, 20, 0.05, 0.20, 0.10
_MIN_MAPPING = 20


@dataclass(frozen=True)
class Score:
    """Share of unstable runs with its 95 % interval (Clopper-Pearson); None where not assessable."""

    n_runs: int
    n_unstable: int
    share: float | None
    ci_low: float | None
    ci_high: float | None
    status: str | None


def lengths(path: Path, runs: pl.DataFrame, *, reference: Path | None = None) -> Ints:
    """Return the fragments of each run by the length they show, shape (n runs, `LONGEST` + 1).

    Parameters
    ----------
    runs : chrom, start (0-based), end; only reads that span a run and one base on either side are counted
    """
    import pysam

    out = np.zeros((runs.height, LONGEST + 1), np.int64)
    with pysam.AlignmentFile(str(path), reference_filename=str(reference) if reference else None) as file:
        for row, (chrom, start, end) in enumerate(runs.select("chrom", "start", "end").iter_rows()):
            seen: dict[str, int] = {}
            for read in file.fetch(chrom, start, end):
                if read.flag & 0xF04 or read.mapping_quality < _MIN_MAPPING:
                    continue
                length = _length(read.cigartuples, read.reference_start, start - 1, end)
                if length is not None:
                    seen.setdefault(read.query_name or "", min(length, LONGEST))
            np.add.at(out[row], list(seen.values()), 1)
    return out


def _length(cigar: list[tuple[int, int]] | None, at: int, left: int, right: int) -> int | None:
    """Return how many bases of a read lie between two reference bases that it shows; None where it does not show both.

    >>> _length([(0, 10), (2, 2), (0, 10)], 100, 105, 116), _length([(0, 10), (1, 1), (0, 10)], 100, 105, 120)
    (8, None)
    """
    query, places = 0, {}
    for kind, length in cigar or ():
        if kind in (0, 7, 8):
            for target in (left, right):
                if at <= target < at + length:
                    places[target] = query + target - at
            at, query = at + length, query + length
        elif kind in (1, 4):
            query += length
        elif kind in (2, 3):
            at += length
    return places[right] - places[left] - 1 if len(places) == 2 else None


def score(tumour: Ints, normal: Ints) -> Score:
    """Return the share of runs whose lengths differ between a tumour and its normal.

    A run is unstable when a chi-square test of both length distributions (lengths rarer than five in all joined) has a
    Benjamini-Hochberg rate below `FDR`.
    """
    from oncourse.stats.fdr import benjamini_hochberg
    from oncourse.stats.proportions import clopper_pearson

    usable = (tumour.sum(1) >= MIN_FRAGMENTS) & (normal.sum(1) >= MIN_FRAGMENTS)
    n = int(usable.sum())
    if n < MIN_RUNS:
        return Score(n, 0, None, None, None, None)
    p = np.array([_differs(t, o) for t, o in zip(tumour[usable], normal[usable], strict=True)])
    unstable = int((np.asarray(benjamini_hochberg(p)) < FDR).sum())
    low, high = (float(x) for x in clopper_pearson(unstable, n))
    share = unstable / n
    status = "MSI-H" if share >= HIGH else "MSS" if share <= STABLE else "indeterminate"
    return Score(n, unstable, share, low, high, status)


def _differs(tumour: Ints, normal: Ints) -> float:
    """Return the chance of so different lengths in two samples of one distribution."""
    from scipy.special import chdtrc

    table = np.stack([tumour, normal]).astype(float)
    rare = table.sum(0) < 5
    table = np.concatenate([table[:, ~rare], table[:, rare].sum(1, keepdims=True)], axis=1)
    table = table[:, table.sum(0) > 0]
    if table.shape[1] < 2:
        return 1.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    return float(chdtrc(table.shape[1] - 1, ((table - expected) ** 2 / expected).sum()))
