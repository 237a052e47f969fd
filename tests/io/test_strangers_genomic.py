"""Genomic files as hospitals hand them over: what a stranger's inputs of late November 2026 found wrong, by kind."""

from __future__ import annotations

import pytest

from oncourse.errors import InputError
from oncourse.genome.places import locate
from oncourse.io.files import read_files

MAF = (
    "Hugo_Symbol",
    "Chromosome",
    "Start_Position",
    "Reference_Allele",
    "Tumor_Seq_Allele2",
    "Variant_Classification",
    "HGVSp_Short",
    "Tumor_Sample_Barcode",
    "t_alt_count",
    "t_ref_count",
)
KRAS = ("KRAS", "12", "25398284", "C", "T", "Missense_Mutation", "p.G12D", "S1", "300", "700")


def _maf(folder, *rows, header=MAF):
    path = folder / "a.maf"
    path.write_text("".join("\t".join(map(str, r)) + "\n" for r in (header, *rows)))
    return path


def _vcf(folder, columns, *records, name="P6.freebayes.vcf"):
    head = "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *columns))
    rows = []
    for place, *cells in records:
        chrom, pos, ref, alt = place.split(":")
        rows.append("\t".join((chrom, pos, ".", ref, alt, "9", "PASS", ".", "GT:AD:DP", *cells)))
    path = folder / name
    path.write_text("\n".join(["##fileformat=VCFv4.2", "##reference=hg19", head, *rows]) + "\n")
    return path


def _samples(reading):
    return reading.tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows()


def test_the_blood_of_a_patient_beside_two_lesions_is_his_normal(tmp_path):
    """P6_blood beside P6_primary and P6_liver was a tumour of a third patient."""
    record = ("12:25398284:C:T", "0/1:70,30:100", "0/0:99,0:99", "0/0:50,0:50")
    path = _vcf(tmp_path, ("P6_primary", "P6_liver", "P6_blood"), record)
    assert _samples(read_files([path])) == [("P6_liver", "P6", "tissue"), ("P6_primary", "P6", "tissue")]


@pytest.mark.parametrize(("n", "severity"), [(3, "error"), (1, "warning")])
def test_variants_of_the_normal_alone_mean_exchanged_columns(tmp_path, n, severity):
    """All calls became germline and not called, and the patient RAS wild type, without a word."""
    records = [(f"12:2539828{i}:C:T", "0/0:90,0:90", "0/1:60,30:90") for i in range(n)]
    problems = read_files([_vcf(tmp_path, ("P1_T", "P1_N"), *records)]).problems
    assert [p.severity for p in problems if "exchanged" in p.message] == [severity]


def test_a_germline_variant_in_both_columns_is_no_exchange(tmp_path):
    records = [(f"12:2539828{i}:C:T", "0/1:50,40:90", "0/1:50,40:90") for i in range(4)]
    assert not [
        p for p in read_files([_vcf(tmp_path, ("P1_T", "P1_N"), *records)]).problems if "exchanged" in p.message
    ]


@pytest.mark.parametrize(("alt", "read"), [("Y", "T"), ("K", "N")])
def test_a_code_of_two_bases_is_the_one_that_is_not_the_reference(tmp_path, alt, read):
    """Y is C or T (NC-IUB 1984): the record was left out, and its codon wild type; what cannot be told stays as N."""
    reading = read_files([_vcf(tmp_path, ("P1",), (f"12:25398284:C:{alt}", "0/1:70,30:100"))])
    assert reading.tables["calls"]["variant_id"].to_list() == [f"12:25398284:C:{read}"]
    effect = locate(reading.tables["calls"]["variant_id"], "GRCh37").select("codon_first", "hgvs_p").row(0)
    assert effect == (12, "p.G12D" if read == "T" else None)


def test_a_place_in_the_chromosome_cell_is_no_chromosome(tmp_path):
    reading = read_files([_maf(tmp_path, (KRAS[0], "chr12:25398284", *KRAS[2:]))])
    assert reading.tables["calls"]["variant_id"].to_list() == ["KRAS:p.G12D"]


