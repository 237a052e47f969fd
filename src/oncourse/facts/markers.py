"""Markers in one reading: MSI, mismatch repair, AR-V7, HER2 and any other recorded positive or negative.

Whoever recorded it - a column of samples or a row of markers, in whatever spelling - a marker has one name and one
state. Where two recordings differ both stay: readings are listed, never averaged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

import polars as pl

from oncourse.study.words import meaning

POSITIVE, NEGATIVE, UNCLEAR = "positive", "negative", "unclear"
#: The marker of a recorded result for circulating tumour DNA (molecular residual disease).
CTDNA = "CTDNA"
#: Words of a result. Written from the usage of laboratories; anything else is unclear, never negative.
_WORDS = {
    POSITIVE: (
        "positive",
        "pos",
        "yes",
        "true",
        "+",
        "present",
        "detected",
        "mutant",
        "mutated",
        "mutation",
        "altered",
        "amplified",
        "lost",
        "loss",
        "deficient",
        "high",
        "阳性",
        "(+)",
        "检出",
        "突变",
        "突变型",
        "扩增",
        "有扩增",
    ),
    NEGATIVE: (
        "negative",
        "neg",
        "no",
        "false",
        "-",
        "absent",
        "not detected",
        "undetected",
        "wild type",
        "wild-type",
        "wildtype",
        "wt",
        "not altered",
        "not mutated",
        "not amplified",
        "retained",
        "intact",
        "proficient",
        "阴性",
        "(-)",
        "未检出",
        "野生型",
        "野生",
        "未突变",
        "无突变",
        "未扩增",
        "无扩增",
        "保留",
    ),
}
_STATE = {word: state for state, words in _WORDS.items() for word in words}
#: A result written as a sign. Beside one of its marker a bare dash is negative; elsewhere it is also "not done".
_SIGN = re.compile(r"\(?[0-3]?(?:\++|\+/-|±)\)?")
_DEFICIENT = (
    "缺陷",
    "缺失",
    "错配修复缺陷",
    "错配修复蛋白缺失",
    "deficient",
    "dmmr",
    "mmr-d",
    "mmrd",
    "mmr deficient",
    "错配修复功能缺陷",
    "loss",
    "lost",
    "msi-h",
    "msih",
)
_PROFICIENT = (
    "完整",
    "正常",
    "无缺失",
    "未缺失",
    "错配修复完整",
    "错配修复正常",
    "proficient",
    "pmmr",
    "mmr-p",
    "mmrp",
    "mmr proficient",
    "错配修复功能完整",
    *(
        "均阳性",
        "均表达",
        "均正常表达",
        "四种蛋白均表达",
        "四种蛋白均阳性",
        "4种蛋白均表达",
        "蛋白均表达",
        "无表达缺失",
        "表达正常",
    ),
    "intact",
    "retained",
    "normal",
    "no loss",
    "mss",
    "msi-l",
)
_UNSTABLE = (
    "高度不稳定",
    "微卫星高度不稳定",
    "微卫星不稳定",
    "不稳定",
    "msi-h",
    "msih",
    "high",
    "unstable",
    "instable",
    "positive",
    "pos",
)
_STABLE = (
    "稳定",
    "微卫星稳定",
    "低度不稳定",
    "微卫星低度不稳定",
    "mss",
    "msi-l",
    "msil",
    "stable",
    "low",
    "negative",
    "neg",
)
#: What stands after a word of a result and takes it back.
_DOUBT = re.compile(
    r"\?|unknown|uncertain|unclear|quality|fail|insufficient|inadequate|inconclusive|indeterminate|equivocal|discordant|"
    r"pending|control|not |n/a|未知|不明|不足|失败|不确定|质量|待|可疑|不除外"
)
#: What stands after a word of a positive result and denies it: ``MSI-H excluded``, ``dMMR: No``, ``MSI-H (0/5)``.
_DENIED = re.compile(
    r"exclud|ruled|\bno\b(?! (?:stain|express|nuclear|protein))|\bnon|false|absen|denied|negativ|\bneg\b|(?<![\d.])0\s*/|"
    r"(?<![\d.])0+(?:\.0+)?\s*%|[:=]\s*0\s*$|\bnil\b|\bzero\b|withdrawn|retract|reject|disprov|unlikely|"
    r"previously|没有|不存在|消失|转阴|^\W*(?:n|f|x|0|nd|n/d|na|×|✗|✘|likely|possibl[ey]|probabl[ey])\W*$|^\s*[×✗✘]|否|排除|不支持|不符|阴性|[:=\s(][-−–]\)?\s*$|[:=]\s*n\s*$"
)
#: Proteins of mismatch repair whose loss immunohistochemistry shows.
REPAIR_PROTEINS = ("MLH1", "MSH2", "MSH6", "PMS2")
_REPAIR_PROTEIN = re.compile(
    r"^(MLH1|MSH2|MSH6|PMS2)(?:[ _(（-]*(?:IHC|PROTEIN|STAINING|EXPRESSION|蛋白|免疫组化|表达)[)）]*)?$"
)
_PROTEIN_IN = re.compile(r"MLH1|MSH2|MSH6|PMS2", re.I)
#: What stands between proteins that share one word: ``MLH1/PMS2 缺失``.
_BETWEEN = re.compile(r"^(?:[\s/、,，;；&]|和|及|\band\b)*$", re.I)
#: Words that name mismatch repair, so that their answer is one of it.
_OF_REPAIR = re.compile(r"mmr|mismatch|错配", re.I)
_HER2 = re.compile(r"^(?:HER-?2(?:/NEU)?|ERBB2|C-?ERB-?B-?2)(?:[ _]?(?:STATUS|EXPRESSION|PROTEIN|状态|表达|蛋白))?$")
#: How HER2 was tested, in brackets behind its name: HER2 (IHC 4B5), HER2（免疫组化）, HER2 (dual ISH).
_STAINED = re.compile(
    r"^([^(]+?)\s*\((?:[^()]*[\s,/])?(?:IHC|免疫组化|免疫组织化学|IMMUNOHISTOCHEMISTRY)(?:[\s,/][^()]*)?\)$"
)
_PROBED = re.compile(r"^([^(]+?)\s*\((?:[^()]*[\s,/])?(?:D?C?FISH|[CDS]?ISH|荧光原位杂交)(?:[\s,/][^()]*)?\)$")
_HYBRIDISED = re.compile(r"^(?:HER-?2|ERBB2)[ _/(（-]*(?:D?C?FISH|[DCS]?ISH|AMPLIFICATION|基因扩增|扩增)[)）]*$")
#: A score of HER2 and what in situ hybridisation found, in one cell: ``2+ / ISH positive``, ``IHC 2+（FISH 未扩增）``.
_SCORE_AND_ISH = re.compile(r"^(.+?)[\s/,;(]*(?:D?C?FISH|[DCS]?ISH)[\s:=]*(.+)$", re.I)
#: Other names of a marker, in capitals -> the name used here.
NAMES = {
    "HER2": "HER2 IHC",
    "HER2 IHC": "HER2 IHC",
    "ERBB2 IHC": "HER2 IHC",
    # the antibody that binds V600E alone (Capper 2011, doi 10.1007/s00401-011-0841-z)
    "VE1": "BRAF V600E",
    "BRAF VE1": "BRAF V600E",
    "BRAF (VE1)": "BRAF V600E",
    "VE1 IHC": "BRAF V600E",
    "BRAF VE1 IHC": "BRAF V600E",
    "BRAF V600E IHC": "BRAF V600E",
    "ARV7": "AR-V7",
    "AR-V7 MRNA": "AR-V7",
    "AR-V7": "AR-V7",
    "AR V7": "AR-V7",
    "AR_V7": "AR-V7",
    "PSMA": "PSMA PET",
    "PSMA-PET": "PSMA PET",
    "PSMA PET": "PSMA PET",
    "CTDNA": CTDNA,
    "CT-DNA": CTDNA,
    "CIRCULATING TUMOR DNA": CTDNA,
    "CIRCULATING TUMOUR DNA": CTDNA,
    "MRD": CTDNA,
}

#: AR-V7 by whatever method and in whatever material, and what is measured beside it: its share of the whole receptor,
#: copies, other variants.
_V7 = re.compile(
    r"(?<![A-Z])AR[\s_-]*V[\s_-]*7(?!\d)|"
    r"(?:(?<![A-Z])AR|ANDROGEN RECEPTOR|雄激素受体)[\s_-]*"
    r"(?:SPLIC(?:E|ING)[\s_-]*VARIANT|剪[接切]变异体)"
    r"[\s_-]*V?-?7(?!\d)"
)
_NOT_V7 = re.compile(r"AR[\s_-]*FL|RATIO|比[值例]|拷贝|COPIES|COPY|表达量|丰度|CT值|%|FRACTION|COUNT|计数|V1\b|V567")

READING_SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "day": pl.Int64,
    "marker": pl.String,
    "state": pl.String,
    "value": pl.String,
    "source": pl.String,
}


#: What a header says behind the name of a marker.
_RESULT = re.compile(r"[\s_-]*(?:检测|表达)*(?:结果|状态|情况|检测|表达)?$|[\s_-]+(?:STATUS|RESULTS?|EXPRESSION)$")

#: What a header says that stands beside a result: when, how or where it was tested.
_BESIDE = re.compile(
    r"(?:日期|时间|date|days?|方法|methods?|平台|platform|单位|units?|机构|实验室|laboratory|编号|备注|说明|notes?|comments?|"
    r"remarks?)\s*[)\]]?\s*$|^(?:date|day|time|method) of|是否(?:检测|送检)|tested\??$",
    re.I,
)


def stands_beside(header: str) -> bool:
    """Whether a header names the day, method or place of a test, and no result.

    >>> [stands_beside(h) for h in ("AR-V7检测日期", "MSI test date", "HER2 (method)", "AR-V7 (RT-PCR)", "AR-V7检测")]
    [True, True, True, False, False]
    """
    return bool(_BESIDE.search(unicodedata.normalize("NFKC", header)))


@lru_cache(maxsize=4096)
def marker_name(text: str, value: str = "") -> str:
    """Return the one name of a marker; HER2 is immunohistochemistry only with a score of it.

    >>> marker_name("AR-V7检测结果"), marker_name("arv7 status"), marker_name("PD-L1 CPS")
    ('AR-V7', 'AR-V7', 'PD-L1 CPS')
    >>> {marker_name(t) for t in ("AR-V7 mRNA (RT-PCR)", "AR-V7（CTC）", "CTC AR-V7", "AR-V7剪接变异体")}
    {'AR-V7'}
    >>> marker_name("AR splice variant 7 (CTC)"), marker_name("HER2 (IHC 4B5)", "2+"), marker_name("HER2（FISH，双探针）")
    ('AR-V7', 'HER2 IHC', 'HER2 ISH')
    >>> marker_name("AR-V7/AR-FL ratio"), marker_name("AR-V567es")
    ('AR-V7/AR-FL ratio', 'AR-V567es')
    >>> marker_name("arv7"), marker_name("MMR IHC"), marker_name("MSI status"), marker_name("HER2", "3+")
    ('AR-V7', 'MMR', 'MSI', 'HER2 IHC')
    """
    plain = " ".join(text.split())
    name = unicodedata.normalize("NFKC", plain).upper()
    if _V7.search(name) and not _NOT_V7.search(name):
        return "AR-V7"
    if re.match(r"^([DP]?MMR|MISMATCH|错配修复)", name):
        return "MMR"
    if re.match(r"^(MSI|MICROSATELLITE|微卫星)", name):
        return "MSI"
    if protein := _REPAIR_PROTEIN.match(name):
        return f"{protein[1]} IHC"
    name = _STAINED.sub(r"\1", name) if _HER2.match(_STAINED.sub(r"\1", name)) else name
    if _HYBRIDISED.match(name) or (_PROBED.match(name) and _HER2.match(_PROBED.sub(r"\1", name))):
        return "HER2 ISH"
    if _HER2.match(name):
        return "HER2 IHC" if her2_score(value) else "HER2"
    return NAMES.get(name) or NAMES.get(_RESULT.sub("", name)) or plain


def her2_score(value: str | None) -> str | None:
    """Return the score of HER2 immunohistochemistry as 0, 1+, 2+ or 3+; None where it is none.

    >>> her2_score("3+"), her2_score("(2+)"), her2_score("+++"), her2_score("HER2（1+）"), her2_score("positive")
    ('3+', '2+', '3+', '1+', None)
    """
    text = unicodedata.normalize("NFKC", value or "").replace(" ", "")
    text = re.sub(r"^(?:HER-?2|IHC|SCORE):?", "", text, flags=re.I).strip("()")
    found = re.match(r"^(?:([0-3])\+?|(\+{2,3}))$", text)
    if not found:
        return None
    score = found[1] or str(len(found[2]))
    return score if score == "0" else f"{score}+"


def in_signs(names: Iterable[str], values: Iterable[str | None]) -> frozenset[str]:
    """Return the markers (`marker_name`) of which some value is a plus sign; the four repair proteins are one table.

    >>> sorted(in_signs(["AR-V7", "AR-V7", "HER2 ISH", "HER2 ISH"], ["+", "-", "-", "negative"]))
    ['AR-V7']
    """
    found = {n for n, v in zip(names, values, strict=True) if v and _SIGN.fullmatch(_plain(v))}
    proteins = {f"{p} IHC" for p in REPAIR_PROTEINS}
    return frozenset(found | proteins if found & proteins else found)


def _plain(value: str | None) -> str:
    return unicodedata.normalize("NFKC", value or "").strip()


@lru_cache(maxsize=4096)
def marker_state(name: str, value: str | None, *, signs: bool = False) -> str:
    """Return positive, negative or unclear for a recorded value; positive of MMR: deficient, of MSI: high.

    `signs`: other values of the marker are written in signs (`in_signs`), so that a bare dash is negative.

    >>> marker_state("AR-V7", "-"), marker_state("AR-V7", "-", signs=True), marker_state("AR-V7", "(-)")
    ('unclear', 'negative', 'negative')

    >>> (marker_state("MSI", "MSI-H"), marker_state("MSI", "MSS"), marker_state("MMR", "pMMR"), marker_state("AR-V7",
    ... "?"))
    ('positive', 'negative', 'negative', 'unclear')
    >>> marker_state("AR-V7", "阴性(-)"), marker_state("AR-V7", "negative (+)")
    ('negative', 'unclear')
    >>> [marker_state("KRAS", w) for w in ("mut", "有突变", "未见突变", "/")]
    ['positive', 'positive', 'negative', 'unclear']
    >>> marker_state("HER2 IHC", "3+"), marker_state("HER2 IHC", "2+")
    ('positive', 'unclear')
    """
    plain = _plain(value)
    text = " ".join(plain.lower().replace("_", "-").split())
    if text == "-" and not signs:
        return UNCLEAR
    if name.endswith(" IHC") and name[:-4] in REPAIR_PROTEINS:
        return _protein_state(text)
    if name == "MMR":
        return _repair_words(plain, text)
    if name == "MSI":
        return _of(text, _UNSTABLE, _STABLE)
    if name == "HER2 IHC" and (score := her2_score(plain)):
        # 2+ is equivocal: in situ hybridisation decides (Valtorta, Mod Pathol 2015;28:1481)
        return {"3+": POSITIVE, "2+": UNCLEAR}.get(score, NEGATIVE)
    sign = re.match(r"^(.+?) ?\(([+-])\)$", text)  # a word and its sign: 阴性(-)
    if sign and _STATE.get(sign[1]) == _STATE[f"({sign[2]})"]:
        return _STATE[sign[1]]
    if text not in _STATE and re.search("突变|变异|检|mut", text):  # a word of reports: one vocabulary for both
        return {"present": POSITIVE, "absent": NEGATIVE}.get(meaning("panel_result", text) or "", UNCLEAR)
    return _STATE.get(text, UNCLEAR)


def _protein_state(text: str) -> str:
    """Whether a repair protein is lost (positive for deficient repair); stained, (+), 阳性 is kept.

    >>> _protein_state("positive"), _protein_state("possible loss"), _protein_state("normal tissue insufficient")
    ('negative', 'unclear', 'unclear')
    """
    if _DOUBT.search(text):
        return UNCLEAR
    kept = r"^\(?(?:\++\)?$|pos(?![a-z])|positive|阳性|expressed|retained|intact|present|"
    kept += r"kept|normal|保留|完整|存在|(?:正常)?表达(?!缺|丢|消失|阴|减|降|下)|未缺失|无缺失|no loss)"
    if re.match(kept, text):
        return NEGATIVE
    lost = r"^\(?(?:-\)?$|neg(?![a-z])|negative|阴性|lost|loss|absent|"
    lost += r"(?:蛋白)?(?:表达)?(?:缺失|缺如|丢失|消失)|表达阴性|未表达|不表达|no expression|deficient)"
    found = re.match(lost, text)
    return POSITIVE if found and not denies(text[found.end() :]) else UNCLEAR


def _repair_words(plain: str, text: str) -> str:
    """What a recorded repair says: its word (dMMR), its proteins, or both where they agree.

    >>> [_repair_words(t, t.lower()) for t in ("dMMR (MLH1/PMS2缺失)", "MLH1 and PMS2 lost", "loss of MSH6")]
    ['positive', 'positive', 'positive']
    >>> [_repair_words(t, t.lower()) for t in ("MLH1(+) MSH2(+) MSH6(+) PMS2(+)", "pMMR (MLH1 lost)", "MLH1 ?")]
    ['negative', 'unclear', 'unclear']
    """
    found = list(_PROTEIN_IN.finditer(plain))
    word = _of(text[: found[0].start()] if found else text, _DEFICIENT, _PROFICIENT)
    if not found:
        return word
    ends = [*(m.start() for m in found[1:]), len(plain)]
    told: dict[str, str] = {}
    said = ""
    for m, end in reversed(list(zip(found, ends, strict=True))):
        between = plain[m.end() : end]
        said = said if _BETWEEN.match(between) and said else between
        told[m.group().upper()] = _protein_state(said.strip(" :=/、,，;；&和及").lower())
    proteins = _repair_state(told)
    return proteins if word == UNCLEAR else word if proteins in (word, UNCLEAR) else UNCLEAR


def _repair_state(proteins: Mapping[str, str]) -> str:
    """One lost protein is deficient repair; only all four kept are proficient."""
    if POSITIVE in proteins.values():
        return POSITIVE
    kept = {p for p, state in proteins.items() if state == NEGATIVE}
    return NEGATIVE if kept >= set(REPAIR_PROTEINS) else UNCLEAR


def denies(rest: str) -> bool:
    """Whether what stands after the word of a positive result takes it back.

    >>> [denies(t) for t in (" excluded", ": no", "(0/5)", " (32%)", ", pcr", "（4/5）")]
    [True, True, True, False, False, False]
    """
    return bool(_DENIED.search(unicodedata.normalize("NFKC", rest).lower()))


def _of(text: str, positive: tuple[str, ...], negative: tuple[str, ...]) -> str:
    """The state of the word a text begins with, where nothing after it doubts it or says the other.

    >>> [_of(t, _UNSTABLE, _STABLE) for t in ("mss (pcr)", "mss?", "mss / msi-h", "low quality", "high (unstable)")]
    ['negative', 'unclear', 'unclear', 'unclear', 'positive']
    >>> [_of(t, _UNSTABLE, _STABLE) for t in ("msi-h excluded", "msi-h: negative", "msi-h (0/5)", "msi-h (3/5)", "mss 0/5")]
    ['unclear', 'unclear', 'unclear', 'positive', 'negative']
    """
    for state, mine, others in ((NEGATIVE, negative, positive), (POSITIVE, positive, negative)):
        if word := max((w for w in mine if text.startswith(w)), key=len, default=""):
            rest = re.sub(_any_of(mine), " ", text[len(word) :])
            doubted = _DOUBT.search(rest) or (state == POSITIVE and denies(text[len(word) :]))
            return UNCLEAR if doubted or re.search(_any_of(others), rest) else state
    return UNCLEAR


def _any_of(words: tuple[str, ...]) -> str:
    """A pattern of any of the words, the longest first: no part of another (stable of unstable, 稳定 of 不稳定)."""
    longest = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return rf"(?<![a-z不无未])(?:{longest})(?![a-z])"


def marker_readings(
    samples: pl.DataFrame, markers: pl.DataFrame, cutoffs: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """Return every recorded marker once: `READING_SCHEMA`, sorted by patient, marker, day.

    Parameters
    ----------
    samples : the study's samples: msi_status and msi_score are readings of MSI
    markers : the study's markers; a row without a day has that of its sample
    cutoffs : of study.yaml; ``msi_score``: from here on MSI-H. Without it a score alone is unclear: its scale is the
    assay's

    state: positive, negative, or unclear (a word or number nobody can tell). source: ``markers``,
    ``samples.msi_status`` or ``samples.msi_score``.
    """
    cut = (cutoffs or {}).get("msi_score")
    rows = []
    own = samples.select("patient_id", "sample_id", "day", "msi_status", "msi_score")
    for patient, sample, day, status, score in own.iter_rows():
        if status is not None:
            rows.append((patient, sample, day, "MSI", marker_state("MSI", status), status, "samples.msi_status"))
        elif score is not None:
            state = UNCLEAR if cut is None else POSITIVE if score >= cut else NEGATIVE
            rows.append((patient, sample, day, "MSI", state, f"score {score:g}", "samples.msi_score"))
    days = dict(own.select("sample_id", "day").iter_rows())
    recorded = markers.select("patient_id", "sample_id", "day", "marker", "value").drop_nulls("marker")
    parted = [
        (patient, sample, days.get(sample) if day is None else day, mine, part)
        for patient, sample, day, marker, value in recorded.iter_rows()
        for mine, part in _with_ish(marker, str(value or "").strip())
    ]
    names = [_asked(marker_name(marker, text), text) for *_, marker, text in parted]
    signs = in_signs(names, [text for *_, text in parted])
    for (patient, sample, when, marker, text), name in zip(parted, names, strict=True):
        state = _said(marker, name, text, signs=name in signs)
        rows.append((patient, sample, when, name, state, text, "markers"))
    rows += _repair_of_proteins(rows)
    table = pl.DataFrame(rows, schema=READING_SCHEMA, orient="row")
    return table.sort("patient_id", "marker", "day", "sample_id", "value", nulls_last=True)


def _asked(name: str, value: str) -> str:
    """The marker that a value answers: a word of mismatch repair written beside MSI is a reading of MMR, not of MSI.

    >>> _asked("MSI", "dMMR"), _asked("MSI", "错配修复完整"), _asked("MSI", "MSS"), _asked("MSI", "normal")
    ('MMR', 'MMR', 'MSI', 'MSI')
    """
    of_repair = name == "MSI" and _OF_REPAIR.search(value) and marker_state("MSI", value) == UNCLEAR
    return "MMR" if of_repair and marker_state("MMR", value) != UNCLEAR else name


def _with_ish(marker: str, value: str) -> list[tuple[str, str]]:
    """Return (marker, value); of HER2 with a score and in situ hybridisation in one cell both, each by itself.

    >>> _with_ish("HER2 IHC", "2+ / ISH positive"), _with_ish("HER2", "（2+），FISH（-）"), _with_ish("HER2", "2+")
    ([('HER2 IHC', '2+'), ('HER2 ISH', 'positive')], [('HER2', '(2+)'), ('HER2 ISH', '(-)')], [('HER2', '2+')])
    """
    plain = unicodedata.normalize("NFKC", value)
    found = _SCORE_AND_ISH.match(plain) if marker_name(marker).startswith("HER2") else None
    if found is None or her2_score(found[1]) is None:
        return [(marker, value)]
    said = found[2].strip(" ()")
    return [(marker, found[1].strip()), ("HER2 ISH", f"({said})" if said in ("+", "-") else said)]


def _said(marker: str, name: str, value: str, *, signs: bool) -> str:
    """The state of a value; of a marker whose name is itself the finding (dMMR = yes) yes and no are the answer."""
    state = marker_state(name, value, signs=signs)
    asks = (
        {"D": (POSITIVE, NEGATIVE), "P": (NEGATIVE, POSITIVE)}.get(marker.strip().upper()[:1])
        if name == "MMR"
        else None
    )
    if state != UNCLEAR or asks is None or (_plain(value) == "-" and not signs):
        return state
    return {POSITIVE: asks[0], NEGATIVE: asks[1]}.get(_STATE.get(value.strip().lower(), UNCLEAR), UNCLEAR)


def _repair_of_proteins(rows: list[tuple]) -> list[tuple]:  # type: ignore[type-arg]
    """A reading of MMR for every patient, sample and day whose repair proteins were recorded one by one."""
    found: dict[tuple, dict[str, tuple[str, str]]] = {}  # type: ignore[type-arg]
    for patient, sample, day, name, state, value, source in rows:
        if source == "markers" and name.removesuffix(" IHC") in REPAIR_PROTEINS:
            found.setdefault((patient, sample, day), {})[name.removesuffix(" IHC")] = (state, value)
    made = []
    for (patient, sample, day), proteins in sorted(found.items(), key=lambda item: tuple(map(str, item[0]))):
        words = ", ".join(f"{p} {value}" for p, (_, value) in sorted(proteins.items()))
        state = _repair_state({p: s for p, (s, _) in proteins.items()})
        made.append((patient, sample, day, "MMR", state, words, "markers"))
    return made


def msi_of_samples(readings: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, msi_status: MSI-H where any recording of the sample says so, else MSS or MSI-L, else
    indeterminate.

    The word of samples.msi_status stays where it agrees. Of two recordings that differ the positive one counts, as in
    the table of statuses, which names the other. A sample without a reading has no row: not assessed.

    Parameters
    ----------
    readings : of `marker_readings`
    """
    has = {state: (pl.col("state") == state).any() for state in (POSITIVE, NEGATIVE)}
    low = pl.col("value").filter((pl.col("source") == "samples.msi_status") & (pl.col("state") == NEGATIVE)).first()
    word = (
        pl.when(has[POSITIVE])
        .then(pl.lit("MSI-H"))
        .when(has[NEGATIVE])
        .then(pl.coalesce(low, pl.lit("MSS")))
        .otherwise(pl.lit("indeterminate"))
    )
    told = readings.filter(pl.col("marker") == "MSI").drop_nulls("sample_id")
    return told.group_by("sample_id", maintain_order=True).agg(msi_status=word)
