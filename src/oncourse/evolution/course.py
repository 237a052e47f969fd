"""The level of tumour DNA through time: did it truly change, given counting and biological variation?

The lowest of several noisy values lies below the level they share, so that "1.25 times the lowest so far" is reached
by noise alone in most patients. Here the true levels are hidden: each sample's is that of the sample before, or
another one; counts tell of it with Poisson, background and biological variation, and a change is said by its
posterior probability.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.evolution.log_sum import log_sum

Floats = NDArray[np.float64]

#: Chance that the true level changes between two samples; a change is log-normal with this sd, or to any level or to
#: none.
CHANGE, CHANGE_SD, ANYWHERE = 0.5, 1.0, 0.3
#: Share of samples that vary twice as much as a coefficient of variation that nobody measured.
UNEVEN = 0.2
#: Mean log rise between two samples after the turn.
RISE = 0.7
#: Step of the grid of log levels, and its largest size.
_STEP, _MOST = 0.08, 110
#: Distance (log) between the variations that are weighed.
_NODE = 0.1


class Course(NamedTuple):
    """Per sample, in order of time, given the samples up to it.

    ``p_rise``: probability that its true level is at least ``rise`` times the lowest true level before it;
    ``p_fall``: that it is at most ``fall`` times the level of the first sample (both NaN for the first); ``mean``:
    posterior mean of the level.
    """

    p_rise: Floats
    p_fall: Floats
    mean: Floats


def course(
    reads: ArrayLike,
    depth: ArrayLike,
    background: ArrayLike,
    *,
    cv: float = 0.25,
    uneven: float = UNEVEN,
    rise: float = 1.25,
    fall: float = 0.5,
) -> Course:
    """Return the probabilities of a true rise and fall of one patient's series.

    Parameters
    ----------
    reads : shape (n,), variant reads of all tracked variants
    depth : shape (n,), reads over them
    background : shape (n,), variant reads expected from errors
    cv : biological variation between samples of an unchanged tumour (coefficient of variation)
    uneven : share of samples that vary twice as much: `UNEVEN` where `cv` is a prior, 0 where it was learned. Of rises
        only: they are asked of every sample against the lowest of all before, where one odd sample makes a false one

    Notes
    -----
    Forward filter over a grid of log levels, the running minimum (and the first level) as part of the state. A
    constant level of 48 or 24 reads in 6 samples (cv .25 assumed, 0 or .25 true), or of 1,200 with cv .25, is called
    a rise in at most 5 % of patients at probability .95, in 2-10 % where the true cv is .4
    (``benchmarks/bench_stress.py``).

    Examples
    --------
    Six samples of a constant level, and a doubling that three samples confirm:

    >>> bool(course([48, 41, 55, 39, 52, 60], [1e5] * 6, [1.0] * 6).p_rise[1:].max() >= 0.95)
    False
    >>> bool(course([48, 41, 55, 160, 152, 166], [1e5] * 6, [1.0] * 6).p_rise[-1] >= 0.95)
    True
    """
    x, n, b = (np.asarray(v, float) for v in (reads, depth, background))
    levels = allele_levels(x, n, b)
    like = _likelihood(x, n, b, levels, cv)
    wide = _likelihood(x, n, b, levels, cv, uneven)
    step = transition(levels)
    high, low = levels[:, None], levels[None, :]
    above = (high >= rise * low * (1 - 1e-9)) & (high > 0)
    below = (high <= fall * low * (1 + 1e-9)) & (low > 0)
    lowest = np.diag(_normal(wide[0]))  # [current level, lowest before it]
    start = np.diag(_normal(like[0]))  # [current level, level of the first sample]
    p_rise, p_fall, mean = [np.nan], [np.nan], [float(start.sum(axis=1) @ levels)]
    for now, even in zip(wide[1:], like[1:], strict=True):
        lowest = _normal((step.T @ _lowest_so_far(lowest)) * now[:, None])
        start = _normal((step.T @ start) * even[:, None])
        p_rise.append(float(lowest[above].sum()))
        p_fall.append(float(start[below].sum()))
        mean.append(float(start.sum(axis=1) @ levels))
    return Course(np.array(p_rise), np.array(p_fall), np.array(mean))


def turning(
    reads: ArrayLike, depth: ArrayLike, background: ArrayLike, *, cv: float = 0.25, least: float = 1.0
) -> Floats:
    """Return how likely the series is for each place at which the level may have turned upwards.

    Parameters
    ----------
    reads, depth, background, cv : as of `course`
    least : rise that the turn means. 1: the onset of a rise that goes on, however little of it the next sample
    shows; above
        1: the next sample's true level is at least so many times the one before, whatever follows

    Returns
    -------
    shape (n,), relative likelihood, largest 1, of a turn between sample i and i + 1; the last: after the last
    sample, or never. Before the turn the true level stays or falls. How much it rises is not known: exponential in
    the log, mean `RISE`.

    Examples
    --------
    >>> turning([80, 50, 160, 300], [1e5] * 4, [1.0] * 4).round(2).argmax()
    np.int64(1)
    """
    x, n, b = (np.asarray(v, float) for v in (reads, depth, background))
    levels = allele_levels(x, n, b)
    like = _likelihood(x, n, b, levels, cv)
    down, up = _down(levels), _up(levels, least)
    later = up if least <= 1 else transition(levels)
    before = [like[0] / len(levels)]
    for now in like[1:]:
        before.append((down.T @ before[-1]) * now)
    after = [np.ones(len(levels))]  # chance of what follows each sample, given its level, once the level has turned
    for now in like[:0:-1]:
        after.append(later @ (now * after[-1]))
    after = after[::-1]
    found = [float((up.T @ before[i]) @ (like[i + 1] * after[i + 1])) for i in range(len(x) - 1)]
    every = np.array([*found, float(before[-1].sum())])
    return np.asarray(every / every.max(), float)


def _gaps(levels: Floats) -> Floats:
    """Log of each level (column) over each level (row); none counts as one e-fold below the least."""
    log = np.concatenate([[np.log(levels[1]) - 1.0], np.log(levels[1:])])
    return np.asarray(log[None, :] - log[:, None], float)


def _down(levels: Floats) -> Floats:
    """Transitions before the turn: stay, or fall."""
    gap = _gaps(levels)
    fall = np.where(gap < 0, np.exp(np.minimum(gap, 0) / RISE), 0.0)
    fall /= np.maximum(fall.sum(axis=1, keepdims=True), 1e-12)
    out = (1 - CHANGE) * np.eye(len(levels)) + CHANGE * fall
    out[0] = np.eye(len(levels))[0]
    return np.asarray(out, float)


def _up(levels: Floats, least: float) -> Floats:
    """Transition at the turn: at least `least` times the level."""
    gap = _gaps(levels) - np.log(least)
    rise = np.where(gap >= -1e-9, np.exp(-np.maximum(gap, 0) / RISE), 0.0)
    rise[-1, -1] = 1.0  # the highest level can only stay
    return np.asarray(rise / np.maximum(rise.sum(axis=1, keepdims=True), 1e-12), float)


def _normal(mass: Floats) -> Floats:
    return np.asarray(mass / mass.sum(), float)


def allele_levels(x: Floats, n: Floats, b: Floats) -> Floats:
    """Return the allele fractions of the grid: none, then log steps from a third of a read to well above the highest
    level seen."""
    low = 0.3 / n.max()
    high = max(float(((x + 3 * np.sqrt(x + 1)) / n).max()) * 2, 4 * low)
    count = min(int(np.ceil(np.log(high / low) / _STEP)) + 1, _MOST)
    return np.concatenate([[0.0], np.exp(np.linspace(np.log(low), np.log(min(high, 1.0)), count))])


def _likelihood(x: Floats, n: Floats, b: Floats, levels: Floats, cv: float, uneven: float = 0.0) -> Floats:
    """Chance of each count at each level, relative to the likeliest."""
    log = log_likelihood(x, n, b, levels, cv, uneven)
    return np.asarray(np.exp(log - log.max(axis=1, keepdims=True)), float)


def log_likelihood(x: Floats, n: Floats, b: Floats, levels: Floats, cv: float, uneven: float = 0.0) -> Floats:
    """Return the log chance of each count at each level, shape (n_sample, n_level): n x level x variation + b, Poisson.

    Biological variation is log-normal: a tenth of the usual level then is rarer than with a gamma of the same spread,
    whose long tail towards none made a tenfold fall and rise look like one odd sample.
    """
    from scipy.special import gammaln

    signal, k = n[:, None, None] * levels[None, :, None], x[:, None, None]
    size = _NODE**-2  # what lies between two nodes
    logs = []
    for factor, share in ((1.0, 1 - uneven), (2.0, uneven)):
        if share <= 0:
            continue
        sd = np.sqrt(np.log1p((factor * cv) ** 2))
        away = np.arange(-3.5 * sd, 3.5 * sd + _NODE, _NODE)
        weight = np.exp(-0.5 * (away / max(sd, _NODE)) ** 2)
        mean = np.maximum(signal * np.exp(away - sd**2 / 2) + b[:, None, None], 1e-9)
        log = k * np.log(mean) - (k + size) * np.log(size + mean)
        logs.append(log_sum(log + np.log(weight / weight.sum()), axis=2) + np.log(share))
    return np.asarray(log_sum(np.array(logs), axis=0) + (gammaln(x + size) - gammaln(x + 1))[:, None], float)


def transition(levels: Floats, chance: float = CHANGE) -> Floats:
    """Return the chance of each next level (column) from each level (row); ``chance``: of a change."""
    count = len(levels)
    anywhere = np.full((count, count), 1.0 / count)
    anywhere[:, 0], anywhere[:, 1:] = 0.2, 0.8 / (count - 1)
    log = np.log(levels[1:])
    near = np.exp(-0.5 * ((log[None, :] - log[:, None]) / CHANGE_SD) ** 2)
    near /= near.sum(axis=1, keepdims=True)
    change = anywhere.copy()
    change[1:] *= ANYWHERE
    change[1:, 1:] += (1 - ANYWHERE) * near
    return np.asarray((1 - chance) * np.eye(count) + chance * change, float)


def _lowest_so_far(mass: Floats) -> Floats:
    """Take the current level into the lowest: [current, min(lowest, current)]."""
    upper = np.triu(mass)  # the lowest before lies at or above the current level: the current one is the lowest now
    out = mass - upper
    out[np.diag_indices_from(out)] += upper.sum(axis=1)
    return out
