"""The stage of a tumour, however it is written: I, II, III or IV."""

from __future__ import annotations

import re
import unicodedata

_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


def stage_of(text: str | None) -> str | None:
    """Return I, II, III or IV; None where it is not told. TNM is read as AJCC groups colorectal cancer (8th edition).

    >>> stage_of("Stage IIIB"), stage_of("2a"), stage_of("pT3N1aM0"), stage_of("pT4 N0"), stage_of("IV期"), stage_of("?")
    ('III', 'II', 'III', 'II', 'IV', None)
    >>> stage_of("ⅢB"), stage_of("Ⅳ期"), stage_of("４期"), stage_of("cT3N1M0，IIIB期")
    ('III', 'IV', 'IV', 'III')
    """
    plain = re.sub(r"[\s_]+", "", unicodedata.normalize("NFKC", text or "").upper()).removeprefix("STAGE")
    if group := re.match(r"^(IV|III|II|I|[1-4])(?![0-9IVX])", plain):
        return _ROMAN.get(group[1], group[1])
    if re.search(r"M1", plain):
        return "IV"
    if re.search(r"N[12]", plain):
        return "III"
    depth = re.search(r"T([1-4])", plain)
    if depth and re.search(r"N0", plain):
        return "II" if depth[1] in "34" else "I"
    return None
