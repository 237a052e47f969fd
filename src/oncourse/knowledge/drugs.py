"""Drug names -> classes, regimens -> drugs."""

from __future__ import annotations

import re
from functools import lru_cache

from oncourse.knowledge.alterations import data_rows


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, frozenset[str]], dict[str, tuple[str, ...]]]:
    classes: dict[str, set[str]] = {}
    regimens: dict[str, tuple[str, ...]] = {}
    for row in data_rows("drug_classes.tsv"):
        if row["class"]:
            classes.setdefault(row["drug"], set()).add(row["class"])
        else:
            regimens[row["drug"]] = tuple(row["drugs_of_regimen"].split(";"))
    return {d: frozenset(c) for d, c in classes.items()}, regimens


def drug_names(drugs: str) -> tuple[str, ...]:
    """Return the single drugs of a ";"- or "+"-separated text, regimens spelt out, in lower case.

    >>> drug_names("FOLFOX; Panitumumab")
    ('fluorouracil', 'oxaliplatin', 'panitumumab')
    """
    _, regimens = _table()
    names: list[str] = []
    for part in re.split(r"[;+,]| and ", drugs.lower()):
        name = part.strip()
        if name:
            names.extend(regimens.get(name, (name,)))
    return tuple(dict.fromkeys(names))


@lru_cache(maxsize=4096)
def drug_classes(drugs: str) -> frozenset[str]:
    """Return the classes of every drug of the text; an unknown drug has none.

    >>> sorted(drug_classes("abiraterone;prednisone"))
    ['ARPI', 'glucocorticoid']
    """
    classes, _ = _table()
    return frozenset(
        c for name in drug_names(drugs) for c in classes.get(name, classes.get(name.split()[0], ()))
    )


@lru_cache(maxsize=1024)
def drugs_in_text(text: str) -> tuple[str, ...]:
    """Return the drugs of the table that a text names, in the order of the table.

    >>> drugs_in_text("sotorasib 960 mg + panitumumab")
    ('panitumumab', 'sotorasib')
    """
    low = text.lower()
    return tuple(d for d in _table()[0] if re.search(rf"(?<![\w-]){re.escape(d)}(?![\w])", low))


def class_names() -> tuple[str, ...]:
    """Return every class of the table, sorted."""
    return tuple(sorted({c for classes in _table()[0].values() for c in classes}))
