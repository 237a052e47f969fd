"""Two workbooks as a department keeps them, sheet by sheet: what every sheet says is in the study, or told.

Written from the case-report forms of Chinese retrospective studies: stage III colon cancer with a later metastasis, and
castration-resistant prostate cancer. Every person is invented."""

from __future__ import annotations

import pytest
from tests.io.strangers import write_book, write_table

from oncourse.io.aside import checked
from oncourse.io.detect import read_any

COLON = {
    "基线信息": [
        ["结直肠癌术后转移队列（n=3）"],
        [
            "序号",
            "住院号",
            "姓名",
            "性别(男/女)",
            "出生年月",
            "手术日期",
            "TNM分期(AJCC8)",
            "术前CEA(ng/mL)",
            "MMR状态",
            "KRAS",
            "NRAS",
        ]
        + ["辅助化疗方案", "辅助化疗开始日期"],
        [1, "0012345", "甲", "男", "1958-03", "2019.5.6", "IIIB", 12.3, "pMMR", "G12D", "野生型", "XELOX", "2019.6.10"],
        [2, "0012346", "乙", "女", "1960-07", "2018/11/20", "IIIC", "<0.5", "dMMR", "野生型", "野生型", "未行", ""],
        [3, "0012347", "丙", "男", "1955-01", "20190301", "IIIB", 3.2, "未做", "未检测", "未检测", "", ""],
    ],
    "转移信息": [
        ["住院号", "首次转移日期", "转移部位", "转移灶手术日期"],
        ["0012345", "2020.8.1", "肝", "2020.9.1"],
        ["0012346", "2019/9/1", "腹膜、肝", ""],
    ],
    "一线治疗": [["住院号", "方案", "开始日期", "停药原因"], ["0012345", "FOLFIRI+贝伐珠单抗", "2020.10.1", "PD"]],
    "样本": [
        ["样本编号", "住院号", "样本类型", "取样日期"],
        ["T1", "0012345", "原发灶", "2019.5.6"],
        ["M1", "0012345", "肝转移灶", "2020.9.1"],
    ],
    "随访": [
        ["住院号", "末次随访日期", "生存状态", "死亡日期"],
        ["0012345", "2022.3.1", "死亡", "2022.3.1"],
        ["0012346", "2022/5/1", "CR，存活", ""],
        ["0012347", "2021-12-1", "失访", ""],
    ],
    "CEA动态": [["住院号", "检查日期", "CEA(ng/mL)", "CA199(U/mL)"], ["0012345", "2020.8.1", 55.2, 120]],
}
PROSTATE = {
    "患者": [
        [
            "研究编号",
            "姓名首字母",
            "出生日期",
            "初诊日期",
            "初诊PSA(ng/ml)",
            "临床分期",
            "末次随访日期",
            "生存状态(0存活1死亡)",
            "进展日期",
        ],
        ["C01", "ZS", "1950-01-01", "2017-03-01", 125.6, "cT3bN1M1b", "2021-05-01", 1, "2018-06-01"],
        ["C02", "LS", "1948-05-05", "2016-01-10", ">1000", "T4N1M1", "2021-06-01", 0, ""],
    ],
    "治疗": [
        ["研究编号", "线数", "药物", "开始日期"],
        ["C01", "mCRPC 1线", "阿比特龙 1000mg qd+泼尼松5mg bid", "2018-06-10"],
    ],
    "PSA": [["研究编号", "日期", "tPSA"], ["C01", "2018-06-01", 45.3], ["C01", "2019-01-01", "<0.008"]],
    "骨扫描": [["研究编号", "检查日期", "新发骨病灶数"], ["C01", "2018-06-05", 0], ["C01", "2019-08-01", 3]],
    "检测": [
        ["研究编号", "样本编号", "样本类型", "采样日期"],
        ["C01", "C01-B1", "血浆", "2018-06-05"],
        ["C01", "C01-L", "骨转移灶穿刺", "2018-06-20"],
        ["C02", "C02-B1", "血浆", "2017-09-25"],
    ],
    "变异": [
        ["样本编号", "基因", "变异", "丰度", "备注"],
        ["C01-B1", "BRCA2", "c.5946delT p.S1982Rfs*22", "48%", "胚系"],
        ["C01-L", "AR", "扩增", "CN=12", ""],
        ["C02-B1", "未检出", "", "", ""],
    ],
}


@pytest.fixture(scope="module")
def colon(tmp_path_factory):
    reading = read_any(write_book(tmp_path_factory.mktemp("c") / "x.xlsx", **COLON))
    tables, problems = checked(reading)
    return tables, [*(str(p) for p in (*reading.problems, *problems)), *reading.notes]


@pytest.fixture(scope="module")
def prostate(tmp_path_factory):
    reading = read_any(write_book(tmp_path_factory.mktemp("p") / "x.xlsx", **PROSTATE))
    tables, problems = checked(reading)
    return tables, [*(str(p) for p in (*reading.problems, *problems)), *reading.notes]


