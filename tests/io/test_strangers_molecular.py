"""Molecular files as they lie about: two alternates in a row, files of one name in many folders, callers that name one
tumour in two ways, percent, forced sites, barcodes that say what a sample is, changes named by exon."""

from __future__ import annotations

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, states_of, write_table, write_vcf
from tests.typed import typed

from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.study.model import Study

CALL = "12 25398284 . C T 50 PASS . GT:AD:DP"
TP53 = "17 7578406 . C T 50 PASS . GT:AD:DP"


def _maf(path, *lines, head=MAF):
    return write_table(path / "a.maf", "\n".join([head, *lines]).replace("\t", "|"))


def _row(sample="S1", **cells):
    line = dict(zip(MAF.split("\t"), KRAS_ROW.split("\t"), strict=True)) | {"Tumor_Sample_Barcode": sample} | cells
    return "\t".join(line.values())


def _bare(gene, change, effect=""):
    none = dict.fromkeys(("Chromosome", "Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2"), "")
    return _row(Hugo_Symbol=gene, HGVSp_Short=change, Variant_Classification=effect, **none)


def _samples(reading, *columns):
    return reading.tables["samples"].select("sample_id", "patient_id", *columns).sort("sample_id").rows()


def _roles(reading):
    roles = (
        dict(reading.tables["lesions"].select("lesion_id", "role").iter_rows()) if "lesions" in reading.tables else {}
    )
    rows = reading.tables["samples"].select("sample_id", "material", "lesion_id").iter_rows()
    return {s: roles.get(lesion, material) for s, material, lesion in rows}


def _gene_states(reading, gene):
    tables, _ = checked(reading)
    dense = Cohort(Study(reading.config, tables)).gene_status.dense([gene])
    return dict(dense.select("sample_id", "state").iter_rows())


def _told(reading, words):
    return any(words in p.message for p in reading.problems)


def test_both_alternates_of_a_row_are_calls(tmp_path):
    """vcf2maf#9: Tumor_Seq_Allele1 may be another variant. V600E there was BRAF V600E negative."""
    head = MAF.replace("Tumor_Seq_Allele2", "Tumor_Seq_Allele1\tTumor_Seq_Allele2") + "\tt_alt_count\tt_depth"
    row = "BRAF|7|140453136|140453136|A|T|C|S1|Missense_Mutation|p.V600A|GRCh37|30|100".replace("|", "\t")
    reading = read_delivery([_maf(tmp_path, row, head=head)], panel="IMPACT468")
    assert calls_of(reading, "alt_count") == [("S1", "7:140453136:A:C", 30), ("S1", "7:140453136:A:T", None)]
    assert states_of(reading, "BRAF V600E") == {"S1": "positive"}
    assert _told(reading, "two variant alleles: T (Tumor_Seq_Allele1) is a call, too")


def test_files_of_one_name_are_of_their_folders(tmp_path):
    """Two patients' "calls final.vcf" with a column Tumor were one sample."""
    for patient, call in (("Patient 01", CALL), ("Patient 02", TP53)):
        write_vcf(tmp_path / patient / "calls final.vcf", ["Tumor"], [f"{call} 0/1:70,30:100"])
    for patient in ("A", "B"):
        columns = ["NORMAL", "PRIMARY", "METASTASIS"]
        write_vcf(
            tmp_path / "p" / patient / "myproject.vcf", columns, [f"{CALL} 0/0:50,0:50 0/1:70,30:100 0/0:90,0:90"]
        )
    assert _samples(read_delivery([tmp_path / "Patient 01", tmp_path / "Patient 02"], kind="vcf")) == [
        ("Patient 01", "Patient 01"),
        ("Patient 02", "Patient 02"),
    ]
    assert _samples(read_any(tmp_path / "p")) == [
        (f"{p}_{word}", p) for p in "AB" for word in ("METASTASIS", "PRIMARY")
    ]


def test_files_of_one_name_in_folders_of_callers_are_of_one_sample(tmp_path):
    for caller in ("mutect2", "vardict"):
        write_vcf(tmp_path / caller / "P1.vcf", ["TUMOR"], [f"{CALL} 0/1:70,30:100"])
    assert _samples(read_any(tmp_path)) == [("P1", "P1")]


