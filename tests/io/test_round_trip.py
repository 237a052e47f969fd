"""What a study says of its patients comes back from each format we write, but for what the format cannot hold (`LOST`)."""

from __future__ import annotations

import polars as pl
import pytest
from tests.kept_numbers import check

from oncourse.io import load_study
from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.clinical.phenopackets import read_phenopackets
from oncourse.io.export.cbioportal import export_cbioportal
from oncourse.io.export.phenopackets import write_phenopackets
from oncourse.io.export.workbook import export_workbook
from oncourse.io.native import write_study
from oncourse.simulate.study import simulate_study
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

CLINICAL = (
    "patients",
    "follow_up",
    "lesions",
    "treatments",
    "procedures",
    "labs",
    "assessments",
    "target_lesions",
    "markers",
)
#: Columns a format has no place for; a table without columns is wholly lost. Phenopackets v2 knows measurements, treatments,
#: procedures and the vital status; it has no visits of imaging, no lesions, no line of therapy and no end points.
LOST = {
    "cbioportal": {},
    "phenopackets": {
        "follow_up": ("entry_day", "recurrence_day", "recurrence_free_day", "progression_day", "progression_free_day"),
        "treatments": ("line",),
        "procedures": ("lesion_id", "intent"),
        "lesions": (),
        "assessments": (),
        "target_lesions": (),
        "markers": (),
    },
}


def _back(study, form, folder):
    called = (
        study["calls"]
        .clear()
        .with_columns(pl.lit(None, pl.String).alias(c) for c in ("patient_id", "gene", "hgvs_c", "hgvs_p"))
    )
    if form == "phenopackets":
        write_phenopackets(study, folder, called)
        return checked(read_phenopackets(folder))[0]
    from oncourse.derive.status.variants import called_rows

    export_cbioportal(study, folder, study_id="x", called=called_rows(study))
    return checked(read_cbioportal(folder))[0]


def _rows(frame, columns):
    """The rows as a set; drugs one row each, by their generic names: a timeline has one row per agent."""
    if "drugs" in columns:
        split = frame.with_columns(pl.col("drugs").str.split(";")).explode("drugs")
        frame = split.with_columns(pl.col("drugs").str.strip_chars().str.to_lowercase())
    return set(frame.select(columns).iter_rows())


@pytest.mark.parametrize("form", list(LOST))
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_what_a_format_can_hold_comes_back(design, form, tmp_path, request):
    made = simulate_study(design, 4, seed=3)
    study = Study(made.config, made.tables)
    back, lost = _back(study, form, tmp_path / "x"), LOST[form]
    for name in CLINICAL:
        ours = study[name]
        if lost.get(name) == () or ours.is_empty():
            continue
        columns = [c for c in ours.columns if ours[c].null_count() < ours.height and c not in lost.get(name, ())]
        assert set(columns) <= set(back[name].columns), name
        if "age_years" in columns:  # a phenopacket writes an age as a duration: whole days of years of 365
            both = ours.join(back[name], on="patient_id")
            assert (both["age_years"] - both["age_years_right"]).abs().max() < 0.1
            columns.remove("age_years")
        assert _rows(back[name], columns) == _rows(ours, columns), name
    check(f"readings/export_{design}_{form}", back, request.config.getoption("--accept"))


def test_a_death_on_no_day_is_exported_as_none(tmp_path):
    """It became DECEASED at the last contact. A packet holds a death without its day; cBioPortal's OS_STATUS does not."""
    made = simulate_study("crc", 4, seed=3)
    follow = made.tables["follow_up"]
    first = follow["patient_id"][0]
    is_first = pl.col("patient_id") == first
    follow = follow.with_columns(
        pl.when(is_first).then(True).otherwise("is_dead").alias("is_dead"),
        pl.when(is_first).then(None).otherwise("death_day").alias("death_day"),
        pl.when(is_first).then(pl.lit("cancer")).otherwise("cause_of_death").alias("cause_of_death"),
    )
    assert follow["death_day"].is_not_null().any()
    study = Study(made.config, {**made.tables, "follow_up": follow})
    for form in LOST:
        row = _back(study, form, tmp_path / form)["follow_up"].filter(is_first).row(0, named=True)
        assert (row["is_dead"], row["death_day"]) == (True if form == "phenopackets" else None, None), form


def _whole():
    """A simulated study with a row in each of the tables that simulation leaves out."""
    made = simulate_study("crc", 4, seed=3)
    sample = made.tables["samples"].filter(pl.col("material") == "tissue").row(0, named=True)
    patient, assay = sample["patient_id"], sample["assay_id"]
    variant = made.tables["calls"]["variant_id"][0]
    rows = {
        "published_endpoints": {"endpoint": "OS", "time_days": 400, "is_event": True, "anchor": "diagnosis"},
        "error_rates": {"assay_id": assay, "variant_id": variant, "error_rate": 0.0001},
        "target_regions": {"assay_id": assay, "chrom": "12", "start": 25398200, "end": 25398320},
        "fusions": {
            "sample_id": sample["sample_id"],
            "gene_5p": "NCOA4",
            "gene_3p": "RET",
            "support": 9,
            "frame": "in_frame",
        },
        "gene_copy_number": {"sample_id": sample["sample_id"], "gene": "ERBB2", "call": 2.0},
        "adverse_events": {"start_day": 30, "term": "diarrhoea", "grade": 3, "stop_day": 40, "serious": True},
        "partial_dates": {"table": "labs", "column": "day", "resolution": "month", "earliest_day": 1, "latest_day": 30},
        "markers": {"day": 5, "marker": "DPYD", "value": "*1/*1"},
    }
    filled = dict(made.tables)
    for name, row in rows.items():
        whole = {**({"patient_id": patient} if "patient_id" in TABLES[name].by_name else {}), **row}
        schema = {c.name: c.dtype for c in TABLES[name].columns}
        filled[name] = pl.DataFrame([{c: whole.get(c) for c in schema}], schema=schema)
    return Study(made.config, filled)


@pytest.mark.parametrize("form", ["native", "workbook"])
def test_every_table_comes_back_from_what_holds_them_all(form, tmp_path):
    """All 22 tables, cell by cell (the answers of whole studies: test_round_trip_answers, slow)."""
    study = _whole()
    assert set(study.tables) == set(TABLES) and all(frame.height for frame in study.tables.values())
    path = tmp_path / ("study.xlsx" if form == "workbook" else "study")
    if form == "workbook":
        export_workbook(study, path)
    else:
        write_study(path, dict(study.tables.items()), study.config)
    back = load_study(path)
    for name in TABLES:
        ours = study[name].select(c for c in study[name].columns if study[name][c].null_count() < study[name].height)
        assert back[name].select(ours.columns).equals(ours, null_equal=True), name
