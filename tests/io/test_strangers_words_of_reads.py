"""Columns of reads under any of their names, alternates in one cell, and the words that callers have for what a record is.

Written from the threads and manuals named in each test; a line of a table is a stranger's input of its own.
"""

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, write_table, write_vcf

from oncourse.io.detect import read_any

TP53 = "17:7578406:C:T"


@pytest.mark.parametrize(
    "columns",
    [
        "TRefCov=70 TVarCov=30",  # MAFs of TCGA's centres (Baylor, WashU)
        "TVarCov=30 TTotCov=100 NVarCov=0 NTotCov=50",
        "RefDepthTumour=70 AltDepthTumour=30 RefDepthNormal=50 AltDepthNormal=0",  # bcbio/bcbio-nextgen#1848
        "Tumor_ReadCount_Ref=70 Tumor_ReadCount_Alt=30",
        "TUMOR.RD=70 TUMOR.AD=30 NORMAL.RD=50 NORMAL.AD=0",
        "Tumor_AD=30 Tumor_DP=100",
        "ref_allele_reads=70 alt_allele_reads=30",
        "t_depth=100 TVarVaf=30",
        "t_depth=100 alt_freq=0.3",
        "t_depth=100 AF(%)=30",
    ],
)
def test_reads_are_known_by_the_words_of_their_names(tmp_path, columns):
    """Each pipeline names them anew; a call under such names had no reads, and nothing said so."""
    pairs = [c.split("=") for c in columns.split()]
    head, row = ("\t".join([one, *(p[i] for p in pairs)]) for i, one in enumerate((MAF, KRAS_ROW)))
    reading = read_any(write_table(tmp_path / "a.maf", f"{head}\n{row}"))
    assert calls_of(reading, "alt_count", "depth") == [("S1", KRAS, 30, 100)]


def test_reads_that_are_not_read_are_told(tmp_path):
    reading = read_any(write_table(tmp_path / "a.maf", f"{MAF}\tfwd_reads\tgnomAD_freq\n{KRAS_ROW}\t30\t0"))
    told = [p.message for p in reading.problems if "no call has reads" in p.message]
    assert told == ["no call has reads; columns that may hold them are not read: fwd_reads."]


def test_several_alternates_of_a_cell_are_a_row_each(tmp_path):
    """VariantsToTable writes T,A: the change was kept by its gene alone; two numbers of reads refused the file."""
    row = KRAS_ROW.replace("\tT\t", "\tT,A\t").replace("p.G12D", "")
    text = f"{MAF}\tt_ref_count\tt_alt_count\tGT\n{row}\t50\t30,20\t0/1"
    reading = read_any(write_table(tmp_path / "a.maf", text))
    assert calls_of(reading, "alt_count", "is_called") == [
        ("S1", "12:25398284:C:A", 20, False),
        ("S1", KRAS, 30, True),
    ]


def test_a_column_of_samples_may_be_empty_or_hold_uuids(tmp_path):
    """PoisonAlien/maftools#749: SNP and INDEL files of one sample without a barcode, called 1.SNP.maf.txt; GDC's UUIDs
    were passed over, and two samples were one, named after the file."""
    for name, row in (("1.SNP.maf.txt", KRAS_ROW), ("1.INDEL.maf.txt", KRAS_ROW.replace("25398284", "25398285"))):
        write_table(tmp_path / "d" / name, f"#version 2.4\n{MAF}\n{row.replace('S1', '')}")
    assert read_any(tmp_path / "d").tables["samples"]["sample_id"].to_list() == ["1"]
    head = MAF.replace("Tumor_Sample_Barcode", "Tumor_Sample_UUID")
    rows = [KRAS_ROW.replace("S1", f"6e8dfd9b-aaaa-4f4a-9c58-11111111111{n}") for n in (1, 2)]
    assert read_any(write_table(tmp_path / "b.maf", "\n".join([head, *rows]))).tables["samples"].height == 2


def test_normals_in_files_of_their_own_are_normals(tmp_path):
    """P1_saliva.vcf beside P1_FFPE.vcf was a second patient, and his TP53 an alteration; so was P2_N.vcf beside P2_T.vcf."""
    both, alone = (f"{v.replace(':', ' ', 1)} PASS . GT:AD:DP 0/1:50,50:100" for v in (TP53, KRAS))
    both, alone = (r.replace(":C:T", " . C T .") for r in (both, alone))
    for name, rows in (("P1_FFPE", [both, alone]), ("P1_saliva", [both]), ("P2_T", [both, alone]), ("P2_N", [both])):
        write_vcf(tmp_path / f"{name}.vcf", [name], rows)
    reading = read_any(tmp_path)
    assert set(reading.tables["samples"].select("sample_id", "patient_id", "material").iter_rows()) == {
        ("P1_FFPE", "P1", "tissue"),
        ("P1_saliva", "P1", "normal"),
        ("P2_T", "P2", "tissue"),
        ("P2_N", "P2", "normal"),
    }
    assert calls_of(reading, "origin")[0:2] == [("P1_FFPE", KRAS, "unknown"), ("P2_T", KRAS, "unknown")]
    assert {origin for _, v, origin in calls_of(reading, "origin") if v == TP53} == {"germline"}


