"""Regions of an assay that are no BED, or of another build: told with what to do, before a codon counts as looked at."""

from __future__ import annotations

import re

import pytest

from oncourse.genome.gene_models import models
from oncourse.io.assays.bed import _told, parse_bed, read_bed

GENES = ("KRAS", "NRAS", "TP53")


def put(folder, text):
    (folder / "x.bed").write_text(text)
    return folder / "x.bed"


def told(folder, text, build="GRCh38"):
    bed = parse_bed(put(folder, text))
    return [(p.severity, p.row, p.message) for p in _told(bed, "x.bed", build)]


def exons(build, name="{g}"):
    """The coding exons of `GENES`, and a name of each."""
    known = models(build)
    return "".join(
        f"chr{known[g].chrom}\t{a - 1}\t{b}\t{name.format(g=g)}\n" for g in GENES for a, b in known[g].coding
    )


@pytest.mark.parametrize("name", ["{g}", "{g}_exon2", "NM_1|{g}", "1\t{g}", "probe7"])
def test_regions_of_another_build_are_an_error(tmp_path, name):
    """Of a panel in GRCh37 beside calls in GRCh38 no codon was looked at, and nothing was said."""
    ((severity, _, message),) = told(tmp_path, exons("GRCh37", name))
    assert severity == "error" and re.match(r"(\d+) of \1 .* GRCh37, 0 in GRCh38, the study's build\.$", message)
    assert told(tmp_path, exons("GRCh38", name)) == [] == told(tmp_path, exons("GRCh37", name), "GRCh37")
    assert told(tmp_path, exons("GRCh37", name), None) == []


def test_a_region_that_does_not_lie_in_the_gene_it_names(tmp_path):
    ((severity, _, message),) = told(tmp_path, exons("GRCh38") + "chr1\t100\t200\tEGFR\nchr5\t1295100\t1295300\tTERT\n")
    assert severity == "warning" and message.endswith("do not lie in it in GRCh38 (first: EGFR at 1:101).")


def test_places_that_count_from_one(tmp_path):
    """chr12 25398284 25398284 is no base of a BED file: both points were left out without a word."""
    points = "chr12\t25398284\t25398284\tKRAS\nchr12\t25380275\t25380276\tKRAS\nchr7\t140453137\t140453136\tBRAF\n"
    found = told(tmp_path, points, "GRCh37")
    assert found == [("warning", 1, "2 of 3 regions end where they start, or before: left out.")]
    listed = read_bed(put(tmp_path, "@HD\tVN:1.6\n@SQ\tSN:chr12\tLN:1\nchr12\t25398284\t25398284\t+\tKRAS\n"))
    assert listed.rows() == [("12", 25398284, 25398284)]  # Picard's list of intervals


def test_files_behind_each_other_and_other_names_of_chromosomes(tmp_path):
    """A header between the regions made the file no BED file; Chr12 and NC_000012.12 were chromosomes nobody has."""
    text = "chrom\tstart\tend\nchr1\t0\t9\nChrom\tchromStart\tchromEnd\n1\t20\t29\nCHRX\t0\t5\nNC_000012.12\t0\t5\n"
    bed = parse_bed(put(tmp_path, text))
    assert bed.regions.rows() == [("1", 1, 9, None), ("1", 21, 29, None), ("X", 1, 5, None), ("12", 1, 5, None)]
    assert parse_bed(put(tmp_path, "chrom\tstart\tend\n")) is None
    assert parse_bed(put(tmp_path, "chr1\t1,000\t2,000\n")) is None
    ((severity, _, message),) = told(tmp_path, "KRAS\t25245273\t25245384\n")
    assert severity == "error" and "no region lies on a chromosome known here (KRAS)" in message
