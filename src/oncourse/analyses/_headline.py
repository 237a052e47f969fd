"""The one sentence of an analysis for page one, with its number and a light that says how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from oncourse.words.catalogue import Said, catalogue, said
from oncourse.words.numbers import Numeric

LIGHTS = ("answered", "uncertain", "cannot")
#: Widest 95 % interval of a share that still answers (own choice: 25 of 100 patients).
WIDE_SHARE = 0.25
#: Largest ratio of the limits of a time that still answers (own choice).
WIDE_TIMES = 2.0
#: Fewer patients than this answer nothing for sure (own choice).
FEW_PATIENTS = 10
#: Fewest events among those who have a finding, and among those who have not, for its ratio to lead a page. In
#: simulated Cox models coverage and bias were often poor with 2-4 events per variable and seldom with 5-9
#: (Vittinghoff, McCulloch. Am J Epidemiol 2007;165:710); a yes-or-no finding has them in its rarer group.
LEADING_EVENTS = 5
#: Said of a median that nobody can tell because its curve is undone (`oncourse.stats.km.Curve.undone`).
UNDONE = "cannot be told: the few at risk early all had the event before the others came under observation"


@dataclass(frozen=True)
class Headline:
    """One plain sentence of an analysis.

    ``number`` is the name of the estimate it rests on (None: no number); ``reason`` says in five words why the light is
    so; ``counts`` says what the number is where the sentence does not tell it.
    """

    text: Said
    light: str
    reason: Said
    number: str | None = None
    counts: Said | None = None

    def __post_init__(self) -> None:
        if self.light not in LIGHTS:
            raise ValueError(f"light {self.light!r} is not one of {LIGHTS}")


def cannot(text: Said, reason: Said, number: str | None = None) -> Headline:
    """Return the headline of what cannot be answered."""
    return Headline(text, "cannot", reason, number)


def rated(text: Said, number: Numeric, name: str, *, n_patients: int | None = None) -> Headline:
    """Return a headline whose light follows from the interval of its number.

    Answered: the interval of a share spans at most `WIDE_SHARE`, that of a time at most a factor of `WIDE_TIMES`, that
    of a ratio leaves out 1. `n_patients` is what it rests on where the number counts something else.
    """
    return Headline(text, *light_of(number, n_patients), name)


def unless_assumed(headline: Headline, assumed: float | None, of: float | None) -> Headline:
    """Return an answered headline as uncertain where more than `WIDE_SHARE` of what it counts are negatives assumed.

    Such a negative may be either, so that the number may lie as far off as an interval that is too wide.

    assumed : how many of the `of` counted are negatives whose reads were not counted; None: none
    """
    if headline.light != "answered" or (assumed or 0) <= WIDE_SHARE * (of or 0):
        return headline
    return replace(headline, light="uncertain", reason=said("reason.assumed"))


def light_of(number: Numeric, n_patients: int | None = None) -> tuple[str, Said]:
    """Return light and reason of a number by its interval."""
    n = number.n if n_patients is None else n_patients
    if number.value is None or n == 0:
        return "cannot", said("reason.no_value")
    if n is not None and n < FEW_PATIENTS:
        return "uncertain", said("reason.few_patients", n=n)
    low, high = number.ci_low, number.ci_high
    if low is None or high is None or math.isinf(high):
        return "uncertain", said("reason.open_interval")
    if number.unit == "ratio":
        apart = low > 1 or high < 1
        return ("answered", said("reason.apart")) if apart else ("uncertain", said("reason.no_effect"))
    if number.unit == "fraction":
        narrow, measure, most = high - low <= WIDE_SHARE, "points", round(100 * WIDE_SHARE)
    else:
        narrow, measure, most = low > 0 and high / low <= WIDE_TIMES, "times", round(WIDE_TIMES)
    return ("answered" if narrow else "uncertain", said(f"reason.{'within' if narrow else 'over'}_{measure}", n=most))


def can_lead(n_event: int, n_event_with: int | None) -> bool:
    """Return whether a ratio rests on enough events to be the number of a page (`LEADING_EVENTS`).

    `n_event` counts all events, `n_event_with` those of who have the finding; null: a number, which has no two groups.

    >>> can_lead(40, 5), can_lead(40, 4), can_lead(40, 37), can_lead(40, None)
    (True, False, False, True)
    """
    if n_event_with is None:
        return n_event >= 2 * LEADING_EVENTS
    return min(n_event_with, n_event - n_event_with) >= LEADING_EVENTS


def difference_light(number: Numeric) -> tuple[str, Said]:
    """Return light and reason of a difference: answered where its interval leaves out 0."""
    if number.value is None or number.ci_low is None or number.ci_high is None:
        return "uncertain", said("reason.open_interval")
    apart = number.ci_low > 0 or number.ci_high < 0
    return ("answered", said("reason.apart")) if apart else ("uncertain", said("reason.no_effect"))


#: Words of sample comparisons ("primary v metastasis") in the catalogue.
_SIDES = {
    "primary": "term.primary",
    "metastasis": "term.metastasis",
    "local recurrence": "term.local_recurrence",
    "tissue": "term.tissue",
    "plasma": "term.plasma",
}


def part(key: str, k: int, **more: int) -> Said | str:
    """Return a part of a sentence that stands only where its count is not 0 (what rests on calls alone, say)."""
    return said(key, k=k, **more) if k else ""


def two_sides(comparison: str) -> tuple[Said | str, Said | str]:
    """Return the two sides of a comparison as terms: ``primary v metastasis`` -> primary, metastasis."""
    first, _, second = comparison.partition(" v ")
    if not second:  # within lesion
        return said("term.first_sample"), said("term.second_sample")
    sides = [said(_SIDES[side]) if side in _SIDES else side for side in (first, second)]
    if first == second:
        return said("term.one_of", what=sides[0]), said("term.another", what=sides[0])
    return sides[0], sides[1]


def endpoint_words(name: str) -> Said | str:
    """Return an endpoint in words, its own name where the catalogue has none."""
    return said(f"endpoint.{name}") if f"endpoint.{name}" in catalogue("en") else name.replace("_", " ")


def endpoint_short(name: str) -> str:
    """Return the abbreviation of an endpoint as one reads it.

    >>> endpoint_short("PSA_PFS")
    'PSA PFS'
    """
    return name.replace("_", " ")


def endpoint_title(name: str) -> str:
    """Return an endpoint as the title of a figure: in words, with the abbreviation that its axis has.

    >>> endpoint_title("rPFS"), endpoint_title("PFS2")
    ('Radiographic progression-free survival (rPFS)', 'Progression-free survival on two lines (PFS2)')
    """
    words, short = str(endpoint_words(name)), endpoint_short(name)
    return words[:1].upper() + words[1:] + ("" if short in words else f" ({short})")


def line_words(line: int | None) -> Said:
    """Return a line of therapy in words; 0 is what came before the first line."""
    if line is None:
        return said("line.none")
    return said(f"line.n{line}") if 0 <= line <= 4 else said("line.n", line=line)


#: Place of the colour of what came before the first line: after those of the lines.
_BEFORE = 7


def line_place(line: int) -> int:
    """Return the place of a line's colour in `oncourse.plots.theme.PALETTE`: the same in every figure."""
    return line - 1 if line else _BEFORE


