"""Inherited findings that a file sets aside, writes in words or lists of a normal: "none found" in a carrier's tumour.

From a stranger's deliveries of mCRPC studies (1 December 2026), the right answer written before the run.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.io.strangers import calls_of, states_of, write_book, write_table, write_vcf

from oncourse.io.detect import read_any
from oncourse.io.files import read_files

#: BRCA2 c.5946delT (p.S1982Rfs*22) and TP53 R175H on GRCh38.
_BRCA2 = "chr13 32340300 . GT G . {} DP=200 GT:AD {}0/1:40,60"
_TP53 = "chr17 7675088 . C T . PASS DP=300 GT:AD {}0/1:120,80"


def _reported(reading):
    reading.config = replace(reading.config, report_germline=True)
    return reading


def _pair(folder, words, normal):
    rows = [_BRCA2.format(words, normal), _TP53.format("0/0:100,0 " if normal else "")]
    columns = ["S1N", "S1T"] if normal else ["S1T"]
    people = "sample_id|patient_id|material\nS1T|S1|tissue"
    people += "\nS1N|S1|white cells" if normal else ""
    book = write_table(folder / "samples.csv", people, by=",")
    return read_files([write_vcf(folder / "S1.vcf", columns, rows, reference="GRCh38")], clinical=[book], panel="wes")


@pytest.mark.parametrize("words", ["germline", "germline_risk;alt_allele_in_normal", "Germline"])
def test_a_call_that_is_set_aside_as_inherited_alone_is_a_germline_call(tmp_path, words):
    """Mutect2 and TNscope: 48 of 100 reads of the white cells, "BRCA none found"; the filter says "not somatic"."""
    reading = _reported(_pair(tmp_path, words, "0/0:52,48 "))
    assert ("S1T", "13:32340301:T:-", True, "germline") in calls_of(reading, "is_called", "origin")
    assert states_of(reading, "BRCA")["S1T"] == "positive"


@pytest.mark.parametrize(
    ("words", "normal"),
    [("germline", ""), ("germline", "0/0:97,3 "), ("germline;base_qual", "0/0:52,48 "), ("artifact", "0/0:52,48 ")],
)
def test_what_another_doubt_sets_aside_or_no_normal_shows_is_no_call_and_no_negative(tmp_path, words, normal):
    reading = _reported(_pair(tmp_path, words, normal))
    assert ("S1T", "13:32340301:T:-", False) in calls_of(reading, "is_called")
    if "germline" in words:
        assert states_of(reading, "BRCA")["S1T"] == "not_assessable"


_PEOPLE = [["患者编号", "确诊日期"], ["P01", "2022-01-01"]]
_SAMPLES = [
    ["样本编号", "患者编号", "样本类型", "取样部位"],
    ["P01T", "P01", "FFPE组织", "骨转移"],
    ["P01N", "P01", "外周血白细胞", "对照"],
]
_SOMATIC = [["样本编号", "基因", "核苷酸改变", "氨基酸改变", "变异类型", "突变丰度(%)"]]
_SOMATIC += [["P01T", "TP53", "c.524G>A", "p.R175H", "错义突变", "30"]]
_SOMATIC += [["P01T", g, "-", "-", "阴性", "-"] for g in ("BRCA1", "BRCA2", "ATM")]
_INBORN = ["样本编号", "基因", "核苷酸改变", "氨基酸改变", "变异类型", "杂合/纯合", "致病性"]


@pytest.mark.parametrize(
    ("gene", "coding", "protein", "kind", "meaning"),
    [
        ("BRCA2", "exon14-18 del", "/", "大片段缺失", "致病"),
        ("BRCA1", "dup exon 13", "-", "外显子重复", "致病"),
        ("BRCA2", "/", "/", "/", "可能致病"),
        ("BRCA2", "c.(6937+1_6938-1)_(7007+1_7008-1)del", "p.?", "大片段缺失", "致病"),
    ],
)
def test_a_finding_of_the_normal_that_is_not_understood_is_no_negative(tmp_path, gene, coding, protein, kind, meaning):
    """A germline sheet's row counted among those that "name a gene without a finding": BRCA negative, assumed."""
    row = ["P01N", gene, coding, protein, kind, "杂合", meaning]
    book = write_book(
        tmp_path / "r.xlsx", 患者信息=_PEOPLE, 样本信息=_SAMPLES, 体细胞突变=_SOMATIC, 胚系突变=[_INBORN, row]
    )
    reading = _reported(read_any(book))
    assert any(s == "P01N" and v.startswith(gene) and o == "germline" for s, v, o in calls_of(reading, "origin"))
    assert states_of(reading, "BRCA")["P01T"] == "not_assessable"


