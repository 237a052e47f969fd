"""Panel reports as Chinese laboratories write them: the list of genes tested above the table, copy numbers in words and
numbers, ND for a sample, several shares in a cell, samples named P1血 and P1癌. Written from the forms of their reports."""

from __future__ import annotations

import doctest

import pytest
from tests.io.strangers import KRAS_ROW, MAF, calls_of, states_of, write_book, write_table

from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.reports import copies, names, rows, tested


@pytest.mark.parametrize("module", [copies, names, rows, tested])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def _read(folder, text):
    return read_any(write_table(folder / "r.csv", text, ","))


@pytest.mark.parametrize(
    ("above", "ras"),
    [
        ("检测基因：KRAS、NRAS、BRAF|||", "negative"),
        ("检测基因|KRAS|NRAS|BRAF", "negative"),
        ("检测基因：KRAS、PIK3CA|||", "not_assessable"),
    ],
)
def test_genes_that_a_report_says_were_tested_are_looked_at(tmp_path, above, ras):
    """A report that found one mutation was a report of every gene: BRCA2 was looked at in a test of four; with one negative
    row only its own genes were, though the list names more."""
    reading = _read(tmp_path, f"{above}\n样本编号|基因|突变|丰度\nS1|PIK3CA|p.E545K|9%")
    assert states_of(reading, "RAS") == {"S1": ras}
    assert states_of(reading, "BRCA") == {"S1": "not_assessable"}


def test_a_gene_of_the_list_that_a_row_did_not_test_is_not_looked_at(tmp_path):
    text = "检测基因：KRAS、NRAS、BRAF||\n样本编号|基因|检测结果\nS1|NRAS|检测失败\nS2|KRAS|突变型\nS3|BRAF|p.V600E"
    reading = _read(tmp_path, text)
    assert states_of(reading, "RAS") == {"S1": "not_assessable", "S2": "positive", "S3": "negative"}


def test_a_list_that_is_not_whole_is_told(tmp_path):
    reading = _read(tmp_path, "检测范围：KRAS、NRAS等520个基因|||\n样本编号|基因|突变|丰度\nS1|PIK3CA|p.E545K|9%")
    assert any("no list of known genes" in p.message for p in reading.problems)


def test_copies_are_told_by_words_and_numbers(tmp_path):
    """A loss of one copy (CN=1) was a homozygous deletion, a gain an amplification; 缺失 beside 0.4 copies was a mutation
    nobody understood."""
    text = """
样本编号|基因|检测结果|拷贝数
S1|ERBB2|扩增|8.2
S1|PTEN|拷贝数缺失（CN=1）|
S1|CDKN2A|缺失|0.4
S1|CDKN2B|纯合缺失|
S1|RB1|缺失|1.1
S1|MET|拷贝数增加 4.1|
S1|MYC|gain|
S1|c-KIT|扩增|
S1|EGFR|未扩增|
"""
    tables, _ = checked(_read(tmp_path, text))
    found = dict(tables["gene_copy_number"].select("gene", "call").iter_rows())
    assert found == {"ERBB2": 2, "PTEN": -1, "CDKN2A": -2, "CDKN2B": -2, "RB1": -1, "MET": 1, "MYC": 1, "KIT": 2}
    assert tables["calls"].is_empty()


def test_nd_of_a_sample_is_no_call(tmp_path):
    """Genes and changes down, samples across: ND under the plasma was a call there, in a patient of its own, as tissue."""
    reading = _read(tmp_path, "基因|突变|S1组织|S1血浆\nKRAS|p.G12D|15%|0.4%\nTP53|p.R175H|30%|ND\nBRAF|p.V600E|+|NT")
    tables, _ = checked(reading)
    calls = tables["calls"].select("sample_id", "variant_id").sort("sample_id", "variant_id").rows()
    assert [v for s, v in calls if s == "S1血浆"] == ["KRAS:p.G12D"] and len(calls) == 4
    assert tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows() == [
        ("S1组织", "S1", "tissue"),
        ("S1血浆", "S1", "plasma"),
    ]


@pytest.mark.parametrize(("result", "n"), [("ND", 0), ("未检测", 0), ("NA", 1), ("检出", 1)])
def test_a_result_beside_the_change_that_was_asked_for(tmp_path, result, n):
    reading = _read(tmp_path, f"样本编号|基因|突变|检测结果\nS1|KRAS|p.G12D|{result}\nS2|KRAS|p.G13D|检出")
    assert sum(s == "S1" for s, *_ in calls_of(reading)) == n


