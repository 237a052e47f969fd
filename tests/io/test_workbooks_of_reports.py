"""Workbooks of laboratories: a sheet per kind of variant, per patient, or a pasted MAF; only the first sheet was read."""

from __future__ import annotations

import pytest
import xlsxwriter

from oncourse.errors import InputError
from oncourse.io.detect import read_any

MAF = ("Hugo_Symbol", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "FILTER")
MAF = (*MAF, "Tumor_Sample_Barcode", "NCBI_Build")
KRAS = ("KRAS", "12", 25398284, "C", "T", "PASS", "S1", "GRCh37")
REPORT = ("样本编号", "基因", "检测结果")


def _read(folder, sheets):
    with xlsxwriter.Workbook(str(folder / "x.xlsx")) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    return read_any(folder / "x.xlsx")


def _calls(reading):
    return reading.tables["calls"].select("sample_id", "variant_id").rows()


def test_the_sheets_of_one_report_are_read_together(tmp_path):
    """Small variants, copies, fusions and negative genes of one sample, whose name stands on a sheet of its own."""
    sheets = {
        "样本信息": [("样本编号", "S1"), ("姓名", "某"), ("报告日期", "2024-01-02")],
        "SNV": [("基因", "核苷酸变化", "氨基酸变化", "突变丰度(%)"), ("KRAS", "c.35G>A", "p.G12D", 12.3)],
        "CNV": [("基因", "拷贝数", "变异类型"), ("ERBB2", 8.2, "扩增")],
        "Fusion": [("基因", "变异类型"), ("EML4-ALK", "融合")],
        "阴性基因": [("基因", "检测结果"), ("NRAS", "未检出")],
        "药物解读": [("药物", "证据等级"), ("西妥昔单抗", "A")],
    }
    reading = _read(tmp_path, sheets)
    assert _calls(reading) == [("S1", "KRAS:p.G12D")]
    assert reading.tables["gene_copy_number"].rows() == [("S1", "ERBB2", "2")]
    assert reading.tables["fusions"].rows() == [("S1", "EML4", "ALK")]
    assert reading.tables["assays"]["targets"].to_list() == ["ALK;ERBB2;KRAS;NRAS"]
    assert [p.message for p in reading.problems if "sheets are not read" in p.message] == [
        "1 sheets are not read (药物解读): they name no table, and are no report."
    ]


def test_a_sheet_per_patient_is_one_study(tmp_path):
    reading = _read(tmp_path, {"甲": [REPORT, ("P1", "KRAS", "p.G12D")], "乙": [REPORT, ("P2", "KRAS", "野生型")]})
    assert _calls(reading) == [("P1", "KRAS:p.G12D")]
    assert reading.tables["samples"]["sample_id"].to_list() == ["P1", "P2"]


def test_reports_beside_sheets_of_patients_and_samples(tmp_path):
    sheets = {
        "患者": [("患者编号", "性别"), ("P1", "男"), ("P2", "女")],
        "样本": [("样本编号", "患者编号", "样本类型"), ("S1", "P1", "组织"), ("S2", "P2", "血浆")],
        "报告1": [REPORT, ("S1", "KRAS", "p.G12D")],
        "报告2": [REPORT, ("S2", "KRAS", "野生型")],
    }
    reading = _read(tmp_path, sheets)
    assert _calls(reading) == [("S1", "KRAS:p.G12D")]
    assert reading.tables["samples"].select("sample_id", "patient_id", "assay_id").rows() == [
        ("S1", "P1", "x_1"),
        ("S2", "P2", "x_1"),
    ]


def test_sheets_that_name_no_sample_are_refused(tmp_path):
    """A sheet's name is no sample: it may be one of two lesions, or of a kind of variant."""
    with pytest.raises(InputError, match="the sheet 甲 has no column for the sample"):
        _read(tmp_path, {"甲": [REPORT[1:], ("KRAS", "p.G12D")], "乙": [REPORT[1:], ("KRAS", "野生型")]})


@pytest.mark.parametrize("more", [{}, {"clin": [("sample_id", "patient_id", "material"), ("S1", "P1", "tissue")]}])
def test_a_pasted_maf_keeps_its_build_and_its_filters(tmp_path, more):
    """It was read as a report: NCBI_Build and FILTER were passed over, and a filtered row was a call."""
    rows = [MAF, KRAS, ("NRAS", "1", 115256529, "T", "C", "panel_of_normals", "S1", "GRCh37")]
    reading = _read(tmp_path, {"muts": rows, **more})
    called = dict(reading.tables["calls"].select("variant_id", "is_called").iter_rows())
    assert called == {"12:25398284:C:T": True, "1:115256529:T:C": False}
    assert reading.config.genome_build == "GRCh37"
    assert reading.tables["samples"]["patient_id"].to_list() == (["P1"] if more else ["S1"])


LIST = ("样本编号", "样本类型", "采样日期", "基因", "核苷酸改变", "氨基酸改变", "丰度")


@pytest.mark.parametrize("name", ["基因检测", "突变列表", "变异", "样本检测", "markers"])
def test_a_list_of_changes_that_says_what_was_sampled_is_no_table_of_samples(tmp_path, name):
    """Its columns were the samples', the changes unknown columns of theirs: a study without calls, or keys twice."""
    rows = [
        ("C1", "C1-T", "原发灶", "2020-03-18", "KRAS", "c.35G>A", "p.G12D", "32.5%"),
        ("C1", "C1-T", "原发灶", "2020-03-18", "TP53", "c.524G>A", "p.R175H", "20%"),
        ("C1", "C1-M", "肝转移灶", "2021-12-20", "KRAS", "c.35G>A", "p.G12D", "18%"),
        ("C2", "C2-T", "原发灶", "2020-03-20", "NRAS", "c.181C>A", "p.Q61K", "15%"),
    ]
    people = [("研究编号", "性别", "手术日期"), ("C1", "男", "2020-03-18"), ("C2", "女", "2020-03-20")]
    reading = _read(tmp_path, {"基本信息": people, name: [("研究编号", *LIST), *rows]})
    assert _calls(reading) == [
        ("C1-T", "KRAS:p.G12D"),
        ("C1-T", "TP53:p.R175H"),
        ("C1-M", "KRAS:p.G12D"),
        ("C2-T", "NRAS:p.Q61K"),
    ]
    samples = reading.tables["samples"].select("sample_id", "patient_id", "material", "lesion_id", "date").rows()
    assert samples == [
        ("C1-T", "C1", "tissue", "C1_primary", "2020-03-18"),
        ("C1-M", "C1", "tissue", "C1-M_lesion", "2021-12-20"),
        ("C2-T", "C2", "tissue", "C2_primary", "2020-03-20"),
    ]
    assert reading.tables["lesions"].rows() == [
        ("C1_primary", "C1", "primary", None),
        ("C1-M_lesion", "C1", "metastasis", "liver"),
        ("C2_primary", "C2", "primary", None),
    ]
