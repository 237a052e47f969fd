"""Columns of a hospital's tables that belong to another table of ours.

样本类型 = 原发灶 / 转移灶 says the role of the lesion, not the material; the date of death stands beside the patient.
"""

from __future__ import annotations

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.tables import TABLES, date_name
from oncourse.study.words import meaning

_ROLES = ("primary", "metastasis", "local_recurrence")


#: Columns of follow_up that a table of patients may hold.
_FOLLOW_UP = tuple(c.name for c in TABLES["follow_up"].columns if c.name != "patient_id")


def as_our_tables(reading: Reading) -> None:
    """Move what stands in another table than ours: follow-up beside the patients, lesions among the samples."""
    _follow_up_of_patients(reading)
    _lesions_of_samples(reading)


def _follow_up_of_patients(reading: Reading) -> None:
    """Make follow_up of its columns in the table of patients, where the study has no such table."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns or "follow_up" in reading.tables:
        return
    dated = {date_name(c) for c in _FOLLOW_UP if c.endswith("_day")}
    moved = [c for c in patients.columns if c in dated or c in _FOLLOW_UP]
    if not moved:
        return
    follow_up = patients.select("patient_id", *moved).filter(pl.any_horizontal(pl.col(c).is_not_null() for c in moved))
    for unit in ("day", "date"):
        last, death = f"last_contact_{unit}", f"death_{unit}"
        if death in moved:  # whoever died was last seen alive on no later day
            own = [pl.col(last)] if last in moved else []
            follow_up = follow_up.with_columns(pl.coalesce(*own, death).alias(last))
            if "is_dead" not in moved:
                dead = pl.when(pl.col(death).is_not_null()).then(pl.lit("true"))
                follow_up = follow_up.with_columns(dead.alias("is_dead"))
    lasts = [pl.col(c).is_not_null() for c in ("last_contact_day", "last_contact_date") if c in follow_up.columns]
    if not lasts:
        return  # no time of follow-up: the columns stay what they are
    seen = follow_up.filter(pl.any_horizontal(lasts))
    if n := follow_up.height - seen.height:
        reading.notes.append(f"{n:,} patients have no date of last contact or death: no follow-up is known of them")
    reading.tables["follow_up"] = seen
    reading.tables["patients"] = patients.drop(moved)
    reading.notes.append(f"{', '.join(moved)} stand in the table of patients: read as follow-up")


def _lesions_of_samples(reading: Reading) -> None:
    """Turn roles among the materials of the samples into tissue of a lesion, and make the lesions where none are given.

    All primary samples of a patient are of one lesion; every other sample is of a lesion of its own. A column of roles
    or sites of the samples themselves is read the same way. Where the study has lesions of its own, they stand.
    """
    samples = reading.tables.get("samples")
    if samples is None or not {"sample_id", "patient_id"} <= set(samples.columns):
        return
    words = {w: r for w in _distinct(samples, "material") if (r := meaning("role", w)) in _ROLES and not _material(w)}
    roles = {w: r for w in _distinct(samples, "role") if (r := meaning("role", w)) in _ROLES}
    if not words and not roles:
        return
    said = [
        pl.col(c).replace_strict(m, default=None, return_dtype=pl.String)
        for c, m in (("role", roles), ("material", words))
        if m
    ]
    role = pl.coalesce(*said).alias("_role")
    samples = samples.with_columns(role)
    if words:
        tissue = pl.when(pl.col("material").is_in(list(words))).then(pl.lit("tissue")).otherwise("material")
        samples = samples.with_columns(tissue.alias("material"))
    if "lesions" in reading.tables or samples["_role"].is_null().all():
        reading.tables["samples"] = samples.drop("_role")
        return
    own = (
        pl.when(pl.col("_role") == "primary")
        .then(pl.col("patient_id") + "_primary")
        .otherwise(pl.col("sample_id") + "_lesion")
    )
    given = pl.col("lesion_id") if "lesion_id" in samples.columns else pl.lit(None, pl.String)
    named = pl.when(pl.col("_role").is_not_null()).then(pl.coalesce(given, own)).otherwise(given)
    samples = samples.with_columns(named.alias("lesion_id"))
    site = [pl.col("site")] if "site" in samples.columns else []
    lesions = samples.filter(pl.col("_role").is_not_null()).select(
        "lesion_id", "patient_id", pl.col("_role").alias("role"), *site
    )
    reading.tables["lesions"] = lesions.unique("lesion_id", keep="first", maintain_order=True)
    reading.tables["samples"] = samples.drop("_role", "role", "site", strict=False)
    reading.notes.append(
        f"{lesions.height:,} samples say primary or metastasis: their lesions are made from these words"
    )


def _distinct(frame: pl.DataFrame, column: str) -> list[str]:
    return frame[column].cast(pl.String).drop_nulls().unique().sort().to_list() if column in frame.columns else []


def _material(word: str) -> bool:
    return meaning("material", word) is not None
