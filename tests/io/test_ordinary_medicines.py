"""Sources that hold every drug of a patient: what treats no tumour is no day 0 and no line, and nothing is lost untold."""

from __future__ import annotations

import json

import pytest

from oncourse.cohort import Cohort
from oncourse.io.aside import checked
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.io.clinical.fhir import read_fhir
from oncourse.io.clinical.genie_bpc import read_genie_bpc
from oncourse.io.clinical.omop import read_omop
from oncourse.study.model import Study

PERSON = "person_id,gender_concept_id,year_of_birth\n1,8507,1950\n"
#: Concepts of a drug the dictionary does not know; 3 is in no ATC class, 1 and 2 are.
CONCEPTS = (
    "concept_id,concept_name,vocabulary_id,concept_code\n1,perindopril 4 MG Oral Tablet,RxNorm,1\n"
    "2,zz-lowering agent,RxNorm,2\n3,zz-agent,RxNorm,3\n4,docetaxel,RxNorm,4\n9,statins,ATC,C10AA\n"
)


def written(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def lines_of(reading):
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    study = Study(reading.config, tables)
    return Cohort(study).lines.select("drugs", "start_day", "stop_reason").rows(), [str(p) for p in problems]


def test_omop_drugs_by_stem_and_by_the_atc_class_of_their_concept(tmp_path):
    """OHDSI CDM 5.4: drug_exposure has no word for what a drug is given for, the vocabulary has; stop_reason is read."""
    drugs = "person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,stop_reason\n"
    rows = (
        "1,1,2020-01-01,2020-12-31,",
        "1,2,2020-02-01,,",
        "1,4,2020-03-01,2020-06-01,Adverse event",
        "1,3,2020-09-01,,",
    )
    ancestors = "ancestor_concept_id,descendant_concept_id\n9,2\n"
    folder = written(
        tmp_path, person=PERSON, drug_exposure=drugs + "\n".join(rows), concept=CONCEPTS, concept_ancestor=ancestors
    )
    reading = read_omop(folder)
    lines, told = lines_of(reading)
    # day 0 is the first treatment: docetaxel's, not perindopril's
    assert lines == [("docetaxel", 0, "toxicity"), ("zz-agent", 184, None)]
    assert any("known by the stem of the name only" in t and "perindopril (ACE inhibitor)" in t for t in told)
    assert any("no treatment of the tumour by the source's own ATC code" in n for n in reading.notes)


def test_fhir_drugs_by_stem_and_by_their_own_atc_code(tmp_path):
    def drug(text, day, **code):
        concept = {"text": text, "coding": [code] if code else []}
        return {"resourceType": "MedicationStatement", "status": "active", "subject": {"reference": "Patient/a"}} | {
            "medicationCodeableConcept": concept,
            "effectivePeriod": {"start": day},
        }

    atc = "http://www.whocc.no/atc"
    rows = [
        {"resourceType": "Patient", "id": "a", "gender": "male"},
        drug("Telmisartan 80 mg", "2020-01-01"),
        drug("zz-9", "2020-01-02", system=atc, code="C10AA05"),
        drug("zz-8", "2020-02-01", system=atc, code="L01XX99"),
    ]
    (tmp_path / "all.ndjson").write_text("\n".join(json.dumps(r) for r in rows))
    lines, _ = lines_of(read_fhir(tmp_path))
    assert [row[:2] for row in lines] == [("zz-8", 0)]


def test_sdtm_medications_by_their_atc_code(tmp_path):
    """CMCLASCD says what CMCAT does not: docetaxel among GENERAL CONMED was left out."""
    cm = "USUBJID,CMTRT,CMCAT,CMCLASCD,CMSTDTC,CMENDTC\n"
    rows = ("S1,Docetaxel,GENERAL CONMED,L01CD,2020-01-10,2020-03-01", "S1,Ramipril,GENERAL CONMED,C09AA,2020-01-01,")
    written(tmp_path, dm="USUBJID,SEX,RFSTDTC\nS1,M,2020-01-01\n", cm=cm + "\n".join(rows))
    lines, _ = lines_of(read_sdtm(tmp_path))
    assert [row[:2] for row in lines] == [("docetaxel", 9)]


@pytest.mark.parametrize("beside", [True, False])
def test_bpc_samples_keep_their_assay(tmp_path, beside):
    """cpt_seq_assay_id, with the genes of genomic_information.txt where it lies beside."""
    written(
        tmp_path,
        cancer_level_dataset_index="record_id,ca_seq,age_dx,tt_os_dx_days,os_dx_status\nG1,0,60,900,0\n",
        cancer_panel_test_level_dataset="record_id,ca_seq,cpt_genie_sample_id,cpt_seq_assay_id,dx_cpt_rep_days\nG1,0,G1-1,DFCI-3,60\n",
    )
    if beside:
        head = "Chromosome\tStart_Position\tEnd_Position\tHugo_Symbol\tSEQ_ASSAY_ID\tFeature_Type\n"
        rows = "12\t25398207\t25398318\tKRAS\tDFCI-3\texon\n7\t140453074\t140453193\tBRAF\tDFCI-3\texon\n"
        (tmp_path / "genomic_information.txt").write_text(head + rows)
    tables, problems = checked(read_genie_bpc(tmp_path))
    assert not [p for p in problems if p.severity == "error"]
    assert tables["samples"]["assay_id"].to_list() == ["DFCI-3"]
    assert tables["assays"].select("assay_id", "targets").rows() == [("DFCI-3", "BRAF;KRAS" if beside else None)]
