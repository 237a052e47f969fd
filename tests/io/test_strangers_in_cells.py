"""What stands in cells and headers of hospitals' sheets where another has a column: a time, a history, several results, a
remark, a person's second number. Written from the usage of Chinese hospitals and trial offices; one workbook each for many
cases."""

from __future__ import annotations

import datetime as dt
import doctest

import pytest
import xlsxwriter
from tests.io.strangers import states_of, write_book, write_table

from oncourse.io.aside import checked
from oncourse.io.clinical import (
    gene_columns,
    own_dates,
    own_history,
    own_imaging,
    own_people,
    own_survival,
    own_timed,
    own_visits,
)
from oncourse.io.clinical.own_vital import life_of
from oncourse.io.detect import read_any
from oncourse.io.hospital import code_book, whose_sheets
from oncourse.io.tabular import marks, remarks

DAY_0, SEEN = "2021-03-05", "2022-01-10"


@pytest.mark.parametrize(
    "module",
    [gene_columns, marks, own_dates, own_history, own_imaging, own_people, own_survival, own_timed, own_visits, remarks]
    + [code_book, whose_sheets],
)
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def _told(reading):
    tables, problems = checked(reading)
    return tables, [*(str(p) for p in (*reading.problems, *problems)), *reading.notes]


PEOPLE = [
    [
        "住院号",
        "姓名",
        "性别",
        "年龄",
        "手术日期",
        "诊断日期",
        "术后1月CEA(ng/ml)",
        "基线PSA",
        "PSA 3 months",
        "CEA治疗后2周期",
    ],
    ["P1", "甲", "男", "63岁", "2021-03-15", DAY_0, 5.5, ">1000", 4.5, 7],
    ["P2", "乙", "男", "未知", "2021-03-20（外院）", "约2021年3月5日", "<0.5", 80, "", ""],
    ["P3", "甲", "男", 61, "2021-09-20", "2021-09-10", "", "", "", ""],
    ["合计：3例"],
]
SHEETS = {
    "随访": [
        ["住院号", "末次随访日期", "随访结果", "CEA"],
        ["P1", SEEN, "存活，带瘤", 3.1],
        ["P2", SEEN, "拒访", ""],
        ["P3", SEEN, "电话未接", ""],
    ],
    "治疗": [
        ["结直肠癌治疗登记"],
        ["序号", "住院号", "方案", "开始日期"],
        [1, "P1", "未化疗", "2021-03-20"],
        [2, "P2", "拒绝治疗", "2021-03-20"],
        ["注：按RECIST评价"],
        ["合计", 2],
    ],
    "影像": [
        ["住院号", "检查日期", "非靶病灶", "新病灶", "疗效评价"],
        ["P1", SEEN, "非CR/非PD", "有（肝）", "PD"],
    ],
    "靶病灶": [["住院号", "病灶", "2021-03-05", "2021-06-05"], ["P1", "T1", 32, "<5"], ["P1", "T2", 20, "消失"]],
    "PSA监测": [["住院号", "2021-04-05", "2021-05-05"], ["P1", 30, "<0.01"], ["P2", 9, ""]],
}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return _told(read_any(write_book(tmp_path_factory.mktemp("h") / "x.xlsx", 患者=PEOPLE, **SHEETS)))


def test_a_sum_below_the_patients_is_nobody(hospital):
    """合计：3例 was a fourth patient; 未知 for an age refused the workbook."""
    tables, _ = hospital
    assert tables["patients"].select("patient_id", "age_years").rows() == [("P1", 63.0), ("P2", None), ("P3", 61.0)]


def test_values_are_of_the_time_in_their_header(hospital):
    """They were columns kept beside the patients, or an error of the sheet; of visits not read."""
    tables, told = hospital
    labs = tables["labs"].select("patient_id", "day", "analyte", "value").rows()
    assert sorted(labs) == sorted(
        [
            ("P1", 40, "CEA", "5.5"),
            ("P2", 45, "CEA", "<0.5"),
            ("P1", 0, "PSA", ">1000"),
            ("P2", 0, "PSA", "80"),
            ("P1", 91, "PSA", "4.5"),
            ("P1", 311, "CEA", "3.1"),
            ("P1", 31, "PSA", "30"),
            ("P1", 61, "PSA", "<0.01"),
            ("P2", 31, "PSA", "9"),
        ]
    )
    assert any("read at the time that the header says" in t for t in told)
    assert any("CEA治疗后2周期: values whose time cannot be placed" in t for t in told)


