"""The genome build that a file's words name: its release, the name of a FASTA, a path."""

from __future__ import annotations

import re

#: Name of a build -> the words that mean it, in the order they are looked for. GRCh37 and GRCh38 are known here, the
#: others are told apart from them; those of animals are not read at all.
_WORDS = (
    ("GRCh37", r"grch37|hg19|hg37|b37(?![0-9])|hs37|g1k_v37|assembly19|ensembl[ _.-]?75|^37(\.\w+)*$"),
    ("GRCh38", r"grch38|hg38|b38(?![0-9])|hs38|assembly38|^38(\.\w+)*$"),
    ("NCBI36", r"ncbi36|hg18|b36(?![0-9])|^36(\.\w+)*$"),
    ("T2T-CHM13", r"chm13|t2t|hs1(?![0-9])"),
    ("mouse", r"grcm3[89]|(?<![a-z])mm(9|10|39)(?![0-9])|ncbim37|mus_?musculus"),
    ("rat", r"rnor_?\d|(?<![a-z])rn[4-7](?![0-9])|rattus"),
    ("dog", r"canfam|ros_cfam"),
)
ANIMALS = frozenset({"mouse", "rat", "dog"})


def build_named(text: str | None) -> str | None:
    """Return the build that words name, or the animal; null where they name none that is known.

    >>> [build_named(t) for t in ("GRCh37.p13", "hs37d5", "hg19_v2", "38", "Homo_sapiens_assembly38.fasta", "b37")]
    ['GRCh37', 'GRCh37', 'GRCh37', 'GRCh38', 'GRCh38', 'GRCh37']
    >>> [build_named(t) for t in ("hg18", "chm13v2.0.fa", "GRCm38", "mm10.fa", "GRCm37", "custom", None)]
    ['NCBI36', 'T2T-CHM13', 'mouse', 'mouse', None, None, None]
    """
    low = (text or "").strip().lower()
    return next((build for build, words in _WORDS if re.search(words, low)), None) if low else None
