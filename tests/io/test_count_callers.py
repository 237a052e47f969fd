"""Tables of programs that count reads, as they write them; copies of Battenberg's larger state."""

from __future__ import annotations

import doctest

import pytest

from oncourse.errors import InputError
from oncourse.io.structural.segments import read_segments
from oncourse.io.variants import count_callers
from oncourse.io.variants.counts import read_counts


def test_examples():
    found = doctest.testmod(count_callers)
    assert found.attempted > 0
    assert found.failed == 0


def _calls(folder, name, text):
    (folder / name).write_text(text)
    frame = read_counts(folder / name).calls
    return frame.select("sample_id", "variant_id", "alt_count", "depth", "is_called").rows()


def test_collect_allelic_counts(tmp_path):
    """GATK CollectAllelicCounts: SAM header lines; N where no other base was read. Its thresholds decide what is a
    call."""
    text = (
        "@HD\tVN:1.6\n@RG\tID:GATKCopyNumber\tSM:S1\nCONTIG\tPOSITION\tREF_COUNT\tALT_COUNT\tREF_NUCLEOTIDE\tALT_NUCLEOTIDE\n"
        "12\t25398284\t700\t300\tC\tT\n12\t25398285\t900\t0\tC\tN\n"
    )
    assert _calls(tmp_path, "x.allelicCounts.tsv", text) == [
        ("S1", "12:25398284:C:T", 300, 1000, None),
        ("S1", "12:25398285:C:N", 0, 900, None),
    ]


def test_the_build_of_collect_allelic_counts_is_that_of_its_header(tmp_path):
    """@SQ lines tell the length of each chromosome: 159,345,973 is chromosome 7 of GRCh38 (Genome Reference Consortium)."""
    text = (
        "@HD\tVN:1.6\n@SQ\tSN:chr7\tLN:{}\n@RG\tID:GATKCopyNumber\tSM:S1\n"
        "CONTIG\tPOSITION\tREF_COUNT\tALT_COUNT\tREF_NUCLEOTIDE\tALT_NUCLEOTIDE\n7\t140753336\t70\t30\tA\tT\n"
    )
    builds = {159_345_973: "GRCh38", 159_138_663: "GRCh37", 60_000: None}
    for length, build in builds.items():
        (tmp_path / "x.allelicCounts.tsv").write_text(text.format(length))
        assert read_counts(tmp_path / "x.allelicCounts.tsv").build == build


def test_bam_readcount(tmp_path):
    """bam-readcount: no header; an insertion and a deletion stand at the base before them."""
    rest = ":60:30:0:1:1:0.5:0:0:0:0.5:100:0.5"
    rows = (("12", "100", "C", "1000", "T:300"), ("12", "101", "C", "900", "T:0"), ("12", "102", "G", "50", "-AC:9"))
    lines = ["\t".join((*r[:4], "=:0" + rest, f"{r[2]}:{r[3]}{rest}", r[4] + rest)) for r in rows]
    assert _calls(tmp_path, "S1.readcount.txt", "\n".join(lines) + "\n") == [
        ("S1", "12:100:C:T", 300, 1000, None),
        ("S1", "12:101:C:N", 0, 900, None),
        ("S1", "12:103:AC:-", 9, 50, None),
    ]


@pytest.mark.parametrize(
    ("header", "cells"), [("S1_DP\tS1_RD\tS1_AD", "1000\t700\t300"), ("S1.AD\tS1.DP", "700,300\t1000")]
)
def test_columns_per_sample_of_gbcms_and_variants_to_table(tmp_path, header, cells):
    text = f"Chrom\tPos\tRef\tAlt\t{header}\n12\t25398284\tC\tT\t{cells}\n"
    assert _calls(tmp_path, "g.tsv", text) == [("S1", "12:25398284:C:T", 300, 1000, None)]


def test_a_vcf_given_as_counts_is_named(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n")
    with pytest.raises(InputError, match="import vcf FILE DIR --called counts"):
        read_counts(path)


@pytest.mark.parametrize(("share", "copies"), [("0.4", (2.0, 1.0)), ("0.7", (2.0, 0.0))])
def test_the_copies_of_battenberg_are_those_of_more_cells(tmp_path, share, copies):
    """The first state was taken as the larger clone: a loss of heterozygosity in 40 % of cells was one in all."""
    path = tmp_path / "S1_subclones.txt"
    head = "chr\tstartpos\tendpos\tntot\tnMaj1_A\tnMin1_A\tfrac1_A\tnMaj2_A\tnMin2_A\tfrac2_A\n"
    path.write_text(f"{head}17\t1\t22000000\t2\t2\t0\t{share}\t1\t1\t{1 - float(share):.1f}\n")
    assert read_segments(path)[0].select("total_cn", "minor_cn").rows() == [copies]
