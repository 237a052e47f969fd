"""The drug dictionary: every name of a substance, its classes and kind."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from oncourse.knowledge.alterations import data_rows

#: How the source of such a row begins.
FROM_MEMORY = "from memory"


@dataclass(frozen=True)
class Drug:
    """One substance: generic name, the other names it is written by, ATC code or group ("" = not known), classes,
    kind; what name, code and class were compared with (``source``) and when (``date``)."""

    name: str
    names: tuple[str, ...]
    atc: str
    classes: frozenset[str]
    mechanism: str
    kind: str
    source: str = ""
    date: str = ""

    @property
    def is_from_memory(self) -> bool:
        """Whether no index and no page that was read holds the drug: its class is from memory."""
        return self.source.startswith(FROM_MEMORY)


@lru_cache(maxsize=1)
def dictionary() -> dict[str, Drug]:
    """Return generic name -> drug, in the order of ``data/drugs.tsv``."""
    return {
        row["drug"]: Drug(
            row["drug"],
            tuple(n for n in f"{row['names']};{row['chinese']}".split(";") if n),
            row["atc"],
            frozenset(c for c in row["class"].split(";") if c),
            row["mechanism"],
            row["kind"],
            row["source"],
            row["date"],
        )
        for row in data_rows("drugs.tsv")
    }


def key(text: str) -> str:
    """Return the letters and digits of a name, folded: what two spellings of one name share.

    >>> key("Lu-177 PSMA-617") == key("LU177-PSMA617")
    True
    """
    return re.sub(r"[\W_]", "", unaccented(unicodedata.normalize("NFKC", text).casefold()))


def unaccented(text: str) -> str:
    """Return a text without the marks over Latin letters; other scripts stay as they are.

    >>> unaccented("irinotécan, folinsäure, ガ, cetuximab β")
    'irinotecan, folinsaure, ガ, cetuximab β'
    """
    if text.isascii():
        return text
    return "".join(parts[0] if (parts := unicodedata.normalize("NFD", c))[0].isascii() else c for c in text)


@lru_cache(maxsize=1)
def index() -> dict[str, tuple[str, ...]]:
    """Return the key of every name and regimen -> its substances."""
    found: dict[str, tuple[str, ...]] = {}
    for drug in dictionary().values():
        for name in (drug.name, *drug.names):
            found.setdefault(key(name), (drug.name,))
    for row in data_rows("regimens.tsv"):
        for name in (row["regimen"], *row["names"].split(";")):
            if name:
                found[key(name)] = tuple(row["drugs"].split(";"))
    return found
