"""Whole folders as hospitals and pipelines hand them over: whose each file is, and what beside the calls is not read."""

from __future__ import annotations

import doctest

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, write_table, write_vcf
from tests.typed import typed

from oncourse.errors import InputError
from oncourse.io import signatures, tree
from oncourse.io.detect import detect, read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.whose import sample_names
from oncourse.io.whose.manifest import Question

CALL = "12 25398284 . C T 50 PASS . GT:AD:DP"


def _samples(reading):
    return reading.tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows()


@pytest.mark.parametrize("module", [sample_names, signatures, tree])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("files", "column", "samples"),
    [
        (("P1/primary.vcf", "P1/met.vcf", "P2/primary.vcf"), None, ("P1_met", "P1_primary", "P2_primary")),
        (("P1/primary/mutect2.vcf", "P1/liver_met/mutect2.vcf"), "TUMOR", ("P1_liver_met", "P1_primary")),
        (("患者1/原发灶.vcf", "患者1/肝转移.vcf"), "TUMOR", ("患者1_原发灶", "患者1_肝转移")),
        (("P1/tissue.vcf", "P1/plasma.vcf"), "TUMOR", ("P1_plasma", "P1_tissue")),
        (("P1/tumor.vcf", "P2/tumor.vcf"), "TUMOR", ("P1", "P2")),
    ],
)
def test_a_folder_per_patient_holds_a_file_per_lesion(tmp_path, files, column, samples):
    """Every file of a folder was its one sample: primary, metastasis and plasma of a patient became one."""
    for name in files:
        path = tmp_path / "v" / name
        write_vcf(path, [column or path.stem], [f"{CALL} 0/1:70,30:100"])
    found = _samples(read_delivery([tmp_path / "v"]))
    assert tuple(s for s, _, _ in found) == samples
    assert all(patient == sample.split("_")[0] for sample, patient, _ in found)


def test_rows_of_a_lesion_s_own_maf_are_named_by_folder_and_file(tmp_path):
    for patient in ("P1", "P2"):
        for lesion in ("primary", "met"):
            write_table(tmp_path / patient / f"{lesion}.maf", f"{MAF}\n{KRAS_ROW.replace('S1', 'TUMOR')}")
    found = _samples(read_delivery([tmp_path]))
    assert [s[:2] for s in found] == [(f"{p}_{w}", p) for p in ("P1", "P2") for w in ("met", "primary")]


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_file_named_after_another_sample_than_its_column_is_asked_about(tmp_path, is_listed):
    """P03T.vcf was a copy of P01T's header: its calls joined those of P01T, and P03T had none."""
    for name, column in (("P01T", "P01T"), ("P03T", "P01T")):
        write_vcf(tmp_path / f"{name}.vcf", [column, "P01N"], [f"{CALL} 0/1:70,30:100 0/0:50,0:50"])
    table = write_table(tmp_path / "c" / "c.csv", "sample_id,patient_id\nP01T,P01\nP03T,P03")
    with pytest.raises(Question, match=r"P03T\.vcf: its column says P01T") as asked:
        read_delivery([tmp_path], clinical=[table] if is_listed else [])
    assert asked.value.manifest.select("sample_id", "role").rows()[2:] == [("P01T", ""), ("P01N", "normal")]


def test_sarek_2_writes_the_caller_before_the_names(tmp_path):
    """SciLifeLab/Sarek#813: Annotation/P/snpEff/Strelka_T_vs_N_...: a second tumour named Strelka_T, and its germline
    calls."""
    at = tmp_path / "Annotation" / "0024" / "snpEff"
    pair, counts = ["NORMAL", "TUMOR"], "12 25398284 . C T . PASS . DP:AU:CU:GU:TU"
    write_vcf(
        at / "Strelka_T8_vs_N3_somatic_snvs_snpEff.ann.vcf",
        pair,
        [f"{counts} 50:0,0:50,50:0,0:0,0 90:0,0:62,62:0,0:28,28"],
    )
    write_vcf(at / "MuTect2_T8_vs_N3_snpEff.ann.vcf", ["N3", "T8"], [f"{CALL} 0/0:50,0:50 0/1:70,30:100"])
    write_vcf(at / "Strelka_T8_variants_snpEff.ann.vcf", ["T8"], [f"{CALL} 0/1:70,30:100"])
    write_vcf(at / "HaplotypeCaller_N3_snpEff.ann.vcf", ["N3"], [f"{CALL} 0/1:70,30:100"])
    reading = read_delivery([tmp_path / "Annotation"])
    assert _samples(reading) == [("T8", "T8", "tissue")]
    left = {name: why for name, _, state, _, why in reading.ledger.files if state == "not read"}
    assert set(left.values()) == {"germline calls"} and len(left) == 2


