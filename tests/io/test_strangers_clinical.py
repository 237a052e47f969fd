"""Clinical inputs written from the guidelines' and formats' words alone: a kind each that was read wrongly or lost once."""

from __future__ import annotations

import json

import polars as pl
import pytest
import xlsxwriter

from oncourse.cohort import Cohort
from oncourse.io.aside import checked
from oncourse.io.clinical.phenopackets import read_phenopackets
from oncourse.io.hospital.workbook import read_workbook
from oncourse.io.structural.events import frames
from oncourse.study.lab_values import tidy_labs


def workbook(path, **sheets):
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                sheet.write_row(r, 0, row)
    tables, problems = checked(read_workbook(path))
    assert not [str(p) for p in problems if p.severity == "error"]
    return tables


def test_a_hospitals_workbook_of_many_spellings(tmp_path):
    """末次随访 was no date of last contact (three patients without follow-up), 72岁 and 心肌梗死 refused the study."""
    tables = workbook(
        tmp_path / "x.xlsx",
        患者=[
            ["住院号", "性别", "年龄", "诊断", "确诊日期", "末次随访", "生存状态", "死亡日期", "死亡原因"],
            ["A1", "男", "72岁", "前列腺癌", "2020年3月", "2022年6月1日", "存活", None, None],
            ["A2", "男", 68, "前列腺癌", "2020.05.12", "2021-08", "死亡", "2021年8月", "肿瘤进展"],
            ["A3", "男", 61, "前列腺癌", 44044, "2022-01-10", "死亡", "2022-01-10", "心肌梗死"],
            ["A4", "男", "66 岁", "前列腺癌", "2020-08-02", "2022-03-01", "死亡", "2022-03-01", "呼吸衰竭"],
            ["A5", "男", 66, "前列腺癌", "2020-08-02", "2022-03-01", "不详", None, None],
        ],
        不良反应=[["住院号", "开始日期", "不良反应", "分级"], ["A1", "2020-05-01", "乏力", "Ⅱ度"]],
    )
    follow = tables["follow_up"].select("last_contact_day", "is_dead", "death_day", "cause_of_death").rows()
    assert follow == [
        (822, False, None, None),
        (446, True, 461, "cancer"),
        (527, True, 527, "other"),
        (576, True, 576, "unknown"),
        (576, None, None, None),
    ]
    assert tables["patients"]["age_years"].to_list() == [72, 68, 61, 66, 66]
    assert tables["adverse_events"].select("start_day", "term", "grade").row(0) == (61, "乏力", 2)


@pytest.mark.parametrize(
    ("value", "unit", "read"),
    [
        ("3.2E2", "ng/mL", "3.2E2"),  # was 3.2
        ("1.5×10^3", None, "1.5e3"),
        ("45 mg/L", "ng/mL", "45 mg/L"),  # two units: no value; was 45 ng/mL
        ("45 ug/L", "ng/mL", "45"),
        ("12 H", "ng/mL", "12"),
    ],
)
def test_powers_of_ten_and_two_units_of_one_value(value, unit, read):
    labs = pl.DataFrame({"analyte": ["PSA"], "value": [value], "unit": [unit]}, schema_overrides={"unit": pl.String})
    assert tidy_labs(labs)["value"].to_list() == [read]


@pytest.mark.parametrize("name", ["P S A", "P.S.A", "tPSA", "TPSA(总)", "血清PSA", "总前列腺特异性抗原"])
def test_spellings_of_psa(name):
    assert tidy_labs(pl.DataFrame({"analyte": [name], "value": ["1"]}))["analyte"].to_list() == ["PSA"]


def test_the_frame_of_a_fusion_does_not_depend_on_the_order_of_a_set():
    """Words and meanings were listed twice, in an order of their own each time: in_frame became out_of_frame."""
    words = pl.Series(
        ["Protein Fusion: in frame (ABL1)", "out of frame {x}", "Frameshift", None] * 50 + ["in-frame event"]
    )
    expected = ["in_frame", "out_of_frame", "out_of_frame", None] * 50 + ["in_frame"]
    assert all(frames(words).to_list() == expected for _ in range(20))


