"""What a report's words say of one gene: the changes they name, or that nothing was found, or that nothing was tested.

``exon2 c.35G>A p.G12D 12%``, ``G12D突变``, ``G12D/G13D``, ``未检出``, ``未测``, ``未检出G12D``. Words that deny a change
(``G12D 阴性``) find none. What is not understood stays as it was written: it is a finding nobody can judge, never the
absence of one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

from oncourse.facts.beside_change import taken_back, unread_words
from oncourse.facts.codon_words import spelled_out
from oncourse.genome import protein
from oncourse.genome.gene_names import symbols
from oncourse.study.words import meaning

_ACID = "|".join(protein.ONE_LETTER)
_LETTER = "[ACDEFGHIKLMNPQRSTVWY]"
#: One protein change within a text; a bare one is a substitution of letters (G12D) or of names (Gly12Asp).
PROTEIN = re.compile(
    rf"p\.\(?(?:{_ACID}|[A-Z*])\d+[A-Za-z0-9_*=>?]*\)?|"
    rf"\b(?:{_ACID})\d+(?:_(?:{_ACID})\d+(?:delins|ins|del|dup)[A-Za-z*]*|{_ACID}|fs|\*)|"
    rf"(?<![A-Za-z0-9._]){_LETTER}\d+(?:_{_LETTER}\d+(?:delins|ins|del|dup)[A-Z*]*|"
    # V600E/K is one of two, not V600E
    rf"{_LETTER}(?:/{_LETTER}(?![A-Za-z0-9]))*|\*|X|fs(?:\*?\d+)?|del|dup)(?![A-Za-z0-9])",
    re.I,
)
CODING = re.compile(
    r"(?<![A-Za-z0-9])IVS\s?\d+\s?[+-]\s?\d+(?:[ACGT]+[>→][ACGT]+|(?:del|ins|dup)[ACGT]+)|"  # before HGVS
    r"c\.[0-9*+_-]+(?:[ACGT]+\s?[>→]\s?[ACGT]+|(?:delins|del|dup|ins|inv)[ACGT0-9]*(?:ins[ACGT]+)?)|c\.[ACGT]\d+[ACGT]\b|"
    r"(?<![\w.])-?\d+[ACGT]>[ACGT]\b|(?<![\w.])\d+(?:_\d+)?(?:del|ins|dup)[ACGT]+\b",
    re.I,
)
#: Coding changes that stay as they are written: named ones, by intron, and those of another numbering (``5382insC``).
_NAMED = re.compile(r"(?i)c\.|IVS|\d+(?:_\d+)?(?:del|ins|dup)")
_ANY_CHANGE = re.compile(f"(?:{PROTEIN.pattern})|(?:{CODING.pattern})", re.I)
FRACTION = re.compile(r"[<>~≈]?\s?\d+(?:\.\d+)?\s?%")
_NUMBERS = r"([0-9]+(?:\s*[-、,/]\s*[0-9]+)*)"
EXON = re.compile(rf"第?{_NUMBERS}\s*号?外显子|(?:(?<![A-Za-z])ex(?:ons?)?\.?|外显子)\s*{_NUMBERS}", re.I)
CODON = re.compile(rf"第?{_NUMBERS}\s*号?\s*密码子|(?:codons?|密码子)\s*{_NUMBERS}", re.I)
#: A residue without what it became (``V600``), written alone.
RESIDUE = re.compile(rf"(?<![A-Za-z0-9.]){_LETTER}\d{{1,4}}(?![A-Za-z0-9_>*])")
#: Blanks and arrows within a change: ``Gly 12 Asp``, ``p. G12 D``, ``c.35 G > A``, ``35G->A``.
_TIGHT = (
    (re.compile(rf"(?<![A-Za-z])({_ACID})[\s-]?(\d+)[\s-]?({_ACID})\b", re.I), r"\1\2\3"),
    (re.compile(r"\bp\.\s*([A-Z]\d+)\s+([A-Z*])(?![A-Za-z0-9])"), r"p.\1\2"),
    (re.compile(r"\bp\.\s+(?=[A-Z])"), "p."),
    (re.compile(r"\bc\.\s*(\d[\d+_-]*)\s*([ACGT])\s*(?:-?>|→)\s*([ACGT])", re.I), r"c.\1\2>\3"),
    (re.compile(r"(?<=\d)([ACGT])(?:->|→)(?=[ACGT]\b)", re.I), r"\1>"),
)
#: A change written onto its gene: ``BRAFV600E``.
_ONTO = re.compile(rf"\b([A-Z][A-Z0-9]{{2,}})({_LETTER}\d{{2,4}}[A-Z*]?)(?![A-Za-z0-9])")

#: What the words of a clause say, as laboratories of English and Chinese write them (from memory). Whoever doubts says
#: nothing that can be used; ``not tested`` and ``not detected`` come before ``detected``.
_DOUBT = re.compile(
    r"可疑|疑似|存疑|弱阳|不(?:能|可)?(?:完全)?排除|待(?:复查|复核|确认|验证|证实|定)|临界|检测下限|检测限|检出限|灰区|"
    r"难以(?:判断|判读|确定)|可能(?:为|是|有)?(?:阳性|阴性|突变)|equivocal|suspicio|suspected|"
    rf"borderline|cannot|can't|\bother than\b|(?:非|\bnon[- ]?)(?={_LETTER}\d)|{_LETTER}\d+非|"  # V600非E, non-V600E
    rf"{_LETTER}\d+(?:{_LETTER})\s*[:=]?\s*[-—–−]+\s*[nN]?\s*$|[:=]\s*[nN]\s*$|不支持|"  # V600E −, V600E - N: one sign
    r"\blo[bd]\b|limit of (?:detection|blank)|below (?:the )?(?:\w+ )?(?:limit|threshold|cut-?off)|sub-?threshold|"
    r"false[- ]?positive|arti?e?fact|background|\bnoise\b|low[- ]confidence|unconfirmed|not confirmed|questionable|"
    r"ambiguous|uncertain(?! significance)|假阳|低于\w{0,4}限|(?<!意义)(?<!意义尚)不(?:能)?确定(?!意义)|±|"
    r"(?<=[0-9A-Za-z \u4e00-\u9fff])(?<!\bp\.)(?<!Ter)\?\s*$|"
    r"(?:野生型?|wild[- ]?type|\bwt)\s*(?:/|或|\bor\b)\s*(?:突变型?|mut)|"  # one of two, and not which
    r"(?:突变型?|mutant|\bmut)\s*(?:/|或|\bor\b)\s*(?:野生|wild|wt)",
    re.I,
)
_UNTESTED = re.compile(
    r"(?<![a-z.])n\.\s?d\.?(?![a-z])|"
    r"未(?:能)?(?:进行)?(?:检测|测|做|查|送检|评估|行)(?!到|出|见)\w{0,4}|"
    r"(?:样[本品]|组织|标本|DNA|核酸|肿瘤细胞)?(?:质量|含量|数?量)?(?:不足|不合格|过低)|"
    r"(?:检测|质控|扩增|建库)失败|未出结果|无结果|结果待\w|待[测检]|无法[评判检]\w*|"
    r"insufficient\b(?: \w+)?|\b(?:qc )?fail(?:ed|ure)?\b|"
    r"\bnot (?:been )?(?:tested|done|assess\w*|evalua\w*|performed|covered|analy[sz]ed|available)|"
    r"\bno (?:result|call)s?\b|\bpending\b|indeterminate|inconclusive|\buntested\b",
    re.I,
)
#: Where a share of reads is only bounded from above: ``<0.1%``.
_BELOW = re.compile(r"^\s*[<≤]")
#: What limits a word of absence to a part of the gene's variants.
_LIMIT = re.compile(
    r"敏感|热点|已知|常见|致病|临床|靶向|耐药|获得性|意义|用药|胚系|germline|hot-?spot|pathogenic|actionable|clinical|"
    r"significan|known|sensiti|resistan|common|target|deleterious",
    re.I,
)
_KIND = r"(?:突变|变异|改变|异常|融合|重排|扩增|缺失)"
_EN_KIND = r"(?:mutations?|variants?|alterations?|abnormalit\w+|fusions?|amplifications?)"
_SEEN = r"(?:detected|found|identified|seen|present|observed)"
_ABSENT = re.compile(
    r"(?:未(?:能)?(?:明确)?(?:检出|检测到|检测出|发现|见到?|检到|测到|测出|检见|发生)|无(?![法义]|意义|功能|关))"
    rf"(?:[^,;。()]{{0,16}}?{_KIND})?|[未非不](?:突变型?|扩增|融合|重排|缺失)|拷贝数(?:正常|无异常)|阴性|野生型?|"
    rf"\bno (?:\w+[ -]){{0,4}}?{_EN_KIND}(?: (?:was|were|is|are|has been|have been))?(?: {_SEEN})?|"
    rf"\bnot (?:\w+ )?(?:{_SEEN}|mutated|altered|amplified|rearranged)|\bnot (?={_LETTER}\d+{_LETTER}\b)|"
    r"\b(?:undetected|undetectable|negative|neg|wild[- ]?type|wt|absent|none)\b|"
    r"\b(?:un|non)-? ?(?:mutated|mutant|altered)\b|\bmut(?:ation)? ?-(?!\w)|"
    r"[(（]\s*[-—–]\s*[)）]|(?<![\d.<])0+(?:\.0+)?\s?%|"
    rf"\bno (?={_LETTER}\d+)|[:=(\-]\s*(?:no|false|否)\s*\)?\s*$|(?<=\s)(?:no|false)\s*$|"  # V600E: No
    r"\b(?:excluded|ruled[- ]out)\b|(?<!不)(?<!不能)(?:已|被)?排除(?!外)|"
    r"(?<![\d.,/])0+\s*/\s*\d[\d,]*(?![\d/])|"  # 0/5000: of these reads none
    r"(?<![\d.,])0+(?:\.0+)?\s*(?:copies|cp|拷贝|reads?|条|droplets?|molecules?|分子)(?:\s*/\s*\w+)?|[:=]\s*0+(?:\.0+)?\s*$",
    re.I,
)
_PRESENT = re.compile(
    r"阳性|检出|检测到|检测出|突变型|\b(?:positive|pos|detected|found|identified|present|mutated|mutant|altered)\b|"
    r"[(（]\s*\+\s*[)）]|\bmut(?:ation)? ?\+|(?<![A-Za-z])mt(?![A-Za-z0-9-])",
    re.I,
)
_GENOTYPE = re.compile(r"(?:\bwt|wild[- ]?type|野生型?)\s*/|/\s*(?:wt\b|wild[- ]?type|野生)", re.I)
_HETEROZYGOUS = re.compile(r"杂合|hetero|\bhet\b", re.I)
_MUTATED = re.compile(r"突变|变异|mutation|mutated", re.I)
#: A change called a mutation, and after a comma a word of absence: of the second alone, or of both (均, both, neither)?
_OPEN_LIST = re.compile(
    rf"(?:{PROTEIN.pattern})\s*(?:突变|变异|mutation|mutated)\s*,(?!.*(?:均|都|both|all|neither|either))", re.I
)
#: Where one statement ends and the next begins.
_CLAUSES = re.compile(
    r"\s*(?:[,;。\n](?!\d)|(?<!\b[pc])\.\s+(?=[A-Z])|(?<=[^\d])[,;](?=\d+%)|但是?|而(?!且)|\bbut\b|(?<=性)、)\s*", re.I
)
#: Words beside a gene's symbol that are no part of its name.
BESIDE = re.compile(
    r"基因|突变|检测|变异|状态|扩增|融合|重排|缺失|拷贝数|启动子|热点|gene|mutations?|status|analysis|test|amplification|fusion|"
    r"rearrangement|promoter|hot-?spots?",
    re.I,
)

#: A change that the words set aside: ``non-V600E``, ``other than G12C``, ``非V600E``, ``除G12C外`` say another of the gene.
_ASIDE = re.compile(
    rf"(?:\bnon[- ]?|\bother than |\bexcept(?: for)? |非|(?<!排)除了?)(?:{PROTEIN.pattern})(?:[之以]?外)?的?", re.I
)

_LINKS = re.compile(r"(?:and|or|nor|in|of|the|for|和|与|及|或|均|为|均为|等|以及)+", re.I)


@dataclass(frozen=True)
class WordedFinding:
    """``changes``: (coding, protein) pairs named, either may be null; ``state``: absent, untested, present, doubt or null.

    ``denied``: changes that the words say were not found; ``is_part``: what is absent is only what the words name (a
    change, a codon, "no hotspot mutation"), and the rest of the gene may be altered.
    """

    changes: tuple[tuple[str | None, str | None], ...] = ()
    fraction: str | None = None
    state: str | None = None
    denied: tuple[tuple[str | None, str | None], ...] = ()
    is_part: bool = False

    @property
    def is_another(self) -> bool:
        """Whether a change was found that is none of those denied, and not which."""
        return self.state == "present" and bool(self.denied) and not self.changes


@cache
def finding(text: str) -> WordedFinding:
    """Return what a text says.

    >>> finding("exon2 c.35G>A p.G12D 12%")
    WordedFinding(changes=(('c.35G>A', 'p.G12D'),), fraction='12%', state=None, denied=(), is_part=False)
    >>> finding("G12D/G13D").changes, finding("G12D突变").changes, finding("Gly12Asp").changes
    (((None, 'p.G12D'), (None, 'p.G13D')), ((None, 'p.G12D'),), ((None, 'p.G12D'),))
    >>> finding("E746_A750del").changes, finding("Glu746_Ala750del 12%").changes
    (((None, 'p.E746_A750del'),), ((None, 'p.E746_A750del'),))
    >>> [finding(t).state for t in ("未检出", "wild-type", "未测", "not tested", "阳性", "exon 2 codon 12")]
    ['absent', 'absent', 'untested', 'untested', 'present', None]
    >>> [finding(t).state for t in ("KRAS野生型（未检出突变）", "No mutations were found", "样本不足，未检测", "不排除突变")]
    ['absent', 'absent', 'untested', 'doubt']
    >>> finding("No mutations detected in KRAS, NRAS or BRAF").state, finding("G12D 12% negative").state
    ('absent', 'doubt')
    >>> [(f.changes, f.state) for f in map(finding, ("L858R突变；T790M未检出", "L858R突变，T790M未检出"))]
    [(((None, 'p.L858R'),), None), ((), 'doubt')]
    >>> finding("G12D突变，G13D突变均未检出").state, finding("G12D、G13D突变阴性").state
    ('absent', 'absent')
    >>> found = finding("未检出G12D，检出G13D 5%")
    >>> found.changes, found.state, finding("V600E: not detected").denied, finding("未检出热点突变").is_part
    (((None, 'p.G13D'),), 'present', ((None, 'p.V600E'),), True)
    >>> [(f.is_another, f.denied) for f in map(finding, ("non-V600E", "除V600E外的突变"))]
    [(True, ((None, 'p.V600E'),)), (True, ((None, 'p.V600E'),))]
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if state := meaning("panel_result", plain) or meaning("panel_result", plain.removeprefix("均")):
        return WordedFinding(state=state)
    if ":" in plain and plain.count(",") == plain.count(":p."):  # transcripts of one change, as ANNOVAR lists them
        plain = plain.split(",")[0]
    plain = " ".join(spelled_out(plain).split())
    for pattern, tight in _TIGHT:
        plain = pattern.sub(tight, plain)
    plain = _ONTO.sub(lambda m: f"{m[1]} {m[2]}" if m[1].upper() in symbols() else m[0], plain)
    if aside := " ; ".join(m.group() for m in _ASIDE.finditer(plain)):
        left = finding(_ASIDE.sub(" ", plain))
        if left.state not in (None, "present"):  # no other one was found: nothing is said of the one set aside
            return replace(left, is_part=True)
        return WordedFinding(left.changes, left.fraction, "present", (*_changes(aside), *left.denied))
    clauses = _clauses(plain)
    states = ["doubt" if _OPEN_LIST.search(c) and _state(c) == "absent" else _state(c) for c in clauses]
    if "doubt" in states or (
        "absent" in states and _HETEROZYGOUS.search(plain)
    ):  # nobody knows which of the changes were found
        return WordedFinding(state="doubt")
    kept = [c for c, s in zip(clauses, states, strict=True) if s not in ("absent", "untested")]
    denied = " ; ".join(c for c, s in zip(clauses, states, strict=True) if s in ("absent", "untested"))
    said = " ".join(_bare(c) for c in kept).strip()
    if denied and not said:
        part = bool(CODON.search(denied) or RESIDUE.search(denied) or _LIMIT.search(denied))
        changes = _changes(denied)
        if changes and _GENOTYPE.search(denied):  # WT/G12D: one allele of two
            return WordedFinding(state="doubt")
        state = "untested" if "untested" in states else "absent"
        return WordedFinding(state=state, denied=changes, is_part=part or bool(changes))
    whole = " ".join(kept) if denied else plain
    fraction = found.group().replace(" ", "") if (found := FRACTION.search(whole)) else None
    present = "present" if "present" in states else None
    return WordedFinding(_changes(whole), fraction, present, _changes(denied) if denied else ())