def test_what_lies_beside_the_calls_is_read_or_named(tmp_path):
    """A clinical table, copies and MSI in the folder of the calls were passed over, and `check` found no problem."""
    folder, study = tmp_path / "h", tmp_path / "study"
    write_vcf(folder / "P1.vcf", ["P1"], [f"{CALL} 0/1:70,30:100"])
    write_table(folder / "clinical.txt", "SAMPLE_ID|PATIENT_ID|OS_MONTHS\nP1|P1|12")
    write_table(folder / "README.txt", "made by a pipeline")
    write_table(folder / "P1.call.cns", "chromosome|start|end|gene|log2|cn|cn1|cn2\nchr12|0|133000000|-|0.6|3|2|1")
    (folder / "P1.microsat_output.json").write_text('{"PercentageUnstableSites": "30.1", "ResultIsValid": "true"}')
    done = typed("import", "vcf", folder, study)
    assert (
        done.returncode == 0 and "clinical.txt: the file is not read: nobody said what it is (--clinical" in done.stdout
    )
    assert "README" not in done.stdout
    checked = typed("check", study).stdout
    assert "clinical.txt" in checked and "no problem found" not in checked
    assert "total_cn" in (study / "segments.tsv").read_text()
    assert "30.1" in (study / "samples.tsv").read_text()
    done = typed("import", "vcf", folder, tmp_path / "again", "--clinical", folder / "clinical.txt")
    assert "nobody said what it is" not in done.stdout


def test_rows_in_no_table_are_said_by_check(tmp_path):
    """The fusion of a sample of another name was left out; the study folder then had "no problem"."""
    calls = write_vcf(tmp_path / "P1.vcf", ["P1"], [f"{CALL} 0/1:70,30:100"])
    fusions = write_table(
        tmp_path / "x.tsv",
        "#FusionName|JunctionReadCount|SpanningFragCount|LeftGene|LeftBreakpoint|RightGene|RightBreakpoint\n"
        "EML4--ALK|12|5|EML4^ENSG1|chr2:42522656:+|ALK^ENSG2|chr2:29446394:-",
    )
    typed("import", "vcf", calls, tmp_path / "study", "--fusions", fusions)
    said = typed("check", tmp_path / "study").stdout
    assert "In no table of the study: x.tsv: 1 rows (the study has no such sample; first: x)" in said
    assert "no problem found in what is in its tables" in said


def test_a_caller_without_sample_columns_may_have_found_nothing(tmp_path):
    """LoFreq of two samples, one without a variant: the import stopped ("the VCF holds no sample")."""
    head = "##source=lofreq call"
    write_vcf(tmp_path / "T1.lofreq.vcf", [], ["12 25398284 . C T 50 PASS DP=1000;AF=0.3;DP4=350,350,150,150"], head)
    write_vcf(tmp_path / "T2.lofreq.vcf", [], [], head)
    reading = read_delivery([tmp_path])
    assert [s[0] for s in _samples(reading)] == ["T1", "T2"]
    assert calls_of(reading, "alt_count", "depth") == [("T1", KRAS, 300, 1000)]


