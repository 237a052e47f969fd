"""Sheets as hospitals keep them: codes explained in the header, headers of two rows, units and totals among the rows, a
column per visit or line, a sheet per patient, formulas nobody computed. Written from the usage of Chinese hospitals and of
trial offices (legends such as 性别(1=男,2=女), merged group headers, openpyxl's formulas without values)."""

from __future__ import annotations

import datetime as dt
import doctest
import zipfile

import pytest
import xlsxwriter
from tests.io.strangers import write_book

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.clinical import own_headers, own_ids, own_materials, own_vital, own_wide
from oncourse.io.detect import read_any
from oncourse.io.hospital import patient_sheets
from oncourse.io.tabular import header_rows
from oncourse.study import headers, translated

DAY_0, SEEN = "2021-03-05", "2022-01-10"
PEOPLE = [["患者编号", "性别", "诊断日期"], ["P1", "男", DAY_0], ["P2", "女", DAY_0]]


@pytest.mark.parametrize(
    "module",
    [header_rows, headers, own_headers, own_ids, own_materials, own_vital, own_wide, patient_sheets, translated],
)
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def _read(tmp_path, **sheets):
    """Return the tables and everything that is told of a workbook."""
    return _checked(read_any(write_book(tmp_path / "x.xlsx", **sheets)))


def _checked(reading):
    tables, problems = checked(reading)
    return tables, [*(str(p) for p in (*reading.problems, *problems)), *reading.notes]


def _follow_up(tmp_path, header, *rows):
    """Return is_dead by patient of a sheet of follow-up with one column of status, and what is told."""
    sheet = [["患者编号", "末次随访日期", *header], *([f"P{i}", SEEN, *row] for i, row in enumerate(rows, 1))]
    tables, told = _read(tmp_path, 患者=PEOPLE, 随访=sheet)
    return dict(tables["follow_up"].select("patient_id", "is_dead").iter_rows()), told


@pytest.mark.parametrize(
    ("header", "dead", "alive"),
    [
        ("生存状态(0=死亡，1=存活)", 0, 1),
        ("生存状态（1死亡 0存活）", 1, 0),
        ("生存状态：1死亡，2存活", 1, 2),
        ("生存状态(死亡1/存活0)", 1, 0),
        ("Status (1=dead)", 1, 0),
        ("OS status (1=death, 0=censored)", 1, 0),
        ("Vital status, 1 = deceased, 0 = alive", 1, 0),
        ("是否死亡（是/否）", "是", "否"),
        ("死亡 (Y/N)", "Y", "N"),
        ("是否存活", "否", "是"),
        ("结局", "死亡", "存活"),
        ("*2.是否死亡（必填）", "是", "否"),
        ("死亡状态", "死亡(非肿瘤)", "仍存活"),
        ("转归", "肿瘤死亡", "带瘤生存"),
    ],
)
def test_who_is_dead_in_the_words_of_a_header(tmp_path, header, dead, alive):
    """Each was kept as a column nobody reads, or refused; 是 under 存活状态 was a death."""
    found, _ = _follow_up(tmp_path, [header], [dead], [alive])
    assert found == {"P1": True, "P2": False}


def test_codes_of_a_header_are_words(tmp_path):
    people = [
        ["1.患者编号*", "性 别（1=男，2=女）", "年龄（岁）", "诊断日期"],
        ["P1", 1, "６１", "5-Mar-21"],
        ["P2", 2, "58周岁", "x"],
    ]
    tables, told = _read(tmp_path, 患者=people)
    assert tables["patients"].select("patient_id", "sex", "age_years").rows() == [
        ("P1", "male", 61.0),
        ("P2", "female", 58.0),
    ]
    assert any("index_date, row 3 (P2): 'x' is not a date" in t for t in told)


