"""Of one thing a sentence speaks in the singular, whatever its template says: "1 patients have" -> "1 patient has"."""

from __future__ import annotations

import re

_NOUNS = {
    "patients": "patient",
    "samples": "sample",
    "metastases": "metastasis",
    "lesions": "lesion",
    "genes": "gene",
    "variants": "variant",
    "lines": "line",
    "events": "event",
    "records": "record",
    "values": "value",
    "visits": "visit",
    "mutations": "mutation",
    "rows": "row",
    "tests": "test",
    "deaths": "death",
    "comparisons": "comparison",
    "chromosomes": "chromosome",
    "p-values": "p-value",
    "clones": "clone",
    "covariates": "covariate",
    "days": "day",
    "months": "month",
    "figures": "figure",
    "findings": "finding",
    "baselines": "baseline",
    "endpoints": "endpoint",
    "pairs": "pair",
}
_VERBS = {
    "have": "has",
    "are": "is",
    "were": "was",
    "lack": "lacks",
    "enter": "enters",
    "differ": "differs",
    "rest": "rests",
    "count": "counts",
    "come": "comes",
    "look": "looks",
    "sit": "sits",
    "change": "changes",
    "remain": "remains",
}


def _pattern(nouns: dict[str, str], verbs: dict[str, str]) -> re.Pattern[str]:
    # a share ("4.1 months", "0 to 1 days") and "1 of 5 metastases" are left as they are
    return re.compile(rf"(?<![\d.,-])(?<!to )1 ({'|'.join(nouns)})\b(?: ({'|'.join(verbs)})\b)?")


_OWNED = re.compile(r"\w (?:in|of) $")
_MANY = _pattern(_NOUNS, _VERBS)
_NOUN_OF_ONE, _VERB_OF_ONE = ({one: many for many, one in words.items()} for words in (_NOUNS, _VERBS))
_ONE = _pattern(_NOUN_OF_ONE, _VERB_OF_ONE)


def of_one(text: str) -> str:
    """Return a sentence with the singular after a bare 1.

    >>> of_one("1 patients have low power; 11 patients were lost, 2 of 1,001 samples."), of_one("a p-value of 0.1 days")
    ('1 patient has low power; 11 patients were lost, 2 of 1,001 samples.', 'a p-value of 0.1 days')
    >>> of_one("46 of 71 mutations in 1 patients are in one sample only.")
    '46 of 71 mutations in 1 patient are in one sample only.'
    """
    return _MANY.sub(lambda m: _counted(m, _NOUNS, _VERBS), text)


def of_many(text: str) -> str:
    """Return what `of_one` made of a template back in its plural, to find the template again.

    >>> of_many("1 patient has low power in 1 sample.")
    '1 patients have low power in 1 samples.'
    """
    return _ONE.sub(lambda m: _counted(m, _NOUN_OF_ONE, _VERB_OF_ONE), text)


def _counted(match: re.Match[str], nouns: dict[str, str], verbs: dict[str, str]) -> str:
    """The noun in its other number, and its verb; after "in" or "of" the verb is that of what stands before."""
    verb = match[2] and (match[2] if _OWNED.search(match.string, 0, match.start()) else verbs[match[2]])
    return f"1 {nouns[match[1]]}" + (f" {verb}" if verb else "")