def test_calls_beside_a_clinical_format_are_named(tmp_path):
    """GDC's clinical.tsv beside the masked MAF: the clinical data were read, the calls passed over."""
    write_table(tmp_path / "clinical.tsv", "case_submitter_id|gender|vital_status\nTCGA-AA-0001|male|Alive")
    write_table(tmp_path / "x.aliquot_ensemble_masked.maf", f"{MAF}\n{KRAS_ROW}")
    reading = read_any(tmp_path)
    assert [p.table for p in reading.ledger.problems()] == ["x.aliquot_ensemble_masked.maf"]


def test_a_file_that_names_nobody_is_of_the_only_sample(tmp_path):
    """star-fusion.fusion_predictions.abridged.tsv was of a sample `star`."""
    calls = write_vcf(tmp_path / "T1.vcf", ["T1"], [f"{CALL} 0/1:70,30:100"])
    fusions = write_table(
        tmp_path / "x" / "star-fusion.fusion_predictions.abridged.tsv",
        "#FusionName|JunctionReadCount|SpanningFragCount|LeftGene|LeftBreakpoint|RightGene|RightBreakpoint\n"
        "EML4--ALK|12|5|EML4^ENSG1|chr2:42522656:+|ALK^ENSG2|chr2:29446394:-",
    )
    reading = read_delivery([calls], fusions=[fusions])
    assert reading.tables["fusions"].select("sample_id", "gene_5p", "gene_3p").rows() == [("T1", "EML4", "ALK")]


@pytest.mark.parametrize(
    ("name", "header", "kind"),
    [
        ("a.tsv", "mutation_id|sample_id|ref_counts|alt_counts|normal_cn|major_cn|minor_cn", "pyclone"),
        ("R1.tsv", "mutation_id|ref_counts|var_counts|normal_cn|minor_cn|major_cn", "pyclone"),
        ("a.ssm", "id|name|var_reads|total_reads|var_read_prob", "pairtree"),
        ("c.tsv", "CASE_ID|SAMPLE|CHR|POS|REF|ALT|REF_COUNT|VAR_COUNT|DEPTH|COPY_NUMBER_A|COPY_NUMBER_B", "conipher"),
        ("s.sif", "sample_id|maf_fn|seg_fn|purity|timepoint", "phylogicndt"),
    ],
)
@pytest.mark.parametrize("is_folder", [False, True])
def test_tables_for_clones_are_told_their_import(tmp_path, name, header, kind, is_folder):
    """`import auto` said "neither a study folder nor a MAF or VCF file"; CONIPHER's lost its copies as a MAF."""
    path = write_table(tmp_path / "d" / name, f"{header}\n{'|'.join('1' for _ in header.split('|'))}")
    if is_folder:
        write_table(tmp_path / "d" / f"z{name}", path.read_text())
    with pytest.raises(InputError, match=f"oncourse import {kind}"):
        detect(path.parent if is_folder else path)


def test_a_tumour_without_normal_in_sarek_s_tree_is_the_sample_of_its_folder(tmp_path):
    """The column P1_P1_T of P1_T.mutect2.vcf was another sample than P1_T.call.cns; FreeBayes's row, which knows no
    origin, stood for Mutect2's germline one."""
    tree = tmp_path / "variant_calling"
    row = "13 32906729 . A C . {} {} GT:AD:DP 0/1:50,50:100"
    for caller, mark, info in (("mutect2", "PASS", "POPAF=0.5"), ("freebayes", ".", ".")):
        write_vcf(tree / caller / "P1_T" / f"P1_T.{caller}.vcf", ["P1_P1_T"], [row.format(mark, info)])
    write_table(
        tree / "cnvkit" / "P1_T" / "P1_T.call.cns",
        "chromosome|start|end|gene|log2|cn|probes\n12|0|130000000|-|0.6|3|100",
    )
    reading = read_delivery([tmp_path])
    assert _samples(reading) == [("P1_T", "P1", "tissue")]
    assert calls_of(reading, "origin") == [("P1_T", "13:32906729:A:C", "germline")]
    assert reading.tables["segments"]["sample_id"].to_list() == ["P1_T"]