@pytest.mark.parametrize(
    "rows",
    [
        [["患者编号", "检查日期", "CEA", "CA199"], ["", "", "ng/ml", "U/ml"], ["P1", "2021-03-15", 5.6, 30]],
        [
            ["患者编号", "检查日期", "CEA(ng/ml)", "CA199(U/ml)"],
            ["P1", "2021-03-15", 5.6, 30],
            ["合计", "1例"],
            ["注：数据截止2022年"],
        ],
        [
            ["患者编号", "检查日期", "CEA(ng/ml)", "CA199(U/ml)"],
            ["P1", "2021-03-15", 5.6, 30],
            ["填表人：王", "日期：2022-02-01"],
        ],
        [
            ["患者编号", "检查日期", "CEA(ng/ml)", "CA199(U/ml)"],
            ["P1", "2021-03-15", 5.6, 30],
            ["患者编号", "检查日期", "CEA(ng/ml)", "CA199(U/ml)"],
        ],
    ],
)
def test_units_totals_remarks_and_the_header_again_are_no_rows(tmp_path, rows):
    """Each line was an error of the whole workbook."""
    tables, _ = _read(tmp_path, 患者=PEOPLE, 化验=rows)
    assert tables["labs"].select("patient_id", "day", "analyte", "value", "unit").sort("analyte").rows() == [
        ("P1", 10, "CA19-9", "30", "U/ml"),
        ("P1", 10, "CEA", "5.6", "ng/ml"),
    ]


def test_a_second_table_below_the_first_is_refused_by_its_line(tmp_path):
    sheet = [*PEOPLE, [], ["患者编号", "末次随访日期", "生存状态"], ["P1", SEEN, "存活"]]
    tables, told = _read(tmp_path, 患者=sheet)
    assert any("a second table begins in line 5" in t for t in told) and tables["patients"].height == 2


def test_a_sheet_on_its_side_is_turned(tmp_path):
    """Ids in the header and 性别, 诊断日期 below each other: the patients were three, named 性别, 诊断日期 and 年龄."""
    tables, _ = _read(
        tmp_path, 患者=[["患者编号", "P1", "P2"], ["性别", "男", "女"], ["诊断日期", DAY_0, DAY_0], ["年龄", 60, 70]]
    )
    assert tables["patients"].select("patient_id", "sex", "age_years").rows() == [
        ("P1", "male", 60.0),
        ("P2", "female", 70.0),
    ]


def _merged(path, ranges, *rows):
    with xlsxwriter.Workbook(str(path)) as book:
        people = book.add_worksheet("患者")
        for at, row in enumerate(PEOPLE):
            people.write_row(at, 0, row)
        sheet = book.add_worksheet("治疗")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
        for range_, word in ranges:
            sheet.merge_range(range_, word)
    return path


def test_a_header_of_two_rows_is_one(tmp_path):
    """一线 merged over 方案 and 开始日期: the columns had no names, and 患者编号 was a patient."""
    rows = (
        ["", "", "", "", ""],
        ["", "方案", "开始日期", "方案", "开始日期"],
        ["P1", "XELOX", "2021-03-15", "FOLFIRI", "2021-06-15"],
    )
    path = _merged(tmp_path / "x.xlsx", [("A1:A2", "患者编号"), ("B1:C1", "一线"), ("D1:E1", "二线")], *rows)
    tables, _ = _checked(read_any(path))
    assert tables["treatments"].select("patient_id", "drugs", "start_day", "line").sort("line").rows() == [
        ("P1", "XELOX", 10, 1),
        ("P1", "FOLFIRI", 102, 2),
    ]


def test_columns_of_each_line_are_rows_of_treatments(tmp_path):
    """They were kept beside the patients and read by nobody; 无 is no drug, a line without a start is told."""
    header = [
        "患者编号",
        "性别",
        "诊断日期",
        "一线方案",
        "一线开始时间",
        "一线疗效",
        "二线方案",
        "二线开始时间",
        "三线方案",
    ]
    people = [header, ["P1", "男", DAY_0, "XELOX", "2021-03-15", "PR", "FOLFIRI", "2021-06-15", "瑞戈非尼"]]
    people.append(["P2", "男", DAY_0, "FOLFOX", "2021-03-25", "SD", "无", "", ""])
    tables, told = _read(tmp_path, 患者=people)
    assert tables["treatments"].select("patient_id", "drugs", "start_day", "line").sort(
        "patient_id", "line"
    ).rows() == [
        ("P1", "XELOX", 10, 1),
        ("P1", "FOLFIRI", 102, 2),
        ("P2", "FOLFOX", 20, 1),
    ]
    assert any("三线方案: no column of the start beside it" in t for t in told)


