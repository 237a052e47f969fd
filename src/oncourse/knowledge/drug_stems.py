"""Ordinary medicines by the stem of their name: what treats blood pressure or sugar starts no line of therapy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from oncourse.knowledge.alterations import data_rows

#: Names with these stems (antibodies, kinase inhibitors, cytotoxics ...) are never ordinary, whatever else they hold.
_OF_TUMOURS = re.compile(
    r"mab[a-z]?$|nib$|limus$|rubicin|taxel|platin|citabine$|ciclib$|parib$|lutamide$|relix$|relin$|degib$|cel$|tecan"
    r"|单抗|替尼|铂|紫杉|滨|帕利|利肽|瑞林|鲁胺|替康"
)


@dataclass(frozen=True)
class Stem:
    """A stem of names: the pattern, the class of what has it, and the ATC group of the class."""

    pattern: str
    drug_class: str
    atc: str


@lru_cache(maxsize=1)
def _stems() -> tuple[tuple[re.Pattern[str], Stem], ...]:
    rows = data_rows("drug_stems.tsv")
    return tuple((re.compile(r["stem"]), Stem(r["stem"], r["class"], r["atc"])) for r in rows)


@lru_cache(maxsize=8192)
def stem_of(name: str) -> Stem | None:
    """Return the stem that a folded name (`oncourse.knowledge.drugs.key`) has; None where none, or a tumour's drug.

    >>> [s.drug_class if (s := stem_of(n)) else None for n in ("perindopril", "西格列汀", "onvansertib", "hrs1234")]
    ['ACE inhibitor', 'DPP-4 inhibitor', None, None]
    """
    if _OF_TUMOURS.search(name):
        return None
    return next((stem for pattern, stem in _stems() if pattern.search(name)), None)
