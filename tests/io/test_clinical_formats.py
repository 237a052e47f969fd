"""Clinical formats of trials, registries and hospitals: one small realistic example of each, made up for this test."""

from __future__ import annotations

import json

import polars as pl
import pytest
from click.testing import CliRunner
from tests.studies import simulated

from oncourse.cli.import_ import import_
from oncourse.derive.status.variants import called_rows
from oncourse.errors import InputError
from oncourse.io import load_study
from oncourse.io.aside import checked
from oncourse.io.clinical.genie_bpc import read_genie_bpc
from oncourse.io.clinical.omop import read_omop
from oncourse.io.detect import FORMATS, detect, read_any
from oncourse.io.export.phenopackets import write_phenopackets
from oncourse.io.formats import CLINICAL
from oncourse.io.reports.mapping import read_mapped


def written(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return folder


def read(path):
    reading = read_any(path)
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    return tables, reading, problems


def rows(tables, name, *columns):
    return tables[name].select(*columns).rows()


def test_every_clinical_format_has_its_words():
    assert set(CLINICAL) <= set(FORMATS)
    assert all(one.words for one in CLINICAL.values())


@pytest.fixture
def adam(tmp_path):
    return written(
        tmp_path / "adam",
        adsl__csv=(
            "USUBJID,SEX,AGE,ARM,TRT01P,RANDDT,TRTSDT,TRTEDT,DTHDT,DTHCGR1,LSTALVDT,ITTFL\n"
            "S1,M,60,A,A,2019-01-08,2019-01-10,2019-06-10,,,2020-01-01,Y\n"
            "S2,F,70,B,B,2019-02-01,,,2019-08-20,PROGRESSIVE DISEASE,2019-08-20,Y\n"
            "S3,M,50,Screen Failure,,,,,,,,N\n"
        ),
        adtte__csv=(
            "USUBJID,PARAM,PARAMCD,AVAL,CNSR,STARTDT,ADT,EVNTDESC\n"
            "S1,Overall survival,OS,359,1,2019-01-08,2020-01-01,Alive\n"
            "S1,Progression-free survival,PFS,122,0,2019-01-08,2019-05-09,Progression\n"
            "S2,Overall survival,OS,201,0,2019-02-01,2019-08-20,Death\n"
            "S2,Progression-free survival,PFS,201,0,2019-02-01,2019-08-20,Death\n"
        ),
        adrs__csv=(
            "USUBJID,PARAMCD,AVALC,ADT,RSEVAL\nS1,OVRINV,PR,2019-03-10,INVESTIGATOR\nS1,BOR,PR,2019-03-10,INVESTIGATOR\n"
        ),
    )


def test_adam(adam):
    """Randomised and untreated is in; AVAL counts the first day; a PFS event that is a death is no progression."""
    assert detect(adam) == "adam"
    tables, reading, _ = read(adam)
    assert rows(tables, "patients", "patient_id", "index_date", "treated") == [
        ("S1", "2019-01-08", "yes"),
        ("S2", "2019-02-01", "no"),
    ]
    assert rows(
        tables, "follow_up", "last_contact_day", "is_dead", "death_day", "cause_of_death", "progression_day"
    ) == [
        (358, False, None, None, 121),
        (200, True, 200, "cancer", None),
    ]
    assert rows(tables, "published_endpoints", "patient_id", "endpoint", "time_days", "is_event") == [
        ("S1", "OS", 358, False),
        ("S1", "PFS", 121, True),
        ("S2", "OS", 200, True),
        ("S2", "PFS", 200, True),
    ]
    assert rows(tables, "assessments", "day", "overall", "evaluator") == [(61, "PR", "investigator")]
    left_out = reading.ledger.tables()["intake/rows"].filter(state="left out")
    assert left_out["first"].to_list() == ["S3"]  # a screen failure; the best response is kept with the patient
    assert tables["patients"]["bor_published"].to_list() == ["PR", None]


def test_adam_of_pharmaverse(shared_data):
    """pharmaverseadam: times of ADTTE are AVAL - 1 days from STARTDT; 254 of 306 subjects were no screen failure."""
    folder = shared_data("endpoints-pharmaverse") / "adam"
    tables, _, _ = read(folder)
    assert tables["patients"].height == 254
    times = pl.read_csv(folder / "adtte_onco.csv", infer_schema=False).filter(pl.col("PARAMCD") == "OS")
    ours = tables["published_endpoints"].filter(pl.col("endpoint") == "OS").sort("patient_id")
    theirs = times.sort("USUBJID").filter(pl.col("USUBJID").is_in(ours["patient_id"].implode()))
    assert ours["time_days"].to_list() == [int(v) - 1 for v in theirs["AVAL"]]
    assert ours["is_event"].to_list() == [v == "0" for v in theirs["CNSR"]]


def test_genie_bpc(tmp_path):
    folder = written(
        tmp_path / "bpc",
        cancer_level_dataset_index__csv=(
            "cohort,record_id,ca_seq,dob_ca_dx_days,naaccr_sex_code,tt_os_dx_days,os_dx_status\nCRC,G1,0,20000,2,900,1\n"
            "CRC,G1,2,21000,2,100,1\nCRC,G2,0,22000,1,400,0\n"
        ),
        regimen_cancer_level_dataset__csv=(
            "record_id,ca_seq,regimen_number,regimen_drugs,dx_reg_start_int,dx_reg_end_all_int,tt_pfs_i_and_m_g_days,"
            'pfs_i_and_m_g_status\nG1,0,1,"Fluorouracil, Oxaliplatin",20,200,150,1\nG1,2,1,Imatinib,30,50,,\n'
        ),
        cancer_panel_test_level_dataset__csv="record_id,cpt_genie_sample_id,dx_cpt_rep_days\nG1,G1-S1,300\nG1,G1-S2,500\n",
        imaging_level_dataset__csv=(
            "record_id,image_ca,dx_scan_days,image_overall\nG1,Yes,100,Progressing/Worsening/Enlarging\nG1,No,150,\n"
        ),
    )
    assert detect(folder) == "genie_bpc"
    tables, reading, _ = read(folder)
    assert rows(tables, "patients", "patient_id", "sex", "age_years") == [
        ("G1", "female", 54.76),
        ("G2", "male", 60.23),
    ]
    assert rows(tables, "follow_up", "last_contact_day", "is_dead", "entry_day") == [
        (900, True, 300),
        (400, False, None),
    ]
    assert rows(tables, "treatments", "drugs", "start_day", "stop_day") == [("fluorouracil;oxaliplatin", 20, 200)]
    assert rows(tables, "assessments", "day", "overall") == [(100, "PD")]
    assert ("G1", "PFS_I_AND_M_G", 150, "treatment") in rows(
        tables, "published_endpoints", "patient_id", "endpoint", "time_days", "anchor"
    )
    assert any("not RECIST" in note for note in reading.notes)


def test_omop(tmp_path):
    files = {
        "person__csv": "person_id,gender_concept_id,year_of_birth\n1,8507,1955\n2,8532,1960\n",
        "condition_occurrence__csv": "person_id,condition_concept_id,condition_start_date\n1,4163261,2018-06-01\n",
        "death__csv": "person_id,death_date\n1,2020-06-01\n",
        "measurement__csv": (
            "person_id,measurement_concept_id,measurement_date,operator_concept_id,value_as_number,unit_concept_id\n"
            "1,3013603,2019-01-01,,12.5,8842\n1,3013603,2019-03-01,4171756,0.1,8842\n"
        ),
        "drug_exposure__csv": (
            "person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,drug_source_value\n"
            "2,0,2019-02-01,2019-05-01,enzalutamide 40 mg\n"
        ),
        "episode__csv": (
            "episode_id,person_id,episode_concept_id,episode_start_date,episode_end_date,episode_number,"
            "episode_object_concept_id\n1,1,32531,2019-01-02,2019-06-02,1,40239056\n2,1,32949,2019-06-01,,1,0\n"
        ),
        "concept__csv": "concept_id,concept_name\n40239056,abiraterone\n",
    }
    folder = written(tmp_path / "omop", **files)
    assert detect(folder) == "omop"
    tables, reading, _ = read(folder)
    assert rows(tables, "patients", "patient_id", "sex", "index_date") == [
        ("1", "male", "2018-06-01"),
        ("2", "female", "2019-02-01"),
    ]
    assert rows(tables, "treatments", "patient_id", "drugs", "start_day") == [
        ("2", "enzalutamide 40 mg", 0),
        ("1", "abiraterone", 215),
    ]
    assert rows(tables, "labs", "analyte", "value", "unit") == [("PSA", "12.5", "ng/mL"), ("PSA", "<0.1", "ng/mL")]
    assert rows(tables, "follow_up", "patient_id", "death_day", "progression_day") == [
        ("1", 731, 365),
        ("2", None, None),
    ]
    assert any("no recorded diagnosis" in note for note in reading.notes)
    (folder / "concept.csv").unlink()
    _, reading, _ = read(folder)
    assert any("OMOP concept 40239056 has no name" in p.message for p in reading.problems)


def resource(kind, **fields):
    return {"resource": {"resourceType": kind, "subject": {"reference": "Patient/P1"}, **fields}}


def test_fhir_mcode(tmp_path):
    loinc = {"system": "http://loinc.org"}
    entries = [
        resource("Patient", id="P1", gender="male", birthDate="1955-03", deceasedDateTime="2020-06-10"),
        resource("Condition", id="C1", code={"text": "prostate cancer"}, onsetDateTime="2018-01-10"),
        resource(
            "Observation",
            id="O1",
            status="final",
            code={"coding": [{**loinc, "code": "2857-1"}]},
            effectiveDateTime="2019-01-01",
            valueQuantity={"value": 0.1, "comparator": "<", "unit": "ng/mL"},
        ),
        resource(
            "Observation",
            id="O2",
            status="final",
            code={"coding": [{**loinc, "code": "97509-4"}]},
            effectiveDateTime="2019-03-01",
            valueCodeableConcept={"text": "stable"},
        ),
        resource(
            "Observation",
            id="O3",
            status="final",
            code={"coding": [{**loinc, "code": "97509-4"}]},
            effectiveDateTime="2019-06-01",
            valueCodeableConcept={"coding": [{"code": "271299001"}]},
        ),
        resource(
            "MedicationAdministration",
            id="M1",
            status="completed",
            effectivePeriod={"start": "2019-01-02"},
            medicationReference={"reference": "Medication/M"},
        ),
        {"resource": {"resourceType": "Medication", "id": "M", "code": {"text": "Abiraterone"}}},
        resource("MedicationStatement", id="M2", status="entered-in-error", medicationCodeableConcept={"text": "x"}),
        resource("CarePlan", id="X"),
    ]
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert detect(path) == "fhir"
    tables, reading, _ = read(path)
    assert rows(tables, "patients", "sex", "age_years", "disease") == [("male", 63.0, "prostate cancer")]
    assert rows(tables, "labs", "day", "analyte", "value") == [(356, "PSA", "<0.1")]
    assert rows(tables, "treatments", "drugs", "start_day", "stop_day") == [("abiraterone", 357, None)]
    assert rows(tables, "follow_up", "death_day", "progression_day", "progression_free_day") == [(882, 507, 415)]
    assert any("CarePlan" in note for note in reading.notes)


def test_gdc(tmp_path):
    case = {
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
    flat = (
        "case_submitter_id\tgender\tvital_status\tdays_to_death\tdays_to_last_follow_up\tajcc_pathologic_stage\n"
        "TCGA-XX-0002\tfemale\tAlive\t'--\t700\tStage III\nTCGA-XX-0003\tfemale\tNot Reported\t'--\t'--\t'--\n"
    )
    folder = written(tmp_path / "gdc", clinical__json=json.dumps([case]), clinical__tsv=flat)
    assert detect(folder) == "gdc"
    tables, reading, _ = read(folder)
    assert rows(tables, "patients", "patient_id", "sex", "age_years") == [
        ("TCGA-XX-0001", "male", 60.0),
        ("TCGA-XX-0002", "female", None),
        ("TCGA-XX-0003", "female", None),
    ]
    assert rows(tables, "follow_up", "last_contact_day", "is_dead", "recurrence_day") == [
        (400, True, 200),
        (700, False, None),
    ]
    assert rows(tables, "treatments", "drugs", "start_day") == [("oxaliplatin", 30)]
    assert any("no day of death or last follow-up" in note for note in reading.notes)


REDCAP = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,dx_date,psa_date,psa,drug___1,drug___2,"
    "tx_start,death_date,vital\n1,baseline_arm_1,,,1,2018-01-10,,,,,,,\n1,,psa,1,,,2019-01-01,12.5,,,,,\n"
    "1,,psa,2,,,2019-02-01,<0.1,,,,,\n1,,treatment,1,,,,,1,1,2019-01-02,,\n1,followup_arm_1,,,,,,,,,,2020-06-15,2\n"
    "2,baseline_arm_1,,,2,2018-05-10,,,,,,,1\n"
)
DICTIONARY = (
    '"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels"\n'
    'sex,base,radio,Sex,"1, Male | 2, Female"\nvital,fu,radio,Vital status,"1, Alive | 2, Dead"\n'
    'drug,treatment,checkbox,Drugs,"1, Abiraterone | 2, Prednisone"\n'
)


def test_redcap_with_its_dictionary(tmp_path):
    folder = written(tmp_path / "r", export__csv=REDCAP, Study_DataDictionary__csv=DICTIONARY)
    assert detect(folder) == "redcap"
    tables, reading, _ = read(folder)
    assert rows(tables, "patients", "patient_id", "sex", "index_date") == [
        ("1", "male", "2018-01-10"),
        ("2", "female", "2018-05-10"),
    ]
    assert rows(tables, "labs", "day", "value") == [(356, "12.5"), (387, "<0.1")]
    assert rows(tables, "treatments", "drugs", "start_day") == [("abiraterone;prednisone", 357)]
    assert rows(tables, "follow_up", "patient_id", "is_dead", "death_day") == [("1", True, 887), ("2", False, None)]
    assert not reading.problems


def test_redcap_with_numbered_fields_in_place_of_repeats(tmp_path):
    """A project without repeating instruments: psa_1, psa_2, drug_1 ... were "no patient was found in it"."""
    export = (
        "record_id,sex,dx_date,psa_date_1,psa_1,psa_date_2,psa_2,drug_1,drug_start_1,drug_stop_1,drug_2,drug_start_2,"
        "last_contact,vital_status,baseline_complete\n1,Male,2018-01-10,2019-01-01,12.5,2019-02-01,<0.1,enzalutamide,"
        "2019-01-02,2019-05-01,docetaxel,2019-05-10,2020-06-15,Alive,2\n"
    )
    folder = written(tmp_path / "r", export__csv=export)
    assert detect(folder) == "redcap"
    tables, _, _ = read(folder)
    assert rows(tables, "labs", "day", "value") == [(356, "12.5"), (387, "<0.1")]
    treated = rows(tables, "treatments", "drugs", "start_day", "stop_day")
    assert treated == [("enzalutamide", 357, 476), ("docetaxel", 485, None)]
    assert rows(tables, "follow_up", "is_dead") == [(False,)]


def test_redcap_without_a_dictionary_guesses_no_code(tmp_path):
    folder = written(tmp_path / "r", export__csv=REDCAP)
    tables, reading, _ = read(folder)
    assert tables["patients"]["sex"].to_list() == [None, None]
    assert rows(tables, "follow_up", "patient_id", "is_dead") == [
        ("1", True),
        ("2", None),
    ]  # a date of death is a death
    assert {p.column for p in reading.problems} == {"sex", "vital", "drug___1"}
    assert tables["treatments"]["drugs"].to_list() == ["drug___1;drug___2"]


def test_phenopackets_come_back(tmp_path):
    """What `export --format phenopackets` can carry answers the same: people, follow-up, drugs, PSA, calls with
    counts."""
    study = simulated("mcrpc", 6)
    write_phenopackets(study, tmp_path / "p", called_rows(study))
    assert detect(tmp_path / "p") == "phenopackets"
    tables, _, _ = read(tmp_path / "p")

    def same(name, *columns, of=None):
        ours = (of if of is not None else study[name]).select(columns).unique().sort(columns)
        assert tables[name].select(columns).unique().sort(columns).rows() == ours.rows(), name

    same("patients", "patient_id", "sex")
    same("treatments", "patient_id", "drugs", "start_day", "stop_day")
    same("labs", "patient_id", "day", "analyte", "value")
    tumours = study["samples"].filter(pl.col("material").is_in(["tissue", "plasma"]))
    same("samples", "sample_id", "patient_id", "material", "day", of=tumours)
    same("calls", "sample_id", "variant_id", "alt_count", "depth", of=called_rows(study))
    follow = study["follow_up"].sort("patient_id")
    back = tables["follow_up"].sort("patient_id")
    assert back["is_dead"].to_list() == follow["is_dead"].to_list()
    assert ((back["last_contact_day"] - follow["last_contact_day"]).abs() <= 1).all()  # an age in days is rounded


CHINESE = (
    "样本编号\t患者\t基因\t染色体\t起始位置\t参考碱基\t突变碱基\t突变类型\t氨基酸改变\t突变丰度\t测序深度\t备注\n"
    "甲01-T\t甲01\tKRAS\tchr12\t25398284\tC\tT\t错义突变\tp.G12D\t30.1%\t900\t复核\n"
    "甲02-T\t甲02\tTP53\t\t\t\t\t错义突变\tp.R175H\t12%\t500\t\n甲03-T\t甲03\t\t\t\t\t\t\t\t\t\t\n"
)
MAPPING = """\
table: panel
build: GRCh37
columns: {sample_id: 样本编号, patient_id: 患者, gene: 基因, chrom: 染色体, pos: 起始位置, ref: 参考碱基, alt: 突变碱基,
  hgvs_p: 氨基酸改变, vaf: 突变丰度, depth: 测序深度, consequence: 突变类型}
values: {consequence: {错义突变: missense}}
constants: {material: tissue, origin: somatic}
"""


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_chinese_panel_report_by_a_mapping(tmp_path, encoding):
    """With a place the call has its usual id, without one gene and change; a row of neither is left out and named."""
    (tmp_path / "panel.txt").write_bytes(CHINESE.encode(encoding))
    (tmp_path / "map.yaml").write_text(MAPPING, "utf-8")
    reading = read_mapped(tmp_path / "panel.txt", tmp_path / "map.yaml")
    assert rows(reading.tables, "calls", "sample_id", "variant_id", "alt_count", "depth") == [
        ("甲01-T", "12:25398284:C:T", 271, 900),
        ("甲02-T", "TP53:p.R175H", 60, 500),
    ]
    assert rows(reading.tables, "variants", "gene", "hgvs_p", "consequence") == [
        ("KRAS", "p.G12D", "missense"),
        ("TP53", "p.R175H", "missense"),
    ]
    assert reading.config.genome_build == "GRCh37"
    # who is in no usable row was sequenced all the same: no gene counts as looked at in him
    assert reading.tables["samples"]["patient_id"].to_list() == ["甲01", "甲02", "甲03"]
    assert reading.tables["samples"]["assay_id"].to_list() == ["panel_1", "panel_1", "panel_none"]
    assert any("left out" in p.message for p in reading.problems)
    assert any("备注" in note for note in reading.notes)


def test_a_panel_report_whose_headers_are_known_needs_no_mapping(tmp_path):
    path = tmp_path / "panel.txt"
    path.write_bytes(CHINESE.encode("gb18030"))
    assert detect(path) == "panel"
    tables, _, _ = read(path)
    assert rows(tables, "samples", "sample_id", "patient_id") == [(f"甲{n}-T", f"甲{n}") for n in ("01", "02", "03")]
    assert set(tables["variants"]["consequence"]) == {"missense"}


def test_headers_the_vocabulary_knows_need_no_mapping_of_their_own(tmp_path):
    """A hospital's table of laboratory values: only the table is named."""
    text = "病人编号,检验项目,检验结果,单位,检查日期\nA,总PSA,12.5,ng/mL,2019-01-02\n"
    (tmp_path / "labs.csv").write_bytes(text.encode("gb18030"))
    (tmp_path / "map.yaml").write_text("table: labs\n")
    reading = read_mapped(tmp_path / "labs.csv", tmp_path / "map.yaml")
    assert rows(reading.tables, "labs", "patient_id", "analyte", "value", "date") == [
        ("A", "总PSA", "12.5", "2019-01-02")
    ]


def test_faults_of_a_mapping_are_told_together(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    (tmp_path / "map.yaml").write_text("table: labs\ncolum: {}\ncolumns: {analite: a, valu: b}\n")
    with pytest.raises(InputError) as error:
        read_mapped(tmp_path / "t.csv", tmp_path / "map.yaml")
    assert len(error.value.problems) == 3
    (tmp_path / "map.yaml").write_text("table: labs\ncolumns: {analyte: aa, value: b}\n")
    reading = read_mapped(tmp_path / "t.csv", tmp_path / "map.yaml")
    assert any("the column aa (for analyte) is not there" in p.message for p in reading.problems)


def test_one_file_of_visits_becomes_patients_treatments_and_values(tmp_path):
    """A trial's long table, one row a visit, the arm on each; times in years are moved once, not twice."""
    (tmp_path / "t.csv").write_text("id,arm,year,psa,t\nA1,0,0,10,1.5\nA1,0,0.1,5,1.5\nA2,1,0,8,2\nA2,1,0,8,2\n")
    (tmp_path / "map.yaml").write_text(
        "index: randomisation\nclocks: {labs: years, follow_up: years}\ngroup: arm\ntables:\n"
        "- {table: patients, columns: {patient_id: id, arm: arm}, values: {arm: {0: control, 1: new}}}\n"
        "- {table: treatments, columns: {patient_id: id}, constants: {drugs: docetaxel, start_day: 0}}\n"
        "- {table: follow_up, columns: {patient_id: id, last_contact_day: t}, constants: {is_dead: 'no'}}\n"
        "- {table: labs, columns: {patient_id: id, day: year, value: psa}, constants: {analyte: PSA, unit: ng/mL}}\n"
    )
    options = ["table", str(tmp_path / "t.csv"), str(tmp_path / "s"), "--mapping", str(tmp_path / "map.yaml")]
    done = CliRunner().invoke(import_, options)
    assert done.exit_code == 0, done.output
    study = load_study(tmp_path / "s")
    assert study["patients"].select("patient_id", "arm").rows() == [("A1", "control"), ("A2", "new")]
    assert study["treatments"].height == 2
    assert study["follow_up"]["last_contact_day"].to_list() == [548, 730] and study["labs"]["day"].max() == 37
    assert study.config.group == "arm" and not study.config.clocks


@pytest.mark.parametrize(
    ("reader", "file", "needs"),
    [
        (read_omop, "condition_occurrence.csv", "person"),
        (read_genie_bpc, "imaging_level_dataset.csv", "cancer_level_dataset_index"),
    ],
)
def test_a_folder_without_its_list_of_people_is_refused(tmp_path, reader, file, needs):
    """Found by `tools/fuzz.py`: the file was asked for by name and a KeyError came through."""
    (tmp_path / file).write_text("person_id,record_id\n1,1\n")
    with pytest.raises(InputError, match=f"holds no file {needs}.csv"):
        reader(tmp_path)
