"""Times and words of follow-up, treatments that were not given, sheets of markers and stains.

Written from exports of follow-up programmes and departments of pathology; every person is invented."""

from __future__ import annotations

import pytest
from tests.io.strangers import states_of, write_book, write_table

from oncourse.facts.markers import marker_state
from oncourse.io.aside import checked
from oncourse.io.detect import read_any

BOOK = {
    "患者": [
        ["患者编号", "手术日期", "DFS(月)", "DFS状态", "OS(周)", "OS状态", "OS.time"],
        ["P1", "2020-01-01", 12, "复发", 130, "死亡", 9],
        ["P2", "2020-01-01", 24, "无", 104, "存活", 9],
        ["P3", "2020-01-01", 20, "死亡", 87, "死亡", 9],
    ],
    "治疗": [
        ["患者编号", "线数", "药物", "首次给药日期"],
        ["P1", "I", "FOLFOX+贝伐珠单抗", "2020-02-01"],
        ["P1", "Ⅱ", "FOLFIRI+贝伐珠单抗", "2021-02-01"],
        ["P2", "", "拟行FOLFOX", "2020-02-01"],
        ["P3", "", "XELOX（患者拒绝）", "2020-02-01"],
        ["P3", "", "计划 帕博利珠单抗", "2020-03-01"],
    ],
    "ARV7检测": [
        ["患者编号", "采血日期", "CTC计数", "AR-V7结果"],
        ["P1", "2020-02-01", 12, "阳性"],
        ["P2", "2020-02-01", 0, "未检出CTC，无法判断"],
    ],
    "ctDNA": [["患者编号", "采血日期", "ctDNA结果"], ["P1", "2020-03-01", "阳性"]],
    "CEA": [["患者编号", "日期", "CEA(ng/ml)"], ["P1", "2020-05-01", "4.5(复查)"], ["P1", "2020-06-01", "<0.5 (低)"]],
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    reading = read_any(write_book(tmp_path_factory.mktemp("f") / "x.xlsx", **BOOK))
    tables, problems = checked(reading)
    return tables, [*(p.message for p in (*reading.problems, *problems))]


def test_a_death_is_no_recurrence(book):
    """DFS状态 = 死亡 was a recurrence on the day of death; OS in weeks was not read; OS.time was days, whatever it was."""
    tables, told = book
    columns = ("patient_id", "last_contact_day", "is_dead", "recurrence_day", "recurrence_free_day")
    assert tables["follow_up"].select(columns).rows() == [
        ("P1", 910, True, 365, None),
        ("P2", 730, False, None, 730),
        ("P3", 609, True, None, 609),
    ]
    assert any("OS.time: a time without a unit" in t for t in told)


def test_what_was_planned_or_refused_was_not_given(book):
    """拟行FOLFOX was a line of FOLFOX and of a drug 拟行; lines in Roman numbers were errors."""
    tables, told = book
    assert tables["treatments"].select("patient_id", "line").rows() == [("P1", 1), ("P1", 2)]
    assert any("3 treatments were planned, advised or refused" in t for t in told)


def test_a_sheet_of_markers_and_values_with_a_remark(book):
    """AR-V7结果 with its day was a covariate; 4.5(复查) was an error."""
    tables, _ = book
    rows = tables["markers"].filter(marker="AR-V7结果").select("patient_id", "value", "day").rows()
    assert rows == [("P1", "positive", 31), ("P2", "未检出CTC，无法判断", 31)]
    assert marker_state("AR-V7", rows[1][1]) == "unclear"
    assert tables["markers"].filter(marker="ctDNA结果").select("value", "day").rows() == [("positive", 60)]
    assert tables["labs"]["value"].to_list() == ["4.5", "<0.5"]


def test_a_table_of_stains_is_no_panel(tmp_path):
    """MLH1 缺失 was a mutation that nobody understands, MLH1 (-) "looked at and not altered"."""
    text = "患者编号|MLH1|PMS2|MSH2|MSH6\nP1|缺失|缺失|保留|保留\nP2|表达|表达|表达|表达\nP3|(-)|(-)|(+)|(+)\n"
    reading = read_any(write_table(tmp_path / "x.csv", text, ","))
    assert states_of(reading, "MSI-H/dMMR") == {"P1": "positive", "P2": "negative", "P3": "positive"}
    assert reading.tables["calls"].is_empty()
    panel = write_table(tmp_path / "y.csv", "样本编号|基因|结果\nS1|MLH1|阴性\nS1|KRAS|阴性\n", ",")
    assert "markers" not in read_any(panel).tables  # of a panel "negative" is no mutation


def test_expression_that_is_lost_is_lost():
    """表达缺失 was read as expressed: a deficient tumour was proficient."""
    lost = ("表达缺失", "蛋白表达缺失", "缺如", "丢失", "缺失")
    kept = ("表达", "正常表达", "保留", "完整", "表达正常")
    assert [marker_state("MLH1 IHC", w) for w in (*lost, *kept)] == ["positive"] * 5 + ["negative"] * 5
    assert [marker_state("MLH1 IHC", w) for w in ("表达减弱", "部分缺失")] == ["unclear", "unclear"]


def test_a_death_in_the_words_of_a_call(tmp_path):
    people = [["患者编号", "诊断日期"], ["P1", "2020-01-01"], ["P2", "2020-01-01"]]
    calls = [["患者编号", "随访日期", "随访内容"], ["P1", "2022-03-05", "家属诉患者已于2022-03-05去世"]]
    reading = read_any(write_book(tmp_path / "x.xlsx", 患者=people, 随访=[*calls, ["P2", "2022-04-01", "无人接听"]]))
    assert any("1 cells speak of a death, and no column says who is dead" in p.message for p in reading.problems)