def test_a_person_with_two_numbers_is_told(hospital):
    """A second stay in hospital made one person two patients, and his name was left out without a word; no name is told."""
    _, told = hospital
    assert [t for t in told if "have several ids by 姓名 and sex (first: P1, P3)" in t]
    assert not any("甲" in t for t in told)


def test_a_status_with_words_beside_it_is_read_and_the_rest_told(hospital):
    """One word that says neither kept the whole column of 随访结果 from being read: nobody was known to live."""
    tables, told = hospital
    assert tables["follow_up"]["is_dead"].to_list() == [False, False, None]
    assert any("电话未接 under 随访结果 say neither dead nor alive" in t for t in told)


@pytest.mark.parametrize(
    ("word", "dead"),
    [
        ("死亡（心梗）", "true"),
        ("2022年3月死于肿瘤", "true"),
        ("截尾", "false"),
        ("censored", "false"),
        ("存活；死亡", None),
        ("濒死", None),
        ("可能死亡", None),
    ],
)
def test_words_of_a_status(word, dead):
    assert life_of(word) == dead


def test_no_treatment_is_no_drug(hospital):
    """拒绝治疗 was an unknown drug; 注 and 合计 in the column of numbers made errors of the sheet."""
    tables, told = hospital
    assert "treatments" not in tables or tables["treatments"].is_empty()  # who refused is on no line of therapy
    assert not any("no known drug" in t for t in told)


def test_imaging_in_the_words_of_a_hospital(hospital):
    """有（肝）, <5 and 消失 refused the workbook, non-target lesions and lesions with a column per scan were not read."""
    tables, told = hospital
    assert tables["assessments"].select("non_target", "new_lesions").rows() == [("NON-CR/NON-PD", "yes")]
    lesions = tables["target_lesions"].select("lesion_id", "day", "diameter", "status").sort("lesion_id", "day").rows()
    assert lesions == [
        ("T1", 0, 32.0, None),
        ("T1", 92, None, "too_small"),
        ("T2", 0, 20.0, None),
        ("T2", 92, None, "absent"),
    ]
    assert any("say no unit: taken as mm" in t for t in told)


def test_remarks_beside_dates_are_told(hospital):
    _, told = hospital
    assert any("1 dates have a remark beside them (first: '约2021年3月5日')" in t for t in told)


HISTORY = [
    ["患者编号", "诊断日期", "治疗史", "PSA变化"],
    ["P1", "2019-02-01", "2019.3.1 FOLFOX×8；2020.1 FOLFIRI+贝伐 PD", "2021-03-05: 120; 2021-04-05: 30"],
    ["P2", "2018-01-01", "ADT 2018-2020, abiraterone since 2020-05", "120→30"],
    ["P3", "2019-02-01", "2019年3月5日行右半结肠切除术，2019.4-10月 XELOX 8周期", ""],
    ["P4", "2019-02-01", "2019.3 某药；2020.1 FOLFIRI", ""],
    ["P5", "2019-02-01", "无", ""],
]


def test_a_history_in_one_cell_is_rows_of_treatments_or_told(tmp_path):
    """It was kept as a column and read by nobody. A cell with a part that is not understood is not read: its lines would be
    numbered wrong."""
    tables, told = _told(read_any(write_book(tmp_path / "x.xlsx", 患者=HISTORY)))
    found = tables["treatments"].select("patient_id", "drugs", "start_day", "stop_reason").rows()
    assert found == [
        ("P1", "FOLFOX", 28, None),
        ("P1", "FOLFIRI+贝伐", 334, "progression"),
        ("P2", "ADT", 0, None),
        ("P2", "abiraterone", 851, None),
        ("P3", "XELOX", 59, None),
    ]
    assert any("治疗史 of 1 patients (first: P4) is not understood as a whole" in t for t in told)
    assert any(
        "1 parts are operations, findings or remarks, not read (2019年3月5日行右半结肠切除术)" in t for t in told
    )
    assert tables["labs"].select("patient_id", "day", "value").rows() == [("P1", 763, "120"), ("P1", 794, "30")]
    assert any("PSA变化 of 1 patients (first: P2) holds no dates" in t for t in told)


def test_numbers_above_12_say_which_part_is_the_day(tmp_path):
    """Every such date was refused. Columns without one follow the others; where the sheets contradict each other none is
    read."""
    people = [["Patient ID", "Date of diagnosis"], ["P1", "05/03/2021"], ["P2", "25/12/2020"]]
    seen = [["Patient ID", "Last follow-up", "Status"], ["P1", "10/01/2022", "alive"], ["P2", "11/02/2021", "alive"]]
    tables, told = _told(read_any(write_book(tmp_path / "x.xlsx", Patients=people, Survival=seen)))
    assert tables["follow_up"]["last_contact_day"].to_list() == [311, 48]
    assert any("the day stands first" in t for t in told)
    people[1][1] = "05/13/2021"
    _, told = _told(read_any(write_book(tmp_path / "y.xlsx", Patients=people, Survival=seen)))
    assert any("'25/12/2020' is not a date" in t for t in told)


