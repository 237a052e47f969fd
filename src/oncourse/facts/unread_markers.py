"""Markers that look like one of ours and are not read as it: a name, a value, a column of patients that nobody understood.

A page says "not recorded" of a marker without a reading; where something was recorded this says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

import polars as pl

from oncourse.facts.markers import UNCLEAR, marker_readings, stands_beside
from oncourse.study.frames import optional
from oncourse.study.schema import NULL_TEXTS, Problem
from oncourse.study.words import meaning

#: The marker that a name resembles -> the readings by which it counts.
FAMILIES = {
    "AR-V7": ("AR-V7",),
    "MSI": ("MSI", "MMR"),
    "MMR": ("MSI", "MMR"),
    "HER2": ("HER2", "HER2 IHC", "HER2 ISH"),
    "HRD": ("HRD",),
    "TMB": ("TMB",),
    "PD-L1": ("PD-L1",),
}
_RESEMBLES = (
    ("AR-V7", r"(?<![a-z])ar[\s_-]*v[\s_-]*7(?!\d)|剪[接切]变异体[\s-]*v?-?7"),
    ("MSI", r"(?<![a-z])msi(?![a-z])|microsatellite|微卫星"),
    ("MMR", r"(?<![a-z])[dp]?mmr(?![a-z])|mismatch repair|错配修复"),
    ("HER2", r"(?<![a-z])(?:her-?2|c-?erbb-?2)(?!\d)"),
    ("HRD", r"(?<![a-z])hrd(?![a-z])|homologous recombination defici|同源重组(?:修复)?缺陷"),
    ("TMB", r"(?<![a-z])b?tmb(?![a-z])|mutation(?:al)? burden|突变负荷"),
    ("PD-L1", r"(?<![a-z])pd-?l1(?!\d)|程序性死亡配体"),
)
#: Markers whose values are positive or negative; of others a number or a level is a value.
_TWO_SIDED = ("AR-V7", "MSI", "MMR")


def resembled(name: str) -> str | None:
    """Return the marker that a name resembles; null where it names none, or what stands beside one (its date, its method).

    >>> [resembled(n) for n in ("AR-V7/AR-FL ratio", "HRD评分（Myriad）", "血液TMB", "PD-L1 CPS", "AR-V7 date", "PSA")]
    ['AR-V7', 'HRD', 'TMB', 'PD-L1', None, None]
    """
    text = unicodedata.normalize("NFKC", name).lower()
    if stands_beside(name):
        return None
    return next((marker for marker, pattern in _RESEMBLES if re.search(pattern, text)), None)


def unread_markers(tables: Mapping[str, pl.DataFrame], known: Collection[str] = ()) -> list[Problem]:
    """Return a warning for each marker that looks like one of ours and says nothing: its values, its name, its column.

    Parameters
    ----------
    tables : the typed tables of a study
    known : covariates and further columns that study.yaml names: they are meant as they are
    """
    samples, markers = tables.get("samples"), tables.get("markers")
    if samples is None or not {"patient_id", "sample_id"} <= set(samples.columns):
        return []
    texts = {"patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "marker": pl.String, "value": pl.String}
    rows = (
        pl.DataFrame(schema=texts)
        if markers is None
        else markers.select(optional(markers, c, kind).cast(kind).alias(c) for c, kind in texts.items())
    )
    own = samples.select(
        pl.col("patient_id", "sample_id"),
        optional(samples, "day", pl.Int64).alias("day"),
        optional(samples, "msi_status").alias("msi_status"),
        optional(samples, "msi_score", pl.Float64).alias("msi_score"),
    )
    readings = marker_readings(own, rows)
    return [*_values(readings), *_names(readings), *_columns(tables, readings, samples, known)]


def _values(readings: pl.DataFrame) -> list[Problem]:
    """Values of a marker with two sides that are neither, and do not say that nobody tested."""
    odd = readings.filter(
        pl.col("marker").is_in(_TWO_SIDED) & (pl.col("state") == UNCLEAR) & (pl.col("source") == "markers")
    )
    out = []
    for (marker,), rows in odd.group_by("marker", maintain_order=True):
        words = [w for w in rows["value"].drop_nulls() if not _says_unknown(w)]
        if words:
            shown = ", ".join(sorted(set(words))[:4])
            message = f"{len(words):,} values of {marker} are neither positive nor negative ({shown}): unclear."
            cure = "Write positive or negative (阳性, 阴性), or leave the row out where nobody tested."
            out.append(Problem("markers", None, "value", words[0], message, cure, "warning"))
    return out


def _says_unknown(word: str) -> bool:
    text = unicodedata.normalize("NFKC", word).strip()
    return (
        text in NULL_TEXTS
        or text in ("", "-", "/", "—", "无")
        or meaning("panel_result", text) == "untested"
        or bool(
            re.search(r"(?i)indetermin|equivocal|unclear|inconclusive|unknown|pending|fail|\?|不确定|可疑|未|不", text)
        )
    )


def _names(readings: pl.DataFrame) -> list[Problem]:
    """Markers whose name holds that of one with two sides, and is not read as it."""
    out = []
    for marker in readings.filter(pl.col("source") == "markers")["marker"].unique(maintain_order=True).sort():
        family = resembled(marker)
        if family in _TWO_SIDED and marker not in FAMILIES[family]:
            message = f"the marker {marker} is not read as {family}: it is kept under its own name."
            cure = f"Write {family} in the column marker where it is a result of it."
            out.append(Problem("markers", None, "marker", marker, message, cure, "warning"))
    return out


def _columns(
    tables: Mapping[str, pl.DataFrame], readings: pl.DataFrame, samples: pl.DataFrame, known: Collection[str]
) -> list[Problem]:
    """Columns of patients that name a marker of which these patients have no reading."""
    patients = tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return []
    out = []
    for column in patients.columns:
        if column in known or (family := resembled(column)) is None:
            continue
        names = pl.col("marker").is_in(FAMILIES[family]) | pl.col("marker").str.starts_with(family)
        told = set(readings.filter(names)["patient_id"])
        if family == "TMB" and "tmb_per_mb" in samples.columns:
            told |= set(samples.drop_nulls("tmb_per_mb")["patient_id"])
        filled = patients.select("patient_id", pl.col(column).cast(pl.String).str.strip_chars().alias("_v"))
        filled = filled.filter(
            ~pl.col("_v").is_in([*NULL_TEXTS, "", "-", "/", "—"]) & ~pl.col("patient_id").is_in(list(told))
        )
        if filled.height:
            message = f"{column} looks like {family} and is not read: {filled.height:,} patients have a value in it."
            cure = (
                f"Record it in markers as {family}, or list the column under covariates or extra_columns of study.yaml."
            )
            out.append(Problem("patients", None, column, filled["_v"][0], message, cure, "warning"))
    return out