@pytest.mark.parametrize(
    "names", [("PSA_1", "日期_1", "PSA_2", "日期_2"), ("第1次PSA", "第1次日期", "第2次PSA", "第2次日期")]
)
def test_numbered_visits_are_a_row_per_value(tmp_path, names):
    rows = [["患者编号", *names], ["P1", 4.5, "2021-03-15", 3.2, "2021-04-15"], ["P2", 9, "2021-03-15"]]
    tables, _ = _read(tmp_path, 患者=PEOPLE, PSA=rows)
    assert tables["labs"].select("patient_id", "day", "value").sort("patient_id", "day").rows() == [
        ("P1", 10, "4.5"),
        ("P1", 41, "3.2"),
        ("P2", 10, "9"),
    ]


def test_sheets_of_one_patient_each_are_one_table(tmp_path):
    """They were refused: no sheet is a table."""
    forms = {
        n: [["姓名", n], ["性别", "男"], ["诊断日期", DAY_0], ["末次随访日期", SEEN], ["生存状态", s]]
        for n, s in (("A", "存活"), ("B", "死亡"))
    }
    tables, _ = _read(tmp_path, **forms)
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead").rows() == [
        ("A", 311, False),
        ("B", 311, True),
    ]


def _formulas(path, value):
    """A workbook whose age is a formula; `value` replaces what the file keeps as its result."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("患者")
        sheet.write_row(0, 0, ["患者编号", "性别", "诊断日期", "年龄"])
        sheet.write_row(1, 0, ["P1", "男", DAY_0])
        sheet.write_formula(1, 3, "=2021-1956")
        sheet.set_row(1, None, None, {"hidden": True})
    parts = {n: zipfile.ZipFile(path).read(n) for n in zipfile.ZipFile(path).namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text.replace(b"<v>0</v>", value) if "sheet1" in name else text)
    return path


@pytest.mark.parametrize(("value", "severity"), [(b"", "error"), (b"<v></v>", "error"), (b"<v>0</v>", "warning")])
def test_a_formula_without_its_result_is_told(tmp_path, value, severity):
    """openpyxl and pandas write no results: every age was unknown, and nothing said so. Hidden rows are read and told."""
    problems = [p for p in read_any(_formulas(tmp_path / "x.xlsx", value)).problems if "sheet 患者" in p.message]
    assert [p.severity for p in problems if "formula" in p.message] == [severity]
    assert any("1 rows and 0 columns are hidden" in p.message for p in problems)


def test_plain_numbers_below_a_header_of_dates_count_from_1904_where_the_workbook_does(tmp_path):
    """Numbers of a Macintosh's workbook that are not formatted as dates lay four years before those that are."""
    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx"), {"date_1904": True}) as book:
        sheet = book.add_worksheet("患者")
        sheet.write_row(0, 0, ["患者编号", "诊断日期", "末次随访日期", "生存状态"])
        sheet.write_row(1, 0, ["P1", (dt.date(2021, 3, 5) - dt.date(1904, 1, 1)).days])
        sheet.write_datetime(1, 2, dt.datetime(2022, 1, 10), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write(1, 3, "存活")
    tables, _ = _checked(read_any(tmp_path / "x.xlsx"))
    assert tables["follow_up"]["last_contact_day"].to_list() == [311]


def test_zeros_that_a_spreadsheet_took_from_ids_are_given_back(tmp_path):
    """001 of one sheet and 1 of the other were a patient and a stranger."""
    people = [["患者编号", "诊断日期"], ["001", DAY_0], ["002", DAY_0]]
    follow = [["患者编号", "末次随访日期", "生存状态"], [1, SEEN, "存活"], [2, SEEN, "死亡"]]
    tables, told = _read(tmp_path, 患者=people, 随访=follow)
    assert tables["follow_up"]["patient_id"].to_list() == ["001", "002"]
    assert any("by zeros alone (first: 1 is read as 001)" in t for t in told)


def test_ids_of_which_a_spreadsheet_kept_fifteen_digits_are_refused(tmp_path):
    _, told = _read(tmp_path, 患者=[["患者编号", "诊断日期"], [110101199003071234, DAY_0], [110101199003075678, DAY_0]])
    assert any("numbers whose digits the spreadsheet cut off" in t for t in told)


@pytest.mark.parametrize(("header", "unit"), [("OS(天)", 1), ("生存时间（月）", 30.4375), ("OS", None)])
def test_a_time_of_survival_has_the_unit_of_its_header(tmp_path, header, unit):
    """生存时间（月） and days were kept and read by nobody; without a unit nothing is read, and that is told."""
    tables, told = _read(
        tmp_path, 患者=[["患者编号", "性别", header, "生存状态"], ["P1", "男", 30, "死亡"], ["P2", "女", 40, "存活"]]
    )
    if unit is None:
        assert "follow_up" not in tables and any("OS: a time without a unit" in t for t in told)
    else:
        assert tables["follow_up"].select("death_day", "is_dead").rows() == [(round(30 * unit), True), (None, False)]


def test_words_are_no_laboratory_values(tmp_path):
    rows = [
        ["患者编号", "检查日期", "检验项目", "结果", "单位"],
        ["P1", "2021-03-15", "CEA", "正常", "ng/ml"],
        ["P1", "2021-04-15", "CEA", "3", "ng/ml"],
    ]
    tables, told = _read(tmp_path, 患者=PEOPLE, 化验=rows)
    assert tables["labs"]["value"].to_list() == ["3"] and any("values are words (正常)" in t for t in told)


def test_an_english_workbook_of_a_trial_office(tmp_path):
    """Subject ID, Date of diagnosis, sheets called Survival and AEs: refused, or not read."""
    ids = ["1-001", "1-002"]
    tables, told = _read(
        tmp_path,
        Demographics=[
            ["Subject ID", "Sex", "Age (years)", "Date of diagnosis"],
            [ids[0], "M", 60, DAY_0],
            [ids[1], "F", 66, DAY_0],
        ],
        Survival=[
            ["Subject ID", "Last follow-up date", "Vital status", "Date of death"],
            [ids[0], SEEN, "Alive"],
            [ids[1], SEEN, "Dead", SEEN],
        ],
        Treatment=[
            ["Subject ID", "Line of therapy", "Regimen", "Start date", "End date"],
            [ids[0], 1, "FOLFOX", "2021-04-01", "2021-09-01"],
        ],
        Labs=[["Subject ID", "Test date", "Test", "Result", "Units"], [ids[0], "2021-04-01", "CEA", 12.5, "ng/mL"]],
        AEs=[["Subject ID", "Adverse event", "Grade", "Onset date"], [ids[0], "Neutropenia", "Grade 3", "2021-05-01"]],
    )
    assert not any(t.startswith("error") for t in told)
    assert tables["follow_up"].select("is_dead", "death_day").rows() == [(False, None), (True, 311)]
    assert tables["treatments"].select("drugs", "start_day", "stop_day", "line").rows() == [("FOLFOX", 27, 180, 1)]
    assert (tables["labs"].height, tables["adverse_events"]["grade"].to_list()) == (1, [3])


FLAT = [
    ["住院号", "姓名", "性别", "诊断日期", "末次随访日期", "生存状态", "死亡日期", "KRAS基因", "MSI状态"],
    [1001, "张三", "男", DAY_0, SEEN, "存活", "", "G12D", "MSS"],
    [1002, "李四", "女", DAY_0, SEEN, "死亡", SEEN, "野生型", "未检测"],
]


@pytest.mark.parametrize("kind", ["workbook", "gb18030"])
def test_one_flat_table_of_patients_is_a_study(tmp_path, kind):
    """Beside a column KRAS it was a panel report, of which follow-up, age and sex were columns not read; as CSV refused."""
    if kind == "workbook":
        path = write_book(tmp_path / "x.xlsx", Sheet1=FLAT)
    else:
        path = tmp_path / "x.csv"
        path.write_bytes("\n".join(",".join(map(str, row)) for row in FLAT).encode("gb18030"))
    tables, _ = _checked(read_any(path))
    assert tables["follow_up"].select("patient_id", "is_dead").rows() == [("1001", False), ("1002", True)]
    assert ("1001", "KRAS", "G12D") in tables["markers"].select("patient_id", "marker", "value").rows()
    assert tables["patients"]["sex"].to_list() == ["male", "female"] and "姓名" not in tables["patients"].columns


def test_a_folder_of_tables_named_in_chinese_is_a_study(tmp_path):
    (tmp_path / "患者.csv").write_bytes("患者编号,性别,诊断日期\r\nP1,男,2021-03-05\r\n".encode("gb18030"))
    (tmp_path / "随访.csv").write_bytes(
        "患者编号,末次随访日期,生存状态(1=死亡 0=存活)\r\nP1,2022/1/10,0\r\n".encode("gb18030")
    )
    tables, _ = _checked(read_any(tmp_path))
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(311, False)]