def test_a_hospitals_table_of_operated_patients(tmp_path):
    """No day 0 but the operation, values in a column each, 2020年, 带瘤生存, sites of recurrence: it was refused."""
    tables = workbook(
        tmp_path / "x.xlsx",
        基本信息=[
            ["病案号", "性别", "病理诊断", "手术日期", "复发", "复发日期", "复发部位", "末次随访时间", "生存状态"],
            ["Z1", "男", "结肠腺癌", "2019-05-02", "是", "2020-05-01", "肝", "2021-06-01", "存活"],
            ["Z2", "女", "直肠癌", "2020-02-01", "否", None, None, "2022-01-30", "失访"],
            ["Z3", "女", "升结肠癌", "2020-03-01", "不详", None, None, "2021-03-30", "无瘤生存"],
            ["Z4", "男", "乙状结肠癌", "2019-03-01", "是", "2020年", "肺、吻合口", "2022-03-30", "带瘤生存"],
        ],
        化验=[
            ["病案号", "日期", "CEA(ng/mL)", "CA199"],
            ["Z1", "2019-04-12", "12.5", "30"],
            ["Z1", "2020-04-12", ">1000", "<2"],
        ],
    )
    follow = tables["follow_up"].select("last_contact_day", "is_dead", "recurrence_day", "recurrence_free_day").rows()
    assert follow == [
        (761, False, 365, None),
        (729, False, None, 729),
        (394, False, None, None),
        (1125, False, 488, None),
    ]
    assert tables["procedures"].select("day", "kind").unique().rows() == [(0, "primary_resection")]
    assert tables["lesions"].select("patient_id", "role", "site", "found_day").rows() == [
        ("Z1", "metastasis", "liver", 365),
        ("Z4", "metastasis", "lung", 488),
        ("Z4", "local_recurrence", "吻合口", 488),
    ]
    told = tables["labs"].sort("day", "analyte").select("day", "analyte", "value", "unit").rows()
    assert told == [
        (-20, "CA19-9", "30", None),
        (-20, "CEA", "12.5", "ng/mL"),
        (346, "CA19-9", "<2", None),
        (346, "CEA", ">1000", "ng/mL"),
    ]


def test_ordinary_medicines_start_no_line_of_therapy(make_study):
    """OMOP's drug_exposure holds all drugs: paracetamol on day 31 made abiraterone on day 35 the second line."""
    rows = [("paracetamol", 31), ("abiraterone acetate 250 MG Oral Tablet", 35), ("Norvasc", 200)]
    study = make_study(
        patients=[{"patient_id": "A"}],
        samples=[],
        calls=[],
        treatments=[{"patient_id": "A", "drugs": d, "start_day": day} for d, day in rows],
    )
    assert Cohort(study).lines.select("line", "start_day").rows() == [(1, 35)]


def test_the_first_disease_of_a_phenopacket_need_not_be_its_cancer(tmp_path):
    """A hypertension listed before the carcinoma was the patient's disease, and its onset day 0."""

    def at(years):
        return {"age": {"iso8601duration": f"P{years}Y"}}

    packet = {
        "id": "x",
        "subject": {"id": "P1", "sex": "MALE", "timeAtLastEncounter": at(70)},
        "diseases": [
            {"term": {"id": "MONDO:0005044", "label": "hypertensive disorder"}, "onset": at(50)},
            {"term": {"id": "NCIT:C4863", "label": "Prostate Carcinoma"}, "onset": at(68)},
        ],
        "metaData": {"created": "2024-01-01T00:00:00Z", "createdBy": "x", "phenopacketSchemaVersion": "2.0"},
    }
    (tmp_path / "x.json").write_text(json.dumps(packet))
    tables, _ = checked(read_phenopackets(tmp_path))
    assert tables["patients"].select("disease", "age_years").row(0) == ("Prostate Carcinoma", 68.0)
    assert tables["follow_up"]["last_contact_day"].to_list() == [730]
