"""Terms of a propensity score, chosen on the balance they leave and never on the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from oncourse.models import weighting as w

#: A term is added while the weighted standardised difference of a square, bend or product exceeds this: a tenth is
#: usual (Austin 2009); a twentieth of that leaves a bias that is small beside the standard error, whatever the shape
#: (benchmarks/bench_treatment_confounding.py: under a wave it is 0.03 standard errors; a seventh and five bends left
#: 0.33, and 92.7 % of intervals held the truth; a third and two bends 90 %).
TARGET = 0.005
#: Where the effect of a number on the score may bend: shares of its patients. A wave of one sd from top to bottom is
#: followed by nine places, not by five.
BENDS = (0.03, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97)
#: Patients of the smaller arm per coefficient of the score: no more terms than that.
PATIENTS_PER_TERM = 5
#: Beyond these the weighted arms are not alike: difference of a term, ratio of variances, distance of distributions.
WORST_DIFFERENCE, WORST_VARIANCE_RATIO, WORST_DISTANCE = 0.1, 2.0, 0.2
_NUMBERS = 5  # distinct values of a column whose square is a term of its own
#: Levels: a column of which that many values hold at least that share of the patients (the rest may be filled in).
MOST_LEVELS, LEAST_IN_LEVELS = 4, 0.5
#: Mark of a candidate that is no curve within levels; how many separate shapes a square and nine bends can take
#: (they go together: our count).
PLAIN, SHAPES_OF_A_CURVE = -1, 4


@dataclass(frozen=True)
class ScoreTerms:
    """The score and what it leaves.

    x : (n, k) columns of the score; names : k; score : (n,); unlike : what is still unbalanced under overlap weights
    """

    x: np.ndarray
    names: tuple[str, ...]
    score: np.ndarray
    unlike: tuple[str, ...]


def choose_terms(x: np.ndarray, treated: np.ndarray, names: tuple[str, ...]) -> ScoreTerms:
    """Fit a propensity score; add squares, bends and products of the columns of x (n, p) while they are unbalanced.

    Candidates: of each column of numbers its square and its part above nine percentiles (`BENDS`), over everyone and
    within the levels of every other column (a curve that a yes/no turns over has no mean of its own); the product of
    every two columns. A curve within levels counts once one of its terms is further apart than chance leaves about one
    of all such curves (`_beyond_chance`): chance would else spend the terms, or refuse. The least balanced one is
    added, as long as an arm has `PATIENTS_PER_TERM` patients per term.
    """
    more, labels, pair = _candidates(x, names)
    plain, within = _shapes(x, pair)
    chosen: list[int] = []
    opened: set[int] = {PLAIN}
    fewest = min(int(treated.sum()), int((~treated).sum()))
    while True:
        design = np.column_stack([x, more[:, chosen]]) if chosen else x
        score = w.propensity(design, treated)
        weights = w.overlap_weights(score, treated)
        gap = np.abs(np.nan_to_num(w.standardised_difference(more, treated, weights))) if labels else np.zeros(0)
        gap[chosen] = 0.0
        beyond = _beyond_chance(within, treated, weights)
        opened |= set(pair[gap > beyond].tolist())
        gap[~np.isin(pair, list(opened))] = 0.0
        if not len(gap) or gap.max() <= TARGET or fewest < PATIENTS_PER_TERM * (design.shape[1] + 2):
            break
        chosen.append(int(gap.argmax()))
    worst = np.maximum(WORST_DIFFERENCE, np.where(pair == PLAIN, _beyond_chance(plain, treated, weights), beyond))
    unlike = [f"{labels[j]} (difference {gap[j]:.2f})" for j in np.flatnonzero(gap > worst)]
    unlike += _unlike(x, treated, weights, names)
    return ScoreTerms(design, (*names, *(labels[j] for j in chosen)), score, tuple(unlike))


def _beyond_chance(shapes: int, treated: np.ndarray, weights: np.ndarray) -> float:
    """Standardised difference that about one of so many separate shapes exceeds by chance; infinite of none."""
    from scipy.special import ndtri

    if not shapes:
        return float("inf")
    sizes = [max(w.effective_size(weights[arm]), 1.0) for arm in (treated, ~treated)]
    return float(-ndtri(0.5 / shapes) * np.sqrt(sum(1.0 / n for n in sizes)))


def _shapes(x: np.ndarray, pair: np.ndarray) -> tuple[int, int]:
    """How many separate shapes the candidates can take: of all of them but curves within levels, and of those."""
    curves = sum(len(np.unique(x[:, j])) >= _NUMBERS for j in range(x.shape[1]))
    plain = SHAPES_OF_A_CURVE * curves + x.shape[1] * (x.shape[1] - 1) // 2
    return plain, SHAPES_OF_A_CURVE * len(set(pair.tolist()) - {PLAIN})


def _candidates(x: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Columns, their names, and which curve within which levels each belongs to (`PLAIN`: none)."""
    sd = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
    curves = [_curves(z[:, j], name) for j, name in enumerate(names)]
    levels = [_levels(x[:, j], name) for j, name in enumerate(names)]
    found = [(PLAIN, *term) for terms in curves for term in terms]
    for a, b in combinations(range(x.shape[1]), 2):
        found.append((PLAIN, f"{names[a]} x {names[b]}", z[:, a] * z[:, b]))
    for k, inside in enumerate(levels):
        for level, (within, at) in enumerate(inside):
            if level:  # the first is the column itself where it has two values
                found.append((PLAIN, within, at))
            for j in (j for j in range(x.shape[1]) if j != k and curves[j]):
                terms = [*curves[j], (names[j], z[:, j])] if level else curves[j]
                which = j * x.shape[1] + k
                found += [(which, f"{label} where {within}", column * at) for label, column in terms]
    kept = [term for term in found if term[2].std() > 1e-9]
    more = np.column_stack([column for _, _, column in kept]) if kept else np.empty((len(x), 0))
    return more, [label for _, label, _ in kept], np.array([which for which, _, _ in kept], dtype=np.int64)