@pytest.mark.parametrize(
    ("name", "words"),
    [("x.sav", "SPSS"), ("x.dta", "Stata"), ("x.rds", r"write\.csv"), ("x.docx", "workbook"), ("x.zip", "Unpack")],
)
def test_files_of_programs_are_told_the_way(tmp_path, name, words):
    """Each "holds zero bytes: it is not a text file"."""
    (tmp_path / name).write_bytes(b"\0" * 64)
    with pytest.raises(InputError, match=words):
        read_any(tmp_path / name)


def test_a_redcap_project_without_events_is_known_by_its_dictionary(tmp_path):
    """Neither redcap_event_name nor ..._complete in the header: refused. 0 is dead, as the dictionary says."""
    (tmp_path / "x_DataDictionary.csv").write_text(
        '"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels"\n'
        'id,b,text,编号,\nxb,b,radio,性别,"1, 男 | 2, 女"\nzdrq,b,text,诊断日期,\nmcsf,b,text,末次随访日期,\n'
        'sczt,b,radio,生存状态,"0, 死亡 | 1, 存活"\nswrq,b,text,死亡日期,\n'
    )
    (tmp_path / "x_DATA.csv").write_text(
        "id,xb,zdrq,mcsf,sczt,swrq\n1,1,2021-04-03,2022-05-01,1,\n2,2,2021-04-03,2022-05-01,0,2022-05-01\n"
    )
    tables, _ = _checked(read_any(tmp_path))
    assert tables["follow_up"].select("patient_id", "is_dead").rows() == [("1", False), ("2", True)]


