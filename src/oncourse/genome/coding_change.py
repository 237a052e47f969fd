"""Protein change of a coding change alone (``KRAS c.35G>A``), from the reference codons that are known here.

The numbering is that of the package's transcripts (`oncourse.genome.gene_models`); a change whose reference bases are
not what stands there speaks of another transcript, or is misspelt: nothing is said of it.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from oncourse.genome.gene_models import coding_bases
from oncourse.genome.protein_change import by_length, coding_change, protein_of

_BASES = "[ACGT]+"
#: What is said of the bases: as HGVS (35G>A), as older reports (G35A), a deletion, duplication, insertion, or delins.
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"^(?P<first>\d+)(?:_(?P<last>\d+))?(?P<ref>{_BASES})[>→](?P<alt>{_BASES})$",
        r"^(?P<ref>[ACGT])(?P<first>\d+)(?P<alt>[ACGT])$",
        rf"^(?P<first>\d+)(?:_(?P<last>\d+))?del(?P<ref>{_BASES}|\d*)ins(?P<alt>{_BASES})$",
        rf"^(?P<first>\d+)(?:_(?P<last>\d+))?(?P<what>del|dup)(?P<ref>{_BASES}|\d*)$",
        rf"^(?P<first>\d+)_(?P<last>\d+)(?P<what>ins)(?P<alt>{_BASES})$",
    )
)

#: BRCA1 and BRCA2 were numbered from the start of the mRNA (as BIC, the first database of them, did): 5382insC is c.5266dup.
_BIC = ("BRCA1", "BRCA2")
#: A place outside the coding bases: ``c.212+1G>A``, ``IVS5+1G>A``, ``c.-124C>T``, ``c.*12A>G``.
_INTRON = re.compile(
    r"^(?:IVS\d+|\d+)(?P<to>[+-]\d+)(?:_(?:IVS\d+|\d+)?(?P<end>[+-]\d+|\d*)?)?[ACGT]*(>|del|dup|ins|inv)", re.I
)
_OUTSIDE = ((re.compile(r"^-\d+"), "utr5"), (re.compile(r"^\*\d+"), "utr3"))
_INDEL = re.compile(rf"^(\d+)(?:_(\d+))?(?:(del)({_BASES}|\d*))?(?:(ins|dup)({_BASES}|\d*))?$")
#: The promoter's bases before the start codon that tumours change (Huang 2013, Science 339:957): c.-124 and c.-146.
_PROMOTER = {"TERT": range(50, 1001)}


def consequence_of(gene: str, text: str) -> str | None:
    """Return the consequence that a coding change implies in words of `oncourse.genome.effect.CONSEQUENCES`; null where
    it cannot be told.

    Where it lies says it (the two bases beside an exon, an intron, before or behind the coding bases), else the bases
    that are known here, else how many are put in or lost: of a numbering that is not known here (``5382insC``) too.

    >>> [consequence_of("BRCA1", t) for t in ("c.212+1G>A", "IVS5+1G>T", "IVS5+9G>T", "5382insC", "c.68_69delAG")]
    ['splice_site', 'splice_site', 'intron', 'frameshift', 'frameshift']
    >>> consequence_of("TERT", "c.-124C>T"), consequence_of("APC", "c.-19G>A"), consequence_of("KRAS", "c.35G>A")
    ('upstream', 'utr5', 'missense')
    >>> consequence_of("BRCA2", "c.68-7_68-2del"), consequence_of("MLH1", "c.100_102del"), consequence_of("MLH1", "c.5A>?")
    ('splice_site', 'inframe_deletion', None)
    """
    bare = _bare(text)
    if found := _INTRON.match(bare):
        steps = [abs(int(x)) for x in (found["to"], found["end"]) if x and x[0] in "+-"]
        ends_in_exon = found["end"] is not None and found["end"][:1] not in ("+", "-")
        reach = min(steps)
        return "splice_site" if reach <= 2 or ends_in_exon else "splice_region" if reach <= 8 else "intron"
    for place, word in _OUTSIDE:
        if at := place.match(bare):
            is_promoter = word == "utr5" and -int(at[0]) in _PROMOTER.get(gene, ())
            return "upstream" if is_promoter else word
    if told := of_coding_change(gene, text)[0]:
        return told
    if not (found := _INDEL.match(bare)) or not (found[3] or found[5]):
        return None
    first, last, lost, put = int(found[1]), int(found[2] or found[1]), 0, 0
    if found[3]:
        lost = len(found[4]) if found[4].isalpha() else int(found[4] or last - first + 1)
    if found[5]:
        by_place = last - first + 1 if found[5] == "dup" else 0
        put = len(found[6]) if found[6].isalpha() else int(found[6] or by_place)
    return by_length("N" * lost, "N" * put) if put != lost else None


def _bare(text: str) -> str:
    """Return a coding change without its transcript, ``c.``, blanks and brackets; bases in capitals."""
    bare = re.sub(r"\s|[()\[\]]", "", text.rsplit(":", 1)[-1])
    bare = re.sub(r"^[cC]\.", "", bare).upper()
    for word in ("DEL", "DUP", "INS", "INV"):
        bare = bare.replace(word, word.lower())
    return bare


@cache
def of_coding_change(gene: str, text: str) -> tuple[str | None, str | None]:
    """Return consequence and protein change (``p.G12D``) of a coding change; null where it cannot be told here.

    >>> [of_coding_change("KRAS", t)[1] for t in ("c.35G>A", "c.G35A", "NM_004985.5:c.35G>A", "35G>A", "c.35C>A")]
    ['p.G12D', 'p.G12D', 'p.G12D', 'p.G12D', None]
    >>> of_coding_change("BRAF", "c.1799_1800delinsAA"), of_coding_change("TP53", "c.742_743delCGinsTT")
    (('missense', 'p.V600E'), ('missense', 'p.R248L'))
    """
    known = coding_bases().get(gene, "")
    bare = _bare(text)
    found = next((m for form in _FORMS if (m := form.match(bare))), None)
    if not known or found is None or (gene in _BIC and not re.search(r"(?i)c\.", text)):
        return None, None
    part = found.groupdict()
    first, last = int(part["first"]), int(part.get("last") or part["first"])
    there = known[first - 1 : last]
    said, what = part.get("ref") or "", part.get("what")
    if not 1 <= first <= last <= len(known) or last - first > 500 or "N" in there:
        return None, None
    if said and not said.isdigit() and said != there:
        return None, None
    if what == "ins":
        return _indel(known, first, "", part["alt"])
    if what == "dup":
        return _indel(known, last, "", there)
    return _indel(known, first - 1, there, "" if what == "del" else part["alt"])


def residue(gene: str, number: int) -> str | None:
    """Return the amino acid of a gene at a residue, one letter; null where its codon is not known here.

    >>> residue("BRAF", 600), residue("BRAF", 599), residue("KRAS", 5000)
    ('V', None, None)
    """
    bases = coding_bases().get(gene, "")[3 * number - 3 : 3 * number]
    return protein_of(bases) if len(bases) == 3 and "N" not in bases else None


def _indel(known: str, at: int, old: str, new: str) -> tuple[str | None, str | None]:
    """Return the effect of bases `old` from `at` (counted from 0) becoming `new`, where the bases it needs are
    known."""
    if len(old) != len(new) and "N" in known:
        return None, None
    word, change = coding_change(known, "", protein_of(known), at, old, new)
    return (word, change) if change else (None, None)


def protein_changes(gene: pl.Series, hgvs_c: pl.Series) -> pl.Series:
    """Return the protein change of each gene and coding change (shape (n,), text; null where it cannot be told)."""
    pairs = pl.DataFrame({"gene": gene.cast(pl.String), "hgvs_c": hgvs_c.cast(pl.String)})
    distinct = pairs.drop_nulls().unique()
    told = [of_coding_change(g, c)[1] for g, c in distinct.iter_rows()]
    table = distinct.with_columns(pl.Series("hgvs_p", told, dtype=pl.String))
    return pairs.join(table, on=["gene", "hgvs_c"], how="left", maintain_order="left")["hgvs_p"]


def consequences_of(gene: pl.Series, hgvs_c: pl.Series) -> pl.Series:
    """Return `consequence_of` of each gene and coding change (shape (n,), text; null where it cannot be told)."""
    pairs = pl.DataFrame({"gene": gene.cast(pl.String), "hgvs_c": hgvs_c.cast(pl.String)})
    distinct = pairs.drop_nulls().unique()
    told = pl.Series("consequence", [consequence_of(g, c) for g, c in distinct.iter_rows()], dtype=pl.String)
    found = pairs.join(distinct.with_columns(told), on=["gene", "hgvs_c"], how="left", maintain_order="left")
    return found["consequence"]