@pytest.mark.parametrize(
    ("names", "patients"),
    [
        (("P1_primary", "P1_liver_met", "P2"), {"P1", "P2"}),
        (("张三_原发灶", "张三-血浆", "李四"), {"张三", "李四"}),
        (("P1_primary", "P2_primary"), {"P1_primary", "P2_primary"}),  # nothing says that a patient has several
    ],
)
def test_lesions_of_one_beginning_are_of_one_patient(tmp_path, names, patients):
    """P1_primary.vcf and P1_liver_met.vcf were two patients; the note spoke of the files."""
    for name in names:
        write_vcf(tmp_path / f"{name}.vcf", [name], [f"{CALL} 0/1:70,30:100"])
    assert {patient for _, patient, _ in _samples(read_delivery([tmp_path]))} == patients


@pytest.mark.parametrize(("kind", "unread"), [("vcf", "cohort.maf"), ("maf", "S3.vcf")])
def test_calls_of_another_format_in_the_folder_are_named(tmp_path, kind, unread):
    write_table(tmp_path / "cohort.maf", f"{MAF}\n{KRAS_ROW}")
    write_vcf(tmp_path / "S3.vcf", ["S3"], [f"{CALL} 0/1:70,30:100"])
    told = read_delivery([tmp_path], kind=kind).ledger.problems()
    assert [p.table for p in told] == [unread] and "it holds calls in another format" in told[0].message


@pytest.mark.parametrize("has_list", [False, True])
def test_copies_were_looked_at_in_the_samples_of_their_matrix(tmp_path, has_list):
    """cBioPortal profiles the columns of data_cna: a sample that is in none had no amplification."""
    write_table(tmp_path / "data_clinical_sample.txt", "PATIENT_ID|SAMPLE_ID\nP1|S1\nP2|S2")
    write_table(tmp_path / "data_mutations.txt", f"{MAF}\n{KRAS_ROW}")
    write_table(tmp_path / "data_cna.txt", "Hugo_Symbol|S1\nERBB2|2")
    if has_list:
        write_table(tmp_path / "case_lists" / "cases_cna.txt", "stable_id: x_cna\ncase_list_ids: S1")
    samples = read_any(tmp_path).tables["samples"].select("sample_id", "cna_assay_id").sort("sample_id").rows()
    assert samples == [("S1", None), ("S2", "not_profiled")]


def test_nan_is_nobody(tmp_path):
    """pandas writes nan for an empty id: a sample of that name."""
    path = write_table(tmp_path / "a.maf", f"{MAF}\n{KRAS_ROW}\n{KRAS_ROW.replace('S1', 'nan')}")
    reading = read_any(path)
    assert [s[0] for s in _samples(reading)] == ["S1"]
    assert [p.message for p in reading.problems if p.column == "sample_id"] == ["the row has no sample."]


def test_names_that_every_patient_s_file_uses_are_asked_about(tmp_path):
    """PRI and LIV in P1.vcf and P2.vcf were one sample each, and the normals P1-N and P2-N two more patients."""
    cells = "0/0:50,0:50 0/1:70,30:100 0/1:60,40:100"
    for patient in ("P1", "P2"):
        write_vcf(tmp_path / f"{patient}.vcf", [f"{patient}-N", "PRI", "LIV"], [f"{CALL} {cells}"])
    with pytest.raises(Question, match="the column PRI stands in P1") as asked:
        read_delivery([tmp_path])
    assert asked.value.manifest.select("sample_id", "patient_id", "role").rows()[:3] == [
        ("P1-N", "P1", "normal"),
        ("P1_PRI", "P1", ""),
        ("P1_LIV", "P1", ""),
    ]


def test_one_sample_in_files_of_several_normals_is_one(tmp_path):
    """The same tumour against two normals, and a cohort's file beside the patient's: no question."""
    write_vcf(tmp_path / "P1_T.vcf", ["P1_T", "N1"], [f"{CALL} 0/1:70,30:100 0/0:50,0:50"], "##normal_sample=N1")
    write_vcf(tmp_path / "all.vcf", ["P1_T", "N2"], [f"{CALL} 0/1:70,30:100 0/0:50,0:50"], "##normal_sample=N2")
    assert [s[0] for s in _samples(read_delivery([tmp_path]))] == ["P1_T"]
