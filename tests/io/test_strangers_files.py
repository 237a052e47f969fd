"""Spellings of cells, encodings and names of nobody that public bug reports show; each was a stranger's input.

Sources are named beside each; every id and number is made up.
"""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.genes.unread import unread_codons
from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.files import read_files
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study

MAF = [
    "Hugo_Symbol",
    "NCBI_Build",
    "Chromosome",
    "Start_Position",
    "Reference_Allele",
    "Tumor_Seq_Allele1",
    "Tumor_Seq_Allele2",
    "Tumor_Sample_Barcode",
    "Variant_Classification",
    "HGVSp_Short",
    "t_ref_count",
    "t_alt_count",
]
KRAS = ["KRAS", "GRCh37", "12", "25398284", "C", "C", "T", "S1", "Missense_Mutation", "p.G12D", "700", "300"]
VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=12,length=133851895>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\n12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD:DP\t0/1:70,30:100\n"
)
RAS = pl.DataFrame({"gene": ["KRAS"], "codon": [12]}, schema={"gene": pl.String, "codon": pl.Int64})
NO_PLACE = dict.fromkeys(
    ("Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"), ""
)


def _maf(path, *changes, header=MAF):
    rows = [[{**dict(zip(MAF, KRAS, strict=True)), **change}[c] for c in MAF] for change in changes or ({},)]
    path.write_text("".join("\t".join(row) + "\n" for row in (header, *rows)))
    return path


def _rows(reading, table, *columns):
    return reading.tables[table].select(columns).sort(columns).rows()


@pytest.mark.parametrize("change", ["p.g12d", "p.GLY12ASP", "gly12asp", "12G>D", "G12D (p.Gly12Asp)", "p.G12D/c.35G>A"])
def test_one_change_in_any_letters_is_one_change(tmp_path, change):
    """Without a place p.g12d left the patient RAS wild type: its codon was known, its change was not."""
    reading = read_files([_maf(tmp_path / "a.maf", {**NO_PLACE, "HGVSp_Short": change})])
    assert _rows(reading, "calls", "variant_id", "is_called") == [("KRAS:p.G12D", True)]


@pytest.mark.parametrize("change", ["p.exon2 12", "p.mut12x"])
def test_a_change_that_is_not_understood_forbids_wild_type(tmp_path, change):
    tables, _ = checked(read_files([_maf(tmp_path / "a.maf", {**NO_PLACE, "HGVSp_Short": change})]))
    study = Study(config_from_mapping({"genome_build": "GRCh37"}), tables)
    assert unread_codons(study, RAS)["gene"].to_list() == ["KRAS"]


def test_funcotator_s_unknown_sample_is_that_of_its_file(tmp_path):
    """Funcotator writes __UNKNOWN__ where it is not told the sample (gatk#5687 shows its header): two patients were
    one."""
    for name in ("P1", "P2"):
        _maf(tmp_path / f"{name}.maf", {"Tumor_Sample_Barcode": "__UNKNOWN__"})
    reading = read_files([tmp_path])
    assert _rows(reading, "samples", "sample_id", "patient_id") == [("P1", "P1"), ("P2", "P2")]


def test_biopsies_of_a_hartwig_patient_are_his(tmp_path):
    """T, TII and TIII are biopsies of one patient, R his reference (names of the Hartwig database)."""
    names = [{"Tumor_Sample_Barcode": f"CPCT02010001{end}"} for end in ("T", "TII", "R")]
    reading = read_files([_maf(tmp_path / "a.maf", *names)])
    assert _rows(reading, "samples", "sample_id", "patient_id", "material") == [
        ("CPCT02010001R", "CPCT02010001", "normal"),
        ("CPCT02010001T", "CPCT02010001", "tissue"),
        ("CPCT02010001TII", "CPCT02010001", "tissue"),
    ]


@pytest.mark.parametrize("bytes_", ["﻿" + VCF, VCF.replace("\n", "\r"), VCF.encode("utf-16")])
def test_a_vcf_in_any_encoding_keeps_its_samples(tmp_path, bytes_):
    """A byte-order mark, UTF-16 or the line ends of an old Macintosh left a study without a patient, and no error."""
    path = tmp_path / "a.vcf"
    path.write_bytes(bytes_ if isinstance(bytes_, bytes) else bytes_.encode())
    reading = read_files([path])
    assert _rows(reading, "calls", "sample_id", "alt_count", "depth") == [("P1", 30, 100)]


