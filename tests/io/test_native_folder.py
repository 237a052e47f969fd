"""A native study folder: who is left out before anything is checked, indels along a reference."""

from __future__ import annotations

import pytest

from oncourse.errors import InputError
from oncourse.io import load_study

PATIENTS = "patient_id\nP1\nP2\n"
SAMPLES = "sample_id\tpatient_id\tmaterial\nA\tP1\ttissue\nB\tP1\ttissue\nC\tP2\ttissue\n"
#                 1234567890123456
REFERENCE = ">chr1\nGATTTTTTCCAGAGAGT\n"


@pytest.fixture
def folder(tmp_path):
    def make(calls: str, **others: str):
        tables = {"patients": PATIENTS, "samples": SAMPLES, "calls": calls, **others}
        place = tmp_path / "study"
        place.mkdir()
        for name, text in tables.items():
            (place / f"{name}.tsv").write_text(text)
        return place

    return make


def listed(tmp_path, text: str):
    path = tmp_path / "gone.tsv"
    path.write_text(text)
    return path


CALLS = "sample_id\tvariant_id\talt_count\tdepth\nA\t1:5:T:C\t9\t90\nC\t1:5:T:C\tmany\t90\nB\t1:5:T:G\tfew\t9\n"


def test_a_broken_row_of_a_withdrawn_patient_stops_nothing(folder, tmp_path):
    study = folder(CALLS.rsplit("B\t", 1)[0])
    with pytest.raises(InputError, match="many"):
        load_study(study)
    loaded = load_study(study, exclude=listed(tmp_path, "patient_id\treason\nP2\tconsent withdrawn\n"))
    assert loaded["patients"]["patient_id"].to_list() == ["P1"]
    assert loaded["samples"]["sample_id"].to_list() == ["A", "B"]
    assert loaded["calls"]["sample_id"].to_list() == ["A"]
    assert loaded.withdrawn.rows() == [("P2", None, "consent withdrawn")]


def test_a_withdrawn_sample_names_its_patient_and_lines_stay_those_of_the_file(folder, tmp_path):
    with pytest.raises(InputError) as error:
        load_study(folder(CALLS), exclude=listed(tmp_path, "sample_id\treason\nC\tfailed QC\n"))
    assert "row 4" in str(error.value) and "few" in str(error.value) and "many" not in str(error.value)
    mended = CALLS.replace("few", "3")
    (tmp_path / "study/calls.tsv").write_text(mended)
    loaded = load_study(tmp_path / "study", exclude=tmp_path / "gone.tsv")
    assert loaded.withdrawn.rows() == [("P2", "C", "failed QC")]
    assert loaded["patients"].height == 2


def test_one_indel_written_at_two_places_is_one_along_the_reference(folder, tmp_path):
    """A deleted T in the run 3-8 and a deleted AG in the repeat 11-16, placed left by one caller, right by another."""
    (tmp_path / "ref.fa").write_text(REFERENCE)
    calls = (
        "sample_id\tvariant_id\talt_count\tdepth\nA\t1:3:T:-\t9\t90\nB\t1:8:T:-\t8\t80\nA\t1:15:AG:-\t7\t70\n"
        "B\t1:11:AG:-\t6\t60\nB\t1:13:AG:-\t5\t50\n"
    )
    loaded = load_study(folder(calls), fasta=tmp_path / "ref.fa")
    rows = loaded["calls"].select("sample_id", "variant_id", "depth").sort("sample_id", "variant_id").rows()
    assert rows == [
        ("A", "1:11:AG:-", 70),
        ("A", "1:3:T:-", 90),
        ("B", "1:11:AG:-", 60),
        ("B", "1:3:T:-", 80),
    ]
    assert any("moved left" in note for note in loaded.notes)


def test_a_reference_of_another_build_is_an_error(folder, tmp_path):
    (tmp_path / "ref.fa").write_text(REFERENCE)
    with pytest.raises(InputError, match="same genome build"):
        load_study(folder("sample_id\tvariant_id\talt_count\tdepth\nA\t1:5:A:C\t9\t90\n"), fasta=tmp_path / "ref.fa")