def sets_aside(text: str | None) -> bool:
    """Whether a cell beside a change says that nobody calls it: below the limit, an artefact, suspected, ``<0.1%``.

    Such a change was seen or looked for, and is neither found nor absent.

    >>> [sets_aside(t) for t in ("Below LOD", "<LOD", "<0.1%", "假阳性", "低于检测下限", "Suspected", "Artifact")]
    [True, True, True, True, True, True, True]
    >>> [sets_aside(t) for t in ("Detected", "Not Detected", "12%", "VUS", "Uncertain significance", "意义不确定", None)]
    [False, False, False, False, False, False, False]
    """
    return text is not None and (bool(_BELOW.match(text)) or finding(text).state == "doubt")


def not_read_beside(text: str | None) -> str:
    """Return the words of a cell beside the changes that it names and that nobody knows; empty where all are known.

    >>> not_read_beside("exon2 c.35G>A p.G12D 12%"), not_read_beside("KRAS G12D (foo)"), not_read_beside("foo")
    ('', 'foo', '')
    """
    if text is None or finding(text).state not in (None, "present") or not finding(text).changes:
        return ""
    plain = spelled_out(unicodedata.normalize("NFKC", text))
    for pattern, tight in _TIGHT:
        plain = pattern.sub(tight, plain)
    words = _ANY_CHANGE.sub(" ", plain)
    return unread_words(" ".join(w for w in re.split(r"[\s:;,()\[\]/、。]+", words) if w.upper() not in symbols()))


