"""What the reads leave open of a sample's errors: how it is weighed, and what a sample is named for.

A few reads at a site are a small clone or an error; where errors differ from site to site the reads of a few samples
often cannot tell. Then each explanation stands with its own usual cell fractions, and the sample is named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.background import Background
from oncourse.evolution.site_reads import CHANGES

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

#: A sample is noisy where its errors are more than this multiple of the told ones with 95 % probability; a kind of
#: change is named beside where its multiple is twice the sample's.
NOISY = 2.0
#: It is named as possibly noisy where errors so many times those told are as probable as this, each sample's within
#: such a spread (log) of what it shows. With data as told the chance was .05-.2 in simulated studies, with uneven
#: errors at 5 and 10 times those told .35-.65.
OPEN_FACTOR, OPEN_CHANCE, OPEN_SPREAD = 1.75, 0.3, 0.4
#: and errors this many times those told explain the reads about as well as any (`Background.highest`): in studies as told
#: the chance is above .3 in one of ten, and such errors mostly twice those told at most. Also where the chance is as
#: high as the second, or errors so many times those told as the third explain the reads, whatever the other says.
LEAST_HIGHEST, HIGH_CHANCE, OPEN_HIGHEST = 2.5, 0.45, 4.0
#: and where damage of a kind of change by more than this multiple is possible (`damage`).
DAMAGED = 5.0
#: Explanations whose errors are within a factor of two (log) of each other, or less probable than this, are one.
APART, LEAST_WEIGHT = float(np.log(2.0)), 0.1


#: From this on a sample's few reads are weighed at its own spread before they are `absent` (of six re-sampled cancers
#: a factor of two would leave 13 points more undecided, three 4).
SPREAD = 3.0


class Reading(NamedTuple):
    """One explanation of the few reads: how probable it is, and its (weight, shape, multiple per sample) parts."""

    weight: float
    parts: tuple[tuple[float, float, FloatArray], ...]


def readings(background: Background) -> tuple[Reading, ...]:
    """Return the errors that the reads leave open as at most a few explanations, of low and of high errors.

    Each deserves cell fractions of its own: where errors are low the few reads are small clones, and those small clones
    would make every few reads of a noisy sample one.
    """
    centre = [float(np.log(np.median(multiple * background.factor))) for *_, multiple in background.doubts]
    groups: list[list[int]] = []
    for i in np.argsort(centre, kind="stable").tolist():
        if groups and centre[i] - centre[groups[-1][0]] < APART:
            groups[-1].append(i)
        else:
            groups.append([i])
    weights = [sum(background.doubts[i][0] for i in group) for group in groups]
    while len(groups) > 1 and min(weights) < LEAST_WEIGHT:
        at = int(np.argmin(weights))
        to = at - 1 if at and (at == len(groups) - 1 or weights[at - 1] < weights[at + 1]) else at + 1
        groups[to], weights[to] = groups[to] + groups[at], weights[to] + weights[at]
        del groups[at], weights[at]
    whole = sum(weights)
    return tuple(
        Reading(weight / whole, tuple(background.doubts[i] for i in sorted(group)))
        for group, weight in zip(groups, weights, strict=True)
    )


def spread_beyond(background: Background, assumed: float | FloatArray) -> BoolArray:
    """Return shape (n_sample,): whether reads spread more than assumed, with 95 % probability by a factor of two."""
    return np.asarray(background.concentration_high < np.asarray(assumed) / 2)


def likely_spread(background: Background, assumed: float) -> BoolArray:
    """Return shape (n_sample,): whether reads spread at least `SPREAD` times as much as assumed, by the best guess."""
    return background.concentration < assumed / SPREAD


def chance_of_noise(background: Background) -> FloatArray:
    """Return shape (n_sample,): P(errors at least `OPEN_FACTOR` times those told), over what the reads leave open.

    Half of it is the study's (median over the samples, as a geometric mean): what uneven errors do to one sample is
    mostly luck.
    """
    from scipy.special import ndtr

    chance, whole = np.zeros(len(background.factor)), sum(weight for weight, *_ in background.doubts)
    for weight, _, multiple in background.doubts:
        above = np.log(multiple * background.factor / OPEN_FACTOR)
        chance += weight / whole * ndtr(above / OPEN_SPREAD)
    return np.asarray(np.sqrt(chance * np.median(chance))) if len(chance) else chance


def noise_words(background: Background, assumed: float) -> list[str | None]:
    """Return per sample in what its reads differ from what was told; None where nothing shows.

    assumed : the concentration of variant reads assumed
    """
    spread, open_chance = spread_beyond(background, assumed), chance_of_noise(background)
    out: list[str | None] = []
    for d, factor in enumerate(background.factor):
        words = [f"errors {factor:.2g} times those told"] if background.factor_low[d] > NOISY else []
        words += [
            f"{name} {f:.2g} times" + ("" if words else " the told errors")
            for name, f, low in zip(CHANGES, background.by_kind[d], background.by_kind_low[d], strict=True)
            if f > 2 * factor and low > NOISY
        ]
        words += [
            f"{name} up to {f:.0f} times the told errors possible"
            for name, f, m in zip(CHANGES, background.damage[d], background.by_kind[d], strict=True)
            if f > max(DAMAGED, 2 * m)
        ]
        highest = factor * background.highest[1][d]
        if not words and open_chance[d] >= (OPEN_CHANCE if highest >= LEAST_HIGHEST else HIGH_CHANCE):
            words.append(f"errors above those told are possible, chance {100 * open_chance[d]:.0f} %")
        if not words and highest >= OPEN_HIGHEST:
            words.append(f"errors up to {highest:.2g} times those told are possible")
        if spread[d]:
            words.append(f"reads spread more than assumed (concentration {background.concentration[d]:.0f})")
        out.append("; ".join(words) or None)
    return out
