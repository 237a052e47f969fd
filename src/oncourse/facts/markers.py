"""Markers in one reading: MSI, mismatch repair, AR-V7, HER2 and any other recorded positive or negative.

Whoever recorded it - a column of samples or a row of markers, in whatever spelling - a marker has one name and one state.
Where two recordings differ both stay: readings are listed, never averaged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import polars as pl

POSITIVE, NEGATIVE, UNCLEAR = "positive", "negative", "unclear"
#: The marker of a recorded result for circulating tumour DNA (molecular residual disease).
CTDNA = "CTDNA"
#: Words of a result. Written from the usage of laboratories; anything else is unclear, never negative.
_WORDS = {
    POSITIVE: ("positive", "pos", "yes", "true", "+", "present", "detected", "mutant", "mutated", "mutation", "altered",
               "amplified", "lost", "loss", "deficient", "high"),
    NEGATIVE: ("negative", "neg", "no", "false", "-", "absent", "not detected", "undetected", "wild type", "wild-type",
               "wildtype", "wt", "not altered", "not mutated", "not amplified", "retained", "intact", "proficient"),
}  # fmt: skip
_STATE = {word: state for state, words in _WORDS.items() for word in words}
_DEFICIENT = ("deficient", "dmmr", "mmr-d", "mmrd", "loss", "lost", "msi-h", "msih")
_PROFICIENT = ("proficient", "pmmr", "mmr-p", "mmrp", "intact", "retained", "normal", "no loss", "mss", "msi-l")
_UNSTABLE = ("msi-h", "msih", "high", "unstable", "instable", "positive", "pos")
_STABLE = ("mss", "msi-l", "msil", "stable", "low", "negative", "neg")
#: Other names of a marker, in capitals -> the name used here.
NAMES = {
    "HER2": "HER2 IHC", "HER2 IHC": "HER2 IHC", "ERBB2 IHC": "HER2 IHC", "ARV7": "AR-V7", "AR-V7": "AR-V7",
    "AR V7": "AR-V7", "AR_V7": "AR-V7", "PSMA": "PSMA PET", "PSMA-PET": "PSMA PET", "PSMA PET": "PSMA PET",
    "CTDNA": CTDNA, "CT-DNA": CTDNA, "CIRCULATING TUMOR DNA": CTDNA, "CIRCULATING TUMOUR DNA": CTDNA, "MRD": CTDNA,
}  # fmt: skip

READING_SCHEMA = {
    "patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "marker": pl.String, "state": pl.String,
    "value": pl.String, "source": pl.String,
}  # fmt: skip


@lru_cache(maxsize=4096)
def marker_name(text: str, value: str = "") -> str:
    """Return the one name of a marker; HER2 is immunohistochemistry only with a score of it.

    >>> marker_name("arv7"), marker_name("MMR IHC"), marker_name("MSI status"), marker_name("HER2", "3+")
    ('AR-V7', 'MMR', 'MSI', 'HER2 IHC')
    """
    plain = " ".join(text.split())
    name = plain.upper()
    if re.match(r"^(D?MMR|MISMATCH)", name):
        return "MMR"
    if re.match(r"^(MSI|MICROSATELLITE)", name):
        return "MSI"
    if name == "HER2" and not re.match(r"^[0-3]\+?$", value.strip()):
        return "HER2"
    return NAMES.get(name, plain)


@lru_cache(maxsize=4096)
def marker_state(name: str, value: str | None) -> str:
    """Return positive, negative or unclear for a recorded value; positive of MMR: deficient, of MSI: high.

    >>> marker_state("MSI", "MSI-H"), marker_state("MSI", "MSS"), marker_state("MMR", "pMMR"), marker_state("AR-V7", "?")
    ('positive', 'negative', 'negative', 'unclear')
    >>> marker_state("HER2 IHC", "3+"), marker_state("HER2 IHC", "2+")
    ('positive', 'unclear')
    """
    text = " ".join((value or "").strip().lower().replace("_", "-").split())
    if name == "MMR":
        return _of(text, _DEFICIENT, _PROFICIENT)
    if name == "MSI":
        return _of(text, _UNSTABLE, _STABLE)
    if name == "HER2 IHC" and (score := re.match(r"^([0-3])\+?$", text)):
        # 2+ is equivocal: in situ hybridisation decides (Valtorta, Mod Pathol 2015;28:1481)
        return {"3": POSITIVE, "2": UNCLEAR}.get(score[1], NEGATIVE)
    return _STATE.get(text, UNCLEAR)


def _of(text: str, positive: tuple[str, ...], negative: tuple[str, ...]) -> str:
    if text.startswith(negative):
        return NEGATIVE
    return POSITIVE if text.startswith(positive) else UNCLEAR


def marker_readings(
    samples: pl.DataFrame, markers: pl.DataFrame, cutoffs: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """Return every recorded marker once: `READING_SCHEMA`, sorted by patient, marker, day.

    Parameters
    ----------
    samples : the study's samples: msi_status and msi_score are readings of MSI
    markers : the study's markers; a row without a day has that of its sample
    cutoffs : of study.yaml; ``msi_score``: from here on MSI-H. Without it a score alone is unclear: its scale is the assay's

    state: positive, negative, or unclear (a word or number nobody can tell). source: ``markers``, ``samples.msi_status``
    or ``samples.msi_score``.
    """
    cut = (cutoffs or {}).get("msi_score")
    rows = []
    own = samples.select("patient_id", "sample_id", "day", "msi_status", "msi_score")
    for patient, sample, day, status, score in own.iter_rows():
        if status is not None:
            rows.append(
                (patient, sample, day, "MSI", marker_state("MSI", status), status, "samples.msi_status")
            )
        elif score is not None:
            state = UNCLEAR if cut is None else POSITIVE if score >= cut else NEGATIVE
            rows.append((patient, sample, day, "MSI", state, f"score {score:g}", "samples.msi_score"))
    days = dict(own.select("sample_id", "day").iter_rows())
    recorded = markers.select("patient_id", "sample_id", "day", "marker", "value").drop_nulls("marker")
    for patient, sample, day, marker, value in recorded.iter_rows():
        text = str(value or "").strip()
        name = marker_name(marker, text)
        when = days.get(sample) if day is None else day
        rows.append((patient, sample, when, name, marker_state(name, text), text, "markers"))
    table = pl.DataFrame(rows, schema=READING_SCHEMA, orient="row")
    return table.sort("patient_id", "marker", "day", "sample_id", "value", nulls_last=True)


def msi_of_samples(readings: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, msi_status: MSI-H where any recording of the sample says so, else MSS or MSI-L, else indeterminate.

    The word of samples.msi_status stays where it agrees. Of two recordings that differ the positive one counts, as in the
    table of statuses, which names the other. A sample without a reading has no row: not assessed.

    Parameters
    ----------
    readings : of `marker_readings`
    """
    has = {state: (pl.col("state") == state).any() for state in (POSITIVE, NEGATIVE)}
    low = pl.col("value").filter((pl.col("source") == "samples.msi_status") & (pl.col("state") == NEGATIVE)).first()
    word = (
        pl.when(has[POSITIVE]).then(pl.lit("MSI-H"))
        .when(has[NEGATIVE]).then(pl.coalesce(low, pl.lit("MSS")))
        .otherwise(pl.lit("indeterminate"))
    )  # fmt: skip
    told = readings.filter(pl.col("marker") == "MSI").drop_nulls("sample_id")
    return told.group_by("sample_id", maintain_order=True).agg(msi_status=word)
