"""What a report's words say of one gene: the changes they name, or that nothing was found, or that nothing was tested.

``exon2 c.35G>A p.G12D 12%``, ``G12D突变``, ``G12D/G13D``, ``未检出``, ``未测``. What is not understood stays as it was
written: it is a finding nobody can judge, never the absence of one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from oncourse.genome import protein
from oncourse.genome.gene_names import gene_name, symbols
from oncourse.study.words import meaning

_ACID = "|".join(protein.ONE_LETTER)
_LETTER = "[ACDEFGHIKLMNPQRSTVWY]"
#: One protein change within a text; a bare one is a substitution of letters (G12D) or of names (Gly12Asp).
_PROTEIN = re.compile(
    rf"p\.\(?(?:{_ACID}|[A-Z*])\d+[A-Za-z0-9_*=>?]*\)?|"
    rf"\b(?:{_ACID})\d+(?:_(?:{_ACID})\d+(?:delins|ins|del|dup)[A-Za-z*]*|{_ACID}|fs|\*)|"
    rf"(?<![A-Za-z0-9._]){_LETTER}\d+(?:_{_LETTER}\d+(?:delins|ins|del|dup)[A-Z*]*|{_LETTER}|\*|X|fs(?:\*?\d+)?|del|dup)(?![A-Za-z0-9])",
    re.I,
)
_CODING = re.compile(
    r"c\.[0-9*+_-]+(?:[ACGT]+\s?[>→]\s?[ACGT]+|(?:delins|del|dup|ins|inv)[ACGT0-9]*(?:ins[ACGT]+)?)|c\.[ACGT]\d+[ACGT]\b|"
    r"(?<![\w.])\d+[ACGT]>[ACGT]\b",
    re.I,
)
_FRACTION = re.compile(r"[<>~≈]?\s?\d+(?:\.\d+)?\s?%")
_NUMBERS = r"([0-9]+(?:\s*[-、,/]\s*[0-9]+)*)"
_EXON = re.compile(rf"第?{_NUMBERS}\s*号?外显子|(?:exons?|外显子)\s*{_NUMBERS}", re.I)
_CODON = re.compile(rf"第?{_NUMBERS}\s*号?\s*密码子|(?:codons?|密码子)\s*{_NUMBERS}", re.I)
#: Words beside a gene's symbol that are no part of its name.
_BESIDE = re.compile(
    r"基因|突变|检测|变异|状态|扩增|融合|重排|缺失|拷贝数|gene|mutations?|status|analysis|test|amplification|fusion|rearrangement",
    re.I,
)
_PARTS = re.compile(r"\s*[;；/、|+,，]\s*|\s{2,}|\s+和\s+")


@dataclass(frozen=True)
class Finding:
    """``changes``: (coding, protein) pairs named, either may be null; ``state``: absent, untested, present or null."""

    changes: tuple[tuple[str | None, str | None], ...] = ()
    fraction: str | None = None
    state: str | None = None


@cache
def finding(text: str) -> Finding:
    """Return what a text says.

    >>> finding("exon2 c.35G>A p.G12D 12%")
    Finding(changes=(('c.35G>A', 'p.G12D'),), fraction='12%', state=None)
    >>> finding("G12D/G13D").changes, finding("G12D突变").changes, finding("Gly12Asp").changes
    (((None, 'p.G12D'), (None, 'p.G13D')), ((None, 'p.G12D'),), ((None, 'p.G12D'),))
    >>> finding("E746_A750del").changes, finding("Glu746_Ala750del 12%").changes
    (((None, 'p.E746_A750del'),), ((None, 'p.E746_A750del'),))
    >>> [finding(t).state for t in ("未检出", "wild-type", "未测", "not tested", "阳性", "exon 2 codon 12")]
    ['absent', 'absent', 'untested', 'untested', 'present', None]
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if state := meaning("panel_result", plain) or meaning("panel_result", plain.removeprefix("均")):
        return Finding(state=state)
    if ":" in plain and plain.count(",") == plain.count(":p."):  # transcripts of one change, as ANNOVAR lists them
        plain = plain.split(",")[0]
    fraction = found.group().replace(" ", "") if (found := _FRACTION.search(plain)) else None
    rest = _FRACTION.sub(" ", plain)
    coding = [m.group().replace(" ", "") for m in _CODING.finditer(rest)]
    proteins = [_change(m.group()) for m in _PROTEIN.finditer(_CODING.sub(" ", rest))]
    coding = [c if c[:2].lower() == "c." else f"c.{c}" for c in dict.fromkeys(coding)]
    proteins = list(dict.fromkeys(p for p in proteins if p))
    if coding and proteins and len(coding) != len(proteins):
        coding = [coding[0]] if len(proteins) == 1 else []
    wide = max(len(coding), len(proteins))
    none: list[str | None] = [None] * wide
    return Finding(tuple(zip(coding or none, proteins or none, strict=True)), fraction)


