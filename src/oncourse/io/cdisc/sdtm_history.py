"""SDTM medical history (MH): the cancer under study, its day of diagnosis and stage, metastases found before the study.

Standard: CDISC SDTM Implementation Guide 3.4, Medical History (MHEVDTYP: what the start date is the date of).
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.cdisc.sdtm_events import plain_date
from oncourse.io.cdisc.sdtm_treatments import not_given
from oncourse.io.clinical.gather import METASTASIS_WORDS, organ_of
from oncourse.io.clinical.tables import first_of
from oncourse.io.clinical.words import mapped
from oncourse.io.reading import Reading

#: Words of MHCAT, MHSCAT or MHEVDTYP that say the row is about the cancer under study.
_OF_STUDY = (
    r"(?i)(primary|initial|current|study|under study|cancer|oncolog|tumou?r|malignan|disease)\w*\s*"
    r"(disease|cancer|diagnosis|history|tumou?r)|^diagnosis$|disease under study"
)
_OTHER = r"(?i)\b(other|non|not|prior|previous|second|family|general)\b"
_CANCER = r"(?i)cancer|carcinoma|adenocarcinoma|neoplas|tumou?r|malignan|癌|瘤"
#: Qualifiers that hold the stage at diagnosis.
STAGE = ("MHSTAGE", "STAGE", "STAGEDX", "AJCCSTG", "TNMSTAGE", "DIAGSTAG", "MHSTG")


def with_history(mh: pl.DataFrame, file: str, patients: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return the patients with disease, stage, diagnosis_date (as recorded) and diagnosis_day (of whole dates).

    Only rows whose category or type of date says that they are about the cancer under study count; of several the
    first diagnosis. Metastases that MH names become lesions. Everything else is history that no table holds.
    """
    rows = mh.filter(~not_given(mh, "MH")).with_columns(
        first_of(mh, "MHDECOD", "MHTERM").alias("_what"),
        pl.concat_str([first_of(mh, c).fill_null("") for c in ("MHTERM", "MHDECOD", "MHLLT")], separator=" ").alias(
            "_words"
        ),
        plain_date(first_of(mh, "MHSTDTC")).alias("_when"),
    )
    categories = [first_of(rows, c).fill_null("") for c in ("MHCAT", "MHSCAT", "MHEVDTYP")]
    of_study = pl.any_horizontal(c.str.contains(_OF_STUDY) & ~c.str.contains(_OTHER) for c in categories)
    spread = mapped(rows["_words"], lambda text: bool(re.search(METASTASIS_WORDS, text, re.I)), pl.Boolean)
    rows = rows.with_columns(
        spread.alias("_spread"), (of_study & pl.col("_words").str.contains(_CANCER) & ~spread).alias("_is")
    )
    _lesions(rows.filter("_spread"), reading)
    lost = mh.height - int((rows["_spread"] | rows["_is"]).sum())
    reading.ledger.left_out(file, lost, "neither the cancer under study nor a metastasis of it", became="patients")
    found = (
        rows.filter("_is")
        .sort("USUBJID", "_when", nulls_last=True)
        .group_by("USUBJID", maintain_order=True)
        .agg(
            pl.col("_what").first().alias("disease"),
            pl.col("_when").first().alias("diagnosis_date"),
            first_of(rows, *STAGE).drop_nulls().first().alias("stage"),
        )
    )
    reading.ledger.taken(file, "patients", found.height)
    out = patients.join(found, left_on="patient_id", right_on="USUBJID", how="left", maintain_order="left")
    day = (_whole("diagnosis_date") - _whole("index_date")).dt.total_days()
    out = out.with_columns(day.alias("diagnosis_day"))
    return out.drop(c for c in found.columns[1:] if out[c].null_count() == out.height).drop(
        *(["diagnosis_day"] if out["diagnosis_day"].null_count() == out.height else [])
    )


def _whole(column: str) -> pl.Expr:
    return pl.col(column).str.to_date("%Y-%m-%d", strict=False)


def _lesions(rows: pl.DataFrame, reading: Reading) -> None:
    """Add the metastases of the history to the lesions, one per patient, organ and date."""
    site = pl.coalesce(first_of(rows, "MHLOC"), "_words")
    table = rows.select(pl.col("USUBJID").alias("patient_id"), site.alias("_site"), pl.col("_when").alias("found_date"))
    table = table.with_columns(mapped(table["_site"], organ_of).alias("site")).drop("_site").unique(maintain_order=True)
    if table.is_empty():
        return
    number = pl.int_range(1, pl.len() + 1).over("patient_id").cast(pl.String)
    reading.tables["lesions"] = table.select(
        (pl.col("patient_id") + "_M" + number).alias("lesion_id"),
        "patient_id",
        pl.lit("metastasis").alias("role"),
        "site",
        "found_date",
    )
