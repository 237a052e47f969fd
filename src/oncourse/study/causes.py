"""Cause of death in words -> cancer, other or unknown."""

from __future__ import annotations

import re

from oncourse.study.words import meaning, plain

_OF_CANCER = re.compile(
    r"progress|cancer|carcinoma|tumou?r|neoplas|malignan|metasta|disease under study|(primary|study|underlying) "
    r"disease|"
    r"^(of |due to |death due to |dead of )?disease$|癌|肿瘤|转移",
    re.I,
)
#: How somebody died, which says not of what: the organ that failed, the heart that stopped, wasting, age.
_MODE = re.compile(
    r"(multi\w*|respiratory|liver|hepatic|renal|kidney|circulatory|organ|cardio-?(pulmonary|respiratory))[- ]*(organ )?"
    r"(failure|insufficiency)|(cardiac|cardio-?(pulmonary|respiratory)|respiratory) arrest|cachexia|natural causes?|"
    r"衰竭|骤停|恶病质|自然死亡|老死",
    re.I,
)
#: ICD-10: a code alone is a cause. C00-C97 and D00-D48 are neoplasms, R95-R99 say that none is known.
ICD = re.compile(r"^(?:ICD-?10(?:-CM)?[:\s]*)?([A-Z]\d\d)(?:\.?\w{0,4})$", re.I)
#: Not of the cancer, or of another one.
_ANOTHER = re.compile(
    r"非(恶性)?(癌|肿瘤|瘤)|(癌|肿瘤|瘤)症?(无关|除外)|不是(癌|肿瘤)|除(癌|肿瘤)|"
    r"(第二|其[他它]|另一?种?)(原发)?(性|的)?(恶性)?(癌|肿瘤)|第二原发|"
    r"\b(other|another|second(ary)?( primary)?|different|new) ([a-z]+ )?(cancer|malignan\w+|carcinoma|tumou?r|neoplasm)",
    re.I,
)
_NO_CAUSE = re.compile(r"lost to|failed to|not? (known|done)|pending|失访|待查|未记录|无记录|^[-?？/.]+$", re.I)
_NO_CODE = {"R9": "unknown"}


def cause_of_death(text: str | None) -> str | None:
    """Return cancer, other or unknown of a cause of death in words; None without any.

    >>> [cause_of_death(t) for t in ("Progressive disease", "PNEUMONIA", "肿瘤", "Unknown", "Non-cancer", None)]
    ['cancer', 'other', 'cancer', 'unknown', 'other', None]
    >>> [cause_of_death(t) for t in ("Multiple organ failure", "肝衰竭", "liver failure due to metastases", "心肌梗死")]
    ['unknown', 'unknown', 'cancer', 'other']
    >>> [cause_of_death(t) for t in ("C61", "C18.9", "I21.9", "R99", "ICD-10: J18")]
    ['cancer', 'cancer', 'other', 'unknown', 'other']
    >>> [cause_of_death(t) for t in ("与肿瘤无关", "非癌症", "第二原发肺癌", "other cancer", "非小细胞肺癌", "原发病", "PD")]
    ['other', 'other', 'other', 'other', 'cancer', 'cancer', 'cancer']
    """
    if text is None or not text.strip():
        return None
    if known := meaning("cause_of_death", text):
        return known
    if code := ICD.match(text.strip()):
        group = code[1].upper()
        return "cancer" if "C00" <= group <= "C97" or "D00" <= group <= "D48" else _NO_CODE.get(group[:2], "other")
    if re.search(r"unknown|not (known|reported|available|specified)|undetermined|unspecified", text, re.I):
        return "unknown"
    if re.search(r"\b(non|not|other than|without|unrelated)\b", text, re.I) or _ANOTHER.search(plain(text)):
        return "other"
    if _OF_CANCER.search(text):
        return "cancer"
    return "unknown" if _MODE.search(plain(text)) or _NO_CAUSE.search(plain(text)) else "other"
