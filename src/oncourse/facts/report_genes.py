"""Which genes a report's cell names, and which part of them a test looked at: ``KRAS/NRAS``, ``全RAS``, ``KRAS exon 2``."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from oncourse.facts.report_words import BESIDE, CODING, CODON, EXON, FRACTION, PROTEIN, RESIDUE, finding
from oncourse.genome.gene_names import current_symbol, gene_name, symbols
from oncourse.genome.gene_sets import gene_set

_PARTS = re.compile(r"\s*[;；/、|+,，&]\s*|\s{2,}|\s+(?:和|and)\s+|(?<=[A-Z0-9])[和与及](?=[A-Z])")
#: A test of both genes at once (RAS: ESMO 2023, NCCN).
_RAS = re.compile(r"^(?:全|扩展|泛|all[- ]?|pan[- ]?|extended[- ]?|expanded[- ]?)?ras(?:家族|family)?$", re.I)
_TRANSCRIPT = re.compile(r"[_ (]*[NX][MR]_\d+(?:\.\d+)?\)?", re.I)
#: ``BRCA1/2``, ``NTRK1/2/3``
_NUMBERED = re.compile(r"^([A-Z]+)(\d)((?:\s*[/、,]\s*\d)+)$", re.I)
#: Tests of a part of a gene beside its codons.
_PART = re.compile(r"启动子|promoter|热点|hot-?spot|敏感|常见", re.I)


@cache
def genes_named(text: str) -> tuple[str, ...]:
    """Return the genes a cell names; the cell itself where it is no known symbol.

    >>> genes_named("BRAF V600E"), genes_named("HER2基因扩增"), genes_named("BRAFV600E"), genes_named("BRAF V600")
    (('BRAF',), ('HER2',), ('BRAF',), ('BRAF',))
    >>> genes_named("KRAS基因突变"), genes_named("KRAS/NRAS/BRAF"), genes_named("KRAS exon2"), genes_named("ZNF999")
    (('KRAS',), ('KRAS', 'NRAS', 'BRAF'), ('KRAS',), ('ZNF999',))
    >>> genes_named("KRAS基因2号外显子12密码子"), genes_named("RAS/BRAF"), genes_named("全RAS基因")
    (('KRAS',), ('KRAS', 'NRAS', 'BRAF'), ('KRAS', 'NRAS'))
    >>> genes_named("BRCA1/2"), genes_named("ERBB2(HER2)"), genes_named("NM_004985.4(KRAS)"), genes_named("HER2/neu")
    (('BRCA1', 'BRCA2'), ('ERBB2',), ('KRAS',), ('HER2/neu',))
    """
    plain = _plain(text)
    if plain.upper() in symbols():
        return (plain,)
    places = EXON.sub(" ", CODON.sub(" ", _TRANSCRIPT.sub(" ", plain)))
    bare = FRACTION.sub(" ", PROTEIN.sub(" ", CODING.sub(" ", places)))
    bare = " ".join(BESIDE.sub(" ", bare).split()).strip(" ()-:_")
    for name in (bare, " ".join(RESIDUE.sub(" ", bare).split()).strip(" ()-:/_"), _before_change(plain)):
        if found := _genes(name):
            return found
    return (plain,)


def _genes(name: str) -> tuple[str, ...]:
    """Return the genes of a cell without any word beside them; none where one of its parts is no known one."""
    if _known(name):
        return (name,)
    if _RAS.match(name):
        return gene_set("RAS")
    if found := _NUMBERED.match(name):
        return _all(found[1] + n for n in (found[2], *re.findall(r"\d", found[3])))
    parts = [p for p in _PARTS.split(re.sub(r"[()]", "/", name)) if p]
    return _all(parts) if len(parts) > 1 else ()


def _all(parts: object) -> tuple[str, ...]:
    """Return the genes of the parts, each once; none where one part is not known."""
    out: dict[str, str] = {}
    for part in parts:  # type: ignore[attr-defined]
        named = gene_set("RAS") if _RAS.match(part) else ((part,) if _known(part) else ())
        if not named:
            return ()
        for gene in named:
            out.setdefault(current_symbol(gene.upper()), gene)
    return tuple(out.values())


def _before_change(text: str) -> str:
    """Return the gene of a cell that writes its change onto it (``BRAFV600E``), else nothing."""
    found = re.match(r"^([A-Z][A-Z0-9]{2,}?)-?[A-Z]\d{2,4}[A-Z*]?$", text)
    return found[1] if found and found[1] in symbols() else ""


def _known(text: str) -> bool:
    return bool(text) and gene_name(text)[1] in ("plain", "spelling", "former name") and not text.isdigit()


#: Exons, transcripts and variants of a fusion beside its genes: ``EML4(E13)``, ``ALK:exon20``, ``EML4-ALK V3``.
_OF_FUSION = re.compile(
    r"[(\[]\s*(?:(?:e|ex|exon|v|intron)?\s*\d+|[A-Z]\d+\s*[;:,]\s*[A-Z]\d+|NM_[\d.]+)\s*[)\]]|"
    r":r\.[\d_+?-]+|\s*[:\s]\s*(?:exon|ex|intron)\s*\d+|\s+[EV]\d+(?:[;:,]\s*[A-Z]\d+)?(?=\s|$)",
    re.I,
)
_JOINED = r"\s*(?:-{1,2}>?|:{1,2}|—|→|~|\+)\s*"


def pair_named(text: str, slash: bool = False) -> tuple[str, str] | None:
    """Return the two genes of a cell that names a fusion by its partners alone (``EML4-ALK``, HGNC's ``EML4::ALK``).

    `slash`: they may be parted by one, too (``EML4/ALK``).

    >>> pair_named("EML4-ALK"), pair_named("KRAS"), pair_named("HLA-A"), pair_named("BRAF-V600E")
    (('EML4', 'ALK'), None, None, None)
    >>> [pair_named(t) for t in ("EML4(E13)-ALK(E20)", "EML4:exon13~ALK:exon20", "KIF5B→RET", "CD74--ROS1 fusion")]
    [('EML4', 'ALK'), ('EML4', 'ALK'), ('KIF5B', 'RET'), ('CD74', 'ROS1')]
    >>> [pair_named(t) for t in ("EML4_ALK", "ALK_AMP", "EML4(NM_019063.3):r.1_1751::ALK(NM_004304.4):r.4080_6220")]
    [('EML4', 'ALK'), None, ('EML4', 'ALK')]
    """
    plain = _OF_FUSION.sub("", _plain(text)).strip()
    if (two := re.fullmatch(r"([A-Z][A-Z0-9]+)_([A-Z][A-Z0-9]+)", plain)) and _known(two[1]) and _known(two[2]):
        return two[1], two[2]
    by = rf"(?:{_JOINED}|\s*/\s*)" if slash else _JOINED
    found = re.fullmatch(rf"([A-Z][A-Z0-9]+){by}([A-Z][A-Z0-9]+)\s*(?:融合|重排|fusion|rearrangement)?", plain, re.I)
    if found is None or _known(plain) or not (_known(found.group(1)) or _known(found.group(2))):
        return None
    if finding(found.group(2)).changes or exons_named(found.group(2)) or RESIDUE.fullmatch(found.group(2)):
        return None
    return found.group(1).upper(), found.group(2).upper()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def names_part(text: str | None) -> bool:
    """Whether a cell names codons, residues or a promoter: the test looked at those alone.

    >>> names_part("KRAS 12、13密码子"), names_part("KRAS codon 12/13"), names_part("BRAF V600"), names_part("KRAS")
    (True, True, True, False)
    """
    plain = _plain(text or "")
    whole = plain.upper() in symbols() or _known(plain)
    return bool(CODON.search(plain) or _PART.search(plain) or (not whole and RESIDUE.search(plain)))


def exons_named(*texts: str | None) -> frozenset[int]:
    """Return the exons that the cells name, where a test looked at those alone (``KRAS exon 2``, ``2号外显子``).

    >>> sorted(exons_named("KRAS exon 2")), sorted(exons_named("第2、3、4号外显子")), sorted(exons_named("KRAS"))
    ([2], [2, 3, 4], [])
    """
    found: set[int] = set()
    for text in texts:
        for match in EXON.finditer(unicodedata.normalize("NFKC", text or "")):
            found |= {int(n) for n in re.findall(r"\d+", match.group(1) or match.group(2))}
    return frozenset(found)


def codons_named(text: str) -> frozenset[int]:
    """Return the codons that words name without a change.

    >>> sorted(codons_named("12、13号密码子突变")), sorted(codons_named("codon 61")), sorted(codons_named("V600 突变"))
    ([12, 13], [61], [600])
    """
    plain = _plain(text)
    listed = [n for m in CODON.finditer(plain) for n in re.findall(r"\d+", m.group())]
    alone = [m.group()[1:] for m in RESIDUE.finditer(CODON.sub(" ", plain)) if m.group().upper() not in symbols()]
    return frozenset(map(int, (*listed, *alone)))
