"""Words beside a change: those that take it back, and those that nobody understands.

A change that is named is found unless its words say otherwise. So every word beside it must be known: what denies it
(``V600E: nil``, ``without V600E``) finds none, what casts doubt on it (``V600E ✗``, ``V600E withdrawn``) leaves the gene
unknown, and what is not known is told (`unread_words`). From the reports of laboratories in English and Chinese (own list).
"""

from __future__ import annotations

import re

#: Stands for the change itself in the patterns below.
_HERE = "\u241f"
_ZERO = r"(?<![\d.,/])0+(?:[.,]0+)?"
_ABSENT = re.compile(
    rf"\b(?:without|lacks?|lacking|absence of|free of|no evidence of)\s+(?:\w+\s+){{0,2}}{_HERE}|"
    rf"{_HERE}\W*(?:nil|zero|nein|absence|没有|不存在)\W*$|{_ZERO}\s*(?:out of|of|von)\s*\d|"
    rf"{_ZERO}\s*(?:mut\w*|positive)\s+(?:copies|copy|cp|reads?|droplets?|molecules?)\b|"
    rf"\b(?:[vm]?af|freq\w*|reads?|copies|count)\s*[:=]?\s*{_ZERO}\s*%?\s*$",
    re.I,
)
_CALLED_LIKELY = (
    r"pathogenic|oncogenic|benign|lof|gof|loss|gain|deleterious|damaging|somatic|germline|neutral|passenger|driver|"
    r"responsive|sensitive|inactivating|functional"
)
_DOUBT = re.compile(
    rf"{_HERE}\s*[:=(\[-]*\s*(?:n|f|x|×|✗|✘|nd|n/d|na|n/a|nm|/|假|不|\?)\s*[)\]]*\s*$|"
    rf"{_HERE}\s*\[\s*-+\s*\]\s*$|{_HERE}\s+\(?0x?\)?\s*$|"
    rf"{_HERE}\W*loss\W*$|{_HERE}-free\b|"
    rf"\bunlikely|withdrawn|retract|\breject|disprov|\bdenied\b|\bnot (?:called|reported|listed|confirmed|verified)|"
    rf"\bpossibl[ye]\b|\bprobabl[ye]\b|\blikely\b(?!\s*(?:{_CALLED_LIKELY}))|\btbc\b|"
    r"\bto be (?:confirmed|verified|validated)|\bpreviously\b|\bhistory\b|\bformerly\b|\bmother|\bfather|"
    r"\bsister|\bbrother|\bfree\b|\blost\b|\bclear(?:ed|ance)\b|"
    r"disappear|vanish|\bnever\b|below (?:the )?detection|low[- ]quality|poor[- ]quality|"
    r"否认|转阴|消失|清除|既往|曾(?:检|有)|"
    r"母亲|父亲|质量(?:低|差)|撤回|更正",
    re.I,
)
#: What may stand beside a change and takes nothing back: signs and words of its being there, its class, its effect, where
#: it lies, how it was found and in what, and numbers with their units.
_KNOWN = re.compile(
    r"(?<![A-Za-z])(?:"
    r"yes|y|true|pos|positive|present|detected|found|identified|seen|confirmed|mut|mutant|mutated|mutations?|variants?|"
    r"alterations?|gene|status|result|call|called|change|protein|coding|exon|ex|codon|intron|transcript|isoform|"
    r"class|tier|level|grade|type|category|i{1,3}|iv|v|[1-5]?[a-d]|"
    r"likely|pathogenic|oncogenic|benign|deleterious|damaging|vus|vous|uncertain|unknown|significance|lof|gof|driver|"
    r"passenger|loss|gain|of|function|activating|inactivating|functional|neutral|hot-?spots?|known|novel|actionable|clinical|"
    r"resistan\w+|sensitiv\w+|acquired|primary|secondary|target\w*|therapy|drug|"
    r"missense|nonsense|silent|synonymous|nonsynonymous|frame-?shift|in-?frame|splice\w*|site|region|stop-?gain\w*|stop|"
    r"start|deletion|insertion|duplication|indel|snv|snp|substitution|point|truncating|promoter|"
    r"amplification|amplified|fusion|copy|number|cnv|"
    r"germ-?line|somatic|chip|het|hom|heterozyg\w+|homozyg\w+|hemizyg\w+|clonal|subclonal|allel\w*|freq\w*|abundance|fraction|"
    r"[vmt]?a?f|vaf|depth|dp|ad|reads?|cop(?:y|ies)|cp|droplets?|molecules?|ml|ul|ng|ge|x|fold|percent|coverage|"
    r"tissue|tumou?r|plasma|blood|ct-?dna|cf-?dna|biopsy|ffpe|primary|metastasis|sample|"
    r"ngs|d?d?pcr|q-?pcr|rt|arms|sanger|sequencing|ihc|panel|wes|wgs|assay|test|by|in|at|the|and|or|with|for|to|on|is|was|"
    r"ref|refseq|hgvs|cosmic|dbsnp|chr|hg19|hg38|grch3[78]|"
    r"(?:rs|cos[mv]|nm_|np_|nc_|enst|ensp|chr)[\w.]*"
    r")(?![A-Za-z])|"
    r"阳性|检出|检测到|检测出|检测|突变|变异|改变|异常|基因|外显子|内含子|密码子|号|第|位点|热点|启动子|区|型|类|级|等级|"
    r"致病性?|可能|良性|意义|不明|未明|未知|不确定|尚|临床|明确|已知|敏感|耐药|获得性|原发|继发|靶向|用药|药物|相关|"
    r"错义|无义|同义|移码|整码|非移码|框内|剪接|剪切|缺失|插入|重复|点|截短|扩增|融合|拷贝数?|"
    r"胚系|体细胞|系|杂合|纯合|半合|克隆性?|亚|等位|丰度|频率|比例|占比|深度|读数|覆盖|条|拷贝|分子|约|为|是|有|的|"
    r"组织|肿瘤|血浆|外周血|血液|样本|测序|二代|一代|方法|法|结果|导致|致|提示|存在|可见|见|和|与|及|伴|合并|发生",
    re.I,
)