def _clauses(text: str) -> list[str]:
    """Return the statements of a text; a list of changes before a word (``G12C,G12D阴性``) is one of them.

    A change that is called a mutation before the end of a sentence (``L858R突变；T790M未检出``) is a statement.
    """
    out: list[str] = []
    waiting = ""
    pieces = re.split(f"({_CLAUSES.pattern})", text, flags=re.I)
    for part, mark in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if not part:
            continue
        joined = f"{waiting}, {part}" if waiting else part
        names = _changes(part) and not _bare(CODING.sub(" ", PROTEIN.sub(" ", part)))
        is_said = _MUTATED.search(part) and mark.strip()[:1] in (";", "。", ".")
        if names and not FRACTION.search(part) and not is_said:
            waiting = joined
            continue
        out.append(joined)
        waiting = ""
    return [*out, waiting] if waiting else out


def _bare(text: str) -> str:
    """Return what is left of a statement without the names of genes and the words beside them."""
    rest = BESIDE.sub(" ", text)
    words = (w for w in re.split(r"[\s:：()\[\]/、,]+", rest) if w and w.upper() not in symbols())
    words = (w for w in words if not _LINKS.fullmatch(w))
    return " ".join(words).strip(" -.;")


def _state(clause: str) -> str | None:
    """Return absent, untested, present or doubt; null where the words say none of them, or two."""
    if _DOUBT.search(clause):
        return "doubt"
    if behind := taken_back(clause, _ANY_CHANGE):
        shares = (float(re.sub(r"[^\d.]", "", f)) for f in FRACTION.findall(clause))
        return "doubt" if any(share > 0 for share in shares) else behind
    tested = _UNTESTED.sub(" ", clause)
    rest = _ABSENT.sub(" ", tested)
    said = {
        "untested": tested != clause,
        "absent": rest != tested,
        "present": bool(_PRESENT.search(rest)),
    }
    found = [state for state, holds in said.items() if holds]
    if found == ["absent"] and any(float(re.sub(r"[^\d.]", "", f)) > 0 for f in FRACTION.findall(clause)):
        return "doubt"  # reads are given for what the words deny
    if len(found) > 1:
        return "untested" if found == ["untested", "absent"] else "doubt"
    return found[0] if found else None


def _changes(text: str) -> tuple[tuple[str | None, str | None], ...]:
    """Return the (coding, protein) changes that a text names, in its order."""
    rest = FRACTION.sub(" ", text)
    coding = [m.group().replace(" ", "") for m in CODING.finditer(rest)]
    proteins = [_change(m.group()) for m in PROTEIN.finditer(CODING.sub(" ", rest))]
    coding = [c if _NAMED.match(c) else f"c.{c}" for c in dict.fromkeys(coding)]
    proteins = list(dict.fromkeys(p for p in proteins if p and not re.fullmatch(r"p\.[A-Z*]\d+", p)))
    if coding and proteins and len(coding) != len(proteins):
        coding = [coding[0]] if len(proteins) == 1 else []
    wide = max(len(coding), len(proteins))
    none: list[str | None] = [None] * wide
    return tuple(zip(coding or none, proteins or none, strict=True))


def _change(text: str) -> str | None:
    bare = re.sub(r"^[pP]\.", "", text)
    bare = bare if bare.count("(") == bare.count(")") else bare.strip("()")
    if re.fullmatch(rf"{_LETTER}\d+{_LETTER}", bare, re.I):
        bare = bare.upper()
    return protein.canonical(bare)