#: Kind of a feature ("pathway:TP53") -> its words; a kind that is not here keeps its name.
_FEATURES = {
    "burden": "{}",
    "msi": "{}",
    "hotspot": "{}",
    "marker": "{}",
    "covariate": "{}",
    "pathway": "{} pathway",
    "metastasis": "{} in the metastasis",
    "new": "{} new in the metastasis",
    "signature": "signature {}",
    "lab": "{}",
    "prior": "earlier {}",
}
#: Measures that the scans try, in words; one that is not here keeps its kind's.
_MEASURES = {
    "clones:jsi": "likeness of subclones (JSI)",
    "clones:shannon": "diversity of clones (Shannon)",
    "clones:subclonal_share": "share of subclonal mutations",
    "clones:polyclonal_seeding": "metastasis of several clones",
    "clones:polyphyletic_seeding": "metastasis of several branches",
    "concordance:shared_fraction": "share of shared mutations",
    "ctdna:tumor_fraction": "tumour fraction of plasma",
}


def feature_words(name: str) -> str:
    """Return a feature of the scans in words.

    >>> feature_words("pathway:TP53"), feature_words("hotspot:BRAF V600E"), feature_words("covariate:age_years")
    ('TP53 pathway', 'BRAF V600E', 'age')
    >>> feature_words("lab:PSA squared"), feature_words("prior:ARPI"), feature_words("primary_site")
    ('PSA squared', 'earlier ARPI', 'primary site')
    >>> feature_words("covariate:primary_site=left colon")
    'primary site (left colon)'
    >>> feature_words("clones:jsi")
    'likeness of subclones (JSI)'
    """
    if name in _MEASURES:
        return _MEASURES[name]
    kind, colon, what = name.partition(":")
    if kind == "covariate" and "=" in what:  # a category: "stage=III"
        column, _, level = what.partition("=")
        return f"{column.replace('_', ' ')} ({level})"
    if name.removeprefix("covariate:").startswith("age_years"):
        return name.removeprefix("covariate:").replace("age_years", "age")
    if not colon and name.islower():
        return name.replace("_", " ")
    if not colon or kind not in _FEATURES:
        return name
    return _FEATURES[kind].format(what.replace("_", " ") if kind == "covariate" else what)
