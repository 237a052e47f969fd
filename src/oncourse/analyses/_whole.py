"""What is known of all patients together, where no finding and no treatment could be shown to tell them apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from oncourse.analyses._base import Estimate
from oncourse.analyses._headline import Headline, endpoint_words
from oncourse.facts.days import landmark_days
from oncourse.words.catalogue import Said, said

#: Months at which the share free of the event is told: the first at which somebody was still followed.
MONTHS = (24, 12, 6, 3)


@dataclass(frozen=True)
class Whole:
    """The share free of the event at a landmark, with the words that say so beside it; no sentence of the answer, which
    speaks of findings."""

    estimate: Estimate
    words: Said


def whole(
    endpoint: str,
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    entry: NDArray[np.float64],
    *,
    question: str,
    first_day: bool = True,
) -> Whole | None:
    """Return the Kaplan-Meier share of all patients who are free of an endpoint at two years (`MONTHS`); None where
    nobody was followed so long.

    time, entry : shape (n,), days; event : shape (n,)
    question : of the ledger of people, whose sum is n
    """
    from oncourse.stats.km import kaplan_meier

    if not time.size:
        return None
    curve = kaplan_meier(time, event, entry=entry if (entry > 0).any() else None)
    for months in MONTHS:
        at = curve.at(np.array([landmark_days(months, first_day=first_day)]))
        value, low, high = (None if np.isnan(v[0]) else float(v[0]) for v in (at.survival, at.ci_low, at.ci_high))
        if value is not None:
            name = f"{endpoint}_all_{months}m"
            share = Estimate(name, value, low, high, time.size, "kaplan_meier", "fraction", question)
            plain, events = endpoint_words(endpoint), int(event.sum())
            words = said("headline.whole", endpoint=plain, months=months, patients=time.size, events=events)
            return Whole(share, words)
    return None


def leads(headline: Headline, known: Whole) -> Headline:
    """Return a headline without a number of its own with that of all patients together, which its words name."""
    return replace(headline, number=known.estimate.name, counts=known.words)
