"""Where several tracks change their level together: seeded binary segmentation of the places of one chromosome.

Intervals of growing length, half overlapping (seeds [1]_), each offer their best split; a split is kept where the
tracks together, or one of them alone, gain more than chance would; the shortest interval speaks first, so that a small
segment is not lost in a large one. At the end neighbours that do not differ are joined.

References
----------
.. [1] Kovacs S, Buhlmann P, Li H, Munk A. Seeded binary segmentation. Biometrika 2023;110:249-256.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Chance of any false break in a genome.
ALPHA = 0.01
#: Intervals grow by this factor; the shortest has so many places.
_GROW, _SHORTEST = 2**0.5, 4
#: Splits evaluated in one go; bounds the memory.
_AT_ONCE = 200_000


@dataclass(frozen=True)
class Bounds:
    """What a split has to gain: by all tracks together, or by one alone; ``inverse``: of the correlation of the
    noise."""

    together: float
    alone: float
    inverse: Floats

    def excess(self, steps: Floats) -> Floats:
        """Return by how much steps, shape (tracks, ...), gain more than the bounds."""
        joint = (steps * np.tensordot(self.inverse, steps, 1)).sum(0)
        return np.asarray(np.maximum(joint - self.together, (steps**2).max(0) - self.alone))


def breaks(
    values: Floats,
    weights: Floats,
    *,
    n_genome: int,
    least: int = 2,
    alpha: float = ALPHA,
    alike: Floats | None = None,
) -> list[int]:
    """Return the first place of each segment but the first, in order.

    Parameters
    ----------
    values, weights : shape (tracks, places); a weight is one over the variance of a value, 0 where it is not known
    n_genome : places of all chromosomes (for the number of tests)
    least : fewest places of a segment
    alike : shape (tracks, tracks), correlation of the tracks' noise (`correlation`); None: independent

    Notes
    -----
    The gain of a split is the drop of the weighted squares, chi-squared with one degree a track where nothing changes.
    """
    from scipy.stats import chi2

    n_tracks, n = values.shape
    if n < 2 * least:
        return []
    sums = [np.concatenate([np.zeros((n_tracks, 1)), np.cumsum(x, 1)], 1) for x in (weights, weights * values)]
    level = alpha / (max(n_genome, 2) * (1 + (n_tracks > 1)) * 4)
    inverse = np.asarray(np.eye(n_tracks) if alike is None else np.linalg.inv(alike), float)
    bounds = Bounds(float(chi2.isf(level, n_tracks)), float(chi2.isf(level / n_tracks, 1)), inverse)
    found = [row for size, firsts in _seeds(n) for row in _splits(sums, firsts, size, least, bounds)]
    kept: list[int] = []
    for _, _, at, first, end in sorted(found):
        if not any(first < other < end for other in kept):
            kept.append(at)
    return _joined(sums, sorted(kept), n, bounds)


def _seeds(n: int) -> list[tuple[int, NDArray[np.int64]]]:
    """Return lengths of intervals, each with where they begin; the last of a length ends with the places."""
    out = [(n, np.zeros(1, np.int64))]
    length = float(_SHORTEST)
    while round(length) < n:
        size = round(length)
        out.append((size, np.unique(np.append(np.arange(0, n - size, max(1, size // 2)), n - size))))
        length *= _GROW
    return out


def _splits(
    sums: list[Floats], firsts: NDArray[np.int64], size: int, least: int, bounds: Bounds
) -> list[tuple[int, float, int, int, int]]:
    """Return length, excess over the bound (negative), place, first and end of the intervals worth a split."""
    if size < 2 * least:
        return []
    out = []
    inside = np.arange(least, size - least + 1)
    for part in np.array_split(firsts, max(1, len(firsts) * len(inside) // _AT_ONCE)):
        at = part[:, None] + inside
        excess = bounds.excess(_steps(sums, part[:, None], at, part[:, None] + size))
        best = excess.argmax(1)
        worth = excess[np.arange(len(part)), best]
        for i in np.flatnonzero(worth > 0):
            out.append((size, -float(worth[i]), int(at[i, best[i]]), int(part[i]), int(part[i]) + size))
    return out


def _steps(sums: list[Floats], first: NDArray[np.int64], at: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
    """Return the step of each track at a split in units of its sd; 0 where a side is not known."""
    w, wx = sums
    left, right = w[:, at] - w[:, first], w[:, end] - w[:, at]
    a, b = wx[:, at] - wx[:, first], wx[:, end] - wx[:, at]
    both = np.maximum(left + right, 1e-12)
    differ = a / np.maximum(left, 1e-12) - b / np.maximum(right, 1e-12)
    return np.where((left > 0) & (right > 0), differ * np.sqrt(left * right / both), 0.0)


def _joined(sums: list[Floats], kept: list[int], n: int, bounds: Bounds) -> list[int]:
    """Take away, weakest first, the breaks whose two segments do not differ beyond the bound."""
    while kept:
        edges = np.array([0, *kept, n])
        excess = bounds.excess(_steps(sums, edges[:-2], edges[1:-1], edges[2:]))
        weakest = int(excess.argmin())
        if excess[weakest] > 0:
            break
        kept.pop(weakest)
    return kept


def noise(values: Floats, weights: Floats) -> Floats:
    """Return, of each track, the factor by which differences of neighbours exceed what the weights promise
    (squared)."""
    out = np.ones(len(values))
    for k, (x, w) in enumerate(zip(values, weights, strict=True)):
        known = np.flatnonzero(w > 0)
        if len(known) < 10:
            continue
        step = np.diff(x[known])
        promised = np.sqrt(1 / w[known][1:] + 1 / w[known][:-1])
        out[k] = max(1e-3, float(np.median(np.abs(step / promised)) * 1.4826) ** 2)
    return out


def correlation(values: Floats, weights: Floats) -> Floats:
    """Return the correlation of the tracks' noise, from differences of neighbours known in both.

    Samples that are divided by one normal share its noise; taken as independent, each would confirm the other's.
    """
    n = len(values)
    out = np.eye(n)
    step = np.clip(np.diff(values * np.sqrt(weights), axis=1) / np.sqrt(2), -3, 3)
    known = (weights[:, 1:] > 0) & (weights[:, :-1] > 0)
    for i in range(n):
        for j in range(i):
            both = known[i] & known[j]
            if both.sum() >= 10:
                a, b = step[i, both], step[j, both]
                out[i, j] = out[j, i] = float((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean() + 1e-12))
    return 0.98 * out + 0.02 * np.eye(n)
