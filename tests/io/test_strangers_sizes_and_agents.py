"""Sizes of lesions as reports of imaging write them, new lesions in words, agents that name no drug. Invented persons."""

from __future__ import annotations

import pytest
from tests.io.strangers import write_book

from oncourse.cohort import Cohort
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.study.model import Study

BOOK = {
    "患者": [["患者编号", "诊断日期"], ["P1", "2020-01-01"], ["P2", "2020-01-01"]],
    "治疗": [
        ["患者编号", "药物", "开始日期"],
        ["P1", "双膦酸盐", "2020-01-01"],
        ["P1", "恩扎卢胺", "2020-01-02"],
        ["P2", "中药治疗", "2020-01-02"],
        ["P2", "FOLFIRI", "2020-05-01"],
    ],
    "靶病灶": [
        ["患者编号", "检查日期", "病灶编号", "长径"],
        ["P1", "2020-01-01", "T1", "2.5cm"],
        ["P1", "2020-01-01", "T2", "18mm"],
        ["P1", "2020-03-01", "T1", "30×12 mm"],
        ["P1", "2020-03-01", "T2", "消失"],
        ["P2", "2020-03-01", "T1", "14"],
    ],
    "影像评估": [
        ["患者编号", "检查日期", "新病灶"],
        ["P1", "2020-03-01", "新发骨转移"],
        ["P1", "2020-05-01", "未见新发病灶"],
    ],
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    reading = read_any(write_book(tmp_path_factory.mktemp("s") / "x.xlsx", **BOOK))
    tables, problems = checked(reading)
    assert not [p for p in problems if p.severity == "error"]
    return reading, tables


def test_sizes_with_their_unit_in_the_cell(book):
    """长径 without a unit in its header was not read, and every lesion without a diameter."""
    reading, tables = book
    rows = tables["target_lesions"].sort("patient_id", "day", "lesion_id").select("diameter", "unit", "status").rows()
    assert rows == [
        (2.5, "cm", None),
        (18.0, "mm", None),
        (30.0, "mm", None),
        (None, "mm", "absent"),
        (14.0, "mm", None),
    ]
    assert any("diameters without a unit are taken as mm" in p.message for p in reading.problems)


def test_new_lesions_in_words(book):
    """新发骨转移 refused the workbook."""
    assert book[1]["assessments"]["new_lesions"].to_list() == ["yes", "no"]


def test_an_agent_of_no_name_starts_no_line(book):
    """中药治疗 and 双膦酸盐 were unknown drugs, each a line before the first."""
    reading, tables = book
    lines = Cohort(Study(reading.config, tables)).lines.select("patient_id", "line", "drugs").rows()
    assert lines == [("P1", 1, "enzalutamide"), ("P2", 1, "fluorouracil;folinic acid;irinotecan")]


def test_what_was_not_done_and_what_has_no_time(tmp_path):
    """未行手术 refused the workbook; a nadir beside the patients was kept without a word, and so was a year of birth."""
    people = [["患者编号", "诊断日期", "出生年份", "PSA最低值(ng/ml)"], ["P1", "2020-01-01", "1955", 0.1]]
    people.append(["P2", "2020-01-01", "1950", 1])
    done = [["患者编号", "手术日期", "手术名称"], ["P1", "2020-01-10", "右半结肠切除术"], ["P2", "", "未行手术"]]
    reading = read_any(write_book(tmp_path / "x.xlsx", 患者=people, 手术=done))
    tables, problems = checked(reading)
    assert not [p for p in problems if p.severity == "error"]
    assert tables["procedures"].select("patient_id", "kind").rows() == [("P1", "primary_resection")]
    assert tables["patients"]["age_years"].to_list() == [65.0, 70.0]
    assert any("PSA最低值(ng/ml): values whose time cannot be placed" in p.message for p in reading.problems)


def test_a_column_of_a_gene_with_codons_and_exons(tmp_path):
    """12密码子突变 was not understood beside the patients; with a few such words the whole column was lost unsaid."""
    words = ["12密码子突变", "2号外显子突变", "G12D", "野生"]
    head = ["患者编号", "诊断日期", "末次随访日期", "KRAS", "NRAS"]
    rows = [[f"P{i}", "2020-01-01", "2021-01-01", w, ("G12D", "a", "b", "c")[i]] for i, w in enumerate(words)]
    reading = read_any(write_book(tmp_path / "x.xlsx", 患者=[head, *rows]))
    assert reading.tables["markers"].select("marker", "value").rows() == [("KRAS", w) for w in words]
    assert any("NRAS: too many of its words are no result" in p.message for p in reading.problems)
