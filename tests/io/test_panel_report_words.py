"""Panel reports as laboratories type them: what no row says is never wild type, and no change that a row names is
lost."""

from __future__ import annotations

import doctest

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cli.import_ import import_
from oncourse.errors import InputError
from oncourse.facts import recorded, report_genes, report_words
from oncourse.genome import coding_change
from oncourse.io.reports import layout as report_layout
from oncourse.io.reports.mapping import is_panel, read_panel


@pytest.mark.parametrize("module", [coding_change, report_words, report_genes, recorded, report_layout])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def _read(folder, *lines, name="p.txt", encoding="utf-8"):
    (folder / name).write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return read_panel(folder / name)


def _calls(reading):
    return reading.tables["calls"].select("sample_id", "variant_id").rows()


def _looked_at(reading):
    """Return sample -> genes that count as looked at; None: no list, all of them are assumed."""
    targets = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    samples = reading.tables["samples"]
    return {s: targets.get(reading.listed.get(s)) for s in samples["sample_id"]}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("exon2 c.35G>A p.G12D", ["KRAS:p.G12D"]),
        ("G12D突变", ["KRAS:p.G12D"]),
        ("p.G12D (12%)", ["KRAS:p.G12D"]),
        ("c.35G>A", ["KRAS:p.G12D"]),
        ("ｐ．Ｇ１２Ｄ", ["KRAS:p.G12D"]),
        ("KRAS:NM_004985:exon2:c.G35A:p.G12D,KRAS:NM_033360:exon2:c.G35A:p.G12D", ["KRAS:p.G12D"]),
        ("G12D/G13D", ["KRAS:p.G12D", "KRAS:p.G13D"]),
        ("12D", ["KRAS:line2"]),
        ("第12密码子 GGT>GAT", ["KRAS:p.G12D"]),
    ],
)
@pytest.mark.parametrize("column", ["突变位点", "检测结果"])
def test_a_change_is_found_in_what_was_typed_and_one_not_understood_stays_a_finding(tmp_path, text, ids, column):
    """A column 突变位点 was not read and its patients were wild type; 检测结果 held the change and was not looked into."""
    reading = _read(tmp_path, f"样本编号\t基因\t{column}", f"S1\tKRAS\t{text}")
    assert [v for _, v in _calls(reading)] == ids
    told = [p for p in reading.problems if "no change that is understood" in p.message]
    assert len(told) == (ids == ["KRAS:line2"])


def test_a_row_that_says_nothing_or_not_tested_is_no_wild_type(tmp_path):
    """未测 was a call, an unread finding a wild type."""
    reading = _read(
        tmp_path,
        "样本\t基因\t检测结果",
        "S1\tKRAS\t未检出",
        "S1\tNRAS\t未测",
        "S2\tKRAS\tnot tested",
        "S3\tKRAS\t",
        "S4\tKRAS\tWT",
    )
    assert _looked_at(reading) == {"S1": "KRAS", "S2": ";", "S3": ";", "S4": "KRAS"}
    assert reading.tables["calls"].is_empty()
    assert {p.severity for p in reading.problems} == {"warning"}
    assert sum("never wild type" in p.message for p in reading.problems) == 1


def test_a_test_of_one_exon_or_variant_does_not_make_its_gene_wild_type(tmp_path):
    """RAS needs exons 2, 3 and 4 of KRAS and NRAS (ESMO 2023)."""
    reading = _read(
        tmp_path,
        "样本\t检测项目\t检测结果",
        "S1\tKRAS exon2\t野生型",
        "S2\tBRAF V600E\t阴性",
        "S3\tBRAF V600E\t阳性",
        "S4\tHER2扩增\t阴性",
        *(f"S5\tKRAS exon {n}\t野生型" for n in (2, 3, 4)),
        "S6\tKRAS/NRAS\t野生型",
    )
    assert _looked_at(reading) == {"S1": ";", "S2": ";", "S3": "BRAF", "S4": ";", "S5": "KRAS", "S6": "KRAS;NRAS"}
    assert _calls(reading) == [("S3", "BRAF:p.V600E")]
    assert "gene_copy_number" not in reading.tables


