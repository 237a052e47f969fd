"""Nothing is passed over in silence: the intake tables and their page."""

from __future__ import annotations

import re

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.api import check as check_study
from oncourse.cli.import_ import import_
from oncourse.io import load_study
from oncourse.report.packed import unpacked
from oncourse.report.study import report_study

VCF = (
    "##fileformat=VCFv4.2\n##INFO=<ID=MQ,Number=1,Type=Float,Description=x>\n##reference=hg19\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNORMAL\tTUMOR\n"
    "12\t25398284\t.\tC\tT\t.\tPASS\tMQ=60;NOBODY=1\tGT:AD:XX\t0/0:90,0:1\t0/1:70,30:1\n"
    "12\t25398290\t.\tC\tA\t.\tweak\tMQ=60\tGT:AD:XX\t0/0:90,0:1\t0/1:70,3:1\n"
    "12\t25398300\t.\tC\t<DEL>\t.\tPASS\tMQ=60\tGT:AD:XX\t0/0:90,0:1\t0/1:70,30:1\n"
)


@pytest.fixture
def imported(tmp_path):
    (tmp_path / "Q1_T_vs_Q1_N.vcf").write_text(VCF)
    done = CliRunner().invoke(import_, ["vcf", str(tmp_path / "Q1_T_vs_Q1_N.vcf"), str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    return tmp_path / "out"


def _table(folder, name):
    return pl.read_csv(folder / "tables" / "intake" / f"{name}.tsv", separator="\t")


def test_every_key_and_record_is_in_the_intake(imported):
    columns = {c: (s, b) for c, s, b in _table(imported, "columns").select("column", "state", "became").iter_rows()}
    assert columns["TUMOR"] == ("used", "samples: Q1_T")
    assert columns["INFO/NOBODY"][0] == columns["FORMAT/XX"][0] == columns["INFO/MQ"][0] == "not read"
    assert columns["FORMAT/AD"][0] == "used"
    rows = _table(imported, "rows").select("became", "state", "n").rows()
    assert sorted(rows) == [
        ("calls", "left out", 1),
        ("calls: called", "taken", 1),
        ("calls: looked at, not called", "taken", 1),
    ]


def test_the_page_names_what_was_not_read_first(imported):
    page = (imported / "intake.html").read_text()
    assert page.index("names no second place") < page.index("Files, columns, rows")
    tables = "".join(map(unpacked, re.findall(r'<script type="text/plain" id="t-[^"]*">([^<]*)<', page)))
    assert "INFO/NOBODY" in tables
    assert "the column TUMOR is sample Q1_T (file name)" in page


def test_an_imported_study_carries_its_intake_on(imported):
    study = load_study(imported)
    assert study.intake["intake/files"]["file"].to_list() == ["Q1_T_vs_Q1_N.vcf"]
    assert not [p for p in check_study(imported) if p.severity == "error"]


def test_a_report_leads_to_how_its_files_were_read(imported, tmp_path):
    """intake.html lay beside the report, and nothing on the page named it."""
    report_study(load_study(imported), tmp_path / "results", source=None, only=["overview"], patients="none")
    assert 'href="intake.html"' in (tmp_path / "results" / "report.html").read_text("utf-8")
    assert (tmp_path / "results" / "intake.html").is_file()


def test_an_unknown_file_of_a_portal_folder_is_told(tmp_path):
    """data_mutations_uncalled.txt was passed over in silence; so is nothing else."""
    head = (
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNobody\n"
    )
    (tmp_path / "data_mutations.txt").write_text(head + "KRAS\t12\t25398284\tC\tT\tS1\tx\n")
    (tmp_path / "data_protein_quantification.txt").write_text("gene\tS1\nKRAS\t1\n")
    study = load_study(tmp_path)
    files = dict(study.intake["intake/files"].select("file", "state").iter_rows())
    assert files == {"data_mutations.txt": "used", "data_protein_quantification.txt": "not read"}
    assert "Nobody" in study.intake["intake/columns"].filter(pl.col("state") == "not read")["column"].to_list()
    assert [p.table for p in check_study(tmp_path) if "not read" in p.message] == ["data_protein_quantification.txt"]


def test_the_page_shows_what_to_look_at_before_what_was_not_read(tmp_path):
    """Warnings of an import stood on the terminal alone: whoever opened the page did not see them."""
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "P1.vcf").write_text(VCF.replace("\tNORMAL\tTUMOR", "\tP1_N\tP1_T"))
    (tmp_path / "h" / "clinical.txt").write_text("SAMPLE_ID\tPATIENT_ID\nP1_T\tP1\n")
    done = CliRunner().invoke(import_, ["vcf", str(tmp_path / "h"), str(tmp_path / "out"), "--language", "zh"])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "intake.html").read_text()
    assert page.index("请首先核对") < page.index("clinical.txt") < page.index("未读取、未理解、被排除")
