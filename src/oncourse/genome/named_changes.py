"""Changes named by exon or codon instead of by residues: EGFR 19del, MET exon 14 skipping, KRAS codon 12."""

from __future__ import annotations

import re

import polars as pl

#: What happened to the exon, as laboratories write it -> the word kept.
_EVENTS = {
    r"(?:non[- ]?frameshift |in[- ]?frame )?del(?:etion)?s?|缺失(?:突变)?": "deletion",
    r"(?:in[- ]?frame )?ins(?:ertion)?s?|插入(?:突变)?": "insertion",
    r"dup(?:lication)?s?|重复(?:突变)?": "duplication",
    r"skip(?:ping)?(?: (?:mutation|variant))?s?|跳跃(?:突变)?|跳读": "skipping",
    r"mut(?:ation|ated|ant)?s?|突变": "mutation",
}
_EVENT = "|".join(f"(?P<e{i}>{words})" for i, words in enumerate(_EVENTS))
_NUMBERS = r"(\d{1,2})(?:\s*[-–~/]\s*(\d{1,2}))?"
_GENE = r"(?:[A-Z][A-Z0-9]{1,6}(?:[\s_:-]+|(?=[Ee]x)))?"
#: ``exon 19 deletion``, ``Ex19del``, ``E19 del``, ``19del``, ``19号外显子缺失``, ``MET ex14 skipping``; not
#: ``E19del``, which is a residue.
_EXON = re.compile(
    rf"(?i)^(?:p\.)?(?-i:{_GENE})(?:(?:exons?|ex\.?|外显子)[\s._-]*{_NUMBERS}|(?<!p\.)e{_NUMBERS}(?=\s)|第?{_NUMBERS}\s*号?"
    rf"(?:外显子)?)[\s._-]*(?:in[- ]?frame\s*)?(?:{_EVENT})$"
)
#: ``codon 12 mutation``, ``密码子61``, ``codon 61``.
_CODON = re.compile(
    r"(?i)^(?:p\.)?(?:第?\s*(\d{1,4})\s*号?\s*密码子|(?:codon|密码子)\s*(\d{1,4}))\s*(?:mut(?:ation|ated)?s?|突变)?$"
)
_KEPT = re.compile(r"^p\.(?:exon (\d+)(?:-(\d+))? (\w+)|v?(III)|codon (\d+)|[A-Z](\d+))$")

#: Events that say what becomes of the protein: gene, exon, event -> consequence. In lung cancer the deletions of EGFR's
#: exon 19 and insertions of exon 20 are in frame by definition of the class (FDA labels of osimertinib, amivantamab), so
#: are insertions of ERBB2's exon 20; the loss of MET's exon 14 keeps the frame (label of capmatinib); exon 11 of KIT
#: (label of imatinib). Of another gene's exon nobody knows the frame.
_DECIDED = {
    ("EGFR", 19, "deletion"): "inframe_deletion",
    ("EGFR", 19, "insertion"): "inframe_insertion",
    ("EGFR", 20, "insertion"): "inframe_insertion",
    ("ERBB2", 20, "insertion"): "inframe_insertion",
    ("KIT", 11, "deletion"): "inframe_deletion",
    ("KIT", 9, "duplication"): "inframe_insertion",
    ("KIT", 9, "insertion"): "inframe_insertion",
    ("MET", 14, "skipping"): "protein_altering",
    ("MET", 14, "deletion"): "protein_altering",
}


def named(text: str) -> str | None:
    """Return the name of a change by exon or codon in one spelling; null where the text is none.

    >>> {named(t) for t in ("19del", "Ex19del", "E19 del", "EGFR exon 19 deletion", "19号外显子缺失")}
    {'exon 19 deletion'}
    >>> named("exon 5-7 del")
    'exon 5-7 deletion'
    >>> named("E19del"), named("p.E12del"), named("KRAS exon2 mutation")
    (None, None, 'exon 2 mutation')
    >>> [named(t) for t in ("MET ex14 skipping", "ex20ins", "codon 61 mutation", "EGFRvIII", "E746_A750del")]
    ['exon 14 skipping', 'exon 20 insertion', 'codon 61', 'vIII', None]
    >>> named("G12D"), named("p.V600"), named("746_750del"), named("T790")
    (None, None, None, None)
    """
    text = text.strip()
    if re.fullmatch(r"(?:p\.)?(?:EGFR[\s_-]*)?(?i:v(?:ariant )?iii)", text):
        return "vIII"
    if codon := _CODON.match(text):
        return f"codon {codon[1] or codon[2]}"
    if not (found := _EXON.match(text)):
        return None
    event = next(word for i, word in enumerate(_EVENTS.values()) if found[f"e{i}"])
    first, last = next((found[i], found[i + 1]) for i in (1, 3, 5) if found[i])
    return f"exon {int(first)}{f'-{int(last)}' if last else ''} {event}"


def consequence_named(gene: str | None, change: str | None) -> str | None:
    """Return what a named change of a gene does, where the name decides it; ``change`` as `oncourse.genome.protein`
    writes it.

    A residue without what it became (``p.G12``, ``codon 61``) is changed, nobody says into what.

    >>> consequence_named("EGFR", "p.exon 19 deletion"), consequence_named("MET", "p.exon 14 skipping")
    ('inframe_deletion', 'protein_altering')
    >>> consequence_named("BRCA2", "p.exon 5-7 deletion"), consequence_named("KRAS", "p.codon 12")
    (None, 'protein_altering')
    """
    found = _KEPT.match(change or "")
    if not found:
        return None
    if found[4]:
        return "protein_altering" if gene == "EGFR" else None
    if found[5] or found[6]:
        return "protein_altering"
    return None if found[2] else _DECIDED.get((gene or "", int(found[1]), found[3]))


def consequences_named(genes: pl.Series, changes: pl.Series) -> pl.Series:
    """Return `consequence_named` of each pair (shape (n,), text); few changes of a study are named so."""
    is_one = changes.str.contains(r"^p\.(exon |codon |vIII$|[A-Z]\d+$)").fill_null(False)
    if not is_one.any():
        return pl.Series([None] * len(changes), dtype=pl.String)
    found = list(map(consequence_named, genes.filter(is_one), changes.filter(is_one)))
    return pl.Series([None] * len(changes), dtype=pl.String).scatter(is_one.arg_true(), found)


def exon_named(change: str | None) -> int | None:
    """Return the one exon that a named change is of; null where it names none, or several.

    >>> exon_named("p.exon 19 deletion"), exon_named("p.exon 5-7 deletion"), exon_named("p.G12D")
    (19, None, None)
    """
    found = _KEPT.match(change or "")
    return int(found[1]) if found and found[1] and not found[2] else None
