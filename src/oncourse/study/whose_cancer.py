"""Whose cancer a cause of death names: that of the patient's own organ, of another, or a metastasis in it
(`data/organs.tsv`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import polars as pl

from oncourse.disease import disease, tumour_of
from oncourse.study.causes import ICD, cause_of_death
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem
from oncourse.study.words import plain


class Organ(NamedTuple):
    """An organ: how its cancers are named, their ICD-10 codes, the package's name of its tumour."""

    name: str
    pattern: re.Pattern[str]
    codes: tuple[str, ...]
    tumour: str


@cache
def _organs() -> tuple[Organ, ...]:
    text = files("oncourse.study").joinpath("data/organs.tsv").read_text("utf-8")
    rows = csv.DictReader(
        (t for t in text.splitlines() if not t.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    return tuple(Organ(r["organ"], re.compile(r["pattern"]), tuple(r["icd10"].split(";")), r["tumour"]) for r in rows)


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
        return frozenset(o.name for o in _organs() if code[1].upper() in o.codes)
    if not _IS_CANCER.search(text):
        return frozenset()
    return frozenset(o.name for o in _organs() if o.pattern.search(plain(text)))


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


def _of_diagnosis(text: str | None) -> frozenset[str]:
    """Return the organs of a diagnosis; the words of the package's diseases hold codes of studies too (COAD, mCRPC)."""
    tumour = tumour_of(text or "")
    return organs_of(text) or frozenset(o.name for o in _organs() if tumour and o.tumour == tumour)


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