def test_several_changes_have_a_share_each(tmp_path):
    """30.1%/5.2% was no number, and both changes had no share."""
    text = "样本编号|基因|突变|丰度\nS1|TP53|p.R175H/p.R273H|30.1%/5.2%\nS2|TP53|p.R175H|120/1000\n"
    text += "S3|KRAS/NRAS|KRAS p.G12D|12%"
    assert calls_of(_read(tmp_path, text), "vaf", "alt_count") == [
        ("S3", "KRAS:p.G12D", 0.12, None),
        ("S1", "TP53:p.R175H", 0.301, None),
        ("S2", "TP53:p.R175H", None, 120),
        ("S1", "TP53:p.R273H", 0.052, None),
    ]


def test_a_share_in_reads_of_reads(tmp_path):
    reading = _read(tmp_path, "样本编号|基因|氨基酸改变|突变reads/总reads\nS1|KRAS|p.G12D|120/800")
    assert calls_of(reading, "alt_count", "depth") == [("S1", "KRAS:p.G12D", 120, 800)]


def test_microsatellites_in_the_words_of_a_report(tmp_path):
    """微卫星稳定（MSS） and MSI-H（35.2%） were not understood."""
    text = "样本编号|基因|检测结果\nS1|MSI状态|微卫星稳定（MSS）\nS2|MSI|MSI-H（35.2%）\nS3|MSI|低\n"
    text += "S4|MSI|未检出\nS1|KRAS|WT"
    tables, _ = checked(_read(tmp_path, text))
    found = dict(tables["samples"].select("sample_id", "msi_status").iter_rows())
    assert found == {"S1": "MSS", "S2": "MSI-H", "S3": "MSI-L", "S4": None}


def test_a_summary_of_results_beside_a_form(tmp_path):
    """检测内容 and KRAS/NRAS with the gene in the result: no sheet was a report."""
    rows = [
        ["检测内容", "检测结果"],
        ["KRAS/NRAS", "KRAS p.G12D突变（丰度15.3%）"],
        ["BRAF", "未检出变异"],
        ["MSI", "MSS"],
    ]
    form = [["样本编号", "S9"], ["标本类型", "组织"]]
    reading = read_any(write_book(tmp_path / "x.xlsx", 结果=rows, 基本信息=form))
    assert calls_of(reading, "vaf") == [("S9", "KRAS:p.G12D", 0.153)]
    assert states_of(reading, "RAS") == {"S9": "positive"}


def test_genes_by_their_common_names_make_a_report(tmp_path):
    """HER2, c-MET and MLL3 were no genes, and the report refused."""
    text = "样本编号|基因|检测结果\nS1|HER2|扩增\nS1|c-MET|扩增\nS1|MLL3|p.R190Q"
    tables, _ = checked(_read(tmp_path, text))
    assert tables["gene_copy_number"]["gene"].sort().to_list() == ["ERBB2", "MET"]


def test_blood_and_tumour_written_onto_a_name(tmp_path):
    """P1血 and P1癌 were two patients, and both tissue; in a MAF the blood is the patient's normal."""
    text = "样本编号|基因|氨基酸改变|丰度\nP1血|KRAS|p.G12D|3%\nP1癌|KRAS|p.G12D|30%"
    tables, _ = checked(_read(tmp_path, text))
    assert tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows() == [
        ("P1癌", "P1", "tissue"),
        ("P1血", "P1", "plasma"),
    ]
    rows = [KRAS_ROW.replace("S1", name) + "\t30\t70" for name in ("张三外周血", "张三癌组织", "李四癌")]
    tables, _ = checked(
        read_any(write_table(tmp_path / "a.maf", "\n".join([f"{MAF}\tt_alt_count\tt_ref_count", *rows])))
    )
    assert tables["samples"].select("patient_id", "material").sort("patient_id", "material").rows() == [
        ("张三", "normal"),
        ("张三", "tissue"),
        ("李四", "tissue"),
    ]


