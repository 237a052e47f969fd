"""Tumour DNA in plasma, by all mutations of the patient's tissue together: test, limit of detection, tumour fraction.

A mutation on ``m`` of ``n`` tumour copies has, at tumour fraction ``f``, the share ``f m / (f n + 2 (1 - f))`` of the
fragments; the test is that of the study (`oncourse.evolution.ctdna.positivity`), over sites whose background is
measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.evolution.ctdna import positivity

Floats = NDArray[np.float64]
#: Chance of a positive sample without tumour DNA; shape of the spread of background between sites (as the study's
#: test).
ALPHA, NOISE_SHAPE = 0.01, 2.0
#: Fewest mutations of all lesions for the fraction to rest on them alone; a site with so many times the mean fraction
#: (and three fragments) is not of the clone that the others are (WISP's rule).
LEAST_SHARED, OUTLIER = 3, 8.0
_GRID = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, 1200)])


@dataclass(frozen=True)
class Tracked:
    """Mutations of a patient's tissue in one plasma sample.

    alt, depth, error : shape (n,), fragments and background; total, on : copies per tumour cell, and with the mutation;
    is_shared : whether every lesion carries it
    """

    alt: Floats
    depth: Floats
    error: Floats
    total: Floats
    on: Floats
    is_shared: NDArray[np.bool_]


@dataclass(frozen=True)
class Plasma:
    """What the tracked mutations say of a plasma sample; fraction null where it is not positive."""

    n_tracked: int
    n_seen: int
    p_value: float
    is_positive: bool
    fraction: float | None
    low: float | None
    high: float | None
    limit: float | None


def tracked(calls: pl.DataFrame, plasma: str, tissue: list[str], copies: dict[str, tuple[Floats, float]]) -> Tracked:
    """Return the somatic mutations called in a tissue sample, as the plasma sample shows them.

    Parameters
    ----------
    calls : the patient's judged sites (`oncourse.reads.patient.judge`), ``row`` numbering the sites
    copies : tissue sample -> total copies at each site (NaN unknown) and purity (NaN unknown)
    """
    order = calls.filter(sample_id=plasma)
    seen = np.stack([calls.filter(sample_id=t)["is_called"].to_numpy() for t in tissue])
    usable = (
        (order["depth"] > 0).to_numpy()
        & seen.any(0)
        & (calls.filter(sample_id=tissue[0])["origin"] == "somatic").to_numpy()
    )
    total, on = _copies(calls, tissue, copies, seen)
    alt, depth, error = (order[c].to_numpy().astype(float)[usable] for c in ("alt_count", "depth", "error_rate"))
    return Tracked(alt, depth, error, total[usable], on[usable], np.asarray(seen.all(0))[usable])


def _copies(
    calls: pl.DataFrame, tissue: list[str], copies: dict[str, tuple[Floats, float]], seen: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return total copies and mutated copies of each site by the first tissue sample that shows it and knows its
    copies."""
    n = seen.shape[1]
    total, on = np.full(n, np.nan), np.ones(n)
    for k, sample in enumerate(tissue):
        own, purity = copies.get(sample, (np.full(n, np.nan), np.nan))
        rows = calls.filter(sample_id=sample)
        vaf = rows["alt_count"].to_numpy() / np.maximum(rows["depth"].to_numpy(), 1)
        use = np.isnan(total) & seen[k] & np.isfinite(own) & np.isfinite(purity) & (own > 0)
        many = np.rint(vaf * (purity * own + 2 * (1 - purity)) / purity)
        total[use], on[use] = own[use], np.clip(many, 1, np.maximum(own, 1))[use]
    return np.where(np.isnan(total), 2.0, total), on


def tumour_fraction(sites: Tracked) -> Plasma:
    """Return the test, the limit of detection and the tumour fraction with its 95 % interval.

    The fraction rests on mutations of all lesions where there are three, since blood mixes lesions. The interval is
    that of the binomial likelihood, widened by the spread between sites.

    Examples
    --------
    Twenty mutations at 1 % of 1,000 fragments of a diploid tumour: a fraction of 2 %.

    >>> n = np.ones(20)
    >>> p = tumour_fraction(Tracked(10 * n, 1000 * n, 1e-5 * n, 2 * n, n, n > 0))
    >>> p.is_positive, round(p.fraction, 3), p.limit < 0.002
    (True, 0.02, True)
    """
    n = len(sites.alt)
    if n == 0:
        return Plasma(0, 0, 1.0, False, None, None, None, None)
    mean = sites.depth * sites.error
    test = positivity([sites.alt.sum()], [mean.sum()], [(mean**2).sum()], alpha=ALPHA, noise_shape=NOISE_SHAPE)
    is_positive = bool(test.p_value[0] <= ALPHA)
    limit = _limit(sites, int(test.threshold[0]))
    fraction, low, high = _fraction(sites) if is_positive else (None, None, None)
    n_seen = int((sites.alt > 0).sum())
    return Plasma(n, n_seen, float(test.p_value[0]), is_positive, fraction, low, high, limit)


def _shares(sites: Tracked, fraction: Floats) -> Floats:
    """Return the expected share of fragments: shape (fractions, sites)."""
    f = fraction[:, None]
    own = f * sites.on / (f * sites.total + 2 * (1 - f))
    return np.asarray(np.clip(own * (1 - sites.error) + (1 - own) * sites.error, 1e-12, 1 - 1e-9))


def _fraction(sites: Tracked) -> tuple[float, float, float]:
    use = sites.is_shared if sites.is_shared.sum() >= LEAST_SHARED else np.ones(len(sites.alt), bool)
    share = sites.alt / sites.depth
    use = use & ~((share > OUTLIER * share[use].mean()) & (sites.alt >= 3))
    kept = Tracked(*(x[use] for x in vars(sites).values()))
    expected = _shares(kept, _GRID)
    value = (kept.alt * np.log(expected) + (kept.depth - kept.alt) * np.log1p(-expected)).sum(1)
    best = int(value.argmax())
    at = expected[best]
    spread = ((kept.alt - kept.depth * at) ** 2 / (kept.depth * at * (1 - at))).sum() / max(1, len(kept.alt) - 1)
    likely = _GRID[value >= value[best] - 1.92 * max(1.0, float(spread))]
    return float(_GRID[best]), float(likely.min()), float(likely.max())


def _limit(sites: Tracked, threshold: int) -> float | None:
    """Return the smallest fraction whose fragments reach the threshold with chance 0.95 (Poisson)."""
    from scipy.stats import poisson

    chance = poisson.sf(threshold - 1, (_shares(sites, _GRID) * sites.depth).sum(1))
    found = np.flatnonzero(chance >= 0.95)
    return float(_GRID[found[0]]) if len(found) else None
