"""Tables of tools as they write them: read, or named with what to do."""

from __future__ import annotations

import doctest

import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.io import signatures
from oncourse.io.detect import detect
from oncourse.io.files import read_files
from oncourse.io.structural.fusion_callers import read_fusion_calls
from oncourse.io.variants.maf import read_maf
from oncourse.io.variants.vcf import read_vcf


def _put(path, *rows):
    """Write rows given with blanks between their cells."""
    path.write_text("\n".join("\t".join(r.split()) for r in rows) + "\n")
    return path


def test_examples():
    assert doctest.testmod(signatures).failed == 0


@pytest.mark.parametrize(
    ("header", "row", "cure"),
    [
        ("Total_Number_of_Sites Number_of_Somatic_Sites %", "1314 415 31.58", "samples.msi_score"),
        ("chrom start end region mean", "chr12 1 99 KRAS 512.3", "coverage.tsv"),
        ("#CHR POS Count_A Count_C Count_G Count_T Good_depth", "12 9 0 70 0 30 100", "oncourse import counts"),
        (
            "chr12 9 C 100 =:0:0 A:0:0 C:70:60 G:0:0 T:30:60",
            "chr12 10 C 100 =:0:0 A:0:0 C:70:60 G:0:0 T:30:60",
            "bam-readcount",
        ),
        ("#Uploaded_variation Location Allele Gene Consequence Extra", "x 12:9 T E m y", "--vcf"),
        ("#FusionName JunctionReadCount LeftGene RightGene", "A--B 9 A B", "--fusions"),
    ],
)
def test_a_table_of_a_known_tool_is_named_with_the_way(tmp_path, header, row, cure):
    """MSIsensor#7 and others: "is neither a study folder nor a MAF" helped nobody."""
    path = _put(tmp_path / "x.txt", header, row)
    with pytest.raises(InputError, match=cure):
        detect(path)


def test_mutect1_and_varscan_tables_are_read(tmp_path):
    """call_stats names tumour and judgement; VarScan's native table has no sample: the file's name says whose."""
    one = _put(
        tmp_path / "x.txt",
        "contig position ref_allele alt_allele tumor_name normal_name t_ref_count t_alt_count judgement",
        "12 25398284 C T T1 N1 70 30 KEEP",
        "12 25398290 C T T1 N1 95 5 REJECT",
    )
    calls = read_maf(one).calls
    assert calls.select("sample_id", "alt_count", "is_called").rows() == [("T1", 30, True), ("T1", 5, False)]
    two = _put(
        tmp_path / "T2.varscan.snp",
        "chrom position ref var normal_reads1 normal_reads2 tumor_reads1 tumor_reads2 tumor_var_freq somatic_status",
        "12 25398284 C T 90 0 70 30 30% Somatic",
        "13 100 C T 40 50 40 60 60% Germline",
    )
    found = read_maf(two).calls
    assert found.select("sample_id", "alt_count", "origin").rows() == [("T2", 30, "somatic"), ("T2", 60, "germline")]


def test_lofreq_has_no_sample_column(tmp_path):
    """LoFreq's counts stand in INFO; "give the caller's own VCF" was said of the caller's own VCF."""
    path = _put(
        tmp_path / "T3.lofreq.vcf",
        "##fileformat=VCFv4.0",
        "#CHROM POS ID REF ALT QUAL FILTER INFO",
        "12 25398284 . C T 900 PASS DP=100;AF=0.30;SB=0;DP4=35,35,15,15",
    )
    found = read_vcf(path)
    assert found.samples["sample_id"].to_list() == ["T3"]
    assert found.calls.select("alt_count", "depth", "is_called").rows() == [(30, 100, True)]


def test_fusions_of_arriba_and_star_fusion(tmp_path):
    """Their headers start with #; an event within one gene is no fusion; low confidence is left out and told."""
    arriba = _put(
        tmp_path / "T1.arriba.tsv",
        "#gene1 gene2 strand1(gene/fusion) split_reads1 split_reads2 discordant_mates confidence",
        "TMPRSS2 ERG -/- 10 8 12 high",
        "RET RET -/- 5 5 5 high",
        "A1(900),A2(100) ALK -/- 1 0 0 low",
    )
    frame, problems = read_fusion_calls(arriba)
    assert frame.rows() == [("T1", "TMPRSS2", "ERG", 30, None)]
    assert len(problems) == 2
    star = _put(
        tmp_path / "T1.star-fusion.fusion_predictions.tsv",
        "#FusionName JunctionReadCount SpanningFragCount LeftGene RightGene",
        "TMPRSS2--ERG 20 12 TMPRSS2^ENSG00000184012 ERG^ENSG00000157554",
    )
    maf = _put(
        tmp_path / "a.maf",
        "Hugo_Symbol Chromosome Start_Position Reference_Allele Tumor_Seq_Allele2 Tumor_Sample_Barcode",
        "KRAS 12 25398284 C T T1",
    )
    assert read_files([maf], fusions=[star]).tables["fusions"].rows() == [("T1", "TMPRSS2", "ERG", 32, None)]


def test_a_file_of_structural_variants_makes_nobody_wild_type(tmp_path):
    """SnpEff#97: a Manta file gave a sample without a mutation. It says nothing of small variants."""
    columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT N1 T1"
    manta = _put(
        tmp_path / "T1.manta.vcf",
        "##fileformat=VCFv4.1",
        columns,
        "21 39800000 x A <DEL> . PASS SVTYPE=DEL PR:SR 30,0:20,0 25,12:15,9",
    )
    small = _put(
        tmp_path / "T2.vcf", "##fileformat=VCFv4.1", columns.replace("1", "2"), "12 9 . C T . PASS . AD 90,0 70,30"
    )
    reading = read_files([manta, small], build="GRCh37")
    rows = reading.tables["samples"].sort("sample_id").select("sample_id", "assay_id", "sv_assay_id").rows()
    assert rows == [("T1", "not_profiled", "structural_variants"), ("T2", None, "not_profiled")]
    assert any("not looked at for mutations" in p.cure for p in reading.problems)


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["60%", "0.6"], [0.6, 0.6]),
        (["60", "30"], [0.6, 0.3]),
        (["0.6", "0.3"], [0.6, 0.3]),
        (["60", "0.6"], [60.0, 0.6]),
    ],
)
def test_purity_keeps_its_unit(cells, read):
    """Mixed fractions and percent: a cell that says % by itself; without a sign 60 stays above 1 and is refused."""
    from oncourse.io.clinical.words import fraction

    assert fraction(pl.Series(cells)).to_list() == read
