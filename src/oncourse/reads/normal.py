"""The patient's tumour in its own normal: blood beside a leukaemic or circulating tumour, tissue beside the lesion.

Mutations of the tissue that the normal shows too, all in one proportion, are tumour cells in the normal; blood cell
changes are one or two sites by themselves and are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Least fraction in the tissue and fewest mutations; share of the mutations that must be seen in the normal where so
#: many of them would be; chance below which what is seen is more than background. Choices.
LEAST_VAF, LEAST_SITES, SEEN, ALPHA = 0.05, 8, 0.5, 1e-3
#: A normal that shows more than this share of the tissue's fraction at a site has a change of its own there.
OWN = 0.5
_GRID = np.concatenate([[0.0], np.geomspace(1e-4, OWN, 600)])


@dataclass(frozen=True)
class InNormal:
    """Share of a tissue sample's DNA in the normal with its 95 % interval; null: too few mutations, or none there."""

    share: float | None
    low: float | None
    high: float | None
    n_sites: int


def tumour_in_normal(judged: pl.DataFrame, normal: str, tissue: list[str]) -> InNormal:
    """Return how much of the tissue's DNA a normal holds, by the mutations called in any tissue sample.

    Parameters
    ----------
    judged : sites of a patient (`oncourse.reads.patient.judge`)
    """
    here = judged.filter(sample_id=normal)
    there = [judged.filter(sample_id=name) for name in tissue]
    if not there or here.is_empty():
        return InNormal(None, None, None, 0)
    vafs = np.stack([_vaf(f) * f["is_called"].to_numpy() for f in there])
    vaf = vafs.max(0)
    alt, depth, error = (here[c].to_numpy().astype(float) for c in ("alt_count", "depth", "error_rate"))
    is_own = (alt >= OWN * vaf * depth) & (alt >= 3)
    use = (vaf >= LEAST_VAF) & (depth >= 8) & ~is_own & (here["origin"] != "germline").to_numpy()
    return of_counts(alt[use], depth[use], error[use], vaf[use])


def _vaf(frame: pl.DataFrame) -> Floats:
    return frame["alt_count"].to_numpy() / np.maximum(frame["depth"].to_numpy(), 1)


def of_counts(alt: Floats, depth: Floats, error: Floats, vaf: Floats) -> InNormal:
    """Return the share from counts in the normal and fractions in the tissue; all shape (n,).

    Ten mutations of a half, seen in 5 of 200 fragments of the normal each: it holds a twentieth of tumour DNA.

    >>> ten = np.ones(10)
    >>> found = of_counts(5 * ten, 200 * ten, 1e-4 * ten, 0.5 * ten)
    >>> round(found.share, 2), found.low > 0.03, of_counts(0 * ten, 200 * ten, 1e-4 * ten, 0.5 * ten).share
    (0.05, True, 0.0)
    """
    from scipy.stats import poisson

    n = len(alt)
    if n < LEAST_SITES:
        return InNormal(None, None, None, n)
    p = np.clip(_GRID[:, None] * vaf + error, 1e-9, 1 - 1e-9)
    value = (alt * np.log(p) + (depth - alt) * np.log1p(-p)).sum(1)
    best = int(value.argmax())
    likely = _GRID[value >= value[best] - 1.92]
    # a few sites with many fragments are changes of the blood; a tumour shows where it could be expected to
    expected = -np.expm1(-depth * _GRID[best] * vaf)
    is_spread = (alt > 0).sum() >= SEEN * expected.sum()
    is_more = poisson.sf(alt.sum() - 1, (depth * error).sum()) < ALPHA
    if not (is_spread and is_more):
        return InNormal(0.0, 0.0, float(likely.max()), n)
    return InNormal(float(_GRID[best]), float(likely.min()), float(likely.max()), n)