def test_patients_of_markers_are_those_of_their_samples(tmp_path):
    samples = [["样本编号", "患者编号", "样本类型"], ["S1", "P1", "原发灶"]]
    tables, _ = _read(
        tmp_path, 患者=PEOPLE, 样本=samples, 标志物=[["样本编号", "标志物", "结果"], ["S1", "AR-V7", "阴性(-)"]]
    )
    assert tables["markers"].select("patient_id", "sample_id").rows() == [("P1", "S1")]


def test_percent_in_the_header_of_a_purity_is_percent(tmp_path):
    samples = [
        ["样本编号", "患者编号", "样本类型", "肿瘤纯度(%)"],
        ["S1", "P1", "原发灶", 60],
        ["S2", "P1", "原发灶", 0.5],
    ]
    tables, _ = _read(tmp_path, 患者=PEOPLE, 样本=samples)
    assert tables["samples"]["purity"].to_list() == [0.6, 0.005]


def test_series_of_a_table_keeps_its_lines(tmp_path):
    """Errors name the line of the sheet, units and remarks above it counted."""
    rows = [["患者编号", "检查日期", "CEA"], ["", "", "ng/ml"], ["P1", "2021-03-15", 5], ["P1", "soon", 5]]
    _, told = _read(tmp_path, 患者=PEOPLE, 化验=rows)
    assert any("labs.date, row 4 (P1): 'soon'" in t for t in told)


def test_a_row_of_follow_up_per_visit_is_one_follow_up(tmp_path):
    """随访记录 with a row per visit was refused: the key patient_id is there twice."""
    header = ["患者编号", "随访日期", "生存状态", "死亡日期", "复发日期"]
    visits = [["P1", "2021-06-10", "存活", "", "2021-06-01"], ["P1", "2022-06-24", "死亡", "2022-06-24", "2021-06-01"]]
    tables, _ = _read(tmp_path, 患者=PEOPLE, 随访=[header, *visits, ["P2", "2021-12-10", "存活"]])
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead", "recurrence_day").rows() == [
        ("P1", 476, True, 88),
        ("P2", 280, False, None),
    ]