def test_a_sheet_of_one_row_each_is_more_of_the_patients(colon):
    """转移信息 was not read; the date of the recurrence, beside patients with a sheet of follow-up, was read by nobody;
    CR，存活 under 生存状态 refused the workbook."""
    tables, told = colon
    found = tables["follow_up"].select("patient_id", "is_dead", "death_day", "recurrence_day").rows()
    assert found == [("0012345", True, 1030, 453), ("0012346", False, None, 285), ("0012347", False, None, None)]
    assert tables["procedures"].select("patient_id", "kind", "day").sort("day", "patient_id").rows()[-1] == (
        "0012345",
        "metastasectomy",
        484,
    )
    assert any("the sheet 转移信息 holds more of the patients" in t for t in told)
    assert not any("甲" in t for t in told)


def test_the_patients_of_the_colon_book(colon):
    tables, _ = colon
    assert tables["patients"].select("sex", "age_years", "stage").rows() == [
        ("male", 61.2, "IIIB"),
        ("female", 58.4, "IIIC"),
        ("male", 64.2, "IIIB"),
    ]
    labs = tables["labs"].select("patient_id", "day", "analyte", "value").sort("patient_id", "day", "analyte").rows()
    assert labs == [
        ("0012345", 0, "CEA", "12.3"),
        ("0012345", 453, "CA19-9", "120"),
        ("0012345", 453, "CEA", "55.2"),
        ("0012346", 0, "CEA", "<0.5"),
        ("0012347", 0, "CEA", "3.2"),
    ]
    assert tables["treatments"].select("drugs", "line", "setting").rows() == [
        ("FOLFIRI+贝伐珠单抗", 1, None),
        ("XELOX", None, "adjuvant"),
    ]
    assert tables["markers"].filter(patient_id="0012347")["marker"].to_list() in ([], ["MMR"])


def test_the_prostate_book(prostate):
    """The sheet 检测 was taken for one of assays, its samples were patients of their own; 骨扫描 was not read; a germline
    variant by its remark was somatic."""
    tables, told = prostate
    assert tables["samples"].select("sample_id", "patient_id", "material").rows() == [
        ("C01-B1", "C01", "plasma"),
        ("C01-L", "C01", "tissue"),
        ("C02-B1", "C02", "plasma"),
    ]
    assert tables["patients"]["patient_id"].to_list() == ["C01", "C02"]
    assert sorted(tables["labs"].select("day", "value").rows()) == [
        (0, "125.6"),
        (0, ">1000"),
        (457, "45.3"),
        (671, "<0.008"),
    ]
    assert tables["assessments"]["new_bone_lesions"].to_list() == [0, 3]
    assert tables["calls"].select("variant_id", "origin").rows() == [("BRCA2:p.S1982Rfs*22", "germline")]
    assert tables["gene_copy_number"].select("gene", "call").rows() == [("AR", 2)]
    assert tables["follow_up"].select("is_dead", "progression_day").rows() == [(True, 457), (False, None)]
    assert tables["treatments"].select("line", "setting").rows() == [(1, "mCRPC")]
    assert any("姓名首字母 names people" in t for t in told)


TRIAL = {
    "Demographics": [
        ["Subject", "Sex", "Age", "Date of enrolment", "Stage"],
        ["101", "F", 55, "12-Mar-2020", "IV"],
        ["102", "M", 61, "03-Apr-2020", "IV"],
    ],
    "Subject status": [
        ["Subject", "Date of last contact", "Survival status", "Date of death"],
        ["101", "01-Mar-2021", "Dead", "01-Mar-2021"],
        ["102", "15-May-2021", "Alive", ""],
    ],
    "Treatment": [
        ["Subject", "Line", "Regimen", "Treatment period"],
        ["101", "1st line", "FOLFOX", "2020.3.15-2020.9.1"],
        ["", "2nd line", "FOLFIRI", "2020.10.1 - ongoing"],
        ["102", "1st line", "FOLFOX", "2020-04-06"],
    ],
    "Specimens": [
        ["Subject", "Sample ID", "Sample type", "MSI status", "MSI score", "TMB"],
        ["101", "S1", "tissue", "MSI-H", "35%", 42.1],
    ],
}


def test_a_trial_s_book(tmp_path):
    """A second sheet with a row per patient was refused as a second table of patients, periods and blocks that name their
    patient once were errors, an MSI score was a marker of microsatellites that nobody could tell."""
    tables, problems = checked(read_any(write_book(tmp_path / "x.xlsx", **TRIAL)))
    assert not [p for p in problems if p.severity == "error"]
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(354, True), (407, False)]
    assert tables["treatments"].select("patient_id", "start_day", "stop_day", "line").rows() == [
        ("101", 3, 173, 1),
        ("101", 203, None, 2),
        ("102", 3, None, 1),
    ]
    assert tables["samples"].select("msi_status", "msi_score", "tmb_per_mb").row(0) == ("MSI-H", 35.0, 42.1)


def test_survival_in_years(tmp_path):
    """OS(年) was read by nobody, and so was who is dead."""
    people = [["患者编号", "性别", "OS(年)", "OS状态"], ["P1", "男", 2.5, "死亡"], ["P2", "女", 3, "存活"]]
    tables, _ = checked(read_any(write_book(tmp_path / "x.xlsx", 患者=people)))
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(913, True), (1096, False)]
    reading = read_any(write_book(tmp_path / "y.xlsx", 患者=[["患者编号", "性别", "生存状态"], ["P1", "男", "死亡"]]))
    assert any("who is dead is said, and no date or time" in p.message for p in reading.problems)