def test_a_manifest_tells_files_of_one_name_apart_by_their_folders(tmp_path):
    """The manifest that the question itself writes named both files by the last of them."""
    rows = ["path|column|sample_id|patient_id|role"]
    for patient, alt in (("A", 30), ("B", 40)):
        path = write_vcf(tmp_path / patient / "calls.vcf", ["X", "Y"], [f"{CALL} 0/0:50,0:50 0/1:70,{alt}:100"])
        rows += [f"{path}|X|{patient}_N|{patient}|normal", f"{path}|Y|{patient}_T|{patient}|tumour"]
    manifest = write_table(tmp_path / "f.tsv", "\n".join(rows))
    reading = read_delivery([tmp_path], manifest=manifest)
    seen = [row for row in calls_of(reading, "alt_count") if row[0].endswith("_T")]
    assert seen == [("A_T", KRAS, 30), ("B_T", KRAS, 40)]


def test_one_tumour_of_two_callers_under_two_names_is_one_sample(tmp_path):
    """Mutect2's column P1_T and Strelka's TUMOR in files of P1 were two patients (bcbio#1305: callers name columns as
    they like)."""
    head = "##source=Mutect2", "##tumor_sample=P1_T"
    write_vcf(tmp_path / "P1.mutect2.vcf", ["P1_T"], [f"{CALL} 0/1:70,30:100"], *head)
    strelka = "17 7578406 . C T . PASS SOMATIC DP:AU:CU:GU:TU 50:0,0:50,0:0,0:0,0 100:0,0:50,0:0,0:50,0"
    write_vcf(tmp_path / "P1.strelka.vcf", ["NORMAL", "TUMOR"], [strelka], "##source=strelka")
    reading = read_any(tmp_path)
    assert {s for s, _ in _samples(reading)} == {"P1_T"}
    assert calls_of(reading) == [("P1_T", KRAS), ("P1_T", "17:7578406:C:T")]


@pytest.mark.parametrize(
    "head", [[], ['##FORMAT=<ID=AF,Number=A,Type=Float,Description="Allele frequency in percent">']]
)
def test_fractions_in_percent_are_read_as_that(tmp_path, head):
    """0.5 beside 30 was half of the reads, and 30 none."""
    rows = [
        f"{place} . C T . PASS . GT:AF:DP 0/1:{af}:1000" for place, af in (("12 25398284", 30), ("17 7578406", 0.5))
    ]
    reading = read_any(write_vcf(tmp_path / "T1.vcf", ["T1"], rows, *head))
    assert calls_of(reading, "alt_count") == [("T1", KRAS, 300), ("T1", "17:7578406:C:T", 5)]
    assert any("AF of the samples is in percent" in n for n in reading.notes)


def test_a_forced_allele_without_a_read_is_no_call(tmp_path):
    """GATK#5695: told to look at both changes of IDH1 R132, Mutect2 writes 0/1/2 with 0 reads of the one."""
    rows = [
        "2 209113112 . C A,T . PASS . GT:AD:DP 0/1/2:56,0,47:103",
        "7 140453136 . A T . PASS . GT:AD:DP 0/1:99,0:99",
    ]
    reading = read_any(write_vcf(tmp_path / "T1.vcf", ["T1"], rows, "##source=Mutect2"))
    called = dict(reading.tables["calls"].select("variant_id", "is_called").iter_rows())
    assert called == {"2:209113112:C:A": False, "2:209113112:C:T": True, "7:140453136:A:T": False}


def test_genotypes_in_bases_are_genotypes(tmp_path):
    """vcf2maf#193 asks for them: C/T was a site that was looked at."""
    rows = [f"{CALL} C/T:70,30:100", f"{TP53} C/C:100,0:100"]
    reading = read_any(write_vcf(tmp_path / "T1.vcf", ["T1"], rows))
    assert reading.tables["calls"].sort("variant_id")["is_called"].to_list() == [True, False]


def test_annovar_s_af_in_info_is_a_population_frequency(tmp_path):
    head = '##INFO=<ID=AF,Number=.,Type=String,Description="AF annotation provided by ANNOVAR">'
    rows = [
        "17 7579472 . G C . PASS AF=0.66 GT:AD:DP 0/1:50,50:100",
        "12 25398284 . C T . PASS AF=. GT:AD:DP 0/1:70,30:100",
    ]
    reading = read_any(write_vcf(tmp_path / "T1.vcf", ["T1"], rows, head))
    assert calls_of(reading, "alt_count", "origin") == [
        ("T1", KRAS, 30, "unknown"),
        ("T1", "17:7579472:G:C", 50, "germline"),
    ]


