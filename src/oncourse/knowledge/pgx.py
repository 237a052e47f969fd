"""From a germline genotype to the phenotype that decides a dose: DPYD and UGT1A1 (CPIC rules)."""

from __future__ import annotations

import re
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


def split_genotype(genotype: str) -> tuple[str, str] | None:
    """Return the two alleles of ``*1/*2A``; None where it names no two.

    >>> split_genotype("*1/*2A"), split_genotype("DPYD *1/*1"), split_genotype("positive")
    (('*1', '*2A'), ('*1', '*1'), None)
    """
    text = re.sub(r"^(DPYD|UGT1A1)\s*", "", genotype.strip())
    parts = [p.strip() for p in text.split("/")]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None


def phenotype(gene: str, genotype: str) -> str:
    """Return the metaboliser phenotype of a genotype, or ``not assessable: ...`` with the allele that is not known.

    DPYD: activity score of the two alleles, 2 normal, 1 to 1.5 intermediate, 0 to 0.5 poor (CPIC 2017, updated);
    UGT1A1: two decreased-function alleles poor, one intermediate, none normal.

    >>> phenotype("DPYD", "*1/*2A"), phenotype("DPYD", "c.2846A>T/c.2846A>T"), phenotype("UGT1A1", "*28/*6")
    ('intermediate metaboliser (activity score 1)', 'intermediate metaboliser (activity score 1)', 'poor metaboliser')
    >>> phenotype("DPYD", "*1/*99")
    'not assessable: allele *99 is not in the table'
    """
    alleles = split_genotype(genotype)
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
