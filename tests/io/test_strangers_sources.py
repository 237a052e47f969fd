"""Clinical sources written from their standards' words and public bug reports alone: a kind each that was wrong or lost."""

from __future__ import annotations

import json

import polars as pl
import pytest
import xlsxwriter

from oncourse.derive.status.variants import called_rows
from oncourse.io.aside import checked
from oncourse.io.carried import add_carried, write_carried
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.cdisc.adam import read_adam
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.io.clinical.fhir import read_fhir
from oncourse.io.clinical.gather import Gather, Source
from oncourse.io.clinical.gdc import read_gdc
from oncourse.io.clinical.omop import read_omop
from oncourse.io.clinical.redcap import is_redcap, read_redcap
from oncourse.io.export.cbioportal import export_cbioportal
from oncourse.io.hospital.workbook import read_workbook
from oncourse.io.reading import Reading
from oncourse.study.causes import cause_of_death
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem


def written(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def tables_of(reading):
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    return tables, [str(p) for p in (*reading.problems, *problems)]


@pytest.mark.parametrize(
    ("code", "cause"), [("C61", "cancer"), ("C18.9", "cancer"), ("I21.9", "other"), ("R99", "unknown")]
)
def test_an_icd_code_is_a_cause_of_death(code, cause):
    """OMOP, registries and death certificates give codes: C61 was "other", and the death no death of the cancer."""
    assert cause_of_death(code) == cause


def test_a_recurrence_is_no_day_0(tmp_path):
    """mCODE (shr-spec #45): a recurrence is a condition of its own. With an onset known to the month it became day 0."""
    who = {"subject": {"reference": "Patient/a"}, "code": {"text": "Prostate cancer"}, "resourceType": "Condition"}
    ended = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-treatment-termination-reason"
    rows = [
        {"resourceType": "Patient", "id": "a", "gender": "male"},
        who | {"onsetDateTime": "2019-11"},
        who | {"recordedDate": "2020-11-05", "clinicalStatus": {"coding": [{"code": "recurrence"}]}},
        who
        | {
            "resourceType": "Observation",
            "code": {"coding": [{"code": "21908-9"}]},
            "effectiveDateTime": "2019-12-01",
            "valueCodeableConcept": {"text": "Stage IVB"},
        },
        who
        | {
            "resourceType": "MedicationStatement",
            "medicationCodeableConcept": {"text": "enzalutamide"},
            "effectivePeriod": {"start": "2020-01-01", "end": "2020-06-01"},
            "extension": [{"url": ended, "valueCodeableConcept": {"text": "Treatment failure"}}],
        },
    ]
    (tmp_path / "all.ndjson").write_text("\n".join(json.dumps(r) for r in rows))
    tables, _ = tables_of(read_fhir(tmp_path))
    assert tables["patients"].select("index_date", "stage").rows() == [("2019-11-01", "Stage IVB")]
    assert tables["follow_up"]["recurrence_day"].to_list() == [370]
    assert tables["treatments"].select("drugs", "start_day", "stop_reason").rows() == [
        ("enzalutamide", 61, "progression")
    ]


def test_cancer_modifiers_of_omop_are_no_laboratory_values(tmp_path):
    """OHDSI/OncologyWG #310, #419: metastasis and stage are rows of measurement without a value; they were left out."""
    folder = written(
        tmp_path,
        person="person_id,gender_concept_id,year_of_birth\n1,8507,1950\n2,8507,1955\n",
        concept="concept_id,concept_name\n10,Malignant tumor of prostate\n20,Metastasis to bone\n21,AJCC/UICC Stage 4\n"
        "22,Metastatic Disease\n3013603,Prostate specific Ag [Mass/volume] in Serum or Plasma\n8,nanogram per milliliter\n",
        condition_occurrence="person_id,condition_concept_id,condition_start_date\n1,10,2020-01-01\n2,10,2020-01-01\n",
        measurement="person_id,measurement_concept_id,measurement_date,value_as_number,unit_concept_id\n"
        "1,20,2020-06-01,,\n1,21,2020-01-01,,\n1,3013603,2020-01-05,12.5,8\n",
        episode="episode_id,person_id,episode_concept_id,episode_start_date\n3,2,22,2020-05-01\n",
        death="person_id,death_date,cause_source_value\n1,2021-03-04,C61\n1,2021-03-01,C61\n",
    )
    tables, told = tables_of(read_omop(folder))
    assert tables["lesions"].select("patient_id", "site", "found_day").rows() == [("1", "bone", 152), ("2", None, 121)]
    assert tables["patients"]["stage"].to_list() == ["4", None]
    assert tables["labs"].select("analyte", "value").rows() == [("PSA", "12.5")]
    assert tables["follow_up"].filter(patient_id="1").select("death_day", "cause_of_death").rows() == [(425, "cancer")]
    assert any("died on several days" in t for t in told)


def test_the_timeline_dates_a_death_that_the_survival_columns_do_not(tmp_path):
    """cBioPortal/datahub #1262: deaths stand in the timeline of statuses; OS_MONTHS may be [Not Available]."""
    head = "PATIENT_ID\tOS_MONTHS\tOS_STATUS\n"
    (tmp_path / "data_clinical_patient.txt").write_text(
        head + "P1\t[Not Available]\t1:DECEASED\nP2\t20\t0:LIVING\nP3\t\t\n"
    )
    (tmp_path / "data_clinical_sample.txt").write_text("PATIENT_ID\tSAMPLE_ID\nP1\tA\nP2\tB\nP3\tC\n")
    status = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSTATUS\n"
    (tmp_path / "data_timeline_status.txt").write_text(
        status + "P1\t400\t\tSTATUS\tDECEASED\nP2\t500\t\tSTATUS\tDeceased\nP3\t90\t\tSTATUS\tAlive\n"
    )
    tables, told = tables_of(read_cbioportal(tmp_path))
    rows = (
        tables["follow_up"].sort("patient_id").select("patient_id", "last_contact_day", "is_dead", "death_day").rows()
    )
    assert rows == [("P1", 400, True, 400), ("P2", 609, False, None), ("P3", 90, False, None)]
    assert any("the timeline says that 1 patients are dead (first: P2), OS_STATUS alive" in t for t in told)


def test_sdtm_without_a_word_of_doses_says_nobody_untreated(tmp_path):
    """No EX, no RFXSTDTC, no SAFFL: treated was "no" for everybody. A symptomatic deterioration is told, clinically."""
    rs = "USUBJID,RSTESTCD,RSSTRESC,RSEVAL,RSDTC,VISIT\nA,SYMPTDTR,Y,INVESTIGATOR,2020-08-01,W26\n"
    rs += "A,TRGRESP,SD,INVESTIGATOR,2020-08-01,W26\n"
    reading = read_sdtm(written(tmp_path, dm="USUBJID,SEX,RFSTDTC\nA,M,2020-02-01\n", rs=rs))
    tables, _ = tables_of(reading)
    assert tables["patients"]["treated"].to_list() == [None]
    assert tables["follow_up"]["progression_day"].to_list() == [182]
    assert tables["assessments"].is_empty()
    why = reading.ledger.tables()["intake/rows"]["why"].to_list()
    assert "RSTESTCD TRGRESP is not read: responses are derived anew" in why


def test_redcap_codes_of_missing_data_boxes_and_dates(tmp_path):
    """REDCapTidieR #181, redcapAPI #296: mets____99 is the box of -99; UNK and -99 are no values; dates typed day first."""
    (tmp_path / "x_DataDictionary.csv").write_text(
        '"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels",'
        '"Text Validation Type OR Show Slider Number"\n'
        'record_id,b,text,Record,,\nsex,b,radio,Sex,"1, Male | 2, Female",\ndx_date,b,text,Date of diagnosis,,date_dmy\n'
        'mets,b,checkbox,Sites of metastasis,"1, Liver | -99, Unknown",\nlast_fu_date,b,text,Last follow-up,,date_dmy\n'
        'vital_status,b,radio,Vital status,"1, Alive | 2, Dead",\npsa_date,l,text,PSA date,,date_dmy\n'
        "psa,l,text,PSA (ng/mL),,\n"
    )
    (tmp_path / "x_DATA.csv").write_text(
        "record_id,redcap_event_name,redcap_repeat_instrument,sex,dx_date,mets___1,mets____99,vital_status,last_fu_date,"
        "psa_date,psa\n1,b,,1,03-04-2021,1,0,1,01-05-2022,,\n1,b,labs,,,,,,,13-04-2021,>1000\n1,b,labs,,,,,,,13-05-2021,-99\n"
        "2,b,,-99,05-02-2021,0,1,NI,03-03-2023,,\n"
    )
    reading = read_redcap(tmp_path)
    tables, _ = tables_of(reading)
    assert tables["patients"].select("sex", "index_date").rows() == [("male", "2021-04-03"), (None, "2021-02-05")]
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(393, False), (756, None)]
    assert tables["lesions"].select("patient_id", "site").rows() == [("1", "liver")]
    assert tables["labs"].select("day", "value").rows() == [(10, ">1000")]
    assert any("3 cells" in n and "code of missing data" in n for n in reading.notes)


