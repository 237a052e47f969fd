"""What is a call, and of what origin: one rule for every format."""

from __future__ import annotations

import doctest

import polars as pl
import pytest

from oncourse.io import calling
from oncourse.io.calling import decide
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.files import read_files
from oncourse.io.tabular import units
from oncourse.io.variants import dialects
from oncourse.io.variants.dialects import Site, counts
from oncourse.io.variants.maf import read_maf
from oncourse.io.variants.vcf import read_vcf

HEADER = (
    "Hugo_Symbol",
    "Chromosome",
    "Start_Position",
    "Reference_Allele",
    "Tumor_Seq_Allele2",
    "Variant_Classification",
    "Tumor_Sample_Barcode",
)
KRAS = ("KRAS", "12", "25398284", "C", "T", "Missense_Mutation", "S1")


@pytest.mark.parametrize("module", [calling, dialects, units])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def _maf(tmp_path, more, *cells, sample="S1"):
    rows = [(*KRAS[:2], str(25398284 + 3 * i), *KRAS[3:6], sample, *row) for i, row in enumerate(cells)]
    path = tmp_path / "x.maf"
    path.write_text("".join("\t".join(r) + "\n" for r in [(*HEADER, *more), *rows]))
    return path


def _vcf(tmp_path, *records, samples=("T1",), header=""):
    columns = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples)
    path = tmp_path / "x.vcf"
    lines = [
        "##fileformat=VCFv4.2",
        *header.splitlines(),
        "\t".join(columns),
        *("\t".join(r) for r in records),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("word", "is_called"),
    [
        ("PASS", True),
        (".", True),
        ("Tier1", True),
        ("Tier4", True),
        ("Tier5", False),
        ("oxog", False),
        ("germline", False),
        ("common_in_exac,nonpreferredpair", False),
        ("panel_of_normals;germline", False),
        ("wga", True),
        ("common_variant", True),
        ("v3;pSTD", False),
        ("no_such_word", False),
    ],
)
def test_a_filtered_row_is_the_same_from_maf_and_vcf(tmp_path, word, is_called):
    """mskcc/vcf2maf#163 and MC3: the same record was a call from a MAF and none from a VCF."""
    maf = read_maf(_maf(tmp_path, ("t_alt_count", "t_depth", "FILTER"), ("30", "100", word)))
    record = ("12", "25398284", ".", "C", "T", ".", word, ".", "GT:AD:DP", "0/1:70,30:100")
    vcf = read_vcf(_vcf(tmp_path, record))
    assert maf.calls["is_called"].to_list() == vcf.calls["is_called"].to_list() == [is_called]
    assert maf.calls["alt_count"].to_list() == vcf.calls["alt_count"].to_list() == [30]


def test_the_portals_mutation_table_lists_calls(tmp_path):
    """prostate_msk_2024 has 94 rows with VarDict's words v3, p8, pSTD among its published mutations."""
    path = _maf(tmp_path, ("t_alt_count", "t_depth", "FILTER"), ("30", "100", "v3;pSTD"))
    found = read_maf(path.rename(tmp_path / "data_mutations.txt"))
    assert found.calls.select("is_called", "filter").rows() == [(True, "v3;pSTD")]
    assert "FILTER word" in found.notes[0]


@pytest.mark.parametrize(
    ("status", "is_called", "origin"),
    [
        ("Somatic", True, "somatic"),
        ("GERMLINE", True, "germline"),
        ("LOH", True, "germline"),
        ("UNCALLED", False, "unknown"),
        ("Unknown", True, "unknown"),
    ],
)
def test_mutation_status_decides(tmp_path, status, is_called, origin):
    """cBioPortal#2306: UNCALLED rows are looked at; cBioPortal PR#3655: LOH is of a germline variant."""
    calls = read_maf(_maf(tmp_path, ("Mutation_Status", "t_alt_count", "t_depth"), (status, "3", "2000"))).calls
    assert calls.select("is_called", "origin", "alt_count").rows() == [(is_called, origin, 3)]


