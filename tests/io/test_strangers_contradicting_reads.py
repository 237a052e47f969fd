"""Reads of a row that contradict its depth and its share: half the reads in every record, and nothing said so.

bcftools 1.12 wrote the depth of the reference for every allele in AD (samtools/bcftools#1499).
"""

from __future__ import annotations

import pytest
from tests.io.strangers import KRAS, MAF, calls_of, write_vcf

from oncourse.io.files import read_files

SHARE, UNKNOWN, KEPT = "share and depth are taken", "not taken", "taken as they are"


def _told(reading):
    return [
        (p.row, p.message.rpartition(": ")[2].rstrip("."))
        for p in reading.problems
        if p.column == "alt_count" and p.row
    ]


@pytest.mark.parametrize(
    ("format_", "cell", "reads", "word"),
    [
        ("GT:AD:AF:DP", "0/1:196,196:0.109:221", (24, 221), SHARE),
        ("GT:AD:FREQ:DP", "0/1:196,196:10.9%:221", (24, 221), SHARE),
        ("GT:AD:DP", "0/1:196,196:221", (None, 221), UNKNOWN),
        ("GT:AD:AF:DP", "0/1:25,196:0.109:221", (196, 221), KEPT),
        ("GT:AD:AF", "0/1:25,196:0.109", (196, 221), KEPT),
        ("GT:AD:DP", "0/1:300,100:200", (100, 400), KEPT),
        ("GT:AO:RO:AF:DP", "0/1:196:25:0.109:221", (196, 221), KEPT),
        # no contradiction: rounding, reads before a filter, few reads, half of all
        ("GT:AD:AF:DP", "0/1:197,24:0.109:221", (24, 221), None),
        ("GT:AD:AF:DP", "0/1:200,30:0.11:221", (30, 230), None),
        ("GT:AD:AF:DP", "0/1:2,2:0.75:4", (2, 4), None),
        ("GT:AD:AF:DP", "0/1:110,110:0.5:221", (110, 221), None),
        ("GT:AD:AF:DP", "0/1:0,300:0.996:300", (300, 300), None),
    ],
)
def test_counts_of_a_record_that_contradict_each_other_are_told(tmp_path, format_, cell, reads, word):
    path = write_vcf(tmp_path / "S1.vcf", ["S1"], [f"12 25398284 . C T . PASS . {format_} {cell}"])
    reading = read_files([path])
    assert calls_of(reading, "alt_count", "depth", "is_called") == [("S1", KRAS, *reads, True)]
    line = len(path.read_text().splitlines())
    assert _told(reading) == ([(line, word)] if word else [])


@pytest.mark.parametrize(
    ("alt", "ref", "depth", "share", "reads", "word"),
    [
        (196, 196, 221, 0.109, (24, 221), SHARE),
        (196, 196, 221, "", (None, 221), UNKNOWN),
        (196, 25, 221, 0.109, (196, 221), KEPT),
        (196, "", 221, 0.109, (196, 221), KEPT),
        (24, 197, 221, 0.109, (24, 221), None),
        (2, 2, 4, 0.9, (2, 4), None),
        ("", "", 221, 0.109, (24, 221), None),
    ],
)
def test_counts_of_a_maf_that_contradict_each_other_are_told(tmp_path, alt, ref, depth, share, reads, word):
    head = f"{MAF}\tt_alt_count\tt_ref_count\tt_depth\tt_vaf"
    row = "KRAS 12 25398284 25398284 C T S1 Missense_Mutation p.G12D GRCh37".replace(" ", "\t")
    (tmp_path / "a.maf").write_text(f"{head}\n{row}\t{alt}\t{ref}\t{depth}\t{share}\n")
    reading = read_files([tmp_path / "a.maf"])
    assert calls_of(reading, "alt_count", "depth") == [("S1", KRAS, *reads)]
    assert _told(reading) == ([(2, word)] if word else [])