def test_a_germline_finding_in_words_is_a_record_of_the_patient(tmp_path):
    row = ["P01N", "BRCA2", "/", "/", "致病突变", "杂合", "致病"]
    book = write_book(
        tmp_path / "r.xlsx", 患者信息=_PEOPLE, 样本信息=_SAMPLES, 体细胞突变=_SOMATIC, 胚系突变=[_INBORN, row]
    )
    reading = _reported(read_any(book))
    assert reading.tables["markers"].select("patient_id", "marker").rows() == [("P01", "BRCA2")]
    assert states_of(reading, "BRCA")[None] == "positive"


def test_a_germline_row_of_nothing_found_stays_negative(tmp_path):
    rows = [[s, g, "/", "/", "未检出", "/", "/"] for s in ("P01N", "P01T") for g in ("BRCA1", "BRCA2")]
    book = write_book(
        tmp_path / "r.xlsx", 患者信息=_PEOPLE, 样本信息=_SAMPLES, 体细胞突变=_SOMATIC, 胚系突变=[_INBORN, *rows]
    )
    assert states_of(_reported(read_any(book)), "BRCA")["P01T"] == "negative"


def test_an_exon_deletion_called_a_rearrangement_is_no_fusion(tmp_path):
    """ "大片段重排, 外显子3缺失" of BRCA2 was a fusion whose partner is not named, and BRCA negative."""
    somatic = [
        *_SOMATIC[:2],
        ["P01T", "BRCA2", "外显子3缺失", "-", "大片段重排", "30"],
        ["P01T", "BRCA1", "-", "-", "阴性", "-"],
    ]
    reading = read_any(write_book(tmp_path / "r.xlsx", 患者信息=_PEOPLE, 样本信息=_SAMPLES[:2], 体细胞突变=somatic))
    assert "fusions" not in reading.tables
    assert states_of(reading, "BRCA")["P01T"] == "not_assessable"


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("质控结果", "不合格"),
        ("备注", "DNA量不足，未建库"),
        ("QC status", "FAIL"),
        ("Remarks", "insufficient DNA, not sequenced"),
    ],
)
def test_a_sample_of_a_workbook_that_failed_is_no_wild_type(tmp_path, column, word):
    """The sheet of samples said 不合格: every gene of the sample "none found (coverage assumed)"."""
    samples = [[*_SAMPLES[0], column], [*_SAMPLES[1], "合格"], ["P02T", "P02", "FFPE组织", "肝转移", word]]
    people = [*_PEOPLE, ["P02", "2022-01-01"]]
    somatic = [
        _SOMATIC[0],
        _SOMATIC[1],
        ["P01T", "KRAS", "-", "-", "阴性", "-"],
        ["P01T", "NRAS", "-", "-", "阴性", "-"],
    ]
    reading = read_any(write_book(tmp_path / "r.xlsx", 患者信息=people, 样本信息=samples, 体细胞突变=somatic))
    assert dict(reading.tables["samples"].select("sample_id", "assay_id").iter_rows())["P02T"] == "not_profiled"
    assert any("failed their quality control (P02T" in p.message for p in reading.problems)
    assert states_of(reading, "RAS") == {"P01T": "negative", "P02T": "not_assessable"}


def test_a_sample_of_no_row_of_a_report_was_not_sequenced(tmp_path):
    samples = [*_SAMPLES[:2], ["P02T", "P02", "FFPE组织", "肝转移"]]
    people = [*_PEOPLE, ["P02", "2022-01-01"]]
    reading = read_any(write_book(tmp_path / "r.xlsx", 患者信息=people, 样本信息=samples, 体细胞突变=_SOMATIC))
    assert dict(reading.tables["samples"].select("sample_id", "assay_id").iter_rows())["P02T"] == "not_profiled"
    assert any("1 samples have no row in the results (P02T)" in p.message for p in reading.problems)
