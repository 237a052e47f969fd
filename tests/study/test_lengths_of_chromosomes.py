"""The lengths of the chromosomes by which a build is known."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.genome.chromosomes import build_of_lengths, chromosome_lengths
from oncourse.genome.gene_models import BUILDS
from oncourse.study.checks import cross_checks
from oncourse.study.config import StudyConfig
from oncourse.study.tables import TABLES

TOTALS = [
    ("GRCh37", 3_095_693_983, 16_571),
    ("GRCh38", 3_088_286_401, 16_569),
    ("NCBI36", 3_080_436_051, 16_571),
    ("T2T-CHM13", 3_117_292_070, 16_569),
]


@pytest.mark.parametrize(("build", "total", "of_mt"), TOTALS)
def test_the_lengths_sum_to_those_of_the_assembly(build, total, of_mt):
    """UCSC's chrom.sizes of hg18, hg19, hg38, hs1: chr1-22, X, Y and M together (M of hg18, hg19 is the older NC_001807)."""
    lengths = chromosome_lengths()[build]
    assert lengths.sum() == total
    assert lengths[-1] == of_mt


def test_no_chromosome_has_one_length_in_both_builds():
    """Chromosome by chromosome the builds differ, but for the mitochondrion of two bases: one contig tells the build."""
    for name, *own in chromosome_lengths().select("chrom", *BUILDS).iter_rows():
        if name != "MT":
            assert len(set(own)) == 2
            assert {build_of_lengths({name: length}) for length in own} == set(BUILDS)


@pytest.mark.parametrize(
    ("n_right", "wrong", "severity"),
    [
        (99, "13:132261687:T:C", "warning"),  # chromosome 13 ends before 115.2 Mb in every assembly: one wrong place
        (99, "17:82577120:T:C", "error"),  # GRCh38 and T2T have it: is the build right?
        (1, "13:132261687:T:C;14:132261687:T:C", "error"),  # two of three rows: positions as a whole are misread
    ],
)
def test_a_place_past_the_end_is_told_by_what_it_may_mean(n_right, wrong, severity):
    ids = [f"1:{1000 + i}:A:C" for i in range(n_right)] + wrong.split(";")
    variants = TABLES["variants"].conform(pl.DataFrame({"variant_id": ids}))
    found = [p for p in cross_checks({"variants": variants}, StudyConfig(genome_build="GRCh37")) if "past" in p.message]
    assert {(p.value, p.severity) for p in found} == {(v, severity) for v in wrong.split(";")}