@pytest.mark.parametrize("names", ["P1_pleural_effusion P1_plasma P2_plasma", "P1-T_S1 P1-M_S2 P2-T_S3"])
def test_names_of_one_patient_behind_which_more_stands_are_told(tmp_path, names):
    """Words of two parts, and the number of Illumina's sample sheet behind the name, hid that P1 was two patients."""
    for name in names.split():
        write_vcf(tmp_path / f"{name}.vcf", [name], ["12 25398284 . C T . PASS . GT 0/1"])
    told = [p.message for p in read_any(tmp_path).problems if "share the beginning of their name" in p.message]
    assert [m.split(":")[0] for m in told] == ["2 samples share the beginning of their name (P1"]


@pytest.mark.parametrize(
    ("info", "fields", "called", "origin", "counts"),
    [
        # Varlociraptor: probabilities as phred values, the least is the most probable
        ("PROB_SOMATIC_TUMOR=25;PROB_ABSENT=0.01", "DP:AF=100:0.02", False, "unknown", (2, 100)),
        ("PROB_SOMATIC_TUMOR=0.1;PROB_ABSENT=25", "DP:AF=100:0.3", True, "somatic", (30, 100)),
        ("PROB_GERMLINE_HET=0.1;PROB_ABSENT=25", "DP:AF=100:0.5", True, "germline", (50, 100)),
        # smCounter2 counts molecules beside reads
        ("DP=5000;UMT=1000;VMT=120;VMF=0.12", "GT=0/1", True, "unknown", (120, 1000)),
        (".", "GT:DP:FREQ=0/1:100:30％", True, "unknown", (30, 100)),
        # sigven/pcgr: depth and share of the control beside the tumour's
        ("TDP=100;TVAF=0.5;CDP=50;CVAF=0.5", "GT=0/1", True, "germline", (50, 100)),
    ],
)
def test_what_callers_say_of_a_record(tmp_path, info, fields, called, origin, counts):
    """What Varlociraptor calls absent was a call, and RAS mutant; the others had no reads or no origin."""
    words, cells = fields.split("=")
    path = write_vcf(tmp_path / "P1.vcf", ["P1"], [f"12 25398284 . C T . PASS {info} {words} {cells}"])
    reading = read_any(path)
    assert calls_of(reading, "is_called", "origin", "alt_count", "depth") == [("P1", KRAS, called, origin, *counts)]


@pytest.mark.parametrize(
    ("column", "kras", "tp53", "called", "origin"),
    [
        ("Germline", "FALSE", "TRUE", True, "germline"),
        ("is_germline", "0", "1", True, "germline"),
        ("somatic", "Yes", "No", True, "germline"),
        ("GermlineOrSomatic", "S", "G", True, "germline"),
        ("Variant_Origin", "somatic", "germ line", True, "germline"),
        ("call_type", "Somatic", "Germline", True, "germline"),
        ("来源", "体细胞", "胚系", True, "germline"),
        ("Call", "CALL", "NO_CALL", False, None),
        ("is_called", "true", "false", False, None),
        ("keep", "TRUE", "FALSE", False, None),
        ("Status", "accepted", "rejected", False, None),
        ("SOMATIC", "1", "0&1", True, "unknown"),  # VEP: of known variants at the place
        ("Status", "novel", "known", True, "unknown"),
    ],
)
def test_columns_that_say_origin_or_call_by_their_words(tmp_path, column, kras, tp53, called, origin):
    """A germline TP53, or one that was not called, was a somatic call, and nothing said so."""
    other = KRAS_ROW.replace("KRAS", "TP53").replace("12\t25398284\t25398284", "17\t7578406\t7578406")
    text = f"{MAF}\t{column}\n{KRAS_ROW}\t{kras}\n{other.replace('p.G12D', 'p.R175H')}\t{tp53}"
    found = {
        v: said for _, v, *said in calls_of(read_any(write_table(tmp_path / "a.maf", text)), "is_called", "origin")
    }
    assert found[TP53][0] is called and found[KRAS][0] is True
    assert origin is None or found[TP53][1] == origin
    assert found[KRAS][1] != "germline"
