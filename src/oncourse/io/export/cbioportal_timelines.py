"""Study -> the timelines that cBioPortal draws of a patient: care, measurements, lesions and specimens, status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from oncourse.facts.material import is_tumour
from oncourse.study.model import Study


def timelines(study: Study) -> dict[str, pl.DataFrame]:
    """Return the timeline files: treatment, lab tests, imaging and its target lesions, markers, surgery, specimens, the
    day of coming under observation, status.

    The columns are those cBioPortal's patient view draws: PATIENT_ID, START_DATE, STOP_DATE (days), EVENT_TYPE and the
    columns of the kind; PSA and CEA have a numeric RESULT and become lines.
    """
    files = _given(study) | _measured(study) | _found(study)
    return {name: frame.sort("PATIENT_ID", "START_DATE") for name, frame in files.items() if not frame.is_empty()}


def _events(frame: pl.DataFrame, kind: str, start: str = "day", stop: str | None = None, **more: Any) -> pl.DataFrame:
    """Return rows of a table as events of one kind; `more`: column of the file -> column of the table."""
    return frame.select(
        PATIENT_ID="patient_id",
        START_DATE=start,
        STOP_DATE=pl.lit(None, pl.Int64) if stop is None else stop,
        EVENT_TYPE=pl.lit(kind),
        **more,
    )


def _given(study: Study) -> dict[str, pl.DataFrame]:
    """Treatment, surgery, and what was not tolerated."""
    one_agent = study["treatments"].with_columns(pl.col("drugs").str.split(";")).explode("drugs")
    return {
        "data_timeline_treatment.txt": _events(
            one_agent,
            "TREATMENT",
            "start_day",
            "stop_day",
            TREATMENT_TYPE=pl.lit("Medical Therapy"),
            AGENT=pl.col("drugs").str.strip_chars(),
            LINE="line",
            SETTING="setting",
            STOP_REASON="stop_reason",
        ),
        "data_timeline_surgery.txt": _events(
            study["procedures"], "SURGERY", PROCEDURE="kind", INTENT="intent", LESION_ID="lesion_id"
        ),
        "data_timeline_toxicity.txt": _events(
            study["adverse_events"],
            "TOXICITY",
            "start_day",
            "stop_day",
            TOXICITY_TYPE="term",
            GRADE="grade",
            SERIOUS="serious",
            AGENT="drugs",
        ),
    }


def _measured(study: Study) -> dict[str, pl.DataFrame]:
    """Lab tests, imaging and its target lesions, markers."""
    return {
        "data_timeline_labtest.txt": _events(study["labs"], "LAB_TEST", TEST="analyte", RESULT="value", UNIT="unit"),
        "data_timeline_imaging.txt": _events(
            study["assessments"],
            "IMAGING",
            DIAGNOSTIC_TYPE="method",
            NON_TARGET="non_target",
            NEW_LESIONS="new_lesions",
            RESPONSE="overall",
            NEW_BONE_LESIONS="new_bone_lesions",
            BONE_PERSISTING="bone_persisting",
            EVALUATOR="evaluator",
        ),
        "data_timeline_target_lesion.txt": _events(
            _in_mm(study["target_lesions"]),
            "TARGET_LESION",
            LESION_ID="lesion_id",
            DIAMETER_MM="diameter_mm",
            IS_NODE="is_node",
            STATUS="status",
            MERGED_INTO="merged_into",
            EVALUATOR="evaluator",
        ),
        "data_timeline_marker.txt": _events(
            study["markers"].drop_nulls("day"),
            "MARKER",
            MARKER="marker",
            VALUE="value",
            UNIT="unit",
            SAMPLE_ID="sample_id",
        ),
    }


def _found(study: Study) -> dict[str, pl.DataFrame]:
    """Lesions, specimens, the day of coming under observation, status."""
    lesions = study["lesions"].drop_nulls("found_day")
    entered = study["follow_up"].drop_nulls("entry_day")
    return {
        "data_timeline_lesion.txt": _events(
            lesions, "LESION", "found_day", LESION_ID="lesion_id", ROLE="role", SITE="site"
        ),
        "data_timeline_specimen.txt": _specimens(study),
        "data_timeline_sequencing.txt": _events(entered, "SEQUENCING", "entry_day"),
        "data_timeline_status.txt": _status(study),
    }


def _in_mm(rows: pl.DataFrame) -> pl.DataFrame:
    factor = pl.when(pl.col("unit") == "cm").then(10.0).otherwise(1.0)
    return rows.with_columns(diameter_mm=pl.coalesce("diameter_mm", pl.col("diameter") * factor))


def _specimens(study: Study) -> pl.DataFrame:
    lesions = study["lesions"].select("lesion_id", "role", "site")
    samples = study["samples"].filter(is_tumour()).drop_nulls("day")
    return _events(
        samples.join(lesions, on="lesion_id", how="left"),
        "SPECIMEN",
        SAMPLE_ID="sample_id",
        SPECIMEN_TYPE=pl.coalesce("role", "material"),
        SPECIMEN_SITE="site",
    )


def death_day(study: Study) -> pl.Expr:
    """The day of death; the last contact of the dead where the study gives no day of death, nor the first it may be."""
    if study["follow_up"]["death_day"].is_not_null().any():
        return pl.when(pl.col("is_dead")).then("death_day")
    return pl.when(pl.col("is_dead") & pl.col("death_earliest_day").is_null()).then("last_contact_day")


def _status(study: Study) -> pl.DataFrame:
    kinds: Mapping[str, str] = {
        "recurrence_day": "Recurrence",
        "recurrence_free_day": "No evidence of disease",
        "progression_day": "Progression",
        "progression_free_day": "Progression free",
        "death_day": "Deceased",
    }
    follow = study["follow_up"].with_columns(death_day=death_day(study))
    rows = follow.unpivot(on=list(kinds), index="patient_id", variable_name="kind", value_name="day").drop_nulls("day")
    return _events(rows, "STATUS", STATUS=pl.col("kind").replace_strict(kinds, return_dtype=pl.String))
