"""From a germline genotype to the phenotype that decides a dose: DPYD and UGT1A1 (CPIC rules)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from oncourse.knowledge.alterations import data_rows

GENES = ("DPYD", "UGT1A1")
NOT_ASSESSABLE = "not assessable"


@lru_cache(maxsize=2)
def _alleles(gene: str) -> dict[str, str]:
    column = "activity" if gene == "DPYD" else "function"
    found = {}
    for row in data_rows(f"{gene.lower()}_alleles.tsv"):
        for name in (row["allele"], *row["synonyms"].split(";")):
            if name.strip():
                found[_key(name)] = row[column]
    return found


def _key(allele: str) -> str:
    """A name without spaces, gene and bracketed synonym: ``c.1905+1G>A (*2A)`` -> ``c.1905+1g>a``."""
    text = re.sub(r"\s*\([^)]*\)\s*$", "", allele.strip()) if not allele.strip().startswith("(") else allele
    return re.sub(r"\s+", "", text).lower()


#: How many copies of the changed allele a word says; written from the usage of laboratories.
_COPIES = (
    (2, re.compile(r"\bhom(?:o|ozygous|ozygote)?\b|纯合", re.I)),
    (1, re.compile(r"\bhet(?:ero|erozygous|erozygote)?\b|杂合", re.I)),
)
#: Two bases read at a place, behind the name of the change: no pair of alleles.
_BASES = re.compile(r"[\s(:][ACGT]/[ACGT]\)?$", re.I)
_NONE_FOUND = re.compile(
    r"^(?:wild[ -]?type|wt|normal|no (?:variant|mutation)s?(?: found)?|not detected|野生型?|正常|未检出|未突变)$", re.I
)
#: Words of a phenotype itself.
_PHENOTYPES = (
    ("poor", re.compile(r"\bpoor\b|慢代谢|弱代谢|\bPM\b", re.I)),
    ("intermediate", re.compile(r"\bintermediate\b|中间代谢|\bIM\b", re.I)),
    ("normal", re.compile(r"\b(?:normal|extensive)\s+metaboli|正常代谢|快代谢|\b[NE]M\b", re.I)),
)
#: UGT1A1: (TA)6 and (TA)7 repeats as 6/7, TA6/TA7.
_REPEATS = {"5": "*36", "6": "*1", "7": "*28", "8": "*37"}


def split_genotype(genotype: str) -> tuple[str, str] | None:
    """Return the two alleles of ``*1/*2A``, or of one changed allele with the copies in words; None where it names no
    two.

    >>> split_genotype("*1/*2A"), split_genotype("DPYD *1/*1"), split_genotype("positive")
    (('*1', '*2A'), ('*1', '*1'), None)
    >>> split_genotype("c.1905+1G>A heterozygous"), split_genotype("*28 纯合"), split_genotype("野生型")
    (('*1', 'c.1905+1G>A'), ('*28', '*28'), ('*1', '*1'))
    >>> split_genotype("TA6/TA7"), split_genotype("c.1905+1G>A"), split_genotype("c.211G>A GA")
    (('*1', '*28'), None, ('*1', 'c.211G>A'))
    """
    text = unicodedata.normalize("NFKC", genotype).strip()
    text = re.sub(r"^(DPYD|UGT1A1)(?:\s*[:=]\s*|\s+|(?=\*))", "", text, flags=re.I)
    if _NONE_FOUND.match(text):
        return "*1", "*1"
    if repeats := re.match(r"^\(?TA\)?([5-8])\s*/\s*\(?(?:TA)?\)?([5-8])$", text, re.I):
        return _REPEATS[repeats[1]], _REPEATS[repeats[2]]
    parts = [p.strip() for p in text.split("/")]
    if len(parts) == 2 and all(parts) and not _BASES.search(text):
        return parts[0], parts[1]
    return _by_copies(text)


def _by_copies(text: str) -> tuple[str, str] | None:
    """One changed allele whose copies are told by a word, or by the two bases read at its place."""
    found = re.match(r"^(\*\w+|c\.[\w+*-]+?[ACGT]\s?>\s?[ACGT]|c\.[\w+-]+del[ACGT]*|HapB3)(.*)$", text, re.I)
    if not found:
        return None
    allele, rest = found[1].replace(" ", ""), found[2].strip(" ,;:()")
    n = next((n for n, words in _COPIES if words.search(rest)), None)
    change = re.search(r"([ACGT])>([ACGT])$", allele)
    bases = re.fullmatch(r"([ACGT])/?([ACGT])", rest)
    if n is None and change and bases:
        n = sum(base == change[2] for base in bases.groups()) if set(bases.groups()) <= set(change.groups()) else None
    return None if n is None else (("*1", "*1"), ("*1", allele), (allele, allele))[n]


def phenotype(gene: str, genotype: str) -> str:
    """Return the metaboliser phenotype of a genotype, or ``not assessable: ...`` with the allele that is not known.

    DPYD: activity score of the two alleles, 2 normal, 1 to 1.5 intermediate, 0 to 0.5 poor (CPIC 2017, updated);
    UGT1A1: two decreased-function alleles poor, one intermediate, none normal.

    >>> phenotype("DPYD", "*1/*2A"), phenotype("DPYD", "c.2846A>T/c.2846A>T"), phenotype("UGT1A1", "*28/*6")
    ('intermediate metaboliser (activity score 1)', 'intermediate metaboliser (activity score 1)', 'poor metaboliser')
    >>> phenotype("DPYD", "*1/*99")
    'not assessable: allele *99 is not in the table'
    >>> phenotype("UGT1A1", "慢代谢型"), phenotype("DPYD", "intermediate metabolizer")
    ('poor metaboliser (as recorded)', 'intermediate metaboliser (as recorded)')
    """
    alleles = split_genotype(genotype)
    if gene in GENES and alleles is None:
        told = [word for word, pattern in _PHENOTYPES if pattern.search(genotype)]
        if len(told) == 1:
            return f"{told[0]} metaboliser (as recorded)"
    if gene not in GENES or alleles is None:
        return f"{NOT_ASSESSABLE}: '{genotype}' is no genotype of two alleles"
    table = _alleles(gene)
    unknown = [a for a in alleles if _key(a) not in table]
    if unknown:
        return f"{NOT_ASSESSABLE}: allele {', '.join(unknown)} is not in the table"
    values = [table[_key(a)] for a in alleles]
    if gene == "DPYD":
        score = sum(float(v) for v in values)
        word = "normal" if score >= 2 else "intermediate" if score >= 1 else "poor"
        return f"{word} metaboliser (activity score {score:g})"
    n = values.count("decreased")
    return ("normal metaboliser", "intermediate metaboliser", "poor metaboliser")[n]