@pytest.mark.parametrize("names", [("组织", "血浆"), ("治疗前", "进展后")])
def test_sheets_of_materials_and_times_are_samples(tmp_path, names):
    """Both sheets were one sample of tissue: the second's reads were lost, and a sample without a finding was nobody."""
    first = [
        ["患者编号", "基因", "氨基酸改变", "丰度"],
        ["P1", "KRAS", "p.G12D", "30%"],
        ["P2", "TP53", "p.R175H", "20%"],
    ]
    second = [first[0], ["P1", "KRAS", "p.G12D", "1.2%"], ["P2", "未检出", "", ""]]
    tables, _ = checked(read_any(write_book(tmp_path / "x.xlsx", **dict(zip(names, (first, second), strict=True)))))
    samples = tables["samples"].select("sample_id", "patient_id", "material").sort("patient_id", "sample_id").rows()
    assert {s for s, *_ in samples} == {f"{p}_{n}" for p in ("P1", "P2") for n in names}
    assert {p for _, p, _ in samples} == {"P1", "P2"}
    assert ("plasma" in {m for *_, m in samples}) is (names[1] == "血浆")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "用药提示",
            [["基因", "变异", "药物"], ["KRAS", "p.G12D", "西妥昔单抗"], ["BRAF", "p.V600E", "康奈非尼（未检出）"]],
        ),
        ("化疗药物", [["基因", "检测位点", "基因型"], ["UGT1A1", "*28", "6/7"], ["MTHFR", "c.677C>T", "CT"]]),
    ],
)
@pytest.mark.parametrize("form", [True, False])
def test_a_list_of_drugs_beside_the_findings_is_none(tmp_path, name, rows, form):
    """A sheet of drugs refused the workbook; where a form names the sample, its BRAF p.V600E (not found) was a call."""
    variants = [["基因", "氨基酸改变", "丰度"], ["KRAS", "p.G12D", "30%"]]
    if not form:
        variants = [[w, *row] for w, row in zip(("样本编号", "S1"), variants, strict=True)]
    beside = {"样本信息": [["样本编号", "S1"], ["患者编号", "P1"]]} if form else {}
    reading = read_any(write_book(tmp_path / "x.xlsx", 变异=variants, **{name: rows}, **beside))
    assert [v for _, v in calls_of(reading)] == ["KRAS:p.G12D"]
    assert any("a list of drugs or of inherited genotypes" in p.message for p in reading.problems)


def test_statements_of_one_cell_and_changes_named_by_their_exon(tmp_path):
    """ "L858R突变；T790M未检出" lost L858R; 19外显子缺失 was not understood; MRD was a mutated gene."""
    text = (
        "患者编号|样本编号|检测项目|检测结果\nP1|S1|EGFR|L858R突变；T790M未检出\nP2|S2|EGFR|19外显子缺失突变（12%）\n"
    )
    text += "P3|S3|EGFR|L858R突变，T790M未检出\nP4|S4|MRD|阳性\nP5|S5|EGFR|MET 14号外显子跳跃未检出"
    reading = _read(tmp_path, text)
    assert [c for c in calls_of(reading) if "line" not in c[1]] == [
        ("S1", "EGFR:p.L858R"),
        ("S2", "EGFR:p.exon 19 deletion"),
    ]
    assert reading.tables["markers"].filter(marker="MRD").select("patient_id", "value").rows() == [("P4", "阳性")]


def test_genes_over_result_and_share(tmp_path):
    """A header of two rows, KRAS over 结果 and 丰度: the gene was called "KRAS 结果", and RAS not assessable."""
    text = "样本编号|KRAS 结果|KRAS 丰度|NRAS_结果|NRAS_丰度\nS1|G12D|15%|野生型|\nS2|野生型||Q61K|8%"
    reading = _read(tmp_path, text)
    assert calls_of(reading, "vaf") == [("S1", "KRAS:p.G12D", 0.15), ("S2", "NRAS:p.Q61K", 0.08)]
    assert states_of(reading, "RAS") == {"S1": "positive", "S2": "positive"}


def test_a_change_in_the_column_of_its_kind(tmp_path):
    """突变类型 = G12D beside 阳性: a statement without its change, and no call."""
    reading = _read(tmp_path, "样本编号|基因|检测结果|突变类型|丰度\nS1|KRAS|阳性|G12D|12%\nS2|KRAS|阴性|-|-")
    assert calls_of(reading, "vaf") == [("S1", "KRAS:p.G12D", 0.12)]


@pytest.mark.parametrize(
    ("text", "table", "n"),
    [
        ("样本编号|融合基因|融合类型|丰度\nS1|EML4-ALK|E13;A20|5%\nS2|CD74-ROS1|C6:R34|2%", "fusions", 2),
        ("样本编号|基因|拷贝数|变异类型\nS1|ERBB2|12.5|扩增\nS1|CDKN2A|0.2|缺失", "gene_copy_number", 2),
    ],
)
def test_a_table_of_fusions_or_copies_alone_is_a_report(tmp_path, text, table, n):
    """Without a column of changes it was no report."""
    tables, _ = checked(_read(tmp_path, text))
    assert tables[table].height == n and tables["calls"].is_empty()


def test_a_summary_of_many_samples(tmp_path):
    """有意义变异 with MSI and TMB beside it was no report; KRAS* was a gene nobody knows."""
    text = "送检编号|样本类型|有意义变异|MSI|TMB\nB1|组织|KRAS p.G12D(15.3%)；TP53 p.R175H(22%)|MSS|6.3\n"
    text += "B2|血浆|未检出有意义变异|MSS|/\nB3|组织|ERBB2扩增(CN=12)；EML4-ALK融合(5%)|MSI-H|45"
    tables, _ = checked(_read(tmp_path, text))
    assert tables["calls"].select("sample_id", "variant_id").rows() == [("B1", "KRAS:p.G12D"), ("B1", "TP53:p.R175H")]
    assert tables["fusions"]["sample_id"].to_list() == tables["gene_copy_number"]["sample_id"].to_list() == ["B3"]
    facts = tables["samples"].select("sample_id", "msi_status", "tmb_per_mb").sort("sample_id").rows()
    assert facts == [("B1", "MSS", 6.3), ("B2", "MSS", None), ("B3", "MSI-H", 45.0)]
    assert calls_of(_read(tmp_path, "样本编号|基因|变异\nS1|KRAS*|p.G12D")) == [("S1", "KRAS:p.G12D")]


