"""Whose cancer a cause of death names: that of the patient's own organ, of another, or a metastasis in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from oncourse.disease import disease, tumour_of
from oncourse.study.causes import ICD, cause_of_death
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem
from oncourse.study.words import plain

#: Organ -> how diagnoses and causes of death name its cancers, and their ICD-10 codes.
_ORGANS = {
    "colorectum": (r"colo?(n|rect)|rect(um|al)|bowel|sigmoid|c(a|ae)ecum|\bm?crc\b|肠", ("C18", "C19", "C20", "C26")),
    "prostate": (r"prostat|m?crpc|m?[ch]spc|前列腺", ("C61",)),
    "breast": (r"breast|mammary|乳腺", ("C50",)),
    "lung": (r"lung|pulmon|bronch|\bn?sclc\b|肺|支气管", ("C34",)),
    "liver": (r"liver|hepat|\bhcc\b|肝", ("C22",)),
    "stomach": (r"stomach|gastric|胃", ("C16",)),
    "oesophagus": (r"o?esophag|食管|食道", ("C15",)),
    "pancreas": (r"pancrea|胰", ("C25",)),
    "bile ducts": (r"cholangio|biliary|gall ?bladder|bile duct|胆", ("C23", "C24")),
    "kidney": (r"kidney|renal|肾", ("C64", "C65")),
    "bladder": (r"bladder|urothel|膀胱|尿路上皮", ("C67", "C66")),
    "ovary": (r"ovar|卵巢", ("C56",)),
    "uterus": (r"cervi(x|cal)|uter(us|ine)|endometri|宫颈|子宫", ("C53", "C54", "C55")),
    "thyroid": (r"thyroid|甲状腺", ("C73",)),
    "head and neck": (r"nasopharyn|laryn|\boral\b|head and neck|鼻咽|喉|口腔|舌", ("C00", "C02", "C11", "C32")),
    "brain": (r"brain|glio|脑|胶质", ("C71",)),
    "bone": (r"\bbone|osteo|骨(?!髓)", ("C40", "C41")),
    "skin": (r"melanom|skin|黑色素|皮肤", ("C43", "C44")),
    "blood": (
        r"leuk(a|ae)mi|lymphom|myelom|白血病|淋巴瘤|骨髓瘤",
        ("C81", "C82", "C83", "C84", "C85", "C90", "C91", "C92", "C95"),
    ),
}
#: Where metastases of most cancers are: a certificate that names a cancer of one of them may mean the metastasis.
_OF_METASTASES = ("lung", "liver", "brain", "bone")
_IS_CANCER = re.compile(
    r"癌|瘤|白血病|恶性|cancer|carcinom|tumou?r|neoplas|malignan|sarcom|blastom|melanom|lymphom|myelom|leuk|\bhcc\b|sclc",
    re.I,
)
_METASTASIS = re.compile(r"转移|继发|metasta|secondar(y|ies)|\bmets?\b", re.I)


def organs_of(text: str | None) -> frozenset[str]:
    """Return the organs whose cancer the words of a diagnosis or a cause of death name; none where they name none.

    >>> [sorted(organs_of(t)) for t in ("结肠腺癌", "Lung cancer", "C16.9", "肺部感染")]
    [['colorectum'], ['lung'], ['stomach'], []]
    """
    if text is None:
        return frozenset()
    if code := ICD.match(text.strip()):
        return frozenset(o for o, (_, codes) in _ORGANS.items() if code[1].upper() in codes)
    if not _IS_CANCER.search(text):
        return frozenset()
    return frozenset(o for o, (words, _) in _ORGANS.items() if re.search(words, plain(text)))


def of_whose_cancer(cause: str | None, own: frozenset[str]) -> str | None:
    """Return other or unknown of a cause that names a cancer of another organ than the patient's `own`; else its words.

    Of an organ to which cancers spread (`_OF_METASTASES`) it may be the metastasis: not known, unless it is called a
    primary. A metastasis is of the patient's cancer, wherever it is.

    >>> crc = frozenset({"colorectum"})
    >>> [of_whose_cancer(t, crc) for t in ("胃癌", "肺癌", "原发性肝癌", "肝转移癌", "直肠癌", "C34.1", "心肌梗死", None)]
    ['other', 'unknown', 'other', '肝转移癌', '直肠癌', 'unknown', '心肌梗死', None]
    """
    organs = organs_of(cause)
    if (
        cause is None
        or not organs
        or not own
        or organs & own
        or _METASTASIS.search(cause)
        or cause_of_death(cause) != "cancer"
    ):
        return cause
    if re.search(r"原发|\bprimary", cause, re.I):
        return "other"
    return "unknown" if organs & set(_OF_METASTASES) else "other"


def cause_or_words(text: str | None) -> str | None:
    """Return the cause of death, or its words where they name the cancer of an organ: the patient's disease decides later
    (`with_causes`).

    >>> cause_or_words("Pneumonia"), cause_or_words("lung cancer")
    ('other', 'lung cancer')
    """
    return text if organs_of(text) else cause_of_death(text)


#: The organs of the tumours of the package's diseases, whose words hold codes of studies too (COAD, mCRPC).
_OF_TUMOUR = {"colorectal": "colorectum", "prostate": "prostate", "breast": "breast"}


def _of_diagnosis(text: str | None) -> frozenset[str]:
    return organs_of(text) or frozenset({_OF_TUMOUR.get(tumour_of(text or "") or "", "")}) - {""}


def with_causes(
    tables: Mapping[str, pl.DataFrame], config: StudyConfig
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return tables of text whose causes of death that name the cancer of an organ say whether it is the patient's: by his
    diagnosis, else by the study's; and what is told of it. Where neither is known a cancer is the patient's."""
    follow = tables.get("follow_up")
    if follow is None or not {"cause_of_death", "patient_id"} <= set(follow.columns):
        return dict(tables), []
    causes = follow["cause_of_death"].cast(pl.String)
    if not any(organs_of(c) for c in causes.unique()):
        return dict(tables), []
    people = tables.get("patients")
    diagnoses: dict[str, frozenset[str]] = {}
    if people is not None and {"patient_id", "disease"} <= set(people.columns):
        rows = people.select(pl.col("patient_id", "disease").cast(pl.String)).iter_rows()
        diagnoses = {str(who).strip(): _of_diagnosis(said) for who, said in rows}
    design = disease(config.design).tumour if config.design else ""
    of_study = _of_diagnosis(config.disease) or _of_diagnosis(design)
    whose = [diagnoses.get(str(p).strip()) or of_study for p in follow["patient_id"]]
    said = [of_whose_cancer(c, of) for c, of in zip(causes, whose, strict=True)]
    told = sorted({f"{c}: {s}" for c, s in zip(causes, said, strict=True) if c != s})
    if not told:
        return dict(tables), []
    message = f"causes of death name the cancer of another organ than the patient's ({', '.join(told[:4])})."
    cure = "Write cancer, other or unknown, or the metastasis (肺转移, lung metastases), where it was one."
    problem = Problem("follow_up", None, "cause_of_death", None, message, cure, "warning")
    return {**tables, "follow_up": follow.with_columns(pl.Series("cause_of_death", said, dtype=pl.String))}, [problem]
