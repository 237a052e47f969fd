"""Reports of laboratories: what a stranger's inputs of the last day of November 2026 found wrong, by kind."""

from __future__ import annotations

import doctest

import polars as pl
import pytest
import xlsxwriter

from oncourse.io import examined
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.reports import wide as report_wide
from oncourse.io.structural.segments import read_purity
from oncourse.io.tabular import sheets
from oncourse.io.tabular.sheets import read_sheets


def _read(folder, *rows):
    (folder / "r.csv").write_text("\n".join(rows) + "\n")
    return read_any(folder / "r.csv")


def _calls(reading):
    return reading.tables["calls"].select("sample_id", "variant_id").rows()


def _states(reading):
    """Return (sample, status) -> state of RAS and BRAF V600E."""
    from oncourse.cohort import Cohort
    from oncourse.study.model import Study

    tables, _ = checked(reading)
    found = Cohort(Study(reading.config, tables)).statuses.filter(pl.col("status").is_in(["RAS", "BRAF V600E"]))
    return {(s, n): state for s, n, state in found.select("sample_id", "status", "state").iter_rows()}


def test_columns_of_genes_with_yes_and_no(tmp_path):
    """ "KRAS mutation: Yes" was not read and the patient RAS wild type; "BRAF V600E: No" was a called V600E."""
    reading = _read(
        tmp_path,
        "Patient ID,KRAS mutation,NRAS mutation,BRAF V600E",
        "P1,Yes,No,No",
        "P2,No,No,Yes",
        "P3,No,No,see note",
    )
    assert _calls(reading) == [("P2", "BRAF:p.V600E"), ("P3", "BRAF:line4")]
    states = _states(reading)
    assert [states[p, "RAS"] for p in ("P1", "P2", "P3")] == ["positive", "negative", "negative"]
    assert [states[p, "BRAF V600E"] for p in ("P1", "P2", "P3")] == ["negative", "positive", "not_assessable"]


def test_fractions_of_tissue_and_plasma_are_two_samples(tmp_path):
    """Neither column was read, and what was found in plasma alone was a call in tissue."""
    reading = _read(
        tmp_path,
        "样本编号,基因,氨基酸改变,组织丰度(%),血浆丰度(%)",
        "P1,KRAS,p.G12D,12.3,0.5",
        "P2,KRAS,p.G13D,-,0.4",
        "P3,KRAS,p.G13D,3,",
    )
    calls = reading.tables["calls"].select("sample_id", "variant_id", "vaf").rows()
    assert calls == [
        ("P1_组织", "KRAS:p.G12D", 0.123),
        ("P1_血浆", "KRAS:p.G12D", 0.005),
        ("P2_血浆", "KRAS:p.G13D", 0.004),
        ("P3_组织", "KRAS:p.G13D", 0.03),
    ]
    samples = reading.tables["samples"].select("sample_id", "patient_id", "material").rows()
    assert samples[:4] == [
        ("P1_组织", "P1", "tissue"),
        ("P1_血浆", "P1", "plasma"),
        ("P2_组织", "P2", "tissue"),
        ("P2_血浆", "P2", "plasma"),
    ]
    assert _states(reading)["P2_组织", "RAS"] == "not_assessable"


def test_fractions_before_and_after_treatment_are_two_samples(tmp_path):
    reading = _read(tmp_path, "样本编号,基因,氨基酸改变,治疗前丰度,治疗后丰度", "P2,KRAS,p.G13D,5%,未检出")
    assert _calls(reading) == [("P2_治疗前", "KRAS:p.G13D")]
    assert reading.tables["samples"]["patient_id"].to_list() == ["P2", "P2"]


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        (
            ("基因,变异,P1,P2,P3", "KRAS,p.G12D,12.3%,-,0.5%", "BRAF,p.V600E,-,8%,-"),
            [("P1", "KRAS:p.G12D"), ("P3", "KRAS:p.G12D"), ("P2", "BRAF:p.V600E")],
        ),
        (
            ("Gene,S1,S2,Remark", "KRAS,p.G12D,WT,-", "BRAF,WT,V600E,-"),
            [("S1", "KRAS:p.G12D"), ("S2", "BRAF:p.V600E")],
        ),
    ],
)
def test_a_column_per_sample(tmp_path, rows, calls):
    """Genes down, samples across; a column of remarks is no sample."""
    reading = _read(tmp_path, *rows)
    assert _calls(reading) == calls
    assert set(reading.tables["samples"]["sample_id"]) == {s for s, _ in calls}


