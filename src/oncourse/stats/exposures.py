"""Exposures of a spectrum of counts to given signatures: few of them, with what the counts can carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Gain of log likelihood for which a signature is taken in, and below which it is let go again, at `AT` mutations: of
#: eighty candidates that are not there, one gains 7 in less than 1 % of spectra (half a chi-square of one degree, times
#: eighty).
MIN_GAIN, AT = 7.0, 1_000
#: A usual signature (a clock) is in so many tumours for one that is without it (of 2,780 genomes SBS1 and SBS5 in more
#: than four of five: Alexandrov 2020, doi 10.1038/s41586-020-1943-3).
USUAL_ODDS = 9.0
_STEPS, _POLISH, _FLOOR = 12, 25, 1e-9


@dataclass(frozen=True)
class Exposures:
    """Counts due to each signature, shape (n_signature,), 0 where it was not needed; cosine of seen and rebuilt
    spectrum."""

    counts: Floats
    cosine: float
    log_likelihood: float


def price(n: float, min_gain: float = MIN_GAIN) -> float:
    """Return the log likelihood that a signature must gain with `n` mutations.

    The price of one more weight grows by half the logarithm of what it is told by (Schwarz 1978, doi
    10.1214/aos/1176344136): few mutations say little, and what they say is not to be bought at the price of many.

    >>> [round(price(n), 1) for n in (50, 1_000, 5_000)]
    [5.5, 7.0, 7.8]
    """
    return min_gain + float(np.log(n / AT)) / 2


def usual_price(n: float) -> float:
    """Return what a usual signature must gain: half the logarithm of the mutations, less that of its odds.

    Of 81 mutations and fewer it stays wherever it takes any.

    >>> [round(usual_price(n), 1) for n in (50, 1_000, 5_000)]
    [-0.2, 1.3, 2.1]
    """
    return float(np.log(n) / 2 - np.log(USUAL_ODDS))


def fit_exposures(
    counts: Floats, signatures: Floats, min_gain: float = MIN_GAIN, usual: tuple[int, ...] = ()
) -> Exposures:
    """Fit the counts as a Poisson mixture of few signatures: taken in one by one, let go again.

    Parameters
    ----------
    counts : shape (n_class,), mutations per class
    signatures : shape (n_signature, n_class), each with sum 1
    min_gain : log-likelihood gain, at `AT` mutations, below which a signature is not taken in (`price`)
    usual : rows of signatures that nearly every tissue has (clocks): they are in from the start and stay for less
        (`usual_price`)

    The next candidate is the one of largest score statistic given those already in; it stays where the refitted log
    likelihood gains its price. In the end every signature whose removal costs less is removed, the cheapest first.
    """
    if counts.sum() <= 0:
        return Exposures(np.zeros(len(signatures)), float("nan"), 0.0)
    asked = np.full(len(signatures), price(counts.sum(), min_gain))
    asked[list(usual)] = min(usual_price(counts.sum()), price(counts.sum(), min_gain))
    inside = list(usual) or [int(np.argmax([_loglik(counts, counts.sum() * s) for s in signatures]))]
    weights, best = _refit(counts, signatures[inside], np.full(len(inside), counts.sum() / len(inside)))
    while len(inside) < min(len(signatures), _STEPS):
        candidate = _next(counts, signatures, inside, weights)
        if candidate is None:
            break
        trial = [*inside, candidate]
        new, gain = _refit(counts, signatures[trial], np.append(weights, 0.02 * counts.sum()))
        if gain - best < asked[candidate]:
            break
        kept = new > 0
        inside, weights, best = [i for i, k in zip(trial, kept, strict=True) if k], new[kept], gain
    inside, weights, best = _prune(counts, signatures, (inside, weights, best), asked)
    out = np.zeros(len(signatures))
    out[inside] = weights * counts.sum() / weights.sum()
    return Exposures(out, cosine(counts, out @ signatures), best)


def bootstrap_exposures(
    counts: Floats,
    signatures: Floats,
    replicates: int,
    rng: np.random.Generator,
    min_gain: float = MIN_GAIN,
    usual: tuple[int, ...] = (),
) -> Floats:
    """Return exposures of resampled spectra, the signatures chosen anew each time: (replicates, n_signature)."""
    n, share = int(counts.sum()), counts / counts.sum()
    drawn = rng.multinomial(n, share, size=replicates).astype(float)
    return np.array([fit_exposures(row, signatures, min_gain, usual).counts for row in drawn]).reshape(replicates, -1)


def cosine(a: Floats, b: Floats) -> float:
    """Return the cosine of two spectra; NaN where one is empty."""
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / size) if size > 0 else float("nan")


def _loglik(counts: Floats, mean: Floats) -> float:
    return float(counts @ np.log(np.maximum(mean, _FLOOR)) - mean.sum())


def _refit(counts: Floats, chosen: Floats, start: Floats) -> tuple[Floats, float]:
    """Non-negative Poisson weights: Fisher scoring by non-negative least squares, then EM steps, which never lose."""
    from scipy.optimize import nnls

    weights, best = start, -np.inf
    for _ in range(6):
        root = np.sqrt(np.maximum(weights @ chosen, 1e-3))
        trial, _ = nnls((chosen / root).T, counts / root)
        value = _loglik(counts, trial @ chosen)
        if value <= best + 1e-3:
            break
        weights, best = trial, value
    weights = np.maximum(weights, 1e-3 * counts.sum() / len(chosen))
    for _ in range(_POLISH):
        weights = weights * (chosen @ (counts / np.maximum(weights @ chosen, _FLOOR)))
    weights = np.where(weights < 1e-4 * counts.sum(), 0.0, weights)
    return weights, _loglik(counts, weights @ chosen)


def _next(counts: Floats, signatures: Floats, inside: list[int], weights: Floats) -> int | None:
    """The signature of largest positive score given those inside; None where none has one."""
    mean = np.maximum(weights @ signatures[inside], _FLOOR)
    score = signatures @ (counts / mean - 1)
    scaled = signatures / np.sqrt(mean)
    basis, _ = np.linalg.qr(scaled[inside].T)
    information = (scaled**2).sum(1) - ((scaled @ basis) ** 2).sum(1)
    gain = np.where(score > 0, score**2 / np.maximum(information, 1e-12), -1.0)
    gain[inside] = -1.0
    best = int(np.argmax(gain))
    return best if gain[best] > 0 else None


def _prune(
    counts: Floats, signatures: Floats, fitted: tuple[list[int], Floats, float], asked: Floats
) -> tuple[list[int], Floats, float]:
    """Remove, one by one, the signature that falls short of its price (`asked`, shape (n_signature,)) by most."""
    inside, weights, best = fitted
    while len(inside) > 1:
        trials = []
        for i, signature in enumerate(inside):
            rest = inside[:i] + inside[i + 1 :]
            new, value = _refit(counts, signatures[rest], np.delete(weights, i))
            trials.append((asked[signature] - (best - value), i, new, value))
        spare, i, new, value = max(trials, key=lambda t: (t[0], -t[1]))
        if spare <= 0:
            break
        kept = new > 0
        rest = inside[:i] + inside[i + 1 :]
        inside, weights, best = [r for r, k in zip(rest, kept, strict=True) if k], new[kept], value
    return inside, weights, best