def _book(path, **sheets):
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                sheet.write_row(r, 0, row)
    return read_workbook(path)


def test_a_hospitals_follow_up_holds_what_our_tables_hold_elsewhere(tmp_path):
    """失访 as a date, 转移部位 and OS(月) beside the follow-up, 3.1(正常): each refused the whole workbook."""
    reading = _book(
        tmp_path / "x.xlsx",
        基本信息=[
            ["登记号", "姓名", "性别", "确诊日期"],
            ["H1", "张三", "男", "2020-03-05"],
            ["H2", "李四", "女", "2020-06-12"],
        ],
        随访=[
            ["登记号", "末次随访时间", "生存状态", "是否复发", "复发时间", "转移部位", "OS(月)", "OS状态"],
            ["H1", "2023-05-01", "存活", "是", "2021-09-01", "肝、肺", "37.9", "0"],
            ["H2", "失访", "失访", "不详", "", "", "", ""],
        ],
        化疗=[["登记号", "方案", "开始日期", "结束日期"], ["H1", "XELOX×8", "2020-04-01", "2020-10-01"]],
        靶向治疗=[["登记号", "药物", "开始日期", "结束日期"], ["H1", "呋喹替尼", "2021-10-01", "至今"]],
        肿瘤标志物=[["登记号", "检查日期", "CEA(ng/ml)", "备注"], ["H1", "2020-02-28", "3.1(正常)", "溶血?"]],
    )
    tables, told = tables_of(reading)
    assert "姓名" not in tables["patients"].columns
    assert tables["follow_up"].select("patient_id", "recurrence_day").rows() == [("H1", 545)]
    assert tables["lesions"].select("site", "found_day").rows() == [("liver", 545), ("lung", 545)]
    assert tables["treatments"].select("drugs", "start_day", "stop_day").rows() == [
        ("XELOX×8", 27, 210),
        ("呋喹替尼", 575, None),
    ]
    assert tables["labs"].select("analyte", "value").rows() == [("CEA", "3.1")]
    assert tables["published_endpoints"].select("endpoint", "time_days", "is_event").rows() == [("OS", 1154, False)]
    assert any("备注: no column of labs; not read" in t for t in told)