def _change(text: str) -> str | None:
    bare = re.sub(r"^[pP]\.", "", text)
    bare = bare if bare.count("(") == bare.count(")") else bare.strip("()")
    if re.fullmatch(rf"{_LETTER}\d+{_LETTER}", bare, re.I):
        bare = bare.upper()
    return protein.canonical(bare)


@cache
def genes_named(text: str) -> tuple[str, ...]:
    """Return the genes a cell names; the cell itself where it is no known symbol.

    >>> genes_named("BRAF V600E"), genes_named("HER2基因扩增")
    (('BRAF',), ('HER2',))
    >>> genes_named("KRAS基因突变"), genes_named("KRAS/NRAS/BRAF"), genes_named("KRAS exon2"), genes_named("ZNF999")
    (('KRAS',), ('KRAS', 'NRAS', 'BRAF'), ('KRAS',), ('ZNF999',))
    >>> genes_named("KRAS基因2号外显子12密码子")
    ('KRAS',)
    """
    plain = _plain(text)
    if plain.upper() in symbols():
        return (plain,)
    bare = _FRACTION.sub(" ", _PROTEIN.sub(" ", _CODING.sub(" ", _EXON.sub(" ", _CODON.sub(" ", plain)))))
    bare = " ".join(_BESIDE.sub(" ", bare).split()).strip(" ()-:")
    if _known(bare):
        return (bare,)
    parts = [p for p in _PARTS.split(bare) if p]
    if len(parts) > 1 and all(_known(p) for p in parts):
        return tuple(parts)
    return (plain,)


def _known(text: str) -> bool:
    return bool(text) and gene_name(text)[1] in ("plain", "spelling", "former name") and not text.isdigit()


def pair_named(text: str) -> tuple[str, str] | None:
    """Return the two genes of a cell that names a fusion by its partners alone (``EML4-ALK``).

    >>> pair_named("EML4-ALK"), pair_named("KRAS"), pair_named("HLA-A")
    (('EML4', 'ALK'), None, None)
    """
    found = re.fullmatch(
        r"([A-Z][A-Z0-9]+)\s*(?:-|:{1,2}|—)\s*([A-Z][A-Z0-9]+)(?:融合|重排|fusion)?", _plain(text), re.I
    )
    whole = found is None or _known(text) or not (_known(found.group(1)) or _known(found.group(2)))
    return None if found is None or whole else (found.group(1).upper(), found.group(2).upper())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def names_codon(text: str | None) -> bool:
    """Whether a cell names codons: the test looked at those alone (``KRAS基因2号外显子12密码子``).

    >>> names_codon("KRAS 12、13密码子"), names_codon("KRAS codon 12/13"), names_codon("KRAS")
    (True, True, False)
    """
    return bool(_CODON.search(unicodedata.normalize("NFKC", text or "")))


def exons_named(*texts: str | None) -> frozenset[int]:
    """Return the exons that the cells name, where a test looked at those alone (``KRAS exon 2``, ``2号外显子``).

    >>> sorted(exons_named("KRAS exon 2")), sorted(exons_named("第2、3、4号外显子")), sorted(exons_named("KRAS"))
    ([2], [2, 3, 4], [])
    """
    found: set[int] = set()
    for text in texts:
        for match in _EXON.finditer(unicodedata.normalize("NFKC", text or "")):
            found |= {int(n) for n in re.findall(r"\d+", match.group(1) or match.group(2))}
    return frozenset(found)
