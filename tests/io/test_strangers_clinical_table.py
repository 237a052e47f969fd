"""Tables of samples and patients beside the calls, and cBioPortal folders, as users hand them over.

Sources are named beside each; every id and number is made up.
"""

from __future__ import annotations

import pytest

from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.files import read_files

MAF = "Hugo_Symbol\tChromosome\tPosition\tRef\tAlt\tTumor_Sample_Barcode\tt_alt_count\tt_depth"


def _maf(path, *samples, head="", build=None):
    rows = [f"KRAS\t12\t25245350\tC\tT\t{s}\t30\t100" + (f"\t{build}" if build else "") for s in samples]
    path.write_text(head + "\n".join([MAF + ("\tNCBI_Build" if build else ""), *rows]) + "\n")
    return path


def _read(tmp_path, table, *samples):
    (tmp_path / "c.csv").write_text(table)
    return read_files([_maf(tmp_path / "x.maf", *samples)], clinical=[tmp_path / "c.csv"])


def _rows(reading, table, *columns):
    return reading.tables[table].select(columns).sort(columns, nulls_last=True).rows()


def test_sarek_s_sample_sheet_says_which_is_the_normal(tmp_path):
    """nf-core/sarek: patient,sex,status,sample,lane (0 normal, 1 tumour); a table without types made the normal a tumour
    against the pair in the file's name."""
    (tmp_path / "s.csv").write_text("patient,sex,status,sample,lane\nP1,XX,0,A0,1\nP1,XX,0,A0,2\nP1,XX,1,A1,1\n")
    vcf = tmp_path / "A1_vs_A0.vcf"
    vcf.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1_A0\tP1_A1\n"
        "12\t25245350\t.\tC\tT\t.\tPASS\t.\tGT:AD\t0/0:50,0\t0/1:70,30\n"
    )
    assert _rows(
        read_files([vcf], clinical=[tmp_path / "s.csv"]), "samples", "sample_id", "patient_id", "material"
    ) == [
        ("A0", "P1", "normal"),
        ("A1", "P1", "tissue"),
    ]
    (tmp_path / "ids.csv").write_text("SAMPLE_ID,PATIENT_ID\nA0,P1\nA1,P1\n")
    found = read_files([vcf], clinical=[tmp_path / "ids.csv"]).tables["samples"]
    assert dict(found.select("sample_id", "material").rows())["A0"] == "normal"


@pytest.mark.parametrize(
    ("words", "role", "site"),
    [
        ("Liver metastasis", "metastasis", "liver"),
        ("肝转移灶", "metastasis", "liver"),
        ("Metastatic to lung", "metastasis", "lung"),
        ("Primary Tumor", "primary", None),
        ("No metastasis", None, None),
        ("FFPE", None, None),
    ],
)
def test_the_words_of_a_type_say_role_and_site(tmp_path, words, role, site):
    """`Liver metastasis` was in no lesion, so that no pair was compared."""
    reading = _read(tmp_path, f"Sample ID,Patient ID,Sample Type\nS1,A,{words}\n", "S1")
    lesions = reading.tables.get("lesions")
    assert ([] if lesions is None else lesions.select("role", "site").rows()) == ([(role, site)] if role else [])


@pytest.mark.parametrize("column", ["状态", "Status"])
def test_a_status_of_dead_and_alive_is_the_vital_status(tmp_path, column):
    """A column 状态 may be of anything: its words decide."""
    table = f"样本编号,患者编号,{column},总生存期(月)\nS1,A,死亡,20\nS2,B,存活,30\n"
    reading = _read(tmp_path, table, "S1", "S2")
    assert [r[1] for r in _rows(reading, "follow_up", "patient_id", "is_dead")] == [True, False]
    other = _read(tmp_path, f"样本编号,患者编号,{column}\nS1,A,复查\nS2,B,存活\n", "S1", "S2")
    assert "follow_up" not in other.tables


def test_a_normal_that_other_rows_name_is_no_patient(tmp_path):
    """Rows of a tumour name XX9 as Matched_Norm_Sample_Barcode, and XX9 has rows of its own (fillout)."""
    path = tmp_path / "x.maf"
    rows = ["KRAS\t12\t25245350\tC\tT\tP1-T\t30\t100\tXX9", "TP53\t17\t7675088\tC\tT\tXX9\t50\t100\t"]
    path.write_text("\n".join([f"{MAF}\tMatched_Norm_Sample_Barcode", *rows]) + "\n")
    assert _rows(read_files([path]), "samples", "sample_id", "patient_id", "material") == [
        ("P1-T", "P1-T", "tissue"),
        ("XX9", "P1-T", "normal"),
    ]


def test_another_patient_in_the_calls_than_in_the_table_is_told(tmp_path):
    path = tmp_path / "x.maf"
    path.write_text(f"{MAF}\tPatient_ID\nKRAS\t12\t25245350\tC\tT\tS1\t30\t100\tA\n")
    (tmp_path / "c.csv").write_text("SAMPLE_ID,PATIENT_ID\nS1,B\n")
    reading = read_files([path], clinical=[tmp_path / "c.csv"])
    assert any("another patient's in the calls (S1: A, there B)" in p.message for p in reading.problems)


def test_a_gene_in_two_spellings_without_a_place_is_one_variant(tmp_path):
    path = tmp_path / "x.maf"
    rows = [f"{gene}\t\t\t\t\t{s}\t\t\tp.G12D" for gene, s in (("K-RAS", "S1"), ("KRAS", "S2"), ("ｋｒａｓ", "S3"))]
    path.write_text("\n".join([f"{MAF}\tHGVSp_Short", *rows]) + "\n")
    assert read_files([path]).tables["calls"]["variant_id"].unique().to_list() == ["KRAS:p.G12D"]


def test_positions_of_hg18_are_told(tmp_path):
    reading = read_files([_maf(tmp_path / "x.maf", "S1", build="36")])
    assert any("NCBI36" in p.message for p in reading.problems)


def _folder(tmp_path, *, mutations="data_mutations.txt", sample="data_clinical_sample.txt", head=""):
    (tmp_path / sample).write_text("#a\n#b\n#c\n#d\nPATIENT_ID\tSAMPLE_ID\nA\tA-T\nB\tB-T\nC\tC-T\n")
    _maf(tmp_path / mutations, "A-T", head=head)
    return tmp_path


def test_the_samples_named_above_a_mutation_table_were_sequenced_the_others_not(tmp_path):
    """MSK writes #sequenced_samples: above its table; a sample that is not among them was wild type."""
    samples = read_cbioportal(_folder(tmp_path, head="#sequenced_samples: A-T B-T\n")).tables["samples"]
    assert dict(samples.select("sample_id", "assay_id").rows()) == {"A-T": None, "B-T": None, "C-T": "not_profiled"}


def test_genie_s_names_with_a_release(tmp_path):
    """Synapse's files are called data_mutations_extended_5.0-public.txt: the study held no call."""
    names = {"mutations": "data_mutations_extended_5.0-public.txt", "sample": "data_clinical_sample_5.0-public.txt"}
    assert read_cbioportal(_folder(tmp_path, **names)).tables["calls"].height == 1


def test_a_copy_number_matrix_of_entrez_ids(tmp_path):
    """cBioPortal's File-Formats: Hugo_Symbol or Entrez_Gene_Id."""
    folder = _folder(tmp_path)
    (folder / "data_cna.txt").write_text("Entrez_Gene_Id\tA-T\n5728\t-1.5\n")
    assert read_cbioportal(folder).tables["gene_copy_number"].select("gene", "call").rows() == [("5728", -2.0)]
