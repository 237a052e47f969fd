"""The lengths of the chromosomes by which a build is known."""

from __future__ import annotations

import pytest

from oncourse.genome.chromosomes import build_of_lengths, chromosome_lengths
from oncourse.genome.gene_models import BUILDS

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