@pytest.mark.parametrize(
    ("info", "words"),
    [("DP=100", "whose the variants are"), ("AC=3;AN=200000;AF=1.5e-5", "data base"), ("CLNSIG=x", "data base")],
)
def test_a_vcf_without_samples_is_told_what_it_is(tmp_path, info, words):
    """ "Give the caller's own VCF" was said of gnomAD's and ClinVar's files."""
    path = tmp_path / "a.vcf"
    path.write_text(
        f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n12\t25398284\t.\tC\tT\t.\t.\t{info}\n"
    )
    assert any(words in p.cure for p in read_any(path).problems)


def test_barcodes_say_what_a_sample_is(tmp_path):
    """cBioPortal#3069: -01 and -06 of one patient of TCGA are his primary and his metastasis. TARGET counts types alike: its
    -10 was a tumour of another patient."""
    ids = {f"TCGA-HR-A2OG-{code}A-11D": code for code in ("01", "02", "06", "10", "11")}
    reading = read_delivery(
        [_maf(tmp_path, *(_row(i) for i in (*ids, "TARGET-30-PAAAAA-02A-01D", "TARGET-30-PAAAAA-10A")))]
    )
    of_code = {"01": "primary", "02": "local_recurrence", "06": "metastasis", "10": "normal", "11": "normal"}
    target = {"TARGET-30-PAAAAA-02A-01D": "local_recurrence", "TARGET-30-PAAAAA-10A": "normal"}
    assert _roles(reading) == {i: of_code[code] for i, code in ids.items()} | target
    assert {p for _, p in _samples(reading)} == {"TCGA-HR-A2OG", "TARGET-30-PAAAAA"}


def test_a_type_of_the_table_counts_before_the_barcode_and_is_told(tmp_path):
    """datahub#441 corrected types that were wrong in the portal: whichever is, a reader must hear it."""
    clinical = write_table(
        tmp_path / "c.txt",
        "SAMPLE_ID|PATIENT_ID|SAMPLE_TYPE\nTCGA-AA-0001-01|TCGA-AA-0001|Metastasis\nTCGA-AA-0001-06|TCGA-AA-0001|",
    )
    reading = read_delivery([_maf(tmp_path, _row("TCGA-AA-0001-01"), _row("TCGA-AA-0001-06"))], clinical=[clinical])
    assert set(_roles(reading).values()) == {"metastasis"}
    assert _told(reading, "1 samples are of another type in the table than by their barcodes")


def test_a_portal_s_normals_are_known_by_their_barcodes(tmp_path):
    """datahub#29: TCGA-13-0801-10 stood among the samples of a study and was tissue."""
    write_table(
        tmp_path / "data_clinical_sample.txt",
        "PATIENT_ID|SAMPLE_ID\nTCGA-13-0801|TCGA-13-0801-01\nTCGA-13-0801|TCGA-13-0801-10",
    )
    (tmp_path / "data_mutations.txt").write_text(f"{MAF}\n{_row('TCGA-13-0801-01')}\n")
    assert _roles(read_any(tmp_path)) == {"TCGA-13-0801-01": "primary", "TCGA-13-0801-10": "normal"}


def test_gdc_s_case_id_is_no_patient_beside_a_barcode(tmp_path):
    """GDC's MAF has case_id, a number of its data base; clinical tables name the patient as the barcode does."""
    row = _row("TCGA-AA-0001-01A-11D") + "\t0a1b2c3d-1111-2222-3333-444455556666"
    assert {p for _, p in _samples(read_delivery([_maf(tmp_path, row, head=f"{MAF}\tcase_id")]))} == {"TCGA-AA-0001"}


def test_odd_barcodes_and_aliquots_are_told(tmp_path):
    ids = ("TCGA-AA-0001-01A-11D-1111-08", "TCGA-AA-0001-01A-11D-1111-10", "TCGA-AA-0002-50A-11D")
    reading = read_delivery([_maf(tmp_path, *(_row(i) for i in ids))])
    assert _told(reading, "1 samples stand under several aliquots")
    assert _told(reading, "no tumour of the patient himself (TCGA-AA-0002-50A-11D: cell line)")


