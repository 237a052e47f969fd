"""A study folder without an optional table, or without its optional columns: what is not there is unknown, and no fault."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import simulated

import oncourse
from oncourse.cohort import Cohort
from oncourse.errors import OncourseError
from oncourse.io import load_study
from oncourse.patients.plain import patient_view
from oncourse.study.tables import TABLES

_THREE = {
    "study.yaml": "title: x\ndesign: crc\ngenome_build: GRCh37\n",
    "patients.tsv": "patient_id\tstage\nP1\tIII\nP2\tIII\n",
    "samples.tsv": "sample_id\tpatient_id\tmaterial\tday\nP1-T\tP1\ttissue\t0\nP2-T\tP2\ttissue\t0\n",
    "calls.tsv": "sample_id\tvariant_id\talt_count\tdepth\tis_called\n"
    "P1-T\t12:25398284:C:T\t30\t100\ttrue\nP2-T\t12:25398284:C:T\t30\t100\ttrue\n",
}


def _answers(study):
    """Name -> result of every analysis that answers; a fault of the program is no answer and is raised."""
    cohort, out = Cohort(study, {}, 1), {}
    for name in oncourse.analyses()["name"]:
        try:
            out[name] = oncourse.run(name, cohort)
        except OncourseError:
            continue
    return out


def test_a_folder_of_the_three_required_tables_is_answered(tmp_path):
    """Without variants.tsv the variants that are named by place had no column `pathogenicity` or `context`: therapy,
    landscape, burden, drivers and every page of a patient ended in ColumnNotFoundError."""
    for name, text in _THREE.items():
        (tmp_path / name).write_text(text, "utf-8")
    study = load_study(tmp_path)
    assert set(TABLES["variants"].by_name) <= set(study["variants"].columns)
    assert study["variants"].select("gene", "hgvs_p").rows() == [("KRAS", "p.G12D")]
    assert {"therapy", "landscape"} <= set(_answers(study))
    assert "KRAS" in patient_view(Cohort(study, {}, 1).of_patient("P1"), "P1").to_json()


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_tables_of_their_required_columns_alone_are_answered(design, tmp_path):
    """Every optional column of every table is left out at once: each answer is given or refused, and none is a fault."""
    whole = simulated(design, 4)
    for name, frame in whole.tables.items():
        if frame.height:
            kept = [c for c in frame.columns if c in TABLES[name].by_name and TABLES[name].by_name[c].required]
            frame.select(pl.col(kept).cast(pl.String)).write_csv(tmp_path / f"{name}.tsv", separator="\t")
    (tmp_path / "study.yaml").write_text(f"title: x\ndesign: {design}\n", "utf-8")
    study = load_study(tmp_path)
    first = study["patients"]["patient_id"][0]
    assert "endpoints" in _answers(study)
    assert first in patient_view(Cohort(study, {}, 1).of_patient(first), first).to_json()