def test_a_fraction_beside_a_word_of_absence_is_a_finding(tmp_path):
    reading = _read(tmp_path, "样本\t基因\t氨基酸改变\t突变频率", "S1\tKRAS\t-\t12%", "S2\tKRAS\t未检出\t0%")
    assert _calls(reading) == [("S1", "KRAS:line2")]
    assert _looked_at(reading) == {"S1": "KRAS", "S2": "KRAS"}


def test_a_column_per_gene(tmp_path):
    """It ended in a traceback."""
    rows = ("S1\tG12D\tWT\tWT", "S2\t野生型\t野生型\tV600E", "S3\t未测\t野生型\t")
    reading = _read(tmp_path, "送检编号\tKRAS\tNRAS\tBRAF\tMSI", *(f"{r}\tMSI-H" for r in rows))
    assert set(reading.tables["samples"]["msi_status"]) == {"MSI-H"}
    assert _calls(reading) == [("S1", "KRAS:p.G12D"), ("S2", "BRAF:p.V600E")]
    assert _looked_at(reading) == {"S1": "BRAF;KRAS;NRAS", "S2": "BRAF;KRAS;NRAS", "S3": "NRAS"}


def test_english_results_of_a_laboratory_system(tmp_path):
    """Codons 12 and 13 alone are not the gene; what the words leave open is no wild type."""
    reading = _read(
        tmp_path,
        "Patient ID,Specimen,Test,Result",
        'P1,S1,KRAS Mutation Analysis,"Detected: c.35G>A (p.Gly12Asp)"',
        "P2,S2,KRAS Mutation Analysis,Not Detected",
        "P3,S3,BRAF V600E,Not detected",
        "P4,S4,KRAS Mutation Analysis,Positive for G12D",
        "P5,S5,KRAS Mutation Analysis,Insufficient tissue",
        "P6,S6,KRAS Mutation Analysis,No mutation in codons 12 and 13",
        name="p.csv",
    )
    assert _calls(reading) == [("S1", "KRAS:p.G12D"), ("S4", "KRAS:p.G12D")]
    assert _looked_at(reading) == {"S1": "KRAS", "S2": "KRAS", "S3": ";", "S4": "KRAS", "S5": ";", "S6": ";"}


def test_a_title_above_and_a_remark_below_the_table(tmp_path):
    """It ended in a traceback; the sample may stand above."""
    reading = _read(
        tmp_path,
        "检测报告",
        "样本编号：S9\t姓名：某",
        "",
        "基因\t氨基酸改变",
        "KRAS\tp.G12D",
        "备注：仅供参考",
        encoding="gb18030",
    )
    assert _calls(reading) == [("S9", "KRAS:p.G12D")]
    assert is_panel(tmp_path / "p.txt")


def test_a_report_without_a_known_sample_column_is_refused_with_its_headers(tmp_path):
    """All its rows were left out and the import ended well."""
    with pytest.raises(InputError, match=r"no column for the sample .*编码X.*--mapping"):
        _read(tmp_path, "编码X\t基因\t氨基酸改变", "S1\tKRAS\tp.G12D")


def test_msi_is_a_fact_of_the_sample_and_origin_words_are_read(tmp_path):
    reading = _read(
        tmp_path,
        "样本\t基因\t变异\t检测结果\t变异分类",
        "S1\t微卫星不稳定\t\tMSI-H\t",
        "S1\tBRCA2\tp.N372H\t\t胚系",
        "S1\tTP53\tp.R175H\t\t体细胞",
    )
    assert reading.tables["samples"]["msi_status"].to_list() == ["MSI-H"]
    assert reading.tables["calls"]["origin"].to_list() == ["germline", "somatic"]