def test_lines_below_a_table_are_no_patients(tmp_path):
    """``共检测520个基因`` and ``以下空白`` were two patients."""
    reading = _read(
        tmp_path, "样本编号,基因,检测结果", "P1,KRAS,p.G12D", "共检测520个基因,,", "*本报告仅对来样负责,,", "以下空白,,"
    )
    assert reading.tables["samples"]["sample_id"].to_list() == ["P1"]
    assert any("3 lines of remarks" in n for n in reading.notes)


def test_a_dash_in_a_column_of_percent_is_no_number(tmp_path):
    """It became ``-%``, a cell nobody can read."""
    reading = _read(tmp_path, "样本编号,基因,氨基酸改变,突变丰度(%)", "P1,KRAS,p.G12D,12.3", "P2,TP53,p.R175H,-")
    assert not [p for p in reading.problems if "are no number" in p.message]


def test_cells_shown_in_percent_say_so(tmp_path):
    """Typed as 12.3%, a cell of a workbook holds 0.123: under a header in percent it was read as 0.123 %."""
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("A & B")
        sheet.write_row(0, 0, ["样本编号", "基因", "氨基酸改变", "突变丰度(%)"])
        sheet.write_row(1, 0, ["P1", "KRAS", "p.G12D"])
        sheet.write_number(1, 3, 0.123, book.add_format({"num_format": "0.0%"}))
        sheet.write_row(2, 0, ["P2", "TP53", "p.R175H", 4.5])
    assert [row[3] for row in read_sheets(path)[0].rows] == ["12.3%", "4.5"]
    assert read_any(path).tables["calls"]["vaf"].to_list() == [0.123, 0.045]


@pytest.mark.parametrize("module", [report_wide, sheets])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("effect", "change"), [("Missense_Mutation", "p.A18D"), ("Splice_Site", ""), ("Nonsense_Mutation", "p.Q22*")]
)
def test_without_a_build_a_residue_that_place_and_annotation_call_apart_is_not_understood(tmp_path, effect, change):
    """KRAS 12:25398284 C>T as p.A18D in a MAF without NCBI_Build was RAS wild type."""
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
    row = f"KRAS\t12\t25398284\tC\tT\t{effect}\t{change}\tS1\n"
    other = "TP53\t17\t7675088\tC\tT\tMissense_Mutation\tp.R175H\tS2\n"  # GRCh38: no build fits both
    (tmp_path / "a.maf").write_text(f"{head}HGVSp_Short\tTumor_Sample_Barcode\n{row}{other}")
    assert _states(read_any(tmp_path / "a.maf"))["S1", "RAS"] == "not_assessable"


def test_names_of_rows_that_r_writes_are_read_past(tmp_path):
    """Battenberg's rho_and_psi.txt has a name before each row and none in its header: the caller's own file was refused."""
    path = tmp_path / "S1_rho_and_psi.txt"
    path.write_text("rho\tpsi\tploidy\tis.best\nASCAT\t0.62\t2.1\t2.0\tFALSE\nFRAC_GENOME\t0.58\t2.2\t2.1\tTRUE\n")
    found, problems = read_purity(path)
    assert found.rows() == [("S1", 0.58, 2.1)]
    assert [p.severity for p in problems] == ["warning"]


