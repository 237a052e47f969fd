"""Rows of a table: whose they are, and that a row without a readable place is never dropped."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from oncourse.io.files import files_in, read_files
from oncourse.io.variants.maf import read_maf
from oncourse.io.whose.manifest import read_manifest

HEADER = (
    "Hugo_Symbol",
    "Chromosome",
    "Start_Position",
    "Reference_Allele",
    "Tumor_Seq_Allele2",
    "Tumor_Sample_Barcode",
    "HGVSp_Short",
    "t_alt_count",
    "t_depth",
    "NCBI_Build",
)


def _row(
    sample, *, gene="KRAS", chrom="12", pos="25398284", alt="T", change="p.G12D", alt_count="30", depth="100", more=()
):
    return (gene, chrom, pos, "C", alt, sample, change, alt_count, depth, "GRCh37", *more)


def _maf(folder: Path, name: str, *rows, more=()) -> Path:
    path = folder / name
    path.write_text("\n".join("\t".join(cells) for cells in ((*HEADER, *more), *rows)) + "\n")
    return path


def _clinical(folder: Path, *rows, columns=("SAMPLE_ID", "PATIENT_ID", "SAMPLE_TYPE")) -> Path:
    path = folder / "clinical.txt"
    path.write_text("\n".join("\t".join(cells) for cells in (columns, *rows)) + "\n")
    return path


def test_tumor_of_two_mafs_is_two_samples(tmp_path):
    """vcf2maf writes TUMOR where no --tumor-id is given (mskcc/vcf2maf#60): two patients became one."""
    for name, alt in (("P1", "T"), ("P2", "A")):
        _maf(tmp_path, f"{name}.maf", _row("TUMOR", alt=alt))
    reading = read_files(files_in(tmp_path, "maf"))
    assert reading.tables["calls"].sort("sample_id").select("sample_id", "variant_id").rows() == [
        ("P1", "12:25398284:C:T"),
        ("P2", "12:25398284:C:A"),
    ]


def test_primary_and_metastasis_of_one_maf_are_of_the_patient_the_file_names(tmp_path):
    _maf(tmp_path, "P7.maf", _row("primary"), _row("liver_met"))
    samples = read_files(files_in(tmp_path, "maf")).tables["samples"]
    assert set(samples.select("sample_id", "patient_id").rows()) == {("P7_primary", "P7"), ("P7_liver_met", "P7")}


@pytest.mark.parametrize("name", ["/data/bams/P1_T.bam", "P1_T.sorted.bam", "./P1_T.cram", "D:\\runs\\P1_T.bam"])
def test_a_path_as_sample_is_the_sample_of_that_file(tmp_path, name):
    assert read_maf(_maf(tmp_path, "a.maf", _row(name))).calls["sample_id"].to_list() == ["P1_T"]


def test_a_manifest_says_whose_the_rows_of_a_maf_are(tmp_path):
    path = _maf(tmp_path, "a.maf", _row("x1"), _row("x2"), _row("x3"))
    manifest = tmp_path / "files.tsv"
    manifest.write_text(
        "path\tcolumn\tsample_id\tpatient_id\trole\na.maf\tx1\tP1_T\tP1\ttumour\na.maf\tx2\tP1_M\tP1\ttumour\n"
        "a.maf\tx3\t\t\tignore\n"
    )
    found = read_maf(path, manifest=read_manifest(manifest))
    assert found.samples.select("sample_id", "patient_id").rows() == [("P1_M", "P1"), ("P1_T", "P1")]
    assert found.calls["sample_id"].to_list() == ["P1_T", "P1_M"]
    assert ("of a sample the manifest leaves out", 1, None) in found.left_out


def test_an_unreadable_position_never_drops_the_mutation(tmp_path):
    """A KRAS row whose position a spreadsheet had spoilt made its patient KRAS wild type."""
    path = _maf(
        tmp_path,
        "a.maf",
        _row("P1", pos=""),
        _row("P2", pos="x", change=""),
        _row("P3", pos="25,398,284", alt_count="1,030", depth="2,100"),
    )
    found = read_maf(path)
    assert found.calls.select("sample_id", "variant_id", "alt_count", "is_called").rows() == [
        ("P1", "KRAS:p.G12D", 30, True),
        ("P2", "KRAS:line3", 30, True),
        ("P3", "12:25398284:C:T", 1030, True),
    ]
    assert sum("kept as a call by gene" in p.message for p in found.problems) == 2


def test_a_row_with_neither_place_nor_gene_may_be_of_any_gene_and_is_told(tmp_path):
    """It was left out, and every gene of the sample wild type."""
    found = read_maf(_maf(tmp_path, "a.maf", _row("P1", gene="", pos="")))
    assert found.calls["variant_id"].to_list() == ["unnamed:p.G12D"]
    assert [p.message for p in found.problems] == [
        "no position, and no gene: the row is kept as a change that may be of any gene."
    ]


def test_what_a_second_method_did_not_find_is_not_called(tmp_path):
    """NCI's MAF specification: Validation_Status Wildtype and Invalid; cBioPortal's own tables list calls
    regardless."""
    rows = [_row(f"P{i}", more=(w,)) for i, w in enumerate(["Wildtype", "Invalid", "Valid", "Untested", ""], 1)]
    for name, called in (("a.maf", [False, False, True, True, True]), ("data_mutations.txt", [True] * 5)):
        found = read_maf(_maf(tmp_path, name, *rows, more=("Validation_Status",)))
        assert found.calls["is_called"].to_list() == called


def test_ids_as_r_and_spreadsheets_rewrite_them_and_patients_ids_are_matched(tmp_path):
    """R's make.names writes X001.T for 001-T (maftools#66); a MAF by patient means his only tumour sample."""
    path = _maf(tmp_path, "a.maf", _row("X001.T"), _row("P2"), _row("P3"))
    clinical = _clinical(
        tmp_path,
        ("001-T", "P1", "Primary"),
        ("S2", "P2", "Primary"),
        ("S2N", "P2", "Normal"),
        ("S3a", "P3", "Primary"),
        ("S3b", "P3", "Metastasis"),
    )
    reading = read_files([path], clinical=[clinical])
    # P3 has two tumours: nothing says which is meant
    assert reading.tables["calls"]["sample_id"].to_list() == ["001-T", "S2", "P3"]


def test_a_sample_without_rows_is_sequenced_only_where_an_assay_says_so(tmp_path):
    """An added patient without data changed every percentage: the unknown are not "no"."""
    path = _maf(tmp_path, "a.maf", _row("S1"))
    rows = (("S1", "P1", "IMPACT468"), ("S2", "P2", "IMPACT468"), ("S3", "P3", ""))
    clinical = _clinical(tmp_path, *rows, columns=("SAMPLE_ID", "PATIENT_ID", "GENE_PANEL"))
    reading = read_files([path], clinical=[clinical])
    assays = dict(reading.tables["samples"].select("sample_id", "assay_id").iter_rows())
    assert assays == {"S1": "IMPACT468", "S2": "IMPACT468", "S3": "not_profiled"}
    targets = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    assert targets["not_profiled"] == ";"
    assert "KRAS" in targets["IMPACT468"].split(";")
    assert reading.tables["samples"].schema["assay_id"] == pl.String


def test_a_normal_beside_its_tumour_is_no_tumour(tmp_path):
    """A MAF of P1_normal and P1_tumor was two tumour patients."""
    samples = read_files([_maf(tmp_path, "a.maf", _row("P1_normal"), _row("P1_tumor"), _row("P2_T"))]).tables["samples"]
    rows = samples.sort("sample_id").select("sample_id", "patient_id", "material").rows()
    assert rows == [("P1_normal", "P1", "normal"), ("P1_tumor", "P1", "tissue"), ("P2_T", "P2_T", "tissue")]


def test_files_of_one_general_name_are_told_apart_by_their_folders(tmp_path):
    """P1/tumor.vcf and P2/tumor.vcf were one sample."""
    head = "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "tumor"))
    for patient in ("P1", "P2"):
        (tmp_path / patient).mkdir()
        record = "\t".join(("12", "25398284", ".", "C", "T", "9", "PASS", ".", "GT:AD:DP", "0/1:70,30:100"))
        (tmp_path / patient / "tumor.vcf").write_text(f"##fileformat=VCFv4.2\n##reference=hg19\n{head}\n{record}\n")
    assert read_files([tmp_path], kind="vcf").tables["samples"]["sample_id"].to_list() == ["P1", "P2"]


def test_half_open_positions_are_moved_and_told(tmp_path):
    """A BED-like table: start one before the base, end on it; read as written every place was one base off."""
    path = tmp_path / "a.maf"
    path.write_text("chrom\tstart\tend\tref\talt\tsample\tgene\nchr12\t25398283\t25398284\tC\tT\tP1\tKRAS\n")
    found = read_maf(path)
    assert found.calls["variant_id"].to_list() == ["12:25398284:C:T"]
    assert any("half-open" in p.message for p in found.problems)


def test_counts_of_fragments(tmp_path):
    """mskcc/GetBaseCountsMultiSample and gbcms write t_alt_count_fragment; MSK-ACCESS the simplex and duplex reads."""
    path = tmp_path / "a.maf"
    head = "\t".join(HEADER[:6])
    path.write_text(
        f"{head}\tt_ref_count_fragment\tt_alt_count_fragment\tt_total_count_fragment\nKRAS\t12\t25398284\tC\tT\tS1\t90\t10\t100\n"
    )
    assert read_maf(path).calls.select("alt_count", "depth").rows() == [(10, 100)]


def test_the_normal_of_several_lesions_has_rows_of_its_own(tmp_path):
    """Fillouts count the mutations in the normal too: P1_N was a third tumour, and a patient of its own."""
    head = "Hugo_Symbol\tChromosome\tPosition\tRef\tAlt\tTumor_Sample_Barcode\tt_alt_count\tt_depth"
    rows = [f"KRAS\t12\t25245350\tC\tT\tP1_{p}\t{n}\t100" for p, n in (("N", 0), ("primary", 30), ("liver", 40))]
    (tmp_path / "x.maf").write_text("\n".join([head, *rows]) + "\n")
    samples = read_files([tmp_path / "x.maf"]).tables["samples"]
    assert samples.select("sample_id", "patient_id", "material").sort("sample_id").rows() == [
        ("P1_N", "P1", "normal"),
        ("P1_liver", "P1", "tissue"),
        ("P1_primary", "P1", "tissue"),
    ]