@pytest.mark.parametrize(("called", "expected"), [("yes", True), ("no", False), ("counts", None), ("auto", True)])
def test_the_user_settles_what_is_called_in_every_format(tmp_path, called, expected):
    record = ("12", "25398284", ".", "C", "T", ".", "PASS", ".", "GT:AD:DP", "0/1:70,30:100")
    assert read_vcf(_vcf(tmp_path, record), called=called).calls["is_called"].to_list() == [expected]
    maf = _maf(tmp_path, ("t_alt_count", "t_depth"), ("30", "100"))
    assert read_maf(maf, called=called).calls["is_called"].to_list() == [expected]


def test_vardict_says_the_origin(tmp_path):
    """VarDictJava#312: STATUS with PASS; StrongLOH is a germline variant that lost its other allele."""
    words = ("StrongSomatic", "Germline", "StrongLOH", "Deletion")
    records = [
        (
            "13",
            str(100 + i),
            ".",
            "G",
            "T",
            ".",
            "PASS",
            f"STATUS={w};TYPE=SNV",
            "GT:DP:VD:AD",
            "0/1:169:90:79,90",
        )
        for i, w in enumerate(words)
    ]
    calls = read_vcf(_vcf(tmp_path, *records)).calls
    assert calls["origin"].to_list() == ["somatic", "germline", "germline", "unknown"]
    assert calls["is_called"].to_list() == [True, True, True, False]


def test_germline_by_the_normal_beside_the_tumour(tmp_path):
    """Half of the normal's reads show it: germline, though the caller let it pass; 2 of 100 is tumour in the blood."""
    records = [
        ("13", "100", ".", "G", "T", ".", "PASS", ".", "GT:AD:DP", "0/1:30,70:100", "0/1:50,50:100"),
        ("13", "200", ".", "G", "T", ".", "PASS", ".", "GT:AD:DP", "0/1:70,30:100", "0/0:98,2:100"),
    ]
    found = read_vcf(_vcf(tmp_path, *records, samples=("T1", "NORMAL")))
    assert found.calls["origin"].to_list() == ["germline", "unknown"]


def test_germline_by_a_normal_of_the_study(tmp_path):
    """OpenPBTA#431: a matched normal in the clinical table with 50 of 100 reads of a BRCA2 frameshift."""
    record = ("13", "32340300", ".", "GT", "G", ".", ".", ".", "GT:AD:DP", "0/1:50,50:100", "0/1:30,70:100")
    vcf = _vcf(tmp_path, record, samples=("P1_X", "P1_Y"))
    clinical = tmp_path / "clin.txt"
    clinical.write_text("SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\nP1_X\tP1\tNormal\nP1_Y\tP1\tPrimary\n")
    calls = read_files([vcf], clinical=[clinical]).tables["calls"]
    assert calls.sort("sample_id")["origin"].to_list() == ["germline", "germline"]


def test_tumour_only_variants_common_in_the_population_are_germline(tmp_path):
    """maftools#483: BRCA2 N372H (0.28) is a polymorphism; without a normal the origin of the others stays unknown."""
    columns = ("t_alt_count", "t_depth", "gnomAD_AF")
    found = read_maf(_maf(tmp_path, columns, ("50", "100", "0.28"), ("30", "100", "")))
    assert found.calls["origin"].to_list() == ["germline", "unknown"]
    assert "tumour-only" in found.notes[0]
    matched = _maf(tmp_path, (*columns, "n_depth"), ("50", "100", "0.28", "80"))
    assert read_maf(matched).calls["origin"].to_list() == ["unknown"]


@pytest.mark.parametrize(
    ("column", "cells", "reads"),
    [
        ("VAF", ("0.35%", "35%"), [18, 1750]),
        ("VAF(%)", ("0.35", "35"), [18, 1750]),
        ("VAF", ("0.0035", "35%"), [18, 1750]),
        ("VAF", ("0.5", "12.5"), [25, 625]),
        ("t_vaf_pct", ("0.4%", "50"), [20, 2500]),
    ],
)
def test_a_fraction_keeps_its_unit(tmp_path, column, cells, reads):
    """bcbio#1989: 0.35 % of 5,000 reads are 17.5 reads, not 1,750."""
    found = read_maf(_maf(tmp_path, ("t_depth", column), *[("5000", c) for c in cells]))
    assert found.calls["alt_count"].to_list() == reads