@pytest.mark.parametrize(("places", "build"), [(("25398284", "7578406"), "GRCh37"), (("25398284", "7675088"), None)])
def test_a_build_that_no_column_says_is_that_of_the_places(tmp_path, places, build):
    """Coordinates of KRAS G12D and TP53 R175H in GRCh37 and GRCh38 (Ensembl); two builds in one file are told."""
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
    rows = f"KRAS\t12\t{places[0]}\tC\tT\tS1\nTP53\t17\t{places[1]}\tC\tT\tS1\n"
    (tmp_path / "a.maf").write_text(head + rows)
    study, problems = examined(tmp_path / "a.maf")
    assert study.config.genome_build == build
    assert any("does not say its genome build" in m for m in (*study.notes, *(p.message for p in problems)))


def test_sentences_that_deny_several_genes_deny_each(tmp_path):
    """``未检出KRAS、NRAS、BRAF突变`` was a mutated BRAF, and "KRAS p.G13D (12%). Negative: NRAS" denied G13D."""
    reading = _read(
        tmp_path,
        "样本编号,检测结果",
        "P1,未检出KRAS、NRAS、BRAF突变",
        "P2,KRAS/NRAS/BRAF均为野生型",
        'P3,"No mutations detected in KRAS, NRAS or BRAF"',
        'P4,"Pathogenic variants: KRAS p.G13D (12%). Negative: NRAS, BRAF"',
        "P5,KRAS G12D突变；NRAS、BRAF野生型",
    )
    assert _calls(reading) == [("P4", "KRAS:p.G13D"), ("P5", "KRAS:p.G12D")]
    assert "markers" not in reading.tables
    assert set(reading.tables["assays"]["targets"]) == {"BRAF;KRAS;NRAS"}


def test_a_fraction_below_a_limit_is_neither_found_nor_absent(tmp_path):
    """G12D with <0.1% was a call, then a change without a name: it is the tissue's G12D, looked at and not called."""
    reading = _read(tmp_path, "样本编号,基因,氨基酸改变,突变丰度", "P1,KRAS,p.G12D,<0.1%", "P2,TP53,p.R175H,12%")
    assert _calls(reading) == [("P1", "KRAS:p.G12D"), ("P2", "TP53:p.R175H")]
    assert reading.tables["calls"]["is_called"].to_list() == ["false", "true"]
    assert any("every other is not assessable" in p.message for p in reading.problems)


def test_a_report_of_findings_alone_says_nothing_of_other_genes(tmp_path):
    """A list of what was found, without the genes tested: KRAS was "negative, assumed" in everybody.

    TP53 was found in P1, so that the assay looks at it; nothing says that it looks at KRAS. Its size is not known.
    """
    reading = _read(tmp_path, "样本编号,基因,氨基酸改变,突变丰度", "P1,TP53,p.R175H,12%", "P2,APC,p.R1450*,9%")
    assert reading.tables["assays"].rows() == [("r_1", "panel", "APC;TP53", 0.0)]
    assert reading.tables["samples"]["assay_id"].to_list() == ["r_1", "r_1"]
    many = [f"P1,GENE{i},p.A{i}T,12%" for i in range(2000)]
    assert "assays" not in _read(tmp_path, "样本编号,基因,氨基酸改变,突变丰度", *many).tables  # an exome


@pytest.mark.parametrize("words", ["未扩增", "无扩增", "扩增阴性", "不扩增", "not amplified", "扩增：否", "没有扩增"])
def test_an_amplification_that_is_denied_is_none(tmp_path, words):
    """``未扩增`` was HER2 amplified."""
    reading = _read(tmp_path, "样本编号,基因,检测结果", f"P1,ERBB2,{words}", "P2,ERBB2,扩增")
    assert reading.tables["gene_copy_number"].rows() == [("P2", "ERBB2", "2")]


def test_a_genotype_of_wild_type_and_a_change_is_no_denial(tmp_path):
    reading = _read(tmp_path, "样本编号,基因,检测结果", "P1,KRAS,WT/G12D", "P2,KRAS,WT/WT")
    assert _calls(reading) == [("P1", "KRAS:line2")]