def test_dates_that_a_spreadsheet_may_have_turned_are_told(tmp_path):
    """Of dates with the day first a spreadsheet makes dates of those up to 12, with day and month exchanged."""
    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx")) as book:
        sheet, form = book.add_worksheet("Patients"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["Patient ID", "Sex", "Date of diagnosis"])
        for at, day in enumerate((dt.datetime(2021, 5, 3), dt.datetime(2021, 12, 1), dt.datetime(2021, 7, 9)), 1):
            sheet.write_row(at, 0, [f"P{at}", "M"])
            sheet.write_datetime(at, 2, day, form)
        sheet.write_row(4, 0, ["P4", "M", "25/12/2020"])
    _, told = _told(read_any(tmp_path / "x.xlsx"))
    assert any("it may have read these with day and month exchanged" in t for t in told)


def test_comments_colours_and_text_struck_out_are_told(tmp_path):
    """A comment "已死亡" beside 存活, and a row struck out, were passed over."""
    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx")) as book:
        sheet = book.add_worksheet("患者")
        rows = [["患者编号", "性别", "诊断日期", "生存状态", "末次随访日期"]]
        rows += [[f"P{i}", "男", DAY_0, "存活", SEEN] for i in range(1, 6)]
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
        sheet.write_comment("D2", "2022-03 已死亡")
        sheet.write(3, 0, "P3", book.add_format({"font_strikeout": True}))
        sheet.write(4, 3, "存活", book.add_format({"bg_color": "#FF0000"}))
    told = [p.message for p in read_any(tmp_path / "x.xlsx").problems]
    for cell, words in (("D2", "have a comment"), ("A4", "are struck out"), ("D5", "are coloured")):
        assert any(f"1 cells {words}" in t and f"({cell})" in t for t in told)


RESULTS = [
    ("KRAS and NRAS wild type", "", "negative"),
    ("RAS全野生型", "", "negative"),
    ("KRAS wt, NRAS mut", "", "positive"),
    ("KRAS wild-type; NRAS not done", "", "not_assessable"),
    ("WT", "-", "not_assessable"),
    ("WT", "wt", "negative"),
    ("-", "-", "not_assessable"),
    ("—", "wt", "not_assessable"),
]


def test_a_cell_of_genes_that_names_others_and_one_that_is_not_filled_in(tmp_path):
    """A dash in a column of RAS was RAS wild type; "KRAS wt, NRAS mut" and "NRAS not done" were dropped without a word."""
    people = [["患者编号", "诊断日期", "KRAS", "NRAS"]]
    people += [[f"P{i}", DAY_0, k, n] for i, (k, n, _) in enumerate(RESULTS)]
    samples = [["样本编号", "患者编号", "样本类型"], *([f"S{i}", f"P{i}", "组织"] for i in range(len(RESULTS)))]
    reading = read_any(write_book(tmp_path / "x.xlsx", 患者=people, 样本=samples))
    assert list(states_of(reading, "RAS").values()) == [state for *_, state in RESULTS]


@pytest.mark.parametrize(("words", "ras"), [(("突变", "-", "/"), "not_assessable"), (("+", "-", "-"), "negative")])
def test_a_dash_is_a_sign_only_beside_a_plus(tmp_path, words, ras):
    """A dash of a table of markers was RAS wild type."""
    rows = [["患者编号", "样本编号", "标志物", "结果"], *([f"P{i}", f"S{i}", "RAS", w] for i, w in enumerate(words))]
    people = [["患者编号", "诊断日期"], *([f"P{i}", DAY_0] for i in range(3))]
    samples = [["样本编号", "患者编号", "样本类型"], *([f"S{i}", f"P{i}", "组织"] for i in range(3))]
    reading = read_any(write_book(tmp_path / "x.xlsx", 患者=people, 样本=samples, 标志物=rows))
    assert [states_of(reading, "RAS")[s] for s in ("S0", "S1")] == ["positive", ras]