def test_coding_and_protein_change_that_differ_are_told(tmp_path):
    reading = _read(tmp_path, "样本\t基因\tc.\tp.", "S1\tKRAS\tc.35G>A\tp.G12V", "S2\tKRAS\tc.34G>T\tp.G12C")
    assert [p.row for p in reading.problems if "is not p.G12V" in p.message] == [2]
    assert pl.Series(_calls(reading)).len() == 2


def test_samples_of_one_patient_are_told_apart_by_material_site_and_date(tmp_path):
    """Tissue and plasma of one patient were one tissue sample, with the reads of the first row and no word of it."""
    header = ("病案号", "样本类型", "取样部位", "报告日期", "基因", "氨基酸改变", "丰度")
    rows = [
        ("001", "组织", "原发灶", "2023/1/5", "KRAS", "p.G12D", "12%"),
        ("001", "组织", "肝转移", "2023-01-05", "KRAS", "p.G12D", "3%"),
        ("001", "血浆", "", "2023年9月5日", "NRAS", "p.Q61R", "0.2%"),
        ("002", "组织", "原发灶", "2023-02-01", "KRAS", "p.G12D", "9%"),
    ]
    path = tmp_path / "r.tsv"
    path.write_text("\n".join("\t".join(row) for row in (header, *rows)) + "\n")
    reading = read_panel(path)
    samples = reading.tables["samples"].sort("sample_id").select("patient_id", "material", "day", "lesion_id").rows()
    assert samples == [
        ("001", "组织", "0", "001_primary"),
        ("001", "组织", "0", "001_组织_肝转移_2023-01-05_lesion"),
        ("001", "血浆", "243", None),
        ("002", "组织", "0", "002_primary"),
    ]
    assert reading.tables["lesions"].sort("lesion_id").select("role", "site").rows() == [
        ("primary", None),
        ("metastasis", "liver"),
        ("primary", None),
    ]


