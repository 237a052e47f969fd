"""What the drugs of a text are: their names, classes and kinds; regimens as their drugs."""

from __future__ import annotations

from functools import lru_cache

from oncourse.knowledge.drug_dictionary import Drug, dictionary, key
from oncourse.knowledge.drug_stems import stem_of
from oncourse.knowledge.drug_text import named_in, read_drugs

#: Kinds of substances that a comparison of treatments compares; None: not known.
COMPARED = ("anticancer", None)
#: Kinds that never start a line of therapy.
ACCOMPANYING = ("steroid", "supportive")


@lru_cache(maxsize=4096)
def drug_names(drugs: str) -> tuple[str, ...]:
    """Return the substances of a text in its order, regimens spelt out; what is not known stays as written.

    >>> drug_names("FOLFOX + Vectibix")
    ('fluorouracil', 'folinic acid', 'oxaliplatin', 'panitumumab')
    """
    return read_drugs(drugs).names


@lru_cache(maxsize=4096)
def drug_classes(drugs: str) -> frozenset[str]:
    """Return the classes of every drug of the text; an unknown drug has none (`unknown_drugs` names it).

    A drug that only the stem of its name tells (`oncourse.knowledge.drug_stems`) has the class of the stem.

    >>> sorted(drug_classes("Zytiga; prednisone"))
    ['ARPI', 'glucocorticoid']
    """
    return frozenset(c for name in drug_names(drugs) if (drug := known(name)) for c in drug.classes)


@lru_cache(maxsize=4096)
def unknown_drugs(drugs: str) -> tuple[str, ...]:
    """Return what a text names that is no known drug; its class is not known, which is never "no"."""
    return tuple(name for name in drug_names(drugs) if known(name) is None)


def drugs_from_memory(drugs: str) -> tuple[str, ...]:
    """Return the drugs of a text whose class was found in no index and on no page that was read.

    >>> drugs_from_memory("Xtandi; saruparib; zz-9")
    ('saruparib',)
    """
    return tuple(name for name in drug_names(drugs) if (drug := known(name)) and drug.is_from_memory)


@lru_cache(maxsize=4096)
def compared_drugs(drugs: str) -> str:
    """Return the substances that a comparison of treatments compares, sorted and ";"-joined.

    Castration, steroids and supportive drugs are background. Where nothing else is given the background itself is
    the treatment. Unknown drugs stay.

    >>> compared_drugs("enzalutamide;leuprolide"), compared_drugs("leuprolide"), compared_drugs("prednisone")
    ('enzalutamide', 'castration', 'prednisone')
    """
    names = drug_names(drugs)
    chosen = {name for name in names if kind(name) in COMPARED}
    if not chosen and any(kind(name) == "castration" for name in names):
        return "castration"
    return ";".join(sorted(chosen or names))


@lru_cache(maxsize=4096)
def known(name: str) -> Drug | None:
    """Return a substance of the dictionary, else what the stem of an ordinary medicine's name tells; None: not known.

    >>> known("perindopril").mechanism, known("hrs-1")
    ('ACE inhibitor', None)
    """
    drug = dictionary().get(name)
    if drug is None and name in read_drugs(name).by_stem and (stem := stem_of(key(name))):
        return Drug(name, (), stem.atc, frozenset({stem.drug_class}), stem.drug_class, "supportive")
    return drug


def kind(name: str) -> str | None:
    """Return the kind of a substance (anticancer, castration, steroid, supportive, no drug); None: not known."""
    drug = known(name)
    return drug.kind if drug is not None else None


def accompanies(name: str) -> bool:
    """Return whether a substance is a steroid or supportive: it never starts a line of therapy."""
    return kind(name) in ACCOMPANYING


def names_no_line(name: str) -> bool:
    """Return whether a substance is supportive and no part of a regimen: a line of therapy is not called after it. Folates
    are part of one (FOLFOX), and so are steroids (abiraterone and prednisone).

    >>> [names_no_line(d) for d in ("denosumab", "metformin", "folinic acid", "prednisone", "docetaxel", "hrs-1")]
    [True, True, False, False, False, False]
    """
    drug = known(name)
    return drug is not None and drug.kind == "supportive" and "folate" not in drug.classes


def only_accompanies(drugs: str) -> bool:
    """Return whether every substance of a text is a steroid or supportive.

    >>> only_accompanies("metformin; perindopril"), only_accompanies("docetaxel; prednisone"), only_accompanies("?")
    (True, False, False)
    """
    names = drug_names(drugs)
    return bool(names) and all(accompanies(name) for name in names)


@lru_cache(maxsize=1024)
def drugs_in_text(text: str) -> tuple[str, ...]:
    """Return the drugs that a sentence names, in the order of the dictionary.

    >>> drugs_in_text("sotorasib 960 mg + panitumumab, not in everyone")
    ('panitumumab', 'sotorasib')
    """
    found = named_in(text)
    return tuple(name for name in dictionary() if name in found)


def class_names() -> tuple[str, ...]:
    """Return every class of the dictionary, sorted."""
    return tuple(sorted({c for drug in dictionary().values() for c in drug.classes}))


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
            rest = [
                n for n in found if n not in drugs_of and not (n == _WITH_FLUOROURACIL and "fluorouracil" in drugs_of)
            ]
            return " + ".join([backbone, *rest])
    return " + ".join(found) or drugs
