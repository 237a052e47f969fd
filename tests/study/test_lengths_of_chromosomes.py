"""The lengths of the chromosomes by which a build is known."""

from __future__ import annotations

import pytest

from oncourse.study.checks import _LENGTHS, build_of_lengths


@pytest.mark.parametrize(
    ("build", "total", "of_mt"), [("GRCh37", 3_095_693_983, 16_571), ("GRCh38", 3_088_286_401, 16_569)]
)
def test_the_lengths_sum_to_those_of_the_assembly(build, total, of_mt):
    """UCSC hg19.chrom.sizes and hg38.chrom.sizes: chr1-22, X, Y and M together (hg19's M is the older NC_001807)."""
    assert sum(_LENGTHS[build]) == total
    assert _LENGTHS[build][-1] == of_mt


def test_no_chromosome_has_one_length_in_both_builds():
    """Chromosome by chromosome the builds differ, but for the mitochondrion of two bases: one contig tells the build."""
    for place, name in enumerate([*map(str, range(1, 23)), "X", "Y"]):
        lengths = {build: own[place] for build, own in _LENGTHS.items()}
        assert len(set(lengths.values())) == 2
        assert {build_of_lengths({name: length}) for length in lengths.values()} == {"GRCh37", "GRCh38"}
