"""Where a rule's therapy is approved: its own country first, and said where no approval there is known."""

from __future__ import annotations

import re

#: Country of study.yaml -> the agency that approves there, as the column ``regulatory`` of the rules names it.
AGENCIES = {"CN": "NMPA", "US": "FDA", "EU": "EMA"}
#: Other ways to write a country.
_WRITTEN = {
    "CHINA": "CN",
    "PRC": "CN",
    "中国": "CN",
    "USA": "US",
    "UNITED STATES": "US",
    "美国": "US",
    "EUROPE": "EU",
    "EUROPEAN UNION": "EU",
    "欧盟": "EU",
}
_YEAR = re.compile(r"\b20\d\d\b")
_AGENCY = re.compile(r"^(NMPA|FDA|EMA|EC)\b")


def country_code(text: str) -> str | None:
    """Return CN, US or EU for a country as it is written; None for any other.

    >>> country_code("China"), country_code("中国"), country_code("us"), country_code("Mars")
    ('CN', 'CN', 'US', None)
    """
    plain = text.strip().upper()
    code = _WRITTEN.get(plain, plain)
    return code if code in AGENCIES else None


def approvals(regulatory: str) -> list[tuple[str, str]]:
    """Return (agency, words) of the column ``regulatory``; what follows an agency's entry without naming another is its
    own.

    >>> approvals("FDA 2020-04-08; EMA 2020-06-02")
    [('FDA', 'FDA 2020-04-08'), ('EMA', 'EMA 2020-06-02')]
    >>> approvals("FDA regular 2025-04-08; accelerated 2018-07-10; EC approval reported"), approvals("off label")
    ([('FDA', 'FDA regular 2025-04-08; accelerated 2018-07-10'), ('EMA', 'EC approval reported')], [('', 'off label')])
    """
    found: list[tuple[str, str]] = []
    for part in (p.strip() for p in regulatory.split(";") if p.strip()):
        named = _AGENCY.match(part)
        if named:
            found.append(("EMA" if named[1] == "EC" else named[1], part))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}; {part}")
        else:
            found.append(("", part))
    return found


def own_first(regulatory: str, country: str | None) -> tuple[list[str], bool]:
    """Return the approvals in words, those of the country first, and whether the country's own agency is among them.

    An approval of the own agency whose year no source told says so.

    >>> own_first("FDA 2020-05-19; EMA 2020-11-03; NMPA 2021-06", "CN")
    (['NMPA 2021-06', 'FDA 2020-05-19', 'EMA 2020-11-03'], True)
    >>> own_first("FDA 2023-05-31", "CN")
    (['FDA 2023-05-31'], False)
    >>> own_first("FDA 2023-06-20; NMPA (talazoparib, mCRPC)", "CN")[0][0]
    'NMPA (talazoparib, mCRPC), date to be confirmed'
    """
    agency = AGENCIES.get(country or "")
    listed = sorted(approvals(regulatory), key=lambda item: item[0] != agency)
    undated = (name == agency and not _YEAR.search(words) for name, words in listed)
    told = [f"{words}, date to be confirmed" if no else words for (_, words), no in zip(listed, undated, strict=True)]
    return told, any(name == agency for name, _ in listed)


def to_confirm(certainty: str) -> str:
    """Return the parts of a rule that are from memory, or were only partly found in a source; empty where none.

    >>> to_confirm("V (approval); M (HR)"), to_confirm("V"), to_confirm("M"), to_confirm("P")
    ('HR', '', 'all of it', 'partly sourced')
    """
    parts = re.findall(r"\bM \(([^)]*)\)", certainty)
    if parts:
        return "; ".join(parts)
    return "all of it" if certainty.strip() == "M" else "partly sourced" if certainty.startswith("P") else ""
