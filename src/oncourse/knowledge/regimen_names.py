"""Treatments as an oncologist says them: `FOLFIRI + cetuximab`, not four drugs in a row."""

from __future__ import annotations

from functools import lru_cache

from oncourse.knowledge.drugs import class_names, drug_names, kind

#: Backbone -> its drugs, larger first (from memory of trial reports, as knowledge/data/regimens.tsv). Folinic acid is
#: background wherever treatments are compared, so a backbone is recognised with and without it.
BACKBONES = {
    "FOLFOXIRI": ("fluorouracil", "irinotecan", "oxaliplatin"),
    "CAPOXIRI": ("capecitabine", "irinotecan", "oxaliplatin"),
    "FOLFOX": ("fluorouracil", "oxaliplatin"),
    "FOLFIRI": ("fluorouracil", "irinotecan"),
    "CAPOX": ("capecitabine", "oxaliplatin"),
    "CAPIRI": ("capecitabine", "irinotecan"),
    "5-FU/LV": ("fluorouracil", "folinic acid"),
}
_WITH_FLUOROURACIL = "folinic acid"


@lru_cache(maxsize=4096)
def treatment_name(drugs: str) -> str:
    """Return a treatment by the name of its backbone and what is added; classes and unknown names stay themselves.

    >>> treatment_name("cetuximab;fluorouracil;irinotecan;leucovorin")
    'FOLFIRI + cetuximab'
    >>> treatment_name("arpi"), treatment_name("docetaxel;prednisone"), treatment_name("studydrug-7")
    ('ARPI', 'docetaxel + prednisone', 'studydrug-7')
    """
    classes = {name.casefold(): name for name in class_names()}
    parts = drugs.casefold().split(";")
    if all(part in classes for part in parts):
        return " + ".join(classes[part] for part in parts)
    if " " in drugs and ";" not in drugs and all(kind(n) is None for n in drug_names(drugs)):
        return drugs  # a name of a group, not a list of drugs
    found = list(dict.fromkeys(drug_names(drugs)))
    for backbone, drugs_of in BACKBONES.items():
        if set(drugs_of) <= set(found):
            rest = [n for n in found if n not in drugs_of and not (n == _WITH_FLUOROURACIL and "fluorouracil" in drugs_of)]
            return " + ".join([backbone, *rest])
    return " + ".join(found) or drugs
