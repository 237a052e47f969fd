"""Reports in a folder for each patient, relatives by their ids, drugs by the headers of their dates, sums of target lesions.

Written from how hospitals keep their reports and case-report forms; every person is invented."""

from __future__ import annotations

import pytest
from tests.io.strangers import states_of, write_book, write_table

from oncourse.io.aside import checked
from oncourse.io.detect import read_any

KRAS = "基因|变异|丰度\nKRAS|p.G12D|12%\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    top = tmp_path_factory.mktemp("r") / "全部报告"
    for path, text in (
        ("张001/组织报告.csv", KRAS),
        ("张001/血浆报告.csv", KRAS.replace("12%", "2%")),
        ("李002/检测报告/report.csv", "样本编号|基因|变异|丰度\nL7|NRAS|p.Q61K|12%\n"),
        ("钱003/report.csv", "基因|结果\nKRAS|未检出\nBRAF|未检出\n"),
    ):
        write_table(top / path, text, ",")
    (top / "张001/组织报告.pdf").write_text("x")
    whole = [["样本类型", "组织"], ["报告日期", "2022-01-01"]]
    book = {"基本信息": whole, "变异": [["基因", "变异", "丰度"], ["KRAS", "p.G12C", "9%"]]}
    (top / "王004").mkdir()
    write_book(top / "王004" / "report.xlsx", **book)
    return read_any(top.parent)


def test_a_folder_of_folders_of_patients(tree):
    """`P01/report.xlsx` was refused, and of one folder alone the patient was called report."""
    tables, _ = checked(tree)
    assert tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows() == [
        ("L7", "李002", "tissue"),
        ("张001_组织", "张001", "tissue"),
        ("张001_血浆", "张001", "plasma"),
        ("王004", "王004", "tissue"),
        ("钱003", "钱003", "tissue"),
    ]
    assert any("the folders are taken for patients" in p.message for p in tree.problems)


def test_what_one_report_looked_at_another_of_the_same_name_did_not(tree):
    """report.csv of 李002 names NRAS alone, that of 钱003 KRAS and BRAF: assays called after the file would be one, and BRAF
    of 李002 without the mutation."""
    states = states_of(tree, "BRAF V600E")
    assert (states["L7"], states["钱003"]) == ("not_assessable", "negative")


BOOK = {
    "患者": [
        ["患者编号", "性别", "诊断日期", "ADT开始日期", "阿比特龙开始时间", "阿比特龙停药日期", "双侧睾丸切除日期"]
        + ["放疗开始日期", "最佳疗效", "不良反应分级"],
        ["P1", "男", "2020-01-01", "2020-01-10", "2021-05-01", "2022-01-01", "", "2020-03-01", "PR", "3级"],
        ["P2", "男", "2020-02-01", "未用", "2021-06-01", "", "2020-02-20", "", "SD", "无"],
        ["P1父", "男", "", "", "", "", "", "", "", ""],
    ],
    "治疗": [
        ["患者编号", "药物", "首次给药日期", "停止日期"],
        ["P1", "阿比特龙", "2021-05-01", "2022-01-01"],
        ["P1", "多西他赛", "2022-02-01", ""],
    ],
    "影像评估": [
        ["患者编号", "评估日期", "靶病灶直径之和(cm)", "新病灶", "总体疗效"],
        ["P1", "2022-01-20", 10, "无", ""],
        ["P1", "2022-04-20", 6, "无", "PR"],
        ["P2", "2022-04-20", "消失", "无", ""],
    ],
    "样本": [
        ["样本编号", "患者编号", "样本类型"],
        ["S1", "P1", "组织"],
        ["S2", "P1父", "血浆"],
        ["P2妹外周血", "P2", "血浆"],
    ],
    "变异": [
        ["样本编号", "基因", "变异", "丰度"],
        ["S1", "TP53", "p.R175H", "12%"],
        ["S2", "BRCA2", "p.S1982Rfs*22", "49%"],
        ["P2妹外周血", "BRCA1", "p.E23fs", "50%"],
    ],
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    reading = read_any(write_book(tmp_path_factory.mktemp("b") / "x.xlsx", **BOOK))
    tables, problems = checked(reading)
    assert not [p for p in problems if p.severity == "error"]
    return tables, [p.message for p in (*reading.problems, *problems)]


def test_relatives_by_their_ids(book):
    """P1父 was a patient, and his father's BRCA2 a mutation of a tumour; who is left out in one sheet comes back by none."""
    tables, told = book
    assert tables["patients"]["patient_id"].to_list() == ["P1", "P2"]
    assert tables["samples"]["sample_id"].to_list() == ["S1"]
    assert tables["calls"]["variant_id"].to_list() == ["TP53:p.R175H"]
    assert sum("are of relatives" in t for t in told) > 1


def test_dates_headed_by_their_drug(book):
    """ADT开始日期 was a covariate, 停止日期 not read; what the sheet of treatments holds is not doubled."""
    tables, _ = book
    given = tables["treatments"].select("patient_id", "drugs", "start_day", "stop_day").sort("patient_id", "start_day")
    assert given.rows() == [
        ("P1", "adt", 9, None),
        ("P1", "阿比特龙", 486, 731),
        ("P1", "多西他赛", 762, None),
        ("P2", "阿比特龙", 486, None),
    ]
    done = tables["procedures"].select("patient_id", "kind", "day").sort("patient_id").rows()
    assert done == [("P1", "radiotherapy", 60), ("P2", "orchiectomy", 19)]


def test_sums_of_target_lesions_and_what_says_no_day(book):
    """靶病灶直径之和 was not read; 最佳疗效 without a date is no assessment, and was kept without a word."""
    tables, told = book
    sums = tables["target_lesions"].select("patient_id", "diameter", "unit", "status").rows()
    assert sums == [("P1", 10.0, "cm", None), ("P1", 6.0, "cm", None), ("P2", None, "cm", "absent")]
    for words in ("overall stand with the patients and say no day", "grade stand with the patients"):
        assert any(words in t for t in told)
