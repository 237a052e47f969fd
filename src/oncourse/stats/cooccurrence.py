"""Co-occurrence and mutual exclusivity of altered genes, given each sample's own burden."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
#: Samples above which the tail is a normal approximation with continuity correction instead of the exact one.
EXACT_UP_TO = 4_000
#: Rounding of the transform: a smaller tail cannot be told from it and is given as this.
SMALLEST_P = 1e-15


@dataclass(frozen=True)
class Margins:
    """Chance that a sample of each class is altered in each gene, matched to both margins.

    ``probability`` has shape (n_class, n_gene), NaN where the class was not looked at for the gene;
    ``size`` is the number of samples of each class.
    """

    probability: Floats
    size: NDArray[np.int64]


def fit_margins(
    total: ArrayLike, size: ArrayLike, burden: ArrayLike, looked: ArrayLike, iterations: int = 200
) -> Margins:
    """Fit ``logit p = class + gene`` so that expected gene totals and sample burdens equal the seen ones [1]_.

    Parameters
    ----------
    total : shape (n_gene,), altered samples per gene
    size : shape (n_class,), samples per class (samples of one class share burden and panel)
    burden : shape (n_class,), altered genes per sample of the class
    looked : shape (n_class, n_gene), whether the class was looked at for the gene

    Returns
    -------
    Margins; the largest mismatch of a margin is below 1e-6 or `iterations` are spent

    References
    ----------
    .. [1] Canisius S, Martens JWM, Wessels LFA. Genome Biol 2016;17:261 (the idea; fitted here by Newton steps
       on the two margins in turn).
    """
    total, size, burden = (np.asarray(v, float) for v in (total, size, burden))
    seen = np.asarray(looked, bool)
    genes_seen = np.maximum(seen.sum(1), 1)
    row = _logit(np.clip(burden / genes_seen, 1e-9, 1 - 1e-9))
    column = np.zeros(len(total))
    for _ in range(iterations):
        p = np.where(seen, _expit(row[:, None] + column), 0.0)
        miss = total - size @ p
        column += np.clip(miss / np.maximum(size @ (p * (1 - p)), 1e-12), -1, 1)
        p = np.where(seen, _expit(row[:, None] + column), 0.0)
        short = burden - p.sum(1)
        row += np.clip(short / np.maximum((p * (1 - p)).sum(1), 1e-12), -1, 1)
        if max(np.abs(miss).max(initial=0), np.abs(short).max(initial=0)) < 1e-6:
            break
    p = _expit(row[:, None] + column)
    p = np.where((burden == 0)[:, None], 0.0, p)
    return Margins(np.where(seen, p, np.nan), np.asarray(size, np.int64))


def pair_test(margins: Margins, a: int, b: int, observed: int) -> tuple[float, float, float]:
    """Return the expected number of samples altered in both genes, and two one-sided p-values.

    Parameters
    ----------
    a, b : columns of the two genes
    observed : samples altered in both

    Returns
    -------
    expected, P(as many or more), P(as many or fewer), neither below `SMALLEST_P`,
    of the Poisson-binomial count of samples looked at for both
    """
    both = margins.probability[:, a] * margins.probability[:, b]
    keep = ~np.isnan(both)
    p, n = both[keep], margins.size[keep]
    expected, samples = float(n @ p), int(n.sum())
    if samples <= EXACT_UP_TO:
        pmf = _class_pmf(p, n, observed)
        more, fewer = float(pmf[observed:].sum()), float(pmf[: observed + 1].sum())
    else:
        from scipy.stats import norm

        sd = float(np.sqrt(n @ (p * (1 - p)))) or 1e-12
        more = float(norm.sf((observed - 0.5 - expected) / sd))
        fewer = float(norm.cdf((observed + 0.5 - expected) / sd))
    return expected, min(1.0, max(more, SMALLEST_P)), min(1.0, max(fewer, SMALLEST_P))


def _class_pmf(p: Floats, n: NDArray[np.int64], observed: int) -> Floats:
    """Distribution of successes of classes of `n` trials each, by the discrete Fourier transform (Hong 2013).

    Only the counts that can happen are kept: up to 12 standard deviations (and 60) above the mean, beyond which the
    mass is below 1e-30 (Chernoff), and beyond `observed`.
    """
    mean = float(n @ p)
    reach = mean + 12.0 * float(np.sqrt(n @ (p * (1 - p)))) + 60.0
    size = int(min(n.sum(), max(reach, observed + 1))) + 1
    z = np.exp(2j * np.pi * np.arange(size // 2 + 1) / size)
    with np.errstate(divide="ignore"):
        log = n @ np.log(1 - p[:, None] + p[:, None] * z)
    return np.clip(np.fft.irfft(np.conj(np.exp(log)), size), 0.0, 1.0)


def _expit(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -50, 50)))


def _logit(p: Floats) -> Floats:
    return np.log(p) - np.log1p(-p)
