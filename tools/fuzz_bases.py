"""Small sound inputs of every format that `tools/fuzz.py` breaks; the people in them are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VCF = """##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="ok">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="reads">
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
##reference=GRCh37
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1-T\tP1-N
12\t25398284\t.\tC\tT\t50\tPASS\t.\tGT:AD\t0/1:70,30\t0/0:90,0
17\t7577120\t.\tC\tT\t50\tPASS\t.\tGT:AD\t0/1:60,40\t0/0:88,0
7\t140453136\t.\tA\tT,G\t50\tweak\t.\tGT:AD\t0/1:60,40,1\t0/0:88,0,0
"""


def _resource(kind: str, **fields: Any) -> dict[str, Any]:
    return {"resource": {"resourceType": kind, "subject": {"reference": "Patient/P1"}, **fields}}


def _code(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://loinc.org", "code": code}]}


FHIR = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        _resource("Patient", id="P1", gender="male", birthDate="1955-03", deceasedDateTime="2020-06-10"),
        _resource("Condition", id="C1", code={"text": "prostate cancer"}, onsetDateTime="2018-01-10"),
        _resource(
            "Observation",
            id="O1",
            status="final",
            code=_code("2857-1"),
            effectiveDateTime="2019-01-01",
            valueQuantity={"value": 0.1, "comparator": "<", "unit": "ng/mL"},
        ),
        _resource(
            "Observation",
            id="O2",
            status="final",
            code=_code("97509-4"),
            effectiveDateTime="2019-03-01",
            valueCodeableConcept={"text": "stable"},
        ),
        _resource(
            "MedicationAdministration",
            id="M1",
            status="completed",
            effectivePeriod={"start": "2019-01-02"},
            medicationReference={"reference": "Medication/M"},
        ),
        {"resource": {"resourceType": "Medication", "id": "M", "code": {"text": "Abiraterone"}}},
    ],
}
GDC = [
    {
        "submitter_id": "TCGA-XX-0001",
        "demographic": {"gender": "male", "vital_status": "Dead", "days_to_death": 400},
        "diagnoses": [
            {
                "days_to_last_follow_up": 380,
                "days_to_recurrence": 200,
                "age_at_diagnosis": 21915,
                "treatments": [{"therapeutic_agents": "Oxaliplatin", "days_to_treatment_start": 30}, {}],
            }
        ],
    }
]

#: format -> file name -> text.
FILES: dict[str, dict[str, str]] = {
    "vcf": {"P1.vcf": VCF},
    "sdtm": {
        "dm.csv": (
            "STUDYID,DOMAIN,USUBJID,RFSTDTC,ACTARMCD,ARM,SEX,AGE\n"
            "S,DM,S-1,2020-01-01,A,Drug A,F,60\nS,DM,S-2,2020-02-01,B,Drug B,M,71\n"
        ),
        "tu.csv": (
            "STUDYID,DOMAIN,USUBJID,TUSEQ,TULNKID,TUTESTCD,TUORRES,TULOC,TUDTC\nS,TU,S-1,1,T1,TUMIDENT,TARGET,LIVER,2020-01-01\n"
        ),
        "tr.csv": (
            "STUDYID,DOMAIN,USUBJID,TRSEQ,TRLNKID,TRTESTCD,TRORRES,TRSTRESN,TRSTRESU,TRDTC\n"
            "S,TR,S-1,1,T1,LDIAM,20,20,mm,2020-01-01\nS,TR,S-1,2,T1,LDIAM,30,30,mm,2020-03-01\n"
        ),
        "rs.csv": "STUDYID,DOMAIN,USUBJID,RSSEQ,RSTESTCD,RSORRES,RSDTC\nS,RS,S-1,1,OVRLRESP,PD,2020-03-01\n",
        "ex.csv": (
            "STUDYID,DOMAIN,USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n"
            "S,EX,S-1,1,Drug A,10,mg,2020-01-02,2020-05-02\nS,EX,S-2,1,Drug B,10,mg,2020-02-02,2020-03\n"
        ),
    },
    "adam": {
        "adsl.csv": (
            "USUBJID,SEX,AGE,ARM,TRT01P,RANDDT,TRTSDT,TRTEDT,DTHDT,DTHCGR1,LSTALVDT,ITTFL\n"
            "S1,M,60,A,A,2019-01-08,2019-01-10,2019-06-10,,,2020-01-01,Y\n"
            "S2,F,70,B,B,2019-02-01,,,2019-08-20,PROGRESSIVE DISEASE,2019-08-20,Y\n"
        ),
        "adtte.csv": (
            "USUBJID,PARAM,PARAMCD,AVAL,CNSR,STARTDT,ADT,EVNTDESC\n"
            "S1,Overall survival,OS,359,1,2019-01-08,2020-01-01,Alive\n"
            "S2,Overall survival,OS,201,0,2019-02-01,2019-08-20,Death\n"
        ),
        "adrs.csv": "USUBJID,PARAMCD,AVALC,ADT,RSEVAL\nS1,OVRINV,PR,2019-03-10,INVESTIGATOR\n",
    },
    "genie_bpc": {
        "cancer_level_dataset_index.csv": (
            "cohort,record_id,ca_seq,dob_ca_dx_days,naaccr_sex_code,tt_os_dx_days,os_dx_status\n"
            "CRC,G1,0,20000,2,900,1\nCRC,G2,0,22000,1,400,0\n"
        ),
        "regimen_cancer_level_dataset.csv": (
            "record_id,ca_seq,regimen_number,regimen_drugs,dx_reg_start_int,dx_reg_end_all_int\n"
            'G1,0,1,"Fluorouracil, Oxaliplatin",20,200\n'
        ),
        "imaging_level_dataset.csv": "record_id,image_ca,dx_scan_days,image_overall\nG1,Yes,100,Progressing\n",
    },
    "omop": {
        "person.csv": "person_id,gender_concept_id,year_of_birth\n1,8507,1955\n2,8532,1960\n",
        "condition_occurrence.csv": "person_id,condition_concept_id,condition_start_date\n1,4163261,2018-06-01\n",
        "death.csv": "person_id,death_date\n1,2020-06-01\n",
        "measurement.csv": (
            "person_id,measurement_concept_id,measurement_date,operator_concept_id,value_as_number,unit_concept_id\n"
            "1,3013603,2019-01-01,,12.5,8842\n1,3013603,2019-03-01,4171756,0.1,8842\n"
        ),
        "drug_exposure.csv": (
            "person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,drug_source_value\n"
            "2,0,2019-02-01,2019-05-01,enzalutamide 40 mg\n"
        ),
    },
    "fhir": {"bundle.json": json.dumps(FHIR, indent=1)},
    "gdc": {
        "clinical.json": json.dumps(GDC, indent=1),
        "clinical.tsv": (
            "case_submitter_id\tgender\tvital_status\tdays_to_death\tdays_to_last_follow_up\tajcc_pathologic_stage\n"
            "TCGA-XX-0002\tfemale\tAlive\t'--\t700\tStage III\nTCGA-XX-0003\tfemale\tNot Reported\t'--\t'--\t'--\n"
        ),
    },
    "redcap": {
        "export.csv": (
            "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,dx_date,psa_date,psa,drug___1,"
            "drug___2,tx_start,death_date,vital\n1,baseline_arm_1,,,1,2018-01-10,,,,,,,\n1,,psa,1,,,2019-01-01,12.5,,,,,\n"
            "1,,psa,2,,,2019-02-01,<0.1,,,,,\n1,,treatment,1,,,,,1,1,2019-01-02,,\n"
            "1,followup_arm_1,,,,,,,,,,2020-06-15,2\n2,baseline_arm_1,,,2,2018-05-10,,,,,,,1\n"
        ),
        "Study_DataDictionary.csv": (
            '"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels"\n'
            'sex,base,radio,Sex,"1, Male | 2, Female"\nvital,fu,radio,Vital status,"1, Alive | 2, Dead"\n'
            'drug,treatment,checkbox,Drugs,"1, Abiraterone | 2, Prednisone"\n'
        ),
    },
    "counts": {
        "counts.tsv": (
            "sample_id\tchrom\tpos\tref\talt\tref_count\talt_count\nS1\t12\t25398284\tC\tT\t70\t30\nS2\t12\t25398284\tC\tT\t90\t0\n"
        )
    },
    "panel": {"report.tsv": "样本编号\t基因\t氨基酸改变\t突变丰度\nS1\tKRAS\tp.G12D\t12.5%\nS1\tBRAF\t未检出\t\n"},
    "pyclone": {
        "P1.tsv": (
            "mutation_id\tsample_id\tref_counts\talt_counts\tmajor_cn\tminor_cn\tnormal_cn\ttumour_content\n"
            "m1\tA\t70\t30\t1\t1\t2\t0.8\nm1\tB\t60\t40\t1\t1\t2\t0.7\n"
        )
    },
}


def write(folder: Path) -> dict[str, str]:
    """Write a folder per format under `folder`; return its name -> the format."""
    for name, files in FILES.items():
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text, "utf-8")
    return {name: name for name in FILES}