def test_a_call_with_two_fractions_in_one_sample_is_told(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text("病案号\t基因\t氨基酸改变\t丰度\n1\tKRAS\tp.G12D\t12%\n1\tKRAS\tp.G12D\t3%\n")
    assert any("Are these several samples" in p.cure for p in read_panel(path).problems)


def test_a_stained_protein_is_no_variant(tmp_path):
    """PD-L1 (TPS 10 %) was a mutation of CD274 in 10 % of the reads."""
    path = tmp_path / "r.tsv"
    rows = ("S1\tKRAS\tp.G12D", "S1\tPD-L1\tTPS 10%", "S1\tMLH1\t蛋白表达缺失", "S1\tHER2\tIHC 3+")
    path.write_text("样本编号\t基因\t检测结果\n" + "\n".join(rows) + "\n")
    assert is_panel(path)
    reading = read_panel(path)
    assert reading.tables["variants"]["gene"].to_list() == ["KRAS"]
    assert any("3 rows are of stained proteins" in p.message for p in reading.problems)


def test_a_test_of_codons_is_of_its_gene_and_of_no_more(tmp_path):
    path = tmp_path / "r.tsv"
    rows = ("S1\tKRAS基因2号外显子12密码子\t野生型", "S2\tKRAS 12/13密码子\t突变型")
    path.write_text("样本编号\t检测项目\t检测结果\n" + "\n".join(rows) + "\n")
    reading = read_panel(path)
    assert reading.tables["markers"].select("sample_id", "marker").rows() == [("S2", "KRAS 12/13密码子")]
    assert _looked_at(reading) == {"S1": ";", "S2": ";"}


def test_chinese_names_of_both_alleles(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text("样本\t染色体\t位置\t参考\t变异\t基因\nS1\tchr12\t25398284\tC\tT\tKRAS\n")
    assert read_panel(path).tables["calls"]["variant_id"].to_list() == ["12:25398284:C:T"]


def test_options_that_a_format_does_not_use_are_told(tmp_path):
    """`--material plasma` of a report was passed over, and its samples were tissue."""
    path = tmp_path / "r.tsv"
    path.write_text("样本编号\t基因\t氨基酸改变\t丰度\nS1\tKRAS\tp.G12D\t12%\n")
    arguments = [str(path), str(tmp_path / "study"), "--material", "plasma", "--panel", "IMPACT468"]
    said = CliRunner().invoke(import_, ["panel", *arguments])
    assert said.exit_code == 0 and "does not use --panel, --material" in said.output


def test_what_a_table_of_shares_did_not_find_is_no_call(tmp_path):
    """Reports that follow changes list those not found too (``ND``, 0 %): each was a call with unknown reads."""
    path = tmp_path / "g.csv"
    rows = ("A1,KRAS,G12D,0.3%", "A1,APC,R1450*,ND", "A1,TP53,R175H,0%")
    path.write_text("Sample ID,Gene,Alteration,% cfDNA\n" + "\n".join(rows) + "\n")
    reading = read_panel(path)
    assert reading.tables["calls"].select("variant_id", "vaf").rows() == [("KRAS:p.G12D", 0.003)]
    assert reading.tables["samples"]["material"].to_list() == ["plasma"]
    assert reading.tables["assays"]["targets"].to_list() == ["KRAS"]


def test_the_ledger_names_the_report_and_what_is_no_variant_in_it(tmp_path):
    """The intake page of a report said "Files: 0 rows"."""
    path = tmp_path / "r.tsv"
    path.write_text("样本编号\t基因\t检测结果\nS1\tKRAS\tp.G12D\nS1\tPD-L1\tTPS 10%\n")
    said = read_panel(path).ledger.tables()
    assert said["intake/files"].select("file", "state", "n_rows").rows() == [("r.tsv", "used", 2)]
    assert "stained proteins: no variants" in said["intake/rows"]["why"].to_list()


def test_a_deletion_of_a_range_is_not_that_of_its_last_residue(tmp_path):
    """E746_A750del was p.A750del."""
    path = tmp_path / "r.tsv"
    path.write_text("样本编号\t基因\t变异\nS1\tEGFR\tE746_A750del\n")
    assert read_panel(path).tables["variants"]["hgvs_p"].to_list() == ["p.E746_A750del"]


def test_one_accession_of_two_patients_is_refused(tmp_path):
    """Two patients whose samples are both S1 were one, with the mutations of both."""
    path = tmp_path / "r.tsv"
    path.write_text("住院号\t样本编号\t基因\t氨基酸改变\nH1\tS1\tKRAS\tp.G12D\nH2\tS1\tNRAS\tp.Q61R\n")
    assert any(p.severity == "error" and "H1, H2" in p.message for p in read_panel(path).problems)


def test_signatures_below_a_table_are_no_samples(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text(
        "样本编号\t基因\t氨基酸改变\nS1\tKRAS\tp.G12D\n备注：仅对送检样本负责\n检测者：张三\t审核者：李四\n"
    )
    assert read_panel(path).tables["samples"]["sample_id"].to_list() == ["S1"]


def test_a_sentence_and_columns_of_exons_name_what_was_looked_at(tmp_path):
    path = tmp_path / "s.tsv"
    path.write_text("样本编号\t检测结果\nS1\tKRAS、NRAS均未检出突变\n")
    reading = read_panel(path)
    assert reading.tables["assays"]["targets"].to_list() == ["KRAS;NRAS"] and reading.tables["calls"].is_empty()
    path.write_text("病案号\tKRAS 2外显子\tKRAS 3外显子\tKRAS 4外显子\tBRAF V600E\n001\tG12D\t野生型\t野生型\t野生型\n")
    assert is_panel(path)
    assert read_panel(path).tables["calls"]["variant_id"].to_list() == ["KRAS:p.G12D"]


def test_fractions_of_two_units_in_one_column_are_told(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text("样本编号\t基因\t氨基酸改变\t丰度\nS1\tKRAS\tp.G12D\t0.123\nS2\tTP53\tp.R175H\t35\n")
    assert any("hold 0.123 and 35 without a sign" in p.message for p in read_panel(path).problems)