@pytest.mark.parametrize(
    ("gene", "change"),
    [
        ("EGFR", "19del"),
        ("EGFR", "Ex19del"),
        ("EGFR", "19号外显子缺失"),
        ("EGFR", "exon 20 insertion"),
        ("MET", "MET ex14 skipping"),
    ],
)
def test_a_change_named_by_its_exon_alters_the_gene_where_the_name_decides_it(tmp_path, gene, change):
    """oncokb#251, #2918: laboratories name EGFR's exon 19 deletions and exon 20 insertions, MET's exon 14, by the exon."""
    reading = read_delivery([_maf(tmp_path, _bare(gene, change))], panel="IMPACT468")
    assert _gene_states(reading, gene) == {"S1": "altered"}


@pytest.mark.parametrize(
    ("gene", "change", "status", "states"),
    [
        ("BRCA2", "exon 5-7 del", "BRCA", "not_assessable"),
        ("KRAS", "exon 2 mutation", "RAS", "not_assessable"),
        ("BRAF", "codon 600 mutation", "BRAF V600E", "not_assessable"),
        ("KRAS", "codon 12 mutation", "RAS", "positive"),
        ("EGFR", "19del", "RAS", "negative"),
    ],
)
def test_a_named_change_is_never_wild_type(tmp_path, gene, change, status, states):
    reading = read_delivery([_maf(tmp_path, _bare(gene, change))], panel="IMPACT468")
    assert states_of(reading, status) == {"S1": states}


def test_copies_among_the_rows_of_a_maf_are_copies(tmp_path):
    """ "1 rows are wild-type markers or structural variants" was all that was said of an amplified ERBB2."""
    rows = [_bare("ERBB2", "", "Amplification"), _bare("BRCA2", "homozygous deletion", "CNV"), _row()]
    reading = read_delivery([_maf(tmp_path, *rows)], panel="IMPACT468")
    assert calls_of(reading) == [("S1", KRAS)]
    assert states_of(reading, "HER2 amplification") == states_of(reading, "BRCA") == {"S1": "positive"}


def test_maf_and_vcf_of_one_folder_are_read_together(tmp_path):
    """A flat folder with both read the VCF alone."""
    (tmp_path / "cohort.maf").write_text(f"{MAF}\n{_row('S1')}\n")
    write_vcf(tmp_path / "S3.vcf", ["S3"], [f"{CALL} 0/1:70,30:100"])
    reading = read_any(tmp_path)
    assert [s for s, _ in _samples(reading)] == ["S1", "S3"]
    assert _told(reading, "hold no sample in common")
    done = typed("import", "vcf", tmp_path, tmp_path / "out")
    assert done.returncode == 0 and "cohort.maf: the file is not read" in done.stdout


def test_what_a_program_has_open_and_second_downloads_are_no_samples(tmp_path):
    for name in ("P1.vcf", "P1 (1).vcf"):
        write_vcf(tmp_path / name, ["TUMOR"], [f"{CALL} 0/1:70,30:100"])
    (tmp_path / "~$P1.vcf").write_text("x")
    assert _samples(read_any(tmp_path)) == [("P1", "P1")]


def test_a_name_may_begin_with_what_the_sample_is(tmp_path):
    """T_P1 beside N_P1 was of a patient T_P1."""
    reading = read_any(write_vcf(tmp_path / "x.vcf", ["N_P1", "T_P1"], [f"{CALL} 0/0:50,0:50 0/1:70,30:100"]))
    assert _samples(reading) == [("T_P1", "P1")]


@pytest.mark.parametrize("words", [("day0", "day28"), ("2019-01-02", "2020-03-04")])
def test_days_and_dates_behind_a_name_are_times_of_a_patient(tmp_path, words):
    reading = read_delivery([_maf(tmp_path, *(_row(f"P1_{w}") for w in words), _row(f"P2_{words[0]}"))])
    assert [p for _, p in _samples(reading)] == ["P1", "P1", "P2"]


def test_numbers_of_one_beginning_are_told(tmp_path):
    """1001-1 and 1001-2 were two patients, unsaid; 1001-001 and 1001-002 are patients of a centre."""
    for ids, told in ((("1001-1", "1001-2", "1002-1"), True), (("1001-001", "1001-002", "1002-001"), False)):
        reading = read_delivery([_maf(tmp_path, *map(_row, ids))])
        assert _told(reading, "share the beginning of their name") is told


