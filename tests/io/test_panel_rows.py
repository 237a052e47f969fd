"""Panel reports without places: findings, fusions and copies in words, genes looked at; tables of odd manners."""

from __future__ import annotations

import doctest

import pytest

from oncourse.errors import InputError
from oncourse.io.detect import read_any
from oncourse.io.files import read_files
from oncourse.io.reports import panel_headers
from oncourse.io.variants.maf import read_maf
from oncourse.io.variants.vcf import read_vcf

MAF = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode"
ROW = "KRAS\t12\t25398284\tC\tT"


def test_examples():
    found = doctest.testmod(panel_headers)
    assert found.attempted > 0
    assert found.failed == 0


def _read(folder, text, name="p.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return read_any(folder / name)


@pytest.mark.parametrize(
    "header",
    [
        "Sample,Gene,AAChange,VAF,Depth",
        "Sample ID,Gene,Protein Change,VAF,Depth",
        "样本编号,基因,氨基酸改变,突变丰度,测序深度",
    ],
)
def test_a_report_of_gene_and_change_alone_is_kept(tmp_path, header):
    """What most hospitals hold: "KRAS p.G12D, 12 %" without a place."""
    reading = _read(tmp_path, f"{header}\nP1,KRAS,p.G12D,12%,800\nP1,TP53,R175H,0.30,500\n")
    calls = reading.tables["calls"].select("variant_id", "alt_count", "depth").rows()
    assert calls == [("KRAS:p.G12D", 96, 800), ("TP53:p.R175H", 150, 500)]


def test_a_gene_without_a_finding_was_looked_at_and_its_sample_stays(tmp_path):
    """A patient whose every row is negative vanished; the genes of the rows are what was looked at in each sample."""
    text = "样本编号,基因,氨基酸改变,检测结果\nP1,KRAS,p.G12D,阳性\nP1,BRAF,,未检出\nP2,KRAS,,野生型\nP3,NRAS,p.Q61K,阳性\n"
    reading = _read(tmp_path, text, encoding="gb18030")
    assay = dict(reading.tables["samples"].select("sample_id", "assay_id").iter_rows())
    targets = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    assert {s: targets.get(a) for s, a in assay.items()} == {"P1": "BRAF;KRAS", "P2": "KRAS", "P3": "NRAS"}
    assert reading.tables["calls"]["variant_id"].to_list() == ["KRAS:p.G12D", "NRAS:p.Q61K"]


def test_fusions_and_copies_in_words_are_no_protein_changes(tmp_path):
    text = (
        "样本编号,基因名称,氨基酸变化,变异类型,变异频率（%）,测序深度\nS1,EGFR,p.E746_A750del,缺失,23.4,1200\n"
        "S1,ALK,EML4-ALK融合,融合,5.1,900\nS1,ERBB2,扩增(CN=8.2),拷贝数扩增,,\n"
    )
    reading = _read(tmp_path, text)
    assert reading.tables["calls"].select("variant_id", "alt_count").rows() == [("EGFR:p.E746_A750del", 281)]
    assert reading.tables["variants"]["consequence"].to_list() == ["inframe_deletion"]
    assert reading.tables["fusions"].rows() == [("S1", "EML4", "ALK")]
    assert reading.tables["gene_copy_number"].rows() == [("S1", "ERBB2", "2")]


def test_a_line_that_repeats_the_header_is_no_sample(tmp_path):
    """Files put one behind the other (cat *.maf)."""
    path = tmp_path / "a.maf"
    path.write_text(f"{MAF}\n{ROW}\tP1\n{MAF}\n{ROW}\tP2\n")
    found = read_maf(path)
    assert found.samples["sample_id"].to_list() == ["P1", "P2"]
    assert [p.row for p in found.problems if "repeats the header" in p.message] == [3]


def test_row_numbers_under_no_name_are_read_past(tmp_path):
    """pandas to_csv, R write.table(col.names = NA)."""
    path = tmp_path / "a.maf"
    path.write_text(f"\t{MAF}\n1\t{ROW}\tP1\n2\t{ROW}\tP2\n")
    found = read_maf(path)
    assert found.calls.height == 2
    assert [p.severity for p in found.problems if "has no name" in p.message] == ["warning"]


def test_a_decimal_comma_in_a_fraction(tmp_path):
    path = tmp_path / "a.maf"
    path.write_text(f"{MAF}\tt_depth\tVAF\n{ROW}\tP1\t1000\t0,301\n{ROW}\tP2\t1000\t30,1%\n")
    assert read_maf(path).calls["alt_count"].to_list() == [301, 301]


def test_one_sample_twice_in_the_clinical_table_is_an_error_with_its_id(tmp_path):
    """It ended in a traceback."""
    (tmp_path / "a.maf").write_text(f"{MAF}\n{ROW}\tP1\n")
    (tmp_path / "c.txt").write_text("SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\nP1\tP1\tPrimary\nP1\tP1\tMetastasis\n")
    problems = read_files([tmp_path / "a.maf"], clinical=[tmp_path / "c.txt"]).problems
    assert [(p.value, p.severity) for p in problems if "rows that differ" in p.message] == [("P1", "error")]


def _vcf(path, columns, *records):
    head = "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *columns))
    path.write_text(
        "\n".join(["##fileformat=VCFv4.2", "##reference=hg19", head, *("\t".join(r) for r in records)]) + "\n"
    )
    return path


def test_accessions_of_chromosomes_genotypes_of_dots_and_filtered_in_all(tmp_path):
    """RefSeq names (NC_000012.11); a genotype of dots with reads; GATK CombineVariants' set=FilteredInAll."""
    rest = ("25398284", ".", "C", "T", "9", ".")
    records = [
        ("NC_000012.11", *rest, ".", "GT:AD:DP", "./.:70,30:100"),
        ("12", "25398285", ".", "C", "T", "9", ".", "set=FilteredInAll", "GT:AD:DP", "0/1:70,30:100"),
    ]
    calls = read_vcf(_vcf(tmp_path / "T1.vcf", ("T1",), *records)).calls
    assert calls.select("variant_id", "alt_count", "is_called").rows() == [
        ("12:25398284:C:T", 30, True),
        ("12:25398285:C:T", 30, False),
    ]


def test_columns_named_after_bam_files_and_two_pairs_in_one_file(tmp_path):
    """bcftools and Platypus name columns after their BAMs; four columns are two patients."""
    names = [f"/data/{p}_{r}.sorted.bam" for p in ("P1", "P2") for r in ("T", "N")]
    record = ("12", "25398284", ".", "C", "T", "9", "PASS", ".", "GT:AD:DP", *["0/1:70,30:100", "0/0:50,0:50"] * 2)
    samples = read_files([_vcf(tmp_path / "all.vcf", names, record)]).tables["samples"]
    assert samples.select("sample_id", "patient_id").rows() == [("P1_T", "P1"), ("P2_T", "P2")]


def test_blanks_for_tabs_are_named(tmp_path):
    path = _vcf(tmp_path / "a.vcf", ("T1",), ("12", "9", ".", "C", "T", "9", "PASS", ".", "GT", "0/1"))
    path.write_text(path.read_text().replace("\t", " "))
    with pytest.raises(InputError, match="parted by blanks"):
        read_vcf(path)


def test_doubted_events_frames_and_an_amplification_beside_a_change(tmp_path):
    """An equivocal amplification matched rules of HER2, a fusion out of frame those of RET, and `amplification; G12D`
    lost the amplification."""
    rows = [
        "C1a,ERBB2,amplification - equivocal,",
        "C1b,RET,CCDC6-RET fusion (out of frame),",
        "C2a,KRAS,amplification; G12D,0.6",
    ]
    rows += ["C2b,NTRK1,TPM3-NTRK1 fusion,", "C3a,ALK,EML4-ALK fusion equivocal,", "C3b,KRAS,G12D,0.2"]
    tables = _read(tmp_path, "\n".join(["Sample,Gene,Alteration,VAF", *rows, ""])).tables
    assert tables["gene_copy_number"].select("sample_id", "gene", "call").rows() == [("C2a", "KRAS", "2")]
    assert tables["fusions"].select("sample_id", "gene_5p", "gene_3p", "frame").rows() == [
        ("C1b", "CCDC6", "RET", "out_of_frame"),
        ("C2b", "TPM3", "NTRK1", None),
    ]
    found = {(s, v.partition(":line")[0]) for s, v in tables["calls"].select("sample_id", "variant_id").rows()}
    assert found == {("C1a", "ERBB2"), ("C2a", "KRAS:p.G12D"), ("C3a", "ALK"), ("C3b", "KRAS:p.G12D")}
