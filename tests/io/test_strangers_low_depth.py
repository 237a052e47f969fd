"""Records without a variant that fail for their depth, and codons of which a part is covered.

From a stranger's files (Pisces and TSO 500 write LowDP, Strelka LowGQX;LowDepth; bcftools #1127), 1 December 2026.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import states_of, write_table, write_vcf

from oncourse.io.files import read_files

_TP53 = "17 7577538 . C T 100 PASS DP=1000;GENE=TP53 GT:AD:DP 0/1:700,300:1000"


def _read(folder, *rows):
    people = write_table(folder / "samples.csv", "sample_id|patient_id|material\nP1-T|P1|tissue", by=",")
    return read_files([write_vcf(folder / "v.vcf", ["P1-T"], [*rows, _TP53])], clinical=[people])


def _depths(reading):
    return reading.tables["coverage"].select("chrom", "start", "end", "min_depth").rows()


def test_two_bases_of_a_codon_at_four_reads_make_no_wild_type(tmp_path):
    rows = [f"12 {at} . C . 0 LowDP DP=4 GT:AD:DP ./.:4:4" for at in (25398284, 25398285)]
    reading = _read(tmp_path, *rows, "1 115256529 . T . 0 LowDP DP=0 GT:AD:DP ./.:0:0")
    assert sorted(_depths(reading)) == [("1", 115256529, 115256529, 0), ("12", 25398284, 25398285, 4)]
    assert states_of(reading, "RAS") == {"P1-T": "not_assessable"}


@pytest.mark.parametrize(("words", "depth"), [("LowGQX;LowDepth", 2), ("LowDP", 2), ("HighSNVSB", 0), ("LowDP;SB", 0)])
def test_a_block_that_fails_says_its_depth_or_no_read_that_counts(tmp_path, words, depth):
    reading = _read(tmp_path, f"12 25398200 . A . . {words} END=25398320 GT:DP:MIN_DP 0/0:3:2")
    assert _depths(reading) == [("12", 25398200, 25398320, depth)]
    assert states_of(reading, "RAS") == {"P1-T": "not_assessable"}


def test_two_regions_that_meet_within_a_codon_cover_it(tmp_path):
    """Depths of 500 and 90 are two regions; KRAS codon 12 (25398283-25398285) lay in neither and was "not recorded"."""
    deep = "12 25398200 . A . . PASS END=25398283 GT:DP:MIN_DP 0/0:500:500"
    reading = _read(tmp_path, deep, "12 25398284 . A . . PASS END=25398320 GT:DP:MIN_DP 0/0:4:4")
    assert states_of(reading, "RAS") == {"P1-T": "not_assessable"}


def _of_two(folder, *rows):
    people = "sample_id|patient_id|material\nP1-T|P1|tissue\nP1-M|P1|tissue"
    book = write_table(folder / "samples.csv", people, by=",")
    return read_files([write_vcf(folder / "v.vcf", ["P1-T", "P1-M"], rows)], clinical=[book])


@pytest.mark.parametrize("cell", ["./.:.:.", "0/0:.:.", "./.", ".|.:.,.:."])
def test_a_genotype_without_a_read_is_told(tmp_path, cell):
    """Files merged by bcftools: KRAS G12D was "lost" in the metastasis, and nothing said so at import (bcftools #402)."""
    kras = f"12 25398284 . C T . PASS GENE=KRAS GT:AD:DP 0/1:70,30:100 {cell}"
    reading = _of_two(tmp_path, kras, f"{_TP53} 0/1:80,20:100")
    assert [p.message for p in reading.problems if p.column == "GT"] == [
        "1 genotypes of 2 records are missing, or the reference without a read (./., 0/0)."
    ]


def test_a_genotype_with_its_depth_is_not_told(tmp_path):
    kras = "12 25398284 . C T . PASS GENE=KRAS GT:AD:DP 0/1:70,30:100 0/0:90,0:90"
    reading = _of_two(tmp_path, kras, f"{_TP53} ./.:0,0:0")
    assert not [p for p in reading.problems if p.column == "GT"]