def _curves(z: np.ndarray, name: str) -> list[tuple[str, np.ndarray]]:
    """Square and bends of a standardised column of numbers; none of one of few values."""
    if len(np.unique(z)) < _NUMBERS:
        return []
    bends = [
        (f"{name} above its {100 * share:.0f}th percentile", np.maximum(z - np.quantile(z, share), 0.0))
        for share in BENDS
    ]
    return [(f"{name} squared", z**2), *bends]


def _levels(column: np.ndarray, name: str) -> list[tuple[str, np.ndarray]]:
    """Whether a patient is at each level or above it, but the lowest; none where the column has no levels.

    Values that were filled in between two levels count to the nearer one.
    """
    values, counts = np.unique(column, return_counts=True)
    most = np.sort(np.argsort(-counts, kind="stable")[:MOST_LEVELS])
    if counts[most].sum() < LEAST_IN_LEVELS * len(column):
        return []
    held = values[most]
    return [
        (
            f"{name} is {_plain(high)}" + ("" if high == held[-1] else " or more"),
            (column > (low + high) / 2).astype(float),
        )
        for low, high in pairwise(held)
    ]


def _plain(value: float) -> str:
    """A level as a sentence shows it: a value that was filled in has more digits than it carries."""
    return f"{value:g}" if value == int(value) else f"{value:.2g}"


def is_arm(values: np.ndarray, treated: np.ndarray) -> bool:
    """Whether a column has one value in each arm and another in the other: it cannot be told from the treatment."""
    return bool(np.ptp(values) > 0 and np.ptp(values[treated]) == 0 == np.ptp(values[~treated]))


def _unlike(x: np.ndarray, treated: np.ndarray, weights: np.ndarray, names: tuple[str, ...]) -> list[str]:
    """Columns whose mean, variance or distribution still differs between the weighted arms."""
    out = []
    gap = np.nan_to_num(w.standardised_difference(x, treated, weights))
    least = min(w.effective_size(weights[treated]), w.effective_size(weights[~treated]))
    chance = 1.6 * np.sqrt(2.0 / max(least, 1.0))  # 99 % of two samples of one distribution stay below
    for j, name in enumerate(names):
        if is_arm(x[:, j], treated):  # no spread to divide by
            out.append(f"{name} (one value in each arm)")
            continue
        if abs(gap[j]) > WORST_DIFFERENCE:
            out.append(f"{name} (difference {gap[j]:.2f})")
            continue
        if len(np.unique(x[:, j])) < _NUMBERS:
            continue
        spread = [np.cov(x[arm, j], aweights=weights[arm]) for arm in (treated, ~treated)]
        ratio = float(spread[0] / spread[1]) if spread[1] > 0 else 1.0
        distance = _distance(x[:, j], treated, weights)
        if not 1 / WORST_VARIANCE_RATIO <= ratio <= WORST_VARIANCE_RATIO:
            out.append(f"{name} (variance ratio {ratio:.2f})")
        elif distance > max(WORST_DISTANCE, chance):
            out.append(f"{name} (distance of its distributions {distance:.2f})")
    return out


def _distance(x: np.ndarray, treated: np.ndarray, weights: np.ndarray) -> float:
    """Largest difference of the two weighted distribution functions (Kolmogorov-Smirnov)."""
    order = np.argsort(x, kind="stable")
    shares = [np.where(arm, weights, 0.0)[order] / weights[arm].sum() for arm in (treated, ~treated)]
    gap = np.abs(np.cumsum(shares[0] - shares[1]))
    last = np.append(x[order][1:] != x[order][:-1], True)
    return float(gap[last].max())
