"""Columns of a stranger's mCRPC tables that were lost: headers written together, burden with its method, TMB and MSI.

Each of these inputs was read on 1 December 2026 without the column, or refused.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import write_book

from oncourse.cohort import Cohort
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.study.model import Study

_TABLES = {
    "patients": "patient_id,index_date\nP1,2022-01-01\nP2,2022-01-01\n",
    "follow_up": "patient_id,last_contact_date,is_dead\nP1,2023-12-31,false\nP2,2023-12-31,false\n",
    "samples": "sample_id,patient_id,material,role\nP1T,P1,tissue,metastasis\nP2T,P2,tissue,metastasis\n",
}


def _folder(folder, **tables):
    for file, text in {**_TABLES, **tables}.items():
        (folder / f"{file}.csv").write_text(text, "utf-8")
    reading = read_any(folder)
    typed, problems = checked(reading)
    assert not [p for p in [*reading.problems, *problems] if p.severity == "error"]
    return reading, typed


def test_headers_written_together_in_every_table(tmp_path):
    """MarkerName and MarkerValue became markers, Role and SampleSite were kept and used by nobody, TestUnit was not read."""
    _, tables = _folder(
        tmp_path,
        samples="SampleID,PatientID,Material,Role,DateOfSample,SampleSite\nP1T,P1,tissue,metastasis,2022-01-02,bone\n",
        treatments="PatientID,DrugName,StartDate,EndDate,LineNumber\nP1,abiraterone,2022-01-05,ongoing,1\n",
        labs="PatientID,TestName,TestDate,TestResult,TestUnit\nP1,PSA,2022-02-01,12,ng/mL\n",
        assessments="patientId,assessmentDate,scanType,overallResponse,boneScanNewLesions\nP1,2022-03-01,bone scan,SD,2\n",
        markers="PatientID,MarkerName,TestDate,MarkerValue\nP1,AR-V7,2022-02-02,positive\n",
        procedures="PatientID,ProcedureName,ProcedureDate\nP1,radical prostatectomy,2022-02-02\n",
        target_lesions="PatientId,LesionId,AssessmentDate,LongestDiameter\nP1,L1,2022-02-01,12\n",
    )
    assert tables["samples"].select("sample_id", "patient_id", "day").rows() == [("P1T", "P1", 1)]
    assert tables["lesions"].select("role", "site").rows() == [("metastasis", "bone")]
    assert tables["treatments"].select("drugs", "start_day", "stop_day", "line").row(0)[1:] == (4, None, 1)
    assert tables["labs"].select("analyte", "day", "value", "unit").rows() == [("PSA", 31, "12", "ng/mL")]
    assert tables["assessments"].select("method", "new_bone_lesions").rows() == [("bone_scan", 2)]
    assert tables["markers"].select("marker", "value", "day").rows() == [("AR-V7", "positive", 32)]
    assert tables["procedures"]["day"].to_list() == [32]
    assert tables["target_lesions"].select("diameter", "unit").rows() == [(12.0, "mm")]


def test_the_day_and_method_of_a_marker_are_no_result_of_it(tmp_path):
    """AR-V7检测日期 was a second result of AR-V7, 2022-01-03."""
    patients = (
        "patient_id,index_date,AR-V7,AR-V7检测日期,MSI方法\nP1,2022-01-01,阳性,2022-01-03,PCR\nP2,2022-01-01,,,\n"
    )
    _, tables = _folder(tmp_path, patients=patients)
    assert tables["markers"].select("patient_id", "marker", "value").rows() == [("P1", "AR-V7", "positive")]


_BURDENS = [
    "TMB (WES)",
    "TMB（组织，NGS）",
    "组织TMB(Muts/Mb)",
    "肿瘤突变负荷(个/Mb)",
    "Tumor mutational burden",
    "TMB (mut/Mb)",
]


def _tmb(reading, typed):
    facts = Cohort(Study(reading.config, typed)).study["samples"]
    return dict(facts.select("sample_id", "tmb_per_mb").iter_rows())


@pytest.mark.parametrize("name", _BURDENS)
@pytest.mark.parametrize("place", ["samples", "patients", "markers"])
def test_the_burden_is_read_wherever_it_stands(tmp_path, name, place):
    """TMB as a marker or beside the patient: "TMB not assessed"; with its method an unknown column."""
    if place == "markers":
        tables = {"markers": f"patient_id,marker,value\nP1,{name},42.5\nP2,{name},3 muts/Mb\n"}
    else:
        head, *lines = _TABLES[place].strip().split("\n")
        text = "\n".join([f"{head},{name}", *(f"{a},{b}" for a, b in zip(lines, ["42.5", "3"], strict=True))])
        tables = {place: text}
    assert _tmb(*_folder(tmp_path, **tables)) == {"P1T": 42.5, "P2T": 3.0}


@pytest.mark.parametrize("name", ["血液TMB", "bTMB", "TMB (plasma)", "TMB percentile"])
def test_the_burden_of_blood_is_none_of_tissue(tmp_path, name):
    head, *lines = _TABLES["samples"].strip().split("\n")
    reading, typed = _folder(tmp_path, samples="\n".join([f"{head},{name}", *(f"{a},42.5" for a in lines)]))
    assert set(_tmb(reading, typed).values()) == {None}


def test_a_burden_of_a_patient_with_two_tumour_samples_is_of_none_and_told(tmp_path):
    samples = _TABLES["samples"] + "P1M,P1,tissue,metastasis\n"
    markers = "patient_id,marker,value\nP1,TMB,42.5\nP2,TMB,3\n"
    reading, typed = _folder(tmp_path, samples=samples, markers=markers)
    assert _tmb(reading, typed) == {"P1T": None, "P1M": None, "P2T": 3.0}
    assert [p.message for p in reading.problems if p.column == "tmb_per_mb"] == [
        "the burden of 1 patients names none of their samples (first: P1): not read."
    ]


_PEOPLE = [["患者编号", "确诊日期"], ["P01", "2022-01-01"], ["P02", "2022-01-01"]]
_SAMPLES = [["样本编号", "患者编号", "样本类型", "取样部位"], ["P01T", "P01", "FFPE组织", "骨转移"]]
_SAMPLES += [["P02T", "P02", "FFPE组织", "肝转移"]]


def _book(folder, **sheets):
    reading = read_any(write_book(folder / "r.xlsx", **{"患者信息": _PEOPLE, "样本信息": _SAMPLES, **sheets}))
    return reading, checked(reading)[0]


@pytest.mark.parametrize("ids", [["样本编号", "P01T", "P02T"], ["患者编号", "P01", "P02"]])
def test_a_sheet_of_tmb_and_msi_is_of_its_samples(tmp_path, ids):
    """The sheet TMB_MSI was not read: MSI-H was lost."""
    rows = [[ids[0], "TMB(个/Mb)", "MSI状态"], [ids[1], "42.5", "MSI-H"], [ids[2], "3", "MSS"]]
    reading, typed = _book(tmp_path, TMB_MSI=rows)
    assert _tmb(reading, typed) == {"P01T": 42.5, "P02T": 3.0}
    found = Cohort(Study(reading.config, typed)).patient_statuses.filter(status="MSI-H/dMMR")
    assert dict(found.select("patient_id", "state").iter_rows()) == {"P01": "positive", "P02": "negative"}


def test_a_sheet_of_samples_that_says_another_thing_is_told(tmp_path):
    samples = [[*_SAMPLES[0], "微卫星状态"], [*_SAMPLES[1], "MSS"], [*_SAMPLES[2], None]]
    rows = [["样本编号", "MSI状态"], ["P01T", "MSI-H"], ["P02T", "MSI-H"], ["P09T", "MSS"]]
    reading, typed = _book(tmp_path, 样本信息=samples, TMB_MSI=rows)
    assert dict(typed["samples"].select("sample_id", "msi_status").iter_rows()) == {"P01T": "MSS", "P02T": "MSI-H"}
    told = [p.message for p in reading.problems if p.value == "TMB_MSI"]
    assert told == [
        "the sheet TMB_MSI: msi_status differ from what the samples say: those of the samples are used.",
        "the sheet TMB_MSI: 1 rows are of no sample listed: not read.",
    ]


@pytest.mark.parametrize(
    "method", ["骨扫描", "全身骨显像", "ECT", "Bone scan", "bone scintigraphy", "99mTc-MDP骨显像", None]
)
def test_bone_scans_by_their_everyday_names(tmp_path, method):
    """The number of new lesions was not read, and a method 骨扫描 was no bone scan, so that its lesions counted nowhere."""
    rows = [
        ["患者编号", "检查日期", "检查方式", "骨扫描新发病灶数", "疗效评价"],
        ["P01", "2022-03-01", method, "3", "PD"],
    ]
    rows += [["P02", "2022-03-01", "CT", None, "SD"]]
    _, typed = _book(tmp_path, 影像评估=rows)
    found = typed["assessments"].select("method", "new_bone_lesions", "overall").rows()
    assert found == [("bone_scan", 3, "PD"), ("CT", None, "SD")]


def test_new_lesions_of_bone_beside_those_of_soft_tissue_without_a_method_are_told(tmp_path):
    """As a bone scan the row would lose its new lesions of soft tissue."""
    rows = [["患者编号", "检查日期", "新病灶", "骨扫描新发病灶数"], ["P01", "2022-03-01", "有", "0"]]
    reading, typed = _book(tmp_path, 影像评估=rows)
    assert typed["assessments"].select("method", "new_lesions").rows() == [(None, "yes")]
    assert [p.message for p in reading.problems if p.column == "new_bone_lesions"] == [
        "1 rows tell new lesions of bone beside others, and no method: those of bone do not count."
    ]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("OS(月),是否死亡", ["20,否", "17,是"]),
        ("生存时间(月),生存状态", ["20,存活", "17,死亡"]),
        ("OS(天),是否死亡,死因", ["609,否,", "517,是,前列腺癌"]),
        ("os_months,os_status", ["20,0", "17,1"]),
        ("OS(年),是否死亡", ["1.667,否", "1.4166,是"]),
    ],
)
def test_a_table_of_follow_up_with_times_and_no_date(tmp_path, header, rows):
    """ "times without a status: not read", and "required column is missing", with the status beside the times."""
    lines = [f"patient_id,{header}", *(f"{p},{row}" for p, row in zip(("P1", "P2"), rows, strict=True))]
    _, typed = _folder(tmp_path, follow_up="\n".join(lines) + "\n")
    found = typed["follow_up"].select("patient_id", "last_contact_day", "is_dead", "death_day").rows()
    assert found == [("P1", 609, False, None), ("P2", 517, True, 517)]