def taken_back(clause: str, change: re.Pattern[str]) -> str | None:
    """Return absent or doubt, where the words beside a change deny it or cast doubt on it; null where none do.

    >>> change = re.compile(r"[A-Z]\\d+[A-Z]")
    >>> [taken_back(t, change) for t in ("V600E: nil", "without V600E", "V600E 0 of 5000", "V600E 0 mut copies")]
    ['absent', 'absent', 'absent', 'absent']
    >>> [taken_back(t, change) for t in ("V600E ✗", "V600E (N)", "V600E ND", "V600E withdrawn", "V600E 转阴")]
    ['doubt', 'doubt', 'doubt', 'doubt', 'doubt']
    >>> [taken_back(t, change) for t in ("V600E", "V600E likely pathogenic", "V600E 10 of 5000", "V600E 12%", "no mutation")]
    [None, None, None, None, None]
    """
    here = change.sub(_HERE, clause)
    if _HERE not in here:
        return None
    return "doubt" if _DOUBT.search(here) else "absent" if _ABSENT.search(here) else None


def unread_words(rest: str) -> str:
    """Return what is not known of the words that are left of a cell without its changes and genes; empty: all is known.

    >>> [unread_words(t) for t in ("12%", "(Tier I)", "likely pathogenic", "VAF 12% NM_004333.4 exon 15", "杂合 致病")]
    ['', '', '', '', '']
    >>> unread_words("foo"), unread_words("blah 12%"), unread_words("作废")
    ('foo', 'blah', '作废')
    """
    left = _KNOWN.sub(" ", rest)
    words = re.findall(r"[^\W\d_]{2,}", left)
    return " ".join(words)