MORE = {
    "患者": [
        ["患者编号", "诊断日期", "KRAS(原发灶)", "KRAS(转移灶)", "NRAS", "BRAF V600E(VE1)"]
        + ["化疗方案1", "化疗开始1", "化疗方案2", "化疗开始2"],
        ["P1", "2021-03-05", "野生型", "G12D", 0, "阳性", "XELOX", "2021-03-20", "FOLFIRI", "2021-09-20"],
        ["P2", "2021-03-05", "G12V", "G12V", 1, "阴性", "FOLFOX", "2021-03-20", "", ""],
    ],
    "随访": [
        ["患者编号", "末次随访(天)", "生存状态", "死亡天数(如适用)"],
        ["P1", 300, "存活", ""],
        ["P2", 200, "死亡", 200],
    ],
}


def test_results_of_lesions_and_numbered_regimens(tmp_path):
    """KRAS(转移灶) = G12D, a test named by its method and regimens with a number were columns that nobody read; codes of a
    gene that nothing explains are told; days of follow-up were an error."""
    reading = read_any(write_book(tmp_path / "x.xlsx", **MORE))
    tables, _ = checked(reading)
    markers = (
        tables["markers"]
        .select("patient_id", "marker", "value", "sample_id")
        .sort("patient_id", "marker", "value")
        .rows()
    )
    assert [m for m in markers if m[1] == "KRAS"] == [
        ("P1", "KRAS", "G12D", None),
        ("P1", "KRAS", "野生型", None),
        ("P2", "KRAS", "G12V", None),
    ]
    assert {m[:2] for m in markers} >= {("P1", "BRAF V600E"), ("P2", "BRAF V600E")} and "NRAS" not in {
        m[1] for m in markers
    }
    assert any("NRAS holds 0, 1, and nothing says which is mutated" in p.message for p in reading.problems)
    treatments = tables["treatments"].select("patient_id", "drugs", "start_day").sort("patient_id", "start_day").rows()
    assert treatments == [("P1", "XELOX", 15), ("P1", "FOLFIRI", 199), ("P2", "FOLFOX", 15)]
    assert "line" not in tables["treatments"].columns or tables["treatments"]["line"].is_null().all()
    found = tables["follow_up"].select("last_contact_day", "is_dead", "death_day").rows()
    assert found == [(300, False, None), (200, True, 200)]


TICKS = {
    "患者": [["患者编号", "性别", "诊断日期"], ["P1", "☑男 □女", "2021-3-5 星期五"], ["P2", "□男 √女", "2021-03-05"]],
    "随访": [["患者编号", "末次随访日期", "存活"], ["P1", "2022-01-10", "√"], ["P2", "2022-01-10", "×"]],
}


def test_boxes_that_are_ticked(tmp_path):
    """☑男 □女 refused the workbook; 存活 = √ was a column nobody read."""
    tables, _ = checked(read_any(write_book(tmp_path / "x.xlsx", **TICKS)))
    assert tables["patients"]["sex"].to_list() == ["male", "female"]
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(311, False), (311, True)]


def test_a_list_of_variants_with_places_in_chinese(tmp_path):
    """起始, 突变reads and 体系/胚系 were not read: no place, no reads, and BRCA2 of the germline was of no known origin."""
    text = "样本编号|基因|染色体|起始|REF|ALT|突变reads|总深度|体系/胚系\nS1|KRAS|12|25398284|C|T|120|800|胚系"
    tables, _ = checked(read_any(write_table(tmp_path / "r.csv", text, ",")))
    assert tables["calls"].select("variant_id", "alt_count", "depth", "origin").rows() == [
        ("12:25398284:C:T", 120, 800, "germline")
    ]


def test_what_is_a_slip_or_another_s_stays_an_error(tmp_path):
    """A row that names nobody is of the row above only where people are named once; a second sheet of patients holds more
    of the first's only where it names them."""
    people = [["患者编号", "性别", "诊断日期"], ["P1", "男", "2021-03-05"], ["P2", "女", "2021-03-05"]]
    rows = [["患者编号", "方案", "开始日期"], ["P1", "XELOX", "2021-03-20"], ["P1", "FOLFIRI", "2021-09-20"]]
    rows += [["", "FOLFOX", "2021-03-20"], ["P2", "FOLFOX", "2021-03-20"]]
    _, problems = checked(read_any(write_book(tmp_path / "x.xlsx", 患者=people, 治疗=rows)))
    assert any(p.column == "patient_id" and p.severity == "error" for p in problems)
    head = [*people[0], "末次随访日期"]
    first, second = ([head, [i, "男", "2021-03-05", "2022-01-10"]] for i in ("P1", "P3"))
    reading = read_any(write_book(tmp_path / "y.xlsx", 中心1=first, 中心2=second))
    assert any("patients is there twice" in p.message and p.severity == "error" for p in reading.problems)
