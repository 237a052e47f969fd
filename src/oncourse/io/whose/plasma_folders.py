"""Samples of files that lie in a folder of plasma (``cfdna/S005-P.vcf``): their names alone do not say what they are."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from oncourse.study.frames import optional

_FOLDER = re.compile(
    r"(?i)(?:\d+[_.\- ]*)?(?:cf_?dna|ct_?dna|plasma|liquid[_.\- ]?biops(?:y|ies))s?|.*(?:血浆|液体活检).*"
)
#: The end of a name by which a laboratory marks plasma: of itself it may be the primary, or a number.
_OF_PLASMA = re.compile(r"(?i)^(?P<stem>.+)[-_.](?:P\d{0,2}|plasma|cf_?dna|ct_?dna|血浆)$")
#: Folders above a file that are looked at.
_LEVELS = 2


def is_in_plasma(path: Path) -> bool:
    """Whether a file lies in a folder of plasma.

    >>> [is_in_plasma(Path(p)) for p in ("NGS/cfdna/S5.vcf", "NGS/cfDNA/S5/S5.vcf", "血浆检测/a.vcf", "NGS/vcf/S5.vcf")]
    [True, True, True, False]
    """
    return any(_FOLDER.fullmatch(p.name) for p in list(path.parents)[:_LEVELS])


def of_folder_of_plasma(path: Path, samples: pl.DataFrame, told: list[str]) -> pl.DataFrame:
    """Return the samples of a file with plasma as their type where its folder says so and nothing else does; the patient of
    S005-P is S005 there. Their names are added to `told`.

    >>> found = of_folder_of_plasma(Path("cfdna/S005-P.vcf"), pl.DataFrame({"sample_id": ["S005-P", "S6"]}), [])
    >>> found.select("sample_id", "sample_type", "patient_id").rows()
    [('S005-P', 'plasma', 'S005'), ('S6', 'plasma', None)]
    """
    if samples.is_empty() or not is_in_plasma(path):
        return samples
    tumour = optional(samples, "role").fill_null("tumour") != "normal"
    name = pl.col("sample_id").cast(pl.String)
    stem = name.str.extract(_OF_PLASMA.pattern.replace("(?P<stem>", "("), 1)
    told += samples.filter(tumour & optional(samples, "sample_type").is_null())["sample_id"].drop_nulls().to_list()
    kind = pl.when(tumour).then(pl.lit("plasma"))
    return samples.with_columns(
        pl.coalesce(optional(samples, "sample_type"), kind).alias("sample_type"),
        pl.coalesce(optional(samples, "patient_id"), pl.when(tumour).then(stem)).alias("patient_id"),
    )