def test_a_remark_between_rows_is_no_row(tmp_path):
    """MAFs put one behind the other hold #version 2.4 in the middle."""
    path = _maf(tmp_path / "a.maf")
    path.write_text(path.read_text() + "#version 2.4\n" + path.read_text())
    reading = read_files([path])
    assert reading.tables["samples"]["sample_id"].to_list() == ["S1"]
    assert [p.severity for p in reading.problems if "between the rows" in p.message] == ["warning"]


def test_a_table_without_the_names_of_its_columns_is_told_so(tmp_path):
    path = tmp_path / "a.maf"
    path.write_text("\t".join([*KRAS[:4], KRAS[3], *KRAS[4:]]) + "\n")
    with pytest.raises(InputError, match="names of the columns missing"):
        read_files([path])


def test_counts_of_oncotator_and_with_blanks_are_counts(tmp_path):
    header = [*MAF[:-2], "i_t_ref_count", "i_t_alt_count"]
    reading = read_files(
        [_maf(tmp_path / "a.maf", {"t_ref_count": "700 ", "Chromosome": "chromosome 12"}, header=header)]
    )
    assert _rows(reading, "calls", "variant_id", "alt_count", "depth") == [("12:25398284:C:T", 300, 1000)]


@pytest.mark.parametrize(
    ("word", "called", "origin"),
    [("Likely germline", True, "germline"), ("GERMLINE_HET", True, "germline"), ("False positive", False, "unknown")],
)
def test_words_beside_an_origin(tmp_path, word, called, origin):
    path = _maf(tmp_path / "a.maf")
    head, row = path.read_text().splitlines()
    path.write_text(f"{head}\tMutation_Status\n{row}\t{word}\n")
    assert _rows(read_files([path]), "calls", "is_called", "origin") == [(called, origin)]


def test_ids_that_differ_by_capitals_alone_are_told(tmp_path):
    """Two files of one sample under P1_T and p1-t were two patients without a word."""
    rows = ({"Tumor_Sample_Barcode": "P1_T"}, {"Tumor_Sample_Barcode": "p1-t"})
    reading = read_files([_maf(tmp_path / "a.maf", *rows)])
    assert any("P1_T and p1-t" in p.message for p in reading.problems)


def test_files_of_one_id_with_other_reads_or_patients_are_told(tmp_path):
    """S1 of two files with 30 % and 3 % of one variant were one sample, without a word."""
    for name, counts in (("a", ("700", "300")), ("b", ("970", "30"))):
        _maf(tmp_path / f"{name}.maf", dict(zip(("t_ref_count", "t_alt_count"), counts, strict=True)))
    assert any("3% and 30%" in p.message for p in read_files([tmp_path]).problems)


def test_bl_is_the_baseline_where_the_names_say_so(tmp_path):
    """DTB-003-BL beside DTB-003-PRO, and P1_cfDNA_BL, were normals: every call of the patient was germline."""
    names = ("DTB-003-BL", "DTB-003-PRO", "P1_cfDNA_BL", "P1_cfDNA_C3", "P1_WBC", "P2_BL", "P2_T1")
    reading = read_files([_maf(tmp_path / "a.maf", *({"Tumor_Sample_Barcode": n} for n in names[:5]))])
    assert dict(_rows(reading, "samples", "sample_id", "material")) == {
        "DTB-003-BL": "tissue",
        "DTB-003-PRO": "tissue",
        "P1_WBC": "white_cells",  # beside plasma they tell a blood clone
        "P1_cfDNA_BL": "plasma",
        "P1_cfDNA_C3": "plasma",
    }
    reading = read_files([_maf(tmp_path / "a.maf", *({"Tumor_Sample_Barcode": n} for n in names[5:]))])
    assert dict(_rows(reading, "samples", "sample_id", "material")) == {"P2_BL": "normal", "P2_T1": "tissue"}