def test_reads_of_a_pair_in_columns_of_each_are_no_single_sample(tmp_path):
    """GATK VariantsToTable of a pair (P1N.AD, P1T.AD) was one sample, named after the file."""
    path = write_table(tmp_path / "x.tsv", "CHROM|POS|REF|ALT|P1N.AD|P1T.AD\n12|25398284|C|T|50,0|70,30")
    with pytest.raises(InputError, match="columns of reads of each sample"):
        read_delivery([path])
    assert calls_of(read_delivery([path], kind="counts"), "alt_count")[-1] == ("P1T", KRAS, 30)


def test_a_normal_that_the_clinical_table_names_beside_a_sample_is_a_normal(tmp_path):
    """Its rows in the calls were a second tumour patient, or the tumour's."""
    clinical = write_table(tmp_path / "c.csv", "sample_id|patient_id|matched_normal\nS11|P1|S10\nS12|P2|none", by=",")
    rows = [_row("S11"), _row("S10", Start_Position="25398285", End_Position="25398285"), _row("S12")]
    reading = read_delivery([_maf(tmp_path, *rows)], clinical=[clinical])
    assert _samples(reading, "material") == [("S10", "P1", "normal"), ("S11", "P1", "tissue"), ("S12", "P2", "tissue")]
    tables = write_vcf(tmp_path / "v" / "a.vcf", ["S10", "S11"], [f"{CALL} 0/0:50,0:50 0/1:70,30:100"])
    assert _samples(read_delivery([tables], clinical=[clinical]))[:2] == [("S10", "P1"), ("S11", "P1")]


def test_a_portal_s_aliquots_are_the_samples_of_its_clinical_table(tmp_path):
    """A mutation table with aliquots beside a clinical table with samples made two samples of each."""
    write_table(tmp_path / "data_clinical_sample.txt", "PATIENT_ID|SAMPLE_ID\nTCGA-AA-0001|TCGA-AA-0001-01")
    (tmp_path / "data_mutations.txt").write_text(f"{MAF}\n{_row('TCGA-AA-0001-01A-11D-A10X-10')}\n")
    assert calls_of(read_any(tmp_path)) == [("TCGA-AA-0001-01", KRAS)]


def test_minus_one_is_not_counted(tmp_path):
    """cBioPortal's web service writes -1 where nobody counted; the study was refused."""
    (tmp_path / "data_clinical_sample.txt").write_text("PATIENT_ID\tSAMPLE_ID\nP1\tS1\n")
    (tmp_path / "data_mutations.txt").write_text(f"{MAF}\tt_alt_count\tt_ref_count\n{_row()}\t-1\t-1\n")
    reading = read_any(tmp_path)
    assert calls_of(reading, "alt_count", "depth") == [("S1", KRAS, None, None)]
    assert not [p for p in reading.problems if p.severity == "error"]


def test_a_table_of_gene_and_hgvs_is_a_report(tmp_path):
    path = write_table(tmp_path / "h.csv", "Patient ID,Gene,HGVS,VAF %\nP1,KRAS,NM_004985.5:c.35G>A (p.Gly12Asp),30")
    assert calls_of(read_any(path)) == [("P1", "KRAS:p.G12D")]


def test_the_file_that_names_the_patient_speaks_for_one_that_does_not(tmp_path):
    """mskcc/tempo: a MAF of P1_T beside its pair's VCF (P1_T__P1_N) was a patient P1_T."""
    (tmp_path / "a_maf").mkdir()
    (tmp_path / "a_maf" / "P1_T.maf").write_text(f"{MAF}\n{_row('P1_T')}\n")
    write_vcf(tmp_path / "P1_T__P1_N" / "P1_T__P1_N.vcf", ["P1_N", "P1_T"], [f"{CALL} 0/0:50,0:50 0/1:70,30:100"])
    assert _samples(read_any(tmp_path)) == [("P1_T", "P1")]


def test_a_change_of_white_cells_beside_plasma_is_of_the_blood(tmp_path):
    """KRAS G12D in 3 % of plasma and of its white cells was RAS mutant: files of callers know no origin, and the white
    cells were left out."""
    rows = [f"{CALL} 0/1:970,30:1000 0/1:970,30:1000", f"{TP53} 0/1:970,30:1000 0/0:1000,0:1000"]
    reading = read_any(write_vcf(tmp_path / "P1_plasma_vs_P1_wbc.vcf", ["P1_plasma", "P1_wbc"], rows))
    assert _samples(reading, "material") == [("P1_plasma", "P1", "plasma"), ("P1_wbc", "P1", "white_cells")]
    assert states_of(reading, "RAS")["P1_plasma"] != "positive"
    rows = [f"{CALL} 0/1:970,30:1000 0/0:1000,0:1000"]
    reading = read_any(write_vcf(tmp_path / "P2_plasma_vs_P2_wbc.vcf", ["P2_plasma", "P2_wbc"], rows))
    assert states_of(reading, "RAS")["P2_plasma"] == "positive"


