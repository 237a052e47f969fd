"""Names of columns that hold reads, understood by their words: ``TVarCov``, ``Tumor_ReadCount_Alt``, ``AltDepthTumour``.

Every pipeline names its reads anew, of the same few words: whose they are, of which allele, and what is counted. A name
with any other word (``rna_alt_count``, ``alt_fwd_reads``, ``ref_quality``) is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What a word says (small letters).
_WORDS: dict[str, tuple[str, ...]] = {
    "tumour": ("t", "tumor", "tumour", "tum", "case"),
    "normal": ("n", "normal", "norm", "control", "ctrl", "germline", "wbc", "wbcs", "pbmc", "pbmcs", "leukocyte"),
    "alt": ("alt", "alternate", "alternative", "var", "variant", "mut", "mutant", "mutated", "nonref"),
    "ref": ("ref", "reference", "wt", "wildtype"),
    "all": ("total", "tot", "all"),
    "reads": (
        *("count", "counts", "cnt", "read", "reads", "depth", "dp", "cov", "coverage"),
        *("molecule", "molecules", "fragment", "fragments", "family", "families", "umi", "umis"),  # of cell-free DNA
    ),
    "share": ("vaf", "af", "freq", "frequency", "fraction", "frac"),
    "ad": ("ad", "nv"),
    "rd": ("rd",),
    "depth": ("nr",),
    "": (
        "allele",
        "allelic",
        "dna",
        "number",
        "num",
        "of",
        "no",
        "supporting",
        "seq",
        "in",
        "i",
        "unique",
        "consensus",
    ),
}
_SAYS = {word: says for says, words in _WORDS.items() for word in words}
#: What is counted, by what the words of a name say besides whose it is -> our name in the tumour, in the normal.
_NAMES: dict[frozenset[str], tuple[str, str]] = {
    frozenset({"alt", "reads"}): ("t_alt_count", "n_alt_count"),
    frozenset({"ref", "reads"}): ("t_ref_count", "n_ref_count"),
    frozenset({"all", "reads"}): ("t_depth", "n_depth"),
    frozenset({"ad"}): ("t_alt_count", "n_alt_count"),
    frozenset({"rd"}): ("t_ref_count", "n_ref_count"),
    frozenset({"depth"}): ("t_depth", "n_depth"),
    frozenset({"alt", "share"}): ("t_vaf", "n_vaf"),
}
#: The same where the name says that it is of the tumour or the normal: without that it may be of anything.
_NAMES_OF_ONE: dict[frozenset[str], tuple[str, str]] = {
    frozenset({"alt"}): ("t_alt_count", "n_alt_count"),
    frozenset({"reads"}): ("t_depth", "n_depth"),
    frozenset({"share"}): ("t_vaf", "n_vaf"),
}
#: Behind a name: that it is a number, and not the normal's.
_UNIT = re.compile(r"(?i)\s*[(\[](?:n|no\.?|#|x)[)\]]\s*$")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


def meant(column: str) -> str | None:
    """Return the name in a MAF of a column of reads; null where its words do not say exactly one.

    >>> [meant(c) for c in ("TVarCov", "TTotCov", "NRefCov", "Tumor_ReadCount_Ref", "AltDepthTumour")]
    ['t_alt_count', 't_depth', 'n_ref_count', 't_ref_count', 't_alt_count']
    >>> [meant(c) for c in ("TUMOR.RD", "TUMOR.AD", "alt_allele_reads", "alt_freq", "TVarVaf", "NORMAL.DP")]
    ['t_ref_count', 't_alt_count', 't_alt_count', 't_vaf', 't_vaf', 'n_depth']
    >>> [meant(c) for c in ("rna_alt_count", "alt_fwd_reads", "AF", "reads", "ref", "case", "P1.AD", "mut")]
    [None, None, None, None, None, None, None, None]
    >>> [meant(c) for c in ("Total molecules", "Mutant molecules (n)", "wt fragments", "DNA fragment")]
    ['t_depth', 't_alt_count', 't_ref_count', None]
    >>> [meant(c) for c in ("Normal VAF", "AF_control", "WBC depth", "PBMC alt reads")]
    ['n_vaf', 'n_vaf', 'n_depth', 'n_alt_count']
    """
    words = [w.lower() for w in _CAMEL.findall(_UNIT.sub("", column))]
    said = [_SAYS.get(w) for w in words]
    if not said or None in said:
        return None
    what = {s for s in said if s}
    whose = what & {"tumour", "normal"}
    if len(whose) > 1:
        return None
    kind = frozenset(what - whose)
    if kind in ({"ad"}, {"rd"}, {"depth"}) and not whose:
        return None
    found = _NAMES.get(kind) or (_NAMES_OF_ONE.get(kind) if whose and len(words) > 1 else None)
    return None if found is None else found[1] if whose == {"normal"} else found[0]


#: A name that speaks of reads or of their share, whatever else it says, and one that speaks of something else.
_OF_READS = re.compile(
    r"(?i)counts?(?![a-z])|reads?(?![a-z])|depth|cov(erage)?(?![a-z])|(?<![a-z])(dp|ad|vaf|af|maf|freq\w*|fraction)(?![a-z])"
)
_OF_OTHERS = re.compile(r"(?i)gnomad|exac|1000|esp|popul|topmed|rna|normal|norm_|^n[ _]|clinvar|cosmic|homopol")


def may_be_reads(columns: Iterable[str]) -> list[str]:
    """Return the columns that by their names may hold reads of the tumour, or their share.

    >>> may_be_reads(["t_alt_max_count", "Supporting Reads", "gnomAD_freq", "n_reads", "Country"])
    ['t_alt_max_count', 'Supporting Reads']
    """
    return [c for c in columns if _OF_READS.search(c) and not _OF_OTHERS.search(c)]
