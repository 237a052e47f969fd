"""How easily shown words read: sentences and their length in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Most words of a sentence, and of the median sentence, of everything a page shows (issue of the readable report).
LONGEST, TYPICAL = 35, 18
#: Ends of a sentence; an abbreviation, an initial or a decimal is none.
_END = re.compile(r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<! [A-Z]\.)(?<!\bal\.)\s+(?=[A-Z(0-9'\"])")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; references in brackets are not counted among the words.

    >>> sentences("One is here (Cox 1972). Two, e.g. this, is there.")
    ['One is here.', 'Two, e.g. this, is there.']
    """
    return split(re.sub(r"\s*\([^()]*\b(?:19|20)\d\d[^()]*\)", "", text))


def split(text: str) -> list[str]:
    """Return a text cut into its sentences, nothing left out; what stands in brackets is not cut.

    >>> split("Found late (Tsai, Jewell. Biometrika 1987). Counted.")
    ['Found late (Tsai, Jewell. Biometrika 1987).', 'Counted.']
    """
    found: list[str] = []
    for part in _END.split(text):
        if found and sum(map(found[-1].count, "([")) > sum(map(found[-1].count, ")]")):
            found[-1] += f" {part.strip()}"
        else:
            found.append(part.strip())
    return [part for part in found if part]


def n_words(sentence: str) -> int:
    """Return the words of a sentence: what has a letter; numbers and signs are read at a glance.

    >>> n_words("60 % (95 % CI 55-64; 617 mutations, 46 patients).")
    3
    """
    return sum(any(c.isalpha() for c in part) for part in sentence.split())


def too_long(texts: Iterable[str]) -> list[str]:
    """Return the sentences of more than `LONGEST` words."""
    return [s for text in texts for s in sentences(text) if n_words(s) > LONGEST]
