"""A hospital's own workbook (研究编号, 治疗阶段 = 一线, 出生日期) beside the VCF files of its laboratory, as handed over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner

from oncourse.cli.main import cli
from oncourse.io.hospital.delivery import is_clinical_workbook
from oncourse.io.hospital.workbook import read_workbook
from oncourse.study.config import StudyConfig
from oncourse.study.tables import TABLES
from oncourse.study.validate import validate

SHEETS = {
    "患者信息": (
        ["姓名", "住院号", "研究编号", "性别", "出生日期", "确诊日期", "原发部位"],
        ["张三", "900001", "C01", "男", dt.date(1960, 1, 1), dt.date(2020, 1, 1), "右半结肠"],
        ["李四", "900002", "C02", "女", dt.date(1950, 7, 1), dt.date(2020, 7, 1), "直肠"],
    ),
    "样本信息": (
        ["样本编号", "研究编号", "样本类型", "采样日期", "部位"],
        ["C01-P", "C01", "原发灶", dt.date(2020, 1, 11), "结肠"],
        ["C01-M", "C01", "转移灶", dt.date(2021, 1, 11), "肝"],
        ["C02-cf", "C02", "血浆", dt.date(2020, 7, 11), None],
    ),
    "治疗": (
        ["研究编号", "治疗方案", "治疗阶段", "开始日期", "结束日期"],
        ["C01", "FOLFOX", "术后辅助化疗", dt.date(2020, 2, 1), dt.date(2020, 8, 1)],
        ["C01", "FOLFIRI+贝伐珠单抗", "一线", dt.date(2021, 2, 1), None],
    ),
    "随访": (
        ["研究编号", "复发日期", "生存状态", "死亡日期", "末次随访日期"],
        ["C01", dt.date(2021, 1, 1), "死亡", dt.date(2022, 1, 1), dt.date(2022, 1, 1)],
        ["C02", None, "存活", None, dt.date(2022, 7, 1)],
    ),
}
VCF = """##fileformat=VCFv4.2
##source=Mutect2
##reference=hg38.fa
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">
##tumor_sample={sample}
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}
chr12\t25245350\t.\tC\tT\t.\tPASS\tDP=500\tGT:AD\t0/1:400,100
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "handed over"
    (folder / "vcf").mkdir(parents=True)
    book = xlsxwriter.Workbook(str(folder / "临床资料.xlsx"))
    date = book.add_format({"num_format": "yyyy/m/d"})
    for name, rows in SHEETS.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(r, c, dt.datetime(cell.year, cell.month, cell.day), date)
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.close()
    for sample in ("C01-P", "C01-M", "C02-cf"):
        (folder / "vcf" / f"{sample}.mutect2.vcf").write_text(VCF.format(sample=sample))
    return folder


def _imported(source: Path, *options: str) -> dict[str, pl.DataFrame]:
    out = source.parent / "study"
    done = CliRunner().invoke(cli, ["import", "vcf", str(source), str(out), "--design", "crc", *options])
    assert done.exit_code == 0, done.output
    return {p.stem: pl.read_csv(p, separator="\t", infer_schema=False) for p in out.glob("*.tsv")}


def test_the_workbook_in_the_folder_of_the_calls_is_the_clinical_part_of_the_study(source: Path) -> None:
    tables = _imported(source)
    patients, samples = tables["patients"], tables["samples"].sort("sample_id")
    assert patients["patient_id"].to_list() == ["C01", "C02"]
    assert patients["age_years"].to_list() == ["60.0", "70.0"]
    assert not {"姓名", "住院号", "出生日期"} & set(patients.columns)
    assert samples["material"].to_list() == ["tissue", "tissue", "plasma"]
    assert samples["day"].to_list() == ["376", "10", "10"]
    assert tables["lesions"].sort("role").select("role", "site").rows() == [("metastasis", "肝"), ("primary", "结肠")]
    assert tables["treatments"].select("line", "setting").rows() == [(None, "adjuvant"), ("1", None)]
    assert tables["follow_up"].select("is_dead", "recurrence_day").rows() == [("true", "366"), ("false", None)]
    assert tables["calls"]["is_called"].to_list() == ["true"] * 3


def test_it_may_be_named_instead(source: Path) -> None:
    book = source / "临床资料.xlsx"
    given = book.rename(source.parent / "clinical.xlsx")
    assert is_clinical_workbook(given)
    tables = _imported(source / "vcf", "--clinical", str(given))
    assert tables["patients"].height == 2
    assert "treatments" in tables


def test_calls_of_the_workbook_that_are_not_read_are_told(source: Path) -> None:
    """The files beside it give the calls: a sheet of them was passed over without a word."""
    book = xlsxwriter.Workbook(str(source.parent / "more.xlsx"))
    for name, rows in {
        "患者": (["患者编号"], ["C01"]),
        "样本": (["样本编号", "患者编号", "样本类型"], ["C01-P", "C01", "原发灶"]),
        "突变": (["样本编号", "基因", "氨基酸改变", "突变丰度"], ["C01-P", "BRAF", "p.V600E", "12%"]),
    }.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            sheet.write_row(r, 0, row)
    book.close()
    out = source.parent / "told"
    done = CliRunner().invoke(
        cli, ["import", "vcf", str(source / "vcf"), str(out), "--clinical", str(source.parent / "more.xlsx")]
    )
    assert "1 calls of the workbook are not read" in done.output


def test_people_are_known_by_the_number_that_ties_the_sheets_together(source: Path) -> None:
    """A hospital numbers admissions (住院号) and people of the study; the first stood for the patient, and tied nothing."""
    reading = read_workbook(source / "临床资料.xlsx")
    assert all(f["patient_id"].str.starts_with("C0").all() for f in reading.tables.values() if f.height)
    assert any("住院号 number people too and are not kept" in note for note in reading.notes)


def test_a_table_without_an_id_is_an_error_and_no_fault() -> None:
    """`import workbook` ended as a fault of oncourse where nobody knew the column of people."""
    dates = {"index_date": "2020-01-01", "start_date": "2020-02-01", "date": "2020-02"}
    people = pl.DataFrame({"patient_id": ["x"], "index_date": ["2020-01-01"]})
    for name, table in TABLES.items():
        columns = [c.name for c in table.columns]
        for missing in [c for c in columns if c.endswith("_id")]:
            cells = {c: ["x"] for c in columns if c != missing and not c.endswith("day")} | {
                c: [d] for c, d in dates.items()
            }
            _, problems = validate({"patients": people, name: pl.DataFrame(cells)}, StudyConfig())
            assert problems, (name, missing)
