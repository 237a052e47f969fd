"""Background error of an assay and of each sample, learned from sites where no tumour variant is expected.

A stated error rate is a prior, not a truth. Reads at sites that nothing else supports (untracked sites, other patients'
variants, normals) say how many times the stated rate the true one is: per assay, per kind of change, per sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Fewest sites, and fewest reads (found plus expected at the stated rate), from which a background is learned.
MIN_SITES, MIN_READS = 20, 10.0
#: Spread (variance of the ratio to the assay's rate) between samples where there are too few of them to tell, and
#: how many samples that assumption weighs. Written from experience, not from a source.
_PRIOR_SPREAD, _PRIOR_SAMPLES = 0.25, 5.0
#: Reads a kind of change needs before it moves away from the assay's mean.
_KIND_WEIGHT = 10.0
#: A site with more reads than background would give once in so many sites is left out: it may hold a variant.
_OUTLIER = 1e-4
#: Least shape of the spread between sites: errors more uneven than this are variants.
_MIN_SHAPE = 0.3


@dataclass(frozen=True)
class QuietErrors:
    """True error over the stated one.

    Attributes
    ----------
    ratio : shape (n_sample,), learned rate over the stated rate; NaN where it could not be learned
    uncertainty : shape (n_sample,), variance of that ratio relative to its square
    by_kind : shape (n_kind,), further factor of each kind of change
    site_shape : gamma shape of the spread between sites of one kind
    n_sites : sites it rests on; n_left_out : sites left out as they may hold a variant
    """

    ratio: Floats
    uncertainty: Floats
    by_kind: Floats
    site_shape: float
    n_sites: int
    n_left_out: int

    @property
    def is_learned(self) -> NDArray[np.bool_]:
        """Per sample: whether the background could be learned."""
        return ~np.isnan(self.ratio)


def learn_background(
    alt_count: ArrayLike,
    expected: ArrayLike,
    sample: ArrayLike,
    kind: ArrayLike,
    *,
    n_sample: int,
    n_kind: int,
    prior_shape: float = 2.0,
) -> QuietErrors:
    """Learn the background of one assay from counts at sites where no tumour variant is expected.

    Parameters
    ----------
    alt_count : shape (n,), variant reads of a site in a sample
    expected : shape (n,), depth x stated error rate
    sample, kind : shape (n,), index of the sample, and of the kind of change
    prior_shape : gamma shape of the spread between sites that is assumed where counts say little

    Returns
    -------
    The ratio per sample: gamma-Poisson, shrunk to the assay's ratio by the spread between samples (method of
    moments; after Clayton, Kaldor. Biometrics 1987;43:671). Nothing is learned from fewer than `MIN_SITES` sites or
    `MIN_READS` reads, nor where sites without a variant read are missing: a list of what was seen says nothing of
    what was not.

    Examples
    --------
    200 sites that expect half a read each hold three times as many:

    >>> found = learn_background([1, 2] * 100, [0.5] * 200, [0] * 200, [0] * 200, n_sample=1, n_kind=1)
    >>> bool(found.is_learned[0])
    False
    >>> rng = np.random.default_rng(1)
    >>> found = learn_background(rng.poisson(1.5, 200), [0.5] * 200, [0] * 200, [0] * 200, n_sample=1, n_kind=1)
    >>> round(float(found.ratio[0]), 1)
    2.8
    """
    x, m = np.asarray(alt_count, float), np.asarray(expected, float)
    s, k = np.asarray(sample, np.int64), np.asarray(kind, np.int64)
    kept = _plausible(x, m, prior_shape)
    left_out = int((~kept).sum())
    x, m, s, k = x[kept], m[kept], s[kept], k[kept]
    if len(x) < MIN_SITES or x.sum() + m.sum() < MIN_READS or _lists_only_seen(x, m):
        unknown = np.full(n_sample, np.nan)
        return QuietErrors(unknown, unknown, np.ones(n_kind), prior_shape, len(x), left_out)
    overall = (x.sum() + 1) / (m.sum() + 1)
    found, told = np.bincount(k, x, n_kind), np.bincount(k, m, n_kind)
    by_kind = (found + _KIND_WEIGHT) / (told * overall + _KIND_WEIGHT)
    mean = m * by_kind[k]
    overall = (x.sum() + 1) / (mean.sum() + 1)
    shape = _site_shape(x, overall * mean, prior_shape)
    ratio, uncertainty = _by_sample(x, mean, s, n_sample, overall, shape)
    return QuietErrors(ratio, uncertainty, by_kind, shape, len(x), left_out)


def _plausible(x: Floats, m: Floats, shape: float) -> NDArray[np.bool_]:
    """Return the sites whose reads background can explain, at the rate of the bulk of sites."""
    from scipy.special import betainc

    kept = np.ones(len(x), bool)
    ratio = x / np.maximum(m, 1e-12)
    low = ratio <= np.quantile(ratio, 0.95) if len(x) else kept
    for _ in range(3):
        rate = (x[low].sum() + 1) / (m[low].sum() + 1)
        mean = 2 * rate * m  # twice: the trimmed rate is low where sites differ
        tail = np.where(x > 0, betainc(np.maximum(x, 1), shape, mean / (shape + mean)), 1.0)
        kept = tail > _OUTLIER
        low = kept
    return kept


def _lists_only_seen(x: Floats, m: Floats) -> bool:
    """Whether sites without a read are missing although at least five should be there: a caller's list, not counts."""
    rate = x.sum() / max(m.sum(), 1e-12)
    # among sites that were only listed where seen, the rate is too high: ask at the rate of a zero-truncated Poisson
    return bool(not (x == 0).any() and np.exp(-rate * m).sum() > 1 and len(x) >= 5)


def _site_shape(x: Floats, mean: Floats, prior_shape: float) -> float:
    """Gamma shape of the spread between sites: moments, weighed against the prior (a variance of .5 known to +-.5)."""
    weight = float((mean**2).sum())
    found = float(((x - mean) ** 2 - mean).sum()) / max(weight, 1e-12)
    spread = (found * weight / 2 + 4 / prior_shape) / (weight / 2 + 4)
    return float(1 / np.clip(spread, 1e-3, 1 / _MIN_SHAPE))


def _by_sample(x: Floats, mean: Floats, s: Ints, n_sample: int, overall: float, shape: float) -> tuple[Floats, Floats]:
    """Ratio of each sample to the stated rate and its relative variance."""
    total, expected = np.bincount(s, x, n_sample), overall * np.bincount(s, mean, n_sample)
    square = overall**2 * np.bincount(s, mean**2, n_sample)
    # extra variance of a sum of sites that differ: effective counts
    inflate = 1 + np.divide(square, shape * expected, out=np.zeros(n_sample), where=expected > 0)
    has = expected > 0
    excess = ((total - expected) ** 2 - expected * inflate)[has].sum() / max((expected[has] ** 2).sum(), 1e-12)
    n = float(has.sum())
    spread = max((n * excess + _PRIOR_SAMPLES * _PRIOR_SPREAD) / (n + _PRIOR_SAMPLES), 0.01)
    a = 1 / spread
    ratio = overall * (a + total / inflate) / (a + expected / inflate)
    of_assay = 1 / max(total.sum() / float(np.median(inflate[has])) + 1, 1.0)
    return ratio, 1 / (a + total / inflate) + of_assay
