"""Plain data of pages and results: what is written fits its JSON Schema, and is read back as it was."""

from __future__ import annotations

import json

import jsonschema
import pytest

import oncourse
from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.patients.plain import patient_view, schema
from oncourse.report.patient_page import patient_page
from oncourse.report.results import Results


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_patient_view_fits_its_schema_and_says_what_the_page_says(simulated_study, design):
    study = simulated_study(design)
    cohort, other = Cohort(study), Cohort(study)
    for patient in study["patients"]["patient_id"].to_list()[:2]:
        view = patient_view(cohort, patient, clones=False)
        jsonschema.validate(json.loads(view.to_json()), schema("patient"))
        page = patient_page(cohort, patient, clones=False)
        assert view.biomarkers and all(b["label"].split(" >")[0] in page for b in view.biomarkers)
        assert view.to_json() == patient_view(other.of_patient(patient), patient, clones=False).to_json()


def test_results_fit_their_schema_and_are_read_back(simulated_study, reported):
    study, (out, _) = simulated_study("crc"), reported("en")
    jsonschema.validate(json.loads((out / "results.json").read_text("utf-8")), schema("results"))
    read = Results.read(out)
    assert {"overview", "survival", "recurrence"} <= set(read.analyses) and read.schema_version == "1.2"
    again = oncourse.run("recurrence", study)
    for name, frame in again.tables.items():
        assert read.tables[name].schema == frame.schema and read.tables[name].height == frame.height


def test_what_is_no_results_folder_is_said(tmp_path):
    with pytest.raises(InputError, match="no results folder"):
        Results.read(tmp_path)
