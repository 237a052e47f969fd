"""Copies of a gene in a row of a report: words (扩增, 拷贝数缺失, gain), and the number that stands with them or beside.

Levels are those of `gene_copy_number`. "Homozygous" and "deep" say that no copy is left; a loss or a gain that is not
said to be so is one level, unless its number tells: half a copy and less is none (the nearest whole number).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The words of a level, the more telling first.
COPIES = (
    ("-2", re.compile(r"纯合(?:性)?缺失|双等位缺失|homozygous del|deep del|homdel|bi-?allelic del", re.I)),
    ("2", re.compile(r"扩增|amplif", re.I)),
    ("-1", re.compile(r"拷贝数?(?:缺失|减少|丢失|降低)|单拷贝缺失|(?<!性)杂合缺失|copy number loss|shallow del", re.I)),
    ("1", re.compile(r"拷贝数?(?:增加|增多|升高)|增益|(?<!stop )(?<!stop-)\bgain\b(?![- ]of)", re.I)),
)
_ALONE = re.compile(r"^(?:基因)?(?:缺失|loss|deletion)$", re.I)
_NUMBER = re.compile(r"(?:CN|拷贝数|copies|copy number)\s*[=:：为约]*\s*(\d+(?:\.\d+)?)", re.I)
_BARE = re.compile(r"^[~≈约]?\s*(\d+(?:\.\d+)?)\s*(?:copies|拷贝|个?)$", re.I)
#: Copies that are none: the nearest whole number is 0.
_NONE = 0.5


def is_copies(text: str, row: Mapping[str, Any]) -> bool:
    """Whether the words of a row say a copy number; "缺失" alone says it beside a number of copies."""
    return any(words.search(text) for _, words in COPIES) or _is_lost(row)


def level(text: str, row: Mapping[str, Any]) -> str:
    """Return the level of a row that `is_copies`.

    >>> [level(t, {}) for t in ("扩增(CN=8)", "纯合缺失", "拷贝数缺失", "拷贝数缺失(CN=1)", "拷贝数缺失(CN=0.3)", "gain")]
    ['2', '-2', '-1', '-1', '-2', '1']
    >>> level("缺失", {"consequence": "缺失", "copies": "0.4"}), level("缺失", {"consequence": "缺失", "copies": "1.1"})
    ('-2', '-1')
    """
    said = next((level for level, words in COPIES if words.search(text)), "-1")
    return "-2" if said == "-1" and (n := _number(text, row)) is not None and n < _NONE else said


def _number(text: str, row: Mapping[str, Any]) -> float | None:
    found = _BARE.match((row.get("copies") or "").strip()) or _NUMBER.search(text)
    return float(found[1]) if found else None


def _is_lost(row: Mapping[str, Any]) -> bool:
    said = [row[c] for c in ("consequence", "value", "hgvs_p") if row.get(c)]
    return bool(_BARE.match((row.get("copies") or "").strip()) and any(_ALONE.match(w.strip()) for w in said))
