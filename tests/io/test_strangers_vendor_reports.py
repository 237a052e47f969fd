"""Reports of laboratories and what they must not say: plasma as tissue, a failed sample or a gene of low coverage as wild
type, several patients as one sample. Layouts as in `test_vendor_reports`; Guardant's table from its portal's headers."""

from __future__ import annotations

import json
import re

import pytest
from tests.io.strangers import states_of, write_book
from tests.io.test_vendor_reports import FOUNDATION, TEMPUS, TSO

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.detect import read_any


def _materials(reading):
    return dict(checked(reading)[0]["samples"].select("sample_id", "material").iter_rows())


def _tempus(path, results=None, **more):
    content = json.loads(json.dumps(TEMPUS)) | more
    content["results"] |= results or {}
    path.write_text(json.dumps(content))
    return path


def test_liquid_biopsies_are_of_plasma(tmp_path):
    """FoundationOne Liquid, TSO 500 ctDNA and Tempus xF were tissue: nothing found in a little ctDNA was wild type."""
    (tmp_path / "a.xml").write_text(FOUNDATION, "utf-8")
    (tmp_path / "b.xml").write_text(FOUNDATION.replace("TRF1", "TRF2").replace("OneCDx", "OneLiquidCDx"), "utf-8")
    (tmp_path / "c.tsv").write_text(TSO.replace("Genome\t", "Pipeline\tTruSight Oncology 500 ctDNA\nGenome\t"))
    _tempus(tmp_path / "d.json", order={"test": {"code": "XF"}})
    assert _materials(read_any(tmp_path)) == {"TRF1": "tissue", "TRF2": "plasma", "P1": "plasma", "X1": "plasma"}


def test_a_gene_that_a_report_of_an_unknown_panel_does_not_name_was_not_looked_at(tmp_path):
    """TSO 500 and Tempus name what was found: RAS of a report without KRAS was wild type. Another report of the same test
    says that KRAS is on it."""
    tp53 = (
        TSO.replace("KRAS", "TP53").replace("chr12\t25398284\tC", "chr17\t7578406\tC").replace("Gly12Asp", "Arg175His")
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a/P2_CombinedVariantOutput.tsv").write_text(tp53.replace("P1", "P2"))
    _tempus(tmp_path / "a/t.json", {"somaticPotentiallyActionableMutations": []})
    assert states_of(read_any(tmp_path / "a"), "RAS") == {"P2": "not_assessable", "X1": "not_assessable"}
    (tmp_path / "a/P1_CombinedVariantOutput.tsv").write_text(TSO)
    reading = read_any(tmp_path / "a")
    assert states_of(reading, "BRAF V600E")["P2"] == "not_assessable"
    targets = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    assert targets == {"TSO500": "ERBB2;KRAS;TP53", "test of t": "BRCA2;ERBB2"}
    assert reading.tables["assays"]["callable_mb"].to_list() == [0, 0]  # of its found genes alone no burden follows
    assert any("gene list of the test TSO500 is not known" in p.message for p in reading.problems)
    (tmp_path / "f.xml").write_text(FOUNDATION.replace('gene="KRAS"', 'gene="TP53"').replace("G12D", "R175H"), "utf-8")
    assert states_of(read_any(tmp_path / "f.xml"), "BRAF V600E") == {"TRF1": "positive"}


def test_the_sample_of_a_tempus_report_is_the_tumour_s(tmp_path):
    listed = [{"tempusSampleId": "N1", "sampleCategory": "normal"}, {"tempusSampleId": "T1", "sampleCategory": "tumor"}]
    assert _materials(read_any(_tempus(tmp_path / "d.json", specimens=listed))) == {"T1": "tissue"}


@pytest.mark.parametrize("genes", [["NRAS"], [{"gene": "NRAS"}]])
def test_a_gene_of_low_coverage_is_no_wild_type(tmp_path, genes):
    """RAS was wild type where the report itself lists NRAS among its lowCoverageGenes."""
    none = {"lowCoverageGenes": genes, "somaticPotentiallyActionableMutations": []}
    reading = read_any(_tempus(tmp_path / "d.json", none))
    assert states_of(reading, "RAS") == {"X1": "not_assessable"}
    assert any("genes of low coverage (NRAS)" in p.message for p in reading.problems)


def test_a_failed_report_is_not_read(tmp_path):
    """A report whose quality control failed finds nothing: RAS was wild type."""
    failed = re.sub(r"<short-variants>.*</short-variants>", '<quality-control status="Fail"/>', FOUNDATION, flags=re.S)
    (tmp_path / "a.xml").write_text(failed, "utf-8")
    with pytest.raises(InputError, match="says Fail: the report is not read"):
        read_any(tmp_path / "a.xml")
    (tmp_path / "b.xml").write_text(FOUNDATION.replace("TRF1", "TRF2"), "utf-8")
    reading = read_any(tmp_path)
    assert list(_materials(reading)) == ["TRF2"] and any("says Fail" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    "sheets",
    [
        {
            "样本信息": [["样本编号", "Q1"], ["样本类型", "组织"], ["质控结果", "不合格"]],
            "突变": [["基因", "氨基酸改变"], ["KRAS", "未检出"], ["NRAS", "未检出"]],
        },
        {
            "Sheet1": [
                ["样本编号", "基因", "检测结果", "质控"],
                ["Q1", "KRAS", "未检出", "失败"],
                ["Q1", "NRAS", "未检出", "失败"],
            ]
        },
    ],
)
def test_a_sample_of_failed_quality_is_refused(tmp_path, sheets):
    """质控 不合格 was read by nobody, and KRAS 未检出 was wild type."""
    reading = read_any(write_book(tmp_path / "r.xlsx", **sheets))
    assert any(
        "What a sample of failed quality does not show" in p.message for p in reading.problems if p.severity == "error"
    )


@pytest.mark.parametrize("name", ["PatientID", "GHSampleID", "CaseNumber"])
def test_ids_whose_words_are_written_together_name_people(tmp_path, name):
    """Two patients of a table were one sample, named after the file."""
    path = tmp_path / "lab.csv"
    path.write_text(f"{name},Gene,Mut_aa,Percentage,Specimen\nA1,KRAS,G12D,12,Plasma\nB1,KRAS,G12V,13,Plasma\n")
    assert _materials(read_any(path)) == {"A1": "plasma", "B1": "plasma"}


@pytest.mark.parametrize("name", ["TubeBarcode", "Pt", "Unnamed"])
def test_a_first_column_of_ids_that_nobody_knows_is_asked_about(tmp_path, name):
    path = tmp_path / "lab.csv"
    path.write_text(f"{name},Gene,Mut_aa,Percentage\nA1,KRAS,G12D,12\nB1,KRAS,G12V,13\n")
    with pytest.raises(InputError, match="no column for the sample"):
        read_any(path)


@pytest.mark.parametrize(("origin", "material"), [("体细胞", "plasma"), ("胚系", "white_cells")])
def test_blood_of_a_report_is_plasma_or_white_cells(tmp_path, origin, material):
    """外周血 was no allowed material: the report was refused."""
    rows = [["样本编号", "样本类型", "基因", "氨基酸改变", "来源"], ["B1", "外周血", "BRCA2", "p.S1982Rfs*22", origin]]
    reading = read_any(write_book(tmp_path / "r.xlsx", Sheet1=rows))
    assert _materials(reading) == {"B1": material} and checked(reading)[0]["calls"].height == 1