def test_a_little_of_the_tumour_in_its_white_cells_is_no_clone_of_the_blood(tmp_path):
    clinical = write_table(tmp_path / "c.txt", "SAMPLE_ID|PATIENT_ID|SAMPLE_TYPE\nP1_T|P1|Primary\nP1_W|P1|WBC")
    head, reads = f"{MAF}\tt_alt_count\tt_depth", (("P1_T", 300), ("P1_W", 15))
    reading = read_delivery(
        [_maf(tmp_path, *(f"{_row(s)}\t{n}\t1000" for s, n in reads), head=head)], clinical=[clinical]
    )
    assert states_of(reading, "RAS") == {"P1_T": "positive"}


RECORD = {"c": "12", "p": "25398284", "r": "C", "a": "T", "f": "PASS", "fmt": "GT:AD:DP", "g": "0/1:70,30:100"}


@pytest.mark.parametrize(
    "cells",
    [
        {"r": ""},
        {"a": ""},
        {"a": "."},
        {"a": "C"},
        {"a": "T]"},
        {"g": "."},
        {"g": "./."},
        {"fmt": "", "g": ""},
        {"fmt": "GT", "g": "./."},
        {"f": "xyz"},
        {"g": "0/0:70,30:100"},
    ],
)
def test_no_cell_of_a_vcf_record_of_ras_makes_it_wild_type(tmp_path, cells):
    """Alleles that were not written were depth, or no record; a passing record without a genotype was nothing: "RAS wild
    type" beside a file that lists G12D."""
    x = RECORD | cells
    head = "##fileformat=VCFv4.2\n##reference=GRCh37\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1"
    row = "\t".join((x["c"], x["p"], ".", x["r"], x["a"], ".", x["f"], ".", x["fmt"], x["g"]))
    (tmp_path / "S1.vcf").write_text(f"{head}\n{row}\n")
    assert states_of(read_delivery([tmp_path / "S1.vcf"], panel="IMPACT468"), "RAS")["S1"] != "negative"


@pytest.mark.parametrize("cells", [{"c": ""}, {"p": ""}, {"p": "-1"}])
def test_a_vcf_record_without_a_place_is_refused(tmp_path, cells):
    """It was "no small variant: left out", and every gene wild type."""
    x = RECORD | cells
    row = " ".join(v or "@" for v in (x["c"], x["p"], ".", x["r"], x["a"], ".", x["f"], ".", x["fmt"], x["g"]))
    path = write_vcf(tmp_path / "S1.vcf", ["S1"], [row])
    path.write_text(path.read_text().replace("@", ""))
    assert any("the record has no" in p.message and p.severity == "error" for p in read_delivery([path]).problems)


@pytest.mark.parametrize(
    "cells",
    [
        {"Variant_Type": "SV"},
        {"Variant_Type": "CNV"},
        {"Variant_Classification": "Fusion"},
        {"Variant_Classification": "wt"},
    ],
)
def test_a_row_with_the_bases_of_a_small_variant_is_one(tmp_path, cells):
    """One wrong word of its class took KRAS G12D out of the calls: "RAS wild type"."""
    row = _row(**{k: v for k, v in cells.items() if k != "Variant_Type"}) + f"\t{cells.get('Variant_Type', 'SNP')}"
    reading = read_delivery([_maf(tmp_path, row, head=f"{MAF}\tVariant_Type")], panel="IMPACT468")
    assert states_of(reading, "RAS") == {"S1": "positive"}


def test_a_cell_of_several_samples_is_a_row_of_each(tmp_path):
    """``S1,S2`` beside S1 was a third patient."""
    rows = [f"{_row('S1,S2')}\t30\t100", f"{_row('S1', Start_Position='25398285', End_Position='25398285')}\t30\t100"]
    reading = read_delivery([_maf(tmp_path, *rows, head=f"{MAF}\tt_alt_count\tt_depth")])
    assert calls_of(reading, "alt_count") == [("S1", KRAS, None), ("S2", KRAS, None), ("S1", "12:25398285:C:T", 30)]