def test_times_of_survival_alone_are_follow_up(tmp_path):
    """总生存期(月) with 是否死亡 and no date of last contact: nobody had a follow-up."""
    head = ["住院号", "性别", "无进展生存期(月)", "是否进展", "总生存期(月)", "是否死亡"]
    rows = [
        ["M1", "男", "10.5", "1", "20.3", "0"],
        ["M2", "男", "14", "否", "14", "死亡"],
        ["M3", "男", "", "", "", ""],
    ]
    tables, _ = tables_of(_book(tmp_path / "x.xlsx", 患者=[head, *rows]))
    assert tables["follow_up"].select(
        "patient_id", "last_contact_day", "is_dead", "progression_day", "progression_free_day"
    ).rows() == [("M1", 618, False, 320, None), ("M2", 426, True, None, 426)]
    assert tables["published_endpoints"].height == 4


def test_the_unit_of_a_time_stands_in_the_words_of_its_parameter(tmp_path):
    """ADaM IG: AVALU may be in PARAM alone. Without dates 4.6 (Months) were 5 days."""
    folder = written(
        tmp_path,
        adsl="USUBJID,SEX,RANDDT,DTHFL,LSTALVDT\nB,M,2020-01-02,N,2021-03-20\n",
        adtte="USUBJID,PARAMCD,PARAM,AVAL,CNSR\nB,TRPROGM,Time to progression (Months),4.6,0\n",
    )
    tables, _ = tables_of(read_adam(folder))
    assert tables["published_endpoints"]["time_days"].to_list() == [140]


def test_a_response_of_a_timeline_stands_under_many_names(tmp_path):
    """cBioPortal's IMAGING events name their columns freely: RECIST_RESPONSE was read by nobody."""
    (tmp_path / "data_clinical_patient.txt").write_text("PATIENT_ID\tOS_MONTHS\tOS_STATUS\nP1\t20\t0:LIVING\n")
    (tmp_path / "data_clinical_sample.txt").write_text("PATIENT_ID\tSAMPLE_ID\nP1\tA\n")
    head = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tRECIST_RESPONSE\n"
    (tmp_path / "data_timeline_imaging.txt").write_text(head + "P1\t80\t\tIMAGING\tStable Disease\n")
    tables, _ = tables_of(read_cbioportal(tmp_path))
    assert tables["assessments"].select("day", "overall").rows() == [(80, "SD")]


def test_redcap_labels_are_read_as_their_fields(tmp_path):
    """The export of labels, which messages ask for, has "Event Name" and "Sites of metastasis (choice=Liver)" as headers."""
    (tmp_path / "x_DATA_LABELS.csv").write_text(
        '"Record ID","Event Name","Repeat Instrument","Repeat Instance","Sex","Date of diagnosis","Vital status",'
        '"Date of last follow-up","PSA date","PSA (ng/mL)","Sites of metastasis (choice=Liver)"\n'
        "1,Baseline,,,Male,2021-04-13,Alive,2022-05-01,,,Checked\n1,Baseline,Labs,1,,,,,2021-04-20,12.1,\n"
    )
    assert is_redcap(tmp_path)
    tables, _ = tables_of(read_redcap(tmp_path))
    assert tables["patients"].select("sex", "index_date").rows() == [("male", "2021-04-13")]
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(383, False)]
    assert tables["labs"].select("day", "analyte", "value", "unit").rows() == [(7, "PSA", "12.1", "ng/ml")]
    assert tables["lesions"]["site"].to_list() == ["liver"]


