"""Faults that tools/fuzz.py found in the readers: each is said in words now, and what is whole is still read."""

from __future__ import annotations

import json

import pytest

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.io.clones import read_pyclone_vi
from oncourse.io.detect import read_any
from oncourse.io.tabular.json_document import OBJECT, OBJECTS, VALUE, read_document


def test_a_part_of_another_shape_is_left_out_and_named(tmp_path):
    """FHIR and GDC documents with text where an object belongs gave an AttributeError."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"entry": [{"code": "x", "status": ["a"]}, "y"], "code": {"coding": {"code": "1"}}}))
    found, problems = read_document(path, {"entry": OBJECTS, "code": OBJECT, "coding": OBJECTS, "coding/code": VALUE})
    assert found == {"code": {"coding": [{"code": "1"}]}}
    assert [(p.severity, "`entry`" in p.message) for p in problems] == [("warning", True)]
    path.write_text("3")
    with pytest.raises(InputError, match="no document"):
        read_document(path, {})


def test_a_patient_whose_demographic_is_text_is_read_without_it(tmp_path):
    case = {"submitter_id": "TCGA-XX-0001", "demographic": "male", "diagnoses": [{"days_to_last_follow_up": 380}]}
    (tmp_path / "clinical.json").write_text(json.dumps([case]))
    reading = read_any(tmp_path / "clinical.json")
    tables, _ = checked(reading)
    assert tables["patients"]["sex"].to_list() == [None] and tables["follow_up"]["last_contact_day"].to_list() == [380]
    assert any("`demographic` is not an object" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("tr.csv", "USUBJID,TRLNKID,TRDTC\nS-1,T1,2020-01-01\n", "no column TRTESTCD"),
        ("tr.csv", "", "empty"),
        ("rs.csv", "USUBJID,RSTESTCD,RSDTC\nS-1,OVRLRESP,2020-03-01,more,cells\n", "cells"),
    ],
)
def test_a_domain_without_what_it_is_about_is_refused_by_name(tmp_path, name, text, words):
    (tmp_path / "dm.csv").write_text("USUBJID,RFSTDTC,ARM\nS-1,2020-01-01,A\n")
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        checked(read_sdtm(tmp_path))


def test_a_count_that_is_no_number_names_its_row(tmp_path):
    path = tmp_path / "P1.tsv"
    head = "mutation_id\tsample_id\tref_counts\talt_counts\tmajor_cn\tminor_cn\tnormal_cn\n"
    path.write_text(head + "m1\tA\t70\t30\t1\t1\t2\nm1\tB\t35%\t40\t1\t1\t2\n")
    with pytest.raises(InputError, match=r"ref_counts, row 3: '35%' is no number"):
        read_pyclone_vi(path)


def test_a_sample_listed_twice_is_one_sample(tmp_path):
    """A clinical sample table with a repeated row stopped the import of a cBioPortal folder with a ShapeError."""
    (tmp_path / "meta_study.txt").write_text("cancer_study_identifier: x\nname: x\n")
    rows = "P1\tS1\tPrimary\nP1\tS1\tPrimary\nP2\tS2\tPrimary\nP2\tS2\tMetastasis\n"
    (tmp_path / "data_clinical_sample.txt").write_text("PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\n" + rows)
    (tmp_path / "data_mutations.txt").write_text(
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build\n"
        "KRAS\t12\t25398284\tC\tT\tS1\tGRCh37\n"
    )
    reading = read_any(tmp_path)
    tables, _ = checked(reading)
    assert tables["samples"]["sample_id"].to_list() == ["S1", "S2"]
    assert any("1 sample has several different rows (first: S2)" in p.message for p in reading.problems)
