"""Protein change of a coding change alone (``KRAS c.35G>A``), from the reference codons that are known here.

The numbering is that of the package's transcripts (`oncourse.genome.gene_models`); a change whose reference bases are
not what stands there speaks of another transcript, or is misspelt: nothing is said of it.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from oncourse.genome.gene_models import coding_bases
from oncourse.genome.protein_change import coding_change, protein_of

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


@cache
def of_coding_change(gene: str, text: str) -> tuple[str | None, str | None]:
    """Return consequence and protein change (``p.G12D``) of a coding change; null where it cannot be told here.

    >>> [of_coding_change("KRAS", t)[1] for t in ("c.35G>A", "c.G35A", "NM_004985.5:c.35G>A", "35G>A", "c.35C>A")]
    ['p.G12D', 'p.G12D', 'p.G12D', 'p.G12D', None]
    >>> of_coding_change("BRAF", "c.1799_1800delinsAA"), of_coding_change("TP53", "c.742_743delCGinsTT")
    (('missense', 'p.V600E'), ('missense', 'p.R248L'))
    """
    known = coding_bases().get(gene, "")
    bare = re.sub(r"\s|[()\[\]]", "", text.rsplit(":", 1)[-1])
    bare = re.sub(r"^[cC]\.", "", bare).upper()
    for word in ("DELINS", "DEL", "DUP", "INS"):
        bare = bare.replace(word, word.lower())
    found = next((m for form in _FORMS if (m := form.match(bare))), None)
    if not known or found is None:
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