def test_stains_in_one_cell_are_markers(tmp_path):
    """MLH1(-),PMS2(-) under 免疫组化 was an unknown column."""
    samples = [
        ["样本编号", "患者编号", "样本类型", "免疫组化"],
        ["S1", "P1", "组织", "MLH1(-)，PMS2（-），MSH2(+)，MSH6(+)，Ki-67(60%)"],
    ]
    samples += [
        ["S2", "P2", "组织", "MLH1(+),MSH2(+),MSH6(+),PMS2(+),HER-2(2+)"],
        ["S3", "P3", "组织", "MLH1(+)，PMS2(+)"],
    ]
    people = [["患者编号", "诊断日期"], *([f"P{i}", DAY_0] for i in (1, 2, 3))]
    reading = read_any(write_book(tmp_path / "x.xlsx", 患者=people, 样本=samples))
    assert states_of(reading, "MSI-H/dMMR") == {"S1": "positive", "S2": "negative", "S3": "not_assessable"}


def test_results_of_a_redcap_project_are_markers(tmp_path):
    """KRAS = Mutant of the source was a column kept with the patients, and no witness."""
    (tmp_path / "x_DataDictionary.csv").write_text(
        '"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels"\n'
        "record_id,d,text,Record ID,\ndx_date,d,text,Date of diagnosis,\nkras,d,radio,KRAS status,"
        '"0, Wild type | 1, Mutant | 9, Not done"\n'
        'msi,d,radio,MSI status,"1, MSS | 2, MSI-H"\n'
    )
    (tmp_path / "x_DATA.csv").write_text(
        "record_id,dx_date,kras,msi\n1,2021-03-05,1,2\n2,2021-03-05,9,1\n3,2021-03-05,0,\n"
    )
    tables, _ = _told(read_any(tmp_path))
    assert tables["markers"].select("patient_id", "marker", "value").sort("marker", "patient_id").rows() == [
        ("1", "KRAS", "Mutant"),
        ("3", "KRAS", "Wild type"),
        ("1", "MSI", "MSI-H"),
        ("2", "MSI", "MSS"),
    ]


def test_an_english_table_of_a_department(tmp_path):
    """MRN, Date of surgery, pStage, Last FU: no study folder."""
    text = "MRN,Sex,DOB,Op date,pStage,Recurrence,Status,Last FU\n1,F,1950-01-02,2019-02-03,IIIB,No,DOD,2021-01-02\n"
    tables, _ = _told(
        read_any(write_table(tmp_path / "patients.csv", text + "2,M,1960-05-02,2019-03-03,IIA,No,NED,2021-01-02"))
    )
    assert tables["patients"].select("stage", "sex").rows() == [("IIIB", "female"), ("IIA", "male")]
    assert tables["follow_up"]["is_dead"].to_list() == [True, False] and tables["procedures"].height == 2


def test_dates_that_begin_the_words_of_a_follow_up(tmp_path):
    """随访情况 = 2022年3月死于肿瘤: a column nobody read, and an error of the sheet."""
    people = [["患者编号", "性别", "诊断日期"], ["P1", "男", DAY_0], ["P2", "女", DAY_0]]
    words = [["患者编号", "随访情况"], ["P1", "2022年3月5日死于肿瘤进展"], ["P2", "2022-06-01电话随访，存活"]]
    tables, _ = _told(read_any(write_book(tmp_path / "x.xlsx", 患者=people, 随访=words)))
    found = tables["follow_up"].select("last_contact_day", "death_day", "is_dead").rows()
    assert found == [(365, 365, True), (453, None, False)]


@pytest.mark.parametrize(
    "ids",
    [('="001"', '="002"'), ("'001", "'002"), ("００１", "００２")],
)
def test_ids_as_programs_and_keyboards_write_them(tmp_path, ids):
    """="001" (so that a spreadsheet keeps the zeros) was a patient ='001'; full-width digits were others than plain ones."""
    rows = "".join(f"{i},男,{DAY_0},{SEEN},存活\n" for i in ids)
    tables, _ = _told(
        read_any(write_table(tmp_path / "p.csv", "患者编号,性别,诊断日期,末次随访日期,生存状态\n" + rows))
    )
    assert tables["patients"]["patient_id"].to_list() == ["001", "002"]


OUTCOMES = [
    [
        "患者编号",
        "性别",
        "手术日期",
        "复发(1是0否)",
        "复发时间(月)",
        "OS(月)",
        "随访1日期",
        "随访1状态",
        "随访2日期",
        "随访2状态",
    ],
    ["P1", "男", DAY_0, 1, 6, "36+", "2021-06-01", "存活", "2022-01-01", "死亡"],
    ["A组"],
    ["P2", "女", DAY_0, 0, "", 24, "2021-06-01", "存活", "", ""],
]


