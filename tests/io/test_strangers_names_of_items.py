"""Exports whose headers are names of items (OpenClinica, CDISC-ODM, EDC), responses by two criteria, BRCA2 in words.

Written from the export formats' documentation; every person is invented."""

from __future__ import annotations

import pytest
from tests.io.strangers import states_of, write_book, write_table

from oncourse.io.aside import checked
from oncourse.io.detect import read_any

PEOPLE = [("P1", "male", "2020-01-01"), ("P2", "female", "2020-02-01")]
FOLLOWED = [("P1", 731, False), ("P2", 759, False)]
DICTIONARY = {
    "患者": [["SUBJID", "I_SEX", "I_DX"], ["P1", "男", "2020-01-01"], ["P2", "女", "2020-02-01"]],
    "随访": [["SUBJID", "I_LAST", "I_VIT"], ["P1", "2022-01-01", "存活"], ["P2", "2022-03-01", "存活"]],
    "数据字典": [
        ["变量名", "变量标签", "编码"],
        ["SUBJID", "患者编号", ""],
        ["I_SEX", "性别", ""],
        ["I_DX", "诊断日期", ""],
        ["I_LAST", "末次随访日期", ""],
        ["I_VIT", "生存状态", ""],
    ],
}
TWO_HEADERS = {
    "患者": [
        ["患者编号", "性别", "诊断日期", "末次随访日期", "生存状态"],
        ["SUBJID", "SEX", "DIAGDT", "LASTDT", "VITAL"],
        ["P1", "男", "2020-01-01", "2022-01-01", "存活"],
        ["P2", "女", "2020-02-01", "2022-03-01", "存活"],
    ]
}
OPENCLINICA = """
Study Subject ID|Sex_E1_C1|Date of diagnosis_E1_C1|Date of last contact_E2_C2|Vital status_E2_C2|CEA_E1_C3|CEA_E2_C3
P1|M|2020-01-01|2022-01-01|Alive|3|4
P2|F|2020-02-01|2022-03-01|Alive|3|4
"""


@pytest.mark.parametrize("kind", ["labels of another sheet", "two lines of names", "events and forms"])
def test_items_are_called_what_their_labels_say(kind, tmp_path):
    """All three were refused, or a patient called SUBJID."""
    if kind == "events and forms":
        reading = read_any(write_table(tmp_path / "x.csv", OPENCLINICA, ","))
        assert {"CEA_E1_C3", "CEA_E2_C3"} <= set(reading.tables["patients"].columns)  # of two events: not one item
    else:
        sheets = DICTIONARY if kind == "labels of another sheet" else TWO_HEADERS
        reading = read_any(write_book(tmp_path / "x.xlsx", **sheets))
    tables, problems = checked(reading)
    assert not [p for p in problems if p.severity == "error"]
    assert tables["patients"].select("patient_id", "sex", "index_date").rows() == PEOPLE
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead").rows() == FOLLOWED


def test_a_first_patient_of_letters_stays(tmp_path):
    sheet = [["患者编号", "性别", "分期"], ["AB", "F", "IV"], ["CD", "M", "III"]]
    tables, _ = checked(read_any(write_book(tmp_path / "x.xlsx", 患者=sheet)))
    assert tables["patients"]["patient_id"].to_list() == ["AB", "CD"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_response_by_other_criteria_is_another_statement(order, tmp_path):
    """RS with RECIST 1.1 and PCWG3 of one day: whichever stood first was the overall response."""
    (tmp_path / "dm.csv").write_text("STUDYID,DOMAIN,USUBJID,RFSTDTC,SEX\nS,DM,P1,2020-01-01,M\n")
    rows = ["S,RS,P1,OVRLRESP,RECIST 1.1,PR,2020-03-01", "S,RS,P1,OVRLRESP,PCWG3,PD,2020-03-01"][::order]
    head = "STUDYID,DOMAIN,USUBJID,RSTESTCD,RSCAT,RSSTRESC,RSDTC"
    (tmp_path / "rs.csv").write_text("\n".join([head, *rows]) + "\n")
    reading = read_any(tmp_path)
    assert reading.tables["assessments"]["overall"].to_list() == ["PR"]
    assert any("RSCAT PCWG3" in lost for lost in reading.ledger.lost())


def test_brca2_in_words_is_read_as_beside_the_patients(tmp_path):
    """BRCA2 阳性 was a mutation that nobody understands in a report, positive beside the patients; TP53 突变 stays open."""
    text = "样本编号|KRAS|BRCA2|TP53\nS1|mut|阳性|突变\nS2|野生型|意义未明变异|阴性\n"
    reading = read_any(write_table(tmp_path / "x.csv", text, ","))
    assert states_of(reading, "BRCA")["S1"] == "positive"
    assert states_of(reading, "BRCA")["S2"] == "not_assessable"
    assert reading.tables["markers"].select("marker", "value").sort("marker").rows()[0] == ("BRCA2", "阳性")