def test_a_coding_change_without_a_place_is_its_protein_change(tmp_path):
    """KRAS c.35G>A alone is p.G12D (RefSeq NM_004985): it was a call that nobody could judge, and no other file's
    G12D."""
    header = (*MAF[:6], "HGVSc", *MAF[7:])
    reading = read_files([_maf(tmp_path, (KRAS[0], "12", "", *KRAS[3:6], "c.35G>A", *KRAS[7:]), header=header)])
    assert reading.tables["variants"].select("variant_id", "hgvs_p").rows() == [("KRAS:p.G12D", "p.G12D")]


def test_a_table_of_genes_and_changes_given_as_maf_is_told_its_format(tmp_path):
    with pytest.raises(InputError, match="import panel"):
        read_files([_maf(tmp_path, ("KRAS", "p.G12D", "S1"), header=("gene", "aa_change", "sample"))])


@pytest.mark.parametrize("blank", ["-", "--", "NA", "/"])
def test_a_dash_in_a_cell_of_counts_is_not_counted(tmp_path, blank):
    """The whole file was refused."""
    reading = read_files([_maf(tmp_path, (*KRAS[:8], blank, "700"))])
    assert not [p for p in reading.problems if p.severity == "error"]
    assert reading.tables["calls"].select("alt_count", "is_called").rows() == [(None, True)]


def test_status_and_filter_words_in_chinese_and_unknown_ones(tmp_path):
    """胚系 counted as somatic, 通过 failed the row, and a word nobody knows was passed over."""
    header = (*MAF, "Mutation_Status", "FILTER")
    said = (("S1", "体细胞"), ("S2", "胚系"), ("S3", "likely bad"))
    rows = [(*KRAS[:7], s, *KRAS[8:], status, "通过") for s, status in said]
    reading = read_files([_maf(tmp_path, *rows, header=header)])
    found = reading.tables["calls"].sort("sample_id").select("origin", "is_called").rows()
    assert found == [("somatic", True), ("germline", True), ("unknown", True)]
    assert ["'likely bad' 1" in p.message for p in reading.problems if "not understood" in p.message] == [True]


def _with_clinical(folder, header, *rows):
    (folder / "c.tsv").write_text("\n".join(["\t".join(header), *("\t".join(r) for r in rows)]) + "\n")
    return read_files([_maf(folder, KRAS, (*KRAS[:7], "S2", *KRAS[8:]))], clinical=[folder / "c.tsv"])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (("sample", "patient", "type"), ("Primary", "Metastasis", "Normal")),
        (("样本编号", "患者编号", "样本类型"), ("原发灶", "肝转移", "正常对照")),
    ],
)
def test_role_and_normal_are_read_from_a_column_called_type(tmp_path, header, words):
    """A normal was a third tissue sample of the patient, and the lesions were lost."""
    reading = _with_clinical(tmp_path, header, *((f"S{i}", "P1", w) for i, w in enumerate(words, 1)))
    assert [m for _, _, m in _samples(reading)] == ["tissue", "tissue", "normal"]
    assert sorted(reading.tables["lesions"]["role"]) == ["metastasis", "primary"]


def test_blood_with_calls_is_plasma_and_told(tmp_path):
    """Blood was tissue."""
    header = ("sample_id", "patient_id", "sample_type")
    reading = _with_clinical(tmp_path, header, ("S1", "P1", "Primary"), ("S2", "P1", "Blood"))
    assert [m for _, _, m in _samples(reading)] == ["tissue", "plasma"]
    assert [p.value for p in reading.problems if "called blood" in p.message] == ["S2"]


def test_blood_that_a_caller_took_as_control_is_normal(tmp_path):
    (tmp_path / "c.tsv").write_text("sample_id\tpatient_id\tsample_type\nP1_T\tP1\tPrimary\nP1_blood\tP1\tBlood\n")
    path = _vcf(tmp_path, ("P1_T", "P1_blood"), ("12:25398284:C:T", "0/1:70,30:100", "0/0:50,0:50"), name="x.vcf")
    assert [m for _, _, m in _samples(read_files([path], clinical=[tmp_path / "c.tsv"]))] == ["tissue", "normal"]