def test_a_dead_patient_who_is_seen_alive_later_stays_an_error(tmp_path):
    rows = [["患者编号", "随访日期", "生存状态"], ["P1", "2021-06-10", "死亡"], ["P1", "2021-12-10", "存活"]]
    _, told = _read(tmp_path, 患者=PEOPLE, 随访=rows)
    assert any("the key patient_id is there twice" in t for t in told)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (("demographics.csv", "Subject ID,Sex,Date of diagnosis,1L regimen,1L start"), 1),
        (("患者.csv", "患者编号,性别,诊断日期,一线方案,一线开始日期"), 1),
    ],
)
def test_a_folder_of_text_tables_is_read_as_a_workbook_is(tmp_path, files, line):
    """demographics.csv, survival.csv of a trial office were no study folder."""
    name, header = files
    (tmp_path / name).write_text(f"{header}\n1,M,{DAY_0},XELOX,2021-03-15\n")
    (tmp_path / "survival.csv").write_text(f"Subject ID,Last follow-up date,Vital status\n1,{SEEN},Alive\n")
    tables, _ = _checked(read_any(tmp_path))
    assert tables["follow_up"].select("last_contact_day", "is_dead").rows() == [(311, False)]
    assert tables["treatments"].select("drugs", "start_day", "line").rows() == [("XELOX", 10, line)]


def test_responses_grades_and_centimetres_as_they_are_typed(tmp_path):
    """PR(部分缓解) was not evaluable; 3° refused the workbook; 长径(cm) was a column nobody reads."""
    tables, _ = _read(
        tmp_path,
        患者=PEOPLE,
        疗效评价=[
            ["患者编号", "检查日期", "疗效"],
            ["P1", "2021-05-10", "PR(部分缓解)"],
            ["P1", "2021-07-10", "疾病进展(PD)"],
        ],
        不良反应=[["患者编号", "发生日期", "不良反应", "分级"], ["P1", "2021-05-11", "皮疹", "3°"]],
        靶病灶=[["患者编号", "病灶编号", "检查日期", "长径(cm)"], ["P1", "L1", "2021-05-10", 2.3]],
    )
    assert tables["assessments"].sort("day")["overall"].to_list() == ["PR", "PD"]
    assert tables["adverse_events"]["grade"].to_list() == [3]
    assert tables["target_lesions"].select("diameter", "unit").rows() == [(2.3, "cm")]


def test_what_was_sampled_in_the_words_of_a_hospital(tmp_path):
    """全血, 癌旁组织(远端), 白细胞gDNA refused the workbook; 胸水 stays an error: cells or plasma is not said."""
    words = {
        "手术组织": "tissue",
        "血浆cfDNA": "plasma",
        "全血": "plasma",
        "白细胞gDNA": "white_cells",
        "癌旁组织(远端)": "normal",
    }
    rows = [
        ["样本编号", "患者编号", "样本类型"],
        *([f"S{i}", "P1", w] for i, w in enumerate(words)),
        ["S9", "P1", "胸水"],
    ]
    tables, told = _read(tmp_path, 患者=PEOPLE, 样本=rows)
    assert tables["samples"].sort("sample_id")["material"].to_list() == [*words.values(), None]
    assert any("'胸水' is not an allowed value" in t for t in told) and any(
        "samples of 全血: taken as plasma" in t for t in told
    )


def test_ids_that_are_names_are_told(tmp_path):
    _, told = _read(tmp_path, 患者=[["患者", "性别", "诊断日期"], ["张三", "男", DAY_0], ["李四", "女", DAY_0]])
    assert any("ids look like names" in t for t in told)


def test_a_flat_table_of_any_name_may_have_a_title_above_it(tmp_path):
    """Lines of a title above the header, and a file called survival: not read."""
    header = "Patient ID,Sex,Date of diagnosis,Last follow-up,Vital status"
    (tmp_path / "survival.csv").write_text(f"Export of study X,,,,\n,,,,\n{header}\nP1,M,{DAY_0},{SEEN},Alive\n")
    tables, _ = _checked(read_any(tmp_path / "survival.csv"))
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead").rows() == [("P1", 311, False)]
    (tmp_path / "shifted.csv").write_text(f"{header}\nP1,M,{DAY_0},,{SEEN},Alive\n")
    with pytest.raises(InputError, match="has 6 cells, the header has 5"):
        read_any(tmp_path / "shifted.csv")
