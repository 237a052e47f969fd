"""Cells that are not filled in, treatments that go on, fusions in one cell, rows that name no gene.

From a stranger's workbooks (1 December 2026): each refused the whole study, or made a gene of its words.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import write_book

from oncourse.io.detect import read_any

_PEOPLE = [["患者编号", "确诊日期"], ["P01", "2022-01-01"], ["P02", "2022-01-01"]]
_SAMPLES = [["样本编号", "患者编号", "样本类型", "取样部位"], ["P01T", "P01", "FFPE组织", "骨转移"]]
_SAMPLES += [["P02T", "P02", "FFPE组织", "肝转移"]]
_CALLS = [["样本编号", "基因", "氨基酸改变", "变异类型", "突变丰度(%)"], ["P01T", "TP53", "p.R175H", "错义突变", "30"]]
_CALLS += [["P02T", "TP53", "p.R273H", "错义突变", "30"]]


def _read(folder, **sheets):
    given = {"患者信息": _PEOPLE, "样本信息": _SAMPLES, "体细胞突变": _CALLS, **sheets}
    reading = read_any(write_book(folder / "r.xlsx", **given))
    assert not [p for p in reading.problems if p.severity == "error"]
    return reading.tables


@pytest.mark.parametrize("word", ["/", "-", "—", "无", "未知", "N/A", "不详", "未测", "无法评估"])
def test_a_number_that_is_not_filled_in_is_none(tmp_path, word):
    rows = [[*_SAMPLES[0], "肿瘤细胞含量(%)"], [*_SAMPLES[1], "60"], [*_SAMPLES[2], word]]
    samples = _read(tmp_path, 样本信息=rows)["samples"]
    assert [None if p in (None, "N/A") else float(p) for p in samples["purity"]] == [0.6, None]


@pytest.mark.parametrize(
    "word",
    [
        "持续中",
        "仍在用药",
        "用药中",
        "进行中",
        "继续治疗",
        "至今",
        "ongoing",
        "continuing",
        "仍在进行",
        "现用",
        "正在使用",
    ]
    + ["至今仍用", "still on", "进行中（第3周期）"],
)
def test_a_treatment_that_goes_on_has_no_end(tmp_path, word):
    """ "持续中 is no date. Write YYYY-MM-DD": there is none."""
    rows = [["患者编号", "治疗方案", "开始日期", "结束日期"], ["P01", "阿比特龙", "2022-01-05", word]]
    table = _read(tmp_path, 治疗=rows)["treatments"]
    assert table.select("drugs", "stop_date").rows() == [("阿比特龙", None)]


@pytest.mark.parametrize("word", ["/", "-", "无"])
def test_nobody_died_of_a_dash(tmp_path, word):
    rows = [["患者编号", "末次随访日期", "生存状态", "死亡日期", "死因"], ["P01", "2023-12-31", "存活", "/", word]]
    rows += [["P02", "2023-06-01", "死亡", "2023-06-01", "前列腺癌"]]
    assert _read(tmp_path, 随访=rows)["follow_up"]["cause_of_death"].to_list() == [None, "前列腺癌"]


@pytest.mark.parametrize("pair", ["TMPRSS2-ERG", "TMPRSS2::ERG", "TMPRSS2/ERG"])
def test_a_sheet_of_fusions_names_both_genes_in_a_cell(tmp_path, pair):
    rows = [["样本编号", "融合基因", "支持reads数"], ["P01T", pair, "35"], ["P02T", "未检出", "/"]]
    fusions = _read(tmp_path, 融合=rows)["fusions"]
    assert fusions.select("sample_id", "gene_5p", "gene_3p").rows() == [("P01T", "TMPRSS2", "ERG")]


@pytest.mark.parametrize("word", ["未检出相关突变", "未检出", "阴性", "No mutation detected"])
def test_a_row_of_nothing_found_names_no_gene(tmp_path, word):
    """未检出相关突变 was a gene of the panel."""
    tables = _read(tmp_path, 体细胞突变=[*_CALLS[:2], ["P02T", word, "/", "/", "/"]])
    assert tables["calls"]["sample_id"].to_list() == ["P01T"]
    assert set(";".join(tables["assays"]["targets"]).split(";")) <= {"", "TP53"}


def test_headers_that_are_written_together_are_read(tmp_path):
    """CollectionDate was a column of its own: no sample had a day, and survival began at the index date."""
    samples = [["SampleID", "PatientID", "SampleType", "CollectionDate", "TumorPurity"]]
    samples += [[s, p, "Metastasis", "2022-03-01", "0.6"] for s, p in (("P01T", "P01"), ("P02T", "P02"))]
    table = _read(tmp_path, 样本信息=samples)["samples"]
    assert table.select("sample_id", "patient_id", "date", "purity").row(0) == ("P01T", "P01", "2022-03-01", "0.6")