def test_outcomes_of_a_flat_table(tmp_path):
    """Columns of each visit were an error of the sheet, 36+ and times without a status were not read in silence, and a line
    with the name of a group was a patient."""
    tables, told = _told(read_any(write_book(tmp_path / "x.xlsx", 患者=OUTCOMES)))
    assert tables["patients"]["patient_id"].to_list() == ["P1", "P2"]
    found = tables["follow_up"].select("patient_id", "last_contact_day", "is_dead").rows()
    assert found == [("P1", 302, True), ("P2", 88, False)]
    for words in (
        "1 times end in a plus: read as no event",
        "复发时间(月): times to an event without those of the others",
    ):
        assert any(words in t for t in told)


def test_times_without_a_status_are_told(tmp_path):
    people = [["患者编号", "性别", "OS(月)"], ["P1", "男", 36], ["P2", "女", 24]]
    tables, told = _told(read_any(write_book(tmp_path / "x.xlsx", 患者=people)))
    assert "follow_up" not in tables and any("os_months: times without a status" in t for t in told)


@pytest.mark.parametrize("module", [code_book, whose_sheets])
def test_examples_of_workbooks(module):
    assert doctest.testmod(module).failed == 0


CODED = [
    ["患者编号", "性别", "诊断日期", "末次随访日期", "生存状态"],
    ["P1", 1, DAY_0, SEEN, 1],
    ["P2", 2, DAY_0, SEEN, 0],
]


@pytest.mark.parametrize(
    ("sheet", "book"),
    [
        (
            "数据字典",
            [["变量", "说明", "编码"], ["性别", "性别", "1=男，2=女"], ["生存状态", "末次", "1=存活，0=死亡"]],
        ),
        (
            "说明",
            [
                ["变量名", "取值", "含义"],
                ["性别", 1, "男"],
                ["", 2, "女"],
                ["生存状态", 1, "存活"],
                ["生存状态", 0, "死亡"],
            ],
        ),
    ],
)
def test_codes_that_another_sheet_explains(tmp_path, sheet, book):
    """The dictionary said 1=存活, and 1 was dead: every death and every life was exchanged."""
    tables, told = _told(read_any(write_book(tmp_path / "x.xlsx", 患者=CODED, **{sheet: book})))
    assert tables["follow_up"]["is_dead"].to_list() == [False, True]
    assert tables["patients"]["sex"].to_list() == ["male", "female"]
    assert any("codes are those of the sheet that explains them" in t for t in told)


SEVERAL = {
    "患者": [
        ["门诊号", "住院号", "性别", "诊断日期", "RAS"],
        ["M1", "Z1", "男", DAY_0, "野生/突变"],
        ["M2", "Z2", "女", DAY_0, "突变？"],
    ],
    "样本": [["样本编号", "门诊号", "样本类型"], ["S1", "M1", "组织"], ["S2", "M2", "组织"]],
    "随访": [["住院号", "末次随访"], ["Z1", "2022.1.10 存活"], ["Z2", "2022.1.10（死亡）"]],
    "治疗": [["门诊号", "方案", "开始日期"], ["M1", "XELOX", DAY_0]],
    "靶病灶": [["门诊号", "检查日期", "靶病灶1(mm)", "靶病灶2(cm)"], ["M1", DAY_0, 32, 2], ["M1", SEEN, 20, "消失"]],
    "化验": [
        ["门诊号", "检查日期", "项目", "结果", "单位"],
        ["M1", SEEN, "PSA", "大于100", "ng/ml"],
        ["M2", SEEN, "PSA", "0.003以下", "ng/ml"],
    ],
}


def test_sheets_that_number_people_in_two_ways(tmp_path):
    """Follow-up by 住院号 beside treatment by 门诊号 was refused, though a sheet holds both; a date with 死亡,
    lesions in a column each and bounds in words were errors; RAS = 野生/突变 was RAS wild type, 突变？ RAS mutant."""
    reading = read_any(write_book(tmp_path / "x.xlsx", **SEVERAL))
    tables, _ = checked(reading)
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead").rows() == [
        ("M1", 311, False),
        ("M2", 311, True),
    ]
    lesions = (
        tables["target_lesions"]
        .select("lesion_id", "day", "diameter", "unit", "status")
        .sort("lesion_id", "day")
        .rows()
    )
    assert lesions == [
        ("T1", 0, 32.0, "mm", None),
        ("T1", 311, 20.0, "mm", None),
        ("T2", 0, 2.0, "cm", None),
        ("T2", 311, None, "cm", "absent"),
    ]
    assert tables["labs"]["value"].to_list() == [">100", "<0.003"]
    assert set(states_of(reading, "RAS").values()) == {"not_assessable"}