def test_a_report_of_inherited_variants_says_how_many_alleles(tmp_path):
    """合子状态 = 杂合 of blood: plasma with somatic variants of BRCA2."""
    text = "样本编号|样本类型|基因|氨基酸变化|合子状态\nS1|外周血|BRCA2|p.S1982Rfs*22|杂合"
    tables, _ = checked(_read(tmp_path, text))
    assert tables["samples"]["material"].to_list() == ["white_cells"] and tables["calls"]["origin"].to_list() == [
        "germline"
    ]


def test_reports_named_after_their_sample_in_a_folder(tmp_path):
    """张三_组织_检测报告.xlsx and 张三_血浆_检测报告.xlsx were two patients, both tissue."""
    for name in ("张三_组织", "张三_血浆", "李四_组织"):
        rows = [["基因", "氨基酸改变", "突变丰度"], ["KRAS", "p.G12D", "12%"]]
        write_book(tmp_path / f"{name}_检测报告.xlsx", Sheet1=rows)
    tables, _ = checked(read_any(tmp_path))
    found = tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows()
    assert found == [
        ("张三_组织", "张三", "tissue"),
        ("张三_血浆", "张三", "plasma"),
        ("李四_组织", "李四", "tissue"),
    ]


_FEW = """
样本编号|基因|氨基酸变化|突变类型|突变丰度|MSI状态|TMB(Muts/Mb)
F1|KRAS|p.G12D|错义突变|32.5%|MSS|6.2
F1|TP53|p.R175H|错义突变|41%|MSS|6.2
F2|KRAS|-|未检出|-|MSS|3.1
F3|-|-|未检出突变|-|MSI-H|38.5
F4|BRAF|p.V600E|错义突变|-||
F5|BRAF|p.V600E|未检出|-||
F1|NRAS|-|未检出|-|MSS|6.2
"""


def test_genes_that_rows_name_are_no_size_and_a_dash_is_neither_gene_nor_result(tmp_path):
    """KRAS and TP53 alone were 1,142 mutations per Mb; F3 was wild type in a gene called -; F4's change was absent."""
    reading = _read(tmp_path, _FEW)
    assays = {a: (t, mb) for a, t, mb in reading.tables["assays"].select("assay_id", "targets", "callable_mb").rows()}
    looked = {s: assays[a] for s, a in reading.listed.items()}
    assert looked == {
        "F1": ("KRAS;NRAS;TP53", 0.0),
        "F2": ("KRAS", 0.0),
        "F3": (";", None),
        "F4": ("BRAF", 0.0),
        "F5": (";", 0.0),
    }
    assert calls_of(reading) == [("F4", "BRAF:p.V600E"), ("F1", "KRAS:p.G12D"), ("F1", "TP53:p.R175H")]
    samples = reading.tables["samples"]
    reported = dict(samples.select("sample_id", "tmb_per_mb").drop_nulls().rows())
    assert reported == {"F1": "6.2", "F2": "3.1", "F3": "38.5"}
    assert reading.tables["markers"].select("sample_id", "value").rows() == [("F5", "p.V600E not detected")]


def test_a_report_of_dashes_alone_names_no_gene(tmp_path):
    reading = _read(tmp_path, "样本编号|基因|突变|丰度\nS1|-|未检出|-\nS2|/|未检出|-")
    assert reading.tables["assays"]["targets"].to_list() == [";"] and reading.tables["calls"].is_empty()
    assert states_of(reading, "RAS") == {"S1": "not_assessable", "S2": "not_assessable"}


def test_a_dash_for_the_share_of_a_place_asked_for_is_neither_found_nor_absent(tmp_path):
    """In a list of places a dash says "not found" as often as "not filled in": no call, and nothing is wild type."""
    reading = _read(tmp_path, "样本编号|基因|突变|丰度\nS1|KRAS|p.G12V|12%\nS1|KRAS|p.G13D|-\nS2|BRAF|p.V600E|-")
    assert ("S1", "KRAS:p.G12V") in calls_of(reading) and ("S1", "KRAS:p.G13D") not in calls_of(reading)
    assert ("S2", "BRAF:p.V600E") not in calls_of(reading)
    assert any("no change that is understood" in p.message for p in reading.problems)
    assert states_of(reading, "RAS")["S1"] == "positive"
    assert states_of(reading, "BRAF V600E")["S2"] == "not_assessable"
