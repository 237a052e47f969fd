"""Rows of a MAF whose Strand is ``-`` (the specification knows ``+`` alone): one mutation is one variant in every spelling.

Facts: KRAS G12D is GRCh37 12:25398284 C>T (c.35G>A, reverse gene), PIK3CA H1047R 3:178952085 A>G (forward gene), TP53 R273C
17:7577121 G>A.
"""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.variants.maf import read_maf

PLACE = ["Hugo_Symbol", "Chromosome", "Start_Position", "Strand", "Reference_Allele"]
COLUMNS = [*PLACE, "Tumor_Seq_Allele2", "Tumor_Sample_Barcode"]
KRAS, PIK3CA, TP53 = "KRAS 12 25398284", "PIK3CA 3 178952085", "TP53 17 7577121"
UNKNOWN = "TTN 2 179400000"


def _read(folder, *rows: str):
    lines = ["\t".join([*COLUMNS, "t_alt_count", "t_ref_count", "NCBI_Build"])]
    lines += ["\t".join([*row.split(), f"S{i}", "300", "700", "GRCh37"]) for i, row in enumerate(rows)]
    (folder / "a.maf").write_text("\n".join(lines) + "\n")
    found = read_maf(folder / "a.maf")
    ids = found.calls.sort("sample_id")["variant_id"].to_list()
    return ids, [p for p in found.problems if p.column == "strand"], [n for n in found.notes if "Strand" in n]


@pytest.mark.parametrize("minus", ["-", "-1"])
@pytest.mark.parametrize(
    ("place", "other", "variant_id"),
    [
        (KRAS, "G A", "12:25398284:C:T"),
        (PIK3CA, "T C", "3:178952085:A:G"),
        (TP53, "C T", "17:7577121:G:A"),
    ],
)
def test_alleles_of_the_strand_named_are_turned(tmp_path, minus, place, other, variant_id):
    ids, problems, notes = _read(tmp_path, f"{place} {minus} {other}")
    assert ids == [variant_id] and not problems and len(notes) == 1


def test_the_transcripts_strand_turns_nothing(tmp_path):
    """VEP's STRAND: the alleles are of the forward strand, and the reference base says so, also for its neighbours."""
    ids, problems, notes = _read(tmp_path, f"{KRAS} - C T", f"{UNKNOWN} - A G", f"{PIK3CA} + A G")
    assert ids == ["12:25398284:C:T", "2:179400000:A:G", "3:178952085:A:G"]
    assert not problems and not notes


def test_rows_that_no_base_speaks_for_follow_those_of_one_mind(tmp_path):
    ids, problems, _ = _read(tmp_path, f"{KRAS} - G A", f"{UNKNOWN} - A G", f"{UNKNOWN} - AC -")
    assert ids == ["12:25398284:C:T", "2:179400000:T:C", "2:179400000:GT:-"]
    assert not problems


def test_what_nobody_can_tell_is_told_by_its_row(tmp_path):
    ids, problems, _ = _read(tmp_path, f"{UNKNOWN} - A G", f"{KRAS} + C T")
    assert ids[0] == "2:179400000:A:G"
    assert [(p.row, p.severity) for p in problems] == [(2, "warning")]


def test_a_reference_on_disk_decides(tmp_path):
    from oncourse.genome.fasta import Fasta
    from oncourse.io.variants.strand import on_forward

    (tmp_path / "a.fa").write_text(">2\nACGTACGTAC\n")
    rows = pl.DataFrame({"chrom": ["2"], "pos": ["2"], "ref": ["G"], "alt": ["T"], "strand": ["-"], "line": [2]})
    turned, problems = on_forward(rows, "a.maf", None, Fasta(tmp_path / "a.fa"), [])
    assert turned.select("ref", "alt").row(0) == ("C", "A") and not problems