def test_the_age_of_gdc_may_be_years_at_the_index(tmp_path):
    (tmp_path / "clinical.tsv").write_text(
        "case_submitter_id\tproject_id\tvital_status\tdays_to_death\tdays_to_last_follow_up\tage_at_index\n"
        "TCGA-A\tTCGA-COAD\tAlive\t'--\t500\t60\n"
    )
    assert tables_of(read_gdc(tmp_path))[0]["patients"]["age_years"].to_list() == [60.0]


def test_a_disposition_ends_the_exposure_that_is_left_open(tmp_path):
    """EXENDTC is empty where the last dose was not recorded; DS says when treatment was discontinued, and why."""
    written(
        tmp_path,
        dm="USUBJID,SEX,RFSTDTC,RFPENDTC\nA,M,2020-01-05,2021-01-05\n",
        ex="USUBJID,EXTRT,EXDOSE,EXSTDTC,EXENDTC\nA,ENZALUTAMIDE,160,2020-01-05,\n",
        ds="USUBJID,DSDECOD,DSCAT,DSSTDTC,EPOCH\nA,PROGRESSIVE DISEASE,DISPOSITION EVENT,2020-07-01,TREATMENT\n",
    )
    tables, _ = tables_of(read_sdtm(tmp_path))
    assert tables["treatments"].select("start_day", "stop_day", "stop_reason").rows() == [(0, 178, "progression")]


def test_intervals_of_days_come_back_from_a_cbioportal_folder(tmp_path, make_study):
    """The format has no place for "some day of 2019": the intervals lie beside it, and the death keeps its own."""
    study = make_study(
        patients=[{"patient_id": "A"}, {"patient_id": "B"}],
        samples=[],
        calls=[],
        follow_up=[
            {"patient_id": "A", "last_contact_day": 300, "is_dead": True, "death_day": 330, "death_earliest_day": 315}
            | {"death_latest_day": 345},
            {"patient_id": "B", "last_contact_day": 600, "is_dead": False, "recurrence_day": 250},
        ],
        partial_dates=[
            {
                "patient_id": p,
                "table": "follow_up",
                "column": c,
                "resolution": "month",
                "day": d,
                "earliest_day": d - 15,
            }
            | {"latest_day": d + 15}
            for p, c, d in (("A", "death_day", 330), ("B", "recurrence_day", 250))
        ],
    )
    export_cbioportal(study, tmp_path / "out", study_id="x", called=called_rows(study))
    reading = read_cbioportal(tmp_path / "out")
    add_carried(tmp_path / "out", reading)
    tables, _ = tables_of(reading)
    assert tables["partial_dates"].select("patient_id", "column", "day", "earliest_day", "latest_day").rows() == [
        ("A", "death_day", 330, 315, 345),
        ("B", "recurrence_day", 250, 235, 265),
    ]
    assert tables["follow_up"].sort("patient_id")["death_latest_day"].to_list() == [345, None]


def test_a_carried_table_takes_back_what_was_said_for_want_of_it_and_nothing_else(tmp_path):
    said = [
        Problem("assays", None, "targets", "panel", "no gene list"),
        Problem("assays", None, "targets", "other", "no gene list"),
        Problem("calls", 3, "targets", "panel", "about another table"),
    ]
    reading = Reading({}, StudyConfig(), problems=list(said))
    rows = pl.DataFrame({"assay_id": ["panel"], "chrom": ["1"], "start": [1], "end": [9]})
    write_carried({"target_regions": rows}, tmp_path)
    add_carried(tmp_path, reading)
    assert reading.problems == said[1:]
    assert reading.tables["target_regions"]["assay_id"].to_list() == ["panel"]


@pytest.mark.parametrize(("cells", "more"), [(["x"], ""), (["x", "1e999"], ", nor are 1 more")])
def test_a_number_that_is_none_is_told_with_how_many_more(cells, more):
    rows = [{"subjid": "A", "aval": "7"}, *({"subjid": "A", "aval": cell} for cell in cells)]
    source = Source("adlb", rows, ["subjid", "aval"])
    assert [source.number(row, "aval") for row in rows] == [7.0, *(None for _ in cells)]
    gathered = Gather("ADaM", "randomisation", rows={"patients": [{"patient_id": "A"}]}, sources=[source])
    assert [str(p.message) for p in gathered.finish().problems] == [f"'x' is no number{more}: not read."]
