"""What a laboratory calls a variant: pathogenic to benign, read from a cell of its report.

The five classes are those of Richards et al., Genet Med 2015;17:405 (ACMG/AMP); class 5 is pathogenic, class 1 benign. The
tiers of AMP/ASCO/CAP 2017 (I strong clinical significance ... IV benign) count the other way round: a bare number is a
class only where the column says so, and a Roman one only where both mean the same (III).
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.genome.texts import distinct

#: What a variant may be called, the most harmful first; conflicting: called in two ways that exclude each other.
PATHOGENICITY = ("pathogenic", "likely_pathogenic", "uncertain", "likely_benign", "benign", "conflicting")
_HARMFUL, _HARMLESS = ("pathogenic", "likely_pathogenic"), ("likely_benign", "benign")
_MAYBE = r"(?:可能|疑似|倾向|likely|suspected|probabl[ye])[\s_]*(?:为|是|于)*"
#: Patterns of a class, in the order they are taken out of a text: what one took, the next does not see.
_WORDS = (
    ("conflicting", r"冲突|矛盾|不一致|conflict\w*"),
    (
        "uncertain",
        r"(?:临床)?意义[尚暂]?(?:未|不)\w{0,3}|致病性[尚暂]?(?:未|不)(?:明|详|确定|清)\w?|分类不明|"
        r"(?:uncertain|unknown|undetermined)[\s_]+significance|\bvus\b|\bunclassified\b|^(?:variant of )?uncertain$",
    ),
    ("likely_benign", _MAYBE + r"(?:良性|benign|harmless)|\blb\b"),
    ("likely_pathogenic", _MAYBE + r"(?:致病性?|有害|pathogenic|deleterious)|\blp\b"),
    ("benign", r"良性|\bbenign\b|多态性?|\bpolymorphism\b|^b$"),
    ("pathogenic", r"(?:明确)?致病性?(?:变异|突变)?|有害(?:变异|突变)?|\bpathogenic\b|\bdeleterious\b|^p$"),
)
_DENIED = re.compile(r"[非不无未]致病|(?:not|non|no)[\s_-]*pathogenic|likely (?:not|non)", re.I)
_CLASS = re.compile(r"(?:acmg|class|类别|分类|第)?[\s:_-]*\b([1-5])\s*(?:类|级|$)|^([1-5])(?:类|级)", re.I)
_SAYS_CLASS = re.compile(r"acmg|\bclass\b", re.I)
_THREE = re.compile(r"^(?:tier\s*)?iii\s*(?:类|级)?$", re.I)
_OF_CLASS = dict(zip("54321", PATHOGENICITY, strict=False))


def pathogenicity_of(text: str, *, is_acmg: bool = False) -> str | None:
    """Return what a cell calls a variant (one of `PATHOGENICITY`); None where it is not understood.

    Of two neighbouring classes (Pathogenic/Likely pathogenic) the weaker counts; of two that exclude each other, none.

    Parameters
    ----------
    is_acmg : the column is of the five classes, so that a bare 4类 is one

    Examples
    --------
    >>> [pathogenicity_of(t) for t in ("致病", "可能致病（4类）", "VUS", "良性", "Likely Benign", "Pathogenic (class 5)")]
    ['pathogenic', 'likely_pathogenic', 'uncertain', 'benign', 'likely_benign', 'pathogenic']
    >>> [pathogenicity_of(t) for t in ("意义未明，可能致病", "Benign/Likely_benign", "非致病", "错义突变", "II类", "III类")]
    ['conflicting', 'likely_benign', None, None, None, 'uncertain']
    >>> pathogenicity_of("4类"), pathogenicity_of("4类", is_acmg=True), pathogenicity_of("ACMG 2类")
    (None, 'likely_pathogenic', 'likely_benign')
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if not plain or _DENIED.search(plain):
        return None
    if _THREE.match(plain):
        return "uncertain"
    found, rest = set(), plain
    for word, pattern in _WORDS:
        rest, n = re.subn(pattern, " ", rest, flags=re.I)
        found |= {word} if n else set()
    number = _CLASS.search(plain)
    if number and (is_acmg or found or _SAYS_CLASS.search(plain)):
        found.add(_OF_CLASS[number[1] or number[2]])
    return _one(found)


def _one(found: set[str]) -> str | None:
    if not found:
        return None
    for side, weaker in ((_HARMFUL, _HARMFUL[1]), (_HARMLESS, _HARMLESS[0])):
        if found <= set(side):
            return weaker if len(found) == 2 else next(iter(found))
    return next(iter(found)) if len(found) == 1 else "conflicting"


def pathogenicities(cells: pl.Series, *, is_acmg: bool = False) -> pl.Series:
    """Return what each cell of a column calls its variant; null where it says nothing that is understood.

    Numbers are classes where `is_acmg`, or where another cell of the column is a word of them or a class 5, which no tier
    is.
    """
    words = distinct(cells)
    is_acmg = is_acmg or any(pathogenicity_of(w) in (*_HARMFUL, *_HARMLESS) for w in words)
    is_acmg = is_acmg or any(re.fullmatch(r"\s*5\s*[类级]\s*", unicodedata.normalize("NFKC", w)) for w in words)
    meant = {w: pathogenicity_of(w, is_acmg=is_acmg) for w in words}
    return cells.replace_strict(meant, default=None, return_dtype=pl.String)


def agreed(said: pl.Series) -> str | None:
    """Return the one class of several reports of a variant: of neighbours the weaker, else conflicting; None of none.

    >>> agreed(pl.Series(["pathogenic", None, "likely_pathogenic"])), agreed(pl.Series(["benign", "pathogenic"]))
    ('likely_pathogenic', 'conflicting')
    """
    return _one(set(said.drop_nulls()))
