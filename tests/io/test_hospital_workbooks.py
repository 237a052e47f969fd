"""Workbooks as hospitals keep them: a report's sheet beside sheets of patients and samples, roles as sample types."""

from __future__ import annotations

import pytest
import xlsxwriter

from oncourse.io.detect import detect
from oncourse.io.files import read_files
from oncourse.io.hospital.workbook import read_workbook
from oncourse.io.reports.mapping import is_panel, read_panel

PATIENTS = [
    ("患者编号", "性别", "诊断日期", "死亡日期"),
    ("001", "男", "2020-01-02", ""),
    ("002", "女", "2020-03-04", "2022-05-06"),
]
SAMPLES = [
    ("样本编号", "患者编号", "样本类型", "取样部位"),
    ("001-T", "001", "原发灶", "结肠"),
    ("001-M", "001", "转移灶", "肝"),
    ("001-P", "001", "血浆", ""),
    ("002-T", "002", "石蜡组织", ""),
]
CALLS = [
    ("样本编号", "基因", "染色体", "位置", "参考碱基", "突变碱基", "氨基酸改变", "突变丰度", "测序深度"),
    ("001-T", "KRAS", "chr12", "25398284", "C", "T", "p.G12D", "30%", "1000"),
    ("001-M", "KRAS", "chr12", "25398284", "C", "T", "p.G12D", "0.25", "800"),
]


def _book(path, sheets, merged=()):
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell != "":
                    sheet.write(at, column, cell)
        for top, left, bottom, text in merged:
            sheet.merge_range(top, left, bottom, left, text)
    book.close()
    return path


def _study(folder):
    return read_workbook(_book(folder / "b.xlsx", {"患者信息": PATIENTS, "样本信息": SAMPLES, "突变": CALLS}))


def test_a_sheet_of_calls_may_be_a_report(tmp_path):
    """The whole workbook was refused: calls.pos is an unknown column."""
    calls = _study(tmp_path).tables["calls"].select("sample_id", "variant_id", "alt_count", "depth").rows()
    assert calls == [("001-T", "12:25398284:C:T", 300, 1000), ("001-M", "12:25398284:C:T", 200, 800)]


def test_a_sample_type_that_says_primary_or_metastasis_is_a_lesion(tmp_path):
    """'原发灶' is not an allowed value of samples.material."""
    tables = _study(tmp_path).tables
    materials = tables["samples"].select("sample_id", "material", "lesion_id").rows()
    assert materials == [
        ("001-T", "tissue", "001_primary"),
        ("001-M", "tissue", "001-M_lesion"),
        ("001-P", "血浆", None),
        ("002-T", "石蜡组织", None),
    ]
    roles = tables["lesions"].select("lesion_id", "role", "site").rows()
    assert roles == [("001_primary", "primary", "结肠"), ("001-M_lesion", "metastasis", "肝")]


def test_a_date_of_death_beside_the_patient_is_follow_up(tmp_path):
    """It stayed a column of patients that nothing reads, and nobody had died."""
    follow_up = _study(tmp_path).tables["follow_up"]
    assert follow_up.select("patient_id", "death_date", "last_contact_date", "is_dead").rows() == [
        ("002", "2022-05-06", "2022-05-06", "true")
    ]


def test_a_report_of_patients_with_a_column_per_gene_is_read(tmp_path):
    """病案号 names the patient, and no column a sample: the workbook was refused as 'no sheet is a table of a study'."""
    rows = [
        ("XX医院汇总表",),
        ("病案号", "KRAS", "NRAS", "MSI"),
        ("1", "G12D", "野生型", "MSS"),
        ("2", "未检测", "", ""),
    ]
    path = _book(tmp_path / "w.xlsx", {"Sheet1": rows})
    assert is_panel(path)
    assert detect(path) == "panel"
    tables = read_panel(path).tables
    assert tables["calls"].select("sample_id", "variant_id").rows() == [("1", "KRAS:p.G12D")]
    listed = dict(tables["assays"].select("assay_id", "targets").rows())
    of = {s: listed[a] for s, a in tables["samples"].select("sample_id", "assay_id").rows()}
    assert of == {"1": "KRAS;NRAS", "2": ";"}


def test_a_cell_merged_over_rows_stands_in_each_of_them(tmp_path):
    """The second gene of a patient named no sample, and was left out."""
    rows = [("样本编号", "基因", "突变位点"), ("", "KRAS", "p.G12D"), ("", "TP53", "p.R175H")]
    path = _book(tmp_path / "m.xlsx", {"结果": rows}, merged=[(1, 0, 2, "S1")])
    calls = read_panel(path).tables["calls"].select("sample_id", "variant_id").rows()
    assert calls == [("S1", "KRAS:p.G12D"), ("S1", "TP53:p.R175H")]


@pytest.mark.parametrize(("cell", "reads"), [("12.5", 125), ("12.50%", 125), ("0.3%", 3), ("12,5", 125)])
def test_chinese_names_of_fraction_and_depth_count_in_a_maf(tmp_path, cell, reads):
    """Calls of a MAF with 突变丰度(%) and 测序深度 had no reads, unsaid."""
    head = "Hugo_Symbol Chromosome Start_Position Reference_Allele Tumor_Seq_Allele2 Tumor_Sample_Barcode "
    head += "突变丰度(%) 测序深度"
    row = f"KRAS 12 25398284 C T S1 {cell} 1000"
    (tmp_path / "a.maf").write_text("\n".join("\t".join(x.split()) for x in (head, row)) + "\n")
    calls = read_files([tmp_path / "a.maf"]).tables["calls"]
    assert calls.select("alt_count", "depth").row(0) == (reads, 1000)
