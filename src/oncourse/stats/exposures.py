"""Exposures of a spectrum of counts to given signatures: few of them, with what the counts can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Gain of log likelihood for which a signature is taken in, and below which it is let go again, at `AT` mutations: of
#: eighty candidates that are not there, one gains 8.4 in less than 0.2 % of spectra (half a chi-square of one degree,
#: times eighty). Chosen with its growth on simulated spectra (`benchmarks/peer_signatures.py`, seeds 1 and 11).
MIN_GAIN, AT = 8.4, 1_000
#: A usual signature (a clock) is in so many tumours for one that is without it (of 2,780 genomes SBS1 and SBS5 in more
#: than four of five: Alexandrov 2020, doi 10.1038/s41586-020-1943-3).
USUAL_ODDS = 9.0
_STEPS, _SWAPS, _POLISH, _FLOOR = 12, 6, 25, 1e-9


@dataclass(frozen=True)
class Exposures:
    """Counts due to each signature, shape (n_signature,), 0 where it was not needed; cosine of seen and rebuilt
    spectrum."""

    counts: Floats
    cosine: float
    log_likelihood: float


def price(n: float, min_gain: float = MIN_GAIN) -> float:
    """Return the log likelihood that a signature must gain with `n` mutations.

    It grows by the logarithm of the mutations: by a half for the weight (Schwarz 1978, doi 10.1214/aos/1176344136), and
    by a half as signatures that are not there stand for two small ones more often the more mutations there are to tell
    the two from one.

    >>> [round(price(n), 1) for n in (50, 1_000, 5_000)]
    [5.4, 8.4, 10.0]
    """
    return min_gain + float(np.log(n / AT))


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
    What was taken in early stood for others that came later, or came instead of its like: each is then exchanged for
    the best of the others where that is worth more, and it begins anew from there.
    """
    if counts.sum() <= 0:
        return Exposures(np.zeros(len(signatures)), float("nan"), 0.0)
    asked = np.full(len(signatures), price(counts.sum(), min_gain))
    asked[list(usual)] = min(usual_price(counts.sum()), price(counts.sum(), min_gain))
    inside = list(usual) or [int(np.argmax([_loglik(counts, counts.sum() * s) for s in signatures]))]
    first = _Fit(inside, *_refit(counts, signatures[inside], np.full(len(inside), counts.sum() / len(inside))))
    fit = _prune(counts, signatures, _grown(counts, signatures, first, asked), asked)
    for _ in range(_SWAPS):
        better = _exchanged(counts, signatures, fit, asked)
        if better is None:
            break
        fit = _prune(counts, signatures, _grown(counts, signatures, better, asked), asked)
    out = np.zeros(len(signatures))
    out[fit.inside] = fit.weights * counts.sum() / fit.weights.sum()
    return Exposures(out, cosine(counts, out @ signatures), fit.log_likelihood)


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


class _Fit(NamedTuple):
    """Signatures that are in, their weights, the log likelihood."""

    inside: list[int]
    weights: Floats
    log_likelihood: float

    def worth(self, asked: Floats) -> float:
        """Log likelihood less the price of each signature (shape (n_signature,))."""
        return self.log_likelihood - float(asked[self.inside].sum())


def _fitted(counts: Floats, signatures: Floats, inside: list[int], start: Floats) -> _Fit:
    """Refit; signatures without a mutation leave."""
    weights, value = _refit(counts, signatures[inside], start)
    kept = weights > 0
    return _Fit([i for i, k in zip(inside, kept, strict=True) if k], weights[kept], value)


def _grown(counts: Floats, signatures: Floats, fit: _Fit, asked: Floats) -> _Fit:
    """Take in signatures one by one while they gain their price."""
    while len(fit.inside) < min(len(signatures), _STEPS):
        candidate = _next(counts, signatures, fit.inside, fit.weights)
        if candidate is None:
            break
        trial = _fitted(counts, signatures, [*fit.inside, candidate], np.append(fit.weights, 0.02 * counts.sum()))
        if trial.log_likelihood - fit.log_likelihood < asked[candidate]:
            break
        fit = trial
    return fit


def _exchanged(counts: Floats, signatures: Floats, fit: _Fit, asked: Floats) -> _Fit | None:
    """The fit with one signature exchanged for the best of those outside that is worth most; None: none is worth more."""
    best = fit
    for i, signature in enumerate(fit.inside if len(fit.inside) > 1 else []):
        rest = _fitted(counts, signatures, fit.inside[:i] + fit.inside[i + 1 :], np.delete(fit.weights, i))
        candidate = _next(counts, signatures, rest.inside, rest.weights, but=signature)
        if candidate is None:
            continue
        trial = _fitted(counts, signatures, [*rest.inside, candidate], np.append(rest.weights, 0.02 * counts.sum()))
        if trial.worth(asked) > best.worth(asked) + _FLOOR:
            best = trial
    return None if best is fit else best


def _next(counts: Floats, signatures: Floats, inside: list[int], weights: Floats, but: int | None = None) -> int | None:
    """The signature of largest positive score given those inside, `but` apart; None where none has one."""
    mean = np.maximum(weights @ signatures[inside], _FLOOR)
    score = signatures @ (counts / mean - 1)
    scaled = signatures / np.sqrt(mean)
    basis, _ = np.linalg.qr(scaled[inside].T)
    information = (scaled**2).sum(1) - ((scaled @ basis) ** 2).sum(1)
    gain = np.where(score > 0, score**2 / np.maximum(information, 1e-12), -1.0)
    gain[inside if but is None else [*inside, but]] = -1.0
    best = int(np.argmax(gain))
    return best if gain[best] > 0 else None


def _prune(counts: Floats, signatures: Floats, fit: _Fit, asked: Floats) -> _Fit:
    """Remove, one by one, the signature that falls short of its price (`asked`, shape (n_signature,)) by most."""
    while len(fit.inside) > 1:
        spare, best = -np.inf, fit
        for i, signature in enumerate(fit.inside):
            trial = _fitted(counts, signatures, fit.inside[:i] + fit.inside[i + 1 :], np.delete(fit.weights, i))
            more = asked[signature] - (fit.log_likelihood - trial.log_likelihood)
            if more > spare:
                spare, best = more, trial
        if spare <= 0:
            break
        fit = best
    return fit
