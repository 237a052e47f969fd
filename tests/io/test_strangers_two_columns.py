"""What a laboratory or a hospital writes in two columns, or in other letters, where another has one: partners of a fusion,
mutant and wild-type copies, a regimen and its antibody, a change by its codon; and whose row is a relative's."""

from __future__ import annotations

import doctest

import pytest
from tests.io.strangers import calls_of, states_of, write_book, write_table

from oncourse.facts import codon_words
from oncourse.io.aside import checked
from oncourse.io.clinical import own_more_drugs
from oncourse.io.detect import read_any
from oncourse.io.tabular import relatives


@pytest.mark.parametrize("module", [codon_words, own_more_drugs, relatives])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def _read(folder, text):
    return read_any(write_table(folder / "r.csv", text, ","))


def test_changes_by_codon_and_by_the_names_of_amino_acids(tmp_path):
    """They were findings that nobody understood; 15‰ was no number. GGT→GAT without its codon still is: KRAS has several."""
    text = """
样本编号|基因|突变|丰度
S1|BRAF|缬氨酸600谷氨酸|10%
S2|KRAS|Gly12Asp|15‰
S3|KRAS|12密码子GGT>GTT|5%
S4|KRAS|Codon 12 GGT>GAT|5%
S5|KRAS|第12位甘氨酸突变为天冬氨酸|5%
S6|KRAS|GGT→GAT|12%
S7|KRAS|12密码子GGT>GAT未检出|
"""
    reading = _read(tmp_path, text)
    found = {s: (v, share) for s, v, share in calls_of(reading, "vaf")}
    assert found["S1"] == ("BRAF:p.V600E", 0.1) and found["S2"] == ("KRAS:p.G12D", 0.015)
    assert [found[s][0] for s in ("S3", "S4", "S5")] == ["KRAS:p.G12V", "KRAS:p.G12D", "KRAS:p.G12D"]
    states = states_of(reading, "RAS")
    assert [states[s] for s in ("S5", "S6", "S7")] == ["positive", "not_assessable", "not_assessable"]


def test_a_droplet_pcr_says_what_it_asked_for_and_no_more(tmp_path):
    """The table was refused. One mutant copy that the laboratory calls negative is no call; a BRAF test says
    nothing of RAS."""
    text = """
样本编号|检测位点|突变型拷贝数|野生型拷贝数|判读
S1|KRAS G12D|1|1200|阴性
S2|KRAS G12D|40|1200|阳性
S3|BRAF V600E|12|800|阳性
S4|KRAS G12D|2|900|灰区
"""
    reading = _read(tmp_path, text)
    assert [c for c in calls_of(reading, "alt_count", "depth") if c[0] != "S4"] == [
        ("S3", "BRAF:p.V600E", 12, 812),
        ("S2", "KRAS:p.G12D", 40, 1240),
    ]
    assert states_of(reading, "RAS") == {
        s: "positive" if s == "S2" else "not_assessable" for s in ("S1", "S2", "S3", "S4")
    }


def test_without_a_judgement_each_mutant_copy_is_told(tmp_path):
    """Copies in a volume are a share, no reads; all positive, a sample tested for BRAF alone was RAS wild type."""
    text = "样本编号|靶点|突变拷贝/ml|野生型拷贝/ml\nS1|KRAS G12D|25|975\nS3|BRAF V600E|12|800"
    reading = _read(tmp_path, text)
    assert calls_of(reading, "vaf", "depth")[1] == ("S1", "KRAS:p.G12D", 0.025, None)
    assert states_of(reading, "RAS") == {"S1": "positive", "S3": "not_assessable"}
    assert any("the limit of blank is not said" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("样本编号|5'基因|3'基因|融合丰度\nS1|EML4|ALK|12%\nS2|TMPRSS2|ERG|5%", [("EML4", "ALK"), ("TMPRSS2", "ERG")]),
        ("Sample ID|Gene 1|Gene 2|Frame\nS1|EML4|ALK|in-frame", [("EML4", "ALK")]),
        ("样本编号|主基因|伴侣基因|变异类型\nS1|ALK|EML4|融合\nS2|RET|未知|融合", [("EML4", "ALK"), (None, "RET")]),
        ("样本编号|基因|氨基酸改变|伴侣基因|变异类型\nS1|ALK||EML4|融合\nS1|KRAS|p.G12D|-|错义突变", [("EML4", "ALK")]),
    ],
)
def test_partners_of_a_fusion_in_two_columns(tmp_path, text, pairs):
    """The table was refused; beside mutations the partner was not read, and ALK a fusion of nobody knows what."""
    tables, _ = checked(_read(tmp_path, text))
    assert tables["fusions"].select("gene_5p", "gene_3p").rows() == pairs