@pytest.mark.parametrize(
    ("format_", "cell", "info"),
    [
        ("GT:NR:NV", "0/1:100:30", "TC=100;TR=30"),
        ("GT:DP:DP4:SS", "0/1:100:35,35,15,15:2", "."),
        ("GT:PL", "0/1:1,2,3", "DP=100;DP4=35,35,15,15"),
        ("GT:AF", "0/1:0.3", "DP=100;AF=0.3"),
        ("GT:GQ:DP:FREQ", "0/1:.:100:30%", "."),
        ("GT:FAZ:FCZ:FGZ:FTZ:RAZ:RCZ:RGZ:RTZ", "0|1:0:35:0:15:0:35:0:15", "."),
        ("GT:AO:DP:FAO:FDP:FRO", "0/1:25:90:30:100:70", "."),
        ("GT:ADF:ADR", "0/1:35,15:35,15", "."),
        ("GT:RD:AD:DP", "0/1:70:30:100", "."),
        ("DP:AU:CU:GU:TU", "100:0,0:70,70:0,0:30,30", "."),
    ],
)
def test_every_callers_own_counts(tmp_path, format_, cell, info):
    """phylowgs#45, OpenCGA biodata#195: the same 30 of 100 reads in the FORMAT of ten callers."""
    calls = read_vcf(_vcf(tmp_path, ("1", "100", ".", "C", "T", "90", "PASS", info, format_, cell))).calls
    assert calls.select("alt_count", "depth", "is_called").rows() == [(30, 100, True)]


def test_counts_of_several_alternatives_are_told_apart():
    fields = {"NR": "100,90", "NV": "30,9"}
    assert counts(fields, Site("C", "G", 1, 2)) == (9, 90)
    assert counts({"DP4": "1,1,1,1", "DP": "9"}, Site("C", "G", 1, 2)) == (None, 9)  # whose reads is not said


def test_uncalled_sites_of_a_portal_folder_are_looked_at(tmp_path):
    """datahub PR#1418: data_mutations_uncalled.txt was passed over in silence."""
    (tmp_path / "meta_study.txt").write_text("cancer_study_identifier: x\nreference_genome: hg19\n")
    more = ("t_alt_count", "t_depth")
    _maf(tmp_path, more, ("300", "1000")).rename(tmp_path / "data_mutations.txt")
    _maf(tmp_path, more, ("3", "2000"), sample="S2").rename(tmp_path / "data_mutations_uncalled.txt")
    calls = read_cbioportal(tmp_path).tables["calls"].sort("sample_id")
    assert calls.select("sample_id", "is_called", "alt_count").rows() == [("S1", True, 300), ("S2", False, 3)]


def test_a_joint_record_without_reads_in_a_sample_is_no_call_of_it(tmp_path):
    """Mutect2 writes 0/1 for every tumour of a joint call."""
    record = (
        "12",
        "25398284",
        ".",
        "C",
        "T",
        ".",
        "PASS",
        ".",
        "GT:AD:DP",
        "0/1:70,30:100",
        "0/1:90,0:90",
        "0/0:90,0:90",
    )
    calls = read_vcf(_vcf(tmp_path, record, samples=("x_A", "x_B", "C"), header="##normal_sample=C")).calls
    assert calls.select("sample_id", "is_called", "alt_count").rows() == [("x_A", True, 30), ("x_B", False, 0)]


def test_a_change_of_one_count_never_undoes_a_call():
    """One row of many without reads is a contradiction, not a site that was looked at."""
    rows = [(f"S{i}", f"1:{100 + i}:C:T", "C", "T", 0 if i == 7 else 30, 100) for i in range(40)]
    schema = {
        "sample_id": pl.String,
        "variant_id": pl.String,
        "ref": pl.String,
        "alt": pl.String,
        "alt_count": pl.Int64,
        "depth": pl.Int64,
    }
    decided = decide(pl.DataFrame(rows, schema=schema, orient="row"), "x")
    assert decided.frame["is_called"].all()
    assert decided.frame["alt_count"].null_count() == 1
    assert len(decided.problems) == 1