BOOK = {
    "患者": [
        ["住院号", "诊断日期", "一线方案", "一线靶向药", "一线开始时间"],
        ["P1", "2021-03-05", "FOLFOX", "贝伐", "2021-04-01"],
    ]
    + [["P2", "2021-03-05", "", "", ""], ["P3", "2021-03-05", "无", "西妥昔单抗", "2021-04-02"]],
    "治疗": [
        ["住院号", "化疗方案", "靶向药物", "免疫治疗", "商品名", "开始时间"],
        ["P1", "FOLFIRI", "西妥昔单抗", "", "爱必妥", "2021-09-01"],
        ["P2", "", "无", "帕博利珠单抗", "", "2021-04-01"],
    ],
    "免疫组化": [["住院号", "MLH1", "PMS2", "PD-L1 CPS"], ["P1", "+", "+", "5"], ["P2", "-", "-", "<1"]],
    "PSA": [["住院号", "PSA检测日期", "tPSA(ng/ml)"], ["P1", "2021-03-10", 4.5]],
    "样本": [["样本编号", "住院号", "样本类型", "关系"], ["S1", "P1", "组织", "本人"], ["F1", "P1", "外周血", "父亲"]],
    "胚系": [
        ["样本编号", "关系", "基因", "变异", "合子状态"],
        ["S1", "本人", "BRCA2", "未检出", ""],
        ["F1", "父亲", "BRCA2", "c.5946delT", "杂合"],
    ],
}


BOOK["随访"] = [
    ["住院号", "随访日期1", "状态1", "随访日期2", "状态2"],
    ["P1", "2021-09-01", "存活", "2022-03-01", "死亡"],
    ["P2", "2021-09-01", "存活", "2022-03-01", "失访"],
]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    reading = read_any(write_book(tmp_path_factory.mktemp("b") / "x.xlsx", **BOOK))
    tables, problems = checked(reading)
    return tables, [*(str(p) for p in (*reading.problems, *problems)), *reading.notes]


def test_the_antibody_beside_a_regimen_is_given_with_it(book):
    """靶向药物 and 免疫治疗 were told as no column of treatments: no antibody was given, and who had it alone had a row
    without a drug. A brand of a drug that is there already adds nothing."""
    tables, told = book
    found = (
        tables["treatments"].select("patient_id", "drugs", "start_day", "line").sort("patient_id", "start_day").rows()
    )
    assert found == [
        ("P1", "FOLFOX+贝伐", 27, 1),
        ("P1", "FOLFIRI+西妥昔单抗", 180, None),
        ("P2", "帕博利珠单抗", 27, None),
        ("P3", "西妥昔单抗", 28, 1),
    ]
    assert any("read as given together with those of their row" in t for t in told)


def test_a_sheet_of_stains_with_a_column_each(book):
    """It was an error of markers without marker and value."""
    tables, _ = book
    found = tables["markers"].select("patient_id", "marker", "value").sort("patient_id", "marker").rows()
    assert ("P2", "MLH1", "-") in found and ("P1", "PD-L1 CPS", "5") in found and len(found) == 6


def test_a_date_called_after_its_analyte(book):
    tables, _ = book
    assert tables["labs"].select("patient_id", "day", "analyte", "value").rows() == [("P1", 5, "PSA", "4.5")]


def test_a_relative_is_not_the_patient(book):
    """The father's BRCA2 was a call in a sample of the patient."""
    tables, told = book
    assert tables["calls"].is_empty() and tables["samples"]["sample_id"].to_list() == ["S1"]
    assert any("of relatives (关系: 父亲)" in t for t in told)


def test_found_without_a_share_is_found(tmp_path):
    """检出 with a dash under 丰度 was "p.G12D not detected", and with a ? for the change RAS negative, without a word;
    found and 0 % contradict each other, and nobody knows."""
    text = """
样本编号|基因|突变|检测结果|丰度
S1|KRAS|p.G12D|检出|-
S2|KRAS|?|检出|-
S3|KRAS|p.G12D|检出|0
S4|KRAS|p.G12D|检出|12%
S5|KRAS|p.G12D|未检出|-
"""
    text += "\n".join(f"S{i}|NRAS||未检出|" for i in range(1, 6))
    reading = _read(tmp_path, text)
    assert [c for c in calls_of(reading) if "line" not in c[1]] == [("S1", "KRAS:p.G12D"), ("S4", "KRAS:p.G12D")]
    states = states_of(reading, "RAS")
    assert states == dict(
        zip(states, ["positive", "positive", "not_assessable", "positive", "not_assessable"], strict=True)
    )


def test_a_death_at_a_numbered_visit(book):
    """状态1 and 状态2 were kept with the patients and read by nobody: the dead were not known to be."""
    assert book[0]["follow_up"].select("patient_id", "is_dead").rows() == [("P1", True), ("P2", False)]


def test_controls_of_a_run_and_samples_measured_again(tmp_path):
    """阳性对照 was a patient with KRAS G12D, S1-重测 another patient than S1."""
    text = (
        "样本编号|基因|检测结果\n阴性对照|KRAS|阴性\n阳性对照|KRAS|G12D\nNTC|KRAS|无\nS1|KRAS|野生型\nS1-重测|KRAS|G13D"
    )
    reading = _read(tmp_path, text)
    tables, _ = checked(reading)
    assert tables["samples"].select("sample_id", "patient_id").rows() == [("S1", "S1"), ("S1-重测", "S1")]
    assert any("controls of the run" in p.message for p in reading.problems)
    assert any("measured again" in p.message for p in reading.problems)
